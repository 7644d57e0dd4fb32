//! Warning and rectification.

use super::*;

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
