//! X1 to X7 (grading.md section 2, design.md "Open evidence format").

use serde_json::{Value, json};

use crate::build::{File, Results};

fn excluded(code: &str, date: &str) -> Results {
    let mut file = File::new();
    file.enrolment("e", json!({"exclusion": {"code": code, "date": date}}));
    file.run()
}

#[test]
fn an_exclusion_counts_up_to_180_days_after_the_exit() {
    for code in ["X1", "X2", "X3", "X4", "X5"] {
        assert_eq!(
            excluded(code, "2025-01-08").counts("i", "EMP"),
            (0, 0),
            "{code}"
        );
        let late = excluded(code, "2025-01-09");
        assert_eq!(late.counts("i", "EMP"), (1, 0), "{code}");
        assert_eq!(late.enrolment("e")["exclusion"], Value::Null);
    }
}

#[test]
fn death_illness_and_custody_before_the_end_also_leave_completion() {
    for code in ["X1", "X2", "X4"] {
        assert_eq!(
            excluded(code, "2024-07-12").counts("i", "CMP"),
            (0, 0),
            "{code}"
        );
        assert_eq!(
            excluded(code, "2024-07-13").counts("i", "CMP"),
            (1, 1),
            "{code}"
        );
    }
    assert_eq!(excluded("X3", "2024-07-01").counts("i", "CMP"), (1, 1));
    assert_eq!(excluded("X5", "2024-07-01").counts("i", "CRT"), (1, 1));
}

#[test]
fn only_the_dead_are_not_asked() {
    assert_eq!(
        excluded("X1", "2024-09-01").indicator("i", "SAT")["invited"],
        0
    );
    assert_eq!(
        excluded("X2", "2024-09-01").indicator("i", "SAT")["invited"],
        1
    );
}

#[test]
fn who_was_employed_at_enrolment_leaves_the_employment_denominator() {
    let mut file = File::new();
    file.enrolment("e", json!({"employed_at_enrolment": true}));
    file.enrolment(
        "f",
        json!({"employed_at_enrolment": true, "exclusion": {"code": "X5", "date": "2024-07-12"}}),
    );
    let results = file.run();
    assert_eq!(results.enrolment("e")["exclusion"], "X6");
    assert_eq!(
        results.enrolment("f")["exclusion"],
        "X5",
        "the smaller code is told"
    );
    assert_eq!(results.counts("i", "EMP"), (0, 0));
    assert_eq!(results.counts("i", "CMP"), (2, 2));
}

/// e ended on 2024-07-12; f begins on `start` at another institution of another province.
fn two_courses(start: &str) -> File {
    let mut file = File::new();
    file.institution("j", json!({"federation": "440000"}));
    file.cohort(
        "d",
        json!({"institution": "j", "start": start, "end": "2025-03-01"}),
    );
    file.enrolment("e", json!({"person": "p"}));
    file.enrolment(
        "f",
        json!({"person": "p", "cohort": "d", "exit_date": "2025-03-01"}),
    );
    file
}

#[test]
fn a_later_course_within_180_days_supersedes() {
    let results = two_courses("2025-01-08").run();
    assert_eq!(results.enrolment("e")["exclusion"], "X7");
    assert_eq!(results.counts("i", "EMP"), (0, 0));
    assert_eq!(results.counts("j", "EMP"), (1, 0), "then only f counts");
    assert_eq!(two_courses("2025-01-09").run().counts("i", "EMP"), (1, 0));
}

#[test]
fn one_job_after_two_courses_is_credited_once() {
    let mut file = two_courses("2024-12-01");
    file.episode("w", "p", json!({"start": "2024-12-01"}));
    let results = file.run();
    assert_eq!(results.counts("i", "EMP"), (0, 0));
    assert_eq!(results.counts("j", "EMP"), (1, 1));
}

#[test]
fn if_the_job_came_first_the_first_course_keeps_it() {
    let mut file = two_courses("2024-12-01");
    file.episode("w", "p", json!({"start": "2024-11-30"}));
    let results = file.run();
    assert_eq!(results.counts("i", "EMP"), (1, 1));
    assert_eq!(results.enrolment("f")["exclusion"], "X6");
    assert_eq!(results.counts("j", "EMP"), (0, 0));
}

#[test]
fn a_job_that_does_not_qualify_does_not_keep_the_first_course() {
    let mut file = two_courses("2024-12-01");
    file.episode(
        "w",
        "p",
        json!({"start": "2024-10-01", "last_day": "2024-10-30"}),
    );
    assert_eq!(file.run().enrolment("e")["exclusion"], "X7");
}

#[test]
fn of_two_courses_that_end_together_more_hours_then_the_smaller_id_wins() {
    let tied = |hours: u32| {
        let mut file = File::new();
        file.cohort("d", json!({}));
        file.enrolment("e", json!({"person": "p", "attended_hours": 80}));
        file.enrolment(
            "f",
            json!({"person": "p", "cohort": "d", "attended_hours": hours}),
        );
        let results = file.run();
        (
            results.enrolment("e")["exclusion"].clone(),
            results.enrolment("f")["exclusion"].clone(),
        )
    };
    assert_eq!(tied(81), (json!("X7"), Value::Null));
    assert_eq!(tied(79), (Value::Null, json!("X7")));
    assert_eq!(
        tied(80),
        (Value::Null, json!("X7")),
        "e is the smaller id and is the later"
    );
}

#[test]
fn every_pair_is_judged_on_the_evidence_as_it_is() {
    // e, f, g in a row: f is superseded by g and still supersedes e.
    let mut file = two_courses("2024-09-01");
    file.cohort("k", json!({"start": "2025-04-01", "end": "2025-05-01"}));
    file.enrolment(
        "g",
        json!({"person": "p", "cohort": "k", "exit_date": "2025-05-01"}),
    );
    let results = file.run();
    assert_eq!(results.enrolment("e")["exclusion"], "X7");
    assert_eq!(results.enrolment("f")["exclusion"], "X7");
    assert_eq!(results.enrolment("g")["exclusion"], Value::Null);
}

#[test]
fn a_course_that_does_not_feed_employment_or_was_not_attended_supersedes_nothing() {
    let mut file = two_courses("2024-09-01");
    file.rows("cohorts")[1]["purpose"] = json!("upskilling");
    assert_eq!(file.run().enrolment("e")["exclusion"], Value::Null);
    let mut file = two_courses("2024-09-01");
    file.rows("enrolments")[1]["attended_hours"] = json!(0);
    assert_eq!(file.run().enrolment("e")["exclusion"], Value::Null);
}

#[test]
fn what_an_exit_ended_leaves_completion_and_nothing_else() {
    let counted = |transferred: bool| {
        let mut file = File::new();
        file.enrolment("e", json!({"completed": false, "transferred": transferred}));
        let results = file.run();
        (
            results.counts("i", "CMP").0,
            results.counts("i", "EMP").0,
            results.indicator("i", "SAT")["invited"].clone(),
        )
    };
    assert_eq!(counted(false), (1, 1, json!(1)));
    assert_eq!(counted(true), (0, 1, json!(1)));
}

#[test]
fn who_cannot_be_reached_is_not_asked_and_does_not_answer() {
    let mut file = File::new();
    file.enrolment("e", json!({"contactable": false}))
        .survey("e", json!({}));
    let results = file.run();
    assert_eq!(results.indicator("i", "SAT")["invited"], 0);
    assert_eq!(results.indicator("i", "SAT")["n"], 0);
    assert_eq!(results.counts("i", "EMP"), (1, 0));
}
