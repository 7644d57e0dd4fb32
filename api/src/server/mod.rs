//! The HTTP server: routes of every feature, one set of layers, a graceful end.

mod answers;
mod away;
mod cors;
pub mod health;
mod layers;
pub mod openapi;
mod serving;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use away::AFTER;
pub use serving::serve_router;

use crate::app::App;
use crate::config::Role;
use crate::problem::{self, Problem};

/// How long the end of the process waits for messages under way.
const LAST_MESSAGES: std::time::Duration = std::time::Duration::from_secs(10);

/// How long it waits for the last counts of checks.
const LAST_COUNTS: std::time::Duration = std::time::Duration::from_secs(2);

/// The part of the service that the configuration asks for.
pub fn router(app: App) -> Router {
    let (role, document) = (app.config.role, openapi::document());
    let text = openapi::text(&document);
    let mut routes = Router::new().merge(health::routes());
    if role != Role::Registry {
        routes = routes
            .merge(public_pages())
            .merge(crate::developers::routes(&text));
    }
    if role != Role::Public {
        routes = routes.merge(desk_pages());
    }
    if role == Role::Registry {
        // The desks have the stylesheet, too.
        routes = routes.merge(crate::frame::assets::routes());
    }
    let api = match role {
        Role::All => openapi::routes().0,
        Role::Public => openapi::public().split_for_parts().0,
        Role::Registry => openapi::desks().split_for_parts().0,
    };
    layered(app, routes.merge(api).merge(openapi::file(text)))
}

/// Routes under the layers of the service: what is true of every answer is in here.
pub fn layered(app: App, routes: Router<App>) -> Router {
    let most = app
        .border
        .figures
        .sizes
        .upload_bytes
        .max(app.border.figures.sizes.verify_bytes)
        .max(app.border.figures.sizes.photographs_bytes);
    routes
        .fallback(|| async { Problem::not_found() })
        .layer(CatchPanicLayer::custom(layers::panicked))
        // The border has smaller limits, by class; this is the extractors' own.
        .layer(DefaultBodyLimit::max(most))
        .layer(from_fn_with_state(
            app.clone(),
            crate::audit::denials::layer,
        ))
        .layer(from_fn_with_state(app.clone(), crate::border::guard))
        .layer(from_fn(cors::options))
        .layer(from_fn_with_state(app.clone(), problem::render))
        .layer(from_fn_with_state(app.clone(), layers::count))
        .layer(from_fn_with_state(
            app.clone(),
            crate::privacy::failures::audit,
        ))
        .layer(from_fn(layers::security_headers))
        .layer(from_fn_with_state(app.clone(), layers::request_id))
        .with_state(app)
}

/// Pages for anybody, in both languages.
fn public_pages() -> Router<App> {
    Router::new()
        .merge(crate::home::routes())
        .merge(crate::verify::pages::routes())
        .merge(crate::institutions::pages::routes())
        .merge(crate::catalogue::downloads::pages())
        .merge(crate::programs::pages::routes())
        .merge(crate::log::pages::routes())
        .merge(crate::notices::routes())
        .merge(crate::grades::public_pages())
        .merge(crate::bulletins::pages::routes())
        .merge(crate::surveys::pages::routes())
        .merge(crate::outcomes::link_page::routes())
        .merge(crate::help::routes())
        .merge(crate::frame::assets::routes())
}

/// Pages of the desks.
fn desk_pages() -> Router<App> {
    Router::new()
        .merge(crate::access::pages::routes())
        .merge(crate::desk::routes())
        .merge(crate::cohorts::pages())
        .merge(crate::certificates::telephone_page::routes())
        .merge(crate::cases::pages::routes())
        .merge(crate::assessments::pages::routes())
        .merge(crate::surveys::desk::routes())
        .merge(crate::surveys::audit_pages::routes())
        .merge(crate::grades::desk::routes())
        .merge(crate::outcomes::desk::routes())
        .merge(crate::files::json::pages())
        .merge(crate::bulletins::desk::routes())
        .merge(crate::privacy::pages::routes())
        .merge(crate::trust::pages::routes())
        .merge(crate::exports::pages::routes())
        .merge(crate::audit::pages::routes())
}

/// Serves until `stop` ends, then lets running requests finish.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (router, courier) = (router(app.clone()), app.courier.clone());
    let counting = tokio::spawn(crate::verify::counted::work(app.clone()));
    let served = serve_router(app.clone(), router, listener, stop).await;
    counting.abort();
    // The last checks are counted, if the database lets them; nobody waits longer for a number.
    let _ = tokio::time::timeout(LAST_COUNTS, crate::verify::counted::write(&app)).await;
    // What somebody was promised is sent, as long as the gateway answers.
    let _ = tokio::time::timeout(LAST_MESSAGES, courier.drained()).await;
    served
}
