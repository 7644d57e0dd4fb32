//! The second factor over JSON.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::By;
use super::permissions::ManageOwnAccess;
use super::second_factor::{self, Enrolment};
use super::source::{self, Source};
use crate::app::App;
use crate::extract::Body;
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(begin_second_factor))
        .routes(routes!(confirm_second_factor))
        .routes(routes!(prove_second_factor))
}

/// Begin to enrol an authenticator: answers the secret, once.
#[utoipa::path(post, path = "/api/v1/self/second-factor", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = Enrolment), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn begin_second_factor(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
) -> Result<Response, Problem> {
    let enrolment = second_factor::begin(&app, &by.actor, &by.session, "").await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(enrolment)).into_response())
}

/// A code of the second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondFactorRequest {
    /// Six digits of the authenticator, or a recovery code.
    code: String,
    /// Device token of an earlier sign-in from here.
    #[serde(default)]
    device_token: Option<String>,
}

/// The recovery codes, shown this once; none where the account had a second factor before.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Each opens once, in place of a code of the authenticator.
    pub(super) recovery_codes: Vec<String>,
}

/// Confirm the authenticator by a first code; other sessions end.
#[utoipa::path(post, path = "/api/v1/self/second-factor/confirm", tag = "access", request_body = SecondFactorRequest, security(("bearer" = [])),
    responses((status = 200, body = RecoveryCodes), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn confirm_second_factor(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
    Body(request): Body<SecondFactorRequest>,
) -> Result<Response, Problem> {
    let recovery_codes =
        second_factor::confirm(&app, &by.actor, &by.session, &request.code).await?;
    let body = Json(RecoveryCodes { recovery_codes });
    Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response())
}

/// Prove the second factor in this session: at sign-in, and again before acts that need a fresh proof.
#[utoipa::path(post, path = "/api/v1/sessions/current/second-factor", tag = "access", request_body = SecondFactorRequest, security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn prove_second_factor(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
    mut source: Source,
    Body(request): Body<SecondFactorRequest>,
) -> Result<StatusCode, Problem> {
    source.device = source::device(request.device_token.as_deref());
    second_factor::prove(&app, &by.actor, &by.session, &request.code, &source).await?;
    Ok(StatusCode::NO_CONTENT)
}
