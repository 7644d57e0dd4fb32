//! The policy in force: of the federation's own, or of the baseline, by the freeze date; others are there to compare.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Client, Database, Story, on_both};

use crate::cases::{codes, hire};

on_both! {
    only_results_by_the_policy_in_force_on_the_freeze_date_are_published;
}

/// Drafted by one person, published by another.
async fn publish(by: [&Client; 2], name: (&str, &str), from: NaiveDate) {
    let (policy_id, version) = name;
    let text_of = json!({
        "base": "CN-BASE@2026.1", "policy_id": policy_id, "version": version, "changes": { "grades": { "A": 81_000 } },
    });
    let draft = json!({ "text": text_of.to_string(), "effective_on": from });
    let drafted = by[0].post("/api/v1/grading-policies", &draft).await.good();
    let path = format!("/api/v1/grading-policies/{}/publish", text(&drafted["id"]));
    let waiting = by[0].post(&path, &json!({})).await.good();
    let path = format!(
        "/api/v1/proposals/{}/approve",
        text(&waiting["proposal_id"])
    );
    by[1].post(&path, &json!({})).await.good();
}

async fn only_results_by_the_policy_in_force_on_the_freeze_date_are_published(database: Database) {
    let story = Story::ready(database).await;
    let (first, second) = (story.who("province-1"), story.who("province-2"));
    let far = hire(&story, "far-1", "province_officer", "370000").await;
    let farther = hire(&story, "far-2", "province_officer", "370000").await;
    let today = story.server.today();
    publish([first, second], ("ZJ", "2026.1"), today).await;
    publish([&far, &farther], ("SD", "2026.1"), today).await;
    let freeze_on = story.server.annual_freeze();
    let later = freeze_on + Days::new(1);
    publish([first, second], ("ZJ", "2027.1"), later).await;

    let national = story.who("national-1");
    let request = json!({ "kind": "annual", "freeze_on": freeze_on });
    let frozen = national
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    assert_eq!(frozen["policy"], "CN-BASE@2026.1");
    let open = async |run: &Value| -> Answer {
        let path = format!("/api/v1/grading-runs/{}/publications", text(&run["run"]));
        first.post(&path, &json!({})).await
    };
    let run = async |policy: Option<&str>| -> Value {
        let mut request = json!({ "freeze": frozen["freeze"] });
        if let Some(policy) = policy {
            request["policy"] = policy.into();
        }
        first.post("/api/v1/grading-runs", &request).await.good()
    };
    let refused = open(&frozen).await;
    refused.problem(409, "transition-refused");
    assert_eq!(codes(&refused), ["policy-not-in-force"]);
    for (name, code) in [
        ("SD@2026.1", "policy-of-another-federation"),
        ("ZJ@2027.1", "policy-not-yet-in-force"),
    ] {
        let compared = run(Some(name)).await;
        assert_eq!(compared["policy"], name, "computed to compare");
        assert_eq!(codes(&open(&compared).await), [code]);
    }
    // Nothing named: the one that counts.
    let own = run(None).await;
    assert_eq!(own["policy"], "ZJ@2026.1");
    open(&own).await.good();
}
