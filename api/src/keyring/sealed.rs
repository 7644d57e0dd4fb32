//! Keys that are no signing keys: 32 bytes each, sealed (trust.md KY-1).
//!
//! One key seals them, and its own file is encrypted under the passphrase: the passphrase is stretched once, however many
//! versions of the vault's keys there are. A file is sealed under its name, so that one put in another's place does not open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use store::vault::{KeyKind, SecretKey, Vault};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    KeyRng, KeyringError, file_error, name_of, read_passphrase, read_private, write_private,
};
use crate::clock::Random;

const SEALING: &str = "sealing.key";
const VAULT: &str = "vault.key";
const BLIND: &str = "blind-index.key";
/// Length of a key that lies in the clear, as hexadecimal.
const CLEAR: usize = 64;

/// Seals and opens the keys in a folder.
pub struct Seal(Vault);

/// Shows nothing.
impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    /// Opens the sealing key of a folder.
    pub fn open(
        folder: &Path,
        passphrase_file: &Path,
        random: &Random,
    ) -> Result<Self, KeyringError> {
        let passphrase = read_passphrase(passphrase_file)?;
        let path = folder.join(SEALING);
        let text = read_private(&path)?;
        let unreadable = || KeyringError::Unreadable(name_of(&path));
        let pem = std::str::from_utf8(&text).map_err(|_| unreadable())?;
        let key = certs::keys::open_secret(pem, &passphrase).map_err(|_| unreadable())?;
        Ok(Self::of(&key, random))
    }

    /// Makes the sealing key of a new folder.
    pub(super) fn create(
        folder: &Path,
        passphrase: &[u8],
        random: &Random,
    ) -> Result<Self, KeyringError> {
        let path = folder.join(SEALING);
        let key = Zeroizing::new(random.bytes::<32>());
        let pem = certs::keys::seal_secret(&key, passphrase, &mut KeyRng(random))
            .map_err(|_| KeyringError::Unreadable(name_of(&path)))?;
        write_private(&path, pem.as_bytes())?;
        Ok(Self::of(&key, random))
    }

    fn of(key: &SecretKey, random: &Random) -> Self {
        // Of a vault only the sealing of secrets is used here: it has no rows and no index.
        Self(Vault::new(1, key, [0; 32], random.source()))
    }

    /// Makes a key and its file.
    pub(super) fn make(&self, path: &Path, random: &Random) -> Result<SecretKey, KeyringError> {
        let key = Zeroizing::new(random.bytes::<32>());
        let sealed = self
            .0
            .seal_registry_secret(&name_of(path), Uuid::nil(), key.as_ref())
            .map_err(|_| KeyringError::Unreadable(name_of(path)))?;
        write_private(path, BASE64.encode(&sealed).as_bytes())?;
        Ok(key)
    }

    /// Reads a key from its file.
    pub(super) fn read(&self, path: &Path) -> Result<SecretKey, KeyringError> {
        let text = read_private(path)?;
        let text = text.trim_ascii();
        if text.len() == CLEAR && text.iter().all(u8::is_ascii_hexdigit) {
            return Err(KeyringError::Clear(name_of(path)));
        }
        let unreadable = || KeyringError::Unreadable(name_of(path));
        let sealed = BASE64.decode(text).map_err(|_| unreadable())?;
        let key = self
            .0
            .open_registry_secret(&name_of(path), Uuid::nil(), &sealed)
            .map(Zeroizing::new)
            .map_err(|_| unreadable())?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| unreadable())?;
        Ok(Zeroizing::new(key))
    }
}

/// The vault's keys: every version that has a file, the first always.
pub struct VaultKeys {
    /// Wraps the data keys of persons.
    pub master: BTreeMap<i32, SecretKey>,
    /// Makes blind indexes.
    pub blind: BTreeMap<i32, SecretKey>,
}

impl std::fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKeys(***)")
    }
}

/// Reads the vault's keys, every version of them.
pub fn vault_keys(folder: &Path, seal: &Seal) -> Result<VaultKeys, KeyringError> {
    let all = |kind| -> Result<BTreeMap<i32, SecretKey>, KeyringError> {
        let mut found = BTreeMap::new();
        // Versions follow one another; an old file may have been put away once nothing is left under it.
        let newest = newest_version(folder, kind)?;
        for version in 1..=newest {
            if let Some(key) = vault_key(folder, seal, kind, version)? {
                found.insert(version, key);
            }
        }
        if found.is_empty() {
            found.insert(1, seal.read(&vault_path(folder, kind, 1))?);
        }
        Ok(found)
    };
    Ok(VaultKeys {
        master: all(KeyKind::Master)?,
        blind: all(KeyKind::BlindIndex)?,
    })
}

/// One version of a key of the vault, or `None` when there is no such file.
pub fn vault_key(
    folder: &Path,
    seal: &Seal,
    kind: KeyKind,
    version: i32,
) -> Result<Option<SecretKey>, KeyringError> {
    let path = vault_path(folder, kind, version);
    if path.exists() {
        seal.read(&path).map(Some)
    } else {
        Ok(None)
    }
}

/// Makes the file of a new version and answers its key; a file that is there already is read, so that a rotation which
/// was interrupted right after making it goes on with the same key.
pub(super) fn make_vault_key(
    folder: &Path,
    seal: &Seal,
    kind: KeyKind,
    version: i32,
    random: &Random,
) -> Result<SecretKey, KeyringError> {
    if let Some(key) = vault_key(folder, seal, kind, version)? {
        return Ok(key);
    }
    seal.make(&vault_path(folder, kind, version), random)
}

/// `vault.key`, then `vault.2.key`, `vault.3.key`, ...
fn vault_path(folder: &Path, kind: KeyKind, version: i32) -> PathBuf {
    let first = match kind {
        KeyKind::Master => VAULT,
        KeyKind::BlindIndex => BLIND,
    };
    match version {
        1 => folder.join(first),
        _ => folder.join(first.replace(".key", &format!(".{version}.key"))),
    }
}

fn newest_version(folder: &Path, kind: KeyKind) -> Result<i32, KeyringError> {
    let entries = std::fs::read_dir(folder).map_err(|source| file_error(folder, source))?;
    let mut newest = 1;
    for entry in entries {
        let name = entry
            .map_err(|source| file_error(folder, source))?
            .file_name();
        let stem = match kind {
            KeyKind::Master => "vault.",
            KeyKind::BlindIndex => "blind-index.",
        };
        let version = name
            .to_str()
            .and_then(|name| name.strip_prefix(stem)?.strip_suffix(".key")?.parse().ok());
        newest = newest.max(version.unwrap_or(1));
    }
    Ok(newest)
}
