//! Appeals over JSON.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use domain::ids::{AdmissionId, AppealId};
use domain::institution::appeal::Outcome;
use serde::Serialize;
use store::cases::appeals::Appeal;
use store::scope::Scope;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::appeal_acts::{self, AppealActRequest};
use super::appeals::{self, AppealReceipt, LodgeAppealRequest};
use crate::access::By;
use crate::access::permissions::{ActOnAppeals, LodgeAppeals, SeeRecords};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::fields::{PageQuery, page};
use crate::problem::{Problem, ProblemBody};
use crate::timeline::TimelineItem;

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(lodge_appeal))
        .routes(routes!(list_appeals))
        .routes(routes!(show_appeal))
        .routes(routes!(show_appeal_timeline))
        .routes(routes!(act_on_appeal))
}

/// An appeal as its parties see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppealResponse {
    /// Its id.
    id: String,
    /// Its number.
    number: String,
    /// The admission.
    admission: String,
    /// The act appealed against.
    against: &'static str,
    /// What it concerned: the admission, or an enrolment, a certificate, an episode.
    object: String,
    /// Who appeals: `institution_operator` or `trainee`.
    appellant: &'static str,
    /// Role that hears it.
    hearing_role: &'static str,
    /// Points disputed.
    points: String,
    /// What the institution wishes.
    wish: String,
    /// State.
    state: &'static str,
    /// Whether it came in time.
    in_time: bool,
    /// Whether it stays the decision now.
    stayed: bool,
    /// Outcome.
    outcome: Option<&'static str>,
    /// The decision with its reasons.
    decision: Option<String>,
    /// What must be redone.
    redo: Vec<String>,
    /// When it was lodged.
    lodged_at: String,
    /// Raised by every change; give it as If-Match.
    revision: i32,
}

impl From<Appeal> for AppealResponse {
    fn from(row: Appeal) -> Self {
        Self {
            id: row.id.to_string(),
            number: row.number,
            admission: row.admission.to_string(),
            against: row.against.as_str(),
            object: row.object.to_string(),
            appellant: row.appellant.as_str(),
            hearing_role: row.hearing_role.as_str(),
            points: row.points,
            wish: row.wish,
            state: row.state.as_str(),
            in_time: row.in_time,
            stayed: row.stayed,
            outcome: row.outcome.map(Outcome::as_str),
            decision: row.text,
            redo: row.redo,
            lodged_at: row.lodged_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            revision: row.revision,
        }
    }
}

/// A page of appeals.
#[derive(Serialize, ToSchema)]
struct AppealsResponse {
    /// Rows, newest first.
    items: Vec<AppealResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Lodge an appeal against a decision on one's own institution.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/appeals", tag = "appeals", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = LodgeAppealRequest,
    responses((status = 201, body = AppealReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn lodge_appeal(
    State(app): State<App>,
    by: By<LodgeAppeals>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<LodgeAppealRequest>,
) -> Result<Receipt, Problem> {
    appeals::lodge(&app, &by.actor, &key, id, &request).await
}

/// Appeals of one's scope, newest first.
#[utoipa::path(get, path = "/api/v1/appeals", tag = "appeals", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, body = AppealsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_appeals(
    State(app): State<App>,
    by: By<SeeRecords>,
    Query(pages): Query<PageQuery>,
) -> Result<Json<AppealsResponse>, Problem> {
    let limit = pages.limit()?;
    let scope = Scope::of(&by.actor);
    let reader = app.store.reader();
    let mut rows = store::cases::appeals::list(reader, &scope, pages.before()?, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    store::cases::grievances::open(reader, app.store.vault(), &mut rows).await?;
    Ok(Json(AppealsResponse {
        items: rows.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// One appeal of one's scope.
#[utoipa::path(get, path = "/api/v1/appeals/{id}", tag = "appeals", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = AppealResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_appeal(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<AppealId>,
) -> Result<Response, Problem> {
    let row = find(&app, &by, id).await?;
    Ok((etag(row.revision), Json(AppealResponse::from(row))).into_response())
}

async fn find(app: &App, by: &By<SeeRecords>, id: AppealId) -> Result<Appeal, Problem> {
    let reader = app.store.reader();
    let mut row = store::cases::appeals::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    store::cases::grievances::open(reader, app.store.vault(), std::slice::from_mut(&mut row))
        .await?;
    Ok(row)
}

/// All acts on an appeal, oldest first.
#[utoipa::path(get, path = "/api/v1/appeals/{id}/timeline", tag = "appeals", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<TimelineItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_appeal_timeline(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<AppealId>,
) -> Result<Json<Vec<TimelineItem>>, Problem> {
    find(&app, &by, id).await?;
    let rows = store::journal::timeline(app.store.reader(), id.uuid()).await?;
    Ok(Json(rows.iter().map(TimelineItem::from).collect()))
}

/// Act on an appeal: accept or refuse it, hear, extend, decide, execute, withdraw.
#[utoipa::path(post, path = "/api/v1/appeals/{id}/acts", tag = "appeals", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = AppealActRequest,
    responses((status = 200, body = AppealReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn act_on_appeal(
    State(app): State<App>,
    by: By<ActOnAppeals>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AppealId>,
    Body(request): Body<AppealActRequest>,
) -> Result<Receipt, Problem> {
    appeal_acts::act_on(&app, &by.actor, &key, id, revision.0, &request).await
}
