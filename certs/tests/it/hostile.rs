//! Encodings that some reader accepts and ours must not, each with its own fault.

use certs::certificate::{FormatFault, decode};
use certs::keys::Signer;
use ciborium::Value;

use crate::arrange::{issuer, signed};

/// The four parts of a genuine certificate, to be changed.
struct Parts {
    protected: Value,
    unprotected: Value,
    payload: Value,
    signature: Value,
}

impl Parts {
    fn genuine() -> Self {
        let value: Value = ciborium::from_reader(signed().as_bytes()).expect("CBOR");
        let Value::Tag(18, body) = value else {
            panic!("tag 18")
        };
        let [protected, unprotected, payload, signature] =
            body.into_array().expect("array").try_into().expect("four");
        Self {
            protected,
            unprotected,
            payload,
            signature,
        }
    }

    fn payload(&self) -> Vec<(Value, Value)> {
        let bytes = self.payload.as_bytes().expect("bytes");
        ciborium::from_reader::<Value, _>(bytes.as_slice())
            .expect("CBOR")
            .into_map()
            .expect("map")
    }

    fn with_payload(self, map: Vec<(Value, Value)>) -> Self {
        Self {
            payload: Value::Bytes(cbor(&Value::Map(map))),
            ..self
        }
    }

    fn with_protected(self, map: Vec<(Value, Value)>) -> Self {
        Self {
            protected: Value::Bytes(cbor(&Value::Map(map))),
            ..self
        }
    }

    fn body(self) -> Value {
        Value::Array(vec![
            self.protected,
            self.unprotected,
            self.payload,
            self.signature,
        ])
    }

    fn fault(self) -> FormatFault {
        fault(&cbor(&Value::Tag(18, Box::new(self.body()))))
    }
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("written");
    bytes
}

fn fault(bytes: &[u8]) -> FormatFault {
    decode(bytes).expect_err("a hostile certificate was read")
}

fn int(number: i64) -> Value {
    Value::from(number)
}

fn alg_and_kid() -> Vec<(Value, Value)> {
    vec![
        (int(1), int(-8)),
        (int(4), Value::from(b"k3726".as_slice())),
    ]
}

#[test]
fn only_tag_18_is_read() {
    let body = cbor(&Parts::genuine().body());
    assert_eq!(fault(&body), FormatFault::Tag);
    for tag in [17, 61, 98] {
        assert_eq!(
            fault(&cbor(&Value::Tag(tag, Box::new(Parts::genuine().body())))),
            FormatFault::Tag
        );
    }
    // Tag 18 within CWT's tag 61 is what others accept; one encoding only here.
    let inner = Value::Tag(18, Box::new(Parts::genuine().body()));
    assert_eq!(
        fault(&cbor(&Value::Tag(61, Box::new(inner)))),
        FormatFault::Tag
    );
    let twice = Value::Tag(
        18,
        Box::new(Value::Tag(18, Box::new(Parts::genuine().body()))),
    );
    assert_eq!(fault(&cbor(&twice)), FormatFault::Malformed);
}

#[test]
fn a_tag_in_a_longer_form_is_not_canonical() {
    let genuine = signed().into_bytes();
    assert_eq!(genuine[0], 0xd2);
    let longer = [&[0xd8, 0x12], &genuine[1..]].concat();
    assert_eq!(fault(&longer), FormatFault::NonCanonical);
}

#[test]
fn other_algorithms_are_refused() {
    for alg in [-7, -19, -257, 0, 5, -9] {
        let protected = vec![(int(1), int(alg)), alg_and_kid().remove(1)];
        assert_eq!(
            Parts::genuine().with_protected(protected).fault(),
            FormatFault::AlgorithmUnknown,
            "alg {alg}"
        );
    }
    let text = vec![(int(1), Value::from("EdDSA")), alg_and_kid().remove(1)];
    assert_eq!(
        Parts::genuine().with_protected(text).fault(),
        FormatFault::AlgorithmUnknown
    );
    assert_eq!(
        Parts::genuine()
            .with_protected(vec![alg_and_kid().remove(1)])
            .fault(),
        FormatFault::AlgorithmMissing
    );
    let none = Parts {
        protected: Value::Bytes(Vec::new()),
        ..Parts::genuine()
    };
    assert_eq!(none.fault(), FormatFault::AlgorithmMissing);
}

#[test]
fn a_key_id_is_needed_and_well_formed() {
    assert_eq!(
        Parts::genuine()
            .with_protected(vec![alg_and_kid().remove(0)])
            .fault(),
        FormatFault::KeyIdMissing
    );
    let long = "k".repeat(33);
    for kid in [
        b"".as_slice(),
        b"k 1",
        b"k1\0",
        "密".as_bytes(),
        &[0xff],
        long.as_bytes(),
    ] {
        let protected = vec![alg_and_kid().remove(0), (int(4), Value::from(kid))];
        assert_eq!(
            Parts::genuine().with_protected(protected).fault(),
            FormatFault::KeyIdInvalid
        );
    }
    let text = vec![alg_and_kid().remove(0), (int(4), Value::from("k3726"))];
    assert_eq!(
        Parts::genuine().with_protected(text).fault(),
        FormatFault::KeyIdInvalid
    );
}

#[test]
fn other_headers_are_refused_wherever_they_stand() {
    let content_type = (int(3), int(60));
    let protected = vec![
        alg_and_kid().remove(0),
        content_type,
        alg_and_kid().remove(1),
    ];
    assert_eq!(
        Parts::genuine().with_protected(protected).fault(),
        FormatFault::HeaderUnknown
    );

    let critical = vec![
        alg_and_kid().remove(0),
        (int(2), Value::Array(vec![int(4)])),
        alg_and_kid().remove(1),
    ];
    assert_eq!(
        Parts::genuine().with_protected(critical).fault(),
        FormatFault::CriticalHeader
    );

    let mut named = alg_and_kid();
    named.push((Value::from("jwk"), Value::from("x")));
    assert_eq!(
        Parts::genuine().with_protected(named).fault(),
        FormatFault::HeaderUnknown
    );

    let kid_outside = Parts {
        unprotected: Value::Map(vec![alg_and_kid().remove(1)]),
        ..Parts::genuine()
    };
    assert_eq!(kid_outside.fault(), FormatFault::Unprotected);
    let no_map = Parts {
        unprotected: Value::Array(Vec::new()),
        ..Parts::genuine()
    };
    assert_eq!(no_map.fault(), FormatFault::Unprotected);
}

#[test]
fn duplicate_keys_are_refused_in_header_payload_and_inner_map() {
    let twice = vec![
        alg_and_kid().remove(0),
        alg_and_kid().remove(0),
        alg_and_kid().remove(1),
    ];
    assert_eq!(
        Parts::genuine().with_protected(twice).fault(),
        FormatFault::DuplicateKey
    );

    let parts = Parts::genuine();
    let mut payload = parts.payload();
    payload.insert(0, payload[0].clone());
    assert_eq!(
        parts.with_payload(payload).fault(),
        FormatFault::DuplicateKey
    );

    let parts = Parts::genuine();
    let mut payload = parts.payload();
    let Value::Map(inner) = &mut payload[1].1 else {
        panic!("the inner map")
    };
    inner.insert(1, (int(1), Value::from("张伟")));
    assert_eq!(
        parts.with_payload(payload).fault(),
        FormatFault::DuplicateKey
    );
}

#[test]
fn keys_out_of_order_are_refused() {
    let parts = Parts::genuine();
    let mut payload = parts.payload();
    payload.reverse();
    assert_eq!(
        parts.with_payload(payload).fault(),
        FormatFault::NonCanonical
    );
    let mut protected = alg_and_kid();
    protected.reverse();
    assert_eq!(
        Parts::genuine().with_protected(protected).fault(),
        FormatFault::NonCanonical
    );
}

#[test]
fn indefinite_lengths_are_refused() {
    let genuine = signed().into_bytes();
    assert_eq!(genuine[1], 0x84);
    let mut array = genuine.clone();
    array[1] = 0x9f;
    array.push(0xff);
    assert_eq!(fault(&array), FormatFault::Indefinite);

    let unprotected = genuine
        .iter()
        .position(|byte| *byte == 0xa0)
        .expect("the empty map");
    let mut map = genuine.clone();
    map.splice(unprotected..=unprotected, [0xbf, 0xff]);
    assert_eq!(fault(&map), FormatFault::Indefinite);

    let parts = Parts::genuine();
    let mut payload = parts.payload.as_bytes().expect("bytes").clone();
    assert_eq!(payload[0], 0xa2);
    payload[0] = 0xbf;
    payload.push(0xff);
    let chunked = Parts {
        payload: Value::Bytes(payload),
        ..Parts::genuine()
    };
    assert_eq!(chunked.fault(), FormatFault::Indefinite);
}

#[test]
fn bytes_after_the_end_are_refused_at_each_level() {
    let mut outer = signed().into_bytes();
    outer.push(0);
    assert_eq!(fault(&outer), FormatFault::Trailing);

    let mut payload = Parts::genuine().payload.into_bytes().expect("bytes");
    payload.push(0);
    assert_eq!(
        Parts {
            payload: Value::Bytes(payload),
            ..Parts::genuine()
        }
        .fault(),
        FormatFault::Trailing
    );

    let mut protected = Parts::genuine().protected.into_bytes().expect("bytes");
    protected.push(0);
    assert_eq!(
        Parts {
            protected: Value::Bytes(protected),
            ..Parts::genuine()
        }
        .fault(),
        FormatFault::Trailing
    );
}

#[test]
fn the_four_parts_have_their_types() {
    let body = |parts: Vec<Value>| fault(&cbor(&Value::Tag(18, Box::new(Value::Array(parts)))));
    let Value::Array(mut five) = Parts::genuine().body() else {
        panic!("array")
    };
    five.push(int(0));
    assert_eq!(body(five), FormatFault::Structure);
    let Value::Array(mut three) = Parts::genuine().body() else {
        panic!("array")
    };
    three.pop();
    assert_eq!(body(three), FormatFault::Structure);
    let text = Parts {
        payload: Value::from("text"),
        ..Parts::genuine()
    };
    assert_eq!(text.fault(), FormatFault::Structure);
    let detached = Parts {
        payload: Value::Null,
        ..Parts::genuine()
    };
    assert_eq!(detached.fault(), FormatFault::Malformed);
    for length in [0, 63, 65, 128] {
        let signature = Parts {
            signature: Value::Bytes(vec![0; length]),
            ..Parts::genuine()
        };
        assert_eq!(signature.fault(), FormatFault::SignatureLength);
    }
}

#[test]
fn claims_have_their_types_and_no_company() {
    let with = |key: i64, value: Option<Value>| {
        let parts = Parts::genuine();
        let mut payload = parts.payload();
        let Value::Map(inner) = &mut payload[1].1 else {
            panic!("the inner map")
        };
        let place = inner
            .iter()
            .position(|(known, _)| *known == int(key))
            .expect("a claim");
        match value {
            Some(value) => inner[place].1 = value,
            None => drop(inner.remove(place)),
        }
        parts.with_payload(payload).fault().code()
    };
    for key in 1..=8 {
        assert_eq!(with(key, None), "claim_missing", "claim {key}");
        assert_eq!(
            with(key, Some(Value::Array(Vec::new()))),
            "claim_invalid",
            "claim {key}"
        );
        assert_eq!(with(key, Some(int(-1))), "claim_invalid", "claim {key}");
        assert_eq!(
            with(key, Some(Value::from(1_u64 << 32))),
            "claim_invalid",
            "claim {key}"
        );
        assert_eq!(
            with(key, Some(Value::from(""))),
            "claim_invalid",
            "claim {key}"
        );
    }
    assert_eq!(with(8, Some(Value::Bytes(vec![0; 15]))), "claim_invalid");
    assert_eq!(with(5, Some(int(9))), "claim_invalid");

    let outer = |change: fn(&mut Vec<(Value, Value)>)| {
        let parts = Parts::genuine();
        let mut payload = parts.payload();
        change(&mut payload);
        parts.with_payload(payload).fault().code()
    };
    assert_eq!(outer(|claims| drop(claims.remove(0))), "claim_missing");
    assert_eq!(outer(|claims| drop(claims.remove(1))), "claim_missing");
    assert_eq!(
        outer(|claims| claims.insert(0, (int(1), Value::from("did:web:elsewhere.example")))),
        "claim_unknown"
    );
    assert_eq!(
        outer(|claims| claims[0].1 = Value::Tag(1, Box::new(int(1_700_000_000)))),
        "malformed"
    );
    assert_eq!(
        outer(|claims| claims[0].1 = Value::Float(1.7e9)),
        "malformed"
    );
    assert_eq!(outer(|claims| claims[0].1 = int(-1)), "claim_invalid");
    assert_eq!(
        outer(|claims| claims[0].1 = Value::from(u64::MAX)),
        "claim_invalid"
    );
    assert_eq!(
        outer(|claims| claims.insert(0, (int(4), int(1)))),
        "claim_invalid"
    );
    assert_eq!(
        outer(|claims| claims[1].1 = Value::Array(Vec::new())),
        "claim_invalid"
    );
}

#[test]
fn an_unknown_inner_claim_is_refused() {
    let parts = Parts::genuine();
    let mut payload = parts.payload();
    let Value::Map(inner) = &mut payload[1].1 else {
        panic!("the inner map")
    };
    inner.push((int(9), int(1)));
    assert_eq!(
        parts.with_payload(payload).fault(),
        FormatFault::ClaimUnknown
    );
}

#[test]
fn a_certificate_above_4096_bytes_is_not_looked_at() {
    assert_eq!(fault(&vec![0xd2; 4097]), FormatFault::TooLong);
    assert_ne!(fault(&vec![0xd2; 4096]), FormatFault::TooLong);
}

#[test]
fn the_signature_covers_the_header_as_it_came() {
    // A certificate signed over an empty external header but presented with ours must not pass: sign the payload alone.
    let parts = Parts::genuine();
    let payload = parts.payload.as_bytes().expect("bytes").clone();
    let bare = issuer().sign(&payload).expect("signed");
    let forged = cbor(&Value::Tag(
        18,
        Box::new(
            Parts {
                signature: Value::Bytes(bare),
                ..parts
            }
            .body(),
        ),
    ));
    assert!(certs::certificate::verify(&forged, &crate::arrange::keys()).is_err());
}
