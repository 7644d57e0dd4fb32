//! Who gets in, how long, and what ends it (trust.md AU-1 to AU-6, AZ-1, AZ-4; field.md 4, 5, 15).

use api::access::tokens;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{COUNTY, OTHER_PROVINCE, PASSWORD, PROVINCE};
use tests::{Answer, Client, Database, Story, TestServer, on_both};

on_both! {
    a_refresh_token_opens_once_and_its_copy_ends_the_session;
    signing_out_ends_the_session_with_the_next_request;
    a_new_password_or_post_ends_every_session_at_once;
    a_stranger_cannot_lock_the_owner_out;
    each_code_of_the_authenticator_opens_once;
    a_recovery_code_opens_once;
    staff_without_a_second_factor_do_no_business;
    signing_and_revoking_need_a_proof_of_the_last_five_minutes;
    an_invited_person_chooses_the_password_and_the_code_opens_once;
    a_trainee_signs_in_by_a_printed_code_and_reads_nothing_else;
    an_account_administrator_stays_in_their_own_area;
    a_reviewer_confirms_and_proposes_nothing;
    open_proposals_are_listed_in_the_scope_alone;
}

const WRONG: &str = "a-wrong-password-of-tests";

async fn sign_in(server: &TestServer, name: &str, password: &str) -> Answer {
    post(
        server,
        "/api/v1/sessions",
        None,
        &json!({ "name": name, "password": password }),
    )
    .await
}

/// A request with a body, under a token, without any key.
async fn post(server: &TestServer, path: &str, token: Option<&str>, body: &Value) -> Answer {
    ask(server, Method::POST, path, token, Some(body)).await
}

async fn get(server: &TestServer, path: &str, token: &str) -> Answer {
    ask(server, Method::GET, path, Some(token), None).await
}

async fn ask(
    server: &TestServer,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Answer {
    let anybody = Client::anybody(server);
    let mut request = anybody.ask(method, path).await;
    request = request.header("Idempotency-Key", tests::client::fresh_key());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    anybody.send(request).await
}

async fn refresh(server: &TestServer, token: &Value) -> Answer {
    post(
        server,
        "/api/v1/sessions/refresh",
        None,
        &json!({ "refresh_token": token }),
    )
    .await
}

/// Who did what to the accesses, with its outcome, oldest first.
async fn audited(server: &TestServer, act: &str) -> Vec<String> {
    store::audit::outcomes(server.app.store.reader(), act)
        .await
        .expect("the audit is read")
}

async fn a_refresh_token_opens_once_and_its_copy_ends_the_session(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let first = sign_in(server, "county-1", PASSWORD).await.good();
    server.clock.advance_seconds(16 * 60);
    get(server, "/api/v1/self", &text(&first["access_token"]))
        .await
        .problem(401, "unauthenticated");
    let second = refresh(server, &first["refresh_token"]).await.good();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let access = text(&second["access_token"]);
    get(server, "/api/v1/self", &access).await.good();

    // The old one again: somebody has a copy, and nobody can tell who.
    refresh(server, &first["refresh_token"])
        .await
        .problem(401, "unauthenticated");
    get(server, "/api/v1/self", &access)
        .await
        .problem(401, "unauthenticated");
    refresh(server, &second["refresh_token"])
        .await
        .problem(401, "unauthenticated");
    assert_eq!(
        audited(server, "refresh_token_reused").await,
        ["unauthenticated"]
    );

    // Another session of the same account is another family.
    let other = sign_in(server, "county-1", PASSWORD).await.good();
    get(server, "/api/v1/self", &text(&other["access_token"]))
        .await
        .good();
    // A session ends with the working day, however often it is renewed.
    let mut token = other["refresh_token"].clone();
    for _ in 0..3 {
        server.clock.advance_seconds(3 * 3600 + 1800);
        token = refresh(server, &token).await.good()["refresh_token"].clone();
    }
    server.clock.advance_seconds(2 * 3600);
    refresh(server, &token)
        .await
        .problem(401, "unauthenticated");
}

async fn signing_out_ends_the_session_with_the_next_request(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let one = sign_in(server, "county-1", PASSWORD).await.good();
    let two = sign_in(server, "county-1", PASSWORD).await.good();
    let (one_token, two_token) = (text(&one["access_token"]), text(&two["access_token"]));
    let list = get(server, "/api/v1/sessions", &one_token).await.good();
    let own: Vec<&Value> = list.as_array().expect("a list").iter().collect();
    assert_eq!(
        own.iter()
            .filter(|session| session["current"] == true)
            .count(),
        1
    );
    assert!(
        own.iter().all(|session| session["device"] == "API"),
        "{list}"
    );

    let path = format!("/api/v1/sessions/{}", text(&two["session"]));
    // Nobody ends the session of somebody else, nor learns that it is there.
    let other = sign_in(server, "county-2", PASSWORD).await.good();
    ask(
        server,
        Method::DELETE,
        &path,
        Some(&text(&other["access_token"])),
        None,
    )
    .await
    .problem(404, "not-found");
    let ended = ask(server, Method::DELETE, &path, Some(&one_token), None).await;
    assert_eq!(ended.status, 204);
    get(server, "/api/v1/self", &two_token)
        .await
        .problem(401, "unauthenticated");
    refresh(server, &two["refresh_token"])
        .await
        .problem(401, "unauthenticated");

    let ended = ask(
        server,
        Method::DELETE,
        "/api/v1/sessions/current",
        Some(&one_token),
        None,
    )
    .await;
    assert_eq!(ended.status, 204);
    get(server, "/api/v1/self", &one_token)
        .await
        .problem(401, "unauthenticated");
}

async fn a_new_password_or_post_ends_every_session_at_once(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let account = text(&sign_in(server, "county-1", PASSWORD).await.good()["me"]["account"]);
    let tokens = async |password: &str| {
        let mut tokens = Vec::new();
        for _ in 0..3 {
            let signed = sign_in(server, "county-1", password).await.good();
            tokens.push((
                text(&signed["access_token"]),
                signed["refresh_token"].clone(),
            ));
        }
        tokens
    };
    let gone = async |tokens: &[(String, Value)]| {
        for (access, renewal) in tokens {
            get(server, "/api/v1/self", access)
                .await
                .problem(401, "unauthenticated");
            refresh(server, renewal)
                .await
                .problem(401, "unauthenticated");
        }
    };
    let before = tokens(PASSWORD).await;
    let change = json!({ "old_password": WRONG, "new_password": "another-fine-password" });
    let wrong = post(server, "/api/v1/self/password", Some(&before[0].0), &change).await;
    wrong.problem(422, "invalid-request");
    let common = json!({ "old_password": PASSWORD, "new_password": "passwordpassword" });
    let refused = post(server, "/api/v1/self/password", Some(&before[0].0), &common).await;
    refused.problem(422, "invalid-request");
    assert_eq!(
        refused.faults(),
        [("/new_password".to_owned(), "common".to_owned())]
    );
    let change = json!({ "old_password": PASSWORD, "new_password": "another-fine-password" });
    let changed = post(server, "/api/v1/self/password", Some(&before[0].0), &change).await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    gone(&before).await;
    sign_in(server, "county-1", PASSWORD)
        .await
        .problem(401, "invalid-credentials");

    let before = tokens("another-fine-password").await;
    let post_of = json!({ "role": "reviewer", "federation": COUNTY });
    let admin = story.who("national-1");
    admin
        .post(&format!("/api/v1/accounts/{account}/post"), &post_of)
        .await
        .good();
    gone(&before).await;
    let again = sign_in(server, "county-1", "another-fine-password")
        .await
        .good();
    assert_eq!(again["me"]["role"], "reviewer");

    let token = text(&again["access_token"]);
    admin
        .post(&format!("/api/v1/accounts/{account}/disable"), &json!({}))
        .await
        .good();
    get(server, "/api/v1/self", &token)
        .await
        .problem(401, "unauthenticated");
    // A disabled account, an unknown name and a wrong password look the same.
    let body = |answer: &Answer| {
        let mut body = answer.problem(401, "invalid-credentials");
        body["instance"] = Value::Null;
        body
    };
    let disabled = body(&sign_in(server, "county-1", "another-fine-password").await);
    assert_eq!(
        disabled,
        body(&sign_in(server, "nobody-here", PASSWORD).await)
    );
    assert_eq!(disabled, body(&sign_in(server, "county-2", WRONG).await));
}

async fn a_stranger_cannot_lock_the_owner_out(database: Database) {
    let server = TestServer::start_with(database, |settings| {
        settings.config.border = std::sync::Arc::new(api::config::border::Border {
            proxies: vec!["127.0.0.1/32".parse().expect("a network")],
            ..api::config::border::Border::default()
        });
    })
    .await;
    let story = Story::staffed_on(server).await;
    let server = &story.server;
    let anybody = Client::anybody(server);
    let from = async |address: &str, password: &str, device: &Value| {
        let request = anybody.ask(Method::POST, "/api/v1/sessions").await;
        let mut body = json!({ "name": "county-1", "password": password, "remember_device": true });
        if device.is_string() {
            body["device_token"] = device.clone();
        }
        anybody
            .send(request.header("X-Forwarded-For", address).json(&body))
            .await
    };
    let (office, stranger) = ("198.51.100.7", "203.0.113.9");
    let device = from(office, PASSWORD, &Value::Null).await.good()["device_token"].clone();
    for _ in 0..5 {
        from(stranger, WRONG, &Value::Null)
            .await
            .problem(401, "invalid-credentials");
    }
    let waiting = from(stranger, PASSWORD, &Value::Null).await;
    waiting.problem(429, "too-many-requests");
    let seconds: i64 = waiting.header("retry-after").parse().expect("seconds");
    assert!((1..=2).contains(&seconds), "{seconds}");
    // The owner signs in elsewhere, and from their own device even next to the stranger.
    from(office, PASSWORD, &Value::Null).await.good();
    from(stranger, PASSWORD, &device).await.good();
    // The wait doubles, and has an end.
    let mut longest = 0;
    for _ in 0..14 {
        server.clock.advance_seconds(longest + 1);
        from(stranger, WRONG, &Value::Null)
            .await
            .problem(401, "invalid-credentials");
        let waiting = from(stranger, WRONG, &Value::Null).await;
        waiting.problem(429, "too-many-requests");
        longest = waiting.header("retry-after").parse().expect("seconds");
    }
    assert!((890..=901).contains(&longest), "{longest}");
    server.clock.advance_seconds(longest);
    from(stranger, PASSWORD, &Value::Null).await.good();
    // A device of another account is no known device.
    let other = json!({ "name": "county-2", "password": PASSWORD, "device_token": device });
    post(server, "/api/v1/sessions", None, &other).await.good();
    // An unknown name waits the same way: nobody learns which names exist.
    let mut last = 0;
    for _ in 0..6 {
        last = sign_in(server, "nobody-here", WRONG).await.status.as_u16();
    }
    assert_eq!(last, 429);
}

/// Enrols an authenticator; answers its secret and the recovery codes.
async fn enrol(server: &TestServer, token: &str) -> (totp::Generator, Vec<String>) {
    let begun = post(
        server,
        "/api/v1/self/second-factor",
        Some(token),
        &json!({}),
    )
    .await
    .good();
    let authenticator = totp::Generator::new(&text(&begun["secret"]));
    assert!(text(&begun["otpauth_uri"]).starts_with("otpauth://totp/"));
    let confirm = "/api/v1/self/second-factor/confirm";
    post(server, confirm, Some(token), &json!({ "code": "000000" }))
        .await
        .problem(422, "invalid-request");
    let code = authenticator.code(server);
    let confirmed = post(server, confirm, Some(token), &json!({ "code": code }))
        .await
        .good();
    let codes = confirmed["recovery_codes"].as_array().expect("codes");
    (authenticator, codes.iter().map(text).collect())
}

mod totp {
    //! An authenticator, as somebody has it on their telephone.

    use tests::TestServer;

    pub(crate) struct Generator(totp_rs::Totp);

    impl Generator {
        pub(crate) fn new(secret: &str) -> Self {
            let secret = totp_rs::Secret::try_from_base32(secret).expect("Base32");
            Self(
                totp_rs::Builder::new()
                    .with_secret(secret)
                    .with_account_name("a")
                    .build()
                    .expect("a secret"),
            )
        }

        pub(crate) fn code(&self, server: &TestServer) -> String {
            let now = server.app.now().timestamp();
            self.0.generate(now.cast_unsigned()).to_string()
        }
    }
}

const PROVE: &str = "/api/v1/sessions/current/second-factor";

async fn each_code_of_the_authenticator_opens_once(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let signed = sign_in(server, "county-1", PASSWORD).await.good();
    assert_eq!(signed["second_factor"], "not_enrolled");
    let other = sign_in(server, "county-1", PASSWORD).await.good();
    let token = text(&signed["access_token"]);
    let (authenticator, _) = enrol(server, &token).await;
    // Other sessions end, this one is proved.
    get(server, "/api/v1/self", &text(&other["access_token"]))
        .await
        .problem(401, "unauthenticated");
    get(server, "/api/v1/proposals", &token).await.good();
    post(
        server,
        "/api/v1/self/second-factor",
        Some(&token),
        &json!({}),
    )
    .await
    .problem(409, "already-enrolled");

    // The step of the confirmation was used; a password alone is half a sign-in.
    let half = sign_in(server, "county-1", PASSWORD).await.good();
    assert_eq!(half["second_factor"], "to_prove");
    let half = text(&half["access_token"]);
    get(server, "/api/v1/self", &half).await.good();
    get(server, "/api/v1/proposals", &half)
        .await
        .problem(403, "second-factor-required");
    let change = json!({ "old_password": PASSWORD, "new_password": "another-fine-password" });
    post(server, "/api/v1/self/password", Some(&half), &change)
        .await
        .problem(403, "second-factor-required");
    let used = json!({ "code": authenticator.code(server) });
    post(server, PROVE, Some(&half), &used)
        .await
        .problem(422, "invalid-request");
    server.clock.advance_seconds(30);
    let code = json!({ "code": authenticator.code(server) });
    let proved = post(server, PROVE, Some(&half), &code).await;
    assert_eq!(proved.status, 204, "{}", proved.text());
    get(server, "/api/v1/proposals", &half).await.good();
    post(server, PROVE, Some(&half), &code)
        .await
        .problem(422, "invalid-request");

    // With the password at once; a wrong code leaves no session behind.
    server.clock.advance_seconds(60);
    let with = |code: &str| json!({ "name": "county-1", "password": PASSWORD, "code": code });
    post(server, "/api/v1/sessions", None, &with("123"))
        .await
        .problem(422, "invalid-request");
    let code = authenticator.code(server);
    let whole = post(server, "/api/v1/sessions", None, &with(&code))
        .await
        .good();
    assert_eq!(whole["second_factor"], "proved");

    // Guesses wait, wherever they come from.
    let mut last = 0;
    for _ in 0..7 {
        last = post(server, PROVE, Some(&half), &json!({ "code": "000000" }))
            .await
            .status
            .as_u16();
    }
    assert_eq!(last, 429);
}

async fn a_recovery_code_opens_once(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let token = text(&sign_in(server, "county-1", PASSWORD).await.good()["access_token"]);
    let (_, codes) = enrol(server, &token).await;
    assert_eq!(codes.len(), 10);
    let half = text(&sign_in(server, "county-1", PASSWORD).await.good()["access_token"]);
    // As people type it.
    let typed = codes[0].to_lowercase().replace('-', " ");
    let proved = post(server, PROVE, Some(&half), &json!({ "code": typed })).await;
    assert_eq!(proved.status, 204, "{}", proved.text());
    post(server, PROVE, Some(&half), &json!({ "code": codes[0] }))
        .await
        .problem(422, "invalid-request");
    // A code of another account opens nothing.
    let other = text(&sign_in(server, "county-2", PASSWORD).await.good()["access_token"]);
    post(server, PROVE, Some(&other), &json!({ "code": codes[1] }))
        .await
        .problem(422, "invalid-request");
    // A lost telephone: the administrator takes the factor away, and every session ends.
    let account = text(&get(server, "/api/v1/self", &half).await.good()["account"]);
    let path = format!("/api/v1/accounts/{account}/second-factor/remove");
    story.who("national-1").post(&path, &json!({})).await.good();
    get(server, "/api/v1/self", &half)
        .await
        .problem(401, "unauthenticated");
    let fresh = sign_in(server, "county-1", PASSWORD).await.good();
    assert_eq!(fresh["second_factor"], "not_enrolled");
}

async fn staff_without_a_second_factor_do_no_business(database: Database) {
    let mut story = Story::staffed(database).await;
    story.server = strict(story.server).await;
    let server = &story.server;
    for name in ["county-1", "school-1", "province-1", "national-1"] {
        let token = text(&sign_in(server, name, PASSWORD).await.good()["access_token"]);
        get(server, "/api/v1/self", &token).await.good();
        for path in ["/api/v1/cohorts", "/api/v1/certificates"] {
            get(server, path, &token)
                .await
                .problem(403, "second-factor-required");
        }
        let request = json!({ "federation": PROVINCE, "year": 2026 });
        if name == "national-1" {
            post(server, "/api/v1/keys", Some(&token), &request)
                .await
                .problem(403, "second-factor-required");
            post(server, "/api/v1/accounts", Some(&token), &json!({}))
                .await
                .problem(403, "second-factor-required");
        }
        enrol(server, &token).await;
        get(server, "/api/v1/cohorts", &token).await.good();
    }
}

/// The same registry on another socket, where the policy asks for a second factor.
async fn strict(server: TestServer) -> TestServer {
    server
        .again(|config| config.require_second_factor = true)
        .await
}

async fn signing_and_revoking_need_a_proof_of_the_last_five_minutes(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(1).await;
    let batch = story.propose(&cohort).await;
    story.server = strict(story.server).await;
    let server = &story.server;
    let token = text(&sign_in(server, "province-1", PASSWORD).await.good()["access_token"]);
    let (authenticator, _) = enrol(server, &token).await;
    server.clock.advance_seconds(5 * 60 + 1);
    get(server, "/api/v1/certificates", &token).await.good();
    let approve = format!("/api/v1/certificate-batches/{batch}/approve");
    post(server, &approve, Some(&token), &json!({}))
        .await
        .problem(403, "step-up-required");
    assert_eq!(
        get(server, "/api/v1/certificates", &token).await.good()["items"],
        json!([])
    );
    let proved = post(
        server,
        PROVE,
        Some(&token),
        &json!({ "code": authenticator.code(server) }),
    )
    .await;
    assert_eq!(proved.status, 204);
    let issued = post(server, &approve, Some(&token), &json!({}))
        .await
        .good();
    let id = text(&issued["certificates"][0]["id"]);
    server.clock.advance_seconds(5 * 60 + 1);
    for (path, body) in [
        (
            format!("/api/v1/certificates/{id}/changes"),
            json!({ "act": "suspend" }),
        ),
        (
            format!("/api/v1/proposals/{}/approve", uuid::Uuid::nil()),
            json!({}),
        ),
    ] {
        post(server, &path, Some(&token), &body)
            .await
            .problem(403, "step-up-required");
    }
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

async fn an_invited_person_chooses_the_password_and_the_code_opens_once(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let invitation = json!({
        "name": "county-3", "person_name": "虚构第三人", "role": "county_officer", "federation": COUNTY,
        "contact": { "kind": "email", "value": "third@office.example" },
    });
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

async fn an_account_administrator_stays_in_their_own_area(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let account = |name: &str, role: &str, federation: Option<&str>| {
        json!({
            "name": name, "person_name": "虚构人员", "role": role, "federation": federation, "password": PASSWORD,
        })
    };
    let national = story.who("national-1");
    let made = account("admin-33", "account_admin", Some(PROVINCE));
    national.post("/api/v1/accounts", &made).await.good();
    let admin = Client::of(server, "admin-33", PASSWORD);
    admin
        .post(
            "/api/v1/accounts",
            &account("x-1", "county_officer", Some(COUNTY)),
        )
        .await
        .good();
    for (name, federation) in [("x-2", OTHER_PROVINCE), ("x-3", "000000")] {
        let request = account(name, "auditor", Some(federation));
        admin
            .post("/api/v1/accounts", &request)
            .await
            .problem(403, "forbidden");
    }
    // No business powers, and no officer makes accounts.
    for path in [
        "/api/v1/cohorts",
        "/api/v1/certificates",
        "/api/v1/proposals",
    ] {
        admin.get(path).await.problem(403, "forbidden");
    }
    let refused = story.who("province-1");
    let request = account("x-4", "county_officer", Some(COUNTY));
    refused
        .post("/api/v1/accounts", &request)
        .await
        .problem(403, "forbidden");
    // Somebody elsewhere is not found; oneself is left to another.
    let id_of =
        async |name: &str| text(&sign_in(server, name, PASSWORD).await.good()["me"]["account"]);
    let elsewhere = id_of("other-province").await;
    let path = |id: &str| format!("/api/v1/accounts/{id}/disable");
    admin
        .post(&path(&elsewhere), &json!({}))
        .await
        .problem(404, "not-found");
    let own = id_of("admin-33").await;
    admin
        .post(&path(&own), &json!({}))
        .await
        .problem(409, "second-person-required");
    let role = json!({ "role": "auditor", "federation": PROVINCE });
    let post_path = format!("/api/v1/accounts/{}/post", id_of("province-2").await);
    admin.post(&post_path, &role).await.good();
    let auditor = Client::of(server, "province-2", PASSWORD);
    auditor.get("/api/v1/certificates").await.good();
    auditor.get("/api/v1/proposals").await.good();
    auditor
        .post("/api/v1/certificate-types", &json!({}))
        .await
        .problem(403, "forbidden");
}

async fn a_reviewer_confirms_and_proposes_nothing(database: Database) {
    let story = Story::applied(database).await;
    let server = &story.server;
    story.transition("county-1", "T04").await;
    let proposed = story.transition("province-1", "T06").await;
    let reviewer = json!({
        "name": "reviewer-33", "person_name": "虚构复核人", "role": "reviewer", "federation": PROVINCE,
        "password": PASSWORD,
    });
    story
        .who("national-1")
        .post("/api/v1/accounts", &reviewer)
        .await
        .good();
    let reviewer = Client::of(server, "reviewer-33", PASSWORD);
    let resource = format!("/api/v1/institutions/{}", story.admission);
    let act = json!({ "transition": "T06", "reason": "依规办理" });
    let seen = reviewer.get(&resource).await.good();
    reviewer
        .post_seen(&format!("{resource}/transitions"), &seen["revision"], &act)
        .await
        .problem(403, "forbidden");
    let path = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    reviewer.post(&path, &json!({})).await.good();
}

async fn open_proposals_are_listed_in_the_scope_alone(database: Database) {
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let proposed = story.transition("province-1", "T06").await;
    let list = async |who: &str| {
        let page = story.who(who).get("/api/v1/proposals").await.good();
        page["items"].as_array().cloned().expect("items")
    };
    let own = list("province-1").await;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["id"], proposed["proposal_id"]);
    assert_eq!(own[0]["own"], true);
    let second = list("province-2").await;
    assert_eq!(
        (&second[0]["own"], &second[0]["act"]),
        (&json!(false), &json!("T06"))
    );
    assert!(!text(&second[0]["subject"]).is_empty());
    assert_eq!(list("national-2").await.len(), 1);
    for outside in ["other-province", "other-county", "county-1"] {
        assert!(list(outside).await.is_empty(), "{outside}");
    }
    story
        .who("school-1")
        .get("/api/v1/proposals")
        .await
        .problem(403, "forbidden");
    story.approve("province-2", &proposed).await;
    assert!(list("province-1").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_stored_as_it_is() {
    let story = Story::staffed(Database::Sqlite).await;
    let server = &story.server;
    let body = json!({ "name": "county-1", "password": PASSWORD, "remember_device": true });
    let signed = post(server, "/api/v1/sessions", None, &body).await.good();
    let token = text(&signed["access_token"]);
    let (_, codes) = enrol(server, &token).await;
    let mut secrets = vec![
        text(&signed["refresh_token"]),
        text(&signed["device_token"]),
        token,
    ];
    secrets.extend(
        codes
            .iter()
            .map(|code| code.replace('-', "").to_lowercase()),
    );
    let mut bytes = Vec::new();
    for file in ["registry.sqlite", "registry.sqlite-wal"] {
        bytes.extend(std::fs::read(server.data().join(file)).unwrap_or_default());
    }
    assert!(
        bytes.windows(8).any(|part| part == b"county-1"),
        "the file was read"
    );
    for secret in secrets {
        for form in [secret.clone(), secret.to_uppercase()] {
            assert!(
                !bytes
                    .windows(form.len())
                    .any(|part| part == form.as_bytes())
            );
        }
    }
    // A token of one kind is none of another.
    let refresh_token = text(&signed["refresh_token"]);
    assert!(tokens::Token::parse(tokens::Kind::Browser, &refresh_token).is_none());
    assert!(tokens::Token::parse(tokens::Kind::Device, &refresh_token).is_none());
}
