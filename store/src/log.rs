//! The public log: head row, leaves, tiles, checkpoints (trust.md LG-1, LG-3, LG-6).

use chrono::{DateTime, Utc};
use domain::ids::LeafIndex;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement, sea_query::OnConflict,
};

use crate::PublicRead;
use crate::entity::certificates::{log_checkpoint, log_leaf, log_tile};
use crate::{StoreError, time};

/// The head of the log as committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of leaves.
    pub size: u64,
    /// Root hash; empty before the first leaf.
    pub root: Vec<u8>,
    /// Time of the last leaf, or a later one that no further leaf goes behind.
    pub at: DateTime<Utc>,
    /// The log key that signs from here on.
    pub kid: String,
}

/// A leaf to write or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its position.
    pub index: LeafIndex,
    /// Its kind, as in docs/formats.md.
    pub kind: u8,
    /// Its bytes.
    pub entry: Vec<u8>,
    /// Its time.
    pub at: DateTime<Utc>,
}

/// A tile: its level, its index and up to 256 hashes of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileRow {
    /// Level, 0 holds leaf hashes.
    pub level: u8,
    /// Index within the level.
    pub index: u64,
    /// Hashes, one after the other.
    pub hashes: Vec<u8>,
}

/// The only checkpoint ever signed for its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Size.
    pub size: u64,
    /// Root hash.
    pub root: Vec<u8>,
    /// The signed note.
    pub note: String,
    /// When it was committed.
    pub at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct HeadRow {
    size: i64,
    root: Vec<u8>,
    at: i64,
    kid: String,
}

/// Locks and reads the head: only the holder of this lock extends the tree.
pub async fn lock_head(db: &impl ConnectionTrait) -> Result<Head, StoreError> {
    let lock = if db.get_database_backend() == DbBackend::Postgres {
        " FOR UPDATE"
    } else {
        ""
    };
    read_head(db, lock).await
}

/// Reads the head.
pub async fn head(db: &impl PublicRead) -> Result<Head, StoreError> {
    let db = db.connection();
    read_head(db, "").await
}

async fn read_head(db: &impl ConnectionTrait, lock: &str) -> Result<Head, StoreError> {
    let sql = format!("SELECT size, root, at, kid FROM log_head WHERE id = 1{lock}");
    let row = HeadRow::find_by_statement(Statement::from_string(db.get_database_backend(), sql))
        .one(db)
        .await?
        .ok_or_else(|| StoreError::inconsistent("log_head", 1))?;
    Ok(Head {
        size: row.size.cast_unsigned(),
        root: row.root,
        at: time::instant(row.at)?,
        kid: row.kid,
    })
}

/// Moves the head on from the size that was read; `Stale` when it is not there any more.
pub async fn move_head(
    db: &impl ConnectionTrait,
    from_size: u64,
    size: u64,
    root: &[u8],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "UPDATE log_head SET size = $1, root = $2, at = $3 WHERE id = 1 AND size = $4",
        [
            size.cast_signed().into(),
            root.to_vec().into(),
            time::millis(at).into(),
            from_size.cast_signed().into(),
        ],
    );
    if db.execute_raw(statement).await?.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

/// Moves the clock of the log on, under the lock of its head: every leaf that commits from here on has a later time. Answers
/// the time of the head.
pub async fn move_clock(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, StoreError> {
    let head = lock_head(db).await?;
    if now <= head.at {
        return Ok(head.at);
    }
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "UPDATE log_head SET at = $1 WHERE id = 1",
        [time::millis(now).into()],
    );
    db.execute_raw(statement).await?;
    Ok(now)
}

/// From the next checkpoint on this key signs.
pub async fn set_log_key(db: &impl ConnectionTrait, kid: &str) -> Result<(), StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "UPDATE log_head SET kid = $1 WHERE id = 1",
        [kid.into()],
    );
    db.execute_raw(statement).await?;
    Ok(())
}

/// Writes leaves.
pub async fn insert_leaves(db: &impl ConnectionTrait, leaves: &[Leaf]) -> Result<(), StoreError> {
    for chunk in leaves.chunks(1000) {
        let rows = chunk.iter().map(|leaf| log_leaf::ActiveModel {
            leaf_index: Set(leaf.index.0.cast_signed()),
            kind: Set(i32::from(leaf.kind)),
            entry: Set(leaf.entry.clone()),
            at: Set(time::millis(leaf.at)),
        });
        log_leaf::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Writes tiles; a partial tile is replaced by its longer self.
pub async fn put_tiles(db: &impl ConnectionTrait, tiles: &[TileRow]) -> Result<(), StoreError> {
    for chunk in tiles.chunks(100) {
        let rows = chunk.iter().map(|tile| log_tile::ActiveModel {
            level: Set(i32::from(tile.level)),
            tile_index: Set(tile.index.cast_signed()),
            hashes: Set(tile.hashes.clone()),
        });
        log_tile::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::columns([log_tile::Column::Level, log_tile::Column::TileIndex])
                    .update_column(log_tile::Column::Hashes)
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Tiles by level and index; a missing one is left out.
pub async fn tiles(db: &impl PublicRead, ids: &[(u8, u64)]) -> Result<Vec<TileRow>, StoreError> {
    let db = db.connection();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(200) {
        let wanted = chunk.iter().fold(Condition::any(), |any, (level, index)| {
            any.add(
                Condition::all()
                    .add(log_tile::Column::Level.eq(i32::from(*level)))
                    .add(log_tile::Column::TileIndex.eq(index.cast_signed())),
            )
        });
        for row in log_tile::Entity::find().filter(wanted).all(db).await? {
            found.push(TileRow {
                level: u8::try_from(row.level)
                    .map_err(|_| StoreError::inconsistent("log_tile", row.level))?,
                index: row.tile_index.cast_unsigned(),
                hashes: row.hashes,
            });
        }
    }
    Ok(found)
}

/// Leaves from an index on, in order.
pub async fn leaves(
    db: &impl PublicRead,
    from: LeafIndex,
    limit: u64,
) -> Result<Vec<Leaf>, StoreError> {
    let db = db.connection();
    let rows = log_leaf::Entity::find()
        .filter(log_leaf::Column::LeafIndex.gte(from.0.cast_signed()))
        .order_by_asc(log_leaf::Column::LeafIndex)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(leaf_of).collect()
}

/// Keeps the signed checkpoint of a committed head.
pub async fn put_checkpoint(
    db: &impl ConnectionTrait,
    checkpoint: &CheckpointRow,
) -> Result<(), StoreError> {
    let row = log_checkpoint::ActiveModel {
        size: Set(checkpoint.size.cast_signed()),
        root: Set(checkpoint.root.clone()),
        note: Set(checkpoint.note.clone()),
        at: Set(time::millis(checkpoint.at)),
    };
    log_checkpoint::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The checkpoint of exactly this size.
pub async fn checkpoint(
    db: &impl PublicRead,
    size: u64,
) -> Result<Option<CheckpointRow>, StoreError> {
    let db = db.connection();
    log_checkpoint::Entity::find_by_id(size.cast_signed())
        .one(db)
        .await?
        .map(CheckpointRow::try_from)
        .transpose()
}

/// The first checkpoint that covers a leaf.
pub async fn checkpoint_covering(
    db: &impl PublicRead,
    leaf: LeafIndex,
) -> Result<Option<CheckpointRow>, StoreError> {
    let db = db.connection();
    log_checkpoint::Entity::find()
        .filter(log_checkpoint::Column::Size.gt(leaf.0.cast_signed()))
        .order_by_asc(log_checkpoint::Column::Size)
        .one(db)
        .await?
        .map(CheckpointRow::try_from)
        .transpose()
}

/// The newest checkpoint.
pub async fn latest_checkpoint(db: &impl PublicRead) -> Result<Option<CheckpointRow>, StoreError> {
    let db = db.connection();
    log_checkpoint::Entity::find()
        .order_by_desc(log_checkpoint::Column::Size)
        .one(db)
        .await?
        .map(CheckpointRow::try_from)
        .transpose()
}

/// Checkpoints after a size, oldest first.
pub async fn checkpoints_after(
    db: &impl PublicRead,
    size: u64,
    limit: u64,
) -> Result<Vec<CheckpointRow>, StoreError> {
    let db = db.connection();
    log_checkpoint::Entity::find()
        .filter(log_checkpoint::Column::Size.gt(size.cast_signed()))
        .order_by_asc(log_checkpoint::Column::Size)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(CheckpointRow::try_from)
        .collect()
}

impl TryFrom<log_checkpoint::Model> for CheckpointRow {
    type Error = StoreError;

    fn try_from(row: log_checkpoint::Model) -> Result<Self, StoreError> {
        Ok(Self {
            size: row.size.cast_unsigned(),
            root: row.root,
            note: row.note,
            at: time::instant(row.at)?,
        })
    }
}

/// Leaves of one kind, in order, after the one given.
pub async fn leaves_of_kind(
    db: &impl ConnectionTrait,
    kind: u8,
    after: Option<LeafIndex>,
    limit: u64,
) -> Result<Vec<Leaf>, StoreError> {
    let mut query = log_leaf::Entity::find().filter(log_leaf::Column::Kind.eq(i32::from(kind)));
    if let Some(after) = after {
        query = query.filter(log_leaf::Column::LeafIndex.gt(after.0.cast_signed()));
    }
    let rows = query
        .order_by_asc(log_leaf::Column::LeafIndex)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(leaf_of).collect()
}

fn leaf_of(row: log_leaf::Model) -> Result<Leaf, StoreError> {
    Ok(Leaf {
        index: LeafIndex(row.leaf_index.cast_unsigned()),
        kind: u8::try_from(row.kind)
            .map_err(|_| StoreError::inconsistent("log_leaf", row.leaf_index))?,
        entry: row.entry,
        at: time::instant(row.at)?,
    })
}
