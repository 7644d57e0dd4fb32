//! Acts that wait for their second person.

use chrono::{DateTime, Utc};
use domain::ids::{PostId, ProposalId, StaffPersonId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, Statement, Value, sea_query::Expr,
};
use uuid::Uuid;

use crate::entity::journal::proposal;
use crate::scope::Scope;
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

/// An open proposal as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: ProposalId,
    /// What kind of thing it acts on.
    pub object_kind: String,
    /// The thing.
    pub object_id: Uuid,
    /// The act.
    pub act: String,
    /// What the thing is called: name of an institution, a programme, a class, number of a certificate.
    pub subject: String,
    /// Who proposed.
    pub proposed_by: StaffPersonId,
    /// Name of the proposer.
    pub proposer: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Until when the second person should decide.
    pub due_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct WaitingRow {
    id: Uuid,
    object_kind: String,
    object_id: Uuid,
    act: String,
    subject: Option<String>,
    proposed_by: Uuid,
    proposer: String,
    proposed_at: i64,
    due_at: Option<i64>,
    key_request: Option<String>,
}

/// The id of the key in a proposal on one: keys have no row that its object id names.
fn kid_of(request: &str) -> Option<String> {
    let request: serde_json::Value = serde_json::from_str(request).ok()?;
    Some(request["kid"].as_str()?.to_owned())
}

/// Open proposals that were made in the scope, oldest first, at most `limit`, after the given id.
pub async fn open_list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    after: Option<ProposalId>,
    limit: u64,
) -> Result<Vec<Waiting>, StoreError> {
    let mut values: Vec<Value> = vec![
        after.map_or(Uuid::nil(), ProposalId::uuid).into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let (within, value) = scope.sql("o.federation", "o.institution_id", 3);
    values.extend(value);
    let sql = format!(
        "SELECT p.id, p.object_kind, p.object_id, p.act, p.proposed_by, s.name AS proposer, p.proposed_at, p.due_at, \
         COALESCE(i.name, v.name, c.name, e.certificate_no, x.reason, d.name, g.freeze_on, b.title, mi.name) AS subject, \
         CASE WHEN p.object_kind = 'key' THEN p.request END AS key_request \
         FROM proposal p JOIN post o ON o.id = p.proposed_post JOIN staff_person s ON s.id = p.proposed_by \
         LEFT JOIN admission a ON a.id = p.object_id LEFT JOIN institution i ON i.id = a.institution_id \
         LEFT JOIN program_version v ON v.id = p.object_id LEFT JOIN cohort c ON c.id = p.object_id \
         LEFT JOIN certificate e ON e.id = p.object_id LEFT JOIN bulk_export x ON x.id = p.object_id \
         LEFT JOIN policy_draft d ON d.id = p.object_id \
         LEFT JOIN grade_publication g ON g.id = p.object_id LEFT JOIN bulletin b ON b.id = p.object_id \
         LEFT JOIN assessment m ON m.id = p.object_id LEFT JOIN admission ma ON ma.id = m.admission_id \
         LEFT JOIN institution mi ON mi.id = ma.institution_id \
         WHERE p.state = 'open' AND p.id > $1 AND {within} ORDER BY p.id LIMIT $2"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    WaitingRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Waiting {
                id: row.id.into(),
                object_kind: row.object_kind,
                object_id: row.object_id,
                act: row.act,
                subject: row
                    .subject
                    .or_else(|| kid_of(row.key_request.as_deref()?))
                    .unwrap_or_default(),
                proposed_by: row.proposed_by.into(),
                proposer: row.proposer,
                proposed_at: time::instant(row.proposed_at)?,
                due_at: time::optional_instant(row.due_at)?,
            })
        })
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
    crate::error::one_row(done.rows_affected)
}
