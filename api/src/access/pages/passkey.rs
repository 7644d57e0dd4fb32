//! Enrolling an authenticator that signs, and proving with it. The one small script stands here; where it does not run the
//! page says so and names the other ways.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::factor::enrolled;
use super::factors::prove_first;
use super::{BackQuery, frame, said, staff_page};
use crate::access::browser::{FormToken, OnPage, OwnForm, back_to};
use crate::access::passkeys;
use crate::access::permissions::ManageOwnAccess;
use crate::app::App;
use crate::extract::Query;
use crate::frame::{Frame, Visit, assets};
use crate::problem::Problem;

const ENROL: &str = "/sign-in/enrol/key";
const PROVE: &str = "/sign-in/second-factor/key";

#[derive(Template)]
#[template(path = "passkey.html")]
struct PasskeyPage {
    f: Frame,
    heading: &'static str,
    lead: &'static str,
    action: &'static str,
    /// What the browser is asked, once the person has begun: reading a page makes no challenge (WEB-2).
    asked: Option<String>,
    form: String,
    to: String,
    fault: Option<String>,
    links: Vec<(&'static str, &'static str)>,
    script: &'static str,
}

fn view(
    app: &App,
    visit: &Visit,
    token: &FormToken,
    action: &'static str,
    fault: Option<String>,
) -> PasskeyPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let (heading, lead, links) = if action == ENROL {
        (
            pick("登记安全密钥", "Enrol a security key"),
            pick(
                "可以使用 USB 或 NFC 安全密钥,也可以使用手机、电脑自带的指纹或面容验证。登记后,登录和重要操作时用它验证。",
                "A USB or NFC key, or the fingerprint or face check of your telephone or computer. It is asked for when you sign in and before important acts.",
            ),
            vec![(
                "/sign-in/enrol",
                pick("改用动态口令", "Use an authenticator app instead"),
            )],
        )
    } else {
        (
            pick("用安全密钥验证", "Prove with your security key"),
            pick(
                "请准备好登记过的安全密钥或设备。",
                "Have the key or device ready that you enrolled.",
            ),
            vec![(
                "/sign-in/second-factor",
                pick(
                    "改用动态口令或恢复码",
                    "Use a code or a recovery code instead",
                ),
            )],
        )
    };
    PasskeyPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead,
        action,
        asked: None,
        form: token.text.clone(),
        to: String::new(),
        fault,
        links,
        script: assets::PASSKEY.path(),
    }
}

/// The page; with a question to the browser its policy lets our own script run, and nothing else.
fn shown(app: &App, status: StatusCode, view: &PasskeyPage) -> Result<Response, Problem> {
    let response = staff_page(app, status, view, None)?;
    match view.asked {
        Some(_) => assets::with_scripts(response),
        None => Ok(response),
    }
}

pub(super) async fn enrol_page(
    State(app): State<App>,
    visit: Visit,
    _by: OnPage<ManageOwnAccess>,
    token: FormToken,
) -> Result<Response, Problem> {
    let view = view(&app, &visit, &token, ENROL, None);
    shown(&app, StatusCode::OK, &view)
}

pub(super) async fn enrol_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let session = &by.presence.session;
    if !form.has("answer") {
        let asked = match passkeys::begin(&app, &by.actor, session).await {
            Ok(asked) => asked,
            Err(problem) => return prove_first(&visit, &by, problem, ENROL),
        };
        let mut view = view(&app, &visit, &token, ENROL, None);
        view.asked = Some(asked);
        return shown(&app, StatusCode::OK, &view);
    }
    match passkeys::enrol(&app, &by.actor, session, form.text("answer"), "").await {
        Ok(codes) => {
            let heading = visit.lang.pick("安全密钥已登记", "Security key enrolled");
            enrolled(&app, &visit, heading, codes)
        }
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = view(&app, &visit, &token, ENROL, Some(fault));
            shown(&app, status, &view)
        }
    }
}

pub(super) async fn prove_page(
    State(app): State<App>,
    visit: Visit,
    _by: OnPage<ManageOwnAccess>,
    token: FormToken,
    Query(back): Query<BackQuery>,
) -> Result<Response, Problem> {
    let mut view = view(&app, &visit, &token, PROVE, None);
    view.to = back.to;
    shown(&app, StatusCode::OK, &view)
}

pub(super) async fn prove_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let session = &by.presence.session;
    let to = form.text("to");
    if !form.has("answer") {
        let Some(asked) = passkeys::ask(&app, &by.actor, session).await? else {
            // No key is enrolled: the other kind is asked for.
            let other = visit
                .lang
                .pick("/sign-in/second-factor", "/en/sign-in/second-factor");
            return Ok(Redirect::to(other).into_response());
        };
        let mut view = view(&app, &visit, &token, PROVE, None);
        view.asked = Some(asked);
        to.clone_into(&mut view.to);
        return shown(&app, StatusCode::OK, &view);
    }
    match passkeys::prove(&app, &by.actor, session, form.text("answer")).await {
        Ok(()) => Ok(Redirect::to(&back_to(visit.lang, to)).into_response()),
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let mut view = view(&app, &visit, &token, PROVE, Some(fault));
            to.clone_into(&mut view.to);
            shown(&app, status, &view)
        }
    }
}
