//! What anybody may read of the catalogue: nothing personal, nothing undecided.

use chrono::{DateTime, Utc};
use domain::institution::InstitutionState;
use domain::program::ProgramState;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    Statement, Value,
};
use uuid::Uuid;

use crate::entity::catalogue::{admission, program_version};
use crate::entity::certificates::certificate;
use crate::entity::cohorts::cohort;
use crate::institutions::Admission;
use crate::programs::Version;
use crate::{StoreError, time};

/// What a public list is narrowed to; empty text is no filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of a name.
    pub text: String,
    /// A division or federation code; the divisions below it are included.
    pub region: String,
    /// Only this state.
    pub state: String,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many rows the filter finds altogether.
    pub total: u64,
}

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
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct CountRow {
    total: i64,
}

/// `LIKE` pattern that takes the text literally.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, sql: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.sql.push_str(" AND ");
        self.sql.push_str(&sql.replace('?', &place));
    }
}

fn quoted(states: impl Iterator<Item = &'static str>) -> String {
    states
        .map(|state| format!("'{state}'"))
        .collect::<Vec<_>>()
        .join(", ")
}

async fn page_of_ids(
    db: &impl ConnectionTrait,
    from: &str,
    id: &str,
    order: &str,
    conditions: Conditions,
    page: u64,
    size: u64,
) -> Result<(Vec<Uuid>, u64), StoreError> {
    let backend = db.get_database_backend();
    let Conditions { sql, values } = conditions;
    let count = Statement::from_sql_and_values(
        backend,
        format!("SELECT COUNT(*) AS total FROM {from} WHERE {sql}"),
        values.clone(),
    );
    let total = CountRow::find_by_statement(count)
        .one(db)
        .await?
        .map_or(0, |row| row.total.max(0).cast_unsigned());
    let offset = page.saturating_sub(1).saturating_mul(size);
    if offset >= total {
        return Ok((Vec::new(), total));
    }
    let rows = Statement::from_sql_and_values(
        backend,
        format!(
            "SELECT {id} AS id FROM {from} WHERE {sql} ORDER BY {order} LIMIT {size} OFFSET {offset}"
        ),
        values,
    );
    let rows = IdRow::find_by_statement(rows).all(db).await?;
    Ok((rows.into_iter().map(|row| row.id).collect(), total))
}

/// Institutions that anybody may see, by name; `page` counts from 1.
pub async fn institutions(
    db: &impl ConnectionTrait,
    filter: &Filter,
    page: u64,
    size: u64,
) -> Result<Page<Admission>, StoreError> {
    let states = quoted(
        InstitutionState::ALL
            .iter()
            .filter(|state| state.is_public())
            .map(|state| state.as_str()),
    );
    let mut conditions = Conditions {
        sql: format!("a.state IN ({states})"),
        values: Vec::new(),
    };
    if !filter.text.is_empty() {
        conditions.add(
            "(i.name LIKE ? ESCAPE '\\' OR i.credit_code = ",
            like(&filter.text),
        );
        conditions.values.push(filter.text.as_str().into());
        conditions
            .sql
            .push_str(&format!("${})", conditions.values.len()));
    }
    if !filter.region.is_empty() {
        conditions.add(
            "(a.site_region IN (SELECT area FROM federation_area WHERE federation = ? AND valid_until IS NULL) OR a.site_region = ",
            filter.region.as_str(),
        );
        conditions
            .sql
            .push_str(&format!("${})", conditions.values.len()));
    }
    if !filter.state.is_empty() {
        conditions.add("a.state = ?", filter.state.as_str());
    }
    let (ids, total) = page_of_ids(
        db,
        "admission a JOIN institution i ON i.id = a.institution_id",
        "a.id",
        "i.name, a.id",
        conditions,
        page,
        size,
    )
    .await?;
    let rows = admission::Entity::find()
        .filter(admission::Column::Id.is_in(ids.clone()))
        .all(db)
        .await?;
    let mut items = crate::institutions::with_institutions(db, rows).await?;
    items.sort_by_key(|row| ids.iter().position(|id| *id == row.id.uuid()));
    Ok(Page { items, total })
}

/// The public admissions of the institution with this credit code, newest first.
pub async fn institution(
    db: &impl ConnectionTrait,
    credit_code: &str,
) -> Result<Vec<Admission>, StoreError> {
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

/// Published programs, by code; `page` counts from 1. The filter's region narrows to programs offered there.
pub async fn programs(
    db: &impl ConnectionTrait,
    filter: &Filter,
    page: u64,
    size: u64,
) -> Result<Page<Version>, StoreError> {
    let mut conditions = Conditions {
        sql: "v.state = 'published'".to_owned(),
        values: Vec::new(),
    };
    if !filter.text.is_empty() {
        conditions.add(
            "(v.name LIKE ? ESCAPE '\\' OR p.code = ",
            like(&filter.text),
        );
        conditions.values.push(filter.text.as_str().into());
        conditions
            .sql
            .push_str(&format!("${})", conditions.values.len()));
    }
    if !filter.region.is_empty() {
        conditions.add(
            "EXISTS (SELECT 1 FROM offer o JOIN site s ON s.id = o.site_id WHERE o.program_version_id = v.id AND o.state = 'open' \
             AND s.region IN (SELECT area FROM federation_area WHERE federation = ? AND valid_until IS NULL))",
            filter.region.as_str(),
        );
    }
    let (ids, total) = page_of_ids(
        db,
        "program_version v JOIN program p ON p.id = v.program_id",
        "v.id",
        "p.code, v.version",
        conditions,
        page,
        size,
    )
    .await?;
    let rows = program_version::Entity::find()
        .filter(program_version::Column::Id.is_in(ids.clone()))
        .all(db)
        .await?;
    let mut items = crate::programs::with_programs(db, rows).await?;
    items.sort_by_key(|row| ids.iter().position(|id| *id == row.id.uuid()));
    Ok(Page { items, total })
}

/// Every version of a program that anybody may see, newest first.
pub async fn program(db: &impl ConnectionTrait, code: &str) -> Result<Vec<Version>, StoreError> {
    let mut versions = crate::programs::versions_anywhere(db, code).await?;
    versions.retain(|version| version.state.is_public());
    versions.reverse();
    Ok(versions)
}

/// Announced classes of an institution, newest first.
pub async fn cohorts(
    db: &impl ConnectionTrait,
    credit_code: &str,
) -> Result<Vec<PublicCohort>, StoreError> {
    let taking = quoted(
        domain::enrolment::EnrolmentState::ALL
            .iter()
            .filter(|state| state.takes_time())
            .map(|state| state.as_str()),
    );
    let sql = format!(
        "SELECT c.code, c.name, c.state, c.start_on, c.end_on, c.places, p.code AS program_code, \
         v.name AS program_name, s.name AS site_name, \
         (SELECT COUNT(*) FROM enrolment e WHERE e.cohort_id = c.id AND e.state IN ({taking})) AS taken \
         FROM cohort c JOIN institution i ON i.id = c.institution_id JOIN offer o ON o.id = c.offer_id \
         JOIN site s ON s.id = o.site_id JOIN program_version v ON v.id = c.program_version_id \
         JOIN program p ON p.id = v.program_id WHERE i.credit_code = $1 AND c.state <> 'planned' \
         ORDER BY c.start_on DESC, c.code LIMIT 100"
    );
    let statement =
        Statement::from_sql_and_values(db.get_database_backend(), sql, [credit_code.into()]);
    Ok(PublicCohort::find_by_statement(statement).all(db).await?)
}

/// Public decisions on institutions, newest first; of one institution when a credit code is given.
pub async fn decisions(
    db: &impl ConnectionTrait,
    credit_code: Option<&str>,
    limit: u64,
) -> Result<Vec<Decision>, StoreError> {
    let mut values: Vec<Value> = Vec::new();
    let mut condition = "t.object_kind = 'admission' AND t.leaf_index IS NOT NULL".to_owned();
    if let Some(code) = credit_code {
        values.push(code.into());
        condition.push_str(" AND i.credit_code = $1");
    }
    let sql = format!(
        "SELECT t.at, t.act, t.from_state, t.to_state, i.credit_code, i.name, a.federation, t.leaf_index \
         FROM timeline t JOIN admission a ON a.id = t.object_id JOIN institution i ON i.id = a.institution_id \
         WHERE {condition} AND t.act <> 'T05' ORDER BY t.leaf_index DESC LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Decision::find_by_statement(statement).all(db).await?)
}

/// Numbers of the catalogue now.
pub async fn numbers(db: &impl ConnectionTrait) -> Result<Numbers, StoreError> {
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
