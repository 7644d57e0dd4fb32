//! The list of candidates of an assessment and what became of each; declared relations.

use chrono::NaiveDate;
use domain::assessment::{Relation, Standing};
use domain::ids::{AssessmentId, AssessorId, InstitutionId, StaffPersonId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
};
use uuid::Uuid;

use crate::StoreError;
use crate::entity::assessments::{assessment_candidate, assessment_relation};
use crate::privacy::statement;

/// Rows of one statement, below the bind limits of both databases.
const CHUNK: usize = 500;

/// Somebody on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The accreditation.
    pub assessor: AssessorId,
    /// The person.
    pub person: StaffPersonId,
    /// Their organisation.
    pub organisation: String,
    /// Place in the order of the draw, from 1; none before the draw.
    pub place: Option<u32>,
    /// What became of them.
    pub standing: Standing,
}

/// Fixes the list.
pub async fn insert(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    list: &[AssessorId],
) -> Result<(), StoreError> {
    for chunk in list.chunks(CHUNK) {
        let rows = chunk.iter().map(|one| assessment_candidate::ActiveModel {
            assessment_id: Set(assessment.uuid()),
            assessor_id: Set(one.uuid()),
            place: Set(None),
            standing: Set(Standing::Listed.as_str().to_owned()),
        });
        assessment_candidate::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Writes the place that the draw gave.
pub async fn place(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
    place: u32,
) -> Result<(), StoreError> {
    change(
        db,
        assessment,
        assessor,
        assessment_candidate::Column::Place,
        Expr::value(place.cast_signed()),
    )
    .await
}

/// Writes what became of somebody.
pub async fn stand(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
    standing: Standing,
) -> Result<(), StoreError> {
    change(
        db,
        assessment,
        assessor,
        assessment_candidate::Column::Standing,
        Expr::value(standing.as_str()),
    )
    .await
}

async fn change(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
    column: assessment_candidate::Column,
    value: sea_orm::sea_query::SimpleExpr,
) -> Result<(), StoreError> {
    let done = assessment_candidate::Entity::update_many()
        .col_expr(column, value)
        .filter(assessment_candidate::Column::AssessmentId.eq(assessment.uuid()))
        .filter(assessment_candidate::Column::AssessorId.eq(assessor.uuid()))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::inconsistent("assessment_candidate", assessor))
    }
}

#[derive(FromQueryResult)]
struct CandidateRow {
    assessor_id: Uuid,
    staff_person_id: Uuid,
    organisation: String,
    place: Option<i32>,
    standing: String,
}

/// The list of an assessment: in the order of the draw, before it by id.
pub async fn of(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
) -> Result<Vec<Candidate>, StoreError> {
    let sql = "SELECT c.assessor_id, s.staff_person_id, s.organisation, c.place, c.standing FROM assessment_candidate c
        JOIN assessor s ON s.id = c.assessor_id WHERE c.assessment_id = $1 ORDER BY c.place, c.assessor_id";
    CandidateRow::find_by_statement(statement(db, sql, [assessment.uuid().into()]))
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Candidate {
                assessor: row.assessor_id.into(),
                person: StaffPersonId::new(row.staff_person_id),
                organisation: row.organisation,
                place: row.place.map(i32::cast_unsigned),
                standing: row.standing.parse().map_err(|_| {
                    StoreError::inconsistent("assessment_candidate", row.assessor_id)
                })?,
            })
        })
        .collect()
}

/// A relation as it is declared.
#[derive(Clone, Debug)]
pub struct Declared<'d> {
    /// Its id.
    pub id: Uuid,
    /// The assessment.
    pub assessment: AssessmentId,
    /// Who declares.
    pub person: StaffPersonId,
    /// The institution.
    pub institution: InstitutionId,
    /// The relation.
    pub relation: Relation,
    /// The same in words.
    pub words: &'d str,
    /// Whether it is a conflict by the rules of the day.
    pub conflicts: bool,
    /// The day.
    pub on: NaiveDate,
}

/// Keeps a declared relation.
pub async fn declare(db: &impl ConnectionTrait, new: &Declared<'_>) -> Result<(), StoreError> {
    let row = assessment_relation::ActiveModel {
        id: Set(new.id),
        assessment_id: Set(new.assessment.uuid()),
        staff_person_id: Set(new.person.uuid()),
        institution_id: Set(new.institution.uuid()),
        kind: Set(new.relation.kind.as_str().to_owned()),
        ended_on: Set(new.relation.ended_on.map(|day| day.to_string())),
        words: Set(new.words.to_owned()),
        conflicts: Set(new.conflicts),
        declared_on: Set(new.on.to_string()),
    };
    assessment_relation::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}
