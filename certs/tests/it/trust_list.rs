//! The signed trust list: what comes back, and every refusal (trust.md KY-3, KY-6).

use certs::keys::{KeyId, KeyState, Signer, SoftwareSigner};
use certs::log::{WitnessKey, WitnessPolicy};
use certs::trust_list::{
    CONTENT_TYPE, KeyPurpose, Roots, SignedTrustList, TrustList, TrustListFault, TrustedKey,
    accept, root_line,
};
use ciborium::Value;
use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};
use data_encoding::HEXLOWER;
use serde_json::json;

use crate::arrange::{at, signed, signer};
use crate::vectors::compare;

fn kid(text: &str) -> KeyId {
    text.parse().expect("a kid")
}

fn root() -> SoftwareSigner {
    signer("root", 5)
}

fn roots() -> Roots {
    Roots::one(kid("root"), root().public_key().clone())
}

fn key(name: &str, seed: u8, purpose: KeyPurpose, state: KeyState) -> (KeyId, TrustedKey) {
    let key = TrustedKey {
        purpose,
        public_key: signer(name, seed).public_key().clone(),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2027-01-01T00:00:00Z"),
        state,
    };
    (kid(name), key)
}

fn list(version: u64) -> TrustList {
    let issuer = || KeyPurpose::Issuer("370000".parse().expect("a federation"));
    let compromised = KeyState::Compromised {
        at: at("2026-04-01T00:00:00.250Z"),
    };
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let witness = |name: &str, seed| WitnessKey {
        name: name.parse().expect("a name"),
        key: signer("witness", seed).public_key().clone(),
    };
    let witnesses = vec![
        witness("witness.example.cn/sd", 31),
        witness("witness.example.cn/bj", 32),
    ];
    TrustList {
        version,
        issued_at: at("2026-05-01T00:00:00Z"),
        valid_until: at("2026-05-15T00:00:00Z"),
        keys: [
            key("root", 5, KeyPurpose::Root, KeyState::Active),
            key("k3726", 7, issuer(), KeyState::Active),
            key("k3726-2", 8, issuer(), KeyState::Pending),
            key("k3725", 9, issuer(), KeyState::Retired),
            key("k3724", 10, issuer(), compromised),
            key("log", 3, KeyPurpose::Log(origin), KeyState::Active),
            key("status", 4, KeyPurpose::Status, KeyState::Active),
        ]
        .into(),
        witnesses: WitnessPolicy::new(witnesses, 2).expect("a policy"),
        earlier_witnesses: Vec::new(),
    }
}

fn signed_list(version: u64) -> SignedTrustList {
    list(version).sign(&root()).expect("signed")
}

fn refused(bytes: &[u8]) -> TrustListFault {
    SignedTrustList::open(bytes, &roots()).expect_err("refused")
}

/// Any payload and headers, signed by the root: what only its thief, or another program of ours, could make.
fn forged(header: HeaderBuilder, payload: Vec<u8>) -> Vec<u8> {
    CoseSign1Builder::new()
        .protected(header.build())
        .payload(payload)
        .create_signature(b"", |message| root().sign(message).expect("signed"))
        .build()
        .to_tagged_vec()
        .expect("encoded")
}

fn header() -> HeaderBuilder {
    HeaderBuilder::new()
        .algorithm(coset::iana::Algorithm::EdDSA)
        .content_type(CONTENT_TYPE.to_owned())
        .key_id(b"root".to_vec())
}

/// The payload with one change, under a good signature.
fn altered(change: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    let cose = CoseSign1::from_tagged_slice(signed_list(7).as_bytes()).expect("COSE");
    let payload = cose.payload.expect("a payload");
    let mut map: Value = ciborium::from_reader(payload.as_slice()).expect("CBOR");
    change(map.as_map_mut().expect("a map"));
    let mut bytes = Vec::new();
    ciborium::into_writer(&map, &mut bytes).expect("written");
    forged(header(), bytes)
}

fn set(map: &mut [(Value, Value)], field: i64, value: impl Into<Value>) {
    let place = map
        .iter_mut()
        .find(|(key, _)| *key == Value::from(field))
        .expect("the field");
    place.1 = value.into();
}

/// Changes the entry of one key.
fn altered_key(name: &str, change: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    altered(|map| {
        let keys = map[4].1.as_array_mut().expect("keys");
        let entry = keys
            .iter_mut()
            .map(|entry| entry.as_map_mut().expect("a key"))
            .find(|entry| entry[0].1 == Value::from(name));
        change(entry.expect("the key"));
    })
}

#[test]
fn a_list_comes_back_as_it_was_signed() {
    let signed = signed_list(7);
    let read = SignedTrustList::open(signed.as_bytes(), &roots()).expect("opened");
    assert_eq!(read, signed);
    assert_eq!((read.list(), read.signed_by()), (&list(7), &kid("root")));

    let issuers = read.list().issuer_keys();
    let states: Vec<_> = issuers
        .iter()
        .map(|(kid, record)| (kid.as_str(), record.state.as_str()))
        .collect();
    assert_eq!(
        states,
        [
            ("k3724", "compromised"),
            ("k3725", "retired"),
            ("k3726", "active"),
            ("k3726-2", "pending")
        ]
    );
    let logs: Vec<_> = read.list().logs().map(|(name, _)| name.as_str()).collect();
    assert_eq!(logs, ["verify.example.cn/log"]);
    assert_eq!(read.list().roots(), roots());
    // The unchanged payload, put together by hand: the helper of the tests below forges well.
    assert_eq!(altered(|_| ()), signed.as_bytes());
}

#[test]
fn an_older_version_and_a_second_one_of_the_same_number_are_refused() {
    let seen = accept(None, &signed_list(7)).expect("the first");
    assert_eq!(accept(Some(&seen), &signed_list(7)), Ok(seen));
    let newer = accept(Some(&seen), &signed_list(9)).expect("newer");
    assert_eq!(newer.version, 9);
    assert_eq!(
        accept(Some(&newer), &signed_list(8)),
        Err(TrustListFault::Older { seen: 9, found: 8 })
    );
    let mut other = list(9);
    other.valid_until = at("2026-05-16T00:00:00Z");
    assert_eq!(
        accept(Some(&newer), &other.sign(&root()).expect("signed")),
        Err(TrustListFault::Forked(9))
    );
}

#[test]
fn a_newer_list_in_which_a_key_goes_back_is_refused() {
    let kept = signed_list(7);
    let replaced = |change: fn(&mut TrustList)| {
        let mut next = list(8);
        change(&mut next);
        next.sign(&root()).expect("signed").replace(&kept)
    };
    assert!(replaced(|_| ()).is_ok());
    assert!(
        replaced(|list| {
            list.keys.get_mut(&kid("k3726")).expect("a key").state = KeyState::Retired;
        })
        .is_ok()
    );
    // The registry moved to another address: the log has another name and the same key.
    assert!(
        replaced(|list| {
            let log = list.keys.get_mut(&kid("log")).expect("a key");
            log.purpose = KeyPurpose::Log("other.example.cn/log".parse().expect("an origin"));
        })
        .is_ok()
    );
    let regressed = |name| Err(TrustListFault::Regressed(kid(name)));
    assert_eq!(
        replaced(|list| drop(list.keys.remove(&kid("k3724")))),
        regressed("k3724")
    );
    assert_eq!(
        replaced(|list| {
            list.keys.get_mut(&kid("k3724")).expect("a key").state = KeyState::Active;
        }),
        regressed("k3724")
    );
    assert_eq!(
        replaced(|list| {
            let other = signer("k3726", 99).public_key().clone();
            list.keys.get_mut(&kid("k3726")).expect("a key").public_key = other;
        }),
        regressed("k3726")
    );
    assert_eq!(
        replaced(|list| {
            list.keys.get_mut(&kid("status")).expect("a key").purpose = KeyPurpose::Root;
        }),
        regressed("status")
    );
    assert_eq!(
        signed_list(6).replace(&kept),
        Err(TrustListFault::Older { seen: 7, found: 6 })
    );
}

#[test]
fn a_new_root_is_believed_by_way_of_the_list_that_names_it() {
    let mut next = list(8);
    next.keys
        .extend([key("root-2", 6, KeyPurpose::Root, KeyState::Active)]);
    let next = next.sign(&root()).expect("signed");
    let mut later = list(9);
    later.keys.extend([
        key("root", 5, KeyPurpose::Root, KeyState::Retired),
        key("root-2", 6, KeyPurpose::Root, KeyState::Active),
    ]);
    let later = later.sign(&signer("root-2", 6)).expect("signed");
    assert_eq!(
        SignedTrustList::open(later.as_bytes(), &roots()),
        Err(TrustListFault::UnknownRoot(kid("root-2")))
    );
    let believed = next.list().roots();
    let later = SignedTrustList::open(later.as_bytes(), &believed).expect("opened");
    assert!(later.replace(&next).is_ok());
}

#[test]
fn only_an_active_root_of_the_list_signs_it() {
    for (name, seed) in [("k3726", 7), ("root", 6), ("other", 5)] {
        assert_eq!(
            list(7).sign(&signer(name, seed)),
            Err(TrustListFault::SignerNotRoot),
            "{name}"
        );
    }
    let mut retired = list(7);
    retired.keys.get_mut(&kid("root")).expect("a key").state = KeyState::Retired;
    assert_eq!(retired.sign(&root()), Err(TrustListFault::SignerNotRoot));
    // A thief of a retired root signs a list that says so; a verifier that still trusts this root refuses it.
    let bytes = altered_key("root", |entry| set(entry, 4, "retired"));
    assert_eq!(refused(&bytes), TrustListFault::SignerNotRoot);
}

#[test]
fn nothing_but_a_list_signed_by_a_root_is_opened() {
    let good = signed_list(7);
    let mut flipped = good.as_bytes().to_vec();
    *flipped.last_mut().expect("bytes") ^= 1;
    assert_eq!(refused(&flipped), TrustListFault::Signature);
    let mut content = good.as_bytes().to_vec();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    assert!(SignedTrustList::open(&content, &roots()).is_err());

    let stranger = Roots::one(kid("root"), signer("root", 6).public_key().clone());
    assert_eq!(
        SignedTrustList::open(good.as_bytes(), &stranger),
        Err(TrustListFault::Signature)
    );
    assert_eq!(
        SignedTrustList::open(good.as_bytes(), &Roots::default()),
        Err(TrustListFault::UnknownRoot(kid("root")))
    );
    // A certificate is no list, even one signed by a key that calls itself root.
    assert_eq!(refused(signed().as_bytes()), TrustListFault::Form);
    for bytes in [
        &b""[..],
        b"{}",
        &good.as_bytes()[1..],
        &good.as_bytes()[..100],
    ] {
        assert_eq!(refused(bytes), TrustListFault::Form);
    }
    let trailing = [good.as_bytes(), &[0]].concat();
    assert_eq!(refused(&trailing), TrustListFault::Form);
    assert_eq!(refused(&vec![0; 3_000_000]), TrustListFault::TooLong);
}

#[test]
fn headers_are_exactly_those_of_the_format() {
    let payload = || {
        let cose = CoseSign1::from_tagged_slice(signed_list(7).as_bytes()).expect("COSE");
        cose.payload.expect("a payload")
    };
    let bare = || {
        HeaderBuilder::new()
            .algorithm(coset::iana::Algorithm::EdDSA)
            .key_id(b"root".to_vec())
    };
    let other = bare().content_type("application/vnd.mingzheng.trust-bundle+cbor".to_owned());
    assert_eq!(
        refused(&forged(other, payload())),
        TrustListFault::ContentType
    );
    let number = bare().content_format(coset::iana::CoapContentFormat::Cbor);
    let cases = [
        ("no content type", bare()),
        ("a content type as a number", number),
        ("an unknown header", header().value(99, Value::from(1))),
        (
            "a header with a text label",
            header().text_value("x".into(), Value::from(1)),
        ),
        (
            "a critical header",
            header().add_critical(coset::iana::HeaderParameter::Alg),
        ),
        ("another algorithm", {
            HeaderBuilder::new()
                .algorithm(coset::iana::Algorithm::ES256)
                .content_type(CONTENT_TYPE.to_owned())
                .key_id(b"root".to_vec())
        }),
        ("a kid that is none", header().key_id(b"the root".to_vec())),
    ];
    for (name, header) in cases {
        assert_eq!(
            refused(&forged(header, payload())),
            TrustListFault::Form,
            "{name}"
        );
    }
    let mut cose = CoseSign1::from_tagged_slice(signed_list(7).as_bytes()).expect("COSE");
    cose.unprotected.key_id = b"root".to_vec();
    assert_eq!(
        refused(&cose.to_tagged_vec().expect("encoded")),
        TrustListFault::Form
    );
}

#[test]
fn each_wrong_field_is_refused_under_a_good_signature() {
    let fields = |bytes: Vec<u8>, name: &str| {
        assert_eq!(refused(&bytes), TrustListFault::Fields, "{name}");
    };
    assert_eq!(
        refused(&altered(|map| set(map, 0, 3))),
        TrustListFault::UnknownForm
    );
    assert_eq!(
        refused(&altered(|map| set(map, 1, 0))),
        TrustListFault::Version
    );
    assert_eq!(
        refused(&altered(|map| set(map, 3, 1_777_593_600_000_u64))),
        TrustListFault::Dates
    );
    assert_eq!(
        refused(&altered(|map| set(map, 6, 1))),
        TrustListFault::Witnesses
    );
    let half = Value::Array(vec!["no key line".into()]);
    assert_eq!(
        refused(&altered(|map| set(map, 5, half))),
        TrustListFault::Witnesses
    );
    for field in 1..=6_usize {
        let missing = altered(|map| drop(map.remove(field)));
        fields(missing, &format!("field {field} missing"));
    }
    fields(
        altered(|map| map.push((7.into(), 1.into()))),
        "an unknown field",
    );
    fields(altered(|map| set(map, 1, -1)), "a negative version");
    fields(altered(|map| set(map, 2, "now")), "a time as text");
    fields(
        altered(|map| map[4].1.as_array_mut().expect("keys").reverse()),
        "keys out of order",
    );
    let twice = altered(|map| {
        let keys = map[4].1.as_array_mut().expect("keys");
        let again = keys[0].clone();
        keys.insert(0, again);
    });
    assert_eq!(refused(&twice), TrustListFault::Key(kid("k3724")));
    let unordered = altered(|map| map.swap(0, 1));
    assert_eq!(refused(&unordered), TrustListFault::Form);
}

#[test]
fn each_wrong_field_of_a_key_is_refused_under_a_good_signature() {
    for (name, field, value) in [
        ("root", 0, Value::from("the root")),
        ("k3726", 1, "witness".into()),
        ("k3726", 1, "status".into()),
        ("status", 1, "issuer".into()),
        ("status", 1, "log".into()),
        ("log", 1, "status".into()),
        ("k3726", 2, "RS256".into()),
        ("k3726", 3, Value::from([1; 31].as_slice())),
        ("k3726", 4, "compromised".into()),
        ("k3726", 4, "unknown".into()),
        ("k3724", 4, "active".into()),
        ("k3726", 5, "yesterday".into()),
        ("k3726", 7, "37".into()),
        ("k3724", 8, "yesterday".into()),
        ("log", 9, "two words".into()),
    ] {
        let bytes = altered_key(name, |entry| set(entry, field, value.clone()));
        assert_eq!(
            refused(&bytes),
            TrustListFault::Fields,
            "{name} {field} {value:?}"
        );
    }
    for name in ["root", "k3726", "log"] {
        let more = altered_key(name, |entry| entry.push((10.into(), 1.into())));
        assert_eq!(refused(&more), TrustListFault::Fields, "{name}");
    }
    for (name, field) in [("k3726", 7), ("k3724", 8), ("log", 9)] {
        let fewer = altered_key(name, |entry| {
            entry.retain(|(key, _)| *key != Value::from(field));
        });
        assert_eq!(refused(&fewer), TrustListFault::Fields, "{name} {field}");
    }
    let ended = altered_key("k3726", |entry| set(entry, 6, 0));
    assert_eq!(refused(&ended), TrustListFault::Key(kid("k3726")));
    let later = altered_key("k3724", |entry| set(entry, 8, 1_777_593_600_001_u64));
    assert_eq!(refused(&later), TrustListFault::Key(kid("k3724")));
    let same = signer("k3726", 7).public_key().as_bytes().to_vec();
    let same = altered_key("status", |entry| set(entry, 3, same.as_slice()));
    assert_eq!(refused(&same), TrustListFault::SameKeyTwice);
}

#[test]
fn what_would_not_come_back_is_not_signed() {
    let fault = |change: fn(&mut TrustList)| {
        let mut list = list(7);
        change(&mut list);
        list.sign(&root()).expect_err("refused")
    };
    assert_eq!(fault(|list| list.version = 0), TrustListFault::Version);
    assert_eq!(
        fault(|list| list.valid_until = list.issued_at),
        TrustListFault::Dates
    );
    assert_eq!(
        fault(|list| list.issued_at = at("2026-05-01T00:00:00.000001Z")),
        TrustListFault::Fields
    );
    assert_eq!(
        fault(|list| list.issued_at = at("1969-05-01T00:00:00Z")),
        TrustListFault::Key(kid("k3724"))
    );
}

#[test]
fn a_list_is_fresh_until_it_ends_and_not_before_it_begins() {
    let list = list(7);
    for (moment, fresh) in [
        ("2026-04-30T23:54:59Z", false),
        ("2026-04-30T23:55:00Z", true),
        ("2026-05-14T23:59:59.999Z", true),
        ("2026-05-15T00:00:00Z", false),
    ] {
        assert_eq!(list.is_fresh(at(moment)), fresh, "{moment}");
    }
}

#[test]
fn a_line_of_a_root_key_is_read_back_and_a_misread_one_is_refused() {
    let line = root_line(&kid("root"), root().public_key()).expect("a line");
    assert_eq!(
        Roots::parse(&format!("# the national root\n\n{line}\n")),
        Ok(roots())
    );
    let twice = format!("{line}\n{line}\n");
    let misread = line.replacen('+', "+0", 1);
    for bad in ["", "# none", "root", &twice, &misread] {
        assert_eq!(Roots::parse(bad), Err(TrustListFault::RootLine), "{bad}");
    }
}

#[test]
fn trust_lists_keep_their_bytes() {
    let signed = signed_list(7);
    let vector = json!({
        "seed": HEXLOWER.encode(&[5; 32]),
        "root": root_line(&kid("root"), root().public_key()),
        "version": 7,
        "issued_at": "2026-05-01T00:00:00Z",
        "valid_until": "2026-05-15T00:00:00Z",
        "keys": signed.list().keys.iter().map(|(kid, key)| json!({
            "kid": kid.as_str(),
            "purpose": key.purpose.as_str(),
            "state": key.state.as_str(),
            "public_key": HEXLOWER.encode(key.public_key.as_bytes()),
        })).collect::<Vec<_>>(),
        "cose": HEXLOWER.encode(signed.as_bytes()),
        "sha256": HEXLOWER.encode(&signed.seen().sha256),
    });
    compare("trust_list.json", &vector);
}
