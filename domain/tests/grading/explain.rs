//! The arithmetic line by line.

use domain::grading::grade;
use serde_json::json;

use crate::build::{File, baseline};

#[test]
fn every_number_of_an_institution_is_shown_in_its_formula() {
    let mut file = File::empty();
    for id in ["others", "severe"] {
        file.institution(id, json!({"third_party_score": 80}));
    }
    file.class("others", 6, 1, 360, 120)
        .class("severe", 6, 1, 40, 24);
    let (evidence, policy) = (file.read().expect("sound"), baseline());
    let run = grade(&evidence, &policy);
    let lines = run.explain("severe").expect("known");
    let zh: Vec<_> = lines.iter().map(|line| line.zh.as_str()).collect();
    let en: Vec<_> = lines.iter().map(|line| line.en.as_str()).collect();
    for line in [
        "  category 6, levels 1-2: 40, reference 360000 ppm (the stratum's own)",
        "  expected: E = 40 × 360000 = 14400000 ppm",
        "  shrunk ratio: rdiv(40 × 24 × 10^12 + 20 × 10^6 × 14400000, 14400000 × (40 + 20)) = 1444444 ppm",
        "  adjusted rate: min(1000000, rdiv(360000 × 1444444, 1000000)) = 520000 ppm",
        "  points: min(100000, rdiv((520000 − 200000) × 100000, 650000 − 200000)) = 71111",
        "  points: 80 × 1000 = 80000",
    ] {
        assert!(en.contains(&line), "{line} is not in {en:#?}");
    }
    assert!(
        zh.contains(&"  残疾类别 6、1-2 级:40 人,参照 360000 ppm(本层)"),
        "{zh:#?}"
    );
    assert!(zh.iter().any(|line| line.starts_with("  显著性:D = 9600000;") && line.ends_with("显著高于预期")));
    assert_eq!(run.explain("nobody"), None);
}

#[test]
fn an_institution_without_trainees_is_explained_too() {
    let mut file = File::empty();
    file.institution("i", json!({}));
    let (evidence, policy) = (file.read().expect("sound"), baseline());
    let lines = grade(&evidence, &policy).explain("i").expect("known");
    assert!(
        lines
            .iter()
            .any(|line| line.zh == "等级:暂定" && line.en == "Grade: provisional")
    );
}
