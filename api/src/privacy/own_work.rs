//! `/me/work`: a trainee sees the own work on record and says with one tap whether it is so.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::contest::ContestGround;
use domain::evidence::EpisodeState;
use domain::grading::WorkType;
use domain::ids::EpisodeId;

use super::pages::{frame, request_key};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{AnswerForOneself, SeeOwnRecord};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::frame::{Frame, Visit};
use crate::grades::counts::work_word;
use crate::outcomes::own::{self, OwnAnswerRequest};
use crate::problem::{Code, Problem};

struct Row {
    id: String,
    employer: String,
    form: &'static str,
    days: String,
    state: &'static str,
    decided_by: Option<String>,
    confirmed: bool,
    /// Whether one may still say that it is not so.
    open: bool,
    key: String,
}

#[derive(Template)]
#[template(path = "me_work.html")]
struct WorkPage {
    f: Frame,
    rows: Vec<Row>,
    reasons: Vec<(&'static str, &'static str)>,
    form: String,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeOwnRecord>,
    form: FormToken,
) -> Result<Response, Problem> {
    let f = frame(&app, &visit, ("我的就业记录", "My work"));
    let lang = f.lang();
    let rows = own::list(&app, &by.actor)
        .await?
        .into_iter()
        .map(|one| {
            let state = one.state.parse::<EpisodeState>();
            let last = one.last_day.map(|day| f.date(day));
            let last = last.unwrap_or_else(|| lang.pick("至今", "now").to_owned());
            Row {
                days: format!("{} – {last}", f.date(one.start_on)),
                form: one
                    .work_type
                    .parse::<WorkType>()
                    .map_or("", |form| work_word(&f, form)),
                state: state.map_or("", |state| lang.pick(state.zh(), state.en())),
                open: state.is_ok_and(|state| {
                    !matches!(state, EpisodeState::Contested | EpisodeState::Void)
                }),
                decided_by: one.decided_by.map(|day| f.date(day)),
                confirmed: one.confirmed_by_me,
                employer: one.employer,
                id: one.id,
                key: request_key(&app),
            }
        })
        .collect();
    let view = WorkPage {
        rows,
        reasons: ContestGround::BY_TRAINEE
            .iter()
            .map(|one| (one.as_str(), lang.pick(one.zh(), one.en())))
            .collect(),
        form: form.text,
        f,
    };
    staff_page(&app, StatusCode::OK, &view, None)
}

pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<AnswerForOneself>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    let id: EpisodeId = form.text("episode").parse().map_err(|_| malformed())?;
    let reason = match form.text("answer") {
        "holds" => None,
        other => Some(other.parse::<ContestGround>().map_err(|_| malformed())?),
    };
    let request = OwnAnswerRequest {
        holds: reason.is_none(),
        reason,
    };
    own::answer(&app, &by.actor, &key, id, &request).await?;
    Ok(Redirect::to(visit.lang.pick("/me/work", "/en/me/work")).into_response())
}
