//! Extends the public log inside a write transaction: index under the head lock, tiles, head, signed checkpoint.

use std::collections::HashMap;

use certs::keys::KeyId;
use certs::log::{Checkpoint, Edge, Hash, LeafEntry, SignedCheckpoint, TileId, TileReader};
use chrono::{DateTime, Duration, Utc};
use domain::ids::LeafIndex;
use store::log::{CheckpointRow, Head, Leaf, TileRow};
use store::{PublicRead, WriteTx};

use crate::app::App;
use crate::keyring::LogKey;
use crate::problem::{Code, Problem};
use crate::trust::own_keys;

/// How far the clock may lie behind the last leaf before issuing stops (trust.md CL-1).
const CLOCK_TOLERANCE: Duration = Duration::seconds(5);

/// The log as this transaction will leave it.
pub(crate) struct Appender {
    head: Head,
    at: DateTime<Utc>,
    leaves: Vec<Leaf>,
    key: LogKey,
}

impl Appender {
    /// Locks the head until the transaction ends.
    pub(crate) async fn begin(
        tx: &WriteTx,
        app: &App,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let head = store::log::lock_head(tx).await?;
        app.standing.gate(&head.kid)?;
        Self::on(tx, app, head, now).await
    }

    /// The same for who closes the log, which may be one that lost leaves.
    pub(crate) async fn begin_closing(
        tx: &WriteTx,
        app: &App,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let head = store::log::lock_head(tx).await?;
        Self::on(tx, app, head, now).await
    }

    async fn on(tx: &WriteTx, app: &App, head: Head, now: DateTime<Utc>) -> Result<Self, Problem> {
        let behind = head.size > 0 && now + CLOCK_TOLERANCE < head.at;
        if (behind || app.standing.is_ahead()) && !app.config.scripted_clock {
            return Err(Problem::new(Code::Clock));
        }
        // The head names the key that signs: another node may have changed it.
        let key = own_keys::log_key(app, tx, &head.kid).await?;
        let at = now.max(head.at + Duration::milliseconds(1));
        Ok(Self {
            head,
            at,
            leaves: Vec::new(),
            key,
        })
    }

    /// Refuses on a log that lost leaves.
    pub(crate) fn gate(&self, app: &App) -> Result<(), Problem> {
        app.standing.gate(&self.head.kid)
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

    /// Whether the log's key can sign now; one that is lost cannot.
    pub(crate) fn can_sign(&self) -> bool {
        self.key.signer.sign(b"mingzheng log closing").is_ok()
    }

    /// Ends the log with what was pushed so far, under its own key; answers its last checkpoint.
    pub(crate) async fn close(
        &mut self,
        tx: &WriteTx,
    ) -> Result<Option<SignedCheckpoint>, Problem> {
        let last = self.write(tx).await?;
        // Its successor's leaves come after.
        self.at += Duration::milliseconds(1);
        Ok(last)
    }

    /// From here on the successor's key signs.
    pub(crate) async fn go_on_with(
        &mut self,
        tx: &WriteTx,
        app: &App,
        kid: &KeyId,
    ) -> Result<(), Problem> {
        store::log::set_log_key(tx, kid.as_str()).await?;
        self.key = own_keys::log_key(app, tx, kid.as_str()).await?;
        Ok(())
    }

    /// Writes leaves, tiles, head and the checkpoint signed over the new head.
    pub(crate) async fn finish(mut self, tx: &WriteTx) -> Result<(), Problem> {
        self.write(tx).await.map(|_| ())
    }

    async fn write(&mut self, tx: &WriteTx) -> Result<Option<SignedCheckpoint>, Problem> {
        if self.leaves.is_empty() {
            return Ok(None);
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
        let root = update.root.as_bytes();
        store::log::move_head(tx, self.head.size, update.size, root, self.at).await?;
        let checkpoint = Checkpoint {
            origin: self.key.origin.clone(),
            size: update.size,
            root: update.root,
        };
        let signed = checkpoint
            .sign(self.key.signer.as_ref())
            .map_err(Problem::internal)?;
        let row = CheckpointRow {
            size: update.size,
            root: root.to_vec(),
            note: signed.note.clone(),
            at: self.at,
        };
        store::log::put_checkpoint(tx, &row).await?;
        self.head.size = update.size;
        self.head.root = root.to_vec();
        self.head.at = self.at;
        self.leaves.clear();
        Ok(Some(signed))
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
