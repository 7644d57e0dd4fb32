//! What comes into the tree: licences, sources, build scripts that compile C, and no second cryptography (deny.toml).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Packages whose build script compiles or looks for C.
const COMPILES_C: &[&str] = &[
    "libsqlite3-sys",
    "iana-time-zone-haiku",
    // typst grows its stack for deep templates: a page of assembly, and C on Windows alone.
    "psm",
    "stacker",
    // Only to make its bindings anew, a feature that nobody here switches on; it compiles nothing and loads at run time.
    "cryptoki-sys",
];
/// Packages that name a library in `links` only so that there is one version of them.
const LINKS_NOTHING: &[&str] = &["wasm_bindgen", "rayon-core"];
/// What a build script needs for that.
const C_TOOLS: &[&str] = &["cc", "cmake", "pkg-config", "bindgen", "vcpkg", "nasm-rs"];
/// Of these there is one version each: two would be two implementations that sign, seal or compare.
const ONE_OF_EACH: &[&str] = &[
    "ed25519-dalek",
    "curve25519-dalek",
    "aes",
    "aes-gcm",
    "argon2",
    "subtle",
    "zeroize",
    "jsonwebtoken",
];

/// Older versions that passkey-auth brings: they check signatures of authenticators, and sign, seal and compare nothing.
/// No library for WebAuthn stands on the newer ones and without OpenSSL, ring or rsa (see Cargo.toml).
const CHECKS_ONLY: &[(&str, &str)] = &[("ed25519-dalek", "2."), ("curve25519-dalek", "4.")];

fn packages() -> Vec<Value> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        // A new machine has only the crates of its own platform: Cargo fetches what it lacks.
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(tests::root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

/// The quoted texts of a list in deny.toml, from the line that begins it to the line with its end.
fn listed(begins: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(tests::root().join("deny.toml")).expect("deny.toml");
    let list = text.split_once(begins).expect("the list").1;
    let list = list.split_once("\n]").expect("its end").0;
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Whether a licence expression (SPDX, or the old form with `/`) can be met with the licences allowed.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let text = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.reverse();
    let met = any_of(&mut words, allowed);
    met && words.is_empty()
}

fn any_of(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> bool {
    let mut met = all_of(words, allowed);
    while words.last() == Some(&"OR") {
        words.pop();
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.last() == Some(&"AND") {
        words.pop();
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> bool {
    match words.pop() {
        Some("(") => {
            let met = any_of(words, allowed);
            met & (words.pop() == Some(")"))
        }
        Some(licence) if words.last() == Some(&"WITH") => {
            words.pop();
            let exception = words.pop().unwrap_or("");
            allowed.contains(&format!("{licence} WITH {exception}"))
        }
        Some(licence) => allowed.contains(licence),
        None => false,
    }
}

#[test]
fn a_licence_expression_is_read_with_its_and_or_and_with() {
    let allowed: BTreeSet<String> = ["MIT", "ISC"].map(str::to_owned).into();
    for (expression, expected) in [
        ("MIT", true),
        ("MIT/GPL-3.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(MIT OR ISC) AND GPL-3.0", false),
        ("GPL-3.0 WITH x OR ISC", true),
        ("MIT WITH x", false),
        ("", false),
        ("MIT )", false),
    ] {
        assert_eq!(is_met(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn every_licence_is_on_the_list_and_the_list_names_none_in_vain() {
    let allowed = listed("\nallow = [");
    let packages = packages();
    assert!(packages.len() > 100, "the whole tree, not ours alone");
    let mut seen = String::new();
    for package in &packages {
        let licence = package["license"].as_str().unwrap_or("");
        assert!(is_met(licence, &allowed), "{}: {licence}", name(package));
        seen.push_str(licence);
        seen.push(' ');
    }
    for licence in &allowed {
        assert!(
            seen.contains(licence.as_str()),
            "{licence} is allowed and nothing has it"
        );
    }
}

#[test]
fn every_package_is_ours_or_of_the_one_registry() {
    let mut registries = BTreeSet::new();
    for package in packages() {
        match package["source"].as_str() {
            // Ours: a path in this repository.
            None => {
                let path = package["manifest_path"].as_str().expect("a path");
                let root = tests::root().canonicalize().expect("the repository");
                assert!(std::path::Path::new(path).starts_with(&root), "{path}");
            }
            Some(source) => {
                let (kind, address) = source.split_once('+').expect("kind+address");
                assert_eq!(kind, "registry", "{} comes from elsewhere", name(&package));
                registries.insert(address.to_owned());
            }
        }
    }
    assert_eq!(registries.len(), 1, "one registry: {registries:?}");
    let lock = std::fs::read_to_string(tests::root().join("Cargo.lock")).expect("Cargo.lock");
    for entry in lock.split("[[package]]").skip(1) {
        let bound = !entry.contains("source = ") || entry.contains("checksum = ");
        assert!(bound, "without a checksum: {entry}");
    }
}

#[test]
fn only_the_named_packages_compile_c() {
    let mut found = BTreeSet::new();
    for package in packages() {
        let tools = package["dependencies"]
            .as_array()
            .expect("dependencies")
            .iter()
            .any(|one| {
                one["kind"] == "build" && C_TOOLS.contains(&one["name"].as_str().unwrap_or(""))
            });
        let links = package["links"]
            .as_str()
            .is_some_and(|links| !LINKS_NOTHING.contains(&links));
        if tools || links {
            found.insert(name(&package).to_owned());
        }
    }
    let named: BTreeSet<String> = COMPILES_C.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, named);
}

#[test]
fn there_is_no_second_cryptography() {
    let banned = listed("\ndeny = [");
    for must in ["openssl", "ring", "aws-lc-sys"] {
        assert!(banned.contains(must), "{must} has to stand in deny.toml");
    }
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let version = package["version"].as_str().expect("a version").to_owned();
        versions
            .entry(name(&package).to_owned())
            .or_default()
            .insert(version);
    }
    for name in &banned {
        assert!(!versions.contains_key(name), "{name} is in the tree");
    }
    for one in ONE_OF_EACH {
        let older = |version: &str| {
            let known = CHECKS_ONLY.iter().find(|(name, _)| name == one);
            known.is_some_and(|(_, begins)| version.starts_with(begins))
        };
        let found = versions.get(*one).map_or(0, |all| {
            all.iter().filter(|version| !older(version)).count()
        });
        assert_eq!(found, 1, "{one}: {:?}", versions.get(*one));
    }
}
