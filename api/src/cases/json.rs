//! Cases over JSON: list, look, papers, service, results, alarms.

use axum::Json;
use axum::extract::State;
use chrono::SecondsFormat;
use domain::access::{Actor, Role};
use domain::ids::{AdmissionId, CaseId, ResultId};
use serde::{Deserialize, Serialize};
use store::cases::alarms::{self, AlarmRow};
use store::cases::{Case, CaseView, exit, papers, terms};
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::documents::{self, CaseDocument};
use super::papers::{
    CaseReceipt, DeclareInterestRequest, ExtendTermRequest, FilePaperRequest, InterestReceipt,
};
use super::services::{ServeRequest, ServedReceipt};
use crate::access::By;
use crate::access::permissions::{
    DeclareInterest, ExtendTerms, KeepCases, ObjectToResults, SeeAlarms, SeeRecords, ServeDecisions,
};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path, Query};
use crate::fields::{PageQuery, page};
use crate::institutions::objections::{ObjectionReceipt, RaiseObjectionRequest};
use crate::problem::{Problem, ProblemBody};
use crate::timeline::TimelineItem;

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_cases))
        .routes(routes!(show_case))
        .routes(routes!(file_paper))
        .routes(routes!(extend_term))
        .routes(routes!(declare_interest))
        .routes(routes!(serve_decision))
        .routes(routes!(list_results))
        .routes(routes!(object_to_result))
        .routes(routes!(list_due_acts))
}

/// A case in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaseRow {
    /// The case.
    pub(crate) id: String,
    /// Its number.
    pub(crate) number: String,
    /// The admission.
    pub(crate) admission: String,
    /// Name of the institution.
    pub(crate) name: String,
    /// Its credit code.
    pub(crate) credit_code: String,
    /// `warning rectification suspension exit withdrawal`.
    pub(crate) kind: &'static str,
    /// `open` or `closed`.
    pub(crate) state: &'static str,
    /// The transition that it stands at.
    pub(crate) stage: &'static str,
    /// Cause.
    pub(crate) cause: Option<&'static str>,
    /// State of the admission.
    pub(crate) admission_state: String,
    /// When it was opened.
    pub(crate) opened_at: String,
}

impl From<CaseView> for CaseRow {
    fn from(view: CaseView) -> Self {
        let case = view.case;
        Self {
            id: case.id.to_string(),
            number: case.number,
            admission: case.admission.to_string(),
            name: view.name,
            credit_code: view.credit_code,
            kind: case.kind.as_str(),
            state: if case.open { "open" } else { "closed" },
            stage: case.stage.as_str(),
            cause: case.cause.map(domain::institution::Cause::as_str),
            admission_state: view.admission_state,
            opened_at: case.opened_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }
}

/// A paper of a case.
#[derive(Serialize, ToSchema)]
struct PaperItem {
    /// Its id.
    id: String,
    /// Kind.
    kind: &'static str,
    /// What it says.
    text: String,
    /// Whether an inspection proposes acceptance.
    passed: Option<bool>,
    /// Who was there.
    members: Vec<String>,
    /// Day of the inspection or hearing.
    held_on: String,
    /// Role of who filed it.
    role: &'static str,
    /// When it was filed.
    made_at: String,
    /// Documents filed with it that one may open at `/api/v1/files/{id}`, oldest first.
    documents: Vec<CaseDocument>,
}

/// A term that runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct TermItem {
    /// Which act.
    kind: String,
    /// Whose it is.
    holder: &'static str,
    /// The day after which it runs.
    starts_on: String,
    /// Its last day.
    due_on: String,
    /// The calendar that counted it.
    calendar: String,
}

impl From<terms::Term> for TermItem {
    fn from(one: terms::Term) -> Self {
        Self {
            kind: one.kind,
            holder: one.holder.as_str(),
            starts_on: one.starts_on.to_string(),
            due_on: one.due_on.to_string(),
            calendar: one.calendar,
        }
    }
}

/// A service of a decision.
#[derive(Serialize, ToSchema)]
struct ServiceItem {
    /// The act.
    transition: &'static str,
    /// How.
    method: String,
    /// When.
    served_on: String,
    /// The decision served, where one may open it at `/api/v1/files/{id}`.
    documents: Vec<CaseDocument>,
}

/// What becomes of a class.
#[derive(Serialize, ToSchema)]
struct PlanItem {
    /// The class.
    cohort: String,
    /// `transfer`, `end_with_credit`, `teach_out`.
    plan: &'static str,
    /// Who takes the trainees over.
    receiving: Option<String>,
    /// Until when.
    due_on: String,
}

/// A certificate under review.
#[derive(Serialize, ToSchema)]
struct ReviewItem {
    /// Inner id of the certificate.
    certificate: String,
    /// Its number.
    certificate_no: String,
    /// `suspended` waits, `issued` was restored, `revoked` was revoked.
    status: String,
    /// Until when.
    due_on: String,
}

/// A case with everything in it.
#[derive(Serialize, ToSchema)]
struct CaseResponse {
    #[serde(flatten)]
    row: CaseRow,
    /// What was found, or must be put right.
    findings: Vec<String>,
    /// SHA-256 of the evidence, hexadecimal.
    evidence_sha256: Option<String>,
    /// Last day of the term to rectify.
    term_until: Option<String>,
    /// Whether that term was extended.
    extended: bool,
    /// Raised by every change.
    revision: i32,
    /// Papers, oldest first.
    papers: Vec<PaperItem>,
    /// Services of decisions on the institution, oldest first.
    services: Vec<ServiceItem>,
    /// Terms that run, the nearest first.
    terms: Vec<TermItem>,
    /// Plans for running classes.
    plans: Vec<PlanItem>,
    /// Certificates under review.
    reviews: Vec<ReviewItem>,
    /// All acts on the case, oldest first.
    timeline: Vec<TimelineItem>,
}

/// A page of cases.
#[derive(Serialize, ToSchema)]
struct CasesResponse {
    /// Rows, newest first.
    items: Vec<CaseRow>,
    /// Cursor of the next page.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CasesQuery {
    /// Only those that are open.
    #[serde(default)]
    open: bool,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Cases of one's scope, newest first.
#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", security(("bearer" = [])), params(CasesQuery),
    responses((status = 200, body = CasesResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_cases(
    State(app): State<App>,
    by: By<SeeRecords>,
    Query(query): Query<CasesQuery>,
) -> Result<Json<CasesResponse>, Problem> {
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = pages.limit()?;
    let scope = Scope::of(&by.actor);
    let reader = app.store.reader();
    let mut rows =
        store::cases::list(reader, &scope, query.open, pages.before()?, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.case.id.to_string());
    Ok(Json(CasesResponse {
        items: rows.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// One case of one's scope with papers, terms, plans and timeline.
#[utoipa::path(get, path = "/api/v1/cases/{id}", tag = "cases", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = CaseResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_case(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<CaseId>,
) -> Result<Json<CaseResponse>, Problem> {
    let reader = app.store.reader();
    let view = store::cases::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let case: Case = view.case.clone();
    let mut documents = documents::of(&app, &by.actor, &case).await?;
    let papers = papers::of(reader, id).await?;
    let services = papers::services_of(reader, case.admission).await?;
    let terms = terms::open_of(reader, id.uuid()).await?;
    let plans = exit::plans_of(reader, id).await?;
    let reviews = exit::reviews(reader, id).await?;
    let timeline = store::journal::timeline(reader, id.uuid()).await?;
    Ok(Json(CaseResponse {
        row: view.into(),
        findings: case.findings,
        evidence_sha256: case
            .evidence_sha256
            .map(|hash| data_encoding::HEXLOWER.encode(&hash)),
        term_until: case.term_until.map(|day| day.to_string()),
        extended: case.extended,
        revision: case.revision,
        papers: papers
            .into_iter()
            .map(|one| PaperItem {
                documents: documents.remove(&one.id.uuid()).unwrap_or_default(),
                id: one.id.to_string(),
                kind: one.kind.as_str(),
                text: one.text,
                passed: one.passed,
                members: one.members,
                held_on: one.held_on.to_string(),
                role: one.role.as_str(),
                made_at: one.made_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            })
            .collect(),
        services: services
            .into_iter()
            .map(|one| ServiceItem {
                documents: documents.remove(&one.id).unwrap_or_default(),
                transition: one.act.as_str(),
                method: one.method,
                served_on: one.served_on.to_string(),
            })
            .collect(),
        terms: terms.into_iter().map(Into::into).collect(),
        plans: plans
            .into_iter()
            .map(|one| PlanItem {
                cohort: one.cohort.to_string(),
                plan: one.plan.as_str(),
                receiving: one.receiving,
                due_on: one.due_on.to_string(),
            })
            .collect(),
        reviews: reviews
            .into_iter()
            .map(|one| ReviewItem {
                certificate: one.id.to_string(),
                certificate_no: one.certificate_no,
                status: one.status,
                due_on: one.due_on,
            })
            .collect(),
        timeline: timeline.iter().map(TimelineItem::from).collect(),
    }))
}

/// File a paper: a reply, a plan, an inspection, the record of a hearing.
#[utoipa::path(post, path = "/api/v1/cases/{id}/papers", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = FilePaperRequest,
    responses((status = 201, body = CaseReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn file_paper(
    State(app): State<App>,
    by: By<KeepCases>,
    key: IdempotencyKey,
    Path(id): Path<CaseId>,
    Body(request): Body<FilePaperRequest>,
) -> Result<Receipt, Problem> {
    super::papers::file(&app, &by.actor, &key, id, &request).await
}

/// Extend the term to rectify, once.
#[utoipa::path(post, path = "/api/v1/cases/{id}/extension", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ExtendTermRequest,
    responses((status = 200, body = CaseReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn extend_term(
    State(app): State<App>,
    by: By<ExtendTerms>,
    key: IdempotencyKey,
    Path(id): Path<CaseId>,
    Body(request): Body<ExtendTermRequest>,
) -> Result<Receipt, Problem> {
    super::papers::extend(&app, &by.actor, &key, id, &request).await
}

/// Declare one's own interest in an institution: from then on one takes no act on it.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/interests", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = DeclareInterestRequest,
    responses((status = 200, body = InterestReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn declare_interest(
    State(app): State<App>,
    by: By<DeclareInterest>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<DeclareInterestRequest>,
) -> Result<Receipt, Problem> {
    super::papers::declare_interest(&app, &by.actor, &key, id, &request).await
}

/// Record that a decision was served on the institution: its terms run from that day.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/services", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ServeRequest,
    responses((status = 201, body = ServedReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn serve_decision(
    State(app): State<App>,
    by: By<ServeDecisions>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<ServeRequest>,
) -> Result<Receipt, Problem> {
    super::services::serve(&app, &by.actor, &key, id, &request).await
}

/// Results of grading runs on an institution of one's scope, oldest first: the institution sees its own here.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/results", tag = "cases", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<ResultItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_results(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<Vec<ResultItem>>, Problem> {
    let reader = app.store.reader();
    store::institutions::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let rows = store::cases::results::of(reader, id).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}

/// Object to a result while its notice runs; the institution itself already while it checks its figures.
#[utoipa::path(post, path = "/api/v1/results/{id}/objections", tag = "cases", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RaiseObjectionRequest,
    responses((status = 201, body = ObjectionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn object_to_result(
    State(app): State<App>,
    by: By<ObjectToResults>,
    key: IdempotencyKey,
    Path(id): Path<ResultId>,
    Body(request): Body<RaiseObjectionRequest>,
) -> Result<Receipt, Problem> {
    super::results::object(&app, &by.actor, &key, id, &request).await
}

/// A result of a grading run.
#[derive(Serialize, ToSchema)]
struct ResultItem {
    /// Its id.
    id: String,
    /// `annual` or `quarterly`.
    kind: &'static str,
    /// The run.
    run: String,
    /// Last day of the evidence.
    freeze_on: String,
    /// The grade.
    grade: Option<&'static str>,
    /// Last day of the notice.
    notice_until: Option<String>,
    /// When the grade was decided.
    decided_on: Option<String>,
}

impl From<store::cases::results::GradeResult> for ResultItem {
    fn from(one: store::cases::results::GradeResult) -> Self {
        Self {
            id: one.id.to_string(),
            kind: one.row.kind.as_str(),
            run: one.run.to_string(),
            freeze_on: one.row.freeze_on.to_string(),
            grade: one.row.grade.map(domain::institution::Grade::as_str),
            notice_until: one.notice_until.map(|day| day.to_string()),
            decided_on: one.decided_on.map(|day| day.to_string()),
        }
    }
}

/// An alarm.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlarmItem {
    /// The admission; empty for an act that concerns a whole federation.
    pub(crate) admission: String,
    /// Name of the institution, or of the federation.
    pub(crate) name: String,
    /// `due` or `overdue`.
    pub(crate) kind: String,
    /// Which act.
    pub(crate) act: String,
    /// Whom it tells.
    pub(crate) level: String,
    /// Whose act it is.
    pub(crate) holder: Option<String>,
    /// Last day of the term.
    pub(crate) due_on: String,
    /// Number of the case.
    pub(crate) case: Option<String>,
    /// The third-party assessment.
    pub(crate) assessment: Option<String>,
    /// Number of the certificate.
    pub(crate) certificate: Option<String>,
}

impl From<AlarmRow> for AlarmItem {
    fn from(row: AlarmRow) -> Self {
        Self {
            admission: Some(row.admission_id)
                .filter(|id| !id.is_nil())
                .map_or_else(String::new, |id| id.to_string()),
            name: row.name,
            kind: row.kind,
            act: row.act,
            level: row.level,
            holder: row.holder,
            due_on: row.due_on,
            case: row.number,
            assessment: row.assessment.map(|id| id.to_string()),
            certificate: row.certificate,
        }
    }
}

/// The level whose alarms somebody sees: their own; those who supervise or audit see all of their area.
fn level_of(role: Role) -> Option<Role> {
    match role {
        Role::InstitutionOperator
        | Role::CountyOfficer
        | Role::PrefectureOfficer
        | Role::ProvinceOfficer
        | Role::NationalOfficer => Some(role),
        _ => None,
    }
}

/// Alarms as somebody sees them: assessors those of the assessments that they hold, the others those of their area.
pub(crate) async fn alarms_of(
    app: &App,
    actor: &Actor,
    limit: u64,
) -> Result<Vec<AlarmRow>, Problem> {
    let reader = app.store.reader();
    if actor.role == Role::Assessor {
        return Ok(alarms::of_assessor(reader, actor.person).await?);
    }
    let level = level_of(actor.role);
    let mut rows = alarms::open(reader, &Scope::of(actor), level, limit).await?;
    rows.extend(crate::grades::duties::of(app, actor).await?);
    // Overdue first, as they come from the table.
    rows.sort_by(|a, b| (b.kind.as_str(), &a.due_on).cmp(&(a.kind.as_str(), &b.due_on)));
    Ok(rows)
}

/// Acts that are due or overdue, for one's own level, overdue first.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "cases", security(("bearer" = [])),
    responses((status = 200, body = Vec<AlarmItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_due_acts(
    State(app): State<App>,
    by: By<SeeAlarms>,
) -> Result<Json<Vec<AlarmItem>>, Problem> {
    let rows = alarms_of(&app, &by.actor, 500).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}
