//! A case (warning, rectification, suspension, exit) and the papers that it collects: who files what, at which stage.

use super::InstitutionTransition as T;
use crate::access::Role;
use crate::lifecycle::{Refusal, RefusalKind};
use crate::{named, text_enum};

text_enum! {
    /// The gravest thing that a case has come to.
    CaseKind("kind of case") {
        /// Warning.
        Warning = "warning",
        /// Rectification order.
        Rectification = "rectification",
        /// Suspension.
        Suspension = "suspension",
        /// Exit.
        Exit = "exit",
        /// The institution's own wish to leave.
        Withdrawal = "withdrawal",
    }
}

named!(CaseKind {
    Warning = "预警" / "warning",
    Rectification = "限期整改" / "rectification",
    Suspension = "暂停" / "suspension",
    Exit = "清退" / "exit",
    Withdrawal = "自愿退出" / "withdrawal",
});

impl CaseKind {
    /// The kind of a case at a stage; `None` where the stage ends it or leaves it as it is.
    pub const fn at(stage: T) -> Option<Self> {
        match stage {
            T::T11 => Some(Self::Warning),
            T::T13 | T::T17 => Some(Self::Rectification),
            T::T15 | T::T16 => Some(Self::Suspension),
            T::T19 | T::T20 => Some(Self::Exit),
            T::T22 => Some(Self::Withdrawal),
            _ => None,
        }
    }
}

text_enum! {
    /// A paper of a case.
    PaperKind("kind of paper") {
        /// The institution's reply to a warning.
        Reply = "reply",
        /// Its plan to rectify.
        Plan = "plan",
        /// Its report that it has rectified.
        Report = "report",
        /// Its statement in a suspension or an exit.
        Statement = "statement",
        /// It asks for a hearing.
        HearingRequest = "hearing_request",
        /// Inspection on the spot.
        Inspection = "inspection",
        /// Record of a hearing.
        Hearing = "hearing",
        /// The hearing is waived, or was not asked for in time.
        HearingWaiver = "hearing_waiver",
    }
}

named!(PaperKind {
    Reply = "情况说明" / "reply",
    Plan = "整改方案" / "plan",
    Report = "整改报告" / "report",
    Statement = "陈述申辩" / "statement",
    HearingRequest = "听证申请" / "request for a hearing",
    Inspection = "检查记录" / "inspection",
    Hearing = "听证记录" / "record of a hearing",
    HearingWaiver = "放弃听证" / "waiver of the hearing",
});

impl PaperKind {
    /// Stages at which the paper is filed.
    pub const fn stages(self) -> &'static [T] {
        match self {
            Self::Reply => &[T::T11],
            Self::Plan | Self::Report | Self::Inspection => &[T::T13, T::T17],
            Self::Statement | Self::Hearing => &[T::T15, T::T16, T::T19],
            Self::HearingRequest | Self::HearingWaiver => &[T::T19],
        }
    }

    /// Who files it.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Reply | Self::Plan | Self::Report | Self::Statement | Self::HearingRequest => {
                &[Role::InstitutionOperator]
            }
            Self::Inspection => &[Role::PrefectureOfficer, Role::ProvinceOfficer],
            Self::Hearing => &[Role::ProvinceOfficer, Role::NationalOfficer],
            Self::HearingWaiver => &[Role::InstitutionOperator, Role::ProvinceOfficer],
        }
    }

    /// The term that it meets.
    pub const fn meets(self) -> &'static [&'static str] {
        match self {
            Self::Reply => &["reply"],
            Self::Plan => &["plan"],
            Self::Report => &["report"],
            Self::Inspection => &["inspection"],
            Self::Statement => &[],
            Self::Hearing => &["hearing", "hearing_request"],
            Self::HearingRequest | Self::HearingWaiver => &["hearing_request"],
        }
    }
}

/// Whether somebody of this role may file the paper at this stage of an open case.
pub fn may_file(kind: PaperKind, stage: T, open: bool, role: Role) -> Result<(), Refusal> {
    if !open || !kind.stages().contains(&stage) {
        let at: Vec<&str> = kind.stages().iter().map(|one| one.zh()).collect();
        let at_en: Vec<&str> = kind.stages().iter().map(|one| one.en()).collect();
        let (now, now_en) = if open {
            (stage.zh(), stage.en())
        } else {
            ("已办结", "closed")
        };
        return Err(Refusal {
            kind: RefusalKind::NotFrom,
            zh: format!(
                "案件当前为“{now}”,不能提交{};它用于:{}。",
                kind.zh(),
                at.join("、")
            ),
            en: format!(
                "The case is at: {now_en}; no {} now. It belongs to: {}.",
                kind.en(),
                at_en.join(", ")
            ),
            unmet: Vec::new(),
        });
    }
    if kind.roles().contains(&role) {
        return Ok(());
    }
    let zh: Vec<&str> = kind.roles().iter().map(|role| role.zh()).collect();
    let en: Vec<&str> = kind.roles().iter().map(|role| role.en()).collect();
    Err(Refusal {
        kind: RefusalKind::NotBy,
        zh: format!("{}由{}提交。", kind.zh(), zh.join("、")),
        en: format!("The {} is filed by: {}.", kind.en(), en.join(", ")),
        unmet: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paper_is_filed_at_its_stage_by_its_side() {
        for kind in PaperKind::ALL {
            for stage in T::ALL {
                for role in Role::ALL {
                    let allowed = kind.stages().contains(stage) && kind.roles().contains(role);
                    assert_eq!(may_file(*kind, *stage, true, *role).is_ok(), allowed);
                    assert!(may_file(*kind, *stage, false, *role).is_err());
                }
            }
        }
        let refused = may_file(PaperKind::Plan, T::T11, true, Role::InstitutionOperator)
            .expect_err("not yet");
        assert!(refused.zh.contains("预警") && refused.zh.contains("限期整改"));
    }
}
