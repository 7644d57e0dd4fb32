//! What stands around an institution on a list and on its profile.

use std::collections::HashMap;

use domain::ids::{AdmissionId, InstitutionId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
};
use uuid::Uuid;

use crate::PublicRead;
use crate::StoreError;
use crate::entity::catalogue::site;
use crate::institutions::Admission;

/// What a row of the catalogue says beside name, state and grade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Codes of what its sites provide, each a JSON list.
    pub provisions: Vec<String>,
    /// First day of its next class that takes applications.
    pub next_start: Option<String>,
}

#[derive(FromQueryResult)]
struct Count {
    total: i64,
}

#[derive(FromQueryResult)]
struct NextStart {
    admission_id: Uuid,
    start_on: String,
}

/// What stands around each of these admissions, in two queries however many there are.
pub async fn surroundings(
    db: &impl PublicRead,
    rows: &[Admission],
) -> Result<HashMap<AdmissionId, Surroundings>, StoreError> {
    let db = db.connection();
    let mut around: HashMap<AdmissionId, Surroundings> = HashMap::new();
    if rows.is_empty() {
        return Ok(around);
    }
    let sites = site::Entity::find()
        .filter(site::Column::InstitutionId.is_in(rows.iter().map(|row| row.institution.id.uuid())))
        .all(db)
        .await?;
    let places: Vec<String> = (1..=rows.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "SELECT admission_id, MIN(start_on) AS start_on FROM cohort WHERE state = 'enrolling' AND admission_id IN ({}) \
         GROUP BY admission_id",
        places.join(", ")
    );
    let ids: Vec<Value> = rows.iter().map(|row| row.id.uuid().into()).collect();
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, ids);
    let starts: HashMap<Uuid, String> = NextStart::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(|row| (row.admission_id, row.start_on))
        .collect();
    for row in rows {
        let provisions = sites
            .iter()
            .filter(|site| site.institution_id == row.institution.id.uuid())
            .map(|site| site.provisions.clone())
            .collect();
        let next_start = starts.get(&row.id.uuid()).cloned();
        around.insert(
            row.id,
            Surroundings {
                provisions,
                next_start,
            },
        );
    }
    Ok(around)
}

/// How many certificates were issued to trainees of an institution.
pub async fn issued(db: &impl PublicRead, institution: InstitutionId) -> Result<u64, StoreError> {
    let db = db.connection();
    let sql = "SELECT COUNT(*) AS total FROM cohort k JOIN certificate_batch b ON b.cohort_id = k.id \
               JOIN certificate c ON c.batch_id = b.id WHERE k.institution_id = $1";
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [institution.uuid().into()]);
    let row = Count::find_by_statement(statement).one(db).await?;
    Ok(row.map_or(0, |row| row.total.max(0).cast_unsigned()))
}
