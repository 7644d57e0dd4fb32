//! Evidence of work: registers, what wants a look, and what is counted between runs.

mod bursts;
mod conflicts;
mod counted;
mod leavers;
mod monitoring;
mod registers;
mod related;
mod surveys;
mod terms;

use chrono::NaiveDate;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Story, rosters};

/// Credit code of an invented institution, which stands for an employer here.
pub(crate) fn employer(at: usize) -> String {
    let path = tests::root().join("seed-data/demo/country.json");
    let country = std::fs::read_to_string(path).expect("a file");
    let country: Value = serde_json::from_str(&country).expect("JSON");
    text(&country["institutions"][at]["credit_code"])
}

/// A roster of so many people of this household, with cards and telephones.
pub(crate) fn roster(first: u32, count: u32, household: &str) -> Vec<u8> {
    rosters::with_cards(first, count, household, &["43"])
}

/// A class of the people of a roster, taught and accepted; answers the enrolments in the order of the roster.
pub(crate) async fn taught(story: &Story, roster: Vec<u8>) -> Vec<String> {
    let numbers: Vec<String> = String::from_utf8(roster.clone())
        .expect("text")
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).expect("a number").to_owned())
        .collect();
    let cohort = story.enrolling().await;
    story.import(&cohort, roster).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let members = story.enrolments(&cohort).await;
    let of_class: Vec<String> = members.iter().map(|one| text(&one["id"])).collect();
    // Lists are in the order of ids, which tells nothing, and names are masked.
    let store = &story.server.app.store;
    let all: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let people = store::persons::by_citizen_ids(store.reader(), store.vault(), &all)
        .await
        .expect("people");
    let ids: Vec<_> = people.values().copied().collect();
    let known = store::registers::prior(store.reader(), &ids)
        .await
        .expect("asked");
    let enrolment = |number: &String| {
        let person = people[&store::persons::citizen_index(store.vault(), number)];
        let places = known[&person].places.iter();
        let mut own = places.map(|place| place.enrolment.to_string());
        own.find(|id| of_class.contains(id)).expect("an enrolment")
    };
    numbers.iter().map(enrolment).collect()
}

/// Uploads a snapshot of social insurance.
pub(crate) async fn imported(
    story: &Story,
    who: &str,
    as_of: NaiveDate,
    rows: &[String],
) -> Answer {
    let path = format!("/api/v1/register-snapshots?source=social_insurance&as_of={as_of}");
    let head = "公民身份号码,统一社会信用代码,起始日期,截止日期";
    let file = format!("{head}\n{}\n", rows.join("\n"));
    story.who(who).upload(&path, file.into_bytes()).await
}

/// A row of such a snapshot.
pub(crate) fn row(
    number: u32,
    employer: &str,
    start: NaiveDate,
    last: Option<NaiveDate>,
) -> String {
    let last = last.map(|day| day.to_string()).unwrap_or_default();
    format!("{},{employer},{start},{last}", rosters::citizen_id(number))
}

/// What stands of a trainee's work.
pub(crate) async fn episodes(story: &Story, who: &str, enrolment: &str) -> Vec<Value> {
    let path = format!("/api/v1/enrolments/{enrolment}/episodes");
    let seen = story.who(who).get(&path).await.good();
    seen.as_array().cloned().expect("a list")
}

/// Claims work that began so many days ago.
pub(crate) async fn claim(
    story: &Story,
    who: &str,
    enrolment: &str,
    employer: &str,
    days_ago: u64,
    more: Value,
) -> Answer {
    let start = story.server.today() - chrono::Days::new(days_ago);
    let mut request = json!({ "employer": employer, "work_type": "contract", "start_on": start, "source": "institution" });
    for (field, value) in more.as_object().into_iter().flatten() {
        request[field] = value.clone();
    }
    let path = format!("/api/v1/enrolments/{enrolment}/episodes");
    story.who(who).post(&path, &request).await
}

/// The county hears from these trainees where they are reached.
pub(crate) async fn contacts(story: &Story, enrolments: &[String]) {
    for (at, enrolment) in enrolments.iter().enumerate() {
        let request = json!({ "phone": format!("137{at:08}"), "means": "counter" });
        let path = format!("/api/v1/enrolments/{enrolment}/verified-contact");
        story.who("county-1").post(&path, &request).await.good();
    }
}

/// Freezes what is known at the next end of a period; answers the run.
pub(crate) async fn frozen(story: &Story, kind: &str) -> String {
    let freeze_on = match kind {
        "annual" => story.server.annual_freeze(),
        _ => story.server.quarter_end(),
    };
    let request = json!({ "kind": kind, "freeze_on": freeze_on });
    let national = story.who("national-1");
    let run = national.post("/api/v1/grading-freezes", &request).await;
    text(&run.good()["run"])
}

/// A file of a run (`evidence`, `results`), as the auditor reads it.
pub(crate) async fn file_of(story: &Story, run: &str, name: &str) -> Value {
    let path = format!("/api/v1/grading-runs/{run}/{name}.json");
    story.who("auditor").get(&path).await.good()
}

/// Kinds of the open conflicts that somebody sees, sorted, each with its enrolment.
pub(crate) async fn conflicts(story: &Story, who: &str) -> Vec<(String, String)> {
    let seen = story
        .who(who)
        .get("/api/v1/evidence-conflicts")
        .await
        .good();
    let mut found: Vec<_> = seen
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (text(&one["kind"]), text(&one["enrolment"])))
        .collect();
    found.sort();
    found
}
