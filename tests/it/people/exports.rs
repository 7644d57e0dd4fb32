//! Files of more than a thousand persons: by two persons, once, in time (trust.md UP-5).

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, TestServer, on_both, rosters};

use super::{OWN, hidden};

on_both! {
    a_file_of_many_persons_needs_a_second_person_and_is_taken_once;
    a_file_that_could_not_be_made_is_not_used_up;
    class_by_class_is_as_much_as_all_at_once;
    an_export_is_asked_for_approved_and_taken_on_pages;
}

const MANY: u32 = 1_001;

/// Two classes with more than a thousand people, under a policy that lets a school have so many.
async fn large(database: Database) -> Story {
    let base = tests::root().join("seed-data/policies/CN-BASE-2026.1.workflow.json");
    let text = std::fs::read_to_string(base).expect("the policy");
    let mut policy: Value = serde_json::from_str(&text).expect("JSON");
    policy["workflow"]["provisional_max_trainees"] = json!(2 * MANY);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), policy.to_string()).expect("written");
    let path = file.path().to_owned();
    let server =
        TestServer::start_with(database, |settings| settings.policy_file = Some(path)).await;
    let mut story = Story::ready_on(server).await;
    story.places = MANY.div_ceil(2);
    for (first, count) in [(1, story.places), (story.places + 1, MANY - story.places)] {
        let cohort = story.enrolling().await;
        story.import(&cohort, rosters::csv(first, count)).await;
    }
    story
}

async fn a_file_of_many_persons_needs_a_second_person_and_is_taken_once(database: Database) {
    let story = large(database).await;
    let county = story.who("county-1");
    let request = |reason: &str| json!({ "list": "enrolments", "form": "csv", "reason": reason });
    // No number of a person stands in a reason; a reason there is.
    for reason in ["请核对13900007001", ""] {
        let refused = county.post("/api/v1/exports", &request(reason)).await;
        assert_eq!(refused.faults()[0].0, "/reason", "{reason}");
    }
    let classes = county.get("/api/v1/cohorts").await.good();
    let mut elsewhere = request("年度统计核对");
    elsewhere["cohort"] = classes["items"][0]["id"].clone();
    story
        .who("other-county")
        .post("/api/v1/exports", &elsewhere)
        .await
        .problem(404, "not-found");
    for who in ["school-1", "auditor"] {
        let body = request("年度统计核对");
        let refused = story.who(who).post("/api/v1/exports", &body).await;
        refused.problem(403, "forbidden");
    }
    let asked = county
        .post("/api/v1/exports", &request("年度统计核对"))
        .await;
    assert_eq!(asked.status, 202);
    let asked = asked.good();
    let file = format!("/api/v1/exports/{}/file", text(&asked["export"]));
    let approve = format!("/api/v1/proposals/{}/approve", text(&asked["proposal_id"]));
    county
        .post(&file, &json!({}))
        .await
        .problem(409, "second-person-required");
    // Not oneself, nobody elsewhere, nobody below.
    county
        .post(&approve, &json!({}))
        .await
        .problem(409, "second-person-required");
    for who in ["other-county", "other-province"] {
        let refused = story.who(who).post(&approve, &json!({})).await;
        refused.problem(404, "not-found");
    }
    story.approve("county-2", &asked).await;
    // Only whoever asked takes it.
    for who in ["county-2", "province-1"] {
        let refused = story.who(who).post(&file, &json!({})).await;
        refused.problem(404, "not-found");
    }
    let taken = county.post(&file, &json!({})).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(taken.header("cache-control"), "no-store");
    let csv = taken.text();
    let rows = csv
        .lines()
        .filter(|line| line.contains(",3****************"))
        .count();
    assert_eq!(rows, MANY as usize, "all of them, masked");
    for mark in [&text(&asked["export"]), "年度统计核对", "批准人编号"] {
        assert!(csv.contains(mark), "the watermark tells {mark}");
    }
    county
        .post(&file, &json!({}))
        .await
        .problem(409, "transition-refused");
    let list = county.get("/api/v1/exports").await.good();
    assert_eq!(
        (&list[0]["state"], &list[0]["rows"]),
        (&json!("taken"), &json!(MANY))
    );
    // Asked for, approved, taken, written: each is in the audit.
    for act in ["propose_export", "take_export", "export"] {
        let audit = story
            .who("auditor")
            .get(&format!("/api/v1/audit?act={act}"))
            .await;
        let rows = audit.good();
        assert_eq!(rows["items"][0]["outcome"], "done", "{act}");
    }
    // What was approved is over in a day; what was refused was never there.
    let ask = async || {
        county
            .post("/api/v1/exports", &request("年度统计核对"))
            .await
            .good()
    };
    let late: Value = ask().await;
    story.approve("county-2", &late).await;
    story.server.clock.advance_seconds(24 * 3600);
    let path = format!("/api/v1/exports/{}/file", text(&late["export"]));
    county
        .post(&path, &json!({}))
        .await
        .problem(409, "transition-refused");
    let refused = ask().await;
    let path = format!("/api/v1/proposals/{}/refuse", text(&refused["proposal_id"]));
    story
        .who("county-2")
        .post(&path, &json!({ "reason": "请缩小范围" }))
        .await
        .good();
    let path = format!("/api/v1/exports/{}/file", text(&refused["export"]));
    county
        .post(&path, &json!({}))
        .await
        .problem(409, "transition-refused");
}

/// The places of the writer are those of the process: one test at a time holds all of them.
static WRITER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Another node of the registry, which gives an answer no more than this time; its address.
async fn hasty(story: &Story, handler_ms: u64) -> String {
    let mut app = story.server.app.clone();
    let mut figures = (*app.config.border).clone();
    figures.timeouts.handler_ms = handler_ms;
    app.border = Arc::new(api::border::Border::new(Arc::new(figures)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(api::server::serve(app, listener, std::future::pending()));
    format!("http://{address}")
}

/// What cannot be made now is taken a moment later: a kept question that nobody understands, and a writer that does not
/// come to it in time.
async fn a_file_that_could_not_be_made_is_not_used_up(database: Database) {
    let story = large(database).await;
    let county = story.who("county-1");
    let request = json!({ "list": "enrolments", "form": "csv", "reason": "年度统计核对" });
    let asked = county.post("/api/v1/exports", &request).await.good();
    story.approve("county-2", &asked).await;
    let file = format!("/api/v1/exports/{}/file", text(&asked["export"]));
    let stands = async |why: &str| {
        let list = county.get("/api/v1/exports").await.good();
        let row = &list[0];
        assert_eq!(row["state"], "approved", "{why}");
        assert!(row["taken_at"].is_null() && row["rows"].is_null(), "{why}");
        let audit = "/api/v1/audit?act=take_export";
        let audit = story.who("auditor").get(audit).await.good();
        assert_eq!(audit["items"], json!([]), "{why}");
    };
    let keep = async |column: &str, value: &str| {
        let sql = format!("UPDATE bulk_export SET {column} = '{value}'");
        let kept = store::tampering::plainly(&story.server.app.store, &sql).await;
        kept.expect("the row is there");
    };
    for (column, spoilt, right) in [("form", "pdf", "csv"), ("filter", "{", "{}")] {
        keep(column, spoilt).await;
        let broken = county.post(&file, &json!({})).await;
        assert_eq!(broken.status, 500, "{column}: {}", broken.text());
        stands(column).await;
        keep(column, right).await;
    }
    // The rows are read, and the time is over while the file waits for the writer.
    let there = story.who("anybody").at(&hasty(&story, 4_000).await);
    let token = county.token().await.expect("a token");
    let alone = WRITER.lock().await;
    let writer = api::cores::every_bound()
        .into_iter()
        .find(|bound| bound.name() == "exports")
        .expect("writing is bounded");
    let mut places = Vec::new();
    for _ in 0..writer.most() {
        places.push(writer.place().await.expect("a place"));
    }
    let late = there.ask(Method::POST, &file).await.bearer_auth(token);
    let late = there.send(late.json(&json!({}))).await;
    drop(places);
    drop(alone);
    late.problem(503, "overloaded");
    stands("no place at the writer").await;
    let taken = county.post(&file, &json!({})).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let csv = taken.text();
    let rows = csv
        .lines()
        .filter(|line| line.contains(",3****************"))
        .count();
    assert_eq!(rows, MANY as usize, "all of them");
    county
        .post(&file, &json!({}))
        .await
        .problem(409, "transition-refused");
}

async fn class_by_class_is_as_much_as_all_at_once(database: Database) {
    let story = large(database).await;
    let county = story.who("county-1");
    let classes = county.get("/api/v1/cohorts").await.good();
    let [first, second] = [0, 1].map(|at| {
        let id = text(&classes["items"][at]["id"]);
        format!("/api/v1/cohorts/{id}/enrolments/export/csv")
    });
    assert_eq!(county.get(&first).await.status, 200);
    county
        .get(&second)
        .await
        .problem(409, "second-person-required");
    // What was refused is not counted: a small file is still given.
    let small = county.get("/api/v1/certificates/export/csv").await;
    assert_eq!(small.status, 200, "{}", small.text());
    // Another account and another day have sums of their own.
    assert_eq!(story.who("county-2").get(&second).await.status, 200);
    // With a second person all of it is taken, and is not added to what one took alone.
    let request = json!({ "list": "enrolments", "form": "csv", "reason": "年度统计核对" });
    let asked = county.post("/api/v1/exports", &request).await.good();
    story.approve("county-2", &asked).await;
    let file = format!("/api/v1/exports/{}/file", text(&asked["export"]));
    assert_eq!(county.post(&file, &json!({})).await.status, 200);
    story.server.days_pass(1);
    assert_eq!(county.get(&second).await.status, 200);
}

async fn an_export_is_asked_for_approved_and_taken_on_pages(database: Database) {
    let story = large(database).await;
    let mut first = Browser::new(&story.server);
    first.sign_in("county-1", PASSWORD).await;
    let page = first.open("/desk/exports").await;
    assert_eq!(page.status, 200);
    let key = hidden(&page.text(), "key");
    let fields = |reason| {
        [
            ("key", key.as_str()),
            ("list", "enrolments"),
            ("cohort", ""),
            ("form_of_file", "xlsx"),
            ("reason", reason),
        ]
    };
    let wrong = first.send("/desk/exports", &OWN, &fields("短")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("href=\"#reason\"") && wrong.text().contains(">短<"));
    // Sent twice, it is asked for once.
    for _ in 0..2 {
        let sent = first
            .send("/desk/exports", &OWN, &fields("年度统计核对"))
            .await;
        assert_eq!(sent.header("location"), "/desk/exports", "{}", sent.text());
    }
    let mut second = Browser::new(&story.server);
    second.sign_in("county-2", PASSWORD).await;
    let desk = second.open("/desk").await.text();
    assert_eq!(desk.matches("年度统计核对").count(), 1, "{desk}");
    let at = desk.find("/desk/proposals/").expect("the proposal");
    let path = desk[at..].split('"').next().expect("an address").to_owned();
    let key = hidden(&desk[at..], "key");
    let approve = [("key", key.as_str()), ("decision", "approve")];
    assert_eq!(second.send(&path, &OWN, &approve).await.status, 303);
    let page = first.open("/desk/exports").await.text();
    let at = page.find("action=\"/desk/exports/").expect("the button") + 8;
    let file = page[at..].split('"').next().expect("an address").to_owned();
    let taken = first.send(&file, &OWN, &[]).await;
    assert_eq!(taken.status, 200);
    assert!(taken.bytes.starts_with(b"PK"), "a workbook");
    let page = first.open("/en/desk/exports").await.text();
    assert!(page.contains("taken") && !page.contains("/file\""));
}
