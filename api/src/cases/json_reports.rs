//! Opinions, visits and inspections over JSON.

use axum::Json;
use axum::extract::State;
use domain::ids::AdmissionId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reports::{self, RecordReportRequest, ReportItem, ReportReceipt};
use crate::access::By;
use crate::access::permissions::{RecordReports, SeeReports};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(record_report, list_reports))
}

/// Record the county's opinion, the prefecture's visit or an inspection: each by the level that owes it.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/reports", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RecordReportRequest,
    responses((status = 201, body = ReportReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_report(
    State(app): State<App>,
    by: By<RecordReports>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<RecordReportRequest>,
) -> Result<Receipt, Problem> {
    reports::record(&app, &by.actor, &key, id, &request).await
}

/// Opinions, visits and inspections of an institution, oldest first.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/reports", tag = "cases", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<ReportItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_reports(
    State(app): State<App>,
    by: By<SeeReports>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<Vec<ReportItem>>, Problem> {
    let rows = reports::list(&app, &by.actor, id).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}
