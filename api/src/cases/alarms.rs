//! The registry's own job: what is due and what is over becomes an alarm, for the level that must act, then for the next
//! one up. It decides nothing; only an application that was not completed lapses (T03).

use std::time::Duration;

use chrono::NaiveDate;
use domain::access::Role;
use domain::ids::AdmissionId;
use domain::institution::InstitutionState;
use serde::Serialize;
use store::cases::alarms::{self, Alarm};
use store::cases::terms::Term;
use uuid::Uuid;

use crate::app::App;
use crate::cases::{causes, inspections, lapse};
use crate::problem::Problem;

/// How often the worker looks; the dates decide, so that a restart or a second node raises nothing twice.
const EVERY: Duration = Duration::from_mins(10);
/// Terms read at once.
const PAGE: u64 = 500;

/// What one look found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// New alarms of acts that are due soon.
    pub due: u32,
    /// New alarms of acts whose term is over.
    pub overdue: u32,
    /// Applications that lapsed.
    pub lapsed: u32,
    /// Trainees who were asked about their work by a message.
    pub asked: u32,
}

/// The level above. What an institution leaves undone is the province's to answer; a place without a prefecture goes on
/// to the province.
pub(super) const fn above(role: Role, has_prefecture: bool) -> Option<Role> {
    match role {
        Role::CountyOfficer if has_prefecture => Some(Role::PrefectureOfficer),
        Role::InstitutionOperator
        | Role::Assessor
        | Role::CountyOfficer
        | Role::PrefectureOfficer => Some(Role::ProvinceOfficer),
        Role::ProvinceOfficer => Some(Role::NationalOfficer),
        _ => None,
    }
}

/// Raises what is due and lets lapse what has lapsed.
pub async fn run(app: &App) -> Result<Found, Problem> {
    let mut found = Found {
        lapsed: let_lapse(app).await?,
        asked: crate::outcomes::messages::send_due(app).await?,
        ..Found::default()
    };
    crate::grades::monitoring::by_day(app).await?;
    causes::by_day(app).await?;
    inspections::by_day(app).await?;
    let today = app.today();
    let soon = app
        .calendar
        .add_working_days(today, app.policy.workflow.reminder_wd);
    let mut after: Option<Uuid> = None;
    loop {
        let terms = store::cases::terms::due(app.store.reader(), soon, after, PAGE).await?;
        let Some(last) = terms.last() else { break };
        after = Some(last.id);
        let tx = app.store.write().await?;
        for term in &terms {
            raise_term(app, &tx, term, today, &mut found).await?;
        }
        store::commit(tx).await?;
    }
    let until = domain::calendar::end_of(soon);
    let waiting = alarms::due_proposals(app.store.reader(), until).await?;
    if !waiting.is_empty() {
        let tx = app.store.write().await?;
        for one in waiting {
            let role: Role = one.role.parse().map_err(Problem::internal)?;
            let due = chrono::DateTime::from_timestamp_millis(one.due_at)
                .map_or(today, domain::calendar::today);
            let alarm = Source {
                admission: one.object_id.into(),
                id: one.id,
                act: &one.act,
                due_on: due,
            };
            if app.now().timestamp_millis() <= one.due_at {
                found.due += u32::from(raise(app, &tx, &alarm, "due", role).await?);
                continue;
            }
            for level in [Some(role), above(role, true)].into_iter().flatten() {
                found.overdue += u32::from(raise(app, &tx, &alarm, "overdue", level).await?);
            }
        }
        store::commit(tx).await?;
    }
    Ok(found)
}

struct Source<'a> {
    admission: AdmissionId,
    id: Uuid,
    act: &'a str,
    due_on: NaiveDate,
}

async fn raise_term(
    app: &App,
    tx: &store::WriteTx,
    term: &Term,
    today: NaiveDate,
    found: &mut Found,
) -> Result<(), Problem> {
    let source = Source {
        admission: term.admission,
        id: term.id,
        act: &term.kind,
        due_on: term.due_on,
    };
    if today <= term.due_on {
        found.due += u32::from(raise(app, tx, &source, "due", term.holder).await?);
        return Ok(());
    }
    // Silence past the term tells the next level at once, and one further up each time it lasts.
    let has_prefecture = match alarms::place(tx, term.id).await? {
        Some(place) => store::reference::has_level(tx, &place, "prefecture").await?,
        None => false,
    };
    let mut level = Some(term.holder);
    let mut since = term.due_on;
    let mut steps = 0_u32;
    while let Some(role) = level {
        if steps >= 2 {
            since = app
                .calendar
                .add_working_days(since, app.policy.workflow.escalation_wd);
            if today <= since {
                break;
            }
        }
        found.overdue += u32::from(raise(app, tx, &source, "overdue", role).await?);
        level = above(role, has_prefecture);
        steps += 1;
    }
    Ok(())
}

async fn raise(
    app: &App,
    tx: &store::WriteTx,
    source: &Source<'_>,
    kind: &str,
    level: Role,
) -> Result<bool, Problem> {
    let alarm = Alarm {
        id: app.random.id(app.now()),
        admission: source.admission,
        source: source.id,
        kind: kind.to_owned(),
        act: source.act.to_owned(),
        level,
        due_on: source.due_on,
        raised_at: app.now(),
    };
    Ok(alarms::raise(tx, &alarm).await?)
}

/// T03: the one thing that silence does by the table.
async fn let_lapse(app: &App) -> Result<u32, Problem> {
    let today = app.today();
    let state = InstitutionState::Returned;
    let late = store::institutions::overdue(app.store.reader(), state, today).await?;
    let mut lapsed = 0;
    for id in late {
        let tx = app.store.write().await?;
        // Again under lock: the institution may have completed it meanwhile.
        let found = store::institutions::lock_any(&tx, id).await?;
        match found {
            Some(mut admission)
                if admission.state == state && admission.due_on.is_some_and(|due| today > due) =>
            {
                lapse::lapse(&tx, app, &mut admission, None).await?;
                store::commit(tx).await?;
                lapsed += 1;
            }
            _ => store::rollback(tx).await?,
        }
    }
    Ok(lapsed)
}

/// Looks every few minutes, until it is dropped.
pub async fn work(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(problem) = run(&app).await {
            tracing::error!(
                code = problem.code().as_str(),
                "Terms could not be looked at"
            );
        }
    }
}
