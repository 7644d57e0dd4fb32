//! Decisions that fall alone, while they are stayed, or by an appeal; what varies them, and what ends a stay (grading.md 7).

use chrono::{Days, NaiveDate};
use domain::ids::LeafIndex;
use domain::institution::{Grade, ResultKind, ResultRow};
use serde_json::{Value, json};
use store::cases::{decisions, results};
use store::grading::publications::{self, Publication, PublicationState};
use tests::answer::text;
use tests::story::PROVINCE;
use tests::{Answer, Database, Story, on_both};

use super::back::{objected, ordered, owed};
use super::causes::entered;
use super::{
    HASH, admission, annual, appeal_act, by_two, codes, decided, document, lodge, serve, step, warn,
};

on_both! {
    a_warning_that_falls_on_appeal_leaves_the_stop_that_came_after;
    a_stop_that_is_not_confirmed_leads_back_to_before_the_warning_that_fell;
    a_grade_that_was_set_aside_while_stayed_has_no_effect_again;
    a_suspension_that_was_set_aside_while_stayed_has_no_effect_again;
    a_variation_is_no_longer_and_no_worse_than_the_decision;
    a_grade_is_varied_to_a_better_one;
    a_withdrawn_appeal_ends_the_stay;
    an_inadmissible_appeal_ends_the_stay;
    two_grades_of_d_are_two_that_were_decided;
    a_d_counts_from_when_the_objection_to_it_is_dismissed;
    a_d_counts_for_nothing_once_an_objection_to_it_is_accepted;
    a_d_that_is_only_shown_brings_no_decided_cause_back;
}

/// Whether the newest decision of this kind was set aside.
async fn undone(story: &Story, act: &str) -> bool {
    let path = format!("/api/v1/institutions/{}/timeline", story.admission);
    let timeline = story.who("province-1").get(&path).await.good();
    let all = timeline.as_array().expect("a list");
    let leaves = all.iter().filter(|one| one["act"] == act);
    let leaf = leaves.filter_map(|one| one["leaf_index"].as_u64()).max();
    let leaf = LeafIndex(leaf.expect("a leaf"));
    let told = decisions::told(story.server.app.store.reader(), leaf).await;
    told.expect("read").expect("a decision").undone
}

/// Stopped at once; the second person has not confirmed yet.
async fn stopped(story: &Story) -> Value {
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防隐患。" });
    step(story, story.who("province-1"), stop).await.good()
}

async fn set_aside(story: &Story, act: &str) -> Value {
    let aside = json!({
        "transition": "T25", "cause": "own_correction", "reason": "认定有误。",
        "document": document("残联撤〔2026〕3号"), "sets_aside": act,
    });
    by_two(story, aside).await
}

/// Accepted and heard: the nation may decide.
async fn heard(story: &Story, appeal: &Value) -> String {
    let id = text(&appeal["id"]);
    for act in ["accept", "hear"] {
        let request = json!({ "act": act, "reason": "书面审理。" });
        appeal_act(story.who("national-1"), &id, request)
            .await
            .good();
    }
    id
}

async fn vary(story: &Story, id: &str, variation: Value) -> Answer {
    let varied = json!({
        "act": "decide", "outcome": "varied", "reason": "变更原决定。", "document": document("申复〔2026〕4号"),
        "variation": variation,
    });
    appeal_act(story.who("national-1"), id, varied).await
}

async fn withdraw(story: &Story, appeal: &Value) -> Value {
    let request = json!({ "act": "withdraw" });
    let id = text(&appeal["id"]);
    appeal_act(story.who("school-1"), &id, request).await.good()
}

/// A first grade, and another one in the year after.
async fn graded(story: &Story, first: Grade, second: Grade) {
    annual(story, first).await;
    by_two(story, json!({ "transition": "T09" })).await;
    annual(story, second).await;
    by_two(story, json!({ "transition": "T10" })).await;
    assert_eq!(admission(story).await["grade"], second.as_str());
}

/// Ordered to rectify, and suspended after the term.
async fn suspended(story: &Story) {
    let until = ordered(story).await;
    let days = (until - story.server.today()).num_days();
    story.server.days_pass(days + 1);
    let stop = json!({ "transition": "T15", "cause": "term_over", "reason": "期满未整改。" });
    let done = by_two(story, stop).await;
    assert_eq!(done["outcome"]["state"], "suspended");
}

/// Warned, with an appeal against it, and stopped at once meanwhile: the appeal and the stop's receipt.
async fn stopped_under_appeal(story: &Story) -> (Value, Value) {
    let province = story.who("province-1");
    warn(story, province).await;
    serve(story, province, "T11").await;
    let appeal = lodge(story, "T11").await;
    (appeal, stopped(story).await)
}

async fn a_warning_that_falls_on_appeal_leaves_the_stop_that_came_after(database: Database) {
    let story = Story::ready(database).await;
    let (appeal, receipt) = stopped_under_appeal(&story).await;
    story.approve("province-2", &receipt).await;
    let upheld = decided(&story, &appeal, "upheld").await;
    assert_eq!(
        (&upheld["state"], &upheld["admission_state"]),
        (&json!("executed"), &json!("suspended"))
    );
    assert_eq!(admission(&story).await["state"], "suspended");
    assert!(undone(&story, "T11").await);
    assert!(!undone(&story, "T16").await);
    // The stop has grounds of its own. Without it the state is the one before the warning.
    let done = set_aside(&story, "T16").await;
    assert_eq!(done["outcome"]["state"], "provisional");
    assert!(undone(&story, "T16").await);
}

async fn a_stop_that_is_not_confirmed_leads_back_to_before_the_warning_that_fell(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (appeal, receipt) = stopped_under_appeal(&story).await;
    decided(&story, &appeal, "upheld").await;
    assert_eq!(admission(&story).await["state"], "suspended");
    let path = format!("/api/v1/proposals/{}/refuse", text(&receipt["proposal_id"]));
    let reason = json!({ "reason": "不属紧急情形。" });
    story.who("province-2").post(&path, &reason).await.good();
    assert_eq!(admission(&story).await["state"], "provisional");
}

async fn a_grade_that_was_set_aside_while_stayed_has_no_effect_again(database: Database) {
    let story = Story::ready(database).await;
    graded(&story, Grade::C, Grade::D).await;
    let appeal = lodge(&story, "T10").await;
    assert_eq!(appeal["stayed"], true);
    assert_eq!(admission(&story).await["grade"], "C");
    set_aside(&story, "T10").await;
    let now = admission(&story).await;
    assert_eq!((&now["grade"], &now["stayed"]), (&json!("C"), &Value::Null));
    assert!(undone(&story, "T10").await);
    let back = withdraw(&story, &appeal).await;
    assert_eq!(
        (&back["state"], &back["stayed"], &back["admission_state"]),
        (&json!("withdrawn"), &json!(false), &json!("graded"))
    );
    assert_eq!(admission(&story).await["grade"], "C");
}

async fn a_suspension_that_was_set_aside_while_stayed_has_no_effect_again(database: Database) {
    let story = Story::ready(database).await;
    suspended(&story).await;
    let appeal = lodge(&story, "T15").await;
    assert_eq!(
        (&appeal["stayed"], &appeal["admission_state"]),
        (&json!(true), &json!("rectifying"))
    );
    let done = set_aside(&story, "T15").await;
    assert_eq!(done["outcome"]["state"], "rectifying");
    assert!(undone(&story, "T15").await);
    let back = withdraw(&story, &appeal).await;
    assert_eq!(back["admission_state"], "rectifying");
    let now = admission(&story).await;
    assert_eq!(
        (&now["state"], &now["stayed"]),
        (&json!("rectifying"), &Value::Null)
    );
}

async fn a_variation_is_no_longer_and_no_worse_than_the_decision(database: Database) {
    let story = Story::ready(database).await;
    let out = ["variation-out-of-bounds"];
    // An order to rectify: neither shorter than ordered, nor longer than the policy's most.
    let until = ordered(&story).await;
    let on = story.server.today();
    let appeal = lodge(&story, "T13").await;
    let id = heard(&story, &appeal).await;
    for day in [until - Days::new(1), on + Days::new(140)] {
        let refused = vary(&story, &id, json!({ "until": day })).await;
        assert_eq!(codes(&refused), out, "{day}");
    }
    let longer = until + Days::new(20);
    vary(&story, &id, json!({ "until": longer })).await.good();
    assert_eq!(admission(&story).await["due_on"], json!(longer));
    // An emergency stop: shortened alone.
    let receipt = stopped(&story).await;
    story.approve("province-2", &receipt).await;
    let end: NaiveDate = text(&admission(&story).await["suspended_until"])
        .parse()
        .expect("a day");
    let appeal = lodge(&story, "T16").await;
    let id = heard(&story, &appeal).await;
    let later = json!({ "until": end + Days::new(1) });
    assert_eq!(codes(&vary(&story, &id, later).await), out);
    let sooner = end - Days::new(1);
    vary(&story, &id, json!({ "until": sooner })).await.good();
    assert_eq!(admission(&story).await["suspended_until"], json!(sooner));
}

async fn a_grade_is_varied_to_a_better_one(database: Database) {
    let story = Story::ready(database).await;
    graded(&story, Grade::B, Grade::C).await;
    let appeal = lodge(&story, "T10").await;
    let id = heard(&story, &appeal).await;
    let worse = vary(&story, &id, json!({ "new_grade": "D" })).await;
    assert_eq!(codes(&worse), ["variation-out-of-bounds"]);
    let better = json!({ "new_grade": "B" });
    vary(&story, &id, better).await.good();
    assert_eq!(admission(&story).await["grade"], "B");
}

async fn a_withdrawn_appeal_ends_the_stay(database: Database) {
    let story = Story::ready(database).await;
    suspended(&story).await;
    let appeal = lodge(&story, "T15").await;
    assert_eq!(appeal["admission_state"], "rectifying");
    let back = withdraw(&story, &appeal).await;
    assert_eq!(
        (&back["state"], &back["stayed"], &back["admission_state"]),
        (&json!("withdrawn"), &json!(false), &json!("suspended"))
    );
    assert_eq!(admission(&story).await["state"], "suspended");
    assert!(!undone(&story, "T15").await);
}

async fn an_inadmissible_appeal_ends_the_stay(database: Database) {
    let story = Story::ready(database).await;
    graded(&story, Grade::C, Grade::D).await;
    let appeal = lodge(&story, "T10").await;
    assert_eq!(admission(&story).await["grade"], "C");
    let refuse = json!({ "act": "refuse", "reason": "不属受理范围。" });
    let id = text(&appeal["id"]);
    let refused = appeal_act(story.who("national-1"), &id, refuse)
        .await
        .good();
    assert_eq!(
        (&refused["state"], &refused["stayed"]),
        (&json!("inadmissible"), &json!(false))
    );
    let now = admission(&story).await;
    assert_eq!((&now["grade"], &now["stayed"]), (&json!("D"), &Value::Null));
    assert!(!undone(&story, "T10").await);
}

fn d_twice() -> Value {
    json!({
        "transition": "T19", "cause": "d_twice", "reason": "连续两年为 D。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕7号"), "hearing": "可申请听证。",
    })
}

async fn two_grades_of_d_are_two_that_were_decided(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    annual(&story, Grade::D).await;
    by_two(&story, json!({ "transition": "T09" })).await;
    // Its notice is over; nobody decided or published it.
    annual(&story, Grade::D).await;
    let exit = d_twice();
    let early = step(&story, province, exit.clone()).await;
    assert_eq!(codes(&early), ["not-d-twice"]);
    by_two(&story, json!({ "transition": "T10" })).await;
    let done = by_two(&story, exit).await;
    assert_eq!(done["outcome"]["state"], "exit_notice");
}

/// A D in two years, the second one published with an objection that nobody has decided yet.
async fn d_under_objection(story: &Story) -> String {
    annual(story, Grade::D).await;
    by_two(story, json!({ "transition": "T09" })).await;
    annual(story, Grade::D).await;
    let objection = objected(story).await;
    let app = &story.server.app;
    let id = story.admission.parse().expect("an id");
    let all = results::of(app.store.reader(), id).await.expect("results");
    let newest = all.last().expect("a result");
    let published = Publication {
        id: app.random.id(app.now()),
        run: newest.run,
        federation: PROVINCE.to_owned(),
        freeze_on: newest.row.freeze_on,
        state: PublicationState::Published,
        figures_until: newest.shown_on,
        notice_until: newest.notice_until,
        published_on: Some(story.server.today()),
        published_at: Some(app.now()),
        revision: 1,
    };
    let tx = app.store.write().await.expect("a transaction");
    publications::insert(&tx, &published)
        .await
        .expect("written");
    store::commit(tx).await.expect("committed");
    let early = step(story, story.who("province-1"), d_twice()).await;
    assert_eq!(codes(&early), ["not-d-twice"]);
    objection
}

pub(super) async fn answered(story: &Story, objection: &str, accepted: bool) {
    let path = format!("/api/v1/objections/{objection}/decision");
    let answer = json!({ "accepted": accepted, "answer": "经现场核对,答复如下。" });
    let province = story.who("province-1");
    province.post(&path, &answer).await.good();
}

/// Whether the province owes a proposal to exit.
async fn exit_is_owed(story: &Story) -> bool {
    owed(story).await.iter().any(|(kind, _)| kind == "exit")
}

async fn a_d_counts_from_when_the_objection_to_it_is_dismissed(database: Database) {
    let story = Story::ready(database).await;
    let objection = d_under_objection(&story).await;
    assert!(!exit_is_owed(&story).await);
    answered(&story, &objection, false).await;
    assert!(exit_is_owed(&story).await);
    let done = by_two(&story, d_twice()).await;
    assert_eq!(done["outcome"]["state"], "exit_notice");
}

async fn a_d_counts_for_nothing_once_an_objection_to_it_is_accepted(database: Database) {
    let story = Story::ready(database).await;
    let objection = d_under_objection(&story).await;
    answered(&story, &objection, true).await;
    assert!(!exit_is_owed(&story).await);
    let refused = step(&story, story.who("province-1"), d_twice()).await;
    assert_eq!(codes(&refused), ["not-d-twice"]);
}

async fn a_d_that_is_only_shown_brings_no_decided_cause_back(database: Database) {
    let story = Story::ready(database).await;
    graded(&story, Grade::D, Grade::D).await;
    by_two(&story, d_twice()).await;
    let kept = json!({ "transition": "T21", "reason": "已有改进。" });
    let kept = step(&story, story.who("province-2"), kept).await.good();
    assert_eq!(kept["state"], "graded");
    story.server.days_pass(3);
    let shown = ResultRow {
        kind: ResultKind::Annual,
        freeze_on: story.server.today(),
        grade: Some(Grade::D),
        emp_sig_low: false,
        sat_milli: None,
        sat_suspended: false,
        decided: false,
    };
    entered(&story, shown, 3).await;
    // The causes are looked at with every decision of an objection.
    let objection = objected(&story).await;
    answered(&story, &objection, false).await;
    assert!(!exit_is_owed(&story).await);
}
