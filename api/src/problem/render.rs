//! Rendering of problems: a document for the API, an error page for people.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Code, Problem};
use crate::app::App;
use crate::extract::{Locale, RequestId};

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// Stable URI reference of the kind of problem: `/problems/{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short title.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// A sentence that tells what to do, in the language of `Accept-Language` (Chinese first).
    pub detail: String,
    /// The same in Chinese.
    pub detail_zh: String,
    /// The same in English.
    pub detail_en: String,
    /// Reference number of the request.
    pub instance: String,
    /// Stable code.
    pub code: String,
    /// Every fault of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemError>,
}

/// One fault of a request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemError {
    /// JSON pointer into the request.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// What to do, in the language of `Accept-Language`.
    pub detail: String,
    /// The same in Chinese.
    pub detail_zh: String,
    /// The same in English.
    pub detail_en: String,
}

/// The outermost layer: turns the problem left in a response, or a bare error status, into its final form.
pub async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let locale = Locale::of(request.headers(), request.uri().path());
    let path = request.uri().path().to_owned();
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let large = crate::frame::wants_large(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if is_bare_error(&response) => Problem::new(code_of(status)),
        None => return response,
    };
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut rendered = rendered(&app, &problem, locale, large, &path, &id);
    if let Some(allow) = allow {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    rendered
}

/// The final form of a problem on this path, with the reference number of its request.
pub(crate) fn rendered(
    app: &App,
    problem: &Problem,
    locale: Locale,
    large: bool,
    path: &str,
    id: &str,
) -> Response {
    let mut rendered = if is_machine_path(path) {
        document(problem, locale, id)
    } else {
        crate::errors_pages::render(app, problem, locale, large, path, id)
    };
    if let Some(seconds) = problem.0.retry_after {
        rendered
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.code().status() == StatusCode::UNAUTHORIZED {
        let challenge = match problem.0.scope {
            Some(scope) => format!("Bearer scope=\"{scope}\""),
            None => "Bearer".to_owned(),
        };
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            rendered
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
    }
    rendered
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    rendered
}

/// An answer of the framework itself (405, 413, ...) that no handler made.
fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error())
        && response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

/// Whether programs ask here, not people.
pub(crate) fn is_machine_path(path: &str) -> bool {
    [
        "/api/",
        "/log/",
        "/status/",
        "/trust/",
        "/.well-known/",
        "/livez",
        "/readyz",
        "/metrics",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix))
}

fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
        StatusCode::UNPROCESSABLE_ENTITY => Code::InvalidRequest,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        StatusCode::TOO_MANY_REQUESTS => Code::TooManyRequests,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::Internal,
    }
}

fn document(problem: &Problem, locale: Locale, id: &str) -> Response {
    let code = problem.code();
    let detail = problem.detail();
    let errors = problem.errors().iter().map(|error| ProblemError {
        pointer: error.pointer.clone(),
        code: error.code.clone(),
        detail: locale.pick(&error.detail.zh, &error.detail.en).to_owned(),
        detail_zh: error.detail.zh.clone(),
        detail_en: error.detail.en.clone(),
    });
    let body = ProblemBody {
        kind: format!("/problems/{}", code.as_str()),
        title: locale.pick(code.title_zh(), code.title_en()).to_owned(),
        status: code.status().as_u16(),
        detail: locale.pick(&detail.zh, &detail.en).to_owned(),
        detail_zh: detail.zh,
        detail_en: detail.en,
        instance: format!("urn:mingzheng:request:{id}"),
        code: code.as_str().to_owned(),
        errors: errors.collect(),
    };
    let text = serde_json::to_vec(&body).unwrap_or_default();
    (
        code.status(),
        [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CONTENT_LANGUAGE, locale.pick("zh-CN", "en")),
            (header::VARY, "Accept-Language"),
        ],
        Body::from(text),
    )
        .into_response()
}
