//! How the status of certificates changed, as anybody may ask for a past day.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::PublicId;
use domain::certificate::CertificateStatus;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::PublicRead;
use crate::{StoreError, time};

#[derive(FromQueryResult)]
struct Row {
    public_id: Vec<u8>,
    to_state: String,
}

/// The status of certificates, at most a thousand, right before a moment, where the timeline tells one: who never changed
/// is in force.
pub async fn status_before(
    db: &impl PublicRead,
    ids: &[PublicId],
    before: DateTime<Utc>,
) -> Result<HashMap<PublicId, CertificateStatus>, StoreError> {
    let db = db.connection();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let places: Vec<String> = (2..ids.len() + 2).map(|at| format!("${at}")).collect();
    let sql = format!(
        "SELECT c.public_id, h.to_state FROM certificate c JOIN timeline h ON h.object_id = c.id \
         WHERE c.public_id IN ({}) AND h.to_state IS NOT NULL AND h.at < $1 ORDER BY h.at, h.id",
        places.join(", ")
    );
    let mut values: Vec<Value> = vec![time::millis(before).into()];
    values.extend(ids.iter().map(|id| Value::from(id.as_bytes().to_vec())));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let mut found = HashMap::new();
    for row in Row::find_by_statement(statement).all(db).await? {
        let bad = || StoreError::inconsistent("timeline", &row.to_state);
        let id = super::public_id(&row.public_id).ok_or_else(bad)?;
        // Oldest first: the last one stays.
        found.insert(id, row.to_state.parse().map_err(|_| bad())?);
    }
    Ok(found)
}
