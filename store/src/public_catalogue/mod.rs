//! What anybody may read of the catalogue: nothing personal, nothing undecided.

mod around;
mod place;
mod search;

pub use around::{Surroundings, issued, surroundings};
pub use place::{Begin, Key, Order, Place, Slice};
pub use search::{Filter, Page, Sort, institutions, programs};

use chrono::{DateTime, Utc};
use domain::institution::InstitutionState;
use domain::program::ProgramState;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    Statement, Value,
};

use crate::PublicRead;
use crate::entity::catalogue::{admission, program_version};
use crate::entity::certificates::certificate;
use crate::entity::cohorts::cohort;
use crate::institutions::Admission;
use crate::programs::Version;
use crate::{StoreError, time};

/// Numbers of the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Institutions in the catalogue now.
    pub institutions: u64,
    /// Programs published now.
    pub programs: u64,
    /// Classes announced so far.
    pub cohorts: u64,
    /// Certificates issued so far.
    pub certificates: u64,
}

/// A decision that anybody may read.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Decision {
    /// When, in Unix milliseconds.
    pub at: i64,
    /// The transition.
    pub act: String,
    /// State before.
    pub from_state: Option<String>,
    /// State after.
    pub to_state: Option<String>,
    /// Credit code of the institution.
    pub credit_code: String,
    /// Its name.
    pub name: String,
    /// Code of the admitting federation.
    pub federation: String,
    /// Number of the official document that it rests on.
    pub document: Option<String>,
    /// Position in the log.
    pub leaf_index: Option<i64>,
}

impl Decision {
    /// When.
    pub fn at(&self) -> Result<DateTime<Utc>, StoreError> {
        time::instant(self.at)
    }
}

/// A class that anybody may see.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PublicCohort {
    /// Its code.
    pub code: String,
    /// Name.
    pub name: String,
    /// State.
    pub state: String,
    /// First day.
    pub start_on: String,
    /// Last day.
    pub end_on: String,
    /// Places.
    pub places: i32,
    /// Places taken.
    pub taken: i64,
    /// Program code.
    pub program_code: String,
    /// Program name.
    pub program_name: String,
    /// Site name.
    pub site_name: String,
    /// Name of the institution.
    pub institution_name: String,
    /// Its credit code.
    pub credit_code: String,
}

fn quoted(states: impl Iterator<Item = &'static str>) -> String {
    states
        .map(|state| format!("'{state}'"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The public admissions of the institution with this credit code, newest first.
pub async fn institution(
    db: &impl PublicRead,
    credit_code: &str,
) -> Result<Vec<Admission>, StoreError> {
    let db = db.connection();
    let Some(institution) = crate::institutions::by_credit_code(db, credit_code).await? else {
        return Ok(Vec::new());
    };
    let rows = admission::Entity::find()
        .filter(admission::Column::InstitutionId.eq(institution.id.uuid()))
        .all(db)
        .await?;
    let mut rows = crate::institutions::with_institutions(db, rows).await?;
    rows.retain(|row| row.state.is_public());
    rows.sort_by_key(|row| std::cmp::Reverse(row.id.uuid()));
    Ok(rows)
}

/// Every version of a program that anybody may see, newest first.
pub async fn program(db: &impl PublicRead, code: &str) -> Result<Vec<Version>, StoreError> {
    let db = db.connection();
    let mut versions = crate::programs::versions_anywhere(db, code).await?;
    versions.retain(|version| version.state.is_public());
    versions.reverse();
    Ok(versions)
}

/// Whose announced classes are asked for.
#[derive(Clone, Copy, Debug)]
pub enum ClassesOf<'a> {
    /// Of the institution with this credit code.
    Institution(&'a str),
    /// Of the program with this code.
    Program(&'a str),
}

/// Announced classes, newest first, at most a hundred.
pub async fn cohorts(
    db: &impl PublicRead,
    of: ClassesOf<'_>,
) -> Result<Vec<PublicCohort>, StoreError> {
    let db = db.connection();
    let taking = quoted(
        domain::enrolment::EnrolmentState::ALL
            .iter()
            .filter(|state| state.takes_time())
            .map(|state| state.as_str()),
    );
    let (column, code) = match of {
        ClassesOf::Institution(code) => ("i.credit_code", code),
        ClassesOf::Program(code) => ("p.code", code),
    };
    let sql = format!(
        "SELECT c.code, c.name, c.state, c.start_on, c.end_on, c.places, p.code AS program_code, \
         v.name AS program_name, s.name AS site_name, i.name AS institution_name, i.credit_code, \
         (SELECT COUNT(*) FROM enrolment e WHERE e.cohort_id = c.id AND e.state IN ({taking})) AS taken \
         FROM cohort c JOIN institution i ON i.id = c.institution_id JOIN offer o ON o.id = c.offer_id \
         JOIN site s ON s.id = o.site_id JOIN program_version v ON v.id = c.program_version_id \
         JOIN program p ON p.id = v.program_id WHERE {column} = $1 AND c.state <> 'planned' \
         ORDER BY c.start_on DESC, c.code LIMIT 100"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [code.into()]);
    Ok(PublicCohort::find_by_statement(statement).all(db).await?)
}

/// Public decisions on institutions, newest first; of one institution when a credit code is given.
pub async fn decisions(
    db: &impl PublicRead,
    credit_code: Option<&str>,
    limit: u64,
) -> Result<Vec<Decision>, StoreError> {
    let db = db.connection();
    let mut values: Vec<Value> = Vec::new();
    let mut condition = "t.object_kind = 'admission' AND t.leaf_index IS NOT NULL".to_owned();
    if let Some(code) = credit_code {
        values.push(code.into());
        condition.push_str(" AND i.credit_code = $1");
    }
    let sql = format!(
        "SELECT t.at, t.act, t.from_state, t.to_state, i.credit_code, i.name, a.federation, d.number AS document, t.leaf_index \
         FROM timeline t JOIN admission a ON a.id = t.object_id JOIN institution i ON i.id = a.institution_id \
         LEFT JOIN official_document d ON d.id = t.document_id \
         WHERE {condition} AND t.act <> 'T05' ORDER BY t.leaf_index DESC LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Decision::find_by_statement(statement).all(db).await?)
}

/// Numbers of the catalogue now.
pub async fn numbers(db: &impl PublicRead) -> Result<Numbers, StoreError> {
    let db = db.connection();
    let admitted = InstitutionState::ALL
        .iter()
        .filter(|state| state.is_admitted())
        .map(|state| state.as_str());
    Ok(Numbers {
        institutions: admission::Entity::find()
            .filter(admission::Column::State.is_in(admitted))
            .count(db)
            .await?,
        programs: program_version::Entity::find()
            .filter(program_version::Column::State.eq(ProgramState::Published.as_str()))
            .count(db)
            .await?,
        cohorts: cohort::Entity::find()
            .filter(cohort::Column::State.ne("planned"))
            .count(db)
            .await?,
        certificates: certificate::Entity::find().count(db).await?,
    })
}
