//! Erasing a person, and dropping what its time is over for.

use super::{ask, ask_for, column, decide, dump, grant, texts, unmask};
use api::privacy::{me, retention};
use chrono::Datelike as _;
use domain::privacy::RequestKind;
use serde_json::json;
use store::dump::Cell;
use tests::answer::text;
use tests::{Database, Story, on_both, people, rosters};

on_both! {
    who_holds_no_certificate_is_erased_and_nothing_opens_any_more;
    who_holds_a_certificate_loses_only_what_no_law_keeps;
    the_files_of_an_erased_holder_are_not_there;
    what_proved_the_work_of_an_erased_person_opens_no_more;
    who_opens_what_proves_work_is_told_to_whom_it_shows;
    retention_drops_what_is_over_and_finds_nothing_the_second_time;
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

/// When the law keeps a certificate no longer its holder can be erased: of the signed bytes nothing is made any more.
async fn the_files_of_an_erased_holder_are_not_there(database: Database) {
    let story = Story::ready(database).await;
    let (issued, members) = story.certified(&people::known()[..1]).await;
    let id = text(&issued["certificates"][0]["id"]);
    let province = story.who("province-1");
    let files = [
        "qr.png",
        "qr.svg",
        "qr.txt",
        "credential.jwt",
        "credential.json",
        "credential.sdjwt",
        "certificate.txt",
    ];
    let path = |file: &str| format!("/api/v1/certificates/{id}/{file}");
    for file in files {
        let answer = province.get(&path(file)).await;
        assert_eq!(answer.status, 200, "{file}: {}", answer.text());
    }
    let app = &story.server.app;
    let tx = app.store.write().await.expect("a transaction");
    let erased = store::privacy::erasure::erase(&tx, members[0].1, app.today(), app.now()).await;
    erased.expect("erased");
    store::commit(tx).await.expect("committed");
    for file in files {
        let answer = province.get(&path(file)).await;
        answer.problem(404, "not-found");
    }
    let call = json!({ "certificate": id });
    let called = province.post("/api/v1/telephone-checks", &call).await;
    called.problem(404, "not-found");
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
    story.told(&people::known(), &members).await;
    let nothing_yet = run(false).await;
    assert_eq!((nothing_yet.contacts, nothing_yet.draft_rosters), (0, 0));
    assert_eq!(nothing_yet.verified_contacts, 0);
    story.server.days_pass(91);
    let drafts = run(true).await;
    assert_eq!(drafts.draft_rosters, 1);
    assert_eq!(run(true).await, drafts, "a dry run keeps nothing");
    assert_eq!(run(false).await.draft_rosters, 1);
    assert_eq!(run(false).await.draft_rosters, 0);
    story.server.days_pass(970 + 730);
    let later = run(false).await;
    assert_eq!(later.contacts, 3, "two years after the last window");
    assert_eq!(later.verified_contacts, 3);
    let (db, vault) = (app.store.reader(), app.store.vault());
    let left = store::contacts::phone(db, vault, members[0].1).await;
    assert!(left.expect("asked").is_none());
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

/// Evidence lies under the registry's own key: its bytes go with the person, unless they also show somebody else.
async fn what_proved_the_work_of_an_erased_person_opens_no_more(database: Database) {
    let story = Story::ready(database).await;
    let members = crate::evidence::taught(&story, crate::evidence::roster(1, 2, "330106")).await;
    story.server.days_pass(40);
    let school = story.who("school-1");
    let kept = async || {
        let kept = school.upload("/api/v1/files", super::sealed::picture());
        text(&kept.await.good()["id"])
    };
    let (alone, both) = (kept().await, kept().await);
    let at = |id: &str| format!("/api/v1/files/{id}");
    for (member, file, employer) in [(0, &alone, 3), (0, &both, 4), (1, &both, 4)] {
        let employer = crate::evidence::employer(employer);
        let more = json!({ "source": "photo", "file": file });
        let member = &members[member];
        crate::evidence::claim(&story, "school-1", member, &employer, 20, more)
            .await
            .good();
    }
    let under = || super::sealed::under(&story.server.data().join("files")).len();
    assert_eq!(under(), 2);
    let app = &story.server.app;
    let erase = async |number: u32| {
        let number = rosters::citizen_id(number);
        let (db, vault) = (app.store.reader(), app.store.vault());
        let found = store::persons::by_citizen_ids(db, vault, &[number.as_str()]).await;
        let found = found.expect("asked");
        let person = found[&store::persons::citizen_index(vault, &number)];
        let asked = ask(&story, person, &ask_for(RequestKind::Deletion)).await;
        let done = decide(&story, "county-1", &asked, &grant()).await.good();
        assert_eq!(done["outcome"], "done", "{done}");
    };
    erase(1).await;
    school.get(&at(&alone)).await.problem(404, "not-found");
    assert_eq!(school.get(&at(&both)).await.status, 200, "it shows another");
    assert_eq!(under(), 1, "the bytes are gone");
    erase(2).await;
    school.get(&at(&both)).await.problem(404, "not-found");
    assert_eq!(under(), 0);
}

/// A contract carries a name: opening it is a read, which its person sees and the alarm counts (trust.md PI-4).
async fn who_opens_what_proves_work_is_told_to_whom_it_shows(database: Database) {
    let story = Story::ready(database).await;
    let members = crate::evidence::taught(&story, crate::evidence::roster(11, 2, "330106")).await;
    story.server.days_pass(40);
    let school = story.who("school-1");
    let kept = school.upload("/api/v1/files", super::sealed::picture());
    let file = text(&kept.await.good()["id"]);
    let path = format!("/api/v1/files/{file}");
    let county = story.who("county-1");
    let me = county.get("/api/v1/self").await.good();
    let account = text(&me["account"]).parse().expect("an id");
    let app = &story.server.app;
    let counted = async || {
        store::privacy::reads::persons_outside_tasks(
            app.store.reader(),
            account,
            app.today(),
            false,
        )
        .await
        .expect("counted")
    };
    assert_eq!(county.get(&path).await.status, 200, "it shows nobody yet");
    assert_eq!(counted().await, 0);
    for member in &members {
        let more = json!({ "source": "photo", "file": file });
        let employer = crate::evidence::employer(3);
        crate::evidence::claim(&story, "school-1", member, &employer, 20, more)
            .await
            .good();
    }
    story
        .who("other-county")
        .get(&path)
        .await
        .problem(404, "not-found");
    assert_eq!(county.get(&path).await.status, 200);
    assert_eq!(counted().await, 2, "each person counts");
    for member in &members {
        let id = member.parse().expect("an id");
        let cohort = store::certificates::cohort_of_enrolment(app.store.reader(), id)
            .await
            .expect("asked")
            .expect("a class");
        let own = crate::grievances::trainee(&story, &cohort.to_string(), member).await;
        let reads = own.get("/api/v1/me/reads").await.good();
        let seen: Vec<&str> = reads["items"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["purpose"].as_str())
            .collect();
        assert_eq!(seen, ["evidence_file"], "{reads}");
    }
}
