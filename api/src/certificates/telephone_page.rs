//! `/desk/telephone-check`: the check by telephone at the desk of whoever answers the help line.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use certs::verdict::State as Verdict;

use super::telephone::{self, TelephoneCheckAnswer, TelephoneCheckRequest};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::CheckByTelephone;
use crate::app::App;
use crate::border::Source;
use crate::extract::IdempotencyKey;
use crate::frame::{Frame, Visit, both};
use crate::problem::{Code, Problem};

/// Routes of this page.
pub(crate) fn routes() -> Router<App> {
    both(Router::new(), "/desk/telephone-check", get(show).post(send))
}

#[derive(Template)]
#[template(path = "telephone_check.html")]
struct CheckPage {
    f: Frame,
    form: String,
    key: String,
    certificate: String,
    second: String,
    certificate_fault: Option<String>,
    second_fault: Option<String>,
    answer: Option<TelephoneCheckAnswer>,
}

impl CheckPage {
    fn new(app: &App, visit: &Visit, form: &FormToken) -> Self {
        let title = visit.lang.pick("电话核对", "Check by telephone");
        Self {
            f: Frame::desk(app, visit, title),
            form: form.text.clone(),
            key: app.random.id(app.now()).to_string(),
            certificate: String::new(),
            second: String::new(),
            certificate_fault: None,
            second_fault: None,
            answer: None,
        }
    }

    /// The verdict as its own page says it.
    fn state_word(&self, code: &str) -> &'static str {
        let found = Verdict::ALL.iter().find(|state| state.code() == code);
        found.map_or("", |state| self.f.lang().pick(state.zh(), state.en()))
    }
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    _by: OnPage<CheckByTelephone>,
    form: FormToken,
) -> Result<Response, Problem> {
    let view = CheckPage::new(&app, &visit, &form);
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<CheckByTelephone>,
    source: Source,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = TelephoneCheckRequest {
        certificate: form.text("certificate").trim().to_owned(),
        second: Some(form.text("second").trim().to_owned()),
    };
    let mut view = CheckPage::new(&app, &visit, &token);
    view.second = request.second.clone().unwrap_or_default();
    let status = match telephone::check(&app, source, &by.actor, &key, &request).await {
        Ok(answer) => {
            view.answer = Some(answer);
            // What was said is not shown again: the next caller's is typed.
            view.second = String::new();
            StatusCode::OK
        }
        Err(problem) => {
            let status = match problem.code() {
                Code::InvalidRequest => StatusCode::UNPROCESSABLE_ENTITY,
                Code::NotFound => StatusCode::NOT_FOUND,
                Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
                _ => return Err(problem),
            };
            let detail = match problem.errors().first() {
                Some(error) => error.detail.clone(),
                None => problem.detail(),
            };
            let words = Some(visit.lang.pick(&detail.zh, &detail.en).to_owned());
            let of_second = problem
                .errors()
                .first()
                .is_some_and(|error| error.pointer == "/second");
            if of_second {
                view.second_fault = words;
            } else {
                view.certificate_fault = words;
            }
            let title = visit
                .lang
                .pick("错误:电话核对", "Error: check by telephone");
            view.f = Frame::desk(&app, &visit, title);
            status
        }
    };
    view.certificate = request.certificate;
    staff_page(&app, status, &view, Some(&token))
}
