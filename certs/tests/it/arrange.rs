//! Keys and certificates to look at. All people are invented.

use certs::certificate::{self, Claims, SignedCertificate};
use certs::keys::{KeyRecord, KeySet, KeyState, Signer, SoftwareSigner};
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
