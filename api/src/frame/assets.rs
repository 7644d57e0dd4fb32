//! The stylesheet, the mark and the scripts of pages, under addresses that change with their content.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::POLICY;
use crate::app::App;
use crate::problem::Problem;

/// The one stylesheet.
pub(crate) const STYLE: &str = include_str!("../../assets/style.css");
const MARK: &str = include_str!("../../assets/mark.svg");

/// A file under an address that changes with its content, so that browsers may keep it.
pub(crate) struct Asset {
    path: LazyLock<String>,
    content: &'static str,
    media_type: &'static str,
}

static STYLE_FILE: Asset = Asset {
    path: LazyLock::new(|| path("style", STYLE, "css")),
    content: STYLE,
    media_type: "text/css; charset=utf-8",
};

const PASSKEY_JS: &str = include_str!("../../assets/passkey.js");
/// Asks the browser for a security key.
pub(crate) static PASSKEY: Asset = Asset {
    path: LazyLock::new(|| path("passkey", PASSKEY_JS, "js")),
    content: PASSKEY_JS,
    media_type: SCRIPT,
};

const READ_JS: &str = include_str!("../../assets/read.js");
/// Lets the browser read to somebody.
pub(crate) static READ: Asset = Asset {
    path: LazyLock::new(|| path("read", READ_JS, "js")),
    content: READ_JS,
    media_type: SCRIPT,
};

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn path(name: &str, content: &str, ending: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    let digest = data_encoding::HEXLOWER.encode(&digest[..6]);
    format!("/assets/{name}-{digest}.{ending}")
}

impl Asset {
    /// Its address.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

/// Lets a page run the scripts of this site, which no other page does.
pub(crate) fn with_scripts(mut response: Response) -> Result<Response, Problem> {
    let policy = format!("{POLICY}; script-src 'self'");
    let policy = HeaderValue::try_from(policy).map_err(Problem::internal)?;
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// Address of the stylesheet.
pub fn style_path() -> &'static str {
    STYLE_FILE.path()
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
    for asset in [&STYLE_FILE, &PASSKEY, &READ] {
        if asset.path().strip_prefix("/assets/") == Some(file.as_str()) {
            let headers = [
                (header::CONTENT_TYPE, asset.media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            return Ok((headers, asset.content).into_response());
        }
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
