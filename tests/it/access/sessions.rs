//! Sessions: how long they last, and what ends them.

use api::access::tokens;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{COUNTY, PASSWORD};
use tests::{Answer, Client, Database, Story, TestServer, on_both};

use super::second_factor::enrol;
use super::{WRONG, ask, audited, get, post, sign_in};

on_both! {
    a_refresh_token_opens_once_and_its_copy_ends_the_session;
    signing_out_ends_the_session_with_the_next_request;
    a_new_password_or_post_ends_every_session_at_once;
    a_stranger_cannot_lock_the_owner_out;
    who_holds_thousands_of_networks_has_few_guesses_and_the_owner_gets_in;
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

/// One customer has 65,536 networks of 64 bits: their guesses at an account are counted together, and all strangers' too;
/// the owner gets in from wherever they are (trust.md AU-6).
async fn who_holds_thousands_of_networks_has_few_guesses_and_the_owner_gets_in(database: Database) {
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
    let own = from("198.51.100.7", PASSWORD, &Value::Null).await.good()["device_token"].clone();
    let mut guesses = 0;
    for network in 0..60 {
        let answer = from(&format!("2001:db8:7:{network:x}::1"), WRONG, &Value::Null).await;
        match answer.status.as_u16() {
            401 => guesses += 1,
            _ => drop(answer.problem(429, "too-many-requests")),
        }
    }
    assert_eq!(guesses, 20, "of 60 networks of one customer");
    // The owner's device is not hurt in the midst of them, and a new one elsewhere is neither.
    from("2001:db8:7:1::1", PASSWORD, &own).await.good();
    from("2001:db8:ffff:1::1", PASSWORD, &Value::Null)
        .await
        .good();
    // A botnet: an address each. Once they are many, each has one guess before it waits.
    for host in 1..=85 {
        let answer = from(&format!("203.0.113.{host}"), WRONG, &Value::Null).await;
        answer.problem(401, "invalid-credentials");
    }
    for host in 86..=88 {
        let address = format!("203.0.113.{host}");
        from(&address, WRONG, &Value::Null)
            .await
            .problem(401, "invalid-credentials");
        from(&address, WRONG, &Value::Null)
            .await
            .problem(429, "too-many-requests");
    }
    // Nobody holds a lock: the owner gets in at the first attempt, from a device and a network that nobody has seen.
    from("192.0.2.44", PASSWORD, &Value::Null).await.good();
    from("203.0.113.86", PASSWORD, &own).await.good();
}
