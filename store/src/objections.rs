//! Objections raised during a notice (workflow.md 5).

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::ObjectionId;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder,
};
use uuid::Uuid;

use crate::entity::catalogue::objection;
use crate::{StoreError, time};

/// An objection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Its id.
    pub id: ObjectionId,
    /// Kind of the thing objected to ("admission").
    pub object_kind: String,
    /// The thing.
    pub object_id: Uuid,
    /// What is said.
    pub text: String,
    /// When.
    pub raised_at: DateTime<Utc>,
    /// `open`, `accepted`, `dismissed`.
    pub state: String,
    /// The answer.
    pub answer: Option<String>,
    /// Its reference number, when somebody filed it without an account.
    pub number: Option<String>,
    /// Who sent it and how to answer, sealed under [`SENDER`]; nothing of an anonymous one.
    pub sender_enc: Option<Vec<u8>>,
    /// Until when it is to be answered.
    pub answer_due: Option<NaiveDate>,
}

/// Label under which the sender of an objection is sealed.
pub const SENDER: &str = "objection.sender";

/// Writes a new open objection.
pub async fn insert(db: &impl ConnectionTrait, new: &Objection) -> Result<(), StoreError> {
    let row = objection::ActiveModel {
        id: Set(new.id.uuid()),
        object_kind: Set(new.object_kind.clone()),
        object_id: Set(new.object_id),
        text: Set(new.text.clone()),
        raised_at: Set(time::millis(new.raised_at)),
        state: Set("open".to_owned()),
        answer: Set(None),
        decided_at: Set(None),
        number: Set(new.number.clone()),
        sender_enc: Set(new.sender_enc.clone()),
        answer_due: Set(new.answer_due.map(|day| day.to_string())),
    };
    objection::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The objection with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    id: ObjectionId,
) -> Result<Option<Objection>, StoreError> {
    objection::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Objection::try_from)
        .transpose()
}

/// The objection with this reference number.
pub async fn by_number(
    db: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<Objection>, StoreError> {
    objection::Entity::find()
        .filter(objection::Column::Number.eq(number))
        .one(db)
        .await?
        .map(Objection::try_from)
        .transpose()
}

/// Objections to a thing, oldest first.
pub async fn of(db: &impl ConnectionTrait, object: Uuid) -> Result<Vec<Objection>, StoreError> {
    let rows = objection::Entity::find()
        .filter(objection::Column::ObjectId.eq(object))
        .order_by_asc(objection::Column::RaisedAt)
        .order_by_asc(objection::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Objection::try_from).collect()
}

/// How many objections to a thing are in this state, raised since a moment.
pub async fn count(
    db: &impl ConnectionTrait,
    object: Uuid,
    state: &str,
    since: DateTime<Utc>,
) -> Result<u64, StoreError> {
    Ok(objection::Entity::find()
        .filter(objection::Column::ObjectId.eq(object))
        .filter(objection::Column::State.eq(state))
        .filter(objection::Column::RaisedAt.gte(time::millis(since)))
        .count(db)
        .await?)
}

/// When the last of the objections to a thing that were not accepted was answered.
pub async fn last_dismissed(
    db: &impl ConnectionTrait,
    object: Uuid,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let row = objection::Entity::find()
        .filter(objection::Column::ObjectId.eq(object))
        .filter(objection::Column::State.eq("dismissed"))
        .order_by_desc(objection::Column::DecidedAt)
        .one(db)
        .await?;
    time::optional_instant(row.and_then(|row| row.decided_at))
}

/// Decides an open objection; `Stale` when it was decided before.
pub async fn decide(
    db: &impl ConnectionTrait,
    id: ObjectionId,
    state: &str,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = objection::Entity::update_many()
        .col_expr(objection::Column::State, Expr::value(state))
        .col_expr(objection::Column::Answer, Expr::value(answer))
        .col_expr(objection::Column::DecidedAt, Expr::value(time::millis(now)))
        .filter(objection::Column::Id.eq(id.uuid()))
        .filter(objection::Column::State.eq("open"))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

impl TryFrom<objection::Model> for Objection {
    type Error = StoreError;

    fn try_from(row: objection::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            object_kind: row.object_kind,
            object_id: row.object_id,
            text: row.text,
            raised_at: time::instant(row.raised_at)?,
            state: row.state,
            answer: row.answer,
            number: row.number,
            sender_enc: row.sender_enc,
            answer_due: time::optional_date(row.answer_due.as_deref())?,
        })
    }
}
