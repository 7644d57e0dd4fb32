//! Other witnesses take the place of those before: what these have cosigned keeps its time, what comes waits for the new ones.

use std::sync::Arc;

use api::clock::SetClock;
use api::config::witnesses::Witnesses;
use certs::trust_list::EarlierWitnesses;
use certs::verdict::LogFact;
use tests::{Database, Story, TestServer, on_both};

use super::pair::Pair;
use super::{ids, trust_list, verdict};

on_both! {
    other_witnesses_leave_old_proofs_as_they_are_and_cosign_what_comes;
}

fn configured(pair: &Pair) -> Arc<Witnesses> {
    Arc::new(Witnesses {
        policy: pair.policy(),
        ..Witnesses::default()
    })
}

/// Issues a certificate; answers its id.
async fn issued(story: &mut Story) -> String {
    let cohort = story.accepted(1).await;
    ids(&story.issue(&cohort).await).remove(0)
}

async fn proof(story: &Story, id: &str) -> String {
    let path = format!("/api/v1/certificates/{id}/proof.tlog");
    story.who("anybody").get(&path).await.text()
}

async fn other_witnesses_leave_old_proofs_as_they_are_and_cosign_what_comes(database: Database) {
    let clock = Arc::new(SetClock::new(
        tests::server::FIRST_MORNING.parse().expect("a moment"),
    ));
    let mut former = Pair::new(clock.clone(), ["zj.example/w", "sd.example/w"]);
    let mut today = Pair::new(clock.clone(), ["gd.example/w", "sc.example/w"]);
    let first = configured(&former);
    let server =
        TestServer::start_with(database, |settings| settings.config.witnesses = first).await;
    let mut story = Story::ready_on(server).await;
    let vkey = story.who("anybody").get("/log/vkey").await.text();
    former.start(vkey.trim_end()).await;
    today.start(vkey.trim_end()).await;

    let early = issued(&mut story).await;
    clock.set(story.server.app.now());
    former.round(&story.server.app).await;
    let kept = trust_list(&story).await;
    let old = proof(&story, &early).await;
    let before = LogFact::from_proof_file(&old, kept.list()).expect("it holds");
    assert!(
        matches!(
            before,
            LogFact::Included {
                witnessed: true,
                ..
            }
        ),
        "{before:?}"
    );

    // The operator names others and starts anew: the list tells until when, and up to which leaf, the former ones count.
    story.server.days_pass(1);
    let size = story.server.leaves().await;
    let next = configured(&today);
    story.restart(None, |config| config.witnesses = next).await;
    let list = trust_list(&story).await;
    let told = EarlierWitnesses {
        policy: former.policy(),
        until: list.list().issued_at,
        size,
    };
    assert_eq!(list.list().earlier_witnesses, [told]);
    assert_eq!(list.list().witnesses, today.policy());
    assert!(list.clone().replace(&kept).is_ok(), "it follows");
    let after = LogFact::from_proof_file(&old, list.list()).expect("it holds");
    assert_eq!(after, before, "an old proof says what it said, and when");

    // What comes waits for those of today.
    let late = issued(&mut story).await;
    clock.set(story.server.app.now());
    let waiting = LogFact::from_proof_file(&proof(&story, &late).await, list.list());
    assert_eq!(waiting.expect("it holds"), LogFact::Pending);
    today.round(&story.server.app).await;
    let covered = LogFact::from_proof_file(&proof(&story, &late).await, list.list());
    let covered = covered.expect("it holds");
    assert!(
        matches!(covered, LogFact::Included { witnessed: true, covered_at, .. } if covered_at > list.list().issued_at),
        "{covered:?}"
    );
    // The registry itself judges each by the witnesses of its time.
    for id in [&early, &late] {
        let (state, reason) = verdict(&story, id, "log_inclusion").await;
        assert_eq!(
            (state.as_str(), reason.as_str()),
            ("valid", "logged_witnessed")
        );
    }
    // Served anew, the old one is still the first that was cosigned.
    assert_eq!(proof(&story, &early).await, old);
    let again = trust_list(&story).await;
    assert_eq!(again.list().earlier_witnesses.len(), 1, "told once");
}
