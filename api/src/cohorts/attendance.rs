//! Attendance totals: recorded by the institution, locked, then corrected by the county alone.

use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::cohort::CohortState;
use domain::completion::{BadAttendance, check_attendance};
use domain::enrolment::EnrolmentState;
use domain::ids::{CohortId, EnrolmentId};
use domain::institution::appealed::Grievance;
use serde::{Deserialize, Serialize};
use store::cohorts::Cohort;
use utoipa::ToSchema;

use super::{checked_text, lock, reopened};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Attendance totals of a class.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttendanceRequest {
    /// Hours taught so far in the whole class; what was said before when absent.
    #[serde(default)]
    pub hours_taught: Option<u32>,
    /// Minutes attended, trainee by trainee; those not named keep theirs.
    pub items: Vec<AttendanceItem>,
    /// The county corrects locked totals with a reason.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Minutes attended by one trainee.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttendanceItem {
    /// The enrolment.
    #[schema(value_type = String, format = "uuid")]
    pub enrolment: EnrolmentId,
    /// Minutes present, late sessions by the minutes attended.
    pub minutes: u32,
}

/// What was recorded or locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttendanceReceipt {
    /// The cohort.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// Totals that were written or locked now.
    pub written: u32,
    /// Totals that stood so already.
    pub unchanged: u32,
    /// Hours taught so far.
    pub hours_taught: u32,
    /// Revision of the cohort now.
    pub revision: i32,
}

/// Records attendance totals.
pub async fn record_attendance(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    request: &AttendanceRequest,
) -> Result<Receipt, Problem> {
    if let Some(reason) = &request.reason {
        checked_text("/reason", reason, 2_000)?;
    }
    let mut act = match app
        .begin(actor, key, "record_attendance", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut cohort = lock(&act, id).await?;
    let named: Vec<EnrolmentId> = request.items.iter().map(|item| item.enrolment).collect();
    let again = reopened::of(&act, Grievance::AttendanceCorrection, &named).await?;
    let reopened = !named.is_empty() && named.iter().all(|id| again.contains(id));
    let correction = may_record(&act, &cohort, request, reopened).await?;
    let taught = request.hours_taught.unwrap_or(cohort.hours_taught);
    if taught > cohort.planned_hours.saturating_mul(2) {
        return Err(Problem::field(
            "/hours_taught",
            "hours",
            "授课学时超过计划的两倍,请核对。",
            "More than twice the planned hours; check the figure.",
        ));
    }
    let totals = check(&act, &cohort, request, taught, correction, &again).await?;
    store::results::record_attendance(&act.tx, &totals, act.actor.person, act.now).await?;
    if correction {
        // A correction after the lock shows in the timeline of each trainee it concerns.
        let entries = totals.iter().map(|(enrolment, _)| Entry {
            kind: "enrolment",
            id: enrolment.uuid(),
            act: "correct_attendance",
            reason: request.reason.as_deref(),
            ..Entry::default()
        });
        act.record_all(entries).await?;
        reopened::settle(&mut act, &cohort, &named).await?;
    }
    act.record(Entry {
        kind: "cohort",
        id: id.uuid(),
        act: "record_attendance",
        reason: request.reason.as_deref(),
        ..Entry::default()
    })
    .await?;
    if taught != cohort.hours_taught {
        cohort.hours_taught = taught;
        cohort.revision = store::cohorts::update(&act.tx, &cohort).await?;
    }
    let receipt = AttendanceReceipt {
        cohort: id,
        written: count(totals.len()),
        unchanged: count(request.items.len() - totals.len()),
        hours_taught: taught,
        revision: cohort.revision,
    };
    act.finish(StatusCode::OK, &receipt, ("cohort", id)).await
}

/// Whether the actor may record at all, and whether it is the county's correction.
async fn may_record(
    act: &Act,
    cohort: &Cohort,
    request: &AttendanceRequest,
    reopened: bool,
) -> Result<bool, Problem> {
    let open = matches!(cohort.state, CohortState::Running | CohortState::Finished);
    if !open && (!reopened || act.actor.role == Role::InstitutionOperator) {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!(
                "班期现为“{}”,只有在“培训中”或“已结束待验收”时才能登记考勤。",
                cohort.state.zh()
            ),
            format!(
                "The cohort is {}; attendance is recorded while it is running or finished.",
                cohort.state
            ),
        ));
    }
    if act.actor.role == Role::InstitutionOperator {
        return Ok(false);
    }
    let local = store::cohorts::local_federation(&act.tx, &cohort.site_region).await?;
    let is_local = local.is_some_and(|local| {
        local.role == act.actor.role && act.actor.federation.as_deref() == Some(local.code.as_str())
    });
    if !is_local {
        return Err(Problem::new(Code::Forbidden).with_detail(
            "考勤由培训机构登记,由当地残联更正。",
            "Attendance is recorded by the institution and corrected by the local federation.",
        ));
    }
    if request.reason.is_none() {
        return Err(Problem::field(
            "/reason",
            "reason-missing",
            "请写明更正的原因。",
            "Give the reason of the correction.",
        ));
    }
    Ok(true)
}

/// The totals that change; every fault of every item otherwise.
async fn check(
    act: &Act,
    cohort: &Cohort,
    request: &AttendanceRequest,
    taught: u32,
    correction: bool,
    again: &std::collections::HashSet<EnrolmentId>,
) -> Result<Vec<(EnrolmentId, u32)>, Problem> {
    let members = store::enrolments::of_cohort(&act.tx, cohort.id).await?;
    let attended: std::collections::HashSet<EnrolmentId> = members
        .iter()
        .filter(|member| {
            matches!(
                member.state,
                EnrolmentState::Enrolled
                    | EnrolmentState::Withdrawn
                    | EnrolmentState::Dismissed
                    | EnrolmentState::Transferred
            ) || again.contains(&member.id)
        })
        .map(|member| member.id)
        .collect();
    let present = store::results::attendance(&act.tx, cohort.id).await?;
    let credited = store::transfers::credited(&act.tx, cohort.id).await?;
    let class_hours = taught.max(cohort.planned_hours);
    let mut seen = std::collections::HashSet::new();
    let mut totals = Vec::new();
    let mut problem: Option<Problem> = None;
    for (at, item) in request.items.iter().enumerate() {
        let mut wrong = |field: &str, code: &str, zh: &str, en: &str| {
            let so_far = problem
                .take()
                .unwrap_or_else(|| Problem::new(Code::InvalidRequest));
            problem = Some(so_far.with_error(format!("/items/{at}/{field}"), code, zh, en));
        };
        if !attended.contains(&item.enrolment) {
            wrong(
                "enrolment",
                "not-enrolled",
                "该学员不在本班在读名单中。",
                "This trainee is not enrolled in this class.",
            );
        } else if !seen.insert(item.enrolment) {
            wrong(
                "enrolment",
                "duplicate",
                "该学员重复列出。",
                "This trainee is listed twice.",
            );
        } else if credited
            .get(&item.enrolment)
            .is_some_and(|brought| item.minutes < *brought)
        {
            wrong(
                "minutes",
                "below-credited",
                "少于该学员转入时带来的分钟数;合计包括在原班的出勤。",
                "Less than the trainee brought along; the total includes the minutes of the former class.",
            );
        } else {
            let before = present.get(&item.enrolment).copied();
            match check_attendance(item.minutes, class_hours, before, correction) {
                Err(bad @ (BadAttendance::BeyondClass { .. } | BadAttendance::Locked)) => {
                    wrong("minutes", bad.code(), &bad.zh(), &bad.en());
                }
                Ok(()) if before.is_some_and(|total| total.minutes == item.minutes) => {}
                Ok(()) => totals.push((item.enrolment, item.minutes)),
            }
        }
    }
    problem.map_or(Ok(totals), Err)
}

/// Locks the attendance of all trainees; each must have a total.
pub async fn lock_attendance(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "lock_attendance", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let cohort = lock(&act, id).await?;
    if !matches!(cohort.state, CohortState::Running | CohortState::Finished) {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!(
                "班期现为“{}”,只有在“培训中”或“已结束待验收”时才能锁定考勤。",
                cohort.state.zh()
            ),
            format!(
                "The cohort is {}; attendance is locked while it is running or finished.",
                cohort.state
            ),
        ));
    }
    let present = store::results::attendance(&act.tx, id).await?;
    let missing = store::enrolments::of_cohort(&act.tx, id)
        .await?
        .into_iter()
        .filter(|member| {
            member.state == EnrolmentState::Enrolled && !present.contains_key(&member.id)
        })
        .count();
    if missing > 0 {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!("还有{missing}名学员没有考勤(缺勤请填0分钟),请先登记。"),
            format!("{missing} trainees have no attendance; record it first (0 minutes for absent ones)."),
        ));
    }
    let locked = store::results::lock_attendance(&act.tx, id, act.now).await?;
    act.record(Entry {
        kind: "cohort",
        id: id.uuid(),
        act: "lock_attendance",
        ..Entry::default()
    })
    .await?;
    let written = u32::try_from(locked).unwrap_or(u32::MAX);
    let receipt = AttendanceReceipt {
        cohort: id,
        written,
        unchanged: count(present.len()).saturating_sub(written),
        hours_taught: cohort.hours_taught,
        revision: cohort.revision,
    };
    act.finish(StatusCode::OK, &receipt, ("cohort", id)).await
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
