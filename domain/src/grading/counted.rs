//! What each enrolment of a run counts as in the rates of employment, for sums that are kept between runs.

use super::engine::{Run, employment, stratum_of};
use super::indicator::Indicator;

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
}
