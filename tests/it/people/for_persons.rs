//! What an officer may do to a whole person, and with whom: a roster hands nobody over to another county, and what is
//! granted about a person is the word of two (trust.md AZ-2, PI-6; workflow.md 7 and 8).

use domain::ids::{EnrolmentId, PersonId};
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Database, Story, on_both, people};

use super::{OWN, trainee};

on_both! {
    a_roster_hands_nobody_over_to_another_county;
    what_is_granted_about_a_person_is_the_word_of_two;
    an_application_opens_nothing_of_somebody_who_is_known_elsewhere;
    whoever_took_back_the_consent_gets_no_certificate_and_into_no_class;
    whoever_refuses_what_was_never_asked_is_not_asked;
    the_account_of_a_trainee_becomes_no_post;
    a_file_of_another_province_is_not_proposed;
    a_roster_does_not_replace_a_card_that_stands;
    a_granted_copy_is_fetched_for_thirty_days;
    who_recorded_the_number_grants_nothing_that_is_asked_with_it;
    a_number_told_for_an_application_ends_with_an_admission_elsewhere;
}

/// The household of somebody as a roster of now says it: of Binjiang, another county of the same province.
const ELSEWHERE: &str = "330108";

async fn request(story: &Story, who: &str, enrolment: EnrolmentId, kind: &str) -> Answer {
    let path = format!("/api/v1/enrolments/{enrolment}/person-requests");
    let mut request = json!({ "kind": kind, "channel": "paper", "words": "本人书面申请" });
    if kind == "correction" {
        request["name"] = json!("欧阳虚构佳");
        request["proof"] = json!("户口簿更正页");
    }
    story.who(who).post(&path, &request).await
}

async fn grant(story: &Story, who: &str, taken: &Value) -> Answer {
    let path = format!("/api/v1/person-requests/{}/decide", text(&taken["request"]));
    let request = json!({ "grant": true, "reason": "材料齐全" });
    story
        .who(who)
        .post_seen(&path, &taken["revision"], &request)
        .await
}

/// Somebody known, in another class, as of another household.
async fn again(story: &Story) -> (String, (EnrolmentId, PersonId)) {
    let one = &people::known()[0];
    let cohort = story.enrolling().await;
    let roster = format!(
        "姓名,公民身份号码,户籍地,同意书\n{},{},{ELSEWHERE},是 2026-03-01\n",
        one.name, one.citizen_id
    );
    story.import(&cohort, roster.into_bytes()).await;
    let members = people::of_class(story, &cohort).await;
    (cohort, members[0])
}

async fn a_roster_hands_nobody_over_to_another_county(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (_, members) = story.certified(&known[..1]).await;
    story.server.days_pass(1);
    let (cohort, (second, person)) = again(&story).await;
    assert_eq!(person, members[0].1);
    // An application names another household: that county does nothing to the person, the true one still does.
    for kind in ["copy", "correction", "deletion"] {
        let told = request(&story, "other-county", second, kind).await;
        told.problem(403, "forbidden");
        assert!(told.text().contains("户籍地不一致"), "{}", told.text());
    }
    let contact = json!({ "phone": "13900001234", "means": "counter" });
    let number =
        |enrolment: EnrolmentId| format!("/api/v1/enrolments/{enrolment}/verified-contact");
    let tell = async || {
        let county = story.who("other-county");
        county.post(&number(second), &contact).await
    };
    tell().await.problem(409, "transition-refused");
    let first = request(&story, "county-1", members[0].0, "copy")
        .await
        .good();
    grant(&story, "county-2", &first).await.good();
    let copy = format!("/api/v1/person-requests/{}/copy", text(&first["request"]));
    story.who("county-1").get(&copy).await.good();
    // Once it is admitted, two records differ: neither county alone, but the one above both.
    story.admit(&cohort).await;
    tell().await.problem(403, "forbidden");
    let held = story.who("county-1").get(&copy).await;
    held.problem(403, "forbidden");
    request(&story, "other-county", second, "correction")
        .await
        .problem(403, "forbidden");
    request(&story, "county-1", members[0].0, "correction")
        .await
        .problem(403, "forbidden");
    let taken = request(&story, "province-1", members[0].0, "correction")
        .await
        .good();
    for county in ["county-1", "other-county"] {
        grant(&story, county, &taken)
            .await
            .problem(404, "not-found");
    }
    grant(&story, "province-2", &taken).await.good();
}

async fn what_is_granted_about_a_person_is_the_word_of_two(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..1]).await;
    let taken = request(&story, "county-1", members[0].0, "copy")
        .await
        .good();
    let told = grant(&story, "county-1", &taken).await;
    told.problem(409, "second-person-required");
    assert!(told.text().contains("请由另一人办理"), "{}", told.text());
    grant(&story, "county-2", &taken).await.good();
    // What is refused needs no second: nothing happens to the person.
    let taken = request(&story, "county-1", members[0].0, "correction")
        .await
        .good();
    let path = format!("/api/v1/person-requests/{}/decide", text(&taken["request"]));
    let refusal = json!({ "grant": false, "outcome": "unproven", "reason": "没有证明材料" });
    let county = story.who("county-1");
    county.post_seen(&path, &json!(1), &refusal).await.good();

    // A code that an officer printed makes no second person of them.
    let mut home = trainee(&story, &cohort, members[0]).await;
    let page = home.open("/me/requests").await.text();
    let key = super::hidden(&page, "key");
    let typed = [
        ("key", key.as_str()),
        ("kind", "access"),
        ("words", "想看看"),
    ];
    let sent = home.send("/me/requests", &OWN, &typed).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let listed = county.get("/api/v1/person-requests").await.good();
    let asked = json!({ "request": listed["items"][0]["id"], "revision": 1 });
    grant(&story, "county-1", &asked)
        .await
        .problem(409, "second-person-required");
    grant(&story, "county-2", &asked).await.good();
}

async fn an_application_opens_nothing_of_somebody_who_is_known_elsewhere(database: Database) {
    let mut story = Story::ready(database).await;
    let known = people::known();
    let (_, members) = story.certified(&known[..1]).await;
    story.second_school().await;
    let (cohort, (second, person)) = again(&story).await;
    assert_eq!(person, members[0].1);
    let slip = format!("/api/v1/cohorts/{cohort}/enrolments/{second}/sign-in-slip");
    let place = story.who("county-1");
    let told = place.post(&slip, &json!({})).await;
    told.problem(409, "transition-refused");
    assert!(
        told.text().contains("在别处另有培训记录"),
        "{}",
        told.text()
    );
    // Nor is the card or the number of the whole person shown to that county, or judged by it.
    let unmask = format!("/api/v1/enrolments/{second}/unmask");
    let check = format!("/api/v1/enrolments/{second}/card-check");
    let verified = json!({ "outcome": "verified" });
    let read = |field: &str, purpose: &str| json!({ "purpose": purpose, "words": "核对名单", "fields": [field] });
    for (field, purpose) in [
        ("citizen_id", "identity_check"),
        ("disability_card", "card_check"),
    ] {
        let told = place.post(&unmask, &read(field, purpose)).await;
        told.problem(409, "transition-refused");
    }
    let told = place.post(&check, &verified).await;
    told.problem(409, "transition-refused");
    let named = place.post(&unmask, &read("name", "identity_check")).await;
    named.good();
    story.admit(&cohort).await;
    place.post(&slip, &json!({})).await.good();
    let read = read("disability_card", "card_check");
    place.post(&unmask, &read).await.good();
    place.post(&check, &verified).await.good();
}

async fn withdraw(story: &Story, person: PersonId, purpose: &str) {
    let request = api::privacy::consents::ConsentRequest {
        purpose: purpose.parse().expect("a purpose"),
        until: None,
    };
    let key = tests::client::fresh_key().parse().expect("a key");
    api::privacy::consents::withdraw(&story.server.app, &people::actor(person), &key, &request)
        .await
        .expect("withdrawn");
}

async fn whoever_took_back_the_consent_gets_no_certificate_and_into_no_class(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..2]).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    withdraw(&story, members[0].1, "training").await;
    let school = story.who("school-1");
    let path = format!("/api/v1/cohorts/{cohort}/certificate-batches");
    let all: Vec<String> = members.iter().map(|(id, _)| id.to_string()).collect();
    let refused = school.post(&path, &json!({ "enrolments": all })).await;
    assert!(
        refused.text().contains("consent-withdrawn"),
        "{}",
        refused.text()
    );
    let one = json!({ "enrolments": [members[1].0.to_string()] });
    school.post(&path, &one).await.good();

    // A paper of before does not give again what was taken back; one of afterwards does.
    story.server.days_pass(1);
    let next = story.enrolling().await;
    let import = async |on: String| {
        let one = &people::known()[0];
        let text = format!(
            "姓名,公民身份号码,户籍地,同意书\n{},{},330106,是 {on}\n",
            one.name, one.citizen_id
        );
        let path = format!("/api/v1/cohorts/{next}/rosters?import=all");
        school.upload(&path, text.into_bytes()).await
    };
    let told = import("2026-03-01".to_owned()).await;
    told.problem(422, "roster-faults");
    assert!(told.text().contains("consent-withdrawn"), "{}", told.text());
    // Nor does a consent that ended by itself.
    let app = &story.server.app;
    let until = api::privacy::consents::ConsentRequest {
        purpose: domain::privacy::ConsentPurpose::Training,
        until: Some(story.server.today()),
    };
    let key = tests::client::fresh_key().parse().expect("a key");
    let actor = people::actor(members[0].1);
    let given = api::privacy::consents::give(app, &actor, &key, &until).await;
    given.expect("given");
    story.server.days_pass(1);
    let told = import("2026-03-01".to_owned()).await;
    assert!(told.text().contains("consent-withdrawn"), "{}", told.text());
    import(story.server.today().to_string()).await.good();
}

async fn whoever_refuses_what_was_never_asked_is_not_asked(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (_, members) = story.certified(&known[..2]).await;
    story.told(&known[..2], &members).await;
    withdraw(&story, members[0].1, "outcome_follow_up").await;
    let consents =
        api::privacy::consents::of_trainee(&story.server.app, &people::actor(members[0].1))
            .await
            .expect("consents");
    let later = consents
        .iter()
        .find(|one| one.purpose.as_str() == "outcome_follow_up")
        .expect("told");
    assert!(
        !later.given && later.consents.len() == 1,
        "the refusal is kept"
    );
    assert!(later.consents[0].withdrawn_on.is_some());
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let numbers = cells
        .iter()
        .filter(|cell| cell.table == "verified_contact" && cell.column == "person_id")
        .count();
    assert_eq!(numbers, 1, "only of the other one");
    // It outlives the days of its proof: without it, who refused were somebody who was never asked.
    story.server.days_pass(2_000);
    let app = &story.server.app;
    let run = api::privacy::retention::run(app, false).await;
    run.expect("a run");
    let consents = api::privacy::consents::of_trainee(app, &people::actor(members[0].1)).await;
    let consents = consents.expect("consents");
    let later = consents
        .iter()
        .find(|one| one.purpose.as_str() == "outcome_follow_up");
    assert_eq!(later.map(|one| one.consents.len()), Some(1));
}

async fn the_account_of_a_trainee_becomes_no_post(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..1]).await;
    trainee(&story, &cohort, members[0]).await;
    let national = story.who("national-1");
    let reader = story.server.app.store.reader();
    let account = store::accounts::of_person(reader, members[0].1).await;
    let account = account.expect("asked").expect("an account");
    let post = json!({ "role": "county_officer", "federation": "330106" });
    let path = format!("/api/v1/accounts/{account}/post");
    national.post(&path, &post).await.problem(404, "not-found");
    trainee(&story, &cohort, members[0]).await;
}

async fn a_file_of_another_province_is_not_proposed(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(2).await;
    let batch = story.propose(&cohort).await;
    let request = json!({
        "list": "certificates", "form": "xlsx", "batch": batch, "reason": "年度统计核对",
    });
    let other = story.who("other-province");
    let told = other.post("/api/v1/exports", &request).await;
    told.problem(404, "not-found");
    story
        .who("province-1")
        .post("/api/v1/exports", &request)
        .await
        .good();
}

async fn a_roster_does_not_replace_a_card_that_stands(database: Database) {
    let story = Story::ready(database).await;
    let mut known = people::known();
    let (cohort, members) = story.class_of(&known[..1]).await;
    let (id, _) = members[0];
    let county = story.who("county-1");
    let check = async |outcome: &str| {
        let path = format!("/api/v1/enrolments/{id}/card-check");
        county
            .post(&path, &json!({ "outcome": outcome }))
            .await
            .good()
    };
    let card = async || {
        let path = format!("/api/v1/enrolments/{id}/unmask");
        let fields = ["disability_card"];
        let request = json!({ "purpose": "card_check", "words": "核对名单", "fields": fields });
        let seen = county.post(&path, &request).await.good();
        text(&seen["values"]["disability_card"])
    };
    check("verified").await;
    let before = known[0].card.clone();
    known[0].card = format!("{}11", known[0].citizen_id);
    let next = story.enrolling().await;
    let school = story.who("school-1");
    let import = async |class: &str| {
        let path = format!("/api/v1/cohorts/{class}/rosters?import=all");
        school.upload(&path, people::roster(&known[..1])).await
    };
    for class in [&cohort, &next] {
        let told = import(class).await;
        told.problem(422, "roster-faults");
        assert!(told.text().contains("card-differs"), "{}", told.text());
    }
    assert_eq!(card().await, before);
    // What the register does not stand for is replaced, and nobody has asked it of the new one.
    check("expired").await;
    import(&cohort).await.good();
    assert_eq!(card().await, known[0].card);
    assert!(story.enrolments(&cohort).await[0]["card"].is_null());
}

async fn a_granted_copy_is_fetched_for_thirty_days(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = story.class_of(&people::known()[..1]).await;
    let asked = request(&story, "county-1", members[0].0, "copy")
        .await
        .good();
    grant(&story, "county-2", &asked).await.good();
    let copy = format!("/api/v1/person-requests/{}/copy", text(&asked["request"]));
    story.server.days_pass(29);
    story.who("county-1").get(&copy).await.good();
    story.server.days_pass(1);
    let told = story.who("county-1").get(&copy).await;
    told.problem(409, "transition-refused");
    assert!(told.text().contains("30 天"), "{}", told.text());
}

async fn who_recorded_the_number_grants_nothing_that_is_asked_with_it(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (_, members) = story.class_of(&known[..1]).await;
    story.told(&known[..1], &members).await;
    let request = api::privacy::requests::NewPersonRequest {
        kind: domain::privacy::RequestKind::Copy,
        words: None,
        name: None,
        proof: None,
        channel: None,
    };
    let key = tests::client::fresh_key().parse().expect("a key");
    let actor = people::actor(members[0].1);
    let asked = api::privacy::requests::ask(&story.server.app, &actor, &key, &request).await;
    let asked = asked.expect("asked").value();
    grant(&story, "county-1", &asked)
        .await
        .problem(409, "second-person-required");
    // Another number since changes nothing about who vouched then.
    let path = format!("/api/v1/enrolments/{}/verified-contact", members[0].0);
    let number = json!({ "phone": "13900001234", "means": "counter" });
    story.who("county-2").post(&path, &number).await.good();
    for county in ["county-1", "county-2"] {
        grant(&story, county, &asked)
            .await
            .problem(409, "second-person-required");
    }
    grant(&story, "province-1", &asked).await.good();
}

async fn a_number_told_for_an_application_ends_with_an_admission_elsewhere(database: Database) {
    let mut story = Story::ready(database).await;
    let known = people::known();
    let (_, members) = story.class_of(&known[..2]).await;
    story.told(&known[..2], &members).await;
    story.second_school().await;
    story.server.days_pass(60);
    let (cohort, _) = again(&story).await;
    let numbers = async || {
        let cells = store::dump::dump(story.server.app.store.reader()).await;
        let cells = cells.expect("a dump");
        let of = |cell: &&store::dump::Cell| {
            cell.table == "verified_contact" && cell.column == "person_id"
        };
        cells.iter().filter(of).count()
    };
    assert_eq!(numbers().await, 2);
    story.admit(&cohort).await;
    assert_eq!(numbers().await, 1, "only of the other one");
}
