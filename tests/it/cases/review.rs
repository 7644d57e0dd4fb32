//! The review of an application: opinion, visit and decision, each owed by its level in its own term (grading.md 7, T04).

use chrono::NaiveDate;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Browser, Client, Database, Story, on_both};

use super::{PREFECTURE, admission, codes, hidden, hire};

on_both! {
    each_level_owes_its_part_of_the_review_in_its_own_term;
    an_opinion_is_put_on_record_on_the_page_that_shows_the_terms;
}

/// What is owed about the admission: kind, level, last day.
pub(super) async fn terms(story: &Story) -> Vec<(String, String, NaiveDate)> {
    let all = admission(story).await["terms"].clone();
    all.as_array()
        .into_iter()
        .flatten()
        .map(|one| {
            let due = text(&one["due_on"]).parse().expect("a day");
            (text(&one["kind"]), text(&one["holder"]), due)
        })
        .collect()
}

/// Due acts as somebody sees them, after a look of the registry.
pub(super) async fn told(story: &Story, who: &Client) -> Vec<(String, String)> {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("the job runs");
    let rows = who.get("/api/v1/alarms").await.good();
    rows.as_array()
        .into_iter()
        .flatten()
        .map(|row| (text(&row["act"]), text(&row["kind"])))
        .collect()
}

pub(super) async fn report(story: &Story, who: &Client, request: &Value) -> Answer {
    let path = format!("/api/v1/institutions/{}/reports", story.admission);
    who.post(&path, request).await
}

pub(super) fn wait_until(story: &Story, day: NaiveDate) {
    let days = (day - story.server.today()).num_days();
    story.server.days_pass(days.max(0));
}

fn act(kind: &str, how: &str) -> (String, String) {
    (kind.to_owned(), how.to_owned())
}

async fn each_level_owes_its_part_of_the_review_in_its_own_term(database: Database) {
    let story = Story::applied(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let (county, province) = (story.who("county-1"), story.who("province-1"));
    let days = |from, days| story.server.app.calendar.add_working_days(from, days);
    let term = |kind: &str, holder: &str, due| (kind.to_owned(), holder.to_owned(), due);
    let opinion =
        json!({ "kind": "county_opinion", "favourable": true, "text": "场地和师资符合条件。" });
    report(&story, county, &opinion)
        .await
        .problem(409, "transition-refused");
    story.transition("county-1", "T04").await;
    let first = days(story.server.today(), 10);
    let decision = days(days(first, 20), 10);
    assert_eq!(
        terms(&story).await,
        [
            term("county_opinion", "county_officer", first),
            term("prefecture_visit", "prefecture_officer", days(first, 20)),
            term("admission_decision", "province_officer", decision),
        ]
    );
    assert_eq!(admission(&story).await["due_on"], json!(decision));

    // Due, then overdue: the county's, and then told to the next level. Nothing passes.
    wait_until(&story, first);
    assert_eq!(told(&story, county).await, [act("county_opinion", "due")]);
    assert!(told(&story, &prefecture).await.is_empty() && told(&story, province).await.is_empty());
    story.server.days_pass(1);
    for who in [county, &prefecture] {
        assert!(
            told(&story, who)
                .await
                .contains(&act("county_opinion", "overdue"))
        );
    }
    assert_eq!(admission(&story).await["state"], "under_review");

    // Each level's own: the prefecture gives no opinion, another county sees nothing.
    report(&story, &prefecture, &opinion)
        .await
        .problem(403, "forbidden");
    report(&story, story.who("other-county"), &opinion)
        .await
        .problem(404, "not-found");
    report(&story, story.who("school-1"), &opinion)
        .await
        .problem(403, "forbidden");
    let mut late = opinion.clone();
    late["held_on"] = json!(story.server.today() + chrono::Days::new(1));
    assert_eq!(codes(&report(&story, county, &late).await), ["out-of-time"]);

    // The opinion ends its term, and the others run from it.
    report(&story, county, &opinion).await.good();
    let visit = days(story.server.today(), 20);
    let rest = [
        term("prefecture_visit", "prefecture_officer", visit),
        term("admission_decision", "province_officer", days(visit, 10)),
    ];
    assert_eq!(terms(&story).await, rest);
    assert!(told(&story, county).await.is_empty());
    // A correction is a further report and moves nothing.
    story.server.days_pass(3);
    let mut corrected = opinion.clone();
    corrected["favourable"] = json!(false);
    report(&story, county, &corrected).await.good();
    assert_eq!(terms(&story).await, rest);

    // The visit, with whoever was there.
    let mut visited =
        json!({ "kind": "prefecture_visit", "favourable": true, "text": "已实地核查两处场地。" });
    assert_eq!(
        report(&story, &prefecture, &visited).await.faults(),
        [("/members".to_owned(), "missing".to_owned())]
    );
    visited["members"] = json!(["业务科甲,声明无利害关系"]);
    report(&story, &prefecture, &visited).await.good();
    let decision = days(story.server.today(), 10);
    let own = [term("admission_decision", "province_officer", decision)];
    assert_eq!(terms(&story).await, own);
    let path = format!("/api/v1/institutions/{}/reports", story.admission);
    let listed = province.get(&path).await.good();
    let kinds: Vec<&str> = listed
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert_eq!(
        kinds,
        ["county_opinion", "county_opinion", "prefecture_visit"]
    );
    story
        .who("school-1")
        .get(&path)
        .await
        .problem(403, "forbidden");
    wait_until(&story, decision + chrono::Days::new(1));
    for who in [province, story.who("national-1")] {
        assert!(
            told(&story, who)
                .await
                .contains(&act("admission_decision", "overdue"))
        );
    }

    // Back from the notice: what was given is not owed again.
    story
        .transition_by_two("T06", "province-1", "province-2")
        .await;
    let objection = json!({ "text": "消防验收文件与场地不符。" });
    let path = format!("/api/v1/institutions/{}/objections", story.admission);
    let raised = province.post(&path, &objection).await.good();
    let path = format!("/api/v1/objections/{}/decision", text(&raised["id"]));
    let answer = json!({ "accepted": true, "answer": "异议成立,重新审核。" });
    province.post(&path, &answer).await.good();
    story.transition("province-1", "T07").await;
    let decision = days(story.server.today(), 10);
    let own = [term("admission_decision", "province_officer", decision)];
    assert_eq!(terms(&story).await, own);
    assert_eq!(admission(&story).await["due_on"], json!(decision));
}

async fn an_opinion_is_put_on_record_on_the_page_that_shows_the_terms(database: Database) {
    const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let mut officer = Browser::new(&story.server);
    officer.sign_in("county-1", PASSWORD).await;
    let path = format!("/admin/decisions/{}", story.admission);
    let page = officer.open(&path).await.text();
    for words in [
        "出具县级意见",
        "实地考察申请机构",
        "入库审核决定",
        "还剩天数",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let form = format!("{path}/reports");
    let key = hidden(&page, &form, "key");
    let fields = [
        ("key", key.as_str()),
        ("kind", "county_opinion"),
        ("favourable", "no"),
        ("text", "场地不足,建议不予入库。"),
    ];
    let sent = officer.send(&form, &OWN, &fields).await;
    assert_eq!(
        (sent.status.as_u16(), sent.header("location")),
        (303, path.as_str())
    );
    let page = officer.open(&path).await.text();
    assert!(page.contains("建议不予入库") && !page.contains("出具县级意见"));
    // What federations say to each other is not the institution's to read.
    let mut school = Browser::new(&story.server);
    school.sign_in("school-1", PASSWORD).await;
    let page = school.open(&path).await.text();
    assert!(page.contains("入库审核决定") && !page.contains("建议不予入库"));
}
