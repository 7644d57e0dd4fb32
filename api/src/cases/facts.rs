//! What a transition depends on, read under lock in the transaction that will take it.

use chrono::NaiveDate;
use domain::cohort::CohortState;
use domain::ids::{GradingRunId, InstitutionId};
use domain::institution::appeal::AppealState;
use domain::institution::{
    AdmissionFacts, CaseFacts, Cause, ExitFacts, Finality, Given, Inspection, InstitutionState,
    InstitutionTransition as T, PaperKind, Persons, ResultFacts, ResultKind, ResultRow,
    RunningCohort, plans_allowed,
};
use store::cases::papers::Paper;
use store::cases::{Case, decisions, exit, papers, results};
use store::cohorts::Cohort;
use store::grading::publications::{self, PublicationState};
use store::institutions::Admission;
use uuid::Uuid;

use crate::act::Act;
use crate::assessments::publishing::finding_facts;
use crate::cases::terms;
use crate::institutions::admission::TransitionRequest;
use crate::problem::{Code, Problem};

/// Whether the act takes effect now, or waits for its second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Somebody proposes.
    Proposes,
    /// Somebody decides.
    Decides,
}

/// Classes whose trainees need a place when the institution leaves.
pub(crate) const RUNNING: &[CohortState] = &[CohortState::Enrolling, CohortState::Running];

/// Reads everything that a transition may depend on.
pub(crate) async fn gather(
    act: &Act,
    admission: &Admission,
    request: &TransitionRequest,
    phase: Phase,
) -> Result<AdmissionFacts, Problem> {
    let object = admission.id.uuid();
    let numbers = &act.app.policy.workflow;
    let local = store::cohorts::local_federation(&act.tx, &admission.site_region)
        .await?
        .ok_or_else(|| Problem::internal("no federation looks after a site"))?;
    let case = store::cases::open_of(&act.tx, admission.id).await?;
    let papers = match &case {
        Some(case) => stage_papers(act, case).await?,
        None => Vec::new(),
    };
    let interested =
        store::cases::has_interest(&act.tx, act.actor.person, admission.institution.id).await?;
    let finding = match request.assessment {
        Some(id) => Some(finding_facts(act, admission.id, id).await?),
        None => None,
    };
    let restores = match request.sets_aside {
        Some(decision) => restored(act, admission, decision).await?,
        None => None,
    };
    let classes = exit::classes(&act.tx, admission.id, RUNNING).await?;
    Ok(AdmissionFacts {
        state: admission.state,
        grade: admission.grade,
        today: act.today,
        due_on: admission.due_on,
        notice_until: admission.notice_until,
        returned_before: admission.returned_count > 0,
        open_objections: store::objections::count(&act.tx, object, "open", admission.applied_at)
            .await?,
        accepted_objections: store::objections::count(
            &act.tx,
            object,
            "accepted",
            admission.state_since,
        )
        .await?,
        sites: store::institutions::count_sites(&act.tx, admission.institution.id).await?,
        local_role: local.role,
        stayed: admission.stayed,
        grade_stayed: admission.grade_stayed,
        restores,
        persons: Persons {
            actor: act.actor.person,
            deciding: phase == Phase::Decides,
            interested,
            exit_proposed_by: case.as_ref().and_then(|case| case.exit_proposed_by),
        },
        given: Given {
            finding,
            ..given(request)
        },
        results: result_facts(act, admission, request.run).await?,
        case: case_facts(act, admission, case.as_ref(), &papers, request).await?,
        exit: exit_facts(act, admission, case.as_ref(), &papers, request, &classes).await?,
        data_late_days: numbers.data_late_days,
    })
}

/// Refuses whoever declared an interest in the institution.
pub(crate) async fn not_interested(act: &Act, admission: &Admission) -> Result<(), Problem> {
    not_interested_in(act, admission.institution.id).await
}

/// The same where only the institution is known. Its own staff act for it: what they declared as officers before binds them
/// nowhere.
pub(crate) async fn not_interested_in(
    act: &Act,
    institution: InstitutionId,
) -> Result<(), Problem> {
    if act.actor.role.is_institution() {
        return Ok(());
    }
    apart(store::cases::has_interest(&act.tx, act.actor.person, institution).await?)
}

/// The same of anything that is about an institution: a class, an offer, a version of a program, a batch, a certificate.
pub(crate) async fn not_interested_about(act: &Act, thing: Uuid) -> Result<(), Problem> {
    if act.actor.role.is_institution() {
        return Ok(());
    }
    apart(store::cases::has_interest_in(&act.tx, act.actor.person, thing).await?)
}

fn apart(interested: bool) -> Result<(), Problem> {
    if !interested {
        return Ok(());
    }
    Err(Problem::new(Code::TransitionRefused)
        .with_detail(
            "您申报过与该机构有利害关系,应当回避,请由他人办理。",
            "You declared an interest in this institution; somebody else must act.",
        )
        .with_error(
            "",
            "interest-declared",
            "您申报过与该机构有利害关系,应当回避。",
            "You declared an interest in this institution.",
        ))
}

fn given(request: &TransitionRequest) -> Given {
    Given {
        reason: request.reason.is_some(),
        cause: request.cause,
        evidence: request.evidence().is_some(),
        document: request.document.is_some(),
        minutes: request.minutes.is_some(),
        until: request.until,
        findings: !request.findings.is_empty(),
        data_due_on: request.data_due_on,
        hearing_offered: request.hearing.is_some(),
        finding: None,
    }
}

/// Papers of the present stage.
pub(crate) async fn stage_papers(act: &Act, case: &Case) -> Result<Vec<Paper>, Problem> {
    let mut found = papers::of(&act.tx, case.id).await?;
    found.retain(|paper| paper.made_at >= case.stage_since);
    Ok(found)
}

/// The state that setting a decision aside restores. Only the decision that the present state follows from can be set
/// aside: what came later rests on other grounds, and what was lifted has no effect any more.
async fn restored(
    act: &Act,
    admission: &Admission,
    decision: T,
) -> Result<Option<InstitutionState>, Problem> {
    if !decision.is_public() || matches!(decision, T::T06 | T::T07 | T::T08 | T::T23 | T::T25) {
        return Ok(None);
    }
    let all = decisions::all(&act.tx, admission.id).await?;
    if matches!(decision, T::T09 | T::T10) {
        let newest = all
            .iter()
            .rfind(|one| matches!(one.act, T::T09 | T::T10))
            .filter(|one| one.act == decision);
        // A later grade leaves the state as it is; without the first one there is none.
        return Ok(match newest {
            Some(_) if decision == T::T10 => Some(admission.state),
            Some(first) if admission.state == InstitutionState::Graded => first.from,
            _ => None,
        });
    }
    Ok(domain::institution::followed(&decisions::as_told(&all))
        .into_iter()
        .find(|(act, _, _)| *act == decision)
        .and_then(|(_, from, _)| from))
}

/// Whether the grade in force is final: its term of appeal has passed, and no appeal is open.
pub(crate) async fn finality(act: &Act, admission: &Admission) -> Result<Finality, Problem> {
    let Some(decision) = decisions::newest(&act.tx, admission.id, T::T10).await? else {
        return Ok(Finality::Final);
    };
    if let Some(appeal) = store::cases::appeals::against(&act.tx, decision.id).await? {
        let closed = matches!(
            appeal.state,
            AppealState::Executed | AppealState::Decided | AppealState::Inadmissible
        );
        return Ok(if closed {
            Finality::Final
        } else {
            Finality::Appealed
        });
    }
    let Some(served) = papers::served_on(&act.tx, decision.id).await? else {
        return Ok(Finality::NotServed);
    };
    let until = appeal_until(act, served);
    Ok(if act.today > until {
        Finality::Final
    } else {
        Finality::Until(until)
    })
}

/// The last day to appeal against a decision that was served on this day.
pub(crate) fn appeal_until(act: &Act, served: NaiveDate) -> NaiveDate {
    let days = act.app.policy.workflow.appeal_lodge_wd;
    act.app.calendar.add_working_days(served, days)
}

/// The annual result that waits for its decision: that of the run whose results are published, else the newest one. One that
/// an upheld appeal has overtaken waits for nothing; the run after it gives the grade.
pub(crate) async fn pending(
    act: &Act,
    admission: &Admission,
    run: Option<GradingRunId>,
) -> Result<Option<results::GradeResult>, Problem> {
    let all = results::of(&act.tx, admission.id).await?;
    let newest = all
        .into_iter()
        .rfind(|one| {
            one.row.kind == ResultKind::Annual && run.is_none_or(|published| one.run == published)
        })
        .filter(|one| !one.row.decided);
    let Some(newest) = newest else {
        return Ok(None);
    };
    let overtaken = results::is_overtaken(&act.tx, newest.id).await?;
    Ok((!overtaken).then_some(newest))
}

async fn result_facts(
    act: &Act,
    admission: &Admission,
    run: Option<GradingRunId>,
) -> Result<ResultFacts, Problem> {
    let all = results::of(&act.tx, admission.id).await?;
    let pending = pending(act, admission, run).await?;
    let (mut open_objections, mut accepted_objections) = (0, 0);
    if let Some(one) = &pending {
        let (id, since) = (one.id.uuid(), one.entered_at);
        open_objections = store::objections::count(&act.tx, id, "open", since).await?;
        accepted_objections = store::objections::count(&act.tx, id, "accepted", since).await?;
    }
    let rows: Vec<ResultRow> = all.iter().map(|one| one.row.clone()).collect();
    let known = known(&act.tx, admission, &all).await?;
    let counted = counted(&act.tx, &all, act.today).await?;
    let counted: Vec<ResultRow> = counted.iter().map(|one| one.row.clone()).collect();
    let threshold = act.app.policy.workflow.warning_sat_milli;
    Ok(ResultFacts {
        pending: pending.as_ref().and_then(|one| one.row.grade),
        notice_until: pending.as_ref().and_then(|one| one.notice_until),
        open_objections,
        accepted_objections,
        finality: finality(act, admission).await?,
        emp_low_twice: ResultRow::emp_low_twice(&rows),
        sat_low: ResultRow::sat_low(&counted, threshold),
        sat_suspended: ResultRow::sat_is_suspended(&counted),
        d_twice: ResultRow::d_twice(&known),
    })
}

/// What is only computed is no grade yet: two Ds are two that were decided, or published under a later state, the newest of
/// their period, without an objection, and overtaken by no appeal.
pub(crate) async fn known(
    db: &impl store::ConnectionTrait,
    admission: &Admission,
    all: &[results::GradeResult],
) -> Result<Vec<ResultRow>, Problem> {
    let federation = Some(admission.federation.as_str());
    let mut known = Vec::new();
    let mut published = None;
    for (at, one) in all.iter().enumerate() {
        if !one.row.decided && one.row.kind == ResultKind::Annual {
            if published.is_none() {
                let state = Some(PublicationState::Published);
                published = Some(publications::list(db, federation, state).await?);
            }
            let told = published.iter().flatten().any(|row| row.run == one.run);
            let replaced = all[at + 1..].iter().any(|later| {
                later.row.kind == one.row.kind && later.row.freeze_on == one.row.freeze_on
            });
            if !told
                || replaced
                || objected(db, one).await?
                || results::is_overtaken(db, one.id).await?
            {
                continue;
            }
        }
        known.push(one.row.clone());
    }
    Ok(without_stayed(admission, known))
}

/// The results that figures of satisfaction may be taken from: an annual one once it was decided, or its notice is over, no
/// objection stands against it and no appeal has overtaken it. A quarterly one has no notice.
pub(crate) async fn counted<'a>(
    db: &impl store::ConnectionTrait,
    all: &'a [results::GradeResult],
    today: NaiveDate,
) -> Result<Vec<&'a results::GradeResult>, Problem> {
    let mut counted = Vec::new();
    for one in all {
        let over = one.notice_until.is_some_and(|day| day < today);
        if one.row.kind == ResultKind::Quarterly
            || one.row.decided
            || (over && !objected(db, one).await? && !results::is_overtaken(db, one.id).await?)
        {
            counted.push(one);
        }
    }
    Ok(counted)
}

async fn objected(
    db: &impl store::ConnectionTrait,
    one: &results::GradeResult,
) -> Result<bool, Problem> {
    let (id, since) = (one.id.uuid(), one.entered_at);
    Ok(store::objections::count(db, id, "open", since).await? > 0
        || store::objections::count(db, id, "accepted", since).await? > 0)
}

/// A grade that an appeal stays counts as none: neither it nor the years before it are two in succession.
fn without_stayed(admission: &Admission, mut known: Vec<ResultRow>) -> Vec<ResultRow> {
    if admission.grade_stayed
        && let Some(last) = known.iter_mut().rfind(|row| row.decided)
    {
        last.grade = None;
    }
    known
}

async fn case_facts(
    act: &Act,
    admission: &Admission,
    case: Option<&Case>,
    papers_of_stage: &[Paper],
    request: &TransitionRequest,
) -> Result<CaseFacts, Problem> {
    let numbers = &act.app.policy.workflow;
    let latest_term = matches!(request.transition, T::T13 | T::T17)
        .then(|| terms::calendar_days(act.today, numbers.rectification_days));
    let has_prefecture =
        store::reference::has_level(&act.tx, &admission.site_region, "prefecture").await?;
    let Some(case) = case else {
        return Ok(CaseFacts {
            has_prefecture,
            latest_term,
            ..CaseFacts::default()
        });
    };
    let decision = decisions::newest(&act.tx, admission.id, case.stage).await?;
    let served = match &decision {
        Some(decision) => papers::served_on(&act.tx, decision.id).await?,
        None => None,
    };
    let (paper, term) = match case.stage {
        T::T11 => (PaperKind::Reply, "reply"),
        _ => (PaperKind::Plan, "plan"),
    };
    let due = store::cases::terms::newest(&act.tx, case.id.uuid(), term).await?;
    let answered = papers_of_stage.iter().find(|one| one.kind == paper);
    let inspection = papers_of_stage
        .iter()
        .rfind(|one| one.kind == PaperKind::Inspection);
    Ok(CaseFacts {
        warned_by: (case.stage == T::T11).then_some(case.stage_role),
        served: served.is_some(),
        answer_due: served.and(due).map(|term| term.due_on),
        answered_on: answered.map(|one| domain::calendar::today(one.made_at)),
        term_until: case.term_until,
        inspection: inspection.map(|one| Inspection {
            by: one.made_by,
            by_prefecture: one.role == domain::access::Role::PrefectureOfficer,
            passed: one.passed == Some(true),
        }),
        has_prefecture,
        attempts: case.attempts,
        suspended_unrectified: case.stage == T::T15,
        latest_term,
    })
}

async fn exit_facts(
    act: &Act,
    admission: &Admission,
    case: Option<&Case>,
    papers_of_stage: &[Paper],
    request: &TransitionRequest,
    classes: &[Cohort],
) -> Result<ExitFacts, Problem> {
    let numbers = &act.app.policy.workflow;
    let fraud = request.cause.is_some_and(Cause::is_fraud);
    let (mut unarranged, mut wrong_plans) = (Vec::new(), Vec::new());
    for class in classes {
        let plan = request
            .arrangements
            .iter()
            .find(|one| one.cohort == class.id);
        let running = RunningCohort {
            hours_taught: class.hours_taught,
            planned_hours: class.planned_hours,
        };
        match plan {
            None => unarranged.push(class.code.clone()),
            Some(one) => {
                let allowed = plans_allowed(running, fraud, numbers.teach_out_permille);
                if !allowed.contains(&one.plan) {
                    wrong_plans.push(class.code.clone());
                }
            }
        }
    }
    let heard = papers_of_stage
        .iter()
        .any(|one| matches!(one.kind, PaperKind::Hearing | PaperKind::HearingWaiver));
    let idle = store::cases::alarms::oldest_overdue(&act.tx, admission.id, act.today).await?;
    let months = chrono::Months::new(numbers.dormancy_months);
    let admitted = decisions::newest(&act.tx, admission.id, T::T08).await?;
    let last_course = exit::last_course_on(&act.tx, admission.id).await?;
    Ok(ExitFacts {
        heard,
        unarranged,
        wrong_plans,
        running_cohorts: classes.len() as u64,
        open_fraud: case.is_some_and(|case| case.fraud),
        last_course_on: last_course.or_else(|| admitted.map(|decision| decision.on)),
        dormant_before: act.today.checked_sub_months(months),
        province_until: idle.map(|due| act.app.calendar.add_working_days(due, numbers.inaction_wd)),
        withdrawal_asked: store::cases::withdrawals::open_of(&act.tx, admission.id)
            .await?
            .is_some(),
        before: admission.exit_before,
        appeal_upheld: false,
    })
}
