//! Who may disable the account of a trainee: the places of training and household (field.md 3), as enrolments of standing
//! tell them; what somebody merely applied for counts only while there is nothing else.

use domain::ids::{AccountId, EnrolmentId, PersonId};
use serde_json::json;
use tests::story::{COUNTY, SECOND_COUNTY};
use tests::{Database, Story, on_both, people, rosters};

on_both! {
    an_application_gives_no_county_the_account_of_somebody_of_standing_elsewhere;
}

/// A county of households, in which nobody is trained here.
const HOME: &str = "330108";

/// A class that takes trainees, with invented people of these numbers and households.
async fn class(
    story: &Story,
    applicants: &[(u32, &str)],
) -> (String, Vec<(EnrolmentId, PersonId)>) {
    let mut roster = "姓名,公民身份号码,户籍地,同意书\n".to_owned();
    for (number, household) in applicants {
        let name = rosters::chinese(*number);
        let id = rosters::citizen_id(*number);
        roster.push_str(&format!("虚构样{name},{id},{household},是 2026-03-01\n"));
    }
    let cohort = story.enrolling().await;
    story.import(&cohort, roster.into_bytes()).await;
    let members = people::of_class(story, &cohort).await;
    (cohort, members)
}

/// The account of a trainee, made as the county of a class prints a slip.
async fn account(
    story: &Story,
    cohort: &str,
    (enrolment, person): (EnrolmentId, PersonId),
) -> AccountId {
    let slip = format!("/api/v1/cohorts/{cohort}/enrolments/{enrolment}/sign-in-slip");
    story.who("county-1").post(&slip, &json!({})).await.good();
    let found = store::accounts::of_person(story.server.app.store.reader(), person).await;
    found.expect("read").expect("an account")
}

/// Which of the administrators of the counties of training, household and of the second school may disable an account; each
/// that may enables it again, and the others do not find it.
async fn disabled_by(story: &Story, account: AccountId) -> [bool; 3] {
    let at = |act: &str| format!("/api/v1/accounts/{account}/{act}");
    let reason = json!({ "reason": "返岗" });
    let mut may = [false; 3];
    for (one, who) in may
        .iter_mut()
        .zip(["admin-site", "admin-home", "admin-second"])
    {
        let admin = story.who(who);
        let disabled = admin.post(&at("disable"), &json!({})).await;
        *one = disabled.status == 200;
        let enabled = admin.post(&at("enable"), &reason).await;
        if *one {
            assert_eq!(enabled.good()["state"], "active", "{who}");
        } else {
            disabled.problem(404, "not-found");
            enabled.problem(404, "not-found");
        }
    }
    may
}

async fn an_application_gives_no_county_the_account_of_somebody_of_standing_elsewhere(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    for (name, federation) in [
        ("admin-site", COUNTY),
        ("admin-home", HOME),
        ("admin-second", SECOND_COUNTY),
    ] {
        story.add_officer(name, "account_admin", federation).await;
    }
    // One is trained in one county and has the household in another; while that is an application, it is all there is.
    let (first, members) = class(&story, &[(1, HOME)]).await;
    let known = account(&story, &first, members[0]).await;
    assert_eq!(disabled_by(&story, known).await, [true, true, false]);
    story.admit(&first).await;
    story.teach(&first).await;
    story.accept(&first).await;
    // The same person and a new one apply to the second school, in another province.
    story.second_school().await;
    let (second, applied) = class(&story, &[(1, SECOND_COUNTY), (2, HOME)]).await;
    let again = applied.iter().find(|one| one.1 == members[0].1);
    assert!(again.is_some() && applied.len() == 2, "known again");
    let new = applied.iter().find(|one| one.1 != members[0].1);
    let new = account(&story, &second, *new.expect("a new one")).await;
    assert_eq!(disabled_by(&story, known).await, [true, true, false]);
    assert_eq!(disabled_by(&story, new).await, [false, true, true]);
    // Who is admitted there is a trainee there.
    story.admit(&second).await;
    assert_eq!(disabled_by(&story, known).await, [true, true, true]);
    assert_eq!(disabled_by(&story, new).await, [false, true, true]);
}
