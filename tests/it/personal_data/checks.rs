//! The holder sees how often a certificate was checked, by day; who checked is nowhere (trust.md EN-5).

use api::frame::Visit;
use api::privacy::{me, pages, retention};
use api::verify::counted;
use domain::privacy::RequestKind;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both, people};

use super::{ask, ask_for, decide, dump, grant, name_of};

on_both! {
    checks_are_counted_by_day_for_the_holder_and_nothing_about_the_checker;
    counts_go_when_their_time_is_over_and_with_their_holder;
}

async fn checks_are_counted_by_day_for_the_holder_and_nothing_about_the_checker(
    database: Database,
) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..1]).await;
    let (_, person) = members[0];
    let id = text(&issued["certificates"][0]["id"]);
    let qr = story.qr_text(&id).await;
    let app = &story.server.app;
    let actor = people::actor(person);
    let own = async || {
        me::record(app, &actor)
            .await
            .expect("a record")
            .certificates[0]
            .checks
            .clone()
    };
    assert!(own().await.is_empty());

    let anybody = story.who("anybody");
    let ask = async |text: &str| {
        anybody
            .post(
                "/api/v1/verifications",
                &json!({ "items": [{ "qr": text }] }),
            )
            .await
            .good()
    };
    let first_day = story.server.today().to_string();
    for _ in 0..2 {
        assert_eq!(ask(&qr).await["items"][0]["state"], "valid");
    }
    assert_eq!(anybody.get(&format!("/v/{id}")).await.status, 200);
    // Under the same id, but not this certificate; and one that nobody knows.
    let (head, tail) = qr.split_at(qr.len() - 4);
    let forged = format!("{head}{}", if tail == "AAAA" { "BBBB" } else { "AAAA" });
    assert_ne!(ask(&forged).await["items"][0]["state"], "valid");
    ask(&format!("HTTPS://MINGZHENG.EXAMPLE/V/{}", "A".repeat(26))).await;
    assert!(
        own().await.is_empty(),
        "no verdict waits for the count to be written"
    );
    counted::write(app).await.expect("written");
    counted::write(app).await.expect("nothing is left");
    let told = |days: &[me::OwnChecks]| -> Vec<(String, u64)> {
        days.iter()
            .map(|day| (day.day.clone(), day.checks))
            .collect()
    };
    assert_eq!(told(&own().await), [(first_day.clone(), 3)]);

    story.server.days_pass(1);
    ask(&qr).await;
    counted::write(app).await.expect("written");
    ask(&qr).await;
    counted::write(app).await.expect("added to what was there");
    let second_day = story.server.today().to_string();
    let wanted = [(second_day.clone(), 2), (first_day.clone(), 3)];
    assert_eq!(told(&own().await), wanted);
    for (lang, words) in [
        (api::extract::Locale::Zh, "不记录查验者是谁"),
        (api::extract::Locale::En, "who checked is not kept"),
    ] {
        let visit = Visit {
            lang,
            large: false,
            path: "/me".to_owned(),
            query: String::new(),
        };
        let page = pages::own_page(app, &visit, &actor).await.expect("a page");
        let bytes = axum::body::to_bytes(page.into_body(), 1 << 20)
            .await
            .expect("a body");
        let page = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        assert!(page.contains(words) && page.contains(&second_day), "{page}");
    }

    // The table holds certificate, day and number: there is no column for anything else.
    let cells = dump(&story).await;
    let columns: std::collections::BTreeSet<&str> = cells
        .iter()
        .filter(|cell| cell.table == "certificate_check")
        .map(|cell| cell.column.as_str())
        .collect();
    assert_eq!(
        columns.into_iter().collect::<Vec<_>>(),
        ["certificate_id", "checks", "day"]
    );
}

async fn counts_go_when_their_time_is_over_and_with_their_holder(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (issued, members) = story.certified(&known[..2]).await;
    let app = &story.server.app;
    let anybody = story.who("anybody");
    let ids: Vec<String> = issued["certificates"]
        .as_array()
        .expect("certificates")
        .iter()
        .map(|one| text(&one["id"]))
        .collect();
    let checked = async || {
        for id in &ids {
            let page = anybody.get(&format!("/v/{id}")).await;
            assert_eq!(page.status, 200);
        }
        counted::write(app).await.expect("written");
    };
    let days = async || {
        let cells = dump(&story).await;
        super::texts(&cells, "certificate_check", "day")
    };
    let first = story.server.today().to_string();
    checked().await;
    let kept = i64::from(app.privacy.privacy.share_access_days);
    story.server.days_pass(kept - 1);
    checked().await;
    let second = story.server.today().to_string();
    let run = async || retention::run(app, false).await.expect("a run").checks;
    assert_eq!(run().await, 0, "the last day is kept");
    story.server.days_pass(2);
    assert_eq!(run().await, 2, "one day of two certificates");
    assert_eq!(run().await, 0);
    assert_eq!(days().await, [second.clone(), second]);
    assert!(!days().await.contains(&first));

    // Nobody's law keeps the record any more: the holder is erased, and the counts of their certificates go with them.
    story.server.days_pass(31 * 366);
    checked().await;
    let before = days().await.len();
    let (_, person) = members[0];
    let name = name_of(&story, person).await;
    let asked = ask(&story, person, &ask_for(RequestKind::Deletion)).await;
    let done = decide(&story, "county-1", &asked, &grant()).await.good();
    assert_eq!(done["outcome"], "done", "{done}");
    let left = days().await;
    assert_eq!(left.len() * 2, before, "those of the other holder stay");
    // A check that comes later counts for nobody's record, and the certificate opens no name.
    checked().await;
    let mut states = Vec::new();
    for id in &ids {
        let verdict = anybody.get(&format!("/api/v1/verifications/{id}")).await;
        assert!(!verdict.text().contains(&name), "{}", verdict.text());
        states.push(text(&verdict.good()["state"]));
    }
    // The bytes that named the holder open no more, so nothing is said of them; the other one is only too old.
    states.sort();
    assert_eq!(states, ["expired", "indeterminate"]);
    // Neither name nor guess opens it by its number any more, and nothing falls over it.
    let numbers = issued["certificates"].as_array().expect("certificates");
    let items: Vec<serde_json::Value> = numbers
        .iter()
        .map(|one| json!({ "number": one["certificate_no"], "name": name }))
        .collect();
    let body = json!({ "items": items });
    let asked = anybody.post("/api/v1/verifications", &body).await.good();
    for item in asked["items"].as_array().expect("answers") {
        assert_eq!(item["state"], "not_found", "{item}");
    }
}
