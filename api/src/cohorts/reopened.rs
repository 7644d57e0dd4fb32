//! What an upheld appeal lets be done again in a class (workflow.md 6): an applicant who was refused is admitted, a result
//! is marked anew, attendance is corrected after acceptance. Nothing happens by itself.

use std::collections::HashSet;

use domain::cohort::CohortState;
use domain::completion::outcome;
use domain::enrolment::{ApplicationFault, Days, EnrolmentAct, EnrolmentState, next_after_appeal};
use domain::ids::EnrolmentId;
use domain::institution::appealed::Grievance;
use store::cohorts::Cohort;
use store::enrolments::Enrolment;

use super::rules;
use crate::act::{Act, Entry};
use crate::problem::{Code, Problem};

/// Those of these enrolments about which an appeal against such an act was upheld.
pub(super) async fn of(
    act: &Act,
    against: Grievance,
    enrolments: &[EnrolmentId],
) -> Result<HashSet<EnrolmentId>, Problem> {
    let ids: Vec<_> = enrolments.iter().map(|id| id.uuid()).collect();
    let found = store::cases::grievances::upheld(&act.tx, against, &ids).await?;
    Ok(found.into_iter().map(EnrolmentId::new).collect())
}

/// Admits applicants whose refusal was set aside, if there is a place and the person has the time.
pub(super) async fn admit(
    act: &mut Act,
    cohort: &Cohort,
    members: &[Enrolment],
    chosen: &[EnrolmentId],
) -> Result<(), Problem> {
    if chosen.is_empty() {
        return Ok(());
    }
    let people: Vec<_> = members
        .iter()
        .filter(|one| chosen.contains(&one.id))
        .map(|one| one.person)
        .collect();
    store::persons::lock(&act.tx, &people).await?;
    let days = Days {
        start_on: cohort.start_on,
        end_on: cohort.end_on,
    };
    let busy = store::enrolments::overlapping(&act.tx, &people, cohort.id, days).await?;
    let taken = members.iter().filter(|one| one.state.takes_time()).count();
    let free = usize::try_from(cohort.places)
        .unwrap_or(usize::MAX)
        .saturating_sub(taken);
    let fault = if !busy.is_empty() {
        Some(ApplicationFault::OverlappingCohort)
    } else if chosen.len() > free {
        Some(ApplicationFault::NoPlaces)
    } else {
        None
    };
    if let Some(fault) = fault {
        return Err(Problem::new(Code::TransitionRefused).with_detail(fault.zh(), fault.en()));
    }
    step(act, chosen, EnrolmentState::Rejected, EnrolmentAct::Admit).await
}

/// In a class that was accepted, a result or an attendance that was put right may complete a trainee after all.
pub(super) async fn settle(
    act: &mut Act,
    cohort: &Cohort,
    enrolments: &[EnrolmentId],
) -> Result<(), Problem> {
    if !matches!(cohort.state, CohortState::Accepted | CohortState::Archived) {
        return Ok(());
    }
    let rules = rules(&act.app);
    let attendance = store::results::attendance(&act.tx, cohort.id).await?;
    let results = store::results::assessments(&act.tx, cohort.id).await?;
    let members = store::enrolments::of_cohort(&act.tx, cohort.id).await?;
    for member in members.iter().filter(|one| enrolments.contains(&one.id)) {
        let result = results.get(&member.id).map(|marked| marked.result);
        let total = attendance.get(&member.id).copied();
        let with = outcome(total, result, cohort.planned_hours, &rules);
        if next_after_appeal(member.state, with).is_ok() {
            step(act, &[member.id], member.state, with).await?;
        }
    }
    Ok(())
}

async fn step(
    act: &mut Act,
    ids: &[EnrolmentId],
    from: EnrolmentState,
    with: EnrolmentAct,
) -> Result<(), Problem> {
    let to = next_after_appeal(from, with)?;
    let reason = Some("appeal_upheld");
    store::enrolments::set_state(&act.tx, ids, from, to, reason, act.now).await?;
    let entries = ids.iter().map(|id| Entry {
        kind: "enrolment",
        id: id.uuid(),
        act: with.as_str(),
        from: Some(from.as_str()),
        to: Some(to.as_str()),
        reason_code: reason,
        ..Entry::default()
    });
    act.record_all(entries).await
}
