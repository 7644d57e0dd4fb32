//! Strata, reference table, small numbers (grading.md section 4).

use serde_json::json;

use crate::build::File;

impl File {
    /// `n` trainees of an institution, of whom the first `jobs` find one.
    pub(crate) fn class(
        &mut self,
        institution: &str,
        category: u8,
        level: u8,
        n: u32,
        jobs: u32,
    ) -> &mut Self {
        let cohort = format!("{institution}-{category}-{level}");
        self.cohort(&cohort, json!({"institution": institution}));
        for at in 0..n {
            let id = format!("{cohort}-{at:04}");
            let kind = json!({"cohort": cohort, "disability_category": category, "disability_level": level});
            self.enrolment(&id, kind);
            if at < jobs {
                self.episode(&format!("w-{id}"), &format!("p-{id}"), json!({}));
            }
        }
        self
    }
}

/// The third row of the table of section 4: 24 of 40 where 14.4 were expected, beside a school that picks easy cases.
#[test]
fn a_school_of_severely_disabled_trainees_beats_one_that_picks_easy_cases() {
    let mut file = File::empty();
    for id in ["others", "picking", "severe"] {
        file.institution(id, json!({}));
    }
    // Severely disabled: 144 of 400 find work everywhere, with the school's own. Lightly disabled: 600 of 800.
    file.class("others", 6, 1, 360, 120)
        .class("severe", 6, 1, 40, 24);
    file.class("others", 2, 4, 760, 574)
        .class("picking", 2, 4, 40, 26);
    let results = file.run();
    assert_eq!(
        results.0["reference"]["EMP/6/S"],
        json!({"from": "stratum", "ppm": 360_000})
    );
    assert_eq!(
        results.0["reference"]["EMP/2/M"],
        json!({"from": "stratum", "ppm": 750_000})
    );
    let (severe, picking) = (
        results.indicator("severe", "EMP"),
        results.indicator("picking", "EMP"),
    );
    assert_eq!(
        (&severe["raw_ppm"], &picking["raw_ppm"]),
        (&json!(600_000), &json!(650_000))
    );
    assert_eq!(severe["expected_ppm_persons"], 14_400_000);
    assert_eq!(
        (&severe["oe_ppm"], &severe["shrunk_ratio_ppm"]),
        (&json!(1_666_667), &json!(1_444_444))
    );
    assert_eq!(
        (&severe["sig"], &picking["sig"]),
        (&json!("high"), &json!("none"))
    );
    let points = |figures: &serde_json::Value| figures["points_milli"].as_i64().expect("points");
    assert!(
        points(severe) > points(picking),
        "the raw rate is lower, the achievement is higher"
    );
    assert!(picking["oe_ppm"].as_i64() < Some(1_000_000));
}

#[test]
fn small_strata_take_their_band_and_small_bands_the_rate_of_all() {
    let mut file = File::empty();
    file.institution("i", json!({}));
    file.class("i", 1, 1, 30, 15)
        .class("i", 2, 2, 29, 0)
        .class("i", 3, 3, 29, 29);
    let results = file.run();
    let cell = |name: &str| results.0["reference"][name].clone();
    assert_eq!(cell("EMP/1/S"), json!({"from": "stratum", "ppm": 500_000}));
    assert_eq!(
        cell("EMP/2/S"),
        json!({"from": "band", "ppm": 254_237}),
        "15 of 59"
    );
    assert_eq!(cell("EMP/7/S"), json!({"from": "band", "ppm": 254_237}));
    assert_eq!(
        cell("EMP/3/M"),
        json!({"from": "overall", "ppm": 500_000}),
        "44 of 88"
    );
    assert_eq!(results.0["overall_ppm"]["EMP"], 500_000);
    let cells = results.0["reference"].as_object().expect("a table");
    assert_eq!(cells.len(), 6 * 14);
}

#[test]
fn figures_without_meaning_are_null_and_their_keys_are_there() {
    let mut file = File::empty();
    file.institution("i", json!({}));
    let results = file.run();
    assert!(results.0["overall_ppm"]["EMP"].is_null());
    assert_eq!(
        results.0["reference"]["STB12/7/M"],
        json!({"from": "overall", "ppm": null})
    );
    assert_eq!(
        results.indicator("i", "EMP"),
        &json!({"available": false, "n": 0, "observed": 0, "raw_ppm": null, "expected_ppm_persons": 0, "oe_ppm": null,
            "shrunk_ratio_ppm": null, "adjusted_ppm": null, "points_milli": null, "sig": "none"})
    );
    assert_eq!(
        results.indicator("i", "TPA"),
        &json!({"available": false, "points_milli": null})
    );
}

#[test]
fn where_nobody_succeeds_the_ratio_is_one() {
    let mut file = File::empty();
    file.institution("i", json!({})).class("i", 3, 3, 10, 0);
    let results = file.run();
    let emp = results.indicator("i", "EMP");
    assert_eq!(
        (&emp["expected_ppm_persons"], &emp["oe_ppm"]),
        (&json!(0), &json!(null))
    );
    assert_eq!(
        (&emp["shrunk_ratio_ppm"], &emp["adjusted_ppm"]),
        (&json!(1_000_000), &json!(0))
    );
}

#[test]
fn an_indicator_needs_five_enrolments() {
    let mut file = File::empty();
    file.institution("i", json!({})).institution("j", json!({}));
    file.class("i", 3, 3, 5, 1).class("j", 3, 3, 4, 1);
    let results = file.run();
    assert_eq!(results.indicator("i", "EMP")["available"], true);
    assert_eq!(results.indicator("j", "EMP")["available"], false);
}

/// A province may measure its institutions by its own trainees (grading.md 4); where it has too few the nation's table stands in.
#[test]
fn with_the_scope_of_a_province_each_is_measured_by_its_own() {
    let mut file = File::empty();
    for (id, federation) in [
        ("a", "330000"),
        ("b", "330000"),
        ("c", "370000"),
        ("d", "540000"),
    ] {
        file.institution(id, json!({ "federation": federation }));
    }
    file.class("a", 2, 4, 40, 30)
        .class("b", 2, 4, 60, 30)
        .class("c", 2, 4, 100, 20)
        .class("d", 2, 4, 29, 29);
    let text = r#"{"base": "CN-BASE@2026.1", "changes": {"scope": "province"}}"#;
    let own = crate::build::baseline()
        .with_override(text)
        .expect("allowed");
    let national: serde_json::Value =
        serde_json::from_slice(&file.bytes(&crate::build::baseline(), false)).expect("JSON");
    let run: serde_json::Value = serde_json::from_slice(&file.bytes(&own, false)).expect("JSON");
    assert!(national.get("provinces").is_none());
    // The whole country's table is the same, and stands beside.
    assert_eq!(run["reference"], national["reference"]);
    assert_eq!(run["overall_ppm"]["EMP"], 475_983, "109 of 229");
    let cell = |code: &str| run["provinces"][code]["reference"]["EMP/2/M"].clone();
    assert_eq!(cell("330000"), json!({"from": "stratum", "ppm": 600_000}));
    assert_eq!(cell("370000"), json!({"from": "stratum", "ppm": 200_000}));
    assert_eq!(cell("540000"), json!({"from": "national", "ppm": 475_983}));
    assert_eq!(run["provinces"]["540000"]["overall_ppm"]["EMP"], 475_983);
    let expected = |of: &serde_json::Value, id: &str| {
        let mut all = of["institutions"].as_array().expect("a list").iter();
        let one = all.find(|one| one["id"] == id).expect("there");
        one["indicators"]["EMP"]["expected_ppm_persons"].clone()
    };
    assert_eq!(expected(&run, "b"), 60 * 600_000);
    assert_eq!(expected(&run, "c"), 100 * 200_000);
    assert_eq!(expected(&run, "d"), 29 * 475_983);
    assert_eq!(expected(&national, "c"), 100 * 475_983);
}
