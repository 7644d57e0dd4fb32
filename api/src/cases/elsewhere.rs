//! An institution that left another province: the provinces that still admit it look at it, and act or say why not.

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::AdmissionId;
use domain::institution::InstitutionTransition as T;
use serde::{Deserialize, Serialize};
use store::institutions::Admission;
use utoipa::ToSchema;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::{facts, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::KIND;
use crate::problem::{Code, Problem};

/// The term of the look.
pub(crate) const TERM: &str = "exit_elsewhere";

/// Why nothing follows here.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseExitElsewhereRequest {
    /// What was looked at and why nothing follows, 5 to 500 characters.
    pub reason: String,
}

/// A look that has ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExitElsewhereReceipt {
    /// The admission.
    pub admission: String,
    /// `closed`.
    pub state: String,
}

/// Ends the look without a decision.
pub async fn close(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &CloseExitElsewhereRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "close_exit_elsewhere", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    facts::not_interested(&act, &admission).await?;
    if store::cases::terms::meet(&act.tx, id.uuid(), &[TERM], act.today).await? == 0 {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "没有待核查的他省退出。",
            "No exit from another province waits for a look.",
        ));
    }
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: "close_exit_elsewhere",
        reason: Some(request.reason.trim()),
        ..Entry::default()
    })
    .await?;
    let receipt = ExitElsewhereReceipt {
        admission: id.to_string(),
        state: "closed".to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// A stop or an exit here is the answer, too.
pub(crate) async fn after(act: &Act, admission: &Admission, transition: T) -> Result<(), Problem> {
    if matches!(transition, T::T16 | T::T19 | T::T20 | T::T22) {
        store::cases::terms::meet(&act.tx, admission.id.uuid(), &[TERM], act.today).await?;
    }
    Ok(())
}
