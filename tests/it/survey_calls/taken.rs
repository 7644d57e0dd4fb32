//! Answers that the county took, through calls, flags and audits to the evidence.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::CREDIT_CODE;
use tests::{Client, Database, Story, on_both};

use super::{answer, asked};
use crate::assessments::{Assessors, accreditation, alarms, assessor};
use crate::evidence::{file_of, frozen};

on_both! {
    answers_that_the_county_took_are_called_about_and_flagged_without_being_shown;
}

async fn answers_that_the_county_took_are_called_about_and_flagged_without_being_shown(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 12).await;
    let county = story.who("county-1");
    let at = |enrolment: &str| format!("/api/v1/enrolments/{enrolment}/survey-answer");
    let first = at(&members[0]);
    let today = story.server.today();

    // Who may, and what is refused; nothing is used up by it.
    let good = answer("paper", "self", 4);
    for (who, status, code) in [
        ("school-1", 403, "forbidden"),
        ("province-1", 403, "forbidden"),
        ("other-county", 404, "not-found"),
    ] {
        story
            .who(who)
            .post(&first, &good)
            .await
            .problem(status, code);
    }
    let mut bad = answer("web", "self", 4);
    bad["items"] = json!([4, null, null, null, 4]);
    let refused = county.post(&first, &bad).await;
    let codes: Vec<String> = refused.faults().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["not-taken", "too-few"]);
    for day in [today - chrono::Days::new(1), today + chrono::Days::new(1)] {
        let mut bad = good.clone();
        bad["taken_on"] = json!(day);
        let refused = county.post(&first, &bad).await;
        assert_eq!(
            refused.faults()[0],
            ("/taken_on".to_owned(), "out-of-time".to_owned())
        );
    }
    let more = json!({ "mode": "paper", "by": "self", "items": [4, 4, 4, 4, 6] });
    county
        .post(&first, &more)
        .await
        .problem(422, "invalid-request");

    // Taken on paper, by telephone, in interviews; equal answers in one hand are natural there.
    for (place, enrolment) in members.iter().enumerate() {
        let (mode, by) = [
            ("paper", "self"),
            ("voice", "assisted"),
            ("interview", "proxy"),
        ][place % 3];
        let taken = county.post(&at(enrolment), &answer(mode, by, 4)).await;
        let receipt = taken.good();
        assert_eq!(
            (&receipt["mode"], &receipt["by"]),
            (&json!(mode), &json!(by))
        );
        assert!(!taken.text().contains("items"), "{receipt}");
    }
    let again = county.post(&first, &good).await;
    again.problem(409, "survey-closed");
    let sums = format!("/api/v1/institutions/{}/survey", story.admission);
    let seen = county.get(&sums).await.good();
    assert_eq!(
        (&seen["responses"], &seen["flagged"]),
        (&json!(12), &json!(0))
    );

    // After closing nobody's answer tells whose it is, and yet a third party can call.
    story.server.days_pass(31);
    let closed = api::surveys::invite::close(&story.server.app)
        .await
        .expect("closed");
    assert_eq!(closed.separated, 12);
    let told = separated(&story).await;
    assert_eq!(told, (0, 12), "who answered is gone, who asked is kept");
    let assessors = Assessors::accredited(&story, 1).await;
    let who = &assessors.clients[0];
    drawn(&story, &assessors).await;
    let calls = who.get("/api/v1/survey-calls").await;
    let rows = calls.good();
    assert_eq!(rows.as_array().map(Vec::len), Some(10));
    assert!(
        text(&rows[0]["name"]).contains('*') && !calls.text().contains("items"),
        "{rows}"
    );
    called(&story, who, &rows).await;
    audited(&story).await;
    in_evidence(&story).await;
}

/// How many answers still know their enrolment, and of how many it is kept who took them.
async fn separated(story: &Story) -> (usize, usize) {
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let count = |column: &str| {
        cells
            .iter()
            .filter(|cell| cell.table == "survey_response" && cell.column == column)
            .filter(|cell| !cell.bytes.is_empty())
            .count()
    };
    (count("enrolment_id"), count("taken_by"))
}

/// A round is drawn for somebody without an interest, by the province.
async fn drawn(story: &Story, assessors: &Assessors) {
    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let request = json!({ "assessor": assessors.ids[0] });
    for (who, status, code) in [
        ("county-1", 403, "forbidden"),
        ("other-province", 404, "not-found"),
    ] {
        story
            .who(who)
            .post(&path, &request)
            .await
            .problem(status, code);
    }
    let province = story.who("province-1");
    let (_, account) = assessor(story, "assessor-inside").await;
    let inside = accreditation(story, &account, ("浙江虚构职业培训学校", CREDIT_CODE));
    let inside = province.post("/api/v1/assessors", &inside).await.good();
    let own = json!({ "assessor": inside["id"] });
    province
        .post(&path, &own)
        .await
        .problem(409, "conflict-of-interest");
    let nobody = json!({ "assessor": "01980000-0000-7000-8000-000000000001" });
    assert_eq!(
        province.post(&path, &nobody).await.faults()[0].1,
        "not-accredited"
    );
    let round = province.post(&path, &request).await.good();
    assert_eq!((&round["web"], &round["taken"]), (&json!(0), &json!(10)));
}

/// Ten calls: three say otherwise, one is not reached, the others stand by their answer.
async fn called(story: &Story, who: &Client, rows: &Value) {
    let call = |place: usize, what: &str| {
        format!("/api/v1/survey-calls/{}/{what}", text(&rows[place]["id"]))
    };
    let words = json!({ "words": "满意度电话回访" });
    let contact = who.post(&call(0, "contact"), &words).await.good();
    assert!(text(&contact["name"]).starts_with("虚构样"));
    assert_eq!(contact["phone"], Value::Null, "not without consent");
    let silent = who
        .post(&call(0, "outcome"), &json!({ "reached": true }))
        .await;
    let pointers: Vec<String> = silent.faults().into_iter().map(|(at, _)| at).collect();
    assert_eq!(pointers, ["/answered", "/overall"]);
    let due = ("survey_suspend".to_owned(), "due".to_owned());
    story.server.days_pass(1);
    for place in 0..10 {
        let (said, outcome) = match place {
            0 | 1 => (
                json!({ "reached": true, "answered": true, "overall": 1 }),
                "contradicted",
            ),
            2 => (
                json!({ "reached": true, "answered": false, "overall": 4 }),
                "contradicted",
            ),
            3 => (json!({ "reached": false }), "not_reached"),
            _ => (
                json!({ "reached": true, "answered": true, "overall": 5 }),
                "confirmed",
            ),
        };
        let done = who.post(&call(place, "outcome"), &said).await.good();
        assert_eq!(done["outcome"], outcome);
        who.post(&call(place, "outcome"), &said)
            .await
            .problem(404, "not-found");
    }
    who.post(&call(0, "contact"), &words)
        .await
        .problem(404, "not-found");
    // A quarter is flagged: the province is told, and suspends; the registry does not.
    story.server.days_pass(11);
    let province = story.who("province-1");
    assert!(alarms(story, province).await.contains(&due));
    let path = format!("/api/v1/institutions/{}/survey-suspension", story.admission);
    let reason = json!({ "reason": "回访不符的比例过高,暂停采用并核查。" });
    province.post(&path, &reason).await.good();
    assert!(!alarms(story, province).await.contains(&due));
}

/// The audit sees how flagged answers came, and says of each whether it counts.
async fn audited(story: &Story) {
    let province = story.who("province-1");
    let path = format!("/api/v1/institutions/{}/survey-flags", story.admission);
    let shown = province.get(&path).await;
    let flagged = shown.good();
    assert_eq!(flagged.as_array().map(Vec::len), Some(3));
    assert_eq!(flagged[0]["flags"], json!(["contradicted"]));
    assert!(!shown.text().contains("items"));
    let settle = |place: usize| format!("{path}/{}", text(&flagged[place]["id"]));
    let reason = "核查录音,学员当时误解了问题。";
    let counts = json!({ "counts": true, "reason": reason });
    story
        .who("county-1")
        .post(&settle(0), &counts)
        .await
        .problem(403, "forbidden");
    assert_eq!(
        province.post(&settle(0), &counts).await.good()["state"],
        "counted"
    );
    province
        .post(&settle(0), &counts)
        .await
        .problem(409, "transition-refused");
    let out = json!({ "counts": false, "reason": "学员没有填过问卷。" });
    assert_eq!(
        province.post(&settle(1), &out).await.good()["state"],
        "excluded"
    );
    let left = province.get(&path).await.good();
    assert_eq!(left.as_array().map(Vec::len), Some(1));
}

/// The freeze knows how each was answered and by whom; the excluded and the flagged do not count.
async fn in_evidence(story: &Story) {
    let run = frozen(story, "quarterly").await;
    let evidence = file_of(story, &run, "evidence").await;
    let surveys = evidence["surveys"].as_array().expect("a table");
    let count =
        |field: &str, value: Value| surveys.iter().filter(|one| one[field] == value).count();
    assert_eq!(surveys.len(), 12);
    assert_eq!(count("by", json!("proxy")), 4);
    assert_eq!(count("mode", json!("paper")), 4);
    assert_eq!(count("flagged", json!(true)), 2);
}
