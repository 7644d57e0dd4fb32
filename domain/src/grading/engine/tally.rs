//! Counts by institution and stratum, and the reference table (grading.md section 4).

use super::judge::{Outcome, Stable};
use super::rates::ppm;
use crate::grading::evidence::{Enrolment, Evidence};
use crate::grading::indicator::{Exclusion, Indicator, RATES};
use crate::grading::policy::Policy;
use crate::grading::reason::Basis;

/// Category (7) by severity band (S is level 1 and 2, M is 3 and 4).
pub(in crate::grading) const STRATA: usize = 14;
/// Severity bands.
const BANDS: usize = 2;

/// A stratum as it is written in R: `1/S` for stratum 0.
pub(in crate::grading) fn stratum_name(stratum: usize) -> String {
    let band = if stratum.is_multiple_of(BANDS) {
        'S'
    } else {
        'M'
    };
    format!("{}/{band}", stratum / BANDS + 1)
}

pub(in crate::grading) fn stratum_of(enrolment: &Enrolment) -> usize {
    usize::from(enrolment.category - 1) * BANDS + usize::from(enrolment.level > 2)
}

/// The counts of one institution, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grading) struct Tally {
    /// Denominators by indicator and stratum.
    pub(in crate::grading) n: [[u32; STRATA]; RATES],
    /// Numerators by indicator and stratum.
    pub(in crate::grading) observed: [[u32; STRATA]; RATES],
    /// Asked to answer the survey.
    pub(in crate::grading) invited: u32,
    /// Valid responses.
    pub(in crate::grading) responses: u32,
    /// Sum of all item scores of the valid responses.
    pub(in crate::grading) sum_items: u64,
}

impl Tally {
    const ZERO: Self = Self {
        n: [[0; STRATA]; RATES],
        observed: [[0; STRATA]; RATES],
        invited: 0,
        responses: 0,
        sum_items: 0,
    };

    fn add(&mut self, indicator: Indicator, stratum: usize, success: bool) {
        self.n[indicator.at()][stratum] += 1;
        self.observed[indicator.at()][stratum] += u32::from(success);
    }

    fn join(&mut self, other: &Self) {
        for indicator in 0..RATES {
            for stratum in 0..STRATA {
                self.n[indicator][stratum] += other.n[indicator][stratum];
                self.observed[indicator][stratum] += other.observed[indicator][stratum];
            }
        }
        self.invited += other.invited;
        self.responses += other.responses;
        self.sum_items += other.sum_items;
    }
}

/// The rates of employment and stability in which an enrolment counts, each with whether it is a success.
pub(in crate::grading) fn employment(outcome: &Outcome) -> impl Iterator<Item = (Indicator, bool)> {
    let converted = outcome
        .in_employment
        .then(|| (Indicator::Emp, outcome.converted()));
    let horizons = [Indicator::Stb3, Indicator::Stb6, Indicator::Stb12];
    let lasting = horizons
        .into_iter()
        .zip(outcome.stable)
        .filter(|(_, stable)| *stable != Stable::NotCounted)
        .map(|(indicator, stable)| (indicator, stable == Stable::Yes));
    converted
        .into_iter()
        .chain(lasting)
        .filter(|_| outcome.counted())
}

/// Counts every enrolment once for each indicator it belongs to; the answer is by institution, and for all together.
pub(super) fn count(evidence: &Evidence, outcomes: &[Outcome]) -> (Vec<Tally>, Tally) {
    let mut tallies = vec![Tally::ZERO; evidence.institutions.len()];
    for (enrolment, outcome) in evidence.enrolments.iter().zip(outcomes) {
        if !outcome.counted() {
            continue;
        }
        let cohort = &evidence.cohorts[enrolment.cohort as usize];
        let tally = &mut tallies[cohort.institution as usize];
        let stratum = stratum_of(enrolment);
        for (indicator, success) in employment(outcome) {
            tally.add(indicator, stratum, success);
        }
        let left = outcome.exclusion.is_some_and(Exclusion::leaves_completion)
            && enrolment.excluded_on <= cohort.end;
        if !left {
            // What an exit ended is no failure of the trainee, nor of who took the trainee in late (grading.md 7).
            if !enrolment.transferred {
                tally.add(Indicator::Cmp, stratum, enrolment.completed);
            }
            if enrolment.completed && cohort.certifiable {
                tally.add(Indicator::Crt, stratum, enrolment.certified);
            }
        }
        tally.invited += u32::from(invited(enrolment, outcome));
    }
    for response in &evidence.responses {
        let enrolment = &evidence.enrolments[response.enrolment as usize];
        if invited(enrolment, &outcomes[response.enrolment as usize]) {
            let cohort = &evidence.cohorts[enrolment.cohort as usize];
            let tally = &mut tallies[cohort.institution as usize];
            tally.responses += 1;
            tally.sum_items += u64::from(response.sum);
        }
    }
    let mut totals = Tally::ZERO;
    for tally in &tallies {
        totals.join(tally);
    }
    (tallies, totals)
}

/// The counts of each federation, in the order of their numbers.
pub(super) fn by_federation(evidence: &Evidence, tallies: &[Tally]) -> Vec<Tally> {
    let federations = evidence
        .institutions
        .iter()
        .map(|one| one.federation as usize + 1);
    let mut sums = vec![Tally::ZERO; federations.max().unwrap_or(0)];
    for (tally, institution) in tallies.iter().zip(&evidence.institutions) {
        sums[institution.federation as usize].join(tally);
    }
    sums
}

/// All attached in the window except X1, and except those who cannot be reached (grading.md section 5, field.md 15).
fn invited(enrolment: &Enrolment, outcome: &Outcome) -> bool {
    outcome.counted() && outcome.exclusion != Some(Exclusion::X1) && enrolment.contactable
}

/// The reference table of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::grading) struct Reference {
    /// Rates in ppm and where they are from; nothing where no one is counted at all.
    pub(in crate::grading) cells: [[(Option<u32>, Basis); STRATA]; RATES],
    /// Rates over all, in ppm.
    pub(in crate::grading) overall: [Option<u32>; RATES],
    /// mu0: mean satisfaction over all, in milli.
    pub(in crate::grading) sat_mean_milli: Option<u32>,
}

impl Reference {
    /// A stratum with fewer than 30 takes its band's rate, a band with fewer than 30 the rate of all.
    pub(super) fn of(totals: &Tally, policy: &Policy) -> Self {
        let rate = |observed: u32, n: u32| {
            (n > 0).then(|| u32::try_from(ppm(observed, n)).unwrap_or(1_000_000))
        };
        let mut cells = [[(None, Basis::Overall); STRATA]; RATES];
        let mut overall = [None; RATES];
        for indicator in 0..RATES {
            let (n, observed) = (&totals.n[indicator], &totals.observed[indicator]);
            overall[indicator] = rate(observed.iter().sum(), n.iter().sum());
            for stratum in 0..STRATA {
                let band = (stratum % BANDS..STRATA).step_by(BANDS);
                let band_n: u32 = band.clone().map(|at| n[at]).sum();
                cells[indicator][stratum] = if n[stratum] >= policy.min_stratum_n.max(1) {
                    (rate(observed[stratum], n[stratum]), Basis::Stratum)
                } else if band_n >= policy.min_stratum_n.max(1) {
                    let observed = band.map(|at| observed[at]).sum();
                    (rate(observed, band_n), Basis::Band)
                } else {
                    (overall[indicator], Basis::Overall)
                };
            }
        }
        let sat_mean_milli = (totals.responses > 0).then(|| {
            let sum = 200 * i128::from(totals.sum_items);
            let mean = crate::rdiv(sum, i128::from(totals.responses));
            u32::try_from(mean).unwrap_or(5_000)
        });
        Self {
            cells,
            overall,
            sat_mean_milli,
        }
    }

    /// That of one province. Where it has too few people in an indicator, or too few responses, the whole country's stands in:
    /// no figure of fewer people exists in any table.
    pub(super) fn of_province(totals: &Tally, whole: &Self, policy: &Policy) -> Self {
        let mut own = Self::of(totals, policy);
        let least = policy.min_stratum_n.max(1);
        for indicator in 0..RATES {
            if totals.n[indicator].iter().sum::<u32>() < least {
                own.overall[indicator] = whole.overall[indicator];
                own.cells[indicator] =
                    whole.cells[indicator].map(|(rate, _)| (rate, Basis::National));
            }
        }
        if totals.responses < least {
            own.sat_mean_milli = whole.sat_mean_milli;
        }
        own
    }
}
