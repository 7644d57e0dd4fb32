//! Surveys for those without a telephone of their own, and how they are checked: answers that the county took, calls by a
//! third party that does not see them, flags that suspend, audits (field.md 15, grading.md 5).

mod draws;
mod pages;
mod taken;

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use crate::grades::class;

on_both! {
    an_institution_sees_sums_that_no_single_answer_moves;
}

const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

/// A class whose survey was sent; answers its id and its enrolments.
async fn asked(story: &Story, count: u32) -> (String, Vec<String>) {
    asked_from(story, 401, count).await
}

/// The same of trainees from this one on.
async fn asked_from(story: &Story, first: u32, count: u32) -> (String, Vec<String>) {
    let (cohort, members) = class(story, first, count).await;
    let send = format!("/api/v1/cohorts/{cohort}/survey");
    let sent = story.who("county-1").post(&send, &json!({})).await.good();
    assert_eq!(sent["invited"], count);
    let ids = members.iter().map(|one| text(&one["id"])).collect();
    (cohort, ids)
}

fn answer(mode: &str, by: &str, overall: u8) -> Value {
    json!({ "mode": mode, "by": by, "items": [4, 4, null, 4, overall] })
}

/// Who owes the draw of the calls, and until when.
async fn owes_draw(story: &Story) -> Option<(String, String)> {
    let path = format!("/api/v1/institutions/{}", story.admission);
    let told = story.who("province-1").get(&path).await.good();
    let terms = told["terms"].as_array()?;
    let one = terms.iter().find(|one| one["kind"] == "survey_draw")?;
    Some((text(&one["holder"]), text(&one["due_on"])))
}

async fn answered(story: &Story, members: &[String]) {
    for enrolment in members {
        let path = format!("/api/v1/enrolments/{enrolment}/survey-answer");
        let county = story.who("county-1");
        let taken = county.post(&path, &answer("paper", "self", 4)).await;
        taken.good();
    }
}

async fn close(story: &Story) {
    api::surveys::invite::close(&story.server.app)
        .await
        .expect("closed");
}

async fn an_institution_sees_sums_that_no_single_answer_moves(database: Database) {
    let story = Story::ready(database).await;
    let path = format!("/api/v1/institutions/{}/survey", story.admission);
    let seen = async |who: &str| story.who(who).get(&path).await.good();
    let wave = async |first: u32, count: u32| {
        let (_, members) = asked_from(&story, first, count).await;
        answered(&story, &members).await;
    };
    let over = async || {
        story.server.days_pass(31);
        close(&story).await;
    };
    wave(401, 5).await;
    close(&story).await;
    assert_eq!(seen("school-1").await["counted"], Value::Null, "it is open");
    assert_eq!(seen("county-1").await["counted"], 5);
    over().await;
    let first = seen("school-1").await;
    assert_eq!(
        (&first["counted"], &first["responses"]),
        (&json!(5), &Value::Null)
    );
    wave(501, 4).await;
    over().await;
    assert_eq!(seen("school-1").await, first, "four more tell nothing");
    assert_eq!(seen("county-1").await["counted"], 9);
    wave(601, 1).await;
    assert_eq!(seen("school-1").await, first);
    over().await;
    assert_eq!(seen("school-1").await["counted"], 10);
}
