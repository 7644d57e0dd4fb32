//! Every operation and every page names its permission or is public on purpose (trust.md AZ-1); no body sets what the
//! registry sets itself (AZ-4).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use api::access::permissions;
use api::access::public;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::fresh_key;
use tests::story::{COUNTY, PASSWORD};
use tests::{Client, Database, Story, TestServer};

/// Every operation of the API: method, path, name.
pub(crate) fn operations() -> Vec<(Method, String, String)> {
    let (_, document) = api::server::openapi::routes();
    let document: Value =
        serde_json::from_str(&api::server::openapi::text(&document)).expect("JSON");
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let method = method.to_uppercase().parse().expect("a method");
            let name = operation["operationId"].as_str().expect("a name");
            all.push((method, path.clone(), name.to_owned()));
        }
    }
    all
}

/// A path with something in every place.
pub(crate) fn filled(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((head, tail)) = rest.split_once('{') {
        let (name, after) = tail.split_once('}').expect("a closed brace");
        out.push_str(head);
        out.push_str(match name {
            "version" | "index" | "old" | "new" | "number" => "1",
            "code" => "P000001",
            "id" if [
                "/qr.",
                "/credential.",
                "/certificate.",
                "/certificate-large",
            ]
            .iter()
            .any(|file| after.starts_with(file)) =>
            {
                "AAAAAAAAAAAAAAAAAAAAAAAAAA"
            }
            _ => "01980000-0000-7000-8000-000000000001",
        });
        rest = after;
    }
    out + rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_names_its_permission_or_is_public_on_purpose() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let mut table = String::new();
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    for (method, path, name) in operations() {
        names.insert(name.clone());
        let request = anybody.ask(method.clone(), &filled(&path)).await;
        let answer = anybody.send(request).await;
        let challenge = answer.header("www-authenticate").to_owned();
        let permission = challenge
            .strip_prefix("Bearer scope=\"")
            .and_then(|rest| rest.strip_suffix('"'));
        let found = permissions::ALL
            .iter()
            .find(|(known, _)| Some(*known) == permission);
        match (public::OPERATIONS.contains(&name.as_str()), found) {
            (true, None) => {
                let _ = writeln!(table, "{method:<7}{path}  {name}  (public)");
            }
            (false, Some((permission, roles))) if answer.status == 401 => {
                let letters: String = roles.iter().map(|role| role.letter()).collect();
                let _ = writeln!(table, "{method:<7}{path}  {name}  {permission} [{letters}]");
            }
            _ => faults.push(format!(
                "{method} {path} {name}: {} {challenge}",
                answer.status
            )),
        }
    }
    assert!(
        faults.is_empty(),
        "a handler takes `By<Permission>`, or its operation stands in access/public.rs:\n{}",
        faults.join("\n")
    );
    for name in public::OPERATIONS {
        assert!(
            names.contains(*name),
            "{name} is public, but there is no such operation"
        );
    }
    // The table is kept, so that a change of it is looked at.
    let file = tests::root().join("openapi/permissions.txt");
    if std::env::var_os("MINGZHENG_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &table).expect("the table is written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == table,
        "openapi/permissions.txt is not what the handlers say; look at the change, then renew it with \
         MINGZHENG_WRITE_OPENAPI=1"
    );
}

/// Paths of the routes that are written in the sources, without those of the API.
pub(crate) fn page_paths() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![tests::root().join("api/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = std::fs::read_to_string(&path).expect("a file");
                for (at, mark) in text
                    .match_indices("both(")
                    .chain(text.match_indices(".route("))
                {
                    // The first text in quotes after the mark, if it is a path.
                    let rest = &text[at + mark.len()..];
                    let path = rest.split('"').nth(1).unwrap_or("");
                    let before = rest.split('"').next().unwrap_or("");
                    if path.starts_with('/') && !before.contains(';') && !before.contains('{') {
                        found.insert(path.to_owned());
                    }
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_asks_for_a_sign_in_or_is_public_on_purpose() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let paths = page_paths();
    assert!(paths.len() > 30 && paths.contains("/desk"), "{paths:?}");
    for path in &paths {
        let public =
            public::PAGES.contains(&path.as_str()) || public::FILES.contains(&path.as_str());
        // The figures are on a listener of their own, inside; a witness is another service.
        if public || ["/metrics", "/add-checkpoint", "/checkpoint/{log}"].contains(&path.as_str()) {
            continue;
        }
        for prefix in ["", "/en"] {
            let address = format!("{prefix}{}", filled(path));
            let mut led = 0;
            for method in [Method::GET, Method::POST] {
                let request = anybody.ask(method.clone(), &address).await;
                let answer = anybody.send(request).await;
                if answer.status == 405 {
                    continue;
                }
                led += 1;
                assert_eq!(answer.status, 303, "{method} {address}");
                let to = answer.header("location");
                assert!(
                    to.starts_with(&format!("{prefix}/sign-in?to=")),
                    "{method} {address}: {to}"
                );
            }
            assert!(led > 0, "{address} answers nothing");
        }
    }
    for page in public::PAGES.iter().chain(public::FILES) {
        let known = paths.contains(*page) || ["/robots.txt", "/api/openapi.json"].contains(page);
        assert!(known, "{page} is public, but there is no such page");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_sets_what_the_registry_sets_itself() {
    let story = Story::staffed(Database::Sqlite).await;
    let server = &story.server;
    let (_, document) = api::server::openapi::routes();
    let document: Value =
        serde_json::from_str(&api::server::openapi::text(&document)).expect("JSON");
    let mut tried = 0;
    let mut faults = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let content = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(reference) = content["$ref"].as_str() else {
                continue;
            };
            let name = reference.rsplit('/').next().unwrap_or("");
            let schema = &document["components"]["schemas"][name];
            let known = schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            for field in [
                "region",
                "role",
                "status",
                "issued_at",
                "grade",
                "created_by",
            ] {
                // An account has a role: that is its subject.
                if known.contains_key(field) {
                    continue;
                }
                for who in ["school-1", "county-1", "province-1", "national-1"] {
                    let client = story.who(who);
                    let method: Method = method.to_uppercase().parse().expect("a method");
                    let request = client.ask(method.clone(), &filled(path)).await;
                    let request = request
                        .header("Idempotency-Key", fresh_key())
                        .header("If-Match", "\"1\"")
                        .json(&json!({ field: "x" }));
                    let answer = client.send(request).await;
                    if answer.status == 403 {
                        continue;
                    }
                    let what = format!("{who}: {method} {path} {field}");
                    // A missing field may be told first; the unknown one is never taken.
                    let told = answer.status == 422
                        && answer.faults().iter().all(|(_, code)| {
                            [
                                "unknown-field",
                                "missing-field",
                                "unknown-value",
                                "wrong-type",
                            ]
                            .contains(&code.as_str())
                        });
                    if !told {
                        faults.push(format!("{what}: {}", answer.text()));
                    }
                    tried += 1;
                    break;
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tried > 100, "{tried}");
    // With everything else right, the extra field alone is the fault.
    for field in ["region", "status", "issued_at", "grade", "created_by"] {
        let mut request = json!({
            "name": "one-more", "person_name": "虚构人员", "role": "county_officer", "federation": COUNTY,
            "password": PASSWORD,
        });
        request[field] = "x".into();
        let answer = story
            .who("national-1")
            .post("/api/v1/accounts", &request)
            .await;
        answer.problem(422, "invalid-request");
        assert_eq!(
            answer.faults(),
            [(format!("/{field}"), "unknown-field".to_owned())]
        );
    }
    let signed = json!({ "name": "one-more", "password": PASSWORD });
    let request = Client::anybody(server)
        .ask(Method::POST, "/api/v1/sessions")
        .await;
    Client::anybody(server)
        .send(request.json(&signed))
        .await
        .problem(401, "invalid-credentials");
}

/// What a browser says of a security key is handed to the library that reads it, whole: new fields of later browsers are
/// none of ours.
const OPEN: &[&str] = &["AddPasskeyRequest/answer", "ProvePasskeyRequest/answer"];

/// Objects in a schema that take fields which nobody named.
fn open_objects(
    schema: &Value,
    place: &str,
    document: &Value,
    seen: &mut BTreeSet<String>,
    closed: &mut usize,
    open: &mut Vec<String>,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or("");
        if seen.insert(name.to_owned()) {
            let target = &document["components"]["schemas"][name];
            assert!(target.is_object(), "{place}: no schema {name}");
            open_objects(target, name, document, seen, closed, open);
        }
        return;
    }
    let kind = &schema["type"];
    let object = kind == "object"
        || kind
            .as_array()
            .is_some_and(|kinds| kinds.contains(&json!("object")));
    if object || schema["properties"].is_object() {
        if schema["additionalProperties"] == json!(false) {
            *closed += 1;
        } else if !OPEN.contains(&place) {
            open.push(place.to_owned());
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        open_objects(property, &place, document, seen, closed, open);
    }
    for part in ["items", "additionalProperties"] {
        if schema[part].is_object() {
            open_objects(&schema[part], place, document, seen, closed, open);
        }
    }
    for part in ["allOf", "oneOf", "anyOf", "prefixItems"] {
        for one in schema[part].as_array().into_iter().flatten() {
            open_objects(one, place, document, seen, closed, open);
        }
    }
}

/// A field that nobody named is refused whatever else a body holds: by every type, those inside others too. The requests
/// of the test before cannot show it of a type with required fields, whose absence is told first.
#[test]
fn every_body_refuses_fields_that_nobody_named() {
    let (_, document) = api::server::openapi::routes();
    let document: Value =
        serde_json::from_str(&api::server::openapi::text(&document)).expect("JSON");
    let (mut closed, mut open, mut seen) = (0, Vec::new(), BTreeSet::new());
    let mut bodies = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let contents = operation["requestBody"]["content"].as_object();
            for (kind, content) in contents.into_iter().flatten() {
                if kind == "application/octet-stream" {
                    continue;
                }
                let place = format!("{method} {path} {kind}");
                assert!(content["schema"].is_object(), "{place}: no schema");
                open_objects(
                    &content["schema"],
                    &place,
                    &document,
                    &mut seen,
                    &mut closed,
                    &mut open,
                );
                bodies += 1;
            }
        }
    }
    assert!(open.is_empty(), "these take any field: {open:?}");
    assert!(
        bodies > 90 && closed > 90,
        "{bodies} bodies, {closed} types"
    );
    println!("{closed} types of {bodies} bodies refuse what nobody named");
}
