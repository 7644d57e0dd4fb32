//! Whose record an enrolment is, their values opened, and what the register of disability certificates said.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::{Actor, ScopeCapacity};
use domain::enrolment::EnrolmentState;
use domain::ids::{CohortId, EnrolmentId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::statement;
use crate::scope::Scope;
use crate::vault::Vault;
use crate::{StoreError, time};

/// Whose record an enrolment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// The class.
    pub cohort: CohortId,
    /// The household region, as the roster says.
    pub region: String,
    /// The place of training.
    pub place: String,
    /// State of the enrolment.
    pub state: EnrolmentState,
}

#[derive(FromQueryResult)]
struct SubjectRow {
    id: Uuid,
    person_id: Uuid,
    cohort_id: Uuid,
    hukou_region: String,
    site_region: String,
    state: String,
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
        "SELECT e.id, e.person_id, e.cohort_id, e.hukou_region, k.site_region, e.state FROM enrolment e JOIN cohort k ON k.id = e.cohort_id
         WHERE e.id = $1 AND {tie}"
    );
    let values = std::iter::once(Value::from(id.uuid())).chain(value);
    let row = SubjectRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    row.map(|row| {
        Ok(Subject {
            enrolment: row.id.into(),
            person: row.person_id.into(),
            cohort: row.cohort_id.into(),
            region: row.hukou_region,
            place: row.site_region,
            state: row
                .state
                .parse()
                .map_err(|_| StoreError::inconsistent("enrolment", row.id))?,
        })
    })
    .transpose()
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
