//! The survey of trainees: sent by the registry, answered by a link that opens once, never through the institution.

pub mod invite;
pub mod json;
pub mod pages;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Operations of the desks.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
}
