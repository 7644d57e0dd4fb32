//! A registry that was restored from a backup: it does not know what it has published since, signs nothing, verifies on, and
//! takes back what is missing from whoever kept a copy of the log (trust.md LG-7, LG-10, BK-4).

use std::sync::Arc;

use api::config::witnesses::Witnesses;
use api::log::standing::{quorum, recover};
use api::log::witnesses::Asking;
use certs::bundle::Bundle;
use certs::credential::{TokenStatus, verify_token_status_list};
use certs::log::WitnessPolicy;
use certs::verdict::{Presented, State};
use serde_json::{Value, json};
use tests::answer::text;
use tests::command::{Mingzheng, built};
use tests::story::PASSWORD;
use tests::{Answer, Browser, Database, Story, TestServer, on_both};

use crate::witnesses::Federation;

on_both! {
    a_restored_backup_signs_nothing_until_the_lost_leaves_are_back;
}

/// The registry has one witness, and asks it.
fn witnesses(federation: &Federation) -> Arc<Witnesses> {
    let configured = federation.configured();
    Arc::new(Witnesses {
        policy: WitnessPolicy::new(vec![configured.key.clone()], 1).expect("one of one"),
        all: vec![configured],
        ..Witnesses::default()
    })
}

async fn round(story: &Story) -> bool {
    let mut asking = Asking::new().expect("a client");
    asking.round(&story.server.app).await.expect("a round")
}

async fn watched(database: Database) -> (Story, Federation) {
    let mut federation = Federation::new("zj.example/w");
    let mut server = TestServer::start(database).await;
    federation.watch(&server.app.keyring.log_vkey());
    federation.start();
    server
        .restart(None, |config| config.witnesses = witnesses(&federation))
        .await;
    (Story::ready_on(server).await, federation)
}

async fn approve(story: &Story, batch: &str) -> Answer {
    let path = format!("/api/v1/certificate-batches/{batch}/approve");
    story.who("province-1").post(&path, &json!({})).await
}

async fn status_of(story: &Story, path: &str) -> u16 {
    story.who("anybody").get(path).await.status.as_u16()
}

async fn state(story: &Story, id: &str) -> String {
    let path = format!("/api/v1/verifications/{id}");
    text(&story.who("anybody").get(&path).await.good()["state"])
}

async fn trust_list_version(story: &Story) -> u64 {
    let list = store::trust_lists::latest(story.server.app.store.public()).await;
    list.expect("it is read").expect("a list").version
}

async fn a_restored_backup_signs_nothing_until_the_lost_leaves_are_back(database: Database) {
    let (mut story, mut federation) = watched(database).await;
    let first = story.accepted(2).await;
    let kept = text(&story.issue(&first).await["certificates"][0]["id"]);
    let second = story.accepted(10).await;
    let batch = story.propose(&second).await;
    assert!(round(&story).await);
    let backup = story.server.backup().await;
    let before = story.server.leaves().await;

    // After the backup: ten certificates, of which one is revoked and one put on hold, and so is one of before. The witness
    // sees it, and so does a monitor.
    let lost = approve(&story, &batch).await.good();
    let [lost_text, revoked, held] = three(&story, &lost).await;
    tells_of_the_lost_quorum(&story).await;
    story.suspend(&kept).await;
    let held_on = story.server.today();
    assert!(round(&story).await);
    let waits = quorum::lost(&story.server.app).await;
    assert_eq!(waits.expect("known"), None, "the witness is back");
    let published = story.who("anybody").get("/log/checkpoint").await.text();
    let size = story.server.leaves().await;
    assert_eq!(size, before + 13);
    let vkey = story.server.app.keyring.log_vkey();
    let monitor = Mingzheng::new(built().to_str().expect("a path"));
    let log = story.server.url("/log");
    let watch = ["log", "monitor", &log, "--vkey", &vkey, "--state", "state"];
    let report = monitor.json(&watch).good();
    assert_eq!(report["size"], size);

    // The disk dies, the backup is put back. The witness knows more than the database does.
    let now = witnesses(&federation);
    story
        .restart(Some(&backup), |config| config.witnesses = now)
        .await;
    refuses(&story, &batch, before, size).await;
    assert_eq!(state(&story, &kept).await, "valid", "as the backup has it");

    // Also when nobody answers: the node has kept what it was told.
    federation.end();
    let now = witnesses(&federation);
    story.restart(None, |config| config.witnesses = now).await;
    refuses(&story, &batch, before, size).await;

    // Copies that do not have it, or have something else, change nothing.
    let app = story.server.app.clone();
    let none = recover::recover(&app, &[]).await.expect_err("no copy");
    assert!(matches!(none, recover::RecoverError::NoCopy { known, .. } if known == size));
    let state_folder = monitor.path("state");
    let false_folder = monitor.path("false");
    falsify(&state_folder, &false_folder);
    let places = [false_folder.display().to_string()];
    let none = recover::recover(&app, &places).await.expect_err("false");
    assert!(
        matches!(none, recover::RecoverError::NoCopy { .. }),
        "{none}"
    );
    assert_eq!(story.server.leaves().await, before);

    // What the monitor kept is the log that was signed.
    let lists = trust_list_version(&story).await;
    story.server.days_pass(2);
    let places = [places[0].clone(), state_folder.display().to_string()];
    let found = recover::recover(&app, &places).await.expect("recovered");
    assert_eq!((found.from, found.size), (before, size));
    assert_eq!(found.applied.statuses, 1);
    let kinds: Vec<&str> = found.applied.to_enter.iter().map(|one| one.kind).collect();
    let (issues, others) = kinds.split_at(10);
    assert_eq!(
        issues, ["issue"; 10],
        "their holders' data has to be entered"
    );
    assert_eq!(others, ["certificate_status"; 2]);
    assert_eq!(status_of(&story, "/readyz").await, 200);
    assert_eq!(state(&story, &kept).await, "suspended", "the hold is back");
    let path = format!("/api/v1/verifications/{kept}?on={held_on}");
    let told = story.who("anybody").get(&path).await.good();
    assert_eq!(
        told["on_day"]["state"], "suspended",
        "since its leaf, not since the recovery: {told}"
    );
    assert_eq!(
        story.who("anybody").get("/log/checkpoint").await.text(),
        published,
        "byte for byte what was published"
    );
    let checked = api::log::check::check(&app, |_| ()).await.expect("checked");
    assert_eq!(checked.faults, Vec::<String>::new());
    // A certificate whose record is lost: its signature is true and nothing is known of it.
    let asked = json!({ "items": [{ "qr": lost_text }] });
    let told = story.who("anybody").post("/api/v1/verifications", &asked);
    let told = told.await.good();
    assert_eq!(told["items"][0]["state"], "not_found", "{told}");

    // Nobody can change its status any more. What the log told of it last stands in the lists, and what is good stays good.
    says_without_the_records(&story, [&lost_text, &revoked, &held]).await;

    // It issues again: on the one history, in places of the status lists that nobody has.
    let issued = approve(&story, &batch).await.good();
    assert_eq!(story.server.leaves().await, size + 10);
    let again = text(&issued["certificates"][0]["id"]);
    federation.start();
    let now = witnesses(&federation);
    story.restart(None, |config| config.witnesses = now).await;
    assert!(round(&story).await, "the witness follows");
    assert_eq!(state(&story, &again).await, "valid");
    let log = story.server.url("/log");
    let watch = ["log", "monitor", &log, "--vkey", &vkey, "--state", "state"];
    let report = monitor.json(&watch).good();
    assert_eq!(
        (&report["size"], &report["alarms"]),
        (&json!(size + 10), &json!([]))
    );
    let places: Vec<(u32, u32)> = [&lost_text, &story.qr_text(&again).await]
        .map(|text| place(text))
        .into();
    assert_ne!(
        places[0], places[1],
        "no place of a status list is given twice"
    );
    // No number of a trust list is used twice either.
    let kid = story.issuer_key(2027).await;
    assert!(!kid.is_empty());
    assert!(trust_list_version(&story).await >= lists + 1000);
}

/// The texts of three certificates of a batch: one as it is, one that is revoked now, one that is put on hold.
async fn three(story: &Story, issued: &Value) -> [String; 3] {
    let id = |number: usize| text(&issued["certificates"][number]["id"]);
    let inner = text(&story.certificate(&id(1)).await["id"]);
    // For any other reason the holder is told first, and has their days.
    let request = json!({ "act": "revoke", "reason_code": "key_compromise" });
    let path = format!("/api/v1/certificates/{inner}");
    let province = story.who("province-1");
    let proposed = province.act(&path, "changes", &request).await.good();
    story.approve("province-2", &proposed).await;
    story.suspend(&id(2)).await;
    [
        story.qr_text(&id(0)).await,
        story.qr_text(&id(1)).await,
        story.qr_text(&id(2)).await,
    ]
}

/// A bundle and the status list of wallets: one that is good, one revoked, one on hold.
async fn says_without_the_records(story: &Story, texts: [&str; 3]) {
    let app = &story.server.app;
    let built = api::bundles::build(app).await.expect("a bundle");
    let bytes = store::bundles::bytes(app.store.public(), built.number).await;
    let bytes = bytes.expect("read").expect("the bundle");
    let roots = api::trust::list::roots(app.store.reader()).await;
    let bundle = Bundle::open(&bytes, &roots.expect("roots")).expect("it opens");
    let now = app.now();
    let told = texts.map(|text| bundle.judge(Presented::Text(text), now).state);
    assert_eq!(told, [State::Valid, State::Revoked, State::Suspended]);
    let keys = api::certificates::keys::published_key_set(app.store.reader()).await;
    let (host, keys) = (
        app.config.host.parse().expect("a host"),
        keys.expect("keys"),
    );
    for (text, wanted) in texts.into_iter().zip([
        TokenStatus::Valid,
        TokenStatus::Invalid,
        TokenStatus::Suspended,
    ]) {
        let (number, index) = place(text);
        let path = format!("/status/token/{number}");
        let list = story.who("anybody").get(&path).await.text();
        let list = verify_token_status_list(&list, &host, number, &keys, now);
        assert_eq!(list.expect("a good list").get(index), Some(wanted));
    }
}

/// List and index of a certificate.
fn place(text: &str) -> (u32, u32) {
    let parsed = certs::qr::parse_qr_text(text).expect("a QR text");
    let cose = parsed.cose.expect("signed bytes");
    let decoded = certs::certificate::decode(&cose).expect("a certificate");
    let claims = decoded.unverified_claims();
    (claims.status_list, claims.status_index)
}

/// A monitor's folder in which one byte of the last entry is another.
fn falsify(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to.join("checkpoints")).expect("a folder");
    std::fs::copy(from.join("origin"), to.join("origin")).expect("a copy");
    for note in std::fs::read_dir(from.join("checkpoints")).expect("notes") {
        let note = note.expect("a note").path();
        let name = note.file_name().expect("a name");
        std::fs::copy(&note, to.join("checkpoints").join(name)).expect("a copy");
    }
    let mut entries = std::fs::read(from.join("entries")).expect("entries");
    // The first byte of a hash or a time, not of a length: the last entry is a status with its reason at the end.
    let last = entries.len() - 20;
    entries[last] ^= 1;
    std::fs::write(to.join("entries"), entries).expect("written");
}

/// Nothing is signed, and the public is served.
async fn refuses(story: &Story, batch: &str, before: u64, published: u64) {
    let behind = story.server.app.standing.behind().expect("it is behind");
    assert_eq!((behind.size, behind.known), (before, published));
    assert!(!behind.forked);
    assert_eq!(status_of(story, "/readyz").await, 503);
    assert_eq!(status_of(story, "/readyz/verification").await, 200);
    assert_eq!(status_of(story, "/api/v1/trust-list").await, 200);
    approve(story, batch).await.problem(503, "log-behind");
    let anchored = api::audit::anchor::now(&story.server.app).await;
    assert_eq!(anchored.expect_err("refused").code().as_str(), "log-behind");
    assert_eq!(story.server.leaves().await, before);
    let mut browser = Browser::new(&story.server);
    browser.sign_in("national-2", PASSWORD).await;
    let page = browser.open("/en/admin/queue").await.text();
    assert!(page.contains("mingzheng log recover"), "{page}");
}

/// What is issued and not witnessed waits; after half a minute somebody is told (trust.md LG-2, LG-10).
async fn tells_of_the_lost_quorum(story: &Story) {
    let app = &story.server.app;
    let lost = async || quorum::lost(app).await.expect("it is known");
    story.server.clock.advance_seconds(20);
    assert_eq!(lost().await, None, "not yet");
    story.server.clock.advance_seconds(11);
    assert_eq!(lost().await.map(|lost| lost.seconds), Some(31));
    let told = "witnesses is lost";
    for (name, sees) in [("national-2", true), ("county-1", false)] {
        let mut browser = Browser::new(&story.server);
        browser.sign_in(name, PASSWORD).await;
        let page = browser.open("/en/admin/queue").await.text();
        assert_eq!(page.contains(told), sees, "{name}: {page}");
    }
}
