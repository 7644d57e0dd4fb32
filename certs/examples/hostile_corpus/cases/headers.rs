//! Headers that try to choose the algorithm, the key, or what must be understood.

use ciborium::Value;

use super::Case;
use super::arrange::{Parts, cbor, int};

fn algorithm() -> (Value, Value) {
    (int(1), int(-8))
}

fn kid() -> (Value, Value) {
    (int(4), Value::from(b"k3726".as_slice()))
}

fn protected(map: Vec<(Value, Value)>) -> String {
    Parts::protected(cbor(&Value::Map(map))).qr()
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = algorithms();
    cases.extend(kids());
    cases.extend(others());
    cases.extend(unprotected());
    cases
}

fn algorithms() -> Vec<Case> {
    let numbers = [
        (-7, "ES256"),
        (-9, "ES256 of RFC 9864"),
        (-19, "Ed25519 of RFC 9864"),
        (-35, "ES384"),
        (-37, "PS256"),
        (-47, "ES256K"),
        (-53, "Ed448"),
        (-65535, "RS1"),
        (-257, "RS256"),
        (0, "reserved"),
        (1, "A128GCM"),
        (4, "HMAC 256/64"),
        (5, "HMAC 256/256"),
        (-6, "direct"),
        (8, "plus 8"),
    ];
    let mut cases: Vec<Case> = numbers
        .into_iter()
        .map(|(number, name)| {
            let input = protected(vec![(int(1), int(number)), kid()]);
            Case::new(format!("algorithm {name}"), input, "algorithm_unknown")
        })
        .collect();
    let others = [
        ("as text", Value::from("EdDSA")),
        ("none", Value::from("none")),
        ("as bytes", Value::from([0x27].as_slice())),
        ("in an array", Value::Array(vec![int(-8)])),
        ("beyond 64 bits", Value::from(u64::MAX)),
    ];
    for (name, value) in others {
        let input = protected(vec![(int(1), value), kid()]);
        cases.push(Case::new(
            format!("algorithm {name}"),
            input,
            "algorithm_unknown",
        ));
    }
    let null = protected(vec![(int(1), Value::Null), kid()]);
    cases.push(Case::new("algorithm null", null, "malformed"));
    cases.push(Case::new(
        "no algorithm",
        protected(vec![kid()]),
        "algorithm_missing",
    ));
    cases.push(Case::new(
        "no header",
        Parts::protected(Vec::new()).qr(),
        "algorithm_missing",
    ));
    cases.push(Case::new(
        "empty header",
        protected(Vec::new()),
        "algorithm_missing",
    ));
    cases
}

fn kids() -> Vec<Case> {
    let long = "k".repeat(33);
    let bytes: [(&str, &[u8]); 11] = [
        ("empty", b""),
        ("of 33 letters", long.as_bytes()),
        ("with a blank", b"k 3726"),
        ("with a NUL", b"k3726\0"),
        ("with a line break", b"k3726\n"),
        ("with a slash", b"../k3726"),
        ("with a quote", b"k3726' OR '1'='1"),
        ("as a DID URL", b"did:web:verify.example.cn#k3726"),
        ("in Chinese", "密钥".as_bytes()),
        ("not UTF-8", &[0xff, 0xfe]),
        (
            "of a hash's bytes",
            &[0x9a, 0x3b, 0xe0, 0x11, 0x00, 0x72, 0xc4, 0x5d],
        ),
    ];
    let mut cases: Vec<Case> = bytes
        .into_iter()
        .map(|(name, kid)| {
            let input = protected(vec![algorithm(), (int(4), Value::from(kid))]);
            Case::new(format!("key id {name}"), input, "key_id_invalid")
        })
        .collect();
    for (name, value) in [
        ("as text", Value::from("k3726")),
        ("as a number", int(3726)),
        ("in an array", Value::Array(vec![kid().1])),
    ] {
        let input = protected(vec![algorithm(), (int(4), value)]);
        cases.push(Case::new(format!("key id {name}"), input, "key_id_invalid"));
    }
    cases.push(Case::new(
        "no key id",
        protected(vec![algorithm()]),
        "key_id_missing",
    ));
    cases
}

fn others() -> Vec<Case> {
    let after = |key: i64, value: Value| {
        let mut map = vec![algorithm(), (int(key), value), kid()];
        map.sort_by_key(|(key, _)| cbor(key));
        protected(map)
    };
    let end = |key: Value, value: Value| protected(vec![algorithm(), kid(), (key, value)]);
    let critical = |value: Value| after(2, value);
    let x5chain = Value::from([0x30, 0x82].as_slice());
    let key = Value::Map(vec![(int(1), int(1)), (int(-1), int(6))]);
    vec![
        Case::new(
            "critical: the key id",
            critical(Value::Array(vec![int(4)])),
            "critical_header",
        ),
        Case::new(
            "critical: unknown number",
            critical(Value::Array(vec![int(99)])),
            "critical_header",
        ),
        Case::new(
            "critical: unknown text",
            critical(Value::Array(vec![Value::from("mz")])),
            "critical_header",
        ),
        Case::new(
            "critical: nothing",
            critical(Value::Array(Vec::new())),
            "critical_header",
        ),
        Case::new("critical: no array", critical(int(1)), "critical_header"),
        Case::new("content type CWT", after(3, int(61)), "header_unknown"),
        Case::new(
            "content type text",
            after(3, Value::from("application/cwt")),
            "header_unknown",
        ),
        Case::new(
            "initial vector",
            end(int(5), Value::from([0; 12].as_slice())),
            "header_unknown",
        ),
        Case::new(
            "partial vector",
            end(int(6), Value::from([0; 4].as_slice())),
            "header_unknown",
        ),
        Case::new(
            "countersignature",
            end(int(11), Value::Array(Vec::new())),
            "header_unknown",
        ),
        Case::new(
            "CWT claims in the header",
            end(int(15), Value::Map(Vec::new())),
            "header_unknown",
        ),
        Case::new(
            "type",
            end(int(16), Value::from("certificate")),
            "header_unknown",
        ),
        Case::new("certificate chain", end(int(33), x5chain), "header_unknown"),
        Case::new(
            "certificate address",
            end(int(35), Value::from("https://thief.example/c")),
            "header_unknown",
        ),
        Case::new("a key in the header", end(int(-1), key), "header_unknown"),
        Case::new(
            "key as jwk",
            end(Value::from("jwk"), Value::from("x")),
            "header_unknown",
        ),
        Case::new(
            "key address as jku",
            end(Value::from("jku"), Value::from("https://thief.example")),
            "header_unknown",
        ),
        Case::new(
            "algorithm twice",
            protected(vec![algorithm(), algorithm(), kid()]),
            "duplicate_key",
        ),
        Case::new(
            "two algorithms",
            protected(vec![algorithm(), (int(1), int(-7)), kid()]),
            "duplicate_key",
        ),
        Case::new(
            "two key ids",
            protected(vec![algorithm(), kid(), kid()]),
            "duplicate_key",
        ),
        Case::new(
            "key id before the algorithm",
            protected(vec![kid(), algorithm()]),
            "non_canonical",
        ),
        Case::new(
            "header is an array",
            Parts::protected(cbor(&Value::Array(vec![int(1), int(-8)]))).qr(),
            "header_unknown",
        ),
        Case::new(
            "header is a number",
            Parts::protected(vec![0x01]).qr(),
            "header_unknown",
        ),
        Case::new(
            "header is text",
            Parts::protected(cbor(&Value::from("alg"))).qr(),
            "header_unknown",
        ),
        Case::new(
            "header is cut",
            Parts::protected(vec![0xa2, 0x01]).qr(),
            "truncated",
        ),
        Case::new(
            "endless header",
            Parts::protected(vec![0xbf, 0x01, 0x27, 0xff]).qr(),
            "indefinite_length",
        ),
    ]
}

fn unprotected() -> Vec<Case> {
    let with = |unprotected: Value| {
        Parts {
            unprotected,
            ..Parts::genuine()
        }
        .qr()
    };
    let map = |pair: (Value, Value)| with(Value::Map(vec![pair]));
    vec![
        Case::new("key id unprotected", map(kid()), "unprotected_header"),
        Case::new(
            "another key id unprotected",
            map((int(4), Value::from(b"k1126".as_slice()))),
            "unprotected_header",
        ),
        Case::new(
            "algorithm unprotected",
            map((int(1), int(-7))),
            "unprotected_header",
        ),
        Case::new(
            "critical unprotected",
            map((int(2), Value::Array(vec![int(1)]))),
            "unprotected_header",
        ),
        Case::new(
            "a note unprotected",
            map((Value::from("note"), Value::from("有效"))),
            "unprotected_header",
        ),
        Case::new(
            "unprotected is an array",
            with(Value::Array(Vec::new())),
            "unprotected_header",
        ),
        Case::new(
            "unprotected is bytes",
            with(Value::from([0xa0].as_slice())),
            "unprotected_header",
        ),
        Case::new(
            "unprotected is a number",
            with(int(0)),
            "unprotected_header",
        ),
        Case::new("unprotected is null", with(Value::Null), "malformed"),
    ]
}
