//! Personal data over JSON, for staff.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::ids::{CohortId, EnrolmentId};
use serde::{Deserialize, Serialize};
use store::privacy::requests::PersonRequest;
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::consents::ConsentReceipt;
use super::me::OwnRecord;
use super::reading::{
    self, CardCheckRequest, CardReceipt, GrantReceipt, OpenListRequest, UnmaskRequest, Unmasked,
};
use super::recorded_consents::{self, RecordConsentRequest};
use super::requests::{self, DecideRequest, NewPersonRequest, RequestReceipt};
use crate::access::By;
use crate::access::permissions::{
    CheckCards, HandlePersonRequests, ReadPersonalData, RecordConsents, SeeReadAlarms,
};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::fields::PageQuery;
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(unmask))
        .routes(routes!(open_list))
        .routes(routes!(check_card))
        .routes(routes!(list_alarms))
        .routes(routes!(take_request))
        .routes(routes!(record_consent))
        .routes(routes!(list_requests))
        .routes(routes!(show_request))
        .routes(routes!(assign_request))
        .routes(routes!(decide_request))
        .routes(routes!(copy_of_request))
}

/// An answer with personal values is never kept by anybody on the way.
pub(super) fn private(value: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}

/// Read single values of one trainee of one's scope, for a purpose; the trainee sees who read what.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/unmask", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = UnmaskRequest,
    responses((status = 200, body = Unmasked), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn unmask(
    State(app): State<App>,
    by: By<ReadPersonalData>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<UnmaskRequest>,
) -> Result<Response, Problem> {
    let values = reading::unmask(&app, &by.actor, &key, id, &request).await?;
    Ok(private(values))
}

/// Open a list for a task: today's reads of its people for this purpose belong to the task.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/open-list", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = OpenListRequest,
    responses((status = 201, body = GrantReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn open_list(
    State(app): State<App>,
    by: By<ReadPersonalData>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
    Body(request): Body<OpenListRequest>,
) -> Result<Receipt, Problem> {
    reading::open_list(&app, &by.actor, &key, id, &request).await
}

/// Note what the register of disability certificates said; the institution then sees "verified, valid until".
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/card-check", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = CardCheckRequest,
    responses((status = 200, body = CardReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn check_card(
    State(app): State<App>,
    by: By<CheckCards>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<CardCheckRequest>,
) -> Result<Receipt, Problem> {
    reading::check_card(&app, &by.actor, &key, id, &request).await
}

/// An account that read more persons on a day than the policy lets it outside tasks.
#[derive(Serialize, ToSchema)]
struct AlarmResponse {
    /// Number of the alarm.
    id: String,
    /// The account.
    account: String,
    /// The federation of its post.
    federation: Option<String>,
    /// The day.
    day: String,
    /// `values` read one by one, `files` of certificates, `other_names` of numbers in rosters.
    kind: &'static str,
    /// Persons read when it was raised.
    persons: u32,
    /// When it was raised.
    raised_at: String,
}

/// Alarms of bulk reading, newest first.
#[utoipa::path(get, path = "/api/v1/read-alarms", tag = "privacy", security(("bearer" = [])),
    responses((status = 200, body = [AlarmResponse]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_alarms(
    State(app): State<App>,
    by: By<SeeReadAlarms>,
) -> Result<Json<Vec<AlarmResponse>>, Problem> {
    let scope = Scope::of(&by.actor);
    let alarms = store::privacy::reads::alarms(app.store.reader(), &scope, 100).await?;
    Ok(Json(
        alarms
            .into_iter()
            .map(|alarm| AlarmResponse {
                id: alarm.id.to_string(),
                account: alarm.account.to_string(),
                federation: alarm.federation,
                day: alarm.day.to_string(),
                kind: alarm.kind.as_str(),
                persons: alarm.persons,
                raised_at: alarm
                    .raised_at
                    .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            })
            .collect(),
    ))
}

/// Take in a request of a person that came on paper or by voice.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/person-requests", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = NewPersonRequest,
    responses((status = 201, body = RequestReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn take_request(
    State(app): State<App>,
    by: By<HandlePersonRequests>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<NewPersonRequest>,
) -> Result<Receipt, Problem> {
    requests::take_for(&app, &by.actor, &key, id, &request).await
}

/// Record a consent or a withdrawal that came on paper or by voice, also of a guardian; the trainee sees who recorded it.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/consents", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RecordConsentRequest,
    responses((status = 200, body = ConsentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_consent(
    State(app): State<App>,
    by: By<RecordConsents>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<RecordConsentRequest>,
) -> Result<Receipt, Problem> {
    recorded_consents::record(&app, &by.actor, &key, id, &request).await
}

/// A request in a list: nothing personal.
#[derive(Serialize, ToSchema)]
struct RequestResponse {
    /// Its number.
    id: String,
    /// What is asked for.
    kind: &'static str,
    /// Where it stands.
    state: &'static str,
    /// How it came.
    channel: &'static str,
    /// Household region.
    region: String,
    /// Day of receipt.
    received_on: String,
    /// Last day for a decision.
    due_on: String,
    /// Whether that day is over without a decision.
    overdue: bool,
    /// How it ended.
    outcome: Option<&'static str>,
    /// Until when the law wants the rest kept.
    kept_until: Option<String>,
    /// Raised by each change.
    revision: i32,
}

impl RequestResponse {
    fn of(app: &App, request: &PersonRequest) -> Self {
        Self {
            id: request.id.to_string(),
            kind: request.kind.as_str(),
            state: request.state.as_str(),
            channel: request.channel.as_str(),
            region: request.region.clone(),
            received_on: request.received_on.to_string(),
            due_on: request.due_on.to_string(),
            overdue: request.decided_at.is_none() && request.due_on < app.today(),
            outcome: request.outcome.map(domain::privacy::OutcomeCode::as_str),
            kept_until: request.kept_until.map(|day| day.to_string()),
            revision: request.revision,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RequestsQuery {
    /// Whether decided requests are listed as well.
    #[serde(default)]
    decided: bool,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// A page of requests.
#[derive(Serialize, ToSchema)]
struct RequestsResponse {
    /// Rows.
    items: Vec<RequestResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Requests of persons whose household is in one's area, the first to be decided first; decided ones behind, newest first.
#[utoipa::path(get, path = "/api/v1/person-requests", tag = "privacy", security(("bearer" = [])),
    params(RequestsQuery),
    responses((status = 200, body = RequestsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_requests(
    State(app): State<App>,
    by: By<HandlePersonRequests>,
    Query(query): Query<RequestsQuery>,
) -> Result<Json<RequestsResponse>, Problem> {
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let (found, next) = requests::list(&app, &by.actor, query.decided, &pages).await?;
    let items = found
        .iter()
        .map(|one| RequestResponse::of(&app, one))
        .collect();
    Ok(Json(RequestsResponse { items, next }))
}

/// A request with what the person said; reading it is kept.
#[derive(Serialize, ToSchema)]
struct RequestDetail {
    /// The request.
    #[serde(flatten)]
    request: RequestResponse,
    /// What was said.
    words: Option<String>,
    /// The right name.
    name: Option<String>,
    /// What proves it.
    proof: Option<String>,
    /// The reason of the decision.
    reason: Option<String>,
}

/// One request with what the person said.
#[utoipa::path(get, path = "/api/v1/person-requests/{id}", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = RequestDetail), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_request(
    State(app): State<App>,
    by: By<HandlePersonRequests>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let found = requests::show(&app, &by.actor, id).await?;
    let revision = found.revision;
    let detail = RequestDetail {
        request: RequestResponse::of(&app, &found),
        words: found.words,
        name: found.new_name,
        proof: found.proof,
        reason: found.outcome_words,
    };
    Ok((etag(revision), private(detail)).into_response())
}

/// Take a request.
#[utoipa::path(post, path = "/api/v1/person-requests/{id}/assign", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    responses((status = 200, body = RequestReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn assign_request(
    State(app): State<App>,
    by: By<HandlePersonRequests>,
    key: IdempotencyKey,
    IfMatch(revision): IfMatch,
    Path(id): Path<Uuid>,
) -> Result<Receipt, Problem> {
    requests::assign(&app, &by.actor, &key, id, revision).await
}

/// Decide a request; a granted correction or deletion happens at once.
#[utoipa::path(post, path = "/api/v1/person-requests/{id}/decide", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = DecideRequest,
    responses((status = 200, body = RequestReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn decide_request(
    State(app): State<App>,
    by: By<HandlePersonRequests>,
    key: IdempotencyKey,
    IfMatch(revision): IfMatch,
    Path(id): Path<Uuid>,
    Body(request): Body<DecideRequest>,
) -> Result<Receipt, Problem> {
    requests::decide(&app, &by.actor, &key, id, revision, &request).await
}

/// The copy of a granted request, to hand to the person.
#[utoipa::path(get, path = "/api/v1/person-requests/{id}/copy", tag = "privacy", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = OwnRecord), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn copy_of_request(
    State(app): State<App>,
    by: By<HandlePersonRequests>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    Ok(private(requests::copy(&app, &by.actor, id).await?))
}
