//! Counts of the monitoring: what each enrolment counted as, and the sums of each institution, kept up person by person.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::ids::PersonId;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    Statement,
};
use uuid::Uuid;

use crate::StoreError;
use crate::entity::monitoring::{monitoring_count, monitoring_outcome};

/// What one enrolment counts as: for each indicator nothing, or whether it is a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The enrolment.
    pub enrolment: Uuid,
    /// Its admission.
    pub admission: Uuid,
    /// Category and band as a number, 0 to 13.
    pub stratum: u8,
    /// Indicators in which it counts, each with whether it is a success.
    pub outcome: BTreeMap<String, bool>,
    /// The next day on which it may count as something else although nothing new is known.
    pub look_on: Option<String>,
}

/// Enrolments of these people with their admissions.
pub async fn enrolments_of(
    db: &impl ConnectionTrait,
    people: &[Uuid],
) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: Uuid,
        admission_id: Uuid,
    }
    let sql = format!(
        "SELECT e.id, c.admission_id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE e.person_id IN ({}) ORDER BY e.id",
        crate::cohorts::placeholders(1, people.len())
    );
    let values = people.iter().map(|id| (*id).into());
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Found::find_by_statement(statement).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.admission_id))
        .collect())
}

/// Puts the outcomes of a person's enrolments in place of the ones before, and moves the sums by the difference.
///
/// It touches the rows of these enrolments and of their institutions, and nothing else.
pub async fn put(db: &impl ConnectionTrait, all: &[Counted]) -> Result<(), StoreError> {
    let ids = all.iter().map(|one| one.enrolment);
    let before = monitoring_outcome::Entity::find()
        .filter(monitoring_outcome::Column::EnrolmentId.is_in(ids))
        .all(db)
        .await?;
    let mut deltas: BTreeMap<(Uuid, String, i32), (i64, i64)> = BTreeMap::new();
    for row in &before {
        let outcome: BTreeMap<String, bool> = serde_json::from_str(&row.outcome)
            .map_err(|_| StoreError::inconsistent("monitoring_outcome", row.enrolment_id))?;
        for (indicator, good) in outcome {
            let delta = deltas
                .entry((row.admission_id, indicator, row.stratum))
                .or_default();
            *delta = (delta.0 - 1, delta.1 - i64::from(good));
        }
    }
    for one in all {
        for (indicator, good) in &one.outcome {
            let key = (one.admission, indicator.clone(), i32::from(one.stratum));
            let delta = deltas.entry(key).or_default();
            *delta = (delta.0 + 1, delta.1 + i64::from(*good));
        }
    }
    for one in all {
        let row = monitoring_outcome::Model {
            enrolment_id: one.enrolment,
            admission_id: one.admission,
            stratum: i32::from(one.stratum),
            outcome: serde_json::to_string(&one.outcome)
                .map_err(|_| StoreError::inconsistent("monitoring_outcome", one.enrolment))?,
            look_on: one.look_on.clone(),
        };
        monitoring_outcome::Entity::insert(row.into_active_model())
            .on_conflict(
                OnConflict::column(monitoring_outcome::Column::EnrolmentId)
                    .update_columns([
                        monitoring_outcome::Column::AdmissionId,
                        monitoring_outcome::Column::Stratum,
                        monitoring_outcome::Column::Outcome,
                        monitoring_outcome::Column::LookOn,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    for ((admission, indicator, stratum), (n, observed)) in deltas {
        if (n, observed) == (0, 0) {
            continue;
        }
        let row = monitoring_count::Model {
            admission_id: admission,
            indicator,
            stratum,
            n,
            observed,
        };
        let add = |column: monitoring_count::Column, by: i64| {
            (
                column,
                Expr::col((monitoring_count::Entity, column)).add(by),
            )
        };
        monitoring_count::Entity::insert(row.into_active_model())
            .on_conflict(
                OnConflict::columns([
                    monitoring_count::Column::AdmissionId,
                    monitoring_count::Column::Indicator,
                    monitoring_count::Column::Stratum,
                ])
                .values([
                    add(monitoring_count::Column::N, n),
                    add(monitoring_count::Column::Observed, observed),
                ])
                .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// People of whom an enrolment may count as something else since a day that has come, at most so many.
pub async fn due(
    db: &impl ConnectionTrait,
    today: NaiveDate,
    limit: u64,
) -> Result<Vec<PersonId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        person_id: Uuid,
    }
    let sql = format!(
        "SELECT DISTINCT e.person_id FROM enrolment e WHERE e.id IN (SELECT o.enrolment_id FROM monitoring_outcome o \
         WHERE o.look_on IS NOT NULL AND o.look_on <= $1 ORDER BY o.look_on LIMIT {limit})"
    );
    let values = [today.to_string().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Found::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.person_id.into()).collect())
}

/// The sums of an institution: indicator, stratum, people, successes.
pub async fn counts(
    db: &impl ConnectionTrait,
    admission: Uuid,
) -> Result<Vec<(String, u8, u32, u32)>, StoreError> {
    let rows = monitoring_count::Entity::find()
        .filter(monitoring_count::Column::AdmissionId.eq(admission))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let bad = |_| StoreError::inconsistent("monitoring_count", row.admission_id);
            Ok((
                row.indicator,
                u8::try_from(row.stratum).map_err(bad)?,
                u32::try_from(row.n).map_err(bad)?,
                u32::try_from(row.observed).map_err(bad)?,
            ))
        })
        .collect()
}
