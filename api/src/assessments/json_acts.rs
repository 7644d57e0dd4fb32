//! Visits, drafts, publication and the answer to grave findings over JSON.

use axum::extract::State;
use domain::ids::AssessmentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::AssessmentReceipt;
use super::publishing::{self, DismissFindingRequest};
use super::visits::{
    self, CountersignRequest, DraftReceipt, DraftRequest, VisitReceipt, VisitRequest,
};
use crate::access::By;
use crate::access::permissions::{Assess, CommissionAssessments, ReplyToAssessments};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path};
use crate::problem::{Problem, ProblemBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(record_visit))
        .routes(routes!(countersign_visit))
        .routes(routes!(draft_assessment))
        .routes(routes!(publish_assessment))
        .routes(routes!(dismiss_finding))
}

/// Record a visit with its team; nobody of it has a conflict.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/visits", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = VisitRequest,
    responses((status = 201, body = VisitReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_visit(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<VisitRequest>,
) -> Result<Receipt, Problem> {
    visits::record(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Countersign the record of a visit of one's own institution, or refuse to.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/visits/{visit}/countersignature", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("visit" = String, Path), ("Idempotency-Key" = String, Header)), request_body = CountersignRequest,
    responses((status = 200, body = VisitReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn countersign_visit(
    State(app): State<App>,
    by: By<ReplyToAssessments>,
    key: IdempotencyKey,
    Path((id, visit)): Path<(AssessmentId, Uuid)>,
    Body(request): Body<CountersignRequest>,
) -> Result<Receipt, Problem> {
    visits::countersign(&app, &by.actor, &key, id, visit, &request).await
}

/// Keep the draft of an item of the checklist.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/drafts", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = DraftRequest,
    responses((status = 200, body = DraftReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn draft_assessment(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    Path(id): Path<AssessmentId>,
    Body(request): Body<DraftRequest>,
) -> Result<Receipt, Problem> {
    visits::draft(&app, &by.actor, &key, id, &request).await
}

/// Publish the final score.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/publication", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn publish_assessment(
    State(app): State<App>,
    by: By<CommissionAssessments>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
) -> Result<Receipt, Problem> {
    publishing::publish(&app, &by.actor, &key, id, revision.0).await
}

/// Record that a grave finding leads to no warning and no stop.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/dismissal", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = DismissFindingRequest,
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn dismiss_finding(
    State(app): State<App>,
    by: By<CommissionAssessments>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<DismissFindingRequest>,
) -> Result<Receipt, Problem> {
    publishing::dismiss(&app, &by.actor, &key, id, revision.0, &request).await
}
