//! What the desks list of work after training: episodes with their classes, follow-ups, conflicts; filtered, counted, and
//! in parts that begin after a line.

use chrono::{DateTime, NaiveDate, Utc};
use domain::evidence::{ConflictKind, EpisodeState};
use domain::ids::{ConflictId, EnrolmentId, EpisodeId, InstitutionId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::scope::Scope;
use crate::{StoreError, time};

/// Stands for the day of what has no term: behind everything that has one.
const NO_TERM: &str = "9999-12-31";

/// The trainee and the class that a line belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// Code of the class.
    pub class_code: String,
    /// Name of the class.
    pub class_name: String,
    /// The institution.
    pub institution: InstitutionId,
    /// Its name.
    pub institution_name: String,
}

/// Where a part of a list begins: after the line with this day and this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The day that the list is in order of.
    pub on: String,
    /// Which of that day.
    pub id: Uuid,
}

/// An episode as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpisodeLine {
    /// The episode.
    pub id: EpisodeId,
    /// Its state.
    pub state: EpisodeState,
    /// First day of work.
    pub start_on: NaiveDate,
    /// Last day of work.
    pub last_day: Option<NaiveDate>,
    /// Until when somebody should act on it.
    pub due_on: Option<NaiveDate>,
    /// The first claim within the scope.
    pub whose: Whose,
}

impl EpisodeLine {
    /// Where the part after this line begins.
    pub fn place(&self) -> Place {
        let on = self.due_on.map(|day| day.to_string());
        Place {
            on: on.unwrap_or_else(|| NO_TERM.to_owned()),
            id: self.id.uuid(),
        }
    }
}

/// Which episodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Episodes {
    /// Those that wait for an act: claimed, corroborated, contested.
    Waiting,
    /// Those in one state.
    In(EpisodeState),
    /// All.
    All,
}

#[derive(FromQueryResult)]
struct WhoseRow {
    enrolment_id: Uuid,
    person_id: Uuid,
    class_code: String,
    class_name: String,
    institution_id: Uuid,
    institution_name: String,
}

impl From<WhoseRow> for Whose {
    fn from(row: WhoseRow) -> Self {
        Self {
            enrolment: row.enrolment_id.into(),
            person: row.person_id.into(),
            class_code: row.class_code,
            class_name: row.class_name,
            institution: row.institution_id.into(),
            institution_name: row.institution_name,
        }
    }
}

const WHOSE: &str = "e.id AS enrolment_id, e.person_id, c.code AS class_code, c.name AS class_name, \
     i.id AS institution_id, i.name AS institution_name";
/// The class of a claim `k`.
const CLASS: &str = "JOIN enrolment e ON e.id = k.enrolment_id JOIN cohort c ON c.id = e.cohort_id \
     JOIN institution i ON i.id = k.institution_id";

#[derive(FromQueryResult)]
struct Counted {
    n: i64,
}

async fn counted(
    db: &impl ConnectionTrait,
    sql: String,
    values: Vec<Value>,
) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let row = Counted::find_by_statement(statement).one(db).await?;
    Ok(row.map_or(0, |row| row.n.cast_unsigned()))
}

/// The first claim `k` of an episode `p` within the scope: an episode that several claim is one line.
fn first_claim(within: &str, of_other: &str) -> String {
    format!(
        "JOIN episode_claim k ON k.episode_id = p.id AND {within} AND NOT EXISTS (SELECT 1 FROM episode_claim o \
         WHERE o.episode_id = p.id AND {of_other} AND (o.claimed_at, o.enrolment_id) < (k.claimed_at, k.enrolment_id))"
    )
}

fn both_claims(scope: &Scope, number: usize) -> (String, Option<Value>) {
    let (own, value) = scope.sql("k.site_region", "k.institution_id", number);
    let (other, _) = scope.sql("o.site_region", "o.institution_id", number);
    (first_claim(&own, &other), value)
}

/// The day until which an episode waits.
const EPISODE_DUE: &str = "CASE WHEN p.state = 'contested' THEN p.contest_due_on ELSE p.due_on END";

fn of_state(which: Episodes) -> String {
    match which {
        Episodes::Waiting => "p.state IN ('claimed', 'corroborated', 'contested')".to_owned(),
        Episodes::In(state) => format!("p.state = '{state}'"),
        Episodes::All => "1 = 1".to_owned(),
    }
}

/// Episodes of the scope, those that are due first in front, after a place.
pub async fn episodes(
    db: &impl ConnectionTrait,
    scope: &Scope,
    which: Episodes,
    after: Option<&Place>,
    limit: u64,
) -> Result<Vec<EpisodeLine>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        state: String,
        start_on: String,
        last_day: Option<String>,
        due: Option<String>,
        #[sea_orm(nested)]
        whose: WhoseRow,
    }
    let (claim, value) = both_claims(scope, 3);
    let place = after.cloned().unwrap_or(Place {
        on: String::new(),
        id: Uuid::nil(),
    });
    let mut values: Vec<Value> = vec![place.on.into(), place.id.into()];
    values.extend(value);
    let sql = format!(
        "SELECT p.id, p.state, p.start_on, p.last_day, {EPISODE_DUE} AS due, {WHOSE} FROM employment_episode p {claim} {CLASS} \
         WHERE {} AND (COALESCE({EPISODE_DUE}, '{NO_TERM}'), p.id) > ($1, $2) \
         ORDER BY COALESCE({EPISODE_DUE}, '{NO_TERM}'), p.id LIMIT {limit}",
        of_state(which)
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let bad = |_| StoreError::inconsistent("employment_episode", row.id);
            Ok(EpisodeLine {
                id: row.id.into(),
                state: row.state.parse().map_err(bad)?,
                start_on: time::date(&row.start_on)?,
                last_day: time::optional_date(row.last_day.as_deref())?,
                due_on: time::optional_date(row.due.as_deref())?,
                whose: row.whose.into(),
            })
        })
        .collect()
}

/// How many there are.
pub async fn count_episodes(
    db: &impl ConnectionTrait,
    scope: &Scope,
    which: Episodes,
) -> Result<u64, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 1);
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM employment_episode p WHERE {} \
         AND EXISTS (SELECT 1 FROM episode_claim k WHERE k.episode_id = p.id AND {within})",
        of_state(which)
    );
    counted(db, sql, value.into_iter().collect()).await
}

/// A follow-up as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUpLine {
    /// Its id.
    pub id: Uuid,
    /// The episode.
    pub episode: EpisodeId,
    /// Days after the first day of work.
    pub after_days: u32,
    /// When it is due.
    pub due_on: NaiveDate,
    /// First day of work.
    pub start_on: NaiveDate,
    /// The first claim within the scope.
    pub whose: Whose,
}

impl FollowUpLine {
    /// Where the part after this line begins.
    pub fn place(&self) -> Place {
        Place {
            on: self.due_on.to_string(),
            id: self.id,
        }
    }
}

/// Which follow-ups: due up to a day, and of one distance from the first day of work if one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowUps {
    /// Due up to this day.
    pub until: NaiveDate,
    /// So many days after the first day of work.
    pub after_days: Option<u32>,
}

fn waiting(which: FollowUps) -> String {
    let distance = which
        .after_days
        .map_or_else(String::new, |days| format!(" AND f.after_days = {days}"));
    format!(
        "f.outcome IS NULL AND f.due_on <= '{}' AND p.state NOT IN ('void', 'contested', 'ended'){distance}",
        which.until
    )
}

/// Follow-ups of the scope that wait, the longest waiting first, after a place.
pub async fn follow_ups(
    db: &impl ConnectionTrait,
    scope: &Scope,
    which: FollowUps,
    after: Option<&Place>,
    limit: u64,
) -> Result<Vec<FollowUpLine>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        episode_id: Uuid,
        after_days: i32,
        due_on: String,
        start_on: String,
        #[sea_orm(nested)]
        whose: WhoseRow,
    }
    let (claim, value) = both_claims(scope, 3);
    let place = after.cloned().unwrap_or(Place {
        on: String::new(),
        id: Uuid::nil(),
    });
    let mut values: Vec<Value> = vec![place.on.into(), place.id.into()];
    values.extend(value);
    let sql = format!(
        "SELECT f.id, f.episode_id, f.after_days, f.due_on, p.start_on, {WHOSE} FROM follow_up f \
         JOIN employment_episode p ON p.id = f.episode_id {claim} {CLASS} \
         WHERE {} AND (f.due_on, f.id) > ($1, $2) ORDER BY f.due_on, f.id LIMIT {limit}",
        waiting(which)
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    rows.into_iter()
        .map(|row| {
            Ok(FollowUpLine {
                id: row.id,
                episode: row.episode_id.into(),
                after_days: row.after_days.cast_unsigned(),
                due_on: time::date(&row.due_on)?,
                start_on: time::date(&row.start_on)?,
                whose: row.whose.into(),
            })
        })
        .collect()
}

/// How many there are.
pub async fn count_follow_ups(
    db: &impl ConnectionTrait,
    scope: &Scope,
    which: FollowUps,
) -> Result<u64, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 1);
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM follow_up f JOIN employment_episode p ON p.id = f.episode_id WHERE {} \
         AND EXISTS (SELECT 1 FROM episode_claim k WHERE k.episode_id = p.id AND {within})",
        waiting(which)
    );
    counted(db, sql, value.into_iter().collect()).await
}

/// One side of a conflict as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictLine {
    /// Its id.
    pub id: ConflictId,
    /// Why it wants a look.
    pub kind: ConflictKind,
    /// The episode of this side.
    pub episode: Option<EpisodeId>,
    /// Whether nobody has decided it.
    pub open: bool,
    /// What was found.
    pub words: Option<String>,
    /// When it came up.
    pub found_at: DateTime<Utc>,
    /// This side.
    pub whose: Whose,
}

impl ConflictLine {
    /// Where the part after this line begins.
    pub fn place(&self) -> Place {
        Place {
            on: String::new(),
            id: self.id.uuid(),
        }
    }
}

/// Which conflicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Open ones, closed ones, or both.
    pub open: Option<bool>,
    /// Of one kind.
    pub kind: Option<ConflictKind>,
    /// About one episode.
    pub episode: Option<EpisodeId>,
}

#[derive(FromQueryResult)]
struct ConflictRow {
    id: Uuid,
    kind: String,
    episode_id: Option<Uuid>,
    state: String,
    words: Option<String>,
    found_at: i64,
    #[sea_orm(nested)]
    whose: WhoseRow,
}

impl TryFrom<ConflictRow> for ConflictLine {
    type Error = StoreError;

    fn try_from(row: ConflictRow) -> Result<Self, StoreError> {
        let bad = |_| StoreError::inconsistent("evidence_conflict", row.id);
        Ok(Self {
            id: row.id.into(),
            kind: row.kind.parse().map_err(bad)?,
            episode: row.episode_id.map(Into::into),
            open: row.state == "open",
            words: row.words,
            found_at: time::instant(row.found_at)?,
            whose: row.whose.into(),
        })
    }
}

fn chosen(which: Conflicts, values: &mut Vec<Value>) -> String {
    let mut parts = Vec::new();
    if let Some(open) = which.open {
        parts.push(
            if open {
                "k.state = 'open'"
            } else {
                "k.state = 'closed'"
            }
            .to_owned(),
        );
    }
    if let Some(kind) = which.kind {
        parts.push(format!("k.kind = '{kind}'"));
    }
    if let Some(episode) = which.episode {
        values.push(episode.uuid().into());
        parts.push(format!("k.episode_id = ${}", values.len()));
    }
    if parts.is_empty() {
        "1 = 1".to_owned()
    } else {
        parts.join(" AND ")
    }
}

const CONFLICT: &str = "SELECT k.id, k.kind, k.episode_id, k.state, k.words, k.found_at";

/// Sides of conflicts within the scope, newest first, before an id.
pub async fn conflicts(
    db: &impl ConnectionTrait,
    scope: &Scope,
    which: Conflicts,
    after: Option<&Place>,
    limit: u64,
) -> Result<Vec<ConflictLine>, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 2);
    let newest = after.map_or(Uuid::max(), |place| place.id);
    let mut values: Vec<Value> = vec![newest.into()];
    values.extend(value);
    let filter = chosen(which, &mut values);
    let sql = format!(
        "{CONFLICT}, {WHOSE} FROM evidence_conflict k {CLASS} WHERE {within} AND {filter} AND k.id < $1 \
         ORDER BY k.id DESC LIMIT {limit}"
    );
    lines(db, sql, values).await
}

async fn lines(
    db: &impl ConnectionTrait,
    sql: String,
    values: Vec<Value>,
) -> Result<Vec<ConflictLine>, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = ConflictRow::find_by_statement(statement).all(db).await?;
    rows.into_iter().map(ConflictLine::try_from).collect()
}

/// How many there are.
pub async fn count_conflicts(
    db: &impl ConnectionTrait,
    scope: &Scope,
    which: Conflicts,
) -> Result<u64, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 1);
    let mut values: Vec<Value> = value.into_iter().collect();
    let filter = chosen(which, &mut values);
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM evidence_conflict k WHERE {within} AND {filter}"
    );
    counted(db, sql, values).await
}

/// One side of a conflict within the scope.
pub async fn conflict(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: ConflictId,
) -> Result<Option<ConflictLine>, StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 2);
    let mut values: Vec<Value> = vec![id.uuid().into()];
    values.extend(value);
    let sql = format!(
        "{CONFLICT}, {WHOSE} FROM evidence_conflict k {CLASS} WHERE k.id = $1 AND {within}"
    );
    Ok(lines(db, sql, values).await?.pop())
}

/// The other sides of a conflict: those within the scope, and how many lie beyond it. For federations alone.
pub async fn other_sides(
    db: &impl ConnectionTrait,
    scope: &Scope,
    of: &ConflictLine,
) -> Result<(Vec<ConflictLine>, u64), StoreError> {
    let others = "k.pair_id = (SELECT pair_id FROM evidence_conflict WHERE id = $1) AND k.id <> $1";
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 2);
    let mut values: Vec<Value> = vec![of.id.uuid().into()];
    let all = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM evidence_conflict k WHERE {others} AND k.kind = '{}'",
        of.kind
    );
    let all = counted(db, all, values.clone()).await?;
    values.extend(value);
    let sql = format!(
        "{CONFLICT}, {WHOSE} FROM evidence_conflict k {CLASS} WHERE {others} AND k.kind = '{}' AND {within} ORDER BY k.id",
        of.kind
    );
    let seen = lines(db, sql, values).await?;
    let beyond = all - seen.len() as u64;
    Ok((seen, beyond))
}

/// The classes within the scope whose institutions claim an episode, and how many claims lie beyond it.
pub async fn claimants(
    db: &impl ConnectionTrait,
    scope: &Scope,
    episode: EpisodeId,
) -> Result<(Vec<Whose>, u64), StoreError> {
    let (within, value) = scope.sql("k.site_region", "k.institution_id", 2);
    let mut values: Vec<Value> = vec![episode.uuid().into()];
    let all = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM episode_claim k WHERE k.episode_id = $1";
    let all = counted(db, all.to_owned(), values.clone()).await?;
    values.extend(value);
    let sql = format!(
        "SELECT {WHOSE} FROM episode_claim k {CLASS} WHERE k.episode_id = $1 AND {within} ORDER BY k.claimed_at, k.enrolment_id"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let seen: Vec<Whose> = WhoseRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(Whose::from)
        .collect();
    let beyond = all - seen.len() as u64;
    Ok((seen, beyond))
}
