//! States of keys by two persons, and the list that tells them.

use certs::trust_list::{CONTENT_TYPE, TrustListFault, accept};
use reqwest::Method;
use serde_json::json;
use tests::answer::text;
use tests::story::PROVINCE;
use tests::{Database, Story, on_both};

use super::{state, trust_list};

on_both! {
    a_key_signs_nothing_before_two_persons_have_activated_it;
    states_go_forward_only_and_whoever_may_not_is_refused;
    the_trust_list_never_goes_backwards_and_is_made_anew_in_time;
}

async fn a_key_signs_nothing_before_two_persons_have_activated_it(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(2).await;
    // The key of the story is retired: only a pending one is left.
    let first = "k3326";
    story.key_state(first, &json!({ "state": "retired" })).await;
    let before = trust_list(&story).await;
    let leaves = story.server.leaves().await;

    let request = json!({ "federation": PROVINCE, "year": 2026 });
    let made = story
        .who("national-1")
        .post("/api/v1/keys", &request)
        .await
        .good();
    let kid = text(&made["kid"]);
    assert_eq!(
        (kid.as_str(), &made["state"]),
        ("k3326-2", &json!("pending"))
    );
    assert_eq!(story.server.leaves().await, leaves + 1, "a leaf");
    let list = trust_list(&story).await;
    assert_eq!(list.list().version, before.list().version + 1);
    assert_eq!(state(&list, &kid), "pending");

    let batch = story.propose(&cohort).await;
    let approve = format!("/api/v1/certificate-batches/{batch}/approve");
    let province = story.who("province-1");
    province
        .post(&approve, &json!({}))
        .await
        .problem(503, "key-unavailable");

    let path = format!("/api/v1/keys/{kid}/changes");
    let national = story.who("national-1");
    let activate = json!({ "state": "active" });
    let proposed = national.post(&path, &activate).await;
    assert_eq!(proposed.status, 202);
    let proposed = proposed.good();
    // Proposed is not done: no leaf, no list, no signature.
    assert_eq!(story.server.leaves().await, leaves + 1);
    assert_eq!(trust_list(&story).await, list);
    province
        .post(&approve, &json!({}))
        .await
        .problem(503, "key-unavailable");
    national
        .post(&path, &activate)
        .await
        .problem(409, "open-proposal");
    let decide = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    national
        .post(&decide, &json!({}))
        .await
        .problem(409, "second-person-required");
    let waiting = story.who("national-2").get("/api/v1/proposals").await;
    let waiting = waiting.good()["items"].clone();
    assert_eq!(
        (&waiting[0]["object_kind"], &waiting[0]["subject"]),
        (&json!("key"), &json!(kid))
    );

    let decided = story.approve("national-2", &proposed).await;
    assert_eq!(decided["outcome"]["state"], "active");
    assert_eq!(story.server.leaves().await, leaves + 2);
    assert_eq!(decided["outcome"]["leaf_index"], leaves + 1);
    let after = trust_list(&story).await;
    assert_eq!(
        decided["outcome"]["trust_list_version"],
        after.list().version
    );
    assert_eq!(state(&after, &kid), "active");
    province.post(&approve, &json!({})).await.good();
    let page = province.get("/api/v1/certificates?limit=10").await.good();
    assert_eq!(page["items"][0]["kid"], kid);
}

async fn states_go_forward_only_and_whoever_may_not_is_refused(database: Database) {
    let story = Story::staffed(database).await;
    let kid = story.issuer_key(2026).await;
    let path = format!("/api/v1/keys/{kid}/changes");
    let national = story.who("national-1");
    let now = story.server.app.now();
    for (body, status, code) in [
        (json!({ "state": "active" }), 409, "transition-refused"),
        (json!({ "state": "pending" }), 409, "transition-refused"),
        (json!({ "state": "lost" }), 422, "invalid-request"),
        (json!({ "state": "compromised" }), 422, "invalid-request"),
        (
            json!({ "state": "retired", "compromised_at": now }),
            422,
            "invalid-request",
        ),
        (
            json!({ "state": "compromised", "compromised_at": now + chrono::Duration::seconds(1) }),
            422,
            "invalid-request",
        ),
        (
            json!({ "state": "compromised", "compromised_at": "yesterday" }),
            422,
            "invalid-request",
        ),
        (
            json!({ "state": "retired", "reason": "长".repeat(501) }),
            422,
            "invalid-request",
        ),
        (
            json!({ "state": "retired", "federation": "110000" }),
            422,
            "invalid-request",
        ),
    ] {
        national.post(&path, &body).await.problem(status, code);
    }
    let retire = json!({ "state": "retired" });
    for name in ["province-1", "county-1", "school-1", "auditor"] {
        story
            .who(name)
            .post(&path, &retire)
            .await
            .problem(403, "forbidden");
    }
    // An unknown key is not there; of the registry's own the only one in use has a successor first.
    for (other, status, code) in [
        ("k9999", 404, "not-found"),
        ("k%2f", 404, "not-found"),
        ("root", 409, "transition-refused"),
        ("log", 409, "transition-refused"),
        ("status", 409, "transition-refused"),
    ] {
        national
            .post(&format!("/api/v1/keys/{other}/changes"), &retire)
            .await
            .problem(status, code);
    }
    // What was proposed is decided again when it is approved.
    let retired = national.post(&path, &retire).await.good();
    let compromised = json!({ "state": "compromised", "compromised_at": now });
    story.key_state(&kid, &compromised).await;
    let decide = format!(
        "/api/v1/proposals/{}/approve",
        text(&retired["proposal_id"])
    );
    story
        .who("national-2")
        .post(&decide, &json!({}))
        .await
        .problem(409, "transition-refused");
    // A compromise is only ever found to be older.
    let at = |seconds| {
        let at = now + chrono::Duration::seconds(seconds);
        json!({ "state": "compromised", "compromised_at": at })
    };
    story.server.clock.advance_seconds(60);
    national
        .post(&path, &at(1))
        .await
        .problem(409, "transition-refused");
    let older = story.key_state(&kid, &at(-3600)).await;
    assert_eq!(older["outcome"]["from"], "compromised");
}

async fn the_trust_list_never_goes_backwards_and_is_made_anew_in_time(database: Database) {
    let story = Story::staffed(database).await;
    let anybody = story.who("anybody");
    let first = trust_list(&story).await;
    for kid in ["root", "log", "status"] {
        assert_eq!(state(&first, kid), "active");
    }
    let (origin, key) = first.list().logs().next().expect("the log");
    let vkey = anybody.get("/log/vkey").await.text();
    assert_eq!(certs::log::vkey(origin, key), vkey.trim_end());

    let answer = anybody.get("/api/v1/trust-list").await;
    assert_eq!(answer.header("content-type"), CONTENT_TYPE);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let tag = answer.header("etag").to_owned();
    let again = anybody
        .ask(Method::GET, "/api/v1/trust-list")
        .await
        .header("If-None-Match", &tag);
    let again = anybody.send(again).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));

    let seen = accept(None, &first).expect("the first");
    let kid = story.issuer_key(2026).await;
    let second = trust_list(&story).await;
    assert_eq!(second.list().version, first.list().version + 2);
    assert_ne!(anybody.get("/api/v1/trust-list").await.header("etag"), tag);
    let seen = accept(Some(&seen), &second).expect("newer");
    assert_eq!(
        accept(Some(&seen), &first),
        Err(TrustListFault::Older {
            seen: second.list().version,
            found: first.list().version
        })
    );
    let second = second.replace(&first).expect("follows");

    // Half of its fortnight: the same list. Then a new one, of the same keys.
    story.server.days_pass(6);
    assert_eq!(trust_list(&story).await, second);
    story.server.days_pass(2);
    let renewed = trust_list(&story).await;
    assert_eq!(renewed.list().version, second.list().version + 1);
    assert_eq!(renewed.list().keys, second.list().keys);
    assert!(renewed.list().is_fresh(story.server.app.now()));
    assert_eq!(state(&renewed, &kid), "active");
    assert_eq!(trust_list(&story).await, renewed);

    // A table that somebody has put back makes no list: nobody would take it.
    let sql = "UPDATE registry_key SET state = 'pending' WHERE purpose = 'issuer'";
    store::tampering::plainly(&story.server.app.store, sql)
        .await
        .expect("the state is set");
    let request = json!({ "federation": PROVINCE, "year": 2027 });
    story
        .who("national-1")
        .post("/api/v1/keys", &request)
        .await
        .problem(500, "internal");
    assert_eq!(trust_list(&story).await, renewed);
}
