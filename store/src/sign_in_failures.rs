//! Counts of failed sign-ins, shared by all nodes (trust.md AU-6, RL-2).

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement,
};

use crate::entity::access::sign_in_failure;
use crate::{StoreError, time};

/// What is known of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many attempts since the last good one.
    pub count: i32,
    /// The last attempt.
    pub last_at: DateTime<Utc>,
    /// No attempt is taken before.
    pub wait_until: DateTime<Utc>,
}

/// What is known of a subject; a twin that asks for the same subject waits until this transaction ends, so that a burst
/// of first attempts is counted one by one.
pub async fn find(
    db: &impl ConnectionTrait,
    subject: &[u8; 32],
) -> Result<Option<Failures>, StoreError> {
    // SQLite writers already wait for one another.
    if db.get_database_backend() == DbBackend::Postgres {
        let (first, _) = subject.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let lock = i64::from_be_bytes(*first);
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [lock.into()],
        );
        db.query_one_raw(statement).await?;
    }
    sign_in_failure::Entity::find_by_id(subject.to_vec())
        .one(db)
        .await?
        .map(|row| {
            Ok(Failures {
                count: row.failures,
                last_at: time::instant(row.last_at)?,
                wait_until: time::instant(row.wait_until)?,
            })
        })
        .transpose()
}

/// Writes what is known of a subject.
pub async fn keep(
    db: &impl ConnectionTrait,
    subject: &[u8; 32],
    failures: Failures,
) -> Result<(), StoreError> {
    let row = sign_in_failure::ActiveModel {
        subject: Set(subject.to_vec()),
        failures: Set(failures.count),
        last_at: Set(time::millis(failures.last_at)),
        wait_until: Set(time::millis(failures.wait_until)),
    };
    sign_in_failure::Entity::insert(row)
        .on_conflict(
            OnConflict::column(sign_in_failure::Column::Subject)
                .update_columns([
                    sign_in_failure::Column::Failures,
                    sign_in_failure::Column::LastAt,
                    sign_in_failure::Column::WaitUntil,
                ])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A good attempt: the subject begins anew.
pub async fn forget(db: &impl ConnectionTrait, subject: &[u8; 32]) -> Result<(), StoreError> {
    sign_in_failure::Entity::delete_by_id(subject.to_vec())
        .exec(db)
        .await?;
    Ok(())
}

/// A good attempt of a subject that others share: it takes back what it counted itself.
pub async fn take_back(db: &impl ConnectionTrait, subject: &[u8; 32]) -> Result<(), StoreError> {
    sign_in_failure::Entity::update_many()
        .col_expr(
            sign_in_failure::Column::Failures,
            Expr::cust("CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END"),
        )
        .filter(sign_in_failure::Column::Subject.eq(subject.to_vec()))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes what nobody waits for any more.
pub async fn sweep(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<(), StoreError> {
    sign_in_failure::Entity::delete_many()
        .filter(sign_in_failure::Column::LastAt.lt(time::millis(before)))
        .exec(db)
        .await?;
    Ok(())
}
