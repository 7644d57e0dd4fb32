//! What whole federations owe, what is kept of who objected, and two stays at once (grading.md 2 and 7, workflow.md 5, 8).

use chrono::{Days, NaiveDate};
use domain::institution::Grade;
use serde_json::{Value, json};
use store::objections::{self, Objection};
use tests::answer::text;
use tests::{Database, Story, on_both};

use crate::cases::{admission, annual, by_two, decided, lodge, serve, step, warn};

on_both! {
    a_freeze_without_a_run_and_results_that_nobody_publishes_are_due;
    a_quarter_that_ended_without_a_run_is_due_to_the_nation;
    an_objection_to_a_bulletin_of_a_run_that_nobody_answers_is_overdue;
    who_sent_an_objection_is_dropped_when_its_time_is_over;
    a_stay_of_the_suspension_holds_beside_one_of_the_grade;
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn wait_until(story: &Story, until: NaiveDate) {
    let days = (until - story.server.today()).num_days();
    story.server.days_pass(days.max(0));
}

/// Due acts without an admission, as somebody sees them: kind and act.
async fn owed(story: &Story, who: &str) -> Vec<(String, String)> {
    let all = story.who(who).get("/api/v1/alarms").await.good();
    all.as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["admission"] == "" && one["act"] != "quarterly_run")
        .map(|one| (text(&one["kind"]), text(&one["act"])))
        .collect()
}

fn overdue(act: &str) -> (String, String) {
    ("overdue".to_owned(), act.to_owned())
}

async fn a_freeze_without_a_run_and_results_that_nobody_publishes_are_due(database: Database) {
    let mut story = Story::ready(database).await;
    story.accepted(3).await;
    // The annual freeze that comes next; before it nothing is owed, for no class had ended by the one before.
    let today = story.server.today();
    let this_year = today.format("%Y-03-31").to_string();
    let mut freeze = day(&this_year);
    if freeze < today {
        freeze = freeze
            .checked_add_months(chrono::Months::new(12))
            .expect("a day");
    }
    assert!(owed(&story, "national-1").await.is_empty());
    wait_until(&story, freeze + Days::new(30));
    assert_eq!(owed(&story, "national-1").await, [overdue("annual_run")]);
    assert!(owed(&story, "province-1").await.is_empty());
    let request = json!({ "kind": "annual", "freeze_on": freeze });
    let national = story.who("national-1");
    let run = national
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    assert!(owed(&story, "national-1").await.is_empty());
    // Results are out by the end of June.
    let results = freeze + Days::new(91);
    wait_until(&story, results - Days::new(1));
    let due = [("due".to_owned(), "results_figures".to_owned())];
    assert_eq!(owed(&story, "province-1").await, due);
    assert!(owed(&story, "national-1").await.is_empty());
    wait_until(&story, results + Days::new(1));
    let late = [overdue("results_figures")];
    assert_eq!(owed(&story, "province-1").await, late);
    assert_eq!(owed(&story, "national-1").await, late, "the next level");
    assert!(owed(&story, "other-province").await.is_empty());
    assert!(owed(&story, "county-1").await.is_empty());
    let path = format!("/api/v1/grading-runs/{}/publications", text(&run["run"]));
    let province = story.who("province-1");
    let opened = province.post(&path, &json!({})).await.good();
    let figures = day(&text(&opened["figures_until"]));
    assert!(owed(&story, "province-1").await.is_empty());
    wait_until(&story, figures + Days::new(1));
    assert_eq!(
        owed(&story, "province-1").await,
        [overdue("results_notice")]
    );
    let resource = format!("/api/v1/grade-publications/{}", text(&opened["id"]));
    let act = async |name: &str| {
        let request = json!({ "act": name });
        province.act(&resource, "acts", &request).await.good()
    };
    let noticed = act("open_notice").await;
    let until = day(&text(&noticed["notice_until"]));
    wait_until(&story, until + Days::new(1));
    assert_eq!(
        owed(&story, "province-1").await,
        [overdue("results_publish")]
    );
    let waiting = act("publish").await;
    let path = format!(
        "/api/v1/proposals/{}/approve",
        text(&waiting["proposal_id"])
    );
    story.who("province-2").post(&path, &json!({})).await.good();
    assert!(owed(&story, "province-1").await.is_empty());
}

async fn a_quarter_that_ended_without_a_run_is_due_to_the_nation(database: Database) {
    let mut story = Story::ready(database).await;
    story.accepted(3).await;
    let freeze = story.server.quarter_end();
    let due = story.server.app.calendar.add_working_days(freeze, 10);
    let duty = async |who: &str| {
        let all = story.who(who).get("/api/v1/alarms").await.good();
        let rows = all.as_array().into_iter().flatten();
        let own = rows.filter(|one| one["act"] == "quarterly_run");
        own.map(|one| (text(&one["kind"]), text(&one["due_on"])))
            .collect::<Vec<_>>()
    };
    let told = |how: &str| [(how.to_owned(), due.to_string())];
    assert!(duty("national-1").await.is_empty(), "ten working days");
    wait_until(&story, due);
    assert_eq!(duty("national-1").await, told("due"));
    wait_until(&story, due + Days::new(1));
    assert_eq!(duty("national-1").await, told("overdue"));
    for who in ["province-1", "county-1", "school-1"] {
        assert!(duty(who).await.is_empty(), "{who}: the nation freezes");
    }
    let request = json!({ "kind": "quarterly", "freeze_on": freeze });
    let national = story.who("national-1");
    national
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    assert!(duty("national-1").await.is_empty());
}

async fn objected(story: &Story, sender: bool) -> String {
    let request = json!({ "kind": "admission_notice", "title": "入库公示",
        "decision": crate::bulletins::leaf(story, "T06").await });
    let (id, number) = crate::bulletins::noticed(story, &request).await;
    let path = format!("/api/v1/notices/{number}/objections");
    let mut words = json!({ "text": "公示的场地地址与实际不符。" });
    if sender {
        words["name"] = "虚构人".into();
        words["contact"] = "010-00000000".into();
    }
    story.who("anybody").post(&path, &words).await.good();
    id
}

async fn an_objection_to_a_bulletin_of_a_run_that_nobody_answers_is_overdue(database: Database) {
    let story = Story::ready(database).await;
    let bulletin = objected(&story, false).await;
    assert!(
        owed(&story, "province-1").await.is_empty(),
        "a decision has its term on the admission"
    );
    // One to a bulletin of a run has no admission to keep a term.
    let app = &story.server.app;
    let due = story.server.today() + Days::new(7);
    let objection = Objection {
        id: app.random.id(app.now()).into(),
        object_kind: "bulletin".to_owned(),
        object_id: bulletin.parse().expect("an id"),
        text: "名次与得分不符。".to_owned(),
        raised_at: app.now(),
        state: "open".to_owned(),
        answer: None,
        number: Some("Y33-TEST".to_owned()),
        sender_enc: None,
        answer_due: Some(due),
    };
    let tx = app.store.write().await.expect("a transaction");
    objections::insert(&tx, &objection).await.expect("written");
    store::commit(tx).await.expect("committed");
    wait_until(&story, due + Days::new(1));
    let late = [overdue("bulletin_objection")];
    assert_eq!(owed(&story, "province-1").await, late);
    assert_eq!(owed(&story, "national-1").await, late);
    let path = format!("/api/v1/objections/{}/decision", objection.id);
    let answer = json!({ "accepted": false, "answer": "经核对无误。" });
    story.who("province-1").post(&path, &answer).await.good();
    assert!(owed(&story, "province-1").await.is_empty());
}

async fn who_sent_an_objection_is_dropped_when_its_time_is_over(database: Database) {
    let story = Story::ready(database).await;
    let bulletin = objected(&story, true).await;
    let list = format!("/api/v1/bulletins/{bulletin}/objections");
    let province = story.who("province-1");
    let sender = async || province.get(&list).await.good()[0]["name"].clone();
    let app = &story.server.app;
    let run = async || {
        let done = api::privacy::retention::run(app, false).await;
        done.expect("a run").objectors
    };
    story.server.days_pass(400);
    assert_eq!(run().await, 0, "not before it is answered");
    assert_eq!(sender().await, "虚构人");
    let seen = province.get(&list).await.good();
    let path = format!("/api/v1/objections/{}/decision", text(&seen[0]["id"]));
    let answer = json!({ "accepted": false, "answer": "经核对地址无误。" });
    province.post(&path, &answer).await.good();
    let days = i64::from(app.privacy.privacy.objector_days);
    story.server.days_pass(days);
    assert_eq!(run().await, 0);
    story.server.days_pass(1);
    assert_eq!(run().await, 1);
    assert_eq!(run().await, 0);
    assert_eq!(sender().await, Value::Null);
    let seen = province.get(&list).await.good();
    assert_eq!(seen[0]["answer"], "经核对地址无误。", "the answer stays");
}

async fn a_stay_of_the_suspension_holds_beside_one_of_the_grade(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    annual(&story, Grade::C).await;
    by_two(&story, json!({ "transition": "T09" })).await;
    annual(&story, Grade::D).await;
    by_two(&story, json!({ "transition": "T10" })).await;
    serve(&story, province, "T10").await;
    let of_grade = lodge(&story, "T10").await;
    assert_eq!(of_grade["stayed"], true);
    // What does not rest on the grade goes on, to a suspension.
    warn(&story, province).await;
    serve(&story, province, "T11").await;
    story.server.days_pass(20);
    let order = json!({ "transition": "T13", "cause": "reply_missing", "reason": "逾期未说明。",
        "findings": ["补充就业跟踪"], "until": story.server.today() + Days::new(60) });
    step(&story, province, order).await.good();
    serve(&story, province, "T13").await;
    story.server.days_pass(20);
    let stop = json!({ "transition": "T15", "cause": "plan_missing", "reason": "未交整改方案。" });
    by_two(&story, stop).await;
    let of_state = lodge(&story, "T15").await;
    assert_eq!(
        (&of_state["stayed"], &of_state["admission_state"]),
        (&json!(true), &json!("rectifying")),
        "both hold"
    );
    let now = admission(&story).await;
    assert_eq!(
        (&now["grade"], &now["stayed"]),
        (&json!("C"), &json!("T15"))
    );
    // The one of the grade ends, the other goes on.
    decided(&story, &of_grade, "dismissed").await;
    let now = admission(&story).await;
    assert_eq!(
        (&now["grade"], &now["stayed"], &now["state"]),
        (&json!("D"), &json!("T15"), &json!("rectifying"))
    );
    decided(&story, &of_state, "dismissed").await;
    let now = admission(&story).await;
    assert_eq!(
        (&now["stayed"], &now["state"]),
        (&Value::Null, &json!("suspended"))
    );
}
