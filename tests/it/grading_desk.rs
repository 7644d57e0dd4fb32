//! The desk of a grading: a province leads results to publication, a school sees why, a bulletin is drafted; all without a
//! script.

use serde_json::json;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both};

use crate::cases::hidden;

on_both! {
    results_are_led_to_publication_on_pages_and_the_school_sees_why;
}

const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

/// Presses the one button of a page whose form goes to this address.
async fn press(browser: &mut Browser, page: &str, action: &str) -> u16 {
    let html = browser.open(page).await.text();
    assert!(
        html.contains(&format!("action=\"{action}\"")) && !html.contains("<script"),
        "{html}"
    );
    let [key, revision, act] = ["key", "revision", "act"].map(|name| hidden(&html, action, name));
    let fields = [
        ("key", key.as_str()),
        ("revision", revision.as_str()),
        ("act", act.as_str()),
    ];
    browser.send(action, &OWN, &fields).await.status.as_u16()
}

/// The objection is the province's to decide, and stands among its alarms until then.
async fn objection_decided(story: &Story) {
    let province = story.who("province-1");
    let results = format!("/api/v1/institutions/{}/results", story.admission);
    let result = province.get(&results).await.good()[0].clone();
    let objects = format!("/api/v1/results/{}/objections", text(&result["id"]));
    let late = json!({ "text": "他人的意见在公示前不收。" });
    province
        .post(&objects, &late)
        .await
        .problem(409, "transition-refused");
    story
        .who("other-school")
        .post(&objects, &late)
        .await
        .problem(404, "not-found");
    let more = json!({ "text": "考核日期也有误。" });
    let second = story.who("school-1").post(&objects, &more).await.good();
    let list = store::objections::of(
        story.server.app.store.reader(),
        text(&result["id"]).parse().expect("an id"),
    );
    let open = list.await.expect("objections");
    assert_eq!(open.len(), 2);
    let answer = json!({ "accepted": false, "answer": "经核对登记无误。" });
    for one in &open {
        let decide = format!("/api/v1/objections/{}/decision", one.id);
        province.post(&decide, &answer).await.good();
    }
    let again = format!("/api/v1/objections/{}/decision", text(&second["id"]));
    province
        .post(&again, &answer)
        .await
        .problem(409, "transition-refused");
}

async fn results_are_led_to_publication_on_pages_and_the_school_sees_why(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(6).await;
    story.issue(&cohort).await;
    story.server.days_pass(300);
    let request = json!({ "kind": "annual", "freeze_on": story.server.annual_freeze() });
    let national = story.who("national-1");
    let frozen = national.post("/api/v1/grading-freezes", &request).await;
    let run = text(&frozen.good()["run"]);
    let page = format!("/admin/gradings/{run}");

    let mut school = Browser::new(&story.server);
    school.sign_in("school-1", PASSWORD).await;
    assert!(
        school
            .open("/org/rating")
            .await
            .text()
            .contains("还没有评级结果")
    );
    assert_eq!(school.open(&page).await.status, 404);
    assert_eq!(school.open("/admin/bulletins").await.status, 403);

    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    let desk = province.open("/desk").await.text();
    assert!(desk.contains("href=\"/admin/gradings\"") && desk.contains("href=\"/admin/cases\""));
    assert!(province.open("/admin/gradings").await.text().contains(&run));
    // A county looks on, and has no button.
    let mut county = Browser::new(&story.server);
    county.sign_in("county-1", PASSWORD).await;
    let seen = county.open(&page).await.text();
    assert!(seen.contains("浙江虚构职业培训学校") && !seen.contains(&format!("action=\"{page}\"")));
    let by_county = [("key", "c-1"), ("revision", "0")];
    assert_eq!(county.send(&page, &OWN, &by_county).await.status, 403);

    // Figures, and the school sees them with the day until which it may correct its data.
    assert_eq!(press(&mut province, &page, &page).await, 303);
    let own = school.open("/org/rating").await.text();
    assert!(
        own.contains("机构核对数据") && own.contains("就业转化率") && own.contains("0/6"),
        "{own}"
    );
    // The school says which line is wrong; its grade waits until that is decided.
    let result = hidden(&own, "action=\"/org/rating\"", "result");
    let wrong = [
        ("key", "object-1"),
        ("result", result.as_str()),
        ("line", "EMP"),
        ("text", "两名学员的就业记录没有计入。"),
    ];
    let by_other = school.send("/org/rating", &OWN, &[("key", "object-0"), ("result", "x")]);
    assert_eq!(by_other.await.status, 400);
    assert_eq!(school.send("/org/rating", &OWN, &wrong).await.status, 303);
    let own = school.open("/org/rating").await.text();
    assert!(
        own.contains("办理中") && own.contains("【就业转化率】两名学员"),
        "{own}"
    );
    objection_decided(&story).await;
    let own = school.open("/org/rating").await.text();
    assert!(
        own.contains("未采纳") && own.contains("经核对登记无误"),
        "{own}"
    );
    let html = province.open(&page).await.text();
    assert!(html.contains("最早") && !html.contains("<form method=\"post\" action=\"/admin/grade"));
    story.server.days_pass(25);
    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    let html = province.open(&page).await.text();
    let mark = "action=\"/admin/grade-publications/";
    let at = html.find(mark).expect("the button") + mark.len();
    let action = format!("/admin/grade-publications/{}", &html[at..at + 36]);
    assert_eq!(press(&mut province, &page, &action).await, 303);

    // While the notice runs, a bulletin is drafted and goes to the second person.
    let html = province.open("/admin/bulletins").await.text();
    let key = hidden(&html, "<h2>起草</h2>", "key");
    let draft = [
        ("key", key.as_str()),
        ("kind", "grade_results"),
        ("run", run.as_str()),
        ("title", "浙江省评级结果"),
    ];
    let mut untitled = draft;
    untitled[3].1 = "";
    assert_eq!(
        province
            .send("/admin/bulletins", &OWN, &untitled)
            .await
            .status,
        422
    );
    assert_eq!(
        province.send("/admin/bulletins", &OWN, &draft).await.status,
        303
    );
    let html = province.open("/admin/bulletins").await.text();
    assert!(
        html.contains("浙江省评级结果") && html.contains("草稿"),
        "{html}"
    );
    let bulletins = story
        .who("province-1")
        .get("/api/v1/bulletins")
        .await
        .good();
    let review = format!("/admin/bulletins/{}", text(&bulletins[0]["id"]));
    assert_eq!(press(&mut province, "/admin/bulletins", &review).await, 303);

    story.server.days_pass(15);
    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    assert_eq!(press(&mut province, &page, &action).await, 303);
    let proposals = story
        .who("province-2")
        .get("/api/v1/proposals")
        .await
        .good();
    let kinds: Vec<String> = proposals["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| text(&one["object_kind"]))
        .collect();
    assert!(
        kinds.contains(&"grade_publication".to_owned()) && kinds.contains(&"bulletin".to_owned()),
        "{proposals}"
    );
}
