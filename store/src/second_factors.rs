//! Second factors of accounts: a sealed TOTP secret whose steps count once, and recovery codes (trust.md AU-5).

use chrono::{DateTime, Utc};
use domain::ids::AccountId;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use zeroize::Zeroizing;

use crate::entity::access::{passkey, recovery_code, totp};
use crate::vault::Vault;
use crate::{StoreError, time};

pub(crate) const SECRET: &str = "totp.secret";

/// The TOTP secret of an account, opened.
pub struct Totp {
    /// The secret.
    pub secret: Zeroizing<Vec<u8>>,
    /// Whether its owner has shown that they hold it.
    pub confirmed: bool,
    /// The last step that was used.
    pub last_step: i64,
}

/// Shows no secret.
impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Totp")
            .field("confirmed", &self.confirmed)
            .finish_non_exhaustive()
    }
}

/// The secret of an account, or `None`.
pub async fn find(
    db: &impl ConnectionTrait,
    vault: &Vault,
    account: AccountId,
) -> Result<Option<Totp>, StoreError> {
    let Some(row) = totp::Entity::find_by_id(account.uuid()).one(db).await? else {
        return Ok(None);
    };
    let secret = vault.open_registry_secret(SECRET, row.account_id, &row.secret_enc)?;
    Ok(Some(Totp {
        secret: Zeroizing::new(secret),
        confirmed: row.confirmed_at.is_some(),
        last_step: row.last_step,
    }))
}

/// Whether an account has a confirmed second factor of either kind.
pub async fn enrolled(db: &impl ConnectionTrait, account: AccountId) -> Result<bool, StoreError> {
    Ok(!crate::factors::list(db, account).await?.is_empty())
}

/// Keeps a new secret with its name, waiting for its confirmation; it replaces one that was never confirmed.
pub async fn begin(
    db: &impl ConnectionTrait,
    vault: &Vault,
    account: AccountId,
    secret: &[u8],
    name: &str,
) -> Result<(), StoreError> {
    let row = totp::ActiveModel {
        account_id: Set(account.uuid()),
        secret_enc: Set(vault.seal_registry_secret(SECRET, account.uuid(), secret)?),
        confirmed_at: Set(None),
        last_step: Set(0),
        name: Set(name.to_owned()),
    };
    totp::Entity::insert(row)
        .on_conflict(
            OnConflict::column(totp::Column::AccountId)
                .update_columns([
                    totp::Column::SecretEnc,
                    totp::Column::LastStep,
                    totp::Column::Name,
                ])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Uses up a step; answers whether it had not been used. One statement: of two at once, one gets it.
pub async fn use_step(
    db: &impl ConnectionTrait,
    account: AccountId,
    step: i64,
) -> Result<bool, StoreError> {
    let done = totp::Entity::update_many()
        .col_expr(totp::Column::LastStep, Expr::val(step))
        .filter(totp::Column::AccountId.eq(account.uuid()))
        .filter(totp::Column::LastStep.lt(step))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Confirms the secret.
pub async fn confirm(
    db: &impl ConnectionTrait,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    totp::Entity::update_many()
        .col_expr(totp::Column::ConfirmedAt, Expr::val(time::millis(now)))
        .filter(totp::Column::AccountId.eq(account.uuid()))
        .exec(db)
        .await?;
    Ok(())
}

/// Replaces the recovery codes of an account.
pub async fn replace_recovery_codes(
    db: &impl ConnectionTrait,
    account: AccountId,
    code_macs: &[[u8; 32]],
) -> Result<(), StoreError> {
    remove_recovery_codes(db, account).await?;
    let rows = code_macs.iter().map(|mac| recovery_code::ActiveModel {
        account_id: Set(account.uuid()),
        code_mac: Set(mac.to_vec()),
        used_at: Set(None),
    });
    recovery_code::Entity::insert_many(rows)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Uses up a recovery code; answers whether there was one.
pub async fn use_recovery_code(
    db: &impl ConnectionTrait,
    account: AccountId,
    macs: &[[u8; 32]],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = recovery_code::Entity::update_many()
        .col_expr(recovery_code::Column::UsedAt, Expr::val(time::millis(now)))
        .filter(recovery_code::Column::AccountId.eq(account.uuid()))
        .filter(recovery_code::Column::CodeMac.is_in(macs.iter().map(|mac| mac.to_vec())))
        .filter(recovery_code::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Takes the recovery codes away, with the last factor that they stand in for.
pub async fn remove_recovery_codes(
    db: &impl ConnectionTrait,
    account: AccountId,
) -> Result<(), StoreError> {
    recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::AccountId.eq(account.uuid()))
        .exec(db)
        .await?;
    Ok(())
}

/// Takes every second factor away: after an officer has checked who asks.
pub async fn remove(db: &impl ConnectionTrait, account: AccountId) -> Result<(), StoreError> {
    remove_recovery_codes(db, account).await?;
    totp::Entity::delete_by_id(account.uuid()).exec(db).await?;
    passkey::Entity::delete_many()
        .filter(passkey::Column::AccountId.eq(account.uuid()))
        .exec(db)
        .await?;
    Ok(())
}
