//! What sign-ins leave behind and nobody needs any more: removed by the worker.

use chrono::Duration;

use crate::app::App;
use crate::problem::Problem;

/// Days for which a session that is over stays in the table: long enough to look into a theft of its refresh token.
/// What was done in it stands in the audit for good (field.md 5).
const SESSION_DAYS: i64 = 30;
/// Days after which failed sign-ins are forgotten; the longest wait is far shorter.
const FAILURE_DAYS: i64 = 2;
/// Sessions removed in one transaction: others want to write, too.
const STEP: u64 = 500;

/// Removes old sessions with their refresh tokens, old one-time tokens, and counts of failed sign-ins; answers how many
/// sessions went.
pub async fn sweep(app: &App) -> Result<u64, Problem> {
    let now = app.now();
    let mut removed = 0;
    loop {
        let tx = app.store.write().await?;
        let found = store::sessions::sweep(&tx, now - Duration::days(SESSION_DAYS), STEP).await?;
        store::sign_in_failures::sweep(&tx, now - Duration::days(FAILURE_DAYS)).await?;
        store::commit(tx).await?;
        removed += found;
        if found < STEP {
            return Ok(removed);
        }
    }
}
