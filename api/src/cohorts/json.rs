//! Cohorts over JSON, for staff.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::cohort::{CohortState, acts_from};
use domain::ids::CohortId;
use serde::{Deserialize, Serialize};
use store::cohorts::{Cohort, Filter, Label};
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acts::{self, CohortActRequest, ProposedReceipt};
use super::open::{self, OpenCohortRequest};
use super::{CohortReceipt, find};
use crate::access::By;
use crate::access::permissions::{ActOnCohorts, RunCohorts, SeeRecords};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::fields::{PageQuery, page};
use crate::problem::{Problem, ProblemBody};
use crate::timeline::TimelineItem;

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(open_cohort, list_cohorts))
        .routes(routes!(show_cohort))
        .routes(routes!(act_on_cohort))
        .routes(routes!(show_cohort_timeline))
}

/// A cohort as staff see it.
#[derive(Serialize, ToSchema)]
struct CohortResponse {
    /// Its id.
    id: String,
    /// Public code.
    code: String,
    /// Name.
    name: String,
    /// State.
    state: &'static str,
    /// Acts that the table knows from this state.
    possible: Vec<&'static str>,
    /// The offer it teaches.
    offer: String,
    /// The admission under which it is held.
    institution: String,
    /// Name of the institution.
    institution_name: String,
    /// Code of the program.
    program: String,
    /// Name of the program.
    program_name: String,
    /// Certificate type; none where no certificate follows.
    certificate_type: Option<String>,
    /// Name of the site.
    site_name: String,
    /// Division of the site.
    site_region: String,
    /// First day.
    start_on: String,
    /// Last day.
    end_on: String,
    /// Planned hours.
    planned_hours: u32,
    /// Hours taught so far.
    hours_taught: u32,
    /// Places.
    places: u32,
    /// Places taken.
    taken: u32,
    /// Price of a place in fen.
    price_fen: i64,
    /// Teachers.
    teachers: Vec<String>,
    /// When the county confirmed it.
    confirmed_on: Option<String>,
    /// Until when the county should answer.
    due_on: Option<String>,
    /// Raised by each change; give it as If-Match.
    revision: i32,
}

fn response(row: Cohort, label: Option<&Label>) -> CohortResponse {
    let label = label.cloned().unwrap_or_else(|| Label {
        program_code: String::new(),
        program_name: String::new(),
        institution_name: String::new(),
        site_name: String::new(),
        certificate_type: None,
        taken: 0,
    });
    CohortResponse {
        id: row.id.to_string(),
        state: row.state.as_str(),
        possible: acts_from(row.state)
            .into_iter()
            .map(domain::cohort::CohortAct::as_str)
            .collect(),
        offer: row.offer.to_string(),
        institution: row.admission.to_string(),
        institution_name: label.institution_name,
        program: label.program_code,
        program_name: label.program_name,
        certificate_type: label.certificate_type,
        site_name: label.site_name,
        start_on: row.start_on.to_string(),
        end_on: row.end_on.to_string(),
        planned_hours: row.planned_hours,
        hours_taught: row.hours_taught,
        places: row.places,
        taken: label.taken,
        price_fen: row.price_fen,
        confirmed_on: row.confirmed_on.map(|day| day.to_string()),
        due_on: row.due_on.map(|day| day.to_string()),
        revision: row.revision,
        code: row.code,
        name: row.name,
        site_region: row.site_region,
        teachers: row.teachers,
    }
}

/// A page of cohorts.
#[derive(Serialize, ToSchema)]
struct CohortsResponse {
    /// Rows.
    items: Vec<CohortResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CohortsQuery {
    /// State.
    #[param(value_type = Option<String>)]
    state: Option<CohortState>,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Open a cohort on an open offer.
#[utoipa::path(post, path = "/api/v1/cohorts", tag = "cohorts", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = OpenCohortRequest,
    responses((status = 201, body = CohortReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn open_cohort(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Body(request): Body<OpenCohortRequest>,
) -> Result<Receipt, Problem> {
    open::open_cohort(&app, &by.actor, &key, &request).await
}

/// Cohorts of one's scope, newest first.
#[utoipa::path(get, path = "/api/v1/cohorts", tag = "cohorts", security(("bearer" = [])), params(CohortsQuery),
    responses((status = 200, body = CohortsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_cohorts(
    State(app): State<App>,
    by: By<SeeRecords>,
    Query(query): Query<CohortsQuery>,
) -> Result<Json<CohortsResponse>, Problem> {
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = pages.limit()?;
    let filter = Filter {
        state: query.state,
        ..Filter::default()
    };
    let reader = app.store.reader();
    let mut rows = store::cohorts::list(
        reader,
        &Scope::of(&by.actor),
        &filter,
        pages.before()?,
        limit + 1,
    )
    .await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    let ids: Vec<CohortId> = rows.iter().map(|row| row.id).collect();
    let labels = store::cohorts::labels(reader, &ids).await?;
    let items = rows
        .into_iter()
        .map(|row| {
            let label = labels.get(&row.id);
            response(row, label)
        })
        .collect();
    Ok(Json(CohortsResponse { items, next }))
}

/// One cohort of one's scope.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}", tag = "cohorts", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = CohortResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_cohort(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<CohortId>,
) -> Result<Response, Problem> {
    let row = find(&app, &by.actor, id).await?;
    let labels = store::cohorts::labels(app.store.reader(), &[id]).await?;
    Ok((etag(row.revision), Json(response(row, labels.get(&id)))).into_response())
}

/// Announce, confirm, open enrolment, start, finish, accept (two persons), send back, cancel, terminate.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/acts", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = CohortActRequest,
    responses((status = 200, body = CohortReceipt), (status = 202, body = ProposedReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn act_on_cohort(
    State(app): State<App>,
    by: By<ActOnCohorts>,
    key: IdempotencyKey,
    seen: IfMatch,
    Path(id): Path<CohortId>,
    Body(request): Body<CohortActRequest>,
) -> Result<Receipt, Problem> {
    acts::act_on_cohort(&app, &by.actor, &key, id, seen, &request).await
}

/// All acts on a cohort, oldest first.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/timeline", tag = "cohorts", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<TimelineItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_cohort_timeline(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<CohortId>,
) -> Result<Json<Vec<TimelineItem>>, Problem> {
    find(&app, &by.actor, id).await?;
    let rows = store::journal::timeline(app.store.reader(), id.uuid()).await?;
    Ok(Json(rows.iter().map(TimelineItem::from).collect()))
}
