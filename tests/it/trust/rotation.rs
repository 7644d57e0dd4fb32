//! A key is changed over while certificates are issued (trust.md KY-5).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use api::certificates::issue::approve_stored;
use domain::ids::BatchId;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{ids, verdict};

on_both! {
    a_key_is_changed_over_under_load_without_a_failed_issue;
}

const TRAINEES: usize = 30;
/// Issues of each of the three workers that wait until the old key is retired.
const LAST: usize = 3;

async fn a_key_is_changed_over_under_load_without_a_failed_issue(database: Database) {
    let mut story = Story::ready(database).await;
    story.places = 30;
    let cohort = story.accepted(30).await;
    // A batch for each trainee, so that thirty issues run side by side.
    let mut batches: Vec<BatchId> = Vec::new();
    for one in story.enrolments(&cohort).await {
        let path = format!("/api/v1/cohorts/{cohort}/certificate-batches");
        let request = json!({ "enrolments": [one["id"]] });
        let batch = story.who("school-1").post(&path, &request).await.good();
        batches.push(text(&batch["batch"]).parse().expect("a batch"));
    }
    assert_eq!(batches.len(), TRAINEES);
    let app = story.server.app.clone();
    let officer = api::access::accounts::sign_in(&app, "province-1", tests::story::PASSWORD)
        .await
        .expect("signed in")
        .actor;

    let done = Arc::new(AtomicUsize::new(0));
    let changed = Arc::new(AtomicBool::new(false));
    let mut workers = tokio::task::JoinSet::new();
    for share in batches.chunks(TRAINEES / 3) {
        let (app, officer, done) = (app.clone(), officer.clone(), done.clone());
        let changed = changed.clone();
        let share = share.to_vec();
        workers.spawn(async move {
            let mut failed = Vec::new();
            let last = share.len() - LAST;
            for (place, batch) in share.into_iter().enumerate() {
                // Some of each are left for the new key, however fast the machine is.
                while place >= last && !changed.load(Ordering::SeqCst) {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                let key = tests::client::fresh_key().parse().expect("a key");
                if let Err(problem) = approve_stored(&app, &officer, &key, batch).await {
                    failed.push(problem.code().as_str());
                }
                done.fetch_add(1, Ordering::SeqCst);
            }
            failed
        });
    }
    // While some are issued and some are not: the new key is used, then the old one retired.
    while done.load(Ordering::SeqCst) < TRAINEES / 6 {
        tokio::task::yield_now().await;
    }
    let fresh = story.issuer_key(2026).await;
    let retired = story
        .key_state("k3326", &json!({ "state": "retired" }))
        .await;
    changed.store(true, Ordering::SeqCst);
    let mut failed = Vec::new();
    while let Some(ended) = workers.join_next().await {
        failed.extend(ended.expect("a worker ends"));
    }
    assert_eq!(failed, Vec::<&str>::new(), "no issue failed");

    let page = story
        .who("province-1")
        .get("/api/v1/certificates?limit=100")
        .await
        .good();
    let rows = page["items"].as_array().expect("certificates");
    assert_eq!(rows.len(), TRAINEES);
    let boundary = retired["outcome"]["leaf_index"].as_u64().expect("a leaf");
    let (mut old, mut new) = (0, 0);
    for row in rows {
        let leaf = row["leaf_index"].as_u64().expect("a leaf");
        if row["kid"] == fresh {
            new += 1;
        } else {
            assert_eq!(row["kid"], "k3326");
            assert!(leaf < boundary, "no issue under a key that is retired");
            old += 1;
        }
        // Both verify: a retired key is good for what it signed.
        let reason = if row["kid"] == fresh {
            "key_active"
        } else {
            "key_retired"
        };
        assert_eq!(
            verdict(&story, &text(&row["public_id"]), "key").await,
            ("valid".to_owned(), reason.to_owned())
        );
    }
    assert!(old >= TRAINEES / 6, "{old} under the old key");
    assert!(new >= 3 * LAST, "{new} under the new key");

    // A process that has not opened the new key opens it, and what was in its hands before is not used.
    let cohort = story.accepted(1).await;
    let later = ids(&story.issue(&cohort).await);
    assert_eq!(story.certificate(&later[0]).await["kid"], fresh);
}
