//! The pages of a case.

use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both};

use super::{HASH, PREFECTURE, case, hidden, hire};

on_both! {
    the_pages_of_a_case_work_without_a_script;
}

async fn the_pages_of_a_case_work_without_a_script(database: Database) {
    const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];
    let story = Story::ready(database).await;
    hire(&story, "prefecture-1", "prefecture_officer", PREFECTURE).await;
    let mut officer = Browser::new(&story.server);
    officer.sign_in("prefecture-1", PASSWORD).await;
    // The form of a decision offers what the table has from this state, and takes it.
    let path = format!("/admin/decisions/{}", story.admission);
    let page = officer.open(&path).await.text();
    assert!(
        page.contains("T11 预警") && !page.contains("T19 退出公示"),
        "{page}"
    );
    let (key, revision) = (
        hidden(&page, &path, "key"),
        hidden(&page, &path, "revision"),
    );
    let mut fields = vec![
        ("key", key.as_str()),
        ("revision", revision.as_str()),
        ("transition", "T11"),
        ("cause", "major_finding"),
        ("reason", "消防通道堵塞。"),
        ("findings", "消防通道堵塞\n灭火器过期"),
        ("evidence_sha256", HASH),
    ];
    let refused = officer.send(&path, &OWN, &fields).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text().contains("请填写决定文号"),
        "{}",
        refused.text()
    );
    fields.extend([
        ("document_number", "预警〔2026〕2号"),
        ("document_issuer", "虚构市残疾人联合会"),
    ]);
    let taken = officer.send(&path, &OWN, &fields).await;
    assert_eq!(
        (taken.status.as_u16(), taken.header("location")),
        (303, path.as_str())
    );
    let served = [
        ("key", "v-1"),
        ("transition", "T11"),
        ("method", "in_person"),
        ("receipt", "办公室签收"),
    ];
    let sent = officer
        .send(&format!("{path}/service"), &OWN, &served)
        .await;
    assert_eq!(sent.status, 303);

    // The institution sees what was found and until when, and replies; it may appeal on the same page.
    let number = text(&case(&story).await["number"]);
    let mut school = Browser::new(&story.server);
    school.sign_in("school-1", PASSWORD).await;
    assert!(school.open("/org/cases").await.text().contains(&number));
    let page = school.open(&format!("/org/cases/{number}")).await.text();
    for words in ["灭火器过期", "提交情况说明", "提交材料", "提出申诉", "送达"]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script"));
    let key = hidden(&page, "/papers", "key");
    let reply = [
        ("key", key.as_str()),
        ("kind", "reply"),
        ("text", "通道已清理。"),
    ];
    let filed = school
        .send(&format!("/cases/{number}/papers"), &OWN, &reply)
        .await;
    assert_eq!(filed.status, 303);
    let key = hidden(&page, "/appeals", "key");
    let appeal = [
        ("key", key.as_str()),
        ("against", "T11"),
        ("points", "检查时已清理。"),
        ("wish", "撤销预警"),
    ];
    let lodged = school
        .send(&format!("/cases/{number}/appeals"), &OWN, &appeal)
        .await;
    assert_eq!(lodged.status, 303);
    let page = school.open(&format!("/en/org/cases/{number}")).await.text();
    assert!(
        page.contains("The decision is not stayed") && page.contains("通道已清理。"),
        "{page}"
    );

    // The province hears it on its page; the queue tells what is due.
    let mut province = Browser::new(&story.server);
    province.sign_in("province-1", PASSWORD).await;
    let page = province
        .open(&format!("/admin/cases/{number}"))
        .await
        .text();
    let at = "/acts\">";
    let id = page[..page.find(at).expect("a form")]
        .rsplit('/')
        .next()
        .expect("an id")
        .to_owned();
    let (key, revision) = (hidden(&page, at, "key"), hidden(&page, at, "revision"));
    let accept = [
        ("key", key.as_str()),
        ("revision", revision.as_str()),
        ("case", number.as_str()),
        ("act", "accept"),
    ];
    let accepted = province
        .send(&format!("/appeals/{id}/acts"), &OWN, &accept)
        .await;
    assert_eq!(accepted.status, 303, "{}", accepted.text());
    assert!(
        province
            .open("/admin/queue")
            .await
            .text()
            .contains("没有待审核的事项")
    );
    story.server.days_pass(60);
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("the job runs");
    province.sign_in("province-1", PASSWORD).await;
    let queue = province.open("/admin/queue").await.text();
    assert!(
        queue.contains("申诉决定") && queue.contains("逾期"),
        "{queue}"
    );
    assert!(
        province
            .open("/en/admin/cases")
            .await
            .text()
            .contains(&number)
    );
}
