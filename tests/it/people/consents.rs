//! What the holder of a certificate agrees to is acted on at the next check, and so is a withdrawal (pages.md 3.5, 4.3).

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Browser, Database, Story, on_both, people};

use super::{OWN, hidden, trainee};

on_both! {
    the_full_name_stands_on_the_page_while_the_holder_agrees;
    a_replaced_certificate_leads_to_the_new_one_while_the_holder_agrees;
    who_has_no_account_agrees_and_withdraws_at_the_counter;
}

/// Presses the button of a purpose on the trainee's page.
async fn press(browser: &mut Browser, purpose: &str, act: &str) {
    let page = browser.open("/me/consents").await.text();
    let at = page
        .find(&format!("value=\"{purpose}\""))
        .expect("the purpose");
    let key = hidden(&page[at..], "key");
    let fields = [("purpose", purpose), ("key", &key), ("act", act)];
    let sent = browser.send("/me/consents", &OWN, &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
}

async fn class_of(story: &Story) -> String {
    let classes = story.who("school-1").get("/api/v1/cohorts").await.good();
    text(&classes["items"][0]["id"])
}

/// What the API answers to the number and the full name.
async fn checked(story: &Story, number: &Value, name: &str) -> Value {
    let request = json!({ "items": [{ "number": number, "name": name }] });
    let anybody = story.who("anybody");
    let ask = anybody
        .ask(reqwest::Method::POST, "/api/v1/verifications")
        .await;
    anybody.send(ask.json(&request)).await.good()["items"][0].clone()
}

async fn the_full_name_stands_on_the_page_while_the_holder_agrees(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..2]).await;
    let cohort = class_of(&story).await;
    let ids: Vec<String> = (0..2)
        .map(|at| text(&issued["certificates"][at]["id"]))
        .collect();
    let names: Vec<&str> = known[..2].iter().map(|one| one.name).collect();
    let mut browser = trainee(&story, &cohort, members[0]).await;
    let page = async |id: &str| story.who("anybody").get(&format!("/v/{id}")).await.text();
    // Which of the two certificates is whose: names are masked as yet.
    for id in &ids {
        let html = page(id).await;
        assert!(names.iter().all(|name| !html.contains(name)), "masked");
    }
    press(&mut browser, "show_full_name", "give").await;
    let mut shown = 0;
    for id in &ids {
        let html = page(id).await;
        assert!(!html.contains(names[1]), "the other one did not agree");
        shown += usize::from(html.contains(names[0]));
        let number = &story.certificate(id).await["certificate_no"];
        let answer = checked(&story, number, names[0]).await;
        if answer["certificate"].is_object() {
            assert_eq!(
                (
                    &answer["certificate"]["holder"],
                    &answer["certificate"]["holder_masked"]
                ),
                (&json!(names[0]), &json!(false))
            );
        }
    }
    assert_eq!(shown, 1, "by the id alone, on the holder's own certificate");
    press(&mut browser, "show_full_name", "withdraw").await;
    for id in &ids {
        assert!(
            !page(id).await.contains(names[0]),
            "gone with the next check"
        );
    }
}

async fn a_replaced_certificate_leads_to_the_new_one_while_the_holder_agrees(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..1]).await;
    let cohort = class_of(&story).await;
    story.server.days_pass(1);
    let old_id = text(&issued["certificates"][0]["id"]);
    let old = story.certificate(&old_id).await;
    let resource = format!("/api/v1/certificates/{}", text(&old["id"]));
    let request = json!({ "act": "supersede", "reason_code": "correction" });
    let done = story
        .who("province-1")
        .act(&resource, "changes", &request)
        .await
        .good();
    let new_id = text(&done["superseded_by"]);
    let leads = async || {
        let page = story.who("anybody").get(&format!("/v/{old_id}")).await;
        let answer = checked(&story, &old["certificate_no"], known[0].name).await;
        assert_eq!(answer["state"], "superseded");
        let on_page = page.text().contains(&format!("href=\"/v/{new_id}\""));
        let told = answer["certificate"]["replaced_by"] == new_id.as_str();
        assert_eq!(on_page, told);
        assert_eq!(
            page.text().contains(&new_id),
            on_page,
            "nowhere else either"
        );
        on_page
    };
    assert!(!leads().await, "not without consent");
    let mut browser = trainee(&story, &cohort, members[0]).await;
    press(&mut browser, "link_replacement", "give").await;
    assert!(leads().await);
    press(&mut browser, "link_replacement", "withdraw").await;
    assert!(!leads().await, "gone with the next check");
}

/// Consent of people without an account, or of a guardian for them (field.md 15).
async fn who_has_no_account_agrees_and_withdraws_at_the_counter(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..2]).await;
    story.admit(&cohort).await;
    let path = |at: usize| format!("/api/v1/enrolments/{}/consents", members[at].0);
    let guardian = json!({
        "given": true, "purpose": "outcome_follow_up", "given_by": "guardian", "relation": "父亲",
        "proof": "纸质同意书,存区残联档案室", "channel": "paper",
    });
    for (who, status, code) in [
        ("school-1", 403, "forbidden"),
        ("province-1", 403, "forbidden"),
        ("other-county", 404, "not-found"),
    ] {
        let refused = story.who(who).post(&path(0), &guardian).await;
        refused.problem(status, code);
    }
    let county = story.who("county-1");
    for (field, value) in [
        ("relation", Value::Null),
        ("proof", json!("")),
        ("channel", json!("web")),
        ("until", json!("2020-01-01")),
    ] {
        let mut wrong = guardian.clone();
        wrong[field] = value;
        let faults = county.post(&path(0), &wrong).await.faults();
        assert_eq!(faults[0].0, format!("/{field}"), "{faults:?}");
    }
    let done = county.post(&path(0), &guardian).await.good();
    assert_eq!(done["given"], true, "{done}");

    // The trainee sees whose word it is and who recorded it, and withdraws it as any other.
    let place = story.server.app.regions.full_name(tests::story::COUNTY);
    let mut browser = trainee(&story, &cohort, members[0]).await;
    let page = browser.open("/me/consents").await.text();
    assert!(
        page.contains("由监护人代为同意") && page.contains(place),
        "{page}"
    );
    press(&mut browser, "outcome_follow_up", "withdraw").await;
    let of = async |at: usize| {
        let (app, person) = (&story.server.app, members[at].1);
        let (reader, vault) = (app.store.reader(), app.store.vault());
        let mut all = store::privacy::consents::of_person(reader, vault, person)
            .await
            .expect("consents");
        all.retain(|one| one.purpose == domain::privacy::ConsentPurpose::OutcomeFollowUp);
        all
    };
    let kept = of(0).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].withdrawn_on, Some(story.server.today()));
    assert_eq!(kept[0].relation.as_deref(), Some("父亲"));
    assert_eq!(kept[0].proof.as_deref(), Some("纸质同意书,存区残联档案室"));

    // By the form of the class: agreed, and taken back by voice, which stands beside what was agreed to.
    let mut officer = Browser::new(&story.server);
    officer.sign_in("county-1", tests::story::PASSWORD).await;
    let desk = format!("/admin/surveys/{cohort}");
    let shown = officer.open(&desk).await.text();
    assert!(shown.contains(&format!("action=\"{desk}/consents\"")));
    let enrolment = members[1].0.to_string();
    for (given, key) in [("yes", "said-yes"), ("no", "said-no")] {
        let fields = [
            ("key", key),
            ("enrolment", enrolment.as_str()),
            ("given", given),
            ("purpose", "outcome_follow_up"),
            ("given_by", "self"),
            ("channel", "voice"),
            ("proof", "窗口录音 12 号"),
        ];
        let sent = officer
            .send(&format!("{desk}/consents"), &OWN, &fields)
            .await;
        assert_eq!(sent.status, 303, "{}", sent.text());
    }
    let kept = of(1).await;
    assert_eq!(kept.len(), 2, "{kept:?}");
    for one in &kept {
        assert_eq!(one.withdrawn_on, Some(story.server.today()));
        assert_eq!(one.channel, domain::privacy::Channel::Voice);
        assert_eq!(one.recorded_by.as_deref(), Some(tests::story::COUNTY));
    }
}
