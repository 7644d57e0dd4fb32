//! People at the desks and trainees at home: codes by telephone, requests, consents, posts, lists of accounts.

mod accounts;
mod codes;
mod consents;
mod exports;
mod factors;
mod for_persons;
mod own_files;
mod passkeys;
mod posts;
mod requests;
mod residents;
mod trainee_accounts;
mod words;

use domain::ids::{EnrolmentId, PersonId};
use serde_json::json;
use tests::answer::text;
use tests::{Browser, Story};

/// A form that came from a page of ours.
const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

/// A browser in which the trainee of an enrolment is signed in, by a code that the county printed.
pub(crate) async fn trainee(
    story: &Story,
    cohort: &str,
    member: (EnrolmentId, PersonId),
) -> Browser {
    let path = format!(
        "/api/v1/cohorts/{cohort}/enrolments/{}/sign-in-slip",
        member.0
    );
    let slip = story.who("county-1").post(&path, &json!({})).await.good();
    let mut browser = Browser::new(&story.server);
    let code = text(&slip["code"]);
    let answer = browser
        .send("/sign-in/code", &OWN, &[("code", &code)])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("location"), "/me");
    browser
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let at = page.find(&mark).expect("the field") + mark.len();
    page[at..].split('"').next().expect("a value").to_owned()
}
