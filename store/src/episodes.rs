//! Episodes of work with their claims and evidence, registers, follow-ups, conflicts, exclusions.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::evidence::{ConflictKind, EpisodeState, FollowUpOutcome, Source};
use domain::grading::{Contest, Exclusion, WorkType};
use domain::ids::{
    AdmissionId, ConflictId, DocumentId, EnrolmentId, EpisodeId, InstitutionId, PersonId,
    RegisterSnapshotId, StaffPersonId,
};
use sea_orm::sea_query::{Expr, LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::entity::evidence::{
    employment_episode, enrolment_exclusion, episode_claim, episode_evidence, evidence_conflict,
    follow_up, register_outage, register_snapshot,
};
use crate::scope::Scope;
use crate::vault::{KeyKind, Vault};
use crate::{StoreError, time};

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

/// One institution's claim of an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The episode.
    pub episode: EpisodeId,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The institution.
    pub institution: InstitutionId,
    /// Where the training is.
    pub site_region: String,
}

/// A piece of evidence to add.
#[derive(Clone, Copy, Debug)]
pub struct NewEvidence<'a> {
    /// Its id.
    pub id: Uuid,
    /// The episode.
    pub episode: EpisodeId,
    /// Where it comes from.
    pub source: Source,
    /// The snapshot it stands in.
    pub snapshot: Option<RegisterSnapshotId>,
    /// The uploaded file.
    pub file: Option<Uuid>,
    /// Keyed digest of the contract's text.
    pub text_index: Option<&'a [u8; 32]>,
    /// Who.
    pub by: StaffPersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Label of the keyed digest of a register's file.
const FILE: &str = "register_snapshot.file";

/// Keyed digests of the text of a contract without white space, under every version of the key at hand, the newest first.
/// The text is not kept, so that the digests of before stay under the key of before.
pub fn text_index(vault: &Vault, text: &str) -> Vec<[u8; 32]> {
    let bare: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    vault.blind_indexes("episode_evidence.text", &bare)
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

/// Notes that an institution claims an episode; the same again changes nothing.
pub async fn claim(
    db: &impl ConnectionTrait,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = episode_claim::Model {
        episode_id: claim.episode.uuid(),
        enrolment_id: claim.enrolment.uuid(),
        institution_id: claim.institution.uuid(),
        site_region: claim.site_region.clone(),
        claimed_at: time::millis(now),
    };
    episode_claim::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Claims of these episodes.
pub async fn claims(
    db: &impl ConnectionTrait,
    episodes: &[EpisodeId],
) -> Result<Vec<Claim>, StoreError> {
    let rows = episode_claim::Entity::find()
        .filter(episode_claim::Column::EpisodeId.is_in(episodes.iter().map(|id| id.uuid())))
        .order_by_asc(episode_claim::Column::ClaimedAt)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claim {
            episode: row.episode_id.into(),
            enrolment: row.enrolment_id.into(),
            institution: row.institution_id.into(),
            site_region: row.site_region,
        })
        .collect())
}

/// Adds a piece of evidence.
pub async fn add_evidence(
    db: &impl ConnectionTrait,
    new: &NewEvidence<'_>,
) -> Result<(), StoreError> {
    let row = episode_evidence::Model {
        id: new.id,
        episode_id: new.episode.uuid(),
        source: new.source.as_str().to_owned(),
        snapshot_id: new.snapshot.map(RegisterSnapshotId::uuid),
        file_id: new.file,
        text_index: new.text_index.map(|index| index.to_vec()),
        recorded_by: new.by.uuid(),
        recorded_on: domain::calendar::today(new.at).to_string(),
        recorded_at: time::millis(new.at),
    };
    episode_evidence::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A piece of evidence as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The episode.
    pub episode: EpisodeId,
    /// Where it comes from.
    pub source: Source,
    /// Who recorded it.
    pub by: StaffPersonId,
    /// Which day.
    pub on: NaiveDate,
    /// The snapshot it stands in.
    pub snapshot: Option<RegisterSnapshotId>,
    /// The day it tells about: that of the snapshot, or the day on which it was recorded.
    pub as_of: NaiveDate,
}

#[derive(FromQueryResult)]
struct EvidenceRow {
    id: Uuid,
    episode_id: Uuid,
    source: String,
    recorded_by: Uuid,
    recorded_on: String,
    snapshot_id: Option<Uuid>,
    as_of: Option<String>,
}

impl TryFrom<EvidenceRow> for Evidence {
    type Error = StoreError;

    fn try_from(row: EvidenceRow) -> Result<Self, StoreError> {
        let on = time::date(&row.recorded_on)?;
        Ok(Self {
            episode: row.episode_id.into(),
            source: row
                .source
                .parse()
                .map_err(|_| StoreError::inconsistent("episode_evidence", row.id))?,
            by: row.recorded_by.into(),
            on,
            snapshot: row.snapshot_id.map(Into::into),
            as_of: time::optional_date(row.as_of.as_deref())?.unwrap_or(on),
        })
    }
}

/// Evidence of these episodes, oldest first.
pub async fn evidence(
    db: &impl ConnectionTrait,
    episodes: &[EpisodeId],
) -> Result<Vec<Evidence>, StoreError> {
    if episodes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT v.id, v.episode_id, v.source, v.recorded_by, v.recorded_on, v.snapshot_id, s.as_of \
         FROM episode_evidence v LEFT JOIN register_snapshot s ON s.id = v.snapshot_id \
         WHERE v.episode_id IN ({}) ORDER BY v.recorded_at, v.id",
        crate::cohorts::placeholders(1, episodes.len())
    );
    let values = episodes.iter().map(|id| Value::from(id.uuid()));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    EvidenceRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(Evidence::try_from)
        .collect()
}

/// Episodes of other persons whose contract has the same text, by its digests under every version of the key.
pub async fn same_text(
    db: &impl ConnectionTrait,
    indexes: &[[u8; 32]],
    person: PersonId,
) -> Result<Vec<EpisodeId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: Uuid,
    }
    let sql = format!(
        "SELECT DISTINCT p.id FROM employment_episode p JOIN episode_evidence v ON v.episode_id = p.id \
         WHERE p.person_id <> $1 AND v.text_index IN ({}) LIMIT 20",
        crate::cohorts::placeholders(2, indexes.len())
    );
    let mut values: Vec<Value> = vec![person.uuid().into()];
    values.extend(indexes.iter().map(|index| Value::from(index.to_vec())));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Found::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Schedules follow-ups; those that are there stay.
pub async fn schedule(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
    due: &[(u32, NaiveDate)],
    new_id: impl Fn() -> Uuid,
) -> Result<(), StoreError> {
    let rows: Vec<_> = due
        .iter()
        .map(|(after, on)| {
            follow_up::Model {
                id: new_id(),
                episode_id: episode.uuid(),
                after_days: after.cast_signed(),
                due_on: on.to_string(),
                outcome: None,
                done_by: None,
                done_at: None,
            }
            .into_active_model()
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    follow_up::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A follow-up that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Its id.
    pub id: Uuid,
    /// The episode.
    pub episode: EpisodeId,
    /// Days after the first day of work.
    pub after_days: u32,
    /// When it is due.
    pub due_on: NaiveDate,
    /// What was found.
    pub outcome: Option<FollowUpOutcome>,
}

#[derive(FromQueryResult)]
struct FollowUpRow {
    id: Uuid,
    episode_id: Uuid,
    after_days: i32,
    due_on: String,
    outcome: Option<String>,
}

impl From<follow_up::Model> for FollowUpRow {
    fn from(row: follow_up::Model) -> Self {
        Self {
            id: row.id,
            episode_id: row.episode_id,
            after_days: row.after_days,
            due_on: row.due_on,
            outcome: row.outcome,
        }
    }
}

impl TryFrom<FollowUpRow> for FollowUp {
    type Error = StoreError;

    fn try_from(row: FollowUpRow) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("follow_up", row.id);
        let outcome = row.outcome.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: row.id,
            episode: row.episode_id.into(),
            after_days: u32::try_from(row.after_days).map_err(|_| bad())?,
            due_on: time::date(&row.due_on)?,
            outcome: outcome.map_err(|_| bad())?,
        })
    }
}

/// Follow-ups that wait up to a day, in the scope, the longest waiting first.
pub async fn due(
    db: &impl ConnectionTrait,
    scope: &Scope,
    until: NaiveDate,
    limit: u64,
) -> Result<Vec<FollowUp>, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 3);
    let mut values: Vec<Value> = vec![
        until.to_string().into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    values.extend(value);
    let sql = format!(
        "SELECT f.id, f.episode_id, f.after_days, f.due_on, f.outcome FROM follow_up f \
         JOIN employment_episode p ON p.id = f.episode_id \
         WHERE f.outcome IS NULL AND f.due_on <= $1 AND p.state NOT IN ('void', 'contested', 'ended') \
         AND EXISTS (SELECT 1 FROM episode_claim k WHERE k.episode_id = f.episode_id AND {within}) \
         ORDER BY f.due_on, f.id LIMIT $2"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    FollowUpRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(FollowUp::try_from)
        .collect()
}

/// The follow-ups of an episode, done or not, in order of their days.
pub async fn follow_ups(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
) -> Result<Vec<FollowUp>, StoreError> {
    let rows = follow_up::Entity::find()
        .filter(follow_up::Column::EpisodeId.eq(episode.uuid()))
        .order_by_asc(follow_up::Column::AfterDays)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| FollowUp::try_from(FollowUpRow::from(row)))
        .collect()
}

/// The admission whose trainee an episode was claimed for first.
pub async fn first_claimant(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
) -> Result<AdmissionId, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        admission_id: Uuid,
    }
    let sql = "SELECT c.admission_id FROM episode_claim k JOIN enrolment e ON e.id = k.enrolment_id \
               JOIN cohort c ON c.id = e.cohort_id WHERE k.episode_id = $1 ORDER BY k.claimed_at, k.enrolment_id LIMIT 1";
    let values = [episode.uuid().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let found = Found::find_by_statement(statement).one(db).await?;
    found
        .map(|row| row.admission_id.into())
        .ok_or_else(|| StoreError::inconsistent("employment_episode", episode))
}

/// One follow-up.
pub async fn follow_up(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<FollowUp>, StoreError> {
    let found = follow_up::Entity::find_by_id(id).one(db).await?;
    found
        .map(|row| FollowUp::try_from(FollowUpRow::from(row)))
        .transpose()
}

/// Writes what a follow-up found; `Stale` when it was done already.
pub async fn follow_up_done(
    db: &impl ConnectionTrait,
    id: Uuid,
    outcome: FollowUpOutcome,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use follow_up::Column as C;
    let done = follow_up::Entity::update_many()
        .col_expr(C::Outcome, Expr::value(outcome.as_str()))
        .col_expr(C::DoneBy, Expr::value(by.uuid()))
        .col_expr(C::DoneAt, Expr::value(time::millis(now)))
        .filter(C::Id.eq(id))
        .filter(C::Outcome.is_null())
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// A register answers all follow-ups of an episode that are due by its date.
pub async fn register_answers(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
    as_of: NaiveDate,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use follow_up::Column as C;
    follow_up::Entity::update_many()
        .col_expr(C::Outcome, Expr::value(FollowUpOutcome::Register.as_str()))
        .col_expr(C::DoneBy, Expr::value(by.uuid()))
        .col_expr(C::DoneAt, Expr::value(time::millis(now)))
        .filter(C::EpisodeId.eq(episode.uuid()))
        .filter(C::DueOn.lte(as_of.to_string()))
        .filter(C::Outcome.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its id.
    pub id: ConflictId,
    /// Why it wants a look.
    pub kind: ConflictKind,
    /// What both sides have in common; it names nobody.
    pub pair: Uuid,
    /// The enrolment of this side.
    pub enrolment: EnrolmentId,
    /// The episode of this side.
    pub episode: Option<EpisodeId>,
    /// The institution of this side.
    pub institution: InstitutionId,
    /// Where its training is.
    pub site_region: String,
    /// `open` or `closed`.
    pub state: String,
    /// What was found.
    pub words: Option<String>,
    /// When it was found.
    pub found_at: DateTime<Utc>,
}

/// Writes conflicts; the same again changes nothing.
pub async fn add_conflicts(db: &impl ConnectionTrait, all: &[Conflict]) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    let rows = all.iter().map(|one| {
        evidence_conflict::Model {
            id: one.id.uuid(),
            kind: one.kind.as_str().to_owned(),
            pair_id: one.pair,
            enrolment_id: one.enrolment.uuid(),
            episode_id: one.episode.map(EpisodeId::uuid),
            institution_id: one.institution.uuid(),
            site_region: one.site_region.clone(),
            state: "open".to_owned(),
            words: None,
            found_at: time::millis(one.found_at),
            closed_by: None,
            closed_at: None,
        }
        .into_active_model()
    });
    evidence_conflict::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Conflicts of the scope, newest first.
pub async fn conflicts(
    db: &impl ConnectionTrait,
    scope: &Scope,
    state: Option<&str>,
    limit: u64,
) -> Result<Vec<Conflict>, StoreError> {
    use evidence_conflict::Column as C;
    let mut query =
        evidence_conflict::Entity::find().filter(scope.condition(C::SiteRegion, C::InstitutionId));
    if let Some(state) = state {
        query = query.filter(C::State.eq(state));
    }
    query
        .order_by_desc(C::Id)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(Conflict::try_from)
        .collect()
}

/// A conflict of the scope.
pub async fn conflict(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: ConflictId,
) -> Result<Option<Conflict>, StoreError> {
    use evidence_conflict::Column as C;
    evidence_conflict::Entity::find_by_id(id.uuid())
        .filter(scope.condition(C::SiteRegion, C::InstitutionId))
        .one(db)
        .await?
        .map(Conflict::try_from)
        .transpose()
}

impl TryFrom<evidence_conflict::Model> for Conflict {
    type Error = StoreError;

    fn try_from(row: evidence_conflict::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            kind: row
                .kind
                .parse()
                .map_err(|_| StoreError::inconsistent("evidence_conflict", row.id))?,
            pair: row.pair_id,
            enrolment: row.enrolment_id.into(),
            episode: row.episode_id.map(Into::into),
            institution: row.institution_id.into(),
            site_region: row.site_region,
            state: row.state,
            words: row.words,
            found_at: time::instant(row.found_at)?,
        })
    }
}

/// A snapshot of a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterSnapshot {
    /// Its id.
    pub id: RegisterSnapshotId,
    /// Which register.
    pub source: Source,
    /// Whose.
    pub federation: String,
    /// The day it tells about.
    pub as_of: NaiveDate,
    /// SHA-256 of the file; kept under the blind-index key alone, since a list of persons can be guessed.
    pub sha256: [u8; 32],
    /// Rows; rows with a fault; rows about people who are known here; episodes written.
    pub counts: [u32; 4],
    /// Who uploaded it.
    pub by: StaffPersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Writes a snapshot; the same file again is a duplicate, under whichever version of the key it was kept.
pub async fn insert_snapshot(
    db: &impl ConnectionTrait,
    vault: &Vault,
    new: &RegisterSnapshot,
) -> Result<(), StoreError> {
    use register_snapshot::Column as C;
    crate::rotation::learn_versions(db, vault).await?;
    let indexes = vault.blind_indexes(FILE, &data_encoding::HEXLOWER.encode(&new.sha256));
    let before = register_snapshot::Entity::find()
        .filter(C::Source.eq(new.source.as_str()))
        .filter(C::Federation.eq(new.federation.as_str()))
        .filter(C::FileIndex.is_in(indexes.iter().map(|index| index.to_vec())))
        .one(db)
        .await?;
    if before.is_some() {
        return Err(StoreError::Duplicate("register snapshot"));
    }
    let row = register_snapshot::Model {
        id: new.id.uuid(),
        source: new.source.as_str().to_owned(),
        federation: new.federation.clone(),
        as_of: new.as_of.to_string(),
        file_index: indexes.first().map(|index| index.to_vec()),
        blind_version: vault.version(KeyKind::BlindIndex),
        row_count: new.counts[0].cast_signed(),
        fault_count: new.counts[1].cast_signed(),
        known_count: new.counts[2].cast_signed(),
        written_count: new.counts[3].cast_signed(),
        uploaded_by: new.by.uuid(),
        uploaded_at: time::millis(new.at),
    };
    register_snapshot::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Declares that a source of a province did not answer.
#[expect(clippy::too_many_arguments, reason = "the row as it is")]
pub async fn insert_outage(
    db: &impl ConnectionTrait,
    id: Uuid,
    federation: &str,
    source: Source,
    kind: domain::grading::OutageKind,
    from: NaiveDate,
    until: NaiveDate,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = register_outage::Model {
        id,
        federation: federation.to_owned(),
        source: source.as_str().to_owned(),
        kind: kind.as_str().to_owned(),
        from_on: from.to_string(),
        until_on: until.to_string(),
        declared_by: by.uuid(),
        declared_at: time::millis(now),
    };
    register_outage::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

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

/// Sources of each of these episodes.
pub fn sources(evidence: &[Evidence]) -> HashMap<EpisodeId, Vec<Source>> {
    let mut found: HashMap<EpisodeId, Vec<Source>> = HashMap::new();
    for one in evidence {
        found.entry(one.episode).or_default().push(one.source);
    }
    found
}
