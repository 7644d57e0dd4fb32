//! The log is proven, not read.

use certs::log::LeafEntry;
use chrono::{DateTime, Utc};
use domain::PublicId;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{ask, id, tamper, verdict};

on_both! {
    a_leaf_that_was_overwritten_proves_nothing;
    a_bundle_has_every_change_of_before_its_moment;
}

/// Puts other bytes into the row of a leaf: the same certificate, at another time.
async fn overwrite(story: &Story, id: &str) {
    let app = &story.server.app;
    let id: PublicId = id.parse().expect("an id");
    let known = store::certificates::public_by_id(app.store.public(), &id)
        .await
        .expect("asked")
        .expect("a certificate");
    let Ok(LeafEntry::Issue { .. }) = LeafEntry::decode(&known.leaf_entry) else {
        panic!("no leaf of an issue");
    };
    let mut entry = LeafEntry::decode(&known.leaf_entry).expect("an entry");
    if let LeafEntry::Issue { at, .. } = &mut entry {
        *at -= chrono::Duration::days(1);
    }
    let hex = data_encoding::HEXLOWER.encode(&entry.encode());
    let index = known.leaf_index.0;
    let of =
        |bytes: &str| format!("UPDATE log_leaf SET entry = {bytes} WHERE leaf_index = {index}");
    let postgres = of(&format!("'\\x{hex}'"));
    if store::tampering::plainly(&app.store, &of(&format!("X'{hex}'")))
        .await
        .is_err()
    {
        tamper(story, &postgres).await;
    }
}

async fn a_leaf_that_was_overwritten_proves_nothing(database: Database) {
    let (story, issued) = Story::with_certificates(database, 3).await;
    // One that nobody has asked for as yet; the first to ask has a list.
    overwrite(&story, &id(&issued, 0)).await;
    let qr = story.qr_text(&id(&issued, 0)).await;
    let items: Vec<Value> = (0..20).map(|_| json!({ "qr": qr })).collect();
    let rows = ask(&story, &json!({ "items": items })).await.good();
    for row in rows["items"].as_array().expect("rows") {
        assert_eq!(row["state"], "not_genuine", "{row}");
    }
    let log = |body: &Value| {
        let checks = body["checks"].as_array().expect("checks").clone();
        let log = checks
            .into_iter()
            .find(|one| one["name"] == "log_inclusion");
        let log = log.expect("a check");
        (text(&log["outcome"]), text(&log["reason"]))
    };
    let unproven = ("failed".to_owned(), "log_unproven".to_owned());
    let body = verdict(&story, &id(&issued, 0)).await;
    assert_eq!(
        (log(&body), &body["state"]),
        (unproven.clone(), &json!("not_genuine")),
        "{body}"
    );
    let page = story
        .who("anybody")
        .get(&format!("/v/{}", id(&issued, 0)))
        .await;
    assert!(
        page.text().contains("<title>不是本平台的证书"),
        "{}",
        page.text()
    );
    // Its neighbours in the tree are what they were; once proven, a change is seen as well.
    for _ in 0..2 {
        let body = verdict(&story, &id(&issued, 1)).await;
        assert_eq!(
            (log(&body).0.as_str(), &body["state"]),
            ("passed", &json!("valid")),
            "{body}"
        );
    }
    overwrite(&story, &id(&issued, 1)).await;
    assert_eq!(log(&verdict(&story, &id(&issued, 1)).await), unproven);
    // Also among many.
    assert_eq!(verdict(&story, &id(&issued, 2)).await["state"], "valid");
    let qr = story.qr_text(&id(&issued, 1)).await;
    let items: Vec<Value> = (0..20).map(|_| json!({ "qr": qr })).collect();
    let rows = ask(&story, &json!({ "items": items })).await.good();
    assert_eq!(rows["items"][0]["state"], "not_genuine");
}

/// The log gives each leaf a later time than its head has: so nothing commits behind a bundle's back with an earlier one.
async fn a_bundle_has_every_change_of_before_its_moment(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let app = &story.server.app;
    story.server.days_pass(1);
    let before = store::log::head(app.store.reader()).await.expect("a head");
    let built = api::bundles::build(app).await.expect("a bundle");
    let after = store::log::head(app.store.reader()).await.expect("a head");
    assert_eq!((before.size, before.root), (after.size, after.root));
    assert!(before.at < built.issued_at && built.issued_at <= after.at);
    let receipt = story.suspend(&id(&issued, 0)).await;
    let since: DateTime<Utc> = text(&receipt["since"]).parse().expect("a moment");
    assert!(since > built.issued_at, "{since}");
}
