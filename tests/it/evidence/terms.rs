//! Silence about a trainee's work is an alarm: to the county that owes the act, then to the level above.

use chrono::Days;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{claim, employer, imported, roster, row, taught};

on_both! {
    an_unverified_claim_an_open_contest_and_a_missed_follow_up_raise_alarms_until_somebody_acts;
}

/// Acts of which somebody is told, each with whether it is due or over.
async fn alarms(story: &Story, who: &str) -> Vec<(String, String)> {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("looked at");
    let seen = story.who(who).get("/api/v1/alarms").await.good();
    let mut found: Vec<_> = seen
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (text(&one["act"]), text(&one["kind"])))
        .filter(|(act, _)| act.starts_with("episode") || act == "follow_up")
        .collect();
    found.sort();
    found.dedup();
    found
}

async fn an_unverified_claim_an_open_contest_and_a_missed_follow_up_raise_alarms_until_somebody_acts(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    story
        .add_officer("prefecture-1", "prefecture_officer", "330100")
        .await;
    let members = taught(&story, roster(711, 2, "330106")).await;
    story.server.days_pass(10);
    let job = employer(3);
    let claimed = claim(&story, "school-1", &members[0], &job, 3, json!({}))
        .await
        .good();
    let episode = format!("/api/v1/episodes/{}", text(&claimed["id"]));
    let act = async |who: &str, request: serde_json::Value| {
        story.who(who).act(&episode, "acts", &request).await.good()
    };
    let at = |act: &str, kind: &str| (act.to_owned(), kind.to_owned());
    assert_eq!(alarms(&story, "county-1").await, [], "there is time");
    story.server.days_pass(20);
    let over = at("episode_verify", "overdue");
    for who in ["county-1", "prefecture-1"] {
        assert!(alarms(&story, who).await.contains(&over), "{who}");
    }
    assert_eq!(alarms(&story, "other-county").await, [], "none of theirs");
    // Proven, the claim is nobody's debt; that the trainee is asked after thirty days is.
    for source in ["labour_contract", "bank_wages"] {
        act(
            "county-1",
            json!({ "act": "add_evidence", "source": source }),
        )
        .await;
    }
    act("county-1", json!({ "act": "confirm" })).await;
    assert_eq!(alarms(&story, "county-1").await, []);
    story.server.days_pass(6);
    assert_eq!(alarms(&story, "county-1").await, [at("follow_up", "due")]);
    story.server.days_pass(24);
    let missed = at("follow_up", "overdue");
    assert!(alarms(&story, "county-1").await.contains(&missed));
    // A register of today answers all of it.
    let today = story.server.today();
    let start = today - Days::new(63);
    imported(&story, "county-1", today, &[row(711, &job, start, None)])
        .await
        .good();
    assert_eq!(alarms(&story, "county-1").await, []);

    // The county confirmed it: a contest is the level's above, and silence goes one further up.
    act(
        "school-1",
        json!({ "act": "contest", "reason": "学员说未到岗" }),
    )
    .await;
    story.server.days_pass(40);
    let contest = at("episode_contest", "overdue");
    for who in ["prefecture-1", "province-1"] {
        assert!(alarms(&story, who).await.contains(&contest), "{who}");
    }
    assert_eq!(
        alarms(&story, "county-1").await,
        [],
        "and a contested job is not asked about"
    );
    act(
        "province-1",
        json!({ "act": "dismiss", "reason": "经核实在岗" }),
    )
    .await;
    let left = alarms(&story, "province-1").await;
    assert!(!left.contains(&contest), "{left:?}");
    let again = alarms(&story, "county-1").await;
    assert!(
        again.iter().all(|one| one.0 == "follow_up") && !again.is_empty(),
        "{again:?}"
    );
}
