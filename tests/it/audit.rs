//! The audit (trust.md AD-1): what was done and what was refused stands in it, and whoever changes it is found out.

use api::audit::{anchor, check};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::audit::{AuditFilter, AuditRow};
use store::tampering;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Client, Database, Story, on_both, people};
use uuid::Uuid;

on_both! {
    every_act_and_every_refusal_stands_in_the_audit_with_who_when_and_from_where;
    a_refusal_on_a_page_is_told_of_whoever_is_signed_in_there;
    reading_what_is_not_there_is_counted_by_the_minute;
    two_edits_with_one_receipt_leave_different_hashes_and_nothing_to_guess;
    a_refused_sign_in_is_told_without_the_name_that_was_typed;
    a_flood_of_refusals_is_counted_and_not_listed;
    a_line_end_in_a_request_makes_no_second_line;
    the_database_itself_refuses_to_change_or_delete_a_row;
    a_changed_deleted_inserted_or_moved_row_is_found_and_named;
    a_chain_that_was_written_anew_is_found_by_its_anchored_head;
    the_head_is_anchored_once_a_day_also_by_two_nodes;
}

/// All rows, oldest first.
async fn rows(story: &Story) -> Vec<AuditRow> {
    store::audit::rows(story.server.app.store.reader(), 1, 100_000)
        .await
        .expect("rows")
}

async fn refused(story: &Story) -> Vec<AuditRow> {
    let mut found = rows(story).await;
    found.retain(|row| row.outcome != "done");
    found
}

async fn every_act_and_every_refusal_stands_in_the_audit_with_who_when_and_from_where(
    database: Database,
) {
    let story = Story::applied(database).await;
    let created = rows(&story).await;
    let made = created
        .iter()
        .find(|row| row.act == "create_account")
        .expect("an account was made");
    assert_eq!(made.role.as_deref(), Some("account_admin"));
    assert_eq!(made.federation.as_deref(), Some("000000"));
    assert_eq!(made.capacity.as_deref(), Some("own"));
    assert_eq!(made.network, "127.0.0.0/24");
    assert_eq!(
        made.request_id.len(),
        8,
        "the number that the answer carried"
    );
    assert!(made.after.is_some() && made.before.is_none(), "{made:?}");
    let signed_in = created.iter().filter(|row| row.act == "sign_in").count();
    assert!(signed_in > 0, "who came in is told");

    // 403: a county officer makes no accounts.
    let request = json!({ "name": "x-1", "person_name": "虚构", "role": "county_officer", "federation": "330106", "password": PASSWORD });
    let answer = story
        .who("county-1")
        .post("/api/v1/accounts", &request)
        .await;
    answer.problem(403, "forbidden");
    // 404: an act on what is outside one's area.
    let path = format!("/api/v1/institutions/{}/sites", story.institution);
    let site = json!({ "name": "别处", "region": "330106", "address": "某路", "provisions": [] });
    let outside = story.who("other-school").post(&path, &site).await;
    assert!(
        [403, 404].contains(&outside.status.as_u16()),
        "{}",
        outside.text()
    );
    // 401 of an account that is known but has ended.
    let token = story.who("county-2").token().await.expect("a token");
    tampering::plainly(
        &story.server.app.store,
        "UPDATE account SET token_epoch = 9 WHERE name = 'county-2'",
    )
    .await
    .expect("the account's sessions end");
    let ended = reqwest_get(&story, "/api/v1/self", &token).await;
    assert_eq!(ended, 401);
    let told = refused(&story).await;
    let of = |outcome: &str| {
        told.iter()
            .find(|row| row.outcome == outcome)
            .unwrap_or_else(|| panic!("{outcome}: {told:?}"))
    };
    let forbidden = of("forbidden");
    assert_eq!(forbidden.act, "POST /api/v1/accounts");
    assert_eq!(forbidden.role.as_deref(), Some("county_officer"));
    assert_eq!(forbidden.network, "127.0.0.0/24");
    let unknown = of("unauthenticated");
    assert!(
        unknown.account.is_some() && unknown.post.is_none(),
        "{unknown:?}"
    );
    assert_eq!(
        check::check(&story.server.app, |_| ())
            .await
            .expect("a check")
            .faults_total,
        0
    );
    let text = format!("{:?}", rows(&story).await);
    assert!(
        !text.contains(PASSWORD) && !text.contains("虚构"),
        "nothing secret, nobody's name"
    );
}

/// An id that nothing has.
const NOBODY: u128 = 0x0198_0000_0000_7000_8000_0000_0000_0001;

/// A form that came from a page of ours.
const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

async fn a_refusal_on_a_page_is_told_of_whoever_is_signed_in_there(database: Database) {
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let proposed = story.transition("province-1", "T06").await;
    let mut officer = Browser::new(&story.server);
    // Nobody is signed in: led to the sign-in, which refuses nothing.
    assert_eq!(officer.open("/admin/accounts").await.status, 303);
    officer.sign_in("province-1", PASSWORD).await;
    assert!(refused(&story).await.is_empty());

    let account = Uuid::from_u128(NOBODY);
    let closed = officer.open(&format!("/admin/accounts/{account}")).await;
    assert_eq!(closed.status, 403, "{}", closed.text());
    let key = [("decision", "approve"), ("key", "once")];
    let own = format!("/desk/proposals/{}", text(&proposed["proposal_id"]));
    assert_eq!(officer.send(&own, &OWN, &key).await.status, 409);
    let nothing = format!("/desk/proposals/{account}");
    assert_eq!(officer.send(&nothing, &OWN, &key).await.status, 404);
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    assert_eq!(officer.send(&own, &foreign, &key).await.status, 403);

    let told = refused(&story).await;
    let told: Vec<(&str, &str, &str, Option<&str>)> = told
        .iter()
        .map(|row| {
            (
                row.act.as_str(),
                row.object_id.as_str(),
                row.outcome.as_str(),
                row.role.as_deref(),
            )
        })
        .collect();
    let (account, role) = (account.to_string(), Some("province_officer"));
    let proposal = text(&proposed["proposal_id"]);
    for one in [
        ("GET /admin/accounts/{id}", &account, "forbidden"),
        (
            "POST /desk/proposals/{id}",
            &proposal,
            "second-person-required",
        ),
        ("POST /desk/proposals/{id}", &account, "not-found"),
        ("POST /desk/proposals/{id}", &proposal, "cross-site"),
    ] {
        let row = (one.0, one.1.as_str(), one.2, role);
        assert!(told.contains(&row), "{row:?}: {told:?}");
    }
    assert_eq!(told.len(), 4, "{told:?}");
}

async fn reading_what_is_not_there_is_counted_by_the_minute(database: Database) {
    let story = Story::applied(database).await;
    let mut officer = Browser::new(&story.server);
    officer.sign_in("county-1", PASSWORD).await;
    let elsewhere = story.who("other-county");
    for _ in 0..7 {
        let path = format!("/admin/episodes/{}", Uuid::from_u128(NOBODY));
        assert_eq!(officer.open(&path).await.status, 404);
        // What lies in another's area looks like what is not there.
        let path = format!("/api/v1/institutions/{}", story.admission);
        elsewhere.get(&path).await.problem(404, "not-found");
    }
    let nobody = story.who("anybody").get("/institutions/nothing").await;
    assert_eq!(nobody.status, 404);
    // Nothing is written while somebody waits: the time would tell which of the two it was.
    assert!(refused(&story).await.is_empty());
    story.server.clock.advance_seconds(61);
    api::audit::denials::flush(&story.server.app).await;
    let mut told = refused(&story).await;
    told.sort_by(|one, other| one.act.cmp(&other.act));
    let rows: Vec<(&str, &str, i64)> = told
        .iter()
        .map(|row| (row.act.as_str(), row.outcome.as_str(), row.times))
        .collect();
    assert_eq!(
        rows,
        [
            ("GET /admin/episodes/{id}", "not-found", 7),
            ("GET /api/v1/institutions/{id}", "not-found", 7),
        ]
    );
    assert!(told.iter().all(|row| row.account.is_some()));
    assert_ne!(told[0].account, told[1].account);
}

async fn two_edits_with_one_receipt_leave_different_hashes_and_nothing_to_guess(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (_, members) = story.class_of(&people::known()[..1]).await;
    let path = format!("/api/v1/enrolments/{}/verified-contact", members[0].0);
    let county = story.who("county-1");
    let mut receipts = Vec::new();
    for phone in ["13900017001", "13900027001"] {
        let body = json!({ "phone": phone, "means": "counter" });
        let answer = county.post(&path, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        receipts.push(answer.text());
    }
    assert_eq!(receipts[0], receipts[1], "the number is masked");
    let mut edits = rows(&story).await;
    edits.retain(|row| row.act == "record_verified_contact");
    let [first, second] = &edits[..] else {
        panic!("{edits:?}");
    };
    assert!(first.after.is_some() && first.after != second.after);
    assert_eq!(first.after, second.before, "one hangs on the other");
    // What the request was is keyed: the receipt and every number of eleven digits do not lead to the hash.
    let id: domain::ids::EnrolmentId = members[0].0;
    let request = serde_json::to_vec(&(id, "13900017001", "counter")).expect("JSON");
    let mut plain = Sha256::new();
    plain.update(b"record_verified_contact\0");
    plain.update(&request);
    let digest = plain.finalize();
    for guess in [
        Sha256::digest(receipts[0].as_bytes()),
        Sha256::new()
            .chain_update(digest)
            .chain_update(&receipts[0])
            .finalize(),
        Sha256::new()
            .chain_update(&request)
            .chain_update(&receipts[0])
            .finalize(),
    ] {
        assert_ne!(first.after.as_deref(), Some(&guess[..]));
    }
}

async fn reqwest_get(story: &Story, path: &str, token: &str) -> u16 {
    let anybody = story.who("anybody");
    let request = anybody
        .ask(reqwest::Method::GET, path)
        .await
        .bearer_auth(token);
    anybody.send(request).await.status.as_u16()
}

async fn a_refused_sign_in_is_told_without_the_name_that_was_typed(database: Database) {
    let story = Story::staffed(database).await;
    let try_in = |name: &'static str| {
        let body = json!({ "name": name, "password": "not-the-password-of-it" });
        let anybody = story.who("anybody");
        async move {
            let request = anybody.ask(reqwest::Method::POST, "/api/v1/sessions").await;
            anybody.send(request.json(&body)).await
        }
    };
    // Somebody typed a password into the field of the name.
    for name in ["county-1", "my-secret-password"] {
        try_in(name).await.problem(401, "invalid-credentials");
    }
    // Nothing is written while the asker waits: the duration would tell whether there is such an account.
    assert!(refused(&story).await.is_empty());
    story.server.clock.advance_seconds(61);
    api::audit::denials::flush(&story.server.app).await;
    let mut told = refused(&story).await;
    told.sort_by_key(|row| row.account.is_none());
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .all(|row| row.act == "sign_in" && row.outcome == "invalid-credentials")
    );
    assert!(told[0].account.is_some(), "the account is known");
    assert!(told[1].account.is_none() && told[1].object_id.is_empty());
    assert!(!format!("{told:?}").contains("secret"));
}

async fn a_flood_of_refusals_is_counted_and_not_listed(database: Database) {
    let story = Story::staffed(database).await;
    let county = story.who("county-1");
    for _ in 0..40 {
        county
            .post(
                "/api/v1/keys",
                &json!({ "federation": "330000", "year": 2026 }),
            )
            .await
            .problem(403, "forbidden");
    }
    assert_eq!(refused(&story).await.len(), 1);
    story.server.clock.advance_seconds(61);
    api::audit::denials::flush(&story.server.app).await;
    let told = refused(&story).await;
    assert_eq!(
        told.iter().map(|row| row.times).collect::<Vec<_>>(),
        [1, 39]
    );
}

async fn a_line_end_in_a_request_makes_no_second_line(database: Database) {
    let story = Story::staffed(database).await;
    let county = story.who("county-1");
    let forged = "/api/v1/institutions/%0d%0a2026-01-01%20national-1%20done/acts";
    county.post(forged, &json!({})).await;
    county
        .post_with_key("/api/v1/keys", "key-%0d%0a", &json!({}))
        .await;
    let entry = store::audit::AuditEntry {
        at: story.server.app.now(),
        request_id: "R\r\nforged",
        actor: None,
        account: None,
        network: "process",
        act: "try\nforged",
        object_kind: "",
        object_id: "\u{2028}",
        outcome: "done",
        times: 1,
        detail: "one\u{202e}\r\ntwo",
        after: None,
    };
    let tx = story.server.app.store.write().await.expect("a transaction");
    store::audit::append(&tx, &entry).await.expect("a row");
    store::commit(tx).await.expect("it is kept");
    for row in rows(&story).await {
        let text = [
            &row.act,
            &row.object_id,
            &row.detail,
            &row.request_id,
            &row.object_kind,
        ];
        assert!(
            text.iter().all(|text| !text
                .chars()
                .any(|c| c.is_control() || c == '\u{202e}' || c == '\u{2028}')),
            "{row:?}"
        );
    }
}

async fn the_database_itself_refuses_to_change_or_delete_a_row(database: Database) {
    let story = Story::staffed(database).await;
    anchor::now(&story.server.app).await.expect("an anchor");
    let before = rows(&story).await;
    for sql in [
        "UPDATE audit SET act = 'other' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "DELETE FROM audit",
        "UPDATE audit_head SET seq = 1",
        "DELETE FROM audit_head",
        "UPDATE audit_anchor SET seq = 1, hash = ''",
        "DELETE FROM audit_anchor",
    ] {
        let done = tampering::plainly(&story.server.app.store, sql).await;
        assert!(done.is_err(), "{sql}");
    }
    assert_eq!(rows(&story).await, before);
}

/// Kinds of fault with the first row of each.
async fn faults(story: &Story) -> Vec<(&'static str, i64)> {
    let found = check::check(&story.server.app, |_| ())
        .await
        .expect("a check");
    found
        .faults
        .iter()
        .map(|fault| (fault.kind, fault.row))
        .collect()
}

async fn a_changed_deleted_inserted_or_moved_row_is_found_and_named(database: Database) {
    let story = Story::staffed(database).await;
    let store = &story.server.app.store;
    assert_eq!(faults(&story).await, []);
    let undo_later = |sql: &'static str| async move {
        tampering::as_owner(store, sql)
            .await
            .expect("the owner can");
    };
    // Changed, and changed back.
    undo_later("UPDATE audit SET times = times + 1 WHERE seq = 3").await;
    assert_eq!(faults(&story).await, [("changed", 3)]);
    undo_later("UPDATE audit SET times = times - 1 WHERE seq = 3").await;
    // One field moved into its neighbour: the same text in a row, another meaning.
    undo_later("UPDATE audit SET act = act || 'x' WHERE seq = 4").await;
    assert_eq!(faults(&story).await, [("changed", 4)]);
    undo_later("UPDATE audit SET act = substr(act, 1, length(act) - 1) WHERE seq = 4").await;
    // Two rows change places.
    let swap = "UPDATE audit SET seq = -1 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = -1";
    undo_later(swap).await;
    let moved = faults(&story).await;
    assert!(
        moved.contains(&("changed", 5))
            && moved.contains(&("changed", 6))
            && moved.contains(&("misplaced", 5)),
        "{moved:?}"
    );
    undo_later(swap).await;
    assert_eq!(faults(&story).await, []);
    // A row behind the head.
    undo_later(
        "INSERT INTO audit SELECT (SELECT seq + 1 FROM audit_head), at, request_id, staff_person_id, account_id, post_id, role, federation, \
         institution_id, capacity, network, act, object_kind, object_id, outcome, times, detail, before_sha256, after_sha256, previous_hash, hash \
         FROM audit WHERE seq = 2",
    )
    .await;
    let last = rows(&story).await.last().expect("rows").seq;
    let inserted = faults(&story).await;
    assert!(
        inserted.contains(&("behind-head", last)) && inserted.contains(&("changed", last)),
        "{inserted:?}"
    );
    undo_later("DELETE FROM audit WHERE seq > (SELECT seq FROM audit_head)").await;
    // A row in the middle, the others moved up.
    undo_later(
        "UPDATE audit SET seq = -seq WHERE seq > 6; UPDATE audit SET seq = 1 - seq WHERE seq < 0; \
         INSERT INTO audit SELECT 7, at, request_id, staff_person_id, account_id, post_id, role, federation, \
         institution_id, capacity, network, act, object_kind, object_id, outcome, times, detail, before_sha256, after_sha256, previous_hash, hash \
         FROM audit WHERE seq = 2; UPDATE audit_head SET seq = seq + 1",
    )
    .await;
    let inserted = faults(&story).await;
    assert_eq!(inserted.first(), Some(&("changed", 7)), "{inserted:?}");
    undo_later(
        "DELETE FROM audit WHERE seq = 7; UPDATE audit SET seq = -seq WHERE seq > 7; UPDATE audit SET seq = -seq - 1 WHERE seq < 0; \
         UPDATE audit_head SET seq = seq - 1",
    )
    .await;
    assert_eq!(faults(&story).await, []);
    // Deleted at the end, and in the middle.
    undo_later("DELETE FROM audit WHERE seq = (SELECT seq FROM audit_head)").await;
    assert_eq!(faults(&story).await, [("missing", last - 1)]);
    undo_later("DELETE FROM audit WHERE seq = 4").await;
    assert_eq!(faults(&story).await[0], ("missing", 4));
}

async fn a_chain_that_was_written_anew_is_found_by_its_anchored_head(database: Database) {
    let story = Story::staffed(database).await;
    let app = &story.server.app;
    let anchored = anchor::daily(app)
        .await
        .expect("an anchor")
        .expect("not done yet");
    assert_eq!(anchored.rows, rows(&story).await.last().expect("rows").seq);
    assert_eq!(faults(&story).await, []);
    // Rows of another day, not anchored yet: the chain alone vouches for them.
    let unsafe_from = anchored.rows + 1;
    story.who("national-1").post("/api/v1/accounts", &json!({
        "name": "later-1", "person_name": "虚构", "role": "county_officer", "federation": "330106", "password": PASSWORD })).await.good();
    tampering::rewrite_from(&app.store, 4, "nothing")
        .await
        .expect("the owner can");
    let found = check::check(app, |_| ()).await.expect("a check");
    assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
    let fault = &found.faults[0];
    assert_eq!(
        (fault.kind, fault.row, fault.until),
        ("rewritten", 1, anchored.rows)
    );
    assert!(
        fault
            .text
            .contains(&format!("leaf {}", anchored.leaf_index))
    );
    assert!(unsafe_from > fault.until);
    // Whoever writes the new hash into the anchor and into the row of the leaf does not reach the signed tree.
    let index = anchored.leaf_index;
    let from = domain::ids::LeafIndex(index);
    let leaves = store::log::leaves(app.store.reader(), from, 1).await;
    let leaf = leaves.expect("leaves").remove(0);
    let mut entry = certs::log::LeafEntry::decode(&leaf.entry).expect("an entry");
    let certs::log::LeafEntry::AuditHead { sha256, .. } = &mut entry else {
        panic!("no head of an audit");
    };
    let written = rows(&story).await;
    let at = written.iter().find(|row| row.seq == anchored.rows);
    sha256.copy_from_slice(&at.expect("a row").hash);
    let head = data_encoding::HEXLOWER.encode(sha256);
    let entry = data_encoding::HEXLOWER.encode(&entry.encode());
    let sql = |before: &str| {
        format!(
            "UPDATE audit_anchor SET hash = {before}{head}'; \
             UPDATE log_leaf SET entry = {before}{entry}' WHERE leaf_index = {index}"
        )
    };
    if tampering::as_owner(&app.store, &sql("X'")).await.is_err() {
        tampering::as_owner(&app.store, &sql("'\\x"))
            .await
            .expect("the owner can");
    }
    assert_eq!(faults(&story).await, [("unproven", anchored.rows)]);
    // Whoever takes the anchor away as well does not reach the leaf.
    tampering::as_owner(&app.store, "DELETE FROM audit_anchor")
        .await
        .expect("the owner can");
    assert_eq!(faults(&story).await[0].0, "anchor");
    // Nor does whoever gives the leaf out for one of another kind: it is not found any more, and the check of the log tells.
    let sql = format!("UPDATE log_leaf SET kind = 5 WHERE leaf_index = {index}");
    let moved = tampering::as_owner(&app.store, &sql).await;
    moved.expect("the owner can");
    let checked = api::log::check::check(app, |_| ()).await.expect("checked");
    let told = format!("leaf {index} is kept as of kind 5, and is of kind 7");
    assert!(checked.faults.contains(&told), "{:?}", checked.faults);
}

async fn the_head_is_anchored_once_a_day_also_by_two_nodes(database: Database) {
    let story = Story::staffed(database).await;
    let app = &story.server.app;
    let before = story.server.leaves().await;
    let (one, two) = tokio::join!(anchor::daily(app), anchor::daily(app));
    let done = [one.expect("no fault"), two.expect("no fault")];
    assert_eq!(done.iter().flatten().count(), 1, "one of the two");
    assert!(anchor::daily(app).await.expect("no fault").is_none());
    assert_eq!(story.server.leaves().await, before + 1);
    story.server.days_pass(1);
    let next = anchor::daily(app)
        .await
        .expect("no fault")
        .expect("a new day");
    assert_eq!(story.server.leaves().await, before + 2);
    assert_eq!(next.leaf_index, before + 1);
    assert!(
        anchor::now(app).await.expect("no fault").is_none(),
        "nothing new since"
    );
    let client = Client::anybody(&story.server);
    let proof = client
        .get(&format!("/log/proof/{}", next.leaf_index))
        .await
        .good();
    let entry = data_encoding::BASE64
        .decode(proof["entry"].as_str().expect("an entry").as_bytes())
        .expect("base64");
    let leaf = certs::log::LeafEntry::decode(&entry).expect("a leaf");
    let certs::log::LeafEntry::AuditHead { sha256, .. } = leaf else {
        panic!("{leaf:?}")
    };
    assert_eq!(data_encoding::HEXLOWER.encode(&sha256), next.head);
    let all = store::audit::page(
        app.store.reader(),
        "000000",
        &AuditFilter::default(),
        None,
        10,
    )
    .await;
    assert!(!all.expect("rows").is_empty());
}
