//! Pages by which people get in: sign-in, second factor, trainee's code, password (pages.md 1).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use store::sessions::SessionKind;

use super::browser::{Cookie, FormToken, OnPage, OwnForm, back_to};
use super::permissions::ManageOwnAccess;
use super::sign_in::{self, Credentials, Opened};
use super::source::{self, Source};
use super::{invitations, second_factor, trainees};
use crate::app::App;
use crate::extract::{Locale, Query};
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::{Code, Problem};

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(
        Router::new(),
        "/sign-in",
        get(sign_in_page).post(sign_in_sent),
    );
    let router = both(router, "/sign-in/code", get(code_page).post(code_sent));
    let router = both(
        router,
        "/sign-in/second-factor",
        get(factor_page).post(factor_sent),
    );
    let router = both(router, "/sign-in/enrol", get(enrol_page).post(enrol_sent));
    let router = both(router, "/password", get(password_page).post(password_sent));
    let router = both(
        router,
        "/password/forgotten",
        get(forgotten_page).post(forgotten_sent),
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
                "/sign-in/code",
                pick("学员用登录码登录", "Trainees sign in with a code"),
            ),
        ],
    }
}

async fn sign_in_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
    Query(back): Query<BackQuery>,
) -> Result<Response, Problem> {
    let view = sign_in_form(&app, &visit, &form, &back.to, "", None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

async fn sign_in_sent(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    mut source: Source,
    headers: axum::http::HeaderMap,
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
fn enter(app: &App, visit: &Visit, opened: &Opened, to: &str) -> Response {
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

fn code_form(app: &App, visit: &Visit, form: &FormToken, fault: Option<String>) -> FormPage {
    let pick = |zh, en| visit.lang.pick(zh, en);
    let heading = pick("学员登录", "Trainees: sign in");
    FormPage {
        f: frame(app, visit, heading, fault.is_some()),
        heading,
        lead: pick(
            "请输入县残联窗口给您的登录码。",
            "Type the code that your county's counter gave you.",
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
                "12 个字母和数字,大小写都可以。",
                "Twelve letters and digits, capitals or not.",
            ),
            ..Field::default()
        }],
        button: pick("登录", "Sign in"),
        to: String::new(),
        form: form.text.clone(),
        fault,
        links: Vec::new(),
    }
}

async fn code_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = code_form(&app, &visit, &form, None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

async fn code_sent(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    source: Source,
    form: OwnForm,
) -> Result<Response, Problem> {
    match trainees::sign_in(&app, form.text("code"), &source, SessionKind::Browser).await {
        Ok(opened) => Ok(enter(&app, &visit, &opened, "")),
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = code_form(&app, &visit, &token, Some(fault));
            staff_page(&app, status, &view, Some(&token))
        }
    }
}

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
        links: Vec::new(),
    }
}

async fn factor_page(
    State(app): State<App>,
    visit: Visit,
    _by: OnPage<ManageOwnAccess>,
    form: FormToken,
    Query(back): Query<BackQuery>,
) -> Result<Response, Problem> {
    let view = factor_form(&app, &visit, &form, &back.to, None);
    staff_page(&app, StatusCode::OK, &view, None)
}

async fn factor_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    token: FormToken,
    mut source: Source,
    headers: axum::http::HeaderMap,
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
            Vec::new()
        } else {
            vec![("/sign-in/enrol", pick("换一个密钥", "Make another key"))]
        },
    }
}

async fn enrol_page(
    State(app): State<App>,
    visit: Visit,
    _by: OnPage<ManageOwnAccess>,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = enrol_form(&app, &visit, &form, Enrolling::Before);
    staff_page(&app, StatusCode::OK, &view, None)
}

async fn enrol_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let session = &by.presence.session;
    // The form before the key has no code: it asks for the key. Reading a page makes none (WEB-2).
    if !form.has("code") {
        let enrolment = second_factor::begin(&app, &by.actor).await?;
        let view = enrol_form(&app, &visit, &token, Enrolling::Secret(enrolment.secret));
        return staff_page(&app, StatusCode::OK, &view, None);
    }
    match second_factor::confirm(&app, &by.actor, session, form.text("code")).await {
        Ok(codes) => {
            let heading = visit.lang.pick("动态口令已登记", "Second factor enrolled");
            let view = DonePage {
                f: frame(&app, &visit, heading, false),
                heading,
                lead: visit.lang.pick(
                    "请打印或抄下这些恢复码,锁好。手机丢失时,每个恢复码可用一次。它们只显示这一次。",
                    "Print or copy these recovery codes and lock them away. Each opens once if you lose your device. They are shown this once.",
                ),
                codes,
                next: ("/desk", visit.lang.pick("进入工作台", "To the desk")),
            };
            staff_page(&app, StatusCode::OK, &view, None)
        }
        Err(problem) => {
            let (status, fault) = said(visit.lang, problem)?;
            let view = enrol_form(&app, &visit, &token, Enrolling::Wrong(fault));
            staff_page(&app, status, &view, None)
        }
    }
}

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

async fn password_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = password_form(&app, &visit, &form, "", None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

async fn password_sent(
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

async fn forgotten_page(
    State(app): State<App>,
    visit: Visit,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = forgotten_form(&app, &visit, &form, None);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

async fn forgotten_sent(
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

async fn sign_out(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    _form: OwnForm,
) -> Result<Response, Problem> {
    sign_in::sign_out(&app, &by.actor, by.presence.session.id).await?;
    let mut response = Redirect::to(visit.lang.pick("/sign-in", "/en/sign-in")).into_response();
    Cookie::Session.set(&app, &mut response, "");
    Ok(response)
}
