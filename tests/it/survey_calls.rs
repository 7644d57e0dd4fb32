//! Surveys for those without a telephone of their own, and how they are checked: answers that the county took, calls by a
//! third party that does not see them, flags that suspend, audits (field.md 15, grading.md 5).

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{CREDIT_CODE, PASSWORD};
use tests::{Browser, Client, Database, Story, on_both};

use crate::assessments::{Assessors, accreditation, alarms, assessor};
use crate::evidence::{file_of, frozen};
use crate::grades::class;

on_both! {
    answers_that_the_county_took_are_called_about_and_flagged_without_being_shown;
    a_county_takes_answers_and_an_assessor_calls_on_pages;
    a_wave_that_closed_owes_its_draw_until_somebody_draws;
    calls_that_nobody_made_are_drawn_again;
    an_answer_of_the_day_of_a_draw_owes_one;
    an_institution_sees_sums_that_no_single_answer_moves;
    a_province_audits_a_survey_on_pages;
}

const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

/// A class whose survey was sent; answers its id and its enrolments.
async fn asked(story: &Story, count: u32) -> (String, Vec<String>) {
    asked_from(story, 401, count).await
}

/// The same of trainees from this one on.
async fn asked_from(story: &Story, first: u32, count: u32) -> (String, Vec<String>) {
    let (cohort, members) = class(story, first, count).await;
    let send = format!("/api/v1/cohorts/{cohort}/survey");
    let sent = story.who("county-1").post(&send, &json!({})).await.good();
    assert_eq!(sent["invited"], count);
    let ids = members.iter().map(|one| text(&one["id"])).collect();
    (cohort, ids)
}

fn answer(mode: &str, by: &str, overall: u8) -> Value {
    json!({ "mode": mode, "by": by, "items": [4, 4, null, 4, overall] })
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

async fn a_county_takes_answers_and_an_assessor_calls_on_pages(database: Database) {
    let story = Story::ready(database).await;
    let (elsewhere, _) = class(&story, 431, 1).await;
    let (cohort, members) = asked(&story, 3).await;
    let assessors = Assessors::accredited(&story, 1).await;
    let mut county = Browser::new(&story.server);
    county.sign_in("county-1", PASSWORD).await;
    let page = format!("/admin/surveys/{cohort}");
    let html = county.open("/admin/surveys").await.text();
    assert!(html.contains(&page) && !html.contains("<script"), "{html}");
    let html = county.open(&page).await.text();
    assert!(
        html.contains("待答复人数 3") && !html.contains("虚构样"),
        "{html}"
    );
    let answers = format!("{page}/answers");
    // A page acts on nobody but those of its class.
    for (what, typed) in [
        ("answers", [("mode", "interview"), ("by", "proxy")]),
        ("contacts", [("phone", "13900000001"), ("means", "visit")]),
    ] {
        let path = format!("/admin/surveys/{elsewhere}/{what}");
        let own = [("key", what), ("enrolment", members[0].as_str())];
        let sent = county.send(&path, &OWN, &[own, typed].concat()).await;
        assert_eq!(sent.status, 404, "{what}: {}", sent.text());
    }
    for (place, enrolment) in members.iter().enumerate() {
        let key = format!("taken-{place}");
        let typed = [
            ("key", key.as_str()),
            ("enrolment", enrolment.as_str()),
            ("mode", "interview"),
            ("by", "proxy"),
            ("a1", "5"),
            ("a2", "4"),
            ("a5", "5"),
        ];
        let taken = county.send(&answers, &OWN, &typed).await;
        assert_eq!(taken.status, 303, "{}", taken.text());
    }
    assert!(county.open(&page).await.text().contains("没有待答复的学员"));

    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let request = json!({ "assessor": assessors.ids[0] });
    story.who("province-1").post(&path, &request).await.good();
    let mut caller = Browser::new(&story.server);
    caller.sign_in("assessor-0", PASSWORD).await;
    let html = caller.open("/assess/calls").await.text();
    let mark = "name=\"call\" value=\"";
    let (_, rest) = html.split_once(mark).expect("a call");
    let id = rest.split('"').next().expect("an id").to_owned();
    let ask = [("key", "call-1"), ("call", id.as_str()), ("act", "contact")];
    let shown = caller.send("/assess/calls", &OWN, &ask).await.text();
    assert!(
        shown.contains("虚构样") && shown.contains("没有"),
        "{shown}"
    );
    let said = [
        ("key", "call-2"),
        ("call", id.as_str()),
        ("act", "outcome"),
        ("answered", "yes"),
        ("overall", "2"),
    ];
    let done = caller.send("/assess/calls", &OWN, &said).await.text();
    assert!(done.contains("与答卷不符") && !done.contains(&id), "{done}");
    for who in ["school-1", "province-1"] {
        let mut other = Browser::new(&story.server);
        other.sign_in(who, PASSWORD).await;
        assert_eq!(other.open("/assess/calls").await.status, 403, "{who}");
    }
}

/// Who owes the draw of the calls, and until when.
async fn owes_draw(story: &Story) -> Option<(String, String)> {
    let path = format!("/api/v1/institutions/{}", story.admission);
    let told = story.who("province-1").get(&path).await.good();
    let terms = told["terms"].as_array()?;
    let one = terms.iter().find(|one| one["kind"] == "survey_draw")?;
    Some((text(&one["holder"]), text(&one["due_on"])))
}

async fn a_wave_that_closed_owes_its_draw_until_somebody_draws(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 12).await;
    let (county, province) = (story.who("county-1"), story.who("province-1"));
    for enrolment in &members[..11] {
        let path = format!("/api/v1/enrolments/{enrolment}/survey-answer");
        let taken = county.post(&path, &answer("paper", "self", 4)).await;
        taken.good();
    }
    let close = async || {
        api::surveys::invite::close(&story.server.app)
            .await
            .expect("closed");
    };
    close().await;
    assert_eq!(owes_draw(&story).await, None, "the wave is open");
    story.server.days_pass(31);
    close().await;
    let today = story.server.today();
    let due = story.server.app.calendar.add_working_days(today, 10);
    let owed = Some(("province_officer".to_owned(), due.to_string()));
    assert_eq!(owes_draw(&story).await, owed);
    story.server.days_pass(20);
    close().await;
    assert_eq!(owes_draw(&story).await, owed, "once");
    let overdue = ("survey_draw".to_owned(), "overdue".to_owned());
    for who in [province, story.who("national-1")] {
        assert!(alarms(&story, who).await.contains(&overdue));
    }
    assert!(!alarms(&story, county).await.contains(&overdue));

    // The draw ends it, and what stood in the urn is not drawn from again.
    let assessors = Assessors::accredited(&story, 1).await;
    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let request = json!({ "assessor": assessors.ids[0] });
    province.post(&path, &request).await.good();
    assert_eq!(owes_draw(&story).await, None);
    story.server.days_pass(1);
    close().await;
    assert_eq!(owes_draw(&story).await, None);
    assert!(!alarms(&story, province).await.contains(&overdue));

    // The next wave is owed again.
    let (_, more) = asked_from(&story, 501, 3).await;
    for enrolment in &more {
        let path = format!("/api/v1/enrolments/{enrolment}/survey-answer");
        let taken = county.post(&path, &answer("paper", "self", 4)).await;
        taken.good();
    }
    story.server.days_pass(31);
    close().await;
    assert!(owes_draw(&story).await.is_some());
}

async fn answered(story: &Story, members: &[String]) {
    for enrolment in members {
        let path = format!("/api/v1/enrolments/{enrolment}/survey-answer");
        let county = story.who("county-1");
        let taken = county.post(&path, &answer("paper", "self", 4)).await;
        taken.good();
    }
}

async fn close(story: &Story) {
    api::surveys::invite::close(&story.server.app)
        .await
        .expect("closed");
}

async fn calls_that_nobody_made_are_drawn_again(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 3).await;
    answered(&story, &members).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let drawn = async |assessor: usize| {
        let request = json!({ "assessor": assessors.ids[assessor] });
        province.post(&path, &request).await.good()
    };
    assert_eq!(drawn(0).await["taken"], 3);
    let calls = assessors.clients[0]
        .get("/api/v1/survey-calls")
        .await
        .good();
    let made = format!("/api/v1/survey-calls/{}/outcome", text(&calls[0]["id"]));
    let said = json!({ "reached": true, "answered": true, "overall": 4 });
    assessors.clients[0].post(&made, &said).await.good();
    story.server.days_pass(30);
    close(&story).await;
    assert_eq!(owes_draw(&story).await, None, "the last day has not passed");
    story.server.days_pass(1);
    close(&story).await;
    let owed = owes_draw(&story).await;
    assert!(owed.is_some(), "two calls were not made");
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let kept = |one: &&store::dump::Cell| {
        (one.table.as_str(), one.column.as_str()) == ("survey_call_lapsed", "assessor_id")
    };
    assert_eq!(cells.iter().filter(kept).count(), 2, "by whom is kept");
    close(&story).await;
    assert_eq!(owes_draw(&story).await, owed, "once");
    assert_eq!(drawn(1).await["taken"], 2, "the call that was made stands");
    assert_eq!(owes_draw(&story).await, None);
}

async fn an_answer_of_the_day_of_a_draw_owes_one(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 3).await;
    answered(&story, &members[..2]).await;
    let assessors = Assessors::accredited(&story, 1).await;
    let path = format!("/api/v1/institutions/{}/survey-calls", story.admission);
    let request = json!({ "assessor": assessors.ids[0] });
    let province = story.who("province-1");
    province.post(&path, &request).await.good();
    let caller = &assessors.clients[0];
    let calls = caller.get("/api/v1/survey-calls").await.good();
    for call in calls.as_array().into_iter().flatten() {
        let made = format!("/api/v1/survey-calls/{}/outcome", text(&call["id"]));
        let said = json!({ "reached": true, "answered": true, "overall": 4 });
        caller.post(&made, &said).await.good();
    }
    // Given after the draw, on its day: it stood in no urn.
    answered(&story, &members[2..]).await;
    close(&story).await;
    assert_eq!(owes_draw(&story).await, None, "the wave is open");
    story.server.days_pass(31);
    close(&story).await;
    assert!(owes_draw(&story).await.is_some());
    assert_eq!(province.post(&path, &request).await.good()["taken"], 1);
}

async fn an_institution_sees_sums_that_no_single_answer_moves(database: Database) {
    let story = Story::ready(database).await;
    let path = format!("/api/v1/institutions/{}/survey", story.admission);
    let seen = async |who: &str| story.who(who).get(&path).await.good();
    let wave = async |first: u32, count: u32| {
        let (_, members) = asked_from(&story, first, count).await;
        answered(&story, &members).await;
    };
    let over = async || {
        story.server.days_pass(31);
        close(&story).await;
    };
    wave(401, 5).await;
    close(&story).await;
    assert_eq!(seen("school-1").await["counted"], Value::Null, "it is open");
    assert_eq!(seen("county-1").await["counted"], 5);
    over().await;
    let first = seen("school-1").await;
    assert_eq!(
        (&first["counted"], &first["responses"]),
        (&json!(5), &Value::Null)
    );
    wave(501, 4).await;
    over().await;
    assert_eq!(seen("school-1").await, first, "four more tell nothing");
    assert_eq!(seen("county-1").await["counted"], 9);
    wave(601, 1).await;
    assert_eq!(seen("school-1").await, first);
    over().await;
    assert_eq!(seen("school-1").await["counted"], 10);
}

async fn a_province_audits_a_survey_on_pages(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = asked(&story, 3).await;
    answered(&story, &members).await;
    let assessors = Assessors::accredited(&story, 1).await;
    story.server.days_pass(31);
    close(&story).await;
    let page = format!("/admin/survey-audits/{}", story.admission);
    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    let list = province.open("/admin/surveys").await.text();
    assert!(
        list.contains(&page) && list.contains("抽取电话复核"),
        "{list}"
    );
    let html = province.open(&page).await.text();
    assert!(
        html.contains(&assessors.ids[0]) && !html.contains("<script"),
        "{html}"
    );
    let none = [("key", "draw-0"), ("act", "draw"), ("assessor", "")];
    assert_eq!(province.send(&page, &OWN, &none).await.status, 422);
    let draw = [
        ("key", "draw-1"),
        ("act", "draw"),
        ("assessor", assessors.ids[0].as_str()),
    ];
    let drawn = province.send(&page, &OWN, &draw).await;
    assert_eq!(drawn.status, 303, "{}", drawn.text());
    assert_eq!(owes_draw(&story).await, None);

    // Three of three are contradicted: suspended, settled one by one, taken back.
    let calls = assessors.clients[0]
        .get("/api/v1/survey-calls")
        .await
        .good();
    for call in calls.as_array().expect("calls") {
        let path = format!("/api/v1/survey-calls/{}/outcome", text(&call["id"]));
        let said = json!({ "reached": true, "answered": false, "overall": 1 });
        assessors.clients[0].post(&path, &said).await.good();
    }
    let list = province.open("/admin/surveys").await.text();
    assert!(
        list.contains("暂停采用并核查") && list.contains("待核查答卷 3"),
        "{list}"
    );
    let html = province.open(&page).await.text();
    let mark = "name=\"response\" value=\"";
    let flagged: Vec<&str> = html
        .split(mark)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(flagged.len(), 3);
    assert!(html.contains("电话回访与答卷不符"), "{html}");
    let acts = [
        vec![
            ("key", "suspend-1"),
            ("act", "suspend"),
            ("reason", "回访不符,暂停采用并核查。"),
        ],
        vec![
            ("key", "settle-1"),
            ("act", "settle"),
            ("response", flagged[0]),
            ("counts", "no"),
            ("reason", "学员没有填过问卷。"),
        ],
        vec![
            ("key", "settle-2"),
            ("act", "settle"),
            ("response", flagged[1]),
            ("counts", "yes"),
            ("reason", "学员误解了问题。"),
        ],
    ];
    for act in acts {
        let done = province.send(&page, &OWN, &act).await;
        assert_eq!(done.status, 303, "{act:?}: {}", done.text());
    }
    let html = province.open(&page).await.text();
    assert!(html.contains("满意度已暂停采用"), "{html}");
    assert_eq!(html.matches(mark).count(), 1);
    let done = province
        .send(&page, &OWN, &[("key", "resume-1"), ("act", "resume")])
        .await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(
        !province
            .open(&page)
            .await
            .text()
            .contains("满意度已暂停采用")
    );
    let odd = [
        ("key", "odd-1"),
        ("act", "settle"),
        ("response", flagged[2]),
        ("counts", "maybe"),
    ];
    assert_eq!(province.send(&page, &OWN, &odd).await.status, 400);
    let mut other = Browser::new(&story.server);
    other.sign_in("other-province", PASSWORD).await;
    assert_eq!(other.open(&page).await.status, 404);
}
