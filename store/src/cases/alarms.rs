//! Alarms of terms that are due or over, for the level that must act and the ones above it.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::{AdmissionId, StaffPersonId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::entity::cases::alarm;
use crate::scope::Scope;
use crate::{StoreError, time};

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: Uuid,
    /// The admission.
    pub admission: AdmissionId,
    /// The term or proposal that raised it.
    pub source: Uuid,
    /// `due` or `overdue`.
    pub kind: String,
    /// What is to be done ("reply", "T16-confirm").
    pub act: String,
    /// Whom it tells.
    pub level: Role,
    /// Last day of the term.
    pub due_on: NaiveDate,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
}

/// Raises an alarm once; answers whether it is new.
pub async fn raise(db: &impl ConnectionTrait, new: &Alarm) -> Result<bool, StoreError> {
    let row = alarm::ActiveModel {
        id: Set(new.id),
        admission_id: Set(new.admission.uuid()),
        source_id: Set(new.source),
        kind: Set(new.kind.clone()),
        act: Set(new.act.clone()),
        level: Set(new.level.as_str().to_owned()),
        due_on: Set(new.due_on.to_string()),
        raised_at: Set(time::millis(new.raised_at)),
    };
    let columns = [
        alarm::Column::SourceId,
        alarm::Column::Kind,
        alarm::Column::Level,
    ];
    let done = alarm::Entity::insert(row)
        .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(done > 0)
}

/// An alarm that still holds, with its institution.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct AlarmRow {
    /// Its id.
    pub id: Uuid,
    /// The admission.
    pub admission_id: Uuid,
    /// Name of the institution.
    pub name: String,
    /// Division where the act is owed: of the class, or of the main site.
    pub site_region: String,
    /// `due` or `overdue`.
    pub kind: String,
    /// What is to be done.
    pub act: String,
    /// Whom it tells.
    pub level: String,
    /// Whose act it is; empty for a proposal.
    pub holder: Option<String>,
    /// Last day.
    pub due_on: String,
    /// When it was raised, in Unix milliseconds.
    pub raised_at: i64,
    /// Number of the case, if it belongs to one.
    pub number: Option<String>,
    /// The assessment, if it belongs to one.
    pub assessment: Option<Uuid>,
    /// Number of the certificate, if it belongs to one.
    pub certificate: Option<String>,
}

/// Where the act of a term `t` on an admission `a` is owed: what concerns a class, at the place of the class; an episode,
/// where it was claimed first; anything else, at the main site.
const PLACE: &str = "COALESCE(CASE t.object_kind \
     WHEN 'cohort' THEN (SELECT w.site_region FROM cohort w WHERE w.id = t.object_id) \
     WHEN 'certificate' THEN (SELECT w.site_region FROM certificate x JOIN enrolment l ON l.id = x.enrolment_id \
       JOIN cohort w ON w.id = l.cohort_id WHERE x.id = t.object_id) \
     WHEN 'episode' THEN (SELECT w.site_region FROM episode_claim w WHERE w.episode_id = t.object_id \
       ORDER BY w.claimed_at, w.enrolment_id LIMIT 1) \
     WHEN 'follow_up' THEN (SELECT w.site_region FROM follow_up l JOIN episode_claim w ON w.episode_id = l.episode_id \
       WHERE l.id = t.object_id ORDER BY w.claimed_at, w.enrolment_id LIMIT 1) \
     END, a.site_region)";

/// Division where the act of a term is owed.
pub async fn place(db: &impl ConnectionTrait, term: Uuid) -> Result<Option<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        place: String,
    }
    let sql = format!(
        "SELECT {PLACE} AS place FROM term t JOIN admission a ON a.id = t.admission_id WHERE t.id = $1"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [term.into()]);
    let row = Row::find_by_statement(statement).one(db).await?;
    Ok(row.map(|row| row.place))
}

/// The condition that an alarm `r` belongs to the scope, with at most one value at `$1`: the admissions that have anything
/// there first, so that no other alarm is looked at.
fn within(scope: &Scope) -> (String, Option<Value>) {
    let (place, value) = scope.sql(PLACE, "a.institution_id", 1);
    if value.is_none() {
        return (place, None);
    }
    let (main, _) = scope.sql("m.site_region", "m.institution_id", 1);
    let (class, _) = scope.sql("w.site_region", "w.institution_id", 1);
    let sql = format!(
        "r.admission_id IN (SELECT m.id FROM admission m WHERE {main} UNION \
         SELECT w.admission_id FROM cohort w WHERE {class}) AND {place}"
    );
    (sql, value)
}

/// Alarms that still hold inside the scope, for one level or for all, overdue first. An alarm ends with its term.
pub async fn open(
    db: &impl ConnectionTrait,
    scope: &Scope,
    level: Option<Role>,
    limit: u64,
) -> Result<Vec<AlarmRow>, StoreError> {
    let (condition, value) = within(scope);
    let mut values: Vec<Value> = value.into_iter().collect();
    let mut rest = String::new();
    if let Some(level) = level {
        values.push(level.as_str().into());
        rest = format!(" AND r.level = ${}", values.len());
    }
    let sql = format!(
        "SELECT r.id, r.admission_id, i.name, {PLACE} AS site_region, r.kind, r.act, r.level, t.holder, r.due_on, r.raised_at, \
         k.number, m.id AS assessment, c.certificate_no AS certificate FROM alarm r JOIN admission a ON a.id = r.admission_id JOIN institution i ON i.id = a.institution_id \
         LEFT JOIN term t ON t.id = r.source_id LEFT JOIN proposal p ON p.id = r.source_id \
         LEFT JOIN institution_case k ON k.id = t.object_id LEFT JOIN assessment m ON m.id = t.object_id \
         LEFT JOIN certificate c ON c.id = t.object_id AND t.object_kind = 'certificate' \
         WHERE {condition}{rest} AND (t.id IS NULL OR t.met_on IS NULL) AND (p.id IS NULL OR p.state = 'open') \
         ORDER BY CASE r.kind WHEN 'overdue' THEN 0 ELSE 1 END, r.due_on, r.id LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(AlarmRow::find_by_statement(statement).all(db).await?)
}

/// Alarms that still hold of the assessments that an assessor holds, overdue first.
pub async fn of_assessor(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
) -> Result<Vec<AlarmRow>, StoreError> {
    let sql = "SELECT r.id, r.admission_id, i.name, a.site_region, r.kind, r.act, r.level, t.holder, r.due_on, r.raised_at, \
         CAST(NULL AS TEXT) AS number, m.id AS assessment, CAST(NULL AS TEXT) AS certificate FROM alarm r JOIN term t ON t.id = r.source_id \
         JOIN assessment m ON m.id = t.object_id JOIN assessor s ON s.id = m.assessor_id \
         JOIN admission a ON a.id = r.admission_id JOIN institution i ON i.id = a.institution_id \
         WHERE s.staff_person_id = $1 AND r.level = 'assessor' AND t.met_on IS NULL \
         ORDER BY CASE r.kind WHEN 'overdue' THEN 0 ELSE 1 END, r.due_on, r.id";
    let values = [person.uuid().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(AlarmRow::find_by_statement(statement).all(db).await?)
}

/// The oldest term of the province on an admission that is over; the nation may act after its inaction. Only what leads
/// towards an exit counts: to warn, to decide about a reply, an inspection or a suspension, to propose the exit. No exit
/// follows from a late service, answer, audit of a survey or review of certificates.
pub async fn oldest_overdue(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    today: NaiveDate,
) -> Result<Option<NaiveDate>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        due_on: Option<String>,
    }
    let sql = "SELECT MIN(due_on) AS due_on FROM term WHERE admission_id = $1 AND met_on IS NULL \
               AND holder = 'province_officer' AND object_kind IN ('admission', 'case') \
               AND kind IN ('exit', 'warn', 'decide', 'inspection', 'suspension_end') \
               AND due_on < $2";
    let values = [
        Value::from(admission.uuid()),
        Value::from(today.to_string()),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let row = Row::find_by_statement(statement).one(db).await?;
    time::optional_date(row.and_then(|row| row.due_on).as_deref())
}

/// Admissions on which a day alone may make a cause for an exit, and nobody owes it yet: a term to rectify that ran out, or
/// no course since a day.
pub async fn by_day(
    db: &impl ConnectionTrait,
    today: NaiveDate,
    no_course_since: NaiveDate,
    owed: &str,
) -> Result<Vec<AdmissionId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let sql = "SELECT a.id FROM admission a WHERE a.state IN ('provisional', 'graded', 'warned', 'rectifying', 'suspended') \
               AND (EXISTS (SELECT 1 FROM institution_case k WHERE k.admission_id = a.id AND k.state = 'open' \
               AND k.stage IN ('T13', 'T17') AND k.term_until < $1) \
               OR (a.applied_at < $3 AND NOT EXISTS (SELECT 1 FROM cohort c WHERE c.admission_id = a.id \
               AND c.state NOT IN ('planned', 'cancelled') AND c.end_on >= $2))) \
               AND NOT EXISTS (SELECT 1 FROM term t WHERE t.object_id = a.id AND t.kind = $4 AND t.met_on IS NULL) ORDER BY a.id";
    let applied = no_course_since
        .and_hms_opt(0, 0, 0)
        .map_or(i64::MIN, |at| at.and_utc().timestamp_millis());
    let values = [
        Value::from(today.to_string()),
        no_course_since.to_string().into(),
        applied.into(),
        owed.into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// A proposal on an admission that should have been decided by now, or soon.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DueProposal {
    /// The proposal.
    pub id: Uuid,
    /// The admission.
    pub object_id: Uuid,
    /// The act.
    pub act: String,
    /// Role of the proposer.
    pub role: String,
    /// When it was due, in Unix milliseconds.
    pub due_at: i64,
}

/// Open proposals on admissions whose time is over before a moment.
pub async fn due_proposals(
    db: &impl ConnectionTrait,
    until: DateTime<Utc>,
) -> Result<Vec<DueProposal>, StoreError> {
    let sql = "SELECT p.id, p.object_id, p.act, o.role, p.due_at FROM proposal p JOIN post o ON o.id = p.proposed_post \
               WHERE p.state = 'open' AND p.object_kind = 'admission' AND p.due_at < $1 ORDER BY p.id LIMIT 1000";
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        sql,
        [time::millis(until).into()],
    );
    Ok(DueProposal::find_by_statement(statement).all(db).await?)
}
