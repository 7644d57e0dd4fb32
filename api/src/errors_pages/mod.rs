//! Error pages: what happened, what to do, and a reference number that can be read over the telephone.

use askama::Template;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::extract::Locale;
use crate::frame::{Brand, Caching, Frame, Visit, page};
use crate::problem::{Code, Problem};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    f: Frame,
    title: &'static str,
    detail: String,
    errors: Vec<String>,
    search: bool,
    id: String,
}

/// Renders a problem as a page in the asker's language and under the name of the part of the site they were on.
pub fn render(
    app: &App,
    problem: &Problem,
    lang: Locale,
    large: bool,
    path: &str,
    id: &str,
) -> Response {
    let bare = path
        .strip_prefix("/en")
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path);
    let neutral = ["/v/", "/V/", "/verify"]
        .iter()
        .any(|prefix| bare.starts_with(prefix));
    let brand = if neutral {
        Brand::Verify
    } else {
        Brand::Registry
    };
    let visit = Visit {
        lang,
        large,
        path: bare.to_owned(),
        query: String::new(),
    };
    let code = problem.code();
    let title = lang.pick(code.title_zh(), code.title_en());
    let detail = problem.detail();
    let view = ErrorPage {
        f: Frame::new(app, &visit, brand, title),
        title,
        detail: lang.pick(&detail.zh, &detail.en).to_owned(),
        errors: problem
            .errors()
            .iter()
            .map(|error| lang.pick(&error.detail.zh, &error.detail.en).to_owned())
            .collect(),
        search: code == Code::NotFound,
        id: id.to_owned(),
    };
    match page(code.status(), &view, Caching::Never) {
        Ok(response) => response,
        Err(_) => (code.status(), title).into_response(),
    }
}
