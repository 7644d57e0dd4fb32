//! Sealing of personal values (trust.md PI-1, PI-2, PI-6).
//!
//! Each person has a data key of their own, wrapped by the master key that stays outside the database. A value is
//! sealed with AES-256-GCM under its person's key; the associated data name table, column and row, so that a
//! ciphertext moved elsewhere does not open. Destroying a person's key destroys their values. Equality search goes
//! by HMAC-SHA-256 under a key of its own.

use std::fmt;
use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::StoreError;

/// Fills a buffer with random bytes; the process's one source, passed in.
pub type RandomBytes = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

const NONCE: usize = 12;

/// Holds the master key and the blind-index key.
pub struct Vault {
    version: i32,
    master: Aes256Gcm,
    blind: Zeroizing<[u8; 32]>,
    random: RandomBytes,
}

/// Shows nothing.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

/// The data key of one person, ready to seal and open.
pub struct DataKey {
    cipher: Aes256Gcm,
    random: RandomBytes,
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

impl Vault {
    /// Takes the master key and the blind-index key (32 bytes each) and the source of randomness.
    pub fn new(version: i32, master: &[u8; 32], blind: [u8; 32], random: RandomBytes) -> Self {
        Self {
            version,
            master: Aes256Gcm::new(&(*master).into()),
            blind: Zeroizing::new(blind),
            random,
        }
    }

    /// A new data key for the person (or other owner) with this id, and its wrapped form for the row.
    pub fn new_data_key(&self, owner: Uuid) -> Result<(DataKey, WrappedKey), StoreError> {
        let mut key = Zeroizing::new([0_u8; 32]);
        (self.random)(key.as_mut());
        let label = wrap_label(self.version);
        let bytes = seal(&self.master, &self.random, &label, owner, key.as_ref())?;
        Ok((
            self.data_key(&key),
            WrappedKey {
                bytes,
                version: self.version,
            },
        ))
    }

    /// Opens the data key of the owner with this id.
    pub fn open_data_key(&self, owner: Uuid, wrapped: &WrappedKey) -> Result<DataKey, StoreError> {
        if wrapped.version != self.version {
            return Err(StoreError::Sealed("data key of another master key version"));
        }
        let key = Zeroizing::new(open(
            &self.master,
            &wrap_label(wrapped.version),
            owner,
            &wrapped.bytes,
            "data key",
        )?);
        let key: &[u8; 32] = key
            .as_slice()
            .try_into()
            .map_err(|_| StoreError::Sealed("data key"))?;
        Ok(self.data_key(key))
    }

    /// Seals a secret of the registry itself (not of a person) under the master key.
    pub fn seal_registry_secret(
        &self,
        label: &str,
        row: Uuid,
        plain: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        seal(&self.master, &self.random, label, row, plain)
    }

    /// Opens what [`Vault::seal_registry_secret`] sealed.
    pub fn open_registry_secret(
        &self,
        label: &str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        open(&self.master, label, row, sealed, "registry secret")
    }

    /// Blind index of a parsed value in its canonical form; the label keeps columns apart.
    pub fn blind_index(&self, label: &str, canonical: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.blind.as_ref())
            .expect("HMAC takes any key length");
        mac.update(label.as_bytes());
        mac.update(&[0]);
        mac.update(canonical.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn data_key(&self, key: &[u8; 32]) -> DataKey {
        DataKey {
            cipher: Aes256Gcm::new(&(*key).into()),
            random: Arc::clone(&self.random),
        }
    }
}

impl DataKey {
    /// Seals a value of column `label` ("table.column") in row `row`.
    pub fn seal(&self, label: &str, row: Uuid, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        seal(&self.cipher, &self.random, label, row, plain)
    }

    /// Opens a value of column `label` in row `row`.
    pub fn open(
        &self,
        label: &'static str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        open(&self.cipher, label, row, sealed, label)
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

fn wrap_label(version: i32) -> String {
    format!("data_key.v{version}")
}

fn associated_data(label: &str, row: Uuid) -> Vec<u8> {
    let mut data = Vec::with_capacity(label.len() + 17);
    data.extend_from_slice(label.as_bytes());
    data.push(0);
    data.extend_from_slice(row.as_bytes());
    data
}

fn seal(
    cipher: &Aes256Gcm,
    random: &RandomBytes,
    label: &str,
    row: Uuid,
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0_u8; NONCE];
    random(&mut nonce);
    let aad = associated_data(label, row);
    let sealed = cipher
        .encrypt(
            &Nonce::from(nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        )
        .map_err(|_| StoreError::Sealed("value too long to seal"))?;
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

fn open(
    cipher: &Aes256Gcm,
    label: &str,
    row: Uuid,
    sealed: &[u8],
    what: &'static str,
) -> Result<Vec<u8>, StoreError> {
    let (nonce, body) = sealed
        .split_first_chunk::<NONCE>()
        .ok_or(StoreError::Sealed(what))?;
    let aad = associated_data(label, row);
    cipher
        .decrypt(
            &Nonce::from(*nonce),
            Payload {
                msg: body,
                aad: &aad,
            },
        )
        .map_err(|_| StoreError::Sealed(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        let counter = std::sync::atomic::AtomicU8::new(1);
        let random: RandomBytes = Arc::new(move |buffer| {
            buffer.fill(counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        });
        Vault::new(1, &[7; 32], [9; 32], random)
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_own_column_and_row() {
        let vault = vault();
        let (owner, row) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (key, wrapped) = vault.new_data_key(owner).expect("a data key");
        let sealed = key
            .seal("person_name.name", row, "张三".as_bytes())
            .expect("sealed");
        let again = vault.open_data_key(owner, &wrapped).expect("opens");
        assert_eq!(
            again
                .open_text("person_name.name", row, &sealed)
                .expect("opens")
                .as_str(),
            "张三"
        );
        assert!(
            again
                .open("person_name.name", Uuid::from_u128(3), &sealed)
                .is_err()
        );
        assert!(again.open("person_identifier.value", row, &sealed).is_err());
        assert!(vault.open_data_key(Uuid::from_u128(9), &wrapped).is_err());
        let mut bent = sealed.clone();
        bent[20] ^= 1;
        assert!(again.open("person_name.name", row, &bent).is_err());
        assert!(again.open("person_name.name", row, &[]).is_err());
    }

    #[test]
    fn blind_indexes_of_different_columns_differ() {
        let vault = vault();
        assert_eq!(
            vault.blind_index("citizen_id", "A"),
            vault.blind_index("citizen_id", "A")
        );
        assert_ne!(
            vault.blind_index("citizen_id", "A"),
            vault.blind_index("disability_card", "A")
        );
    }
}
