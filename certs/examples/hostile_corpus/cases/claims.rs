//! Claims that are missing, of another type, unknown, or written in a second way. Their form is refused before any signature
//! is looked at, so these need no key.

use ciborium::Value;

use super::Case;
use super::arrange::{Parts, bytes_of, cbor, int};

type Pairs = Vec<(Value, Value)>;

fn payload() -> Pairs {
    let bytes = bytes_of(Parts::genuine().payload);
    let value: Value = ciborium::from_reader(bytes.as_slice()).expect("CBOR");
    value.into_map().expect("a map")
}

fn outer(change: impl FnOnce(&mut Pairs)) -> String {
    let mut pairs = payload();
    change(&mut pairs);
    Parts::payload(cbor(&Value::Map(pairs))).qr()
}

fn inner(change: impl FnOnce(&mut Pairs)) -> String {
    outer(|pairs| {
        let Value::Map(inner) = &mut pairs[1].1 else {
            panic!("the registry's claims")
        };
        change(inner);
    })
}

/// Inner claims stand in the order of their keys, from 1.
fn claim(key: usize, value: Value) -> String {
    inner(|pairs| pairs[key - 1].1 = value)
}

const NAMES: [&str; 8] = [
    "holder",
    "certificate number",
    "program",
    "institution",
    "level",
    "status list",
    "status index",
    "public id",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (key, name) in (1..).zip(NAMES) {
        cases.push(Case::new(
            format!("no {name}"),
            inner(|pairs| drop(pairs.remove(key - 1))),
            "claim_missing",
        ));
        cases.push(Case::new(
            format!("{name} in an array"),
            claim(key, Value::Array(Vec::new())),
            "claim_invalid",
        ));
        cases.push(Case::new(
            format!("{name} negative"),
            claim(key, int(-1)),
            "claim_invalid",
        ));
        cases.push(Case::new(
            format!("{name} empty"),
            claim(key, Value::from("")),
            "claim_invalid",
        ));
        cases.push(Case::new(
            format!("{name} null"),
            claim(key, Value::Null),
            "malformed",
        ));
        let twice = inner(|pairs| pairs.insert(key, pairs[key - 1].clone()));
        cases.push(Case::new(format!("{name} twice"), twice, "duplicate_key"));
    }
    cases.extend(values());
    cases.extend(moments());
    cases.extend(strangers());
    cases
}

fn values() -> Vec<Case> {
    let text = |key: usize, text: &str| claim(key, Value::from(text));
    let invalid = "claim_invalid";
    vec![
        Case::new("name of 51 characters", text(1, &"长".repeat(51)), invalid),
        Case::new("name with a blank before", text(1, " 张伟"), invalid),
        Case::new("name turned round", text(1, "张\u{202e}伟"), invalid),
        Case::new("name with a zero width", text(1, "张\u{200b}伟"), invalid),
        Case::new("name with a NUL", text(1, "张\0伟"), invalid),
        Case::new("name not in normal form", text(1, "e\u{301}"), invalid),
        Case::new("name with a full-width digit", text(1, "张１"), invalid),
        Case::new(
            "name with the mark of lost text",
            text(1, "张\u{fffd}"),
            invalid,
        ),
        Case::new(
            "number with a wrong check character",
            text(2, "MZ3726AAAAAAAAAA2"),
            invalid,
        ),
        Case::new(
            "number in small letters",
            inner(lower_number),
            "non_canonical",
        ),
        Case::new("number in groups", inner(spaced_number), "non_canonical"),
        Case::new("program without its letter", text(3, "3700012"), invalid),
        Case::new(
            "program with a blank",
            text(3, "P3700012 "),
            "non_canonical",
        ),
        Case::new(
            "institution with a wrong check character",
            text(4, "521101053269910275"),
            invalid,
        ),
        Case::new(
            "institution of 17 characters",
            text(4, "52110105326991027"),
            invalid,
        ),
        Case::new("level 9", claim(5, int(9)), invalid),
        Case::new("level 256", claim(5, int(256)), invalid),
        Case::new("level in a float", claim(5, Value::Float(4.0)), "malformed"),
        Case::new("level true", claim(5, Value::Bool(true)), "malformed"),
        Case::new(
            "status list 2^32",
            claim(6, Value::from(1_u64 << 32)),
            invalid,
        ),
        Case::new(
            "status index 2^32",
            claim(7, Value::from(1_u64 << 32)),
            invalid,
        ),
        Case::new("status index as text", text(7, "70001"), invalid),
        Case::new(
            "public id of 15 bytes",
            claim(8, Value::Bytes(vec![1; 15])),
            invalid,
        ),
        Case::new(
            "public id of 17 bytes",
            claim(8, Value::Bytes(vec![1; 17])),
            invalid,
        ),
        Case::new(
            "public id as text",
            text(8, "AEBAGBAFAYDQQCIKBMGA2DQPCA"),
            invalid,
        ),
        Case::new("name that is not UTF-8", not_utf8(), "malformed"),
    ]
}

fn lower_number(pairs: &mut Pairs) {
    let number = pairs[1].1.as_text().expect("text").to_lowercase();
    pairs[1].1 = Value::from(number);
}

fn spaced_number(pairs: &mut Pairs) {
    let number = pairs[1].1.as_text().expect("text").to_owned();
    pairs[1].1 = Value::from(format!("{} {}", &number[..4], &number[4..]));
}

fn not_utf8() -> String {
    let mut bytes = bytes_of(Parts::genuine().payload);
    let name = "买".as_bytes();
    let place = bytes
        .windows(name.len())
        .position(|window| window == name)
        .expect("the name");
    bytes[place] = 0xff;
    Parts::payload(bytes).qr()
}

fn moments() -> Vec<Case> {
    let issued = |value: Value| outer(|pairs| pairs[0].1 = value);
    let expires = |value: Value| outer(|pairs| pairs.insert(0, (int(4), value)));
    let invalid = "claim_invalid";
    vec![
        Case::new(
            "no issue moment",
            outer(|pairs| drop(pairs.remove(0))),
            "claim_missing",
        ),
        Case::new("issue moment negative", issued(int(-1)), invalid),
        Case::new(
            "issue moment beyond time",
            issued(Value::from(u64::MAX)),
            invalid,
        ),
        Case::new(
            "issue moment as text",
            issued(Value::from("2026-03-08")),
            invalid,
        ),
        Case::new(
            "issue moment as a float",
            issued(Value::Float(1.7e9)),
            "malformed",
        ),
        Case::new(
            "issue moment with a tag",
            issued(Value::Tag(1, Box::new(int(1_700_000_000)))),
            "malformed",
        ),
        Case::new(
            "issue moment as a big number",
            issued(Value::Tag(2, Box::new(Value::Bytes(vec![1; 9])))),
            "malformed",
        ),
        Case::new("expiry before issue", expires(int(1)), invalid),
        Case::new("expiry at issue", expires(payload()[0].1.clone()), invalid),
        Case::new("expiry as text", expires(Value::from("never")), invalid),
        Case::new(
            "expiry beyond time",
            expires(Value::from(u64::MAX)),
            invalid,
        ),
        Case::new("expiry null", expires(Value::Null), "malformed"),
    ]
}

fn strangers() -> Vec<Case> {
    let first = |key: i64, value: Value| outer(|pairs| pairs.insert(0, (int(key), value)));
    let unknown = "claim_unknown";
    vec![
        Case::new(
            "an issuer in the claims",
            first(1, Value::from("did:web:thief.example")),
            unknown,
        ),
        Case::new(
            "a subject in the claims",
            first(2, Value::from("11010119000101001X")),
            unknown,
        ),
        Case::new("not before in the claims", first(5, int(1)), unknown),
        Case::new(
            "an id in the claims",
            outer(|pairs| pairs.insert(1, (int(7), Value::Bytes(vec![1])))),
            unknown,
        ),
        Case::new(
            "a private claim of others",
            outer(|pairs| pairs.push((int(-65538), int(1)))),
            unknown,
        ),
        Case::new(
            "a claim with a text key",
            outer(|pairs| pairs.push((Value::from("ok"), int(1)))),
            "structure",
        ),
        Case::new(
            "inner claim 0",
            inner(|pairs| pairs.insert(0, (int(0), int(1)))),
            unknown,
        ),
        Case::new(
            "inner claim 9",
            inner(|pairs| pairs.push((int(9), int(1)))),
            unknown,
        ),
        Case::new(
            "inner claim with a text key",
            inner(|pairs| pairs.push((Value::from("ok"), int(1)))),
            "claim_invalid",
        ),
        Case::new(
            "no registry claims",
            outer(|pairs| drop(pairs.remove(1))),
            "claim_missing",
        ),
        Case::new("registry claims empty", inner(Vec::clear), "claim_missing"),
        Case::new(
            "registry claims in an array",
            outer(|pairs| pairs[1].1 = Value::Array(Vec::new())),
            "claim_invalid",
        ),
        Case::new(
            "registry claims twice",
            outer(|pairs| pairs.push(pairs[1].clone())),
            "duplicate_key",
        ),
        Case::new(
            "claims out of order",
            outer(|pairs| pairs.reverse()),
            "non_canonical",
        ),
        Case::new(
            "inner claims out of order",
            inner(|pairs| pairs.reverse()),
            "non_canonical",
        ),
        Case::new(
            "claims are an array",
            Parts::payload(cbor(&Value::Array(Vec::new()))).qr(),
            "structure",
        ),
        Case::new(
            "claims are text",
            Parts::payload(cbor(&Value::from("valid"))).qr(),
            "structure",
        ),
        // An opening brace is the head of a text of eight length bytes.
        Case::new(
            "claims are JSON",
            Parts::payload(br#"{"valid":true}"#.to_vec()).qr(),
            "truncated",
        ),
        Case::new("no claims", Parts::payload(Vec::new()).qr(), "truncated"),
        Case::new(
            "empty claims",
            Parts::payload(vec![0xa0]).qr(),
            "claim_missing",
        ),
    ]
}
