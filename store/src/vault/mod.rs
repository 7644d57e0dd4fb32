//! Sealing of personal values (trust.md PI-1, PI-2, PI-6).
//!
//! Each person has a data key of their own, wrapped by the master key that stays outside the database. A value is
//! sealed with AES-256-GCM under its person's key; the associated data name table, column and row, so that a
//! ciphertext moved elsewhere does not open. Destroying a person's key destroys their values. Equality search goes
//! by HMAC-SHA-256 under a key of its own.

mod data_key;
mod sealing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm::Aes256Gcm;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::StoreError;
use sealing::{Failures, Nonces, VERSION, cipher, keyed, noted, open, seal};

pub use data_key::{DataKey, WrappedKey};
pub use sealing::SealFailure;

/// Fills a buffer with random bytes; the process's one source, passed in.
pub type RandomBytes = Arc<dyn Fn(&mut [u8]) + Send + Sync>;
/// A key of 32 bytes, wiped when dropped.
pub type SecretKey = Zeroizing<[u8; 32]>;
/// Finds a key version that this process has not seen yet: another process may have begun a rotation.
pub type KeySource = Arc<dyn Fn(KeyKind, i32) -> Option<SecretKey> + Send + Sync>;

/// The two keys of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Wraps the data keys of persons and seals secrets of the registry.
    Master,
    /// Makes blind indexes.
    BlindIndex,
}

impl KeyKind {
    /// The name in the table of rotations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Master => "vault",
            Self::BlindIndex => "blind_index",
        }
    }
}

/// Holds every version of the master key and of the blind-index key; the highest one seals.
pub struct Vault {
    masters: RwLock<BTreeMap<i32, Aes256Gcm>>,
    blinds: RwLock<BTreeMap<i32, SecretKey>>,
    source: Option<KeySource>,
    random: RandomBytes,
    nonces: Arc<Nonces>,
    failures: Failures,
}

/// Shows nothing.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// Takes the master key and the blind-index key (32 bytes each) and the source of randomness.
    pub fn new(version: i32, master: &[u8; 32], blind: [u8; 32], random: RandomBytes) -> Self {
        Self {
            masters: RwLock::new(BTreeMap::from([(version, cipher(master))])),
            blinds: RwLock::new(BTreeMap::from([(version, Zeroizing::new(blind))])),
            source: None,
            nonces: Arc::new(Nonces::new(Arc::clone(&random))),
            random,
            failures: Failures::default(),
        }
    }

    /// Where versions are looked for that the process has not seen yet.
    #[must_use]
    pub fn with_source(mut self, source: KeySource) -> Self {
        self.source = Some(source);
        self
    }

    /// Takes another version of a key; the highest one seals from now on.
    pub fn add(&self, kind: KeyKind, version: i32, key: &SecretKey) {
        match kind {
            KeyKind::Master => {
                let mut masters = self.masters.write().unwrap_or_else(PoisonError::into_inner);
                masters.insert(version, cipher(key));
            }
            KeyKind::BlindIndex => {
                let mut blinds = self.blinds.write().unwrap_or_else(PoisonError::into_inner);
                blinds.insert(version, key.clone());
            }
        }
    }

    /// The version that seals or indexes now.
    pub fn version(&self, kind: KeyKind) -> i32 {
        let last = match kind {
            KeyKind::Master => self.masters().last_key_value().map(|(version, _)| *version),
            KeyKind::BlindIndex => self.blinds().last_key_value().map(|(version, _)| *version),
        };
        last.unwrap_or_default()
    }

    /// Makes sure that a version is at hand, from the source where needed; `Sealed` when nobody has it.
    pub fn learn(&self, kind: KeyKind, version: i32) -> Result<(), StoreError> {
        let known = match kind {
            KeyKind::Master => self.masters().contains_key(&version),
            KeyKind::BlindIndex => self.blinds().contains_key(&version),
        };
        if known {
            return Ok(());
        }
        let found = self
            .source
            .as_ref()
            .and_then(|source| source(kind, version));
        let key = found.ok_or(StoreError::Sealed("a key version that is not here"))?;
        self.add(kind, version, &key);
        Ok(())
    }

    /// A new data key for the person (or other owner) with this id, and its wrapped form for the row.
    pub fn new_data_key(&self, owner: Uuid) -> Result<(DataKey, WrappedKey), StoreError> {
        let mut key = Zeroizing::new([0_u8; 32]);
        (self.random)(key.as_mut());
        let wrapped = self.wrap(owner, key.as_ref())?;
        Ok((self.data_key(&key), wrapped))
    }

    /// Opens the data key of the owner with this id.
    pub fn open_data_key(&self, owner: Uuid, wrapped: &WrappedKey) -> Result<DataKey, StoreError> {
        let key = self.unwrap_key(owner, wrapped)?;
        Ok(self.data_key(&key))
    }

    /// The same data key under the newest master key; the values under it stay as they are.
    pub fn rewrap(&self, owner: Uuid, wrapped: &WrappedKey) -> Result<WrappedKey, StoreError> {
        let key = self.unwrap_key(owner, wrapped)?;
        self.wrap(owner, key.as_ref())
    }

    fn wrap(&self, owner: Uuid, key: &[u8]) -> Result<WrappedKey, StoreError> {
        let version = self.version(KeyKind::Master);
        let bytes = seal(
            &self.master(version)?,
            &self.nonces,
            &wrap_label(version),
            owner,
            key,
        )?;
        Ok(WrappedKey { bytes, version })
    }

    fn unwrap_key(&self, owner: Uuid, wrapped: &WrappedKey) -> Result<SecretKey, StoreError> {
        if wrapped.bytes.is_empty() {
            // Not a failure: this key was destroyed on purpose (trust.md PI-6).
            return Err(StoreError::Sealed("a destroyed data key"));
        }
        let master = self.master(wrapped.version)?;
        let label = wrap_label(wrapped.version);
        let key = Zeroizing::new(noted(
            &self.failures,
            "person.data_key",
            owner,
            open(&master, &label, owner, &wrapped.bytes, "data key"),
        )?);
        let key: [u8; 32] = key
            .as_slice()
            .try_into()
            .map_err(|_| StoreError::Sealed("data key"))?;
        Ok(Zeroizing::new(key))
    }

    /// Seals a secret of the registry itself (not of a person) under the master key; its version stands in front.
    pub fn seal_registry_secret(
        &self,
        label: &str,
        row: Uuid,
        plain: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let version = self.version(KeyKind::Master);
        let label = secret_label(label, version);
        let sealed = seal(&self.master(version)?, &self.nonces, &label, row, plain)?;
        let mut out = version.to_be_bytes().to_vec();
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`Vault::seal_registry_secret`] sealed.
    pub fn open_registry_secret(
        &self,
        label: &str,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        const WHAT: &str = "registry secret";
        let version = secret_version(sealed).ok_or(StoreError::Sealed(WHAT))?;
        let master = self.master(version)?;
        let label = secret_label(label, version);
        noted(
            &self.failures,
            WHAT,
            row,
            open(&master, &label, row, &sealed[VERSION..], WHAT),
        )
    }

    /// Blind index of a parsed value in its canonical form under the newest key; the label keeps columns apart.
    pub fn blind_index(&self, label: &str, canonical: &str) -> [u8; 32] {
        let blinds = self.blinds();
        blinds
            .last_key_value()
            .map(|(_, key)| keyed(key, label, canonical))
            .unwrap_or_default()
    }

    /// The same under every version at hand, the newest first: while a rotation runs, rows of two versions stand side
    /// by side, and a look-up asks for both.
    pub fn blind_indexes(&self, label: &str, canonical: &str) -> Vec<[u8; 32]> {
        let blinds = self.blinds();
        blinds
            .values()
            .rev()
            .map(|key| keyed(key, label, canonical))
            .collect()
    }

    /// The same under one version.
    pub fn blind_index_at(
        &self,
        version: i32,
        label: &str,
        canonical: &str,
    ) -> Result<[u8; 32], StoreError> {
        self.learn(KeyKind::BlindIndex, version)?;
        self.blinds()
            .get(&version)
            .map(|key| keyed(key, label, canonical))
            .ok_or(StoreError::Sealed("blind index"))
    }

    /// Values that did not open since the last call: a ciphertext was moved or damaged. They belong into the audit.
    pub fn take_failures(&self) -> Vec<SealFailure> {
        if !self.failures.0.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut kept = self
            .failures
            .1
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept)
    }

    fn data_key(&self, key: &[u8; 32]) -> DataKey {
        DataKey {
            cipher: cipher(key),
            nonces: Arc::clone(&self.nonces),
            failures: Arc::clone(&self.failures),
        }
    }

    fn master(&self, version: i32) -> Result<Aes256Gcm, StoreError> {
        self.learn(KeyKind::Master, version)?;
        self.masters()
            .get(&version)
            .cloned()
            .ok_or(StoreError::Sealed("master key"))
    }

    fn masters(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<i32, Aes256Gcm>> {
        self.masters.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn blinds(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<i32, SecretKey>> {
        self.blinds.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version of the master key that a registry secret was sealed under.
pub fn secret_version(sealed: &[u8]) -> Option<i32> {
    sealed
        .first_chunk::<VERSION>()
        .map(|bytes| i32::from_be_bytes(*bytes))
}

fn secret_label(label: &str, version: i32) -> String {
    format!("{label}.v{version}")
}

fn wrap_label(version: i32) -> String {
    format!("data_key.v{version}")
}
