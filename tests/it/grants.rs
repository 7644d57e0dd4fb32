//! `docs/grants.sql` (trust.md AD-1): a service that does not own the tables does all its work, and changes nothing that is
//! only ever added to; whoever makes figures reads what belongs to no person.

use api::boot::{self, Settings};
use store::ConnectionTrait as _;
use tests::answer::text;
use tests::{Database, Mingzheng, Story, TestServer};

const ADDED_TO: [&str; 9] = [
    "audit",
    "audit_anchor",
    "log_leaf",
    "log_checkpoint",
    "log_witnessed",
    "timeline",
    "trust_list",
    "grading_file",
    "policy",
];

/// What the database says to a statement; nothing of it stays.
async fn says(store: &store::Store, role: Option<&str>, sql: &str) -> Result<(), String> {
    let tx = store.write().await.expect("a transaction");
    if let Some(role) = role {
        let as_role = format!("SET LOCAL ROLE {role}");
        tx.execute_unprepared(&as_role).await.expect("the role");
    }
    let outcome = tx.execute_unprepared(sql).await;
    store::rollback(tx).await.expect("taken back");
    outcome.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_does_not_own_the_tables_works_and_changes_nothing_that_is_only_added_to() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let owner = database.new_address().expect("a database");
    let server = TestServer::start_with(database, |settings| {
        settings.database = Some(owner.parse().expect("an address"));
    })
    .await;
    let owners = server.app.store.clone();
    let grants = std::fs::read_to_string(tests::root().join("docs/grants.sql")).expect("the file");
    let sql = |sql: String| {
        let owners = owners.clone();
        async move {
            owners
                .reader()
                .execute_unprepared(&sql)
                .await
                .expect("done")
        }
    };
    // Twice: it is run again after each change of the schema.
    sql(grants.clone()).await;
    sql(grants).await;
    let login = "CREATE ROLE registry_of_tests LOGIN IN ROLE mingzheng_service";
    sql(login.to_owned()).await;
    let service = owner.replace("mingzheng@", "registry_of_tests@");
    assert_ne!(service, owner);
    let service_address = service.clone();

    // The whole story by that role: nothing that the service does needs more.
    let settings = Settings {
        data: server.data().to_owned(),
        database: Some(service.parse().expect("an address")),
        passphrase_file: None,
        policy_file: None,
        config: (*server.app.config).clone(),
        clock: server.clock.clone(),
        create: false,
        durability: store::Durability::Full,
    };
    let mut server = server;
    server.app = boot::open(&settings).await.expect("it opens");
    let mut story = Story::ready_on(server.again(|_| ()).await).await;
    let cohort = story.accepted(2).await;
    let issued = story.issue(&cohort).await;
    let id = text(&issued["certificates"][0]["id"]);
    story.suspend(&id).await;
    let path = format!("/api/v1/verifications/{id}");
    let verdict = story.who("anybody").get(&path).await.good();
    assert_eq!(verdict["state"], "suspended");
    api::bundles::build(&story.server.app)
        .await
        .expect("a bundle");

    let service = &story.server.app.store;
    for table in ADDED_TO {
        for act in [
            format!("UPDATE {table} SET {} = NULL", column(table)),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("DROP TABLE {table}"),
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
        ] {
            let said = says(service, None, &act).await;
            let refused = said.expect_err(&act);
            assert!(
                refused.contains("permission denied") || refused.contains("must be owner"),
                "{act}: {refused}"
            );
        }
        let read = format!("SELECT * FROM {table}");
        says(service, None, &read).await.expect("read");
    }
    for act in [
        "CREATE TABLE mine (id INTEGER)",
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m', 1)",
        "DELETE FROM seaql_migrations",
        "SET ROLE mingzheng",
    ] {
        let said = says(service, None, act).await;
        assert!(said.expect_err(act).contains("permission denied"), "{act}");
    }
    // The owner may: it is the role that is refused, not the statement.
    says(service, None, "UPDATE audit_head SET seq = seq + 1")
        .await
        .expect("the heads move");

    serving_in_public_needs_such_a_role(&story.server, &owner, &service_address);

    let reports = Some("mingzheng_reports");
    for table in ["institution", "admission", "log_leaf", "grading_result"] {
        let read = format!("SELECT COUNT(*) FROM {table}");
        says(&owners, reports, &read).await.expect(table);
    }
    says(&owners, reports, "SELECT name, places FROM cohort")
        .await
        .expect("a class");
    for act in [
        "SELECT teachers FROM cohort",
        "SELECT COUNT(*) FROM person",
        "SELECT COUNT(*) FROM person_name",
        "SELECT COUNT(*) FROM enrolment",
        "SELECT COUNT(*) FROM certificate",
        "SELECT COUNT(*) FROM account",
        "SELECT COUNT(*) FROM audit",
        "UPDATE institution SET name = 'x'",
        "INSERT INTO occupation SELECT * FROM occupation",
    ] {
        let said = says(&owners, reports, act).await;
        assert!(said.expect_err(act).contains("permission denied"), "{act}");
    }
}

/// `serve` behind a proxy refuses the owner of the tables, and starts with a role that changes none of them; on this machine
/// alone the owner may.
fn serving_in_public_needs_such_a_role(server: &TestServer, owner: &str, service: &str) {
    let serve = |address: &str, settings: &str| {
        let program =
            Mingzheng::new(env!("CARGO_BIN_EXE_tests")).with("MINGZHENG_DATABASE", address);
        let data = server.data().display().to_string();
        let file = program.file(
            "m.toml",
            format!(
                "[registry]\ndata = '{data}'\npublic_url = 'https://mingzheng.example'\n{settings}"
            ),
        );
        (program, file.display().to_string())
    };
    let proxy = "[server]\ntransport = 'proxy'\ntrusted_proxies = ['127.0.0.1/32']\n";
    let (program, file) = serve(owner, proxy);
    let ran = program.run(&arguments(&file));
    assert_eq!(ran.code, 2, "{} {}", ran.out, ran.err);
    for word in [
        "[database-grants]",
        "audit, ",
        "log_leaf",
        "docs/grants.sql",
    ] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    for (address, settings) in [(service, proxy), (owner, "")] {
        let (program, file) = serve(address, settings);
        let (mut running, line) = program.start(&arguments(&file));
        assert!(line.contains("http://127.0.0.1:"), "{line}");
        assert_eq!(running.end(), Some(0));
    }
}

/// How `serve` is started on a file of settings.
fn arguments(file: &str) -> [&str; 8] {
    [
        "--json",
        "--config",
        file,
        "--public-url",
        "https://registry.example.org",
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]
}

/// A column that each of these has.
fn column(table: &str) -> &'static str {
    match table {
        "audit" | "audit_anchor" => "seq",
        "timeline" => "act",
        "trust_list" => "version",
        "grading_file" => "bytes",
        "policy" => "id",
        "log_leaf" => "entry",
        _ => "size",
    }
}
