//! Answers that somebody took, calls by a third party, audits over JSON.

use axum::Json;
use axum::extract::State;
use domain::ids::{AdmissionId, EnrolmentId};
use store::scope::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::audits::{self, FlaggedItem, SettleAnswerRequest, SettledReceipt};
use super::calls::{
    self, CallItem, CallOutcomeRequest, CallReceipt, CallsReceipt, DrawCallsRequest,
};
use super::taken::{self, TakenAnswerRequest, TakenReceipt};
use crate::access::By;
use crate::access::permissions::{Assess, AuditSurveys, TakeSurveyAnswers};
use crate::act::Receipt;
use crate::app::App;
use crate::assessments::sample::{Contact, ContactRequest};
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(take_survey_answer))
        .routes(routes!(draw_survey_calls))
        .routes(routes!(list_survey_calls))
        .routes(routes!(read_survey_contact))
        .routes(routes!(record_survey_call))
        .routes(routes!(list_flagged_answers))
        .routes(routes!(settle_survey_answer))
}

/// Record an answer on paper, by telephone or in an interview: a county of its place, an assessor of the own sample.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/survey-answer", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = TakenAnswerRequest,
    responses((status = 201, body = TakenReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn take_survey_answer(
    State(app): State<App>,
    by: By<TakeSurveyAnswers>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<TakenAnswerRequest>,
) -> Result<Receipt, Problem> {
    taken::take(&app, &by.actor, &key, id, &request).await
}

/// Draw whom a third party calls about the survey of an institution.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/survey-calls", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = DrawCallsRequest,
    responses((status = 201, body = CallsReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn draw_survey_calls(
    State(app): State<App>,
    by: By<AuditSurveys>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<DrawCallsRequest>,
) -> Result<Receipt, Problem> {
    calls::draw(&app, &by.actor, &key, id, &request).await
}

/// The calls that one is to make; names are masked.
#[utoipa::path(get, path = "/api/v1/survey-calls", tag = "surveys", security(("bearer" = [])),
    responses((status = 200, body = Vec<CallItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_survey_calls(
    State(app): State<App>,
    by: By<Assess>,
) -> Result<Json<Vec<CallItem>>, Problem> {
    Ok(Json(calls::list(&app, &by.actor).await?))
}

/// Read name and telephone of whom to call.
#[utoipa::path(post, path = "/api/v1/survey-calls/{id}/contact", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ContactRequest,
    responses((status = 200, body = Contact), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn read_survey_contact(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    Path(id): Path<Uuid>,
    Body(request): Body<ContactRequest>,
) -> Result<Json<Contact>, Problem> {
    let contact = calls::contact(&app, &by.actor, &key, id, &request).await?;
    Ok(Json(contact))
}

/// Record what was said; the registry compares.
#[utoipa::path(post, path = "/api/v1/survey-calls/{id}/outcome", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = CallOutcomeRequest,
    responses((status = 200, body = CallReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_survey_call(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    Path(id): Path<Uuid>,
    Body(request): Body<CallOutcomeRequest>,
) -> Result<Receipt, Problem> {
    calls::record(&app, &by.actor, &key, id, &request).await
}

/// Flagged answers about an institution that wait for an audit: how they came, not what they say.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/survey-flags", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<FlaggedItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_flagged_answers(
    State(app): State<App>,
    by: By<AuditSurveys>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<Vec<FlaggedItem>>, Problem> {
    let reader = app.store.reader();
    store::institutions::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let rows = store::survey_calls::flagged(reader, id).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}

/// Settle a flagged answer after an audit: it counts, or it is excluded.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/survey-flags/{response}", tag = "surveys", security(("bearer" = [])),
    params(("id" = String, Path), ("response" = String, Path), ("Idempotency-Key" = String, Header)), request_body = SettleAnswerRequest,
    responses((status = 200, body = SettledReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn settle_survey_answer(
    State(app): State<App>,
    by: By<AuditSurveys>,
    key: IdempotencyKey,
    Path((id, response)): Path<(AdmissionId, Uuid)>,
    Body(request): Body<SettleAnswerRequest>,
) -> Result<Receipt, Problem> {
    audits::settle(&app, &by.actor, &key, id, response, &request).await
}
