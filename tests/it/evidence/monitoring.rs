//! Sums kept between runs are those of a run over the same facts.

use chrono::Days;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{claim, employer, roster, taught};

on_both! {
    sums_between_runs_are_those_of_a_quarterly_run_and_count_no_upskilling_as_failure;
}

/// Figures of the employment rates, by name: people and successes.
fn rates(of: &Value) -> Vec<(String, u64, u64)> {
    ["EMP", "STB12", "STB3", "STB6"]
        .into_iter()
        .map(|name| {
            let count = |field: &str| of[name][field].as_u64().unwrap_or(0);
            (name.to_owned(), count("n"), count("observed"))
        })
        .collect()
}

/// A program for people who have work already, offered by the school.
async fn upskilling(story: &mut Story) {
    let mut content = tests::story::program_content();
    content["name"] = "养老护理提高".into();
    content["purpose"] = "upskilling".into();
    let national = story.who("national-1");
    let draft = national.post("/api/v1/programs", &content).await.good();
    story.program = text(&draft["code"]);
    story.program_act("file").await;
    story.program_act("review").await;
    story.server.days_pass(9);
    let published = story.program_act("publish").await;
    story.approve("national-2", &published).await;
    let request =
        json!({ "institution": story.admission, "program": story.program, "site": story.site });
    let school = story.who("school-1");
    let offer = school.post("/api/v1/offers", &request).await.good();
    story.offer = text(&offer["id"]);
    for (who, act) in [("province-1", "approve"), ("school-1", "open")] {
        let resource = format!("/api/v1/offers/{}", story.offer);
        let request = json!({ "act": act });
        story.who(who).act(&resource, "acts", &request).await.good();
    }
}

async fn sums_between_runs_are_those_of_a_quarterly_run_and_count_no_upskilling_as_failure(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    let job = employer(3);
    let first = taught(&story, roster(631, 7, "330106")).await;
    upskilling(&mut story).await;
    let second = taught(&story, roster(641, 4, "330106")).await;
    story.server.days_pass(430);
    story.server.quarter_end();
    // Some work on, some stopped, one was never proven, one moved away; of the seventh nobody knows of any work.
    let began = story.server.today() - Days::new(400);
    let (tax, ended) = (json!("tax_wage"), json!(began + Days::new(120)));
    for (at, enrolment) in first[..6].iter().chain(&second).enumerate() {
        let more = match at % 3 {
            0 => json!({ "source": tax, "start_on": began }),
            1 => json!({ "source": tax, "start_on": began, "last_day": ended }),
            _ => json!({ "source": "institution", "start_on": began }),
        };
        let who = if at % 3 == 2 { "school-1" } else { "county-1" };
        claim(&story, who, enrolment, &job, 0, more).await.good();
    }
    let computed = compared(&story).await;
    assert_eq!(
        computed[0],
        ("EMP".to_owned(), 7, 4),
        "upskilling is not counted, and who has no work is"
    );
    assert_eq!(computed[1].1, 0, "a year and its grace are not over");
    // Nothing new is known a quarter later, but that the year is over.
    story.server.days_pass(1);
    story.server.quarter_end();
    let computed = compared(&story).await;
    assert_eq!(computed[1], ("STB12".to_owned(), 4, 2));
}

/// The sums kept, after the day's look; they are those of a run that counts everything.
async fn compared(story: &Story) -> Vec<(String, u64, u64)> {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("the job runs");
    let path = format!("/api/v1/institutions/{}/monitoring", story.admission);
    let kept = story.who("county-1").get(&path).await.good();
    let mut sums = json!({});
    for row in kept.as_array().expect("a list") {
        sums[text(&row["indicator"])] = row.clone();
    }
    let request = json!({ "kind": "quarterly", "freeze_on": story.server.today() });
    let run = story
        .who("national-1")
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    let path = format!("/api/v1/grading-runs/{}/results.json", text(&run["run"]));
    let results = story.who("auditor").get(&path).await.good();
    let own = results["institutions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["id"] == story.admission.as_str())
        .expect("the school");
    let computed = rates(&own["indicators"]);
    assert_eq!(rates(&sums), computed);
    computed
}
