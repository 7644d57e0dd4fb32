//! Keys of authenticators (WebAuthn), and challenges that are answered once and in time (trust.md AU-5).

use chrono::{DateTime, Utc};
use domain::ids::{AccountId, SessionId};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use crate::entity::access::{passkey, passkey_challenge};
use crate::{StoreError, time};

/// What a challenge was made for: an answer to one is none to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new key.
    Enrol,
    /// A proof with a key that is enrolled.
    Prove,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Prove => "prove",
        }
    }
}

/// The key of an authenticator. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Under which name the authenticator knows it.
    pub credential_id: Vec<u8>,
    /// The public key (COSE_Key).
    pub public_key: Vec<u8>,
    /// How often it signed, as the authenticator counts; zero where it does not count.
    pub counter: u32,
    /// How the browser reaches it ("usb", "internal").
    pub transports: Vec<String>,
    /// Name that its owner gave it; may be empty.
    pub name: String,
}

impl TryFrom<passkey::Model> for Passkey {
    type Error = StoreError;

    fn try_from(row: passkey::Model) -> Result<Self, StoreError> {
        let wrong = || StoreError::inconsistent("passkey", row.account_id);
        Ok(Self {
            counter: u32::try_from(row.counter).map_err(|_| wrong())?,
            transports: serde_json::from_str(&row.transports).map_err(|_| wrong())?,
            credential_id: row.credential_id,
            public_key: row.public_key,
            name: row.name,
        })
    }
}

/// The keys of an account, in order of their adding.
pub async fn of(db: &impl ConnectionTrait, account: AccountId) -> Result<Vec<Passkey>, StoreError> {
    passkey::Entity::find()
        .filter(passkey::Column::AccountId.eq(account.uuid()))
        .order_by_asc(passkey::Column::AddedAt)
        .order_by_asc(passkey::Column::CredentialId)
        .all(db)
        .await?
        .into_iter()
        .map(Passkey::try_from)
        .collect()
}

/// Keeps a key of an account.
pub async fn insert(
    db: &impl ConnectionTrait,
    account: AccountId,
    key: &Passkey,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let transports = serde_json::to_string(&key.transports)
        .map_err(|_| StoreError::inconsistent("passkey", account))?;
    let row = passkey::ActiveModel {
        credential_id: Set(key.credential_id.clone()),
        account_id: Set(account.uuid()),
        public_key: Set(key.public_key.clone()),
        counter: Set(key.counter.into()),
        transports: Set(transports),
        added_at: Set(time::millis(now)),
        used_at: Set(None),
        name: Set(key.name.clone()),
    };
    passkey::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Moves the counter of a key on from what was read; answers whether nobody else did meanwhile.
pub async fn used(
    db: &impl ConnectionTrait,
    account: AccountId,
    key: &Passkey,
    counter: u32,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = passkey::Entity::update_many()
        .col_expr(passkey::Column::Counter, Expr::val(i64::from(counter)))
        .col_expr(passkey::Column::UsedAt, Expr::val(time::millis(now)))
        .filter(passkey::Column::AccountId.eq(account.uuid()))
        .filter(passkey::Column::CredentialId.eq(key.credential_id.clone()))
        .filter(passkey::Column::Counter.eq(i64::from(key.counter)))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Keeps a challenge of a session; it replaces the one before. Those whose time is over are forgotten on the way.
pub async fn challenge(
    db: &impl ConnectionTrait,
    session: SessionId,
    purpose: Purpose,
    challenge: &[u8],
    now: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    passkey_challenge::Entity::delete_many()
        .filter(passkey_challenge::Column::EndsAt.lte(time::millis(now)))
        .exec(db)
        .await?;
    let row = passkey_challenge::ActiveModel {
        session_id: Set(session.uuid()),
        purpose: Set(purpose.as_str().to_owned()),
        challenge: Set(challenge.to_vec()),
        ends_at: Set(time::millis(ends_at)),
    };
    passkey_challenge::Entity::insert(row)
        .on_conflict(
            OnConflict::column(passkey_challenge::Column::SessionId)
                .update_columns([
                    passkey_challenge::Column::Purpose,
                    passkey_challenge::Column::Challenge,
                    passkey_challenge::Column::EndsAt,
                ])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Uses up the challenge of a session: whatever its answer is worth, it is gone; of two at once, one gets it.
pub async fn take(
    db: &impl ConnectionTrait,
    session: SessionId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(row) = passkey_challenge::Entity::find_by_id(session.uuid())
        .one(db)
        .await?
    else {
        return Ok(None);
    };
    let gone = passkey_challenge::Entity::delete_many()
        .filter(passkey_challenge::Column::SessionId.eq(session.uuid()))
        .filter(passkey_challenge::Column::Challenge.eq(row.challenge.clone()))
        .exec(db)
        .await?;
    let good = gone.rows_affected == 1
        && row.purpose == purpose.as_str()
        && time::millis(now) < row.ends_at;
    Ok(good.then_some(row.challenge))
}
