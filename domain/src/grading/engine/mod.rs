//! The computation: judge every enrolment, count by institution and stratum, compare with the reference, grade, rank.

mod grading;
mod indicators;
mod judge;
mod people;
mod rates;
mod stability;
mod tally;
#[cfg(test)]
mod tests;

use super::day::Day;
use super::evidence::Evidence;
use super::policy::Policy;
pub(super) use indicators::{Assessment, RateFigures};
pub(super) use judge::{Outcome, Stable};
pub(super) use tally::{Reference, STRATA, Tally, employment, stratum_name, stratum_of};

/// A run: everything that follows from one policy and one evidence, and from nothing else.
#[derive(Clone, Debug)]
pub struct Run<'e> {
    pub(super) evidence: &'e Evidence,
    pub(super) policy: &'e Policy,
    pub(super) window: Window,
    pub(super) reference: Reference,
    /// One for each enrolment.
    pub(super) outcomes: Vec<Outcome>,
    /// One for each institution.
    pub(super) tallies: Vec<Tally>,
    /// One for each institution.
    pub(super) assessments: Vec<Assessment>,
}

/// Exits that count: `after < exit <= until` (grading.md section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) after: Day,
    pub(super) until: Day,
}

impl Window {
    fn of(freeze: Day, policy: &Policy) -> Self {
        let until = freeze.plus(-days(policy.emp_days) - days(policy.grace_days));
        Self {
            after: until.plus(-days(policy.window_days)),
            until,
        }
    }

    fn holds(self, exit: Day) -> bool {
        self.after < exit && exit <= self.until
    }
}

/// A number of days of the policy, which are at most ten years.
pub(super) const fn days(number: u32) -> i32 {
    number.cast_signed()
}

/// Grades every institution of the evidence. The order of rows in the file changes nothing.
pub fn grade<'e>(evidence: &'e Evidence, policy: &'e Policy) -> Run<'e> {
    let window = Window::of(evidence.freeze, policy);
    let outcomes = judge::judge(evidence, policy, window);
    let (tallies, totals) = tally::count(evidence, &outcomes);
    let reference = Reference::of(&totals, policy);
    let mut assessments: Vec<_> = tallies
        .iter()
        .zip(&evidence.institutions)
        .map(|(tally, institution)| Assessment::of(tally, institution, &reference, policy))
        .collect();
    grading::rank(&mut assessments, &evidence.institutions);
    Run {
        evidence,
        policy,
        window,
        reference,
        outcomes,
        tallies,
        assessments,
    }
}
