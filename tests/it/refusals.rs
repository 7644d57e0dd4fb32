//! Bad input: each is a clear problem document in Chinese and English, nothing is lost, nothing half-written.

use domain::ids::{EnrolmentId, PersonId};
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{CREDIT_CODE, HOURS, application, program_content};
use tests::{Client, Database, Story, TestServer, on_both, rosters};

on_both! {
    wrong_identifiers_name_the_first_failing_part;
    what_the_tables_do_not_allow_is_refused;
    a_class_needs_an_admitted_institution_and_an_open_offer;
    nobody_sits_in_two_classes_at_once_anywhere_in_the_country;
    certificates_need_an_accepted_class_and_two_persons;
    a_suspension_between_proposal_and_approval_stops_the_issue;
    a_consent_withdrawn_between_proposal_and_approval_stops_the_issue;
    a_consent_that_ends_between_proposal_and_approval_stops_the_issue;
    what_lies_elsewhere_is_not_found;
}

async fn wrong_identifiers_name_the_first_failing_part(database: Database) {
    let story = Story::staffed(database).await;
    let school = story.who("school-1");
    let before = story.server.leaves().await;
    for (code, check) in [
        ("91110105MAFXBN9Y21", "checksum"),
        ("523301069096690907", "organisation_checksum"),
        ("91110105MAI22L3859", "charset"),
        ("B11101051234567881", "department"),
        ("91110105MA7YN3FQ2", "length"),
    ] {
        let answer = school
            .post("/api/v1/institutions", &application(code))
            .await;
        let problem = answer.problem(422, "invalid-request");
        assert!(
            answer
                .faults()
                .contains(&("/credit_code".to_owned(), check.to_owned())),
            "{code}: {problem}"
        );
        assert!(!answer.text().contains(code), "the value is not repeated");
    }
    let mut request = application(CREDIT_CODE);
    request["site_region"] = json!("999999");
    request["name"] = json!("名\u{200b}称");
    request["phone"] = json!("");
    let answer = school.post("/api/v1/institutions", &request).await;
    answer.problem(422, "invalid-request");
    let pointers: Vec<String> = answer
        .faults()
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    for pointer in ["/name", "/site_region", "/phone"] {
        assert!(
            pointers.iter().any(|one| one == pointer),
            "all faults at once: {pointers:?}"
        );
    }
    // In English for who asks so; the code stays.
    let request = school.ask(Method::POST, "/api/v1/institutions").await;
    let answer = school
        .send(
            request
                .header("Idempotency-Key", "en-1")
                .header("Accept-Language", "en")
                .json(&application("x")),
        )
        .await;
    let problem = answer.problem(422, "invalid-request");
    assert!(
        text(&problem["detail"]).is_ascii() && text(&problem["errors"][0]["detail"]).is_ascii(),
        "{problem}"
    );
    assert_eq!(story.server.leaves().await, before, "nothing was written");

    let national = story.who("national-1");
    let mut content = program_content();
    content["occupation_code"] = json!("9-99-99-99");
    content["certificate_type"] = json!("NONE");
    let answer = national.post("/api/v1/programs", &content).await;
    answer.problem(422, "invalid-request");
    let faults = answer.faults();
    for pointer in ["/occupation_code", "/certificate_type"] {
        assert!(faults.iter().any(|(at, _)| at == pointer), "{faults:?}");
    }
}

async fn what_the_tables_do_not_allow_is_refused(database: Database) {
    let story = Story::applied(database).await;
    let resource = format!("/api/v1/institutions/{}", story.admission);
    let take = async |who: &str, transition: &str| {
        story
            .who(who)
            .act(
                &resource,
                "transitions",
                &json!({ "transition": transition, "reason": "依规办理" }),
            )
            .await
    };
    // An arrow that is not there, with what is possible instead.
    let answer = take("province-1", "T08").await;
    let problem = answer.problem(409, "transition-refused");
    assert!(
        text(&problem["detail"]).contains("已申请") || text(&problem["detail"]).contains("申请"),
        "{problem}"
    );
    // An arrow that belongs to somebody else.
    take("province-1", "T04").await.problem(403, "forbidden");
    // An unknown one.
    take("county-1", "T99")
        .await
        .problem(422, "invalid-request");
    take("county-1", "T04").await.good();
    take("county-1", "T04")
        .await
        .problem(409, "transition-refused");
    // Nobody approves their own proposal, and a second one waits for the first.
    let proposed = take("province-1", "T06").await.good();
    let path = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    story
        .who("province-1")
        .post(&path, &json!({}))
        .await
        .problem(409, "second-person-required");
    take("province-2", "T06")
        .await
        .problem(409, "open-proposal");
    story.who("province-2").post(&path, &json!({})).await.good();
    story
        .who("province-2")
        .post(&path, &json!({}))
        .await
        .problem(409, "transition-refused");
    // The notice runs for five working days.
    take("province-1", "T08")
        .await
        .problem(409, "transition-refused");
    let now = story.who("province-1").get(&resource).await.good();
    assert_eq!(now["state"], "admission_notice");
    // The same code again while one is open.
    story
        .who("other-school")
        .post("/api/v1/institutions", &application(CREDIT_CODE))
        .await
        .problem(409, "duplicate");
}

async fn a_class_needs_an_admitted_institution_and_an_open_offer(database: Database) {
    let mut story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    story.draft_program().await;
    story.program_act("file").await;
    story.program_act("review").await;
    story.server.days_pass(9);
    let published = story.program_act("publish").await;
    story.approve("national-2", &published).await;
    let offer =
        json!({ "institution": story.admission, "program": story.program, "site": story.site });
    story
        .who("school-1")
        .post("/api/v1/offers", &offer)
        .await
        .problem(409, "institution-not-admitted");

    let story = Story::ready(database).await;
    let resource = format!("/api/v1/offers/{}", story.offer);
    let school = story.who("school-1");
    school
        .act(
            &resource,
            "acts",
            &json!({ "act": "pause", "reason": "装修" }),
        )
        .await
        .good();
    let start = story.server.today() + chrono::Days::new(7);
    let mut request = json!({
        "offer": story.offer, "name": "第一班", "start_on": start, "end_on": start, "places": 10, "teachers": ["虚构教师"],
    });
    request["end_on"] = json!(start + chrono::Days::new(20));
    school
        .post("/api/v1/cohorts", &request)
        .await
        .problem(409, "offer-not-open");
    request["places"] = json!(0);
    request["teachers"] = json!([]);
    let answer = school.post("/api/v1/cohorts", &request).await;
    answer.problem(422, "invalid-request");
    assert_eq!(answer.faults().len(), 2, "{:?}", answer.faults());
    // A provisional institution has at most three classes or 90 places open at once.
    school
        .act(&resource, "acts", &json!({ "act": "open" }))
        .await
        .good();
    request["end_on"] = request["start_on"].clone();
    request["places"] = json!(10);
    request["teachers"] = json!(["虚构教师"]);
    let refused = school.post("/api/v1/cohorts", &request).await;
    refused.problem(422, "invalid-request");
    assert_eq!(
        refused.faults()[0].0,
        "/planned_hours",
        "{HOURS} hours do not fit into a day"
    );
    request["end_on"] = json!(start + chrono::Days::new(20));
    request["places"] = json!(91);
    school
        .post("/api/v1/cohorts", &request)
        .await
        .problem(409, "cap-reached");
    let small = json!({
        "offer": story.offer, "name": "小班", "start_on": start, "end_on": start + chrono::Days::new(20), "places": 10,
        "teachers": ["虚构教师"],
    });
    for _ in 0..3 {
        school.post("/api/v1/cohorts", &small).await.good();
    }
    school
        .post("/api/v1/cohorts", &small)
        .await
        .problem(409, "cap-reached");
}

async fn nobody_sits_in_two_classes_at_once_anywhere_in_the_country(database: Database) {
    let story = Story::ready(database).await;
    let first = story.enrolling().await;
    let second = story.enrolling().await;
    story.import(&first, rosters::csv(1, 3)).await;
    // One person of the first class, and one new one.
    let path = |import: &str| format!("/api/v1/cohorts/{second}/rosters?import={import}");
    let school = story.who("school-1");
    let answer = school.upload(&path("all"), rosters::csv(3, 2)).await;
    let problem = answer.problem(422, "roster-faults");
    let faults = problem["errors"].as_array().expect("faults");
    assert_eq!(faults.len(), 1, "{problem}");
    assert_eq!(faults[0]["pointer"], "/rows/2/citizen_id", "{problem}");
    assert!(
        !answer.text().contains(&rosters::citizen_id(3)),
        "no value of the row"
    );
    assert_eq!(
        story.enrolments(&second).await.len(),
        0,
        "nothing was written"
    );
    let good = school
        .upload(&path("good"), rosters::csv(3, 2))
        .await
        .good();
    assert_eq!(
        (&good["added"], &good["faulty"]),
        (&json!(1), &json!(1)),
        "{good}"
    );
    // Twice in one file.
    let mut twice = rosters::csv(9, 1);
    twice.extend(
        rosters::csv(9, 1)
            .split_inclusive(|byte| *byte == b'\n')
            .nth(1)
            .expect("a row"),
    );
    let answer = school.upload(&path("all"), twice).await;
    answer.problem(422, "roster-faults");
}

async fn certificates_need_an_accepted_class_and_two_persons(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(1, 6)).await;
    story.admit(&cohort).await;
    let batches = format!("/api/v1/cohorts/{cohort}/certificate-batches");
    let school = story.who("school-1");
    school
        .post(&batches, &json!({}))
        .await
        .problem(409, "cohort-not-accepted");
    story.teach(&cohort).await;
    school
        .post(&batches, &json!({}))
        .await
        .problem(409, "cohort-not-accepted");
    // The county cannot accept alone, nor without calling trainees.
    let acts = format!("/api/v1/cohorts/{cohort}");
    let county = story.who("county-1");
    county
        .act(
            &acts,
            "acts",
            &json!({ "act": "accept", "sample_called": 1 }),
        )
        .await
        .problem(409, "transition-refused");
    let proposed = story.cohort_act("county-1", &cohort, "accept").await;
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    county
        .post(&approve, &json!({}))
        .await
        .problem(409, "second-person-required");
    school
        .post(&batches, &json!({}))
        .await
        .problem(409, "cohort-not-accepted");
    story.approve("county-2", &proposed).await;

    // Named trainees must all be of the class.
    let stranger = "019cac46-1500-7814-84eb-03943fab72a3";
    let answer = school
        .post(&batches, &json!({ "enrolments": [stranger] }))
        .await;
    answer.problem(422, "invalid-request");
    assert_eq!(answer.faults()[0].0, "/enrolments/0");
    let batch = story.propose(&cohort).await;
    // A second batch for the same trainees waits for the first.
    school
        .post(&batches, &json!({}))
        .await
        .problem(409, "open-proposal");
    let approve = format!("/api/v1/certificate-batches/{batch}/approve");
    school
        .post(&approve, &json!({}))
        .await
        .problem(403, "forbidden");
    story
        .who("county-1")
        .post(&approve, &json!({}))
        .await
        .problem(403, "forbidden");
    story
        .who("other-province")
        .post(&approve, &json!({}))
        .await
        .problem(404, "not-found");
    let leaves = story.server.leaves().await;
    story
        .who("province-1")
        .post(&approve, &json!({}))
        .await
        .good();
    assert_eq!(
        story.server.leaves().await,
        leaves + 6,
        "a leaf for each certificate"
    );
    // And never again for the same enrolment.
    let again = school.post(&batches, &json!({})).await;
    assert_eq!(again.status, 409, "{}", again.text());
}

async fn a_suspension_between_proposal_and_approval_stops_the_issue(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(3).await;
    let batch = story.propose(&cohort).await;
    story
        .transition_by_two("T16", "province-1", "province-2")
        .await;
    let leaves = story.server.leaves().await;
    let path = format!("/api/v1/certificate-batches/{batch}/approve");
    let answer = story.who("province-1").post(&path, &json!({})).await;
    answer.problem(409, "institution-suspended");
    assert_eq!(story.server.leaves().await, leaves);
    story.transition("province-1", "T18").await;
    story.who("province-1").post(&path, &json!({})).await.good();
}

async fn a_consent_withdrawn_between_proposal_and_approval_stops_the_issue(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(3).await;
    let batch = story.propose(&cohort).await;
    let members = tests::people::of_class(&story, &cohort).await;
    withdraw_training(&story, members[1].1).await;
    stopped_by_consent(&story, &batch, members[1].0).await;
}

async fn a_consent_that_ends_between_proposal_and_approval_stops_the_issue(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(3).await;
    let members = tests::people::of_class(&story, &cohort).await;
    let today = story.server.today();
    // Given anew until a day: one ends today, one tomorrow.
    for ((_, person), days) in members.iter().copied().zip([0, 1]) {
        withdraw_training(&story, person).await;
        let until = training(Some(today + chrono::Days::new(days)));
        let key = tests::client::fresh_key().parse().expect("a key");
        let actor = tests::people::actor(person);
        let given = api::privacy::consents::give(&story.server.app, &actor, &key, &until).await;
        given.expect("given");
    }
    let batch = story.propose(&cohort).await;
    story.server.days_pass(1);
    stopped_by_consent(&story, &batch, members[0].0).await;
}

fn training(until: Option<chrono::NaiveDate>) -> api::privacy::consents::ConsentRequest {
    api::privacy::consents::ConsentRequest {
        purpose: domain::privacy::ConsentPurpose::Training,
        until,
    }
}

async fn withdraw_training(story: &Story, person: PersonId) {
    let key = tests::client::fresh_key().parse().expect("a key");
    let actor = tests::people::actor(person);
    let app = &story.server.app;
    let done = api::privacy::consents::withdraw(app, &actor, &key, &training(None)).await;
    done.expect("withdrawn");
}

/// The consent of this one, and nothing else, keeps the whole batch from being issued.
async fn stopped_by_consent(story: &Story, batch: &str, enrolment: EnrolmentId) {
    let leaves = story.server.leaves().await;
    let path = format!("/api/v1/certificate-batches/{batch}/approve");
    let told = story.who("province-1").post(&path, &json!({})).await;
    told.problem(409, "gates-failed");
    let wanted = format!("/enrolments/{enrolment}");
    let faults = told.json()["errors"].clone();
    assert_eq!(faults.as_array().map(Vec::len), Some(1), "{faults}");
    assert_eq!(
        (&faults[0]["pointer"], &faults[0]["code"]),
        (&json!(wanted), &json!("consent-withdrawn"))
    );
    assert_eq!(story.server.leaves().await, leaves);
}

async fn what_lies_elsewhere_is_not_found(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let certificate = story
        .certificate(&text(&issued["certificates"][0]["id"]))
        .await;
    let cohort =
        story.who("school-1").get("/api/v1/cohorts").await.good()["items"][0]["id"].clone();
    for path in [
        format!("/api/v1/institutions/{}", story.admission),
        format!("/api/v1/institutions/{}/timeline", story.admission),
        format!("/api/v1/cohorts/{}", text(&cohort)),
        format!("/api/v1/cohorts/{}/enrolments", text(&cohort)),
        format!("/api/v1/certificates/{}", text(&certificate["id"])),
        format!("/api/v1/offers/{}", story.offer),
    ] {
        for who in ["other-province", "other-county"] {
            story.who(who).get(&path).await.problem(404, "not-found");
        }
        story
            .who("anybody")
            .get(&path)
            .await
            .problem(401, "unauthenticated");
        for who in ["school-1", "county-1", "province-1", "national-1"] {
            let found = story.who(who).get(&path).await;
            assert!(found.status.is_success(), "{who} {path}: {}", found.text());
        }
    }
    for list in [
        "/api/v1/institutions",
        "/api/v1/cohorts",
        "/api/v1/certificates",
        "/api/v1/offers",
    ] {
        let page = story.who("other-province").get(list).await.good();
        assert_eq!(
            page["items"].as_array().map(Vec::len),
            Some(0),
            "{list}: {page}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_are_problems_too() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let sessions = "/api/v1/sessions";
    let send = async |method: Method, path: &str, kind: &str, body: &str| {
        let request = anybody.ask(method, path).await;
        anybody
            .send(request.header("Content-Type", kind).body(body.to_owned()))
            .await
    };
    let json = "application/json";
    send(Method::POST, sessions, json, "{")
        .await
        .problem(400, "malformed-request");
    send(Method::POST, sessions, "text/plain", "{}")
        .await
        .problem(415, "unsupported-media-type");
    send(
        Method::POST,
        sessions,
        json,
        r#"{"name":"a","password":"b","role":"x"}"#,
    )
    .await
    .problem(422, "invalid-request");
    send(
        Method::POST,
        sessions,
        json,
        r#"{"name":"a\u0000","password":"b"}"#,
    )
    .await
    .problem(422, "invalid-request");
    send(Method::POST, sessions, json, r#"{"name":1,"password":"b"}"#)
        .await
        .problem(422, "invalid-request");
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    send(Method::POST, sessions, json, &deep)
        .await
        .problem(400, "malformed-request");
    let large = format!(r#"{{"name":"{}","password":"b"}}"#, "a".repeat(300_000));
    send(Method::POST, sessions, json, &large)
        .await
        .problem(413, "too-large");
    send(Method::GET, "/api/v1/no-such-thing", json, "")
        .await
        .problem(404, "not-found");
    let wrong = send(Method::DELETE, sessions, json, "").await;
    wrong.problem(405, "method-not-allowed");
    assert!(wrong.header("allow").contains("POST"));
    send(
        Method::GET,
        "/api/v1/catalogue/institutions?limit=many",
        json,
        "",
    )
    .await
    .problem(422, "invalid-request");
    send(Method::GET, "/api/v1/institutions/%00", json, "").await;
    for token in ["", "x", "a.b.c", &"t".repeat(10_000)] {
        let request = reqwest::Client::new()
            .get(server.url("/api/v1/self"))
            .bearer_auth(token);
        anybody.send(request).await.problem(401, "unauthenticated");
    }
    // And the process lives.
    assert_eq!(anybody.get("/livez").await.status, 200);
    assert_eq!(anybody.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_problem_code_is_explained() {
    let server = TestServer::start(Database::Sqlite).await;
    let anybody = Client::anybody(&server);
    let page = anybody.get("/problems").await.text();
    let problem: Value = anybody
        .get("/api/v1/self")
        .await
        .problem(401, "unauthenticated");
    let address = text(&problem["type"]);
    assert!(address.contains("unauthenticated"), "{address}");
    for code in api::problem::Code::ALL {
        assert!(page.contains(code.as_str()), "{}", code.as_str());
    }
}
