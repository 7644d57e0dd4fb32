//! How often a certificate was checked, for its holder to see: a number for each day. Who checked is not known here and
//! stands nowhere. Counted in memory and written every few seconds, so that no verdict waits for a write.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use domain::ids::CertificateId;

use crate::app::App;
use crate::problem::Problem;

/// How often the counts are written.
const EVERY: Duration = Duration::from_secs(5);
/// Certificates and days that may wait to be written; beyond them a check is answered and not counted.
const MOST: usize = 100_000;

type Counts = BTreeMap<(CertificateId, NaiveDate), u32>;

/// Checks that wait to be written.
#[derive(Debug, Default)]
pub struct Counted(Mutex<Counts>);

impl Counted {
    /// Counts a check of each of these certificates.
    pub(super) fn note(&self, checked: impl IntoIterator<Item = CertificateId>, day: NaiveDate) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in checked {
            let room = counts.len() < MOST;
            match counts.get_mut(&(id, day)) {
                Some(count) => *count = count.saturating_add(1),
                None if room => {
                    counts.insert((id, day), 1);
                }
                None => {}
            }
        }
    }

    fn take(&self) -> Counts {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn give_back(&self, counts: Counts) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, count) in counts {
            let place = kept.entry(key).or_default();
            *place = place.saturating_add(count);
        }
    }
}

/// Writes what was counted so far. What cannot be written now is kept for the next time.
pub async fn write(app: &App) -> Result<(), Problem> {
    let counts = app.counted.take();
    if counts.is_empty() {
        return Ok(());
    }
    let written = async {
        let tx = app.store.write().await?;
        store::certificates::add_checks(&tx, &counts).await?;
        store::commit(tx).await
    };
    if let Err(error) = written.await {
        app.counted.give_back(counts);
        return Err(error.into());
    }
    Ok(())
}

/// Writes them until it is dropped.
pub(crate) async fn work(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(problem) = write(&app).await {
            tracing::warn!(
                code = problem.code().as_str(),
                "Counts of checks wait to be written"
            );
        }
    }
}
