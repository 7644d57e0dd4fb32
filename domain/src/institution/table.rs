//! The transition table of grading.md 7, line by line.

use super::InstitutionState as S;
use crate::lifecycle::{Row, Who};
use crate::{named, text_enum};

text_enum! {
    /// A transition of grading.md 7 and field.md 8, 12.
    InstitutionTransition("transition") {
        /// Taken over from before the registry (存量); the import itself comes later.
        T00 = "T00",
        /// Apply.
        T01 = "T01",
        /// Ask for completion.
        T02 = "T02",
        /// Complete.
        T03 = "T03",
        /// Accept for processing.
        T04 = "T04",
        /// Refuse.
        T05 = "T05",
        /// Publish the intent to admit.
        T06 = "T06",
        /// Accept an objection.
        T07 = "T07",
        /// Admit.
        T08 = "T08",
        /// First grade.
        T09 = "T09",
        /// Annual grade.
        T10 = "T10",
        /// Warn.
        T11 = "T11",
        /// Lift the warning.
        T12 = "T12",
        /// Order rectification.
        T13 = "T13",
        /// Accept the rectification.
        T14 = "T14",
        /// Suspend: not rectified.
        T15 = "T15",
        /// Emergency stop.
        T16 = "T16",
        /// Allow another attempt.
        T17 = "T17",
        /// Resume.
        T18 = "T18",
        /// Propose exit.
        T19 = "T19",
        /// Exit.
        T20 = "T20",
        /// Exit not upheld.
        T21 = "T21",
        /// Voluntary withdrawal.
        T22 = "T22",
        /// Return after an appeal.
        T23 = "T23",
        /// Apply again.
        T24 = "T24",
        /// Set a decision aside.
        T25 = "T25",
    }
}

named!(InstitutionTransition {
    T00 = "存量转入" / "taking over",
    T01 = "申请入库" / "application",
    T02 = "要求补正" / "request for completion",
    T03 = "补正" / "completion",
    T04 = "受理" / "acceptance for processing",
    T05 = "不予入库" / "refusal",
    T06 = "入库公示" / "notice of admission",
    T07 = "异议成立,退回审核" / "return after an objection",
    T08 = "准予入库" / "admission",
    T09 = "首次定级" / "first grade",
    T10 = "年度定级" / "annual grade",
    T11 = "预警" / "warning",
    T12 = "解除预警" / "lifting of the warning",
    T13 = "限期整改" / "rectification order",
    T14 = "整改通过" / "acceptance of the rectification",
    T15 = "整改不合格,暂停" / "suspension for failed rectification",
    T16 = "紧急暂停" / "emergency stop",
    T17 = "准予再次整改" / "another attempt",
    T18 = "恢复" / "resumption",
    T19 = "退出公示" / "proposal of exit",
    T20 = "退出" / "exit",
    T21 = "不予退出" / "exit not upheld",
    T22 = "自愿退出" / "voluntary withdrawal",
    T23 = "申诉成立,恢复" / "return after an appeal",
    T24 = "重新申请" / "new application",
    T25 = "撤销原决定" / "setting aside",
});

use InstitutionTransition as T;

impl InstitutionTransition {
    /// Whether the decision is a leaf of the public log.
    pub const fn is_public(self) -> bool {
        !matches!(self, T::T00 | T::T01 | T::T02 | T::T03 | T::T04 | T::T24)
    }

    /// Whether the act stops at once and is confirmed afterwards (design decision 21).
    pub const fn confirmed_afterwards(self) -> bool {
        matches!(self, T::T16)
    }

    /// Whether the act waits for its second person before it takes effect.
    pub fn waits_for_second(self) -> bool {
        !self.confirmed_afterwards()
            && TABLE
                .iter()
                .any(|line| line.act == self && line.two_persons)
    }

    /// Whether the decision is served on the institution, so that its deadlines begin (field.md 7).
    pub const fn is_served(self) -> bool {
        matches!(
            self,
            T::T05 | T::T10 | T::T11 | T::T13 | T::T15 | T::T16 | T::T19 | T::T20
        )
    }

    /// Whether the decision opens or carries on a case.
    pub const fn belongs_to_case(self) -> bool {
        matches!(
            self,
            T::T11
                | T::T12
                | T::T13
                | T::T14
                | T::T15
                | T::T16
                | T::T17
                | T::T18
                | T::T19
                | T::T20
                | T::T21
                | T::T22
        )
    }

    pub(super) const fn needs_reason(self) -> bool {
        matches!(
            self,
            T::T02
                | T::T05
                | T::T07
                | T::T11
                | T::T12
                | T::T13
                | T::T15
                | T::T16
                | T::T17
                | T::T18
                | T::T19
                | T::T20
                | T::T21
                | T::T25
        )
    }
}

const fn one(
    act: T,
    from: &'static [S],
    to: Option<S>,
    who: &'static [Who],
    two_persons: bool,
) -> Row<S, T> {
    Row {
        act,
        from,
        to,
        who,
        two_persons,
    }
}

const LIVE: &[S] = &[S::Provisional, S::Graded, S::Warned, S::Rectifying];

/// The table. T01 and T24 begin an admission and stand apart; T00 comes with the import of what was there before. A
/// state after that is `None` is found in the facts: by the grade (T12, T14, T18), or as it was before (T21, T23, T25).
pub static TABLE: &[Row<S, T>] = &[
    one(
        T::T02,
        &[S::Applied],
        Some(S::Returned),
        &[Who::Local],
        false,
    ),
    one(
        T::T03,
        &[S::Returned],
        Some(S::Applied),
        &[Who::Institution],
        false,
    ),
    one(
        T::T04,
        &[S::Applied],
        Some(S::UnderReview),
        &[Who::Local],
        false,
    ),
    one(
        T::T05,
        &[S::UnderReview],
        Some(S::Rejected),
        &[Who::Province],
        false,
    ),
    one(
        T::T06,
        &[S::UnderReview],
        Some(S::AdmissionNotice),
        &[Who::Province],
        true,
    ),
    one(
        T::T07,
        &[S::AdmissionNotice],
        Some(S::UnderReview),
        &[Who::Province],
        false,
    ),
    one(
        T::T08,
        &[S::AdmissionNotice],
        Some(S::Provisional),
        &[Who::Province],
        true,
    ),
    // Publication of grades is by two persons.
    one(
        T::T09,
        &[S::Provisional],
        Some(S::Graded),
        &[Who::Province],
        true,
    ),
    one(
        T::T10,
        &[S::Graded],
        Some(S::Graded),
        &[Who::Province],
        true,
    ),
    one(
        T::T11,
        &[S::Provisional, S::Graded],
        Some(S::Warned),
        &[Who::Prefecture, Who::Province],
        false,
    ),
    one(
        T::T12,
        &[S::Warned],
        None,
        &[Who::Prefecture, Who::Province],
        false,
    ),
    one(
        T::T13,
        &[S::Warned],
        Some(S::Rectifying),
        &[Who::Province],
        false,
    ),
    // The prefecture proposes by its inspection; the province decides.
    one(T::T14, &[S::Rectifying], None, &[Who::Province], false),
    one(
        T::T15,
        &[S::Rectifying],
        Some(S::Suspended),
        &[Who::Province],
        true,
    ),
    // One person stops at once; the second confirms within the hours of the policy.
    one(
        T::T16,
        LIVE,
        Some(S::Suspended),
        &[Who::Province, Who::National],
        true,
    ),
    one(
        T::T17,
        &[S::Suspended],
        Some(S::Rectifying),
        &[Who::Province],
        false,
    ),
    one(T::T18, &[S::Suspended], None, &[Who::Province], false),
    one(
        T::T19,
        &[
            S::Provisional,
            S::Graded,
            S::Warned,
            S::Rectifying,
            S::Suspended,
        ],
        Some(S::ExitNotice),
        &[Who::Province, Who::National],
        true,
    ),
    one(
        T::T20,
        &[S::ExitNotice],
        Some(S::Exited),
        &[Who::Province],
        true,
    ),
    one(T::T21, &[S::ExitNotice], None, &[Who::Province], false),
    // The institution asks by opening the case; the province agrees.
    one(
        T::T22,
        &[S::Provisional, S::Graded, S::Warned],
        Some(S::Exited),
        &[Who::Province],
        false,
    ),
    // The body of appeal of the province's decisions.
    one(T::T23, &[S::Exited], None, &[Who::National], false),
    one(
        T::T25,
        &[
            S::Rejected,
            S::Provisional,
            S::Graded,
            S::Warned,
            S::Rectifying,
            S::Suspended,
            S::ExitNotice,
            S::Exited,
        ],
        None,
        &[Who::Province, Who::National],
        true,
    ),
];
