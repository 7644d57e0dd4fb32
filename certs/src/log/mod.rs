//! The public append-only log: RFC 6962 hashing, C2SP tlog-tiles, checkpoints (`docs/formats.md` sections 5 to 7).
//!
//! Nothing here reads or writes: a [`TileReader`] hands over stored tiles, [`Edge::append`] says which tiles to store.

use std::fmt;

use sha2::{Digest, Sha256};

mod bundle;
mod checkpoint;
mod cosign;
mod edge;
mod entry;
mod proof;
mod tile;
mod tlog_proof;
mod witness;
mod word;

pub use bundle::{bundle_path, read_bundle, write_bundle};
pub use checkpoint::{
    Checkpoint, CheckpointFault, Origin, SignedCheckpoint, is_signed_checkpoint, parse_vkey, vkey,
};
pub use cosign::{
    BadQuorum, Cosignature, WitnessKey, WitnessPolicy, cosign, cosignatures, parse_witness_vkey,
    with_lines, witness_vkey,
};
pub use edge::{Edge, EdgeFault, TreeUpdate};
pub use entry::{EntryFault, LeafEntry};
pub use proof::{
    ProofFault, consistency_proof, consistency_tiles, inclusion_proof, inclusion_tiles, root,
    root_tiles, verify_consistency, verify_inclusion,
};
pub use tile::{TILE_WIDTH, Tile, TileId, TileMissing, TilePath, TileReader};
pub use tlog_proof::{LoggedEntry, TlogProofFault, verify_tlog_proof, write_tlog_proof};
pub use witness::{MAX_SUBMISSION, SeenTree, Submission, WitnessRefusal};
pub use word::{BadWord, Word};

/// A hash of the tree: SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Root of the empty tree: SHA-256 of nothing.
    pub fn empty() -> Self {
        Self(Sha256::digest(b"").into())
    }

    /// Hash of a leaf: `SHA-256(0x00 || entry)`.
    pub fn leaf(entry: &[u8]) -> Self {
        let mut digest = Sha256::new();
        digest.update([0]);
        digest.update(entry);
        Self(digest.finalize().into())
    }

    /// Hash of a node: `SHA-256(0x01 || left || right)`.
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}
