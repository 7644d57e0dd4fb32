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

use std::collections::HashMap;

use domain::access::Actor;
use domain::ids::FileId;
use store::episodes::Evidence;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::problem::Problem;

/// Operations of the desks.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
        .merge(json_own::routes())
        .merge(json_related::routes())
}

/// The documents behind pieces of evidence that somebody may open, with their types.
async fn documents(
    app: &App,
    actor: &Actor,
    evidence: &[Evidence],
) -> Result<HashMap<FileId, String>, Problem> {
    let files: Vec<FileId> = evidence.iter().filter_map(|one| one.file).collect();
    crate::files::openable(app, actor, &files).await
}
