//! The wish to leave (T22): asked by the institution, granted by the transition, declined by the province, or taken back.
//! It is filed in the open case where there is one, else in a case of its own.

use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::ids::AdmissionId;
use domain::institution::{
    AdmissionStep, CaseKind, Cause, InstitutionState, InstitutionTransition as T,
};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::cases::withdrawals::{self as rows, Withdrawal, WithdrawalState};
use store::institutions::Admission;
use store::scope::Scope;
use utoipa::ToSchema;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::papers::{CaseReceipt, KIND};
use crate::cases::terms::{self, Of};
use crate::cases::{effects, facts, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// The term of the province's answer.
pub(crate) const TERM: &str = "withdrawal";

/// An institution asks to leave (T22).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskWithdrawalRequest {
    /// Reason, 5 to 500 characters.
    pub reason: String,
}

/// The end of a request to leave without an exit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndWithdrawalRequest {
    /// Reason, 2 to 500 characters.
    pub reason: String,
}

/// A request to leave after it ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WithdrawalReceipt {
    /// The request.
    pub id: String,
    /// `declined` or `taken_back`.
    pub state: String,
    /// The case that it was filed in.
    pub case: String,
}

/// States from which an institution may leave of its own will.
const fn may_leave(state: InstitutionState) -> bool {
    use InstitutionState as S;
    matches!(state, S::Provisional | S::Graded | S::Warned)
}

/// Files the request to leave.
pub async fn ask(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &AskWithdrawalRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "ask_withdrawal", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    if !may_leave(admission.state) {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!(
                "机构当前为“{}”;只有“暂定入库”“已定级”“预警”时可以申请退出。",
                admission.state.zh()
            ),
            format!(
                "The institution is {}; it may ask to leave while provisional, graded or warned.",
                admission.state.en()
            ),
        ));
    }
    let open = store::cases::open_of(&act.tx, id).await?;
    let case = if let Some(case) = open {
        case
    } else {
        let mut case = effects::new_case(&act, &admission, T::T22).await?;
        case.kind = CaseKind::Withdrawal;
        case.cause = Some(Cause::Voluntary);
        store::cases::insert(&act.tx, &case).await?;
        case
    };
    let asked = Withdrawal {
        id: act.new_id(),
        admission: id,
        case: case.id,
        reason: request.reason.trim().to_owned(),
        state: WithdrawalState::Open,
        answer: None,
        asked_by: actor.person,
        asked_at: act.now,
    };
    match rows::insert(&act.tx, &asked).await {
        Err(StoreError::Duplicate("open request to leave")) => {
            return Err(Problem::new(Code::Duplicate).with_detail(
                "退出申请已提出,正等待省级残联答复;可以撤回。",
                "The institution has asked to leave already and waits for the province; it may take that back.",
            ));
        }
        other => other?,
    }
    let due = terms::working_days(&act, app.policy.workflow.province_decision_wd);
    let of = Of::case(&case);
    terms::begin(&act, of, TERM, Role::ProvinceOfficer, act.today, due).await?;
    act.record(Entry {
        kind: KIND,
        id: case.id.uuid(),
        act: "ask_withdrawal",
        reason: Some(&asked.reason),
        evidence: &[format!("withdrawal:{}", asked.id)],
        ..Entry::default()
    })
    .await?;
    let receipt = CaseReceipt::of(&case, None);
    act.finish(StatusCode::CREATED, &receipt, (KIND, case.id))
        .await
}

/// The province declines.
pub async fn decline(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &EndWithdrawalRequest,
) -> Result<Receipt, Problem> {
    end(app, actor, key, id, request, WithdrawalState::Declined).await
}

/// The institution takes its request back.
pub async fn take_back(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &EndWithdrawalRequest,
) -> Result<Receipt, Problem> {
    end(app, actor, key, id, request, WithdrawalState::TakenBack).await
}

async fn end(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &EndWithdrawalRequest,
    to: WithdrawalState,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 2, 500);
    faults.finish()?;
    let word = match to {
        WithdrawalState::Declined => "decline_withdrawal",
        _ => "take_back_withdrawal",
    };
    let mut act = match app.begin(actor, key, word, &(id, request)).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    if to == WithdrawalState::Declined {
        facts::not_interested(&act, &admission).await?;
    }
    let asked = rows::open_of(&act.tx, id).await?.ok_or_else(|| {
        Problem::new(Code::TransitionRefused).with_detail(
            "没有待答复的退出申请。",
            "No request to leave waits for an answer.",
        )
    })?;
    let reason = request.reason.trim();
    closed(&mut act, &asked, to, Some(reason)).await?;
    // A case of its own ends with the request; one that went on to something graver does not.
    let scope = Scope::of(&act.actor);
    let found = store::cases::find(&act.tx, &scope, asked.case).await?;
    if let Some(mut case) = found.map(|found| found.case)
        && case.open
        && case.stage == T::T22
    {
        case.open = false;
        case.outcome = Some(to.as_str().to_owned());
        case.closed_at = Some(act.now);
        store::cases::update(&act.tx, &case).await?;
    }
    act.record(Entry {
        kind: KIND,
        id: asked.case.uuid(),
        act: word,
        reason: Some(reason),
        evidence: &[format!("withdrawal:{}", asked.id)],
        ..Entry::default()
    })
    .await?;
    let receipt = WithdrawalReceipt {
        id: asked.id.to_string(),
        state: to.as_str().to_owned(),
        case: asked.case.to_string(),
    };
    act.finish(StatusCode::OK, &receipt, (KIND, asked.case))
        .await
}

async fn closed(
    act: &mut Act,
    asked: &Withdrawal,
    to: WithdrawalState,
    answer: Option<&str>,
) -> Result<(), Problem> {
    rows::end(&act.tx, asked.id, to, answer, act.actor.person, act.now).await?;
    store::cases::terms::meet(&act.tx, asked.case.uuid(), &[TERM], act.today).await?;
    Ok(())
}

/// What a transition means for an open request: T22 grants it; it falls where the table has no T22 any more.
pub(crate) async fn after(
    act: &mut Act,
    admission: &Admission,
    step: AdmissionStep,
) -> Result<(), Problem> {
    let to = match step.transition {
        T::T22 => WithdrawalState::Granted,
        _ if may_leave(step.to) => return Ok(()),
        _ => WithdrawalState::Lapsed,
    };
    match rows::open_of(&act.tx, admission.id).await? {
        Some(asked) => closed(act, &asked, to, None).await,
        None => Ok(()),
    }
}
