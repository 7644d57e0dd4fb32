//! Consents: one row for each purpose, with who gave it, how, and until when. A withdrawal is a date, not a deletion.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::PublicId;
use domain::ids::{CertificateId, EnrolmentId, PersonId};
use domain::privacy::{Channel, ConsentPurpose, GivenBy};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{data_key, open_text, seal_text, statement};
use crate::cohorts::placeholders;
use crate::vault::{DataKey, Vault};
use crate::{PublicRead, StoreError, time};

const PROOF: &str = "consent.proof";
/// Rows in one statement.
const ROWS: usize = 1_000;
const COLUMNS: usize = 13;

/// Who said it, and how it came.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Who gave or withdrew it.
    pub given_by: GivenBy,
    /// Relation of the giver to the person, in a few words that name nobody.
    pub relation: Option<&'a str>,
    /// What proves it, in words; sealed.
    pub proof: Option<&'a str>,
    /// The person's key, to seal the proof.
    pub key: Option<&'a DataKey>,
    /// How it came.
    pub channel: Channel,
    /// The scan or the roster that it stands on.
    pub scan: Option<Uuid>,
    /// Federation of the officer who recorded it.
    pub recorded_by: Option<&'a str>,
}

impl Told<'static> {
    /// By the person, signed in.
    pub const fn by_themselves() -> Self {
        Self {
            given_by: GivenBy::Own,
            relation: None,
            proof: None,
            key: None,
            channel: Channel::Web,
            scan: None,
            recorded_by: None,
        }
    }
}

/// A consent to keep.
#[derive(Debug)]
pub struct NewConsent<'a> {
    /// Its id.
    pub id: Uuid,
    /// Who agreed, or for whom somebody agreed.
    pub person: PersonId,
    /// The enrolment it came with.
    pub enrolment: Option<EnrolmentId>,
    /// To what.
    pub purpose: ConsentPurpose,
    /// By whom, and how.
    pub told: Told<'a>,
    /// First day.
    pub from: NaiveDate,
    /// Last day, where it has one.
    pub until: Option<NaiveDate>,
}

/// A consent as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its id.
    pub id: Uuid,
    /// The enrolment it came with.
    pub enrolment: Option<EnrolmentId>,
    /// To what.
    pub purpose: ConsentPurpose,
    /// Who gave it.
    pub given_by: GivenBy,
    /// Relation of the giver.
    pub relation: Option<String>,
    /// What proves it.
    pub proof: Option<String>,
    /// How it came.
    pub channel: Channel,
    /// Federation of the officer who recorded it.
    pub recorded_by: Option<String>,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: Option<NaiveDate>,
    /// Day of withdrawal.
    pub withdrawn_on: Option<NaiveDate>,
    /// Until when the record is kept as proof.
    pub retain_until: Option<NaiveDate>,
    /// Raised by each change.
    pub revision: i32,
}

impl Consent {
    /// Whether it holds on a day.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.withdrawn_on.is_none()
            && self.from <= day
            && self.until.is_none_or(|until| until >= day)
    }
}

/// Keeps consents; the same purpose of the same enrolment from the same day is kept once.
pub async fn insert_all(
    db: &impl ConnectionTrait,
    consents: &[NewConsent<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for chunk in consents.chunks(ROWS) {
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * COLUMNS);
        let mut rows = Vec::with_capacity(chunk.len());
        for (at, consent) in chunk.iter().enumerate() {
            let told = consent.told;
            let proof = match told.key {
                Some(key) => seal_text(key, PROOF, consent.id, told.proof)?,
                None => None,
            };
            rows.push(format!("({}, 1)", placeholders(at * COLUMNS + 1, COLUMNS)));
            values.extend([
                consent.id.into(),
                consent.person.uuid().into(),
                consent.enrolment.map(EnrolmentId::uuid).into(),
                consent.purpose.as_str().into(),
                told.given_by.as_str().into(),
                told.relation.map(str::to_owned).into(),
                proof.into(),
                told.channel.as_str().into(),
                told.scan.into(),
                told.recorded_by.map(str::to_owned).into(),
                consent.from.to_string().into(),
                consent.until.map(|day| day.to_string()).into(),
                time::millis(now).into(),
            ]);
        }
        let sql = format!(
            "INSERT INTO consent (id, person_id, enrolment_id, purpose, given_by, relation, proof_enc, channel, scan_id,
               recorded_by, valid_from, valid_until, recorded_at, revision) VALUES {} ON CONFLICT DO NOTHING",
            rows.join(", ")
        );
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    enrolment_id: Option<Uuid>,
    purpose: String,
    given_by: String,
    relation: Option<String>,
    proof_enc: Option<Vec<u8>>,
    channel: String,
    recorded_by: Option<String>,
    valid_from: String,
    valid_until: Option<String>,
    withdrawn_on: Option<String>,
    retain_until: Option<String>,
    revision: i32,
}

/// All consents of a person, oldest first.
pub async fn of_person(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: PersonId,
) -> Result<Vec<Consent>, StoreError> {
    let key = data_key(db, vault, person.uuid()).await?;
    let sql = "SELECT id, enrolment_id, purpose, given_by, relation, proof_enc, channel, recorded_by, valid_from, valid_until,
          withdrawn_on, retain_until, revision
        FROM consent WHERE person_id = $1 ORDER BY id";
    Row::find_by_statement(statement(db, sql, [person.uuid().into()]))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("consent", row.id);
            Ok(Consent {
                id: row.id,
                enrolment: row.enrolment_id.map(Into::into),
                purpose: row.purpose.parse().map_err(|_| bad())?,
                given_by: row.given_by.parse().map_err(|_| bad())?,
                proof: open_text(key.as_ref(), PROOF, row.id, row.proof_enc.as_deref())?,
                channel: row.channel.parse().map_err(|_| bad())?,
                from: time::date(&row.valid_from)?,
                until: time::optional_date(row.valid_until.as_deref())?,
                withdrawn_on: time::optional_date(row.withdrawn_on.as_deref())?,
                retain_until: time::optional_date(row.retain_until.as_deref())?,
                relation: row.relation,
                recorded_by: row.recorded_by,
                revision: row.revision,
            })
        })
        .collect()
}

/// What the holder of a certificate lets whoever checks it see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    /// The full name.
    pub full_name: bool,
    /// The certificate that replaces it.
    pub replacement: Option<PublicId>,
}

#[derive(FromQueryResult)]
struct PermittedRow {
    id: Uuid,
    purpose: String,
    replacement: Option<Vec<u8>>,
}

/// What the holders of these certificates agree to on a day, at most a thousand certificates. Asked at every check: a
/// consent that was withdrawn is gone with the next one.
pub async fn permitted(
    db: &impl PublicRead,
    certificates: &[CertificateId],
    today: NaiveDate,
) -> Result<HashMap<CertificateId, Permitted>, StoreError> {
    let db = db.connection();
    let mut found: HashMap<CertificateId, Permitted> = HashMap::new();
    if certificates.is_empty() {
        return Ok(found);
    }
    let sql = format!(
        "SELECT c.id, n.purpose, r.public_id AS replacement FROM certificate c
           JOIN consent n ON n.person_id = c.person_id LEFT JOIN certificate r ON r.id = c.superseded_by
         WHERE n.purpose IN ('show_full_name', 'link_replacement') AND n.withdrawn_on IS NULL
           AND n.valid_from <= $1 AND (n.valid_until IS NULL OR n.valid_until >= $1) AND c.id IN ({})",
        placeholders(2, certificates.len())
    );
    let values = std::iter::once(Value::from(today.to_string()))
        .chain(certificates.iter().map(|id| Value::from(id.uuid())));
    for row in PermittedRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?
    {
        let one = found.entry(row.id.into()).or_default();
        match row.purpose.parse() {
            Ok(ConsentPurpose::ShowFullName) => one.full_name = true,
            Ok(ConsentPurpose::LinkReplacement) => {
                one.replacement = row
                    .replacement
                    .as_deref()
                    .and_then(crate::certificates::public_id);
            }
            _ => return Err(StoreError::inconsistent("consent", row.id)),
        }
    }
    Ok(found)
}

/// Withdraws every consent of a person to a purpose that was not withdrawn; answers how many. Who never gave it refuses:
/// that is kept as a consent that was withdrawn on its first day, `id`, so that nobody acts as if it were not known. So is
/// what an officer recorded: who said it, and how, stands there.
pub async fn withdraw(
    db: &impl ConnectionTrait,
    person: PersonId,
    purpose: ConsentPurpose,
    refusal: &Refusal<'_>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = "UPDATE consent SET withdrawn_on = $3, retain_until = $4, revision = revision + 1
        WHERE person_id = $1 AND purpose = $2 AND withdrawn_on IS NULL";
    let values: [Value; 4] = [
        person.uuid().into(),
        purpose.as_str().into(),
        refusal.on.to_string().into(),
        refusal.retain_until.to_string().into(),
    ];
    let done = db.execute_raw(statement(db, sql, values)).await?;
    let unknown = refusal.told.recorded_by.is_some()
        || (done.rows_affected() == 0 && !was_withdrawn(db, person, purpose, refusal.on).await?);
    if unknown {
        let new = NewConsent {
            id: refusal.id,
            person,
            enrolment: None,
            purpose,
            told: refusal.told,
            from: refusal.on,
            until: None,
        };
        insert_all(db, &[new], now).await?;
        let sql = "UPDATE consent SET withdrawn_on = $2, retain_until = $3 WHERE id = $1";
        let values: [Value; 3] = [
            refusal.id.into(),
            refusal.on.to_string().into(),
            refusal.retain_until.to_string().into(),
        ];
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(done.rows_affected())
}

/// When somebody refuses, and how long the proof of it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// Of the row that tells it, where there is none to change.
    pub id: Uuid,
    /// Day.
    pub on: NaiveDate,
    /// Last day of its proof.
    pub retain_until: NaiveDate,
    /// By whom, and how.
    pub told: Told<'a>,
}

async fn was_withdrawn(
    db: &impl ConnectionTrait,
    person: PersonId,
    purpose: ConsentPurpose,
    today: NaiveDate,
) -> Result<bool, StoreError> {
    Ok(refused_since(db, &[person], purpose, today)
        .await?
        .contains_key(&person))
}

#[derive(FromQueryResult)]
struct RefusedRow {
    person_id: Uuid,
    withdrawn_on: String,
}

/// Those of these people who agree to a purpose no more, each with the day on which that ended: they withdrew it or its last
/// day is over, and gave it no more since.
pub async fn refused_since(
    db: &impl ConnectionTrait,
    people: &[PersonId],
    purpose: ConsentPurpose,
    today: NaiveDate,
) -> Result<HashMap<PersonId, NaiveDate>, StoreError> {
    let mut found = HashMap::new();
    for chunk in people.chunks(ROWS) {
        let sql = format!(
            "SELECT c.person_id, MAX(COALESCE(c.withdrawn_on, c.valid_until)) AS withdrawn_on FROM consent c
             WHERE c.purpose = $1 AND NOT EXISTS (SELECT 1 FROM consent d WHERE d.person_id = c.person_id
               AND d.purpose = c.purpose AND d.withdrawn_on IS NULL AND (d.valid_until IS NULL OR d.valid_until >= $2))
             AND c.person_id IN ({}) GROUP BY c.person_id",
            placeholders(3, chunk.len())
        );
        let values = [Value::from(purpose.as_str()), today.to_string().into()]
            .into_iter()
            .chain(chunk.iter().map(|id| Value::from(id.uuid())));
        for row in RefusedRow::find_by_statement(statement(db, sql, values))
            .all(db)
            .await?
        {
            found.insert(row.person_id.into(), time::date(&row.withdrawn_on)?);
        }
    }
    Ok(found)
}
