//! The trainees of a period, and those of them that an assessor drew.

use chrono::NaiveDate;
use domain::ids::{AdmissionId, AssessmentId, AssessorId, CohortId, EnrolmentId, PersonId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use crate::StoreError;
use crate::entity::assessments::assessment_sample;
use crate::privacy::statement;

/// Rows of one statement, below the bind limits of both databases.
const CHUNK: usize = 500;

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Everybody who attached to a class of the admission that ended in the period and before `today`, those who left early
/// included; nobody whose record was erased.
pub async fn population(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    from: NaiveDate,
    until: NaiveDate,
    today: NaiveDate,
) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT e.id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN person p ON p.id = e.person_id
        WHERE c.admission_id = $1 AND c.state <> 'cancelled' AND c.end_on >= $2 AND c.end_on <= $3 AND c.end_on < $4
        AND e.state IN ('completed', 'not_completed', 'withdrawn', 'dismissed') AND p.erased_at IS NULL";
    let values = [
        admission.uuid().into(),
        from.to_string().into(),
        until.to_string().into(),
        today.to_string().into(),
    ];
    let rows = IdRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Keeps what was drawn, in the order of the draw.
pub async fn insert(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
    drawn: &[Uuid],
) -> Result<(), StoreError> {
    let mut place = 0;
    for chunk in drawn.chunks(CHUNK) {
        let rows: Vec<assessment_sample::ActiveModel> = chunk
            .iter()
            .map(|one| {
                place += 1;
                assessment_sample::ActiveModel {
                    assessment_id: Set(assessment.uuid()),
                    assessor_id: Set(assessor.uuid()),
                    enrolment_id: Set(*one),
                    place: Set(place),
                }
            })
            .collect();
        assessment_sample::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// A trainee of the sample.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Drawn {
    /// The enrolment.
    pub enrolment_id: Uuid,
    /// The person.
    pub person_id: Uuid,
    /// Place in the order of the draw.
    pub place: i32,
    /// The class.
    pub cohort_id: Uuid,
    /// Its code.
    pub cohort_code: String,
    /// Its name.
    pub cohort_name: String,
    /// Its last day.
    pub end_on: String,
    /// State of the enrolment.
    pub state: String,
    /// Minutes attended, where they were recorded.
    pub minutes: Option<i32>,
    /// Minutes planned.
    pub planned_hours: i32,
    /// Division of the household.
    pub hukou_region: String,
}

impl Drawn {
    /// The enrolment.
    pub fn enrolment(&self) -> EnrolmentId {
        self.enrolment_id.into()
    }

    /// The person.
    pub fn person(&self) -> PersonId {
        self.person_id.into()
    }

    /// The class.
    pub fn cohort(&self) -> CohortId {
        self.cohort_id.into()
    }
}

const DRAWN: &str = "SELECT e.id AS enrolment_id, e.person_id, s.place, c.id AS cohort_id, c.code AS cohort_code,
    c.name AS cohort_name, c.end_on, e.state, t.minutes, c.planned_hours, e.hukou_region
    FROM assessment_sample s JOIN enrolment e ON e.id = s.enrolment_id JOIN cohort c ON c.id = e.cohort_id
    LEFT JOIN attendance_total t ON t.enrolment_id = e.id
    WHERE s.assessment_id = $1 AND s.assessor_id = $2";

/// What an assessor drew, in the order of the draw.
pub async fn of(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
) -> Result<Vec<Drawn>, StoreError> {
    let values = [assessment.uuid().into(), assessor.uuid().into()];
    let sql = format!("{DRAWN} ORDER BY s.place");
    Ok(Drawn::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?)
}

/// One trainee of the sample.
pub async fn find(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
    enrolment: EnrolmentId,
) -> Result<Option<Drawn>, StoreError> {
    let values = [
        assessment.uuid().into(),
        assessor.uuid().into(),
        enrolment.uuid().into(),
    ];
    let sql = format!("{DRAWN} AND e.id = $3");
    Ok(Drawn::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?)
}

/// Whether a person agrees on a day to be asked later by the federation and third-party assessors.
pub async fn agrees(
    db: &impl ConnectionTrait,
    person: PersonId,
    day: NaiveDate,
) -> Result<bool, StoreError> {
    let sql = "SELECT n.id FROM consent n WHERE n.person_id = $1 AND n.purpose = 'outcome_follow_up'
        AND n.withdrawn_on IS NULL AND n.valid_from <= $2 AND (n.valid_until IS NULL OR n.valid_until >= $2) LIMIT 1";
    let values = [person.uuid().into(), day.to_string().into()];
    let row = IdRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.is_some())
}
