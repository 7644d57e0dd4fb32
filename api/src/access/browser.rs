//! Browser sessions: the cookie, who stands behind it, and the check that a form came from our own page
//! (trust.md WEB-2, field.md 20).

use std::collections::HashMap;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::{Actor, Role};
use subtle::ConstantTimeEq as _;

use super::permissions::Permission;
use super::tokens::{Kind, Token};
use super::{Presence, sign_in};
use crate::app::App;
use crate::audit::origin::{self, OnThisPage};
use crate::extract::{Locale, media_type};
use crate::problem::{Code, Problem};

/// Longest form of a staff page, in bytes.
const FORM_LIMIT: usize = 64 * 1024;
/// How long a browser keeps the ticket of a sign-in code, in seconds: as long as the code opens.
const TICKET_SECONDS: u32 = 600;
/// How long a browser keeps its device token, in seconds: the longest that browsers take.
const DEVICE_SECONDS: u32 = 400 * 86_400;

/// Our cookies. `__Host-` binds a cookie to this host and to https; the demo speaks http on the loopback, where
/// browsers refuse that prefix, and uses the plain name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The session.
    Session,
    /// The device that its owner used before.
    Device,
    /// Ties forms to a browser that is not signed in.
    Form,
    /// Goes with a sign-in code that was sent.
    Ticket,
}

impl Cookie {
    fn name(self, app: &App) -> &'static str {
        match (self, app.config.loopback_cookies) {
            (Self::Session, false) => "__Host-session",
            (Self::Session, true) => "session",
            (Self::Device, false) => "__Host-device",
            (Self::Device, true) => "device",
            (Self::Form, false) => "__Host-form",
            (Self::Form, true) => "form",
            (Self::Ticket, false) => "__Host-ticket",
            (Self::Ticket, true) => "ticket",
        }
    }

    /// The value that the browser sent.
    pub fn of(self, app: &App, headers: &HeaderMap) -> Option<String> {
        let name = self.name(app);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.to_owned())
    }

    /// Sets the cookie in an answer; an empty value takes it away.
    pub fn set(self, app: &App, response: &mut Response, value: &str) {
        let life = match self {
            _ if value.is_empty() => "; Max-Age=0".to_owned(),
            Self::Device => format!("; Max-Age={DEVICE_SECONDS}"),
            // Ends with the browser; the session itself ends in the database.
            Self::Session | Self::Form => String::new(),
            Self::Ticket => format!("; Max-Age={TICKET_SECONDS}"),
        };
        let secure = if app.config.loopback_cookies {
            ""
        } else {
            "; Secure"
        };
        let name = self.name(app);
        let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{life}");
        if let Ok(line) = HeaderValue::try_from(line) {
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
}

/// The token that a page writes into its forms, for browsers that tell neither `Sec-Fetch-Site` nor `Origin`.
#[derive(Clone, Debug)]
pub struct FormToken {
    /// What stands in the form.
    pub text: String,
    /// A cookie that must be set with the page.
    pub cookie: Option<String>,
}

impl FormToken {
    /// The token of a browser: tied to its session, or to a cookie of its own before it has one.
    pub fn of(app: &App, headers: &HeaderMap) -> Self {
        let held = Cookie::Session
            .of(app, headers)
            .or_else(|| Cookie::Form.of(app, headers))
            .filter(|held| !held.is_empty());
        if let Some(held) = held {
            return Self {
                text: form_token(app, &held),
                cookie: None,
            };
        }
        let fresh = Token::fresh(app, Kind::Browser).text().to_owned();
        Self {
            text: form_token(app, &fresh),
            cookie: Some(fresh),
        }
    }
}

fn form_token(app: &App, cookie: &str) -> String {
    let mac = app.store.vault().blind_index("form", cookie);
    data_encoding::BASE32_NOPAD
        .encode(&mac[..20])
        .to_ascii_lowercase()
}

impl FromRequestParts<App> for FormToken {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(app, &parts.headers))
    }
}

/// The fields of a form that came from a page of ours. There is no other way to read a form of a staff page.
#[derive(Debug)]
pub struct OwnForm(HashMap<String, String>);

impl OwnForm {
    /// A field without spaces around it; empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// Whether a field was sent.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Fields that were read; where the browser said nothing, the token has to fit.
    pub(super) fn checked(
        app: &App,
        headers: &HeaderMap,
        told: Option<bool>,
        fields: HashMap<String, String>,
    ) -> Result<Self, Problem> {
        let form = Self(fields);
        if told.is_none() {
            let expected = FormToken::of(app, headers);
            let fits = expected.text.as_bytes().ct_eq(form.text("form").as_bytes());
            if expected.cookie.is_some() || !bool::from(fits) {
                return Err(Problem::new(Code::CrossSite));
            }
        }
        Ok(form)
    }

    /// A field exactly as it was typed: a password may begin with a space.
    pub fn exact(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl FromRequest<App> for OwnForm {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let told = from_our_page(app, &headers)?;
        if media_type(&headers)? != "application/x-www-form-urlencoded" {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let body = Bytes::from_request(request, app)
            .await
            .map_err(|_| Problem::new(Code::TooLarge))?;
        if body.len() > FORM_LIMIT {
            return Err(Problem::new(Code::TooLarge));
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&body)
            .map_err(|_| Problem::new(Code::MalformedRequest))?;
        if pairs
            .iter()
            .any(|(name, value)| name.contains('\0') || value.contains('\0'))
        {
            return Err(Problem::new(Code::MalformedRequest));
        }
        let mut fields = HashMap::new();
        for (name, value) in pairs {
            // No form of ours has a field twice: neither the first nor the last is what was meant.
            if fields.insert(name, value).is_some() {
                return Err(Problem::new(Code::MalformedRequest));
            }
        }
        Self::checked(app, &headers, told, fields)
    }
}

/// Whether the browser says that a form came from a page of ours; refused when it says that it did not.
pub(super) fn from_our_page(app: &App, headers: &HeaderMap) -> Result<Option<bool>, Problem> {
    match came_from_us(app, headers) {
        Some(false) => Err(Problem::new(Code::CrossSite)),
        told => Ok(told),
    }
}

/// Whether the browser says that the form came from a page of ours; `None` when it says nothing (field.md 20: first
/// `Sec-Fetch-Site`, then `Origin`, then the token).
fn came_from_us(app: &App, headers: &HeaderMap) -> Option<bool> {
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (value("sec-fetch-site"), value("origin")) {
        (Some(site), _) => Some(matches!(site, "same-origin" | "none")),
        (None, Some("null") | None) => None,
        (None, Some(origin)) => {
            let host = value("host").unwrap_or("");
            let authority = origin.split_once("://").map_or("", |(_, rest)| rest);
            Some(origin == app.config.public_url || (!host.is_empty() && authority == host))
        }
    }
}

/// Somebody signed in with a browser, holding permission `P`. Whoever is not is led to the page that helps.
#[derive(Clone, Debug)]
pub struct OnPage<P> {
    /// Who acts.
    pub actor: Actor,
    /// All their posts, and the session.
    pub presence: Presence,
    permission: PhantomData<P>,
}

impl<P: Permission> FromRequestParts<App> for OnPage<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let lang = Locale::of(&parts.headers, parts.uri.path());
        let back = match parts.method {
            axum::http::Method::GET => parts.uri.path().to_owned(),
            // What was sent is lost; the desk shows it again.
            _ => lang.pick("/desk", "/en/desk").to_owned(),
        };
        let lead = |zh: &str, en: &str| {
            Redirect::to(&format!("{}?to={back}", lang.pick(zh, en))).into_response()
        };
        let presence = match Cookie::Session.of(app, &parts.headers) {
            Some(cookie) => sign_in::presence_of_cookie(app, &cookie)
                .await
                .map_err(IntoResponse::into_response)?,
            None => None,
        };
        let Some(presence) = presence else {
            return Err(lead("/sign-in", "/en/sign-in"));
        };
        let shown = presence.holding::<P>(app);
        let acting = shown.as_ref().ok().or(presence.actors.first());
        if let Some(actor) = acting {
            // Known before it is refused: a refusal is told of somebody (trust.md AD-1).
            origin::know(actor);
            let trainee = actor.role == Role::Trainee;
            origin::at_page(OnThisPage {
                name: Some(presence.person_name.clone())
                    .filter(|_| !trainee)
                    .unwrap_or_default(),
                role: actor.role,
                several: presence.posts.len() > 1,
                form: FormToken::of(app, &parts.headers).text,
            });
        }
        match shown {
            Ok(actor) => Ok(Self {
                actor,
                presence,
                permission: PhantomData,
            }),
            Err(problem) => match prove_address(lang, &presence, &problem) {
                Some(address) => Err(Redirect::to(&format!("{address}?to={back}")).into_response()),
                None => Err(problem.into_response()),
            },
        }
    }
}

impl OnPage<crate::access::permissions::ManageKeys> {
    /// The same person as a reader of keys: who keeps them may see them.
    pub(crate) fn only_reading(self) -> OnPage<crate::access::permissions::SeeKeys> {
        OnPage {
            actor: self.actor,
            presence: self.presence,
            permission: PhantomData,
        }
    }
}

/// The page that helps when a proof of the second factor is missing.
pub fn prove_address(lang: Locale, presence: &Presence, problem: &Problem) -> Option<&'static str> {
    let missing = matches!(
        problem.code(),
        Code::SecondFactorRequired | Code::StepUpRequired
    );
    missing.then(|| {
        if presence.session.enrolled {
            lang.pick("/sign-in/second-factor", "/en/sign-in/second-factor")
        } else {
            lang.pick("/sign-in/enrol", "/en/sign-in/enrol")
        }
    })
}

/// Where a page wants to go back to, when it is one of ours.
pub fn back_to(lang: Locale, to: &str) -> String {
    let ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.len() <= 200
        && to
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_'));
    if ours {
        to.to_owned()
    } else {
        lang.pick("/desk", "/en/desk").to_owned()
    }
}
