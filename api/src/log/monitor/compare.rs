//! Rebuilding the tree, and holding checkpoints against it.

use std::collections::BTreeMap;

use certs::log::{Edge, Hash, LeafEntry, TILE_WIDTH, bundle_path, read_bundle};

use super::keep::Kept;
use super::names::{Names, Takeover};
use super::source::{Source, SourceFault};
use super::{Alarm, MonitorError, Seen};

/// Entries that were downloaded and not yet confirmed.
#[derive(Debug, Default)]
pub(crate) struct Tried(Vec<Vec<u8>>);

impl Tried {
    /// Downloads the entries from one index up to a size, bundle by bundle.
    pub(crate) async fn download(log: &Source, from: u64, size: u64) -> Result<Self, MonitorError> {
        let width = u64::from(TILE_WIDTH);
        let mut tried = Self::default();
        let failed = |fault| MonitorError::Source {
            place: log.to_string(),
            fault,
        };
        let mut next = from;
        while next < size {
            let bundle = next / width;
            let wanted = u16::try_from((size - bundle * width).min(width)).unwrap_or(TILE_WIDTH);
            let path = |width| format!("tile/{}", bundle_path(bundle, width));
            let bytes = match log.get(&path(wanted)).await {
                // A log may drop partial bundles once the full one is there (C2SP tlog-tiles).
                Err(SourceFault::NotThere) if wanted < TILE_WIDTH => {
                    log.get(&path(TILE_WIDTH)).await
                }
                other => other,
            };
            let bytes = bytes.map_err(failed)?;
            let entries = read_bundle(&bytes)
                .filter(|entries| entries.len() >= usize::from(wanted))
                .ok_or_else(|| failed(SourceFault::Form))?;
            let from = usize::try_from(next - bundle * width).unwrap_or(usize::MAX);
            for entry in &entries[from..usize::from(wanted)] {
                tried.0.push(entry.to_vec());
                next += 1;
            }
        }
        Ok(tried)
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The entries.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Root of the tree of these entries alone.
    fn root(&self) -> Hash {
        let hashes: Vec<Hash> = self.entries().map(Hash::leaf).collect();
        Edge::empty().append(&hashes).root
    }

    /// If these are a whole tree with this root: index of the first entry that differs from what is kept.
    pub(super) fn differs_from(&self, kept: &Kept, root: &Hash) -> Option<u64> {
        if self.root() != *root {
            return None;
        }
        let pairs = self.entries().zip(kept.entries());
        let same = pairs
            .take_while(|(new, old)| *new == old.as_slice())
            .count() as u64;
        (same < kept.size()).then_some(same)
    }
}

/// The tree of all entries, with its roots at the sizes that are asked for.
#[derive(Debug)]
pub(super) struct Rebuilt {
    roots: BTreeMap<u64, Hash>,
    /// Entries of a form that this program does not know.
    pub(super) unreadable: Vec<(u64, String)>,
    /// Where the log took over from another one.
    pub(super) takeovers: Vec<Takeover>,
    /// What is wrong with those whose last checkpoint is not signed by the log before.
    pub(super) false_takeovers: Vec<String>,
}

impl Rebuilt {
    /// Hashes every entry again.
    pub(super) fn of(
        kept: &Kept,
        tried: &Tried,
        names: &Names,
        sizes: impl Iterator<Item = u64>,
    ) -> Self {
        let mut roots = BTreeMap::from([(0, Hash::empty())]);
        let mut unreadable = Vec::new();
        let (mut takeovers, mut false_takeovers) = (Vec::new(), Vec::new());
        let mut edge = Edge::empty();
        // Size of the tree before the changes of keys that stand last in it.
        let mut inherited = 0;
        let mut sizes = sizes.chain([kept.size()]).collect::<Vec<_>>();
        sizes.sort_unstable();
        let all = kept
            .entries()
            .iter()
            .map(Vec::as_slice)
            .chain(tried.entries());
        for (index, entry) in (0..).zip(all) {
            let decoded = LeafEntry::decode(entry);
            if let Ok(decoded) = &decoded {
                // The last checkpoint of the log before is that of the tree up to here, unless leaves were lost.
                let root_at = |at| {
                    if at == edge.size() {
                        Some(edge.root())
                    } else {
                        roots.get(&at).copied()
                    }
                };
                match Takeover::read(decoded, index, inherited, names, root_at) {
                    Some(Ok(takeover)) => takeovers.push(takeover),
                    Some(Err(fault)) => false_takeovers.push(format!("{index}: {fault}")),
                    None => {}
                }
            }
            edge.append(&[Hash::leaf(entry)]);
            if !matches!(decoded, Ok(LeafEntry::KeyState { .. })) {
                inherited = edge.size();
            }
            if sizes.binary_search(&edge.size()).is_ok() {
                roots.insert(edge.size(), edge.root());
            }
            if index >= kept.size()
                && let Err(fault) = decoded
            {
                unreadable.push((index, fault.to_string()));
            }
        }
        Self {
            roots,
            unreadable,
            takeovers,
            false_takeovers,
        }
    }

    /// Whether a checkpoint that does not belong to the tree is of a log whose leaves were lost when this one took over.
    fn lost(&self, origin: &str, size: u64) -> bool {
        self.takeovers.iter().any(|one| one.lost(origin, size))
    }

    /// Root of the tree of this size, where it was asked for and there are as many entries.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        self.roots.get(&size).copied()
    }
}

/// The root that a kept note names.
fn root_of(note: &str) -> Option<Hash> {
    let line = note.lines().nth(2)?;
    let bytes = data_encoding::BASE64.decode(line.as_bytes()).ok()?;
    Hash::try_from(bytes.as_slice()).ok()
}

/// Holds every checkpoint against the tree; what belongs to it is kept, what does not is evidence.
pub(super) fn hold(
    kept: &mut Kept,
    rebuilt: &Rebuilt,
    genuine: bool,
    seen: Vec<Seen>,
    alarms: &mut Vec<Alarm>,
    evidence: &mut Vec<String>,
) -> Result<(), MonitorError> {
    let size = kept.size();
    // First what fits, so that the genuine note of a size is there as evidence beside the false one.
    let fits = |one: &Seen| {
        let checkpoint = &one.signed.checkpoint;
        let known = genuine || checkpoint.size <= size;
        known && rebuilt.root_at(checkpoint.size) == Some(checkpoint.root)
    };
    let (good, bad): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(fits);
    for one in good {
        kept.add_checkpoint(&one.signed)?;
    }
    for one in bad {
        let size_seen = one.signed.checkpoint.size;
        if rebuilt.lost(one.signed.checkpoint.origin.as_str(), size_seen) {
            continue;
        }
        evidence.push(kept.add_evidence(&one.signed)?);
        if size_seen > size && !genuine {
            // The log's own newest checkpoint does not fit what it gives out: that was told.
            continue;
        }
        if rebuilt.root_at(size_seen).is_some() {
            if kept.checkpoint(size_seen).is_ok() {
                evidence.push(Kept::note_name(size_seen));
            }
            alarms.push(fork(size_seen, &one.place));
        } else {
            alarms.push(Alarm::new(
                "hidden",
                size_seen,
                &one.place,
                "别处有日志签名的更大的检查点,日志自己却没有给出。",
                "Elsewhere there is a larger checkpoint signed by the log, which the log itself does not show.",
            ));
        }
    }
    // What earlier runs kept is held against the tree again: a state folder may have been changed.
    for size in kept.checkpoint_sizes().collect::<Vec<_>>() {
        let note = kept.checkpoint(size)?;
        if rebuilt
            .root_at(size)
            .is_some_and(|tree| root_of(&note) != Some(tree))
            && !rebuilt.lost(note.lines().next().unwrap_or_default(), size)
        {
            alarms.push(fork(size, &Kept::note_name(size)));
        }
    }
    evidence.sort();
    evidence.dedup();
    Ok(())
}

pub(super) fn fork(size: u64, place: &str) -> Alarm {
    Alarm::new(
        "fork",
        size,
        place,
        "日志分叉:这个签名的检查点不属于已核对的记录。",
        "The log has forked: this signed checkpoint does not belong to the history that was checked.",
    )
}
