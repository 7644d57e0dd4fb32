//! Causes that nobody acts on: the province owes an answer, and after its silence the nation may act (grading.md 7, T19).

use chrono::Days;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::back::owed;
use super::{HASH, codes, document, file, serve, step, warn};

on_both! {
    a_province_that_leaves_a_dormant_institution_alone_lets_the_nation_propose_its_exit;
    a_survey_that_nobody_sends_is_told;
    a_term_to_rectify_that_runs_out_is_the_provinces_to_answer;
}

async fn look(story: &Story) {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("the job runs");
}

async fn count(story: &Story, kind: &str) -> usize {
    let all = owed(story).await;
    all.iter().filter(|(one, _)| one == kind).count()
}

async fn a_province_that_leaves_a_dormant_institution_alone_lets_the_nation_propose_its_exit(
    database: Database,
) {
    let story = Story::ready(database).await;
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 0);
    story.server.days_pass(740);
    look(&story).await;
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 1, "once");
    let national = story.who("national-1");
    let exit = json!({
        "transition": "T19", "cause": "dormant", "reason": "长期未开班。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2028〕1号"), "hearing": "可申请听证。",
    });
    let early = step(&story, national, exit.clone()).await;
    assert_eq!(codes(&early), ["province-may-act"]);
    // The province hears of it, then the nation.
    story.server.days_pass(20);
    look(&story).await;
    for who in ["province-1", "national-1"] {
        let alarms = story.who(who).get("/api/v1/alarms").await.good();
        let told = alarms.as_array().into_iter().flatten();
        let told: Vec<(String, String)> = told
            .map(|one| (text(&one["act"]), text(&one["kind"])))
            .collect();
        assert!(
            told.contains(&("exit".to_owned(), "overdue".to_owned())),
            "{who}: {told:?}"
        );
    }
    story.server.days_pass(60);
    let waiting = step(&story, national, exit).await.good();
    let done = story.approve("national-2", &waiting).await;
    assert_eq!(done["outcome"]["state"], "exit_notice");
    assert_eq!(count(&story, "exit").await, 0, "the act ends it");
    // Not upheld: decided, and not owed again for the same cause.
    let kept = json!({ "transition": "T21", "reason": "已恢复开班。" });
    step(&story, story.who("province-1"), kept).await.good();
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 0);
}

async fn a_term_to_rectify_that_runs_out_is_the_provinces_to_answer(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    warn(&story, province).await;
    serve(&story, province, "T11").await;
    let reply = json!({ "kind": "reply", "text": "正在整改消防通道。" });
    file(&story, story.who("school-1"), reply).await.good();
    let until = story.server.today() + Days::new(30);
    let order = json!({
        "transition": "T13", "cause": "reply_not_accepted", "reason": "说明不充分。",
        "findings": ["消防通道"], "until": until,
    });
    step(&story, province, order).await.good();
    story.server.days_pass(30);
    look(&story).await;
    assert_eq!(
        count(&story, "exit").await,
        0,
        "the last day is the school's"
    );
    story.server.days_pass(1);
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 1);
    let stop = json!({ "transition": "T15", "cause": "term_over", "reason": "期满未整改。" });
    let done: Value = super::by_two(&story, stop).await;
    assert_eq!(done["outcome"]["state"], "suspended");
    assert_eq!(count(&story, "exit").await, 0);
}

async fn a_survey_that_nobody_sends_is_told(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(3).await;
    story.server.days_pass(20);
    look(&story).await;
    let county = story.who("county-1");
    let overdue = async || {
        let rows = county.get("/api/v1/alarms").await.good();
        let rows = rows.as_array().into_iter().flatten();
        rows.filter(|one| one["act"] == "survey_send" && one["kind"] == "overdue")
            .count()
    };
    assert_eq!(overdue().await, 1);
    let send = format!("/api/v1/cohorts/{cohort}/survey");
    county.post(&send, &json!({})).await.good();
    assert_eq!(overdue().await, 0);
}
