//! What every answer carries.

use std::any::Any;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::cors;
use crate::app::App;
use crate::border::Class;
use crate::extract::RequestId;
use crate::problem::Problem;

/// Header with the reference number of a request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request a reference number of eight letters that can be read over the telephone.
pub(super) async fn request_id(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = number(&app);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A reference number.
pub(super) fn number(app: &App) -> String {
    data_encoding::BASE32_NOPAD.encode(&app.random.bytes::<5>())
}

/// Headers of trust.md WEB-1 and PI-7, where a handler did not set its own.
pub(super) fn standing(headers: &mut HeaderMap) {
    let standing = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in standing {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

/// Puts them on every answer.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let signed_in = request.headers().contains_key(header::AUTHORIZATION);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    if signed_in {
        // What one person may see is kept by nobody on the way.
        response
            .headers_mut()
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    standing(response.headers_mut());
    cors::mark(&method, &path, response.headers_mut());
    response
}

/// Counts answers by class and status, and logs one line for each: the route, never the path or the query, which may
/// hold what somebody typed.
pub(super) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let class = Class::of(request.method(), request.uri().path(), request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next.run(request).await;
    let status = response.status();
    app.border.metrics.answered(class, status);
    tracing::info!(
        request.id = id.map(|id| id.0),
        status = status.as_u16(),
        "{method} {} answered {}",
        route.as_ref().map_or("(no route)", MatchedPath::as_str),
        status.as_u16()
    );
    response
}

/// A panic is a defect: it is logged, and the asker gets a problem with its number.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is the layer's"
)]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Problem::internal(format!("panic: {what}")).into_response()
}
