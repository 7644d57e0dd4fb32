//! The retention job: drops what its time is over for, by the numbers of the policy. The same again finds nothing.

use chrono::{Days, Duration};
use serde::Serialize;
use store::audit::AuditEntry;
use store::privacy::retention;

use crate::app::App;
use crate::problem::Problem;

/// How many rows a run dropped, or would drop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// Whether nothing was kept of it.
    pub dry_run: bool,
    /// Enrolments whose telephone and note were dropped.
    pub contacts: u64,
    /// Of those who withdrew from being asked later, after their class.
    pub contacts_withdrawn: u64,
    /// Numbers that trainees told the federation, of both kinds.
    pub verified_contacts: u64,
    /// Reports of rosters that were only checked.
    pub draft_rosters: u64,
    /// Files of registers that were looked at and never imported.
    pub register_drafts: u64,
    /// Openings of share links.
    pub share_accesses: u64,
    /// Days on which checks of a certificate were counted.
    pub checks: u64,
    /// Reads of personal values and their grants.
    pub reads: u64,
    /// First answers kept for repetitions.
    pub first_answers: u64,
    /// Consents whose proof is no longer needed.
    pub consents: u64,
    /// Objections whose sender was dropped.
    pub objectors: u64,
}

/// Runs the job once, in one transaction; each run that is not dry is audited with its figures.
pub async fn run(app: &App, dry_run: bool) -> Result<Retained, Problem> {
    let numbers = &app.privacy.privacy;
    let (now, today) = (app.now(), app.today());
    let before = |days: u32| now - Duration::days(i64::from(days));
    let contact_days = u64::from(numbers.outcome_window_days) + u64::from(numbers.contact_days);
    let ended_on = today
        .checked_sub_days(Days::new(contact_days))
        .unwrap_or_default();
    let tx = app.store.write().await?;
    let drafts_before = before(numbers.draft_roster_days);
    let drafts = store::register_drafts::drop_before(&tx, drafts_before).await?;
    let report = Retained {
        dry_run,
        contacts: retention::contacts(&tx, ended_on).await?,
        contacts_withdrawn: retention::contacts_withdrawn(&tx, today).await?,
        verified_contacts: retention::verified_contacts(&tx, ended_on).await?
            + retention::verified_contacts_withdrawn(&tx, today).await?,
        draft_rosters: retention::draft_rosters(&tx, before(numbers.draft_roster_days)).await?,
        register_drafts: drafts.len() as u64,
        share_accesses: retention::share_accesses(&tx, before(numbers.share_access_days)).await?,
        checks: retention::checks(
            &tx,
            domain::calendar::today(before(numbers.share_access_days)),
        )
        .await?,
        reads: retention::reads(&tx, before(numbers.read_log_days)).await?,
        first_answers: retention::first_answers(&tx, before(numbers.idempotency_days)).await?,
        consents: retention::consents(&tx, today).await?,
        objectors: retention::objectors(&tx, before(numbers.objector_days)).await?,
    };
    if dry_run {
        store::rollback(tx).await?;
        return Ok(report);
    }
    let entry = AuditEntry {
        request_id: &app.random.id(now).simple().to_string(),
        act: "retention_run",
        object_kind: "policy",
        object_id: &format!("{}-PRIVACY@{}", app.privacy.id(), app.privacy.version()),
        detail: &serde_json::to_string(&report).map_err(Problem::internal)?,
        ..AuditEntry::at(now)
    };
    store::audit::append(&tx, &entry).await?;
    store::commit(tx).await?;
    for name in drafts {
        app.files.remove(&name).await;
    }
    crate::files::purge(app).await?;
    Ok(report)
}
