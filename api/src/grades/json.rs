//! Grading over JSON.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::access::{Actor, Role};
use domain::ids::{AdmissionId, GradingRunId};
use serde::{Deserialize, Serialize};
use store::scope::{NATIONAL, Scope};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::freeze::{self, FreezeRequest, RunReceipt};
use super::own_figures;
use super::publications::{self, PublicationActRequest, PublicationReceipt};
use super::replay::{self, ReplayRequest};
use super::runs::{self, RunRequest};
use crate::access::By;
use crate::access::permissions::{
    FreezePeriods, PublishGrades, RecomputeGrades, RunGrading, SeeGrades,
};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::problem::{Code, Problem, ProblemBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(freeze_period, list_freezes))
        .routes(routes!(run_grading, list_runs))
        .routes(routes!(show_results))
        .routes(routes!(run_evidence))
        .routes(routes!(run_results))
        .routes(routes!(replay_policy))
        .routes(routes!(open_grade_publication, list_grade_publications))
        .routes(routes!(show_grade_publication))
        .routes(routes!(act_on_grade_publication))
        .routes(routes!(show_monitoring))
}

pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(public_run))
        .routes(routes!(public_ranking))
        .routes(routes!(public_comparison))
        .routes(routes!(public_provinces))
        .routes(routes!(public_score))
}

/// Freeze a period: the registry's rows become evidence once, and the first run is computed on it.
#[utoipa::path(post, path = "/api/v1/grading-freezes", tag = "grading", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = FreezeRequest,
    responses((status = 201, body = RunReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn freeze_period(
    State(app): State<App>,
    by: By<FreezePeriods>,
    key: IdempotencyKey,
    Body(request): Body<FreezeRequest>,
) -> Result<Receipt, Problem> {
    freeze::take(&app, &by.actor, &key, &request).await
}

/// Frozen evidence.
#[derive(Debug, Serialize, ToSchema)]
struct FreezeResponse {
    /// Its id.
    id: String,
    /// `annual` or `quarterly`.
    kind: String,
    /// The freeze date.
    freeze_on: String,
    /// SHA-256 of E, hexadecimal.
    evidence_sha256: String,
    /// Numbers of institutions, enrolments, episodes of work.
    counts: [u64; 3],
    /// Trainees without a card number on record: they count as category 4, level 4.
    without_card: u64,
    /// Claims with enough evidence that nobody had decided at the freeze.
    undecided: u64,
    /// When it was taken (RFC 3339, UTC).
    taken_at: String,
}

fn instant(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn hex(bytes: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Frozen evidence, newest first.
#[utoipa::path(get, path = "/api/v1/grading-freezes", tag = "grading", security(("bearer" = [])),
    responses((status = 200, body = Vec<FreezeResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_freezes(
    State(app): State<App>,
    _by: By<SeeGrades>,
) -> Result<Json<Vec<FreezeResponse>>, Problem> {
    let rows = store::grading::freezes(app.store.reader(), 100).await?;
    let shown = rows.into_iter().map(|row| FreezeResponse {
        id: row.id.to_string(),
        kind: row.kind.to_string(),
        freeze_on: row.freeze_on.to_string(),
        evidence_sha256: hex(&row.evidence_sha256),
        counts: row.counts,
        without_card: row.without_card,
        undecided: row.undecided,
        taken_at: instant(row.taken_at),
    });
    Ok(Json(shown.collect()))
}

/// Compute another run on frozen evidence; earlier runs stay.
#[utoipa::path(post, path = "/api/v1/grading-runs", tag = "grading", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = RunRequest,
    responses((status = 201, body = RunReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn run_grading(
    State(app): State<App>,
    by: By<RunGrading>,
    key: IdempotencyKey,
    Body(request): Body<RunRequest>,
) -> Result<Receipt, Problem> {
    runs::run(&app, &by.actor, &key, &request).await
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
struct RunResponse {
    /// Its id.
    id: String,
    /// Its evidence.
    freeze: String,
    /// Name of the policy.
    policy: String,
    /// SHA-256 of the policy file, hexadecimal.
    policy_sha256: String,
    /// SHA-256 of R, hexadecimal.
    results_sha256: String,
    /// The run that it corrects.
    corrects: Option<String>,
    /// When it was computed (RFC 3339, UTC).
    computed_at: String,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/api/v1/grading-runs", tag = "grading", security(("bearer" = [])),
    responses((status = 200, body = Vec<RunResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_runs(
    State(app): State<App>,
    _by: By<SeeGrades>,
) -> Result<Json<Vec<RunResponse>>, Problem> {
    let rows = store::grading::runs(app.store.reader(), 100).await?;
    let shown = rows.into_iter().map(|row| RunResponse {
        id: row.id.to_string(),
        freeze: row.freeze.to_string(),
        policy_sha256: hex(&row.policy_sha256),
        results_sha256: hex(&row.results_sha256),
        corrects: row.corrects.map(|id| id.to_string()),
        computed_at: instant(row.computed_at),
        policy: row.policy,
    });
    Ok(Json(shown.collect()))
}

/// What a run says of one institution.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultResponse {
    /// The admission.
    pub(crate) admission: String,
    /// Name of the institution.
    pub(crate) name: String,
    /// Grade that the run proposes.
    pub(crate) grade: String,
    /// Grade before.
    pub(crate) previous_grade: Option<String>,
    /// Milli-points.
    pub(crate) composite_milli: Option<u32>,
    /// Rank in the federation.
    pub(crate) rank: Option<u32>,
    /// The institution's entry of R.
    #[schema(value_type = Object)]
    pub(crate) entry: serde_json::Value,
}

/// Proposed grades of a run in one's scope: a federation's own, an institution its own from the time of figures on.
#[utoipa::path(get, path = "/api/v1/grading-runs/{id}/results", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<ResultResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_results(
    State(app): State<App>,
    by: By<SeeGrades>,
    Path(id): Path<GradingRunId>,
) -> Result<Json<Vec<ResultResponse>>, Problem> {
    runs::find(&app, id).await?;
    let reader = app.store.reader();
    let scope = Scope::of(&by.actor);
    let opened = store::grading::publications::list(reader, None, None).await?;
    let called: std::collections::HashMap<Uuid, store::grading::Called> =
        store::grading::called(reader, store::grading::Whose::All)
            .await?
            .into_iter()
            .map(|one| (one.admission_id, one))
            .collect();
    // A county looks at its province's results only.
    let province = match &scope {
        Scope::Federation { code, .. } if code != NATIONAL => {
            Some(app.regions.federation(code).unwrap_or(code).to_owned())
        }
        _ => None,
    };
    let mut shown = Vec::new();
    for row in store::grading::results(reader, id, province.as_deref()).await? {
        let Some(one) = called.get(&row.admission.uuid()) else {
            continue;
        };
        let told = opened
            .iter()
            .find(|one| one.run == id && one.federation == row.federation);
        let seen = match &scope {
            Scope::Federation { code, .. } => {
                *code == row.federation
                    || store::scope::looks_after(reader, code, &one.site_region).await?
            }
            // An institution sees its figures when they are told to it, not while its federation still looks at them.
            Scope::Institution(own) => told.is_some() && own.uuid() == one.institution_id,
            Scope::Nothing => false,
        };
        if seen {
            let entry = match (&scope, told) {
                (Scope::Institution(_), Some(told)) => {
                    let least = app.evidence.survey.institution_least;
                    own_figures::entry(reader, told, &row, least).await?
                }
                _ => serde_json::from_str(&row.entry).map_err(Problem::internal)?,
            };
            shown.push(ResultResponse {
                admission: row.admission.to_string(),
                name: one.name.clone(),
                entry,
                grade: row.grade,
                previous_grade: row.previous_grade,
                composite_milli: row.composite_milli,
                rank: row.rank,
            });
        }
    }
    Ok(Json(shown))
}

fn file(name: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (
            header::CONTENT_DISPOSITION,
            crate::exports::disposition(name, name),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, bytes).into_response()
}

/// An assessor recomputes while an accreditation of theirs runs: the post alone is given by any administrator of accounts
/// and stands for nothing (design: "record-level evidence goes to accredited recomputers").
async fn may_recompute(app: &App, actor: &Actor) -> Result<(), Problem> {
    if actor.role != Role::Assessor {
        return Ok(());
    }
    let reader = app.store.reader();
    if store::assessments::assessors::is_accredited(reader, actor.person, app.today()).await? {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden).with_detail(
        "评估人员须有正在有效期内的资格认定,才能取得评级数据;请向省级残联申请。",
        "An assessor needs an accreditation that runs today to take the data of a grading; ask the province-level federation for one.",
    ))
}

/// Record-level evidence of a run, pseudonymous, for accredited recomputers: exactly the bytes it was computed on.
#[utoipa::path(get, path = "/api/v1/grading-runs/{id}/evidence.json", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, content_type = "application/json", body = serde_json::Value), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn run_evidence(
    State(app): State<App>,
    by: By<RecomputeGrades>,
    Path(id): Path<GradingRunId>,
) -> Result<Response, Problem> {
    may_recompute(&app, &by.actor).await?;
    let (_, freeze) = runs::find(&app, id).await?;
    let bytes = runs::evidence_bytes(&app, &freeze).await?;
    taken(&app, &by.actor, "export_evidence", id).await?;
    Ok(file("evidence.json", bytes))
}

/// Says in the audit who took data of a run away (trust.md UP-5, AD-1).
async fn taken(
    app: &App,
    actor: &Actor,
    act: &'static str,
    id: GradingRunId,
) -> Result<(), Problem> {
    let run = id.to_string();
    crate::audit::did(app, actor, act, ("grading_run", &run), "").await
}

/// Exact results of a run, for accredited recomputers.
#[utoipa::path(get, path = "/api/v1/grading-runs/{id}/results.json", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, content_type = "application/json", body = serde_json::Value), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn run_results(
    State(app): State<App>,
    by: By<RecomputeGrades>,
    Path(id): Path<GradingRunId>,
) -> Result<Response, Problem> {
    may_recompute(&app, &by.actor).await?;
    let (run, _) = runs::find(&app, id).await?;
    let bytes = runs::results_bytes(&app, &run).await?;
    taken(&app, &by.actor, "export_results", id).await?;
    Ok(file("results.json", bytes))
}

/// The public table of a run: reference rates, and the entries of institutions whose results are public, small cells protected.
#[utoipa::path(get, path = "/api/v1/grading-runs/{id}/public.json", tag = "grading",
    params(("id" = String, Path)),
    responses((status = 200, content_type = "application/json", body = serde_json::Value), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn public_run(
    State(app): State<App>,
    Path(id): Path<GradingRunId>,
) -> Result<Response, Problem> {
    let (run, _) = runs::find(&app, id).await?;
    let table = super::public::table(&app, &run).await?;
    // A run of which nothing is public is nobody's business yet.
    if table["institutions"].as_array().is_none_or(Vec::is_empty) {
        return Err(Problem::not_found());
    }
    let bytes = serde_json::to_vec(&table).map_err(Problem::internal)?;
    Ok(file("public.json", bytes))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RankingQuery {
    /// Province-level federation, six digits.
    federation: String,
    /// Freeze date of the period; the newest when not given.
    period: Option<chrono::NaiveDate>,
    /// The correction under notice instead of what stands.
    #[serde(default)]
    proposed: bool,
}

/// The published ranking of a province-level federation; institutions without a rank with the reason.
#[utoipa::path(get, path = "/api/v1/rankings", tag = "grading", params(RankingQuery),
    responses((status = 200, body = super::pages::Ranking), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn public_ranking(
    State(app): State<App>,
    Query(query): Query<RankingQuery>,
) -> Result<Json<super::pages::Ranking>, Problem> {
    super::pages::ranking(&app, &query.federation, query.period, query.proposed)
        .await?
        .map(Json)
        .ok_or_else(Problem::not_found)
}

/// Everything that is public about the grades of an institution, period by period, newest first: the grade that stands, the
/// published rates with their intervals, the protected entry of R, and whom the run left out as counts.
#[utoipa::path(get, path = "/api/v1/catalogue/institutions/{code}/score", tag = "grading",
    params(("code" = String, Path)),
    responses((status = 200, body = Vec<super::trend::Period>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn public_score(
    State(app): State<App>,
    Path(code): Path<String>,
) -> Result<Json<Vec<super::trend::Period>>, Problem> {
    let institution = store::institutions::by_credit_code(app.store.reader(), &code)
        .await?
        .ok_or_else(Problem::not_found)?;
    super::trend::of(&app, institution.id.uuid())
        .await
        .map(Json)
}

/// Institutions of one federation side by side, pair by pair with whether conversion differs significantly.
#[utoipa::path(get, path = "/api/v1/rankings/compare", tag = "grading",
    params(("federation" = String, Query), ("period" = Option<String>, Query), ("code" = Vec<String>, Query)),
    responses((status = 200, body = super::compare::Comparison), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn public_comparison(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<super::compare::Comparison>, Problem> {
    super::compare::compare(&app, query.as_deref())
        .await
        .map(Json)
}

/// The newest comparison of provinces that is public, with its bulletin.
#[utoipa::path(get, path = "/api/v1/rankings/provinces", tag = "grading",
    responses((status = 200, body = super::provinces::Provinces), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn public_provinces(
    State(app): State<App>,
) -> Result<Json<super::provinces::Provinces>, Problem> {
    super::provinces::newest(&app)
        .await?
        .map(Json)
        .ok_or_else(Problem::not_found)
}

/// Try a draft policy on the frozen evidence of a run: who of one's federation would move, by how much and why. Nothing is
/// kept.
#[utoipa::path(post, path = "/api/v1/grading-runs/{id}/replay", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path)), request_body = ReplayRequest,
    responses((status = 200, body = serde_json::Value), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn replay_policy(
    State(app): State<App>,
    by: By<RunGrading>,
    Path(id): Path<GradingRunId>,
    Body(request): Body<ReplayRequest>,
) -> Result<Json<serde_json::Value>, Problem> {
    let own = by.actor.federation.filter(|code| code != NATIONAL);
    let found = replay::replay(&app, id, request.text, own).await?;
    serde_json::to_value(found)
        .map(Json)
        .map_err(Problem::internal)
}

/// Tell the institutions of one's federation their figures: the beginning of publication.
#[utoipa::path(post, path = "/api/v1/grading-runs/{id}/publications", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = PublicationReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn open_grade_publication(
    State(app): State<App>,
    by: By<PublishGrades>,
    key: IdempotencyKey,
    Path(id): Path<GradingRunId>,
) -> Result<Receipt, Problem> {
    publications::open(&app, &by.actor, &key, id).await
}

/// Publications of a run that concern one: of the federations of one's area, and of those that look after it.
#[utoipa::path(get, path = "/api/v1/grading-runs/{id}/publications", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<PublicationReceipt>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_grade_publications(
    State(app): State<App>,
    by: By<SeeGrades>,
    Path(id): Path<GradingRunId>,
) -> Result<Json<Vec<PublicationReceipt>>, Problem> {
    let scope = Scope::of(&by.actor);
    let rows = store::grading::publications::of_run(app.store.reader(), &scope, id).await?;
    Ok(Json(rows.iter().map(PublicationReceipt::of).collect()))
}

/// A publication that concerns one.
#[utoipa::path(get, path = "/api/v1/grade-publications/{id}", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = PublicationReceipt, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_grade_publication(
    State(app): State<App>,
    by: By<SeeGrades>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let scope = Scope::of(&by.actor);
    let row = store::grading::publications::seen(app.store.reader(), &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok((etag(row.revision), Json(PublicationReceipt::of(&row))).into_response())
}

/// Open the notice of results, or publish the grades (two persons).
#[utoipa::path(post, path = "/api/v1/grade-publications/{id}/acts", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    request_body = PublicationActRequest,
    responses((status = 200, body = PublicationReceipt), (status = 202, body = PublicationReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn act_on_grade_publication(
    State(app): State<App>,
    by: By<PublishGrades>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<Uuid>,
    Body(request): Body<PublicationActRequest>,
) -> Result<Receipt, Problem> {
    publications::act_on(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Counts of the monitoring.
#[derive(Debug, Serialize, ToSchema)]
struct MonitoringRow {
    /// Indicator.
    indicator: String,
    /// People in its denominator.
    n: u32,
    /// Successes.
    observed: u32,
}

/// Counts of an institution of one's scope as of its newest evidence; they warn, and never change a grade.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/monitoring", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<MonitoringRow>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_monitoring(
    State(app): State<App>,
    by: By<SeeGrades>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<Vec<MonitoringRow>>, Problem> {
    let reader = app.store.reader();
    store::institutions::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let mut sums: std::collections::BTreeMap<String, (u32, u32)> =
        std::collections::BTreeMap::new();
    for (indicator, _, n, observed) in store::grading::monitoring::counts(reader, id.uuid()).await?
    {
        let sum = sums.entry(indicator).or_default();
        *sum = (sum.0 + n, sum.1 + observed);
    }
    let rows = sums
        .into_iter()
        .map(|(indicator, (n, observed))| MonitoringRow {
            indicator,
            n,
            observed,
        });
    Ok(Json(rows.collect()))
}
