//! Episodes of work with the sources of their evidence.

use std::collections::HashMap;

use domain::grading::snapshot::EpisodeRow;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{CHUNK, Reader, Whom, day};
use crate::StoreError;

#[derive(FromQueryResult)]
struct EpisodeFound {
    id: Uuid,
    person_id: Uuid,
    work_type: String,
    employer: String,
    start_on: String,
    last_day: Option<String>,
    related_admission_id: Option<Uuid>,
    contest: Option<String>,
    claimed_on: String,
    decided_on: Option<String>,
}

#[derive(FromQueryResult)]
struct EvidenceFound {
    episode_id: Uuid,
    source: String,
}

impl<C: ConnectionTrait> Reader<'_, C> {
    pub(super) async fn episodes(&mut self) -> Result<(), StoreError> {
        let mut after = Uuid::nil();
        loop {
            let (people, mut more) = self.persons("p.person_id", 4);
            let mut values = vec![after.into(), CHUNK.into(), self.freeze.clone().into()];
            values.append(&mut more);
            let rows: Vec<EpisodeFound> = self
                .all(
                    format!(
                        "SELECT p.id, p.person_id, p.work_type, p.employer, p.start_on, p.last_day, p.related_admission_id, \
                         p.contest, p.claimed_on, p.decided_on FROM employment_episode p \
                         WHERE p.id > $1 AND p.start_on <= $3 AND {people} ORDER BY p.id LIMIT $2"
                    ),
                    values,
                )
                .await?;
            let Some(last) = rows.last().map(|row| row.id) else {
                return Ok(());
            };
            let (sql, values) = match self.whom {
                Whom::Everybody => (
                    "SELECT DISTINCT episode_id, source FROM episode_evidence WHERE episode_id > $1 AND episode_id <= $2"
                        .to_owned(),
                    vec![after.into(), last.into()],
                ),
                Whom::Persons(_) => (
                    format!(
                        "SELECT DISTINCT episode_id, source FROM episode_evidence WHERE episode_id IN ({})",
                        crate::cohorts::placeholders(1, rows.len())
                    ),
                    rows.iter().map(|row| Value::from(row.id)).collect(),
                ),
            };
            let evidence: Vec<EvidenceFound> = self.all(sql, values).await?;
            let mut sources: HashMap<Uuid, Vec<domain::evidence::Source>> =
                HashMap::with_capacity(rows.len());
            for one in evidence {
                let source = one.source.parse();
                sources.entry(one.episode_id).or_default().push(
                    source.map_err(|_| {
                        StoreError::inconsistent("episode_evidence", one.episode_id)
                    })?,
                );
            }
            for row in &rows {
                let evidence = sources.remove(&row.id).unwrap_or_default();
                self.episode(row, evidence)?;
            }
            after = last;
        }
    }

    fn episode(
        &mut self,
        row: &EpisodeFound,
        evidence: Vec<domain::evidence::Source>,
    ) -> Result<(), StoreError> {
        let bad = || StoreError::inconsistent("employment_episode", row.id);
        let freeze = self.found.snapshot.freeze;
        let decided_at = row.decided_on.as_deref().map(day).transpose()?;
        let contest = row.contest.as_deref().map(str::parse).transpose();
        if domain::evidence::proof(&evidence).is_enough() && decided_at.is_none_or(|on| on > freeze)
        {
            self.found.undecided += 1;
        }
        self.found.snapshot.episodes.push(EpisodeRow {
            id: self.pseudonyms.of("episode", row.id.as_bytes()),
            person: self.pseudonyms.of("person", row.person_id.as_bytes()),
            kind: row.work_type.parse().map_err(|_| bad())?,
            employer: self.pseudonyms.of("employer", row.employer.as_bytes()),
            start: day(&row.start_on)?,
            last: row.last_day.as_deref().map(day).transpose()?,
            related: row.related_admission_id,
            evidence: evidence.into_boxed_slice(),
            contest: contest.map_err(|_| bad())?,
            claimed_at: Some(day(&row.claimed_on)?),
            decided_at,
        });
        Ok(())
    }
}
