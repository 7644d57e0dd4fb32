//! `/verify/offline`: a page that checks a signature without a network, once it has been opened with one.
//!
//! With the registry's trust bundle it judges as the command line does: `valid` only while the bundle is fresh, with its date.
//! Without one it says that a signature is genuine and how old its keys are, never that a certificate is valid. The scripts stand in `api/assets/offline/`; this page alone may run any.

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::frame::{self, Brand, Caching, Frame, Visit, assets, both};
use crate::problem::Problem;

const APP: &str = include_str!("../../assets/offline/app.js");
const BUNDLE: &str = include_str!("../../assets/offline/bundle.js");
const COSE: &str = include_str!("../../assets/offline/cose.js");
const WORKER: &str = include_str!("../../assets/offline/worker.js");
const QR: &str = include_str!("../../assets/offline/jsqr.js");
const ED25519: &str = include_str!("../../assets/offline/ed25519.js");

/// Scripts of this site only, and a camera; nothing inline (trust.md WEB-3).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
    connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The service worker with the files it keeps; its version changes with any of them.
static WORKER_TEXT: LazyLock<String> = LazyLock::new(|| {
    let files = [
        "/verify/offline",
        "/en/verify/offline",
        assets::style_path(),
        "/assets/mark.svg",
        "/verify/offline/app.js",
        "/verify/offline/bundle.js",
        "/verify/offline/cose.js",
        "/verify/offline/jsqr.js",
        "/verify/offline/ed25519.js",
    ];
    let list = serde_json::to_string(&files).unwrap_or_default();
    let mut digest = Sha256::new();
    let page = include_str!("../../templates/verify_offline.html");
    for text in [APP, BUNDLE, COSE, WORKER, QR, ED25519, page, list.as_str()] {
        digest.update(text);
    }
    let version = data_encoding::HEXLOWER.encode(&digest.finalize()[..6]);
    WORKER
        .replace("@VERSION@", &version)
        .replace("@FILES@", &list)
});

#[derive(Template)]
#[template(path = "verify_offline.html")]
struct OfflinePage {
    f: Frame,
    /// Lines of the root keys, with which a bundle is checked.
    roots: String,
}

/// Routes of this page.
pub(crate) fn routes() -> Router<App> {
    both(Router::new(), "/verify/offline", get(show)).route("/verify/offline/{file}", get(file))
}

async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let title = visit.lang.pick("离线查验", "Offline check");
    let f = Frame::new(&app, &visit, Brand::Verify, title).under(
        "/verify",
        visit.lang.pick("证书查验", "Check a certificate"),
    );
    let roots = crate::trust::list::line_of_root(&app).await?;
    let mut response = frame::page(StatusCode::OK, &OfflinePage { f, roots }, Caching::Minute)?;
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    Ok(response)
}

async fn file(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    let script = |text: &'static str| {
        let headers = [
            (header::CONTENT_TYPE, SCRIPT),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        Ok((headers, text).into_response())
    };
    match name.as_str() {
        "app.js" => script(APP),
        "bundle.js" => script(BUNDLE),
        "cose.js" => script(COSE),
        "jsqr.js" => script(QR),
        "ed25519.js" => script(ED25519),
        "worker.js" => {
            let mut response = script(WORKER_TEXT.as_str())?;
            let headers = response.headers_mut();
            // Both languages of the page, and nothing else of this site, ask for it as their worker.
            headers.insert(
                HeaderName::from_static("service-worker-allowed"),
                HeaderValue::from_static("/"),
            );
            headers.insert(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(
                    "default-src 'none'; connect-src 'self'; script-src 'self'",
                ),
            );
            Ok(response)
        }
        "app.webmanifest" => {
            let manifest = serde_json::json!({
                "name": app.config.verify_name,
                "short_name": "证书查验",
                "lang": "zh-CN",
                "start_url": "/verify/offline",
                "scope": "/verify/offline",
                "display": "standalone",
                "background_color": "#ffffff",
                "theme_color": "#1f4e79",
                "icons": [{ "src": "/assets/mark.svg", "sizes": "any", "type": "image/svg+xml" }],
            });
            let headers = [
                (header::CONTENT_TYPE, "application/manifest+json"),
                (header::CACHE_CONTROL, "public, max-age=3600"),
            ];
            Ok((headers, manifest.to_string()).into_response())
        }
        _ => Err(Problem::not_found()),
    }
}
