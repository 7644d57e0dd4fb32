//! What the targets share: keys of a test registry, and tokens with any content under a signature that holds.

use certs::keys::{KeyId, KeyRecord, KeySet, KeyState, Signer, SoftwareSigner};
use certs::log::WitnessPolicy;
use certs::qr::Host;
use certs::trust_list::{KeyPurpose, TrustList, TrustedKey};
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use std::sync::LazyLock;
use zeroize::Zeroizing;

pub mod targets;

/// The issuer of every target.
pub static ISSUER: LazyLock<SoftwareSigner> = LazyLock::new(|| {
    let kid = "k3726".parse().expect("a kid");
    SoftwareSigner::from_seed(kid, Zeroizing::new([7; 32]))
});

/// Its key, in use.
pub static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let record = KeyRecord {
        public_key: ISSUER.public_key().clone(),
        federation: "370000".parse().expect("a federation code"),
        not_before: "2026-01-01T00:00:00Z".parse().expect("a moment"),
        not_after: "2027-01-01T00:00:00Z".parse().expect("a moment"),
        state: KeyState::Active,
    };
    [(ISSUER.key_id().clone(), record)].into_iter().collect()
});

/// A trust list in which its key is also that of the log.
pub static LIST: LazyLock<TrustList> = LazyLock::new(|| {
    let kid: KeyId = "log".parse().expect("a kid");
    let key = TrustedKey {
        purpose: KeyPurpose::Log("verify.example.cn/log".parse().expect("an origin")),
        public_key: ISSUER.public_key().clone(),
        not_before: "2026-01-01T00:00:00Z".parse().expect("a moment"),
        not_after: "2027-01-01T00:00:00Z".parse().expect("a moment"),
        state: KeyState::Active,
    };
    TrustList {
        version: 1,
        issued_at: now(),
        valid_until: now() + chrono::TimeDelta::days(14),
        keys: [(kid, key)].into(),
        witnesses: WitnessPolicy::default(),
        earlier_witnesses: Vec::new(),
    }
});

/// Its host.
pub static HOST: LazyLock<Host> = LazyLock::new(|| "verify.example.cn".parse().expect("a host"));

/// A moment within the key's period.
pub fn now() -> DateTime<Utc> {
    "2026-05-01T04:00:00Z".parse().expect("a moment")
}

/// A token with this payload under a header and a signature that hold, so that the payload's reader is reached.
pub fn token(typ: &str, payload: &[u8]) -> String {
    let header =
        format!(r#"{{"alg":"EdDSA","typ":"{typ}","kid":"did:web:verify.example.cn#k3726"}}"#);
    let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signed = format!("{}.{}", part(header.as_bytes()), part(payload));
    let signature = ISSUER.sign(signed.as_bytes()).expect("signed");
    format!("{signed}.{}", part(&signature))
}
