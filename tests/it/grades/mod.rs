//! Grading on a real server: evidence in, frozen, computed, exported and recomputed elsewhere, published by two.

mod policies;
mod refused;
mod runs;
mod survey;
mod work;

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Client, Story, rosters};

use crate::evidence::employer;

/// Trainees with card numbers of every kind, and telephones.
fn roster(first: u32, count: u32) -> Vec<u8> {
    rosters::with_cards(first, count, "330106", &["43", "12", "21", "52"])
}

/// An accepted class of so many trainees with cards; answers its id and its enrolments.
pub(crate) async fn class(story: &Story, first: u32, count: u32) -> (String, Vec<Value>) {
    let cohort = story.enrolling().await;
    story.import(&cohort, roster(first, count)).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    story.issue(&cohort).await;
    let members = story.enrolments(&cohort).await;
    (cohort, members)
}

async fn claim(story: &Story, who: &str, enrolment: &Value, request: &Value) -> Answer {
    let path = format!("/api/v1/enrolments/{}/episodes", text(enrolment));
    story.who(who).post(&path, request).await
}

fn work(story: &Story, days_ago: u64, source: &str) -> Value {
    let start = story.server.today() - chrono::Days::new(days_ago);
    json!({ "employer": employer(3), "work_type": "contract", "start_on": start, "source": source })
}

/// The links that the registry sent, by telephone or enrolment.
pub(crate) fn links(story: &Story) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(story.server.data().join("outbox"))
        .expect("an outbox")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| {
            let message: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
            let text = message["text"].as_str()?;
            let at = text.find("/s/")?;
            Some((
                message["to"].as_str()?.to_owned(),
                text[at..].trim().to_owned(),
            ))
        })
        .collect()
}

pub(crate) async fn send_form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let request = client.ask(reqwest::Method::POST, path).await;
    client
        .send(
            request
                .header("Sec-Fetch-Site", "same-origin")
                .header("X-Forwarded-For", "203.0.113.7")
                .form(fields),
        )
        .await
}
