//! Status lists: Bitstring for credentials, Token Status List for SD-JWT.

use std::io::Write as _;

use certs::credential::{
    BitmapFault, CredentialFault, LIST_VALIDITY, MAX_BITS, MIN_BITS, StatusBitmap, StatusPurpose,
    TokenStatus, badge_json, status_list_json, status_list_jwt, token_status_list,
    verify_status_list, verify_token_status_list,
};
use certs::qr::Host;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::arrange::{at, facts, host, issuer, keys, opened, token};

fn made() -> DateTime<Utc> {
    at("2026-05-01T04:00:00Z")
}

fn bits(set: &[u32]) -> StatusBitmap {
    let mut bits = StatusBitmap::new(MIN_BITS).expect("a bitmap");
    for index in set {
        bits.set(*index, true).expect("in range");
    }
    bits
}

fn list() -> String {
    let revoked = bits(&[0, 70_001]);
    status_list_jwt(
        &host(),
        StatusPurpose::Revocation,
        3,
        &revoked,
        made(),
        &issuer(),
    )
    .expect("signed")
}

fn read(
    text: &str,
    purpose: StatusPurpose,
    number: u32,
    now: DateTime<Utc>,
) -> Result<StatusBitmap, CredentialFault> {
    verify_status_list(text, &host(), purpose, number, &keys(), now).map(|list| list.bits().clone())
}

fn fault(text: &str) -> CredentialFault {
    read(text, StatusPurpose::Revocation, 3, made()).expect_err("refused")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("written to memory");
    encoder.finish().expect("written to memory")
}

fn multibase(gzip: &[u8]) -> String {
    format!("u{}", BASE64URL_NOPAD.encode(gzip))
}

#[test]
fn bit_0_is_the_highest_of_the_first_byte() {
    assert_eq!(bits(&[0]).as_bytes()[0], 0x80);
    assert_eq!(bits(&[7]).as_bytes()[0], 0x01);
    assert_eq!(bits(&[8]).as_bytes()[1], 0x80);
    let mut bits = bits(&[0, 1, 131_071]);
    assert_eq!(bits.get(131_071), Some(true));
    assert_eq!((bits.get(131_072), bits.get(u32::MAX)), (None, None));
    assert_eq!(bits.set(131_072, true), Err(BitmapFault::Index));
    bits.set(0, false).expect("in range");
    assert_eq!(
        (bits.get(0), bits.get(1), bits.count()),
        (Some(false), Some(true), 2)
    );
}

#[test]
fn lists_are_long_enough_to_hide_in_and_no_bombs() {
    for length in [0, 8, MIN_BITS - 8, MIN_BITS + 1, MAX_BITS + 8] {
        assert_eq!(StatusBitmap::new(length), Err(BitmapFault::Length));
    }
    assert!(StatusBitmap::new(MAX_BITS).is_ok());
    let zeros = |length| multibase(&gzip(&vec![0; length]));
    assert_eq!(
        StatusBitmap::decode(&zeros(MIN_BITS / 8 - 1)),
        Err(BitmapFault::Length)
    );
    assert_eq!(
        StatusBitmap::decode(&zeros(MAX_BITS / 8 + 1)),
        Err(BitmapFault::Length)
    );
    // 64 MiB of zeros in 64 KiB: reading stops after the first MiB.
    let bomb = zeros(64 * 1024 * 1024);
    assert!(bomb.len() < 100_000);
    assert_eq!(StatusBitmap::decode(&bomb), Err(BitmapFault::Length));
}

#[test]
fn damaged_encodings_are_refused() {
    let genuine = bits(&[5]).encode();
    assert_eq!(StatusBitmap::decode(&genuine), Ok(bits(&[5])));
    let raw = gzip(bits(&[5]).as_bytes());
    let twice = [raw.as_slice(), &raw].concat();
    let mut checksum = raw.clone();
    let place = checksum.len() - 5;
    checksum[place] ^= 1;
    for damaged in [
        "",
        "u",
        &genuine[1..],
        &format!("z{}", &genuine[1..]),
        &format!("{genuine}="),
        &genuine[..genuine.len() - 4],
        &multibase(b"not gzip"),
        &multibase(&twice),
        &multibase(&[raw.as_slice(), &[0]].concat()),
        &multibase(&checksum),
        &multibase(&raw[..raw.len() - 1]),
    ] {
        assert_eq!(
            StatusBitmap::decode(damaged),
            Err(BitmapFault::Encoding),
            "{damaged:.40}"
        );
    }
}

#[test]
fn a_list_speaks_for_its_day_its_purpose_and_its_number() {
    let revocation = StatusPurpose::Revocation;
    assert_eq!(read(&list(), revocation, 3, made()), Ok(bits(&[0, 70_001])));
    let last = made() + LIST_VALIDITY - TimeDelta::seconds(1);
    assert!(read(&list(), revocation, 3, last).is_ok());
    assert_eq!(
        read(&list(), revocation, 3, made() + LIST_VALIDITY),
        Err(CredentialFault::Expired)
    );
    assert_eq!(
        read(&list(), revocation, 3, made() - TimeDelta::hours(1)),
        Err(CredentialFault::NotYetValid)
    );
    assert_eq!(
        read(&list(), StatusPurpose::Suspension, 3, made()),
        Err(CredentialFault::OtherList)
    );
    assert_eq!(
        read(&list(), revocation, 4, made()),
        Err(CredentialFault::OtherList)
    );
    let elsewhere: Host = "elsewhere.example".parse().expect("a host");
    assert_eq!(
        verify_status_list(&list(), &elsewhere, revocation, 3, &keys(), made()).err(),
        Some(CredentialFault::KeyId)
    );
}

#[test]
fn a_badge_points_to_its_list() {
    let list = status_list_json(&host(), StatusPurpose::Revocation, 3, &bits(&[]), made());
    let badge = badge_json(&facts());
    assert_eq!(
        badge["credentialStatus"][0]["statusListCredential"],
        list["id"]
    );
    assert_eq!(badge["issuer"]["id"], list["issuer"]);
    assert_eq!(
        badge["credentialStatus"][0]["statusPurpose"],
        list["credentialSubject"]["statusPurpose"]
    );
    assert_eq!(list["validUntil"], "2026-05-02T04:00:00Z");
    assert_eq!(list["credentialSubject"]["ttl"], 300_000);
}

#[test]
fn even_signed_a_list_has_one_form() {
    let (header, payload) = opened(&list());
    for (from, to, expected) in [
        ("2026-05-02T04", "2027-05-02T04", CredentialFault::Payload),
        (
            r#""ttl":300000"#,
            r#""ttl":99999999999"#,
            CredentialFault::Payload,
        ),
        (
            r#""statusPurpose":"revocation""#,
            r#""statusPurpose":"suspension""#,
            CredentialFault::Payload,
        ),
        (
            r#""encodedList":"u"#,
            r#""encodedList":"uAAAA"#,
            CredentialFault::Bits,
        ),
        ("{", "{ ", CredentialFault::Payload),
    ] {
        assert!(payload.contains(from));
        assert_eq!(
            fault(&token(&header, &payload.replacen(from, to, 1))),
            expected,
            "{to}"
        );
    }
    // A badge is no list, though it has the same type of token.
    let badge = certs::credential::badge_jwt(&facts(), &issuer()).expect("signed");
    assert_eq!(fault(&badge), CredentialFault::Payload);
}

#[test]
fn a_token_status_list_says_the_same_as_the_two_lists() {
    let (revoked, suspended) = (bits(&[0, 9, 70_001]), bits(&[1, 9, 131_071]));
    let text =
        token_status_list(&host(), 3, &revoked, &suspended, made(), &issuer()).expect("signed");
    let read = |number, now| verify_token_status_list(&text, &host(), number, &keys(), now);
    let list = read(3, made()).expect("genuine");
    for (index, expected) in [
        (0, Some(TokenStatus::Invalid)),
        (1, Some(TokenStatus::Suspended)),
        (2, Some(TokenStatus::Valid)),
        (9, Some(TokenStatus::Invalid)),
        (70_001, Some(TokenStatus::Invalid)),
        (131_071, Some(TokenStatus::Suspended)),
        (131_072, None),
    ] {
        assert_eq!(list.get(index), expected, "{index}");
    }
    assert_eq!(read(4, made()).err(), Some(CredentialFault::OtherList));
    assert_eq!(
        read(3, made() + LIST_VALIDITY).err(),
        Some(CredentialFault::Expired)
    );
    assert_eq!(
        verify_status_list(
            &text,
            &host(),
            StatusPurpose::Revocation,
            3,
            &keys(),
            made()
        )
        .err(),
        Some(CredentialFault::Type)
    );
    let (header, payload) = opened(&text);
    for (from, to, expected) in [
        (r#""bits":2"#, r#""bits":1"#, CredentialFault::Payload),
        (r#""lst":""#, r#""lst":"AAAA"#, CredentialFault::Bits),
        (r#""iat":"#, r#""iat":9"#, CredentialFault::Payload),
    ] {
        let altered = token(&header, &payload.replacen(from, to, 1));
        let refused = verify_token_status_list(&altered, &host(), 3, &keys(), made());
        assert_eq!(refused.err(), Some(expected), "{to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_bitmap_comes_back(set in proptest::collection::btree_set(0_u32..131_072, 0..200)) {
        let set: Vec<_> = set.into_iter().collect();
        let made = bits(&set);
        prop_assert_eq!(made.count(), set.len());
        prop_assert_eq!(StatusBitmap::decode(&made.encode()), Ok(made));
    }

    #[test]
    fn no_gzip_makes_the_reader_panic(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(StatusBitmap::decode(&multibase(&noise)).is_err());
        let headed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], noise.as_slice()].concat();
        prop_assert!(StatusBitmap::decode(&multibase(&headed)).is_err());
    }
}
