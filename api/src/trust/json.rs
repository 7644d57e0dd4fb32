//! Trust over JSON, and the signed list itself.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use certs::keys::KeyId;
use chrono::{DateTime, Utc};
use domain::ids::CertificateId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::affected::{self, AffectedList};
use super::list;
use super::own_keys::{self, NewOwnKeyRequest};
use super::reissue::{self, ReissueReceipt, ReissueRequest};
use super::states::{self, KeyChangeRequest};
use crate::access::By;
use crate::access::permissions::{IssueCertificates, ManageKeys, SeeCertificates};
use crate::act::Receipt;
use crate::app::App;
use crate::certificates::change::WaitingReceipt;
use crate::certificates::keys::KeyReceipt;
use crate::etag;
use crate::extract::{Body, IdempotencyKey, Path, Query};
use crate::problem::{Problem, ProblemBody};

/// Seconds for which a list may be kept: a change of a key is known after that.
const KEPT: u32 = 300;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_own_key))
        .routes(routes!(change_key))
        .routes(routes!(list_affected))
        .routes(routes!(reissue_affected))
}

/// Routes that anybody may use.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(trust_list))
        .routes(routes!(trust_root))
}

/// A key id of a path; another text is a key that is not there.
fn parsed(kid: &str) -> Result<KeyId, Problem> {
    kid.parse().map_err(|_| Problem::not_found())
}

/// Make a successor of one of the registry's own keys: root, log or status. It is pending until two persons activate it.
#[utoipa::path(post, path = "/api/v1/keys/own", tag = "keys", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = NewOwnKeyRequest,
    responses((status = 201, body = KeyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn create_own_key(
    State(app): State<App>,
    by: By<ManageKeys>,
    key: IdempotencyKey,
    Body(request): Body<NewOwnKeyRequest>,
) -> Result<Receipt, Problem> {
    own_keys::create(&app, &by.actor, &key, &request).await
}

/// Propose a change of a key's state: activate, retire, or mark as compromised at a moment. Another person approves.
#[utoipa::path(post, path = "/api/v1/keys/{kid}/changes", tag = "keys", security(("bearer" = [])),
    params(("kid" = String, Path), ("Idempotency-Key" = String, Header)), request_body = KeyChangeRequest,
    responses((status = 202, body = WaitingReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn change_key(
    State(app): State<App>,
    by: By<ManageKeys>,
    key: IdempotencyKey,
    Path(kid): Path<String>,
    Body(request): Body<KeyChangeRequest>,
) -> Result<Receipt, Problem> {
    states::propose(&app, &by.actor, &key, &parsed(&kid)?, &request).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AffectedQuery {
    /// Moment of a supposed compromise (RFC 3339); that of the key when not given.
    at: Option<DateTime<Utc>>,
    /// At most so many, 1 to 500; 100 when not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<CertificateId>,
}

/// Certificates of one's area under a compromised key: which of them the log covers from before, which have to be replaced.
#[utoipa::path(get, path = "/api/v1/keys/{kid}/affected", tag = "keys", security(("bearer" = [])),
    params(("kid" = String, Path), AffectedQuery),
    responses((status = 200, body = AffectedList), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_affected(
    State(app): State<App>,
    by: By<SeeCertificates>,
    Path(kid): Path<String>,
    Query(query): Query<AffectedQuery>,
) -> Result<Json<AffectedList>, Problem> {
    let limit = crate::fields::limit(query.limit, 100, 500)?;
    let kid = parsed(&kid)?;
    affected::affected(&app, &by.actor, &kid, query.at, query.cursor, limit)
        .await
        .map(Json)
}

/// Reissue, free of charge, the next certificates of one's area that a compromise has left without force.
#[utoipa::path(post, path = "/api/v1/keys/{kid}/reissues", tag = "keys", security(("bearer" = [])),
    params(("kid" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ReissueRequest,
    responses((status = 200, body = ReissueReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn reissue_affected(
    State(app): State<App>,
    by: By<IssueCertificates>,
    key: IdempotencyKey,
    Path(kid): Path<String>,
    Body(request): Body<ReissueRequest>,
) -> Result<Receipt, Problem> {
    reissue::reissue(&app, &by.actor, &key, &parsed(&kid)?, &request).await
}

/// The signed trust list: every key with its time and state, and the witnesses of the log (CBOR, COSE_Sign1 by the root key).
#[utoipa::path(get, path = "/api/v1/trust-list", tag = "keys",
    responses((status = 200, content_type = "application/vnd.mingzheng.trust-list+cbor", body = [u8]),
        (status = 304), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn trust_list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let row = list::current(&app).await?;
    let tag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&row.sha256[..16]));
    let kind = certs::trust_list::CONTENT_TYPE;
    let mut response = if etag::knows(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], row.body).into_response()
    };
    for (name, value) in [
        (header::CACHE_CONTROL, format!("public, max-age={KEPT}")),
        (header::ETAG, tag),
    ] {
        let value = HeaderValue::try_from(value).map_err(Problem::internal)?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// The line of the root key that signs trust lists. Compare it with what the federation has published elsewhere.
#[utoipa::path(get, path = "/api/v1/trust-list/root", tag = "keys",
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn trust_root(State(app): State<App>) -> Result<Response, Problem> {
    let line = list::line_of_root(&app).await? + "\n";
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    Ok((headers, line).into_response())
}
