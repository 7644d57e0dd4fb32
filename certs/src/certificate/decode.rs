//! The strict reader of a COSE_Sign1 (trust.md KY-8).

use std::fmt;

use ciborium::Value;
use ciborium_ll::Header as Head;
use coset::iana::{EnumI64, HeaderParameter};
use coset::{
    CoseSign1, ProtectedHeader, SignatureContext, TaggedCborSerializable, sig_structure_data,
};

use super::fault::{FormatFault, SignatureFault};
use super::{Claims, MAX_BYTES, VerifiedClaims, claims, sha256};
use crate::cbor::{self, CborFault, Fields};
use crate::keys::{Algorithm, BadSignature, KeyId, KeySet, PublicKey};

/// A well-formed certificate whose signature nobody has checked yet: its claims may be anybody's invention.
#[derive(Clone)]
pub struct Decoded {
    key_id: KeyId,
    algorithm: Algorithm,
    claims: Claims,
    message: Vec<u8>,
    signature: Vec<u8>,
    sha256: [u8; 32],
}

/// Leaves out the content: it holds a name.
impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Decoded({} {})",
            self.key_id,
            data_encoding::HEXLOWER.encode(&self.sha256)
        )
    }
}

impl Decoded {
    /// The key it names.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The claims, unverified.
    pub fn unverified_claims(&self) -> &Claims {
        &self.claims
    }

    /// The certificate hash.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Checks the signature with the key of the set that it names.
    pub fn verify(self, keys: &KeySet) -> Result<VerifiedClaims, SignatureFault> {
        let record = keys.find(&self.key_id).ok_or(SignatureFault::UnknownKey)?;
        self.verify_with(&record.public_key)
    }

    /// Checks the signature with one key, whatever its name.
    pub fn verify_with(self, key: &PublicKey) -> Result<VerifiedClaims, SignatureFault> {
        if key.algorithm() != self.algorithm {
            return Err(SignatureFault::AlgorithmMismatch);
        }
        key.verify(&self.message, &self.signature)
            .map_err(|BadSignature| SignatureFault::Mismatch)?;
        Ok(VerifiedClaims {
            claims: self.claims,
            key_id: self.key_id,
            sha256: self.sha256,
        })
    }
}

/// Reads a tagged COSE_Sign1; exactly one encoding of a certificate is accepted.
pub fn decode(bytes: &[u8]) -> Result<Decoded, FormatFault> {
    if bytes.len() > MAX_BYTES {
        return Err(FormatFault::TooLong);
    }
    let (tag, body) = cbor::head(bytes, 0).map_err(|fault| match fault {
        // Something else than a tag at the front is not "malformed": it is not a certificate.
        CborFault::Malformed => FormatFault::Tag,
        fault => fault.into(),
    })?;
    if tag != Head::Tag(CoseSign1::TAG) {
        return Err(FormatFault::Tag);
    }
    let [protected, unprotected, payload, signature] = four_parts(cbor::decode(&bytes[body..])?)?;
    if !unprotected.into_map().is_ok_and(|map| map.is_empty()) {
        return Err(FormatFault::Unprotected);
    }
    let protected = byte_string(protected)?;
    let (algorithm, key_id) = headers(&protected)?;
    let signature = byte_string(signature)?;
    if signature.len() != algorithm.signature_len() {
        return Err(FormatFault::SignatureLength);
    }
    let payload = byte_string(payload)?;
    let claims = claims::decode(&payload)?;
    Ok(Decoded {
        key_id,
        algorithm,
        claims,
        message: message(protected, &payload),
        signature,
        sha256: sha256(bytes),
    })
}

fn four_parts(body: Value) -> Result<[Value; 4], FormatFault> {
    let parts = body.into_array().map_err(|_| FormatFault::Structure)?;
    parts.try_into().map_err(|_| FormatFault::Structure)
}

fn byte_string(part: Value) -> Result<Vec<u8>, FormatFault> {
    part.into_bytes().map_err(|_| FormatFault::Structure)
}

/// The protected header: algorithm and key id, nothing else.
fn headers(protected: &[u8]) -> Result<(Algorithm, KeyId), FormatFault> {
    if protected.is_empty() {
        return Err(FormatFault::AlgorithmMissing);
    }
    // A header with a text label is no `Fields`, and none of ours.
    let mut fields = Fields::new(cbor::decode(protected)?).ok_or(FormatFault::HeaderUnknown)?;
    if fields.take(HeaderParameter::Crit.to_i64()).is_some() {
        return Err(FormatFault::CriticalHeader);
    }
    let algorithm = fields
        .take(HeaderParameter::Alg.to_i64())
        .ok_or(FormatFault::AlgorithmMissing)?;
    let algorithm = algorithm
        .into_integer()
        .ok()
        .and_then(|id| Algorithm::from_cose_id(id.try_into().ok()?));
    let algorithm = algorithm.ok_or(FormatFault::AlgorithmUnknown)?;
    let key_id = fields
        .take(HeaderParameter::Kid.to_i64())
        .ok_or(FormatFault::KeyIdMissing)?;
    let key_id = key_id
        .into_bytes()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    let key_id = key_id.ok_or(FormatFault::KeyIdInvalid)?;
    if fields.is_empty() {
        Ok((algorithm, key_id))
    } else {
        Err(FormatFault::HeaderUnknown)
    }
}

/// What is signed: the `Sig_structure` of RFC 9052 section 4.4 over the bytes as they came.
fn message(protected: Vec<u8>, payload: &[u8]) -> Vec<u8> {
    let protected = ProtectedHeader {
        original_data: Some(protected),
        ..ProtectedHeader::default()
    };
    sig_structure_data(SignatureContext::CoseSign1, protected, None, b"", payload)
}
