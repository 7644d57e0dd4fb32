//! The whole story of a stolen key, with real witnesses.

use certs::certificate;
use certs::log::{parse_vkey, verify_tlog_proof};
use certs::trust_list::{TrustListFault, accept};
use certs::verdict::{Facts, LogFact, Presented, State, judge};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{ids, pair, reason, state, trust_list, verdict};

const NAMES: [&str; 2] = ["zj.example/w", "sd.example/w"];

on_both! {
    a_stolen_key_leaves_what_was_witnessed_before_valid_and_everything_else_refused;
    without_witnesses_the_time_of_commit_decides;
}

fn millis(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn affected(story: &Story, kid: &str) -> Value {
    let path = format!("/api/v1/keys/{kid}/affected");
    story.who("province-1").get(&path).await.good()
}

async fn a_stolen_key_leaves_what_was_witnessed_before_valid_and_everything_else_refused(
    database: Database,
) {
    let (mut story, witnesses, clock) = pair::watched(database, NAMES).await;
    let vkey = story.who("anybody").get("/log/vkey").await.text();
    let app = story.server.app.clone();
    let kid = "k3326";

    // Two certificates, witnessed.
    let cohort = story.accepted(2).await;
    let early = ids(&story.issue(&cohort).await);
    clock.set(app.now());
    witnesses.round(&app).await;
    for id in &early {
        assert_eq!(
            verdict(&story, id, "key").await,
            ("valid".to_owned(), "key_active".to_owned())
        );
    }
    let old_list = trust_list(&story).await;
    let seen = accept(None, &old_list).expect("the first");
    assert_eq!(old_list.list().witnesses, witnesses.policy());

    // The key is stolen. Nobody knows, and two more are issued and witnessed.
    story.server.clock.advance_seconds(60);
    let stolen_at = app.now();
    story.server.clock.advance_seconds(60);
    let cohort = story.accepted(2).await;
    let late = ids(&story.issue(&cohort).await);
    clock.set(app.now());
    witnesses.round(&app).await;
    assert_eq!(
        verdict(&story, &late[0], "key").await,
        ("valid".to_owned(), "key_active".to_owned())
    );
    let qr = [
        story.qr_text(&early[0]).await,
        story.qr_text(&late[0]).await,
    ];

    // What it would mean can be seen beforehand, by those whose area it is.
    let path = format!("/api/v1/keys/{kid}/affected?at={}", millis(stolen_at));
    let preview = story.who("national-1").get(&path).await.good();
    assert_eq!(
        (&preview["state"], &preview["witnessed"]),
        (&json!("active"), &json!(true))
    );
    assert_eq!(preview["counts"]["to_reissue"], 2);
    let elsewhere = story.who("other-province").get(&path).await.good();
    assert_eq!(
        (&elsewhere["counts"]["total"], &elsewhere["items"]),
        (&json!(0), &json!([]))
    );

    // Two persons mark the key; one certificate that nobody had witnessed at all is under it as well.
    let cohort = story.accepted(1).await;
    let unwitnessed = ids(&story.issue(&cohort).await);
    let change = json!({
        "state": "compromised", "compromised_at": millis(stolen_at), "reason": "签发机房失窃",
    });
    let marked = story.key_state(kid, &change).await;
    assert_eq!(marked["outcome"]["compromised_at"], millis(stolen_at));

    // Before: valid, and it says why. After: refused, and it says why.
    for id in &early {
        assert_eq!(
            verdict(&story, id, "key").await,
            ("valid".to_owned(), "key_compromised_covered".to_owned())
        );
    }
    for id in late.iter().chain(&unwitnessed) {
        assert_eq!(
            verdict(&story, id, "key").await,
            ("not_genuine".to_owned(), "key_compromised".to_owned())
        );
    }
    let page = story.who("anybody").get(&format!("/v/{}", late[0])).await;
    let words = "签发密钥已泄露,公开日志不能证明本证书在此之前签发。";
    assert!(page.text().contains(words), "{}", page.text());

    // What the thief signs with the key, and dates back, the registry has never logged.
    let forged = forge(&story, kid, &qr[0]);
    let body = json!({ "items": [{ "qr": forged }] });
    let answer = story
        .who("anybody")
        .post("/api/v1/verifications", &body)
        .await
        .good();
    assert_eq!(answer["items"][0]["state"], "not_genuine");

    // The new list tells it, and the old one is refused by whoever has seen the new.
    let new_list = trust_list(&story).await;
    assert!(new_list.list().version > old_list.list().version);
    assert_eq!(state(&new_list, kid), "compromised");
    let seen = accept(Some(&seen), &new_list).expect("newer");
    assert!(matches!(
        accept(Some(&seen), &old_list),
        Err(TrustListFault::Older { .. })
    ));

    // Without the registry: the list, and a proof that carries the witnesses. Without a proof nothing is guessed.
    let keys = new_list.list().issuer_keys();
    let (origin, log_key) = parse_vkey(vkey.trim_end()).expect("the log's key line");
    for (text, id, wanted, because) in [
        (
            &qr[0],
            &early[0],
            State::Indeterminate,
            "key_compromised_covered",
        ),
        (&qr[1], &late[0], State::NotGenuine, "key_compromised"),
    ] {
        let path = format!("/api/v1/certificates/{id}/proof.tlog");
        let proof = story.who("anybody").get(&path).await.text();
        let logged = verify_tlog_proof(&proof, &origin, &log_key).expect("a proof");
        let log = LogFact::proven_by(&logged, &new_list.list().witnesses).expect("cosignatures");
        let facts = Facts {
            log,
            ..Facts::default()
        };
        let told = judge(Presented::Text(text), &keys, &facts, app.now());
        let key = told.check(certs::verdict::CheckName::Key);
        assert_eq!((told.state, key.reason.code()), (wanted, because));
        let alone = judge(Presented::Text(text), &keys, &Facts::default(), app.now());
        let key = alone.check(certs::verdict::CheckName::Key);
        assert_eq!(
            (alone.state, key.reason.code()),
            (State::Indeterminate, "key_compromised_no_proof")
        );
    }

    // Whom it concerns.
    let list = affected(&story, kid).await;
    let counts = &list["counts"];
    assert_eq!(
        (&counts["total"], &counts["covered"], &counts["to_reissue"]),
        (&json!(5), &json!(2), &json!(3))
    );
    for item in list["items"].as_array().expect("items") {
        let covered = early.contains(&text(&item["public_id"]));
        assert_eq!(item["covered"], covered, "{item}");
        assert!(text(&item["holder"]).contains('*'), "{item}");
    }

    // Nothing can be signed before there is a new key; then whatever lost its force is replaced.
    let path = format!("/api/v1/keys/{kid}/reissues");
    let province = story.who("province-1");
    province
        .post(&path, &json!({}))
        .await
        .problem(503, "key-unavailable");
    wallet(&story, &early[0])
        .await
        .problem(409, "key-compromised");
    let fresh = story.issuer_key(2026).await;
    in_wallets(&story, &early[0], &late[0], &fresh).await;
    let ends: Vec<Value> = {
        let page = province.get("/api/v1/certificates?limit=100").await.good();
        let items = page["items"].as_array().expect("items").iter();
        items
            .filter(|one| one["public_id"] == late[0])
            .map(|one| one["expires_at"].clone())
            .collect()
    };
    let done = province.post(&path, &json!({ "limit": 2 })).await.good();
    assert_eq!(done["reissued"], 2);
    let rest = json!({ "limit": 2, "after": done["next"] });
    let rest = province.post(&path, &rest).await.good();
    assert_eq!(
        (&rest["reissued"], &rest["next"]),
        (&json!(1), &Value::Null)
    );
    let again = province.post(&path, &json!({})).await.good();
    assert_eq!(
        (&again["reissued"], &again["skipped"]),
        (&json!(0), &json!([]))
    );

    let list = affected(&story, kid).await;
    assert_eq!(list["counts"]["replaced"], 3);
    clock.set(app.now());
    witnesses.round(&app).await;
    for item in list["items"].as_array().expect("items") {
        let old = text(&item["public_id"]);
        if early.contains(&old) {
            assert_eq!(item["replaced_by"], Value::Null, "what is good stays");
            continue;
        }
        // The old one stays refused with its reason; the new one is valid under the new key and ends when the old one did.
        assert_eq!(
            verdict(&story, &old, "key").await,
            ("not_genuine".to_owned(), "key_compromised".to_owned())
        );
        let new = text(&item["replaced_by"]);
        let told = story
            .who("anybody")
            .get(&format!("/api/v1/verifications/{new}"))
            .await
            .good();
        assert_eq!(told["state"], "valid", "{told}");
        assert_eq!(reason(&told, "log_inclusion"), "logged_witnessed");
        let row = story.certificate(&new).await;
        assert_eq!(row["kid"], fresh);
        if old == late[0] {
            assert_eq!(vec![row["expires_at"].clone()], ends);
        }
        let gone = story.certificate(&old).await;
        assert_eq!(
            (&gone["status"], &gone["status_reason"]),
            (&json!("superseded"), &json!("key_compromise"))
        );
    }

    // The theft turns out to be older than the first witnesses: what was covered is so no more, and is replaced too.
    let older = stolen_at - Duration::days(60);
    let change = json!({ "state": "compromised", "compromised_at": millis(older) });
    story.key_state(kid, &change).await;
    assert_eq!(
        verdict(&story, &early[0], "key").await,
        ("not_genuine".to_owned(), "key_compromised".to_owned())
    );
    let done = story.who("province-1").post(&path, &json!({})).await.good();
    assert_eq!(done["reissued"], 2);
}

async fn wallet(story: &Story, id: &str) -> tests::Answer {
    let path = format!("/api/v1/certificates/{id}/credential.jwt");
    story.who("province-1").get(&path).await
}

/// Other software knows no log and no states of keys: what stays valid gets its wallet forms under the key of today.
async fn in_wallets(story: &Story, early: &str, late: &str, fresh: &str) {
    let app = &story.server.app;
    let host: certs::qr::Host = app.config.host.parse().expect("a host");
    let keys = api::certificates::keys::published_key_set(app.store.reader());
    let keys = keys.await.expect("keys");
    let token = wallet(story, early).await.text();
    let badge = certs::credential::verify_badge(&token, &host, &keys, app.now()).expect("a badge");
    assert_eq!(badge.key_id().to_string(), fresh);
    let facts = badge.facts();
    assert_eq!(facts.public_id.to_string(), early);
    assert!(facts.issued_at <= facts.valid_from && facts.valid_from <= app.now());
    for name in ["credential.json", "credential.sdjwt"] {
        let path = format!("/api/v1/certificates/{early}/{name}");
        let text = story.who("province-1").get(&path).await.text();
        let kid = if name == "credential.json" {
            certs_ld::verify(&text, &host, &keys, app.now())
                .expect("a proof")
                .key_id
        } else {
            certs::credential::verify_sd_jwt(&text, &host, &keys, None, app.now())
                .expect("an SD-JWT")
                .key_id
        };
        assert_eq!(kid.to_string(), fresh, "{name}");
    }
    wallet(story, late).await.problem(409, "key-compromised");
}

/// A certificate of nobody, under the stolen key, dated like a true one.
fn forge(story: &Story, kid: &str, like: &str) -> String {
    let app = &story.server.app;
    let signer = app
        .keyring
        .issuer(&kid.parse().expect("a kid"))
        .expect("the key");
    let cose = certs::qr::parse_qr_text(like)
        .expect("a QR text")
        .cose
        .expect("signed data");
    let decoded = certificate::decode(&cose).expect("a certificate");
    let mut claims = decoded.unverified_claims().clone();
    claims.holder = "虚构冒名".parse().expect("a name");
    claims.public_id = domain::PublicId::from_bytes([9; 16]);
    let signed = certificate::sign(&claims, signer.as_ref()).expect("signed");
    let host = app.config.host.parse().expect("a host");
    certs::qr::qr_text(&host, &claims.public_id, signed.as_bytes())
}

async fn without_witnesses_the_time_of_commit_decides(database: Database) {
    let (mut story, issued) = Story::with_certificates(database, 1).await;
    let early = ids(&issued);
    let kid = "k3326";
    story.server.clock.advance_seconds(60);
    let stolen_at = story.server.app.now();
    let cohort = story.accepted(1).await;
    let late = ids(&story.issue(&cohort).await);
    let change = json!({ "state": "compromised", "compromised_at": millis(stolen_at) });
    story.key_state(kid, &change).await;
    assert_eq!(
        verdict(&story, &early[0], "key").await,
        ("valid".to_owned(), "key_compromised_covered".to_owned())
    );
    assert_eq!(
        verdict(&story, &early[0], "log_inclusion").await.1,
        "logged"
    );
    assert_eq!(
        verdict(&story, &late[0], "key").await,
        ("not_genuine".to_owned(), "key_compromised".to_owned())
    );
    // A certificate on hold is not replaced behind the back of who reviews it.
    let list = affected(&story, kid).await;
    assert_eq!(
        (
            &list["witnessed"],
            &list["counts"]["covered"],
            &list["counts"]["to_reissue"]
        ),
        (&json!(false), &json!(1), &json!(1))
    );
    story.suspend(&late[0]).await;
    story.issuer_key(2026).await;
    let path = format!("/api/v1/keys/{kid}/reissues");
    let province = story.who("province-1");
    let done = province.post(&path, &json!({})).await.good();
    assert_eq!(done["reissued"], 0);
    assert_eq!(affected(&story, kid).await["counts"]["on_hold"], 1);
    story.resume(&late[0]).await;
    let done = province.post(&path, &json!({})).await.good();
    assert_eq!(done["reissued"], 1);

    // Limits, and keys that are not compromised.
    for limit in [0, 501] {
        province
            .post(&path, &json!({ "limit": limit }))
            .await
            .problem(422, "invalid-request");
    }
    province
        .post("/api/v1/keys/k3326-2/reissues", &json!({}))
        .await
        .problem(409, "transition-refused");
    province
        .get("/api/v1/keys/k3326-2/affected")
        .await
        .problem(409, "transition-refused");
    for path in [
        "/api/v1/keys/k9999/reissues",
        "/api/v1/keys/status/reissues",
    ] {
        province
            .post(path, &json!({}))
            .await
            .problem(404, "not-found");
    }
    story
        .who("national-1")
        .post(&path, &json!({}))
        .await
        .problem(403, "forbidden");
}
