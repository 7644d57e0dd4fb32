//! Rankings as files: the lines of the page with their raw numbers, method and period beside them, and no formula.

use std::io::{Cursor, Read as _};

use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both};

use crate::evidence::employer;
use crate::grades::class;

on_both! {
    a_published_ranking_is_a_file_with_its_numbers_its_method_and_its_period;
}

/// A part of a workbook as text.
fn part(workbook: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(workbook)).expect("a workbook");
    let mut text = String::new();
    let mut part = zip.by_name(name).expect("a part");
    part.read_to_string(&mut text).expect("text");
    text
}

async fn a_published_ranking_is_a_file_with_its_numbers_its_method_and_its_period(
    database: Database,
) {
    let story = Story::ready(database).await;
    let anybody = story.who("anybody");
    for path in ["/rankings.xlsx", "/rankings/provinces.csv"] {
        assert_eq!(
            anybody.get(path).await.status,
            404,
            "nothing is published: {path}"
        );
    }
    let (_, members) = class(&story, 1, 24).await;
    story.server.days_pass(20);
    let start = story.server.today() - chrono::Days::new(10);
    let work = json!({ "employer": employer(3), "work_type": "contract", "start_on": start, "source": "tax_wage" });
    for member in members.iter().step_by(2) {
        let path = format!("/api/v1/enrolments/{}/episodes", text(&member["id"]));
        story.who("county-1").post(&path, &work).await.good();
    }
    story.server.days_pass(430);
    let freeze_on = story.server.annual_freeze();
    let freeze = json!({ "kind": "annual", "freeze_on": freeze_on });
    let frozen = story
        .who("national-1")
        .post("/api/v1/grading-freezes", &freeze)
        .await
        .good();
    let run = text(&frozen["run"]);
    let province = story.who("province-1");
    let opened = format!("/api/v1/grading-runs/{run}/publications");
    let opened = province.post(&opened, &json!({})).await.good();
    // Figures are the institution's alone: nobody takes them away as a file.
    assert_eq!(anybody.get("/rankings.csv").await.status, 404);
    story.server.days_pass(25);
    let at = format!("/api/v1/grade-publications/{}", text(&opened["id"]));
    province
        .act(&at, "acts", &json!({ "act": "open_notice" }))
        .await
        .good();

    let csv = anybody.get("/rankings.csv").await;
    assert_eq!(csv.status, 200);
    assert!(
        csv.header("content-disposition").contains("rankings-"),
        "{:?}",
        csv.headers
    );
    let csv = csv.text();
    let period = freeze_on.to_string();
    for words in [
        "名次,机构名称,统一社会信用代码",
        "浙江虚构职业培训学校",
        "公示中,尚未定",
        "CN-BASE@2026.1",
        &format!("federation=330000&period={period}"),
        "导出时间",
        &run,
    ] {
        assert!(csv.contains(words), "{words}: {csv}");
    }
    // Ranked or not, everybody stands in it, with the reason.
    let ranking = anybody
        .get("/api/v1/rankings?federation=330000")
        .await
        .good();
    let count = |list: &str| ranking[list].as_array().map_or(0, Vec::len);
    let lines = csv
        .lines()
        .filter(|line| line.contains(tests::story::CREDIT_CODE));
    assert_eq!(
        lines.count(),
        count("ranked") + count("unranked"),
        "{ranking}"
    );

    let book = anybody
        .get(&format!("/rankings.xlsx?federation=330000&period={period}"))
        .await;
    let sheets = ["1", "2"].map(|at| part(&book.bytes, &format!("xl/worksheets/sheet{at}.xml")));
    let sheets = sheets.concat();
    assert!(
        !sheets.contains("<f>") && !sheets.contains("<f "),
        "{sheets}"
    );
    let words = part(&book.bytes, "xl/sharedStrings.xml");
    for word in [
        "评价方法(版本)",
        "数据截止日",
        "来源",
        "https://mingzheng.example/rankings",
        "样本不足",
    ] {
        assert!(words.contains(word), "{word}: {words}");
    }
    assert!(part(&book.bytes, "xl/workbook.xml").contains("导出说明"));
    // A wrong period is shown, not ignored; of a comparison there is none with one institution.
    assert_eq!(anybody.get("/rankings.csv?period=x").await.status, 422);
    assert_eq!(
        anybody.get("/rankings.csv?period=2020-01-01").await.status,
        404
    );
    let one = format!(
        "/rankings/compare.csv?federation=330000&code={}",
        tests::story::CREDIT_CODE
    );
    assert_eq!(anybody.get(&one).await.status, 422);
}
