//! The form of an objection, and what became of one (pages.md 3.8). Without a script.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::objections::{self, FileObjectionRequest};
use crate::access::browser::{FormToken, OwnForm};
use crate::access::pages::staff_page;
use crate::app::App;
use crate::cases::pages::forms::given;
use crate::extract::{IdempotencyKey, Path, Query};
use crate::frame::{Brand, Caching, Frame, Visit, page};
use crate::problem::{Code, Problem};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    federation: Option<String>,
}

struct FaultLine {
    field: String,
    words: String,
}

#[derive(Template)]
#[template(path = "objection.html")]
struct FormPage {
    f: Frame,
    number: String,
    subject: String,
    until: String,
    federation: String,
    faults: Vec<FaultLine>,
    text: String,
    name: String,
    contact: String,
    form: String,
    key: String,
}

impl FormPage {
    fn fault(&self, field: &str) -> Option<&str> {
        let found = self.faults.iter().find(|fault| fault.field == field);
        found.map(|fault| fault.words.as_str())
    }
}

async fn form_page(
    app: &App,
    visit: &Visit,
    number: String,
    federation: Option<String>,
    faulty: bool,
    token: &FormToken,
) -> Result<FormPage, Problem> {
    let target = objections::target(app, &number, federation.as_deref()).await?;
    let title = visit.lang.pick("提出异议", "Object");
    let title = if faulty {
        format!("{}{title}", visit.lang.pick("错误:", "Error: "))
    } else {
        title.to_owned()
    };
    let f = Frame::new(app, visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under(
            "/notices",
            visit.lang.pick("公示与决定", "Notices and decisions"),
        );
    Ok(FormPage {
        until: f.date(target.until),
        subject: target.title,
        federation: federation.unwrap_or_default(),
        faults: Vec::new(),
        text: String::new(),
        name: String::new(),
        contact: String::new(),
        form: token.text.clone(),
        key: app.random.id(app.now()).to_string(),
        number,
        f,
    })
}

pub(super) async fn form(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let view = form_page(&app, &visit, number, asked.federation, false, &token).await?;
    staff_page(&app, StatusCode::OK, &view, Some(&token))
}

pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    token: FormToken,
    Path(number): Path<String>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = FileObjectionRequest {
        text: form.text("text").to_owned(),
        name: given(&form, "name"),
        contact: given(&form, "contact"),
        federation: given(&form, "federation"),
    };
    match objections::file(&app, &key, &number, &request).await {
        Ok(filed) => {
            let base = visit
                .lang
                .pick("/notices/objections", "/en/notices/objections");
            Ok(Redirect::to(&format!("{base}/{}", filed.number)).into_response())
        }
        // Everything typed is still there, with what is wrong beside it.
        Err(problem) if problem.code() == Code::InvalidRequest => {
            let federation = request.federation.clone();
            let mut view = form_page(&app, &visit, number, federation, true, &token).await?;
            view.faults = problem
                .errors()
                .iter()
                .map(|error| FaultLine {
                    field: error.pointer.trim_start_matches('/').to_owned(),
                    words: view.f.t(&error.detail.zh, &error.detail.en).to_owned(),
                })
                .collect();
            view.text = request.text;
            view.name = request.name.unwrap_or_default();
            view.contact = request.contact.unwrap_or_default();
            staff_page(&app, StatusCode::UNPROCESSABLE_ENTITY, &view, Some(&token))
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "objection_filed.html")]
struct FiledPage {
    f: Frame,
    number: String,
    state: &'static str,
    due: Option<String>,
    answer: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let found = objections::answer(&app, &number).await?;
    let title = format!("{} {number}", visit.lang.pick("异议", "Objection"));
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under(
            "/notices",
            visit.lang.pick("公示与决定", "Notices and decisions"),
        );
    let view = FiledPage {
        state: match found.state.as_str() {
            "accepted" => f.t("异议成立", "accepted"),
            "dismissed" => f.t("异议不成立", "dismissed"),
            _ => f.t("办理中", "being looked at"),
        },
        due: found
            .answer_due
            .as_deref()
            .filter(|_| found.answer.is_none())
            .map(|day| crate::institutions::pages::day(&f, day)),
        answer: found.answer,
        number: found.number,
        f,
    };
    page(StatusCode::OK, &view, Caching::Never)
}
