//! The same request twice is one act; a key cannot be used for two; two officers at once do it once.

use serde_json::json;
use tests::client::fresh_key;
use tests::story::{application, program_content};
use tests::{Database, Story, on_both};

on_both! {
    the_same_batch_sent_twice_gets_the_same_answer_byte_for_byte;
    a_key_belongs_to_one_request_of_one_account;
    of_two_officers_at_once_one_issues;
    of_two_twin_requests_one_is_written;
    a_changed_thing_is_not_changed_blindly;
}

async fn the_same_batch_sent_twice_gets_the_same_answer_byte_for_byte(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(4).await;
    let batch = story.propose(&cohort).await;
    let path = format!("/api/v1/certificate-batches/{batch}/approve");
    let officer = story.who("province-1");
    let key = fresh_key();
    let first = officer.post_with_key(&path, &key, &json!({})).await;
    assert_eq!(first.status, 201, "{}", first.text());
    // The log grows in between: the answer is that of its own size.
    story
        .who("national-1")
        .post(
            "/api/v1/keys",
            &json!({ "federation": "370000", "year": 2026 }),
        )
        .await
        .good();
    let leaves = story.server.leaves().await;
    let again = officer.post_with_key(&path, &key, &json!({})).await;
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.status, first.status);
    assert_eq!(
        story.server.leaves().await,
        leaves,
        "nothing was issued twice"
    );
    officer
        .post(&path, &json!({}))
        .await
        .problem(409, "transition-refused");

    let request = officer.ask(reqwest::Method::POST, &path).await;
    officer
        .send(request.json(&json!({})))
        .await
        .problem(400, "idempotency-key-missing");
    for bad in ["", "with space", &"k".repeat(129)] {
        officer
            .post_with_key(&path, bad, &json!({}))
            .await
            .problem(400, "idempotency-key-missing");
    }
}

async fn a_key_belongs_to_one_request_of_one_account(database: Database) {
    let story = Story::staffed(database).await;
    let (one, other) = (story.who("school-1"), story.who("other-school"));
    let key = fresh_key();
    let path = "/api/v1/institutions";
    let code = tests::story::CREDIT_CODE;
    one.post_with_key(path, &key, &application(code))
        .await
        .good();
    let mut changed = application(code);
    changed["address"] = json!("虚构路2号");
    one.post_with_key(path, &key, &changed)
        .await
        .problem(422, "idempotency-key-reused");
    // Another account may happen to choose the same key.
    other
        .post_with_key(path, &key, &application("52330203XX0000027P"))
        .await
        .good();
}

async fn of_two_officers_at_once_one_issues(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(5).await;
    let batch = story.propose(&cohort).await;
    let path = format!("/api/v1/certificate-batches/{batch}/approve");
    let nothing = json!({});
    let (one, two) = tokio::join!(
        story.who("province-1").post(&path, &nothing),
        story.who("province-2").post(&path, &nothing),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.text(), two.text());
    let page = story
        .who("province-1")
        .get("/api/v1/certificates?limit=100")
        .await
        .good();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(5));
}

async fn of_two_twin_requests_one_is_written(database: Database) {
    let story = Story::staffed(database).await;
    let school = story.who("school-1");
    let request = application(tests::story::CREDIT_CODE);
    let key = fresh_key();
    let (one, two) = tokio::join!(
        school.post_with_key("/api/v1/institutions", &key, &request),
        school.post_with_key("/api/v1/institutions", &key, &request),
    );
    assert_eq!(one.good(), two.good(), "both get the one answer");
    let national = story.who("national-1");
    let listed = national.get("/api/v1/institutions").await.good();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

async fn a_changed_thing_is_not_changed_blindly(database: Database) {
    let story = Story::staffed(database).await;
    let national = story.who("national-1");
    national
        .post("/api/v1/certificate-types", &json!({ "code": "CARE", "name": "合格证书", "name_en": "Certificate", "description": "" }))
        .await
        .good();
    let draft = national
        .post("/api/v1/programs", &program_content())
        .await
        .good();
    let resource = format!(
        "/api/v1/programs/{}/versions/1",
        draft["code"].as_str().expect("a code")
    );
    let acts = format!("{resource}/acts");
    let seen = national.get(&resource).await;
    assert_eq!(
        seen.header("etag"),
        format!("\"{}\"", seen.json()["revision"])
    );
    national
        .post(&acts, &json!({ "act": "file" }))
        .await
        .problem(428, "precondition-required");
    national
        .post_seen(&acts, &json!(99), &json!({ "act": "file" }))
        .await
        .problem(412, "precondition-failed");
    national
        .post_seen(&acts, &draft["revision"], &json!({ "act": "file" }))
        .await
        .good();
    national
        .post_seen(
            &acts,
            &draft["revision"],
            &json!({ "act": "return", "reason": "补充材料" }),
        )
        .await
        .problem(412, "precondition-failed");
}
