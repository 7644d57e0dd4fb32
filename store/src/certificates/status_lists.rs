//! Places in the status lists: each list has its own secret order, so that an index tells nothing about when.

use chrono::{DateTime, Utc};
use domain::certificate::CertificateStatus;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait as _, FromQueryResult,
    PaginatorTrait as _, QueryFilter, QueryOrder, QuerySelect as _, Statement,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::entity::certificates::{signed_status_list, status_list};
use crate::vault::Vault;
use crate::{PublicRead, StoreError, time};

pub(crate) const SEED: &str = "status_list.seed";

/// A list that still has free places.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    /// Its number.
    pub id: u32,
    /// Places.
    pub size: u32,
    /// How many are taken.
    pub used: u32,
    /// Decides the order in which places are taken.
    pub seed: [u8; 32],
}

/// Shows no seed.
impl std::fmt::Debug for StatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusList({}: {} of {})", self.id, self.used, self.size)
    }
}

/// The newest list; the caller makes the next one when it is full.
pub async fn open_status_list(
    db: &impl ConnectionTrait,
    vault: &Vault,
) -> Result<Option<StatusList>, StoreError> {
    let newest = status_list::Entity::find()
        .order_by_desc(status_list::Column::Id)
        .one(db)
        .await?;
    newest.map(|row| list_of(vault, &row)).transpose()
}

/// Every list, in order of numbers.
pub async fn all_status_lists(
    db: &impl PublicRead,
    vault: &Vault,
) -> Result<Vec<StatusList>, StoreError> {
    status_list::Entity::find()
        .order_by_asc(status_list::Column::Id)
        .all(db.connection())
        .await?
        .iter()
        .map(|row| list_of(vault, row))
        .collect()
}

/// A list by its number, locked until the transaction ends: its bits do not change meanwhile.
pub async fn lock_status_list(
    db: &impl ConnectionTrait,
    vault: &Vault,
    id: u32,
) -> Result<Option<(StatusList, i64)>, StoreError> {
    let Ok(number) = i32::try_from(id) else {
        return Ok(None);
    };
    // On SQLite the writing transaction itself is the lock.
    let mut query = status_list::Entity::find_by_id(number);
    if db.get_database_backend() == DbBackend::Postgres {
        query = query.lock_exclusive();
    }
    let Some(row) = query.one(db).await? else {
        return Ok(None);
    };
    Ok(Some((list_of(vault, &row)?, row.revision)))
}

/// Revision of a list: it grows with every change of its bits.
pub async fn status_list_revision(
    db: &impl ConnectionTrait,
    id: u32,
) -> Result<Option<i64>, StoreError> {
    let Ok(number) = i32::try_from(id) else {
        return Ok(None);
    };
    let row = status_list::Entity::find_by_id(number).one(db).await?;
    Ok(row.map(|row| row.revision))
}

/// How many lists there are; their numbers begin with 1 and have no gaps.
pub async fn status_list_count(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(status_list::Entity::find().count(db).await?)
}

/// Says that a bit of a list changes in this transaction.
pub async fn touch_status_list(db: &impl ConnectionTrait, id: u32) -> Result<(), StoreError> {
    let done = status_list::Entity::update_many()
        .col_expr(
            status_list::Column::Revision,
            Expr::col(status_list::Column::Revision).add(1),
        )
        .filter(status_list::Column::Id.eq(i64::from(id)))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::inconsistent("status_list", id))
    }
}

#[derive(FromQueryResult)]
struct Changed {
    status_index: i32,
    status: String,
}

/// Index and status of every certificate of a list that is not in force, of those too whose records were lost.
pub async fn changed_in_list(
    db: &impl ConnectionTrait,
    id: u32,
) -> Result<Vec<(u32, CertificateStatus)>, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT status_index, status FROM certificate WHERE status_list = $1 AND status <> $2
         UNION ALL
         SELECT status_index, status FROM lost_certificate WHERE status_list = $1 AND status <> $2",
        [
            i64::from(id).into(),
            CertificateStatus::Issued.as_str().into(),
        ],
    );
    Changed::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("certificate", row.status_index);
            let index = u32::try_from(row.status_index).map_err(|_| bad())?;
            Ok((index, row.status.parse().map_err(|_| bad())?))
        })
        .collect()
}

/// A list as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatusList {
    /// Number of the list.
    pub list: u32,
    /// `revocation`, `suspension` or `token`.
    pub kind: String,
    /// `jwt` or `json`.
    pub form: String,
    /// Revision of the list whose bits these are.
    pub revision: i64,
    /// The moment for which it speaks.
    pub at: DateTime<Utc>,
    /// The key that signed it.
    pub kid: String,
    /// The signed text.
    pub body: String,
}

/// The signed form of a list, if one was made.
pub async fn signed_status_list(
    db: &impl ConnectionTrait,
    list: u32,
    kind: &str,
    form: &str,
) -> Result<Option<SignedStatusList>, StoreError> {
    let Ok(number) = i32::try_from(list) else {
        return Ok(None);
    };
    let key = (number, kind.to_owned(), form.to_owned());
    let Some(row) = signed_status_list::Entity::find_by_id(key).one(db).await? else {
        return Ok(None);
    };
    Ok(Some(SignedStatusList {
        list,
        kind: row.kind,
        form: row.form,
        revision: row.revision,
        at: time::instant(row.at)?,
        kid: row.kid,
        body: row.body,
    }))
}

/// Keeps a signed form in the place of the one before.
pub async fn put_signed_status_list(
    db: &impl ConnectionTrait,
    signed: &SignedStatusList,
) -> Result<(), StoreError> {
    use signed_status_list::Column;
    let row = signed_status_list::ActiveModel {
        list: Set(i32::try_from(signed.list)
            .map_err(|_| StoreError::inconsistent("status_list", signed.list))?),
        kind: Set(signed.kind.clone()),
        form: Set(signed.form.clone()),
        revision: Set(signed.revision),
        at: Set(time::millis(signed.at)),
        kid: Set(signed.kid.clone()),
        body: Set(signed.body.clone()),
    };
    signed_status_list::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([Column::List, Column::Kind, Column::Form])
                .update_columns([Column::Revision, Column::At, Column::Kid, Column::Body])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

fn list_of(vault: &Vault, row: &status_list::Model) -> Result<StatusList, StoreError> {
    let bad = || StoreError::inconsistent("status_list", row.id);
    let id = u32::try_from(row.id).map_err(|_| bad())?;
    let seed = vault.open_registry_secret(SEED, row_id(id), &row.seed_enc)?;
    Ok(StatusList {
        id,
        size: u32::try_from(row.size).map_err(|_| bad())?,
        used: u32::try_from(row.used).map_err(|_| bad())?,
        seed: seed.as_slice().try_into().map_err(|_| bad())?,
    })
}

/// Writes a new list.
pub async fn insert_status_list(
    db: &impl ConnectionTrait,
    vault: &Vault,
    list: &StatusList,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let small = |value: u32| {
        i32::try_from(value).map_err(|_| StoreError::inconsistent("status_list", value))
    };
    let row = status_list::ActiveModel {
        id: Set(small(list.id)?),
        size: Set(small(list.size)?),
        used: Set(small(list.used)?),
        seed_enc: Set(vault.seal_registry_secret(SEED, row_id(list.id), &list.seed)?),
        created_at: Set(time::millis(now)),
        revision: Set(0),
    };
    status_list::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Takes the next places of a list; `Stale` when another transaction took them first.
pub async fn claim_status_indexes(
    db: &impl ConnectionTrait,
    list: &StatusList,
    count: u32,
) -> Result<(), StoreError> {
    let done = status_list::Entity::update_many()
        .col_expr(
            status_list::Column::Used,
            Expr::val(i64::from(list.used + count)),
        )
        .filter(status_list::Column::Id.eq(i64::from(list.id)))
        .filter(status_list::Column::Used.eq(i64::from(list.used)))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

pub(crate) fn row_id(id: u32) -> Uuid {
    Uuid::from_u128(u128::from(id))
}
