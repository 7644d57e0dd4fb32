//! People of an area who are trained outside it: the federation of the household sees and pays for its own (field.md 3).

use chrono::NaiveDate;
use domain::enrolment::EnrolmentState;
use domain::ids::{AdmissionId, CohortId, EnrolmentId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::scope::Scope;
use crate::{StoreError, time};

/// Somebody of the area in a class elsewhere, without personal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resident {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// Its state.
    pub state: EnrolmentState,
    /// Household region on the day of enrolment.
    pub hukou_region: String,
    /// The class.
    pub cohort: CohortId,
    /// Public code of the class.
    pub cohort_code: String,
    /// Name of the class.
    pub cohort_name: String,
    /// The admission under which it is held.
    pub admission: AdmissionId,
    /// Division of the site.
    pub site_region: String,
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day as planned.
    pub end_on: NaiveDate,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    state: String,
    hukou_region: String,
    cohort_id: Uuid,
    code: String,
    name: String,
    admission_id: Uuid,
    site_region: String,
    start_on: String,
    end_on: String,
}

impl TryFrom<Row> for Resident {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            enrolment: row.id.into(),
            person: row.person_id.into(),
            state: row
                .state
                .parse()
                .map_err(|_| StoreError::inconsistent("enrolment", row.id))?,
            hukou_region: row.hukou_region,
            cohort: row.cohort_id.into(),
            cohort_code: row.code,
            cohort_name: row.name,
            admission: row.admission_id.into(),
            site_region: row.site_region,
            start_on: time::date(&row.start_on)?,
            end_on: time::date(&row.end_on)?,
        })
    }
}

/// Enrolments whose household lies in the area of a federation and whose class does not, newest first, at most `limit`,
/// before the one given. Nothing lies outside the nation; an institution has no people of its own by the household.
pub async fn page(
    db: &impl ConnectionTrait,
    scope: &Scope,
    state: Option<EnrolmentState>,
    before: Option<EnrolmentId>,
    limit: u64,
) -> Result<Vec<Resident>, StoreError> {
    if scope.sees_all() || !matches!(scope, Scope::Federation { .. }) {
        return Ok(Vec::new());
    }
    let (at_home, area) = scope.sql("e.hukou_region", "k.institution_id", 1);
    let (trained_here, _) = scope.sql("k.site_region", "k.institution_id", 1);
    let mut values: Vec<Value> = area.into_iter().collect();
    let mut narrower = String::new();
    if let Some(state) = state {
        values.push(state.as_str().into());
        narrower.push_str(&format!(" AND e.state = ${}", values.len()));
    }
    if let Some(before) = before {
        values.push(before.uuid().into());
        narrower.push_str(&format!(" AND e.id < ${}", values.len()));
    }
    let sql = format!(
        "SELECT e.id, e.person_id, e.state, e.hukou_region, e.cohort_id, k.code, k.name, k.admission_id, k.site_region, \
         k.start_on, k.end_on FROM enrolment e JOIN cohort k ON k.id = e.cohort_id \
         WHERE {at_home} AND NOT ({trained_here}){narrower} ORDER BY e.id DESC LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    rows.into_iter().map(Resident::try_from).collect()
}
