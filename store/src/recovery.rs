//! What the recovery of a restored registry reads and writes (trust.md BK-4).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::certificate::CertificateStatus;
use domain::ids::{CertificateId, LeafIndex};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement,
};
use uuid::Uuid;

use crate::entity::certificates::certificate;
use crate::{PublicRead, StoreError, time};

/// A certificate by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHash {
    /// Its id.
    pub id: CertificateId,
    /// Its status.
    pub status: CertificateStatus,
    /// Its status list.
    pub status_list: u32,
    /// Its revision.
    pub revision: i32,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    cose_sha256: Vec<u8>,
    status: String,
    status_list: i32,
    revision: i32,
}

/// The certificates with these hashes. It reads the whole table: nothing but a recovery asks so.
pub async fn by_hashes(
    db: &impl ConnectionTrait,
    hashes: &[[u8; 32]],
) -> Result<HashMap<[u8; 32], ByHash>, StoreError> {
    let mut found = HashMap::with_capacity(hashes.len());
    for chunk in hashes.chunks(5_000) {
        let rows = certificate::Entity::find()
            .select_only()
            .columns([
                certificate::Column::Id,
                certificate::Column::CoseSha256,
                certificate::Column::Status,
                certificate::Column::StatusList,
                certificate::Column::Revision,
            ])
            .filter(certificate::Column::CoseSha256.is_in(chunk.iter().map(|hash| hash.to_vec())))
            .into_model::<Row>()
            .all(db)
            .await?;
        for row in rows {
            let bad = || StoreError::inconsistent("certificate", row.id);
            let hash = <[u8; 32]>::try_from(row.cose_sha256.as_slice()).map_err(|_| bad())?;
            let known = ByHash {
                id: row.id.into(),
                status: row.status.parse().map_err(|_| bad())?,
                status_list: u32::try_from(row.status_list).map_err(|_| bad())?,
                revision: row.revision,
            };
            found.insert(hash, known);
        }
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct Least {
    least: i64,
}

/// The least number that may be given under this name; 1 when nothing was lost.
pub async fn floor(db: &impl PublicRead, name: &str) -> Result<u64, StoreError> {
    let db = db.connection();
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT least FROM number_floor WHERE name = $1",
        [name.into()],
    );
    let row = Least::find_by_statement(statement).one(db).await?;
    Ok(row.map_or(1, |row| row.least.cast_unsigned()))
}

/// Lets no number below `least` be given any more.
pub async fn raise_floor(
    db: &impl ConnectionTrait,
    name: &str,
    least: u64,
) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "INSERT INTO number_floor (name, least) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET least = excluded.least WHERE excluded.least > number_floor.least",
        [name.into(), least.cast_signed().into()],
    );
    db.execute_raw(statement).await?;
    Ok(())
}

/// A certificate that stands in the log and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Its hash.
    pub sha256: [u8; 32],
    /// Its leaf.
    pub leaf: LeafIndex,
    /// Time of the leaf.
    pub logged_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct LostRow {
    sha256: Vec<u8>,
    leaf_index: i64,
    logged_at: i64,
}

/// Keeps that certificates are in the log though their records are lost. The first of them had these places, list and index,
/// in the status lists; those of the others are not known.
pub async fn keep_lost(
    db: &impl ConnectionTrait,
    lost: &[Lost],
    places: &[(u32, u32)],
) -> Result<(), StoreError> {
    let small = |value: u32| {
        i32::try_from(value).map_err(|_| StoreError::inconsistent("status_list", value))
    };
    for (number, one) in lost.iter().enumerate() {
        let (list, index) = match places.get(number) {
            Some((list, index)) => (Some(small(*list)?), Some(small(*index)?)),
            None => (None, None),
        };
        let statement = Statement::from_sql_and_values(
            db.get_database_backend(),
            "INSERT INTO lost_certificate (sha256, leaf_index, logged_at, status_list, status_index)
             VALUES ($1, $2, $3, $4, $5)",
            [
                one.sha256.to_vec().into(),
                one.leaf.0.cast_signed().into(),
                time::millis(one.logged_at).into(),
                list.into(),
                index.into(),
            ],
        );
        db.execute_raw(statement).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct ListOf {
    status_list: Option<i32>,
}

/// Keeps what the log tells last of the status of such a certificate; answers the list in which it stands.
pub async fn set_lost_status(
    db: &impl ConnectionTrait,
    sha256: &[u8; 32],
    status: CertificateStatus,
) -> Result<Option<u32>, StoreError> {
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(
        backend,
        "UPDATE lost_certificate SET status = $1 WHERE sha256 = $2",
        [status.as_str().into(), sha256.to_vec().into()],
    );
    db.execute_raw(statement).await?;
    let sql = "SELECT status_list FROM lost_certificate WHERE sha256 = $1";
    let statement = Statement::from_sql_and_values(backend, sql, [sha256.to_vec().into()]);
    let row = ListOf::find_by_statement(statement).one(db).await?;
    row.and_then(|row| row.status_list)
        .map(|list| {
            u32::try_from(list).map_err(|_| StoreError::inconsistent("lost_certificate", list))
        })
        .transpose()
}

#[derive(FromQueryResult)]
struct Told {
    status_list: i32,
    status_index: i32,
    status: String,
}

/// List, index and status of those of them that are not in force by what the log told last: no act ever changes that.
pub async fn lost_not_in_force(
    db: &impl PublicRead,
) -> Result<Vec<(u32, u32, CertificateStatus)>, StoreError> {
    let db = db.connection();
    let sql = "SELECT status_list, status_index, status FROM lost_certificate
               WHERE status <> 'issued' AND status_index IS NOT NULL";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = Told::find_by_statement(statement).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("lost_certificate", row.status_index);
            Ok((
                u32::try_from(row.status_list).map_err(|_| bad())?,
                u32::try_from(row.status_index).map_err(|_| bad())?,
                row.status.parse().map_err(|_| bad())?,
            ))
        })
        .collect()
}

/// Which of these are such.
pub async fn lost(db: &impl PublicRead, hashes: &[[u8; 32]]) -> Result<Vec<Lost>, StoreError> {
    let db = db.connection();
    let mut found = Vec::new();
    for hash in hashes {
        let statement = Statement::from_sql_and_values(
            db.get_database_backend(),
            "SELECT sha256, leaf_index, logged_at FROM lost_certificate WHERE sha256 = $1",
            [hash.to_vec().into()],
        );
        if let Some(row) = LostRow::find_by_statement(statement).one(db).await? {
            let bad = || StoreError::inconsistent("lost_certificate", row.leaf_index);
            found.push(Lost {
                sha256: row.sha256.as_slice().try_into().map_err(|_| bad())?,
                leaf: LeafIndex(row.leaf_index.cast_unsigned()),
                logged_at: time::instant(row.logged_at)?,
            });
        }
    }
    Ok(found)
}

/// Whether there are any: hardly ever.
pub async fn any_lost(db: &impl PublicRead) -> Result<bool, StoreError> {
    let db = db.connection();
    let sql = "SELECT leaf_index AS least FROM lost_certificate LIMIT 1";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    Ok(Least::find_by_statement(statement).one(db).await?.is_some())
}
