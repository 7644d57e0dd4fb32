//! Who finds no place is told so at once, in the form in which they asked, and nobody of another class waits for it
//! (trust.md OV-1, WEB-1; design decision 2).

use std::sync::Arc;

use api::config::border::Pool;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, TestServer};

use crate::border::{holding, running};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_no_place_is_told_so_at_once_in_the_form_that_was_asked_for() {
    let server = TestServer::start_with(Database::Sqlite, |settings| {
        Arc::make_mut(&mut settings.config.border).pools.verify = Pool {
            running: 1,
            waiting: 0,
            wait_ms: 600_000,
        };
    })
    .await;
    let mut story = Story::ready_on(server).await;
    let cohort = story.accepted(1).await;
    let issued = story.issue(&cohort).await;
    let id = text(&issued["certificates"][0]["id"]);
    let (address, open) = holding(&story, "/api/v1/verifications/hold/this").await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let url = |path: &str| format!("http://{address}{path}");
    let held = http.get(url("/api/v1/verifications/hold/this")).send();
    let held = tokio::spawn(held);
    while running(&story, "verify") < 1 {
        tokio::task::yield_now().await;
    }

    // A program hears it as a problem document.
    let path = format!("/api/v1/verifications/{id}");
    for (language, word) in [("zh-CN", "繁忙"), ("en", "overloaded")] {
        let asked = http.get(url(&path)).header("Accept-Language", language);
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 503);
        let headers = answer.headers().clone();
        assert_eq!(headers["retry-after"], "2");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["access-control-allow-origin"], "*");
        let number = headers["x-request-id"]
            .to_str()
            .expect("a number")
            .to_owned();
        let problem: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!(problem["code"], "overloaded");
        assert_eq!(
            problem["instance"],
            format!("urn:mingzheng:request:{number}")
        );
        let title = text(&problem["title"]).to_lowercase();
        assert!(title.contains(word), "{title}");
    }
    let body = json!({ "items": [{ "qr": "x" }] });
    let posted = http.post(url("/api/v1/verifications")).json(&body).send();
    assert_eq!(posted.await.expect("an answer").status(), 503);

    // Somebody with a phone sees a page, which names no disability; each has a number of its own.
    let mut numbers = std::collections::BTreeSet::new();
    for (path, lang) in [
        ("/verify", "zh-CN"),
        ("/en/verify", "en"),
        ("/verify", "zh-CN"),
    ] {
        let answer = http.get(url(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("content-security-policy"));
        let number = answer.headers()["x-request-id"]
            .to_str()
            .expect("a number")
            .to_owned();
        let page = answer.text().await.expect("a page");
        assert!(page.contains(&format!("lang=\"{lang}\"")), "{page}");
        assert!(page.contains(&number) && !page.contains("QQQQ"), "{page}");
        assert!(!page.contains("残疾") && !page.contains("disab"), "{page}");
        numbers.insert(number);
    }
    assert_eq!(numbers.len(), 3);

    // Other classes go on, and so does this one when there is a place.
    let other = http.get(url("/api/v1/catalogue/institutions")).send();
    assert_eq!(other.await.expect("an answer").status(), 200);
    open.add_permits(1);
    let held = held.await.expect("no panic").expect("an answer");
    assert_eq!(held.status(), 200);
    let again = http.get(url(&path)).send().await.expect("an answer");
    assert_eq!(again.status(), 200);
}

/// The work of a request goes on when its asker has hung up, and so does what it holds: else any number could be begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_leaves_their_place_to_nobody_until_the_work_is_done() {
    let server = TestServer::start_with(Database::Sqlite, |settings| {
        let border = Arc::make_mut(&mut settings.config.border);
        border.pools.verify = Pool {
            running: 1,
            waiting: 0,
            wait_ms: 600_000,
        };
    })
    .await;
    let story = Story::staffed_on(server).await;
    // A request whose work blocks until the test ends it; it tells when nobody waits for it any more.
    let (end, ends) = std::sync::mpsc::channel::<()>();
    let ends = Arc::new(std::sync::Mutex::new(ends));
    let dropped = Arc::new(tokio::sync::Notify::new());
    let gone = Arc::clone(&dropped);
    let handler = async move || {
        struct Gone(Arc<tokio::sync::Notify>);
        impl Drop for Gone {
            fn drop(&mut self) {
                self.0.notify_one();
            }
        }
        let _gone = Gone(Arc::clone(&gone));
        let ends = Arc::clone(&ends);
        let done = api::cores::off_thread(move || ends.lock().expect("a lock").recv().is_ok());
        done.await.expect("no panic").to_string()
    };
    let path = "/api/v1/verifications/hold/this";
    let routes = api::server::openapi::routes().0;
    let routes = routes.route(path, axum::routing::any(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = story.server.app.clone();
    let router = api::server::layered(app.clone(), routes);
    tokio::spawn(api::server::serve_router(
        app,
        router,
        listener,
        std::future::pending(),
    ));
    for _ in 0..5 {
        let mut client = tests::raw::Raw::connect(address).await;
        client
            .send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        while running(&story, "verify") < 1 {
            tokio::task::yield_now().await;
        }
        drop(client);
        dropped.notified().await;
        // Nobody is there, and the place is still taken.
        let mut next = tests::raw::Raw::connect(address).await;
        next.send(format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        ))
        .await;
        assert_eq!(next.end().await.status, 503);
        assert_eq!(running(&story, "verify"), 1);
        end.send(()).expect("the work waits");
        while running(&story, "verify") > 0 {
            tokio::task::yield_now().await;
        }
    }
}
