//! Attendance totals, assessment results, and what completes a course (design decision 10).

use chrono::NaiveDate;

use crate::cohort::{CohortRules, at_least};
use crate::enrolment::EnrolmentAct;

crate::text_enum! {
    /// State of an attendance total.
    AttendanceState("attendance state") {
        /// The institution may change it.
        Recorded = "recorded",
        /// Only the county corrects it, with a reason.
        Locked = "locked",
    }
}

crate::text_enum! {
    /// State of an assessment result.
    AssessmentState("assessment state") {
        /// Entered by the marker.
        Marked = "marked",
        /// Confirmed, by another person where the program is certifiable.
        Confirmed = "confirmed",
    }
}

crate::text_enum! {
    /// What was adjusted in an assessment so that it measures skill and not disability; recorded, never printed.
    Adjustment("adjustment") {
        /// More time.
        ExtraTime = "extra_time",
        /// A person or program reads aloud.
        Reader = "reader",
        /// A person writes for the trainee.
        Scribe = "scribe",
        /// Sign language interpreter.
        Interpreter = "interpreter",
        /// Large print.
        LargePrint = "large_print",
        /// Braille.
        Braille = "braille",
        /// Easy reading.
        EasyRead = "easy_read",
        /// Adapted tool or place of work.
        AdaptedTools = "adapted_tools",
        /// Anything else.
        Other = "other",
    }
}

/// Attended time of one enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// Minutes present, late sessions by the minutes attended.
    pub minutes: u32,
    /// Whether it can still change.
    pub state: AttendanceState,
}

impl Attendance {
    /// Whole hours, summed first and rounded down once.
    pub const fn hours(self) -> u32 {
        self.minutes / 60
    }

    /// Whether it is enough to complete.
    pub fn is_sufficient(self, planned_hours: u32, rules: &CohortRules) -> bool {
        at_least(self.hours(), planned_hours, rules.completion_permille)
    }

    /// Whether the enrolment counts at all: so many hours, or such a share, whichever comes first.
    pub fn is_attached(self, planned_hours: u32, rules: &CohortRules) -> bool {
        self.hours() >= rules.attach_min_hours
            || at_least(self.hours(), planned_hours, rules.attach_min_permille)
    }
}

/// Why an attendance total is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAttendance {
    /// More time than was taught.
    #[error("more minutes than the class lasted")]
    BeyondClass {
        /// Most minutes possible.
        limit_minutes: u32,
    },
    /// Locked: only the county corrects, with a reason.
    #[error("attendance is locked")]
    Locked,
}

impl BadAttendance {
    /// Stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BeyondClass { .. } => "attendance-beyond-class",
            Self::Locked => "attendance-locked",
        }
    }

    /// The sentence in Chinese.
    pub fn zh(self) -> String {
        match self {
            Self::BeyondClass { limit_minutes } => {
                format!("出勤分钟数超过全班授课时间({limit_minutes}分钟),请核对。")
            }
            Self::Locked => "考勤已锁定,只能由县级残联写明原因后更正。".to_owned(),
        }
    }

    /// The sentence in English.
    pub fn en(self) -> String {
        match self {
            Self::BeyondClass { limit_minutes } => {
                format!("More minutes than the class lasted ({limit_minutes}); check the figure.")
            }
            Self::Locked => {
                "Attendance is locked; only the county federation corrects it, with a reason."
                    .to_owned()
            }
        }
    }
}

/// Checks a new total: never longer than the class lasted; a locked one only as a correction by the county.
pub fn check_attendance(
    minutes: u32,
    class_hours: u32,
    present: Option<Attendance>,
    correction: bool,
) -> Result<(), BadAttendance> {
    let limit_minutes = class_hours.saturating_mul(60);
    if minutes > limit_minutes {
        return Err(BadAttendance::BeyondClass { limit_minutes });
    }
    match present {
        Some(total)
            if total.state == AttendanceState::Locked
                && total.minutes != minutes
                && !correction =>
        {
            Err(BadAttendance::Locked)
        }
        _ => Ok(()),
    }
}

/// A result of an assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Pass or fail overall.
    pub passed: bool,
    /// Score from 0 to 100 where the program has one.
    pub score: Option<u8>,
    /// Day it was held.
    pub held_on: NaiveDate,
    /// First sitting 1, resits 2 and 3.
    pub attempt: u32,
    /// Whether it can still change.
    pub state: AssessmentState,
}

/// Why an assessment result is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAssessment {
    /// A score above 100.
    #[error("score above 100")]
    Score,
    /// Held before the class began, or after today.
    #[error("held outside the time of the class")]
    Day,
    /// Confirmed as passed: only an objection changes it.
    #[error("the result is confirmed")]
    Confirmed,
    /// No resit is left, or its time has passed.
    #[error("no resit is left")]
    NoResit,
}

impl BadAssessment {
    /// Stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Score => "score-out-of-range",
            Self::Day => "assessment-day",
            Self::Confirmed => "assessment-confirmed",
            Self::NoResit => "no-resit-left",
        }
    }

    /// The sentence in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Score => "成绩应为0到100的整数。",
            Self::Day => "考核日期应在开班之后、不晚于今天。",
            Self::Confirmed => "考核结果已确认,有异议请按申诉程序办理。",
            Self::NoResit => "补考次数已用完或已超过补考期限。",
        }
    }

    /// The sentence in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Score => "A score is a whole number from 0 to 100.",
            Self::Day => "The assessment is held after the class began and not after today.",
            Self::Confirmed => "The result is confirmed; if it is wrong, lodge an objection.",
            Self::NoResit => "All resits are used, or the time for them has passed.",
        }
    }
}

/// What a new entry does to the result there is: the number of its attempt.
///
/// An unconfirmed result is replaced; after a confirmed failure the entry is a resit, if one is left.
pub fn enter_result(
    score: Option<u32>,
    held_on: NaiveDate,
    start_on: NaiveDate,
    today: NaiveDate,
    present: Option<Assessment>,
    rules: &CohortRules,
) -> Result<u32, BadAssessment> {
    if score.is_some_and(|score| score > 100) {
        return Err(BadAssessment::Score);
    }
    if held_on < start_on || held_on > today {
        return Err(BadAssessment::Day);
    }
    let Some(present) = present else { return Ok(1) };
    if present.state == AssessmentState::Marked {
        return Ok(present.attempt);
    }
    if present.passed {
        return Err(BadAssessment::Confirmed);
    }
    let days = (held_on - present.held_on).num_days();
    if present.attempt > rules.resits || days < 1 || days > i64::from(rules.resit_days) {
        return Err(BadAssessment::NoResit);
    }
    Ok(present.attempt + 1)
}

/// What becomes of an enrolled trainee when the cohort is accepted.
///
/// Completed: locked attendance of at least the policy's share, and a confirmed pass. Too little attendance to count
/// detaches; everybody else did not complete.
pub fn outcome(
    attendance: Option<Attendance>,
    assessment: Option<Assessment>,
    planned_hours: u32,
    rules: &CohortRules,
) -> EnrolmentAct {
    let locked = attendance.filter(|total| total.state == AttendanceState::Locked);
    if !locked.is_some_and(|total| total.is_attached(planned_hours, rules)) {
        return EnrolmentAct::Detach;
    }
    let attended = locked.is_some_and(|total| total.is_sufficient(planned_hours, rules));
    let passed = assessment
        .is_some_and(|result| result.passed && result.state == AssessmentState::Confirmed);
    if attended && passed {
        EnrolmentAct::Complete
    } else {
        EnrolmentAct::Fail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn rules() -> CohortRules {
        CohortRules::default()
    }

    fn locked(minutes: u32) -> Attendance {
        Attendance {
            minutes,
            state: AttendanceState::Locked,
        }
    }

    fn result(passed: bool, state: AssessmentState) -> Assessment {
        Assessment {
            passed,
            score: None,
            held_on: day("2026-04-20"),
            attempt: 1,
            state,
        }
    }

    #[test]
    fn minutes_are_summed_and_floored_to_hours_once() {
        assert_eq!(locked(59).hours(), 0);
        assert_eq!(locked(4799).hours(), 79);
        assert!(!locked(4799).is_sufficient(100, &rules()));
        assert!(locked(4800).is_sufficient(100, &rules()));
    }

    #[test]
    fn an_enrolment_is_attached_from_eight_hours_or_a_tenth() {
        assert!(locked(8 * 60).is_attached(200, &rules()));
        assert!(!locked(8 * 60 - 1).is_attached(200, &rules()));
        assert!(locked(4 * 60).is_attached(40, &rules()));
    }

    #[test]
    fn completion_needs_locked_attendance_and_a_confirmed_pass() {
        let passed = result(true, AssessmentState::Confirmed);
        let outcome = |attendance, assessment| outcome(attendance, assessment, 100, &rules());
        assert_eq!(
            outcome(Some(locked(4800)), Some(passed)),
            EnrolmentAct::Complete
        );
        assert_eq!(
            outcome(Some(locked(4799)), Some(passed)),
            EnrolmentAct::Fail
        );
        assert_eq!(
            outcome(
                Some(locked(4800)),
                Some(result(true, AssessmentState::Marked))
            ),
            EnrolmentAct::Fail
        );
        assert_eq!(
            outcome(
                Some(locked(4800)),
                Some(result(false, AssessmentState::Confirmed))
            ),
            EnrolmentAct::Fail
        );
        assert_eq!(outcome(Some(locked(4800)), None), EnrolmentAct::Fail);
        assert_eq!(
            outcome(Some(locked(60)), Some(passed)),
            EnrolmentAct::Detach
        );
        let recorded = Attendance {
            minutes: 4800,
            state: AttendanceState::Recorded,
        };
        assert_eq!(outcome(Some(recorded), Some(passed)), EnrolmentAct::Detach);
        assert_eq!(outcome(None, Some(passed)), EnrolmentAct::Detach);
    }

    #[test]
    fn attendance_never_exceeds_the_class_and_a_lock_holds() {
        assert_eq!(check_attendance(6000, 100, None, false), Ok(()));
        let beyond = Err(BadAttendance::BeyondClass {
            limit_minutes: 6000,
        });
        assert_eq!(check_attendance(6001, 100, None, false), beyond);
        assert_eq!(check_attendance(6001, 100, None, true), beyond);
        assert_eq!(
            check_attendance(10, 100, Some(locked(20)), false),
            Err(BadAttendance::Locked)
        );
        assert_eq!(check_attendance(20, 100, Some(locked(20)), false), Ok(()));
        assert_eq!(check_attendance(10, 100, Some(locked(20)), true), Ok(()));
    }

    #[test]
    fn a_result_is_entered_replaced_and_resat() {
        let enter = |score, held_on: &str, present: Option<Assessment>| {
            enter_result(
                score,
                day(held_on),
                day("2026-04-01"),
                day("2026-12-31"),
                present,
                &rules(),
            )
        };
        assert_eq!(enter(Some(100), "2026-04-20", None), Ok(1));
        assert_eq!(
            enter(Some(101), "2026-04-20", None),
            Err(BadAssessment::Score)
        );
        assert_eq!(enter(None, "2026-03-31", None), Err(BadAssessment::Day));
        assert_eq!(enter(None, "2027-01-01", None), Err(BadAssessment::Day));
        assert_eq!(
            enter(
                None,
                "2026-04-20",
                Some(result(true, AssessmentState::Marked))
            ),
            Ok(1)
        );
        assert_eq!(
            enter(
                None,
                "2026-04-21",
                Some(result(true, AssessmentState::Confirmed))
            ),
            Err(BadAssessment::Confirmed)
        );
        let mut failed = result(false, AssessmentState::Confirmed);
        assert_eq!(enter(None, "2026-04-21", Some(failed)), Ok(2));
        assert_eq!(
            enter(None, "2026-04-20", Some(failed)),
            Err(BadAssessment::NoResit)
        );
        assert_eq!(enter(None, "2026-10-17", Some(failed)), Ok(2));
        assert_eq!(
            enter(None, "2026-10-18", Some(failed)),
            Err(BadAssessment::NoResit)
        );
        failed.attempt = 3;
        assert_eq!(
            enter(None, "2026-04-21", Some(failed)),
            Err(BadAssessment::NoResit)
        );
    }
}
