//! The arrows between our crates are those of the design, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Each crate with those of ours that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("certs", &["domain"]),
    ("certs-ld", &["certs"]),
    ("certs-hsm", &["certs"]),
    ("migrations", &[]),
    ("store", &["domain", "migrations"]),
    ("paper", &["certs", "domain"]),
    (
        "api",
        &["certs", "certs-hsm", "certs-ld", "domain", "paper", "store"],
    ),
    ("private-postgres", &[]),
    (
        "tests",
        &[
            "api",
            "certs",
            "certs-ld",
            "domain",
            "paper",
            "private-postgres",
            "store",
        ],
    ),
    (
        "benches",
        &["api", "certs", "domain", "paper", "store", "tests"],
    ),
];
/// What only tests may use besides.
const TEST_ARROWS: &[(&str, &[&str])] = &[
    ("certs-hsm", &["domain"]),
    ("certs-ld", &["domain"]),
    ("store", &["private-postgres"]),
];
/// Words of the database that only `store` and `migrations` may know.
const SQL: &[&str] = &["sea-orm", "sea-orm-migration", "sqlx", "sea-query"];

fn metadata() -> Value {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(tests::root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Direct dependencies of every member: of the crate itself, and of its tests alone.
fn dependencies(metadata: &Value) -> BTreeMap<String, [BTreeSet<String>; 2]> {
    let mut members = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let mut named = [BTreeSet::new(), BTreeSet::new()];
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let place = usize::from(dependency["kind"] == "dev");
            named[place].insert(dependency["name"].as_str().expect("a name").to_owned());
        }
        members.insert(package["name"].as_str().expect("a name").to_owned(), named);
    }
    members
}

#[test]
fn crates_use_only_what_the_design_allows() {
    let members = dependencies(&metadata());
    let ours: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = members.keys().map(String::as_str).collect();
    assert_eq!(
        found, ours,
        "a crate came or went: draw its arrows here and in docs/architecture.md"
    );
    for (name, [uses, tests_use]) in &members {
        let of = |table: &[(&str, &[&str])]| -> BTreeSet<String> {
            table
                .iter()
                .filter(|(crate_name, _)| crate_name == name)
                .flat_map(|(_, allowed)| allowed.iter().map(|one| (*one).to_owned()))
                .collect()
        };
        let allowed = of(ARROWS);
        let own = |set: &BTreeSet<String>| -> BTreeSet<String> {
            set.iter()
                .filter(|one| ours.contains(one.as_str()))
                .cloned()
                .collect()
        };
        assert!(own(uses).is_subset(&allowed), "{name} uses {:?}", own(uses));
        let in_tests: BTreeSet<String> = allowed.union(&of(TEST_ARROWS)).cloned().collect();
        assert!(
            own(tests_use).is_subset(&in_tests),
            "tests of {name} use {:?}",
            own(tests_use)
        );
    }
}

#[test]
fn only_the_store_knows_sql() {
    for (name, [uses, tests_use]) in dependencies(&metadata()) {
        // A benchmark measures what the database could do without the store.
        if ["store", "migrations", "benches"].contains(&name.as_str()) {
            continue;
        }
        for word in SQL {
            assert!(
                !uses.contains(*word) && !tests_use.contains(*word),
                "{name} depends on {word}"
            );
        }
    }
}

#[test]
fn rules_and_formats_have_neither_io_nor_a_clock() {
    for (name, [uses, _]) in dependencies(&metadata()) {
        if name == "domain" || name == "certs" {
            for word in ["tokio", "axum", "reqwest", "tracing", "getrandom"] {
                assert!(!uses.contains(word), "{name} depends on {word}");
            }
        }
    }
}

/// UP-7: nothing that a user gave is asked for. Whoever opens a connection to another server stands here, with where its
/// address comes from.
const ASKING: &[(&str, &str)] = &[
    (
        "api/src/access/delivery.rs",
        "the gateway of the configuration",
    ),
    (
        "api/src/log/witnesses.rs",
        "the witnesses of the configuration",
    ),
    (
        "api/src/log/monitor",
        "a command of its own, by its arguments",
    ),
];

#[test]
fn only_the_files_named_here_ask_other_servers() {
    fn walk(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                files.push(path);
            }
        }
    }
    let root = tests::root();
    let mut files = Vec::new();
    for member in [
        "api",
        "certs",
        "certs-hsm",
        "certs-ld",
        "domain",
        "paper",
        "store",
    ] {
        walk(&root.join(member).join("src"), &mut files);
    }
    let (mut asking, mut used) = (Vec::new(), BTreeSet::new());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        let asks = [
            "reqwest",
            "TcpStream::connect",
            "UdpSocket",
            "hyper::client",
            "hyper_util::client",
            "ureq::",
        ]
        .iter()
        .any(|word| text.contains(word));
        if asks {
            let name = file
                .strip_prefix(root)
                .unwrap_or(&file)
                .display()
                .to_string();
            match ASKING.iter().find(|(known, _)| name.starts_with(known)) {
                Some((known, _)) => {
                    used.insert(*known);
                }
                None => asking.push(name),
            }
        }
    }
    assert!(asking.is_empty(), "these ask other servers: {asking:?}");
    let all: BTreeSet<&str> = ASKING.iter().map(|(known, _)| *known).collect();
    assert_eq!(used, all, "no longer asks");
}
