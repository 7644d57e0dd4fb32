//! What a class needs to know about its offer, the admission and the program.

use domain::cohort::{CohortState, HeldPlaces, Standing};
use domain::ids::{AdmissionId, CohortId, InstitutionId, OfferId, ProgramVersionId};
use domain::institution::Grade;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, Statement,
};
use uuid::Uuid;

use crate::entity::cohorts::cohort;
use crate::{StoreError, time};

/// What a new class needs to know about its offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferFacts {
    /// The offer.
    pub offer: OfferId,
    /// Its admission.
    pub admission: AdmissionId,
    /// Its institution.
    pub institution: InstitutionId,
    /// Its program version.
    pub program_version: ProgramVersionId,
    /// Division of its site.
    pub site_region: String,
    /// Hours of the program.
    pub hours: u32,
    /// Whether the offer is open.
    pub offer_open: bool,
    /// Standing of the institution.
    pub standing: Standing,
    /// Grade of the institution.
    pub grade: Option<Grade>,
    /// Certificate type, `None` where the program is not certifiable.
    pub certificate_type: Option<String>,
    /// Whether the program version was published once.
    pub program_published: bool,
}

/// Open classes of an admission and the places in them; lock the admission first ([`lock_offer`]).
pub async fn open_load(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<(u32, u32), StoreError> {
    let states = CohortState::ALL
        .iter()
        .filter(|state| state.is_open())
        .map(|state| state.as_str());
    let places: Vec<i32> = cohort::Entity::find()
        .select_only()
        .column(cohort::Column::Places)
        .filter(cohort::Column::AdmissionId.eq(admission.uuid()))
        .filter(cohort::Column::State.is_in(states))
        .into_tuple()
        .all(db)
        .await?;
    let total = places
        .iter()
        .map(|places| places.cast_unsigned())
        .fold(0_u32, u32::saturating_add);
    Ok((u32::try_from(places.len()).unwrap_or(u32::MAX), total))
}

/// Classes of an admission with their days and places, except those that were given up before they began.
pub async fn held_places(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<(CohortId, CohortState, HeldPlaces)>, StoreError> {
    let rows = cohort::Entity::find()
        .filter(cohort::Column::AdmissionId.eq(admission.uuid()))
        .filter(cohort::Column::State.ne(CohortState::Cancelled.as_str()))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let state = row
                .state
                .parse()
                .map_err(|_| StoreError::inconsistent("cohort", row.id))?;
            let held = HeldPlaces {
                start_on: time::date(&row.start_on)?,
                end_on: time::date(&row.end_on)?,
                places: row.places.cast_unsigned(),
            };
            Ok((row.id.into(), state, held))
        })
        .collect()
}

#[derive(FromQueryResult)]
struct OfferRow {
    offer_id: Uuid,
    admission_id: Uuid,
    institution_id: Uuid,
    program_version_id: Uuid,
    site_region: String,
    hours: i32,
    offer_state: String,
    admission_state: String,
    grade: Option<String>,
    certificate_type: Option<String>,
    published_on: Option<String>,
}

const OFFER: &str = "SELECT o.id AS offer_id, a.id AS admission_id, a.institution_id, v.id AS program_version_id, \
     s.region AS site_region, v.hours, o.state AS offer_state, a.state AS admission_state, a.grade, v.certificate_type, v.published_on \
     FROM offer o JOIN admission a ON a.id = o.admission_id JOIN site s ON s.id = o.site_id \
     JOIN program_version v ON v.id = o.program_version_id WHERE o.id = $1";

/// What stands about an offer.
pub async fn offer(
    db: &impl ConnectionTrait,
    id: OfferId,
) -> Result<Option<OfferFacts>, StoreError> {
    offer_by(db, OFFER, id).await
}

/// The same, with its admission locked until the transaction ends: caps are counted and suspensions wait.
pub async fn lock_offer(
    db: &impl ConnectionTrait,
    id: OfferId,
) -> Result<Option<OfferFacts>, StoreError> {
    if db.get_database_backend() == DbBackend::Postgres {
        offer_by(
            db,
            &format!("{OFFER} FOR UPDATE OF a FOR SHARE OF o, v"),
            id,
        )
        .await
    } else {
        offer_by(db, OFFER, id).await
    }
}

async fn offer_by(
    db: &impl ConnectionTrait,
    sql: &str,
    id: OfferId,
) -> Result<Option<OfferFacts>, StoreError> {
    let statement =
        Statement::from_sql_and_values(db.get_database_backend(), sql, [id.uuid().into()]);
    OfferRow::find_by_statement(statement)
        .one(db)
        .await?
        .map(OfferFacts::try_from)
        .transpose()
}

/// What the state of an admission means for classes.
fn standing(state: &str, grade: Option<&str>) -> Option<Standing> {
    Some(match state {
        // T13: new classes stop only where the grade is D, or where there is none yet.
        "rectifying" if matches!(grade, Some("A" | "B" | "C")) => Standing::Full,
        "rectifying" if grade == Some("P") => Standing::Provisional,
        "provisional" => Standing::Provisional,
        "graded" | "warned" => Standing::Full,
        "rectifying" | "exit_notice" => Standing::NoNewClasses,
        "suspended" => Standing::Suspended,
        "exited" => Standing::Exited,
        "applied" | "returned" | "under_review" | "rejected" | "admission_notice" => {
            Standing::NotAdmitted
        }
        _ => return None,
    })
}

impl TryFrom<OfferRow> for OfferFacts {
    type Error = StoreError;

    fn try_from(row: OfferRow) -> Result<Self, StoreError> {
        let grade = row.grade.as_deref().map(str::parse).transpose();
        Ok(Self {
            offer: row.offer_id.into(),
            admission: row.admission_id.into(),
            institution: row.institution_id.into(),
            program_version: row.program_version_id.into(),
            site_region: row.site_region,
            hours: row.hours.cast_unsigned(),
            offer_open: row.offer_state == "open",
            standing: standing(&row.admission_state, row.grade.as_deref())
                .ok_or_else(|| StoreError::inconsistent("admission", row.admission_id))?,
            grade: grade.map_err(|_| StoreError::inconsistent("admission", row.admission_id))?,
            certificate_type: row.certificate_type,
            program_published: row.published_on.is_some(),
        })
    }
}
