//! Several second factors of one account: added, named, used and taken away, by API and on the page; and acts that ask
//! for a fresh proof, proved by a security key.

use serde_json::{Value, json};
use tests::answer::text;
use tests::authenticator::Authenticator;
use tests::story::{COUNTY, PASSWORD};
use tests::{Answer, Browser, Client, Database, Story, on_both};

use super::OWN;

on_both! {
    an_account_has_several_factors_by_names_and_the_last_one_stays;
    acts_that_sign_revoke_keep_keys_and_export_take_a_proof_by_security_key;
    factors_are_named_and_taken_away_on_the_page;
    factors_of_others_and_answers_that_do_not_fit_change_nothing;
}

const FACTORS: &str = "/api/v1/self/second-factors";
const OPTIONS: &str = "/api/v1/sessions/current/passkey/options";
const PROVE: &str = "/api/v1/sessions/current/passkey";

/// A session of its own, which does not sign in again by itself.
async fn session(story: &Story, name: &str) -> Client {
    let given = json!({ "name": name, "password": PASSWORD });
    // A client of its own: the one of the story may hold a connection to the server before.
    let anybody = Client::anybody(&story.server);
    let signed = anybody.post("/api/v1/sessions", &given).await.good();
    Client::bearing(&story.server, text(&signed["access_token"]))
}

fn answer(said: &str) -> Value {
    serde_json::from_str(said).expect("JSON")
}

/// Adds a key; answers what was said.
async fn add(who: &Client, key: &Authenticator, name: &str) -> Answer {
    let options = who.post("/api/v1/self/passkeys/options", &json!({})).await;
    if !options.status.is_success() {
        return options;
    }
    let answer = answer(&key.create(&options.good()));
    let request = json!({ "name": name, "answer": answer });
    who.post("/api/v1/self/passkeys", &request).await
}

/// Proves with a key, which counts on.
async fn prove(who: &Client, key: &mut Authenticator) -> Answer {
    let options = who.post(OPTIONS, &json!({})).await.good();
    key.counter += 1;
    let answer = answer(&key.get(&options));
    who.post(PROVE, &json!({ "answer": answer })).await
}

/// Adds an authenticator of codes.
async fn add_codes(story: &Story, who: &Client) -> Answer {
    let begun = who.post("/api/v1/self/second-factor", &json!({})).await;
    if !begun.status.is_success() {
        return begun;
    }
    let secret = text(&begun.good()["secret"]);
    let secret = totp_rs::Secret::try_from_base32(secret).expect("Base32");
    let generator = totp_rs::Builder::new()
        .with_secret(secret)
        .with_account_name("a")
        .build()
        .expect("a secret");
    let now = story.server.app.now().timestamp().cast_unsigned();
    let code = json!({ "code": generator.generate(now).to_string() });
    who.post("/api/v1/self/second-factor/confirm", &code).await
}

async fn delete(who: &Client, id: &str) -> Answer {
    let path = format!("{FACTORS}/{id}");
    let request = who.ask(reqwest::Method::DELETE, &path).await;
    who.send(request).await
}

async fn named(who: &Client, id: &str, name: &str) -> Answer {
    let path = format!("{FACTORS}/{id}");
    let request = who.ask(reqwest::Method::PUT, &path).await;
    who.send(request.json(&json!({ "name": name }))).await
}

fn minutes_pass(story: &Story) {
    story.server.clock.advance_seconds(5 * 60 + 1);
}

/// Ids of the factors with their names.
async fn listed(who: &Client) -> Vec<(String, String)> {
    let own = who.get(FACTORS).await.good();
    let items = own["items"].as_array().expect("a list");
    items
        .iter()
        .map(|one| (text(&one["id"]), text(&one["name"])))
        .collect()
}

async fn strict(database: Database) -> Story {
    let mut story = Story::staffed(database).await;
    let ask = |config: &mut api::config::Config| config.require_second_factor = true;
    story.server = story.server.again(ask).await;
    story
}

async fn an_account_has_several_factors_by_names_and_the_last_one_stays(database: Database) {
    let story = strict(database).await;
    let who = session(&story, "county-1").await;
    let other = session(&story, "county-1").await;
    assert!(listed(&who).await.is_empty());
    let codes = add_codes(&story, &who).await.good();
    assert_eq!(codes["recovery_codes"].as_array().map(Vec::len), Some(10));
    other
        .get("/api/v1/self")
        .await
        .problem(401, "unauthenticated");

    // A second one asks for the first, freshly; recovery codes stay as they are.
    let (mut first, mut second) = (Authenticator::new(7), Authenticator::new(9));
    let stolen = session(&story, "county-1").await;
    add(&stolen, &first, "")
        .await
        .problem(403, "second-factor-required");
    stolen
        .get(FACTORS)
        .await
        .problem(403, "second-factor-required");
    minutes_pass(&story);
    add(&who, &first, "").await.problem(403, "step-up-required");
    add_codes(&story, &who)
        .await
        .problem(403, "step-up-required");
    let code = text(&codes["recovery_codes"][0]);
    let proved = who
        .post(
            "/api/v1/sessions/current/second-factor",
            &json!({ "code": code }),
        )
        .await;
    assert_eq!(proved.status, 204, "{}", proved.text());
    add_codes(&story, &who)
        .await
        .problem(409, "already-enrolled");
    let added = add(&who, &first, "办公室").await;
    assert_eq!(
        (added.status.as_u16(), added.good()),
        (201, json!({ "recovery_codes": [] }))
    );
    stolen
        .get("/api/v1/self")
        .await
        .problem(401, "unauthenticated");
    add(&who, &second, "").await.good();
    let twice = add(&who, &second, "").await;
    assert_eq!(twice.faults()[0].1, "passkey", "the same key twice");
    let own = who.get(FACTORS).await.good();
    assert_eq!(own["recovery_codes_left"], 9);
    let all = listed(&who).await;
    assert_eq!(all.len(), 3);
    assert_eq!((all[0].0.as_str(), all[1].1.as_str()), ("codes", "办公室"));

    // Each proves by itself, and only the one that answered counts on.
    for key in [&mut second, &mut first] {
        assert_eq!(prove(&who, key).await.status, 204);
    }
    let own = who.get(FACTORS).await.good();
    assert!(own["items"][1]["used_at"].is_string() && own["items"][2]["used_at"].is_string());
    assert_eq!(named(&who, &all[2].0, "家中备用").await.status, 204);
    assert_eq!(listed(&who).await[2].1, "家中备用");
    for name in [
        "长".repeat(41),
        tests::rosters::citizen_id(1),
        "a\u{0}b".to_owned(),
    ] {
        named(&who, &all[2].0, &name)
            .await
            .problem(422, "invalid-request");
    }

    // Taken away one by one, other sign-ins end; the last one stays.
    let mut later = session(&story, "county-1").await;
    assert_eq!(delete(&who, "codes").await.status, 204);
    later
        .get("/api/v1/self")
        .await
        .problem(401, "unauthenticated");
    delete(&who, "codes").await.problem(404, "not-found");
    minutes_pass(&story);
    delete(&who, &all[1].0)
        .await
        .problem(403, "step-up-required");
    assert_eq!(prove(&who, &mut first).await.status, 204);
    assert_eq!(delete(&who, &all[1].0).await.status, 204);
    delete(&who, &all[2].0)
        .await
        .problem(409, "last-second-factor");
    assert_eq!(listed(&who).await.len(), 1);
    // The key that was taken away proves nothing any more, the one that stayed does.
    later = session(&story, "county-1").await;
    let gone = prove(&later, &mut first).await;
    assert_eq!(gone.faults()[0].1, "passkey");
    assert_eq!(prove(&later, &mut second).await.status, 204);
    later.get("/api/v1/institutions").await.good();
}

async fn acts_that_sign_revoke_keep_keys_and_export_take_a_proof_by_security_key(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(1).await;
    let batch = story.propose(&cohort).await;
    let province = session(&story, "province-1").await;
    let (mut own, mut theirs) = (Authenticator::new(7), Authenticator::new(9));
    add(&province, &own, "").await.good();

    let approve = format!("/api/v1/certificate-batches/{batch}/approve");
    let export = json!({ "list": "enrolments", "form": "csv", "reason": "核对年度名单" });
    let key = json!({ "federation": "340000", "year": 2026 });
    let stale = async |who: &Client, path: &str, body: &Value| {
        minutes_pass(&story);
        let refused = who.post(path, body).await;
        refused.problem(403, "step-up-required");
    };
    // Issue.
    stale(&province, &approve, &json!({})).await;
    assert_eq!(prove(&province, &mut own).await.status, 204);
    let issued = province.post(&approve, &json!({})).await.good();
    // Revoke: both persons.
    let public_id = text(&issued["certificates"][0]["id"]);
    let all = province.get("/api/v1/certificates").await.good();
    let resource = format!("/api/v1/certificates/{}", text(&all["items"][0]["id"]));
    let revoke = json!({ "act": "revoke", "reason_code": "issued_in_error", "reason": "依规办理" });
    stale(&province, &format!("{resource}/changes"), &revoke).await;
    assert_eq!(prove(&province, &mut own).await.status, 204);
    let proposed = province.act(&resource, "changes", &revoke).await.good();
    let proposal = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    // The holder is told first.
    story.server.days_pass(14);
    let second = session(&story, "province-2").await;
    let mut spare = Authenticator::new(11);
    add(&second, &spare, "").await.good();
    stale(&second, &proposal, &json!({})).await;
    assert_eq!(prove(&second, &mut spare).await.status, 204);
    second.post(&proposal, &json!({})).await.good();
    let verdict = format!("/api/v1/verifications/{public_id}");
    let verdict = story.who("anybody").get(&verdict).await.good();
    assert_eq!(verdict["state"], "revoked", "{verdict}");
    // Keys.
    let national = session(&story, "national-1").await;
    add(&national, &theirs, "").await.good();
    stale(&national, "/api/v1/keys", &key).await;
    assert_eq!(prove(&national, &mut theirs).await.status, 204);
    national.post("/api/v1/keys", &key).await.good();
    // Exports.
    let province = session(&story, "province-1").await;
    let early = province.post("/api/v1/exports", &export).await;
    early.problem(403, "second-factor-required");
    assert_eq!(prove(&province, &mut own).await.status, 204);
    stale(&province, "/api/v1/exports", &export).await;
    assert_eq!(prove(&province, &mut own).await.status, 204);
    province.post("/api/v1/exports", &export).await.good();
}

async fn factors_are_named_and_taken_away_on_the_page(database: Database) {
    let story = Story::staffed(database).await;
    let mut browser = Browser::new(&story.server);
    browser.sign_in("county-1", PASSWORD).await;
    let path = "/desk/second-factors";
    let page = browser.open(path).await.text();
    assert!(
        page.contains("还没有登记") && page.contains("/sign-in/enrol/key"),
        "{page}"
    );
    let desk = browser.open("/desk").await.text();
    assert!(
        desk.contains("href=\"/desk/second-factors\""),
        "a link leads there"
    );
    // Enrolled by another session of the person; this one ends with it.
    let who = session(&story, "county-1").await;
    let mut key = Authenticator::new(7);
    add(&who, &key, "").await.good();
    browser.sign_in("county-1", PASSWORD).await;
    let away = browser.open(path).await;
    assert_eq!(
        away.header("location"),
        "/sign-in/second-factor?to=/desk/second-factors"
    );
    let asked = browser.send("/sign-in/enrol/key", &OWN, &[]).await;
    assert_eq!(
        asked.header("location"),
        "/sign-in/second-factor?to=/sign-in/enrol/key",
        "whoever has one shows it before another is added"
    );
    let begun = browser
        .send("/sign-in/second-factor/key", &OWN, &[])
        .await
        .text();
    let (_, rest) = begun.split_once("data-options=\"").expect("the options");
    let options = rest.split('"').next().expect("their end");
    let options = answer(&options.replace("&#34;", "\"").replace("&quot;", "\""));
    key.counter = 2;
    let said = key.get(&options);
    let fields = [("answer", said.as_str()), ("to", path)];
    let proved = browser
        .send("/sign-in/second-factor/key", &OWN, &fields)
        .await;
    assert_eq!(proved.header("location"), path);
    let page = browser.open(path).await.text();
    let id = super::hidden(&page, "id");
    assert!(
        id.starts_with("key-") && page.contains("安全密钥"),
        "{page}"
    );
    let sent = async |browser: &mut Browser, fields: &[(&str, &str)]| {
        let mut all = vec![("id", id.as_str())];
        all.extend_from_slice(fields);
        browser.send(path, &OWN, &all).await
    };
    let named = sent(&mut browser, &[("act", "name"), ("name", "<b>备用</b>")]).await;
    assert_eq!(named.header("location"), path);
    let page = browser.open(path).await.text();
    assert!(page.contains("备用") && !page.contains("<b>备用"), "{page}");
    let long = "长".repeat(41);
    let wrong = sent(&mut browser, &[("act", "name"), ("name", &long)]).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains(&format!("id=\"name-{id}-why\"")),
        "{}",
        wrong.text()
    );
    let unsure = sent(&mut browser, &[("act", "remove")]).await;
    assert_eq!(unsure.status, 422);
    assert_eq!(sent(&mut browser, &[("act", "else")]).await.status, 400);
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    let fields = [("id", id.as_str()), ("act", "remove"), ("sure", "yes")];
    assert_eq!(browser.send(path, &foreign, &fields).await.status, 403);
    // Where none is asked for, the last one may go, and nothing is asked for afterwards.
    let gone = sent(&mut browser, &[("act", "remove"), ("sure", "yes")]).await;
    assert_eq!(gone.header("location"), path, "{}", gone.text());
    let page = browser.open(path).await.text();
    assert!(page.contains("还没有登记"), "{page}");
    let fresh = session(&story, "county-1").await;
    fresh.get("/api/v1/institutions").await.good();
}

async fn factors_of_others_and_answers_that_do_not_fit_change_nothing(database: Database) {
    let story = strict(database).await;
    let who = session(&story, "county-1").await;
    let other = session(&story, "county-2").await;
    let (mut own, mut theirs) = (Authenticator::new(7), Authenticator::new(9));
    add(&who, &own, "").await.good();
    add(&other, &theirs, "").await.good();
    let id = listed(&who).await[0].0.clone();
    named(&other, &id, "我的").await.problem(404, "not-found");
    delete(&other, &id).await.problem(404, "not-found");
    for id in [
        "key-",
        "key-AA==",
        "passkey",
        "%00",
        &format!("key-{}", "A".repeat(2_000)),
    ] {
        let answer = delete(&other, id).await;
        assert_eq!(answer.status.as_u16(), 404, "{id:.20}: {}", answer.text());
    }
    // The key of another proves nothing, named as one's own or not.
    let options = other.post(OPTIONS, &json!({})).await.good();
    assert_eq!(
        options["allowCredentials"].as_array().map(Vec::len),
        Some(1)
    );
    own.counter += 1;
    let foreign = json!({ "answer": answer(&own.get(&options)) });
    other
        .post(PROVE, &foreign)
        .await
        .problem(422, "invalid-request");
    for body in [
        json!({}),
        json!({ "answer": null }),
        json!({ "answer": [] }),
        json!({ "answer": "x" }),
        json!({ "answer": { "id": 1 } }),
        json!({ "answer": {}, "role": "national_officer" }),
    ] {
        other.post(OPTIONS, &json!({})).await.good();
        let refused = other.post(PROVE, &body).await;
        assert_eq!(refused.status.as_u16(), 422, "{body}: {}", refused.text());
        let refused = other.post("/api/v1/self/passkeys", &body).await;
        assert_eq!(refused.status.as_u16(), 422, "{body}: {}", refused.text());
    }
    let mut anew = session(&story, "county-2").await;
    assert_eq!(prove(&anew, &mut theirs).await.status, 204);
    // Whoever has none is asked with no key.
    anew = session(&story, "province-1").await;
    anew.post(OPTIONS, &json!({}))
        .await
        .problem(409, "transition-refused");
    // A bound on how many.
    let many = session(&story, "province-2").await;
    for seed in 20..30 {
        add(&many, &Authenticator::new(seed), COUNTY).await.good();
    }
    add(&many, &Authenticator::new(30), "")
        .await
        .problem(409, "already-enrolled");
    assert_eq!(listed(&many).await.len(), 10);
}
