//! The numbers of a grading run: policy data with a version (grading.md, head and section 6).

mod overrides;
mod read;
#[cfg(test)]
pub(super) mod tests;

use super::indicator::{Indicator, RATES, Scope, Undecided};

/// A grading policy, checked: weights add up to 1000, floors lie below targets, thresholds fall from A to C.
///
/// Made by [`Policy::from_json`] or, for a province, by [`Policy::with_override`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    name: String,
    pub(super) window_days: u32,
    pub(super) emp_days: u32,
    pub(super) grace_days: u32,
    pub(super) min_hours: u32,
    pub(super) min_permille: u32,
    pub(super) min_days: u32,
    pub(super) related_min_days: u32,
    pub(super) stab_gap_days: u32,
    pub(super) min_stratum_n: u32,
    pub(super) min_indicator_n: u32,
    pub(super) min_grade_n: u32,
    pub(super) grade_a_min_n: u32,
    pub(super) min_sig_n: u32,
    pub(super) rates: [RateNumbers; RATES],
    pub(super) sat: SatNumbers,
    pub(super) tpa_weight: u32,
    pub(super) min_weight_available: u32,
    /// A, B, C in milli-points.
    pub(super) thresholds: [u32; 3],
    pub(super) hysteresis: u32,
    pub(super) z2_ppm: u32,
    pub(super) sat_low_milli: u32,
    pub(super) undecided: Undecided,
    pub(super) scope: Scope,
    bounds: Bounds,
}

/// How far a province's override may go (grading.md section 6): numbers of the base, which no override changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    /// Most by which a weight moves, per mille.
    weight_moved: u32,
    /// Least weight of EMP and the STBs together, per mille.
    employment_weight: u32,
    /// Least weight of SAT, per mille.
    sat_weight: u32,
}

impl Bounds {
    /// Those of grading.md, for a base that names none.
    const BASELINE: Self = Self {
        weight_moved: 50,
        employment_weight: 500,
        sat_weight: 150,
    };
}

/// The numbers of a rate (table of grading.md section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RateNumbers {
    /// Per mille of the composite.
    pub(super) weight: u32,
    pub(super) floor_ppm: u32,
    pub(super) target_ppm: u32,
    /// Strength of the prior, in enrolments.
    pub(super) m: u32,
}

/// The numbers of satisfaction (grading.md section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SatNumbers {
    pub(super) weight: u32,
    pub(super) floor_milli: u32,
    pub(super) target_milli: u32,
    pub(super) m: u32,
    /// What a missing response counts as.
    pub(super) deficit_anchor_milli: u32,
    pub(super) response_target_permille: u32,
}

impl Policy {
    /// Id and version (`CN-BASE@2026.1`); an override without a name of its own is the base and a digest of its changes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Days after the exit within which work counts, and within which another course competes (grading.md 2, X7).
    pub const fn emp_days(&self) -> u32 {
        self.emp_days
    }

    /// Weight of an indicator in the composite, per mille.
    pub fn weight(&self, indicator: Indicator) -> u32 {
        match indicator {
            Indicator::Sat => self.sat.weight,
            Indicator::Tpa => self.tpa_weight,
            rate => self.rates[rate.at()].weight,
        }
    }

    /// Floor, target and strength of the prior of an indicator: ppm for rates, milli for satisfaction; none for TPA.
    pub fn scale(&self, indicator: Indicator) -> Option<(u32, u32, u32)> {
        match indicator {
            Indicator::Sat => Some((self.sat.floor_milli, self.sat.target_milli, self.sat.m)),
            Indicator::Tpa => None,
            rate => {
                let numbers = &self.rates[rate.at()];
                Some((numbers.floor_ppm, numbers.target_ppm, numbers.m))
            }
        }
    }

    /// Thresholds of A, B and C in milli-points.
    pub const fn thresholds(&self) -> [u32; 3] {
        self.thresholds
    }

    /// By how much a composite must pass a threshold to change the grade, in milli-points.
    pub const fn hysteresis(&self) -> u32 {
        self.hysteresis
    }

    /// The numbers of a rate.
    pub(super) const fn rate(&self, indicator: Indicator) -> &RateNumbers {
        &self.rates[indicator.at()]
    }
}
