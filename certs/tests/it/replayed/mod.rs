//! Signed files at the wrong time or in the wrong place, in `certs/tests/vectors/replayed/`: old status lists, bundles and
//! deltas, those of another registry, damaged ones. Each is refused for its own reason, or leaves the certificate open; none
//! makes it valid. `UPDATE_VECTORS=1` writes them anew.

use std::collections::BTreeMap;

use certs::bundle::{Bundle, Content};
use certs::keys::{KeyState, Signer, SoftwareSigner};
use certs::trust_list::{KeyPurpose, Roots, TrustList, TrustedKey, root_line};
use certs::verdict::{CheckName, Facts, Outcome, Verdict, examine};
use data_encoding::HEXLOWER;
use serde::Serialize;

use crate::arrange::{at, issuer, signer};
use crate::bundle::{content, later, root, signed, status_key};
use crate::vectors::{kept, read, updating};

mod bundles;
mod deltas;
mod lists;

const FOLDER: &str = "replayed";

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn bytes_of(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal")
}

fn table<T: Serialize>(lines: &[T]) -> String {
    let line = |line: &T| serde_json::to_string(line).expect("plain text") + "\n";
    lines.iter().map(line).collect()
}

/// Bundles that a verifier may hold already, by name.
fn held() -> BTreeMap<&'static str, Vec<u8>> {
    let mut twin = later();
    twin.programs.clear();
    [
        ("first", signed(&content())),
        ("later", signed(&later())),
        ("later, another one of its number", signed(&twin)),
        ("with a newer trust list", signed(&newer_trust_list())),
        ("of another registry", elsewhere().0),
    ]
    .into()
}

/// The first bundle again, with a trust list in which the issuer's key is compromised.
fn newer_trust_list() -> Content {
    let mut one = content();
    one.number = 11;
    one.trust_list = list_of(&root(), 6, &status_key(), |list| {
        for key in list.keys.values_mut() {
            if matches!(key.purpose, KeyPurpose::Issuer(_)) {
                key.state = KeyState::Compromised {
                    at: at("2026-02-01T00:00:00Z"),
                };
            }
        }
    });
    one
}

/// A trust list as the one of the bundles, by this root and with this key for bundles.
fn list_of(
    root: &SoftwareSigner,
    version: u64,
    status: &SoftwareSigner,
    change: impl FnOnce(&mut TrustList),
) -> Vec<u8> {
    let (first, last) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let key = |purpose, signer: &SoftwareSigner| {
        let key = TrustedKey {
            purpose,
            public_key: signer.public_key().clone(),
            not_before: first,
            not_after: last,
            state: KeyState::Active,
        };
        (signer.key_id().clone(), key)
    };
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let federation = "370000".parse().expect("a federation");
    let mut list = TrustList {
        version,
        issued_at: at("2026-03-01T00:00:00Z"),
        valid_until: at("2026-12-01T00:00:00Z"),
        keys: [
            key(KeyPurpose::Root, root),
            key(KeyPurpose::Status, status),
            key(KeyPurpose::Log(origin), &signer("log", 3)),
            key(KeyPurpose::Issuer(federation), &issuer()),
        ]
        .into(),
        witnesses: certs::log::WitnessPolicy::default(),
        earlier_witnesses: Vec::new(),
    };
    change(&mut list);
    list.sign(root).expect("signed").as_bytes().to_vec()
}

/// A whole registry of somebody else, with keys of the same names: its bundle and the line of its root.
fn elsewhere() -> (Vec<u8>, String) {
    let (root, status) = (signer("root", 31), signer("status", 34));
    let mut one = content();
    one.checkpoint.clear();
    one.number = 99;
    one.trust_list = list_of(&root, 99, &status, |_| ());
    let line = root_line(root.key_id(), root.public_key()).expect("a line");
    (one.sign(&status).expect("signed"), line)
}

/// What a verifier was given: the root of this registry.
fn roots() -> Roots {
    Roots::one(root().key_id().clone(), root().public_key().clone())
}

#[derive(Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    root: String,
    other_root: String,
    bundles: BTreeMap<String, String>,
    certificates: BTreeMap<String, String>,
}

fn known() -> Known {
    serde_json::from_slice(&read(FOLDER, "known.json")).expect("JSON")
}

/// Tests run beside each other: who reads the files while they are written anew writes them first.
fn written() {
    if updating() {
        compare();
    }
}

#[test]
fn what_the_tables_speak_of_is_what_the_generator_makes() {
    compare();
}

fn compare() {
    let known = Known {
        root: root_line(root().key_id(), root().public_key()).expect("a line"),
        other_root: elsewhere().1,
        bundles: held()
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), hex(&bytes)))
            .collect(),
        certificates: bundles::certificates(),
    };
    let text = serde_json::to_string_pretty(&known).expect("plain text") + "\n";
    kept(FOLDER, "known.json", text.as_bytes());
    kept(FOLDER, "bundles.jsonl", table(&bundles::cases()).as_bytes());
    kept(FOLDER, "deltas.jsonl", table(&deltas::cases()).as_bytes());
}

/// Reason of the first check that failed, or if none did, of the first that did not run. The log is not asked by these files.
fn reason_of(verdict: &Verdict) -> &'static str {
    let first = |outcome| {
        let mut checks = verdict.checks.iter();
        checks.find(move |check| check.outcome == outcome && check.name != CheckName::LogInclusion)
    };
    first(Outcome::Failed)
        .or_else(|| first(Outcome::NotRun))
        .map_or("none", |check| check.reason.code())
}

/// The genuine certificate under what is known of it.
fn judged(facts: &Facts, now: &str) -> Verdict {
    let text = &known().certificates["genuine"];
    let keys = crate::arrange::keys();
    examine(certs::verdict::Presented::Text(text), &keys).judge(facts, at(now))
}

fn opened(name: &str) -> Bundle {
    let bytes = bytes_of(&known().bundles[name]);
    Bundle::open(&bytes, &roots()).expect("it opens")
}
