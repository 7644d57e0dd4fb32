//! The second person of two-person acts: approves or refuses what another proposed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::ids::ProposalId;
use serde::{Deserialize, Serialize};
use store::proposals::{Proposal, Waiting};
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::By;
use crate::access::permissions::{DecideProposals, SeeProposals};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::{Body, IdempotencyKey, Path, Query};
use crate::problem::{Code, Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_proposals))
        .routes(routes!(approve_proposal))
        .routes(routes!(refuse_proposal))
}

/// A decided proposal.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DecidedProposal {
    /// The proposal.
    pub proposal: String,
    /// `approved` or `refused`.
    pub state: String,
    /// What the act answered.
    pub outcome: serde_json::Value,
}

/// Approves a proposal: the act runs now, with both persons on record.
pub async fn approve(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: ProposalId,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "approve_proposal", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let proposal = open_proposal(&act, id).await?;
    if proposal.proposed_by == actor.person {
        return Err(Problem::new(Code::SecondPersonRequired));
    }
    confirm_as_officer(&mut act).await?;
    // The feature reads the thing in the actor's scope: a proposal elsewhere is not found.
    let outcome = dispatch(&mut act, &proposal).await?;
    store::proposals::decide(&act.tx, id, "approved", actor.person, None, act.now).await?;
    let receipt = DecidedProposal {
        proposal: id.to_string(),
        state: "approved".to_owned(),
        outcome,
    };
    act.finish(StatusCode::OK, &receipt, ("proposal", id)).await
}

/// A reviewer confirms with the powers of the officers of their federation, and has none to propose. The post on record
/// stays theirs.
async fn confirm_as_officer(act: &mut Act) -> Result<(), Problem> {
    if act.actor.role != Role::Reviewer {
        return Ok(());
    }
    let code = act.actor.federation.as_deref().unwrap_or("");
    let federation = store::reference::federation(&act.tx, code).await?;
    act.actor.role = federation
        .and_then(|federation| Role::officer_of(&federation.level))
        .ok_or_else(|| Problem::new(Code::Forbidden))?;
    Ok(())
}

async fn dispatch(act: &mut Act, proposal: &Proposal) -> Result<serde_json::Value, Problem> {
    match proposal.object_kind.as_str() {
        "admission" => crate::institutions::admission::execute(act, proposal).await,
        "program_version" => crate::programs::versions::execute(act, proposal).await,
        "cohort" => crate::cohorts::acts::execute(act, proposal).await,
        "certificate" => crate::certificates::change::execute(act, proposal).await,
        crate::trust::states::KIND => crate::trust::states::execute(act, proposal).await,
        crate::exports::bulk::KIND => crate::exports::bulk::execute(act, proposal).await,
        "policy_draft" => crate::grades::policies::execute(act, proposal).await,
        "grade_publication" => crate::grades::publications::execute(act, proposal).await,
        crate::assessments::KIND => crate::assessments::annulment::execute(act, proposal).await,
        "bulletin" => crate::bulletins::acts::execute(act, proposal).await,
        other => Err(Problem::internal(format!(
            "no feature runs proposals on {other}"
        ))),
    }
}

/// Why a proposal is refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseProposalRequest {
    /// Reason, 1 to 500 characters.
    pub reason: String,
}

/// Refuses a proposal; the proposer may take it back the same way.
pub async fn refuse(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: ProposalId,
    request: &RefuseProposalRequest,
) -> Result<Receipt, Problem> {
    if request.reason.trim().is_empty() || request.reason.chars().count() > 500 {
        return Err(Problem::field(
            "/reason",
            "length",
            "请写明理由(500 字以内)。",
            "Give a reason of up to 500 characters.",
        ));
    }
    let mut act = match app
        .begin(actor, key, "refuse_proposal", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let proposal = open_proposal(&act, id).await?;
    // Whoever declares an interest after proposing may take the proposal back.
    if proposal.proposed_by != actor.person {
        not_interested_about(&act, proposal.object_id).await?;
    }
    if proposal.object_kind == "admission" {
        crate::institutions::admission::refused(&mut act, &proposal, &request.reason).await?;
    }
    if proposal.object_kind == crate::exports::bulk::KIND {
        crate::exports::bulk::refused(&act, &proposal).await?;
    }
    store::proposals::decide(
        &act.tx,
        id,
        "refused",
        actor.person,
        Some(&request.reason),
        act.now,
    )
    .await?;
    act.record(Entry {
        kind: &proposal.object_kind,
        id: proposal.object_id,
        act: "refuse_proposal",
        reason: Some(&request.reason),
        evidence: &[id.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = DecidedProposal {
        proposal: id.to_string(),
        state: "refused".to_owned(),
        outcome: serde_json::Value::Null,
    };
    act.finish(StatusCode::OK, &receipt, ("proposal", id)).await
}

async fn open_proposal(act: &Act, id: ProposalId) -> Result<Proposal, Problem> {
    let proposal = store::proposals::find(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    // Before the state: a proposal elsewhere is not there, decided or not.
    in_scope(act, &proposal).await?;
    if proposal.state != "open" {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "这一提议已经办结。",
            "This proposal has been decided already.",
        ));
    }
    Ok(proposal)
}

/// Who decides sits in the federation of who proposed, or above it.
pub(crate) async fn in_scope(act: &Act, proposal: &Proposal) -> Result<(), Problem> {
    let own = act.actor.federation.as_deref().unwrap_or("");
    let theirs = store::accounts::federation_of_post(&act.tx, proposal.proposed_post).await?;
    match theirs {
        Some(theirs) if store::scope::looks_after(&act.tx, own, &theirs).await? => Ok(()),
        _ => Err(Problem::not_found()),
    }
}

/// Open proposals that were made in the actor's scope, oldest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    after: Option<ProposalId>,
    limit: u64,
) -> Result<Vec<Waiting>, Problem> {
    let scope = Scope::of(actor);
    Ok(store::proposals::open_list(app.store.reader(), &scope, after, limit).await?)
}

/// What to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProposalsQuery {
    /// At most so many, 1 to 100; 50 when not given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<ProposalId>,
}

/// A proposal that waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalRow {
    /// Its id.
    pub id: String,
    /// What kind of thing it acts on.
    pub object_kind: String,
    /// The thing.
    pub object_id: String,
    /// What the thing is called.
    pub subject: String,
    /// The act.
    pub act: String,
    /// Who proposed.
    pub proposer: String,
    /// Whether that is the asker, who cannot approve it.
    pub own: bool,
    /// When (RFC 3339, UTC).
    pub proposed_at: String,
    /// Until when it should be decided.
    pub due_at: Option<String>,
}

impl ProposalRow {
    /// A row as this actor sees it.
    pub fn new(row: Waiting, actor: &Actor) -> Self {
        let instant = |at: chrono::DateTime<chrono::Utc>| {
            at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        };
        Self {
            own: row.proposed_by == actor.person,
            id: row.id.to_string(),
            object_kind: row.object_kind,
            object_id: row.object_id.to_string(),
            subject: row.subject,
            act: row.act,
            proposer: row.proposer,
            proposed_at: instant(row.proposed_at),
            due_at: row.due_at.map(instant),
        }
    }
}

/// A page of proposals.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalsResponse {
    /// The proposals, oldest first.
    items: Vec<ProposalRow>,
    /// Give it as `cursor` for the next page.
    next: Option<String>,
}

/// Proposals that wait for their second person in one's scope.
#[utoipa::path(get, path = "/api/v1/proposals", tag = "proposals", security(("bearer" = [])), params(ProposalsQuery),
    responses((status = 200, body = ProposalsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_proposals(
    State(app): State<App>,
    by: By<SeeProposals>,
    Query(query): Query<ProposalsQuery>,
) -> Result<Json<ProposalsResponse>, Problem> {
    let limit = crate::fields::limit(query.limit, 50, 100)?;
    let found = list(&app, &by.actor, query.cursor, limit).await?;
    let full = u64::try_from(found.len()).unwrap_or(0) == limit;
    let items: Vec<ProposalRow> = found
        .into_iter()
        .map(|row| ProposalRow::new(row, &by.actor))
        .collect();
    let next = items.last().filter(|_| full).map(|row| row.id.clone());
    Ok(Json(ProposalsResponse { items, next }))
}

/// Approve what another person proposed.
#[utoipa::path(post, path = "/api/v1/proposals/{id}/approve", tag = "proposals", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = DecidedProposal), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn approve_proposal(
    State(app): State<App>,
    by: By<DecideProposals>,
    key: IdempotencyKey,
    Path(id): Path<ProposalId>,
) -> Result<Receipt, Problem> {
    approve(&app, &by.actor, &key, id).await
}

/// Refuse or take back a proposal.
#[utoipa::path(post, path = "/api/v1/proposals/{id}/refuse", tag = "proposals", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RefuseProposalRequest,
    responses((status = 200, body = DecidedProposal), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn refuse_proposal(
    State(app): State<App>,
    by: By<DecideProposals>,
    key: IdempotencyKey,
    Path(id): Path<ProposalId>,
    Body(request): Body<RefuseProposalRequest>,
) -> Result<Receipt, Problem> {
    refuse(&app, &by.actor, &key, id, &request).await
}
