//! `/org/rating`: an institution's own grade and how it came about, from the day on which it may check its figures.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Role;
use domain::grading::Indicator;
use store::grading::Whose;
use store::grading::publications::{self as rows, PublicationState};
use store::objections::Objection;

use super::state_word;
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{ObjectToResults, SeeGrades};
use crate::app::App;
use crate::cases::results;
use crate::extract::IdempotencyKey;
use crate::frame::{Frame, Visit};
use crate::grades::own_figures;
use crate::grades::score::{ScoreView, score_view};
use crate::grades::trend::{self, TrendLine};
use crate::institutions::objections::RaiseObjectionRequest;
use crate::problem::{Code, Problem};

/// An objection of one's own, or of somebody else, with its answer.
struct Objected {
    on: String,
    text: String,
    state: &'static str,
    answer: Option<String>,
}

struct Told {
    /// The result, while it may be objected to.
    result: Option<String>,
    objections: Vec<Objected>,
    state: &'static str,
    /// Until when figures may be corrected, or objections raised.
    until: Option<String>,
    score: ScoreView,
}

#[derive(Template)]
#[template(path = "rating.html")]
struct RatingPage {
    f: Frame,
    told: Vec<Told>,
    trend: Vec<TrendLine>,
    form: String,
    key: String,
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeGrades>,
    form: FormToken,
) -> Result<Response, Problem> {
    let institution = by.actor.institution.ok_or_else(Problem::not_found)?;
    let reader = app.store.reader();
    let title = visit.lang.pick("等级与依据", "Grade and why");
    let f = Frame::desk(&app, &visit, title);
    let mut told = Vec::new();
    for one in store::grading::called(reader, Whose::Institution(institution.uuid())).await? {
        for publication in rows::list(reader, Some(&one.federation), None).await? {
            let admission = one.admission_id.into();
            let Some(row) = store::grading::result(reader, publication.run, admission).await?
            else {
                continue;
            };
            let least = app.evidence.survey.institution_least;
            let entry = own_figures::entry(reader, &publication, &row, least).await?;
            let until = match publication.state {
                PublicationState::Figures => Some(publication.figures_until),
                PublicationState::Notice => publication.notice_until,
                PublicationState::Published => None,
            };
            let results = store::cases::results::of(reader, admission).await?;
            let result = results.iter().find(|one| one.run == publication.run);
            let objections = match result {
                Some(one) => store::objections::of(reader, one.id.uuid()).await?,
                None => Vec::new(),
            };
            let may = by.actor.role == Role::InstitutionOperator
                && until.is_some_and(|day| app.today() <= day);
            told.push(Told {
                result: result.filter(|_| may).map(|one| one.id.to_string()),
                objections: objections
                    .into_iter()
                    .map(|one| objected(&f, one))
                    .collect(),
                state: state_word(&f, publication.state),
                until: until.map(|day| f.date(day)),
                score: score_view(&app, &f, &publication, &row, &entry).await?,
            });
        }
    }
    let past = trend::of(&app, institution.uuid()).await?;
    let page = RatingPage {
        told,
        trend: trend::lines(&app, &f, &past),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

fn objected(f: &Frame, one: Objection) -> Objected {
    Objected {
        on: f.date(domain::calendar::today(one.raised_at)),
        text: one.text,
        state: match one.state.as_str() {
            "accepted" => f.lang().pick("已采纳", "accepted"),
            "dismissed" => f.lang().pick("未采纳", "dismissed"),
            _ => f.lang().pick("办理中", "open"),
        },
        answer: one.answer,
    }
}

/// Takes an objection to a line of one's own figures (数据有误).
pub(super) async fn object(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ObjectToResults>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    let result = form.text("result").parse().map_err(|_| malformed())?;
    let line = match form.text("line") {
        "" => String::new(),
        code => {
            let indicator: Indicator = code.parse().map_err(|_| malformed())?;
            format!("【{}】", indicator.zh())
        }
    };
    let request = RaiseObjectionRequest {
        text: format!("{line}{}", form.text("text")),
    };
    results::object(&app, &by.actor, &key, result, &request).await?;
    Ok(Redirect::to(visit.lang.pick("/org/rating", "/en/org/rating")).into_response())
}
