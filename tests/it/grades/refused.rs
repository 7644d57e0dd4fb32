//! Policies and periods that are refused.

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Client, Database, Story, on_both};

on_both! {
    bad_policies_and_unfrozen_periods_are_refused_and_nothing_is_kept;
}

async fn bad_policies_and_unfrozen_periods_are_refused_and_nothing_is_kept(database: Database) {
    let story = Story::staffed(database).await;
    let national = story.who("national-1");
    let province = story.who("province-1");
    let today = story.server.today();
    let tomorrow = today + chrono::Days::new(1);
    let ahead = json!({ "kind": "annual", "freeze_on": tomorrow });
    let refused = national.post("/api/v1/grading-freezes", &ahead).await;
    refused.problem(422, "invalid-request");
    assert_eq!(
        refused.faults(),
        [("/freeze_on".to_owned(), "not-frozen-yet".to_owned())]
    );
    // A period ends with the annual day of the policy, or with a quarter; two days after each other are no two periods.
    let quarter = story.server.last_annual_freeze();
    for (kind, day) in [
        ("annual", quarter - chrono::Days::new(1)),
        ("quarterly", quarter - chrono::Days::new(1)),
        ("annual", quarter - chrono::Days::new(90)),
    ] {
        let request = json!({ "kind": kind, "freeze_on": day });
        let refused = national.post("/api/v1/grading-freezes", &request).await;
        assert_eq!(
            refused.faults(),
            [("/freeze_on".to_owned(), "no-end-of-a-period".to_owned())],
            "{kind} {day}"
        );
    }
    let unfrozen = json!({ "freeze": "0190a000-0000-7000-8000-000000000000" });
    national
        .post("/api/v1/grading-runs", &unfrozen)
        .await
        .problem(409, "period-not-frozen");

    let draft = async |who: &Client, file: &Value| {
        let request = json!({ "text": file.to_string(), "effective_on": tomorrow });
        who.post("/api/v1/grading-policies", &request).await
    };
    let base =
        std::fs::read_to_string(tests::root().join("seed-data/policies/CN-BASE-2026.1.json"))
            .expect("a file");
    let mut weights: Value = serde_json::from_str(&base).expect("JSON");
    weights["version"] = json!("2027.1");
    weights["indicators"]["EMP"]["weight"] = json!(351);
    let refused = draft(national, &weights).await;
    refused.problem(422, "invalid-request");
    assert!(
        refused
            .faults()
            .iter()
            .any(|(_, code)| code == "weights_sum"),
        "{:?}",
        refused.faults()
    );
    draft(province, &weights)
        .await
        .problem(422, "invalid-request");
    weights["indicators"]["EMP"]["weight"] = json!(350);
    draft(province, &weights).await.problem(403, "forbidden");
    // The nation publishes whole baselines: on an override of its own no province could rest another.
    let partly = json!({ "base": "CN-BASE@2026.1", "policy_id": "CN-BASE", "version": "2027.1",
        "changes": { "grades": { "A": 81000 } } });
    let refused = draft(national, &partly).await;
    refused.problem(422, "invalid-request");
    let fault = ("/text/base".to_owned(), "base-not-in-force".to_owned());
    assert_eq!(refused.faults(), [fault]);
    let below = json!({ "base": "CN-BASE@2026.1", "policy_id": "ZJ", "version": "2026.1",
        "changes": { "grades": { "A": 79000 }, "indicators": { "EMP": { "weight": 420 }, "SAT": { "floor_milli": 2900 } } } });
    let refused = draft(province, &below).await;
    refused.problem(422, "invalid-request");
    let codes: Vec<String> = refused.faults().into_iter().map(|(_, code)| code).collect();
    for code in ["lowered", "weight_moved", "weights_sum"] {
        assert!(codes.iter().any(|found| found == code), "{code}: {codes:?}");
    }
    let unknown =
        json!({ "base": "CN-BASE@1999.1", "policy_id": "ZJ", "version": "2026.1", "changes": {} });
    draft(province, &unknown)
        .await
        .problem(422, "invalid-request");

    // A good one is published by two, is a leaf, and never changes.
    let good = json!({ "base": "CN-BASE@2026.1", "policy_id": "ZJ", "version": "2026.1", "changes": { "grades": { "A": 81000 } } });
    let made = draft(province, &good).await.good();
    draft(province, &good).await.problem(409, "duplicate");
    let leaves = story.server.leaves().await;
    let publish = format!("/api/v1/grading-policies/{}/publish", text(&made["id"]));
    let waiting = province.post(&publish, &json!({})).await.good();
    story
        .who("other-province")
        .post(&publish, &json!({}))
        .await
        .problem(404, "not-found");
    story.approve("province-2", &waiting).await;
    assert_eq!(story.server.leaves().await, leaves + 1);
    province
        .post(&publish, &json!({}))
        .await
        .problem(409, "transition-refused");
    let listed = story
        .who("anybody")
        .get("/api/v1/grading-policies")
        .await
        .good();
    let names: Vec<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["CN-BASE@2026.1", "ZJ@2026.1"]);

    // Monitoring never gives grades; a draft is tried without being kept.
    let frozen = json!({ "kind": "quarterly", "freeze_on": quarter, "policy": "ZJ@2026.1" });
    let run = national
        .post("/api/v1/grading-freezes", &frozen)
        .await
        .good();
    let id = text(&run["run"]);
    province
        .post(
            &format!("/api/v1/grading-runs/{id}/publications"),
            &json!({}),
        )
        .await
        .problem(409, "transition-refused");
    let tried = province
        .post(
            &format!("/api/v1/grading-runs/{id}/replay"),
            &json!({ "text": base }),
        )
        .await
        .good();
    assert_eq!(
        (&tried["before"], &tried["after"]),
        (&json!("ZJ@2026.1"), &json!("CN-BASE@2026.1"))
    );
    let workflow =
        json!({ "kind": "quarterly", "freeze_on": quarter, "policy": "CN-BASE-WORKFLOW@2026.1" });
    national
        .post("/api/v1/grading-freezes", &workflow)
        .await
        .problem(422, "invalid-request");
    assert_eq!(
        national
            .get("/api/v1/grading-runs")
            .await
            .good()
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}
