//! Which decision a state follows from: what was lifted, not upheld or set aside has no effect any more.

use super::{InstitutionState as S, InstitutionTransition as T};

/// A decision: the act, the state before, the state after.
pub type Told = (T, Option<S>, Option<S>);

/// The decisions that the present state follows from, of all that changed it, oldest first: the newest one, and the one
/// that led to the state before, where the newest only led back to it. Each with the state before it.
pub fn followed(all: &[Told]) -> Vec<(T, Option<S>)> {
    let changes = all.iter().filter(|(_, from, to)| from != to);
    let mut standing: Vec<&Told> = Vec::new();
    let mut newest = None;
    for one in changes {
        newest = Some(one);
        let (act, _, to) = one;
        let stands = matches!(to, Some(S::Provisional | S::Graded | S::UnderReview));
        let back = match act {
            T::T21 | T::T23 | T::T25 => true,
            // An emergency stop that nobody confirmed.
            T::T18 => !stands,
            _ => false,
        };
        if !back {
            standing.push(one);
            continue;
        }
        while standing.last().is_some_and(|(_, _, led)| led != to) {
            standing.pop();
        }
    }
    let mut found: Vec<(T, Option<S>)> = newest
        .into_iter()
        .chain(standing.last().copied())
        .map(|(act, from, _)| (*act, *from))
        .collect();
    found.dedup();
    found
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
}
