//! What is said twice, too deep, or of something else's child: ERR-1, OV-3, AZ-2; and lists that tell too much: EN-4.

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::client::fresh_key;
use tests::raw::exchange;
use tests::story::PASSWORD;
use tests::{Browser, Client, Database, Story, TestServer, on_both, rosters};

on_both! {
    a_child_under_another_parent_is_not_found;
}

const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_twice_is_refused() {
    let story = Story::applied(Database::Sqlite).await;
    let school = story.who("school-1");
    let site = json!({ "name": "第二教学点", "region": "330106", "address": "虚构路2号", "provisions": [] });
    let sites = async || {
        let path = format!("/api/v1/sites?institution={}", story.admission);
        let list = school.get(&path).await.good();
        list.as_array().or(list["items"].as_array()).map(Vec::len)
    };
    let before = sites().await;
    // A header.
    for header in ["Idempotency-Key", "Content-Type"] {
        let request = school.ask(Method::POST, "/api/v1/sites").await;
        let request = request
            .header("Idempotency-Key", fresh_key())
            .header("Content-Type", "application/json")
            .header(header, "application/json")
            .body(site.to_string());
        school.send(request).await.problem(400, "malformed-request");
    }
    let resource = format!("/api/v1/institutions/{}", story.admission);
    let county = story.who("county-1");
    let request = county
        .ask(Method::POST, &format!("{resource}/transitions"))
        .await
        .header("Idempotency-Key", fresh_key())
        .header("If-Match", "\"1\"")
        .header("If-Match", "\"2\"");
    let answer = county
        .send(request.json(&json!({ "transition": "T04", "reason": "依规" })))
        .await;
    answer.problem(400, "malformed-request");
    // A field, at the top or within, in other spellings of the same name.
    for body in [
        r#"{"name":"甲","name":"乙","region":"330106","address":"虚构路2号","provisions":[]}"#,
        r#"{"name":"甲","n\u0061me":"乙","region":"330106","address":"虚构路2号","provisions":[]}"#,
        r#"{"name":"甲","region":"330106","address":"虚构路2号","provisions":[{"a":1,"a":2}]}"#,
    ] {
        let request = school.ask(Method::POST, "/api/v1/sites").await;
        let request = request
            .header("Idempotency-Key", fresh_key())
            .header("Content-Type", "application/json");
        let answer = school.send(request.body(body)).await;
        answer.problem(422, "invalid-request");
    }
    assert_eq!(sites().await, before, "nothing was written");
    // A parameter of the query, also in capitals or in brackets.
    for query in [
        "limit=1&limit=2",
        "limit=1&Limit=2",
        "limit[]=1",
        "limit=1;limit=2",
    ] {
        let answer = school.get(&format!("/api/v1/institutions?{query}")).await;
        answer.problem(422, "invalid-request");
    }
    // A field of a form: the first is not taken, nor the last.
    let mut browser = Browser::new(&story.server);
    let twice = [
        ("name", "county-1"),
        ("name", "county-2"),
        ("password", PASSWORD),
    ];
    let answer = browser.send("/sign-in", &OWN, &twice).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(browser.sign_in("county-1", PASSWORD).await.status, 303);
    // A length, or a length and pieces: two readers of one connection would see two requests.
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 40\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ] {
        let request = format!(
            "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n{lengths}\r\n{{}}\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        let answer = exchange(story.server.address(), request).await;
        assert!(
            (400..500).contains(&answer.status) || answer.status == 0,
            "{lengths}: {} {}",
            answer.head,
            answer.body
        );
        assert!(
            !answer.body.contains("HTTP/1.1 200"),
            "{lengths}: a second answer: {}",
            answer.body
        );
    }
    // The method is that of the request line alone.
    let path = format!(
        "/api/v1/sites?institution={}&_method=DELETE",
        story.admission
    );
    let request = school.ask(Method::GET, &path).await;
    let request = request
        .header("X-HTTP-Method-Override", "DELETE")
        .header("X-Original-URL", "/api/v1/accounts");
    school.send(request).await.problem(422, "invalid-request");
    assert_eq!(sites().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_read_to_a_depth_of_32_and_no_deeper() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let send = async |body: String| {
        let request = anybody.ask(Method::POST, "/api/v1/verifications").await;
        let request = request.header("Content-Type", "application/json");
        anybody.send(request.body(body)).await
    };
    let lists = |depth: usize| {
        // The object around it is the first level.
        format!(
            "{{\"items\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    let objects =
        |depth: usize| format!("{}null{}", "{\"items\":".repeat(depth), "}".repeat(depth));
    for body in [lists(32), objects(32)] {
        // Read, and found to be no question.
        let answer = send(body).await;
        assert!(
            answer.text().contains("invalid-request"),
            "{}",
            answer.text()
        );
    }
    for body in [
        lists(33),
        objects(33),
        lists(100_000),
        objects(20_000),
        "[".repeat(200_000),
    ] {
        send(body).await.problem(400, "malformed-request");
    }
    // Brackets in a text are no depth.
    let words = json!({ "items": [{ "qr": "[{\"".repeat(1_000) }] });
    let answer = send(words.to_string()).await.good();
    assert_eq!(answer["items"].as_array().map(Vec::len), Some(1));
}

async fn a_child_under_another_parent_is_not_found(database: Database) {
    let story = Story::ready(database).await;
    let mut made = Vec::new();
    for first in [1, 50] {
        let cohort = story.enrolling().await;
        let imported = story.import(&cohort, rosters::csv(first, 2)).await;
        story.admit(&cohort).await;
        let members = story.enrolments(&cohort).await;
        made.push((cohort, text(&imported["roster"]), text(&members[0]["id"])));
    }
    let [(one, roster, member), (other, _, _)] = &made[..] else {
        panic!("two classes");
    };
    let (school, county) = (story.who("school-1"), story.who("county-1"));
    let path = |cohort: &str| format!("/api/v1/cohorts/{cohort}");
    // Both lie in the asker's own area, and the pair does not exist.
    school
        .get(&format!("{}/rosters/{roster}", path(one)))
        .await
        .good();
    let wrong = school
        .get(&format!("{}/rosters/{roster}", path(other)))
        .await;
    wrong.problem(404, "not-found");
    let slip = |cohort: &str| format!("{}/enrolments/{member}/sign-in-slip", path(cohort));
    county.post(&slip(one), &json!({})).await.good();
    county
        .post(&slip(other), &json!({}))
        .await
        .problem(404, "not-found");
    for (what, body) in [
        ("withdraw", json!({ "reason": "other" })),
        (
            "reject",
            json!({ "reason": "no_places", "text": "名额已满。" }),
        ),
    ] {
        let at = format!("{}/enrolments/{member}/{what}", path(other));
        school.post(&at, &body).await.problem(404, "not-found");
    }
    let items = json!({ "hours_taught": 1, "items": [{ "enrolment": member, "minutes": 10 }] });
    let at = format!("{}/attendance", path(other));
    let answer = school.post(&at, &items).await;
    assert!(answer.status.is_client_error(), "{}", answer.text());
    let states: Vec<Value> = story.enrolments(one).await;
    assert!(
        states.iter().all(|row| row["state"] != "withdrawn"),
        "{states:?}"
    );
}

/// EN-4: whoever may ask without signing in asks about one certificate that they name, or about many by naming each.
#[test]
fn no_public_question_about_certificates_lists_sorts_or_counts_them() {
    let (_, document) = api::server::openapi::routes();
    let document: Value =
        serde_json::from_str(&api::server::openapi::text(&document)).expect("JSON");
    let mut looked_at = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            let name = operation["operationId"].as_str().expect("a name");
            if !api::access::public::OPERATIONS.contains(&name) {
                continue;
            }
            let parameters: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|one| one["name"].as_str())
                .collect();
            let of_certificates = ["certificates/", "verifications", "/status/"]
                .iter()
                .any(|part| path.contains(part));
            if of_certificates {
                looked_at += 1;
                let named = path.contains('{') || method == "post";
                assert!(named, "{method} {path} names nothing");
                for word in ["limit", "cursor", "sort", "order", "page", "offset", "q"] {
                    assert!(!parameters.contains(&word), "{method} {path}: {word}");
                }
            }
        }
    }
    assert!(looked_at >= 3, "{looked_at}");
}
