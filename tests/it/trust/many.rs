//! Ten thousand certificates under a stolen key (trust.md KY-4): listed, and reissued by one command that may be interrupted.

use std::collections::BTreeSet;
use std::time::Instant;

use api::certificates::issue::approve_stored;
use api::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Mingzheng, Story, TestServer, on_both};

use super::verdict;

on_both! {
    ten_thousand_certificates_are_reissued_by_one_command_that_may_be_interrupted;
}

const CLASSES: u32 = 10;
const TRAINEES: u32 = 1_000;

/// The national policy, but for the caps of a provisional institution.
fn large_institution(folder: &std::path::Path) -> std::path::PathBuf {
    let file = tests::root().join("seed-data/policies/CN-BASE-2026.1.workflow.json");
    let text = std::fs::read_to_string(file).expect("the policy");
    let mut policy: Value = serde_json::from_str(&text).expect("JSON");
    policy["policy_id"] = "TEST".into();
    policy["workflow"]["provisional_max_cohorts"] = 1_000.into();
    policy["workflow"]["provisional_max_trainees"] = 1_000_000.into();
    let file = folder.join("policy.json");
    std::fs::write(&file, policy.to_string()).expect("written");
    file
}

async fn ten_thousand_certificates_are_reissued_by_one_command_that_may_be_interrupted(
    database: Database,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = large_institution(folder.path());
    let given = policy.clone();
    let address = database.new_address();
    let server = TestServer::start_with(database, |settings| {
        settings.policy_file = Some(given);
        settings.database = address
            .as_deref()
            .map(|url| url.parse().expect("an address"));
    })
    .await;
    let mut story = Story::ready_on(server).await;
    story.places = TRAINEES;
    let app = story.server.app.clone();
    let officer = api::access::accounts::sign_in(&app, "province-1", tests::story::PASSWORD)
        .await
        .expect("signed in")
        .actor;
    let begun = Instant::now();
    let mut stolen_at = None;
    for class in 1..=CLASSES {
        let cohort = story.accepted(TRAINEES).await;
        let batch = story.propose(&cohort).await.parse().expect("a batch");
        let key = tests::client::fresh_key().parse().expect("a key");
        approve_stored(&app, &officer, &key, batch)
            .await
            .expect("issued");
        if class == 1 {
            story.server.clock.advance_seconds(60);
            stolen_at = Some(app.now());
        }
    }
    let stolen_at = stolen_at.expect("a moment");
    eprintln!("issued in {:?}", begun.elapsed());
    let kid = "k3326";
    let change = json!({ "state": "compromised", "compromised_at": stolen_at });
    story.key_state(kid, &change).await;
    let fresh = story.issuer_key(2026).await;

    // The list, page by page, is complete, and its counts are those of its rows.
    let begun = Instant::now();
    let (mut seen, mut covered, mut cursor) = (BTreeSet::new(), 0, String::new());
    let mut examples: Vec<(String, bool)> = Vec::new();
    loop {
        let path = format!("/api/v1/keys/{kid}/affected?limit=500{cursor}");
        let page = story.who("province-1").get(&path).await.good();
        assert_eq!(page["counts"]["total"], CLASSES * TRAINEES);
        assert_eq!(page["counts"]["covered"], TRAINEES);
        assert_eq!(page["counts"]["to_reissue"], (CLASSES - 1) * TRAINEES);
        for item in page["items"].as_array().expect("items") {
            assert!(seen.insert(text(&item["id"])), "{item} twice");
            let good = item["covered"] == true;
            covered += u32::from(good);
            if examples.iter().filter(|(_, one)| *one == good).count() < 2 {
                examples.push((text(&item["public_id"]), good));
            }
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), covered), (10_000, TRAINEES));
    eprintln!("listed in {:?}", begun.elapsed());
    for (id, good) in &examples {
        let wanted = if *good {
            ("valid", "key_compromised_covered")
        } else {
            ("not_genuine", "key_compromised")
        };
        let told = verdict(&story, id, "key").await;
        assert_eq!((told.0.as_str(), told.1.as_str()), wanted);
    }

    // One command, as an officer runs it at a terminal: interrupted after three steps, then begun again from the start.
    let begun = Instant::now();
    let leaves = story.server.leaves().await;
    let mut program =
        Mingzheng::new(env!("CARGO_BIN_EXE_tests")).with("MINGZHENG_DATA", story.server.data());
    if let Some(address) = &address {
        program = program.with("MINGZHENG_DATABASE", address);
    }
    let password = program.secret("password", tests::story::PASSWORD);
    let (password, policy) = (password.display().to_string(), policy.display().to_string());
    let reissue = |more: &[&str]| {
        let mut all = vec!["--policy-file", &policy, "key", "reissue", kid];
        all.extend(["--as", "province-1", "--password-file", &password]);
        all.extend(more);
        program.json(&all).good()
    };
    let first = reissue(&["--most", "3"]);
    assert_eq!(
        (&first["reissued"], &first["finished"]),
        (&json!(1_500), &json!(false)),
        "{first}"
    );
    let rest = reissue(&[]);
    assert_eq!(
        (&rest["finished"], &rest["skipped"]),
        (&json!(true), &json!([])),
        "{rest}"
    );
    let done = 1_500 + rest["reissued"].as_u64().expect("a number");
    assert_eq!(done, 9_000, "each once");
    eprintln!("reissued in {:?}", begun.elapsed());
    // The command read the machine's clock.
    story.server.clock.set(SystemClock.now());
    let province = story.who("province-1");
    assert_eq!(
        story.server.leaves().await,
        leaves + 18_000,
        "a leaf for each new certificate, and for the end of each old one"
    );
    let page = province
        .get(&format!("/api/v1/keys/{kid}/affected?limit=500"))
        .await
        .good();
    assert_eq!(page["counts"]["replaced"], 9_000);
    assert_eq!(page["counts"]["to_reissue"], 0);
    for (old, good) in &examples {
        let items = page["items"].as_array().expect("items");
        let Some(item) = items.iter().find(|item| item["public_id"] == **old) else {
            continue;
        };
        assert_eq!(item["replaced_by"].is_null(), *good);
        if let Some(new) = item["replaced_by"].as_str() {
            assert_eq!(
                verdict(&story, new, "key").await,
                ("valid".to_owned(), "key_active".to_owned())
            );
            let path = format!("/api/v1/verifications/{new}");
            let told = story.who("anybody").get(&path).await.good();
            assert_eq!(told["certificate"]["kid"], fresh, "{told}");
        }
    }
}
