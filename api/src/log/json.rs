//! The log for machines: newest checkpoint, verifier key, proof of a leaf.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::ids::LeafIndex;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{proofs, published};
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(vkey))
        .routes(routes!(leaf_proof))
        .routes(routes!(consistency))
        .routes(routes!(list_checkpoints))
        .route("/log/tile/{*path}", get(super::tiles::tile))
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

/// Newest published checkpoint (C2SP tlog-checkpoint), with the lines of its witnesses where there are any.
#[utoipa::path(get, path = "/log/checkpoint", tag = "log",
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn checkpoint(State(app): State<App>) -> Result<Response, Problem> {
    let published = published::checkpoint(&app)
        .await?
        .ok_or_else(Problem::not_found)?;
    // A few seconds at most (C2SP tlog-tiles).
    Ok(plain(published.note, "public, max-age=2"))
}

/// The log's verifier key line.
#[utoipa::path(get, path = "/log/vkey", tag = "log", responses((status = 200, content_type = "text/plain", body = String)))]
async fn vkey(State(app): State<App>) -> Response {
    // As short as a reader may lag when a successor opens: then it is another line.
    let line = format!("{}\n", app.keyring.log_vkey());
    plain(line, "public, max-age=60")
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

/// That a smaller tree is the beginning of a larger one.
#[derive(Serialize, ToSchema)]
struct ConsistencyResponse {
    /// Size of the smaller tree.
    old_size: u64,
    /// Size of the larger tree.
    new_size: u64,
    /// Hashes, base64 (RFC 6962 section 2.1.2).
    consistency_proof: Vec<String>,
}

/// Proof that the tree of one size begins with that of another.
#[utoipa::path(get, path = "/log/consistency/{old}/{new}", tag = "log",
    params(("old" = u64, Path, description = "Size of the smaller tree"), ("new" = u64, Path, description = "Size of the larger tree")),
    responses((status = 200, body = ConsistencyResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn consistency(
    State(app): State<App>,
    Path((old, new)): Path<(u64, u64)>,
) -> Result<Json<ConsistencyResponse>, Problem> {
    let proof = proofs::consistency(&app, old, new).await?;
    Ok(Json(ConsistencyResponse {
        old_size: old,
        new_size: new,
        consistency_proof: proof
            .iter()
            .map(|hash| data_encoding::BASE64.encode(hash.as_bytes()))
            .collect(),
    }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CheckpointsQuery {
    /// Size after which to begin.
    after: Option<u64>,
    /// At most so many, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

/// Checkpoints as they were signed.
#[derive(Serialize, ToSchema)]
struct CheckpointsResponse {
    /// Signed notes, smallest tree first.
    checkpoints: Vec<String>,
    /// Give it as `after` for the next ones; none at the end.
    next: Option<u64>,
}

/// Every checkpoint that was ever signed: one for each size, so that anybody can hold them against the tree.
#[utoipa::path(get, path = "/log/checkpoints", tag = "log", params(CheckpointsQuery),
    responses((status = 200, body = CheckpointsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_checkpoints(
    State(app): State<App>,
    Query(query): Query<CheckpointsQuery>,
) -> Result<Json<CheckpointsResponse>, Problem> {
    let limit = crate::fields::limit(query.limit, 1000, 1000)?;
    let after = query.after.unwrap_or(0).min(i64::MAX.cast_unsigned());
    let rows = store::log::checkpoints_after(app.store.reader(), after, limit).await?;
    let full = rows.len() as u64 == limit;
    Ok(Json(CheckpointsResponse {
        next: rows.last().filter(|_| full).map(|row| row.size),
        checkpoints: rows.into_iter().map(|row| row.note).collect(),
    }))
}
