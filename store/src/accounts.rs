//! Staff, accounts and posts.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::{Actor, Capacity, Role};
use domain::ids::{AccountId, InstitutionId, PostId, StaffPersonId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, sea_query::Expr,
};

use crate::entity::access::{account, post, staff_person};
use crate::{StoreError, time};

/// A sign-in as the password check needs it.
#[derive(Clone)]
pub struct SignIn {
    /// The account.
    pub account: AccountId,
    /// PHC string of the password.
    pub password_hash: String,
    /// Whether the account may sign in.
    pub active: bool,
    /// Raised when all its tokens end.
    pub token_epoch: i32,
}

/// Shows no hash.
impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn")
            .field("account", &self.account)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// A new member of staff with one account and one post.
#[derive(Debug)]
pub struct NewStaff<'a> {
    /// Human being.
    pub person: StaffPersonId,
    /// Name of the human being.
    pub person_name: &'a str,
    /// Account.
    pub account: AccountId,
    /// Name to sign in with.
    pub account_name: &'a str,
    /// PHC string of the password.
    pub password_hash: &'a str,
    /// Post.
    pub post: PostId,
    /// Its role.
    pub role: Role,
    /// Its federation.
    pub federation: Option<&'a str>,
    /// Its institution.
    pub institution: Option<InstitutionId>,
    /// First day.
    pub from: NaiveDate,
}

/// A live account with its actor and the name of its holder.
#[derive(Clone, Debug)]
pub struct LiveAccount {
    /// The actor of its first valid post.
    pub actor: Actor,
    /// Raised when all its tokens end.
    pub token_epoch: i32,
    /// Name of the human being.
    pub person_name: String,
}

/// Writes a member of staff; a taken account name is a duplicate.
pub async fn insert(
    db: &impl ConnectionTrait,
    staff: &NewStaff<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let person = staff_person::ActiveModel {
        id: Set(staff.person.uuid()),
        name: Set(staff.person_name.to_owned()),
        created_at: Set(time::millis(now)),
    };
    staff_person::Entity::insert(person)
        .exec_without_returning(db)
        .await?;
    let account = account::ActiveModel {
        id: Set(staff.account.uuid()),
        staff_person_id: Set(staff.person.uuid()),
        name: Set(staff.account_name.to_owned()),
        password_hash: Set(staff.password_hash.to_owned()),
        state: Set("active".to_owned()),
        token_epoch: Set(0),
        created_at: Set(time::millis(now)),
    };
    account::Entity::insert(account)
        .exec_without_returning(db)
        .await?;
    let post = post::ActiveModel {
        id: Set(staff.post.uuid()),
        staff_person_id: Set(staff.person.uuid()),
        role: Set(staff.role.as_str().to_owned()),
        federation: Set(staff.federation.map(str::to_owned)),
        institution_id: Set(staff.institution.map(InstitutionId::uuid)),
        valid_from: Set(staff.from.to_string()),
        valid_until: Set(None),
    };
    post::Entity::insert(post)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// How many accounts there are.
pub async fn count(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(account::Entity::find().count(db).await?)
}

/// The sign-in with this name.
pub async fn sign_in(db: &impl ConnectionTrait, name: &str) -> Result<Option<SignIn>, StoreError> {
    let row = account::Entity::find()
        .filter(account::Column::Name.eq(name))
        .one(db)
        .await?;
    Ok(row.map(|row| SignIn {
        account: row.id.into(),
        password_hash: row.password_hash,
        active: row.state == "active",
        token_epoch: row.token_epoch,
    }))
}

/// The actor behind an active account with a post valid today, or `None`.
pub async fn live(
    db: &impl ConnectionTrait,
    account: AccountId,
    today: NaiveDate,
) -> Result<Option<LiveAccount>, StoreError> {
    let Some(row) = account::Entity::find_by_id(account.uuid()).one(db).await? else {
        return Ok(None);
    };
    if row.state != "active" {
        return Ok(None);
    }
    let person = staff_person::Entity::find_by_id(row.staff_person_id)
        .one(db)
        .await?
        .ok_or_else(|| StoreError::inconsistent("account", account))?;
    let today = today.to_string();
    let posts = post::Entity::find()
        .filter(post::Column::StaffPersonId.eq(row.staff_person_id))
        .filter(post::Column::ValidFrom.lte(today.as_str()))
        .order_by_asc(post::Column::Id)
        .all(db)
        .await?;
    let Some(post) = posts.into_iter().find(|p| {
        p.valid_until
            .as_deref()
            .is_none_or(|until| until > today.as_str())
    }) else {
        return Ok(None);
    };
    let role: Role = post
        .role
        .parse()
        .map_err(|_| StoreError::inconsistent("post", post.id))?;
    let actor = Actor {
        person: row.staff_person_id.into(),
        account,
        post: post.id.into(),
        role,
        federation: post.federation,
        institution: post.institution_id.map(Into::into),
        capacity: Capacity::Own,
        trainee: None,
    };
    Ok(Some(LiveAccount {
        actor,
        token_epoch: row.token_epoch,
        person_name: person.name,
    }))
}

/// Binds a post to the institution that its holder registered.
pub async fn bind_post(
    db: &impl ConnectionTrait,
    post: PostId,
    institution: InstitutionId,
) -> Result<(), StoreError> {
    let done = post::Entity::update_many()
        .col_expr(post::Column::InstitutionId, Expr::val(institution.uuid()))
        .filter(post::Column::Id.eq(post.uuid()))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

/// The federation of a post, if it has one.
pub async fn federation_of_post(
    db: &impl ConnectionTrait,
    post: PostId,
) -> Result<Option<String>, StoreError> {
    Ok(post::Entity::find_by_id(post.uuid())
        .one(db)
        .await?
        .and_then(|row| row.federation))
}
