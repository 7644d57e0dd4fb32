//! Tiles of 256 hashes (C2SP tlog-tiles).

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasher;

use super::Hash;

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;

/// Levels of tree in a tile: 2^8 = 256.
pub(super) const TILE_HEIGHT: u32 = 8;

/// Place of a tile: `level` counts tiles from the leaves (the hashes have height 8 × level), `index` from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// Level of the tile, 0 at the leaves, at most 7.
    pub level: u8,
    /// Number of the tile in its level.
    pub index: u64,
}

impl TileId {
    /// How many hashes this tile has in a tree of `size` leaves.
    pub fn width(self, size: u64) -> u16 {
        let hashes = size
            .checked_shr(TILE_HEIGHT * u32::from(self.level))
            .unwrap_or(0);
        let before = self.index.saturating_mul(u64::from(TILE_WIDTH));
        u16::try_from(hashes.saturating_sub(before).min(u64::from(TILE_WIDTH)))
            .expect("at most 256")
    }

    /// Path below `tile/` in C2SP tlog-tiles: `0/x001/x234/067`, with `.p/W` when narrower than a full tile.
    pub fn path(self, width: u16) -> String {
        format!("{}/{}", self.level, indexed_path(self.index, width))
    }
}

/// A number in groups of three digits, all but the last with `x` before, and the width where it is not full.
pub(super) fn indexed_path(index: u64, width: u16) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let partial = if width < TILE_WIDTH {
        format!(".p/{width}")
    } else {
        String::new()
    };
    format!("{}{partial}", groups.join("/"))
}

/// What a path below `tile/` names (C2SP tlog-tiles).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePath {
    /// Hashes of the tree.
    Hashes {
        /// Which tile.
        id: TileId,
        /// How many of its hashes: 256, or fewer for a partial tile.
        width: u16,
    },
    /// Entries.
    Entries {
        /// Number of the bundle.
        index: u64,
        /// How many of its entries.
        width: u16,
    },
}

impl TilePath {
    /// Reads `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`; only the one form that [`TileId::path`] writes.
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.split_once('/')?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (
                number,
                width.parse().ok().filter(|w| (1..TILE_WIDTH).contains(w))?,
            ),
            None => (rest, TILE_WIDTH),
        };
        let mut index = 0_u64;
        for group in number.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let (found, written) = if kind == "entries" {
            let path = format!("entries/{}", indexed_path(index, width));
            (Self::Entries { index, width }, path)
        } else {
            let level = kind.parse().ok().filter(|level| *level < 64)?;
            let id = TileId { level, index };
            (Self::Hashes { id, width }, id.path(width))
        };
        (written == path).then_some(found)
    }
}

/// A tile as it is stored: all hashes it has so far.
#[derive(Clone, PartialEq, Eq)]
pub struct Tile {
    /// Its place.
    pub id: TileId,
    /// 1 to 256 hashes.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// The hashes one after another, 32 bytes each: what is stored and served.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes
            .iter()
            .flat_map(Hash::as_bytes)
            .copied()
            .collect()
    }

    /// Reads stored bytes; `None` unless they are 1 to 256 hashes.
    pub fn from_bytes(id: TileId, bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let whole = rest.is_empty() && (1..=usize::from(TILE_WIDTH)).contains(&hashes.len());
        whole.then(|| Self {
            id,
            hashes: hashes.iter().copied().map(Hash::from).collect(),
        })
    }
}

impl fmt::Debug for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Tile({} of {})",
            self.id.path(TILE_WIDTH),
            self.hashes.len()
        )
    }
}

/// A tile that the tree needs is not stored, or narrower than the size says: the log is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("日志数据缺失:tile {}/{} / a tile of the log is missing or too narrow", id.level, id.index)]
pub struct TileMissing {
    /// Its place.
    pub id: TileId,
    /// The width that the tree needs.
    pub width: u16,
}

/// Hands over stored tiles. A map of rows read beforehand is one; [`super::inclusion_tiles`] and its like say which rows.
pub trait TileReader {
    /// The tile's hashes: at least `width`, more are ignored.
    fn tile(&self, id: TileId, width: u16) -> Option<&[Hash]>;
}

impl TileReader for BTreeMap<TileId, Vec<Hash>> {
    fn tile(&self, id: TileId, _width: u16) -> Option<&[Hash]> {
        self.get(&id).map(Vec::as_slice)
    }
}

impl<S: BuildHasher> TileReader for HashMap<TileId, Vec<Hash>, S> {
    fn tile(&self, id: TileId, _width: u16) -> Option<&[Hash]> {
        self.get(&id).map(Vec::as_slice)
    }
}

/// The first `width` hashes of a tile.
pub(super) fn read(
    reader: &impl TileReader,
    id: TileId,
    width: u16,
) -> Result<&[Hash], TileMissing> {
    let hashes = reader
        .tile(id, width)
        .and_then(|hashes| hashes.get(..usize::from(width)));
    hashes.ok_or(TileMissing { id, width })
}
