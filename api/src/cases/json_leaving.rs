//! Leaving over JSON: the wish to leave and its answers, the look at an exit elsewhere.

use axum::extract::State;
use domain::ids::AdmissionId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::elsewhere::{self, CloseExitElsewhereRequest, ExitElsewhereReceipt};
use super::papers::CaseReceipt;
use super::withdrawals::{self, AskWithdrawalRequest, EndWithdrawalRequest, WithdrawalReceipt};
use crate::access::By;
use crate::access::permissions::{AnswerLeaving, ApplyInstitution};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask_withdrawal))
        .routes(routes!(decline_withdrawal))
        .routes(routes!(take_back_withdrawal))
        .routes(routes!(close_exit_elsewhere))
}

/// Ask to leave (T22); the province agrees by the transition.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/withdrawal", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = AskWithdrawalRequest,
    responses((status = 201, body = CaseReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn ask_withdrawal(
    State(app): State<App>,
    by: By<ApplyInstitution>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<AskWithdrawalRequest>,
) -> Result<Receipt, Problem> {
    withdrawals::ask(&app, &by.actor, &key, id, &request).await
}

/// Decline the request to leave.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/withdrawal/decline", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = EndWithdrawalRequest,
    responses((status = 200, body = WithdrawalReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn decline_withdrawal(
    State(app): State<App>,
    by: By<AnswerLeaving>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<EndWithdrawalRequest>,
) -> Result<Receipt, Problem> {
    withdrawals::decline(&app, &by.actor, &key, id, &request).await
}

/// Take one's own request to leave back.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/withdrawal/take-back", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = EndWithdrawalRequest,
    responses((status = 200, body = WithdrawalReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn take_back_withdrawal(
    State(app): State<App>,
    by: By<ApplyInstitution>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<EndWithdrawalRequest>,
) -> Result<Receipt, Problem> {
    withdrawals::take_back(&app, &by.actor, &key, id, &request).await
}

/// Say why nothing follows here from the institution's exit in another province.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/exit-elsewhere/close", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = CloseExitElsewhereRequest,
    responses((status = 200, body = ExitElsewhereReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn close_exit_elsewhere(
    State(app): State<App>,
    by: By<AnswerLeaving>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<CloseExitElsewhereRequest>,
) -> Result<Receipt, Problem> {
    elsewhere::close(&app, &by.actor, &key, id, &request).await
}
