//! A second implementation in another language gives the same bytes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::grading::{Basis, Exclusion, Grade, Policy, Reason, Sig};
use serde_json::json;

use crate::build::{BASE, File, baseline};
use crate::random::{evidence, leagues};

const OVERRIDE: &str = r#"{"base": "CN-BASE@2026.1", "changes": {
    "indicators": {"EMP": {"weight": 400, "floor_ppm": 250000}, "SAT": {"weight": 150}}, "grades": {"A": 82000}}}"#;

const OWN_SCOPE: &str = r#"{"base": "CN-BASE@2026.1", "changes": {"scope": "province"}}"#;

/// Enrolments of the random files.
const SIZES: [usize; 6] = [3, 40, 150, 300, 500, 800];

/// How many files of schools that differ.
const LEAGUES: u64 = 6;

struct Python {
    script: PathBuf,
    folder: PathBuf,
}

impl Python {
    /// A comparison that does not run compares nothing: without Python the test fails.
    fn find(name: &str) -> Self {
        let found = Command::new("python3").arg("--version").output();
        assert!(
            found.is_ok_and(|output| output.status.success()),
            "python3 is needed: the second implementation is compared with it"
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("base.json"), BASE).expect("written");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/grading/recompute.py");
        Self { script, folder }
    }

    fn bytes(&self, file: &File, policy: &str, explain: bool) -> Vec<u8> {
        let place = |name: &str| self.folder.join(name);
        std::fs::write(place("policy.json"), policy).expect("written");
        std::fs::write(place("evidence.json"), file.0.to_string()).expect("written");
        let mut command = Command::new("python3");
        command.arg(&self.script);
        for (option, name) in [
            ("--policy", "policy.json"),
            ("--base", "base.json"),
            ("--evidence", "evidence.json"),
            ("--out", "results.json"),
        ] {
            command.arg(option).arg(place(name));
        }
        if explain {
            command.arg("--explain");
        }
        let output = command.output().expect("python3 runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::read(place("results.json")).expect("results")
    }

    fn compare(&self, file: &File, text: &str, policy: &Policy, what: &str) {
        for explain in [false, true] {
            let (ours, theirs) = (file.bytes(policy, explain), self.bytes(file, text, explain));
            if ours != theirs {
                // Saved for a look; the assertion would print too much.
                std::fs::write(self.folder.join("ours.json"), &ours).expect("written");
                let at = ours
                    .iter()
                    .zip(&theirs)
                    .take_while(|(one, two)| one == two)
                    .count();
                let around = |bytes: &[u8]| {
                    let part = &bytes[at.saturating_sub(200)..bytes.len().min(at + 200)];
                    String::from_utf8_lossy(part).into_owned()
                };
                panic!(
                    "{what}, explain {explain}, at byte {at}:\n{}\n{}",
                    around(&ours),
                    around(&theirs)
                );
            }
        }
    }
}

#[test]
fn random_evidence_gives_the_same_bytes_in_python() {
    let python = Python::find("random");
    let policy = baseline();
    for seed in 0..12 {
        let size = SIZES[usize::try_from(seed).expect("small") % 6];
        python.compare(
            &evidence(seed, size),
            BASE,
            &policy,
            &format!("seed {seed}"),
        );
    }
    for seed in 0..LEAGUES {
        python.compare(&leagues(seed), BASE, &policy, &format!("leagues {seed}"));
    }
    let province = policy.with_override(OVERRIDE).expect("inside the bounds");
    python.compare(&leagues(100), OVERRIDE, &province, "override of leagues");
    python.compare(&evidence(100, 600), OVERRIDE, &province, "override");
    let own = policy.with_override(OWN_SCOPE).expect("allowed");
    for seed in 102..105 {
        let size = SIZES[usize::try_from(seed).expect("small") % 6];
        python.compare(&leagues(seed), OWN_SCOPE, &own, "leagues by province");
        python.compare(&evidence(seed, size), OWN_SCOPE, &own, "by province");
    }
    let text = BASE.replacen('{', "{\"undecided\": \"leave_out\",", 1);
    let lenient = Policy::from_json(&text).expect("a policy");
    python.compare(&evidence(101, 600), &text, &lenient, "leave out");
}

#[test]
fn the_edges_give_the_same_bytes_in_python() {
    let python = Python::find("edges");
    let policy = baseline();
    python.compare(&File::empty(), BASE, &policy, "nothing at all");
    python.compare(&File::new(), BASE, &policy, "no trainees");

    let mut ties = File::new();
    ties.0["format"] = json!(1);
    ties.cohort("d", json!({"start": "2024-07-01"}));
    for (id, cohort) in [
        ("\u{fb33}", "c"),
        ("\u{1f600}", "d"),
        ("e", "c"),
        ("\u{0}\u{1f}\u{7f}\u{2028}", "d"),
    ] {
        ties.enrolment(id, json!({"person": "p", "cohort": cohort}));
    }
    ties.episode("\u{fb33}", "p", json!({}))
        .episode("\u{1f600}", "p", json!({}));
    ties.episode("x", "nobody", json!({"start": "2031-01-01"}));
    python.compare(&ties, BASE, &policy, "ties and odd ids");

    let mut limits = File::empty();
    for (at, n) in [4, 5, 9, 10, 19, 20, 29, 30].into_iter().enumerate() {
        let id = format!("i{at}");
        limits.institution(
            &id,
            json!({"federation": "f", "previous_grade": "C", "third_party_score": 50}),
        );
        limits.class(
            &id,
            1 + u8::try_from(at % 7).expect("small"),
            1 + u8::try_from(at % 4).expect("small"),
            n,
            n / 2,
        );
    }
    python.compare(&limits, BASE, &policy, "least numbers");
}

#[test]
fn the_example_file_gives_the_same_bytes_in_python() {
    let python = Python::find("example");
    let text = include_str!("../../../seed-data/grading/evidence.example.json");
    let file = File(serde_json::from_str(text).expect("JSON"));
    python.compare(&file, BASE, &baseline(), "example");
}

/// Agreement means little where nothing happens: the random files must come by every rule.
#[test]
fn the_random_evidence_reaches_every_rule() {
    let mut seen = BTreeSet::new();
    let random =
        (0..12).map(|seed| evidence(seed, SIZES[usize::try_from(seed).expect("small") % 6]));
    for file in random.chain((0..LEAGUES).map(leagues)) {
        let results = file.run().0;
        for entry in results["enrolments"].as_object().expect("a table").values() {
            for key in [
                "STB3",
                "STB6",
                "STB12",
                "exclusion",
                "attached",
                "converted",
                "in_window",
            ] {
                seen.insert(format!("{key} {}", entry[key]));
            }
        }
        for row in results["institutions"].as_array().expect("a table") {
            seen.insert(format!("grade {}", row["grade"]));
            let reasons = row["reasons"].as_array().expect("a list");
            seen.extend(reasons.iter().map(|reason| format!("reason {reason}")));
            for (name, figures) in row["indicators"].as_object().expect("a table") {
                seen.insert(format!(
                    "{name} {} {}",
                    figures["available"], figures["sig"]
                ));
            }
        }
        for cell in results["reference"].as_object().expect("a table").values() {
            seen.insert(format!("from {}", cell["from"]));
        }
    }
    let own = baseline().with_override(OWN_SCOPE).expect("allowed");
    for file in (102..105)
        .map(leagues)
        .chain([evidence(103, 40), evidence(104, 150)])
    {
        let results: serde_json::Value =
            serde_json::from_slice(&file.bytes(&own, false)).expect("JSON");
        for table in results["provinces"].as_object().expect("tables").values() {
            let cells = table["reference"].as_object().expect("a table").values();
            seen.extend(cells.map(|cell| format!("from {}", cell["from"])));
        }
    }
    let missing: Vec<_> = expected().filter(|one| !seen.contains(one)).collect();
    assert_eq!(missing, Vec::<String>::new(), "seen: {seen:#?}");
}

fn expected() -> impl Iterator<Item = String> {
    let exclusions = Exclusion::ALL
        .iter()
        .map(|one| format!("exclusion \"{one}\""));
    let grades = Grade::ALL.iter().map(|one| format!("grade \"{one}\""));
    let bases = Basis::ALL.iter().map(|one| format!("from \"{one}\""));
    let sigs = Sig::ALL.iter().map(|one| format!("EMP true \"{one}\""));
    let stable = ["true", "false", "null"].iter();
    let stable =
        stable.flat_map(|one| ["STB3", "STB6", "STB12"].map(|name| format!("{name} {one}")));
    let reasons = Reason::ALL.iter().map(|one| format!("reason \"{one}\""));
    exclusions
        .chain(grades)
        .chain(bases)
        .chain(sigs)
        .chain(stable)
        .chain(reasons)
}
