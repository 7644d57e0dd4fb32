//! What an assessor adds to a report that was handed in (pages.md 6.8).

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{AssessmentId, AssessorId, StaffPersonId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::entity::assessments::assessment_supplement;
use crate::{StoreError, time};

/// A supplement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplement {
    /// Its id.
    pub id: Uuid,
    /// The assessment.
    pub assessment: AssessmentId,
    /// Who held it.
    pub assessor: AssessorId,
    /// What is added.
    pub text: String,
    /// Day.
    pub on: NaiveDate,
    /// Who.
    pub by: StaffPersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a supplement.
pub async fn insert(db: &impl ConnectionTrait, new: &Supplement) -> Result<(), StoreError> {
    let row = assessment_supplement::Model {
        id: new.id,
        assessment_id: new.assessment.uuid(),
        assessor_id: new.assessor.uuid(),
        text: new.text.clone(),
        added_on: new.on.to_string(),
        added_by: new.by.uuid(),
        added_at: time::millis(new.at),
    };
    assessment_supplement::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Supplements of an assessment, oldest first.
pub async fn of(
    db: &impl ConnectionTrait,
    assessment: AssessmentId,
) -> Result<Vec<Supplement>, StoreError> {
    use assessment_supplement::Column as C;
    assessment_supplement::Entity::find()
        .filter(C::AssessmentId.eq(assessment.uuid()))
        .order_by_asc(C::Id)
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            Ok(Supplement {
                id: row.id,
                assessment: row.assessment_id.into(),
                assessor: row.assessor_id.into(),
                on: time::date(&row.added_on)?,
                by: row.added_by.into(),
                at: time::instant(row.added_at)?,
                text: row.text,
            })
        })
        .collect()
}
