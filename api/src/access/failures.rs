//! Failed sign-ins make the next one wait, but nobody can lock another out (trust.md AU-6, field.md 20).
//!
//! What is counted is an account *together with* where the attempt comes from: the device when the account's owner
//! has used it before, else the network. So a stranger slows down only themselves, a county behind one address is not
//! locked out by one colleague, and the owner's own device is untouched. An attempt counts before the password is
//! looked at and is taken back when it was right: a burst of parallel guesses gains nothing. The counts stand in the
//! database, so all nodes share them.

use chrono::{DateTime, Duration, Utc};
use store::sign_in_failures::{self as rows, Failures};

use super::source::Source;
use crate::app::App;
use crate::problem::{Code, Problem};

/// Attempts that wait for nothing: people mistype.
const FREE: i32 = 5;
/// The longest wait, in seconds.
const LONGEST_SECONDS: i64 = 900;
/// After so many hours without an attempt the count begins anew.
const FORGOTTEN_HOURS: i64 = 24;
/// How many attempts one network may make at once; after that one each second. It slows guessing over many accounts
/// and never closes a network.
const NETWORK_BURST: i32 = 200;

/// One attempt under way.
#[derive(Debug)]
pub struct Attempt {
    own: Option<[u8; 32]>,
    network: Option<[u8; 32]>,
}

/// Lets an attempt begin, or says when to come again. `what` keeps kinds of secret apart (`password`, `code`).
///
/// A secret too long to guess that names no account (`account` is empty) counts for its network only: a counter where
/// many people type codes must not wait for one who mistypes.
pub async fn begin(
    app: &App,
    what: &str,
    account: &str,
    source: &Source,
    known_device: bool,
) -> Result<Attempt, Problem> {
    let vault = app.store.vault();
    let network = source.network();
    let place = match &source.device {
        Some(device) if known_device => device.text().to_owned(),
        _ => network.clone(),
    };
    let attempt = Attempt {
        own: (!account.is_empty())
            .then(|| vault.blind_index("failures", &format!("{what}\n{account}\n{place}"))),
        // The owner's device does not wait for its neighbours.
        network: (!known_device)
            .then(|| vault.blind_index("failures", &format!("{what}\n\n{network}"))),
    };
    let now = app.now();
    let tx = app.store.write().await?;
    let found = match &attempt.own {
        Some(own) => rows::find(&tx, own).await?,
        None => None,
    };
    if let Some(wait) = found.and_then(|found| left(found.wait_until, now)) {
        store::rollback(tx).await?;
        return Err(Problem::new(Code::TooManyRequests).retry_after(wait));
    }
    if let Some(network) = &attempt.network {
        let counted = drained(rows::find(&tx, network).await?, now);
        if counted.count > NETWORK_BURST {
            store::rollback(tx).await?;
            return Err(Problem::new(Code::TooManyRequests).retry_after(2));
        }
        rows::keep(&tx, network, counted).await?;
    }
    if let Some(own) = &attempt.own {
        rows::keep(&tx, own, next(found, now)).await?;
    }
    store::commit(tx).await?;
    Ok(attempt)
}

impl Attempt {
    /// The attempt was right: nothing is held against its place.
    pub async fn forgive(&self, tx: &store::WriteTx) -> Result<(), Problem> {
        if let Some(own) = &self.own {
            rows::forget(tx, own).await?;
        }
        if let Some(network) = &self.network {
            rows::take_back(tx, network).await?;
        }
        Ok(())
    }
}

fn left(until: DateTime<Utc>, now: DateTime<Utc>) -> Option<u32> {
    let seconds = (until - now).num_milliseconds().div_euclid(1000) + 1;
    (until > now).then(|| u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// The count with this attempt, and how long the one after it waits: 1, 2, 4 ... seconds after the free ones.
fn next(found: Option<Failures>, now: DateTime<Utc>) -> Failures {
    let recent = found.filter(|found| now - found.last_at < Duration::hours(FORGOTTEN_HOURS));
    let count = recent.map_or(0, |found| found.count).saturating_add(1);
    let seconds = match count - FREE {
        over if over < 0 => 0,
        over => 1_i64
            .checked_shl(u32::try_from(over).unwrap_or(0).min(20))
            .unwrap_or(LONGEST_SECONDS)
            .min(LONGEST_SECONDS),
    };
    Failures {
        count,
        last_at: now,
        wait_until: now + Duration::seconds(seconds),
    }
}

/// The count of a network: one more, less one for each second that passed.
fn drained(found: Option<Failures>, now: DateTime<Utc>) -> Failures {
    let count = found.map_or(0, |found| {
        let passed = i32::try_from((now - found.last_at).num_seconds().max(0)).unwrap_or(i32::MAX);
        found.count.saturating_sub(passed).max(0)
    });
    Failures {
        count: count + 1,
        last_at: now,
        wait_until: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_after_the_free_attempts_and_has_an_end() {
        let now = DateTime::from_timestamp(1_772_416_800, 0).expect("an instant");
        let mut found = None;
        let mut waits = Vec::new();
        for _ in 0..20 {
            let counted = next(found, now);
            waits.push((counted.wait_until - now).num_seconds());
            found = Some(counted);
        }
        assert_eq!(waits[..9], [0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(waits[19], LONGEST_SECONDS);
        let later = now + Duration::hours(FORGOTTEN_HOURS);
        assert_eq!(next(found, later).count, 1);
    }
}
