//! Acts on a class: announce, confirm, start, finish, accept by two persons, and what ends it early.

use std::collections::HashMap;

use axum::http::StatusCode;
use chrono::{Duration, NaiveDate};
use domain::access::{Actor, Role};
use domain::cohort::{By, CohortAct, CohortState, Facts, Transition, decide};
use domain::completion::{AssessmentState, AttendanceState, outcome};
use domain::enrolment::{self, EnrolmentAct, EnrolmentState};
use domain::ids::{CohortId, DocumentId, EnrolmentId, StaffPersonId};
use domain::institution::Plan;
use serde::{Deserialize, Serialize};
use store::cohorts::Cohort;
use store::enrolments::Enrolment;
use store::proposals::Proposal;
use utoipa::ToSchema;

use super::{CohortReceipt, checked_text, growth, lock, rules, transfer};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::extract::{IdempotencyKey, IfMatch};
use crate::grades::monitoring;
use crate::problem::{Code, Problem};

/// An act on a class.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortActRequest {
    /// `announce confirm open_enrolment start finish accept send_back cancel terminate transfer`.
    #[schema(value_type = String, example = "announce")]
    pub act: CohortAct,
    /// Reason as a code of the institution's or federation's own list.
    #[serde(default)]
    pub reason_code: Option<String>,
    /// Reason in words; needed to cancel, terminate, transfer, and after a deadline.
    #[serde(default)]
    pub reason: Option<String>,
    /// The document it rests on.
    #[serde(default)]
    pub document: Option<DocumentRequest>,
    /// `finish`: hours taught in all.
    #[serde(default)]
    pub hours_taught: Option<u32>,
    /// `accept`: how many trainees were called.
    #[serde(default)]
    pub sample_called: Option<u32>,
    /// `send_back`: what to put right, point by point.
    #[serde(default)]
    pub findings: Vec<String>,
    /// `transfer`: the class in which the trainees go on; left out where the receiving institution is not in the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub receiving_cohort: Option<CohortId>,
}

impl CohortActRequest {
    /// The act alone, without anything else.
    pub const fn of(act: CohortAct) -> Self {
        Self {
            act,
            reason_code: None,
            reason: None,
            document: None,
            hours_taught: None,
            sample_called: None,
            findings: Vec::new(),
            receiving_cohort: None,
        }
    }
}

/// An official document (文号).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentRequest {
    /// Its number.
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// Date of making.
    pub made_on: NaiveDate,
}

/// What waits for a second person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProposedReceipt {
    /// Approve it at `/api/v1/proposals/{id}/approve`.
    #[schema(value_type = String, format = "uuid")]
    pub proposal_id: domain::ids::ProposalId,
    /// The cohort.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// The act.
    pub act: String,
    /// State of the cohort, unchanged until then.
    pub state: String,
    /// Its revision.
    pub revision: i32,
}

/// Kind of thing in timelines and proposals.
pub const KIND: &str = "cohort";

/// Does an act on a class, or proposes it where a second person must approve.
pub async fn act_on_cohort(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    seen: IfMatch,
    request: &CohortActRequest,
) -> Result<Receipt, Problem> {
    check(request)?;
    let mut act = match app
        .begin(actor, key, "act_on_cohort", &(id, seen.0, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let cohort = lock(&act, id).await?;
    seen.check(cohort.revision)?;
    let class = Class::read(&act, cohort, request).await?;
    let transition = decide(&class.facts, request.act, class.by, &rules(app))?;
    if transition.two_persons {
        let due =
            Some(act.now + Duration::hours(i64::from(app.policy.workflow.second_confirm_hours)));
        let proposed = act
            .propose(
                KIND,
                id.uuid(),
                request.act.as_str(),
                request,
                class.cohort.revision,
                due,
            )
            .await?;
        let receipt = ProposedReceipt {
            proposal_id: proposed,
            cohort: id,
            act: request.act.as_str().to_owned(),
            state: class.cohort.state.as_str().to_owned(),
            revision: class.cohort.revision,
        };
        return act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await;
    }
    let receipt = apply(&mut act, class, transition, request, None).await?;
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Does what was proposed, now that the second person approves; everything is checked again.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let request: CohortActRequest =
        serde_json::from_str(&proposal.request).map_err(Problem::internal)?;
    let cohort = lock(act, CohortId::new(proposal.object_id)).await?;
    if cohort.revision != proposal.object_revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    let class = Class::read(act, cohort, &request).await?;
    let transition = decide(&class.facts, request.act, class.by, &rules(&act.app))?;
    let receipt = apply(act, class, transition, &request, Some(proposal.proposed_by)).await?;
    serde_json::to_value(receipt).map_err(Problem::internal)
}

/// A class with everything that an act may depend on, read under lock.
struct Class {
    cohort: Cohort,
    facts: Facts,
    by: By,
    members: Vec<Enrolment>,
}

impl Class {
    async fn read(act: &Act, cohort: Cohort, request: &CohortActRequest) -> Result<Self, Problem> {
        let tx = &act.tx;
        let offer = store::cohorts::lock_offer(tx, cohort.offer)
            .await?
            .ok_or_else(|| Problem::internal("the offer of a cohort is gone"))?;
        let local = store::cohorts::local_federation(tx, &cohort.site_region)
            .await?
            .ok_or_else(|| Problem::internal("no federation looks after a site"))?;
        let members = store::enrolments::of_cohort(tx, cohort.id).await?;
        let trainees: Vec<EnrolmentId> = members
            .iter()
            .filter(|member| member.state.is_trainee())
            .map(|member| member.id)
            .collect();
        let attendance = store::results::attendance(tx, cohort.id).await?;
        let assessments = store::results::assessments(tx, cohort.id).await?;
        let locked = |id: &&EnrolmentId| {
            attendance
                .get(id)
                .is_some_and(|t| t.state == AttendanceState::Locked)
        };
        let marked = |id: &&EnrolmentId| {
            assessments
                .get(id)
                .is_some_and(|m| m.result.state == AssessmentState::Marked)
        };
        let days = (cohort.start_on, cohort.end_on);
        let facts = Facts {
            places: cohort.places,
            growth: growth::cap(act, &offer, days, Some(cohort.id)).await?,
            state: cohort.state,
            today: act.today,
            start_on: cohort.start_on,
            end_on: cohort.end_on,
            due_on: cohort.due_on,
            confirmed: cohort.confirmed_on.is_some(),
            offer_open: offer.offer_open,
            standing: offer.standing,
            local_role: local.role,
            planned_hours: cohort.planned_hours,
            hours_taught: request.hours_taught.unwrap_or(cohort.hours_taught),
            trainees: count(trainees.len()),
            attendance_open: count(trainees.len() - trainees.iter().filter(locked).count()),
            assessments_open: count(trainees.iter().filter(marked).count()),
            sample_called: request.sample_called.unwrap_or(0),
            sent_back: cohort.sent_back,
            reason_given: request.reason.is_some(),
            list_given: !request.findings.is_empty(),
        };
        let role = act.actor.role;
        let is_local = act.actor.federation.as_deref() == Some(local.code.as_str());
        Ok(Self {
            cohort,
            facts,
            by: By::Post {
                role,
                local: is_local,
            },
            members,
        })
    }
}

async fn apply(
    act: &mut Act,
    class: Class,
    transition: Transition,
    request: &CohortActRequest,
    proposer: Option<StaffPersonId>,
) -> Result<CohortReceipt, Problem> {
    let Class {
        mut cohort,
        members,
        facts,
        ..
    } = class;
    let rules = rules(&act.app);
    let due_in = |days| Some(act.app.calendar.add_working_days(act.today, days));
    cohort.due_on = match transition.act {
        CohortAct::Announce => due_in(rules.confirm_working_days),
        CohortAct::Finish | CohortAct::SendBack => due_in(rules.accept_working_days),
        _ => None,
    };
    match transition.act {
        CohortAct::Confirm => cohort.confirmed_on = Some(act.today),
        CohortAct::Finish => {
            cohort.hours_taught = request.hours_taught.unwrap_or(cohort.hours_taught);
        }
        CohortAct::SendBack => cohort.sent_back += 1,
        _ => {}
    }
    if transition.to != transition.from {
        cohort.state = transition.to;
        cohort.state_since = act.now;
    }
    let revision = store::cohorts::update(&act.tx, &cohort).await?;
    due(act, &cohort, transition.act, facts.local_role).await?;
    move_members(act, &cohort, &members, transition.act).await?;
    if let Some(receiving) = request.receiving_cohort {
        transfer::carry_on(act, &cohort, receiving, &members).await?;
    }
    // Whoever attended counts from now on, with or without work on record.
    if matches!(
        transition.act,
        CohortAct::Accept | CohortAct::Terminate | CohortAct::Transfer
    ) {
        let people: Vec<_> = members.iter().map(|member| member.person).collect();
        // All of them in one order first: whoever locks others of them meanwhile waits, and neither for the other.
        store::persons::lock(&act.tx, &people).await?;
        let app = act.app.clone();
        for some in people.chunks(100) {
            monitoring::update_in(&app, &act.tx, some).await?;
        }
    }
    let document = document(act, request).await?;
    let reason = request
        .reason
        .clone()
        .or_else(|| (!request.findings.is_empty()).then(|| request.findings.join("\n")));
    let evidence: Vec<String> = request
        .sample_called
        .map(|called| format!("sample_called:{called}"))
        .into_iter()
        .collect();
    act.record(Entry {
        kind: KIND,
        id: cohort.id.uuid(),
        act: transition.act.as_str(),
        from: Some(transition.from.as_str()),
        to: Some(transition.to.as_str()),
        reason_code: request.reason_code.as_deref(),
        reason: reason.as_deref(),
        document,
        evidence: &evidence,
        proposer,
        ..Entry::default()
    })
    .await?;
    Ok(CohortReceipt::of(&cohort, revision))
}

/// Terms that end with the next act on a class.
const TERMS: &[&str] = &["cohort_confirm", "cohort_finish", "cohort_accept"];

/// Who owes the next act, and until when (workflow.md 2): the county confirms and accepts, the institution finishes on the
/// last day. The registry ends no class by itself.
async fn due(act: &Act, cohort: &Cohort, done: CohortAct, local: Role) -> Result<(), Problem> {
    let (kind, holder, until) = match done {
        CohortAct::Announce => ("cohort_confirm", local, cohort.due_on),
        CohortAct::Finish | CohortAct::SendBack => ("cohort_accept", local, cohort.due_on),
        CohortAct::Start => (
            "cohort_finish",
            Role::InstitutionOperator,
            Some(cohort.end_on),
        ),
        // Who attended is asked (grading.md 5); within the days of a decision is our choice.
        CohortAct::Accept => {
            let days = act.app.policy.workflow.province_decision_wd;
            ("survey_send", local, Some(terms::working_days(act, days)))
        }
        CohortAct::OpenEnrolment => return Ok(()),
        _ => ("", local, None),
    };
    store::cases::terms::meet(&act.tx, cohort.id.uuid(), TERMS, act.today).await?;
    // What an exit planned for the class is done when the class is over, however it ended.
    if matches!(
        done,
        CohortAct::Finish | CohortAct::Terminate | CohortAct::Transfer | CohortAct::Cancel
    ) {
        let plans: Vec<&str> = Plan::ALL.iter().map(|plan| plan.as_str()).collect();
        store::cases::terms::meet(&act.tx, cohort.id.uuid(), &plans, act.today).await?;
    }
    let Some(until) = until else { return Ok(()) };
    let of = Of {
        admission: cohort.admission,
        kind: KIND,
        id: cohort.id.uuid(),
    };
    terms::begin(act, of, kind, holder, act.today, until).await
}

/// What the act does to the people in the class.
async fn move_members(
    act: &mut Act,
    cohort: &Cohort,
    members: &[Enrolment],
    done: CohortAct,
) -> Result<(), Problem> {
    type Moves = HashMap<(EnrolmentState, EnrolmentAct), Vec<EnrolmentId>>;
    let mut moves: Moves = HashMap::new();
    let mut put = |member: &Enrolment, act: EnrolmentAct| {
        moves
            .entry((member.state, act))
            .or_default()
            .push(member.id);
    };
    let mut exit_reason = None;
    match done {
        CohortAct::Start => {
            members
                .iter()
                .filter(|m| m.state == EnrolmentState::Admitted)
                .for_each(|m| put(m, EnrolmentAct::Enrol));
        }
        CohortAct::Accept => {
            let rules = rules(&act.app);
            let attendance = store::results::attendance(&act.tx, cohort.id).await?;
            let assessments = store::results::assessments(&act.tx, cohort.id).await?;
            for member in members
                .iter()
                .filter(|m| m.state == EnrolmentState::Enrolled)
            {
                let result = assessments.get(&member.id).map(|marked| marked.result);
                let total = attendance.get(&member.id).copied();
                put(member, outcome(total, result, cohort.planned_hours, &rules));
            }
        }
        CohortAct::Cancel | CohortAct::Terminate => {
            exit_reason = Some(if done == CohortAct::Cancel {
                "cohort_cancelled"
            } else {
                "cohort_terminated"
            });
            let open = |m: &&Enrolment| m.state == EnrolmentState::Applied || m.state.is_trainee();
            members
                .iter()
                .filter(open)
                .for_each(|m| put(m, EnrolmentAct::Withdraw));
        }
        CohortAct::Transfer => {
            members
                .iter()
                .filter(|m| m.state.is_trainee())
                .for_each(|m| put(m, EnrolmentAct::Transfer));
        }
        CohortAct::Announce
        | CohortAct::Confirm
        | CohortAct::OpenEnrolment
        | CohortAct::Finish
        | CohortAct::SendBack
        | CohortAct::Archive => {}
    }
    let mut moves: Vec<_> = moves.into_iter().collect();
    moves.sort_by_key(|((from, act), _)| (*from, *act));
    for ((from, with), ids) in moves {
        move_all(act, &ids, from, with, exit_reason, None).await?;
    }
    Ok(())
}

/// Moves enrolments of one state, and writes it into each one's timeline.
pub(super) async fn move_all(
    act: &mut Act,
    ids: &[EnrolmentId],
    from: EnrolmentState,
    with: EnrolmentAct,
    reason_code: Option<&str>,
    reason: Option<&str>,
) -> Result<EnrolmentState, Problem> {
    let to = enrolment::next(from, with)?;
    if to == EnrolmentState::Admitted {
        store::contacts::forget_of_applications(&act.tx, ids).await?;
    }
    store::enrolments::set_state(&act.tx, ids, from, to, reason_code, act.now).await?;
    let entries = ids.iter().map(|id| Entry {
        kind: "enrolment",
        id: id.uuid(),
        act: with.as_str(),
        from: Some(from.as_str()),
        to: Some(to.as_str()),
        reason_code,
        reason,
        ..Entry::default()
    });
    act.record_all(entries).await?;
    Ok(to)
}

async fn document(
    act: &mut Act,
    request: &CohortActRequest,
) -> Result<Option<DocumentId>, Problem> {
    match &request.document {
        Some(document) => Ok(Some(
            act.document(&document.number, &document.issuer, document.made_on)
                .await?,
        )),
        None => Ok(None),
    }
}

fn check(request: &CohortActRequest) -> Result<(), Problem> {
    if let Some(code) = &request.reason_code {
        let good = (1..=64).contains(&code.len())
            && code
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !good {
            return Err(Problem::field(
                "/reason_code",
                "reason-code",
                "原因代码用1至64个字母、数字、下划线或连字符。",
                "A reason code has 1 to 64 letters, digits, underscores or hyphens.",
            ));
        }
    }
    if request.receiving_cohort.is_some() && request.act != CohortAct::Transfer {
        return Err(Problem::field(
            "/receiving_cohort",
            "not-here",
            "只有转班填写接收班期。",
            "A receiving class belongs to a transfer only.",
        ));
    }
    if let Some(reason) = &request.reason {
        checked_text("/reason", reason, 2_000)?;
    }
    if let Some(document) = &request.document {
        checked_text("/document/number", &document.number, 100)?;
        checked_text("/document/issuer", &document.issuer, 100)?;
    }
    if request.findings.len() > 50 {
        return Err(Problem::field(
            "/findings",
            "too-many",
            "最多列50条。",
            "At most 50 points.",
        ));
    }
    for (at, finding) in request.findings.iter().enumerate() {
        checked_text(&format!("/findings/{at}"), finding, 500)?;
    }
    if request.hours_taught.is_some_and(|hours| hours > 20_000) {
        return Err(Problem::field(
            "/hours_taught",
            "hours",
            "授课学时过大,请核对。",
            "Too many hours; check the figure.",
        ));
    }
    Ok(())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Whether the list of a class may be changed now; else a refusal that says why.
pub(super) fn list_open(act: &Act, cohort: &Cohort) -> Result<(), Problem> {
    let in_time = matches!(cohort.state, CohortState::Enrolling | CohortState::Running);
    if !in_time {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!(
                "班期现为“{}”,只有在“报名中”或“培训中”才能变更学员名单。",
                cohort.state.zh()
            ),
            format!(
                "The cohort is {}; its list changes only while it is enrolling or running.",
                cohort.state
            ),
        ));
    }
    if rules(&act.app).list_frozen(cohort.hours_taught, cohort.planned_hours) {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "授课已超过计划学时的十分之一,名单已锁定,不能再变更。",
            "More than a tenth of the planned hours were taught; the list is frozen.",
        ));
    }
    Ok(())
}
