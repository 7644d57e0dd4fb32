//! Visits with their team and countersignature; drafts of a report, item by item (field.md 19).

use chrono::{DateTime, NaiveDate, Utc};
use domain::assessment::{ChecklistItem, Countersignature};
use domain::ids::{AssessmentId, AssessorId, StaffPersonId};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};
use uuid::Uuid;

use crate::entity::assessments::{assessment_draft, assessment_visit};
use crate::{StoreError, time};

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Its id.
    pub id: Uuid,
    /// The assessment.
    pub assessment: AssessmentId,
    /// Who held it.
    pub assessor: AssessorId,
    /// Where.
    pub place: String,
    /// When they came.
    pub arrived_at: DateTime<Utc>,
    /// When they left.
    pub left_at: DateTime<Utc>,
    /// The team as JSON, each with what was declared.
    pub members: String,
    /// What was looked at.
    pub record: String,
    /// Until when the institution may countersign.
    pub answer_until: NaiveDate,
    /// What it said.
    pub countersignature: Countersignature,
    /// Why it refused, or what it remarks.
    pub reason: Option<String>,
    /// When it answered.
    pub answered_on: Option<NaiveDate>,
    /// Who recorded the visit.
    pub recorded_by: StaffPersonId,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

impl TryFrom<assessment_visit::Model> for Visit {
    type Error = StoreError;

    fn try_from(row: assessment_visit::Model) -> Result<Self, StoreError> {
        Ok(Self {
            countersignature: row
                .countersignature
                .parse()
                .map_err(|_| StoreError::inconsistent("assessment_visit", row.id))?,
            id: row.id,
            assessment: row.assessment_id.into(),
            assessor: row.assessor_id.into(),
            place: row.place,
            arrived_at: time::instant(row.arrived_at)?,
            left_at: time::instant(row.left_at)?,
            members: row.members,
            record: row.record,
            answer_until: time::date(&row.answer_until)?,
            reason: row.reason,
            answered_on: time::optional_date(row.answered_on.as_deref())?,
            recorded_by: row.recorded_by.into(),
            recorded_at: time::instant(row.recorded_at)?,
        })
    }
}

/// Keeps a visit.
pub async fn insert(db: &impl ConnectionTrait, new: &Visit) -> Result<(), StoreError> {
    let row = assessment_visit::Model {
        id: new.id,
        assessment_id: new.assessment.uuid(),
        assessor_id: new.assessor.uuid(),
        place: new.place.clone(),
        arrived_at: time::millis(new.arrived_at),
        left_at: time::millis(new.left_at),
        members: new.members.clone(),
        record: new.record.clone(),
        answer_until: new.answer_until.to_string(),
        countersignature: new.countersignature.as_str().to_owned(),
        reason: new.reason.clone(),
        answered_by: None,
        answered_on: None,
        recorded_by: new.recorded_by.uuid(),
        recorded_at: time::millis(new.recorded_at),
    };
    assessment_visit::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Visits of an assessment, oldest first.
pub async fn of(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
) -> Result<Vec<Visit>, StoreError> {
    assessment_visit::Entity::find()
        .filter(assessment_visit::Column::AssessmentId.eq(assessment.uuid()))
        .order_by_asc(assessment_visit::Column::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Visit::try_from)
        .collect()
}

/// Writes the institution's answer; `Stale` when there is one.
pub async fn answer(
    db: &impl ConnectionTrait,
    id: Uuid,
    answer: Countersignature,
    reason: Option<&str>,
    by: StaffPersonId,
    on: NaiveDate,
) -> Result<(), StoreError> {
    use assessment_visit::Column as C;
    let done = assessment_visit::Entity::update_many()
        .col_expr(C::Countersignature, Expr::value(answer.as_str()))
        .col_expr(C::Reason, Expr::value(reason.map(str::to_owned)))
        .col_expr(C::AnsweredBy, Expr::value(by.uuid()))
        .col_expr(C::AnsweredOn, Expr::value(on.to_string()))
        .filter(C::Id.eq(id))
        .filter(C::Countersignature.eq(Countersignature::Open.as_str()))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// Keeps the draft of an item in place of the one before.
pub async fn draft(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
    item: ChecklistItem,
    text: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    use assessment_draft::Column as C;
    let row = assessment_draft::ActiveModel {
        assessment_id: Set(assessment.uuid()),
        assessor_id: Set(assessor.uuid()),
        item: Set(item.as_str().to_owned()),
        text: Set(text.to_owned()),
        saved_at: Set(time::millis(at)),
    };
    let key = [C::AssessmentId, C::AssessorId, C::Item];
    assessment_draft::Entity::insert(row)
        .on_conflict(
            OnConflict::columns(key)
                .update_columns([C::Text, C::SavedAt])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The drafts of an assessor.
pub async fn drafts(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
    assessor: AssessorId,
) -> Result<Vec<(ChecklistItem, String)>, StoreError> {
    use assessment_draft::Column as C;
    let rows = assessment_draft::Entity::find()
        .filter(C::AssessmentId.eq(assessment.uuid()))
        .filter(C::AssessorId.eq(assessor.uuid()))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let item = row
                .item
                .parse()
                .map_err(|_| StoreError::inconsistent("assessment_draft", row.assessment_id))?;
            Ok((item, row.text))
        })
        .collect()
}

/// Forgets the drafts of an assessment: the report stands, or somebody else begins anew.
pub async fn forget_drafts(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
) -> Result<(), StoreError> {
    assessment_draft::Entity::delete_many()
        .filter(assessment_draft::Column::AssessmentId.eq(assessment.uuid()))
        .exec(db)
        .await?;
    Ok(())
}
