//! Share links: who holds the token may open a certificate's files until it ends; each opening is kept.

use chrono::{DateTime, Utc};
use domain::ids::{AccountId, CertificateId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::entity::certificates::{share_access, share_link};
use crate::{StoreError, time};

/// A share link; the token itself is not kept, only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareLink {
    /// SHA-256 of the token.
    pub token_sha256: [u8; 32],
    /// The certificate it opens.
    pub certificate: CertificateId,
    /// End.
    pub expires_at: DateTime<Utc>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Writes a share link.
pub async fn insert_share(
    db: &impl ConnectionTrait,
    link: &ShareLink,
    by: AccountId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = share_link::ActiveModel {
        token_sha256: Set(link.token_sha256.to_vec()),
        certificate_id: Set(link.certificate.uuid()),
        created_by: Set(by.uuid()),
        created_at: Set(time::millis(now)),
        expires_at: Set(time::millis(link.expires_at)),
        revoked_at: Set(None),
    };
    share_link::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The share link of a token hash.
pub async fn share(
    db: &impl ConnectionTrait,
    token_sha256: &[u8; 32],
) -> Result<Option<ShareLink>, StoreError> {
    let Some(row) = share_link::Entity::find_by_id(token_sha256.to_vec())
        .one(db)
        .await?
    else {
        return Ok(None);
    };
    Ok(Some(ShareLink {
        token_sha256: *token_sha256,
        certificate: row.certificate_id.into(),
        expires_at: time::instant(row.expires_at)?,
        revoked_at: time::optional_instant(row.revoked_at)?,
    }))
}

/// Keeps that a file was opened through a link.
pub async fn note_share_access(
    db: &impl ConnectionTrait,
    id: Uuid,
    token_sha256: &[u8; 32],
    file: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = share_access::ActiveModel {
        id: Set(id),
        token_sha256: Set(token_sha256.to_vec()),
        file: Set(file.to_owned()),
        at: Set(time::millis(now)),
    };
    share_access::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}
