//! Admission of an institution by a federation: states, the transition table T01-T24, conditions (grading.md 7).

use chrono::NaiveDate;

use crate::access::Role;
use crate::lifecycle::{Refusal, Row, Unmet, Who, row};
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

    /// Whether new classes and offers may start.
    pub const fn may_open(self) -> bool {
        matches!(self, Self::Provisional | Self::Graded | Self::Warned)
    }
}

text_enum! {
    /// A transition of grading.md 7.
    InstitutionTransition("transition") {
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
        /// Emergency stop.
        T16 = "T16",
        /// Resume.
        T18 = "T18",
        /// Apply again.
        T24 = "T24",
    }
}

named!(InstitutionTransition {
    T01 = "申请入库" / "application",
    T02 = "要求补正" / "request for completion",
    T03 = "补正" / "completion",
    T04 = "受理" / "acceptance for processing",
    T05 = "不予入库" / "refusal",
    T06 = "入库公示" / "notice of admission",
    T07 = "异议成立,退回审核" / "return after an objection",
    T08 = "准予入库" / "admission",
    T16 = "紧急暂停" / "emergency stop",
    T18 = "恢复" / "resumption",
    T24 = "重新申请" / "new application",
});

use InstitutionState as S;
use InstitutionTransition as T;

/// The table. T09-T15, T17 and T19-T23 join it with grading and exit; T01 and T24 begin an admission and stand apart.
pub static TABLE: &[Row<S, T>] = &[
    Row {
        act: T::T02,
        from: &[S::Applied],
        to: Some(S::Returned),
        who: &[Who::Local],
        two_persons: false,
    },
    Row {
        act: T::T03,
        from: &[S::Returned],
        to: Some(S::Applied),
        who: &[Who::Institution],
        two_persons: false,
    },
    Row {
        act: T::T04,
        from: &[S::Applied],
        to: Some(S::UnderReview),
        who: &[Who::Local],
        two_persons: false,
    },
    Row {
        act: T::T05,
        from: &[S::UnderReview],
        to: Some(S::Rejected),
        who: &[Who::Province],
        two_persons: false,
    },
    Row {
        act: T::T06,
        from: &[S::UnderReview],
        to: Some(S::AdmissionNotice),
        who: &[Who::Province],
        two_persons: true,
    },
    Row {
        act: T::T07,
        from: &[S::AdmissionNotice],
        to: Some(S::UnderReview),
        who: &[Who::Province],
        two_persons: false,
    },
    Row {
        act: T::T08,
        from: &[S::AdmissionNotice],
        to: Some(S::Provisional),
        who: &[Who::Province],
        two_persons: true,
    },
    // One person stops at once; the second confirms within the hours of the policy.
    Row {
        act: T::T16,
        from: &[S::Provisional, S::Graded, S::Warned, S::Rectifying],
        to: Some(S::Suspended),
        who: &[Who::Province, Who::National],
        two_persons: true,
    },
    Row {
        act: T::T18,
        from: &[S::Suspended],
        to: None,
        who: &[Who::Province],
        two_persons: false,
    },
];

impl InstitutionTransition {
    /// Whether the decision is a leaf of the public log.
    pub const fn is_public(self) -> bool {
        !matches!(self, T::T01 | T::T02 | T::T03 | T::T04 | T::T24)
    }

    /// Whether the act stops at once and is confirmed afterwards (design decision 21).
    pub const fn confirmed_afterwards(self) -> bool {
        matches!(self, T::T16)
    }

    const fn needs_reason(self) -> bool {
        matches!(self, T::T02 | T::T05 | T::T07 | T::T16 | T::T18)
    }
}

/// Everything a transition may depend on, read under lock in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionFacts {
    /// Present state.
    pub state: InstitutionState,
    /// State before a suspension.
    pub state_before: Option<InstitutionState>,
    /// Today in China.
    pub today: NaiveDate,
    /// Until when the present state waits.
    pub due_on: Option<NaiveDate>,
    /// Last day of the notice.
    pub notice_until: Option<NaiveDate>,
    /// Whether completion was asked for before.
    pub returned_before: bool,
    /// Objections that nobody has decided.
    pub open_objections: u64,
    /// Objections of the present notice that were accepted.
    pub accepted_objections: u64,
    /// Sites that the institution has entered.
    pub sites: u64,
    /// Whether the request gives a reason.
    pub reason_given: bool,
    /// Role of the place's lowest federation.
    pub local_role: Role,
}

/// A transition that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionStep {
    /// The act.
    pub transition: InstitutionTransition,
    /// State before.
    pub from: InstitutionState,
    /// State after.
    pub to: InstitutionState,
    /// Whether a second person must approve or confirm.
    pub two_persons: bool,
}

/// Decides about a transition; refuses with all conditions that do not hold.
pub fn decide(
    facts: &AdmissionFacts,
    transition: InstitutionTransition,
    role: Role,
) -> Result<AdmissionStep, Refusal> {
    let line = row(TABLE, facts.state, transition, role, facts.local_role)?;
    let unmet = unmet(facts, transition);
    if !unmet.is_empty() {
        return Err(Refusal::conditions(transition, facts.state, unmet));
    }
    // A suspension always remembers what it stopped; a graded state stands in for a legacy row that does not.
    let before = || facts.state_before.unwrap_or(InstitutionState::Provisional);
    Ok(AdmissionStep {
        transition,
        from: facts.state,
        to: line.to.unwrap_or_else(before),
        two_persons: line.two_persons,
    })
}

fn unmet(facts: &AdmissionFacts, transition: InstitutionTransition) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if transition.needs_reason() && !facts.reason_given {
        unmet.push(Unmet::new(
            "reason-missing",
            "请写明理由。",
            "Give the reason.",
        ));
    }
    let overdue = facts.due_on.is_some_and(|due| facts.today > due);
    match transition {
        T::T02 if facts.returned_before => unmet.push(Unmet::new(
            "returned-before",
            "补正只能要求一次,已要求过。",
            "Completion may be asked for once, and was.",
        )),
        T::T02 if overdue => unmet.push(Unmet::new(
            "completeness-term-over",
            "要求补正的期限已过,视为材料齐全,请受理。",
            "The term for asking has passed; the application counts as complete. Accept it for processing.",
        )),
        T::T03 if overdue => unmet.push(Unmet::new(
            "completion-term-over",
            "补正期限已过,申请已失效,请重新申请。",
            "The term for completion has passed and the application has lapsed; apply again.",
        )),
        T::T04 if facts.sites == 0 => unmet.push(Unmet::new(
            "site-missing",
            "申请中还没有培训场地,请要求补正。",
            "The application has no training site; ask for completion.",
        )),
        T::T07 if facts.accepted_objections == 0 => unmet.push(Unmet::new(
            "objection-missing",
            "没有已采纳的异议。",
            "No objection was accepted.",
        )),
        T::T08 => {
            match facts.notice_until {
                Some(until) if facts.today <= until => unmet.push(Unmet::new(
                    "notice-running",
                    format!("公示期至 {until},期满后才能入库。"),
                    format!("The notice runs until {until}; admit after that day."),
                )),
                Some(_) => {}
                None => unmet.push(Unmet::new(
                    "notice-missing",
                    "没有公示记录。",
                    "There was no notice.",
                )),
            }
            if facts.open_objections > 0 {
                unmet.push(Unmet::new(
                    "objection-open",
                    format!("还有 {} 件异议未处理。", facts.open_objections),
                    format!("{} objections are not decided.", facts.open_objections),
                ));
            }
        }
        _ => {}
    }
    unmet
}

/// What an application (T01, T24) depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationFacts {
    /// Today in China.
    pub today: NaiveDate,
    /// State and bar of the last admission by the same federation.
    pub last: Option<(InstitutionState, Option<NaiveDate>)>,
}

/// Whether an institution may apply to a federation: T01 for the first time, T24 after a refusal or an exit.
pub fn decide_application(facts: &ApplicationFacts) -> Result<InstitutionTransition, Refusal> {
    match facts.last {
        None => Ok(T::T01),
        Some((state @ (S::Rejected | S::Exited), bar)) => match bar {
            Some(until) if facts.today < until => Err(Refusal::conditions(
                T::T24,
                state,
                vec![Unmet::new(
                    "barred",
                    format!("{until} 起才可以重新申请。"),
                    format!("A new application is possible from {until}."),
                )],
            )),
            _ => Ok(T::T24),
        },
        Some((state, _)) => Err(Refusal::conditions(
            T::T01,
            state,
            vec![Unmet::new(
                "admission-open",
                "同一统一社会信用代码在同一省已有申请或已入库。",
                "The same credit code has an open application or an admission in this province.",
            )],
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::RefusalKind;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn facts(state: InstitutionState) -> AdmissionFacts {
        AdmissionFacts {
            state,
            state_before: Some(InstitutionState::Graded),
            today: day("2026-03-10"),
            due_on: Some(day("2026-03-12")),
            notice_until: Some(day("2026-03-09")),
            returned_before: false,
            open_objections: 0,
            accepted_objections: 1,
            sites: 1,
            reason_given: true,
            local_role: Role::CountyOfficer,
        }
    }

    #[test]
    fn every_pair_is_decided_by_the_table_of_the_reference() {
        let allowed = [
            (S::Applied, T::T02, S::Returned),
            (S::Returned, T::T03, S::Applied),
            (S::Applied, T::T04, S::UnderReview),
            (S::UnderReview, T::T05, S::Rejected),
            (S::UnderReview, T::T06, S::AdmissionNotice),
            (S::AdmissionNotice, T::T07, S::UnderReview),
            (S::AdmissionNotice, T::T08, S::Provisional),
            (S::Provisional, T::T16, S::Suspended),
            (S::Graded, T::T16, S::Suspended),
            (S::Warned, T::T16, S::Suspended),
            (S::Rectifying, T::T16, S::Suspended),
            (S::Suspended, T::T18, S::Graded),
        ];
        for from in S::ALL {
            for transition in T::ALL {
                let expected = allowed
                    .iter()
                    .find(|(f, t, _)| f == from && t == transition)
                    .map(|(_, _, to)| *to);
                let found = Role::ALL
                    .iter()
                    .find_map(|role| decide(&facts(*from), *transition, *role).ok())
                    .map(|step| step.to);
                assert_eq!(found, expected, "{from} {transition}");
                if expected.is_none() {
                    let refused = decide(&facts(*from), *transition, Role::ProvinceOfficer)
                        .expect_err("refused");
                    assert_eq!(refused.kind, RefusalKind::NotFrom);
                    assert!(refused.zh.contains(from.zh()) && refused.en.contains(from.en()));
                }
            }
        }
    }

    #[test]
    fn a_step_of_others_names_who_may() {
        let refused =
            decide(&facts(S::Applied), T::T04, Role::ProvinceOfficer).expect_err("refused");
        assert_eq!(refused.kind, RefusalKind::NotBy);
        assert!(refused.zh.contains("县级残联"), "{}", refused.zh);
        // A place without a county federation has its prefecture act.
        let mut place = facts(S::Applied);
        place.local_role = Role::PrefectureOfficer;
        assert!(decide(&place, T::T04, Role::PrefectureOfficer).is_ok());
        assert!(decide(&place, T::T04, Role::CountyOfficer).is_err());
    }

    #[test]
    fn admission_waits_for_notice_and_objections_and_says_both() {
        let mut waiting = facts(S::AdmissionNotice);
        waiting.notice_until = Some(waiting.today);
        waiting.open_objections = 2;
        let refused = decide(&waiting, T::T08, Role::ProvinceOfficer).expect_err("refused");
        let codes: Vec<&str> = refused.unmet.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["notice-running", "objection-open"]);
    }

    #[test]
    fn terms_once_asked_and_reasons_are_kept() {
        let late = |state| {
            let mut late = facts(state);
            late.today = day("2026-03-13");
            late
        };
        assert!(decide(&late(S::Applied), T::T02, Role::CountyOfficer).is_err());
        assert!(decide(&late(S::Returned), T::T03, Role::InstitutionOperator).is_err());
        let mut twice = facts(S::Applied);
        twice.returned_before = true;
        assert!(decide(&twice, T::T02, Role::CountyOfficer).is_err());
        let mut silent = facts(S::UnderReview);
        silent.reason_given = false;
        assert!(decide(&silent, T::T05, Role::ProvinceOfficer).is_err());
        assert!(decide(&silent, T::T06, Role::ProvinceOfficer).is_ok());
    }

    #[test]
    fn an_application_waits_for_the_end_of_the_bar() {
        let today = day("2026-03-10");
        let apply = |last| decide_application(&ApplicationFacts { today, last });
        assert_eq!(apply(None), Ok(T::T01));
        assert_eq!(apply(Some((S::Rejected, Some(today)))), Ok(T::T24));
        assert!(apply(Some((S::Rejected, Some(day("2026-03-11"))))).is_err());
        assert_eq!(apply(Some((S::Exited, None))), Ok(T::T24));
        assert!(apply(Some((S::Provisional, None))).is_err());
    }
}
