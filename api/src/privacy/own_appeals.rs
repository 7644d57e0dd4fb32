//! `/me/appeals`: a trainee appeals against acts that concern the own record, sees how it stands, takes it back.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Actor;
use domain::ids::AppealId;
use domain::institution::appeal::AppealState;

use super::pages::{frame, request_key};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{AppealForOneself, SeeOwnRecord};
use crate::app::App;
use crate::cases::grievances::{self, LodgeGrievanceRequest};
use crate::extract::IdempotencyKey;
use crate::frame::{Frame, Visit};
use crate::problem::{Code, Problem};

struct Row {
    id: String,
    number: String,
    against: &'static str,
    state: &'static str,
    lodged_on: String,
    points: String,
    wish: String,
    outcome: Option<&'static str>,
    decision: Option<String>,
    redo: Vec<String>,
    open: bool,
    revision: i32,
    key: String,
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    act: String,
    points: String,
    wish: String,
    /// Field and sentence.
    faults: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "me_appeals.html")]
struct AppealsPage {
    f: Frame,
    rows: Vec<Row>,
    /// Acts that may be appealed against: code with object, words.
    acts: Vec<(String, String)>,
    typed: Typed,
    form: String,
    key: String,
}

impl AppealsPage {
    fn fault(&self, field: &str) -> Option<&String> {
        let found = self.typed.faults.iter().find(|(id, _)| id == field);
        found.map(|(_, text)| text)
    }
}

async fn page(
    app: &App,
    visit: &Visit,
    actor: &Actor,
    form: &FormToken,
    (status, typed): (StatusCode, Typed),
) -> Result<Response, Problem> {
    let title = if typed.faults.is_empty() {
        ("我的申诉", "My appeals")
    } else {
        ("错误:我的申诉", "Error: My appeals")
    };
    let f = frame(app, visit, title);
    let rows = grievances::own(app, actor)
        .await?
        .into_iter()
        .map(|one| Row {
            id: one.id.to_string(),
            number: one.number,
            against: f.lang().pick(one.against.zh(), one.against.en()),
            state: f.lang().pick(one.state.zh(), one.state.en()),
            lodged_on: f.date(domain::calendar::today(one.lodged_at)),
            points: one.points,
            wish: one.wish,
            outcome: one
                .outcome
                .map(|outcome| f.lang().pick(outcome.zh(), outcome.en())),
            decision: one.text,
            redo: one.redo,
            open: matches!(
                one.state,
                AppealState::Lodged | AppealState::Accepted | AppealState::Heard
            ),
            revision: one.revision,
            key: request_key(app),
        })
        .collect();
    let acts = grievances::possible(app, actor)
        .await?
        .into_iter()
        .map(|one| {
            let words = f.lang().pick(one.against.zh(), one.against.en());
            let until = f.date(one.until);
            (
                format!("{}:{}", one.against, one.object),
                match visit.lang.pick("zh", "en") {
                    "zh" => format!("{words}({}),{until}前提出", one.label),
                    _ => format!("{words} ({}), until {until}", one.label),
                },
            )
        })
        .collect();
    let view = AppealsPage {
        rows,
        acts,
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
    by: OnPage<AppealForOneself>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let parts = form.text("act").split_once(':');
    let chosen = parts.and_then(|(against, object)| Some((against.parse().ok()?, object)));
    let sent = match chosen {
        Some((against, object)) => {
            let request = LodgeGrievanceRequest {
                against,
                object: object.to_owned(),
                points: form.text("points").to_owned(),
                wish: form.text("wish").to_owned(),
            };
            grievances::lodge(&app, &by.actor, &key, &request).await
        }
        None => Err(Problem::field(
            "/act",
            "act",
            "请选择要申诉的决定。",
            "Choose the decision you appeal against.",
        )),
    };
    let Err(problem) = sent else {
        return Ok(back(&visit));
    };
    if problem.code() != Code::InvalidRequest {
        return Err(problem);
    }
    let typed = Typed {
        faults: problem.by_field(visit.lang),
        act: form.text("act").to_owned(),
        points: form.text("points").to_owned(),
        wish: form.text("wish").to_owned(),
    };
    let wrong = (StatusCode::UNPROCESSABLE_ENTITY, typed);
    page(&app, &visit, &by.actor, &token, wrong).await
}

pub(super) async fn withdraw(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<AppealForOneself>,
    Path(id): Path<AppealId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let revision = form.text("revision").parse();
    let revision = revision.map_err(|_| Problem::new(Code::MalformedRequest))?;
    grievances::withdraw(&app, &by.actor, &key, id, revision).await?;
    Ok(back(&visit))
}

fn back(visit: &Visit) -> Response {
    Redirect::to(visit.lang.pick("/me/appeals", "/en/me/appeals")).into_response()
}
