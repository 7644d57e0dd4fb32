//! Whether the entry of a leaf, as the database holds it, is what the log's signed tree has there (trust.md LG-9).
//!
//! Who writes the database and has an issuer key could put a certificate of their own into an old leaf's row. So a verdict
//! hashes the row and proves it, by the stored tiles, under a checkpoint that the log's key signed: that key is not in the
//! database. What was proven once needs no tile again: a proof that holds has proven every hash of the leaf's own tile,
//! since its path is made of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use certs::log::{Checkpoint, Hash, TILE_WIDTH, TileId, TileReader};
use store::PublicRead;

use super::append::Tiles;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::trust::own_keys;

/// Tiles of leaves that are kept: four million leaves, 64 MiB.
const KEPT: usize = 16_384;
/// Leaves whose tiles are read at once: a batch holds no more in memory.
const AT_ONCE: usize = 64;
/// Leaves for which an alarm is remembered, so that one row does not fill the log.
const TOLD: usize = 10_000;

/// Half of a leaf's hash: nobody finds a second entry for it either.
type Short = [u8; 16];

/// What this process has proven.
#[derive(Debug, Default)]
pub struct Proven(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The newest checkpoint whose signature was checked.
    anchor: Option<(u64, Hash)>,
    tiles: HashMap<u64, Vec<Short>>,
    told: HashSet<u64>,
}

fn short(hash: &Hash) -> Short {
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_bytes()[..16]);
    short
}

/// The tile of leaves in which a leaf is, and its place there.
fn place(index: u64) -> (TileId, usize) {
    let width = u64::from(TILE_WIDTH);
    let id = TileId {
        level: 0,
        index: index / width,
    };
    (id, usize::try_from(index % width).unwrap_or(usize::MAX))
}

impl Proven {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the leaf has this hash, where that was proven before.
    fn known(&self, index: u64, leaf: &Hash) -> Option<bool> {
        let (tile, at) = place(index);
        let kept = self.kept();
        let proven = kept.tiles.get(&tile.index)?.get(at)?;
        Some(*proven == short(leaf))
    }

    fn keep(&self, tile: u64, hashes: &[Hash]) {
        let mut kept = self.kept();
        if kept.tiles.len() >= KEPT
            && !kept.tiles.contains_key(&tile)
            && let Some(other) = kept.tiles.keys().next().copied()
        {
            kept.tiles.remove(&other);
        }
        kept.tiles.insert(tile, hashes.iter().map(short).collect());
    }

    /// Raises the alarm about a leaf, once for each.
    fn tell(&self, index: u64) {
        let mut kept = self.kept();
        if kept.told.len() < TOLD && kept.told.insert(index) {
            tracing::error!(
                index,
                "A leaf of the log is not what its signed tree holds: what rests on it is not valid. Run `mingzheng log check`"
            );
        }
    }
}

/// Those of these leaves, each with the hash of its stored entry, that are not so in the log's signed tree. In a batch as for a
/// single one: what this process has not proven before is proven now, each tile once.
pub(crate) async fn strangers(
    app: &App,
    db: &impl PublicRead,
    leaves: &[(u64, Hash)],
) -> Result<HashSet<u64>, Problem> {
    let proven = &app.proven;
    let (mut strangers, mut unknown) = (HashSet::new(), Vec::new());
    for (index, leaf) in leaves {
        match proven.known(*index, leaf) {
            Some(false) => {
                strangers.insert(*index);
            }
            None => unknown.push((*index, *leaf)),
            Some(true) => {}
        }
    }
    if let Some(last) = unknown.iter().map(|(index, _)| *index).max() {
        let anchor = anchor(app, db, last).await?;
        // Neighbours share their tiles, and one proof proves the whole tile of leaves.
        unknown.sort_unstable_by_key(|(index, _)| *index);
        for some in unknown.chunks(AT_ONCE) {
            strangers.extend(unproven(app, db, some, anchor).await?);
        }
    }
    for index in &strangers {
        proven.tell(*index);
    }
    Ok(strangers)
}

/// Size and root of a checkpoint over the leaf that the log's key has signed; the cosigned one where witnesses are asked.
/// Without one nothing can be said: neither that the certificate is in the log nor that it is not.
pub(super) async fn anchor(
    app: &App,
    db: &impl PublicRead,
    leaf: u64,
) -> Result<(u64, Hash), Problem> {
    let newest = store::log::latest_checkpoint(db).await?;
    let seen = newest.as_ref().map_or(0, |row| row.size);
    let kept = app.proven.kept().anchor;
    // Another request may have kept one that is newer than what this one sees of the tree.
    if let Some(kept) = kept.filter(|(size, _)| leaf < *size && *size <= seen) {
        return Ok(kept);
    }
    let policy = &app.config.witnesses.policy;
    let mut notes = Vec::new();
    if policy.quorum() > 0
        && let Some(row) = store::witnessed::latest(db).await?
        && policy.reached(&row.note).is_ok_and(|at| at.is_some())
    {
        notes.push(row.note);
    }
    notes.extend(newest.map(|row| row.note));
    let mut found = signed(app, &notes, leaf);
    if found.is_none() {
        // Another node may have changed the log's key.
        own_keys::refresh(app).await?;
        found = signed(app, &notes, leaf);
    }
    let Some(found) = found else {
        tracing::error!("No stored checkpoint is signed by the log's key: nothing can be proven");
        return Err(Problem::new(Code::LogInconsistent).with_detail(
            "现在无法核对公开日志,不能查验;这不说明证书真假。请稍后再试。",
            "The public log cannot be checked now; this says nothing of the certificate. Try again later.",
        ));
    };
    app.proven.kept().anchor = Some(found);
    Ok(found)
}

fn signed(app: &App, notes: &[String], leaf: u64) -> Option<(u64, Hash)> {
    let log = app.keyring.log();
    notes
        .iter()
        .filter_map(|note| Checkpoint::verify(note, &log.origin, log.signer.public_key()).ok())
        .map(|signed| (signed.checkpoint.size, signed.checkpoint.root))
        .find(|(size, _)| leaf < *size)
}

/// Those of these leaves that no proof leads to the root.
async fn unproven(
    app: &App,
    db: &impl PublicRead,
    leaves: &[(u64, Hash)],
    (size, root): (u64, Hash),
) -> Result<Vec<u64>, Problem> {
    let mut wanted: Vec<TileId> = leaves
        .iter()
        .flat_map(|(index, _)| {
            let own = place(*index).0;
            certs::log::inclusion_tiles(*index, size)
                .into_iter()
                .chain([own])
        })
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let tiles = Tiles::read(db, &wanted).await?;
    let mut unproven = Vec::new();
    for (index, leaf) in leaves {
        // By the proof of a neighbour just now.
        match app.proven.known(*index, leaf) {
            Some(true) => continue,
            Some(false) => {
                unproven.push(*index);
                continue;
            }
            None => {}
        }
        let holds = certs::log::inclusion_proof(&tiles, *index, size).is_ok_and(|proof| {
            certs::log::verify_inclusion(leaf, *index, size, &proof, &root).is_ok()
        });
        if !holds {
            unproven.push(*index);
            continue;
        }
        let (own, at) = place(*index);
        let width = own.width(size);
        let hashes = tiles.tile(own, width);
        if let Some(hashes) = hashes.and_then(|all| all.get(..usize::from(width)))
            // The one hash of the tile that its own proof is not made of.
            && hashes.get(at) == Some(leaf)
        {
            app.proven.keep(own.index, hashes);
        }
    }
    Ok(unproven)
}
