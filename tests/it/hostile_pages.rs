//! The same hostile files, sent by the forms of pages: none is taken, none makes a 500, and the memory of the server and its
//! readers stays within the bound of the operations (trust.md UP-1 to UP-6).

use tests::{Browser, Story};

use crate::evidence_desk::upload;
use crate::hostile_uploads::{Desk, MOST_KIB, To, Upload, evidence_table, rosters_table};

const OFFICER: &str = tests::story::PASSWORD;

/// A browser at the process of its own.
async fn at(desk: &Desk, name: &str) -> Browser {
    let story: &Story = &desk.story;
    let mut browser = Browser::new(&story.server);
    browser.client = browser.client.at(&desk.url);
    let answer = browser.sign_in(name, OFFICER).await;
    assert_eq!(answer.status, 303, "{name}: {}", answer.text());
    browser
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_form_takes_a_hostile_file_and_memory_stays_within_the_bound() {
    let desk = Desk::open().await;
    let memory = desk.memory();
    let day = desk.story.server.today().to_string();
    let mut sent = 0;
    for (page, who, takes, fields) in [
        (
            "/admin/registers",
            "county-1",
            To::Roster,
            [("source", "social_insurance"), ("as_of", day.as_str())],
        ),
        (
            "/admin/policies",
            "national-2",
            To::Roster,
            [("effective_on", day.as_str()), ("note", "")],
        ),
        (
            "/org/episodes/new",
            "school-1",
            To::Evidence,
            [("source", "contract"), ("start_on", day.as_str())],
        ),
    ] {
        let browser = at(&desk, who).await;
        let files = rosters_table().into_iter().chain(evidence_table());
        for (at, Upload(name, to, bytes, ..)) in files.enumerate() {
            if to != takes {
                continue;
            }
            let key = format!("hostile-{at}");
            let mut all = vec![("key", key.as_str())];
            all.extend(fields.iter().filter(|(_, value)| !value.is_empty()));
            let answer = upload(&browser, page, &all, &bytes).await;
            assert!(
                matches!(answer.status.as_u16(), 400 | 409 | 413 | 415 | 422),
                "{page}, {name}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(
                answer.header("content-type").starts_with("text/html"),
                "{page}, {name}: who sent a form reads a page"
            );
            sent += 1;
        }
    }
    assert!(sent >= 150, "{sent}");
    let beyond = memory.beyond();
    println!("{} MiB beyond the start", beyond >> 10);
    assert!(beyond < MOST_KIB, "{} MiB", beyond >> 10);
}
