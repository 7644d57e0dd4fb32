//! Changing the keys of the vault, and ciphertexts that were moved.

use super::{column, dump, name_of, texts, unmask};
use api::keyring::{self, KeyringError, Seal};
use api::privacy::rotation::{Pace, rotate};
use domain::ids::PersonId;
use serde_json::{Value, json};
use store::ConnectionTrait as _;
use store::vault::KeyKind;
use tests::answer::text;
use tests::people::Trainee;
use tests::{Database, Story, on_both, people};

on_both! {
    a_master_key_is_changed_in_pieces_while_everything_stays_readable;
    an_index_key_is_changed_while_people_are_still_found;
    a_ciphertext_in_another_row_does_not_open_and_the_audit_says_so;
    the_command_line_changes_keys_under_a_running_service;
}

/// The key folder without its passphrase opens nothing (trust.md KY-1): every file is sealed, before and after a change of
/// keys, and one that lies in the clear is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_keys_is_worth_nothing_without_its_passphrase() {
    let story = Story::staffed(Database::Sqlite).await;
    let app = &story.server.app;
    for kind in [KeyKind::Master, KeyKind::BlindIndex] {
        let rotated = rotate(app, kind, Pace::default()).await;
        assert!(rotated.expect("rotated").finished);
    }
    let random = &app.random;
    let (keys, passphrase) = (
        story.server.data().join("keys"),
        story.server.data().join("passphrase"),
    );
    let seal = Seal::open(&keys, &passphrase, random).expect("the seal opens");
    let vault = keyring::vault_keys(&keys, &seal).expect("the keys open");
    assert_eq!((vault.master.len(), vault.blind.len()), (2, 2));
    let mut secrets = vec![("session.key", app.keyring.session_seed().to_vec())];
    let versions = |name: &'static str, keys: std::collections::BTreeMap<i32, _>| {
        let keys = keys.into_values();
        keys.map(move |key: store::vault::SecretKey| (name, key.to_vec()))
    };
    secrets.extend(versions("vault.key", vault.master));
    secrets.extend(versions("blind-index.key", vault.blind));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&keys).expect("the folder") {
        let path = entry.expect("an entry").path();
        let content = std::fs::read(&path).expect("a file");
        files.push((path, content));
    }
    for name in [
        "sealing.key",
        "session.key",
        "vault.key",
        "vault.2.key",
        "blind-index.key",
        "blind-index.2.key",
    ] {
        assert!(files.iter().any(|(path, _)| path.ends_with(name)), "{name}");
    }
    for (name, secret) in &secrets {
        assert_eq!(secret.len(), 32);
        let forms = [
            data_encoding::HEXLOWER.encode(secret).into_bytes(),
            data_encoding::HEXUPPER.encode(secret).into_bytes(),
            data_encoding::BASE64.encode(secret).into_bytes(),
            secret.clone(),
        ];
        for (path, content) in &files {
            for form in &forms {
                let found = content.windows(form.len()).any(|part| part == form);
                assert!(!found, "{name} stands in {}", path.display());
            }
        }
    }
    // Another passphrase opens nothing, and a file in another's place neither.
    let other = story.server.data().join("other-passphrase");
    std::fs::write(&other, "another passphrase of forty characters..").expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&other, private).expect("private");
    let refused = Seal::open(&keys, &other, random).expect_err("another passphrase");
    assert!(matches!(refused, KeyringError::Unreadable(file) if file == "sealing.key"));
    let vault_file = keys.join("vault.key");
    let sealed = std::fs::read(&vault_file).expect("the file");
    std::fs::copy(keys.join("vault.2.key"), &vault_file).expect("put in its place");
    let refused = keyring::vault_keys(&keys, &seal).expect_err("moved");
    assert!(matches!(refused, KeyringError::Unreadable(file) if file == "vault.key"));
    // What lies in the clear is refused with what to do, not used.
    std::fs::write(&vault_file, data_encoding::HEXLOWER.encode(&secrets[1].1)).expect("written");
    let refused = keyring::vault_keys(&keys, &seal).expect_err("in the clear");
    assert!(matches!(&refused, KeyringError::Clear(file) if file == "vault.key"));
    assert!(
        refused.to_string().contains("from your backup"),
        "{refused}"
    );
    let program = tests::Mingzheng::new(env!("CARGO_BIN_EXE_tests"))
        .with("MINGZHENG_DATA", story.server.data());
    let ran = program.run(&["retention", "run", "--dry-run"]);
    assert_ne!(ran.code, 0, "{}", ran.out);
    assert!(
        ran.err.contains("vault.key lies in the clear"),
        "{}",
        ran.err
    );
    std::fs::write(&vault_file, sealed).expect("put back");
    keyring::vault_keys(&keys, &seal).expect("as before");
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
