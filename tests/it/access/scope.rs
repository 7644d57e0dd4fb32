//! Who may do what, and where.

use serde_json::json;
use tests::answer::text;
use tests::story::{COUNTY, OTHER_PROVINCE, PASSWORD, PROVINCE};
use tests::{Client, Database, Story, on_both};

use super::sign_in;

on_both! {
    an_account_administrator_stays_in_their_own_area;
    a_reviewer_confirms_and_proposes_nothing;
    open_proposals_are_listed_in_the_scope_alone;
}

async fn an_account_administrator_stays_in_their_own_area(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let account = |name: &str, role: &str, federation: Option<&str>| {
        json!({
            "name": name, "person_name": "虚构人员", "role": role, "federation": federation, "password": PASSWORD,
        })
    };
    let national = story.who("national-1");
    let made = account("admin-33", "account_admin", Some(PROVINCE));
    national.post("/api/v1/accounts", &made).await.good();
    let admin = Client::of(server, "admin-33", PASSWORD);
    admin
        .post(
            "/api/v1/accounts",
            &account("x-1", "county_officer", Some(COUNTY)),
        )
        .await
        .good();
    for (name, federation) in [("x-2", OTHER_PROVINCE), ("x-3", "000000")] {
        let request = account(name, "auditor", Some(federation));
        admin
            .post("/api/v1/accounts", &request)
            .await
            .problem(403, "forbidden");
    }
    // No business powers, and no officer makes accounts.
    for path in [
        "/api/v1/cohorts",
        "/api/v1/certificates",
        "/api/v1/proposals",
    ] {
        admin.get(path).await.problem(403, "forbidden");
    }
    let refused = story.who("province-1");
    let request = account("x-4", "county_officer", Some(COUNTY));
    refused
        .post("/api/v1/accounts", &request)
        .await
        .problem(403, "forbidden");
    // Somebody elsewhere is not found; oneself is left to another.
    let id_of =
        async |name: &str| text(&sign_in(server, name, PASSWORD).await.good()["me"]["account"]);
    let elsewhere = id_of("other-province").await;
    let path = |id: &str| format!("/api/v1/accounts/{id}/disable");
    admin
        .post(&path(&elsewhere), &json!({}))
        .await
        .problem(404, "not-found");
    let own = id_of("admin-33").await;
    admin
        .post(&path(&own), &json!({}))
        .await
        .problem(409, "second-person-required");
    let role = json!({ "role": "auditor", "federation": PROVINCE });
    let post_path = format!("/api/v1/accounts/{}/post", id_of("province-2").await);
    admin.post(&post_path, &role).await.good();
    let auditor = Client::of(server, "province-2", PASSWORD);
    auditor.get("/api/v1/certificates").await.good();
    auditor.get("/api/v1/proposals").await.good();
    auditor
        .post("/api/v1/certificate-types", &json!({}))
        .await
        .problem(403, "forbidden");
}

async fn a_reviewer_confirms_and_proposes_nothing(database: Database) {
    let story = Story::applied(database).await;
    let server = &story.server;
    story.transition("county-1", "T04").await;
    let proposed = story.transition("province-1", "T06").await;
    let reviewer = json!({
        "name": "reviewer-33", "person_name": "虚构复核人", "role": "reviewer", "federation": PROVINCE,
        "password": PASSWORD,
    });
    story
        .who("national-1")
        .post("/api/v1/accounts", &reviewer)
        .await
        .good();
    let reviewer = Client::of(server, "reviewer-33", PASSWORD);
    let resource = format!("/api/v1/institutions/{}", story.admission);
    let act = json!({ "transition": "T06", "reason": "依规办理" });
    let seen = reviewer.get(&resource).await.good();
    reviewer
        .post_seen(&format!("{resource}/transitions"), &seen["revision"], &act)
        .await
        .problem(403, "forbidden");
    let path = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    reviewer.post(&path, &json!({})).await.good();
}

async fn open_proposals_are_listed_in_the_scope_alone(database: Database) {
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let proposed = story.transition("province-1", "T06").await;
    let list = async |who: &str| {
        let page = story.who(who).get("/api/v1/proposals").await.good();
        page["items"].as_array().cloned().expect("items")
    };
    let own = list("province-1").await;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["id"], proposed["proposal_id"]);
    assert_eq!(own[0]["own"], true);
    let second = list("province-2").await;
    assert_eq!(
        (&second[0]["own"], &second[0]["act"]),
        (&json!(false), &json!("T06"))
    );
    assert!(!text(&second[0]["subject"]).is_empty());
    assert_eq!(list("national-2").await.len(), 1);
    for outside in ["other-province", "other-county", "county-1"] {
        assert!(list(outside).await.is_empty(), "{outside}");
    }
    story
        .who("school-1")
        .get("/api/v1/proposals")
        .await
        .problem(403, "forbidden");
    story.approve("province-2", &proposed).await;
    assert!(list("province-1").await.is_empty());
}
