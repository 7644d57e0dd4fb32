//! What each enrolment counts as: attached, in the window, excluded, converted, stable (grading.md sections 2 and 3).

use super::people::Groups;
use super::stability::{Stability, stable_at};
use super::{Window, days};
use crate::grading::day::Day;
use crate::grading::evidence::{Cohort, Enrolment, Episode, Evidence, NONE, Standing};
use crate::grading::indicator::{Exclusion, HORIZONS, Undecided, WorkType};
use crate::grading::policy::Policy;
use crate::program::Purpose;

/// What an enrolment counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grading) struct Outcome {
    /// Row of the conversion, or [`NONE`]. Given only where the enrolment is in the numerator of EMP.
    pub(in crate::grading) episode: u32,
    /// For enrolments that are attached.
    pub(in crate::grading) exclusion: Option<Exclusion>,
    pub(in crate::grading) attached: bool,
    pub(in crate::grading) in_window: bool,
    /// In the denominator of EMP.
    pub(in crate::grading) in_employment: bool,
    /// STB3, STB6, STB12.
    pub(in crate::grading) stable: [Stable; 3],
}

/// Whether a conversion lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::grading) enum Stable {
    /// Not in the denominator: not converted, too early to tell, or hidden by an outage.
    NotCounted,
    /// Still working.
    Yes,
    /// Not, or not proven.
    No,
}

impl Outcome {
    pub(in crate::grading) const fn converted(&self) -> bool {
        self.episode != NONE
    }

    /// Attached and in the window: counted somewhere.
    pub(in crate::grading) const fn counted(&self) -> bool {
        self.attached && self.in_window
    }
}

/// One attached enrolment of a purpose that feeds employment.
#[derive(Clone, Copy)]
struct Candidate {
    row: u32,
    exit: Day,
    attended_hours: u32,
    start: Day,
    /// Earliest qualifying episode, or [`NONE`].
    episode: u32,
    /// Its first day; [`Day::LATEST`] without one.
    first_day: Day,
    superseded: bool,
    employed: bool,
}

/// Judges all enrolments; the answer is in their order.
pub(super) fn judge(evidence: &Evidence, policy: &Policy, window: Window) -> Vec<Outcome> {
    let mut outcomes: Vec<_> = evidence
        .enrolments
        .iter()
        .map(|enrolment| Outcome {
            episode: NONE,
            exclusion: None,
            attached: false,
            in_window: window.holds(enrolment.exit),
            in_employment: false,
            stable: [Stable::NotCounted; 3],
        })
        .collect();
    let enrolments = Groups::of(
        evidence.persons,
        evidence.enrolments.iter().map(|e| e.person),
    );
    let mut episodes = Groups::of(evidence.persons, evidence.episodes.iter().map(|e| e.person));
    let judge = Judge { evidence, policy };
    let mut candidates = Vec::new();
    let mut work = Vec::new();
    for person in 0..evidence.persons {
        let rows = enrolments.rows(person);
        if rows.is_empty() {
            continue;
        }
        work.clear();
        let episode_rows = episodes.rows_mut(person);
        // Rows are in the order of ids, so a stable sort leaves the smaller id first on the same day.
        episode_rows.sort_by_key(|&row| evidence.episodes[row as usize].start);
        work.extend(
            episode_rows
                .iter()
                .map(|&row| (row, evidence.episodes[row as usize])),
        );
        judge.person(rows, &work, &mut candidates, &mut outcomes);
    }
    outcomes
}

struct Judge<'e> {
    evidence: &'e Evidence,
    policy: &'e Policy,
}

impl Judge<'_> {
    fn person(
        &self,
        rows: &[u32],
        work: &[(u32, Episode)],
        candidates: &mut Vec<Candidate>,
        outcomes: &mut [Outcome],
    ) {
        candidates.clear();
        for &row in rows {
            let enrolment = &self.evidence.enrolments[row as usize];
            let cohort = &self.evidence.cohorts[enrolment.cohort as usize];
            let outcome = &mut outcomes[row as usize];
            outcome.attached = self.attached(enrolment, cohort);
            if !outcome.attached {
                continue;
            }
            outcome.exclusion = self.given_exclusion(enrolment);
            if feeds_employment(cohort.purpose) {
                let found = self.earliest(enrolment, cohort, work, Standing::Verified);
                candidates.push(Candidate {
                    row,
                    exit: enrolment.exit,
                    attended_hours: enrolment.attended_hours,
                    start: cohort.start,
                    episode: found.map_or(NONE, |(row, _)| row),
                    first_day: found.map_or(Day::LATEST, |(_, day)| day),
                    superseded: false,
                    employed: enrolment.employed,
                });
            }
        }
        self.supersede(candidates);
        for candidate in candidates.iter() {
            let outcome = &mut outcomes[candidate.row as usize];
            if outcome.exclusion.is_none() && candidate.employed {
                outcome.exclusion = Some(Exclusion::X6);
            }
            if outcome.exclusion.is_none() && candidate.superseded {
                outcome.exclusion = Some(Exclusion::X7);
            }
            if !outcome.in_window || outcome.exclusion.is_some() {
                continue;
            }
            let enrolment = &self.evidence.enrolments[candidate.row as usize];
            let cohort = &self.evidence.cohorts[enrolment.cohort as usize];
            outcome.episode = candidate.episode;
            outcome.in_employment = outcome.converted()
                || self.policy.undecided == Undecided::CountAsNotConverted
                || self
                    .earliest(enrolment, cohort, work, Standing::Undecided)
                    .is_none();
            if outcome.converted() {
                outcome.stable = self.stable(enrolment, cohort.purpose, candidate, work);
            }
        }
    }

    /// Attended at least 8 hours or at least 10% of the planned hours.
    fn attached(&self, enrolment: &Enrolment, cohort: &Cohort) -> bool {
        enrolment.attended_hours >= self.policy.min_hours
            || u64::from(enrolment.attended_hours) * 1_000
                >= u64::from(self.policy.min_permille) * u64::from(cohort.planned_hours)
    }

    /// X1 to X5, dated up to `exit + 180`.
    fn given_exclusion(&self, enrolment: &Enrolment) -> Option<Exclusion> {
        let until = enrolment.exit.plus(days(self.policy.emp_days));
        enrolment
            .exclusion
            .filter(|_| enrolment.excluded_on <= until)
    }

    /// X7 for the earlier course, or X6 for the later one if the job came between. All pairs are judged on what the
    /// evidence says, so no pair depends on what another pair decided.
    fn supersede(&self, candidates: &mut [Candidate]) {
        // Rows are in the order of ids, and of two that tie the one with the smaller id is the later.
        candidates.sort_by_key(|one| (one.exit, one.attended_hours, std::cmp::Reverse(one.row)));
        for at in 0..candidates.len() {
            let (head, later) = candidates.split_at_mut(at + 1);
            let e = &mut head[at];
            let reach = e.exit.plus(days(self.policy.emp_days));
            for f in later.iter_mut().filter(|f| f.start <= reach) {
                if e.first_day < f.start {
                    f.employed = true;
                } else {
                    e.superseded = true;
                }
            }
        }
    }

    /// The earliest episode that qualifies, the smaller id on the same day.
    fn earliest(
        &self,
        enrolment: &Enrolment,
        cohort: &Cohort,
        work: &[(u32, Episode)],
        standing: Standing,
    ) -> Option<(u32, Day)> {
        let until = enrolment.exit.plus(days(self.policy.emp_days));
        work.iter()
            .skip_while(|(_, episode)| episode.start < cohort.start)
            .take_while(|(_, episode)| episode.start <= until)
            .find(|(_, episode)| {
                episode.standing == standing && self.qualifies(enrolment, cohort, episode)
            })
            .map(|(row, episode)| (*row, episode.start))
    }

    /// The rules for a conversion, apart from the first day and the standing of the evidence.
    fn qualifies(&self, enrolment: &Enrolment, cohort: &Cohort, episode: &Episode) -> bool {
        let last = episode.last.min(self.evidence.freeze);
        let lasted = last.since(episode.start);
        let related = episode.related == cohort.institution;
        counts(episode.kind, enrolment, cohort.purpose)
            && lasted >= days(self.policy.min_days)
            && last > enrolment.exit
            && (!related || (episode.tier_a && lasted >= days(self.policy.related_min_days)))
    }

    fn stable(
        &self,
        enrolment: &Enrolment,
        purpose: Purpose,
        candidate: &Candidate,
        work: &[(u32, Episode)],
    ) -> [Stable; 3] {
        let stability = Stability {
            evidence: self.evidence,
            province: enrolment.province,
            conversion: &self.evidence.episodes[candidate.episode as usize],
            gap_days: days(self.policy.stab_gap_days),
        };
        HORIZONS.map(|horizon| {
            let end = candidate.first_day.plus(horizon);
            if end.plus(days(self.policy.grace_days)) > self.evidence.freeze {
                return Stable::NotCounted;
            }
            let verified = work.iter().filter(|(_, episode)| {
                episode.standing == Standing::Verified && counts(episode.kind, enrolment, purpose)
            });
            let spans = verified.map(|(_, episode)| (episode.start, episode.last));
            stable_at(&stability, candidate.first_day, end, spans)
        })
    }
}

/// Upskilling programs feed the other indicators only.
fn feeds_employment(purpose: Purpose) -> bool {
    !matches!(purpose, Purpose::Upskilling)
}

/// Whether a form of work counts for this trainee (grading.md section 3).
fn counts(kind: WorkType, enrolment: &Enrolment, purpose: Purpose) -> bool {
    match kind {
        WorkType::Contract
        | WorkType::Centralised
        | WorkType::PublicSector
        | WorkType::PublicWelfarePost
        | WorkType::SelfEmployment
        | WorkType::Flexible => true,
        WorkType::RuralProduction => matches!(purpose, Purpose::Rural),
        WorkType::SupportedWork => match enrolment.category {
            5 | 6 => true,
            4 | 7 => enrolment.level <= 2,
            _ => false,
        },
        WorkType::Unpaid | WorkType::Internship | WorkType::Trial => false,
    }
}
