//! Issuer keys in a PKCS#11 token, where `pkcs11.json` in the folder of keys names one (trust.md KY-1).

use std::path::Path;
#[cfg(feature = "pkcs11")]
use std::path::PathBuf;
use std::sync::Arc;

use certs::keys::{KeyId, PublicKey, Signer};

use super::KeyringError;

/// Name of the file.
const NAMED: &str = "pkcs11.json";

/// What the file says: module and label of the token, and where its PIN lies.
#[cfg(feature = "pkcs11")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    module: PathBuf,
    token: String,
    pin_file: PathBuf,
}

/// The token of the issuer keys.
pub(super) struct Hardware {
    #[cfg(feature = "pkcs11")]
    token: Arc<certs_hsm::Token>,
    /// Without the feature there is none.
    #[cfg(not(feature = "pkcs11"))]
    none: std::convert::Infallible,
}

#[cfg(feature = "pkcs11")]
impl Hardware {
    /// Signs in to the token that the file names; none without the file.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, KeyringError> {
        let path = folder.join(NAMED);
        if !path.exists() {
            return Ok(None);
        }
        let unreadable = || KeyringError::Unreadable(NAMED.to_owned());
        let named: Named =
            serde_json::from_slice(&super::read_private(&path)?).map_err(|_| unreadable())?;
        let pin = super::read_private(&named.pin_file)?;
        let pin = std::str::from_utf8(&pin).map_err(|_| unreadable())?;
        let pin = zeroize::Zeroizing::new(pin.trim_end().to_owned());
        let token = certs_hsm::Token::open(&named.module, &named.token, &pin)?;
        Ok(Some(Self { token }))
    }

    pub(super) fn has(&self, kid: &KeyId) -> Result<bool, KeyringError> {
        Ok(self.token.has(kid)?)
    }

    pub(super) fn signer(&self, kid: &KeyId) -> Result<Arc<dyn Signer>, KeyringError> {
        Ok(Arc::new(self.token.signer(kid)?))
    }

    pub(super) fn generate(
        &self,
        kid: &KeyId,
    ) -> Result<(PublicKey, Arc<dyn Signer>), KeyringError> {
        let signer = self.token.generate(kid)?;
        Ok((signer.public_key().clone(), Arc::new(signer)))
    }
}

#[cfg(not(feature = "pkcs11"))]
impl Hardware {
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, KeyringError> {
        if folder.join(NAMED).exists() {
            return Err(KeyringError::Name(
                "pkcs11.json names a token, but this program was built without the feature pkcs11",
            ));
        }
        Ok(None)
    }

    pub(super) fn has(&self, _: &KeyId) -> Result<bool, KeyringError> {
        match self.none {}
    }

    pub(super) fn signer(&self, _: &KeyId) -> Result<Arc<dyn Signer>, KeyringError> {
        match self.none {}
    }

    pub(super) fn generate(&self, _: &KeyId) -> Result<(PublicKey, Arc<dyn Signer>), KeyringError> {
        match self.none {}
    }
}
