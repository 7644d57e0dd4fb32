//! The second factors of an account side by side: one authenticator of codes, and any number of keys (trust.md AU-5).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Duration, Utc};
use domain::ids::AccountId;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::entity::access::{account, passkey, recovery_code, totp};
use crate::{StoreError, time};

/// Longest name of a credential (WebAuthn 4).
const CREDENTIAL_BYTES: usize = 1_023;
/// Seconds of a step of codes (RFC 6238).
const STEP_SECONDS: i64 = 30;

/// Which factor of an account: the authenticator of codes, or a key by the name under which it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactorId {
    /// The authenticator of codes.
    Codes,
    /// A key.
    Key(Vec<u8>),
}

impl fmt::Display for FactorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Codes => f.write_str("codes"),
            Self::Key(id) => write!(f, "key-{}", data_encoding::BASE64URL_NOPAD.encode(id)),
        }
    }
}

/// A text that names no factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFactor;

impl FromStr for FactorId {
    type Err = NoFactor;

    fn from_str(text: &str) -> Result<Self, NoFactor> {
        if text == "codes" {
            return Ok(Self::Codes);
        }
        let encoded = text.strip_prefix("key-").ok_or(NoFactor)?;
        let id = data_encoding::BASE64URL_NOPAD
            .decode(encoded.as_bytes())
            .map_err(|_| NoFactor)?;
        (1..=CREDENTIAL_BYTES)
            .contains(&id.len())
            .then_some(Self::Key(id))
            .ok_or(NoFactor)
    }
}

/// A second factor as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Which.
    pub id: FactorId,
    /// Name that its owner gave it; may be empty.
    pub name: String,
    /// When it was added.
    pub added_at: DateTime<Utc>,
    /// When it was last used.
    pub used_at: Option<DateTime<Utc>>,
}

/// Keeps changes to the factors of an account one after another: of two removals at once, the second sees the first.
pub async fn lock(db: &impl ConnectionTrait, account: AccountId) -> Result<(), StoreError> {
    account::Entity::find_by_id(account.uuid())
        .lock_exclusive()
        .one(db)
        .await?;
    Ok(())
}

/// The confirmed factors of an account, the one of codes first, then keys in order of their adding.
pub async fn list(
    db: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<Factor>, StoreError> {
    let mut all = Vec::new();
    if let Some(row) = totp::Entity::find_by_id(account.uuid()).one(db).await?
        && let Some(added_at) = row.confirmed_at
    {
        let used = row.last_step.saturating_mul(STEP_SECONDS);
        all.push(Factor {
            id: FactorId::Codes,
            name: row.name,
            added_at: time::instant(added_at)?,
            used_at: DateTime::UNIX_EPOCH
                .checked_add_signed(Duration::seconds(used))
                .filter(|_| used > 0),
        });
    }
    let keys = passkey::Entity::find()
        .filter(passkey::Column::AccountId.eq(account.uuid()))
        .order_by_asc(passkey::Column::AddedAt)
        .order_by_asc(passkey::Column::CredentialId)
        .all(db)
        .await?;
    for row in keys {
        all.push(Factor {
            id: FactorId::Key(row.credential_id),
            name: row.name,
            added_at: time::instant(row.added_at)?,
            used_at: time::optional_instant(row.used_at)?,
        });
    }
    Ok(all)
}

/// How many recovery codes of an account were not used yet.
pub async fn recovery_codes_left(
    db: &impl ConnectionTrait,
    account: AccountId,
) -> Result<u64, StoreError> {
    Ok(recovery_code::Entity::find()
        .filter(recovery_code::Column::AccountId.eq(account.uuid()))
        .filter(recovery_code::Column::UsedAt.is_null())
        .count(db)
        .await?)
}

/// Names a factor; answers whether the account has it.
pub async fn name(
    db: &impl ConnectionTrait,
    account: AccountId,
    id: &FactorId,
    name: &str,
) -> Result<bool, StoreError> {
    let done = match id {
        FactorId::Codes => {
            totp::Entity::update_many()
                .col_expr(totp::Column::Name, Expr::value(name))
                .filter(totp::Column::AccountId.eq(account.uuid()))
                .filter(totp::Column::ConfirmedAt.is_not_null())
                .exec(db)
                .await?
        }
        FactorId::Key(key) => {
            passkey::Entity::update_many()
                .col_expr(passkey::Column::Name, Expr::value(name))
                .filter(passkey::Column::AccountId.eq(account.uuid()))
                .filter(passkey::Column::CredentialId.eq(key.clone()))
                .exec(db)
                .await?
        }
    };
    Ok(done.rows_affected == 1)
}

/// Takes a factor away; answers whether the account had it.
pub async fn remove(
    db: &impl ConnectionTrait,
    account: AccountId,
    id: &FactorId,
) -> Result<bool, StoreError> {
    let done = match id {
        FactorId::Codes => {
            totp::Entity::delete_many()
                .filter(totp::Column::AccountId.eq(account.uuid()))
                .filter(totp::Column::ConfirmedAt.is_not_null())
                .exec(db)
                .await?
        }
        FactorId::Key(key) => {
            passkey::Entity::delete_many()
                .filter(passkey::Column::AccountId.eq(account.uuid()))
                .filter(passkey::Column::CredentialId.eq(key.clone()))
                .exec(db)
                .await?
        }
    };
    Ok(done.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_named_by_a_text_that_reads_back() {
        for id in [
            FactorId::Codes,
            FactorId::Key(vec![0]),
            FactorId::Key(vec![255; CREDENTIAL_BYTES]),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        let long = FactorId::Key(vec![1; CREDENTIAL_BYTES + 1]).to_string();
        for text in ["", "key-", "key-AA==", "key-+/", "Codes", "AA", &long] {
            assert_eq!(text.parse::<FactorId>(), Err(NoFactor), "{text:.20}");
        }
    }
}
