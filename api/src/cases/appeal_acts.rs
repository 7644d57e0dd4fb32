//! Acts on an appeal: accepted or not, heard, extended, decided, executed, withdrawn. A decision that upholds or varies
//! changes the admission in the same transaction.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::ids::{AppealId, GradingRunId};
use domain::institution::appeal::{
    AppealAct, AppealFacts, AppealState, Correction, Outcome, decide,
};
use domain::institution::{
    AdmissionStep, Cause, Grade, InstitutionState, InstitutionTransition as T,
    decide as decide_admission,
};
use serde::{Deserialize, Serialize};
use store::cases::appeals::{self, Appeal};
use store::cases::{decisions, exit, persons, results};
use store::grading::publications::{self, PublicationState};
use store::institutions::Admission;
use store::scope::Scope;
use utoipa::ToSchema;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::appeals::{AppealReceipt, KIND};
use crate::cases::facts::{self, Phase};
use crate::cases::terms::{self, Of};
use crate::cases::{causes, effects, grievances, locked, stays};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::{
    self, DocumentRequest, KIND as ADMISSION, TransitionRequest, check_document, check_points,
    publish,
};
use crate::problem::{Code, Problem};

/// How a decision is varied: exactly one of these.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariationRequest {
    /// T10: the new grade.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "C")]
    pub new_grade: Option<Grade>,
    /// T13, T16, T20: the new last day of the term, the suspension, the bar.
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

/// An act on an appeal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealActRequest {
    /// `accept refuse hear extend decide execute withdraw`.
    #[schema(value_type = String, example = "accept")]
    pub act: AppealAct,
    /// Reasons, or the record of the hearing, up to 4,000 characters.
    #[serde(default)]
    pub reason: Option<String>,
    /// Document of the decision.
    #[serde(default)]
    pub document: Option<DocumentRequest>,
    /// `decide`: `upheld`, `varied`, `dismissed`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "upheld")]
    pub outcome: Option<Outcome>,
    /// `decide`, `varied`: how.
    #[serde(default)]
    pub variation: Option<VariationRequest>,
    /// `decide`: what must be redone, point by point.
    #[serde(default)]
    pub redo: Vec<String>,
    /// `execute` after an upheld appeal against a grade: the published run that corrects the one of the grade.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub run: Option<GradingRunId>,
}

/// Takes an act on an appeal.
pub async fn act_on(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AppealId,
    revision: i32,
    request: &AppealActRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    if let Some(reason) = &request.reason {
        faults.words("/reason", reason, 2, 4_000);
    }
    check_document(&mut faults, "/document", request.document.as_ref());
    check_points(&mut faults, "/redo", &request.redo);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "act_on_appeal", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let scope = Scope::of(actor);
    let seen = appeals::find(&act.tx, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let mut admission = locked(&act, seen.admission).await?;
    let mut appeal = appeals::find(&act.tx, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if appeal.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    let to = decide(
        &facts_of(&act, &admission, &appeal, request).await?,
        request.act,
        actor.role,
    )?;
    let from = appeal.state;
    appeal.state = to;
    appeal.state_since = act.now;
    let document = admission::document(&mut act, request.document.as_ref()).await?;
    let mut leaf = None;
    let institution = appeal.against.transition().is_some();
    match request.act {
        AppealAct::Decide if !institution => {
            appeal.document = document;
            grievances::decided(&mut act, &mut appeal, request).await?;
        }
        AppealAct::Decide => {
            appeal.document = document;
            appeal.outcome = request.outcome;
            appeal.text.clone_from(&request.reason);
            appeal.redo.clone_from(&request.redo);
            leaf = Some(outcome(&mut act, &mut admission, &mut appeal, request).await?);
        }
        AppealAct::Refuse | AppealAct::Withdraw if institution => {
            stays::end(&mut act, &mut admission, &mut appeal).await?;
            admission.revision = store::institutions::update(&act.tx, &admission).await?;
            causes::look(&act.app, &act.tx, &admission).await?;
        }
        AppealAct::Extend => appeal.extended = true,
        AppealAct::Accept
        | AppealAct::Hear
        | AppealAct::Execute
        | AppealAct::Refuse
        | AppealAct::Withdraw => {}
    }
    terms_after(&act, &appeal, request).await?;
    appeal.revision = appeals::update(&act.tx, &appeal).await?;
    let said = request.reason.as_deref().unwrap_or("");
    let short: String = said.chars().take(500).collect();
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: request.act.as_str(),
        from: Some(from.as_str()),
        to: Some(to.as_str()),
        reason_code: request.outcome.map(Outcome::as_str),
        reason: (!short.is_empty()).then_some(short.as_str()),
        document,
        leaf,
        ..Entry::default()
    })
    .await?;
    let state = if institution {
        admission.state.as_str()
    } else {
        ""
    };
    let mut receipt = AppealReceipt::of(&act, &appeal, state).await?;
    receipt.leaf_index = leaf.map(|leaf| leaf.0);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

async fn facts_of(
    act: &Act,
    admission: &Admission,
    appeal: &Appeal,
    request: &AppealActRequest,
) -> Result<AppealFacts, Problem> {
    let interested =
        store::cases::has_interest(&act.tx, act.actor.person, admission.institution.id).await?;
    let variation = request.variation.clone().unwrap_or_default();
    let variation_given = match appeal.against.transition() {
        Some(T::T10) => variation.new_grade.is_some_and(|grade| grade != Grade::P),
        _ => variation.until.is_some_and(|until| until > act.today),
    };
    let variation_fits = request.outcome != Some(Outcome::Varied)
        || fits(act, admission, appeal, &variation).await?;
    // A grade set aside is computed anew; whatever the decision lists is done by the province.
    let regrade = appeal.against == T::T10 && request.outcome == Some(Outcome::Upheld);
    let other = appeal.against.grievance();
    let upheld = other.is_some() && request.outcome == Some(Outcome::Upheld);
    Ok(AppealFacts {
        state: appeal.state,
        against: appeal.against,
        appellant: appeal.appellant,
        hearing_role: appeal.hearing_role,
        in_time: appeal.in_time,
        today: act.today,
        actor: act.actor.person,
        deciders: appeal.deciders.clone(),
        interested,
        extended: appeal.extended,
        reason_given: request.reason.is_some(),
        document_given: request.document.is_some(),
        outcome: request.outcome,
        variation_given,
        variation_fits,
        leaves_work: regrade || upheld || !request.redo.is_empty(),
        correction: correction(act, admission, appeal, request).await?,
        redone: match other.filter(|_| appeal.outcome == Some(Outcome::Upheld)) {
            Some(one) => Some(grievances::redone(act, appeal, one).await?),
            None => None,
        },
    })
}

/// Whether a variation keeps within the most that the policy allows, and is no worse for the institution than the decision.
async fn fits(
    act: &Act,
    admission: &Admission,
    appeal: &Appeal,
    variation: &VariationRequest,
) -> Result<bool, Problem> {
    let numbers = &act.app.policy.workflow;
    let Some(until) = variation.until else {
        // Without a day it is a grade, or is refused as missing.
        let all = results::of(&act.tx, admission.id).await?;
        let old = all.iter().rfind(|one| one.row.decided);
        let old = old.and_then(|one| one.row.grade);
        return Ok(old.is_none_or(|old| {
            old == Grade::P || variation.new_grade.is_none_or(|new| new <= old)
        }));
    };
    let decision = decisions::find(&act.tx, appeal.decision).await?;
    let on = decision.map_or(act.today, |decision| decision.on);
    Ok(match appeal.against.transition() {
        Some(T::T13) => {
            let days = numbers.rectification_days + numbers.rectification_extension_days;
            let ordered = store::cases::open_of(&act.tx, admission.id)
                .await?
                .and_then(|case| case.term_until);
            until <= terms::calendar_days(on, days) && ordered.is_none_or(|day| until >= day)
        }
        Some(T::T16) => {
            let most = terms::calendar_days(on, numbers.emergency_suspension_days);
            until <= most && admission.suspended_until.is_none_or(|day| until <= day)
        }
        Some(T::T20) => admission.bar_until.is_some_and(|day| until <= day),
        _ => true,
    })
}

/// What was done about a grade that the appeal set aside.
async fn correction(
    act: &Act,
    admission: &Admission,
    appeal: &Appeal,
    request: &AppealActRequest,
) -> Result<Option<Correction>, Problem> {
    let regrade = appeal.against == T::T10 && appeal.outcome == Some(Outcome::Upheld);
    if request.act != AppealAct::Execute || !regrade {
        return Ok(None);
    }
    let decision = decisions::find(&act.tx, appeal.decision).await?;
    let day = decision.map(|decision| decision.on);
    let all = results::of(&act.tx, admission.id).await?;
    // Setting the decision aside took the grade out of its result.
    let old = all
        .iter()
        .rfind(|one| one.decided_on.is_some() && one.decided_on == day && one.row.grade.is_none());
    let mut found = Correction::default();
    let Some(old) = old else {
        return Ok(Some(found));
    };
    let federation = Some(admission.federation.as_str());
    if let Some(run) = request.run {
        found.run = corrected_by(act, old.run, run).await?;
        found.fresh = frozen_since(act, appeal, run).await?;
        found.published =
            publications::list(&act.tx, federation, Some(PublicationState::Published))
                .await?
                .iter()
                .any(|one| one.run == run);
    }
    found.bulletins =
        publications::standing_bulletins(&act.tx, old.run, &admission.federation).await?;
    Ok(Some(found))
}

/// Whether a run corrects another one, itself or by way of corrections between them.
async fn corrected_by(act: &Act, old: GradingRunId, run: GradingRunId) -> Result<bool, Problem> {
    let mut at = store::grading::run(&act.tx, run).await?;
    // A run names one that was there before: the way ends.
    while let Some(before) = at.and_then(|one| one.corrects) {
        if before == old.uuid() {
            return Ok(true);
        }
        at = store::grading::run(&act.tx, before.into()).await?;
    }
    Ok(false)
}

/// Whether the evidence of a run was frozen after the appeal was decided.
async fn frozen_since(act: &Act, appeal: &Appeal, run: GradingRunId) -> Result<bool, Problem> {
    let Some(run) = store::grading::run(&act.tx, run).await? else {
        return Ok(false);
    };
    let freeze = store::grading::freeze(&act.tx, run.freeze).await?;
    // An appeal that waits to be carried out has been decided since then.
    Ok(freeze.is_some_and(|one| one.taken_at >= appeal.state_since))
}

/// Ends the terms of what was done, and begins those of what is owed now.
pub(crate) async fn terms_after(
    act: &Act,
    appeal: &Appeal,
    request: &AppealActRequest,
) -> Result<(), Problem> {
    let numbers = &act.app.policy.workflow;
    let object = appeal.id.uuid();
    let of = Of {
        admission: appeal.admission,
        kind: grievances::object_kind(appeal.against),
        id: object,
    };
    match request.act {
        AppealAct::Hear => return Ok(()),
        AppealAct::Extend => {
            let term = store::cases::terms::newest(&act.tx, object, "appeal_decide").await?;
            let old = term.map_or(act.today, |term| term.due_on);
            let due = act
                .app
                .calendar
                .add_working_days(old, numbers.appeal_extension_wd);
            let reason = request.reason.as_deref().unwrap_or("");
            store::cases::terms::extend(&act.tx, object, "appeal_decide", due, reason).await?;
            return Ok(());
        }
        _ => {}
    }
    store::cases::terms::meet(&act.tx, object, &[], act.today).await?;
    match (request.act, appeal.state) {
        (AppealAct::Accept, _) => {
            let due = terms::working_days(act, numbers.appeal_decide_wd);
            terms::begin(
                act,
                of,
                "appeal_decide",
                appeal.hearing_role,
                act.today,
                due,
            )
            .await
        }
        (AppealAct::Decide, AppealState::Decided) => {
            let due = terms::working_days(act, numbers.province_decision_wd);
            let holder = match appeal.against.transition() {
                Some(_) => domain::access::Role::ProvinceOfficer,
                None => appeal.hearing_role,
            };
            terms::begin(act, of, "appeal_execute", holder, act.today, due).await
        }
        _ => Ok(()),
    }
}

/// Carries out the outcome; answers the leaf that tells it.
async fn outcome(
    act: &mut Act,
    admission: &mut Admission,
    appeal: &mut Appeal,
    request: &AppealActRequest,
) -> Result<domain::ids::LeafIndex, Problem> {
    let outcome = request.outcome.unwrap_or(Outcome::Dismissed);
    let word = format!("appeal_{}", outcome.as_str());
    let state = admission.state;
    let leaf = publish(act, admission, &word, state, state).await?;
    act.record(Entry {
        kind: ADMISSION,
        id: admission.id.uuid(),
        act: &word,
        reason_code: Some(appeal.against.as_str()),
        document: appeal.document,
        evidence: &[format!("appeal:{}", appeal.number)],
        leaf: Some(leaf),
        ..Entry::default()
    })
    .await?;
    stays::end(act, admission, appeal).await?;
    match outcome {
        Outcome::Dismissed => {}
        Outcome::Varied => vary(act, admission, appeal, request).await?,
        Outcome::Upheld => return uphold(act, admission, appeal).await.map(|()| leaf),
    }
    admission.revision = store::institutions::update(&act.tx, admission).await?;
    causes::look(&act.app, &act.tx, admission).await?;
    Ok(leaf)
}

/// Returns the institution (T23), or sets the decision aside (T25): the appeal is the ground, its body the superior.
async fn uphold(act: &mut Act, admission: &mut Admission, appeal: &Appeal) -> Result<(), Problem> {
    admission.revision = store::institutions::update(&act.tx, admission).await?;
    let number = format!("申诉 {} 成立", appeal.number);
    let against = appeal.against.transition();
    let all = decisions::all(&act.tx, admission.id).await?;
    let told = decisions::as_told(&all);
    let at = all.iter().position(|one| one.id == appeal.decision);
    let rests = at.and_then(|at| domain::institution::rests_on(&told, at));
    // A grade changes no state. Any other decision gives the state back only where it is what the state rests on.
    if against != Some(T::T10) && rests.is_none() {
        let decision = at.map(|at| &all[at]);
        return fall_alone(act, admission, appeal, decision, &number).await;
    }
    let (transition, request) = if against == Some(T::T20) {
        let request = TransitionRequest {
            reason: Some(number),
            ..TransitionRequest::of(T::T23)
        };
        (T::T23, request)
    } else {
        let request = TransitionRequest {
            reason: Some(number),
            cause: Some(Cause::Superior),
            sets_aside: against,
            ..TransitionRequest::of(T::T25)
        };
        (T::T25, request)
    };
    let step = if transition == T::T23 {
        let mut facts = facts::gather(act, admission, &request, Phase::Decides).await?;
        facts.exit.appeal_upheld = true;
        decide_admission(&facts, transition, act.actor.role)?
    } else {
        let before = match against {
            // The grade changes, the state does not.
            Some(T::T10) => Some(admission.state),
            Some(T::T11) => Some(InstitutionState::standing_of(admission.grade)),
            _ => rests,
        };
        AdmissionStep {
            transition,
            from: admission.state,
            to: before.unwrap_or(admission.state),
            two_persons: false,
        }
    };
    let row = admission.clone();
    admission::take(act, row, step, &request, None).await?;
    *admission = locked(act, admission.id).await?;
    Ok(())
}

/// The decision falls, and the state that rests on a later one stays. Where that one would lead back to the state that the
/// fallen decision gave, it now leads to the one before.
async fn fall_alone(
    act: &mut Act,
    admission: &mut Admission,
    appeal: &Appeal,
    decision: Option<&decisions::Decision>,
    reason: &str,
) -> Result<(), Problem> {
    let state = admission.state;
    if let Some(one) = decision {
        for before in [&mut admission.state_before, &mut admission.exit_before] {
            if before.is_some() && *before == one.to {
                *before = one.from;
            }
        }
    }
    let leaf = publish(act, admission, T::T25.as_str(), state, state).await?;
    act.record(Entry {
        kind: ADMISSION,
        id: admission.id.uuid(),
        act: T::T25.as_str(),
        from: Some(state.as_str()),
        to: Some(state.as_str()),
        reason_code: Some(Cause::Superior.as_str()),
        reason: Some(reason),
        document: appeal.document,
        evidence: &[format!("{}{}", decisions::ASIDE, appeal.decision)],
        leaf: Some(leaf),
        ..Entry::default()
    })
    .await?;
    admission.revision = store::institutions::update(&act.tx, admission).await?;
    causes::look(&act.app, &act.tx, admission).await.map(|_| ())
}

/// The decision stands with another grade or day.
async fn vary(
    act: &mut Act,
    admission: &mut Admission,
    appeal: &Appeal,
    request: &AppealActRequest,
) -> Result<(), Problem> {
    let variation = request.variation.clone().unwrap_or_default();
    match appeal.against.transition() {
        Some(T::T10) => {
            let all = results::of(&act.tx, admission.id).await?;
            if let Some(last) = all.iter().rfind(|one| one.row.decided) {
                results::regrade(&act.tx, last.id, variation.new_grade).await?;
            }
            admission.grade = variation.new_grade;
            effects::grade_changed(act, admission).await?;
        }
        Some(T::T13) => {
            admission.due_on = variation.until;
            if let Some(mut case) = store::cases::open_of(&act.tx, admission.id).await? {
                case.term_until = variation.until;
                store::cases::update(&act.tx, &case).await?;
                if let Some(until) = variation.until {
                    let object = case.id.uuid();
                    store::cases::terms::extend(&act.tx, object, "report", until, &appeal.number)
                        .await?;
                }
            }
        }
        Some(T::T16) => {
            admission.suspended_until = variation.until;
            if let (Some(until), Some(case)) = (
                variation.until,
                store::cases::open_of(&act.tx, admission.id).await?,
            ) {
                let object = case.id.uuid();
                store::cases::terms::extend(
                    &act.tx,
                    object,
                    "suspension_end",
                    until,
                    &appeal.number,
                )
                .await?;
            }
        }
        Some(T::T20) => {
            admission.bar_until = variation.until;
            if let (Some(until), Some(case)) = (variation.until, appeal.case) {
                exit::lift_bars(&act.tx, case, act.now).await?;
                let institution = admission.institution.id;
                let id = act.new_id();
                exit::bar_until(&act.tx, id, institution, Some(case), until, act.now).await?;
                let held = store::cases::newest_of(&act.tx, admission.id).await?;
                if held.is_some_and(|one| one.cause.is_some_and(Cause::bars_persons)) {
                    let new_id = || act.new_id();
                    persons::bar(&act.tx, admission.id, case, new_id, until, act.now).await?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}
