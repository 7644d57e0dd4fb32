//! Choosing a password with a code, and asking for one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{DonePage, Field, FormPage, frame, said, staff_page};
use crate::access::browser::{FormToken, OwnForm};
use crate::access::invitations;
use crate::access::source::Source;
use crate::app::App;
use crate::frame::Visit;
use crate::problem::Problem;

fn password_form(
    app: &App,
    visit: &Visit,
    form: &FormToken,
    code: &str,
    fault: Option<String>,
) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("设置密码", "Choose a password");
    FormPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead: pick(
            "请输入收到的验证码,并设置一个新密码。",
            "Give the code that you received, and choose a new password.",
        )
        .to_owned(),
        secret: None,
        action: "/password",
        fields: vec![
            Field {
                id: "code",
                kind: "text",
                autocomplete: "one-time-code",
                label: pick("验证码(必填)", "Code (required)"),
                hint: pick(
                    "以 mzo_ 开头,可以粘贴。",
                    "Begins with mzo_; it can be pasted.",
                ),
                value: code.to_owned(),
                ..Field::default()
            },
            Field {
                id: "password",
                kind: "password",
                autocomplete: "new-password",
                label: pick("新密码(必填)", "New password (required)"),
                hint: pick(
                    "12 至 128 个字符,什么字符都可以;几个不相关的词最好记。",
                    "12 to 128 characters of any kind; several unrelated words are easiest to remember.",
                ),
                ..Field::default()
            },
        ],
        button: pick("保存密码", "Save the password"),
        to: String::new(),
        form: form.text.clone(),
        fault,
        links: vec![(
            "/password/forgotten",
            pick("重新索取验证码", "Ask for another code"),
        )],
    }
}

pub(super) async fn password_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = password_form(&app, &visit, &form, "", None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

pub(super) async fn password_sent(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    source: Source,
    form: OwnForm,
) -> Result<Response, Problem> {
    let (code, password) = (form.text("code"), form.exact("password"));
    match invitations::set_password(&app, code, password, &source).await {
        Ok(()) => {
            let heading = visit.lang.pick("密码已设置", "The password is set");
            let view = DonePage {
                f: frame(&app, &visit, heading, false),
                heading,
                lead: visit
                    .lang
                    .pick("以前的登录都已退出。", "All earlier sign-ins have ended."),
                codes: Vec::new(),
                next: ("/sign-in", visit.lang.pick("登录", "Sign in")),
            };
            staff_page(&app, StatusCode::OK, &view, None)
        }
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = password_form(&app, &visit, &token, code, Some(fault));
            staff_page(&app, status, &view, Some(&token))
        }
    }
}

fn forgotten_form(app: &App, visit: &Visit, form: &FormToken, fault: Option<String>) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("忘记密码", "Forgotten password");
    FormPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead: pick(
            "请输入登录名。登记过联系方式的账号会收到一个验证码。",
            "Give your sign-in name. An account with a contact on record receives a code.",
        )
        .to_owned(),
        secret: None,
        action: "/password/forgotten",
        fields: vec![Field {
            id: "name",
            kind: "text",
            autocomplete: "username",
            label: pick("登录名(必填)", "Sign-in name (required)"),
            ..Field::default()
        }],
        button: pick("索取验证码", "Ask for a code"),
        to: String::new(),
        form: form.text.clone(),
        fault,
        links: Vec::new(),
    }
}

pub(super) async fn forgotten_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = forgotten_form(&app, &visit, &form, None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

pub(super) async fn forgotten_sent(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    source: Source,
    form: OwnForm,
) -> Result<Response, Problem> {
    match invitations::ask_reset(&app, form.text("name"), &source).await {
        Ok(()) => {
            let heading = visit.lang.pick("请查收验证码", "Look for the code");
            let view = DonePage {
                f: frame(&app, &visit, heading, false),
                heading,
                lead: visit.lang.pick(
                    "如果这个登录名存在并登记了联系方式,验证码已经发出,48 小时内有效。没有收到时请找账号管理员。",
                    "If this name exists and has a contact on record, a code is on its way and opens within 48 hours. If nothing comes, ask your account administrator.",
                ),
                codes: Vec::new(),
                next: ("/password", visit.lang.pick("输入验证码", "Give the code")),
            };
            staff_page(&app, StatusCode::OK, &view, None)
        }
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = forgotten_form(&app, &visit, &token, Some(fault));
            staff_page(&app, status, &view, Some(&token))
        }
    }
}
