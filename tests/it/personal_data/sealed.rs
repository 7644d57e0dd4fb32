//! What is sealed under the master key is all changed over before its old version may be put away (trust.md PI-1).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::privacy::rotation::{Pace, rotate};
use serde_json::json;
use store::ConnectionTrait as _;
use store::vault::KeyKind;
use tests::answer::text;
use tests::people::Trainee;
use tests::{Database, Mingzheng, Story, TestServer, on_both, people};

use super::{dump, name_of, texts};
use crate::cases::hidden;
use crate::evidence::{employer, roster, row, taught};
use crate::evidence_desk::{OWN, signed_in, upload};

on_both! {
    with_the_old_key_put_away_everything_opens;
    a_service_that_met_no_row_of_the_new_key_makes_none_of_the_old;
}

/// Every file under a folder.
pub(super) fn under(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                under(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

pub(crate) fn picture() -> Vec<u8> {
    let white = image::GrayImage::from_pixel(40, 30, image::Luma([255]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    white
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("written");
    bytes.into_inner()
}

async fn with_the_old_key_put_away_everything_opens(database: Database) {
    let mut story = Story::ready(database).await;
    let members = taught(&story, roster(1, 2, "330106")).await;
    let school = story.who("school-1");
    let kept = school.upload("/api/v1/files", picture()).await.good();
    let file = format!("/api/v1/files/{}", text(&kept["id"]));
    let before = school.get(&file).await;
    assert_eq!(before.status, 200, "{}", before.text());
    let day = story.server.today().to_string();
    let start = story.server.today() - chrono::Days::new(3);
    let rows = format!(
        "公民身份号码,统一社会信用代码,起始日期,截止日期\n{}\n",
        row(1, &employer(3), start, None)
    );
    let county = signed_in(&story, "county-1").await;
    let fields = [
        ("key", "r-1"),
        ("source", "social_insurance"),
        ("as_of", day.as_str()),
    ];
    let looked = upload(&county, "/admin/registers", &fields, rows.as_bytes()).await;
    assert_eq!(looked.status, 303, "{}", looked.text());
    crate::evidence::frozen(&story, "quarterly").await;

    // A file that is not there cannot change over, and the old key must stay: it is told.
    let folder = story.server.data().join("files");
    let all = under(&folder);
    assert_eq!(all.len(), 2, "{all:?}");
    let aside = story.server.data().join("aside");
    std::fs::rename(&all[0], &aside).expect("moved");
    let app = &story.server.app;
    let pace = Pace {
        rows: 1,
        most: None,
    };
    let short = rotate(app, KeyKind::Master, pace).await.expect("begun");
    assert_eq!((short.finished, short.left), (false, 1), "{short:?}");
    std::fs::rename(&aside, &all[0]).expect("moved back");
    let whole = rotate(app, KeyKind::Master, pace).await.expect("went on");
    assert!(
        whole.resumed && whole.finished && whole.left == 0,
        "{whole:?}"
    );
    let new = under(&folder);
    assert_eq!(new.len(), 2, "the old files are gone: {new:?}");
    for path in &new {
        assert!(!all.contains(path), "another name");
        let bytes = std::fs::read(path).expect("a file");
        assert_eq!(bytes[..4], 2_i32.to_be_bytes());
    }

    let old = story.server.data().join("keys/vault.key");
    std::fs::remove_file(&old).expect("put away");
    story.restart(None, |_| ()).await;
    let after = story.who("school-1").get(&file).await;
    assert_eq!(after.status, 200, "{}", after.text());
    assert_eq!(after.bytes, before.bytes);
    let mut county = signed_in(&story, "county-1").await;
    let html = county.open("/admin/registers/draft").await.text();
    let (key, draft) = (
        hidden(&html, "核对后导入", "key"),
        hidden(&html, "核对后导入", "draft"),
    );
    let confirm = [("key", key.as_str()), ("draft", draft.as_str())];
    let done = county.send("/admin/registers/draft", &OWN, &confirm).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let known = crate::evidence::episodes(&story, "county-1", &members[0]).await;
    assert_eq!(known.len(), 1, "the draft was read and imported");
    assert_eq!(under(&folder).len(), 1, "a draft that was imported is gone");
    let app = &story.server.app;
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let freezes = super::column(&dump(&story).await, "grading_freeze", "key_enc");
    assert!(!freezes.is_empty() && freezes.iter().all(|key| key[..4] == 2_i32.to_be_bytes()));
    let older = store::rotation::older(reader, vault).await;
    assert_eq!(older.expect("counted"), 0);
    assert_eq!(vault.version(KeyKind::Master), 2);
}

async fn a_service_that_met_no_row_of_the_new_key_makes_none_of_the_old(database: Database) {
    let address = database.new_address();
    let server = TestServer::start_with(database, |settings| {
        settings.database = address
            .as_deref()
            .map(|url| url.parse().expect("an address"));
    })
    .await;
    let story = Story::ready_on(server).await;
    let (_, members) = story.class_of(&people::known()).await;
    let app = &story.server.app;
    let db = app.store.reader();
    db.execute_unprepared("CREATE TABLE kept AS SELECT id, data_key FROM person")
        .await
        .expect("kept");
    let mut program =
        Mingzheng::new(env!("CARGO_BIN_EXE_tests")).with("MINGZHENG_DATA", story.server.data());
    if let Some(address) = &address {
        program = program.with("MINGZHENG_DATABASE", address);
    }
    let program = Arc::new(program);
    // On PostgreSQL one writes beside it, who began when there was only the old key: the end waits for them.
    let straggler = match database {
        Database::Postgres(_) => Some(app.store.write().await.expect("a transaction")),
        Database::Sqlite => None,
    };
    let rotated = std::thread::spawn({
        let program = Arc::clone(&program);
        move || program.json(&["key", "rotate-vault"]).good()
    });
    if let Some(tx) = straggler {
        while store::rotation::newest(db, KeyKind::Master)
            .await
            .expect("asked")
            .is_none()
        {
            tokio::task::yield_now().await;
        }
        let late = Trainee::new(7_101, "司徒虚构戊", "43", "13900007101", "无");
        let person = store::persons::NewPerson {
            citizen_id: &late.citizen_id,
            name: late.name,
        };
        let ids = || app.random.id(app.now());
        let (now, today) = (app.now(), app.today());
        let made = store::persons::make(&tx, app.store.vault(), &[person], now, today, ids).await;
        assert!(made.expect("made")[0].is_some());
        store::commit(tx).await.expect("committed");
    }
    let done = tokio::task::spawn_blocking(move || rotated.join().expect("no panic"));
    let done = done.await.expect("it ended");
    assert_eq!(
        (&done["version"], &done["finished"]),
        (&json!(2), &json!(true)),
        "{done}"
    );
    // The service has opened nothing of the new key, and writes: persons, and a file.
    story
        .class_of(&[Trainee::new(7_102, "司徒虚构己", "43", "13900007102", "无")])
        .await;
    let school = story.who("school-1");
    school.upload("/api/v1/files", picture()).await.good();
    let cells = dump(&story).await;
    let versions: BTreeSet<String> = texts(&cells, "person", "data_key_version")
        .into_iter()
        .chain(texts(&cells, "evidence_file", "sealed_version"))
        .collect();
    assert_eq!(versions, BTreeSet::from(["2".to_owned()]));

    // Rows of the old key that a finished change left are done first when it is run again.
    let (_, person) = members[0];
    db.execute_unprepared(
        "UPDATE person SET data_key_version = 1, data_key = (SELECT k.data_key FROM kept k WHERE k.id = person.id)
           WHERE id IN (SELECT id FROM kept)",
    )
    .await
    .expect("as it was");
    let again = program.json(&["key", "rotate-vault"]).good();
    assert_eq!(
        (&again["version"], &again["resumed"], &again["finished"]),
        (&json!(2), &json!(true), &json!(true)),
        "{again}"
    );
    assert_eq!(again["rows"], 3);
    name_of(&story, person).await;
    let next = program.json(&["key", "rotate-vault"]).good();
    assert_eq!(
        (&next["version"], &next["finished"]),
        (&json!(3), &json!(true))
    );
}

/// Whoever seals something under the master key says so in the tables of what is changed over: every caller's label stands
/// there, or is named here with why it need not.
#[test]
fn every_secret_under_the_master_key_stands_in_the_tables_of_what_is_changed_over() {
    const ELSEWHERE: [(&str, &str, &str); 2] = [
        (
            "api/src/certificates/share.rs",
            "TOKEN",
            "an answer kept for repetitions for days, and told to be gone after",
        ),
        (
            "api/src/keyring/sealed.rs",
            "&name_of(path)",
            "another key: the sealing key",
        ),
    ];
    let root = tests::root();
    let mut labels = BTreeSet::new();
    let mut makers = BTreeSet::new();
    let mut elsewhere = 0;
    for source in under(&root.join("api/src"))
        .into_iter()
        .chain(under(&root.join("store/src")))
    {
        let name = source
            .strip_prefix(root)
            .expect("inside")
            .display()
            .to_string();
        let is_source = source.extension().is_some_and(|end| end == "rs");
        if !is_source || name.starts_with("store/src/vault/") || name.contains("/rotation/") {
            continue;
        }
        let code = std::fs::read_to_string(&source).expect("a source");
        if code.contains(".new_data_key(") {
            makers.insert(name.clone());
        }
        for (_, rest) in code
            .match_indices(".seal_registry_secret(")
            .map(|(at, call)| (at, code[at + call.len()..].trim_start()))
        {
            let argument = rest.split(',').next().unwrap_or("").trim();
            if ELSEWHERE
                .iter()
                .any(|(file, one, _)| *file == name && *one == argument)
            {
                elsewhere += 1;
                continue;
            }
            let constant = argument.rsplit("::").next().unwrap_or("");
            labels.insert(label(root, &name, &code, constant));
        }
    }
    assert_eq!(elsewhere, ELSEWHERE.len());
    let told: BTreeSet<String> = store::rotation::COLUMNS
        .iter()
        .map(|column| column.label)
        .chain(store::rotation::FILES.iter().map(|files| files.label))
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(
        labels, told,
        "callers of seal_registry_secret, and store/src/rotation/secrets.rs"
    );
    // Data keys stand in one table, and are made in one place.
    assert_eq!(
        makers,
        BTreeSet::from(["store/src/persons/mod.rs".to_owned()])
    );
}

/// What a constant says: in the file of the caller, or where the store tells it.
fn label(root: &Path, name: &str, code: &str, constant: &str) -> String {
    let files = ["EVIDENCE", "DRAFTS"].map(|of| format!("store::rotation::{of}.label"));
    let mark = format!("const {constant}: &str = ");
    let of_store = under(&root.join("store/src"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .map(|path| std::fs::read_to_string(path).expect("a source"));
    let found = std::iter::once(code.to_owned())
        .chain(of_store)
        .find_map(|code| {
            let at = code.find(&mark)? + mark.len();
            code[at..].split(';').next().map(ToOwned::to_owned)
        })
        .unwrap_or_else(|| panic!("{name} seals under {constant}, which is no constant"));
    match files.iter().position(|file| *file == found) {
        Some(at) => store::rotation::FILES[at].label.to_owned(),
        None => found.trim_matches('"').to_owned(),
    }
}
