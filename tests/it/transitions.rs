//! Steps of the table of grading.md 7 that no other story takes: completion, rectification that succeeds, another attempt,
//! appeals against T11 and T13, a new application after a refusal, classes that end after the exit.

use serde_json::{Value, json};
use store::cases::terms;
use tests::answer::text;
use tests::story::{CREDIT_CODE, HOURS};
use tests::{Client, Database, Story, on_both};

use crate::cases::{
    HASH, PREFECTURE, admission, appeal_act, by_two, case, codes, decided, document, file, hire,
    lodge, running, serve, step, warn,
};

on_both! {
    a_returned_application_is_completed_and_a_refused_one_follows_its_old_record;
    a_rectification_is_accepted_after_inspection_and_another_attempt_is_allowed_once;
    an_appeal_sets_a_warning_aside_and_another_moves_the_term_of_an_order;
    classes_are_taught_or_ended_with_credit_after_the_exit;
}

async fn a_returned_application_is_completed_and_a_refused_one_follows_its_old_record(
    database: Database,
) {
    let story = Story::applied(database).await;
    let (county, school) = (story.who("county-1"), story.who("school-1"));
    let ask = json!({ "transition": "T02", "reason": "请补充场地证明。" });
    assert_eq!(
        step(&story, county, ask.clone()).await.good()["state"],
        "returned"
    );
    let complete =
        json!({ "transition": "T03", "address": "虚构路 2 号", "phone": "0571-00000000" });
    step(&story, county, complete.clone())
        .await
        .problem(403, "forbidden");
    assert_eq!(
        step(&story, school, complete).await.good()["state"],
        "applied"
    );
    assert_eq!(admission(&story).await["address"], "虚构路 2 号");
    // Completion is asked for once.
    assert_eq!(codes(&step(&story, county, ask).await), ["returned-before"]);
    step(&story, county, json!({ "transition": "T04" }))
        .await
        .good();
    let refuse = json!({ "transition": "T05", "reason": "教师不符合条件。" });
    let refused = step(&story, story.who("province-1"), refuse).await.good();
    assert_eq!(refused["state"], "rejected");

    // Sixty days later it applies again, and the new record names the old one.
    let request = tests::story::application(CREDIT_CODE);
    let early = school.post("/api/v1/institutions", &request).await;
    early.problem(409, "transition-refused");
    assert_eq!(codes(&early), ["barred"]);
    story.server.days_pass(61);
    let again = school.post("/api/v1/institutions", &request).await.good();
    assert_eq!(again["state"], "applied");
    let path = format!("/api/v1/institutions/{}", text(&again["id"]));
    let new = school.get(&path).await.good();
    assert_eq!(new["previous"], json!(story.admission));
    let timeline = school.get(&format!("{path}/timeline")).await.good();
    assert_eq!(timeline[0]["act"], "T24");
}

/// Ordered to rectify after a reply that was not accepted; the plan and the report are in.
async fn rectifying(story: &Story, prefecture: &Client) {
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    warn(story, prefecture).await;
    serve(story, prefecture, "T11").await;
    let reply = json!({ "kind": "reply", "text": "通道已清理。" });
    file(story, school, reply).await.good();
    let until = story.server.today() + chrono::Days::new(60);
    let order = json!({
        "transition": "T13", "cause": "reply_not_accepted", "reason": "说明不充分。", "findings": ["消防通道"], "until": until,
    });
    step(story, province, order).await.good();
    serve(story, province, "T13").await;
    papers(story).await;
}

async fn papers(story: &Story) {
    for (kind, words) in [
        ("plan", "整改方案:拓宽通道。"),
        ("report", "整改报告:已完成。"),
    ] {
        let paper = json!({ "kind": kind, "text": words });
        file(story, story.who("school-1"), paper).await.good();
    }
}

async fn inspect(story: &Story, prefecture: &Client, passed: bool) {
    let inspection = json!({
        "kind": "inspection", "text": "现场检查记录。", "passed": passed, "members": ["市残联经办岗,无利害关系"],
    });
    file(story, prefecture, inspection).await.good();
}

async fn a_rectification_is_accepted_after_inspection_and_another_attempt_is_allowed_once(
    database: Database,
) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let province = story.who("province-1");
    let accept = json!({ "transition": "T14" });
    rectifying(&story, &prefecture).await;
    assert_eq!(
        codes(&step(&story, province, accept.clone()).await),
        ["inspection-missing"]
    );
    inspect(&story, &prefecture, true).await;
    let accepted = step(&story, province, accept.clone()).await.good();
    assert_eq!(accepted["state"], "provisional");
    let closed = case(&story).await;
    assert_eq!(
        (&closed["state"], &closed["stage"]),
        (&json!("closed"), &json!("T14"))
    );

    // The next time it fails, is suspended, gets another attempt, and succeeds.
    rectifying(&story, &prefecture).await;
    inspect(&story, &prefecture, false).await;
    let stop =
        json!({ "transition": "T15", "cause": "inspection_failed", "reason": "检查不合格。" });
    assert_eq!(
        by_two(&story, stop.clone()).await["outcome"]["state"],
        "suspended"
    );
    let until = story.server.today() + chrono::Days::new(30);
    let again = json!({ "transition": "T17", "reason": "再给一次机会。", "findings": ["消防通道"], "until": until });
    let allowed = step(&story, province, again.clone()).await.good();
    assert_eq!(allowed["state"], "rectifying");
    papers(&story).await;
    inspect(&story, &prefecture, false).await;
    by_two(&story, stop).await;
    assert_eq!(
        codes(&step(&story, province, again).await),
        ["attempt-used"]
    );
    let resume = json!({ "transition": "T18", "reason": "已整改到位。" });
    assert_eq!(
        step(&story, province, resume).await.good()["state"],
        "provisional"
    );
}

async fn an_appeal_sets_a_warning_aside_and_another_moves_the_term_of_an_order(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    warn(&story, province).await;
    serve(&story, province, "T11").await;
    let appeal = lodge(&story, "T11").await;
    assert_eq!(
        (&appeal["stayed"], &appeal["admission_state"]),
        (&json!(false), &json!("warned")),
        "a warning is not stayed"
    );
    let upheld = decided(&story, &appeal, "upheld").await;
    assert_eq!(
        (&upheld["state"], &upheld["admission_state"]),
        (&json!("executed"), &json!("provisional"))
    );
    assert_eq!(case(&story).await["state"], "closed");

    // An order to rectify: its term is varied.
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    rectifying(&story, &prefecture).await;
    let appeal = lodge(&story, "T13").await;
    assert_eq!(appeal["stayed"], false);
    let (id, judge) = (text(&appeal["id"]), story.who("national-1"));
    for act in ["accept", "hear"] {
        let request = json!({ "act": act, "reason": "书面审理。" });
        appeal_act(judge, &id, request).await.good();
    }
    let until = story.server.today() + chrono::Days::new(80);
    let varied = json!({
        "act": "decide", "outcome": "varied", "reason": "期限过短。", "document": document("申复〔2026〕3号"),
        "variation": { "until": until },
    });
    appeal_act(judge, &id, varied).await.good();
    assert_eq!(admission(&story).await["due_on"], json!(until));
    assert_eq!(case(&story).await["term_until"], json!(until));
}

async fn owes(story: &Story, kind: &str) -> bool {
    let id = story.admission.parse().expect("an id");
    let open = terms::open_of_admission(story.server.app.store.reader(), id).await;
    open.expect("terms").iter().any(|term| term.kind == kind)
}

async fn classes_are_taught_or_ended_with_credit_after_the_exit(database: Database) {
    let story = Story::ready(database).await;
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    let late = running(&story, 700, HOURS / 2).await;
    let early = running(&story, 800, 2).await;
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "办学许可证已注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("注〔2026〕1号"), "hearing": "可申请听证。",
        "arrangements": [{ "cohort": late, "plan": "teach_out" }, { "cohort": early, "plan": "end_with_credit" }],
    });
    by_two(&story, exit).await;
    serve(&story, province, "T19").await;
    let waiver = json!({ "kind": "hearing_waiver", "text": "不申请听证。" });
    file(&story, school, waiver).await.good();
    story.server.days_pass(20);
    let leave = json!({
        "transition": "T20", "reason": "办学许可证已注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕6号"), "document": document("残联决〔2026〕11号"),
    });
    assert_eq!(by_two(&story, leave).await["outcome"]["state"], "exited");
    assert!(owes(&story, "teach_out").await && owes(&story, "end_with_credit").await);
    // What was planned is carried out after the exit; nothing is owed then.
    story.cohort_act("county-1", &early, "terminate").await;
    assert!(!owes(&story, "end_with_credit").await);
    let members = story.enrolments(&early).await;
    assert!(
        members.iter().all(|one| one["state"] == "withdrawn"),
        "{members:?}"
    );
    let kept = school.get(&format!("/api/v1/cohorts/{early}")).await.good();
    assert_eq!(
        (&kept["state"], &kept["hours_taught"]),
        (&json!("terminated"), &json!(2))
    );
    story.teach_out(&late).await;
    assert!(!owes(&story, "teach_out").await);
    let done: Value = school.get(&format!("/api/v1/cohorts/{late}")).await.good();
    assert_eq!(done["state"], "finished");
    // Who was taught to the end gets a certificate like any other.
    story.accept(&late).await;
    let issued = story.issue(&late).await;
    let id = text(&issued["certificates"][0]["id"]);
    assert_eq!(
        crate::trust::verdict(&story, &id, "institution").await,
        ("valid".to_owned(), "institution_apart".to_owned())
    );
}
