//! Accounts of staff and sign-in slips of trainees over JSON.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::ids::{AccountId, CohortId, EnrolmentId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::By;
use super::accounts::{
    self, ChangePostRequest, ChangedAccount, CreateAccountRequest, CreatedAccount,
};
use super::invitations::{self, InviteRequest};
use super::permissions::{ManageAccounts, PrintSignInSlips};
use super::standing::{self, EnableAccountRequest};
use super::trainees::{self, Slip};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_account))
        .routes(routes!(invite_account))
        .routes(routes!(change_post))
        .routes(routes!(disable_account))
        .routes(routes!(enable_account))
        .routes(routes!(remove_second_factor))
        .routes(routes!(print_sign_in_slip))
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

/// Invite a subordinate, who chooses their own password.
#[utoipa::path(post, path = "/api/v1/invitations", tag = "access", request_body = InviteRequest, security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = CreatedAccount), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn invite_account(
    State(app): State<App>,
    by: By<ManageAccounts>,
    key: IdempotencyKey,
    Body(request): Body<InviteRequest>,
) -> Result<Receipt, Problem> {
    invitations::invite(&app, &by.actor, &key, &request).await
}

/// Put somebody on another post; their sessions end.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/post", tag = "access", request_body = ChangePostRequest, security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ChangedAccount), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn change_post(
    State(app): State<App>,
    by: By<ManageAccounts>,
    key: IdempotencyKey,
    Path(id): Path<AccountId>,
    Body(request): Body<ChangePostRequest>,
) -> Result<Receipt, Problem> {
    accounts::change_post(&app, &by.actor, &key, id, &request).await
}

/// Disable an account; its sessions end.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/disable", tag = "access", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ChangedAccount), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn disable_account(
    State(app): State<App>,
    by: By<ManageAccounts>,
    key: IdempotencyKey,
    Path(id): Path<AccountId>,
) -> Result<Receipt, Problem> {
    standing::disable(&app, &by.actor, &key, id).await
}

/// Enable a disabled account, as it was; no earlier session comes back.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/enable", tag = "access", request_body = EnableAccountRequest, security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ChangedAccount), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn enable_account(
    State(app): State<App>,
    by: By<ManageAccounts>,
    key: IdempotencyKey,
    Path(id): Path<AccountId>,
    Body(request): Body<EnableAccountRequest>,
) -> Result<Receipt, Problem> {
    standing::enable(&app, &by.actor, &key, id, &request).await
}

/// Take the second factor of an account away, for a lost device; its sessions end.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/second-factor/remove", tag = "access", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ChangedAccount), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn remove_second_factor(
    State(app): State<App>,
    by: By<ManageAccounts>,
    key: IdempotencyKey,
    Path(id): Path<AccountId>,
) -> Result<Receipt, Problem> {
    standing::remove_second_factor(&app, &by.actor, &key, id).await
}

/// Print a sign-in code for a trainee at the counter; it opens once, within a day, and the one before no more.
#[utoipa::path(post, path = "/api/v1/cohorts/{cohort}/enrolments/{enrolment}/sign-in-slip", tag = "access", security(("bearer" = [])),
    params(("cohort" = String, Path), ("enrolment" = String, Path)),
    responses((status = 200, body = Slip), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn print_sign_in_slip(
    State(app): State<App>,
    by: By<PrintSignInSlips>,
    Path((cohort, enrolment)): Path<(CohortId, EnrolmentId)>,
) -> Result<Response, Problem> {
    let slip = trainees::print_slip(&app, &by.actor, cohort, enrolment).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(slip)).into_response())
}
