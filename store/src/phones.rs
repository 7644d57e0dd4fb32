//! Finding a trainee by the telephone that they told the federation: a keyed index beside the sealed number (trust.md
//! PI-2). What an institution wrote in its roster finds nobody: who may write where codes go may sign in as anybody.

use domain::ids::PersonId;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use crate::StoreError;
use crate::cohorts::placeholders;
use crate::contacts::PHONE;
use crate::privacy::statement;
use crate::vault::{KeyKind, Vault, WrappedKey};

/// Label of the keyed index.
const LABEL: &str = "verified_phone";
/// People behind one number that are looked at: a village has one telephone, a country has not.
const MOST: i64 = 50;

/// The index of a number with the version of its key, the newest.
pub(crate) fn index(vault: &Vault, phone: &str) -> Result<(Vec<u8>, i32), StoreError> {
    let version = vault.version(KeyKind::BlindIndex);
    let index = vault.blind_index_at(version, LABEL, phone)?;
    Ok((index.to_vec(), version))
}

#[derive(FromQueryResult)]
struct PersonRow {
    person_id: Uuid,
}

/// The people who told this number, at most fifty; erased ones are not among them.
pub async fn people(
    db: &impl ConnectionTrait,
    vault: &Vault,
    phone: &str,
) -> Result<Vec<PersonId>, StoreError> {
    crate::rotation::learn_versions(db, vault).await?;
    let indexes = vault.blind_indexes(LABEL, phone);
    let sql = format!(
        "SELECT v.person_id FROM verified_contact v JOIN person p ON p.id = v.person_id
         WHERE p.erased_at IS NULL AND v.blind_index IN ({}) ORDER BY v.person_id LIMIT {MOST}",
        placeholders(1, indexes.len())
    );
    let values = indexes.iter().map(|index| Value::from(index.to_vec()));
    Ok(PersonRow::find_by_statement(statement(db, &sql, values))
        .all(db)
        .await?
        .into_iter()
        .map(|row| row.person_id.into())
        .collect())
}

#[derive(FromQueryResult)]
struct StaleRow {
    person_id: Uuid,
    phone_enc: Vec<u8>,
    data_key: Vec<u8>,
    data_key_version: i32,
}

/// Indexes at most `limit` numbers under the newest blind-index key, those first that have no index yet.
pub async fn reindex(
    db: &impl ConnectionTrait,
    vault: &Vault,
    limit: u64,
) -> Result<u64, StoreError> {
    let newest = vault.version(KeyKind::BlindIndex);
    let sql = "SELECT v.person_id, v.phone_enc, p.data_key, p.data_key_version
        FROM verified_contact v JOIN person p ON p.id = v.person_id
        WHERE v.blind_version < $1 AND p.erased_at IS NULL ORDER BY v.blind_version, v.person_id LIMIT $2";
    let values = [newest.into(), limit.cast_signed().into()];
    let rows = StaleRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    for row in &rows {
        let wrapped = WrappedKey {
            bytes: row.data_key.clone(),
            version: row.data_key_version,
        };
        let key = vault.open_data_key(row.person_id, &wrapped)?;
        let phone = key.open_text(PHONE, row.person_id, &row.phone_enc)?;
        let (index, version) = index(vault, &phone)?;
        // A number that was recorded meanwhile stands under the newest key already.
        let sql = "UPDATE verified_contact SET blind_index = $2, blind_version = $3
            WHERE person_id = $1 AND phone_enc = $4";
        let values: [Value; 4] = [
            row.person_id.into(),
            index.into(),
            version.into(),
            row.phone_enc.clone().into(),
        ];
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(rows.len() as u64)
}
