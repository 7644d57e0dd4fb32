//! What is refused, each fault with its place and all at once (design.md, "Open evidence format").

use domain::grading::{Evidence, FaultCode, Faults};
use serde_json::{Value, json};

use crate::build::File;

fn told(answer: Result<Evidence, Faults>) -> Vec<(String, &'static str)> {
    let faults = answer.expect_err("faulty evidence");
    let faults = faults.as_slice().iter();
    faults
        .map(|fault| (fault.pointer.clone(), fault.code.as_str()))
        .collect()
}

fn expected<const N: usize>(faults: [(&str, &'static str); N]) -> Vec<(String, &'static str)> {
    faults
        .map(|(pointer, code)| (pointer.to_owned(), code))
        .to_vec()
}

#[test]
fn every_fault_of_a_file_is_told() {
    let mut file = File::new();
    file.outage(json!({"from": "2025-02-01", "until": "2025-02-01", "kind": "strike"}));
    file.institution(
        "i",
        json!({"previous_grade": "E", "third_party_score": 101, "name": "x"}),
    );
    file.cohort("d", json!({"institution": "nowhere", "start": "2024-07-01", "end": "2024-06-30", "planned_hours": 0}));
    file.enrolment(
        "e",
        json!({"cohort": "nothing", "disability_category": 8, "disability_level": "1"}),
    );
    file.enrolment(
        "f",
        json!({"exit_date": "2024-07-13", "exclusion": {"code": "X7", "date": "2024-02-30"}}),
    );
    file.enrolment(
        "f",
        json!({"person": "", "completed": null, "attended_hours": 1.5}),
    );
    file.episode("w", "p", json!({"last_day": "2024-07-19", "type": "hobby", "related_to_institution": "j",
        "evidence": [{"tier": "D", "source": "x"}, {"tier": "A"}], "claimed_at": "2025-01-02", "decided_at": "2025-01-01"}));
    file.survey(
        "nobody",
        json!({"items": [0, 6, 3, 3, 3], "submitted": "2026-04-01"}),
    );
    file.survey("e", json!({"items": [3, 3, 3]}));
    file.survey("e", json!({}));
    file.survey("e", json!({"flagged": true}));
    file.survey("ghost", json!({"seq": -1, "mode": "fax", "by": "friend"}));
    file.survey("ghost", json!({}));
    file.0["extra"] = json!(1);
    file.0["format"] = json!(2);
    assert_eq!(
        told(file.read()),
        expected([
            ("/extra", "unknown_field"),
            ("/format", "unknown_format"),
            ("/institutions/1/name", "unknown_field"),
            ("/institutions/1/previous_grade", "unknown_word"),
            ("/institutions/1/third_party_score", "out_of_range"),
            ("/institutions/1/id", "duplicate_id"),
            ("/cohorts/1/institution", "dangling_reference"),
            ("/cohorts/1/end", "impossible_date"),
            ("/cohorts/1/planned_hours", "out_of_range"),
            ("/outages/0/until", "impossible_date"),
            ("/outages/0/kind", "unknown_word"),
            ("/enrolments/0/cohort", "dangling_reference"),
            ("/enrolments/0/disability_category", "out_of_range"),
            ("/enrolments/0/disability_level", "wrong_type"),
            ("/enrolments/1/exit_date", "impossible_date"),
            ("/enrolments/1/exclusion/code", "computed_exclusion"),
            ("/enrolments/1/exclusion/date", "bad_date"),
            ("/enrolments/2/person", "empty_text"),
            ("/enrolments/2/attended_hours", "not_an_integer"),
            ("/enrolments/2/completed", "wrong_type"),
            ("/enrolments/2/id", "duplicate_id"),
            ("/episodes/0/type", "unknown_word"),
            ("/episodes/0/last_day", "impossible_date"),
            ("/episodes/0/related_to_institution", "dangling_reference"),
            ("/episodes/0/evidence/0/tier", "unknown_word"),
            ("/episodes/0/evidence/1/source", "missing_field"),
            ("/episodes/0/decided_at", "impossible_date"),
            ("/surveys/0/items/0", "out_of_range"),
            ("/surveys/0/items/1", "out_of_range"),
            ("/surveys/0/submitted", "impossible_date"),
            ("/surveys/1/items", "wrong_type"),
            ("/surveys/4/seq", "out_of_range"),
            ("/surveys/4/mode", "unknown_word"),
            ("/surveys/4/by", "unknown_word"),
            ("/surveys/3/seq", "duplicate_id"),
            ("/surveys/5/enrolment", "dangling_reference"),
        ])
    );
}

#[test]
fn the_dead_did_not_enrol() {
    let mut file = File::new();
    file.enrolment(
        "e",
        json!({"exclusion": {"code": "X1", "date": "2024-05-31"}}),
    );
    assert_eq!(
        told(file.read()),
        expected([("/enrolments/0/exclusion/date", "impossible_date")])
    );
}

#[test]
fn tables_and_fields_that_must_be_there_are_missed() {
    assert_eq!(
        told(Evidence::from_json("{}")),
        expected([
            ("/outages", "missing_field"),
            ("/institutions", "missing_field"),
            ("/cohorts", "missing_field"),
            ("/enrolments", "missing_field"),
            ("/episodes", "missing_field"),
            ("/surveys", "missing_field"),
            ("/freeze", "missing_field"),
        ])
    );
    let mut file = File::new();
    file.enrolment("e", json!({}));
    file.rows("enrolments")[0]
        .as_object_mut()
        .expect("a row")
        .remove("exclusion");
    file.rows("enrolments")[0]
        .as_object_mut()
        .expect("a row")
        .remove("id");
    assert_eq!(
        told(file.read()),
        expected([
            ("/enrolments/0/id", "missing_field"),
            ("/enrolments/0/exclusion", "missing_field")
        ])
    );
    file.0["episodes"] = json!({});
    file.0["surveys"] = json!([7]);
    file.0["freeze"] = json!("2026-02-29");
    assert_eq!(
        told(file.read()),
        expected([
            ("/freeze", "bad_date"),
            ("/episodes", "wrong_type"),
            ("/enrolments/0/id", "missing_field"),
            ("/enrolments/0/exclusion", "missing_field"),
            ("/surveys/0", "wrong_type"),
        ])
    );
}

#[test]
fn what_is_not_json_is_told_with_line_and_column() {
    for (text, hint) in [
        ("", "line 1, column 0"),
        ("{\"freeze\": }", "line 1, column 12"),
        ("{} {}", "line 1, column 4"),
    ] {
        let faults = Evidence::from_json(text).expect_err("no JSON");
        let fault = &faults.as_slice()[0];
        assert_eq!(
            (fault.code, fault.hint.as_str()),
            (FaultCode::NotJson, hint)
        );
    }
    assert_eq!(
        told(Evidence::from_json("[]")),
        expected([("", "wrong_type")])
    );
    let deep = format!("{{\"freeze\": {}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(told(Evidence::from_json(&deep)).contains(&("/freeze".to_owned(), "not_json")));
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let mut file = File::new();
    file.enrolment("e", json!({}));
    let text = file.0.to_string();
    let twice = text.replacen(
        "\"completed\":true",
        "\"completed\":true,\"completed\":false",
        1,
    );
    assert_eq!(
        told(Evidence::from_json(&twice)),
        expected([("/enrolments/0/completed", "duplicate_field")])
    );
    let twice = text.replacen("\"freeze\":", "\"freeze\":\"2026-03-31\",\"freeze\":", 1);
    assert_eq!(
        told(Evidence::from_json(&twice)),
        expected([("/freeze", "duplicate_field")])
    );
}

#[test]
fn a_fault_never_repeats_a_value() {
    let secret = "110101190001010001";
    let mut file = File::new();
    file.enrolment("e", json!({"cohort": secret, "exit_date": secret, "attended_hours": secret, "completed": secret}));
    for fault in file.read().expect_err("faulty").as_slice() {
        assert!(!fault.to_string().contains(secret), "{fault}");
        assert!(fault.zh() != fault.en());
    }
}

#[test]
fn the_additions_have_defaults_and_are_known() {
    let mut plain = File::new();
    plain
        .enrolment("e", json!({}))
        .episode("w", "p-e", json!({}))
        .survey("e", json!({}));
    let mut full = File::new();
    full.0["format"] = json!(1);
    full.enrolment("e", json!({"contactable": true, "transferred": false}));
    full.episode("w", "p-e", json!({"claimed_at": null, "decided_at": null}));
    full.survey("e", json!({"mode": "web", "by": "self"}));
    let without_digest = |file: &File| {
        let mut results = file.run().0;
        let digest = results
            .as_object_mut()
            .expect("R")
            .remove("evidence_sha256");
        (results, digest)
    };
    let ((one, digest), (two, other)) = (without_digest(&plain), without_digest(&full));
    assert_eq!(one, two);
    assert_ne!(digest, other, "the digest is of the file as it is written");
    assert_eq!(one["format"], 1);
}

#[test]
fn the_digest_is_the_sha256_of_the_sorted_canonical_file() {
    use sha2::{Digest as _, Sha256};
    let file = File(json!({
        "outages": [], "institutions": [], "cohorts": [], "enrolments": [], "episodes": [], "surveys": [], "freeze": "2026-03-31"
    }));
    let text = r#"{"cohorts":[],"enrolments":[],"episodes":[],"freeze":"2026-03-31","institutions":[],"outages":[],"surveys":[]}"#;
    let digest = Sha256::digest(text);
    assert_eq!(
        file.read().expect("sound").sha256().as_slice(),
        digest.as_slice()
    );
    assert_eq!(file.0["surveys"], Value::Array(vec![]));
}
