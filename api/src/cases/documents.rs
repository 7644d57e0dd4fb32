//! The documents behind the papers of a case and behind the decisions served in it, for whoever may open them.

use std::collections::HashMap;

use domain::access::Actor;
use domain::ids::FileId;
use serde::Serialize;
use store::cases::{Case, papers};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::problem::Problem;

/// A document of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseDocument {
    /// The file.
    #[schema(value_type = String, format = "uuid")]
    file_id: FileId,
    /// Its type by content.
    media_type: String,
}

impl CaseDocument {
    /// Its address at the desks.
    pub(super) fn address(&self) -> String {
        format!("/desk/files/{}", self.file_id)
    }
}

/// The documents of a case by the paper or the service that they belong to, oldest first.
pub(super) async fn of(
    app: &App,
    actor: &Actor,
    case: &Case,
) -> Result<HashMap<Uuid, Vec<CaseDocument>>, Problem> {
    let files = papers::files(app.store.reader(), case).await?;
    let all: Vec<FileId> = files.values().flatten().copied().collect();
    let types = crate::files::openable(app, actor, &all).await?;
    let told = |file_id: FileId| {
        let media_type = types.get(&file_id)?.clone();
        Some(CaseDocument {
            file_id,
            media_type,
        })
    };
    Ok(files
        .into_iter()
        .map(|(of, files)| (of, files.into_iter().filter_map(told).collect()))
        .collect())
}
