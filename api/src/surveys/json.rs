//! Surveys over JSON. Nobody sees a single answer here.

use axum::Json;
use axum::extract::State;
use domain::ids::{AdmissionId, CohortId, EnrolmentId};
use domain::survey::{SurveyItem, reinterviews, suspends};
use serde::Serialize;
use store::scope::Scope;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::contacts::{self, VerifiedContactReceipt, VerifiedContactRequest};
use super::invite::{self, SurveyReceipt, SuspendSurveyRequest, SuspensionReceipt};
use crate::access::By;
use crate::access::permissions::{ConfirmNotContactable, RecordContacts, RunSurveys, SeeEvidence};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(send_survey))
        .routes(routes!(remind_survey))
        .routes(routes!(show_survey))
        .routes(routes!(suspend_survey))
        .routes(routes!(mark_not_contactable))
        .routes(routes!(record_verified_contact))
}

/// Send the survey to the trainees of a class who were not asked yet.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/survey", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = SurveyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn send_survey(
    State(app): State<App>,
    by: By<RunSurveys>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
) -> Result<Receipt, Problem> {
    invite::send(&app, &by.actor, &key, id, false).await
}

/// Remind those of a class who did not answer; their earlier link opens nothing any more.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/survey/reminders", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = SurveyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn remind_survey(
    State(app): State<App>,
    by: By<RunSurveys>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
) -> Result<Receipt, Problem> {
    invite::send(&app, &by.actor, &key, id, true).await
}

/// Mean of an item.
#[derive(Debug, Serialize, ToSchema)]
struct ItemMean {
    /// The item.
    item: String,
    /// Mean in thousandths of a point.
    mean_milli: i64,
}

/// What is known of a survey, in sums.
#[derive(Debug, Serialize, ToSchema)]
struct SurveySums {
    /// Responses that count; nothing while they are too few.
    counted: Option<u32>,
    /// Means of the items; nothing while they are too few.
    means: Option<Vec<ItemMean>>,
    /// All responses, for federations.
    responses: Option<u32>,
    /// Responses with a flag, for federations.
    flagged: Option<u32>,
    /// Whether so many are flagged that the survey should be suspended and audited.
    suspension_due: Option<bool>,
    /// How many should be called again by a third party.
    reinterviews: Option<u32>,
}

/// The survey of an institution of one's scope, in sums of at least five responses.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/survey", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = SurveySums), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_survey(
    State(app): State<App>,
    by: By<SeeEvidence>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<SurveySums>, Problem> {
    let reader = app.store.reader();
    store::institutions::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let numbers = &app.evidence.survey;
    let (all, flagged) = store::surveys::flagged(reader, id).await?;
    let office = by.actor.role.is_federation();
    // Two looks around one answer would tell that answer: others than the federation see what was kept for them.
    let (n, sums) = if office {
        store::surveys::sums(reader, id).await?
    } else {
        store::surveys::shown(reader, id).await?
    };
    let enough = n >= numbers.institution_least;
    let means = SurveyItem::ALL
        .iter()
        .zip(sums)
        .map(|(item, sum)| ItemMean {
            item: item.to_string(),
            mean_milli: i64::try_from(domain::rdiv(i128::from(sum) * 1_000, i128::from(n.max(1))))
                .unwrap_or(0),
        });
    Ok(Json(SurveySums {
        counted: enough.then_some(n),
        means: enough.then(|| means.collect()),
        responses: office.then_some(all),
        flagged: office.then_some(flagged),
        suspension_due: office.then(|| suspends(flagged, all, numbers)),
        reinterviews: office.then(|| reinterviews(all, numbers)),
    }))
}

/// Suspend the survey of an institution, or take that back.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/survey-suspension", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = SuspendSurveyRequest,
    responses((status = 200, body = SuspensionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn suspend_survey(
    State(app): State<App>,
    by: By<RunSurveys>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<SuspendSurveyRequest>,
) -> Result<Receipt, Problem> {
    invite::suspend(&app, &by.actor, &key, id, &request).await
}

/// Note that a trainee cannot be reached: they leave the count of those invited.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/not-contactable", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = serde_json::Value), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn mark_not_contactable(
    State(app): State<App>,
    by: By<ConfirmNotContactable>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
) -> Result<Receipt, Problem> {
    invite::not_contactable(&app, &by.actor, &key, id).await
}

/// Record the number that a trainee gave, at the counter, on a visit or in a call: the survey goes there.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/verified-contact", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = VerifiedContactRequest,
    responses((status = 200, body = VerifiedContactReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_verified_contact(
    State(app): State<App>,
    by: By<RecordContacts>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<VerifiedContactRequest>,
) -> Result<Receipt, Problem> {
    contacts::record(&app, &by.actor, &key, id, &request).await
}
