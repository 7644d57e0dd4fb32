//! The document of the API is that of the handlers.

use std::collections::BTreeSet;

use tests::{Client, Database, TestServer};

fn document() -> String {
    let (_, document) = api::server::openapi::routes();
    api::server::openapi::text(&document)
}

#[test]
fn the_document_in_the_repository_is_current() {
    let file = tests::root().join("openapi/openapi.json");
    let made = document();
    if std::env::var_os("MINGZHENG_WRITE_OPENAPI").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, &made).expect("the document is written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == made,
        "openapi/openapi.json is not what the handlers say. Look at the change as a change of the API, then renew it:\n\n    \
         MINGZHENG_WRITE_OPENAPI=1 cargo test -p tests the_document_in_the_repository_is_current\n"
    );
}

#[test]
fn every_operation_has_its_own_name_a_tag_and_a_problem() {
    let document: serde_json::Value = serde_json::from_str(&document()).expect("JSON");
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let name = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{method} {path}: no name"));
            assert!(names.insert(name.to_owned()), "{name} stands twice");
            assert!(
                operation["tags"]
                    .as_array()
                    .is_some_and(|tags| tags.len() == 1),
                "{name}: one tag"
            );
            let summary = operation["summary"].as_str().unwrap_or("");
            assert!(!summary.is_empty(), "{name}: says nothing of itself");
            let answers = operation["responses"].as_object().expect("answers");
            assert!(
                answers
                    .keys()
                    .all(|status| status.len() == 3 && !status.contains('X')),
                "{name}: each status by itself"
            );
            let mut wanted = vec!["406", "429", "503"];
            if operation.get("security").is_some() {
                wanted.extend(["401", "403", "404"]);
            }
            if method == "post" || method == "put" {
                wanted.extend(["400", "413", "415", "422"]);
            }
            for status in wanted {
                assert!(answers.contains_key(status), "{name}: {status} is missing");
            }
        }
    }
    assert!(names.len() > 60, "{} operations", names.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_gives_the_document_and_a_page_of_it() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    assert_eq!(anybody.get("/api/openapi.json").await.text(), document());
    let list = anybody.get("/developers").await.text();
    assert!(list.contains("href=\"/developers/verification\""), "{list}");
    anybody
        .get("/developers/nothing")
        .await
        .status
        .is_client_error()
        .then_some(())
        .expect("no such part");
    for path in ["/developers/verification", "/en/developers/verification"] {
        let page = anybody.get(path).await;
        assert!(page.status.is_success(), "{path}");
        assert!(
            page.text().contains("/api/v1/verifications/{id}"),
            "{path} lists the operations"
        );
        assert!(!page.text().contains("<script"), "{path} needs no script");
    }
}
