//! An enrolment (报名, 学员在班): states, checks at application, why it may end (workflow.md section 2).

use chrono::{Datelike, NaiveDate};

use crate::cohort::CohortRules;

crate::text_enum! {
    /// Where an enrolment stands.
    EnrolmentState("enrolment state") {
        /// On the roster, not decided.
        Applied = "applied",
        /// Admitted by the institution; teaching has not begun.
        Admitted = "admitted",
        /// In class.
        Enrolled = "enrolled",
        /// Attended enough and passed, in an accepted cohort.
        Completed = "completed",
        /// Attended, but did not attend enough or did not pass.
        NotCompleted = "not_completed",
        /// Attended so little that it counts nowhere (grading.md "Attached").
        NotAttached = "not_attached",
        /// Left, with date and reason.
        Withdrawn = "withdrawn",
        /// Sent away for a stated breach.
        Dismissed = "dismissed",
        /// Moved to another institution with the class.
        Transferred = "transferred",
        /// Refused for an entry condition of the program.
        Rejected = "rejected",
    }
}

crate::text_enum! {
    /// What can be done to an enrolment.
    EnrolmentAct("enrolment act") {
        /// Take the trainee in.
        Admit = "admit",
        /// Refuse for an entry condition.
        Reject = "reject",
        /// First class day.
        Enrol = "enrol",
        /// The trainee leaves.
        Withdraw = "withdraw",
        /// The trainee is sent away.
        Dismiss = "dismiss",
        /// Attended enough and passed.
        Complete = "complete",
        /// Did not attend enough or did not pass.
        Fail = "fail",
        /// Attended too little to count.
        Detach = "detach",
        /// The class moves to another institution.
        Transfer = "transfer",
    }
}

crate::text_enum! {
    /// Why an application may be refused. Disability is not among them and never will be: only entry conditions of
    /// the program, the law's conditions, and the number of places.
    RefusalReason("refusal reason") {
        /// An entry condition of the program, named in words, is not met.
        EntryCondition = "entry_condition",
        /// Younger than the policy allows.
        BelowAge = "below_age",
        /// No consent on record.
        NoConsent = "no_consent",
        /// The person is not who the papers say.
        IdentityNotVerified = "identity_not_verified",
        /// In another class at the same time.
        OverlappingCohort = "overlapping_cohort",
        /// A funding limit is used up.
        FundingLimit = "funding_limit",
        /// All places are taken.
        NoPlaces = "no_places",
    }
}

crate::text_enum! {
    /// Why a trainee left. "Job found" is no failure of conversion.
    WithdrawalReason("withdrawal reason") {
        /// Health.
        Health = "health",
        /// Found a job.
        JobFound = "job_found",
        /// Family.
        Family = "family",
        /// Transport.
        Transport = "transport",
        /// Not satisfied with the course.
        Dissatisfaction = "dissatisfaction",
        /// Anything else.
        Other = "other",
    }
}

impl EnrolmentState {
    /// Word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Applied => "已报名",
            Self::Admitted => "已录取",
            Self::Enrolled => "在读",
            Self::Completed => "已结业",
            Self::NotCompleted => "未结业",
            Self::NotAttached => "不计入",
            Self::Withdrawn => "已退学",
            Self::Dismissed => "已除名",
            Self::Transferred => "已转出",
            Self::Rejected => "未录取",
        }
    }

    /// Word on English pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Admitted => "admitted",
            Self::Enrolled => "in class",
            Self::Completed => "completed",
            Self::NotCompleted => "not completed",
            Self::NotAttached => "not counted",
            Self::Withdrawn => "left",
            Self::Dismissed => "dismissed",
            Self::Transferred => "transferred",
            Self::Rejected => "not admitted",
        }
    }

    /// Whether somebody admitted the person, who then attended: what it says of them is more than a line of a roster.
    pub const fn is_of_standing(self) -> bool {
        !matches!(self, Self::Applied | Self::Rejected | Self::NotAttached)
    }

    /// Whether it fills a place and takes the person's time; an enrolment that ended early does not.
    pub const fn takes_time(self) -> bool {
        matches!(
            self,
            Self::Applied | Self::Admitted | Self::Enrolled | Self::Completed | Self::NotCompleted
        )
    }

    /// Whether the person is a trainee of the class now.
    pub const fn is_trainee(self) -> bool {
        matches!(self, Self::Admitted | Self::Enrolled)
    }
}

impl EnrolmentAct {
    /// Word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Admit => "录取",
            Self::Reject => "不录取",
            Self::Enrol => "入学",
            Self::Withdraw => "退学",
            Self::Dismiss => "除名",
            Self::Complete => "结业",
            Self::Fail => "不予结业",
            Self::Detach => "不计入",
            Self::Transfer => "转出",
        }
    }
}

/// A step that the table of enrolments does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an enrolment that is {from} cannot go to {to}")]
pub struct Refused {
    /// The act asked for.
    pub act: EnrolmentAct,
    /// Present state.
    pub from: EnrolmentState,
    /// State asked for.
    pub to: EnrolmentState,
}

impl Refused {
    /// Stable code for programs.
    pub const CODE: &str = "enrolment-transition-not-allowed";

    /// The sentence in Chinese; it names both states.
    pub fn zh(&self) -> String {
        format!(
            "学员现为“{}”,不能“{}”到“{}”。请刷新名单后重试。",
            self.from.zh(),
            self.act.zh(),
            self.to.zh()
        )
    }

    /// The sentence in English; it names both states.
    pub fn en(&self) -> String {
        format!(
            "The trainee is {}; {} to {} is not possible. Reload the list.",
            self.from, self.act, self.to
        )
    }
}

/// The state after an act, or a refusal that names both states.
pub fn next(from: EnrolmentState, act: EnrolmentAct) -> Result<EnrolmentState, Refused> {
    use EnrolmentAct as A;
    use EnrolmentState as S;
    let (allowed, to): (&[S], S) = match act {
        A::Admit => (&[S::Applied], S::Admitted),
        A::Reject => (&[S::Applied], S::Rejected),
        A::Enrol => (&[S::Admitted], S::Enrolled),
        A::Withdraw => (&[S::Applied, S::Admitted, S::Enrolled], S::Withdrawn),
        A::Dismiss => (&[S::Enrolled], S::Dismissed),
        A::Complete => (&[S::Enrolled], S::Completed),
        A::Fail => (&[S::Enrolled], S::NotCompleted),
        A::Detach => (&[S::Enrolled], S::NotAttached),
        A::Transfer => (&[S::Admitted, S::Enrolled], S::Transferred),
    };
    if allowed.contains(&from) {
        Ok(to)
    } else {
        Err(Refused { act, from, to })
    }
}

/// The state after an act that an upheld appeal lets be done again (workflow.md 6): a refusal is admitted, a result or an
/// attendance that was wrong completes after all. It never makes it worse for the trainee.
pub fn next_after_appeal(
    from: EnrolmentState,
    act: EnrolmentAct,
) -> Result<EnrolmentState, Refused> {
    use EnrolmentAct as A;
    use EnrolmentState as S;
    match (from, act) {
        (S::Rejected, A::Admit) => Ok(S::Admitted),
        (S::NotCompleted | S::NotAttached, A::Complete) => Ok(S::Completed),
        (S::NotAttached, A::Fail) => Ok(S::NotCompleted),
        _ => next(from, act),
    }
}

/// What an application says, as far as the checks need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// Birth date, from the identity number.
    pub birth_date: NaiveDate,
    /// Day on which consent was given; `None` without a consent record.
    pub consent_on: Option<NaiveDate>,
    /// Whether the household region is a division the registry knows.
    pub hukou_region_known: bool,
}

crate::text_enum! {
    /// What an application lacks.
    ApplicationFault("application fault") {
        /// Younger than the policy allows on the first class day.
        BelowAge = "below-age",
        /// No consent on record (PIPL articles 29 to 31).
        ConsentMissing = "consent-missing",
        /// Consent dated after today.
        ConsentInFuture = "consent-in-future",
        /// The household region is not a known division.
        UnknownRegion = "unknown-region",
        /// The person is in another class on some of the same days, anywhere in the country.
        OverlappingCohort = "overlapping-cohort",
        /// All places of the class are taken.
        NoPlaces = "no-places",
        /// The person is in this class already and the list is frozen, or left it.
        NotChangeable = "enrolment-not-changeable",
    }
}

impl ApplicationFault {
    /// The sentence in Chinese. It never names another institution or class.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::BelowAge => "学员未满规定年龄,不能报名。",
            Self::ConsentMissing => "缺少本人(或监护人)同意的日期,请补充。",
            Self::ConsentInFuture => "同意日期晚于今天,请改正。",
            Self::UnknownRegion => "户籍地代码不在行政区划表中,请改正。",
            Self::OverlappingCohort => "该学员在同一时间已参加另一个班期,请与学员核实后再报。",
            Self::NoPlaces => "名额已满,请增开班期或等候退出的名额。",
            Self::NotChangeable => "该学员在本班的状态已不能通过名单变更,请在学员页面办理。",
        }
    }

    /// The sentence in English. It never names another institution or class.
    pub const fn en(self) -> &'static str {
        match self {
            Self::BelowAge => "The trainee is younger than the policy allows.",
            Self::ConsentMissing => {
                "The date of consent of the trainee (or guardian) is missing; add it."
            }
            Self::ConsentInFuture => "The date of consent is after today; correct it.",
            Self::UnknownRegion => "The household region is not a known division code; correct it.",
            Self::OverlappingCohort => {
                "The trainee is in another class at the same time; ask the trainee first."
            }
            Self::NoPlaces => "All places are taken; open another class or wait for a free place.",
            Self::NotChangeable => {
                "The state of this trainee can no longer be changed by a roster; use the trainee's page."
            }
        }
    }
}

/// Checks an application against the law and the policy, all faults at once.
pub fn check_application(
    application: &Application,
    start_on: NaiveDate,
    today: NaiveDate,
    rules: &CohortRules,
) -> Vec<ApplicationFault> {
    let mut faults = Vec::new();
    if age_on(application.birth_date, start_on) < Some(rules.min_age_years) {
        faults.push(ApplicationFault::BelowAge);
    }
    match application.consent_on {
        None => faults.push(ApplicationFault::ConsentMissing),
        Some(on) if on > today => faults.push(ApplicationFault::ConsentInFuture),
        Some(_) => {}
    }
    if !application.hukou_region_known {
        faults.push(ApplicationFault::UnknownRegion);
    }
    faults
}

/// Full years from birth to a day; `None` before birth. Born on 29 February: a year older from 1 March on.
pub fn age_on(birth: NaiveDate, day: NaiveDate) -> Option<u32> {
    if day < birth {
        return None;
    }
    let before_birthday = (day.month(), day.day()) < (birth.month(), birth.day());
    u32::try_from(day.year() - birth.year() - i32::from(before_birthday)).ok()
}

/// First and last day of something, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
}

impl Days {
    /// Whether the two share a day: one person in two such classes is refused across the whole country.
    pub fn overlap(self, other: Self) -> bool {
        self.start_on <= other.end_on && other.start_on <= self.end_on
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn days(start_on: &str, end_on: &str) -> Days {
        Days {
            start_on: day(start_on),
            end_on: day(end_on),
        }
    }

    #[test]
    fn disability_is_no_reason_to_refuse() {
        for word in [
            "disability",
            "disabled",
            "disability_category",
            "disability_level",
        ] {
            assert!(word.parse::<RefusalReason>().is_err(), "{word}");
        }
        assert!(
            RefusalReason::ALL
                .iter()
                .all(|reason| !reason.as_str().contains("disab"))
        );
    }

    #[test]
    fn an_ended_enrolment_stays_ended() {
        use EnrolmentState as S;
        let ended = [
            S::Completed,
            S::NotCompleted,
            S::NotAttached,
            S::Withdrawn,
            S::Dismissed,
            S::Transferred,
            S::Rejected,
        ];
        for from in ended {
            for act in EnrolmentAct::ALL {
                let refused = next(from, *act).expect_err("refused");
                assert!(refused.zh().contains(from.zh()) && refused.zh().contains(refused.to.zh()));
                assert!(
                    refused.en().contains(from.as_str())
                        && refused.en().contains(refused.to.as_str())
                );
            }
        }
    }

    #[test]
    fn an_applicant_is_admitted_enrolled_and_completes() {
        use EnrolmentAct as A;
        let end = [A::Admit, A::Enrol, A::Complete]
            .into_iter()
            .try_fold(EnrolmentState::Applied, next);
        assert_eq!(end, Ok(EnrolmentState::Completed));
        assert!(next(EnrolmentState::Applied, A::Complete).is_err());
    }

    #[test]
    fn an_application_is_told_all_its_faults() {
        let application = Application {
            birth_date: day("2010-04-02"),
            consent_on: Some(day("2026-03-02")),
            hukou_region_known: false,
        };
        let faults = check_application(
            &application,
            day("2026-04-01"),
            day("2026-03-01"),
            &CohortRules::default(),
        );
        assert_eq!(
            faults,
            [
                ApplicationFault::BelowAge,
                ApplicationFault::ConsentInFuture,
                ApplicationFault::UnknownRegion
            ]
        );
        let of_age = Application {
            birth_date: day("2010-04-01"),
            consent_on: Some(day("2026-03-01")),
            hukou_region_known: true,
        };
        assert_eq!(
            check_application(
                &of_age,
                day("2026-04-01"),
                day("2026-03-01"),
                &CohortRules::default()
            ),
            []
        );
    }

    #[test]
    fn a_birth_date_after_the_first_day_is_below_age() {
        let unborn = Application {
            birth_date: day("2027-01-01"),
            consent_on: None,
            hukou_region_known: true,
        };
        let faults = check_application(
            &unborn,
            day("2026-04-01"),
            day("2026-03-01"),
            &CohortRules::default(),
        );
        assert_eq!(
            faults,
            [ApplicationFault::BelowAge, ApplicationFault::ConsentMissing]
        );
    }

    #[test]
    fn age_counts_full_years() {
        assert_eq!(age_on(day("1904-02-29"), day("1920-02-28")), Some(15));
        assert_eq!(age_on(day("1904-02-29"), day("1920-02-29")), Some(16));
        assert_eq!(age_on(day("1904-02-29"), day("1921-02-28")), Some(16));
        assert_eq!(age_on(day("1904-02-29"), day("1921-03-01")), Some(17));
        assert_eq!(age_on(day("1904-02-29"), day("1904-02-28")), None);
    }

    #[test]
    fn one_shared_day_overlaps() {
        assert!(days("2026-01-01", "2026-01-10").overlap(days("2026-01-10", "2026-01-20")));
        assert!(!days("2026-01-01", "2026-01-10").overlap(days("2026-01-11", "2026-01-20")));
        assert!(days("2026-01-01", "2026-12-31").overlap(days("2026-05-01", "2026-05-01")));
    }

    proptest! {
        #[test]
        fn overlap_is_mutual_and_means_a_shared_day(a in 0_u64..60, la in 0_u64..20, b in 0_u64..60, lb in 0_u64..20) {
            let at = |n: u64| day("2026-01-01") + chrono::Days::new(n);
            let one = Days { start_on: at(a), end_on: at(a + la) };
            let two = Days { start_on: at(b), end_on: at(b + lb) };
            let shared = (a..=a + la).any(|d| (b..=b + lb).contains(&d));
            prop_assert_eq!(one.overlap(two), shared);
            prop_assert_eq!(two.overlap(one), shared);
        }
    }
}
