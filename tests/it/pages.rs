//! What anybody sees in a browser: every public page in both languages, the forms, the errors, the headers (pages.md).

use std::collections::HashMap;

use domain::institution::InstitutionState;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use reqwest::{Method, StatusCode};
use tests::story::CREDIT_CODE;
use tests::{Answer, Database, Story, TestServer, on_both};

on_both! {
    every_page_is_whole_in_both_languages;
    a_verdict_tells_nothing_about_disability;
    the_form_needs_number_and_name_and_keeps_what_was_typed;
    a_name_is_answered_with_match_or_no_match;
    the_catalogue_is_narrowed_by_every_filter;
    a_wrong_filter_is_shown_and_not_ignored;
    a_suspended_institution_stays_findable;
    lists_are_files_with_their_filter_and_their_time;
    errors_are_pages_with_a_reference_number;
    names_cannot_be_guessed;
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

/// The body of a form with this text as the number.
fn as_number(text: &str) -> String {
    let mut body = "number=".to_owned();
    for byte in text.bytes() {
        body.push('%');
        body.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
    }
    body
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

async fn a_verdict_tells_nothing_about_disability(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = issued["certificates"][0]["id"].as_str().expect("an id");
    let holder = "虚构样一";
    let nobody = domain::PublicId::from_bytes([7; 16]).to_string();
    for path in [
        format!("/v/{id}"),
        format!("/V/{id}"),
        format!("/v/{nobody}"),
        "/v/!".to_owned(),
        "/verify".to_owned(),
        "/verify/help".to_owned(),
        "/verify/nothing-here".to_owned(),
    ] {
        for prefix in ["", "/en"] {
            let answer = open(&story, &format!("{prefix}{path}")).await;
            let html = answer.text();
            for word in ["残疾", "残联", "isab", "Disab"] {
                assert!(!html.contains(word), "{prefix}{path} says {word}");
            }
            assert!(!html.contains(holder), "{prefix}{path} shows the full name");
        }
    }
    let answer = open(&story, &format!("/v/{id}")).await;
    let html = whole(&answer, 200, "zh-CN");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(html.contains("noindex"));
    assert!(
        title(&answer).starts_with("证书有效:证书查验 - "),
        "{}",
        title(&answer)
    );
    for fact in [
        "证书有效",
        "持证人",
        "**",
        "职业培训合格证书",
        "签发日期",
        "查验时间",
        "指纹",
    ] {
        assert!(html.contains(fact), "no {fact}");
    }
    let answer = open(&story, &format!("/v/{nobody}")).await;
    let html = whole(&answer, 404, "zh-CN");
    assert!(html.contains("class=\"verdict v-not_found"), "{html}");
}

async fn the_form_needs_number_and_name_and_keeps_what_was_typed(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = issued["certificates"][0]["id"].as_str().expect("an id");
    let number = issued["certificates"][0]["certificate_no"]
        .as_str()
        .expect("a number");
    for (prefix, error, language) in [("", "错误:", "zh-CN"), ("/en", "Error: ", "en")] {
        let path = format!("{prefix}/verify");
        let answer = submit(&story, &path, "number=%3Cb%3E%22&name=").await;
        let html = whole(&answer, 422, language);
        assert!(title(&answer).starts_with(error), "{}", title(&answer));
        assert_eq!(answer.header("cache-control"), "no-store");
        let summary = html.find("class=\"error-summary\" role=\"alert\" tabindex=\"-1\"");
        assert!(summary.expect("a summary") < html.find("<form").expect("a form"));
        for field in ["number", "name"] {
            assert!(html.contains(&format!("<a href=\"#{field}\">")), "{field}");
            assert!(
                html.contains(&format!("{field}-hint {field}-why\"")),
                "{field}"
            );
            assert!(html.contains(&format!("id=\"{field}-why\"")), "{field}");
        }
        assert_eq!(html.matches("aria-invalid=\"true\"").count(), 2);
        assert!(
            html.contains("value=\"&#60;b&#62;&#34;\""),
            "what was typed is there, escaped"
        );
    }
    // A wrong name is answered exactly like a number that nobody has.
    let wrong = submit(
        &story,
        "/verify",
        &format!("number={number}&name=%E7%8E%8B%E9%94%99"),
    )
    .await;
    let html = whole(&wrong, 404, "zh-CN");
    assert!(html.contains("v-not_found") && html.contains(&format!("value=\"{number}\"")));
    // A field given twice is no question: neither the first nor the last of them counts.
    for path in ["/verify".to_owned(), format!("/v/{id}")] {
        let body = format!("number={number}&name=a&name=b");
        assert_eq!(submit(&story, &path, &body).await.status, 400, "{path}");
    }
    // The text of the code needs no name, and leads to the verdict of that text.
    let text = story.qr_text(id).await;
    let answer = submit(&story, "/verify", &as_number(&text)).await;
    assert!(whole(&answer, 200, "zh-CN").contains("v-valid"));
    // One character of the signature is another one.
    let at = text.len() - 20;
    let other = if text.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut altered = text.clone();
    altered.replace_range(at..=at, other);
    let answer = submit(&story, "/verify", &as_number(&altered)).await;
    let html = whole(&answer, 200, "zh-CN");
    assert!(!html.contains("v-valid"), "an altered text is not valid");
    assert!(
        !html.contains("持证人</dt>"),
        "and lends nobody's data to a forgery"
    );
}

async fn a_name_is_answered_with_match_or_no_match(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = issued["certificates"][0]["id"].as_str().expect("an id");
    let path = format!("/v/{id}");
    let page = submit(&story, &path, "name=%E7%8E%8B%E9%94%99").await;
    let html = whole(&page, 200, "zh-CN");
    assert!(
        html.contains("姓名不一致") && html.contains("role=\"status\""),
        "{html}"
    );
    let page = submit(&story, &path, "name=").await;
    let html = whole(&page, 422, "zh-CN");
    assert!(
        title(&page).starts_with("错误:证书有效"),
        "{}",
        title(&page)
    );
    assert!(html.contains("href=\"#name\"") && html.contains("name-hint name-why"));
    let page = submit(&story, &path, "name=王%E2%80%AE甲").await;
    let html = whole(&page, 422, "zh-CN");
    assert!(
        html.contains("value=\"王\u{202e}甲\""),
        "what was typed is still there"
    );
}

async fn the_catalogue_is_narrowed_by_every_filter(database: Database) {
    let (story, _) = Story::with_certificates(database, 1).await;
    let cohort = story.enrolling().await;
    assert!(!cohort.is_empty());
    let found = [
        "",
        "?q=%E8%99%9A%E6%9E%84",
        "?q=%E6%B5%99%E6%B1%9F+%E5%AD%A6%E6%A0%A1",
        &format!("?q={CREDIT_CODE}"),
        "?region=330000",
        "?region=330106",
        "?state=provisional",
        "?provision=step_free_entrance",
        "?provision=step_free_entrance&provision=hearing_loop",
        "?form=sign_language",
        "?enrolling=1",
        "?q=&region=&state=&grade=&occupation=&starts_from=&sort=name",
        "?q=zhejiangxugou",
        "?q=ZJXG",
        "?grade=P",
        "?occupation=4-14",
        "?starts_from=2026-03-05",
        "?starts_from=2026-03-05&enrolling=1&free=1",
        "?sort=grade",
        "?sort=region",
    ];
    for query in found {
        let html = whole(
            &open(&story, &format!("/institutions{query}")).await,
            200,
            "zh-CN",
        );
        assert!(
            html.contains(&format!("/institutions/{CREDIT_CODE}\"")),
            "{query}: {html}"
        );
        assert!(html.contains("共 1 家"), "{query}");
    }
    let missed = [
        "?q=%25",
        "?q=_",
        "?region=370000",
        "?state=suspended",
        "?provision=lift",
        "?provision=hearing_loop&provision=lift",
        "?form=braille",
        "?q=zhejiangxugong",
        "?grade=A",
        "?occupation=6",
        "?starts_from=2027-01-01",
    ];
    for query in missed {
        let html = whole(
            &open(&story, &format!("/institutions{query}")).await,
            200,
            "zh-CN",
        );
        assert!(
            html.contains("共 0 家") && html.contains("没有同时符合"),
            "{query}: {html}"
        );
        assert!(html.contains(">清除条件</a>"), "{query}");
    }
    // The filter stands in the title, stays in the form, and a wider search that finds something is offered.
    let page = open(&story, "/institutions?q=%E8%99%9A%E6%9E%84&region=370000").await;
    let html = page.text();
    assert!(
        title(&page).starts_with("虚构、山东省 - 培训机构"),
        "{}",
        title(&page)
    );
    assert!(html.contains("<option value=\"370000\" selected>"));
    assert!(
        html.contains("/institutions?q=%E8%99%9A%E6%9E%84\""),
        "{html}"
    );
    // What sounds alike is offered: 浙将 for 浙江.
    let html = open(&story, "/institutions?q=%E6%B5%99%E5%B0%86")
        .await
        .text();
    assert!(html.contains("/institutions?q=zhejiang\""), "{html}");
    for query in [
        "?q=%E5%85%BB%E8%80%81",
        "?q=yanglao",
        "?occupation=4-14",
        "?starts_from=2026-03-05&free=1&sort=code",
        "?form=sign_language",
        "?region=330000",
        "?enrolling=1",
    ] {
        let html = whole(
            &open(&story, &format!("/programs{query}")).await,
            200,
            "zh-CN",
        );
        assert!(
            html.contains(&format!("/programs/{}\"", story.program)),
            "{query}: {html}"
        );
    }
    for query in ["?q=zzz", "?form=braille", "?region=370000"] {
        let html = whole(
            &open(&story, &format!("/programs{query}")).await,
            200,
            "zh-CN",
        );
        assert!(html.contains("共 0 个"), "{query}");
    }
}

async fn a_wrong_filter_is_shown_and_not_ignored(database: Database) {
    let story = Story::staffed(database).await;
    for query in [
        "?region=999999",
        "?state=applied",
        "?state=%3Cb%3E",
        "?provision=rocket",
        "?form=telepathy",
        "?page=0",
        "?page=abc",
        "?grade=E",
        "?occupation=nurse",
        "?starts_from=8.3.2026",
        "?sort=strokes",
        "?q=a&q=b",
        "?colour=red",
        "?q=%00",
    ] {
        for (prefix, error, language) in [("", "错误:", "zh-CN"), ("/en", "Error: ", "en")] {
            let page = open(&story, &format!("{prefix}/institutions{query}")).await;
            let html = whole(&page, 422, language);
            assert!(title(&page).starts_with(error), "{query}: {}", title(&page));
            assert!(
                html.contains("class=\"error-summary\" role=\"alert\""),
                "{query}"
            );
            assert!(!html.contains("<b>"), "{query}");
        }
    }
    assert_eq!(open(&story, "/programs?provision=lift").await.status, 422);
    assert_eq!(
        open(&story, "/institutions.csv?state=none").await.status,
        422
    );
}

async fn a_suspended_institution_stays_findable(database: Database) {
    let (story, _) = Story::with_certificates(database, 1).await;
    story.enrolling().await;
    let profile = format!("/institutions/{CREDIT_CODE}");
    let html = whole(&open(&story, &profile).await, 200, "zh-CN");
    assert!(
        html.contains("报名中") && html.contains("累计签发 1 张"),
        "{html}"
    );
    story
        .transition_by_two("T16", "province-1", "province-2")
        .await;
    let html = whole(&open(&story, "/institutions").await, 200, "zh-CN");
    assert!(html.contains("已暂停") && html.contains(&profile), "{html}");
    assert!(!html.contains("最近开班"), "not offered for enrolment");
    let html = whole(
        &open(&story, "/institutions?enrolling=1").await,
        200,
        "zh-CN",
    );
    assert!(html.contains("共 0 家"));
    let html = whole(&open(&story, &profile).await, 200, "zh-CN");
    let order = [
        "已暂停",
        "暂停期间不能招生",
        "受理残联",
        "场地与无障碍",
        "满意度",
        "开设的项目",
        "签发证书",
        "决定与经过",
        "公示中",
    ];
    let places: Vec<usize> = order
        .iter()
        .map(|word| {
            html.find(word)
                .unwrap_or_else(|| panic!("no {word}: {html}"))
        })
        .collect();
    assert!(places.is_sorted(), "{order:?} stand at {places:?}");
    assert!(html.contains("暂停招生"), "its classes take nobody");
    let html = whole(&open(&story, "/notices").await, 200, "zh-CN");
    assert!(html.contains("紧急暂停"), "{html}");
}

async fn lists_are_files_with_their_filter_and_their_time(database: Database) {
    let (story, _) = Story::with_certificates(database, 1).await;
    let file = open(&story, "/institutions.csv?region=330000").await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(
        file.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    assert!(file.bytes.starts_with("\u{feff}".as_bytes()));
    let text = file.text();
    for part in [
        "region=330000",
        "导出时间",
        "来源",
        CREDIT_CODE,
        "无障碍出入口、助听环路",
    ] {
        assert!(text.contains(part), "no {part}: {text}");
    }
    let file = open(&story, "/en/programs.csv").await;
    assert!(file.text().contains(&story.program) && file.text().contains("Source"));
    for path in ["/institutions.xlsx", "/programs.xlsx"] {
        let file = open(&story, path).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        assert!(file.bytes.starts_with(b"PK"), "{path}");
    }
    let picture = open(&story, &format!("/institutions/{CREDIT_CODE}/qr.svg")).await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert_eq!(
        open(&story, "/institutions/nobody/qr.svg").await.status,
        404
    );
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

async fn names_cannot_be_guessed(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let one = &issued["certificates"][0];
    let (id, number) = (
        one["id"].as_str().expect("an id"),
        one["certificate_no"].as_str(),
    );
    let number = number.expect("a number");
    let path = format!("/v/{id}");
    for name in ["甲", "乙", "丙", "丁", "戊"] {
        let page = submit(&story, &path, &format!("name=王{name}")).await;
        assert!(whole(&page, 200, "zh-CN").contains("姓名不一致"), "{name}");
    }
    // The right name is not answered either, here or by number, or the limit would tell it.
    for (path, body) in [
        (path.as_str(), "name=虚构样一".to_owned()),
        ("/verify", format!("number={number}&name=虚构样一")),
    ] {
        let page = submit(&story, path, &body).await;
        let html = whole(&page, 429, "zh-CN");
        assert!(html.contains(page.header("x-request-id")));
        assert!(
            html.contains("明天再试") && html.contains("二维码"),
            "{html}"
        );
        let wait: u64 = page.header("retry-after").parse().expect("seconds");
        assert!((1..=86_400).contains(&wait));
        assert!(!html.contains("残"), "under the neutral name");
    }
    // The code itself still works, and tomorrow is another day.
    assert!(open(&story, &path).await.text().contains("v-valid"));
    story.server.days_pass(1);
    let page = submit(&story, "/verify", &format!("number={number}&name=虚构样一")).await;
    assert_eq!(page.status, 303);
    assert_eq!(page.header("location"), path);
    let page = submit(&story, &path, "name=虚构样一").await;
    assert!(whole(&page, 200, "zh-CN").contains("姓名一致"));
}
