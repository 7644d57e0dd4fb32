//! Grading: policies, frozen evidence, runs, results, publications. What a run rests on is written once.

pub mod duties;
pub mod monitoring;
pub mod policies;
pub mod publications;
pub mod snapshot;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{AdmissionId, GradingRunId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use crate::entity::grading::{grading_file, grading_freeze, grading_result, grading_run};
use crate::{StoreError, time};

/// Rows of one statement, below the bind limits of both databases.
const CHUNK: usize = 1_000;
/// Label under which the key of a freeze is sealed.
pub const FREEZE_KEY: &str = "grading_freeze.key";

domain::text_enum! {
    /// What a freeze is for: only annual ones give grades.
    FreezeKind("kind of freeze") {
        /// Grades.
        Annual = "annual",
        /// Monitoring: may warn, never changes a grade.
        Quarterly = "quarterly",
    }
}

/// Frozen evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Its id.
    pub id: Uuid,
    /// What for.
    pub kind: FreezeKind,
    /// The freeze date.
    pub freeze_on: NaiveDate,
    /// SHA-256 of E.
    pub evidence_sha256: [u8; 32],
    /// The sealed key of its pseudonyms.
    pub key_enc: Vec<u8>,
    /// Institutions, enrolments, episodes.
    pub counts: [u64; 3],
    /// Trainees without a card number on record.
    pub without_card: u64,
    /// Claims with enough evidence that nobody had decided.
    pub undecided: u64,
    /// Who took it.
    pub taken_by: Uuid,
    /// When.
    pub taken_at: DateTime<Utc>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: GradingRunId,
    /// Its evidence.
    pub freeze: Uuid,
    /// Name of the policy.
    pub policy: String,
    /// The policy file.
    pub policy_text: String,
    /// The base file of an override.
    pub base_text: Option<String>,
    /// SHA-256 of the policy file.
    pub policy_sha256: [u8; 32],
    /// SHA-256 of R.
    pub results_sha256: [u8; 32],
    /// The run that this one corrects.
    pub corrects: Option<Uuid>,
    /// Who computed it.
    pub computed_by: Uuid,
    /// When.
    pub computed_at: DateTime<Utc>,
}

/// What a run says of one institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// The admission.
    pub admission: AdmissionId,
    /// Province-level federation.
    pub federation: String,
    /// Grade.
    pub grade: String,
    /// Grade before.
    pub previous_grade: Option<String>,
    /// Milli-points.
    pub composite_milli: Option<u32>,
    /// Rank within the federation.
    pub rank: Option<u32>,
    /// People in the denominator of EMP.
    pub emp_n: u32,
    /// The institution's entry of R, as it stands there.
    pub entry: String,
    /// What was left out, and the kinds of work, as JSON; nothing of runs from before they were counted.
    pub counts: Option<String>,
}

fn digest(bytes: &[u8], table: &'static str, id: Uuid) -> Result<[u8; 32], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::inconsistent(table, id))
}

fn count(value: i64, id: Uuid) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::inconsistent("grading_freeze", id))
}

impl TryFrom<grading_freeze::Model> for Freeze {
    type Error = StoreError;

    fn try_from(row: grading_freeze::Model) -> Result<Self, StoreError> {
        let bad = |_| StoreError::inconsistent("grading_freeze", row.id);
        Ok(Self {
            id: row.id,
            kind: row.kind.parse().map_err(bad)?,
            freeze_on: time::date(&row.freeze_on)?,
            evidence_sha256: digest(&row.evidence_sha256, "grading_freeze", row.id)?,
            counts: [
                count(row.institution_count, row.id)?,
                count(row.enrolment_count, row.id)?,
                count(row.episode_count, row.id)?,
            ],
            without_card: count(row.without_card_count, row.id)?,
            undecided: count(row.undecided_count, row.id)?,
            key_enc: row.key_enc,
            taken_by: row.taken_by,
            taken_at: time::instant(row.taken_at)?,
        })
    }
}

impl TryFrom<grading_run::Model> for Run {
    type Error = StoreError;

    fn try_from(row: grading_run::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            freeze: row.freeze_id,
            policy_sha256: digest(&row.policy_sha256, "grading_run", row.id)?,
            results_sha256: digest(&row.results_sha256, "grading_run", row.id)?,
            policy: row.policy,
            policy_text: row.policy_text,
            base_text: row.base_text,
            corrects: row.corrects,
            computed_by: row.computed_by,
            computed_at: time::instant(row.computed_at)?,
        })
    }
}

impl TryFrom<grading_result::Model> for ResultRow {
    type Error = StoreError;

    fn try_from(row: grading_result::Model) -> Result<Self, StoreError> {
        let bad = |_| StoreError::inconsistent("grading_result", row.admission_id);
        let number = |value: Option<i32>| value.map(u32::try_from).transpose();
        Ok(Self {
            admission: row.admission_id.into(),
            federation: row.federation,
            grade: row.grade,
            previous_grade: row.previous_grade,
            composite_milli: number(row.composite_milli).map_err(bad)?,
            rank: number(row.rank).map_err(bad)?,
            emp_n: u32::try_from(row.emp_n).map_err(bad)?,
            entry: row.entry,
            counts: row.counts,
        })
    }
}

/// Writes frozen evidence.
pub async fn insert_freeze(db: &impl ConnectionTrait, new: &Freeze) -> Result<(), StoreError> {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let row = grading_freeze::Model {
        id: new.id,
        kind: new.kind.as_str().to_owned(),
        freeze_on: new.freeze_on.to_string(),
        evidence_sha256: new.evidence_sha256.to_vec(),
        key_enc: new.key_enc.clone(),
        institution_count: signed(new.counts[0]),
        enrolment_count: signed(new.counts[1]),
        episode_count: signed(new.counts[2]),
        without_card_count: signed(new.without_card),
        undecided_count: signed(new.undecided),
        taken_by: new.taken_by,
        taken_at: time::millis(new.taken_at),
    };
    grading_freeze::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes a run with its results.
pub async fn insert_run(
    db: &impl ConnectionTrait,
    new: &Run,
    results: &[ResultRow],
) -> Result<(), StoreError> {
    let id = new.id.uuid();
    let row = grading_run::Model {
        id,
        freeze_id: new.freeze,
        policy: new.policy.clone(),
        policy_text: new.policy_text.clone(),
        base_text: new.base_text.clone(),
        policy_sha256: new.policy_sha256.to_vec(),
        results_sha256: new.results_sha256.to_vec(),
        corrects: new.corrects,
        computed_by: new.computed_by,
        computed_at: time::millis(new.computed_at),
    };
    grading_run::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    for chunk in results.chunks(CHUNK) {
        let rows = chunk.iter().map(|one| {
            grading_result::Model {
                run_id: id,
                admission_id: one.admission.uuid(),
                federation: one.federation.clone(),
                grade: one.grade.clone(),
                previous_grade: one.previous_grade.clone(),
                composite_milli: one.composite_milli.map(u32::cast_signed),
                rank: one.rank.map(u32::cast_signed),
                emp_n: one.emp_n.cast_signed(),
                entry: one.entry.clone(),
                counts: one.counts.clone(),
            }
            .into_active_model()
        });
        grading_result::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Adds a piece of a file, which is written once.
pub async fn put_piece(
    db: &impl ConnectionTrait,
    owner: Uuid,
    number: u32,
    bytes: Vec<u8>,
) -> Result<(), StoreError> {
    let row = grading_file::Model {
        owner_id: owner,
        number: number.cast_signed(),
        bytes,
    };
    grading_file::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A piece of a file, or nothing after the last.
pub async fn piece(
    db: &impl ConnectionTrait,
    owner: Uuid,
    number: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found = grading_file::Entity::find_by_id((owner, number.cast_signed()))
        .one(db)
        .await?;
    Ok(found.map(|row| row.bytes))
}

/// Frozen evidence.
pub async fn freeze(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Freeze>, StoreError> {
    grading_freeze::Entity::find_by_id(id)
        .one(db)
        .await?
        .map(Freeze::try_from)
        .transpose()
}

/// All freezes, newest first.
pub async fn freezes(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Freeze>, StoreError> {
    grading_freeze::Entity::find()
        .order_by_desc(grading_freeze::Column::FreezeOn)
        .order_by_desc(grading_freeze::Column::Id)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(Freeze::try_from)
        .collect()
}

/// A run.
pub async fn run(db: &impl ConnectionTrait, id: GradingRunId) -> Result<Option<Run>, StoreError> {
    grading_run::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Run::try_from)
        .transpose()
}

/// All runs, newest first.
pub async fn runs(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Run>, StoreError> {
    grading_run::Entity::find()
        .order_by_desc(grading_run::Column::Id)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(Run::try_from)
        .collect()
}

/// Results of a run, of one federation or of all, by rank, those without one last.
pub async fn results(
    db: &impl ConnectionTrait,
    run: GradingRunId,
    federation: Option<&str>,
) -> Result<Vec<ResultRow>, StoreError> {
    let mut query =
        grading_result::Entity::find().filter(grading_result::Column::RunId.eq(run.uuid()));
    if let Some(federation) = federation {
        query = query.filter(grading_result::Column::Federation.eq(federation));
    }
    let rows = query.all(db).await?;
    let mut rows: Vec<ResultRow> = rows
        .into_iter()
        .map(ResultRow::try_from)
        .collect::<Result<_, _>>()?;
    rows.sort_by_key(|row| {
        (
            row.federation.clone(),
            row.rank.unwrap_or(u32::MAX),
            row.admission,
        )
    });
    Ok(rows)
}

/// What a run says of an institution.
pub async fn result(
    db: &impl ConnectionTrait,
    run: GradingRunId,
    admission: AdmissionId,
) -> Result<Option<ResultRow>, StoreError> {
    grading_result::Entity::find_by_id((run.uuid(), admission.uuid()))
        .one(db)
        .await?
        .map(ResultRow::try_from)
        .transpose()
}

/// Name and credit code of the institution behind an admission.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Called {
    /// The admission.
    pub admission_id: Uuid,
    /// The institution.
    pub institution_id: Uuid,
    /// Name.
    pub name: String,
    /// Credit code.
    pub credit_code: String,
    /// State of the admission.
    pub state: String,
    /// Division of the seat.
    pub site_region: String,
    /// Federation.
    pub federation: String,
    /// Grade that stands.
    pub grade: Option<String>,
    /// The decision whose effect an appeal stays.
    pub stayed: Option<String>,
    /// The run whose grade is stayed, when that is what the appeal is about.
    pub stayed_run: Option<Uuid>,
    /// When it was admitted (T08), in Unix milliseconds.
    pub admitted_at: Option<i64>,
}

/// Whose names are asked for.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// Every admission.
    All,
    /// The admissions of a province-level federation.
    Federation(&'a str),
    /// The admissions of one institution.
    Institution(Uuid),
}

/// What the institutions behind these admissions are called.
pub async fn called(
    db: &impl ConnectionTrait,
    whose: Whose<'_>,
) -> Result<Vec<Called>, StoreError> {
    let (only, values) = match whose {
        Whose::All => ("1 = 1", Vec::new()),
        Whose::Federation(code) => ("a.federation = $1", vec![code.into()]),
        Whose::Institution(id) => ("a.institution_id = $1", vec![id.into()]),
    };
    let sql = format!(
        "SELECT a.id AS admission_id, i.id AS institution_id, i.name, i.credit_code, a.state, a.site_region, a.federation, a.grade, \
         a.stayed, CASE WHEN a.grade_stayed THEN (SELECT r.run_id FROM grade_result r WHERE r.admission_id = a.id \
         AND r.decided_on IS NOT NULL ORDER BY r.freeze_on DESC, r.id DESC LIMIT 1) END AS stayed_run, \
         (SELECT MIN(t.at) FROM timeline t WHERE t.object_id = a.id AND t.act = 'T08' AND t.to_state IS NOT NULL) AS admitted_at \
         FROM admission a JOIN institution i ON i.id = a.institution_id WHERE {only} ORDER BY a.id"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Called::find_by_statement(statement).all(db).await?)
}
