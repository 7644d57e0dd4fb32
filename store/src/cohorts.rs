//! Cohorts, and what they need to know about offer, admission and program.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::cohort::{CohortState, Standing, Track};
use domain::ids::{AdmissionId, CohortId, InstitutionId, OfferId, ProgramVersionId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::entity::cohorts::cohort;
use crate::entity::reference::{federation, federation_area};
use crate::scope::Scope;
use crate::{StoreError, time};

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
    /// Certificate type, `None` where the program is not certifiable.
    pub certificate_type: Option<String>,
    /// Whether the program version was published once.
    pub program_published: bool,
}

/// Names around a class, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Program code.
    pub program_code: String,
    /// Program name.
    pub program_name: String,
    /// Institution name.
    pub institution_name: String,
    /// Site name.
    pub site_name: String,
    /// Code of the certificate type.
    pub certificate_type: Option<String>,
    /// Enrolments that fill a place.
    pub taken: u32,
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

/// The lowest federation that looks after a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFederation {
    /// Its code.
    pub code: String,
    /// Role of the officers who act for it: the county's, or the province's where there is none below.
    pub role: Role,
}

/// The lowest federation that looks after a site: the county, or the city or province that has none below.
pub async fn local_federation(
    db: &impl ConnectionTrait,
    site_region: &str,
) -> Result<Option<LocalFederation>, StoreError> {
    let codes: Vec<String> = federation_area::Entity::find()
        .select_only()
        .column(federation_area::Column::Federation)
        .filter(federation_area::Column::Area.eq(site_region))
        .filter(federation_area::Column::ValidUntil.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let found: Vec<(String, String)> = federation::Entity::find()
        .select_only()
        .columns([federation::Column::Code, federation::Column::Level])
        .filter(federation::Column::Code.is_in(codes))
        .into_tuple()
        .all(db)
        .await?;
    Ok([
        ("county", Role::CountyOfficer),
        ("prefecture", Role::CountyOfficer),
        ("province", Role::ProvinceOfficer),
        ("national", Role::NationalOfficer),
    ]
    .into_iter()
    .find_map(|(level, role)| {
        let (code, _) = found.iter().find(|(_, found)| found == level)?;
        Some(LocalFederation {
            code: code.clone(),
            role,
        })
    }))
}

#[derive(FromQueryResult)]
struct LabelRow {
    id: Uuid,
    program_code: String,
    program_name: String,
    institution_name: String,
    site_name: String,
    certificate_type: Option<String>,
}

#[derive(FromQueryResult)]
struct TakenRow {
    cohort_id: Uuid,
    taken: i64,
}

/// Names around these classes, and how many places are taken.
pub async fn labels(
    db: &impl ConnectionTrait,
    ids: &[CohortId],
) -> Result<HashMap<CohortId, Label>, StoreError> {
    let mut labels = HashMap::with_capacity(ids.len());
    let backend = db.get_database_backend();
    for chunk in ids.chunks(1_000) {
        let list = placeholders(1, chunk.len());
        let values: Vec<Value> = chunk.iter().map(|id| id.uuid().into()).collect();
        let sql = format!(
            "SELECT c.id, p.code AS program_code, v.name AS program_name, i.name AS institution_name, \
             s.name AS site_name, v.certificate_type FROM cohort c JOIN offer o ON o.id = c.offer_id \
             JOIN site s ON s.id = o.site_id JOIN institution i ON i.id = c.institution_id \
             JOIN program_version v ON v.id = c.program_version_id JOIN program p ON p.id = v.program_id \
             WHERE c.id IN ({list})"
        );
        let statement = Statement::from_sql_and_values(backend, sql, values.clone());
        for row in LabelRow::find_by_statement(statement).all(db).await? {
            let label = Label {
                program_code: row.program_code,
                program_name: row.program_name,
                institution_name: row.institution_name,
                site_name: row.site_name,
                certificate_type: row.certificate_type,
                taken: 0,
            };
            labels.insert(CohortId::new(row.id), label);
        }
        let states: Vec<String> = domain::enrolment::EnrolmentState::ALL
            .iter()
            .filter(|state| state.takes_time())
            .map(|state| format!("'{state}'"))
            .collect();
        let sql = format!(
            "SELECT cohort_id, COUNT(*) AS taken FROM enrolment WHERE cohort_id IN ({list}) AND state IN ({}) GROUP BY cohort_id",
            states.join(", ")
        );
        for row in TakenRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values))
            .all(db)
            .await?
        {
            if let Some(label) = labels.get_mut(&CohortId::new(row.cohort_id)) {
                label.taken = u32::try_from(row.taken).unwrap_or(u32::MAX);
            }
        }
    }
    Ok(labels)
}

/// `$n, $n+1, ...`
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let list: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    list.join(", ")
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

fn scoped(scope: &Scope) -> sea_orm::Select<cohort::Entity> {
    cohort::Entity::find()
        .filter(scope.condition(cohort::Column::SiteRegion, cohort::Column::InstitutionId))
}

impl TryFrom<OfferRow> for OfferFacts {
    type Error = StoreError;

    fn try_from(row: OfferRow) -> Result<Self, StoreError> {
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
            certificate_type: row.certificate_type,
            program_published: row.published_on.is_some(),
        })
    }
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

#[cfg(test)]
mod tests {
    use domain::access::ScopeCapacity;

    use super::*;
    use crate::fixture::{Fixture, day, id};

    fn federation_scope(code: &str) -> Scope {
        Scope::Federation {
            code: code.to_owned(),
            capacity: ScopeCapacity::Site,
        }
    }

    #[tokio::test]
    async fn a_class_is_found_in_its_scope_only() {
        let fixture = Fixture::open().await;
        let class = fixture
            .class(CohortState::Planned, "2026-04-10", "2026-04-20")
            .await;
        let db = fixture.store.reader();
        for scope in [
            Scope::Institution(class.institution),
            federation_scope("330106"),
            federation_scope("330000"),
            federation_scope("000000"),
        ] {
            assert_eq!(
                find(db, &scope, class.id).await.expect("asked"),
                Some(class.clone()),
                "{scope:?}"
            );
            let listed = list(db, &scope, &Filter::default(), None, 1_000)
                .await
                .expect("asked");
            assert!(listed.iter().any(|found| found.id == class.id));
        }
        for scope in [
            Scope::Institution(id().into()),
            federation_scope("330102"),
            federation_scope("33"),
            Scope::Nothing,
        ] {
            assert_eq!(
                find(db, &scope, class.id).await.expect("asked"),
                None,
                "{scope:?}"
            );
        }
    }

    #[tokio::test]
    async fn of_two_writers_one_wins() {
        let fixture = Fixture::open().await;
        let mut class = fixture
            .class(CohortState::Planned, "2026-04-10", "2026-04-20")
            .await;
        let db = fixture.store.reader();
        class.state = CohortState::Announced;
        class.due_on = Some(day("2026-04-09"));
        assert_eq!(update(db, &class).await.expect("first"), 2);
        assert!(matches!(update(db, &class).await, Err(StoreError::Stale)));
        let read = find(db, &Scope::Institution(class.institution), class.id)
            .await
            .expect("asked")
            .expect("there");
        assert_eq!(
            (read.state, read.due_on, read.revision),
            (CohortState::Announced, class.due_on, 2)
        );
    }

    #[tokio::test]
    async fn offer_label_load_and_local_role_are_read() {
        let fixture = Fixture::open().await;
        let class = fixture
            .class(CohortState::Running, "2026-04-10", "2026-04-20")
            .await;
        fixture.enrol(class.id, "37010219080502757X", "王伟").await;
        let tx = fixture.store.write().await.expect("a transaction");
        let facts = lock_offer(&tx, class.offer)
            .await
            .expect("asked")
            .expect("there");
        assert_eq!(
            (facts.institution, facts.offer_open, facts.standing),
            (class.institution, true, Standing::Full)
        );
        assert_eq!(
            (facts.hours, facts.certificate_type.as_deref()),
            (100, Some("T1"))
        );
        let labels = labels(&tx, &[class.id]).await.expect("asked");
        assert_eq!(
            (
                labels[&class.id].taken,
                labels[&class.id].program_name.as_str()
            ),
            (1, "护理")
        );
        assert_eq!(
            open_load(&tx, class.admission).await.expect("asked"),
            (1, 30)
        );
        let local = local_federation(&tx, "330106")
            .await
            .expect("asked")
            .expect("there");
        assert_eq!(
            (local.code.as_str(), local.role),
            ("330106", Role::CountyOfficer)
        );
    }
}
