//! Key binding: the presenter proves to have the holder's key (RFC 9901 section 4.3).

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::Value;

use super::super::did::jwk;
use super::super::fault::CredentialFault;
use super::super::jws;
use super::digest;
use crate::keys::{Algorithm, PublicKey};

const TYP: &str = "kb+jwt";
/// How old a proof may be, and how far clocks may differ.
const MAX_AGE: TimeDelta = TimeDelta::minutes(5);
/// Longest proof in characters.
const MAX: usize = 4096;

/// What the verifier asked the presenter to sign.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// Who asks.
    pub audience: &'a str,
    /// A fresh random text.
    pub nonce: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iat: i64,
    aud: String,
    nonce: String,
    sd_hash: String,
}

/// Checks a proof. It is written by the holder's wallet, so its notation is not compared, only its members.
pub(super) fn verify(
    proof: &str,
    bound: &str,
    holder: &Value,
    asked: &Binding<'_>,
    now: DateTime<Utc>,
) -> Result<(), CredentialFault> {
    let key = holder_key(holder).ok_or(CredentialFault::Payload)?;
    if proof.len() > MAX {
        return Err(CredentialFault::TooLong);
    }
    let parts: Vec<&str> = proof.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err(CredentialFault::Binding);
    };
    let signed = &proof[..header.len() + 1 + claims.len()];
    let header: Header =
        serde_json::from_slice(&jws::base64(header)?).map_err(|_| CredentialFault::Binding)?;
    if header.typ != TYP || header.alg != key.algorithm().as_str() {
        return Err(CredentialFault::Binding);
    }
    key.verify(signed.as_bytes(), &jws::base64(signature)?)
        .map_err(|_| CredentialFault::Binding)?;
    let claims: Claims =
        serde_json::from_slice(&jws::base64(claims)?).map_err(|_| CredentialFault::Binding)?;
    let fresh = DateTime::from_timestamp(claims.iat, 0)
        .is_some_and(|at| (now - MAX_AGE..=now + MAX_AGE).contains(&at));
    let fits = claims.aud == asked.audience
        && claims.nonce == asked.nonce
        && claims.sd_hash == digest(bound);
    if fresh && fits {
        Ok(())
    } else {
        Err(CredentialFault::Binding)
    }
}

/// The key in `cnf`, exactly as this registry writes it.
fn holder_key(holder: &Value) -> Option<PublicKey> {
    let algorithm: Algorithm = holder.get("alg")?.as_str()?.parse().ok()?;
    let bytes = BASE64URL_NOPAD
        .decode(holder.get("x")?.as_str()?.as_bytes())
        .ok()?;
    let key = PublicKey::from_bytes(algorithm, &bytes).ok()?;
    (jwk(&key) == *holder).then_some(key)
}
