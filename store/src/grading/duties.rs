//! What whole federations owe about gradings and bulletins: no admission has a term for it, so it is looked up.

use chrono::NaiveDate;
use domain::ids::GradingRunId;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::FreezeKind;
use crate::cases::results::OVERTAKEN;
use crate::privacy::statement;
use crate::{StoreError, time};

#[derive(FromQueryResult)]
struct Count {
    n: i64,
}

/// Whether a class ended on or before a day: a registry that began later owes no grades for that day.
pub async fn had_classes(db: &impl ConnectionTrait, on: NaiveDate) -> Result<bool, StoreError> {
    let sql =
        "SELECT COUNT(*) AS n FROM cohort WHERE end_on <= $1 AND state IN ('accepted', 'archived')";
    let row = Count::find_by_statement(statement(db, sql, [on.to_string().into()]))
        .one(db)
        .await?;
    Ok(row.is_some_and(|row| row.n > 0))
}

/// The oldest run on the freeze of a kind and day; by one policy, where that is named.
pub async fn run_on(
    db: &impl ConnectionTrait,
    kind: FreezeKind,
    freeze_on: NaiveDate,
    policy: Option<&str>,
) -> Result<Option<GradingRunId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let sql = "SELECT r.id FROM grading_run r JOIN grading_freeze f ON f.id = r.freeze_id \
               WHERE f.kind = $2 AND f.freeze_on = $1 AND ($3 = '' OR r.policy = $3) ORDER BY r.id LIMIT 1";
    let values = [
        freeze_on.to_string().into(),
        kind.as_str().into(),
        policy.unwrap_or("").into(),
    ];
    let row = Row::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.map(|row| row.id.into()))
}

/// A federation by code and name.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Of {
    /// Its code.
    pub federation: String,
    /// Its name.
    pub name: String,
}

/// Federations with results in a run.
pub async fn federations_of(
    db: &impl ConnectionTrait,
    run: GradingRunId,
) -> Result<Vec<Of>, StoreError> {
    let sql = "SELECT DISTINCT g.federation, f.name FROM grading_result g JOIN federation f ON f.code = g.federation \
               WHERE g.run_id = $1 ORDER BY g.federation";
    let statement = statement(db, sql, [run.uuid().into()]);
    Ok(Of::find_by_statement(statement).all(db).await?)
}

/// Whether a published run left a grade undecided that nothing in the institution's state keeps from being given now: its
/// warning or suspension is over, or what kept the officer from it is. A first grade of P decides nothing, and after an upheld
/// appeal a later run does.
pub async fn has_held(
    db: &impl ConnectionTrait,
    run: GradingRunId,
    federation: &str,
) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT COUNT(*) AS n FROM grade_result r JOIN admission a ON a.id = r.admission_id \
         WHERE r.run_id = $1 AND a.federation = $2 AND r.kind = 'annual' AND r.decided_on IS NULL \
         AND r.grade IS NOT NULL AND (a.state = 'graded' OR (a.state = 'provisional' AND r.grade <> 'P')) \
         AND NOT {OVERTAKEN}"
    );
    let values = [run.uuid().into(), federation.into()];
    let row = Count::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.is_some_and(|row| row.n > 0))
}

/// The name of a federation.
pub async fn name_of(db: &impl ConnectionTrait, code: &str) -> Result<String, StoreError> {
    let found = crate::reference::federation(db, code).await?;
    Ok(found.map_or_else(|| code.to_owned(), |one| one.name))
}

/// An objection to a bulletin that nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Federation of the bulletin.
    pub federation: String,
    /// Its name.
    pub name: String,
    /// Until when it is to be answered.
    pub due_on: NaiveDate,
}

/// Open objections to bulletins of runs: those of decisions have a term on the admission.
pub async fn unanswered(db: &impl ConnectionTrait) -> Result<Vec<Unanswered>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        federation: String,
        name: String,
        answer_due: String,
    }
    let sql = "SELECT b.federation, f.name, o.answer_due FROM objection o JOIN bulletin b ON b.id = o.object_id \
               JOIN federation f ON f.code = b.federation WHERE o.object_kind = 'bulletin' AND o.state = 'open' \
               AND o.answer_due IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM term t WHERE t.object_id = o.id) ORDER BY o.answer_due, o.id LIMIT 500";
    let rows = Row::find_by_statement(statement(db, sql, []))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Unanswered {
                federation: row.federation,
                name: row.name,
                due_on: time::date(&row.answer_due)?,
            })
        })
        .collect()
}
