//! Responses, found by their keyed index after identity was taken away.

use std::collections::HashMap;

use domain::grading::snapshot::{Pseudonym, SurveyRow};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{CHUNK, Reader, SURVEY_INDEX, Whom, day};
use crate::StoreError;

#[derive(FromQueryResult)]
struct SurveyFound {
    id: Uuid,
    enrolment_id: Option<Uuid>,
    enrolment_index: Vec<u8>,
    items: String,
    submitted_on: String,
    seq: i32,
    mode: String,
    answered_by: String,
    state: String,
}

impl<C: ConnectionTrait> Reader<'_, C> {
    pub(super) async fn surveys(&mut self) -> Result<(), StoreError> {
        // The monitoring looks at employment alone.
        if let Whom::Persons(_) = self.whom {
            return Ok(());
        }
        // After closing a response knows its enrolment only by a keyed index.
        let mut by_index: HashMap<[u8; 32], Uuid> = HashMap::new();
        let separated: Vec<SeparatedFound> = self
            .all(
                "SELECT s.enrolment_id FROM survey_invitation s WHERE s.state = 'answered'"
                    .to_owned(),
                Vec::new(),
            )
            .await?;
        for row in separated {
            for index in self
                .vault
                .blind_indexes(SURVEY_INDEX, &row.enrolment_id.to_string())
            {
                by_index.insert(index, row.enrolment_id);
            }
        }
        let known: std::collections::HashSet<Pseudonym> = self
            .found
            .snapshot
            .enrolments
            .iter()
            .map(|row| row.id)
            .collect();
        let mut after = Uuid::nil();
        loop {
            let rows: Vec<SurveyFound> = self
                .all(
                    "SELECT id, enrolment_id, enrolment_index, items, submitted_on, seq, mode, answered_by, state \
                     FROM survey_response WHERE id > $1 AND submitted_on <= $3 ORDER BY id LIMIT $2"
                        .to_owned(),
                    vec![after.into(), CHUNK.into(), self.freeze.clone().into()],
                )
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.id;
            for row in &rows {
                let bad = || StoreError::inconsistent("survey_response", row.id);
                let by = <[u8; 32]>::try_from(row.enrolment_index.as_slice()).ok();
                let enrolment = row
                    .enrolment_id
                    .or_else(|| by.and_then(|index| by_index.get(&index).copied()))
                    .ok_or_else(bad)?;
                let enrolment = self.pseudonyms.enrolment(enrolment);
                if !known.contains(&enrolment) {
                    continue;
                }
                let items: Vec<u8> = serde_json::from_str(&row.items).map_err(|_| bad())?;
                self.found.snapshot.surveys.push(SurveyRow {
                    enrolment,
                    items: items.try_into().map_err(|_| bad())?,
                    submitted: day(&row.submitted_on)?,
                    seq: row.seq.try_into().map_err(|_| bad())?,
                    flagged: row.state != "counted",
                    mode: row.mode.parse().map_err(|_| bad())?,
                    by: row.answered_by.parse().map_err(|_| bad())?,
                });
            }
        }
    }
}

#[derive(FromQueryResult)]
struct SeparatedFound {
    enrolment_id: Uuid,
}
