//! Why an episode of work is contested: by the trainee, one tap each, or because data say so (workflow.md 4).

use chrono::NaiveDate;

use crate::grading::{Exclusion, WorkType};
use crate::{named, text_enum};

text_enum! {
    /// Why an episode is contested.
    ContestGround("ground of a contest") {
        /// The trainee never worked there.
        NeverWorked = "never_worked",
        /// The employer or the kind of work is another.
        OtherWork = "other_work",
        /// The days are others.
        OtherDates = "other_dates",
        /// The work was not paid: a placement, an internship.
        Unpaid = "unpaid",
        /// The trainee says in a follow-up that something is wrong.
        SomethingWrong = "something_wrong",
        /// The register shows work after the death of the person.
        AfterDeath = "after_death",
        /// Two full-time jobs at once.
        TwoFullTime = "two_full_time_jobs",
        /// At work while in custody.
        InCustody = "in_custody",
        /// At work while in full-time education or military service.
        InStudies = "in_studies",
    }
}

named!(ContestGround {
    NeverWorked = "没有在这里工作过" / "I never worked there",
    OtherWork = "单位或工作内容不对" / "the employer or the work is another",
    OtherDates = "日期不对" / "the days are wrong",
    Unpaid = "是实习,没有工资" / "it was a placement without pay",
    SomethingWrong = "情况不符" / "something is wrong",
    AfterDeath = "登记的死亡日期之后仍在职" / "at work after the day of death on record",
    TwoFullTime = "同时有两份全日制工作" / "two full-time jobs at once",
    InCustody = "羁押期间在职" / "at work while in custody",
    InStudies = "全日制就学或服役期间在职" / "at work while in full-time education or service",
});

impl ContestGround {
    /// What a trainee may choose.
    pub const BY_TRAINEE: [Self; 4] = [
        Self::NeverWorked,
        Self::OtherWork,
        Self::OtherDates,
        Self::Unpaid,
    ];

    /// Whether a trainee chooses it.
    pub fn is_by_trainee(self) -> bool {
        Self::BY_TRAINEE.contains(&self)
    }
}

/// Days of work; no last day while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub start_on: NaiveDate,
    /// Last day worked.
    pub last_day: Option<NaiveDate>,
}

impl Days {
    fn hold(self, day: NaiveDate) -> bool {
        self.start_on <= day && self.last_day.is_none_or(|last| last >= day)
    }

    /// Days that both have, up to a day.
    fn shared(self, other: Self, until: NaiveDate) -> i64 {
        let first = self.start_on.max(other.start_on);
        let end = |one: Self| one.last_day.unwrap_or(until).min(until);
        let last = end(self).min(end(other));
        (last - first).num_days() + 1
    }
}

/// Whether work of this form takes the whole day.
pub const fn is_full_time(form: WorkType) -> bool {
    matches!(
        form,
        WorkType::Contract
            | WorkType::Centralised
            | WorkType::PublicSector
            | WorkType::PublicWelfarePost
    )
}

/// What approved documents about the person say against work on these days: death, education or service, custody.
pub fn against(days: Days, facts: &[(Exclusion, NaiveDate)]) -> Option<ContestGround> {
    let found = |code: Exclusion, speaks: &dyn Fn(NaiveDate) -> bool| {
        facts.iter().any(|(fact, on)| *fact == code && speaks(*on))
    };
    if found(Exclusion::X1, &|on| {
        days.last_day.is_none_or(|last| last > on)
    }) {
        Some(ContestGround::AfterDeath)
    } else if found(Exclusion::X4, &|on| days.hold(on)) {
        Some(ContestGround::InCustody)
    } else if found(Exclusion::X3, &|on| days.hold(on)) {
        Some(ContestGround::InStudies)
    } else {
        None
    }
}

/// Whether two jobs with different employers were both full-time for more than `most` days at once. A register that
/// ends a job some days late is no second job.
pub fn two_full_time(
    one: (WorkType, Days),
    two: (WorkType, Days),
    until: NaiveDate,
    most: u32,
) -> bool {
    is_full_time(one.0) && is_full_time(two.0) && one.1.shared(two.1, until) > i64::from(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn days(start: &str, last: &str) -> Days {
        Days {
            start_on: day(start),
            last_day: (!last.is_empty()).then(|| day(last)),
        }
    }

    #[test]
    fn death_custody_and_studies_speak_against_work_that_covers_their_day() {
        let work = days("2026-01-05", "2026-03-31");
        for (code, on, expected) in [
            (Exclusion::X1, "2026-02-01", Some(ContestGround::AfterDeath)),
            (Exclusion::X1, "2026-03-31", None),
            (Exclusion::X4, "2026-02-01", Some(ContestGround::InCustody)),
            (Exclusion::X4, "2026-04-01", None),
            (Exclusion::X3, "2026-01-05", Some(ContestGround::InStudies)),
            (Exclusion::X3, "2026-01-04", None),
            (Exclusion::X2, "2026-02-01", None),
        ] {
            assert_eq!(against(work, &[(code, day(on))]), expected, "{code:?} {on}");
        }
        let lasts = days("2026-01-05", "");
        let died = [(Exclusion::X1, day("2026-09-09"))];
        assert_eq!(against(lasts, &died), Some(ContestGround::AfterDeath));
    }

    #[test]
    fn two_jobs_are_two_only_when_both_take_the_day_for_long() {
        use WorkType::{Contract, Flexible};
        let first = days("2026-01-01", "2026-03-31");
        let late = days("2026-03-02", "");
        let until = day("2026-06-30");
        assert!(!two_full_time(
            (Contract, first),
            (Contract, late),
            until,
            30
        ));
        assert!(two_full_time(
            (Contract, first),
            (Contract, late),
            until,
            29
        ));
        assert!(!two_full_time(
            (Contract, first),
            (Flexible, late),
            until,
            0
        ));
        let before = days("2025-01-01", "2025-12-31");
        assert!(!two_full_time(
            (Contract, first),
            (Contract, before),
            until,
            0
        ));
        // What goes on counts up to the day of the data.
        let on = days("2026-01-01", "");
        assert!(!two_full_time(
            (Contract, on),
            (Contract, on),
            day("2026-01-20"),
            30
        ));
    }
}
