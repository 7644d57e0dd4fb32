//! Proofs for the public: a leaf's place under the newest checkpoint that was committed.

use certs::log::{Checkpoint, Hash, LeafEntry, SignedCheckpoint};
use domain::ids::LeafIndex;

use super::append::{Tiles, hash};
use super::published;
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
pub fn signed(row: store::log::CheckpointRow) -> Result<SignedCheckpoint, Problem> {
    let checkpoint = Checkpoint {
        // It may be from before the log was succeeded: its own first line counts.
        origin: row
            .note
            .lines()
            .next()
            .and_then(|line| line.parse().ok())
            .ok_or_else(|| Problem::internal("a stored checkpoint has no name"))?,
        size: row.size,
        root: hash(&row.root)?,
    };
    Ok(SignedCheckpoint {
        checkpoint,
        note: row.note,
    })
}

/// Proves a leaf under the published checkpoint, or the newest one where that does not cover it yet.
pub async fn leaf_proof(app: &App, index: LeafIndex) -> Result<LeafProof, Problem> {
    let checkpoint = published::covering(app, index.0).await?;
    proof_under(app, index, checkpoint.ok_or_else(Problem::not_found)?).await
}

async fn proof_under(
    app: &App,
    index: LeafIndex,
    checkpoint: SignedCheckpoint,
) -> Result<LeafProof, Problem> {
    let reader = app.store.reader();
    let leaf = store::log::leaves(reader, index, 1)
        .await?
        .pop()
        .ok_or_else(Problem::not_found)?;
    let tree_size = checkpoint.checkpoint.size;
    let tiles = Tiles::read(reader, &certs::log::inclusion_tiles(index.0, tree_size)).await?;
    let hashes =
        certs::log::inclusion_proof(&tiles, index.0, tree_size).map_err(Problem::internal)?;
    Ok(LeafProof {
        entry: leaf.entry,
        index: index.0,
        tree_size,
        hashes,
        checkpoint,
    })
}

/// The proof file of a leaf (C2SP tlog-proof), under the earliest checkpoint that is witnessed.
pub async fn tlog_proof(app: &App, index: LeafIndex) -> Result<String, Problem> {
    let checkpoint = published::earliest(app, index).await?;
    let proof = proof_under(app, index, checkpoint.ok_or_else(Problem::not_found)?).await?;
    let entry = LeafEntry::decode(&proof.entry).map_err(Problem::internal)?;
    Ok(certs::log::write_tlog_proof(
        &entry,
        proof.index,
        &proof.hashes,
        &proof.checkpoint,
    ))
}

/// That the tree of `new` leaves begins with that of `old`; not found beyond the newest checkpoint.
pub async fn consistency(app: &App, old: u64, new: u64) -> Result<Vec<Hash>, Problem> {
    let newest = published::newest(app)
        .await?
        .ok_or_else(Problem::not_found)?;
    if old > new || new > newest.checkpoint.size {
        return Err(Problem::not_found());
    }
    let ids = certs::log::consistency_tiles(old, new);
    let tiles = Tiles::read(app.store.reader(), &ids).await?;
    certs::log::consistency_proof(&tiles, old, new).map_err(Problem::internal)
}
