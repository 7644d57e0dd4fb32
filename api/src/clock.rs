//! The process's one clock and its one source of randomness; everything else takes them as arguments.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use domain::ids::uuid_v7;
use store::vault::RandomBytes;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// Seconds until the next civil day in China.
pub(crate) fn seconds_left_today(now: DateTime<Utc>) -> u32 {
    let of_day = (now + chrono::Duration::hours(8))
        .timestamp()
        .rem_euclid(86_400);
    u32::try_from(86_400 - of_day).unwrap_or(86_400)
}

/// The clock of the machine.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that is set by hand: the demo writes its past with it, tests move it.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// Starts at `at`.
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(AtomicI64::new(at.timestamp_millis()))
    }

    /// Sets the time.
    pub fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_millis(), Ordering::SeqCst);
    }

    /// Moves on by so many seconds.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Source of random bytes, and of ids ordered in time.
#[derive(Clone)]
pub struct Random {
    source: RandomBytes,
    /// Millisecond and counter of the last id.
    last: Arc<AtomicU64>,
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

impl Random {
    /// The operating system's generator.
    ///
    /// A machine without randomness must not run a registry: such a failure ends the process.
    pub fn system() -> Self {
        Self {
            source: Arc::new(|buffer| {
                getrandom::fill(buffer).expect("the operating system gives random bytes");
            }),
            last: Arc::new(AtomicU64::new(0)),
        }
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        (self.source)(&mut buffer);
        buffer
    }

    /// A new id of version 7, after every earlier one of this process: ids of one millisecond are counted, so that a
    /// timeline keeps the order in which its entries were written.
    pub fn id(&self, now: DateTime<Utc>) -> Uuid {
        const COUNTER_BITS: u32 = 12;
        let first = now.timestamp_millis().max(0).cast_unsigned() << COUNTER_BITS;
        let next = |last: u64| first.max(last + 1);
        let place = match self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last)))
        {
            Ok(last) | Err(last) => next(last),
        };
        let mut tail: [u8; 10] = self.bytes();
        let [.., high, low] = place.to_be_bytes();
        (tail[0], tail[1]) = (high & 0x0F, low);
        uuid_v7(place >> COUNTER_BITS, tail)
    }

    /// The source itself, for the vault.
    pub fn source(&self) -> RandomBytes {
        Arc::clone(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_the_order_in_which_they_were_made() {
        let random = Random::system();
        let now = DateTime::from_timestamp_millis(1_772_416_800_000).expect("an instant");
        let ids: Vec<Uuid> = (0..10_000).map(|_| random.id(now)).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert_eq!(ids[0].get_version_num(), 7);
        let later = random.id(now + chrono::Duration::seconds(60));
        assert!(later > ids[9_999] && random.id(now) > later);
    }
}
