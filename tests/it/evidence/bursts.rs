//! Answers that come all on one day, and the form on which a county writes down where a trainee is reached.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both};

use super::surveys::{answered, cohort, from_afar};
use super::{contacts, roster, taught};
use crate::grades::links;

on_both! {
    the_sixty_first_answer_of_a_day_wants_a_look;
    a_county_writes_down_a_number_on_the_page_of_the_survey;
}

async fn the_sixty_first_answer_of_a_day_wants_a_look(database: Database) {
    let mut story = from_afar(database).await;
    story.places = 64;
    let most = story.server.app.evidence.survey.day_most;
    assert_eq!(most, 60);
    let members = taught(&story, roster(701, 63, "330106")).await;
    let class = cohort(&story).await;
    contacts(&story, &members).await;
    let path = format!("/api/v1/cohorts/{class}/survey");
    story.who("county-1").post(&path, &json!({})).await.good();
    let links = links(&story);
    assert_eq!(links.len(), 63);
    // From as many places as it takes to say nothing by the network.
    for (at, (_, link)) in links.iter().enumerate().take(61) {
        answered(&story, link, &format!("203.{}.113.7", at / 9 + 1), "4").await;
    }
    let path = format!("/api/v1/institutions/{}/survey-flags", story.admission);
    let flags = async || -> Vec<Value> {
        let all = story.who("province-1").get(&path).await.good();
        let rows = all.as_array().into_iter().flatten();
        rows.map(|one| one["flags"].clone()).collect()
    };
    assert_eq!(flags().await, [json!(["burst"])]);
    // Another day is another count.
    story.server.days_pass(1);
    answered(&story, &links[61].1, "203.40.113.7", "4").await;
    assert_eq!(flags().await.len(), 1);
}

async fn a_county_writes_down_a_number_on_the_page_of_the_survey(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(771, 2, "330106")).await;
    let class = cohort(&story).await;
    let path = format!("/api/v1/cohorts/{class}/survey");
    story.who("county-1").post(&path, &json!({})).await.good();
    let mut county = Browser::new(&story.server);
    county.sign_in("county-1", PASSWORD).await;
    let page = format!("/admin/surveys/{class}");
    let html = county.open(&page).await.text();
    let contact = format!("{page}/contacts");
    assert!(
        html.contains(&contact) && !html.contains("<script"),
        "{html}"
    );
    let own = [("Sec-Fetch-Site", "same-origin")];
    let typed = |phone: &'static str, key: &'static str| {
        [
            ("key", key),
            ("enrolment", members[0].as_str()),
            ("phone", phone),
            ("means", "visit"),
        ]
    };
    let wrong = county.send(&contact, &own, &typed("12", "contact-1")).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    let kept = county
        .send(&contact, &own, &typed("13700000771", "contact-2"))
        .await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    let html = county.open(&page).await.text();
    assert!(!html.contains("13700000771"), "the number is not shown");
    // The reminder goes there, and only there.
    let before = links(&story).len();
    let remind = format!("/api/v1/cohorts/{class}/survey/reminders");
    let sent = story.who("county-1").post(&remind, &json!({})).await.good();
    assert_eq!(sent["invited"], 2);
    assert_eq!(sent["at_counter"], 1);
    let told = std::fs::read_dir(story.server.data().join("outbox"))
        .expect("an outbox")
        .filter_map(|one| std::fs::read_to_string(one.ok()?.path()).ok())
        .filter_map(|text| serde_json::from_str::<Value>(&text).ok())
        .filter(|one| text(&one["to"]) == "13700000771")
        .count();
    assert_eq!((told, links(&story).len() > before), (1, true));
    // The institution writes down nothing.
    let mut school = Browser::new(&story.server);
    school.sign_in("school-1", PASSWORD).await;
    let refused = school
        .send(&contact, &own, &typed("13700000772", "contact-3"))
        .await;
    assert_eq!(refused.status, 403, "{}", refused.text());
}
