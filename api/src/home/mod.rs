//! The first page: check a certificate, find an institution or a programme.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use store::public_catalogue::{self, Numbers};

use crate::app::App;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::institutions::profile::{DecisionView, decision_view};
use crate::problem::Problem;
use crate::verify::pages::FormView;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/", get(home));
    router.route(
        "/en",
        get(|| async { axum::response::Redirect::permanent("/en/") }),
    )
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    f: Frame,
    form: FormView,
    numbers: Numbers,
    as_of: String,
    decisions: Vec<DecisionView>,
}

async fn home(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let f = Frame::new(
        &app,
        &visit,
        Brand::Registry,
        visit.lang.pick("首页", "Home"),
    );
    let reader = app.store.public();
    let numbers = public_catalogue::numbers(reader).await?;
    let decisions = public_catalogue::decisions(reader, None, 5)
        .await?
        .into_iter()
        .map(|row| decision_view(&f, row))
        .collect::<Result<_, _>>()?;
    let as_of = f.moment(app.now());
    page(
        StatusCode::OK,
        &HomePage {
            f,
            form: FormView::default(),
            numbers,
            as_of,
            decisions,
        },
        Caching::Minute,
    )
}
