//! What is sealed under the master key itself, beside the data keys of persons: columns, and files that a row names.
//!
//! These two tables are all of it. Whoever seals another secret under the master key adds it here, or the key that opens
//! it is put away one day: a test compares the tables with the labels of all callers (`tests/it/personal_data/keys.rs`).

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value};
use uuid::Uuid;

use super::{for_update, statement};
use crate::StoreError;
use crate::certificates::{SEED, row_id};
use crate::vault::{KeyKind, Vault};

/// A column of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedColumn {
    /// What its values are bound to beside their row.
    pub label: &'static str,
    table: &'static str,
    key: &'static str,
    column: &'static str,
}

const fn column(
    label: &'static str,
    table: &'static str,
    key: &'static str,
    column: &'static str,
) -> SealedColumn {
    SealedColumn {
        label,
        table,
        key,
        column,
    }
}

/// Every column of secrets of the registry: seeds of the status lists, second factors, contacts of accounts, senders of
/// objections, keys of the pseudonyms of a freeze.
pub const COLUMNS: [SealedColumn; 5] = [
    column(SEED, "status_list", "id", "seed_enc"),
    column(
        crate::second_factors::SECRET,
        "totp",
        "account_id",
        "secret_enc",
    ),
    column(
        crate::one_time_tokens::CONTACT,
        "account_contact",
        "account_id",
        "value_enc",
    ),
    column(crate::objections::SENDER, "objection", "id", "sender_enc"),
    column(
        crate::grading::FREEZE_KEY,
        "grading_freeze",
        "id",
        "key_enc",
    ),
];

/// Files that lie sealed in the folder; the row that names one tells the version it is sealed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedFiles {
    /// What their bytes are bound to beside the row.
    pub label: &'static str,
    table: &'static str,
    /// Rows whose file is to be there.
    kept: &'static str,
}

/// Evidence.
pub const EVIDENCE: SealedFiles = SealedFiles {
    label: "evidence_file",
    table: "evidence_file",
    kept: "removed_at IS NULL",
};
/// Files of registers that wait for a confirmation.
pub const DRAFTS: SealedFiles = SealedFiles {
    label: "register_draft",
    table: "register_draft",
    kept: "stored_name IS NOT NULL",
};
/// Every kind of sealed file.
pub const FILES: [SealedFiles; 2] = [EVIDENCE, DRAFTS];

/// Where a job stands that goes through all secrets.
#[derive(Clone, Debug, Default)]
pub struct Place {
    at: usize,
    after: Option<Value>,
}

/// The first bytes of what is sealed under a version.
fn head(version: i32) -> Value {
    version.to_be_bytes().to_vec().into()
}

/// Seals at most `limit` of the registry's own secrets anew that are under an older key, from a place on; none is left
/// behind it when 0 is answered, but for rows that others held meanwhile: [`older`] counts them.
pub async fn reseal_secrets(
    db: &impl ConnectionTrait,
    vault: &Vault,
    place: &mut Place,
    limit: u64,
) -> Result<u64, StoreError> {
    let newest = vault.version(KeyKind::Master);
    while let Some(of) = COLUMNS.get(place.at) {
        let SealedColumn {
            label,
            table,
            key,
            column,
        } = of;
        let from = place
            .after
            .as_ref()
            .map_or(String::new(), |_| format!(" AND {key} > $3"));
        let sql = format!(
            "SELECT {key} AS id, {column} AS sealed FROM {table}
             WHERE {column} IS NOT NULL AND substr({column}, 1, 4) < $1{from} ORDER BY {key} LIMIT $2{}",
            for_update(db)
        );
        let values = [head(newest), limit.cast_signed().into()]
            .into_iter()
            .chain(place.after.clone());
        let rows = db.query_all_raw(statement(db, sql, values)).await?;
        if rows.is_empty() {
            *place = Place {
                at: place.at + 1,
                after: None,
            };
            continue;
        }
        for row in &rows {
            let sealed: Vec<u8> = row.try_get("", "sealed")?;
            let (id, bound): (Value, Uuid) = if *label == SEED {
                let id: i32 = row.try_get("", "id")?;
                let bound = u32::try_from(id)
                    .map(row_id)
                    .map_err(|_| StoreError::inconsistent("status_list", id))?;
                (id.into(), bound)
            } else {
                let id: Uuid = row.try_get("", "id")?;
                (id.into(), id)
            };
            let plain = vault.open_registry_secret(label, bound, &sealed)?;
            let plain = zeroize::Zeroizing::new(plain);
            let new = vault.seal_registry_secret(label, bound, &plain)?;
            let sql =
                format!("UPDATE {table} SET {column} = $2 WHERE {key} = $1 AND {column} = $3");
            let values = [id.clone(), new.into(), sealed.into()];
            db.execute_raw(statement(db, sql, values)).await?;
            place.after = Some(id);
        }
        return Ok(rows.len() as u64);
    }
    Ok(0)
}

/// A file that is sealed under an older key.
#[derive(Clone, Debug, FromQueryResult)]
pub struct OldFile {
    /// Its row.
    pub id: Uuid,
    /// Where it lies.
    pub stored_name: String,
}

/// At most `limit` files of a kind that are under an older key, by their ids, from behind one.
pub async fn old_files(
    db: &impl ConnectionTrait,
    vault: &Vault,
    of: SealedFiles,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<OldFile>, StoreError> {
    let sql = format!(
        "SELECT id, stored_name FROM {} WHERE {} AND sealed_version < $1 AND id > $2 ORDER BY id LIMIT $3",
        of.table, of.kept
    );
    let newest = vault.version(KeyKind::Master);
    let values: [Value; 3] = [
        newest.into(),
        after.unwrap_or_default().into(),
        limit.cast_signed().into(),
    ];
    Ok(OldFile::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?)
}

/// Notes where a file lies now and under which version; `false` when its row names another file or none any more.
pub async fn file_resealed(
    db: &impl ConnectionTrait,
    of: SealedFiles,
    old: &OldFile,
    stored_name: &str,
    version: i32,
) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE {} SET stored_name = $3, sealed_version = $4 WHERE id = $1 AND stored_name = $2 AND {}",
        of.table, of.kept
    );
    let values: [Value; 4] = [
        old.id.into(),
        old.stored_name.as_str().into(),
        stored_name.into(),
        version.into(),
    ];
    let done = db.execute_raw(statement(db, sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

#[derive(FromQueryResult)]
struct CountRow {
    number: i64,
}

/// How many rows are under an older master key than the newest: data keys of persons, secrets, files.
pub async fn older(db: &impl ConnectionTrait, vault: &Vault) -> Result<u64, StoreError> {
    let newest = vault.version(KeyKind::Master);
    let persons =
        "SELECT COUNT(*) AS number FROM person WHERE data_key_version < $1 AND erased_at IS NULL";
    let mut asked = vec![(persons.to_owned(), Value::from(newest))];
    for of in COLUMNS {
        let (table, column) = (of.table, of.column);
        let sql = format!(
            "SELECT COUNT(*) AS number FROM {table} WHERE {column} IS NOT NULL AND substr({column}, 1, 4) < $1"
        );
        asked.push((sql, head(newest)));
    }
    for of in FILES {
        let sql = format!(
            "SELECT COUNT(*) AS number FROM {} WHERE {} AND sealed_version < $1",
            of.table, of.kept
        );
        asked.push((sql, newest.into()));
    }
    let mut older = 0;
    for (sql, value) in asked {
        let row = CountRow::find_by_statement(statement(db, sql, [value]))
            .one(db)
            .await?;
        older += row.map_or(0, |row| row.number.cast_unsigned());
    }
    Ok(older)
}

/// What every write transaction holds, and what the end of a change waits for: 2026-11, "master key".
const LOCK: i64 = 7_206_332;

#[derive(FromQueryResult)]
struct VersionRow {
    version: Option<i32>,
}

/// Makes the newest master key known that a change has begun to use, at the beginning of a write transaction: what it
/// makes is not under an older one. On PostgreSQL the transaction is known to [`all_learned`] until it ends.
pub(crate) async fn learn_master(
    db: &impl ConnectionTrait,
    vault: &Vault,
) -> Result<(), StoreError> {
    let held = if db.get_database_backend() == DbBackend::Postgres {
        format!(", pg_advisory_xact_lock_shared({LOCK})::text AS held")
    } else {
        String::new()
    };
    let sql = format!(
        "SELECT (SELECT MAX(to_version) FROM key_rotation WHERE kind = $1) AS version{held}"
    );
    let kind = KeyKind::Master.as_str().into();
    let row = VersionRow::find_by_statement(statement(db, sql, [kind]))
        .one(db)
        .await?;
    match row.and_then(|row| row.version) {
        Some(version) => vault.learn(KeyKind::Master, version),
        None => Ok(()),
    }
}

/// Waits for the write transactions that began before: those behind them know the newest master key. `false` when one of
/// them lasts longer than a lock is waited for. It is the first thing that a transaction does.
pub async fn all_learned(db: &impl ConnectionTrait) -> Result<bool, StoreError> {
    // On SQLite there is one writer, and this is it.
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let sql = format!("SELECT pg_advisory_xact_lock({LOCK})");
    match db.execute_unprepared(&sql).await.map_err(StoreError::from) {
        Ok(_) => Ok(true),
        Err(error) if error.is_lock_timeout() => Ok(false),
        Err(error) => Err(error),
    }
}
