//! Appeals against acts that concern a trainee: what the act was, and whether it may be done again.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::{
    AdmissionId, AppealId, EnrolmentId, EpisodeId, InstitutionId, PersonId, StaffPersonId,
    TimelineId,
};
use domain::institution::appeal::{AppealState, Outcome};
use domain::institution::appealed::Grievance;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use super::appeals::Appeal;
use crate::entity::cases::appeal;
use crate::entity::journal::timeline;
use crate::privacy::{data_key, statement};
use crate::vault::Vault;
use crate::{StoreError, time};

/// Whom an act concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The thing.
    pub object: Uuid,
    /// The trainee.
    pub person: PersonId,
    /// The institution that trained.
    pub institution: InstitutionId,
    /// Its admission.
    pub admission: AdmissionId,
    /// Where the training is.
    pub site_region: String,
}

#[derive(FromQueryResult)]
struct GroundRow {
    object: Uuid,
    person_id: Uuid,
    institution_id: Uuid,
    admission_id: Uuid,
    site_region: String,
}

impl From<GroundRow> for Ground {
    fn from(row: GroundRow) -> Self {
        Self {
            object: row.object,
            person: row.person_id.into(),
            institution: row.institution_id.into(),
            admission: row.admission_id.into(),
            site_region: row.site_region,
        }
    }
}

async fn grounds(
    db: &impl ConnectionTrait,
    object: &str,
    rest: &str,
    id: Value,
) -> Result<Vec<Ground>, StoreError> {
    let sql = format!(
        "SELECT {object} AS object, e.person_id, c.institution_id, c.admission_id, c.site_region \
         FROM enrolment e JOIN cohort c ON c.id = e.cohort_id {rest}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, [id]);
    let rows = GroundRow::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(Ground::from).collect())
}

/// Whom an act on an enrolment concerns.
pub async fn of_enrolment(
    db: &impl ConnectionTrait,
    id: EnrolmentId,
) -> Result<Option<Ground>, StoreError> {
    let found = grounds(db, "e.id", "WHERE e.id = $1", id.uuid().into()).await?;
    Ok(found.into_iter().next())
}

/// Whom an act on a certificate concerns, by the id on the paper.
pub async fn of_certificate(
    db: &impl ConnectionTrait,
    public_id: &domain::PublicId,
) -> Result<Option<Ground>, StoreError> {
    let rest = "JOIN certificate k ON k.enrolment_id = e.id WHERE k.public_id = $1";
    let id = public_id.as_bytes().to_vec().into();
    Ok(grounds(db, "k.id", rest, id).await?.into_iter().next())
}

/// Whom an act on an episode concerns: each claim of it, the oldest first.
pub async fn of_episode(
    db: &impl ConnectionTrait,
    id: EpisodeId,
) -> Result<Vec<Ground>, StoreError> {
    let rest = "JOIN episode_claim k ON k.enrolment_id = e.id WHERE k.episode_id = $1 \
                ORDER BY k.claimed_at, k.enrolment_id";
    grounds(db, "k.episode_id", rest, id.uuid().into()).await
}

/// A decision as the timeline of the thing holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Its entry.
    pub id: TimelineId,
    /// The act.
    pub act: String,
    /// Its day in China.
    pub on: NaiveDate,
    /// Level that decided.
    pub role: Role,
    /// Everybody who took part.
    pub persons: Vec<StaffPersonId>,
}

/// The newest act of these on a thing.
pub async fn newest(
    db: &impl ConnectionTrait,
    object: Uuid,
    acts: &[&str],
) -> Result<Option<Decided>, StoreError> {
    let row = timeline::Entity::find()
        .filter(timeline::Column::ObjectId.eq(object))
        .filter(timeline::Column::Act.is_in(acts.iter().copied()))
        .order_by_desc(timeline::Column::Id)
        .limit(1)
        .one(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let persons = row.staff_person_id.into_iter().chain(row.second_person_id);
    Ok(Some(Decided {
        id: row.id.into(),
        on: domain::calendar::today(time::instant(row.at)?),
        role: row
            .role
            .parse()
            .map_err(|_| StoreError::inconsistent("timeline", row.id))?,
        persons: persons.map(StaffPersonId::new).collect(),
        act: row.act,
    }))
}

/// Whether one of these acts was done to a thing since a moment.
pub async fn done_since(
    db: &impl ConnectionTrait,
    object: Uuid,
    acts: &[&str],
    since: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let found = timeline::Entity::find()
        .filter(timeline::Column::ObjectId.eq(object))
        .filter(timeline::Column::Act.is_in(acts.iter().copied()))
        .filter(timeline::Column::At.gte(time::millis(since)))
        .count(db)
        .await?;
    Ok(found > 0)
}

/// Those of these things about which an appeal against this act was upheld and waits to be carried out: the act may be
/// done again.
pub async fn upheld(
    db: &impl ConnectionTrait,
    against: Grievance,
    objects: &[Uuid],
) -> Result<std::collections::HashSet<Uuid>, StoreError> {
    let rows: Vec<Option<Uuid>> = appeal::Entity::find()
        .select_only()
        .column(appeal::Column::ObjectId)
        .filter(appeal::Column::ObjectId.is_in(objects.iter().copied()))
        .filter(appeal::Column::Against.eq(against.as_str()))
        .filter(appeal::Column::State.eq(AppealState::Decided.as_str()))
        .filter(appeal::Column::Outcome.eq(Outcome::Upheld.as_str()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// Whether an appeal against this entry of a timeline is open, or was upheld.
pub async fn holds(db: &impl ConnectionTrait, decision: TimelineId) -> Result<bool, StoreError> {
    let open = [
        AppealState::Lodged,
        AppealState::Accepted,
        AppealState::Heard,
    ];
    let found = appeal::Entity::find()
        .filter(appeal::Column::TimelineId.eq(decision.uuid()))
        .filter(
            appeal::Column::State
                .is_in(open.map(AppealState::as_str))
                .or(appeal::Column::Outcome.eq(Outcome::Upheld.as_str())),
        )
        .count(db)
        .await?;
    Ok(found > 0)
}

/// Appeals that a trainee lodged, newest first.
pub async fn of_appellant(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Vec<Appeal>, StoreError> {
    let rows = appeal::Entity::find()
        .filter(appeal::Column::PersonId.eq(person.uuid()))
        .filter(appeal::Column::Appellant.eq(Role::Trainee.as_str()))
        .order_by_desc(appeal::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Appeal::try_from).collect()
}

/// One of them.
pub async fn of_appellant_one(
    db: &impl ConnectionTrait,
    person: PersonId,
    id: AppealId,
) -> Result<Option<Appeal>, StoreError> {
    appeal::Entity::find_by_id(id.uuid())
        .filter(appeal::Column::PersonId.eq(person.uuid()))
        .filter(appeal::Column::Appellant.eq(Role::Trainee.as_str()))
        .one(db)
        .await?
        .map(Appeal::try_from)
        .transpose()
}

const WORDS: &str = "appeal.words";

/// Seals what a trainee says under the person's key, and takes it out of the row; `false` for a person who was erased.
pub async fn seal(
    db: &impl ConnectionTrait,
    vault: &Vault,
    appeal: &mut Appeal,
) -> Result<bool, StoreError> {
    let Some(person) = appeal.person else {
        return Ok(false);
    };
    let Some(key) = data_key(db, vault, person.uuid()).await? else {
        return Ok(false);
    };
    let words = serde_json::json!([appeal.points, appeal.wish]).to_string();
    let sealed = key.seal(WORDS, appeal.id.uuid(), words.as_bytes())?;
    let sql = "UPDATE appeal SET points = '', wish = '', words_enc = $2 WHERE id = $1";
    db.execute_raw(statement(db, sql, [appeal.id.uuid().into(), sealed.into()]))
        .await?;
    Ok(true)
}

/// Fills in what trainees say in these appeals. Of a person who was erased it stays empty.
pub async fn open(
    db: &impl ConnectionTrait,
    vault: &Vault,
    appeals: &mut [Appeal],
) -> Result<(), StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        words_enc: Option<Vec<u8>>,
    }
    for appeal in appeals {
        let (Some(person), Role::Trainee) = (appeal.person, appeal.appellant) else {
            continue;
        };
        let sql = "SELECT words_enc FROM appeal WHERE id = $1";
        let row = Row::find_by_statement(statement(db, sql, [appeal.id.uuid().into()]))
            .one(db)
            .await?;
        let key = data_key(db, vault, person.uuid()).await?;
        let (Some(sealed), Some(key)) = (row.and_then(|row| row.words_enc), key) else {
            continue;
        };
        let words = key.open_text(WORDS, appeal.id.uuid(), &sealed)?;
        let bad = || StoreError::inconsistent("appeal", appeal.id);
        let (points, wish): (String, String) = serde_json::from_str(&words).map_err(|_| bad())?;
        appeal.points = points;
        appeal.wish = wish;
    }
    Ok(())
}

/// A thing of a trainee whose acts can be appealed against.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Thing {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub label: String,
}

/// Enrolments, certificates and episodes of a person, with their kind.
pub async fn things_of(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Vec<(&'static str, Thing)>, StoreError> {
    let of = [
        (
            "enrolment",
            "SELECT e.id, c.name AS label FROM enrolment e JOIN cohort c ON c.id = e.cohort_id \
             WHERE e.person_id = $1 ORDER BY e.id",
        ),
        (
            "certificate",
            "SELECT k.id, k.certificate_no AS label FROM certificate k JOIN enrolment e ON e.id = k.enrolment_id \
             WHERE e.person_id = $1 ORDER BY k.id",
        ),
        (
            "episode",
            "SELECT p.id, p.start_on AS label FROM employment_episode p WHERE p.person_id = $1 ORDER BY p.id",
        ),
    ];
    let mut found = Vec::new();
    for (kind, sql) in of {
        let rows = Thing::find_by_statement(statement(db, sql, [person.uuid().into()]))
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(|row| (kind, row)));
    }
    Ok(found)
}

/// Whether the trainee appealed against this act before.
pub async fn appealed_by_trainee(
    db: &impl ConnectionTrait,
    decision: TimelineId,
) -> Result<bool, StoreError> {
    let found = appeal::Entity::find()
        .filter(appeal::Column::TimelineId.eq(decision.uuid()))
        .filter(appeal::Column::Appellant.eq(Role::Trainee.as_str()))
        .filter(appeal::Column::State.ne(AppealState::Withdrawn.as_str()))
        .count(db)
        .await?;
    Ok(found > 0)
}
