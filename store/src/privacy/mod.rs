//! Reads of personal values, consents, requests of persons, erasure and retention (trust.md PI-4 to PI-7).

pub mod consents;
pub mod erasure;
pub mod household;
pub mod reads;
pub mod record;
pub mod requests;
pub mod retention;
pub mod subjects;

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::StoreError;
use crate::vault::{DataKey, Vault, WrappedKey};

pub(crate) fn statement(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

#[derive(FromQueryResult)]
struct KeyRow {
    data_key: Vec<u8>,
    data_key_version: i32,
}

/// The data key of a person; `None` when the person is not there or was erased.
pub async fn data_key(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: Uuid,
) -> Result<Option<DataKey>, StoreError> {
    let sql = "SELECT data_key, data_key_version FROM person WHERE id = $1 AND erased_at IS NULL";
    let row = KeyRow::find_by_statement(statement(db, sql, [person.into()]))
        .one(db)
        .await?;
    row.map(|row| {
        let wrapped = WrappedKey {
            bytes: row.data_key,
            version: row.data_key_version,
        };
        vault.open_data_key(person, &wrapped)
    })
    .transpose()
}

/// Opens a text of a column, where there is one and a key to open it.
pub(crate) fn open_text(
    key: Option<&DataKey>,
    label: &'static str,
    row: Uuid,
    sealed: Option<&[u8]>,
) -> Result<Option<String>, StoreError> {
    match (key, sealed) {
        (Some(key), Some(sealed)) => Ok(Some(key.open_text(label, row, sealed)?.to_string())),
        _ => Ok(None),
    }
}

/// Seals a text of a column, where there is one.
pub(crate) fn seal_text(
    key: &DataKey,
    label: &str,
    row: Uuid,
    text: Option<&str>,
) -> Result<Option<Vec<u8>>, StoreError> {
    text.map(|text| key.seal(label, row, text.as_bytes()))
        .transpose()
}
