//! Invitations of staff and forgotten passwords: a code that opens once and is delivered, never shown to whoever asked
//! for it. Nobody but its holder ever knows a password.

use axum::http::StatusCode;
use chrono::Duration;
use domain::access::{Actor, Role};
use domain::ids::{AccountId, InstitutionId};
use serde::{Deserialize, Serialize};
use store::one_time_tokens::{self as rows, ContactKind, Purpose};
use utoipa::ToSchema;

use super::accounts::{self, CreateAccountRequest, CreatedAccount, PostRequest};
use super::failures::{self, Attempt};
use super::source::Source;
use super::tokens::{Kind, Token};
use super::{delivery, passwords};
use crate::act::{Begin, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// How long an invitation or a reset opens, in hours.
const HOURS: i64 = 48;
/// Messages about a forgotten password that one account is sent within an hour, whoever asks from wherever; further ones
/// are not sent, and nobody is told.
const HOURLY: u64 = 5;

/// Where somebody is reached.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// `email` or `phone`.
    #[schema(value_type = String, example = "email")]
    pub kind: ContactKind,
    /// Address or number.
    pub value: String,
}

/// Shows no address.
impl std::fmt::Debug for ContactRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContactRequest({}, ***)", self.kind)
    }
}

impl ContactRequest {
    fn check(&self) -> Result<(), Problem> {
        let good = match self.kind {
            ContactKind::Phone => self.value.parse::<domain::Phone>().is_ok(),
            ContactKind::Email => {
                let (name, host) = self.value.split_once('@').unwrap_or(("", ""));
                let plain = |text: &str| {
                    !text.is_empty()
                        && text.bytes().all(|b| {
                            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+')
                        })
                };
                self.value.len() <= 254 && plain(name) && plain(host) && host.contains('.')
            }
        };
        if good {
            Ok(())
        } else {
            Err(Problem::field(
                "/contact/value",
                "contact",
                "请填写可以收到消息的邮箱或手机号码。",
                "Give an e-mail address or a mobile number that takes messages.",
            ))
        }
    }
}

/// Somebody who is invited.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// Name to sign in with: 3 to 64 characters of `a-z 0-9 . _ @ -`.
    pub name: String,
    /// Name of the person.
    pub person_name: String,
    /// Role of the post.
    #[schema(value_type = String, example = "county_officer")]
    pub role: Role,
    /// Federation of the post, six digits.
    #[serde(default)]
    pub federation: Option<String>,
    /// Institution of the post.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub institution: Option<InstitutionId>,
    /// Sign-in name of an account that the same human being holds already in the same organisation: two accounts of one
    /// human being are one person wherever two are needed.
    #[serde(default)]
    pub same_person_as: Option<String>,
    /// Where the invitation is sent.
    pub contact: ContactRequest,
}

/// Invites somebody: the account opens when they have chosen a password with the code that is sent to them.
pub async fn invite(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &InviteRequest,
) -> Result<Receipt, Problem> {
    let account = CreateAccountRequest {
        name: request.name.clone(),
        person_name: request.person_name.clone(),
        role: request.role,
        federation: request.federation.clone(),
        institution: request.institution,
        same_person_as: request.same_person_as.clone(),
        password: String::new(),
    };
    accounts::check(&account)?;
    request.contact.check()?;
    let recorded = InviteRequest {
        contact: ContactRequest {
            value: accounts::keyed(app, &request.contact.value),
            ..request.contact.clone()
        },
        ..request.clone()
    };
    let act = match app.begin(actor, key, "invite", &recorded).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let post = PostRequest {
        role: request.role,
        federation: request.federation.as_deref(),
        institution: request.institution,
    };
    accounts::may_fill(&act.tx, actor, post).await?;
    let vault = app.store.vault();
    let contact = &request.contact;
    let known = accounts::known_person(&act.tx, actor, &account).await?;
    if known.is_none() {
        let (name, kind) = (&account.person_name, contact.kind);
        if rows::is_reached(&act.tx, vault, name, kind, &contact.value).await? {
            return Err(same_person());
        }
    }
    let created = accounts::insert(app, &act.tx, &account, known.as_ref(), None, act.now).await?;
    let id: AccountId = created.account.parse().map_err(Problem::internal)?;
    rows::keep_contact(&act.tx, vault, id, contact.kind, &contact.value).await?;
    let token = Token::fresh(app, Kind::OneTime);
    let ends_at = act.now + Duration::hours(HOURS);
    let (mac, by) = (token.mac(app), Some(actor.account));
    rows::keep(&act.tx, &mac, Purpose::Invitation, id, by, act.now, ends_at).await?;
    let receipt = act
        .finish(StatusCode::CREATED, &created, ("account", id))
        .await?;
    if !app.dry_run {
        deliver(app, id, &created, &token).await?;
    }
    Ok(receipt)
}

/// The same name at the same address is the same human being, who would be two persons in the acts of two.
fn same_person() -> Problem {
    Problem::field(
        "/same_person_as",
        "same-person",
        "已有同名且联系方式相同的账号:请填写此人现有的登录名;人已调动的,请变更原账号的岗位。",
        "Somebody of this name is reached at this address already: give the sign-in name that they have, or change the post of that account.",
    )
}

async fn deliver(
    app: &App,
    id: AccountId,
    created: &CreatedAccount,
    token: &Token,
) -> Result<(), Problem> {
    let contact = rows::contact(app.store.reader(), app.store.vault(), id).await?;
    let text = format!(
        "您的登录名是 {name}。请打开 {url}/password,输入下面的验证码并设置密码(48 小时内有效,只能用一次):\n{code}\n\n\
         Your sign-in name is {name}. Open {url}/password, give the code below and choose a password (it opens once, \
         within 48 hours):\n{code}\n",
        name = created.name,
        url = app.config.public_url,
        code = token.text(),
    );
    delivery::send(
        app,
        contact.as_ref(),
        &created.name,
        "登录名与验证码 / sign-in name and code",
        &text,
    )
    .await
}

/// Asks for a new password. Whoever asks gets the same answer in the same time for every name; behind it a message goes
/// to the contact of the account, if there is one.
pub async fn ask_reset(app: &App, name: &str, source: &Source) -> Result<(), Problem> {
    // One network asks more and more slowly; how many messages an account gets is bounded behind the answer.
    failures::begin(app, "reset", name, source, false).await?;
    let (errand, name) = (app.clone(), name.to_owned());
    app.courier.send(async move {
        if let Err(problem) = deliver_reset(&errand, &name).await {
            tracing::error!("a reset was not sent: {}", problem.code().as_str());
        }
    });
    Ok(())
}

async fn deliver_reset(app: &App, name: &str) -> Result<(), Problem> {
    let reader = app.store.reader();
    let Some(found) = store::accounts::sign_in(reader, name).await? else {
        return Ok(());
    };
    let Some(record) = store::accounts::find(reader, found.account)
        .await?
        .filter(|record| record.state != "disabled")
    else {
        return Ok(());
    };
    if rows::contact(reader, app.store.vault(), found.account)
        .await?
        .is_none()
    {
        return Ok(());
    }
    let purpose = if record.state == "invited" {
        Purpose::Invitation
    } else {
        Purpose::PasswordReset
    };
    let token = Token::fresh(app, Kind::OneTime);
    let now = app.now();
    let tx = app.store.write().await?;
    // Two requests at once are counted one after the other.
    store::accounts::lock(&tx, found.account).await?;
    let since = now - Duration::hours(1);
    if rows::count_since(&tx, found.account, purpose, since).await? >= HOURLY {
        return Ok(store::rollback(tx).await?);
    }
    let ends_at = now + Duration::hours(HOURS);
    rows::keep(
        &tx,
        &token.mac(app),
        purpose,
        found.account,
        None,
        now,
        ends_at,
    )
    .await?;
    super::sign_in::audit(app, &tx, None, "ask_password_reset", found.account, "done").await?;
    store::commit(tx).await?;
    let created = CreatedAccount {
        account: found.account.to_string(),
        name: record.name,
        role: String::new(),
    };
    deliver(app, found.account, &created, &token).await
}

/// Sets a password with a code. Sessions and remembered devices of the account end; the second factor stays.
pub async fn set_password(
    app: &App,
    code: &str,
    password: &str,
    source: &Source,
) -> Result<(), Problem> {
    let attempt = failures::begin(app, "one-time", "", source, false).await?;
    let macs = Token::parse(Kind::OneTime, code).map_or_else(Vec::new, |token| token.macs(app));
    if choose(app, &macs, password, &attempt).await? {
        return Ok(());
    }
    let account = rows::account_of(app.store.reader(), &macs).await?;
    crate::audit::code_refused(app, "set_password", account).await;
    Err(Problem::new(Code::CodeSpent))
}

/// Sets the password of the account that a code opens; whether it opened one.
async fn choose(
    app: &App,
    macs: &[[u8; 32]],
    password: &str,
    attempt: &Attempt,
) -> Result<bool, Problem> {
    let reader = app.store.reader();
    let mut found = None;
    for purpose in [Purpose::Invitation, Purpose::PasswordReset] {
        if let Some(account) = rows::peek(reader, macs, purpose, app.now()).await? {
            found = Some((purpose, account));
        }
    }
    let Some((purpose, account)) = found else {
        return Ok(false);
    };
    let Some(record) = store::accounts::find(reader, account).await? else {
        return Ok(false);
    };
    // Hashed before the code is used up: a password that is refused costs no code.
    let hash = passwords::hash(app, "/password", password, &record.name).await?;
    let now = app.now();
    let tx = app.store.write().await?;
    if rows::take(&tx, macs, purpose, now).await? != Some(account) {
        store::rollback(tx).await?;
        return Ok(false);
    }
    store::accounts::set_password(&tx, account, &hash, now).await?;
    store::sessions::end_others(&tx, account, None, "password", now).await?;
    store::sessions::forget_devices(&tx, account).await?;
    attempt.forgive(&tx).await?;
    super::sign_in::audit(app, &tx, None, "set_password", account, "done").await?;
    store::commit(tx).await?;
    Ok(true)
}
