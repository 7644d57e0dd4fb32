//! The checkpoint that is shown: with a quorum of witnesses the newest that they have cosigned, else the newest committed.

use certs::log::SignedCheckpoint;

use super::proofs::signed;
use crate::app::App;
use crate::problem::Problem;

/// The newest published checkpoint; none only before the first leaf.
pub async fn checkpoint(app: &App) -> Result<Option<SignedCheckpoint>, Problem> {
    let reader = app.store.reader();
    if app.config.witnesses.policy.quorum() > 0
        && let Some(witnessed) = store::witnessed::latest(reader).await?
    {
        let row = store::log::checkpoint(reader, witnessed.size)
            .await?
            .ok_or_else(|| Problem::internal("a cosigned checkpoint is not kept"))?;
        let mut checkpoint = signed(app, row)?;
        checkpoint.note = witnessed.note;
        return Ok(Some(checkpoint));
    }
    // Without a quorum as yet: the log's own signature stands alone, and the note shows it.
    newest(app).await
}

/// The newest committed checkpoint, cosigned or not.
pub async fn newest(app: &App) -> Result<Option<SignedCheckpoint>, Problem> {
    let row = store::log::latest_checkpoint(app.store.reader()).await?;
    row.map(|row| signed(app, row)).transpose()
}

/// The published checkpoint if it covers a leaf, else the newest committed one that does.
pub async fn covering(app: &App, leaf: u64) -> Result<Option<SignedCheckpoint>, Problem> {
    let covers = |found: &SignedCheckpoint| leaf < found.checkpoint.size;
    match checkpoint(app).await?.filter(covers) {
        Some(found) => Ok(Some(found)),
        None => Ok(newest(app).await?.filter(covers)),
    }
}
