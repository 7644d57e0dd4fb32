//! Who read which value of whom, when and for what; grants for a list; alarms of bulk reading.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::{Actor, ScopeCapacity};
use domain::ids::{AccountId, CohortId, EnrolmentId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;
use zeroize::Zeroizing;

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
    /// The grant for the list, where the read belongs to a task.
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

/// How many persons an account read on a day outside tasks; handing over certificates does not count.
pub async fn persons_outside_tasks(
    db: &impl ConnectionTrait,
    account: AccountId,
    day: NaiveDate,
) -> Result<u32, StoreError> {
    let sql = "SELECT COUNT(DISTINCT person_id) AS number FROM personal_read
        WHERE account_id = $1 AND day = $2 AND grant_id IS NULL AND purpose <> 'certificate_file'";
    let values: [Value; 2] = [account.uuid().into(), day.to_string().into()];
    let row = CountRow::find_by_statement(statement(db, sql, values))
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
    /// Persons read when the alarm was raised.
    pub persons: u32,
    /// When.
    pub raised_at: DateTime<Utc>,
}

/// Raises an alarm once for an account and a day; answers whether it is new.
pub async fn raise_alarm(
    db: &impl ConnectionTrait,
    id: Uuid,
    actor: &Actor,
    day: NaiveDate,
    persons: u32,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO read_alarm (id, account_id, post_id, day, person_count, raised_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let values: [Value; 6] = [
        id.into(),
        actor.account.uuid().into(),
        actor.post.uuid().into(),
        day.to_string().into(),
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
    person_count: i32,
    raised_at: i64,
}

/// Alarms of accounts in scope, newest first.
pub async fn alarms(
    db: &impl ConnectionTrait,
    scope: &Scope,
    limit: u64,
) -> Result<Vec<Alarm>, StoreError> {
    let (condition, value) = scope.sql("p.federation", "p.institution_id", 2);
    let sql = format!(
        "SELECT a.id, a.account_id, p.federation, a.day, a.person_count, a.raised_at FROM read_alarm a
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

/// Whose record an enrolment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// The class.
    pub cohort: CohortId,
    /// The household region.
    pub region: String,
}

#[derive(FromQueryResult)]
struct SubjectRow {
    id: Uuid,
    person_id: Uuid,
    cohort_id: Uuid,
    hukou_region: String,
}

/// An enrolment in scope: by the place of training or the household, or by the household alone where the scope names
/// that tie (field.md 3).
pub async fn subject(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: EnrolmentId,
) -> Result<Option<Subject>, StoreError> {
    let (by_site, value) = scope.sql("k.site_region", "k.institution_id", 2);
    let (by_household, _) = scope.sql("e.hukou_region", "k.institution_id", 2);
    let tie = match scope {
        Scope::Federation {
            capacity: ScopeCapacity::Household,
            ..
        } => by_household,
        _ => format!("({by_site} OR {by_household})"),
    };
    let sql = format!(
        "SELECT e.id, e.person_id, e.cohort_id, e.hukou_region FROM enrolment e JOIN cohort k ON k.id = e.cohort_id
         WHERE e.id = $1 AND {tie}"
    );
    let values = std::iter::once(Value::from(id.uuid())).chain(value);
    let row = SubjectRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.map(|row| Subject {
        enrolment: row.id.into(),
        person: row.person_id.into(),
        cohort: row.cohort_id.into(),
        region: row.hukou_region,
    }))
}

/// The values of a trainee, opened.
#[derive(Default)]
pub struct Values {
    /// Full name.
    pub name: Option<Zeroizing<String>>,
    /// Identity number.
    pub citizen_id: Option<Zeroizing<String>>,
    /// Disability certificate number.
    pub card: Option<Zeroizing<String>>,
    /// Telephone.
    pub phone: Option<Zeroizing<String>>,
    /// Note.
    pub note: Option<Zeroizing<String>>,
}

/// Shows nothing.
impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values(***)")
    }
}

#[derive(FromQueryResult)]
struct ContactRow {
    phone_enc: Option<Vec<u8>>,
    note_enc: Option<Vec<u8>>,
}

#[derive(FromQueryResult)]
struct IdentifierRow {
    id: Uuid,
    kind: String,
    value_enc: Vec<u8>,
}

/// Opens the values of a trainee as they stand today; empty for an erased person.
pub async fn values(
    db: &impl ConnectionTrait,
    vault: &Vault,
    subject: &Subject,
    today: NaiveDate,
) -> Result<Values, StoreError> {
    let person = subject.person;
    let Some(open) = crate::persons::open(db, vault, &[person], today)
        .await?
        .remove(&person)
    else {
        return Ok(Values::default());
    };
    let mut values = Values {
        name: Some(open.name),
        citizen_id: open.citizen_id,
        ..Values::default()
    };
    let sql = "SELECT id, kind, value_enc FROM person_identifier
        WHERE person_id = $1 AND kind = 'disability_card' AND valid_until IS NULL";
    let rows = IdentifierRow::find_by_statement(statement(db, sql, [person.uuid().into()]))
        .all(db)
        .await?;
    for row in rows {
        if row.kind == crate::persons::DISABILITY_CARD {
            let label = crate::persons::IDENTIFIER_VALUE;
            values.card = Some(open.key.open_text(label, row.id, &row.value_enc)?);
        }
    }
    let id = subject.enrolment.uuid();
    let sql = "SELECT phone_enc, note_enc FROM enrolment WHERE id = $1";
    let contact = ContactRow::find_by_statement(statement(db, sql, [id.into()]))
        .one(db)
        .await?;
    if let Some(row) = contact {
        let text = |label, sealed: Option<Vec<u8>>| {
            sealed
                .map(|sealed| open.key.open_text(label, id, &sealed))
                .transpose()
        };
        values.phone = text(crate::enrolments::PHONE, row.phone_enc)?;
        values.note = text(crate::enrolments::NOTE, row.note_enc)?;
    }
    Ok(values)
}

/// What the register of disability certificates said of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardCheck {
    /// The person.
    pub person: PersonId,
    /// `verified`, `not_found`, `expired`, `differs`.
    pub outcome: String,
    /// Last day of the certificate's validity.
    pub valid_until: Option<NaiveDate>,
}

#[derive(FromQueryResult)]
struct CardRow {
    person_id: Uuid,
    outcome: String,
    valid_until: Option<String>,
}

/// Notes what the register said; the newest answer stands.
pub async fn note_card_check(
    db: &impl ConnectionTrait,
    check: &CardCheck,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO card_check (person_id, outcome, valid_until, checked_by, checked_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person_id) DO UPDATE SET outcome = excluded.outcome,
          valid_until = excluded.valid_until, checked_by = excluded.checked_by, checked_at = excluded.checked_at";
    let values: [Value; 5] = [
        check.person.uuid().into(),
        check.outcome.as_str().into(),
        check.valid_until.map(|day| day.to_string()).into(),
        actor.person.uuid().into(),
        time::millis(now).into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

/// Card checks of these people.
pub async fn card_checks(
    db: &impl ConnectionTrait,
    people: &[PersonId],
) -> Result<Vec<CardCheck>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT person_id, outcome, valid_until FROM card_check WHERE person_id IN ({})",
        crate::cohorts::placeholders(1, people.len())
    );
    let values = people.iter().map(|id| Value::from(id.uuid()));
    CardRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            Ok(CardCheck {
                person: row.person_id.into(),
                outcome: row.outcome,
                valid_until: time::optional_date(row.valid_until.as_deref())?,
            })
        })
        .collect()
}
