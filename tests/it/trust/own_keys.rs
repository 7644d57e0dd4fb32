//! The registry's own keys are changed like any other: root, status lists, and the log, which is closed and succeeded
//! (trust.md KY-2, KY-3, LG-7, BK-4).

use std::sync::Arc;

use api::config::witnesses::Witnesses;
use api::log::witnesses::Asking;
use certs::log::{Checkpoint, LeafEntry, WitnessPolicy, parse_vkey};
use certs::trust_list::{Roots, SignedTrustList, TrustListFault};
use certs::verdict::LogFact;
use domain::ids::LeafIndex;
use serde_json::{Value, json};
use tests::answer::text;
use tests::command::{Mingzheng, Ran, built};
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, TestServer, on_both};

use super::{ids, state, trust_list};
use crate::witnesses::{Federation, alarms};

on_both! {
    status_lists_and_bundles_are_signed_by_the_newest_status_key;
    a_root_hands_over_to_its_successor_and_a_verifier_follows;
    a_log_is_closed_by_two_persons_and_its_successor_goes_on_with_every_certificate;
    a_log_that_lost_leaves_is_closed_and_everybody_sees_how_many;
}

async fn make(story: &Story, purpose: &str) -> String {
    let asked = json!({ "purpose": purpose });
    let made = story.who("national-1").post("/api/v1/keys/own", &asked);
    text(&made.await.good()["kid"])
}

async fn set(story: &Story, kid: &str, state: &str) -> Value {
    let done = story.key_state(kid, &json!({ "state": state })).await;
    done["outcome"].clone()
}

async fn refused(story: &Story, kid: &str, change: Value) {
    let path = format!("/api/v1/keys/{kid}/changes");
    let national = story.who("national-1");
    let answer = national.post(&path, &change).await;
    answer.problem(409, "transition-refused");
}

/// The kid in the header of a status list.
async fn list_kid(story: &Story) -> String {
    let list = story
        .who("anybody")
        .get("/status/revocation/1")
        .await
        .text();
    let header = list.split('.').next().expect("a header");
    let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes());
    let header: Value = serde_json::from_slice(&header.expect("base64")).expect("a header");
    text(&header["kid"])
}

async fn status_lists_and_bundles_are_signed_by_the_newest_status_key(database: Database) {
    let (story, _) = Story::with_certificates(database, 1).await;
    let app = &story.server.app;
    assert!(list_kid(&story).await.ends_with("#status"));
    // The only one cannot go.
    refused(&story, "status", json!({ "state": "retired" })).await;
    let now = app.now();
    refused(
        &story,
        "status",
        json!({ "state": "compromised", "compromised_at": now }),
    )
    .await;
    let kid = make(&story, "status").await;
    assert_eq!(kid, "status-2");
    assert!(
        list_kid(&story).await.ends_with("#status"),
        "pending signs nothing"
    );
    set(&story, &kid, "active").await;
    assert!(
        list_kid(&story).await.ends_with("#status-2"),
        "made anew at once"
    );
    let built = api::bundles::build(app).await.expect("a bundle");
    let bytes = store::bundles::bytes(app.store.public(), built.number).await;
    let roots = api::trust::list::roots(app.store.reader())
        .await
        .expect("roots");
    let bytes = bytes.expect("read").expect("the bundle");
    let opened = certs::bundle::Bundle::open(&bytes, &roots).expect("it opens");
    assert_eq!(opened.key_id().as_str(), "status-2");
    let compromised = json!({ "state": "compromised", "compromised_at": app.now() });
    story.key_state("status", &compromised).await;
    let did = story
        .who("anybody")
        .get("/.well-known/did.json")
        .await
        .good();
    let methods = did["assertionMethod"].as_array().expect("methods");
    assert!(text(&methods[0]).ends_with("#status-2"), "{did}");
    assert!(
        !did.to_string().contains("#status\""),
        "a compromised key is not shown"
    );
    assert_eq!(state(&trust_list(&story).await, "status"), "compromised");
    // A purpose that is none, a log's name for another key, one person for both.
    let national = story.who("national-1");
    for body in [
        json!({ "purpose": "issuer" }),
        json!({ "purpose": "root", "origin": "x" }),
    ] {
        national
            .post("/api/v1/keys/own", &body)
            .await
            .problem(422, "invalid-request");
    }
    let third = make(&story, "status").await;
    let path = format!("/api/v1/keys/{third}/changes");
    let proposed = national
        .post(&path, &json!({ "state": "active" }))
        .await
        .good();
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    let alone = national.post(&approve, &json!({})).await;
    alone.problem(409, "second-person-required");
}

async fn a_root_hands_over_to_its_successor_and_a_verifier_follows(database: Database) {
    let story = Story::staffed(database).await;
    let anybody = story.who("anybody");
    let line = anybody.get("/api/v1/trust-list/root").await.text();
    let old = Roots::parse(&line).expect("the line");
    let kid = make(&story, "root").await;
    set(&story, &kid, "active").await;
    // Both are in use: the old one signs, and its lists tell of the new one.
    let both = trust_list(&story).await;
    assert_eq!(both.signed_by().as_str(), "root");
    let lines = anybody.get("/api/v1/trust-list/root").await.text();
    assert_eq!(lines.trim().lines().count(), 2, "{lines}");
    set(&story, "root", "retired").await;
    let bytes = anybody.get("/api/v1/trust-list").await.bytes;
    let unknown = SignedTrustList::open(&bytes, &old);
    assert!(matches!(unknown, Err(TrustListFault::UnknownRoot(_))));
    // Who accepted the list in between follows.
    let newest = SignedTrustList::open(&bytes, &both.list().roots()).expect("followed");
    assert_eq!(newest.signed_by().as_str(), "root-2");
    let newest = newest.replace(&both).expect("never backwards");
    assert_eq!(state(&newest, "root"), "retired");
    refused(&story, "root-2", json!({ "state": "retired" })).await;
    // A registry that starts again signs with it too.
    let mut story = story;
    story.restart(None, |_| ()).await;
    let third = story.issuer_key(2027).await;
    assert_eq!(trust_list(&story).await.signed_by().as_str(), "root-2");
    assert_eq!(state(&trust_list(&story).await, &third), "active");
}

async fn leaf(story: &Story, index: u64) -> LeafEntry {
    let reader = story.server.app.store.reader();
    let leaves = store::log::leaves(reader, LeafIndex(index), 1)
        .await
        .expect("read");
    LeafEntry::decode(&leaves[0].entry).expect("an entry")
}

/// A monitor of somebody else: what it says with these arguments.
fn monitor(program: &Mingzheng, story: &Story, line: &str, more: &[&str]) -> Ran {
    let (url, vkey) = (story.server.url("/log"), line.trim());
    let mut arguments = vec!["log", "monitor", &url, "--vkey", vkey, "--state", "state"];
    arguments.extend(more);
    program.json(&arguments)
}

async fn checked(story: &Story) {
    let checked = api::log::check::check(&story.server.app, |_| ()).await;
    assert_eq!(checked.expect("checked").faults, Vec::<String>::new());
}

async fn a_log_is_closed_by_two_persons_and_its_successor_goes_on_with_every_certificate(
    database: Database,
) {
    let (mut story, issued) = Story::with_certificates(database, 2).await;
    let id = text(&issued["certificates"][0]["id"]);
    let anybody = || story.who("anybody");
    let old_line = anybody().get("/log/vkey").await.text();
    let (old_origin, old_key) = parse_vkey(old_line.trim()).expect("a key line");
    let proof_path = format!("/api/v1/certificates/{id}/proof.tlog");
    let before = anybody().get(&proof_path).await.text();
    let program = Mingzheng::new(built().to_str().expect("a path"));
    let told = monitor(&program, &story, &old_line, &[]).good();
    assert_eq!(told["takeovers"], json!([]));
    let kid = make(&story, "log").await;
    assert_eq!(
        anybody().get("/log/vkey").await.text(),
        old_line,
        "still the old one"
    );
    refused(&story, "log", json!({ "state": "retired" })).await;
    let size = story.server.leaves().await;
    let done = set(&story, &kid, "active").await;
    assert_eq!(done["leaf_index"], size);

    // The old log ends with the change, under its own key; the successor begins with all of it, and holds its last checkpoint.
    let LeafEntry::Succession { last, .. } = leaf(&story, size + 2).await else {
        panic!("no succession");
    };
    let last = Checkpoint::verify(&last, &old_origin, &old_key).expect("signed by the old key");
    assert_eq!(last.checkpoint.size, size + 2, "nothing was lost");
    assert_eq!(story.server.leaves().await, size + 3);
    let line = anybody().get("/log/vkey").await.text();
    let (origin, key) = parse_vkey(line.trim()).expect("a key line");
    assert_eq!(origin.as_str(), format!("{old_origin}/2"));
    let note = anybody().get("/log/checkpoint").await.text();
    let newest = Checkpoint::verify(&note, &origin, &key).expect("signed by the new key");
    assert_eq!(newest.checkpoint.size, size + 3);
    assert!(Checkpoint::verify(&note, &old_origin, &old_key).is_err());
    checked(&story).await;

    // Who watches goes on with the new key line and the old one, and every checkpoint is held against one tree. With one
    // of both alone it says what is missing.
    let told = monitor(&program, &story, &line, &[]);
    assert_eq!(told.code, 2, "{}", told.err);
    assert!(told.err.contains("--before"), "{}", told.err);
    let told = monitor(&program, &story, &old_line, &[]);
    assert_eq!(alarms(&told.json()), ["not-signed"]);
    let told = monitor(&program, &story, &line, &["--before", old_line.trim()]).good();
    let takeover = json!([{
        "index": size + 2, "from": old_origin.as_str(), "size": size + 2, "whole": true, "checked": true,
    }]);
    assert_eq!(
        (&told["alarms"], &told["takeovers"]),
        (&json!([]), &takeover)
    );
    assert_eq!(told["size"], size + 3);
    assert!(told["checkpoints"].as_u64().expect("a count") > 2, "{told}");
    // A newcomer sees the takeover, and cannot judge it.
    let newcomer = Mingzheng::new(built().to_str().expect("a path"));
    let told = monitor(&newcomer, &story, &line, &[]).good();
    assert_eq!(told["takeovers"][0]["checked"], false);

    // Old proofs hold by the list, new ones too; the certificate has the index that it had.
    let list = trust_list(&story).await;
    assert_eq!(
        (state(&list, "log"), state(&list, &kid)),
        ("retired", "active")
    );
    let after = anybody().get(&proof_path).await.text();
    assert!(after.contains(origin.as_str()), "{after}");
    for text in [&before, &after] {
        let fact = LogFact::from_proof_file(text, list.list());
        assert!(matches!(fact, Ok(LogFact::Included { .. })), "{fact:?}");
    }
    let index = |text: &str| text.lines().nth(2).map(str::to_owned);
    assert_eq!(index(&before), index(&after));

    // It issues on, also after a start, and the next name is another one.
    let cohort = story.accepted(1).await;
    story.issue(&cohort).await;
    story.restart(None, |_| ()).await;
    assert_eq!(story.who("anybody").get("/log/vkey").await.text(), line);
    assert_eq!(story.who("anybody").get("/readyz").await.status, 200);
    story.suspend(&id).await;
    checked(&story).await;
    let national = story.who("national-1");
    let taken = json!({ "purpose": "log", "origin": old_origin.as_str() });
    national
        .post("/api/v1/keys/own", &taken)
        .await
        .problem(422, "invalid-request");
    // Its key leaks afterwards: it may be said, since another one signs.
    let at = story.server.app.now();
    let leaked = json!({ "state": "compromised", "compromised_at": at });
    story.key_state("log", &leaked).await;
    assert_eq!(state(&trust_list(&story).await, "log"), "compromised");
    checked(&story).await;
}

/// List and index of each certificate of a batch.
async fn places(story: &Story, issued: &Value) -> Vec<(u32, u32)> {
    let mut places = Vec::new();
    for id in ids(issued) {
        let text = story.qr_text(&id).await;
        let cose = certs::qr::parse_qr_text(&text).expect("a QR text").cose;
        let decoded = certs::certificate::decode(&cose.expect("signed bytes"));
        let decoded = decoded.expect("a certificate");
        let claims = decoded.unverified_claims();
        places.push((claims.status_list, claims.status_index));
    }
    places
}

async fn bundle_number(story: &Story) -> u64 {
    let built = api::bundles::build(&story.server.app).await;
    built.expect("a bundle").number
}

async fn a_log_that_lost_leaves_is_closed_and_everybody_sees_how_many(database: Database) {
    let mut federation = Federation::new("zj.example/w");
    let mut server = TestServer::start(database).await;
    federation.watch(&server.app.keyring.log_vkey());
    federation.start();
    let configured = federation.configured();
    let witnesses = Arc::new(Witnesses {
        policy: WitnessPolicy::new(vec![configured.key.clone()], 1).expect("one of one"),
        all: vec![configured],
        ..Witnesses::default()
    });
    server
        .restart(None, |config| config.witnesses = witnesses.clone())
        .await;
    let mut story = Story::ready_on(server).await;
    let (origin, key) = parse_vkey(&story.server.app.keyring.log_vkey()).expect("a key line");
    let kept = story.accepted(1).await;
    story.issue(&kept).await;
    let first = story.accepted(3).await;
    let second = story.accepted(3).await;
    let backup = story.server.backup().await;
    let before = story.server.leaves().await;
    let old_line = story.server.app.keyring.log_vkey();
    let program = Mingzheng::new(built().to_str().expect("a path"));
    monitor(&program, &story, &old_line, &[]).good();
    let lost = places(&story, &story.issue(&first).await).await;
    // Lists and bundles are published, too.
    make(&story, "status").await;
    let lost_list = trust_list(&story).await.list().version;
    let lost_bundle = bundle_number(&story).await;
    let round = async |story: &Story| {
        let mut asking = Asking::new().expect("a client");
        asking.round(&story.server.app).await.expect("a round")
    };
    assert!(round(&story).await);
    story.restart(Some(&backup), |_| ()).await;
    assert!(story.server.app.standing.behind().is_some());

    // Nobody has a copy. The old log takes no leaf any more; its successor begins with what is there.
    let kid = make(&story, "log").await;
    assert_eq!(story.server.leaves().await, before);
    let done = set(&story, &kid, "active").await;
    assert_eq!(done["leaf_index"], before + 1, "made, and put in use");
    let LeafEntry::Succession { last, .. } = leaf(&story, before + 3).await else {
        panic!("no succession");
    };
    let last = Checkpoint::verify(&last, &origin, &key).expect("signed by the old key");
    assert_eq!(
        last.checkpoint.size,
        before + 4,
        "four leaves were lost: so many stand in the old log"
    );
    let app = story.server.app.clone();
    app.standing.compare(&app).await.expect("compared");
    assert_eq!(app.standing.behind(), None);
    assert_eq!(story.who("anybody").get("/readyz").await.status, 200);
    checked(&story).await;
    // The witness still shows a checkpoint of what was lost: no fork, since the successor says so openly.
    let (line, shown) = (app.keyring.log_vkey(), federation.shows(origin.as_str()));
    let more = ["--before", old_line.as_str(), "--also", shown.as_str()];
    let told = monitor(&program, &story, &line, &more);
    assert_eq!(told.code, 1, "{}", told.err);
    assert_eq!(alarms(&told.json()), ["lost"]);
    let again = monitor(&program, &story, &line, &more).good();
    assert_eq!(
        again["takeovers"][0]["whole"], false,
        "told once, shown always"
    );
    // Nothing that was given since the backup is given again.
    let issued = places(&story, &story.issue(&second).await).await;
    let twice = issued.iter().find(|place| lost.contains(place));
    assert_eq!(twice, None, "{issued:?} after {lost:?}");
    let list = trust_list(&story).await.list().version;
    assert!(list > lost_list, "{list} after {lost_list}");
    assert!(bundle_number(&story).await > lost_bundle);
    // The witness learns of the new log, and follows it from its beginning.
    assert!(!round(&story).await, "it does not know the new log");
    federation.end();
    federation.watch(&app.keyring.log_vkey());
    federation.start();
    let configured = federation.configured();
    let witnesses = Arc::new(Witnesses {
        policy: witnesses.policy.clone(),
        all: vec![configured],
        ..Witnesses::default()
    });
    story
        .restart(None, |config| config.witnesses = witnesses)
        .await;
    assert_eq!(story.server.app.standing.behind(), None);
    assert!(round(&story).await);
    checked(&story).await;
}

/// The use cases are tested above on both databases; here it is their pages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_kept_by_pages_alone_by_two_persons() {
    let story = Story::staffed(Database::Sqlite).await;
    let own = [("Sec-Fetch-Site", "same-origin")];
    let mut first = Browser::new(&story.server);
    first.sign_in("national-1", PASSWORD).await;
    let page = first.open("/en/admin/keys").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let make = [
        ("key", "make-1"),
        ("act", "own"),
        ("purpose", "status"),
        ("origin", ""),
    ];
    let made = first.send("/en/admin/keys", &own, &make).await;
    let address = made.header("location").to_owned();
    assert_eq!(address, "/en/admin/keys/status-2", "{}", made.text());
    let asked = [
        ("key", "propose-1"),
        ("state", "active"),
        ("at", ""),
        ("reason", "Yearly change"),
    ];
    assert_eq!(first.send(&address, &own, &asked).await.status, 303);
    // Not by its proposer.
    let page = first.open(&address).await.text();
    assert!(page.contains("somebody else must approve it"), "{page}");
    assert!(
        !page.contains("Propose; another person approves"),
        "one at a time"
    );
    let mut second = Browser::new(&story.server);
    second.sign_in("national-2", PASSWORD).await;
    let page = second.open("/en/admin/keys").await.text();
    let at = page.find("/desk/proposals/").expect("an approval") + "/desk/proposals/".len();
    let id = &page[at..at + 36];
    let approve = [("key", "approve-1"), ("decision", "approve")];
    let path = format!("/en/desk/proposals/{id}");
    assert_eq!(second.send(&path, &own, &approve).await.status, 303);
    let page = second.open("/admin/keys/status-2").await.text();
    for told in ["启用", "批准变更", "Yearly change", "公开日志第"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    // Bad input is told on the page; what is refused changes nothing.
    for (state, at, told) in [
        ("compromised", "yesterday", "Beijing time"),
        ("compromised", "", "compromise"),
        ("compromised", "2199-01-01 10:00", "not later than now"),
        ("lost", "", "state"),
    ] {
        let wrong = [
            ("key", "wrong-1"),
            ("state", state),
            ("at", at),
            ("reason", ""),
        ];
        let answer = first.send(&address, &own, &wrong).await;
        assert_eq!(answer.status, 422, "{state} {at}");
        assert!(answer.text().contains(told), "{told}: {}", answer.text());
    }
    let only = [
        ("key", "wrong-2"),
        ("state", "retired"),
        ("at", ""),
        ("reason", ""),
    ];
    let answer = first.send("/en/admin/keys/root", &own, &only).await;
    assert_eq!(answer.status, 409);
    assert!(
        answer.text().contains("make and activate its successor"),
        "{}",
        answer.text()
    );
    assert_eq!(first.open("/admin/keys/none").await.status, 404);
    // An auditor sees and does not act; a province sees nothing.
    let mut auditor = Browser::new(&story.server);
    auditor.sign_in("auditor", PASSWORD).await;
    let page = auditor.open("/en/admin/keys/root").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("Propose a change"));
    assert_eq!(auditor.send(&address, &own, &asked).await.status, 403);
    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    assert_eq!(province.open("/admin/keys").await.status, 403);
}
