//! Objections to an intended admission: recorded by the federation that receives them, decided with an answer.

use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::ids::{AdmissionId, ObjectionId};
use domain::institution::InstitutionState;
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::grading::publications;
use store::objections::Objection;
use store::scope::Scope;
use utoipa::ToSchema;

use super::admission::KIND;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::notices::objections::{self as notices, Sender};
use crate::problem::{Code, Problem};

/// An objection as received by letter, telephone or visit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseObjectionRequest {
    /// What is said, 5 to 2,000 characters; no names of natural persons.
    pub text: String,
}

/// An answer to an objection.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideObjectionRequest {
    /// Whether it is well founded.
    pub accepted: bool,
    /// The answer, 5 to 2,000 characters.
    pub answer: String,
}

/// An objection after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ObjectionReceipt {
    /// Its id.
    pub id: String,
    /// `open`, `accepted`, `dismissed`.
    pub state: String,
}

/// Records an objection while the notice runs.
pub async fn raise(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &RaiseObjectionRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/text", &request.text, 5, 2_000);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "raise_objection", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = store::institutions::lock(&act.tx, &Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let notice = matches!(
        admission.state,
        InstitutionState::AdmissionNotice | InstitutionState::ExitNotice
    );
    let runs = admission
        .notice_until
        .is_some_and(|until| act.today <= until);
    if !notice || !runs {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "只有入库公示或退出公示期间可以提出异议。",
            "Objections are taken while a notice of admission or exit runs.",
        ));
    }
    let objection = Objection {
        id: act.new_id::<ObjectionId>(),
        object_kind: KIND.to_owned(),
        object_id: id.uuid(),
        text: request.text.clone(),
        raised_at: act.now,
        state: "open".to_owned(),
        answer: None,
        number: None,
        sender_enc: None,
        answer_due: None,
    };
    store::objections::insert(&act.tx, &objection).await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: "objection",
        evidence: &[objection.id.to_string()],
        ..Entry::default()
    })
    .await?;
    // As one that anybody files: whoever decides on the admission is reminded.
    let of = Of {
        admission: id,
        kind: "objection",
        id: objection.id.uuid(),
    };
    let due = terms::working_days(&act, app.policy.workflow.province_decision_wd);
    terms::begin(&act, of, "objection", Role::ProvinceOfficer, act.today, due).await?;
    let receipt = ObjectionReceipt {
        id: objection.id.to_string(),
        state: objection.state,
    };
    act.finish(StatusCode::CREATED, &receipt, ("objection", objection.id))
        .await
}

/// Decides an objection.
pub async fn decide(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: ObjectionId,
    request: &DecideObjectionRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/answer", &request.answer, 5, 2_000);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "decide_objection", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let objection = store::objections::find(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if objection.object_kind == crate::bulletins::acts::KIND {
        return of_bulletin(act, &objection, request).await;
    }
    // An objection to a grading result belongs to the admission that the result is about.
    let about: AdmissionId = if objection.object_kind == "result" {
        store::cases::results::find(&act.tx, objection.object_id.into())
            .await?
            .ok_or_else(Problem::not_found)?
            .admission
    } else {
        objection.object_id.into()
    };
    let admission = store::institutions::lock(&act.tx, &Scope::of(actor), about)
        .await?
        .ok_or_else(Problem::not_found)?;
    crate::cases::facts::not_interested(&act, &admission).await?;
    let state = decided(&act, id, request).await?;
    store::cases::terms::meet(&act.tx, id.uuid(), &[], act.today).await?;
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        act: "decide_objection",
        reason_code: Some(state),
        reason: Some(&request.answer),
        evidence: &[id.to_string()],
        ..Entry::default()
    })
    .await?;
    // A published result counts as a cause from when nothing is objected to it any more.
    crate::cases::causes::look(app, &act.tx, &admission).await?;
    let receipt = ObjectionReceipt {
        id: id.to_string(),
        state: state.to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, ("objection", id))
        .await
}

/// Who sent them: told to the province alone, which decides.
pub(crate) async fn senders(
    app: &App,
    actor: &Actor,
    rows: &[Objection],
    id: AdmissionId,
) -> Result<Vec<Sender>, Problem> {
    if actor.role == domain::access::Role::ProvinceOfficer {
        return notices::senders(app, actor, rows, (KIND, id.uuid())).await;
    }
    Ok(rows.iter().map(|_| Sender::default()).collect())
}

/// Writes the decision of an open objection; answers its state.
async fn decided(
    act: &Act,
    id: ObjectionId,
    request: &DecideObjectionRequest,
) -> Result<&'static str, Problem> {
    let state = if request.accepted {
        "accepted"
    } else {
        "dismissed"
    };
    match store::objections::decide(&act.tx, id, state, &request.answer, act.now).await {
        Err(StoreError::Stale) => Err(Problem::new(Code::TransitionRefused).with_detail(
            "这一异议已经办结。",
            "This objection has been decided already.",
        )),
        other => Ok(other.map(|()| state)?),
    }
}

/// An objection to a bulletin is decided by the federation that speaks.
async fn of_bulletin(
    mut act: Box<Act>,
    objection: &Objection,
    request: &DecideObjectionRequest,
) -> Result<Receipt, Problem> {
    use crate::bulletins::acts::KIND as BULLETIN;
    let bulletin = publications::bulletin(&act.tx, objection.object_id.into())
        .await?
        .filter(|row| Some(&row.federation) == act.actor.federation.as_ref())
        .ok_or_else(Problem::not_found)?;
    if let Some(leaf) = bulletin.decision
        && let Some(told) = store::cases::decisions::told(&act.tx, leaf).await?
    {
        let admission = crate::cases::locked(&act, told.admission_id.into()).await?;
        crate::cases::facts::not_interested(&act, &admission).await?;
    }
    let state = decided(&act, objection.id, request).await?;
    store::cases::terms::meet(&act.tx, objection.id.uuid(), &[], act.today).await?;
    act.record(Entry {
        kind: BULLETIN,
        id: bulletin.id.uuid(),
        act: "decide_objection",
        reason_code: Some(state),
        reason: Some(&request.answer),
        evidence: &[objection.id.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = ObjectionReceipt {
        id: objection.id.to_string(),
        state: state.to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, ("objection", objection.id))
        .await
}
