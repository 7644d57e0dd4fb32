//! What follows from a decision on an admission: the case, terms, offers, running classes, certificates, bars.

use certs::log::LeafEntry;
use domain::ids::{CohortId, GradingRunId, LeafIndex};
use domain::institution::{
    AdmissionStep, CaseKind, Cause, InstitutionState as S, InstitutionTransition as T, Plan,
};
use store::cases::exit::{self, ClassPlan, OfferMove};
use store::cases::{Case, decisions, persons, results};
use store::institutions::Admission;
use store::proposals::Proposal;

use crate::act::{Act, Entry};
use crate::assessments::publishing;
use crate::cases::terms::{self, Of};
use crate::cases::{elsewhere, facts, number, stays, withdrawals};
use crate::institutions::admission::{KIND, TransitionRequest};
use crate::problem::Problem;

/// Gives the grade of the pending result, which is that of the run that is published, if one is.
pub(crate) async fn grade(
    act: &mut Act,
    admission: &mut Admission,
    run: Option<GradingRunId>,
) -> Result<LeafIndex, Problem> {
    let pending = facts::pending(act, admission, run)
        .await?
        .ok_or_else(|| Problem::internal("a grade without its result"))?;
    results::decided(&act.tx, pending.id, act.today, admission.grade).await?;
    admission.grade = pending.row.grade;
    tell_grade(act, admission, &pending).await
}

/// Puts the grade in force into the log, with the run of the result that it rests on.
async fn tell_grade(
    act: &mut Act,
    admission: &Admission,
    of: &results::GradeResult,
) -> Result<LeafIndex, Problem> {
    let run = store::grading::run(&act.tx, of.run)
        .await?
        .ok_or_else(|| Problem::internal("a result without its run"))?;
    let grade = admission
        .grade
        .ok_or_else(|| Problem::internal("an annual result without a grade"))?;
    let at = act.log_time().await?;
    let credit_code = &admission.institution.credit_code;
    act.log(LeafEntry::Grade {
        at,
        institution: credit_code.parse().map_err(Problem::internal)?,
        federation: admission.federation.parse().map_err(Problem::internal)?,
        grade: grade.as_str().parse().map_err(Problem::internal)?,
        policy: run.policy.parse().map_err(Problem::internal)?,
        results: run.results_sha256,
        freeze: of.row.freeze_on,
    })
    .await
}

/// The grade in force changed without a new result: an appeal varied, stays or ends the stay of one, or a decision was set
/// aside. Its leaf names the run whose grade stands again, or, where there is none of that grade, the one it was changed in.
pub(crate) async fn grade_changed(act: &mut Act, admission: &Admission) -> Result<(), Problem> {
    if admission.grade.is_none() {
        return Ok(());
    }
    let all = results::of(&act.tx, admission.id).await?;
    let decided = || all.iter().rev().filter(|one| one.row.decided);
    let of = decided()
        .find(|one| one.row.grade == admission.grade)
        .or_else(|| decided().next());
    match of {
        Some(of) => tell_grade(act, admission, of).await.map(|_| ()),
        None => Ok(()),
    }
}

/// Everything that follows from a step. Answers the case that it belongs to.
pub(crate) async fn follow(
    act: &mut Act,
    admission: &mut Admission,
    step: AdmissionStep,
    request: &TransitionRequest,
    proposal: Option<&Proposal>,
) -> Result<Option<Case>, Problem> {
    terms::of_application(act, admission).await?;
    withdrawals::after(act, admission, step).await?;
    elsewhere::after(act, admission, step.transition).await?;
    if step.transition == T::T25 {
        return set_aside(act, admission, step, request).await;
    }
    if step.transition == T::T23 {
        return reopen(act, admission, step.to, step.transition).await;
    }
    if !step.transition.belongs_to_case() {
        return Ok(None);
    }
    let case = advance_case(act, admission, step, request, proposal).await?;
    match step.transition {
        T::T19 => propose_exit(act, admission, &case, request).await?,
        T::T20 | T::T22 => leave(act, admission, &case).await?,
        T::T21 => {
            offers(act, &case, false).await?;
            end_plans(act, &case).await?;
        }
        _ => {}
    }
    Ok(Some(case))
}

/// Opens the case or carries it on.
async fn advance_case(
    act: &mut Act,
    admission: &mut Admission,
    step: AdmissionStep,
    request: &TransitionRequest,
    proposal: Option<&Proposal>,
) -> Result<Case, Problem> {
    let open = store::cases::open_of(&act.tx, admission.id).await?;
    let is_new = open.is_none();
    let mut case = match open {
        Some(case) => case,
        None => new_case(act, admission, step.transition).await?,
    };
    let left = case.stage;
    case.kind = CaseKind::at(step.transition).unwrap_or(case.kind);
    case.stage = step.transition;
    case.stage_since = act.now;
    case.stage_role = act.actor.role;
    case.stage_by = act.actor.person;
    case.cause = request.cause.or(case.cause);
    if !request.findings.is_empty() {
        case.findings.clone_from(&request.findings);
    }
    case.evidence_sha256 = request.evidence().or(case.evidence_sha256.take());
    match step.transition {
        T::T13 => case.term_until = request.until,
        T::T17 => {
            case.term_until = request.until;
            case.extended = false;
            case.attempts += 1;
        }
        T::T16 => case.fraud |= request.cause == Some(Cause::SuspicionOfFraud),
        T::T18 => case.fraud = false,
        T::T19 => {
            case.fraud |= request.cause.is_some_and(Cause::is_fraud);
            case.exit_proposed_by =
                Some(proposal.map_or(act.actor.person, |proposal| proposal.proposed_by));
        }
        _ => {}
    }
    if let (Some(id), T::T11 | T::T16) = (request.assessment, step.transition) {
        publishing::lead_to(act, &mut case, step.transition, id).await?;
    }
    let closes = matches!(step.to, S::Provisional | S::Graded | S::Exited)
        && step.transition != T::T09
        && step.transition != T::T10;
    // An emergency stop that nobody confirmed, or an exit that is not upheld, leads back to where the case was.
    let returns = matches!(step.transition, T::T18 | T::T21) && !closes;
    if closes {
        case.open = false;
        case.outcome = Some(step.transition.as_str().to_owned());
        case.closed_at = Some(act.now);
    }
    if returns {
        stage_of(act, admission, &mut case, step.to).await?;
    }
    save(act, &mut case, is_new).await?;
    terms::leave_stage(act, &case, left).await?;
    if returns {
        terms::come_back(act, &case).await?;
    } else {
        terms::of_stage(act, &case, step.transition).await?;
    }
    record(
        act,
        &case,
        step.transition.as_str(),
        request.reason.as_deref(),
    )
    .await?;
    Ok(case)
}

/// A case that is not written yet.
pub(crate) async fn new_case(act: &Act, admission: &Admission, stage: T) -> Result<Case, Problem> {
    Ok(Case {
        id: act.new_id(),
        number: number(act, &admission.federation, false).await?,
        admission: admission.id,
        kind: CaseKind::at(stage).unwrap_or(CaseKind::Warning),
        open: true,
        stage,
        stage_since: act.now,
        stage_role: act.actor.role,
        stage_by: act.actor.person,
        cause: None,
        findings: Vec::new(),
        evidence_sha256: None,
        term_until: None,
        extended: false,
        attempts: 0,
        fraud: false,
        exit_proposed_by: None,
        outcome: None,
        opened_at: act.now,
        closed_at: None,
        revision: 1,
    })
}

async fn save(act: &Act, case: &mut Case, is_new: bool) -> Result<(), Problem> {
    if is_new {
        store::cases::insert(&act.tx, case).await?;
    } else {
        case.revision = store::cases::update(&act.tx, case).await?;
    }
    Ok(())
}

async fn record(
    act: &mut Act,
    case: &Case,
    done: &str,
    reason: Option<&str>,
) -> Result<(), Problem> {
    act.record(Entry {
        kind: "case",
        id: case.id.uuid(),
        act: done,
        reason_code: case.cause.map(Cause::as_str),
        reason,
        ..Entry::default()
    })
    .await
}

/// Puts a case back to the stage that led to a state, and the admission to the days of that stage.
async fn stage_of(
    act: &Act,
    admission: &mut Admission,
    case: &mut Case,
    state: S,
) -> Result<(), Problem> {
    let possible: &[T] = match state {
        S::Warned => &[T::T11],
        S::Rectifying => &[T::T13, T::T17],
        S::Suspended => &[T::T15, T::T16],
        S::ExitNotice => &[T::T19],
        _ => return Ok(()),
    };
    let mut newest: Option<decisions::Decision> = None;
    for stage in possible {
        let found = decisions::newest(&act.tx, admission.id, *stage).await?;
        if found.as_ref().map(|one| one.at) > newest.as_ref().map(|one| one.at) {
            newest = found;
        }
    }
    if let Some(decision) = newest {
        case.stage = decision.act;
        case.stage_role = decision.role;
        case.stage_since = decision.at;
        case.kind = CaseKind::at(decision.act).unwrap_or(case.kind);
        days_of(act, admission, case, &decision).await?;
    }
    Ok(())
}

/// The days that an admission has in a state: those of the decision that led to it, not of the one that led back.
async fn days_of(
    act: &Act,
    admission: &mut Admission,
    case: &Case,
    decision: &decisions::Decision,
) -> Result<(), Problem> {
    match decision.act {
        T::T13 | T::T17 => admission.due_on = case.term_until,
        T::T15 => admission.state_before = decision.from,
        T::T16 => {
            admission.state_before = decision.from;
            let end =
                store::cases::terms::newest(&act.tx, case.id.uuid(), "suspension_end").await?;
            admission.suspended_until = end.map(|term| term.due_on);
        }
        T::T19 => {
            admission.exit_before = decision.from;
            let days = act.app.policy.workflow.exit_notice_wd;
            admission.notice_until = Some(act.app.calendar.notice_until(decision.on, days));
            admission.due_on = admission.notice_until;
        }
        _ => {}
    }
    Ok(())
}

/// T25: what rested on the decision falls with it.
async fn set_aside(
    act: &mut Act,
    admission: &mut Admission,
    step: AdmissionStep,
    request: &TransitionRequest,
) -> Result<Option<Case>, Problem> {
    if let Some(named) = request.sets_aside {
        stays::fall(act, admission, named).await?;
    }
    if matches!(request.sets_aside, Some(T::T09 | T::T10)) {
        let all = results::of(&act.tx, admission.id).await?;
        if let Some(last) = all.iter().rfind(|one| one.row.decided) {
            admission.grade = last.previous_grade;
            results::regrade(&act.tx, last.id, None).await?;
            grade_changed(act, admission).await?;
        }
        return Ok(None);
    }
    reopen(act, admission, step.to, T::T25).await
}

/// Leads the newest case back: it goes on at the stage of the restored state, or ends with it.
async fn reopen(
    act: &mut Act,
    admission: &mut Admission,
    to: S,
    by: T,
) -> Result<Option<Case>, Problem> {
    let Some(mut case) = store::cases::newest_of(&act.tx, admission.id).await? else {
        return Ok(None);
    };
    if to == S::ExitNotice {
        resume_exit(act, admission, &case).await?;
    } else {
        admission.exit_before = None;
        offers(act, &case, false).await?;
        end_plans(act, &case).await?;
    }
    exit::lift_bars(&act.tx, case.id, act.now).await?;
    terms::leave_stage(act, &case, case.stage).await?;
    let standing = matches!(to, S::Provisional | S::Graded | S::UnderReview);
    case.open = !standing;
    case.closed_at = standing.then_some(act.now);
    case.outcome = standing.then(|| by.as_str().to_owned());
    if !standing {
        stage_of(act, admission, &mut case, to).await?;
        terms::come_back(act, &case).await?;
    }
    save(act, &mut case, false).await?;
    record(act, &case, by.as_str(), None).await?;
    Ok(Some(case))
}

/// T19: offers close, every running class gets its plan, the classes that a fraud concerns are named.
async fn propose_exit(
    act: &mut Act,
    admission: &Admission,
    case: &Case,
    request: &TransitionRequest,
) -> Result<(), Problem> {
    let moved = exit::close_offers(&act.tx, case.id, admission.id, act.now).await?;
    record_offers(act, &moved, "close").await?;
    let classes = exit::classes(&act.tx, admission.id, facts::RUNNING).await?;
    let due_on = terms::calendar_days(act.today, act.app.policy.workflow.teach_out_days);
    let mut plans = Vec::with_capacity(classes.len());
    for class in &classes {
        let Some(asked) = request
            .arrangements
            .iter()
            .find(|one| one.cohort == class.id)
        else {
            continue;
        };
        plans.push(ClassPlan {
            cohort: class.id,
            plan: asked.plan,
            receiving: asked.receiving.clone(),
            hours_taught: class.hours_taught,
            due_on,
        });
    }
    arrange(act, admission, case, &plans).await?;
    exit::plan(&act.tx, case.id, &plans).await?;
    if case.fraud {
        let own = own_classes(act, admission, &request.fraud_cohorts).await?;
        exit::name_fraud_cohorts(&act.tx, case.id, &own).await?;
    }
    Ok(())
}

/// T25 against T21: no new class begins, and what was planned for those there are is owed again, by its old last day.
async fn resume_exit(act: &mut Act, admission: &Admission, case: &Case) -> Result<(), Problem> {
    let moved = exit::close_offers(&act.tx, case.id, admission.id, act.now).await?;
    record_offers(act, &moved, "close").await?;
    let mut plans = exit::resume_plans(&act.tx, case.id, facts::RUNNING).await?;
    let known = exit::plans_of(&act.tx, case.id).await?;
    // A class that began meanwhile is taught to its end: nobody has decided anything worse for its trainees.
    let due_on = terms::calendar_days(act.today, act.app.policy.workflow.teach_out_days);
    let classes = exit::classes(&act.tx, admission.id, facts::RUNNING).await?;
    let begun: Vec<ClassPlan> = classes
        .iter()
        .filter(|class| known.iter().all(|plan| plan.cohort != class.id))
        .map(|class| ClassPlan {
            cohort: class.id,
            plan: Plan::TeachOut,
            receiving: None,
            hours_taught: class.hours_taught,
            due_on,
        })
        .collect();
    exit::plan(&act.tx, case.id, &begun).await?;
    plans.extend(begun);
    arrange(act, admission, case, &plans).await
}

/// What is planned for classes is on record, and owed by the federation that looks after the site.
async fn arrange(
    act: &mut Act,
    admission: &Admission,
    case: &Case,
    plans: &[ClassPlan],
) -> Result<(), Problem> {
    let local = store::cohorts::local_federation(&act.tx, &admission.site_region)
        .await?
        .ok_or_else(|| Problem::internal("no federation looks after a site"))?;
    for one in plans {
        let (id, plan) = (one.cohort.uuid(), one.plan.as_str());
        let of = Of {
            admission: admission.id,
            kind: "cohort",
            id,
        };
        terms::begin(act, of, plan, local.role, act.today, one.due_on).await?;
        act.record(Entry {
            kind: "cohort",
            id,
            act: "arrange",
            reason_code: Some(plan),
            reason: one.receiving.as_deref(),
            evidence: &[format!("case:{}", case.number)],
            ..Entry::default()
        })
        .await?;
    }
    Ok(())
}

/// The institution stays: what was planned for its classes is no longer owed, and a class that goes on is no class of an exit.
async fn end_plans(act: &Act, case: &Case) -> Result<(), Problem> {
    for plan in exit::plans_of(&act.tx, case.id).await? {
        let (object, kind) = (plan.cohort.uuid(), plan.plan.as_str());
        store::cases::terms::meet(&act.tx, object, &[kind], act.today).await?;
    }
    Ok(exit::end_plans(&act.tx, case.id, facts::RUNNING, act.now).await?)
}

/// Refuses classes of others.
async fn own_classes(
    act: &Act,
    admission: &Admission,
    named: &[CohortId],
) -> Result<Vec<CohortId>, Problem> {
    let all = exit::classes(&act.tx, admission.id, domain::cohort::CohortState::ALL).await?;
    for (at, id) in named.iter().enumerate() {
        if !all.iter().any(|class| class.id == *id) {
            return Err(Problem::field(
                format!("/fraud_cohorts/{at}"),
                "unknown-cohort",
                "该机构没有这个班期。",
                "The institution has no such cohort.",
            ));
        }
    }
    Ok(named.to_vec())
}

/// T20, T22: offers retire, the cause bars, after fraud the certificates concerned are put on hold.
async fn leave(act: &mut Act, admission: &mut Admission, case: &Case) -> Result<(), Problem> {
    let late = exit::close_offers(&act.tx, case.id, admission.id, act.now).await?;
    record_offers(act, &late, "close").await?;
    offers(act, case, true).await?;
    let numbers = act.app.policy.workflow.clone();
    let bar = case.cause.map(|cause| cause.bar(&numbers));
    admission.bar_until = bar.and_then(|bar| bar.until(act.today));
    if let Some(until) = admission.bar_until {
        let institution = admission.institution.id;
        let id = act.new_id();
        exit::bar_until(&act.tx, id, institution, Some(case.id), until, act.now).await?;
        if case.cause.is_some_and(Cause::bars_persons) {
            let new_id = || act.new_id();
            persons::bar(&act.tx, admission.id, case.id, new_id, until, act.now).await?;
        }
    }
    if case.fraud {
        hold_certificates(act, admission, case).await?;
    }
    // The other provinces that admit it are told; what they do is theirs to decide.
    let elsewhere =
        store::institutions::live_elsewhere(&act.tx, admission.institution.id, admission.id)
            .await?;
    for other in elsewhere {
        let due = terms::working_days(act, numbers.province_decision_wd);
        let of = Of::admission(other.id);
        let holder = domain::access::Role::ProvinceOfficer;
        terms::begin(act, of, elsewhere::TERM, holder, act.today, due).await?;
    }
    Ok(())
}

async fn hold_certificates(
    act: &mut Act,
    admission: &Admission,
    case: &Case,
) -> Result<(), Problem> {
    let due = terms::working_days(act, act.app.policy.workflow.fraud_review_wd);
    let concerned = exit::certificates_concerned(&act.tx, case.id).await?;
    for found in &concerned {
        crate::certificates::change::hold(act, found, due).await?;
        exit::review(&act.tx, case.id, found.id, due).await?;
    }
    if !concerned.is_empty() {
        let of = Of {
            admission: admission.id,
            kind: "case",
            id: case.id.uuid(),
        };
        let holder = domain::access::Role::ProvinceOfficer;
        terms::begin(act, of, terms::REVIEW, holder, act.today, due).await?;
    }
    Ok(())
}

/// Retires the offers that the case closed, or opens them again as they were.
async fn offers(act: &mut Act, case: &Case, retire: bool) -> Result<(), Problem> {
    let moved = exit::move_offers(&act.tx, case.id, retire, act.now).await?;
    let done = if retire { "retire" } else { "restore" };
    record_offers(act, &moved, done).await
}

async fn record_offers(act: &mut Act, moved: &[OfferMove], done: &str) -> Result<(), Problem> {
    act.record_all(moved.iter().map(|one| Entry {
        kind: "offer",
        id: one.offer.uuid(),
        act: done,
        from: Some(one.from.as_str()),
        to: Some(one.to.as_str()),
        reason_code: Some(KIND),
        ..Entry::default()
    }))
    .await
}
