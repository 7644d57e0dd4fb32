//! An institution claims work on its page, without a script: class, trainee, employer, document; what is wrong stands
//! beside its field, and nothing that was typed or uploaded is lost.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Browser, Database, Story, on_both};

use crate::cases::hidden;
use crate::evidence::{employer, episodes, roster, taught};

on_both! {
    a_school_claims_work_on_a_page_and_loses_nothing_on_the_way;
}

const NEW: &str = "/org/episodes/new";

async fn send(browser: &Browser, fields: &[(&str, &str)], file: Option<Vec<u8>>) -> Answer {
    let mut form = Form::new();
    if let Some(bytes) = file {
        form = form.part("file", Part::bytes(bytes).file_name("a.png"));
    }
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    let request = browser.client.ask(Method::POST, NEW).await;
    let request = request
        .header("Cookie", browser.cookie())
        .header("Sec-Fetch-Site", "same-origin");
    browser.client.send(request.multipart(form)).await
}

/// The value of the option whose words begin so.
fn option(html: &str, words: &str) -> String {
    let end = html
        .find(words)
        .unwrap_or_else(|| panic!("no {words}: {html}"));
    let at = html[..end].rfind("value=\"").expect("a value") + 7;
    html[at..].split('"').next().expect("a value").to_owned()
}

async fn a_school_claims_work_on_a_page_and_loses_nothing_on_the_way(database: Database) {
    let mut story = Story::ready(database).await;
    let taught_here = taught(&story, roster(911, 2, "330106")).await;
    let mut other = story.second_school().await;
    story.swap(&mut other);
    let class_code = {
        let classes = story.who("school-1").get("/api/v1/cohorts").await.good();
        text(&classes["items"][0]["code"])
    };
    story.server.days_pass(40);
    let mut school = Browser::new(&story.server);
    assert_eq!(school.sign_in("school-1", PASSWORD).await.status, 303);

    // From the list to the class, and from the class to its trainees, masked.
    assert!(school.open("/org/episodes").await.text().contains(NEW));
    let html = school.open(NEW).await.text();
    assert!(
        html.contains("选择这个班期") && !html.contains("提交申报"),
        "{html}"
    );
    let class = option(&html, &class_code);
    let html = school.open(&format!("{NEW}?class={class}")).await.text();
    assert!(
        html.contains(&class_code) && html.contains("提交申报"),
        "{html}"
    );
    let trainees = taught_here.iter().filter(|id| html.contains(id.as_str()));
    assert_eq!(trainees.count(), 2);
    assert!(
        !html.contains("实习") && !html.contains("社会保险登记"),
        "nothing that never counts, nothing that is imported"
    );

    // Everything that is wrong is told at once, beside its field.
    let key = hidden(&html, "multipart", "key");
    let bad = [
        ("key", key.as_str()),
        ("class", class.as_str()),
        ("employer", "123"),
        ("start_on", "不知道"),
    ];
    let picture = certs::qr::png("A-DOCUMENT", certs::qr::Level::Q, 6).expect("a picture");
    let answer = send(&school, &bad, Some(picture)).await;
    assert_eq!(answer.status, 422);
    let html = answer.text();
    for words in [
        "id=\"trainee-why\"",
        "id=\"work_type-why\"",
        "id=\"start_on-why\"",
        "id=\"source-why\"",
        "value=\"123\"",
        "材料已收下",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let kept = hidden(&html, "证明材料", "kept");

    let start = (story.server.today() - chrono::Days::new(20)).to_string();
    let (key, firm) = (hidden(&html, "multipart", "key"), employer(3));
    let mut fields = vec![
        ("key", key.as_str()),
        ("class", class.as_str()),
        ("kept", kept.as_str()),
        ("trainee", taught_here[0].as_str()),
        ("work_type", "contract"),
        ("employer", "91330106MA0000000X"),
        ("start_on", start.as_str()),
        ("work_region", "浙江省杭州市无此区"),
        ("source", "photo"),
    ];
    let answer = send(&school, &fields, None).await;
    assert_eq!(answer.status, 422);
    let html = answer.text();
    for words in [
        "id=\"employer-why\"",
        "id=\"work_region-why\"",
        kept.as_str(),
        "91330106MA0000000X",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(!html.contains("id=\"trainee-why\""), "{html}");

    // Mended, it is taken once, however often it is sent.
    let key = hidden(&html, "multipart", "key");
    fields[0].1 = &key;
    fields[5].1 = &firm;
    fields[7].1 = "浙江省杭州市西湖区";
    let answer = send(&school, &fields, None).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let place = answer.header("location").to_owned();
    assert_eq!(send(&school, &fields, None).await.header("location"), place);
    let html = school.open(&place).await.text();
    assert!(html.contains("已申报") && html.contains(&firm), "{html}");
    let claimed = episodes(&story, "school-1", &taught_here[0]).await;
    assert_eq!(claimed.len(), 1);

    // A document of somebody else, a class of somebody else, a federation at this page.
    fields[0].1 = "another-key";
    fields[2].1 = "019a0000-0000-7000-8000-000000000001";
    let answer = send(&school, &fields, None).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("id=\"file-why\""));
    let mut second = Browser::new(&story.server);
    assert_eq!(second.sign_in("other-school", PASSWORD).await.status, 303);
    assert_eq!(
        second.open(&format!("{NEW}?class={class}")).await.status,
        404
    );
    assert!(second.open(NEW).await.text().contains("还没有结业的班期"));
    let mut county = Browser::new(&story.server);
    assert_eq!(county.sign_in("county-1", PASSWORD).await.status, 303);
    assert_eq!(county.open(NEW).await.status, 404);
}
