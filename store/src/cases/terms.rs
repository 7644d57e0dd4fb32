//! Terms (期限): who owes which act until when, counted with which calendar.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::AdmissionId;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::entity::cases::term;
use crate::{StoreError, time};

/// A term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its id.
    pub id: Uuid,
    /// The admission.
    pub admission: AdmissionId,
    /// `admission`, `case`, `appeal`, `episode`, `follow_up`, `certificate`.
    pub object_kind: String,
    /// The thing.
    pub object: Uuid,
    /// Which act ("reply", "inspection", "appeal_decide").
    pub kind: String,
    /// Whose it is.
    pub holder: Role,
    /// The day after which it runs.
    pub starts_on: NaiveDate,
    /// Its last day.
    pub due_on: NaiveDate,
    /// The calendar that counted it.
    pub calendar: String,
    /// Why it was extended.
    pub extension_reason: Option<String>,
    /// When the act was done.
    pub met_on: Option<NaiveDate>,
}

/// Begins a term.
pub async fn begin(db: &impl ConnectionTrait, new: &Term) -> Result<(), StoreError> {
    let row = row(new);
    term::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

fn row(new: &Term) -> term::ActiveModel {
    term::ActiveModel {
        id: Set(new.id),
        admission_id: Set(new.admission.uuid()),
        object_kind: Set(new.object_kind.clone()),
        object_id: Set(new.object),
        kind: Set(new.kind.clone()),
        holder: Set(new.holder.as_str().to_owned()),
        starts_on: Set(new.starts_on.to_string()),
        due_on: Set(new.due_on.to_string()),
        calendar: Set(new.calendar.clone()),
        extension_reason: Set(None),
        met_on: Set(None),
        cut_from: Set(None),
    }
}

/// Begins several terms.
pub async fn begin_all(db: &impl ConnectionTrait, all: &[Term]) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    term::Entity::insert_many(all.iter().map(row))
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Ends these open terms.
pub async fn meet_these(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
    on: NaiveDate,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    term::Entity::update_many()
        .col_expr(term::Column::MetOn, Expr::value(on.to_string()))
        .filter(term::Column::Id.is_in(ids.iter().copied()))
        .filter(term::Column::MetOn.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Ends the open terms of these kinds on a thing; all kinds when none are named.
pub async fn meet(
    db: &impl ConnectionTrait,
    object: Uuid,
    kinds: &[&str],
    on: NaiveDate,
) -> Result<u64, StoreError> {
    let mut query = term::Entity::update_many()
        .col_expr(term::Column::MetOn, Expr::value(on.to_string()))
        .filter(term::Column::ObjectId.eq(object))
        .filter(term::Column::MetOn.is_null());
    if !kinds.is_empty() {
        query = query.filter(term::Column::Kind.is_in(kinds.iter().copied()));
    }
    Ok(query.exec(db).await?.rows_affected)
}

/// Ends the open terms of these kinds because their thing leaves a stage, and not because the acts were done.
pub async fn cut(
    db: &impl ConnectionTrait,
    object: Uuid,
    kinds: &[&str],
    stage: &str,
    on: NaiveDate,
) -> Result<(), StoreError> {
    term::Entity::update_many()
        .col_expr(term::Column::MetOn, Expr::value(on.to_string()))
        .col_expr(term::Column::CutFrom, Expr::value(stage))
        .filter(term::Column::ObjectId.eq(object))
        .filter(term::Column::MetOn.is_null())
        .filter(term::Column::Kind.is_in(kinds.iter().copied()))
        .exec(db)
        .await?;
    Ok(())
}

/// The terms begun since a moment that ended when a thing left this stage, oldest first. They are handed out once: who
/// takes them begins them again.
pub async fn take_cut(
    db: &impl ConnectionTrait,
    object: Uuid,
    stage: &str,
    since: DateTime<Utc>,
) -> Result<Vec<Term>, StoreError> {
    // Ids of terms tell when they began.
    let ms = u128::try_from(since.timestamp_millis()).unwrap_or(0);
    let first = Uuid::from_u128(ms << 80);
    let rows = term::Entity::find()
        .filter(term::Column::ObjectId.eq(object))
        .filter(term::Column::CutFrom.eq(stage))
        .order_by_asc(term::Column::Id)
        .all(db)
        .await?;
    term::Entity::update_many()
        .col_expr(term::Column::CutFrom, Expr::value(None::<String>))
        .filter(term::Column::ObjectId.eq(object))
        .filter(term::Column::CutFrom.eq(stage))
        .exec(db)
        .await?;
    rows.into_iter()
        .filter(|row| row.id >= first)
        .map(Term::try_from)
        .collect()
}

/// Moves the last day of an open term, with the reason.
pub async fn extend(
    db: &impl ConnectionTrait,
    object: Uuid,
    kind: &str,
    due_on: NaiveDate,
    reason: &str,
) -> Result<(), StoreError> {
    term::Entity::update_many()
        .col_expr(term::Column::DueOn, Expr::value(due_on.to_string()))
        .col_expr(term::Column::ExtensionReason, Expr::value(reason))
        .filter(term::Column::ObjectId.eq(object))
        .filter(term::Column::Kind.eq(kind))
        .filter(term::Column::MetOn.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// The newest term of a kind on a thing, met or not.
pub async fn newest(
    db: &impl ConnectionTrait,
    object: Uuid,
    kind: &str,
) -> Result<Option<Term>, StoreError> {
    term::Entity::find()
        .filter(term::Column::ObjectId.eq(object))
        .filter(term::Column::Kind.eq(kind))
        .order_by_desc(term::Column::Id)
        .limit(1)
        .one(db)
        .await?
        .map(Term::try_from)
        .transpose()
}

/// Open terms of a thing, the nearest first.
pub async fn open_of(db: &impl ConnectionTrait, object: Uuid) -> Result<Vec<Term>, StoreError> {
    open_of_all(db, &[object]).await
}

/// Open terms of these things, the nearest first.
pub async fn open_of_all(
    db: &impl ConnectionTrait,
    objects: &[Uuid],
) -> Result<Vec<Term>, StoreError> {
    let rows = term::Entity::find()
        .filter(term::Column::ObjectId.is_in(objects.iter().copied()))
        .filter(term::Column::MetOn.is_null())
        .order_by_asc(term::Column::DueOn)
        .order_by_asc(term::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Term::try_from).collect()
}

/// Terms of everything about an admission that are open.
pub async fn open_of_admission(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<Term>, StoreError> {
    let rows = term::Entity::find()
        .filter(term::Column::AdmissionId.eq(admission.uuid()))
        .filter(term::Column::MetOn.is_null())
        .order_by_asc(term::Column::DueOn)
        .order_by_asc(term::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Term::try_from).collect()
}

/// Open terms whose last day is at most this one, in order, after a last day and id.
pub async fn due(
    db: &impl ConnectionTrait,
    until: NaiveDate,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Term>, StoreError> {
    let mut query = term::Entity::find()
        .filter(term::Column::MetOn.is_null())
        .filter(term::Column::DueOn.lte(until.to_string()));
    if let Some(after) = after {
        query = query.filter(term::Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(term::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(Term::try_from).collect()
}

impl TryFrom<term::Model> for Term {
    type Error = StoreError;

    fn try_from(row: term::Model) -> Result<Self, StoreError> {
        Ok(Self {
            holder: row
                .holder
                .parse()
                .map_err(|_| StoreError::inconsistent("term", row.id))?,
            id: row.id,
            admission: row.admission_id.into(),
            object_kind: row.object_kind,
            object: row.object_id,
            kind: row.kind,
            starts_on: time::date(&row.starts_on)?,
            due_on: time::date(&row.due_on)?,
            calendar: row.calendar,
            extension_reason: row.extension_reason,
            met_on: time::optional_date(row.met_on.as_deref())?,
        })
    }
}
