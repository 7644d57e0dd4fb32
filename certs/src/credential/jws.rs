//! JWS compact serialisation (RFC 7515 section 7.1) with our [`Signer`], and its strict reader.
//!
//! Not by the `jsonwebtoken` crate: it takes the private key's bytes and one provider for the whole process, so a key in a
//! PKCS#11 token cannot sign with it, and it skips unknown headers when reading.

use data_encoding::BASE64URL_NOPAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::did::{key_url, parse_key_url};
use super::fault::CredentialFault;
use crate::keys::{Algorithm, KeyId, KeyRecord, KeySet, SignError, Signer};
use crate::qr::Host;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyHeader {
    alg: String,
    typ: String,
    kid: String,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Signs a payload.
pub(super) fn sign(
    typ: &str,
    host: &Host,
    payload: &impl Serialize,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let header = Header {
        alg: signer.public_key().algorithm().as_str(),
        typ,
        kid: &key_url(host, signer.key_id()),
    };
    let signed = format!("{}.{}", part(&header), part(payload));
    let signature = signer.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}

fn part(value: &impl Serialize) -> String {
    BASE64URL_NOPAD.encode(&json_bytes(value))
}

pub(super) fn json_bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("structs of text and numbers have a JSON form")
}

pub(super) fn base64(text: &str) -> Result<Vec<u8>, CredentialFault> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| CredentialFault::Base64)
}

/// A token whose signature holds.
pub(super) struct Verified<'k> {
    pub(super) key_id: KeyId,
    pub(super) key: &'k KeyRecord,
    pub(super) payload: Vec<u8>,
}

/// Reads a token of this registry: exactly three header members, the algorithm that of the key, the key by its name alone.
pub(super) fn verify<'k>(
    text: &str,
    typ: &str,
    limit: usize,
    host: &Host,
    keys: &'k KeySet,
) -> Result<Verified<'k>, CredentialFault> {
    if text.len() > limit {
        return Err(CredentialFault::TooLong);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(CredentialFault::Parts);
    };
    let signed = &text[..header.len() + 1 + payload.len()];
    let (algorithm, key_id) = read_header(&base64(header)?, typ, host)?;
    let payload = base64(payload)?;
    let signature = base64(signature)?;
    let key = keys.find(&key_id).ok_or(CredentialFault::UnknownKey)?;
    if key.public_key.algorithm() != algorithm {
        return Err(CredentialFault::AlgorithmMismatch);
    }
    key.public_key
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| CredentialFault::Signature)?;
    Ok(Verified {
        key_id,
        key,
        payload,
    })
}

fn read_header(
    bytes: &[u8],
    typ: &str,
    host: &Host,
) -> Result<(Algorithm, KeyId), CredentialFault> {
    let header: AnyHeader = serde_json::from_slice(bytes).map_err(|_| CredentialFault::Header)?;
    if header.crit {
        return Err(CredentialFault::CriticalHeader);
    }
    if header.typ != typ {
        return Err(CredentialFault::Type);
    }
    let algorithm = header.alg.parse().map_err(|_| CredentialFault::Algorithm)?;
    let key_id = parse_key_url(host, &header.kid).ok_or(CredentialFault::KeyId)?;
    let written = Header {
        alg: &header.alg,
        typ: &header.typ,
        kid: &header.kid,
    };
    // Blanks, escapes or another order: the same header in another text.
    if json_bytes(&written) != bytes {
        return Err(CredentialFault::Header);
    }
    Ok((algorithm, key_id))
}
