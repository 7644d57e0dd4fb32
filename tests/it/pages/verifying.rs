//! The pages that verify: what a verdict tells, the form, the check of a name.

use tests::{Database, Story, on_both};

use super::{open, submit, title, whole};

on_both! {
    a_verdict_tells_nothing_about_disability;
    the_form_needs_number_and_name_and_keeps_what_was_typed;
    a_name_is_answered_with_match_or_no_match;
    names_cannot_be_guessed;
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
