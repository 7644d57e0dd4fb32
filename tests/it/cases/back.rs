//! States that come back, with what is owed in them; what ends an emergency stop; which decision can be set aside.

use chrono::{Days, NaiveDate};
use domain::institution::Grade;
use serde_json::{Value, json};
use store::cases::{exit, terms};
use tests::answer::text;
use tests::story::{HOURS, PROVINCE};
use tests::{Database, Story, on_both};

use super::{
    HASH, admission, annual, by_two, codes, decided, document, file, hire, lodge, running, serve,
    step, warn,
};

on_both! {
    what_is_owed_comes_back_with_the_state_by_its_old_last_day;
    what_was_planned_for_classes_counts_again_with_the_proposal_to_exit;
    a_refusal_that_an_appeal_sets_aside_is_reviewed_again_within_a_term;
    the_end_of_an_emergency_stop_ends_its_confirmation;
    a_stop_that_is_confirmed_after_its_day_is_on_record_as_late;
    only_the_decision_that_the_state_follows_from_is_set_aside;
    an_accepted_objection_holds_the_grade_and_one_after_the_notice_is_none;
}

/// What is owed about the school: kind and last day.
pub(super) async fn owed(story: &Story) -> Vec<(String, NaiveDate)> {
    let id = story.admission.parse().expect("an id");
    let open = terms::open_of_admission(story.server.app.store.reader(), id).await;
    open.expect("terms")
        .into_iter()
        .map(|term| (term.kind, term.due_on))
        .collect()
}

fn due(owed: &[(String, NaiveDate)], kind: &str) -> Option<NaiveDate> {
    let found = owed.iter().find(|(one, _)| one == kind);
    found.map(|(_, due)| *due)
}

fn stop() -> Value {
    json!({ "transition": "T16", "cause": "safety", "reason": "消防隐患。" })
}

async fn refuse(story: &Story, who: &str, receipt: &Value) -> tests::Answer {
    let path = format!("/api/v1/proposals/{}/refuse", text(&receipt["proposal_id"]));
    let reason = json!({ "reason": "不属紧急情形。" });
    story.who(who).post(&path, &reason).await
}

/// Warned, replied, ordered to rectify until a day.
pub(super) async fn ordered(story: &Story) -> NaiveDate {
    let province = story.who("province-1");
    warn(story, province).await;
    serve(story, province, "T11").await;
    let reply = json!({ "kind": "reply", "text": "正在整改消防通道。" });
    file(story, story.who("school-1"), reply).await.good();
    let until = story.server.today() + Days::new(60);
    let order = json!({
        "transition": "T13", "cause": "reply_not_accepted", "reason": "说明不充分。",
        "findings": ["消防通道"], "until": until,
    });
    step(story, province, order).await.good();
    until
}

async fn what_is_owed_comes_back_with_the_state_by_its_old_last_day(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let until = ordered(&story).await;
    assert_eq!(due(&owed(&story).await, "report"), Some(until));

    // An emergency stop that is not confirmed: the order goes on where it was.
    let stopped = step(&story, province, stop()).await.good();
    let during = owed(&story).await;
    assert_eq!(due(&during, "report"), None);
    assert!(due(&during, "suspension_end").is_some());
    story.server.days_pass(2);
    refuse(&story, "province-2", &stopped).await.good();
    let now = admission(&story).await;
    assert_eq!(
        (&now["state"], &now["due_on"]),
        (&json!("rectifying"), &json!(until))
    );
    let back = owed(&story).await;
    assert_eq!(due(&back, "report"), Some(until));
    assert_eq!(due(&back, "suspension_end"), None);

    // One that is, and an exit that is not upheld: the suspension ends when it would have.
    let stopped = step(&story, province, stop()).await.good();
    story.approve("province-2", &stopped).await;
    let end = due(&owed(&story).await, "suspension_end").expect("a term");
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "办学许可失效。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("教〔2026〕2号"),
        "hearing": "可申请听证。",
    });
    by_two(&story, exit).await;
    assert_eq!(due(&owed(&story).await, "suspension_end"), None);
    story.server.days_pass(3);
    let kept = json!({ "transition": "T21", "reason": "许可已续期。" });
    let own = step(&story, province, kept.clone()).await;
    assert_eq!(codes(&own), ["proposer-decides"]);
    let kept = step(&story, story.who("province-2"), kept).await.good();
    assert_eq!(kept["state"], "suspended");
    let back = owed(&story).await;
    assert_eq!(due(&back, "suspension_end"), Some(end));
    assert_eq!(due(&back, "exit_decision"), None);

    // The stop is set aside: the order again, and its report by the day of the order.
    let aside = json!({
        "transition": "T25", "cause": "own_correction", "reason": "认定有误。",
        "document": document("残联撤〔2026〕1号"), "sets_aside": "T16",
    });
    let done = by_two(&story, aside).await;
    assert_eq!(done["outcome"]["state"], "rectifying");
    assert_eq!(due(&owed(&story).await, "report"), Some(until));
}

async fn what_was_planned_for_classes_counts_again_with_the_proposal_to_exit(database: Database) {
    let story = Story::ready(database).await;
    let cohort = running(&story, 700, HOURS / 2).await;
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "办学许可失效。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("教〔2026〕2号"),
        "hearing": "可申请听证。", "arrangements": [{ "cohort": cohort, "plan": "teach_out" }],
    });
    by_two(&story, exit).await;
    let planned = async || {
        let id = cohort.parse().expect("an id");
        let counts = exit::is_taught_out(story.server.app.store.reader(), id).await;
        (counts.expect("read"), due(&owed(&story).await, "teach_out"))
    };
    let before = planned().await;
    assert!(before.0 && before.1.is_some(), "{before:?}");
    story.server.days_pass(3);
    let kept = json!({ "transition": "T21", "reason": "许可已续期。" });
    step(&story, story.who("province-2"), kept).await.good();
    assert_eq!(planned().await, (false, None));
    let later = running(&story, 720, HOURS / 2).await;
    // The institution leaves after all: without its plan the class would end without certificates.
    let aside = json!({
        "transition": "T25", "cause": "own_correction", "reason": "续期文件系伪造。",
        "document": document("残联撤〔2026〕3号"), "sets_aside": "T21",
    });
    let done = by_two(&story, aside).await;
    assert_eq!(done["outcome"]["state"], "exit_notice");
    assert_eq!(planned().await, before);
    // A class that began in between is taught to its end, and no further one begins.
    let reader = story.server.app.store.reader();
    let id = later.parse().expect("an id");
    assert!(exit::is_taught_out(reader, id).await.expect("read"));
    let offer = story
        .who("school-1")
        .get(&format!("/api/v1/offers/{}", story.offer))
        .await
        .good();
    assert_eq!(offer["state"], "closed", "{offer}");
}

async fn a_refusal_that_an_appeal_sets_aside_is_reviewed_again_within_a_term(database: Database) {
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let refuse = json!({ "transition": "T05", "reason": "场地不合要求。" });
    let province = story.who("province-1");
    step(&story, province, refuse).await.good();
    assert_eq!(due(&owed(&story).await, "admission_decision"), None);
    serve(&story, province, "T05").await;
    let appeal = lodge(&story, "T05").await;
    let upheld = decided(&story, &appeal, "upheld").await;
    assert_eq!(upheld["admission_state"], "under_review");
    let last = due(&owed(&story).await, "admission_decision").expect("a term");
    assert!(last > story.server.today());
    assert_eq!(admission(&story).await["due_on"], json!(last));
}

async fn the_end_of_an_emergency_stop_ends_its_confirmation(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let stopped = step(&story, province, stop()).await.good();
    let until = story.server.today() + Days::new(30);
    let again = json!({ "transition": "T17", "reason": "限期整改。", "findings": ["消防通道"], "until": until });
    step(&story, province, again).await.good();
    refuse(&story, "province-2", &stopped)
        .await
        .problem(409, "transition-refused");
    assert_eq!(admission(&story).await["state"], "rectifying");
    // The next stop has a confirmation of its own, by somebody without an interest.
    let stopped = step(&story, province, stop()).await.good();
    let third = hire(&story, "province-3", "province_officer", PROVINCE).await;
    let interests = format!("/api/v1/institutions/{}/interests", story.admission);
    let reason = json!({ "reason": "亲属任职" });
    third.post(&interests, &reason).await.good();
    let path = format!("/api/v1/proposals/{}/refuse", text(&stopped["proposal_id"]));
    let refused = third.post(&path, &reason).await;
    assert_eq!(codes(&refused), ["interest-declared"]);
    refuse(&story, "province-2", &stopped).await.good();
    assert_eq!(admission(&story).await["state"], "rectifying");
}

async fn a_stop_that_is_confirmed_after_its_day_is_on_record_as_late(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let confirmations = async || {
        let path = format!("/api/v1/institutions/{}/timeline", story.admission);
        let told = province.get(&path).await.good();
        let told = told.as_array().into_iter().flatten();
        told.filter(|one| one["act"] == "T16-confirm")
            .map(|one| (one["reason_code"].clone(), one["reason"].clone()))
            .collect::<Vec<_>>()
    };
    let stopped = step(&story, province, stop()).await.good();
    story.approve("province-2", &stopped).await;
    assert_eq!(confirmations().await, [(Value::Null, Value::Null)]);
    let lift = json!({ "transition": "T18", "reason": "隐患已排除。" });
    step(&story, province, lift).await.good();

    let stopped = step(&story, province, stop()).await.good();
    story.server.days_pass(20);
    story.approve("province-2", &stopped).await;
    assert_eq!(admission(&story).await["state"], "suspended");
    let (code, reason) = confirmations().await.pop().expect("a confirmation");
    assert_eq!(code, "late");
    assert!(text(&reason).contains("逾期确认"), "{reason}");
    let page = province.get("/api/v1/cases").await.good();
    let open = page["items"].as_array().into_iter().flatten();
    let mut open = open.filter(|one| one["state"] == "open");
    let id = text(&open.next().expect("an open case")["id"]);
    let told = province.get(&format!("/api/v1/cases/{id}")).await;
    assert!(told.text().contains("逾期确认"), "{}", told.text());
}

async fn only_the_decision_that_the_state_follows_from_is_set_aside(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    warn(&story, province).await;
    serve(&story, province, "T11").await;
    let reply = json!({ "kind": "reply", "text": "已整改到位。" });
    file(&story, story.who("school-1"), reply).await.good();
    // The cause of the case stays: an act without causes takes none.
    let mut lift = json!({ "transition": "T12", "cause": "dormant", "reason": "已整改。" });
    let refused = step(&story, province, lift.clone()).await;
    assert_eq!(codes(&refused), ["cause-not-taken"]);
    lift["cause"] = Value::Null;
    step(&story, province, lift).await.good();
    let stopped = step(&story, province, stop()).await.good();
    story.approve("province-2", &stopped).await;
    let mut aside = json!({
        "transition": "T25", "cause": "own_correction", "reason": "认定有误。",
        "document": document("残联撤〔2026〕2号"), "sets_aside": "T11",
    });
    let refused = step(&story, province, aside.clone()).await;
    refused.problem(409, "transition-refused");
    assert_eq!(codes(&refused), ["nothing-before"]);
    aside["sets_aside"] = "T16".into();
    let done = by_two(&story, aside).await;
    assert_eq!(done["outcome"]["state"], "provisional");
}

/// An objection to the newest result of the school, not decided yet.
pub(super) async fn objected(story: &Story) -> String {
    let app = &story.server.app;
    let id = story.admission.parse().expect("an id");
    let all = store::cases::results::of(app.store.reader(), id).await;
    let result = all.expect("results").pop().expect("a result");
    let objection = store::objections::Objection {
        id: app.random.id(app.now()).into(),
        object_kind: "result".to_owned(),
        object_id: result.id.uuid(),
        text: "就业人数有误。".to_owned(),
        raised_at: app.now(),
        state: "open".to_owned(),
        answer: None,
        number: None,
        sender_enc: None,
        answer_due: None,
    };
    let tx = app.store.write().await.expect("a transaction");
    store::objections::insert(&tx, &objection)
        .await
        .expect("written");
    store::commit(tx).await.expect("committed");
    objection.id.to_string()
}

async fn an_accepted_objection_holds_the_grade_and_one_after_the_notice_is_none(
    database: Database,
) {
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let waiting = story.transition("province-1", "T06").await;
    story.approve("province-2", &waiting).await;
    // The decision is due some days after the notice, and not on its last day.
    let until: NaiveDate = text(&admission(&story).await["notice_until"])
        .parse()
        .expect("a date");
    assert!(due(&owed(&story).await, "admission_notice") > Some(until));
    let path = format!("/api/v1/institutions/{}/objections", story.admission);
    let words = json!({ "text": "场地与申请不符。" });
    let county = story.who("county-1");
    let raised = county.post(&path, &words).await.good();
    assert!(due(&owed(&story).await, "objection").is_some());
    let decision = |id: &Value| format!("/api/v1/objections/{}/decision", text(id));
    let answer =
        |accepted: bool| json!({ "accepted": accepted, "answer": "经现场核对,答复如下。" });
    let province = story.who("province-1");
    province
        .post(&decision(&raised["id"]), &answer(false))
        .await
        .good();
    story
        .server
        .days_pass((until - story.server.today()).num_days() + 1);
    county
        .post(&path, &words)
        .await
        .problem(409, "transition-refused");
    let waiting = story.transition("province-1", "T08").await;
    story.approve("province-2", &waiting).await;

    annual(&story, Grade::C).await;
    let objection = json!(objected(&story).await);
    let grade = json!({ "transition": "T09" });
    let refused = step(&story, province, grade.clone()).await;
    assert_eq!(codes(&refused), ["objection-open"]);
    let accepted = province.post(&decision(&objection), &answer(true)).await;
    accepted.good();
    let refused = step(&story, province, grade).await;
    assert_eq!(codes(&refused), ["objection-accepted"]);
}
