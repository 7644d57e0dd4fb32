//! The privacy search (trust.md PI-3, PI-7): a story with known people goes from roster to certificate, revocation,
//! verification, share link, faults and logs; then everything that anybody could read is searched for every value.

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
use tests::search::{Hit, Search};
use tests::story::CREDIT_CODE;
use tests::{Answer, Client, Database, Mingzheng, Story, on_both};

on_both! {
    no_personal_value_is_found_outside_its_seal;
}

/// Where a value may stand, and why. Everything else is a finding.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "qr text",
        "name",
        "the paper in the verifier's hand shows the signed full name (design decision 1)",
    ),
    (
        "answer to a qr text",
        "name",
        "the asker sent the signed name and gets it back checked (design decision 1)",
    ),
    (
        "file outbox/",
        "phone",
        "a message that waits for the operator's gateway names the number to which it goes",
    ),
    (
        "own page",
        "name of 0",
        "signed in, a holder reads the own record",
    ),
];

#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    places: usize,
}

impl Found {
    fn look(&mut self, search: &Search, place: &str, bytes: &[u8]) {
        self.places += 1;
        self.hits.extend(search.hits(place, bytes));
    }

    fn answer(&mut self, search: &Search, answer: &Answer) {
        self.look(search, &answer.asked, &answer.bytes);
        let headers = format!("{:?}", answer.headers);
        self.look(
            search,
            &format!("headers of {}", answer.asked),
            headers.as_bytes(),
        );
    }

    /// A page that somebody opened.
    fn opened(&mut self, search: &Search, place: &str, answer: &Answer) {
        assert_eq!(answer.status, 200, "{place}: {}", answer.text());
        self.look(search, place, &answer.bytes);
    }

    fn not_allowed(&self) -> Vec<&Hit> {
        self.hits
            .iter()
            .filter(|hit| {
                // A holder's own values stand on the own pages, nobody else's do.
                let own = hit.place.starts_with("own page") && hit.form.contains(" of 0, ");
                !own && !ALLOWED.iter().any(|(place, value, _)| {
                    hit.place.starts_with(place) && hit.form.starts_with(value)
                })
            })
            .collect()
    }
}

async fn no_personal_value_is_found_outside_its_seal(database: Database) {
    let address = database.new_address();
    let server = tests::TestServer::start_with(database, |settings| {
        settings.database = address
            .as_deref()
            .map(|url| url.parse().expect("an address"));
    })
    .await;
    let story = Story::ready_on(server).await;
    let people = people::known();
    let search = Search::of(&people);
    assert!(search.forms() > 500, "{}", search.forms());
    let mut found = Found::default();

    let (issued, members) = story.certified(&people).await;
    let ids: Vec<String> = (0..people.len())
        .map(|at| text(&issued["certificates"][at]["id"]))
        .collect();
    found.look(
        &search,
        "answer of the approval",
        issued.to_string().as_bytes(),
    );
    life_goes_on(&story, &search, &mut found, &ids, &people).await;
    staff_read_and_people_ask(&story, &search, &mut found, &members, &people).await;
    let (enrolling, again) = story.class_of(&people[..1]).await;
    faults(&story, &search, &mut found, &enrolling, &people).await;
    api::bundles::build(&story.server.app)
        .await
        .expect("a bundle");
    public(&story, &search, &mut found, &ids).await;
    signed(&story, &search, &mut found).await;
    own(&story, &search, &mut found, &enrolling, again[0], &people).await;
    served_by_the_program(
        &story,
        &search,
        &mut found,
        address.as_deref(),
        &enrolling,
        &ids,
        &people,
    )
    .await;

    let app = &story.server.app;
    for cell in store::dump::dump(app.store.reader()).await.expect("a dump") {
        let place = format!("{}.{}", cell.table, cell.column);
        found.look(&search, &place, &cell.bytes);
    }
    let mut files = Vec::new();
    files_below(story.server.data(), "", &mut files);
    for folder in [
        "outbox/",
        "files/",
        "keys/",
        "published.note",
        "registry.sqlite",
    ] {
        let there = files.iter().any(|(name, _)| name.starts_with(folder));
        let elsewhere = folder == "registry.sqlite" && address.is_some();
        assert!(there || elsewhere, "no file is in {folder}");
    }
    for (name, path) in files {
        let content = std::fs::read(&path).expect("a file");
        found.look(&search, &format!("file {name}"), &content);
    }
    assert!(
        found.places > 1_000,
        "only {} places were searched",
        found.places
    );
    let bad = found.not_allowed();
    println!(
        "{} of {} values in {} forms found in {} places",
        bad.len(),
        search.values(),
        search.forms(),
        found.places
    );
    assert!(bad.is_empty(), "{} findings: {bad:#?}", bad.len());
    // The search finds what is there: without this the whole test could be blind.
    for (place, value, why) in ALLOWED {
        assert!(
            found
                .hits
                .iter()
                .any(|hit| hit.place.starts_with(place) && hit.form.starts_with(value)),
            "{place}: {why}"
        );
    }
}

/// Revocation, reissue, share link, QR, verification by every way.
async fn life_goes_on(
    story: &Story,
    search: &Search,
    found: &mut Found,
    ids: &[String],
    people: &[Trainee],
) {
    for (at, act, reason) in [
        (0, "suspend", "under_review"),
        (1, "supersede", "correction"),
    ] {
        let certificate = story.certificate(&ids[at]).await;
        let resource = format!("/api/v1/certificates/{}", text(&certificate["id"]));
        let request = json!({ "act": act, "reason_code": reason });
        let done = story
            .who("province-1")
            .act(&resource, "changes", &request)
            .await;
        done.good();
        found.answer(search, &done);
    }
    let certificate = story.certificate(&ids[2]).await;
    let resource = format!("/api/v1/certificates/{}", text(&certificate["id"]));
    let request = json!({ "act": "revoke", "reason_code": "fraud_by_institution" });
    let proposed = story
        .who("province-1")
        .act(&resource, "changes", &request)
        .await
        .good();
    story.server.days_pass(14);
    story.approve("province-2", &proposed).await;
    let shared = story
        .who("province-1")
        .post(&format!("{resource}/shares"), &json!({ "days": 3 }))
        .await
        .good();
    let token = text(&shared["token"]);
    let path = format!("/api/v1/certificates/{}/qr.txt?share={token}", ids[2]);
    story.who("anybody").get(&path).await;
    for id in ids {
        let qr = story.qr_text(id).await;
        found.look(search, "qr text", qr.as_bytes());
        let payload = qr.split('#').nth(1).expect("a fragment");
        let cose = data_encoding::BASE32_NOPAD
            .decode(payload.as_bytes())
            .expect("base32");
        found.look(search, "qr text, decoded", &cose);
        let answer = story
            .who("anybody")
            .send(
                story
                    .who("anybody")
                    .ask(Method::POST, "/api/v1/verifications")
                    .await
                    .json(&json!({ "items": [{ "qr": qr }] })),
            )
            .await;
        found.look(search, "answer to a qr text", &answer.bytes);
    }
    let numbers: Vec<Value> = people
        .iter()
        .zip(ids)
        .map(|(one, _)| json!({ "number": certificate["certificate_no"], "name": one.name }))
        .collect();
    let request = story
        .who("anybody")
        .ask(Method::POST, "/api/v1/verifications")
        .await
        .json(&json!({ "items": numbers }));
    let answer = story.who("anybody").send(request).await;
    found.answer(search, &answer);
}

/// Reads, consents and requests leave rows; what officers see in lists is searched, what they unmask is not.
async fn staff_read_and_people_ask(
    story: &Story,
    search: &Search,
    found: &mut Found,
    members: &[(domain::ids::EnrolmentId, domain::ids::PersonId)],
    people: &[Trainee],
) {
    let county = story.who("county-1");
    for (enrolment, _) in members {
        let words = format!("致电{}核对", people[0].name);
        let request = json!({
            "purpose": "person_request", "words": words,
            "fields": ["name", "citizen_id", "disability_card", "disability_category", "disability_level", "phone", "note"],
        });
        county
            .post(&format!("/api/v1/enrolments/{enrolment}/unmask"), &request)
            .await
            .good();
    }
    let (enrolment, person) = members[1];
    let request = json!({
        "kind": "correction", "name": people[2].name, "proof": people[2].citizen_id, "words": people[1].note, "channel": "paper",
    });
    let taken = county
        .post(
            &format!("/api/v1/enrolments/{enrolment}/person-requests"),
            &request,
        )
        .await;
    found.answer(search, &taken);
    found.answer(
        search,
        &county.get("/api/v1/person-requests?decided=true").await,
    );
    let key = tests::client::fresh_key().parse().expect("a key");
    let consent = api::privacy::consents::ConsentRequest {
        purpose: domain::privacy::ConsentPurpose::OutcomeFollowUp,
        until: None,
    };
    let actor = people::actor(person);
    api::privacy::consents::give(&story.server.app, &actor, &key, &consent)
        .await
        .expect("given");
    for path in [
        "/api/v1/cohorts",
        "/api/v1/certificates?limit=100",
        "/api/v1/read-alarms",
    ] {
        for who in ["school-1", "county-1", "province-1", "national-1"] {
            found.answer(search, &story.who(who).get(path).await);
        }
    }
}

/// Requests full of personal values in wrong places: the refusal repeats none of them.
async fn faults(
    story: &Story,
    search: &Search,
    found: &mut Found,
    cohort: &str,
    people: &[Trainee],
) {
    let school = story.who("school-1");
    for answer in bad_requests(school, cohort, people).await {
        assert!(!answer.status.is_server_error(), "{}", answer.text());
        found.answer(search, &answer);
    }
}

async fn bad_requests(school: &Client, cohort: &str, people: &[Trainee]) -> Vec<Answer> {
    let (one, two) = (&people[0], &people[1]);
    let path = format!("/api/v1/cohorts/{cohort}/rosters");
    // Another's card, a name that differs from the one on record, a wrong check digit, a name where a number belongs.
    let text = format!(
        "姓名,公民身份号码,残疾人证号,手机号,户籍地,备注,同意书\n\
         {},{},{},{},330106,{},是 2026-02-20\n{},{}9,,{},330106,{},否\n{},{},,x,330106,,是 2026-02-20\n",
        one.name,
        two.citizen_id,
        one.card,
        one.phone,
        one.note,
        two.name,
        &two.citizen_id[..17],
        two.phone,
        two.note,
        one.citizen_id,
        one.name,
    );
    let mut answers = Vec::new();
    for (path, body) in [
        (path.clone(), text.clone()),
        (format!("{path}?import=all"), text.clone()),
        (format!("{path}?import=good"), text.clone()),
        (
            format!("/api/v1/cohorts/{}/rosters", one.citizen_id),
            text.clone(),
        ),
    ] {
        answers.push(school.upload(&path, body.into_bytes()).await);
    }
    for (path, body) in [
        (
            format!("/api/v1/cohorts/{cohort}/enrolments"),
            json!({ "rows": [{ "name": one.citizen_id, "citizen_id": one.name, "phone": one.card }] }),
        ),
        (
            "/api/v1/verifications".to_owned(),
            json!({ "items": [{ "number": one.citizen_id, "name": one.name }] }),
        ),
        (
            "/api/v1/verifications".to_owned(),
            json!({ "items": [{ "qr": one.card }, { "id": one.phone }], "note": one.note }),
        ),
        (
            "/api/v1/sessions".to_owned(),
            json!({ "name": one.name, "password": one.citizen_id }),
        ),
        (
            "/api/v1/institutions".to_owned(),
            json!({ "name": one.note, "credit_code": one.card, "site_region": one.phone }),
        ),
    ] {
        answers.push(school.post(&path, &body).await);
    }
    answers
}

/// Every file below a folder, with its name from there.
fn files_below(folder: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) {
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
async fn public(story: &Story, search: &Search, found: &mut Found, ids: &[String]) {
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
async fn signed(story: &Story, search: &Search, found: &mut Found) {
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
async fn own(
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
async fn served_by_the_program(
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
        .with("MINGZHENG__SERVER__METRICS_LISTEN", "127.0.0.1:0");
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
