//! Batches that institutions propose and a province-level officer decides.

use chrono::{DateTime, Utc};
use domain::ids::{BatchId, CohortId, EnrolmentId, StaffPersonId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait as _},
};

use crate::entity::certificates::{certificate_batch, certificate_batch_item};
use crate::{StoreError, time};

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Its cohort.
    pub cohort: CohortId,
    /// `proposed`, `approved`, `refused`.
    pub state: String,
    /// Who proposed.
    pub proposed_by: StaffPersonId,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<StaffPersonId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Size of the log with all its leaves.
    pub tree_size: Option<u64>,
    /// Raised by each change.
    pub revision: i32,
}

impl TryFrom<certificate_batch::Model> for Batch {
    type Error = StoreError;

    fn try_from(row: certificate_batch::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            cohort: row.cohort_id.into(),
            state: row.state,
            proposed_by: row.proposed_by.into(),
            proposed_at: time::instant(row.proposed_at)?,
            decided_by: row.decided_by.map(Into::into),
            decided_at: time::optional_instant(row.decided_at)?,
            tree_size: row.tree_size.map(i64::cast_unsigned),
            revision: row.revision,
        })
    }
}

/// Writes a proposed batch with its enrolments.
pub async fn insert_batch(
    db: &impl ConnectionTrait,
    batch: &Batch,
    enrolments: &[EnrolmentId],
) -> Result<(), StoreError> {
    let row = certificate_batch::ActiveModel {
        id: Set(batch.id.uuid()),
        cohort_id: Set(batch.cohort.uuid()),
        state: Set(batch.state.clone()),
        proposed_by: Set(batch.proposed_by.uuid()),
        proposed_at: Set(time::millis(batch.proposed_at)),
        decided_by: Set(None),
        decided_at: Set(None),
        reason: Set(None),
        tree_size: Set(None),
        revision: Set(batch.revision),
    };
    certificate_batch::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    for chunk in enrolments.chunks(5000) {
        let rows = chunk
            .iter()
            .map(|enrolment| certificate_batch_item::ActiveModel {
                batch_id: Set(batch.id.uuid()),
                enrolment_id: Set(enrolment.uuid()),
            });
        certificate_batch_item::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// The batch with this id.
pub async fn batch(db: &impl ConnectionTrait, id: BatchId) -> Result<Option<Batch>, StoreError> {
    certificate_batch::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Batch::try_from)
        .transpose()
}

/// Enrolments of a batch.
pub async fn batch_items(
    db: &impl ConnectionTrait,
    id: BatchId,
) -> Result<Vec<EnrolmentId>, StoreError> {
    let rows = certificate_batch_item::Entity::find()
        .filter(certificate_batch_item::Column::BatchId.eq(id.uuid()))
        .order_by_asc(certificate_batch_item::Column::EnrolmentId)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.enrolment_id.into())
        .collect())
}

/// Batches of a cohort, oldest first.
pub async fn batches_of_cohort(
    db: &impl ConnectionTrait,
    cohort: CohortId,
) -> Result<Vec<Batch>, StoreError> {
    certificate_batch::Entity::find()
        .filter(certificate_batch::Column::CohortId.eq(cohort.uuid()))
        .order_by_asc(certificate_batch::Column::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Batch::try_from)
        .collect()
}

/// Enrolments of a cohort that wait in a proposed batch.
pub async fn waiting_in_batches(
    db: &impl ConnectionTrait,
    cohort: CohortId,
) -> Result<Vec<EnrolmentId>, StoreError> {
    let rows = certificate_batch_item::Entity::find()
        .filter(
            certificate_batch_item::Column::BatchId.in_subquery(
                QuerySelect::query(
                    &mut certificate_batch::Entity::find()
                        .select_only()
                        .column(certificate_batch::Column::Id)
                        .filter(certificate_batch::Column::CohortId.eq(cohort.uuid()))
                        .filter(certificate_batch::Column::State.eq("proposed")),
                )
                .to_owned(),
            ),
        )
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.enrolment_id.into())
        .collect())
}

/// Closes a proposed batch; `Stale` when somebody else did first.
pub async fn decide_batch(
    db: &impl ConnectionTrait,
    id: BatchId,
    state: &str,
    by: StaffPersonId,
    reason: Option<&str>,
    tree_size: Option<u64>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = certificate_batch::Entity::update_many()
        .col_expr(certificate_batch::Column::State, Expr::val(state))
        .col_expr(certificate_batch::Column::DecidedBy, Expr::val(by.uuid()))
        .col_expr(
            certificate_batch::Column::DecidedAt,
            Expr::val(time::millis(now)),
        )
        .col_expr(
            certificate_batch::Column::Reason,
            Expr::val(reason.map(str::to_owned)),
        )
        .col_expr(
            certificate_batch::Column::TreeSize,
            Expr::val(tree_size.map(u64::cast_signed)),
        )
        .col_expr(
            certificate_batch::Column::Revision,
            Expr::col(certificate_batch::Column::Revision).add(1),
        )
        .filter(certificate_batch::Column::Id.eq(id.uuid()))
        .filter(certificate_batch::Column::State.eq("proposed"))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// Takes enrolments out of a batch again.
pub async fn remove_batch_items(
    db: &impl ConnectionTrait,
    id: BatchId,
    enrolments: &[EnrolmentId],
) -> Result<(), StoreError> {
    for chunk in enrolments.chunks(5000) {
        certificate_batch_item::Entity::delete_many()
            .filter(certificate_batch_item::Column::BatchId.eq(id.uuid()))
            .filter(
                certificate_batch_item::Column::EnrolmentId.is_in(chunk.iter().map(|id| id.uuid())),
            )
            .exec(db)
            .await?;
    }
    Ok(())
}
