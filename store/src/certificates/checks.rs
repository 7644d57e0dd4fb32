//! How often certificates were checked, by day: numbers, and nothing about who checked.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::PublicId;
use domain::ids::CertificateId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::{StoreError, time};

/// Rows of one statement: below the bind limits of both databases.
const ROWS: usize = 200;

/// Adds checks to what was counted before. In the order of the map, so that two nodes do not wait for each other's rows.
pub async fn add_checks(
    db: &impl ConnectionTrait,
    counts: &BTreeMap<(CertificateId, NaiveDate), u32>,
) -> Result<(), StoreError> {
    let rows: Vec<_> = counts.iter().collect();
    for share in rows.chunks(ROWS) {
        let places: Vec<String> = (0..share.len())
            .map(|row| format!("(${}, ${}, ${})", 3 * row + 1, 3 * row + 2, 3 * row + 3))
            .collect();
        let values: Vec<Value> = share
            .iter()
            .flat_map(|((id, day), checks)| -> [Value; 3] {
                [
                    id.uuid().into(),
                    day.to_string().into(),
                    i64::from(**checks).into(),
                ]
            })
            .collect();
        let sql = format!(
            "INSERT INTO certificate_check (certificate_id, day, checks) VALUES {}
             ON CONFLICT (certificate_id, day) DO UPDATE SET checks = certificate_check.checks + excluded.checks",
            places.join(", ")
        );
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        db.execute_raw(statement).await?;
    }
    Ok(())
}

/// Checks of a certificate on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOfChecks {
    /// The day in China.
    pub day: NaiveDate,
    /// How many.
    pub checks: u64,
}

#[derive(FromQueryResult)]
struct Row {
    public_id: Vec<u8>,
    day: String,
    checks: i64,
}

/// The newest `most` days on which certificates of a person were checked, newest first, by the id on the paper.
pub async fn checks_of_person(
    db: &impl ConnectionTrait,
    person: domain::ids::PersonId,
    most: usize,
) -> Result<BTreeMap<PublicId, Vec<DayOfChecks>>, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT c.public_id, k.day, k.checks FROM certificate_check k JOIN certificate c ON c.id = k.certificate_id
         WHERE c.person_id = $1 ORDER BY k.day DESC",
        [person.uuid().into()],
    );
    let mut found: BTreeMap<PublicId, Vec<DayOfChecks>> = BTreeMap::new();
    for row in Row::find_by_statement(statement).all(db).await? {
        let bad = || StoreError::inconsistent("certificate_check", &row.day);
        let id = super::public_id(&row.public_id).ok_or_else(bad)?;
        let days = found.entry(id).or_default();
        if days.len() < most {
            days.push(DayOfChecks {
                day: time::date(&row.day)?,
                checks: u64::try_from(row.checks).map_err(|_| bad())?,
            });
        }
    }
    Ok(found)
}
