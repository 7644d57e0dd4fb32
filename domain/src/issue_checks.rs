//! Checks against fraud before certificates are issued: nothing is refused for them, but a batch is held until a second
//! officer has looked at it and says why it may pass. The numbers are policy.

use chrono::NaiveDate;

use crate::policy::Workflow;

crate::text_enum! {
    /// Why a batch is held.
    HoldReason("reason of a hold") {
        /// Somebody is in two classes on the same days.
        TraineeInTwoClasses = "trainee-in-two-classes",
        /// More hours than the calendar of the class can hold.
        HoursBeyondCalendar = "hours-beyond-calendar",
        /// More trainees than the licence of the site or the announcement allows.
        AboveCapacity = "above-capacity",
        /// A teacher is announced at two sites on the same days.
        TeacherInTwoPlaces = "teacher-in-two-places",
        /// A teacher's name is announced by another institution of the province on the same days.
        TeacherInTwoInstitutions = "teacher-in-two-institutions",
        /// Very many certificates of one institution in a few days.
        BurstOfIssuance = "burst-of-issuance",
        /// Nearly all trainees have the same score.
        IdenticalScores = "identical-scores",
        /// The class has not ended, or was examined before it began.
        BeforeClassEnds = "before-class-ends",
    }
}

/// What the checks look at, read under lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueFacts {
    /// Today in China.
    pub today: NaiveDate,
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day.
    pub end_on: NaiveDate,
    /// Hours planned.
    pub planned_hours: u32,
    /// Hours taught.
    pub hours_taught: u32,
    /// Most minutes that one trainee attended.
    pub most_minutes: u32,
    /// Trainees of the class who got that far, certified or not.
    pub trainees: u32,
    /// Places announced.
    pub places: u32,
    /// Places that the licence of the site allows.
    pub licensed_places: Option<u32>,
    /// How many trainees of the batch are in another class on the same days.
    pub overlapping: u32,
    /// Teachers who are announced elsewhere on the same days.
    pub teachers_elsewhere: Vec<String>,
    /// Teachers whose name another institution of the province announces on the same days.
    pub teachers_at_others: Vec<String>,
    /// Certificates of the institution in the days before.
    pub issued_recently: u32,
    /// Certificates that the batch asks for.
    pub asked: u32,
    /// Scores of the batch.
    pub scores: Vec<u8>,
    /// Earliest day of an assessment.
    pub first_assessment_on: Option<NaiveDate>,
}

/// A reason with its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The reason.
    pub reason: HoldReason,
    /// What was found, in Chinese.
    pub zh: String,
    /// What was found, in English.
    pub en: String,
}

/// Everything that speaks for holding the batch; empty when nothing does.
pub fn holds(facts: &IssueFacts, numbers: &Workflow) -> Vec<Hold> {
    let mut found = Vec::new();
    let mut hold = |holds: bool, reason: HoldReason, zh: String, en: String| {
        if holds {
            found.push(Hold { reason, zh, en });
        }
    };
    hold(
        facts.overlapping > 0,
        HoldReason::TraineeInTwoClasses,
        format!("有 {} 名学员同期在另一个班。", facts.overlapping),
        format!(
            "{} trainees are in another class on the same days.",
            facts.overlapping
        ),
    );
    let days = (facts.end_on - facts.start_on).num_days().max(0) + 1;
    let most = days * i64::from(numbers.issue_daily_hours);
    let hours = i64::from(facts.planned_hours.max(facts.hours_taught))
        .max(i64::from(facts.most_minutes.div_ceil(60)));
    hold(
        hours > most,
        HoldReason::HoursBeyondCalendar,
        format!("{days} 天内授课 {hours} 学时,超过日历所能容纳的 {most} 学时。"),
        format!("{hours} hours in {days} days are more than the {most} that the calendar holds."),
    );
    let limit = facts
        .licensed_places
        .map_or(facts.places, |licensed| licensed.min(facts.places));
    hold(
        facts.trainees > limit,
        HoldReason::AboveCapacity,
        format!("学员 {} 名,超过核定人数 {limit} 名。", facts.trainees),
        format!(
            "{} trainees are more than the {limit} allowed.",
            facts.trainees
        ),
    );
    hold(
        !facts.teachers_elsewhere.is_empty(),
        HoldReason::TeacherInTwoPlaces,
        format!(
            "有 {} 名教师同期公布在另一个教学点。",
            facts.teachers_elsewhere.len()
        ),
        format!(
            "{} teachers are announced at another site on the same days.",
            facts.teachers_elsewhere.len()
        ),
    );
    // Teachers have no number in the registry: a namesake is told from a teacher in two places by whoever reviews.
    hold(
        !facts.teachers_at_others.is_empty(),
        HoldReason::TeacherInTwoInstitutions,
        format!(
            "有 {} 名教师与本省其他机构同期公布的教师同名,请核对是否为同一人。",
            facts.teachers_at_others.len()
        ),
        format!(
            "{} teachers have the name of one whom another institution of the province announces on the same days; check whether it is the same person.",
            facts.teachers_at_others.len()
        ),
    );
    let total = facts.issued_recently.saturating_add(facts.asked);
    hold(
        total > numbers.issue_burst_certificates,
        HoldReason::BurstOfIssuance,
        format!(
            "{} 天内共 {total} 张证书,多于通常。",
            numbers.issue_burst_days
        ),
        format!(
            "{total} certificates in {} days are more than usual.",
            numbers.issue_burst_days
        ),
    );
    let scored = facts.scores.len();
    let same = commonest(&facts.scores);
    let alike = u64::try_from(same)
        .unwrap_or(u64::MAX)
        .saturating_mul(1_000)
        >= u64::try_from(scored)
            .unwrap_or(u64::MAX)
            .saturating_mul(u64::from(numbers.issue_scores_permille));
    hold(
        scored >= usize::try_from(numbers.issue_scores_min.max(2)).unwrap_or(usize::MAX) && alike,
        HoldReason::IdenticalScores,
        format!("{scored} 名学员中有 {same} 名成绩完全相同。"),
        format!("{same} of {scored} trainees have the same score."),
    );
    let examined_early = facts
        .first_assessment_on
        .is_some_and(|day| day < facts.start_on);
    hold(
        facts.today < facts.end_on || examined_early,
        HoldReason::BeforeClassEnds,
        format!("班期 {} 才结束,或考核早于开班。", facts.end_on),
        format!(
            "The class ends on {}, or was examined before it began.",
            facts.end_on
        ),
    );
    found
}

fn commonest(scores: &[u8]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for score in scores {
        *counts.entry(score).or_insert(0_usize) += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::WorkflowPolicy;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn facts() -> IssueFacts {
        IssueFacts {
            today: day("2026-04-24"),
            start_on: day("2026-04-10"),
            end_on: day("2026-04-24"),
            planned_hours: 150,
            hours_taught: 150,
            most_minutes: 9_000,
            trainees: 30,
            places: 30,
            licensed_places: Some(30),
            overlapping: 0,
            teachers_elsewhere: Vec::new(),
            teachers_at_others: Vec::new(),
            issued_recently: 970,
            asked: 30,
            scores: (60..90).collect(),
            first_assessment_on: Some(day("2026-04-10")),
        }
    }

    fn reasons(change: impl FnOnce(&mut IssueFacts)) -> Vec<HoldReason> {
        let text = include_str!("../../seed-data/policies/CN-BASE-2026.1.workflow.json");
        let policy = WorkflowPolicy::from_json(text).expect("a policy");
        let mut facts = facts();
        change(&mut facts);
        holds(&facts, &policy.workflow)
            .into_iter()
            .map(|hold| hold.reason)
            .collect()
    }

    #[test]
    fn a_class_at_every_limit_passes() {
        assert!(reasons(|_| ()).is_empty());
    }

    #[test]
    fn each_reason_alone_holds() {
        use HoldReason as R;
        assert_eq!(reasons(|f| f.overlapping = 1), [R::TraineeInTwoClasses]);
        assert_eq!(reasons(|f| f.planned_hours = 151), [R::HoursBeyondCalendar]);
        assert_eq!(
            reasons(|f| f.most_minutes = 9_001),
            [R::HoursBeyondCalendar]
        );
        assert_eq!(
            reasons(|f| f.licensed_places = Some(29)),
            [R::AboveCapacity]
        );
        assert_eq!(
            reasons(|f| {
                f.licensed_places = None;
                f.trainees = 31;
            }),
            [R::AboveCapacity]
        );
        assert_eq!(
            reasons(|f| f.teachers_elsewhere = vec!["虚构教师".to_owned()]),
            [R::TeacherInTwoPlaces]
        );
        assert_eq!(
            reasons(|f| f.teachers_at_others = vec!["虚构教师".to_owned()]),
            [R::TeacherInTwoInstitutions]
        );
        assert_eq!(reasons(|f| f.asked = 31), [R::BurstOfIssuance]);
        assert_eq!(
            reasons(|f| f.scores = vec![88, 88, 88, 88, 88, 88, 88, 88, 88, 70]),
            [R::IdenticalScores]
        );
        assert_eq!(
            reasons(|f| f.today = day("2026-04-23")),
            [R::BeforeClassEnds]
        );
        assert_eq!(
            reasons(|f| f.first_assessment_on = Some(day("2026-04-09"))),
            [R::BeforeClassEnds]
        );
    }

    #[test]
    fn few_scores_or_different_ones_say_nothing() {
        assert!(reasons(|f| f.scores = vec![88; 9]).is_empty());
        assert!(reasons(|f| f.scores = vec![88, 88, 88, 88, 88, 88, 88, 88, 70, 70]).is_empty());
    }
}
