//! Stand-in until the pages arrive.

use axum::http::{HeaderMap, header};

/// Whether the asker chose the large mode.
pub fn wants_large(headers: &HeaderMap) -> bool {
    headers
        .get(header::COOKIE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|cookies| cookies.split(';').any(|cookie| cookie.trim() == "large=1"))
}
