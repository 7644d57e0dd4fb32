//! Stand-in until the pages arrive.

use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::extract::Locale;
use crate::problem::Problem;

/// Renders a problem for people.
pub fn render(_app: &App, problem: &Problem, locale: Locale, _large: bool, _path: &str, id: &str) -> Response {
    let detail = problem.detail();
    (problem.code().status(), format!("{} ({id})", locale.pick(&detail.zh, &detail.en))).into_response()
}
