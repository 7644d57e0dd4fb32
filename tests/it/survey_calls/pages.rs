//! The same on pages: a county takes answers, an assessor calls, a province audits.

use serde_json::json;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both};

use super::{OWN, answered, asked, close, owes_draw};
use crate::assessments::Assessors;
use crate::grades::class;

on_both! {
    a_county_takes_answers_and_an_assessor_calls_on_pages;
    a_province_audits_a_survey_on_pages;
}

async fn a_county_takes_answers_and_an_assessor_calls_on_pages(database: Database) {
    let story = Story::ready(database).await;
    let (elsewhere, _) = class(&story, 431, 1).await;
    let (cohort, members) = asked(&story, 3).await;
    let assessors = Assessors::accredited(&story, 1).await;
    let mut county = Browser::new(&story.server);
    county.sign_in("county-1", PASSWORD).await;
    let page = format!("/admin/surveys/{cohort}");
    let html = county.open("/admin/surveys").await.text();
    assert!(html.contains(&page) && !html.contains("<script"), "{html}");
    let html = county.open(&page).await.text();
    assert!(
        html.contains("待答复人数 3") && !html.contains("虚构样"),
        "{html}"
    );
    let answers = format!("{page}/answers");
    // A page acts on nobody but those of its class.
    for (what, typed) in [
        ("answers", [("mode", "interview"), ("by", "proxy")]),
        ("contacts", [("phone", "13900000001"), ("means", "visit")]),
    ] {
        let path = format!("/admin/surveys/{elsewhere}/{what}");
        let own = [("key", what), ("enrolment", members[0].as_str())];
        let sent = county.send(&path, &OWN, &[own, typed].concat()).await;
        assert_eq!(sent.status, 404, "{what}: {}", sent.text());
    }
    for (place, enrolment) in members.iter().enumerate() {
        let key = format!("taken-{place}");
        let typed = [
            ("key", key.as_str()),
            ("enrolment", enrolment.as_str()),
            ("mode", "interview"),
            ("by", "proxy"),
            ("a1", "5"),
            ("a2", "4"),
            ("a5", "5"),
        ];
        let taken = county.send(&answers, &OWN, &typed).await;
        assert_eq!(taken.status, 303, "{}", taken.text());
    }
    assert!(county.open(&page).await.text().contains("没有待答复的学员"));

    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let request = json!({ "assessor": assessors.ids[0] });
    story.who("province-1").post(&path, &request).await.good();
    let mut caller = Browser::new(&story.server);
    caller.sign_in("assessor-0", PASSWORD).await;
    let html = caller.open("/assess/calls").await.text();
    let mark = "name=\"call\" value=\"";
    let (_, rest) = html.split_once(mark).expect("a call");
    let id = rest.split('"').next().expect("an id").to_owned();
    let ask = [("key", "call-1"), ("call", id.as_str()), ("act", "contact")];
    let shown = caller.send("/assess/calls", &OWN, &ask).await.text();
    assert!(
        shown.contains("虚构样") && shown.contains("没有"),
        "{shown}"
    );
    let said = [
        ("key", "call-2"),
        ("call", id.as_str()),
        ("act", "outcome"),
        ("answered", "yes"),
        ("overall", "2"),
    ];
    let done = caller.send("/assess/calls", &OWN, &said).await.text();
    assert!(done.contains("与答卷不符") && !done.contains(&id), "{done}");
    for who in ["school-1", "province-1"] {
        let mut other = Browser::new(&story.server);
        other.sign_in(who, PASSWORD).await;
        assert_eq!(other.open("/assess/calls").await.status, 403, "{who}");
    }
}

async fn a_province_audits_a_survey_on_pages(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 3).await;
    answered(&story, &members).await;
    let assessors = Assessors::accredited(&story, 1).await;
    story.server.days_pass(31);
    close(&story).await;
    let page = format!("/admin/survey-audits/{}", story.admission);
    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    let list = province.open("/admin/surveys").await.text();
    assert!(
        list.contains(&page) && list.contains("抽取电话复核"),
        "{list}"
    );
    let html = province.open(&page).await.text();
    assert!(
        html.contains(&assessors.ids[0]) && !html.contains("<script"),
        "{html}"
    );
    let none = [("key", "draw-0"), ("act", "draw"), ("assessor", "")];
    assert_eq!(province.send(&page, &OWN, &none).await.status, 422);
    let draw = [
        ("key", "draw-1"),
        ("act", "draw"),
        ("assessor", assessors.ids[0].as_str()),
    ];
    let drawn = province.send(&page, &OWN, &draw).await;
    assert_eq!(drawn.status, 303, "{}", drawn.text());
    assert_eq!(owes_draw(&story).await, None);

    // Three of three are contradicted: suspended, settled one by one, taken back.
    let calls = assessors.clients[0]
        .get("/api/v1/survey-calls")
        .await
        .good();
    for call in calls.as_array().expect("calls") {
        let path = format!("/api/v1/survey-calls/{}/outcome", text(&call["id"]));
        let said = json!({ "reached": true, "answered": false, "overall": 1 });
        assessors.clients[0].post(&path, &said).await.good();
    }
    let list = province.open("/admin/surveys").await.text();
    assert!(
        list.contains("暂停采用并核查") && list.contains("待核查答卷 3"),
        "{list}"
    );
    let html = province.open(&page).await.text();
    let mark = "name=\"response\" value=\"";
    let flagged: Vec<&str> = html
        .split(mark)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(flagged.len(), 3);
    assert!(html.contains("电话回访与答卷不符"), "{html}");
    let acts = [
        vec![
            ("key", "suspend-1"),
            ("act", "suspend"),
            ("reason", "回访不符,暂停采用并核查。"),
        ],
        vec![
            ("key", "settle-1"),
            ("act", "settle"),
            ("response", flagged[0]),
            ("counts", "no"),
            ("reason", "学员没有填过问卷。"),
        ],
        vec![
            ("key", "settle-2"),
            ("act", "settle"),
            ("response", flagged[1]),
            ("counts", "yes"),
            ("reason", "学员误解了问题。"),
        ],
    ];
    for act in acts {
        let done = province.send(&page, &OWN, &act).await;
        assert_eq!(done.status, 303, "{act:?}: {}", done.text());
    }
    let html = province.open(&page).await.text();
    assert!(html.contains("满意度已暂停采用"), "{html}");
    assert_eq!(html.matches(mark).count(), 1);
    let done = province
        .send(&page, &OWN, &[("key", "resume-1"), ("act", "resume")])
        .await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(
        !province
            .open(&page)
            .await
            .text()
            .contains("满意度已暂停采用")
    );
    let odd = [
        ("key", "odd-1"),
        ("act", "settle"),
        ("response", flagged[2]),
        ("counts", "maybe"),
    ];
    assert_eq!(province.send(&page, &OWN, &odd).await.status, 400);
    let mut other = Browser::new(&story.server);
    other.sign_in("other-province", PASSWORD).await;
    assert_eq!(other.open(&page).await.status, 404);
}
