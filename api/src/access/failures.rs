//! Failed sign-ins make the next one wait, but nobody can lock another out (trust.md AU-6, field.md 20).
//!
//! What is counted is an account *together with* where the attempt comes from: the device when the account's owner
//! has used it before, else the network, and the wider networks around one of IPv6, of which one customer holds thousands.
//! All strangers of an account together are counted too: when they are many, nobody's network has more than one attempt
//! that waits for nothing, but each has that one, so that the owner gets in from a new device. So a stranger slows down only themselves, a county behind one address is not
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
/// The same for a network of so many bits around the asker's.
const fn free_around(bits: u8) -> i32 {
    if bits >= 48 { 20 } else { 100 }
}
/// The same when an account has had [`PRESSED`] attempts of strangers, wherever they come from.
const FREE_PRESSED: i32 = 1;
/// Attempts of strangers at one account, less one for each [`PRESSED_SECONDS`] that passed.
const PRESSED: i32 = 100;
const PRESSED_SECONDS: i64 = 60;
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
    /// Networks around the asker's, and how many attempts of each are free.
    around: Vec<([u8; 32], i32)>,
    /// All strangers of the account.
    strangers: Option<[u8; 32]>,
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
    let of_account =
        |place: &str| vault.blind_index("failures", &format!("{what}\n{account}\n{place}"));
    let stranger = !account.is_empty() && !known_device;
    let around = if stranger {
        source.around()
    } else {
        Vec::new()
    };
    let attempt = Attempt {
        around: around
            .into_iter()
            .map(|(bits, network)| (of_account(&network), free_around(bits)))
            .collect(),
        strangers: stranger.then(|| of_account("strangers")),
        own: (!account.is_empty()).then(|| of_account(&place)),
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
    let mut wider = Vec::with_capacity(attempt.around.len());
    for (subject, free) in &attempt.around {
        wider.push((subject, *free, rows::find(&tx, subject).await?));
    }
    let waits = found
        .iter()
        .chain(wider.iter().filter_map(|(_, _, found)| found.as_ref()));
    if let Some(wait) = waits.filter_map(|found| left(found.wait_until, now)).max() {
        store::rollback(tx).await?;
        return Err(Problem::new(Code::TooManyRequests).retry_after(wait));
    }
    let mut free = FREE;
    if let Some(strangers) = &attempt.strangers {
        let counted = drained(rows::find(&tx, strangers).await?, now, PRESSED_SECONDS);
        if counted.count > PRESSED {
            free = FREE_PRESSED;
        }
        rows::keep(&tx, strangers, counted).await?;
    }
    for (subject, free, found) in wider {
        rows::keep(&tx, subject, next(found, now, free)).await?;
    }
    if let Some(network) = &attempt.network {
        let counted = drained(rows::find(&tx, network).await?, now, 1);
        if counted.count > NETWORK_BURST {
            store::rollback(tx).await?;
            return Err(Problem::new(Code::TooManyRequests).retry_after(2));
        }
        rows::keep(&tx, network, counted).await?;
    }
    if let Some(own) = &attempt.own {
        rows::keep(&tx, own, next(found, now, free)).await?;
    }
    store::commit(tx).await?;
    Ok(attempt)
}

impl Attempt {
    /// The attempt was right: nothing is held against its place.
    pub async fn forgive(&self, tx: &store::WriteTx) -> Result<(), Problem> {
        // In the order in which an attempt writes them: two of one person at once wait, and neither for the other.
        let around = self.around.iter().map(|(subject, _)| subject);
        for shared in self.strangers.iter().chain(around).chain(&self.network) {
            rows::take_back(tx, shared).await?;
        }
        if let Some(own) = &self.own {
            rows::forget(tx, own).await?;
        }
        Ok(())
    }
}

fn left(until: DateTime<Utc>, now: DateTime<Utc>) -> Option<u32> {
    let seconds = (until - now).num_milliseconds().div_euclid(1000) + 1;
    (until > now).then(|| u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// The count with this attempt, and how long the one after it waits: 1, 2, 4 ... seconds after the free ones.
fn next(found: Option<Failures>, now: DateTime<Utc>, free: i32) -> Failures {
    let recent = found.filter(|found| now - found.last_at < Duration::hours(FORGOTTEN_HOURS));
    let count = recent.map_or(0, |found| found.count).saturating_add(1);
    let seconds = match count - free {
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

/// A count that many share: one more, less one for each so many seconds that passed.
fn drained(found: Option<Failures>, now: DateTime<Utc>, seconds: i64) -> Failures {
    let mut last_at = now;
    let count = found.map_or(0, |found| {
        let passed = (now - found.last_at).num_seconds().max(0) / seconds;
        let left = i64::from(found.count) - passed;
        if left > 0 {
            // What is left of the last step counts on.
            last_at = found.last_at + Duration::seconds(passed * seconds);
        }
        i32::try_from(left.max(0)).unwrap_or(i32::MAX)
    });
    Failures {
        count: count.saturating_add(1),
        last_at,
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
            let counted = next(found, now, FREE);
            waits.push((counted.wait_until - now).num_seconds());
            found = Some(counted);
        }
        assert_eq!(waits[..9], [0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(waits[19], LONGEST_SECONDS);
        let later = now + Duration::hours(FORGOTTEN_HOURS);
        assert_eq!(next(found, later, FREE).count, 1);
        let pressed = next(None, now, FREE_PRESSED);
        assert_eq!((pressed.wait_until - now).num_seconds(), 1);
    }

    #[test]
    fn a_shared_count_drains_by_whole_steps_and_loses_none() {
        let now = DateTime::from_timestamp(1_772_416_800, 0).expect("an instant");
        let mut found = None;
        for _ in 0..10 {
            found = Some(drained(found, now, 60));
        }
        assert_eq!(found.map(|found| found.count), Some(10));
        for half in 1..=4 {
            found = Some(drained(found, now + Duration::seconds(30 * half), 60));
        }
        assert_eq!(found.map(|found| found.count), Some(10 + 4 - 2));
        let later = now + Duration::hours(1);
        assert_eq!(drained(found, later, 60).count, 1);
    }
}
