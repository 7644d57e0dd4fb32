//! The public lists go on beside a row, not at a number (trust.md EN-4): every row once, whatever comes meanwhile.

use serde_json::Value;
use store::ConnectionTrait as _;
use tests::answer::text;
use tests::{Database, Story, on_both};
use uuid::Uuid;

on_both! {
    a_list_is_read_row_by_row_and_none_is_left_out_or_told_twice;
    pages_lead_forward_and_back_by_cursors;
}

const LIST: &str = "/api/v1/catalogue/institutions";

/// Adds admitted institutions beside the one of the story, as rows: their names repeat, their grades and codes do not.
async fn more(story: &Story, numbers: std::ops::Range<u32>) {
    let db = story.server.app.store.reader();
    let postgres = format!("{:?}", db.get_database_backend()) == "Postgres";
    let id = |kind: u128, number: u32| {
        let id = Uuid::from_u128((0xf0 + kind) << 64 | u128::from(number));
        if postgres {
            format!("'{id}'")
        } else {
            format!("X'{}'", id.simple())
        }
    };
    for number in numbers {
        let (institution, admission) = (id(1, number), id(2, number));
        let name = format!("虚构培训学校{}", number % 7);
        let grade = ["'A'", "'B'", "NULL", "'D'", "'C'"][number as usize % 5];
        let sql = format!(
            "INSERT INTO institution (id, name, spellings, credit_code, created_at)
             SELECT {institution}, '{name}', 'xugou{}', 'X{number:017}', created_at FROM institution LIMIT 1;
             INSERT INTO admission (id, institution_id, federation, site_region, address, phone, state, grade, origin, applied_at,
               state_since, returned_count, revision)
             SELECT {admission}, {institution}, federation, site_region, address, phone, 'graded', {grade}, origin, applied_at,
               state_since, 0, 1 FROM admission LIMIT 1;",
            number % 7
        );
        db.execute_unprepared(&sql).await.expect("added");
    }
}

fn codes(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items").iter();
    items.map(|one| text(&one["credit_code"])).collect()
}

async fn a_list_is_read_row_by_row_and_none_is_left_out_or_told_twice(database: Database) {
    let story = Story::ready(database).await;
    more(&story, 0..24).await;
    let anybody = story.who("anybody");
    let ask = async |query: &str| anybody.get(&format!("{LIST}?{query}")).await;
    for sort in ["name", "grade", "region"] {
        let whole = ask(&format!("sort={sort}&limit=100")).await.good();
        assert_eq!((codes(&whole).len(), &whole["next"]), (25, &Value::Null));
        for limit in [1, 7, 24, 25] {
            let (mut all, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = ask(&format!("sort={sort}&limit={limit}{cursor}"))
                    .await
                    .good();
                assert_eq!(page["total"], 25);
                let some = codes(&page);
                assert!(some.len() <= limit && !some.is_empty(), "{page}");
                all.extend(some);
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(all, codes(&whole), "{sort} by {limit}");
        }
    }
    let page = ask("limit=10").await.good();
    let next = text(&page["next"]);
    // What comes in front of a place moves nothing behind it.
    let rest = codes(&ask(&format!("limit=100&cursor={next}")).await.good());
    let before = codes(&page);
    more(&story, 70..71).await;
    assert_eq!(codes(&ask("limit=1").await.good()), before[..1]);
    let grown = codes(&ask(&format!("limit=100&cursor={next}")).await.good());
    let seen = |code: &String| before.contains(code);
    assert!(!grown.iter().any(seen), "none comes twice");
    assert!(
        rest.iter().all(|code| grown.contains(code)),
        "none is left out"
    );
    // A cursor of another order or list, one that is none, and limits that are none.
    for wrong in [
        format!("sort=grade&cursor={next}"),
        "cursor=AAAA".to_owned(),
        format!("cursor={}", "A".repeat(7_000)),
    ] {
        let refused = ask(&wrong).await;
        refused.problem(422, "invalid-request");
        assert_eq!(refused.faults()[0].0, "/cursor", "{wrong:.40}");
    }
    let other = anybody
        .get(&format!("/api/v1/catalogue/programs?cursor={next}"))
        .await;
    assert_eq!(other.faults()[0].0, "/cursor");
    for wrong in ["limit=0", "limit=101", "limit=x", "page=2"] {
        ask(wrong).await.problem(422, "invalid-request");
    }
    let programs = anybody
        .get("/api/v1/catalogue/programs?limit=1")
        .await
        .good();
    assert_eq!(
        (programs["total"].as_u64(), &programs["next"]),
        (Some(1), &Value::Null)
    );
    // The file holds all of them whatever its readers page by.
    let file = anybody.get(&format!("{LIST}/export/json")).await;
    assert_eq!(file.status, 200);
    assert_eq!(
        file.text().matches("\"X00000").count(),
        25,
        "{}",
        file.text()
    );
    let wrong = anybody
        .get(&format!("{LIST}/export/json?cursor={next}"))
        .await;
    wrong.problem(422, "invalid-request");
}

/// The address of a neighbouring page.
fn link(html: &str, rel: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("rel=\"{rel}\" href=\""))?;
    Some(
        rest.split('"')
            .next()?
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

fn shown(html: &str) -> Vec<String> {
    let parts = html.split("href=\"/institutions/").skip(1);
    let codes = parts.filter_map(|part| part.split('"').next());
    codes
        .filter(|code| code.len() == 18)
        .map(str::to_owned)
        .collect()
}

async fn pages_lead_forward_and_back_by_cursors(database: Database) {
    let story = Story::ready(database).await;
    more(&story, 0..129).await;
    let anybody = story.who("anybody");
    let mut address = "/institutions?sort=grade".to_owned();
    let mut pages: Vec<(String, Vec<String>)> = Vec::new();
    loop {
        let answer = anybody.get(&address).await;
        assert_eq!(answer.status, 200, "{address}: {}", answer.text());
        let html = answer.text();
        let number = pages.len() + 1;
        assert!(html.contains(&format!("第 {number} 页,共 3")), "{html}");
        assert_eq!(
            html.contains(&format!("第{number}页")),
            number > 1,
            "in the title"
        );
        pages.push((html.clone(), shown(&html)));
        match link(&html, "next") {
            Some(next) => address = next,
            None => break,
        }
    }
    let counts: Vec<usize> = pages.iter().map(|(_, codes)| codes.len()).collect();
    assert_eq!(counts, [50, 50, 30]);
    let mut all: Vec<String> = pages.iter().flat_map(|(_, codes)| codes.clone()).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 130);
    for at in [2, 1] {
        let back = link(&pages[at].0, "prev").expect("a page before");
        let html = anybody.get(&back).await.text();
        assert_eq!(shown(&html), pages[at - 1].1, "{back}");
        assert!(link(&html, "next").is_some());
    }
    assert_eq!(link(&pages[0].0, "prev"), None);
    // A number alone leads nowhere: it would count past rows that came or went.
    for wrong in ["?page=2", "?page=2&cursor=AAAA", "?page=0"] {
        let refused = anybody.get(&format!("/institutions{wrong}")).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.text().contains("第一页"), "{wrong}");
    }
}
