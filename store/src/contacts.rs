//! Where trainees are reached by what they told the federation themselves, and numbers that are the institution's own.

use chrono::{DateTime, Utc};
use domain::Phone;
use domain::ids::{AccountId, EnrolmentId, PersonId, StaffPersonId};
use domain::survey::ContactMeans;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::one_time_tokens::{self, Contact, ContactKind};
use crate::privacy::{data_key, statement};
use crate::vault::Vault;
use crate::{StoreError, time};

pub(crate) const PHONE: &str = "verified_contact.phone";

/// Keeps the number of a person in place of the one before; `false` for a person who was erased.
pub async fn keep(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: PersonId,
    phone: &Phone,
    means: ContactMeans,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(key) = data_key(db, vault, person.uuid()).await? else {
        return Ok(false);
    };
    crate::rotation::learn_versions(db, vault).await?;
    let (index, version) = crate::phones::index(vault, phone.expose())?;
    let sql = "INSERT INTO verified_contact (person_id, phone_enc, means, recorded_by, recorded_on, recorded_at, blind_index,
          blind_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (person_id) DO UPDATE SET phone_enc = excluded.phone_enc,
          means = excluded.means, recorded_by = excluded.recorded_by, recorded_on = excluded.recorded_on,
          recorded_at = excluded.recorded_at, blind_index = excluded.blind_index,
          blind_version = excluded.blind_version";
    let values: [Value; 8] = [
        person.uuid().into(),
        key.seal(PHONE, person.uuid(), phone.expose().as_bytes())?
            .into(),
        means.as_str().into(),
        by.uuid().into(),
        domain::calendar::today(now).to_string().into(),
        time::millis(now).into(),
        index.into(),
        version.into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(true)
}

#[derive(FromQueryResult)]
struct PhoneRow {
    phone_enc: Vec<u8>,
}

/// The number that a person told the federation.
pub async fn phone(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: PersonId,
) -> Result<Option<Zeroizing<String>>, StoreError> {
    let sql = "SELECT phone_enc FROM verified_contact WHERE person_id = $1";
    let row = PhoneRow::find_by_statement(statement(db, sql, [person.uuid().into()]))
        .one(db)
        .await?;
    let key = data_key(db, vault, person.uuid()).await?;
    match (row, key) {
        (Some(row), Some(key)) => Ok(Some(key.open_text(PHONE, person.uuid(), &row.phone_enc)?)),
        _ => Ok(None),
    }
}

/// Where a trainee is reached: the contact of the own account, else the number that the person told the federation.
pub async fn of_person(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: PersonId,
) -> Result<Option<Contact>, StoreError> {
    let sql = "SELECT account_id AS id FROM account_person WHERE person_id = $1";
    let account = AccountRow::find_by_statement(statement(db, sql, [person.uuid().into()]))
        .one(db)
        .await?;
    if let Some(row) = account {
        let own = one_time_tokens::contact(db, vault, AccountId::new(row.id)).await?;
        if own.is_some() {
            return Ok(own);
        }
    }
    let number = phone(db, vault, person).await?;
    Ok(number.map(|value| Contact {
        kind: ContactKind::Phone,
        value,
    }))
}

/// Drops numbers that rest on an application in another place or of another household, of people who are about to be admitted
/// for the first time: what was told there is not known of the person whom these enrolments are about.
pub async fn forget_of_applications(
    db: &impl ConnectionTrait,
    admitted: &[EnrolmentId],
) -> Result<(), StoreError> {
    for chunk in admitted.chunks(1_000) {
        let sql = format!(
            "DELETE FROM verified_contact WHERE person_id IN (SELECT e.person_id FROM enrolment e
               JOIN cohort k ON k.id = e.cohort_id JOIN enrolment o ON o.person_id = e.person_id AND o.id <> e.id
               JOIN cohort l ON l.id = o.cohort_id
               WHERE (l.site_region <> k.site_region OR o.hukou_region <> e.hukou_region) AND e.id IN ({})
                 AND NOT EXISTS (SELECT 1 FROM enrolment s WHERE s.person_id = e.person_id AND s.state IN ({})))",
            crate::cohorts::placeholders(1, chunk.len()),
            crate::enrolments::of_standing(),
        );
        let values = chunk.iter().map(|id| Value::from(id.uuid()));
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(())
}

/// Takes the number of a person out.
pub(crate) async fn forget(db: &impl ConnectionTrait, person: PersonId) -> Result<(), StoreError> {
    let sql = "DELETE FROM verified_contact WHERE person_id = $1";
    db.execute_raw(statement(db, sql, [person.uuid().into()]))
        .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct AccountRow {
    id: Uuid,
}

/// Numbers under which staff of an institution are reached, as they stand on record.
pub async fn of_staff(
    db: &impl ConnectionTrait,
    vault: &Vault,
    institution: Uuid,
) -> Result<Vec<Zeroizing<String>>, StoreError> {
    let sql = "SELECT DISTINCT a.id FROM account a JOIN post o ON o.staff_person_id = a.staff_person_id
        JOIN account_contact c ON c.account_id = a.id WHERE o.institution_id = $1 AND c.kind = 'phone'";
    let rows = AccountRow::find_by_statement(statement(db, sql, [institution.into()]))
        .all(db)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let contact = one_time_tokens::contact(db, vault, AccountId::new(row.id)).await?;
        if let Some(contact) = contact.filter(|one| one.kind == ContactKind::Phone) {
            // One number written in two ways is one number.
            let number = contact.value.parse::<Phone>();
            found.push(number.map_or(contact.value, |phone| {
                Zeroizing::new(phone.expose().to_owned())
            }));
        }
    }
    Ok(found)
}

/// Institutions that trained a person.
pub async fn institutions_of(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT DISTINCT c.institution_id AS id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE e.person_id = $1";
    let rows = AccountRow::find_by_statement(statement(db, sql, [person.uuid().into()]));
    Ok(rows.all(db).await?.into_iter().map(|row| row.id).collect())
}
