//! What a verifier without a network has seen: one memory for trust lists and bundles, so that neither command is led backwards
//! by what the other would refuse (trust.md KY-6).

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use api::clock::{Clock as _, SystemClock};
use chrono::TimeDelta;
use serde_json::Value;
use tests::command::{Mingzheng, Ran, built};
use tests::offline::PaperRegistry;

/// Trust lists and bundles of one registry at a desk with a folder of its own for what was seen.
struct Remembering {
    program: Mingzheng,
    registry: PaperRegistry,
    /// What was seen.
    folder: PathBuf,
}

impl Remembering {
    fn new() -> Self {
        let at = Self::without_home();
        let state = at.program.path("state");
        let program = at.program.with("XDG_STATE_HOME", state);
        Self { program, ..at }
    }

    /// At a desk where neither a home nor a folder for states is known.
    fn without_home() -> Self {
        // The clock of the program that is run.
        let registry = PaperRegistry::new(SystemClock.now());
        let program = Mingzheng::new(&built().display().to_string());
        program.file("good.txt", registry.text(3));
        program.file("root.txt", registry.root());
        for version in [42, 45] {
            let list = registry.trust_list(|list| list.version = version);
            program.file(&format!("list{version}"), &list);
            let content = registry.bundle_with(version - 40, TimeDelta::hours(1), list);
            let bundle = registry.signed(&content);
            program.file(&format!("bundle{version}"), bundle);
        }
        let folder = program.path("state/mingzheng");
        Self {
            program,
            registry,
            folder,
        }
    }

    fn list(&self, file: &str, more: &[&str]) -> Ran {
        self.list_by("root.txt", file, more)
    }

    fn list_by(&self, root: &str, file: &str, more: &[&str]) -> Ran {
        let given = ["trust", "verify", file, "--root", root];
        self.program.json(&[&given[..], more].concat())
    }

    fn with_list(&self, file: &str, more: &[&str]) -> Ran {
        let given = [
            "cert",
            "verify",
            "good.txt",
            "--root",
            "root.txt",
            "--trust-list",
            file,
        ];
        self.program.json(&[&given[..], more].concat())
    }

    fn with_bundle(&self, file: &str, more: &[&str]) -> Ran {
        let given = ["cert", "verify", "good.txt", "--bundle", file];
        self.program.json(&[&given[..], more].concat())
    }
}

#[track_caller]
fn refused(ran: &Ran, why: &str) {
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    assert!(ran.err.contains(why), "{}", ran.err);
}

#[test]
fn what_one_command_saw_of_the_trust_list_the_other_knows() {
    // A list first, then a bundle with an older one: with the root key, and without it.
    let at = Remembering::new();
    at.list("list45", &[]).good();
    refused(
        &at.with_bundle("bundle42", &["--root", &at.registry.root()]),
        "bundle_older_list",
    );
    refused(&at.with_bundle("bundle42", &[]), "bundle_older_list");
    refused(&at.with_list("list42", &[]), "was seen");
    assert_eq!(at.with_bundle("bundle45", &[]).code, 0, "the same list");
    let show = ["bundle", "verify", "bundle42", "--root", "root.txt"];
    refused(&at.program.json(&show), "bundle_older");
    let files: Vec<std::path::PathBuf> = std::fs::read_dir(&at.folder)
        .expect("the folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|file| file.extension().is_none_or(|ext| ext != "lock"))
        .collect();
    assert_eq!(files.len(), 1, "one memory: {files:?}");

    // A bundle first, then an older list.
    let at = Remembering::new();
    assert_eq!(at.with_bundle("bundle45", &["--root", "root.txt"]).code, 0);
    refused(&at.with_list("list42", &[]), "was seen");
    let older = at.list("list42", &[]);
    assert_eq!(
        (older.code, &older.json()["accepted"]),
        (1, &Value::Bool(false))
    );

    // One file for both, named.
    let at = Remembering::new();
    let seen = ["--seen", "memory"];
    at.list("list42", &seen).good();
    assert_eq!(at.with_bundle("bundle42", &seen).code, 0, "its root too");
    at.list("list45", &seen).good();
    refused(&at.with_bundle("bundle42", &seen), "bundle_older_list");
    assert_eq!(at.with_list("list45", &seen).code, 3);
    assert_eq!(at.with_bundle("bundle45", &seen).code, 0);
    refused(&at.with_list("list42", &seen), "was seen");
    assert!(!at.folder.exists(), "nothing is kept elsewhere");
}

#[test]
fn what_was_seen_is_not_forgotten_when_the_root_key_changes_or_the_form_of_the_file() {
    use certs::keys::{KeyState, Signer as _, SoftwareSigner};
    use certs::trust_list::{KeyPurpose, Roots, SignedTrustList, root_line};

    let next = SoftwareSigner::from_seed("root-2".parse().expect("a kid"), [77; 32].into());
    let line = root_line(next.key_id(), next.public_key()).expect("a line");
    let at = Remembering::new();
    at.list("list45", &[]).good();
    // One more line, and a remark.
    let more = format!("# ours\n{}\n{line}\n", at.registry.root());
    at.program.file("more.txt", &more);
    let older = at.list_by("more.txt", "list42", &[]);
    assert_eq!(older.code, 1, "{}", older.out);
    // The new root alone; what it signs leaves the old one without force, and the old lists refused all the same.
    let old = at.registry.trust_list(|list| {
        list.version = 46;
        let mut key = list.keys[&"root".parse().expect("a kid")].clone();
        key.public_key = next.public_key().clone();
        assert_eq!(key.purpose, KeyPurpose::Root);
        list.keys.insert(next.key_id().clone(), key);
    });
    let roots = Roots::parse(&at.registry.root()).expect("the root");
    let mut list = SignedTrustList::open(&old, &roots)
        .expect("a list")
        .list()
        .clone();
    list.version = 47;
    let first = list.keys.get_mut(&"root".parse().expect("a kid"));
    first.expect("the root").state = KeyState::Retired;
    let changed = list.sign(&next).expect("signed");
    at.program.file("list47", changed.as_bytes());
    at.program.file("new.txt", &line);
    at.list_by("more.txt", "list47", &[]).good();
    assert_eq!(at.list("list45", &[]).code, 1, "by the old root key");
    refused(
        &at.with_bundle("bundle45", &["--root", "root.txt"]),
        "bundle_older_list",
    );
    at.list_by("new.txt", "list47", &[]).good();

    // Files of before: of a list by the digest of its root lines, of bundles by any of theirs; named ones.
    let digest = |bytes: &[u8]| {
        use sha2::Digest as _;
        data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(bytes))
    };
    let read = |at: &Remembering, name: &str| {
        digest(&std::fs::read(at.program.path(name)).expect("a file"))
    };
    let of_list = |at: &Remembering| {
        let sha256 = read(at, "list45");
        format!(r#"{{"version":45,"sha256":"{sha256}"}}"#)
    };
    let of_bundle = |at: &Remembering| {
        let (list, bundle) = (read(at, "list45"), read(at, "bundle45"));
        let root = &at.registry.root();
        format!(
            r#"{{"version":1,"roots":["{root}"],"number":5,"sha256":"{bundle}","trust_list":45,"trust_list_sha256":"{list}"}}"#
        )
    };
    let at = Remembering::new();
    std::fs::create_dir_all(&at.folder).expect("a folder");
    let name = format!("list-{}.json", &digest(at.registry.root().as_bytes())[..16]);
    std::fs::write(at.folder.join(name), of_list(&at)).expect("written");
    refused(
        &at.with_bundle("bundle42", &["--root", "root.txt"]),
        "bundle_older_list",
    );
    at.program.file("more.txt", &more);
    assert_eq!(at.list_by("more.txt", "list42", &[]).code, 1);
    let at = Remembering::new();
    std::fs::create_dir_all(&at.folder).expect("a folder");
    let name = at.folder.join("bundle-0123456789abcdef.json");
    std::fs::write(name, of_bundle(&at)).expect("written");
    refused(&at.with_list("list42", &[]), "was seen");
    refused(&at.with_bundle("bundle42", &[]), "bundle_older]");
    at.list("list45", &[]).good();
    for (file, content) in [("a", of_list(&at)), ("b", of_bundle(&at))] {
        at.program.file(file, content);
        let seen = ["--seen", file];
        assert_eq!(at.list("list42", &seen).code, 1, "{file}");
        let with_root = ["--seen", file, "--root", "root.txt"];
        refused(&at.with_bundle("bundle42", &with_root), "bundle_older");
        assert_eq!(at.with_bundle("bundle45", &with_root).code, 0);
        at.list("list45", &seen).good();
    }
}

#[test]
fn an_older_bundle_is_told_as_older_although_its_list_is_older_too() {
    let at = Remembering::new();
    assert_eq!(at.with_bundle("bundle45", &["--root", "root.txt"]).code, 0);
    refused(&at.with_bundle("bundle42", &[]), "[bundle_older]");
    // The same for what a delta makes of a stale one.
    let list = at.registry.trust_list(|list| list.version = 43);
    let content = at.registry.bundle_with(3, TimeDelta::hours(1), list);
    at.program.file("bundle43", at.registry.signed(&content));
    let run = |arguments: &[&str]| {
        let program = &at.program;
        program.json(&[arguments, &["--root", "root.txt"]].concat())
    };
    run(&["bundle", "delta", "bundle42", "bundle43", "--out", "step"]).good();
    // What is published is read by a web server, whoever wrote it.
    let step = std::fs::metadata(at.program.path("step")).expect("a file");
    assert_eq!(step.permissions().mode() & 0o777, 0o644);
    let stale = run(&["bundle", "apply", "bundle42", "step", "--out", "result"]);
    refused(&stale, "[bundle_older]");
    assert!(!at.program.path("result").exists());
}

#[test]
fn who_remembers_waits_for_who_remembers() {
    let at = Remembering::new();
    let seen = ["--seen", "memory"];
    at.list("list42", &seen).good();
    let lock = std::fs::File::options()
        .write(true)
        .open(at.program.path("memory.lock"))
        .expect("the lock beside the memory");
    lock.lock().expect("held");
    std::thread::scope(|scope| {
        let other = scope.spawn(|| at.list("list45", &seen));
        std::thread::sleep(std::time::Duration::from_millis(800));
        assert!(!other.is_finished(), "it did not wait");
        drop(lock);
        other.join().expect("it ran").good();
    });
    // Several at once: the memory is whole, and of the newest.
    std::thread::scope(|scope| {
        for turn in 0..8 {
            let at = &at;
            scope.spawn(move || match turn % 2 {
                0 => at.with_bundle("bundle45", &["--seen", "memory"]),
                _ => at.list("list45", &["--seen", "memory"]),
            });
        }
    });
    refused(&at.with_list("list42", &seen), "was seen");
    assert_eq!(at.with_bundle("bundle45", &seen).code, 0);
}

#[test]
fn without_a_home_it_still_answers_and_says_what_is_not_remembered() {
    let at = Remembering::without_home();
    // A list has no place but the home: each time it is said, and an older one is taken.
    for file in ["list45", "list42"] {
        let ran = at.with_list(file, &[]);
        assert_eq!(ran.code, 3, "the status is not known: {}", ran.err);
        assert_eq!(ran.json()[0]["state"], "indeterminate", "{}", ran.out);
        for words in ["无法记住清单版本", "there is no home folder"] {
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
        }
    }
    // A bundle is remembered beside itself, and there is nothing to say.
    let ran = at.with_bundle("bundle42", &["--root", "root.txt"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(at.program.path("bundle42.seen.json").exists());
    // Where that is not to be written, it is said.
    std::fs::create_dir(at.program.path("bundle45.seen.json.lock")).expect("a folder");
    let ran = at.with_bundle("bundle45", &["--root", "root.txt"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.json()[0]["state"], "valid", "{}", ran.out);
    assert!(ran.err.contains("无法记住离线包编号"), "{}", ran.err);
    assert!(!at.program.path("bundle45.seen.json").exists());
    assert!(!at.folder.exists(), "nothing is kept elsewhere");
}
