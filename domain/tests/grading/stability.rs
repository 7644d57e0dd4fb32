//! STB3, STB6, STB12 (grading.md section 3).

use serde_json::{Value, json};

use crate::build::File;

fn two_jobs(next: &str) -> File {
    let mut file = File::new();
    file.enrolment("e", json!({}));
    file.episode(
        "w1",
        "p-e",
        json!({"start": "2024-08-01", "last_day": "2024-11-01"}),
    );
    file.episode("w2", "p-e", json!({"start": next, "employer": "another"}));
    file
}

/// "Worked" of section 3.
#[test]
fn thirty_days_without_work_are_stable_and_thirty_one_are_not() {
    assert_eq!(two_jobs("2024-12-02").run().enrolment("e")["STB6"], true);
    assert_eq!(two_jobs("2024-12-03").run().enrolment("e")["STB6"], false);
}

#[test]
fn the_day_of_the_horizon_itself_must_be_worked() {
    let last = |day: &str| {
        let mut file = File::new();
        file.enrolment("e", json!({}));
        file.episode("w", "p-e", json!({"start": "2024-08-01", "last_day": day}));
        file.run().enrolment("e")["STB3"].clone()
    };
    assert_eq!(last("2024-10-30"), true, "day 90");
    assert_eq!(
        last("2024-10-29"),
        false,
        "day 89, only one day without work"
    );
}

#[test]
fn days_without_work_add_up() {
    let mut file = two_jobs("2024-11-20");
    file.rows("episodes")[1]["last_day"] = json!("2024-12-31");
    file.episode("w3", "p-e", json!({"start": "2025-01-13"}));
    // 18 days in November and 12 in January.
    assert_eq!(file.run().enrolment("e")["STB6"], true);
    file.rows("episodes")[2]["start"] = json!("2025-01-14");
    assert_eq!(file.run().enrolment("e")["STB6"], false);
}

#[test]
fn a_horizon_waits_for_its_verification_grace() {
    let mut file = File::new();
    file.cohort("late", json!({"start": "2025-06-01", "end": "2025-08-01"}));
    file.enrolment("e", json!({"cohort": "late", "exit_date": "2025-08-01"}));
    // 2026-03-31 is 180 + 60 days after 2025-08-03.
    file.episode("w", "p-e", json!({"start": "2025-08-03"}));
    let results = file.run();
    assert_eq!(results.enrolment("e")["STB3"], true);
    assert_eq!(results.enrolment("e")["STB6"], true);
    assert_eq!(results.enrolment("e")["STB12"], Value::Null);
    file.rows("episodes")[0]["start"] = json!("2025-08-04");
    assert_eq!(file.run().enrolment("e")["STB6"], Value::Null);
    assert_eq!(file.run().counts("i", "STB6"), (0, 0));
}

#[test]
fn short_and_related_jobs_keep_a_conversion_alive() {
    let mut file = two_jobs("2024-11-02");
    file.rows("episodes")[1]["last_day"] = json!("2024-11-20");
    file.episode(
        "w3",
        "p-e",
        json!({"start": "2024-11-21", "related_to_institution": "i",
        "evidence": [{"tier": "B", "source": "bank"}, {"tier": "B", "source": "contract"}]}),
    );
    assert_eq!(file.run().enrolment("e")["STB6"], true);
}

#[test]
fn unproven_and_uncounted_work_covers_nothing() {
    for change in [
        json!({"type": "internship"}),
        json!({"contest": "open"}),
        json!({"evidence": []}),
    ] {
        let mut file = two_jobs("2024-11-02");
        let Value::Object(change) = change else {
            unreachable!("an object")
        };
        file.rows("episodes")[1]
            .as_object_mut()
            .expect("a row")
            .extend(change);
        assert_eq!(file.run().enrolment("e")["STB6"], false);
    }
}

#[test]
fn an_outage_of_the_source_takes_the_unproven_out_of_the_denominator() {
    let outage = |changes: Value| {
        let mut file = two_jobs("2024-12-20");
        file.outage(changes);
        let results = file.run();
        (
            results.enrolment("e")["STB6"].clone(),
            results.counts("i", "STB6").0,
        )
    };
    let left_out = (Value::Null, 0);
    let failed = (json!(false), 1);
    assert_eq!(
        outage(json!({"from": "2024-11-02", "until": "2024-11-20"})),
        left_out,
        "48 days, 18 hidden"
    );
    assert_eq!(
        outage(json!({"from": "2024-11-02", "until": "2024-11-19"})),
        failed,
        "31 days remain"
    );
    assert_eq!(
        outage(json!({"from": "2024-11-02", "until": "2024-11-20", "province": "440000"})),
        failed
    );
    assert_eq!(
        outage(json!({"from": "2024-11-02", "until": "2024-11-20", "source": "tax"})),
        failed
    );
    assert_eq!(
        outage(json!({"from": "2024-11-02", "until": "2024-11-20", "kind": "disaster"})),
        left_out
    );
    let mut proven = two_jobs("2024-12-02");
    proven.outage(json!({"from": "2024-11-02", "until": "2024-12-02"}));
    assert_eq!(
        proven.run().enrolment("e")["STB6"],
        true,
        "what is proven stays"
    );
}
