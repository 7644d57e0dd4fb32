//! Trainees: asking for a code by telephone, and signing in with it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use store::sessions::SessionKind;

use super::sign_in::enter;
use super::{Field, FormPage, frame, said, staff_page};
use crate::access::browser::{Cookie, FormToken, OwnForm};
use crate::access::source::Source;
use crate::access::trainee_codes::{self, AskCodeRequest};
use crate::access::trainees;
use crate::app::App;
use crate::frame::Visit;
use crate::problem::Problem;

fn code_form(app: &App, visit: &Visit, form: &FormToken, fault: Option<String>) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("学员登录", "Trainees: sign in");
    FormPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead: pick(
            "请输入手机收到的登录码,或县残联窗口给您的登录码。",
            "Type the code that was sent to your telephone, or the one that your county's counter gave you.",
        )
        .to_owned(),
        secret: None,
        action: "/sign-in/code",
        fields: vec![Field {
            id: "code",
            kind: "text",
            autocomplete: "one-time-code",
            label: pick("登录码(必填)", "Sign-in code (required)"),
            hint: pick(
                "手机收到的是 8 位数字,窗口给的是 12 个字母和数字;可以粘贴。",
                "Eight digits from the telephone, or twelve letters and digits from the counter; pasting works.",
            ),
            ..Field::default()
        }],
        button: pick("登录", "Sign in"),
        to: String::new(),
        form: form.text.clone(),
        fault,
        links: vec![
            (
                "/sign-in/code/ask",
                pick("用手机收登录码", "Get a code by telephone"),
            ),
            ("/sign-in", pick("工作人员登录", "Staff sign in here")),
        ],
    }
}

pub(super) async fn code_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = code_form(&app, &visit, &form, None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

pub(super) async fn code_sent(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    source: Source,
    headers: HeaderMap,
    form: OwnForm,
) -> Result<Response, Problem> {
    let (code, kind) = (form.text("code"), SessionKind::Browser);
    let opened = if trainee_codes::typed(code).is_some() {
        let ticket = Cookie::Ticket.of(&app, &headers).unwrap_or_default();
        trainee_codes::sign_in(&app, &ticket, code, &source, kind).await
    } else {
        trainees::sign_in(&app, code, &source, kind).await
    };
    match opened {
        Ok(opened) => {
            let mut response = enter(&app, &visit, &opened, visit.lang.pick("/me", "/en/me"));
            Cookie::Ticket.set(&app, &mut response, "");
            Ok(response)
        }
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = code_form(&app, &visit, &token, Some(fault));
            staff_page(&app, status, &view, Some(&token))
        }
    }
}

fn ask_form(app: &App, visit: &Visit, form: &FormToken, typed: (&str, &str)) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("用手机收登录码", "Get a sign-in code by telephone");
    FormPage {
        f: frame(app, visit, heading, false),
        heading,
        lead: pick(
            "请填写您在县残联登记的手机号码和本人姓名,两项相符时,登录码会发到这个手机。只报给培训机构的号码收不到登录码;没有登记的,请到县残联窗口领取登录码。",
            "Give the telephone number that you told your county federation and your full name. If both fit, a code is sent to that telephone. A number that only your institution has gets none; the counter of your county hands out codes, too.",
        )
        .to_owned(),
        secret: None,
        action: "/sign-in/code/ask",
        fields: vec![
            Field {
                id: "phone",
                kind: "tel",
                autocomplete: "tel-national",
                label: pick("手机号码(必填)", "Mobile number (required)"),
                hint: pick(
                    "11 位数字;家人或村里的号码也可以。",
                    "Eleven digits; the number of your family or village works as well.",
                ),
                value: typed.0.to_owned(),
                ..Field::default()
            },
            Field {
                id: "name",
                kind: "text",
                autocomplete: "name",
                label: pick("本人姓名(必填)", "Full name (required)"),
                value: typed.1.to_owned(),
                ..Field::default()
            },
        ],
        button: pick("发送登录码", "Send the code"),
        to: String::new(),
        form: form.text.clone(),
        fault: None,
        links: vec![(
            "/sign-in/code",
            pick("我已经有登录码", "I have a code already"),
        )],
    }
}

pub(super) async fn ask_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = ask_form(&app, &visit, &form, ("", ""));
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

pub(super) async fn ask_sent(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    source: Source,
    form: OwnForm,
) -> Result<Response, Problem> {
    let request = AskCodeRequest {
        phone: form.text("phone").to_owned(),
        name: form.text("name").to_owned(),
    };
    match trainee_codes::ask(&app, &request, &source).await {
        Ok(answer) => {
            let mut response =
                Redirect::to(visit.lang.pick("/sign-in/code", "/en/sign-in/code")).into_response();
            // Not in the address, which browsers keep.
            Cookie::Ticket.set(&app, &mut response, &answer.ticket);
            Ok(response)
        }
        Err(problem) => {
            let mut view = ask_form(&app, &visit, &token, (&request.phone, &request.name));
            let status = view.wrong(&app, &visit, problem)?;
            staff_page(&app, status, &view, Some(&token))
        }
    }
}
