//! Consents and requests of persons.

use super::{ask, ask_for, correction, decide, grant, key};
use api::privacy::consents::{self, ConsentRequest};
use api::privacy::{me, requests};
use domain::privacy::ConsentPurpose;
use domain::privacy::RequestKind;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both, people};

on_both! {
    requests_beyond_a_page_are_reached_and_decided_ones_come_newest_first;
    a_consent_is_recorded_at_import_and_withdrawn_as_easily_as_given;
    a_corrected_name_stands_on_the_certificate_that_supersedes;
    what_supersedes_waits_for_a_name_that_is_being_corrected;
    a_request_is_decided_once_and_by_its_last_day;
}

async fn a_consent_is_recorded_at_import_and_withdrawn_as_easily_as_given(database: Database) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()).await;
    let app = &story.server.app;
    let actor = people::actor(members[0].1);
    let of = async |purpose| {
        consents::of_trainee(app, &actor)
            .await
            .expect("consents")
            .into_iter()
            .find(|one| one.purpose == purpose)
            .expect("every purpose is told")
    };
    let training = of(ConsentPurpose::Training).await;
    assert!(training.given && training.consents.len() == 1);
    assert_eq!(training.consents[0].from.to_string(), "2026-02-20");
    assert_eq!(training.consents[0].channel.as_str(), "paper");
    story
        .import(&cohort, people::roster(&people::known()))
        .await;
    assert_eq!(
        of(ConsentPurpose::Training).await.consents.len(),
        1,
        "the same roster again"
    );
    let later = ConsentPurpose::OutcomeFollowUp;
    assert!(!of(later).await.given, "nothing is agreed to unasked");
    let request = ConsentRequest {
        purpose: later,
        until: None,
    };
    for _ in 0..2 {
        consents::give(app, &actor, &key(), &request)
            .await
            .expect("given");
        assert!(of(later).await.given);
        let receipt = consents::withdraw(app, &actor, &key(), &request)
            .await
            .expect("withdrawn");
        let receipt = receipt.value();
        assert_eq!(receipt["given"], false);
        assert!(
            receipt["consequence"]
                .as_str()
                .is_some_and(|text| text.contains("证书"))
        );
        assert!(receipt["retain_until"].is_string(), "{receipt}");
    }
    let now = of(later).await;
    assert!(
        !now.given && now.consents.len() == 2,
        "a withdrawal is a date, not a deletion"
    );
    let staff = api::access::accounts::sign_in(app, "county-1", tests::story::PASSWORD)
        .await
        .expect("signed in");
    let refused = consents::give(app, &staff.actor, &key(), &request).await;
    assert!(refused.is_err(), "nobody else decides about it");
    story
        .who("county-1")
        .get("/api/v1/me/consents")
        .await
        .problem(403, "forbidden");
    for path in ["/me", "/me/consents", "/me/reads"] {
        let page = story.who("anybody").get(path).await;
        assert_eq!(
            page.header("location"),
            format!("/sign-in?to={path}"),
            "{path}"
        );
    }
}

async fn a_corrected_name_stands_on_the_certificate_that_supersedes(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..1]).await;
    let (_, person) = members[0];
    story.server.days_pass(1);
    let right = "欧阳虚构佳";
    let asked = ask(&story, person, &correction(right)).await;
    decide(&story, "county-1", &asked, &grant()).await.good();
    let old_id = text(&issued["certificates"][0]["id"]);
    let old = story.certificate(&old_id).await;
    let resource = format!("/api/v1/certificates/{}", text(&old["id"]));
    let request = json!({ "act": "supersede", "reason_code": "correction" });
    let done = story
        .who("province-1")
        .act(&resource, "changes", &request)
        .await
        .good();
    let new = story.certificate(&text(&done["superseded_by"])).await;
    let state = async |number: &Value, name: &str| state(&story, number, name).await;
    assert_eq!(state(&new["certificate_no"], right).await, "valid");
    assert_eq!(
        state(&new["certificate_no"], known[0].name).await,
        "not_found"
    );
    assert_eq!(
        state(&old["certificate_no"], known[0].name).await,
        "superseded",
        "the signed old one stays as it was"
    );
    let record = me::record(&story.server.app, &people::actor(person))
        .await
        .expect("a record");
    let names: Vec<(&str, bool)> = record
        .values
        .iter()
        .filter(|value| value.kind == "name")
        .map(|value| (value.value.as_str(), value.until.is_some()))
        .collect();
    assert_eq!(
        names,
        [(known[0].name, true), (right, false)],
        "both names with their dates"
    );
}

/// What anybody is told of this number and name.
async fn state(story: &Story, number: &Value, name: &str) -> String {
    let request = json!({ "items": [{ "number": number, "name": name }] });
    let anybody = story.who("anybody");
    let ask = anybody
        .ask(reqwest::Method::POST, "/api/v1/verifications")
        .await;
    let answer = anybody.send(ask.json(&request)).await.good();
    text(&answer["items"][0]["state"])
}

async fn what_supersedes_waits_for_a_name_that_is_being_corrected(database: Database) {
    let story = Story::ready(database).await;
    let (issued, members) = story.certified(&people::known()[..1]).await;
    let (_, person) = members[0];
    story.server.days_pass(1);
    let old = story
        .certificate(&text(&issued["certificates"][0]["id"]))
        .await;
    let province = story.who("province-1");
    let resource = format!("/api/v1/certificates/{}", text(&old["id"]));
    let revision = province.get(&resource).await.good()["revision"].clone();

    let app = &story.server.app;
    let (vault, today, right) = (app.store.vault(), app.today(), "欧阳虚构佳");
    let tx = app.store.write().await.expect("a transaction");
    store::persons::lock(&tx, &[person]).await.expect("locked");
    let open = store::persons::open(&tx, vault, &[person], today).await;
    let open = open.expect("opened").remove(&person).expect("the person");
    let row = app.random.id(app.now());
    let renamed = store::persons::rename(&tx, &open, right, today, None, row).await;
    renamed.expect("renamed");
    let path = format!("{resource}/changes");
    let request = json!({ "act": "supersede", "reason_code": "correction" });
    let corrected = async {
        tokio::time::sleep(std::time::Duration::from_millis(800)).await;
        store::commit(tx).await.expect("committed");
    };
    let (done, ()) = tokio::join!(province.post_seen(&path, &revision, &request), corrected);
    let new = text(&done.good()["superseded_by"]);
    let new = story.certificate(&new).await;
    let told = state(&story, &new["certificate_no"], right).await;
    assert_eq!(told, "valid", "the name of after the correction is signed");
}

async fn a_request_is_decided_once_and_by_its_last_day(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = story.class_of(&people::known()[..1]).await;
    let (enrolment, person) = members[0];
    let asked = ask(&story, person, &ask_for(RequestKind::Copy)).await;
    let today = story.server.today();
    let due = story.server.app.calendar.add_working_days(today, 15);
    assert_eq!(asked["due_on"], due.to_string(), "fifteen working days");
    let app = &story.server.app;
    let twice = requests::ask(
        app,
        &people::actor(person),
        &key(),
        &ask_for(RequestKind::Copy),
    )
    .await;
    assert_eq!(
        twice.expect_err("one at a time").code().as_str(),
        "duplicate"
    );
    let path = format!("/api/v1/person-requests/{}", text(&asked["request"]));
    let county = story.who("county-1");
    for who in ["other-county", "other-province"] {
        story.who(who).get(&path).await.problem(404, "not-found");
    }
    story
        .who("school-1")
        .get(&path)
        .await
        .problem(403, "forbidden");
    county
        .get(&format!("{path}/copy"))
        .await
        .problem(409, "transition-refused");
    let taken = county
        .post_seen(&format!("{path}/assign"), &json!(1), &json!({}))
        .await
        .good();
    assert_eq!(taken["state"], "assigned");
    decide(&story, "county-1", &asked, &grant())
        .await
        .problem(412, "precondition-failed");
    for wrong in [
        json!({ "grant": false, "reason": "不予办理" }),
        json!({ "grant": true, "outcome": "unproven", "reason": "同意" }),
        json!({ "grant": true, "reason": "" }),
    ] {
        decide(&story, "county-1", &taken, &wrong)
            .await
            .problem(422, "invalid-request");
    }
    story.server.days_pass(40);
    let listed = county.get("/api/v1/person-requests").await.good();
    assert_eq!(listed["items"][0]["overdue"], true, "{listed}");
    decide(&story, "county-1", &taken, &grant()).await.good();
    let copy = county.get(&format!("{path}/copy")).await;
    assert_eq!(copy.header("cache-control"), "no-store");
    let copy = copy.good();
    assert_eq!(copy["format"], "mingzheng.own-record.v1");
    assert_eq!(copy["trainings"][0]["phone"], people::known()[0].phone);
    assert_eq!(
        copy["values"].as_array().map(Vec::len),
        Some(3),
        "name, number, card"
    );
    let reads = me::reads(app, &people::actor(person), None, 10)
        .await
        .expect("reads");
    assert_eq!(
        reads[0].purpose, "person_request",
        "the copy itself is a read"
    );
    let again = county
        .post_seen(&format!("{path}/decide"), &json!(3), &grant())
        .await;
    again.problem(409, "transition-refused");
    // At the counter, on paper.
    let request = json!({ "kind": "access", "channel": "paper" });
    let at = format!("/api/v1/enrolments/{enrolment}/person-requests");
    county
        .post(&at, &json!({ "kind": "access" }))
        .await
        .problem(422, "invalid-request");
    story
        .who("other-county")
        .post(&at, &request)
        .await
        .problem(404, "not-found");
    county.post(&at, &request).await.good();
}

async fn requests_beyond_a_page_are_reached_and_decided_ones_come_newest_first(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = story.class_of(&people::known()[..3]).await;
    let mut asked = Vec::new();
    for (_, person) in &members {
        asked.push(ask(&story, *person, &ask_for(RequestKind::Copy)).await);
        story.server.days_pass(1);
    }
    let county = story.who("county-1");
    let all = async |query: &str| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/person-requests?{query}{cursor}");
            let page = county.get(&path).await.good();
            let items = page["items"].as_array().expect("rows").clone();
            found.extend(items.iter().map(|one| text(&one["id"])));
            let Some(next) = page["next"].as_str() else {
                break found;
            };
            cursor = format!("&cursor={next}");
        }
    };
    let id = |at: usize| text(&asked[at]["request"]);
    for query in ["limit=1", "limit=2", "limit=100"] {
        assert_eq!(all(query).await, [id(0), id(1), id(2)], "{query}");
    }
    for one in &asked[..2] {
        decide(&story, "county-1", one, &grant()).await.good();
        story.server.clock.advance_seconds(1);
    }
    for query in ["decided=true&limit=1", "decided=true&limit=2"] {
        assert_eq!(all(query).await, [id(2), id(1), id(0)], "{query}");
    }
    assert_eq!(all("limit=1").await, [id(2)]);
    county
        .get("/api/v1/person-requests?cursor=nothing")
        .await
        .problem(422, "invalid-request");
    // The same on the page.
    let first = county
        .get("/api/v1/person-requests?decided=true&limit=1")
        .await
        .good();
    let mut officer = Browser::new(&story.server);
    officer.sign_in("county-1", PASSWORD).await;
    let waiting = officer.open("/desk/requests").await.text();
    assert!(waiting.contains(&id(2)) && !waiting.contains(&id(1)));
    let rest = format!(
        "/desk/requests?decided=true&cursor={}",
        text(&first["next"])
    );
    let rest = officer.open(&rest).await.text();
    // The address of the page itself names the last of the one before.
    let listed = |at: usize| rest.contains(&format!("/desk/requests/{}\"", id(at)));
    assert!(listed(1) && listed(0) && !listed(2), "{rest}");
}
