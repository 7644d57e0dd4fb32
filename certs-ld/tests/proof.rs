//! Embedded proofs: everything in the document is signed, by a key of this registry, in its time.

use certs::credential::{
    CertificateFacts, MIN_BITS, StatusBitmap, StatusPurpose, badge_json, status_list_json,
};
use certs::keys::{KeyRecord, KeySet, KeyState, Signer, SoftwareSigner};
use certs::qr::Host;
use certs_ld::{BUNDLED, LdFault, VerifiedDocument, sign, verify};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn now() -> DateTime<Utc> {
    at("2026-05-01T04:00:00Z")
}

fn host() -> Host {
    "verify.example.cn".parse().expect("a host")
}

fn signer(seed: u8) -> SoftwareSigner {
    SoftwareSigner::from_seed("k3726".parse().expect("a kid"), Zeroizing::new([seed; 32]))
}

fn keys(state: KeyState) -> KeySet {
    let record = KeyRecord {
        public_key: signer(7).public_key().clone(),
        federation: "370000".parse().expect("a federation code"),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2027-01-01T00:00:00Z"),
        state,
    };
    [("k3726".parse().expect("a kid"), record)]
        .into_iter()
        .collect()
}

fn badge() -> Value {
    badge_json(&CertificateFacts {
        host: host(),
        public_id: "AEBAGBAFAYDQQCIKBMGA2DQPCA".parse().expect("an id"),
        certificate_no: "MZ372699K8AG274MQ".parse().expect("a number"),
        holder: "买买提·艾力".parse().expect("a name"),
        program: "P3700012".parse().expect("a code"),
        program_name: Some("面点制作".parse().expect("a neutral name")),
        occupation: None,
        level: Some(domain::SkillLevel::Four),
        hours: 240,
        institution: "521101053269910274".parse().expect("a code"),
        institution_name: None,
        federation: "370000".parse().expect("a code"),
        issued_at: at("2026-03-08T02:00:00Z"),
        valid_from: at("2026-03-08T02:00:00Z"),
        expires_at: Some(at("2031-03-08T00:00:00Z")),
        status_list: 3,
        status_index: 70_001,
    })
}

fn signed(document: &Value) -> Value {
    sign(document, &host(), now(), &signer(7)).expect("signed")
}

fn read(document: &Value) -> Result<VerifiedDocument, LdFault> {
    verify(
        &document.to_string(),
        &host(),
        &keys(KeyState::Active),
        now(),
    )
}

fn with(path: &str, value: Value) -> Value {
    let mut document = signed(&badge());
    *document.pointer_mut(path).expect("a member") = value;
    document
}

#[test]
fn a_badge_and_a_list_carry_a_proof_that_holds() {
    let verified = read(&signed(&badge())).expect("genuine");
    assert_eq!(verified.document, badge());
    assert_eq!(verified.created, now());
    let bits = StatusBitmap::new(MIN_BITS).expect("a bitmap");
    let list = status_list_json(&host(), StatusPurpose::Suspension, 3, &bits, now());
    assert!(read(&signed(&list)).is_ok());
    // Ed25519 and the canonical form leave nothing to chance.
    assert_eq!(signed(&badge()), signed(&badge()));
}

/// The same form was accepted by Digital Bazaar's verifier, so another value here means that it would be refused.
#[test]
fn the_proof_of_a_fixed_badge_never_changes() {
    assert_eq!(
        signed(&badge())["proof"]["proofValue"],
        json!(
            "zXgaQBU9bJ8huWJX8iBLrzhVSmJCiq4YAd7R1yLddERgANkNMcGYqci9ggdR9BJQsNKzhNzR716H3oh4NQRiWunp"
        )
    );
}

#[test]
fn a_boolean_that_no_context_types_is_refused() {
    let mut document = badge();
    document["credentialSubject"]["creditsEarned"] = json!(true);
    assert_eq!(
        sign(&document, &host(), now(), &signer(7)),
        Err(LdFault::Document)
    );
}

#[test]
fn order_and_blanks_are_no_part_of_what_is_signed() {
    let pretty = serde_json::to_string_pretty(&signed(&badge())).expect("JSON");
    assert!(verify(&pretty, &host(), &keys(KeyState::Active), now()).is_ok());
}

#[test]
fn every_text_in_the_document_is_signed() {
    let mut paths = Vec::new();
    collect(&badge(), String::new(), &mut paths);
    assert!(paths.len() > 40, "{} members", paths.len());
    for path in paths {
        let document = with(&path, json!("https://thief.example/x"));
        assert!(read(&document).is_err(), "{path}");
    }
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, format!("{path}/{}", name.replace('/', "~1")), paths);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                collect(item, format!("{path}/{place}"), paths);
            }
        }
        _ => paths.push(path),
    }
}

#[test]
fn what_no_context_defines_is_refused_both_ways() {
    let mut document = badge();
    document["note"] = json!("有效");
    assert_eq!(
        sign(&document, &host(), now(), &signer(7)),
        Err(LdFault::Document)
    );
    let mut added = signed(&badge());
    added["note"] = json!("有效");
    assert_eq!(read(&added).err(), Some(LdFault::Document));
    let mut elsewhere = badge();
    elsewhere["@context"][1] = json!("https://thief.example/context");
    assert_eq!(
        sign(&elsewhere, &host(), now(), &signer(7)),
        Err(LdFault::Document)
    );
    assert_eq!(
        sign(&json!([]), &host(), now(), &signer(7)),
        Err(LdFault::Document)
    );
    assert_eq!(
        sign(&signed(&badge()), &host(), now(), &signer(7)),
        Err(LdFault::Proof)
    );
}

#[test]
fn each_wrong_proof_has_its_fault() {
    let method = "/proof/verificationMethod";
    assert_eq!(
        read(&with(method, json!("#k3726"))).err(),
        Some(LdFault::Key)
    );
    assert_eq!(
        read(&with(method, json!("did:web:verify.example.cn#k1"))).err(),
        Some(LdFault::Key)
    );
    assert_eq!(
        read(&with(method, json!("did:web:thief.example#k3726"))).err(),
        Some(LdFault::Key)
    );
    for (path, value) in [
        ("/proof/cryptosuite", json!("eddsa-jcs-2022")),
        ("/proof/type", json!("Ed25519Signature2020")),
        ("/proof/proofPurpose", json!("authentication")),
        ("/proof/created", json!("yesterday")),
        ("/proof/proofValue", json!("u3")),
        ("/proof/proofValue", json!(7)),
        ("/proof/proofValue", json!(format!("z{}", "2".repeat(5000)))),
        ("/proof", json!([])),
        ("/proof", Value::Null),
    ] {
        assert_eq!(
            read(&with(path, value)).err(),
            Some(LdFault::Proof),
            "{path}"
        );
    }
    let mut extra = signed(&badge());
    extra["proof"]["domain"] = json!("verify.example.cn");
    assert_eq!(read(&extra).err(), Some(LdFault::Proof));
    assert_eq!(read(&badge()).err(), Some(LdFault::Proof));
    assert_eq!(
        read(&with("/proof/proofValue", json!("z3"))).err(),
        Some(LdFault::Signature)
    );
    assert_eq!(
        read(&with("/proof/created", json!("2026-05-01T03:59:59Z"))).err(),
        Some(LdFault::Signature)
    );
    let thief = sign(&badge(), &host(), now(), &signer(8)).expect("signed");
    assert_eq!(read(&thief).err(), Some(LdFault::Signature));
}

#[test]
fn the_issuer_the_key_and_the_time_decide() {
    let document = signed(&badge());
    let judged = |state, now| verify(&document.to_string(), &host(), &keys(state), now).err();
    assert_eq!(judged(KeyState::Retired, now()), None);
    assert_eq!(judged(KeyState::Pending, now()), Some(LdFault::Key));
    assert_eq!(
        judged(KeyState::Compromised { at: now() }, now()),
        Some(LdFault::Key)
    );
    assert_eq!(
        judged(KeyState::Active, at("2031-03-08T00:00:00Z")),
        Some(LdFault::Time)
    );
    assert_eq!(
        judged(KeyState::Active, at("2026-03-08T00:00:00Z")),
        Some(LdFault::Time)
    );
    let mut other = badge();
    other["issuer"]["id"] = json!("did:web:thief.example");
    assert_eq!(read(&signed(&other)).err(), Some(LdFault::Issuer));
    let late = sign(&badge(), &host(), at("2027-02-01T00:00:00Z"), &signer(7)).expect("signed");
    let refused = verify(
        &late.to_string(),
        &host(),
        &keys(KeyState::Active),
        at("2027-03-01T00:00:00Z"),
    );
    assert_eq!(refused.err(), Some(LdFault::Time));
    let huge = " ".repeat(certs_ld::MAX_BYTES + 1);
    assert_eq!(
        verify(&huge, &host(), &keys(KeyState::Active), now()).err(),
        Some(LdFault::TooLarge)
    );
}

/// The first is fixed by the standard (VC Data Model 2.0 appendix B.1).
#[test]
fn the_bundled_contexts_are_the_published_ones() {
    let hashes = BUNDLED.map(|(_, text)| HEXLOWER.encode(&Sha256::digest(text.as_bytes())));
    assert_eq!(
        hashes[0],
        "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"
    );
    assert_eq!(
        hashes[1],
        "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84"
    );
}
