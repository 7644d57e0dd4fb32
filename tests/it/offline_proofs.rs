//! `mingzheng cert verify` with a signed trust list and proof files of the log: what a leaked key spoils, and what it does
//! not, is told without a network (trust.md KY-4, KY-6, LG-9).

use certs::keys::KeyState;
use certs::trust_list::TrustList;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde_json::Value;
use tests::command::{Mingzheng, Ran, built};
use tests::offline::PaperRegistry;

struct Desk {
    program: Mingzheng,
    registry: PaperRegistry,
    now: DateTime<Utc>,
}

impl Desk {
    fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the program that is run reads this clock"
        )]
        let now = Utc::now().trunc_subsecs(0);
        let registry = PaperRegistry::new(now);
        let program = Mingzheng::new(&built().display().to_string());
        program.file("root.txt", registry.root());
        program.file("list", registry.trust_list(|_| ()));
        program.file("cert.txt", registry.text(3));
        program.file(
            "proof",
            registry.proof(3, 5, Some(now - TimeDelta::days(99))),
        );
        Self {
            program,
            registry,
            now,
        }
    }

    /// By a trust list.
    fn verify(&self, list: &str, more: &[&str]) -> Ran {
        let given = ["cert", "verify", "--trust-list", list, "--root", "root.txt"];
        self.program.json(&[&given[..], more].concat())
    }

    /// A list in which the issuer's key was compromised so many days ago.
    fn compromised(&self, days: i64) -> Vec<u8> {
        let at = self.now - TimeDelta::days(days);
        self.registry.trust_list(|list| {
            list.version = 2;
            list.issued_at = self.now - TimeDelta::hours(2);
            compromise(list, "k3726", at);
        })
    }
}

fn compromise(list: &mut TrustList, kid: &str, at: DateTime<Utc>) {
    let kid = kid.parse().expect("a kid");
    let at = DateTime::from_timestamp_millis(at.timestamp_millis()).expect("a moment");
    list.keys.get_mut(&kid).expect("the key").state = KeyState::Compromised { at };
}

/// State and reasons of a row: key, log.
fn told(row: &Value) -> [String; 3] {
    let reason = |name: &str| {
        let checks = row["checks"].as_array().expect("checks");
        let found = checks.iter().find(|one| one["name"] == name);
        let found = found.expect("the check");
        let word = |field: &str| found[field].as_str().expect("a word").to_owned();
        format!("{}: {}", word("outcome"), word("reason"))
    };
    let state = row["state"].as_str().expect("a state").to_owned();
    [state, reason("key"), reason("log_inclusion")]
}

fn faults(ran: &Ran) -> Vec<String> {
    let rows = ran.json();
    let rows = rows.as_array().expect("rows").iter();
    rows.filter_map(|row| Some(row["error"]["code"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn a_trust_list_with_a_proof_tells_that_the_log_covers_a_certificate() {
    let desk = Desk::new();
    let ran = desk.verify("list", &["cert.txt", "--proof", "proof"]);
    assert_eq!(ran.code, 3, "the status is not known: {}", ran.out);
    assert_eq!(
        told(&ran.json()[0]),
        [
            "indeterminate",
            "passed: key_active",
            "passed: logged_witnessed"
        ]
    );
    // The same file beside the certificate, called by its id; in a folder it is no certificate itself.
    let name = |place| format!("folder/{}.tlog", PaperRegistry::id(place));
    std::fs::create_dir(desk.program.path("folder")).expect("a folder");
    desk.program.file("folder/a.txt", desk.registry.text(3));
    let proof = std::fs::read(desk.program.path("proof")).expect("the proof");
    desk.program.file(&name(3), proof);
    let ran = desk.verify("list", &["folder"]);
    assert_eq!(ran.json().as_array().map(Vec::len), Some(1));
    assert_eq!(told(&ran.json()[0])[2], "passed: logged_witnessed");
    // Without any proof nothing is said of the log.
    let ran = desk.verify("list", &["cert.txt"]);
    assert_eq!(told(&ran.json()[0])[2], "not_run: log_not_checked");
    // A forgery is one with any proof.
    desk.program.file("forged.txt", desk.registry.forged(3));
    let ran = desk.verify("list", &["forged.txt"]);
    assert_eq!(
        (ran.code, told(&ran.json()[0])[0].as_str()),
        (1, "not_genuine")
    );
}

#[test]
fn a_compromise_is_judged_without_a_network_by_when_witnesses_saw_the_certificate() {
    let desk = Desk::new();
    // Witnessed 99 days ago.
    for (days, with_proof, expected) in [
        (
            50,
            true,
            ["indeterminate", "passed: key_compromised_covered"],
        ),
        (
            50,
            false,
            ["indeterminate", "not_run: key_compromised_no_proof"],
        ),
        (99 + 1, true, ["not_genuine", "failed: key_compromised"]),
    ] {
        let list = format!("list-{days}");
        desk.program.file(&list, desk.compromised(days));
        let proof = ["--proof", "proof"];
        let more = if with_proof { &proof[..] } else { &[] };
        let ran = desk.verify(&list, &[&["cert.txt"], more].concat());
        assert_eq!(told(&ran.json()[0])[..2], expected, "{days} {}", ran.out);
    }
    // With a bundle, which knows the status, the answer is whole.
    let list = desk.compromised(50);
    let bundle = desk.registry.bundle_with(2, TimeDelta::hours(1), list);
    desk.program.file("bundle", desk.registry.signed(&bundle));
    let by_bundle = |more: &[&str]| {
        let given = ["cert", "verify", "--bundle", "bundle", "--root", "root.txt"];
        desk.program.json(&[&given[..], more].concat())
    };
    let ran = by_bundle(&["cert.txt", "--proof", "proof"]);
    assert_eq!((ran.code, told(&ran.json()[0])[0].as_str()), (0, "valid"));
    let ran = by_bundle(&["cert.txt"]);
    assert_eq!(
        (ran.code, told(&ran.json()[0])[0].as_str()),
        (3, "indeterminate")
    );
    // A proof that no witness has seen is worth nothing against whoever holds the key.
    let unseen = desk.registry.proof(3, 5, None);
    desk.program.file("unseen", unseen);
    let ran = by_bundle(&["cert.txt", "--proof", "unseen"]);
    assert_eq!(faults(&ran), ["proof_pending"]);
    assert_eq!(told(&ran.json()[0])[0], "indeterminate");
}

#[test]
fn a_proof_that_proves_nothing_is_told_and_changes_no_verdict() {
    let desk = Desk::new();
    let good = desk.registry.proof(3, 5, Some(desk.now));
    let hash = good.lines().nth(3).expect("a hash");
    let other = format!(
        "{}{}",
        if hash.starts_with('A') { 'B' } else { 'A' },
        &hash[1..]
    );
    let root = good.lines().nth(8).expect("the root");
    let another = format!(
        "{}{}",
        if root.starts_with('A') { 'B' } else { 'A' },
        &root[1..]
    );
    for (name, text, code) in [
        ("tampered", good.replacen(hash, &other, 1), "proof_path"),
        ("root", good.replacen(root, &another, 1), "proof_checkpoint"),
        ("cut", good[..60].to_owned(), "proof_format"),
        (
            "foreign",
            desk.registry.proof(4, 5, Some(desk.now)),
            "proof_foreign",
        ),
        (
            "key",
            desk.registry.proof(3, 8, Some(desk.now)),
            "proof_unknown_log",
        ),
        ("none", desk.registry.text(3), "proof_format"),
    ] {
        desk.program.file(name, text);
        let ran = desk.verify("list", &["cert.txt", "--proof", name]);
        assert_eq!(
            (ran.code, faults(&ran)),
            (3, vec![code.to_owned()]),
            "{name}"
        );
        assert_eq!(
            told(&ran.json()[0]),
            [
                "indeterminate",
                "passed: key_active",
                "not_run: log_not_checked"
            ],
            "{name}"
        );
    }
    // Also beside the certificate.
    let beside = format!("{}.tlog", PaperRegistry::id(3));
    desk.program
        .file(&beside, desk.registry.proof(4, 5, Some(desk.now)));
    let ran = desk.verify("list", &["cert.txt"]);
    assert_eq!(
        (ran.code, faults(&ran)),
        (3, vec!["proof_foreign".to_owned()])
    );
    // A log whose own key leaked proves only what witnesses saw before.
    let long_ago = desk.now - TimeDelta::days(99);
    for (days, code) in [(50, None), (99 + 1, Some("proof_log_compromised"))] {
        let at = desk.now - TimeDelta::days(days);
        let list = desk.registry.trust_list(|list| {
            list.version = 3;
            list.issued_at = desk.now - TimeDelta::hours(1);
            compromise(list, "log", at);
        });
        desk.program.file("leaked", list);
        desk.program
            .file("old", desk.registry.proof(5, 5, Some(long_ago)));
        desk.program.file("five.txt", desk.registry.text(5));
        let ran = desk.verify("leaked", &["five.txt", "--proof", "old"]);
        let expected: Vec<String> = code.into_iter().map(str::to_owned).collect();
        assert_eq!(faults(&ran), expected, "{days}");
    }
}

#[test]
fn a_trust_list_never_goes_backwards_and_needs_its_root() {
    let desk = Desk::new();
    desk.program.file("newer", desk.compromised(50));
    let seen = ["cert.txt", "--seen", "seen"];
    assert_eq!(
        desk.verify("newer", &seen).code,
        3,
        "not checked to the end"
    );
    let older = desk.verify("list", &seen);
    assert_eq!((older.code, older.out.as_str()), (3, ""), "{}", older.err);
    assert!(older.err.contains("was seen"), "{}", older.err);
    let no_root = ["cert", "verify", "--trust-list", "list", "cert.txt"];
    assert_eq!(desk.program.json(&no_root).code, 2);
    let both = desk.verify("list", &["cert.txt", "--bundle", "list"]);
    assert_eq!(both.code, 2);
    desk.program
        .file("cut", &desk.registry.trust_list(|_| ())[..200]);
    assert_eq!(desk.verify("cut", &["cert.txt"]).code, 3);
    // A list that is over is used and told of; it never makes anything valid.
    let over = desk.registry.trust_list(|list| {
        list.version = 4;
        list.valid_until = list.issued_at + TimeDelta::days(1);
    });
    desk.program.file("over", over);
    let ran = desk.verify("over", &["cert.txt"]);
    assert_eq!(
        (ran.code, told(&ran.json()[0])[0].as_str()),
        (3, "indeterminate")
    );
    assert!(ran.err.contains("out of date"), "{}", ran.err);
}
