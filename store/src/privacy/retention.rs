//! What is dropped when its time is over. Each function says how many rows; the same again finds none.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, Value};

use super::statement;
use crate::{StoreError, time};

async fn run(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    Ok(db
        .execute_raw(statement(db, sql, values))
        .await?
        .rows_affected())
}

/// Telephones and notes of classes that ended on or before a day.
pub async fn contacts(db: &impl ConnectionTrait, ended_on: NaiveDate) -> Result<u64, StoreError> {
    let sql = "UPDATE enrolment SET phone_enc = NULL, note_enc = NULL, row_digest = $2, revision = revision + 1
        WHERE (phone_enc IS NOT NULL OR note_enc IS NOT NULL)
          AND cohort_id IN (SELECT id FROM cohort WHERE end_on <= $1)";
    let values: [Value; 2] = [ended_on.to_string().into(), Vec::<u8>::new().into()];
    run(db, sql, values).await
}

/// Numbers that trainees told the federation, whose last class ended on or before a day.
pub async fn verified_contacts(
    db: &impl ConnectionTrait,
    ended_on: NaiveDate,
) -> Result<u64, StoreError> {
    let sql =
        "DELETE FROM verified_contact WHERE person_id NOT IN (SELECT e.person_id FROM enrolment e
        JOIN cohort c ON c.id = e.cohort_id WHERE c.end_on > $1)";
    run(db, sql, [ended_on.to_string().into()]).await
}

/// Reports of rosters that were only checked, uploaded before a moment.
pub async fn draft_rosters(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM roster WHERE imported = FALSE AND uploaded_at < $1";
    run(db, sql, [time::millis(before).into()]).await
}

/// Openings of share links before a moment.
pub async fn share_accesses(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM share_access WHERE at < $1";
    run(db, sql, [time::millis(before).into()]).await
}

/// Counts of checks of days before a day.
pub async fn checks(
    db: &impl ConnectionTrait,
    before: chrono::NaiveDate,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM certificate_check WHERE day < $1";
    run(db, sql, [before.to_string().into()]).await
}

/// Reads of personal values before a moment, and the grants they stood on.
pub async fn reads(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let at = || Value::from(time::millis(before));
    let reads = run(db, "DELETE FROM personal_read WHERE at < $1", [at()]).await?;
    let grants = run(
        db,
        "DELETE FROM purpose_grant WHERE granted_at < $1",
        [at()],
    )
    .await?;
    Ok(reads + grants)
}

/// First answers kept for repetitions before a moment.
pub async fn first_answers(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM idempotency WHERE at < $1";
    run(db, sql, [time::millis(before).into()]).await
}

/// Consents whose proof is no longer needed. The newest refusal of a purpose stays while the person is kept: without it
/// they would be taken for somebody who was never asked.
pub async fn consents(db: &impl ConnectionTrait, today: NaiveDate) -> Result<u64, StoreError> {
    let sql = "DELETE FROM consent WHERE retain_until < $1
        AND (EXISTS (SELECT 1 FROM person p WHERE p.id = consent.person_id AND p.erased_at IS NOT NULL)
          OR EXISTS (SELECT 1 FROM consent d WHERE d.person_id = consent.person_id AND d.purpose = consent.purpose
            AND (d.withdrawn_on IS NULL OR d.withdrawn_on > consent.withdrawn_on
              OR (d.withdrawn_on = consent.withdrawn_on AND d.id > consent.id))))";
    run(db, sql, [today.to_string().into()]).await
}

/// Telephones and notes of those who do not want to be asked later, or whose consent to it is over, once their class is over.
pub async fn contacts_withdrawn(
    db: &impl ConnectionTrait,
    today: NaiveDate,
) -> Result<u64, StoreError> {
    let sql = "UPDATE enrolment SET phone_enc = NULL, note_enc = NULL, row_digest = $2, revision = revision + 1
        WHERE (phone_enc IS NOT NULL OR note_enc IS NOT NULL)
          AND cohort_id IN (SELECT id FROM cohort WHERE end_on < $1)
          AND person_id IN (SELECT person_id FROM consent WHERE purpose = 'outcome_follow_up'
            GROUP BY person_id HAVING COUNT(*) = COUNT(CASE WHEN withdrawn_on IS NOT NULL OR valid_until < $1 THEN 1 END))";
    let values: [Value; 2] = [today.to_string().into(), Vec::<u8>::new().into()];
    run(db, sql, values).await
}

/// Numbers told to the federation by those who do not want to be asked later any more, once their last class is over.
pub async fn verified_contacts_withdrawn(
    db: &impl ConnectionTrait,
    today: NaiveDate,
) -> Result<u64, StoreError> {
    let sql =
        "DELETE FROM verified_contact WHERE person_id NOT IN (SELECT e.person_id FROM enrolment e
          JOIN cohort c ON c.id = e.cohort_id WHERE c.end_on >= $1)
        AND person_id IN (SELECT person_id FROM consent WHERE purpose = 'outcome_follow_up'
          GROUP BY person_id HAVING COUNT(*) = COUNT(CASE WHEN withdrawn_on IS NOT NULL OR valid_until < $1 THEN 1 END))";
    run(db, sql, [today.to_string().into()]).await
}

/// Who sent objections that were answered before a moment; what was said and answered stays.
pub async fn objectors(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let sql =
        "UPDATE objection SET sender_enc = NULL WHERE sender_enc IS NOT NULL AND decided_at < $1";
    run(db, sql, [time::millis(before).into()]).await
}
