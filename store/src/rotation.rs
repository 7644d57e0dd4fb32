//! Changing the master key and the blind-index key while the registry runs (trust.md PI-1, PI-2).
//!
//! Each function does a small piece inside the caller's transaction and answers how many rows it touched; what is left
//! is told by the rows themselves, so a job that was killed goes on where it stood. Both versions of a key are in use
//! until the last row of the older one is gone.

use chrono::{DateTime, Utc};
use domain::ids::CertificateId;
use domain::{CertificateNo, PersonName};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::certificates::holder_index_at;
use crate::vault::{KeyKind, Vault, WrappedKey};
use crate::{StoreError, time};

mod kept;
mod secrets;

pub use kept::{kept, reindex_responses};
pub(crate) use secrets::learn_master;
pub use secrets::{
    COLUMNS, DRAFTS, EVIDENCE, FILES, OldFile, Place, SealedColumn, SealedFiles, all_learned,
    file_resealed, old_files, older, reseal_secrets,
};

/// A change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Its id.
    pub id: Uuid,
    /// The version that it leads to.
    pub to_version: i32,
    /// Whether no row of an older version is left.
    pub finished: bool,
    /// Rows done so far.
    pub done: i64,
}

#[derive(FromQueryResult)]
struct RotationRow {
    id: Uuid,
    to_version: i32,
    finished_at: Option<i64>,
    done_count: i64,
}

fn statement(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

fn for_update(db: &impl ConnectionTrait) -> &'static str {
    if db.get_database_backend() == DbBackend::Postgres {
        " FOR UPDATE SKIP LOCKED"
    } else {
        ""
    }
}

/// The newest change of a key, or `None` before the first.
pub async fn newest(
    db: &impl ConnectionTrait,
    kind: KeyKind,
) -> Result<Option<Rotation>, StoreError> {
    let sql = "SELECT id, to_version, finished_at, done_count FROM key_rotation
        WHERE kind = $1 ORDER BY to_version DESC LIMIT 1";
    let row = RotationRow::find_by_statement(statement(db, sql, [kind.as_str().into()]))
        .one(db)
        .await?;
    Ok(row.map(|row| Rotation {
        id: row.id,
        to_version: row.to_version,
        finished: row.finished_at.is_some(),
        done: row.done_count,
    }))
}

/// Notes that a change begins: from now on every process looks for the new version.
pub async fn begin(
    db: &impl ConnectionTrait,
    id: Uuid,
    kind: KeyKind,
    to_version: i32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO key_rotation (id, kind, to_version, started_at, done_count) VALUES ($1, $2, $3, $4, 0)";
    let values: [Value; 4] = [
        id.into(),
        kind.as_str().into(),
        to_version.into(),
        time::millis(now).into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

/// Notes progress.
pub async fn progress(db: &impl ConnectionTrait, id: Uuid, done: u64) -> Result<(), StoreError> {
    let sql = "UPDATE key_rotation SET done_count = done_count + $2 WHERE id = $1";
    db.execute_raw(statement(db, sql, [id.into(), done.cast_signed().into()]))
        .await?;
    Ok(())
}

/// Notes the end.
pub async fn finish(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE key_rotation SET finished_at = $2 WHERE id = $1";
    db.execute_raw(statement(db, sql, [id.into(), time::millis(now).into()]))
        .await?;
    Ok(())
}

/// Makes every version of the blind-index key known that a change has begun to use, so that a look-up misses nobody.
pub async fn learn_versions(db: &impl ConnectionTrait, vault: &Vault) -> Result<(), StoreError> {
    if let Some(rotation) = newest(db, KeyKind::BlindIndex).await? {
        vault.learn(KeyKind::BlindIndex, rotation.to_version)?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct PersonRow {
    id: Uuid,
    data_key: Vec<u8>,
    data_key_version: i32,
}

/// Wraps the data keys of at most `limit` persons under the newest master key. Values stay as they are: only their key
/// changes its cover. Destroyed keys have none.
pub async fn rewrap_persons(
    db: &impl ConnectionTrait,
    vault: &Vault,
    limit: u64,
) -> Result<u64, StoreError> {
    let sql = format!(
        "SELECT id, data_key, data_key_version FROM person
         WHERE data_key_version < $1 AND erased_at IS NULL ORDER BY data_key_version, id LIMIT $2{}",
        for_update(db)
    );
    let newest = vault.version(KeyKind::Master);
    let values = [newest.into(), limit.cast_signed().into()];
    let rows = PersonRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    for row in &rows {
        let old = WrappedKey {
            bytes: row.data_key.clone(),
            version: row.data_key_version,
        };
        let new = vault.rewrap(row.id, &old)?;
        let sql = "UPDATE person SET data_key = $2, data_key_version = $3
            WHERE id = $1 AND data_key_version = $4 AND erased_at IS NULL";
        let values: [Value; 4] = [
            row.id.into(),
            new.bytes.into(),
            new.version.into(),
            row.data_key_version.into(),
        ];
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(rows.len() as u64)
}

#[derive(FromQueryResult)]
struct IdentifierRow {
    id: Uuid,
    kind: String,
    value_enc: Vec<u8>,
    person_id: Uuid,
    data_key: Vec<u8>,
    data_key_version: i32,
}

/// Indexes at most `limit` identifiers under the newest blind-index key.
pub async fn reindex_identifiers(
    db: &impl ConnectionTrait,
    vault: &Vault,
    limit: u64,
) -> Result<u64, StoreError> {
    let newest = vault.version(KeyKind::BlindIndex);
    let sql = "SELECT i.id, i.kind, i.value_enc, i.person_id, p.data_key, p.data_key_version
         FROM person_identifier i JOIN person p ON p.id = i.person_id
         WHERE i.blind_version < $1 AND p.erased_at IS NULL ORDER BY i.blind_version, i.id LIMIT $2";
    let values = [newest.into(), limit.cast_signed().into()];
    let rows = IdentifierRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    for row in &rows {
        let wrapped = WrappedKey {
            bytes: row.data_key.clone(),
            version: row.data_key_version,
        };
        let key = vault.open_data_key(row.person_id, &wrapped)?;
        let value = key.open_text(crate::persons::IDENTIFIER_VALUE, row.id, &row.value_enc)?;
        let index = vault.blind_index_at(newest, &row.kind, &value)?;
        let sql = "UPDATE person_identifier SET blind_index = $2, blind_version = $3 WHERE id = $1";
        let values: [Value; 3] = [row.id.into(), index.to_vec().into(), newest.into()];
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(rows.len() as u64)
}

#[derive(FromQueryResult)]
struct HolderRow {
    id: Uuid,
    certificate_no: String,
}

/// Certificates whose holder is indexed under an older key; their signed bytes tell the name.
pub async fn stale_holders(
    db: &impl ConnectionTrait,
    vault: &Vault,
    limit: u64,
) -> Result<Vec<(CertificateId, CertificateNo)>, StoreError> {
    let sql = "SELECT c.id, c.certificate_no FROM certificate c JOIN person p ON p.id = c.person_id
         WHERE c.holder_version < $1 AND p.erased_at IS NULL ORDER BY c.holder_version, c.id LIMIT $2";
    let values = [
        vault.version(KeyKind::BlindIndex).into(),
        limit.cast_signed().into(),
    ];
    HolderRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let number = row
                .certificate_no
                .parse()
                .map_err(|_| StoreError::inconsistent("certificate", row.id))?;
            Ok((row.id.into(), number))
        })
        .collect()
}

/// Indexes the holder of a certificate under the newest blind-index key.
pub async fn reindex_holder(
    db: &impl ConnectionTrait,
    vault: &Vault,
    id: CertificateId,
    number: &CertificateNo,
    name: &PersonName,
) -> Result<(), StoreError> {
    let newest = vault.version(KeyKind::BlindIndex);
    let index = holder_index_at(vault, newest, number, name)?;
    let sql = "UPDATE certificate SET holder_index = $2, holder_version = $3 WHERE id = $1";
    let values: [Value; 3] = [id.uuid().into(), index.to_vec().into(), newest.into()];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct PlaceRow {
    place: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Forgets the digests of roster rows, `limit` enrolments at a time: made anew by the next roster, which then counts a
/// row as changed once. Where it stands is kept with the rotation.
pub async fn forget_row_digests(
    db: &impl ConnectionTrait,
    rotation: Uuid,
    limit: u64,
) -> Result<u64, StoreError> {
    let place = PlaceRow::find_by_statement(statement(
        db,
        "SELECT place FROM key_rotation WHERE id = $1",
        [rotation.into()],
    ))
    .one(db)
    .await?
    .and_then(|row| row.place)
    .unwrap_or_default();
    let sql = "SELECT id FROM enrolment WHERE id > $1 ORDER BY id LIMIT $2";
    let values = [place.into(), limit.cast_signed().into()];
    let rows = IdRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    let Some(last) = rows.last() else {
        return Ok(0);
    };
    let sql = "UPDATE enrolment SET row_digest = $3 WHERE id > $1 AND id <= $2";
    let values: [Value; 3] = [place.into(), last.id.into(), Vec::<u8>::new().into()];
    db.execute_raw(statement(db, sql, values)).await?;
    let sql = "UPDATE key_rotation SET place = $2 WHERE id = $1";
    db.execute_raw(statement(db, sql, [rotation.into(), last.id.into()]))
        .await?;
    Ok(rows.len() as u64)
}
