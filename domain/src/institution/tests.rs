//! Every pair of state, act and role, and every condition.

use chrono::NaiveDate;
use uuid::Uuid;

use super::*;
use crate::access::Role;
use crate::ids::StaffPersonId;
use crate::lifecycle::{Refusal, RefusalKind};
use crate::policy::WorkflowPolicy;

use InstitutionState as S;
use InstitutionTransition as T;

const POLICY: &str = include_str!("../../../seed-data/policies/CN-BASE-2026.1.workflow.json");

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
        accepted_objections: 1,
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

#[test]
fn every_state_act_and_role_is_decided_by_the_table_of_the_reference() {
    use Role::{
        CountyOfficer as X, InstitutionOperator as I, NationalOfficer as N, PrefectureOfficer as C,
        ProvinceOfficer as P,
    };
    let live = [S::Provisional, S::Graded, S::Warned, S::Rectifying];
    let mut allowed: Vec<(S, T, S, Vec<Role>)> = vec![
        (S::Applied, T::T02, S::Returned, vec![X]),
        (S::Returned, T::T03, S::Applied, vec![I]),
        (S::Applied, T::T04, S::UnderReview, vec![X]),
        (S::UnderReview, T::T05, S::Rejected, vec![P]),
        (S::UnderReview, T::T06, S::AdmissionNotice, vec![P]),
        (S::AdmissionNotice, T::T07, S::UnderReview, vec![P]),
        (S::AdmissionNotice, T::T08, S::Provisional, vec![P]),
        (S::Provisional, T::T09, S::Graded, vec![P]),
        (S::Graded, T::T10, S::Graded, vec![P]),
        (S::Provisional, T::T11, S::Warned, vec![C, P]),
        (S::Graded, T::T11, S::Warned, vec![C, P]),
        (S::Warned, T::T12, S::Graded, vec![C, P]),
        (S::Warned, T::T13, S::Rectifying, vec![P]),
        (S::Rectifying, T::T14, S::Graded, vec![P]),
        (S::Rectifying, T::T15, S::Suspended, vec![P]),
        (S::Suspended, T::T17, S::Rectifying, vec![P]),
        (S::Suspended, T::T18, S::Graded, vec![P]),
        (S::ExitNotice, T::T20, S::Exited, vec![P]),
        (S::ExitNotice, T::T21, S::Graded, vec![P]),
        (S::Exited, T::T23, S::Graded, vec![N]),
    ];
    for from in live {
        allowed.push((from, T::T16, S::Suspended, vec![P, N]));
        allowed.push((from, T::T19, S::ExitNotice, vec![P, N]));
        allowed.push((from, T::T25, S::Graded, vec![P, N]));
    }
    allowed.push((S::Suspended, T::T19, S::ExitNotice, vec![P, N]));
    for from in [S::Provisional, S::Graded, S::Warned] {
        allowed.push((from, T::T22, S::Exited, vec![P]));
    }
    for from in [S::Rejected, S::Suspended, S::ExitNotice, S::Exited] {
        allowed.push((from, T::T25, S::Graded, vec![P, N]));
    }
    let mut found = 0;
    for from in S::ALL {
        for act in T::ALL {
            let line = allowed.iter().find(|(f, t, _, _)| f == from && t == act);
            for role in Role::ALL {
                let decided = decide(&facts(*from, *act), *act, *role);
                let expected = line
                    .filter(|(_, _, _, who)| who.contains(role))
                    .map(|(_, _, to, _)| *to);
                assert_eq!(
                    decided.as_ref().ok().map(|step| step.to),
                    expected,
                    "{from} {act} {role}: {decided:?}"
                );
                found += usize::from(decided.is_ok());
                let Err(refused) = decided else { continue };
                // Both states, or who may do it instead.
                if line.is_none() {
                    assert_eq!(refused.kind, RefusalKind::NotFrom);
                    assert!(refused.zh.contains(from.zh()) && refused.en.contains(from.en()));
                } else {
                    assert_eq!(refused.kind, RefusalKind::NotBy);
                    assert!(refused.zh.contains("办理"), "{}", refused.zh);
                }
            }
        }
    }
    assert_eq!(
        found,
        allowed.iter().map(|line| line.3.len()).sum::<usize>()
    );
}

#[test]
fn two_persons_are_those_of_the_design() {
    let two: Vec<T> = T::ALL
        .iter()
        .copied()
        .filter(|act| {
            TABLE
                .iter()
                .any(|line| line.act == *act && line.two_persons)
        })
        .collect();
    assert_eq!(
        two,
        [
            T::T06,
            T::T08,
            T::T09,
            T::T10,
            T::T15,
            T::T16,
            T::T19,
            T::T20,
            T::T25
        ]
    );
}

#[test]
fn a_step_of_others_names_who_may() {
    let refused =
        decide(&facts(S::Applied, T::T04), T::T04, Role::ProvinceOfficer).expect_err("refused");
    assert_eq!(refused.kind, RefusalKind::NotBy);
    assert!(refused.zh.contains("县级残联"), "{}", refused.zh);
    // A place without a county federation has its prefecture act.
    let mut place = facts(S::Applied, T::T04);
    place.local_role = Role::PrefectureOfficer;
    assert!(decide(&place, T::T04, Role::PrefectureOfficer).is_ok());
    assert!(decide(&place, T::T04, Role::CountyOfficer).is_err());
}

#[test]
fn admission_waits_for_notice_and_objections_and_says_both() {
    let missing = without(S::AdmissionNotice, T::T08, Role::ProvinceOfficer, |f| {
        f.notice_until = Some(f.today);
        f.open_objections = 2;
    });
    assert_eq!(missing, ["notice-running", "objection-open"]);
}

#[test]
fn terms_once_asked_and_reasons_are_kept() {
    let late = day("2026-03-13");
    let x = Role::CountyOfficer;
    assert_eq!(
        without(S::Applied, T::T02, x, |f| f.today = late),
        ["completeness-term-over"]
    );
    assert_eq!(
        without(S::Returned, T::T03, Role::InstitutionOperator, |f| f
            .today =
            late),
        ["completion-term-over"]
    );
    assert_eq!(
        without(S::Applied, T::T02, x, |f| f.returned_before = true),
        ["returned-before"]
    );
    assert_eq!(
        without(S::Applied, T::T04, x, |f| f.sites = 0),
        ["site-missing"]
    );
    let silent = |act, from| without(from, act, Role::ProvinceOfficer, |f| f.given.reason = false);
    for (act, from) in [
        (T::T05, S::UnderReview),
        (T::T11, S::Graded),
        (T::T15, S::Rectifying),
        (T::T19, S::Graded),
        (T::T21, S::ExitNotice),
    ] {
        assert_eq!(silent(act, from), ["reason-missing"], "{act}");
    }
    assert!(silent(T::T06, S::UnderReview).is_empty());
}

#[test]
fn a_cause_is_one_of_its_act() {
    for (act, from) in [
        (T::T11, S::Graded),
        (T::T13, S::Warned),
        (T::T15, S::Rectifying),
        (T::T16, S::Graded),
        (T::T19, S::Graded),
        (T::T22, S::Graded),
        (T::T25, S::Graded),
    ] {
        let p = Role::ProvinceOfficer;
        assert_eq!(
            without(from, act, p, |f| f.given.cause = None),
            ["cause-missing"]
        );
        let foreign = if act == T::T16 {
            Cause::Dormant
        } else {
            Cause::Safety
        };
        assert_eq!(
            without(from, act, p, |f| f.given.cause = Some(foreign)),
            ["cause-missing"],
            "{act}"
        );
    }
    for cause in Cause::ALL {
        assert!(T::ALL.iter().any(|act| cause.fits(*act)), "{cause}");
    }
}

#[test]
fn who_has_an_interest_or_proposed_the_exit_does_not_decide() {
    let p = Role::ProvinceOfficer;
    for line in TABLE {
        for from in line.from {
            let mut facts = facts(*from, line.act);
            facts.persons.interested = true;
            let role = line.who[0].role(facts.local_role);
            let refused = decide(&facts, line.act, role).expect_err("barred");
            assert_eq!(
                codes(&refused),
                ["interest-declared"],
                "{from} {}",
                line.act
            );
        }
    }
    let own = |f: &mut AdmissionFacts| f.persons.exit_proposed_by = Some(person(1));
    assert_eq!(without(S::ExitNotice, T::T20, p, own), ["proposer-decides"]);
    let only_proposes = |f: &mut AdmissionFacts| {
        f.persons.exit_proposed_by = Some(person(1));
        f.persons.deciding = false;
    };
    assert!(without(S::ExitNotice, T::T20, p, only_proposes).is_empty());
    let inspector = |f: &mut AdmissionFacts| {
        f.case.inspection = Some(Inspection {
            by: person(1),
            by_prefecture: true,
            passed: true,
        });
    };
    assert_eq!(
        without(S::Rectifying, T::T14, p, inspector),
        ["proposer-decides"]
    );
}

#[test]
fn grades_wait_for_their_notice() {
    let p = Role::ProvinceOfficer;
    for (act, from) in [(T::T09, S::Provisional), (T::T10, S::Graded)] {
        assert_eq!(
            without(from, act, p, |f| {
                f.results.notice_until = Some(f.today);
                f.results.open_objections = 1;
            }),
            ["notice-running", "objection-open"]
        );
        assert_eq!(
            without(from, act, p, |f| f.results.notice_until = None),
            ["notice-missing"]
        );
        assert_eq!(
            without(from, act, p, |f| f.results.pending = None),
            ["result-missing"]
        );
    }
    // P is no first grade, and may be a later one.
    let provisional = |f: &mut AdmissionFacts| f.results.pending = Some(Grade::P);
    assert_eq!(
        without(S::Provisional, T::T09, p, provisional),
        ["grade-provisional"]
    );
    assert!(without(S::Graded, T::T10, p, provisional).is_empty());
}

#[test]
fn a_stayed_grade_holds_the_next_grade_and_nothing_else() {
    let p = Role::ProvinceOfficer;
    let stayed = |f: &mut AdmissionFacts| {
        f.stayed = Some(T::T10);
        f.grade_stayed = true;
    };
    assert_eq!(without(S::Graded, T::T10, p, stayed), ["appeal-pending"]);
    for (from, act) in [
        (S::Graded, T::T11),
        (S::Warned, T::T12),
        (S::Warned, T::T13),
        (S::Rectifying, T::T14),
        (S::Graded, T::T16),
        (S::Graded, T::T19),
    ] {
        assert!(without(from, act, p, stayed).is_empty(), "{act}");
    }
}

#[test]
fn each_cause_to_warn_has_its_facts_and_a_d_must_be_final() {
    type Change = fn(&mut AdmissionFacts);
    let cases: [(Cause, Change, &str); 8] = [
        (Cause::GradeD, |f| f.grade = Some(Grade::C), "grade-not-d"),
        (
            Cause::GradeD,
            |f| f.results.finality = Finality::Appealed,
            "grade-not-final",
        ),
        (
            Cause::EmpSigLowTwice,
            |f| f.results.emp_low_twice = false,
            "result-not-low",
        ),
        (
            Cause::SatLow,
            |f| f.results.sat_low = false,
            "satisfaction-not-low",
        ),
        (
            Cause::SatSuspended,
            |f| f.results.sat_suspended = false,
            "satisfaction-not-suspended",
        ),
        (
            Cause::MajorFinding,
            |f| f.given.evidence = false,
            "evidence-missing",
        ),
        (
            Cause::MajorFinding,
            |f| f.given.document = false,
            "document-missing",
        ),
        // 30 days late is not more than 30 days late.
        (
            Cause::DataLate,
            |f| f.given.data_due_on = Some(day("2026-02-08")),
            "data-not-late",
        ),
    ];
    for (cause, change, code) in cases {
        let found = without(S::Graded, T::T11, Role::PrefectureOfficer, |f| {
            f.given.cause = Some(cause);
            change(f);
        });
        assert_eq!(found, [code], "{cause}");
        let good = without(S::Graded, T::T11, Role::PrefectureOfficer, |f| {
            f.given.cause = Some(cause);
        });
        assert!(good.is_empty(), "{cause} {good:?}");
    }
    for finality in [Finality::NotServed, Finality::Until(day("2026-03-20"))] {
        let found = without(S::Graded, T::T11, Role::ProvinceOfficer, |f| {
            f.results.finality = finality;
        });
        assert_eq!(found, ["grade-not-final"]);
    }
}

#[test]
fn the_level_that_warned_lifts_on_a_reply_in_time() {
    let c = Role::PrefectureOfficer;
    assert_eq!(
        without(S::Warned, T::T12, c, |f| f.case.warned_by =
            Some(Role::ProvinceOfficer)),
        ["other-level-warned"]
    );
    assert_eq!(
        without(S::Warned, T::T12, c, |f| f.case.answered_on = None),
        ["reply-missing"]
    );
    assert_eq!(
        without(S::Warned, T::T12, c, |f| f.case.answered_on =
            Some(day("2026-03-06"))),
        ["reply-late"]
    );
}

#[test]
fn an_order_has_findings_and_a_term_within_the_policy() {
    let p = Role::ProvinceOfficer;
    for (act, from) in [(T::T13, S::Warned), (T::T17, S::Suspended)] {
        assert_eq!(
            without(from, act, p, |f| f.given.findings = false),
            ["findings-missing"]
        );
        for until in [None, Some(day("2026-03-10")), Some(day("2026-06-09"))] {
            assert_eq!(
                without(from, act, p, |f| f.given.until = until),
                ["term-out-of-bounds"],
                "{until:?}"
            );
        }
    }
    assert_eq!(
        without(S::Suspended, T::T17, p, |f| f.case.attempts = 1),
        ["attempt-used"]
    );
    // Silence is a cause only after a served term.
    let silent = |f: &mut AdmissionFacts| {
        f.given.cause = Some(Cause::ReplyMissing);
        f.case.answered_on = None;
    };
    assert!(without(S::Warned, T::T13, p, silent).is_empty());
    let found = without(S::Warned, T::T13, p, |f| {
        silent(f);
        f.case.served = false;
        f.case.answer_due = None;
    });
    assert_eq!(found, ["not-served"]);
    let found = without(S::Warned, T::T13, p, |f| {
        silent(f);
        f.case.answer_due = Some(f.today);
    });
    assert_eq!(found, ["term-running"]);
}

#[test]
fn a_rectification_ends_by_inspection_or_by_its_term() {
    let p = Role::ProvinceOfficer;
    assert_eq!(
        without(S::Rectifying, T::T14, p, |f| f.case.inspection = None),
        ["inspection-missing"]
    );
    let by_province = |f: &mut AdmissionFacts| {
        f.case.inspection = Some(Inspection {
            by: person(3),
            by_prefecture: false,
            passed: true,
        });
    };
    assert_eq!(
        without(S::Rectifying, T::T14, p, by_province),
        ["prefecture-proposes"]
    );
    let corps = |f: &mut AdmissionFacts| {
        by_province(f);
        f.case.has_prefecture = false;
    };
    assert!(without(S::Rectifying, T::T14, p, corps).is_empty());
    assert_eq!(
        without(S::Rectifying, T::T15, p, |f| f.case.term_until =
            Some(f.today)),
        ["term-running"]
    );
    assert_eq!(
        without(S::Rectifying, T::T15, p, |f| {
            f.given.cause = Some(Cause::InspectionFailed);
        }),
        ["inspection-not-failed"]
    );
    assert_eq!(
        without(S::Rectifying, T::T15, p, |f| {
            f.given.cause = Some(Cause::PlanMissing);
        }),
        ["answered-in-time"]
    );
}

#[test]
fn an_exit_has_cause_hearing_minutes_evidence_and_a_place_for_everybody() {
    let p = Role::ProvinceOfficer;
    let found = without(S::Graded, T::T19, p, |f| {
        f.results.d_twice = false;
        f.given.evidence = false;
        f.given.minutes = false;
        f.given.hearing_offered = false;
        f.exit.unarranged = vec!["K1".to_owned()];
        f.exit.wrong_plans = vec!["K2".to_owned()];
    });
    assert_eq!(
        found,
        [
            "not-d-twice",
            "evidence-missing",
            "minutes-missing",
            "hearing-not-offered",
            "arrangement-missing",
            "arrangement-not-allowed"
        ]
    );
    let dormant = |f: &mut AdmissionFacts| f.given.cause = Some(Cause::Dormant);
    assert!(without(S::Graded, T::T19, p, dormant).is_empty());
    assert_eq!(
        without(S::Graded, T::T19, p, |f| {
            dormant(f);
            f.exit.last_course_on = f.exit.dormant_before;
        }),
        ["not-dormant"]
    );
    for cause in [
        Cause::FraudFound,
        Cause::ForgedCertificates,
        Cause::LicenceLost,
        Cause::AssessmentRefused,
    ] {
        assert_eq!(
            without(S::Graded, T::T19, p, |f| {
                f.given.cause = Some(cause);
                f.given.document = false;
            }),
            ["document-missing"]
        );
    }
    assert_eq!(
        without(S::Graded, T::T19, p, |f| {
            f.given.cause = Some(Cause::RectificationFailed);
            f.case.suspended_unrectified = false;
        }),
        ["rectification-not-failed"]
    );
    let n = Role::NationalOfficer;
    for until in [None, Some(day("2026-03-10"))] {
        assert_eq!(
            without(S::Graded, T::T19, n, |f| f.exit.province_until = until),
            ["province-may-act"]
        );
    }
    let found = without(S::ExitNotice, T::T20, p, |f| {
        f.notice_until = Some(f.today);
        f.open_objections = 1;
        f.exit.heard = false;
        f.given.evidence = false;
        f.given.minutes = false;
        f.given.document = false;
    });
    assert_eq!(
        found,
        [
            "notice-running",
            "objection-open",
            "hearing-missing",
            "evidence-missing",
            "minutes-missing",
            "document-missing"
        ]
    );
}

#[test]
fn leaving_by_ones_own_wish_leaves_nobody_behind() {
    let found = without(S::Graded, T::T22, Role::ProvinceOfficer, |f| {
        f.exit.withdrawal_asked = false;
        f.exit.running_cohorts = 2;
        f.exit.open_fraud = true;
    });
    assert_eq!(
        found,
        ["withdrawal-not-asked", "cohorts-running", "fraud-case-open"]
    );
}

#[test]
fn a_return_needs_an_upheld_appeal_and_setting_aside_its_level() {
    assert_eq!(
        without(S::Exited, T::T23, Role::NationalOfficer, |f| {
            f.exit.appeal_upheld = false;
        }),
        ["appeal-not-upheld"]
    );
    let own = |f: &mut AdmissionFacts| f.given.cause = Some(Cause::OwnCorrection);
    assert!(without(S::Warned, T::T25, Role::ProvinceOfficer, own).is_empty());
    assert_eq!(
        without(S::Warned, T::T25, Role::NationalOfficer, own),
        ["cause-of-other-level"]
    );
    assert_eq!(
        without(S::Warned, T::T25, Role::NationalOfficer, |f| {
            f.given.cause = Some(Cause::Superior);
            f.given.document = false;
        }),
        ["document-missing"]
    );
    assert_eq!(
        without(S::Warned, T::T25, Role::ProvinceOfficer, |f| f.restores =
            None),
        ["nothing-before"]
    );
}

#[test]
fn a_stay_holds_everything_but_an_emergency() {
    let stayed = |f: &mut AdmissionFacts| f.stayed = Some(T::T15);
    let p = Role::ProvinceOfficer;
    for act in [T::T14, T::T15, T::T19] {
        assert_eq!(without(S::Rectifying, act, p, stayed), ["appeal-pending"]);
    }
    assert!(without(S::Rectifying, T::T16, p, stayed).is_empty());
    // Beside a stay of the grade both hold; the one of the grade goes on alone.
    let both = |f: &mut AdmissionFacts| {
        f.stayed = Some(T::T15);
        f.grade_stayed = true;
    };
    assert_eq!(without(S::Rectifying, T::T14, p, both), ["appeal-pending"]);
    assert!(without(S::Rectifying, T::T16, p, both).is_empty());
}

#[test]
fn the_way_back_is_by_the_grade() {
    for (grade, to) in [
        (None, S::Provisional),
        (Some(Grade::P), S::Provisional),
        (Some(Grade::B), S::Graded),
    ] {
        for (act, from) in [
            (T::T12, S::Warned),
            (T::T14, S::Rectifying),
            (T::T18, S::Suspended),
        ] {
            let mut facts = facts(from, act);
            facts.grade = grade;
            let step = decide(&facts, act, Role::ProvinceOfficer).expect("allowed");
            assert_eq!(step.to, to);
        }
    }
}

#[test]
fn new_classes_stop_with_suspension_and_with_a_d_under_rectification() {
    for state in S::ALL {
        let open = |grade| state.may_open(grade);
        let expected = match state {
            S::Provisional | S::Graded | S::Warned => [true, true, true],
            S::Rectifying => [true, false, false],
            _ => [false, false, false],
        };
        assert_eq!(
            [open(Some(Grade::C)), open(Some(Grade::D)), open(None)],
            expected,
            "{state}"
        );
    }
}

#[test]
fn trainees_move_or_finish_by_the_half_of_the_hours() {
    let class = |hours_taught| RunningCohort {
        hours_taught,
        planned_hours: 41,
    };
    assert_eq!(
        plans_allowed(class(20), false, 500),
        [Plan::Transfer, Plan::EndWithCredit]
    );
    assert_eq!(plans_allowed(class(21), false, 500), [Plan::TeachOut]);
    assert_eq!(plans_allowed(class(41), true, 500), [Plan::Transfer]);
}

#[test]
fn bars_are_those_of_the_reference() {
    let policy = WorkflowPolicy::from_json(POLICY).expect("a policy");
    let from = day("2026-03-10");
    let until = |cause: Cause| cause.bar(&policy.workflow).until(from);
    for (cause, expected) in [
        (Cause::Voluntary, None),
        (Cause::Dormant, Some("2026-09-10")),
        (Cause::DTwice, Some("2027-03-10")),
        (Cause::RectificationFailed, Some("2028-03-10")),
        (Cause::FraudFound, Some("2029-03-10")),
        (Cause::ForgedCertificates, Some("2031-03-10")),
    ] {
        assert_eq!(until(cause), expected.map(day), "{cause}");
    }
}

#[test]
fn results_of_runs_are_read_newest_first() {
    let row = |kind, on: &str, grade, low| ResultRow {
        kind,
        freeze_on: day(on),
        grade,
        emp_sig_low: low,
        sat_milli: Some(2_999),
        sat_suspended: false,
        decided: true,
    };
    let q = ResultKind::Quarterly;
    let rows = [
        row(q, "2026-03-31", None, true),
        row(q, "2025-09-30", None, false),
        row(q, "2025-12-31", None, true),
        row(ResultKind::Annual, "2025-03-31", Some(Grade::D), false),
        row(ResultKind::Annual, "2024-03-31", Some(Grade::D), false),
        row(ResultKind::Annual, "2023-03-31", Some(Grade::B), false),
    ];
    assert!(ResultRow::emp_low_twice(&rows) && ResultRow::d_twice(&rows));
    assert!(!ResultRow::emp_low_twice(&rows[1..]) && !ResultRow::d_twice(&rows[4..]));
    assert!(ResultRow::sat_low(&rows, 3_000) && !ResultRow::sat_low(&rows, 2_999));
    assert!(!ResultRow::sat_is_suspended(&rows));
}

#[test]
fn an_application_waits_for_the_end_of_the_bar() {
    let today = day("2026-03-10");
    let apply = |last, barred_until| {
        decide_application(&ApplicationFacts {
            today,
            last,
            barred_until,
            person_barred_until: None,
        })
    };
    assert_eq!(apply(None, None), Ok(T::T01));
    assert_eq!(apply(Some((S::Rejected, Some(today))), None), Ok(T::T24));
    assert!(apply(Some((S::Rejected, Some(day("2026-03-11")))), None).is_err());
    assert_eq!(apply(Some((S::Exited, None)), None), Ok(T::T24));
    assert!(apply(Some((S::Provisional, None)), None).is_err());
    // A bar holds in every province, also for a first application there.
    assert!(apply(None, Some(day("2026-03-11"))).is_err());
    assert_eq!(apply(None, Some(today)), Ok(T::T01));
    // Neither does a new shell help whoever is responsible for forged certificates.
    let person = |until: &str| {
        decide_application(&ApplicationFacts {
            today,
            last: None,
            barred_until: None,
            person_barred_until: Some(day(until)),
        })
    };
    assert_eq!(person("2026-03-10"), Ok(T::T01));
    let refused = person("2026-03-11").expect_err("barred");
    assert_eq!(refused.unmet[0].code, "person-barred");
}
