//! What sign-ins leave behind and nobody needs any more, removed by the worker; and the numbers of before by which trainees
//! sign in, indexed by it.

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

/// Indexes numbers that have no index, then removes old sessions with their refresh tokens, old one-time tokens, and counts
/// of failed sign-ins; answers how many sessions went.
pub async fn sweep(app: &App) -> Result<u64, Problem> {
    index_numbers(app).await?;
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

/// Indexes the numbers that trainees told before numbers were indexed.
async fn index_numbers(app: &App) -> Result<(), Problem> {
    let vault = app.store.vault();
    store::rotation::learn_versions(app.store.reader(), vault).await?;
    loop {
        let tx = app.store.write().await?;
        let found = store::phones::reindex(&tx, vault, STEP).await?;
        store::commit(tx).await?;
        if found < STEP {
            return Ok(());
        }
    }
}
