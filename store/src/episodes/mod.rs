//! Episodes of work: an episode and where its enrolment stands; what belongs to one is in the modules.

mod claims;
mod conflicts;
mod evidence;
mod exclusions;
mod follow_ups;
mod registers;

use chrono::{DateTime, NaiveDate, Utc};
use domain::evidence::EpisodeState;
use domain::grading::{Contest, WorkType};
use domain::ids::{AdmissionId, EnrolmentId, EpisodeId, InstitutionId, PersonId};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::entity::evidence::employment_episode;
use crate::scope::Scope;
use crate::{StoreError, time};

pub use claims::{Claim, claim, claims, first_claimant, first_place};
pub use conflicts::{Conflict, add_conflicts, conflict, conflicts};
pub use evidence::{Evidence, NewEvidence, add_evidence, evidence, same_text, sources, text_index};
pub use exclusions::exclude;
pub use follow_ups::{
    FollowUp, due, follow_up, follow_up_done, follow_ups, register_answers, schedule,
};
pub use registers::{RegisterSnapshot, insert_outage, insert_snapshot};

/// An episode of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// Its id.
    pub id: EpisodeId,
    /// The person.
    pub person: PersonId,
    /// Form of work.
    pub work_type: WorkType,
    /// Credit code of the employer, or a word for self-employment.
    pub employer: String,
    /// Where the work is.
    pub work_region: Option<String>,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day worked; nothing while it goes on.
    pub last_day: Option<NaiveDate>,
    /// Admission to which the employer is related.
    pub related: Option<AdmissionId>,
    /// State.
    pub state: EpisodeState,
    /// Contest.
    pub contest: Option<Contest>,
    /// Until when a contest should be decided.
    pub contest_due_on: Option<NaiveDate>,
    /// When it was claimed.
    pub claimed_on: NaiveDate,
    /// Until when the county should verify.
    pub due_on: Option<NaiveDate>,
    /// When the county confirmed two sources.
    pub confirmed_on: Option<NaiveDate>,
    /// When it was verified.
    pub decided_on: Option<NaiveDate>,
    /// When it was written first.
    pub created_at: DateTime<Utc>,
    /// Raised by every change.
    pub revision: i32,
}

/// The class around an enrolment, as evidence needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// The admission.
    pub admission: AdmissionId,
    /// The institution.
    pub institution: InstitutionId,
    /// Credit code of the institution.
    pub credit_code: String,
    /// Where the training is.
    pub site_region: String,
    /// First day of the class.
    pub start_on: NaiveDate,
    /// Last day of the class.
    pub end_on: NaiveDate,
}

impl TryFrom<employment_episode::Model> for Episode {
    type Error = StoreError;

    fn try_from(row: employment_episode::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("employment_episode", row.id);
        let day = |text: &Option<String>| text.as_deref().map(time::date).transpose();
        Ok(Self {
            id: row.id.into(),
            person: row.person_id.into(),
            work_type: row.work_type.parse().map_err(|_| bad())?,
            state: row.state.parse().map_err(|_| bad())?,
            contest: row
                .contest
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())?,
            start_on: time::date(&row.start_on)?,
            last_day: day(&row.last_day)?,
            contest_due_on: day(&row.contest_due_on)?,
            claimed_on: time::date(&row.claimed_on)?,
            due_on: day(&row.due_on)?,
            confirmed_on: day(&row.confirmed_on)?,
            decided_on: day(&row.decided_on)?,
            created_at: time::instant(row.created_at)?,
            related: row.related_admission_id.map(Into::into),
            employer: row.employer,
            work_region: row.work_region,
            revision: row.revision,
        })
    }
}

fn model(one: &Episode) -> employment_episode::Model {
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
    employment_episode::Model {
        id: one.id.uuid(),
        person_id: one.person.uuid(),
        work_type: one.work_type.as_str().to_owned(),
        employer: one.employer.clone(),
        work_region: one.work_region.clone(),
        start_on: one.start_on.to_string(),
        last_day: day(one.last_day),
        related_admission_id: one.related.map(AdmissionId::uuid),
        state: one.state.as_str().to_owned(),
        contest: one.contest.map(|one| one.as_str().to_owned()),
        contest_due_on: day(one.contest_due_on),
        claimed_on: one.claimed_on.to_string(),
        due_on: day(one.due_on),
        confirmed_on: day(one.confirmed_on),
        decided_on: day(one.decided_on),
        created_at: time::millis(one.created_at),
        revision: one.revision,
    }
}

#[derive(FromQueryResult)]
struct PlaceRow {
    id: Uuid,
    person_id: Uuid,
    admission_id: Uuid,
    institution_id: Uuid,
    credit_code: String,
    site_region: String,
    start_on: String,
    end_on: String,
}

impl TryFrom<PlaceRow> for Place {
    type Error = StoreError;

    fn try_from(row: PlaceRow) -> Result<Self, StoreError> {
        Ok(Self {
            enrolment: row.id.into(),
            person: row.person_id.into(),
            admission: row.admission_id.into(),
            institution: row.institution_id.into(),
            start_on: time::date(&row.start_on)?,
            end_on: time::date(&row.end_on)?,
            credit_code: row.credit_code,
            site_region: row.site_region,
        })
    }
}

const PLACE: &str = "SELECT e.id, e.person_id, c.admission_id, c.institution_id, i.credit_code, c.site_region, c.start_on, c.end_on \
     FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN institution i ON i.id = c.institution_id WHERE c.state <> 'cancelled' \
     AND e.state NOT IN ('applied', 'rejected')";

pub(crate) async fn places(
    db: &impl ConnectionTrait,
    condition: &str,
    values: Vec<Value>,
) -> Result<Vec<Place>, StoreError> {
    let sql = format!("{PLACE} AND {condition} ORDER BY c.start_on, e.id");
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    PlaceRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(Place::try_from)
        .collect()
}

/// An enrolment in the scope, as evidence needs it.
pub async fn place(
    db: &impl ConnectionTrait,
    scope: &Scope,
    enrolment: EnrolmentId,
) -> Result<Option<Place>, StoreError> {
    let (within, value) = scope.sql("c.site_region", "c.institution_id", 2);
    let mut values = vec![enrolment.uuid().into()];
    values.extend(value);
    let found = places(db, &format!("e.id = $1 AND {within}"), values).await?;
    Ok(found.into_iter().next())
}

/// Writes a new episode.
pub async fn insert(db: &impl ConnectionTrait, new: &Episode) -> Result<(), StoreError> {
    employment_episode::Entity::insert(model(new).into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes what changed, and raises the revision; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, row: &Episode) -> Result<i32, StoreError> {
    use employment_episode::Column as C;
    let new = model(row);
    let done = employment_episode::Entity::update_many()
        .col_expr(C::StartOn, Expr::value(new.start_on))
        .col_expr(C::LastDay, Expr::value(new.last_day))
        .col_expr(C::WorkType, Expr::value(new.work_type))
        .col_expr(C::RelatedAdmissionId, Expr::value(new.related_admission_id))
        .col_expr(C::State, Expr::value(new.state))
        .col_expr(C::Contest, Expr::value(new.contest))
        .col_expr(C::ContestDueOn, Expr::value(new.contest_due_on))
        .col_expr(C::DueOn, Expr::value(new.due_on))
        .col_expr(C::ConfirmedOn, Expr::value(new.confirmed_on))
        .col_expr(C::DecidedOn, Expr::value(new.decided_on))
        .col_expr(C::Revision, Expr::value(row.revision + 1))
        .filter(C::Id.eq(row.id.uuid()))
        .filter(C::Revision.eq(row.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(row.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

/// An episode that an enrolment of the scope claims.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: EpisodeId,
) -> Result<Option<Episode>, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 2);
    let mut values: Vec<Value> = vec![id.uuid().into()];
    values.extend(value);
    let sql = format!(
        "SELECT p.* FROM employment_episode p WHERE p.id = $1 AND \
         EXISTS (SELECT 1 FROM episode_claim k WHERE k.episode_id = p.id AND {within})"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    employment_episode::Model::find_by_statement(statement)
        .one(db)
        .await?
        .map(Episode::try_from)
        .transpose()
}

/// All episodes of a person, oldest first. The person should be locked when they are going to change.
pub async fn of_person(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Vec<Episode>, StoreError> {
    employment_episode::Entity::find()
        .filter(employment_episode::Column::PersonId.eq(person.uuid()))
        .order_by_asc(employment_episode::Column::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Episode::try_from)
        .collect()
}

/// Locks one episode until the transaction ends.
pub async fn lock(db: &impl ConnectionTrait, id: EpisodeId) -> Result<(), StoreError> {
    let _locked: Vec<Uuid> = employment_episode::Entity::find()
        .select_only()
        .column(employment_episode::Column::Id)
        .filter(employment_episode::Column::Id.eq(id.uuid()))
        .lock(LockType::Update)
        .into_tuple()
        .all(db)
        .await?;
    Ok(())
}
