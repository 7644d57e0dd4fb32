//! The process: what becomes of a panic and of slow work, its end, its figures, its part of the service.

use std::sync::Arc;

use api::app::App;
use api::config::Role;
use axum::Router;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Client, Database, Story, TestServer};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

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

/// The address of the operator's own listener.
async fn inside(app: &App) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = api::server::health::inside(app.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
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
    let address = inside(&story.server.app).await;
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
async fn with_a_disk_that_is_too_full_the_service_still_verifies() {
    // No disk has more than all of itself free.
    let full = |settings: &mut api::boot::Settings| settings.config.disk_free_percent = 101;
    let server = TestServer::start_with(Database::Sqlite, full).await;
    let ready = async |path: &str| {
        let answer = http().get(server.url(path)).send().await;
        answer.expect("an answer").status().as_u16()
    };
    assert_eq!(ready("/readyz").await, 503);
    assert_eq!(ready("/readyz/verification").await, 200);
    let address = inside(&server.app).await;
    let told = http().get(format!("{address}/readyz")).send().await;
    let told: Value = told.expect("an answer").json().await.expect("JSON");
    let disk = &told["checks"].as_array().expect("checks")[6];
    assert_eq!(
        (&disk["name"], &disk["good"]),
        (&json!("disk"), &json!(false))
    );
    assert!(text(&disk["reason"]).ends_with("101 are needed"), "{told}");
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
