//! Calls by a third party about survey answers, and what an audit makes of flagged ones (grading.md 5, workflow.md 5).
//!
//! The trainee behind an answer is found by its keyed index, among those who were invited: what a dump holds does not
//! tell.

use chrono::NaiveDate;
use domain::ids::{AdmissionId, AssessorId, EnrolmentId, StaffPersonId};
use domain::survey::{CallOutcome, SurveyFlag};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::StoreError;
use crate::entity::evidence::{survey_call, survey_call_lapsed, survey_response};
use crate::grading::snapshot::SURVEY_INDEX;
use crate::privacy::statement;
use crate::scope::Scope;
use crate::vault::Vault;

/// Rows of one statement, below the bind limits of both databases.
const CHUNK: usize = 500;

#[derive(FromQueryResult)]
struct ResponseRow {
    id: Uuid,
    taken: i64,
}

/// Answers about an admission that count and that nobody was called about: those given on the web, and those taken by
/// somebody. A round of calls is drawn from each.
pub async fn uncalled(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<(Vec<Uuid>, Vec<Uuid>), StoreError> {
    let sql = "SELECT r.id, CAST(CASE WHEN r.taken_by IS NULL THEN 0 ELSE 1 END AS BIGINT) AS taken FROM survey_response r
        WHERE r.admission_id = $1 AND r.state = 'counted'
        AND NOT EXISTS (SELECT 1 FROM survey_call k WHERE k.response_id = r.id) ORDER BY r.id";
    let rows = ResponseRow::find_by_statement(statement(db, sql, [admission.uuid().into()]))
        .all(db)
        .await?;
    let (taken, web): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.taken == 1);
    let ids = |rows: Vec<ResponseRow>| rows.into_iter().map(|row| row.id).collect();
    Ok((ids(web), ids(taken)))
}

/// Admissions in the catalogue with answers that count, from a wave that has closed, and that stood in no urn; of whom nobody
/// owes the draw.
pub async fn undrawn(db: &impl ConnectionTrait) -> Result<Vec<AdmissionId>, StoreError> {
    let sql = "SELECT a.id FROM admission a
        WHERE a.state IN ('provisional', 'graded', 'warned', 'rectifying', 'suspended', 'exit_notice')
        AND EXISTS (SELECT 1 FROM survey_response r WHERE r.admission_id = a.id AND r.state = 'counted' AND r.enrolment_id IS NULL AND r.urn_id IS NULL)
        AND NOT EXISTS (SELECT 1 FROM term t WHERE t.object_id = a.id AND t.kind = 'survey_draw' AND t.met_on IS NULL)
        ORDER BY a.id";
    let rows = IdRow::find_by_statement(statement(db, sql, []))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Admissions of which somebody owes a draw although no answer is left to be called about: all were flagged meanwhile.
pub async fn nothing_to_draw(db: &impl ConnectionTrait) -> Result<Vec<AdmissionId>, StoreError> {
    let sql = "SELECT t.object_id AS id FROM term t WHERE t.kind = 'survey_draw' AND t.met_on IS NULL
        AND NOT EXISTS (SELECT 1 FROM survey_response r WHERE r.admission_id = t.object_id AND r.state = 'counted'
            AND NOT EXISTS (SELECT 1 FROM survey_call k WHERE k.response_id = r.id)) ORDER BY t.object_id";
    let rows = IdRow::find_by_statement(statement(db, sql, []))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Calls whose time is over and that nobody made leave the round, so that their answers stand in the urn again; who left
/// them undone is kept. Answers the admissions that they were about.
pub async fn lapse(
    db: &impl ConnectionTrait,
    today: NaiveDate,
) -> Result<Vec<AdmissionId>, StoreError> {
    use survey_call::Column as C;
    let undone = || {
        Condition::all()
            .add(C::Outcome.is_null())
            .add(C::DueOn.lt(today.to_string()))
    };
    let calls = survey_call::Entity::find()
        .filter(undone())
        .order_by_asc(C::AdmissionId)
        .all(db)
        .await?;
    let mut found: Vec<Uuid> = calls.iter().map(|call| call.admission_id).collect();
    found.dedup();
    for chunk in calls.chunks(CHUNK) {
        let rows = chunk
            .iter()
            .cloned()
            .map(|call| survey_call_lapsed::ActiveModel {
                id: Set(call.id),
                admission_id: Set(call.admission_id),
                response_id: Set(call.response_id),
                assessor_id: Set(call.assessor_id),
                draw_id: Set(call.draw_id),
                drawn_by: Set(call.drawn_by),
                drawn_on: Set(call.drawn_on),
                due_on: Set(call.due_on),
                lapsed_on: Set(today.to_string()),
            });
        survey_call_lapsed::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    survey_call::Entity::delete_many()
        .filter(undone())
        .exec(db)
        .await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// An admission of which somebody has to audit the survey.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct ToAudit {
    /// The admission.
    pub id: Uuid,
    /// Name of the institution.
    pub institution: String,
    /// Until when whom a third party calls is to be drawn.
    pub draw_due: Option<String>,
    /// Until when the survey is to be suspended.
    pub suspend_due: Option<String>,
    /// Answers that wait.
    pub flagged: i64,
}

/// Admissions of the scope that owe a draw or a suspension, or have answers that wait for an audit; what is due first first.
pub async fn to_audit(
    db: &impl ConnectionTrait,
    scope: &Scope,
    limit: u64,
) -> Result<Vec<ToAudit>, StoreError> {
    let (within, value) = scope.sql("a.site_region", "a.institution_id", 1);
    let due = |kind: &str| {
        format!(
            "(SELECT MIN(t.due_on) FROM term t WHERE t.object_id = a.id AND t.kind = '{kind}' AND t.met_on IS NULL)"
        )
    };
    let (draw, suspend) = (due("survey_draw"), due("survey_suspend"));
    let sql = format!(
        "SELECT * FROM (SELECT a.id, i.name AS institution, {draw} AS draw_due, {suspend} AS suspend_due,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM survey_response r WHERE r.admission_id = a.id AND r.state = 'flagged') AS flagged
            FROM admission a JOIN institution i ON i.id = a.institution_id WHERE {within}) AS found
        WHERE draw_due IS NOT NULL OR suspend_due IS NOT NULL OR flagged > 0
        ORDER BY COALESCE(suspend_due, draw_due, '9999'), id LIMIT {limit}"
    );
    let rows = ToAudit::find_by_statement(statement(db, sql, value))
        .all(db)
        .await?;
    Ok(rows)
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Who took answers about an admission: none of them calls about them.
pub async fn takers(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<StaffPersonId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        taken_by: Uuid,
    }
    let sql = "SELECT DISTINCT taken_by FROM survey_response WHERE admission_id = $1 AND taken_by IS NOT NULL";
    let rows = Row::find_by_statement(statement(db, sql, [admission.uuid().into()]))
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| StaffPersonId::new(row.taken_by))
        .collect())
}

/// A round of calls to write.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The draw.
    pub id: Uuid,
    /// The admission.
    pub admission: AdmissionId,
    /// Who calls.
    pub assessor: AssessorId,
    /// Who drew.
    pub by: StaffPersonId,
    /// When.
    pub on: NaiveDate,
    /// Until when to call.
    pub due_on: NaiveDate,
}

/// Keeps the calls of a round: its id of each with the answer. All answers that count and that nobody was called about
/// stood in its urn.
pub async fn insert(
    db: &impl ConnectionTrait,
    round: Round,
    calls: &[(Uuid, Uuid)],
) -> Result<(), StoreError> {
    let sql = "UPDATE survey_response SET urn_id = $2 WHERE admission_id = $1 AND state = 'counted'
        AND NOT EXISTS (SELECT 1 FROM survey_call k WHERE k.response_id = survey_response.id)";
    let values = [round.admission.uuid().into(), round.id.into()];
    db.execute_raw(statement(db, sql, values)).await?;
    for chunk in calls.chunks(CHUNK) {
        let rows = chunk.iter().map(|(id, response)| survey_call::ActiveModel {
            id: Set(*id),
            admission_id: Set(round.admission.uuid()),
            response_id: Set(*response),
            assessor_id: Set(round.assessor.uuid()),
            draw_id: Set(round.id),
            drawn_by: Set(round.by.uuid()),
            drawn_on: Set(round.on.to_string()),
            due_on: Set(round.due_on.to_string()),
            outcome: Set(None),
            called_on: Set(None),
        });
        survey_call::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Call {
    /// Its id.
    pub id: Uuid,
    /// The admission.
    pub admission_id: Uuid,
    /// Name of the institution.
    pub institution: String,
    /// The answer.
    pub response_id: Uuid,
    /// Keyed index of its enrolment.
    pub enrolment_index: Vec<u8>,
    /// Last day to call.
    pub due_on: String,
    /// What was found.
    pub outcome: Option<String>,
}

const CALL: &str = "SELECT k.id, k.admission_id, i.name AS institution, k.response_id, r.enrolment_index, k.due_on, k.outcome
    FROM survey_call k JOIN survey_response r ON r.id = k.response_id JOIN assessor s ON s.id = k.assessor_id
    JOIN admission a ON a.id = k.admission_id JOIN institution i ON i.id = a.institution_id
    WHERE s.staff_person_id = $1";

/// Open calls of an assessor whose accreditation runs, the most urgent first.
pub async fn open_of(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    today: NaiveDate,
) -> Result<Vec<Call>, StoreError> {
    let sql = format!(
        "{CALL} AND k.outcome IS NULL AND k.due_on >= $2 AND s.withdrawn_on IS NULL AND s.valid_until >= $2 ORDER BY k.due_on, k.id"
    );
    let values = [person.uuid().into(), today.to_string().into()];
    Ok(Call::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?)
}

/// One of them, done or not.
pub async fn find(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    id: Uuid,
) -> Result<Option<Call>, StoreError> {
    let sql = format!("{CALL} AND k.id = $2");
    let values = [person.uuid().into(), id.into()];
    Ok(Call::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?)
}

#[derive(FromQueryResult)]
struct EnrolmentRow {
    enrolment_id: Uuid,
}

/// The enrolments behind keyed indexes of answers about an admission, in the same order.
pub async fn behind(
    db: &impl ConnectionTrait,
    vault: &Vault,
    admission: AdmissionId,
    indexes: &[Vec<u8>],
) -> Result<Vec<Option<EnrolmentId>>, StoreError> {
    let sql =
        "SELECT s.enrolment_id FROM survey_invitation s JOIN enrolment e ON e.id = s.enrolment_id
        JOIN cohort c ON c.id = e.cohort_id WHERE c.admission_id = $1 AND s.state = 'answered'";
    let rows = EnrolmentRow::find_by_statement(statement(db, sql, [admission.uuid().into()]))
        .all(db)
        .await?;
    let mut found = vec![None; indexes.len()];
    for row in rows {
        let own = vault.blind_indexes(SURVEY_INDEX, &row.enrolment_id.to_string());
        for (place, index) in found.iter_mut().zip(indexes) {
            if own.iter().any(|one| one.as_slice() == index.as_slice()) {
                *place = Some(row.enrolment_id.into());
            }
        }
    }
    Ok(found)
}

/// All in all, as the answer says.
pub async fn overall(db: &impl ConnectionTrait, response: Uuid) -> Result<u8, StoreError> {
    let bad = || StoreError::inconsistent("survey_response", response);
    let row = survey_response::Entity::find_by_id(response)
        .one(db)
        .await?
        .ok_or_else(bad)?;
    let items: [u8; 5] = serde_json::from_str(&row.items).map_err(|_| bad())?;
    Ok(items[4])
}

/// Writes what a call found; `Stale` when it was written before. A contradiction flags the answer.
pub async fn called(
    db: &impl ConnectionTrait,
    call: &Call,
    outcome: CallOutcome,
    on: NaiveDate,
) -> Result<(), StoreError> {
    use survey_call::Column as C;
    let done = survey_call::Entity::update_many()
        .col_expr(C::Outcome, Expr::value(outcome.as_str()))
        .col_expr(C::CalledOn, Expr::value(on.to_string()))
        .filter(C::Id.eq(call.id))
        .filter(C::Outcome.is_null())
        .exec(db)
        .await?;
    if done.rows_affected != 1 {
        return Err(StoreError::Stale);
    }
    if outcome == CallOutcome::Contradicted {
        flag(db, call.response_id, SurveyFlag::Contradicted).await?;
    }
    Ok(())
}

async fn flag(
    db: &impl ConnectionTrait,
    response: Uuid,
    flag: SurveyFlag,
) -> Result<(), StoreError> {
    use survey_response::Column as C;
    let bad = || StoreError::inconsistent("survey_response", response);
    let row = survey_response::Entity::find_by_id(response)
        .one(db)
        .await?
        .ok_or_else(bad)?;
    let mut flags: Vec<String> = serde_json::from_str(&row.flags).map_err(|_| bad())?;
    flags.push(flag.as_str().to_owned());
    survey_response::Entity::update_many()
        .col_expr(
            C::Flags,
            Expr::value(serde_json::Value::from(flags).to_string()),
        )
        .col_expr(C::State, Expr::value("flagged"))
        .filter(C::Id.eq(response))
        .exec(db)
        .await?;
    Ok(())
}

/// A flagged answer as an audit sees it: how it came, not what it says nor whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagged {
    /// The answer.
    pub id: Uuid,
    /// Flags.
    pub flags: Vec<String>,
    /// How.
    pub mode: String,
    /// By whom.
    pub by: String,
    /// Day.
    pub submitted_on: String,
    /// Whether somebody took it.
    pub taken: bool,
}

/// Answers about an admission that wait for an audit.
pub async fn flagged(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<Flagged>, StoreError> {
    use survey_response::Column as C;
    let rows = survey_response::Entity::find()
        .filter(C::AdmissionId.eq(admission.uuid()))
        .filter(C::State.eq("flagged"))
        .order_by_asc(C::Id)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Flagged {
                flags: serde_json::from_str(&row.flags)
                    .map_err(|_| StoreError::inconsistent("survey_response", row.id))?,
                id: row.id,
                mode: row.mode,
                by: row.answered_by,
                submitted_on: row.submitted_on,
                taken: row.taken_by.is_some(),
            })
        })
        .collect()
}

/// After an audit: a flagged answer counts, or is excluded. `false` when it waits for none.
pub async fn settle(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    response: Uuid,
    counts: bool,
    reason: &str,
    by: StaffPersonId,
    on: NaiveDate,
) -> Result<bool, StoreError> {
    use survey_response::Column as C;
    let state = if counts { "counted" } else { "excluded" };
    let done = survey_response::Entity::update_many()
        .col_expr(C::State, Expr::value(state))
        .col_expr(C::AuditReason, Expr::value(reason))
        .col_expr(C::AuditedBy, Expr::value(by.uuid()))
        .col_expr(C::AuditedOn, Expr::value(on.to_string()))
        .filter(C::Id.eq(response))
        .filter(C::AdmissionId.eq(admission.uuid()))
        .filter(C::State.eq("flagged"))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Whether an enrolment is in the sample of an assessment that the person holds in the field today.
pub async fn in_open_sample(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    enrolment: EnrolmentId,
    today: NaiveDate,
) -> Result<bool, StoreError> {
    let sql = "SELECT s.enrolment_id FROM assessment_sample s JOIN assessment m ON m.id = s.assessment_id
        AND m.assessor_id = s.assessor_id JOIN assessor a ON a.id = s.assessor_id
        WHERE s.enrolment_id = $1 AND a.staff_person_id = $2 AND m.state = 'fieldwork' AND m.due_on >= $3
        AND a.withdrawn_on IS NULL AND a.valid_until >= $3";
    let values = [
        enrolment.uuid().into(),
        person.uuid().into(),
        today.to_string().into(),
    ];
    let row = EnrolmentRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.is_some())
}
