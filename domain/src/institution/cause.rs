//! Why a decision is taken: closed codes, and how long each bars from applying again (grading.md 7).

use chrono::{Months, NaiveDate};

use super::InstitutionTransition as T;
use crate::policy::Workflow;
use crate::{named, text_enum};

text_enum! {
    /// Cause of a decision.
    Cause("cause") {
        /// T11, T13: the grade is D.
        GradeD = "grade_d",
        /// T11: EMP significantly low in two successive quarterly runs.
        EmpSigLowTwice = "emp_sig_low_twice",
        /// T11: satisfaction below the threshold.
        SatLow = "sat_low",
        /// T11: satisfaction suspended for flags.
        SatSuspended = "sat_suspended",
        /// T11: major finding.
        MajorFinding = "major_finding",
        /// T11: data late.
        DataLate = "data_late",
        /// T13: no reply to the warning in time.
        ReplyMissing = "reply_missing",
        /// T13: the reply was not accepted.
        ReplyNotAccepted = "reply_not_accepted",
        /// T15: no plan in time.
        PlanMissing = "plan_missing",
        /// T15: the term is over and nothing was accepted.
        TermOver = "term_over",
        /// T15: the inspection failed.
        InspectionFailed = "inspection_failed",
        /// T16: safety of trainees.
        Safety = "safety",
        /// T16: reasonable suspicion of fraud.
        SuspicionOfFraud = "suspicion_of_fraud",
        /// T19: D in two successive annual runs.
        DTwice = "d_twice",
        /// T19: rectification failed.
        RectificationFailed = "rectification_failed",
        /// T19: fraud found.
        FraudFound = "fraud_found",
        /// T19: forged certificates.
        ForgedCertificates = "forged_certificates",
        /// T19: licence lost.
        LicenceLost = "licence_lost",
        /// T19: assessment refused.
        AssessmentRefused = "assessment_refused",
        /// T19: no course for the months of the policy.
        Dormant = "dormant",
        /// T22: the institution's own wish.
        Voluntary = "voluntary",
        /// T25: the deciding body corrects itself.
        OwnCorrection = "own_correction",
        /// T25: the superior body, an appeal among others.
        Superior = "superior",
        /// T25: a court or administrative reconsideration.
        Court = "court",
    }
}

named!(Cause {
    GradeD = "等级为 D" / "grade D",
    EmpSigLowTwice = "就业转化率连续两个季度显著偏低" / "employment conversion significantly low in two successive quarters",
    SatLow = "满意度低于标准" / "satisfaction below the threshold",
    SatSuspended = "满意度数据异常,暂不采用" / "satisfaction suspended for irregular answers",
    MajorFinding = "发现重大问题" / "major finding",
    DataLate = "数据逾期未报" / "data late",
    ReplyMissing = "逾期未提交说明" / "no reply in time",
    ReplyNotAccepted = "说明未被采纳" / "reply not accepted",
    PlanMissing = "逾期未提交整改方案" / "no plan in time",
    TermOver = "整改期满未通过验收" / "term over without acceptance",
    InspectionFailed = "整改检查未通过" / "inspection failed",
    Safety = "学员安全" / "safety of trainees",
    SuspicionOfFraud = "有弄虚作假的合理怀疑" / "reasonable suspicion of fraud",
    DTwice = "连续两个年度等级为 D" / "grade D in two successive years",
    RectificationFailed = "整改不合格" / "rectification failed",
    FraudFound = "查实弄虚作假" / "fraud found",
    ForgedCertificates = "伪造证书" / "forged certificates",
    LicenceLost = "办学许可失效" / "licence lost",
    AssessmentRefused = "拒绝接受评估" / "assessment refused",
    Dormant = "长期未开班" / "no course for a long time",
    Voluntary = "机构自愿退出" / "voluntary withdrawal",
    OwnCorrection = "原决定机关自行纠正" / "correction by the deciding body",
    Superior = "上级机关撤销" / "set aside by the superior body",
    Court = "复议或判决撤销" / "set aside by reconsideration or court",
});

/// How long a cause bars from applying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// Not at all.
    None,
    /// So many months.
    Months(u32),
}

impl Cause {
    /// The transition that it belongs to.
    pub const fn fits(self, transition: T) -> bool {
        match self {
            Self::GradeD => matches!(transition, T::T11 | T::T13),
            Self::EmpSigLowTwice
            | Self::SatLow
            | Self::SatSuspended
            | Self::MajorFinding
            | Self::DataLate => matches!(transition, T::T11),
            Self::ReplyMissing | Self::ReplyNotAccepted => matches!(transition, T::T13),
            Self::PlanMissing | Self::TermOver | Self::InspectionFailed => {
                matches!(transition, T::T15)
            }
            Self::Safety | Self::SuspicionOfFraud => matches!(transition, T::T16),
            Self::DTwice
            | Self::RectificationFailed
            | Self::FraudFound
            | Self::ForgedCertificates
            | Self::LicenceLost
            | Self::AssessmentRefused
            | Self::Dormant => matches!(transition, T::T19),
            Self::Voluntary => matches!(transition, T::T22),
            Self::OwnCorrection | Self::Superior | Self::Court => matches!(transition, T::T25),
        }
    }

    /// Causes of a transition; empty where none is asked for.
    pub fn of(transition: T) -> Vec<Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(|cause| cause.fits(transition))
            .collect()
    }

    /// Whether the cause is fraud: nothing is stayed, classes are handed over, certificates reviewed.
    pub const fn is_fraud(self) -> bool {
        matches!(self, Self::FraudFound | Self::ForgedCertificates)
    }

    /// Whether the persons responsible are barred as long as the institution (grading.md 7).
    pub const fn bars_persons(self) -> bool {
        matches!(self, Self::ForgedCertificates)
    }

    /// How long an exit for this cause bars. The reference names no bar for a lost licence and a refused assessment:
    /// both count as performance.
    pub const fn bar(self, numbers: &Workflow) -> Bar {
        match self {
            Self::Dormant => Bar::Months(numbers.bar_dormancy_months),
            Self::DTwice | Self::LicenceLost | Self::AssessmentRefused => {
                Bar::Months(numbers.bar_performance_months)
            }
            Self::RectificationFailed => Bar::Months(numbers.bar_rectification_months),
            Self::FraudFound => Bar::Months(numbers.bar_fraud_months),
            Self::ForgedCertificates => Bar::Months(numbers.bar_forgery_months),
            _ => Bar::None,
        }
    }
}

impl Bar {
    /// From which day on an application is possible again, when the bar begins on `from`.
    pub fn until(self, from: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::None => None,
            Self::Months(months) => from.checked_add_months(Months::new(months)),
        }
    }
}
