//! Whoever declared an interest in an institution takes no act on it (grading.md 7): not on its classes, its offers, its
//! programs, its certificates, its surveys, nor by refusing what others proposed about it.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::program_content;
use tests::{Answer, Database, Story, on_both};

use crate::cases::codes;

on_both! {
    an_officer_with_an_interest_leaves_every_act_on_the_school_to_somebody_else;
}

async fn declare(story: &Story, who: &str) {
    let path = format!("/api/v1/institutions/{}/interests", story.admission);
    let reason = json!({ "reason": "亲属在该机构任职" });
    story.who(who).post(&path, &reason).await.good();
}

#[track_caller]
fn barred(answer: &Answer) {
    assert_eq!(codes(answer), ["interest-declared"], "{}", answer.text());
}

async fn an_officer_with_an_interest_leaves_every_act_on_the_school_to_somebody_else(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    let batch = {
        let cohort = story.accepted(2).await;
        story.propose(&cohort).await
    };
    let issued = {
        let cohort = story.accepted(2).await;
        story.issue(&cohort).await
    };
    declare(&story, "county-1").await;
    declare(&story, "province-1").await;
    declare(&story, "national-1").await;
    classes(&story).await;
    certificates(&story, &batch, &issued).await;
    offers_and_programs(&story).await;
}

/// The county confirms a class, accepts it, refuses its acceptance, sends its survey.
async fn classes(story: &Story) {
    let cohort = story.open_cohort(7).await;
    story.cohort_act("school-1", &cohort, "announce").await;
    let resource = format!("/api/v1/cohorts/{cohort}");
    let act =
        async |who: &str, request: Value| story.who(who).act(&resource, "acts", &request).await;
    barred(&act("county-1", json!({ "act": "confirm" })).await);
    story.cohort_act("county-2", &cohort, "confirm").await;
    story
        .cohort_act("school-1", &cohort, "open_enrolment")
        .await;
    story.import(&cohort, tests::rosters::csv(971, 2)).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    let accept = json!({ "act": "accept", "sample_called": 10 });
    barred(&act("county-1", accept.clone()).await);
    let proposed = act("county-2", accept).await.good();
    let proposal = format!("/api/v1/proposals/{}", text(&proposed["proposal_id"]));
    let reason = json!({ "reason": "不同意。" });
    let county = story.who("county-1");
    barred(
        &county
            .post(&format!("{proposal}/approve"), &json!({}))
            .await,
    );
    barred(&county.post(&format!("{proposal}/refuse"), &reason).await);
    // Who proposed takes it back, whatever was declared since.
    declare(story, "county-2").await;
    let county = story.who("county-2");
    county
        .post(&format!("{proposal}/refuse"), &reason)
        .await
        .good();
    barred(&county.post(&format!("{resource}/survey"), &json!({})).await);
}

/// The province refuses, reviews, approves a batch and changes a certificate.
async fn certificates(story: &Story, batch: &str, issued: &Value) {
    let batch = format!("/api/v1/certificate-batches/{batch}");
    let province = story.who("province-1");
    let reason = json!({ "reason": "材料不齐,请补充。" });
    for (act, request) in [
        ("approve", json!({})),
        ("review", reason.clone()),
        ("refuse", reason.clone()),
    ] {
        barred(&province.post(&format!("{batch}/{act}"), &request).await);
    }
    let public_id = text(&issued["certificates"][0]["id"]);
    let id = text(&story.certificate(&public_id).await["id"]);
    let resource = format!("/api/v1/certificates/{id}");
    let change = |act: &str, code: &str| json!({ "act": act, "reason_code": code });
    for (act, code) in [
        ("suspend", "under_review"),
        ("revoke", "issued_in_error"),
        ("supersede", "correction"),
    ] {
        let answer = province.act(&resource, "changes", &change(act, code)).await;
        barred(&answer);
    }
    let other = story.who("province-2");
    other
        .act(&resource, "changes", &change("suspend", "under_review"))
        .await
        .good();
    barred(
        &province
            .act(&resource, "changes", &change("resume", "cleared"))
            .await,
    );
    let revoke = change("revoke", "issued_in_error");
    let proposed = other.act(&resource, "changes", &revoke).await.good();
    let proposal = format!("/api/v1/proposals/{}", text(&proposed["proposal_id"]));
    barred(
        &province
            .post(&format!("{proposal}/approve"), &json!({}))
            .await,
    );
    barred(&province.post(&format!("{proposal}/refuse"), &reason).await);
    other
        .post(&format!("{batch}/approve"), &json!({}))
        .await
        .good();
}

/// The province approves an offer; province and nation act on a program that the school filed.
async fn offers_and_programs(story: &Story) {
    let school = story.who("school-1");
    let site = json!({ "name": "滨江教学点", "region": "330108", "address": "虚构路2号", "provisions": [] });
    let site = school.post("/api/v1/sites", &site).await.good();
    let request =
        json!({ "institution": story.admission, "program": story.program, "site": site["id"] });
    let offer = school.post("/api/v1/offers", &request).await.good();
    let resource = format!("/api/v1/offers/{}", text(&offer["id"]));
    let approve = json!({ "act": "approve" });
    barred(
        &story
            .who("province-1")
            .act(&resource, "acts", &approve)
            .await,
    );
    let approved = story
        .who("province-2")
        .act(&resource, "acts", &approve)
        .await;
    approved.good();

    let mut content = program_content();
    content["name"] = "康复护理".into();
    let draft = school.post("/api/v1/programs", &content).await.good();
    let resource = format!("/api/v1/programs/{}/versions/1", text(&draft["code"]));
    let filed = school
        .act(&resource, "acts", &json!({ "act": "file" }))
        .await;
    filed.good();
    let back = json!({ "act": "return", "reason": "补充教学大纲。" });
    barred(&story.who("province-1").act(&resource, "acts", &back).await);
    let returned = story.who("province-2").act(&resource, "acts", &back).await;
    returned.good();
}
