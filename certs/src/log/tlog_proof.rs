//! A proof to keep: C2SP tlog-proof@v1, a text with index, inclusion proof and checkpoint (`docs/formats.md` section 8).
//!
//! The `extra` line carries the log entry, so that the file proves by itself what was logged. It cannot be in the QR code or in
//! the certificate, which is signed before it is logged: it is handed out beside it.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::{
    Checkpoint, CheckpointFault, EntryFault, Hash, LeafEntry, Origin, ProofFault, SignedCheckpoint,
    verify_inclusion,
};
use crate::keys::PublicKey;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Longest file: an entry of 64 KiB in base64, 64 hashes, a checkpoint.
const MAX_BYTES: usize = 128 * 1024;

/// That an entry stands in the log, checked against the log's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    /// What was logged.
    pub entry: LeafEntry,
    /// Index of its leaf.
    pub index: u64,
    /// The checkpoint that covers it.
    pub checkpoint: SignedCheckpoint,
}

/// Why a file proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofFault {
    /// Not a tlog-proof@v1 with an entry.
    #[error("不是日志证明文件(tlog-proof@v1)/ not a tlog-proof@v1 file with an entry")]
    Format,
    /// The entry in it is none of this log.
    #[error(transparent)]
    Entry(#[from] EntryFault),
    /// The checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// The hashes do not lead from the entry to the checkpoint.
    #[error(transparent)]
    Proof(#[from] ProofFault),
}

/// Writes the file for a leaf; `proof` is its inclusion proof in the checkpoint's tree.
pub fn write_tlog_proof(
    entry: &LeafEntry,
    index: u64,
    proof: &[Hash],
    checkpoint: &SignedCheckpoint,
) -> String {
    let mut text = format!(
        "{HEADER}\nextra {}\nindex {index}\n",
        BASE64.encode(&entry.encode())
    );
    for hash in proof {
        writeln!(text, "{}", BASE64.encode(hash.as_bytes())).expect("a string takes every write");
    }
    text + "\n" + &checkpoint.note
}

/// Reads such a file and checks all of it: the entry, its way to the root, and the log's signature over the root.
pub fn verify_tlog_proof(
    text: &str,
    origin: &Origin,
    key: &PublicKey,
) -> Result<LoggedEntry, TlogProofFault> {
    if text.len() > MAX_BYTES {
        return Err(TlogProofFault::Format);
    }
    let (proof, note) = text.split_once("\n\n").ok_or(TlogProofFault::Format)?;
    let mut lines = proof.split('\n');
    let mut line = |prefix: &str| {
        lines
            .next()
            .and_then(|line| line.strip_prefix(prefix))
            .ok_or(TlogProofFault::Format)
    };
    if !line(HEADER)?.is_empty() {
        return Err(TlogProofFault::Format);
    }
    let entry = BASE64
        .decode(line("extra ")?.as_bytes())
        .map_err(|_| TlogProofFault::Format)?;
    let number = line("index ")?;
    let index: u64 = number.parse().map_err(|_| TlogProofFault::Format)?;
    if index.to_string() != number {
        return Err(TlogProofFault::Format);
    }
    let hash = |line: &str| {
        BASE64
            .decode(line.as_bytes())
            .ok()
            .and_then(|bytes| Hash::try_from(bytes.as_slice()).ok())
    };
    let hashes = lines
        .map(|line| hash(line).ok_or(TlogProofFault::Format))
        .collect::<Result<Vec<_>, _>>()?;

    let checkpoint = Checkpoint::verify(note, origin, key)?;
    let Checkpoint { size, root, .. } = &checkpoint.checkpoint;
    verify_inclusion(&Hash::leaf(&entry), index, *size, &hashes, root)?;
    Ok(LoggedEntry {
        entry: LeafEntry::decode(&entry)?,
        index,
        checkpoint,
    })
}
