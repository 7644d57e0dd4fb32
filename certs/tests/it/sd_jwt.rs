//! SD-JWT VC: what the holder keeps stays hidden, what is shown is signed for.

use certs::credential::{
    Binding, CertificateFacts, CredentialFault, Disclosable, Disclosed, Salts, VerifiedSdJwt,
    present, sd_jwt, type_metadata, verify_sd_jwt,
};
use certs::keys::{KeyState, Signer};
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};

use crate::arrange::{at, facts, host, issuer, keys, keys_with, opened, salts, signer, token};

fn now() -> DateTime<Utc> {
    at("2026-05-01T04:00:00Z")
}

fn whole() -> String {
    sd_jwt(&facts(), None, &salts(), &issuer()).expect("signed")
}

fn read(text: &str) -> Result<VerifiedSdJwt, CredentialFault> {
    verify_sd_jwt(text, &host(), &keys(), None, now())
}

fn fault(text: &str) -> CredentialFault {
    read(text).expect_err("refused")
}

fn disclosure(json: &str) -> String {
    BASE64URL_NOPAD.encode(json.as_bytes())
}

fn digest(text: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(text.as_bytes()))
}

/// The signed part with one digest replaced by that of `disclosure`, and the disclosure.
fn signed_for(disclosure: &str) -> String {
    let whole = whole();
    let (jwt, _) = whole.split_once('~').expect("a tilde");
    let (header, payload) = opened(jwt);
    let (before, list) = payload.split_once(r#""_sd":["#).expect("digests");
    let mut digests: Vec<_> = list
        .trim_end_matches("]}")
        .split(',')
        .map(|text| text.trim_matches('"').to_owned())
        .collect();
    digests[0] = digest(disclosure);
    digests.sort();
    let payload = format!(r#"{before}"_sd":["{}"]}}"#, digests.join(r#"",""#));
    format!("{}~{disclosure}~", token(&header, &payload))
}

#[test]
fn the_whole_credential_states_the_certificate() {
    let verified = read(&whole()).expect("genuine");
    let facts = facts();
    let shown = &verified.disclosed;
    assert_eq!(shown.name.as_ref(), Some(&facts.holder));
    assert_eq!(
        shown.certificate_number.as_ref(),
        Some(&facts.certificate_no)
    );
    assert_eq!(shown.verify_url, Some(facts.url()));
    assert_eq!(
        shown.programme,
        Some((facts.program.clone(), facts.program_name.clone()))
    );
    assert_eq!(shown.level, facts.level);
    assert_eq!(shown.hours, Some(240));
    assert_eq!(
        shown.institution.as_ref().map(|(code, _)| code),
        Some(&facts.institution)
    );
    assert_eq!(shown.issuing_office.as_ref(), Some(&facts.federation));
    assert_eq!((verified.status_list, verified.status_index), (3, 70_001));
    assert!(!verified.bound);
    assert!(!format!("{verified:?}").contains("买"));
}

#[test]
fn what_is_kept_back_is_not_in_the_text() {
    let shown = present(&whole(), &[Disclosable::Level, Disclosable::Hours]).expect("presented");
    assert_eq!(
        read(&shown).expect("genuine").disclosed,
        Disclosed {
            level: facts().level,
            hours: Some(240),
            ..Disclosed::default()
        }
    );
    let (header, payload) = opened(shown.split_once('~').expect("a tilde").0);
    assert_eq!(
        header,
        r#"{"alg":"EdDSA","typ":"dc+sd-jwt","kid":"did:web:verify.example.cn#k3726"}"#
    );
    for kept in [
        "买",
        facts().certificate_no.as_str(),
        "P37",
        "521101053269910274",
        "残",
        "disab",
    ] {
        assert!(!payload.contains(kept), "{kept}");
    }
    let nothing = present(&whole(), &[]).expect("presented");
    assert_eq!(
        read(&nothing).expect("genuine").disclosed,
        Disclosed::default()
    );
}

#[test]
fn nobody_sees_which_claims_there_are() {
    let bare = CertificateFacts {
        level: None,
        occupation: None,
        ..facts()
    };
    let bare = sd_jwt(&bare, None, &salts(), &issuer()).expect("signed");
    let count = |text: &str| {
        opened(text.split_once('~').expect("a tilde").0)
            .1
            .matches("\",\"")
            .count()
    };
    assert_eq!(count(&bare), count(&whole()));
    let verified = read(&bare).expect("genuine");
    assert_eq!(
        (verified.disclosed.level, verified.disclosed.occupation),
        (None, None)
    );
}

#[test]
fn the_same_salts_give_the_same_text_and_others_another() {
    assert_eq!(whole(), whole());
    let draw = |seed| Salts::draw(&mut ChaCha20Rng::seed_from_u64(seed));
    let text = |seed| sd_jwt(&facts(), None, &draw(seed), &issuer()).expect("signed");
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
    assert!(read(&text(1)).is_ok());
}

#[test]
fn an_unsigned_disclosure_is_refused_where_others_drop_it() {
    let extra = disclosure(r#"["c2FsdA","level",{"code":1,"name":"高级技师(一级)"}]"#);
    let shown = present(&whole(), &[Disclosable::Name]).expect("presented");
    assert_eq!(
        fault(&format!("{shown}{extra}~")),
        CredentialFault::DisclosureUnreferenced
    );
    let other =
        sd_jwt(&facts(), None, &Salts::from_bytes([[9; 16]; 9]), &issuer()).expect("signed");
    let foreign = other.split('~').nth(1).expect("a disclosure");
    assert_eq!(
        fault(&format!("{shown}{foreign}~")),
        CredentialFault::DisclosureUnreferenced
    );
    assert_eq!(
        fault(&shown.replace('~', "~~")),
        CredentialFault::DisclosureUnreferenced
    );
}

#[test]
fn a_disclosure_counts_once() {
    let shown = present(&whole(), &[Disclosable::Name]).expect("presented");
    let name = shown.split('~').nth(1).expect("a disclosure");
    assert_eq!(
        fault(&format!("{shown}{name}~")),
        CredentialFault::DisclosureTwice
    );
    // Two texts for one claim, both signed for.
    let second = disclosure(r#"["c2FsdA","name","张伟"]"#);
    let forged = signed_for(&second);
    let (jwt, _) = forged.split_once('~').expect("a tilde");
    let first = whole();
    let others: Vec<_> = first.split('~').skip(1).take(9).collect();
    let codes: Vec<_> = others
        .iter()
        .map(|other| read(&format!("{jwt}~{second}~{other}~")).map(|_| ()))
        .collect();
    assert!(
        codes.contains(&Err(CredentialFault::DisclosureTwice)),
        "{codes:?}"
    );
}

#[test]
fn even_signed_a_disclosure_has_one_form() {
    for json in [
        r#"["c2FsdA","_sd","x"]"#,
        r#"["c2FsdA","...","x"]"#,
        r#"["c2FsdA","exp",1]"#,
        r#"["c2FsdA","vct","x"]"#,
        r#"["c2FsdA","disability","x"]"#,
        r#"["c2FsdA","name"]"#,
        r#"["c2FsdA","name","张伟","x"]"#,
        r#"["c2FsdA", "name","张伟"]"#,
        r#"["c2FsdA","name",""]"#,
        r#"["c2FsdA","name",7]"#,
        r#"["c2FsdA","hours","240"]"#,
        r#"["c2FsdA","hours",-1]"#,
        r#"["c2FsdA","level",{"code":4,"name":"高级工(三级)"}]"#,
        r#"["c2FsdA","level",{"code":9,"name":"x"}]"#,
        r#"["c2FsdA","programme",{"code":"P3700012","more":1}]"#,
        r#"["c2FsdA","programme",{"code":"P3700012","name":"盲人按摩"}]"#,
        r#"["c2FsdA","institution","521101053269910274"]"#,
        r#"{"salt":"c2FsdA"}"#,
        "[[[[",
    ] {
        assert_eq!(
            fault(&signed_for(&disclosure(json))),
            CredentialFault::Disclosure,
            "{json}"
        );
    }
    assert_eq!(fault(&signed_for("not base64!")), CredentialFault::Base64);
    assert!(read(&signed_for(&disclosure(r#"["c2FsdA","name","张伟"]"#))).is_ok());
}

#[test]
fn the_signed_part_has_one_form() {
    let whole = whole();
    let (jwt, rest) = whole.split_once('~').expect("a tilde");
    let (header, payload) = opened(jwt);
    for (from, to) in [
        (r#""iss":"did:web:verify"#, r#""iss":"did:web:else"#),
        ("/vct/training", "/vct/other"),
        ("sha-256", "sha-1"),
        (r#""_sd_alg""#, r#""name":"张伟","_sd_alg""#),
        ("/status/token/3", "/status/token/03"),
        (r#""nbf":"#, r#""nbf":1"#),
        ("{", "{ "),
    ] {
        assert!(payload.contains(from), "{from}");
        let altered = token(&header, &payload.replacen(from, to, 1));
        assert_eq!(
            fault(&format!("{altered}~{rest}")),
            CredentialFault::Payload,
            "{to}"
        );
    }
    let badge_type = token(&header.replace("dc+sd-jwt", "vc+sd-jwt"), &payload);
    assert_eq!(
        fault(&format!("{badge_type}~{rest}")),
        CredentialFault::Type
    );
    assert_eq!(fault(jwt), CredentialFault::Parts);
    assert_eq!(fault(""), CredentialFault::Parts);
    assert_eq!(fault(&"~".repeat(20)), CredentialFault::Parts);
    assert_eq!(fault(&"~".repeat(20_000)), CredentialFault::TooLong);
    let pending = verify_sd_jwt(&whole, &host(), &keys_with(KeyState::Pending), None, now());
    assert_eq!(pending.err(), Some(CredentialFault::KeyPending));
}

/// A presentation bound to the wallet's key.
fn bound(header: &str, claims: &str, altered: bool) -> String {
    let wallet = signer("wallet", 21);
    let text = sd_jwt(&facts(), Some(wallet.public_key()), &salts(), &issuer()).expect("signed");
    let shown = present(&text, &[Disclosable::Name]).expect("presented");
    let claims = claims.replace("HASH", &digest(&shown));
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let signed = format!("{}.{}", part(header), part(&claims));
    let signature = BASE64URL_NOPAD.encode(&wallet.sign(signed.as_bytes()).expect("signed"));
    let shown = if altered {
        present(&shown, &[]).expect("presented")
    } else {
        shown
    };
    format!("{shown}{signed}.{signature}")
}

#[test]
fn a_presenter_can_be_asked_to_prove_the_holders_key() {
    let asked = Binding {
        audience: "https://employer.example",
        nonce: "n-1",
    };
    let read = |text: &str| verify_sd_jwt(text, &host(), &keys(), Some(&asked), now());
    let header = r#"{"alg":"EdDSA","typ":"kb+jwt"}"#;
    let claims = format!(
        r#"{{"iat":{},"aud":"https://employer.example","nonce":"n-1","sd_hash":"HASH"}}"#,
        now().timestamp()
    );
    let genuine = bound(header, &claims, false);
    let verified = read(&genuine).expect("bound");
    assert!(verified.bound && verified.disclosed.name.is_some());

    let refused = |text: &str| assert_eq!(read(text).err(), Some(CredentialFault::Binding));
    refused(&bound(header, &claims, true));
    refused(&bound(header, &claims.replace("n-1", "n-2"), false));
    refused(&bound(header, &claims.replace("employer", "thief"), false));
    refused(&bound(
        header,
        &claims.replace(r#""iat":1"#, r#""iat":2"#),
        false,
    ));
    refused(&bound(&header.replace("kb+jwt", "JWT"), &claims, false));
    refused(&bound(&header.replace("EdDSA", "none"), &claims, false));
    refused(&genuine[..=genuine.rfind('~').expect("a tilde")]);
    // A proof that nobody asked for, and one for a credential without a holder's key.
    assert_eq!(fault(&genuine), CredentialFault::Binding);
    let proof = genuine.rsplit_once('~').expect("a tilde").1;
    refused(&format!("{}{proof}", whole()));
}

#[test]
fn the_type_names_its_claims_and_says_what_is_never_kept_back() {
    let metadata = type_metadata(&host());
    assert_eq!(
        metadata["vct"],
        "https://verify.example.cn/vct/training-certificate/1"
    );
    assert_eq!(metadata["name"], "全国职业培训证书");
    assert_eq!(metadata["claims"].as_array().map(Vec::len), Some(16));
    assert!(!metadata.to_string().contains('残'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.~-]{0,300}") {
        prop_assert!(read(&text).is_err());
        let longer = [whole(), text.clone()].concat();
        prop_assert!(read(&longer).is_err() || text.is_empty());
        let _ = present(&text, &Disclosable::ALL);
    }
}
