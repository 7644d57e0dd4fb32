//! Composite, grade, rank (grading.md section 6); the examples of the margin are beside the code.

use serde_json::{Value, json};

use crate::build::{File, baseline};

/// An institution with `n` trainees of whom `jobs` work, who all answer with `score`.
fn add(file: &mut File, id: &str, n: u32, jobs: u32, score: u8, changes: Value) {
    file.institution(id, changes).class(id, 3, 3, n, jobs);
    for at in 0..n {
        file.survey(
            &format!("{id}-3-3-{at:04}"),
            json!({"items": vec![score; 5]}),
        );
    }
}

fn reasons(institution: &Value) -> Vec<&str> {
    let list = institution["reasons"].as_array().expect("a list");
    list.iter()
        .map(|one| one.as_str().expect("a code"))
        .collect()
}

#[test]
fn under_twenty_enrolments_there_is_no_grade() {
    let mut file = File::empty();
    add(
        &mut file,
        "a",
        19,
        19,
        5,
        json!({"third_party_score": 100, "previous_grade": "A"}),
    );
    let results = file.run();
    let row = results.institution("a");
    assert_eq!(
        (
            &row["grade"],
            &row["composite_milli"],
            &row["grade_before_guards"]
        ),
        (&json!("P"), &json!(null), &json!(null))
    );
    assert_eq!((&row["rank"], &row["rank_of"]), (&json!(null), &json!(0)));
    assert_eq!(reasons(row), ["p_emp_n"]);
    assert_eq!(row["previous_grade"], "A");
}

#[test]
fn too_little_weight_is_no_grade() {
    let mut file = File::empty();
    file.institution("a", json!({})).class("a", 3, 3, 40, 4);
    let results = file.run();
    let row = results.institution("a");
    // EMP 350, CMP 100, CRT 50; of four conversions no stability is available.
    assert_eq!(
        (&row["weight_available"], &row["grade"]),
        (&json!(500), &json!("P"))
    );
    assert_eq!(reasons(row), ["p_weight"]);
}

#[test]
fn the_composite_is_the_weighted_mean_of_what_is_available() {
    let mut file = File::empty();
    add(&mut file, "a", 40, 40, 5, json!({"third_party_score": 90}));
    let results = file.run();
    let row = results.institution("a");
    // All rates are one and points 100,000; SAT 5.0 is above its target; TPA 90,000 at weight 50.
    assert_eq!(
        (&row["weight_available"], &row["composite_milli"]),
        (&json!(1_000), &json!(99_500))
    );
    assert_eq!(
        (&row["grade"], &row["grade_before_guards"]),
        (&json!("A"), &json!("A"))
    );
    assert_eq!(reasons(row), ["no_previous_grade"]);
    assert_eq!((&row["rank"], &row["rank_of"]), (&json!(1), &json!(1)));
}

#[test]
fn an_a_needs_thirty_enrolments_and_a_survey() {
    let mut file = File::empty();
    add(
        &mut file,
        "small",
        25,
        25,
        5,
        json!({"third_party_score": 100}),
    );
    add(
        &mut file,
        "silent",
        40,
        40,
        5,
        json!({"third_party_score": 100, "sat_suspended": true, "previous_grade": "A"}),
    );
    let results = file.run();
    let small = results.institution("small");
    assert_eq!(
        (&small["grade_before_guards"], &small["grade"]),
        (&json!("A"), &json!("B"))
    );
    assert_eq!(reasons(small), ["cap_emp_n", "no_previous_grade"]);
    let silent = results.institution("silent");
    assert_eq!(
        (&silent["weight_available"], &silent["grade"]),
        (&json!(800), &json!("B"))
    );
    assert_eq!(reasons(silent), ["cap_sat_unavailable", "fell"]);
}

#[test]
fn a_d_stands_only_on_proof() {
    let mut file = File::empty();
    add(&mut file, "most", 400, 200, 4, json!({}));
    add(&mut file, "poor", 40, 5, 4, json!({"previous_grade": "D"}));
    add(
        &mut file,
        "disliked",
        40,
        16,
        1,
        json!({"previous_grade": "C"}),
    );
    for id in ["poor", "disliked"] {
        for at in 0..40 {
            for row in file.rows("enrolments") {
                if row["id"] == format!("{id}-3-3-{at:04}") {
                    row["certified"] = json!(false);
                    row["completed"] = json!(at < 20);
                }
            }
        }
    }
    let results = file.run();
    let poor = results.institution("poor");
    assert_eq!(poor["indicators"]["EMP"]["sig"], "low");
    assert_eq!(
        (&poor["grade_before_guards"], &poor["grade"]),
        (&json!("D"), &json!("D"))
    );
    assert_eq!(reasons(poor), ["d_emp_sig_low", "stayed"]);
    let disliked = results.institution("disliked");
    assert_eq!(
        (&disliked["grade"], reasons(disliked)),
        (&json!("D"), vec!["d_sat_low", "fell"])
    );
    let mut liked = file.clone();
    for row in liked.rows("surveys") {
        row["items"] = json!([3, 3, 3, 3, 3]);
    }
    let results = liked.run();
    let row = results.institution("disliked");
    assert_eq!(
        (&row["grade_before_guards"], &row["grade"]),
        (&json!("D"), &json!("C"))
    );
    assert_eq!(reasons(row), ["floor_not_proven", "stayed"]);
}

#[test]
fn equal_composites_share_a_rank_within_their_federation() {
    let mut file = File::empty();
    for (id, jobs, federation) in [
        ("a", 8, "1"),
        ("b", 12, "1"),
        ("c", 12, "1"),
        ("d", 16, "1"),
        ("e", 6, "2"),
    ] {
        add(
            &mut file,
            id,
            40,
            jobs,
            4,
            json!({"federation": federation, "third_party_score": 80}),
        );
    }
    add(&mut file, "f", 5, 5, 4, json!({"federation": "1"}));
    let results = file.run();
    let rank = |id: &str| {
        let row = results.institution(id);
        (row["rank"].as_u64(), row["rank_of"].as_u64())
    };
    assert_eq!(rank("d"), (Some(1), Some(4)));
    assert_eq!(
        (rank("b"), rank("c")),
        ((Some(2), Some(4)), (Some(2), Some(4)))
    );
    assert_eq!(rank("a"), (Some(4), Some(4)));
    assert_eq!(rank("e"), (Some(1), Some(1)));
    assert_eq!(rank("f"), (None, Some(4)));
}

#[test]
fn an_override_changes_weights_and_thresholds_of_the_run() {
    let mut file = File::empty();
    add(&mut file, "a", 40, 40, 5, json!({"third_party_score": 0}));
    let text = r#"{"base": "CN-BASE@2026.1", "policy_id": "CN-37", "version": "1",
        "changes": {"indicators": {"TPA": {"weight": 100}, "SAT": {"weight": 150}}, "grades": {"A": 95000}}}"#;
    let policy = baseline().with_override(text).expect("inside the bounds");
    let results = file.run_by(&policy);
    assert_eq!(results.0["policy"], "CN-37@1");
    let row = results.institution("a");
    assert_eq!(
        (&row["composite_milli"], &row["grade"]),
        (&json!(90_000), &json!("B"))
    );
    assert_eq!(file.run().institution("a")["composite_milli"], 95_000);
}
