//! Makes bundles in time.

use std::time::Duration;

use super::{EVERY, build};
use crate::app::App;
use crate::problem::Problem;

/// How often the worker looks.
const LOOK: Duration = Duration::from_mins(1);

/// Whether the next bundle is to be made: there is none, the newest is a day old, or there is a newer trust list.
pub async fn due(app: &App) -> Result<bool, Problem> {
    let Some(newest) = store::bundles::newest(app.store.reader()).await? else {
        return Ok(true);
    };
    Ok(app.now() >= newest.issued_at + EVERY
        || build::trust_list_since(app, newest.issued_at).await?)
}

/// Makes bundles until it is dropped. Of several nodes the first one wins; the others find nothing due.
pub async fn work(app: App) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(problem) = once(&app).await {
            tracing::error!(
                code = problem.code().as_str(),
                "No trust bundle could be made"
            );
        }
    }
}

async fn once(app: &App) -> Result<(), Problem> {
    if due(app).await? {
        build(app).await?;
    }
    Ok(())
}
