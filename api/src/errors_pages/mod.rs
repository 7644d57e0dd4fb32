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
    wait: Option<String>,
    id: String,
}

/// What visitors of a page need to hear where the standing sentence speaks to programs and to staff.
fn for_visitors(code: Code) -> Option<(&'static str, &'static str)> {
    match code {
        Code::NotFound => Some((
            "这个网址没有内容:可能输错了,或者已经停用。请核对网址,或者从下面重新查找。",
            "There is nothing at this address: it may be mistyped or no longer in use. Check it, or search below.",
        )),
        Code::MethodNotAllowed => Some((
            "这个页面不能这样打开。请从首页重新进入。",
            "This page cannot be opened in this way. Start again from the first page.",
        )),
        Code::UnsupportedMediaType | Code::MalformedRequest => Some((
            "提交的内容无法读取。请回到上一页,用页面上的表格重新提交。",
            "What was sent cannot be read. Go back and send it with the form on the page.",
        )),
        _ => None,
    }
}

/// Whether certificates are checked here: such a page says nothing of disability (design decision 2).
pub(crate) fn is_check(path: &str) -> bool {
    let bare = path
        .strip_prefix("/en")
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path);
    ["/v/", "/V/", "/verify"]
        .iter()
        .any(|prefix| bare.starts_with(prefix))
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
    let brand = if is_check(path) {
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
    let detail = match for_visitors(code) {
        Some((zh, en)) if problem.has_standing_detail() => lang.pick(zh, en).to_owned(),
        _ => {
            let detail = problem.detail();
            lang.pick(&detail.zh, &detail.en).to_owned()
        }
    };
    let wait = problem.retry_seconds().map(|seconds| {
        let (zh, en) = match seconds {
            0..120 => (
                format!("请在 {seconds} 秒后再试。"),
                format!("Try again in {seconds} seconds."),
            ),
            120..7200 => (
                format!("请在 {} 分钟后再试。", seconds.div_ceil(60)),
                format!("Try again in {} minutes.", seconds.div_ceil(60)),
            ),
            _ => (
                format!("请在 {} 小时后再试。", seconds.div_ceil(3600)),
                format!("Try again in {} hours.", seconds.div_ceil(3600)),
            ),
        };
        lang.pick(&zh, &en).to_owned()
    });
    let view = ErrorPage {
        f: Frame::new(app, &visit, brand, title),
        title,
        detail,
        wait,
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
