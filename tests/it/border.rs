//! The border: who may ask how much, how slowly, how large, and what every answer carries (trust.md ERR, EN, RL, OV, WEB-1).

use std::net::SocketAddr;
use std::sync::Arc;

use api::config::border::{Border, Limit, Pool};
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::raw::{Raw, exchange};
use tests::story::PASSWORD;
use tests::{Answer, Browser, Client, Database, Story, TestServer, on_both, rosters};
use tokio::sync::Semaphore;

on_both! {
    five_wrong_names_close_a_number_for_the_day_and_its_qr_code_goes_on;
    parallel_guesses_gain_nothing;
    another_process_and_a_restart_know_the_wrong_names_of_the_day;
    comparing_a_name_costs_the_same_budget;
    who_waits_too_long_for_a_lock_is_asked_to_come_again;
}

/// A lock that somebody holds too long is no fault of ours to be told as one (trust.md OV-2).
async fn who_waits_too_long_for_a_lock_is_asked_to_come_again(database: Database) {
    let locks_rows = !matches!(database, Database::Sqlite);
    let story = Story::ready(database).await;
    if !locks_rows {
        return; // One writer at a time, and a pool of its own that is waited for.
    }
    let tx = story.server.app.store.write().await.expect("a transaction");
    let id = story.admission.parse().expect("an id");
    let held = store::institutions::lock_any(&tx, id).await;
    assert!(held.expect("asked").is_some());
    let path = format!("/api/v1/institutions/{}/survey-suspension", story.admission);
    let request = json!({ "reason": "回访不符,暂停采用并核查。" });
    let province = story.who("province-1");
    let told = province.post(&path, &request).await;
    told.problem(503, "unavailable");
    assert!(!told.header("retry-after").is_empty());
    store::rollback(tx).await.expect("given back");
    province.post(&path, &request).await.good();
}

async fn started(change: impl FnOnce(&mut Border)) -> TestServer {
    TestServer::start_with(Database::Sqlite, |settings| {
        change(Arc::make_mut(&mut settings.config.border));
    })
    .await
}

const fn limit(burst: u32) -> Limit {
    Limit {
        per_minute: 1,
        burst,
    }
}

async fn told(client: &Client, path: &str, forwarded: &str) -> Answer {
    let request = client.ask(Method::GET, path).await;
    client
        .send(request.header("X-Forwarded-For", forwarded))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_forwarded_address_changes_nothing() {
    let server = started(|border| border.limits.other = limit(3)).await;
    let anybody = Client::anybody(&server);
    for host in 1..=3 {
        let answer = told(&anybody, "/api/v1/regions", &format!("203.0.113.{host}")).await;
        assert_eq!(answer.status, 200);
    }
    let refused = told(&anybody, "/api/v1/regions", "203.0.113.9").await;
    refused.problem(429, "too-many-requests");
    let wait: u32 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    // Another class has its own, and the operator is always answered.
    assert_eq!(anybody.get("/verify").await.status, 200);
    assert_eq!(anybody.get("/livez").await.status, 200);
    // A page says it as a page.
    let page = anybody.get("/help").await;
    assert_eq!(page.status, 429);
    assert!(page.header("content-type").starts_with("text/html"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_trusted_proxy_each_client_is_a_source_and_an_ipv6_network_is_one() {
    let server = started(|border| {
        border.limits.other = limit(1);
        border.proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let anybody = Client::anybody(&server);
    let status = async |forwarded: &str| {
        told(&anybody, "/api/v1/regions", forwarded)
            .await
            .status
            .as_u16()
    };
    assert_eq!(status("203.0.113.1").await, 200);
    assert_eq!(status("203.0.113.2").await, 200);
    assert_eq!(status("203.0.113.1").await, 429);
    assert_eq!(status("198.51.100.1, 203.0.113.2").await, 429, "forged");
    assert_eq!(status("2001:db8:1:2::1").await, 200);
    assert_eq!(status("2001:db8:1:2:ffff::2").await, 429, "one network");
    assert_eq!(status("2001:db8:1:3::1").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_silent_connections_hinder_nobody_and_are_closed() {
    let server = started(|border| border.timeouts.header_ms = 1_500).await;
    let mut silent = Vec::new();
    for number in 0..500 {
        let mut raw = Raw::connect(server.address()).await;
        if number % 2 == 0 {
            raw.send("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
        }
        silent.push(raw);
    }
    let anybody = Client::anybody(&server);
    assert_eq!(anybody.get("/api/v1/regions").await.status, 200);
    assert_eq!(anybody.get("/readyz").await.status, 200);
    for mut raw in silent {
        // Ends because the server ends it; a head that came in part may be answered 408 or not at all.
        let answer = raw.end().await;
        assert!(matches!(answer.status, 0 | 408), "{}", answer.head);
    }
    assert_eq!(anybody.get("/livez").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let server = started(|border| {
        border.timeouts.rate_grace_ms = 100;
        border.timeouts.body_bytes_per_second = 1_000_000;
    })
    .await;
    for path in ["/api/v1/sessions", "/api/v1/verifications"] {
        let mut raw = Raw::connect(server.address()).await;
        raw.send(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"name\":"
        ))
        .await;
        raw.end().await.problem(408, "request-timeout");
    }
}

/// The service of a story once more, with a request at this path that takes as long as the test wants; it answers for
/// each permit.
pub(crate) async fn holding(story: &Story, path: &str) -> (SocketAddr, Arc<Semaphore>) {
    let open = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&open);
    let held = async move || {
        let _done = waits.acquire().await;
        "done"
    };
    let routes = api::server::openapi::routes().0;
    let routes = routes.route(path, axum::routing::any(held));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = story.server.app.clone();
    let router = api::server::layered(app.clone(), routes);
    tokio::spawn(api::server::serve_router(
        app,
        router,
        listener,
        std::future::pending(),
    ));
    (address, open)
}

/// Requests of a class that run.
pub(crate) fn running(story: &Story, class: &str) -> u32 {
    let load = story.server.app.border.load();
    let found = load.iter().find(|(one, ..)| one.as_str() == class);
    found.map_or(0, |(_, running, ..)| *running)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verification_goes_on_while_uploads_hold_all_their_places() {
    let server = started(|border| {
        border.pools.import = Pool {
            running: 2,
            waiting: 0,
            wait_ms: 600_000,
        };
    })
    .await;
    let mut story = Story::ready_on(server).await;
    let cohort = story.accepted(1).await;
    let issued = story.issue(&cohort).await;
    let id = text(&issued["certificates"][0]["id"]);
    let path = format!("/api/v1/cohorts/{cohort}/rosters");
    let (address, open) = holding(&story, "/api/hold").await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let holding: Vec<_> = (0..2)
        .map(|_| {
            let request = http.post(format!("http://{address}/api/hold"));
            tokio::spawn(request.header("Content-Type", "text/csv").body("a").send())
        })
        .collect();
    let running = || running(&story, "import");
    while running() < 2 {
        tokio::task::yield_now().await;
    }
    let school = story.who("school-1");
    let refused = school.upload(&path, rosters::csv(1, 1)).await;
    refused.problem(503, "overloaded");
    assert!(!refused.header("retry-after").is_empty());
    let anybody = story.who("anybody");
    for path in [
        format!("/v/{id}"),
        format!("/api/v1/verifications/{id}"),
        "/api/v1/catalogue/institutions".to_owned(),
    ] {
        assert_eq!(anybody.get(&path).await.status, 200, "{path}");
    }
    assert_eq!(running(), 2, "both hold their places");
    open.add_permits(2);
    for held in holding {
        let answer = held.await.expect("no panic").expect("an answer");
        assert_eq!(answer.status(), 200, "what had a place ended well");
    }
    let again = school.upload(&path, rosters::csv(1, 1)).await;
    assert_ne!(again.status, 503, "there is room again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_over_a_slow_line_holds_no_place() {
    let server = started(|border| {
        border.pools.import = Pool {
            running: 1,
            waiting: 0,
            wait_ms: 0,
        };
    })
    .await;
    let story = Story::ready_on(server).await;
    let cohort = story.enrolling().await;
    let school = story.who("school-1");
    let token = school.token().await.expect("a token");
    let path = format!("/api/v1/cohorts/{cohort}/rosters");
    let file = rosters::csv(1, 2);
    let mut slow = Raw::connect(story.server.address()).await;
    slow.send(format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: slow-1\r\n\
         Content-Type: text/csv\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        file.len()
    ))
    .await
    .continued()
    .await
    .send(&file[..20])
    .await;
    let quick = school
        .upload(&format!("{path}?import=all"), rosters::csv(5, 1))
        .await;
    quick.good();
    let answer = slow.send(&file[20..]).await.end().await;
    assert_eq!(answer.status, 201, "{} {}", answer.head, answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_with_a_file_over_a_slow_line_holds_no_place() {
    let server = started(|border| {
        border.pools.import = Pool {
            running: 1,
            waiting: 0,
            wait_ms: 0,
        };
    })
    .await;
    let story = Story::staffed_on(server).await;
    let mut browser = Browser::new(&story.server);
    browser.sign_in("national-1", PASSWORD).await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nonce\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.json\"\r\n\r\n{}\r\n--b--\r\n";
    let head = |cookie: &str, more: &str| {
        format!(
            "POST /admin/policies HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}\r\n\
             Sec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n{more}\r\n",
            form.len()
        )
    };
    let address = story.server.address();
    let mut slow = Raw::connect(address).await;
    let asks = head(&browser.cookie(), "Expect: 100-continue\r\n");
    slow.send(asks).await.continued().await;
    slow.send(&form[..20]).await;
    // The quick one finds the only place free, however often it asks.
    for _ in 0..3 {
        let quick = exchange(address, head(&browser.cookie(), "") + form).await;
        assert_eq!(quick.status, 422, "{} {}", quick.head, quick.body);
    }
    // A cookie that is none of ours is led to the sign-in, and nothing of its file is read.
    let invented = exchange(address, head("__Host-session=ms_invented", "") + form).await;
    assert_eq!(invented.status, 303, "{}", invented.head);
    let answer = slow.send(&form[20..]).await.end().await;
    assert_eq!(answer.status, 422, "{} {}", answer.head, answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_told_before_it_is_read() {
    let server = started(|_| ()).await;
    let ask = async |head: String| exchange(server.address(), head).await;
    let long = "a".repeat(9_000);
    ask(format!(
        "GET /api/v1/regions?q={long} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    ))
    .await
    .problem(414, "url-too-long");
    let line = format!("X-Long: {}\r\n", "b".repeat(6_000));
    let many = line.repeat(3);
    ask(format!(
        "GET /api/v1/regions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{many}\r\n"
    ))
    .await
    .problem(431, "headers-too-large");
    // Far beyond what is read at all: refused without a document, and the process lives.
    let beyond = ask(format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "c".repeat(200_000)
    ))
    .await;
    assert!(matches!(beyond.status, 0 | 431), "{}", beyond.head);
    for (path, length) in [
        ("/api/v1/sessions", 262_145_u64),
        ("/api/v1/verifications", 8_388_609),
        ("/api/v1/sessions", u64::MAX / 2),
    ] {
        ask(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        ))
        .await
        .problem(413, "too-large");
    }
    // The same without a length.
    let mut raw = Raw::connect(server.address()).await;
    raw.send("POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    let piece = format!("10000\r\n{}\r\n", "d".repeat(65_536));
    for _ in 0..5 {
        raw.send(&piece).await;
    }
    let answer = raw.end().await;
    assert!(matches!(answer.status, 0 | 413), "{}", answer.head);
    assert_eq!(Client::anybody(&server).get("/livez").await.status, 200);
}

async fn lookup(story: &Story, number: &str, name: &str) -> Value {
    let body = json!({ "items": [{ "number": number, "name": name }] });
    let answer = story
        .who("anybody")
        .post("/api/v1/verifications", &body)
        .await
        .good();
    answer["items"][0].clone()
}

const HOLDER: &str = "虚构样一";

async fn five_wrong_names_close_a_number_for_the_day_and_its_qr_code_goes_on(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let of = |place: usize, field: &str| text(&issued["certificates"][place][field]);
    let (id, number) = (of(0, "id"), of(0, "certificate_no"));
    for _ in 0..3 {
        assert_eq!(lookup(&story, &number, HOLDER).await["state"], "valid");
    }
    for _ in 0..5 {
        let wrong = lookup(&story, &number, "虚构某人").await;
        assert_eq!(wrong["state"], "not_found", "{wrong}");
    }
    for name in ["虚构某人", HOLDER] {
        let refused = lookup(&story, &number, name).await;
        assert_eq!(refused["problem"]["code"], "too-many-requests", "{refused}");
    }
    // A number that nobody has is treated alike.
    let nobody = "MZ33-2026-000000000";
    let known = nobody.parse::<domain::CertificateNo>().is_ok();
    assert!(!known, "a wrong check character is no question at all");
    // The other number, and the code of this one.
    let other = of(1, "certificate_no");
    assert_eq!(
        lookup(&story, &other, "虚构某人").await["state"],
        "not_found"
    );
    let anybody = story.who("anybody");
    let qr = json!({ "items": [{ "qr": story.qr_text(&id).await }] });
    let scanned = anybody.post("/api/v1/verifications", &qr).await.good();
    assert_eq!(scanned["items"][0]["state"], "valid");
    assert_eq!(anybody.get(&format!("/v/{id}")).await.status, 200);
    // The form says it with the time of the next try.
    let form = anybody.ask(Method::POST, "/verify").await;
    let page = anybody
        .send(form.form(&[("number", number.as_str()), ("name", HOLDER)]))
        .await;
    assert_eq!(page.status, 429, "{}", page.text());
    let wait: u32 = page.header("retry-after").parse().expect("seconds");
    assert!(wait <= 86_400, "{wait}");
    story.server.days_pass(1);
    assert_eq!(lookup(&story, &number, HOLDER).await["state"], "valid");
}

async fn parallel_guesses_gain_nothing(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let mut items: Vec<Value> = (1..=9)
        .map(|at| json!({ "number": number, "name": rosters::chinese(at + 10) }))
        .map(|mut item| {
            item["name"] = json!(format!("虚构{}", text(&item["name"])));
            item
        })
        .collect();
    items.push(json!({ "number": number, "name": HOLDER }));
    let body = json!({ "items": items });
    let anybody = story.who("anybody");
    let answer = anybody.post("/api/v1/verifications", &body).await.good();
    let rows = answer["items"].as_array().expect("rows");
    let answered = rows.iter().filter(|row| row["state"] == "not_found");
    assert_eq!(answered.count(), 5, "{answer}");
    assert_eq!(
        rows[9]["problem"]["code"], "too-many-requests",
        "the right name after five wrong ones tells nothing"
    );
}

async fn another_process_and_a_restart_know_the_wrong_names_of_the_day(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    for _ in 0..5 {
        lookup(&story, &number, "虚构某人").await;
    }
    // A border that has seen nothing, over the same database.
    let mut app = story.server.app.clone();
    app.border = Arc::new(api::border::Border::new(app.config.border.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(api::server::serve(app, listener, std::future::pending()));
    let body = json!({ "items": [{ "number": number, "name": HOLDER }] });
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
        .post(format!("http://{address}/api/v1/verifications"))
        .json(&body)
        .send()
        .await
        .expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(
        answer["items"][0]["problem"]["code"], "too-many-requests",
        "{answer}"
    );
}

async fn comparing_a_name_costs_the_same_budget(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let anybody = story.who("anybody");
    let compare = async |name: &str| {
        let request = anybody.ask(Method::POST, &format!("/v/{id}")).await;
        anybody.send(request.form(&[("name", name)])).await
    };
    for _ in 0..5 {
        assert_eq!(compare("虚构某人").await.status, 200);
    }
    assert_eq!(compare(HOLDER).await.status, 429);
    let refused = lookup(&story, &number, HOLDER).await;
    assert_eq!(refused["problem"]["code"], "too-many-requests", "{refused}");
    assert_eq!(anybody.get(&format!("/v/{id}")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_has_a_budget_of_wrong_questions_too() {
    let server = started(|border| border.lookup.wrong_per_source_and_day = 2).await;
    let mut story = Story::ready_on(server).await;
    let cohort = story.accepted(4).await;
    let issued = story.issue(&cohort).await;
    let number = |at: usize| text(&issued["certificates"][at]["certificate_no"]);
    for at in 0..2 {
        lookup(&story, &number(at), "虚构某人").await;
    }
    let refused = lookup(&story, &number(2), HOLDER).await;
    assert_eq!(refused["problem"]["code"], "too-many-requests", "{refused}");
}
