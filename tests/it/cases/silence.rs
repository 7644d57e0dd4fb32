//! Silence: alarms level by level, and the one application that lapses.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both, rosters};

use super::review::{told, wait_until};
use super::{HASH, admission, document, file, serve, step};

on_both! {
    silence_raises_alarms_level_by_level_and_only_an_incomplete_application_lapses;
    a_class_that_nobody_confirms_finishes_or_accepts_raises_alarms;
    a_first_signature_that_nobody_follows_is_told_and_decides_nothing;
}

async fn silence_raises_alarms_level_by_level_and_only_an_incomplete_application_lapses(
    database: Database,
) {
    let story = Story::applied(database).await;
    let run = || async {
        api::cases::alarms::run(&story.server.app)
            .await
            .expect("the job runs")
    };
    let seen = |who: &'static str| {
        let client = story.who(who);
        async move {
            let rows = client.get("/api/v1/alarms").await.good();
            rows.as_array()
                .into_iter()
                .flatten()
                .map(|row| (text(&row["act"]), text(&row["kind"])))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(run().await.due, 0, "five working days are far away");
    // Due soon: the county alone hears of it. The same look again raises nothing.
    story.server.days_pass(4);
    assert_eq!((run().await.due, run().await.due), (1, 0));
    assert_eq!(
        seen("county-1").await,
        [("completeness".to_owned(), "due".to_owned())]
    );
    assert!(seen("province-1").await.is_empty());
    // Over: the county and the prefecture at once, the province after more silence; nothing is decided.
    story.server.days_pass(6);
    assert_eq!(run().await.overdue, 2);
    assert_eq!(seen("county-1").await[0].1, "overdue");
    assert!(seen("province-1").await.is_empty());
    story.server.days_pass(20);
    assert_eq!(run().await.overdue, 1);
    assert_eq!(
        seen("province-1").await,
        [("completeness".to_owned(), "overdue".to_owned())]
    );
    assert_eq!(admission(&story).await["state"], "applied");
    // The act ends the alarm.
    story.transition("county-1", "T04").await;
    assert!(seen("county-1").await.is_empty() && seen("province-1").await.is_empty());

    // An application that nobody completes lapses, without a bar.
    let path = "/api/v1/institutions";
    let other = story.who("other-school");
    let applied = other
        .post(path, &tests::story::application("52330106XX0000027X"))
        .await;
    let id = text(&applied.good()["id"]);
    let resource = format!("{path}/{id}");
    let ask = json!({ "transition": "T02", "reason": "缺场地证明。" });
    story
        .who("county-1")
        .act(&resource, "transitions", &ask)
        .await
        .good();
    story.server.days_pass(40);
    assert_eq!(run().await.lapsed, 1);
    let found = other.get(&resource).await.good();
    assert_eq!(
        (&found["state"], &found["bar_until"]),
        (&json!("rejected"), &Value::Null)
    );
    let timeline = other.get(&format!("{resource}/timeline")).await.good();
    let last = timeline
        .as_array()
        .and_then(|all| all.last())
        .expect("an entry");
    assert_eq!(
        (&last["role"], &last["reason_code"]),
        (&json!("registry"), &json!("lapsed"))
    );
    assert_eq!(run().await.lapsed, 0);
}

async fn a_class_that_nobody_confirms_finishes_or_accepts_raises_alarms(database: Database) {
    let story = Story::ready(database).await;
    let seen = async |who: &str| {
        api::cases::alarms::run(&story.server.app)
            .await
            .expect("the job runs");
        let rows = story.who(who).get("/api/v1/alarms").await.good();
        rows.as_array()
            .into_iter()
            .flatten()
            .map(|row| (text(&row["act"]), text(&row["kind"])))
            .collect::<Vec<_>>()
    };
    let overdue = |act: &str| vec![(act.to_owned(), "overdue".to_owned())];
    let cohort = story.open_cohort(30).await;
    story.cohort_act("school-1", &cohort, "announce").await;
    assert!(seen("county-1").await.is_empty(), "five working days");
    story.server.days_pass(12);
    assert_eq!(seen("county-1").await, overdue("cohort_confirm"));
    // Late is late: the county says why.
    let path = format!("/api/v1/cohorts/{cohort}");
    let confirm = json!({ "act": "confirm", "reason": "经办人外出,补办确认。" });
    let county = story.who("county-1");
    county.act(&path, "acts", &confirm).await.good();
    assert!(seen("county-1").await.is_empty());

    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(1, 3)).await;
    story.admit(&cohort).await;
    story.server.days_pass(7);
    story.cohort_act("school-1", &cohort, "start").await;
    story.server.days_pass(16);
    assert_eq!(seen("school-1").await, overdue("cohort_finish"));
    // The registry ends no class: it still runs, until a person finishes it.
    let path = format!("/api/v1/cohorts/{cohort}");
    assert_eq!(
        story.who("county-1").get(&path).await.good()["state"],
        "running"
    );
    story.cohort_act("school-1", &cohort, "finish").await;
    assert!(seen("school-1").await.is_empty());
    story.server.days_pass(45);
    assert!(
        seen("county-1")
            .await
            .contains(&overdue("cohort_accept")[0])
    );
}

/// Until when the second person should sign, as the list of proposals says.
pub(super) async fn second_by(story: &Story, receipt: &Value) -> NaiveDate {
    let all = story
        .who("province-2")
        .get("/api/v1/proposals")
        .await
        .good();
    let rows = all["items"].as_array().cloned().unwrap_or_default();
    let own = rows
        .iter()
        .find(|one| one["id"] == receipt["proposal_id"])
        .expect("it waits");
    let due: chrono::DateTime<chrono::Utc> = text(&own["due_at"]).parse().expect("a moment");
    domain::calendar::today(due)
}

async fn a_first_signature_that_nobody_follows_is_told_and_decides_nothing(database: Database) {
    let story = Story::ready(database).await;
    let (province, national) = (story.who("province-1"), story.who("national-1"));
    let days = |from, days| story.server.app.calendar.add_working_days(from, days);
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "办学许可证注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("注〔2026〕1号"), "hearing": "可申请听证。",
    });
    let waiting = step(&story, province, exit).await.good();
    let due = days(story.server.today(), 10);
    assert_eq!(second_by(&story, &waiting).await, due);
    let told_of = |act: &str, how: &str| (act.to_owned(), how.to_owned());
    assert!(told(&story, province).await.is_empty(), "ten working days");
    wait_until(&story, due);
    assert_eq!(told(&story, province).await, [told_of("T19", "due")]);
    assert!(told(&story, national).await.is_empty());
    let mut desk = Browser::new(&story.server);
    desk.sign_in("province-2", PASSWORD).await;
    let page = desk.open("/admin/queue").await.text();
    assert!(page.contains("第二人审批: 退出公示") && page.contains("href=\"/desk\">浙江虚构"));
    story.server.days_pass(1);
    for who in [province, national] {
        assert!(told(&story, who).await.contains(&told_of("T19", "overdue")));
    }
    assert_eq!(admission(&story).await["state"], "provisional");
    let done = story.approve("province-2", &waiting).await;
    assert_eq!(done["outcome"]["state"], "exit_notice");
    assert!(told(&story, province).await.is_empty(), "signed");

    // The exit itself: as long as it is owed, and no longer than a decision takes.
    serve(&story, province, "T19").await;
    let waived = json!({ "kind": "hearing_waiver", "text": "放弃听证。" });
    file(&story, story.who("school-1"), waived).await.good();
    let owed = super::back::owed(&story).await;
    let owed = owed.iter().find(|(kind, _)| kind == "exit_decision");
    let last = owed.expect("a term").1;
    // A working day before its last.
    let mut early = last;
    while days(early, 3) > last {
        early = early - Days::new(1);
    }
    wait_until(&story, early);
    let leave = json!({
        "transition": "T20", "reason": "许可证注销。", "evidence_sha256": HASH, "minutes": document("会议纪要〔2026〕6号"),
        "document": document("残联决〔2026〕11号"),
    });
    let waiting = step(&story, province, leave).await.good();
    assert_eq!(second_by(&story, &waiting).await, last);
    wait_until(&story, last + Days::new(1));
    for who in [province, national] {
        assert!(told(&story, who).await.contains(&told_of("T20", "overdue")));
    }
    assert_eq!(admission(&story).await["state"], "exit_notice");
}
