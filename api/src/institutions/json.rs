//! Institutions over JSON, for staff.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::{AdmissionId, ObjectionId, SiteId};
use domain::institution::InstitutionState;
use serde::{Deserialize, Serialize};
use store::institutions::{Admission, Filter, Site};
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admission::{self, TransitionRequest};
use super::apply::{self, AdmissionReceipt, ApplyRequest};
use super::objections::{self, DecideObjectionRequest, ObjectionReceipt, RaiseObjectionRequest};
use super::sites::{self, AddSiteRequest, LicenseSiteRequest, SiteReceipt};
use crate::access::By;
use crate::access::permissions::{
    ActOnInstitution, ApplyInstitution, DecideObjections, LicenseSites, RecordObjections,
    SeeRecords,
};
use crate::act::Receipt;
use crate::app::App;
use crate::cases::json::TermItem;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::fields::{PageQuery, codes, page};
use crate::problem::{Problem, ProblemBody};
use crate::timeline::TimelineItem;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(apply_institution, list_institutions))
        .routes(routes!(show_institution))
        .routes(routes!(show_institution_timeline))
        .routes(routes!(transition_institution))
        .routes(routes!(raise_objection, list_objections))
        .routes(routes!(decide_objection))
        .routes(routes!(add_site, list_sites))
        .routes(routes!(license_site))
}

/// An admission as staff see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct InstitutionResponse {
    /// The admission: acts on the institution name it.
    id: String,
    /// The institution itself.
    institution: String,
    /// Name.
    name: String,
    /// Unified social credit code.
    credit_code: String,
    /// The federation that admits.
    federation: String,
    /// Division of the main site.
    site_region: String,
    /// Address.
    address: String,
    /// Telephone of the office.
    phone: String,
    /// State.
    state: &'static str,
    /// Grade, `P` when provisional.
    grade: Option<String>,
    /// Since when it is in this state.
    state_since: String,
    /// Until when the present state waits.
    due_on: Option<String>,
    /// Last day of the notice.
    notice_until: Option<String>,
    /// Last day of a suspension.
    suspended_until: Option<String>,
    /// The act whose effect an appeal stays now.
    stayed: Option<&'static str>,
    /// From which day a new application is possible.
    bar_until: Option<String>,
    /// The admission before this one.
    previous: Option<String>,
    /// What is owed about the admission, the nearest first: of a single institution only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    terms: Vec<TermItem>,
    /// Raised by each change; give it as If-Match.
    revision: i32,
}

impl From<Admission> for InstitutionResponse {
    fn from(row: Admission) -> Self {
        let text = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string());
        Self {
            id: row.id.to_string(),
            institution: row.institution.id.to_string(),
            name: row.institution.name,
            credit_code: row.institution.credit_code,
            federation: row.federation,
            site_region: row.site_region,
            address: row.address,
            phone: row.phone,
            state: row.state.as_str(),
            grade: row.grade.map(|grade| grade.as_str().to_owned()),
            state_since: row
                .state_since
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            due_on: text(row.due_on),
            notice_until: text(row.notice_until),
            suspended_until: text(row.suspended_until),
            stayed: row
                .stayed
                .map(domain::institution::InstitutionTransition::as_str),
            bar_until: text(row.bar_until),
            previous: row.previous.map(|id| id.to_string()),
            terms: Vec::new(),
            revision: row.revision,
        }
    }
}

/// A page of institutions.
#[derive(Serialize, ToSchema)]
struct InstitutionsResponse {
    /// Rows.
    items: Vec<InstitutionResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InstitutionsQuery {
    /// State.
    #[param(value_type = Option<String>)]
    state: Option<InstitutionState>,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Apply for admission (T01), or again after a refusal or an exit (T24).
#[utoipa::path(post, path = "/api/v1/institutions", tag = "institutions", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = ApplyRequest,
    responses((status = 201, body = AdmissionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn apply_institution(
    State(app): State<App>,
    by: By<ApplyInstitution>,
    key: IdempotencyKey,
    Body(request): Body<ApplyRequest>,
) -> Result<Receipt, Problem> {
    apply::apply(&app, &by.actor, &key, &request).await
}

/// Institutions of one's scope, newest first.
#[utoipa::path(get, path = "/api/v1/institutions", tag = "institutions", security(("bearer" = [])), params(InstitutionsQuery),
    responses((status = 200, body = InstitutionsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_institutions(
    State(app): State<App>,
    by: By<SeeRecords>,
    Query(query): Query<InstitutionsQuery>,
) -> Result<Json<InstitutionsResponse>, Problem> {
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = pages.limit()?;
    let filter = Filter { state: query.state };
    let scope = Scope::of(&by.actor);
    let mut rows = store::institutions::list(
        app.store.reader(),
        &scope,
        &filter,
        pages.before()?,
        limit + 1,
    )
    .await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    Ok(Json(InstitutionsResponse {
        items: rows.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// One institution of one's scope.
#[utoipa::path(get, path = "/api/v1/institutions/{id}", tag = "institutions", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = InstitutionResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_institution(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<AdmissionId>,
) -> Result<Response, Problem> {
    let row = in_scope(&app, &by, id).await?;
    let revision = row.revision;
    let terms = store::cases::terms::open_of(app.store.reader(), id.uuid()).await?;
    let mut told = InstitutionResponse::from(row);
    told.terms = terms.into_iter().map(Into::into).collect();
    Ok((etag(revision), Json(told)).into_response())
}

async fn in_scope<P: crate::access::permissions::Permission>(
    app: &App,
    by: &By<P>,
    id: AdmissionId,
) -> Result<Admission, Problem> {
    store::institutions::find(app.store.reader(), &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)
}

/// All acts on an institution's admission, oldest first.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/timeline", tag = "institutions", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<TimelineItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_institution_timeline(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<Vec<TimelineItem>>, Problem> {
    in_scope(&app, &by, id).await?;
    let rows = store::journal::timeline(app.store.reader(), id.uuid()).await?;
    Ok(Json(rows.iter().map(TimelineItem::from).collect()))
}

/// Take a transition; T06, T08, T09, T10, T15, T19, T20 and T25 wait for a second person, T16 is confirmed by one
/// afterwards.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/transitions", tag = "institutions", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = TransitionRequest,
    responses((status = 200, body = AdmissionReceipt), (status = 202, body = AdmissionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn transition_institution(
    State(app): State<App>,
    by: By<ActOnInstitution>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AdmissionId>,
    Body(request): Body<TransitionRequest>,
) -> Result<Receipt, Problem> {
    admission::transition(&app, &by.actor, &key, id, revision.0, &request).await
}

/// An objection.
#[derive(Serialize, ToSchema)]
struct ObjectionResponse {
    /// Its id.
    id: String,
    /// What is said.
    text: String,
    /// When it came.
    raised_at: String,
    /// `open`, `accepted`, `dismissed`.
    state: String,
    /// The answer.
    answer: Option<String>,
    /// Its reference number, when somebody filed it without an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// Who sent it, for whoever decides it; that it was read is in the audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// How to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
}

/// Record an objection while the notice of admission runs.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/objections", tag = "institutions", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RaiseObjectionRequest,
    responses((status = 201, body = ObjectionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn raise_objection(
    State(app): State<App>,
    by: By<RecordObjections>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<RaiseObjectionRequest>,
) -> Result<Receipt, Problem> {
    objections::raise(&app, &by.actor, &key, id, &request).await
}

/// Objections to an admission, oldest first.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/objections", tag = "institutions", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<ObjectionResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_objections(
    State(app): State<App>,
    by: By<RecordObjections>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<Vec<ObjectionResponse>>, Problem> {
    in_scope(&app, &by, id).await?;
    let rows = store::objections::of(app.store.reader(), id.uuid()).await?;
    let senders = objections::senders(&app, &by.actor, &rows, id).await?;
    let items = rows
        .into_iter()
        .zip(senders)
        .map(|(row, sender)| ObjectionResponse {
            id: row.id.to_string(),
            text: row.text,
            raised_at: row
                .raised_at
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            state: row.state,
            answer: row.answer,
            number: row.number,
            name: sender.name,
            contact: sender.contact,
        });
    Ok(Json(items.collect()))
}

/// Decide an objection with an answer.
#[utoipa::path(post, path = "/api/v1/objections/{id}/decision", tag = "institutions", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = DecideObjectionRequest,
    responses((status = 200, body = ObjectionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn decide_objection(
    State(app): State<App>,
    by: By<DecideObjections>,
    key: IdempotencyKey,
    Path(id): Path<ObjectionId>,
    Body(request): Body<DecideObjectionRequest>,
) -> Result<Receipt, Problem> {
    objections::decide(&app, &by.actor, &key, id, &request).await
}

/// A training site.
#[derive(Serialize, ToSchema)]
struct SiteResponse {
    /// Its id.
    id: String,
    /// Name.
    name: String,
    /// Division.
    region: String,
    /// Address.
    address: String,
    /// What it provides.
    provisions: Vec<String>,
}

impl From<Site> for SiteResponse {
    fn from(site: Site) -> Self {
        Self {
            id: site.id.to_string(),
            name: site.name,
            region: site.region,
            address: site.address,
            provisions: codes(&site.provisions),
        }
    }
}

/// Add a training site to one's own institution.
#[utoipa::path(post, path = "/api/v1/sites", tag = "institutions", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = AddSiteRequest,
    responses((status = 201, body = SiteReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn add_site(
    State(app): State<App>,
    by: By<ApplyInstitution>,
    key: IdempotencyKey,
    Body(request): Body<AddSiteRequest>,
) -> Result<Receipt, Problem> {
    sites::add(&app, &by.actor, &key, &request).await
}

/// Record the places that the licence of a site allows.
#[utoipa::path(post, path = "/api/v1/sites/{id}/licence", tag = "institutions", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = LicenseSiteRequest,
    responses((status = 200, body = SiteReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn license_site(
    State(app): State<App>,
    by: By<LicenseSites>,
    key: IdempotencyKey,
    Path(id): Path<SiteId>,
    Body(request): Body<LicenseSiteRequest>,
) -> Result<Receipt, Problem> {
    sites::license(&app, &by.actor, &key, id, &request).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SitesQuery {
    /// The admission whose institution is meant.
    #[param(value_type = String)]
    institution: AdmissionId,
}

/// Sites of an institution of one's scope.
#[utoipa::path(get, path = "/api/v1/sites", tag = "institutions", security(("bearer" = [])), params(SitesQuery),
    responses((status = 200, body = Vec<SiteResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_sites(
    State(app): State<App>,
    by: By<SeeRecords>,
    Query(query): Query<SitesQuery>,
) -> Result<Json<Vec<SiteResponse>>, Problem> {
    let row = in_scope(&app, &by, query.institution).await?;
    let rows = store::institutions::sites(app.store.reader(), row.institution.id).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}
