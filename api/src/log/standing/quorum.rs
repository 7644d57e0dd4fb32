//! The alarm for a quorum of witnesses that is lost: certificates go on being issued, and none becomes fully valid
//! (trust.md LG-2, LG-10).

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::App;
use crate::problem::Problem;

/// How long the newest checkpoint may wait for its quorum before somebody is told (trust.md LG-2).
const PATIENCE: TimeDelta = TimeDelta::seconds(30);

/// Checkpoints that wait for their quorum too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumLost {
    /// Since when the oldest of them waits.
    pub since: DateTime<Utc>,
    /// For how long, in seconds.
    pub seconds: i64,
}

/// Whether the quorum is lost; never without witnesses.
pub async fn lost(app: &App) -> Result<Option<QuorumLost>, Problem> {
    if app.config.witnesses.policy.quorum() == 0 {
        return Ok(None);
    }
    let since = store::witnessed::waiting_since(app.store.reader()).await?;
    Ok(since.and_then(|since| {
        let waits = app.now() - since;
        (waits > PATIENCE).then_some(QuorumLost {
            since,
            seconds: waits.num_seconds(),
        })
    }))
}

/// Tells the log once when it is lost and once when it is back, and keeps the figure.
pub(super) async fn watch(app: &App) {
    let Ok(found) = lost(app).await else {
        // A database that does not answer is told by readiness.
        return;
    };
    let seconds = found.map_or(0, |lost| lost.seconds);
    let before = app.border.metrics.unwitnessed(seconds);
    match found {
        Some(lost) if before == 0 => tracing::error!(
            since = %lost.since,
            "The quorum of witnesses is lost: what is issued is logged and not fully valid. Look after the witnesses"
        ),
        None if before > 0 => tracing::info!("The quorum of witnesses is back"),
        _ => {}
    }
}
