//! How many wrong names may be tried for one certificate number in a day (trust.md EN-3): guessing is stopped, the QR code
//! still works.
//!
//! Numbers that nobody has are counted like others, so that the limit tells nothing either. Nothing that was typed is kept:
//! a slot holds a count and a keyed hash of the last wrong name, under a key that dies with the process.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use domain::calendar::today;
use domain::{CertificateNo, PersonName};

/// Wrong names in a day after which the number is not answered any more.
pub const MOST_WRONG: u8 = 5;
/// Slots; two numbers may share one, which only makes the limit stricter.
const SLOTS: usize = 1 << 17;

#[derive(Clone, Copy, Default)]
struct Slot {
    wrong: u8,
    last: u32,
}

#[derive(Default)]
struct Day {
    on: Option<chrono::NaiveDate>,
    slots: Vec<Slot>,
}

/// The counts of one day in China.
#[derive(Default)]
pub struct NameBudget {
    key: RandomState,
    day: Mutex<Day>,
}

impl std::fmt::Debug for NameBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NameBudget")
    }
}

impl NameBudget {
    fn place(&self, number: &CertificateNo) -> usize {
        let hash = self.key.hash_one(number.as_str());
        usize::try_from(hash % SLOTS as u64).unwrap_or(0)
    }

    /// Whether no further name is answered for this number today.
    pub fn is_spent(&self, number: &CertificateNo, now: DateTime<Utc>) -> bool {
        let place = self.place(number);
        let day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        day.on == Some(today(now))
            && day
                .slots
                .get(place)
                .is_some_and(|slot| slot.wrong >= MOST_WRONG)
    }

    /// Counts a wrong name; the same one again is no new guess.
    pub fn wrong(&self, number: &CertificateNo, name: &PersonName, now: DateTime<Utc>) {
        let place = self.place(number);
        let bytes = self.key.hash_one(name.expose()).to_le_bytes();
        let last = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        if day.on != Some(today(now)) {
            day.on = Some(today(now));
            day.slots.clear();
            day.slots.resize(SLOTS, Slot::default());
        }
        if let Some(slot) = day.slots.get_mut(place)
            && (slot.wrong == 0 || slot.last != last)
        {
            slot.wrong = slot.wrong.saturating_add(1);
            slot.last = last;
        }
    }
}

/// Seconds until the counts begin anew: the next midnight in China.
pub fn seconds_left(now: DateTime<Utc>) -> u32 {
    const DAY: i64 = 86_400;
    let gone = (now.timestamp() + 8 * 3600).rem_euclid(DAY);
    u32::try_from(DAY - gone).unwrap_or(1)
}
