//! Approved exclusions of enrolments.

use chrono::{DateTime, NaiveDate, Utc};
use domain::grading::Exclusion;
use domain::ids::{DocumentId, EnrolmentId, StaffPersonId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

use crate::entity::evidence::enrolment_exclusion;
use crate::{StoreError, time};

/// Writes an approved exclusion in place of the one before.
pub async fn exclude(
    db: &impl ConnectionTrait,
    enrolment: EnrolmentId,
    code: Exclusion,
    on: NaiveDate,
    document: DocumentId,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use enrolment_exclusion::Column as C;
    let row = enrolment_exclusion::Model {
        enrolment_id: enrolment.uuid(),
        code: code.as_str().to_owned(),
        on_date: on.to_string(),
        document_id: document.uuid(),
        approved_by: by.uuid(),
        approved_at: time::millis(now),
    };
    enrolment_exclusion::Entity::insert(row.into_active_model())
        .on_conflict(
            OnConflict::column(C::EnrolmentId)
                .update_columns([
                    C::Code,
                    C::OnDate,
                    C::DocumentId,
                    C::ApprovedBy,
                    C::ApprovedAt,
                ])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}
