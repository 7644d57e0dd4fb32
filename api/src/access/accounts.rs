//! Accounts: the first one by command line, the others by their administrators; posts that change, accounts that end.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::access::{Actor, Role};
use domain::ids::{AccountId, InstitutionId};
use serde::{Deserialize, Serialize};
use store::accounts::{AccountRecord, NewPost, NewStaff};
use store::sessions::SessionKind;
use utoipa::ToSchema;

use super::sign_in::Credentials;
use super::source::Source;
use super::{Presence, passwords};
use crate::act::{Begin, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// A new member of staff with one account and one post.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccountRequest {
    /// Name to sign in with: 3 to 64 characters of `a-z 0-9 . _ @ -`.
    pub name: String,
    /// Name of the person.
    pub person_name: String,
    /// Role of the post.
    #[schema(value_type = String, example = "county_officer")]
    pub role: Role,
    /// Federation of the post, six digits; not for institution staff.
    #[serde(default)]
    pub federation: Option<String>,
    /// Institution of the post; institution staff may have none until they apply.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub institution: Option<InstitutionId>,
    /// Sign-in name of an account that the same human being holds already in the same organisation: two accounts of one
    /// human being are one person wherever two are needed.
    #[serde(default)]
    pub same_person_as: Option<String>,
    /// First password, 12 to 128 characters.
    pub password: String,
}

/// An account that was made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedAccount {
    /// Its id.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
}

/// Somebody whose password was right, at the command line.
#[derive(Debug)]
pub struct SignedIn {
    /// Actor of the first post.
    pub actor: Actor,
    /// Who signed in, and the session, which the command ends by itself.
    pub presence: Presence,
}

/// The post of a request: role and organisation.
#[derive(Clone, Copy, Debug)]
pub(super) struct PostRequest<'a> {
    pub(super) role: Role,
    pub(super) federation: Option<&'a str>,
    pub(super) institution: Option<InstitutionId>,
}

/// Makes the first account of a registry; refused once there is one (trust.md AU-7).
///
/// It holds two posts: account administrator, by which it makes the others, and national officer, by which a registry
/// of one person can begin at all. This is the only account that holds both: every other has one post, and
/// [`change_post`] leaves one. Another administrator should take the first account's business post away as soon as
/// there are officers (field.md 5).
pub async fn create_first(
    app: &App,
    name: &str,
    person_name: &str,
    password: &str,
) -> Result<CreatedAccount, Problem> {
    let request = CreateAccountRequest {
        name: name.to_owned(),
        person_name: person_name.to_owned(),
        role: Role::NationalOfficer,
        federation: Some(store::scope::NATIONAL.to_owned()),
        institution: None,
        same_person_as: None,
        password: password.to_owned(),
    };
    check(&request)?;
    let hash = passwords::hash(app, "/password", password, name).await?;
    let now = app.now();
    let tx = app.store.write().await?;
    if store::accounts::count(&tx).await? > 0 {
        return Err(Problem::new(Code::Duplicate).with_detail(
            "已有账号;请由账号管理员新建账号。",
            "There are accounts already; an account administrator makes further ones.",
        ));
    }
    let created = insert(app, &tx, &request, None, Some(&hash), now).await?;
    let account = created.account.parse().map_err(Problem::internal)?;
    let record = store::accounts::find(&tx, account)
        .await?
        .ok_or_else(|| Problem::internal("the first account"))?;
    let admin = NewPost {
        id: app.random.id(now).into(),
        role: Role::AccountAdmin,
        federation: Some(store::scope::NATIONAL),
        institution: None,
        from: app.today(),
    };
    store::accounts::add_post(&tx, record.person, &admin).await?;
    super::sign_in::audit(app, &tx, None, "create_first_account", account, "done").await?;
    store::commit(tx).await?;
    Ok(created)
}

/// Makes an account for a subordinate.
pub async fn create(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &CreateAccountRequest,
) -> Result<Receipt, Problem> {
    check(request)?;
    let hash = passwords::hash(app, "/password", &request.password, &request.name).await?;
    // The record of the request keeps a plain digest: the password goes in under a key, or the digest would be a fast
    // hash of it.
    let recorded = CreateAccountRequest {
        password: keyed(app, &request.password),
        ..request.clone()
    };
    let act = match app.begin(actor, key, "create_account", &recorded).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let post = PostRequest {
        role: request.role,
        federation: request.federation.as_deref(),
        institution: request.institution,
    };
    may_fill(&act.tx, actor, post).await?;
    let known = known_person(&act.tx, actor, request).await?;
    let created = insert(app, &act.tx, request, known.as_ref(), Some(&hash), act.now).await?;
    let id = created.account.clone();
    act.finish(StatusCode::CREATED, &created, ("account", id))
        .await
}

/// A value that may stand in the digest of a request: under the blind-index key.
pub(super) fn keyed(app: &App, value: &str) -> String {
    let mac = app.store.vault().blind_index("request", value);
    data_encoding::HEXLOWER.encode(&mac)
}

/// Whether an administrator may put somebody on this post.
pub(super) async fn may_fill(
    tx: &store::WriteTx,
    actor: &Actor,
    post: PostRequest<'_>,
) -> Result<(), Problem> {
    let outside = || {
        Problem::new(Code::Forbidden).with_detail(
            "只能为本级和下级残联(或本机构)办理账号。",
            "Accounts can be made for one's own federation and those below it, or for one's own institution only.",
        )
    };
    let own = actor.federation.as_deref().unwrap_or("");
    let fits = match (actor.role, post.federation, post.institution) {
        (Role::InstitutionManager, None, Some(institution)) => {
            post.role == Role::InstitutionOperator && actor.institution == Some(institution)
        }
        (Role::AccountAdmin, Some(federation), _) => {
            store::scope::looks_after(tx, own, federation).await?
        }
        (Role::AccountAdmin, None, Some(institution)) => {
            store::accounts::institution_in_area(tx, own, institution).await?
        }
        // Staff who have no organisation yet: they register an institution, or get an assignment.
        (Role::AccountAdmin, None, None) => true,
        _ => false,
    };
    if fits { Ok(()) } else { Err(outside()) }
}

/// The human being whom a request says to be there already: somebody of the same organisation and name (field.md 4).
pub(super) async fn known_person(
    tx: &store::WriteTx,
    actor: &Actor,
    request: &CreateAccountRequest,
) -> Result<Option<AccountRecord>, Problem> {
    const FIELD: &str = "/same_person_as";
    let Some(name) = request.same_person_as.as_deref() else {
        return Ok(None);
    };
    let unknown = || {
        Problem::field(
            FIELD,
            "unknown-account",
            "没有这个登录名的账号,或不在您的管辖范围内。",
            "No account of this sign-in name is in your area.",
        )
    };
    let found = store::accounts::sign_in(tx, name)
        .await?
        .ok_or_else(unknown)?;
    let record = match subordinate(tx, actor, found.account).await {
        Err(problem) if problem.code() == Code::NotFound => return Err(unknown()),
        other => other?,
    };
    let posts = &record.posts;
    if posts.iter().any(|(role, ..)| *role == Role::Trainee) {
        return Err(unknown());
    }
    if record.person_name != request.person_name {
        return Err(Problem::field(
            "/person_name",
            "other-name",
            "与该账号登记的姓名不一致。",
            "It differs from the name that this account has.",
        ));
    }
    let here = |(_, federation, institution): &(Role, Option<String>, Option<InstitutionId>)| {
        *federation == request.federation && *institution == request.institution
    };
    if !posts.iter().any(here) {
        return Err(Problem::field(
            FIELD,
            "other-organisation",
            "该账号的岗位不在同一残联或同一机构;调动请变更岗位,不必新建账号。",
            "This account's post is in another federation or institution; change the post instead of making an account.",
        ));
    }
    // Whoever makes accounts has no business powers, and whoever audits reads only (field.md 5).
    let apart = |role: Role| matches!(role, Role::AccountAdmin | Role::Auditor);
    let clash = |role: Role| role != request.role && (apart(role) || apart(request.role));
    if posts.iter().any(|(role, ..)| clash(*role)) {
        return Err(Problem::field(
            "/role",
            "separate-duties",
            "账号管理、审计和业务岗位不能由同一人兼任。",
            "Nobody holds a post of account administration or audit beside another one.",
        ));
    }
    Ok(Some(record))
}

/// An account in the area of an administrator, or "not found"; nobody administers their own.
pub(super) async fn subordinate(
    tx: &store::WriteTx,
    actor: &Actor,
    id: AccountId,
) -> Result<AccountRecord, Problem> {
    let found = store::accounts::find(tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    for (role, federation, institution) in &found.posts {
        if federation.is_none() && institution.is_none() {
            let own = actor.federation.as_deref().unwrap_or("");
            // A trainee belongs to the places of training and household; whoever belongs nowhere, to the nation.
            if !store::accounts::in_area_without_post(tx, own, id).await? {
                return Err(Problem::not_found());
            }
            continue;
        }
        let post = PostRequest {
            role: *role,
            federation: federation.as_deref(),
            institution: *institution,
        };
        if may_fill(tx, actor, post).await.is_err() {
            return Err(Problem::not_found());
        }
    }
    if found.person == actor.person {
        return Err(Problem::new(Code::SecondPersonRequired));
    }
    Ok(found)
}

/// The new post of an account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePostRequest {
    /// Role of the new post.
    #[schema(value_type = String, example = "reviewer")]
    pub role: Role,
    /// Federation of the new post.
    #[serde(default)]
    pub federation: Option<String>,
    /// Institution of the new post.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub institution: Option<InstitutionId>,
}

/// What became of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangedAccount {
    /// The account.
    pub account: String,
    /// Its state: `active`, `invited`, `disabled`.
    pub state: String,
    /// Its role.
    pub role: Option<String>,
}

/// Puts somebody on another post: the posts before end, and with them every session (trust.md AU-4).
pub async fn change_post(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AccountId,
    request: &ChangePostRequest,
) -> Result<Receipt, Problem> {
    check_post(
        request.role,
        request.federation.as_ref(),
        request.institution,
    )?;
    let act = match app.begin(actor, key, "change_post", &(id, request)).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = subordinate(&act.tx, actor, id).await?;
    // The account of a trainee is theirs: it is no member of staff, and becomes none.
    if found.posts.iter().any(|(role, ..)| *role == Role::Trainee) {
        return Err(Problem::not_found());
    }
    let post = PostRequest {
        role: request.role,
        federation: request.federation.as_deref(),
        institution: request.institution,
    };
    may_fill(&act.tx, actor, post).await?;
    fits_level(&act.tx, post).await?;
    store::accounts::end_posts(&act.tx, found.person, act.today).await?;
    let new = NewPost {
        id: act.new_id(),
        role: post.role,
        federation: post.federation,
        institution: post.institution,
        from: act.today,
    };
    store::accounts::add_post(&act.tx, found.person, &new).await?;
    // Posts are those of the human being: whatever account they signed in with, it is over.
    for account in store::accounts::of_staff(&act.tx, found.person).await? {
        store::accounts::end_epoch(&act.tx, account).await?;
        store::sessions::end_others(&act.tx, account, None, "post", act.now).await?;
    }
    let changed = ChangedAccount {
        account: id.to_string(),
        state: found.state,
        role: Some(post.role.as_str().to_owned()),
    };
    act.finish(StatusCode::OK, &changed, ("account", id)).await
}

async fn fits_level(tx: &store::WriteTx, post: PostRequest<'_>) -> Result<(), Problem> {
    let Some(federation) = post.federation else {
        return Ok(());
    };
    let found = store::reference::federation(tx, federation).await?;
    let level = found
        .ok_or_else(|| unknown_federation("没有这个残联。", "There is no such federation."))?
        .level;
    if post.role.fits_level(&level) {
        Ok(())
    } else {
        Err(unknown_federation(
            "岗位与残联的层级不符。",
            "The role does not fit the level of the federation.",
        ))
    }
}

/// Writes an account, of a human being who is there or of a new one; without a password it is an invited one.
pub(super) async fn insert(
    app: &App,
    tx: &store::WriteTx,
    request: &CreateAccountRequest,
    known: Option<&AccountRecord>,
    hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<CreatedAccount, Problem> {
    let post = PostRequest {
        role: request.role,
        federation: request.federation.as_deref(),
        institution: request.institution,
    };
    fits_level(tx, post).await?;
    let account = app.random.id(now).into();
    let held = known.is_some_and(|known| {
        let same = (post.role, request.federation.clone(), post.institution);
        known.posts.contains(&same)
    });
    let staff = NewStaff {
        person: known.map_or_else(|| app.random.id(now).into(), |known| known.person),
        person_name: known.is_none().then_some(request.person_name.as_str()),
        account,
        account_name: &request.name,
        password_hash: hash,
        post: (!held).then(|| NewPost {
            id: app.random.id(now).into(),
            role: post.role,
            federation: post.federation,
            institution: post.institution,
            from: domain::calendar::today(now),
        }),
    };
    store::accounts::insert(tx, &staff, now).await?;
    Ok(CreatedAccount {
        account: account.to_string(),
        name: request.name.clone(),
        role: request.role.as_str().to_owned(),
    })
}

fn unknown_federation(zh: &str, en: &str) -> Problem {
    Problem::field("/federation", "federation", zh, en)
}

pub(super) fn check(request: &CreateAccountRequest) -> Result<(), Problem> {
    let good_name = (3..=64).contains(&request.name.len())
        && request.name.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'@' | b'-')
        });
    if !good_name {
        return Err(Problem::field(
            "/name",
            "account-name",
            "登录名用 3 至 64 个小写字母、数字或 . _ @ -。",
            "A sign-in name has 3 to 64 characters: lower-case letters, digits, . _ @ -.",
        ));
    }
    if let Err(bad) = request.person_name.parse::<domain::PersonName>() {
        return Err(Problem::identifier("/person_name", &bad));
    }
    check_post(
        request.role,
        request.federation.as_ref(),
        request.institution,
    )
}

/// Whether role and organisation go together.
fn check_post(
    role: Role,
    federation: Option<&String>,
    institution: Option<InstitutionId>,
) -> Result<(), Problem> {
    if role == Role::Trainee {
        return Err(Problem::field(
            "/role",
            "role",
            "学员账号由县级残联在窗口打印登录码时自动建立。",
            "The account of a trainee is made when the county prints their sign-in code.",
        ));
    }
    match (role.is_federation(), federation, institution) {
        (true, Some(_), None) | (false, None, None) => Ok(()),
        (false, None, Some(_)) if role.is_institution() => Ok(()),
        (true, _, _) => Err(unknown_federation(
            "残联的岗位要填残联代码,且不填机构。",
            "A federation post names its federation and no institution.",
        )),
        (false, Some(_), _) => Err(unknown_federation(
            "这个岗位不填残联代码。",
            "This post names no federation.",
        )),
        (false, None, Some(_)) => Err(Problem::field(
            "/institution",
            "institution",
            "这个岗位不填机构。",
            "This post names no institution.",
        )),
    }
}

/// Signs in at the command line, where the keys of the registry lie too. The caller ends the session.
pub async fn sign_in(app: &App, name: &str, password: &str) -> Result<SignedIn, Problem> {
    let given = Credentials {
        name,
        password,
        code: None,
    };
    sign_in_with(app, given).await
}

/// Signs in at the command line, with a code of the second factor where the account has one.
pub async fn sign_in_with(app: &App, given: Credentials<'_>) -> Result<SignedIn, Problem> {
    let source = Source::command_line();
    let opened = super::sign_in::open(app, given, &source, SessionKind::Api, false).await?;
    Ok(SignedIn {
        actor: opened.presence.actors[0].clone(),
        presence: opened.presence,
    })
}
