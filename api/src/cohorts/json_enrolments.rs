//! Trainees of a cohort over JSON: masked names, needs instead of categories, attendance, results.

use axum::Json;
use axum::extract::State;
use domain::access::Actor;
use domain::enrolment::EnrolmentState;
use domain::ids::{CohortId, EnrolmentId, PersonId};
use serde::{Deserialize, Serialize};
use store::persons::OpenPerson;
use store::privacy::subjects::CardCheck;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::assessments::{self, AssessmentsReceipt, AssessmentsRequest, ConfirmRequest};
use super::attendance::{self, AttendanceReceipt, AttendanceRequest};
use super::enrolments::{
    self, AdmitRequest, AdmittedReceipt, EnrolmentReceipt, RejectRequest, WithdrawRequest,
};
use super::find;
use crate::access::By;
use crate::access::permissions::{RecordAttendance, RunCohorts, SeeRecords};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path, Query};
use crate::fields::{PageQuery, page};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_enrolments))
        .routes(routes!(admit_trainees))
        .routes(routes!(withdraw_trainee))
        .routes(routes!(reject_applicant))
        .routes(routes!(record_attendance))
        .routes(routes!(lock_attendance))
        .routes(routes!(enter_assessments))
        .routes(routes!(confirm_assessments))
}

/// A trainee of a cohort.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrolmentResponse {
    /// The enrolment: attendance, results and certificates name it.
    pub(super) id: String,
    /// Masked name.
    pub(super) name: String,
    /// Identity number, first and last character.
    pub(super) citizen_id: Option<String>,
    /// State.
    pub(super) state: &'static str,
    /// Division of the household registration; for an institution that of the province.
    pub(super) hukou_region: String,
    /// Needs for accommodation.
    pub(super) needs: Vec<String>,
    /// What the register of disability certificates said (`verified` ...); nothing when it was not asked yet. Number,
    /// category and level are not shown here (field.md 17).
    pub(super) card: Option<String>,
    /// Last day of that certificate's validity.
    pub(super) card_valid_until: Option<String>,
    /// Minutes attended.
    pub(super) minutes: Option<u32>,
    /// `recorded` or `locked`.
    attendance: Option<&'static str>,
    /// Pass or fail.
    pub(super) passed: Option<bool>,
    /// `marked` or `confirmed`.
    assessment: Option<&'static str>,
    /// Raised by each change.
    revision: i32,
}

/// A page of trainees.
#[derive(Serialize, ToSchema)]
struct EnrolmentsResponse {
    /// Rows.
    items: Vec<EnrolmentResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EnrolmentsQuery {
    /// State.
    #[param(value_type = Option<String>)]
    state: Option<EnrolmentState>,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Trainees of a cohort of one's scope.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/enrolments", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), EnrolmentsQuery),
    responses((status = 200, body = EnrolmentsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_enrolments(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<CohortId>,
    Query(query): Query<EnrolmentsQuery>,
) -> Result<Json<EnrolmentsResponse>, Problem> {
    find(&app, &by.actor, id).await?;
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = pages.limit()?;
    let reader = app.store.reader();
    let mut rows =
        store::enrolments::page(reader, id, query.state, pages.before()?, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    let items = shown(&app, &by.actor, id, rows).await?;
    Ok(Json(EnrolmentsResponse { items, next }))
}

/// Enrolments as a list or a file shows them: names and numbers masked.
pub(super) async fn shown(
    app: &App,
    actor: &Actor,
    id: CohortId,
    rows: Vec<store::enrolments::Enrolment>,
) -> Result<Vec<EnrolmentResponse>, Problem> {
    let reader = app.store.reader();
    let people: Vec<PersonId> = rows.iter().map(|row| row.person).collect();
    let open = store::persons::open(reader, app.store.vault(), &people, app.today()).await?;
    let attendance = store::results::attendance(reader, id).await?;
    let results = store::results::assessments(reader, id).await?;
    let mut cards: std::collections::HashMap<PersonId, CardCheck> =
        store::privacy::subjects::card_checks(reader, &people)
            .await?
            .into_iter()
            .map(|check| (check.person, check))
            .collect();
    let items = rows
        .into_iter()
        .map(|row| {
            let person = open.get(&row.person);
            let total = attendance.get(&row.id);
            let marked = results.get(&row.id);
            let card = cards.remove(&row.person);
            EnrolmentResponse {
                id: row.id.to_string(),
                name: masked_name(person),
                citizen_id: person
                    .and_then(|person| person.citizen_id.as_ref())
                    .map(|number| masked_number(number)),
                state: row.state.as_str(),
                hukou_region: household(actor, row.hukou_region),
                needs: row.needs,
                card_valid_until: card
                    .as_ref()
                    .and_then(|card| card.valid_until)
                    .map(|day| day.to_string()),
                card: card.map(|card| card.outcome),
                minutes: total.map(|total| total.minutes),
                attendance: total.map(|total| total.state.as_str()),
                passed: marked.map(|marked| marked.result.passed),
                assessment: marked.map(|marked| marked.result.state.as_str()),
                revision: row.revision,
            }
        })
        .collect();
    Ok(items)
}

/// A name as lists show it; of an erased person nothing.
pub(super) fn masked_name(person: Option<&OpenPerson>) -> String {
    let name: Option<domain::PersonName> = person.and_then(|person| person.name.parse().ok());
    name.map_or_else(|| "*".to_owned(), |name| name.mask())
}

/// The division of the household as the actor may see it: an institution sees the province alone (workflow.md 8).
fn household(actor: &Actor, division: String) -> String {
    if !actor.role.is_institution() {
        return division;
    }
    let province: String = division.chars().take(2).collect();
    format!("{province}0000")
}

/// `3****************X`.
pub(crate) fn masked_number(number: &str) -> String {
    let count = number.chars().count();
    number
        .chars()
        .enumerate()
        .map(|(at, one)| if at == 0 || at + 1 == count { one } else { '*' })
        .collect()
}

/// Admit applicants; all of them when none are named.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/admit", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = AdmitRequest,
    responses((status = 200, body = AdmittedReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn admit_trainees(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
    Body(request): Body<AdmitRequest>,
) -> Result<Receipt, Problem> {
    enrolments::admit(&app, &by.actor, &key, id, &request).await
}

/// A trainee leaves, with a reason.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/enrolments/{enrolment}/withdraw", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("enrolment" = String, Path), ("Idempotency-Key" = String, Header)), request_body = WithdrawRequest,
    responses((status = 200, body = EnrolmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn withdraw_trainee(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Path((id, enrolment)): Path<(CohortId, EnrolmentId)>,
    Body(request): Body<WithdrawRequest>,
) -> Result<Receipt, Problem> {
    enrolments::withdraw(&app, &by.actor, &key, id, enrolment, &request).await
}

/// Refuse an applicant for an entry condition; disability is none.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/enrolments/{enrolment}/reject", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("enrolment" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RejectRequest,
    responses((status = 200, body = EnrolmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn reject_applicant(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Path((id, enrolment)): Path<(CohortId, EnrolmentId)>,
    Body(request): Body<RejectRequest>,
) -> Result<Receipt, Problem> {
    enrolments::reject(&app, &by.actor, &key, id, enrolment, &request).await
}

/// Record attendance totals; after locking the county corrects them with a reason.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/attendance", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = AttendanceRequest,
    responses((status = 200, body = AttendanceReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_attendance(
    State(app): State<App>,
    by: By<RecordAttendance>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
    Body(request): Body<AttendanceRequest>,
) -> Result<Receipt, Problem> {
    attendance::record_attendance(&app, &by.actor, &key, id, &request).await
}

/// Lock attendance totals.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/attendance/lock", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = AttendanceReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn lock_attendance(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
) -> Result<Receipt, Problem> {
    attendance::lock_attendance(&app, &by.actor, &key, id).await
}

/// Enter assessment results.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/assessments", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = AssessmentsRequest,
    responses((status = 200, body = AssessmentsReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn enter_assessments(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
    Body(request): Body<AssessmentsRequest>,
) -> Result<Receipt, Problem> {
    assessments::enter_assessments(&app, &by.actor, &key, id, &request).await
}

/// Confirm assessment results; for a certifiable program by another person than the marker.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/assessments/confirm", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ConfirmRequest,
    responses((status = 200, body = AssessmentsReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn confirm_assessments(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
    Body(request): Body<ConfirmRequest>,
) -> Result<Receipt, Problem> {
    assessments::confirm_assessments(&app, &by.actor, &key, id, &request).await
}
