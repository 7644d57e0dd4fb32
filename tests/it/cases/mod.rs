//! Cases: from admission through warning, rectification and exit with appeals; refusals that say what to do; alarms;
//! batches that are held (grading.md 7, workflow.md 6, field.md 7-9).

mod aside;
mod back;
mod causes;
mod desk;
mod documents;
mod exit;
mod inspections;
mod refused;
mod review;
mod silence;
mod whole;

use domain::ids::GradingRunId;
use domain::institution::{Grade, ResultKind, ResultRow};
use serde_json::{Value, json};
use store::cases::results::{self, GradeResult};
use tests::answer::text;
use tests::story::{PASSWORD, PROVINCE};
use tests::{Answer, Client, Story, rosters};

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
/// of so few trainees gets no grade from it, what it says of the school is put in here (tests/it/grades has real grades).
pub(crate) async fn annual(story: &Story, grade: Grade) {
    let freeze_on = story.server.annual_freeze();
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

/// Warned for a major finding.
pub(crate) async fn warn(story: &Story, who: &Client) -> Value {
    let request = json!({
        "transition": "T11", "cause": "major_finding", "reason": "重大问题。", "evidence_sha256": HASH,
        "document": document("预警〔2026〕1号"), "findings": ["消防通道堵塞"],
    });
    step(story, who, request).await.good()
}

/// Value of the first hidden field of this name after a place in the page.
pub(crate) fn hidden(page: &str, after: &str, name: &str) -> String {
    let rest = &page[page.find(after).expect("the place")..];
    let mark = format!("name=\"{name}\" value=\"");
    let at = rest.find(&mark).expect("the field") + mark.len();
    rest[at..].split('"').next().expect("a value").to_owned()
}
