//! Sealing of personal values (trust.md PI-1, PI-2, PI-6).
//!
//! Each person has a data key of their own, wrapped by the master key that stays outside the database. A value is
//! sealed with AES-256-GCM under its person's key; the associated data name table, column and row, so that a
//! ciphertext moved elsewhere does not open. Destroying a person's key destroys their values. Equality search goes
//! by HMAC-SHA-256 under a key of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::StoreError;

/// Fills a buffer with random bytes; the process's one source, passed in.
pub type RandomBytes = Arc<dyn Fn(&mut [u8]) + Send + Sync>;
/// A key of 32 bytes, wiped when dropped.
pub type SecretKey = Zeroizing<[u8; 32]>;
/// Finds a key version that this process has not seen yet: another process may have begun a rotation.
pub type KeySource = Arc<dyn Fn(KeyKind, i32) -> Option<SecretKey> + Send + Sync>;

const NONCE: usize = 12;
/// Bytes of nonces that are drawn at once.
const PAGE: usize = 340 * NONCE;
/// Bytes of the key version in front of a registry secret.
const VERSION: usize = 4;
/// Failures that wait for the audit; more are not kept, one alone is alarm enough.
const FAILURES: usize = 256;

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

/// A sealed value that did not open in the place where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealFailure {
    /// Table and column.
    pub label: &'static str,
    /// The row.
    pub row: Uuid,
}

/// Nonces, drawn from the source of randomness by the page: a nonce is public, so that keeping the next ones costs no
/// secrecy, and a call of the operating system for each would cost more than the sealing. Keys are never drawn so.
struct Nonces {
    random: RandomBytes,
    page: Mutex<(Box<[u8; PAGE]>, usize)>,
}

impl Nonces {
    fn new(random: RandomBytes) -> Self {
        Self {
            random,
            page: Mutex::new((Box::new([0; PAGE]), PAGE)),
        }
    }

    /// A random nonce that no call before or after gets.
    fn next(&self) -> [u8; NONCE] {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, used) = &mut *page;
        if *used + NONCE > PAGE {
            (self.random)(bytes.as_mut_slice());
            *used = 0;
        }
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&bytes[*used..*used + NONCE]);
        *used += NONCE;
        nonce
    }
}

/// What the clones of a data key share with their vault.
type Failures = Arc<(AtomicBool, Mutex<Vec<SealFailure>>)>;

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

/// The data key of one person, ready to seal and open.
pub struct DataKey {
    cipher: Aes256Gcm,
    nonces: Arc<Nonces>,
    failures: Failures,
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

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&(*key).into())
}

fn keyed(key: &SecretKey, label: &str, canonical: &str) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_ref()).expect("HMAC takes any key length");
    mac.update(label.as_bytes());
    mac.update(&[0]);
    mac.update(canonical.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Remembers a value that did not open.
fn noted<T>(
    failures: &Failures,
    label: &'static str,
    row: Uuid,
    opened: Result<T, StoreError>,
) -> Result<T, StoreError> {
    if opened.is_err() {
        let mut kept = failures.1.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < FAILURES {
            kept.push(SealFailure { label, row });
        }
        failures.0.store(true, Ordering::Release);
    }
    opened
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
    nonces: &Nonces,
    label: &str,
    row: Uuid,
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let nonce = nonces.next();
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
    fn no_two_values_share_a_nonce() {
        let next = std::sync::atomic::AtomicU32::new(0);
        let random: RandomBytes = Arc::new(move |buffer| {
            for word in buffer.chunks_mut(4) {
                let number = next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                word.copy_from_slice(&number[..word.len()]);
            }
        });
        let vault = Vault::new(1, &[7; 32], [9; 32], random);
        let (key, _) = vault.new_data_key(Uuid::from_u128(1)).expect("a data key");
        let mut seen = std::collections::HashSet::new();
        for row in 0..2_000 {
            let sealed = key.seal("a.b", Uuid::from_u128(row), b"x").expect("sealed");
            assert!(seen.insert(sealed[..NONCE].to_vec()), "{row}");
        }
    }

    #[test]
    fn a_value_that_does_not_open_is_remembered_for_the_audit() {
        let vault = vault();
        let (owner, row) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (key, _) = vault.new_data_key(owner).expect("a data key");
        let sealed = key.seal("person_name.name", row, b"x").expect("sealed");
        assert!(vault.take_failures().is_empty());
        let moved = Uuid::from_u128(3);
        key.open("person_name.name", moved, &sealed)
            .expect_err("moved to another row");
        let failure = SealFailure {
            label: "person_name.name",
            row: moved,
        };
        assert_eq!(vault.take_failures(), [failure]);
        assert!(vault.take_failures().is_empty(), "told once");
    }

    #[test]
    fn a_new_master_key_wraps_anew_and_the_old_one_still_opens() {
        let vault = vault();
        let (owner, row) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (key, old) = vault.new_data_key(owner).expect("a data key");
        let sealed = key.seal("person_name.name", row, b"x").expect("sealed");
        let secret = vault
            .seal_registry_secret("list", row, b"seed")
            .expect("sealed");
        vault.add(KeyKind::Master, 2, &Zeroizing::new([5; 32]));
        let new = vault.rewrap(owner, &old).expect("wrapped anew");
        assert_eq!((old.version, new.version), (1, 2));
        for wrapped in [&old, &new] {
            let key = vault.open_data_key(owner, wrapped).expect("opens");
            assert_eq!(
                key.open("person_name.name", row, &sealed).expect("opens"),
                b"x"
            );
        }
        let lying = WrappedKey { version: 2, ..old };
        assert!(
            vault.open_data_key(owner, &lying).is_err(),
            "the version is bound in"
        );
        assert_eq!(secret_version(&secret), Some(1));
        assert_eq!(
            vault
                .open_registry_secret("list", row, &secret)
                .expect("opens"),
            b"seed"
        );
    }

    #[test]
    fn a_version_of_another_process_comes_from_the_source() {
        let source: KeySource = Arc::new(|kind, version| {
            (kind == KeyKind::Master && version == 2).then(|| Zeroizing::new([5; 32]))
        });
        let (ours, theirs) = (vault().with_source(source), vault());
        theirs.add(KeyKind::Master, 2, &Zeroizing::new([5; 32]));
        let owner = Uuid::from_u128(1);
        let (_, wrapped) = theirs.new_data_key(owner).expect("a data key");
        assert!(ours.open_data_key(owner, &wrapped).is_ok());
        assert_eq!(ours.version(KeyKind::Master), 2, "and seals from now on");
        assert!(ours.learn(KeyKind::Master, 3).is_err());
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
