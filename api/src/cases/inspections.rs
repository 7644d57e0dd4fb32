//! Inspections by frequency of grade (grading.md 7): the next one is owed from the last, or from the first grade, and sooner
//! or later when the grade changes. Whoever is late is told, and nothing follows for the institution.

use chrono::{Months, NaiveDate};
use domain::institution::{InstitutionState as S, InstitutionTransition as T, ReportKind};
use store::WriteTx;
use store::cases::terms::{self as rows, Term};
use store::cases::{decisions, reports};
use store::institutions::Admission;

use super::terms;
use crate::app::App;
use crate::problem::Problem;

/// The term.
const TERM: &str = ReportKind::Inspection.as_str();

/// Begins, moves or ends what is owed about an admission.
pub(crate) async fn look(app: &App, tx: &WriteTx, admission: &Admission) -> Result<(), Problem> {
    let object = admission.id.uuid();
    let numbers = &app.policy.workflow;
    let live = matches!(admission.state, S::Graded | S::Warned | S::Rectifying);
    let months = numbers
        .inspection_months(admission.grade)
        .filter(|_| live)
        .map(Months::new);
    let open = rows::newest(tx, object, TERM)
        .await?
        .filter(|term| term.met_on.is_none());
    let Some(months) = months else {
        if open.is_some() {
            rows::meet(tx, object, &[TERM], app.today()).await?;
        }
        return Ok(());
    };
    let counted = since(tx, admission).await?;
    let since = counted
        .or(open.as_ref().map(|term| term.starts_on))
        .unwrap_or_else(|| app.today());
    let own = since.checked_add_months(months).unwrap_or(since);
    // A grade that asks for more of them leaves time for the one that is late by it.
    let least = app
        .calendar
        .add_working_days(app.today(), numbers.inspection_wd);
    let due_on = own.max(least);
    let stands =
        |term: &Term| term.starts_on == since && own <= term.due_on && term.due_on <= due_on;
    if open.as_ref().is_some_and(stands) {
        return Ok(());
    }
    rows::meet(tx, object, &[TERM], app.today()).await?;
    let term = Term {
        id: app.random.id(app.now()),
        admission: admission.id,
        object_kind: "admission".to_owned(),
        object,
        kind: TERM.to_owned(),
        holder: terms::holder(tx, admission, ReportKind::Inspection).await?,
        starts_on: since,
        due_on,
        calendar: terms::calendar(),
        extension_reason: None,
        met_on: None,
    };
    Ok(rows::begin(tx, &term).await?)
}

/// Inspections on record, oldest first.
async fn of(tx: &WriteTx, admission: &Admission) -> Result<Vec<reports::Report>, Problem> {
    let mut all = reports::of(tx, admission.id).await?;
    all.retain(|one| one.kind == ReportKind::Inspection);
    Ok(all)
}

/// The one that was recorded last: it says how things stand.
pub(super) async fn newest(
    tx: &WriteTx,
    admission: &Admission,
) -> Result<Option<reports::Report>, Problem> {
    Ok(of(tx, admission).await?.pop())
}

/// The day from which the next one is counted: that of the last, else that of the first grade.
async fn since(tx: &WriteTx, admission: &Admission) -> Result<Option<NaiveDate>, Problem> {
    let all = of(tx, admission).await?;
    let last = all.iter().map(|one| one.held_on).max();
    if last.is_some() {
        return Ok(last);
    }
    let first = decisions::newest(tx, admission.id, T::T09).await?;
    Ok(first.map(|decision| decision.on))
}

/// Looks at the graded institutions of which nobody owes the next inspection.
pub(super) async fn by_day(app: &App) -> Result<(), Problem> {
    for id in reports::without_inspection(app.store.reader()).await? {
        let tx = app.store.write().await?;
        // Again under lock: somebody may have acted meanwhile.
        if let Some(admission) = store::institutions::lock_any(&tx, id).await? {
            look(app, &tx, &admission).await?;
        }
        store::commit(tx).await?;
    }
    Ok(())
}

/// Until when the next inspection is owed.
pub(super) async fn due_on(
    tx: &WriteTx,
    admission: domain::ids::AdmissionId,
) -> Result<Option<NaiveDate>, Problem> {
    let newest = rows::newest(tx, admission.uuid(), TERM).await?;
    Ok(newest
        .filter(|term| term.met_on.is_none())
        .map(|term| term.due_on))
}
