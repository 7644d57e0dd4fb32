//! What is left behind is removed, what is refused is counted, and an alarm shows in the figures.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Client, Database, Story, on_both};

on_both! {
    sessions_that_are_over_and_failed_sign_ins_are_removed;
    refused_tokens_are_counted_in_the_audit_and_fill_no_rows;
}

/// How many rows a table has, by a column that is never null.
async fn rows(story: &Story, table: &str, column: &str) -> usize {
    store::dump::dump(story.server.app.store.reader())
        .await
        .expect("the database is read")
        .iter()
        .filter(|cell| cell.table == table && cell.column == column)
        .count()
}

async fn sign_in(story: &Story, password: &str) -> tests::Answer {
    let given = json!({ "name": "county-1", "password": password });
    story.who("anybody").post("/api/v1/sessions", &given).await
}

async fn sessions_that_are_over_and_failed_sign_ins_are_removed(database: Database) {
    let story = Story::staffed(database).await;
    let old = sign_in(&story, PASSWORD).await.good();
    sign_in(&story, "a-wrong-password-of-tests")
        .await
        .problem(401, "invalid-credentials");
    assert!(rows(&story, "sign_in_failure", "failures").await > 0);
    let before = rows(&story, "session", "id").await;
    assert!(before >= 1 && rows(&story, "session_token", "session_id").await >= before);
    // Nothing is over yet.
    let app = &story.server.app;
    assert_eq!(api::access::sweep::sweep(app).await.expect("swept"), 0);
    assert_eq!(rows(&story, "session", "id").await, before);

    story.server.days_pass(400);
    let removed = api::access::sweep::sweep(app).await.expect("swept");
    assert_eq!(usize::try_from(removed).expect("a count"), before);
    assert_eq!(rows(&story, "session", "id").await, 0);
    assert_eq!(rows(&story, "session_token", "session_id").await, 0);
    assert_eq!(rows(&story, "sign_in_failure", "failures").await, 0);
    let fresh = sign_in(&story, PASSWORD).await.good();
    assert_eq!(api::access::sweep::sweep(app).await.expect("swept"), 0);
    assert_eq!(
        rows(&story, "session", "id").await,
        1,
        "the living one stays"
    );
    let renew = async |answer: &Value| {
        let given = json!({ "refresh_token": answer["refresh_token"] });
        let anybody = story.who("anybody");
        anybody.post("/api/v1/sessions/refresh", &given).await
    };
    renew(&old).await.problem(401, "unauthenticated");
    renew(&fresh).await.good();
}

async fn refused_tokens_are_counted_in_the_audit_and_fill_no_rows(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let signed = sign_in(&story, PASSWORD).await.good();
    let (token, account) = (
        text(&signed["access_token"]),
        text(&signed["me"]["account"]),
    );
    let wrong = Client::bearing(server, format!("{token}x"));
    for _ in 0..30 {
        wrong
            .get("/api/v1/self")
            .await
            .problem(401, "unauthenticated");
    }
    server.clock.advance_seconds(16 * 60);
    let late = Client::bearing(server, token);
    for _ in 0..3 {
        late.get("/api/v1/self")
            .await
            .problem(401, "unauthenticated");
    }
    server.clock.advance_seconds(60);
    api::audit::denials::flush(&server.app).await;
    let told = async |act: &str| {
        let path = format!("/api/v1/audit?act={act}");
        let page = story.who("auditor").get(&path).await.good();
        let rows = page["items"].as_array().cloned().unwrap_or_default();
        assert!(
            rows.iter().all(|row| row["outcome"] == "unauthenticated"),
            "{rows:?}"
        );
        rows
    };
    let times =
        |rows: &[Value]| -> i64 { rows.iter().filter_map(|row| row["times"].as_i64()).sum() };
    let invalid = told("token_invalid").await;
    assert!(invalid.len() <= 2, "a flood is a row: {}", invalid.len());
    assert_eq!(times(&invalid), 30);
    assert!(
        invalid[0]["account"].is_null(),
        "nobody is accused by a forged token"
    );
    let late = told("token_out_of_time").await;
    assert_eq!((late.len(), times(&late)), (1, 3));
    assert_eq!(late[0]["account"], account, "the token was ours");
}
