//! Finding a trainee by the telephone on record: a keyed index beside the sealed number (trust.md PI-2). It goes with
//! the number, whoever deletes that.

use domain::ids::{EnrolmentId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::StoreError;
use crate::cohorts::placeholders;
use crate::vault::{KeyKind, Vault, WrappedKey};

const LABEL: &str = "phone";
/// Rows in one statement.
const ROWS: usize = 1_000;
/// People behind one number that are looked at: a village has one telephone, a country has not.
const MOST: i64 = 50;

fn statement(
    db: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// Indexes the numbers of enrolments; one without a number is taken out.
pub async fn index_all(
    db: &impl ConnectionTrait,
    vault: &Vault,
    rows: &[(EnrolmentId, PersonId, Option<&str>)],
) -> Result<(), StoreError> {
    let version = vault.version(KeyKind::BlindIndex);
    for chunk in rows.chunks(ROWS) {
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * 4);
        let mut places = Vec::with_capacity(chunk.len());
        let mut gone: Vec<Value> = Vec::new();
        for (enrolment, person, phone) in chunk {
            let Some(phone) = phone else {
                gone.push(enrolment.uuid().into());
                continue;
            };
            places.push(format!("({})", placeholders(values.len() + 1, 4)));
            values.extend([
                enrolment.uuid().into(),
                person.uuid().into(),
                vault.blind_index_at(version, LABEL, phone)?.to_vec().into(),
                version.into(),
            ]);
        }
        if !places.is_empty() {
            let sql = format!(
                "INSERT INTO phone_index (enrolment_id, person_id, blind_index, blind_version) VALUES {}
                 ON CONFLICT (enrolment_id) DO UPDATE SET blind_index = excluded.blind_index,
                   blind_version = excluded.blind_version",
                places.join(", ")
            );
            db.execute_raw(statement(db, sql, values)).await?;
        }
        if !gone.is_empty() {
            let sql = format!(
                "DELETE FROM phone_index WHERE enrolment_id IN ({})",
                placeholders(1, gone.len())
            );
            db.execute_raw(statement(db, sql, gone)).await?;
        }
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct PersonRow {
    person_id: Uuid,
}

/// The people with this number on record, at most fifty; erased ones are not among them.
pub async fn people(
    db: &impl ConnectionTrait,
    vault: &Vault,
    phone: &str,
) -> Result<Vec<PersonId>, StoreError> {
    crate::rotation::learn_versions(db, vault).await?;
    let indexes = vault.blind_indexes(LABEL, phone);
    let sql = format!(
        "SELECT DISTINCT x.person_id FROM phone_index x JOIN person p ON p.id = x.person_id
         WHERE p.erased_at IS NULL AND x.blind_index IN ({}) ORDER BY x.person_id LIMIT {MOST}",
        placeholders(1, indexes.len())
    );
    let values = indexes.iter().map(|index| Value::from(index.to_vec()));
    Ok(PersonRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?
        .into_iter()
        .map(|row| row.person_id.into())
        .collect())
}

/// Takes the indexes of a person out.
pub(crate) async fn forget(db: &impl ConnectionTrait, person: PersonId) -> Result<(), StoreError> {
    let sql = "DELETE FROM phone_index WHERE person_id = $1";
    db.execute_raw(statement(db, sql, [person.uuid().into()]))
        .await?;
    Ok(())
}

/// Takes out every index whose number is gone.
pub(crate) async fn forget_lost(db: &impl ConnectionTrait) -> Result<(), StoreError> {
    let sql = "DELETE FROM phone_index WHERE enrolment_id IN (SELECT id FROM enrolment WHERE phone_enc IS NULL)";
    db.execute_raw(statement(db, sql, [])).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct StaleRow {
    enrolment_id: Uuid,
    person_id: Uuid,
    phone_enc: Option<Vec<u8>>,
    data_key: Vec<u8>,
    data_key_version: i32,
}

/// Indexes at most `limit` numbers under the newest blind-index key.
pub async fn reindex(
    db: &impl ConnectionTrait,
    vault: &Vault,
    limit: u64,
) -> Result<u64, StoreError> {
    let newest = vault.version(KeyKind::BlindIndex);
    let sql = "SELECT x.enrolment_id, x.person_id, e.phone_enc, p.data_key, p.data_key_version
        FROM phone_index x JOIN enrolment e ON e.id = x.enrolment_id JOIN person p ON p.id = x.person_id
        WHERE x.blind_version < $1 AND p.erased_at IS NULL ORDER BY x.blind_version, x.enrolment_id LIMIT $2";
    let values = [newest.into(), limit.cast_signed().into()];
    let rows = StaleRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    for row in &rows {
        let wrapped = WrappedKey {
            bytes: row.data_key.clone(),
            version: row.data_key_version,
        };
        let phone = match &row.phone_enc {
            Some(sealed) => {
                let key = vault.open_data_key(row.person_id, &wrapped)?;
                Some(key.open_text(crate::enrolments::PHONE, row.enrolment_id, sealed)?)
            }
            None => None,
        };
        let phone = phone.as_ref().map(|text| text.as_str());
        let one = (row.enrolment_id.into(), row.person_id.into(), phone);
        index_all(db, vault, &[one]).await?;
    }
    Ok(rows.len() as u64)
}
