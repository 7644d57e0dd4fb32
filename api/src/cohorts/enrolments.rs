//! Admitting, refusing and releasing trainees.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::cohort::Standing;
use domain::enrolment::{EnrolmentAct, EnrolmentState, RefusalReason, WithdrawalReason};
use domain::ids::{CohortId, EnrolmentId};
use domain::institution::appealed::Grievance;
use serde::{Deserialize, Serialize};
use store::cohorts::Cohort;
use utoipa::ToSchema;

use super::acts::{list_open, move_all};
use super::{cannot_open, checked_text, lock, reopened};
use crate::act::{Act, Begin, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::grades::monitoring;
use crate::problem::{Code, Problem};

/// Whom to admit.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmitRequest {
    /// Enrolments to admit; everybody who applied when absent.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub enrolments: Option<Vec<EnrolmentId>>,
}

/// How many were admitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdmittedReceipt {
    /// The cohort.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// How many trainees were admitted now.
    pub admitted: u32,
}

/// Admits applicants; in a running class they are enrolled at once.
pub async fn admit(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    request: &AdmitRequest,
) -> Result<Receipt, Problem> {
    let mut act = match app
        .begin(actor, key, "admit_trainees", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let cohort = lock(&act, id).await?;
    list_open(&act, &cohort)?;
    in_standing(&act, &cohort).await?;
    let members = store::enrolments::of_cohort(&act.tx, id).await?;
    let of = |state| {
        let those = members.iter().filter(move |member| member.state == state);
        those.map(|member| member.id).collect::<Vec<EnrolmentId>>()
    };
    let mut applied = of(EnrolmentState::Applied);
    let refused = of(EnrolmentState::Rejected);
    let again = reopened::of(&act, Grievance::EnrolmentRefusal, &refused).await?;
    let (chosen, again) = match &request.enrolments {
        None => (applied, Vec::new()),
        // Whoever was refused and won the appeal is admitted by name alone.
        Some(list) => {
            applied.extend(&again);
            let picked = pick(list, &applied)?;
            picked.into_iter().partition(|id| !again.contains(id))
        }
    };
    reopened::admit(&mut act, &cohort, &members, &again).await?;
    move_all(
        &mut act,
        &chosen,
        EnrolmentState::Applied,
        EnrolmentAct::Admit,
        None,
        None,
    )
    .await?;
    let chosen: Vec<EnrolmentId> = chosen.into_iter().chain(again).collect();
    if cohort.state == domain::cohort::CohortState::Running {
        move_all(
            &mut act,
            &chosen,
            EnrolmentState::Admitted,
            EnrolmentAct::Enrol,
            None,
            None,
        )
        .await?;
    }
    let receipt = AdmittedReceipt {
        cohort: id,
        admitted: u32::try_from(chosen.len()).unwrap_or(u32::MAX),
    };
    act.finish(StatusCode::OK, &receipt, ("cohort", id)).await
}

fn pick(list: &[EnrolmentId], applied: &[EnrolmentId]) -> Result<Vec<EnrolmentId>, Problem> {
    let open: std::collections::HashSet<&EnrolmentId> = applied.iter().collect();
    let mut seen = std::collections::HashSet::new();
    let mut problem: Option<Problem> = None;
    for (at, id) in list.iter().enumerate() {
        let (code, zh, en) = if !open.contains(id) {
            (
                "not-applied",
                "该学员不在本班待录取名单中。",
                "This trainee is not waiting for admission in this class.",
            )
        } else if !seen.insert(id) {
            (
                "duplicate",
                "该学员重复列出。",
                "This trainee is listed twice.",
            )
        } else {
            continue;
        };
        let so_far = problem
            .take()
            .unwrap_or_else(|| Problem::new(Code::InvalidRequest));
        problem = Some(so_far.with_error(format!("/enrolments/{at}"), code, zh, en));
    }
    problem.map_or_else(|| Ok(list.to_vec()), Err)
}

/// A suspended or exited institution takes nobody in.
pub(super) async fn in_standing(act: &Act, cohort: &Cohort) -> Result<(), Problem> {
    let offer = store::cohorts::lock_offer(&act.tx, cohort.offer)
        .await?
        .ok_or_else(|| Problem::internal("the offer of a cohort is gone"))?;
    match offer.standing {
        standing @ (Standing::Suspended | Standing::Exited | Standing::NotAdmitted) => {
            Err(cannot_open(&[
                domain::cohort::Unmet::InstitutionMayNotOpen { standing },
            ]))
        }
        Standing::Provisional | Standing::Full | Standing::NoNewClasses => Ok(()),
    }
}

/// Why a trainee leaves.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    /// `health job_found family transport dissatisfaction other`.
    #[schema(value_type = String, example = "job_found")]
    pub reason: WithdrawalReason,
    /// More in words.
    #[serde(default)]
    pub text: Option<String>,
    /// The last day attended, not before the class began and not after today; today when not given. It is the day of exit
    /// that grading counts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attended_on: Option<NaiveDate>,
}

/// Why an applicant is refused; disability is no reason.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectRequest {
    /// `entry_condition below_age no_consent identity_not_verified overlapping_cohort funding_limit no_places`.
    #[schema(value_type = String, example = "entry_condition")]
    pub reason: RefusalReason,
    /// Which condition, in words: the applicant may object.
    pub text: String,
}

/// What became of one enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentReceipt {
    /// The enrolment.
    #[schema(value_type = String, format = "uuid")]
    pub enrolment: EnrolmentId,
    /// Its state now.
    pub state: String,
}

/// A trainee leaves, with date and reason.
pub async fn withdraw(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    cohort: CohortId,
    id: EnrolmentId,
    request: &WithdrawRequest,
) -> Result<Receipt, Problem> {
    if let Some(text) = &request.text {
        checked_text("/text", text, 500)?;
    }
    let act = match app
        .begin(actor, key, "withdraw_trainee", &(cohort, id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let reason = request.reason.as_str();
    end(
        act,
        cohort,
        id,
        EnrolmentAct::Withdraw,
        (reason, request.text.as_deref()),
        Some(request.last_attended_on.unwrap_or(app.today())),
    )
    .await
}

/// An applicant is refused for an entry condition.
pub async fn reject(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    cohort: CohortId,
    id: EnrolmentId,
    request: &RejectRequest,
) -> Result<Receipt, Problem> {
    checked_text("/text", &request.text, 500)?;
    let act = match app
        .begin(actor, key, "reject_applicant", &(cohort, id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    end(
        act,
        cohort,
        id,
        EnrolmentAct::Reject,
        (request.reason.as_str(), Some(&request.text)),
        None,
    )
    .await
}

async fn end(
    mut act: Box<Act>,
    cohort: CohortId,
    id: EnrolmentId,
    with: EnrolmentAct,
    (reason_code, text): (&str, Option<&str>),
    attended_until: Option<NaiveDate>,
) -> Result<Receipt, Problem> {
    let class = lock(&act, cohort).await?;
    let member = store::enrolments::find(&act.tx, cohort, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let state = move_all(&mut act, &[id], member.state, with, Some(reason_code), text).await?;
    if let Some(last) = attended_until.filter(|_| member.state.is_trainee()) {
        if last > act.today || last < class.start_on.min(act.today) {
            return Err(Problem::field(
                "/last_attended_on",
                "out-of-class",
                &format!("最后出勤日应当在开班日 {} 与今天之间。", class.start_on),
                &format!(
                    "The last day attended lies between {}, when the class began, and today.",
                    class.start_on
                ),
            ));
        }
        store::enrolments::attended_until(&act.tx, id, last).await?;
        monitoring::update_in(&act.app, &act.tx, &[member.person]).await?;
    }
    let receipt = EnrolmentReceipt {
        enrolment: id,
        state: state.as_str().to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, ("enrolment", id))
        .await
}
