//! Cases against institutions: the case itself, its papers, services of decisions, terms, alarms, results of grading
//! runs, appeals, and what an exit does (grading.md 7, field.md 6-9).

pub mod alarms;
pub mod appeals;
pub mod decisions;
pub mod exit;
pub mod grievances;
pub mod papers;
pub mod persons;
pub mod reports;
pub mod results;
pub mod reviews;
pub mod terms;
pub mod withdrawals;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::{AdmissionId, CaseId, GradingRunId, InstitutionId, StaffPersonId};
use domain::institution::{CaseKind, Cause, InstitutionTransition};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::entity::cases::{institution_case, interest};
use crate::scope::Scope;
use crate::{StoreError, time};

/// A case as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Its number: federation, year, number in the year.
    pub number: String,
    /// The admission.
    pub admission: AdmissionId,
    /// The gravest thing it has come to.
    pub kind: CaseKind,
    /// Whether it is open.
    pub open: bool,
    /// The transition that it stands at.
    pub stage: InstitutionTransition,
    /// Since when.
    pub stage_since: DateTime<Utc>,
    /// Level that decided it.
    pub stage_role: Role,
    /// Who decided it.
    pub stage_by: StaffPersonId,
    /// Cause of the stage.
    pub cause: Option<Cause>,
    /// What was found, or must be put right.
    pub findings: Vec<String>,
    /// SHA-256 of the evidence.
    pub evidence_sha256: Option<Vec<u8>>,
    /// Last day of the term to rectify.
    pub term_until: Option<NaiveDate>,
    /// Whether that term was extended.
    pub extended: bool,
    /// How often another attempt was allowed.
    pub attempts: u32,
    /// Whether fraud is suspected or found.
    pub fraud: bool,
    /// Who proposed the exit.
    pub exit_proposed_by: Option<StaffPersonId>,
    /// The transition that closed it.
    pub outcome: Option<String>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised by every change.
    pub revision: i32,
}

impl TryFrom<institution_case::Model> for Case {
    type Error = StoreError;

    fn try_from(row: institution_case::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("institution_case", row.id);
        Ok(Self {
            id: row.id.into(),
            admission: row.admission_id.into(),
            kind: row.kind.parse().map_err(|_| bad())?,
            open: row.state == "open",
            stage: row.stage.parse().map_err(|_| bad())?,
            stage_since: time::instant(row.stage_since)?,
            stage_role: row.stage_role.parse().map_err(|_| bad())?,
            stage_by: row.stage_by.into(),
            cause: row
                .cause
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())?,
            findings: serde_json::from_str(&row.findings).map_err(|_| bad())?,
            term_until: time::optional_date(row.term_until.as_deref())?,
            attempts: row.attempts.try_into().map_err(|_| bad())?,
            exit_proposed_by: row.exit_proposed_by.map(Into::into),
            opened_at: time::instant(row.opened_at)?,
            closed_at: time::optional_instant(row.closed_at)?,
            number: row.number,
            evidence_sha256: row.evidence_sha256,
            extended: row.extended,
            fraud: row.fraud,
            outcome: row.outcome,
            revision: row.revision,
        })
    }
}

fn state(open: bool) -> &'static str {
    if open { "open" } else { "closed" }
}

fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list.to_vec()).to_string()
}

/// Writes a new case.
pub async fn insert(db: &impl ConnectionTrait, case: &Case) -> Result<(), StoreError> {
    let row = institution_case::ActiveModel {
        id: Set(case.id.uuid()),
        number: Set(case.number.clone()),
        admission_id: Set(case.admission.uuid()),
        kind: Set(case.kind.as_str().to_owned()),
        state: Set(state(case.open).to_owned()),
        stage: Set(case.stage.as_str().to_owned()),
        stage_since: Set(time::millis(case.stage_since)),
        stage_role: Set(case.stage_role.as_str().to_owned()),
        stage_by: Set(case.stage_by.uuid()),
        cause: Set(case.cause.map(|cause| cause.as_str().to_owned())),
        findings: Set(list_text(&case.findings)),
        evidence_sha256: Set(case.evidence_sha256.clone()),
        term_until: Set(case.term_until.map(|day| day.to_string())),
        extended: Set(case.extended),
        attempts: Set(case.attempts.cast_signed()),
        fraud: Set(case.fraud),
        exit_proposed_by: Set(case.exit_proposed_by.map(StaffPersonId::uuid)),
        outcome: Set(case.outcome.clone()),
        opened_at: Set(time::millis(case.opened_at)),
        closed_at: Set(case.closed_at.map(time::millis)),
        revision: Set(case.revision),
    };
    institution_case::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes what may change and raises the revision; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, case: &Case) -> Result<i32, StoreError> {
    use institution_case::Column;
    let done = institution_case::Entity::update_many()
        .col_expr(Column::Kind, Expr::value(case.kind.as_str()))
        .col_expr(Column::State, Expr::value(state(case.open)))
        .col_expr(Column::Stage, Expr::value(case.stage.as_str()))
        .col_expr(
            Column::StageSince,
            Expr::value(time::millis(case.stage_since)),
        )
        .col_expr(Column::StageRole, Expr::value(case.stage_role.as_str()))
        .col_expr(Column::StageBy, Expr::value(case.stage_by.uuid()))
        .col_expr(
            Column::Cause,
            Expr::value(case.cause.map(|cause| cause.as_str().to_owned())),
        )
        .col_expr(Column::Findings, Expr::value(list_text(&case.findings)))
        .col_expr(
            Column::EvidenceSha256,
            Expr::value(case.evidence_sha256.clone()),
        )
        .col_expr(
            Column::TermUntil,
            Expr::value(case.term_until.map(|day| day.to_string())),
        )
        .col_expr(Column::Extended, Expr::value(case.extended))
        .col_expr(Column::Attempts, Expr::value(case.attempts.cast_signed()))
        .col_expr(Column::Fraud, Expr::value(case.fraud))
        .col_expr(
            Column::ExitProposedBy,
            Expr::value(case.exit_proposed_by.map(StaffPersonId::uuid)),
        )
        .col_expr(Column::Outcome, Expr::value(case.outcome.clone()))
        .col_expr(
            Column::ClosedAt,
            Expr::value(case.closed_at.map(time::millis)),
        )
        .col_expr(Column::Revision, Expr::value(case.revision + 1))
        .filter(Column::Id.eq(case.id.uuid()))
        .filter(Column::Revision.eq(case.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(case.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

/// The open case of an admission.
pub async fn open_of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Option<Case>, StoreError> {
    institution_case::Entity::find()
        .filter(institution_case::Column::AdmissionId.eq(admission.uuid()))
        .filter(institution_case::Column::State.eq("open"))
        .one(db)
        .await?
        .map(Case::try_from)
        .transpose()
}

/// The newest case of an admission, open or not.
pub async fn newest_of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Option<Case>, StoreError> {
    institution_case::Entity::find()
        .filter(institution_case::Column::AdmissionId.eq(admission.uuid()))
        .order_by_desc(institution_case::Column::Id)
        .limit(1)
        .one(db)
        .await?
        .map(Case::try_from)
        .transpose()
}

/// How many cases or appeals of a federation have a number that begins so.
pub async fn count_numbers(
    db: &impl ConnectionTrait,
    prefix: &str,
    of_appeals: bool,
) -> Result<u64, StoreError> {
    if of_appeals {
        use crate::entity::cases::appeal;
        return Ok(appeal::Entity::find()
            .filter(appeal::Column::Number.starts_with(prefix))
            .count(db)
            .await?);
    }
    Ok(institution_case::Entity::find()
        .filter(institution_case::Column::Number.starts_with(prefix))
        .count(db)
        .await?)
}

/// A case with the institution that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseView {
    /// The case.
    pub case: Case,
    /// Name of the institution.
    pub name: String,
    /// Its credit code.
    pub credit_code: String,
    /// The institution.
    pub institution: InstitutionId,
    /// The admitting federation.
    pub federation: String,
    /// Division of the main site.
    pub site_region: String,
    /// State of the admission.
    pub admission_state: String,
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
    name: String,
    credit_code: String,
    institution_id: Uuid,
    federation: String,
    site_region: String,
    admission_state: String,
}

const VIEW: &str = "SELECT k.id, i.name, i.credit_code, i.id AS institution_id, a.federation, a.site_region, \
     a.state AS admission_state FROM institution_case k JOIN admission a ON a.id = k.admission_id \
     JOIN institution i ON i.id = a.institution_id";

async fn views(
    db: &impl ConnectionTrait,
    rest: &str,
    values: Vec<Value>,
) -> Result<Vec<CaseView>, StoreError> {
    let sql = format!("{VIEW} {rest}");
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = IdRow::find_by_statement(statement).all(db).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut cases: std::collections::HashMap<Uuid, institution_case::Model> =
        institution_case::Entity::find()
            .filter(institution_case::Column::Id.is_in(ids))
            .all(db)
            .await?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
    rows.into_iter()
        .map(|row| {
            let case = cases
                .remove(&row.id)
                .ok_or_else(|| StoreError::inconsistent("institution_case", row.id))?;
            Ok(CaseView {
                case: case.try_into()?,
                name: row.name,
                credit_code: row.credit_code,
                institution: row.institution_id.into(),
                federation: row.federation,
                site_region: row.site_region,
                admission_state: row.admission_state,
            })
        })
        .collect()
}

/// The case with this id inside the scope.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: CaseId,
) -> Result<Option<CaseView>, StoreError> {
    let (condition, value) = scope.sql("a.site_region", "a.institution_id", 2);
    let values = std::iter::once(Value::from(id.uuid())).chain(value);
    let rest = format!("WHERE k.id = $1 AND {condition}");
    Ok(views(db, &rest, values.collect()).await?.pop())
}

/// The case with this number inside the scope.
pub async fn find_by_number(
    db: &impl ConnectionTrait,
    scope: &Scope,
    number: &str,
) -> Result<Option<CaseView>, StoreError> {
    let (condition, value) = scope.sql("a.site_region", "a.institution_id", 2);
    let values = std::iter::once(Value::from(number)).chain(value);
    let rest = format!("WHERE k.number = $1 AND {condition}");
    Ok(views(db, &rest, values.collect()).await?.pop())
}

/// Cases inside the scope, newest first, at most `limit`, older than the one given; only open ones when asked.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    open_only: bool,
    before: Option<CaseId>,
    limit: u64,
) -> Result<Vec<CaseView>, StoreError> {
    let (condition, value) = scope.sql("a.site_region", "a.institution_id", 1);
    let mut values: Vec<Value> = value.into_iter().collect();
    let mut rest = format!("WHERE {condition}");
    if open_only {
        rest.push_str(" AND k.state = 'open'");
    }
    if let Some(before) = before {
        values.push(before.uuid().into());
        rest.push_str(&format!(" AND k.id < ${}", values.len()));
    }
    rest.push_str(&format!(" ORDER BY k.id DESC LIMIT {limit}"));
    views(db, &rest, values).await
}

/// Declares that somebody has an interest in an institution; to declare it again changes nothing.
pub async fn declare_interest(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    institution: InstitutionId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = interest::ActiveModel {
        staff_person_id: Set(person.uuid()),
        institution_id: Set(institution.uuid()),
        reason: Set(reason.to_owned()),
        declared_at: Set(time::millis(now)),
    };
    interest::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([
                interest::Column::StaffPersonId,
                interest::Column::InstitutionId,
            ])
            .update_column(interest::Column::Reason)
            .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Whether somebody declared an interest in an institution.
pub async fn has_interest(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    institution: InstitutionId,
) -> Result<bool, StoreError> {
    Ok(
        interest::Entity::find_by_id((person.uuid(), institution.uuid()))
            .one(db)
            .await?
            .is_some(),
    )
}

/// Whether somebody declared an interest in the institution that a thing is about, whatever thing it is: ids are unique
/// across kinds. What is about no single institution (a key, a policy) concerns none.
pub async fn has_interest_in(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    thing: Uuid,
) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        #[expect(dead_code, reason = "that there is a row is the answer")]
        institution_id: Uuid,
    }
    let sql = "SELECT x.institution_id FROM interest x WHERE x.staff_person_id = $1 AND x.institution_id IN ( \
         SELECT institution_id FROM admission WHERE id = $2 \
         UNION SELECT institution_id FROM cohort WHERE id = $2 \
         UNION SELECT c.institution_id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE e.id = $2 \
         UNION SELECT a.institution_id FROM offer o JOIN admission a ON a.id = o.admission_id WHERE o.id = $2 \
         UNION SELECT p.institution_id FROM program_version v JOIN program p ON p.id = v.program_id \
         WHERE v.id = $2 AND p.institution_id IS NOT NULL \
         UNION SELECT c.institution_id FROM certificate_batch b JOIN cohort c ON c.id = b.cohort_id WHERE b.id = $2 \
         UNION SELECT a.institution_id FROM certificate c JOIN admission a ON a.id = c.admission_id WHERE c.id = $2 \
         UNION SELECT a.institution_id FROM assessment m JOIN admission a ON a.id = m.admission_id WHERE m.id = $2 \
         UNION SELECT a.institution_id FROM bulletin b JOIN timeline t ON t.leaf_index = b.decision_leaf \
         JOIN admission a ON a.id = t.object_id WHERE b.id = $2 AND t.object_kind = 'admission' \
         UNION SELECT a.institution_id FROM grade_publication g JOIN grading_result r ON r.run_id = g.run_id \
         AND r.federation = g.federation JOIN admission a ON a.id = r.admission_id WHERE g.id = $2) LIMIT 1";
    let values = [Value::from(person.uuid()), thing.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Row::find_by_statement(statement).one(db).await?.is_some())
}

/// Names of the institutions with results of a run in a federation in which somebody declared an interest.
pub async fn interests_in_results(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    run: GradingRunId,
    federation: &str,
) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        name: String,
    }
    let sql = "SELECT DISTINCT i.name FROM interest x JOIN institution i ON i.id = x.institution_id \
         JOIN admission a ON a.institution_id = i.id JOIN grading_result r ON r.admission_id = a.id \
         WHERE x.staff_person_id = $1 AND r.run_id = $2 AND r.federation = $3 ORDER BY i.name";
    let values = [
        Value::from(person.uuid()),
        run.uuid().into(),
        federation.into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}
