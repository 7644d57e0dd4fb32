//! Accounts: AU-1, AU-7, RL-2, and EN-1 of what is given out.

use std::sync::Arc;

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Client, Database, Mingzheng, Story, TestServer, on_both};

on_both! {
    a_password_has_twelve_to_a_hundred_and_twenty_eight_characters_and_every_one_counts;
    guesses_at_an_account_are_counted_by_all_nodes_together;
}

async fn a_password_has_twelve_to_a_hundred_and_twenty_eight_characters_and_every_one_counts(
    database: Database,
) {
    let story = Story::staffed(database).await;
    let anybody = story.who("anybody");
    let signs_in = async |password: &str| {
        let given = json!({ "name": "county-1", "password": password });
        let answer = anybody.post("/api/v1/sessions", &given).await;
        answer.status.as_u16()
    };
    // Any characters, counted as characters and not as bytes.
    let words = "梨花落尽春又了 满地残阳翠色和烟老 tulips & øre ";
    let long: String = words.chars().cycle().take(127).collect();
    let mut old = PASSWORD.to_owned();
    let change = async |old: &str, new: &str| {
        let county = Client::of(&story.server, "county-1", old);
        let body = json!({ "old_password": old, "new_password": new });
        county.post("/api/v1/self/password", &body).await
    };
    let too_long = format!("{long}xy");
    let too_short: String = "梨花落尽春又了满地残阳".to_owned();
    assert_eq!(
        (too_short.chars().count(), too_long.chars().count()),
        (11, 129)
    );
    for wrong in [too_short.as_str(), &too_long, "", "123456789012"] {
        let refused = change(&old, wrong).await;
        refused.problem(422, "invalid-request");
        assert_eq!(refused.faults()[0].0, "/new_password", "{wrong:.20}");
    }
    for new in ["kq7 vx2 mzp9", &format!("{long}z")] {
        let done = change(&old, new).await;
        assert_eq!(done.status, 204, "{}", done.text());
        new.clone_into(&mut old);
    }
    // The last of 128 characters is not cut off.
    assert_eq!(signs_in(&format!("{long}y")).await, 401);
    assert_eq!(signs_in(&long).await, 401);
    assert_eq!(signs_in(&old).await, 200);
}

/// How many passwords were ever hashed at once in this process, and how many may be.
fn hashed_at_once() -> (usize, usize) {
    let bounds = api::cores::every_bound();
    let passwords = bounds.iter().find(|bound| bound.name() == "passwords");
    let passwords = passwords.expect("passwords are counted");
    (passwords.load().1, passwords.most())
}

/// A registry whose border lets in many more sign-ins at once than passwords may be hashed: what bounds these is their own.
async fn wide() -> TestServer {
    TestServer::start_with(Database::Sqlite, |settings| {
        let border = Arc::make_mut(&mut settings.config.border);
        border.pools.sign_in = api::config::border::Pool {
            running: 500,
            waiting: 500,
            wait_ms: 60_000,
        };
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_sign_ins_at_once_some_wait_and_some_come_again_and_verification_goes_on() {
    let server = wide().await;
    let sign_in = |number: usize| {
        let anybody = Client::anybody(&server);
        async move {
            let given = json!({ "name": format!("nobody-{number}"), "password": PASSWORD });
            anybody.post("/api/v1/sessions", &given).await
        }
    };
    let flood = async {
        let mut all = tokio::task::JoinSet::new();
        for number in 0..120 {
            all.spawn(sign_in(number));
        }
        all.join_all().await
    };
    let verify = async {
        let anybody = Client::anybody(&server);
        let mut slowest = std::time::Duration::ZERO;
        for _ in 0..20 {
            let began = std::time::Instant::now();
            let asked = anybody
                .get("/api/v1/verifications/AAAAAAAAAAAAAAAAAAAAAAAAAA")
                .await;
            assert!(asked.status.as_u16() < 500, "{}", asked.text());
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };
    let (answers, slowest) = tokio::join!(flood, verify);
    let (mut checked, mut later) = (0, 0);
    for answer in answers {
        match answer.status.as_u16() {
            401 => checked += 1,
            // Not 503: the border has room for all of them.
            429 => {
                answer.problem(429, "too-many-requests");
                assert!(!answer.header("retry-after").is_empty());
                later += 1;
            }
            status => panic!("{status}: {}", answer.text()),
        }
    }
    assert!(
        checked > 0 && later > 0,
        "{checked} checked, {later} told to come again"
    );
    let (peak, most) = hashed_at_once();
    assert!((1..=most).contains(&peak), "{peak} of {most} at once");
    // The async threads are free: passwords are hashed elsewhere.
    assert!(slowest.as_secs() < 5, "{slowest:?}");
}

/// Whoever closes the connection does not take the limit of hashes with them: each costs 19 MiB until it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_that_hang_up_are_not_hashed_more_than_the_bound_at_once() {
    let server = wide().await;
    let reader = server.app.store.reader();
    let begun = async || {
        let cells = store::dump::dump(reader).await.expect("a dump");
        let of =
            |cell: &&store::dump::Cell| cell.table == "sign_in_failure" && cell.column == "subject";
        cells.iter().filter(of).count()
    };
    for round in 0..8 {
        let before = begun().await;
        let mut clients = Vec::new();
        for number in 0..16 {
            let body = json!({ "name": format!("nobody-{round}-{number}"), "password": PASSWORD });
            let body = body.to_string();
            let mut client = tests::raw::Raw::connect(server.address()).await;
            client
                .send(format!(
                    "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                     Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ))
                .await;
            clients.push(client);
        }
        // All are counted, so that most of them wait for a hash; every second one hangs up, and the others go on.
        while begun().await < before + 32 {}
        let mut at = round;
        clients.retain(|_| {
            at += 1;
            at % 2 == 0
        });
        for mut client in clients {
            let status = client.end().await.status;
            assert!([401, 429].contains(&status), "{status}");
        }
    }
    let (peak, most) = hashed_at_once();
    assert!((1..=most).contains(&peak), "{peak} of {most} at once");
}

#[test]
fn there_is_no_default_account_and_the_first_is_made_once() {
    let registry = Mingzheng::new(env!("CARGO_BIN_EXE_tests"));
    registry.json(&["migrate"]).good();
    let password = registry.secret("password", PASSWORD);
    let password = password.to_str().expect("a path");
    let create = |name: &str| {
        let arguments = [
            "account",
            "create",
            name,
            "--person-name",
            "虚构管理员",
            "--new-password-file",
            password,
        ];
        registry.json(&arguments)
    };
    // Nobody is there before: no name of a vendor signs in.
    let (mut running, line) = registry.start(&["--json", "serve", "--listen", "127.0.0.1:0"]);
    let line: Value = serde_json::from_str(&line).expect("a line of JSON");
    let address = text(&line["address"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for (name, password) in [
            ("admin", "admin"),
            ("root", "root"),
            ("admin", PASSWORD),
            ("national-1", PASSWORD),
            ("mingzheng", "mingzheng"),
        ] {
            let answer = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client")
                .post(format!("{address}/api/v1/sessions"))
                .json(&json!({ "name": name, "password": password }))
                .send()
                .await
                .expect("an answer");
            assert_eq!(answer.status(), 401, "{name}");
        }
    });
    assert_eq!(running.end(), Some(0));
    create("first").good();
    let second = create("second");
    assert_ne!(second.code, 0, "a second first account: {}", second.out);
    assert!(
        second.out.contains("duplicate") || second.err.contains("已有账号"),
        "{}{}",
        second.out,
        second.err
    );
}

async fn guesses_at_an_account_are_counted_by_all_nodes_together(database: Database) {
    let story = Story::staffed(database).await;
    let guess = |name: &str| json!({ "name": name, "password": "a-wrong-password-of-tests" });
    let anybody = story.who("anybody");
    for _ in 0..5 {
        let answer = anybody.post("/api/v1/sessions", &guess("county-1")).await;
        answer.problem(401, "invalid-credentials");
    }
    // Another node, whose memory knows nothing of them.
    let mut app = story.server.app.clone();
    app.border = Arc::new(api::border::Border::new(app.config.border.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(api::server::serve(app, listener, std::future::pending()));
    let there = anybody.at(&format!("http://{address}"));
    let waits = there.post("/api/v1/sessions", &guess("county-1")).await;
    waits.problem(429, "too-many-requests");
    assert!(!waits.header("retry-after").is_empty());
    let other = there.post("/api/v1/sessions", &guess("county-2")).await;
    other.problem(401, "invalid-credentials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_certificates_are_random_from_the_first_byte_to_the_last() {
    let (_, issued) = Story::with_certificates(Database::Sqlite, 12).await;
    let ids: Vec<Vec<u8>> = issued["certificates"]
        .as_array()
        .expect("certificates")
        .iter()
        .map(|one| {
            let id: domain::PublicId = text(&one["id"]).parse().expect("an id");
            id.as_bytes().to_vec()
        })
        .collect();
    assert!(
        ids.len() == 12 && ids.iter().all(|id| id.len() == 16),
        "128 bits"
    );
    // A time, a counter, a version or a node would be the same in all of a batch: twelve equal bytes are no chance.
    for at in 0..16 {
        let first = ids[0][at];
        assert!(
            ids.iter().any(|id| id[at] != first),
            "byte {at} is {first} in all"
        );
        let bits = ids.iter().fold((0_u8, 0xff_u8), |(any, all), id| {
            (any | id[at], all & id[at])
        });
        assert!(bits.0 & !bits.1 != 0, "byte {at}");
    }
    let mut sorted = ids.clone();
    sorted.sort();
    assert_ne!(sorted, ids, "they do not tell the order of issue");
}

/// Nothing but the ones that are there: a server of a test starts without accounts too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_begins_without_accounts() {
    let server = TestServer::start(Database::Sqlite).await;
    let count = store::accounts::count(server.app.store.reader()).await;
    assert_eq!(count.expect("counted"), 0);
}
