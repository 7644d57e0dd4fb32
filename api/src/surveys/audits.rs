//! What an audit makes of flagged answers: each counts, or is excluded, with a reason. The audit sees how an answer came,
//! never what it says nor whose it is (workflow.md 5 and 8).

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::AdmissionId;
use serde::{Deserialize, Serialize};
use store::survey_calls::{self as rows, Flagged};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::{facts, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::KIND as ADMISSION;
use crate::problem::{Code, Problem};

/// A flagged answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlaggedItem {
    /// The answer.
    pub id: String,
    /// `institution_network same_device too_fast contradicted`.
    pub flags: Vec<String>,
    /// `web sms voice paper interview`.
    pub mode: String,
    /// `self assisted proxy`.
    pub by: String,
    /// Day.
    pub submitted_on: String,
    /// Whether an officer or an assessor took it.
    pub taken: bool,
}

impl From<Flagged> for FlaggedItem {
    fn from(row: Flagged) -> Self {
        Self {
            id: row.id.to_string(),
            flags: row.flags,
            mode: row.mode,
            by: row.by,
            submitted_on: row.submitted_on,
            taken: row.taken,
        }
    }
}

/// What an audit made of a flagged answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleAnswerRequest {
    /// Whether it counts.
    pub counts: bool,
    /// Why, 5 to 500 characters; no names or numbers of persons.
    pub reason: String,
}

/// A settled answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SettledReceipt {
    /// The answer.
    pub id: String,
    /// `counted excluded`.
    pub state: String,
}

/// Settles a flagged answer after an audit.
pub async fn settle(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    admission: AdmissionId,
    response: Uuid,
    request: &SettleAnswerRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 500);
    faults.finish()?;
    let begun = app
        .begin(
            actor,
            key,
            "settle_survey_answer",
            &(admission, response, request),
        )
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = locked(&act, admission).await?;
    facts::not_interested(&act, &held).await?;
    let reason = request.reason.trim();
    let done = rows::settle(
        &act.tx,
        admission,
        response,
        request.counts,
        reason,
        actor.person,
        act.today,
    )
    .await?;
    if !done {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "没有这份待核查的答卷,或已核查。",
            "No such answer waits for an audit.",
        ));
    }
    let state = if request.counts {
        "counted"
    } else {
        "excluded"
    };
    act.record(Entry {
        kind: ADMISSION,
        id: admission.uuid(),
        act: "settle_survey_answer",
        reason_code: Some(state),
        reason: Some(reason),
        ..Entry::default()
    })
    .await?;
    let receipt = SettledReceipt {
        id: response.to_string(),
        state: state.to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, (ADMISSION, admission))
        .await
}
