//! Places in the status lists: each list has its own secret order, so that an index tells nothing about when.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::entity::certificates::status_list;
use crate::vault::Vault;
use crate::{StoreError, time};

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
    let Some(row) = status_list::Entity::find()
        .order_by_desc(status_list::Column::Id)
        .one(db)
        .await?
    else {
        return Ok(None);
    };
    let bad = || StoreError::inconsistent("status_list", row.id);
    let id = u32::try_from(row.id).map_err(|_| bad())?;
    let seed = vault.open_registry_secret(SEED, row_id(id), &row.seed_enc)?;
    Ok(Some(StatusList {
        id,
        size: u32::try_from(row.size).map_err(|_| bad())?,
        used: u32::try_from(row.used).map_err(|_| bad())?,
        seed: seed.as_slice().try_into().map_err(|_| bad())?,
    }))
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
    if done.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

pub(crate) fn row_id(id: u32) -> Uuid {
    Uuid::from_u128(u128::from(id))
}
