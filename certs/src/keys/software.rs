//! A private key in memory, and its encrypted file.

use ed25519_dalek::pkcs8::KeypairBytes;
use ed25519_dalek::{Signer as _, SigningKey, verify_batch};
use pkcs8::der::pem::PemLabel;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::{
    EncodePrivateKey, EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument,
};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::{Algorithm, KeyId, PublicKey, SignError, Signer};

/// Work that a key file may ask for: a hostile one must not stop the start of the service.
const MAX_SCRYPT_COST: u64 = 1 << 17;
const MAX_SCRYPT_BLOCK_SIZE: u16 = 16;
const MAX_SCRYPT_PARALLELIZATION: u16 = 4;
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;

/// Signatures of a batch that are checked in one go: more save no further time.
const CHECKED_TOGETHER: usize = 256;

/// Signs with a key held in memory, wiped when dropped. It has no `Debug` and cannot be serialised.
pub struct SoftwareSigner {
    key_id: KeyId,
    key: SigningKey,
    public: PublicKey,
}

/// Why a key file was not opened. Never tells anything of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileFault {
    /// Not a PEM file of an encrypted PKCS#8 key.
    #[error("密钥文件不是加密的 PKCS#8 PEM 文件 / not an encrypted PKCS#8 PEM file")]
    Format,
    /// The file asks for more work than is allowed, or for a scheme that is not PBES2.
    #[error("密钥文件的加密参数不被接受 / the encryption parameters of the key file are refused")]
    Parameters,
    /// Wrong passphrase, or a damaged file: the two cannot be told apart.
    #[error("口令不符或密钥文件已损坏 / wrong passphrase or damaged key file")]
    Passphrase,
    /// The key inside is of another kind.
    #[error("密钥文件中的密钥类型不被支持 / the key in the file is of another kind")]
    KeyType,
}

impl SoftwareSigner {
    /// The key of a 32-byte seed (RFC 8032 private key).
    pub fn from_seed(key_id: KeyId, seed: Zeroizing<[u8; 32]>) -> Self {
        let key = SigningKey::from_bytes(&seed);
        drop(seed);
        let public = PublicKey::from_bytes(Algorithm::Ed25519, key.verifying_key().as_bytes())
            .expect("a derived key is a multiple of the base point by a clamped scalar, so it is neither malformed nor weak");
        Self {
            key_id,
            key,
            public,
        }
    }

    /// A fresh key from a source of randomness.
    pub fn generate(key_id: KeyId, rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(key_id, seed)
    }

    /// The key file: PKCS#8, scrypt and AES-256-CBC (`docs/formats.md` section 4). Takes about 50 ms.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Zeroizing<String>, KeyFileFault> {
        // Version 1 without the public key: what OpenSSL writes and every reader takes.
        let plain = KeypairBytes {
            secret_key: self.key.to_bytes(),
            public_key: None,
        };
        let document = plain.to_pkcs8_der().map_err(|_| KeyFileFault::Format)?;
        let key =
            PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyFileFault::Format)?;
        let encrypted = key
            .encrypt_with_rng(rng, passphrase)
            .map_err(|_| KeyFileFault::Parameters)?;
        encrypted
            .to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
            .map_err(|_| KeyFileFault::Format)
    }

    /// Opens a key file.
    pub fn from_encrypted_pem(
        key_id: KeyId,
        pem: &str,
        passphrase: &[u8],
    ) -> Result<Self, KeyFileFault> {
        let (label, document) = SecretDocument::from_pem(pem).map_err(|_| KeyFileFault::Format)?;
        if label != EncryptedPrivateKeyInfoRef::PEM_LABEL {
            return Err(KeyFileFault::Format);
        }
        let file = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .map_err(|_| KeyFileFault::Format)?;
        if !affordable(&file.encryption_algorithm) {
            return Err(KeyFileFault::Parameters);
        }
        let plain = file
            .decrypt(passphrase)
            .map_err(|_| KeyFileFault::Passphrase)?;
        let key =
            PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(|_| KeyFileFault::Passphrase)?;
        let mut key = KeypairBytes::try_from(key).map_err(|_| KeyFileFault::KeyType)?;
        let signer = Self::from_seed(key_id, Zeroizing::new(key.secret_key));
        key.secret_key.zeroize();
        match key.public_key {
            Some(stated) if stated.as_ref() != signer.public.as_bytes() => {
                Err(KeyFileFault::Format)
            }
            _ => Ok(signer),
        }
    }
}

impl Signer for SoftwareSigner {
    fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self
            .key
            .try_sign(message)
            .map_err(|_| SignError::Unavailable)?;
        Ok(signature.to_bytes().to_vec())
    }

    /// Checks the signatures together, which takes half the time. Such a check admits more than the strict one, but only
    /// signatures that somebody crafts with points of small order, never one that this key or a fault of memory makes.
    fn sign_all(&self, messages: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, SignError> {
        let mut signed = Vec::with_capacity(messages.len());
        for messages in messages.chunks(CHECKED_TOGETHER) {
            let signatures: Vec<_> = messages
                .iter()
                .map(|message| self.key.sign(message))
                .collect();
            let messages: Vec<_> = messages.iter().map(Vec::as_slice).collect();
            let keys = vec![self.key.verifying_key(); signatures.len()];
            verify_batch(&messages, &signatures, &keys).map_err(|_| SignError::SelfCheck)?;
            signed.extend(
                signatures
                    .iter()
                    .map(|signature| signature.to_bytes().to_vec()),
            );
        }
        Ok(signed)
    }
}

pub(super) fn affordable(scheme: &EncryptionScheme) -> bool {
    match scheme {
        EncryptionScheme::Pbes2(parameters) => match &parameters.kdf {
            Kdf::Scrypt(scrypt) => {
                scrypt.cost_parameter <= MAX_SCRYPT_COST
                    && scrypt.block_size <= MAX_SCRYPT_BLOCK_SIZE
                    && scrypt.parallelization <= MAX_SCRYPT_PARALLELIZATION
            }
            Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= MAX_PBKDF2_ROUNDS,
            _ => false,
        },
        _ => false,
    }
}
