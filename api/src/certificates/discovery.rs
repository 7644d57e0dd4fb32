//! What wallets and other software look up once: did:web, JSON Web Key Set, type of the SD-JWT (interop.md).

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use certs::credential::{did_document as document_of, jwks as key_set_of, type_metadata};
use certs::keys::{KeyId, KeySet};
use certs::qr::Host;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::keys;
use crate::app::App;
use crate::problem::{Problem, ProblemBody};
use crate::trust::own_keys;

/// Routes that anybody may use.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(did_document))
        .routes(routes!(jwks))
        .routes(routes!(credential_type))
}

fn document(value: Value) -> Response {
    (
        [(header::CACHE_CONTROL, "public, max-age=300")],
        Json(value),
    )
        .into_response()
}

/// Issuer keys and the key of status lists, as other software may know them; that one stands first.
async fn published(app: &App) -> Result<(Host, KeySet, KeyId), Problem> {
    let reader = app.store.reader();
    let keys = keys::published_key_set(reader).await?;
    let host = app.config.host.parse().map_err(Problem::internal)?;
    let first = own_keys::status_signer(app, reader).await?.key_id().clone();
    Ok((host, keys, first))
}

/// The did:web document of the registry.
#[utoipa::path(get, path = "/.well-known/did.json", tag = "keys",
    responses((status = 200, body = Object), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn did_document(State(app): State<App>) -> Result<Response, Problem> {
    let (host, keys, first) = published(&app).await?;
    Ok(document(document_of(&host, &keys, Some(&first))))
}

/// The JSON Web Key Set of the registry.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys",
    responses((status = 200, body = Object), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn jwks(State(app): State<App>) -> Result<Response, Problem> {
    let (host, keys, first) = published(&app).await?;
    Ok(document(key_set_of(&host, &keys, Some(&first))))
}

/// Type metadata of the SD-JWT credential.
#[utoipa::path(get, path = "/vct/training-certificate/1", tag = "keys",
    responses((status = 200, body = Object), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn credential_type(State(app): State<App>) -> Result<Response, Problem> {
    let host = app.config.host.parse().map_err(Problem::internal)?;
    Ok(document(type_metadata(&host)))
}
