//! Contests of work: by the trainee with one tap, by data that cannot both be true, and the message before a follow-up by
//! telephone (workflow.md 4).

use chrono::Days;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Browser, Client, Database, Story, on_both};

use crate::evidence::{claim, employer, episodes, imported, roster, row, taught};

on_both! {
    a_trainee_says_with_one_tap_whether_work_is_so;
    data_that_cannot_both_be_true_are_contested_once;
    a_message_asks_before_the_call_and_its_link_works_once;
    nobody_imports_a_register_about_an_institution_of_their_own;
}

/// The trainee of an enrolment signs in by a slip of the counter.
async fn trainee(story: &Story, enrolment: &str) -> Client {
    let id = enrolment.parse().expect("an id");
    let reader = story.server.app.store.reader();
    let cohort = store::certificates::cohort_of_enrolment(reader, id)
        .await
        .expect("asked")
        .expect("a class");
    crate::grievances::trainee(story, &cohort.to_string(), enrolment).await
}

async fn say(who: &Client, episode: &str, body: Value) -> tests::Answer {
    let path = format!("/api/v1/me/episodes/{episode}/answer");
    who.post(&path, &body).await
}

async fn a_trainee_says_with_one_tap_whether_work_is_so(database: Database) {
    let story = Story::ready(database).await;
    let ids = taught(&story, roster(1, 2, "330106")).await;
    story.server.days_pass(20);
    claim(&story, "school-1", &ids[0], &employer(3), 10, json!({}))
        .await
        .good();
    let own = trainee(&story, &ids[0]).await;
    let list = own.get("/api/v1/me/episodes").await.good();
    let id = text(&list[0]["id"]);
    assert_eq!(list[0]["employer"], employer(3).as_str());
    // Another trainee's record is not there.
    let other = trainee(&story, &ids[1]).await;
    say(&other, &id, json!({ "holds": true }))
        .await
        .problem(404, "not-found");
    for wrong in [
        json!({ "holds": false }),
        json!({ "holds": true, "reason": "never_worked" }),
        json!({ "holds": false, "reason": "in_custody" }),
    ] {
        say(&own, &id, wrong).await.problem(422, "invalid-request");
    }
    // The own word is one independent source, however often it is said.
    for _ in 0..2 {
        let said = say(&own, &id, json!({ "holds": true })).await.good();
        assert_eq!(said["state"], "corroborated");
    }
    let shown = &episodes(&story, "county-1", &ids[0]).await[0];
    assert_eq!(shown["sources"], json!(["institution", "trainee"]));
    let said = say(
        &own,
        &id,
        json!({ "holds": false, "reason": "never_worked" }),
    )
    .await
    .good();
    assert_eq!(said["state"], "contested");
    let due = story
        .server
        .app
        .calendar
        .add_working_days(story.server.today(), 20);
    assert_eq!(said["due_on"], due.to_string());
    say(&own, &id, json!({ "holds": false, "reason": "unpaid" }))
        .await
        .problem(409, "transition-refused");
    // Whose term it is when it is over.
    while story.server.today() <= due {
        story.server.days_pass(1);
    }
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("a look");
    let alarms = story.who("county-1").get("/api/v1/alarms").await.good();
    let acts: Vec<&Value> = alarms
        .as_array()
        .expect("alarms")
        .iter()
        .map(|one| &one["act"])
        .collect();
    assert!(acts.contains(&&json!("episode_contest")), "{acts:?}");
}

async fn data_that_cannot_both_be_true_are_contested_once(database: Database) {
    let story = Story::ready(database).await;
    let ids = taught(&story, roster(1, 3, "330106")).await;
    story.server.days_pass(120);
    let today = story.server.today();
    let ago = |days: u64| today - Days::new(days);
    // Two full-time jobs in a register for more than a month: nobody can tell which is right.
    let rows = [
        row(1, &employer(3), ago(100), None),
        row(1, &employer(4), ago(60), None),
        // A register that ends a job some days late is no second job.
        row(2, &employer(3), ago(100), Some(ago(50))),
        row(2, &employer(4), ago(70), None),
    ];
    imported(&story, "county-1", today, &rows).await.good();
    let states = async |id: &str| -> Vec<String> {
        let all = episodes(&story, "county-1", id).await;
        all.iter().map(|one| text(&one["state"])).collect()
    };
    assert_eq!(states(&ids[0]).await, ["contested", "contested"]);
    assert_eq!(states(&ids[1]).await, ["ended", "verified"]);
    // What the county dismissed is not raised again by the same data.
    let county = story.who("county-1");
    for one in episodes(&story, "county-1", &ids[0]).await {
        let path = format!("/api/v1/episodes/{}", text(&one["id"]));
        let act = json!({ "act": "dismiss", "reason": "两份工作均为半日制。" });
        county.act(&path, "acts", &act).await.good();
    }
    story.server.days_pass(1);
    let again = [row(1, &employer(4), ago(60), None)];
    imported(&story, "county-1", story.server.today(), &again)
        .await
        .good();
    assert_eq!(states(&ids[0]).await, ["verified", "verified"]);
    // Custody covers a day of work: the document contests what stands, and the register what comes.
    let rows = [row(3, &employer(3), ago(90), None)];
    imported(&story, "county-1", today, &rows).await.good();
    assert_eq!(states(&ids[2]).await, ["verified"]);
    let path = format!("/api/v1/enrolments/{}/exclusion", ids[2]);
    let request = json!({ "code": "X4", "on": ago(30),
        "document": { "number": "虚〔2026〕7号", "issuer": "虚构机关", "made_on": ago(20) } });
    county.post(&path, &request).await.good();
    assert_eq!(states(&ids[2]).await, ["contested"]);
    let id = text(&episodes(&story, "county-1", &ids[2]).await[0]["id"]);
    let lines =
        store::journal::timeline(story.server.app.store.reader(), id.parse().expect("an id"))
            .await
            .expect("a timeline");
    let reason = lines.last().and_then(|line| line.reason_code.clone());
    assert_eq!(reason.as_deref(), Some("in_custody"));
}

async fn a_message_asks_before_the_call_and_its_link_works_once(database: Database) {
    let story = Story::ready(database).await;
    let ids = taught(&story, roster(1, 2, "330106")).await;
    story.server.days_pass(20);
    for id in &ids {
        claim(&story, "school-1", id, &employer(3), 5, json!({}))
            .await
            .good();
    }
    // One agreed to be asked and told the county a number, the other did not.
    let own = trainee(&story, &ids[0]).await;
    let agree = json!({ "purpose": "outcome_follow_up" });
    own.post("/api/v1/me/consents", &agree).await.good();
    for (at, id) in ids.iter().enumerate() {
        let contact = json!({ "phone": format!("1370000000{at}"), "means": "counter" });
        let path = format!("/api/v1/enrolments/{id}/verified-contact");
        story.who("county-1").post(&path, &contact).await.good();
    }
    let app = &story.server.app;
    let run = async || api::cases::alarms::run(app).await.expect("a look").asked;
    assert_eq!(run().await, 0, "not due yet");
    story.server.days_pass(30);
    assert_eq!(run().await, 1, "who did not agree is not asked");
    assert_eq!(run().await, 0, "once");
    let sent = std::fs::read_dir(story.server.data().join("outbox"))
        .expect("an outbox")
        .filter_map(|one| std::fs::read_to_string(one.ok()?.path()).ok())
        .find(|text| text.contains("/f/"))
        .expect("a message");
    let sent: Value = serde_json::from_str(&sent).expect("JSON");
    assert_eq!(sent["to"], "13700000000");
    let link = text(&sent["text"]);
    let link = link.split("/f/").nth(1).expect("a link");
    let path = format!("/f/{}", link.trim());
    let list = story.who("county-1").get("/api/v1/follow-ups").await.good();
    let asked: Vec<bool> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| !one["asked_on"].is_null())
        .collect();
    assert_eq!(asked.iter().filter(|one| **one).count(), 1, "{list}");

    // The link was made under the key of before.
    let kind = store::vault::KeyKind::BlindIndex;
    let pace = api::privacy::rotation::Pace::default();
    let rotated = api::privacy::rotation::rotate(app, kind, pace).await;
    assert!(rotated.expect("a new key").finished);
    let mut browser = Browser::new(&story.server);
    let page = browser.open(&path).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = crate::cases::hidden(&page.text(), "<form", "form");
    let own = [("Sec-Fetch-Site", "same-origin")];
    let fields = [
        ("form", form.as_str()),
        ("outcome", "left"),
        ("last_day", ""),
    ];
    let left = browser.send(&path, &own, &fields).await;
    assert_eq!(left.status, 422, "the day is missing: {}", left.text());
    let fields = [("form", form.as_str()), ("outcome", "still_there")];
    let done = browser.send(&path, &own, &fields).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.text().contains("已经记下"), "{}", done.text());
    let fields = [("form", form.as_str()), ("outcome", "something_wrong")];
    let again = browser.send(&path, &own, &fields).await;
    assert!(again.text().contains("已经有答复"), "{}", again.text());
    let shown = &episodes(&story, "county-1", &ids[0]).await[0];
    assert_eq!(shown["state"], "corroborated");
    assert_eq!(shown["sources"], json!(["institution", "trainee"]));
    let list = story.who("county-1").get("/api/v1/follow-ups").await.good();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
}

async fn nobody_imports_a_register_about_an_institution_of_their_own(database: Database) {
    let story = Story::ready(database).await;
    taught(&story, roster(1, 1, "330106")).await;
    story.server.days_pass(60);
    let today = story.server.today();
    let county = story.who("county-1");
    let path = format!("/api/v1/institutions/{}/interests", story.admission);
    let reason = json!({ "reason": "亲属在该机构任职" });
    county.post(&path, &reason).await.good();
    let rows = [row(1, &employer(3), today - Days::new(50), None)];
    let refused = imported(&story, "county-1", today, &rows).await;
    assert_eq!(crate::cases::codes(&refused), ["interest-declared"]);
    imported(&story, "county-2", today, &rows).await.good();
}
