//! A class at a second site of its school, in another county of the province: certificates, alarms and documents belong to
//! the county of the class, and not to that of the main site (trust.md AZ-2, field.md 3 and 10).

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Client, Database, Story, on_both};

use crate::evidence::{claim, employer, roster};
use crate::personal_data::picture;

on_both! {
    certificates_lie_with_the_county_of_the_class;
    alarms_of_a_class_reach_the_county_that_can_act;
    a_document_is_opened_by_the_county_that_verifies_what_it_proves;
    an_account_that_changes_posts_leaves_its_documents_behind;
}

/// The county of the second site; that of the main one is `county-1`.
const THERE: &str = "330108";

/// A class at the second site, taught and accepted there; answers it with its enrolments.
async fn taught_there(story: &mut Story) -> (String, Vec<String>) {
    story
        .add_officer("other-county-2", "county_officer", THERE)
        .await;
    let school = story.who("school-1");
    let site =
        json!({ "name": "滨江教学点", "region": THERE, "address": "虚构路2号", "provisions": [] });
    let site = school.post("/api/v1/sites", &site).await.good();
    let request =
        json!({ "institution": story.admission, "program": story.program, "site": site["id"] });
    let offer = school.post("/api/v1/offers", &request).await.good();
    let offer = text(&offer["id"]);
    for (who, act) in [("province-1", "approve"), ("school-1", "open")] {
        let resource = format!("/api/v1/offers/{offer}");
        let request = json!({ "act": act });
        story.who(who).act(&resource, "acts", &request).await.good();
    }
    story.offer = offer;
    let cohort = story.open_cohort(7).await;
    story.cohort_act("school-1", &cohort, "announce").await;
    story.cohort_act("other-county", &cohort, "confirm").await;
    story
        .cohort_act("school-1", &cohort, "open_enrolment")
        .await;
    story.import(&cohort, roster(901, 2, THERE)).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    let proposed = story.cohort_act("other-county", &cohort, "accept").await;
    story.approve("other-county-2", &proposed).await;
    let members = story.enrolments(&cohort).await;
    let members = members.iter().map(|one| text(&one["id"])).collect();
    (cohort, members)
}

/// Numbers of the certificates that somebody lists, sorted.
async fn listed(story: &Story, who: &str) -> Vec<String> {
    let path = "/api/v1/certificates?limit=100";
    let page = story.who(who).get(path).await.good();
    let items = page["items"].as_array().expect("a list").iter();
    let mut numbers: Vec<String> = items.map(|one| text(&one["certificate_no"])).collect();
    numbers.sort();
    numbers
}

/// Numbers of what was issued, sorted.
fn numbers(issued: &Value) -> Vec<String> {
    let all = issued["certificates"].as_array().expect("a list").iter();
    let mut numbers: Vec<String> = all.map(|one| text(&one["certificate_no"])).collect();
    numbers.sort();
    numbers
}

async fn certificates_lie_with_the_county_of_the_class(database: Database) {
    let mut story = Story::ready(database).await;
    let main = story.accepted(1).await;
    let main = numbers(&story.issue(&main).await);
    let (cohort, _) = taught_there(&mut story).await;
    let there = numbers(&story.issue(&cohort).await);
    assert_eq!(listed(&story, "county-1").await, main);
    assert_eq!(listed(&story, "other-county").await, there);
    assert_eq!(listed(&story, "school-1").await.len(), 3);
    assert_eq!(listed(&story, "province-1").await.len(), 3);
    assert!(listed(&story, "other-province").await.is_empty());

    let page = story.who("other-county").get("/api/v1/certificates").await;
    let one = page.good()["items"][0].clone();
    let id = text(&one["id"]);
    let number = json!({ "certificate": one["certificate_no"] });
    for path in [
        format!("/api/v1/certificates/{id}"),
        format!("/api/v1/certificates/{id}/timeline"),
        format!("/api/v1/certificates/{}/qr.txt", text(&one["public_id"])),
    ] {
        assert_eq!(story.who("other-county").get(&path).await.status, 200);
        let elsewhere = story.who("county-1").get(&path).await;
        elsewhere.problem(404, "not-found");
    }
    let path = "/api/v1/telephone-checks";
    let there = story.who("other-county").post(path, &number).await.good();
    assert_eq!(there["state"], "valid", "{there}");
    let elsewhere = story.who("county-1").post(path, &number).await;
    elsewhere.problem(404, "not-found");
}

/// What somebody is told to be over.
async fn overdue(story: &Story, who: &str) -> Vec<String> {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("looked at");
    let seen = story.who(who).get("/api/v1/alarms").await.good();
    let rows = seen.as_array().expect("a list").iter();
    rows.filter(|one| one["kind"] == "overdue")
        .map(|one| text(&one["act"]))
        .collect()
}

async fn alarms_of_a_class_reach_the_county_that_can_act(database: Database) {
    let mut story = Story::ready(database).await;
    story
        .add_officer("prefecture-1", "prefecture_officer", "330100")
        .await;
    let (_, members) = taught_there(&mut story).await;
    story.server.days_pass(10);
    claim(&story, "school-1", &members[0], &employer(3), 3, json!({}))
        .await
        .good();
    story.server.days_pass(60);
    let there = overdue(&story, "other-county").await;
    let above = overdue(&story, "prefecture-1").await;
    let main = overdue(&story, "county-1").await;
    for act in ["survey_send", "episode_verify", "follow_up"] {
        assert!(there.iter().any(|one| one == act), "{act}: {there:?}");
        assert!(above.iter().any(|one| one == act), "{act}: {above:?}");
        assert!(!main.iter().any(|one| one == act), "{act}: {main:?}");
    }
}

/// A document of the school that is kept.
async fn kept(by: &Client) -> String {
    text(&by.upload("/api/v1/files", picture()).await.good()["id"])
}

async fn a_document_is_opened_by_the_county_that_verifies_what_it_proves(database: Database) {
    let mut story = Story::ready(database).await;
    let (_, members) = taught_there(&mut story).await;
    story.server.days_pass(10);
    let file = kept(story.who("school-1")).await;
    let more = json!({ "source": "photo", "file": file });
    let claimed = claim(&story, "school-1", &members[0], &employer(3), 3, more).await;
    let episode = text(&claimed.good()["id"]);
    let path = format!("/api/v1/files/{file}");
    for (who, status) in [
        ("other-county", 200),
        ("province-1", 200),
        ("school-1", 200),
        ("county-1", 404),
        ("other-province", 404),
        ("other-school", 404),
    ] {
        assert_eq!(story.who(who).get(&path).await.status, status, "{who}");
    }

    // Whoever may open it is told which it is.
    let resource = format!("/api/v1/episodes/{episode}");
    let document = json!([{ "source": "photo", "file_id": file, "media_type": "image/png" }]);
    for who in ["other-county", "school-1"] {
        let seen = story.who(who).get(&resource).await.good();
        assert_eq!(seen["documents"], document, "{who}: {seen}");
        let list = format!("/api/v1/enrolments/{}/episodes", members[0]);
        let seen = story.who(who).get(&list).await.good();
        assert_eq!(seen[0]["documents"], document, "{who}: {seen}");
    }
    let seen = story.who("auditor").get(&resource).await.good();
    assert_eq!(seen["documents"], json!([]), "who opens no files: {seen}");

    // The page leads to it, and to open it there is a read as well.
    let reads = async || {
        let reader = story.server.app.store.reader();
        let reads = store::audit::outcomes(reader, "read_file").await;
        reads.expect("asked").len()
    };
    let before = reads().await;
    let mut desk = Browser::new(&story.server);
    desk.sign_in("other-county", PASSWORD).await;
    let page = desk.open(&format!("/admin/episodes/{episode}")).await;
    let link = format!("href=\"/desk/files/{file}\">打开文件");
    assert!(page.text().contains(&link), "{}", page.text());
    let page = desk.open(&format!("/en/admin/episodes/{episode}")).await;
    let link = format!("href=\"/en/desk/files/{file}\">Open the document");
    assert!(page.text().contains(&link), "{}", page.text());
    let opened = desk.open(&format!("/desk/files/{file}")).await;
    assert_eq!(opened.status, 200);
    assert_eq!(opened.header("content-type"), "image/png");
    assert!(
        opened
            .header("content-disposition")
            .starts_with("attachment")
    );
    assert_eq!(reads().await, before + 1);
    let mut elsewhere = Browser::new(&story.server);
    elsewhere.sign_in("county-1", PASSWORD).await;
    let refused = elsewhere.open(&format!("/desk/files/{file}")).await;
    assert_eq!(refused.status, 404);
}

async fn an_account_that_changes_posts_leaves_its_documents_behind(database: Database) {
    let mut story = Story::ready(database).await;
    let (_, members) = taught_there(&mut story).await;
    story.server.days_pass(10);
    let file = kept(story.who("county-1")).await;
    let path = format!("/api/v1/files/{file}");
    let me = story.who("county-1").get("/api/v1/self").await.good();
    let request = json!({ "role": "county_officer", "federation": THERE });
    let post = format!("/api/v1/accounts/{}/post", text(&me["account"]));
    let national = story.who("national-1");
    national.post(&post, &request).await.good();
    let moved = Client::of(&story.server, "county-1", PASSWORD);
    moved.get(&path).await.problem(404, "not-found");
    assert_eq!(story.who("county-2").get(&path).await.status, 200);
    // Nor does it prove anything at the new post; what is uploaded there does.
    let start = story.server.today() - chrono::Days::new(3);
    let mut request = json!({
        "employer": employer(3), "work_type": "contract", "start_on": start, "source": "labour_contract", "file": file,
    });
    let claims = format!("/api/v1/enrolments/{}/episodes", members[0]);
    let refused = moved.post(&claims, &request).await;
    let unknown = ("/file".to_owned(), "unknown-file".to_owned());
    assert_eq!(refused.faults(), [unknown]);
    request["file"] = kept(&moved).await.into();
    moved.post(&claims, &request).await.good();
}
