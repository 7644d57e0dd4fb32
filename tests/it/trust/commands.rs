//! `mingzheng key` and `mingzheng trust`, as a person at a terminal runs them (pages.md 7).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::answer::text;
use tests::command::built;
use tests::story::{PASSWORD, PROVINCE};
use tests::{Database, Mingzheng, Story};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// A registry with two persons of the national federation and one of a province.
struct Desk {
    program: Mingzheng,
    password: String,
}

impl Desk {
    fn new(more: &[(&str, &Path)]) -> Self {
        Self::prepared(more, |_| ())
    }

    /// With something in the folder before the registry is made.
    fn prepared(more: &[(&str, &Path)], prepare: impl FnOnce(&Mingzheng)) -> Self {
        let mut program = Mingzheng::new(built().to_str().expect("a path"));
        let data = program.path("registry");
        program = program.with("MINGZHENG_DATA", data);
        for (name, value) in more {
            program = program.with(name, value);
        }
        let password = program.secret("password", PASSWORD).display().to_string();
        prepare(&program);
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
    assert_eq!(verify("second.cbor", &seen).code, 3, "cannot be checked");

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

/// A token that SoftHSM keeps in a folder; answers its configuration file.
fn token(folder: &Path) -> Option<PathBuf> {
    if !Path::new(MODULE).exists() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "softhsm2 is not installed");
        eprintln!("\n!!!! NOT RUN: no softhsm2 on this machine !!!!\n");
        return None;
    }
    let tokens = folder.join("tokens");
    std::fs::create_dir(&tokens).expect("a folder");
    let configuration = folder.join("softhsm2.conf");
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
    Some(configuration)
}

/// What `pkcs11.json` says of it.
fn named(pin_file: &Path) -> String {
    json!({ "module": MODULE, "token": "issuers", "pin_file": pin_file }).to_string()
}

#[test]
fn the_registrys_own_keys_live_in_a_token_that_was_named_before_it_was_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(configuration) = token(folder.path()) else {
        return;
    };
    let desk = Desk::prepared(&[("SOFTHSM2_CONF", &configuration)], |program| {
        let pin = program.secret("pin", "a-pin-of-tests\n");
        std::fs::create_dir_all(program.path("registry/keys")).expect("a folder");
        program.secret("registry/keys/pkcs11.json", &named(&pin));
    });
    let keys = desk.program.path("registry/keys");
    let files = || {
        let entries = std::fs::read_dir(&keys).expect("the folder of keys");
        let names = entries.map(|entry| entry.expect("a file").file_name());
        let pems = names.filter(|name| name.to_string_lossy().ends_with(".pem"));
        pems.count()
    };
    assert_eq!(files(), 0, "no signing key has a file");
    // Each purpose is changed over on the token: root, status, and the log with its successor.
    desk.key();
    for purpose in ["root", "status", "log"] {
        let made = desk.run("national-1", &["key", "create-own", purpose]);
        let kid = text(&made["kid"]);
        assert_eq!(kid, format!("{purpose}-2"));
        desk.by_two(&["key", "propose", &kid, "active"]);
    }
    desk.by_two(&["key", "propose", "root", "retired"]);
    assert_eq!(files(), 0);
    let list = desk
        .program
        .json(&["trust", "list", "--out", "list.cbor"])
        .good();
    assert_eq!(list["signed_by"], "root-2");
    desk.program.json(&["bundle", "build"]).good();
    let checked = desk.program.json(&["log", "check"]).good();
    assert_eq!(checked["faults"], json!([]));
    let newest = desk.program.run(&["log", "checkpoint"]);
    assert!(
        newest
            .out
            .lines()
            .next()
            .is_some_and(|origin| origin.ends_with("/log/2")),
        "{}",
        newest.out
    );
    // A second registry does not take the keys of the first for its own.
    let other =
        Mingzheng::new(built().to_str().expect("a path")).with("SOFTHSM2_CONF", &configuration);
    std::fs::create_dir_all(other.path("r/keys")).expect("a folder");
    other.secret("r/keys/pkcs11.json", &named(&desk.program.path("pin")));
    let refused = other.json(&["--data", "r", "migrate"]);
    assert_ne!(refused.code, 0);
    assert!(refused.err.contains("exists"), "{}", refused.err);
}

#[test]
fn issuer_keys_live_in_a_token_where_one_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(configuration) = token(folder.path()) else {
        return;
    };
    let desk = Desk::new(&[("SOFTHSM2_CONF", &configuration)]);
    let keys = desk.program.path("registry/keys");
    let name = named;
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
        name(&desk.program.open_file("open", "a-pin-of-tests")),
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

/// The whole re-issue as an officer runs it, on a registry in which certificates stand under the stolen key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_under_a_stolen_key_are_reissued_by_one_command() {
    const HOLDERS: u32 = 7;
    let (story, _) = Story::with_certificates(Database::Sqlite, HOLDERS).await;
    // The program reads the machine's clock: a key of its year.
    let now = api::clock::Clock::now(&api::clock::SystemClock);
    let year = api::certificates::keys::year_of(now);
    let at = story.server.app.now() - chrono::Duration::days(1);
    let stolen = json!({ "state": "compromised", "compromised_at": at });
    story.key_state("k3326", &stolen).await;
    story.issuer_key(year).await;
    let program = Mingzheng::new(built().to_str().expect("a path"))
        .with("MINGZHENG_DATA", story.server.data());
    let password = program.secret("password", PASSWORD).display().to_string();
    let run = |arguments: &[&str]| {
        let acting = ["--as", "province-1", "--password-file", &password];
        program.json(&[arguments, &acting].concat()).good()
    };
    let list = run(&["key", "affected", "k3326"]);
    assert_eq!(list["counts"]["to_reissue"], HOLDERS);
    // Interrupted after two steps of two; what is left comes the next time, and nothing twice.
    let part = run(&["key", "reissue", "k3326", "--rows", "2", "--most", "2"]);
    assert_eq!(
        (&part["reissued"], &part["finished"]),
        (&json!(4), &json!(false))
    );
    let rest = run(&["key", "reissue", "k3326", "--rows", "2"]);
    assert_eq!(
        (&rest["reissued"], &rest["finished"]),
        (&json!(3), &json!(true))
    );
    let again = run(&["key", "reissue", "k3326"]);
    assert_eq!(
        (&again["reissued"], &again["skipped"]),
        (&json!(0), &json!([]))
    );
    let list = run(&["key", "affected", "k3326"]);
    let counts = &list["counts"];
    assert_eq!(
        (&counts["replaced"], &counts["to_reissue"]),
        (&json!(HOLDERS), &json!(0))
    );
    // Each holder has a new one under the new key, and the old one says that it was replaced.
    for item in list["items"].as_array().expect("certificates") {
        let state = async |id: &str| {
            let path = format!("/api/v1/verifications/{id}");
            story.who("anybody").get(&path).await.good()
        };
        let new = text(&item["replaced_by"]);
        story.server.clock.set(now);
        assert_eq!(state(&new).await["state"], "valid");
        assert_ne!(state(&text(&item["public_id"])).await["state"], "valid");
    }
}
