//! The registry's private keys: encrypted files with mode 0600 in one folder (trust.md KY-1).
//!
//! | file | what |
//! | --- | --- |
//! | `KID.pem` | an issuer key, PKCS#8 encrypted under the passphrase |
//! | `pkcs11.json` | names a PKCS#11 token, on which further keys are made; there before `migrate`, it holds the next three too |
//! | `root.pem`, `log.pem`, `status.pem` | the root key, which signs trust lists; the log key; the key of status lists; their successors are `log-2.pem` and so on |
//! | `sealing.key` | what seals the next three; encrypted under the passphrase like the files above |
//! | `session.key` | the session-token key |
//! | `vault.key`, `blind-index.key` | keys of the vault; further versions are `vault.2.key` and so on |
//!
//! The passphrase comes from a file of its own, never from an argument. Nothing in the folder opens without it.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use certs::keys::{KeyId, PublicKey, Signer, SoftwareSigner};
use certs::log::Origin;
use rand_core::{Infallible, TryCryptoRng, TryRng};
use store::vault::{KeyKind, SecretKey};
use zeroize::Zeroizing;

use crate::clock::Random;

mod sealed;
mod token;

pub use sealed::{Seal, VaultKeys, vault_key, vault_keys};
use token::Hardware;

/// Why the keys cannot be used; each sentence tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A file could not be read or written.
    #[error("key file {file}: {source}")]
    File {
        /// Its name, without the folder.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("key file {0} can be read by others: run `chmod 600` on it")]
    Permissions(String),
    /// Whoever takes the folder would have the key.
    #[error(
        "key file {0} lies in the clear and is refused: put back the sealed file from your backup of the keys, or make a new registry with `mingzheng migrate` in an empty folder"
    )]
    Clear(String),
    /// Not a key, or another passphrase.
    #[error("key file {0} does not open: damaged, or another passphrase")]
    Unreadable(String),
    /// The file exists and is never overwritten.
    #[error("key file {0} exists and is never overwritten")]
    Exists(String),
    /// The passphrase is too weak.
    #[error(
        "the passphrase file holds fewer than 32 characters: put at least 32 random characters into it"
    )]
    WeakPassphrase,
    /// A secret that stands in manuals.
    #[error("the secret in {0} is a sample that everybody knows: put random characters into it")]
    Sample(String),
    /// The token of the issuer keys.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Token(#[from] certs_hsm::TokenFault),
    /// Not a configured name.
    #[error("{0}")]
    Name(&'static str),
}

/// The open keys of the process.
pub struct Keyring {
    folder: PathBuf,
    passphrase: Zeroizing<Vec<u8>>,
    log: RwLock<LogKey>,
    first_origin: Origin,
    seal: Arc<Seal>,
    session_seed: Zeroizing<[u8; 32]>,
    issuers: RwLock<HashMap<KeyId, Arc<dyn Signer>>>,
    token: Option<Hardware>,
}

/// The key that signs checkpoints, and the name of its log.
#[derive(Clone)]
pub struct LogKey {
    /// The key.
    pub signer: Arc<dyn Signer>,
    /// First line of its checkpoints.
    pub origin: Origin,
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogKey({})", self.origin)
    }
}

/// Shows nothing.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(***)")
    }
}

const LOG: &str = "log.pem";
const STATUS: &str = "status.pem";
const ROOT: &str = "root.pem";
const SESSION: &str = "session.key";
const SHORTEST_PASSPHRASE: usize = 32;

/// Reads a passphrase file; refused when others may read it or when it is weak.
pub fn read_passphrase(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let text = read_private(path)?;
    let trimmed = text.trim_ascii_end();
    if trimmed.len() < SHORTEST_PASSPHRASE {
        return Err(KeyringError::WeakPassphrase);
    }
    refuse_sample(path, trimmed)?;
    Ok(Zeroizing::new(trimmed.to_vec()))
}

/// Makes the base keys of a new registry, the first three on the token where one is named: passphrase (when missing), root, log, status, sealing, session, vault, blind index.
pub fn create(folder: &Path, passphrase_file: &Path, random: &Random) -> Result<(), KeyringError> {
    std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
        .map_err(|source| file_error(folder, source))?;
    if !passphrase_file.exists() {
        write_private(passphrase_file, hex(&random.bytes::<32>()).as_bytes())?;
    }
    let passphrase = read_passphrase(passphrase_file)?;
    // Where the folder names a token already, the registry's own keys are made on it too.
    let token = Hardware::open(folder)?;
    for file in [ROOT, LOG, STATUS] {
        let kid = kid_of(file)?;
        if let Some(token) = &token {
            if token.has(&kid)? {
                return Err(KeyringError::Exists(kid.to_string()));
            }
            token.generate(&kid)?;
            continue;
        }
        write_key(
            &folder.join(file),
            &SoftwareSigner::from_seed(kid, Zeroizing::new(random.bytes())),
            &passphrase,
            random,
        )?;
    }
    let seal = Seal::create(folder, &passphrase, random)?;
    seal.make(&folder.join(SESSION), random)?;
    for kind in [KeyKind::Master, KeyKind::BlindIndex] {
        sealed::make_vault_key(folder, &seal, kind, 1, random)?;
    }
    Ok(())
}

/// Makes a single key with its passphrase (when missing): that of a witness, which has no registry.
pub fn create_one(
    path: &Path,
    kid: &'static str,
    passphrase_file: &Path,
    random: &Random,
) -> Result<(), KeyringError> {
    if !passphrase_file.exists() {
        write_private(passphrase_file, hex(&random.bytes::<32>()).as_bytes())?;
    }
    let passphrase = read_passphrase(passphrase_file)?;
    let signer = SoftwareSigner::from_seed(kid_of(kid)?, Zeroizing::new(random.bytes()));
    write_key(path, &signer, &passphrase, random)
}

/// Opens a single key.
pub fn open_one(
    path: &Path,
    kid: &'static str,
    passphrase_file: &Path,
) -> Result<SoftwareSigner, KeyringError> {
    read_key(path, kid_of(kid)?, &read_passphrase(passphrase_file)?)
}

/// Whether the base keys are there.
pub fn exists(folder: &Path) -> bool {
    // Not that of the log: it may be in a token.
    folder.join(SESSION).exists()
}

impl Keyring {
    /// Opens the log key and the session key; issuer keys open when first used.
    pub fn open(
        folder: &Path,
        passphrase_file: &Path,
        seal: Arc<Seal>,
        log_origin: &str,
    ) -> Result<Self, KeyringError> {
        let passphrase = read_passphrase(passphrase_file)?;
        let log_origin: Origin = log_origin
            .parse()
            .map_err(|_| KeyringError::Name("the origin of the log is not a plain name"))?;
        let token = Hardware::open(folder)?;
        let log = LogKey {
            signer: open_signer(folder, token.as_ref(), &kid_of(LOG)?, &passphrase)?,
            origin: log_origin.clone(),
        };
        let own = Self {
            folder: folder.to_owned(),
            log: RwLock::new(log),
            first_origin: log_origin,
            session_seed: seal.read(&folder.join(SESSION))?,
            seal,
            issuers: RwLock::default(),
            token,
            passphrase,
        };
        // One that does not open is told at the start.
        for file in [STATUS, ROOT] {
            own.issuer(&kid_of(file)?)?;
        }
        Ok(own)
    }

    /// Folder of the keys.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The key that signs checkpoints, as this process last saw it: what is signed asks the head of the log.
    pub fn log(&self) -> LogKey {
        let log = self.log.read();
        log.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key of this name and its log, from now on that of [`Self::log`].
    pub fn use_log(&self, kid: &KeyId, origin: Origin) -> Result<LogKey, KeyringError> {
        let known = self.log();
        if known.signer.key_id() == kid && known.origin == origin {
            return Ok(known);
        }
        let key = LogKey {
            signer: self.issuer(kid)?,
            origin,
        };
        *self.log.write().unwrap_or_else(PoisonError::into_inner) = key.clone();
        Ok(key)
    }

    /// Name of the first log, by the configuration.
    pub fn first_origin(&self) -> &Origin {
        &self.first_origin
    }

    /// The issuer key of this name if it is open already: what may be asked inside a transaction.
    pub fn opened(&self, kid: &KeyId) -> Option<Arc<dyn Signer>> {
        self.issuers.read().ok()?.get(kid).cloned()
    }

    /// First line of checkpoints.
    pub fn log_origin(&self) -> Origin {
        self.log().origin
    }

    /// The log's verifier key line.
    pub fn log_vkey(&self) -> String {
        let log = self.log();
        certs::log::vkey(&log.origin, log.signer.public_key())
    }

    /// Seed of the session-token key.
    pub fn session_seed(&self) -> &Zeroizing<[u8; 32]> {
        &self.session_seed
    }

    /// The key of this name; read from its file the first time. Call it for an issuer key before a write transaction begins.
    pub fn issuer(&self, kid: &KeyId) -> Result<Arc<dyn Signer>, KeyringError> {
        if let Some(signer) = self
            .issuers
            .read()
            .ok()
            .and_then(|open| open.get(kid).cloned())
        {
            return Ok(signer);
        }
        let signer = open_signer(&self.folder, self.token.as_ref(), kid, &self.passphrase)?;
        if let Ok(mut open) = self.issuers.write() {
            open.insert(kid.clone(), Arc::clone(&signer));
        }
        Ok(signer)
    }

    /// Makes a new key, on the token or in a file; answers the public half.
    pub fn generate_issuer(&self, kid: &KeyId, random: &Random) -> Result<PublicKey, KeyringError> {
        if let Some(token) = &self.token {
            let (public, signer) = token.generate(kid)?;
            if let Ok(mut open) = self.issuers.write() {
                open.insert(kid.clone(), signer);
            }
            return Ok(public);
        }
        let signer = SoftwareSigner::from_seed(kid.clone(), Zeroizing::new(random.bytes()));
        let public = signer.public_key().clone();
        write_key(
            &self.folder.join(format!("{kid}.pem")),
            &signer,
            &self.passphrase,
            random,
        )?;
        if let Ok(mut open) = self.issuers.write() {
            open.insert(kid.clone(), Arc::new(signer));
        }
        Ok(public)
    }

    /// Makes or finds a version of a key of the vault.
    pub fn make_vault_key(
        &self,
        kind: KeyKind,
        version: i32,
        random: &Random,
    ) -> Result<SecretKey, KeyringError> {
        sealed::make_vault_key(&self.folder, &self.seal, kind, version, random)
    }

    /// Whether a key of this name is there, with or without a row in the database.
    pub fn has_key(&self, kid: &KeyId) -> Result<bool, KeyringError> {
        let file = self.folder.join(format!("{kid}.pem")).exists();
        match &self.token {
            Some(token) if !file => token.has(kid),
            _ => Ok(file),
        }
    }
}

fn open_signer(
    folder: &Path,
    token: Option<&Hardware>,
    kid: &KeyId,
    passphrase: &[u8],
) -> Result<Arc<dyn Signer>, KeyringError> {
    let file = folder.join(format!("{kid}.pem"));
    Ok(match token {
        // A key from before the token stays in its file.
        Some(token) if !file.exists() => token.signer(kid)?,
        _ => Arc::new(read_key(&file, kid.clone(), passphrase)?),
    })
}

/// A key of the registry itself is called like its file.
fn kid_of(file: &'static str) -> Result<KeyId, KeyringError> {
    let name = file.strip_suffix(".pem").unwrap_or(file);
    name.parse()
        .map_err(|_| KeyringError::Name("the name of a key"))
}

fn write_key(
    path: &Path,
    signer: &SoftwareSigner,
    passphrase: &[u8],
    random: &Random,
) -> Result<(), KeyringError> {
    let pem = signer
        .to_encrypted_pem(passphrase, &mut KeyRng(random))
        .map_err(|_| KeyringError::Unreadable(name_of(path)))?;
    write_private(path, pem.as_bytes())
}

fn read_key(path: &Path, kid: KeyId, passphrase: &[u8]) -> Result<SoftwareSigner, KeyringError> {
    let bytes = read_private(path)?;
    let unreadable = || KeyringError::Unreadable(name_of(path));
    let pem = std::str::from_utf8(&bytes).map_err(|_| unreadable())?;
    SoftwareSigner::from_encrypted_pem(kid, pem, passphrase).map_err(|_| unreadable())
}

/// Everybody could sign, or open what is sealed, with a secret from a manual (trust.md KY-9).
fn refuse_sample(path: &Path, secret: &[u8]) -> Result<(), KeyringError> {
    if crate::config::secrets::is_sample(secret) {
        return Err(KeyringError::Sample(name_of(path)));
    }
    Ok(())
}

/// Reads a file that only its owner may read.
fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    let meta = std::fs::metadata(path).map_err(|source| file_error(path, source))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(KeyringError::Permissions(name_of(path)));
    }
    std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|source| file_error(path, source))
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), KeyringError> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| {
            if source.kind() == std::io::ErrorKind::AlreadyExists {
                KeyringError::Exists(name_of(path))
            } else {
                file_error(path, source)
            }
        })?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: std::io::Error) -> KeyringError {
    KeyringError::File {
        file: name_of(path),
        source,
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || "?".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(data_encoding::HEXLOWER.encode(bytes))
}

/// Hands the process's randomness to libraries that ask for a generator.
pub(crate) struct KeyRng<'a>(pub(crate) &'a Random);

impl TryRng for KeyRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        (self.0.source())(buffer);
        Ok(())
    }
}

impl TryCryptoRng for KeyRng<'_> {}
