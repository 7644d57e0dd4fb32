//! What counts and what does not: void work, the days of a contest, work before the training, a register that did not answer.

use chrono::Days;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both, rosters};

use super::{claim, employer, file_of, frozen, roster, taught};

on_both! {
    what_is_void_stays_so_and_a_contest_keeps_its_days_whatever_is_found;
    who_had_work_before_leaves_the_count_by_an_officer_or_by_verified_work;
    a_declared_outage_is_told_and_stands_in_the_evidence;
}

async fn what_is_void_stays_so_and_a_contest_keeps_its_days_whatever_is_found(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(811, 2, "330106")).await;
    story.server.days_pass(10);
    let mut episodes = Vec::new();
    for member in &members {
        let claimed = claim(&story, "school-1", member, &employer(3), 3, json!({})).await;
        episodes.push(text(&claimed.good()["id"]));
    }
    story.server.days_pass(30);
    let county = story.who("county-1");
    let asked = county.get("/api/v1/follow-ups").await.good();
    let of = |episode: &String| {
        let all = asked.as_array().into_iter().flatten();
        let mut own = all.filter(|one| one["episode"] == episode.as_str());
        format!(
            "/api/v1/follow-ups/{}",
            text(&own.next().expect("asked about")["id"])
        )
    };
    let act = async |who: &str, episode: &str, request: Value| {
        let resource = format!("/api/v1/episodes/{episode}");
        story.who(who).act(&resource, "acts", &request).await.good()
    };
    let contest = json!({ "act": "contest", "reason": "学员说未到岗" });
    for episode in &episodes {
        act("school-1", episode, contest.clone()).await;
    }

    // The answer is kept; what was declared void is not work again.
    let uphold = json!({ "act": "uphold", "reason": "经核实未到岗" });
    act("county-1", &episodes[0], uphold).await;
    let still = json!({ "outcome": "still_there" });
    let kept = county.post(&of(&episodes[0]), &still).await.good();
    assert_eq!(kept["state"], "void");

    // Twenty working days are not begun again by evidence, nor by a trainee who says the same.
    let first = story
        .server
        .app
        .calendar
        .add_working_days(story.server.today(), 20);
    story.server.days_pass(7);
    let add = json!({ "act": "add_evidence", "source": "bank_wages" });
    let added = act("county-1", &episodes[1], add).await;
    assert_eq!(
        (&added["state"], &added["due_on"]),
        (&json!("contested"), &json!(first))
    );
    let wrong = json!({ "outcome": "something_wrong" });
    let again = county.post(&of(&episodes[1]), &wrong).await.good();
    assert_eq!(
        (&again["state"], &again["due_on"]),
        (&json!("contested"), &json!(first))
    );
}

async fn who_had_work_before_leaves_the_count_by_an_officer_or_by_verified_work(
    database: Database,
) {
    let story = Story::ready(database).await;
    let file = String::from_utf8(roster(821, 6, "330106")).expect("text");
    let mut lines = file.lines();
    let mut file = format!("{},就业状况\n", lines.next().expect("a head"));
    for line in lines {
        file.push_str(&format!("{line},是\n"));
    }
    let members = taught(&story, file.into_bytes()).await;
    // All six of the roster were at work, the school says. A register shows it of one, and an officer approves another.
    let register = json!({ "source": "tax_wage" });
    let shown = claim(&story, "county-1", &members[0], &employer(3), 300, register).await;
    assert_eq!(shown.good()["state"], "verified");
    let county = story.who("county-1");
    let exclude = async |on: chrono::NaiveDate| {
        let document = json!({ "number": "证明6号", "issuer": "虚构单位", "made_on": on });
        let request = json!({ "code": "X6", "on": on, "document": document });
        let path = format!("/api/v1/enrolments/{}/exclusion", members[1]);
        county.post(&path, &request).await
    };
    let late = exclude(story.server.today()).await;
    assert_eq!(
        late.faults(),
        [("/on".to_owned(), "impossible-date".to_owned())]
    );
    exclude(story.server.today() - Days::new(200)).await.good();
    story.server.days_pass(430);
    let run = frozen(&story, "annual").await;
    let evidence = file_of(&story, &run, "evidence").await;
    let all = evidence["enrolments"].as_array().expect("a table");
    let employed = all
        .iter()
        .filter(|one| one["employed_at_enrolment"] == true);
    assert_eq!((all.len(), employed.count()), (6, 2));
    let results = file_of(&story, &run, "results").await;
    assert_eq!(results["institutions"][0]["indicators"]["EMP"]["n"], 4);
}

async fn a_declared_outage_is_told_and_stands_in_the_evidence(database: Database) {
    let story = Story::ready(database).await;
    taught(&story, rosters::with_cards(831, 5, "330106", &["43"])).await;
    let today = story.server.today();
    let request = json!({
        "source": "social_insurance", "kind": "system", "from": today - Days::new(9), "until": today,
    });
    let path = "/api/v1/register-outages";
    let province = story.who("province-1");
    let declared = province.post(path, &request).await.good();
    let cells = store::dump::dump(story.server.app.store.reader()).await;
    let cells = cells.expect("a dump");
    let told = |column: &str, words: &str| {
        let mut found = cells.iter().filter(|one| one.table == "timeline");
        found.any(|one| one.column == column && one.bytes == words.as_bytes())
    };
    assert!(told("act", "declare") && told("object_kind", "register_outage"));
    assert!(declared["id"].is_string());
    let run = frozen(&story, "quarterly").await;
    let evidence = file_of(&story, &run, "evidence").await;
    let outages = evidence["outages"].as_array().expect("a table");
    assert_eq!(outages.len(), 1, "{outages:?}");
    assert_eq!(outages[0]["source"], "social_insurance");
    assert_eq!(outages[0]["from"], json!(today - Days::new(9)));
}
