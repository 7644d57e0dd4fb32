//! Survey invitations and responses. After closing a response knows its enrolment by a keyed index alone.

mod invitations;
mod responses;
mod sums;

use chrono::{DateTime, Utc};
use domain::ids::{AdmissionId, StaffPersonId};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    Statement, Value,
};
use uuid::Uuid;

use crate::entity::evidence::{survey_invitation, survey_response, survey_suspension};
use crate::scope::Scope;
use crate::{StoreError, time};

pub use invitations::{
    Invitation, Invited, by_token, invite, not_contactable, of_enrolment, opened, remind, to_ask,
    unanswered,
};
pub use responses::{
    NewResponse, answer, flagged, from_device, from_network, is_institution_network, on_day,
};
pub use sums::{keep_shown, shown, sums};

/// Takes identity away from responses whose survey has closed, and closes invitations that ended; answers both numbers.
pub async fn close(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(u64, u64), StoreError> {
    use survey_invitation::Column as C;
    let expired = survey_invitation::Entity::update_many()
        .col_expr(C::State, Expr::value("expired"))
        .filter(C::State.eq("open"))
        .filter(C::EndsAt.lte(time::millis(now)))
        .exec(db)
        .await?;
    let ended = sea_orm::sea_query::Query::select()
        .column(C::EnrolmentId)
        .from(survey_invitation::Entity)
        .and_where(C::EndsAt.lte(time::millis(now)))
        .to_owned();
    let separated = survey_response::Entity::update_many()
        .col_expr(
            survey_response::Column::EnrolmentId,
            Expr::value(None::<Uuid>),
        )
        .col_expr(
            survey_response::Column::DeviceIndex,
            Expr::value(None::<Vec<u8>>),
        )
        .col_expr(
            survey_response::Column::NetworkIndex,
            Expr::value(None::<Vec<u8>>),
        )
        .filter(survey_response::Column::EnrolmentId.in_subquery(ended))
        .exec(db)
        .await?;
    Ok((expired.rows_affected, separated.rows_affected))
}

/// Suspends the survey of an admission, or takes that back.
pub async fn suspend(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    reason: Option<&str>,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(reason) = reason else {
        survey_suspension::Entity::delete_by_id(admission.uuid())
            .exec(db)
            .await?;
        return Ok(());
    };
    let row = survey_suspension::Model {
        admission_id: admission.uuid(),
        reason: reason.to_owned(),
        since: time::millis(now),
        suspended_by: by.uuid(),
    };
    survey_suspension::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The admissions whose survey is suspended.
pub async fn suspended(db: &impl ConnectionTrait) -> Result<Vec<AdmissionId>, StoreError> {
    let rows = survey_suspension::Entity::find().all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| row.admission_id.into())
        .collect())
}

/// A class with its survey, in counts.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct OfClass {
    /// The class.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Trainees who were asked.
    pub asked: i64,
    /// Of these not yet answered, and still open.
    pub open: i64,
    /// Until when the last of them is open (Unix milliseconds).
    pub ends_at: Option<i64>,
}

/// Classes of the scope that have ended, those with open invitations first, then the newest.
pub async fn classes(
    db: &impl ConnectionTrait,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<OfClass>, StoreError> {
    let (within, value) = scope.sql("c.site_region", "c.institution_id", 2);
    let mut values: Vec<Value> = vec![time::millis(now).into()];
    values.extend(value);
    let sql = format!(
        "SELECT c.id, c.code, c.name, CAST(COUNT(s.id) AS BIGINT) AS asked, \
         CAST(SUM(CASE WHEN s.state = 'open' AND s.ends_at > $1 THEN 1 ELSE 0 END) AS BIGINT) AS open, \
         MAX(s.ends_at) AS ends_at FROM cohort c LEFT JOIN enrolment e ON e.cohort_id = c.id \
         LEFT JOIN survey_invitation s ON s.enrolment_id = e.id \
         WHERE c.state IN ('finished', 'accepted', 'archived') AND {within} \
         GROUP BY c.id, c.code, c.name, c.end_on ORDER BY CASE WHEN SUM(CASE WHEN s.state = 'open' AND s.ends_at > $1 THEN 1 ELSE 0 END) > 0 THEN 0 ELSE 1 END, c.end_on DESC, c.id DESC LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(OfClass::find_by_statement(statement).all(db).await?)
}
