//! Documents of our own, signed as COSE_Sign1: a content type in the protected header keeps them apart from certificates and
//! from each other (`docs/formats.md` section 17.1).

use ciborium_ll::Header as Head;
use coset::iana::{EnumI64, HeaderParameter};
use coset::{
    CoseSign1, CoseSign1Builder, HeaderBuilder, ProtectedHeader, SignatureContext,
    TaggedCborSerializable, sig_structure_data,
};

use crate::cbor::{self, Fields};
use crate::keys::{Algorithm, KeyId, PublicKey, SignError, Signer};

/// A document that was read and whose signature nobody has checked yet.
pub(crate) struct Sealed {
    pub(crate) key_id: KeyId,
    pub(crate) payload: Vec<u8>,
    algorithm: Algorithm,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// Why bytes are no document of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealFault {
    /// Not exactly one COSE_Sign1 with the headers that are asked for.
    Form,
    /// A document of another kind.
    ContentType,
    /// The signature does not fit the key.
    Signature,
}

impl Sealed {
    /// Checks the signature.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), SealFault> {
        if key.algorithm() != self.algorithm {
            return Err(SealFault::Signature);
        }
        key.verify(&self.message, &self.signature)
            .map_err(|_| SealFault::Signature)
    }
}

/// Signs a payload as a document of this content type; the signature is checked before it is returned.
pub(crate) fn seal(
    content_type: &str,
    payload: Vec<u8>,
    signer: &dyn Signer,
) -> Result<Vec<u8>, SignError> {
    let protected = HeaderBuilder::new()
        .algorithm(signer.public_key().algorithm().iana())
        .content_type(content_type.to_owned())
        .key_id(signer.key_id().as_str().as_bytes().to_vec())
        .build();
    CoseSign1Builder::new()
        .protected(protected)
        .payload(payload)
        .try_create_signature(b"", |message| signer.sign(message))?
        .build()
        .to_tagged_vec()
        .map_err(|_| SignError::SelfCheck)
}

/// Reads a tagged COSE_Sign1 strictly; the payload is not looked at.
pub(crate) fn open(content_type: &str, bytes: &[u8]) -> Result<Sealed, SealFault> {
    let (tag, body) = cbor::head(bytes, 0).map_err(|_| SealFault::Form)?;
    if tag != Head::Tag(CoseSign1::TAG) {
        return Err(SealFault::Form);
    }
    let parts = cbor::decode(&bytes[body..])
        .ok()
        .and_then(|body| body.into_array().ok())
        .and_then(|parts| <[_; 4]>::try_from(parts).ok());
    let [protected, unprotected, payload, signature] = parts.ok_or(SealFault::Form)?;
    if !unprotected.into_map().is_ok_and(|map| map.is_empty()) {
        return Err(SealFault::Form);
    }
    let bytes_of = |part: ciborium::Value| part.into_bytes().map_err(|_| SealFault::Form);
    let (protected, payload) = (bytes_of(protected)?, bytes_of(payload)?);
    let signature = bytes_of(signature)?;
    let (algorithm, found, key_id) = headers(&protected).ok_or(SealFault::Form)?;
    if signature.len() != algorithm.signature_len() {
        return Err(SealFault::Form);
    }
    if found != content_type {
        return Err(SealFault::ContentType);
    }
    let protected = ProtectedHeader {
        original_data: Some(protected),
        ..ProtectedHeader::default()
    };
    let message = sig_structure_data(SignatureContext::CoseSign1, protected, None, b"", &payload);
    Ok(Sealed {
        key_id,
        payload,
        algorithm,
        message,
        signature,
    })
}

/// Algorithm, content type and key id, and nothing else.
fn headers(protected: &[u8]) -> Option<(Algorithm, String, KeyId)> {
    let mut fields = Fields::new(cbor::decode(protected).ok()?)?;
    let algorithm = fields.take(HeaderParameter::Alg.to_i64())?.into_integer();
    let algorithm = Algorithm::from_cose_id(algorithm.ok()?.try_into().ok()?)?;
    let content_type = fields.text(HeaderParameter::ContentType.to_i64())?;
    let key_id = fields.bytes(HeaderParameter::Kid.to_i64())?;
    let key_id = String::from_utf8(key_id).ok()?.parse().ok()?;
    fields
        .is_empty()
        .then_some((algorithm, content_type, key_id))
}
