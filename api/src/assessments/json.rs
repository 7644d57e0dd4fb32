//! Assessments over JSON.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::access::{Actor, Role};
use domain::ids::{AdmissionId, AssessmentId, EnrolmentId};
use serde::Serialize;
use store::assessments::candidates::{self, Candidate};
use store::assessments::{Assessment, supplements, visits};
use store::scope::Scope;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AssessmentReceipt;
use super::annulment::{self, AnnulRequest};
use super::commissioning::{self, CommissionRequest, ReplaceAssessorRequest};
use super::declaring::{self, DeclarationRequest};
use super::draws::{CandidateResponse, DrawResponse, SampleResponse, hex, sample_of};
use super::held::{holds, sight};
use super::reporting::{self, FinalRequest, FindingRequest, ReplyRequest, ReportRequest};
use super::sample::{self, Contact, ContactRequest, SampledTrainee};
use super::supplements::SupplementItem;
use super::visits::{DraftRequest, VisitItem};
use crate::access::By;
use crate::access::permissions::{
    Assess, CommissionAssessments, ReplyToAssessments, SeeAssessments,
};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::fields::{PageQuery, page};
use crate::problem::{Problem, ProblemBody};
use crate::timeline::TimelineItem;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(commission_assessment))
        .routes(routes!(list_assessments))
        .routes(routes!(show_assessment))
        .routes(routes!(show_assessment_timeline))
        .routes(routes!(draw_assessor))
        .routes(routes!(replace_assessor))
        .routes(routes!(annul_assessment))
        .routes(routes!(declare_relations))
        .routes(routes!(open_fieldwork))
        .routes(routes!(list_assessment_sample))
        .routes(routes!(read_sampled_contact))
        .routes(routes!(report_assessment))
        .routes(routes!(reply_to_assessment))
        .routes(routes!(finish_assessment))
}

/// A report.
#[derive(Debug, Serialize, ToSchema)]
struct ReportResponse {
    /// Score.
    score: u8,
    /// Summary.
    text: String,
    /// Findings; the institution does not see which trainees they rest on.
    findings: Vec<FindingRequest>,
    /// Day.
    on: String,
}

/// The final score.
#[derive(Debug, Serialize, ToSchema)]
struct FinalResponse {
    /// Score.
    score: u8,
    /// Answer to the reply.
    answer: String,
    /// Day.
    on: String,
    /// Last freeze date in which it counts.
    counts_until: String,
}

/// An assessment as those concerned see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssessmentResponse {
    /// Its id.
    id: String,
    /// The admission that is assessed.
    admission: String,
    /// State.
    state: &'static str,
    /// Last day of the next act.
    due_on: Option<String>,
    /// First day of the period.
    period_from: String,
    /// Its last day.
    period_until: String,
    /// The accreditation that holds it.
    assessor: Option<String>,
    /// Leaves of the public log when the list was fixed: the first checkpoint beyond decides.
    listed_size: u64,
    /// SHA-256 of the list, hexadecimal.
    list_sha256: String,
    /// The list, in the order of the draw.
    candidates: Vec<CandidateResponse>,
    /// The draw.
    draw: Option<DrawResponse>,
    /// The sample.
    sample: Option<SampleResponse>,
    /// The report.
    report: Option<ReportResponse>,
    /// What was added to the report.
    supplements: Vec<SupplementItem>,
    /// The institution's reply.
    reply: Option<String>,
    /// The final score; an annulled one counts no more.
    #[serde(rename = "final")]
    last: Option<FinalResponse>,
    /// Visits of whoever holds it, and of those before.
    visits: Vec<VisitItem>,
    /// Drafts of whoever holds it: item and text; nobody else sees them.
    drafts: Vec<DraftRequest>,
    /// When the score was published.
    published_on: Option<String>,
    /// What the gravest finding led to: `T11`, `T16`, `dismiss`.
    consequence: Option<String>,
    /// Why it was annulled.
    annulled_reason: Option<String>,
    /// Raised by every change; give it as If-Match.
    revision: i32,
}

async fn response(
    app: &App,
    actor: &Actor,
    row: Assessment,
    list: Vec<Candidate>,
) -> Result<AssessmentResponse, Problem> {
    let institution = actor.role.is_institution();
    let reader = app.store.reader();
    let visits: Result<Vec<VisitItem>, Problem> = visits::of(reader, row.id)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect();
    let drafts = match row.assessor.filter(|_| actor.role == Role::Assessor) {
        Some(own) => visits::drafts(reader, row.id, own).await?,
        None => Vec::new(),
    };
    let report = match row.report {
        None => None,
        Some(report) => {
            let mut findings: Vec<FindingRequest> =
                serde_json::from_str(&report.findings).map_err(Problem::internal)?;
            if institution {
                for one in &mut findings {
                    one.enrolments.clear();
                }
            }
            Some(ReportResponse {
                score: report.score,
                text: report.text,
                findings,
                on: report.on.to_string(),
            })
        }
    };
    Ok(AssessmentResponse {
        id: row.id.to_string(),
        admission: row.admission.to_string(),
        state: row.state.as_str(),
        due_on: row.due_on.map(|day| day.to_string()),
        period_from: row.period_from.to_string(),
        period_until: row.period_until.to_string(),
        assessor: row.assessor.map(|one| one.to_string()),
        listed_size: row.listed_size,
        list_sha256: hex(&row.list_sha256),
        candidates: list.into_iter().map(Into::into).collect(),
        draw: row.draw.map(Into::into),
        sample: row.sample.map(|sample| sample_of(app, sample)),
        report,
        supplements: supplements::of(reader, row.id)
            .await?
            .into_iter()
            .map(Into::into)
            .collect(),
        reply: row.reply,
        last: row.last.map(|last| FinalResponse {
            score: last.score,
            answer: last.answer,
            on: last.on.to_string(),
            counts_until: last.counts_until.to_string(),
        }),
        visits: visits?,
        drafts: drafts
            .into_iter()
            .map(|(item, text)| DraftRequest { item, text })
            .collect(),
        published_on: row.published_on.map(|day| day.to_string()),
        consequence: row.consequence.map(|(what, _)| what),
        annulled_reason: row.annulled_reason,
        revision: row.revision,
    })
}

/// The assessment as far as the asker may see it, with its list.
pub(crate) async fn find(
    app: &App,
    actor: &Actor,
    id: AssessmentId,
) -> Result<(Assessment, Vec<Candidate>), Problem> {
    let reader = app.store.reader();
    let scope = Scope::of(actor);
    let row = store::assessments::find(reader, &sight(actor, &scope), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let list = candidates::of(reader, id).await?;
    holds(actor, &list)?;
    Ok((row, list))
}

/// Commission a third-party assessment: the list of candidates is fixed.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/assessments", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = CommissionRequest,
    responses((status = 201, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn commission_assessment(
    State(app): State<App>,
    by: By<CommissionAssessments>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<CommissionRequest>,
) -> Result<Receipt, Problem> {
    commissioning::commission(&app, &by.actor, &key, id, &request).await
}

/// A page of assessments.
#[derive(Debug, Serialize, ToSchema)]
struct AssessmentsResponse {
    /// Newest first.
    items: Vec<AssessmentReceipt>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Assessments of one's scope, or those one was drawn for, newest first.
#[utoipa::path(get, path = "/api/v1/assessments", tag = "assessments", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, body = AssessmentsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_assessments(
    State(app): State<App>,
    by: By<SeeAssessments>,
    Query(pages): Query<PageQuery>,
) -> Result<Json<AssessmentsResponse>, Problem> {
    let (items, next) = receipts(&app, &by.actor, pages.before()?, pages.limit()?).await?;
    Ok(Json(AssessmentsResponse { items, next }))
}

/// A page of assessments as the asker may see them, and the cursor of the next one.
pub(crate) async fn receipts(
    app: &App,
    actor: &Actor,
    before: Option<AssessmentId>,
    limit: u64,
) -> Result<(Vec<AssessmentReceipt>, Option<String>), Problem> {
    let scope = Scope::of(actor);
    let sight = sight(actor, &scope);
    let reader = app.store.reader();
    let mut rows = store::assessments::list(reader, &sight, before, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut item = AssessmentReceipt::of(row);
        // Whoever stepped aside or was replaced sees that they were drawn, and nothing of what came after.
        if actor.role == Role::Assessor
            && holds(actor, &candidates::of(reader, row.id).await?).is_err()
        {
            item.assessor = None;
            item.score = None;
            item.due_on = None;
        }
        items.push(item);
    }
    Ok((items, next))
}

/// The assessment as the asker may see it.
pub(crate) async fn view(
    app: &App,
    actor: &Actor,
    id: AssessmentId,
) -> Result<AssessmentResponse, Problem> {
    let (row, list) = find(app, actor, id).await?;
    response(app, actor, row, list).await
}

/// One assessment, with all that is needed to draw again.
#[utoipa::path(get, path = "/api/v1/assessments/{id}", tag = "assessments", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = AssessmentResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_assessment(
    State(app): State<App>,
    by: By<SeeAssessments>,
    Path(id): Path<AssessmentId>,
) -> Result<Response, Problem> {
    let body = view(&app, &by.actor, id).await?;
    Ok((etag(body.revision), Json(body)).into_response())
}

/// All acts on an assessment, oldest first.
#[utoipa::path(get, path = "/api/v1/assessments/{id}/timeline", tag = "assessments", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<TimelineItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_assessment_timeline(
    State(app): State<App>,
    by: By<SeeAssessments>,
    Path(id): Path<AssessmentId>,
) -> Result<Json<Vec<TimelineItem>>, Problem> {
    find(&app, &by.actor, id).await?;
    let rows = store::journal::timeline(app.store.reader(), id.uuid()).await?;
    Ok(Json(rows.iter().map(TimelineItem::from).collect()))
}

/// Draw the assessor by lot.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/draw", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn draw_assessor(
    State(app): State<App>,
    by: By<CommissionAssessments>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
) -> Result<Receipt, Problem> {
    commissioning::draw(&app, &by.actor, &key, id, revision.0).await
}

/// Replace an assessor who is late, no longer accredited, or in conflict, by the next of the list.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/replacement", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = ReplaceAssessorRequest,
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn replace_assessor(
    State(app): State<App>,
    by: By<CommissionAssessments>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<ReplaceAssessorRequest>,
) -> Result<Receipt, Problem> {
    commissioning::replace(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Propose to annul an assessment; a second person approves.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/annulment", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = AnnulRequest,
    responses((status = 202, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn annul_assessment(
    State(app): State<App>,
    by: By<CommissionAssessments>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<AnnulRequest>,
) -> Result<Receipt, Problem> {
    annulment::propose(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Declare one's relations to the institution: take the assessment on, or step aside.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/declaration", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = DeclarationRequest,
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn declare_relations(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<DeclarationRequest>,
) -> Result<Receipt, Problem> {
    declaring::declare(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Draw the sample and begin the fieldwork.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/fieldwork", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn open_fieldwork(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
) -> Result<Receipt, Problem> {
    declaring::open(&app, &by.actor, &key, id, revision.0).await
}

/// The sample one drew, while the fieldwork lasts; names are masked.
#[utoipa::path(get, path = "/api/v1/assessments/{id}/sample", tag = "assessments", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<SampledTrainee>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_assessment_sample(
    State(app): State<App>,
    by: By<Assess>,
    Path(id): Path<AssessmentId>,
) -> Result<Json<Vec<SampledTrainee>>, Problem> {
    Ok(Json(sample::list(&app, &by.actor, id).await?))
}

/// Read name and telephone of one trainee of the sample, to call them.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/sample/{enrolment}/contact", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("enrolment" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ContactRequest,
    responses((status = 200, body = Contact), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn read_sampled_contact(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    Path((id, enrolment)): Path<(AssessmentId, EnrolmentId)>,
    Body(request): Body<ContactRequest>,
) -> Result<Json<Contact>, Problem> {
    let contact = sample::contact(&app, &by.actor, &key, id, enrolment, &request).await?;
    Ok(Json(contact))
}

/// Hand in the report.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/report", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = ReportRequest,
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn report_assessment(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<ReportRequest>,
) -> Result<Receipt, Problem> {
    reporting::report(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Reply to the report on one's own institution, within the term.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/reply", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = ReplyRequest,
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn reply_to_assessment(
    State(app): State<App>,
    by: By<ReplyToAssessments>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<ReplyRequest>,
) -> Result<Receipt, Problem> {
    reporting::reply(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Make the score final.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/final", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = FinalRequest,
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn finish_assessment(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<FinalRequest>,
) -> Result<Receipt, Problem> {
    reporting::finish(&app, &by.actor, &key, id, revision.0, &request).await
}
