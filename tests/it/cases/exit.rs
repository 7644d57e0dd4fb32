//! Exits, for fraud and by one's own wish.

use serde_json::{Value, json};
use store::ConnectionTrait as _;
use tests::answer::text;
use tests::{Database, Story, on_both, rosters};

use super::{HASH, by_two, case, codes, document, file, lodge, running, serve, step};
use crate::evidence::{file_of, frozen};

on_both! {
    an_exit_for_fraud_holds_certificates_and_is_not_stayed;
    an_institution_may_leave_when_nobody_is_left_behind;
}

async fn an_exit_for_fraud_holds_certificates_and_is_not_stayed(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let province = story.who("province-1");
    let cohorts = story.who("school-1").get("/api/v1/cohorts").await.good();
    let cohort = cohorts["items"][0]["id"].clone();
    let exit = json!({
        "transition": "T19", "cause": "forged_certificates", "reason": "伪造证书。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕3号"), "document": document("查〔2026〕1号"),
        "hearing": "可在收到后申请听证。", "fraud_cohorts": [cohort],
    });
    by_two(&story, exit).await;
    serve(&story, province, "T19").await;
    // Silence is a waiver only after the served term.
    let waiver = json!({ "kind": "hearing_waiver", "text": "期满未申请听证。" });
    assert_eq!(
        codes(&file(&story, province, waiver.clone()).await),
        ["term-running"]
    );
    story.server.days_pass(20);
    file(&story, province, waiver).await.good();
    let leave = json!({
        "transition": "T20", "reason": "考勤造假。", "evidence_sha256": HASH, "minutes": document("会议纪要〔2026〕4号"),
        "document": document("残联决〔2026〕10号"),
    });
    let leaves = story.server.leaves().await;
    let left = by_two(&story, leave).await;
    assert_eq!(left["outcome"]["state"], "exited");
    assert_eq!(
        story.server.leaves().await,
        leaves + 3,
        "the exit and two certificates"
    );
    let reviews = case(&story).await["reviews"].clone();
    assert_eq!(reviews.as_array().map(Vec::len), Some(2));
    let id = text(&issued["certificates"][0]["id"]);
    let certificate = story.certificate(&id).await;
    assert_eq!(certificate["status"], "suspended");
    // Each is restored or revoked with a reason.
    let resource = format!("/api/v1/certificates/{}", text(&certificate["id"]));
    let resume = json!({ "act": "resume", "reason_code": "cleared" });
    province.act(&resource, "changes", &resume).await.good();
    let statuses: Vec<String> = case(&story).await["reviews"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| text(&one["status"]))
        .collect();
    assert!(statuses.contains(&"issued".to_owned()) && statuses.contains(&"suspended".to_owned()));
    // An appeal stays nothing; until the bar ends no province takes an application.
    serve(&story, province, "T20").await;
    let appeal = lodge(&story, "T20").await;
    assert_eq!(
        (&appeal["stayed"], &appeal["admission_state"]),
        (&json!(false), &json!("exited"))
    );
    let mut request = tests::story::application(tests::story::CREDIT_CODE);
    request["site_region"] = "370102".into();
    let answer = story
        .who("school-1")
        .post("/api/v1/institutions", &request)
        .await;
    answer.problem(409, "transition-refused");
    assert_eq!(codes(&answer), ["barred", "person-barred"]);
    // Forged certificates bar the person who answers for them, too: a new shell does not help, another person does.
    let shell = story.who("other-school");
    let mut request = tests::story::application("52330106XX0000027X");
    let refused = shell.post("/api/v1/institutions", &request).await;
    refused.problem(409, "transition-refused");
    assert_eq!(codes(&refused), ["person-barred"]);
    // A new key of the indexes lifts no bar, and a bar under a key that nobody has is not taken for none.
    let app = &story.server.app;
    let kind = store::vault::KeyKind::BlindIndex;
    let pace = api::privacy::rotation::Pace::default();
    let rotated = api::privacy::rotation::rotate(app, kind, pace).await;
    let rotated = rotated.expect("a new key");
    assert!(rotated.finished && rotated.kept >= 2, "{rotated:?}");
    let refused = shell.post("/api/v1/institutions", &request).await;
    assert_eq!(codes(&refused), ["person-barred"]);
    let version = async |to: u8, from: u8| {
        let sql =
            format!("UPDATE person_bar SET blind_version = {to} WHERE blind_version = {from}");
        let done = app.store.reader().execute_unprepared(&sql).await;
        assert_eq!(done.expect("changed").rows_affected(), 1);
    };
    version(9, 1).await;
    let unknown = shell.post("/api/v1/institutions", &request).await;
    unknown.problem(500, "internal");
    version(0, 9).await;
    let refused = shell.post("/api/v1/institutions", &request).await;
    assert_eq!(
        codes(&refused),
        ["person-barred"],
        "set before versions were kept"
    );
    request["legal_representative"] = json!("330106190501010011");
    let wrong = shell.post("/api/v1/institutions", &request).await;
    wrong.problem(422, "invalid-request");
    assert_eq!(wrong.faults()[0].0, "/legal_representative");
    request["legal_representative"] = rosters::citizen_id(90_002).into();
    shell.post("/api/v1/institutions", &request).await.good();
    left_out_of_later_runs(&story).await;
}

/// Who has left stands in the evidence of later runs, without a grade, and in no result of them.
async fn left_out_of_later_runs(story: &Story) {
    let run = frozen(story, "annual").await;
    let at = |file: &str| format!("/api/v1/grading-runs/{run}/{file}");
    let e = file_of(story, &run, "evidence").await;
    assert_eq!(e["institutions"][0]["exited"], true);
    let r = file_of(story, &run, "results").await;
    let own = &r["institutions"][0];
    let reasons = own["reasons"].as_array().expect("reasons");
    assert!(reasons.contains(&json!("p_exited")), "{own}");
    assert_eq!((&own["grade"], &own["rank"]), (&json!("P"), &Value::Null));
    let shown = story.who("province-1").get(&at("results")).await.good();
    assert_eq!(shown, json!([]));
    let publish = at("publications");
    story
        .who("province-1")
        .post(&publish, &json!({}))
        .await
        .problem(409, "transition-refused");
}

async fn an_institution_may_leave_when_nobody_is_left_behind(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let leave = json!({ "transition": "T22", "cause": "voluntary" });
    assert_eq!(
        codes(&step(&story, province, leave.clone()).await),
        ["withdrawal-not-asked"]
    );
    let path = format!("/api/v1/institutions/{}/withdrawal", story.admission);
    let reason = json!({ "reason": "停止办学。" });
    story.who("school-1").post(&path, &reason).await.good();
    let cohort = running(&story, 700, 1).await;
    assert_eq!(
        codes(&step(&story, province, leave.clone()).await),
        ["cohorts-running"]
    );
    story.cohort_act("county-1", &cohort, "terminate").await;
    let left = step(&story, province, leave).await.good();
    assert_eq!(
        (&left["state"], &left["bar_until"]),
        (&json!("exited"), &Value::Null)
    );
    assert_eq!(case(&story).await["state"], "closed");
    // Without a bar it may apply again.
    let request = tests::story::application(tests::story::CREDIT_CODE);
    let again = story
        .who("school-1")
        .post("/api/v1/institutions", &request)
        .await;
    assert_eq!(again.good()["state"], "applied");
}
