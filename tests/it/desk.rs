//! Staff pages: cookie, cross-site check, second factor, the desk (trust.md WEB-2, field.md 20, pages.md 1 and 2).

use reqwest::Method;
use serde_json::json;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both};

on_both! {
    a_browser_signs_in_approves_at_the_desk_and_signs_out;
    a_form_of_another_site_changes_nothing;
    a_browser_enrols_a_second_factor_before_it_sees_the_desk;
}

const HOST: &str = "https://mingzheng.example";

/// Value of the first hidden field of this name after a place in the page.
fn hidden(page: &str, after: &str, name: &str) -> String {
    let rest = &page[page.find(after).expect("the place")..];
    let mark = format!("name=\"{name}\" value=\"");
    let at = rest.find(&mark).unwrap_or_else(|| panic!("no {name}")) + mark.len();
    rest[at..].split('"').next().expect("a value").to_owned()
}

/// Headers, or fields of a form.
type Pairs<'a> = &'a [(&'a str, &'a str)];

const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

async fn a_browser_signs_in_approves_at_the_desk_and_signs_out(database: Database) {
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let proposed = story.transition("province-1", "T06").await;
    let id = text(&proposed["proposal_id"]);
    let server = &story.server;
    let mut browser = Browser::new(server);
    let away = browser.open("/desk").await;
    assert_eq!(
        (away.status.as_u16(), away.header("location")),
        (303, "/sign-in?to=/desk")
    );
    for (path, h1) in [("/sign-in", "登录"), ("/en/sign-in", "Sign in")] {
        let page = browser.open(path).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(
            page.text().contains(&format!("<h1>{h1}</h1>")) && !page.text().contains("<script")
        );
    }
    let wrong = browser
        .sign_in("province-2", "not-the-right-password")
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("<title>错误:登录") && wrong.text().contains("value=\"province-2\"")
    );
    assert!(!wrong.text().contains("not-the-right-password"));
    let entered = browser.sign_in("province-2", PASSWORD).await;
    assert_eq!(
        (entered.status.as_u16(), entered.header("location")),
        (303, "/desk")
    );
    let desk = browser.open("/desk").await;
    for words in [
        "当前身份",
        "虚构人员",
        "省级残联经办人",
        "浙江省",
        "浙江虚构职业培训学校",
        &id,
    ] {
        assert!(desk.text().contains(words), "{words}: {}", desk.text());
    }
    assert!(
        browser
            .open("/en/desk")
            .await
            .text()
            .contains("province federation officer")
    );
    // The cookie is no token of the API, and the token no cookie.
    browser
        .open("/api/v1/proposals")
        .await
        .problem(401, "unauthenticated");

    let key = hidden(&desk.text(), &format!("/desk/proposals/{id}"), "key");
    let approve = [("decision", "approve"), ("key", key.as_str())];
    let path = format!("/desk/proposals/{id}");
    let mut proposer = Browser::new(server);
    proposer.sign_in("province-1", PASSWORD).await;
    let own = proposer.open("/desk").await.text();
    assert!(own.contains("这是您自己提出的") && !own.contains("value=\"approve\""));
    let refused = proposer.send(&path, &OWN, &approve).await;
    assert_eq!(refused.status, 409);
    for _ in 0..2 {
        // Pressed twice: decided once, the same answer.
        let done = browser.send(&path, &OWN, &approve).await;
        assert_eq!(
            (done.status.as_u16(), done.header("location")),
            (303, "/desk")
        );
    }
    assert!(browser.open("/desk").await.text().contains("没有待办"));
    let admission = story
        .who("province-1")
        .get(&format!("/api/v1/institutions/{}", story.admission))
        .await
        .good();
    assert_eq!(admission["state"], "admission_notice");

    let before = browser.cookie();
    let out = browser.send("/sign-out", &OWN, &[]).await;
    assert_eq!(out.header("location"), "/sign-in");
    assert!(!browser.cookie().contains("__Host-session"));
    browser.cookies = vec![(
        "__Host-session".to_owned(),
        before
            .split("__Host-session=")
            .nth(1)
            .expect("a cookie")
            .split(';')
            .next()
            .expect("a value")
            .to_owned(),
    )];
    assert_eq!(
        browser.open("/desk").await.status,
        303,
        "a copied cookie opens nothing any more"
    );
}

async fn a_form_of_another_site_changes_nothing(database: Database) {
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let proposed = story.transition("province-1", "T06").await;
    let id = text(&proposed["proposal_id"]);
    let path = format!("/desk/proposals/{id}");
    let mut browser = Browser::new(&story.server);
    browser.sign_in("province-2", PASSWORD).await;
    let desk = browser.open("/desk").await.text();
    let token = hidden(&desk, &path, "form");
    let fields = [("decision", "approve"), ("key", "from-elsewhere")];
    let with_token = [
        ("decision", "approve"),
        ("key", "from-elsewhere"),
        ("form", token.as_str()),
    ];
    let wrong_token = [
        ("decision", "approve"),
        ("key", "from-elsewhere"),
        ("form", "aaaa"),
    ];
    let foreign: [(Pairs, Pairs); 7] = [
        (&[("Sec-Fetch-Site", "cross-site")], &with_token),
        (&[("Sec-Fetch-Site", "same-site")], &with_token),
        // The first that is there decides.
        (
            &[("Sec-Fetch-Site", "cross-site"), ("Origin", HOST)],
            &with_token,
        ),
        (&[("Origin", "https://evil.example")], &with_token),
        (&[("Origin", "null")], &fields),
        (&[("Origin", "null")], &wrong_token),
        (&[], &fields),
    ];
    for (headers, fields) in foreign {
        let answer = browser.send(&path, headers, fields).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(
            answer.text().contains("请从本平台的页面提交"),
            "{headers:?}"
        );
    }
    // A sign-in form of another site signs nobody in.
    let mut other = Browser::new(&story.server);
    let fields = [("name", "province-2"), ("password", PASSWORD)];
    assert_eq!(
        other
            .send("/sign-in", &[("Sec-Fetch-Site", "cross-site")], &fields)
            .await
            .status,
        403
    );
    assert_eq!(other.send("/sign-in", &[], &fields).await.status, 403);
    let page = other.open("/sign-in").await.text();
    let token = hidden(&page, "<form", "form");
    let with = [
        ("name", "province-2"),
        ("password", PASSWORD),
        ("form", token.as_str()),
    ];
    assert_eq!(
        other.send("/sign-in", &[], &with).await.status,
        303,
        "an old browser with its token"
    );
    // A token of one browser is none of another.
    let mut third = Browser::new(&story.server);
    third.open("/sign-in").await;
    assert_eq!(
        third
            .send("/sign-in", &[("Origin", "null")], &with)
            .await
            .status,
        403
    );
    // JSON and plain text are no forms.
    let request = browser.client.ask(Method::POST, &path).await;
    let request = request
        .header("Cookie", browser.cookie())
        .header("Sec-Fetch-Site", "same-origin");
    assert_eq!(
        browser.client.send(request.json(&json!({}))).await.status,
        415
    );
    // A link elsewhere does not lead out after the sign-in.
    for to in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
    ] {
        let fields = [("name", "province-2"), ("password", PASSWORD), ("to", to)];
        let entered = Browser::new(&story.server)
            .send("/sign-in", &OWN, &fields)
            .await;
        assert_eq!(entered.header("location"), "/desk", "{to}");
    }
    // Still open: the origin itself may decide it.
    let answer = browser
        .send(
            &path,
            &[("Origin", HOST)],
            &[("decision", "approve"), ("key", "k-1")],
        )
        .await;
    assert_eq!(answer.status, 303);
}

async fn a_browser_enrols_a_second_factor_before_it_sees_the_desk(database: Database) {
    let mut story = Story::staffed(database).await;
    story.server = story
        .server
        .again(|config| config.require_second_factor = true)
        .await;
    let server = &story.server;
    let mut browser = Browser::new(server);
    let entered = browser.sign_in("county-1", PASSWORD).await;
    assert_eq!(entered.header("location"), "/sign-in/enrol?to=/desk");
    let away = browser.open("/desk").await;
    assert_eq!(away.header("location"), "/sign-in/enrol?to=/desk");
    let before = browser.open("/sign-in/enrol").await.text();
    assert!(
        !before.contains("<strong class=\"mono\">"),
        "reading makes no key"
    );
    let page = browser.send("/sign-in/enrol", &OWN, &[]).await.text();
    let at = page.find("<strong class=\"mono\">").expect("a secret") + 21;
    let secret = page[at..].split('<').next().expect("a secret").to_owned();
    let totp = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::try_from_base32(&secret).expect("Base32"))
        .with_account_name("a")
        .build()
        .expect("a secret");
    let code = || {
        totp.generate(server.app.now().timestamp().cast_unsigned())
            .to_string()
    };
    let wrong = browser.send("/sign-in/enrol", &OWN, &[("code", "1")]).await;
    assert_eq!(wrong.status, 422);
    let done = browser
        .send("/sign-in/enrol", &OWN, &[("code", &code())])
        .await;
    assert_eq!(done.status, 200);
    assert_eq!(
        done.text().matches("<li class=\"mono\">").count(),
        10,
        "recovery codes"
    );
    assert!(browser.open("/desk").await.text().contains("没有待办"));

    let mut again = Browser::new(server);
    let entered = again.sign_in("county-1", PASSWORD).await;
    assert_eq!(
        entered.header("location"),
        "/sign-in/second-factor?to=/desk"
    );
    assert_eq!(again.open("/sign-in/second-factor").await.status, 200);
    server.clock.advance_seconds(30);
    let fields = [("code", code()), ("to", "/desk".to_owned())];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let proved = again.send("/sign-in/second-factor", &OWN, &fields).await;
    assert_eq!(
        (proved.status.as_u16(), proved.header("location")),
        (303, "/desk")
    );
    assert_eq!(again.open("/desk").await.status, 200);
    // Five minutes later a decision asks again.
    server.clock.advance_seconds(301);
    let path = format!("/desk/proposals/{}", uuid::Uuid::nil());
    let asked = again
        .send(&path, &OWN, &[("decision", "approve"), ("key", "k")])
        .await;
    assert_eq!(asked.header("location"), "/sign-in/second-factor?to=/desk");
}
