//! Credentials with an embedded proof: Data Integrity, cryptosuite `eddsa-rdfc-2022` (W3C VC Data Integrity EdDSA
//! Cryptosuites 1.0 section 3.2; `docs/formats.md` section 14).
//!
//! For verifiers that know no VC-JWT, such as verifier-core and Digital Bazaar's. A crate of its own because JSON-LD brings a
//! hundred others; the rest of the registry builds without it. The contexts are bundled and nothing is fetched; a term that they
//! do not define is refused, so everything in the document is signed.

use std::fmt;

use certs::credential::{did, key_url};
use certs::keys::{KeyId, KeySet, KeyState, SignError, Signer};
use certs::qr::Host;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

mod canonical;

pub use canonical::BUNDLED;

const SUITE: &str = "eddsa-rdfc-2022";
/// Largest document that is checked, in bytes of JSON: a status list of a million entries in base64, and some more.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Clocks may differ by this much.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Why a document was not signed, or its proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LdFault {
    /// Larger than 2 MiB.
    #[error("内容过长 / the document is too large")]
    TooLarge,
    /// No JSON object, or not of the bundled contexts, or it holds a term that they do not define.
    #[error("不是可签名的凭证 / not a document of the bundled contexts")]
    Document,
    /// There is no proof, there are several, or it is not exactly of this suite.
    #[error("证明缺失或格式不符 / the proof is missing or of another form")]
    Proof,
    /// The key is not one of this registry's did:web, or not in use.
    #[error("签发密钥未知或不可用 / the signing key is unknown or not usable")]
    Key,
    /// The issuer is not this registry.
    #[error("签发者不是本平台 / another issuer")]
    Issuer,
    /// The signature does not fit.
    #[error("签名不符,内容可能被改动 / the signature does not match")]
    Signature,
    /// Not yet, or no longer, in its time.
    #[error("不在有效期内 / outside of its time")]
    Time,
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Adds a proof to a credential, as [`certs::credential::badge_json`] or [`certs::credential::status_list_json`] makes it.
pub fn sign(
    document: &Value,
    host: &Host,
    created: DateTime<Utc>,
    signer: &dyn Signer,
) -> Result<Value, LdFault> {
    let mut signed = document.as_object().ok_or(LdFault::Document)?.clone();
    if signed.contains_key("proof") {
        return Err(LdFault::Proof);
    }
    let created = created.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut proof = options(&created, &key_url(host, signer.key_id()));
    let signature = signer.sign(&hash_data(&signed, &proof)?)?;
    let value = format!("z{}", bs58::encode(signature).into_string());
    proof.insert("proofValue".to_owned(), value.into());
    signed.insert("proof".to_owned(), Value::Object(proof));
    Ok(Value::Object(signed))
}

/// The members of the proof that are signed; the context is added when they are hashed.
fn options(created: &str, verification_method: &str) -> Map<String, Value> {
    let proof = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    });
    match proof {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Hash of the proof's options, then that of the document (section 3.3.4 of the suite).
fn hash_data(
    document: &Map<String, Value>,
    proof: &Map<String, Value>,
) -> Result<Vec<u8>, LdFault> {
    let context = document.get("@context").ok_or(LdFault::Document)?;
    let mut options = proof.clone();
    options.insert("@context".to_owned(), context.clone());
    let hash = |value: &Map<String, Value>| -> Result<_, LdFault> {
        let canonical = canonical::canonical_form(value).ok_or(LdFault::Document)?;
        Ok(Sha256::digest(canonical.as_bytes()))
    };
    Ok([hash(&options)?, hash(document)?].concat())
}

/// A document whose proof holds.
#[derive(Clone, PartialEq)]
pub struct VerifiedDocument {
    /// The document without its proof.
    pub document: Value,
    /// The key that signed.
    pub key_id: KeyId,
    /// When it was signed.
    pub created: DateTime<Utc>,
}

/// Leaves out the content: it may hold a name.
impl fmt::Debug for VerifiedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedDocument({} {})", self.key_id, self.created)
    }
}

/// Checks the proof of a document of the registry at `host`, its issuer, and its time.
pub fn verify(
    text: &str,
    host: &Host,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<VerifiedDocument, LdFault> {
    if text.len() > MAX_BYTES {
        return Err(LdFault::TooLarge);
    }
    let mut document: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| LdFault::Document)?;
    let Some(Value::Object(mut proof)) = document.remove("proof") else {
        return Err(LdFault::Proof);
    };
    let signature = signature(&mut proof).ok_or(LdFault::Proof)?;
    let member = |name: &str| proof.get(name).and_then(Value::as_str).unwrap_or_default();
    let created = moment(member("created")).ok_or(LdFault::Proof)?;
    let method = member("verificationMethod");
    if proof != options(member("created"), method) {
        return Err(LdFault::Proof);
    }
    let key_id: KeyId = method
        .strip_prefix(&did(host))
        .and_then(|rest| rest.strip_prefix('#')?.parse().ok())
        .ok_or(LdFault::Key)?;
    let key = keys.find(&key_id).ok_or(LdFault::Key)?;
    if !matches!(key.state, KeyState::Active | KeyState::Retired) {
        return Err(LdFault::Key);
    }
    key.public_key
        .verify(&hash_data(&document, &proof)?, &signature)
        .map_err(|_| LdFault::Signature)?;
    check_issuer_and_time(&document, host, now)?;
    let signed_then = key.not_before <= created && created < key.not_after;
    if !signed_then || created > now + CLOCK_TOLERANCE {
        return Err(LdFault::Time);
    }
    Ok(VerifiedDocument {
        document: Value::Object(document),
        key_id,
        created,
    })
}

/// The signature, in the one base58 text that it has.
fn signature(proof: &mut Map<String, Value>) -> Option<Vec<u8>> {
    let value = proof.remove("proofValue")?;
    let text = value.as_str()?.strip_prefix('z')?;
    // 64 bytes have at most 88 digits; decoding takes quadratic time.
    if text.len() > 88 {
        return None;
    }
    let bytes = bs58::decode(text).into_vec().ok()?;
    (bs58::encode(&bytes).into_string() == text).then_some(bytes)
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

fn check_issuer_and_time(
    document: &Map<String, Value>,
    host: &Host,
    now: DateTime<Utc>,
) -> Result<(), LdFault> {
    let issuer = document.get("issuer").ok_or(LdFault::Issuer)?;
    let issuer = issuer.get("id").unwrap_or(issuer);
    if issuer.as_str() != Some(&did(host)) {
        return Err(LdFault::Issuer);
    }
    let time = |name: &str| match document.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(moment)
            .map(Some)
            .ok_or(LdFault::Time),
    };
    let from = time("validFrom")?.ok_or(LdFault::Time)?;
    let until = time("validUntil")?;
    if from > now + CLOCK_TOLERANCE || until.is_some_and(|until| now >= until) {
        return Err(LdFault::Time);
    }
    Ok(())
}
