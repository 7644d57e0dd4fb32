//! Leaving of one's own will, and the terms that an exit begins: each ends with the act that was owed (grading.md 7, T22; field.md 7).

use chrono::Days;
use domain::access::Role;
use serde_json::{Value, json};
use store::cases::terms::{self, Term};
use tests::answer::text;
use tests::story::PROVINCE;
use tests::{Answer, Database, Story, on_both};

use crate::cases::{
    HASH, PREFECTURE, by_two, case, codes, decided, document, file, hire, lodge, running, serve,
    step, warn,
};

on_both! {
    a_warned_institution_may_leave_of_its_own_will;
    a_wish_to_leave_is_declined_taken_back_or_falls_with_a_graver_decision;
    the_plans_of_an_exit_end_with_the_classes_or_with_the_return;
    the_review_of_certificates_ends_with_the_last_one_and_is_no_inaction;
    a_transition_ends_the_terms_of_its_own_act_alone;
}

/// Kinds of the terms that run on the admission, its cases and classes.
async fn owed(story: &Story) -> Vec<String> {
    let id = story.admission.parse().expect("an id");
    let open = terms::open_of_admission(story.server.app.store.reader(), id).await;
    let mut kinds: Vec<String> = open
        .expect("terms")
        .into_iter()
        .map(|term| term.kind)
        .collect();
    kinds.sort();
    kinds
}

fn owes(kinds: &[String], kind: &str) -> bool {
    kinds.iter().any(|one| one == kind)
}

fn path(story: &Story, rest: &str) -> String {
    format!("/api/v1/institutions/{}/{rest}", story.admission)
}

async fn ask(story: &Story) -> Answer {
    let reason = json!({ "reason": "停止办学。" });
    let school = story.who("school-1");
    school.post(&path(story, "withdrawal"), &reason).await
}

const LEAVE: &str = "T22";

fn leave() -> Value {
    json!({ "transition": LEAVE, "cause": "voluntary" })
}

async fn a_warned_institution_may_leave_of_its_own_will(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let warned = warn(&story, &prefecture).await;
    let asked = ask(&story).await.good();
    assert_eq!(
        asked["number"], warned["case"],
        "it is filed in the open case"
    );
    assert!(owes(&owed(&story).await, "withdrawal"));
    ask(&story).await.problem(409, "duplicate");
    let left = step(&story, story.who("province-1"), leave()).await.good();
    assert_eq!(
        (&left["state"], &left["bar_until"]),
        (&json!("exited"), &Value::Null)
    );
    let closed = case(&story).await;
    assert_eq!(
        (&closed["state"], &closed["stage"]),
        (&json!("closed"), &json!("T22"))
    );
    assert!(!owes(&owed(&story).await, "withdrawal"));
}

async fn a_wish_to_leave_is_declined_taken_back_or_falls_with_a_graver_decision(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    let decline = path(&story, "withdrawal/decline");
    let take_back = path(&story, "withdrawal/take-back");
    let reason = json!({ "reason": "培训任务未完成。" });
    province
        .post(&decline, &reason)
        .await
        .problem(409, "transition-refused");

    ask(&story).await.good();
    school
        .post(&decline, &reason)
        .await
        .problem(403, "forbidden");
    let declined = province.post(&decline, &reason).await.good();
    assert_eq!(declined["state"], "declined");
    assert_eq!(case(&story).await["state"], "closed");
    assert_eq!(
        owed(&story).await,
        Vec::<String>::new(),
        "nothing is overdue for ever"
    );
    let refused = step(&story, province, leave()).await;
    assert_eq!(codes(&refused), ["withdrawal-not-asked"]);

    ask(&story).await.good();
    province
        .post(&take_back, &reason)
        .await
        .problem(403, "forbidden");
    let back = school.post(&take_back, &reason).await.good();
    assert_eq!(back["state"], "taken_back");
    assert_eq!(owed(&story).await, Vec::<String>::new());
    assert_eq!(
        codes(&step(&story, province, leave()).await),
        ["withdrawal-not-asked"]
    );

    // A warning in the meantime carries the case on and leaves the wish; a stop ends it.
    ask(&story).await.good();
    warn(&story, province).await;
    assert!(owes(&owed(&story).await, "withdrawal"));
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防不合格。" });
    step(&story, province, stop).await.good();
    assert!(!owes(&owed(&story).await, "withdrawal"));
    school
        .post(&take_back, &reason)
        .await
        .problem(409, "transition-refused");
}

/// An exit because the licence is lost, with a plan for the class.
async fn proposed_exit(story: &Story, cohort: &str, plan: &Value) {
    let mut exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "办学许可证已注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("注〔2026〕1号"), "hearing": "可在收到后申请听证。",
    });
    let mut arrangement = plan.clone();
    arrangement["cohort"] = cohort.into();
    exit["arrangements"] = json!([arrangement]);
    by_two(story, exit).await;
}

async fn the_plans_of_an_exit_end_with_the_classes_or_with_the_return(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let early = running(&story, 700, 1).await;
    let plan = json!({ "plan": "transfer", "receiving": "虚构二校" });
    proposed_exit(&story, &early, &plan).await;
    assert!(owes(&owed(&story).await, "transfer"));
    // The exit is not upheld: the class stays, and nobody owes its transfer.
    let back = json!({ "transition": "T21", "reason": "许可证已补办。" });
    step(&story, story.who("province-2"), back).await.good();
    assert!(!owes(&owed(&story).await, "transfer"));
    // Proposed again, the class is handed over, and that is what was owed.
    proposed_exit(&story, &early, &plan).await;
    assert!(owes(&owed(&story).await, "transfer"));
    let over = json!({ "act": "transfer", "reason": "机构退出,转到虚构二校。" });
    let resource = format!("/api/v1/cohorts/{early}");
    let county = story.who("county-1");
    county.act(&resource, "acts", &over).await.good();
    assert!(!owes(&owed(&story).await, "transfer"));
    let members = story.enrolments(&early).await;
    assert!(members.iter().all(|one| one["state"] == "transferred"));

    // The exit is decided; a class that was to end with credit does so after it.
    serve(&story, province, "T19").await;
    let waiver = json!({ "kind": "hearing_waiver", "text": "不申请听证。" });
    file(&story, story.who("school-1"), waiver).await.good();
    story.server.days_pass(20);
    let exit = json!({
        "transition": "T20", "reason": "办学许可证已注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕6号"), "document": document("残联决〔2026〕11号"),
    });
    let left = by_two(&story, exit).await;
    assert_eq!(left["outcome"]["state"], "exited");
    assert!(!owes(&owed(&story).await, "exit_decision"));
}

async fn the_review_of_certificates_ends_with_the_last_one_and_is_no_inaction(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let province = story.who("province-1");
    let cohorts = story.who("school-1").get("/api/v1/cohorts").await.good();
    let fraud = json!({
        "transition": "T19", "cause": "fraud_found", "reason": "考勤造假。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕3号"), "document": document("查〔2026〕1号"),
        "hearing": "可在收到后申请听证。", "fraud_cohorts": [cohorts["items"][0]["id"]],
    });
    by_two(&story, fraud).await;
    serve(&story, province, "T19").await;
    let waiver = json!({ "kind": "hearing_waiver", "text": "不申请听证。" });
    file(&story, story.who("school-1"), waiver).await.good();
    story.server.days_pass(20);
    let exit = json!({
        "transition": "T20", "reason": "考勤造假。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕4号"), "document": document("残联决〔2026〕10号"),
    });
    by_two(&story, exit).await;
    assert!(owes(&owed(&story).await, "certificate_review"));
    serve(&story, province, "T20").await;
    let appeal = lodge(&story, "T20").await;
    decided(&story, &appeal, "upheld").await;
    // The review is owed whatever became of the exit, but a late one lets the nation propose none.
    story.server.days_pass(200);
    assert!(owes(&owed(&story).await, "certificate_review"));
    let again = json!({ "transition": "T19", "cause": "dormant", "reason": "未开班。" });
    let refused = step(&story, story.who("national-1"), again).await;
    assert!(
        codes(&refused).contains(&"province-may-act".to_owned()),
        "{}",
        refused.text()
    );
    // It ends with the last certificate.
    for (at, one) in issued["certificates"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let inner = story.certificate(&text(&one["id"])).await;
        let resource = format!("/api/v1/certificates/{}", text(&inner["id"]));
        let resume = json!({ "act": "resume", "reason_code": "cleared" });
        province.act(&resource, "changes", &resume).await.good();
        assert_eq!(owes(&owed(&story).await, "certificate_review"), at == 0);
    }
}

async fn a_transition_ends_the_terms_of_its_own_act_alone(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    // What another province's exit and a survey's flags leave for this one to do.
    let app = &story.server.app;
    let tx = app.store.write().await.expect("a transaction");
    let id = story.admission.parse().expect("an id");
    for kind in ["exit_elsewhere", "survey_suspend"] {
        let term = Term {
            id: app.random.id(app.now()),
            admission: id,
            object_kind: "admission".to_owned(),
            object: domain::ids::AdmissionId::uuid(id),
            kind: kind.to_owned(),
            holder: Role::ProvinceOfficer,
            starts_on: story.server.today(),
            due_on: story.server.today() + Days::new(30),
            calendar: "calendar-test".to_owned(),
            extension_reason: None,
            met_on: None,
        };
        terms::begin(&tx, &term).await.expect("written");
    }
    store::commit(tx).await.expect("committed");
    warn(&story, province).await;
    let kinds = owed(&story).await;
    assert!(
        owes(&kinds, "exit_elsewhere") && owes(&kinds, "survey_suspend"),
        "{kinds:?}"
    );
    // The province looks at it and says why nothing follows.
    let close = path(&story, "exit-elsewhere/close");
    let reason = json!({ "reason": "经核查,本省班期不受影响。" });
    story
        .who("county-1")
        .post(&close, &reason)
        .await
        .problem(403, "forbidden");
    province.post(&close, &reason).await.good();
    assert!(!owes(&owed(&story).await, "exit_elsewhere"));
    province
        .post(&close, &reason)
        .await
        .problem(409, "transition-refused");
    assert_eq!(PROVINCE, "330000");
}
