//! `/verify/offline`: a page that checks a signature without a network, once it has been opened with one.
//!
//! With the registry's trust bundle it judges as the command line does: `valid` only while the bundle is fresh, with its date.
//! Without one it says that a signature is genuine and how old its keys are, never that a certificate is valid. The scripts stand in `api/assets/offline/`; only this page and the answer to a scan (`fragment.js`) run any.

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use certs::certificate::FormatFault;
use certs::qr::QrFault;
use certs::verdict::{CheckName, Outcome, Reason};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::extract::Locale;
use crate::frame::{self, Brand, Caching, Frame, Visit, assets, both};
use crate::problem::Problem;

const APP: &str = include_str!("../../assets/offline/app.js");
const BUNDLE: &str = include_str!("../../assets/offline/bundle.js");
const FRAGMENT: &str = include_str!("../../assets/offline/fragment.js");
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
        "/verify/offline/app.webmanifest",
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

/// The scripts by their names, without the lines that only say why: a telephone pays for each kilobyte.
static SCRIPTS: LazyLock<[(&str, String); 4]> = LazyLock::new(|| {
    [
        ("app.js", APP),
        ("bundle.js", BUNDLE),
        ("cose.js", COSE),
        ("fragment.js", FRAGMENT),
    ]
    .map(|(name, text)| (name, without_comments(text)))
});

/// Comments of ours stand on lines of their own.
fn without_comments(text: &str) -> String {
    let is_comment = |line: &str| {
        let line = line.trim_start();
        ["//", "/*", "*"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let kept: Vec<&str> = text.lines().filter(|line| !is_comment(line)).collect();
    kept.join("\n") + "\n"
}

#[derive(Template)]
#[template(path = "verify_offline.html")]
struct OfflinePage {
    f: Frame,
    /// Lines of the root keys, with which a bundle is checked.
    roots: String,
    /// Words of checks, outcomes and reasons: those of the registry's own verdict.
    words: Vec<(String, &'static str)>,
}

/// Names of the words are `check-…`, `outcome-…`, `reason-…`; a form that does not hold is told without its detail here.
fn words(lang: Locale) -> Vec<(String, &'static str)> {
    let checks = CheckName::ALL.map(|one| ("check", one.code(), lang.pick(one.zh(), one.en())));
    let outcomes = [Outcome::Passed, Outcome::Failed, Outcome::NotRun]
        .map(|one| ("outcome", one.code(), lang.pick(one.zh(), one.en())));
    let (form, text) = (
        Reason::Format(FormatFault::Truncated),
        Reason::Qr(QrFault::NotOurs),
    );
    let reasons = Reason::PLAIN
        .iter()
        .map(|one| ("reason", one.code(), *one))
        .chain([("reason", "form", form), ("reason", "text", text)])
        .map(|(kind, code, one)| (kind, code, lang.pick(one.zh(), one.en())));
    let all = checks.into_iter().chain(outcomes).chain(reasons);
    all.map(|(kind, code, words)| (format!("{kind}-{code}"), words))
        .collect()
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
    let words = words(visit.lang);
    let mut response = frame::page(
        StatusCode::OK,
        &OfflinePage { f, roots, words },
        Caching::Minute,
    )?;
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
    if let Some((_, text)) = SCRIPTS.iter().find(|(own, _)| *own == name) {
        return script(text);
    }
    match name.as_str() {
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
                "id": "/verify/offline",
                // Both languages of the page.
                "scope": "/",
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
