//! Where the search looks: public files, own pages, data folder, program.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use certs::log::TileId;
use data_encoding::BASE64URL_NOPAD;
use flate2::read::{GzDecoder, ZlibDecoder};
use reqwest::Method;
use serde_json::{Value, json};
use store::ConnectionTrait as _;
use tests::answer::text;
use tests::people::{self, Trainee};
use tests::search::Search;
use tests::story::CREDIT_CODE;
use tests::{Mingzheng, Story};

use super::Found;
use super::acts::bad_requests;

/// Every file below a folder, with its name from there.
pub(super) fn files_below(folder: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let own = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{name}{own}");
        if path.is_dir() {
            files_below(&path, &format!("{name}/"), files);
        } else {
            files.push((name, path));
        }
    }
}

/// Every public page and answer: each is there, the pages in both languages.
pub(super) async fn public(story: &Story, search: &Search, found: &mut Found, ids: &[String]) {
    let anybody = story.who("anybody");
    let leaves = story.server.leaves().await;
    let mut missing = Vec::new();
    let mut pages: Vec<String> = [
        "/",
        "/institutions",
        "/programs",
        "/certificate-types",
        "/notices",
        "/rankings",
        "/bulletins",
        "/verify",
        "/verify/help",
        "/verify/offline",
        "/verify/batch",
        "/log",
        "/help",
        "/problems",
        "/developers",
        "/privacy",
        "/accessibility",
        "/sign-in",
        "/sign-in/code",
        "/sign-in/code/ask",
        "/password/forgotten",
    ]
    .map(str::to_owned)
    .to_vec();
    pages.push(format!("/institutions/{CREDIT_CODE}"));
    pages.push(format!("/programs/{}", story.program));
    pages.extend(ids.iter().map(|id| format!("/v/{id}")));
    for path in pages {
        for prefix in ["", "/en"] {
            let address = match (prefix, path.as_str()) {
                ("/en", "/") => "/en/".to_owned(),
                _ => format!("{prefix}{path}"),
            };
            let answer = anybody.get(&address).await;
            if answer.status != 200 {
                missing.push(format!("{address}: {}", answer.status));
            }
            found.answer(search, &answer);
            if path.starts_with("/v/") {
                // Not a word of what kind of people these are.
                let page = answer.text();
                for word in KINDS {
                    assert!(!page.contains(word), "{address} says {word}");
                }
            }
        }
    }
    let mut files: Vec<String> = [
        "/api/openapi.json",
        "/api/v1/keys",
        "/api/v1/trust-list",
        "/api/v1/trust-list/root",
        "/api/v1/regions",
        "/api/v1/catalogue/institutions",
        "/api/v1/catalogue/programs",
        "/institutions.csv",
        "/programs.csv",
        "/bulletins.atom",
        "/log/checkpoint",
        "/log/checkpoints",
        "/log/vkey",
        "/.well-known/did.json",
        "/.well-known/jwks.json",
        "/trust/bundle",
        "/trust/bundle/1",
        "/livez",
        "/readyz",
    ]
    .map(str::to_owned)
    .to_vec();
    files.push(format!("/api/v1/catalogue/institutions/{CREDIT_CODE}"));
    files.push(format!("/api/v1/catalogue/programs/{}", story.program));
    files.extend((0..leaves).map(|leaf| format!("/log/proof/{leaf}")));
    for level in 0..2 {
        for index in 0..(leaves >> (8 * level)).div_ceil(256) {
            let tile = TileId { level, index };
            let path = tile.path(tile.width(leaves));
            files.push(format!("/log/tile/{path}"));
            if level == 0 {
                files.push(format!("/log/tile/{}", path.replacen('0', "entries", 1)));
            }
        }
    }
    for id in ids {
        files.push(format!("/api/v1/verifications/{id}"));
        files.push(format!("/api/v1/certificates/{id}/proof.tlog"));
    }
    for path in files {
        let answer = anybody.get(&path).await;
        if answer.status != 200 {
            missing.push(format!("{path}: {}", answer.status));
        }
        found.answer(search, &answer);
    }
    assert!(missing.is_empty(), "not there: {missing:#?}");
    // Who is not signed in is led away, and nothing is said on the way.
    for path in OWN_PAGES {
        let answer = anybody.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        found.answer(search, &answer);
    }
}

/// Words that would tell a disability.
const KINDS: [&str; 8] = [
    "残疾类别",
    "残疾等级",
    "肢体",
    "视力",
    "听力",
    "言语",
    "智力",
    "精神残疾",
];

const OWN_PAGES: &[&str] = &[
    "/me",
    "/me/consents",
    "/me/reads",
    "/me/requests",
    "/me/copy",
];

/// Status lists, as they come and with what is packed in them.
pub(super) async fn signed(story: &Story, search: &Search, found: &mut Found) {
    let anybody = story.who("anybody");
    let inside = |packed: &str| {
        let bytes = BASE64URL_NOPAD.decode(packed.as_bytes()).expect("base64");
        let mut plain = Vec::new();
        // gzip in a Bitstring Status List, zlib in a Token Status List.
        if bytes.starts_with(&[0x1f, 0x8b]) {
            GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)
        } else {
            ZlibDecoder::new(bytes.as_slice()).read_to_end(&mut plain)
        }
        .expect("inflated");
        plain
    };
    let mut lists = 0;
    for (purpose, accept) in [
        ("revocation", "application/vc+jwt"),
        ("revocation", "application/json"),
        ("suspension", "application/vc+jwt"),
        ("suspension", "application/json"),
        ("token", "application/statuslist+jwt"),
    ] {
        let path = format!("/status/{purpose}/1");
        let request = anybody.ask(Method::GET, &path).await;
        let answer = anybody.send(request.header("Accept", accept)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        found.answer(search, &answer);
        let body: Value = if accept.ends_with("jwt") {
            let parts: Vec<Vec<u8>> = answer
                .text()
                .split('.')
                .map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64"))
                .collect();
            for part in &parts {
                found.look(search, &format!("{path}, decoded"), part);
            }
            serde_json::from_slice(&parts[1]).expect("JSON")
        } else {
            answer.json()
        };
        // `u` is the mark of base64url in a multibase.
        let packed = body["credentialSubject"]["encodedList"]
            .as_str()
            .or_else(|| body["vc"]["credentialSubject"]["encodedList"].as_str())
            .map(|list| list.trim_start_matches('u'))
            .or_else(|| body["status_list"]["lst"].as_str())
            .unwrap_or_else(|| panic!("no list in {body}"));
        let plain = inside(packed);
        assert!(plain.len() >= 16_384, "{path}: {}", plain.len());
        found.look(search, &format!("{path}, inflated"), &plain);
        lists += 1;
    }
    assert_eq!(lists, 5);
}

/// A trainee's own pages, signed in; a message to the telephone, and a file that was kept.
pub(super) async fn own(
    story: &Story,
    search: &Search,
    found: &mut Found,
    cohort: &str,
    member: (domain::ids::EnrolmentId, domain::ids::PersonId),
    people: &[Trainee],
) {
    let mut home = crate::people::trainee(story, cohort, member).await;
    for path in OWN_PAGES {
        for prefix in ["", "/en"] {
            let address = format!("{prefix}{path}");
            let answer = home.open(&address).await;
            found.opened(search, &format!("own page {address}"), &answer);
        }
    }
    story.told(&people[..1], &[member]).await;
    let request = json!({ "phone": people[0].phone, "name": people[0].name });
    let anybody = story.who("anybody");
    let asked = anybody
        .post("/api/v1/sessions/code-requests", &request)
        .await;
    asked.good();
    found.answer(search, &asked);
    story.server.app.courier.drained().await;
    let file = format!(
        "%PDF-1.7\n% {} {} {}\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        people[0].name, people[0].citizen_id, people[0].card
    );
    let county = story.who("county-1");
    let kept = county.upload("/api/v1/files", file.into_bytes()).await;
    kept.good();
    found.answer(search, &kept);
}

/// The program itself serves the same registry, with everything logged that it can log.
pub(super) async fn served_by_the_program(
    story: &Story,
    search: &Search,
    found: &mut Found,
    address: Option<&str>,
    cohort: &str,
    ids: &[String],
    people: &[Trainee],
) {
    let mut program = Mingzheng::new(env!("CARGO_BIN_EXE_tests"))
        .with("MINGZHENG_DATA", story.server.data())
        .with("MINGZHENG_LOG", "trace")
        .with("MINGZHENG__SERVER__METRICS_LISTEN", "127.0.0.1:0")
        .with("MINGZHENG__SERVER__DISK_FREE_PERCENT", "0");
    if let Some(address) = address {
        program = program.with("MINGZHENG_DATABASE", address);
    }
    let arguments = [
        "--json",
        "serve",
        "--require-second-factor",
        "false",
        "--listen",
        "127.0.0.1:0",
    ];
    let (mut running, line) = program.start_logged(&arguments, "log");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let base = text(&line["address"]);
    let school = story.who("school-1").at(&base);
    for answer in bad_requests(&school, cohort, people).await {
        found.answer(search, &answer);
    }
    let (enrolment, _) = people::of_class(story, cohort).await[0];
    let county = story.who("county-1").at(&base);
    let request = json!({ "purpose": "card_check", "words": people[0].name, "fields": ["name", "citizen_id", "disability_card"] });
    let path = format!("/api/v1/enrolments/{enrolment}/unmask");
    let seen = county.post(&path, &request).await.good();
    assert_eq!(seen["values"]["citizen_id"], people[0].citizen_id);
    let province = story.who("province-1").at(&base);
    let anybody = story.who("anybody").at(&base);
    for id in ids {
        for file in ["qr.txt", "qr.svg", "qr.png"] {
            province
                .get(&format!("/api/v1/certificates/{id}/{file}"))
                .await;
        }
        anybody.get(&format!("/v/{id}")).await;
        let request = anybody.ask(Method::POST, &format!("/v/{id}")).await;
        anybody
            .send(request.form(&[("name", people[0].name)]))
            .await;
    }
    // Something goes wrong inside: the log tells it, and no value.
    let db = story.server.app.store.reader();
    db.execute_unprepared("UPDATE enrolment SET phone_enc = note_enc")
        .await
        .expect("moved");
    let request =
        json!({ "purpose": "acceptance_call", "words": people[0].name, "fields": ["phone"] });
    let failed = county.post(&path, &request).await;
    failed.problem(500, "internal");
    found.answer(search, &failed);
    let operator = story.who("anybody").at(&text(&line["metrics"]));
    for path in ["/metrics", "/readyz"] {
        let answer = operator.get(path).await;
        assert!(answer.status == 200 && answer.bytes.len() > 10, "{path}");
        found.answer(search, &answer);
    }
    assert_eq!(running.end(), Some(0));
    let log = std::fs::read(program.path("log")).expect("the log");
    let text = String::from_utf8_lossy(&log);
    assert!(
        text.contains("a sealed value in enrolment.phone does not open"),
        "the search of the log would be blind: {text}"
    );
    assert!(
        !text.contains("postgres://"),
        "the database's address is a secret"
    );
    found.look(search, "server log", &log);
}
