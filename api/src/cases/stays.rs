//! What an appeal stays, and the end of the stay (grading.md 7): T10 (the old grade is shown), T15, and T20 unless for
//! fraud. The decision waits in the appeal; the admission says whose effect is stayed.

use domain::institution::appeal::Outcome;
use domain::institution::{InstitutionState, InstitutionTransition as T};
use store::cases::appeals::{self, Appeal};
use store::cases::results;
use store::institutions::Admission;

use crate::act::{Act, Entry};
use crate::cases::effects;
use crate::institutions::admission::{KIND, publish};
use crate::problem::Problem;

/// Stays the decision, where it is still the one in force. Fills in what it had given.
pub(crate) async fn begin(
    act: &mut Act,
    admission: &mut Admission,
    appeal: &mut Appeal,
) -> Result<(), Problem> {
    let from = admission.state;
    match appeal.against.transition() {
        Some(T::T10) => {
            let all = results::of(&act.tx, admission.id).await?;
            let Some(last) = all.iter().rfind(|one| one.row.decided) else {
                return Ok(());
            };
            appeal.stayed_grade = admission.grade;
            admission.grade = last.previous_grade;
            effects::grade_changed(act, admission).await?;
        }
        Some(T::T15) if from == InstitutionState::Suspended => {
            admission.state = InstitutionState::Rectifying;
        }
        Some(T::T20) if from == InstitutionState::Exited => {
            admission.state = InstitutionState::ExitNotice;
        }
        _ => return Ok(()),
    }
    appeal.stayed = true;
    appeal.stayed_state = Some(from);
    // A stay of the grade goes on beside one of the state, which is the graver and is named.
    if appeal.against == T::T10 {
        admission.grade_stayed = true;
        admission.stayed = admission.stayed.or(Some(T::T10));
    } else {
        admission.stayed = appeal.against.transition();
    }
    moved(act, admission, appeal, "stay", from).await
}

/// Ends the stay: the decision has its effect again, until something else is decided about it.
pub(crate) async fn end(
    act: &mut Act,
    admission: &mut Admission,
    appeal: &mut Appeal,
) -> Result<(), Problem> {
    if !appeal.stayed {
        return Ok(());
    }
    let from = admission.state;
    // An emergency stop in the meantime stands; the stayed state waits behind it no longer.
    let expected = match appeal.against.transition() {
        Some(T::T15) => from == InstitutionState::Rectifying,
        Some(T::T20) => from == InstitutionState::ExitNotice,
        _ => false,
    };
    if expected && let Some(state) = appeal.stayed_state {
        admission.state = state;
    }
    if appeal.against == T::T10 {
        admission.grade = appeal.stayed_grade;
        // An outcome that changes the grade tells its own.
        if !matches!(appeal.outcome, Some(Outcome::Upheld | Outcome::Varied)) {
            effects::grade_changed(act, admission).await?;
        }
    }
    appeal.stayed = false;
    if appeal.against == T::T10 {
        admission.grade_stayed = false;
        admission.stayed = admission.stayed.filter(|act| *act != T::T10);
    } else {
        admission.stayed = admission.grade_stayed.then_some(T::T10);
    }
    moved(act, admission, appeal, "stay_end", from).await
}

/// The decision is set aside while an appeal stays it: nothing is left that could have its effect again. The appeal goes on.
pub(crate) async fn fall(act: &Act, admission: &mut Admission, named: T) -> Result<(), Problem> {
    let stayed = if named == T::T10 {
        admission.grade_stayed
    } else {
        admission.stayed == Some(named)
    };
    // An outcome of appeal ended its own stay before.
    if !stayed {
        return Ok(());
    }
    for mut appeal in appeals::of(&act.tx, admission.id).await? {
        if appeal.stayed && appeal.against == named {
            appeal.stayed = false;
            appeals::update(&act.tx, &appeal).await?;
        }
    }
    if named == T::T10 {
        admission.grade_stayed = false;
        admission.stayed = admission.stayed.filter(|act| *act != T::T10);
    } else {
        admission.stayed = admission.grade_stayed.then_some(T::T10);
    }
    Ok(())
}

async fn moved(
    act: &mut Act,
    admission: &mut Admission,
    appeal: &Appeal,
    word: &str,
    from: InstitutionState,
) -> Result<(), Problem> {
    admission.state_since = act.now;
    let leaf = publish(act, admission, word, from, admission.state).await?;
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        act: word,
        from: Some(from.as_str()),
        to: Some(admission.state.as_str()),
        reason_code: Some(appeal.against.as_str()),
        evidence: &[format!("appeal:{}", appeal.number)],
        leaf: Some(leaf),
        ..Entry::default()
    })
    .await
}
