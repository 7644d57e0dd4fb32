//! The first answer to a request, kept so that a repetition gets the same bytes (trust.md ID-1).

use chrono::{DateTime, Utc};
use domain::ids::AccountId;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, Statement};

use crate::entity::journal::idempotency;
use crate::{StoreError, time};

/// What is kept of the first answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAnswer {
    /// SHA-256 of the request, so that the same key with another body is noticed.
    pub request_sha256: Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// The receipt as JSON text: ids, states, dates; nothing personal.
    pub receipt: String,
}

/// The first answer under this key, or `None` when the key is new.
pub async fn find(
    db: &impl ConnectionTrait,
    account: AccountId,
    key: &str,
) -> Result<Option<FirstAnswer>, StoreError> {
    let row = idempotency::Entity::find_by_id((account.uuid(), key.to_owned()))
        .one(db)
        .await?;
    row.map(|row| {
        let status =
            u16::try_from(row.status).map_err(|_| StoreError::inconsistent("idempotency", key))?;
        Ok(FirstAnswer {
            request_sha256: row.request_sha256,
            status,
            receipt: row.receipt,
        })
    })
    .transpose()
}

/// Keeps the first answer; a twin that commits first makes this a duplicate.
pub async fn keep(
    db: &impl ConnectionTrait,
    account: AccountId,
    key: &str,
    answer: &FirstAnswer,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = idempotency::ActiveModel {
        account_id: Set(account.uuid()),
        idempotency_key: Set(key.to_owned()),
        request_sha256: Set(answer.request_sha256.clone()),
        status: Set(i32::from(answer.status)),
        receipt: Set(answer.receipt.clone()),
        at: Set(time::millis(now)),
    };
    idempotency::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Lets a twin with the same key wait until this transaction ends, so that it finds the first answer.
pub async fn lock(
    db: &impl ConnectionTrait,
    account: AccountId,
    key: &str,
) -> Result<(), StoreError> {
    // SQLite writers already wait for one another.
    if db.get_database_backend() == DbBackend::Postgres {
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            [format!("{account}/{key}").into()],
        );
        db.query_one_raw(statement).await?;
    }
    Ok(())
}
