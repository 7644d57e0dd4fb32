//! Keys: what they are called, what they verify, and who signs with them.
//!
//! The algorithm belongs to the key: nothing outside this crate names one. A second suite (SM2 with SM3) is a new variant of
//! [`Algorithm`] and of the key material here, and nothing else.

use std::fmt;
use std::str::FromStr;

use coset::iana::EnumI64;

mod public_file;
mod secret_file;
mod set;
mod software;

pub use public_file::{PublicKeyFile, PublicKeyFileFault};
pub use secret_file::{open_secret, seal_secret};
pub use set::{KeyRecord, KeySet, KeyState};
pub use software::{KeyFileFault, SoftwareSigner};

/// Name of a key: 1 to 32 of `A-Z a-z 0-9 . _ -`; the `kid` of COSE and the fragment of the DID URL (`docs/formats.md` section 1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct KeyId(String);

/// Text that is no key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "密钥编号应为 1 至 32 个英文字母、数字或 . _ - / a key id has 1 to 32 letters, digits or . _ -"
)]
pub struct BadKeyId;

impl KeyId {
    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = BadKeyId;

    fn from_str(text: &str) -> Result<Self, BadKeyId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadKeyId)
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A signature algorithm. Belongs to the key record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), verified strictly.
    Ed25519,
}

impl Algorithm {
    /// Name in JOSE headers and in the log: `EdDSA` (interop.md: `Ed25519` is refused by real clients).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "EdDSA",
        }
    }

    /// Number in the COSE registry: -8 for EdDSA.
    pub fn cose_id(self) -> i64 {
        self.iana().to_i64()
    }

    pub(crate) fn iana(self) -> coset::iana::Algorithm {
        match self {
            Self::Ed25519 => coset::iana::Algorithm::EdDSA,
        }
    }

    /// The algorithm of a COSE number, if it is one of ours.
    pub fn from_cose_id(id: i64) -> Option<Self> {
        (id == Self::Ed25519.cose_id()).then_some(Self::Ed25519)
    }

    /// Length of a signature in bytes.
    pub fn signature_len(self) -> usize {
        match self {
            Self::Ed25519 => ed25519_dalek::SIGNATURE_LENGTH,
        }
    }

    /// `kty` and `crv` of a JSON Web Key (RFC 8037 section 2).
    pub(crate) fn jwk_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Ed25519 => ("OKP", "Ed25519"),
        }
    }

    /// Prefix of a public key in `publicKeyMultibase` (multicodec `ed25519-pub`).
    pub(crate) fn multicodec(self) -> [u8; 2] {
        match self {
            Self::Ed25519 => [0xed, 0x01],
        }
    }

    pub(crate) fn from_note_type(byte: u8) -> Option<Self> {
        (byte == Self::Ed25519.note_type()).then_some(Self::Ed25519)
    }

    pub(crate) fn from_cosignature_type(byte: u8) -> Option<Self> {
        (byte == Self::Ed25519.cosignature_type()).then_some(Self::Ed25519)
    }

    /// Type byte of the key in a C2SP cosignature: 4 for Ed25519.
    pub(crate) fn cosignature_type(self) -> u8 {
        match self {
            Self::Ed25519 => 4,
        }
    }

    /// Type byte of the key in a C2SP signed note: 1 for Ed25519.
    pub(crate) fn note_type(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
        }
    }
}

impl FromStr for Algorithm {
    type Err = BadPublicKey;

    fn from_str(text: &str) -> Result<Self, BadPublicKey> {
        if text == Self::Ed25519.as_str() {
            Ok(Self::Ed25519)
        } else {
            Err(BadPublicKey::Algorithm)
        }
    }
}

/// A public key that can verify; parsed once, small-order points refused.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey(Material);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Material {
    Ed25519(ed25519_dalek::VerifyingKey),
}

/// Bytes that are no usable public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPublicKey {
    /// The algorithm is not known.
    #[error("不支持的签名算法 / unknown signature algorithm")]
    Algorithm,
    /// Wrong length, or not a point of the curve.
    #[error("公钥格式错误 / not a public key")]
    Encoding,
    /// A small-order point: anybody can sign for it.
    #[error("公钥为弱密钥,不可使用 / weak public key (small order)")]
    Weak,
}

/// The signature does not fit the message and the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("签名不符 / the signature does not match")]
pub struct BadSignature;

impl PublicKey {
    /// Parses the raw bytes of a key.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, BadPublicKey> {
        match algorithm {
            Algorithm::Ed25519 => {
                let bytes = bytes.try_into().map_err(|_| BadPublicKey::Encoding)?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(bytes)
                    .map_err(|_| BadPublicKey::Encoding)?;
                // RFC 8032 section 5.1.3: the encoding of a point is unique.
                if key.to_edwards().compress().as_bytes() != bytes {
                    return Err(BadPublicKey::Encoding);
                }
                if key.is_weak() {
                    Err(BadPublicKey::Weak)
                } else {
                    Ok(Self(Material::Ed25519(key)))
                }
            }
        }
    }

    /// What it verifies.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Material::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// Raw bytes, as [`PublicKey::from_bytes`] takes them.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Material::Ed25519(key) => key.as_bytes(),
        }
    }

    /// Strict verification (trust.md KY-7): non-canonical signatures and small-order components are refused.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        match &self.0 {
            Material::Ed25519(key) => {
                let signature =
                    ed25519_dalek::Signature::from_slice(signature).map_err(|_| BadSignature)?;
                key.verify_strict(message, &signature)
                    .map_err(|_| BadSignature)
            }
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PublicKey({} {})",
            self.algorithm().as_str(),
            data_encoding::HEXLOWER.encode(self.as_bytes())
        )
    }
}

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key store (token, service) did not answer.
    #[error("签名设备不可用 / the signing device is not available")]
    Unavailable,
    /// A signature came back that the public key refuses: a fault of memory or of the device. Nothing may be published.
    #[error("签名自检失败,已停止签发 / a fresh signature failed its own check")]
    SelfCheck,
}

/// Signs with one private key that never leaves it: a [`SoftwareSigner`] or a PKCS#11 token.
pub trait Signer: Send + Sync {
    /// Name of the key.
    fn key_id(&self) -> &KeyId;

    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs without checking the result. Callers use [`Signer::sign`].
    fn sign_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Signs and checks the signature against the public key before anybody sees it (trust.md KY-7).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.sign_unchecked(message)?;
        self.public_key()
            .verify(message, &signature)
            .map_err(|BadSignature| SignError::SelfCheck)?;
        Ok(signature)
    }

    /// Signs many messages in order, all or nothing, each checked as by [`Signer::sign`].
    fn sign_all(&self, messages: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, SignError> {
        messages.iter().map(|message| self.sign(message)).collect()
    }
}
