//! Sums of responses: what staff see, and what an institution sees.

use chrono::NaiveDate;
use domain::ids::AdmissionId;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::StoreError;
use crate::entity::evidence::{survey_response, survey_shown};

/// Sums of the counted responses about an admission: how many, and the sum of each item.
pub async fn sums(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<(u32, [u32; 5]), StoreError> {
    sums_of(db, admission, false).await
}

async fn sums_of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    closed: bool,
) -> Result<(u32, [u32; 5]), StoreError> {
    use survey_response::Column as C;
    let mut query = survey_response::Entity::find()
        .select_only()
        .column(C::Items)
        .filter(C::AdmissionId.eq(admission.uuid()))
        .filter(C::State.eq("counted"));
    if closed {
        query = query.filter(C::EnrolmentId.is_null());
    }
    let rows: Vec<String> = query.into_tuple().all(db).await?;
    let mut sums = [0; 5];
    for row in &rows {
        let items: [u8; 5] = serde_json::from_str(row)
            .map_err(|_| StoreError::inconsistent("survey_response", admission))?;
        for (sum, item) in sums.iter_mut().zip(items) {
            *sum += u32::from(item);
        }
    }
    Ok((u32::try_from(rows.len()).unwrap_or(u32::MAX), sums))
}

/// The sums that an institution sees: as they were kept last; nothing while there was nothing to keep.
pub async fn shown(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<(u32, [u32; 5]), StoreError> {
    let Some(row) = survey_shown::Entity::find_by_id(admission.uuid())
        .one(db)
        .await?
    else {
        return Ok((0, [0; 5]));
    };
    let bad = || StoreError::inconsistent("survey_shown", admission);
    let sums = serde_json::from_str(&row.sums).map_err(|_| bad())?;
    Ok((u32::try_from(row.counted).map_err(|_| bad())?, sums))
}

/// Keeps the sums that institutions see, of waves that have closed, and only where so many answers more count than when
/// they were kept last: no two looks differ by few answers.
pub async fn keep_shown(
    db: &impl ConnectionTrait,
    least: u32,
    today: NaiveDate,
) -> Result<(), StoreError> {
    use survey_shown::Column as C;
    #[derive(FromQueryResult)]
    struct Row {
        admission_id: Uuid,
    }
    let sql = "SELECT r.admission_id FROM survey_response r LEFT JOIN survey_shown k ON k.admission_id = r.admission_id \
               WHERE r.state = 'counted' AND r.enrolment_id IS NULL GROUP BY r.admission_id, k.counted \
               HAVING COUNT(*) >= COALESCE(k.counted, 0) + $1 ORDER BY r.admission_id";
    let values = [Value::from(i64::from(least))];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    for row in Row::find_by_statement(statement).all(db).await? {
        let (counted, sums) = sums_of(db, row.admission_id.into(), true).await?;
        let new = survey_shown::Model {
            admission_id: row.admission_id,
            counted: i64::from(counted),
            sums: serde_json::Value::from(sums.to_vec()).to_string(),
            shown_on: today.to_string(),
        };
        survey_shown::Entity::insert(new.into_active_model())
            .on_conflict(
                OnConflict::column(C::AdmissionId)
                    .update_columns([C::Counted, C::Sums, C::ShownOn])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}
