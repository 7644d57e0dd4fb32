//! What must hold for any evidence.

use domain::grading::{Evidence, grade};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::build::{File, baseline};
use crate::random::{Dice, evidence};

const TABLES: [&str; 6] = [
    "outages",
    "institutions",
    "cohorts",
    "enrolments",
    "episodes",
    "surveys",
];

fn rates(results: &Value) -> impl Iterator<Item = &Value> {
    let institutions = results["institutions"].as_array().expect("a table").iter();
    institutions.flat_map(|row| {
        ["EMP", "STB3", "STB6", "STB12", "CMP", "CRT"].map(|name| &row["indicators"][name])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_order_of_the_file_changes_nothing(seed: u64, size in 1_usize..120) {
        let file = evidence(seed, size);
        let mut shuffled = file.clone();
        let mut dice = Dice::new(seed ^ 1);
        for table in TABLES {
            dice.shuffle(shuffled.rows(table));
        }
        for row in shuffled.rows("episodes") {
            dice.shuffle(row["evidence"].as_array_mut().expect("a list"));
        }
        let policy = baseline();
        prop_assert_eq!(file.bytes(&policy, true), shuffled.bytes(&policy, true));
    }

    #[test]
    fn a_rate_lies_between_nothing_and_all(seed: u64, size in 1_usize..200) {
        let results = evidence(seed, size).run().0;
        let within = |value: &Value, most: u64| value.is_null() || value.as_u64().is_some_and(|value| value <= most);
        for figures in rates(&results) {
            prop_assert!(within(&figures["raw_ppm"], 1_000_000));
            prop_assert!(within(&figures["adjusted_ppm"], 1_000_000));
            prop_assert!(within(&figures["points_milli"], 100_000));
            prop_assert!(figures["observed"].as_u64() <= figures["n"].as_u64());
        }
        for cell in results["reference"].as_object().expect("a table").values() {
            prop_assert!(within(&cell["ppm"], 1_000_000));
        }
        for row in results["institutions"].as_array().expect("a table") {
            prop_assert!(within(&row["composite_milli"], 100_000));
            prop_assert_eq!(row["composite_milli"].is_null(), row["grade"] == "P");
            prop_assert_eq!(row["rank"].is_null(), row["grade"] == "P");
            prop_assert!(row["reasons"].as_array().expect("a list").is_sorted_by_key(|one| one.as_str().expect("a code")));
        }
    }

    #[test]
    fn a_success_more_lowers_no_rate(seed: u64, size in 20_usize..150, pick: usize) {
        let mut file = evidence(seed, size);
        let before = file.run();
        let rows = file.rows("enrolments").clone();
        let row = &rows[pick % rows.len()];
        let person = row["person"].as_str().expect("a person").to_owned();
        // Only for a person of one course: a job may move the credit between two.
        prop_assume!(rows.iter().filter(|other| other["person"] == row["person"]).count() == 1);
        let start = row["exit_date"].clone();
        file.episode("zz", &person, json!({"start": start}));
        let after = file.run();
        let (before, after) = (&before.0["institutions"], &after.0["institutions"]);
        for (one, two) in before.as_array().expect("a table").iter().zip(after.as_array().expect("a table")) {
            let (one, two) = (&one["indicators"]["EMP"], &two["indicators"]["EMP"]);
            prop_assert_eq!(&one["n"], &two["n"]);
            prop_assert!(one["raw_ppm"].as_u64() <= two["raw_ppm"].as_u64());
        }
    }

    #[test]
    fn an_enrolment_that_is_excluded_everywhere_changes_nothing(seed: u64, size in 1_usize..120, level in 1_u8..=4) {
        let mut file = evidence(seed, size);
        let cohort = file.rows("cohorts")[0].clone();
        let figures = |file: &File| {
            let mut results = file.run().0;
            for key in ["enrolments", "evidence_sha256"] {
                results.as_object_mut().expect("R").remove(key);
            }
            results
        };
        let before = figures(&file);
        file.enrolment("zz", json!({"cohort": cohort["id"], "exit_date": cohort["end"], "disability_level": level,
            "exclusion": {"code": "X1", "date": cohort["end"]}}));
        file.enrolment("zy", json!({"cohort": cohort["id"], "exit_date": cohort["end"], "attended_hours": 0}));
        prop_assert_eq!(before, figures(&file));
    }

    #[test]
    fn results_are_canonical_json(seed: u64, size in 1_usize..60) {
        let bytes = evidence(seed, size).bytes(&baseline(), true);
        let value: Value = serde_json::from_slice(&bytes).expect("JSON");
        prop_assert_eq!(serde_json_canonicalizer::to_vec(&value).expect("canonical"), bytes);
    }

    #[test]
    fn no_text_is_a_panic(text in ".{0,60}", seed: u64, cut: usize) {
        prop_assert!(Evidence::from_json(&text).is_err());
        let whole = evidence(seed, 5).0.to_string();
        let cut = whole.floor_char_boundary(cut % whole.len());
        prop_assert!(Evidence::from_json(&whole[..cut]).is_err());
    }
}

#[test]
fn the_same_evidence_gives_the_same_institution_alone_and_in_the_file() {
    let file = evidence(7, 100);
    let (read, policy) = (file.read().expect("sound"), baseline());
    let run = grade(&read, &policy);
    let alone = run
        .institution_json("i6")
        .or(run.institution_json("\u{fb33}i"))
        .expect("known")
        .expect("JSON");
    let whole = run.to_json(false).expect("JSON");
    assert!(whole.windows(alone.len()).any(|part| part == alone));
    assert!(run.institution_json("nobody").is_none());
    assert_eq!(run.grades().iter().sum::<usize>(), read.institutions());
}
