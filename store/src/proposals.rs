//! Acts that wait for their second person.

use chrono::{DateTime, Utc};
use domain::ids::{PostId, ProposalId, StaffPersonId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use crate::entity::journal::proposal;
use crate::{StoreError, time};

/// An act that one person asked for and another must confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// What kind of thing it acts on ("admission").
    pub object_kind: String,
    /// The thing.
    pub object_id: Uuid,
    /// The act ("T06").
    pub act: String,
    /// The request as JSON text, exactly as proposed.
    pub request: String,
    /// Revision of the thing when it was proposed.
    pub object_revision: i32,
    /// `open`, `approved`, `refused`.
    pub state: String,
    /// Who proposed.
    pub proposed_by: StaffPersonId,
    /// From which post.
    pub proposed_post: PostId,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Until when the second person should decide; a missed date raises an alarm, it decides nothing.
    pub due_at: Option<DateTime<Utc>>,
    /// Who decided.
    pub decided_by: Option<StaffPersonId>,
}

impl TryFrom<proposal::Model> for Proposal {
    type Error = StoreError;

    fn try_from(row: proposal::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            object_kind: row.object_kind,
            object_id: row.object_id,
            act: row.act,
            request: row.request,
            object_revision: row.object_revision,
            state: row.state,
            proposed_by: row.proposed_by.into(),
            proposed_post: row.proposed_post.into(),
            proposed_at: time::instant(row.proposed_at)?,
            due_at: time::optional_instant(row.due_at)?,
            decided_by: row.decided_by.map(Into::into),
        })
    }
}

/// Writes a new open proposal; another open one for the same act on the same thing is a duplicate.
pub async fn open(db: &impl ConnectionTrait, proposal: &Proposal) -> Result<(), StoreError> {
    let row = proposal::ActiveModel {
        id: Set(proposal.id.uuid()),
        object_kind: Set(proposal.object_kind.clone()),
        object_id: Set(proposal.object_id),
        act: Set(proposal.act.clone()),
        request: Set(proposal.request.clone()),
        object_revision: Set(proposal.object_revision),
        state: Set("open".to_owned()),
        proposed_by: Set(proposal.proposed_by.uuid()),
        proposed_post: Set(proposal.proposed_post.uuid()),
        proposed_at: Set(time::millis(proposal.proposed_at)),
        due_at: Set(proposal.due_at.map(time::millis)),
        decided_by: Set(None),
        decided_at: Set(None),
        reason: Set(None),
    };
    proposal::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The proposal with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    id: ProposalId,
) -> Result<Option<Proposal>, StoreError> {
    proposal::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Proposal::try_from)
        .transpose()
}

/// Open proposals on these things, oldest first.
pub async fn open_for(
    db: &impl ConnectionTrait,
    objects: &[Uuid],
) -> Result<Vec<Proposal>, StoreError> {
    proposal::Entity::find()
        .filter(proposal::Column::ObjectId.is_in(objects.iter().copied()))
        .filter(proposal::Column::State.eq("open"))
        .order_by_asc(proposal::Column::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Proposal::try_from)
        .collect()
}

/// Open proposals, oldest first, at most `limit`, after the given id.
pub async fn open_list(
    db: &impl ConnectionTrait,
    after: Option<ProposalId>,
    limit: u64,
) -> Result<Vec<Proposal>, StoreError> {
    let mut query = proposal::Entity::find().filter(proposal::Column::State.eq("open"));
    if let Some(after) = after {
        query = query.filter(proposal::Column::Id.gt(after.uuid()));
    }
    query
        .order_by_asc(proposal::Column::Id)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(Proposal::try_from)
        .collect()
}

/// Closes an open proposal as `approved` or `refused`; `Stale` when somebody else did first.
pub async fn decide(
    db: &impl ConnectionTrait,
    id: ProposalId,
    state: &'static str,
    by: StaffPersonId,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let done = proposal::Entity::update_many()
        .col_expr(proposal::Column::State, Expr::val(state))
        .col_expr(proposal::Column::DecidedBy, Expr::val(by.uuid()))
        .col_expr(proposal::Column::DecidedAt, Expr::val(time::millis(now)))
        .col_expr(
            proposal::Column::Reason,
            Expr::val(reason.map(str::to_owned)),
        )
        .filter(proposal::Column::Id.eq(id.uuid()))
        .filter(proposal::Column::State.eq("open"))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}
