//! What the checks before an issue look at, and the reviews that let a held batch through; licensed places of sites.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use domain::cohort::CohortState;
use domain::ids::{BatchId, CohortId, DocumentId, SiteId, StaffPersonId};
use domain::issue_checks::HoldReason;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, Statement, Value,
};
use uuid::Uuid;

use crate::entity::cases::{batch_review, site_licence};
use crate::{StoreError, time};

/// What stands around a class that the checks look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day.
    pub end_on: NaiveDate,
    /// Hours taught.
    pub hours_taught: u32,
    /// Places announced.
    pub places: u32,
    /// Places that the licence of the site allows, where recorded.
    pub licensed_places: Option<u32>,
    /// Teachers of this class who are announced at another site of the institution on the same days.
    pub teachers_elsewhere: Vec<String>,
    /// Teachers of this class whose name another institution of the province announces on the same days: the same person, or
    /// a namesake, which somebody has to look at.
    pub teachers_at_others: Vec<String>,
    /// Certificates of the institution issued since the day asked about.
    pub issued_recently: u32,
}

#[derive(FromQueryResult)]
struct ClassRow {
    start_on: String,
    end_on: String,
    hours_taught: i32,
    places: i32,
    teachers: String,
    institution_id: Uuid,
    admission_id: Uuid,
    federation: String,
    site_id: Uuid,
    licensed: Option<i32>,
}

#[derive(FromQueryResult)]
struct TeachersRow {
    teachers: String,
    institution_id: Uuid,
}

#[derive(FromQueryResult)]
struct CountRow {
    n: i64,
}

/// Reads what stands around a class; certificates are counted since `since`.
pub async fn around(
    db: &impl ConnectionTrait,
    cohort: CohortId,
    since: DateTime<Utc>,
) -> Result<Around, StoreError> {
    let backend = db.get_database_backend();
    let bad = || StoreError::inconsistent("cohort", cohort);
    let statement = Statement::from_sql_and_values(
        backend,
        "SELECT c.start_on, c.end_on, c.hours_taught, c.places, c.teachers, c.institution_id, c.admission_id, \
         a.federation, o.site_id, l.places AS licensed FROM cohort c JOIN offer o ON o.id = c.offer_id \
         JOIN admission a ON a.id = c.admission_id \
         LEFT JOIN site_licence l ON l.site_id = o.site_id WHERE c.id = $1",
        [Value::from(cohort.uuid())],
    );
    let row = ClassRow::find_by_statement(statement)
        .one(db)
        .await?
        .ok_or_else(bad)?;
    let states: Vec<String> = CohortState::ALL
        .iter()
        .filter(|state| state.takes_time())
        .map(|state| format!("'{state}'"))
        .collect();
    let statement = Statement::from_sql_and_values(
        backend,
        format!(
            "SELECT c.teachers, c.institution_id FROM cohort c JOIN offer o ON o.id = c.offer_id \
             JOIN admission a ON a.id = c.admission_id WHERE (c.institution_id = $1 OR a.federation = $6) AND c.id <> $2 \
             AND o.site_id <> $3 AND c.start_on <= $4 AND c.end_on >= $5 AND c.state IN ({})",
            states.join(", ")
        ),
        [
            Value::from(row.institution_id),
            cohort.uuid().into(),
            row.site_id.into(),
            row.end_on.as_str().into(),
            row.start_on.as_str().into(),
            row.federation.as_str().into(),
        ],
    );
    let own: Vec<String> = serde_json::from_str(&row.teachers).map_err(|_| bad())?;
    let (mut elsewhere, mut at_others) = (BTreeSet::new(), BTreeSet::new());
    for other in TeachersRow::find_by_statement(statement).all(db).await? {
        let others: Vec<String> = serde_json::from_str(&other.teachers).map_err(|_| bad())?;
        let found = if other.institution_id == row.institution_id {
            &mut elsewhere
        } else {
            &mut at_others
        };
        found.extend(own.iter().filter(|one| others.contains(one)).cloned());
    }
    let statement = Statement::from_sql_and_values(
        backend,
        "SELECT COUNT(*) AS n FROM certificate WHERE admission_id = $1 AND issued_at >= $2",
        [Value::from(row.admission_id), time::millis(since).into()],
    );
    let issued = CountRow::find_by_statement(statement)
        .one(db)
        .await?
        .map_or(0, |row| row.n);
    Ok(Around {
        start_on: time::date(&row.start_on)?,
        end_on: time::date(&row.end_on)?,
        hours_taught: row.hours_taught.try_into().map_err(|_| bad())?,
        places: row.places.try_into().map_err(|_| bad())?,
        licensed_places: row
            .licensed
            .map(u32::try_from)
            .transpose()
            .map_err(|_| bad())?,
        teachers_elsewhere: elsewhere.into_iter().collect(),
        teachers_at_others: at_others.into_iter().collect(),
        issued_recently: u32::try_from(issued).unwrap_or(u32::MAX),
    })
}

/// A review of a held batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its id.
    pub id: Uuid,
    /// The batch.
    pub batch: BatchId,
    /// Which reasons it lets pass.
    pub reasons: Vec<HoldReason>,
    /// Why.
    pub reason: String,
    /// Who reviewed.
    pub by: StaffPersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Writes a review.
pub async fn insert(db: &impl ConnectionTrait, new: &Review) -> Result<(), StoreError> {
    let row = batch_review::ActiveModel {
        id: Set(new.id),
        batch_id: Set(new.batch.uuid()),
        reasons: Set(serde_json::to_string(&new.reasons)
            .map_err(|_| StoreError::inconsistent("batch_review", new.id))?),
        reason: Set(new.reason.clone()),
        reviewed_by: Set(new.by.uuid()),
        reviewed_at: Set(time::millis(new.at)),
    };
    batch_review::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Reviews of a batch, oldest first.
pub async fn of(db: &impl ConnectionTrait, batch: BatchId) -> Result<Vec<Review>, StoreError> {
    let rows = batch_review::Entity::find()
        .filter(batch_review::Column::BatchId.eq(batch.uuid()))
        .order_by_asc(batch_review::Column::Id)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Review {
                reasons: serde_json::from_str(&row.reasons)
                    .map_err(|_| StoreError::inconsistent("batch_review", row.id))?,
                id: row.id,
                batch: row.batch_id.into(),
                by: row.reviewed_by.into(),
                at: time::instant(row.reviewed_at)?,
                reason: row.reason,
            })
        })
        .collect()
}

/// Records the places that the licence of a site allows; a newer record replaces the older one.
pub async fn license(
    db: &impl ConnectionTrait,
    site: SiteId,
    places: u32,
    document: DocumentId,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use site_licence::Column;
    let row = site_licence::ActiveModel {
        site_id: Set(site.uuid()),
        places: Set(places.cast_signed()),
        document_id: Set(document.uuid()),
        recorded_by: Set(by.uuid()),
        recorded_at: Set(time::millis(now)),
    };
    site_licence::Entity::insert(row)
        .on_conflict(
            OnConflict::column(Column::SiteId)
                .update_columns([
                    Column::Places,
                    Column::DocumentId,
                    Column::RecordedBy,
                    Column::RecordedAt,
                ])
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}
