//! Batches with a reason to doubt are held; a second officer lets them through with a reason (issue checks).

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, TestServer, on_both};

on_both! {
    each_reason_holds_a_batch_until_a_second_officer_says_why_it_may_pass;
    a_teacher_whom_another_school_of_the_province_announces_holds_a_batch;
    a_burst_is_counted_over_the_days_of_the_policy;
}

/// Changes a class as only somebody with the database in hand can.
async fn tamper(story: &Story, cohort: &str, set: &str) {
    let found = story
        .who("school-1")
        .get(&format!("/api/v1/cohorts/{cohort}"))
        .await
        .good();
    let sql = format!(
        "UPDATE cohort SET {set} WHERE code = '{}'",
        text(&found["code"])
    );
    store::tampering::plainly(&story.server.app.store, &sql)
        .await
        .expect("changed");
}

fn codes(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|one| text(&one["code"]))
        .collect()
}

/// The batch of a class is held for exactly this reason, then reviewed, then issued by another officer.
async fn held(story: &Story, cohort: &str, reason: &str) {
    let proposed = story
        .who("school-1")
        .post(
            &format!("/api/v1/cohorts/{cohort}/certificate-batches"),
            &json!({}),
        )
        .await
        .good();
    assert_eq!(codes(&proposed["holds"]), [reason], "{proposed}");
    let batch = format!("/api/v1/certificate-batches/{}", text(&proposed["batch"]));
    let (first, second) = (story.who("province-1"), story.who("province-2"));
    let leaves = story.server.leaves().await;
    let answer = first.post(&format!("{batch}/approve"), &json!({})).await;
    let body = answer.problem(409, "batch-held");
    assert_eq!(codes(&body["errors"]), [reason]);
    let review = format!("{batch}/review");
    let silent = second.post(&review, &json!({ "reason": "" })).await;
    silent.problem(422, "invalid-request");
    let outside = story
        .who("other-province")
        .post(&review, &json!({ "reason": "已核对原始记录。" }))
        .await;
    outside.problem(404, "not-found");
    let reviewed = second
        .post(&review, &json!({ "reason": "已核对原始记录。" }))
        .await
        .good();
    assert_eq!(codes(&reviewed["holds"]), [reason]);
    let own = second.post(&format!("{batch}/approve"), &json!({})).await;
    own.problem(409, "second-person-required");
    assert_eq!(
        story.server.leaves().await,
        leaves,
        "nothing was signed so far"
    );
    first
        .post(&format!("{batch}/approve"), &json!({}))
        .await
        .good();
}

async fn each_reason_holds_a_batch_until_a_second_officer_says_why_it_may_pass(database: Database) {
    let mut story = Story::ready(database).await;
    // Nothing speaks against an ordinary class, and there is nothing to review.
    let cohort = story.accepted(3).await;
    let batch = story.propose(&cohort).await;
    let review = format!("/api/v1/certificate-batches/{batch}/review");
    let request = json!({ "reason": "已核对原始记录。" });
    let nothing = story.who("province-2").post(&review, &request).await;
    nothing.problem(409, "transition-refused");
    let approve = format!("/api/v1/certificate-batches/{batch}/approve");
    story
        .who("province-1")
        .post(&approve, &json!({}))
        .await
        .good();

    let cohort = story.accepted(3).await;
    tamper(&story, &cohort, "end_on = start_on").await;
    held(&story, &cohort, "hours-beyond-calendar").await;

    let cohort = story.accepted(3).await;
    tamper(&story, &cohort, "end_on = '2099-01-01'").await;
    held(&story, &cohort, "before-class-ends").await;

    // The same people in another class on the same days: dates moved after enrolment.
    let first = story.enrolling().await;
    story.import(&first, tests::rosters::csv(900, 3)).await;
    story.admit(&first).await;
    story.teach(&first).await;
    let second = story.enrolling().await;
    story.import(&second, tests::rosters::csv(900, 3)).await;
    story.admit(&second).await;
    story.teach(&second).await;
    story.accept(&second).await;
    tamper(&story, &first, "end_on = '2099-01-01'").await;
    held(&story, &second, "trainee-in-two-classes").await;
    tamper(&story, &first, "end_on = start_on").await;

    let cohort = story.accepted(10).await;
    let sql = "UPDATE assessment_result SET score = 88";
    store::tampering::plainly(&story.server.app.store, sql)
        .await
        .expect("changed");
    held(&story, &cohort, "identical-scores").await;

    teacher_elsewhere(&mut story).await;

    // More than the licence of the site allows.
    let cohort = story.accepted(3).await;
    let licence = json!({
        "places": 2,
        "document": { "number": "办学许可 1 号", "issuer": "虚构人社局", "made_on": "2026-01-05" },
    });
    let path = format!("/api/v1/sites/{}/licence", story.site);
    let outside = story.who("other-county").post(&path, &licence).await;
    outside.problem(404, "not-found");
    story.who("county-1").post(&path, &licence).await.good();
    held(&story, &cohort, "above-capacity").await;
}

/// The teacher of the class is announced at another site on the same days.
async fn teacher_elsewhere(story: &mut Story) {
    let school = story.who("school-1");
    let site = school
        .post(
            "/api/v1/sites",
            &json!({ "name": "滨江教学点", "region": "330108", "address": "虚构路2号", "provisions": [] }),
        )
        .await
        .good();
    let request =
        json!({ "institution": story.admission, "program": story.program, "site": site["id"] });
    let offer = school.post("/api/v1/offers", &request).await.good();
    for (who, act) in [("province-1", "approve"), ("school-1", "open")] {
        let resource = format!("/api/v1/offers/{}", text(&offer["id"]));
        let request = json!({ "act": act });
        story.who(who).act(&resource, "acts", &request).await.good();
    }
    let start = story.server.today() + chrono::Days::new(8);
    let request = json!({
        "offer": offer["id"], "name": "第二处", "start_on": start, "end_on": start + chrono::Days::new(5),
        "places": 10, "teachers": ["虚构教师"],
    });
    let other = story
        .who("school-1")
        .post("/api/v1/cohorts", &request)
        .await
        .good();
    let cohort = story.accepted(3).await;
    held(story, &cohort, "teacher-in-two-places").await;
    let cancel = json!({ "act": "cancel", "reason": "不再举办。" });
    let resource = format!("/api/v1/cohorts/{}", text(&other["cohort"]));
    story
        .who("school-1")
        .act(&resource, "acts", &cancel)
        .await
        .good();
}

async fn a_teacher_whom_another_school_of_the_province_announces_holds_a_batch(database: Database) {
    let mut story = Story::ready(database).await;
    let there = crate::transfers::neighbour(&mut story).await;
    let start = story.server.today() + chrono::Days::new(8);
    let open = async |teacher: &str| {
        let request = json!({
            "offer": there.offer, "name": "邻校班", "start_on": start, "end_on": start + chrono::Days::new(5),
            "places": 10, "teachers": [teacher],
        });
        let school = story.who("other-school");
        let opened = school.post("/api/v1/cohorts", &request).await.good();
        text(&opened["cohort"])
    };
    open("虚构另一教师").await;
    let other = open("虚构教师").await;
    let cohort = story.accepted(3).await;
    held(&story, &cohort, "teacher-in-two-institutions").await;
    // What was called off is nowhere.
    let cancel = json!({ "act": "cancel", "reason": "不再举办。" });
    let resource = format!("/api/v1/cohorts/{other}");
    story
        .who("other-school")
        .act(&resource, "acts", &cancel)
        .await
        .good();
    let start = story.server.today();
    let cohort = story.accepted(3).await;
    assert!(start < story.server.today());
    story.issue(&cohort).await;
}

async fn a_burst_is_counted_over_the_days_of_the_policy(database: Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = tests::root().join("seed-data/policies/CN-BASE-2026.1.workflow.json");
    let mut policy: Value =
        serde_json::from_slice(&std::fs::read(file).expect("a policy")).expect("JSON");
    policy["version"] = "2026.9".into();
    policy["workflow"]["issue_burst_certificates"] = 2.into();
    let path = folder.path().join("policy.json");
    std::fs::write(&path, policy.to_string()).expect("written");
    let server =
        TestServer::start_with(database, |settings| settings.policy_file = Some(path)).await;
    let mut story = Story::ready_on(server).await;
    let cohort = story.accepted(3).await;
    held(&story, &cohort, "burst-of-issuance").await;
    // A month later the days are over.
    let cohort = story.accepted(2).await;
    story.issue(&cohort).await;
}
