//! The checkpoint that is shown: with a quorum of witnesses the newest that they have cosigned, else the newest committed.

use certs::log::SignedCheckpoint;
use domain::ids::LeafIndex;
use store::witnessed::WitnessedRow;

use super::proofs::signed;
use crate::app::App;
use crate::problem::Problem;

/// The newest published checkpoint; none only before the first leaf.
pub async fn checkpoint(app: &App) -> Result<Option<SignedCheckpoint>, Problem> {
    if app.config.witnesses.policy.quorum() > 0
        && let Some(witnessed) = store::witnessed::latest(app.store.reader()).await?
    {
        return cosigned(app, witnessed).await.map(Some);
    }
    // Without a quorum as yet: the log's own signature stands alone, and the note shows it.
    newest(app).await
}

/// A checkpoint with the lines of its witnesses.
async fn cosigned(app: &App, witnessed: WitnessedRow) -> Result<SignedCheckpoint, Problem> {
    let row = store::log::checkpoint(app.store.reader(), witnessed.size)
        .await?
        .ok_or_else(|| Problem::internal("a cosigned checkpoint is not kept"))?;
    let mut checkpoint = signed(row)?;
    checkpoint.note = witnessed.note;
    Ok(checkpoint)
}

/// The checkpoint that proves the most for a leaf that somebody keeps: the first that a quorum cosigned over it, whose time
/// is the earliest. Should the key that signed be compromised later, this time decides (trust.md KY-4).
pub async fn earliest(app: &App, leaf: LeafIndex) -> Result<Option<SignedCheckpoint>, Problem> {
    match store::witnessed::first_covering(app.store.reader(), leaf).await? {
        Some(witnessed) => cosigned(app, witnessed).await.map(Some),
        None => covering(app, leaf.0).await,
    }
}

/// The newest committed checkpoint, cosigned or not.
pub async fn newest(app: &App) -> Result<Option<SignedCheckpoint>, Problem> {
    let row = store::log::latest_checkpoint(app.store.reader()).await?;
    row.map(signed).transpose()
}

/// The published checkpoint if it covers a leaf, else the newest committed one that does.
pub async fn covering(app: &App, leaf: u64) -> Result<Option<SignedCheckpoint>, Problem> {
    let covers = |found: &SignedCheckpoint| leaf < found.checkpoint.size;
    match checkpoint(app).await?.filter(covers) {
        Some(found) => Ok(Some(found)),
        None => Ok(newest(app).await?.filter(covers)),
    }
}
