//! Snapshots of registers, and the times in which a register did not answer.

use chrono::{DateTime, NaiveDate, Utc};
use domain::evidence::Source;
use domain::ids::{RegisterSnapshotId, StaffPersonId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use crate::entity::evidence::{register_outage, register_snapshot};
use crate::vault::{KeyKind, Vault};
use crate::{StoreError, time};

/// Label of the keyed digest of a register's file.
const FILE: &str = "register_snapshot.file";

/// A snapshot of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterSnapshot {
    /// Its id.
    pub id: RegisterSnapshotId,
    /// Which register.
    pub source: Source,
    /// Whose.
    pub federation: String,
    /// The day it tells about.
    pub as_of: NaiveDate,
    /// SHA-256 of the file; kept under the blind-index key alone, since a list of persons can be guessed.
    pub sha256: [u8; 32],
    /// Rows; rows with a fault; rows about people who are known here; episodes written.
    pub counts: [u32; 4],
    /// Who uploaded it.
    pub by: StaffPersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Writes a snapshot; the same file again is a duplicate, under whichever version of the key it was kept.
pub async fn insert_snapshot(
    db: &impl ConnectionTrait,
    vault: &Vault,
    new: &RegisterSnapshot,
) -> Result<(), StoreError> {
    use register_snapshot::Column as C;
    crate::rotation::learn_versions(db, vault).await?;
    let indexes = vault.blind_indexes(FILE, &data_encoding::HEXLOWER.encode(&new.sha256));
    let before = register_snapshot::Entity::find()
        .filter(C::Source.eq(new.source.as_str()))
        .filter(C::Federation.eq(new.federation.as_str()))
        .filter(C::FileIndex.is_in(indexes.iter().map(|index| index.to_vec())))
        .one(db)
        .await?;
    if before.is_some() {
        return Err(StoreError::Duplicate("register snapshot"));
    }
    let row = register_snapshot::Model {
        id: new.id.uuid(),
        source: new.source.as_str().to_owned(),
        federation: new.federation.clone(),
        as_of: new.as_of.to_string(),
        file_index: indexes.first().map(|index| index.to_vec()),
        blind_version: vault.version(KeyKind::BlindIndex),
        row_count: new.counts[0].cast_signed(),
        fault_count: new.counts[1].cast_signed(),
        known_count: new.counts[2].cast_signed(),
        written_count: new.counts[3].cast_signed(),
        uploaded_by: new.by.uuid(),
        uploaded_at: time::millis(new.at),
    };
    register_snapshot::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Declares that a source of a province did not answer.
#[expect(clippy::too_many_arguments, reason = "the row as it is")]
pub async fn insert_outage(
    db: &impl ConnectionTrait,
    id: Uuid,
    federation: &str,
    source: Source,
    kind: domain::grading::OutageKind,
    from: NaiveDate,
    until: NaiveDate,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = register_outage::Model {
        id,
        federation: federation.to_owned(),
        source: source.as_str().to_owned(),
        kind: kind.as_str().to_owned(),
        from_on: from.to_string(),
        until_on: until.to_string(),
        declared_by: by.uuid(),
        declared_at: time::millis(now),
    };
    register_outage::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}
