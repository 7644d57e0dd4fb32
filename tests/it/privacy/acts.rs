//! What happens before the search: a life of certificates, staff who read, faults.

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::people::{self, Trainee};
use tests::search::Search;
use tests::{Answer, Client, Story};

use super::Found;

/// Revocation, reissue, share link, QR, verification by every way.
pub(super) async fn life_goes_on(
    story: &Story,
    search: &Search,
    found: &mut Found,
    ids: &[String],
    people: &[Trainee],
) {
    for (at, act, reason) in [
        (0, "suspend", "under_review"),
        (1, "supersede", "correction"),
    ] {
        let certificate = story.certificate(&ids[at]).await;
        let resource = format!("/api/v1/certificates/{}", text(&certificate["id"]));
        let request = json!({ "act": act, "reason_code": reason });
        let done = story
            .who("province-1")
            .act(&resource, "changes", &request)
            .await;
        done.good();
        found.answer(search, &done);
    }
    let certificate = story.certificate(&ids[2]).await;
    let resource = format!("/api/v1/certificates/{}", text(&certificate["id"]));
    let request = json!({ "act": "revoke", "reason_code": "fraud_by_institution" });
    let proposed = story
        .who("province-1")
        .act(&resource, "changes", &request)
        .await
        .good();
    story.server.days_pass(14);
    story.approve("province-2", &proposed).await;
    let shared = story
        .who("province-1")
        .post(
            &format!("{resource}/shares"),
            &json!({ "days": 3, "reason": "持证人在窗口要求。" }),
        )
        .await
        .good();
    let token = text(&shared["token"]);
    let path = format!("/api/v1/certificates/{}/qr.txt?share={token}", ids[2]);
    story.who("anybody").get(&path).await;
    for id in ids {
        let qr = story.qr_text(id).await;
        found.look(search, "qr text", qr.as_bytes());
        let payload = qr.split('#').nth(1).expect("a fragment");
        let cose = data_encoding::BASE32_NOPAD
            .decode(payload.as_bytes())
            .expect("base32");
        found.look(search, "qr text, decoded", &cose);
        let answer = story
            .who("anybody")
            .send(
                story
                    .who("anybody")
                    .ask(Method::POST, "/api/v1/verifications")
                    .await
                    .json(&json!({ "items": [{ "qr": qr }] })),
            )
            .await;
        found.look(search, "answer to a qr text", &answer.bytes);
    }
    let numbers: Vec<Value> = people
        .iter()
        .zip(ids)
        .map(|(one, _)| json!({ "number": certificate["certificate_no"], "name": one.name }))
        .collect();
    let request = story
        .who("anybody")
        .ask(Method::POST, "/api/v1/verifications")
        .await
        .json(&json!({ "items": numbers }));
    let answer = story.who("anybody").send(request).await;
    found.answer(search, &answer);
}

/// Reads, consents and requests leave rows; what officers see in lists is searched, what they unmask is not.
pub(super) async fn staff_read_and_people_ask(
    story: &Story,
    search: &Search,
    found: &mut Found,
    members: &[(domain::ids::EnrolmentId, domain::ids::PersonId)],
    people: &[Trainee],
) {
    let county = story.who("county-1");
    for (enrolment, _) in members {
        let words = format!("致电{}核对", people[0].name);
        let request = json!({
            "purpose": "person_request", "words": words,
            "fields": ["name", "citizen_id", "disability_card", "disability_category", "disability_level", "phone", "note"],
        });
        county
            .post(&format!("/api/v1/enrolments/{enrolment}/unmask"), &request)
            .await
            .good();
    }
    let (enrolment, person) = members[1];
    let request = json!({
        "kind": "correction", "name": people[2].name, "proof": people[2].citizen_id, "words": people[1].note, "channel": "paper",
    });
    let taken = county
        .post(
            &format!("/api/v1/enrolments/{enrolment}/person-requests"),
            &request,
        )
        .await;
    found.answer(search, &taken);
    found.answer(
        search,
        &county.get("/api/v1/person-requests?decided=true").await,
    );
    let key = tests::client::fresh_key().parse().expect("a key");
    let consent = api::privacy::consents::ConsentRequest {
        purpose: domain::privacy::ConsentPurpose::OutcomeFollowUp,
        until: None,
    };
    let actor = people::actor(person);
    api::privacy::consents::give(&story.server.app, &actor, &key, &consent)
        .await
        .expect("given");
    for path in [
        "/api/v1/cohorts",
        "/api/v1/certificates?limit=100",
        "/api/v1/read-alarms",
    ] {
        for who in ["school-1", "county-1", "province-1", "national-1"] {
            found.answer(search, &story.who(who).get(path).await);
        }
    }
}

/// Requests full of personal values in wrong places: the refusal repeats none of them.
pub(super) async fn faults(
    story: &Story,
    search: &Search,
    found: &mut Found,
    cohort: &str,
    people: &[Trainee],
) {
    let school = story.who("school-1");
    for answer in bad_requests(school, cohort, people).await {
        assert!(!answer.status.is_server_error(), "{}", answer.text());
        found.answer(search, &answer);
    }
}

pub(super) async fn bad_requests(school: &Client, cohort: &str, people: &[Trainee]) -> Vec<Answer> {
    let (one, two) = (&people[0], &people[1]);
    let path = format!("/api/v1/cohorts/{cohort}/rosters");
    // Another's card, a name that differs from the one on record, a wrong check digit, a name where a number belongs.
    let text = format!(
        "姓名,公民身份号码,残疾人证号,手机号,户籍地,备注,同意书\n\
         {},{},{},{},330106,{},是 2026-02-20\n{},{}9,,{},330106,{},否\n{},{},,x,330106,,是 2026-02-20\n",
        one.name,
        two.citizen_id,
        one.card,
        one.phone,
        one.note,
        two.name,
        &two.citizen_id[..17],
        two.phone,
        two.note,
        one.citizen_id,
        one.name,
    );
    let mut answers = Vec::new();
    for (path, body) in [
        (path.clone(), text.clone()),
        (format!("{path}?import=all"), text.clone()),
        (format!("{path}?import=good"), text.clone()),
        (
            format!("/api/v1/cohorts/{}/rosters", one.citizen_id),
            text.clone(),
        ),
    ] {
        answers.push(school.upload(&path, body.into_bytes()).await);
    }
    for (path, body) in [
        (
            format!("/api/v1/cohorts/{cohort}/enrolments"),
            json!({ "rows": [{ "name": one.citizen_id, "citizen_id": one.name, "phone": one.card }] }),
        ),
        (
            "/api/v1/verifications".to_owned(),
            json!({ "items": [{ "number": one.citizen_id, "name": one.name }] }),
        ),
        (
            "/api/v1/verifications".to_owned(),
            json!({ "items": [{ "qr": one.card }, { "id": one.phone }], "note": one.note }),
        ),
        (
            "/api/v1/sessions".to_owned(),
            json!({ "name": one.name, "password": one.citizen_id }),
        ),
        (
            "/api/v1/institutions".to_owned(),
            json!({ "name": one.note, "credit_code": one.card, "site_region": one.phone }),
        ),
    ] {
        answers.push(school.post(&path, &body).await);
    }
    answers
}
