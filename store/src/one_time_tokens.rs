//! Tokens that open once: invitation, password reset, sign-in code; and where they are delivered to.

use chrono::{DateTime, Utc};
use domain::ids::AccountId;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::entity::access::{account_contact, one_time_token};
use crate::privacy::statement;
use crate::vault::Vault;
use crate::{StoreError, time};

domain::text_enum! {
    /// What a token opens.
    Purpose("purpose of a token") {
        /// A new account chooses its first password.
        Invitation = "invitation",
        /// A forgotten password.
        PasswordReset = "password_reset",
        /// A trainee signs in.
        SignIn = "sign_in",
    }
}

domain::text_enum! {
    /// How a person is reached.
    ContactKind("kind of contact") {
        /// Electronic mail.
        Email = "email",
        /// Text message.
        Phone = "phone",
    }
}

/// Keeps a token; earlier ones of the same account and purpose open nothing any more.
pub async fn keep(
    db: &impl ConnectionTrait,
    mac: &[u8; 32],
    purpose: Purpose,
    account: AccountId,
    by: Option<AccountId>,
    now: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    one_time_token::Entity::update_many()
        .col_expr(one_time_token::Column::UsedAt, Expr::val(time::millis(now)))
        .filter(one_time_token::Column::AccountId.eq(account.uuid()))
        .filter(one_time_token::Column::Purpose.eq(purpose.as_str()))
        .filter(one_time_token::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    let row = one_time_token::ActiveModel {
        token_mac: Set(mac.to_vec()),
        purpose: Set(purpose.as_str().to_owned()),
        account_id: Set(account.uuid()),
        created_by: Set(by.map(AccountId::uuid)),
        created_at: Set(time::millis(now)),
        ends_at: Set(time::millis(ends_at)),
        used_at: Set(None),
    };
    one_time_token::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// How many tokens of a purpose an account was given since a moment.
pub async fn count_since(
    db: &impl ConnectionTrait,
    account: AccountId,
    purpose: Purpose,
    since: DateTime<Utc>,
) -> Result<u64, StoreError> {
    Ok(one_time_token::Entity::find()
        .filter(one_time_token::Column::AccountId.eq(account.uuid()))
        .filter(one_time_token::Column::Purpose.eq(purpose.as_str()))
        .filter(one_time_token::Column::CreatedAt.gt(time::millis(since)))
        .count(db)
        .await?)
}

/// The account that an unused token in time would open; the token stays unused.
pub async fn peek(
    db: &impl ConnectionTrait,
    macs: &[[u8; 32]],
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<AccountId>, StoreError> {
    let macs = macs.iter().map(|mac| mac.to_vec());
    Ok(one_time_token::Entity::find()
        .filter(one_time_token::Column::TokenMac.is_in(macs))
        .filter(one_time_token::Column::Purpose.eq(purpose.as_str()))
        .filter(one_time_token::Column::UsedAt.is_null())
        .filter(one_time_token::Column::EndsAt.gt(time::millis(now)))
        .one(db)
        .await?
        .map(|row| row.account_id.into()))
}

/// Whose token it is, also when it opens nothing any more.
pub async fn account_of(
    db: &impl ConnectionTrait,
    macs: &[[u8; 32]],
) -> Result<Option<AccountId>, StoreError> {
    let macs = macs.iter().map(|mac| mac.to_vec());
    Ok(one_time_token::Entity::find()
        .filter(one_time_token::Column::TokenMac.is_in(macs))
        .one(db)
        .await?
        .map(|row| row.account_id.into()))
}

/// Ends every unused token of an account.
pub async fn end_all(
    db: &impl ConnectionTrait,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    one_time_token::Entity::update_many()
        .col_expr(one_time_token::Column::UsedAt, Expr::val(time::millis(now)))
        .filter(one_time_token::Column::AccountId.eq(account.uuid()))
        .filter(one_time_token::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Uses a token up and answers its account; `None` when it is unknown, used or too late. Of two at once one gets it.
pub async fn take(
    db: &impl ConnectionTrait,
    macs: &[[u8; 32]],
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<AccountId>, StoreError> {
    let Some(account) = peek(db, macs, purpose, now).await? else {
        return Ok(None);
    };
    let done = one_time_token::Entity::update_many()
        .col_expr(one_time_token::Column::UsedAt, Expr::val(time::millis(now)))
        .filter(one_time_token::Column::TokenMac.is_in(macs.iter().map(|mac| mac.to_vec())))
        .filter(one_time_token::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    Ok((done.rows_affected == 1).then_some(account))
}

/// Where the holder of an account is reached.
pub struct Contact {
    /// How.
    pub kind: ContactKind,
    /// Address or number.
    pub value: Zeroizing<String>,
}

/// Shows no address.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

pub(crate) const CONTACT: &str = "account_contact.value";

/// Keeps where the holder of an account is reached.
pub async fn keep_contact(
    db: &impl ConnectionTrait,
    vault: &Vault,
    account: AccountId,
    kind: ContactKind,
    value: &str,
) -> Result<(), StoreError> {
    let row = account_contact::ActiveModel {
        account_id: Set(account.uuid()),
        kind: Set(kind.as_str().to_owned()),
        value_enc: Set(vault.seal_registry_secret(CONTACT, account.uuid(), value.as_bytes())?),
    };
    account_contact::Entity::insert(row)
        .on_conflict(
            OnConflict::column(account_contact::Column::AccountId)
                .update_columns([
                    account_contact::Column::Kind,
                    account_contact::Column::ValueEnc,
                ])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Whether a human being of this name has an account that is reached at this contact.
pub async fn is_reached(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person_name: &str,
    kind: ContactKind,
    value: &str,
) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        account_id: Uuid,
        value_enc: Vec<u8>,
    }
    // One number or address written in two ways is one.
    let plain = |text: &str| match kind {
        ContactKind::Phone => text
            .parse::<domain::Phone>()
            .map_or_else(|_| text.to_owned(), |phone| phone.expose().to_owned()),
        ContactKind::Email => text.trim().to_lowercase(),
    };
    let sql = "SELECT c.account_id, c.value_enc FROM account_contact c JOIN account a ON a.id = c.account_id
        JOIN staff_person s ON s.id = a.staff_person_id WHERE s.name = $1 AND c.kind = $2";
    let values = [person_name.into(), kind.as_str().into()];
    let rows = Row::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    for row in rows {
        let bytes =
            Zeroizing::new(vault.open_registry_secret(CONTACT, row.account_id, &row.value_enc)?);
        if std::str::from_utf8(&bytes).is_ok_and(|held| plain(held) == plain(value)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where the holder of an account is reached, or `None`.
pub async fn contact(
    db: &impl ConnectionTrait,
    vault: &Vault,
    account: AccountId,
) -> Result<Option<Contact>, StoreError> {
    let Some(row) = account_contact::Entity::find_by_id(account.uuid())
        .one(db)
        .await?
    else {
        return Ok(None);
    };
    let bytes = vault.open_registry_secret(CONTACT, row.account_id, &row.value_enc)?;
    let bad = || StoreError::inconsistent("account_contact", row.account_id);
    Ok(Some(Contact {
        kind: row.kind.parse().map_err(|_| bad())?,
        value: Zeroizing::new(String::from_utf8(bytes).map_err(|_| bad())?),
    }))
}
