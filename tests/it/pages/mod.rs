//! What anybody sees in a browser: every public page in both languages, the forms, the errors, the headers (pages.md).

mod catalogue;
mod verifying;

use std::collections::HashMap;

use domain::institution::InstitutionState;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use tests::story::CREDIT_CODE;
use tests::{Answer, Database, Story, TestServer, on_both};

on_both! {
    every_page_is_whole_in_both_languages;
    errors_are_pages_with_a_reference_number;
    an_empty_registry_says_so;
    large_mode_is_a_cookie_and_never_leads_elsewhere;
}

/// Every public address that needs no further object.
const FIXED: &[&str] = &[
    "/",
    "/verify",
    "/verify/help",
    "/institutions",
    "/programs",
    "/certificate-types",
    "/notices",
    "/rankings/provinces",
    "/log",
    "/help",
    "/privacy",
    "/accessibility",
    "/problems",
    "/problems/not-found",
    "/problems/conflict",
    "/problems/precondition-failed",
    "/developers",
];

async fn open(story: &Story, path: &str) -> Answer {
    story.who("anybody").get(path).await
}

async fn send(story: &Story, path: &str, kind: &str, body: &str) -> Answer {
    let anybody = story.who("anybody");
    let request = anybody.ask(Method::POST, path).await;
    let request = request.header(CONTENT_TYPE, kind).body(body.to_owned());
    anybody.send(request).await
}

async fn submit(story: &Story, path: &str, body: &str) -> Answer {
    send(story, path, "application/x-www-form-urlencoded", body).await
}

/// The text between the first `before` and the next `after`.
fn between<'a>(html: &'a str, before: &str, after: &str) -> &'a str {
    html.split_once(before)
        .and_then(|(_, rest)| rest.split_once(after))
        .map_or("", |(found, _)| found)
}

fn title(answer: &Answer) -> String {
    between(&answer.text(), "<title>", "</title>").to_owned()
}

/// What holds for every page, an error page too.
#[track_caller]
fn whole(answer: &Answer, status: u16, language: &str) -> String {
    let html = answer.text();
    let asked = &answer.asked;
    assert_eq!(answer.status.as_u16(), status, "{asked}: {html}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(html.starts_with("<!DOCTYPE html>"), "{asked}");
    assert!(
        html.contains(&format!("<html lang=\"{language}\"")),
        "{asked}"
    );
    assert_eq!(html.matches("<h1").count(), 1, "{asked}: one h1");
    assert_eq!(html.matches("<main").count(), 1, "{asked}: one main");
    assert!(html.contains("class=\"skip\" href=\"#main\""), "{asked}");
    // The answer to a scan has one script, for what stands behind `#`; every other page has none.
    let script = r#"<script type="module" src="/verify/offline/fragment.js"></script>"#;
    assert!(html.matches(script).count() <= 1, "{asked}");
    let bare = html.replacen(script, "", usize::from(html.contains("id=\"signed\"")));
    for never in [
        "<script",
        "style=\"",
        "<style",
        "onclick",
        "javascript:",
        "http-equiv",
    ] {
        assert!(!bare.contains(never), "{asked}: {never}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{asked}: {name}");
    }
    assert!(
        answer
            .header("strict-transport-security")
            .contains("max-age=31536000")
    );
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{asked}: {policy}");
    assert!(!policy.contains("unsafe"), "{asked}: {policy}");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{asked}: {policy}"
    );
    assert!(!answer.header("x-request-id").is_empty(), "{asked}");
    html
}

async fn every_page_is_whole_in_both_languages(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let certificate = issued["certificates"][0]["id"].as_str().expect("an id");
    let mut paths: Vec<String> = FIXED.iter().map(|path| (*path).to_owned()).collect();
    paths.push(format!("/institutions/{CREDIT_CODE}"));
    paths.push(format!("/programs/{}", story.program));
    paths.push(format!("/v/{certificate}"));
    let mut titles: HashMap<String, String> = HashMap::new();
    for path in paths {
        for (prefix, language) in [("", "zh-CN"), ("/en", "en")] {
            let path = format!("{prefix}{path}");
            let answer = open(&story, &path).await;
            let html = whole(&answer, 200, language);
            let title = title(&answer);
            assert!(title.contains(" - "), "{path}: {title}");
            if let Some(other) = titles.insert(title.clone(), path.clone()) {
                panic!("{path} and {other} are both called {title}");
            }
            // The switch keeps the page.
            let other = match prefix {
                "" => format!("href=\"/en{path}\""),
                _ => format!("href=\"{}\"", path.trim_start_matches("/en")),
            };
            assert!(html.contains(&other), "{path}: no {other}");
        }
    }
}

async fn errors_are_pages_with_a_reference_number(database: Database) {
    let story = Story::staffed(database).await;
    for (prefix, language) in [("", "zh-CN"), ("/en", "en")] {
        for path in [
            "/nothing",
            "/institutions/none",
            "/programs/none",
            "/problems/none",
        ] {
            let answer = open(&story, &format!("{prefix}{path}")).await;
            let html = whole(&answer, 404, language);
            assert!(html.contains(answer.header("x-request-id")), "{path}");
            assert!(
                html.contains("role=\"search\"") && html.contains("010-00000000"),
                "{path}"
            );
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        let answer = submit(&story, &format!("{prefix}/institutions"), "q=1").await;
        let html = whole(&answer, 405, language);
        assert!(html.contains(answer.header("x-request-id")));
        assert!(answer.header("allow").contains("GET"));
        assert!(!html.contains("Allow"), "a sentence for people");
        let answer = send(
            &story,
            &format!("{prefix}/verify"),
            "application/json",
            "{}",
        )
        .await;
        let html = whole(&answer, 415, language);
        assert!(
            !html.contains("application/json"),
            "a sentence for people: {html}"
        );
        let long = format!("number={}", "9".repeat(20_000));
        let answer = submit(&story, &format!("{prefix}/verify"), &long).await;
        whole(&answer, 413, language);
    }
}

async fn an_empty_registry_says_so(database: Database) {
    let server = TestServer::start(database).await;
    let story = Story::staffed_on(server).await;
    let html = whole(&open(&story, "/").await, 200, "zh-CN");
    assert!(html.contains("目录尚未发布"));
    let html = whole(&open(&story, "/institutions").await, 200, "zh-CN");
    assert!(html.contains("目录里还没有内容"), "{html}");
    for path in ["/programs", "/certificate-types", "/notices", "/log"] {
        whole(&open(&story, path).await, 200, "zh-CN");
    }
    assert!(InstitutionState::Suspended.is_public());
}

async fn large_mode_is_a_cookie_and_never_leads_elsewhere(database: Database) {
    let story = Story::staffed(database).await;
    let anybody = story.who("anybody");
    let answer = open(&story, "/large?on=1&to=/institutions%3Fq%3D1").await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/institutions?q=1");
    assert!(answer.header("set-cookie").starts_with("large=1;"));
    let request = anybody.ask(Method::GET, "/institutions").await;
    let page = anybody.send(request.header(COOKIE, "large=1")).await;
    assert!(page.text().contains("class=\"large\"") && page.text().contains("标准版"));
    for bad in [
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "https://evil.example",
        "evil",
    ] {
        let answer = open(&story, &format!("/large?on=1&to={bad}")).await;
        assert_eq!(answer.header("location"), "/", "{bad}");
    }
}
