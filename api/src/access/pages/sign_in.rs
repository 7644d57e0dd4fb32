//! Signing in by name and password.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use store::sessions::SessionKind;

use super::{BackQuery, Field, FormPage, frame, said, staff_page};
use crate::access::browser::{Cookie, FormToken, OwnForm, back_to};
use crate::access::sign_in::{self, Credentials, Opened};
use crate::access::source::{self, Source};
use crate::app::App;
use crate::extract::Query;
use crate::frame::Visit;
use crate::problem::Problem;

fn sign_in_form(
    app: &App,
    visit: &Visit,
    form: &FormToken,
    to: &str,
    name: &str,
    fault: Option<String>,
) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("登录", "Sign in");
    FormPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead: pick(
            "残联和培训机构工作人员在这里登录。",
            "For staff of federations and training institutions.",
        )
        .to_owned(),
        secret: None,
        action: "/sign-in",
        fields: vec![
            Field {
                id: "name",
                kind: "text",
                autocomplete: "username",
                label: pick("登录名(必填)", "Sign-in name (required)"),
                value: name.to_owned(),
                ..Field::default()
            },
            Field {
                id: "password",
                kind: "password",
                autocomplete: "current-password",
                label: pick("密码(必填)", "Password (required)"),
                hint: pick(
                    "可以粘贴,也可以用密码管理器。",
                    "Pasting and password managers work.",
                ),
                ..Field::default()
            },
        ],
        button: heading,
        to: to.to_owned(),
        form: form.text.clone(),
        fault,
        links: vec![
            (
                "/password/forgotten",
                pick("忘记密码", "I forgot my password"),
            ),
            (
                "/sign-in/code/ask",
                pick("学员用手机登录", "Trainees sign in by telephone"),
            ),
            (
                "/sign-in/code",
                pick("学员用登录码登录", "Trainees sign in with a code"),
            ),
        ],
    }
}

pub(super) async fn sign_in_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
    Query(back): Query<BackQuery>,
) -> Result<Response, Problem> {
    let view = sign_in_form(&app, &visit, &form, &back.to, "", None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

pub(super) async fn sign_in_sent(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    mut source: Source,
    headers: HeaderMap,
    form: OwnForm,
) -> Result<Response, Problem> {
    source.device = source::device(Cookie::Device.of(&app, &headers).as_deref());
    let given = Credentials {
        name: form.text("name"),
        password: form.exact("password"),
        code: None,
    };
    match sign_in::open(&app, given, &source, SessionKind::Browser, true).await {
        Ok(opened) => Ok(enter(&app, &visit, &opened, form.text("to"))),
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let (to, name) = (form.text("to"), form.text("name"));
            let view = sign_in_form(&app, &visit, &token, to, name, Some(fault));
            staff_page(&app, status, &view, Some(&token))
        }
    }
}

/// Goes on after a sign-in, with the cookie: to the second factor where one is needed.
pub(super) fn enter(app: &App, visit: &Visit, opened: &Opened, to: &str) -> Response {
    let session = &opened.presence.session;
    let roles = &opened.presence.actors;
    let needed = app.config.require_second_factor
        && roles.iter().any(|actor| actor.role.needs_second_factor());
    let back = back_to(visit.lang, to);
    let address = match (session.enrolled, needed) {
        (true, _) => visit
            .lang
            .pick("/sign-in/second-factor", "/en/sign-in/second-factor"),
        (false, true) => visit.lang.pick("/sign-in/enrol", "/en/sign-in/enrol"),
        (false, false) => "",
    };
    let address = match address {
        "" => back,
        address => format!("{address}?to={back}"),
    };
    let mut response = Redirect::to(&address).into_response();
    Cookie::Session.set(app, &mut response, opened.token.text());
    if let Some(device) = &opened.device {
        Cookie::Device.set(app, &mut response, device.text());
    }
    response
}
