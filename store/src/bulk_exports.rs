//! Files of many persons that two persons decide on: who asked, who approved, whether it was taken (trust.md UP-5).

use chrono::{DateTime, Utc};
use domain::access::Actor;
use domain::ids::{AccountId, PostId, StaffPersonId};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::{StoreError, time};

domain::text_enum! {
    /// Where an export stands.
    BulkState("state of an export") {
        /// Waits for its second person.
        Proposed = "proposed",
        /// May be taken once, in time.
        Approved = "approved",
        /// Was refused or taken back.
        Refused = "refused",
        /// The file was handed out.
        Taken = "taken",
    }
}

/// An export of many persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkExport {
    /// Its id.
    pub id: Uuid,
    /// Which list.
    pub list: String,
    /// Form of the file.
    pub form: String,
    /// The filter as JSON text; codes and ids only.
    pub filter: String,
    /// What for.
    pub reason: String,
    /// Where it stands.
    pub state: BulkState,
    /// The account that asked, which alone may take it.
    pub account: AccountId,
    /// From which post.
    pub post: PostId,
    /// The human being.
    pub person: StaffPersonId,
    /// When it was asked for.
    pub proposed_at: DateTime<Utc>,
    /// Who approved.
    pub approved_by: Option<StaffPersonId>,
    /// Until when it may be taken.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it was taken.
    pub taken_at: Option<DateTime<Utc>>,
    /// How many rows it had.
    pub rows: Option<i32>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    list: String,
    form: String,
    filter: String,
    reason: String,
    state: String,
    account_id: Uuid,
    post_id: Uuid,
    staff_person_id: Uuid,
    proposed_at: i64,
    approved_by: Option<Uuid>,
    ends_at: Option<i64>,
    taken_at: Option<i64>,
    row_count: Option<i32>,
}

impl TryFrom<Row> for BulkExport {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("bulk_export", row.id);
        Ok(Self {
            id: row.id,
            state: row.state.parse().map_err(|_| bad())?,
            list: row.list,
            form: row.form,
            filter: row.filter,
            reason: row.reason,
            account: row.account_id.into(),
            post: row.post_id.into(),
            person: row.staff_person_id.into(),
            proposed_at: time::instant(row.proposed_at)?,
            approved_by: row.approved_by.map(Into::into),
            ends_at: time::optional_instant(row.ends_at)?,
            taken_at: time::optional_instant(row.taken_at)?,
            rows: row.row_count,
        })
    }
}

const COLUMNS: &str =
    "id, list, form, filter, reason, state, account_id, post_id, staff_person_id, proposed_at,
  approved_by, ends_at, taken_at, row_count";

fn statement(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct NewExport<'a> {
    /// Its id.
    pub id: Uuid,
    /// Which list.
    pub list: &'a str,
    /// Form of the file.
    pub form: &'a str,
    /// The filter as JSON text.
    pub filter: &'a str,
    /// What for.
    pub reason: &'a str,
}

/// Keeps what somebody asks for.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: &NewExport<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO bulk_export (id, list, form, filter, reason, state, account_id, post_id, staff_person_id, proposed_at)
        VALUES ($1, $2, $3, $4, $5, 'proposed', $6, $7, $8, $9)";
    let values: [Value; 9] = [
        new.id.into(),
        new.list.into(),
        new.form.into(),
        new.filter.into(),
        new.reason.into(),
        actor.account.uuid().into(),
        actor.post.uuid().into(),
        actor.person.uuid().into(),
        time::millis(now).into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

/// The export with this id.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<BulkExport>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM bulk_export WHERE id = $1");
    Row::find_by_statement(statement(db, sql, [id.into()]))
        .one(db)
        .await?
        .map(BulkExport::try_from)
        .transpose()
}

/// What an account asked for from a post, newest first, at most a hundred.
pub async fn of_post(
    db: &impl ConnectionTrait,
    actor: &Actor,
) -> Result<Vec<BulkExport>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bulk_export WHERE account_id = $1 AND post_id = $2 ORDER BY id DESC LIMIT 100"
    );
    let values: [Value; 2] = [actor.account.uuid().into(), actor.post.uuid().into()];
    Row::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?
        .into_iter()
        .map(BulkExport::try_from)
        .collect()
}

async fn one(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), StoreError> {
    let done = db.execute_raw(statement(db, sql, values)).await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

/// The second person agrees; `Stale` when it was decided already.
pub async fn approve(
    db: &impl ConnectionTrait,
    id: Uuid,
    by: &Actor,
    now: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE bulk_export SET state = 'approved', approved_by = $2, approved_at = $3, ends_at = $4
        WHERE id = $1 AND state = 'proposed'";
    let values: [Value; 4] = [
        id.into(),
        by.person.uuid().into(),
        time::millis(now).into(),
        time::millis(ends_at).into(),
    ];
    one(db, sql, values).await
}

/// The second person does not agree, or it is taken back.
pub async fn refuse(db: &impl ConnectionTrait, id: Uuid) -> Result<(), StoreError> {
    let sql = "UPDATE bulk_export SET state = 'refused' WHERE id = $1 AND state = 'proposed'";
    one(db, sql, [id.into()]).await
}

/// Hands the file out: once, in time. One statement, so that of two at once one gets it.
pub async fn take(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
    rows: usize,
) -> Result<(), StoreError> {
    let sql = "UPDATE bulk_export SET state = 'taken', taken_at = $2, row_count = $3
        WHERE id = $1 AND state = 'approved' AND ends_at > $2";
    let values: [Value; 3] = [
        id.into(),
        time::millis(now).into(),
        i32::try_from(rows).unwrap_or(i32::MAX).into(),
    ];
    one(db, sql, values).await
}
