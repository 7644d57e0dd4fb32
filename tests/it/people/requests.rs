//! A trainee's requests on pages: asked at home, answered by the county (PIPL art. 44-47; trust.md PI-6).

use chrono::Datelike as _;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both, people};

use super::{OWN, hidden, trainee};

on_both! {
    a_trainee_asks_on_a_page_and_the_county_answers_on_another;
}

async fn a_trainee_asks_on_a_page_and_the_county_answers_on_another(database: Database) {
    let story = Story::ready(database).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..1]).await;
    let mut home = trainee(&story, &cohort, members[0]).await;
    let page = home.open("/me/requests").await;
    assert_eq!(
        (page.status.as_u16(), page.header("cache-control")),
        (200, "no-store")
    );
    assert!(page.text().contains("还没有申请"));
    let key = hidden(&page.text(), "key");
    // All faults at once, each beside its field, and what was typed is kept.
    let wrong = [
        ("key", key.as_str()),
        ("kind", "correction"),
        ("words", "名字写错了"),
    ];
    let refused = home.send("/me/requests", &OWN, &wrong).await;
    assert_eq!(refused.status, 422);
    let html = refused.text();
    for part in [
        "href=\"#name\"",
        "href=\"#proof\"",
        "id=\"name-why\"",
        "名字写错了",
        "有 2 个问题",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let none = home
        .send("/me/requests", &OWN, &[("key", &key), ("kind", "")])
        .await;
    assert!(none.status == 422 && none.text().contains("href=\"#kind\""));
    let right = [
        ("key", key.as_str()),
        ("kind", "correction"),
        ("words", "名字写错了"),
        ("name", "欧阳虚构佳"),
        ("proof", "户口簿"),
    ];
    // Sent twice, it is one request.
    for _ in 0..2 {
        let sent = home.send("/me/requests", &OWN, &right).await;
        assert_eq!(sent.header("location"), "/me/requests", "{}", sent.text());
    }
    let page = home.open("/me/requests").await.text();
    assert_eq!(page.matches("class=\"card\"").count(), 1);
    let due = story.server.app.calendar.add_working_days(
        story.server.today(),
        story.server.app.privacy.privacy.request_wd,
    );
    let due = format!("{}年{}月{}日", due.year(), due.month(), due.day());
    assert!(page.contains(&due) && page.contains("已提交"), "{page}");
    let another = hidden(&page, "key");
    let again = right.map(|(name, value)| (name, if name == "key" { &another } else { value }));
    let waiting = home.send("/me/requests", &OWN, &again).await;
    assert_eq!(waiting.status, 409);
    assert!(waiting.text().contains("正在办理"));

    // The county of the household, and no other, has it, and there whoever did not print the code; reading it is told to the person.
    let mut desk = Browser::new(&story.server);
    desk.sign_in("county-2", PASSWORD).await;
    let list = desk.open("/desk/requests").await.text();
    assert!(
        list.contains("更正姓名") && !list.contains("欧阳"),
        "{list}"
    );
    let at = list.find("/desk/requests/").expect("the request");
    let path = list[at..].split('"').next().expect("an address").to_owned();
    let mut other = Browser::new(&story.server);
    other.sign_in("other-county", PASSWORD).await;
    assert!(!other.open("/desk/requests").await.text().contains(&path));
    assert_eq!(other.open(&path).await.status, 404);
    let page = desk.open(&path).await.text();
    assert!(
        page.contains("名字写错了") && page.contains("欧阳虚构佳"),
        "{page}"
    );
    let fields = |page: &str, act: &'static str, reason: &'static str| {
        // The form by which it is decided is the last one.
        let at = match act {
            "assign" => 0,
            _ => page.rfind("name=\"key\"").expect("the form"),
        };
        vec![
            ("key".to_owned(), hidden(&page[at..], "key")),
            ("revision".to_owned(), hidden(page, "revision")),
            ("act".to_owned(), act.to_owned()),
            ("reason".to_owned(), reason.to_owned()),
        ]
    };
    let send = async |desk: &mut Browser, fields: Vec<(String, String)>| {
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        desk.send(&path, &OWN, &pairs).await
    };
    let taken = send(&mut desk, fields(&page, "assign", "")).await;
    assert_eq!(taken.header("location"), path);
    // What was seen before is out of date now: nothing is done, nothing typed is lost.
    let stale = send(&mut desk, fields(&page, "grant", "材料齐全")).await;
    assert_eq!(stale.status, 409);
    assert!(stale.text().contains("材料齐全"));
    let page = desk.open(&path).await.text();
    let no_reason = send(&mut desk, fields(&page, "grant", "")).await;
    assert!(no_reason.status == 422 && no_reason.text().contains("href=\"#reason\""));
    // Whoever printed the code is told so on the page, and keeps what was typed.
    let mut printer = Browser::new(&story.server);
    printer.sign_in("county-1", PASSWORD).await;
    let own = printer.open(&path).await.text();
    let held = send(&mut printer, fields(&own, "grant", "已核对原件")).await;
    assert_eq!(held.status, 409);
    let html = held.text();
    assert!(
        html.contains("已核对原件") && html.contains("请由另一人办理"),
        "{html}"
    );
    let granted = send(&mut desk, fields(&page, "grant", "材料齐全")).await;
    assert_eq!(
        granted.header("location"),
        "/desk/requests",
        "{}",
        granted.text()
    );
    assert!(
        desk.open("/desk/requests")
            .await
            .text()
            .contains("没有待办的申请")
    );
    let answered = home.open("/me/requests").await.text();
    assert!(
        answered.contains("已同意") && answered.contains("材料齐全"),
        "{answered}"
    );
    assert!(home.open("/me").await.text().contains("欧阳虚构佳"));
    assert!(home.open("/me/reads").await.text().contains("西湖区"));
}
