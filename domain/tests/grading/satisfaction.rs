//! Surveys (grading.md section 5).

use serde_json::json;

use crate::build::File;

/// Examples of section 5: 100 invited; another institution sets the mean of all to 4110.
fn school(answers: u32, items: [u8; 5]) -> File {
    let mut file = File::new();
    for at in 0..100 {
        let id = format!("e{at:03}");
        file.enrolment(&id, json!({}));
        if at < answers {
            file.survey(&id, json!({"items": items.to_vec()}));
        }
    }
    file
}

#[test]
fn silence_counts_as_neutral() {
    let results = school(20, [5; 5]).run();
    let sat = results.indicator("i", "SAT");
    assert_eq!(results.0["sat_mean_milli"], 5_000);
    assert_eq!(
        (&sat["invited"], &sat["n"], &sat["sum_items"]),
        (&json!(100), &json!(20), &json!(500))
    );
    assert_eq!(
        (&sat["deficit"], &sat["mean_milli"]),
        (&json!(30), &json!(5_000))
    );
    // rdiv(100000 + 15 * 5000 + 30 * 3000, 65)
    assert_eq!(sat["adjusted_milli"], 4_077);
}

#[test]
fn the_first_response_counts_and_none_if_it_is_flagged() {
    let mut file = File::new();
    for id in ["a", "b", "c", "d"] {
        file.enrolment(id, json!({}));
    }
    file.survey(
        "a",
        json!({"items": [1, 1, 1, 1, 1], "submitted": "2024-07-21"}),
    );
    file.survey("a", json!({"items": [2, 3, 4, 5, 5], "seq": 2}));
    file.survey("b", json!({"items": [1, 1, 1, 1, 1], "seq": 9}));
    file.survey("b", json!({"items": [5, 5, 5, 5, 4], "seq": 3}));
    file.survey("c", json!({"flagged": true}));
    file.survey("c", json!({"seq": 2}));
    file.survey("d", json!({"seq": 1}));
    file.survey("d", json!({"seq": 2, "flagged": true}));
    let results = file.run();
    let sat = results.indicator("i", "SAT");
    assert_eq!(
        (&sat["n"], &sat["sum_items"]),
        (&json!(3), &json!(19 + 24 + 20))
    );
}

#[test]
fn satisfaction_needs_five_responses_and_no_suspension() {
    assert_eq!(
        school(4, [4; 5]).run().indicator("i", "SAT")["available"],
        false
    );
    assert_eq!(
        school(5, [4; 5]).run().indicator("i", "SAT")["available"],
        true
    );
    let mut suspended = school(5, [4; 5]);
    suspended.rows("institutions")[0]["sat_suspended"] = json!(true);
    assert_eq!(suspended.run().indicator("i", "SAT")["available"], false);
}

#[test]
fn without_any_response_there_is_no_mean() {
    let results = school(0, [4; 5]).run();
    assert!(results.0["sat_mean_milli"].is_null());
    assert!(results.indicator("i", "SAT")["adjusted_milli"].is_null());
    assert_eq!(results.indicator("i", "SAT")["deficit"], 50);
}
