//! What the grade asks for: inspections as often as it says, and no more places at C (grading.md 7).

use chrono::{Days, Months, NaiveDate};
use domain::institution::Grade;
use serde_json::json;
use tests::{Database, Story, on_both};

use super::review::{report, terms, told, wait_until};
use super::{HASH, PREFECTURE, annual, by_two, codes, document, hire, step};

on_both! {
    inspections_are_owed_as_often_as_the_grade_asks;
    at_grade_c_no_class_adds_places;
    an_inspection_that_found_faults_owes_an_answer;
}

const INSPECTION: &str = "routine_inspection";

/// Until when the next inspection is owed, and by whom.
async fn owed(story: &Story) -> Option<(String, NaiveDate)> {
    let all = terms(story).await.into_iter();
    let mut found = all.filter(|(kind, _, _)| kind == INSPECTION);
    let one = found.next().map(|(_, holder, due)| (holder, due));
    assert!(found.next().is_none(), "one at a time");
    one
}

async fn graded(story: &Story, grade: Grade, transition: &str) {
    annual(story, grade).await;
    by_two(story, json!({ "transition": transition })).await;
}

async fn inspections_are_owed_as_often_as_the_grade_asks(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let after = |day: NaiveDate, months| {
        let due = day.checked_add_months(Months::new(months)).expect("a day");
        Some(("prefecture_officer".to_owned(), due))
    };
    assert_eq!(owed(&story).await, None, "provisional: caps instead");
    graded(&story, Grade::C, "T09").await;
    let first = after(story.server.today(), 6);
    assert_eq!(owed(&story).await, first, "twice a year");
    let (_, due) = first.clone().expect("a term");
    wait_until(&story, due);
    let told_of = |how: &str| (INSPECTION.to_owned(), how.to_owned());
    assert!(told(&story, &prefecture).await.contains(&told_of("due")));
    story.server.days_pass(1);
    for who in [&prefecture, story.who("province-1")] {
        assert!(told(&story, who).await.contains(&told_of("overdue")));
    }
    assert_eq!(owed(&story).await, first, "late is late, and told once");

    let inspected = json!({
        "kind": INSPECTION, "favourable": true, "text": "抽查两个班,考勤属实。", "members": ["业务科甲,声明无利害关系"],
    });
    for who in ["county-1", "province-1"] {
        report(&story, story.who(who), &inspected)
            .await
            .problem(403, "forbidden");
    }
    let done = report(&story, &prefecture, &inspected).await.good();
    let last = story.server.today();
    let next = after(last, 6);
    assert_eq!(owed(&story).await, next);
    let (_, due) = next.expect("a term");
    assert_eq!(done["due_on"], json!(due));
    assert!(
        !told(&story, &prefecture)
            .await
            .contains(&told_of("overdue"))
    );

    // A better grade asks for fewer, a worse one for more, and leaves time for what is late by it.
    graded(&story, Grade::A, "T10").await;
    assert_eq!(owed(&story).await, after(last, 24));
    graded(&story, Grade::B, "T10").await;
    let least = |story: &Story| {
        let calendar = &story.server.app.calendar;
        calendar.add_working_days(story.server.today(), 15)
    };
    let (_, due) = after(last, 12).expect("a day");
    let soon = due.max(least(&story));
    let holder = "prefecture_officer".to_owned();
    assert_eq!(owed(&story).await, Some((holder, soon)), "yearly");

    // Suspended it is not inspected by frequency; back, it is again.
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防隐患。" });
    step(&story, story.who("province-1"), stop).await.good();
    assert_eq!(owed(&story).await, None);
    let back = json!({ "transition": "T18", "reason": "隐患已消除。" });
    step(&story, story.who("province-1"), back).await.good();
    assert!(owed(&story).await.is_some());
}

async fn an_inspection_that_found_faults_owes_an_answer(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    graded(&story, Grade::B, "T09").await;
    let inspected = async |favourable: bool| {
        story.server.days_pass(1);
        let request = json!({
            "kind": INSPECTION, "favourable": favourable, "text": "抽查两个班的考勤。", "members": ["业务科甲,声明无利害关系"],
        });
        report(&story, &prefecture, &request).await.good();
    };
    let warn = async || {
        let all = terms(&story).await.into_iter();
        all.filter(|(kind, _, _)| kind == "warn")
            .collect::<Vec<_>>()
    };
    inspected(true).await;
    assert!(warn().await.is_empty());
    inspected(false).await;
    let today = story.server.today();
    let due = story.server.app.calendar.add_working_days(today, 10);
    let owed = ("warn".to_owned(), "province_officer".to_owned(), due);
    assert_eq!(warn().await, [owed]);
    let told_of = ("warn".to_owned(), "overdue".to_owned());
    wait_until(&story, due);
    story.server.days_pass(1);
    assert!(
        told(&story, story.who("province-1"))
            .await
            .contains(&told_of)
    );
    // It is put right, seen by another inspection; the next fault is owed again.
    inspected(true).await;
    assert!(warn().await.is_empty());
    inspected(false).await;
    assert_eq!(warn().await.len(), 1);
    // The warning itself ends it.
    let warning = json!({
        "transition": "T11", "cause": "major_finding", "reason": "检查发现考勤不实。",
        "findings": ["两个班的考勤与实际不符"], "evidence_sha256": HASH,
        "document": document("虚构检〔2026〕1号"),
    });
    step(&story, story.who("province-1"), warning).await.good();
    assert!(warn().await.is_empty());
}

async fn at_grade_c_no_class_adds_places(database: Database) {
    let mut story = Story::ready(database).await;
    story.accepted(3).await;
    let most = story.places;
    // One planned before the grade, with more places than it ever had at once.
    let open = async |story: &Story, places: u32, from: u64| {
        let start = story.server.today() + Days::new(from);
        let request = json!({
            "offer": story.offer, "name": "新班", "start_on": start, "end_on": start + Days::new(14),
            "places": places, "teachers": ["虚构教师"],
        });
        story
            .who("school-1")
            .post("/api/v1/cohorts", &request)
            .await
    };
    let planned = open(&story, most + 1, 600).await.good();
    graded(&story, Grade::C, "T09").await;

    let refused = open(&story, most + 1, 20).await;
    assert_eq!(codes(&refused), ["places-grow"]);
    let problem = refused.problem(409, "places-grow");
    let detail = problem["detail"].as_str().unwrap_or_default();
    for words in [
        "C 级机构不得增加名额",
        &format!("本班最多{most}个"),
        "减少名额",
    ] {
        assert!(detail.contains(words), "{words}: {detail}");
    }
    open(&story, most, 20).await.good();
    // At once is what counts: not on its days, but after them.
    assert_eq!(codes(&open(&story, 1, 25).await), ["places-grow"]);
    open(&story, most, 40).await.good();
    let path = format!(
        "/api/v1/cohorts/{}",
        tests::answer::text(&planned["cohort"])
    );
    let announce = json!({ "act": "announce" });
    let school = story.who("school-1");
    let refused = school.act(&path, "acts", &announce).await;
    assert_eq!(codes(&refused), ["places-grow"]);

    // With a better grade it may grow.
    graded(&story, Grade::B, "T10").await;
    open(&story, most + 1, 25).await.good();
}
