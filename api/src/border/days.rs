//! Counts of one civil day: taken before a question is answered, given back when it was a good one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;

/// Most keys that are kept; beyond that the day begins anew in memory.
const MOST: usize = 500_000;

pub(crate) struct DayCounts<K>(Mutex<(NaiveDate, HashMap<K, u32>)>);

impl<K> Default for DayCounts<K> {
    fn default() -> Self {
        Self(Mutex::new((NaiveDate::MIN, HashMap::new())))
    }
}

impl<K: Hash + Eq> DayCounts<K> {
    /// Takes one of `most` for the day; `known` is a count from elsewhere. Parallel questions each take one, so that
    /// nobody asks more than `most` of them at once.
    pub(crate) fn take(&self, day: NaiveDate, key: K, most: u32, known: u32) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 != day || counts.1.len() >= MOST {
            *counts = (day, HashMap::new());
        }
        let count = counts.1.entry(key).or_default();
        *count = (*count).max(known);
        if *count >= most {
            return false;
        }
        *count += 1;
        true
    }

    /// Gives one back.
    pub(crate) fn give_back(&self, day: NaiveDate, key: &K) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 == day
            && let Some(count) = counts.1.get_mut(key)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.1.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_so_many_and_the_next_has_them_again() {
        let counts = DayCounts::default();
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
        assert!(counts.take(day, 1, 2, 0));
        assert!(counts.take(day, 1, 2, 0));
        assert!(!counts.take(day, 1, 2, 0), "the third");
        assert!(counts.take(day, 2, 2, 0), "another key");
        counts.give_back(day, &1);
        assert!(counts.take(day, 1, 2, 0), "one was given back");
        assert!(!counts.take(day, 3, 2, 2), "known from elsewhere");
        let next = day.succ_opt().expect("a day");
        assert!(counts.take(next, 1, 2, 0));
    }
}
