//! Accounts: the first administrator by command line, the others by their superiors, and sign-in.

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::{Actor, Role};
use domain::ids::InstitutionId;
use serde::{Deserialize, Serialize};
use store::accounts::NewStaff;
use utoipa::ToSchema;

use super::passwords;
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

/// A fresh access token.
#[derive(Debug)]
pub struct SignedIn {
    /// The token.
    pub token: String,
    /// When it ends.
    pub until: DateTime<Utc>,
    /// Whose it is.
    pub actor: Actor,
    /// Name of the person.
    pub person_name: String,
}

/// Makes the first account of a registry, a national officer; refused once there is one (trust.md AU-7).
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
        password: password.to_owned(),
    };
    check(&request)?;
    let hash = passwords::hash(password, &app.random).await?;
    let tx = app.store.write().await?;
    if store::accounts::count(&tx).await? > 0 {
        return Err(Problem::new(Code::Duplicate).with_detail(
            "已有账号;请由上级经办人新建账号。",
            "There are accounts already; a superior officer makes further ones.",
        ));
    }
    let created = insert(app, &tx, &request, &hash, app.now(), app.today()).await?;
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
    let hash = passwords::hash(&request.password, &app.random).await?;
    let act = match app.begin(actor, key, "create_account", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    if let Some(federation) = &request.federation {
        let own = actor.federation.as_deref().unwrap_or("");
        if !store::scope::looks_after(&act.tx, own, federation).await? {
            return Err(Problem::new(Code::Forbidden).with_detail(
                "只能为本级和下级残联新建账号。",
                "Accounts can be made for one's own federation and those below it only.",
            ));
        }
    }
    let created = insert(app, &act.tx, request, &hash, act.now, act.today).await?;
    let id = created.account.clone();
    act.finish(StatusCode::CREATED, &created, ("account", id))
        .await
}

async fn insert(
    app: &App,
    tx: &store::WriteTx,
    request: &CreateAccountRequest,
    hash: &str,
    now: DateTime<Utc>,
    today: NaiveDate,
) -> Result<CreatedAccount, Problem> {
    if let Some(federation) = &request.federation {
        let found = store::reference::federation(tx, federation).await?;
        let level = found
            .ok_or_else(|| unknown_federation("没有这个残联。", "There is no such federation."))?
            .level;
        let fits = match request.role {
            Role::CountyOfficer => level == "county" || level == "prefecture",
            Role::PrefectureOfficer => level == "prefecture",
            Role::ProvinceOfficer => level == "province",
            Role::NationalOfficer => level == "national",
            Role::Auditor => true,
            Role::InstitutionOperator => false,
        };
        if !fits {
            return Err(unknown_federation(
                "岗位与残联的层级不符。",
                "The role does not fit the level of the federation.",
            ));
        }
    }
    let account = app.random.id(now).into();
    let staff = NewStaff {
        person: app.random.id(now).into(),
        person_name: &request.person_name,
        account,
        account_name: &request.name,
        password_hash: hash,
        post: app.random.id(now).into(),
        role: request.role,
        federation: request.federation.as_deref(),
        institution: request.institution,
        from: today,
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

fn check(request: &CreateAccountRequest) -> Result<(), Problem> {
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
    match (
        request.role.is_federation(),
        &request.federation,
        request.institution,
    ) {
        (true, Some(_), None) | (false, None, _) => Ok(()),
        (true, _, _) => Err(unknown_federation(
            "残联的岗位要填残联代码,且不填机构。",
            "A federation post names its federation and no institution.",
        )),
        (false, Some(_), _) => Err(unknown_federation(
            "机构的岗位不填残联代码。",
            "An institution post names no federation.",
        )),
    }
}

/// Signs in: one answer and one duration for every failure (trust.md AU-2).
pub async fn sign_in(app: &App, name: &str, password: &str) -> Result<SignedIn, Problem> {
    let found = store::accounts::sign_in(app.store.reader(), name).await?;
    let account = found.as_ref().map(|sign_in| sign_in.account);
    let hash = found
        .as_ref()
        .filter(|sign_in| sign_in.active)
        .map(|sign_in| sign_in.password_hash.clone());
    let fits = passwords::verify(password, hash).await?;
    let live = match found.filter(|_| fits) {
        Some(sign_in) => store::accounts::live(app.store.reader(), sign_in.account, app.today())
            .await?
            .map(|live| (sign_in, live)),
        None => None,
    };
    let Some((sign_in, live)) = live else {
        crate::audit::sign_in_failed(app, account).await;
        return Err(Problem::new(Code::InvalidCredentials));
    };
    let (token, until) =
        app.sessions
            .issue(sign_in.account, sign_in.token_epoch, app.now(), &app.random)?;
    crate::audit::origin::know(&live.actor);
    let id = sign_in.account.to_string();
    crate::audit::did(app, &live.actor, "sign_in", ("account", &id), "").await?;
    Ok(SignedIn {
        token,
        until,
        actor: live.actor,
        person_name: live.person_name,
    })
}

/// The live actor behind a token; a disabled or ended account is nobody.
pub async fn actor_of_token(app: &App, token: &str) -> Result<Actor, Problem> {
    let (account, epoch) = app.sessions.read(token, app.now())?;
    let live = store::accounts::live(app.store.reader(), account, app.today()).await?;
    if let Some(live) = live.filter(|live| live.token_epoch == epoch) {
        return Ok(live.actor);
    }
    // The token was ours: an account that ended is known, and its attempt is told.
    crate::audit::origin::know_account(account);
    Err(Problem::new(Code::Unauthenticated))
}
