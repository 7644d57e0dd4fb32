//! Messages to trainees before a follow-up by telephone (workflow.md 4). The link in one works once; only its keyed digest
//! is kept.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{EpisodeId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::privacy::statement;
use crate::{StoreError, time};

/// A follow-up whose trainee may be asked by a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The follow-up.
    pub follow_up: Uuid,
    /// The trainee.
    pub person: PersonId,
}

#[derive(FromQueryResult)]
struct DueRow {
    id: Uuid,
    person_id: Uuid,
}

/// Follow-ups that are due, that no register answered, of trainees who agree to be asked and were not sent this message;
/// after the one given, in order of their ids.
pub async fn due(
    db: &impl ConnectionTrait,
    today: NaiveDate,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Due>, StoreError> {
    let rest = if after.is_some() { "AND f.id > $2" } else { "" };
    let sql = format!(
        "SELECT f.id, p.person_id FROM follow_up f JOIN employment_episode p ON p.id = f.episode_id \
         LEFT JOIN follow_up_message m ON m.follow_up_id = f.id \
         WHERE f.outcome IS NULL AND m.follow_up_id IS NULL AND f.due_on <= $1 AND p.state NOT IN ('void', 'contested', 'ended') \
         AND EXISTS (SELECT 1 FROM consent n WHERE n.person_id = p.person_id AND n.purpose = 'outcome_follow_up' \
         AND n.withdrawn_on IS NULL AND n.valid_from <= $1 AND (n.valid_until IS NULL OR n.valid_until >= $1)) {rest} \
         ORDER BY f.id LIMIT {limit}"
    );
    let mut values = vec![today.to_string().into()];
    values.extend(after.map(Into::into));
    let rows = DueRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Due {
            follow_up: row.id,
            person: row.person_id.into(),
        })
        .collect())
}

/// Keeps that a message goes out; `false` when another process was first.
pub async fn keep(
    db: &impl ConnectionTrait,
    follow_up: Uuid,
    mac: &[u8; 32],
    now: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO follow_up_message (follow_up_id, token_mac, sent_at, ends_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    let values = [
        follow_up.into(),
        mac.to_vec().into(),
        time::millis(now).into(),
        time::millis(ends_at).into(),
    ];
    let done = db.execute_raw(statement(db, sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The follow-up.
    pub follow_up: Uuid,
    /// The episode.
    pub episode: EpisodeId,
    /// The trainee.
    pub person: PersonId,
    /// First day of the work.
    pub start_on: NaiveDate,
    /// Whether the link was used.
    pub used: bool,
    /// Whether somebody answered otherwise meanwhile.
    pub answered: bool,
    /// When the link ends.
    pub ends_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct AskedRow {
    follow_up_id: Uuid,
    episode_id: Uuid,
    person_id: Uuid,
    start_on: String,
    used_at: Option<i64>,
    outcome: Option<String>,
    ends_at: i64,
}

/// What the link with this token leads to; its digests are under every version of the key.
pub async fn by_token(
    db: &impl ConnectionTrait,
    macs: &[[u8; 32]],
) -> Result<Option<Asked>, StoreError> {
    let sql = format!(
        "SELECT m.follow_up_id, f.episode_id, p.person_id, p.start_on, m.used_at, f.outcome, m.ends_at \
               FROM follow_up_message m JOIN follow_up f ON f.id = m.follow_up_id \
               JOIN employment_episode p ON p.id = f.episode_id WHERE m.token_mac IN ({})",
        crate::cohorts::placeholders(1, macs.len())
    );
    let values = macs.iter().map(|mac| mac.to_vec().into());
    let row = AskedRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    row.map(|row| {
        Ok(Asked {
            follow_up: row.follow_up_id,
            episode: row.episode_id.into(),
            person: row.person_id.into(),
            start_on: time::date(&row.start_on)?,
            used: row.used_at.is_some(),
            answered: row.outcome.is_some(),
            ends_at: time::instant(row.ends_at)?,
        })
    })
    .transpose()
}

/// Uses a link up; `false` when it was used before. Of two at once one gets it.
pub async fn take(
    db: &impl ConnectionTrait,
    macs: &[[u8; 32]],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE follow_up_message SET used_at = $1 WHERE used_at IS NULL AND ends_at > $1 AND token_mac IN ({})",
        crate::cohorts::placeholders(2, macs.len())
    );
    let mut values = vec![time::millis(now).into()];
    values.extend(macs.iter().map(|mac| mac.to_vec().into()));
    let done = db.execute_raw(statement(db, sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// When messages of these follow-ups were sent.
pub async fn sent(
    db: &impl ConnectionTrait,
    follow_ups: &[Uuid],
) -> Result<std::collections::HashMap<Uuid, DateTime<Utc>>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        follow_up_id: Uuid,
        sent_at: i64,
    }
    if follow_ups.is_empty() {
        return Ok(std::collections::HashMap::new());
    }
    let sql = format!(
        "SELECT follow_up_id, sent_at FROM follow_up_message WHERE follow_up_id IN ({})",
        crate::cohorts::placeholders(1, follow_ups.len())
    );
    let values = follow_ups.iter().map(|id| (*id).into());
    let rows = Row::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| Ok((row.follow_up_id, time::instant(row.sent_at)?)))
        .collect()
}
