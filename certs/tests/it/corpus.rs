//! The hostile corpus in `certs/tests/vectors/hostile/`: each input gets its own reason, and none is ever valid.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use certs::keys::{KeySet, PublicKeyFile};
use certs::verdict::{Outcome, Presented, Verdict, examine, judge};
use serde::Deserialize;

#[path = "../../examples/hostile_corpus/cases/mod.rs"]
pub(crate) mod cases;

const FILES: [&str; 6] = [
    "text.jsonl",
    "bytes.jsonl",
    "headers.jsonl",
    "claims.jsonl",
    "signatures.jsonl",
    "keys.jsonl",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    input: String,
    keys: String,
    facts: String,
    at: String,
    state: String,
    reason: String,
}

fn read(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/hostile");
    std::fs::read_to_string(folder.join(name)).expect("the file is in the repository")
}

pub(crate) fn key_sets() -> BTreeMap<String, KeySet> {
    let files: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&read("keys.json")).expect("JSON");
    files
        .into_iter()
        .map(|(name, file)| {
            let file = PublicKeyFile::parse(&file.to_string()).expect("a file of public keys");
            (name, file.keys)
        })
        .collect()
}

fn lines() -> Vec<(&'static str, Line)> {
    let parse = |line: &str| serde_json::from_str(line).expect("a case");
    FILES
        .into_iter()
        .flat_map(|file| {
            let lines: Vec<Line> = read(file).lines().map(parse).collect();
            lines.into_iter().map(move |line| (file, line))
        })
        .collect()
}

/// Reason of the first check that failed, or if none did, of the first that did not run.
pub(crate) fn first_reason(verdict: &Verdict) -> &'static str {
    let first = |outcome| {
        verdict
            .checks
            .iter()
            .find(move |check| check.outcome == outcome)
    };
    first(Outcome::Failed)
        .or_else(|| first(Outcome::NotRun))
        .map_or("none", |check| check.reason.code())
}

#[test]
fn every_hostile_input_gets_its_own_reason_and_none_is_valid() {
    let sets = key_sets();
    let lines = lines();
    let mut wrong = Vec::new();
    for (file, line) in &lines {
        let at = line.at.parse().expect("a moment");
        let facts = cases::facts(&line.facts);
        let verdict = judge(Presented::Text(&line.input), &sets[&line.keys], &facts, at);
        let found = (verdict.state.code(), first_reason(&verdict));
        if verdict.is_valid() || found != (line.state.as_str(), line.reason.as_str()) {
            wrong.push(format!(
                "{file} {}: {found:?}, not {:?}",
                line.name,
                (&line.state, &line.reason)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines.len() >= 200, "{} cases", lines.len());
}

/// Otherwise nothing in the corpus could be valid, and the test above would prove nothing.
#[test]
fn the_genuine_certificate_is_valid_under_the_same_keys_and_facts() {
    let lines = lines();
    let (_, line) = lines
        .iter()
        .find(|(file, line)| *file == "keys.jsonl" && line.name == "no key is known")
        .expect("the genuine certificate");
    let at = line.at.parse().expect("a moment");
    for keys in ["active", "retired"] {
        let facts = cases::facts("registry");
        let verdict = judge(Presented::Text(&line.input), &key_sets()[keys], &facts, at);
        assert!(verdict.is_valid(), "{keys}: {}", first_reason(&verdict));
    }
}

#[test]
fn an_input_refused_for_its_form_shows_no_claims_whatever_the_registry_knows() {
    let sets = key_sets();
    for (file, line) in lines() {
        if file != "keys.jsonl" {
            let examination = examine(Presented::Text(&line.input), &sets[&line.keys]);
            assert!(examination.claims().is_none(), "{file} {}", line.name);
        }
    }
}

#[test]
fn names_of_cases_are_unique_and_reasons_many() {
    let lines = lines();
    let names: BTreeSet<_> = lines
        .iter()
        .map(|(file, line)| (file, &line.name))
        .collect();
    assert_eq!(names.len(), lines.len());
    let inputs: BTreeSet<_> = lines
        .iter()
        .map(|(_, line)| (&line.input, &line.keys, &line.facts, &line.at))
        .collect();
    assert_eq!(inputs.len(), lines.len(), "a case occurs twice");
    let reasons: BTreeSet<_> = lines.iter().map(|(_, line)| &line.reason).collect();
    assert!(reasons.len() >= 40, "{} reasons", reasons.len());
}

#[test]
fn the_files_are_those_that_the_generator_writes() {
    for (name, content) in cases::files() {
        assert!(
            read(name) == content,
            "{name} differs: run the example hostile_corpus"
        );
    }
}
