//! The second factor: time-based codes (RFC 6238, each step once) and recovery codes (trust.md AU-5).
//!
//! Everything around it asks only "was a second factor proved in this session, and when"; the other kind stands in
//! `passkeys`.

use domain::access::Actor;
use serde::Serialize;
use store::factors::{Factor, FactorId};
use store::sessions::Session;
use totp_rs::{Builder, Secret, Totp};
use utoipa::ToSchema;

use super::source::Source;
use super::tokens::{Kind, Token};
use super::{factors, failures};
use crate::app::App;
use crate::problem::{Code, Problem};

/// How many recovery codes an account gets.
const RECOVERY_CODES: usize = 10;
/// Name of the registry in the authenticator.
const ISSUER: &str = "Mingzheng";

/// A secret to put into an authenticator, shown once.
#[derive(Serialize, ToSchema)]
pub struct Enrolment {
    /// The secret in Base32, to type in.
    pub secret: String,
    /// The same as an `otpauth:` address, for a QR code.
    pub otpauth_uri: String,
}

/// Shows no secret.
impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment(***)")
    }
}

fn totp(secret: &[u8], account: &str) -> Result<Totp, Problem> {
    Builder::new()
        .with_secret(Secret::from(secret))
        .with_account_name(account)
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(Problem::internal)
}

/// Makes a secret that waits for its confirmation; `named` is what its owner calls the authenticator.
pub async fn begin(
    app: &App,
    actor: &Actor,
    session: &Session,
    named: &str,
) -> Result<Enrolment, Problem> {
    let named = factors::checked(named)?;
    let secret: [u8; 20] = app.random.bytes();
    let tx = app.store.write().await?;
    let before = factors::before_adding(app, &tx, actor, session).await?;
    none_of_codes(&before)?;
    let name = store::accounts::find(&tx, actor.account)
        .await?
        .ok_or_else(|| Problem::new(Code::Unauthenticated))?
        .name;
    store::second_factors::begin(&tx, app.store.vault(), actor.account, &secret, named).await?;
    super::sign_in::audit(
        app,
        &tx,
        Some(actor),
        "begin_second_factor",
        actor.account,
        "done",
    )
    .await?;
    store::commit(tx).await?;
    let totp = totp(&secret, &name)?;
    Ok(Enrolment {
        secret: Secret::from(&secret[..]).to_base32(),
        otpauth_uri: totp.to_url().map_err(Problem::internal)?,
    })
}

/// Confirms the secret by a first code; answers the recovery codes, which are shown this once, with the first factor of
/// the account. Other sessions end.
pub async fn confirm(
    app: &App,
    actor: &Actor,
    session: &Session,
    code: &str,
) -> Result<Vec<String>, Problem> {
    let now = app.now();
    let tx = app.store.write().await?;
    let vault = app.store.vault();
    // Again: a key may have been added while this secret waited.
    let before = factors::before_adding(app, &tx, actor, session).await?;
    none_of_codes(&before)?;
    let found = store::second_factors::find(&tx, vault, actor.account).await?;
    let waiting = found.ok_or_else(wrong_code)?;
    if !uses_step(app, &tx, actor, &waiting.secret, code).await? {
        return Err(wrong_code());
    }
    store::second_factors::confirm(&tx, actor.account, now).await?;
    let act = "confirm_second_factor";
    let codes = factors::added(app, &tx, actor, session, &before, act).await?;
    store::commit(tx).await?;
    Ok(codes)
}

/// An account has one authenticator of codes.
fn none_of_codes(factors: &[Factor]) -> Result<(), Problem> {
    if factors.iter().any(|one| one.id == FactorId::Codes) {
        return Err(Problem::new(Code::AlreadyEnrolled));
    }
    Ok(())
}

/// New recovery codes of an account.
pub(super) fn recovery_codes(app: &App) -> Vec<Token> {
    (0..RECOVERY_CODES)
        .map(|_| Token::fresh(app, Kind::Recovery))
        .collect()
}

/// Proves the second factor in a session: a code of the authenticator, or a recovery code.
pub async fn prove(
    app: &App,
    actor: &Actor,
    session: &Session,
    code: &str,
    source: &Source,
) -> Result<(), Problem> {
    // Guesses are counted for the account wherever they come from: whoever guesses here knows the password already.
    let account = actor.account.to_string();
    let known = match &source.device {
        Some(device) => {
            store::sessions::knows_device(app.store.reader(), actor.account, &device.mac(app))
                .await?
        }
        None => false,
    };
    let place = if known {
        source.clone()
    } else {
        Source::anywhere()
    };
    // No network is counted: one count for all strangers would be a lock that one of them could hold.
    let attempt = failures::begin(app, "code", &account, &place, true).await?;
    let now = app.now();
    let tx = app.store.write().await?;
    let fits = match Token::parse(Kind::Recovery, code) {
        Some(recovery) => {
            let macs = recovery.macs(app);
            store::second_factors::use_recovery_code(&tx, actor.account, &macs, now).await?
        }
        None => match store::second_factors::find(&tx, app.store.vault(), actor.account).await? {
            Some(found) if found.confirmed => {
                uses_step(app, &tx, actor, &found.secret, code).await?
            }
            _ => false,
        },
    };
    let outcome = if fits { "done" } else { "invalid-code" };
    super::sign_in::audit(
        app,
        &tx,
        Some(actor),
        "prove_second_factor",
        session.id,
        outcome,
    )
    .await?;
    if fits {
        attempt.forgive(&tx).await?;
        store::sessions::prove(&tx, session.id, now).await?;
    }
    store::commit(tx).await?;
    if fits { Ok(()) } else { Err(wrong_code()) }
}

/// Whether a code fits and its step was not used before; the step is used up.
async fn uses_step(
    app: &App,
    tx: &store::WriteTx,
    actor: &Actor,
    secret: &[u8],
    code: &str,
) -> Result<bool, Problem> {
    let digits: String = code
        .chars()
        .take(16)
        .filter(|one| !one.is_whitespace())
        .collect();
    let seconds = u64::try_from(app.now().timestamp()).unwrap_or(0);
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(false);
    }
    let Some(step) = totp(secret, "account")?.check(&digits, seconds) else {
        return Ok(false);
    };
    let step = i64::try_from(step).map_err(Problem::internal)?;
    Ok(store::second_factors::use_step(tx, actor.account, step).await?)
}

fn wrong_code() -> Problem {
    Problem::field(
        "/code",
        "code",
        "验证码不对或已用过;请输入动态口令中新的 6 位数字,或一个没有用过的恢复码。",
        "The code is wrong or was used; type the next six digits of your authenticator, or a recovery code that was not used.",
    )
}
