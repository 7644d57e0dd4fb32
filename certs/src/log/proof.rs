//! Inclusion and consistency proofs (RFC 6962 section 2.1; verification as in RFC 9162 section 2.1.3.2 and 2.1.4.2).

use std::collections::BTreeSet;

use super::Hash;
use super::tile::{self, TILE_HEIGHT, TileId, TileMissing, TileReader};

/// A proof that does not prove what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// The index is not below the size, or the old size is above the new one.
    #[error("序号或大小超出日志范围 / index or size outside of the tree")]
    Range,
    /// It has too few or too many hashes.
    #[error("证明长度不符 / the proof has the wrong length")]
    Length,
    /// It hashes to another root.
    #[error("证明与根哈希不符 / the proof does not lead to the root")]
    Root,
}

/// A range of leaves, end exclusive, that starts where a subtree of its size may start.
type Leaves = (u64, u64);

/// Root of the first `size` leaves.
pub fn root(reader: &impl TileReader, size: u64) -> Result<Hash, TileMissing> {
    subtree(reader, (0, size), size)
}

/// The tiles that [`root`] reads.
pub fn root_tiles(size: u64) -> Vec<TileId> {
    tiles([(0, size)])
}

/// Proof that the leaf at `index` is in the tree of `size` leaves, from the leaf upwards. Empty when `index` is not below `size`.
pub fn inclusion_proof(
    reader: &impl TileReader,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, TileMissing> {
    inclusion_path(index, size)
        .into_iter()
        .map(|leaves| subtree(reader, leaves, size))
        .collect()
}

/// The tiles that [`inclusion_proof`] reads.
pub fn inclusion_tiles(index: u64, size: u64) -> Vec<TileId> {
    tiles(inclusion_path(index, size))
}

/// Proof that the tree of `new` leaves begins with the tree of `old`. Empty when `old` is 0 or not below `new`.
pub fn consistency_proof(
    reader: &impl TileReader,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, TileMissing> {
    consistency_path(old, new)
        .into_iter()
        .map(|leaves| subtree(reader, leaves, new))
        .collect()
}

/// The tiles that [`consistency_proof`] reads.
pub fn consistency_tiles(old: u64, new: u64) -> Vec<TileId> {
    tiles(consistency_path(old, new))
}

/// Checks an inclusion proof.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofFault> {
    if index >= size {
        return Err(ProofFault::Range);
    }
    let (mut index, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofFault::Length);
        }
        if index & 1 == 1 || index == last {
            hash = Hash::node(sibling, &hash);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(&hash, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    if last != 0 {
        Err(ProofFault::Length)
    } else if hash == *root {
        Ok(())
    } else {
        Err(ProofFault::Root)
    }
}

/// Checks a consistency proof between two trees. An empty old tree is consistent with every tree, by an empty proof.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofFault> {
    if old > new {
        return Err(ProofFault::Range);
    }
    if old == new || old == 0 {
        let same = if old == 0 {
            *old_root == Hash::empty()
        } else {
            old_root == new_root
        };
        return match (proof.is_empty(), same) {
            (false, _) => Err(ProofFault::Length),
            (true, false) => Err(ProofFault::Root),
            (true, true) => Ok(()),
        };
    }
    let (mut index, mut last) = (old - 1, new - 1);
    while index & 1 == 1 {
        index >>= 1;
        last >>= 1;
    }
    // A complete old tree is a node of the new one and is not sent.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofFault::Length)?
    };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofFault::Length);
        }
        if index & 1 == 1 || index == last {
            old_hash = Hash::node(sibling, &old_hash);
            new_hash = Hash::node(sibling, &new_hash);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = Hash::node(&new_hash, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    if last != 0 {
        Err(ProofFault::Length)
    } else if old_hash == *old_root && new_hash == *new_root {
        Ok(())
    } else {
        Err(ProofFault::Root)
    }
}

/// The sibling subtrees of a leaf, from the leaf upwards: `PATH(m, D[n])`.
fn inclusion_path(index: u64, size: u64) -> Vec<Leaves> {
    let mut path = Vec::new();
    if index < size {
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                path.push((middle, end));
                end = middle;
            } else {
                path.push((start, middle));
                start = middle;
            }
        }
        path.reverse();
    }
    path
}

/// `PROOF(m, D[n])`.
fn consistency_path(old: u64, new: u64) -> Vec<Leaves> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return path;
    }
    let (mut start, mut end) = (0, new);
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            path.push((middle, end));
            end = middle;
        } else {
            path.push((start, middle));
            start = middle;
        }
    }
    // The old tree itself is known to the verifier when it is one complete subtree.
    if start != 0 {
        path.push((start, end));
    }
    path.reverse();
    path
}

/// Largest power of two below `count` (at least 2).
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The perfect subtrees of a range, from the left: (height, index within that height).
fn perfect_subtrees((start, end): Leaves) -> impl DoubleEndedIterator<Item = (u32, u64)> {
    let count = end - start;
    (0..u64::BITS)
        .rev()
        .filter(move |height| count >> height & 1 == 1)
        .map(move |height| {
            // Everything above this bit lies to the left of it.
            let before = if height == u64::BITS - 1 {
                0
            } else {
                count >> (height + 1) << (height + 1)
            };
            (height, (start + before) >> height)
        })
}

/// Tile and position of the hashes below a perfect subtree.
fn place(height: u32, index: u64) -> (TileId, usize, usize) {
    let level = height / TILE_HEIGHT;
    let rise = height % TILE_HEIGHT;
    let first = index << rise;
    let id = TileId {
        level: u8::try_from(level).expect("64 levels at most"),
        index: first >> TILE_HEIGHT,
    };
    (id, (first & 0xff) as usize, 1 << rise)
}

fn subtree(reader: &impl TileReader, leaves: Leaves, size: u64) -> Result<Hash, TileMissing> {
    let mut right: Option<Hash> = None;
    for (height, index) in perfect_subtrees(leaves).rev() {
        let (id, first, count) = place(height, index);
        let hashes = tile::read(reader, id, id.width(size))?;
        let left = perfect(&hashes[first..first + count]);
        right = Some(right.map_or(left, |right| Hash::node(&left, &right)));
    }
    Ok(right.unwrap_or_else(Hash::empty))
}

fn tiles(paths: impl IntoIterator<Item = Leaves>) -> Vec<TileId> {
    let nodes = paths.into_iter().flat_map(perfect_subtrees);
    nodes
        .map(|(height, index)| place(height, index).0)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// Root of 2^k hashes.
pub(super) fn perfect(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        hashes => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            Hash::node(&perfect(left), &perfect(right))
        }
    }
}
