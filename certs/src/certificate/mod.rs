//! A certificate: the claims in its COSE_Sign1, signing and strict reading (`docs/formats.md` section 2, interop.md).

use std::fmt;
use std::num::NonZeroUsize;

use chrono::{DateTime, Utc};
use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};
use domain::{CertificateNo, CreditCode, PersonName, ProgramCode, PublicId, SkillLevel};
use sha2::{Digest, Sha256};

use crate::keys::{KeyId, KeySet, SignError, Signer};

mod claims;
mod decode;
mod fault;

pub use decode::{Decoded, decode};
pub use fault::{FormatFault, SignatureFault};

/// Longest certificate in bytes (trust.md OV-3).
pub const MAX_BYTES: usize = 4096;

/// Below this many certificates a thread costs more than it saves.
const SMALLEST_SHARE: usize = 64;

/// What a certificate states. Nothing about disability, no identity number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// When it was issued; whole seconds.
    pub issued_at: DateTime<Utc>,
    /// When it ends, exclusive; `None`: it does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// The holder's full name.
    pub holder: PersonName,
    /// Number printed on the certificate.
    pub certificate_no: CertificateNo,
    /// The program that was completed.
    pub program: ProgramCode,
    /// The institution that trained.
    pub institution: CreditCode,
    /// Skill level, where the program leads to one.
    pub level: Option<SkillLevel>,
    /// Number of the status list.
    pub status_list: u32,
    /// Index in the status list.
    pub status_index: u32,
    /// The random public id.
    pub public_id: PublicId,
}

/// The signed bytes of a certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedCertificate {
    bytes: Vec<u8>,
}

impl SignedCertificate {
    /// The tagged COSE_Sign1.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The tagged COSE_Sign1.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The certificate hash, which stands in the log.
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.bytes)
    }
}

/// Shows the hash only: the bytes hold a name.
impl fmt::Debug for SignedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SignedCertificate({})",
            data_encoding::HEXLOWER.encode(&self.sha256())
        )
    }
}

/// The certificate hash: SHA-256 over the tagged COSE_Sign1.
pub fn sha256(cose: &[u8]) -> [u8; 32] {
    Sha256::digest(cose).into()
}

/// Signs a certificate; the signature is checked before it is returned.
pub fn sign(claims: &Claims, signer: &dyn Signer) -> Result<SignedCertificate, SignFault> {
    let unsigned = unsigned(claims, signer)?;
    let signature = signer.sign(&unsigned.tbs_data(b""))?;
    assemble(unsigned, signature)
}

/// Signs a batch in order, all or nothing, on up to `workers` threads; every signature is checked before any is returned.
pub fn sign_all(
    claims: &[Claims],
    signer: &dyn Signer,
    workers: NonZeroUsize,
) -> Result<Vec<SignedCertificate>, SignFault> {
    let share = claims.len().div_ceil(workers.get()).max(SMALLEST_SHARE);
    if claims.len() <= share {
        return sign_share(claims, signer);
    }
    let shares = std::thread::scope(|scope| {
        let threads: Vec<_> = claims
            .chunks(share)
            .map(|share| scope.spawn(move || sign_share(share, signer)))
            .collect();
        // A thread that dies of a fault in a driver signs nothing; the others are awaited all the same.
        let ends: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Err(SignError::Unavailable.into())))
            .collect();
        ends.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    Ok(shares.into_iter().flatten().collect())
}

fn sign_share(claims: &[Claims], signer: &dyn Signer) -> Result<Vec<SignedCertificate>, SignFault> {
    let unsigned = claims
        .iter()
        .map(|claims| unsigned(claims, signer))
        .collect::<Result<Vec<_>, _>>()?;
    let messages: Vec<_> = unsigned
        .iter()
        .map(|unsigned| unsigned.tbs_data(b""))
        .collect();
    let signatures = signer.sign_all(&messages)?;
    unsigned
        .into_iter()
        .zip(signatures)
        .map(|(unsigned, signature)| assemble(unsigned, signature))
        .collect()
}

fn unsigned(claims: &Claims, signer: &dyn Signer) -> Result<CoseSign1, SignFault> {
    if claims.expires_at.is_some_and(|end| end <= claims.issued_at) {
        return Err(SignFault::Dates);
    }
    let protected = HeaderBuilder::new()
        .algorithm(signer.public_key().algorithm().iana())
        .key_id(signer.key_id().as_str().as_bytes().to_vec())
        .build();
    Ok(CoseSign1Builder::new()
        .protected(protected)
        .payload(claims::encode(claims))
        .build())
}

fn assemble(unsigned: CoseSign1, signature: Vec<u8>) -> Result<SignedCertificate, SignFault> {
    let bytes = CoseSign1 {
        signature,
        ..unsigned
    }
    .to_tagged_vec()
    .map_err(|_| SignFault::TooLong)?;
    if bytes.len() > MAX_BYTES {
        Err(SignFault::TooLong)
    } else {
        Ok(SignedCertificate { bytes })
    }
}

/// Why a certificate was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignFault {
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It would expire before it is issued.
    #[error("有效期应晚于签发时间 / a certificate ends after its issue")]
    Dates,
    /// It would be longer than a reader accepts.
    #[error("证书内容过长 / the certificate is too long")]
    TooLong,
}

/// Claims whose signature a known key confirms. Only [`verify`] makes it; the state of the key and of the certificate is
/// for [`crate::verdict`] to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedClaims {
    claims: Claims,
    key_id: KeyId,
    sha256: [u8; 32],
}

impl VerifiedClaims {
    /// The claims.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The key that signed.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The certificate hash.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

impl std::ops::Deref for VerifiedClaims {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.claims
    }
}

/// Reads strictly and checks the signature with the key that the certificate names.
pub fn verify(bytes: &[u8], keys: &KeySet) -> Result<VerifiedClaims, SignatureFault> {
    decode(bytes)?.verify(keys)
}
