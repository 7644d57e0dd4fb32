//! Visits: who was there, what was looked at, and whether the institution signs for it (field.md 19).

use crate::{named, text_enum};

text_enum! {
    /// An item of the checklist; employment and its stability lead (seed, art. 14).
    ChecklistItem("item of the checklist") {
        /// Work found after training.
        Employment = "employment",
        /// Whether it lasts.
        Stability = "stability",
        /// Teaching and practice.
        Teaching = "teaching",
        /// Accessibility and accommodation.
        Accessibility = "accessibility",
        /// Attendance, examinations, papers.
        Records = "records",
    }
}

named!(ChecklistItem {
    Employment = "就业转化" / "employment conversion",
    Stability = "就业稳定" / "stability of employment",
    Teaching = "教学与实训" / "teaching and practice",
    Accessibility = "无障碍与合理便利" / "accessibility and accommodation",
    Records = "考勤、考核与档案" / "attendance, examinations, papers",
});

text_enum! {
    /// What the institution says to the record of a visit.
    Countersignature("countersignature") {
        /// Not answered.
        Open = "open",
        /// Signed.
        Signed = "signed",
        /// Refused, with a reason.
        Refused = "refused",
    }
}

named!(Countersignature {
    Open = "待会签" / "not answered",
    Signed = "已会签" / "countersigned",
    Refused = "拒绝会签" / "refused",
});
