//! What every answer carries, what each wrong request gets, and how a process ends (trust.md ERR, WEB-1, WEB-3, SH-1, HL-1).

mod headers;
mod names;
mod process;

use reqwest::Method;
use serde_json::json;
use tests::{Client, Database, Story, TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wrong_request_is_a_problem_of_its_own() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let sessions = "/api/v1/sessions";
    let send = async |body: &str| {
        let request = anybody.ask(Method::POST, sessions).await;
        let request = request.header("Content-Type", "application/json");
        anybody.send(request.body(body.to_owned())).await
    };
    let invalid = "invalid-request";
    for body in [
        r#"{"name":NaN,"password":"b"}"#,
        r#"{"name":-Infinity,"password":"b"}"#,
        r#"{"name":1e999,"password":"b"}"#,
        r#"{"name":99999999999999999999999999,"password":"b"}"#,
        r#"{"name":"a","name":"b","password":"c"}"#,
        r#"{"name":"a","password":"b","is_admin":true}"#,
        r#"{"name":"a\u0000","password":"b"}"#,
        r#"{"name":"a"}"#,
        "[]",
        r#""a""#,
    ] {
        send(body).await.problem(422, invalid);
    }
    for body in ["", "{", "nul", "{\"name\":\"\u{1}\"}", "\u{feff}{}", "{}{}"] {
        send(body).await.problem(400, "malformed-request");
    }
    let request = anybody.ask(Method::POST, sessions).await;
    let request = request.header("Content-Type", "application/json");
    let bytes = b"{\"name\":\"\xff\xfe\",\"password\":\"b\"}".to_vec();
    anybody
        .send(request.body(bytes))
        .await
        .problem(400, "malformed-request");
    for query in [
        "limit=1&limit=2",
        "limit=NaN",
        "limit=1e3",
        "limit=-1",
        "limit=99999999999999999999",
        "unknown=1",
        "cursor=%00",
    ] {
        let path = format!("/api/v1/catalogue/institutions?{query}");
        anybody.get(&path).await.problem(422, invalid);
    }
    let story = Story::staffed_on(server).await;
    for (who, path) in [
        ("auditor", "/api/v1/audit"),
        ("national-1", "/api/v1/institutions"),
        ("national-1", "/api/v1/cohorts"),
        ("national-1", "/api/v1/offers"),
        ("national-1", "/api/v1/proposals"),
        ("national-1", "/api/v1/certificates"),
        ("national-1", "/api/v1/accounts"),
        ("anybody", "/api/v1/occupations"),
        ("anybody", "/log/checkpoints"),
    ] {
        let who = story.who(who);
        for query in ["Limit=2", "limit=0", "limit=9999", "limit=2&limit=2"] {
            let answer = who.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, 422, "{path}?{query}: {}", answer.text());
        }
        who.get(&format!("{path}?limit=100")).await.good();
    }
    let anybody = story.who("anybody");
    // An answer in a form that was not asked for is not given, and an act not begun.
    for (method, path, accept) in [
        (Method::GET, "/api/v1/regions", "text/html"),
        (Method::GET, "/api/v1/regions", "application/json;q=0"),
        (Method::POST, sessions, "text/csv"),
        (Method::GET, "/log/vkey", "image/png"),
    ] {
        let request = anybody.ask(method.clone(), path).await;
        let request = request.header("Accept", accept).json(&json!({}));
        anybody.send(request).await.problem(406, "not-acceptable");
    }
    let wrong = anybody
        .send(anybody.ask(Method::PATCH, "/api/v1/regions").await)
        .await;
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").contains("GET"));
    let page = anybody
        .send(anybody.ask(Method::PUT, "/verify").await)
        .await;
    assert_eq!(page.status, 405);
    assert!(page.header("content-type").starts_with("text/html"));
    for path in [
        "/api/v1/institutions/%00",
        "/api/v1/%ff",
        "/api/v1/..%2f..%2fetc",
    ] {
        let answer = anybody.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    // Nothing of the inside is told.
    let told = send("{").await.text();
    for word in ["serde", "sqlx", "panicked", "/src/", "SELECT"] {
        assert!(!told.contains(word), "{told}");
    }
    assert_eq!(anybody.get("/livez").await.status, 200);
}
