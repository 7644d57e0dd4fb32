//! `mingzheng grade` from files alone: results, the arithmetic, and every sort of bad file with its exit code.

use std::path::PathBuf;

use serde_json::{Value, json};
use tests::Mingzheng;

fn policy() -> Value {
    let path = tests::root().join("seed-data/policies/CN-BASE-2026.1.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON")
}

/// Two schools: one has trainees with severe disabilities, the other the easiest; the first does better than expected.
fn evidence() -> Value {
    let school = |id: &str| json!({ "id": id, "federation": "330000", "district": "330106", "previous_grade": null, "third_party_score": 80 });
    let class = |id: &str, school: &str| {
        json!({ "id": id, "institution": school, "start": "2024-06-01", "end": "2024-07-12", "planned_hours": 80,
            "purpose": "employment", "certifiable": true })
    };
    let (mut enrolments, mut episodes) = (Vec::new(), Vec::new());
    for (cohort, level, works) in [("severe", 1, 24), ("easy", 4, 27)] {
        for at in 0..40 {
            let (id, person) = (format!("{cohort}-{at:02}"), format!("p-{cohort}-{at:02}"));
            enrolments.push(json!({
                "id": id, "person": person, "cohort": cohort, "household_province": "330000", "disability_category": 5,
                "disability_level": level, "attended_hours": 80, "exit_date": "2024-07-12", "completed": true,
                "certified": true, "employed_at_enrolment": false, "exclusion": null,
            }));
            if at < works {
                episodes.push(json!({
                    "id": format!("w-{cohort}-{at:02}"), "person": person, "type": "contract", "employer": "b",
                    "start": "2024-07-20", "last_day": null, "related_to_institution": null, "contest": null,
                    "evidence": [{ "tier": "A", "source": "social_insurance" }],
                }));
            }
        }
    }
    json!({
        "freeze": "2026-03-31", "outages": [], "institutions": [school("a"), school("b")],
        "cohorts": [class("severe", "a"), class("easy", "b")], "enrolments": enrolments, "episodes": episodes,
        "surveys": [],
    })
}

struct Desk {
    program: Mingzheng,
    policy: PathBuf,
    out: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let program = Mingzheng::new(env!("CARGO_BIN_EXE_tests"));
        Self {
            policy: program.file("policy.json", policy().to_string()),
            out: program.path("results.json"),
            program,
        }
    }

    /// `grade run`; answers what it printed and its exit code.
    fn run(&self, policy: &std::path::Path, evidence: &[u8], more: &[&str]) -> tests::Ran {
        let file = self.program.file("evidence.json", evidence);
        let path = |one: &std::path::Path| one.to_str().expect("a path").to_owned();
        let (policy, evidence, out) = (path(policy), path(&file), path(&self.out));
        let mut all = vec![
            "grade",
            "run",
            "--policy",
            &policy,
            "--evidence",
            &evidence,
            "--out",
            &out,
        ];
        all.extend(more);
        self.program.json(&all)
    }

    fn good(&self, evidence: &Value, more: &[&str]) -> (Value, Vec<u8>) {
        let told = self.run(&self.policy, evidence.to_string().as_bytes(), more);
        (told.good(), std::fs::read(&self.out).expect("results"))
    }

    /// The faults of files that are refused, as file, pointer and code; nothing is written.
    fn faults(&self, policy: &Value, evidence: &Value) -> Vec<(String, String, String)> {
        let policy = self.program.file("other.json", policy.to_string());
        let told = self.run(&policy, evidence.to_string().as_bytes(), &[]);
        assert_eq!(told.code, 2, "{} {}", told.out, told.err);
        assert!(!self.out.exists(), "nothing is written");
        let word = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        told.json()["faults"]
            .as_array()
            .expect("faults")
            .iter()
            .map(|one| (word(one, "file"), word(one, "pointer"), word(one, "code")))
            .collect()
    }
}

fn fault(file: &str, pointer: &str, code: &str) -> (String, String, String) {
    (file.to_owned(), pointer.to_owned(), code.to_owned())
}

#[test]
fn two_orders_of_the_same_rows_give_the_same_bytes_and_explain_adds_each_trainee() {
    let desk = Desk::new();
    let mut file = evidence();
    let (told, bytes) = desk.good(&file, &[]);
    assert_eq!(told["institutions"], 2);
    let results: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(results["evidence_sha256"], told["evidence_sha256"]);
    assert!(results.get("enrolments").is_none());
    for table in ["institutions", "cohorts", "enrolments", "episodes"] {
        file[table].as_array_mut().expect("a table").reverse();
    }
    assert_eq!(desk.good(&file, &[]).1, bytes, "the order tells nothing");
    let (_, long) = desk.good(&file, &["--explain"]);
    let long: Value = serde_json::from_slice(&long).expect("JSON");
    assert_eq!(long["institutions"], results["institutions"]);
    assert_eq!(long["enrolments"]["severe-00"]["converted"], true);
    assert_eq!(long["enrolments"]["severe-39"]["converted"], false);

    // The school of the hard cases: fewer jobs, and not the worse for it.
    let of = |at: usize| &results["institutions"][at]["indicators"]["EMP"];
    assert!(of(0)["raw_ppm"].as_u64() < of(1)["raw_ppm"].as_u64());
    assert_eq!(
        of(0)["adjusted_ppm"],
        of(1)["adjusted_ppm"],
        "each did what such trainees do"
    );
}

#[test]
fn the_arithmetic_of_an_institution_is_printed_line_by_line_in_either_language() {
    let desk = Desk::new();
    let file = desk.program.file("evidence.json", evidence().to_string());
    let (policy, file) = (
        desk.policy.display().to_string(),
        file.display().to_string(),
    );
    let ask = |school: &str, more: &[&str]| {
        let mut all = vec![
            "grade",
            "explain",
            school,
            "--policy",
            &policy,
            "--evidence",
            &file,
        ];
        all.extend(more);
        desk.program.run(&all)
    };
    let zh = ask("a", &["--lang", "zh"]);
    assert_eq!(zh.code, 0, "{}", zh.err);
    let en = ask("a", &["--lang", "en"]);
    // 24 of 40 severe trainees found work: the figures by which a hand recomputes it.
    for told in [&zh, &en] {
        assert!(
            told.out.contains("24") && told.out.contains("40"),
            "{}",
            told.out
        );
    }
    assert_ne!(zh.out, en.out);
    let unknown = ask("nobody", &[]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.out.is_empty() && unknown.err.contains("no such institution"));
}

#[test]
fn every_fault_of_both_files_is_told_at_once_with_its_place_and_nothing_is_written() {
    let desk = Desk::new();
    let mut weights = policy();
    weights["indicators"]["EMP"]["weight"] = json!(351);
    let mut file = evidence();
    file["cohorts"][1]["institution"] = json!("nobody");
    file["enrolments"][1]["cohort"] = json!("nothing");
    file["enrolments"][2]["exit_date"] = json!("2024-07-13");
    file["enrolments"][3]["exclusion"] = json!({ "code": "X1", "date": "2024-05-31" });
    file["episodes"][0]["last_day"] = json!("2024-07-19");
    file["episodes"][1]["weather"] = json!("fine");
    let faults = desk.faults(&weights, &file);
    for expected in [
        fault("policy", "/indicators", "weights_sum"),
        fault("evidence", "/cohorts/1/institution", "dangling_reference"),
        fault("evidence", "/enrolments/1/cohort", "dangling_reference"),
        fault("evidence", "/enrolments/2/exit_date", "impossible_date"),
        fault(
            "evidence",
            "/enrolments/3/exclusion/date",
            "impossible_date",
        ),
        fault("evidence", "/episodes/0/last_day", "impossible_date"),
        fault("evidence", "/episodes/1/weather", "unknown_field"),
    ] {
        assert!(
            faults.contains(&expected),
            "{expected:?} is not in {faults:?}"
        );
    }
}

#[test]
fn an_override_below_its_base_or_of_another_base_is_refused() {
    let desk = Desk::new();
    let file = evidence();
    let of = |changes: Value| json!({ "base": "CN-BASE@2026.1", "changes": changes });
    for (wrong, code) in [
        (of(json!({ "grades": { "A": 79_999 } })), "lowered"),
        (
            of(json!({ "indicators": { "EMP": { "floor_ppm": 199_999 } } })),
            "lowered",
        ),
        (
            of(json!({ "indicators": { "EMP": { "weight": 401 }, "SAT": { "weight": 149 } } })),
            "weight_moved",
        ),
        (
            of(json!({ "indicators": { "EMP": { "weight": 360 } } })),
            "weights_sum",
        ),
        (of(json!({ "hysteresis": 0 })), "not_changeable"),
        (
            json!({ "base": "CN-BASE@2025.1", "changes": { "grades": { "A": 82_000 } } }),
            "other_base",
        ),
    ] {
        let faults = desk.faults(&wrong, &file);
        assert!(
            faults.iter().any(|one| one.0 == "policy" && one.2 == code),
            "{code} is not in {faults:?}"
        );
    }
    let right = of(json!({ "grades": { "A": 82_000 } }));
    let right = desk.program.file("right.json", right.to_string());
    let told = desk.run(&right, file.to_string().as_bytes(), &[]);
    assert!(
        told.good()["policy"]
            .as_str()
            .is_some_and(|name| name.starts_with("CN-BASE@2026.1+"))
    );
}

#[test]
fn what_is_no_file_of_ours_ends_with_two_and_leaves_the_results_of_before() {
    let desk = Desk::new();
    std::fs::write(&desk.out, "before").expect("written");
    let missing = desk.program.path("nothing.json");
    let good = evidence().to_string();
    let whole = good.as_bytes();
    for told in [
        desk.run(&missing, whole, &[]),
        desk.run(&desk.policy, b"{", &[]),
        desk.run(&desk.policy, b"\xff\xfe{}", &[]),
        desk.run(&desk.policy, b"[]", &[]),
        desk.run(&desk.policy, &whole[..whole.len() / 2], &[]),
        desk.run(&desk.policy, whole, &["--weather", "fine"]),
    ] {
        assert_eq!(told.code, 2, "{} {}", told.out, told.err);
        assert!(!(told.out.is_empty() && told.err.is_empty()));
    }
    assert_eq!(std::fs::read(&desk.out).expect("the file"), b"before");
    // A folder that is not there is no wrong use of the files: it says what cannot be written.
    let out = desk.program.path("no-folder/results.json");
    let (policy, file) = (
        desk.policy.display().to_string(),
        desk.program.path("evidence.json"),
    );
    std::fs::write(&file, whole).expect("written");
    let (file, out) = (file.display().to_string(), out.display().to_string());
    let told = desk.program.json(&[
        "grade",
        "run",
        "--policy",
        &policy,
        "--evidence",
        &file,
        "--out",
        &out,
    ]);
    assert_ne!(told.code, 0);
}
