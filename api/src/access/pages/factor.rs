//! Proving the second factor, and enrolling it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::factors::{HERE, prove_first};
use super::{BackQuery, DonePage, Field, FormPage, frame, said, staff_page};
use crate::access::browser::{Cookie, FormToken, OnPage, OwnForm, back_to};
use crate::access::permissions::ManageOwnAccess;
use crate::access::second_factor;
use crate::access::source::{self, Source};
use crate::app::App;
use crate::extract::Query;
use crate::frame::Visit;
use crate::problem::Problem;

fn factor_form(
    app: &App,
    visit: &Visit,
    form: &FormToken,
    to: &str,
    fault: Option<String>,
) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("验证动态口令", "Prove your second factor");
    FormPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead: pick(
            "请输入动态口令应用中的 6 位数字;手机不在身边时,输入一个恢复码。",
            "Type the six digits of your authenticator, or a recovery code if you have not got it with you.",
        )
        .to_owned(),
        secret: None,
        action: "/sign-in/second-factor",
        fields: vec![Field {
            id: "code",
            kind: "text",
            autocomplete: "one-time-code",
            label: pick("动态口令或恢复码(必填)", "Code (required)"),
            ..Field::default()
        }],
        button: pick("验证", "Continue"),
        to: to.to_owned(),
        form: form.text.clone(),
        fault,
        links: vec![(
            "/sign-in/second-factor/key",
            pick("用安全密钥验证", "Prove with a security key"),
        )],
    }
}

pub(super) async fn factor_page(
    State(app): State<App>,
    visit: Visit,
    _by: OnPage<ManageOwnAccess>,
    form: FormToken,
    Query(back): Query<BackQuery>,
) -> Result<Response, Problem> {
    let view = factor_form(&app, &visit, &form, &back.to, None);
    staff_page(&app, StatusCode::OK, &view, None)
}

pub(super) async fn factor_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    token: FormToken,
    mut source: Source,
    headers: HeaderMap,
    form: OwnForm,
) -> Result<Response, Problem> {
    source.device = source::device(Cookie::Device.of(&app, &headers).as_deref());
    let session = &by.presence.session;
    match second_factor::prove(&app, &by.actor, session, form.text("code"), &source).await {
        Ok(()) => Ok(Redirect::to(&back_to(visit.lang, form.text("to"))).into_response()),
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = factor_form(&app, &visit, &token, form.text("to"), Some(fault));
            staff_page(&app, status, &view, None)
        }
    }
}

/// How far an enrolment on the page is.
enum Enrolling {
    /// Nothing was made yet.
    Before,
    /// A secret to be put into the authenticator.
    Secret(String),
    /// The code was wrong; the secret stays and is not shown again.
    Wrong(String),
}

fn enrol_form(app: &App, visit: &Visit, form: &FormToken, step: Enrolling) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("登记动态口令", "Enrol a second factor");
    let before = matches!(step, Enrolling::Before);
    let (secret, fault) = match step {
        Enrolling::Before => (None, None),
        Enrolling::Secret(secret) => (Some(secret), None),
        Enrolling::Wrong(fault) => (None, Some(fault)),
    };
    let lead = if before {
        pick(
            "您的岗位须使用动态口令。请在手机上准备好动态口令应用,再生成密钥;密钥只显示一次。",
            "Your post needs a second factor. Have an authenticator app ready, then make a key; it is shown once.",
        )
    } else {
        pick(
            "在动态口令应用中选择“手动输入”,填入密钥,再把显示的 6 位数字输入这里。",
            "Choose “enter a key” in the authenticator app, give the key, and type the six digits that it shows.",
        )
    };
    let code = Field {
        id: "code",
        kind: "text",
        autocomplete: "one-time-code",
        label: pick("6 位数字(必填)", "Six digits (required)"),
        ..Field::default()
    };
    FormPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead: lead.to_owned(),
        secret,
        action: "/sign-in/enrol",
        fields: if before { Vec::new() } else { vec![code] },
        button: if before {
            pick("生成密钥", "Make a key")
        } else {
            pick("确认", "Confirm")
        },
        to: String::new(),
        form: form.text.clone(),
        fault,
        links: if before {
            vec![(
                "/sign-in/enrol/key",
                pick("改用安全密钥", "Use a security key instead"),
            )]
        } else {
            vec![("/sign-in/enrol", pick("换一个密钥", "Make another key"))]
        },
    }
}

/// A factor was added; with the first one come the recovery codes.
pub(super) fn enrolled(
    app: &App,
    visit: &Visit,
    heading: &'static str,
    codes: Vec<String>,
) -> Result<Response, Problem> {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let (lead, next) = if codes.is_empty() {
        (
            pick(
                "已加入您的账号。原有的恢复码继续有效;可以给它起个名称。",
                "It was added to your account. Your recovery codes stay good; you may give it a name.",
            ),
            (HERE, pick("查看我的第二因素", "My second factors")),
        )
    } else {
        (
            pick(
                "请打印或抄下这些恢复码,锁好。设备或密钥丢失时,每个恢复码可用一次。它们只显示这一次。",
                "Print or copy these recovery codes and lock them away. Each opens once if you lose your device or key. They are shown this once.",
            ),
            ("/desk", pick("进入工作台", "To the desk")),
        )
    };
    let view = DonePage {
        f: frame(app, visit, heading, false),
        heading,
        lead,
        codes,
        next,
    };
    staff_page(app, StatusCode::OK, &view, None)
}

pub(super) async fn enrol_page(
    State(app): State<App>,
    visit: Visit,
    _by: OnPage<ManageOwnAccess>,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = enrol_form(&app, &visit, &form, Enrolling::Before);
    staff_page(&app, StatusCode::OK, &view, None)
}

pub(super) async fn enrol_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let session = &by.presence.session;
    // The form before the key has no code: it asks for the key. Reading a page makes none (WEB-2).
    if !form.has("code") {
        let enrolment = match second_factor::begin(&app, &by.actor, session, "").await {
            Ok(enrolment) => enrolment,
            Err(problem) => return prove_first(&visit, &by, problem, "/sign-in/enrol"),
        };
        let view = enrol_form(&app, &visit, &token, Enrolling::Secret(enrolment.secret));
        return staff_page(&app, StatusCode::OK, &view, None);
    }
    match second_factor::confirm(&app, &by.actor, session, form.text("code")).await {
        Ok(codes) => {
            let heading = visit.lang.pick("动态口令已登记", "Second factor enrolled");
            enrolled(&app, &visit, heading, codes)
        }
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = enrol_form(&app, &visit, &token, Enrolling::Wrong(fault));
            staff_page(&app, status, &view, None)
        }
    }
}
