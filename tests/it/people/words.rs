//! Secrets and numbers of persons that once stood in clear: share tokens, names of files, words of a reason.

use reqwest::Method;
use serde_json::json;
use tests::answer::text;
use tests::client::fresh_key;
use tests::{Database, Story, on_both, rosters};

on_both! {
    a_share_token_is_answered_again_and_stands_nowhere_in_clear;
    no_number_of_a_person_gets_into_a_timeline;
    the_name_of_a_roster_comes_in_a_header_and_not_in_the_address;
    secrets_of_accounts_open_after_the_master_key_was_changed;
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
    let (key, body) = (fresh_key(), json!({ "days": 7 }));
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

async fn the_name_of_a_roster_comes_in_a_header_and_not_in_the_address(database: Database) {
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
    let named = upload(&path, Some("%E5%90%8D%E5%8D%95%2B1.csv"))
        .await
        .good();
    let shown = school
        .get(&format!("{path}/{}", text(&named["roster"])))
        .await
        .good();
    assert_eq!(shown["file_name"], "名单+1.csv");
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
    let pace = api::privacy::rotation::Pace::default();
    let rotated = api::privacy::rotation::rotate(app, store::vault::KeyKind::Master, pace);
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
