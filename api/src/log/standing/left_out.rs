//! What may have been given since the backup is not given again, since nobody knows whether it was (trust.md KY-6, BK-4).

use chrono::{DateTime, Utc};

use super::Behind;
use crate::app::App;
use crate::certificates::status_index;
use crate::problem::Problem;

/// Numbers of trust lists and bundles that are left out.
const LEFT_OUT: u64 = 1000;

/// Whoever has seen a trust list or a bundle of a number refuses another one of it: none of those is used again.
pub(super) async fn numbers(tx: &store::WriteTx) -> Result<(), Problem> {
    let list = store::trust_lists::latest(tx).await?;
    let list = list.map_or(0, |row| row.version);
    store::recovery::raise_floor(tx, crate::trust::list::NUMBERS, list + LEFT_OUT).await?;
    let bundle = store::bundles::newest(tx).await?;
    let bundle = bundle.map_or(0, |row| row.number);
    Ok(store::recovery::raise_floor(tx, crate::bundles::NUMBERS, bundle + LEFT_OUT).await?)
}

/// Everything of a log that lost leaves for good, in the transaction of its succession: the certificates in them are out
/// there with their places in the status lists, and so are lists and bundles.
pub(crate) async fn for_good(
    tx: &store::WriteTx,
    app: &App,
    behind: &Behind,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let least = behind.known.saturating_sub(behind.size);
    status_index::leave_out(tx, app, least, now).await?;
    numbers(tx).await
}
