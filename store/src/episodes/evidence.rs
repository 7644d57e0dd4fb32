//! Evidence of episodes, and the keyed digests of contracts.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::evidence::Source;
use domain::ids::{EpisodeId, FileId, PersonId, RegisterSnapshotId, StaffPersonId};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, Statement, Value};
use uuid::Uuid;

use crate::entity::evidence::episode_evidence;
use crate::vault::Vault;
use crate::{StoreError, time};

/// A piece of evidence to add.
#[derive(Clone, Copy, Debug)]
pub struct NewEvidence<'a> {
    /// Its id.
    pub id: Uuid,
    /// The episode.
    pub episode: EpisodeId,
    /// Where it comes from.
    pub source: Source,
    /// The snapshot it stands in.
    pub snapshot: Option<RegisterSnapshotId>,
    /// The uploaded file.
    pub file: Option<Uuid>,
    /// Keyed digest of the contract's text.
    pub text_index: Option<&'a [u8; 32]>,
    /// Who.
    pub by: StaffPersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keyed digests of the text of a contract without white space, under every version of the key at hand, the newest first.
/// The text is not kept, so that the digests of before stay under the key of before.
pub fn text_index(vault: &Vault, text: &str) -> Vec<[u8; 32]> {
    let bare: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    vault.blind_indexes("episode_evidence.text", &bare)
}

/// Adds a piece of evidence.
pub async fn add_evidence(
    db: &impl ConnectionTrait,
    new: &NewEvidence<'_>,
) -> Result<(), StoreError> {
    let row = episode_evidence::Model {
        id: new.id,
        episode_id: new.episode.uuid(),
        source: new.source.as_str().to_owned(),
        snapshot_id: new.snapshot.map(RegisterSnapshotId::uuid),
        file_id: new.file,
        text_index: new.text_index.map(|index| index.to_vec()),
        recorded_by: new.by.uuid(),
        recorded_on: domain::calendar::today(new.at).to_string(),
        recorded_at: time::millis(new.at),
    };
    episode_evidence::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A piece of evidence as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The episode.
    pub episode: EpisodeId,
    /// Where it comes from.
    pub source: Source,
    /// Who recorded it.
    pub by: StaffPersonId,
    /// Which day.
    pub on: NaiveDate,
    /// The snapshot it stands in.
    pub snapshot: Option<RegisterSnapshotId>,
    /// The document behind it.
    pub file: Option<FileId>,
    /// The day it tells about: that of the snapshot, or the day on which it was recorded.
    pub as_of: NaiveDate,
}

#[derive(FromQueryResult)]
struct EvidenceRow {
    id: Uuid,
    episode_id: Uuid,
    source: String,
    recorded_by: Uuid,
    recorded_on: String,
    snapshot_id: Option<Uuid>,
    file_id: Option<Uuid>,
    as_of: Option<String>,
}

impl TryFrom<EvidenceRow> for Evidence {
    type Error = StoreError;

    fn try_from(row: EvidenceRow) -> Result<Self, StoreError> {
        let on = time::date(&row.recorded_on)?;
        Ok(Self {
            episode: row.episode_id.into(),
            source: row
                .source
                .parse()
                .map_err(|_| StoreError::inconsistent("episode_evidence", row.id))?,
            by: row.recorded_by.into(),
            on,
            snapshot: row.snapshot_id.map(Into::into),
            file: row.file_id.map(Into::into),
            as_of: time::optional_date(row.as_of.as_deref())?.unwrap_or(on),
        })
    }
}

/// Evidence of these episodes, oldest first.
pub async fn evidence(
    db: &impl ConnectionTrait,
    episodes: &[EpisodeId],
) -> Result<Vec<Evidence>, StoreError> {
    if episodes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT v.id, v.episode_id, v.source, v.recorded_by, v.recorded_on, v.snapshot_id, v.file_id, s.as_of \
         FROM episode_evidence v LEFT JOIN register_snapshot s ON s.id = v.snapshot_id \
         WHERE v.episode_id IN ({}) ORDER BY v.recorded_at, v.id",
        crate::cohorts::placeholders(1, episodes.len())
    );
    let values = episodes.iter().map(|id| Value::from(id.uuid()));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    EvidenceRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(Evidence::try_from)
        .collect()
}

/// Episodes of other persons whose contract has the same text, by its digests under every version of the key.
pub async fn same_text(
    db: &impl ConnectionTrait,
    indexes: &[[u8; 32]],
    person: PersonId,
) -> Result<Vec<EpisodeId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: Uuid,
    }
    let sql = format!(
        "SELECT DISTINCT p.id FROM employment_episode p JOIN episode_evidence v ON v.episode_id = p.id \
         WHERE p.person_id <> $1 AND v.text_index IN ({}) LIMIT 20",
        crate::cohorts::placeholders(2, indexes.len())
    );
    let mut values: Vec<Value> = vec![person.uuid().into()];
    values.extend(indexes.iter().map(|index| Value::from(index.to_vec())));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Found::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Sources of each of these episodes.
pub fn sources(evidence: &[Evidence]) -> HashMap<EpisodeId, Vec<Source>> {
    let mut found: HashMap<EpisodeId, Vec<Source>> = HashMap::new();
    for one in evidence {
        found.entry(one.episode).or_default().push(one.source);
    }
    found
}
