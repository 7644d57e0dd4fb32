//! What a run leaves out and what work it counts, institution by institution: published as counts (grading.md 2 and 3).

use std::collections::BTreeMap;

use super::engine::Run;
use super::indicator::{Exclusion, WorkType};
use crate::program::Purpose;

/// Counts of one institution among those who attached in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mix {
    /// Id of the institution in the evidence.
    pub institution: String,
    /// People left out of employment, by the exclusion that holds.
    pub excluded: BTreeMap<Exclusion, u32>,
    /// People left out because a complete claim of theirs was undecided.
    pub undecided: u32,
    /// Conversions, by the form of work.
    pub work: BTreeMap<WorkType, u32>,
}

impl Run<'_> {
    /// The counts of every institution, in the order of R.
    pub fn mixes(&self) -> Vec<Mix> {
        let evidence = self.evidence;
        let mut mixes: Vec<Mix> = (0..self.assessments.len())
            .map(|row| Mix {
                institution: evidence.institution_ids.of(row).to_owned(),
                ..Mix::default()
            })
            .collect();
        for (enrolment, outcome) in evidence.enrolments.iter().zip(&self.outcomes) {
            if !outcome.counted() {
                continue;
            }
            let cohort = &evidence.cohorts[enrolment.cohort as usize];
            let mix = &mut mixes[cohort.institution as usize];
            if let Some(code) = outcome.exclusion {
                *mix.excluded.entry(code).or_default() += 1;
            } else if outcome.converted() {
                let work = evidence.episodes[outcome.episode as usize].kind;
                *mix.work.entry(work).or_default() += 1;
            } else if !outcome.in_employment && cohort.purpose != Purpose::Upskilling {
                mix.undecided += 1;
            }
        }
        mixes
    }
}
