use super::*;
use crate::grading::fault::Faults;

pub(in crate::grading) const BASE: &str =
    include_str!("../../../../seed-data/policies/CN-BASE-2026.1.json");

fn base() -> Policy {
    Policy::from_json(BASE).expect("the national baseline")
}

fn told(faults: &Faults) -> Vec<(String, &'static str)> {
    let faults = faults.as_slice().iter();
    faults
        .map(|fault| (fault.pointer.clone(), fault.code.as_str()))
        .collect()
}

#[test]
fn the_national_baseline_has_the_numbers_of_section_6() {
    let policy = base();
    assert_eq!(policy.name(), "CN-BASE@2026.1");
    let weights: Vec<_> = Indicator::ALL
        .iter()
        .map(|&one| policy.weight(one))
        .collect();
    assert_eq!(weights, [350, 0, 150, 100, 100, 50, 200, 50]);
    assert_eq!(policy.thresholds, [80_000, 65_000, 50_000]);
    assert_eq!((policy.hysteresis, policy.z2_ppm), (2_000, 2_705_543));
    let emp = policy.rate(Indicator::Emp);
    assert_eq!(
        (emp.floor_ppm, emp.target_ppm, emp.m),
        (200_000, 650_000, 20)
    );
}

#[test]
fn every_fault_of_a_policy_is_told_with_its_place() {
    let text = BASE
        .replace("\"weight\": 350", "\"weight\": 351")
        .replace("\"min_hours\": 8", "\"min_hours\": 8.5, \"a/b~c\": 1")
        .replace("\"hysteresis\": 2000,", "")
        .replace("\"z2_ppm\": 2705543", "\"z2_ppm\": -1");
    assert_eq!(
        told(&Policy::from_json(&text).expect_err("faulty")),
        [
            ("/hysteresis".to_owned(), "missing_field"),
            ("/attach/a~1b~0c".to_owned(), "unknown_field"),
            ("/attach/min_hours".to_owned(), "not_an_integer"),
            ("/z2_ppm".to_owned(), "out_of_range"),
        ]
    );
    let text = BASE
        .replace("\"weight\": 350", "\"weight\": 351")
        .replace("\"A\": 80000", "\"A\": 65000")
        .replace(
            "\"floor_ppm\": 500000, \"target_ppm\": 900000",
            "\"floor_ppm\": 900000, \"target_ppm\": 900000",
        );
    assert_eq!(
        told(&Policy::from_json(&text).expect_err("faulty")),
        [
            ("/indicators".to_owned(), "weights_sum"),
            ("/indicators/STB6/floor_ppm".to_owned(), "order"),
            ("/grades".to_owned(), "order"),
        ]
    );
    assert_eq!(
        told(&Policy::from_json("{").expect_err("cut off")),
        [(String::new(), "not_json")]
    );
}

#[test]
fn an_override_inside_the_bounds_changes_only_what_it_names() {
    let text = r#"{"policy_id": "CN-37", "version": "2026.1", "base": "CN-BASE@2026.1", "changes": {
        "indicators": {"EMP": {"weight": 400, "floor_ppm": 250000}, "SAT": {"weight": 150}},
        "grades": {"A": 82000}}}"#;
    let policy = base().with_override(text).expect("inside the bounds");
    let mut expected = base();
    expected.name = "CN-37@2026.1".to_owned();
    expected.rates[0].weight = 400;
    expected.rates[0].floor_ppm = 250_000;
    expected.sat.weight = 150;
    expected.thresholds[0] = 82_000;
    assert_eq!(policy, expected);
    assert_eq!(Policy::base_of(text).as_deref(), Some("CN-BASE@2026.1"));
    assert_eq!(Policy::base_of(BASE), None);
}

#[test]
fn an_override_without_a_name_is_named_by_its_changes() {
    let name = |text: &str| {
        base()
            .with_override(text)
            .expect("allowed")
            .name()
            .to_owned()
    };
    let one =
        name(r#"{"base": "CN-BASE@2026.1", "changes": {"grades": {"A": 82000, "B": 66000}}}"#);
    let same =
        name(r#"{"changes": {"grades": {"B": 66000, "A": 82000}}, "base": "CN-BASE@2026.1"}"#);
    let other = name(r#"{"base": "CN-BASE@2026.1", "changes": {}}"#);
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert_eq!(other, "CN-BASE@2026.1+44136fa355b3678a", "SHA-256 of {{}}");
}

#[test]
fn every_fault_of_an_override_is_told_with_its_place() {
    let text = r#"{"base": "CN-BASE@2025.1", "note": 1, "changes": {
        "hysteresis": 1000, "surprise": 1,
        "indicators": {"EMP": {"weight": 299, "target_ppm": 600000, "floor_ppm": 199999}, "STB6": {"weight": 100},
            "CMP": {"weight": 161, "floor_ppm": 950000}, "SAT": {"weight": 149, "m": 1}, "XYZ": {}},
        "grades": {"B": 64999, "C": 65000}}}"#;
    assert_eq!(
        told(&base().with_override(text).expect_err("outside the bounds")),
        [
            ("/note", "unknown_field"),
            ("/base", "other_base"),
            ("/changes/surprise", "unknown_field"),
            ("/changes/hysteresis", "not_changeable"),
            ("/changes/indicators/XYZ", "unknown_field"),
            ("/changes/indicators/EMP/floor_ppm", "lowered"),
            ("/changes/indicators/EMP/target_ppm", "not_changeable"),
            ("/changes/indicators/SAT/m", "not_changeable"),
            ("/changes/grades/B", "lowered"),
            ("/changes/indicators", "weights_sum"),
            ("/changes/indicators/CMP/floor_ppm", "order"),
            ("/changes/grades", "order"),
            ("/changes/indicators", "weight_too_small"),
            ("/changes/indicators/SAT/weight", "weight_too_small"),
            ("/changes/indicators/EMP/weight", "weight_moved"),
            ("/changes/indicators/CMP/weight", "weight_moved"),
            ("/changes/indicators/SAT/weight", "weight_moved"),
        ]
        .map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn the_bounds_of_an_override_are_numbers_of_the_base() {
    let change = |text: &str| format!("{{\"base\": \"CN-BASE@2026.1\", \"changes\": {text}}}");
    let moved = change(r#"{"indicators": {"EMP": {"weight": 420}, "SAT": {"weight": 130}}}"#);
    assert_eq!(
        told(
            &base()
                .with_override(&moved)
                .expect_err("outside the bounds")
        ),
        [
            ("/changes/indicators/SAT/weight", "weight_too_small"),
            ("/changes/indicators/EMP/weight", "weight_moved"),
            ("/changes/indicators/SAT/weight", "weight_moved"),
        ]
        .map(|(pointer, code)| (pointer.to_owned(), code))
    );
    let bounds =
        r#"{"override_bounds": {"weight_moved": 70, "employment_weight": 600, "sat_weight": 130},"#;
    let wider = Policy::from_json(&BASE.replacen('{', bounds, 1)).expect("a policy");
    wider.with_override(&moved).expect("inside its bounds");
    // What the base binds no override loosens.
    let loosened = change(r#"{"override_bounds": {"weight_moved": 999}}"#);
    assert_eq!(
        told(&base().with_override(&loosened).expect_err("not changeable")),
        [("/changes/override_bounds".to_owned(), "unknown_field")]
    );
    let half = BASE.replacen('{', r#"{"override_bounds": {"weight_moved": 70},"#, 1);
    assert_eq!(
        told(&Policy::from_json(&half).expect_err("two are missing")),
        [
            (
                "/override_bounds/employment_weight".to_owned(),
                "missing_field"
            ),
            ("/override_bounds/sat_weight".to_owned(), "missing_field"),
        ]
    );
}

#[test]
fn a_province_may_measure_by_its_own_trainees() {
    assert_eq!(base().scope, Scope::National);
    let text = r#"{"base": "CN-BASE@2026.1", "changes": {"scope": "province"}}"#;
    let own = base().with_override(text).expect("allowed");
    assert_eq!(own.scope, Scope::Province);
    assert_ne!(own.name(), base().name());
    let wrong = r#"{"base": "CN-BASE@2026.1", "changes": {"scope": "county"}}"#;
    assert_eq!(
        told(&base().with_override(wrong).expect_err("no such scope")),
        [("/changes/scope".to_owned(), "unknown_word")]
    );
}
