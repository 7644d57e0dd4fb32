//! What every answer carries, what each wrong request gets, and how a process ends (trust.md ERR, WEB-1, WEB-3, SH-1, HL-1).

use std::sync::Arc;

use api::app::App;
use api::config::Role;
use axum::Router;
use axum::routing::{get, post};
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Browser, Client, Database, Story, TestServer, people};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

#[track_caller]
fn carries_the_headers(answer: &Answer) {
    carries_the_headers_with(answer, &["no-referrer"]);
}

/// The same, and one of these policies about where somebody came from.
#[track_caller]
fn carries_the_headers_with(answer: &Answer, referrers: &[&str]) {
    let csp = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(csp.contains(part), "{}: {csp}", answer.asked);
    }
    assert!(!csp.contains("unsafe"), "{}: {csp}", answer.asked);
    let age = answer.header("strict-transport-security");
    assert!(age.contains("max-age=31536000"), "{}: {age}", answer.asked);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{}: {name}", answer.asked);
    }
    let referrer = answer.header("referrer-policy");
    assert!(
        referrers.contains(&referrer),
        "{}: {referrer}",
        answer.asked
    );
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_headers_errors_and_files_included() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let page = anybody.get("/").await.text();
    let style = page
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|href| href.starts_with("/assets/") && href.contains(".css"))
        .expect("a stylesheet");
    for path in [
        "/",
        "/en/",
        "/verify",
        "/v/AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/api/v1/certificates/AAAAAAAAAAAAAAAAAAAAAAAAAA/qr.txt",
        "/nowhere",
        "/api/v1/nowhere",
        "/api/v1/self",
        "/api/v1/regions",
        "/api/openapi.json",
        "/log/vkey",
        "/livez",
        "/readyz",
        "/readyz/verification",
        "/robots.txt",
        style,
    ] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE] {
            let request = anybody.ask(method.clone(), path).await;
            let answer = anybody.send(request).await;
            carries_the_headers(&answer);
            assert!(!answer.status.is_server_error(), "{method} {path}");
        }
        let whole = anybody.get(path).await;
        let head = anybody.send(anybody.ask(Method::HEAD, path).await).await;
        assert_eq!(head.status, whole.status, "HEAD {path}");
        assert_eq!(
            head.header("content-type"),
            whole.header("content-type"),
            "HEAD {path}"
        );
        assert!(head.bytes.is_empty(), "HEAD {path} has no body");
    }
}

/// Every page of the router and every reading operation, in both languages, as anybody and as somebody who is signed in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_carries_the_headers_too() {
    let story = Story::staffed(Database::Sqlite).await;
    let mut paths = Vec::new();
    for path in crate::walk::page_paths() {
        // The figures are on a listener of their own, inside; a witness is another service.
        if ["/metrics", "/add-checkpoint", "/checkpoint/{log}"].contains(&path.as_str()) {
            continue;
        }
        let filled = crate::walk::filled(&path);
        paths.push(format!("/en{filled}"));
        paths.push(filled);
    }
    let pages = paths.len();
    for (method, path, _) in crate::walk::operations() {
        if method == Method::GET {
            paths.push(crate::walk::filled(&path));
        }
    }
    let mut browser = tests::Browser::new(&story.server);
    let signed = browser.sign_in("national-1", tests::story::PASSWORD).await;
    assert_eq!(signed.status, 303);
    let cookie = browser.cookie();
    let anybody = story.who("anybody");
    let mut opened = 0;
    for path in &paths {
        for cookie in [None, Some(&cookie)] {
            let mut request = anybody.ask(Method::GET, path).await;
            if let Some(cookie) = cookie {
                request = request.header("Cookie", cookie);
            }
            let answer = anybody.send(request).await;
            // Forms of people who are signed in, or are about to be, tell our own server where they stood, and nobody else.
            let page = path.trim_start_matches("/en");
            let entrance = page.starts_with("/sign-in") || page.starts_with("/password");
            let referrers = ["no-referrer", "same-origin"];
            let some = 1 + usize::from(cookie.is_some() || entrance);
            carries_the_headers_with(&answer, &referrers[..some]);
            assert!(
                !answer.status.is_server_error(),
                "{path}: {}",
                answer.text()
            );
            opened += usize::from(answer.status == 200);
        }
    }
    println!("{} addresses, {opened} answers of 200", paths.len());
    assert!(
        pages > 120 && opened > 100,
        "{pages} pages, {opened} opened"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_origins_may_read_what_verifies_and_nothing_else() {
    let story = Story::staffed(Database::Sqlite).await;
    let anybody = story.who("anybody");
    let from_elsewhere = async |method: Method, path: &str| {
        let request = anybody.ask(method, path).await;
        let request = request
            .header("Origin", "https://elsewhere.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type");
        anybody.send(request).await
    };
    for path in [
        "/log/checkpoint",
        "/log/vkey",
        "/log/proof/0",
        "/log/proof/999999",
        "/vct/training-certificate/1",
        "/api/v1/keys",
        "/api/v1/verifications/AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/api/v1/certificates/AAAAAAAAAAAAAAAAAAAAAAAAAA/proof.tlog",
    ] {
        let answer = from_elsewhere(Method::GET, path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let before = from_elsewhere(Method::OPTIONS, path).await;
        assert_eq!(before.status, 204, "{path}");
        assert!(before.header("allow").contains("OPTIONS"), "{path}");
        let methods = before.header("access-control-allow-methods");
        assert!(methods.contains("GET"), "{path}: {methods}");
    }
    let before = from_elsewhere(Method::OPTIONS, "/api/v1/verifications").await;
    assert!(
        before
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        before
            .header("access-control-allow-headers")
            .contains("Content-Type")
    );
    for path in [
        "/",
        "/verify",
        "/v/AAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/api/v1/self",
        "/api/v1/sessions",
        "/api/v1/institutions",
        "/api/v1/accounts",
        "/api/v1/regions",
        "/livez",
    ] {
        for method in [Method::GET, Method::OPTIONS, Method::POST] {
            let answer = from_elsewhere(method.clone(), path).await;
            for (name, _) in &answer.headers {
                assert!(
                    !name.as_str().starts_with("access-control-"),
                    "{method} {path}: {name}"
                );
            }
        }
    }
    // The keys' own form of writing is an act at a desk.
    let answer = from_elsewhere(Method::POST, "/api/v1/keys").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wrong_request_is_a_problem_of_its_own() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let sessions = "/api/v1/sessions";
    let send = async |body: &str| {
        let request = anybody.ask(Method::POST, sessions).await;
        let request = request.header("Content-Type", "application/json");
        anybody.send(request.body(body.to_owned())).await
    };
    let invalid = "invalid-request";
    for body in [
        r#"{"name":NaN,"password":"b"}"#,
        r#"{"name":-Infinity,"password":"b"}"#,
        r#"{"name":1e999,"password":"b"}"#,
        r#"{"name":99999999999999999999999999,"password":"b"}"#,
        r#"{"name":"a","name":"b","password":"c"}"#,
        r#"{"name":"a","password":"b","is_admin":true}"#,
        r#"{"name":"a\u0000","password":"b"}"#,
        r#"{"name":"a"}"#,
        "[]",
        r#""a""#,
    ] {
        send(body).await.problem(422, invalid);
    }
    for body in ["", "{", "nul", "{\"name\":\"\u{1}\"}", "\u{feff}{}", "{}{}"] {
        send(body).await.problem(400, "malformed-request");
    }
    let request = anybody.ask(Method::POST, sessions).await;
    let request = request.header("Content-Type", "application/json");
    let bytes = b"{\"name\":\"\xff\xfe\",\"password\":\"b\"}".to_vec();
    anybody
        .send(request.body(bytes))
        .await
        .problem(400, "malformed-request");
    for query in [
        "limit=1&limit=2",
        "limit=NaN",
        "limit=1e3",
        "limit=-1",
        "limit=99999999999999999999",
        "unknown=1",
        "cursor=%00",
    ] {
        let path = format!("/api/v1/catalogue/institutions?{query}");
        anybody.get(&path).await.problem(422, invalid);
    }
    let story = Story::staffed_on(server).await;
    for (who, path) in [
        ("auditor", "/api/v1/audit"),
        ("national-1", "/api/v1/institutions"),
        ("national-1", "/api/v1/cohorts"),
        ("national-1", "/api/v1/offers"),
        ("national-1", "/api/v1/proposals"),
        ("national-1", "/api/v1/certificates"),
        ("national-1", "/api/v1/accounts"),
        ("anybody", "/api/v1/occupations"),
        ("anybody", "/log/checkpoints"),
    ] {
        let who = story.who(who);
        for query in ["Limit=2", "limit=0", "limit=9999", "limit=2&limit=2"] {
            let answer = who.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, 422, "{path}?{query}: {}", answer.text());
        }
        who.get(&format!("{path}?limit=100")).await.good();
    }
    let anybody = story.who("anybody");
    // An answer in a form that was not asked for is not given, and an act not begun.
    for (method, path, accept) in [
        (Method::GET, "/api/v1/regions", "text/html"),
        (Method::GET, "/api/v1/regions", "application/json;q=0"),
        (Method::POST, sessions, "text/csv"),
        (Method::GET, "/log/vkey", "image/png"),
    ] {
        let request = anybody.ask(method.clone(), path).await;
        let request = request.header("Accept", accept).json(&json!({}));
        anybody.send(request).await.problem(406, "not-acceptable");
    }
    let wrong = anybody
        .send(anybody.ask(Method::PATCH, "/api/v1/regions").await)
        .await;
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").contains("GET"));
    let page = anybody
        .send(anybody.ask(Method::PUT, "/verify").await)
        .await;
    assert_eq!(page.status, 405);
    assert!(page.header("content-type").starts_with("text/html"));
    for path in [
        "/api/v1/institutions/%00",
        "/api/v1/%ff",
        "/api/v1/..%2f..%2fetc",
    ] {
        let answer = anybody.get(path).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    // Nothing of the inside is told.
    let told = send("{").await.text();
    for word in ["serde", "sqlx", "panicked", "/src/", "SELECT"] {
        assert!(!told.contains(word), "{told}");
    }
    assert_eq!(anybody.get("/livez").await.status, 200);
}

/// Serves routes of a test under the layers of the service.
async fn served(
    app: &App,
    routes: Router<App>,
) -> (
    String,
    oneshot::Sender<()>,
    tokio::task::JoinHandle<std::io::Result<()>>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let router = api::server::layered(app.clone(), routes);
    let serving = api::server::serve_router(app.clone(), router, listener, async {
        let _ = stopped.await;
    });
    (address, stop, tokio::spawn(serving))
}

fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panicking_handler_is_a_problem_and_the_process_lives() {
    let server = TestServer::start(Database::Sqlite).await;
    let routes = Router::new()
        .route(
            "/api/panic",
            get(async || -> &'static str { panic!("secret words") }),
        )
        .route("/api/fine", get(async || "fine"));
    let (address, _stop, _serving) = served(&server.app, routes).await;
    for _ in 0..3 {
        let answer = http()
            .get(format!("{address}/api/panic"))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 500);
        let body = answer.text().await.expect("a body");
        assert!(body.contains("\"code\":\"internal\""), "{body}");
        assert!(!body.contains("secret words"), "{body}");
        let fine = http()
            .get(format!("{address}/api/fine"))
            .send()
            .await
            .expect("an answer");
        assert_eq!(fine.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_takes_too_long_is_given_up_but_not_an_upload() {
    let server = TestServer::start_with(Database::Sqlite, |settings| {
        let border = Arc::make_mut(&mut settings.config.border);
        border.timeouts.handler_ms = 100;
    })
    .await;
    let open = Arc::new(Notify::new());
    let waits = Arc::clone(&open);
    let routes = Router::new()
        .route(
            "/api/never",
            get(async || std::future::pending::<&str>().await),
        )
        .route(
            "/api/upload",
            post(async move || {
                waits.notified().await;
                "done"
            }),
        );
    let (address, _stop, _serving) = served(&server.app, routes).await;
    let upload = tokio::spawn(
        http()
            .post(format!("{address}/api/upload"))
            .header("Content-Type", "text/csv")
            .body("a")
            .send(),
    );
    let answer = http()
        .get(format!("{address}/api/never"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["code"], "overloaded");
    open.notify_one();
    let upload = upload.await.expect("no panic").expect("an answer");
    assert_eq!(upload.status(), 200, "it had more time than that");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_told_to_stop_is_not_ready_and_ends_what_runs() {
    let server = TestServer::start_with(Database::Sqlite, |settings| {
        Arc::make_mut(&mut settings.config.border).timeouts.drain_ms = 3_000;
    })
    .await;
    let (began, open) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, waits) = (Arc::clone(&began), Arc::clone(&open));
    let routes = api::server::health::routes().route(
        "/api/work",
        get(async move || {
            begins.notify_one();
            waits.notified().await;
            "done"
        }),
    );
    let (address, stop, serving) = served(&server.app, routes).await;
    let ready = async || {
        http()
            .get(format!("{address}/readyz"))
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    assert_eq!(ready().await, 200);
    let work = tokio::spawn(http().get(format!("{address}/api/work")).send());
    began.notified().await;
    stop.send(()).expect("it is told");
    while ready().await != 503 {}
    open.notify_one();
    let answer = work.await.expect("no panic").expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "done");
    serving.await.expect("no panic").expect("a good end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_sees_figures_and_reasons_inside_only() {
    let (story, issued) = Story::with_certificates(Database::Sqlite, 1).await;
    let anybody = story.who("anybody");
    anybody.get("/metrics").await.problem(404, "not-found");
    assert_eq!(anybody.get("/readyz").await.text(), "ready\n");
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let body = json!({ "items": [{ "number": number, "name": "虚构某人" }] });
    anybody.post("/api/v1/verifications", &body).await.good();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = api::server::health::inside(story.server.app.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let get = async |path: &str| {
        let answer = http().get(format!("{address}{path}")).send().await;
        answer.expect("an answer").text().await.expect("a body")
    };
    let figures = get("/metrics").await;
    for line in [
        r#"mingzheng_requests_total{class="verify",status="200"}"#,
        r#"mingzheng_requests_total{class="other",status="404"}"#,
        "mingzheng_lookup_misses_total 1",
        r#"mingzheng_pool_places{class="import"} 2"#,
        r#"mingzheng_jobs_places{kind="papers"} 2"#,
        "mingzheng_connections",
        "mingzheng_read_alarms_total",
    ] {
        assert!(figures.contains(line), "{line} is missing: {figures}");
    }
    for secret in [number.as_str(), "127.0.0.1", "虚构"] {
        assert!(!figures.contains(secret), "{secret} stands in the figures");
    }
    let ready: Value = serde_json::from_str(&get("/readyz").await).expect("JSON");
    assert_eq!(ready["ready"], true, "{ready}");
    let names: Vec<_> = ready["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .map(|check| text(&check["name"]))
        .collect();
    assert_eq!(
        names,
        [
            "serving", "database", "schema", "signer", "log", "standing", "disk"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_gives_only_its_part_of_the_service() {
    let public = [
        "/",
        "/verify",
        "/log",
        "/api/v1/keys",
        "/api/v1/catalogue/institutions",
        "/log/vkey",
    ];
    let desks = ["/api/v1/self", "/api/v1/institutions", "/api/v1/cohorts"];
    for (role, open, shut) in [
        (Role::Public, &public[..], &desks[..]),
        (Role::Registry, &desks[..], &public[..]),
    ] {
        let server =
            TestServer::start_with(Database::Sqlite, |settings| settings.config.role = role).await;
        let anybody = Client::anybody(&server);
        for path in open {
            let status = anybody.get(path).await.status.as_u16();
            assert!(matches!(status, 200 | 401), "{role:?} {path}: {status}");
        }
        for path in shut {
            let status = anybody.get(path).await.status.as_u16();
            assert!(matches!(status, 404 | 405), "{role:?} {path}: {status}");
        }
        for path in ["/livez", "/readyz", "/api/openapi.json"] {
            assert_eq!(anybody.get(path).await.status, 200, "{role:?} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_and_templates_in_names_show_as_typed() {
    let mut story = Story::staffed(Database::Sqlite).await;
    story.apply().await;
    let name = "<script>alert(1)</script>{{7*7}}";
    let site = json!({
        "name": name, "region": tests::story::COUNTY, "address": "<b>虚构路</b>1号\" onx='",
        "provisions": ["step_free_entrance"],
    });
    let school = story.who("school-1");
    let made = school.post("/api/v1/sites", &site).await.good();
    let kept = school
        .get(&format!("/api/v1/sites?institution={}", story.admission))
        .await
        .good();
    assert!(kept.to_string().contains(name), "{kept}");
    story.site = text(&made["id"]);
    story.admit_and_offer().await;
    let page = story
        .who("anybody")
        .get(&format!("/institutions/{}", tests::story::CREDIT_CODE))
        .await;
    let html = page.text();
    assert_eq!(page.status, 200, "{html}");
    assert!(html.contains("{{7*7}}"), "as typed: {html}");
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(html.contains("&#60;script&#62;alert(1)") || html.contains("&lt;script&gt;alert(1)"));
}

/// Places of a name in the text of a page, and how many of them stand in no `<bdi>`. Titles and options hold no elements,
/// and what stands in an attribute is not shown.
fn names(html: &str, name: &str) -> (usize, Vec<String>) {
    let (mut found, mut outside) = (0, Vec::new());
    for (at, _) in html.match_indices(name) {
        let tag = html[..at].rfind('<').unwrap_or(0);
        let before = &html[tag..at];
        let attribute = !before.contains('>');
        if attribute
            || ["<title", "<option"]
                .iter()
                .any(|one| before.starts_with(one))
        {
            continue;
        }
        found += 1;
        if !before.starts_with("<bdi") {
            outside.push(before.chars().take(120).collect());
        }
    }
    (found, outside)
}

#[test]
fn a_name_outside_of_bdi_is_found() {
    let html = "<title>甲乙</title><p><bdi lang=\"zh\">甲乙</bdi><input value=\"甲乙\"><b>甲乙</b>";
    assert_eq!(names(html, "甲乙"), (2, vec!["<b>".to_owned()]));
}

/// A name may be written from right to left: it does not turn what stands around it (trust.md WEB-3).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_people_stand_isolated_on_every_page_that_shows_them() {
    let story = Story::ready(Database::Sqlite).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..1]).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let issued = story.issue(&cohort).await;
    let id = text(&issued["certificates"][0]["id"]);
    let anybody = story.who("anybody");
    let path = format!("/api/v1/verifications/{id}");
    let verdict = anybody.get(&path).await.good();
    let masked = text(&verdict["certificate"]["holder"]);
    assert!(masked.contains('*'), "{verdict}");
    let administrator = story.who("national-1");
    let accounts = administrator
        .get("/api/v1/accounts?q=county-1")
        .await
        .good();
    let account = text(&accounts["items"][0]["account"]);

    let trainee = crate::people::trainee(&story, &cohort, members[0]).await;
    let mut staff = Browser::new(&story.server);
    staff.sign_in("national-1", PASSWORD).await;
    let account = format!("/admin/accounts/{account}");
    let mut browsers = [trainee, staff, Browser::new(&story.server)];
    let verdict = format!("/v/{id}");
    for lang in ["", "/en"] {
        for (who, path, name) in [
            (0, "/me", known[0].name),
            (0, "/me/copy", known[0].name),
            (1, "/desk", "全国甲"),
            (1, "/admin/accounts", "虚构人员"),
            (1, &account, "虚构人员"),
            (2, &verdict, &masked),
        ] {
            let browser = &mut browsers[who];
            let page = browser.open(&format!("{lang}{path}")).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text());
            let (found, outside) = names(&page.text(), name);
            assert!(found > 0, "{path} shows no {name}");
            assert!(outside.is_empty(), "{path}: {outside:?}");
        }
    }
}

/// Anybody may ask whether the service is ready, as often as they like, and hang up: the database is asked once a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_questions_for_readiness_asks_the_database_once_a_second() {
    let server = TestServer::start(Database::Sqlite).await;
    let began = std::time::Instant::now();
    let before = server.app.readiness.looks();
    let mut all = tokio::task::JoinSet::new();
    for number in 0..300 {
        let path = ["/readyz", "/readyz/verification"][number % 2];
        let url = server.url(path);
        let client = http();
        all.spawn(async move { client.get(url).send().await.expect("an answer").status() });
        if number % 3 == 0 {
            let mut leaves = tests::raw::Raw::connect(server.address()).await;
            leaves.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").await;
        }
    }
    assert!(all.join_all().await.iter().all(|status| *status == 200));
    let looks = server.app.readiness.looks() - before;
    assert!(
        (1..=2 + began.elapsed().as_secs()).contains(&looks),
        "{looks} in {:?}",
        began.elapsed()
    );
    // What costs nothing is known at once.
    server.app.border.stop();
    let told = http().get(server.url("/readyz")).send().await;
    assert_eq!(told.expect("an answer").status(), 503);
}
