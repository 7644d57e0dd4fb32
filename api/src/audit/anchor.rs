//! The head of the audit chain as a leaf of the public log, once a day: what was anchored cannot be rewritten unseen.

use std::time::Duration;

use certs::log::LeafEntry;
use domain::ids::LeafIndex;
use serde::Serialize;
use store::audit::Anchor;

use super::denials;
use crate::app::App;
use crate::log::append::Appender;
use crate::problem::Problem;

/// How often the worker looks; the day decides, so that a restart or a second node anchors nothing twice.
const EVERY: Duration = Duration::from_mins(1);

/// How many looks lie between two sweeps: an hour.
const SWEEP_EVERY: u32 = 60;

/// What was anchored.
#[derive(Debug, Serialize)]
pub struct Anchored {
    /// Rows of the audit up to which the leaf vouches.
    pub rows: i64,
    /// Hash of the last of them, hexadecimal.
    pub head: String,
    /// The leaf.
    pub leaf_index: u64,
}

/// Anchors the head unless it was done today; nothing when the audit is empty.
pub async fn daily(app: &App) -> Result<Option<Anchored>, Problem> {
    let last = store::audit::last_anchor(app.store.reader()).await?;
    if last.is_some_and(|anchor| anchor.on >= app.today()) {
        return Ok(None);
    }
    write(app, true).await
}

/// Anchors the head now, unless the newest anchor is of the same row.
pub async fn now(app: &App) -> Result<Option<Anchored>, Problem> {
    write(app, false).await
}

async fn write(app: &App, once_a_day: bool) -> Result<Option<Anchored>, Problem> {
    app.standing.ensure(app).await?;
    let today = app.today();
    let tx = app.store.write().await?;
    // The lock of the log's head lets one node through at a time; it looks again under that lock.
    let mut appender = Appender::begin(&tx, app, app.now()).await?;
    let head = store::audit::lock_head(&tx).await?;
    let last = store::audit::last_anchor(&tx).await?;
    let done = last.is_some_and(|anchor| {
        if once_a_day {
            anchor.on >= today
        } else {
            anchor.seq == head.seq
        }
    });
    if done || head.seq == 0 {
        store::rollback(tx).await?;
        return Ok(None);
    }
    let sha256 = <[u8; 32]>::try_from(head.hash.as_slice()).map_err(Problem::internal)?;
    let at = appender.at();
    let leaf: LeafIndex = appender.push_all([LeafEntry::AuditHead { at, sha256 }])?;
    appender.finish(&tx).await?;
    let anchor = Anchor {
        leaf,
        on: today,
        at,
        seq: head.seq,
        hash: head.hash,
    };
    store::audit::put_anchor(&tx, &anchor).await?;
    store::commit(tx).await?;
    Ok(Some(Anchored {
        rows: anchor.seq,
        head: data_encoding::HEXLOWER.encode(&anchor.hash),
        leaf_index: leaf.0,
    }))
}

/// Writes counted refusals every minute and the head of the chain once a day, and removes what sign-ins left behind every
/// hour, until it is dropped.
pub async fn work(app: App) {
    let mut looks = 0_u32;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        denials::flush(&app).await;
        if looks.is_multiple_of(SWEEP_EVERY)
            && let Err(problem) = crate::access::sweep::sweep(&app).await
        {
            tracing::error!(
                code = problem.code().as_str(),
                "Old sessions could not be removed"
            );
        }
        looks = looks.wrapping_add(1);
        if let Err(problem) = daily(&app).await {
            tracing::error!(
                code = problem.code().as_str(),
                "The head of the audit chain could not be anchored"
            );
        }
    }
}
