//! `/me/requests`: a trainee asks for access, a copy, a correction or deletion, and sees by when it is answered.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Actor;
use domain::privacy::{RequestKind, RequestState};

use super::me::{self, OwnRequest};
use super::pages::{frame, request_key};
use super::requests::{self, NewPersonRequest};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{ManageOwnConsent, SeeOwnRecord};
use crate::app::App;
use crate::extract::{IdempotencyKey, Locale};
use crate::frame::{Frame, Visit};
use crate::problem::{Code, Problem};

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    kind: String,
    words: String,
    name: String,
    proof: String,
    /// Field and sentence.
    faults: Vec<(String, String)>,
}

struct Row {
    kind: &'static str,
    state: &'static str,
    icon: &'static str,
    received_on: String,
    due_on: String,
    open: bool,
    words: Option<String>,
    outcome: Option<String>,
}

#[derive(Template)]
#[template(path = "me_requests.html")]
struct RequestsPage {
    f: Frame,
    rows: Vec<Row>,
    kinds: Vec<(&'static str, &'static str)>,
    typed: Typed,
    form: String,
    key: String,
}

impl RequestsPage {
    fn fault(&self, field: &str) -> Option<&String> {
        let found = self.typed.faults.iter().find(|(id, _)| id == field);
        found.map(|(_, text)| text)
    }
}

/// The word for a kind of request.
pub(super) fn kind_words(lang: Locale, kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Access => lang.pick("查阅我的信息", "see my data"),
        RequestKind::Copy => lang.pick("复制我的信息", "get a copy of my data"),
        RequestKind::Correction => lang.pick("更正姓名", "correct my name"),
        RequestKind::Deletion => lang.pick("删除我的信息", "delete my data"),
    }
}

/// The word for the state of a request.
pub(super) fn state_words(lang: Locale, state: RequestState) -> &'static str {
    match state {
        RequestState::Open => lang.pick("已提交", "received"),
        RequestState::Assigned => lang.pick("办理中", "in hand"),
        RequestState::Granted => lang.pick("已同意", "granted"),
        RequestState::GrantedInPart => lang.pick("部分同意", "granted in part"),
        RequestState::Refused => lang.pick("未同意", "refused"),
    }
}

fn row(f: &Frame, one: OwnRequest) -> Row {
    let lang = f.lang();
    let state = one.state.parse::<RequestState>();
    Row {
        kind: one.kind.parse().map_or("", |kind| kind_words(lang, kind)),
        icon: match state {
            Ok(RequestState::Open | RequestState::Assigned) => "…",
            Ok(RequestState::Refused) => "✖",
            _ => "✔",
        },
        open: state.is_ok_and(|state| !state.is_decided()),
        state: state.map_or("", |state| state_words(lang, state)),
        received_on: civil(f, &one.received_on),
        due_on: civil(f, &one.due_on),
        words: one.words,
        outcome: one.outcome_words,
    }
}

/// A civil date of a record as pages write it.
fn civil(f: &Frame, text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |day| f.date(day))
}

async fn page(
    app: &App,
    visit: &Visit,
    actor: &Actor,
    form: &FormToken,
    (status, typed): (StatusCode, Typed),
) -> Result<Response, Problem> {
    let wrong = !typed.faults.is_empty();
    let title = if wrong {
        ("错误:我的申请", "Error: My requests")
    } else {
        ("我的申请", "My requests")
    };
    let f = frame(app, visit, title);
    let mut rows: Vec<Row> = me::record(app, actor)
        .await?
        .requests
        .into_iter()
        .map(|one| row(&f, one))
        .collect();
    rows.reverse();
    let view = RequestsPage {
        kinds: RequestKind::ALL
            .iter()
            .map(|kind| (kind.as_str(), kind_words(visit.lang, *kind)))
            .collect(),
        rows,
        typed,
        form: form.text.clone(),
        key: request_key(app),
        f,
    };
    staff_page(app, status, &view, None)
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeOwnRecord>,
    form: FormToken,
) -> Result<Response, Problem> {
    let empty = (StatusCode::OK, Typed::default());
    page(&app, &visit, &by.actor, &form, empty).await
}

pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnConsent>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let given = |name: &str| Some(form.text(name).to_owned()).filter(|text| !text.is_empty());
    let sent = match form.text("kind").parse::<RequestKind>() {
        Ok(kind) => {
            // Only a correction has them: the fields are there for everybody, because there is no script.
            let of_correction =
                |name: &str| given(name).filter(|_| kind == RequestKind::Correction);
            let request = NewPersonRequest {
                kind,
                words: given("words"),
                name: of_correction("name"),
                proof: of_correction("proof"),
                channel: None,
            };
            requests::ask(&app, &by.actor, &key, &request).await
        }
        Err(_) => Err(Problem::field(
            "/kind",
            "kind",
            "请选择要申请的事项。",
            "Choose what you ask for.",
        )),
    };
    let Err(problem) = sent else {
        let back = visit.lang.pick("/me/requests", "/en/me/requests");
        return Ok(Redirect::to(back).into_response());
    };
    let pick = |zh: &str, en: &str| visit.lang.pick(zh, en).to_owned();
    let (status, faults) = match problem.code() {
        Code::InvalidRequest => (
            StatusCode::UNPROCESSABLE_ENTITY,
            problem.by_field(visit.lang),
        ),
        Code::Duplicate => {
            let told = pick(
                "同一事项已有一份申请正在办理,请等待答复。",
                "A request for this is in hand already; please wait for the answer.",
            );
            (StatusCode::CONFLICT, vec![("kind".to_owned(), told)])
        }
        _ => return Err(problem),
    };
    let typed = Typed {
        kind: form.text("kind").to_owned(),
        words: form.text("words").to_owned(),
        name: form.text("name").to_owned(),
        proof: form.text("proof").to_owned(),
        faults,
    };
    page(&app, &visit, &by.actor, &token, (status, typed)).await
}
