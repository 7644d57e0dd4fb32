//! One's own second factors and security keys over JSON.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::factors::{Factor, FactorId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::By;
use super::json_second_factor::RecoveryCodes;
use super::permissions::{ChangeOwnFactors, ManageOwnAccess, SeeOwnFactors};
use super::{factors, passkeys};
use crate::app::App;
use crate::extract::{Body, Path};
use crate::problem::{Code, Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_second_factors))
        .routes(routes!(name_second_factor, drop_second_factor))
        .routes(routes!(begin_passkey))
        .routes(routes!(add_passkey))
        .routes(routes!(ask_passkey))
        .routes(routes!(prove_passkey))
}

/// A second factor.
#[derive(Debug, Serialize, ToSchema)]
struct FactorItem {
    /// Which: `codes`, or a key.
    id: String,
    /// `codes` of an authenticator app, or `passkey`.
    kind: &'static str,
    /// Name that one gave it.
    name: String,
    /// When it was added (RFC 3339, UTC).
    added_at: String,
    /// When it was last used (RFC 3339, UTC).
    used_at: Option<String>,
}

impl From<Factor> for FactorItem {
    fn from(one: Factor) -> Self {
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self {
            id: one.id.to_string(),
            kind: match one.id {
                FactorId::Codes => "codes",
                FactorId::Key(_) => "passkey",
            },
            name: one.name,
            added_at: instant(one.added_at),
            used_at: one.used_at.map(instant),
        }
    }
}

/// What an account has.
#[derive(Debug, Serialize, ToSchema)]
struct FactorsResponse {
    /// The factors.
    items: Vec<FactorItem>,
    /// Recovery codes that were not used yet.
    recovery_codes_left: u64,
}

/// One's own second factors.
#[utoipa::path(get, path = "/api/v1/self/second-factors", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = FactorsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_second_factors(
    State(app): State<App>,
    by: By<SeeOwnFactors>,
) -> Result<Json<FactorsResponse>, Problem> {
    let own = factors::own(&app, &by.actor).await?;
    Ok(Json(FactorsResponse {
        items: own.factors.into_iter().map(Into::into).collect(),
        recovery_codes_left: own.recovery_codes_left,
    }))
}

/// A name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NameRequest {
    /// Up to 40 characters; empty for none.
    name: String,
}

/// The factor that a path names; a text that names none is one that is not there.
fn factor(id: &str) -> Result<FactorId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Name one of one's own second factors.
#[utoipa::path(put, path = "/api/v1/self/second-factors/{id}", tag = "access", security(("bearer" = [])),
    params(("id" = String, Path)), request_body = NameRequest,
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn name_second_factor(
    State(app): State<App>,
    by: By<ChangeOwnFactors>,
    Path(id): Path<String>,
    Body(request): Body<NameRequest>,
) -> Result<StatusCode, Problem> {
    factors::name(&app, &by.actor, &factor(&id)?, &request.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take one of one's own second factors away; the last one stays while one's post needs one. Other sessions end.
#[utoipa::path(delete, path = "/api/v1/self/second-factors/{id}", tag = "access", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn drop_second_factor(
    State(app): State<App>,
    by: By<ChangeOwnFactors>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    factors::remove(&app, &by.actor, &by.session, &factor(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer that is never kept.
fn once(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn options(text: &str) -> Result<Response, Problem> {
    let options: Value = serde_json::from_str(text).map_err(Problem::internal)?;
    Ok(once(StatusCode::OK, options))
}

/// Begin to add a security key: answers the options of `navigator.credentials.create` (WebAuthn), for five minutes.
#[utoipa::path(post, path = "/api/v1/self/passkeys/options", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = serde_json::Value), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn begin_passkey(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
) -> Result<Response, Problem> {
    options(&passkeys::begin(&app, &by.actor, &by.session).await?)
}

/// What the browser said of a new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddPasskeyRequest {
    /// Name, up to 40 characters.
    #[serde(default)]
    name: String,
    /// `id`, `transports`, `attestationObject`, `clientDataJSON`, binary parts in base64url without padding.
    #[schema(value_type = Object)]
    answer: Value,
}

/// Add a security key by the answer of the browser; with the first factor of the account come its recovery codes. Other
/// sessions end.
#[utoipa::path(post, path = "/api/v1/self/passkeys", tag = "access", security(("bearer" = [])), request_body = AddPasskeyRequest,
    responses((status = 201, body = RecoveryCodes), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn add_passkey(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
    Body(request): Body<AddPasskeyRequest>,
) -> Result<Response, Problem> {
    let answer = request.answer.to_string();
    let recovery_codes =
        passkeys::enrol(&app, &by.actor, &by.session, &answer, &request.name).await?;
    Ok(once(StatusCode::CREATED, RecoveryCodes { recovery_codes }))
}

/// Begin a proof with a security key: answers the options of `navigator.credentials.get` (WebAuthn), for five minutes.
#[utoipa::path(post, path = "/api/v1/sessions/current/passkey/options", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = serde_json::Value), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn ask_passkey(State(app): State<App>, by: By<ManageOwnAccess>) -> Result<Response, Problem> {
    match passkeys::ask(&app, &by.actor, &by.session).await? {
        Some(text) => options(&text),
        None => Err(Problem::new(Code::TransitionRefused).with_detail(
            "这个账号没有登记安全密钥。",
            "This account has no security key.",
        )),
    }
}

/// What the browser said of a proof.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProvePasskeyRequest {
    /// `id`, `authenticatorData`, `signature`, `clientDataJSON`, `userHandle`, in base64url without padding.
    #[schema(value_type = Object)]
    answer: Value,
}

/// Prove the second factor in this session by a security key: at sign-in, and before acts that need a fresh proof.
#[utoipa::path(post, path = "/api/v1/sessions/current/passkey", tag = "access", security(("bearer" = [])), request_body = ProvePasskeyRequest,
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn prove_passkey(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
    Body(request): Body<ProvePasskeyRequest>,
) -> Result<StatusCode, Problem> {
    passkeys::prove(&app, &by.actor, &by.session, &request.answer.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}
