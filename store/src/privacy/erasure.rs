//! Erasing a person: their data key is destroyed, and with it every value under it (trust.md PI-6).
//!
//! Ciphertexts stay as they are; no key opens them any more. What identifies without a key goes too: blind indexes,
//! digests of roster rows, needs. Evidence files are sealed under the registry's own key, not the person's: those that show
//! nobody else are removed, and their bytes are taken out of the folder after the transaction. The public log never held anything but commitments.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::PersonId;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value};

use super::statement;
use crate::{Store, StoreError, time};

#[derive(FromQueryResult)]
struct LastRow {
    last: Option<i64>,
}

/// When the newest certificate of a person was issued; a record that the law wants kept.
pub async fn last_certificate(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let sql = "SELECT MAX(issued_at) AS last FROM certificate WHERE person_id = $1";
    let row = LastRow::find_by_statement(statement(db, sql, [person.uuid().into()]))
        .one(db)
        .await?;
    time::optional_instant(row.and_then(|row| row.last))
}

#[derive(FromQueryResult)]
struct CountRow {
    number: i64,
}

/// Whether a person is in a class that is not over: the training itself stands on the data.
pub async fn in_training(db: &impl ConnectionTrait, person: PersonId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS number FROM enrolment e JOIN cohort k ON k.id = e.cohort_id
        WHERE e.person_id = $1 AND e.state IN ('applied', 'admitted', 'enrolled')
          AND k.state NOT IN ('accepted', 'archived', 'cancelled', 'terminated', 'transferred')";
    let row = CountRow::find_by_statement(statement(db, sql, [person.uuid().into()]))
        .one(db)
        .await?;
    Ok(row.is_some_and(|row| row.number > 0))
}

/// Deletes telephone and notes of a person in all classes; answers how many enrolments had any.
pub async fn forget_contact(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<u64, StoreError> {
    let sql = "UPDATE enrolment SET phone_enc = NULL, note_enc = NULL, row_digest = $2, revision = revision + 1
        WHERE person_id = $1 AND (phone_enc IS NOT NULL OR note_enc IS NOT NULL)";
    let values: [Value; 2] = [person.uuid().into(), Vec::<u8>::new().into()];
    let done = db.execute_raw(statement(db, sql, values)).await?;
    crate::contacts::forget(db, person).await?;
    Ok(done.rows_affected())
}

/// Destroys a person's data key and everything that finds them without it. After this nobody opens their values.
pub async fn erase(
    db: &impl ConnectionTrait,
    person: PersonId,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let id = Value::from(person.uuid());
    let nothing = Value::from(Vec::<u8>::new());
    let sql = "UPDATE person SET data_key = $2, erased_at = $3 WHERE id = $1 AND erased_at IS NULL";
    let values = [id.clone(), nothing.clone(), time::millis(now).into()];
    let done = db.execute_raw(statement(db, sql, values)).await?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Stale);
    }
    for sql in [
        "UPDATE person_identifier SET blind_index = $2, valid_until = COALESCE(valid_until, $3) WHERE person_id = $1",
        "UPDATE certificate SET holder_index = $2, holder_masked = '*' WHERE person_id = $1 AND $3 = $3",
        "UPDATE enrolment SET row_digest = $2, needs = '[]', exit_reason = NULL, revision = revision + 1
           WHERE person_id = $1 AND $3 = $3",
    ] {
        let values = [id.clone(), nothing.clone(), today.to_string().into()];
        db.execute_raw(statement(db, sql, values)).await?;
    }
    crate::contacts::forget(db, person).await?;
    // What also proves somebody else's work stays until nobody is left whom it shows.
    let sql = "UPDATE evidence_file SET removed_at = $2 WHERE removed_at IS NULL
        AND id IN (SELECT v.file_id FROM episode_evidence v JOIN employment_episode e ON e.id = v.episode_id
          WHERE v.file_id IS NOT NULL AND e.person_id = $1)
        AND NOT EXISTS (SELECT 1 FROM episode_evidence v JOIN employment_episode e ON e.id = v.episode_id
          JOIN person p ON p.id = e.person_id WHERE v.file_id = evidence_file.id AND p.erased_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM official_document_file d WHERE d.file_id = evidence_file.id)
        AND NOT EXISTS (SELECT 1 FROM case_paper c WHERE c.file_id = evidence_file.id)";
    db.execute_raw(statement(db, sql, [id.clone(), time::millis(now).into()]))
        .await?;
    for sql in [
        "DELETE FROM card_check WHERE person_id = $1",
        "DELETE FROM certificate_check WHERE certificate_id IN (SELECT id FROM certificate WHERE person_id = $1)",
    ] {
        db.execute_raw(statement(db, sql, [id.clone()])).await?;
    }
    Ok(())
}

/// Lets the database forget old versions of changed rows, so that a destroyed key does not lie about in a free page or
/// the write-ahead log. Best effort: whoever holds a lock delays it to the next time.
pub async fn scrub(store: &Store) -> Result<(), StoreError> {
    let db = store.writer();
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => "VACUUM person",
        _ => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    db.execute_unprepared(sql).await?;
    Ok(())
}
