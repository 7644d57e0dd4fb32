//! Composite, grade and rank (grading.md section 6).

use super::indicators::Assessment;
use crate::amounts::rdiv;
use crate::grading::evidence::Institution;
use crate::grading::indicator::{Grade, Indicator};
use crate::grading::policy::Policy;
use crate::grading::reason::{Reason, Sig};

/// Sets weight, composite, grade and reasons from the figures. Who has left gets no grade and no rank; its trainees stay in
/// the reference table, so that nobody else's expectation moves.
pub(super) fn decide(assessment: &mut Assessment, exited: bool, policy: &Policy) {
    let (mut weight, mut sum) = (0, 0);
    for &indicator in Indicator::ALL {
        if let Some(points) = assessment.available_points(indicator) {
            weight += policy.weight(indicator);
            sum += i128::from(policy.weight(indicator)) * points;
        }
    }
    assessment.weight_available = weight;
    let emp = assessment.rate(Indicator::Emp);
    let mut reasons = Vec::new();
    if emp.n < policy.min_grade_n {
        reasons.push(Reason::PEmpN);
    }
    if !emp.available {
        reasons.push(Reason::PEmpUnavailable);
    }
    if exited {
        reasons.push(Reason::PExited);
    }
    // Without any weight there is nothing to divide by, whatever a policy asks for.
    if weight < policy.min_weight_available.max(1) {
        reasons.push(Reason::PWeight);
    }
    if reasons.is_empty() {
        // At most 100,000: a weighted mean of points.
        let composite = u32::try_from(rdiv(sum, i128::from(weight))).unwrap_or(0);
        let before = with_hysteresis(composite, assessment.previous, policy, &mut reasons);
        let guards = Guards::of(assessment, policy);
        assessment.composite = Some(composite);
        assessment.before_guards = Some(before);
        assessment.grade = guards.apply(before, &mut reasons);
        reasons.push(match assessment.previous {
            None | Some(Grade::P) => Reason::NoPreviousGrade,
            // The better grade is the smaller one.
            Some(previous) => match assessment.grade.cmp(&previous) {
                std::cmp::Ordering::Less => Reason::Rose,
                std::cmp::Ordering::Equal => Reason::Stayed,
                std::cmp::Ordering::Greater => Reason::Fell,
            },
        });
    }
    reasons.sort_unstable_by_key(|reason| reason.as_str());
    assessment.reasons = reasons;
}

/// Grades by how good they are, with the least composite of A, B and C in [`Policy::thresholds`].
const LADDER: [Grade; 4] = [Grade::A, Grade::B, Grade::C, Grade::D];

fn with_hysteresis(
    composite: u32,
    previous: Option<Grade>,
    policy: &Policy,
    reasons: &mut Vec<Reason>,
) -> Grade {
    let limits = &policy.thresholds;
    let plain = limits
        .iter()
        .take_while(|&&limit| composite < limit)
        .count();
    let Some(start) = LADDER.iter().position(|&one| Some(one) == previous) else {
        return LADDER[plain];
    };
    let mut at = start;
    while at > 0 && composite >= limits[at - 1].saturating_add(policy.hysteresis) {
        at -= 1;
    }
    if at == start {
        while at < 3 && composite < limits[at].saturating_sub(policy.hysteresis) {
            at += 1;
        }
    }
    if at != plain {
        reasons.push(Reason::Hysteresis);
    }
    LADDER[at]
}

/// Cap and floor: what keeps noise from deciding.
struct Guards {
    emp_few: bool,
    emp_low: bool,
    stb6_low: bool,
    sat_available: bool,
    sat_low: bool,
}

impl Guards {
    fn of(assessment: &Assessment, policy: &Policy) -> Self {
        let low = |indicator| {
            let figures = assessment.rate(indicator);
            figures.available && figures.sig == Sig::Low
        };
        let sat = &assessment.sat;
        Self {
            emp_few: assessment.rate(Indicator::Emp).n < policy.grade_a_min_n,
            emp_low: low(Indicator::Emp),
            stb6_low: low(Indicator::Stb6),
            sat_available: sat.available,
            sat_low: sat.available
                && sat
                    .adjusted
                    .is_some_and(|mean| mean < i128::from(policy.sat_low_milli)),
        }
    }

    fn apply(&self, grade: Grade, reasons: &mut Vec<Reason>) -> Grade {
        let cap = [
            (self.emp_few, Reason::CapEmpN),
            (self.emp_low, Reason::CapEmpSigLow),
            (self.stb6_low, Reason::CapStb6SigLow),
            (!self.sat_available, Reason::CapSatUnavailable),
        ];
        let stands = [
            (self.emp_low, Reason::DEmpSigLow),
            (self.stb6_low, Reason::DStb6SigLow),
            (self.sat_low, Reason::DSatLow),
        ];
        let before = reasons.len();
        let mut all = |causes: &[(bool, Reason)]| {
            let holding = causes.iter().filter(|(holds, _)| *holds);
            reasons.extend(holding.map(|(_, reason)| *reason));
            reasons.len() > before
        };
        match grade {
            Grade::A if all(&cap) => Grade::B,
            Grade::D if !all(&stands) => {
                reasons.push(Reason::FloorNotProven);
                Grade::C
            }
            other => other,
        }
    }
}

/// Ranks within each federation, graded institutions only; equal composites share a rank (1, 2, 2, 4).
pub(super) fn rank(assessments: &mut [Assessment], institutions: &[Institution]) {
    let mut graded: Vec<_> = assessments
        .iter()
        .zip(institutions)
        .enumerate()
        .filter_map(|(row, (assessment, institution))| {
            let composite = assessment.composite?;
            Some((institution.federation, std::cmp::Reverse(composite), row))
        })
        .collect();
    graded.sort_unstable();
    let federations = institutions.iter().map(|one| one.federation as usize + 1);
    let mut sizes = vec![0_u32; federations.max().unwrap_or(0)];
    let mut before = None;
    for (federation, composite, row) in graded {
        let size = &mut sizes[federation as usize];
        *size += 1;
        let rank = match before {
            Some((same, equal, rank)) if (same, equal) == (federation, composite) => rank,
            _ => *size,
        };
        assessments[row].rank = Some(rank);
        before = Some((federation, composite, rank));
    }
    for (assessment, institution) in assessments.iter_mut().zip(institutions) {
        assessment.rank_of = sizes[institution.federation as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grading::policy::tests::BASE;

    fn hysteresis(composite: u32, previous: Option<Grade>) -> Grade {
        let policy = Policy::from_json(BASE).expect("the baseline");
        with_hysteresis(composite, previous, &policy, &mut Vec::new())
    }

    /// Examples of section 6.
    #[test]
    fn a_grade_moves_only_beyond_the_margin() {
        assert_eq!(hysteresis(63_000, Some(Grade::B)), Grade::B);
        assert_eq!(hysteresis(62_999, Some(Grade::B)), Grade::C);
        assert_eq!(hysteresis(66_999, Some(Grade::C)), Grade::C);
        assert_eq!(hysteresis(67_000, Some(Grade::C)), Grade::B);
        assert_eq!(hysteresis(82_000, Some(Grade::C)), Grade::A);
        assert_eq!(hysteresis(77_999, Some(Grade::A)), Grade::B);
        assert_eq!(hysteresis(47_999, Some(Grade::C)), Grade::D);
        assert_eq!(hysteresis(47_999, Some(Grade::A)), Grade::D);
        assert_eq!(hysteresis(100_000, Some(Grade::D)), Grade::A);
    }

    #[test]
    fn without_a_previous_grade_the_thresholds_are_plain() {
        for previous in [None, Some(Grade::P)] {
            let grades = [80_000, 79_999, 65_000, 64_999, 50_000, 49_999, 0]
                .map(|composite| hysteresis(composite, previous));
            assert_eq!(
                grades,
                [
                    Grade::A,
                    Grade::B,
                    Grade::B,
                    Grade::C,
                    Grade::C,
                    Grade::D,
                    Grade::D
                ]
            );
        }
    }

    /// Examples of section 6: a first grade at 80,000 with EMP n 25, and a D on noise.
    #[test]
    fn cap_and_floor_keep_noise_from_deciding() {
        let nothing = Guards {
            emp_few: false,
            emp_low: false,
            stb6_low: false,
            sat_available: true,
            sat_low: false,
        };
        let apply = |guards: &Guards, grade| {
            let mut reasons = Vec::new();
            (guards.apply(grade, &mut reasons), reasons)
        };
        let few = Guards {
            emp_few: true,
            ..nothing
        };
        assert_eq!(apply(&few, Grade::A), (Grade::B, vec![Reason::CapEmpN]));
        assert_eq!(apply(&few, Grade::B), (Grade::B, vec![]));
        let silent = Guards {
            sat_available: false,
            ..nothing
        };
        assert_eq!(
            apply(&silent, Grade::A),
            (Grade::B, vec![Reason::CapSatUnavailable])
        );
        assert_eq!(apply(&nothing, Grade::A), (Grade::A, vec![]));
        assert_eq!(
            apply(&nothing, Grade::D),
            (Grade::C, vec![Reason::FloorNotProven])
        );
        let low = Guards {
            emp_low: true,
            sat_low: true,
            ..nothing
        };
        assert_eq!(
            apply(&low, Grade::D),
            (Grade::D, vec![Reason::DEmpSigLow, Reason::DSatLow])
        );
        assert_eq!(apply(&low, Grade::A).0, Grade::B);
    }
}
