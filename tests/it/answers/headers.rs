//! The headers of every answer, and who may read it from elsewhere.

use reqwest::Method;
use tests::{Answer, Client, Database, Story, TestServer};

#[track_caller]
fn carries_the_headers(answer: &Answer) {
    carries_the_headers_with(answer, &["no-referrer"]);
}

/// The same, and one of these policies about where somebody came from.
#[track_caller]
fn carries_the_headers_with(answer: &Answer, referrers: &[&str]) {
    let csp = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(csp.contains(part), "{}: {csp}", answer.asked);
    }
    assert!(!csp.contains("unsafe"), "{}: {csp}", answer.asked);
    let age = answer.header("strict-transport-security");
    assert!(age.contains("max-age=31536000"), "{}: {age}", answer.asked);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{}: {name}", answer.asked);
    }
    let referrer = answer.header("referrer-policy");
    assert!(
        referrers.contains(&referrer),
        "{}: {referrer}",
        answer.asked
    );
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_headers_errors_and_files_included() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let page = anybody.get("/").await.text();
    let style = page
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|href| href.starts_with("/assets/") && href.contains(".css"))
        .expect("a stylesheet");
    for path in [
        "/",
        "/en/",
        "/verify",
        "/v/AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/api/v1/certificates/AAAAAAAAAAAAAAAAAAAAAAAAAA/qr.txt",
        "/nowhere",
        "/api/v1/nowhere",
        "/api/v1/self",
        "/api/v1/regions",
        "/api/openapi.json",
        "/log/vkey",
        "/livez",
        "/readyz",
        "/readyz/verification",
        "/robots.txt",
        style,
    ] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE] {
            let request = anybody.ask(method.clone(), path).await;
            let answer = anybody.send(request).await;
            carries_the_headers(&answer);
            assert!(!answer.status.is_server_error(), "{method} {path}");
        }
        let whole = anybody.get(path).await;
        let head = anybody.send(anybody.ask(Method::HEAD, path).await).await;
        assert_eq!(head.status, whole.status, "HEAD {path}");
        assert_eq!(
            head.header("content-type"),
            whole.header("content-type"),
            "HEAD {path}"
        );
        assert!(head.bytes.is_empty(), "HEAD {path} has no body");
    }
}

/// Every page of the router and every reading operation, in both languages, as anybody and as somebody who is signed in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_carries_the_headers_too() {
    let story = Story::staffed(Database::Sqlite).await;
    let mut paths = Vec::new();
    for path in crate::walk::page_paths() {
        // The figures are on a listener of their own, inside; a witness is another service.
        if ["/metrics", "/add-checkpoint", "/checkpoint/{log}"].contains(&path.as_str()) {
            continue;
        }
        let filled = crate::walk::filled(&path);
        paths.push(format!("/en{filled}"));
        paths.push(filled);
    }
    let pages = paths.len();
    for (method, path, _) in crate::walk::operations() {
        if method == Method::GET {
            paths.push(crate::walk::filled(&path));
        }
    }
    let mut browser = tests::Browser::new(&story.server);
    let signed = browser.sign_in("national-1", tests::story::PASSWORD).await;
    assert_eq!(signed.status, 303);
    let cookie = browser.cookie();
    let anybody = story.who("anybody");
    let mut opened = 0;
    for path in &paths {
        for cookie in [None, Some(&cookie)] {
            let mut request = anybody.ask(Method::GET, path).await;
            if let Some(cookie) = cookie {
                request = request.header("Cookie", cookie);
            }
            let answer = anybody.send(request).await;
            // Forms of people who are signed in, or are about to be, tell our own server where they stood, and nobody else.
            let page = path.trim_start_matches("/en");
            let entrance = page.starts_with("/sign-in") || page.starts_with("/password");
            let referrers = ["no-referrer", "same-origin"];
            let some = 1 + usize::from(cookie.is_some() || entrance);
            carries_the_headers_with(&answer, &referrers[..some]);
            assert!(
                !answer.status.is_server_error(),
                "{path}: {}",
                answer.text()
            );
            opened += usize::from(answer.status == 200);
        }
    }
    println!("{} addresses, {opened} answers of 200", paths.len());
    assert!(
        pages > 120 && opened > 100,
        "{pages} pages, {opened} opened"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_origins_may_read_what_verifies_and_nothing_else() {
    let story = Story::staffed(Database::Sqlite).await;
    let anybody = story.who("anybody");
    let from_elsewhere = async |method: Method, path: &str| {
        let request = anybody.ask(method, path).await;
        let request = request
            .header("Origin", "https://elsewhere.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type");
        anybody.send(request).await
    };
    for path in [
        "/log/checkpoint",
        "/log/vkey",
        "/log/proof/0",
        "/log/proof/999999",
        "/vct/training-certificate/1",
        "/api/v1/keys",
        "/api/v1/verifications/AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/api/v1/certificates/AAAAAAAAAAAAAAAAAAAAAAAAAA/proof.tlog",
    ] {
        let answer = from_elsewhere(Method::GET, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let before = from_elsewhere(Method::OPTIONS, path).await;
        assert_eq!(before.status, 204, "{path}");
        assert!(before.header("allow").contains("OPTIONS"), "{path}");
        let methods = before.header("access-control-allow-methods");
        assert!(methods.contains("GET"), "{path}: {methods}");
    }
    let before = from_elsewhere(Method::OPTIONS, "/api/v1/verifications").await;
    assert!(
        before
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        before
            .header("access-control-allow-headers")
            .contains("Content-Type")
    );
    for path in [
        "/",
        "/verify",
        "/v/AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/api/v1/self",
        "/api/v1/sessions",
        "/api/v1/institutions",
        "/api/v1/accounts",
        "/api/v1/regions",
        "/livez",
    ] {
        for method in [Method::GET, Method::OPTIONS, Method::POST] {
            let answer = from_elsewhere(method.clone(), path).await;
            for (name, _) in &answer.headers {
                assert!(
                    !name.as_str().starts_with("access-control-"),
                    "{method} {path}: {name}"
                );
            }
        }
    }
    // The keys' own form of writing is an act at a desk.
    let answer = from_elsewhere(Method::POST, "/api/v1/keys").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
