//! What a monitor keeps between runs: the entries of the tree, and every checkpoint that it has seen.
//!
//! | file | what |
//! | --- | --- |
//! | `origin` | name of the log |
//! | `entries` | all entries, each behind its length (the form of entry bundles) |
//! | `checkpoints/<size>.note` | signed checkpoints that belong to the tree |
//! | `evidence/` | signed checkpoints that do not |
//! | `reported` | for each name that was asked about, up to which entry an earlier run has listed it: a name and a number a line |

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use certs::log::{Origin, SignedCheckpoint, read_bundle, write_bundle};

use super::MonitorError;
use super::compare::Tried;
use super::names::Names;

/// The state folder.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    entries: Vec<Vec<u8>>,
    sizes: Vec<u64>,
    reported: BTreeMap<String, u64>,
}

impl Kept {
    /// Opens a folder, making it when it is not there; one of another log is refused.
    pub(super) fn open(folder: &Path, names: &Names) -> Result<Self, MonitorError> {
        std::fs::create_dir_all(folder.join("checkpoints"))?;
        let name = folder.join("origin");
        match std::fs::read_to_string(&name) {
            Ok(text) if names.has(&text) => {}
            Ok(_) => {
                return Err(MonitorError::Usage(
                    "状态目录属于另一个日志;日志若已由新日志接续,请用 --before 给出原日志的公钥行 / the state folder is of another log; where a new log took over, give the key line of the one before with --before",
                ));
            }
            Err(_) => std::fs::write(&name, names.origin().as_str())?,
        }
        Self::read(folder)
    }

    fn read(folder: &Path) -> Result<Self, MonitorError> {
        let bytes = std::fs::read(folder.join("entries")).unwrap_or_default();
        let entries = read_bundle(&bytes)
            .ok_or_else(|| std::io::Error::other("the file of entries is cut off"))?
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect();
        let mut sizes = Vec::new();
        for entry in std::fs::read_dir(folder.join("checkpoints"))? {
            let path = entry?.path();
            let size = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            sizes.extend(size);
        }
        sizes.sort_unstable();
        // A file of before, one number for all names, says of no name that it was listed.
        let reported = std::fs::read_to_string(folder.join("reported")).unwrap_or_default();
        let reported = reported
            .lines()
            .filter_map(|line| {
                let (name, upto) = line.split_once(' ')?;
                Some((name.to_owned(), upto.parse().ok()?))
            })
            .collect();
        Ok(Self {
            folder: folder.to_owned(),
            entries,
            sizes,
            reported,
        })
    }

    /// The folder of a monitor that has run; `None` where there is none.
    pub(crate) fn existing(folder: &Path) -> Option<Self> {
        if !folder.join("entries").is_file() {
            return None;
        }
        Self::read(folder).ok()
    }

    /// The note of the largest kept checkpoint.
    pub(crate) fn newest(&self) -> Option<String> {
        self.sizes
            .last()
            .and_then(|size| self.checkpoint(*size).ok())
    }

    /// Number of kept entries.
    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The entries.
    pub(crate) fn entries(&self) -> &[Vec<u8>] {
        &self.entries
    }

    /// Number of entries in which an earlier run has looked for this name.
    pub(super) fn reported(&self, name: &str) -> u64 {
        self.reported.get(name).copied().unwrap_or(0)
    }

    /// Sizes of the kept checkpoints.
    pub(crate) fn checkpoint_sizes(&self) -> impl Iterator<Item = u64> + '_ {
        self.sizes.iter().copied()
    }

    /// A kept checkpoint.
    pub(crate) fn checkpoint(&self, size: u64) -> Result<String, MonitorError> {
        Ok(std::fs::read_to_string(self.note_path(size))?)
    }

    /// Keeps entries whose tree a signed checkpoint confirms.
    pub(super) fn add_entries(&mut self, tried: &Tried) -> Result<(), MonitorError> {
        let new: Vec<&[u8]> = tried.entries().collect();
        if new.is_empty() {
            return Ok(());
        }
        let bytes = write_bundle(new.iter().copied())
            .ok_or_else(|| std::io::Error::other("an entry is too long"))?;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("entries"))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        self.entries.extend(new.into_iter().map(<[u8]>::to_vec));
        Ok(())
    }

    /// Takes the name of the log that goes on with the tree.
    pub(super) fn go_on_as(&self, origin: &Origin) -> Result<(), MonitorError> {
        Ok(std::fs::write(self.folder.join("origin"), origin.as_str())?)
    }

    /// Keeps a checkpoint that belongs to the tree.
    pub(super) fn add_checkpoint(&mut self, signed: &SignedCheckpoint) -> Result<(), MonitorError> {
        let size = signed.checkpoint.size;
        std::fs::write(self.note_path(size), &signed.note)?;
        if let Err(place) = self.sizes.binary_search(&size) {
            self.sizes.insert(place, size);
        }
        Ok(())
    }

    /// Keeps a checkpoint that does not belong to the tree; answers its path in the folder.
    pub(super) fn add_evidence(&self, signed: &SignedCheckpoint) -> Result<String, MonitorError> {
        let name = format!(
            "evidence/{}-{}.note",
            signed.checkpoint.size,
            &signed.checkpoint.root.to_string()[..16]
        );
        std::fs::create_dir_all(self.folder.join("evidence"))?;
        std::fs::write(self.folder.join(&name), &signed.note)?;
        Ok(name)
    }

    /// Remembers that everything of these names up to here was listed.
    pub(super) fn note_reported<'n>(
        &mut self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<(), MonitorError> {
        let size = self.size();
        for name in names {
            self.reported.insert(name.to_owned(), size);
        }
        let mut text = String::new();
        for (name, upto) in &self.reported {
            text.push_str(&format!("{name} {upto}\n"));
        }
        std::fs::write(self.folder.join("reported"), text)?;
        Ok(())
    }

    /// Path of a kept checkpoint in the folder.
    pub(super) fn note_name(size: u64) -> String {
        format!("checkpoints/{size}.note")
    }

    fn note_path(&self, size: u64) -> PathBuf {
        self.folder.join(Self::note_name(size))
    }
}
