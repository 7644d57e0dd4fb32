//! Sessions, their rotating tokens, and the devices that an account has been used from (trust.md AU-4, AU-6).
//!
//! Tokens arrive here as HMACs ([`crate::vault::Vault::blind_index`]); the tokens themselves are never stored.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::{Actor, Capacity};
use domain::ids::{AccountId, PostId, SessionId};
use sea_orm::sea_query::{Expr, LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use crate::accounts::LiveAccount;
use crate::entity::access::{known_device, one_time_token, session, session_token};
use crate::{StoreError, time};

domain::text_enum! {
    /// What a session is kept by.
    SessionKind("session kind") {
        /// A program with an access token and a refresh token.
        Api = "api",
        /// A browser with a cookie.
        Browser = "browser",
    }
}

/// One sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is kept by.
    pub kind: SessionKind,
    /// The account's epoch when it began: a later epoch ends it.
    pub token_epoch: i32,
    /// The device in words ("Firefox · Windows").
    pub device: String,
    /// Whether the account has a second factor, so that this session must prove it.
    pub enrolled: bool,
    /// When the second factor was last proved in it.
    pub proved_at: Option<DateTime<Utc>>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last renewed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends by itself.
    pub ends_at: DateTime<Utc>,
    /// Whether it was ended.
    pub ended: bool,
    /// The post that was chosen, where the person holds several.
    pub post: Option<PostId>,
}

impl TryFrom<session::Model> for Session {
    type Error = StoreError;

    fn try_from(row: session::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            account: row.account_id.into(),
            kind: row
                .kind
                .parse()
                .map_err(|_| StoreError::inconsistent("session", row.id))?,
            token_epoch: row.token_epoch,
            device: row.device,
            enrolled: row.enrolled,
            proved_at: time::optional_instant(row.proved_at)?,
            created_at: time::instant(row.created_at)?,
            last_used_at: time::instant(row.last_used_at)?,
            ends_at: time::instant(row.ends_at)?,
            ended: row.ended_at.is_some(),
            post: row.post_id.map(Into::into),
        })
    }
}

/// A token with the session that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundToken {
    /// The session.
    pub session: Session,
    /// Whether the token was used up already.
    pub used: bool,
    /// When the token ends.
    pub ends_at: DateTime<Utc>,
}

/// Writes a new session.
pub async fn open(db: &impl ConnectionTrait, new: &Session) -> Result<(), StoreError> {
    let row = session::ActiveModel {
        id: Set(new.id.uuid()),
        account_id: Set(new.account.uuid()),
        kind: Set(new.kind.as_str().to_owned()),
        token_epoch: Set(new.token_epoch),
        device: Set(new.device.clone()),
        enrolled: Set(new.enrolled),
        proved_at: Set(new.proved_at.map(time::millis)),
        created_at: Set(time::millis(new.created_at)),
        last_used_at: Set(time::millis(new.last_used_at)),
        ends_at: Set(time::millis(new.ends_at)),
        ended_at: Set(None),
        end_reason: Set(None),
        post_id: Set(new.post.map(PostId::uuid)),
    };
    session::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes a token of a session.
pub async fn add_token(
    db: &impl ConnectionTrait,
    session: SessionId,
    mac: &[u8; 32],
    ends_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = session_token::ActiveModel {
        token_mac: Set(mac.to_vec()),
        session_id: Set(session.uuid()),
        ends_at: Set(time::millis(ends_at)),
        used_at: Set(None),
    };
    session_token::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The token with this HMAC. In a write transaction its session is locked, so that two uses of one token follow one
/// another.
pub async fn find_token(
    db: &impl ConnectionTrait,
    mac: &[u8; 32],
    lock: bool,
) -> Result<Option<FoundToken>, StoreError> {
    let Some(token) = session_token::Entity::find_by_id(mac.to_vec())
        .one(db)
        .await?
    else {
        return Ok(None);
    };
    let mut query = session::Entity::find_by_id(token.session_id);
    if lock && db.get_database_backend() == DbBackend::Postgres {
        query = query.lock(LockType::Update);
    }
    let row = query
        .one(db)
        .await?
        .ok_or_else(|| StoreError::inconsistent("session_token", token.session_id))?;
    // Read again under the lock: the twin may have used it while this one waited.
    let token = session_token::Entity::find_by_id(mac.to_vec())
        .one(db)
        .await?
        .ok_or_else(|| StoreError::inconsistent("session_token", row.id))?;
    Ok(Some(FoundToken {
        session: row.try_into()?,
        used: token.used_at.is_some(),
        ends_at: time::instant(token.ends_at)?,
    }))
}

/// Marks a token as used up.
pub async fn use_token(
    db: &impl ConnectionTrait,
    mac: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = session_token::Entity::update_many()
        .col_expr(session_token::Column::UsedAt, Expr::val(time::millis(now)))
        .filter(session_token::Column::TokenMac.eq(mac.to_vec()))
        .filter(session_token::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// The session with this id, ended or not.
pub async fn find(db: &impl ConnectionTrait, id: SessionId) -> Result<Option<Session>, StoreError> {
    session::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Session::try_from)
        .transpose()
}

/// Live sessions of an account in its present epoch, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    account: AccountId,
    epoch: i32,
    now: DateTime<Utc>,
) -> Result<Vec<Session>, StoreError> {
    session::Entity::find()
        .filter(session::Column::AccountId.eq(account.uuid()))
        .filter(session::Column::TokenEpoch.eq(epoch))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::EndsAt.gt(time::millis(now)))
        .order_by_desc(session::Column::Id)
        .limit(100)
        .all(db)
        .await?
        .into_iter()
        .map(Session::try_from)
        .collect()
}

#[derive(FromQueryResult)]
struct PresenceRow {
    account_id: Uuid,
    kind: String,
    session_epoch: i32,
    device: String,
    enrolled: bool,
    proved_at: Option<i64>,
    created_at: i64,
    last_used_at: i64,
    ends_at: i64,
    chosen: Option<Uuid>,
    token_epoch: i32,
    staff_person_id: Uuid,
    person_name: String,
    post_id: Uuid,
    role: String,
    federation: Option<String>,
    institution_id: Option<Uuid>,
    trainee: Option<Uuid>,
}

/// A session that goes on, with the account behind it and its posts on this day: the one question that every request of
/// a signed-in person asks. `None` when session or account ended, or no post is left.
pub async fn presence(
    db: &impl ConnectionTrait,
    id: SessionId,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<(Session, LiveAccount)>, StoreError> {
    let sql = "SELECT s.account_id, s.kind, s.token_epoch AS session_epoch, s.device, s.enrolled, s.proved_at, \
         s.created_at, s.last_used_at, s.ends_at, s.post_id AS chosen, a.token_epoch, a.staff_person_id, p.name AS person_name, \
         o.id AS post_id, o.role, o.federation, o.institution_id, t.person_id AS trainee \
         FROM session s JOIN account a ON a.id = s.account_id JOIN staff_person p ON p.id = a.staff_person_id \
         JOIN post o ON o.staff_person_id = p.id LEFT JOIN account_person t ON t.account_id = a.id \
         WHERE s.id = $1 AND s.ended_at IS NULL AND s.ends_at > $2 AND a.state = 'active' \
         AND o.valid_from <= $3 AND (o.valid_until IS NULL OR o.valid_until > $3) ORDER BY o.id";
    let values = [
        id.uuid().into(),
        time::millis(now).into(),
        today.to_string().into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = PresenceRow::find_by_statement(statement).all(db).await?;
    let mut actors = Vec::with_capacity(rows.len());
    for row in &rows {
        let role: domain::access::Role = row
            .role
            .parse()
            .map_err(|_| StoreError::inconsistent("post", row.post_id))?;
        actors.push(Actor {
            person: row.staff_person_id.into(),
            account: row.account_id.into(),
            post: row.post_id.into(),
            role,
            federation: row.federation.clone(),
            institution: row.institution_id.map(Into::into),
            trainee: row
                .trainee
                .filter(|_| role == domain::access::Role::Trainee)
                .map(Into::into),
            capacity: Capacity::Own,
        });
    }
    let (Some(row), Some(actor)) = (rows.into_iter().next(), actors.first().cloned()) else {
        return Ok(None);
    };
    let session = Session {
        id,
        account: row.account_id.into(),
        kind: row
            .kind
            .parse()
            .map_err(|_| StoreError::inconsistent("session", id))?,
        token_epoch: row.session_epoch,
        device: row.device,
        enrolled: row.enrolled,
        proved_at: time::optional_instant(row.proved_at)?,
        created_at: time::instant(row.created_at)?,
        last_used_at: time::instant(row.last_used_at)?,
        ends_at: time::instant(row.ends_at)?,
        ended: false,
        post: row.chosen.map(Into::into),
    };
    let account = LiveAccount {
        actor,
        actors,
        token_epoch: row.token_epoch,
        person_name: row.person_name,
    };
    Ok(Some((session, account)))
}

/// Removes sessions that ended before, with their tokens, and one-time tokens that are over since then; at most so many
/// sessions at a time. What happened in them stands in the audit.
pub async fn sweep(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
    most: u64,
) -> Result<u64, StoreError> {
    use session::Column as C;
    let before = time::millis(before);
    let over: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(
            Condition::any()
                .add(C::EndsAt.lt(before))
                .add(C::EndedAt.lt(before)),
        )
        .order_by_asc(C::Id)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    let found = over.len() as u64;
    if found > 0 {
        session_token::Entity::delete_many()
            .filter(session_token::Column::SessionId.is_in(over.clone()))
            .exec(db)
            .await?;
        session::Entity::delete_many()
            .filter(C::Id.is_in(over))
            .exec(db)
            .await?;
    }
    one_time_token::Entity::delete_many()
        .filter(one_time_token::Column::EndsAt.lt(before))
        .exec(db)
        .await?;
    Ok(found)
}

/// Tells that a session was renewed.
pub async fn touch(
    db: &impl ConnectionTrait,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::LastUsedAt, Expr::val(time::millis(now)))
        .filter(session::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    Ok(())
}

/// Chooses the post from which a session acts; `None`: whichever an act needs.
pub async fn choose_post(
    db: &impl ConnectionTrait,
    id: SessionId,
    post: Option<PostId>,
) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::PostId, Expr::val(post.map(PostId::uuid)))
        .filter(session::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    Ok(())
}

/// Tells that the second factor was proved in a session.
pub async fn prove(
    db: &impl ConnectionTrait,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::ProvedAt, Expr::val(time::millis(now)))
        .col_expr(session::Column::Enrolled, Expr::val(true))
        .filter(session::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    Ok(())
}

/// Notes that the account of a session has no second factor any more, so that none is asked for in it.
pub async fn without_factor(db: &impl ConnectionTrait, id: SessionId) -> Result<(), StoreError> {
    session::Entity::update_many()
        .col_expr(session::Column::ProvedAt, Expr::val(None::<i64>))
        .col_expr(session::Column::Enrolled, Expr::val(false))
        .filter(session::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    Ok(())
}

/// Ends one live session of an account; answers whether there was one.
pub async fn end(
    db: &impl ConnectionTrait,
    account: AccountId,
    id: SessionId,
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::val(time::millis(now)))
        .col_expr(session::Column::EndReason, Expr::val(reason))
        .filter(session::Column::Id.eq(id.uuid()))
        .filter(session::Column::AccountId.eq(account.uuid()))
        .filter(session::Column::EndedAt.is_null())
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Ends all live sessions of an account but one.
pub async fn end_others(
    db: &impl ConnectionTrait,
    account: AccountId,
    but: Option<SessionId>,
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut query = session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::val(time::millis(now)))
        .col_expr(session::Column::EndReason, Expr::val(reason))
        .filter(session::Column::AccountId.eq(account.uuid()))
        .filter(session::Column::EndedAt.is_null());
    if let Some(but) = but {
        query = query.filter(session::Column::Id.ne(but.uuid()));
    }
    query.exec(db).await?;
    Ok(())
}

/// Whether this device was used by the owner of the account before.
pub async fn knows_device(
    db: &impl ConnectionTrait,
    account: AccountId,
    mac: &[u8; 32],
) -> Result<bool, StoreError> {
    Ok(known_device::Entity::find_by_id(mac.to_vec())
        .filter(known_device::Column::AccountId.eq(account.uuid()))
        .one(db)
        .await?
        .is_some())
}

/// Remembers a device of the owner.
pub async fn remember_device(
    db: &impl ConnectionTrait,
    account: AccountId,
    mac: &[u8; 32],
    device: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = known_device::ActiveModel {
        token_mac: Set(mac.to_vec()),
        account_id: Set(account.uuid()),
        device: Set(device.to_owned()),
        first_seen_at: Set(time::millis(now)),
        last_seen_at: Set(time::millis(now)),
    };
    known_device::Entity::insert(row)
        .on_conflict(
            OnConflict::column(known_device::Column::TokenMac)
                .update_column(known_device::Column::LastSeenAt)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Forgets every device of an account: after its password was reset.
pub async fn forget_devices(
    db: &impl ConnectionTrait,
    account: AccountId,
) -> Result<(), StoreError> {
    known_device::Entity::delete_many()
        .filter(known_device::Column::AccountId.eq(account.uuid()))
        .exec(db)
        .await?;
    Ok(())
}
