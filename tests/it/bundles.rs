//! The trust bundle of a running registry: it speaks of every certificate, follows every change, never goes backwards, and
//! says by itself what the registry says (`docs/formats.md` section 18).

use api::bundles;
use certs::bundle::{Bundle, BundleDelta, BundleFault};
use certs::credential::{StatusPurpose, verify_status_list};
use certs::verdict::{CheckName, Presented, State};
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Database, Story, on_both};

on_both! {
    a_bundle_follows_every_change_and_a_delta_leads_from_one_to_the_next;
    a_bundle_says_what_the_registry_says;
    a_bundle_is_due_after_a_day_and_after_a_change_of_a_key;
    decoys_stand_in_a_bundle_as_in_the_lists;
}

fn ids(issued: &Value) -> Vec<String> {
    let all = issued["certificates"].as_array().expect("certificates");
    all.iter().map(|one| text(&one["id"])).collect()
}

async fn get(story: &Story, path: &str) -> Answer {
    story.who("anybody").get(path).await
}

async fn opened(story: &Story, bytes: &[u8]) -> Bundle {
    let roots = api::trust::list::roots(story.server.app.store.reader())
        .await
        .expect("the roots");
    Bundle::open(bytes, &roots).expect("a bundle of this registry")
}

async fn build(story: &Story) -> u64 {
    bundles::build(&story.server.app)
        .await
        .expect("a bundle")
        .number
}

async fn newest(story: &Story) -> Bundle {
    let answer = get(story, "/trust/bundle").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    opened(story, &answer.bytes).await
}

async fn revoke(story: &Story, public_id: &str) {
    let id = text(&story.certificate(public_id).await["id"]);
    // For any other reason the holder is told first, and bundles grow old meanwhile.
    let request = json!({ "act": "revoke", "reason_code": "key_compromise" });
    let path = format!("/api/v1/certificates/{id}");
    let proposed = story
        .who("province-1")
        .act(&path, "changes", &request)
        .await;
    story.approve("province-2", &proposed.good()).await;
}

async fn a_bundle_follows_every_change_and_a_delta_leads_from_one_to_the_next(database: Database) {
    let (story, issued) = Story::with_certificates(database, 3).await;
    get(&story, "/trust/bundle").await.problem(404, "not-found");
    let ids = ids(&issued);
    assert_eq!(build(&story).await, 1);
    let first = get(&story, "/trust/bundle").await;
    assert_eq!(
        first.header("content-type"),
        "application/vnd.mingzheng.trust-bundle+cbor"
    );
    assert_eq!(first.header("cache-control"), "public, max-age=300");
    assert_eq!(first.header("access-control-allow-origin"), "*");
    let tag = first.header("etag").to_owned();
    let anybody = story.who("anybody");
    let again = anybody
        .ask(Method::GET, "/trust/bundle")
        .await
        .header("If-None-Match", &tag);
    let again = anybody.send(again).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    let by_number = get(&story, "/trust/bundle/1").await;
    assert_eq!(by_number.bytes, first.bytes);
    assert!(by_number.header("cache-control").contains("immutable"));
    let bundle = opened(&story, &first.bytes).await;
    assert_eq!(
        tag.trim_matches('"'),
        data_encoding::HEXLOWER.encode(bundle.sha256())
    );

    story.server.days_pass(1);
    revoke(&story, &ids[0]).await;
    story.suspend(&ids[1]).await;
    assert_eq!(build(&story).await, 2);
    let second = get(&story, "/trust/bundle").await;
    let states = async |bundle: &Bundle| {
        let mut states = Vec::new();
        for id in &ids {
            let qr = story.qr_text(id).await;
            states.push(
                bundle
                    .judge(Presented::Text(&qr), story.server.app.now())
                    .state,
            );
        }
        states
    };
    assert_eq!(
        states(&bundle).await,
        [State::Valid; 3],
        "the first speaks for its own moment"
    );
    let later = opened(&story, &second.bytes).await;
    assert_eq!(
        states(&later).await,
        [State::Revoked, State::Suspended, State::Valid]
    );
    let seen = later.accept(None).expect("the newest");
    assert_eq!(
        bundle.accept(Some(&seen)),
        Err(BundleFault::Older {
            seen: 2,
            offered: 1
        })
    );
    let text = story.qr_text(&ids[2]).await;
    let after = story.server.app.now() + bundles::VALIDITY;
    let old = later.judge(Presented::Text(&text), after);
    assert_eq!(
        old.state,
        State::Indeterminate,
        "never plain valid when it has ended"
    );

    let step = get(&story, "/trust/bundle/2/from/1").await;
    assert_eq!(
        step.header("content-type"),
        "application/vnd.mingzheng.trust-bundle-delta+cbor"
    );
    assert!(step.header("cache-control").contains("immutable"));
    let applied = BundleDelta::read(&step.bytes).and_then(|delta| delta.apply(&bundle));
    assert_eq!(applied.expect("applied"), second.bytes, "byte for byte");
    for path in [
        "/trust/bundle/3",
        "/trust/bundle/0",
        "/trust/bundle/1/from/2",
        "/trust/bundle/2/from/2",
        "/trust/bundle/3/from/1",
        "/trust/bundle/18446744073709551615",
    ] {
        get(&story, path).await.problem(404, "not-found");
    }
    assert!(
        get(&story, "/trust/bundle/-1")
            .await
            .status
            .is_client_error()
    );
}

/// State, and the checks that a bundle can make.
async fn compared(story: &Story, bundle: &Bundle, id: &str) -> [String; 4] {
    let qr = story.qr_text(id).await;
    let asked = json!({ "items": [{ "qr": qr }] });
    let answer = story
        .who("anybody")
        .post("/api/v1/verifications", &asked)
        .await
        .good();
    let online = &answer["items"][0];
    let offline = bundle.judge(Presented::Text(&qr), story.server.app.now());
    assert_eq!(online["state"], offline.state.code(), "{online}");
    let names = [
        CheckName::Key,
        CheckName::Status,
        CheckName::Expiry,
        CheckName::Institution,
    ];
    names.map(|name| {
        let rows = online["checks"].as_array().expect("checks");
        let row = rows
            .iter()
            .find(|row| row["name"] == name.code())
            .expect("the check");
        let check = offline.check(name);
        assert_eq!(
            (&row["outcome"], &row["reason"]),
            (&json!(check.outcome.code()), &json!(check.reason.code()))
        );
        check.reason.code().to_owned()
    })
}

async fn a_bundle_says_what_the_registry_says(database: Database) {
    let (mut story, issued) = Story::with_certificates(database, 2).await;
    let first = ids(&issued);
    revoke(&story, &first[0]).await;
    build(&story).await;
    let bundle = newest(&story).await;
    assert_eq!(compared(&story, &bundle, &first[0]).await[1], "revoked");
    assert_eq!(
        compared(&story, &bundle, &first[1]).await[3],
        "institution_authorised"
    );
    let claims = certs::qr::parse_qr_text(&story.qr_text(&first[1]).await)
        .expect("a text")
        .cose
        .expect("signed");
    let claims = certs::certificate::decode(&claims)
        .expect("a certificate")
        .unverified_claims()
        .clone();
    assert!(
        bundle.program(&claims.program).is_some(),
        "the program has its name"
    );
    assert!(
        bundle
            .institution(&claims.institution)
            .is_some_and(|one| !one.name.is_empty())
    );

    // Issued after the bundle: nothing is said of it, until the next one.
    story.server.days_pass(1);
    let cohort = story.accepted(1).await;
    let newer = ids(&story.issue(&cohort).await);
    let qr = story.qr_text(&newer[0]).await;
    let said = bundle.judge(Presented::Text(&qr), story.server.app.now());
    assert_eq!(said.state, State::Indeterminate);
    assert_eq!(
        said.check(CheckName::Status).reason.code(),
        "status_not_covered"
    );
    build(&story).await;
    assert_eq!(
        compared(&story, &newest(&story).await, &newer[0]).await[1],
        "in_force"
    );

    // The institution is suspended later: its certificates stay good, and both say so.
    story.server.days_pass(1);
    story
        .transition_by_two("T16", "province-1", "province-2")
        .await;
    build(&story).await;
    let bundle = newest(&story).await;
    for id in [&first[1], &newer[0]] {
        assert_eq!(
            compared(&story, &bundle, id).await[3],
            "institution_since_suspended"
        );
    }
}

async fn a_bundle_is_due_after_a_day_and_after_a_change_of_a_key(database: Database) {
    let story = Story::ready(database).await;
    let app = &story.server.app;
    let due = async || bundles::due(app).await.expect("an answer");
    assert!(due().await, "there is none");
    build(&story).await;
    assert!(!due().await);
    story.server.clock.advance_seconds(23 * 3600);
    assert!(!due().await);
    story.server.clock.advance_seconds(3601);
    assert!(due().await, "a day has passed");
    build(&story).await;
    let before = newest(&story).await;
    story.server.clock.advance_seconds(60);
    let kid = story.issuer_key(2026).await;
    assert!(due().await, "a key changed its state");
    build(&story).await;
    let after = newest(&story).await;
    let kid = kid.parse().expect("a kid");
    assert!(before.issuers().find(&kid).is_none() && after.issuers().find(&kid).is_some());
    assert!(after.trust_list().version > before.trust_list().version);
}

async fn decoys_stand_in_a_bundle_as_in_the_lists(database: Database) {
    let (story, issued) = Story::with_certificates(database, 3).await;
    revoke(&story, &ids(&issued)[0]).await;
    build(&story).await;
    let bundle = newest(&story).await;
    let list = &bundle.content().lists[&1];
    let app = &story.server.app;
    let keys = api::certificates::keys::published_key_set(app.store.reader())
        .await
        .expect("keys");
    let host = app.config.host.parse().expect("a host");
    let answer = get(&story, "/status/revocation/1").await;
    let served = verify_status_list(
        &answer.text(),
        &host,
        StatusPurpose::Revocation,
        1,
        &keys,
        app.now(),
    );
    let served = served.expect("a good list");
    for place in 0..list.size {
        let set = list.revoked.contains(place) || list.superseded.contains(place);
        assert_eq!(served.bits().get(place), Some(set), "{place}");
    }
}
