//! Further runs on evidence that is frozen: another policy, or the correction of an earlier run.

use axum::http::StatusCode;
use domain::access::Actor;
use domain::grading::Evidence;
use domain::ids::GradingRunId;
use serde::{Deserialize, Serialize};
use store::grading::{Freeze, Run};
use store::scope::NATIONAL;
use utoipa::ToSchema;
use uuid::Uuid;

use super::files;
use super::freeze::{KIND, compute, faulty, keep, monitored};
use super::periods::same_period;
use super::policies::{Loaded, in_force, named};
use crate::act::{Begin, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// A run asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// The frozen evidence.
    #[schema(value_type = String, format = "uuid")]
    pub freeze: Uuid,
    /// Name of a published policy, to compare; the one in force for the federation on the freeze date when not given.
    #[serde(default)]
    pub policy: Option<String>,
    /// The run that this one corrects.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub corrects: Option<GradingRunId>,
}

/// Evidence that is frozen; anything else is no period to grade.
pub(crate) async fn frozen(app: &App, id: Uuid) -> Result<Freeze, Problem> {
    store::grading::freeze(app.store.reader(), id)
        .await?
        .ok_or_else(|| Problem::new(Code::PeriodNotFrozen))
}

/// A run with its freeze.
pub(crate) async fn find(app: &App, id: GradingRunId) -> Result<(Run, Freeze), Problem> {
    let reader = app.store.reader();
    let run = store::grading::run(reader, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let freeze = store::grading::freeze(reader, run.freeze)
        .await?
        .ok_or_else(|| Problem::internal("a run without evidence"))?;
    Ok((run, freeze))
}

/// The bytes of E.
pub(crate) async fn evidence_bytes(app: &App, freeze: &Freeze) -> Result<Vec<u8>, Problem> {
    files::read(app.store.reader(), freeze.id, &freeze.evidence_sha256).await
}

/// The bytes of R.
pub(crate) async fn results_bytes(app: &App, run: &Run) -> Result<Vec<u8>, Problem> {
    files::read(app.store.reader(), run.id.uuid(), &run.results_sha256).await
}

/// E as the engine reads it.
pub(crate) async fn evidence(app: &App, freeze: &Freeze) -> Result<Evidence, Problem> {
    let bytes = evidence_bytes(app, freeze).await?;
    crate::cores::off_thread(move || {
        let text = String::from_utf8(bytes).map_err(Problem::internal)?;
        Evidence::from_json(&text).map_err(|faults| faulty("/evidence", &faults))
    })
    .await
    .map_err(Problem::internal)?
}

/// The policy of a stored run.
pub(crate) fn policy_of(run: &Run) -> Result<Loaded, Problem> {
    Loaded::of(run.policy_text.clone(), run.base_text.clone())
}

/// Computes a run on frozen evidence.
pub async fn run(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &RunRequest,
) -> Result<Receipt, Problem> {
    let freeze = frozen(app, request.freeze).await?;
    let reader = app.store.reader();
    let loaded = if let Some(name) = request.policy.as_deref() {
        named(reader, name).await?
    } else {
        let own = actor.federation.as_deref().unwrap_or(NATIONAL);
        in_force(reader, own, freeze.freeze_on).await?
    };
    if let Some(corrects) = request.corrects {
        same_period(reader, freeze.kind, freeze.freeze_on, corrects).await?;
    }
    let found = evidence(app, &freeze).await?;
    let policy = loaded.policy.clone();
    let computed = crate::cores::off_thread(move || compute(&found, &policy))
        .await
        .map_err(Problem::internal)??;
    let mut act = match app.begin(actor, key, "run_grading", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let (receipt, run, rows) = keep(&mut act, &freeze, &loaded, computed, request.corrects).await?;
    monitored(&mut act, &freeze, &run, &rows).await?;
    act.finish(StatusCode::CREATED, &receipt, (KIND, &receipt.run))
        .await
}
