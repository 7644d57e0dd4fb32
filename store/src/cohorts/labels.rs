//! What classes are called on a list, and the federation that answers for one.

use std::collections::HashMap;

use domain::access::Role;
use domain::ids::CohortId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    Statement, Value,
};
use uuid::Uuid;

use super::placeholders;
use crate::StoreError;
use crate::entity::reference::{federation, federation_area};

/// Names around a class, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Program code.
    pub program_code: String,
    /// Program name.
    pub program_name: String,
    /// Institution name.
    pub institution_name: String,
    /// Site name.
    pub site_name: String,
    /// Code of the certificate type.
    pub certificate_type: Option<String>,
    /// Enrolments that fill a place.
    pub taken: u32,
}

/// The lowest federation that looks after a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFederation {
    /// Its code.
    pub code: String,
    /// Role of the officers who act for it: the county's, or the province's where there is none below.
    pub role: Role,
}

/// The lowest federation that looks after a site: the county, or the city or province that has none below.
pub async fn local_federation(
    db: &impl ConnectionTrait,
    site_region: &str,
) -> Result<Option<LocalFederation>, StoreError> {
    let codes: Vec<String> = federation_area::Entity::find()
        .select_only()
        .column(federation_area::Column::Federation)
        .filter(federation_area::Column::Area.eq(site_region))
        .filter(federation_area::Column::ValidUntil.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let found: Vec<(String, String)> = federation::Entity::find()
        .select_only()
        .columns([federation::Column::Code, federation::Column::Level])
        .filter(federation::Column::Code.is_in(codes))
        .into_tuple()
        .all(db)
        .await?;
    Ok([
        ("county", Role::CountyOfficer),
        ("prefecture", Role::CountyOfficer),
        ("province", Role::ProvinceOfficer),
        ("national", Role::NationalOfficer),
    ]
    .into_iter()
    .find_map(|(level, role)| {
        let (code, _) = found.iter().find(|(_, found)| found == level)?;
        Some(LocalFederation {
            code: code.clone(),
            role,
        })
    }))
}

#[derive(FromQueryResult)]
struct LabelRow {
    id: Uuid,
    program_code: String,
    program_name: String,
    institution_name: String,
    site_name: String,
    certificate_type: Option<String>,
}

#[derive(FromQueryResult)]
struct TakenRow {
    cohort_id: Uuid,
    taken: i64,
}

/// Names around these classes, and how many places are taken.
pub async fn labels(
    db: &impl ConnectionTrait,
    ids: &[CohortId],
) -> Result<HashMap<CohortId, Label>, StoreError> {
    let mut labels = HashMap::with_capacity(ids.len());
    let backend = db.get_database_backend();
    for chunk in ids.chunks(1_000) {
        let list = placeholders(1, chunk.len());
        let values: Vec<Value> = chunk.iter().map(|id| id.uuid().into()).collect();
        let sql = format!(
            "SELECT c.id, p.code AS program_code, v.name AS program_name, i.name AS institution_name, \
             s.name AS site_name, v.certificate_type FROM cohort c JOIN offer o ON o.id = c.offer_id \
             JOIN site s ON s.id = o.site_id JOIN institution i ON i.id = c.institution_id \
             JOIN program_version v ON v.id = c.program_version_id JOIN program p ON p.id = v.program_id \
             WHERE c.id IN ({list})"
        );
        let statement = Statement::from_sql_and_values(backend, sql, values.clone());
        for row in LabelRow::find_by_statement(statement).all(db).await? {
            let label = Label {
                program_code: row.program_code,
                program_name: row.program_name,
                institution_name: row.institution_name,
                site_name: row.site_name,
                certificate_type: row.certificate_type,
                taken: 0,
            };
            labels.insert(CohortId::new(row.id), label);
        }
        let states: Vec<String> = domain::enrolment::EnrolmentState::ALL
            .iter()
            .filter(|state| state.takes_time())
            .map(|state| format!("'{state}'"))
            .collect();
        let sql = format!(
            "SELECT cohort_id, COUNT(*) AS taken FROM enrolment WHERE cohort_id IN ({list}) AND state IN ({}) GROUP BY cohort_id",
            states.join(", ")
        );
        for row in TakenRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values))
            .all(db)
            .await?
        {
            if let Some(label) = labels.get_mut(&CohortId::new(row.cohort_id)) {
                label.taken = u32::try_from(row.taken).unwrap_or(u32::MAX);
            }
        }
    }
    Ok(labels)
}
