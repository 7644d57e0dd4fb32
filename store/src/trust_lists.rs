//! Signed trust lists as they were published; `certs` gives them meaning.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder};

use crate::PublicRead;
use crate::entity::certificates::trust_list;
use crate::{StoreError, time};

/// A published list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustListRow {
    /// Its version.
    pub version: u64,
    /// When it was signed.
    pub issued_at: DateTime<Utc>,
    /// End of its validity.
    pub valid_until: DateTime<Utc>,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// The signed bytes.
    pub body: Vec<u8>,
}

/// Keeps a list; a second one of the same version is a duplicate.
pub async fn put(db: &impl ConnectionTrait, row: &TrustListRow) -> Result<(), StoreError> {
    let model = trust_list::ActiveModel {
        version: Set(row.version.cast_signed()),
        issued_at: Set(time::millis(row.issued_at)),
        valid_until: Set(time::millis(row.valid_until)),
        sha256: Set(row.sha256.to_vec()),
        body: Set(row.body.clone()),
    };
    trust_list::Entity::insert(model)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The newest list.
pub async fn latest(db: &impl PublicRead) -> Result<Option<TrustListRow>, StoreError> {
    trust_list::Entity::find()
        .order_by_desc(trust_list::Column::Version)
        .one(db.connection())
        .await?
        .map(TrustListRow::try_from)
        .transpose()
}

/// The list of this version.
pub async fn version(
    db: &impl PublicRead,
    version: u64,
) -> Result<Option<TrustListRow>, StoreError> {
    let Ok(version) = i64::try_from(version) else {
        return Ok(None);
    };
    trust_list::Entity::find_by_id(version)
        .one(db.connection())
        .await?
        .map(TrustListRow::try_from)
        .transpose()
}

impl TryFrom<trust_list::Model> for TrustListRow {
    type Error = StoreError;

    fn try_from(row: trust_list::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("trust_list", row.version);
        Ok(Self {
            version: row.version.cast_unsigned(),
            issued_at: time::instant(row.issued_at)?,
            valid_until: time::instant(row.valid_until)?,
            sha256: row.sha256.as_slice().try_into().map_err(|_| bad())?,
            body: row.body,
        })
    }
}
