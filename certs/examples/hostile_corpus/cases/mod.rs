//! Hostile inputs by kind, each with the verdict it must get. What is expected is written by hand, never computed.

use certs::verdict::Facts;
use serde::Serialize;

mod arrange;
mod bytes;
mod claims;
mod headers;
mod keys;
mod signatures;
mod text;

/// What was looked up, by the name that a case gives.
pub(crate) fn facts(name: &str) -> Facts {
    arrange::facts(name)
}

/// One input with everything that its verdict depends on.
#[derive(Serialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Text as from a QR code.
    pub(crate) input: String,
    /// Name of a key set in `keys.json`.
    pub(crate) keys: &'static str,
    /// What was looked up: a name that [`facts`] knows.
    pub(crate) facts: &'static str,
    /// When it is judged.
    pub(crate) at: &'static str,
    pub(crate) state: &'static str,
    /// Reason of the first check that failed, or if none did, of the first that did not run.
    pub(crate) reason: &'static str,
}

impl Case {
    /// A case under the usual keys and with a registry that knows the genuine certificate.
    fn new(name: impl Into<String>, input: impl Into<String>, reason: &'static str) -> Self {
        Self {
            name: name.into(),
            input: input.into(),
            keys: "active",
            facts: "registry",
            at: arrange::NOW,
            state: "not_genuine",
            reason,
        }
    }
}

/// Every file with its content.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    let line = |case: Case| {
        // A name that nobody knows ends the generator.
        facts(case.facts);
        serde_json::to_string(&case).expect("plain text") + "\n"
    };
    let lines = |cases: Vec<Case>| cases.into_iter().map(line).collect();
    vec![
        ("keys.json", arrange::key_sets()),
        ("text.jsonl", lines(text::cases())),
        ("bytes.jsonl", lines(bytes::cases())),
        ("headers.jsonl", lines(headers::cases())),
        ("claims.jsonl", lines(claims::cases())),
        ("signatures.jsonl", lines(signatures::cases())),
        ("keys.jsonl", lines(keys::cases())),
    ]
}
