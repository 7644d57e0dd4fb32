//! Photographs that show no certificate, in `certs/tests/vectors/pictures/`: without a code, with two, with a code of something
//! else, damaged ones. Each gets its own reason and none is ever valid. `UPDATE_VECTORS=1` writes them anew.

use std::collections::BTreeSet;

use certs::certificate::{self, Claims};
use certs::keys::SoftwareSigner;
use certs::qr::{qr_text, read_one};
use certs::verdict::{Presented, judge};
use serde::{Deserialize, Serialize};

use crate::arrange::{claims, host, issuer};
use crate::corpus;
use crate::vectors::{files_of, kept, lines_of, updating};

mod damaged;
mod draw;
mod shown;

const FOLDER: &str = "pictures";
/// When they are judged.
const NOW: &str = "2026-05-01T04:00:00Z";

/// A picture with everything that its verdict depends on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    file: String,
    /// Name of a key set in `hostile/keys.json`.
    keys: String,
    /// What a registry would answer, as in the hostile corpus.
    facts: String,
    at: String,
    /// Why no text was read; `none` where one was.
    fault: String,
    /// The verdict; `not_read` where no text was read.
    state: String,
    reason: String,
}

/// A line with its file.
struct Case {
    line: Line,
    bytes: Vec<u8>,
}

impl Case {
    /// Nothing can be read from it.
    fn unread(name: &str, fault: &str, ending: &str, bytes: Vec<u8>) -> Self {
        let mut case = Self::read(name, "not_read", "none", bytes);
        fault.clone_into(&mut case.line.fault);
        case.line.file = format!("{}.{ending}", name.replace([' ', ','], "_"));
        case
    }

    /// One text is read from it.
    fn read(name: &str, state: &str, reason: &str, bytes: Vec<u8>) -> Self {
        let line = Line {
            name: name.to_owned(),
            file: format!("{}.png", name.replace([' ', ','], "_")),
            keys: "active".to_owned(),
            facts: "registry".to_owned(),
            at: NOW.to_owned(),
            fault: "none".to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
        };
        Self { line, bytes }
    }

    fn with(mut self, keys: &str, facts: &str) -> Self {
        keys.clone_into(&mut self.line.keys);
        facts.clone_into(&mut self.line.facts);
        self
    }
}

fn text_of(claims: &Claims, signer: &SoftwareSigner) -> String {
    let signed = certificate::sign(claims, signer).expect("signed");
    qr_text(&host(), &claims.public_id, signed.as_bytes())
}

fn genuine_text() -> String {
    text_of(&claims(), &issuer())
}

fn cases() -> Vec<Case> {
    let mut cases = shown::cases();
    cases.extend(damaged::cases());
    cases
}

#[test]
fn the_pictures_are_those_that_the_generator_draws() {
    compare();
}

fn compare() {
    let cases = cases();
    let lines: String = cases
        .iter()
        .map(|case| serde_json::to_string(&case.line).expect("plain text") + "\n")
        .collect();
    kept(FOLDER, "cases.jsonl", lines.as_bytes());
    for case in &cases {
        kept(FOLDER, &case.line.file, &case.bytes);
    }
    let listed: BTreeSet<String> = cases.iter().map(|case| case.line.file.clone()).collect();
    assert_eq!(listed.len(), cases.len(), "a name occurs twice");
    let mut there: BTreeSet<String> = files_of(FOLDER);
    there.remove("cases.jsonl");
    assert_eq!(
        listed, there,
        "files that no line names, or lines without a file"
    );
}

#[test]
fn every_picture_gets_its_own_reason_and_none_is_valid() {
    // Tests run beside each other: who reads the files while they are written anew writes them first.
    if updating() {
        compare();
    }
    let sets = corpus::key_sets();
    let lines: Vec<Line> = lines_of(FOLDER, "cases.jsonl");
    let mut wrong = Vec::new();
    for line in &lines {
        let bytes = crate::vectors::read(FOLDER, &line.file);
        let at = line.at.parse().expect("a moment");
        let found = match read_one(&bytes) {
            Err(fault) => (fault.code(), "not_read", "none"),
            Ok(text) => {
                let facts = corpus::cases::facts(&line.facts);
                let verdict = judge(Presented::Text(&text), &sets[&line.keys], &facts, at);
                assert!(!verdict.is_valid(), "{} is called valid", line.name);
                ("none", verdict.state.code(), corpus::first_reason(&verdict))
            }
        };
        let expected = (
            line.fault.as_str(),
            line.state.as_str(),
            line.reason.as_str(),
        );
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", line.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines.len() >= 60, "{} pictures", lines.len());
    let faults: BTreeSet<&str> = lines.iter().map(|line| line.fault.as_str()).collect();
    let every = [
        "image_damaged",
        "image_format",
        "image_too_large",
        "no_code",
        "none",
        "two_codes",
    ];
    assert_eq!(faults, every.into());
}

/// Otherwise nothing drawn in this way could be read or be valid, and the tests above would prove nothing.
#[test]
fn the_same_drawing_of_the_genuine_certificate_is_valid() {
    let sets = corpus::key_sets();
    for bytes in [
        draw::code(&genuine_text()),
        draw::beside(&[&genuine_text(), &genuine_text()]),
    ] {
        let text = read_one(&bytes).expect("one text");
        let at = NOW.parse().expect("a moment");
        let facts = corpus::cases::facts("registry");
        assert!(judge(Presented::Text(&text), &sets["active"], &facts, at).is_valid());
    }
}
