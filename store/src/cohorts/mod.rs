//! Cohorts, and what they need to know about offer, admission and program.

mod labels;
mod offers;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use domain::cohort::{CohortState, Track};
use domain::ids::{AdmissionId, CohortId, InstitutionId, OfferId, ProgramVersionId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::cohorts::cohort;
use crate::scope::Scope;
use crate::{StoreError, time};
pub use labels::{Label, LocalFederation, labels, local_federation};
pub use offers::{OfferFacts, held_places, lock_offer, offer, open_load};

/// A class as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// Its id.
    pub id: CohortId,
    /// Public code.
    pub code: String,
    /// The offer it teaches.
    pub offer: OfferId,
    /// The admission under which it is held.
    pub admission: AdmissionId,
    /// Who holds it.
    pub institution: InstitutionId,
    /// What is taught.
    pub program_version: ProgramVersionId,
    /// Division of the site, or federation code of a corps site.
    pub site_region: String,
    /// Name.
    pub name: String,
    /// Full days or village half-days.
    pub track: Track,
    /// State.
    pub state: CohortState,
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day as planned.
    pub end_on: NaiveDate,
    /// Hours planned.
    pub planned_hours: u32,
    /// Hours taught so far.
    pub hours_taught: u32,
    /// Places.
    pub places: u32,
    /// Price of one place in fen.
    pub price_fen: i64,
    /// Teachers, as published.
    pub teachers: Vec<String>,
    /// When the county confirmed the announcement.
    pub confirmed_on: Option<NaiveDate>,
    /// Until when the county should answer.
    pub due_on: Option<NaiveDate>,
    /// How often acceptance failed.
    pub sent_back: u32,
    /// Since when it is in this state.
    pub state_since: DateTime<Utc>,
    /// Raised by every change.
    pub revision: i32,
}

/// What a list may be narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// State.
    pub state: Option<CohortState>,
    /// Institution.
    pub institution: Option<InstitutionId>,
    /// Only what anybody may see.
    pub public_only: bool,
}

/// Writes a new class.
pub async fn insert(db: &impl ConnectionTrait, cohort: &Cohort) -> Result<(), StoreError> {
    let row = cohort::ActiveModel {
        id: Set(cohort.id.uuid()),
        code: Set(cohort.code.clone()),
        offer_id: Set(cohort.offer.uuid()),
        admission_id: Set(cohort.admission.uuid()),
        institution_id: Set(cohort.institution.uuid()),
        program_version_id: Set(cohort.program_version.uuid()),
        site_region: Set(cohort.site_region.clone()),
        name: Set(cohort.name.clone()),
        track: Set(cohort.track.as_str().to_owned()),
        state: Set(cohort.state.as_str().to_owned()),
        start_on: Set(cohort.start_on.to_string()),
        end_on: Set(cohort.end_on.to_string()),
        planned_hours: Set(cohort.planned_hours.cast_signed()),
        hours_taught: Set(cohort.hours_taught.cast_signed()),
        places: Set(cohort.places.cast_signed()),
        price_fen: Set(cohort.price_fen),
        teachers: Set(serde_json::Value::from(cohort.teachers.clone()).to_string()),
        confirmed_on: Set(cohort.confirmed_on.map(|day| day.to_string())),
        due_on: Set(cohort.due_on.map(|day| day.to_string())),
        returned_count: Set(cohort.sent_back.cast_signed()),
        state_since: Set(time::millis(cohort.state_since)),
        revision: Set(cohort.revision),
    };
    cohort::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The class with this id inside the scope.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: CohortId,
) -> Result<Option<Cohort>, StoreError> {
    scoped(scope)
        .filter(cohort::Column::Id.eq(id.uuid()))
        .one(db)
        .await?
        .map(Cohort::try_from)
        .transpose()
}

/// The same, locked until the transaction ends.
pub async fn lock(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: CohortId,
) -> Result<Option<Cohort>, StoreError> {
    scoped(scope)
        .filter(cohort::Column::Id.eq(id.uuid()))
        .lock_exclusive()
        .one(db)
        .await?
        .map(Cohort::try_from)
        .transpose()
}

/// Classes inside the scope, newest first, at most `limit`, older than the one given.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    filter: &Filter,
    before: Option<CohortId>,
    limit: u64,
) -> Result<Vec<Cohort>, StoreError> {
    let mut query = scoped(scope);
    if let Some(state) = filter.state {
        query = query.filter(cohort::Column::State.eq(state.as_str()));
    }
    if let Some(institution) = filter.institution {
        query = query.filter(cohort::Column::InstitutionId.eq(institution.uuid()));
    }
    if filter.public_only {
        query = query.filter(cohort::Column::State.ne(CohortState::Planned.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(cohort::Column::Id.lt(before.uuid()));
    }
    let rows = query
        .order_by_desc(cohort::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(Cohort::try_from).collect()
}

/// Writes what may change, and raises the revision; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, cohort: &Cohort) -> Result<i32, StoreError> {
    let done = cohort::Entity::update_many()
        .col_expr(cohort::Column::State, Expr::value(cohort.state.as_str()))
        .col_expr(
            cohort::Column::HoursTaught,
            Expr::value(cohort.hours_taught.cast_signed()),
        )
        .col_expr(
            cohort::Column::ConfirmedOn,
            Expr::value(cohort.confirmed_on.map(|day| day.to_string())),
        )
        .col_expr(
            cohort::Column::DueOn,
            Expr::value(cohort.due_on.map(|day| day.to_string())),
        )
        .col_expr(
            cohort::Column::ReturnedCount,
            Expr::value(cohort.sent_back.cast_signed()),
        )
        .col_expr(
            cohort::Column::StateSince,
            Expr::value(time::millis(cohort.state_since)),
        )
        .col_expr(cohort::Column::Revision, Expr::value(cohort.revision + 1))
        .filter(cohort::Column::Id.eq(cohort.id.uuid()))
        .filter(cohort::Column::Revision.eq(cohort.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(cohort.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

/// Whether a class has this code.
pub async fn code_taken(db: &impl ConnectionTrait, code: &str) -> Result<bool, StoreError> {
    let found = cohort::Entity::find()
        .filter(cohort::Column::Code.eq(code))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// `$n, $n+1, ...`
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let list: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    list.join(", ")
}

fn scoped(scope: &Scope) -> sea_orm::Select<cohort::Entity> {
    cohort::Entity::find()
        .filter(scope.condition(cohort::Column::SiteRegion, cohort::Column::InstitutionId))
}

impl TryFrom<cohort::Model> for Cohort {
    type Error = StoreError;

    fn try_from(row: cohort::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("cohort", row.id);
        Ok(Self {
            id: row.id.into(),
            offer: row.offer_id.into(),
            admission: row.admission_id.into(),
            institution: row.institution_id.into(),
            program_version: row.program_version_id.into(),
            track: row.track.parse().map_err(|_| bad())?,
            state: row.state.parse().map_err(|_| bad())?,
            start_on: time::date(&row.start_on)?,
            end_on: time::date(&row.end_on)?,
            planned_hours: row.planned_hours.try_into().map_err(|_| bad())?,
            hours_taught: row.hours_taught.try_into().map_err(|_| bad())?,
            places: row.places.try_into().map_err(|_| bad())?,
            teachers: serde_json::from_str(&row.teachers).map_err(|_| bad())?,
            confirmed_on: time::optional_date(row.confirmed_on.as_deref())?,
            due_on: time::optional_date(row.due_on.as_deref())?,
            sent_back: row.returned_count.try_into().map_err(|_| bad())?,
            state_since: time::instant(row.state_since)?,
            revision: row.revision,
            price_fen: row.price_fen,
            code: row.code,
            site_region: row.site_region,
            name: row.name,
        })
    }
}
