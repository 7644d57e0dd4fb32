//! Transitions of an admission (grading.md 7), each with its condition, its second person, its leaf.

use axum::http::StatusCode;
use certs::log::LeafEntry;
use chrono::{DateTime, Days, Duration, Utc};
use domain::access::Actor;
use domain::ids::AdmissionId;
use domain::institution::{
    AdmissionStep, Cause, Grade, InstitutionState, InstitutionTransition, decide,
};
use store::institutions::Admission;
use store::proposals::Proposal;
use store::scope::Scope;

use super::apply::AdmissionReceipt;
use super::request::check;
pub use super::request::{ArrangementRequest, DocumentRequest, TransitionRequest};
pub(crate) use super::request::{check_document, check_points, check_sha256, sha256_of};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::{self, Phase};
use crate::cases::{causes, effects, terms};
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Kind of thing in timelines and proposals.
pub(crate) const KIND: &str = "admission";
/// The confirmation of an emergency stop by a second person.
const CONFIRM: &str = "T16-confirm";

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
    // One person proposes, and another decides: the rules of separation ask which of them acts.
    let two = InstitutionTransition::waits_for_second(request.transition);
    let phase = if two { Phase::Proposes } else { Phase::Decides };
    let facts = facts::gather(&act, &admission, request, phase).await?;
    let step = decide(&facts, request.transition, actor.role)?;
    if step.two_persons && !request.transition.confirmed_afterwards() {
        let proposal = act
            .propose(
                KIND,
                id.uuid(),
                request.transition.as_str(),
                request,
                admission.revision,
                Some(second_by(&act, &admission, request.transition).await?),
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
        confirm(act, &admission, proposal).await?;
        return serde_json::to_value(AdmissionReceipt::of(&admission, admission.revision))
            .map_err(Problem::internal);
    }
    let facts = facts::gather(act, &admission, &request, Phase::Decides).await?;
    let step = decide(&facts, request.transition, act.actor.role)?;
    let receipt = take(act, admission, step, &request, Some(proposal)).await?;
    serde_json::to_value(receipt).map_err(Problem::internal)
}

/// The second person confirms an emergency stop. After its 24 hours the stop still has its effect, since silence decides
/// nothing, and so it can still be confirmed; but that it was late stays on record (design.md 21).
async fn confirm(act: &mut Act, admission: &Admission, proposal: &Proposal) -> Result<(), Problem> {
    facts::not_interested(act, admission).await?;
    let late = proposal.due_at.filter(|due| act.now > *due).map(|due| {
        let due = due + Duration::hours(8);
        let due = due.format("%Y-%m-%d %H:%M");
        format!(
            "逾期确认:应于 {due} 前由第二人确认。Confirmed late: it was due by {due} (China time)."
        )
    });
    let state = admission.state.as_str();
    let entry = Entry {
        act: CONFIRM,
        reason_code: late.is_some().then_some("late"),
        reason: late.as_deref(),
        proposer: Some(proposal.proposed_by),
        ..Entry::default()
    };
    if late.is_some()
        && let Some(case) = store::cases::open_of(&act.tx, admission.id).await?
    {
        act.record(Entry {
            kind: "case",
            id: case.id.uuid(),
            ..entry
        })
        .await?;
    }
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        from: Some(state),
        to: Some(state),
        ..entry
    })
    .await
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
    facts::not_interested(act, &admission).await?;
    // Whatever ended the stop closed its confirmation; what else is suspended now was not stopped by this proposal.
    let stopped = store::cases::open_of(&act.tx, admission.id)
        .await?
        .is_some_and(|case| case.stage == InstitutionTransition::T16);
    if admission.state != InstitutionState::Suspended || !stopped {
        return Ok(());
    }
    let request = TransitionRequest {
        reason: Some(reason.to_owned()),
        ..TransitionRequest::of(InstitutionTransition::T18)
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

/// Until when a first signature waits for the second: as long as the act itself is owed, and no longer than a decision
/// takes. Nothing is decided by that day; whoever is silent is told, and then the next level.
async fn second_by(
    act: &Act,
    admission: &Admission,
    transition: InstitutionTransition,
) -> Result<DateTime<Utc>, Problem> {
    use InstitutionTransition as T;
    let owed: &[&str] = match transition {
        T::T06 => &["admission_decision"],
        T::T08 => &["admission_notice"],
        T::T15 => &["decide", "exit"],
        T::T19 => &["exit"],
        T::T20 => &["exit_decision"],
        _ => &[],
    };
    let latest = terms::working_days(act, act.app.policy.workflow.province_decision_wd);
    let until = store::cases::terms::open_of_admission(&act.tx, admission.id)
        .await?
        .into_iter()
        .filter(|term| owed.contains(&term.kind.as_str()) && term.due_on >= act.today)
        .map(|term| term.due_on)
        .fold(latest, Ord::min);
    Ok(domain::calendar::end_of(until))
}

async fn locked(act: &Act, id: AdmissionId) -> Result<Admission, Problem> {
    store::institutions::lock(&act.tx, &Scope::of(&act.actor), id)
        .await?
        .ok_or_else(Problem::not_found)
}

/// Takes a step that was decided: rows, leaf, timeline, and everything that follows from it.
pub(crate) async fn take(
    act: &mut Act,
    mut admission: Admission,
    step: AdmissionStep,
    request: &TransitionRequest,
    proposal: Option<&Proposal>,
) -> Result<AdmissionReceipt, Problem> {
    advance(act, &mut admission, step, request);
    if step.from == InstitutionState::Suspended {
        end_confirmation(act, &admission, proposal).await?;
    }
    let leaf = match step.transition {
        // The leaf of a grade names the run that it can be computed from.
        InstitutionTransition::T09 | InstitutionTransition::T10 => {
            Some(effects::grade(act, &mut admission, request.run).await?)
        }
        public if public.is_public() => {
            Some(publish(act, &admission, public.as_str(), step.from, step.to).await?)
        }
        _ => None,
    };
    let case = effects::follow(act, &mut admission, step, request, proposal).await?;
    admission.revision = store::institutions::update(&act.tx, &admission).await?;
    let document = document(act, request.document.as_ref()).await?;
    let aside = match request.sets_aside {
        Some(named) => store::cases::decisions::newest(&act.tx, admission.id, named).await?,
        None => None,
    };
    let evidence: Vec<String> = request
        .evidence_sha256
        .iter()
        .map(|hash| format!("sha256:{}", hash.trim().to_lowercase()))
        .chain(case.as_ref().map(|case| format!("case:{}", case.number)))
        .chain(aside.map(|one| format!("{}{}", store::cases::decisions::ASIDE, one.id)))
        .collect();
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        act: step.transition.as_str(),
        from: Some(step.from.as_str()),
        to: Some(step.to.as_str()),
        reason_code: request.cause.map(Cause::as_str),
        reason: request.reason.as_deref(),
        document,
        evidence: &evidence,
        leaf,
        proposer: proposal.map(|proposal| proposal.proposed_by),
        ..Entry::default()
    })
    .await?;
    causes::look(&act.app, &act.tx, &admission).await?;
    let mut receipt = AdmissionReceipt::of(&admission, admission.revision);
    receipt.leaf_index = leaf.map(|leaf| leaf.0);
    receipt.case = case.map(|case| case.number);
    Ok(receipt)
}

/// The stop is over: nobody confirms or refuses it any more.
async fn end_confirmation(
    act: &mut Act,
    admission: &Admission,
    decided: Option<&Proposal>,
) -> Result<(), Problem> {
    let open = store::proposals::open_for(&act.tx, &[admission.id.uuid()]).await?;
    for one in open {
        if one.act != CONFIRM || decided.is_some_and(|decided| decided.id == one.id) {
            continue;
        }
        store::proposals::decide(&act.tx, one.id, "lapsed", act.actor.person, None, act.now)
            .await?;
        act.record(Entry {
            kind: KIND,
            id: admission.id.uuid(),
            act: "lapse_proposal",
            reason_code: Some(CONFIRM),
            evidence: &[one.id.to_string()],
            ..Entry::default()
        })
        .await?;
    }
    Ok(())
}

/// Writes a document that was named, with its file.
pub(crate) async fn document(
    act: &mut Act,
    document: Option<&DocumentRequest>,
) -> Result<Option<domain::ids::DocumentId>, Problem> {
    let Some(document) = document else {
        return Ok(None);
    };
    let id = act
        .document(&document.number, &document.issuer, document.made_on)
        .await?;
    if let Some(file) = document.file {
        crate::files::attach(act, id, file).await?;
    }
    Ok(Some(id))
}

/// Dates and marks of the new state.
fn advance(act: &Act, admission: &mut Admission, step: AdmissionStep, request: &TransitionRequest) {
    use InstitutionTransition as T;
    let numbers = &act.app.policy.workflow;
    let working = |days: u32| Some(terms::working_days(act, days));
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
        // The terms of the review set its last day.
        T::T04 | T::T07 => admission.notice_until = None,
        T::T05 => admission.bar_until = days(numbers.reapply_days),
        T::T06 => {
            let days = numbers.admission_notice_wd;
            admission.notice_until = Some(act.app.calendar.notice_until(act.today, days));
            admission.due_on = admission.notice_until;
        }
        T::T08 => admission.grade = Some(Grade::P),
        T::T13 => admission.due_on = request.until,
        T::T15 => admission.state_before = Some(step.from),
        T::T16 => {
            admission.state_before = Some(step.from);
            admission.suspended_until = days(numbers.emergency_suspension_days);
        }
        T::T17 | T::T18 => {
            admission.state_before = None;
            admission.suspended_until = None;
            admission.due_on = request.until;
        }
        T::T19 => {
            admission.exit_before = Some(step.from);
            let days = numbers.exit_notice_wd;
            admission.notice_until = Some(act.app.calendar.notice_until(act.today, days));
            admission.due_on = admission.notice_until;
        }
        T::T21 | T::T23 => {
            admission.exit_before = None;
            admission.notice_until = None;
            admission.bar_until = None;
        }
        T::T25 => {
            admission.bar_until = None;
            if step.to == InstitutionState::UnderReview {
                admission.notice_until = None;
            }
            if step.to != InstitutionState::Suspended {
                admission.state_before = None;
                admission.suspended_until = None;
            }
        }
        T::T00 | T::T01 | T::T09 | T::T10 | T::T11 | T::T12 | T::T14 | T::T20 | T::T22 | T::T24 => {
        }
    }
}

/// Puts a decision on an admission into the public log; `word` is a transition, or what an appeal did.
pub(crate) async fn publish(
    act: &mut Act,
    admission: &Admission,
    word: &str,
    from: InstitutionState,
    to: InstitutionState,
) -> Result<domain::ids::LeafIndex, Problem> {
    let at = act.log_time().await?;
    let text = |text: &str| text.parse().map_err(Problem::internal);
    let entry = LeafEntry::InstitutionDecision {
        at,
        institution: admission
            .institution
            .credit_code
            .parse()
            .map_err(Problem::internal)?,
        federation: admission.federation.parse().map_err(Problem::internal)?,
        transition: text(word)?,
        from: text(from.as_str())?,
        to: text(to.as_str())?,
    };
    act.log(entry).await
}
