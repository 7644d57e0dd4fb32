//! Causes that nobody acts on: the province owes an answer, and after its silence the nation may act (grading.md 7, T19).

use chrono::{Days, Months, NaiveDate};
use domain::ids::GradingRunId;
use domain::institution::{Grade, ResultKind, ResultRow};
use serde_json::{Value, json};
use store::cases::results::{self, GradeResult};
use tests::answer::text;
use tests::story::PROVINCE;
use tests::{Database, Story, on_both};

use super::aside::answered;
use super::back::{objected, owed};
use super::review::told;
use super::silence::second_by;
use super::{HASH, annual, by_two, codes, document, file, serve, step, warn};
use crate::evidence::frozen;
use crate::grades::class;

on_both! {
    a_province_that_leaves_a_dormant_institution_alone_lets_the_nation_propose_its_exit;
    what_the_province_leaves_undone_that_leads_to_no_exit_opens_none_to_the_nation;
    a_survey_that_nobody_sends_is_told;
    a_term_to_rectify_that_runs_out_is_the_provinces_to_answer;
    employment_that_is_low_in_two_quarters_in_a_row_is_the_provinces_to_answer;
    satisfaction_that_is_low_is_the_provinces_to_answer;
    satisfaction_that_is_suspended_is_the_provinces_to_answer;
    figures_count_as_a_cause_when_their_notice_is_over;
}

async fn look(story: &Story) {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("the job runs");
}

async fn count(story: &Story, kind: &str) -> usize {
    let all = owed(story).await;
    all.iter().filter(|(one, _)| one == kind).count()
}

async fn a_province_that_leaves_a_dormant_institution_alone_lets_the_nation_propose_its_exit(
    database: Database,
) {
    let story = Story::ready(database).await;
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 0);
    story.server.days_pass(740);
    look(&story).await;
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 1, "once");
    let national = story.who("national-1");
    let exit = json!({
        "transition": "T19", "cause": "dormant", "reason": "长期未开班。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2028〕1号"), "hearing": "可申请听证。",
    });
    let early = step(&story, national, exit.clone()).await;
    assert_eq!(codes(&early), ["province-may-act"]);
    // The province hears of it, then the nation.
    story.server.days_pass(20);
    look(&story).await;
    for who in ["province-1", "national-1"] {
        let alarms = story.who(who).get("/api/v1/alarms").await.good();
        let told = alarms.as_array().into_iter().flatten();
        let told: Vec<(String, String)> = told
            .map(|one| (text(&one["act"]), text(&one["kind"])))
            .collect();
        assert!(
            told.contains(&("exit".to_owned(), "overdue".to_owned())),
            "{who}: {told:?}"
        );
    }
    story.server.days_pass(60);
    let waiting = step(&story, national, exit).await.good();
    let done = story.approve("national-2", &waiting).await;
    assert_eq!(done["outcome"]["state"], "exit_notice");
    assert_eq!(count(&story, "exit").await, 0, "the act ends it");
    // Not upheld: decided, and not owed again for the same cause.
    let kept = json!({ "transition": "T21", "reason": "已恢复开班。" });
    step(&story, story.who("province-1"), kept).await.good();
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 0);
}

async fn what_the_province_leaves_undone_that_leads_to_no_exit_opens_none_to_the_nation(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (province, national) = (story.who("province-1"), story.who("national-1"));
    warn(&story, province).await;
    // All that an exit needs, but for the silence of the province.
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "办学许可证注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("注〔2026〕1号"), "hearing": "可申请听证。",
    });
    story.server.days_pass(20);
    for who in [province, national] {
        assert!(
            told(&story, who)
                .await
                .contains(&("serve".to_owned(), "overdue".to_owned()))
        );
    }
    story.server.days_pass(60);
    look(&story).await;
    for kind in ["exit", "warn", "decide", "inspection", "suspension_end"] {
        assert_eq!(count(&story, kind).await, 0, "{kind}");
    }
    assert_eq!(count(&story, "serve").await, 1);
    let refused = step(&story, national, exit.clone()).await;
    refused.problem(409, "transition-refused");
    assert_eq!(codes(&refused), ["province-may-act"]);
    assert!(refused.text().contains("没有逾期未办的事项"));

    // A reply that the province leaves unanswered for as long does.
    serve(&story, province, "T11").await;
    let reply = json!({ "kind": "reply", "text": "通道已清理。" });
    file(&story, story.who("school-1"), reply).await.good();
    assert_eq!(count(&story, "decide").await, 1);
    story.server.days_pass(80);
    let waiting = step(&story, national, exit).await.good();
    let done = story.approve("national-2", &waiting).await;
    assert_eq!(done["outcome"]["state"], "exit_notice");
}

async fn a_term_to_rectify_that_runs_out_is_the_provinces_to_answer(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    warn(&story, province).await;
    serve(&story, province, "T11").await;
    let reply = json!({ "kind": "reply", "text": "正在整改消防通道。" });
    file(&story, story.who("school-1"), reply).await.good();
    let until = story.server.today() + Days::new(30);
    let order = json!({
        "transition": "T13", "cause": "reply_not_accepted", "reason": "说明不充分。",
        "findings": ["消防通道"], "until": until,
    });
    step(&story, province, order).await.good();
    story.server.days_pass(30);
    look(&story).await;
    assert_eq!(
        count(&story, "exit").await,
        0,
        "the last day is the school's"
    );
    story.server.days_pass(1);
    look(&story).await;
    assert_eq!(count(&story, "exit").await, 1);
    let stop = json!({ "transition": "T15", "cause": "term_over", "reason": "期满未整改。" });
    let waiting = step(&story, province, stop).await.good();
    // The second signature is due as long as the act itself is.
    let owed = owed(&story).await;
    let last = owed.iter().find(|(kind, _)| kind == "exit");
    let last = last.expect("a term").1;
    assert_eq!(second_by(&story, &waiting).await, last);
    story
        .server
        .days_pass((last - story.server.today()).num_days() + 1);
    let told = told(&story, province).await;
    assert!(told.contains(&("T15".to_owned(), "overdue".to_owned())));
    assert_eq!(super::admission(&story).await["state"], "rectifying");
    let done = story.approve("province-2", &waiting).await;
    assert_eq!(done["outcome"]["state"], "suspended");
    assert_eq!(count(&story, "exit").await, 0);
}

async fn a_survey_that_nobody_sends_is_told(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(3).await;
    story.server.days_pass(20);
    look(&story).await;
    let county = story.who("county-1");
    let overdue = async || {
        let rows = county.get("/api/v1/alarms").await.good();
        let rows = rows.as_array().into_iter().flatten();
        rows.filter(|one| one["act"] == "survey_send" && one["kind"] == "overdue")
            .count()
    };
    assert_eq!(overdue().await, 1);
    let send = format!("/api/v1/cohorts/{cohort}/survey");
    county.post(&send, &json!({})).await.good();
    assert_eq!(overdue().await, 0);
}

/// A quarterly result of the school in which employment is significantly low.
async fn low_in(story: &Story, freeze_on: &str, years: u32) {
    let row = ResultRow {
        kind: ResultKind::Quarterly,
        freeze_on: freeze_on.parse().expect("a day"),
        grade: None,
        emp_sig_low: true,
        sat_milli: None,
        sat_suspended: false,
        decided: false,
    };
    entered(story, row, years).await;
}

/// A result of the school; answers its run, which is a real one, of an annual freeze so many years back, and enters nothing by
/// itself.
pub(super) async fn entered(story: &Story, row: ResultRow, years: u32) -> GradingRunId {
    let back = Months::new(12 * years);
    let of_run = story.server.last_annual_freeze() - back;
    let request = json!({ "kind": "annual", "freeze_on": of_run });
    let national = story.who("national-1");
    let frozen = national.post("/api/v1/grading-freezes", &request).await;
    let run = text(&frozen.good()["run"]).parse().expect("an id");
    let app = &story.server.app;
    let result = GradeResult {
        id: app.random.id(app.now()).into(),
        admission: story.admission.parse().expect("an id"),
        run,
        row,
        shown_on: story.server.today(),
        notice_on: None,
        notice_until: None,
        decided_on: None,
        previous_grade: None,
        entered_by: app.random.id(app.now()).into(),
        entered_at: app.now(),
    };
    let tx = app.store.write().await.expect("a transaction");
    results::insert(&tx, &[result]).await.expect("written");
    store::commit(tx).await.expect("committed");
    run
}

fn warning(cause: &str) -> Value {
    json!({ "transition": "T11", "cause": cause, "reason": "监测指标偏低。", "findings": ["逐项核查"] })
}

/// The last day to warn.
async fn warn_by(story: &Story) -> Option<NaiveDate> {
    let all = owed(story).await.into_iter();
    let mut found = all.filter(|(kind, _)| kind == "warn");
    found.next().map(|(_, due)| due)
}

fn in_ten_days(story: &Story) -> NaiveDate {
    let app = &story.server.app;
    app.calendar.add_working_days(story.server.today(), 10)
}

async fn employment_that_is_low_in_two_quarters_in_a_row_is_the_provinces_to_answer(
    database: Database,
) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    low_in(&story, "2025-03-31", 0).await;
    low_in(&story, "2025-09-30", 1).await;
    annual(&story, Grade::B).await;
    by_two(&story, json!({ "transition": "T09" })).await;
    assert_eq!(warn_by(&story).await, None, "a quarter lies between");
    let refused = step(&story, province, warning("emp_sig_low_twice")).await;
    refused.problem(409, "transition-refused");
    low_in(&story, "2025-12-31", 3).await;
    annual(&story, Grade::B).await;
    by_two(&story, json!({ "transition": "T10" })).await;
    assert_eq!(warn_by(&story).await, Some(in_ten_days(&story)));
    // Silence passes nothing: it is told, and the state stays.
    story.server.days_pass(20);
    look(&story).await;
    for who in ["province-1", "national-1"] {
        let alarms = story.who(who).get("/api/v1/alarms").await.good();
        let mut told = alarms.as_array().into_iter().flatten();
        assert!(told.any(|one| one["act"] == "warn" && one["kind"] == "overdue"));
    }
    assert_eq!(super::admission(&story).await["state"], "graded");
    let warned = step(&story, province, warning("emp_sig_low_twice"))
        .await
        .good();
    assert_eq!(warned["state"], "warned");
    assert_eq!(warn_by(&story).await, None, "the act ends it");
}

async fn satisfaction_that_is_low_is_the_provinces_to_answer(database: Database) {
    let story = Story::ready(database).await;
    let (cohort, members) = class(&story, 401, 12).await;
    let county = story.who("county-1");
    let send = format!("/api/v1/cohorts/{cohort}/survey");
    county.post(&send, &json!({})).await.good();
    for member in &members {
        let path = format!("/api/v1/enrolments/{}/survey-answer", text(&member["id"]));
        let answer = json!({ "mode": "paper", "by": "self", "items": [1, 1, 1, 1, 1] });
        county.post(&path, &answer).await.good();
    }
    // Into the window of a quarter, which ends 240 days before its freeze.
    story.server.days_pass(260);
    assert_eq!(warn_by(&story).await, None);
    frozen(&story, "quarterly").await;
    assert_eq!(warn_by(&story).await, Some(in_ten_days(&story)));
    let province = story.who("province-1");
    let other = step(&story, province, warning("sat_suspended")).await;
    other.problem(409, "transition-refused");
    let warned = step(&story, province, warning("sat_low")).await.good();
    assert_eq!(warned["state"], "warned");
    assert_eq!(warn_by(&story).await, None);
}

async fn satisfaction_that_is_suspended_is_the_provinces_to_answer(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let path = format!("/api/v1/institutions/{}/survey-suspension", story.admission);
    let reason = json!({ "reason": "异常答卷比例过高,暂停采用并核查。" });
    province.post(&path, &reason).await.good();
    assert_eq!(warn_by(&story).await, None, "until a run says so");
    frozen(&story, "quarterly").await;
    assert_eq!(warn_by(&story).await, Some(in_ten_days(&story)));
    let warned = step(&story, province, warning("sat_suspended")).await;
    assert_eq!(warned.good()["state"], "warned");
    assert_eq!(warn_by(&story).await, None);
}

/// What was warned of and lifted is not owed again because other figures are shown, which do not count yet.
async fn figures_count_as_a_cause_when_their_notice_is_over(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let low = |kind, freeze_on: &str| ResultRow {
        kind,
        freeze_on: freeze_on.parse().expect("a day"),
        grade: (kind == ResultKind::Annual).then_some(Grade::C),
        emp_sig_low: false,
        sat_milli: Some(2_000),
        sat_suspended: false,
        decided: false,
    };
    entered(&story, low(ResultKind::Quarterly, "2025-12-31"), 0).await;
    step(&story, province, warning("sat_low")).await.good();
    serve(&story, province, "T11").await;
    let reply = json!({ "kind": "reply", "text": "已经整改。" });
    file(&story, story.who("school-1"), reply).await.good();
    let lift = json!({ "transition": "T12", "reason": "已整改。" });
    step(&story, province, lift).await.good();
    story.server.days_pass(3);
    let run = entered(&story, low(ResultKind::Annual, "2026-03-31"), 1).await;
    // The causes are looked at with every decision of an objection.
    let seen = async || {
        let objection = objected(&story).await;
        answered(&story, &objection, false).await;
        warn_by(&story).await
    };
    assert_eq!(seen().await, None, "only shown");
    let app = &story.server.app;
    let tx = app.store.write().await.expect("a transaction");
    let today = story.server.today();
    results::notice(&tx, run, PROVINCE, today, today + Days::new(2))
        .await
        .expect("written");
    store::commit(tx).await.expect("committed");
    assert_eq!(seen().await, None, "under notice");
    story.server.days_pass(3);
    assert_eq!(seen().await, Some(in_ten_days(&story)));
}
