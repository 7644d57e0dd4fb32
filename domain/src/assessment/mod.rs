//! Third-party assessment (第三方评估): commissioned by the province, the assessor drawn by lot, conflicts declared, a sample
//! seen for a time, a report, the institution's reply, a final score (workflow.md 5, grading.md 3 TPA).

mod conflict;
pub mod lot;
mod table;
mod visit;

pub use conflict::{Relation, RelationKind, third_time_running};
pub use table::{AssessmentAct, AssessmentFacts, AssessmentState, VisitFacts, decide, possible};
pub use visit::{ChecklistItem, Countersignature};

use crate::{named, text_enum};

/// Numbers of third-party assessment: policy; `wd` are working days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssessmentNumbers {
    /// Who was drawn declares and accepts within, and opens the fieldwork within the same again.
    pub accept_wd: u32,
    /// Days of fieldwork: so long the sample is seen.
    pub fieldwork_days: u32,
    /// The institution countersigns the record of a visit, or refuses to, within.
    pub countersign_wd: u32,
    /// The institution replies to the report within.
    pub reply_wd: u32,
    /// The assessor makes it final within, from the reply or the end of its term.
    pub final_wd: u32,
    /// Share of the trainees of the period that is drawn, per mille.
    pub sample_permille: u32,
    /// At least so many are drawn.
    pub sample_least: u32,
    /// A relation that ended fewer months ago is a conflict still.
    pub conflict_months: u32,
    /// An assessor takes at most so many assessments of one institution running.
    pub running_most: u32,
    /// A final score counts in freezes for so many months.
    pub score_months: u32,
    /// The commissioner draws, publishes, or answers a major finding within.
    pub commissioner_wd: u32,
}

impl AssessmentNumbers {
    /// How many of these trainees are drawn.
    pub fn sample_of(&self, population: u32) -> u32 {
        let share = (u64::from(population) * u64::from(self.sample_permille)).div_ceil(1_000);
        u32::try_from(share)
            .unwrap_or(u32::MAX)
            .max(self.sample_least)
            .min(population)
    }
}

text_enum! {
    /// How grave a finding is.
    Severity("severity of a finding") {
        /// Minor.
        Minor = "minor",
        /// Major: a cause of a warning (T11).
        Major = "major",
        /// Critical: an emergency stop (T16) may follow the same day.
        Critical = "critical",
    }
}

named!(Severity {
    Minor = "一般问题" / "minor finding",
    Major = "较大问题" / "major finding",
    Critical = "严重问题" / "critical finding",
});

text_enum! {
    /// What became of somebody on the list of candidates.
    Standing("standing of a candidate") {
        /// On the list, not drawn.
        Listed = "listed",
        /// Holds the assessment.
        Drawn = "drawn",
        /// Was drawn and declared a conflict.
        Conflict = "conflict",
        /// Was drawn and replaced.
        Replaced = "replaced",
    }
}

named!(Standing {
    Listed = "候选" / "listed",
    Drawn = "已抽中" / "drawn",
    Conflict = "回避" / "stepped aside for a conflict",
    Replaced = "已更换" / "replaced",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_twenty_is_drawn_at_least_ten_at_most_all() {
        let numbers = AssessmentNumbers {
            accept_wd: 5,
            fieldwork_days: 60,
            countersign_wd: 3,
            reply_wd: 10,
            final_wd: 10,
            sample_permille: 50,
            sample_least: 10,
            conflict_months: 36,
            running_most: 2,
            score_months: 24,
            commissioner_wd: 10,
        };
        let drawn = |all| numbers.sample_of(all);
        assert_eq!(
            [drawn(0), drawn(4), drawn(200), drawn(201), drawn(400)],
            [0, 4, 10, 11, 20]
        );
        assert_eq!(drawn(u32::MAX), 214_748_365);
    }
}
