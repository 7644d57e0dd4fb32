//! The public log for people: size, checkpoint, how to check.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    both(Router::new(), "/log", get(log))
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    f: Frame,
    size: u64,
    root: String,
    vkey: String,
    checkpoint: String,
}

async fn log(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let row = store::log::latest_checkpoint(app.store.public())
        .await?
        .ok_or_else(Problem::not_found)?;
    let f = Frame::new(
        &app,
        &visit,
        Brand::Registry,
        visit.lang.pick("公开日志", "The public log"),
    )
    .under("/", visit.lang.pick("首页", "Home"));
    // The third line of a checkpoint is its root.
    let root = row.note.lines().nth(2).unwrap_or_default().to_owned();
    let view = LogPage {
        f,
        size: row.size,
        root,
        vkey: app.keyring.log_vkey(),
        checkpoint: row.note,
    };
    page(StatusCode::OK, &view, Caching::Never)
}
