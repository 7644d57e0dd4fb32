//! The policy in force: of the federation's own, or of the baseline, by the freeze date; others are there to compare.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Browser, Client, Database, Story, on_both};

use crate::cases::{codes, hire};

on_both! {
    only_results_by_the_policy_in_force_on_the_freeze_date_are_published;
    a_policy_has_no_effect_on_the_past;
    the_policy_in_force_is_looked_at_again_at_every_step_to_the_public;
    an_override_counts_beside_its_own_baseline_only;
}

async fn draft(by: &Client, (policy_id, version): (&str, &str), from: NaiveDate) -> Answer {
    let text_of = json!({
        "base": "CN-BASE@2026.1", "policy_id": policy_id, "version": version, "changes": { "grades": { "A": 81_000 } },
    });
    let draft = json!({ "text": text_of.to_string(), "effective_on": from });
    by.post("/api/v1/grading-policies", &draft).await
}

/// Drafted by one person, published by another.
async fn publish(by: [&Client; 2], name: (&str, &str), from: NaiveDate) {
    let drafted = draft(by[0], name, from).await.good();
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
    let tomorrow = story.server.today() + Days::new(1);
    publish([first, second], ("ZJ", "2026.1"), tomorrow).await;
    publish([&far, &farther], ("SD", "2026.1"), tomorrow).await;
    story.server.days_pass(1);
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

async fn a_policy_has_no_effect_on_the_past(database: Database) {
    let story = Story::ready(database).await;
    let (first, second) = (story.who("province-1"), story.who("province-2"));
    let national = story.who("national-1");
    let freeze_on = story.server.annual_freeze();
    let request = json!({ "kind": "annual", "freeze_on": freeze_on });
    let frozen = national
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    story.server.days_pass(30);
    let today = story.server.today();
    for day in [freeze_on, today] {
        let refused = draft(first, ("ZJ", "2026.1"), day).await;
        refused.problem(422, "invalid-request");
        let fault = ("/effective_on".to_owned(), "effective-on-passed".to_owned());
        assert_eq!(refused.faults(), [fault]);
    }
    // Its day comes while it waits, for the proposal or for the second person.
    let tomorrow = today + Days::new(1);
    let drafted = draft(first, ("ZJ", "2026.1"), tomorrow).await.good();
    let other = draft(first, ("ZJ", "2026.2"), tomorrow).await.good();
    let publication = |of: &Value| format!("/api/v1/grading-policies/{}/publish", text(&of["id"]));
    let waiting = first.post(&publication(&drafted), &json!({})).await.good();
    story.server.days_pass(1);
    let leaves = story.server.leaves().await;
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&waiting["proposal_id"])
    );
    for (who, path) in [(second, approve), (first, publication(&other))] {
        let refused = who.post(&path, &json!({})).await;
        refused.problem(409, "transition-refused");
        assert_eq!(codes(&refused), ["effective-on-passed"]);
    }
    assert_eq!(story.server.leaves().await, leaves);

    // Even where the database says so, what was published after a freeze is not in force on it.
    let tomorrow = story.server.today() + Days::new(1);
    publish([first, second], ("ZJ", "2026.3"), tomorrow).await;
    back(&story, "2020-01-01").await;
    let request = json!({ "freeze": frozen["freeze"] });
    let run = first.post("/api/v1/grading-runs", &request).await.good();
    assert_eq!(run["policy"], "CN-BASE@2026.1");
}

/// The published policy of the province has effect from another day, which only the database can say.
async fn back(story: &Story, day: &str) {
    let sql = format!("UPDATE policy_draft SET effective_on = '{day}' WHERE state = 'published'");
    store::tampering::plainly(&story.server.app.store, &sql)
        .await
        .expect("dated back");
}

async fn the_policy_in_force_is_looked_at_again_at_every_step_to_the_public(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(6).await;
    story.issue(&cohort).await;
    let (first, second) = (story.who("province-1"), story.who("province-2"));
    let far = story.server.today() + Days::new(2_000);
    publish([first, second], ("ZJ", "2026.1"), far).await;
    story.server.days_pass(300);
    let request = json!({ "kind": "annual", "freeze_on": story.server.annual_freeze() });
    let frozen = story
        .who("national-1")
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    let path = format!("/api/v1/grading-runs/{}/publications", text(&frozen["run"]));
    let opened = first.post(&path, &json!({})).await.good();
    let resource = format!("/api/v1/grade-publications/{}", text(&opened["id"]));
    let act = async |act: &str| {
        let request = json!({ "act": act });
        first.act(&resource, "acts", &request).await
    };
    let (in_force, later) = ("2026-01-01", far.to_string());
    for (days, name) in [(20, "open_notice"), (12, "publish")] {
        story.server.days_pass(days);
        back(&story, in_force).await;
        let refused = act(name).await;
        refused.problem(409, "transition-refused");
        assert_eq!(codes(&refused), ["policy-not-in-force"], "{name}");
        back(&story, &later).await;
        if name == "open_notice" {
            act(name).await.good();
        }
    }
    let waiting = act("publish").await.good();
    back(&story, in_force).await;
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&waiting["proposal_id"])
    );
    let refused = second.post(&approve, &json!({})).await;
    assert_eq!(codes(&refused), ["policy-not-in-force"]);
    back(&story, &later).await;
    second.post(&approve, &json!({})).await.good();
}

/// The nation raises C after a province has taken up an override: the override of the old baseline is no way around it.
async fn an_override_counts_beside_its_own_baseline_only(database: Database) {
    let story = Story::ready(database).await;
    let (first, second) = (story.who("province-1"), story.who("province-2"));
    let day = |days| story.server.today() + Days::new(days);
    let (tomorrow, after) = (day(1), day(2));
    publish([first, second], ("ZJ", "2026.1"), tomorrow).await;
    // Two more wait: one for the proposal, one for the second person.
    let drafted = draft(first, ("ZJ", "2026.2"), after).await.good();
    let other = draft(first, ("ZJ", "2026.3"), after).await.good();
    let publication = |of: &Value| format!("/api/v1/grading-policies/{}/publish", text(&of["id"]));
    let waiting = first.post(&publication(&drafted), &json!({})).await.good();

    let file = tests::root().join("seed-data/policies/CN-BASE-2026.1.json");
    let file = std::fs::read_to_string(file).expect("a file");
    let mut baseline: Value = serde_json::from_str(&file).expect("JSON");
    baseline["version"] = "2027.1".into();
    baseline["grades"]["C"] = 55_000.into();
    let request = json!({ "text": baseline.to_string(), "effective_on": after });
    let national = story.who("national-1");
    let raised = national.post("/api/v1/grading-policies", &request).await;
    let path = publication(&raised.good());
    let proposed = national.post(&path, &json!({})).await.good();
    story.approve("national-2", &proposed).await;

    let late = draft(first, ("ZJ", "2026.4"), after).await;
    late.problem(422, "invalid-request");
    let fault = ("/text/base".to_owned(), "base-not-in-force".to_owned());
    assert_eq!(late.faults(), [fault]);
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&waiting["proposal_id"])
    );
    for (who, path) in [(second, approve), (first, publication(&other))] {
        let refused = who.post(&path, &json!({})).await;
        refused.problem(409, "transition-refused");
        assert_eq!(codes(&refused), ["base-not-in-force"]);
    }

    story.server.days_pass(2);
    let request = json!({ "kind": "annual", "freeze_on": story.server.annual_freeze() });
    let frozen = national.post("/api/v1/grading-freezes", &request).await;
    let frozen = frozen.good();
    assert_eq!(frozen["policy"], "CN-BASE@2027.1");
    let request = json!({ "freeze": frozen["freeze"] });
    let own = first.post("/api/v1/grading-runs", &request).await.good();
    assert_eq!(own["policy"], "CN-BASE@2027.1");
    let by = json!({ "freeze": frozen["freeze"], "policy": "ZJ@2026.1" });
    let old = first.post("/api/v1/grading-runs", &by).await.good();
    let open = async |run: &Value| -> Answer {
        let path = format!("/api/v1/grading-runs/{}/publications", text(&run["run"]));
        first.post(&path, &json!({})).await
    };
    assert_eq!(codes(&open(&old).await), ["policy-not-in-force"]);
    open(&frozen).await.good();
    let mut desk = Browser::new(&story.server);
    desk.sign_in("province-1", PASSWORD).await;
    let page = desk.open("/admin/policies").await.text();
    assert!(
        page.contains("所依据的基准已被取代") && page.contains("CN-BASE@2027.1"),
        "{page}"
    );
}
