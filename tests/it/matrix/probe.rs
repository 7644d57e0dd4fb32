//! One question for each operation: a request that passes authorization or does not, and changes the world as little as
//! it can. What is there already is named with a revision that was never seen (412), in a state that refuses (409), or
//! in a list.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::fresh_key;
use tests::story::{PASSWORD, program_content};
use tests::world::Case;
use tests::{Answer, Client, rosters};

use super::rules::Cell;

/// An operation of the document.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) name: String,
}

/// Where an id of the path comes from.
fn field(before: &str, name: &str, operation: &str) -> &'static str {
    match (before, name) {
        ("/api/v1/certificates/", "id")
            if ["qr_", "certificate_", "credential_", "proof"]
                .iter()
                .any(|file| operation.starts_with(file)) =>
        {
            "public_id"
        }
        ("/api/v1/certificates/", _) => "certificate",
        ("/api/v1/certificate-batches/", _) => "batch",
        ("/api/v1/cohorts/", _) => "cohort",
        ("/api/v1/institutions/", _) => "admission",
        ("/api/v1/objections/", _) => "objection",
        ("/api/v1/offers/", _) => "offer",
        ("/api/v1/accounts/", _) => "account",
        ("/api/v1/sessions/", _) => "session",
        ("/api/v1/files/", _) => "file",
        ("/api/v1/exports/", _) => "export",
        (_, "old" | "new" | "from") => "size",
        ("/trust/bundle/", _) => "bundle",
        (_, "purpose" | "number") => "list",
        ("/api/v1/person-requests/", _) => "request",
        ("/api/v1/proposals/", _) => "proposal",
        ("/api/v1/verifications/", _) => "public_id",
        (_, "credit_code") => "credit_code",
        (_, "code") => "code",
        (_, "kid") => "kid",
        (_, "version") => "version",
        (_, "roster") => "roster",
        (_, "index") => "index",
        (_, "form") => "form",
        _ => "enrolment",
    }
}

fn filled(operation: &Operation, case: &Case) -> String {
    let mut out = String::new();
    let mut rest = operation.path.as_str();
    while let Some((head, tail)) = rest.split_once('{') {
        let (name, after) = tail.split_once('}').expect("a closed brace");
        out.push_str(head);
        let field = field(&out, name, &operation.name);
        out.push_str(match (field, case.fields.get(field)) {
            (_, Some(value)) => value,
            ("form", None) => "json",
            ("index", None) => "0",
            ("size", None) => "1",
            ("bundle", None) => "2",
            ("list", None) if name == "number" => "1",
            ("list", None) => "revocation",
            ("kid", None) => "k3326",
            ("code", None) => "P0000001",
            ("credit_code", None) => "52330106XX00000193",
            // What nobody made: only the role is asked.
            ("nothing", None) => "01980000-0000-7000-8000-000000000001",
            (_, None) => panic!("{}: {field} of {case:?}", operation.name),
        });
        rest = after;
    }
    out + rest
}

/// What narrows a list to the place where the object would be.
fn query(operation: &str, case: &Case) -> String {
    match operation {
        "list_sites" => format!("?institution={}", case.fields["admission"]),
        "list_audit" | "export_audit" => format!("?account={}", case.fields["account"]),
        "list_cohorts" | "list_offers" | "list_institutions" | "list_programs"
        | "list_certificates" | "list_proposals" | "list_accounts" => "?limit=100".to_owned(),
        "upload_roster" => "?import=none".to_owned(),
        "list_affected" => "?at=2026-03-02T02:00:00Z".to_owned(),
        _ => String::new(),
    }
}

/// What a list shows when it shows the object.
fn shown(operation: &str, case: &Case) -> Option<String> {
    let field = match operation {
        "list_cohorts" => "cohort",
        "list_offers" => "offer",
        "list_institutions" => "admission",
        "list_programs" => "code",
        "list_certificates" => "certificate",
        "export_certificates" => "public_id",
        "list_proposals" => "proposal",
        "list_requests" => "request",
        "list_sessions" => "session",
        "list_exports" => "export",
        "list_audit" | "export_audit" | "list_accounts" => "account",
        _ => return None,
    };
    Some(format!("\"{}\"", case.fields[field]))
}

fn body(operation: &str, role: char, case: &Case) -> Option<Value> {
    let of = |field: &str| case.fields.get(field).cloned();
    let post = || {
        let mut body = json!({ "role": of("role") });
        for field in ["federation", "institution"] {
            if let Some(value) = of(field) {
                body[field] = value.into();
            }
        }
        body
    };
    let new_account = || {
        let mut body = post();
        body["name"] = fresh_key().into();
        body["person_name"] = "虚构人员".into();
        body
    };
    Some(match operation {
        "create_account" => {
            let mut body = new_account();
            body["password"] = PASSWORD.into();
            body
        }
        "invite_account" => {
            let mut body = new_account();
            body["contact"] = json!({ "kind": "email", "value": "nobody@example.org" });
            body
        }
        "change_post" => post(),
        "sign_in" => json!({ "name": fresh_key(), "password": PASSWORD }),
        "sign_in_with_code" => json!({ "code": "AAAA" }),
        "refresh_session" => json!({ "refresh_token": "AAAA" }),
        "ask_password_reset" => json!({ "name": fresh_key() }),
        "ask_sign_in_code" => json!({ "phone": "10000000000", "name": "虚构人员" }),
        "propose_export" => json!({ "list": "enrolments", "form": "csv", "reason": "" }),
        "set_password" => json!({ "code": "AAAA", "password": PASSWORD }),
        "change_password" => {
            json!({ "old_password": "not-the-old-password", "new_password": PASSWORD })
        }
        "confirm_second_factor" | "prove_second_factor" => json!({ "code": "000000" }),
        "commission_assessment" => {
            json!({ "period_from": "2025-01-01", "period_until": "2025-12-31" })
        }
        "apply_institution" => {
            json!({ "name": "", "credit_code": "", "site_region": "", "address": "", "phone": "", "legal_representative": "" })
        }
        "add_site" => json!({ "name": "", "region": "", "address": "", "provisions": [] }),
        "transition_institution" => json!({ "transition": "T16", "reason": "依规办理" }),
        "raise_objection" => json!({ "text": "场地与申请不一致。" }),
        "decide_objection" => json!({ "accepted": false, "answer": "经核实一致。" }),
        "create_certificate_type" => {
            json!({ "code": "", "name": "", "name_en": "", "description": "" })
        }
        "create_program" => {
            let mut body = program_content();
            body["hours"] = 0.into();
            body
        }
        "draft_version" | "edit_version" => program_content(),
        "act_on_version" => json!({ "act": "retire", "reason": "依规办理" }),
        "propose_offer" => {
            json!({ "institution": of("admission"), "program": "P999999", "site": of("site") })
        }
        "act_on_offer" => json!({ "act": "pause" }),
        "open_cohort" => json!({
            "offer": of("offer"), "name": "又一班", "start_on": "2027-03-01", "end_on": "2027-03-20", "places": 1,
            "planned_hours": 1, "teachers": ["虚构教师"],
        }),
        "act_on_cohort" => json!({ "act": "terminate", "reason": "依规办理" }),
        "reject_applicant" => json!({ "reason": "no_places", "text": "名额已满。" }),
        "withdraw_trainee" => json!({ "reason": "other" }),
        "verify_certificates" | "record_attendance" | "enter_assessments" => json!({ "items": [] }),
        "refuse_batch" | "refuse_proposal" => json!({ "reason": "依规办理" }),
        "change_certificate" => json!({ "act": "suspend", "reason_code": "under_review" }),
        "share_certificate" => json!({ "days": 1 }),
        "create_key" => json!({ "federation": "330106", "year": 2026 }),
        "change_key" => json!({ "state": "unknown" }),
        "unmask" => {
            let purpose = match role {
                'I' => "attendance_contact",
                'N' => "complaint",
                _ => "identity_check",
            };
            json!({ "fields": ["name"], "purpose": purpose, "words": "核对身份" })
        }
        "open_list" => json!({ "purpose": "identity_check" }),
        "check_card" => json!({ "outcome": "not_found" }),
        "take_request" => json!({ "kind": "access", "channel": "paper" }),
        "decide_request" => json!({ "grant": true, "reason": "依申请办理" }),
        "give_consent" | "withdraw_consent" => json!({ "purpose": "outcome_follow_up" }),
        "make_request" => json!({ "kind": "correction" }),
        "admit_trainees"
        | "confirm_assessments"
        | "propose_batch"
        | "choose_post"
        | "reissue_affected" => json!({}),
        _ => return None,
    })
}

/// Asks.
pub(super) async fn ask(client: &Client, operation: &Operation, role: char, case: &Case) -> Answer {
    let path = filled(operation, case) + &query(&operation.name, case);
    let mut request = client.ask(operation.method.clone(), &path).await;
    if operation.method != Method::GET {
        request = request
            .header("Idempotency-Key", fresh_key())
            .header("If-Match", "\"999999\"");
    }
    request = match (operation.name.as_str(), body(&operation.name, role, case)) {
        (_, Some(body)) => request.json(&body),
        ("upload_roster" | "annotate_roster", _) => request
            .header("Content-Type", "application/octet-stream")
            .body(rosters::csv(800, 1)),
        ("upload_file", _) => request
            .header("Content-Type", "application/octet-stream")
            .body("no file"),
        _ => request,
    };
    client.send(request).await
}

/// What an answer says of authorization.
pub(super) fn cell(operation: &Operation, case: &Case, answer: &Answer) -> Result<Cell, String> {
    let fault = || Err(format!("{} {}", answer.status, answer.text()));
    let code = || answer.json()["code"].as_str().unwrap_or("").to_owned();
    match answer.status.as_u16() {
        200..=299 => Ok(match shown(&operation.name, case) {
            Some(shown) if !answer.text().contains(&shown) => Cell::Hidden,
            _ => Cell::Allowed,
        }),
        // Of a field of the body it is said where it is wrong.
        422 if operation.name == "propose_offer" => Ok(
            if answer.faults().iter().any(|(at, _)| at == "/institution") {
                Cell::Hidden
            } else {
                Cell::Allowed
            },
        ),
        401 if answer.header("www-authenticate").contains("scope=") => Ok(Cell::Unknown),
        // 401: a wrong password or token of a public operation.
        400 | 401 | 409 | 410 | 412 | 415 | 422 | 428 => Ok(Cell::Allowed),
        // No run is published in this world: nobody is kept out, there is nothing.
        404 if ["public_run", "public_lot", "grading_schema"]
            .contains(&operation.name.as_str()) =>
        {
            Ok(Cell::Allowed)
        }
        403 if code() == "forbidden" => Ok(Cell::Forbidden),
        404 if code() == "not-found" => Ok(Cell::Hidden),
        _ => fault(),
    }
}
