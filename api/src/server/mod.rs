//! The HTTP server: routes of every feature, one set of layers, a graceful end.

mod health;
mod layers;
pub mod openapi;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;
use crate::problem::{self, Problem};

/// Largest body that any handler may ask for, in bytes (trust.md UP-1).
const BODY_LIMIT: usize = 20 * 1024 * 1024;
/// How long a request may take: an upload over a slow line included.
const TIMEOUT: Duration = Duration::from_mins(10);
/// How long running requests may take once the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The whole service.
pub fn router(app: App) -> Router {
    let (api, document) = openapi::routes();
    let text = openapi::text(&document);
    Router::new()
        .merge(api)
        .merge(health::routes())
        .merge(crate::developers::routes(&text))
        .merge(openapi::file(text))
        .merge(pages())
        .fallback(|| async { Problem::not_found() })
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            TIMEOUT,
        ))
        .layer(from_fn_with_state(
            app.clone(),
            crate::audit::denials::layer,
        ))
        .layer(from_fn_with_state(app.clone(), problem::render))
        .layer(from_fn(layers::security_headers))
        .layer(from_fn_with_state(app.clone(), layers::request_id))
        .with_state(app)
}

/// Pages for people, in both languages.
fn pages() -> Router<App> {
    Router::new()
        .merge(crate::home::routes())
        .merge(crate::verify::pages::routes())
        .merge(crate::institutions::pages::routes())
        .merge(crate::programs::pages::routes())
        .merge(crate::log::pages::routes())
        .merge(crate::audit::pages::routes())
        .merge(crate::help::routes())
        .merge(crate::frame::assets::routes())
}

/// Serves until `stop` ends, then lets running requests finish.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (told, mut waiting) = tokio::sync::watch::channel(false);
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        stop.await;
        told.send_replace(true);
    });
    tokio::select! {
        ended = serving.into_future() => ended,
        () = async {
            while !*waiting.borrow_and_update() {
                if waiting.changed().await.is_err() {
                    break;
                }
            }
            tokio::time::sleep(GRACE).await;
        } => Ok(()),
    }
}
