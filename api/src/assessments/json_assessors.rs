//! Accreditations over JSON.

use axum::Json;
use axum::extract::State;
use domain::FederationCode;
use domain::ids::AssessorId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accreditation::{self, AccreditRequest, AssessorReceipt, WithdrawAccreditationRequest};
use crate::access::By;
use crate::access::permissions::{AccreditAssessors, SeeAssessments};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query};
use crate::fields::page;
use crate::problem::{Problem, ProblemBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(accredit_assessor, list_assessors))
        .routes(routes!(withdraw_accreditation))
}

/// Accredit a third-party assessor for the institutions of one's federation.
#[utoipa::path(post, path = "/api/v1/assessors", tag = "assessments", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = AccreditRequest,
    responses((status = 201, body = AssessorReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn accredit_assessor(
    State(app): State<App>,
    by: By<AccreditAssessors>,
    key: IdempotencyKey,
    Body(request): Body<AccreditRequest>,
) -> Result<Receipt, Problem> {
    accreditation::accredit(&app, &by.actor, &key, &request).await
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AssessorsQuery {
    /// Those of this federation and of the nation.
    #[param(value_type = Option<String>)]
    federation: Option<FederationCode>,
    /// At most so many, 1 to 100; 50 when not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<AssessorId>,
}

/// A page of accreditations.
#[derive(Debug, Serialize, ToSchema)]
struct AssessorsResponse {
    /// Newest first.
    items: Vec<AssessorReceipt>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Accredited assessors, those whose accreditation is over included, newest first.
#[utoipa::path(get, path = "/api/v1/assessors", tag = "assessments", security(("bearer" = [])), params(AssessorsQuery),
    responses((status = 200, body = AssessorsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_assessors(
    State(app): State<App>,
    _by: By<SeeAssessments>,
    Query(query): Query<AssessorsQuery>,
) -> Result<Json<AssessorsResponse>, Problem> {
    let limit = crate::fields::limit(query.limit, 50, 100)?;
    let federation = query.federation.as_ref().map(FederationCode::as_str);
    let reader = app.store.reader();
    let mut rows =
        store::assessments::assessors::list(reader, federation, query.cursor, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    Ok(Json(AssessorsResponse {
        items: rows.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// Withdraw an accreditation, from today on.
#[utoipa::path(post, path = "/api/v1/assessors/{id}/withdrawal", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = WithdrawAccreditationRequest,
    responses((status = 200, body = AssessorReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn withdraw_accreditation(
    State(app): State<App>,
    by: By<AccreditAssessors>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessorId>,
    Body(request): Body<WithdrawAccreditationRequest>,
) -> Result<Receipt, Problem> {
    accreditation::withdraw(&app, &by.actor, &key, id, revision.0, &request).await
}
