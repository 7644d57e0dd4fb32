//! Batches: the institution proposes, a different person at province level approves (design decision 10).

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::{BatchId, CohortId, EnrolmentId};
use serde::{Deserialize, Serialize};
use store::certificates::Batch;
use store::scope::Scope;
use utoipa::ToSchema;

use super::hold::{self, HoldItem};
use super::issue;
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, FieldError, Problem, Sentence};

/// Which trainees get a certificate; all who are eligible when none are named.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeBatchRequest {
    /// Enrolments; when absent, every trainee who meets the conditions.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub enrolments: Option<Vec<EnrolmentId>>,
}

/// A proposed batch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProposedBatch {
    /// The batch.
    pub batch: String,
    /// Its cohort.
    pub cohort: String,
    /// `proposed`.
    pub state: String,
    /// How many certificates it asks for.
    pub count: usize,
    /// Why a second officer must look at it before it is approved; empty when nothing speaks against it.
    pub holds: Vec<HoldItem>,
    /// Trainees of the cohort who do not get one, with every reason.
    pub not_eligible: Vec<NotEligible>,
}

/// A trainee who does not meet the conditions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotEligible {
    /// Enrolment.
    pub enrolment: String,
    /// Codes of the conditions that are not met.
    pub reasons: Vec<String>,
}

/// Proposes a batch. Named trainees must all be eligible; with none named, those who are not are listed.
pub async fn propose(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    cohort: CohortId,
    request: &ProposeBatchRequest,
) -> Result<Receipt, Problem> {
    crate::papers::warm(app).await;
    let mut act = match app
        .begin(actor, key, "propose_batch", &(cohort, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let scope = Scope::of(actor);
    let facts = store::certificates::cohort_for_issue(&act.tx, &scope, cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    let mut all = store::certificates::enrolments_of_cohort(&act.tx, cohort).await?;
    let waiting = store::certificates::waiting_in_batches(&act.tx, cohort).await?;
    let wanted: Vec<EnrolmentId> = match &request.enrolments {
        None => {
            all.retain(|id| !waiting.contains(id));
            if all.is_empty() && !waiting.is_empty() {
                return Err(Problem::new(Code::OpenProposal));
            }
            all
        }
        Some(named) => {
            let unknown = named
                .iter()
                .enumerate()
                .filter(|(_, id)| !all.contains(id))
                .map(|(index, _)| FieldError {
                    pointer: format!("/enrolments/{index}"),
                    code: "unknown-enrolment".to_owned(),
                    detail: Sentence::new(
                        "这名学员不在本班期。",
                        "This trainee is not in the cohort.",
                    ),
                });
            let unknown: Vec<FieldError> = unknown.collect();
            if !unknown.is_empty() {
                return Err(Problem::new(Code::InvalidRequest).with_errors(unknown));
            }
            if named.iter().any(|id| waiting.contains(id)) {
                return Err(Problem::new(Code::OpenProposal));
            }
            named.clone()
        }
    };
    let batch = Batch {
        id: act.new_id(),
        cohort,
        state: "proposed".to_owned(),
        proposed_by: actor.person,
        proposed_at: act.now,
        decided_by: None,
        decided_at: None,
        tree_size: None,
        revision: 1,
    };
    // The rows of all wanted are written first, so that the gates read them as the approval will.
    store::certificates::insert_batch(&act.tx, &batch, &dedup(&wanted)).await?;
    let candidates =
        store::certificates::candidates(&act.tx, app.store.vault(), batch.id, act.today).await?;
    let outcome = issue::gates(app, &facts, &candidates)?;
    let refused = outcome.refused;
    if let Some(failures) = outcome.batch {
        return Err(issue::batch_problem(&failures, outcome.class_unprintable));
    }
    if request.enrolments.is_some() && !refused.is_empty() {
        return Err(issue::gates_problem(&refused, &outcome.unprintable));
    }
    let count = candidates.len() - refused.len();
    if count == 0 {
        return Err(issue::gates_problem(&refused, &outcome.unprintable));
    }
    let leave_out: Vec<EnrolmentId> = refused.iter().map(|(enrolment, _)| *enrolment).collect();
    store::certificates::remove_batch_items(&act.tx, batch.id, &leave_out).await?;
    let asked =
        store::certificates::candidates(&act.tx, app.store.vault(), batch.id, act.today).await?;
    let holds = hold::reasons(&act, cohort, facts.planned_hours, &asked).await?;
    act.record(Entry {
        kind: "cohort",
        id: cohort.uuid(),
        act: "propose_certificates",
        evidence: &[batch.id.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = ProposedBatch {
        batch: batch.id.to_string(),
        cohort: cohort.to_string(),
        state: batch.state,
        count,
        holds: holds.into_iter().map(Into::into).collect(),
        not_eligible: refused
            .iter()
            .map(|(enrolment, failures)| NotEligible {
                enrolment: enrolment.to_string(),
                reasons: failures
                    .iter()
                    .map(|failure| failure.as_str().to_owned())
                    .collect(),
            })
            .collect(),
    };
    act.finish(StatusCode::CREATED, &receipt, ("batch", batch.id))
        .await
}

fn dedup(ids: &[EnrolmentId]) -> Vec<EnrolmentId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Why a batch is refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseBatchRequest {
    /// Reason, 1 to 500 characters.
    pub reason: String,
}

/// A decided batch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DecidedBatch {
    /// The batch.
    pub batch: String,
    /// `refused`.
    pub state: String,
}

/// Refuses a proposed batch; nothing is issued and the institution may propose anew.
pub async fn refuse(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: BatchId,
    request: &RefuseBatchRequest,
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
        .begin(actor, key, "refuse_batch", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let batch = store::certificates::batch(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    store::certificates::cohort_for_issue(&act.tx, &Scope::of(actor), batch.cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    not_interested_about(&act, batch.cohort.uuid()).await?;
    issue::must_be_proposed(&batch)?;
    store::certificates::decide_batch(
        &act.tx,
        id,
        "refused",
        actor.person,
        Some(&request.reason),
        None,
        act.now,
    )
    .await?;
    act.record(Entry {
        kind: "cohort",
        id: batch.cohort.uuid(),
        act: "refuse_certificates",
        reason: Some(&request.reason),
        evidence: &[id.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = DecidedBatch {
        batch: id.to_string(),
        state: "refused".to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, ("batch", id)).await
}
