//! Places at once: an institution at grade C may not have more of them than before (grading.md 7).

use chrono::NaiveDate;

/// A class in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldPlaces {
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day.
    pub end_on: NaiveDate,
    /// Places.
    pub places: u32,
}

/// The most places that these classes have on one day from `from` to `until`.
pub fn most_at_once(classes: &[HeldPlaces], from: NaiveDate, until: NaiveDate) -> u32 {
    let on = |day: NaiveDate| {
        classes
            .iter()
            .filter(|one| one.start_on <= day && day <= one.end_on)
            .fold(0_u32, |sum, one| sum.saturating_add(one.places))
    };
    // The sum rises only on a day on which a class begins.
    classes
        .iter()
        .map(|one| one.start_on)
        .filter(|day| from < *day && *day <= until)
        .chain(std::iter::once(from))
        .map(on)
        .max()
        .unwrap_or(0)
}

/// What an institution at grade C may have at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacesCap {
    /// The most places that it had at once before the grade.
    pub most: u32,
    /// Places of its other open classes on the days of this one.
    pub others: u32,
}

impl PlacesCap {
    /// Places that are left for a class.
    pub const fn left(self) -> u32 {
        self.most.saturating_sub(self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_at_once_are_those_of_one_day() {
        let day = |text: &str| -> NaiveDate { text.parse().expect("a day") };
        let held = |from: &str, until: &str, places| HeldPlaces {
            start_on: day(from),
            end_on: day(until),
            places,
        };
        let all = [
            held("2026-01-01", "2026-01-31", 30),
            held("2026-01-31", "2026-02-28", 20),
            held("2026-03-01", "2026-03-31", 40),
        ];
        let most = |from, until| most_at_once(&all, day(from), day(until));
        assert_eq!(most("2025-01-01", "2026-12-31"), 50, "both on one day");
        assert_eq!(most("2026-02-01", "2026-02-10"), 20);
        assert_eq!(most("2026-02-01", "2026-03-01"), 40);
        assert_eq!(most("2026-04-01", "2026-12-31"), 0);
        assert_eq!(most_at_once(&[], day("2026-01-01"), day("2026-02-01")), 0);
        let cap = |most, others| PlacesCap { most, others }.left();
        assert_eq!((cap(50, 20), cap(50, 60)), (30, 0));
    }
}
