//! Who leaves a class counts from the last day attended, and not from the day on which somebody wrote it down.

use chrono::Days;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both, rosters};

use super::{file_of, frozen};

on_both! {
    the_exit_of_a_leaver_is_the_last_day_attended;
}

async fn the_exit_of_a_leaver_is_the_last_day_attended(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(1, 5)).await;
    story.admit(&cohort).await;
    story.server.days_pass(7);
    story.cohort_act("school-1", &cohort, "start").await;
    story.server.days_pass(5);
    let member = text(&story.enrolments(&cohort).await[0]["id"]);
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/{member}/withdraw");
    let school = story.who("school-1");
    let today = story.server.today();
    for wrong in [today + Days::new(1), today - Days::new(40)] {
        let request = json!({ "reason": "family", "last_attended_on": wrong });
        let refused = school.post(&path, &request).await;
        refused.problem(422, "invalid-request");
        assert_eq!(
            refused.faults(),
            [("/last_attended_on".to_owned(), "out-of-class".to_owned())]
        );
    }
    let last = today - Days::new(3);
    let request = json!({ "reason": "family", "last_attended_on": last });
    school.post(&path, &request).await.good();
    let run = frozen(&story, "quarterly").await;
    let e = file_of(&story, &run, "evidence").await;
    let exits = e["enrolments"].as_array().into_iter().flatten();
    let early: Vec<_> = exits
        .filter(|one| one["exit_date"] == json!(last))
        .collect();
    assert_eq!(early.len(), 1, "{e}");
}
