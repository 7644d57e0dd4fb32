//! The figures of one institution (grading.md sections 4 and 5).

use super::grading;
use super::rates;
use super::tally::{Reference, STRATA, Tally};
use crate::amounts::rdiv;
use crate::grading::evidence::Institution;
use crate::grading::indicator::{Grade, Indicator, RATES};
use crate::grading::policy::Policy;
use crate::grading::reason::{Reason, Sig};

/// What an institution achieved, and its grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grading) struct Assessment {
    pub(in crate::grading) rates: [RateFigures; RATES],
    pub(in crate::grading) sat: SatFigures,
    pub(in crate::grading) tpa_milli: Option<u32>,
    /// Per mille.
    pub(in crate::grading) weight_available: u32,
    /// Milli-points; nothing for grade P.
    pub(in crate::grading) composite: Option<u32>,
    pub(in crate::grading) before_guards: Option<Grade>,
    pub(in crate::grading) grade: Grade,
    pub(in crate::grading) previous: Option<Grade>,
    /// Sorted by code.
    pub(in crate::grading) reasons: Vec<Reason>,
    pub(in crate::grading) rank: Option<u32>,
    pub(in crate::grading) rank_of: u32,
}

/// A rate of an institution. Figures that have no meaning are nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grading) struct RateFigures {
    pub(in crate::grading) available: bool,
    pub(in crate::grading) n: u32,
    pub(in crate::grading) observed: u32,
    pub(in crate::grading) raw: Option<i128>,
    /// E in ppm-persons.
    pub(in crate::grading) expected: i128,
    pub(in crate::grading) oe: Option<i128>,
    pub(in crate::grading) ratio: Option<i128>,
    pub(in crate::grading) adjusted: Option<i128>,
    pub(in crate::grading) points: Option<i128>,
    pub(in crate::grading) sig: Sig,
}

/// Satisfaction with an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grading) struct SatFigures {
    pub(in crate::grading) available: bool,
    pub(in crate::grading) invited: u32,
    pub(in crate::grading) n: u32,
    pub(in crate::grading) sum_items: u64,
    /// Responses missing to the target.
    pub(in crate::grading) deficit: u32,
    pub(in crate::grading) mean: Option<i128>,
    pub(in crate::grading) adjusted: Option<i128>,
    pub(in crate::grading) points: Option<i128>,
}

impl Assessment {
    pub(super) fn of(
        tally: &Tally,
        institution: &Institution,
        reference: &Reference,
        policy: &Policy,
    ) -> Self {
        let mut assessment = Self {
            rates: Indicator::RATES.map(|one| RateFigures::of(one, tally, reference, policy)),
            sat: SatFigures::of(tally, reference, institution, policy),
            tpa_milli: institution
                .third_party_score
                .map(|score| u32::from(score) * 1_000),
            weight_available: 0,
            composite: None,
            before_guards: None,
            grade: Grade::P,
            previous: institution.previous,
            reasons: Vec::new(),
            rank: None,
            rank_of: 0,
        };
        grading::decide(&mut assessment, institution.exited, policy);
        assessment
    }

    pub(in crate::grading) const fn rate(&self, indicator: Indicator) -> &RateFigures {
        &self.rates[indicator.at()]
    }

    /// Points of an indicator that is available.
    pub(in crate::grading) fn available_points(&self, indicator: Indicator) -> Option<i128> {
        match indicator {
            Indicator::Sat => self.sat.points.filter(|_| self.sat.available),
            Indicator::Tpa => self.tpa_milli.map(i128::from),
            rate => {
                let figures = self.rate(rate);
                figures.points.filter(|_| figures.available)
            }
        }
    }
}

impl RateFigures {
    fn of(indicator: Indicator, tally: &Tally, reference: &Reference, policy: &Policy) -> Self {
        let at = indicator.at();
        let numbers = policy.rate(indicator);
        let n: u32 = tally.n[at].iter().sum();
        let observed: u32 = tally.observed[at].iter().sum();
        let expected = (0..STRATA)
            .map(|stratum| {
                let rate = reference.cells[at][stratum].0.unwrap_or(0);
                i128::from(tally.n[at][stratum]) * i128::from(rate)
            })
            .sum();
        let ratio = (n > 0).then(|| rates::shrunk_ratio(n, observed, expected, numbers.m));
        let adjusted = ratio
            .zip(reference.overall[at])
            .map(|(ratio, overall)| rates::adjusted(i128::from(overall), ratio));
        Self {
            available: n > 0 && n >= policy.min_indicator_n,
            n,
            observed,
            raw: (n > 0).then(|| rates::ppm(observed, n)),
            expected,
            oe: (expected > 0).then(|| rates::observed_to_expected(observed, expected)),
            ratio,
            adjusted,
            points: adjusted.map(|rate| rates::points(rate, numbers.floor_ppm, numbers.target_ppm)),
            sig: rates::significance(n, observed, expected, policy.min_sig_n, policy.z2_ppm),
        }
    }
}

impl SatFigures {
    fn of(
        tally: &Tally,
        reference: &Reference,
        institution: &Institution,
        policy: &Policy,
    ) -> Self {
        let numbers = &policy.sat;
        let n = tally.responses;
        let deficit = deficit(tally.invited, n, numbers.response_target_permille);
        let mean = (n > 0).then(|| rdiv(200 * i128::from(tally.sum_items), i128::from(n)));
        let adjusted = reference.sat_mean_milli.filter(|_| n > 0).map(|overall| {
            let sum = 200 * i128::from(tally.sum_items)
                + i128::from(numbers.m) * i128::from(overall)
                + i128::from(deficit) * i128::from(numbers.deficit_anchor_milli);
            rdiv(
                sum,
                i128::from(n) + i128::from(numbers.m) + i128::from(deficit),
            )
        });
        Self {
            available: n > 0 && n >= policy.min_indicator_n && !institution.sat_suspended,
            invited: tally.invited,
            n,
            sum_items: tally.sum_items,
            deficit,
            mean,
            adjusted,
            points: adjusted
                .map(|mean| rates::points(mean, numbers.floor_milli, numbers.target_milli)),
        }
    }
}

/// `max(0, ceil(invited * target / 1000) - n)`.
fn deficit(invited: u32, n: u32, target_permille: u32) -> u32 {
    let wanted = (u64::from(invited) * u64::from(target_permille)).div_ceil(1_000);
    // At most `invited`, since a target is at most 1000.
    u32::try_from(wanted.saturating_sub(u64::from(n))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grading::policy::tests::BASE;

    /// Examples of section 5: invited 100, mu0 4110.
    #[test]
    fn missing_responses_count_as_neutral() {
        let policy = Policy::from_json(BASE).expect("the baseline");
        let reference = Reference {
            cells: [[(None, crate::grading::reason::Basis::Overall); STRATA]; RATES],
            overall: [None; RATES],
            sat_mean_milli: Some(4_110),
        };
        let institution = Institution {
            federation: 0,
            previous: None,
            third_party_score: None,
            sat_suspended: false,
            exited: false,
        };
        let figures = |responses, sum_items| {
            let tally = Tally {
                invited: 100,
                responses,
                sum_items,
                n: [[0; STRATA]; RATES],
                observed: [[0; STRATA]; RATES],
            };
            SatFigures::of(&tally, &reference, &institution, &policy)
        };
        let few = figures(20, 500);
        assert_eq!(
            (few.deficit, few.adjusted, few.points),
            (30, Some(3_872), Some(51_294))
        );
        let many = figures(60, 1_260);
        assert_eq!(
            (many.deficit, many.adjusted, many.points),
            (0, Some(4_182), Some(69_529))
        );
        assert_eq!(deficit(101, 0, 500), 51, "rounded up");
        let none = figures(0, 0);
        assert_eq!(
            (none.available, none.adjusted, none.deficit),
            (false, None, 50)
        );
    }
}
