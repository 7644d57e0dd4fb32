//! What is refused, and who may not decide.

use serde_json::json;
use tests::answer::text;
use tests::story::PROVINCE;
use tests::{Database, Story, on_both};

use super::{
    PREFECTURE, admission, appeal_act, case, codes, document, file, hire, lodge, serve, step, warn,
};

on_both! {
    refused_steps_name_the_states_and_who_may_act_instead;
    nobody_decides_their_own_proposal_or_where_they_have_an_interest;
    a_paper_names_no_file_of_anybody_elses_area;
}

async fn refused_steps_name_the_states_and_who_may_act_instead(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let province = story.who("province-1");
    // From this state there is no such step: both states, and what is possible.
    let answer = step(&story, province, json!({ "transition": "T14" })).await;
    let body = answer.problem(409, "transition-refused");
    let detail = text(&body["detail"]);
    for words in ["暂定入库", "整改通过", "T11 预警"] {
        assert!(detail.contains(words), "{detail}");
    }
    // The step belongs to others.
    let order = json!({ "transition": "T19", "cause": "dormant", "reason": "两年未开班。" });
    let answer = step(&story, &prefecture, order.clone()).await;
    let body = answer.problem(403, "forbidden");
    assert!(text(&body["detail"]).contains("省级残联"), "{body}");
    // The nation acts only after the province's inaction.
    let answer = step(&story, story.who("national-1"), order).await;
    assert!(
        codes(&answer).contains(&"province-may-act".to_owned()),
        "{}",
        answer.text()
    );
    // A cause must be one of its act, and a hash must be one.
    let answer = step(
        &story,
        province,
        json!({ "transition": "T11", "cause": "dormant", "reason": "a" }),
    )
    .await;
    assert_eq!(codes(&answer), ["cause-missing"]);
    let answer = step(
        &story,
        province,
        json!({ "transition": "T11", "cause": "major_finding", "reason": "a", "evidence_sha256": "00" }),
    )
    .await;
    answer.problem(422, "invalid-request");
    // T23 is no transition that anybody asks for.
    let answer = step(
        &story,
        story.who("national-1"),
        json!({ "transition": "T23" }),
    )
    .await;
    answer.problem(409, "transition-refused");
    // No appeal against what is not on the list, or was not decided.
    let path = format!("/api/v1/institutions/{}/appeals", story.admission);
    let school = story.who("school-1");
    let wish =
        |against: &str| json!({ "against": against, "points": "没有道理。", "wish": "撤销" });
    school
        .post(&path, &wish("T08"))
        .await
        .problem(422, "invalid-request");
    school
        .post(&path, &wish("T11"))
        .await
        .problem(409, "transition-refused");
    // What lies elsewhere is not found.
    let elsewhere = story.who("other-province");
    let answer = elsewhere
        .get("/api/v1/cases/01980000-0000-7000-8000-000000000001")
        .await;
    answer.problem(404, "not-found");
}

async fn nobody_decides_their_own_proposal_or_where_they_have_an_interest(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let third = hire(&story, "province-3", "province_officer", PROVINCE).await;
    warn(&story, &prefecture).await;
    // The level that warned lifts, and only on a reply.
    let lift = json!({ "transition": "T12", "reason": "已整改。" });
    let answer = step(&story, story.who("province-1"), lift.clone()).await;
    assert_eq!(codes(&answer), ["other-level-warned", "reply-missing"]);
    serve(&story, &prefecture, "T11").await;
    file(
        &story,
        story.who("school-1"),
        json!({ "kind": "reply", "text": "通道已清理。" }),
    )
    .await
    .good();
    // Whoever declared an interest takes no act any more.
    let path = format!("/api/v1/institutions/{}/interests", story.admission);
    let reason = json!({ "reason": "亲属任职" });
    prefecture.post(&path, &reason).await.good();
    let answer = step(&story, &prefecture, lift.clone()).await;
    assert_eq!(codes(&answer), ["interest-declared"]);
    let colleague = hire(&story, "prefecture-2", "prefecture_officer", PREFECTURE).await;
    assert_eq!(
        step(&story, &colleague, lift).await.good()["state"],
        "provisional"
    );
    let closed = case(&story).await;
    assert_eq!(
        (&closed["state"], &closed["stage"]),
        (&json!("closed"), &json!("T12"))
    );

    // An emergency stop is confirmed by another, who has no interest either.
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防不合格。" });
    let stopped = step(&story, story.who("province-1"), stop).await.good();
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&stopped["proposal_id"])
    );
    let own = story.who("province-1").post(&approve, &json!({})).await;
    own.problem(409, "second-person-required");
    third.post(&path, &reason).await.good();
    assert_eq!(
        codes(&third.post(&approve, &json!({})).await),
        ["interest-declared"]
    );
    story
        .who("province-2")
        .post(&approve, &json!({}))
        .await
        .good();

    // The appeal is heard by others than those who decided: the nation's own stop by the nation's others.
    let stayed = lodge(&story, "T16").await;
    assert_eq!(stayed["stayed"], false, "T16 is not stayed");
    let id = text(&stayed["id"]);
    let accept = json!({ "act": "accept" });
    let lower = appeal_act(story.who("province-1"), &id, accept.clone()).await;
    lower.problem(403, "forbidden");
    let judge = story.who("national-1");
    judge.post(&path, &reason).await.good();
    assert_eq!(
        codes(&appeal_act(judge, &id, accept.clone()).await),
        ["interest-declared"]
    );
    let judge = story.who("national-2");
    appeal_act(judge, &id, accept).await.good();
    let hear = json!({ "act": "hear", "reason": "书面审理。" });
    appeal_act(judge, &id, hear).await.good();
    let until = story.server.today() + chrono::Days::new(30);
    let varied = json!({
        "act": "decide", "outcome": "varied", "reason": "缩短暂停。", "document": document("申复〔2026〕2号"),
        "variation": { "until": until },
    });
    appeal_act(judge, &id, varied).await.good();
    assert_eq!(admission(&story).await["suspended_until"], json!(until));
}

async fn a_paper_names_no_file_of_anybody_elses_area(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    warn(&story, &prefecture).await;
    serve(&story, &prefecture, "T11").await;
    let kept = async |who: &'static str| {
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(2, 2)
            .write_to(&mut png, image::ImageFormat::Png)
            .expect("a picture");
        let kept = story.who(who).upload("/api/v1/files", png.into_inner());
        text(&kept.await.good()["id"])
    };
    let reply = async |of: &str| {
        let request = json!({ "kind": "reply", "text": "通道已清理。", "file": of });
        file(&story, story.who("school-1"), request).await
    };
    let nothing = "01980000-0000-7000-8000-000000000001".to_owned();
    for foreign in [nothing, kept("other-school").await] {
        assert_eq!(
            reply(&foreign).await.faults(),
            [("/file".to_owned(), "unknown-file".to_owned())]
        );
    }
    let own = kept("school-1").await;
    reply(&own).await.good();
}
