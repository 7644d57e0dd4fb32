//! Programs and certificate types over JSON, for staff.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::program::ProgramState;
use serde::{Deserialize, Serialize};
use store::programs::{CertificateType, Version};
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::drafts::{self, ContentUnit, ProgramContent, VersionReceipt};
use super::types::{self, CreateTypeRequest, TypeReceipt};
use super::versions::{self, VersionActRequest};
use crate::access::By;
use crate::access::permissions::{
    ActOnPrograms, DraftPrograms, ManageCertificateTypes, SeeRecords,
};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::fields::{PageQuery, codes, page};
use crate::problem::{Problem, ProblemBody};
use crate::timeline::TimelineItem;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_certificate_type))
        .routes(routes!(create_program, list_programs))
        .routes(routes!(draft_version))
        .routes(routes!(show_version, edit_version))
        .routes(routes!(act_on_version))
        .routes(routes!(show_version_timeline))
}

/// Routes that anybody may use.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_certificate_types))
}

/// A certificate type.
#[derive(Serialize, ToSchema)]
pub(crate) struct CertificateTypeResponse {
    /// Its code.
    code: String,
    /// Chinese name.
    name: String,
    /// English name.
    name_en: String,
    /// What it certifies.
    description: String,
    /// The federation that keeps it.
    federation: String,
    /// How many months it is valid; none for ever.
    validity_months: Option<u32>,
}

impl From<CertificateType> for CertificateTypeResponse {
    fn from(row: CertificateType) -> Self {
        Self {
            code: row.code,
            name: row.name,
            name_en: row.name_en,
            description: row.description,
            federation: row.federation,
            validity_months: row.validity_months,
        }
    }
}

/// Make a certificate type.
#[utoipa::path(post, path = "/api/v1/certificate-types", tag = "programs", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = CreateTypeRequest,
    responses((status = 201, body = TypeReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn create_certificate_type(
    State(app): State<App>,
    by: By<ManageCertificateTypes>,
    key: IdempotencyKey,
    Body(request): Body<CreateTypeRequest>,
) -> Result<Receipt, Problem> {
    types::create(&app, &by.actor, &key, &request).await
}

/// All certificate types; public.
#[utoipa::path(get, path = "/api/v1/certificate-types", tag = "programs",
    responses((status = 200, body = Vec<CertificateTypeResponse>)))]
async fn list_certificate_types(
    State(app): State<App>,
) -> Result<Json<Vec<CertificateTypeResponse>>, Problem> {
    let rows = store::programs::types(app.store.public()).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}

/// A version of a program.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProgramResponse {
    /// Code of the program.
    code: String,
    /// Number of the version.
    version: u32,
    /// Whose list it stands in; `000000` is the national one.
    federation: String,
    /// State.
    state: &'static str,
    /// Name.
    name: String,
    /// Purpose.
    purpose: &'static str,
    /// Occupation.
    occupation_code: String,
    /// Edition of the classification.
    occupation_edition: String,
    /// Skill level, 1 (highest) to 5.
    skill_level: u8,
    /// Hours.
    hours: u32,
    /// Units of content.
    content: Vec<ContentUnit>,
    /// Entry conditions.
    entry_conditions: String,
    /// How it is assessed.
    assessment_rule: String,
    /// Certificate type.
    certificate_type: Option<String>,
    /// Accessible forms.
    accessible_forms: Vec<String>,
    /// Needs it suits.
    suited_needs: Vec<String>,
    /// Market demand.
    market_demand: Option<String>,
    /// Last day of the notice.
    notice_until: Option<String>,
    /// Day of publication.
    published_on: Option<String>,
    /// Day on which a newer version took its place.
    superseded_on: Option<String>,
    /// Day on which it left the catalogue.
    retired_on: Option<String>,
    /// Raised by each change; give it as If-Match.
    revision: i32,
}

impl From<Version> for ProgramResponse {
    fn from(row: Version) -> Self {
        let text = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string());
        let content = row.content;
        Self {
            code: row.program.code,
            version: row.version,
            federation: row.program.federation,
            state: row.state.as_str(),
            name: content.name,
            purpose: content.purpose.as_str(),
            occupation_code: content.occupation_code,
            occupation_edition: content.occupation_edition,
            skill_level: content.skill_level,
            hours: content.hours,
            content: serde_json::from_str(&content.content).unwrap_or_default(),
            entry_conditions: content.entry_conditions,
            assessment_rule: content.assessment_rule,
            certificate_type: content.certificate_type,
            accessible_forms: codes(&content.accessible_forms),
            suited_needs: codes(&content.suited_needs),
            market_demand: content.market_demand,
            notice_until: text(row.notice_until),
            published_on: text(row.published_on),
            superseded_on: text(row.superseded_on),
            retired_on: text(row.retired_on),
            revision: row.revision,
        }
    }
}

/// A page of program versions.
#[derive(Serialize, ToSchema)]
struct ProgramsResponse {
    /// Rows.
    items: Vec<ProgramResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Make a program with the draft of its first version.
#[utoipa::path(post, path = "/api/v1/programs", tag = "programs", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = ProgramContent,
    responses((status = 201, body = VersionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn create_program(
    State(app): State<App>,
    by: By<DraftPrograms>,
    key: IdempotencyKey,
    Body(request): Body<ProgramContent>,
) -> Result<Receipt, Problem> {
    drafts::create(&app, &by.actor, &key, &request).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProgramsQuery {
    /// State.
    #[param(value_type = Option<String>)]
    state: Option<ProgramState>,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Program versions of the lists of one's area and one's own, newest first.
#[utoipa::path(get, path = "/api/v1/programs", tag = "programs", security(("bearer" = [])), params(ProgramsQuery),
    responses((status = 200, body = ProgramsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_programs(
    State(app): State<App>,
    by: By<SeeRecords>,
    Query(query): Query<ProgramsQuery>,
) -> Result<Json<ProgramsResponse>, Problem> {
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = pages.limit()?;
    let scope = Scope::of(&by.actor);
    let mut rows = store::programs::list(
        app.store.reader(),
        &scope,
        query.state,
        pages.before()?,
        limit + 1,
    )
    .await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    Ok(Json(ProgramsResponse {
        items: rows.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// Draft the next version of a program.
#[utoipa::path(post, path = "/api/v1/programs/{code}/versions", tag = "programs", security(("bearer" = [])),
    params(("code" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ProgramContent,
    responses((status = 201, body = VersionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn draft_version(
    State(app): State<App>,
    by: By<DraftPrograms>,
    key: IdempotencyKey,
    Path(code): Path<String>,
    Body(request): Body<ProgramContent>,
) -> Result<Receipt, Problem> {
    drafts::next_version(&app, &by.actor, &key, &code, &request).await
}

/// One version of one's scope.
#[utoipa::path(get, path = "/api/v1/programs/{code}/versions/{version}", tag = "programs", security(("bearer" = [])),
    params(("code" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = ProgramResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_version(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path((code, version)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    let row = in_scope(&app, &by, &code, version).await?;
    Ok((etag(row.revision), Json(ProgramResponse::from(row))).into_response())
}

async fn in_scope(
    app: &App,
    by: &By<SeeRecords>,
    code: &str,
    version: u32,
) -> Result<Version, Problem> {
    store::programs::find(
        app.store.reader(),
        &Scope::of(&by.actor),
        code,
        version,
        false,
    )
    .await?
    .ok_or_else(Problem::not_found)
}

/// Change a draft.
#[utoipa::path(put, path = "/api/v1/programs/{code}/versions/{version}", tag = "programs", security(("bearer" = [])),
    params(("code" = String, Path), ("version" = u32, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    request_body = ProgramContent,
    responses((status = 200, body = VersionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn edit_version(
    State(app): State<App>,
    by: By<DraftPrograms>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path((code, version)): Path<(String, u32)>,
    Body(request): Body<ProgramContent>,
) -> Result<Receipt, Problem> {
    drafts::edit(
        &app,
        &by.actor,
        &key,
        (&code, version),
        revision.0,
        &request,
    )
    .await
}

/// File, return, review, publish (two persons), reject or retire a version.
#[utoipa::path(post, path = "/api/v1/programs/{code}/versions/{version}/acts", tag = "programs", security(("bearer" = [])),
    params(("code" = String, Path), ("version" = u32, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    request_body = VersionActRequest,
    responses((status = 200, body = VersionReceipt), (status = 202, body = VersionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn act_on_version(
    State(app): State<App>,
    by: By<ActOnPrograms>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path((code, version)): Path<(String, u32)>,
    Body(request): Body<VersionActRequest>,
) -> Result<Receipt, Problem> {
    versions::act_on(
        &app,
        &by.actor,
        &key,
        (&code, version),
        revision.0,
        &request,
    )
    .await
}

/// All acts on a version, oldest first.
#[utoipa::path(get, path = "/api/v1/programs/{code}/versions/{version}/timeline", tag = "programs", security(("bearer" = [])),
    params(("code" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = Vec<TimelineItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_version_timeline(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path((code, version)): Path<(String, u32)>,
) -> Result<Json<Vec<TimelineItem>>, Problem> {
    let row = in_scope(&app, &by, &code, version).await?;
    let rows = store::journal::timeline(app.store.reader(), row.id.uuid()).await?;
    Ok(Json(rows.iter().map(TimelineItem::from).collect()))
}
