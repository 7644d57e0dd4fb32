//! The documents of a case: who decides it opens what was handed in, its institution what was served on it, and nobody else
//! either, wherever the institution goes (trust.md AZ-2, UP-6).

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{CREDIT_CODE, OTHER_PROVINCE, PASSWORD, SECOND_COUNTY};
use tests::{Browser, Client, Database, Story, on_both};

use super::{HASH, PREFECTURE, case, document, file, hire, serve, step};
use crate::applied_elsewhere::applies;
use crate::personal_data::picture;

on_both! {
    who_decides_a_case_opens_what_was_handed_in_and_its_institution_what_was_served;
    a_school_that_stands_elsewhere_leaves_the_documents_of_its_case_behind;
}

async fn kept(by: &Client) -> String {
    text(&by.upload("/api/v1/files", picture()).await.good()["id"])
}

/// Who of these opens a file, each with the status of the answer.
async fn opened(story: &Story, file: &str, by: &[(&str, u16)]) {
    let path = format!("/api/v1/files/{file}");
    for (who, status) in by {
        assert_eq!(story.who(who).get(&path).await.status, *status, "{who}");
    }
}

/// Who opens what the school handed in.
const HANDED_IN: [(&str, u16); 9] = [
    ("province-1", 200),
    ("county-1", 200),
    ("national-1", 200),
    ("school-1", 200),
    ("school-2", 200),
    ("other-province", 404),
    ("second-county-1", 404),
    ("other-county", 404),
    ("other-school", 404),
];

async fn told(database: Database) -> Story {
    let mut story = Story::ready(database).await;
    for (name, role, federation) in [
        ("other-province-2", "province_officer", OTHER_PROVINCE),
        ("second-county-1", "county_officer", SECOND_COUNTY),
    ] {
        story.add_officer(name, role, federation).await;
    }
    story
}

/// Warned with a document that is a file; answers the file.
async fn warned(story: &Story, prefecture: &Client) -> String {
    let decision = kept(prefecture).await;
    let mut named = document("预警〔2026〕1号");
    named["file"] = decision.as_str().into();
    let warning = json!({
        "transition": "T11", "cause": "major_finding", "reason": "重大问题。", "evidence_sha256": HASH,
        "document": named, "findings": ["消防通道堵塞"],
    });
    step(story, prefecture, warning).await.good();
    decision
}

/// The documents of the one paper of this kind.
fn of_paper(case: &Value, kind: &str) -> Value {
    let papers = case["papers"].as_array().expect("papers");
    let paper = papers.iter().find(|one| one["kind"] == kind);
    paper.expect("the paper")["documents"].clone()
}

async fn who_decides_a_case_opens_what_was_handed_in_and_its_institution_what_was_served(
    database: Database,
) {
    let story = told(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    let decision = warned(&story, &prefecture).await;
    opened(&story, &decision, &[("school-1", 404), ("province-1", 200)]).await;
    serve(&story, &prefecture, "T11").await;
    let reply = json!({ "kind": "reply", "text": "通道已清理。" });
    file(&story, school, reply).await.good();
    let until = story.server.today() + chrono::Days::new(60);
    let order = json!({
        "transition": "T13", "cause": "reply_not_accepted", "reason": "说明不充分。", "findings": ["消防通道"], "until": until,
    });
    step(&story, province, order).await.good();
    let handed = kept(school).await;
    let report = json!({ "kind": "report", "text": "整改报告:已完成。", "file": handed });
    file(&story, school, report).await.good();
    // An inspection names its document; the institution reads what it says and opens nothing of it.
    let inspected = kept(&prefecture).await;
    let mut minutes = document("检查〔2026〕1号");
    minutes["file"] = inspected.as_str().into();
    let inspection = json!({
        "kind": "inspection", "text": "现场检查记录。", "passed": true, "members": ["市残联经办岗,无利害关系"],
        "document": minutes,
    });
    file(&story, &prefecture, inspection).await.good();

    opened(&story, &handed, &HANDED_IN).await;
    let by = [
        ("county-1", 200),
        ("province-1", 200),
        ("school-1", 404),
        ("other-county", 404),
        ("other-province", 404),
    ];
    opened(&story, &inspected, &by).await;
    let by = [
        ("county-1", 200),
        ("province-1", 200),
        ("school-1", 200),
        ("school-2", 200),
        ("other-school", 404),
        ("other-county", 404),
        ("other-province", 404),
    ];
    opened(&story, &decision, &by).await;

    // The case tells which documents its reader may open.
    let one = |file: &str| json!([{ "file_id": file, "media_type": "image/png" }]);
    let id = text(&case(&story).await["id"]);
    let path = format!("/api/v1/cases/{id}");
    for (who, seen) in [
        (
            "province-1",
            [one(&handed), one(&inspected), one(&decision)],
        ),
        ("county-1", [one(&handed), one(&inspected), one(&decision)]),
        ("school-1", [one(&handed), json!([]), one(&decision)]),
        ("auditor", [json!([]), json!([]), json!([])]),
    ] {
        let case = story.who(who).get(&path).await.good();
        let shown = [
            of_paper(&case, "report"),
            of_paper(&case, "inspection"),
            case["services"][0]["documents"].clone(),
        ];
        assert_eq!(shown, seen, "{who}");
        assert_eq!(of_paper(&case, "reply"), json!([]), "{who}");
    }

    // The pages lead to them.
    let number = text(&case(&story).await["number"]);
    for (who, base, seen) in [
        ("province-1", "/admin/cases", true),
        ("school-1", "/org/cases", false),
    ] {
        let mut browser = Browser::new(&story.server);
        browser.sign_in(who, PASSWORD).await;
        let page = browser.open(&format!("{base}/{number}")).await.text();
        let link = |file: &str| format!("href=\"/desk/files/{file}\">打开文件");
        assert!(page.contains(&link(&handed)), "{who}: {page}");
        assert!(page.contains(&link(&decision)), "{who}: {page}");
        assert_eq!(page.contains(&link(&inspected)), seen, "{who}: {page}");
        let page = browser.open(&format!("/en{base}/{number}")).await.text();
        let link = format!("href=\"/en/desk/files/{handed}\">Open the document");
        assert!(page.contains(&link), "{who}: {page}");
        let got = browser.open(&format!("/desk/files/{handed}")).await;
        assert_eq!(got.status, 200, "{who}");
        assert_eq!(got.header("content-type"), "image/png");
    }
    let mut elsewhere = Browser::new(&story.server);
    elsewhere.sign_in("other-province", PASSWORD).await;
    let refused = elsewhere.open(&format!("/desk/files/{handed}")).await;
    assert_eq!(refused.status, 404);
}

async fn a_school_that_stands_elsewhere_leaves_the_documents_of_its_case_behind(
    database: Database,
) {
    let story = told(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    warned(&story, &prefecture).await;
    serve(&story, &prefecture, "T11").await;
    let (handed, loose) = (kept(school).await, kept(school).await);
    let reply = json!({ "kind": "reply", "text": "通道已清理。", "file": handed });
    file(&story, school, reply).await.good();
    let id = text(&case(&story).await["id"]);
    opened(&story, &handed, &HANDED_IN).await;

    // It leaves of its own will, and is admitted in another province.
    let wish = json!({ "reason": "停止办学。" });
    let path = format!("/api/v1/institutions/{}/withdrawal", story.admission);
    school.post(&path, &wish).await.good();
    let leave = json!({ "transition": "T22", "cause": "voluntary" });
    let left = step(&story, province, leave).await.good();
    assert_eq!(left["state"], "exited");
    let resource = applies(&story, "school-1", CREDIT_CODE).await;
    let acts = async |who: &str, transition: &str| {
        let request = json!({ "transition": transition, "reason": "依规办理" });
        let done = story.who(who).act(&resource, "transitions", &request).await;
        done.good()
    };
    acts("second-county-1", "T04").await;
    let proposed = acts("other-province", "T06").await;
    story.approve("other-province-2", &proposed).await;
    story.server.days_pass(9);
    let proposed = acts("other-province", "T08").await;
    story.approve("other-province-2", &proposed).await;
    let stands = story.who("other-province").get(&resource).await.good();
    assert_eq!(stands["state"], "provisional");

    // What belongs to no case goes with the school; what was handed in stays with who decides.
    let by = [("second-county-1", 200), ("county-1", 404)];
    opened(&story, &loose, &by).await;
    opened(&story, &handed, &HANDED_IN).await;
    let seen = province.get(&format!("/api/v1/cases/{id}")).await.good();
    let document = json!([{ "file_id": handed, "media_type": "image/png" }]);
    assert_eq!(of_paper(&seen, "reply"), document, "{seen}");
}
