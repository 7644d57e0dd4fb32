//! Which answers other sites may read (trust.md WEB-1), and what `OPTIONS` says.
//!
//! Anybody's script may verify a certificate, read the log, status lists, trust list, keys and the type of a credential:
//! without credentials, since there are none. Nothing else is told to other origins.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Methods by which other origins may read a path; none for most.
fn open_to_all(path: &str) -> Option<&'static str> {
    const READ: &str = "GET, HEAD, OPTIONS";
    let under = |place: &str| {
        path.strip_prefix(place)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if under("/api/v1/verifications") {
        return Some("GET, HEAD, POST, OPTIONS");
    }
    let machine = ["/log/", "/status/", "/trust/", "/vct/", "/.well-known/"]
        .iter()
        .any(|place| path.starts_with(place));
    // Of a certificate only its place in the public log: no name, no share link.
    let proof = path
        .strip_prefix("/api/v1/certificates/")
        .and_then(|rest| rest.strip_suffix("/proof.tlog"))
        .is_some_and(|id| !id.contains('/'));
    (machine || proof || under("/api/v1/keys") || under("/api/v1/trust-list")).then_some(READ)
}

/// The headers for other origins, on answers and problems alike.
pub(super) fn mark(method: &Method, path: &str, headers: &mut HeaderMap) {
    let Some(methods) = open_to_all(path) else {
        // A handler cannot open by mistake what is not in the list.
        headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        return;
    };
    let allowed = methods.split(", ").any(|one| one == method.as_str());
    if !allowed {
        headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        return;
    }
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, X-Request-Id"),
    );
    if *method == Method::OPTIONS {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(methods),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Content-Type, Accept-Language"),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("86400"),
        );
    }
}

/// `OPTIONS` on a path that is there: 204 with the methods that it takes. The routes themselves answer 405 with `Allow`.
pub(super) async fn options(request: Request, next: Next) -> Response {
    let asked = *request.method() == Method::OPTIONS;
    let response = next.run(request).await;
    if !asked || response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let mut allow = response
        .headers()
        .get(header::ALLOW)
        .and_then(|allow| allow.to_str().ok())
        .unwrap_or("")
        .to_owned();
    if !allow.is_empty() {
        allow.push(',');
    }
    allow.push_str("OPTIONS");
    let mut answer = StatusCode::NO_CONTENT.into_response();
    if let Ok(allow) = HeaderValue::from_str(&allow) {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}
