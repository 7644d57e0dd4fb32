//! The second factors of one's own account: which there are, their names, adding another, taking one away (trust.md AU-5).
//! How each kind proves itself stands in `second_factor` and `passkeys`.

use chrono::Duration;
use domain::access::Actor;
use store::WriteTx;
use store::factors::{self as rows, Factor, FactorId};
use store::sessions::Session;

use super::second_factor;
use super::tokens::Token;
use crate::app::App;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Most factors of an account.
const MOST: usize = 10;
/// Longest name, in characters.
const NAME_CHARS: usize = 40;

/// What an account has.
#[derive(Debug)]
pub struct Own {
    /// The factors.
    pub factors: Vec<Factor>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u64,
}

/// The factors of the actor's account.
pub async fn own(app: &App, actor: &Actor) -> Result<Own, Problem> {
    let reader = app.store.reader();
    Ok(Own {
        factors: rows::list(reader, actor.account).await?,
        recovery_codes_left: rows::recovery_codes_left(reader, actor.account).await?,
    })
}

/// The name of a factor as it is kept: empty, or up to 40 characters.
pub(super) fn checked(name: &str) -> Result<&str, Problem> {
    let mut faults = Faults::default();
    faults.words("/name", name, 0, NAME_CHARS);
    faults.finish()?;
    Ok(name.trim())
}

/// The factors before another is added. The first asks for the password alone; whoever has one already shows it, not
/// longer ago than for every important act: a stolen session adds no key of the thief.
pub(super) async fn before_adding(
    app: &App,
    tx: &WriteTx,
    actor: &Actor,
    session: &Session,
) -> Result<Vec<Factor>, Problem> {
    rows::lock(tx, actor.account).await?;
    let factors = rows::list(tx, actor.account).await?;
    if factors.is_empty() {
        return Ok(factors);
    }
    let oldest = app.now() - Duration::minutes(super::FRESH_MINUTES);
    match session.proved_at {
        None => Err(Problem::new(Code::SecondFactorRequired)),
        Some(at) if at < oldest => Err(Problem::new(Code::StepUpRequired)),
        Some(_) if factors.len() >= MOST => Err(Problem::new(Code::AlreadyEnrolled).with_detail(
            format!("最多登记 {MOST} 种第二因素;请先删除不用的。"),
            format!("An account has at most {MOST} second factors; remove one that is not used."),
        )),
        Some(_) => Ok(factors),
    }
}

/// After a factor was added: recovery codes come with the first one, other sign-ins end, this session has proved it.
pub(super) async fn added(
    app: &App,
    tx: &WriteTx,
    actor: &Actor,
    session: &Session,
    before: &[Factor],
    act: &'static str,
) -> Result<Vec<String>, Problem> {
    let now = app.now();
    let mut codes = Vec::new();
    if before.is_empty() {
        codes = second_factor::recovery_codes(app);
        let macs: Vec<[u8; 32]> = codes.iter().map(|code| code.mac(app)).collect();
        store::second_factors::replace_recovery_codes(tx, actor.account, &macs).await?;
    }
    store::sessions::end_others(tx, actor.account, Some(session.id), "second-factor", now).await?;
    store::sessions::prove(tx, session.id, now).await?;
    super::sign_in::audit(app, tx, Some(actor), act, actor.account, "done").await?;
    Ok(codes.iter().map(Token::grouped).collect())
}

/// Names one of one's own factors.
pub async fn name(app: &App, actor: &Actor, id: &FactorId, name: &str) -> Result<(), Problem> {
    let name = checked(name)?;
    let tx = app.store.write().await?;
    if !rows::name(&tx, actor.account, id, name).await? {
        return Err(Problem::not_found());
    }
    super::sign_in::audit(
        app,
        &tx,
        Some(actor),
        "name_second_factor",
        actor.account,
        "done",
    )
    .await?;
    Ok(store::commit(tx).await?)
}

/// Takes one of one's own factors away; other sign-ins end. The last one stays while the role needs one.
pub async fn remove(
    app: &App,
    actor: &Actor,
    session: &Session,
    id: &FactorId,
) -> Result<(), Problem> {
    let now = app.now();
    let tx = app.store.write().await?;
    rows::lock(&tx, actor.account).await?;
    if !rows::remove(&tx, actor.account, id).await? {
        return Err(Problem::not_found());
    }
    if rows::list(&tx, actor.account).await?.is_empty() {
        if needed(app, &tx, actor).await? {
            return Err(Problem::new(Code::LastSecondFactor));
        }
        store::second_factors::remove_recovery_codes(&tx, actor.account).await?;
        store::sessions::without_factor(&tx, session.id).await?;
    }
    store::sessions::end_others(&tx, actor.account, Some(session.id), "second-factor", now).await?;
    super::sign_in::audit(
        app,
        &tx,
        Some(actor),
        "drop_second_factor",
        actor.account,
        "done",
    )
    .await?;
    Ok(store::commit(tx).await?)
}

/// Whether any post of the account needs a second factor, not only the one from which the person acts now.
async fn needed(app: &App, tx: &WriteTx, actor: &Actor) -> Result<bool, Problem> {
    if !app.config.require_second_factor {
        return Ok(false);
    }
    let live = store::accounts::live(tx, actor.account, app.today()).await?;
    Ok(live.is_none_or(|live| live.actors.iter().any(|one| one.role.needs_second_factor())))
}
