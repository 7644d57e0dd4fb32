//! Annulment, by two persons with a reason: the score falls away in every later freeze.

use axum::http::StatusCode;
use domain::access::Actor;
use domain::assessment::AssessmentAct;
use domain::ids::AssessmentId;
use serde::{Deserialize, Serialize};
use store::proposals::Proposal;
use utoipa::ToSchema;

use super::commissioning::on_admission;
use super::held::Held;
use super::{AssessmentReceipt, KIND, keep};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::Problem;

/// Why an assessment is annulled.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnulRequest {
    /// Reason, 5 to 500 characters.
    pub reason: String,
}

/// Proposes to annul an assessment; a second person approves.
pub async fn propose(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &AnnulRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "annul_assessment", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    held.decide(&act, AssessmentAct::Annul).await?;
    let proposal = act
        .propose(KIND, id.uuid(), "annul", request, revision, None)
        .await?;
    let mut receipt = AssessmentReceipt::of(&held.row);
    receipt.proposal_id = Some(proposal.to_string());
    act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await
}

/// Annuls what another person proposed to annul.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let request: AnnulRequest =
        serde_json::from_str(&proposal.request).map_err(Problem::internal)?;
    let id = AssessmentId::new(proposal.object_id);
    let held = Held::found(act, id).await?;
    let to = held.decide(act, AssessmentAct::Annul).await?;
    let mut row = held.row;
    let from = row.state;
    row.state = to;
    row.due_on = None;
    row.annulled_reason = Some(request.reason.clone());
    store::cases::terms::meet(&act.tx, id.uuid(), &[], act.today).await?;
    super::visits::close(act, id).await?;
    let entry = Entry {
        act: "annul",
        reason: Some(&request.reason),
        proposer: Some(proposal.proposed_by),
        ..Entry::default()
    };
    keep(act, &mut row, from, entry).await?;
    on_admission(act, &row, "assessment_annulled").await?;
    serde_json::to_value(AssessmentReceipt::of(&row)).map_err(Problem::internal)
}
