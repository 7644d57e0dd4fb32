//! Uploaded rosters: what was in the file, what was wrong, what became of it. No value of a row is kept here.

use chrono::{DateTime, Utc};
use domain::ids::{CohortId, RosterId, StaffPersonId};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::entity::cohorts::roster;
use crate::{StoreError, time};

/// One upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Its number.
    pub id: RosterId,
    /// The class.
    pub cohort: CohortId,
    /// Ending of the file's name (`csv`), empty where none was told. The name itself may name a person and is not kept.
    pub file_type: String,
    /// Rows below the header, without the ones skipped.
    pub rows: u32,
    /// Rows without a fault.
    pub good: u32,
    /// Rows with a fault.
    pub faulty: u32,
    /// Sample and empty rows.
    pub skipped: u32,
    /// What was asked for: `none`, `good`, `all`.
    pub import: String,
    /// Rows that add a trainee.
    pub added: u32,
    /// Rows that change one.
    pub changed: u32,
    /// Rows that change nothing.
    pub unchanged: u32,
    /// Whether the good rows were written.
    pub imported: bool,
    /// Every fault, as a JSON list of row, column, code and sentences, without values.
    pub faults: String,
    /// Who uploaded it.
    pub uploaded_by: StaffPersonId,
    /// When.
    pub uploaded_at: DateTime<Utc>,
}

/// Keeps an upload.
pub async fn insert(db: &impl ConnectionTrait, roster: &Roster) -> Result<(), StoreError> {
    let row = roster::ActiveModel {
        id: Set(roster.id.uuid()),
        cohort_id: Set(roster.cohort.uuid()),
        file_type: Set(roster.file_type.clone()),
        row_count: Set(roster.rows.cast_signed()),
        good_count: Set(roster.good.cast_signed()),
        fault_count: Set(roster.faulty.cast_signed()),
        skipped_count: Set(roster.skipped.cast_signed()),
        import: Set(roster.import.clone()),
        added_count: Set(roster.added.cast_signed()),
        changed_count: Set(roster.changed.cast_signed()),
        unchanged_count: Set(roster.unchanged.cast_signed()),
        imported: Set(roster.imported),
        faults: Set(roster.faults.clone()),
        uploaded_by: Set(roster.uploaded_by.uuid()),
        uploaded_at: Set(time::millis(roster.uploaded_at)),
    };
    roster::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// An upload of a class.
pub async fn find(
    db: &impl ConnectionTrait,
    cohort: CohortId,
    id: RosterId,
) -> Result<Option<Roster>, StoreError> {
    let row = roster::Entity::find_by_id(id.uuid())
        .filter(roster::Column::CohortId.eq(cohort.uuid()))
        .one(db)
        .await?;
    row.map(|row| {
        Ok(Roster {
            id: row.id.into(),
            cohort: row.cohort_id.into(),
            file_type: row.file_type,
            rows: row.row_count.cast_unsigned(),
            good: row.good_count.cast_unsigned(),
            faulty: row.fault_count.cast_unsigned(),
            skipped: row.skipped_count.cast_unsigned(),
            import: row.import,
            added: row.added_count.cast_unsigned(),
            changed: row.changed_count.cast_unsigned(),
            unchanged: row.unchanged_count.cast_unsigned(),
            imported: row.imported,
            faults: row.faults,
            uploaded_by: row.uploaded_by.into(),
            uploaded_at: time::instant(row.uploaded_at)?,
        })
    })
    .transpose()
}
