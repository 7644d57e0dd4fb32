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
        ("/api/v1/me/certificates/", _) => "public_id",
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
        ("/api/v1/cases/", _) => "case",
        ("/api/v1/appeals/" | "/api/v1/me/appeals/", _) => "appeal",
        ("/api/v1/sites/", _) => "site",
        ("/api/v1/results/", _) => "result",
        ("/api/v1/grading-runs/", _) => "run",
        ("/api/v1/grade-publications/", _) => "publication",
        ("/api/v1/grading-policies/", _) => "policy",
        ("/api/v1/bulletins/", _) => "bulletin",
        ("/api/v1/episodes/" | "/api/v1/me/episodes/", _) => "episode",
        ("/api/v1/follow-ups/", _) => "follow_up",
        ("/api/v1/evidence-conflicts/", _) => "conflict",
        ("/api/v1/assessors/", _) => "accreditation",
        ("/api/v1/assessments/" | "/api/v1/lots/", "id") => "assessment",
        ("/api/v1/self/second-factors/", _) => "factor",
        (_, "old" | "new" | "from") => "size",
        ("/trust/bundle/", _) => "bundle",
        (_, "purpose" | "number") => "list",
        ("/api/v1/person-requests/", _) => "request",
        ("/api/v1/proposals/", _) => "proposal",
        ("/api/v1/verifications/", _) => "public_id",
        ("/api/v1/survey-calls/", _) => "call",
        (_, "visit") => "visit",
        (_, "party") => "party",
        (_, "response") => "response",
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
            ("factor", None) => "codes",
            ("code", None) => "P0000001",
            ("credit_code", None) => "52330106XX00000193",
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
        | "list_certificates" | "list_proposals" | "list_accounts" | "list_cases"
        | "list_appeals" | "list_assessments" | "list_residents" => "?limit=100".to_owned(),
        "list_follow_ups" => "?until=2099-12-31".to_owned(),
        "import_register" => "?source=social_insurance&as_of=2026-03-02".to_owned(),
        "upload_roster" => "?import=none".to_owned(),
        "list_affected" => "?at=2026-03-02T02:00:00Z".to_owned(),
        _ => String::new(),
    }
}

/// What a list shows when it shows the object.
fn shown(operation: &str, case: &Case) -> Option<String> {
    let field = match operation {
        "list_cohorts" => "cohort",
        "list_residents" => "enrolment",
        "list_offers" => "offer",
        "list_institutions" | "show_results" => "admission",
        "list_programs" => "code",
        "list_certificates" => "certificate",
        "export_certificates" => "public_id",
        "list_proposals" => "proposal",
        "list_requests" => "request",
        "list_sessions" => "session",
        "list_exports" => "export",
        "list_audit" | "export_audit" | "list_accounts" => "account",
        "list_cases" => "case",
        "list_appeals" => "appeal",
        "list_follow_ups" => "follow_up",
        "list_conflicts" => "conflict",
        "list_grade_publications" => "publication",
        "list_bulletins" => "bulletin",
        "list_assessments" => "assessment",
        _ => return None,
    };
    Some(format!("\"{}\"", case.fields[field]))
}

pub(super) fn body(operation: &str, role: char, case: &Case) -> Option<Value> {
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
        "name_second_factor" => json!({ "name": "备用" }),
        "add_passkey" | "prove_passkey" => json!({ "answer": {} }),
        "enable_account" => json!({ "reason": "返岗" }),
        // Refused after it is known whose case it is: at this stage of the case, or of this state.
        "file_paper" => json!({ "kind": "plan", "text": "整改方案:每月回访。" }),
        "extend_term" => json!({ "until": "2027-01-01", "reason": "学校搬迁。" }),
        "ask_withdrawal" => json!({ "reason": "不再办学,申请退出。" }),
        "take_back_withdrawal" | "decline_withdrawal" => json!({ "reason": "没有提出过退出。" }),
        "close_exit_elsewhere" => json!({ "reason": "核查后无须处理。" }),
        "declare_interest" => json!({ "reason": "亲属在该机构任职" }),
        "serve_decision" => json!({
            "transition": "T20", "method": "post", "served_on": "2026-01-01", "receipt": "挂号信 001",
        }),
        "record_report" => json!({
            "kind": "county_opinion", "favourable": true, "text": "场地和师资符合条件。",
        }),
        "object_to_result" => json!({ "text": "数据与事实不符。" }),
        "lodge_appeal" => {
            json!({ "against": "T20", "points": "检查记录与事实不符。", "wish": "撤销该决定" })
        }
        "act_on_appeal" => json!({ "act": "accept" }),
        "lodge_grievance" => json!({
            "against": "certificate_suspension", "object": of("public_id"), "points": "核查无依据。", "wish": "恢复证书",
        }),
        // Refused for its words, before anything is looked up.
        "lodge_own_appeal" => json!({
            "against": "assessment_result", "object": "", "points": "", "wish": "",
        }),
        "answer_own_episode" => json!({ "holds": true }),
        "license_site" => json!({
            "places": 20,
            "document": { "number": "虚教许〔2026〕1号", "issuer": "虚构教育局", "made_on": "2026-01-01" },
        }),
        "review_batch" => json!({ "reason": "核对无误,可以签发。" }),
        // Before the trainee was born, after the last day, before the class began.
        "claim_episode" => json!({
            "employer": "52330203XX0000027P", "work_type": "contract", "start_on": "1800-01-01", "source": "institution",
        }),
        "record_follow_up" => json!({ "outcome": "left", "last_day": "2099-01-01" }),
        "exclude_enrolment" => json!({
            "code": "X1", "on": "1990-01-01",
            "document": { "number": "虚〔2026〕1号", "issuer": "虚构机关", "made_on": "2026-01-01" },
        }),
        "act_on_episode" => json!({ "act": "contest", "reason": "学员称并未在此工作。" }),
        "close_conflict" => json!({ "words": "核对属实。" }),
        "declare_outage" => json!({
            "source": "social_insurance", "kind": "system", "from": "2026-01-02", "until": "2026-01-01",
        }),
        // An employer for whom nobody works; a number that nobody asks.
        "record_related_party" => json!({
            "employer": "52510104XX0000043U", "relation": "founded", "from": "2026-02-01",
            "document": { "number": "虚〔2026〕2号", "issuer": "虚构机关", "made_on": "2026-01-01" },
        }),
        "check_by_telephone" => json!({ "certificate": of("public_id") }),
        "record_verified_contact" => json!({ "phone": "13700000000", "means": "counter" }),
        "record_consent" => json!({
            "given": true, "purpose": "outcome_follow_up", "given_by": "guardian", "relation": "父亲",
            "proof": "纸质同意书存县残联", "channel": "paper",
        }),
        "end_related_party" => json!({ "until": "1990-01-01" }),
        "draft_policy" => json!({ "text": "{}", "effective_on": "2099-01-01" }),
        "freeze_period" => json!({ "kind": "annual", "freeze_on": "2099-01-01" }),
        "run_grading" => json!({ "freeze": "01980000-0000-7000-8000-000000000001" }),
        "replay_policy" => json!({ "text": "{}" }),
        "act_on_grade_publication" => json!({ "act": "publish" }),
        "write_bulletin" => json!({ "kind": "ranking", "run": of("run"), "title": "" }),
        "act_on_bulletin" => json!({ "act": "review" }),
        "accredit_assessor" => json!({
            "account": "01980000-0000-7000-8000-000000000001", "organisation": "虚构评估所",
            "credit_code": "52510104XX0000043U", "valid_from": "2026-01-01", "valid_until": "2025-01-01",
            "document": { "number": "虚〔2026〕1号", "issuer": "虚构机关", "made_on": "2026-01-01" },
        }),
        "withdraw_accreditation" | "replace_assessor" | "annul_assessment" => {
            json!({ "reason": "依规办理,撤回资格。" })
        }
        "declare_relations" => json!({ "relations": [] }),
        "record_visit" => json!({
            "place": "西湖教学点", "arrived_at": "2026-03-02T00:00:00Z", "left_at": "2026-03-02T01:00:00Z", "members": [],
            "record": "现场查看教室、台账和宿舍。",
        }),
        "draft_assessment" => json!({ "item": "employment", "text": "" }),
        "dismiss_finding" => json!({ "reason": "核对台账后不予采信。" }),
        "draw_survey_calls" => json!({ "assessor": "01980000-0000-7000-8000-000000000001" }),
        "read_sampled_contact" | "read_survey_contact" => json!({ "words": "电话回访" }),
        // Right but for its day, which is looked at once it is known whose trainee it is.
        "take_survey_answer" => json!({
            "mode": "interview", "by": "assisted", "items": [4, 4, null, 4, 4], "taken_on": "2099-01-01",
        }),
        "record_survey_call" => json!({ "reached": false }),
        "settle_survey_answer" => json!({ "counts": true, "reason": "核查录音,学员误解了问题。" }),
        "countersign_visit" => json!({ "signed": true }),
        "report_assessment" => json!({ "score": 80, "text": "现场评估情况良好,记录完整。" }),
        "supplement_assessment" => json!({ "text": "补充核对了两名学员的就业。" }),
        "reply_to_assessment" => json!({ "text": "无异议。" }),
        "finish_assessment" => json!({ "score": 80, "answer": "维持原评分。" }),
        "commission_assessment" => {
            json!({ "period_from": "2025-01-01", "period_until": "2025-12-31" })
        }
        "apply_institution" => {
            json!({ "name": "", "credit_code": "", "site_region": "", "address": "", "phone": "", "legal_representative": "" })
        }
        "add_site" => json!({ "name": "", "region": "", "address": "", "provisions": [] }),
        "transition_institution" => json!({ "transition": "T16", "reason": "依规办理" }),
        "raise_objection" => json!({ "text": "场地与申请不一致。" }),
        "file_objection" => json!({ "text": "公示内容与事实不符。" }),
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
        "share_certificate" => json!({ "days": 1, "reason": "持证人要求" }),
        "share_own_certificate" => json!({ "days": 7 }),
        "withdraw_own_share" => json!({ "link": "none" }),
        "create_key" => json!({ "federation": "330106", "year": 2026 }),
        "create_own_key" => json!({ "purpose": "unknown" }),
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
        "withdraw_own_appeal"
        | "suspend_survey"
        | "admit_trainees"
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
        ("upload_file" | "import_register", _) => request
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
        // Nothing of it is public in this world: nobody is kept out, there is nothing.
        404 if [
            "public_run",
            "public_lot",
            "public_provinces",
            "public_score",
            "file_objection",
            "show_filed_objection",
            "grading_schema",
        ]
        .contains(&operation.name.as_str()) =>
        {
            Ok(Cell::Allowed)
        }
        // And nobody has enrolled a second factor that could be named.
        404 if operation.name.ends_with("_second_factor") && operation.path.contains("/self/") => {
            Ok(Cell::Allowed)
        }
        403 if code() == "forbidden" => Ok(Cell::Forbidden),
        404 if code() == "not-found" => Ok(Cell::Hidden),
        _ => fault(),
    }
}
