//! A secret of 32 bytes that signs nothing, in a file encrypted like that of a signing key (`docs/formats.md` section 4).

use pkcs8::der::asn1::OctetStringRef;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, SecretDocument};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::KeyFileFault;
use super::software::affordable;

/// Not that of PKCS#8: inside is no key with an algorithm.
const LABEL: &str = "MINGZHENG ENCRYPTED SECRET";

/// The file of a secret: PEM, PBES2 with scrypt and AES-256-CBC. Takes about 50 ms.
pub fn seal_secret(
    secret: &[u8; 32],
    passphrase: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Zeroizing<String>, KeyFileFault> {
    let parameters = Parameters::generate_recommended(rng).map_err(|_| KeyFileFault::Parameters)?;
    let encrypted = parameters
        .encrypt(passphrase, secret)
        .map_err(|_| KeyFileFault::Parameters)?;
    let file = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: EncryptionScheme::Pbes2(parameters),
        encrypted_data: OctetStringRef::new(&encrypted).map_err(|_| KeyFileFault::Format)?,
    };
    SecretDocument::try_from(&file)
        .map_err(|_| KeyFileFault::Format)?
        .to_pem(LABEL, LineEnding::LF)
        .map_err(|_| KeyFileFault::Format)
}

/// Opens such a file. The cipher tells nothing of a damaged one; what is sealed under the secret does.
pub fn open_secret(pem: &str, passphrase: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyFileFault> {
    let (label, document) = SecretDocument::from_pem(pem).map_err(|_| KeyFileFault::Format)?;
    if label != LABEL {
        return Err(KeyFileFault::Format);
    }
    let file = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|_| KeyFileFault::Format)?;
    if !affordable(&file.encryption_algorithm) {
        return Err(KeyFileFault::Parameters);
    }
    let plain = file
        .encryption_algorithm
        .decrypt(passphrase, file.encrypted_data.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| KeyFileFault::Passphrase)?;
    let secret: [u8; 32] = plain
        .as_slice()
        .try_into()
        .map_err(|_| KeyFileFault::Passphrase)?;
    Ok(Zeroizing::new(secret))
}
