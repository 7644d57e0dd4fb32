//! Status lists: no index is given twice, no change is lost, and what is served is signed, cacheable and short-lived
//! (trust.md PI-8, KY-6; interop.md).

use std::collections::{BTreeMap, BTreeSet};

use certs::certificate::Claims;
use certs::credential::{StatusPurpose, TokenStatus, verify_status_list, verify_token_status_list};
use certs::keys::KeySet;
use certs::qr::Host;
use reqwest::Method;
use serde_json::json;
use tests::answer::text;
use tests::{Answer, Database, Story, on_both};

on_both! {
    two_issuers_at_once_never_share_an_index;
    changes_at_once_all_stick_and_are_served_in_every_form;
    a_list_is_kept_as_it_was_signed_until_it_has_to_be_made_anew;
    a_full_list_is_followed_by_the_next;
}

/// Two things at once.
async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    // On the heap: an act is a large future.
    tokio::join!(Box::pin(a), Box::pin(b))
}

async fn keys(story: &Story) -> (Host, KeySet) {
    let app = &story.server.app;
    let keys = api::certificates::keys::published_key_set(app.store.reader())
        .await
        .expect("keys");
    (app.config.host.parse().expect("a host"), keys)
}

async fn claims(story: &Story, id: &str) -> Claims {
    let qr = story.qr_text(id).await;
    let cose = certs::qr::parse_qr_text(&qr)
        .expect("a QR text")
        .cose
        .expect("signed data");
    certs::certificate::decode(&cose)
        .expect("a certificate")
        .unverified_claims()
        .clone()
}

fn ids(issued: &serde_json::Value) -> Vec<String> {
    issued["certificates"]
        .as_array()
        .expect("certificates")
        .iter()
        .map(|one| text(&one["id"]))
        .collect()
}

async fn list(story: &Story, kind: &str, number: u32, accept: &str) -> Answer {
    let anybody = story.who("anybody");
    let request = anybody
        .ask(Method::GET, &format!("/status/{kind}/{number}"))
        .await
        .header("Accept", accept);
    anybody.send(request).await
}

async fn two_issuers_at_once_never_share_an_index(database: Database) {
    let mut story = Story::ready(database).await;
    let mut batches = Vec::new();
    for _ in 0..4 {
        let cohort = story.accepted(5).await;
        batches.push(story.propose(&cohort).await);
    }
    let issue = async |who: &str, batch: &String| {
        story
            .who(who)
            .post(
                &format!("/api/v1/certificate-batches/{batch}/approve"),
                &json!({}),
            )
            .await
            .good()
    };
    // Two officers, each with two batches, all at the same time.
    let (first, second) = both(
        both(
            issue("province-1", &batches[0]),
            issue("province-2", &batches[1]),
        ),
        both(
            issue("province-1", &batches[2]),
            issue("province-2", &batches[3]),
        ),
    )
    .await;
    let mut places = BTreeSet::new();
    for issued in [first.0, first.1, second.0, second.1] {
        for id in ids(&issued) {
            let claims = claims(&story, &id).await;
            assert!(claims.status_index < 131_072);
            assert!(
                places.insert((claims.status_list, claims.status_index)),
                "{places:?} has {id} already"
            );
        }
    }
    assert_eq!(places.len(), 20);
    let indices: Vec<u32> = places.iter().map(|(_, index)| *index).collect();
    let neighbours = indices.windows(2).filter(|pair| pair[1] - pair[0] == 1);
    assert!(neighbours.count() < 3, "the order is random: {indices:?}");
}

async fn changes_at_once_all_stick_and_are_served_in_every_form(database: Database) {
    let (story, issued) = Story::with_certificates(database, 8).await;
    let ids = ids(&issued);
    // Six revocations wait for their second person; two of the others are to be put on hold.
    let mut proposals = Vec::new();
    for id in &ids[..6] {
        let certificate = text(&story.certificate(id).await["id"]);
        let request = json!({ "act": "revoke", "reason_code": "issued_in_error" });
        proposals.push(
            story
                .who("province-1")
                .act(
                    &format!("/api/v1/certificates/{certificate}"),
                    "changes",
                    &request,
                )
                .await
                .good(),
        );
    }
    story.server.days_pass(14);
    // Signed in beforehand: many sign-ins of one moment are another test.
    story.who("province-2").token().await;
    let hold = story.suspend(&ids[6]);
    let approve = |at: usize| story.approve("province-2", &proposals[at]);
    // While they change, somebody reads the lists all the time.
    let read = async {
        for _ in 0..5 {
            assert_eq!(list(&story, "revocation", 1, "*/*").await.status, 200);
        }
    };
    let changes = both(
        both(both(approve(0), approve(1)), both(approve(2), approve(3))),
        both(both(approve(4), approve(5)), hold),
    );
    Box::pin(both(changes, read)).await;

    let (host, keys) = keys(&story).await;
    let now = story.server.app.now();
    let mut wanted: BTreeMap<u32, (bool, bool)> = BTreeMap::new();
    for (at, id) in ids.iter().enumerate() {
        wanted.insert(claims(&story, id).await.status_index, (at < 6, at == 6));
    }
    let read = |purpose: StatusPurpose, answer: &Answer| {
        verify_status_list(&answer.text(), &host, purpose, 1, &keys, now).expect("a good list")
    };
    let revocation = list(&story, "revocation", 1, "*/*").await;
    assert_eq!(revocation.header("content-type"), "application/vc+jwt");
    assert_eq!(revocation.header("cache-control"), "public, max-age=300");
    assert_eq!(revocation.header("access-control-allow-origin"), "*");
    let suspension = list(&story, "suspension", 1, "application/vc+jwt").await;
    let token = list(&story, "token", 1, "application/statuslist+jwt").await;
    assert_eq!(token.header("content-type"), "application/statuslist+jwt");
    let revoked = read(StatusPurpose::Revocation, &revocation);
    let suspended = read(StatusPurpose::Suspension, &suspension);
    let tokens =
        verify_token_status_list(&token.text(), &host, 1, &keys, now).expect("a good list");
    assert!(revoked.bits().bits() >= 131_072);
    for (index, (is_revoked, is_held)) in &wanted {
        assert_eq!(revoked.bits().get(*index), Some(*is_revoked), "{index}");
        assert_eq!(suspended.bits().get(*index), Some(*is_held), "{index}");
        let status = match (is_revoked, is_held) {
            (true, _) => TokenStatus::Invalid,
            (_, true) => TokenStatus::Suspended,
            _ => TokenStatus::Valid,
        };
        assert_eq!(tokens.get(*index), Some(status), "{index}");
    }
    // For clients that know no JWT: JSON with an embedded proof, and the same bits.
    for accept in ["application/ld+json, application/json", "application/json"] {
        let json = list(&story, "revocation", 1, accept).await;
        let verified = certs_ld::verify(&json.text(), &host, &keys, now).expect("a proof");
        let encoded = text(&verified.document["credentialSubject"]["encodedList"]);
        let bits = certs::credential::StatusBitmap::decode(&encoded).expect("bits");
        for (index, (is_revoked, _)) in &wanted {
            assert_eq!(bits.get(*index), Some(*is_revoked), "{index}");
        }
        let first = accept.split(',').next().unwrap_or("");
        assert_eq!(json.header("content-type"), first);
        assert_eq!(json.header("vary"), "Accept");
        // A bit more, and nobody believes it.
        let altered = json
            .text()
            .replacen("\"encodedList\":\"u", "\"encodedList\":\"uA", 1);
        assert!(certs_ld::verify(&altered, &host, &keys, now).is_err());
    }
    // Whatever else is asked for, also by name, there is the list as a JWT.
    for accept in ["application/jwt", "application/vc+ld+json", "text/html"] {
        for (kind, form) in [
            ("revocation", "application/vc+jwt"),
            ("suspension", "application/vc+jwt"),
            ("token", "application/statuslist+jwt"),
        ] {
            let answer = list(&story, kind, 1, accept).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("content-type")),
                (200, form),
                "{kind} {accept}"
            );
        }
        assert_eq!(list(&story, "revocation", 2, accept).await.status, 404);
    }
    // Resumed: the bit is cleared.
    story.resume(&ids[6]).await;
    let suspended = read(
        StatusPurpose::Suspension,
        &list(&story, "suspension", 1, "*/*").await,
    );
    let index = claims(&story, &ids[6]).await.status_index;
    assert_eq!(suspended.bits().get(index), Some(false));
    for (path, status, code) in [
        ("/status/revocation/2", 404, "not-found"),
        ("/status/revocation/0", 404, "not-found"),
        ("/status/refresh/1", 404, "not-found"),
        ("/status/revocation/4294967295", 404, "not-found"),
    ] {
        story.who("anybody").get(path).await.problem(status, code);
    }
    let answer = story.who("anybody").get("/status/revocation/-1").await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
}

async fn a_list_is_kept_as_it_was_signed_until_it_has_to_be_made_anew(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let (host, keys) = keys(&story).await;
    let server = &story.server;
    let first = list(&story, "revocation", 1, "*/*").await;
    server.clock.advance_seconds(6 * 3600);
    let same = list(&story, "revocation", 1, "*/*").await;
    assert_eq!(
        same.bytes, first.bytes,
        "the same bytes for half its validity"
    );
    let anybody = story.who("anybody");
    // A proxy that packs answers makes the tag a weak one.
    for path in ["/status/revocation/1", "/api/v1/trust-list"] {
        let tag = anybody.get(path).await.header("etag").to_owned();
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"x\", W/{tag}"),
            "*".to_owned(),
        ] {
            let request = anybody.ask(Method::GET, path).await;
            let unchanged = anybody.send(request.header("If-None-Match", &known)).await;
            assert_eq!(
                (unchanged.status.as_u16(), unchanged.bytes.len()),
                (304, 0),
                "{path} {known}"
            );
        }
        let request = anybody.ask(Method::GET, path).await;
        let other = anybody
            .send(request.header("If-None-Match", "W/\"x\""))
            .await;
        assert_eq!(other.status, 200, "{path}");
    }

    // Past half of its validity it is made anew, without any change.
    server.clock.advance_seconds(6 * 3600 + 1);
    let anew = list(&story, "revocation", 1, "*/*").await;
    assert_ne!(anew.bytes, first.bytes);
    let now = server.app.now();
    let purpose = StatusPurpose::Revocation;
    let read =
        |answer: &Answer, now| verify_status_list(&answer.text(), &host, purpose, 1, &keys, now);
    assert!(read(&anew, now).is_ok());
    // An old copy is refused once its day is over.
    server.clock.advance_seconds(12 * 3600);
    assert!(
        read(&first, server.app.now()).is_err(),
        "an old list is not believed"
    );

    // A change of a status shows at once.
    let before = list(&story, "suspension", 1, "*/*").await;
    let id = text(&issued["certificates"][0]["id"]);
    story.suspend(&id).await;
    let after = list(&story, "suspension", 1, "*/*").await;
    assert_ne!(after.bytes, before.bytes);
}

async fn a_full_list_is_followed_by_the_next(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(3).await;
    story.issue(&cohort).await;
    // One place is left that a certificate may have: the last 1/64 are decoys.
    let last = 131_072 - 131_072 / 64 - 1;
    let sql = format!("UPDATE status_list SET used = {last} WHERE id = 1");
    store::tampering::plainly(&story.server.app.store, &sql)
        .await
        .expect("the list is nearly full");
    let cohort = story.accepted(3).await;
    let issued = story.issue(&cohort).await;
    let mut lists = Vec::new();
    for id in ids(&issued) {
        lists.push(claims(&story, &id).await.status_list);
    }
    lists.sort_unstable();
    assert_eq!(lists, [1, 2, 2]);
    let (host, keys) = keys(&story).await;
    let now = story.server.app.now();
    for number in [1, 2] {
        let answer = list(&story, "revocation", number, "*/*").await;
        let read = verify_status_list(
            &answer.text(),
            &host,
            StatusPurpose::Revocation,
            number,
            &keys,
            now,
        )
        .expect("a good list");
        // Decoys grow with the list: nobody reads the number of revocations from the number of bits.
        let count = read.bits().count();
        assert_eq!(count > 500, number == 1, "list {number}: {count} bits");
    }
}
