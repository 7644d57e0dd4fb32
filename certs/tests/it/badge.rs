//! Open Badges as a VC-JWT, did:web and JWKS.

use certs::credential::{
    CertificateFacts, CredentialFault, NeutralName, badge_json, badge_jwt, did, did_document, jwks,
    key_url, verify_badge,
};
use certs::keys::{KeyState, Signer};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::Value;

use crate::arrange::{at, facts, host, issuer, keys, keys_with, opened, record, signer, token};

fn now() -> DateTime<Utc> {
    at("2026-05-01T04:00:00Z")
}

fn badge() -> String {
    badge_jwt(&facts(), &issuer()).expect("signed")
}

fn fault(text: &str) -> CredentialFault {
    verify_badge(text, &host(), &keys(), now()).expect_err("refused")
}

#[test]
fn a_badge_says_what_the_certificate_says_and_comes_back_whole() {
    let verified = verify_badge(&badge(), &host(), &keys(), now()).expect("genuine");
    assert_eq!(verified.facts(), &facts());
    assert_eq!(verified.key_id(), issuer().key_id());

    let bare = CertificateFacts {
        program_name: None,
        occupation: None,
        level: None,
        institution_name: None,
        expires_at: Some(at("2031-03-08T00:00:00Z")),
        host: "localhost:8443".parse().expect("a host"),
        ..facts()
    };
    let text = badge_jwt(&bare, &issuer()).expect("signed");
    let verified = verify_badge(&text, &bare.host, &keys(), now()).expect("genuine");
    assert_eq!(verified.facts(), &bare);
}

#[test]
fn the_payload_is_the_credential_with_the_claims_that_others_require() {
    let (header, payload) = opened(&badge());
    assert_eq!(
        header,
        r#"{"alg":"EdDSA","typ":"vc+jwt","kid":"did:web:verify.example.cn#k3726"}"#
    );
    let payload: Value = serde_json::from_str(&payload).expect("JSON");
    assert_eq!(
        payload["@context"][0],
        "https://www.w3.org/ns/credentials/v2"
    );
    assert_eq!(payload["iss"], payload["issuer"]["id"]);
    assert_eq!(payload["jti"], payload["id"]);
    assert_eq!(payload["nbf"], facts().issued_at.timestamp());
    assert!(payload.get("vc").is_none() && payload.get("exp").is_none());
    assert!(payload.get("sub").is_none() && payload["credentialSubject"].get("id").is_none());
    let entry = &payload["credentialStatus"][0];
    assert_eq!(entry["statusListIndex"], "70001");
    assert_ne!(entry["id"], entry["statusListCredential"]);
    assert_eq!(
        payload["credentialStatus"][1]["statusPurpose"],
        "suspension"
    );
    assert!(badge_json(&facts()).get("iss").is_none());
}

#[test]
fn nothing_in_a_badge_tells_a_disability() {
    let text = badge_json(&facts()).to_string();
    for word in ["残", "disab", "Disab"] {
        assert!(!text.contains(word), "{word}");
    }
    for name in [
        "盲人保健按摩",
        "济南市残疾人就业服务中心",
        "聋人书画",
        "Deaf crafts",
        "孤独症青年烘焙",
        "",
        " 面点",
        "面点\n",
        &"长".repeat(101),
    ] {
        assert!(name.parse::<NeutralName>().is_err(), "{name}");
    }
    assert!("中式面点师".parse::<NeutralName>().is_ok());
}

#[test]
fn a_flipped_bit_anywhere_in_a_badge_is_refused() {
    let genuine = badge();
    for place in 0..genuine.len() {
        let mut altered = genuine.clone().into_bytes();
        altered[place] ^= 1;
        let altered = String::from_utf8(altered).expect("ASCII");
        assert!(
            verify_badge(&altered, &host(), &keys(), now()).is_err(),
            "character {place}"
        );
    }
}

#[test]
fn each_wrong_header_has_its_own_fault() {
    let (header, payload) = opened(&badge());
    let with = |from: &str, to: &str| {
        assert!(header.contains(from), "{from}");
        fault(&token(&header.replace(from, to), &payload))
    };
    assert_eq!(with("EdDSA", "none"), CredentialFault::Algorithm);
    assert_eq!(with("EdDSA", "HS256"), CredentialFault::Algorithm);
    assert_eq!(with("EdDSA", "Ed25519"), CredentialFault::Algorithm);
    assert_eq!(with("vc+jwt", "at+jwt"), CredentialFault::Type);
    assert_eq!(with("vc+jwt", "dc+sd-jwt"), CredentialFault::Type);
    assert_eq!(
        with("did:web:verify.example.cn#", ""),
        CredentialFault::KeyId
    );
    assert_eq!(
        with("did:web:verify.example.cn", ""),
        CredentialFault::KeyId
    );
    assert_eq!(
        with("verify.example.cn", "elsewhere.example"),
        CredentialFault::KeyId
    );
    assert_eq!(with("k3726", "k3727"), CredentialFault::UnknownKey);
    assert_eq!(
        with("}", r#","crit":["exp"]}"#),
        CredentialFault::CriticalHeader
    );
    assert_eq!(
        with("}", r#","crit":null}"#),
        CredentialFault::CriticalHeader
    );
    assert_eq!(
        with("}", r#","jku":"https://elsewhere.example"}"#),
        CredentialFault::Header
    );
    assert_eq!(with("}", r#","jwk":{}}"#), CredentialFault::Header);
    assert_eq!(with("}", r#","alg":"EdDSA"}"#), CredentialFault::Header);
    assert_eq!(with(r#""alg":"EdDSA","#, ""), CredentialFault::Header);
    assert_eq!(with("{", "{ "), CredentialFault::Header);
    assert_eq!(with("EdDSA", r"EdDS\u0041"), CredentialFault::Header);
}

#[test]
fn even_signed_a_payload_has_one_form() {
    let (header, payload) = opened(&badge());
    let with = |from: &str, to: &str| {
        assert!(payload.contains(from), "{from}");
        fault(&token(&header, &payload.replacen(from, to, 1)))
    };
    for (from, to) in [
        ("{", "{ "),
        (r#""name":"全国职业培训证书""#, r#""name":"别的证书""#),
        (r#""iss":"#, r#""vc":{},"iss":"#),
        (r#""iss":"#, r#""iss":"did:web:elsewhere.example","iss":"#),
        (r#""jti":"https"#, r#""jti":"http"#),
        (r#""hashed":false"#, r#""hashed":true"#),
        (r#""value":"240""#, r#""value":"+240""#),
        (r#""nbf":"#, r#""exp":null,"nbf":"#),
        (
            r#""statusListIndex":"70001""#,
            r#""statusListIndex":"70002""#,
        ),
        ("买", r"\u4e70"),
        ("2026-03-08T02:00:00Z", "2026-03-08T02:00:00.5Z"),
        ("2026-03-08T02:00:00Z", "2026-03-08T10:00:00+08:00"),
    ] {
        assert_eq!(with(from, to), CredentialFault::Payload, "{to}");
    }
}

#[test]
fn damaged_texts_are_told_apart() {
    let genuine = badge();
    let (before, signature) = genuine.rsplit_once('.').expect("three parts");
    assert_eq!(fault(""), CredentialFault::Parts);
    assert_eq!(fault(before), CredentialFault::Parts);
    assert_eq!(fault(&format!("{genuine}.")), CredentialFault::Parts);
    assert_eq!(fault(&format!("{genuine}=")), CredentialFault::Base64);
    assert_eq!(fault(&format!(" {genuine}")), CredentialFault::Base64);
    assert_eq!(
        fault(&format!("{before}.{}", &signature[..80])),
        CredentialFault::Signature
    );
    assert_eq!(fault(&format!("{before}.")), CredentialFault::Signature);
    assert_eq!(fault(&"a".repeat(16 * 1024 + 1)), CredentialFault::TooLong);
    let other = badge_jwt(&facts(), &signer("k3726", 8)).expect("signed");
    assert_eq!(fault(&other), CredentialFault::Signature);
}

#[test]
fn the_key_and_the_time_decide() {
    let judged = |state, now: &str| {
        let verified = verify_badge(&badge(), &host(), &keys_with(state), at(now));
        verified.map(|_| ())
    };
    let compromised = KeyState::Compromised {
        at: at("2026-08-01T00:00:00Z"),
    };
    let day = "2026-05-01T04:00:00Z";
    assert_eq!(judged(KeyState::Active, day), Ok(()));
    assert_eq!(judged(KeyState::Retired, day), Ok(()));
    assert_eq!(
        judged(KeyState::Pending, day),
        Err(CredentialFault::KeyPending)
    );
    assert_eq!(
        judged(compromised, day),
        Err(CredentialFault::KeyCompromised)
    );
    assert_eq!(
        judged(KeyState::Active, "2026-03-08T01:54:00Z"),
        Err(CredentialFault::NotYetValid)
    );

    let late = CertificateFacts {
        issued_at: at("2027-01-01T00:00:00Z"),
        valid_from: at("2027-01-01T00:00:00Z"),
        ..facts()
    };
    let text = badge_jwt(&late, &issuer()).expect("signed");
    let refused = verify_badge(&text, &host(), &keys(), at("2027-05-01T00:00:00Z"));
    assert_eq!(refused.err(), Some(CredentialFault::KeyOutsidePeriod));
    // A later key speaks from its own beginning on, of an issue before it; never of one after.
    for (issued_at, good) in [
        ("2025-06-01T00:00:00Z", true),
        ("2026-05-01T04:00:01Z", false),
    ] {
        let spoken = CertificateFacts {
            issued_at: at(issued_at),
            valid_from: now(),
            ..facts()
        };
        let text = badge_jwt(&spoken, &issuer()).expect("signed");
        let read = verify_badge(&text, &host(), &keys(), now());
        assert_eq!(read.is_ok(), good, "{issued_at}");
    }

    let ends = CertificateFacts {
        expires_at: Some(now()),
        ..facts()
    };
    let text = badge_jwt(&ends, &issuer()).expect("signed");
    let refused = verify_badge(&text, &host(), &keys(), now());
    assert_eq!(refused.err(), Some(CredentialFault::Expired));
}

#[test]
fn did_and_jwks_hold_the_keys_that_others_may_trust() {
    let mut keys = keys();
    for (kid, seed, state) in [
        ("k1126", 11, KeyState::Retired),
        ("k1226", 12, KeyState::Pending),
        ("k1326", 13, KeyState::Compromised { at: now() }),
    ] {
        let signer = signer(kid, seed);
        keys.insert(signer.key_id().clone(), record(&signer, state));
    }
    let issuer = issuer();
    let document = did_document(&host(), &keys, Some(issuer.key_id()));
    assert_eq!(document["@context"][0], "https://www.w3.org/ns/did/v1");
    let methods = document["verificationMethod"].as_array().expect("keys");
    let ids: Vec<_> = methods
        .iter()
        .map(|method| method["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(
        ids,
        [
            "did:web:verify.example.cn#k3726",
            "did:web:verify.example.cn#k1126"
        ]
    );
    assert_eq!(document["assertionMethod"], serde_json::json!(ids));
    assert_eq!(methods[0]["controller"], document["id"]);
    let multibase = methods[0]["publicKeyMultibase"].as_str().expect("text");
    assert!(multibase.starts_with("z6Mk"), "{multibase}");

    let set = jwks(&host(), &keys, None);
    assert_eq!(set["keys"][1]["kid"], key_url(&host(), issuer.key_id()));
    assert_eq!(set["keys"][1]["x"], methods[0]["publicKeyJwk"]["x"]);
    assert_eq!(set["keys"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_port_is_percent_encoded_in_the_did() {
    let host = "localhost:8443".parse().expect("a host");
    assert_eq!(did(&host), "did:web:localhost%3A8443");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.~-]{0,300}") {
        prop_assert!(verify_badge(&text, &host(), &keys(), now()).is_err());
    }

    #[test]
    fn no_signed_json_makes_the_reader_panic(payload in "[\\{\\}\\[\\]\":,a-z0-9@]{0,120}") {
        let (header, _) = opened(&badge());
        prop_assert!(verify_badge(&token(&header, &payload), &host(), &keys(), now()).is_err());
    }
}
