//! Cases: from admission through warning, rectification and exit with appeals; refusals that say what to do; alarms;
//! batches that are held (grading.md 7, workflow.md 6, field.md 7-9).

use domain::ids::GradingRunId;
use domain::institution::{Grade, ResultKind, ResultRow};
use serde_json::{Value, json};
use store::cases::results::{self, GradeResult};
use tests::answer::text;
use tests::story::{PASSWORD, PROVINCE};
use tests::{Answer, Browser, Client, Database, Story, on_both, rosters};

on_both! {
    one_institution_from_admission_to_exit_and_back_by_appeal;
    refused_steps_name_the_states_and_who_may_act_instead;
    nobody_decides_their_own_proposal_or_where_they_have_an_interest;
    silence_raises_alarms_level_by_level_and_only_an_incomplete_application_lapses;
    an_exit_for_fraud_holds_certificates_and_is_not_stayed;
    an_institution_may_leave_when_nobody_is_left_behind;
    the_pages_of_a_case_work_without_a_script;
    a_class_that_nobody_confirms_finishes_or_accepts_raises_alarms;
}

pub(crate) const PREFECTURE: &str = "330100";
pub(crate) const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A member of staff who is not in every story.
pub(crate) async fn hire(story: &Story, name: &str, role: &str, federation: &str) -> Client {
    let request = json!({
        "name": name, "person_name": "虚构人员", "role": role, "federation": federation, "password": PASSWORD,
    });
    story
        .who("national-1")
        .post("/api/v1/accounts", &request)
        .await
        .good();
    Client::of(&story.server, name, PASSWORD)
}

pub(crate) fn document(number: &str) -> Value {
    json!({ "number": number, "issuer": "虚构省残疾人联合会", "made_on": "2026-03-01" })
}

/// A transition with everything that the request says.
pub(crate) async fn step(story: &Story, who: &Client, request: Value) -> Answer {
    let resource = format!("/api/v1/institutions/{}", story.admission);
    who.act(&resource, "transitions", &request).await
}

/// The same by two persons of the province.
pub(crate) async fn by_two(story: &Story, request: Value) -> Value {
    let proposed = step(story, story.who("province-1"), request).await.good();
    story.approve("province-2", &proposed).await
}

pub(crate) async fn admission(story: &Story) -> Value {
    let path = format!("/api/v1/institutions/{}", story.admission);
    story.who("province-1").get(&path).await.good()
}

pub(crate) async fn serve(story: &Story, who: &Client, transition: &str) -> Value {
    let path = format!("/api/v1/institutions/{}/services", story.admission);
    let today = story.server.today();
    let request = json!({ "transition": transition, "method": "post", "served_on": today, "receipt": "挂号信 001" });
    who.post(&path, &request).await.good()
}

/// The newest case of the school.
pub(crate) async fn case(story: &Story) -> Value {
    let page = story.who("province-1").get("/api/v1/cases").await.good();
    let id = text(&page["items"][0]["id"]);
    story
        .who("province-1")
        .get(&format!("/api/v1/cases/{id}"))
        .await
        .good()
}

pub(crate) async fn file(story: &Story, who: &Client, request: Value) -> Answer {
    let id = text(&case(story).await["id"]);
    who.post(&format!("/api/v1/cases/{id}/papers"), &request)
        .await
}

/// An annual result with its notice, up to the day on which the grade may be decided. The run is a real one; since a school
/// of so few trainees gets no grade from it, what it says of the school is put in here (tests/it/grades.rs has real grades).
pub(crate) async fn annual(story: &Story, grade: Grade) {
    let freeze_on = story.server.today();
    let request = json!({ "kind": "annual", "freeze_on": freeze_on });
    let national = story.who("national-1");
    let frozen = national.post("/api/v1/grading-freezes", &request).await;
    let run: GradingRunId = text(&frozen.good()["run"]).parse().expect("an id");
    let app = &story.server.app;
    let write = || async { app.store.write().await.expect("a transaction") };
    let tx = write().await;
    let result = GradeResult {
        id: app.random.id(app.now()).into(),
        admission: story.admission.parse().expect("an id"),
        run,
        row: ResultRow {
            kind: ResultKind::Annual,
            freeze_on,
            grade: Some(grade),
            emp_sig_low: grade == Grade::D,
            sat_milli: None,
            sat_suspended: false,
            decided: false,
        },
        shown_on: freeze_on,
        notice_on: None,
        notice_until: None,
        decided_on: None,
        previous_grade: None,
        entered_by: app.random.id(app.now()).into(),
        entered_at: app.now(),
    };
    results::insert(&tx, &[result]).await.expect("written");
    store::commit(tx).await.expect("committed");
    story.server.days_pass(15);
    let (today, tx) = (story.server.today(), write().await);
    let until = app.calendar.notice_until(today, 5);
    results::notice(&tx, run, PROVINCE, today, until)
        .await
        .expect("written");
    store::commit(tx).await.expect("committed");
    story.server.days_pass((until - today).num_days() + 1);
}

pub(crate) fn codes(answer: &Answer) -> Vec<String> {
    answer.faults().into_iter().map(|(_, code)| code).collect()
}

/// Acts on an appeal at its revision now.
pub(crate) async fn appeal_act(who: &Client, id: &str, request: Value) -> Answer {
    who.act(&format!("/api/v1/appeals/{id}"), "acts", &request)
        .await
}

pub(crate) async fn lodge(story: &Story, against: &str) -> Value {
    let path = format!("/api/v1/institutions/{}/appeals", story.admission);
    let request =
        json!({ "against": against, "points": "检查记录与事实不符。", "wish": "撤销该决定" });
    story.who("school-1").post(&path, &request).await.good()
}

/// Heard by the nation and decided.
pub(crate) async fn decided(story: &Story, appeal: &Value, outcome: &str) -> Value {
    let (id, judge) = (text(&appeal["id"]), story.who("national-1"));
    for act in ["accept", "hear"] {
        let request = json!({ "act": act, "reason": "双方到场,记录在卷。" });
        appeal_act(judge, &id, request).await.good();
    }
    let request = json!({
        "act": "decide", "outcome": outcome, "reason": "经审查,决定如下。", "document": document("申复〔2026〕1号"),
    });
    appeal_act(judge, &id, request).await.good()
}

/// A class that runs, with so many hours taught.
pub(crate) async fn running(story: &Story, first: u32, hours: u32) -> String {
    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(first, 5)).await;
    story.admit(&cohort).await;
    story.server.days_pass(7);
    story.cohort_act("school-1", &cohort, "start").await;
    let members = story.enrolments(&cohort).await;
    let items: Vec<Value> = members
        .iter()
        .map(|one| json!({ "enrolment": one["id"], "minutes": hours * 60 }))
        .collect();
    let request = json!({ "hours_taught": hours, "items": items });
    story
        .who("school-1")
        .post(&format!("/api/v1/cohorts/{cohort}/attendance"), &request)
        .await
        .good();
    cohort
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
    let number = text(&warned["case"]);
    assert!(number.starts_with("330000-A2026-"), "{number}");

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

async fn refused_steps_name_the_states_and_who_may_act_instead(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let province = story.who("province-1");
    // From this state there is no such step: both states, and what is possible.
    let answer = step(&story, province, json!({ "transition": "T14" })).await;
    let body = answer.problem(409, "transition-refused");
    let detail = text(&body["detail"]);
    for words in ["暂定入库", "整改通过", "T11 预警"] {
        assert!(detail.contains(words), "{detail}");
    }
    // The step belongs to others.
    let order = json!({ "transition": "T19", "cause": "dormant", "reason": "两年未开班。" });
    let answer = step(&story, &prefecture, order.clone()).await;
    let body = answer.problem(403, "forbidden");
    assert!(text(&body["detail"]).contains("省级残联"), "{body}");
    // The nation acts only after the province's inaction.
    let answer = step(&story, story.who("national-1"), order).await;
    assert!(
        codes(&answer).contains(&"province-may-act".to_owned()),
        "{}",
        answer.text()
    );
    // A cause must be one of its act, and a hash must be one.
    let answer = step(
        &story,
        province,
        json!({ "transition": "T11", "cause": "dormant", "reason": "a" }),
    )
    .await;
    assert_eq!(codes(&answer), ["cause-missing"]);
    let answer = step(
        &story,
        province,
        json!({ "transition": "T11", "cause": "major_finding", "reason": "a", "evidence_sha256": "00" }),
    )
    .await;
    answer.problem(422, "invalid-request");
    // T23 is no transition that anybody asks for.
    let answer = step(
        &story,
        story.who("national-1"),
        json!({ "transition": "T23" }),
    )
    .await;
    answer.problem(409, "transition-refused");
    // No appeal against what is not on the list, or was not decided.
    let path = format!("/api/v1/institutions/{}/appeals", story.admission);
    let school = story.who("school-1");
    let wish =
        |against: &str| json!({ "against": against, "points": "没有道理。", "wish": "撤销" });
    school
        .post(&path, &wish("T08"))
        .await
        .problem(422, "invalid-request");
    school
        .post(&path, &wish("T11"))
        .await
        .problem(409, "transition-refused");
    // What lies elsewhere is not found.
    let elsewhere = story.who("other-province");
    let answer = elsewhere
        .get("/api/v1/cases/01980000-0000-7000-8000-000000000001")
        .await;
    answer.problem(404, "not-found");
}

/// Warned for a major finding.
pub(crate) async fn warn(story: &Story, who: &Client) -> Value {
    let request = json!({
        "transition": "T11", "cause": "major_finding", "reason": "重大问题。", "evidence_sha256": HASH,
        "document": document("预警〔2026〕1号"), "findings": ["消防通道堵塞"],
    });
    step(story, who, request).await.good()
}

async fn nobody_decides_their_own_proposal_or_where_they_have_an_interest(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let third = hire(&story, "province-3", "province_officer", PROVINCE).await;
    warn(&story, &prefecture).await;
    // The level that warned lifts, and only on a reply.
    let lift = json!({ "transition": "T12", "reason": "已整改。" });
    let answer = step(&story, story.who("province-1"), lift.clone()).await;
    assert_eq!(codes(&answer), ["other-level-warned", "reply-missing"]);
    serve(&story, &prefecture, "T11").await;
    file(
        &story,
        story.who("school-1"),
        json!({ "kind": "reply", "text": "通道已清理。" }),
    )
    .await
    .good();
    // Whoever declared an interest takes no act any more.
    let path = format!("/api/v1/institutions/{}/interests", story.admission);
    let reason = json!({ "reason": "亲属任职" });
    prefecture.post(&path, &reason).await.good();
    let answer = step(&story, &prefecture, lift.clone()).await;
    assert_eq!(codes(&answer), ["interest-declared"]);
    let colleague = hire(&story, "prefecture-2", "prefecture_officer", PREFECTURE).await;
    assert_eq!(
        step(&story, &colleague, lift).await.good()["state"],
        "provisional"
    );
    let closed = case(&story).await;
    assert_eq!(
        (&closed["state"], &closed["stage"]),
        (&json!("closed"), &json!("T12"))
    );

    // An emergency stop is confirmed by another, who has no interest either.
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防不合格。" });
    let stopped = step(&story, story.who("province-1"), stop).await.good();
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&stopped["proposal_id"])
    );
    let own = story.who("province-1").post(&approve, &json!({})).await;
    own.problem(409, "second-person-required");
    third.post(&path, &reason).await.good();
    assert_eq!(
        codes(&third.post(&approve, &json!({})).await),
        ["interest-declared"]
    );
    story
        .who("province-2")
        .post(&approve, &json!({}))
        .await
        .good();

    // The appeal is heard by others than those who decided: the nation's own stop by the nation's others.
    let stayed = lodge(&story, "T16").await;
    assert_eq!(stayed["stayed"], false, "T16 is not stayed");
    let id = text(&stayed["id"]);
    let accept = json!({ "act": "accept" });
    let lower = appeal_act(story.who("province-1"), &id, accept.clone()).await;
    lower.problem(403, "forbidden");
    let judge = story.who("national-1");
    judge.post(&path, &reason).await.good();
    assert_eq!(
        codes(&appeal_act(judge, &id, accept.clone()).await),
        ["interest-declared"]
    );
    let judge = story.who("national-2");
    appeal_act(judge, &id, accept).await.good();
    let hear = json!({ "act": "hear", "reason": "书面审理。" });
    appeal_act(judge, &id, hear).await.good();
    let until = story.server.today() + chrono::Days::new(30);
    let varied = json!({
        "act": "decide", "outcome": "varied", "reason": "缩短暂停。", "document": document("申复〔2026〕2号"),
        "variation": { "until": until },
    });
    appeal_act(judge, &id, varied).await.good();
    assert_eq!(admission(&story).await["suspended_until"], json!(until));
}

async fn silence_raises_alarms_level_by_level_and_only_an_incomplete_application_lapses(
    database: Database,
) {
    let story = Story::applied(database).await;
    let run = || async {
        api::cases::alarms::run(&story.server.app)
            .await
            .expect("the job runs")
    };
    let seen = |who: &'static str| {
        let client = story.who(who);
        async move {
            let rows = client.get("/api/v1/alarms").await.good();
            rows.as_array()
                .into_iter()
                .flatten()
                .map(|row| (text(&row["act"]), text(&row["kind"])))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(run().await.due, 0, "five working days are far away");
    // Due soon: the county alone hears of it. The same look again raises nothing.
    story.server.days_pass(4);
    assert_eq!((run().await.due, run().await.due), (1, 0));
    assert_eq!(
        seen("county-1").await,
        [("completeness".to_owned(), "due".to_owned())]
    );
    assert!(seen("province-1").await.is_empty());
    // Over: the county and the prefecture at once, the province after more silence; nothing is decided.
    story.server.days_pass(6);
    assert_eq!(run().await.overdue, 2);
    assert_eq!(seen("county-1").await[0].1, "overdue");
    assert!(seen("province-1").await.is_empty());
    story.server.days_pass(20);
    assert_eq!(run().await.overdue, 1);
    assert_eq!(
        seen("province-1").await,
        [("completeness".to_owned(), "overdue".to_owned())]
    );
    assert_eq!(admission(&story).await["state"], "applied");
    // The act ends the alarm.
    story.transition("county-1", "T04").await;
    assert!(seen("county-1").await.is_empty() && seen("province-1").await.is_empty());

    // An application that nobody completes lapses, without a bar.
    let path = "/api/v1/institutions";
    let other = story.who("other-school");
    let applied = other
        .post(path, &tests::story::application("52330106XX0000027X"))
        .await;
    let id = text(&applied.good()["id"]);
    let resource = format!("{path}/{id}");
    let ask = json!({ "transition": "T02", "reason": "缺场地证明。" });
    story
        .who("county-1")
        .act(&resource, "transitions", &ask)
        .await
        .good();
    story.server.days_pass(40);
    assert_eq!(run().await.lapsed, 1);
    let found = other.get(&resource).await.good();
    assert_eq!(
        (&found["state"], &found["bar_until"]),
        (&json!("rejected"), &Value::Null)
    );
    let timeline = other.get(&format!("{resource}/timeline")).await.good();
    let last = timeline
        .as_array()
        .and_then(|all| all.last())
        .expect("an entry");
    assert_eq!(
        (&last["role"], &last["reason_code"]),
        (&json!("registry"), &json!("lapsed"))
    );
    assert_eq!(run().await.lapsed, 0);
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
    let request = json!({ "kind": "annual", "freeze_on": story.server.today() });
    let national = story.who("national-1");
    let run = national
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    let at = |file: &str| format!("/api/v1/grading-runs/{}/{file}", text(&run["run"]));
    let auditor = story.who("auditor");
    let e: Value = auditor.get(&at("evidence.json")).await.json();
    assert_eq!(e["institutions"][0]["exited"], true);
    let r: Value = auditor.get(&at("results.json")).await.json();
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

async fn a_class_that_nobody_confirms_finishes_or_accepts_raises_alarms(database: Database) {
    let story = Story::ready(database).await;
    let seen = async |who: &str| {
        api::cases::alarms::run(&story.server.app)
            .await
            .expect("the job runs");
        let rows = story.who(who).get("/api/v1/alarms").await.good();
        rows.as_array()
            .into_iter()
            .flatten()
            .map(|row| (text(&row["act"]), text(&row["kind"])))
            .collect::<Vec<_>>()
    };
    let overdue = |act: &str| vec![(act.to_owned(), "overdue".to_owned())];
    let cohort = story.open_cohort(30).await;
    story.cohort_act("school-1", &cohort, "announce").await;
    assert!(seen("county-1").await.is_empty(), "five working days");
    story.server.days_pass(12);
    assert_eq!(seen("county-1").await, overdue("cohort_confirm"));
    // Late is late: the county says why.
    let path = format!("/api/v1/cohorts/{cohort}");
    let confirm = json!({ "act": "confirm", "reason": "经办人外出,补办确认。" });
    let county = story.who("county-1");
    county.act(&path, "acts", &confirm).await.good();
    assert!(seen("county-1").await.is_empty());

    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(1, 3)).await;
    story.admit(&cohort).await;
    story.server.days_pass(7);
    story.cohort_act("school-1", &cohort, "start").await;
    story.server.days_pass(16);
    assert_eq!(seen("school-1").await, overdue("cohort_finish"));
    // The registry ends no class: it still runs, until a person finishes it.
    let path = format!("/api/v1/cohorts/{cohort}");
    assert_eq!(
        story.who("county-1").get(&path).await.good()["state"],
        "running"
    );
    story.cohort_act("school-1", &cohort, "finish").await;
    assert!(seen("school-1").await.is_empty());
    story.server.days_pass(45);
    assert!(
        seen("county-1")
            .await
            .contains(&overdue("cohort_accept")[0])
    );
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

/// Value of the first hidden field of this name after a place in the page.
pub(crate) fn hidden(page: &str, after: &str, name: &str) -> String {
    let rest = &page[page.find(after).expect("the place")..];
    let mark = format!("name=\"{name}\" value=\"");
    let at = rest.find(&mark).expect("the field") + mark.len();
    rest[at..].split('"').next().expect("a value").to_owned()
}

async fn the_pages_of_a_case_work_without_a_script(database: Database) {
    const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];
    let story = Story::ready(database).await;
    hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let mut officer = Browser::new(&story.server);
    officer.sign_in("prefecture-1", PASSWORD).await;
    // The form of a decision offers what the table has from this state, and takes it.
    let path = format!("/admin/decisions/{}", story.admission);
    let page = officer.open(&path).await.text();
    assert!(
        page.contains("T11 预警") && !page.contains("T19 退出公示"),
        "{page}"
    );
    let (key, revision) = (
        hidden(&page, &path, "key"),
        hidden(&page, &path, "revision"),
    );
    let mut fields = vec![
        ("key", key.as_str()),
        ("revision", revision.as_str()),
        ("transition", "T11"),
        ("cause", "major_finding"),
        ("reason", "消防通道堵塞。"),
        ("findings", "消防通道堵塞\n灭火器过期"),
        ("evidence_sha256", HASH),
    ];
    let refused = officer.send(&path, &OWN, &fields).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text().contains("请填写决定文号"),
        "{}",
        refused.text()
    );
    fields.extend([
        ("document_number", "预警〔2026〕2号"),
        ("document_issuer", "虚构市残疾人联合会"),
    ]);
    let taken = officer.send(&path, &OWN, &fields).await;
    assert_eq!(
        (taken.status.as_u16(), taken.header("location")),
        (303, path.as_str())
    );
    let served = [
        ("key", "v-1"),
        ("transition", "T11"),
        ("method", "in_person"),
        ("receipt", "办公室签收"),
    ];
    let sent = officer
        .send(&format!("{path}/service"), &OWN, &served)
        .await;
    assert_eq!(sent.status, 303);

    // The institution sees what was found and until when, and replies; it may appeal on the same page.
    let number = text(&case(&story).await["number"]);
    let mut school = Browser::new(&story.server);
    school.sign_in("school-1", PASSWORD).await;
    assert!(school.open("/org/cases").await.text().contains(&number));
    let page = school.open(&format!("/org/cases/{number}")).await.text();
    for words in ["灭火器过期", "提交情况说明", "提交材料", "提出申诉", "送达"]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script"));
    let key = hidden(&page, "/papers", "key");
    let reply = [
        ("key", key.as_str()),
        ("kind", "reply"),
        ("text", "通道已清理。"),
    ];
    let filed = school
        .send(&format!("/cases/{number}/papers"), &OWN, &reply)
        .await;
    assert_eq!(filed.status, 303);
    let key = hidden(&page, "/appeals", "key");
    let appeal = [
        ("key", key.as_str()),
        ("against", "T11"),
        ("points", "检查时已清理。"),
        ("wish", "撤销预警"),
    ];
    let lodged = school
        .send(&format!("/cases/{number}/appeals"), &OWN, &appeal)
        .await;
    assert_eq!(lodged.status, 303);
    let page = school.open(&format!("/en/org/cases/{number}")).await.text();
    assert!(
        page.contains("The decision is not stayed") && page.contains("通道已清理。"),
        "{page}"
    );

    // The province hears it on its page; the queue tells what is due.
    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    let page = province
        .open(&format!("/admin/cases/{number}"))
        .await
        .text();
    let at = "/acts\">";
    let id = page[..page.find(at).expect("a form")]
        .rsplit('/')
        .next()
        .expect("an id")
        .to_owned();
    let (key, revision) = (hidden(&page, at, "key"), hidden(&page, at, "revision"));
    let accept = [
        ("key", key.as_str()),
        ("revision", revision.as_str()),
        ("case", number.as_str()),
        ("act", "accept"),
    ];
    let accepted = province
        .send(&format!("/appeals/{id}/acts"), &OWN, &accept)
        .await;
    assert_eq!(accepted.status, 303, "{}", accepted.text());
    assert!(
        province
            .open("/admin/queue")
            .await
            .text()
            .contains("没有待审核的事项")
    );
    story.server.days_pass(60);
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("the job runs");
    province.sign_in("province-1", PASSWORD).await;
    let queue = province.open("/admin/queue").await.text();
    assert!(
        queue.contains("申诉决定") && queue.contains("逾期"),
        "{queue}"
    );
    assert!(
        province
            .open("/en/admin/cases")
            .await
            .text()
            .contains(&number)
    );
}
