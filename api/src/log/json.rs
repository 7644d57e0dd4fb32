//! The log for machines: newest checkpoint, verifier key, proof of a leaf.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::ids::LeafIndex;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::proofs;
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(vkey))
        .routes(routes!(leaf_proof))
}

fn plain(text: String, caching: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, caching),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        ],
        text,
    )
        .into_response()
}

/// Newest signed checkpoint (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/log/checkpoint", tag = "log",
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn checkpoint(State(app): State<App>) -> Result<Response, Problem> {
    let row = store::log::latest_checkpoint(app.store.public())
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(plain(row.note, "no-cache"))
}

/// The log's verifier key line.
#[utoipa::path(get, path = "/log/vkey", tag = "log", responses((status = 200, content_type = "text/plain", body = String)))]
async fn vkey(State(app): State<App>) -> Response {
    plain(format!("{}\n", app.keyring.log_vkey()), "max-age=3600")
}

/// A leaf with its inclusion proof.
#[derive(Serialize, ToSchema)]
struct LeafProofResponse {
    /// Position of the leaf.
    leaf_index: u64,
    /// Size of the tree that the proof leads to.
    tree_size: u64,
    /// The leaf's bytes, base64.
    entry: String,
    /// Hashes, leaf side first, base64 (RFC 6962).
    inclusion_proof: Vec<String>,
    /// Signed checkpoint of that size.
    checkpoint: String,
}

/// Proof of a leaf under the newest checkpoint.
#[utoipa::path(get, path = "/log/proof/{index}", tag = "log", params(("index" = u64, Path, description = "Leaf index")),
    responses((status = 200, body = LeafProofResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn leaf_proof(
    State(app): State<App>,
    Path(index): Path<u64>,
) -> Result<Json<LeafProofResponse>, Problem> {
    let proof = proofs::leaf_proof(&app, LeafIndex(index)).await?;
    Ok(Json(LeafProofResponse {
        leaf_index: proof.index,
        tree_size: proof.tree_size,
        entry: data_encoding::BASE64.encode(&proof.entry),
        inclusion_proof: proof
            .hashes
            .iter()
            .map(|hash| data_encoding::BASE64.encode(hash.as_bytes()))
            .collect(),
        checkpoint: proof.checkpoint.note,
    }))
}
