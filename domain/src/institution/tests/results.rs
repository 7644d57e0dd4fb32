//! Grades and what follows from them.

use super::*;

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
    // An objection that was accepted says that the figures are wrong: they give no grade.
    for (act, from) in [(T::T09, S::Provisional), (T::T10, S::Graded)] {
        let accepted = |f: &mut AdmissionFacts| f.results.accepted_objections = 1;
        assert_eq!(without(from, act, p, accepted), ["objection-accepted"]);
    }
    for (act, from) in [(T::T08, S::AdmissionNotice), (T::T20, S::ExitNotice)] {
        let accepted = |f: &mut AdmissionFacts| f.accepted_objections = 1;
        assert_eq!(without(from, act, p, accepted), ["objection-accepted"]);
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
    // What lies between two runs is a whole quarter, a whole year: two days at the end of one are no succession.
    let gap = [
        row(q, "2025-12-31", None, true),
        row(q, "2026-06-30", None, true),
        row(ResultKind::Annual, "2024-03-31", Some(Grade::D), false),
        row(ResultKind::Annual, "2026-03-31", Some(Grade::D), false),
    ];
    assert!(!ResultRow::emp_low_twice(&gap) && !ResultRow::d_twice(&gap));
    let same = [
        row(q, "2026-06-29", None, true),
        row(q, "2026-06-30", None, true),
    ];
    assert!(!ResultRow::emp_low_twice(&same));
    assert!(ResultRow::sat_low(&rows, 3_000) && !ResultRow::sat_low(&rows, 2_999));
    assert!(!ResultRow::sat_is_suspended(&rows));
}

#[test]
fn a_run_ends_on_the_annual_day_or_with_a_quarter() {
    let annual = |on: &str| ResultKind::Annual.ends_on(day(on), (3, 31));
    let quarterly = |on: &str| ResultKind::Quarterly.ends_on(day(on), (3, 31));
    assert!(annual("2026-03-31") && !annual("2026-04-01") && !annual("2026-06-30"));
    for good in ["2025-12-31", "2026-03-31", "2026-06-30", "2026-09-30"] {
        assert!(quarterly(good), "{good}");
    }
    for bad in ["2026-06-29", "2026-07-01", "2026-02-28", "2026-04-30"] {
        assert!(!quarterly(bad), "{bad}");
    }
}
