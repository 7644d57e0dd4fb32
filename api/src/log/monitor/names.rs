//! The names and keys of one history: a log, and the logs that it took over from (docs/formats.md, 5.3).

use certs::keys::PublicKey;
use certs::log::{
    Checkpoint, CheckpointFault, Hash, LeafEntry, Origin, SignedCheckpoint, parse_vkey,
};
use serde::Serialize;

use super::MonitorError;

/// The log itself first.
#[derive(Debug)]
pub(crate) struct Names(Vec<(Origin, PublicKey)>);

impl Names {
    /// A log without predecessors.
    pub(crate) fn one(origin: &Origin, key: &PublicKey) -> Self {
        Self(vec![(origin.clone(), key.clone())])
    }

    /// From key lines: that of the log, and those of its predecessors.
    pub(super) fn parse(vkey: &str, before: &[String]) -> Result<Self, MonitorError> {
        let bad = |_| MonitorError::Usage("不是日志的公钥行 / not the verifier key line of a log");
        let lines = std::iter::once(vkey).chain(before.iter().map(String::as_str));
        let names: Result<Vec<_>, _> = lines
            .map(|line| parse_vkey(line.trim()).map_err(bad))
            .collect();
        Ok(Self(names?))
    }

    /// The log itself.
    pub(super) fn newest(&self) -> Self {
        Self(self.0.iter().take(1).cloned().collect())
    }

    /// Name of the log itself.
    pub(super) fn origin(&self) -> &Origin {
        &self.0[0].0
    }

    /// Whether this is the log or one of its predecessors.
    pub(super) fn has(&self, origin: &str) -> bool {
        self.0.iter().any(|(name, _)| name.as_str() == origin)
    }

    /// Reads a checkpoint of the log or of a predecessor.
    pub(crate) fn verify(&self, note: &str) -> Result<SignedCheckpoint, CheckpointFault> {
        let first = note.lines().next().unwrap_or_default();
        let (origin, key) = self
            .0
            .iter()
            .find(|(origin, _)| origin.as_str() == first)
            .unwrap_or(&self.0[0]);
        Checkpoint::verify(note, origin, key)
    }
}

/// A place where a log took over from another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Takeover {
    /// Index of the leaf that tells it.
    pub index: u64,
    /// Name of the log before.
    pub from: String,
    /// Size of that log's last checkpoint.
    pub size: u64,
    /// Whether the tree begins with all of it; if not, leaves of it were lost, and the leaf says so openly.
    pub whole: bool,
    /// Whether the checkpoint's signature was checked, with a key line given for it.
    pub checked: bool,
    /// Leaves at the beginning that are certainly those of the log before: all but the change of keys that stands directly
    /// before the leaf, which is the successor's own where leaves were lost.
    #[serde(skip)]
    pub(super) inherited: u64,
}

impl Takeover {
    /// What an entry says, whose tree had these roots before it and began with so many inherited leaves; `Err` for a
    /// checkpoint with a signature that is false.
    pub(super) fn read(
        entry: &LeafEntry,
        index: u64,
        inherited: u64,
        names: &Names,
        root_at: impl Fn(u64) -> Option<Hash>,
    ) -> Option<Result<Self, CheckpointFault>> {
        let LeafEntry::Succession { last, .. } = entry else {
            return None;
        };
        let mut lines = last.lines();
        let from = lines.next().unwrap_or_default().to_owned();
        let size = lines.next().and_then(|size| size.parse().ok()).unwrap_or(0);
        let root = lines.next().and_then(|root| {
            let bytes = data_encoding::BASE64.decode(root.as_bytes()).ok()?;
            Hash::try_from(bytes.as_slice()).ok()
        });
        let checked = names.has(&from);
        if checked && let Err(fault) = names.verify(last) {
            return Some(Err(fault));
        }
        Some(Ok(Self {
            index,
            from,
            size,
            whole: size <= index && root.is_some() && root_at(size) == root,
            checked,
            inherited,
        }))
    }

    /// Whether leaves of a checkpoint of the log before were lost when this log took over: that is no fork, it was told.
    /// A checkpoint of inherited leaves alone lost none: another root for it is a fork.
    pub(super) fn lost(&self, origin: &str, size: u64) -> bool {
        let missing = size > self.inherited && size <= self.size;
        self.checked && !self.whole && self.from == origin && missing
    }
}
