//! Bulletins: built from one frozen run or one decision, reviewed by two, noticed, published, corrected, withdrawn (workflow.md 5).

pub mod acts;
pub mod build;
pub(crate) mod decided;
pub(crate) mod desk;
mod ground;
pub mod json;
pub(crate) mod objections;
pub mod pages;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Operations of the desks.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
}

/// Operations for anybody.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    json::public_routes()
}
