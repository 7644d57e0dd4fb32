//! Well-formed certificates whose signature is not the issuer's over exactly these claims.

use certs::certificate::Claims;
use certs::keys::Signer;
use ciborium::Value;
use domain::PublicId;

use super::Case;
use super::arrange::{Parts, bytes_of, cbor, claims, issuer, signed_by, signer};

/// Order of the group of Ed25519, little-endian (RFC 8032 section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(super) fn cases() -> Vec<Case> {
    let mismatch = "signature_mismatch";
    let mut cases = altered();
    cases.extend(
        made_up()
            .into_iter()
            .map(|(name, signature)| Case::new(name, Parts::signature(signature).qr(), mismatch)),
    );
    for length in [0, 1, 32, 63, 65, 128] {
        let input = Parts::signature(vec![1; length]).qr();
        cases.push(Case::new(
            format!("signature of {length} bytes"),
            input,
            "signature_length",
        ));
    }
    cases.push(Case::new(
        "signed by another key under the same name",
        signed_by(&claims(), &signer("k3726", 8)),
        mismatch,
    ));
    // The claims of one office with the name of another office's key.
    let header = cbor(&Value::Map(vec![
        (Value::from(1), Value::from(-8)),
        (Value::from(4), Value::from(b"k1126".as_slice())),
    ]));
    cases.push(Case::new(
        "the name of another office's key",
        Parts::protected(header).qr(),
        mismatch,
    ));
    cases
}

/// Genuine signature, other claims.
fn altered() -> Vec<Case> {
    let genuine = claims();
    let changes: [(&str, Claims); 9] = [
        (
            "another holder",
            Claims {
                holder: "张伟".parse().expect("a name"),
                ..claims()
            },
        ),
        (
            "one character of the holder",
            Claims {
                holder: "买买提·艾立".parse().expect("a name"),
                ..claims()
            },
        ),
        (
            "another program",
            Claims {
                program: "P3700013".parse().expect("a code"),
                ..claims()
            },
        ),
        (
            "a higher level",
            Claims {
                level: Some(domain::SkillLevel::One),
                ..claims()
            },
        ),
        (
            "no level",
            Claims {
                level: None,
                ..claims()
            },
        ),
        (
            "another status list",
            Claims {
                status_list: 4,
                ..claims()
            },
        ),
        (
            "another status index",
            Claims {
                status_index: 70_000,
                ..claims()
            },
        ),
        (
            "issued a second earlier",
            Claims {
                issued_at: genuine.issued_at - chrono::TimeDelta::seconds(1),
                ..claims()
            },
        ),
        (
            "an expiry",
            Claims {
                expires_at: Some(genuine.issued_at + chrono::TimeDelta::days(9000)),
                ..claims()
            },
        ),
    ];
    let mut cases: Vec<Case> = changes
        .into_iter()
        .map(|(name, claims)| {
            Case::new(
                format!("altered: {name}"),
                transplanted(&claims),
                "signature_mismatch",
            )
        })
        .collect();
    let other_id = Claims {
        public_id: PublicId::from_bytes([9; 16]),
        ..claims()
    };
    let input = transplanted(&other_id).replace(
        &claims().public_id.to_string(),
        &other_id.public_id.to_string(),
    );
    cases.push(Case::new(
        "altered: another public id",
        input,
        "signature_mismatch",
    ));
    cases
}

/// Claims with the signature of the genuine certificate.
fn transplanted(claims: &Claims) -> String {
    let made = certs::certificate::sign(claims, &issuer()).expect("signed");
    let Value::Tag(_, body) = ciborium::from_reader(made.as_bytes()).expect("CBOR") else {
        panic!("a tag")
    };
    let payload = body.into_array().expect("an array").remove(2);
    Parts {
        payload,
        ..Parts::genuine()
    }
    .qr()
}

fn made_up() -> Vec<(&'static str, Vec<u8>)> {
    let genuine = bytes_of(Parts::genuine().signature);
    let payload = bytes_of(Parts::genuine().payload);
    let protected = bytes_of(Parts::genuine().protected);
    let with = |place: usize, mask: u8| {
        let mut altered = genuine.clone();
        altered[place] ^= mask;
        altered
    };
    let sign = |message: &[u8]| issuer().sign(message).expect("signed");
    let structure = |context: &str, external: &[u8]| {
        let parts = [
            Value::from(context),
            Value::from(protected.as_slice()),
            Value::from(external),
            Value::from(payload.as_slice()),
        ];
        sign(&cbor(&Value::Array(parts.into())))
    };
    let mut swapped = genuine.clone();
    swapped.rotate_left(32);
    let mut small_order = vec![0; 64];
    small_order[0] = 1;
    vec![
        ("first bit of R", with(0, 1)),
        ("sign bit of R", with(31, 0x80)),
        ("first bit of S", with(32, 1)),
        ("last bit of S", with(63, 0x80)),
        ("R and S exchanged", swapped),
        ("S plus the group order", plus_order(&genuine)),
        ("all zeros", vec![0; 64]),
        ("all ones", vec![0xff; 64]),
        ("neutral point and zero", small_order),
        ("over the claims alone", sign(&payload)),
        ("over the context of Sign", structure("Signature", b"")),
        ("over the context of Mac0", structure("MAC0", b"")),
        (
            "over the context of countersignatures",
            structure("CounterSignature", b""),
        ),
        ("over external data", structure("Signature1", b"mingzheng")),
        ("over the structure without external data", {
            let parts = [
                Value::from("Signature1"),
                Value::from(protected.as_slice()),
                Value::from(payload.as_slice()),
            ];
            sign(&cbor(&Value::Array(parts.into())))
        }),
    ]
}

/// The same signature for a verifier that does not reduce S: not strict, it would accept a second text.
fn plus_order(signature: &[u8]) -> Vec<u8> {
    let mut altered = signature.to_vec();
    let mut carry = 0_u16;
    for (byte, order) in altered[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = u8::try_from(carry & 0xff).expect("a byte");
        carry >>= 8;
    }
    altered
}
