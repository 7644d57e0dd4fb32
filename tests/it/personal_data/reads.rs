//! Reading single values: for a purpose, in one's scope, kept where the person sees it; alarms; a trainee's own pages.

use super::{dump, texts, unmask};
use api::privacy::me;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, TestServer, on_both, people, rosters};

on_both! {
    a_value_is_read_one_record_at_a_time_for_a_purpose;
    an_institution_sees_verified_and_never_the_number;
    reading_many_without_a_task_raises_an_alarm_and_a_task_over_a_list_does_not;
    opening_the_certificates_of_many_raises_an_alarm_of_its_own;
    a_trainee_reads_and_decides_on_pages_without_a_script;
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
    // The same key gives the same answer; each time values are opened is a read of its own.
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
    let reads = me::reads(&story.server.app, &people::actor(person), None, 10)
        .await
        .expect("reads");
    assert_eq!(reads.len(), 4);
    assert_eq!(reads[0].purpose, reads[1].purpose);
    let cells = dump(&story).await;
    let told = texts(&cells, "audit", "act");
    let told = told.iter().filter(|act| *act == "read_personal_data");
    assert_eq!(told.count(), 4);
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

async fn opening_the_certificates_of_many_raises_an_alarm_of_its_own(database: Database) {
    let base = tests::root().join("seed-data/policies/CN-BASE-2026.1.workflow.json");
    let policy = std::fs::read_to_string(base).expect("the policy");
    let mut policy: serde_json::Value = serde_json::from_str(&policy).expect("JSON");
    policy["workflow"]["provisional_max_trainees"] = json!(1_000);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), policy.to_string()).expect("written");
    let path = file.path().to_owned();
    let server =
        TestServer::start_with(database, |settings| settings.policy_file = Some(path)).await;
    let mut story = Story::ready_on(server).await;
    let (issued, _) = story.certified(&people::known()[..2]).await;
    open(&story, &issued, 0).await;
    let app = &story.server.app;
    let numbers = &app.privacy.privacy;
    let most = numbers.bulk_file_persons;
    assert!(
        most > numbers.bulk_read_persons,
        "handing over is daily work"
    );

    // As many as an account may hand over in a day.
    let me = story.who("county-1").get("/api/v1/self").await.good();
    let account = text(&me["account"]).parse().expect("an id");
    let live = store::accounts::live(app.store.reader(), account, app.today())
        .await
        .expect("asked")
        .expect("an account");
    story.places = most;
    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(100, most)).await;
    let members = people::of_class(&story, &cohort).await;
    let app = &story.server.app;
    for (_, person) in &members[1..] {
        let purpose = domain::privacy::ReadPurpose::CertificateFile;
        let fields = [domain::privacy::PersonalField::Name];
        api::privacy::reading::note_read(app, &live.actors[0], *person, purpose, &fields)
            .await
            .expect("noted");
    }
    let alarms = async || {
        story
            .who("province-1")
            .get("/api/v1/read-alarms")
            .await
            .good()
    };
    assert_eq!(alarms().await, json!([]), "so many are let through");
    let before = api::privacy::reading::alarms_raised();
    open(&story, &issued, 0).await;
    assert_eq!(alarms().await, json!([]), "persons count, not openings");
    open(&story, &issued, 1).await;
    open(&story, &issued, 1).await;
    let raised = alarms().await;
    assert_eq!(raised.as_array().map(Vec::len), Some(1), "{raised}");
    assert_eq!(
        (&raised[0]["kind"], &raised[0]["persons"]),
        (&json!("files"), &json!(most + 1))
    );
    assert!(api::privacy::reading::alarms_raised() > before);
    let cells = dump(&story).await;
    assert!(texts(&cells, "audit", "act").contains(&"bulk_file_alarm".to_owned()));
    // It does not hide the other alarm, nor does handing over count as reading values.
    for (id, _) in &members[..51] {
        unmask(&story, "county-1", *id, "identity_check", &json!(["name"]))
            .await
            .good();
    }
    let raised = alarms().await;
    assert_eq!(raised.as_array().map(Vec::len), Some(2), "{raised}");
    assert_eq!(
        (&raised[0]["kind"], &raised[0]["persons"]),
        (&json!("values"), &json!(51))
    );
}

/// The county opens the QR code of a certificate.
async fn open(story: &Story, issued: &serde_json::Value, at: usize) {
    let id = text(&issued["certificates"][at]["id"]);
    let path = format!("/api/v1/certificates/{id}/qr.txt");
    let answer = story.who("county-1").get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
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
        let copy = html(pages::copy_page(app, &visit("/me/copy"), &actor).await).await;
        assert!(
            copy.contains(&known[0].citizen_id)
                && copy.contains(known[0].note)
                && copy.contains(known[0].phone)
        );
        for page in [own, consents, reads, copy] {
            assert_eq!(page.matches("<h1>").count(), 1);
            assert!(!page.contains("<script"), "no script");
        }
    }
}
