//! Pictures that can be read: without a code, with several, with the code of something else.

use certs::certificate::Claims;
use certs::qr::qr_text;
use domain::PublicId;

use super::draw::{beside, code, painted, picture, stacked};
use super::{Case, genuine_text, text_of};
use crate::arrange::{claims, host, issuer, signed, signer};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = no_code();
    cases.extend(two_codes());
    cases.extend(something_else());
    cases.extend(of_certificates());
    cases
}

/// A certificate of somebody else.
fn other_genuine_text() -> String {
    let other = Claims {
        public_id: PublicId::from_bytes([9; 16]),
        status_index: 70_005,
        ..claims()
    };
    text_of(&other, &issuer())
}

/// Signed by another key of the same name.
fn forged_text() -> String {
    text_of(&claims(), &signer("k3726", 8))
}

/// The last bit of the signature is another.
fn altered_text() -> String {
    let mut bytes = signed().as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    qr_text(&host(), &claims().public_id, &bytes)
}

/// Deterministic noise.
fn noise(x: u32, y: u32) -> bool {
    let mixed =
        (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35);
    mixed >> 31 == 1
}

/// A finder pattern with its corner at the origin, of modules of four pixels.
fn finder(x: u32, y: u32) -> bool {
    let (x, y) = (x / 4, y / 4);
    let ring = x < 7 && y < 7 && (x == 0 || x == 6 || y == 0 || y == 6);
    ring || ((2..5).contains(&x) && (2..5).contains(&y))
}

fn no_code() -> Vec<Case> {
    let none = |name: &str, bytes| Case::unread(name, "no_code", "png", bytes);
    let genuine = genuine_text();
    vec![
        none("white", picture(120, 120, |_, _| false)),
        none("black", picture(120, 120, |_, _| true)),
        none("one pixel", picture(1, 1, |_, _| true)),
        none("a line of pixels", picture(200, 1, |x, _| x % 2 == 0)),
        none("a column of pixels", picture(1, 200, |_, y| y % 2 == 0)),
        none("noise", picture(120, 120, noise)),
        none(
            "coarse noise",
            picture(160, 160, |x, y| noise(x / 4, y / 4)),
        ),
        none(
            "a chessboard",
            picture(128, 128, |x, y| (x / 8 + y / 8) % 2 == 0),
        ),
        none(
            "a bar code",
            picture(180, 80, |x, y| y > 8 && y < 72 && noise(x / 2, 0)),
        ),
        none(
            "a frame",
            picture(120, 120, |x, y| x < 4 || y < 4 || x > 115 || y > 115),
        ),
        none(
            "one finder pattern",
            picture(120, 120, |x, y| {
                x >= 16 && y >= 16 && finder(x - 16, y - 16)
            }),
        ),
        none(
            "three finder patterns and nothing between",
            picture(148, 148, |x, y| {
                let at = |left: u32, top: u32| x >= left && y >= top && finder(x - left, y - top);
                at(16, 16) || at(104, 16) || at(16, 104)
            }),
        ),
        none(
            "a corner torn off",
            painted(&genuine, (0, 0), (30, 30), 255),
        ),
        none("a corner blackened", painted(&genuine, (0, 0), (30, 30), 0)),
        none(
            "two corners torn off",
            painted(&genuine, (0, 0), (200, 30), 255),
        ),
        none(
            "the upper half torn off",
            painted(&genuine, (0, 0), (200, 69), 255),
        ),
        none(
            "the middle blackened",
            painted(&genuine, (30, 30), (70, 70), 0),
        ),
        none(
            "the middle torn out",
            painted(&genuine, (30, 30), (70, 70), 255),
        ),
        none("a stripe across", painted(&genuine, (0, 50), (200, 34), 0)),
        none("half blackened", painted(&genuine, (64, 24), (200, 200), 0)),
    ]
}

fn two_codes() -> Vec<Case> {
    let two = |name: &str, texts: &[&str]| Case::unread(name, "two_codes", "png", beside(texts));
    let of_sizes = |name: &str, symbols: &[(&str, u32)]| {
        Case::unread(name, "two_codes", "png", stacked(symbols))
    };
    let (genuine, other) = (genuine_text(), other_genuine_text());
    let (forged, altered) = (forged_text(), altered_text());
    let lower = genuine.to_lowercase();
    let address = genuine.split('#').next().expect("an address").to_owned();
    vec![
        two("two certificates", &[&genuine, &other]),
        two("two certificates, the other first", &[&other, &genuine]),
        two("three certificates", &[&genuine, &other, &forged]),
        two("a certificate and a forged one", &[&genuine, &forged]),
        two("a forged one and a certificate", &[&forged, &genuine]),
        two("a certificate and an altered one", &[&genuine, &altered]),
        two(
            "a certificate and a web page",
            &[&genuine, "https://www.example.cn/"],
        ),
        two(
            "a web page and a certificate",
            &["https://www.example.cn/", &genuine],
        ),
        two("a certificate and its address alone", &[&genuine, &address]),
        two("a certificate in both cases", &[&genuine, &lower]),
        two("two copies and another", &[&genuine, &genuine, &other]),
        two(
            "two web pages",
            &["https://www.example.cn/a", "https://www.example.cn/b"],
        ),
        two("two forged ones", &[&forged, &altered]),
        of_sizes("two certificates stacked", &[(&genuine, 1), (&other, 1)]),
        of_sizes(
            "a certificate under a larger one",
            &[(&other, 2), (&genuine, 1)],
        ),
        of_sizes(
            "a certificate under one three times as large",
            &[(&other, 3), (&genuine, 1)],
        ),
        of_sizes(
            "a large forged one under a certificate",
            &[(&genuine, 1), (&forged, 2)],
        ),
        of_sizes(
            "a small web page under a certificate",
            &[(&genuine, 2), ("https://www.example.cn/", 1)],
        ),
        of_sizes(
            "a large web page under a certificate",
            &[(&genuine, 1), ("https://www.example.cn/", 4)],
        ),
    ]
}

fn something_else() -> Vec<Case> {
    let else_ =
        |name: &str, text: &str, reason: &str| Case::read(name, "not_genuine", reason, code(text));
    let genuine = genuine_text();
    let bare = genuine.split('#').nth(1).expect("a fragment").to_owned();
    vec![
        else_("a greeting", "你好", "qr_not_ours"),
        else_("digits", "1234567890", "qr_base32"),
        else_("a web page", "https://www.example.cn/", "qr_not_ours"),
        else_(
            "a page that imitates ours",
            "https://verify.example.cn.example.org/certificate/valid",
            "qr_not_ours",
        ),
        else_(
            "a page without encryption",
            &genuine.replacen("HTTPS", "HTTP", 1),
            "qr_not_ours",
        ),
        else_(
            "a network",
            "WIFI:T:WPA;S:school;P:12345678;;",
            "qr_not_ours",
        ),
        else_(
            "a visiting card",
            "BEGIN:VCARD\nVERSION:3.0\nFN:Li\nEND:VCARD",
            "qr_not_ours",
        ),
        else_("a telephone number", "tel:12385", "qr_not_ours"),
        else_("a message", "SMSTO:12385:hello", "qr_not_ours"),
        else_("a place", "geo:39.9,116.4", "qr_not_ours"),
        else_(
            "a payment",
            "https://pay.example.cn/collect?amount=1",
            "qr_not_ours",
        ),
        else_(
            "a health certificate",
            "HC1:6BFOXN%TS3DH0YOJ58S S-W5HDC *M0II5XHC9B5G2+$N",
            "qr_not_ours",
        ),
        else_("a script", "<script>alert(1)</script>", "qr_not_ours"),
        else_("a script address", "javascript:alert(1)", "qr_not_ours"),
        else_("a database sentence", "' OR 1=1 --", "qr_not_ours"),
        else_("a JSON document", "{\"state\":\"valid\"}", "qr_not_ours"),
        else_("a token", "eyJhbGciOiJub25lIn0.e30.", "qr_not_ours"),
        else_("the word valid", "VALID", "qr_base32"),
        else_(
            "another path",
            &genuine.replacen("/V/", "/W/", 1),
            "qr_not_ours",
        ),
        else_(
            "an address with a user",
            &genuine.replacen("VERIFY", "A:B@VERIFY", 1),
            "qr_host",
        ),
        else_(
            "an address with a query",
            &genuine.replacen('#', "?X=1#", 1),
            "qr_public_id",
        ),
        else_(
            "a short id",
            "HTTPS://VERIFY.EXAMPLE.CN/V/AEBAGBAF#AA",
            "qr_public_id",
        ),
        else_("a damaged fragment", &format!("{genuine}1"), "qr_base32"),
        else_(
            "half of the bytes alone",
            &bare[..bare.len() / 2],
            "qr_base32",
        ),
    ]
}

/// Codes of certificates, of which none may be called valid.
fn of_certificates() -> Vec<Case> {
    let genuine = || code(&genuine_text());
    let address = genuine_text()
        .split('#')
        .next()
        .expect("an address")
        .to_owned();
    vec![
        Case::read(
            "forged",
            "not_genuine",
            "signature_mismatch",
            code(&forged_text()),
        ),
        Case::read(
            "altered",
            "not_genuine",
            "signature_mismatch",
            code(&altered_text()),
        ),
        Case::read(
            "an address alone",
            "indeterminate",
            "not_presented",
            code(&address),
        )
        .with("active", "offline"),
        Case::read(
            "genuine without a key",
            "indeterminate",
            "key_unknown",
            genuine(),
        )
        .with("none", "registry"),
        Case::read(
            "genuine without a network",
            "indeterminate",
            "log_not_checked",
            genuine(),
        )
        .with("active", "offline"),
        Case::read("genuine and revoked", "revoked", "revoked", genuine())
            .with("active", "revoked"),
        Case::read("genuine and on hold", "suspended", "suspended", genuine())
            .with("active", "suspended"),
        Case::read(
            "genuine and replaced",
            "superseded",
            "superseded",
            genuine(),
        )
        .with("active", "superseded"),
        Case::read(
            "genuine and not logged",
            "not_genuine",
            "not_logged",
            genuine(),
        )
        .with("active", "not_logged"),
        Case::read(
            "genuine by a stolen key",
            "not_genuine",
            "key_compromised",
            genuine(),
        )
        .with("compromised", "logged_late"),
        Case::read(
            "genuine, status out of date",
            "indeterminate",
            "status_stale",
            genuine(),
        )
        .with("active", "stale"),
    ]
}
