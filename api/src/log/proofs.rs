//! Proofs for the public: a leaf's place under the newest checkpoint that was committed.

use certs::log::{Checkpoint, Hash, LeafEntry, SignedCheckpoint};
use domain::ids::LeafIndex;

use super::append::{Tiles, hash};
use crate::app::App;
use crate::problem::Problem;

/// A leaf with its proof.
pub struct LeafProof {
    /// The leaf.
    pub entry: Vec<u8>,
    /// Its index.
    pub index: u64,
    /// Size of the tree proven to.
    pub tree_size: u64,
    /// Hashes from the leaf's side up.
    pub hashes: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
}

/// The stored checkpoint in the form that proofs carry.
pub fn signed(app: &App, row: store::log::CheckpointRow) -> Result<SignedCheckpoint, Problem> {
    let checkpoint = Checkpoint {
        origin: app.keyring.log_origin().clone(),
        size: row.size,
        root: hash(&row.root)?,
    };
    Ok(SignedCheckpoint {
        checkpoint,
        note: row.note,
    })
}

/// Proves a leaf under the newest checkpoint.
pub async fn leaf_proof(app: &App, index: LeafIndex) -> Result<LeafProof, Problem> {
    let reader = app.store.public();
    let row = store::log::latest_checkpoint(reader)
        .await?
        .filter(|row| index.0 < row.size)
        .ok_or_else(Problem::not_found)?;
    let leaf = store::log::leaves(reader, index, 1)
        .await?
        .pop()
        .ok_or_else(Problem::not_found)?;
    let tree_size = row.size;
    let tiles = Tiles::read(reader, &certs::log::inclusion_tiles(index.0, tree_size)).await?;
    let hashes =
        certs::log::inclusion_proof(&tiles, index.0, tree_size).map_err(Problem::internal)?;
    Ok(LeafProof {
        entry: leaf.entry,
        index: index.0,
        tree_size,
        hashes,
        checkpoint: signed(app, row)?,
    })
}

/// The proof file of a leaf (C2SP tlog-proof).
pub async fn tlog_proof(app: &App, index: LeafIndex) -> Result<String, Problem> {
    let proof = leaf_proof(app, index).await?;
    let entry = LeafEntry::decode(&proof.entry).map_err(Problem::internal)?;
    Ok(certs::log::write_tlog_proof(
        &entry,
        proof.index,
        &proof.hashes,
        &proof.checkpoint,
    ))
}
