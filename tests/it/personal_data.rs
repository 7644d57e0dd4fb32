//! Personal data: reading with a purpose, who sees it, consents, requests of persons, erasure, retention, key rotation.

use api::privacy::consents::{self, ConsentRequest};
use api::privacy::requests::NewPersonRequest;
use api::privacy::rotation::{Pace, rotate};
use api::privacy::{me, requests, retention};
use chrono::Datelike as _;
use domain::ids::{EnrolmentId, PersonId};
use domain::privacy::{ConsentPurpose, RequestKind};
use serde_json::{Value, json};
use store::ConnectionTrait as _;
use store::dump::Cell;
use store::vault::KeyKind;
use tests::answer::text;
use tests::people::{self, Trainee};
use tests::{Answer, Database, Story, on_both, rosters};

on_both! {
    a_value_is_read_one_record_at_a_time_for_a_purpose;
    an_institution_sees_verified_and_never_the_number;
    reading_many_without_a_task_raises_an_alarm_and_a_task_over_a_list_does_not;
    a_consent_is_recorded_at_import_and_withdrawn_as_easily_as_given;
    a_corrected_name_stands_on_the_certificate_that_supersedes;
    a_request_is_decided_once_and_by_its_last_day;
    who_holds_no_certificate_is_erased_and_nothing_opens_any_more;
    who_holds_a_certificate_loses_only_what_no_law_keeps;
    retention_drops_what_is_over_and_finds_nothing_the_second_time;
    a_master_key_is_changed_in_pieces_while_everything_stays_readable;
    an_index_key_is_changed_while_people_are_still_found;
    a_ciphertext_in_another_row_does_not_open_and_the_audit_says_so;
    the_command_line_changes_keys_under_a_running_service;
    a_trainee_reads_and_decides_on_pages_without_a_script;
}

async fn unmask(
    story: &Story,
    who: &str,
    id: EnrolmentId,
    purpose: &str,
    fields: &Value,
) -> Answer {
    let request = json!({ "purpose": purpose, "words": "核对名单", "fields": fields });
    story
        .who(who)
        .post(&format!("/api/v1/enrolments/{id}/unmask"), &request)
        .await
}

async fn dump(story: &Story) -> Vec<Cell> {
    let reader = story.server.app.store.reader();
    store::dump::dump(reader).await.expect("a dump")
}

fn column(cells: &[Cell], table: &str, column: &str) -> Vec<Vec<u8>> {
    cells
        .iter()
        .filter(|cell| cell.table == table && cell.column == column)
        .map(|cell| cell.bytes.clone())
        .collect()
}

fn texts(cells: &[Cell], table: &str, name: &str) -> Vec<String> {
    column(cells, table, name)
        .into_iter()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn key() -> api::extract::IdempotencyKey {
    tests::client::fresh_key().parse().expect("a key")
}

async fn a_value_is_read_one_record_at_a_time_for_a_purpose(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (_, members) = story.class_of(&known[..1]).await;
    let (id, person) = members[0];
    let one = &known[0];
    let seen = unmask(
        &story,
        "county-1",
        id,
        "card_check",
        &json!([
            "name",
            "citizen_id",
            "disability_card",
            "disability_category",
            "disability_level"
        ]),
    )
    .await;
    assert_eq!(seen.header("cache-control"), "no-store");
    let values = &seen.good()["values"];
    assert_eq!(
        (
            &values["name"],
            &values["citizen_id"],
            &values["disability_card"]
        ),
        (&json!(one.name), &json!(one.citizen_id), &json!(one.card))
    );
    assert_eq!(
        (&values["disability_category"], &values["disability_level"]),
        (&json!("4"), &json!("3"))
    );
    let called = unmask(
        &story,
        "county-1",
        id,
        "acceptance_call",
        &json!(["phone", "citizen_id"]),
    )
    .await;
    let called = called.good();
    assert_eq!(called["values"]["phone"], one.phone);
    assert_eq!(
        called["values"]["citizen_id"],
        format!("{}********{}", &one.citizen_id[..6], &one.citizen_id[14..]),
        "first six and last four"
    );
    for (who, purpose, fields, status, code) in [
        (
            "county-1",
            "acceptance_call",
            json!(["disability_card"]),
            403,
            "read-not-needed",
        ),
        (
            "national-1",
            "identity_check",
            json!(["citizen_id"]),
            403,
            "read-not-needed",
        ),
        (
            "county-1",
            "certificate_file",
            json!(["name"]),
            422,
            "invalid-request",
        ),
        (
            "county-1",
            "curiosity",
            json!(["name"]),
            422,
            "invalid-request",
        ),
        (
            "county-1",
            "identity_check",
            json!([]),
            422,
            "invalid-request",
        ),
        (
            "other-county",
            "identity_check",
            json!(["name"]),
            404,
            "not-found",
        ),
        (
            "other-province",
            "identity_check",
            json!(["name"]),
            404,
            "not-found",
        ),
        (
            "other-school",
            "attendance_contact",
            json!(["name"]),
            404,
            "not-found",
        ),
    ] {
        unmask(&story, who, id, purpose, &fields)
            .await
            .problem(status, code);
    }
    story
        .who("anybody")
        .post(&format!("/api/v1/enrolments/{id}/unmask"), &json!({}))
        .await
        .problem(401, "unauthenticated");
    // The person sees who read what for what; the audit knows the account; neither holds a value.
    let reads = me::reads(&story.server.app, &people::actor(person), None, 10)
        .await
        .expect("reads");
    assert_eq!(reads.len(), 2, "refused reads read nothing");
    assert_eq!(reads[1].purpose, "card_check");
    assert_eq!(reads[1].organisation.as_deref(), Some(tests::story::COUNTY));
    assert_eq!(reads[1].words.as_deref(), Some("核对名单"));
    let cells = dump(&story).await;
    assert_eq!(
        texts(&cells, "audit", "act")
            .iter()
            .filter(|act| *act == "read_personal_data")
            .count(),
        2
    );
    assert!(
        texts(&cells, "audit", "detail")
            .iter()
            .any(|detail| detail.starts_with("purpose=card_check fields=name citizen_id")),
        "the audit says for what"
    );
    // The same key gives the same answer and is one read.
    let path = format!("/api/v1/enrolments/{id}/unmask");
    let request = json!({ "purpose": "identity_check", "words": "核对证件", "fields": ["name"] });
    let county = story.who("county-1");
    let first = county
        .post_with_key(&path, "unmask-once", &request)
        .await
        .good();
    let again = county
        .post_with_key(&path, "unmask-once", &request)
        .await
        .good();
    assert_eq!(first, again);
    let other =
        json!({ "purpose": "identity_check", "words": "核对证件", "fields": ["citizen_id"] });
    county
        .post_with_key(&path, "unmask-once", &other)
        .await
        .problem(422, "idempotency-key-reused");
}

async fn an_institution_sees_verified_and_never_the_number(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..1]).await;
    let (id, _) = members[0];
    for field in [
        "citizen_id",
        "disability_card",
        "disability_category",
        "disability_level",
        "note",
    ] {
        for purpose in [
            "identity_check",
            "card_check",
            "person_request",
            "attendance_contact",
        ] {
            unmask(&story, "school-1", id, purpose, &json!([field]))
                .await
                .problem(403, "read-not-needed");
        }
    }
    let own = unmask(
        &story,
        "school-1",
        id,
        "attendance_contact",
        &json!(["name", "phone"]),
    )
    .await;
    assert_eq!(own.good()["values"]["phone"], known[0].phone);
    let before = story.enrolments(&cohort).await;
    assert!(
        before[0]["card"].is_null(),
        "nobody has asked the register yet"
    );
    let request = json!({ "outcome": "verified", "valid_until": "2031-05-01" });
    let path = format!("/api/v1/enrolments/{id}/card-check");
    story
        .who("school-1")
        .post(&path, &request)
        .await
        .problem(403, "forbidden");
    story.who("county-1").post(&path, &request).await.good();
    let row = &story.enrolments(&cohort).await[0];
    assert_eq!(
        (&row["card"], &row["card_valid_until"]),
        (&json!("verified"), &json!("2031-05-01"))
    );
    assert!(!row.to_string().contains(&known[0].card[..17]), "{row}");
}

async fn reading_many_without_a_task_raises_an_alarm_and_a_task_over_a_list_does_not(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    story.places = 52;
    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(1, 52)).await;
    let members = people::of_class(&story, &cohort).await;
    let request = json!({ "purpose": "card_check" });
    let open = format!("/api/v1/cohorts/{cohort}/open-list");
    story
        .who("other-county")
        .post(&open, &request)
        .await
        .problem(404, "not-found");
    story.who("county-2").post(&open, &request).await.good();
    let alarms = async |who: &str| story.who(who).get("/api/v1/read-alarms").await;
    for (id, _) in &members {
        unmask(&story, "county-2", *id, "card_check", &json!(["name"]))
            .await
            .good();
    }
    assert_eq!(
        alarms("province-1").await.good(),
        json!([]),
        "fifty-two rows are one task"
    );
    for (id, _) in &members[..50] {
        unmask(&story, "county-1", *id, "identity_check", &json!(["name"]))
            .await
            .good();
    }
    assert_eq!(
        alarms("province-1").await.good(),
        json!([]),
        "fifty are let through"
    );
    let before = api::privacy::reading::alarms_raised();
    for (id, _) in &members[50..] {
        unmask(&story, "county-1", *id, "identity_check", &json!(["name"]))
            .await
            .good();
    }
    let raised = alarms("province-1").await.good();
    assert_eq!(
        raised.as_array().map(Vec::len),
        Some(1),
        "one for a day: {raised}"
    );
    assert_eq!(raised[0]["persons"], 51);
    assert!(
        api::privacy::reading::alarms_raised() > before,
        "and a figure"
    );
    assert_eq!(
        alarms("other-province").await.good(),
        json!([]),
        "of one's own area"
    );
    alarms("county-1").await.problem(403, "forbidden");
    let cells = dump(&story).await;
    assert!(texts(&cells, "audit", "act").contains(&"bulk_read_alarm".to_owned()));
    // The grant is for a day: tomorrow the same reads are outside a task.
    story.server.days_pass(1);
    unmask(
        &story,
        "county-2",
        members[0].0,
        "card_check",
        &json!(["name"]),
    )
    .await
    .good();
    let reads = me::reads(&story.server.app, &people::actor(members[0].1), None, 10)
        .await
        .expect("reads");
    assert_eq!(
        reads.iter().map(|read| read.in_task).collect::<Vec<_>>(),
        [false, false, true]
    );
}

async fn a_consent_is_recorded_at_import_and_withdrawn_as_easily_as_given(database: Database) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()).await;
    let app = &story.server.app;
    let actor = people::actor(members[0].1);
    let of = async |purpose| {
        consents::of_trainee(app, &actor)
            .await
            .expect("consents")
            .into_iter()
            .find(|one| one.purpose == purpose)
            .expect("every purpose is told")
    };
    let training = of(ConsentPurpose::Training).await;
    assert!(training.given && training.consents.len() == 1);
    assert_eq!(training.consents[0].from.to_string(), "2026-02-20");
    assert_eq!(training.consents[0].channel.as_str(), "paper");
    story
        .import(&cohort, people::roster(&people::known()))
        .await;
    assert_eq!(
        of(ConsentPurpose::Training).await.consents.len(),
        1,
        "the same roster again"
    );
    let later = ConsentPurpose::OutcomeFollowUp;
    assert!(!of(later).await.given, "nothing is agreed to unasked");
    let request = ConsentRequest {
        purpose: later,
        until: None,
    };
    for _ in 0..2 {
        consents::give(app, &actor, &key(), &request)
            .await
            .expect("given");
        assert!(of(later).await.given);
        let receipt = consents::withdraw(app, &actor, &key(), &request)
            .await
            .expect("withdrawn");
        let receipt = receipt.value();
        assert_eq!(receipt["given"], false);
        assert!(
            receipt["consequence"]
                .as_str()
                .is_some_and(|text| text.contains("证书"))
        );
        assert!(receipt["retain_until"].is_string(), "{receipt}");
    }
    let now = of(later).await;
    assert!(
        !now.given && now.consents.len() == 2,
        "a withdrawal is a date, not a deletion"
    );
    let staff = api::access::accounts::sign_in(app, "county-1", tests::story::PASSWORD)
        .await
        .expect("signed in");
    let refused = consents::give(app, &staff.actor, &key(), &request).await;
    assert!(refused.is_err(), "nobody else decides about it");
    story
        .who("county-1")
        .get("/api/v1/me/consents")
        .await
        .problem(403, "forbidden");
    for path in ["/me", "/me/consents", "/me/reads"] {
        let page = story.who("anybody").get(path).await;
        assert_eq!(
            page.header("location"),
            format!("/sign-in?to={path}"),
            "{path}"
        );
    }
}

fn correction(name: &str) -> NewPersonRequest {
    NewPersonRequest {
        kind: RequestKind::Correction,
        words: None,
        name: Some(name.to_owned()),
        proof: Some("户口簿更正页".to_owned()),
        channel: None,
    }
}

fn ask_for(kind: RequestKind) -> NewPersonRequest {
    NewPersonRequest {
        kind,
        words: Some("请办理".to_owned()),
        name: None,
        proof: None,
        channel: None,
    }
}

async fn ask(story: &Story, person: PersonId, request: &NewPersonRequest) -> Value {
    requests::ask(&story.server.app, &people::actor(person), &key(), request)
        .await
        .expect("asked")
        .value()
}

async fn decide(story: &Story, who: &str, asked: &Value, request: &Value) -> Answer {
    let path = format!("/api/v1/person-requests/{}/decide", text(&asked["request"]));
    story
        .who(who)
        .post_seen(&path, &asked["revision"], request)
        .await
}

fn grant() -> Value {
    json!({ "grant": true, "reason": "材料齐全" })
}

async fn a_corrected_name_stands_on_the_certificate_that_supersedes(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..1]).await;
    let (_, person) = members[0];
    story.server.days_pass(1);
    let right = "欧阳虚构佳";
    let asked = ask(&story, person, &correction(right)).await;
    decide(&story, "county-1", &asked, &grant()).await.good();
    let old_id = text(&issued["certificates"][0]["id"]);
    let old = story.certificate(&old_id).await;
    let resource = format!("/api/v1/certificates/{}", text(&old["id"]));
    let request = json!({ "act": "supersede", "reason_code": "correction" });
    let done = story
        .who("province-1")
        .act(&resource, "changes", &request)
        .await
        .good();
    let new = story.certificate(&text(&done["superseded_by"])).await;
    let request =
        |number: &Value, name: &str| json!({ "items": [{ "number": number, "name": name }] });
    let state = async |number: &Value, name: &str| {
        let anybody = story.who("anybody");
        let ask = anybody
            .ask(reqwest::Method::POST, "/api/v1/verifications")
            .await;
        let answer = anybody.send(ask.json(&request(number, name))).await.good();
        text(&answer["items"][0]["state"])
    };
    assert_eq!(state(&new["certificate_no"], right).await, "valid");
    assert_eq!(
        state(&new["certificate_no"], known[0].name).await,
        "not_found"
    );
    assert_eq!(
        state(&old["certificate_no"], known[0].name).await,
        "superseded",
        "the signed old one stays as it was"
    );
    let record = me::record(&story.server.app, &people::actor(person))
        .await
        .expect("a record");
    let names: Vec<(&str, bool)> = record
        .values
        .iter()
        .filter(|value| value.kind == "name")
        .map(|value| (value.value.as_str(), value.until.is_some()))
        .collect();
    assert_eq!(
        names,
        [(known[0].name, true), (right, false)],
        "both names with their dates"
    );
}

async fn a_request_is_decided_once_and_by_its_last_day(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = story.class_of(&people::known()[..1]).await;
    let (enrolment, person) = members[0];
    let asked = ask(&story, person, &ask_for(RequestKind::Copy)).await;
    let today = story.server.today();
    let due = story.server.app.calendar.add_working_days(today, 15);
    assert_eq!(asked["due_on"], due.to_string(), "fifteen working days");
    let app = &story.server.app;
    let twice = requests::ask(
        app,
        &people::actor(person),
        &key(),
        &ask_for(RequestKind::Copy),
    )
    .await;
    assert_eq!(
        twice.expect_err("one at a time").code().as_str(),
        "duplicate"
    );
    let path = format!("/api/v1/person-requests/{}", text(&asked["request"]));
    let county = story.who("county-1");
    for who in ["other-county", "other-province"] {
        story.who(who).get(&path).await.problem(404, "not-found");
    }
    story
        .who("school-1")
        .get(&path)
        .await
        .problem(403, "forbidden");
    county
        .get(&format!("{path}/copy"))
        .await
        .problem(409, "transition-refused");
    let taken = county
        .post_seen(&format!("{path}/assign"), &json!(1), &json!({}))
        .await
        .good();
    assert_eq!(taken["state"], "assigned");
    decide(&story, "county-1", &asked, &grant())
        .await
        .problem(412, "precondition-failed");
    for wrong in [
        json!({ "grant": false, "reason": "不予办理" }),
        json!({ "grant": true, "outcome": "unproven", "reason": "同意" }),
        json!({ "grant": true, "reason": "" }),
    ] {
        decide(&story, "county-1", &taken, &wrong)
            .await
            .problem(422, "invalid-request");
    }
    story.server.days_pass(40);
    let listed = county.get("/api/v1/person-requests").await.good();
    assert_eq!(listed[0]["overdue"], true, "{listed}");
    decide(&story, "county-1", &taken, &grant()).await.good();
    let copy = county.get(&format!("{path}/copy")).await;
    assert_eq!(copy.header("cache-control"), "no-store");
    let copy = copy.good();
    assert_eq!(copy["format"], "mingzheng.own-record.v1");
    assert_eq!(copy["trainings"][0]["phone"], people::known()[0].phone);
    assert_eq!(
        copy["values"].as_array().map(Vec::len),
        Some(3),
        "name, number, card"
    );
    let reads = me::reads(app, &people::actor(person), None, 10)
        .await
        .expect("reads");
    assert_eq!(
        reads[0].purpose, "person_request",
        "the copy itself is a read"
    );
    let again = county
        .post_seen(&format!("{path}/decide"), &json!(3), &grant())
        .await;
    again.problem(409, "transition-refused");
    // At the counter, on paper.
    let request = json!({ "kind": "access", "channel": "paper" });
    let at = format!("/api/v1/enrolments/{enrolment}/person-requests");
    county
        .post(&at, &json!({ "kind": "access" }))
        .await
        .problem(422, "invalid-request");
    story
        .who("other-county")
        .post(&at, &request)
        .await
        .problem(404, "not-found");
    county.post(&at, &request).await.good();
}

async fn who_holds_no_certificate_is_erased_and_nothing_opens_any_more(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known).await;
    let (id, person) = members[0];
    let asked = ask(&story, person, &ask_for(RequestKind::Deletion)).await;
    decide(&story, "county-1", &asked, &grant())
        .await
        .problem(409, "transition-refused");
    let request = json!({ "reason": "other" });
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/{id}/withdraw");
    story.who("school-1").post(&path, &request).await.good();
    let before = dump(&story).await;
    let wrapped = {
        let kept: Vec<Vec<u8>> = column(&before, "person", "data_key");
        assert_eq!(kept.len(), 3);
        kept
    };
    let done = decide(&story, "county-1", &asked, &grant()).await.good();
    assert_eq!(
        (&done["state"], &done["outcome"]),
        (&json!("granted"), &json!("done"))
    );
    let after = dump(&story).await;
    for (table, name) in [
        ("person_name", "name_enc"),
        ("person_identifier", "value_enc"),
        ("enrolment", "phone_enc"),
        ("enrolment", "note_enc"),
    ] {
        let sorted = |cells: &[Cell]| {
            let mut all = column(cells, table, name);
            all.sort();
            all
        };
        assert_eq!(
            sorted(&before),
            sorted(&after),
            "{table}.{name} is as it was"
        );
    }
    let left = column(&after, "person", "data_key");
    assert_eq!(left.iter().filter(|key| key.is_empty()).count(), 1);
    let gone = wrapped
        .iter()
        .find(|key| !left.contains(key))
        .expect("the destroyed key");
    for cell in &after {
        assert!(
            !cell
                .bytes
                .windows(gone.len())
                .any(|part| part == gone.as_slice()),
            "the key lies in {cell:?}"
        );
    }
    for entry in std::fs::read_dir(story.server.data()).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            assert!(
                !bytes
                    .windows(gone.len())
                    .any(|part| part == gone.as_slice()),
                "the key lies in {}",
                path.display()
            );
        }
    }
    // Nobody opens anything: not the person, not an officer, not a search by the number.
    let app = &story.server.app;
    let record = me::record(app, &people::actor(person)).await;
    assert_eq!(record.expect_err("erased").code().as_str(), "not-found");
    let fields = json!(["name", "citizen_id", "phone"]);
    let seen = unmask(&story, "county-1", id, "person_request", &fields).await;
    for value in seen.good()["values"].as_object().expect("values").values() {
        assert!(value.is_null());
    }
    let reader = app.store.reader();
    let numbers: Vec<&str> = known.iter().map(|one| one.citizen_id.as_str()).collect();
    let found = store::persons::by_citizen_ids(reader, app.store.vault(), &numbers).await;
    let found = found.expect("asked");
    assert_eq!(found.len(), 2, "the others are still found");
    assert!(!found.values().any(|one| *one == person));
    let row = story.enrolments(&cohort).await;
    assert_eq!(row.len(), 3, "the class keeps its count");
    // Whoever comes again is somebody new.
    let erased = known
        .iter()
        .find(|one| {
            let index = store::persons::citizen_index(app.store.vault(), &one.citizen_id);
            !found.contains_key(&index)
        })
        .expect("one of them");
    let (_, again) = story.class_of(std::slice::from_ref(erased)).await;
    assert_ne!(again[0].1, person);
}

async fn who_holds_a_certificate_loses_only_what_no_law_keeps(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..1]).await;
    let (_, person) = members[0];
    let asked = ask(&story, person, &ask_for(RequestKind::Deletion)).await;
    let done = decide(&story, "county-1", &asked, &grant()).await.good();
    assert_eq!(
        (&done["state"], &done["outcome"]),
        (&json!("granted_in_part"), &json!("legal_duty"))
    );
    let year = story.server.today().year() + 30;
    assert!(
        text(&done["kept_until"]).starts_with(&year.to_string()),
        "{done}"
    );
    let record = me::record(&story.server.app, &people::actor(person))
        .await
        .expect("kept");
    assert!(
        record
            .trainings
            .iter()
            .all(|one| one.phone.is_none() && one.note.is_none())
    );
    assert!(record.consents.iter().all(|one| one.withdrawn_on.is_some()));
    let id = text(&issued["certificates"][0]["id"]);
    let verdict = story
        .who("anybody")
        .get(&format!("/api/v1/verifications/{id}"))
        .await
        .good();
    assert_eq!(verdict["state"], "valid", "the certificate holds");
}

async fn retention_drops_what_is_over_and_finds_nothing_the_second_time(database: Database) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()).await;
    let path = format!("/api/v1/cohorts/{cohort}/rosters");
    let school = story.who("school-1");
    school.upload(&path, rosters::csv(1, 2)).await.good();
    let app = &story.server.app;
    let fields = json!(["name"]);
    let unmasked = unmask(&story, "county-1", members[0].0, "identity_check", &fields).await;
    unmasked.good();
    let run = async |dry| retention::run(app, dry).await.expect("a run");
    let nothing_yet = run(false).await;
    assert_eq!((nothing_yet.contacts, nothing_yet.draft_rosters), (0, 0));
    story.server.days_pass(91);
    let drafts = run(true).await;
    assert_eq!(drafts.draft_rosters, 1);
    assert_eq!(run(true).await, drafts, "a dry run keeps nothing");
    assert_eq!(run(false).await.draft_rosters, 1);
    assert_eq!(run(false).await.draft_rosters, 0);
    story.server.days_pass(970 + 730);
    let later = run(false).await;
    assert_eq!(later.contacts, 3, "two years after the last window");
    assert!(later.reads >= 1, "{later:?}");
    let again = run(false).await;
    assert_eq!(
        (again.contacts, again.reads, again.first_answers),
        (0, 0, 0)
    );
    let record = me::record(app, &people::actor(members[0].1))
        .await
        .expect("a record");
    assert!(record.trainings[0].phone.is_none() && record.values.len() == 3);
    let cells = dump(&story).await;
    let runs = texts(&cells, "audit", "act")
        .iter()
        .filter(|act| *act == "retention_run")
        .count();
    assert_eq!(runs, 5, "each run that wrote is audited, a dry one is not");
}

async fn name_of(story: &Story, person: PersonId) -> String {
    let app = &story.server.app;
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let open = store::persons::open(reader, vault, &[person], app.today()).await;
    open.expect("opens")[&person].name.to_string()
}

async fn a_master_key_is_changed_in_pieces_while_everything_stays_readable(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known).await;
    let app = &story.server.app;
    let before = column(&dump(&story).await, "person_name", "name_enc");
    let pace = Pace {
        rows: 1,
        most: Some(1),
    };
    let first = rotate(app, KeyKind::Master, pace).await.expect("begun");
    assert_eq!(
        (first.version, first.resumed, first.finished, first.rows),
        (2, false, false, 1)
    );
    for ((_, person), one) in members.iter().zip(0..) {
        let name = name_of(&story, *person).await;
        assert!(
            known.iter().any(|known| known.name == name),
            "row {one} opens in between"
        );
    }
    // Another process that knew only the old key finds the new one by itself.
    let id = text(&issued["certificates"][0]["id"]);
    story.qr_text(&id).await;
    let rest = rotate(app, KeyKind::Master, Pace::default())
        .await
        .expect("went on");
    assert_eq!((rest.version, rest.resumed, rest.finished), (2, true, true));
    let cells = dump(&story).await;
    assert!(
        texts(&cells, "person", "data_key_version")
            .iter()
            .all(|version| version == "2")
    );
    assert_eq!(
        column(&cells, "person_name", "name_enc"),
        before,
        "only the covers changed"
    );
    for (_, person) in &members {
        name_of(&story, *person).await;
    }
    // New certificates take places from a list whose seed was sealed anew.
    let (again, _) = story
        .certified(&[Trainee::new(7_004, "司徒虚构丁", "43", "13900007004", "无")])
        .await;
    story.qr_text(&text(&again["certificates"][0]["id"])).await;
    let next = rotate(app, KeyKind::Master, Pace::default())
        .await
        .expect("a third version");
    assert_eq!(
        (next.version, next.resumed, next.finished),
        (3, false, true)
    );
    let acts = texts(&dump(&story).await, "audit", "act");
    for act in ["begin_key_rotation", "finish_key_rotation"] {
        assert_eq!(acts.iter().filter(|one| *one == act).count(), 2, "{act}");
    }
}

async fn an_index_key_is_changed_while_people_are_still_found(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known).await;
    let app = &story.server.app;
    let old = column(&dump(&story).await, "person_identifier", "blind_index");
    let numbers: Vec<&str> = known.iter().map(|one| one.citizen_id.as_str()).collect();
    let everybody_is_found = async || {
        let found = store::persons::by_citizen_ids(app.store.reader(), app.store.vault(), &numbers);
        let mut found: Vec<PersonId> = found.await.expect("asked").into_values().collect();
        found.sort();
        let mut all: Vec<PersonId> = members.iter().map(|(_, person)| *person).collect();
        all.sort();
        assert_eq!(found, all);
        for at in 0..known.len() {
            let certificate = story
                .certificate(&text(&issued["certificates"][at]["id"]))
                .await;
            let states: Vec<Value> = {
                let anybody = story.who("anybody");
                let items: Vec<Value> = known
                    .iter()
                    .map(|one| json!({ "number": certificate["certificate_no"], "name": one.name }))
                    .collect();
                let ask = anybody
                    .ask(reqwest::Method::POST, "/api/v1/verifications")
                    .await;
                let answer = anybody
                    .send(ask.json(&json!({ "items": items })))
                    .await
                    .good();
                answer["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .map(|one| one["state"].clone())
                    .collect()
            };
            assert_eq!(
                states
                    .iter()
                    .filter(|state| **state == json!("valid"))
                    .count(),
                1
            );
        }
    };
    everybody_is_found().await;
    let pace = Pace {
        rows: 2,
        most: Some(1),
    };
    let first = rotate(app, KeyKind::BlindIndex, pace).await.expect("begun");
    assert!(!first.finished);
    everybody_is_found().await;
    let rest = rotate(
        app,
        KeyKind::BlindIndex,
        Pace {
            rows: 2,
            most: None,
        },
    )
    .await
    .expect("went on");
    assert!(rest.resumed && rest.finished);
    everybody_is_found().await;
    let cells = dump(&story).await;
    let new = column(&cells, "person_identifier", "blind_index");
    assert!(
        old.iter().all(|index| !new.contains(index)),
        "no index of the old key is left"
    );
    assert!(
        texts(&cells, "certificate", "holder_version")
            .iter()
            .all(|version| version == "2")
    );
    assert!(
        column(&cells, "enrolment", "row_digest")
            .iter()
            .all(Vec::is_empty)
    );
    // A person of another roster is the same person.
    let (_, again) = story.class_of(&known[..1]).await;
    assert!(members.iter().any(|(_, person)| *person == again[0].1));
}

async fn a_ciphertext_in_another_row_does_not_open_and_the_audit_says_so(database: Database) {
    let story = Story::ready(database).await;
    let (cohort, members) = story.class_of(&people::known()).await;
    let writer = story.server.app.store.reader();
    // The note of a person into their telephone: the same key, another column.
    writer
        .execute_unprepared("UPDATE enrolment SET phone_enc = note_enc")
        .await
        .expect("moved");
    let moved = unmask(
        &story,
        "county-1",
        members[0].0,
        "acceptance_call",
        &json!(["phone"]),
    )
    .await;
    moved.problem(500, "internal");
    // The name of one person into the row of another.
    writer
        .execute_unprepared(
            "UPDATE person_name SET name_enc = (SELECT n.name_enc FROM person_name n WHERE n.id <> person_name.id
               ORDER BY n.id LIMIT 1)",
        )
        .await
        .expect("moved");
    let path = format!("/api/v1/cohorts/{cohort}/enrolments");
    let listed = story.who("school-1").get(&path).await;
    let problem = listed.problem(500, "internal");
    assert!(!problem.to_string().contains("person_name"), "{problem}");
    let cells = dump(&story).await;
    let kinds: Vec<String> = texts(&cells, "audit", "object_kind");
    let outcomes = texts(&cells, "audit", "outcome");
    for label in ["enrolment.phone", "person_name.name"] {
        let at = kinds.iter().position(|kind| kind == label);
        let at = at.unwrap_or_else(|| panic!("{label} is not in the audit: {kinds:?}"));
        assert_eq!(outcomes[at], "does-not-open");
    }
}

async fn the_command_line_changes_keys_under_a_running_service(database: Database) {
    let address = database.new_address();
    let server = tests::TestServer::start_with(database, |settings| {
        settings.database = address
            .as_deref()
            .map(|url| url.parse().expect("an address"));
    })
    .await;
    let story = Story::ready_on(server).await;
    let known = people::known();
    let (_, members) = story.class_of(&known).await;
    let mut program = tests::Mingzheng::new(env!("CARGO_BIN_EXE_tests"))
        .with("MINGZHENG_DATA", story.server.data());
    if let Some(address) = &address {
        program = program.with("MINGZHENG_DATABASE", address);
    }
    for command in ["rotate-vault", "rotate-blind-index"] {
        let begun = program
            .json(&["key", command, "--rows", "1", "--most", "1"])
            .good();
        assert_eq!(
            (&begun["finished"], &begun["version"]),
            (&json!(false), &json!(2)),
            "{begun}"
        );
        // The service, which was started before, opens both and finds everybody.
        for (_, person) in &members {
            name_of(&story, *person).await;
        }
        let app = &story.server.app;
        let numbers: Vec<&str> = known.iter().map(|one| one.citizen_id.as_str()).collect();
        let found = store::persons::by_citizen_ids(app.store.reader(), app.store.vault(), &numbers);
        assert_eq!(found.await.expect("asked").len(), 3, "{command}");
        let rest = program.json(&["key", command]).good();
        assert_eq!(
            (&rest["finished"], &rest["resumed"]),
            (&json!(true), &json!(true)),
            "{rest}"
        );
    }
    story.server.days_pass(40);
    let (_, again) = story.class_of(&known[..1]).await;
    assert!(
        members.iter().any(|(_, person)| *person == again[0].1),
        "the same person"
    );
    let dry = program.json(&["retention", "run", "--dry-run"]).good();
    assert_eq!(dry["dry_run"], true, "{dry}");
    program.json(&["retention", "run"]).good();
}

async fn a_trainee_reads_and_decides_on_pages_without_a_script(database: Database) {
    use api::frame::Visit;
    use api::privacy::pages;
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..1]).await;
    let (id, person) = members[0];
    unmask(
        &story,
        "county-1",
        id,
        "identity_check",
        &json!(["name", "citizen_id"]),
    )
    .await
    .good();
    let (app, actor) = (&story.server.app, people::actor(person));
    let html = async |answer: Result<axum::response::Response, api::problem::Problem>| {
        let answer = answer.expect("a page");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20)
            .await
            .expect("a body");
        String::from_utf8(bytes.to_vec()).expect("UTF-8")
    };
    for (lang, prefix) in [
        (api::extract::Locale::Zh, ""),
        (api::extract::Locale::En, "/en"),
    ] {
        let visit = |path: &str| Visit {
            lang,
            large: false,
            path: path.to_owned(),
            query: String::new(),
        };
        let own = html(pages::own_page(app, &visit("/me"), &actor).await).await;
        assert!(
            own.contains(known[0].name) && own.contains(&text(&issued["certificates"][0]["id"]))
        );
        assert!(!own.contains(&known[0].citizen_id) && !own.contains(&known[0].card));
        let form = api::access::browser::FormToken {
            text: String::new(),
            cookie: None,
        };
        let consents =
            html(pages::consents_page(app, &visit("/me/consents"), &actor, form).await).await;
        assert_eq!(
            consents.matches("<form method=\"post\"").count(),
            4,
            "a button for each purpose"
        );
        assert!(consents.contains(&format!("action=\"{prefix}/me/consents\"")));
        assert_eq!(
            (
                consents.matches("value=\"give\"").count(),
                consents.matches("value=\"withdraw\"").count()
            ),
            (3, 1)
        );
        let query = api::fields::PageQuery::default();
        let reads = html(pages::reads_page(app, &visit("/me/reads"), &actor, &query).await).await;
        assert!(reads.contains("西湖区"), "who, from where: {reads}");
        for page in [own, consents, reads] {
            assert_eq!(page.matches("<h1>").count(), 1);
            assert!(!page.contains("<script"), "no script");
        }
    }
}
