//! Third-party assessments: the task itself, who is on its list, what was declared, the sample.

pub mod assessors;
pub mod candidates;
pub mod sample;
pub mod supplements;
pub mod visits;

use chrono::{DateTime, NaiveDate, Utc};
use domain::assessment::AssessmentState;
use domain::ids::{AdmissionId, AssessmentId, AssessorId, StaffPersonId};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ColumnTrait, ConnectionTrait, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::entity::assessments::{assessment, assessment_candidate, assessor};
use crate::entity::catalogue::admission;
use crate::scope::Scope;
use crate::{PublicRead, StoreError, time};

/// A checkpoint that decided a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its size.
    pub size: u64,
    /// Its root hash.
    pub hash: [u8; 32],
}

/// The sample of whoever holds the assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Population {
    /// Root of the draw.
    pub root: Root,
    /// Trainees of the period.
    pub count: u32,
    /// SHA-256 of their list.
    pub sha256: [u8; 32],
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Score, 0 to 100.
    pub score: u8,
    /// In words.
    pub text: String,
    /// Findings as JSON, as they were handed in.
    pub findings: String,
    /// Day.
    pub on: NaiveDate,
}

/// The final score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalScore {
    /// Score, 0 to 100.
    pub score: u8,
    /// What the assessor says to the reply.
    pub answer: String,
    /// Day.
    pub on: NaiveDate,
    /// Last freeze date in which it counts.
    pub counts_until: NaiveDate,
}

/// An assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Its id.
    pub id: AssessmentId,
    /// The admission that is assessed.
    pub admission: AdmissionId,
    /// State.
    pub state: AssessmentState,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Last day of the state.
    pub due_on: Option<NaiveDate>,
    /// First day of the period: classes that ended in it are assessed.
    pub period_from: NaiveDate,
    /// Its last day.
    pub period_until: NaiveDate,
    /// Leaves of the public log when the list was fixed.
    pub listed_size: u64,
    /// SHA-256 of the list.
    pub list_sha256: [u8; 32],
    /// Root of the draw.
    pub draw: Option<Root>,
    /// The accreditation that holds it.
    pub assessor: Option<AssessorId>,
    /// Leaves of the public log when it was accepted.
    pub accepted_size: Option<u64>,
    /// The sample that was drawn.
    pub sample: Option<Population>,
    /// The report.
    pub report: Option<Report>,
    /// The institution's reply.
    pub reply: Option<String>,
    /// The final score.
    pub last: Option<FinalScore>,
    /// When the score was published.
    pub published_on: Option<NaiveDate>,
    /// What its gravest finding led to: `T11`, `T16`, or why to nothing.
    pub consequence: Option<(String, NaiveDate)>,
    /// Why it was annulled.
    pub annulled_reason: Option<String>,
    /// Who commissioned it.
    pub commissioned_by: StaffPersonId,
    /// When.
    pub commissioned_at: DateTime<Utc>,
    /// Raised by every change.
    pub revision: i32,
}

/// Who asks for an assessment.
#[derive(Clone, Debug)]
pub enum Sight<'s> {
    /// A federation or an institution, by its scope.
    Scope(&'s Scope),
    /// An assessor: what they were drawn for.
    Assessor(StaffPersonId),
}

fn model(one: &Assessment) -> assessment::Model {
    let root = |root: Root| (root.size.cast_signed(), root.hash.to_vec());
    let (draw_size, draw_root) = one.draw.map(root).unzip();
    let (sample_size, sample_root) = one.sample.map(|sample| root(sample.root)).unzip();
    let report = one.report.as_ref();
    let last = one.last.as_ref();
    assessment::Model {
        id: one.id.uuid(),
        admission_id: one.admission.uuid(),
        state: one.state.as_str().to_owned(),
        state_since: time::millis(one.state_since),
        due_on: one.due_on.map(|day| day.to_string()),
        period_from: one.period_from.to_string(),
        period_until: one.period_until.to_string(),
        listed_size: one.listed_size.cast_signed(),
        list_sha256: one.list_sha256.to_vec(),
        draw_size,
        draw_root,
        assessor_id: one.assessor.map(AssessorId::uuid),
        accepted_size: one.accepted_size.map(u64::cast_signed),
        sample_size,
        sample_root,
        population: one.sample.map(|sample| sample.count.cast_signed()),
        population_sha256: one.sample.map(|sample| sample.sha256.to_vec()),
        report_score: report.map(|report| report.score.into()),
        report: report.map(|report| report.text.clone()),
        findings: report.map(|report| report.findings.clone()),
        reported_on: report.map(|report| report.on.to_string()),
        reply: one.reply.clone(),
        final_score: last.map(|last| last.score.into()),
        final_answer: last.map(|last| last.answer.clone()),
        final_on: last.map(|last| last.on.to_string()),
        counts_until: last.map(|last| last.counts_until.to_string()),
        annulled_reason: one.annulled_reason.clone(),
        published_on: one.published_on.map(|day| day.to_string()),
        consequence: one.consequence.as_ref().map(|(what, _)| what.clone()),
        consequence_on: one.consequence.as_ref().map(|(_, on)| on.to_string()),
        commissioned_by: one.commissioned_by.uuid(),
        commissioned_at: time::millis(one.commissioned_at),
        revision: one.revision,
    }
}

impl TryFrom<assessment::Model> for Assessment {
    type Error = StoreError;

    fn try_from(row: assessment::Model) -> Result<Self, StoreError> {
        let id = row.id;
        let bad = || StoreError::inconsistent("assessment", id);
        let digest = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| bad());
        let score = |score: i32| u8::try_from(score).map_err(|_| bad());
        let root = |size: Option<i64>, hash: Option<Vec<u8>>| match (size, hash) {
            (Some(size), Some(hash)) => Ok::<_, StoreError>(Some(Root {
                size: size.cast_unsigned(),
                hash: digest(hash)?,
            })),
            _ => Ok(None),
        };
        let sample = match (
            root(row.sample_size, row.sample_root)?,
            row.population,
            row.population_sha256,
        ) {
            (Some(root), Some(count), Some(sha256)) => Some(Population {
                root,
                count: count.cast_unsigned(),
                sha256: digest(sha256)?,
            }),
            _ => None,
        };
        let report = match (row.report_score, row.report, row.findings, row.reported_on) {
            (Some(points), Some(text), Some(findings), Some(on)) => Some(Report {
                score: score(points)?,
                text,
                findings,
                on: time::date(&on)?,
            }),
            _ => None,
        };
        let last = match (
            row.final_score,
            row.final_answer,
            row.final_on,
            row.counts_until,
        ) {
            (Some(points), Some(answer), Some(on), Some(until)) => Some(FinalScore {
                score: score(points)?,
                answer,
                on: time::date(&on)?,
                counts_until: time::date(&until)?,
            }),
            _ => None,
        };
        Ok(Self {
            id: id.into(),
            admission: row.admission_id.into(),
            state: row.state.parse().map_err(|_| bad())?,
            state_since: time::instant(row.state_since)?,
            due_on: time::optional_date(row.due_on.as_deref())?,
            period_from: time::date(&row.period_from)?,
            period_until: time::date(&row.period_until)?,
            listed_size: row.listed_size.cast_unsigned(),
            list_sha256: digest(row.list_sha256)?,
            draw: root(row.draw_size, row.draw_root)?,
            assessor: row.assessor_id.map(Into::into),
            accepted_size: row.accepted_size.map(i64::cast_unsigned),
            sample,
            report,
            reply: row.reply,
            last,
            annulled_reason: row.annulled_reason,
            published_on: time::optional_date(row.published_on.as_deref())?,
            consequence: match (row.consequence, row.consequence_on) {
                (Some(what), Some(on)) => Some((what, time::date(&on)?)),
                _ => None,
            },
            commissioned_by: row.commissioned_by.into(),
            commissioned_at: time::instant(row.commissioned_at)?,
            revision: row.revision,
        })
    }
}

/// Writes a new assessment; another open one of the same admission is a duplicate.
pub async fn insert(db: &impl ConnectionTrait, new: &Assessment) -> Result<(), StoreError> {
    assessment::Entity::insert(model(new).into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes what changed and raises the revision; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, row: &Assessment) -> Result<i32, StoreError> {
    let mut new = model(row).into_active_model().reset_all();
    new.id = NotSet;
    new.revision = sea_orm::ActiveValue::Set(row.revision + 1);
    let done = assessment::Entity::update_many()
        .set(new)
        .filter(assessment::Column::Id.eq(row.id.uuid()))
        .filter(assessment::Column::Revision.eq(row.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(row.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

fn seen(sight: &Sight<'_>) -> sea_orm::Select<assessment::Entity> {
    let query = assessment::Entity::find();
    match sight {
        Sight::Scope(scope) if scope.sees_all() => query,
        Sight::Scope(scope) => {
            let admissions = sea_orm::sea_query::Query::select()
                .column(admission::Column::Id)
                .from(admission::Entity)
                .cond_where(scope.condition(
                    admission::Column::SiteRegion,
                    admission::Column::InstitutionId,
                ))
                .to_owned();
            query.filter(assessment::Column::AdmissionId.in_subquery(admissions))
        }
        Sight::Assessor(person) => {
            let own = sea_orm::sea_query::Query::select()
                .column(assessor::Column::Id)
                .from(assessor::Entity)
                .and_where(assessor::Column::StaffPersonId.eq(person.uuid()))
                .to_owned();
            let drawn = sea_orm::sea_query::Query::select()
                .column(assessment_candidate::Column::AssessmentId)
                .from(assessment_candidate::Entity)
                .and_where(assessment_candidate::Column::AssessorId.in_subquery(own))
                .and_where(assessment_candidate::Column::Standing.ne("listed"))
                .to_owned();
            query.filter(assessment::Column::Id.in_subquery(drawn))
        }
    }
}

/// The assessment with this id, as far as the asker may see it.
pub async fn find(
    db: &impl ConnectionTrait,
    sight: &Sight<'_>,
    id: AssessmentId,
) -> Result<Option<Assessment>, StoreError> {
    seen(sight)
        .filter(assessment::Column::Id.eq(id.uuid()))
        .one(db)
        .await?
        .map(Assessment::try_from)
        .transpose()
}

/// An assessment as anybody may know it: the caller shows how it is drawn, and not whom it is about.
pub async fn for_the_draw(
    db: &impl PublicRead,
    id: AssessmentId,
) -> Result<Option<(Assessment, Vec<candidates::Candidate>)>, StoreError> {
    let db = db.connection();
    let Some(row) = assessment::Entity::find_by_id(id.uuid()).one(db).await? else {
        return Ok(None);
    };
    Ok(Some((row.try_into()?, candidates::of(db, id).await?)))
}

/// Assessments that the asker may see, newest first, at most `limit`, older than the one given.
pub async fn list(
    db: &impl ConnectionTrait,
    sight: &Sight<'_>,
    before: Option<AssessmentId>,
    limit: u64,
) -> Result<Vec<Assessment>, StoreError> {
    let mut query = seen(sight);
    if let Some(before) = before {
        query = query.filter(assessment::Column::Id.lt(before.uuid()));
    }
    let rows = query
        .order_by_desc(assessment::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(Assessment::try_from).collect()
}

/// Names of the institutions of these assessments, by admission.
pub async fn names(
    db: &impl ConnectionTrait,
    rows: &[Assessment],
) -> Result<Vec<(AdmissionId, String)>, StoreError> {
    let found = admission::Entity::find()
        .filter(admission::Column::Id.is_in(rows.iter().map(|row| row.admission.uuid())))
        .all(db)
        .await?;
    let named = crate::institutions::with_institutions(db, found).await?;
    Ok(named
        .into_iter()
        .map(|one| (one.id, one.institution.name))
        .collect())
}

/// Reports about an admission that nobody has answered and that count, newest first.
pub async fn unanswered(
    db: &impl ConnectionTrait,
    sight: &Sight<'_>,
    admission: AdmissionId,
) -> Result<Vec<Assessment>, StoreError> {
    let rows = seen(sight)
        .filter(assessment::Column::AdmissionId.eq(admission.uuid()))
        .filter(assessment::Column::Report.is_not_null())
        .filter(assessment::Column::Consequence.is_null())
        .filter(assessment::Column::State.is_not_in(["annulled", "lapsed"]))
        .order_by_desc(assessment::Column::Id)
        .limit(20)
        .all(db)
        .await?;
    rows.into_iter().map(Assessment::try_from).collect()
}

/// Person and credit code of the assessors of the newest assessments of an institution, wherever it was admitted, newest
/// first; those that were annulled or lapsed count for nobody.
pub async fn latest(
    db: &impl ConnectionTrait,
    institution: Uuid,
    limit: u64,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let sql = "SELECT s.staff_person_id, s.credit_code FROM assessment m JOIN admission a ON a.id = m.admission_id
        JOIN assessor s ON s.id = m.assessor_id
        WHERE a.institution_id = $1 AND m.state NOT IN ('annulled', 'lapsed') ORDER BY m.id DESC LIMIT $2";
    let values = [institution.into(), limit.cast_signed().into()];
    let rows = db
        .query_all_raw(crate::privacy::statement(db, sql, values))
        .await?;
    rows.into_iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// A published assessment with who made it and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The assessment.
    pub assessment: Assessment,
    /// The admitting federation.
    pub federation: String,
    /// The assessor's organisation.
    pub organisation: String,
}

/// Published assessments of an institution, newest first.
pub async fn published(
    db: &impl PublicRead,
    credit_code: &str,
) -> Result<Vec<Published>, StoreError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        id: Uuid,
        federation: String,
        organisation: String,
    }
    let db = db.connection();
    let sql = "SELECT m.id, a.federation, s.organisation FROM assessment m JOIN admission a ON a.id = m.admission_id
        JOIN institution i ON i.id = a.institution_id JOIN assessor s ON s.id = m.assessor_id
        WHERE i.credit_code = $1 AND m.state = 'published' ORDER BY m.published_on DESC, m.id DESC LIMIT 100";
    let statement = crate::privacy::statement(db, sql, [credit_code.into()]);
    let rows = <Row as sea_orm::FromQueryResult>::find_by_statement(statement)
        .all(db)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(one) = assessment::Entity::find_by_id(row.id).one(db).await? else {
            continue;
        };
        found.push(Published {
            assessment: one.try_into()?,
            federation: row.federation,
            organisation: row.organisation,
        });
    }
    Ok(found)
}
