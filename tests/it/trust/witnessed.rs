//! What the database says of witnesses is not believed: their cosignatures are read (trust.md LG-9, KY-4).

use certs::log::with_lines;
use chrono::SecondsFormat;
use serde_json::json;
use store::ConnectionTrait as _;
use store::witnessed::WitnessedRow;
use tests::{Database, Story, on_both};

use super::{ids, pair, verdict};

on_both! {
    a_row_that_the_witnesses_have_not_signed_vouches_for_nothing;
}

async fn put(story: &Story, row: &WitnessedRow) {
    let tx = story.server.app.store.write().await.expect("a transaction");
    store::witnessed::put(&tx, row).await.expect("put");
    store::commit(tx).await.expect("committed");
}

async fn log_of(story: &Story, id: &str) -> (String, String) {
    verdict(story, id, "log_inclusion").await
}

async fn a_row_that_the_witnesses_have_not_signed_vouches_for_nothing(database: Database) {
    let names = ["zj.example/w", "sd.example/w"];
    let (mut story, witnesses, clock) = pair::watched(database, names).await;
    let app = story.server.app.clone();
    let cohort = story.accepted(1).await;
    let early = ids(&story.issue(&cohort).await).remove(0);
    clock.set(app.now());
    witnesses.round(&app).await;
    story.server.clock.advance_seconds(60);
    let stolen_at = app.now();
    story.server.clock.advance_seconds(60);
    let cohort = story.accepted(1).await;
    let late = ids(&story.issue(&cohort).await).remove(0);
    clock.set(app.now());
    witnesses.round(&app).await;
    let cosigned = store::witnessed::latest(app.store.public()).await;
    let cosigned = cosigned.expect("read").expect("a cosigned checkpoint");

    // The witnesses are down, and somebody writes into the database that they are not: without their lines, and with those
    // that they have put to another checkpoint.
    let cohort = story.accepted(1).await;
    let waiting = ids(&story.issue(&cohort).await).remove(0);
    let pending = ("indeterminate".to_owned(), "log_pending".to_owned());
    assert_eq!(log_of(&story, &waiting).await, pending);
    let newest = store::log::latest_checkpoint(app.store.public()).await;
    let newest = newest.expect("read").expect("a checkpoint");
    let lines = cosigned.note.split_inclusive('\n').skip(5);
    for note in [newest.note.clone(), with_lines(&newest.note, lines)] {
        let row = WitnessedRow {
            size: newest.size,
            note,
            quorum: 2,
            at: app.now(),
        };
        put(&story, &row).await;
        assert_eq!(log_of(&story, &waiting).await, pending, "{}", row.note);
    }
    // A note of theirs in the row of another size says nothing of what comes after it either.
    put(
        &story,
        &WitnessedRow {
            size: newest.size,
            ..cosigned
        },
    )
    .await;
    assert_eq!(log_of(&story, &waiting).await, pending);

    // A row that does not hold keeps nobody waiting for good: what the witnesses sign later covers it.
    let cohort = story.accepted(1).await;
    story.issue(&cohort).await;
    clock.set(app.now());
    witnesses.round(&app).await;
    let covered = log_of(&story, &waiting).await.0;
    assert_eq!(covered, "valid", "by a later checkpoint");

    // The key was stolen, and the rows are dated back: the witnesses' own time counts, also for who has not seen them before.
    let sql = format!(
        "UPDATE log_witnessed SET at = {}",
        stolen_at.timestamp_millis() - 1
    );
    let tx = app.store.write().await.expect("a transaction");
    tx.execute_unprepared(&sql).await.expect("dated back");
    store::commit(tx).await.expect("committed");
    let at = stolen_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let change = json!({ "state": "compromised", "compromised_at": at });
    story.key_state("k3326", &change).await;
    story.issuer_key(2026).await;
    drop(app);
    for _ in 0..2 {
        for (id, wanted) in [
            (&early, ("valid", "key_compromised_covered")),
            (&late, ("not_genuine", "key_compromised")),
        ] {
            let (state, reason) = verdict(&story, id, "key").await;
            assert_eq!((state.as_str(), reason.as_str()), wanted);
        }
        // Nor does the key of today speak for it in wallets.
        let path = |id: &str| format!("/api/v1/certificates/{id}/credential.jwt");
        let province = story.who("province-1");
        assert_eq!(province.get(&path(&early)).await.status, 200);
        let refused = province.get(&path(&late)).await;
        refused.problem(409, "key-compromised");
        story.restart(None, |_| ()).await;
    }
}
