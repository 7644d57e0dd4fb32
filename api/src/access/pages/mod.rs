//! Pages by which people get in: sign-in, second factor, trainee's code, password (pages.md 1).

mod accounts;
mod factor;
mod factors;
pub(crate) mod passkey;
mod password;
mod posts;
mod sign_in;
mod trainees;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::browser::{Cookie, FormToken, OnPage, OwnForm};
use super::permissions::ManageOwnAccess;
use crate::app::App;
use crate::extract::Locale;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::{Code, Problem};

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(
        Router::new(),
        "/sign-in",
        get(sign_in::sign_in_page).post(sign_in::sign_in_sent),
    );
    let router = both(
        router,
        "/sign-in/code",
        get(trainees::code_page).post(trainees::code_sent),
    );
    let router = both(
        router,
        "/sign-in/code/ask",
        get(trainees::ask_page).post(trainees::ask_sent),
    );
    let router = both(
        router,
        "/sign-in/second-factor",
        get(factor::factor_page).post(factor::factor_sent),
    );
    let router = both(
        router,
        "/sign-in/enrol",
        get(factor::enrol_page).post(factor::enrol_sent),
    );
    let router = both(
        router,
        "/sign-in/enrol/key",
        get(passkey::enrol_page).post(passkey::enrol_sent),
    );
    let router = both(
        router,
        "/sign-in/second-factor/key",
        get(passkey::prove_page).post(passkey::prove_sent),
    );
    let router = both(
        router,
        "/password",
        get(password::password_page).post(password::password_sent),
    );
    let router = both(
        router,
        "/password/forgotten",
        get(password::forgotten_page).post(password::forgotten_sent),
    );
    let router = both(
        router,
        factors::HERE,
        get(factors::factors_page).post(factors::factors_sent),
    );
    let router = both(
        router,
        "/desk/post",
        get(posts::posts_page).post(posts::posts_sent),
    );
    let router = both(router, "/admin/accounts", get(accounts::list_page));
    let router = both(
        router,
        "/admin/accounts/invite",
        get(accounts::invite_page).post(accounts::invite_sent),
    );
    let router = both(
        router,
        "/admin/accounts/{id}",
        get(accounts::account_page).post(accounts::account_sent),
    );
    both(router, "/sign-out", post(sign_out))
}

/// One field of a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    id: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    fault: Option<String>,
}

impl Field {
    /// The ids of what explains it.
    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id));
        let why = self.fault.as_ref().map(|_| format!("{}-why", self.id));
        hint.into_iter().chain(why).collect::<Vec<_>>().join(" ")
    }
}

/// A page with one form.
#[derive(Template)]
#[template(path = "access_form.html")]
struct FormPage {
    f: Frame,
    heading: &'static str,
    lead: String,
    /// Shown large, to be copied: a secret of the second factor.
    secret: Option<String>,
    action: &'static str,
    fields: Vec<Field>,
    button: &'static str,
    to: String,
    form: String,
    /// What is wrong with the whole form.
    fault: Option<String>,
    links: Vec<(&'static str, &'static str)>,
}

impl FormPage {
    /// Puts a problem beside the fields that it names; what is no fault of what was typed stays a problem.
    fn wrong(&mut self, app: &App, visit: &Visit, problem: Problem) -> Result<StatusCode, Problem> {
        for error in problem.errors() {
            let id = error.pointer.trim_start_matches('/');
            if let Some(field) = self.fields.iter_mut().find(|field| field.id == id) {
                let detail = &error.detail;
                field.fault = Some(visit.lang.pick(&detail.zh, &detail.en).to_owned());
            }
        }
        let told = self.fields.iter().any(|field| field.fault.is_some());
        let (status, fault) = said(visit.lang, problem)?;
        self.fault = Some(fault).filter(|_| !told);
        self.f = frame(app, visit, self.heading, true);
        Ok(status)
    }

    fn faults(&self) -> Vec<(&'static str, String)> {
        let first = self.fields.first().map_or("main", |field| field.id);
        self.fault
            .iter()
            .map(|fault| (first, fault.clone()))
            .chain(
                self.fields
                    .iter()
                    .filter_map(|field| Some((field.id, field.fault.clone()?))),
            )
            .collect()
    }
}

/// A page that says what was done and what comes next.
#[derive(Template)]
#[template(path = "access_done.html")]
struct DonePage {
    f: Frame,
    heading: &'static str,
    lead: &'static str,
    codes: Vec<String>,
    next: (&'static str, &'static str),
}

/// Renders a page of a signed-in person, or one that leads there: never kept, and with a referrer for our own pages
/// only, so that `Origin` is told with their forms (field.md 20).
pub(crate) fn staff_page(
    app: &App,
    status: StatusCode,
    template: &impl Template,
    form: Option<&FormToken>,
) -> Result<Response, Problem> {
    let mut response = page(status, template, Caching::Never)?;
    let headers = response.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    );
    if let Some(cookie) = form.and_then(|form| form.cookie.as_deref()) {
        Cookie::Form.set(app, &mut response, cookie);
    }
    Ok(response)
}

/// Where to go back to.
#[derive(Debug, Default, Deserialize)]
struct BackQuery {
    #[serde(default)]
    to: String,
}

fn frame(app: &App, visit: &Visit, title: &str, wrong: bool) -> Frame {
    let title = if wrong {
        format!("{}{title}", visit.lang.pick("错误:", "Error: "))
    } else {
        title.to_owned()
    };
    Frame::new(app, visit, Brand::Registry, title)
}

/// A problem as the words of a form; what is no fault of what was typed stays a problem.
fn said(lang: Locale, problem: Problem) -> Result<(StatusCode, String), Problem> {
    let status = match problem.code() {
        Code::InvalidCredentials | Code::InvalidRequest | Code::CodeSpent => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        _ => return Err(problem),
    };
    let sentence = match problem.errors().first() {
        Some(error) => error.detail.clone(),
        None => problem.detail(),
    };
    Ok((status, lang.pick(&sentence.zh, &sentence.en).to_owned()))
}

async fn sign_out(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    _form: OwnForm,
) -> Result<Response, Problem> {
    super::sign_in::sign_out(&app, &by.actor, by.presence.session.id).await?;
    let mut response = Redirect::to(visit.lang.pick("/sign-in", "/en/sign-in")).into_response();
    Cookie::Session.set(&app, &mut response, "");
    Ok(response)
}
