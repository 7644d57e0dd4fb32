//! Grades, and the results of grading runs that the transitions rest on (grading.md 6 and 7).

use chrono::{Datelike as _, NaiveDate};

use crate::{named, text_enum};

text_enum! {
    /// Grade of an institution.
    Grade("grade") {
        /// Provisional: too little to go by.
        P = "P",
        /// Excellent.
        A = "A",
        /// Good.
        B = "B",
        /// Sufficient.
        C = "C",
        /// Must improve.
        D = "D",
    }
}

text_enum! {
    /// Which kind of run a result comes from.
    ResultKind("kind of result") {
        /// Annual run: gives the grade.
        Annual = "annual",
        /// Quarterly monitoring: gives no grade.
        Quarterly = "quarterly",
    }
}

named!(ResultKind {
    Annual = "年度评价" / "annual run",
    Quarterly = "季度监测" / "quarterly monitoring",
});

impl ResultKind {
    /// Whether the evidence of such a run may end on this day: on the annual day of the policy (month and day), or on the
    /// last day of a quarter. Any other day would be no period, and two of them no two in succession (grading.md 2).
    pub fn ends_on(self, day: NaiveDate, annual: (u32, u32)) -> bool {
        match self {
            Self::Annual => (day.month(), day.day()) == annual,
            Self::Quarterly => day
                .succ_opt()
                .is_some_and(|next| next.day() == 1 && next.month0() % 3 == 0),
        }
    }

    /// The number of the period that ends on a day: periods in succession differ by one.
    fn period(self, day: NaiveDate) -> i32 {
        match self {
            Self::Annual => day.year(),
            Self::Quarterly => day.year() * 4 + (day.month0() / 3).cast_signed(),
        }
    }
}

/// What a run says about one institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// Kind of run.
    pub kind: ResultKind,
    /// Last day of the evidence.
    pub freeze_on: NaiveDate,
    /// The grade, in annual runs.
    pub grade: Option<Grade>,
    /// Whether EMP is significantly low.
    pub emp_sig_low: bool,
    /// Mean satisfaction in thousandths, where it is available.
    pub sat_milli: Option<u32>,
    /// Whether satisfaction is suspended for flags.
    pub sat_suspended: bool,
    /// Whether the grade was decided (T09, T10), not only computed.
    pub decided: bool,
}

/// The rows of one kind, newest first; of two runs on one day (a correction) the later one alone.
fn newest(rows: &[ResultRow], kind: ResultKind) -> Vec<&ResultRow> {
    let mut rows: Vec<&ResultRow> = rows.iter().rev().filter(|row| row.kind == kind).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.freeze_on));
    rows.dedup_by_key(|row| row.freeze_on);
    rows
}

/// Whether something holds of the two newest rows of a kind, of periods in succession.
fn twice(rows: &[ResultRow], kind: ResultKind, holds: impl Fn(&ResultRow) -> bool) -> bool {
    match newest(rows, kind)[..] {
        [last, before, ..] => {
            kind.period(last.freeze_on) - kind.period(before.freeze_on) == 1
                && holds(last)
                && holds(before)
        }
        _ => false,
    }
}

impl ResultRow {
    /// Whether EMP was significantly low in the two newest quarterly runs, of quarters in succession (T11).
    pub fn emp_low_twice(rows: &[Self]) -> bool {
        twice(rows, ResultKind::Quarterly, |row| row.emp_sig_low)
    }

    /// Whether the two newest annual runs, of years in succession, gave D (T19).
    pub fn d_twice(rows: &[Self]) -> bool {
        twice(rows, ResultKind::Annual, |row| row.grade == Some(Grade::D))
    }

    /// Whether the newest result of any kind has satisfaction under the threshold (T11).
    pub fn sat_low(rows: &[Self], threshold_milli: u32) -> bool {
        rows.iter()
            .max_by_key(|row| row.freeze_on)
            .and_then(|row| row.sat_milli)
            .is_some_and(|mean| mean < threshold_milli)
    }

    /// Whether satisfaction is suspended in the newest result (T11).
    pub fn sat_is_suspended(rows: &[Self]) -> bool {
        rows.iter()
            .max_by_key(|row| row.freeze_on)
            .is_some_and(|row| row.sat_suspended)
    }
}
