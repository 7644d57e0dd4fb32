//! Rosters over the socket: hostile and broken files are refused with every fault, and nothing is lost or half-written.

use serde_json::json;
use tests::{Database, Story, on_both, rosters};

on_both! {
    an_institution_sees_the_province_of_a_household_and_the_county_all_of_it;
    every_fault_of_every_row_is_told_at_once;
    hostile_files_are_refused_and_the_next_request_is_served;
    good_rows_can_be_imported_alone_and_nothing_is_dropped;
    trainees_are_shown_masked_and_needs_without_category;
    invented_names_find_out_about_a_few_numbers_a_day_and_no_more;
}

/// A roster that names a registered number by another name tells that it is registered: a few a day, then no more, however
/// the roster is sent; the province hears of it (trust.md EN-3, PI-4).
async fn invented_names_find_out_about_a_few_numbers_a_day_and_no_more(database: Database) {
    let server = tests::TestServer::start_with(database, |settings| {
        let border = std::sync::Arc::make_mut(&mut settings.config.border);
        border.lookup.other_names_per_account_and_day = 6;
        border.lookup.other_names_alarm = 4;
    })
    .await;
    let story = Story::ready_on(server).await;
    let first = story.enrolling().await;
    story.import(&first, rosters::csv(1, 20)).await;
    let second = story.enrolling().await;
    let school = story.who("school-1");
    let guess = async |numbers: std::ops::Range<u32>, import: &str| {
        let mut text = "姓名,公民身份号码,户籍地,同意书\n".to_owned();
        for number in numbers {
            let id = rosters::citizen_id(number);
            text.push_str(&format!("欧阳虚构,{id},330106,是 2026-02-20\n"));
        }
        let path = format!("/api/v1/cohorts/{second}/rosters?import={import}");
        school.upload(&path, text.into_bytes()).await
    };
    let differ = |receipt: &serde_json::Value| {
        let faults = receipt["faults"].as_array().expect("faults").iter();
        faults.filter(|one| one["code"] == "name-differs").count()
    };
    // Three and again the same three: they count once. Numbers of nobody count nothing.
    for _ in 0..2 {
        let told = guess(1..4, "none").await.good();
        assert_eq!(differ(&told), 3, "{told}");
    }
    assert_eq!(differ(&guess(500..540, "none").await.good()), 0);
    let alarms = async |who: &str| story.who(who).get("/api/v1/read-alarms").await.good();
    assert_eq!(alarms("province-1").await, json!([]));
    // A refused import counts as much as a check.
    guess(4..6, "all").await.problem(422, "roster-faults");
    let raised = alarms("province-1").await;
    assert_eq!(
        (raised.as_array().map(Vec::len), &raised[0]["persons"]),
        (Some(1), &json!(5))
    );
    assert_eq!(alarms("other-province").await, json!([]));
    assert_eq!(differ(&guess(6..7, "none").await.good()), 1);
    for import in ["none", "good", "all"] {
        let refused = guess(1..20, import).await;
        refused.problem(429, "too-many-requests");
        assert!(
            !refused.text().contains("name-differs"),
            "{}",
            refused.text()
        );
        assert!(!refused.header("retry-after").is_empty());
    }
    // What was met beyond the bound stays counted; rosters without such numbers are taken, and tomorrow is another day.
    guess(1..2, "none").await.problem(429, "too-many-requests");
    assert_eq!(guess(600..603, "all").await.status, 201);
    let cells = store::dump::dump(story.server.app.store.reader()).await;
    let cells = cells.expect("a dump");
    assert!(
        cells
            .iter()
            .any(|cell| cell.table == "audit" && cell.bytes == b"other_names_alarm")
    );
    story.server.days_pass(1);
    assert_eq!(differ(&guess(1..4, "none").await.good()), 3);
}

async fn every_fault_of_every_row_is_told_at_once(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    let path = format!("/api/v1/cohorts/{cohort}/rosters");
    let school = story.who("school-1");
    let text = "户籍地,姓名,公民身份号码,同意书\n\
                330106,虚构一,650102190410110904,是 2026-02-20\n\
                999999,虚\u{200b}构,110105190808080000,是 2026-02-20\n\
                330106,,11010519040229798X,否\n";
    let checked = school.upload(&path, text.as_bytes().to_vec()).await.good();
    assert_eq!(
        (&checked["rows"], &checked["faulty"], &checked["imported"]),
        (&json!(3), &json!(3), &json!(false)),
        "{checked}"
    );
    let faults: Vec<(u64, String, String)> = checked["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|one| {
            (
                one["row"].as_u64().expect("a row"),
                one["field"].to_string(),
                one["code"].to_string(),
            )
        })
        .collect();
    for (row, field) in [
        (2, "citizen_id"),
        (3, "citizen_id"),
        (3, "hukou_region"),
        (3, "name"),
        (4, "name"),
    ] {
        assert!(
            faults
                .iter()
                .any(|(at, name, _)| *at == row && name.contains(field)),
            "{row} {field}: {faults:?}"
        );
    }
    assert!(
        !checked.to_string().contains("650102190410110904"),
        "no value of a row in the answer"
    );
    let marked = school
        .upload(&format!("{path}/annotated"), text.as_bytes().to_vec())
        .await;
    assert!(
        marked.status.is_success() && marked.bytes.starts_with(b"PK"),
        "the table comes back marked"
    );
    assert_eq!(story.enrolments(&cohort).await.len(), 0);
}

async fn hostile_files_are_refused_and_the_next_request_is_served(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    let path = format!("/api/v1/cohorts/{cohort}/rosters?import=all");
    let school = story.who("school-1");
    for (name, statuses) in [
        ("bomb.xlsx", &[413][..]),
        ("broken.xlsx", &[422]),
        ("corner.xlsx", &[413, 422]),
        ("doctype.xlsx", &[415, 422]),
        ("macros.xlsm", &[415]),
        ("ole.xlsx", &[415, 422]),
        ("external-link.xlsx", &[415, 422]),
        ("plain.ods", &[415]),
        ("web-page.xls", &[415, 422]),
        ("nul.csv", &[422]),
        ("mixed.csv", &[422]),
        ("replaced.csv", &[422]),
        ("undecodable.csv", &[422]),
        ("utf16.csv", &[415, 422]),
        ("open-quote.csv", &[422]),
        ("double-header.csv", &[422]),
    ] {
        let answer = school.upload(&path, rosters::file(name)).await;
        assert!(
            statuses.contains(&answer.status.as_u16()),
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{name}"
        );
    }
    let empty = school.upload(&path, Vec::new()).await;
    empty.problem(422, "upload-unreadable");
    let large = school.upload(&path, vec![b'a'; (8 << 20) + 1]).await;
    large.problem(413, "too-large");
    assert_eq!(
        story.enrolments(&cohort).await.len(),
        0,
        "nothing was written"
    );
    story.import(&cohort, rosters::csv(1, 2)).await;
}

async fn good_rows_can_be_imported_alone_and_nothing_is_dropped(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    let path = format!("/api/v1/cohorts/{cohort}/rosters?import=good");
    let mut bytes = rosters::csv(1, 3);
    bytes.extend("虚构,123,330106,是 2026-02-20\n".as_bytes());
    let receipt = story.who("school-1").upload(&path, bytes).await.good();
    let sum: u64 = ["added", "changed", "unchanged", "faulty", "skipped"]
        .iter()
        .map(|name| receipt[name].as_u64().expect("a number"))
        .sum();
    assert_eq!(sum, receipt["rows"], "{receipt}");
    assert_eq!(
        (&receipt["added"], &receipt["faulty"]),
        (&json!(3), &json!(1)),
        "{receipt}"
    );
    // The upload is kept with its faults, and can be read again.
    let kept = format!(
        "/api/v1/cohorts/{cohort}/rosters/{}",
        receipt["roster"].as_str().expect("a number")
    );
    let kept = story.who("school-1").get(&kept).await.good();
    assert_eq!(kept["faulty"], 1, "{kept}");
    story
        .who("other-province")
        .get(&format!("/api/v1/cohorts/{cohort}/rosters"))
        .await;
}

async fn trainees_are_shown_masked_and_needs_without_category(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    story
        .import(&cohort, rosters::file("good-openpyxl.xlsx"))
        .await;
    let path = format!("/api/v1/cohorts/{cohort}/enrolments?limit=100");
    let answer = story.who("school-1").get(&path).await;
    let rows = answer.good();
    for row in rows["items"].as_array().expect("rows") {
        let number = row["citizen_id"].as_str().unwrap_or("");
        assert!(number.is_empty() || number.contains("****"), "{row}");
        assert!(
            row.get("disability_category").is_none() && row.get("disability_card").is_none(),
            "{row}"
        );
    }
    assert_eq!(answer.header("cache-control"), "no-store");
}

/// workflow.md 8: an institution needs to know which province pays, not where somebody lives.
async fn an_institution_sees_the_province_of_a_household_and_the_county_all_of_it(
    database: Database,
) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(77, 2)).await;
    for (who, wanted) in [
        ("school-1", "330000"),
        ("county-1", "330106"),
        ("province-1", "330106"),
    ] {
        let list = format!("/api/v1/cohorts/{cohort}/enrolments");
        let seen = story.who(who).get(&list).await.good();
        assert_eq!(seen["items"][0]["hukou_region"], wanted, "{who}");
        let file = story.who(who).get(&format!("{list}/export/csv")).await;
        assert_eq!(file.text().contains("330106"), wanted == "330106", "{who}");
    }
}
