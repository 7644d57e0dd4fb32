//! Reads a whole policy file.

use super::{Bounds, Policy, RateNumbers, SatNumbers};
use crate::grading::fault::{FaultCode, Faults, Path};
use crate::grading::fields::{Slot, open};
use crate::grading::indicator::{Indicator, RATES, Scope, Undecided};
use crate::grading::json::Node;

/// The fields that a policy file must have.
pub(super) const FIELDS: [&str; 16] = [
    "policy_id",
    "version",
    "window",
    "attach",
    "emp",
    "min_stratum_n",
    "min_indicator_n",
    "min_grade_n",
    "grade_a_min_n",
    "min_sig_n",
    "indicators",
    "min_weight_available",
    "grades",
    "hysteresis",
    "z2_ppm",
    "sat_low_milli",
];

/// Whose trainees the reference table is made of; an override may set it too.
pub(super) const SCOPE: &str = "scope";

/// Most days of any period: ten years.
const DAYS: u32 = 3_653;
/// Most of a least number of people.
const PEOPLE: u32 = 1_000_000;
/// A whole in ppm.
const WHOLE: u32 = 1_000_000;
/// Most points, in milli-points.
const POINTS: u32 = 100_000;

impl Policy {
    /// Reads a policy file. Unknown fields are refused; the answer names every fault.
    pub fn from_json(text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let policy = parse(text, &mut faults).and_then(|node| policy(&node, &mut faults));
        faults.or(policy)
    }
}

/// The JSON of a text; a syntax error is the one fault there is.
pub(super) fn parse<'a>(text: &'a str, faults: &mut Faults) -> Option<Node<'a>> {
    match serde_json::from_str(text) {
        Ok(node) => Some(node),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            faults.hint(&Path::Root, FaultCode::NotJson, place);
            None
        }
    }
}

fn policy(node: &Node<'_>, faults: &mut Faults) -> Option<Policy> {
    let root = Path::Root;
    let mut names = [""; 19];
    names[..16].copy_from_slice(&FIELDS);
    names[16..].copy_from_slice(&["undecided", SCOPE, "override_bounds"]);
    let [
        id,
        version,
        window,
        attach,
        emp,
        min_stratum_n,
        min_indicator_n,
        min_grade_n,
        grade_a_min_n,
        min_sig_n,
        indicators,
        min_weight_available,
        grades,
        hysteresis,
        z2_ppm,
        sat_low_milli,
        undecided,
        scope,
        bounds,
    ] = open(node, &root, names, 16, faults)?;
    // Each part is read before any is missed, so that all faults are told.
    let name = id.text(faults).zip(version.text(faults));
    let window = counts(
        window,
        ["window_days", "emp_days", "grace_days"],
        [DAYS; 3],
        faults,
    );
    let attach = counts(
        attach,
        ["min_hours", "min_permille"],
        [10_000, 1_000],
        faults,
    );
    let emp = counts(
        emp,
        ["min_days", "related_min_days", "stab_gap_days"],
        [DAYS; 3],
        faults,
    );
    let least = [
        min_stratum_n,
        min_indicator_n,
        min_grade_n,
        grade_a_min_n,
        min_sig_n,
    ]
    .map(|slot| slot.count(PEOPLE, faults));
    let numbers = indicators_of(indicators, faults);
    let min_weight_available = min_weight_available.count(1_000, faults);
    let thresholds = counts(grades, ["A", "B", "C"], [POINTS; 3], faults);
    let hysteresis = hysteresis.count(POINTS, faults);
    // A bound that keeps the significance test within 128 bits for any number of trainees.
    let z2_ppm = z2_ppm.count(20_000_000, faults);
    let sat_low_milli = sat_low_milli.count(5_000, faults);
    let undecided = match undecided.present() {
        None => Some(Undecided::CountAsNotConverted),
        Some(slot) => slot.word(Undecided::ALL, Undecided::as_str, faults),
    };
    let scope = match scope.present() {
        None => Some(Scope::National),
        Some(slot) => slot.word(Scope::ALL, Scope::as_str, faults),
    };
    let bounds = match bounds.present() {
        None => Some(Bounds::BASELINE),
        Some(slot) => bounds_of(slot, faults),
    };

    let (id, version) = name?;
    let [window_days, emp_days, grace_days] = window?;
    let [min_hours, min_permille] = attach?;
    let [min_days, related_min_days, stab_gap_days] = emp?;
    let (rates, sat, tpa_weight) = numbers?;
    let policy = Policy {
        name: format!("{id}@{version}"),
        window_days,
        emp_days,
        grace_days,
        min_hours,
        min_permille,
        min_days,
        related_min_days,
        stab_gap_days,
        min_stratum_n: least[0]?,
        min_indicator_n: least[1]?,
        min_grade_n: least[2]?,
        grade_a_min_n: least[3]?,
        min_sig_n: least[4]?,
        rates,
        sat,
        tpa_weight,
        min_weight_available: min_weight_available?,
        thresholds: thresholds?,
        hysteresis: hysteresis?,
        z2_ppm: z2_ppm?,
        sat_low_milli: sat_low_milli?,
        undecided: undecided?,
        scope: scope?,
        bounds: bounds?,
    };
    policy.check(&root, faults);
    Some(policy)
}

impl Policy {
    /// What must hold between the numbers, of a base and after an override alike. `at` is the object that holds them.
    pub(super) fn check(&self, at: &Path<'_>, faults: &mut Faults) {
        let indicators = at.key("indicators");
        let weights = Indicator::ALL.iter().map(|&one| self.weight(one));
        if weights.sum::<u32>() != 1_000 {
            faults.add(&indicators, FaultCode::WeightsSum);
        }
        for indicator in Indicator::RATES {
            let numbers = self.rate(indicator);
            if numbers.floor_ppm >= numbers.target_ppm {
                let place = indicators.key(indicator.as_str());
                faults.add(&place.key("floor_ppm"), FaultCode::Order);
            }
        }
        if self.sat.floor_milli >= self.sat.target_milli {
            let place = indicators.key(Indicator::Sat.as_str());
            faults.add(&place.key("floor_milli"), FaultCode::Order);
        }
        let [a, b, c] = self.thresholds;
        if a <= b || b <= c {
            faults.add(&at.key("grades"), FaultCode::Order);
        }
    }
}

fn bounds_of(slot: Slot<'_, '_, '_>, faults: &mut Faults) -> Option<Bounds> {
    let [weight_moved, employment_weight, sat_weight] = counts(
        slot,
        ["weight_moved", "employment_weight", "sat_weight"],
        [1_000; 3],
        faults,
    )?;
    Some(Bounds {
        weight_moved,
        employment_weight,
        sat_weight,
    })
}

fn indicators_of(
    slot: Slot<'_, '_, '_>,
    faults: &mut Faults,
) -> Option<([RateNumbers; RATES], SatNumbers, u32)> {
    let mut names = [""; 8];
    for indicator in Indicator::ALL {
        names[indicator.at()] = indicator.as_str();
    }
    let slots = open(slot.node()?, slot.path(), names, 8, faults)?;
    let rates = Indicator::RATES.map(|indicator| {
        let [weight, floor_ppm, target_ppm, m] = counts(
            slots[indicator.at()],
            ["weight", "floor_ppm", "target_ppm", "m"],
            [1_000, WHOLE, WHOLE, PEOPLE],
            faults,
        )?;
        Some(RateNumbers {
            weight,
            floor_ppm,
            target_ppm,
            m,
        })
    });
    let sat = counts(
        slots[Indicator::Sat.at()],
        [
            "weight",
            "floor_milli",
            "target_milli",
            "m",
            "deficit_anchor_milli",
            "response_target_permille",
        ],
        [1_000, 5_000, 5_000, PEOPLE, 5_000, 1_000],
        faults,
    );
    let tpa = counts(slots[Indicator::Tpa.at()], ["weight"], [1_000], faults);
    let [one, two, three, four, five, six] = rates;
    let [
        weight,
        floor_milli,
        target_milli,
        m,
        deficit_anchor_milli,
        response_target_permille,
    ] = sat?;
    let sat = SatNumbers {
        weight,
        floor_milli,
        target_milli,
        m,
        deficit_anchor_milli,
        response_target_permille,
    };
    Some(([one?, two?, three?, four?, five?, six?], sat, tpa?[0]))
}

/// An object of required numbers, each from 0 to its most.
fn counts<const N: usize>(
    slot: Slot<'_, '_, '_>,
    names: [&'static str; N],
    most: [u32; N],
    faults: &mut Faults,
) -> Option<[u32; N]> {
    let slots = open(slot.node()?, slot.path(), names, N, faults)?;
    let mut numbers = [0; N];
    let mut whole = true;
    for at in 0..N {
        match slots[at].count(most[at], faults) {
            Some(number) => numbers[at] = number,
            None => whole = false,
        }
    }
    whole.then_some(numbers)
}
