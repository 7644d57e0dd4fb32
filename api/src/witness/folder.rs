//! The folder of a witness: its key, its name, and what it has seen of each log.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use certs::keys::{PublicKey, Signer as _, SoftwareSigner};
use certs::log::{Hash, Origin, SeenTree, parse_vkey, witness_vkey};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::Random;
use crate::keyring::{self, KeyringError};

/// Submissions against a log that are kept as evidence, at most.
const MOST_EVIDENCE: usize = 100;
const KEY: &str = "witness.pem";
const NAME: &str = "name";
const LOCK: &str = "lock";

/// Why a witness does not start, or did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The key file.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// A file of the folder.
    #[error("见证方目录无法读写 / the folder of the witness: {0}")]
    Io(#[from] std::io::Error),
    /// A file that is not what it should be.
    #[error(
        "见证方目录中的文件 {0} 已损坏;不要重建,请换一个新的见证方 / the file {0} of the witness is damaged: retire this witness and make a new one"
    )]
    Damaged(String),
    /// A wrong argument.
    #[error("{0}")]
    Usage(&'static str),
}

/// A log that is watched, with the largest tree that was cosigned.
#[derive(Clone, Debug)]
pub struct WatchedLog {
    /// Name of the log.
    pub origin: Origin,
    /// Its key.
    pub key: PublicKey,
    /// The largest tree; size 0 before the first.
    pub seen: SeenTree,
    /// The newest checkpoint with the witness's line.
    pub note: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFile {
    vkey: String,
    size: u64,
    root: String,
    note: Option<String>,
}

/// The folder of a witness.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder that is there.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes a witness: folder, passphrase, key; refuses where there is one.
    pub fn create(
        path: &Path,
        name: &Origin,
        passphrase_file: &Path,
        random: &Random,
    ) -> Result<Self, WitnessError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path.join("logs"))?;
        let folder = Self(path.to_owned());
        keyring::create_one(&path.join(KEY), "witness", passphrase_file, random)?;
        write_new(&path.join(NAME), name.as_str().as_bytes())?;
        Ok(folder)
    }

    /// Taken by who serves: two that each know what they have seen themselves would cosign two histories.
    pub(super) fn lock(&self) -> Result<std::fs::File, WitnessError> {
        let file = std::fs::File::create(self.0.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(WitnessError::Usage(
                "这个目录已有一个见证方在运行 / a witness already runs on this folder",
            )),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Name and key.
    pub fn open(&self, passphrase_file: &Path) -> Result<(Origin, SoftwareSigner), WitnessError> {
        let name = std::fs::read_to_string(self.0.join(NAME))?;
        let name = name
            .trim_end()
            .parse()
            .map_err(|_| WitnessError::Damaged(NAME.to_owned()))?;
        let signer = keyring::open_one(&self.0.join(KEY), "witness", passphrase_file)?;
        Ok((name, signer))
    }

    /// The verifier key line that logs are configured with.
    pub fn vkey(&self, passphrase_file: &Path) -> Result<String, WitnessError> {
        let (name, signer) = self.open(passphrase_file)?;
        Ok(witness_vkey(&name, signer.public_key()))
    }

    /// Begins to watch a log, from nothing. Refused for one that is watched: what was seen is never forgotten.
    pub fn watch(&self, vkey: &str) -> Result<Origin, WitnessError> {
        let (origin, _) = parse_vkey(vkey).map_err(|_| {
            WitnessError::Usage("不是日志的公钥行 / not the verifier key line of a log")
        })?;
        let file = LogFile {
            vkey: vkey.to_owned(),
            size: 0,
            root: HEXLOWER.encode(Hash::empty().as_bytes()),
            note: None,
        };
        let text = serde_json::to_vec(&file).map_err(std::io::Error::other)?;
        write_new(&self.log_path(&origin), &text)?;
        Ok(origin)
    }

    /// All watched logs.
    pub fn logs(&self) -> Result<Vec<WatchedLog>, WitnessError> {
        let mut logs = Vec::new();
        for entry in std::fs::read_dir(self.0.join("logs"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                logs.push(read_log(&path)?);
            }
        }
        Ok(logs)
    }

    /// Stores the new tree of a log before anybody hears of it: written beside, synced, put in its place, and that synced too.
    pub(super) fn store(&self, log: &WatchedLog) -> Result<(), WitnessError> {
        let file = LogFile {
            vkey: certs::log::vkey(&log.origin, &log.key),
            size: log.seen.size,
            root: HEXLOWER.encode(log.seen.root.as_bytes()),
            note: log.note.clone(),
        };
        let path = self.log_path(&log.origin);
        let beside = path.with_extension("new");
        let mut new = std::fs::File::create(&beside)?;
        new.write_all(&serde_json::to_vec(&file).map_err(std::io::Error::other)?)?;
        new.sync_all()?;
        std::fs::rename(&beside, &path)?;
        std::fs::File::open(self.0.join("logs"))?.sync_all()?;
        Ok(())
    }

    /// Keeps a submission that the log signed and that does not continue its history.
    pub(super) fn keep_evidence(&self, submission: &str) -> std::io::Result<()> {
        let folder = self.0.join("evidence");
        std::fs::create_dir_all(&folder)?;
        if std::fs::read_dir(&folder)?.count() < MOST_EVIDENCE {
            let name = HEXLOWER.encode(&Sha256::digest(submission.as_bytes())[..8]);
            std::fs::write(folder.join(format!("{name}.txt")), submission)?;
        }
        Ok(())
    }

    fn log_path(&self, origin: &Origin) -> PathBuf {
        self.0.join("logs").join(format!("{}.json", log_id(origin)))
    }
}

/// Name of a log in paths: SHA-256 of its origin, hexadecimal.
pub(crate) fn log_id(origin: &Origin) -> String {
    HEXLOWER.encode(&Sha256::digest(origin.as_str().as_bytes()))
}

fn read_log(path: &Path) -> Result<WatchedLog, WitnessError> {
    let damaged = || {
        let name = path.file_name().unwrap_or_default();
        WitnessError::Damaged(name.to_string_lossy().into_owned())
    };
    let file: LogFile = serde_json::from_slice(&std::fs::read(path)?).map_err(|_| damaged())?;
    let (origin, key) = parse_vkey(&file.vkey).map_err(|_| damaged())?;
    let root = HEXLOWER
        .decode(file.root.as_bytes())
        .ok()
        .and_then(|root| Hash::try_from(root.as_slice()).ok())
        .ok_or_else(damaged)?;
    Ok(WatchedLog {
        origin,
        key,
        seen: SeenTree {
            size: file.size,
            root,
        },
        note: file.note,
    })
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
