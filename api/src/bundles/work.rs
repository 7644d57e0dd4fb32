//! Makes bundles in time.

use std::time::Duration;

use chrono::TimeDelta;

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
    // The log's clock, which a bundle has its moment from, may be some milliseconds before ours.
    if app.now() + TimeDelta::seconds(1) >= newest.issued_at + EVERY {
        return Ok(true);
    }
    // A bundle of before would know an old state of a key.
    let latest = store::trust_lists::latest(app.store.reader()).await?;
    Ok(latest.is_some_and(|latest| latest.version > newest.trust_list))
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
