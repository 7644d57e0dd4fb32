//! What a grave finding leads to, and what is refused when an assessment is commissioned.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::CREDIT_CODE;
use tests::{Database, Story, on_both, rosters};
use uuid::Uuid;

use super::{
    Assessors, ORGANISATIONS, accreditation, act, alarms, assessor, class, commission,
    commissioned, log_grows, visited,
};

on_both! {
    bad_accreditations_and_commissions_are_refused_and_nothing_is_kept;
    a_grave_finding_leads_to_a_warning_or_a_stop_and_silence_raises_alarms;
}

async fn a_grave_finding_leads_to_a_warning_or_a_stop_and_silence_raises_alarms(
    database: Database,
) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let holder = async |at: &str| province.get(at).await.good()["assessor"].clone();
    let told = |act: &str, kind: &str| (act.to_owned(), kind.to_owned());

    // Whoever was drawn is reminded; once it is over the province hears of it, too.
    let at = commissioned(&story).await;
    let id = at.rsplit('/').next().expect("an id").to_owned();
    log_grows(&story, "340000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let who = assessors.of(&holder(&at).await);
    let due: chrono::NaiveDate = text(&province.get(&at).await.good()["due_on"])
        .parse()
        .expect("a day");
    assert_eq!(alarms(&story, who).await, [], "there is time");
    let days = (due - story.server.today()).num_days();
    story.server.days_pass(days);
    let soon = told("assessment_accept", "due");
    assert_eq!(alarms(&story, who).await, [soon]);
    story.server.days_pass(1);
    let over = told("assessment_accept", "overdue");
    assert!(alarms(&story, who).await.contains(&over));
    assert!(alarms(&story, province).await.contains(&over));
    let drawn = holder(&at).await;
    let other = assessors.ids.iter().find(|one| drawn != one.as_str());
    let other = assessors.of(&json!(other.expect("another assessor")));
    assert_eq!(alarms(&story, other).await, [], "none of theirs");
    let why = json!({ "reason": "逾期未申报" });
    act(&story, province, &at, "replacement", &why).await.good();
    assert!(!alarms(&story, province).await.contains(&over));

    // A critical finding in the report: the stop may follow the same day, a warning waits for the final score.
    let who = assessors.of(&holder(&at).await);
    let none = json!({ "relations": [] });
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "350000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    visited(&story, who, &at).await;
    let report = json!({ "score": 20, "text": "实训场地存在重大安全隐患,详见问题清单。", "findings": [
        { "severity": "minor", "text": "教材摆放凌乱。" },
        { "severity": "critical", "text": "消防通道被封堵,无应急照明。" }] });
    act(&story, who, &at, "report", &report).await.good();
    let grave = told("finding_critical", "due");
    assert!(alarms(&story, province).await.contains(&grave));
    let resource = format!("/api/v1/institutions/{}", story.admission);
    let step = async |request: Value| province.act(&resource, "transitions", &request).await;
    let warn = json!({ "transition": "T11", "cause": "major_finding", "reason": "评估发现严重问题。", "assessment": id });
    let early = step(warn.clone()).await;
    early.problem(409, "transition-refused");
    assert_eq!(early.faults()[0].1, "finding-not-major");
    let strange = json!({ "transition": "T16", "cause": "safety", "reason": "立即停训。", "assessment": Uuid::nil() });
    assert_eq!(step(strange).await.faults()[0].0, "/assessment");
    let stop =
        json!({ "transition": "T16", "cause": "safety", "reason": "立即停训。", "assessment": id });
    let stopped = step(stop).await.good();
    assert_eq!(stopped["state"], "suspended");
    let case = province.get("/api/v1/cases").await.good()["items"][0].clone();
    let case = province
        .get(&format!("/api/v1/cases/{}", text(&case["id"])))
        .await
        .good();
    assert_eq!(case["findings"], json!(["消防通道被封堵,无应急照明。"]));
    assert_eq!(province.get(&at).await.good()["consequence"], "T16");
    assert!(!alarms(&story, province).await.contains(&grave));
    story.approve("province-2", &stopped).await;
    step(json!({ "transition": "T18", "reason": "隐患已消除,经复查合格。" }))
        .await
        .good();

    // A major finding of a final assessment is a cause of a warning without any other paper; or it is left, with a reason.
    act(
        &story,
        story.who("school-1"),
        &at,
        "reply",
        &json!({ "text": "已整改。" }),
    )
    .await
    .good();
    let last = json!({ "score": 40, "answer": "整改属实,酌情加分。" });
    act(&story, who, &at, "final", &last).await.good();
    assert!(
        !alarms(&story, province)
            .await
            .contains(&told("finding_major", "due"))
    );
    let warned = step(warn).await.good();
    assert_eq!(warned["state"], "warned");
    let reason = json!({ "reason": "已据此预警,另行处理。" });
    act(&story, province, &at, "dismissal", &reason)
        .await
        .good();
    let kept = province.get(&at).await.good();
    assert_eq!(kept["consequence"], "dismiss");
    act(&story, who, &at, "dismissal", &reason)
        .await
        .problem(403, "forbidden");
}

async fn bad_accreditations_and_commissions_are_refused_and_nothing_is_kept(database: Database) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let province = story.who("province-1");
    let none = commission(&story, "province-1").await;
    none.problem(409, "transition-refused");
    assert_eq!(none.faults()[0].1, "no-candidates");
    let accounts = province.get("/api/v1/assessors").await.good();
    assert_eq!(accounts["items"], json!([]));

    let (_, account) = assessor(&story, "assessor-a").await;
    let good = accreditation(&story, &account, ORGANISATIONS[0]);
    let with = |field: &str, value: Value| {
        let mut bad = good.clone();
        bad[field] = value;
        bad
    };
    let officer = text(&story.who("county-1").get("/api/v1/self").await.good()["account"]);
    for (bad, pointer) in [
        (with("account", json!(officer)), "/account"),
        (
            with("credit_code", json!("52330203XX00000270")),
            "/credit_code",
        ),
        (with("valid_until", json!("2020-01-01")), "/valid_until"),
        (with("organisation", json!("")), "/organisation"),
    ] {
        let refused = province.post("/api/v1/assessors", &bad).await;
        refused.problem(422, "invalid-request");
        assert_eq!(refused.faults()[0].0, pointer);
    }
    for who in ["county-1", "school-1", "auditor"] {
        let answer = story.who(who).post("/api/v1/assessors", &good).await;
        answer.problem(403, "forbidden");
    }
    province.post("/api/v1/assessors", &good).await.good();
    province
        .post("/api/v1/assessors", &good)
        .await
        .problem(409, "duplicate");
    // The same person once more by the nation, and the school's own organisation: neither makes a second lot.
    let national = story.who("national-1");
    national.post("/api/v1/assessors", &good).await.good();
    let (_, insider) = assessor(&story, "assessor-b").await;
    let inside = accreditation(&story, &insider, ("浙江虚构职业培训学校", CREDIT_CODE));
    province.post("/api/v1/assessors", &inside).await.good();

    story
        .who("other-province")
        .post(
            &format!("/api/v1/institutions/{}/assessments", story.admission),
            &json!({ "period_from": "2020-01-01", "period_until": "2020-12-31" }),
        )
        .await
        .problem(404, "not-found");
    let path = format!("/api/v1/institutions/{}/assessments", story.admission);
    let ahead = json!({ "period_from": "2020-01-01", "period_until": story.server.today() });
    province
        .post(&path, &ahead)
        .await
        .problem(422, "invalid-request");
    let at = commissioned(&story).await;
    let shown = province.get(&at).await.good();
    assert_eq!(shown["candidates"].as_array().map(Vec::len), Some(1));
    commission(&story, "province-1")
        .await
        .problem(409, "duplicate");

    // Old revisions, missing keys, unknown fields.
    log_grows(&story, "340000").await;
    let draw = format!("{at}/draw");
    province
        .post_seen(&draw, &json!(9), &json!({}))
        .await
        .problem(412, "precondition-failed");
    act(&story, province, &at, "draw", &json!({})).await.good();
    act(&story, province, &at, "draw", &json!({}))
        .await
        .problem(409, "transition-refused");
    let number = rosters::citizen_id(1);
    let secret = json!({ "reason": format!("{number} 的学员投诉") });
    let refused = act(&story, province, &at, "annulment", &secret).await;
    refused.problem(422, "invalid-request");
    let more = json!({ "reason": "评估程序有瑕疵。", "score": 100 });
    act(&story, province, &at, "annulment", &more)
        .await
        .problem(422, "invalid-request");
    assert_eq!(province.get(&at).await.good()["state"], "drawn");
}
