//! Who read which value of whom, when and for what; grants for a list; alarms of bulk reading.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Actor;
use domain::ids::{AccountId, CohortId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{data_key, open_text, seal_text, statement};
use crate::scope::Scope;
use crate::vault::Vault;
use crate::{StoreError, time};

const WORDS: &str = "personal_read.words";

/// A read to keep.
#[derive(Debug)]
pub struct NewRead<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose values.
    pub person: PersonId,
    /// Who reads.
    pub actor: &'a Actor,
    /// For what, as a code.
    pub purpose: &'a str,
    /// The same in words; sealed under the person's key.
    pub words: Option<&'a str>,
    /// The grant for the list, or the batch that is printed, where the read belongs to a task.
    pub grant: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
    /// The civil day.
    pub day: NaiveDate,
    /// Codes of the values, separated by blanks.
    pub fields: &'a str,
}

/// A read as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its id.
    pub id: Uuid,
    /// Role of the reader.
    pub role: String,
    /// Federation or institution of the reader.
    pub organisation: Option<String>,
    /// For what.
    pub purpose: String,
    /// The same in words.
    pub words: Option<String>,
    /// Whether it belonged to a task over a list.
    pub in_task: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// Codes of the values.
    pub fields: Vec<String>,
}

/// Keeps a read.
pub async fn record(
    db: &impl ConnectionTrait,
    vault: &Vault,
    read: &NewRead<'_>,
) -> Result<(), StoreError> {
    let words = match read.words {
        None => None,
        Some(words) => match data_key(db, vault, read.person.uuid()).await? {
            Some(key) => seal_text(&key, WORDS, read.id, Some(words))?,
            None => None,
        },
    };
    let organisation = read
        .actor
        .federation
        .clone()
        .or_else(|| read.actor.institution.map(|id| id.to_string()));
    let sql = "INSERT INTO personal_read (id, person_id, staff_person_id, account_id, post_id, role, organisation,
          purpose, words_enc, grant_id, at, day, fields)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let values: [Value; 13] = [
        read.id.into(),
        read.person.uuid().into(),
        read.actor.person.uuid().into(),
        read.actor.account.uuid().into(),
        read.actor.post.uuid().into(),
        read.actor.role.as_str().into(),
        organisation.into(),
        read.purpose.into(),
        words.into(),
        read.grant.into(),
        time::millis(read.at).into(),
        read.day.to_string().into(),
        read.fields.into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct ReadRow {
    id: Uuid,
    role: String,
    organisation: Option<String>,
    purpose: String,
    words_enc: Option<Vec<u8>>,
    grant_id: Option<Uuid>,
    at: i64,
    fields: String,
}

/// Reads of a person's values, newest first, before an id where given.
pub async fn of_person(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: PersonId,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Read>, StoreError> {
    let key = data_key(db, vault, person.uuid()).await?;
    let sql =
        "SELECT id, role, organisation, purpose, words_enc, grant_id, at, fields FROM personal_read
        WHERE person_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let values: [Value; 3] = [
        person.uuid().into(),
        before.unwrap_or(Uuid::max()).into(),
        limit.cast_signed().into(),
    ];
    ReadRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Read {
                id: row.id,
                words: open_text(key.as_ref(), WORDS, row.id, row.words_enc.as_deref())?,
                role: row.role,
                organisation: row.organisation,
                purpose: row.purpose,
                in_task: row.grant_id.is_some(),
                at: time::instant(row.at)?,
                fields: row.fields.split(' ').map(str::to_owned).collect(),
            })
        })
        .collect()
}

#[derive(FromQueryResult)]
struct CountRow {
    number: i64,
}

domain::text_enum! {
    /// What an alarm of bulk reading is about: each has a bound of its own.
    AlarmKind("kind of alarm") {
        /// Values that were read one by one, outside tasks.
        Values = "values",
        /// Certificates that were opened: handing them over is daily work.
        Files = "files",
        /// Numbers of rosters that stand under other names.
        OtherNames = "other_names",
    }
}

/// How many persons' values an account read on a day outside tasks, or how many persons' certificates it opened.
pub async fn persons_outside_tasks(
    db: &impl ConnectionTrait,
    account: AccountId,
    day: NaiveDate,
    files: bool,
) -> Result<u32, StoreError> {
    let purpose = if files { "=" } else { "<>" };
    let sql = format!(
        "SELECT COUNT(DISTINCT person_id) AS number FROM personal_read
        WHERE account_id = $1 AND day = $2 AND grant_id IS NULL AND purpose {purpose} 'certificate_file'"
    );
    let values: [Value; 2] = [account.uuid().into(), day.to_string().into()];
    let row = CountRow::find_by_statement(statement(db, &sql, values))
        .one(db)
        .await?;
    Ok(row.map_or(0, |row| u32::try_from(row.number).unwrap_or(u32::MAX)))
}

/// An account that read more persons on a day than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub account: AccountId,
    /// The federation of its post.
    pub federation: Option<String>,
    /// The day.
    pub day: NaiveDate,
    /// What it is about.
    pub kind: AlarmKind,
    /// Persons read when the alarm was raised.
    pub persons: u32,
    /// When.
    pub raised_at: DateTime<Utc>,
}

/// Raises an alarm once for an account, a day and a kind; answers whether it is new.
pub async fn raise_alarm(
    db: &impl ConnectionTrait,
    id: Uuid,
    actor: &Actor,
    day: NaiveDate,
    kind: AlarmKind,
    persons: u32,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO read_alarm (id, account_id, post_id, day, kind, person_count, raised_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let values: [Value; 7] = [
        id.into(),
        actor.account.uuid().into(),
        actor.post.uuid().into(),
        day.to_string().into(),
        kind.as_str().into(),
        persons.cast_signed().into(),
        time::millis(now).into(),
    ];
    let done = db.execute_raw(statement(db, sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

#[derive(FromQueryResult)]
struct AlarmRow {
    id: Uuid,
    account_id: Uuid,
    federation: Option<String>,
    day: String,
    kind: String,
    person_count: i32,
    raised_at: i64,
}

/// Alarms of accounts in scope, newest first.
pub async fn alarms(
    db: &impl ConnectionTrait,
    scope: &Scope,
    limit: u64,
) -> Result<Vec<Alarm>, StoreError> {
    // Staff of an institution have no federation of their own: who admitted it is told.
    let federation = "COALESCE(p.federation, (SELECT MIN(m.federation) FROM admission m WHERE m.institution_id = p.institution_id))";
    let (condition, value) = scope.sql(federation, "p.institution_id", 2);
    let sql = format!(
        "SELECT a.id, a.account_id, {federation} AS federation, a.day, a.kind, a.person_count, a.raised_at FROM read_alarm a
         JOIN post p ON p.id = a.post_id WHERE {condition} ORDER BY a.id DESC LIMIT $1"
    );
    let values = std::iter::once(Value::from(limit.cast_signed())).chain(value);
    AlarmRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Alarm {
                id: row.id,
                account: row.account_id.into(),
                federation: row.federation,
                day: time::date(&row.day)?,
                kind: row
                    .kind
                    .parse()
                    .map_err(|_| StoreError::inconsistent("read_alarm", row.id))?,
                persons: row.person_count.cast_unsigned(),
                raised_at: time::instant(row.raised_at)?,
            })
        })
        .collect()
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// The grant of an account for a list, a day and a purpose.
pub async fn find_grant(
    db: &impl ConnectionTrait,
    account: AccountId,
    cohort: CohortId,
    day: NaiveDate,
    purpose: &str,
) -> Result<Option<Uuid>, StoreError> {
    let sql = "SELECT id FROM purpose_grant
        WHERE account_id = $1 AND cohort_id = $2 AND day = $3 AND purpose = $4";
    let values: [Value; 4] = [
        account.uuid().into(),
        cohort.uuid().into(),
        day.to_string().into(),
        purpose.into(),
    ];
    let row = IdRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.map(|row| row.id))
}

/// Gives an account a grant for a list and a day; the same again changes nothing.
pub async fn grant(
    db: &impl ConnectionTrait,
    id: Uuid,
    actor: &Actor,
    cohort: CohortId,
    purpose: &str,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO purpose_grant (id, account_id, post_id, cohort_id, purpose, day, granted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let values: [Value; 7] = [
        id.into(),
        actor.account.uuid().into(),
        actor.post.uuid().into(),
        cohort.uuid().into(),
        purpose.into(),
        day.to_string().into(),
        time::millis(now).into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}
