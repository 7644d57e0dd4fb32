//! WEB-2: reading changes nothing.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use tests::answer::text;
use tests::story::{CREDIT_CODE, PASSWORD};
use tests::{Browser, Database, Story, on_both};

on_both! {
    reading_changes_nothing_but_what_tells_of_the_reading;
}

/// What is written about a reading, and copies that are kept so as not to be made again.
const ABOUT_READING: &[&str] = &[
    "audit",
    "audit_head",
    "certificate_check",
    "export_total",
    "personal_read",
    "read_alarm",
    "session",
    "signed_status_list",
    "trust_bundle",
    "trust_list",
];

/// Every cell of the database but those, by table.
async fn facts(story: &Story) -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let reader = story.server.app.store.reader();
    let mut tables: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for cell in store::dump::dump(reader).await.expect("a dump") {
        if !ABOUT_READING.contains(&cell.table.as_str()) {
            let cells = tables.entry(cell.table).or_default();
            cells.push((cell.column, cell.bytes));
        }
    }
    for cells in tables.values_mut() {
        cells.sort();
    }
    tables
}

async fn reading_changes_nothing_but_what_tells_of_the_reading(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let certificate = &issued["certificates"][0];
    let public_id = text(&certificate["id"]);
    let inner = text(&story.certificate(&public_id).await["id"]);
    let cohorts = story.who("province-1").get("/api/v1/cohorts").await.good();
    let cohort = text(&cohorts["items"][0]["id"]);
    let members = story.enrolments(&cohort).await;
    let enrolment = text(&members[0]["id"]);
    let mut browser = Browser::new(&story.server);
    browser.sign_in("province-1", PASSWORD).await;
    // Tokens of all who ask are there before.
    for who in [
        "school-1",
        "county-1",
        "province-1",
        "national-1",
        "auditor",
    ] {
        story.who(who).get("/api/v1/self").await.good();
    }
    let before = facts(&story).await;

    let (_, document) = api::server::openapi::routes();
    let document: Value =
        serde_json::from_str(&api::server::openapi::text(&document)).expect("JSON");
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        if !methods
            .as_object()
            .is_some_and(|all| all.contains_key("get"))
        {
            continue;
        }
        let path = path
            .replace(
                "/certificates/{id}/timeline",
                &format!("/certificates/{inner}/timeline"),
            )
            .replace("/certificates/{id}", &format!("/certificates/{public_id}"))
            .replace(
                "/verifications/{id}",
                &format!("/verifications/{public_id}"),
            )
            .replace(
                "/institutions/{id}",
                &format!("/institutions/{}", story.admission),
            )
            .replace("/cohorts/{id}", &format!("/cohorts/{cohort}"))
            .replace("/enrolments/{id}", &format!("/enrolments/{enrolment}"))
            .replace("{credit_code}", CREDIT_CODE)
            .replace("{form}", "csv")
            .replace("{version}", "1")
            .replace("{code}", "P0000001")
            .replace("{number}", "1")
            .replace("{purpose}", "revocation");
        let county = story.who("county-1");
        county.send(county.ask(Method::HEAD, &path).await).await;
        for who in [
            "anybody",
            "school-1",
            "county-1",
            "province-1",
            "national-1",
            "auditor",
        ] {
            let client = story.who(who);
            let answer = client.get(&path).await;
            assert!(answer.status.as_u16() < 500, "{path} {}", answer.text());
            asked += 1;
        }
    }
    assert!(asked > 400, "{asked}");
    for path in [
        "/".to_owned(),
        "/verify".to_owned(),
        format!("/v/{public_id}"),
        format!("/institutions/{CREDIT_CODE}"),
        "/sign-in/enrol".to_owned(),
        "/sign-in/enrol/key".to_owned(),
        "/sign-in/second-factor".to_owned(),
        "/sign-in/second-factor/key".to_owned(),
        "/password/forgotten".to_owned(),
        "/desk".to_owned(),
        "/desk/post".to_owned(),
        "/desk/exports".to_owned(),
        "/desk/second-factors".to_owned(),
        "/admin/cases".to_owned(),
        "/admin/queue".to_owned(),
        "/admin/bulletins".to_owned(),
        "/admin/gradings".to_owned(),
        "/sign-out".to_owned(),
    ] {
        let page = browser.open(&path).await;
        assert!(page.status.as_u16() < 500, "{path}");
        assert_ne!(page.status, 404, "{path}");
    }
    let after = facts(&story).await;
    for (table, cells) in &before {
        assert!(after.get(table) == Some(cells), "{table} is not as it was");
    }
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    assert_eq!(browser.open("/desk").await.status, 200, "still signed in");
}
