//! Share links: who holds the token may open a certificate's files until it ends; each opening is kept.

use chrono::{DateTime, Utc};
use domain::ids::{AccountId, CertificateId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    Statement,
};
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

/// A share link as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedLink {
    /// SHA-256 of the token.
    pub token_sha256: [u8; 32],
    /// Who made it.
    pub created_by: AccountId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// End.
    pub expires_at: DateTime<Utc>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// How often a file was opened by it, as far as that is kept.
    pub openings: u64,
    /// The last time.
    pub last_opened_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct SharedRow {
    token_sha256: Vec<u8>,
    created_by: Uuid,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    openings: i64,
    last_at: Option<i64>,
}

/// The share links of a certificate, newest first, whoever made them.
pub async fn shares_of(
    db: &impl ConnectionTrait,
    certificate: CertificateId,
) -> Result<Vec<SharedLink>, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT l.token_sha256, l.created_by, l.created_at, l.expires_at, l.revoked_at, COUNT(a.id) AS openings, MAX(a.at) AS last_at
         FROM share_link l LEFT JOIN share_access a ON a.token_sha256 = l.token_sha256 WHERE l.certificate_id = $1
         GROUP BY l.token_sha256, l.created_by, l.created_at, l.expires_at, l.revoked_at
         ORDER BY l.created_at DESC, l.token_sha256",
        [certificate.uuid().into()],
    );
    SharedRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("share_link", certificate);
            Ok(SharedLink {
                token_sha256: row.token_sha256.try_into().map_err(|_| bad())?,
                created_by: row.created_by.into(),
                created_at: time::instant(row.created_at)?,
                expires_at: time::instant(row.expires_at)?,
                revoked_at: time::optional_instant(row.revoked_at)?,
                openings: u64::try_from(row.openings).map_err(|_| bad())?,
                last_opened_at: time::optional_instant(row.last_at)?,
            })
        })
        .collect()
}

/// Takes a share link of a certificate back; false where there is none, or it was taken back before.
pub async fn revoke_share(
    db: &impl ConnectionTrait,
    certificate: CertificateId,
    token_sha256: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = share_link::Entity::update_many()
        .col_expr(
            share_link::Column::RevokedAt,
            Expr::value(time::millis(now)),
        )
        .filter(share_link::Column::TokenSha256.eq(token_sha256.to_vec()))
        .filter(share_link::Column::CertificateId.eq(certificate.uuid()))
        .filter(share_link::Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}
