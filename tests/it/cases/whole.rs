//! One institution from admission to exit, and back by appeal.

use chrono::Datelike as _;
use domain::institution::Grade;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::back::owed;
use super::{
    HASH, PREFECTURE, admission, annual, by_two, case, codes, decided, document, file, hire, lodge,
    running, serve, step,
};

on_both! {
    one_institution_from_admission_to_exit_and_back_by_appeal;
}

async fn one_institution_from_admission_to_exit_and_back_by_appeal(database: Database) {
    // Admitted, with certificates issued and one class that runs.
    let (story, issued) = Story::with_certificates(database, 3).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    let cohort = running(&story, 500, 16).await;
    assert_eq!(admission(&story).await["grade"], "P");

    // A first grade after its notice, a D in the year after; the figures are shown before.
    annual(&story, Grade::C).await;
    let leaves = story.server.leaves().await;
    let graded = by_two(&story, json!({ "transition": "T09" })).await;
    assert_eq!(graded["outcome"]["state"], "graded");
    assert_eq!(story.server.leaves().await, leaves + 1);
    annual(&story, Grade::D).await;
    by_two(&story, json!({ "transition": "T10" })).await;
    assert_eq!(admission(&story).await["grade"], "D");
    let owes_warning = async || owed(&story).await.iter().any(|(kind, _)| kind == "warn");
    assert!(owes_warning().await, "a D is answered");

    // The warning waits until nobody can appeal against the D any more.
    let warning = json!({
        "transition": "T11", "cause": "grade_d", "reason": "年度等级为 D。", "findings": ["就业转化率偏低"],
    });
    let early = step(&story, &prefecture, warning.clone()).await;
    early.problem(409, "transition-refused");
    assert_eq!(codes(&early), ["grade-not-final"]);
    serve(&story, province, "T10").await;
    assert_eq!(
        codes(&step(&story, &prefecture, warning.clone()).await),
        ["grade-not-final"]
    );
    story.server.days_pass(30);
    let warned = step(&story, &prefecture, warning).await.good();
    assert_eq!(warned["state"], "warned");
    assert!(!owes_warning().await);
    let number = text(&warned["case"]);
    let year = story.server.today().year();
    assert!(number.starts_with(&format!("330000-A{year}-")), "{number}");

    // The reply is answered by an order to rectify.
    serve(&story, &prefecture, "T11").await;
    let reply = json!({ "kind": "reply", "text": "已核对数据,拟加强就业推荐。" });
    file(&story, school, reply).await.good();
    let until = story.server.today() + chrono::Days::new(60);
    let order = json!({
        "transition": "T13", "cause": "reply_not_accepted", "reason": "说明不充分。", "findings": ["补充就业跟踪"], "until": until,
    });
    assert_eq!(
        step(&story, province, order).await.good()["state"],
        "rectifying"
    );
    serve(&story, province, "T13").await;
    file(
        &story,
        school,
        json!({ "kind": "plan", "text": "整改方案:每月回访。" }),
    )
    .await
    .good();
    let extension = json!({ "until": until + chrono::Days::new(30), "reason": "学校搬迁。" });
    let id = text(&case(&story).await["id"]);
    let extend = format!("/api/v1/cases/{id}/extension");
    province.post(&extend, &extension).await.good();
    let again = json!({ "until": until + chrono::Days::new(40), "reason": "再延。" });
    let twice = province.post(&extend, &again).await;
    assert_eq!(codes(&twice), ["extended-before"]);
    file(
        &story,
        school,
        json!({ "kind": "report", "text": "整改报告:已完成。" }),
    )
    .await
    .good();
    let inspection = json!({
        "kind": "inspection", "text": "回访记录缺失。", "passed": false, "members": ["市残联经办岗,无利害关系"],
    });
    file(&story, &prefecture, inspection).await.good();
    let refused = step(&story, province, json!({ "transition": "T14" })).await;
    assert_eq!(codes(&refused), ["inspection-missing"]);
    let stop =
        json!({ "transition": "T15", "cause": "inspection_failed", "reason": "检查不合格。" });
    let suspended = by_two(&story, stop.clone()).await;
    assert_eq!(suspended["outcome"]["state"], "suspended");

    // An appeal stays the suspension; nothing else moves meanwhile; dismissed, it has its effect again.
    let appeal = lodge(&story, "T15").await;
    assert_eq!(
        (&appeal["stayed"], &appeal["admission_state"]),
        (&json!(true), &json!("rectifying"))
    );
    assert_eq!(appeal["hearing_role"], "national_officer");
    let held = codes(&step(&story, province, stop).await);
    assert_eq!(held.first().map(String::as_str), Some("appeal-pending"));
    let dismissed = decided(&story, &appeal, "dismissed").await;
    assert_eq!(
        (&dismissed["state"], &dismissed["admission_state"]),
        (&json!("executed"), &json!("suspended"))
    );

    // Exit: cause, evidence, minutes, a hearing, and a place for everybody in class.
    let mut exit = json!({
        "transition": "T19", "cause": "rectification_failed", "reason": "整改不合格。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕1号"), "hearing": "收到后可向省残联申请听证。",
    });
    let refused = step(&story, province, exit.clone()).await;
    assert_eq!(codes(&refused), ["arrangement-missing"]);
    exit["arrangements"] = json!([{ "cohort": cohort, "plan": "teach_out" }]);
    assert_eq!(
        codes(&step(&story, province, exit.clone()).await),
        ["arrangement-not-allowed"]
    );
    exit["arrangements"] =
        json!([{ "cohort": cohort, "plan": "transfer", "receiving": "虚构二校" }]);
    let proposed = by_two(&story, exit).await;
    assert_eq!(proposed["outcome"]["state"], "exit_notice");
    let offer = format!("/api/v1/offers/{}", story.offer);
    assert_eq!(school.get(&offer).await.good()["state"], "closed");
    serve(&story, province, "T19").await;
    let leave = json!({
        "transition": "T20", "reason": "整改不合格。", "evidence_sha256": HASH, "minutes": document("会议纪要〔2026〕2号"),
        "document": document("残联决〔2026〕9号"),
    });
    let early = step(&story, province, leave.clone()).await;
    assert_eq!(codes(&early), ["notice-running", "hearing-missing"]);
    file(
        &story,
        school,
        json!({ "kind": "hearing_request", "text": "申请听证。" }),
    )
    .await
    .good();
    let hearing = json!({ "kind": "hearing", "text": "双方陈述,记录如下。", "members": ["主持人,无利害关系"] });
    let own = file(&story, province, hearing.clone()).await;
    assert_eq!(codes(&own), ["proposer-hears"]);
    file(&story, story.who("province-2"), hearing).await.good();
    story.server.days_pass(20);
    // Whoever proposed the exit does not decide it.
    let second = story.who("province-2");
    let turned = step(&story, second, leave.clone()).await.good();
    let path = format!("/api/v1/proposals/{}", text(&turned["proposal_id"]));
    let refused = province.post(&format!("{path}/approve"), &json!({})).await;
    refused.problem(409, "transition-refused");
    assert_eq!(codes(&refused), ["proposer-decides"]);
    let reason = json!({ "reason": "改由他人决定。" });
    second.post(&format!("{path}/refuse"), &reason).await.good();
    let left = by_two(&story, leave).await;
    assert_eq!(left["outcome"]["state"], "exited");
    let bar: chrono::NaiveDate = text(&left["outcome"]["bar_until"]).parse().expect("a date");
    assert_eq!(
        Some(bar),
        story
            .server
            .today()
            .checked_add_months(chrono::Months::new(24))
    );
    assert_eq!(school.get(&offer).await.good()["state"], "retired");

    // Certificates stay valid, and everybody can see the history and the banner.
    let certificate = text(&issued["certificates"][0]["id"]);
    let anybody = story.who("anybody");
    let page = anybody.get(&format!("/v/{certificate}")).await.text();
    assert!(page.contains("有效"), "{page}");
    let profile_path = format!("/institutions/{}", tests::story::CREDIT_CODE);
    let profile = anybody.get(&profile_path).await.text();
    for words in [
        "已退出目录",
        "预警",
        "限期整改",
        "退出公示",
        "残联决〔2026〕9号",
    ] {
        assert!(profile.contains(words), "{words}");
    }

    // The appeal against the exit stays it; upheld, the institution is where it was before the proposal.
    serve(&story, province, "T20").await;
    let appeal = lodge(&story, "T20").await;
    assert_eq!(appeal["admission_state"], "exit_notice");
    // So are its bars: another province takes an application meanwhile.
    let mut elsewhere = tests::story::application(tests::story::CREDIT_CODE);
    elsewhere["site_region"] = "370102".into();
    let path = "/api/v1/institutions";
    school.post(path, &elsewhere).await.good();
    assert!(
        anybody
            .get(&profile_path)
            .await
            .text()
            .contains("申诉审理中")
    );
    let upheld = decided(&story, &appeal, "upheld").await;
    assert_eq!(upheld["admission_state"], "suspended");
    assert_eq!(school.get(&offer).await.good()["state"], "open");
    assert_eq!(admission(&story).await["bar_until"], Value::Null);
    assert_eq!(case(&story).await["stage"], "T15");
    // What was owed in the suspension is owed again: nobody had served it.
    let id = story.admission.parse().expect("an id");
    let open = store::cases::terms::open_of_admission(story.server.app.store.reader(), id).await;
    let of_case: Vec<String> = open
        .expect("terms")
        .into_iter()
        .filter(|term| term.object_kind == "case")
        .map(|term| term.kind)
        .collect();
    assert_eq!(of_case, ["serve", "decide"]);

    // Every public decision is a leaf, and the case tells its whole story.
    let path = format!("/api/v1/institutions/{}/timeline", story.admission);
    let timeline = province.get(&path).await.good();
    for act in [
        "T06",
        "T08",
        "T09",
        "T10",
        "T11",
        "T13",
        "T15",
        "stay",
        "stay_end",
        "appeal_dismissed",
        "T19",
        "T20",
        "appeal_upheld",
        "T23",
    ] {
        let entry = timeline
            .as_array()
            .and_then(|all| all.iter().find(|one| one["act"] == act))
            .unwrap_or_else(|| panic!("{act} is not there"));
        assert!(entry["leaf_index"].is_u64(), "{act}: {entry}");
    }
    let papers = case(&story).await["papers"].as_array().map(Vec::len);
    assert_eq!(papers, Some(6));
}
