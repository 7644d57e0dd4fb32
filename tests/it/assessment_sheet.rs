//! The sheet that an assessor takes along, filled and sent back; what is added to a report later. On pages alone.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Browser, Database, Story, on_both};

use crate::assessments::{Assessors, log_grows};
use crate::cases::hidden;

on_both! {
    a_sheet_taken_along_comes_back_as_drafts_and_a_report_gets_supplements;
}

const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

async fn signed_in(story: &Story, name: &str) -> Browser {
    let mut browser = Browser::new(&story.server);
    browser.sign_in(name, PASSWORD).await;
    browser
}

async fn upload(browser: &Browser, path: &str, key: &str, name: &str, file: Vec<u8>) -> Answer {
    let file = Part::bytes(file).file_name(name.to_owned());
    let form = Form::new().text("key", key.to_owned()).part("file", file);
    let request = browser.client.ask(Method::POST, path).await;
    let request = request
        .header("Cookie", browser.cookie())
        .header("Sec-Fetch-Site", "same-origin");
    browser.client.send(request.multipart(form)).await
}

/// Acts of the assessor until the sample is drawn; answers the assessment.
async fn in_the_field(story: &Story, assessors: &Assessors) -> String {
    let today = story.server.today();
    let request = json!({
        "period_from": today - chrono::Days::new(200), "period_until": today.pred_opt().expect("a day"),
    });
    let path = format!("/api/v1/institutions/{}/assessments", story.admission);
    let made = story.who("province-1").post(&path, &request).await.good();
    let at = format!("/api/v1/assessments/{}", text(&made["id"]));
    log_grows(story, "340000").await;
    let nothing = json!({});
    story
        .who("province-1")
        .act(&at, "draw", &nothing)
        .await
        .good();
    let own = &assessors.clients[0];
    let none = json!({ "relations": [] });
    own.act(&at, "declaration", &none).await.good();
    log_grows(story, "350000").await;
    own.act(&at, "fieldwork", &nothing).await.good();
    text(&made["id"])
}

async fn a_sheet_taken_along_comes_back_as_drafts_and_a_report_gets_supplements(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    story.accepted(6).await;
    let assessors = Assessors::accredited(&story, 1).await;
    let id = in_the_field(&story, &assessors).await;
    let (page, sheet) = (format!("/assess/{id}"), format!("/assess/{id}/sheet"));
    let mut assessor = signed_in(&story, "assessor-0").await;
    assert!(
        assessor
            .open(&page)
            .await
            .text()
            .contains(&format!("href=\"{sheet}\""))
    );
    let html = assessor.open(&sheet).await.text();
    for words in [
        "就业转化",
        "看什么",
        "#6",
        "enctype=\"multipart/form-data\"",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(
        !html.contains("<script") && !html.contains("虚构样"),
        "names are masked"
    );
    let book = assessor.open(&format!("{sheet}.xlsx")).await;
    assert!(book.bytes.starts_with(b"PK") && book.header("cache-control") == "no-store");
    for other in ["province-1", "school-1"] {
        let mut other = signed_in(&story, other).await;
        assert_eq!(other.open(&sheet).await.status, 403);
        assert_eq!(other.open(&format!("{sheet}.xlsx")).await.status, 403);
    }

    // The workbook as it was given has nothing in it yet, and changes nothing.
    let empty = upload(&assessor, &sheet, "s-0", "a.xlsx", book.bytes.clone()).await;
    assert_eq!(empty.status, 303, "{}", empty.text());
    // Every fault by row and column, and none of it is kept.
    let head = "评估编号,检查项代码,检查项,检查记录";
    let file = |rows: &[String]| format!("{head}\n{}\n", rows.join("\n")).into_bytes();
    let row = |item: &str, words: &str| format!("{id},{item},,{words}");
    let number = tests::rosters::citizen_id(1);
    let wrong = file(&[
        row("employment", "台账与社保一致。"),
        row("employment", "重复。"),
        row("lunch", "很好。"),
        row("records", &format!("{number} 的考勤是代签的。")),
        "01980000-0000-7000-8000-000000000001,stability,,别处的表。".to_owned(),
    ]);
    let refused = upload(&assessor, &sheet, "s-1", "a.csv", wrong).await;
    assert_eq!(refused.status, 422);
    let told = refused.text();
    for (line, column) in [
        (3, "检查项代码"),
        (4, "检查项代码"),
        (5, "检查记录"),
        (6, "评估编号"),
    ] {
        let cell =
            format!("data-label=\"行号\">{line}</th><td role=\"cell\" data-label=\"列\">{column}");
        assert!(told.contains(&cell), "{cell}: {told}");
    }
    assert!(
        !told.contains(&number) && told.contains("<title>错误:"),
        "{told}"
    );
    assert!(!assessor.open(&page).await.text().contains("台账与社保一致"));
    let other = upload(&assessor, &sheet, "s-2", "a.csv", b"a,b\n1,2\n".to_vec()).await;
    assert!(other.status.is_client_error() && other.text().contains("工作表没有收下"));

    // A good one becomes drafts: what was left empty stays as it was.
    let good = file(&[
        row("employment", "台账与社保一致。"),
        row("teaching", "设备齐全。"),
        row("stability", ""),
    ]);
    for _ in 0..2 {
        let done = upload(&assessor, &sheet, "s-3", "a.csv", good.clone()).await;
        assert_eq!(
            (done.status.as_u16(), done.header("location")),
            (303, page.as_str())
        );
    }
    let html = assessor.open(&page).await.text();
    assert!(
        html.contains("【就业转化】台账与社保一致。") && html.contains("【教学与实训】设备齐全。"),
        "{html}"
    );

    // After the report the sheet takes nothing and shows no sample; what is added stands beside the report.
    let own = &assessors.clients[0];
    let at = format!("/api/v1/assessments/{id}");
    let arrived = story.server.app.now() - chrono::Duration::minutes(9);
    let visit = json!({
        "place": "杭州实训楼", "arrived_at": arrived, "left_at": arrived + chrono::Duration::minutes(5), "members": [],
        "record": "查看了考勤原件和实训场地。",
    });
    let seen = own.act(&at, "visits", &visit).await.good();
    let early = json!({ "text": "补充核对了两名学员的就业。" });
    own.act(&at, "supplements", &early)
        .await
        .problem(409, "transition-refused");
    let signed = format!("{at}/visits/{}/countersignature", text(&seen["id"]));
    story
        .who("school-1")
        .post(&signed, &json!({ "signed": true }))
        .await
        .good();
    let report = json!({ "score": 80, "text": "教学组织规范,就业服务有待加强。" });
    let reported = own.act(&at, "report", &report).await.good();
    let html = assessor.open(&sheet).await.text();
    assert!(
        html.contains("不是现场评估期间") && !html.contains("#6"),
        "{html}"
    );
    let late = upload(&assessor, &sheet, "s-4", "a.csv", good).await;
    assert_eq!(late.status, 409, "{}", late.text());
    story.server.days_pass(3);
    let mut assessor = signed_in(&story, "assessor-0").await;
    let html = assessor.open(&page).await.text();
    let place = "<h2>补充报告</h2>";
    let (key, revision) = (
        hidden(&html, place, "key"),
        hidden(&html, place, "revision"),
    );
    let mut fields = vec![
        ("key", key.as_str()),
        ("revision", revision.as_str()),
        ("act", "supplement"),
        ("text", "短"),
    ];
    assert_eq!(assessor.send(&page, &OWN, &fields).await.status, 422);
    fields[3].1 = "补充核对了两名学员的就业,与登记一致。";
    let added = assessor.send(&page, &OWN, &fields).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let now = own.get(&at).await.good();
    assert_eq!(
        now["supplements"][0]["text"],
        "补充核对了两名学员的就业,与登记一致。"
    );
    assert!(
        text(&now["due_on"]) > text(&reported["due_on"]),
        "the term to reply begins anew: {now}"
    );
    assert_eq!(now["report"]["score"], 80);
    // The institution reads it, replies, and nothing is added after that.
    let mut school = signed_in(&story, "school-1").await;
    let html = school.open(&format!("/org/assessments/{id}")).await.text();
    assert!(
        html.contains("对报告的补充") && !html.contains(place),
        "{html}"
    );
    let reply = json!({ "text": "无异议。" });
    story.who("school-1").act(&at, "reply", &reply).await.good();
    own.act(&at, "supplements", &early)
        .await
        .problem(409, "transition-refused");
}
