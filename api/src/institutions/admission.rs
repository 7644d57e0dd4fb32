//! Transitions of an admission (grading.md 7), each with its condition, its second person, its leaf.

use axum::http::StatusCode;
use certs::log::LeafEntry;
use chrono::{Days, Duration, NaiveDate};
use domain::Phone;
use domain::access::Actor;
use domain::ids::AdmissionId;
use domain::institution::{
    AdmissionFacts, AdmissionStep, InstitutionState, InstitutionTransition, decide,
};
use serde::{Deserialize, Serialize};
use store::institutions::Admission;
use store::proposals::Proposal;
use store::scope::Scope;
use utoipa::ToSchema;

use super::apply::AdmissionReceipt;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Kind of thing in timelines and proposals.
pub(crate) const KIND: &str = "admission";
/// The confirmation of an emergency stop by a second person.
const CONFIRM: &str = "T16-confirm";

/// The official document that a decision rests on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentRequest {
    /// Number (文号).
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// Date of making.
    pub made_on: NaiveDate,
    /// The document itself, uploaded before at `/api/v1/files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub file: Option<domain::ids::FileId>,
}

/// A transition asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionRequest {
    /// `T02` to `T08`, `T16`, `T18`.
    #[schema(value_type = String, example = "T04")]
    pub transition: InstitutionTransition,
    /// Why, or the full list of what is missing (T02): up to 500 characters.
    #[serde(default)]
    pub reason: Option<String>,
    /// Document.
    #[serde(default)]
    pub document: Option<DocumentRequest>,
    /// T03: the new address.
    #[serde(default)]
    pub address: Option<String>,
    /// T03: the new telephone.
    #[serde(default)]
    pub phone: Option<String>,
}

fn check(request: &TransitionRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.reason(request.reason.as_deref());
    if let Some(document) = &request.document {
        faults.text("/document/number", &document.number, 1, 100);
        faults.text("/document/issuer", &document.issuer, 1, 100);
    }
    let completing = request.transition == InstitutionTransition::T03;
    if let Some(address) = &request.address {
        faults.text("/address", address, 2, 200);
    }
    if let Some(phone) = &request.phone {
        faults.took("/phone", Phone::parse_organisation(phone));
    }
    if !completing && (request.address.is_some() || request.phone.is_some()) {
        faults.add(
            "/address",
            "only-completion",
            "只有补正(T03)可以修改地址和电话。",
            "Address and telephone change with T03 only.",
        );
    }
    faults.finish()
}

/// Takes a transition, or leaves it for the second person.
pub async fn transition(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    revision: i32,
    request: &TransitionRequest,
) -> Result<Receipt, Problem> {
    check(request)?;
    let mut act = match app
        .begin(actor, key, "transition_institution", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    if admission.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    let step = decide(
        &facts(&act, &admission, request).await?,
        request.transition,
        actor.role,
    )?;
    if step.two_persons && !request.transition.confirmed_afterwards() {
        let proposal = act
            .propose(
                KIND,
                id.uuid(),
                request.transition.as_str(),
                request,
                admission.revision,
                None,
            )
            .await?;
        act.record(Entry {
            kind: KIND,
            id: id.uuid(),
            act: "propose",
            reason_code: Some(request.transition.as_str()),
            reason: request.reason.as_deref(),
            ..Entry::default()
        })
        .await?;
        let mut receipt = AdmissionReceipt::of(&admission, admission.revision);
        receipt.proposal_id = Some(proposal.to_string());
        return act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await;
    }
    let mut receipt = take(&mut act, admission, step, request, None).await?;
    if step.two_persons {
        let hours = i64::from(app.policy.workflow.second_confirm_hours);
        let due = act.now + Duration::hours(hours);
        let proposal = act
            .propose(
                KIND,
                id.uuid(),
                CONFIRM,
                request,
                receipt.revision,
                Some(due),
            )
            .await?;
        receipt.proposal_id = Some(proposal.to_string());
    }
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Runs what the second person approved.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let request: TransitionRequest =
        serde_json::from_str(&proposal.request).map_err(Problem::internal)?;
    let admission = locked(act, proposal.object_id.into()).await?;
    if proposal.act == CONFIRM {
        act.record(Entry {
            kind: KIND,
            id: admission.id.uuid(),
            act: CONFIRM,
            from: Some(admission.state.as_str()),
            to: Some(admission.state.as_str()),
            proposer: Some(proposal.proposed_by),
            ..Entry::default()
        })
        .await?;
        return serde_json::to_value(AdmissionReceipt::of(&admission, admission.revision))
            .map_err(Problem::internal);
    }
    let step = decide(
        &facts(act, &admission, &request).await?,
        request.transition,
        act.actor.role,
    )?;
    let receipt = take(act, admission, step, &request, Some(proposal)).await?;
    serde_json::to_value(receipt).map_err(Problem::internal)
}

/// An emergency stop that the second person does not confirm ends at once; other proposals just lapse.
pub(crate) async fn refused(
    act: &mut Act,
    proposal: &Proposal,
    reason: &str,
) -> Result<(), Problem> {
    if proposal.act != CONFIRM {
        return Ok(());
    }
    let admission = locked(act, proposal.object_id.into()).await?;
    if admission.state != InstitutionState::Suspended {
        return Ok(());
    }
    let request = TransitionRequest {
        transition: InstitutionTransition::T18,
        reason: Some(reason.to_owned()),
        document: None,
        address: None,
        phone: None,
    };
    let before = admission
        .state_before
        .unwrap_or(InstitutionState::Provisional);
    let step = AdmissionStep {
        transition: InstitutionTransition::T18,
        from: admission.state,
        to: before,
        two_persons: true,
    };
    take(act, admission, step, &request, Some(proposal))
        .await
        .map(|_| ())
}

async fn locked(act: &Act, id: AdmissionId) -> Result<Admission, Problem> {
    store::institutions::lock(&act.tx, &Scope::of(&act.actor), id)
        .await?
        .ok_or_else(Problem::not_found)
}

async fn facts(
    act: &Act,
    admission: &Admission,
    request: &TransitionRequest,
) -> Result<AdmissionFacts, Problem> {
    let object = admission.id.uuid();
    let local = store::cohorts::local_federation(&act.tx, &admission.site_region)
        .await?
        .ok_or_else(|| Problem::internal("no federation looks after a site"))?;
    Ok(AdmissionFacts {
        state: admission.state,
        state_before: admission.state_before,
        today: act.today,
        due_on: admission.due_on,
        notice_until: admission.notice_until,
        returned_before: admission.returned_count > 0,
        open_objections: store::objections::count(&act.tx, object, "open", admission.applied_at)
            .await?,
        accepted_objections: store::objections::count(
            &act.tx,
            object,
            "accepted",
            admission.state_since,
        )
        .await?,
        sites: store::institutions::count_sites(&act.tx, admission.institution.id).await?,
        reason_given: request.reason.is_some(),
        local_role: local.role,
    })
}

async fn take(
    act: &mut Act,
    mut admission: Admission,
    step: AdmissionStep,
    request: &TransitionRequest,
    proposal: Option<&Proposal>,
) -> Result<AdmissionReceipt, Problem> {
    advance(act, &mut admission, step, request);
    let revision = store::institutions::update(&act.tx, &admission).await?;
    let leaf = if step.transition.is_public() {
        Some(publish(act, &admission, step).await?)
    } else {
        None
    };
    let document = match &request.document {
        Some(document) => {
            let id = act
                .document(&document.number, &document.issuer, document.made_on)
                .await?;
            if let Some(file) = document.file {
                crate::files::attach(act, id, file).await?;
            }
            Some(id)
        }
        None => None,
    };
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        act: step.transition.as_str(),
        from: Some(step.from.as_str()),
        to: Some(step.to.as_str()),
        reason: request.reason.as_deref(),
        document,
        leaf,
        proposer: proposal.map(|proposal| proposal.proposed_by),
        ..Entry::default()
    })
    .await?;
    let mut receipt = AdmissionReceipt::of(&admission, revision);
    receipt.leaf_index = leaf.map(|leaf| leaf.0);
    Ok(receipt)
}

/// Dates and marks of the new state.
fn advance(act: &Act, admission: &mut Admission, step: AdmissionStep, request: &TransitionRequest) {
    use InstitutionTransition as T;
    let numbers = &act.app.policy.workflow;
    let working = |days: u32| Some(act.app.calendar.add_working_days(act.today, days));
    let days = |days: u32| act.today.checked_add_days(Days::new(u64::from(days)));
    admission.state = step.to;
    admission.state_since = act.now;
    admission.due_on = None;
    match step.transition {
        T::T02 => {
            admission.returned_count += 1;
            admission.due_on = working(numbers.completion_wd);
        }
        T::T03 => {
            admission.due_on = working(numbers.completeness_wd);
            if let Some(address) = &request.address {
                admission.address = address.trim().to_owned();
            }
            if let Some(phone) = &request.phone {
                admission.phone = phone.trim().to_owned();
            }
        }
        T::T04 | T::T07 => {
            admission.notice_until = None;
            admission.due_on = working(
                numbers.county_opinion_wd
                    + numbers.prefecture_visit_wd
                    + numbers.province_decision_wd,
            );
        }
        T::T05 => admission.bar_until = days(numbers.reapply_days),
        T::T06 => {
            let days = numbers.admission_notice_wd;
            admission.notice_until = Some(act.app.calendar.notice_until(act.today, days));
            admission.due_on = admission.notice_until;
        }
        T::T08 => admission.grade = Some("P".to_owned()),
        T::T16 => {
            admission.state_before = Some(step.from);
            admission.suspended_until = days(numbers.emergency_suspension_days);
        }
        T::T18 => {
            admission.state_before = None;
            admission.suspended_until = None;
        }
        T::T01 | T::T24 => {}
    }
}

async fn publish(
    act: &mut Act,
    admission: &Admission,
    step: AdmissionStep,
) -> Result<domain::ids::LeafIndex, Problem> {
    let at = act.log_time().await?;
    let word = |text: &str| text.parse().map_err(Problem::internal);
    let entry = LeafEntry::InstitutionDecision {
        at,
        institution: admission
            .institution
            .credit_code
            .parse()
            .map_err(Problem::internal)?,
        federation: admission.federation.parse().map_err(Problem::internal)?,
        transition: word(step.transition.as_str())?,
        from: word(step.from.as_str())?,
        to: word(step.to.as_str())?,
    };
    act.log(entry).await
}
