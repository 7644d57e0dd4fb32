//! Evidence, surveys, registers, gradings and appeals about the same people, and every page that staff can open.

use serde_json::{Value, json};
use tests::answer::text;
use tests::people::Trainee;
use tests::search::Search;
use tests::{Browser, Story};

use super::Found;
use crate::evidence::{employer, frozen};
use crate::grades::{links, send_form};

/// Tables that hold something about a person: none of them is empty when the dump is searched, or the search says nothing.
pub(super) const PERSONAL: &[&str] = &[
    "certificate",
    "consent",
    "enrolment",
    "employment_episode",
    "follow_up",
    "person",
    "person_identifier",
    "personal_read",
    "register_snapshot",
    "survey_invitation",
    "survey_response",
    "verified_contact",
];

/// Work claimed and seen in a register, numbers told at the counter, a survey asked and answered, a check by telephone.
pub(super) async fn work_and_answers(
    story: &Story,
    search: &Search,
    found: &mut Found,
    issued: &Value,
    members: &[(domain::ids::EnrolmentId, domain::ids::PersonId)],
    people: &[Trainee],
) {
    let county = story.who("county-1");
    let start = story.server.today() - chrono::Days::new(5);
    for ((enrolment, _), one) in members.iter().zip(people) {
        let at = |what: &str| format!("/api/v1/enrolments/{enrolment}/{what}");
        let contact = json!({ "phone": one.phone, "means": "counter" });
        found.answer(
            search,
            &county.post(&at("verified-contact"), &contact).await,
        );
        let claim = json!({
            "employer": employer(3), "work_type": "contract", "start_on": start, "source": "tax_wage",
        });
        let claimed = county.post(&at("episodes"), &claim).await;
        claimed.good();
        found.answer(search, &claimed);
        found.answer(search, &county.get(&at("episodes")).await);
    }
    let rows: Vec<String> = people
        .iter()
        .map(|one| format!("{},{},{start},", one.citizen_id, employer(3)))
        .collect();
    let file = format!(
        "公民身份号码,统一社会信用代码,起始日期,截止日期\n{}\n",
        rows.join("\n")
    );
    let path = format!(
        "/api/v1/register-snapshots?source=social_insurance&as_of={}",
        story.server.today()
    );
    let imported = county.upload(&path, file.into_bytes()).await;
    imported.good();
    found.answer(search, &imported);
    let number = &issued["certificates"][0]["certificate_no"];
    let asked = county
        .post(
            "/api/v1/telephone-checks",
            &json!({ "certificate": number }),
        )
        .await;
    found.answer(search, &asked);

    let cohorts = story.who("province-1").get("/api/v1/cohorts").await.good();
    let cohort = text(&cohorts["items"][0]["id"]);
    let path = format!("/api/v1/cohorts/{cohort}/survey");
    let sent = county.post(&path, &json!({})).await;
    sent.good();
    found.answer(search, &sent);
    story.server.app.courier.drained().await;
    let anybody = story.who("anybody");
    let (_, link) = links(story).pop().expect("a link");
    for prefix in ["", "/en"] {
        let page = anybody.get(&format!("{prefix}{link}")).await;
        found.opened(search, "survey", &page);
    }
    let five = ["a1", "a2", "a3", "a4", "a5"].map(|item| (item, "4"));
    for step in ["next", "submit"] {
        let fields: Vec<_> = five
            .into_iter()
            .chain([("step", step), ("q", "0")])
            .collect();
        let page = send_form(anybody, &link, &fields).await;
        found.opened(search, "survey answer", &page);
    }

    // Record-level evidence goes to who recomputes: it is pseudonymous to the last value.
    let run = frozen(story, "quarterly").await;
    let auditor = story.who("auditor");
    for file in ["evidence", "results"] {
        let path = format!("/api/v1/grading-runs/{run}/{file}.json");
        found.opened(search, file, &auditor.get(&path).await);
    }
}

/// Every page of the staff area without a place in its address, as everybody who may open it sees it.
pub(super) async fn desks(story: &Story, search: &Search, found: &mut Found) {
    let area = |path: &String| {
        ["/desk", "/admin", "/org", "/assess"]
            .iter()
            .any(|area| path.starts_with(area))
    };
    let paths: Vec<String> = crate::walk::page_paths()
        .into_iter()
        .filter(|path| area(path) && !path.contains('{'))
        .collect();
    assert!(paths.len() >= 20, "{paths:?}");
    let mut seen = 0;
    for who in [
        "school-1",
        "county-1",
        "province-1",
        "national-2",
        "auditor",
    ] {
        let mut browser = Browser::new(&story.server);
        let signed = browser.sign_in(who, tests::story::PASSWORD).await;
        assert_eq!(signed.status, 303, "{who}");
        for path in &paths {
            for prefix in ["", "/en"] {
                let answer = browser.open(&format!("{prefix}{path}")).await;
                assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text());
                seen += usize::from(answer.status == 200);
                found.look(search, &format!("{path} of {who}"), &answer.bytes);
            }
        }
    }
    assert!(seen >= 100, "{seen} pages of staff");
}
