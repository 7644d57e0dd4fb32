//! The second person of two-person acts: approves or refuses what another proposed.

use axum::extract::State;
use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::ProposalId;
use serde::{Deserialize, Serialize};
use store::proposals::Proposal;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::By;
use crate::access::permissions::DecideProposals;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Code, Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
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

async fn dispatch(act: &mut Act, proposal: &Proposal) -> Result<serde_json::Value, Problem> {
    match proposal.object_kind.as_str() {
        "admission" => crate::institutions::admission::execute(act, proposal).await,
        "program_version" => crate::programs::versions::execute(act, proposal).await,
        "cohort" => crate::cohorts::acts::execute(act, proposal).await,
        "certificate" => crate::certificates::change::execute(act, proposal).await,
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
    in_scope(&act, &proposal).await?;
    if proposal.object_kind == "admission" {
        crate::institutions::admission::refused(&mut act, &proposal, &request.reason).await?;
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
    if proposal.state != "open" {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "这一提议已经办结。",
            "This proposal has been decided already.",
        ));
    }
    Ok(proposal)
}

/// A refusal needs the same scope and level as the act itself: the same federation as the proposer's, or above it.
async fn in_scope(act: &Act, proposal: &Proposal) -> Result<(), Problem> {
    let own = act.actor.federation.as_deref().unwrap_or("");
    let theirs = store::accounts::federation_of_post(&act.tx, proposal.proposed_post).await?;
    match theirs {
        Some(theirs) if store::scope::looks_after(&act.tx, own, &theirs).await? => Ok(()),
        _ => Err(Problem::not_found()),
    }
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
