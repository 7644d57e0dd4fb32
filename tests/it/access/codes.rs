//! Codes that open once: of an invitation, and printed for a trainee.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::COUNTY;
use tests::{Database, Story, TestServer, on_both};

use super::{get, post, sign_in};

on_both! {
    an_invited_person_chooses_the_password_and_the_code_opens_once;
    a_trainee_signs_in_by_a_printed_code_and_reads_nothing_else;
    an_account_is_sent_five_codes_an_hour_and_nobody_is_told;
    a_new_password_and_a_disabled_account_end_the_codes_of_before;
}

/// What was put into the outbox last.
async fn last_message(server: &TestServer) -> Value {
    server.app.courier.drained().await;
    let mut files: Vec<_> = std::fs::read_dir(server.data().join("outbox"))
        .expect("an outbox")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let last = std::fs::read_to_string(files.last().expect("a message")).expect("a file");
    serde_json::from_str(&last).expect("JSON")
}

fn code_in(message: &Value) -> String {
    let text = text(&message["text"]);
    let at = text.find("mzo_").expect("a code");
    text[at..].lines().next().expect("a line").to_owned()
}

/// Of somebody whom no account was made for yet.
fn invitation() -> Value {
    json!({
        "name": "county-3", "person_name": "虚构第三人", "role": "county_officer", "federation": COUNTY,
        "contact": { "kind": "email", "value": "third@office.example" },
    })
}

async fn an_invited_person_chooses_the_password_and_the_code_opens_once(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let invitation = invitation();
    let admin = story.who("national-1");
    let created = admin.post("/api/v1/invitations", &invitation).await;
    created.good();
    assert!(
        !created.text().contains("mzo_"),
        "who invites does not see the code"
    );
    let message = last_message(server).await;
    assert_eq!(message["to"], "third@office.example");
    let code = code_in(&message);
    sign_in(server, "county-3", "")
        .await
        .problem(401, "invalid-credentials");
    let choose = |code: &str, password: &str| json!({ "code": code, "password": password });
    let path = "/api/v1/passwords";
    // A refused password costs no code.
    post(server, path, None, &choose(&code, "short"))
        .await
        .problem(422, "invalid-request");
    let chosen = post(server, path, None, &choose(&code, "a-password-of-my-own")).await;
    assert_eq!(chosen.status, 204, "{}", chosen.text());
    post(server, path, None, &choose(&code, "a-password-of-my-own"))
        .await
        .problem(410, "code-spent");
    let signed = sign_in(server, "county-3", "a-password-of-my-own")
        .await
        .good();
    let token = text(&signed["access_token"]);

    // Forgotten: the answer tells nothing, the message goes to the contact, the sessions end.
    let reset = "/api/v1/password-resets";
    for name in ["county-3", "nobody-here", "county-1"] {
        let asked = post(server, reset, None, &json!({ "name": name })).await;
        assert_eq!(
            (asked.status.as_u16(), asked.text().as_str()),
            (202, ""),
            "{name}"
        );
    }
    let code = code_in(&last_message(server).await);
    server.clock.advance_seconds(48 * 3600);
    post(server, path, None, &choose(&code, "yet-another-long-one"))
        .await
        .problem(410, "code-spent");
    post(server, reset, None, &json!({ "name": "county-3" })).await;
    let old = code_in(&last_message(server).await);
    server.clock.advance_seconds(1);
    post(server, reset, None, &json!({ "name": "county-3" })).await;
    let new = code_in(&last_message(server).await);
    post(server, path, None, &choose(&old, "yet-another-long-one"))
        .await
        .problem(410, "code-spent");
    let chosen = post(server, path, None, &choose(&new, "yet-another-long-one")).await;
    assert_eq!(chosen.status, 204);
    get(server, "/api/v1/self", &token)
        .await
        .problem(401, "unauthenticated");
    sign_in(server, "county-3", "yet-another-long-one")
        .await
        .good();
    // The three tries that were refused stand in the audit, with the account.
    server.clock.advance_seconds(61);
    api::audit::denials::flush(&server.app).await;
    let rows = store::audit::rows(server.app.store.reader(), 1, 100_000).await;
    let mut rows = rows.expect("rows");
    rows.retain(|row| row.act == "set_password" && row.outcome == "code-spent");
    assert_eq!(rows.iter().map(|row| row.times).sum::<i64>(), 3);
    let account = created.json()["account"].clone();
    let of_it = |row: &store::audit::AuditRow| json!(row.object_id) == account;
    assert!(rows.iter().all(of_it), "{rows:?}");
}

/// Whoever changes their password, and whoever disables an account, ends the codes that are on their way.
async fn a_new_password_and_a_disabled_account_end_the_codes_of_before(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let invitation = invitation();
    let admin = story.who("national-1");
    let created = admin.post("/api/v1/invitations", &invitation).await.good();
    let account = text(&created["account"]);
    let path = "/api/v1/passwords";
    let first = "a-password-of-my-own";
    let choose = |code: &str, password: &str| json!({ "code": code, "password": password });
    let invited = code_in(&last_message(server).await);
    let chosen = post(server, path, None, &choose(&invited, first)).await;
    assert_eq!(chosen.status, 204, "{}", chosen.text());

    let reset = async || {
        server.clock.advance_seconds(1);
        let name = json!({ "name": "county-3" });
        post(server, "/api/v1/password-resets", None, &name).await;
        code_in(&last_message(server).await)
    };
    let code = reset().await;
    let signed = sign_in(server, "county-3", first).await.good();
    let token = text(&signed["access_token"]);
    let change = json!({ "old_password": first, "new_password": "another-fine-password" });
    let changed = post(server, "/api/v1/self/password", Some(&token), &change).await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    let late = choose(&code, "yet-another-long-one");
    post(server, path, None, &late)
        .await
        .problem(410, "code-spent");

    let code = reset().await;
    let of = |act: &str| format!("/api/v1/accounts/{account}/{act}");
    admin.post(&of("disable"), &json!({})).await.good();
    let reason = json!({ "reason": "误停用,恢复" });
    admin.post(&of("enable"), &reason).await.good();
    let late = choose(&code, "yet-another-long-one");
    post(server, path, None, &late)
        .await
        .problem(410, "code-spent");
    sign_in(server, "county-3", "another-fine-password")
        .await
        .good();
}

async fn a_trainee_signs_in_by_a_printed_code_and_reads_nothing_else(database: Database) {
    let story = Story::ready(database).await;
    let server = &story.server;
    let cohort = story.enrolling().await;
    story.import(&cohort, tests::rosters::csv(1, 1)).await;
    let enrolment = text(&story.enrolments(&cohort).await[0]["id"]);
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/{enrolment}/sign-in-slip");
    story
        .who("other-county")
        .post(&path, &json!({}))
        .await
        .problem(404, "not-found");
    story
        .who("school-1")
        .post(&path, &json!({}))
        .await
        .problem(403, "forbidden");
    let slip = async || text(&story.who("county-1").post(&path, &json!({})).await.good()["code"]);
    let first = slip().await;
    let second = slip().await;
    let enter = async |code: &str| {
        post(
            server,
            "/api/v1/sessions/code",
            None,
            &json!({ "code": code }),
        )
        .await
    };
    enter(&first).await.problem(410, "code-spent");
    let signed = enter(&second.to_lowercase()).await.good();
    assert_eq!(signed["me"]["role"], "trainee");
    enter(&second).await.problem(410, "code-spent");
    let late = slip().await;
    server.clock.advance_seconds(24 * 3600);
    enter(&late).await.problem(410, "code-spent");

    let token = text(&enter(&slip().await).await.good()["access_token"]);
    get(server, "/api/v1/self", &token).await.good();
    for path in [
        "/api/v1/cohorts",
        "/api/v1/certificates",
        "/api/v1/proposals",
    ] {
        get(server, path, &token).await.problem(403, "forbidden");
    }
    // Both slips opened the same account.
    assert_eq!(
        signed["me"]["account"],
        get(server, "/api/v1/self", &token).await.good()["account"]
    );
}

/// Whoever asks, from wherever: an account gets five messages an hour, and the answers are those for an unknown name.
async fn an_account_is_sent_five_codes_an_hour_and_nobody_is_told(database: Database) {
    let server = TestServer::start_with(database, |settings| {
        settings.config.border = std::sync::Arc::new(api::config::border::Border {
            proxies: vec!["127.0.0.1/32".parse().expect("a network")],
            ..api::config::border::Border::default()
        });
    })
    .await;
    let story = Story::staffed_on(server).await;
    let server = &story.server;
    let invitation = invitation();
    let admin = story.who("national-1");
    admin.post("/api/v1/invitations", &invitation).await.good();
    let code = code_in(&last_message(server).await);
    let chosen = json!({ "code": code, "password": "a-password-of-my-own" });
    let chosen = post(server, "/api/v1/passwords", None, &chosen).await;
    assert_eq!(chosen.status, 204, "{}", chosen.text());
    let sent = async || {
        server.app.courier.drained().await;
        let outbox = std::fs::read_dir(server.data().join("outbox"));
        outbox.expect("an outbox").count()
    };
    let before = sent().await;
    let anybody = tests::Client::anybody(server);
    let ask = async |name: &str, network: u32| {
        let request = anybody
            .ask(reqwest::Method::POST, "/api/v1/password-resets")
            .await
            .header("X-Forwarded-For", format!("203.0.113.{network}"))
            .json(&json!({ "name": name }));
        let answer = anybody.send(request).await;
        (answer.status.as_u16(), answer.text())
    };
    for network in 1..=9 {
        let known = ask("county-3", network).await;
        assert_eq!(known, ask("nobody-here", network).await);
        assert_eq!(known, (202, String::new()));
        // One after the other, so that each message has been decided.
        sent().await;
    }
    assert_eq!(sent().await - before, 5);
    server.clock.advance_seconds(3_601);
    ask("county-3", 10).await;
    assert_eq!(sent().await - before, 6, "an hour later");
}
