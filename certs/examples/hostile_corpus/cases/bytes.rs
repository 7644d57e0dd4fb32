//! Bytes that are not exactly one deterministic COSE_Sign1.

use ciborium::Value;

use super::Case;
use super::arrange::{Parts, bytes_of, cbor, genuine, int, qr};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = truncated();
    cases.extend(trailing());
    cases.extend(tags());
    cases.extend(heads());
    cases.extend(types());
    cases
}

fn truncated() -> Vec<Case> {
    let genuine = genuine();
    let lengths = [
        1, 2, 3, 4, 10, 14, 15, 16, 17, 20, 40, 60, 80, 100, 120, 140, 150, 160, 180, 200,
    ];
    lengths
        .into_iter()
        .filter(|length| *length < genuine.len())
        .chain([genuine.len() - 1])
        .map(|length| {
            Case::new(
                format!("the first {length} bytes"),
                qr(&genuine[..length]),
                "truncated",
            )
        })
        .collect()
}

fn trailing() -> Vec<Case> {
    let genuine = genuine();
    let after = |bytes: &[u8]| qr(&[genuine.as_slice(), bytes].concat());
    let payload = bytes_of(Parts::genuine().payload);
    let protected = bytes_of(Parts::genuine().protected);
    let longer = |bytes: &[u8], more: &[u8]| [bytes, more].concat();
    vec![
        Case::new("a zero after the end", after(&[0]), "trailing_bytes"),
        Case::new("a break after the end", after(&[0xff]), "trailing_bytes"),
        Case::new(
            "half an item after the end",
            after(&[0x58]),
            "trailing_bytes",
        ),
        Case::new("the certificate twice", after(&genuine), "trailing_bytes"),
        Case::new(
            "a zero after the claims",
            Parts::payload(longer(&payload, &[0])).qr(),
            "trailing_bytes",
        ),
        Case::new(
            "claims twice",
            Parts::payload(longer(&payload, &payload)).qr(),
            "trailing_bytes",
        ),
        Case::new(
            "a zero after the header",
            Parts::protected(longer(&protected, &[0])).qr(),
            "trailing_bytes",
        ),
        Case::new(
            "a header after the header",
            Parts::protected(longer(&protected, &[0xa0])).qr(),
            "trailing_bytes",
        ),
    ]
}

fn tags() -> Vec<Case> {
    let genuine = genuine();
    let mut cases = vec![
        Case::new("no tag", qr(&genuine[1..]), "tag"),
        Case::new(
            "tag in two bytes",
            qr(&[&[0xd8, 18], &genuine[1..]].concat()),
            "non_canonical",
        ),
        Case::new(
            "tag in three bytes",
            qr(&[&[0xd9, 0, 18], &genuine[1..]].concat()),
            "non_canonical",
        ),
        Case::new(
            "tag 18 twice",
            qr(&[&[0xd2], genuine.as_slice()].concat()),
            "malformed",
        ),
        Case::new(
            "CWT tag around it",
            qr(&[&[0xd8, 61], genuine.as_slice()].concat()),
            "tag",
        ),
        Case::new(
            "self-described CBOR",
            qr(&[&[0xd9, 0xd9, 0xf7], genuine.as_slice()].concat()),
            "tag",
        ),
    ];
    for (tag, what) in [
        (16, "Encrypt0"),
        (17, "Mac0"),
        (24, "embedded CBOR"),
        (96, "Encrypt"),
        (97, "Mac"),
        (98, "Sign"),
    ] {
        let tagged = Value::Tag(tag, Box::new(Parts::genuine().body()));
        cases.push(Case::new(
            format!("tag of COSE {what}"),
            qr(&cbor(&tagged)),
            "tag",
        ));
    }
    cases
}

/// Lengths and numbers that are longer than needed, indefinite, or lies.
fn heads() -> Vec<Case> {
    let genuine = genuine();
    let with = |place: usize, removed: usize, bytes: &[u8]| {
        let mut altered = genuine.clone();
        altered.splice(place..place + removed, bytes.iter().copied());
        qr(&altered)
    };
    let empty_map = genuine
        .iter()
        .position(|byte| *byte == 0xa0)
        .expect("the unprotected header");
    let payload = bytes_of(Parts::genuine().payload);
    let claims = |place: usize, removed: usize, bytes: &[u8]| {
        let mut altered = payload.clone();
        altered.splice(place..place + removed, bytes.iter().copied());
        Parts::payload(altered).qr()
    };
    let mut endless = genuine.clone();
    endless[1] = 0x9f;
    endless.push(0xff);
    let mut endless_claims = payload.clone();
    endless_claims[0] = 0xbf;
    endless_claims.push(0xff);
    let header_length = genuine[2] - 0x40;
    let huge = [0xff; 8];
    let lying = |head: u8| with(1, 1, &[&[head], huge.as_slice()].concat());
    vec![
        Case::new(
            "array length in two bytes",
            with(1, 1, &[0x98, 4]),
            "non_canonical",
        ),
        Case::new(
            "array length in nine bytes",
            with(1, 1, &[0x9b, 0, 0, 0, 0, 0, 0, 0, 4]),
            "non_canonical",
        ),
        Case::new(
            "header length in two bytes",
            with(2, 1, &[0x58, header_length]),
            "non_canonical",
        ),
        Case::new(
            "empty map in two bytes",
            with(empty_map, 1, &[0xb8, 0]),
            "non_canonical",
        ),
        Case::new(
            "claims length in three bytes",
            with(empty_map + 1, 2, &[0x59, 0, genuine[empty_map + 2]]),
            "non_canonical",
        ),
        Case::new(
            "claim key in two bytes",
            claims(1, 1, &[0x18, 6]),
            "non_canonical",
        ),
        Case::new(
            "issue moment in nine bytes",
            claims(2, 1, &[0x1b, 0, 0, 0, 0]),
            "non_canonical",
        ),
        Case::new(
            "claims map in two bytes",
            claims(0, 1, &[0xb8, 2]),
            "non_canonical",
        ),
        Case::new("endless array", qr(&endless), "indefinite_length"),
        Case::new(
            "endless unprotected map",
            with(empty_map, 1, &[0xbf, 0xff]),
            "indefinite_length",
        ),
        Case::new(
            "endless claims",
            Parts::payload(endless_claims).qr(),
            "indefinite_length",
        ),
        Case::new(
            "header in pieces",
            with(2, 1, &[0x5f, 0x41, 0xa0, 0xff]),
            "indefinite_length",
        ),
        Case::new(
            "endless text",
            Parts::payload(vec![0x7f, 0xff]).qr(),
            "indefinite_length",
        ),
        Case::new("array of all lengths", lying(0x9b), "truncated"),
        Case::new("map of all lengths", lying(0xbb), "truncated"),
        Case::new("bytes of all lengths", lying(0x5b), "truncated"),
        Case::new("text of all lengths", lying(0x7b), "truncated"),
        Case::new("reserved head 28", with(1, 1, &[0x9c]), "malformed"),
        Case::new("reserved head 30", with(1, 1, &[0x9e]), "malformed"),
        Case::new("a lone break", with(1, 1, &[0xff]), "malformed"),
        Case::new(
            "arrays in arrays",
            qr(&[[0xd2].as_slice(), &[0x81; 2000]].concat()),
            "malformed",
        ),
        Case::new(
            "maps in maps",
            qr(&[[0xd2].as_slice(), &[0xa1; 2000]].concat()),
            "malformed",
        ),
        Case::new("tags in tags", qr(&[0xd2; 2000]), "malformed"),
        Case::new("4096 zeros", qr(&[0; 4096]), "tag"),
        Case::new("one zero", qr(&[0]), "tag"),
    ]
}

fn types() -> Vec<Case> {
    let body = |parts: Vec<Value>| qr(&cbor(&Value::Tag(18, Box::new(Value::Array(parts)))));
    let parts = || Parts::genuine().body().into_array().expect("an array");
    let mut five = parts();
    five.push(int(0));
    let mut three = parts();
    three.pop();
    let mut reversed = parts();
    reversed.reverse();
    let with = |change: fn(&mut Parts)| {
        let mut parts = Parts::genuine();
        change(&mut parts);
        parts.qr()
    };
    vec![
        Case::new("five parts", body(five), "structure"),
        Case::new("three parts", body(three), "structure"),
        Case::new("no parts", body(Vec::new()), "structure"),
        Case::new("parts reversed", body(reversed), "unprotected_header"),
        Case::new(
            "a number for all",
            qr(&cbor(&Value::Tag(18, Box::new(int(1))))),
            "structure",
        ),
        Case::new(
            "a map for all",
            qr(&cbor(&Value::Tag(18, Box::new(Value::Map(Vec::new()))))),
            "structure",
        ),
        Case::new(
            "claims detached",
            with(|parts| parts.payload = Value::Null),
            "malformed",
        ),
        Case::new(
            "claims as text",
            with(|parts| parts.payload = Value::from("claims")),
            "structure",
        ),
        Case::new(
            "claims not wrapped",
            with(|parts| parts.payload = Value::Map(vec![(int(6), int(1))])),
            "structure",
        ),
        Case::new(
            "header not wrapped",
            with(|parts| parts.protected = Value::Map(vec![(int(1), int(-8))])),
            "structure",
        ),
        Case::new(
            "header as text",
            with(|parts| parts.protected = Value::from("a")),
            "structure",
        ),
        Case::new(
            "signature as text",
            with(|parts| parts.signature = Value::from("s".repeat(64))),
            "structure",
        ),
        Case::new(
            "signature as a number",
            with(|parts| parts.signature = int(7)),
            "structure",
        ),
        Case::new(
            "signature true",
            with(|parts| parts.signature = Value::Bool(true)),
            "malformed",
        ),
        Case::new(
            "signature undefined",
            qr(&[0xd2, 0x84, 0x40, 0xa0, 0x40, 0xf7]),
            "malformed",
        ),
    ]
}
