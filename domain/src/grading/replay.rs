//! What another policy would do on the same evidence: who would move, by how much and why, per province and per type of
//! trainee, before it takes effect.

use std::collections::BTreeMap;

use serde::Serialize;

use super::engine::{Assessment, Run, STRATA, stratum_name};
use super::indicator::{Grade, Indicator};
use crate::statistics::Display;

/// A comparison of two runs on one evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// Policy of the stored run.
    pub before: String,
    /// The other policy.
    pub after: String,
    /// Institutions whose grade or composite would change, those that fall first, then by how much.
    pub moves: Vec<Move>,
    /// Counts per federation.
    pub provinces: BTreeMap<String, Shift>,
    /// Counts of trainees (EMP denominators) by category and severity, whose institution would rise, fall or stay.
    pub trainees: Vec<TraineeShift>,
}

/// One institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Id of the admission.
    pub institution: String,
    /// Federation.
    pub federation: String,
    /// Grade by the stored run.
    pub grade_before: &'static str,
    /// Grade by the other policy.
    pub grade_after: &'static str,
    /// Milli-points by the stored run.
    pub composite_before: Option<u32>,
    /// Milli-points by the other policy.
    pub composite_after: Option<u32>,
    /// What each indicator adds to the composite, where that changes.
    pub why: Vec<Contribution>,
    /// Reasons of the grade by the other policy.
    pub reasons: Vec<&'static str>,
}

/// Part of an indicator in a composite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contribution {
    /// The indicator.
    pub indicator: &'static str,
    /// Milli-points of the composite before.
    pub before_milli: i128,
    /// And after.
    pub after_milli: i128,
}

/// How many rise, fall and stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// Better grade.
    pub rise: u32,
    /// Worse grade.
    pub fall: u32,
    /// The same grade.
    pub stay: u32,
}

/// Trainees of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraineeShift {
    /// Category and band, such as `1/S`.
    pub stratum: String,
    /// Trainees of institutions that rise, fall, stay; nothing where a small count would show.
    pub trainees: Option<Shift>,
}

/// Compares a stored run with the run of another policy on the same evidence, for all institutions or for those of one
/// federation; nothing when the evidence differs. Small counts of trainees are not shown.
pub fn replay(
    before: &Run<'_>,
    after: &Run<'_>,
    within: Option<&str>,
    display: Display,
) -> Option<Replay> {
    if before.evidence.sha256() != after.evidence.sha256() {
        return None;
    }
    let mut moves = Vec::new();
    let mut provinces: BTreeMap<String, Shift> = BTreeMap::new();
    let mut trainees = [Shift::default(); STRATA];
    let emp = Indicator::Emp.at();
    for (row, (old, new)) in before
        .assessments
        .iter()
        .zip(&after.assessments)
        .enumerate()
    {
        let federation = before.evidence.institutions[row].federation as usize;
        let federation = before.evidence.federations.of(federation);
        if within.is_some_and(|own| own != federation) {
            continue;
        }
        let direction = direction(old.grade, new.grade);
        direction.add(provinces.entry(federation.to_owned()).or_default(), 1);
        for (stratum, shift) in trainees.iter_mut().enumerate() {
            direction.add(shift, before.tallies[row].n[emp][stratum]);
        }
        if old.grade != new.grade || old.composite != new.composite {
            moves.push(Move {
                institution: before.evidence.institution_ids.of(row).to_owned(),
                federation: federation.to_owned(),
                grade_before: old.grade.as_str(),
                grade_after: new.grade.as_str(),
                composite_before: old.composite,
                composite_after: new.composite,
                why: why(before, old, after, new),
                reasons: new.reasons.iter().map(|one| one.as_str()).collect(),
            });
        }
    }
    moves.sort_by_key(|one| {
        let delta = i64::from(one.composite_after.unwrap_or(0))
            - i64::from(one.composite_before.unwrap_or(0));
        (one.grade_after <= one.grade_before, delta)
    });
    let trainees = trainees
        .iter()
        .enumerate()
        .map(|(stratum, shift)| TraineeShift {
            stratum: stratum_name(stratum),
            trainees: shown(*shift, display),
        });
    Some(Replay {
        before: before.policy.name().to_owned(),
        after: after.policy.name().to_owned(),
        moves,
        provinces,
        trainees: trainees.collect(),
    })
}

/// A row is shown only when no count in it, but zero, is a small one.
fn shown(shift: Shift, display: Display) -> Option<Shift> {
    let good = |count: u32| count == 0 || count >= display.least_cell();
    (good(shift.rise) && good(shift.fall) && good(shift.stay)).then_some(shift)
}

#[derive(Clone, Copy)]
enum Direction {
    Rise,
    Fall,
    Stay,
}

impl Direction {
    fn add(self, shift: &mut Shift, count: u32) {
        match self {
            Self::Rise => shift.rise += count,
            Self::Fall => shift.fall += count,
            Self::Stay => shift.stay += count,
        }
    }
}

/// P is neither better nor worse than a grade.
fn direction(old: Grade, new: Grade) -> Direction {
    if old == new || old == Grade::P || new == Grade::P {
        Direction::Stay
    } else if new < old {
        Direction::Rise
    } else {
        Direction::Fall
    }
}

fn why(before: &Run<'_>, old: &Assessment, after: &Run<'_>, new: &Assessment) -> Vec<Contribution> {
    let part = |run: &Run<'_>, one: &Assessment, indicator| {
        let points = one.available_points(indicator).unwrap_or(0);
        let weight = i128::from(run.policy.weight(indicator));
        match i128::from(one.weight_available) {
            0 => 0,
            all => crate::amounts::rdiv(weight * points, all),
        }
    };
    Indicator::ALL
        .iter()
        .filter_map(|&indicator| {
            let (before_milli, after_milli) =
                (part(before, old, indicator), part(after, new, indicator));
            (before_milli != after_milli).then_some(Contribution {
                indicator: indicator.as_str(),
                before_milli,
                after_milli,
            })
        })
        .collect()
}
