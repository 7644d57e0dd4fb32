//! Which decision a state follows from: what was lifted, not upheld or set aside has no effect any more.

use super::{InstitutionState as S, InstitutionTransition as T};

/// A decision: the act, the state before, the state after.
pub type Told = (T, Option<S>, Option<S>);

/// What is left of the decisions, oldest first: the positions of those that stand, and which were set aside.
fn walk(all: &[Told]) -> (Vec<usize>, Vec<bool>) {
    let mut standing: Vec<usize> = Vec::new();
    let mut undone = vec![false; all.len()];
    for (at, (act, from, to)) in all.iter().enumerate() {
        if from == to {
            // A grade leaves the state as it is; so does setting one aside.
            if *act == T::T25 {
                let grade = |one: &usize| matches!(all[*one].0, T::T09 | T::T10) && !undone[*one];
                if let Some(last) = (0..at).rev().find(grade) {
                    undone[last] = true;
                }
            }
            continue;
        }
        let stands = matches!(to, Some(S::Provisional | S::Graded | S::UnderReview));
        let back = match act {
            T::T21 | T::T23 | T::T25 => true,
            // An emergency stop that nobody confirmed.
            T::T18 => !stands,
            _ => false,
        };
        if !back {
            standing.push(at);
            continue;
        }
        let kept = standing
            .iter()
            .rposition(|one| all[*one].2 == *to)
            .map_or(standing.len().saturating_sub(1), |found| found + 1);
        for fallen in standing.drain(kept..) {
            undone[fallen] = matches!(act, T::T23 | T::T25);
        }
    }
    (standing, undone)
}

/// The decisions that the present state follows from, of all on an admission, oldest first: the newest that changed it, and
/// the one that led to it before, where the newest only led back. Each with the state before it.
pub fn followed(all: &[Told]) -> Vec<(T, Option<S>)> {
    let newest = all.iter().rfind(|(_, from, to)| from != to);
    let (standing, _) = walk(all);
    let mut found: Vec<(T, Option<S>)> = newest
        .into_iter()
        .chain(standing.last().map(|at| &all[*at]))
        .map(|(act, from, _)| (*act, *from))
        .collect();
    found.dedup();
    found
}

/// Which of the decisions on an admission, oldest first, were set aside later (T25), or fell with what was (T23).
pub fn undone(all: &[Told]) -> Vec<bool> {
    walk(all).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(all: &[(T, S, S)]) -> Vec<T> {
        let all: Vec<Told> = all
            .iter()
            .map(|(act, from, to)| (*act, Some(*from), Some(*to)))
            .collect();
        followed(&all).into_iter().map(|(act, _)| act).collect()
    }

    #[test]
    fn a_state_follows_from_the_newest_decision_and_what_that_led_back_to() {
        let warned = (T::T11, S::Graded, S::Warned);
        let lifted = (T::T12, S::Warned, S::Graded);
        let ordered = (T::T13, S::Warned, S::Rectifying);
        let stopped = |from| (T::T16, from, S::Suspended);
        // A warning of last year that was lifted has no part in an emergency stop of this one.
        assert_eq!(acts(&[warned, lifted, stopped(S::Graded)]), [T::T16]);
        assert_eq!(acts(&[warned, lifted]), [T::T12]);
        // An emergency stop that was not confirmed, an exit that was not upheld: the state of before is that of before.
        let back = (T::T18, S::Suspended, S::Rectifying);
        assert_eq!(
            acts(&[warned, ordered, stopped(S::Rectifying), back]),
            [T::T18, T::T13]
        );
        let exit = (T::T19, S::Suspended, S::ExitNotice);
        let kept = (T::T21, S::ExitNotice, S::Suspended);
        assert_eq!(acts(&[stopped(S::Graded), exit, kept]), [T::T21, T::T16]);
        // What was set aside is gone, with what rested on it.
        let aside = (T::T25, S::Rectifying, S::Warned);
        assert_eq!(acts(&[warned, ordered, aside]), [T::T25, T::T11]);
        assert!(acts(&[(T::T10, S::Graded, S::Graded)]).is_empty());
    }

    #[test]
    fn what_is_set_aside_is_that_decision_and_what_rested_on_it_and_no_other() {
        let (g, w, r) = (Some(S::Graded), Some(S::Warned), Some(S::Rectifying));
        let all = [
            (T::T09, Some(S::Provisional), g),
            (T::T11, g, w),
            (T::T12, w, g),
            (T::T11, g, w),
            (T::T13, w, r),
            (T::T25, r, w),
            (T::T10, w, w),
            (T::T25, w, w),
        ];
        let gone = undone(&all);
        assert_eq!(gone, [false, false, false, false, true, false, true, false]);
    }
}
