//! Names show as typed, and stand isolated.

use serde_json::json;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, people};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_and_templates_in_names_show_as_typed() {
    let mut story = Story::staffed(Database::Sqlite).await;
    story.apply().await;
    let name = "<script>alert(1)</script>{{7*7}}";
    let site = json!({
        "name": name, "region": tests::story::COUNTY, "address": "<b>虚构路</b>1号\" onx='",
        "provisions": ["step_free_entrance"],
    });
    let school = story.who("school-1");
    let made = school.post("/api/v1/sites", &site).await.good();
    let kept = school
        .get(&format!("/api/v1/sites?institution={}", story.admission))
        .await
        .good();
    assert!(kept.to_string().contains(name), "{kept}");
    story.site = text(&made["id"]);
    story.admit_and_offer().await;
    let page = story
        .who("anybody")
        .get(&format!("/institutions/{}", tests::story::CREDIT_CODE))
        .await;
    let html = page.text();
    assert_eq!(page.status, 200, "{html}");
    assert!(html.contains("{{7*7}}"), "as typed: {html}");
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(html.contains("&#60;script&#62;alert(1)") || html.contains("&lt;script&gt;alert(1)"));
}

/// Places of a name in the text of a page, and how many of them stand in no `<bdi>`. Titles and options hold no elements,
/// and what stands in an attribute is not shown.
fn names(html: &str, name: &str) -> (usize, Vec<String>) {
    let (mut found, mut outside) = (0, Vec::new());
    for (at, _) in html.match_indices(name) {
        let tag = html[..at].rfind('<').unwrap_or(0);
        let before = &html[tag..at];
        let attribute = !before.contains('>');
        if attribute
            || ["<title", "<option"]
                .iter()
                .any(|one| before.starts_with(one))
        {
            continue;
        }
        found += 1;
        if !before.starts_with("<bdi") {
            outside.push(before.chars().take(120).collect());
        }
    }
    (found, outside)
}

#[test]
fn a_name_outside_of_bdi_is_found() {
    let html = "<title>甲乙</title><p><bdi lang=\"zh\">甲乙</bdi><input value=\"甲乙\"><b>甲乙</b>";
    assert_eq!(names(html, "甲乙"), (2, vec!["<b>".to_owned()]));
}

/// A name may be written from right to left: it does not turn what stands around it (trust.md WEB-3).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_people_stand_isolated_on_every_page_that_shows_them() {
    let story = Story::ready(Database::Sqlite).await;
    let known = people::known();
    let (cohort, members) = story.class_of(&known[..1]).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let issued = story.issue(&cohort).await;
    let id = text(&issued["certificates"][0]["id"]);
    let anybody = story.who("anybody");
    let path = format!("/api/v1/verifications/{id}");
    let verdict = anybody.get(&path).await.good();
    let masked = text(&verdict["certificate"]["holder"]);
    assert!(masked.contains('*'), "{verdict}");
    let administrator = story.who("national-1");
    let accounts = administrator
        .get("/api/v1/accounts?q=county-1")
        .await
        .good();
    let account = text(&accounts["items"][0]["account"]);

    let trainee = crate::people::trainee(&story, &cohort, members[0]).await;
    let mut staff = Browser::new(&story.server);
    staff.sign_in("national-1", PASSWORD).await;
    let account = format!("/admin/accounts/{account}");
    let mut browsers = [trainee, staff, Browser::new(&story.server)];
    let verdict = format!("/v/{id}");
    for lang in ["", "/en"] {
        for (who, path, name) in [
            (0, "/me", known[0].name),
            (0, "/me/copy", known[0].name),
            (1, "/desk", "全国甲"),
            (1, "/admin/accounts", "虚构人员"),
            (1, &account, "虚构人员"),
            (2, &verdict, &masked),
        ] {
            let browser = &mut browsers[who];
            let page = browser.open(&format!("{lang}{path}")).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text());
            let (found, outside) = names(&page.text(), name);
            assert!(found > 0, "{path} shows no {name}");
            assert!(outside.is_empty(), "{path}: {outside:?}");
        }
    }
}
