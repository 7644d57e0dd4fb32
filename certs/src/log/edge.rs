//! The right edge of the tree: all that appending needs.

use super::tile::{self, TILE_HEIGHT, TILE_WIDTH, Tile, TileId, TileMissing, TileReader};
use super::{Hash, proof};

/// The unfinished tiles at the right side of a tree: at most one per level, three levels for 16 million leaves.
///
/// Read it from the stored tiles inside the writing transaction ([`Edge::tiles`] names them) and compare the root with the head
/// (trust.md LG-7): [`Edge::load`] does both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// Unfinished tile of each level; 0 to 255 hashes.
    partial: Vec<Vec<Hash>>,
    /// Perfect subtree of height `i` where bit `i` of the size is set; other places are leftovers.
    frontier: [Hash; 64],
}

/// Why stored tiles do not carry the head that is said to belong to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdgeFault {
    /// A tile is missing or too narrow.
    #[error(transparent)]
    Missing(#[from] TileMissing),
    /// The tiles hash to another root than the head's: nothing may be appended.
    #[error(
        "日志自检失败:根哈希与已提交的头不符 / the stored tiles do not hash to the committed head"
    )]
    RootMismatch {
        /// What the tiles hash to.
        computed: Hash,
    },
}

/// What an append changed. Store all of it in the transaction that stores the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeUpdate {
    /// Index of the first new leaf: the size before.
    pub first_index: u64,
    /// Size after.
    pub size: u64,
    /// Root after.
    pub root: Hash,
    /// Every new or grown tile with all of its hashes; each replaces the row of the same place.
    pub tiles: Vec<Tile>,
}

impl Edge {
    /// The empty tree.
    pub fn empty() -> Self {
        Self {
            size: 0,
            partial: Vec::new(),
            frontier: [Hash::empty(); 64],
        }
    }

    /// The tiles that [`Edge::load`] reads for a tree of this size.
    pub fn tiles(size: u64) -> Vec<TileId> {
        levels(size).filter(|id| id.width(size) > 0).collect()
    }

    /// Rebuilds the edge from stored tiles and checks that it hashes to the committed root.
    pub fn load(reader: &impl TileReader, size: u64, root: &Hash) -> Result<Self, EdgeFault> {
        let mut edge = Self {
            size,
            ..Self::empty()
        };
        for id in levels(size) {
            let width = id.width(size);
            let hashes = if width == 0 {
                &[]
            } else {
                tile::read(reader, id, width)?
            };
            let mut rest = hashes;
            for bit in (0..TILE_HEIGHT).rev().filter(|bit| width & (1 << bit) != 0) {
                let (subtree, behind) = rest.split_at(1 << bit);
                edge.frontier[(u32::from(id.level) * TILE_HEIGHT + bit) as usize] =
                    proof::perfect(subtree);
                rest = behind;
            }
            edge.partial.push(hashes.to_vec());
        }
        let computed = edge.root();
        if computed == *root {
            Ok(edge)
        } else {
            Err(EdgeFault::RootMismatch { computed })
        }
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree.
    pub fn root(&self) -> Hash {
        let set = (0..64).filter(|bit| self.size >> bit & 1 == 1);
        let subtrees = set.map(|bit| self.frontier[bit]);
        subtrees
            .reduce(|right, left| Hash::node(&left, &right))
            .unwrap_or_else(Hash::empty)
    }

    /// Appends leaves in order; about one node hash per leaf.
    pub fn append(&mut self, leaves: &[Hash]) -> TreeUpdate {
        let first_index = self.size;
        let mut tiles = Vec::new();
        for leaf in leaves {
            self.push(*leaf, &mut tiles);
        }
        // A level grew exactly when the last full subtree of its height began after the old size.
        for (level, hashes) in (0u8..).zip(&self.partial) {
            let shift = TILE_HEIGHT * u32::from(level);
            if !hashes.is_empty() && self.size >> shift != first_index >> shift {
                let index = self.size >> (shift + TILE_HEIGHT);
                tiles.push(Tile {
                    id: TileId { level, index },
                    hashes: hashes.clone(),
                });
            }
        }
        tiles.sort_unstable_by_key(|tile| tile.id);
        TreeUpdate {
            first_index,
            size: self.size,
            root: self.root(),
            tiles,
        }
    }

    fn push(&mut self, leaf: Hash, finished: &mut Vec<Tile>) {
        let mut hash = leaf;
        self.push_to_level(0, hash, 0, finished);
        let mut height = 0;
        while self.size >> height & 1 == 1 {
            hash = Hash::node(&self.frontier[height as usize], &hash);
            height += 1;
            if height % TILE_HEIGHT == 0 {
                self.push_to_level((height / TILE_HEIGHT) as usize, hash, height, finished);
            }
        }
        self.frontier[height as usize] = hash;
        self.size += 1;
    }

    fn push_to_level(&mut self, level: usize, hash: Hash, height: u32, finished: &mut Vec<Tile>) {
        if self.partial.len() == level {
            self.partial
                .push(Vec::with_capacity(usize::from(TILE_WIDTH)));
        }
        let hashes = &mut self.partial[level];
        hashes.push(hash);
        if hashes.len() == usize::from(TILE_WIDTH) {
            let id = TileId {
                level: u8::try_from(level).expect("at most 8 levels"),
                index: self.size >> (height + TILE_HEIGHT),
            };
            finished.push(Tile {
                id,
                hashes: std::mem::replace(hashes, Vec::with_capacity(usize::from(TILE_WIDTH))),
            });
        }
    }
}

/// The rightmost, unfinished tile of each level that has hashes, whether it holds any yet or not.
fn levels(size: u64) -> impl Iterator<Item = TileId> {
    let shifts = (0u8..8).map(|level| (level, TILE_HEIGHT * u32::from(level)));
    shifts
        .take_while(move |(_, shift)| size >> shift > 0)
        .map(move |(level, shift)| TileId {
            level,
            index: size.checked_shr(shift + TILE_HEIGHT).unwrap_or(0),
        })
}
