//! Who may do what: accounts, sessions, second factors, permissions, and the extractor that a handler's signature names.

pub mod account_list;
pub mod accounts;
pub mod browser;
pub mod courier;
pub mod delivery;
pub mod factors;
pub mod failures;
pub mod invitations;
pub mod json;
pub mod json_accounts;
pub mod json_factors;
pub mod json_second_factor;
pub mod pages;
pub mod passkeys;
pub mod passwords;
pub mod permissions;
pub mod posts;
pub mod public;
pub mod second_factor;
pub mod sessions;
pub mod sign_in;
pub mod source;
pub mod standing;
pub mod sweep;
pub mod tokens;
pub mod trainee_codes;
pub mod trainees;
pub mod upload;

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use chrono::Duration;
use domain::access::Actor;
use store::accounts::LiveAccount;
use store::sessions::Session;

use crate::app::App;
use crate::problem::{Code, Problem};
use permissions::{Permission, Proof};

/// How old a proof of the second factor may be for the acts that need a fresh one, in minutes (trust.md AU-5).
const FRESH_MINUTES: i64 = 5;

/// Somebody signed in: the posts they hold and the session they speak in.
#[derive(Clone, Debug)]
pub struct Presence {
    /// The actors of the posts from which they act here: of all, or of the one that was chosen. Never empty.
    pub actors: Vec<Actor>,
    /// The actors of all their valid posts.
    pub posts: Vec<Actor>,
    /// Name of the human being.
    pub person_name: String,
    /// The session.
    pub session: Session,
}

impl Presence {
    /// Who speaks in a session. A chosen post that has ended leaves the others.
    pub fn new(live: LiveAccount, session: Session) -> Self {
        let chosen = live
            .actors
            .iter()
            .find(|actor| session.post == Some(actor.post))
            .cloned();
        Self {
            actors: chosen.map_or_else(|| live.actors.clone(), |actor| vec![actor]),
            posts: live.actors,
            person_name: live.person_name,
            session,
        }
    }

    /// The actor who holds permission `P`, with the proof that it asks for.
    pub fn holding<P: Permission>(&self, app: &App) -> Result<Actor, Problem> {
        let actor = holder::<P>(&self.actors)?;
        let needed = app.config.require_second_factor && actor.role.needs_second_factor();
        let enrolled = self.session.enrolled;
        let proved = self.session.proved_at;
        let missing = match P::PROOF {
            Proof::Password => false,
            Proof::Enrolled => enrolled && proved.is_none(),
            Proof::Session | Proof::Fresh => (enrolled || needed) && proved.is_none(),
        };
        let oldest = app.now() - Duration::minutes(FRESH_MINUTES);
        let stale =
            P::PROOF == Proof::Fresh && (enrolled || needed) && proved.is_none_or(|at| at < oldest);
        let refused = match (missing, stale) {
            (true, _) => Some(Code::SecondFactorRequired),
            (false, true) => Some(Code::StepUpRequired),
            (false, false) => None,
        };
        match refused {
            Some(code) => Err(Problem::new(code)),
            None => Ok(actor),
        }
    }
}

/// The first of these actors who holds permission `P`.
pub fn holder<P: Permission>(actors: &[Actor]) -> Result<Actor, Problem> {
    actors
        .iter()
        .find(|actor| P::allows(actor.role))
        .cloned()
        .ok_or_else(|| {
            let who: Vec<&str> = P::roles().iter().map(|role| role.zh()).collect();
            let who_en: Vec<&str> = P::roles().iter().map(|role| role.en()).collect();
            Problem::new(Code::Forbidden).with_detail(
                format!("您的岗位没有这项权限;可以办理的是:{}。", who.join("、")),
                format!(
                    "Your post does not have this permission; it belongs to: {}.",
                    who_en.join(", ")
                ),
            )
        })
}

/// The signed-in actor, holding permission `P`. A handler without such an argument is public.
#[derive(Clone, Debug)]
pub struct By<P> {
    /// Who acts.
    pub actor: Actor,
    /// The session they speak in.
    pub session: Session,
    permission: PhantomData<P>,
}

impl<P: Permission> FromRequestParts<App> for By<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let presence = bearer(parts, app)
            .await
            .map_err(|problem| problem.asking_for(P::NAME))?;
        // Known before it is refused: a refusal is told of somebody (trust.md AD-1).
        let first = presence.actors.iter().find(|actor| P::allows(actor.role));
        if let Some(actor) = first.or(presence.actors.first()) {
            crate::audit::origin::know(actor);
        }
        Ok(Self {
            actor: presence.holding::<P>(app)?,
            session: presence.session,
            permission: PhantomData,
        })
    }
}

/// Who stands behind the `Authorization` header. A cookie is no answer here: a page of another site could send it.
async fn bearer(parts: &Parts, app: &App) -> Result<Presence, Problem> {
    let unknown = || Problem::new(Code::Unauthenticated);
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let token = given
        .next()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(unknown)?;
    if given.next().is_some() {
        return Err(unknown());
    }
    let access = app.sessions.read(token, app.now()).map_err(|refused| {
        // Counted, and written when the minute is over: a flood of them costs a row a minute.
        let account = match refused {
            sessions::Refused::OutOfTime(account) => Some(account),
            sessions::Refused::Invalid => None,
        };
        let denial = crate::audit::denials::Denial {
            account,
            act: refused.act().to_owned(),
            outcome: Code::Unauthenticated.as_str(),
            ..crate::audit::denials::Denial::here()
        };
        crate::audit::denials::count(app, denial);
        Problem::from(refused)
    })?;
    sign_in::presence(app, access.session)
        .await?
        .filter(|presence| {
            presence.session.account == access.account
                && presence.session.token_epoch == access.epoch
        })
        .ok_or_else(|| {
            // The token was ours: an account that ended is known, and its attempt is told.
            crate::audit::origin::know_account(access.account);
            unknown()
        })
}
