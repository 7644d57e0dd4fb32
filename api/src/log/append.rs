//! Extends the public log inside a write transaction: index under the head lock, tiles, head, signed checkpoint.

use std::collections::HashMap;

use certs::log::{Checkpoint, Edge, Hash, LeafEntry, TileId, TileReader};
use chrono::{DateTime, Duration, Utc};
use domain::ids::LeafIndex;
use store::log::{CheckpointRow, Head, Leaf, TileRow};
use store::{PublicRead, WriteTx};

use crate::app::App;
use crate::problem::{Code, Problem};

/// How far the clock may lie behind the last leaf before issuing stops (trust.md CL-1).
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);

/// The log as this transaction will leave it.
pub(crate) struct Appender {
    head: Head,
    at: DateTime<Utc>,
    leaves: Vec<Leaf>,
}

impl Appender {
    /// Locks the head until the transaction ends.
    pub(crate) async fn begin(
        tx: &WriteTx,
        app: &App,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        app.standing.gate()?;
        let head = store::log::lock_head(tx).await?;
        if head.size > 0 && now + CLOCK_TOLERANCE < head.at && !app.config.scripted_clock {
            return Err(Problem::new(Code::Clock));
        }
        let at = now.max(head.at + Duration::milliseconds(1));
        Ok(Self {
            head,
            at,
            leaves: Vec::new(),
        })
    }

    /// Time of the leaves of this transaction.
    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Size of the log once this transaction has committed.
    pub(crate) fn size(&self) -> u64 {
        self.head.size + self.leaves.len() as u64
    }

    /// Takes leaves; answers the index of the first.
    pub(crate) fn push_all(
        &mut self,
        entries: impl IntoIterator<Item = LeafEntry>,
    ) -> Result<LeafIndex, Problem> {
        let first = LeafIndex(self.size());
        for entry in entries {
            let bytes = entry.encode();
            if bytes.len() > 64 * 1024 {
                return Err(Problem::internal("a log entry is over 64 KiB"));
            }
            self.leaves.push(Leaf {
                index: LeafIndex(self.size()),
                kind: entry.kind(),
                entry: bytes,
                at: self.at,
            });
        }
        Ok(first)
    }

    /// Writes leaves, tiles, head and the checkpoint signed over the new head.
    pub(crate) async fn finish(self, tx: &WriteTx, app: &App) -> Result<(), Problem> {
        if self.leaves.is_empty() {
            return Ok(());
        }
        let mut edge = if self.head.size == 0 {
            Edge::empty()
        } else {
            let root = hash(&self.head.root)?;
            let tiles = Tiles::read(tx, &Edge::tiles(self.head.size)).await?;
            // The stored tiles must hash to the committed head, or nothing is signed (trust.md LG-7).
            Edge::load(&tiles, self.head.size, &root).map_err(|fault| {
                tracing::error!("log: {fault}");
                Problem::new(Code::LogInconsistent)
            })?
        };
        let hashes: Vec<Hash> = self
            .leaves
            .iter()
            .map(|leaf| Hash::leaf(&leaf.entry))
            .collect();
        let update = edge.append(&hashes);
        let tiles: Vec<TileRow> = update
            .tiles
            .iter()
            .map(|tile| TileRow {
                level: tile.id.level,
                index: tile.id.index,
                hashes: tile.to_bytes(),
            })
            .collect();
        store::log::insert_leaves(tx, &self.leaves).await?;
        store::log::put_tiles(tx, &tiles).await?;
        store::log::move_head(
            tx,
            self.head.size,
            update.size,
            update.root.as_bytes(),
            self.at,
        )
        .await?;
        let checkpoint = Checkpoint {
            origin: app.keyring.log_origin().clone(),
            size: update.size,
            root: update.root,
        };
        let signed = checkpoint
            .sign(app.keyring.log_signer())
            .map_err(Problem::internal)?;
        let row = CheckpointRow {
            size: update.size,
            root: update.root.as_bytes().to_vec(),
            note: signed.note,
            at: self.at,
        };
        Ok(store::log::put_checkpoint(tx, &row).await?)
    }
}

/// Tiles read beforehand.
pub(crate) struct Tiles(HashMap<TileId, Vec<Hash>>);

impl Tiles {
    /// Reads these tiles.
    pub(crate) async fn read(db: &impl PublicRead, ids: &[TileId]) -> Result<Self, Problem> {
        let wanted: Vec<(u8, u64)> = ids.iter().map(|id| (id.level, id.index)).collect();
        let mut map = HashMap::with_capacity(wanted.len());
        for row in store::log::tiles(db, &wanted).await? {
            let id = TileId {
                level: row.level,
                index: row.index,
            };
            let tile = certs::log::Tile::from_bytes(id, &row.hashes)
                .ok_or_else(|| Problem::internal("a stored tile is not whole hashes"))?;
            map.insert(id, tile.hashes);
        }
        Ok(Self(map))
    }
}

impl TileReader for Tiles {
    fn tile(&self, id: TileId, _width: u16) -> Option<&[Hash]> {
        self.0.get(&id).map(Vec::as_slice)
    }
}

/// A hash as it stands in a column.
pub(crate) fn hash(bytes: &[u8]) -> Result<Hash, Problem> {
    <[u8; 32]>::try_from(bytes)
        .map(Hash::from)
        .map_err(|_| Problem::internal("a stored hash is not 32 bytes"))
}
