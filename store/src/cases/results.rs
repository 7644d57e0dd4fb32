//! Results of grading runs on an admission: figures shown, notice, decision (T09, T10).

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{AdmissionId, GradingRunId, ResultId, StaffPersonId};
use domain::institution::{Grade, ResultKind, ResultRow};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder,
};

use crate::entity::cases::grade_result;
use crate::entity::catalogue::admission;
use crate::privacy::statement;
use crate::{StoreError, time};

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradeResult {
    /// Its id.
    pub id: ResultId,
    /// The admission.
    pub admission: AdmissionId,
    /// What the run said.
    pub row: ResultRow,
    /// The run.
    pub run: GradingRunId,
    /// When the institution was shown its figures.
    pub shown_on: NaiveDate,
    /// When the notice began.
    pub notice_on: Option<NaiveDate>,
    /// Its last day.
    pub notice_until: Option<NaiveDate>,
    /// When the grade was decided.
    pub decided_on: Option<NaiveDate>,
    /// The grade before.
    pub previous_grade: Option<Grade>,
    /// Who entered it.
    pub entered_by: StaffPersonId,
    /// When.
    pub entered_at: DateTime<Utc>,
}

/// Rows of one statement.
const TOGETHER: usize = 500;

/// Whether a result `r` rests on evidence that was frozen before the decision of an appeal which set a grade of the same
/// period aside: that grade is computed anew with corrected data (workflow.md 6), and this result gives none.
pub(crate) const OVERTAKEN: &str = "EXISTS (SELECT 1 FROM appeal p JOIN timeline t ON t.object_id = p.id AND t.act = 'decide' \
     JOIN grading_run n ON n.id = r.run_id JOIN grading_freeze f ON f.id = n.freeze_id \
     WHERE p.admission_id = r.admission_id AND p.against = 'T10' AND p.outcome = 'upheld' AND f.taken_at < t.at \
     AND EXISTS (SELECT 1 FROM grade_result o WHERE o.admission_id = r.admission_id AND o.freeze_on = r.freeze_on \
     AND o.decided_on IS NOT NULL AND o.grade IS NULL))";

/// Whether an upheld appeal asks for another result in place of this one.
pub async fn is_overtaken(db: &impl ConnectionTrait, id: ResultId) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        n: i64,
    }
    let sql = format!("SELECT COUNT(*) AS n FROM grade_result r WHERE r.id = $1 AND {OVERTAKEN}");
    let row = Row::find_by_statement(statement(db, sql, [id.uuid().into()]))
        .one(db)
        .await?;
    Ok(row.is_some_and(|row| row.n > 0))
}

/// Enters results; the same run twice for an admission is a duplicate.
pub async fn insert(db: &impl ConnectionTrait, new: &[GradeResult]) -> Result<(), StoreError> {
    for some in new.chunks(TOGETHER) {
        grade_result::Entity::insert_many(some.iter().map(model))
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

fn model(new: &GradeResult) -> grade_result::ActiveModel {
    grade_result::ActiveModel {
        id: Set(new.id.uuid()),
        admission_id: Set(new.admission.uuid()),
        run_id: Set(new.run.uuid()),
        kind: Set(new.row.kind.as_str().to_owned()),
        freeze_on: Set(new.row.freeze_on.to_string()),
        grade: Set(new.row.grade.map(|grade| grade.as_str().to_owned())),
        emp_sig_low: Set(new.row.emp_sig_low),
        sat_milli: Set(new.row.sat_milli.map(u32::cast_signed)),
        sat_suspended: Set(new.row.sat_suspended),
        shown_on: Set(new.shown_on.to_string()),
        notice_on: Set(new.notice_on.map(|day| day.to_string())),
        notice_until: Set(new.notice_until.map(|day| day.to_string())),
        decided_on: Set(None),
        previous_grade: Set(None),
        entered_by: Set(new.entered_by.uuid()),
        entered_at: Set(time::millis(new.entered_at)),
    }
}

/// Begins the notice of the results of a run in one federation.
pub async fn notice(
    db: &impl ConnectionTrait,
    run: GradingRunId,
    federation: &str,
    on: NaiveDate,
    until: NaiveDate,
) -> Result<(), StoreError> {
    use grade_result::Column as C;
    let here = Query::select()
        .column(admission::Column::Id)
        .from(admission::Entity)
        .and_where(admission::Column::Federation.eq(federation))
        .to_owned();
    grade_result::Entity::update_many()
        .col_expr(C::NoticeOn, Expr::value(on.to_string()))
        .col_expr(C::NoticeUntil, Expr::value(until.to_string()))
        .filter(C::RunId.eq(run.uuid()))
        .filter(C::NoticeOn.is_null())
        .filter(C::AdmissionId.in_subquery(here))
        .exec(db)
        .await?;
    Ok(())
}

/// Notes that the grade was decided, and the one before.
pub async fn decided(
    db: &impl ConnectionTrait,
    id: ResultId,
    on: NaiveDate,
    previous: Option<Grade>,
) -> Result<(), StoreError> {
    let done = grade_result::Entity::update_many()
        .col_expr(grade_result::Column::DecidedOn, Expr::value(on.to_string()))
        .col_expr(
            grade_result::Column::PreviousGrade,
            Expr::value(previous.map(|grade| grade.as_str().to_owned())),
        )
        .filter(grade_result::Column::Id.eq(id.uuid()))
        .filter(grade_result::Column::DecidedOn.is_null())
        .exec(db)
        .await?;
    one(done.rows_affected)
}

/// Changes the grade of a decided result, after an appeal.
pub async fn regrade(
    db: &impl ConnectionTrait,
    id: ResultId,
    grade: Option<Grade>,
) -> Result<(), StoreError> {
    let done = grade_result::Entity::update_many()
        .col_expr(
            grade_result::Column::Grade,
            Expr::value(grade.map(|grade| grade.as_str().to_owned())),
        )
        .filter(grade_result::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    one(done.rows_affected)
}

fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

/// The result with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    id: ResultId,
) -> Result<Option<GradeResult>, StoreError> {
    grade_result::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(GradeResult::try_from)
        .transpose()
}

/// Results of an admission, oldest first.
pub async fn of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<GradeResult>, StoreError> {
    let rows = grade_result::Entity::find()
        .filter(grade_result::Column::AdmissionId.eq(admission.uuid()))
        .order_by_asc(grade_result::Column::FreezeOn)
        .order_by_asc(grade_result::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(GradeResult::try_from).collect()
}

/// Whether institutions of a federation have quarterly results of a freeze date.
pub async fn has_quarter(
    db: &impl ConnectionTrait,
    federation: &str,
    freeze_on: NaiveDate,
) -> Result<bool, StoreError> {
    use grade_result::Column as C;
    let here = Query::select()
        .column(admission::Column::Id)
        .from(admission::Entity)
        .and_where(admission::Column::Federation.eq(federation))
        .to_owned();
    let found = grade_result::Entity::find()
        .filter(C::Kind.eq(ResultKind::Quarterly.as_str()))
        .filter(C::FreezeOn.eq(freeze_on.to_string()))
        .filter(C::AdmissionId.in_subquery(here))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Annual results of a federation's institutions on one freeze date, of all runs, oldest first.
pub async fn of_period(
    db: &impl ConnectionTrait,
    federation: &str,
    freeze_on: NaiveDate,
) -> Result<Vec<GradeResult>, StoreError> {
    use grade_result::Column as C;
    let here = Query::select()
        .column(admission::Column::Id)
        .from(admission::Entity)
        .and_where(admission::Column::Federation.eq(federation))
        .to_owned();
    let rows = grade_result::Entity::find()
        .filter(C::Kind.eq(ResultKind::Annual.as_str()))
        .filter(C::FreezeOn.eq(freeze_on.to_string()))
        .filter(C::AdmissionId.in_subquery(here))
        .order_by_asc(C::Id)
        .all(db)
        .await?;
    rows.into_iter().map(GradeResult::try_from).collect()
}

impl TryFrom<grade_result::Model> for GradeResult {
    type Error = StoreError;

    fn try_from(row: grade_result::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("grade_result", row.id);
        let grade = |text: &Option<String>| {
            text.as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())
        };
        Ok(Self {
            id: row.id.into(),
            admission: row.admission_id.into(),
            row: ResultRow {
                kind: row.kind.parse().map_err(|_| bad())?,
                freeze_on: time::date(&row.freeze_on)?,
                grade: grade(&row.grade)?,
                emp_sig_low: row.emp_sig_low,
                sat_milli: row
                    .sat_milli
                    .map(u32::try_from)
                    .transpose()
                    .map_err(|_| bad())?,
                sat_suspended: row.sat_suspended,
                decided: row.decided_on.is_some(),
            },
            previous_grade: grade(&row.previous_grade)?,
            shown_on: time::date(&row.shown_on)?,
            notice_on: time::optional_date(row.notice_on.as_deref())?,
            notice_until: time::optional_date(row.notice_until.as_deref())?,
            decided_on: time::optional_date(row.decided_on.as_deref())?,
            entered_by: row.entered_by.into(),
            entered_at: time::instant(row.entered_at)?,
            run: row.run_id.into(),
        })
    }
}
