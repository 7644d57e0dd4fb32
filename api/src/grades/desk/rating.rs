//! `/org/rating`: an institution's own grade and how it came about, from the day on which it may check its figures.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use store::grading::Whose;
use store::grading::publications::{self as rows, PublicationState};

use super::state_word;
use crate::access::browser::OnPage;
use crate::access::pages::staff_page;
use crate::access::permissions::SeeGrades;
use crate::app::App;
use crate::frame::{Brand, Frame, Visit};
use crate::grades::score::{ScoreView, score_view};
use crate::problem::Problem;

struct Told {
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
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeGrades>,
) -> Result<Response, Problem> {
    let institution = by.actor.institution.ok_or_else(Problem::not_found)?;
    let reader = app.store.reader();
    let title = visit.lang.pick("等级与依据", "Grade and why");
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/desk", visit.lang.pick("工作台", "Desk"));
    let mut told = Vec::new();
    for one in store::grading::called(reader, Whose::Institution(institution.uuid())).await? {
        for publication in rows::list(reader, Some(&one.federation), None).await? {
            let admission = one.admission_id.into();
            let Some(row) = store::grading::result(reader, publication.run, admission).await?
            else {
                continue;
            };
            let entry: Value = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
            let until = match publication.state {
                PublicationState::Figures => Some(publication.figures_until),
                PublicationState::Notice => publication.notice_until,
                PublicationState::Published => None,
            };
            told.push(Told {
                state: state_word(&f, publication.state),
                until: until.map(|day| f.date(day)),
                score: score_view(&app, &f, &publication, &row, &entry).await?,
            });
        }
    }
    staff_page(&app, StatusCode::OK, &RatingPage { f, told }, None)
}
