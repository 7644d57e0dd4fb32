//! What each enrolment of a run counts as in the rates of employment, for sums that are kept between runs.

use super::day::Day;
use super::engine::{Run, days, employment, stratum_of};
use super::indicator::{HORIZONS, Indicator};

/// One enrolment of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted<'r> {
    /// Its id in the evidence.
    pub enrolment: &'r str,
    /// Category and band as a number, 0 to 13.
    pub stratum: u8,
    /// EMP and STB3 to STB12 where it is in the denominator, each with whether it is a success.
    pub rates: Vec<(Indicator, bool)>,
}

impl Run<'_> {
    /// What each enrolment counts as in EMP and STB3 to STB12, by the very rule that the tallies follow.
    pub fn employment(&self) -> impl Iterator<Item = Counted<'_>> {
        let rows = self.evidence.enrolments.iter().zip(&self.outcomes);
        rows.enumerate().map(|(row, (enrolment, outcome))| Counted {
            enrolment: self.evidence.enrolment_ids.of(row),
            stratum: u8::try_from(stratum_of(enrolment)).unwrap_or(u8::MAX),
            rates: employment(outcome).collect(),
        })
    }

    /// For each enrolment the next day after the freeze on which it may count as something else although nothing new is
    /// known: it enters or leaves the window, work of its person has lasted long enough, or a horizon of stability with its
    /// grace is over. For the evidence of a few persons: it looks at every episode for every enrolment.
    pub fn next_looks(&self) -> impl Iterator<Item = (&str, Option<Day>)> {
        let grace = days(self.policy.grace_days);
        let entry = days(self.policy.emp_days) + grace;
        let rows = self.evidence.enrolments.iter().enumerate();
        rows.map(move |(row, enrolment)| {
            let window = [
                enrolment.exit.plus(entry),
                enrolment.exit.plus(entry + days(self.policy.window_days)),
            ];
            let own = self.evidence.episodes.iter();
            let work = own
                .filter(|episode| episode.person == enrolment.person)
                .flat_map(|episode| {
                    let least = [self.policy.min_days, self.policy.related_min_days];
                    let least = least.map(|number| episode.start.plus(days(number)));
                    let horizons = HORIZONS.map(|days| episode.start.plus(days + grace));
                    least.into_iter().chain(horizons)
                });
            let next = window
                .into_iter()
                .chain(work)
                .filter(|day| *day > self.evidence.freeze)
                .min();
            (self.evidence.enrolment_ids.of(row), next)
        })
    }
}
