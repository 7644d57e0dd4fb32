//! Trainees go on in a class of another institution when theirs leaves (grading.md 7, "On exit").

use chrono::Days;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{Elsewhere, HOURS, application};
use tests::{Answer, Database, Story, on_both, people};

use crate::cases::{HASH, by_two, codes, document, running, step};

on_both! {
    transferred_trainees_go_on_elsewhere_with_their_hours_and_nobody_has_failed;
    after_half_of_the_hours_the_receiving_institution_does_not_answer_for_completion;
    the_plan_of_an_exit_that_was_not_upheld_protects_no_class_that_went_on;
}

const NEIGHBOUR: &str = "52510703XX00000517";

/// A second school of the same county that offers the program.
pub(crate) async fn neighbour(story: &mut Story) -> Elsewhere {
    let mut form = application(NEIGHBOUR);
    form["name"] = "杭州虚构职业培训学校".into();
    let school = story.who("other-school");
    let applied = school.post("/api/v1/institutions", &form).await.good();
    let site = json!({ "name": "文三教学点", "region": "330106", "address": "虚构路3号", "provisions": [] });
    let site = school.post("/api/v1/sites", &site).await.good();
    let mut own = Elsewhere {
        admission: text(&applied["id"]),
        institution: text(&applied["institution"]),
        site: text(&site["id"]),
        offer: String::new(),
    };
    std::mem::swap(&mut story.admission, &mut own.admission);
    story.transition("county-1", "T04").await;
    story
        .transition_by_two("T06", "province-1", "province-2")
        .await;
    story.server.days_pass(9);
    story
        .transition_by_two("T08", "province-1", "province-2")
        .await;
    std::mem::swap(&mut story.admission, &mut own.admission);
    let request =
        json!({ "institution": own.admission, "program": story.program, "site": own.site });
    let offer = story
        .who("other-school")
        .post("/api/v1/offers", &request)
        .await;
    own.offer = text(&offer.good()["id"]);
    for (who, act) in [("province-1", "approve"), ("other-school", "open")] {
        let resource = format!("/api/v1/offers/{}", own.offer);
        let request = json!({ "act": act });
        story.who(who).act(&resource, "acts", &request).await.good();
    }
    own
}

/// A class of the neighbour that runs, with nobody in it yet but one trainee of its own.
async fn receiving(story: &Story, there: &Elsewhere, own: &people::Trainee) -> String {
    let start = story.server.today() + Days::new(7);
    let request = json!({
        "offer": there.offer, "name": "接收班", "start_on": start, "end_on": start + Days::new(14),
        "places": 10, "teachers": ["虚构邻校教师"],
    });
    let school = story.who("other-school");
    let cohort = school.post("/api/v1/cohorts", &request).await.good();
    let cohort = text(&cohort["cohort"]);
    for (who, act) in [
        ("other-school", "announce"),
        ("county-1", "confirm"),
        ("other-school", "open_enrolment"),
    ] {
        story.cohort_act(who, &cohort, act).await;
    }
    let path = format!("/api/v1/cohorts/{cohort}/rosters?import=all");
    let file = people::roster(std::slice::from_ref(own));
    school.upload(&path, file).await.good();
    let admit = format!("/api/v1/cohorts/{cohort}/admit");
    school.post(&admit, &json!({})).await.good();
    cohort
}

/// A class of the story's school that was taught so many hours, of which the trainees attended all.
async fn taught(story: &Story, people: &[people::Trainee], hours: u32) -> (String, Vec<String>) {
    let (cohort, members) = story.class_of(people).await;
    story.admit(&cohort).await;
    story.server.days_pass(7);
    story.cohort_act("school-1", &cohort, "start").await;
    let ids: Vec<String> = members.iter().map(|(id, _)| id.to_string()).collect();
    let items: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "enrolment": id, "minutes": hours * 60 }))
        .collect();
    let path = format!("/api/v1/cohorts/{cohort}/attendance");
    let body = json!({ "hours_taught": hours, "items": items });
    story.who("school-1").post(&path, &body).await.good();
    (cohort, ids)
}

async fn transfer(story: &Story, cohort: &str, to: &str) -> Answer {
    let act =
        json!({ "act": "transfer", "reason": "机构退出,转到邻近机构。", "receiving_cohort": to });
    let resource = format!("/api/v1/cohorts/{cohort}");
    story.who("county-1").act(&resource, "acts", &act).await
}

/// What the newest freeze says of these enrolments: whether they leave completion, by enrolments of the two classes.
async fn evidence(story: &Story) -> Value {
    let request = json!({ "kind": "annual", "freeze_on": story.server.annual_freeze() });
    let national = story.who("national-1");
    let run = national
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    let path = format!("/api/v1/grading-runs/{}/evidence.json", text(&run["run"]));
    story.who("auditor").get(&path).await.good()
}

fn flags(evidence: &Value, cohort: &str) -> Vec<(bool, bool)> {
    let rows = evidence["enrolments"].as_array().expect("a table");
    rows.iter()
        .filter(|one| one["cohort"] == cohort)
        .map(|one| {
            (
                one["transferred"] == json!(true),
                one["completed"] == json!(true),
            )
        })
        .collect()
}

async fn transferred_trainees_go_on_elsewhere_with_their_hours_and_nobody_has_failed(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    let there = neighbour(&mut story).await;
    let all = people::known();
    let to = receiving(&story, &there, &all[2]).await;
    let (from, ids) = taught(&story, &all[..2], HOURS / 4).await;
    // The own class receives nobody, and no act but a transfer names one.
    let refused = transfer(&story, &from, &from).await;
    assert_eq!(codes(&refused), ["not-receiving"]);
    story.cohort_act("other-school", &to, "start").await;
    transfer(&story, &from, &to).await.good();
    let former = story.enrolments(&from).await;
    assert!(former.iter().all(|one| one["state"] == "transferred"));
    let school = story.who("other-school");
    let path = format!("/api/v1/cohorts/{to}/enrolments?limit=100");
    let page = school.get(&path).await.good();
    let rows = page["items"].as_array().expect("rows").clone();
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter().all(|one| one["state"] == "enrolled"),
        "{rows:?}"
    );
    let known: Vec<String> = rows.iter().map(|one| text(&one["id"])).collect();
    assert!(ids.iter().all(|id| !known.contains(id)), "new enrolments");
    // What was attended before counts, and is not taken away.
    let of_own: Vec<&Value> = rows
        .iter()
        .filter(|one| one["minutes"].is_null() || one["minutes"] == 0)
        .collect();
    let own = text(&of_own.first().expect("the own trainee")["id"]);
    let items = |minutes: u32| -> Vec<Value> {
        known
            .iter()
            .map(|id| json!({ "enrolment": id, "minutes": minutes }))
            .collect()
    };
    let at = |what: &str| format!("/api/v1/cohorts/{to}/{what}");
    let few = json!({ "hours_taught": HOURS, "items": items(60) });
    let refused = school.post(&at("attendance"), &few).await;
    assert_eq!(codes(&refused), ["below-credited", "below-credited"]);
    let full = json!({ "hours_taught": HOURS, "items": items(HOURS * 60) });
    school.post(&at("attendance"), &full).await.good();
    assert!(known.contains(&own));

    let found = evidence(&story).await;
    assert_eq!(flags(&found, &from), [(true, false), (true, false)]);
    // Three quarters of the hours are there: the receiving institution answers for completion.
    assert_eq!(flags(&found, &to), [(false, false); 3]);
}

async fn after_half_of_the_hours_the_receiving_institution_does_not_answer_for_completion(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    let there = neighbour(&mut story).await;
    let all = people::known();
    let to = receiving(&story, &there, &all[2]).await;
    let (from, _) = taught(&story, &all[..2], HOURS * 3 / 4).await;
    story.cohort_act("other-school", &to, "start").await;
    transfer(&story, &from, &to).await.good();
    let found = evidence(&story).await;
    assert_eq!(flags(&found, &from), [(true, false), (true, false)]);
    let mut new = flags(&found, &to);
    new.sort_unstable();
    assert_eq!(new, [(false, false), (true, false), (true, false)]);
}

async fn the_plan_of_an_exit_that_was_not_upheld_protects_no_class_that_went_on(
    database: Database,
) {
    let story = Story::ready(database).await;
    let kept = running(&story, 700, 2).await;
    let gone = running(&story, 800, 2).await;
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "办学许可证已注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("注〔2026〕1号"), "hearing": "可申请听证。",
        "arrangements": [
            { "cohort": kept, "plan": "end_with_credit" }, { "cohort": gone, "plan": "end_with_credit" },
        ],
    });
    by_two(&story, exit).await;
    // One class is ended as planned while the notice runs. The other goes on, since the exit is not upheld.
    story.cohort_act("county-1", &gone, "terminate").await;
    let back = json!({ "transition": "T21", "reason": "许可证已补办。" });
    step(&story, story.who("province-2"), back).await.good();
    story.server.days_pass(2);
    // It ends later, for what the institution itself failed to do.
    story.cohort_act("county-1", &kept, "terminate").await;
    let found = evidence(&story).await;
    assert_eq!(flags(&found, &gone), [(true, false); 5]);
    assert_eq!(flags(&found, &kept), [(false, false); 5]);
}
