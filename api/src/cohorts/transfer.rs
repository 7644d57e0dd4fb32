//! Trainees go on in a class of another institution when theirs leaves (grading.md 7, "On exit"): the former enrolment is
//! `transferred` and leaves completion, the new one counts, with the minutes attended before.

use std::collections::HashMap;

use domain::cohort::CohortState;
use domain::enrolment::{ApplicationFault, Days, EnrolmentAct, EnrolmentState};
use domain::ids::{CohortId, EnrolmentId};
use store::cohorts::Cohort;
use store::enrolments::Enrolment;

use super::acts::move_all;
use super::enrolments::in_standing;
use super::lock;
use crate::act::{Act, Entry};
use crate::problem::Problem;

/// Enrols the trainees of a class that was just transferred in the receiving one. `members` is how they stood before.
pub(super) async fn carry_on(
    act: &mut Act,
    former: &Cohort,
    receiving: CohortId,
    members: &[Enrolment],
) -> Result<(), Problem> {
    let moved: Vec<&Enrolment> = members
        .iter()
        .filter(|one| one.state.is_trainee())
        .collect();
    let class = lock(act, receiving).await?;
    let open = matches!(class.state, CohortState::Enrolling | CohortState::Running)
        && class.end_on >= act.today
        && class.institution != former.institution;
    if !open {
        return Err(Problem::field(
            "/receiving_cohort",
            "not-receiving",
            "接收班期须是其他机构正在报名或培训中的班期。",
            "The receiving class is one of another institution that is enrolling or running.",
        ));
    }
    in_standing(act, &class).await?;
    let there = store::enrolments::of_cohort(&act.tx, receiving).await?;
    let taken = there.iter().filter(|one| one.state.takes_time()).count();
    let free = usize::try_from(class.places)
        .unwrap_or(usize::MAX)
        .saturating_sub(taken);
    let people: Vec<_> = moved.iter().map(|one| one.person).collect();
    store::persons::lock(&act.tx, &people).await?;
    let days = Days {
        start_on: class.start_on,
        end_on: class.end_on,
    };
    let busy = store::enrolments::overlapping(&act.tx, &people, receiving, days).await?;
    let known = there.iter().any(|one| people.contains(&one.person));
    let fault = if moved.len() > free {
        Some(ApplicationFault::NoPlaces)
    } else if !busy.is_empty() || known {
        Some(ApplicationFault::OverlappingCohort)
    } else {
        None
    };
    if let Some(fault) = fault {
        return Err(Problem::field(
            "/receiving_cohort",
            fault.as_str(),
            fault.zh(),
            fault.en(),
        ));
    }
    let attended = store::results::attendance(&act.tx, former.id).await?;
    let minutes: HashMap<EnrolmentId, u32> = attended
        .into_iter()
        .map(|(id, total)| (id, total.minutes))
        .collect();
    let app = act.app.clone();
    let (mut new, mut totals) = (Vec::new(), Vec::new());
    for one in moved {
        let id: EnrolmentId = act.new_id();
        let brought = minutes.get(&one.id).copied().unwrap_or(0);
        let to = (id, receiving);
        let vault = app.store.vault();
        if store::transfers::carry_on(&act.tx, vault, one, to, brought, act.now).await? {
            act.record(Entry {
                kind: "enrolment",
                id: id.uuid(),
                act: "transfer_in",
                to: Some(EnrolmentState::Applied.as_str()),
                evidence: &[format!("enrolment:{}", one.id)],
                ..Entry::default()
            })
            .await?;
            new.push(id);
            totals.push((id, brought));
        }
    }
    let reason = Some("transferred");
    let applied = EnrolmentState::Applied;
    move_all(act, &new, applied, EnrolmentAct::Admit, reason, None).await?;
    if class.state == CohortState::Running {
        let admitted = EnrolmentState::Admitted;
        move_all(act, &new, admitted, EnrolmentAct::Enrol, reason, None).await?;
    }
    if totals.iter().any(|(_, minutes)| *minutes > 0) {
        store::results::record_attendance(&act.tx, &totals, act.actor.person, act.now).await?;
    }
    let object = receiving.uuid();
    act.record(Entry {
        kind: super::acts::KIND,
        id: object,
        act: "transfer_in",
        evidence: &[format!("cohort:{}", former.id)],
        ..Entry::default()
    })
    .await
}
