//! Causes to warn or to propose an exit (grading.md 7, T11 and T19): where one arises, the province owes the act. Its silence
//! is told level by level, and lets the nation act in the end.

use chrono::{Days, Months, NaiveDate};
use domain::access::Role;
use domain::institution::{Grade, InstitutionState as S, InstitutionTransition as T, PaperKind};
use domain::institution::{ResultKind, ResultRow};
use store::WriteTx;
use store::cases::terms::{self as rows, Term};
use store::cases::{decisions, exit, papers, results};
use store::grading::publications::{self, PublicationState};
use store::institutions::Admission;

use super::{facts, inspections, terms};
use crate::app::App;
use crate::problem::Problem;

/// The term to warn.
const WARN: &str = "warn";
/// The term to propose an exit, or to decide otherwise.
const EXIT: &str = "exit";

/// A cause: since which day, and how many working days the province has from when it is seen.
#[derive(Clone, Copy)]
struct Cause {
    since: NaiveDate,
    days: u32,
}

/// Begins what is owed about an admission, once for each cause, and ends what is owed no longer. Answers how many terms began.
pub(crate) async fn look(app: &App, tx: &WriteTx, admission: &Admission) -> Result<u32, Problem> {
    let live = matches!(
        admission.state,
        S::Provisional | S::Graded | S::Warned | S::Rectifying | S::Suspended
    );
    let (mut warn, mut leave) = (Vec::new(), Vec::new());
    if live {
        let all = results::of(tx, admission.id).await?;
        if matches!(admission.state, S::Provisional | S::Graded) {
            warn = to_warn(app, tx, admission, &all).await?;
        }
        leave = to_leave(app, tx, admission, &all).await?;
    }
    inspections::look(app, tx, admission).await?;
    let begun = owe(app, tx, admission, WARN, &warn).await?;
    Ok(begun + owe(app, tx, admission, EXIT, &leave).await?)
}

async fn to_warn(
    app: &App,
    tx: &WriteTx,
    admission: &Admission,
    all: &[results::GradeResult],
) -> Result<Vec<Cause>, Problem> {
    let numbers = &app.policy.workflow;
    let mut found = Vec::new();
    if admission.grade == Some(Grade::D) && !admission.grade_stayed {
        let since = domain::calendar::today(admission.state_since);
        let decided = all.iter().rfind(|one| one.row.decided);
        let on = decided.and_then(|one| one.decided_on).unwrap_or(since);
        // A warning on an annual grade waits until the grade is final (field.md 9).
        let annual = decisions::newest(tx, admission.id, T::T10).await?.is_some();
        found.push(Cause {
            since: on.max(since),
            days: if annual {
                final_wd(app)
            } else {
                numbers.province_decision_wd
            },
        });
    }
    let each: Vec<ResultRow> = all.iter().map(|one| one.row.clone()).collect();
    let days = numbers.province_decision_wd;
    // What an inspection found is answered: a warning, or a later inspection that finds it in order.
    if let Some(newest) = inspections::newest(tx, admission)
        .await?
        .filter(|one| !one.favourable)
    {
        let since = domain::calendar::today(newest.made_at);
        found.push(Cause { since, days });
    }
    if ResultRow::emp_low_twice(&each)
        && let Some(newest) = all
            .iter()
            .filter(|one| one.row.kind == ResultKind::Quarterly)
            .max_by_key(|one| one.row.freeze_on)
    {
        let since = newest.shown_on;
        found.push(Cause { since, days });
    }
    let counted = facts::counted(tx, all, app.today()).await?;
    let rows: Vec<ResultRow> = counted.iter().map(|one| one.row.clone()).collect();
    if (ResultRow::sat_low(&rows, numbers.warning_sat_milli) || ResultRow::sat_is_suspended(&rows))
        && let Some(newest) = counted.iter().max_by_key(|one| one.row.freeze_on)
    {
        // A quarterly result has no notice, and counts as soon as it is shown.
        let over = newest.notice_until.map(|day| day + Days::new(1));
        let on = over.or(newest.decided_on);
        let since = unopposed(tx, newest, on.unwrap_or(newest.shown_on)).await?;
        found.push(Cause { since, days });
    }
    Ok(found)
}

async fn to_leave(
    app: &App,
    tx: &WriteTx,
    admission: &Admission,
    all: &[results::GradeResult],
) -> Result<Vec<Cause>, Problem> {
    let numbers = &app.policy.workflow;
    let today = app.today();
    let mut found = Vec::new();
    let known = facts::known(tx, admission, all).await?;
    if ResultRow::d_twice(&known) {
        // What is only shown, or under notice, is none of the two.
        let newest = all.iter().rfind(|one| {
            one.row.kind == ResultKind::Annual
                && one.row.grade == Some(Grade::D)
                && known.contains(&one.row)
        });
        if let Some(newest) = newest {
            let federation = Some(admission.federation.as_str());
            let state = Some(PublicationState::Published);
            let published = publications::list(tx, federation, state).await?;
            let told = published.iter().find(|one| one.run == newest.run);
            let on = [newest.decided_on, told.and_then(|one| one.published_on)];
            let on = on.into_iter().flatten().min().unwrap_or(newest.shown_on);
            found.push(Cause {
                since: unopposed(tx, newest, on).await?,
                days: final_wd(app),
            });
        }
    }
    if let Some(case) = store::cases::open_of(tx, admission.id).await?
        && matches!(case.stage, T::T13 | T::T17)
        && let Some(until) = case.term_until.filter(|until| *until < today)
    {
        // A report that was handed in waits for its inspection, which has a term of its own.
        let handed_in = papers::of(tx, case.id)
            .await?
            .into_iter()
            .any(|paper| paper.kind == PaperKind::Report && paper.made_at >= case.stage_since);
        if !handed_in {
            found.push(Cause {
                since: until + Days::new(1),
                days: numbers.province_decision_wd,
            });
        }
    }
    let last = match exit::last_course_on(tx, admission.id).await? {
        None => decisions::newest(tx, admission.id, T::T08)
            .await?
            .map(|decision| decision.on),
        last => last,
    };
    let dormant = last.and_then(|on| on.checked_add_months(Months::new(numbers.dormancy_months)));
    if let Some(over) = dormant.filter(|over| *over < today)
        && exit::classes(tx, admission.id, facts::RUNNING)
            .await?
            .is_empty()
    {
        found.push(Cause {
            since: over + Days::new(1),
            days: numbers.province_decision_wd,
        });
    }
    Ok(found)
}

/// Since when a result counts: from a day on, or from when the last objection to it was dismissed.
async fn unopposed(
    tx: &WriteTx,
    result: &results::GradeResult,
    on: NaiveDate,
) -> Result<NaiveDate, Problem> {
    let dismissed = store::objections::last_dismissed(tx, result.id.uuid()).await?;
    Ok(dismissed.map_or(on, |at| on.max(domain::calendar::today(at))))
}

/// The days of a decision that rests on a grade: service, the term of appeal, and its own.
fn final_wd(app: &App) -> u32 {
    let numbers = &app.policy.workflow;
    numbers.service_wd + numbers.appeal_lodge_wd + numbers.province_decision_wd
}

async fn owe(
    app: &App,
    tx: &WriteTx,
    admission: &Admission,
    kind: &str,
    causes: &[Cause],
) -> Result<u32, Problem> {
    let object = admission.id.uuid();
    let last = rows::newest(tx, object, kind).await?;
    let open = last.as_ref().is_some_and(|term| term.met_on.is_none());
    if causes.is_empty() {
        if open {
            rows::meet(tx, object, &[kind], app.today()).await?;
        }
        return Ok(0);
    }
    let mut answered = last.map(|term| term.starts_on);
    // What was lifted, accepted or not upheld since was decided; the cause is not owed again.
    for act in [T::T12, T::T14, T::T18, T::T21] {
        let decided = decisions::newest(tx, admission.id, act).await?;
        answered = answered.max(decided.map(|decision| decision.on));
    }
    let fresh = |cause: &&Cause| answered.is_none_or(|on| on < cause.since);
    let Some(days) = causes.iter().filter(fresh).map(|cause| cause.days).min() else {
        return Ok(0);
    };
    if open {
        return Ok(0);
    }
    let today = app.today();
    let term = Term {
        id: app.random.id(app.now()),
        admission: admission.id,
        object_kind: "admission".to_owned(),
        object,
        kind: kind.to_owned(),
        holder: Role::ProvinceOfficer,
        starts_on: today,
        due_on: app.calendar.add_working_days(today, days),
        calendar: terms::calendar(),
        extension_reason: None,
        met_on: None,
    };
    rows::begin(tx, &term).await?;
    Ok(1)
}

/// Looks at the admissions on which a day alone makes a cause: a term to rectify that ran out, no course for too long.
pub(super) async fn by_day(app: &App) -> Result<u32, Problem> {
    let today = app.today();
    let months = Months::new(app.policy.workflow.dormancy_months);
    let dormant = today.checked_sub_months(months).unwrap_or(today);
    let concerned = store::cases::alarms::by_day(app.store.reader(), today, dormant, EXIT).await?;
    let mut begun = 0;
    for id in concerned {
        let tx = app.store.write().await?;
        // Again under lock: somebody may have acted meanwhile.
        if let Some(admission) = store::institutions::lock_any(&tx, id).await? {
            begun += look(app, &tx, &admission).await?;
        }
        store::commit(tx).await?;
    }
    Ok(begun)
}
