//! The stylesheet, the mark and the script of keys, under addresses that change with their content.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::access::pages::passkey;
use crate::app::App;
use crate::problem::Problem;

/// The one stylesheet.
pub(crate) const STYLE: &str = include_str!("../../assets/style.css");
const MARK: &str = include_str!("../../assets/mark.svg");

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(STYLE.as_bytes());
    format!(
        "/assets/style-{}.css",
        data_encoding::HEXLOWER.encode(&digest[..6])
    )
});

/// Address of the stylesheet.
pub fn style_path() -> &'static str {
    &STYLE_PATH
}

/// Routes of the assets and of the large mode.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/assets/{file}", get(asset))
        .route("/favicon.ico", get(|| async { image() }))
        .route(
            "/robots.txt",
            get(|| async { "User-agent: *\nDisallow: /v/\nDisallow: /V/\nDisallow: /api/\n" }),
        )
        .route("/large", get(large))
}

fn image() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, MARK).into_response()
}

async fn asset(Path(file): Path<String>) -> Result<Response, Problem> {
    if style_path().strip_prefix("/assets/") == Some(file.as_str()) {
        let headers = [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        return Ok((headers, STYLE).into_response());
    }
    if passkey::script_path().strip_prefix("/assets/") == Some(file.as_str()) {
        let headers = [
            (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        return Ok((headers, passkey::SCRIPT).into_response());
    }
    if file == "mark.svg" {
        Ok(image())
    } else {
        Err(Problem::not_found())
    }
}

#[derive(Deserialize)]
struct LargeQuery {
    on: Option<u8>,
    to: Option<String>,
}

/// Whether an address is a path of this site; browsers drop control characters and read `\` as `/`.
fn is_here(to: &str) -> bool {
    to.starts_with('/')
        && !to.starts_with("//")
        && to
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// Sets or clears the large mode and goes back to a page of this site.
async fn large(Query(query): Query<LargeQuery>) -> Response {
    let on = query.on == Some(1);
    let to = query
        .to
        .filter(|to| is_here(to))
        .and_then(|to| HeaderValue::from_str(&to).ok())
        .unwrap_or(HeaderValue::from_static("/"));
    let age = if on { 31_536_000 } else { 0 };
    let cookie = format!("large=1; Path=/; Max-Age={age}; SameSite=Lax; HttpOnly");
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, to);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
