//! Public halves and states of the registry's keys.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};

use crate::PublicRead;
use crate::entity::certificates::registry_key;
use crate::{StoreError, time};

/// A key as the table holds it; `certs` gives it meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Key id.
    pub kid: String,
    /// `root`, `issuer`, `log` or `status`.
    pub purpose: String,
    /// Federation of an issuer key.
    pub federation: Option<String>,
    /// Algorithm name.
    pub algorithm: String,
    /// Public key.
    pub public_key: Vec<u8>,
    /// `pending`, `active`, `retired`, `compromised`.
    pub state: String,
    /// First moment.
    pub not_before: DateTime<Utc>,
    /// Moment after the last.
    pub not_after: DateTime<Utc>,
    /// Moment of the compromise.
    pub compromised_at: Option<DateTime<Utc>>,
    /// Name of the log of a log key; `None` for the first, whose name is configured.
    pub origin: Option<String>,
}

impl TryFrom<registry_key::Model> for KeyRow {
    type Error = StoreError;

    fn try_from(row: registry_key::Model) -> Result<Self, StoreError> {
        Ok(Self {
            not_before: time::instant(row.not_before)?,
            not_after: time::instant(row.not_after)?,
            compromised_at: time::optional_instant(row.compromised_at)?,
            kid: row.kid,
            purpose: row.purpose,
            federation: row.federation,
            algorithm: row.algorithm,
            public_key: row.public_key,
            state: row.state,
            origin: row.origin,
        })
    }
}

/// Writes a key.
pub async fn insert_key(
    db: &impl ConnectionTrait,
    key: &KeyRow,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = registry_key::ActiveModel {
        kid: Set(key.kid.clone()),
        purpose: Set(key.purpose.clone()),
        federation: Set(key.federation.clone()),
        algorithm: Set(key.algorithm.clone()),
        public_key: Set(key.public_key.clone()),
        state: Set(key.state.clone()),
        not_before: Set(time::millis(key.not_before)),
        not_after: Set(time::millis(key.not_after)),
        compromised_at: Set(key.compromised_at.map(time::millis)),
        created_at: Set(time::millis(now)),
        origin: Set(key.origin.clone()),
    };
    registry_key::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The key with this id.
pub async fn key(db: &impl ConnectionTrait, kid: &str) -> Result<Option<KeyRow>, StoreError> {
    registry_key::Entity::find_by_id(kid.to_owned())
        .one(db)
        .await?
        .map(KeyRow::try_from)
        .transpose()
}

/// All keys, in order of id.
pub async fn all_keys(db: &impl PublicRead) -> Result<Vec<KeyRow>, StoreError> {
    let db = db.connection();
    registry_key::Entity::find()
        .order_by_asc(registry_key::Column::Kid)
        .all(db)
        .await?
        .into_iter()
        .map(KeyRow::try_from)
        .collect()
}

/// The active keys of a purpose of the registry itself, oldest first.
pub async fn active_own_keys(
    db: &impl PublicRead,
    purpose: &str,
) -> Result<Vec<KeyRow>, StoreError> {
    registry_key::Entity::find()
        .filter(registry_key::Column::Purpose.eq(purpose))
        .filter(registry_key::Column::State.eq("active"))
        .order_by_asc(registry_key::Column::CreatedAt)
        .order_by_asc(registry_key::Column::Kid)
        .all(db.connection())
        .await?
        .into_iter()
        .map(KeyRow::try_from)
        .collect()
}

/// The newest active issuer key of a federation that is in its time at `now`.
pub async fn active_issuer_key(
    db: &impl ConnectionTrait,
    federation: &str,
    now: DateTime<Utc>,
) -> Result<Option<KeyRow>, StoreError> {
    registry_key::Entity::find()
        .filter(registry_key::Column::Purpose.eq("issuer"))
        .filter(registry_key::Column::Federation.eq(federation))
        .filter(registry_key::Column::State.eq("active"))
        .filter(registry_key::Column::NotBefore.lte(time::millis(now)))
        .filter(registry_key::Column::NotAfter.gt(time::millis(now)))
        .order_by_desc(registry_key::Column::NotBefore)
        .order_by_desc(registry_key::Column::CreatedAt)
        .order_by_desc(registry_key::Column::Kid)
        .one(db)
        .await?
        .map(KeyRow::try_from)
        .transpose()
}

/// Moves a key from one state to another, with the end of its period; `Stale` when it is not in the first any more.
pub async fn set_key_state(
    db: &impl ConnectionTrait,
    kid: &str,
    from: &str,
    to: &str,
    compromised_at: Option<DateTime<Utc>>,
    not_after: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = registry_key::Entity::update_many()
        .col_expr(registry_key::Column::State, Expr::val(to))
        .col_expr(
            registry_key::Column::NotAfter,
            Expr::val(time::millis(not_after)),
        )
        .col_expr(
            registry_key::Column::CompromisedAt,
            Expr::val(compromised_at.map(time::millis)),
        )
        .filter(registry_key::Column::Kid.eq(kid))
        .filter(registry_key::Column::State.eq(from))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}
