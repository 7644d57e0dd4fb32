//! Which decision a state follows from: what was lifted, not upheld or set aside has no effect any more.

use super::{InstitutionState as S, InstitutionTransition as T};

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The act.
    pub act: T,
    /// The state before.
    pub from: Option<S>,
    /// The state after.
    pub to: Option<S>,
    /// Where it says which decision it sets aside (T25): the position of that one.
    pub aside: Option<usize>,
}

impl Told {
    /// A decision that names no other one.
    pub const fn of(act: T, from: Option<S>, to: Option<S>) -> Self {
        Self {
            act,
            from,
            to,
            aside: None,
        }
    }
}

/// What is left of the decisions, oldest first.
struct Walk {
    /// Positions of those that stand.
    standing: Vec<usize>,
    /// Which were set aside.
    undone: Vec<bool>,
    /// The state before each; where the decision that led there was set aside alone, the state before that one.
    from: Vec<Option<S>>,
}

impl Walk {
    /// One decision falls, and what came after it rests on grounds of its own.
    fn fall(&mut self, all: &[Told], at: usize) {
        self.undone[at] = true;
        let Some(place) = self.standing.iter().position(|one| *one == at) else {
            return;
        };
        self.standing.remove(place);
        if let Some(next) = self.standing.get(place).copied()
            && self.from[next] == all[at].to
        {
            self.from[next] = self.from[at];
        }
    }
}

fn walk(all: &[Told]) -> Walk {
    let mut found = Walk {
        standing: Vec::new(),
        undone: vec![false; all.len()],
        from: all.iter().map(|one| one.from).collect(),
    };
    for (at, one) in all.iter().enumerate() {
        let Told { act, from, to, .. } = *one;
        let aside = one.aside.filter(|named| *named < at);
        if from == to {
            // A grade leaves the state as it is; so does setting one aside, or a decision that has no effect now.
            match aside {
                Some(named) if act == T::T25 => found.fall(all, named),
                None if act == T::T25 => {
                    let grade = |one: &usize| {
                        matches!(all[*one].act, T::T09 | T::T10) && !found.undone[*one]
                    };
                    if let Some(last) = (0..at).rev().find(grade) {
                        found.undone[last] = true;
                    }
                }
                _ => {}
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
            found.standing.push(at);
            continue;
        }
        let named = aside.and_then(|named| found.standing.iter().position(|one| *one == named));
        let kept = named.unwrap_or_else(|| {
            found
                .standing
                .iter()
                .rposition(|one| all[*one].to == to)
                .map_or(found.standing.len().saturating_sub(1), |found| found + 1)
        });
        for fallen in found.standing.drain(kept..) {
            found.undone[fallen] = matches!(act, T::T23 | T::T25);
        }
    }
    found
}

/// The decisions that the present state follows from, of all on an admission, oldest first: the newest that changed it, and
/// the one that led to it before, where the newest only led back. Each with the state before it, and its position.
pub fn followed(all: &[Told]) -> Vec<(T, Option<S>, usize)> {
    let newest = all.iter().rposition(|one| one.from != one.to);
    let Walk {
        standing,
        undone,
        from,
    } = walk(all);
    let mut found: Vec<_> = newest
        .filter(|at| !undone[*at])
        .into_iter()
        .chain(standing.last().copied())
        .map(|at| (all[at].act, from[at], at))
        .collect();
    found.dedup();
    found
}

/// The state before the decision at a position, where the present state rests on it: nothing came after it but the stages
/// of the same rectification, which fall with it. A stop, an exit, what was lifted or accepted has grounds of its own.
pub fn rests_on(all: &[Told], at: usize) -> Option<S> {
    let Walk { standing, from, .. } = walk(all);
    let place = standing.iter().position(|one| *one == at)?;
    standing[place + 1..]
        .iter()
        .all(|one| matches!(all[*one].act, T::T13 | T::T15 | T::T17))
        .then_some(from[at])?
}

/// Which of the decisions on an admission, oldest first, were set aside later (T25), or fell with what was (T23).
pub fn undone(all: &[Told]) -> Vec<bool> {
    walk(all).undone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(all: &[(T, S, S)]) -> Vec<Told> {
        all.iter()
            .map(|(act, from, to)| Told::of(*act, Some(*from), Some(*to)))
            .collect()
    }

    fn acts(all: &[(T, S, S)]) -> Vec<T> {
        followed(&told(all)).into_iter().map(|one| one.0).collect()
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
        let (g, w, r) = (S::Graded, S::Warned, S::Rectifying);
        let all = [
            (T::T09, S::Provisional, g),
            (T::T11, g, w),
            (T::T12, w, g),
            (T::T11, g, w),
            (T::T13, w, r),
            (T::T25, r, w),
            (T::T10, w, w),
            (T::T25, w, w),
        ];
        let gone = undone(&told(&all));
        assert_eq!(gone, [false, false, false, false, true, false, true, false]);
    }

    #[test]
    fn a_decision_that_the_state_does_not_rest_on_falls_alone() {
        let (g, w, s, e) = (S::Graded, S::Warned, S::Suspended, S::ExitNotice);
        // A warning, then a stop for grounds of its own: the stop stands, and now follows on the state before the warning.
        let mut all = told(&[(T::T11, g, w), (T::T16, w, s)]);
        assert_eq!(rests_on(&all, 0), None);
        assert_eq!(rests_on(&all, 1), Some(w));
        all.push(Told {
            aside: Some(0),
            ..Told::of(T::T25, Some(s), Some(s))
        });
        assert_eq!(undone(&all), [true, false, false]);
        assert_eq!(followed(&all), [(T::T16, Some(g), 1)]);
        assert_eq!(rests_on(&all, 1), Some(g));
        // What is only the next stage of the rectification falls with the warning; an exit does not.
        let ordered = told(&[(T::T11, g, w), (T::T13, w, S::Rectifying)]);
        assert_eq!(rests_on(&ordered, 0), Some(g));
        let left = told(&[(T::T16, g, s), (T::T19, s, e), (T::T20, e, S::Exited)]);
        assert_eq!(rests_on(&left, 0), None);
        assert_eq!(rests_on(&left, 2), Some(e));
    }

    #[test]
    fn a_suspension_set_aside_while_it_is_stayed_is_named_and_no_grade_falls() {
        let (g, w, r) = (S::Graded, S::Warned, S::Rectifying);
        let mut all = told(&[
            (T::T10, g, g),
            (T::T11, g, w),
            (T::T13, w, r),
            (T::T15, r, S::Suspended),
        ]);
        all.push(Told {
            aside: Some(3),
            ..Told::of(T::T25, Some(r), Some(r))
        });
        assert_eq!(undone(&all), [false, false, false, true, false]);
        assert_eq!(followed(&all), [(T::T13, Some(w), 2)]);
    }
}
