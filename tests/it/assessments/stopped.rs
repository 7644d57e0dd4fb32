//! Who does nothing more: late, replaced, with an interest, for the third time running.

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::whole::frozen_score;
use super::{
    Assessors, ORGANISATIONS, accreditation, act, assessor, class, commission, commissioned,
    log_grows, visited,
};

on_both! {
    whoever_is_late_replaced_or_no_longer_accredited_does_nothing_more;
    a_conflict_that_becomes_known_stops_every_act_and_the_next_follows;
    nobody_assesses_an_institution_three_times_running;
}

async fn whoever_is_late_replaced_or_no_longer_accredited_does_nothing_more(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = class(&story, 6).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let none = json!({ "relations": [] });
    let why = json!({ "reason": "逾期未申报" });
    let held = async |at: &str| province.get(at).await.good()["assessor"].clone();

    let at = commissioned(&story).await;
    log_grows(&story, "340000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let first = held(&at).await;
    let in_time = act(&story, province, &at, "replacement", &why).await;
    in_time.problem(409, "transition-refused");
    assert_eq!(in_time.faults()[0].1, "assessor-in-time");
    story.server.days_pass(12);
    let late = act(&story, assessors.of(&first), &at, "declaration", &none).await;
    late.problem(409, "transition-refused");
    assert_eq!(late.faults()[0].1, "term-over");
    act(&story, province, &at, "replacement", &why).await.good();
    let second = held(&at).await;
    assert_ne!(first, second);
    assessors
        .of(&first)
        .get(&at)
        .await
        .problem(409, "transition-refused");

    // The sample is open for sixty days and not one more; six trainees are all drawn.
    let who = assessors.of(&second);
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "350000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    let sample = format!("{at}/sample");
    let contact = format!("{sample}/{}/contact", members[0]);
    let words = json!({ "words": "电话回访" });
    story.server.days_pass(60);
    let rows = who.get(&sample).await.good();
    assert_eq!(rows.as_array().map(Vec::len), Some(6));
    let key = "read-before-the-end";
    who.post_with_key(&contact, key, &words).await.good();
    story.server.days_pass(1);
    for answer in [
        who.get(&sample).await,
        who.post(&contact, &words).await,
        // A key that opened it before opens it no more.
        who.post_with_key(&contact, key, &words).await,
        act(
            &story,
            who,
            &at,
            "report",
            &json!({ "score": 80, "text": "现场评估已经完成,情况良好。" }),
        )
        .await,
    ] {
        answer.problem(409, "transition-refused");
        assert_eq!(answer.faults()[0].1, "term-over");
    }

    // Nobody is left on the list: it lapses, and another may be commissioned.
    commission(&story, "province-1")
        .await
        .problem(409, "duplicate");
    let lapsed = act(&story, province, &at, "replacement", &why).await.good();
    assert_eq!(lapsed["state"], "lapsed");
    let at = commissioned(&story).await;
    log_grows(&story, "360000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let first = held(&at).await;
    act(&story, assessors.of(&first), &at, "declaration", &none)
        .await
        .good();
    let accreditation = format!("/api/v1/assessors/{}/withdrawal", text(&first));
    let withdrawal = json!({ "reason": "资格复核未通过" });
    let one = json!(1);
    story
        .who("other-province")
        .post_seen(&accreditation, &one, &withdrawal)
        .await
        .problem(404, "not-found");
    province
        .post_seen(&accreditation, &one, &withdrawal)
        .await
        .good();
    let again = province
        .post_seen(&accreditation, &json!(2), &withdrawal)
        .await;
    again.problem(409, "transition-refused");
    log_grows(&story, "370000").await;
    let out = act(&story, assessors.of(&first), &at, "fieldwork", &json!({})).await;
    assert_eq!(out.faults()[0].1, "not-accredited");
    act(&story, province, &at, "replacement", &why).await.good();
    let who = assessors.of(&held(&at).await);
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "410000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    visited(&story, who, &at).await;
    let report = json!({ "score": 60, "text": "教学资料不完整,建议补充后复查。" });
    act(&story, who, &at, "report", &report).await.good();

    // Silence of the institution delays and does not stop.
    story.server.days_pass(20);
    let school = story.who("school-1");
    let late = act(
        &story,
        school,
        &at,
        "reply",
        &json!({ "text": "补充说明如下。" }),
    )
    .await;
    late.problem(409, "transition-refused");
    let last = json!({ "score": 60, "answer": "机构未在期限内答复。" });
    act(&story, who, &at, "final", &last).await.good();
    assert_eq!(frozen_score(&story).await.0, 60);
    // Two years later it counts no more.
    story.server.days_pass(735);
    assert_eq!(frozen_score(&story).await.0, Value::Null);
}

/// The registry learns of an interest: as when the same person declares it at another desk.
async fn interest_known(story: &Story, account: &str) {
    let app = &story.server.app;
    let tx = app.store.write().await.expect("a transaction");
    let account = account.parse().expect("an account");
    let person = store::assessments::assessors::person_of(&tx, account, story.server.today()).await;
    let person = person.expect("read").expect("an assessor");
    let institution = story.institution.parse().expect("an institution");
    store::cases::declare_interest(&tx, person, institution, "亲属在该校任职", app.now())
        .await
        .expect("declared");
    store::commit(tx).await.expect("committed");
}

async fn a_conflict_that_becomes_known_stops_every_act_and_the_next_follows(database: Database) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let none = json!({ "relations": [] });
    let at = commissioned(&story).await;
    log_grows(&story, "340000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let first = province.get(&at).await.good()["assessor"].clone();
    let account = |id: &Value| {
        let at = assessors.ids.iter().position(|one| id == one.as_str());
        assessors.accounts[at.expect("accredited")].clone()
    };
    interest_known(&story, &account(&first)).await;
    act(&story, assessors.of(&first), &at, "declaration", &none)
        .await
        .problem(409, "conflict-of-interest");
    let why = json!({ "reason": "应当回避" });
    act(&story, province, &at, "replacement", &why).await.good();

    // In the field it closes the sample at once; stepping aside is still open.
    let second = province.get(&at).await.good()["assessor"].clone();
    let who = assessors.of(&second);
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "350000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    let sample = format!("{at}/sample");
    let rows = who.get(&sample).await.good();
    let contact = format!("{sample}/{}/contact", text(&rows[0]["enrolment"]));
    interest_known(&story, &account(&second)).await;
    let report = json!({ "score": 100, "text": "一切都好,没有发现问题。" });
    for answer in [
        who.get(&sample).await,
        who.post(&contact, &json!({ "words": "电话回访" })).await,
        act(&story, who, &at, "report", &report).await,
    ] {
        answer.problem(409, "conflict-of-interest");
    }
    let kin = json!({ "relations": [{ "kind": "relative", "words": "亲属在该校任职" }] });
    let aside = act(&story, who, &at, "declaration", &kin).await.good();
    assert_eq!(aside["state"], "lapsed");
    // Neither stands on a list of this institution any more.
    let none_left = commission(&story, "province-1").await;
    assert_eq!(none_left.faults()[0].1, "no-candidates");
}

async fn nobody_assesses_an_institution_three_times_running(database: Database) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let only = Assessors::accredited(&story, 1).await;
    let who = &only.clients[0];
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    for (score, grown) in [(50, ["340000", "350000"]), (70, ["360000", "370000"])] {
        let at = commissioned(&story).await;
        log_grows(&story, grown[0]).await;
        act(&story, province, &at, "draw", &json!({})).await.good();
        let none = json!({ "relations": [] });
        act(&story, who, &at, "declaration", &none).await.good();
        log_grows(&story, grown[1]).await;
        act(&story, who, &at, "fieldwork", &json!({})).await.good();
        visited(&story, who, &at).await;
        let report = json!({ "score": score, "text": "现场评估已经完成,详见所附问题清单。" });
        act(&story, who, &at, "report", &report).await.good();
        act(&story, school, &at, "reply", &json!({ "text": "无异议。" }))
            .await
            .good();
        let last = json!({ "score": score, "answer": "维持报告得分。" });
        act(&story, who, &at, "final", &last).await.good();
    }
    assert_eq!(
        frozen_score(&story).await.0,
        70,
        "the newest final score counts"
    );
    let third = commission(&story, "province-1").await;
    assert_eq!(third.faults()[0].1, "no-candidates");
    let (_, account) = assessor(&story, "assessor-other").await;
    let other = accreditation(&story, &account, ORGANISATIONS[1]);
    let other = province.post("/api/v1/assessors", &other).await.good();
    let at = commissioned(&story).await;
    let list = province.get(&at).await.good()["candidates"].clone();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!(list[0]["assessor"], other["id"]);
}
