//! What becomes of running classes when an institution leaves (grading.md 7, "On exit").

use crate::{named, text_enum};

text_enum! {
    /// What becomes of the trainees of a running class.
    Plan("plan") {
        /// Another institution takes the class over.
        Transfer = "transfer",
        /// The class ends; the hours count in full.
        EndWithCredit = "end_with_credit",
        /// The class is taught to its end under the county's eyes, within the days of the policy.
        TeachOut = "teach_out",
    }
}

named!(Plan {
    Transfer = "转到其他机构" / "transfer",
    EndWithCredit = "终止,已学学时全部承认" / "end with full credit of hours",
    TeachOut = "县级监督下授完" / "teach-out",
});

/// A class that runs when an exit is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningCohort {
    /// Hours taught so far.
    pub hours_taught: u32,
    /// Hours planned.
    pub planned_hours: u32,
}

/// The plans that the reference leaves open: under half of the hours a transfer or an end with credit, from half on a
/// teach-out; after fraud always a transfer. `half_permille` is the policy's 500.
pub fn plans_allowed(class: RunningCohort, fraud: bool, half_permille: u32) -> &'static [Plan] {
    let taught = u64::from(class.hours_taught) * 1_000;
    let half = u64::from(class.planned_hours) * u64::from(half_permille);
    match (fraud, taught >= half) {
        (true, _) => &[Plan::Transfer],
        (false, false) => &[Plan::Transfer, Plan::EndWithCredit],
        (false, true) => &[Plan::TeachOut],
    }
}
