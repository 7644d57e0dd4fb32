//! Work after training: episodes with their evidence, registers, follow-ups, conflicts, exclusions (workflow.md 4).

pub mod acts;
pub mod arbitration;
pub mod claims;
pub mod conflicts;
mod contests;
pub(crate) mod desk;
mod drafts;
pub mod json;
mod json_own;
mod json_related;
pub(crate) mod link_page;
pub(crate) mod messages;
pub mod own;
pub(crate) mod recording;
pub mod registers;
pub mod related;
mod terms;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Operations of the desks.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
        .merge(json_own::routes())
        .merge(json_related::routes())
}
