//! Grading on the server: frozen evidence, runs, publication, policies and their replay, ranking and score pages.

pub(crate) mod compare;
pub(crate) mod counts;
pub(crate) mod desk;
mod downloads;
pub(crate) mod duties;
pub mod files;
pub mod freeze;
pub mod json;
pub mod monitoring;
mod own_figures;
pub mod pages;
pub(crate) mod periods;
pub mod policies;
pub(crate) mod provinces;
pub mod public;
pub mod publications;
pub mod replay;
pub mod runs;
pub mod schemas;
pub(crate) mod score;
pub(crate) mod standing;
pub(crate) mod trend;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Operations of the desks.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes().merge(policies::routes())
}

/// Operations for anybody.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    json::public_routes()
        .merge(policies::public_routes())
        .merge(schemas::public_routes())
}

/// Pages for anybody.
pub(crate) fn public_pages() -> Router<App> {
    pages::routes().merge(downloads::routes())
}
