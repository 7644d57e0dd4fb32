//! A register of as many rows as a file may have: imported whole, or refused with its faults. How long it took and what
//! memory it needed is printed; neither is asserted, for other tests run beside it.

use std::time::Instant;

use chrono::Days;
use tests::{Answer, Database, Story};

use crate::evidence::{employer, episodes, roster, row, taught};

/// Most rows of a file.
const ROWS: u32 = 50_000;
/// Trainees among them.
const TRAINEES: u32 = 30;

/// Peak and present memory of this process in MiB (Linux).
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        number.unwrap_or(0_u64) / 1_024
    };
    (of("VmHWM:"), of("VmRSS:"))
}

async fn sent(story: &Story, what: &str, rows: &[String]) -> Answer {
    let head = "公民身份号码,统一社会信用代码,起始日期,截止日期";
    let file = format!("{head}\n{}\n", rows.join("\n")).into_bytes();
    let (bytes, before, at) = (file.len(), memory(), Instant::now());
    let path = format!(
        "/api/v1/register-snapshots?source=social_insurance&as_of={}",
        story.server.today()
    );
    let answer = story.who("county-1").upload(&path, file).await;
    let after = memory();
    println!(
        "{what}: {} rows, {bytes} bytes, {:.1} s; memory {} MiB before, {} MiB after, peak {} MiB (before: {} MiB)",
        rows.len(),
        at.elapsed().as_secs_f64(),
        before.1,
        after.1,
        after.0,
        before.0
    );
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_register_of_fifty_thousand_rows_is_imported_and_its_faults_are_told() {
    let story = Story::ready(Database::Sqlite).await;
    let members = taught(&story, roster(1, TRAINEES, "330106")).await;
    story.server.days_pass(60);
    let job = employer(3);
    let start = story.server.today() - Days::new(40);
    let mut rows: Vec<String> = (1..=ROWS)
        .map(|number| row(number, &job, start, None))
        .collect();

    // One row more than a file may have, told with the row at which it ended.
    rows.push(row(ROWS + 1, &job, start, None));
    let refused = sent(&story, "one too many", &rows).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    assert!(
        refused.text().contains("50000") || refused.text().contains("50,000"),
        "{}",
        refused.text()
    );
    rows.pop();

    // Six hundred faults: the first five hundred with row and column, and how many there are; nothing is written.
    let mut faulty = rows.clone();
    for at in (0..600).map(|at| at * 80) {
        faulty[at] = faulty[at].replace(&job, "91330000");
    }
    let refused = sent(&story, "faulty", &faulty).await;
    let told = refused.problem(422, "register-faults");
    let errors = told["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 500);
    assert_eq!(errors[0]["pointer"], "/rows/2/employer");
    assert_eq!(
        errors[499]["pointer"],
        format!("/rows/{}/employer", 2 + 499 * 80)
    );
    assert!(
        told["detail"]
            .as_str()
            .is_some_and(|text| text.contains("600")),
        "{}",
        told["detail"]
    );
    assert!(episodes(&story, "county-1", &members[0]).await.is_empty());

    let done = sent(&story, "imported", &rows).await.good();
    assert_eq!(
        (&done["rows"], &done["known"]),
        (&ROWS.into(), &TRAINEES.into())
    );
    for member in [&members[0], &members[members.len() - 1]] {
        assert_eq!(
            episodes(&story, "county-1", member).await[0]["state"],
            "verified"
        );
    }
}
