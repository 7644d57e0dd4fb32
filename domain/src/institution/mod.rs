//! Admission of an institution by a federation: states, the transitions T01-T25 with their conditions, appeals, and what
//! an exit does (grading.md 7, workflow.md 6, field.md 8 and 9).

pub mod appeal;
pub mod appealed;
mod case;
mod cause;
mod conditions;
mod decide;
mod exit;
mod facts;
mod followed;
mod grade;
mod report;
mod table;

pub use case::{CaseKind, PaperKind, may_file};
pub use cause::{Bar, Cause};
pub use decide::{AdmissionStep, ApplicationFacts, decide, decide_application};
pub use exit::{Plan, RunningCohort, plans_allowed};
pub use facts::{
    AdmissionFacts, CaseFacts, ExitFacts, Finality, FindingFacts, Given, Inspection, Persons,
    ResultFacts,
};
pub use followed::{Told, followed, rests_on, undone};
pub use grade::{Grade, ResultKind, ResultRow};
pub use report::{ReportKind, may_report};
pub use table::{InstitutionTransition, TABLE};

use crate::{named, text_enum};

text_enum! {
    /// State of an admission. State and grade are separate.
    InstitutionState("institution state") {
        /// Applied.
        Applied = "applied",
        /// Sent back for completion.
        Returned = "returned",
        /// Accepted for processing.
        UnderReview = "under_review",
        /// Refused.
        Rejected = "rejected",
        /// Intent to admit is published.
        AdmissionNotice = "admission_notice",
        /// Admitted, grade P.
        Provisional = "provisional",
        /// Admitted with a grade A-D.
        Graded = "graded",
        /// Warned.
        Warned = "warned",
        /// Under a rectification order.
        Rectifying = "rectifying",
        /// Suspended.
        Suspended = "suspended",
        /// Exit is proposed.
        ExitNotice = "exit_notice",
        /// Left the catalogue.
        Exited = "exited",
    }
}

named!(InstitutionState {
    Applied = "已申请" / "applied",
    Returned = "待补正" / "returned",
    UnderReview = "审核中" / "under review",
    Rejected = "不予入库" / "rejected",
    AdmissionNotice = "入库公示" / "admission notice",
    Provisional = "暂定入库" / "provisional",
    Graded = "已定级" / "graded",
    Warned = "预警" / "warned",
    Rectifying = "限期整改" / "rectifying",
    Suspended = "已暂停" / "suspended",
    ExitNotice = "退出公示" / "exit notice",
    Exited = "已退出" / "exited",
});

impl InstitutionState {
    /// Whether anybody may see the admission.
    pub const fn is_public(self) -> bool {
        !matches!(
            self,
            Self::Applied | Self::Returned | Self::UnderReview | Self::Rejected
        )
    }

    /// Whether the institution is in the catalogue now.
    pub const fn is_admitted(self) -> bool {
        matches!(
            self,
            Self::Provisional
                | Self::Graded
                | Self::Warned
                | Self::Rectifying
                | Self::Suspended
                | Self::ExitNotice
        )
    }

    /// Whether new classes and offers may start: also under rectification, unless the grade is D (T13).
    pub fn may_open(self, grade: Option<Grade>) -> bool {
        match self {
            Self::Provisional | Self::Graded | Self::Warned => true,
            Self::Rectifying => !matches!(grade, None | Some(Grade::D)),
            _ => false,
        }
    }

    /// Where an institution returns to when a warning, an order or a suspension ends (T12, T14, T18).
    pub const fn standing_of(grade: Option<Grade>) -> Self {
        match grade {
            None | Some(Grade::P) => Self::Provisional,
            Some(_) => Self::Graded,
        }
    }
}

#[cfg(test)]
mod tests;
