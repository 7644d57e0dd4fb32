//! Sign-in and accounts over JSON.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::By;
use super::accounts::{self, CreateAccountRequest, CreatedAccount};
use super::permissions::{ManageAccounts, SeeSelf};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey};
use crate::problem::{Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        .routes(routes!(show_self))
        .routes(routes!(create_account))
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInRequest {
    /// Name of the account.
    name: String,
    /// Its password.
    password: String,
}

/// A fresh access token.
#[derive(Serialize, ToSchema)]
struct SignInResponse {
    /// Give it as `Authorization: Bearer ...`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// When it ends (RFC 3339, UTC).
    expires_at: String,
    /// Who signed in.
    me: SelfResponse,
}

/// The signed-in actor.
#[derive(Serialize, ToSchema)]
struct SelfResponse {
    /// Account.
    account: String,
    /// Role of the post.
    role: &'static str,
    /// Federation of the post.
    federation: Option<String>,
    /// Institution of the post.
    institution: Option<String>,
}

impl From<&domain::access::Actor> for SelfResponse {
    fn from(actor: &domain::access::Actor) -> Self {
        Self {
            account: actor.account.to_string(),
            role: actor.role.as_str(),
            federation: actor.federation.clone(),
            institution: actor.institution.map(|id| id.to_string()),
        }
    }
}

/// Sign in.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "access", request_body = SignInRequest,
    responses((status = 200, body = SignInResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn sign_in(
    State(app): State<App>,
    Body(request): Body<SignInRequest>,
) -> Result<Response, Problem> {
    let signed = accounts::sign_in(&app, &request.name, &request.password).await?;
    let body = SignInResponse {
        access_token: signed.token,
        token_type: "Bearer",
        expires_at: signed
            .until
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        me: SelfResponse::from(&signed.actor),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Who am I?
#[utoipa::path(get, path = "/api/v1/self", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = SelfResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_self(by: By<SeeSelf>) -> Json<SelfResponse> {
    Json(SelfResponse::from(&by.actor))
}

/// Make an account for a subordinate.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "access", request_body = CreateAccountRequest, security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = CreatedAccount), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn create_account(
    State(app): State<App>,
    by: By<ManageAccounts>,
    key: IdempotencyKey,
    Body(request): Body<CreateAccountRequest>,
) -> Result<Receipt, Problem> {
    accounts::create(&app, &by.actor, &key, &request).await
}
