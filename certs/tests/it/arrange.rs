//! Keys and certificates to look at. All people are invented.

use certs::certificate::{self, Claims, SignedCertificate};
use certs::credential::{CertificateFacts, Occupation, Salts};
use certs::keys::{KeyRecord, KeySet, KeyState, Signer, SoftwareSigner};
use certs::qr::Host;
use chrono::{DateTime, Utc};
use domain::{CertificateNo, PublicId, SkillLevel};
use zeroize::Zeroizing;

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

pub(crate) fn signer(kid: &str, seed: u8) -> SoftwareSigner {
    SoftwareSigner::from_seed(kid.parse().expect("a kid"), Zeroizing::new([seed; 32]))
}

pub(crate) fn issuer() -> SoftwareSigner {
    signer("k3726", 7)
}

pub(crate) fn claims() -> Claims {
    Claims {
        issued_at: at("2026-03-08T02:00:00Z"),
        expires_at: None,
        holder: "买买提·艾力".parse().expect("a name"),
        certificate_no: CertificateNo::mint("37", 2026, &[1, 2, 3, 4, 5, 6, 7, 8])
            .expect("a certificate number"),
        program: "P3700012".parse().expect("a program code"),
        institution: "521101053269910274".parse().expect("a credit code"),
        level: Some(SkillLevel::Four),
        status_list: 3,
        status_index: 70_001,
        public_id: PublicId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
    }
}

pub(crate) fn signed() -> SignedCertificate {
    certificate::sign(&claims(), &issuer()).expect("signed")
}

pub(crate) fn record(signer: &SoftwareSigner, state: KeyState) -> KeyRecord {
    KeyRecord {
        public_key: signer.public_key().clone(),
        federation: "370000".parse().expect("a federation code"),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2027-01-01T00:00:00Z"),
        state,
    }
}

pub(crate) fn keys_with(state: KeyState) -> KeySet {
    let issuer = issuer();
    [(issuer.key_id().clone(), record(&issuer, state))]
        .into_iter()
        .collect()
}

pub(crate) fn keys() -> KeySet {
    keys_with(KeyState::Active)
}

pub(crate) fn host() -> Host {
    "verify.example.cn".parse().expect("a host")
}

/// The certificate of [`claims`] as other software sees it.
pub(crate) fn facts() -> CertificateFacts {
    let claims = claims();
    CertificateFacts {
        host: host(),
        public_id: claims.public_id,
        certificate_no: claims.certificate_no,
        holder: claims.holder,
        program: claims.program,
        program_name: Some("面点制作".parse().expect("a neutral name")),
        occupation: Some(Occupation {
            code: "4-03-02-02".parse().expect("an occupation code"),
            name: Some("中式面点师".parse().expect("a neutral name")),
        }),
        level: claims.level,
        hours: 240,
        institution: claims.institution,
        institution_name: Some("济南某某职业培训学校".parse().expect("a neutral name")),
        federation: "370000".parse().expect("a federation code"),
        issued_at: claims.issued_at,
        valid_from: claims.issued_at,
        expires_at: claims.expires_at,
        status_list: claims.status_list,
        status_index: claims.status_index,
    }
}

pub(crate) fn salts() -> Salts {
    let mut salts = [[0; 16]; 9];
    for (number, salt) in (1..).zip(&mut salts) {
        *salt = [number; 16];
    }
    Salts::from_bytes(salts)
}

/// A token with any header and payload, signed by the issuer: what only a thief of the key could make.
pub(crate) fn token(header: &str, payload: &str) -> String {
    let part = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = issuer().sign(signed.as_bytes()).expect("signed");
    format!(
        "{signed}.{}",
        data_encoding::BASE64URL_NOPAD.encode(&signature)
    )
}

/// Header and payload of a token.
pub(crate) fn opened(token: &str) -> (String, String) {
    let mut parts = token.split('.').map(|part| {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(part.as_bytes());
        String::from_utf8_lossy(&bytes.expect("base64url")).into_owned()
    });
    let header = parts.next().expect("a header");
    (header, parts.next().expect("a payload"))
}
