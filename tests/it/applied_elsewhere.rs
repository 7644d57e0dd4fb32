//! A school that is admitted in one province and asks another one for admission: until it is admitted there, its people, its
//! files and what they did are none of that province's business (trust.md AZ-2, field.md 3).

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{CREDIT_CODE, OTHER_PROVINCE, PASSWORD, PROVINCE, SECOND_COUNTY, application};
use tests::{Database, Story, on_both};

use crate::personal_data::picture;

on_both! {
    an_application_gives_no_province_the_people_and_files_of_a_school_of_standing_elsewhere;
    whoever_is_asked_first_looks_after_the_school;
}

/// The school of an operator asks the second county's province for admission; answers where the record is.
pub(crate) async fn applies(story: &Story, operator: &str, code: &str) -> String {
    let mut request = application(code);
    request["site_region"] = SECOND_COUNTY.into();
    let school = story.who(operator);
    let applied = school.post("/api/v1/institutions", &request).await.good();
    let site = json!({ "name": "历下教学点", "region": SECOND_COUNTY, "address": "虚构路2号", "provisions": [] });
    school.post("/api/v1/sites", &site).await.good();
    format!("/api/v1/institutions/{}", text(&applied["id"]))
}

async fn refused(story: &Story, resource: &str) {
    for (who, act, state) in [
        ("second-county-1", "T04", "under_review"),
        ("other-province", "T05", "rejected"),
    ] {
        let request = json!({ "transition": act, "reason": "教师不符合条件。" });
        let done = story.who(who).act(resource, "transitions", &request).await;
        assert_eq!(done.good()["state"], state);
    }
}

/// The administrators of both provinces and an officer of the second county.
async fn staffed(story: &mut Story) {
    for (name, role, federation) in [
        ("admin-33", "account_admin", PROVINCE),
        ("admin-37", "account_admin", OTHER_PROVINCE),
        ("second-county-1", "county_officer", SECOND_COUNTY),
    ] {
        story.add_officer(name, role, federation).await;
    }
}

async fn account(story: &Story, name: &str) -> String {
    let me = story.who(name).get("/api/v1/self").await.good();
    text(&me["account"])
}

/// Whether an administrator lists an account; what they may do to it is tried as well, and agrees.
async fn administers(story: &Story, who: &str, (name, id): (&str, &str)) -> bool {
    let admin = story.who(who);
    let path = format!("/api/v1/accounts?q={name}");
    let listed = admin.get(&path).await.good();
    let listed = listed["items"].as_array().expect("a list");
    let listed = listed.iter().any(|one| one["name"] == name);
    let path = format!("/api/v1/accounts/{id}/second-factor/remove");
    let found = admin.post(&path, &json!({})).await.status != 404;
    assert_eq!(listed, found, "{who}: {name}");
    listed
}

/// An administrator tries to make an operator of a school; answers the status.
async fn makes_operator(story: &Story, who: &str, name: &str, school: &Value) -> u16 {
    let request = json!({
        "name": name, "person_name": "虚构新人", "role": "institution_operator", "institution": school, "password": PASSWORD,
    });
    let made = story.who(who).post("/api/v1/accounts", &request).await;
    made.status.as_u16()
}

async fn an_application_gives_no_province_the_people_and_files_of_a_school_of_standing_elsewhere(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    staffed(&mut story).await;
    let kept = story.who("school-2").upload("/api/v1/files", picture());
    let file = format!("/api/v1/files/{}", text(&kept.await.good()["id"]));
    let id = account(&story, "school-2").await;
    let (audit, second) = (
        format!("/api/v1/audit?account={id}"),
        ("school-2", id.as_str()),
    );
    let school = json!(story.institution);
    let resource = applies(&story, "school-1", CREDIT_CODE).await;
    for round in 0..2 {
        assert!(administers(&story, "admin-33", second).await);
        assert!(!administers(&story, "admin-37", second).await);
        let name = format!("new-{round}");
        let made = makes_operator(&story, "admin-37", &name, &school).await;
        assert_eq!(made, 403);
        let made = makes_operator(&story, "admin-33", &name, &school).await;
        assert_eq!(made, 201);
        for (who, status) in [
            ("province-1", 200),
            ("county-1", 200),
            ("other-province", 404),
            ("second-county-1", 404),
        ] {
            assert_eq!(story.who(who).get(&file).await.status, status, "{who}");
        }
        for (who, seen) in [("province-auditor", true), ("other-auditor", false)] {
            let rows = story.who(who).get(&audit).await.good();
            let rows = rows["items"].as_array().expect("a list");
            assert_eq!(!rows.is_empty(), seen, "{who}: {rows:?}");
        }
        if round == 0 {
            refused(&story, &resource).await;
        }
    }
}

async fn whoever_is_asked_first_looks_after_the_school(database: Database) {
    let mut story = Story::ready(database).await;
    staffed(&mut story).await;
    let resource = applies(&story, "other-school", "52510703XX00000517").await;
    let id = account(&story, "other-school").await;
    let other = ("other-school", id.as_str());
    assert!(administers(&story, "admin-37", other).await);
    assert!(!administers(&story, "admin-33", other).await);
    // Refused it is still nobody else's.
    refused(&story, &resource).await;
    assert!(administers(&story, "admin-37", other).await);
    assert!(!administers(&story, "admin-33", other).await);
}
