//! An assessment on pages alone, without a script: the province commissions and draws, the assessor declares, visits and
//! reports, the school signs and replies, the score is published.

use serde_json::json;
use tests::answer::text;
use tests::story::{CREDIT_CODE, PASSWORD};
use tests::{Answer, Browser, Database, Story, on_both};

use crate::assessments::{Assessors, ORGANISATIONS, log_grows};

on_both! {
    an_assessment_is_led_from_the_list_to_its_publication_on_pages;
}

const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

/// A hidden field of the form with this act.
fn field(html: &str, act: &str, name: &str) -> String {
    let form = html
        .split("<form ")
        .skip(1)
        .find(|form| form.contains(&format!("name=\"act\" value=\"{act}\"")) || act.is_empty())
        .unwrap_or_else(|| panic!("no form for {act} in {html}"));
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = form.split_once(&mark).expect("the field");
    rest.split('"').next().expect("a value").to_owned()
}

/// Sends the form of a page that has this act, with what was typed.
async fn send(browser: &mut Browser, page: &str, act: &str, typed: &[(&str, &str)]) -> Answer {
    let html = browser.open(page).await.text();
    assert!(!html.contains("<script"), "{html}");
    let (key, revision) = (field(&html, act, "key"), field(&html, act, "revision"));
    let mut fields = vec![
        ("key", key.as_str()),
        ("revision", revision.as_str()),
        ("act", act),
    ];
    fields.extend(typed);
    browser.send(page, &OWN, &fields).await
}

async fn signed_in(story: &Story, name: &str) -> Browser {
    let mut browser = Browser::new(&story.server);
    browser.sign_in(name, PASSWORD).await;
    browser
}

async fn an_assessment_is_led_from_the_list_to_its_publication_on_pages(database: Database) {
    let mut story = Story::ready(database).await;
    story.accepted(6).await;
    let assessors = Assessors::accredited(&story, 1).await;
    let mut province = signed_in(&story, "province-1").await;
    let mut assessor = signed_in(&story, "assessor-0").await;
    let mut school = signed_in(&story, "school-1").await;
    assert!(
        province
            .open("/desk")
            .await
            .text()
            .contains("href=\"/admin/assessments\"")
    );
    assert!(
        assessor
            .open("/desk")
            .await
            .text()
            .contains("href=\"/assess\"")
    );
    assert!(assessor.open("/assess").await.text().contains("没有抽中"));

    // Commissioned by credit code; a code of nobody says so.
    let html = province.open("/admin/assessments").await.text();
    let (_, form) = html.split_once("<h2>委托评估</h2>").expect("the form");
    let key = field(form, "", "key");
    let today = story.server.today();
    let until = today.pred_opt().expect("a day").to_string();
    let from = (today - chrono::Days::new(200)).to_string();
    let mut typed = [
        ("key", key.as_str()),
        ("credit_code", "91330106000000000X"),
        ("period_from", from.as_str()),
        ("period_until", until.as_str()),
    ];
    let unknown = province.send("/admin/assessments", &OWN, &typed).await;
    assert_eq!(unknown.status, 422, "{}", unknown.text());
    typed[1].1 = CREDIT_CODE;
    let made = province.send("/admin/assessments", &OWN, &typed).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let admin = made.header("location").to_owned();
    let id = admin.rsplit('/').next().expect("an id").to_owned();
    let (own, org) = (format!("/assess/{id}"), format!("/org/assessments/{id}"));
    assert!(
        province
            .open("/admin/assessments")
            .await
            .text()
            .contains(&admin)
    );

    log_grows(&story, "340000").await;
    assert_eq!(assessor.open(&own).await.status, 404, "not drawn yet");
    assert_eq!(send(&mut province, &admin, "draw", &[]).await.status, 303);
    let none = [("kind", "none")];
    let declared = send(&mut assessor, &own, "declaration", &none).await;
    assert_eq!(declared.status, 303, "{}", declared.text());
    log_grows(&story, "350000").await;
    assert_eq!(
        send(&mut assessor, &own, "fieldwork", &[]).await.status,
        303
    );

    // The sample stands on the assessor's page alone, masked; one name is read with a purpose.
    let html = assessor.open(&own).await.text();
    assert!(html.contains("抽中的样本") && html.contains("#6"), "{html}");
    for browser in [&mut province, &mut school] {
        let path = if browser.open(&admin).await.status == 200 {
            &admin
        } else {
            &org
        };
        let html = browser.open(path).await.text();
        assert!(
            !html.contains("抽中的样本") && html.contains("抽取"),
            "{html}"
        );
    }
    let (_, rest) = html.split_once("<option value=\"01").expect("an enrolment");
    let enrolment = format!("01{}", rest.split('"').next().expect("an id"));
    let asked = [
        ("key", "contact-1"),
        ("enrolment", enrolment.as_str()),
        ("words", "电话回访"),
    ];
    let contact = assessor.send(&format!("{own}/contact"), &OWN, &asked).await;
    assert_eq!(contact.status, 200);
    assert!(
        contact.text().contains("没有"),
        "no telephone without consent"
    );

    // A visit with a team, a draft, the report with a finding that rests on the first of the sample.
    let day = today.to_string();
    let members = format!("虚构专家,虚构职业评价院,{}", ORGANISATIONS[3].1);
    let mut visited = vec![
        ("place", "杭州实训楼"),
        ("visited_on", day.as_str()),
        ("arrived", "00:00"),
        ("left", "00:01"),
        ("members", members.as_str()),
        ("record", "查看了考勤原件和实训场地。"),
    ];
    let unsaid = send(&mut assessor, &own, "visit", &visited).await;
    assert_eq!(unsaid.status, 422, "each member declares");
    visited.push(("impartial", "yes"));
    let recorded = send(&mut assessor, &own, "visit", &visited).await;
    assert_eq!(recorded.status, 303, "{}", recorded.text());
    let draft = [("item", "employment"), ("text", "就业台账与社保记录一致。")];
    assert_eq!(send(&mut assessor, &own, "draft", &draft).await.status, 303);
    let html = assessor.open(&own).await.text();
    assert!(
        html.contains("【就业转化】就业台账与社保记录一致。"),
        "{html}"
    );

    let html = school.open(&org).await.text();
    assert!(html.contains("虚构专家(虚构职业评价院)"), "{html}");
    let visit = field(&html, "countersign", "visit");
    let signed = [("visit", visit.as_str()), ("signed", "yes")];
    let countersigned = send(&mut school, &org, "countersign", &signed).await;
    assert_eq!(countersigned.status, 303, "{}", countersigned.text());

    let mut report = [
        ("score", "83"),
        ("text", "教学组织规范,就业服务有待加强。"),
        ("major", "岗位推荐与培训内容不符。 #9"),
    ];
    let outside = send(&mut assessor, &own, "report", &report).await;
    assert_eq!(outside.status, 422, "there is no ninth");
    report[2].1 = "岗位推荐与培训内容不符。 #1";
    let reported = send(&mut assessor, &own, "report", &report).await;
    assert_eq!(reported.status, 303, "{}", reported.text());
    assert!(!assessor.open(&own).await.text().contains("抽中的样本"));

    // The school replies; it reads the finding, not on whom it rests.
    let html = school.open(&org).await.text();
    assert!(
        html.contains("岗位推荐与培训内容不符。") && !html.contains("依据样本人数"),
        "{html}"
    );
    let replied = send(&mut school, &org, "reply", &[("text", "已重新推荐岗位。")]).await;
    assert_eq!(replied.status, 303, "{}", replied.text());
    let last = [("score", "85"), ("answer", "采纳说明。")];
    let done = send(&mut assessor, &own, "final", &last).await;
    assert_eq!(done.status, 303, "{}", done.text());

    // The finding waits for an answer; the decision's page has the assessment filled in.
    let html = province.open(&admin).await.text();
    let decide = format!("/admin/decisions/{}", story.admission);
    assert!(html.contains(&format!("href=\"{decide}\"")), "{html}");
    let html = province.open(&decide).await.text();
    assert!(
        html.contains(&format!("name=\"assessment\" value=\"{id}\"")),
        "{html}"
    );
    let published = send(&mut province, &admin, "publish", &[]).await;
    assert_eq!(published.status, 303, "{}", published.text());
    let html = province.open(&admin).await.text();
    assert!(
        html.contains("已公布") && html.contains("最终得分 85"),
        "{html}"
    );
    let everybody = format!("/api/v1/catalogue/institutions/{CREDIT_CODE}/assessments");
    let told = story.who("anybody").get(&everybody).await.good();
    assert_eq!(told[0]["score"], json!(85));
    assert_eq!(text(&told[0]["organisation"]), assessors.organisation(0));
    // A stranger's pages are not found, and the signed-out are led to the sign-in.
    let mut other = signed_in(&story, "other-school").await;
    assert_eq!(other.open(&org).await.status, 404);
    assert_eq!(Browser::new(&story.server).open(&own).await.status, 303);
}
