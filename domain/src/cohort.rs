//! A cohort (班级): its states, who may change them, and under which conditions (workflow.md section 2).
//!
//! The system never ends a class: a job raises an alarm, a person decides (field.md 14). A failed acceptance leaves
//! the cohort finished, with a list of what to put right, twice at most.

mod growth;
mod refused;
mod rules;
mod transition;

pub use growth::{HeldPlaces, PlacesCap, most_at_once};
pub use refused::{Refused, Unmet};
pub use rules::CohortRules;
pub(crate) use rules::at_least;
pub use transition::{By, Facts, Transition, acts_from, decide, may_open};

crate::text_enum! {
    /// Where a cohort stands.
    CohortState("cohort state") {
        /// Written down by the institution; not public.
        Planned = "planned",
        /// Public; waits for the county's confirmation, then for enrolment.
        Announced = "announced",
        /// Takes applications.
        Enrolling = "enrolling",
        /// Teaching goes on.
        Running = "running",
        /// Teaching ended; waits for acceptance (验收).
        Finished = "finished",
        /// Accepted by two officers of the county; certificates may follow.
        Accepted = "accepted",
        /// After the last outcome window.
        Archived = "archived",
        /// Given up before teaching began.
        Cancelled = "cancelled",
        /// Broken off while running.
        Terminated = "terminated",
        /// Taken over by another institution while running.
        Transferred = "transferred",
    }
}

crate::text_enum! {
    /// What can be done to a cohort.
    CohortAct("cohort act") {
        /// Make it public.
        Announce = "announce",
        /// The county agrees to the announcement.
        Confirm = "confirm",
        /// Take applications.
        OpenEnrolment = "open_enrolment",
        /// First class day.
        Start = "start",
        /// Last class day.
        Finish = "finish",
        /// Accept (验收), by two persons.
        Accept = "accept",
        /// Acceptance failed: back with a list.
        SendBack = "send_back",
        /// After the last outcome window, by the registry.
        Archive = "archive",
        /// Give up before teaching began.
        Cancel = "cancel",
        /// Break off.
        Terminate = "terminate",
        /// Hand over to another institution.
        Transfer = "transfer",
    }
}

crate::text_enum! {
    /// How a cohort is taught; its gates come from policy (field.md 14).
    Track("track") {
        /// Ordinary class days.
        Full = "full",
        /// Village half-day classes.
        Short = "short",
    }
}

crate::text_enum! {
    /// What the standing of an institution means for its classes.
    Standing("standing") {
        /// Admitted provisionally: classes within the caps of policy.
        Provisional = "provisional",
        /// Graded or warned: classes without caps.
        Full = "full",
        /// Neither in good standing nor barred: running classes go on, no new ones.
        NoNewClasses = "no_new_classes",
        /// Suspended.
        Suspended = "suspended",
        /// Left the catalogue.
        Exited = "exited",
        /// Not admitted (yet).
        NotAdmitted = "not_admitted",
    }
}

impl CohortState {
    /// Word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Planned => "计划中",
            Self::Announced => "已公布",
            Self::Enrolling => "报名中",
            Self::Running => "培训中",
            Self::Finished => "已结束待验收",
            Self::Accepted => "已验收",
            Self::Archived => "已归档",
            Self::Cancelled => "已取消",
            Self::Terminated => "已终止",
            Self::Transferred => "已移交",
        }
    }

    /// Whether anybody may see code, program, place, dates, free places and state.
    pub const fn is_public(self) -> bool {
        !matches!(self, Self::Planned)
    }

    /// Whether it counts against the caps of a provisional institution ("running at once", grading.md T08).
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Planned | Self::Announced | Self::Enrolling | Self::Running
        )
    }

    /// Whether its days count as taken for the people in it.
    pub const fn takes_time(self) -> bool {
        !matches!(self, Self::Cancelled | Self::Terminated | Self::Transferred)
    }
}

impl CohortAct {
    /// Word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Announce => "公布",
            Self::Confirm => "确认",
            Self::OpenEnrolment => "开始报名",
            Self::Start => "开班",
            Self::Finish => "结课",
            Self::Accept => "验收",
            Self::SendBack => "退回整改",
            Self::Archive => "归档",
            Self::Cancel => "取消",
            Self::Terminate => "终止",
            Self::Transfer => "移交",
        }
    }

    /// English word in sentences.
    pub const fn en(self) -> &'static str {
        match self {
            Self::OpenEnrolment => "open enrolment",
            Self::SendBack => "send back",
            other => other.as_str(),
        }
    }
}

#[cfg(test)]
mod tests;
