//! Secrets and numbers of persons that once stood in clear: share tokens, names of files, words of a reason.

use api::boot::Settings;
use api::privacy::rotation::{Pace, rotate};
use reqwest::Method;
use serde_json::json;
use store::vault::KeyKind;
use tests::answer::text;
use tests::client::fresh_key;
use tests::story::PASSWORD;
use tests::{Client, Database, Story, TestServer, on_both, rosters};

on_both! {
    a_share_token_is_answered_again_and_stands_nowhere_in_clear;
    no_number_of_a_person_gets_into_a_timeline;
    the_name_of_a_roster_comes_in_a_header_and_is_not_kept;
    secrets_of_accounts_open_after_the_master_key_was_changed;
    a_share_link_asked_for_again_after_its_key_was_put_away_is_told_to_be_gone;
    no_number_of_a_person_gets_into_objections_papers_and_appeals;
}

async fn in_dump(story: &Story, secret: &str) -> Vec<String> {
    let cells = store::dump::dump(story.server.app.store.reader());
    cells
        .await
        .expect("a dump")
        .into_iter()
        .filter(|cell| {
            cell.bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        })
        .map(|cell| format!("{}.{}", cell.table, cell.column))
        .collect()
}

async fn a_share_token_is_answered_again_and_stands_nowhere_in_clear(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let certificate = story.certificate(&id).await;
    let path = format!("/api/v1/certificates/{}/shares", text(&certificate["id"]));
    let (key, body) = (
        fresh_key(),
        json!({ "days": 7, "reason": "持证人在窗口要求。" }),
    );
    let county = story.who("county-1");
    let first = county.post_with_key(&path, &key, &body).await;
    let again = county.post_with_key(&path, &key, &body).await;
    let token = text(&first.good()["token"]);
    assert_eq!(first.bytes, again.bytes, "byte for byte");
    let file = format!("/api/v1/certificates/{id}/qr.txt?share={token}");
    assert_eq!(story.who("anybody").get(&file).await.status, 200);
    assert_eq!(in_dump(&story, &token).await, Vec::<String>::new());
}

async fn no_number_of_a_person_gets_into_a_timeline(database: Database) {
    let story = Story::applied(database).await;
    let number = rosters::citizen_id(1);
    let resource = format!("/api/v1/institutions/{}", story.admission);
    for reason in [
        format!("法定代表人 {number} 材料不全"),
        "请联系 139 0000 7001".to_owned(),
        "请联系１３９００００７００１".to_owned(),
    ] {
        let request = json!({ "transition": "T04", "reason": reason });
        let refused = story
            .who("county-1")
            .act(&resource, "transitions", &request)
            .await;
        let faults = refused.faults();
        assert_eq!(
            faults[0],
            ("/reason".to_owned(), "personal-number".to_owned())
        );
        assert!(!refused.text().contains(&number), "it is not said again");
    }
    // A document and a telephone of an office are none.
    let request = json!({ "transition": "T04", "reason": "依浙残联〔2026〕12号,0571-88880000" });
    story
        .who("county-1")
        .act(&resource, "transitions", &request)
        .await
        .good();
    assert_eq!(in_dump(&story, &number).await, Vec::<String>::new());
}

async fn the_name_of_a_roster_comes_in_a_header_and_is_not_kept(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    let school = story.who("school-1");
    let path = format!("/api/v1/cohorts/{cohort}/rosters");
    let upload = async |path: &str, name: Option<&str>| {
        let mut request = school
            .ask(Method::POST, path)
            .await
            .header("Idempotency-Key", fresh_key())
            .header("Content-Type", "application/octet-stream");
        if let Some(name) = name {
            request = request.header("X-File-Name", name);
        }
        school.send(request.body(rosters::csv(1, 1))).await
    };
    let old = upload(&format!("{path}?file_name=a.csv"), None).await;
    assert!(old.status.is_client_error(), "{}", old.status);
    // A name that names somebody, as people name their files.
    let name = "欧阳虚构甲的名单+1.CSV";
    let sent = "%E6%AC%A7%E9%98%B3%E8%99%9A%E6%9E%84%E7%94%B2%E7%9A%84%E5%90%8D%E5%8D%95%2B1.CSV";
    let named = upload(&path, Some(sent)).await.good();
    let shown = school
        .get(&format!("{path}/{}", text(&named["roster"])))
        .await
        .good();
    assert_eq!(shown["file_type"], "csv");
    assert_eq!(shown.get("file_name"), None);
    for part in [name, "欧阳虚构甲", "名单+1"] {
        assert_eq!(in_dump(&story, part).await, Vec::<String>::new(), "{part}");
    }
    // What stands behind the last dot may be a name as well.
    let other = upload(&path, Some("roster.OuyangXugou")).await.good();
    let shown = school
        .get(&format!("{path}/{}", text(&other["roster"])))
        .await
        .good();
    assert_eq!(shown["file_type"], "");
    for wrong in ["%FF.csv", "a&b=c"] {
        let refused = upload(&path, Some(wrong)).await;
        assert_eq!(refused.faults()[0].0, "/X-File-Name", "{wrong}");
    }
}

async fn secrets_of_accounts_open_after_the_master_key_was_changed(database: Database) {
    let story = Story::staffed(database).await;
    let app = &story.server.app;
    let account = text(&story.who("county-1").get("/api/v1/self").await.good()["account"]);
    let begun = story
        .who("county-1")
        .post("/api/v1/self/second-factor", &json!({}))
        .await
        .good();
    let rotated = rotate(app, KeyKind::Master, Pace::default());
    assert!(rotated.await.expect("a new key").finished);
    let cells = store::dump::dump(app.store.reader()).await.expect("a dump");
    let sealed: Vec<&[u8]> = cells
        .iter()
        .filter(|cell| (cell.table.as_str(), cell.column.as_str()) == ("totp", "secret_enc"))
        .map(|cell| &cell.bytes[..4])
        .collect();
    assert_eq!(sealed, [2_i32.to_be_bytes()], "sealed under the new key");
    let id = account.parse().expect("an id");
    let found = store::second_factors::find(app.store.reader(), app.store.vault(), id);
    let secret = found.await.expect("opens").expect("there").secret;
    let shown = text(&begun["secret"]);
    assert_eq!(
        data_encoding::BASE32_NOPAD.encode(&secret),
        shown.trim_end_matches('=')
    );
}

async fn a_share_link_asked_for_again_after_its_key_was_put_away_is_told_to_be_gone(
    database: Database,
) {
    let address = std::cell::RefCell::new(None);
    let server = TestServer::start_with(database, |settings| {
        *address.borrow_mut() = settings.database.clone();
    })
    .await;
    let settings = Settings {
        data: server.data().to_owned(),
        database: address.into_inner(),
        passphrase_file: None,
        policy_file: None,
        config: (*server.app.config).clone(),
        clock: server.clock.clone(),
        create: false,
        durability: store::Durability::Full,
    };
    let mut story = Story::ready_on(server).await;
    let cohort = story.accepted(1).await;
    let issued = story.issue(&cohort).await;
    let certificate = story
        .certificate(&text(&issued["certificates"][0]["id"]))
        .await;
    let path = format!("/api/v1/certificates/{}/shares", text(&certificate["id"]));
    let (key, body) = (
        fresh_key(),
        json!({ "days": 7, "reason": "持证人在窗口要求。" }),
    );
    let county = story.who("county-1");
    let first = county.post_with_key(&path, &key, &body).await;
    first.good();
    let pace = Pace::default();
    let rotated = rotate(&story.server.app, KeyKind::Master, pace).await;
    assert!(rotated.expect("a new key").finished);
    // The old key is still there: the same answer.
    let again = county.post_with_key(&path, &key, &body).await;
    assert_eq!(first.bytes, again.bytes);
    // It is put away, and the registry starts again.
    std::fs::remove_file(settings.data.join("keys/vault.key")).expect("the old key");
    story.server.app = api::boot::open(&settings).await.expect("opens without it");
    story.server = story.server.again(|_| ()).await;
    let county = Client::of(&story.server, "county-1", PASSWORD);
    let gone = county.post_with_key(&path, &key, &body).await;
    gone.problem(410, "answer-gone");
    assert!(gone.text().contains("Idempotency-Key"), "{}", gone.text());
    let other = county.post_with_key(&path, &fresh_key(), &body).await;
    assert_eq!(other.status, 201, "with a new key it is made");
}

async fn no_number_of_a_person_gets_into_objections_papers_and_appeals(database: Database) {
    let story = Story::applied(database).await;
    let nowhere = "01890000-0000-7000-8000-000000000001";
    let admission = format!("/api/v1/institutions/{}", story.admission);
    let sent = [
        ("county-1", format!("{admission}/objections"), "/text"),
        (
            "county-1",
            format!("/api/v1/results/{nowhere}/objections"),
            "/text",
        ),
        (
            "province-1",
            format!("/api/v1/objections/{nowhere}/decision"),
            "/answer",
        ),
        (
            "province-1",
            format!("/api/v1/cases/{nowhere}/papers"),
            "/text",
        ),
        (
            "province-1",
            format!("/api/v1/cases/{nowhere}/papers"),
            "/members/0",
        ),
        ("school-1", format!("{admission}/appeals"), "/points"),
        ("school-1", format!("{admission}/appeals"), "/wish"),
        (
            "province-1",
            format!("/api/v1/appeals/{nowhere}/acts"),
            "/reason",
        ),
        (
            "province-1",
            format!("/api/v1/appeals/{nowhere}/acts"),
            "/redo/0",
        ),
    ];
    let number = rosters::citizen_id(1);
    for (who, path, pointer) in sent {
        let request = |words: &str| {
            let mut body = if path.ends_with("/decision") {
                json!({ "accepted": true, "answer": "" })
            } else if path.ends_with("/papers") {
                json!({ "kind": "hearing", "text": "", "members": [""] })
            } else if path.ends_with("/appeals") {
                json!({ "against": "T20", "points": "", "wish": "" })
            } else if path.ends_with("/acts") {
                json!({ "act": "decide", "outcome": "upheld", "reason": "", "redo": [""] })
            } else {
                json!({ "text": "" })
            };
            for at in [
                "/text",
                "/answer",
                "/members/0",
                "/points",
                "/wish",
                "/reason",
                "/redo/0",
            ] {
                if let Some(field) = body.pointer_mut(at) {
                    let said = if at == pointer {
                        words
                    } else {
                        "场地与申请不一致。"
                    };
                    *field = json!(said);
                }
            }
            body
        };
        let send = async |words: &str| {
            let client = story.who(who);
            if path.ends_with("/acts") {
                client.post_seen(&path, &json!(1), &request(words)).await
            } else {
                client.post(&path, &request(words)).await
            }
        };
        for words in [
            format!("学员 {number} 没有到课"),
            "当事人电话 139 0000 7001".to_owned(),
        ] {
            let refused = send(&words).await;
            assert_eq!(
                refused.faults(),
                [(pointer.to_owned(), "personal-number".to_owned())],
                "{path}"
            );
            assert!(!refused.text().contains(&number), "it is not said again");
        }
        // The same without a number is refused for what it asks, not for its words.
        let other = send("学员没有到课,办公电话 0571-88880000").await;
        assert_ne!(other.status, 422, "{path}: {}", other.text());
    }
    assert_eq!(in_dump(&story, &number).await, Vec::<String>::new());
}
