//! The survey of trainees: sent by the registry, answered by a link that opens once or taken by the county, never through
//! the institution; checked by a third party's calls.

pub mod audit_pages;
pub mod audits;
pub mod calls;
pub mod contacts;
pub mod desk;
pub mod invite;
pub mod json;
pub mod json_calls;
pub mod pages;
pub mod taken;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Operations of the desks.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes().merge(json_calls::routes())
}
