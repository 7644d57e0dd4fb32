//! `/desk/requests`: requests of persons of one's area, the first to be answered first; taking one and deciding it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::privacy::OutcomeCode;
use serde::{Deserialize, Serialize};
use store::privacy::requests::PersonRequest;
use uuid::Uuid;

use super::own_requests::{kind_words, state_words};
use super::pages::request_key;
use super::requests::{self, DecideRequest};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::HandlePersonRequests;
use crate::app::App;
use crate::extract::{IdempotencyKey, Path, Query};
use crate::fields::PageQuery;
use crate::frame::{Frame, Visit};
use crate::problem::{Code, Problem};

fn frame(app: &App, visit: &Visit, title: String) -> Frame {
    Frame::desk(app, visit, title)
}

struct Row {
    id: String,
    kind: &'static str,
    state: &'static str,
    region: String,
    due_on: String,
    overdue: bool,
}

fn row(app: &App, f: &Frame, one: &PersonRequest) -> Row {
    Row {
        id: one.id.to_string(),
        kind: kind_words(f.lang(), one.kind),
        state: state_words(f.lang(), one.state),
        region: app.regions.full_name(&one.region).to_owned(),
        due_on: f.date(one.due_on),
        overdue: one.decided_at.is_none() && one.due_on < app.today(),
    }
}

/// Which page of the list.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    #[serde(default)]
    decided: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_requests.html")]
struct ListPage {
    f: Frame,
    rows: Vec<Row>,
    decided: bool,
    next: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<HandlePersonRequests>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let title = visit.lang.pick("本人申请", "Requests of persons");
    let f = frame(&app, &visit, title.to_owned());
    let decided = query.decided;
    let pages = PageQuery {
        limit: None,
        cursor: query.cursor,
    };
    let (found, next) = requests::list(&app, &by.actor, decided, &pages).await?;
    let rows = found.iter().map(|one| row(&app, &f, one)).collect();
    let next = next.map(|cursor| {
        let query = ListQuery {
            decided,
            cursor: Some(cursor),
        };
        let text = serde_urlencoded::to_string(&query).unwrap_or_default();
        format!("{}?{text}", f.href("/desk/requests"))
    });
    let view = ListPage {
        f,
        rows,
        decided,
        next,
    };
    staff_page(&app, StatusCode::OK, &view, None)
}

#[derive(Template)]
#[template(path = "desk_request.html")]
struct RequestPage {
    f: Frame,
    row: Row,
    revision: i32,
    received_on: String,
    words: Option<String>,
    name: Option<String>,
    proof: Option<String>,
    answer: Option<String>,
    decided: bool,
    assigned: bool,
    form: String,
    key: String,
    reason: String,
    outcomes: Vec<(&'static str, &'static str)>,
    fault: Option<String>,
}

async fn request_page(
    app: &App,
    visit: &Visit,
    by: &OnPage<HandlePersonRequests>,
    (id, form): (Uuid, &FormToken),
    (status, reason, fault): (StatusCode, &str, Option<String>),
) -> Result<Response, Problem> {
    // Reading what the person wrote is kept where they see it.
    let found = requests::show(app, &by.actor, id).await?;
    let lang = visit.lang;
    let kind = kind_words(lang, found.kind);
    let title = match fault {
        Some(_) => format!("{}{kind}", lang.pick("错误:", "Error: ")),
        None => kind.to_owned(),
    };
    let f = frame(app, visit, title).under(
        "/desk/requests",
        lang.pick("本人申请", "Requests of persons"),
    );
    let view = RequestPage {
        row: row(app, &f, &found),
        revision: found.revision,
        received_on: f.date(found.received_on),
        decided: found.state.is_decided(),
        assigned: found.assigned,
        words: found.words,
        name: found.new_name,
        proof: found.proof,
        answer: found.outcome_words,
        form: form.text.clone(),
        key: request_key(app),
        reason: reason.to_owned(),
        outcomes: [
            OutcomeCode::LegalDuty,
            OutcomeCode::NotThePerson,
            OutcomeCode::Unproven,
        ]
        .map(|code| {
            let words = match code {
                OutcomeCode::LegalDuty => lang.pick("法律要求保存", "the law wants it kept"),
                OutcomeCode::NotThePerson => lang.pick("不是本人提出", "not asked by the person"),
                _ => lang.pick("没有证明或无需更正", "not proven, or nothing to correct"),
            };
            (code.as_str(), words)
        })
        .to_vec(),
        fault,
        f,
    };
    staff_page(app, status, &view, None)
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<HandlePersonRequests>,
    Path(id): Path<Uuid>,
    form: FormToken,
) -> Result<Response, Problem> {
    let fresh = (StatusCode::OK, "", None);
    request_page(&app, &visit, &by, (id, &form), fresh).await
}

pub(super) async fn act(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<HandlePersonRequests>,
    Path(id): Path<Uuid>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let revision: i32 = form
        .text("revision")
        .parse()
        .map_err(|_| Problem::new(Code::MalformedRequest))?;
    let done = match form.text("act") {
        "assign" => requests::assign(&app, &by.actor, &key, id, revision).await,
        "grant" | "refuse" => {
            let grant = form.text("act") == "grant";
            let request = DecideRequest {
                grant,
                outcome: form.text("outcome").parse().ok().filter(|_| !grant),
                reason: form.text("reason").to_owned(),
            };
            requests::decide(&app, &by.actor, &key, id, revision, &request).await
        }
        _ => return Err(Problem::new(Code::MalformedRequest)),
    };
    let Err(problem) = done else {
        let back = visit.lang.pick("/desk/requests", "/en/desk/requests");
        let to = match form.text("act") {
            "assign" => format!("{back}/{id}"),
            _ => back.to_owned(),
        };
        return Ok(Redirect::to(&to).into_response());
    };
    let status = match problem.code() {
        Code::InvalidRequest => StatusCode::UNPROCESSABLE_ENTITY,
        // Somebody else was faster, or it cannot be done now: the page shows how it stands, and what was typed.
        Code::PreconditionFailed | Code::TransitionRefused | Code::SecondPersonRequired => {
            StatusCode::CONFLICT
        }
        _ => return Err(problem),
    };
    let sentence = match problem.errors().first() {
        Some(error) => error.detail.clone(),
        None => problem.detail(),
    };
    let fault = visit.lang.pick(&sentence.zh, &sentence.en).to_owned();
    let shown = (status, form.text("reason"), Some(fault));
    request_page(&app, &visit, &by, (id, &token), shown).await
}
