//! The data key of one person.

use std::fmt;
use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::sealing::{Failures, Nonces, noted, open, seal};
use crate::StoreError;

/// The data key of one person, ready to seal and open.
pub struct DataKey {
    pub(super) cipher: Aes256Gcm,
    pub(super) nonces: Arc<Nonces>,
    pub(super) failures: Failures,
}

/// Shows nothing.
impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(***)")
    }
}

/// A data key as it stands in the row of its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Ciphertext under the master key.
    pub bytes: Vec<u8>,
    /// Version of the master key.
    pub version: i32,
}

impl DataKey {
    /// Seals a value of column `label` ("table.column") in row `row`.
    pub fn seal(&self, label: &str, row: Uuid, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        seal(&self.cipher, &self.nonces, label, row, plain)
    }

    /// Opens a value of column `label` in row `row`.
    pub fn open(
        &self,
        label: &'static str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        noted(
            &self.failures,
            label,
            row,
            open(&self.cipher, label, row, sealed, label),
        )
    }

    /// Opens a value that is text.
    pub fn open_text(
        &self,
        label: &'static str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Zeroizing<String>, StoreError> {
        let plain = self.open(label, row, sealed)?;
        String::from_utf8(plain)
            .map(Zeroizing::new)
            .map_err(|_| StoreError::Sealed(label))
    }
}
