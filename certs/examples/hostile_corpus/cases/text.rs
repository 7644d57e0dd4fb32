//! Texts that are no QR text of a certificate.

use super::Case;
use super::arrange::{claims, genuine, qr};

pub(super) fn cases() -> Vec<Case> {
    let genuine = qr(&genuine());
    let (address, fragment) = genuine.split_once('#').expect("a fragment");
    let id = claims().public_id.to_string();
    let with_host = |host: &str| genuine.replace("VERIFY.EXAMPLE.CN", host);
    let with_id = |id: &str| format!("HTTPS://VERIFY.EXAMPLE.CN/V/{id}#{fragment}");
    let with_fragment = |fragment: &str| format!("{address}#{fragment}");
    let replaced = |place: usize, with: &str| {
        let mut text = fragment.to_owned();
        text.replace_range(place..=place, with);
        with_fragment(&text)
    };
    // The last character holds unused bits; set one of them.
    let last = fragment.chars().last().expect("a character");
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let next = alphabet
        .find(last)
        .map(|place| &alphabet[place + 1..place + 2])
        .expect("base32");
    let trailing_bits = replaced(fragment.len() - 1, next);
    let not_ours = "qr_not_ours";
    let mut cases: Vec<Case> = [
        ("empty", String::new(), not_ours),
        ("blanks only", "   ".to_owned(), not_ours),
        ("http without s", genuine.replace("HTTPS", "HTTP"), not_ours),
        ("ftp", genuine.replace("HTTPS", "FTP"), not_ours),
        ("javascript", "javascript:alert(1)".to_owned(), not_ours),
        ("data URL", format!("data:text/plain,{fragment}"), not_ours),
        ("one slash", genuine.replace("//", "/"), not_ours),
        ("backslashes", genuine.replace("//", r"\\"), not_ours),
        ("another path", genuine.replace("/V/", "/W/"), not_ours),
        ("a path before", genuine.replace("/V/", "/A/V/"), not_ours),
        (
            "dots in the path",
            genuine.replace("/V/", "/A/../V/"),
            not_ours,
        ),
        ("no path", "HTTPS://VERIFY.EXAMPLE.CN".to_owned(), not_ours),
        (
            "EU health certificate",
            "HC1:NCFOXN%TS3DHZN4HAF*PQFKKGTNA.Q/R8WRU2FC".to_owned(),
            not_ours,
        ),
        ("JSON", r#"{"valid":true}"#.to_owned(), not_ours),
        (
            "JWT",
            "eyJhbGciOiJub25lIn0.eyJ2YWxpZCI6dHJ1ZX0.".to_owned(),
            not_ours,
        ),
        ("markup", "<script>alert(1)</script>".to_owned(), not_ours),
        (
            "hyphens in bare base32",
            format!("{}-{}", &fragment[..8], &fragment[8..]),
            not_ours,
        ),
        ("NUL before", format!("\0{genuine}"), not_ours),
        (
            "byte order mark before",
            format!("\u{feff}{genuine}"),
            not_ours,
        ),
        (
            "full-width scheme",
            genuine.replace("HTTPS", "ＨＴＴＰＳ"),
            not_ours,
        ),
        (
            "user before the host",
            with_host("OFFICE@VERIFY.EXAMPLE.CN"),
            "qr_host",
        ),
        ("no host", with_host(""), "qr_host"),
        (
            "underscore in the host",
            with_host("VERIFY_EXAMPLE.CN"),
            "qr_host",
        ),
        (
            "blank in the host",
            with_host("VERIFY EXAMPLE.CN"),
            "qr_host",
        ),
        (
            "host of 254 characters",
            with_host(&"A".repeat(254)),
            "qr_host",
        ),
        ("Chinese host", with_host("查验.CN"), "qr_host"),
        (
            "percent in the host",
            with_host("VERIFY%2EEXAMPLE.CN"),
            "qr_host",
        ),
        (
            "port out of range",
            with_host("VERIFY.EXAMPLE.CN:65536"),
            "qr_host",
        ),
        (
            "port of letters",
            with_host("VERIFY.EXAMPLE.CN:HTTPS"),
            "qr_host",
        ),
        ("port missing", with_host("VERIFY.EXAMPLE.CN:"), "qr_host"),
        ("two ports", with_host("VERIFY.EXAMPLE.CN:1:2"), "qr_host"),
        ("IPv6 host", with_host("[::1]"), "qr_host"),
        ("no id", with_id(""), "qr_public_id"),
        ("id too short", with_id(&id[..25]), "qr_public_id"),
        ("id too long", with_id(&format!("{id}A")), "qr_public_id"),
        (
            "digit 1 in the id",
            with_id(&id.replacen('A', "1", 1)),
            "qr_public_id",
        ),
        (
            "id with unused bits set",
            with_id(&format!("{}B", &id[..25])),
            "qr_public_id",
        ),
        (
            "id with a slash",
            with_id(&format!("{id}/")),
            "qr_public_id",
        ),
        (
            "query after the id",
            with_id(&format!("{id}?s=1")),
            "qr_public_id",
        ),
        (
            "percent-encoded id",
            with_id(&format!("%41{}", &id[1..])),
            "qr_public_id",
        ),
        ("digit 0 for O", replaced(20, "0"), "qr_base32"),
        ("digit 1 for I", replaced(20, "1"), "qr_base32"),
        ("digit 8 for B", replaced(20, "8"), "qr_base32"),
        ("digit 9", replaced(20, "9"), "qr_base32"),
        (
            "padding",
            with_fragment(&format!("{fragment}=")),
            "qr_base32",
        ),
        ("blank inside", replaced(20, " "), "qr_base32"),
        ("line break inside", replaced(20, "\n"), "qr_base32"),
        ("NUL inside", replaced(20, "\0"), "qr_base32"),
        (
            "second fragment",
            with_fragment(&format!("{fragment}#{fragment}")),
            "qr_base32",
        ),
        ("full-width letter", replaced(20, "Ａ"), "qr_base32"),
        ("Cyrillic letter", replaced(20, "А"), "qr_base32"),
        ("percent-encoded letter", replaced(20, "%41"), "qr_base32"),
        (
            "base64url",
            with_fragment("0oRKogEnBEVrMzcyNqBYmKIGGm"),
            "qr_base32",
        ),
        ("one character", with_fragment("A"), "qr_base32"),
        ("three characters", with_fragment("2KC"), "qr_base32"),
        ("six characters", with_fragment("2KCEVI"), "qr_base32"),
        (
            "bare base32 with unused bits set",
            "2B".to_owned(),
            "qr_base32",
        ),
        ("unused bits set", trailing_bits, "qr_base32"),
        (
            "another id than the signed one",
            with_id("AAAAAAAAAAAAAAAAAAAAAAAAAA"),
            "id_mismatch",
        ),
        (
            "8193 characters",
            format!("{genuine}{}", "A".repeat(8193 - genuine.len())),
            "qr_too_long",
        ),
        ("20000 characters", "A".repeat(20_000), "qr_too_long"),
        (
            "4097 bytes in base32",
            with_fragment(&"A".repeat(6556)),
            "qr_signed_too_long",
        ),
        ("letters of the alphabet", alphabet.to_owned(), "tag"),
        ("words as bare base32", "AAAAAAAA".to_owned(), "tag"),
    ]
    .into_iter()
    .map(|(name, input, reason)| Case::new(name, input, reason))
    .collect();
    for (name, input) in [
        ("no fragment", address.to_owned()),
        ("empty fragment", format!("{address}#")),
    ] {
        cases.push(Case {
            state: "indeterminate",
            ..Case::new(name, input, "not_presented")
        });
    }
    cases
}
