//! Certificates change status with reason and history; their files carry the full name and are not public.

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

on_both! {
    status_changes_along_the_table_and_the_verdict_follows_at_once;
    a_corrected_certificate_replaces_the_old_one;
    what_has_reached_its_end_is_replaced_no_more;
    files_need_an_officer_in_scope_or_a_share_link;
    every_change_is_a_leaf_and_a_line_of_the_timeline;
}

async fn change(
    story: &Story,
    who: &str,
    certificate: &Value,
    act: &str,
    reason: &str,
) -> tests::Answer {
    let resource = format!("/api/v1/certificates/{}", text(&certificate["id"]));
    story
        .who(who)
        .act(
            &resource,
            "changes",
            &json!({ "act": act, "reason_code": reason, "reason": "核查记录第一号" }),
        )
        .await
}

async fn state(story: &Story, public_id: &str) -> String {
    let verdict = story
        .who("anybody")
        .get(&format!("/api/v1/verifications/{public_id}"))
        .await
        .good();
    text(&verdict["state"])
}

async fn institution(story: &Story, public_id: &str) -> String {
    crate::trust::verdict(story, public_id, "institution")
        .await
        .1
}

async fn first(story: &Story, issued: &Value, at: usize) -> (String, Value) {
    let public_id = text(&issued["certificates"][at]["id"]);
    let certificate = story.certificate(&public_id).await;
    (public_id, certificate)
}

async fn status_changes_along_the_table_and_the_verdict_follows_at_once(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let (id, certificate) = first(&story, &issued, 0).await;
    assert_eq!(state(&story, &id).await, "valid");
    change(&story, "province-1", &certificate, "resume", "cleared")
        .await
        .problem(409, "transition-refused");
    change(&story, "province-1", &certificate, "suspend", "correction")
        .await
        .problem(422, "invalid-request");
    change(&story, "county-1", &certificate, "suspend", "under_review")
        .await
        .problem(403, "forbidden");
    change(&story, "school-1", &certificate, "suspend", "under_review")
        .await
        .problem(403, "forbidden");
    change(
        &story,
        "province-1",
        &certificate,
        "suspend",
        "under_review",
    )
    .await
    .good();
    assert_eq!(state(&story, &id).await, "suspended");
    change(&story, "province-1", &certificate, "resume", "cleared")
        .await
        .good();
    assert_eq!(state(&story, &id).await, "valid");
    // Revoking takes two persons.
    let proposed = change(
        &story,
        "province-1",
        &certificate,
        "revoke",
        "fraud_by_institution",
    )
    .await
    .good();
    assert_eq!(
        state(&story, &id).await,
        "valid",
        "one person alone revokes nothing"
    );
    let path = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    story
        .who("province-1")
        .post(&path, &json!({}))
        .await
        .problem(409, "second-person-required");
    story
        .who("other-province")
        .post(&path, &json!({}))
        .await
        .problem(404, "not-found");
    // The holder is told first.
    story
        .who("province-2")
        .post(&path, &json!({}))
        .await
        .problem(409, "transition-refused");
    story.server.days_pass(14);
    story.approve("province-2", &proposed).await;
    assert_eq!(state(&story, &id).await, "revoked");
    for act in ["resume", "suspend", "revoke", "supersede"] {
        let reason = match act {
            "resume" => "cleared",
            "supersede" => "correction",
            "suspend" => "under_review",
            _ => "issued_in_error",
        };
        change(&story, "province-1", &certificate, act, reason)
            .await
            .problem(409, "transition-refused");
    }
    let (other, _) = first(&story, &issued, 1).await;
    assert_eq!(
        state(&story, &other).await,
        "valid",
        "the neighbour is untouched"
    );
    // Past its end a certificate has expired: by its date, without anybody's act.
    story.server.days_pass(800);
    assert_eq!(state(&story, &other).await, "expired");
    assert_eq!(state(&story, &id).await, "revoked");
}

async fn a_corrected_certificate_replaces_the_old_one(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let (id, certificate) = first(&story, &issued, 0).await;
    let answer = change(
        &story,
        "province-1",
        &certificate,
        "supersede",
        "correction",
    )
    .await
    .good();
    let new = text(&answer["superseded_by"]);
    assert_eq!(state(&story, &id).await, "superseded");
    assert_eq!(state(&story, &new).await, "valid");
    let (old, fresh) = (story.certificate(&id).await, story.certificate(&new).await);
    assert_ne!(
        old["certificate_no"], fresh["certificate_no"],
        "a number is never used again"
    );
    assert_eq!(
        institution(&story, &new).await,
        "institution_authorised",
        "as when the first was issued"
    );
    // Whoever is corrected after the institution was stopped loses nothing by it.
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防隐患。" });
    crate::cases::by_two(&story, stop).await;
    let answer = change(&story, "province-1", &fresh, "supersede", "correction").await;
    let later = text(&answer.good()["superseded_by"]);
    assert_eq!(state(&story, &later).await, "valid");
    assert_eq!(institution(&story, &later).await, "institution_apart");
    // The old paper does not lead to the new one: only its holder may show it.
    let page = story.who("anybody").get(&format!("/v/{id}")).await.text();
    assert!(!page.contains(&new), "no link without the holder");
}

async fn what_has_reached_its_end_is_replaced_no_more(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let (id, certificate) = first(&story, &issued, 0).await;
    story.server.days_pass(800);
    let leaves = story.server.leaves().await;
    let refused = change(
        &story,
        "province-1",
        &certificate,
        "supersede",
        "correction",
    )
    .await;
    refused.problem(409, "transition-refused");
    let told = refused.text();
    assert!(
        told.contains("有效期已经结束") && told.contains("reached its end"),
        "{told}"
    );
    assert_eq!(story.server.leaves().await, leaves, "nothing was signed");
    assert_eq!(state(&story, &id).await, "expired");
}

async fn files_need_an_officer_in_scope_or_a_share_link(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let (id, certificate) = first(&story, &issued, 0).await;
    let (neighbour, _) = first(&story, &issued, 1).await;
    let path = |file: &str| format!("/api/v1/certificates/{id}/{file}");
    for file in ["qr.png", "qr.svg", "qr.txt"] {
        let refused = story.who("anybody").get(&path(file)).await;
        assert!(
            refused.status == 401 || refused.status == 404,
            "{file}: {}",
            refused.status
        );
        story
            .who("other-province")
            .get(&path(file))
            .await
            .problem(404, "not-found");
        for who in ["province-1", "county-1", "school-1"] {
            let answer = story.who(who).get(&path(file)).await;
            assert!(answer.status.is_success(), "{who} {file}");
            assert_eq!(answer.header("cache-control"), "no-store", "{file}");
        }
    }
    let resource = format!("/api/v1/certificates/{}/shares", text(&certificate["id"]));
    story
        .who("province-1")
        .post(
            &resource,
            &json!({ "days": 0, "reason": "持证人在窗口要求。" }),
        )
        .await
        .problem(422, "invalid-request");
    // The name is the holder's to show: a school makes no link, and an office says how the holder asked.
    let of_school = json!({ "days": 3, "reason": "便于宣传。" });
    let refused = story.who("school-1").post(&resource, &of_school).await;
    refused.problem(403, "forbidden");
    let bare = story
        .who("province-1")
        .post(&resource, &json!({ "days": 3, "reason": "" }))
        .await;
    bare.problem(422, "invalid-request");
    let share = story
        .who("province-1")
        .post(
            &resource,
            &json!({ "days": 3, "reason": "持证人在窗口要求。" }),
        )
        .await
        .good();
    let token = text(&share["token"]);
    let anybody = story.who("anybody");
    let shared = anybody
        .get(&format!("{}?share={token}", path("qr.txt")))
        .await;
    assert!(shared.status.is_success());
    let other = anybody
        .get(&format!(
            "/api/v1/certificates/{neighbour}/qr.txt?share={token}"
        ))
        .await;
    other.problem(404, "not-found");
    anybody
        .get(&format!("{}?share=wrong", path("qr.txt")))
        .await
        .problem(404, "not-found");
    story.server.days_pass(4);
    anybody
        .get(&format!("{}?share={token}", path("qr.txt")))
        .await
        .problem(404, "not-found");
    // The proof of the place in the log tells no name and is public.
    let proof = anybody.get(&path("proof.tlog")).await;
    assert!(
        proof.text().starts_with("c2sp.org/tlog-proof@v1\n"),
        "{}",
        proof.text()
    );
}

async fn every_change_is_a_leaf_and_a_line_of_the_timeline(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let (_, certificate) = first(&story, &issued, 0).await;
    let before = story.server.leaves().await;
    let done = change(
        &story,
        "province-1",
        &certificate,
        "suspend",
        "under_review",
    )
    .await
    .good();
    assert_eq!(done["leaf_index"], before);
    assert_eq!(story.server.leaves().await, before + 1);
    let path = format!("/api/v1/certificates/{}/timeline", text(&certificate["id"]));
    let timeline = story.who("province-1").get(&path).await.good();
    let last = timeline
        .as_array()
        .and_then(|all| all.last())
        .expect("an entry")
        .clone();
    assert_eq!(
        (&last["act"], &last["from"], &last["to"]),
        (&json!("suspend"), &json!("issued"), &json!("suspended")),
        "{last}"
    );
    assert_eq!(
        (&last["reason_code"], &last["leaf_index"]),
        (&json!("under_review"), &json!(before))
    );
    let proof = story
        .who("anybody")
        .get(&format!("/log/proof/{before}"))
        .await
        .good();
    assert_eq!(proof["leaf_index"], before, "{proof}");
    let beyond = story
        .who("anybody")
        .get(&format!("/log/proof/{}", before + 100))
        .await;
    beyond.problem(404, "not-found");
    let request = story.who("anybody").ask(Method::GET, "/log/proof/x").await;
    assert!(
        story
            .who("anybody")
            .send(request)
            .await
            .status
            .is_client_error()
    );
}
