//! Staff, accounts and posts.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::{Actor, Capacity, Role};
use domain::ids::{AccountId, InstitutionId, PersonId, PostId, StaffPersonId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement, sea_query::CaseStatement, sea_query::Expr,
};

use crate::entity::access::{account, account_person, post, staff_person};
use crate::{StoreError, one_time_tokens, time};

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

/// A new account with its post, of a new member of staff or of one who is there.
#[derive(Debug)]
pub struct NewStaff<'a> {
    /// Human being.
    pub person: StaffPersonId,
    /// Name of the human being; `None` for one who is there.
    pub person_name: Option<&'a str>,
    /// Account.
    pub account: AccountId,
    /// Name to sign in with.
    pub account_name: &'a str,
    /// PHC string of the password; `None` for an invited account, which chooses its own.
    pub password_hash: Option<&'a str>,
    /// Its post; `None` for one that the human being holds already.
    pub post: Option<NewPost<'a>>,
}

/// A new post of a member of staff.
#[derive(Clone, Copy, Debug)]
pub struct NewPost<'a> {
    /// Post.
    pub id: PostId,
    /// Its role.
    pub role: Role,
    /// Its federation.
    pub federation: Option<&'a str>,
    /// Its institution.
    pub institution: Option<InstitutionId>,
    /// First day.
    pub from: NaiveDate,
}

/// A live account with its actors and the name of its holder.
#[derive(Clone, Debug)]
pub struct LiveAccount {
    /// The actor of its first valid post.
    pub actor: Actor,
    /// The actors of all its valid posts, the first one included.
    pub actors: Vec<Actor>,
    /// Raised when all its tokens end.
    pub token_epoch: i32,
    /// Name of the human being.
    pub person_name: String,
}

/// Writes an account; a taken account name is a duplicate.
pub async fn insert(
    db: &impl ConnectionTrait,
    staff: &NewStaff<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if let Some(name) = staff.person_name {
        let person = staff_person::ActiveModel {
            id: Set(staff.person.uuid()),
            name: Set(name.to_owned()),
            created_at: Set(time::millis(now)),
        };
        staff_person::Entity::insert(person)
            .exec_without_returning(db)
            .await?;
    }
    let account = account::ActiveModel {
        id: Set(staff.account.uuid()),
        staff_person_id: Set(staff.person.uuid()),
        name: Set(staff.account_name.to_owned()),
        password_hash: Set(staff.password_hash.unwrap_or_default().to_owned()),
        state: Set(match staff.password_hash {
            Some(_) => ACTIVE.to_owned(),
            None => INVITED.to_owned(),
        }),
        token_epoch: Set(0),
        created_at: Set(time::millis(now)),
    };
    account::Entity::insert(account)
        .exec_without_returning(db)
        .await?;
    match &staff.post {
        Some(post) => add_post(db, staff.person, post).await,
        None => Ok(()),
    }
}

/// The accounts of a member of staff.
pub async fn of_staff(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
) -> Result<Vec<AccountId>, StoreError> {
    let rows = account::Entity::find()
        .filter(account::Column::StaffPersonId.eq(person.uuid()))
        .order_by_asc(account::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Gives a member of staff a further post.
pub async fn add_post(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    new: &NewPost<'_>,
) -> Result<(), StoreError> {
    let post = post::ActiveModel {
        id: Set(new.id.uuid()),
        staff_person_id: Set(person.uuid()),
        role: Set(new.role.as_str().to_owned()),
        federation: Set(new.federation.map(str::to_owned)),
        institution_id: Set(new.institution.map(InstitutionId::uuid)),
        valid_from: Set(new.from.to_string()),
        valid_until: Set(None),
    };
    post::Entity::insert(post)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Ends every post of a member of staff today.
pub async fn end_posts(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    today: NaiveDate,
) -> Result<(), StoreError> {
    post::Entity::update_many()
        .col_expr(post::Column::ValidUntil, Expr::val(today.to_string()))
        .filter(post::Column::StaffPersonId.eq(person.uuid()))
        .filter(post::Column::ValidUntil.is_null())
        .exec(db)
        .await?;
    Ok(())
}

const ACTIVE: &str = "active";
const INVITED: &str = "invited";
const DISABLED: &str = "disabled";

/// An account as its administrator sees it, live or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account.
    pub id: AccountId,
    /// Name to sign in with.
    pub name: String,
    /// `active`, `invited` or `disabled`.
    pub state: String,
    /// Human being.
    pub person: StaffPersonId,
    /// Name of the human being.
    pub person_name: String,
    /// Its posts without an end: role, federation, institution.
    pub posts: Vec<(Role, Option<String>, Option<InstitutionId>)>,
}

/// Locks an account until the transaction ends: what two requests count of it is counted one after the other.
pub async fn lock(db: &impl ConnectionTrait, id: AccountId) -> Result<(), StoreError> {
    account::Entity::find_by_id(id.uuid())
        .lock_exclusive()
        .one(db)
        .await?;
    Ok(())
}

/// The account with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    id: AccountId,
) -> Result<Option<AccountRecord>, StoreError> {
    let Some(row) = account::Entity::find_by_id(id.uuid()).one(db).await? else {
        return Ok(None);
    };
    let person = staff_person::Entity::find_by_id(row.staff_person_id)
        .one(db)
        .await?
        .ok_or_else(|| StoreError::inconsistent("account", id))?;
    let posts = post::Entity::find()
        .filter(post::Column::StaffPersonId.eq(row.staff_person_id))
        .filter(post::Column::ValidUntil.is_null())
        .order_by_asc(post::Column::Id)
        .all(db)
        .await?
        .into_iter()
        .map(|post| {
            let role = post
                .role
                .parse()
                .map_err(|_| StoreError::inconsistent("post", post.id))?;
            Ok((role, post.federation, post.institution_id.map(Into::into)))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Some(AccountRecord {
        id,
        name: row.name,
        state: row.state,
        person: row.staff_person_id.into(),
        person_name: person.name,
        posts,
    }))
}

/// Sets the password: an invited account becomes active, and all its sessions end with the old epoch. No code of before opens
/// anything any more.
pub async fn set_password(
    db: &impl ConnectionTrait,
    id: AccountId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::PasswordHash, Expr::val(hash))
        .col_expr(account::Column::State, Expr::val(ACTIVE))
        .filter(account::Column::Id.eq(id.uuid()))
        .filter(account::Column::State.ne(DISABLED))
        .exec(db)
        .await?;
    one_time_tokens::end_all(db, id, now).await?;
    end_epoch(db, id).await
}

/// Disables an account; its codes end for good.
pub async fn disable(
    db: &impl ConnectionTrait,
    id: AccountId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    account::Entity::update_many()
        .col_expr(account::Column::State, Expr::val(DISABLED))
        .filter(account::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    one_time_tokens::end_all(db, id, now).await?;
    end_epoch(db, id).await
}

/// Enables a disabled account: it is as it was before, active or still without a password. The epoch that its disabling
/// raised stays: no earlier sign-in comes back.
pub async fn enable(db: &impl ConnectionTrait, id: AccountId) -> Result<bool, StoreError> {
    let before = CaseStatement::new()
        .case(account::Column::PasswordHash.eq(""), Expr::val(INVITED))
        .finally(Expr::val(ACTIVE));
    let done = account::Entity::update_many()
        .col_expr(account::Column::State, before.into())
        .filter(account::Column::Id.eq(id.uuid()))
        .filter(account::Column::State.eq(DISABLED))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Ends every token of an account: each of them carries the epoch in which it was made.
pub async fn end_epoch(db: &impl ConnectionTrait, id: AccountId) -> Result<(), StoreError> {
    let done = account::Entity::update_many()
        .col_expr(account::Column::TokenEpoch, Expr::cust("token_epoch + 1"))
        .filter(account::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// Whether an institution is looked after by a federation of this area, by the rule for trainees: where it is admitted, and
/// by an application only while there is nothing else.
pub async fn institution_in_area(
    db: &impl ConnectionTrait,
    federation: &str,
    institution: InstitutionId,
) -> Result<bool, StoreError> {
    if federation == crate::scope::NATIONAL {
        return Ok(true);
    }
    let looked_after = crate::scope::looked_after("m");
    let sql = format!(
        "SELECT COUNT(*) AS n FROM admission m JOIN federation_area f ON f.area = m.federation
        WHERE m.institution_id = $1 AND f.federation = $2 AND f.valid_until IS NULL AND {looked_after}"
    );
    let values = [institution.uuid().into(), federation.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let row = db.query_one_raw(statement).await?;
    let found: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(found > 0)
}

/// Whether an account without an organisation is looked after by a federation: the account of a trainee by those of the
/// places of training and household (field.md 3), of an application only while there is nothing else; any other by the national one alone.
pub async fn in_area_without_post(
    db: &impl ConnectionTrait,
    federation: &str,
    account: AccountId,
) -> Result<bool, StoreError> {
    if federation.is_empty() {
        return Ok(false);
    }
    if federation == crate::scope::NATIONAL {
        return Ok(true);
    }
    let standing = crate::enrolments::of_standing();
    let sql = format!(
        "SELECT COUNT(*) AS n FROM account_person b JOIN enrolment e ON e.person_id = b.person_id
        JOIN cohort k ON k.id = e.cohort_id JOIN federation_area f ON f.area IN (k.site_region, e.hukou_region)
        WHERE b.account_id = $1 AND f.federation = $2 AND f.valid_until IS NULL AND (e.state IN ({standing})
          OR NOT EXISTS (SELECT 1 FROM enrolment s WHERE s.person_id = b.person_id AND s.state IN ({standing})))"
    );
    let values = [account.uuid().into(), federation.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let row = db.query_one_raw(statement).await?;
    let found: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(found > 0)
}

/// Ties an account to the trainee behind it.
pub async fn bind_person(
    db: &impl ConnectionTrait,
    id: AccountId,
    person: PersonId,
) -> Result<(), StoreError> {
    let row = account_person::ActiveModel {
        account_id: Set(id.uuid()),
        person_id: Set(person.uuid()),
    };
    account_person::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The account of a trainee.
pub async fn of_person(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Option<AccountId>, StoreError> {
    Ok(account_person::Entity::find()
        .filter(account_person::Column::PersonId.eq(person.uuid()))
        .one(db)
        .await?
        .map(|row| row.account_id.into()))
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
        active: row.state == ACTIVE,
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
    if row.state != ACTIVE {
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
    let valid: Vec<post::Model> = posts
        .into_iter()
        .filter(|post| {
            post.valid_until
                .as_deref()
                .is_none_or(|until| until > today.as_str())
        })
        .collect();
    let mut actors = Vec::with_capacity(valid.len());
    for post in valid {
        let role: Role = post
            .role
            .parse()
            .map_err(|_| StoreError::inconsistent("post", post.id))?;
        let trainee = match role {
            Role::Trainee => account_person::Entity::find_by_id(account.uuid())
                .one(db)
                .await?
                .map(|row| row.person_id.into()),
            _ => None,
        };
        actors.push(Actor {
            person: row.staff_person_id.into(),
            account,
            post: post.id.into(),
            role,
            federation: post.federation,
            institution: post.institution_id.map(Into::into),
            trainee,
            capacity: Capacity::Own,
        });
    }
    Ok(actors.first().cloned().map(|actor| LiveAccount {
        actor,
        actors,
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
    crate::error::one_row(done.rows_affected)
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
