//! A survey opens once, and its answers lose their identity.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, TestServer, on_both};

use super::{class, links, send_form};
use crate::evidence::{contacts, file_of, frozen};

on_both! {
    a_survey_opens_once_and_its_answers_lose_their_identity;
    what_is_suspended_takes_no_answer_away;
    an_institution_reads_no_single_answer_in_its_result;
}

/// How many have begun to answer.
async fn opened(story: &Story) -> usize {
    let cells = store::dump::dump(story.server.app.store.reader()).await;
    let begun = |cell: &&store::dump::Cell| {
        cell.table == "survey_invitation" && cell.column == "opened_at" && !cell.bytes.is_empty()
    };
    cells.expect("a dump").iter().filter(begun).count()
}

/// Trainees answer from elsewhere than the school's own network.
async fn from_elsewhere(database: Database) -> Story {
    let server = TestServer::start_with(database, |settings| {
        std::sync::Arc::make_mut(&mut settings.config.border).proxies =
            vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    Story::ready_on(server).await
}

async fn a_survey_opens_once_and_its_answers_lose_their_identity(database: Database) {
    let story = from_elsewhere(database).await;
    let (cohort, members) = class(&story, 301, 6).await;
    let county = story.who("county-1");
    let ids: Vec<String> = members.iter().map(|one| text(&one["id"])).collect();
    contacts(&story, &ids[..5]).await;
    let path = format!("/api/v1/cohorts/{cohort}/survey");
    story
        .who("school-1")
        .post(&path, &json!({}))
        .await
        .problem(403, "forbidden");
    let sent = county.post(&path, &json!({})).await.good();
    assert_eq!(
        (&sent["invited"], &sent["at_counter"]),
        (&json!(6), &json!(1))
    );
    let mut found = links(&story);
    // What the roster says is the institution's word: whoever gave the county no number is asked at the counter.
    found.sort_by_key(|(to, _)| !to.starts_with("137"));
    let to: Vec<&str> = found.iter().map(|(to, _)| to.as_str()).collect();
    assert!(
        to[..5].iter().all(|to| to.starts_with("137")) && to[5] == ids[5],
        "{to:?}"
    );
    let anybody = story.who("anybody");
    let (_, first) = &found[0];
    let begin = anybody.get(first).await;
    assert!(
        begin.status.is_success()
            && begin.text().contains("您的名字不会告诉培训机构")
            && !begin.text().contains("<script")
    );
    assert_eq!(
        opened(&story).await,
        0,
        "a messenger that looks at a link starts no clock"
    );
    let question = send_form(anybody, first, &[("q", "0"), ("step", "next")]).await;
    assert_eq!(opened(&story).await, 1);
    assert!(
        question.text().contains("第 1 题,共 5 题"),
        "{}",
        question.text()
    );
    let easy = send_form(
        anybody,
        first,
        &[("q", "0"), ("step", "next"), ("easy", "1")],
    )
    .await
    .text();
    assert!(easy.contains("老师教得好吗?") && easy.contains("不好") && !easy.contains("很满意"));
    let few = send_form(
        anybody,
        first,
        &[("step", "submit"), ("a1", "5"), ("a2", "4")],
    )
    .await;
    assert_eq!(few.status.as_u16(), 422, "too few answers are asked about");
    story.server.clock.advance_seconds(120);
    let five = [
        ("step", "submit"),
        ("a1", "5"),
        ("a2", "4"),
        ("a3", "4"),
        ("a4", "3"),
        ("a5", "5"),
        ("by", "assisted"),
    ];
    let done = send_form(anybody, first, &five).await;
    assert!(
        done.status.is_success() && done.text().contains("谢谢"),
        "{}",
        done.text()
    );
    let twice = send_form(anybody, first, &five).await;
    assert_eq!(twice.status.as_u16(), 409, "used");
    assert!(anybody.get(first).await.text().contains("您已经填过了"));
    anybody
        .get("/s/mzo_nothing")
        .await
        .status
        .is_client_error()
        .then_some(())
        .expect("unknown");
    // Equal answers in a moment from one device are flagged, and nobody sees sums of so few.
    for (_, link) in &found[1..5] {
        anybody.get(link).await;
        let same = [
            ("step", "submit"),
            ("a1", "5"),
            ("a2", "5"),
            ("a3", "5"),
            ("a4", "5"),
            ("a5", "5"),
        ];
        assert!(send_form(anybody, link, &same).await.status.is_success());
    }
    let sums = format!("/api/v1/institutions/{}/survey", story.admission);
    let seen = county.get(&sums).await.good();
    assert_eq!(
        (
            &seen["responses"],
            &seen["flagged"],
            &seen["suspension_due"]
        ),
        (&json!(5), &json!(4), &json!(true))
    );
    assert_eq!(seen["counted"], Value::Null);
    assert_eq!(
        story.who("school-1").get(&sums).await.good()["responses"],
        Value::Null
    );

    // Late: the link is closed, and what was answered no longer tells who answered.
    story.server.days_pass(31);
    let late = anybody.get(&found[5].1).await;
    assert_eq!(late.status.as_u16(), 410);
    let refused = send_form(anybody, &found[5].1, &five).await;
    assert_eq!(refused.status.as_u16(), 409);
    let closed = api::surveys::invite::close(&story.server.app)
        .await
        .expect("closed");
    assert_eq!((closed.expired, closed.separated), (1, 5));
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let ids: Vec<&[u8]> = cells
        .iter()
        .filter(|cell| cell.table == "survey_response" && cell.column == "enrolment_id")
        .map(|cell| cell.bytes.as_slice())
        .filter(|bytes| !bytes.is_empty())
        .collect();
    assert!(ids.is_empty(), "{} of {}", ids.len(), members.len());
    // The run still counts them: it finds them by a key that a dump does not hold.
    let run = frozen(&story, "quarterly").await;
    let evidence = file_of(&story, &run, "evidence").await;
    let surveys = evidence["surveys"].as_array().expect("a table");
    assert_eq!(surveys.len(), 5);
    assert_eq!(
        surveys.iter().filter(|one| one["flagged"] == true).count(),
        4
    );
    assert!(
        surveys
            .iter()
            .any(|one| one["by"] == "assisted" && one["items"] == json!([5, 4, 4, 3, 5]))
    );
}

/// A suspended certificate, a trainee who left, a suspended survey: the answers that were given stay in the evidence. What is
/// suspended is told beside them (grading.md 5: all attached are invited).
async fn what_is_suspended_takes_no_answer_away(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    story.import(&cohort, super::roster(351, 7)).await;
    story.admit(&cohort).await;
    // One leaves on the way, after more hours than attaching takes.
    story.server.days_pass(7);
    story.cohort_act("school-1", &cohort, "start").await;
    let members = story.enrolments(&cohort).await;
    let left = text(&members[0]["id"]);
    let school = story.who("school-1");
    let minutes = json!({ "hours_taught": 12, "items": [{ "enrolment": left, "minutes": 720 }] });
    let at = |what: &str| format!("/api/v1/cohorts/{cohort}/{what}");
    school.post(&at("attendance"), &minutes).await.good();
    story.server.days_pass(2);
    let leave = json!({ "reason": "dissatisfaction" });
    let path = at(&format!("enrolments/{left}/withdraw"));
    school.post(&path, &leave).await.good();
    finish(&story, &cohort, &left).await;
    story.accept(&cohort).await;
    let issued = story.issue(&cohort).await;

    let ids: Vec<String> = members.iter().map(|one| text(&one["id"])).collect();
    contacts(&story, &ids).await;
    let county = story.who("county-1");
    let sent = county.post(&at("survey"), &json!({})).await.good();
    assert_eq!(sent["invited"], 7, "who left is asked too: {sent}");
    story.suspend(&text(&issued["certificates"][0]["id"])).await;
    let answer = [
        ("step", "submit"),
        ("a1", "4"),
        ("a2", "3"),
        ("a3", "4"),
        ("a4", "2"),
        ("a5", "3"),
    ];
    for (_, link) in links(&story) {
        let anybody = story.who("anybody");
        anybody.get(&link).await;
        let done = send_form(anybody, &link, &answer).await;
        assert!(done.status.is_success(), "{}", done.text());
    }
    story.server.days_pass(430);
    let run = frozen(&story, "annual").await;
    let before = file_of(&story, &run, "evidence").await;
    assert_eq!(before["surveys"].as_array().map(Vec::len), Some(7));
    let certified = |e: &Value| {
        let all = e["enrolments"].as_array().expect("a table").iter();
        all.filter(|one| one["certified"] == true).count()
    };
    assert_eq!(certified(&before), 6, "suspended is not revoked");
    assert_eq!(before["institutions"][0]["sat_suspended"], false);

    // The survey itself is suspended by an officer: told in the evidence, and no answer is gone.
    let path = format!("/api/v1/institutions/{}/survey-suspension", story.admission);
    let reason = json!({ "reason": "答卷异常,核查中。" });
    story.who("province-1").post(&path, &reason).await.good();
    let again = frozen(&story, "annual").await;
    let after = file_of(&story, &again, "evidence").await;
    assert_eq!(after["surveys"].as_array().map(Vec::len), Some(7));
    assert_eq!(after["institutions"][0]["sat_suspended"], true);
    let (one, two) = (
        file_of(&story, &run, "results").await,
        file_of(&story, &again, "results").await,
    );
    let sat = |r: &Value| r["institutions"][0]["indicators"]["SAT"].clone();
    assert_eq!(sat(&one)["invited"], 7, "{one}");
    assert_eq!(sat(&one)["n"], sat(&two)["n"]);
    assert_eq!(sat(&two)["available"], false);
}

/// One trainee of six answers, and the school is told its figures.
async fn an_institution_reads_no_single_answer_in_its_result(database: Database) {
    let story = from_elsewhere(database).await;
    let (cohort, members) = class(&story, 381, 6).await;
    let ids: Vec<String> = members.iter().map(|one| text(&one["id"])).collect();
    contacts(&story, &ids).await;
    let path = format!("/api/v1/cohorts/{cohort}/survey");
    let county = story.who("county-1");
    county.post(&path, &json!({})).await.good();
    let (_, link) = links(&story).swap_remove(0);
    let anybody = story.who("anybody");
    anybody.get(&link).await;
    send_form(anybody, &link, &[("q", "0"), ("step", "next")]).await;
    story.server.clock.advance_seconds(120);
    let answer = [
        ("step", "submit"),
        ("a1", "1"),
        ("a2", "2"),
        ("a3", "1"),
        ("a4", "2"),
        ("a5", "1"),
    ];
    let done = send_form(anybody, &link, &answer).await;
    assert!(done.status.is_success(), "{}", done.text());
    story.server.days_pass(430);
    let run = frozen(&story, "annual").await;
    let exact = file_of(&story, &run, "results").await;
    let exact = &exact["institutions"][0]["indicators"]["SAT"];
    assert_eq!(
        (&exact["n"], &exact["sum_items"]),
        (&json!(1), &json!(7)),
        "{exact}"
    );
    let province = story.who("province-1");
    let path = format!("/api/v1/grading-runs/{run}/publications");
    province.post(&path, &json!({})).await.good();

    let path = format!("/api/v1/grading-runs/{run}/results");
    let office = province.get(&path).await.good();
    assert_eq!(&office[0]["entry"]["indicators"]["SAT"], exact);
    let own = story.who("school-1").get(&path).await.good();
    let indicators = &own[0]["entry"]["indicators"];
    assert_eq!(indicators["SAT"]["shown"], "too_few", "{own}");
    for field in ["n", "sum_items", "mean_milli", "adjusted_milli", "invited"] {
        assert_eq!(indicators["SAT"][field], Value::Null, "{field}: {own}");
    }
    assert_eq!(indicators["CMP"]["observed"], 6, "the rest is its own");
    let mut school = Browser::new(&story.server);
    school.sign_in("school-1", PASSWORD).await;
    let page = school.open("/org/rating").await.text();
    assert!(
        page.contains("满意度的有效答卷不足 5 份") && !page.contains("答卷 1/6"),
        "{page}"
    );
}

/// Taught to the end for all but one who left.
async fn finish(story: &Story, cohort: &str, left: &str) {
    story.server.days_pass(13);
    let held_on = story.server.today();
    let at = |what: &str| format!("/api/v1/cohorts/{cohort}/{what}");
    let members = story.enrolments(cohort).await;
    let stayed: Vec<&Value> = members.iter().filter(|one| one["id"] != left).collect();
    let minutes: Vec<Value> = stayed
        .iter()
        .map(|one| json!({ "enrolment": one["id"], "minutes": 2_400 }))
        .collect();
    let results: Vec<Value> = stayed
        .iter()
        .zip(60..)
        .map(|(one, score)| {
            json!({ "enrolment": one["id"], "passed": true, "score": score, "held_on": held_on })
        })
        .collect();
    let school = story.who("school-1");
    let totals = json!({ "hours_taught": 40, "items": minutes });
    school.post(&at("attendance"), &totals).await.good();
    story.cohort_act("school-1", cohort, "finish").await;
    let marked = json!({ "items": results });
    school.post(&at("assessments"), &marked).await.good();
    let second = story.who("school-2");
    let confirm = at("assessments/confirm");
    second.post(&confirm, &json!({})).await.good();
    school.post(&at("attendance/lock"), &json!({})).await.good();
}
