//! Exit, return, stays, bars and the trainees who stay.

use super::*;

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
    // A term that ran out without an inspection is a failure, too.
    let over = |f: &mut AdmissionFacts, until: &str| {
        f.given.cause = Some(Cause::RectificationFailed);
        f.case.suspended_unrectified = false;
        f.case.inspection = None;
        f.case.term_until = Some(day(until));
    };
    assert!(without(S::Rectifying, T::T19, p, |f| over(f, "2026-03-09")).is_empty());
    assert_eq!(
        without(S::Rectifying, T::T19, p, |f| over(f, "2026-03-10")),
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

#[test]
fn an_act_without_causes_takes_none_and_the_cause_of_the_case_stays() {
    let p = Role::ProvinceOfficer;
    for (from, act) in [
        (S::Warned, T::T12),
        (S::Rectifying, T::T14),
        (S::Suspended, T::T18),
        (S::ExitNotice, T::T20),
        (S::ExitNotice, T::T21),
    ] {
        let given = |f: &mut AdmissionFacts| f.given.cause = Some(Cause::Dormant);
        assert_eq!(without(from, act, p, given), ["cause-not-taken"], "{act}");
    }
}
