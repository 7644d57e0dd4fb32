//! The forms of the pages of the staff area that name something: who may send them about what. The lines `POST:` of
//! `tests/data/matrix/pages.txt` say what should be; a form has what the operation of the same act takes, so that it is
//! known whose the object is before anything else is wrong.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use tests::client::fresh_key;
use tests::world::Case;
use tests::{Answer, Browser};

use super::probe;
use super::rules::Cell;

/// What stands before the path of a page to which a form is sent.
pub(super) const POST: &str = "POST:";

/// Fields that forms have and the operation does not, or has in its path.
fn fields(page: &str, case: &Case) -> Vec<(&'static str, String)> {
    let of = |name: &str| case.fields.get(name).cloned().unwrap_or_default();
    let act = |act: &str| vec![("act", act.to_owned())];
    match page {
        "/admin/accounts/{id}" => act("enable"),
        "/admin/assessments/{id}" => act("dismiss"),
        "/org/assessments/{id}" => act("reply"),
        "/assess/{id}" => act("fieldwork"),
        "/admin/survey-audits/{id}" => act("draw"),
        "/admin/surveys/{cohort}" => act("remind"),
        "/desk/requests/{id}" => act("assign"),
        "/me/certificates/{id}" => vec![("act", "share".to_owned()), ("days", "7".to_owned())],
        "/desk/proposals/{id}" => vec![("decision", "refuse".to_owned())],
        "/assess/{id}/contact"
        | "/admin/surveys/{cohort}/contacts"
        | "/admin/surveys/{cohort}/consents" => {
            vec![("enrolment", of("enrolment"))]
        }
        "/admin/surveys/{cohort}/answers" => {
            let mut fields = vec![("enrolment", of("enrolment"))];
            fields.extend(["a1", "a2", "a4", "a5"].map(|item| (item, "4".to_owned())));
            fields
        }
        _ => Vec::new(),
    }
}

/// The operation of the same act.
fn operation(page: &str) -> &'static str {
    match page {
        "/admin/accounts/{id}" => "enable_account",
        "/admin/assessments/{id}" => "dismiss_finding",
        "/admin/bulletins/{id}" => "act_on_bulletin",
        "/admin/conflicts/{id}" => "close_conflict",
        "/admin/decisions/{id}" => "transition_institution",
        "/admin/decisions/{id}/reports" => "record_report",
        "/admin/decisions/{id}/service" => "serve_decision",
        "/admin/episodes/{id}" | "/org/episodes/{id}" => "act_on_episode",
        "/admin/follow-ups/{id}" => "record_follow_up",
        "/admin/grade-publications/{id}" => "act_on_grade_publication",
        "/admin/keys/{kid}" => "change_key",
        "/admin/objections/{id}" => "decide_objection",
        "/admin/survey-audits/{id}" => "draw_survey_calls",
        "/admin/surveys/{cohort}/answers" => "take_survey_answer",
        "/admin/surveys/{cohort}/consents" => "record_consent",
        "/admin/surveys/{cohort}/contacts" => "record_verified_contact",
        "/appeals/{no}/acts" => "act_on_appeal",
        "/assess/{id}/contact" => "read_sampled_contact",
        "/cases/{no}/appeals" => "lodge_appeal",
        "/cases/{no}/papers" => "file_paper",
        "/cases/{no}/withdrawal/decline" => "decline_withdrawal",
        "/cases/{no}/withdrawal/take-back" => "take_back_withdrawal",
        "/desk/proposals/{id}" => "refuse_proposal",
        "/org/assessments/{id}" => "reply_to_assessment",
        _ => "",
    }
}

/// Sends the form of a page at its address.
pub(super) async fn send(
    browser: &Browser,
    page: &str,
    address: &str,
    role: char,
    case: &Case,
) -> Answer {
    let mut form: BTreeMap<String, String> = BTreeMap::new();
    if let Some(Value::Object(body)) = probe::body(operation(page), role, case) {
        for (name, value) in body {
            match value {
                Value::String(text) => form.insert(name, text),
                Value::Bool(yes) => form.insert(name, if yes { "yes" } else { "no" }.to_owned()),
                // What has parts of its own has fields of its own.
                _ => None,
            };
        }
    }
    for (name, value) in fields(page, case) {
        form.insert(name.to_owned(), value);
    }
    form.insert("key".to_owned(), fresh_key());
    form.insert("revision".to_owned(), "999999".to_owned());
    let request = browser.client.ask(Method::POST, address).await;
    let request = request
        .header("Cookie", browser.cookie())
        .header("Sec-Fetch-Site", "same-origin");
    let request = if page == "/assess/{id}/sheet" {
        let sheet = Part::bytes(b"no sheet".as_slice()).file_name("sheet.xlsx");
        let parts = Form::new().text("key", fresh_key()).part("file", sheet);
        request.multipart(parts)
    } else {
        request.form(&form)
    };
    browser.client.send(request).await
}

/// What an answer to a form says of authorization. A form that is no form (400) would make every cell alike: a fault of
/// this test.
pub(super) fn cell(answer: &Answer) -> Result<Cell, String> {
    match answer.status.as_u16() {
        303 if answer.header("location").starts_with("/sign-in") => Ok(Cell::Unknown),
        200 | 303 | 409 | 410 | 412 | 415 | 422 => Ok(Cell::Allowed),
        403 => Ok(Cell::Forbidden),
        404 => Ok(Cell::Hidden),
        _ => Err(answer.text().chars().take(300).collect()),
    }
}
