//! Checkpoints that a quorum of witnesses has cosigned (trust.md LG-9, LG-10).

use chrono::{DateTime, Utc};
use domain::ids::LeafIndex;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect as _, sea_query::OnConflict,
};

use crate::PublicRead;
use crate::entity::certificates::log_witnessed;
use crate::{StoreError, time};

/// A checkpoint with the lines of its witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessedRow {
    /// Size.
    pub size: u64,
    /// The note with the cosignatures.
    pub note: String,
    /// How many were needed when it was cosigned.
    pub quorum: u32,
    /// When the quorum was reached, by the witnesses' own clocks.
    pub at: DateTime<Utc>,
}

/// Keeps a cosigned checkpoint; one that is there gets the newer set of lines and keeps its time.
pub async fn put(db: &impl ConnectionTrait, row: &WitnessedRow) -> Result<(), StoreError> {
    let model = log_witnessed::ActiveModel {
        size: Set(row.size.cast_signed()),
        note: Set(row.note.clone()),
        quorum: Set(i32::try_from(row.quorum)
            .map_err(|_| StoreError::inconsistent("log_witnessed", row.quorum))?),
        at: Set(time::millis(row.at)),
    };
    log_witnessed::Entity::insert(model)
        .on_conflict(
            OnConflict::column(log_witnessed::Column::Size)
                .update_column(log_witnessed::Column::Note)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The newest cosigned checkpoint.
pub async fn latest(db: &impl PublicRead) -> Result<Option<WitnessedRow>, StoreError> {
    let db = db.connection();
    log_witnessed::Entity::find()
        .order_by_desc(log_witnessed::Column::Size)
        .one(db)
        .await?
        .map(WitnessedRow::try_from)
        .transpose()
}

/// The first cosigned checkpoint that covers a leaf: that of the earliest time.
pub async fn first_covering(
    db: &impl PublicRead,
    leaf: LeafIndex,
) -> Result<Option<WitnessedRow>, StoreError> {
    let db = db.connection();
    log_witnessed::Entity::find()
        .filter(log_witnessed::Column::Size.gt(leaf.0.cast_signed()))
        .order_by_asc(log_witnessed::Column::Size)
        .one(db)
        .await?
        .map(WitnessedRow::try_from)
        .transpose()
}

/// The cosigned checkpoints of these sizes, in no order.
pub async fn of_sizes(
    db: &impl PublicRead,
    sizes: &[u64],
) -> Result<Vec<WitnessedRow>, StoreError> {
    let sizes = sizes.iter().map(|size| size.cast_signed());
    log_witnessed::Entity::find()
        .filter(log_witnessed::Column::Size.is_in(sizes))
        .all(db.connection())
        .await?
        .into_iter()
        .map(WitnessedRow::try_from)
        .collect()
}

/// The cosigned checkpoints of greater sizes, the smallest first, at most so many.
pub async fn after(
    db: &impl PublicRead,
    size: u64,
    limit: usize,
) -> Result<Vec<WitnessedRow>, StoreError> {
    log_witnessed::Entity::find()
        .filter(log_witnessed::Column::Size.gt(size.cast_signed()))
        .order_by_asc(log_witnessed::Column::Size)
        .limit(u64::try_from(limit).unwrap_or(u64::MAX))
        .all(db.connection())
        .await?
        .into_iter()
        .map(WitnessedRow::try_from)
        .collect()
}

/// Since when a checkpoint waits for its quorum: the time of the first that is newer than all cosigned ones.
pub async fn waiting_since(db: &impl PublicRead) -> Result<Option<DateTime<Utc>>, StoreError> {
    let done = latest(db.connection()).await?.map_or(0, |row| row.size);
    let next = crate::log::checkpoints_after(db, done, 1).await?;
    Ok(next.first().map(|row| row.at))
}

impl TryFrom<log_witnessed::Model> for WitnessedRow {
    type Error = StoreError;

    fn try_from(row: log_witnessed::Model) -> Result<Self, StoreError> {
        Ok(Self {
            size: row.size.cast_unsigned(),
            note: row.note,
            quorum: u32::try_from(row.quorum)
                .map_err(|_| StoreError::inconsistent("log_witnessed", row.size))?,
            at: time::instant(row.at)?,
        })
    }
}
