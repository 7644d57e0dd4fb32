//! Follow-ups: when somebody is to be asked whether the work goes on, and what was found.

use chrono::{DateTime, NaiveDate, Utc};
use domain::evidence::FollowUpOutcome;
use domain::ids::{EpisodeId, StaffPersonId};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, Statement, Value,
};
use uuid::Uuid;

use crate::entity::evidence::follow_up;
use crate::scope::Scope;
use crate::{StoreError, time};

/// Schedules follow-ups; those that are there stay.
pub async fn schedule(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
    due: &[(u32, NaiveDate)],
    new_id: impl Fn() -> Uuid,
) -> Result<(), StoreError> {
    let rows: Vec<_> = due
        .iter()
        .map(|(after, on)| {
            follow_up::Model {
                id: new_id(),
                episode_id: episode.uuid(),
                after_days: after.cast_signed(),
                due_on: on.to_string(),
                outcome: None,
                done_by: None,
                done_at: None,
            }
            .into_active_model()
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    follow_up::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A follow-up that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Its id.
    pub id: Uuid,
    /// The episode.
    pub episode: EpisodeId,
    /// Days after the first day of work.
    pub after_days: u32,
    /// When it is due.
    pub due_on: NaiveDate,
    /// What was found.
    pub outcome: Option<FollowUpOutcome>,
}

#[derive(FromQueryResult)]
struct FollowUpRow {
    id: Uuid,
    episode_id: Uuid,
    after_days: i32,
    due_on: String,
    outcome: Option<String>,
}

impl From<follow_up::Model> for FollowUpRow {
    fn from(row: follow_up::Model) -> Self {
        Self {
            id: row.id,
            episode_id: row.episode_id,
            after_days: row.after_days,
            due_on: row.due_on,
            outcome: row.outcome,
        }
    }
}

impl TryFrom<FollowUpRow> for FollowUp {
    type Error = StoreError;

    fn try_from(row: FollowUpRow) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("follow_up", row.id);
        let outcome = row.outcome.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: row.id,
            episode: row.episode_id.into(),
            after_days: u32::try_from(row.after_days).map_err(|_| bad())?,
            due_on: time::date(&row.due_on)?,
            outcome: outcome.map_err(|_| bad())?,
        })
    }
}

/// Follow-ups that wait up to a day, in the scope, the longest waiting first.
pub async fn due(
    db: &impl ConnectionTrait,
    scope: &Scope,
    until: NaiveDate,
    limit: u64,
) -> Result<Vec<FollowUp>, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 3);
    let mut values: Vec<Value> = vec![
        until.to_string().into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    values.extend(value);
    let sql = format!(
        "SELECT f.id, f.episode_id, f.after_days, f.due_on, f.outcome FROM follow_up f \
         JOIN employment_episode p ON p.id = f.episode_id \
         WHERE f.outcome IS NULL AND f.due_on <= $1 AND p.state NOT IN ('void', 'contested', 'ended') \
         AND EXISTS (SELECT 1 FROM episode_claim k WHERE k.episode_id = f.episode_id AND {within}) \
         ORDER BY f.due_on, f.id LIMIT $2"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    FollowUpRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(FollowUp::try_from)
        .collect()
}

/// The follow-ups of an episode, done or not, in order of their days.
pub async fn follow_ups(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
) -> Result<Vec<FollowUp>, StoreError> {
    let rows = follow_up::Entity::find()
        .filter(follow_up::Column::EpisodeId.eq(episode.uuid()))
        .order_by_asc(follow_up::Column::AfterDays)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| FollowUp::try_from(FollowUpRow::from(row)))
        .collect()
}

/// One follow-up.
pub async fn follow_up(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<FollowUp>, StoreError> {
    let found = follow_up::Entity::find_by_id(id).one(db).await?;
    found
        .map(|row| FollowUp::try_from(FollowUpRow::from(row)))
        .transpose()
}

/// Writes what a follow-up found; `Stale` when it was done already.
pub async fn follow_up_done(
    db: &impl ConnectionTrait,
    id: Uuid,
    outcome: FollowUpOutcome,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use follow_up::Column as C;
    let done = follow_up::Entity::update_many()
        .col_expr(C::Outcome, Expr::value(outcome.as_str()))
        .col_expr(C::DoneBy, Expr::value(by.uuid()))
        .col_expr(C::DoneAt, Expr::value(time::millis(now)))
        .filter(C::Id.eq(id))
        .filter(C::Outcome.is_null())
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// A register answers all follow-ups of an episode that are due by its date.
pub async fn register_answers(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
    as_of: NaiveDate,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use follow_up::Column as C;
    follow_up::Entity::update_many()
        .col_expr(C::Outcome, Expr::value(FollowUpOutcome::Register.as_str()))
        .col_expr(C::DoneBy, Expr::value(by.uuid()))
        .col_expr(C::DoneAt, Expr::value(time::millis(now)))
        .filter(C::EpisodeId.eq(episode.uuid()))
        .filter(C::DueOn.lte(as_of.to_string()))
        .filter(C::Outcome.is_null())
        .exec(db)
        .await?;
    Ok(())
}
