//! Files of registers that were looked at and wait for a confirmation, and the snapshots that were imported.

use chrono::{DateTime, NaiveDate, Utc};
use domain::evidence::Source;
use domain::ids::{AccountId, RegisterSnapshotId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::entity::evidence::register_draft;
use crate::scope::Scope;
use crate::{StoreError, time};

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    /// Which register.
    pub source: Source,
    /// The day it tells about.
    pub as_of: NaiveDate,
    /// Where the sealed file lies; nothing when it was imported.
    pub stored_name: Option<String>,
    /// Version of the master key that the file is sealed under.
    pub sealed_version: i32,
    /// Rows.
    pub rows: u32,
    /// Rows about people who are trainees here, when it was looked at.
    pub known: u32,
    /// When.
    pub made_at: DateTime<Utc>,
    /// The snapshot that it became.
    pub snapshot: Option<RegisterSnapshotId>,
}

impl TryFrom<register_draft::Model> for Draft {
    type Error = StoreError;

    fn try_from(row: register_draft::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("register_draft", row.id);
        Ok(Self {
            id: row.id,
            source: row.source.parse().map_err(|_| bad())?,
            as_of: time::date(&row.as_of)?,
            rows: row.row_count.cast_unsigned(),
            known: row.known_count.cast_unsigned(),
            made_at: time::instant(row.made_at)?,
            snapshot: row.snapshot_id.map(Into::into),
            stored_name: row.stored_name,
            sealed_version: row.sealed_version,
        })
    }
}

/// The draft of an account.
pub async fn of(
    db: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<Draft>, StoreError> {
    register_draft::Entity::find_by_id(account.uuid())
        .one(db)
        .await?
        .map(Draft::try_from)
        .transpose()
}

/// Puts a draft in the place of the account's last one, whose file is nobody's from then on.
pub async fn replace(
    db: &impl ConnectionTrait,
    account: AccountId,
    new: &Draft,
) -> Result<Option<String>, StoreError> {
    // Locked, here and below: a file that is sealed anew meanwhile gets another name.
    let before = register_draft::Entity::find_by_id(account.uuid())
        .lock_exclusive()
        .one(db)
        .await?;
    register_draft::Entity::delete_by_id(account.uuid())
        .exec(db)
        .await?;
    let row = register_draft::Model {
        account_id: account.uuid(),
        id: new.id,
        source: new.source.as_str().to_owned(),
        as_of: new.as_of.to_string(),
        stored_name: new.stored_name.clone(),
        row_count: new.rows.cast_signed(),
        known_count: new.known.cast_signed(),
        made_at: time::millis(new.made_at),
        snapshot_id: None,
        sealed_version: new.sealed_version,
    };
    register_draft::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(before.and_then(|draft| draft.stored_name))
}

/// Notes what a draft became; its file, whose name is answered, is nobody's from then on.
pub async fn imported(
    db: &impl ConnectionTrait,
    account: AccountId,
    snapshot: RegisterSnapshotId,
) -> Result<Option<String>, StoreError> {
    use register_draft::Column as C;
    let draft = register_draft::Entity::find_by_id(account.uuid())
        .lock_exclusive()
        .one(db)
        .await?;
    let done = register_draft::Entity::update_many()
        .col_expr(C::SnapshotId, Expr::value(snapshot.uuid()))
        .col_expr(C::StoredName, Expr::value(None::<String>))
        .filter(C::AccountId.eq(account.uuid()))
        .filter(C::SnapshotId.is_null())
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)?;
    Ok(draft.and_then(|draft| draft.stored_name))
}

/// Drops drafts from before a moment that were never imported; answers where their files lie, which are nobody's any more.
pub async fn drop_before(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    use register_draft::Column as C;
    let old = C::MadeAt.lt(time::millis(before));
    let rows = register_draft::Entity::find()
        .filter(old.clone())
        .filter(C::SnapshotId.is_null())
        .lock_exclusive()
        .all(db)
        .await?;
    register_draft::Entity::delete_many()
        .filter(old)
        .filter(C::SnapshotId.is_null())
        .exec(db)
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.stored_name).collect())
}

/// An imported snapshot as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotLine {
    /// Its id.
    pub id: RegisterSnapshotId,
    /// Which register.
    pub source: Source,
    /// Code of the federation that imported it.
    pub federation: String,
    /// The day it tells about.
    pub as_of: NaiveDate,
    /// Rows.
    pub rows: u32,
    /// Rows about people who were trainees there.
    pub known: u32,
    /// When it was imported.
    pub at: DateTime<Utc>,
}

/// Snapshots that federations of the scope imported, newest first.
pub async fn snapshots(
    db: &impl ConnectionTrait,
    scope: &Scope,
    limit: u64,
) -> Result<Vec<SnapshotLine>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        source: String,
        federation: String,
        as_of: String,
        row_count: i32,
        known_count: i32,
        uploaded_at: i64,
    }
    let (within, value) = scope.sql("s.federation", "s.uploaded_by", 1);
    let values: Vec<Value> = value.into_iter().collect();
    let sql = format!(
        "SELECT s.id, s.source, s.federation, s.as_of, s.row_count, s.known_count, s.uploaded_at FROM register_snapshot s \
         WHERE {within} ORDER BY s.id DESC LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let bad = |_| StoreError::inconsistent("register_snapshot", row.id);
            Ok(SnapshotLine {
                id: row.id.into(),
                source: row.source.parse().map_err(bad)?,
                as_of: time::date(&row.as_of)?,
                rows: row.row_count.cast_unsigned(),
                known: row.known_count.cast_unsigned(),
                at: time::instant(row.uploaded_at)?,
                federation: row.federation,
            })
        })
        .collect()
}
