//! `mingzheng key` and `mingzheng trust`, as a person at a terminal runs them (pages.md 7).

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::Mingzheng;
use tests::answer::text;
use tests::command::built;
use tests::story::{PASSWORD, PROVINCE};

/// A registry with two persons of the national federation and one of a province.
struct Desk {
    program: Mingzheng,
    password: String,
}

impl Desk {
    fn new(more: &[(&str, &Path)]) -> Self {
        let mut program = Mingzheng::new(built().to_str().expect("a path"));
        let data = program.path("registry");
        program = program.with("MINGZHENG_DATA", data);
        for (name, value) in more {
            program = program.with(name, value);
        }
        let password = program.secret("password", PASSWORD).display().to_string();
        program.json(&["migrate"]).good();
        let desk = Self { program, password };
        let create = ["account", "create", "national-1", "--person-name", "全国甲"];
        let mut first = create.to_vec();
        first.extend(["--new-password-file", &desk.password]);
        desk.program.json(&first).good();
        for (name, role, federation) in [
            ("national-2", "national_officer", "000000"),
            ("province-1", "province_officer", PROVINCE),
        ] {
            let mut other = vec!["account", "create", name, "--person-name", "虚构人员"];
            other.extend(["--new-password-file", &desk.password, "--role", role]);
            other.extend(["--federation", federation]);
            desk.run("national-1", &other);
        }
        desk
    }

    fn ran(&self, account: &str, arguments: &[&str]) -> tests::command::Ran {
        let mut all = arguments.to_vec();
        all.extend(["--as", account, "--password-file", &self.password]);
        self.program.json(&all)
    }

    #[track_caller]
    fn run(&self, account: &str, arguments: &[&str]) -> Value {
        self.ran(account, arguments).good()
    }

    /// The issuer key of this year, in use.
    fn key(&self) -> String {
        let now = api::clock::Clock::now(&api::clock::SystemClock);
        let year = api::certificates::keys::year_of(now).to_string();
        let made = self.run("national-1", &["key", "create", PROVINCE, &year]);
        let kid = text(&made["kid"]);
        self.by_two(&["key", "propose", &kid, "active"]);
        kid
    }

    fn by_two(&self, arguments: &[&str]) -> Value {
        let proposed = self.run("national-1", arguments);
        let proposal = text(&proposed["proposal_id"]);
        self.run("national-2", &["key", "approve", &proposal])
    }
}

#[test]
fn a_key_is_made_known_used_and_given_up_and_a_verifier_hears_of_it_without_a_network() {
    let desk = Desk::new(&[]);
    let root = desk.program.run(&["trust", "root"]);
    desk.program.file("root.txt", root.out);
    let kid = desk.key();
    let listed = desk
        .program
        .json(&["trust", "list", "--out", "first.cbor"])
        .good();
    let state = |list: &Value| {
        let keys = list["keys"].as_array().expect("keys").iter();
        let mut keys = keys.filter(|key| key["kid"] == *kid);
        text(&keys.next().expect("the key")["state"])
    };
    assert_eq!(
        (state(&listed), &listed["fresh"]),
        ("active".to_owned(), &json!(true))
    );
    let verify = |file: &str, more: &[&str]| {
        let mut all = vec!["trust", "verify", file, "--root", "root.txt"];
        all.extend(more);
        desk.program.json(&all)
    };
    let seen = ["--seen", "seen.json"];
    let told = verify("first.cbor", &seen).good();
    assert_eq!(told["version"], listed["version"]);
    assert_eq!(verify("first.cbor", &seen).code, 0, "the same once more");

    // Not by one person, not by a province; a trial writes nothing.
    let at = api::clock::Clock::now(&api::clock::SystemClock).to_rfc3339();
    let compromise = ["key", "compromise", &kid, "--at", &at];
    assert_eq!(desk.ran("province-1", &compromise).code, 4);
    let mut trial = compromise.to_vec();
    trial.push("--dry-run");
    assert!(desk.run("national-1", &trial)["proposal_id"].is_string());
    let proposed = desk.run("national-1", &compromise);
    assert_eq!(proposed["certificates"]["total"], 0);
    let proposal = text(&proposed["proposal_id"]);
    let alone = desk.ran("national-1", &["key", "approve", &proposal]);
    assert_ne!(alone.code, 0);
    desk.run("national-2", &["key", "approve", &proposal]);
    let keys = desk.program.json(&["key", "list"]).good();
    let keys = keys.as_array().expect("keys");
    let purposes: Vec<String> = keys.iter().map(|key| text(&key["purpose"])).collect();
    assert_eq!(purposes, ["issuer", "log", "root", "status"]);
    assert_eq!(keys[0]["state"], "compromised");

    let listed = desk
        .program
        .json(&["trust", "list", "--out", "second.cbor"])
        .good();
    assert_eq!(state(&listed), "compromised");
    verify("second.cbor", &seen).good();
    let old = verify("first.cbor", &seen);
    assert_eq!((old.code, &old.json()["accepted"]), (1, &json!(false)));
    assert!(
        text(&old.json()["fault"]).contains("was seen"),
        "{}",
        old.out
    );
    // Who has seen nothing cannot know better.
    assert_eq!(verify("first.cbor", &[]).code, 0);

    // Another root, another file, a damaged memory.
    let stranger = Desk::new(&[]);
    let other = stranger.program.run(&["trust", "root"]);
    desk.program.file("other.txt", other.out);
    let wrong = ["trust", "verify", "second.cbor", "--root", "other.txt"];
    assert_eq!(desk.program.json(&wrong).code, 1);
    assert_eq!(verify("root.txt", &[]).code, 1);
    assert_eq!(verify("missing.cbor", &[]).code, 2);
    let no_root = ["trust", "verify", "second.cbor", "--root", "seen.json"];
    assert_eq!(desk.program.json(&no_root).code, 2);
    desk.program.file("seen.json", "{}");
    assert_eq!(verify("second.cbor", &seen).code, 2);

    // Nothing was issued under it: nothing is affected, and the re-issue is over at once.
    let list = desk.run("province-1", &["key", "affected", &kid]);
    assert_eq!(
        (&list["counts"]["total"], &list["items"]),
        (&json!(0), &json!([]))
    );
    let done = desk.run("province-1", &["key", "reissue", &kid]);
    assert_eq!(
        (&done["reissued"], &done["finished"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(desk.ran("national-1", &["key", "reissue", &kid]).code, 4);
    let fresh = desk.key();
    assert_eq!(fresh, format!("{kid}-2"));
    assert_ne!(desk.ran("province-1", &["key", "reissue", &fresh]).code, 0);
}

#[test]
fn issuer_keys_live_in_a_token_where_one_is_named() {
    let module = Path::new("/usr/lib/softhsm/libsofthsm2.so");
    if !module.exists() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "softhsm2 is not installed");
        eprintln!("\n!!!! NOT RUN: no softhsm2 on this machine !!!!\n");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).expect("a folder");
    let configuration = folder.path().join("softhsm2.conf");
    let text_of = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&configuration, text_of).expect("written");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "issuers"])
        .args(["--pin", "a-pin-of-tests", "--so-pin", "a-so-pin"])
        .env("SOFTHSM2_CONF", &configuration)
        .output();
    assert!(made.expect("softhsm2-util").status.success());

    let desk = Desk::new(&[("SOFTHSM2_CONF", &configuration)]);
    let keys = desk.program.path("registry/keys");
    let name = |pin_file: &Path| {
        json!({ "module": module, "token": "issuers", "pin_file": pin_file }).to_string()
    };
    let pin = desk.program.secret("pin", "a-pin-of-tests\n");
    desk.program
        .secret("registry/keys/pkcs11.json", &name(&pin));
    let kid = desk.key();
    assert!(!keys.join(format!("{kid}.pem")).exists(), "no file of it");
    // A later process opens it on the token, and finds that the name is taken.
    let next = desk.key();
    assert_eq!(next, format!("{kid}-2"));
    let listed = desk.program.json(&["key", "list"]).good();
    let states = listed.as_array().expect("keys").iter();
    let active = states.filter(|key| key["purpose"] == "issuer" && key["state"] == "active");
    assert_eq!(active.count(), 2);

    // Wrong PIN, others may read, no such token, no JSON: the program does not start, and says what to do.
    let wrong = desk.program.secret("wrong", "another-pin");
    for content in [
        name(&wrong),
        name(&desk.program.file("open", "a-pin-of-tests")),
        name(&desk.program.path("missing")),
        name(&pin).replace("issuers", "nobody"),
        name(&pin).replace("\"token\"", "\"label\""),
        "{".to_owned(),
    ] {
        desk.program.secret("registry/keys/pkcs11.json", &content);
        let refused = desk.program.json(&["key", "list"]);
        assert_ne!(refused.code, 0, "{content}");
        assert!(!refused.err.contains("panicked"), "{}", refused.err);
        assert!(!refused.err.contains("a-pin"), "{}", refused.err);
    }
}
