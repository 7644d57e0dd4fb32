//! Token buckets: one for each source and class (trust.md RL-1). They hold for this process, which gives its share of
//! what all nodes together give (RL-2).

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::{Class, Source};
use crate::config::border::{Limit, Limits};

type Buckets = RateLimiter<Source, DashMapStateStore<Source>, DefaultClock>;

/// After so many questions buckets that are full again are forgotten.
const SWEEP: u32 = 16_384;

pub(super) struct Limiters {
    buckets: Vec<Buckets>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl Limiters {
    pub(super) fn new(limits: &Limits) -> Self {
        let of = |class: &Class| match class {
            Class::Verify => limits.verify,
            Class::Lookup => limits.lookup,
            Class::SignIn => limits.sign_in,
            Class::Import => limits.import,
            Class::Export => limits.export,
            Class::Other => limits.other,
        };
        Self {
            buckets: Class::ALL
                .iter()
                .map(|class| RateLimiter::dashmap(quota(of(class))))
                .collect(),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
        }
    }

    /// Takes a token, or says after how many seconds there is one.
    pub(super) fn take(&self, class: Class, source: Source) -> Result<(), u32> {
        let buckets = &self.buckets[class.index()];
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            for buckets in &self.buckets {
                buckets.retain_recent();
                buckets.shrink_to_fit();
            }
        }
        buckets.check_key(&source).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            u32::try_from(wait.as_secs())
                .unwrap_or(u32::MAX)
                .saturating_add(1)
        })
    }
}

fn quota(limit: Limit) -> Quota {
    let one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    let period = Duration::from_mins(1) / one(limit.per_minute).get();
    Quota::with_period(period.max(Duration::from_nanos(1)))
        .unwrap_or(Quota::per_minute(one(limit.per_minute)))
        .allow_burst(one(limit.burst))
}
