//! Due acts that concern a whole federation: the annual freeze and its run, notice and publication of its results, answers
//! to objections against bulletins of a run. They are looked up, and stand in the list of due acts beside the terms.

use chrono::{Datelike as _, NaiveDate};
use domain::access::{Actor, Role};
use domain::institution::ResultKind;
use store::cases::alarms::AlarmRow;
use store::grading::FreezeKind;
use store::grading::duties as rows;
use store::grading::publications::{self, Publication, PublicationState};
use store::scope::NATIONAL;
use uuid::Uuid;

use super::policies;
use crate::app::App;
use crate::problem::Problem;

/// An act that a federation owes.
struct Duty {
    federation: String,
    name: String,
    act: &'static str,
    holder: Role,
    due_on: NaiveDate,
}

/// What is due or overdue, as this actor sees it: the own level's acts, and overdue ones of the level below.
pub(crate) async fn of(app: &App, actor: &Actor) -> Result<Vec<AlarmRow>, Problem> {
    let Some(code) = actor.federation.as_deref() else {
        return Ok(Vec::new());
    };
    let levels: &[Role] = match actor.role {
        Role::ProvinceOfficer => &[Role::ProvinceOfficer],
        Role::NationalOfficer => &[Role::NationalOfficer],
        Role::Auditor | Role::Reviewer => &[Role::ProvinceOfficer, Role::NationalOfficer],
        _ => return Ok(Vec::new()),
    };
    let today = app.today();
    let soon = app
        .calendar
        .add_working_days(today, app.policy.workflow.reminder_wd);
    let mut found = Vec::new();
    for duty in all(app, today).await? {
        if code != NATIONAL && code != duty.federation {
            continue;
        }
        let overdue = today > duty.due_on;
        if !overdue && duty.due_on > soon {
            continue;
        }
        let above =
            (overdue && duty.holder == Role::ProvinceOfficer).then_some(Role::NationalOfficer);
        for level in std::iter::once(duty.holder).chain(above) {
            if levels.contains(&level) {
                found.push(row(app, &duty, level, overdue));
            }
        }
    }
    Ok(found)
}

fn row(app: &App, duty: &Duty, level: Role, overdue: bool) -> AlarmRow {
    AlarmRow {
        id: Uuid::nil(),
        admission_id: Uuid::nil(),
        name: duty.name.clone(),
        site_region: duty.federation.clone(),
        kind: if overdue { "overdue" } else { "due" }.to_owned(),
        act: duty.act.to_owned(),
        level: level.as_str().to_owned(),
        holder: Some(duty.holder.as_str().to_owned()),
        due_on: duty.due_on.to_string(),
        raised_at: app.now().timestamp_millis(),
        number: None,
        assessment: None,
        certificate: None,
    }
}

async fn all(app: &App, today: NaiveDate) -> Result<Vec<Duty>, Problem> {
    let mut found = of_grades(app, today).await?;
    found.extend(of_quarter(app, today).await?);
    for one in rows::unanswered(app.store.reader()).await? {
        let national = one.federation == NATIONAL;
        found.push(Duty {
            holder: if national {
                Role::NationalOfficer
            } else {
                Role::ProvinceOfficer
            },
            federation: one.federation,
            name: one.name,
            act: "bulletin_objection",
            due_on: one.due_on,
        });
    }
    Ok(found)
}

/// The annual grading of the newest freeze date that has passed.
async fn of_grades(app: &App, today: NaiveDate) -> Result<Vec<Duty>, Problem> {
    let numbers = &app.evidence.annual;
    let on = |year, (month, day): (u32, u32)| NaiveDate::from_ymd_opt(year, month, day);
    let year = today.year();
    let passed = |year| on(year, numbers.freeze).filter(|freeze| *freeze <= today);
    let Some(freeze) = passed(year).or_else(|| passed(year - 1)) else {
        return Ok(Vec::new());
    };
    let reader = app.store.reader();
    if !rows::had_classes(reader, freeze).await? {
        return Ok(Vec::new());
    }
    let Some(run) = rows::run_on(reader, FreezeKind::Annual, freeze, None).await? else {
        return Ok(vec![Duty {
            federation: NATIONAL.to_owned(),
            name: rows::name_of(reader, NATIONAL).await?,
            act: "annual_run",
            holder: Role::NationalOfficer,
            due_on: app.calendar.add_working_days(freeze, numbers.run_wd),
        }]);
    };
    let results_by = on(freeze.year(), numbers.results_by).unwrap_or(freeze);
    let known: Vec<Publication> = publications::list(reader, None, None)
        .await?
        .into_iter()
        .filter(|one| one.freeze_on == freeze)
        .collect();
    let mut found = own_runs(app, FreezeKind::Annual, "annual_run", freeze).await?;
    for of in rows::federations_of(reader, run).await? {
        let own: Vec<&Publication> = known
            .iter()
            .filter(|one| one.federation == of.federation)
            .collect();
        let published = own
            .iter()
            .find(|one| one.state == PublicationState::Published);
        if let Some(published) = published {
            // A grade that waited for a warning, an objection or an interest is not forgotten when that is over.
            if let Some(day) = published.published_on
                && rows::has_held(reader, published.run, &of.federation).await?
            {
                let due_on = app
                    .calendar
                    .add_working_days(day, app.policy.workflow.province_decision_wd);
                found.push(Duty {
                    federation: of.federation,
                    name: of.name,
                    act: "held_grade",
                    holder: Role::ProvinceOfficer,
                    due_on,
                });
            }
            continue;
        }
        let (act, due_on) = stage(app, own.first().copied(), results_by);
        found.push(Duty {
            federation: of.federation,
            name: of.name,
            act,
            holder: Role::ProvinceOfficer,
            due_on,
        });
    }
    Ok(found)
}

/// The monitoring of the newest quarter that has ended (grading.md 2).
async fn of_quarter(app: &App, today: NaiveDate) -> Result<Vec<Duty>, Problem> {
    let annual = app.evidence.annual.freeze;
    let ended = std::iter::successors(Some(today), NaiveDate::pred_opt)
        .take(100)
        .find(|day| ResultKind::Quarterly.ends_on(*day, annual));
    let Some(freeze) = ended else {
        return Ok(Vec::new());
    };
    let reader = app.store.reader();
    if !rows::had_classes(reader, freeze).await? {
        return Ok(Vec::new());
    }
    let act = "quarterly_run";
    if rows::run_on(reader, FreezeKind::Quarterly, freeze, None)
        .await?
        .is_some()
    {
        return own_runs(app, FreezeKind::Quarterly, act, freeze).await;
    }
    Ok(vec![Duty {
        federation: NATIONAL.to_owned(),
        name: rows::name_of(reader, NATIONAL).await?,
        act,
        holder: Role::NationalOfficer,
        due_on: app
            .calendar
            .add_working_days(freeze, app.evidence.annual.run_wd),
    }])
}

/// Provinces with a policy of their own compute their own run on what the nation froze.
async fn own_runs(
    app: &App,
    kind: FreezeKind,
    act: &'static str,
    freeze: NaiveDate,
) -> Result<Vec<Duty>, Problem> {
    let reader = app.store.reader();
    let days = app.evidence.annual.run_wd + app.policy.workflow.province_decision_wd;
    let mut found = Vec::new();
    let base = policies::baseline_on(reader, freeze).await?;
    for federation in store::grading::policies::overridden(reader, freeze, &base).await? {
        let own = policies::in_force(reader, &federation, freeze).await?;
        let name = own.policy.name();
        if rows::run_on(reader, kind, freeze, Some(name))
            .await?
            .is_some()
        {
            continue;
        }
        found.push(Duty {
            name: rows::name_of(reader, &federation).await?,
            federation,
            act,
            holder: Role::ProvinceOfficer,
            due_on: app.calendar.add_working_days(freeze, days),
        });
    }
    Ok(found)
}

/// What is owed next about the results of a federation: each step within the time of a decision, all by the day on which
/// results are due.
fn stage(app: &App, own: Option<&Publication>, results_by: NaiveDate) -> (&'static str, NaiveDate) {
    let days = app.policy.workflow.province_decision_wd;
    let after = |day: NaiveDate| {
        app.calendar
            .add_working_days(day, days)
            .min(results_by.max(day))
    };
    match own.map(|one| (one.figures_until, one.notice_until)) {
        None => ("results_figures", results_by),
        Some((figures, None)) => ("results_notice", after(figures)),
        Some((_, Some(notice))) => ("results_publish", after(notice)),
    }
}
