//! Days: a suspension that nobody ends, and the state on a past day.

use chrono::{Days, Months, NaiveDate};
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{ask, id, verdict};

on_both! {
    a_suspension_that_nobody_ends_is_due_and_overdue;
    a_past_day_is_answered_with_the_state_then_and_now;
    the_last_day_of_validity_is_a_valid_one;
}

/// Due acts about certificates, as somebody sees them: kind, act and number.
async fn owed(story: &Story, who: &str) -> Vec<(String, String)> {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("a look");
    let all = story.who(who).get("/api/v1/alarms").await.good();
    all.as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["act"] == "certificate_suspension")
        .map(|one| (text(&one["kind"]), text(&one["certificate"])))
        .collect()
}

async fn a_suspension_that_nobody_ends_is_due_and_overdue(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let receipt = story.suspend(&id(&issued, 0)).await;
    let other = story.suspend(&id(&issued, 1)).await;
    assert!(owed(&story, "province-1").await.is_empty());
    let until: NaiveDate = text(&receipt["suspended_until"]).parse().expect("a day");
    assert_eq!(receipt["suspended_until"], other["suspended_until"]);
    story.resume(&id(&issued, 1)).await;
    let left = (until - story.server.today()).num_days();
    story.server.days_pass(left);
    let due = [("due".to_owned(), number.clone())];
    assert_eq!(owed(&story, "province-1").await, due);
    assert!(owed(&story, "national-1").await.is_empty());
    story.server.days_pass(1);
    let queue = story.who("province-1").get("/api/v1/alarms").await;
    assert!(queue.text().contains("certificate_suspension"));
    let late = [("overdue".to_owned(), number.clone()), due[0].clone()];
    assert_eq!(owed(&story, "province-1").await, late);
    assert_eq!(
        owed(&story, "national-1").await,
        late[..1],
        "the next level"
    );
    assert!(owed(&story, "other-province").await.is_empty());
    // It is not resumed nor revoked by itself, and the alarm ends with the act.
    assert_eq!(verdict(&story, &id(&issued, 0)).await["state"], "suspended");
    story.resume(&id(&issued, 0)).await;
    assert!(owed(&story, "province-1").await.is_empty());
    assert!(owed(&story, "national-1").await.is_empty());
}

async fn a_past_day_is_answered_with_the_state_then_and_now(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = id(&issued, 0);
    let issue = story.server.today();
    story.server.days_pass(10);
    story.suspend(&id).await;
    story.server.days_pass(10);
    story.resume(&id).await;
    story.server.days_pass(3);
    let anybody = story.who("anybody");
    let day = |days: u64| issue + Days::new(days);
    let on = async |day: &str| {
        let path = format!("/api/v1/verifications/{id}?on={day}");
        anybody.get(&path).await
    };
    for (after, state) in [
        (0, "valid"),
        (9, "valid"),
        (10, "suspended"),
        (15, "suspended"),
        (20, "valid"),
        (23, "valid"),
    ] {
        let body = on(&day(after).to_string()).await.good();
        assert_eq!(body["on_day"]["state"], state, "{after}: {body}");
        assert_eq!(
            (&body["state"], &body["valid"]),
            (&json!("valid"), &json!(true))
        );
        assert_eq!(body["on_day"]["on"], day(after).to_string());
    }
    assert!(verdict(&story, &id).await.get("on_day").is_none());
    for (asked, code) in [
        (day(24).to_string(), "in-future"),
        ((issue - Days::new(1)).to_string(), "before-issue"),
        ("2026-2-1".to_owned(), "date-form"),
        ("yesterday".to_owned(), "date-form"),
    ] {
        let body = on(&asked).await.problem(422, "invalid-request");
        assert_eq!(body["errors"][0]["pointer"], "/on", "{asked}");
        assert_eq!(body["errors"][0]["code"], code, "{asked}");
    }
    // The same for many: each row has its own day of issue, a bad day is the whole request's.
    let qr = story.qr_text(&id).await;
    let items = json!([{ "qr": qr }, { "qr": "x" }]);
    let between = ask(&story, &json!({ "items": items, "on": day(15) }))
        .await
        .good();
    assert_eq!(between["items"][0]["on_day"]["state"], "suspended");
    assert!(between["items"][1].get("on_day").is_none(), "{between}");
    let early = ask(
        &story,
        &json!({ "items": items, "on": issue - Days::new(1) }),
    )
    .await
    .good();
    assert_eq!(
        early["items"][0]["problem"]["errors"][0]["code"], "before-issue",
        "{early}"
    );
    ask(&story, &json!({ "items": items, "on": day(24) }))
        .await
        .problem(422, "invalid-request");
    // The page says both in words, and takes a day by a form without script.
    let page = anybody.get(&format!("/v/{id}?on={}", day(15))).await;
    let html = page.text();
    assert!(html.contains("当日:证书暂停使用;现在:证书有效。"), "{html}");
    assert!(html.contains("type=\"date\" id=\"on\""), "{html}");
    let english = anybody.get(&format!("/en/v/{id}?on={}", day(15))).await;
    assert!(english.text().contains(": On hold; now: Valid."));
    let wrong = anybody.get(&format!("/v/{id}?on={}", day(24))).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("<title>错误:") && wrong.text().contains("只能查今天或以前的日期")
    );
}

async fn the_last_day_of_validity_is_a_valid_one(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = id(&issued, 0);
    let issue = story.server.today();
    let end = issue
        .checked_add_months(Months::new(24))
        .expect("a day in two years");
    let last = end - Days::new(1);
    let anybody = story.who("anybody");
    let on = async |day: NaiveDate| {
        let path = format!("/api/v1/verifications/{id}?on={day}");
        let body = anybody.get(&path).await.good();
        (text(&body["on_day"]["state"]), text(&body["state"]))
    };
    let told = |then: &str, now: &str| (then.to_owned(), now.to_owned());
    story.server.days_pass((last - issue).num_days());
    assert_eq!(on(last).await, told("valid", "valid"), "today, so far");
    story.server.days_pass(1);
    assert_eq!(on(last).await, told("valid", "expired"));
    assert_eq!(on(end).await, told("expired", "expired"));
    let page = anybody.get(&format!("/v/{id}?on={last}")).await.text();
    assert!(page.contains("当日:证书有效;现在:"), "{page}");
    let many = json!({ "items": [{ "qr": story.qr_text(&id).await }], "on": last });
    let many = ask(&story, &many).await.good();
    assert_eq!(many["items"][0]["on_day"]["state"], "valid", "{many}");
}
