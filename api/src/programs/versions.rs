//! Acts on a version: filing, opinion, notice, publication by two persons, retirement (workflow.md 1).

use axum::http::StatusCode;
use certs::log::LeafEntry;
use domain::access::Actor;
use domain::program::{ProgramAct, ProgramFacts, ProgramState, ProgramStep, decide};
use serde::{Deserialize, Serialize};
use store::programs::Version;
use store::proposals::Proposal;
use store::scope::{NATIONAL, Scope};
use utoipa::ToSchema;

use super::drafts::{KIND, VersionReceipt};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// An act asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionActRequest {
    /// `file`, `return`, `review`, `publish`, `reject`, `retire`.
    #[schema(value_type = String, example = "file")]
    pub act: ProgramAct,
    /// Why, or the list of what to change: up to 500 characters.
    #[serde(default)]
    pub reason: Option<String>,
    /// `review`: the opinions of two experts, without their names.
    #[serde(default)]
    pub opinions: Vec<String>,
}

/// Takes an act, or leaves it for the second person.
pub async fn act_on(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    (code, number): (&str, u32),
    revision: i32,
    request: &VersionActRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.reason(request.reason.as_deref());
    for (index, opinion) in request.opinions.iter().enumerate() {
        faults.words(&format!("/opinions/{index}"), opinion, 5, 2_000);
    }
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "act_on_program", &(code, number, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let version = store::programs::find(&act.tx, &Scope::of(actor), code, number, true)
        .await?
        .ok_or_else(Problem::not_found)?;
    if version.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    not_interested_about(&act, version.id.uuid()).await?;
    let step = decide(&facts(&act, &version, request), request.act, actor.role)?;
    if step.two_persons {
        let id = version.id.uuid();
        let proposal = act
            .propose(
                KIND,
                id,
                request.act.as_str(),
                request,
                version.revision,
                None,
            )
            .await?;
        act.record(Entry {
            kind: KIND,
            id,
            act: "propose",
            reason_code: Some(request.act.as_str()),
            reason: request.reason.as_deref(),
            ..Entry::default()
        })
        .await?;
        let mut receipt = VersionReceipt::of(&version, version.revision);
        receipt.proposal_id = Some(proposal.to_string());
        return act
            .finish(StatusCode::ACCEPTED, &receipt, (KIND, version.id))
            .await;
    }
    let id = version.id;
    let receipt = take(&mut act, version, step, request, None).await?;
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Runs what the second person approved.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let request: VersionActRequest =
        serde_json::from_str(&proposal.request).map_err(Problem::internal)?;
    let id = proposal.object_id.into();
    let found = store::programs::by_id(&act.tx, id, false)
        .await?
        .ok_or_else(Problem::not_found)?;
    let version = store::programs::find(
        &act.tx,
        &Scope::of(&act.actor),
        &found.program.code,
        found.version,
        true,
    )
    .await?
    .ok_or_else(Problem::not_found)?;
    not_interested_about(act, version.id.uuid()).await?;
    let step = decide(&facts(act, &version, &request), request.act, act.actor.role)?;
    let receipt = take(act, version, step, &request, Some(proposal)).await?;
    serde_json::to_value(receipt).map_err(Problem::internal)
}

fn facts(act: &Act, version: &Version, request: &VersionActRequest) -> ProgramFacts {
    ProgramFacts {
        state: version.state,
        national_list: version.program.federation == NATIONAL,
        today: act.today,
        notice_until: version.notice_until,
        demand_stated: version.content.market_demand.is_some(),
        experts: request.opinions.len(),
        reason_given: request.reason.is_some(),
    }
}

async fn take(
    act: &mut Act,
    mut version: Version,
    step: ProgramStep,
    request: &VersionActRequest,
    proposal: Option<&Proposal>,
) -> Result<VersionReceipt, Problem> {
    version.state = step.to;
    version.state_since = act.now;
    match step.act {
        ProgramAct::Review => {
            let days = act.app.policy.workflow.program_notice_wd;
            version.notice_until = Some(act.app.calendar.notice_until(act.today, days));
        }
        ProgramAct::Return => version.notice_until = None,
        ProgramAct::Publish => version.published_on = Some(act.today),
        ProgramAct::Retire => version.retired_on = Some(act.today),
        ProgramAct::File | ProgramAct::Reject => {}
    }
    if step.act == ProgramAct::Publish
        && let Some(old) = store::programs::published(&act.tx, &version.program.code).await?
    {
        replace(act, old).await?;
    }
    let revision = store::programs::update(&act.tx, &version).await?;
    let leaf = if version.state.is_public() {
        Some(publish(act, &version).await?)
    } else {
        None
    };
    act.record(Entry {
        kind: KIND,
        id: version.id.uuid(),
        act: step.act.as_str(),
        from: Some(step.from.as_str()),
        to: Some(step.to.as_str()),
        reason: request.reason.as_deref(),
        evidence: &request.opinions,
        leaf,
        proposer: proposal.map(|proposal| proposal.proposed_by),
        ..Entry::default()
    })
    .await?;
    let mut receipt = VersionReceipt::of(&version, revision);
    receipt.leaf_index = leaf.map(|leaf| leaf.0);
    Ok(receipt)
}

/// The version that stood before gives way: running classes keep it, new ones cannot be opened.
async fn replace(act: &mut Act, mut old: Version) -> Result<(), Problem> {
    old.state = ProgramState::Superseded;
    old.state_since = act.now;
    old.superseded_on = Some(act.today);
    store::programs::update(&act.tx, &old).await?;
    let leaf = publish(act, &old).await?;
    act.record(Entry {
        kind: KIND,
        id: old.id.uuid(),
        act: "supersede",
        from: Some(ProgramState::Published.as_str()),
        to: Some(ProgramState::Superseded.as_str()),
        leaf: Some(leaf),
        ..Entry::default()
    })
    .await
}

async fn publish(act: &mut Act, version: &Version) -> Result<domain::ids::LeafIndex, Problem> {
    let at = act.log_time().await?;
    let entry = LeafEntry::ProgramPublication {
        at,
        program: version.program.code.parse().map_err(Problem::internal)?,
        version: version.version,
        federation: version
            .program
            .federation
            .parse()
            .map_err(Problem::internal)?,
        to: version.state.as_str().parse().map_err(Problem::internal)?,
    };
    act.log(entry).await
}
