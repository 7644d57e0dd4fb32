//! Signing in, renewing, signing out (trust.md AU-2, AU-4, AU-6).
//!
//! A sign-in is a row in the database. A program holds a short access token and a refresh token that changes at every
//! use; a browser holds a cookie. Every request looks the session and the account up, so that signing out, a new
//! password, another post or a disabled account end everything with the next request, on every node.

use chrono::{DateTime, Duration, Utc};
use domain::access::Actor;
use domain::ids::SessionId;
use store::accounts::SignIn;
use store::audit::AuditEntry;
use store::sessions::{Session, SessionKind};

use super::failures::{self, Attempt};
use super::source::Source;
use super::tokens::{Kind, Token};
use super::{Presence, passwords, second_factor};
use crate::app::App;
use crate::problem::{Code, Problem};

/// A session ends by itself after so many hours: a working day. Then the password is asked again.
const SESSION_HOURS: i64 = 12;
/// A refresh token that was not used for so many hours ends.
const REFRESH_HOURS: i64 = 4;

/// A new session with the token that keeps it.
#[derive(Debug)]
pub struct Opened {
    /// Who signed in, and the session.
    pub presence: Presence,
    /// Refresh token, or cookie.
    pub token: Token,
    /// The device, when it is to be remembered from now on.
    pub device: Option<Token>,
}

/// Whether a password is right for a name, under the limit of failures. One answer and one duration for an unknown
/// name, a wrong password, and a disabled account.
async fn check(
    app: &App,
    name: &str,
    password: &str,
    source: &Source,
) -> Result<(SignIn, Attempt), Problem> {
    let reader = app.store.reader();
    let found = store::accounts::sign_in(reader, name).await?;
    let known = match (&found, &source.device) {
        (Some(found), Some(device)) => {
            store::sessions::knows_device(reader, found.account, &device.mac(app)).await?
        }
        _ => false,
    };
    let attempt = failures::begin(app, "password", name, source, known).await?;
    let hash = found
        .as_ref()
        .filter(|sign_in| sign_in.active)
        .map(|sign_in| sign_in.password_hash.clone())
        // A trainee's account has none, and takes the same time.
        .filter(|hash| hash.starts_with("$argon2"));
    let fits = passwords::verify(app, password, hash).await?;
    let account = found.as_ref().map(|found| found.account);
    if let Some(sign_in) = found.filter(|_| fits) {
        return Ok((sign_in, attempt));
    }
    crate::audit::sign_in_failed(app, account).await;
    Err(Problem::new(Code::InvalidCredentials))
}

/// What somebody gives to sign in.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// Name of the account.
    pub name: &'a str,
    /// Password.
    pub password: &'a str,
    /// Code of the second factor, when it is given at once.
    pub code: Option<&'a str>,
}

/// Shows nothing.
impl std::fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// Opens a session by name and password.
pub async fn open(
    app: &App,
    given: Credentials<'_>,
    source: &Source,
    kind: SessionKind,
    remember_device: bool,
) -> Result<Opened, Problem> {
    let (sign_in, attempt) = check(app, given.name, given.password, source).await?;
    let mut opened = open_for(app, &sign_in, Some(&attempt), source, kind, remember_device).await?;
    if let Some(code) = given.code.filter(|_| opened.presence.session.enrolled) {
        let actor = opened.presence.actors[0].clone();
        let session = opened.presence.session.clone();
        let proved = second_factor::prove(app, &actor, &session, code, source).await;
        if let Err(problem) = proved {
            // Half a sign-in leaves nothing behind.
            sign_out(app, &actor, session.id).await?;
            return Err(problem);
        }
        opened.presence.session.proved_at = Some(app.now());
    }
    Ok(opened)
}

/// Opens a session for an account whose secret was checked.
pub(super) async fn open_for(
    app: &App,
    sign_in: &SignIn,
    attempt: Option<&Attempt>,
    source: &Source,
    kind: SessionKind,
    remember_device: bool,
) -> Result<Opened, Problem> {
    let now = app.now();
    let tx = app.store.write().await?;
    let live = store::accounts::live(&tx, sign_in.account, app.today())
        .await?
        .filter(|live| live.token_epoch == sign_in.token_epoch)
        .ok_or_else(|| Problem::new(Code::InvalidCredentials))?;
    let session = Session {
        id: app.random.id(now).into(),
        account: sign_in.account,
        kind,
        token_epoch: live.token_epoch,
        device: source.words.clone(),
        enrolled: store::second_factors::enrolled(&tx, sign_in.account).await?,
        proved_at: None,
        created_at: now,
        last_used_at: now,
        ends_at: now + Duration::hours(SESSION_HOURS),
        ended: false,
        post: None,
    };
    store::sessions::open(&tx, &session).await?;
    let (token, ends_at) = match kind {
        SessionKind::Api => (
            Token::fresh(app, Kind::Refresh),
            now + Duration::hours(REFRESH_HOURS),
        ),
        SessionKind::Browser => (Token::fresh(app, Kind::Browser), session.ends_at),
    };
    store::sessions::add_token(&tx, session.id, &token.mac(app), ends_at).await?;
    let device = match &source.device {
        Some(device)
            if store::sessions::knows_device(&tx, sign_in.account, &device.mac(app)).await? =>
        {
            Some(device.clone())
        }
        _ if remember_device => Some(Token::fresh(app, Kind::Device)),
        _ => None,
    };
    if let Some(device) = &device {
        let mac = device.mac(app);
        store::sessions::remember_device(&tx, sign_in.account, &mac, &source.words, now).await?;
    }
    if let Some(attempt) = attempt {
        attempt.forgive(&tx).await?;
    }
    audit(app, &tx, Some(&live.actor), "sign_in", session.id, "done").await?;
    store::commit(tx).await?;
    Ok(Opened {
        presence: Presence::new(live, session),
        token,
        device,
    })
}

/// Who speaks in a session; `None` when it, or the account behind it, is no more.
pub async fn presence(app: &App, id: SessionId) -> Result<Option<Presence>, Problem> {
    let found = store::sessions::presence(app.store.reader(), id, app.today(), app.now()).await?;
    Ok(found
        .filter(|(session, live)| live.token_epoch == session.token_epoch)
        .map(|(session, live)| Presence::new(live, session)))
}

/// Who a browser's cookie speaks for.
pub async fn presence_of_cookie(app: &App, text: &str) -> Result<Option<Presence>, Problem> {
    let Some(token) = Token::parse(Kind::Browser, text) else {
        return Ok(None);
    };
    let found = store::sessions::find_token(app.store.reader(), &token.mac(app), false).await?;
    match found {
        Some(found) if !found.used => presence(app, found.session.id).await,
        _ => Ok(None),
    }
}

/// Gives a new refresh token for an old one. An old one that comes again was copied: the whole family ends.
pub async fn refresh(app: &App, text: &str) -> Result<Opened, Problem> {
    let refused = || Problem::new(Code::Unauthenticated);
    let old = Token::parse(Kind::Refresh, text).ok_or_else(refused)?;
    let mac = old.mac(app);
    let now = app.now();
    let tx = app.store.write().await?;
    let found = store::sessions::find_token(&tx, &mac, true)
        .await?
        .ok_or_else(refused)?;
    let session = found.session;
    if found.used && !session.ended {
        store::sessions::end(&tx, session.account, session.id, "reuse", now).await?;
        audit(
            app,
            &tx,
            None,
            "refresh_token_reused",
            session.id,
            "unauthenticated",
        )
        .await?;
        store::commit(tx).await?;
        tracing::warn!(session.id = %session.id, "A refresh token was used twice: its session has ended");
        return Err(refused());
    }
    if found.used || session.ended || found.ends_at <= now || session.ends_at <= now {
        return Err(refused());
    }
    let live = store::accounts::live(&tx, session.account, app.today())
        .await?
        .filter(|live| live.token_epoch == session.token_epoch)
        .ok_or_else(refused)?;
    store::sessions::use_token(&tx, &mac, now).await?;
    let token = Token::fresh(app, Kind::Refresh);
    let ends_at = (now + Duration::hours(REFRESH_HOURS)).min(session.ends_at);
    store::sessions::add_token(&tx, session.id, &token.mac(app), ends_at).await?;
    store::sessions::touch(&tx, session.id, now).await?;
    store::commit(tx).await?;
    Ok(Opened {
        presence: Presence::new(live, session),
        token,
        device: None,
    })
}

/// An access token for a session, and when it ends.
pub fn access_token(app: &App, session: &Session) -> Result<(String, DateTime<Utc>), Problem> {
    app.sessions.issue(
        session.account,
        session.id,
        session.token_epoch,
        app.now(),
        &app.random,
    )
}

/// Ends one session of an account.
pub async fn sign_out(app: &App, actor: &Actor, id: SessionId) -> Result<(), Problem> {
    let tx = app.store.write().await?;
    if !store::sessions::end(&tx, actor.account, id, "sign-out", app.now()).await? {
        return Err(Problem::not_found());
    }
    audit(app, &tx, Some(actor), "sign_out", id, "done").await?;
    Ok(store::commit(tx).await?)
}

/// Changes the password of a signed-in account; every session of it ends, this one included.
pub async fn change_password(
    app: &App,
    actor: &Actor,
    old: &str,
    new: &str,
    source: &Source,
) -> Result<(), Problem> {
    let account = store::accounts::find(app.store.reader(), actor.account)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let (sign_in, attempt) = check(app, &account.name, old, source)
        .await
        .map_err(|problem| {
            if problem.code() == Code::InvalidCredentials {
                Problem::field(
                    "/old_password",
                    "password",
                    "现在的密码不对。",
                    "The present password is wrong.",
                )
            } else {
                problem
            }
        })?;
    let hash = passwords::hash(app, "/new_password", new, &account.name).await?;
    let tx = app.store.write().await?;
    let now = app.now();
    store::accounts::set_password(&tx, sign_in.account, &hash, now).await?;
    store::sessions::end_others(&tx, sign_in.account, None, "password", now).await?;
    attempt.forgive(&tx).await?;
    audit(
        app,
        &tx,
        Some(actor),
        "change_password",
        actor.account,
        "done",
    )
    .await?;
    Ok(store::commit(tx).await?)
}

/// Writes an audit entry about an account or a session.
pub(super) async fn audit(
    app: &App,
    tx: &store::WriteTx,
    actor: Option<&Actor>,
    act: &str,
    object: impl std::fmt::Display,
    outcome: &str,
) -> Result<(), Problem> {
    let now = app.now();
    let origin = crate::audit::origin::Origin::current();
    let entry = AuditEntry {
        request_id: &origin.request_id,
        network: &origin.network,
        actor,
        act,
        object_kind: "access",
        object_id: &object.to_string(),
        outcome,
        ..AuditEntry::at(now)
    };
    Ok(store::audit::append(tx, &entry).await?)
}
