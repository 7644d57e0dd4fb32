//! Requests of institutions to leave.

use chrono::{DateTime, Utc};
use domain::ids::{AdmissionId, CaseId, StaffPersonId};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::entity::cases::withdrawal;
use crate::{StoreError, time};

domain::text_enum! {
    /// What became of a request to leave.
    WithdrawalState("state of a request to leave") {
        /// Waits for the province.
        Open = "open",
        /// Granted: the institution has left.
        Granted = "granted",
        /// Declined by the province, with a reason.
        Declined = "declined",
        /// Taken back by the institution.
        TakenBack = "taken_back",
        /// A graver decision came first.
        Lapsed = "lapsed",
    }
}

/// A request to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id.
    pub id: Uuid,
    /// The admission.
    pub admission: AdmissionId,
    /// The case that it was filed in.
    pub case: CaseId,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub state: WithdrawalState,
    /// The answer.
    pub answer: Option<String>,
    /// Who asked.
    pub asked_by: StaffPersonId,
    /// When.
    pub asked_at: DateTime<Utc>,
}

/// Writes an open request; another open one is a duplicate.
pub async fn insert(db: &impl ConnectionTrait, new: &Withdrawal) -> Result<(), StoreError> {
    let row = withdrawal::ActiveModel {
        id: Set(new.id),
        admission_id: Set(new.admission.uuid()),
        case_id: Set(new.case.uuid()),
        reason: Set(new.reason.clone()),
        state: Set(new.state.as_str().to_owned()),
        answer: Set(None),
        asked_by: Set(new.asked_by.uuid()),
        asked_at: Set(time::millis(new.asked_at)),
        ended_by: Set(None),
        ended_at: Set(None),
    };
    withdrawal::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The open request of an admission.
pub async fn open_of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Option<Withdrawal>, StoreError> {
    withdrawal::Entity::find()
        .filter(withdrawal::Column::AdmissionId.eq(admission.uuid()))
        .filter(withdrawal::Column::State.eq(WithdrawalState::Open.as_str()))
        .one(db)
        .await?
        .map(Withdrawal::try_from)
        .transpose()
}

/// Ends an open request; `Stale` when somebody did before.
pub async fn end(
    db: &impl ConnectionTrait,
    id: Uuid,
    state: WithdrawalState,
    answer: Option<&str>,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use withdrawal::Column as C;
    let done = withdrawal::Entity::update_many()
        .col_expr(C::State, Expr::value(state.as_str()))
        .col_expr(C::Answer, Expr::value(answer.map(str::to_owned)))
        .col_expr(C::EndedBy, Expr::value(by.uuid()))
        .col_expr(C::EndedAt, Expr::value(time::millis(now)))
        .filter(C::Id.eq(id))
        .filter(C::State.eq(WithdrawalState::Open.as_str()))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

impl TryFrom<withdrawal::Model> for Withdrawal {
    type Error = StoreError;

    fn try_from(row: withdrawal::Model) -> Result<Self, StoreError> {
        Ok(Self {
            state: row
                .state
                .parse()
                .map_err(|_| StoreError::inconsistent("withdrawal", row.id))?,
            id: row.id,
            admission: row.admission_id.into(),
            case: row.case_id.into(),
            reason: row.reason,
            answer: row.answer,
            asked_by: row.asked_by.into(),
            asked_at: time::instant(row.asked_at)?,
        })
    }
}
