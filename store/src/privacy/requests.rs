//! Requests of persons about their own data: what they ask, by when it is decided, by whom, and how it ended.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Actor;
use domain::ids::{PersonId, StaffPersonId};
use domain::privacy::{Channel, OutcomeCode, RequestKind, RequestState};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{data_key, open_text, seal_text, statement};
use crate::scope::Scope;
use crate::vault::Vault;
use crate::{StoreError, time};

const WORDS: &str = "person_request.words";
const NEW_NAME: &str = "person_request.new_name";
const PROOF: &str = "person_request.proof";
const OUTCOME: &str = "person_request.outcome";

/// A request to keep. Words, name and proof are sealed under the person's key.
pub struct NewRequest<'a> {
    /// Its id.
    pub id: Uuid,
    /// Who asks.
    pub person: PersonId,
    /// Household region of the enrolment that it came by.
    pub region: &'a str,
    /// Whose federation decides: [`super::household::of_person`].
    pub federation: &'a str,
    /// Who took it in, of one that did not come by the web.
    pub taken_by: Option<StaffPersonId>,
    /// Who vouched for the person, of one that came by the web: [`vouchers`].
    pub vouched_by: &'a [StaffPersonId],
    /// For what.
    pub kind: RequestKind,
    /// How it came.
    pub channel: Channel,
    /// In words.
    pub words: Option<&'a str>,
    /// The right name, for a correction.
    pub new_name: Option<&'a str>,
    /// What proves it.
    pub proof: Option<&'a str>,
    /// Day of receipt.
    pub received_on: NaiveDate,
    /// Last day for a decision.
    pub due_on: NaiveDate,
}

/// Shows the id only.
impl std::fmt::Debug for NewRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRequest")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A request as it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRequest {
    /// Its id.
    pub id: Uuid,
    /// Who asks.
    pub person: PersonId,
    /// Household region of the enrolment that it came by.
    pub region: String,
    /// Who took it in, of one that did not come by the web.
    pub taken_by: Option<StaffPersonId>,
    /// Who vouched for the person when it was filed on the web.
    pub vouched_by: Vec<StaffPersonId>,
    /// For what.
    pub kind: RequestKind,
    /// Where it stands.
    pub state: RequestState,
    /// How it came.
    pub channel: Channel,
    /// In words; none when the person was erased.
    pub words: Option<String>,
    /// The right name.
    pub new_name: Option<String>,
    /// What proves it.
    pub proof: Option<String>,
    /// Day of receipt.
    pub received_on: NaiveDate,
    /// Last day for a decision.
    pub due_on: NaiveDate,
    /// Whether somebody has taken it.
    pub assigned: bool,
    /// How it ended.
    pub outcome: Option<OutcomeCode>,
    /// The same in words.
    pub outcome_words: Option<String>,
    /// Until when the law wants the rest kept.
    pub kept_until: Option<NaiveDate>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// Raised by each change.
    pub revision: i32,
}

/// Shows the id only.
impl std::fmt::Debug for PersonRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonRequest")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Keeps a request; a second open one of the same kind is a duplicate.
pub async fn insert(
    db: &impl ConnectionTrait,
    vault: &Vault,
    request: &NewRequest<'_>,
) -> Result<(), StoreError> {
    let key = data_key(db, vault, request.person.uuid())
        .await?
        .ok_or_else(|| StoreError::inconsistent("person", request.person))?;
    let seal = |label, text| seal_text(&key, label, request.id, text);
    let sql = "INSERT INTO person_request (id, person_id, region, kind, state, channel, words_enc, new_name_enc,
          proof_enc, received_on, due_on, revision, federation, taken_by, vouched_by)
        VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9, $10, 1, $11, $12, $13)";
    let vouched: Vec<String> = request.vouched_by.iter().map(ToString::to_string).collect();
    let values: [Value; 13] = [
        request.id.into(),
        request.person.uuid().into(),
        request.region.into(),
        request.kind.as_str().into(),
        request.channel.as_str().into(),
        seal(WORDS, request.words)?.into(),
        seal(NEW_NAME, request.new_name)?.into(),
        seal(PROOF, request.proof)?.into(),
        request.received_on.to_string().into(),
        request.due_on.to_string().into(),
        request.federation.into(),
        request.taken_by.map(StaffPersonId::uuid).into(),
        vouched.join(" ").into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    region: String,
    kind: String,
    state: String,
    channel: String,
    words_enc: Option<Vec<u8>>,
    new_name_enc: Option<Vec<u8>>,
    proof_enc: Option<Vec<u8>>,
    received_on: String,
    due_on: String,
    assigned_post: Option<Uuid>,
    outcome_code: Option<String>,
    outcome_enc: Option<Vec<u8>>,
    kept_until: Option<String>,
    decided_at: Option<i64>,
    revision: i32,
    taken_by: Option<Uuid>,
    vouched_by: String,
}

#[derive(FromQueryResult)]
struct VoucherRow {
    id: Uuid,
}

/// Who makes it known that somebody who signs in is this person: printed a code of theirs, or recorded their number.
pub async fn vouchers(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Vec<StaffPersonId>, StoreError> {
    let sql = "SELECT a.staff_person_id AS id FROM account_person b
          JOIN one_time_token t ON t.account_id = b.account_id AND t.purpose = 'sign_in'
          JOIN account a ON a.id = t.created_by WHERE b.person_id = $1
        UNION SELECT recorded_by AS id FROM verified_contact WHERE person_id = $1";
    let rows = VoucherRow::find_by_statement(statement(db, sql, [person.uuid().into()]));
    let rows = rows.all(db).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

const SELECT: &str = "SELECT r.id, r.person_id, r.region, r.kind, r.state, r.channel, r.words_enc, r.new_name_enc,
    r.proof_enc, r.received_on, r.due_on, r.assigned_post, r.outcome_code, r.outcome_enc, r.kept_until, r.decided_at,
    r.revision, r.taken_by, r.vouched_by
  FROM person_request r WHERE ";

async fn read(
    db: &impl ConnectionTrait,
    vault: &Vault,
    condition: &str,
    values: Vec<Value>,
) -> Result<Vec<PersonRequest>, StoreError> {
    let rows = Row::find_by_statement(statement(db, format!("{SELECT}{condition}"), values))
        .all(db)
        .await?;
    let mut requests = Vec::with_capacity(rows.len());
    for row in rows {
        let key = data_key(db, vault, row.person_id).await?;
        let open = |label, sealed: &Option<Vec<u8>>| {
            open_text(key.as_ref(), label, row.id, sealed.as_deref())
        };
        let bad = || StoreError::inconsistent("person_request", row.id);
        requests.push(PersonRequest {
            id: row.id,
            person: row.person_id.into(),
            kind: row.kind.parse().map_err(|_| bad())?,
            state: row.state.parse().map_err(|_| bad())?,
            channel: row.channel.parse().map_err(|_| bad())?,
            words: open(WORDS, &row.words_enc)?,
            new_name: open(NEW_NAME, &row.new_name_enc)?,
            proof: open(PROOF, &row.proof_enc)?,
            received_on: time::date(&row.received_on)?,
            due_on: time::date(&row.due_on)?,
            assigned: row.assigned_post.is_some(),
            outcome: row
                .outcome_code
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())?,
            outcome_words: open(OUTCOME, &row.outcome_enc)?,
            kept_until: time::optional_date(row.kept_until.as_deref())?,
            decided_at: time::optional_instant(row.decided_at)?,
            revision: row.revision,
            region: row.region,
            taken_by: row.taken_by.map(StaffPersonId::new),
            vouched_by: row
                .vouched_by
                .split_whitespace()
                .map(|id| id.parse().map_err(|_| bad()))
                .collect::<Result<_, _>>()?,
        });
    }
    Ok(requests)
}

/// A request of a household in scope.
pub async fn find(
    db: &impl ConnectionTrait,
    vault: &Vault,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<PersonRequest>, StoreError> {
    let (condition, value) = scope.sql("r.federation", "r.person_id", 2);
    let values = std::iter::once(Value::from(id)).chain(value).collect();
    let mut found = read(db, vault, &format!("r.id = $1 AND {condition}"), values).await?;
    Ok(found.pop())
}

/// The place of a request in a list: open ones by their last day, then decided ones, newest first. As text it is the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Of an open one: its last day.
    Open(NaiveDate, Uuid),
    /// Of a decided one: when it was decided, in Unix milliseconds.
    Decided(i64, Uuid),
}

impl Place {
    /// Where a request stands.
    pub fn of(request: &PersonRequest) -> Self {
        match request.decided_at {
            None => Self::Open(request.due_on, request.id),
            Some(at) => Self::Decided(time::millis(at), request.id),
        }
    }

    /// The values of [`ORDER`].
    fn values(self) -> [Value; 4] {
        match self {
            Self::Open(due_on, id) => [
                0_i32.into(),
                due_on.to_string().into(),
                0_i64.into(),
                id.into(),
            ],
            Self::Decided(at, id) => [
                1_i32.into(),
                "".into(),
                at.saturating_neg().into(),
                id.into(),
            ],
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(due_on, id) => write!(f, "{due_on}_{id}"),
            Self::Decided(at, id) => write!(f, "{at}_{id}"),
        }
    }
}

/// The text is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (value, id) = text.split_once('_').ok_or(NoPlace)?;
        let id = id.parse().map_err(|_| NoPlace)?;
        if let Ok(due_on) = value.parse() {
            return Ok(Self::Open(due_on, id));
        }
        Ok(Self::Decided(value.parse().map_err(|_| NoPlace)?, id))
    }
}

const ORDER: &str = "CASE WHEN r.decided_at IS NULL THEN 0 ELSE 1 END,
    CASE WHEN r.decided_at IS NULL THEN r.due_on ELSE '' END, COALESCE(-r.decided_at, 0), r.id";

/// Requests of households in scope after a place, the first to be decided first; decided ones only when asked for, behind
/// the others.
pub async fn list(
    db: &impl ConnectionTrait,
    vault: &Vault,
    scope: &Scope,
    decided: bool,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<PersonRequest>, StoreError> {
    let mut values = vec![Value::from(limit.cast_signed())];
    let mut condition = "1 = 1".to_owned();
    if let Some(place) = after {
        values.extend(place.values());
        condition = format!("({ORDER}) > ($2, $3, $4, $5)");
    }
    if !decided {
        condition.push_str(" AND r.decided_at IS NULL");
    }
    let (within, value) = scope.sql("r.federation", "r.person_id", values.len() + 1);
    values.extend(value);
    let condition = format!("{condition} AND {within} ORDER BY {ORDER} LIMIT $1");
    read(db, vault, &condition, values).await
}

/// Requests of a person, oldest first.
pub async fn of_person(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: PersonId,
) -> Result<Vec<PersonRequest>, StoreError> {
    read(
        db,
        vault,
        "r.person_id = $1 ORDER BY r.id",
        vec![person.uuid().into()],
    )
    .await
}

/// Takes an open request; `Stale` when it has moved on.
pub async fn assign(
    db: &impl ConnectionTrait,
    id: Uuid,
    revision: i32,
    actor: &Actor,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE person_request SET state = 'assigned', assigned_post = $3, assigned_person = $4,
          revision = revision + 1
        WHERE id = $1 AND revision = $2 AND decided_at IS NULL";
    let values: [Value; 4] = [
        id.into(),
        revision.into(),
        actor.post.uuid().into(),
        actor.person.uuid().into(),
    ];
    changed_one(
        db.execute_raw(statement(db, sql, values))
            .await?
            .rows_affected(),
    )
}

/// How a request ends.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Granted, in part, or refused.
    pub state: RequestState,
    /// Why, as a code.
    pub outcome: OutcomeCode,
    /// Why, in words; sealed.
    pub words: Option<&'a str>,
    /// Until when the law wants the rest kept.
    pub kept_until: Option<NaiveDate>,
}

/// Decides a request; `Stale` when it has moved on. Before an erasure, so that there is a key to seal the words with.
pub async fn decide(
    db: &impl ConnectionTrait,
    vault: &Vault,
    request: &PersonRequest,
    decision: &Decision<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let words = match data_key(db, vault, request.person.uuid()).await? {
        Some(key) => seal_text(&key, OUTCOME, request.id, decision.words)?,
        None => None,
    };
    let sql = "UPDATE person_request SET state = $3, outcome_code = $4, outcome_enc = $5, kept_until = $6,
          decided_by = $7, decided_at = $8, revision = revision + 1
        WHERE id = $1 AND revision = $2 AND decided_at IS NULL";
    let values: [Value; 8] = [
        request.id.into(),
        request.revision.into(),
        decision.state.as_str().into(),
        decision.outcome.as_str().into(),
        words.into(),
        decision.kept_until.map(|day| day.to_string()).into(),
        actor.person.uuid().into(),
        time::millis(now).into(),
    ];
    changed_one(
        db.execute_raw(statement(db, sql, values))
            .await?
            .rows_affected(),
    )
}

fn changed_one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}
