//! Authenticators that sign as a second factor: enrolled and used by forms, with a key of software in place of the hand.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::SigningKey;
use serde_json::{Value, json};
use tests::answer::text;
use tests::authenticator::{Authenticator, RP_ID};
use tests::story::PASSWORD;
use tests::{Answer, Browser, Database, Story, on_both};

use super::OWN;

on_both! {
    a_key_is_enrolled_and_proves_at_sign_in_and_its_recovery_codes_open;
    an_answer_that_is_not_of_this_key_this_site_and_this_moment_proves_nothing;
    a_lost_key_is_taken_away_by_the_administrator;
}

const ENROL: &str = "/sign-in/enrol/key";
const PROVE: &str = "/sign-in/second-factor/key";

/// What the page asks the browser.
fn options(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let page = answer.text();
    let (_, rest) = page.split_once("data-options=\"").expect("the options");
    let escaped = rest.split('"').next().expect("their end");
    serde_json::from_str(&escaped.replace("&#34;", "\"").replace("&quot;", "\"")).expect("JSON")
}

/// A registry that asks for second factors, and somebody who has signed in with their password.
async fn asking(database: Database) -> Story {
    let mut story = Story::staffed(database).await;
    let ask = |config: &mut api::config::Config| config.require_second_factor = true;
    story.server = story.server.again(ask).await;
    story
}

async fn signed_in(story: &Story) -> Browser {
    let mut browser = Browser::new(&story.server);
    browser.sign_in("county-1", PASSWORD).await;
    browser
}

async fn begin(browser: &mut Browser, path: &str) -> Value {
    options(&browser.send(path, &OWN, &[("to", "/desk")]).await)
}

async fn answer(browser: &mut Browser, path: &str, answer: &str) -> Answer {
    let fields = [("answer", answer), ("to", "/desk")];
    browser.send(path, &OWN, &fields).await
}

/// Enrols a key; answers the recovery codes.
async fn enrol(browser: &mut Browser, key: &Authenticator) -> Vec<String> {
    let asked = begin(browser, ENROL).await;
    let done = answer(browser, ENROL, &key.create(&asked)).await;
    assert_eq!(done.status, 200, "{}", done.text());
    done.text()
        .split("<li class=\"mono\">")
        .skip(1)
        .map(|part| part.split('<').next().expect("a code").to_owned())
        .collect()
}

async fn a_key_is_enrolled_and_proves_at_sign_in_and_its_recovery_codes_open(database: Database) {
    let story = asking(database).await;
    let mut browser = signed_in(&story).await;
    let other = signed_in(&story).await;
    assert_eq!(
        browser.open("/desk").await.header("location"),
        "/sign-in/enrol?to=/desk"
    );
    assert!(browser.open("/sign-in/enrol").await.text().contains(ENROL));
    // Reading the page asks the browser nothing and runs nothing.
    let page = browser.open(ENROL).await;
    assert!(!page.text().contains("<script") && !page.text().contains("data-options"));
    assert!(
        !page
            .header("content-security-policy")
            .contains("script-src")
    );
    let sent = browser.send(ENROL, &OWN, &[]).await;
    let asked = options(&sent);
    assert_eq!(asked["rp"]["id"], RP_ID);
    assert_eq!(asked["user"]["name"], "county-1");
    assert!(
        !asked.to_string().contains("虚构"),
        "no name of a person: {asked}"
    );
    let page = sent.text();
    assert!(page.contains("这个浏览器不能使用安全密钥"), "{page}");
    let script = page
        .split("src=\"")
        .find(|part| part.starts_with("/assets/passkey-"));
    let script = script
        .expect("the script")
        .split('"')
        .next()
        .expect("a path");
    let script = browser.open(script).await;
    assert_eq!(
        script.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    // Enrolled: this session goes on, the others end.
    let mut key = Authenticator::new(7);
    let codes = enrol(&mut browser, &key).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(browser.open("/desk").await.status, 200);
    let mut other = other;
    assert!(
        other
            .open("/desk")
            .await
            .header("location")
            .starts_with("/sign-in?")
    );
    // Another may be added beside it while the proof is fresh; the same authenticator is not asked again.
    let again = options(&browser.send(ENROL, &OWN, &[]).await);
    assert_eq!(
        again["excludeCredentials"][0]["id"],
        BASE64URL_NOPAD.encode(&key.id)
    );
    // At the next sign-in it is asked for.
    let mut later = signed_in(&story).await;
    assert_eq!(
        later.open("/desk").await.header("location"),
        "/sign-in/second-factor?to=/desk"
    );
    assert!(
        later
            .open("/sign-in/second-factor")
            .await
            .text()
            .contains(PROVE)
    );
    let asked = begin(&mut later, PROVE).await;
    assert_eq!(
        asked["allowCredentials"][0]["id"],
        BASE64URL_NOPAD.encode(&key.id)
    );
    key.counter = 2;
    let said = key.get(&asked);
    let done = answer(&mut later, PROVE, &said).await;
    assert_eq!(
        (done.status.as_u16(), done.header("location")),
        (303, "/desk"),
        "{}",
        done.text()
    );
    assert_eq!(later.open("/desk").await.status, 200);
    // The same answer twice is none.
    assert_eq!(answer(&mut later, PROVE, &said).await.status, 422);
    // Without the key a recovery code opens, once.
    for (status, _) in [(303, "first"), (422, "again")] {
        let mut lost = signed_in(&story).await;
        let fields = [("code", codes[0].as_str()), ("to", "/desk")];
        let sent = lost.send("/sign-in/second-factor", &OWN, &fields).await;
        assert_eq!(sent.status, status, "{}", sent.text());
    }
}

async fn an_answer_that_is_not_of_this_key_this_site_and_this_moment_proves_nothing(
    database: Database,
) {
    let story = asking(database).await;
    let mut browser = signed_in(&story).await;
    let key = Authenticator::new(7);
    // Enrolling: another site, nobody present, a challenge that is over, and what is no answer at all.
    let wrong = |change: fn(&mut Authenticator)| {
        let mut key = key.clone();
        change(&mut key);
        key
    };
    for one in [
        wrong(|key| key.origin = "https://mingzheng.example.org"),
        wrong(|key| key.origin = "http://mingzheng.example"),
        wrong(|key| key.rp_id = "example"),
        wrong(|key| key.flags = 0),
    ] {
        let asked = begin(&mut browser, ENROL).await;
        let refused = answer(&mut browser, ENROL, &one.create(&asked)).await;
        assert_eq!(refused.status, 422, "{} {}", one.origin, one.rp_id);
    }
    let deep = "[".repeat(5_000);
    for text in [
        "",
        "{}",
        "[]",
        "null",
        deep.as_str(),
        "{\"id\":\"\",\"attestationObject\":\"o2NmbXQ\",\"clientDataJSON\":\"e30\"}",
    ] {
        begin(&mut browser, ENROL).await;
        assert_eq!(
            answer(&mut browser, ENROL, text).await.status,
            422,
            "{text:.40}"
        );
    }
    let asked = begin(&mut browser, ENROL).await;
    story.server.clock.advance_seconds(301);
    assert_eq!(
        answer(&mut browser, ENROL, &key.create(&asked))
            .await
            .status,
        422,
        "too late"
    );
    let old = begin(&mut browser, ENROL).await;
    begin(&mut browser, ENROL).await;
    assert_eq!(
        answer(&mut browser, ENROL, &key.create(&old)).await.status,
        422,
        "replaced"
    );
    enrol(&mut browser, &key).await;
    // Proving, each with a challenge of its own.
    let mut later = signed_in(&story).await;
    let next = |change: fn(&mut Authenticator)| {
        let mut key = key.clone();
        key.counter = 5;
        change(&mut key);
        key
    };
    for (one, why) in [
        (
            next(|key| key.key = SigningKey::from_slice(&[8; 32]).expect("a scalar")),
            "another key",
        ),
        (next(|key| key.id = vec![8; 16]), "another name"),
        (
            next(|key| key.origin = "https://evil.example"),
            "another site",
        ),
        (next(|key| key.rp_id = "evil.example"), "another RP id"),
        (next(|key| key.flags = 0), "nobody present"),
        (next(|key| key.counter = 1), "a copy that counts behind"),
        (
            next(|key| key.handle = Some("AAAA".to_owned())),
            "somebody else's",
        ),
    ] {
        let asked = begin(&mut later, PROVE).await;
        let refused = answer(&mut later, PROVE, &one.get(&asked)).await;
        assert_eq!(refused.status, 422, "{why}");
        assert!(refused.text().contains("安全密钥没有验证成功"), "{why}");
    }
    let good = next(|_| ());
    // No challenge was asked for; one that is over; one of another session; one that was made to enrol.
    assert_eq!(
        answer(
            &mut later,
            PROVE,
            &good.get(&json!({ "challenge": "AAAA" }))
        )
        .await
        .status,
        422
    );
    let asked = begin(&mut later, PROVE).await;
    story.server.clock.advance_seconds(301);
    assert_eq!(
        answer(&mut later, PROVE, &good.get(&asked)).await.status,
        422,
        "too late"
    );
    let mut elsewhere = signed_in(&story).await;
    let theirs = begin(&mut elsewhere, PROVE).await;
    begin(&mut later, PROVE).await;
    assert_eq!(
        answer(&mut later, PROVE, &good.get(&theirs)).await.status,
        422,
        "another session"
    );
    let asked = begin(&mut later, PROVE).await;
    assert_eq!(
        answer(&mut later, PROVE, &good.create(&asked)).await.status,
        422,
        "made, not signed"
    );
    assert_eq!(
        later.open("/desk").await.header("location"),
        "/sign-in/second-factor?to=/desk"
    );
    // After all that the key itself still proves; a form from elsewhere does not get so far.
    let asked = begin(&mut later, PROVE).await;
    let said = good.get(&asked);
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    let sent = later
        .send(PROVE, &foreign, &[("answer", said.as_str())])
        .await;
    assert_eq!(sent.status, 403);
    assert_eq!(answer(&mut later, PROVE, &said).await.status, 303);
}

async fn a_lost_key_is_taken_away_by_the_administrator(database: Database) {
    let mut story = Story::staffed(database).await;
    let mut browser = signed_in(&story).await;
    enrol(&mut browser, &Authenticator::new(7)).await;
    let national = story.who("national-1");
    let row =
        || async { national.get("/api/v1/accounts?q=county-1").await.good()["items"][0].clone() };
    let found = row().await;
    assert_eq!(found["second_factor"], true);
    let path = format!(
        "/api/v1/accounts/{}/second-factor/remove",
        text(&found["account"])
    );
    national.post(&path, &json!({})).await.good();
    assert_eq!(row().await["second_factor"], false);
    let ask = |config: &mut api::config::Config| config.require_second_factor = true;
    story.server = story.server.again(ask).await;
    let mut browser = signed_in(&story).await;
    assert_eq!(
        browser.open("/desk").await.header("location"),
        "/sign-in/enrol?to=/desk"
    );
    // No key, no question: the page leads to the codes.
    let sent = browser.send(PROVE, &OWN, &[]).await;
    assert_eq!(sent.header("location"), "/sign-in/second-factor");
    enrol(&mut browser, &Authenticator::new(9)).await;
    // The same key is nobody else's.
    let mut second = Browser::new(&story.server);
    second.sign_in("county-2", PASSWORD).await;
    let asked = begin(&mut second, ENROL).await;
    let taken = answer(&mut second, ENROL, &Authenticator::new(9).create(&asked)).await;
    assert_eq!(taken.status, 422, "{}", taken.text());
}
