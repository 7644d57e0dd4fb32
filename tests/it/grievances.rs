//! Appeals against acts that concern a trainee (workflow.md 6): who lodges them, who hears, what an upheld one opens.

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::HOURS;
use tests::{Answer, Client, Database, Story, on_both, people};

use crate::cases::{PREFECTURE, appeal_act, codes, document, hire};
use crate::evidence::{claim, employer, episodes};

on_both! {
    a_refused_applicant_is_heard_by_the_county_and_admitted_by_name;
    a_result_that_was_set_aside_is_marked_again_and_completes_after_acceptance;
    corrected_attendance_is_heard_by_the_prefecture_and_corrected_again;
    a_revocation_is_told_before_and_an_appeal_holds_it;
    a_revoked_certificate_is_replaced_after_an_upheld_appeal_and_says_so_meanwhile;
    a_revoked_certificate_that_has_reached_its_end_is_not_replaced_and_the_appeal_ends;
    work_that_was_declared_void_is_restored_after_an_upheld_appeal;
    nobody_appeals_for_others_or_late_and_what_a_trainee_says_stays_sealed;
}

/// A trainee signs in by a slip of the counter.
pub(crate) async fn trainee(story: &Story, cohort: &str, enrolment: &str) -> Client {
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/{enrolment}/sign-in-slip");
    let county = story.who("county-1");
    let slip = county.post(&path, &json!({})).await.good();
    let code = json!({ "code": slip["code"] });
    let anybody = story.who("anybody");
    let signed = anybody.post("/api/v1/sessions/code", &code).await.good();
    Client::bearing(&story.server, text(&signed["access_token"]))
}

const POINTS: &str = "与事实不符,附有当日记录。";

async fn lodge(who: &Client, against: &str, object: &str) -> Answer {
    let body = json!({ "against": against, "object": object, "points": POINTS, "wish": "请更正" });
    who.post("/api/v1/me/appeals", &body).await
}

async fn heard(who: &Client, id: &str, outcome: &str) -> Value {
    appeal_act(who, id, json!({ "act": "accept" })).await.good();
    let record = json!({ "act": "hear", "reason": "双方陈述,核对了记录。" });
    appeal_act(who, id, record).await.good();
    let request = json!({ "act": "decide", "outcome": outcome, "reason": "事实清楚。",
        "document": document("申决〔2026〕9号") });
    appeal_act(who, id, request).await.good()
}

async fn execute(who: &Client, id: &str) -> Answer {
    appeal_act(
        who,
        id,
        json!({ "act": "execute", "reason": "已核对办理结果。" }),
    )
    .await
}

async fn a_refused_applicant_is_heard_by_the_county_and_admitted_by_name(database: Database) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()[..2]).await;
    let id = members[0].0.to_string();
    let school = story.who("school-1");
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/{id}/reject");
    let reason = json!({ "reason": "entry_condition", "text": "未达到入学条件。" });
    school.post(&path, &reason).await.good();
    let own = trainee(&story, &cohort, &id).await;
    let lodged = lodge(&own, "enrolment_refusal", &id).await.good();
    assert_eq!(lodged["hearing_role"], "county_officer");
    let refused = lodge(&own, "enrolment_refusal", &id).await;
    refused.problem(409, "duplicate");
    // The other side sees what is said about its act, and decides nothing.
    let appeal = text(&lodged["id"]);
    let seen = school
        .get(&format!("/api/v1/appeals/{appeal}"))
        .await
        .good();
    assert_eq!(seen["points"], POINTS);
    appeal_act(school, &appeal, json!({ "act": "accept" }))
        .await
        .problem(403, "forbidden");
    // Before it is decided nobody admits the applicant.
    let admit = format!("/api/v1/cohorts/{cohort}/admit");
    let named = json!({ "enrolments": [id] });
    school
        .post(&admit, &named)
        .await
        .problem(422, "invalid-request");

    let county = story.who("county-1");
    let decided = heard(county, &appeal, "upheld").await;
    assert_eq!(decided["state"], "decided", "something is to be done");
    assert_eq!(codes(&execute(county, &appeal).await), ["not-redone"]);
    let all = school.post(&admit, &json!({})).await.good();
    assert_eq!(all["admitted"], 1, "only by name");
    assert_eq!(school.post(&admit, &named).await.good()["admitted"], 1);
    let done = execute(county, &appeal).await.good();
    assert_eq!(done["state"], "executed");
    let rows = story.enrolments(&cohort).await;
    assert!(
        rows.iter().all(|one| one["state"] == "admitted"),
        "{rows:?}"
    );
    let own_list = own.get("/api/v1/me/appeals").await.good();
    assert_eq!(own_list[0]["outcome"], "upheld");
}

async fn a_result_that_was_set_aside_is_marked_again_and_completes_after_acceptance(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()[..2]).await;
    let id = members[0].0.to_string();
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    // A resit of the next day, failed; confirmed by the other teacher.
    let school = story.who("school-1");
    let at = |what: &str| format!("/api/v1/cohorts/{cohort}/{what}");
    let result = |passed: bool, held_on| json!({ "items": [{ "enrolment": id, "passed": passed, "score": if passed { 71 } else { 40 }, "held_on": held_on }] });
    // Teaching ended with a pass; the mark is put wrong by an appeal of nobody: only an appeal changes it.
    let today = story.server.today();
    let refused = school.post(&at("assessments"), &result(false, today)).await;
    refused.problem(422, "invalid-request");
    story.accept(&cohort).await;
    let own = trainee(&story, &cohort, &id).await;
    let lodged = lodge(&own, "assessment_result", &id).await.good();
    let (county, appeal) = (story.who("county-1"), text(&lodged["id"]));
    story.server.clock.advance_seconds(60);
    heard(county, &appeal, "upheld").await;
    assert_eq!(codes(&execute(county, &appeal).await), ["not-redone"]);
    let again = school.post(&at("assessments"), &result(true, today)).await;
    assert_eq!(again.good()["written"], 1);
    let named = json!({ "enrolments": [id] });
    let confirm = at("assessments/confirm");
    school
        .post(&confirm, &named)
        .await
        .problem(409, "second-person-required");
    story.who("school-2").post(&confirm, &named).await.good();
    execute(county, &appeal).await.good();
    // Once executed, the result stands.
    let closed = school.post(&at("assessments"), &result(true, today)).await;
    closed.problem(409, "transition-refused");
}

async fn corrected_attendance_is_heard_by_the_prefecture_and_corrected_again(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let (cohort, members) = story.class_of(&people::known()[..2]).await;
    let id = members[0].0.to_string();
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    let county = story.who("county-1");
    let path = format!("/api/v1/cohorts/{cohort}/attendance");
    let correct = |minutes: u32| json!({ "items": [{ "enrolment": id, "minutes": minutes }], "reason": "核对签到表。" });
    county.post(&path, &correct(HOURS * 10)).await.good();
    story.accept(&cohort).await;
    let state = async || {
        let rows = story.enrolments(&cohort).await;
        let own = rows.into_iter().find(|one| one["id"] == id.as_str());
        text(&own.expect("the trainee")["state"])
    };
    assert_eq!(state().await, "not_completed");
    // The institution is concerned as well: each side appeals once.
    let school = story.who("school-1");
    let body = json!({ "against": "attendance_correction", "object": id, "points": POINTS, "wish": "请更正" });
    let theirs = school.post("/api/v1/appeals", &body).await.good();
    let own = trainee(&story, &cohort, &id).await;
    let lodged = lodge(&own, "attendance_correction", &id).await.good();
    assert_eq!(lodged["hearing_role"], "prefecture_officer");
    let appeal = text(&lodged["id"]);
    assert_ne!(theirs["id"], lodged["id"]);
    school
        .get(&format!("/api/v1/appeals/{appeal}"))
        .await
        .problem(404, "not-found");
    // Accepted classes are closed until the appeal is upheld.
    county
        .post(&path, &correct(HOURS * 60))
        .await
        .problem(409, "transition-refused");
    heard(&prefecture, &appeal, "upheld").await;
    county.post(&path, &correct(HOURS * 60)).await.good();
    assert_eq!(state().await, "completed");
    execute(&prefecture, &appeal).await.good();
}

async fn propose_revocation(story: &Story, id: &str) -> Value {
    let request = json!({ "act": "revoke", "reason_code": "issued_in_error" });
    let province = story.who("province-1");
    let path = format!("/api/v1/certificates/{id}");
    province.act(&path, "changes", &request).await.good()
}

/// The holder of a certificate: class and enrolment, the public id and the inner one.
struct Holder {
    cohort: String,
    enrolment: String,
    public_id: String,
    inner: String,
}

impl Holder {
    /// Signs in anew: days pass, and sessions end.
    async fn signed_in(&self, story: &Story) -> Client {
        trainee(story, &self.cohort, &self.enrolment).await
    }
}

/// A class with certificates.
async fn holder(database: Database) -> (Story, Holder) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()[..2]).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let issued = story.issue(&cohort).await;
    let id = members[0].0.to_string();
    let all = issued["certificates"].as_array().expect("certificates");
    let own = all.iter().find(|one| one["enrolment"] == id.as_str());
    let public_id = text(&own.expect("a certificate")["id"]);
    let inner = text(&story.certificate(&public_id).await["id"]);
    let holder = Holder {
        cohort,
        enrolment: id,
        public_id,
        inner,
    };
    (story, holder)
}

async fn verdict(story: &Story, public_id: &str) -> Value {
    let path = format!("/api/v1/verifications/{public_id}");
    story.who("anybody").get(&path).await.good()
}

async fn a_revocation_is_told_before_and_an_appeal_holds_it(database: Database) {
    let (story, person) = holder(database).await;
    let (public_id, inner) = (&person.public_id, &person.inner);
    let outbox = story.server.data().join("outbox");
    let messages = || std::fs::read_dir(&outbox).map_or(0, Iterator::count);
    let before = messages();
    let proposed = propose_revocation(&story, inner).await;
    assert_eq!(messages(), before + 1, "the holder was told");
    let first = text(&proposed["not_before"]);
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    let second = story.who("province-2");
    second
        .post(&approve, &json!({}))
        .await
        .problem(409, "transition-refused");
    let own = person.signed_in(&story).await;
    let lodged = lodge(&own, "certificate_revocation", public_id)
        .await
        .good();
    assert_eq!(lodged["hearing_role"], "national_officer");
    while story.server.today().to_string() < first {
        story.server.days_pass(1);
    }
    // In time, but held.
    let held = second.post(&approve, &json!({})).await;
    assert!(held.text().contains("申诉"), "{}", held.text());
    held.problem(409, "transition-refused");
    let appeal = text(&lodged["id"]);
    let done = heard(story.who("national-1"), &appeal, "dismissed").await;
    assert_eq!(done["state"], "executed");
    assert_eq!(verdict(&story, public_id).await["state"], "valid");
    second.post(&approve, &json!({})).await.good();
    assert_eq!(verdict(&story, public_id).await["state"], "revoked");
    // After a compromise of the key nobody waits.
    let (other, theirs) = holder(Database::Sqlite).await;
    let request = json!({ "act": "revoke", "reason_code": "key_compromise" });
    let path = format!("/api/v1/certificates/{}", theirs.inner);
    let province = other.who("province-1");
    let proposed = province.act(&path, "changes", &request).await.good();
    assert_eq!(proposed["not_before"], Value::Null);
    other.approve("province-2", &proposed).await;
    assert_eq!(verdict(&other, &theirs.public_id).await["state"], "revoked");
}

async fn a_revoked_certificate_is_replaced_after_an_upheld_appeal_and_says_so_meanwhile(
    database: Database,
) {
    let (story, person) = holder(database).await;
    let (public_id, inner) = (&person.public_id, &person.inner);
    let proposed = propose_revocation(&story, inner).await;
    story.server.days_pass(14);
    story.approve("province-2", &proposed).await;
    let supersede = json!({ "act": "supersede", "reason_code": "correction" });
    let path = format!("/api/v1/certificates/{inner}");
    let province = story.who("province-1");
    let refused = province.act(&path, "changes", &supersede).await;
    refused.problem(409, "transition-refused");
    assert_eq!(
        verdict(&story, public_id).await["certificate"]["under_appeal"],
        Value::Null
    );
    let own = person.signed_in(&story).await;
    let lodged = lodge(&own, "certificate_revocation", public_id)
        .await
        .good();
    let public = verdict(&story, public_id).await;
    assert_eq!(public["certificate"]["under_appeal"], true);
    let page = story.who("anybody").get(&format!("/v/{public_id}")).await;
    assert!(page.text().contains("申诉中"), "{}", page.text());
    let (national, appeal) = (story.who("national-1"), text(&lodged["id"]));
    heard(national, &appeal, "upheld").await;
    assert_eq!(codes(&execute(national, &appeal).await), ["not-redone"]);
    let new = province.act(&path, "changes", &supersede).await.good();
    let new_id = text(&new["superseded_by"]);
    execute(national, &appeal).await.good();
    assert_eq!(verdict(&story, public_id).await["state"], "superseded");
    assert_eq!(verdict(&story, &new_id).await["state"], "valid");
}

async fn a_revoked_certificate_that_has_reached_its_end_is_not_replaced_and_the_appeal_ends(
    database: Database,
) {
    let (story, person) = holder(database).await;
    let proposed = propose_revocation(&story, &person.inner).await;
    story.server.days_pass(14);
    story.approve("province-2", &proposed).await;
    let own = person.signed_in(&story).await;
    let lodged = lodge(&own, "certificate_revocation", &person.public_id)
        .await
        .good();
    let (national, appeal) = (story.who("national-1"), text(&lodged["id"]));
    heard(national, &appeal, "upheld").await;
    assert_eq!(codes(&execute(national, &appeal).await), ["not-redone"]);
    story.server.days_pass(800);
    let supersede = json!({ "act": "supersede", "reason_code": "correction" });
    let path = format!("/api/v1/certificates/{}", person.inner);
    let refused = story.who("province-1").act(&path, "changes", &supersede);
    refused.await.problem(409, "transition-refused");
    // Nothing is left to be done, and the appeal does not stay open for ever.
    execute(national, &appeal).await.good();
}

async fn work_that_was_declared_void_is_restored_after_an_upheld_appeal(database: Database) {
    let story = Story::ready(database).await;
    let prefecture = hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let (cohort, members) = story.class_of(&people::known()[..1]).await;
    let id = members[0].0.to_string();
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    story.server.days_pass(20);
    claim(&story, "school-1", &id, &employer(3), 10, json!({}))
        .await
        .good();
    let episode = text(&episodes(&story, "county-1", &id).await[0]["id"]);
    let path = format!("/api/v1/episodes/{episode}");
    let county = story.who("county-1");
    let act = |name: &str| json!({ "act": name, "reason": "走访核对。" });
    for name in ["contest", "uphold"] {
        county.act(&path, "acts", &act(name)).await.good();
    }
    let dismissed = county.act(&path, "acts", &act("dismiss")).await;
    dismissed.problem(409, "transition-refused");
    // The institution whose claim it was is concerned; it hears nothing.
    let school = story.who("school-1");
    let body =
        json!({ "against": "outcome_void", "object": episode, "points": POINTS, "wish": "恢复" });
    let lodged = school.post("/api/v1/appeals", &body).await.good();
    let appeal = text(&lodged["id"]);
    assert_eq!(lodged["hearing_role"], "prefecture_officer");
    heard(&prefecture, &appeal, "upheld").await;
    county.act(&path, "acts", &act("dismiss")).await.good();
    execute(&prefecture, &appeal).await.good();
    let stands = &episodes(&story, "county-1", &id).await[0];
    assert_eq!(stands["state"], "claimed");
}

async fn nobody_appeals_for_others_or_late_and_what_a_trainee_says_stays_sealed(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()[..2]).await;
    let id = members[0].0.to_string();
    let school = story.who("school-1");
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/{id}/reject");
    let reason = json!({ "reason": "entry_condition", "text": "未达到入学条件。" });
    school.post(&path, &reason).await.good();
    let body =
        json!({ "against": "enrolment_refusal", "object": id, "points": POINTS, "wish": "请更正" });
    let answer = school.post("/api/v1/appeals", &body).await;
    assert_eq!(codes(&answer), ["not-concerned"]);
    let other = trainee(&story, &cohort, &members[1].0.to_string()).await;
    let strangers = lodge(&other, "enrolment_refusal", &id).await;
    strangers.problem(404, "not-found");
    lodge(&other, "enrolment_refusal", &members[1].0.to_string())
        .await
        .problem(409, "transition-refused");

    let end = story
        .server
        .app
        .calendar
        .add_working_days(story.server.today(), 10);
    while story.server.today() <= end {
        story.server.days_pass(1);
    }
    let own = trainee(&story, &cohort, &id).await;
    let lodged = lodge(&own, "enrolment_refusal", &id).await.good();
    let appeal = text(&lodged["id"]);
    let county = story.who("county-1");
    let late = appeal_act(county, &appeal, json!({ "act": "accept" })).await;
    assert_eq!(codes(&late), ["lodged-late"]);
    // What stands in the table is sealed; the hearing body reads it, the trainee as well.
    let seen = county.get(&format!("/api/v1/appeals/{appeal}")).await;
    assert_eq!(seen.good()["points"], POINTS);
    let stored = store::cases::appeals::find(
        story.server.app.store.reader(),
        &store::scope::Scope::Federation {
            code: "000000".to_owned(),
            capacity: domain::access::ScopeCapacity::Site,
        },
        appeal.parse().expect("an id"),
    )
    .await
    .expect("asked")
    .expect("an appeal");
    assert_eq!((stored.points.as_str(), stored.wish.as_str()), ("", ""));
    let revision = &own.get("/api/v1/me/appeals").await.good()[0]["revision"];
    let withdraw = format!("/api/v1/me/appeals/{appeal}/withdraw");
    let back = own.post_seen(&withdraw, revision, &json!({})).await.good();
    assert_eq!(back["state"], "withdrawn");
}
