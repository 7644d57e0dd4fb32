//! The audit: who did or was refused what, when, from where, on which object; a chain of hashes (trust.md AD-1).
//!
//! Every row's hash covers the hash before it, its number and all its fields, each with its length, so that neither a
//! changed field nor a moved border between two fields gives the same bytes. Texts are one line: what a request holds
//! can forge neither a row nor a line of an export.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Actor;
use domain::ids::{AccountId, InstitutionId, LeafIndex};
use domain::institution::InstitutionState;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::entity::catalogue::admission;
use crate::entity::journal::{audit, audit_anchor};
use crate::entity::reference::federation_area;
use crate::scope::NATIONAL;
use crate::{StoreError, time};

/// What stands before the fields of a row when it is hashed.
const CONTEXT: &[u8] = b"mingzheng.audit.v1\n";
/// Longest text of a field, in characters.
const TEXT: usize = 300;
/// The outcome of what was done.
pub const DONE: &str = "done";

/// One audit row before it is chained.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Id of the request.
    pub request_id: &'a str,
    /// Who, where the post is known.
    pub actor: Option<&'a Actor>,
    /// The account, where no post is known: a refused sign-in.
    pub account: Option<AccountId>,
    /// From where: the network of the client, never its whole address.
    pub network: &'a str,
    /// What.
    pub act: &'a str,
    /// On which kind of thing.
    pub object_kind: &'a str,
    /// On which thing.
    pub object_id: &'a str,
    /// [`DONE`] or the code of the problem.
    pub outcome: &'a str,
    /// How often: more than once for refusals that were counted together.
    pub times: u32,
    /// Ids and states; nothing personal.
    pub detail: &'a str,
    /// SHA-256 of what the act left behind; the hash before it is that of the last act on the same object.
    pub after: Option<[u8; 32]>,
}

impl AuditEntry<'_> {
    /// An entry of the process itself at this moment, to be filled.
    pub const fn at(at: DateTime<Utc>) -> Self {
        Self {
            at,
            request_id: "",
            actor: None,
            account: None,
            network: "process",
            act: "",
            object_kind: "",
            object_id: "",
            outcome: DONE,
            times: 1,
            detail: "",
            after: None,
        }
    }
}

/// One row as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// When, in Unix milliseconds.
    pub at: i64,
    /// Id of the request.
    pub request_id: String,
    /// The human being.
    pub person: Option<Uuid>,
    /// The account.
    pub account: Option<Uuid>,
    /// The post.
    pub post: Option<Uuid>,
    /// Its role.
    pub role: Option<String>,
    /// Federation of the post.
    pub federation: Option<String>,
    /// Institution of the post.
    pub institution: Option<Uuid>,
    /// Own, delegated, substitute.
    pub capacity: Option<String>,
    /// From where.
    pub network: String,
    /// What.
    pub act: String,
    /// On which kind of thing.
    pub object_kind: String,
    /// On which thing.
    pub object_id: String,
    /// `done` or the code of the problem.
    pub outcome: String,
    /// How often.
    pub times: i64,
    /// States.
    pub detail: String,
    /// Hash of the object before.
    pub before: Option<Vec<u8>>,
    /// Hash of the object after.
    pub after: Option<Vec<u8>>,
    /// Hash of the row before.
    pub previous: Vec<u8>,
    /// Hash of this row.
    pub hash: Vec<u8>,
}

impl AuditRow {
    /// The hash that this row should have, over the hash before and every field.
    pub fn computed_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(CONTEXT);
        let mut field = |bytes: Option<&[u8]>| {
            hash.update([u8::from(bytes.is_some())]);
            let bytes = bytes.unwrap_or_default();
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        field(Some(&self.previous));
        field(Some(&self.seq.to_be_bytes()));
        field(Some(&self.at.to_be_bytes()));
        field(Some(self.request_id.as_bytes()));
        field(self.person.as_ref().map(|id| id.as_bytes().as_slice()));
        field(self.account.as_ref().map(|id| id.as_bytes().as_slice()));
        field(self.post.as_ref().map(|id| id.as_bytes().as_slice()));
        field(self.role.as_deref().map(str::as_bytes));
        field(self.federation.as_deref().map(str::as_bytes));
        field(self.institution.as_ref().map(|id| id.as_bytes().as_slice()));
        field(self.capacity.as_deref().map(str::as_bytes));
        field(Some(self.network.as_bytes()));
        field(Some(self.act.as_bytes()));
        field(Some(self.object_kind.as_bytes()));
        field(Some(self.object_id.as_bytes()));
        field(Some(self.outcome.as_bytes()));
        field(Some(&self.times.to_be_bytes()));
        field(Some(self.detail.as_bytes()));
        field(self.before.as_deref());
        field(self.after.as_deref());
        hash.finalize().into()
    }
}

impl From<audit::Model> for AuditRow {
    fn from(row: audit::Model) -> Self {
        Self {
            seq: row.seq,
            at: row.at,
            request_id: row.request_id,
            person: row.staff_person_id,
            account: row.account_id,
            post: row.post_id,
            role: row.role,
            federation: row.federation,
            institution: row.institution_id,
            capacity: row.capacity,
            network: row.network,
            act: row.act,
            object_kind: row.object_kind,
            object_id: row.object_id,
            outcome: row.outcome,
            times: row.times,
            detail: row.detail,
            before: row.before_sha256,
            after: row.after_sha256,
            previous: row.previous_hash,
            hash: row.hash,
        }
    }
}

/// The end of the chain.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct AuditHead {
    /// Number of the last row, 0 before the first.
    pub seq: i64,
    /// Its hash, empty before the first.
    pub hash: Vec<u8>,
}

/// The end of the chain now.
pub async fn head(db: &impl ConnectionTrait) -> Result<AuditHead, StoreError> {
    read_head(db, "").await
}

/// The end of the chain; it stays so until the transaction ends.
pub async fn lock_head(db: &impl ConnectionTrait) -> Result<AuditHead, StoreError> {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    read_head(db, if postgres { " FOR UPDATE" } else { "" }).await
}

async fn read_head(db: &impl ConnectionTrait, lock: &str) -> Result<AuditHead, StoreError> {
    AuditHead::find_by_statement(Statement::from_string(
        db.get_database_backend(),
        format!("SELECT seq, hash FROM audit_head WHERE id = 1{lock}"),
    ))
    .one(db)
    .await?
    .ok_or_else(|| StoreError::inconsistent("audit_head", 1))
}

/// One line, cut: control characters and those that turn the direction of text become spaces.
fn line(text: &str) -> String {
    text.chars()
        .take(TEXT)
        .map(|c| {
            let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            if c.is_control() || turns { ' ' } else { c }
        })
        .collect()
}

/// Appends to the chain; the head row is locked until the transaction ends.
pub async fn append(db: &impl ConnectionTrait, entry: &AuditEntry<'_>) -> Result<(), StoreError> {
    let head = lock_head(db).await?;
    let object_id = line(entry.object_id);
    let before = match entry.after {
        Some(_) => last_state(db, entry.object_kind, &object_id).await?,
        None => None,
    };
    let mut row = AuditRow {
        seq: head.seq + 1,
        at: time::millis(entry.at),
        request_id: line(entry.request_id),
        person: entry.actor.map(|a| a.person.uuid()),
        account: entry
            .actor
            .map(|a| a.account)
            .or(entry.account)
            .map(AccountId::uuid),
        post: entry.actor.map(|a| a.post.uuid()),
        role: entry.actor.map(|a| a.role.as_str().to_owned()),
        federation: entry.actor.and_then(|a| a.federation.clone()),
        institution: entry
            .actor
            .and_then(|a| a.institution)
            .map(InstitutionId::uuid),
        capacity: entry.actor.map(|a| a.capacity.as_str().to_owned()),
        network: line(entry.network),
        act: line(entry.act),
        object_kind: line(entry.object_kind),
        object_id,
        outcome: line(entry.outcome),
        times: i64::from(entry.times),
        detail: line(entry.detail),
        before,
        after: entry.after.map(Vec::from),
        previous: head.hash,
        hash: Vec::new(),
    };
    row.hash = row.computed_hash().to_vec();
    let hash = row.hash.clone();
    let seq = row.seq;
    insert(db, row).await?;
    db.execute_raw(Statement::from_sql_and_values(
        db.get_database_backend(),
        "UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1",
        [seq.into(), hash.into()],
    ))
    .await?;
    Ok(())
}

/// Outcomes of all rows of an act, oldest first.
pub async fn outcomes(db: &impl ConnectionTrait, act: &str) -> Result<Vec<String>, StoreError> {
    let rows = audit::Entity::find()
        .filter(audit::Column::Act.eq(act))
        .order_by_asc(audit::Column::Seq)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.outcome).collect())
}

/// What the last act on this object left behind.
async fn last_state(
    db: &impl ConnectionTrait,
    kind: &str,
    id: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let last = audit::Entity::find()
        .filter(audit::Column::ObjectId.eq(id))
        .filter(audit::Column::ObjectKind.eq(kind))
        .filter(audit::Column::AfterSha256.is_not_null())
        .order_by_desc(audit::Column::Seq)
        .one(db)
        .await?;
    Ok(last.and_then(|row| row.after_sha256))
}

pub(crate) async fn insert(db: &impl ConnectionTrait, row: AuditRow) -> Result<(), StoreError> {
    let row = audit::ActiveModel {
        seq: Set(row.seq),
        at: Set(row.at),
        request_id: Set(row.request_id),
        staff_person_id: Set(row.person),
        account_id: Set(row.account),
        post_id: Set(row.post),
        role: Set(row.role),
        federation: Set(row.federation),
        institution_id: Set(row.institution),
        capacity: Set(row.capacity),
        network: Set(row.network),
        act: Set(row.act),
        object_kind: Set(row.object_kind),
        object_id: Set(row.object_id),
        outcome: Set(row.outcome),
        times: Set(row.times),
        detail: Set(row.detail),
        before_sha256: Set(row.before),
        after_sha256: Set(row.after),
        previous_hash: Set(row.previous),
        hash: Set(row.hash),
    };
    audit::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// What a search is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Whole id of an object.
    pub object: Option<String>,
    /// Account.
    pub account: Option<Uuid>,
    /// Whole name of an act.
    pub act: Option<String>,
    /// `done`, a problem code, or `refused` for all that was not done.
    pub outcome: Option<String>,
    /// From this moment.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
}

/// Rows within a federation's area, newest first, before the number given.
///
/// An area sees what its own offices and the institutions that lie in it or that it admitted did; what nobody known did is seen nationally.
pub async fn page(
    db: &impl ConnectionTrait,
    federation: &str,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<AuditRow>, StoreError> {
    use audit::Column as C;
    let mut all = Condition::all().add(in_area(federation));
    if let Some(object) = &filter.object {
        all = all.add(C::ObjectId.eq(object.as_str()));
    }
    if let Some(account) = filter.account {
        all = all.add(C::AccountId.eq(account));
    }
    if let Some(act) = &filter.act {
        all = all.add(C::Act.eq(act.as_str()));
    }
    match filter.outcome.as_deref() {
        None => {}
        Some("refused") => all = all.add(C::Outcome.ne(DONE)),
        Some(outcome) => all = all.add(C::Outcome.eq(outcome)),
    }
    if let Some(from) = filter.from {
        all = all.add(C::At.gte(time::millis(from)));
    }
    if let Some(until) = filter.until {
        all = all.add(C::At.lt(time::millis(until)));
    }
    if let Some(before) = before {
        all = all.add(C::Seq.lt(before));
    }
    let rows = audit::Entity::find()
        .filter(all)
        .order_by_desc(C::Seq)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(AuditRow::from).collect())
}

fn in_area(federation: &str) -> Condition {
    if federation == NATIONAL {
        return Condition::all();
    }
    let areas = Query::select()
        .column(federation_area::Column::Area)
        .from(federation_area::Entity)
        .and_where(federation_area::Column::Federation.eq(federation))
        .and_where(federation_area::Column::ValidUntil.is_null())
        .to_owned();
    let here = Expr::col((admission::Entity, admission::Column::SiteRegion))
        .in_subquery(areas.clone())
        .or(
            Expr::col((admission::Entity, admission::Column::Federation))
                .in_subquery(areas.clone()),
        );
    let schools = Query::select()
        .column(admission::Column::InstitutionId)
        .from(admission::Entity)
        .and_where(here.clone())
        .and_where(Expr::cust(crate::scope::looked_after("admission")))
        .to_owned();
    // What was done under an admission stays with who looked after it then. Asked for by the institution of a row, not as a
    // list: that would be made anew for every row.
    let then = Query::select()
        .expr(Expr::val(1))
        .from(admission::Entity)
        .and_where(
            Expr::col((admission::Entity, admission::Column::InstitutionId))
                .equals((audit::Entity, audit::Column::InstitutionId)),
        )
        .and_where(admission::Column::State.eq(InstitutionState::Exited.as_str()))
        .and_where(
            Expr::col((admission::Entity, admission::Column::StateSince))
                .gte(Expr::col((audit::Entity, audit::Column::At))),
        )
        .and_where(here)
        .to_owned();
    Condition::any()
        .add(audit::Column::Federation.eq(federation))
        .add(audit::Column::Federation.in_subquery(areas))
        .add(audit::Column::InstitutionId.in_subquery(schools))
        .add(Expr::exists(then))
}

/// Rows in order from a number on, for the check.
pub async fn rows(
    db: &impl ConnectionTrait,
    from: i64,
    limit: u64,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = audit::Entity::find()
        .filter(audit::Column::Seq.gte(from))
        .order_by_asc(audit::Column::Seq)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(AuditRow::from).collect())
}

/// A head of the chain that is a leaf of the public log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The leaf.
    pub leaf: LeafIndex,
    /// Day in China.
    pub on: NaiveDate,
    /// Time of the leaf.
    pub at: DateTime<Utc>,
    /// Number of the row.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// Writes an anchor, in the transaction of its leaf.
pub async fn put_anchor(db: &impl ConnectionTrait, anchor: &Anchor) -> Result<(), StoreError> {
    let row = audit_anchor::ActiveModel {
        leaf_index: Set(anchor.leaf.0.cast_signed()),
        anchored_on: Set(anchor.on.to_string()),
        at: Set(time::millis(anchor.at)),
        seq: Set(anchor.seq),
        hash: Set(anchor.hash.clone()),
    };
    audit_anchor::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// All anchors, in order of their rows.
pub async fn anchors(db: &impl ConnectionTrait) -> Result<Vec<Anchor>, StoreError> {
    let rows = audit_anchor::Entity::find()
        .order_by_asc(audit_anchor::Column::Seq)
        .order_by_asc(audit_anchor::Column::LeafIndex)
        .all(db)
        .await?;
    rows.into_iter().map(anchor_of).collect()
}

/// The newest anchor.
pub async fn last_anchor(db: &impl ConnectionTrait) -> Result<Option<Anchor>, StoreError> {
    let row = audit_anchor::Entity::find()
        .order_by_desc(audit_anchor::Column::LeafIndex)
        .one(db)
        .await?;
    row.map(anchor_of).transpose()
}

fn anchor_of(row: audit_anchor::Model) -> Result<Anchor, StoreError> {
    Ok(Anchor {
        leaf: LeafIndex(row.leaf_index.cast_unsigned()),
        on: time::date(&row.anchored_on)?,
        at: time::instant(row.at)?,
        seq: row.seq,
        hash: row.hash,
    })
}
