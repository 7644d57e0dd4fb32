//! Every pair of state, act and role, and every condition.

mod leaving;
mod rectification;
mod results;
mod table;

use InstitutionState as S;
use InstitutionTransition as T;
use chrono::NaiveDate;
use uuid::Uuid;

use super::*;
use crate::access::Role;
use crate::ids::StaffPersonId;
use crate::lifecycle::{Refusal, RefusalKind};
use crate::policy::WorkflowPolicy;

const POLICY: &str = include_str!("../../../../seed-data/policies/CN-BASE-2026.1.workflow.json");

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn person(number: u128) -> StaffPersonId {
    StaffPersonId::new(Uuid::from_u128(number))
}

/// Facts under which every condition of the act holds.
fn facts(state: S, act: T) -> AdmissionFacts {
    let cause = match act {
        T::T11 | T::T13 => Some(Cause::GradeD),
        T::T15 => Some(Cause::TermOver),
        T::T16 => Some(Cause::Safety),
        T::T19 => Some(Cause::DTwice),
        T::T22 => Some(Cause::Voluntary),
        T::T25 => Some(Cause::Court),
        _ => None,
    };
    AdmissionFacts {
        state,
        grade: Some(Grade::D),
        today: day("2026-03-10"),
        due_on: Some(day("2026-03-12")),
        notice_until: Some(day("2026-03-09")),
        returned_before: false,
        open_objections: 0,
        accepted_objections: u64::from(act == T::T07),
        sites: 1,
        local_role: Role::CountyOfficer,
        stayed: None,
        grade_stayed: false,
        restores: Some(S::Graded),
        persons: Persons {
            actor: person(1),
            deciding: true,
            interested: false,
            exit_proposed_by: Some(person(2)),
        },
        given: Given {
            reason: true,
            cause,
            evidence: true,
            document: true,
            minutes: true,
            until: Some(day("2026-05-10")),
            findings: true,
            data_due_on: Some(day("2026-01-01")),
            hearing_offered: true,
            finding: None,
        },
        results: ResultFacts {
            pending: Some(Grade::D),
            notice_until: Some(day("2026-03-09")),
            open_objections: 0,
            accepted_objections: 0,
            finality: Finality::Final,
            emp_low_twice: true,
            sat_low: true,
            sat_suspended: true,
            d_twice: true,
        },
        case: CaseFacts {
            warned_by: None,
            served: true,
            answer_due: Some(day("2026-03-05")),
            answered_on: Some(day("2026-03-05")),
            term_until: Some(day("2026-03-09")),
            inspection: Some(Inspection {
                by: person(3),
                by_prefecture: true,
                passed: true,
            }),
            has_prefecture: true,
            attempts: 0,
            suspended_unrectified: true,
            latest_term: Some(day("2026-06-08")),
        },
        exit: ExitFacts {
            heard: true,
            province_until: Some(day("2026-03-09")),
            withdrawal_asked: true,
            before: Some(S::Graded),
            appeal_upheld: true,
            last_course_on: Some(day("2024-01-01")),
            dormant_before: Some(day("2024-03-10")),
            ..ExitFacts::default()
        },
        data_late_days: 30,
    }
}

fn codes(refused: &Refusal) -> Vec<&'static str> {
    refused.unmet.iter().map(|one| one.code).collect()
}

/// Codes of what is missing when one fact is changed.
fn without(
    state: S,
    act: T,
    role: Role,
    change: impl FnOnce(&mut AdmissionFacts),
) -> Vec<&'static str> {
    let mut facts = facts(state, act);
    change(&mut facts);
    match decide(&facts, act, role) {
        Ok(_) => Vec::new(),
        Err(refused) => {
            assert_eq!(refused.kind, RefusalKind::Conditions, "{refused}");
            codes(&refused)
        }
    }
}
