//! Work after training over JSON.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::access::Actor;
use domain::evidence::Source;
use domain::ids::{ConflictId, EnrolmentId, EpisodeId, FileId};
use serde::{Deserialize, Serialize};
use store::episodes::{self as rows, Episode};
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::acts::{
    self, EpisodeActRequest, ExclusionReceipt, ExclusionRequest, FollowUpRequest, OutageReceipt,
    OutageRequest,
};
use super::arbitration::{self, CloseConflictRequest, ConflictReceipt};
use super::claims::{self, ClaimRequest, EpisodeReceipt};
use super::registers::{self, About, RegisterReceipt};
use crate::access::By;
use crate::access::permissions::{
    ClaimEpisodes, DecideEpisodes, DeclareOutages, ImportRegisters, SeeEvidence,
};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::problem::{Problem, ProblemBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(claim_episode, list_episodes))
        .routes(routes!(show_episode))
        .routes(routes!(act_on_episode))
        .routes(routes!(exclude_enrolment))
        .routes(routes!(import_register))
        .routes(routes!(declare_outage))
        .routes(routes!(list_follow_ups))
        .routes(routes!(record_follow_up))
        .routes(routes!(list_conflicts))
        .routes(routes!(close_conflict))
}

/// Claim work of a trainee; the same employer and overlapping days join what is known.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/episodes", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ClaimRequest,
    responses((status = 201, body = EpisodeReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn claim_episode(
    State(app): State<App>,
    by: By<ClaimEpisodes>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<ClaimRequest>,
) -> Result<Receipt, Problem> {
    claims::claim(&app, &by.actor, &key, id, &request).await
}

/// An episode of work.
#[derive(Debug, Serialize, ToSchema)]
struct EpisodeResponse {
    /// Its id.
    id: String,
    /// Form of work.
    work_type: String,
    /// Credit code of the employer; hidden from institutions that did not claim it.
    employer: Option<String>,
    /// First day.
    start_on: String,
    /// Last day.
    last_day: Option<String>,
    /// State.
    state: String,
    /// Contest.
    contest: Option<String>,
    /// Sources of its evidence.
    sources: Vec<String>,
    /// Documents behind its evidence that one may open at `/api/v1/files/{id}`, oldest first; whom they show is told.
    documents: Vec<EvidenceDocument>,
    /// When it was verified.
    decided_on: Option<String>,
    /// Raised by every change.
    revision: i32,
}

/// A document behind a piece of evidence.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceDocument {
    /// Source of the evidence.
    source: String,
    /// The file.
    #[schema(value_type = String, format = "uuid")]
    file_id: FileId,
    /// Its type by content.
    media_type: String,
}

async fn shown(
    app: &App,
    actor: &Actor,
    all: Vec<Episode>,
) -> Result<Vec<EpisodeResponse>, Problem> {
    let reader = app.store.reader();
    let scope = Scope::of(actor);
    let ids: Vec<EpisodeId> = all.iter().map(|one| one.id).collect();
    let evidence = rows::evidence(reader, &ids).await?;
    let types = super::documents(app, actor, &evidence).await?;
    let documents = |id: EpisodeId| {
        let own = evidence.iter().filter(|one| one.episode == id);
        own.filter_map(|one| {
            let file_id = one.file?;
            Some(EvidenceDocument {
                source: one.source.to_string(),
                file_id,
                media_type: types.get(&file_id)?.clone(),
            })
        })
        .collect::<Vec<_>>()
    };
    let claims = rows::claims(reader, &ids).await?;
    let mut sources = rows::sources(&evidence);
    Ok(all
        .into_iter()
        .map(|one| {
            let own = match scope {
                Scope::Institution(id) => claims
                    .iter()
                    .any(|claim| claim.episode == one.id && claim.institution == id),
                _ => true,
            };
            EpisodeResponse {
                documents: documents(one.id),
                id: one.id.to_string(),
                work_type: one.work_type.to_string(),
                employer: own.then_some(one.employer),
                start_on: one.start_on.to_string(),
                last_day: one.last_day.map(|day| day.to_string()),
                state: one.state.to_string(),
                contest: one.contest.map(|contest| contest.to_string()),
                sources: sources
                    .remove(&one.id)
                    .unwrap_or_default()
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                decided_on: one.decided_on.map(|day| day.to_string()),
                revision: one.revision,
            }
        })
        .collect())
}

/// Work of a trainee of one's scope. An institution sees state and dates, and the employer only of what it claimed.
#[utoipa::path(get, path = "/api/v1/enrolments/{id}/episodes", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<EpisodeResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_episodes(
    State(app): State<App>,
    by: By<SeeEvidence>,
    Path(id): Path<EnrolmentId>,
) -> Result<Json<Vec<EpisodeResponse>>, Problem> {
    let scope = Scope::of(&by.actor);
    let reader = app.store.reader();
    let place = rows::place(reader, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let all = rows::of_person(reader, place.person).await?;
    Ok(Json(shown(&app, &by.actor, all).await?))
}

/// An episode of one's scope.
#[utoipa::path(get, path = "/api/v1/episodes/{id}", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = EpisodeResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_episode(
    State(app): State<App>,
    by: By<SeeEvidence>,
    Path(id): Path<EpisodeId>,
) -> Result<Response, Problem> {
    let scope = Scope::of(&by.actor);
    let found = rows::find(app.store.reader(), &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let revision = found.revision;
    let one = shown(&app, &by.actor, vec![found]).await?.pop();
    let one = one.ok_or_else(Problem::not_found)?;
    Ok((etag(revision), Json(one)).into_response())
}

/// Add evidence, confirm, contest, decide a contest, give the last day.
#[utoipa::path(post, path = "/api/v1/episodes/{id}/acts", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    request_body = EpisodeActRequest,
    responses((status = 200, body = EpisodeReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn act_on_episode(
    State(app): State<App>,
    by: By<ClaimEpisodes>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<EpisodeId>,
    Body(request): Body<EpisodeActRequest>,
) -> Result<Receipt, Problem> {
    acts::act_on(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Approve an exclusion from the employment denominator; it rests on a document.
#[utoipa::path(post, path = "/api/v1/enrolments/{id}/exclusion", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ExclusionRequest,
    responses((status = 200, body = ExclusionReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn exclude_enrolment(
    State(app): State<App>,
    by: By<DecideEpisodes>,
    key: IdempotencyKey,
    Path(id): Path<EnrolmentId>,
    Body(request): Body<ExclusionRequest>,
) -> Result<Receipt, Problem> {
    acts::exclude(&app, &by.actor, &key, id, &request).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RegisterQuery {
    /// `social_insurance` or `quota_audit`.
    #[param(value_type = String)]
    source: Source,
    /// The day that the data tells about.
    as_of: NaiveDate,
}

/// Import a snapshot of a register (.csv or .xlsx as the body): all rows or none, every fault with its line and column.
#[utoipa::path(post, path = "/api/v1/register-snapshots", tag = "outcomes", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header), RegisterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = RegisterReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn import_register(
    State(app): State<App>,
    by: By<ImportRegisters>,
    key: IdempotencyKey,
    Query(query): Query<RegisterQuery>,
    bytes: Bytes,
) -> Result<Receipt, Problem> {
    let about = About {
        source: query.source,
        as_of: query.as_of,
    };
    registers::import(&app, &by.actor, &key, about, bytes.into()).await
}

/// Declare that a register of one's province did not answer.
#[utoipa::path(post, path = "/api/v1/register-outages", tag = "outcomes", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = OutageRequest,
    responses((status = 201, body = OutageReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn declare_outage(
    State(app): State<App>,
    by: By<DeclareOutages>,
    key: IdempotencyKey,
    Body(request): Body<OutageRequest>,
) -> Result<Receipt, Problem> {
    acts::declare_outage(&app, &by.actor, &key, &request).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DueQuery {
    /// Due up to this day; today when not given.
    until: Option<NaiveDate>,
}

/// A follow-up that is due.
#[derive(Debug, Serialize, ToSchema)]
struct FollowUpResponse {
    /// Its id.
    id: String,
    /// The episode.
    episode: String,
    /// Days after the first day of work.
    after_days: u32,
    /// When it is due.
    due_on: String,
    /// Whether it is late.
    late: bool,
    /// When the trainee was asked by a message.
    asked_on: Option<String>,
}

/// Follow-ups that are due in one's scope, the longest waiting first.
#[utoipa::path(get, path = "/api/v1/follow-ups", tag = "outcomes", security(("bearer" = [])), params(DueQuery),
    responses((status = 200, body = Vec<FollowUpResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_follow_ups(
    State(app): State<App>,
    by: By<DecideEpisodes>,
    Query(query): Query<DueQuery>,
) -> Result<Json<Vec<FollowUpResponse>>, Problem> {
    let today = app.today();
    let until = query.until.unwrap_or(today);
    let found = rows::due(app.store.reader(), &Scope::of(&by.actor), until, 500).await?;
    let ids: Vec<Uuid> = found.iter().map(|one| one.id).collect();
    let sent = store::follow_up_messages::sent(app.store.reader(), &ids).await?;
    let day = |at: &chrono::DateTime<chrono::Utc>| domain::calendar::today(*at).to_string();
    let shown = found.into_iter().map(|one| FollowUpResponse {
        asked_on: sent.get(&one.id).map(day),
        id: one.id.to_string(),
        episode: one.episode.to_string(),
        after_days: one.after_days,
        late: one.due_on < today,
        due_on: one.due_on.to_string(),
    });
    Ok(Json(shown.collect()))
}

/// Write what a follow-up found.
#[utoipa::path(post, path = "/api/v1/follow-ups/{id}", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = FollowUpRequest,
    responses((status = 200, body = EpisodeReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_follow_up(
    State(app): State<App>,
    by: By<DecideEpisodes>,
    key: IdempotencyKey,
    Path(id): Path<Uuid>,
    Body(request): Body<FollowUpRequest>,
) -> Result<Receipt, Problem> {
    acts::follow_up(&app, &by.actor, &key, id, &request).await
}

/// One's own side of a conflict.
#[derive(Debug, Serialize, ToSchema)]
struct ConflictResponse {
    /// Its id.
    id: String,
    /// Why it wants a look.
    kind: String,
    /// In words.
    words: String,
    /// One's own enrolment.
    enrolment: String,
    /// One's own episode.
    episode: Option<String>,
    /// `open` or `closed`.
    state: String,
    /// What was found.
    outcome: Option<String>,
    /// When it was found (RFC 3339, UTC).
    found_at: String,
}

/// Conflicts that concern one's scope. The other side is never named.
#[utoipa::path(get, path = "/api/v1/evidence-conflicts", tag = "outcomes", security(("bearer" = [])),
    responses((status = 200, body = Vec<ConflictResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_conflicts(
    State(app): State<App>,
    by: By<SeeEvidence>,
) -> Result<Json<Vec<ConflictResponse>>, Problem> {
    let found = rows::conflicts(app.store.reader(), &Scope::of(&by.actor), None, 500).await?;
    let shown = found.into_iter().map(|one| ConflictResponse {
        id: one.id.to_string(),
        words: format!("{} / {}", one.kind.zh(), one.kind.en()),
        kind: one.kind.to_string(),
        enrolment: one.enrolment.to_string(),
        episode: one.episode.map(|id| id.to_string()),
        state: one.state,
        outcome: one.words,
        found_at: one
            .found_at
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    });
    Ok(Json(shown.collect()))
}

/// Close a conflict with what was found: both sides at once, by the lowest federation above both.
#[utoipa::path(post, path = "/api/v1/evidence-conflicts/{id}/close", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = CloseConflictRequest,
    responses((status = 200, body = ConflictReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn close_conflict(
    State(app): State<App>,
    by: By<DecideEpisodes>,
    key: IdempotencyKey,
    Path(id): Path<ConflictId>,
    Body(request): Body<CloseConflictRequest>,
) -> Result<Receipt, Problem> {
    arbitration::close_conflict(&app, &by.actor, &key, id, &request).await
}
