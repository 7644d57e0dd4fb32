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
use super::indicator::Scope;
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
    /// That of all institutions.
    pub(super) reference: Reference,
    /// Those of each federation, where the policy measures a province by its own trainees; else none.
    pub(super) provinces: Vec<Reference>,
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
    let provinces: Vec<Reference> = match policy.scope {
        Scope::National => Vec::new(),
        Scope::Province => tally::by_federation(evidence, &tallies)
            .iter()
            .map(|totals| Reference::of_province(totals, &reference, policy))
            .collect(),
    };
    let mut assessments: Vec<_> = tallies
        .iter()
        .zip(&evidence.institutions)
        .map(|(tally, institution)| {
            let own = provinces.get(institution.federation as usize);
            Assessment::of(tally, institution, own.unwrap_or(&reference), policy)
        })
        .collect();
    grading::rank(&mut assessments, &evidence.institutions);
    Run {
        evidence,
        policy,
        window,
        reference,
        provinces,
        outcomes,
        tallies,
        assessments,
    }
}

impl Run<'_> {
    /// The table by which an institution is measured.
    pub(super) fn reference_of(&self, row: usize) -> &Reference {
        let federation = self.evidence.institutions[row].federation as usize;
        self.provinces.get(federation).unwrap_or(&self.reference)
    }
}
