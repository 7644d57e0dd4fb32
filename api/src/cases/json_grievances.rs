//! Appeals against acts that concern a trainee, over JSON: an institution's and a trainee's own.

use axum::Json;
use axum::extract::State;
use domain::ids::AppealId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::appeals::AppealReceipt;
use super::grievances::{self, LodgeGrievanceRequest};
use super::json_appeals::AppealResponse;
use crate::access::By;
use crate::access::permissions::{AppealForOneself, LodgeAppeals, SeeOwnRecord};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(lodge_grievance))
        .routes(routes!(own_appeals, lodge_own_appeal))
        .routes(routes!(withdraw_own_appeal))
}

/// Appeal against an act that concerns a trainee of one's own institution.
#[utoipa::path(post, path = "/api/v1/appeals", tag = "appeals", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = LodgeGrievanceRequest,
    responses((status = 201, body = AppealReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn lodge_grievance(
    State(app): State<App>,
    by: By<LodgeAppeals>,
    key: IdempotencyKey,
    Body(request): Body<LodgeGrievanceRequest>,
) -> Result<Receipt, Problem> {
    grievances::lodge(&app, &by.actor, &key, &request).await
}

/// One's own appeals, newest first.
#[utoipa::path(get, path = "/api/v1/me/appeals", tag = "me", security(("bearer" = [])),
    responses((status = 200, body = [AppealResponse]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn own_appeals(
    State(app): State<App>,
    by: By<SeeOwnRecord>,
) -> Result<Json<Vec<AppealResponse>>, Problem> {
    let all = grievances::own(&app, &by.actor).await?;
    Ok(Json(all.into_iter().map(AppealResponse::from).collect()))
}

/// Appeal against an act that concerns oneself.
#[utoipa::path(post, path = "/api/v1/me/appeals", tag = "me", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = LodgeGrievanceRequest,
    responses((status = 201, body = AppealReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn lodge_own_appeal(
    State(app): State<App>,
    by: By<AppealForOneself>,
    key: IdempotencyKey,
    Body(request): Body<LodgeGrievanceRequest>,
) -> Result<Receipt, Problem> {
    grievances::lodge(&app, &by.actor, &key, &request).await
}

/// Take back one's own appeal before it is decided.
#[utoipa::path(post, path = "/api/v1/me/appeals/{id}/withdraw", tag = "me", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    responses((status = 200, body = AppealReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn withdraw_own_appeal(
    State(app): State<App>,
    by: By<AppealForOneself>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AppealId>,
) -> Result<Receipt, Problem> {
    grievances::withdraw(&app, &by.actor, &key, id, revision.0).await
}
