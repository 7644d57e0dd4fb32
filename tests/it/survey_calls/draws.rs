//! Draws of calls: who owes one, until when, and what is drawn again.

use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{answer, answered, asked, asked_from, close, owes_draw};
use crate::assessments::{Assessors, alarms};

on_both! {
    a_wave_that_closed_owes_its_draw_until_somebody_draws;
    calls_that_nobody_made_are_drawn_again;
    an_answer_of_the_day_of_a_draw_owes_one;
}

async fn a_wave_that_closed_owes_its_draw_until_somebody_draws(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 12).await;
    let (county, province) = (story.who("county-1"), story.who("province-1"));
    for enrolment in &members[..11] {
        let path = format!("/api/v1/enrolments/{enrolment}/survey-answer");
        let taken = county.post(&path, &answer("paper", "self", 4)).await;
        taken.good();
    }
    let close = async || {
        api::surveys::invite::close(&story.server.app)
            .await
            .expect("closed");
    };
    close().await;
    assert_eq!(owes_draw(&story).await, None, "the wave is open");
    story.server.days_pass(31);
    close().await;
    let today = story.server.today();
    let due = story.server.app.calendar.add_working_days(today, 10);
    let owed = Some(("province_officer".to_owned(), due.to_string()));
    assert_eq!(owes_draw(&story).await, owed);
    story.server.days_pass(20);
    close().await;
    assert_eq!(owes_draw(&story).await, owed, "once");
    let overdue = ("survey_draw".to_owned(), "overdue".to_owned());
    for who in [province, story.who("national-1")] {
        assert!(alarms(&story, who).await.contains(&overdue));
    }
    assert!(!alarms(&story, county).await.contains(&overdue));

    // The draw ends it, and what stood in the urn is not drawn from again.
    let assessors = Assessors::accredited(&story, 1).await;
    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let request = json!({ "assessor": assessors.ids[0] });
    province.post(&path, &request).await.good();
    assert_eq!(owes_draw(&story).await, None);
    story.server.days_pass(1);
    close().await;
    assert_eq!(owes_draw(&story).await, None);
    assert!(!alarms(&story, province).await.contains(&overdue));

    // The next wave is owed again.
    let (_, more) = asked_from(&story, 501, 3).await;
    for enrolment in &more {
        let path = format!("/api/v1/enrolments/{enrolment}/survey-answer");
        let taken = county.post(&path, &answer("paper", "self", 4)).await;
        taken.good();
    }
    story.server.days_pass(31);
    close().await;
    assert!(owes_draw(&story).await.is_some());
}

async fn calls_that_nobody_made_are_drawn_again(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 3).await;
    answered(&story, &members).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let drawn = async |assessor: usize| {
        let request = json!({ "assessor": assessors.ids[assessor] });
        province.post(&path, &request).await.good()
    };
    assert_eq!(drawn(0).await["taken"], 3);
    let calls = assessors.clients[0]
        .get("/api/v1/survey-calls")
        .await
        .good();
    let made = format!("/api/v1/survey-calls/{}/outcome", text(&calls[0]["id"]));
    let said = json!({ "reached": true, "answered": true, "overall": 4 });
    assessors.clients[0].post(&made, &said).await.good();
    story.server.days_pass(30);
    close(&story).await;
    assert_eq!(owes_draw(&story).await, None, "the last day has not passed");
    story.server.days_pass(1);
    close(&story).await;
    let owed = owes_draw(&story).await;
    assert!(owed.is_some(), "two calls were not made");
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let kept = |one: &&store::dump::Cell| {
        (one.table.as_str(), one.column.as_str()) == ("survey_call_lapsed", "assessor_id")
    };
    assert_eq!(cells.iter().filter(kept).count(), 2, "by whom is kept");
    close(&story).await;
    assert_eq!(owes_draw(&story).await, owed, "once");
    assert_eq!(drawn(1).await["taken"], 2, "the call that was made stands");
    assert_eq!(owes_draw(&story).await, None);
}

async fn an_answer_of_the_day_of_a_draw_owes_one(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 3).await;
    answered(&story, &members[..2]).await;
    let assessors = Assessors::accredited(&story, 1).await;
    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let request = json!({ "assessor": assessors.ids[0] });
    let province = story.who("province-1");
    province.post(&path, &request).await.good();
    let caller = &assessors.clients[0];
    let calls = caller.get("/api/v1/survey-calls").await.good();
    for call in calls.as_array().into_iter().flatten() {
        let made = format!("/api/v1/survey-calls/{}/outcome", text(&call["id"]));
        let said = json!({ "reached": true, "answered": true, "overall": 4 });
        caller.post(&made, &said).await.good();
    }
    // Given after the draw, on its day: it stood in no urn.
    answered(&story, &members[2..]).await;
    close(&story).await;
    assert_eq!(owes_draw(&story).await, None, "the wave is open");
    story.server.days_pass(31);
    close(&story).await;
    assert!(owes_draw(&story).await.is_some());
    assert_eq!(province.post(&path, &request).await.good()["taken"], 1);
}
