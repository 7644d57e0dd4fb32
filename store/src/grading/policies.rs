//! Drafts of grading policies, and the published ones.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{PolicyDraftId, StaffPersonId};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use crate::entity::grading::policy_draft;
use crate::entity::journal::timeline;
use crate::entity::reference::policy;
use crate::{StoreError, time};

/// A draft; its text never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: PolicyDraftId,
    /// `policy_id@version`.
    pub name: String,
    /// Name of the base of an override.
    pub base: Option<String>,
    /// Whose it is; `000000` for a baseline.
    pub federation: String,
    /// SHA-256 of the text.
    pub sha256: [u8; 32],
    /// The file.
    pub text: String,
    /// From when.
    pub effective_on: NaiveDate,
    /// `draft` or `published`.
    pub state: String,
    /// Who.
    pub drafted_by: StaffPersonId,
    /// When.
    pub drafted_at: DateTime<Utc>,
    /// Raised by every change of state.
    pub revision: i32,
}

impl TryFrom<policy_draft::Model> for Draft {
    type Error = StoreError;

    fn try_from(row: policy_draft::Model) -> Result<Self, StoreError> {
        let bad = |_| StoreError::inconsistent("policy_draft", row.id);
        Ok(Self {
            id: row.id.into(),
            sha256: row.sha256.as_slice().try_into().map_err(bad)?,
            effective_on: time::date(&row.effective_on)?,
            drafted_by: row.drafted_by.into(),
            drafted_at: time::instant(row.drafted_at)?,
            name: row.name,
            base: row.base,
            federation: row.federation,
            text: row.text,
            state: row.state,
            revision: row.revision,
        })
    }
}

/// Writes a draft; another one of the same name is a duplicate.
pub async fn insert(db: &impl ConnectionTrait, new: &Draft) -> Result<(), StoreError> {
    let row = policy_draft::Model {
        id: new.id.uuid(),
        name: new.name.clone(),
        base: new.base.clone(),
        federation: new.federation.clone(),
        sha256: new.sha256.to_vec(),
        text: new.text.clone(),
        effective_on: new.effective_on.to_string(),
        state: new.state.clone(),
        drafted_by: new.drafted_by.uuid(),
        drafted_at: time::millis(new.drafted_at),
        revision: new.revision,
    };
    policy_draft::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A draft.
pub async fn find(
    db: &impl ConnectionTrait,
    id: PolicyDraftId,
) -> Result<Option<Draft>, StoreError> {
    policy_draft::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Draft::try_from)
        .transpose()
}

/// The draft or published policy of this name.
pub async fn by_name(db: &impl ConnectionTrait, name: &str) -> Result<Option<Draft>, StoreError> {
    policy_draft::Entity::find()
        .filter(policy_draft::Column::Name.eq(name))
        .one(db)
        .await?
        .map(Draft::try_from)
        .transpose()
}

/// All drafts and published policies, newest first.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Draft>, StoreError> {
    policy_draft::Entity::find()
        .order_by_desc(policy_draft::Column::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Draft::try_from)
        .collect()
}

/// Policies in force on a day: with effect by then, and published by then. One that was published later changes no period
/// that was frozen before it.
fn in_force_on(on: NaiveDate) -> Condition {
    use timeline::Column as T;
    let published = Query::select()
        .expr(Expr::val(1))
        .from(timeline::Entity)
        .and_where(
            Expr::col((timeline::Entity, T::ObjectId))
                .equals((policy_draft::Entity, policy_draft::Column::Id)),
        )
        .and_where(T::ObjectKind.eq("policy_draft"))
        .and_where(T::ToState.eq("published"))
        .and_where(T::At.lte(time::millis(domain::calendar::end_of(on))))
        .to_owned();
    Condition::all()
        .add(policy_draft::Column::State.eq("published"))
        .add(policy_draft::Column::EffectiveOn.lte(on.to_string()))
        .add(Expr::exists(published))
}

/// The newest published policy of a federation that is in force on a day; with a base, the newest of those that rest on it.
pub async fn in_force(
    db: &impl ConnectionTrait,
    federation: &str,
    on: NaiveDate,
    base: Option<&str>,
) -> Result<Option<Draft>, StoreError> {
    let mut query = policy_draft::Entity::find()
        .filter(policy_draft::Column::Federation.eq(federation))
        .filter(in_force_on(on));
    if let Some(base) = base {
        query = query.filter(policy_draft::Column::Base.eq(base));
    }
    query
        .order_by_desc(policy_draft::Column::EffectiveOn)
        .order_by_desc(policy_draft::Column::Id)
        .one(db)
        .await?
        .map(Draft::try_from)
        .transpose()
}

/// Federations below the nation with a policy of their own, on this base, in force on a day.
pub async fn overridden(
    db: &impl ConnectionTrait,
    on: NaiveDate,
    base: &str,
) -> Result<Vec<String>, StoreError> {
    let rows = policy_draft::Entity::find()
        .filter(policy_draft::Column::Federation.ne(crate::scope::NATIONAL))
        .filter(policy_draft::Column::Base.eq(base))
        .filter(in_force_on(on))
        .order_by_asc(policy_draft::Column::Federation)
        .all(db)
        .await?;
    let mut found: Vec<String> = rows.into_iter().map(|row| row.federation).collect();
    found.dedup();
    Ok(found)
}

/// Marks a draft as published; `Stale` when it is none any more.
pub async fn publish(db: &impl ConnectionTrait, id: PolicyDraftId) -> Result<(), StoreError> {
    let done = policy_draft::Entity::update_many()
        .col_expr(policy_draft::Column::State, Expr::value("published"))
        .col_expr(policy_draft::Column::Revision, Expr::value(2))
        .filter(policy_draft::Column::Id.eq(id.uuid()))
        .filter(policy_draft::Column::State.eq("draft"))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// The text of a published policy by `id@version`.
pub async fn published(
    db: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let Some((id, version)) = name.split_once('@') else {
        return Ok(None);
    };
    let key = (id.to_owned(), version.to_owned());
    let found = policy::Entity::find_by_id(key).one(db).await?;
    Ok(found.map(|row| (row.text, row.sha256)))
}
