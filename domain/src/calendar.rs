//! Civil dates and working days in China.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use serde::Deserialize;

/// Civil date in China (UTC+8, no daylight saving).
pub fn today(now: DateTime<Utc>) -> NaiveDate {
    (now + Duration::hours(8)).date_naive()
}

/// The last moment of a civil date in China.
pub fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let next = day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN);
    next.and_utc() - Duration::hours(8) - Duration::milliseconds(1)
}

/// Holidays and make-up working days by year, from the State Council's yearly notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkingCalendar {
    years: BTreeSet<i32>,
    off: BTreeSet<NaiveDate>,
    on: BTreeSet<NaiveDate>,
}

#[derive(Deserialize)]
struct File {
    years: BTreeMap<String, Year>,
}

#[derive(Deserialize)]
struct Year {
    holidays: Vec<NaiveDate>,
    working: Vec<NaiveDate>,
}

impl WorkingCalendar {
    /// Reads `{"years": {"2026": {"holidays": [dates], "working": [dates]}}}`.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let file: File = serde_json::from_str(text)?;
        let mut calendar = Self::default();
        for (year, days) in file.years {
            let year = year
                .parse()
                .map_err(|_| serde::de::Error::custom("a year is a number"))?;
            calendar.years.insert(year);
            calendar.off.extend(days.holidays);
            calendar.on.extend(days.working);
        }
        Ok(calendar)
    }

    /// Whether a notice was loaded for the year; without one, weekends alone count.
    pub fn has_year(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// Whether people work on this day.
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        if self.on.contains(&day) {
            return true;
        }
        !self.off.contains(&day) && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
    }

    /// The last day of a period of `count` working days that starts the day after `day`.
    pub fn add_working_days(&self, day: NaiveDate, count: u32) -> NaiveDate {
        let mut day = day;
        let mut left = count;
        while left > 0 {
            let Some(next) = day.checked_add_days(Days::new(1)) else {
                return day;
            };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }

    /// The last day of a public notice of `count` working days given on `day`. A policy without a notice has it end the
    /// day before, so that the decision may follow at once.
    pub fn notice_until(&self, day: NaiveDate, count: u32) -> NaiveDate {
        match count {
            0 => day.pred_opt().unwrap_or(day),
            _ => self.add_working_days(day, count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn the_civil_day_begins_at_sixteen_utc() {
        let late: DateTime<Utc> = "2026-03-08T16:00:00Z".parse().expect("an instant");
        assert_eq!(today(late), day("2026-03-09"));
        assert_eq!(today(late - Duration::seconds(1)), day("2026-03-08"));
    }

    #[test]
    fn holidays_are_off_and_make_up_days_are_on() {
        let calendar = WorkingCalendar::from_json(
            r#"{"years": {"2026": {"holidays": ["2026-10-01", "2026-10-02"], "working": ["2026-10-10"]}}}"#,
        )
        .expect("a calendar");
        assert!(calendar.has_year(2026) && !calendar.has_year(2027));
        assert!(!calendar.is_working_day(day("2026-10-01")));
        assert!(
            calendar.is_working_day(day("2026-10-10")),
            "a Saturday that is worked"
        );
        // From Wednesday 30 September: 5, 6, 7 October are the next three.
        assert_eq!(
            calendar.add_working_days(day("2026-09-30"), 3),
            day("2026-10-07")
        );
        assert_eq!(
            calendar.add_working_days(day("2027-01-01"), 1),
            day("2027-01-04")
        );
        assert_eq!(
            calendar.add_working_days(day("2026-09-30"), 0),
            day("2026-09-30")
        );
        assert_eq!(
            calendar.notice_until(day("2026-09-30"), 3),
            day("2026-10-07")
        );
        assert_eq!(
            calendar.notice_until(day("2026-09-30"), 0),
            day("2026-09-29")
        );
    }
}
