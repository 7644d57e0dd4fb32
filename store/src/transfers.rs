//! Trainees who go on in another class after the exit of their institution (grading.md 7, "On exit").

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{CohortId, EnrolmentId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::StoreError;
use crate::enrolments::{self, Details, Enrolment, NOTE, PHONE};
use crate::privacy::{data_key, statement};
use crate::vault::Vault;

#[derive(FromQueryResult)]
struct Sealed {
    phone_enc: Option<Vec<u8>>,
    note_enc: Option<Vec<u8>>,
}

/// Writes the enrolment in the receiving class as applied for, with what the former one holds and the minutes attended
/// there; `false` for a person who was erased.
pub async fn carry_on(
    db: &impl ConnectionTrait,
    vault: &Vault,
    former: &Enrolment,
    (id, cohort): (EnrolmentId, CohortId),
    minutes: u32,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(key) = data_key(db, vault, former.person.uuid()).await? else {
        return Ok(false);
    };
    let sql = "SELECT phone_enc, note_enc FROM enrolment WHERE id = $1";
    let sealed = Sealed::find_by_statement(statement(db, sql, [former.id.uuid().into()]))
        .one(db)
        .await?
        .ok_or_else(|| StoreError::inconsistent("enrolment", former.id))?;
    let open = |label, sealed: Option<Vec<u8>>| {
        sealed
            .map(|sealed| key.open_text(label, former.id.uuid(), &sealed))
            .transpose()
    };
    let phone = open(PHONE, sealed.phone_enc)?;
    let note = open(NOTE, sealed.note_enc)?;
    let details = Details {
        id,
        person: former.person,
        key: &key,
        hukou_region: &former.hukou_region,
        phone: phone.as_deref().map(String::as_str),
        contact: &former.contact,
        needs: &former.needs,
        note: note.as_deref().map(String::as_str),
        employed_at_enrolment: former.employed_at_enrolment,
        consent_on: former.consent_on,
        row_digest: former.row_digest.as_slice().try_into().unwrap_or([0; 32]),
    };
    enrolments::insert_all(db, cohort, std::slice::from_ref(&details), now).await?;
    let sql = "UPDATE enrolment SET transferred_from = $2, credited_minutes = $3 WHERE id = $1";
    let values = [
        id.uuid().into(),
        former.id.uuid().into(),
        minutes.cast_signed().into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(true)
}

#[derive(FromQueryResult)]
struct CreditRow {
    id: Uuid,
    credited_minutes: i32,
}

/// Minutes that trainees of a class brought along, of those who brought any.
pub async fn credited(
    db: &impl ConnectionTrait,
    cohort: CohortId,
) -> Result<HashMap<EnrolmentId, u32>, StoreError> {
    let sql =
        "SELECT id, credited_minutes FROM enrolment WHERE cohort_id = $1 AND credited_minutes > 0";
    let rows = CreditRow::find_by_statement(statement(db, sql, [cohort.uuid().into()]))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let bad = |_| StoreError::inconsistent("enrolment", row.id);
            Ok((row.id.into(), row.credited_minutes.try_into().map_err(bad)?))
        })
        .collect()
}
