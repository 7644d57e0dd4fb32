//! Indexes beside which no value is sealed: those of survey answers are found again from the enrolments, those of persons
//! who answer for an institution are not.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::statement;
use crate::StoreError;
use crate::grading::snapshot::SURVEY_INDEX;
use crate::vault::{KeyKind, Vault};

#[derive(FromQueryResult)]
struct ResponseRow {
    id: Uuid,
    admission_id: Uuid,
    enrolment_id: Option<Uuid>,
    enrolment_index: Vec<u8>,
}

#[derive(FromQueryResult)]
struct EnrolmentRow {
    id: Uuid,
}

/// Indexes at most `limit` answers to surveys under the newest blind-index key. An answer that was separated from its
/// enrolment is found among those of its admission who were asked; nobody is told which it is. One whose key is not at
/// hand stops the change: the freeze could not read it.
pub async fn reindex_responses(
    db: &impl ConnectionTrait,
    vault: &Vault,
    limit: u64,
) -> Result<u64, StoreError> {
    let newest = vault.version(KeyKind::BlindIndex);
    let sql = "SELECT id, admission_id, enrolment_id, enrolment_index FROM survey_response
        WHERE blind_version < $1 ORDER BY blind_version, id LIMIT $2";
    let values = [newest.into(), limit.cast_signed().into()];
    let rows = ResponseRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    let mut asked: HashMap<Uuid, HashMap<Vec<u8>, Uuid>> = HashMap::new();
    for row in &rows {
        let enrolment = if let Some(enrolment) = row.enrolment_id {
            enrolment
        } else {
            let of = match asked.entry(row.admission_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(of_admission(db, vault, row.admission_id).await?),
            };
            let found = of.get(&row.enrolment_index).copied();
            found.ok_or_else(|| StoreError::inconsistent("survey_response", row.id))?
        };
        let index = vault.blind_index_at(newest, SURVEY_INDEX, &enrolment.to_string())?;
        let sql =
            "UPDATE survey_response SET enrolment_index = $2, blind_version = $3 WHERE id = $1";
        let values: [Value; 3] = [row.id.into(), index.to_vec().into(), newest.into()];
        db.execute_raw(statement(db, sql, values)).await?;
    }
    Ok(rows.len() as u64)
}

/// Enrolments of an admission that answered, by their indexes under every version at hand.
async fn of_admission(
    db: &impl ConnectionTrait,
    vault: &Vault,
    admission: Uuid,
) -> Result<HashMap<Vec<u8>, Uuid>, StoreError> {
    let sql = "SELECT e.id FROM survey_invitation s JOIN enrolment e ON e.id = s.enrolment_id
        JOIN cohort c ON c.id = e.cohort_id WHERE c.admission_id = $1 AND s.state = 'answered'";
    let rows = EnrolmentRow::find_by_statement(statement(db, sql, [admission.into()]))
        .all(db)
        .await?;
    let mut found = HashMap::new();
    for row in rows {
        for index in vault.blind_indexes(SURVEY_INDEX, &row.id.to_string()) {
            found.insert(index.to_vec(), row.id);
        }
    }
    Ok(found)
}

#[derive(FromQueryResult)]
struct CountRow {
    count: i64,
}

/// Rows that stay under an older blind-index key for good: persons who answer for an institution, their bars, digests of
/// registers and of contracts. Neither number nor text is kept with them, so that the file of the old key has to stay.
pub async fn kept(db: &impl ConnectionTrait, vault: &Vault) -> Result<u64, StoreError> {
    let newest = vault.version(KeyKind::BlindIndex);
    let sql = "SELECT CAST((SELECT COUNT(*) FROM responsible_person WHERE blind_version < $1)
        + (SELECT COUNT(*) FROM person_bar WHERE blind_version < $1)
        + (SELECT COUNT(*) FROM register_snapshot WHERE blind_version < $1 AND file_index IS NOT NULL)
        + (SELECT COUNT(*) FROM episode_evidence v WHERE v.text_index IS NOT NULL AND v.recorded_at <
            (SELECT MAX(started_at) FROM key_rotation WHERE kind = 'blind_index')) AS BIGINT) AS count";
    let row = CountRow::find_by_statement(statement(db, sql, [newest.into()]))
        .one(db)
        .await?;
    Ok(row.map_or(0, |row| row.count.cast_unsigned()))
}
