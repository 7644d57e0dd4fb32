//! Offers: which institution teaches which program version at which site.

use chrono::{DateTime, Utc};
use domain::ids::{AdmissionId, InstitutionId, OfferId, ProgramVersionId, SiteId};
use domain::institution::{Grade, InstitutionState};
use domain::offer::OfferState;
use domain::program::ProgramState;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, Statement, Value,
};
use uuid::Uuid;

use crate::PublicRead;
use crate::entity::catalogue::offer;
use crate::scope::Scope;
use crate::{StoreError, time};

/// An offer with what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// State.
    pub state: OfferState,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Raised by every change.
    pub revision: i32,
    /// The admission under which it is made.
    pub admission: AdmissionId,
    /// State of that admission.
    pub admission_state: InstitutionState,
    /// Its grade.
    pub grade: Option<Grade>,
    /// The institution.
    pub institution: InstitutionId,
    /// Its name.
    pub institution_name: String,
    /// Its credit code.
    pub credit_code: String,
    /// The version taught.
    pub program_version: ProgramVersionId,
    /// State of that version.
    pub program_state: ProgramState,
    /// Code of the program.
    pub program_code: String,
    /// Number of the version.
    pub version: u32,
    /// Name of the program.
    pub program_name: String,
    /// Hours of the program.
    pub hours: u32,
    /// The site.
    pub site: SiteId,
    /// Name of the site.
    pub site_name: String,
    /// Division of the site.
    pub site_region: String,
    /// What the site provides, a JSON list.
    pub provisions: String,
}

/// Writes a new offer; the same one that is not closed is a duplicate.
pub async fn insert(
    db: &impl ConnectionTrait,
    id: OfferId,
    version: ProgramVersionId,
    admission: AdmissionId,
    site: SiteId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = offer::ActiveModel {
        id: Set(id.uuid()),
        program_version_id: Set(version.uuid()),
        admission_id: Set(admission.uuid()),
        site_id: Set(site.uuid()),
        state: Set(OfferState::Proposed.as_str().to_owned()),
        state_since: Set(time::millis(now)),
        revision: Set(1),
    };
    offer::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Changes the state; `Stale` when somebody else did first.
pub async fn change(
    db: &impl ConnectionTrait,
    id: OfferId,
    revision: i32,
    state: OfferState,
    now: DateTime<Utc>,
) -> Result<i32, StoreError> {
    let done = offer::Entity::update_many()
        .col_expr(offer::Column::State, Expr::value(state.as_str()))
        .col_expr(offer::Column::StateSince, Expr::value(time::millis(now)))
        .col_expr(offer::Column::Revision, Expr::value(revision + 1))
        .filter(offer::Column::Id.eq(id.uuid()))
        .filter(offer::Column::Revision.eq(revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    state: String,
    state_since: i64,
    revision: i32,
    admission_id: Uuid,
    admission_state: String,
    grade: Option<String>,
    institution_id: Uuid,
    institution_name: String,
    credit_code: String,
    program_version_id: Uuid,
    program_state: String,
    program_code: String,
    version: i32,
    program_name: String,
    hours: i32,
    site_id: Uuid,
    site_name: String,
    site_region: String,
    provisions: String,
}

const SELECT: &str = "SELECT o.id, o.state, o.state_since, o.revision, a.id AS admission_id, a.state AS admission_state, a.grade, \
     i.id AS institution_id, i.name AS institution_name, i.credit_code, v.id AS program_version_id, \
     v.state AS program_state, p.code AS program_code, v.version, v.name AS program_name, v.hours, \
     s.id AS site_id, s.name AS site_name, s.region AS site_region, s.provisions \
     FROM offer o JOIN admission a ON a.id = o.admission_id JOIN institution i ON i.id = a.institution_id \
     JOIN site s ON s.id = o.site_id JOIN program_version v ON v.id = o.program_version_id \
     JOIN program p ON p.id = v.program_id";

async fn select(
    db: &impl ConnectionTrait,
    rest: &str,
    values: Vec<Value>,
) -> Result<Vec<Offer>, StoreError> {
    let sql = format!("{SELECT} {rest}");
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    rows.into_iter().map(Offer::try_from).collect()
}

/// The offer with this id inside the scope; `lock` holds it and its admission until the transaction ends.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: OfferId,
    lock: bool,
) -> Result<Option<Offer>, StoreError> {
    let (condition, value) = scope.sql("s.region", "a.institution_id", 2);
    let mut values: Vec<Value> = vec![id.uuid().into()];
    values.extend(value);
    let suffix = if lock && db.get_database_backend() == DbBackend::Postgres {
        " FOR UPDATE OF o FOR SHARE OF a"
    } else {
        ""
    };
    let rest = format!("WHERE o.id = $1 AND {condition}{suffix}");
    Ok(select(db, &rest, values).await?.pop())
}

/// Offers inside the scope, newest first, at most `limit`, older than the one given.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    before: Option<OfferId>,
    limit: u64,
) -> Result<Vec<Offer>, StoreError> {
    let (condition, value) = scope.sql("s.region", "a.institution_id", 1);
    let mut values: Vec<Value> = value.into_iter().collect();
    let mut rest = format!("WHERE {condition}");
    if let Some(before) = before {
        values.push(before.uuid().into());
        rest.push_str(&format!(" AND o.id < ${}", values.len()));
    }
    rest.push_str(&format!(" ORDER BY o.id DESC LIMIT {limit}"));
    select(db, &rest, values).await
}

/// Open offers that anybody may see, by program code or by credit code.
pub async fn public(
    db: &impl PublicRead,
    program: Option<&str>,
    credit_code: Option<&str>,
) -> Result<Vec<Offer>, StoreError> {
    let db = db.connection();
    let mut values: Vec<Value> = Vec::new();
    let mut rest =
        "WHERE o.state IN ('open', 'paused') AND a.state IN ('provisional', 'graded', 'warned', 'rectifying')"
            .to_owned();
    for (column, value) in [("p.code", program), ("i.credit_code", credit_code)] {
        if let Some(value) = value {
            values.push(value.into());
            rest.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    rest.push_str(" ORDER BY o.id LIMIT 500");
    select(db, &rest, values).await
}

impl TryFrom<Row> for Offer {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("offer", row.id);
        Ok(Self {
            id: row.id.into(),
            state: row.state.parse().map_err(|_| bad())?,
            state_since: time::instant(row.state_since)?,
            revision: row.revision,
            admission: row.admission_id.into(),
            admission_state: row.admission_state.parse().map_err(|_| bad())?,
            grade: row
                .grade
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())?,
            institution: row.institution_id.into(),
            program_version: row.program_version_id.into(),
            program_state: row.program_state.parse().map_err(|_| bad())?,
            version: row.version.try_into().map_err(|_| bad())?,
            hours: row.hours.try_into().map_err(|_| bad())?,
            site: row.site_id.into(),
            institution_name: row.institution_name,
            credit_code: row.credit_code,
            program_code: row.program_code,
            program_name: row.program_name,
            site_name: row.site_name,
            site_region: row.site_region,
            provisions: row.provisions,
        })
    }
}
