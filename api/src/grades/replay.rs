//! Replay: a draft policy on frozen past evidence, before it takes effect.

use domain::grading::{Replay, grade, replay as compare};
use domain::ids::GradingRunId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::policies::Loaded;
use super::runs;
use crate::app::App;
use crate::problem::Problem;

/// A policy to try.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// The whole file: a policy or an override. Nothing of it is kept.
    pub text: String,
}

/// Who would move, by how much and why: of all institutions, or of those of one federation.
pub async fn replay(
    app: &App,
    run: GradingRunId,
    text: String,
    within: Option<String>,
) -> Result<Replay, Problem> {
    let (run, freeze) = runs::find(app, run).await?;
    let draft = Loaded::resolved(app.store.reader(), text).await?;
    let stored = runs::policy_of(&run)?;
    let evidence = runs::evidence(app, &freeze).await?;
    let display = app.evidence.display;
    crate::cores::off_thread(move || {
        let before = grade(&evidence, &stored.policy);
        let after = grade(&evidence, &draft.policy);
        compare(&before, &after, within.as_deref(), display)
            .ok_or_else(|| Problem::internal("two runs on one evidence"))
    })
    .await
    .map_err(Problem::internal)?
}
