//! Whether the process lives and whether it can work.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::problem::{Code, Problem};

/// Routes of this feature.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/livez", get(|| async { plain("ok\n") }))
        .route("/readyz", get(ready))
}

fn plain(text: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        text,
    )
        .into_response()
}

async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    app.store
        .ping()
        .await
        .map_err(|_| Problem::new(Code::Unavailable).retry_after(5))?;
    Ok(plain("ready\n"))
}
