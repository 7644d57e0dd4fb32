//! Posts of one person, the way in and out on every page, and the list of accounts (field.md 4 and 5, pages.md 2).

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{COUNTY, PASSWORD, PROVINCE};
use tests::{Browser, Client, Database, Story, on_both};

use super::OWN;

on_both! {
    who_holds_two_posts_chooses_one_and_acts_from_it_alone;
    every_page_of_a_signed_in_person_says_who_they_are_and_leads_out;
    an_administrator_lists_the_accounts_of_their_area_page_by_page;
}

async fn who_holds_two_posts_chooses_one_and_acts_from_it_alone(database: Database) {
    let story = Story::staffed(database).await;
    // The first account of a registry holds two posts.
    let first = story.who("national-1");
    let posts = first.get("/api/v1/self/posts").await.good();
    let id_of = |role: &str| {
        let rows = posts.as_array().expect("posts");
        let row = rows
            .iter()
            .find(|row| row["role"] == role)
            .expect("the post");
        text(&row["post"])
    };
    let (officer, admin) = (id_of("national_officer"), id_of("account_admin"));
    let choose = async |post: Value| {
        let body = json!({ "post": post });
        first.post("/api/v1/self/posts", &body).await
    };
    let status = async |path: &str| first.get(path).await.status.as_u16();
    assert_eq!(
        (
            status("/api/v1/proposals").await,
            status("/api/v1/accounts").await
        ),
        (200, 200)
    );
    assert_eq!(choose(json!(officer)).await.status, 204);
    assert_eq!(
        (
            status("/api/v1/proposals").await,
            status("/api/v1/accounts").await
        ),
        (200, 403)
    );
    assert_eq!(
        first.get("/api/v1/self").await.good()["role"],
        "national_officer"
    );
    assert_eq!(choose(json!(admin)).await.status, 204);
    assert_eq!(
        (
            status("/api/v1/proposals").await,
            status("/api/v1/accounts").await
        ),
        (403, 200)
    );
    // Somebody else's post is no choice.
    let theirs = story.who("county-1").get("/api/v1/self/posts").await.good();
    choose(theirs[0]["post"].clone())
        .await
        .problem(404, "not-found");
    assert_eq!(choose(Value::Null).await.status, 204);
    assert_eq!(
        (
            status("/api/v1/proposals").await,
            status("/api/v1/accounts").await
        ),
        (200, 200)
    );
    // The same on the page; another session is not touched.
    let mut browser = Browser::new(&story.server);
    browser.sign_in("national-1", PASSWORD).await;
    let page = browser.open("/desk/post").await.text();
    assert_eq!(page.matches("<option").count(), 3);
    let sent = browser.send("/desk/post", &OWN, &[("post", &admin)]).await;
    assert_eq!(sent.header("location"), "/desk");
    assert_eq!(browser.open("/desk/exports").await.status, 403);
    assert_eq!(browser.open("/admin/accounts").await.status, 200);
    assert_eq!(status("/api/v1/proposals").await, 200);
}

async fn every_page_of_a_signed_in_person_says_who_they_are_and_leads_out(database: Database) {
    let story = Story::staffed(database).await;
    let mut browser = Browser::new(&story.server);
    let outside = browser.open("/sign-in").await.text();
    assert!(outside.contains("href=\"/sign-in\">登录") && !outside.contains("/sign-out"));
    browser.sign_in("county-1", PASSWORD).await;
    for (path, word) in [
        ("/desk", "退出"),
        ("/desk/requests", "退出"),
        ("/en/desk", "Sign out"),
    ] {
        let page = browser.open(path).await.text();
        let service = page.split("<main").next().expect("the head");
        assert!(
            service.contains("虚构人员") && service.contains(word),
            "{service}"
        );
        assert!(!service.contains("/sign-in\""), "{service}");
        assert!(!service.contains("切换岗位"), "there is one post");
    }
    // A public page stays the same for everybody: it may be kept on the way.
    assert!(!browser.open("/").await.text().contains("虚构人员"));
    let out = browser.send("/sign-out", &OWN, &[]).await;
    assert_eq!(out.status, 303);
    assert_eq!(
        browser.open("/desk").await.header("location"),
        "/sign-in?to=/desk"
    );
}

async fn an_administrator_lists_the_accounts_of_their_area_page_by_page(database: Database) {
    let story = Story::applied(database).await;
    let national = story.who("national-1");
    let admin = json!({
        "name": "admin-33", "person_name": "虚构管理员", "role": "account_admin", "federation": PROVINCE, "password": PASSWORD,
    });
    national.post("/api/v1/accounts", &admin).await.good();
    let all = async |client: &Client, filter: &str| {
        let (mut names, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/accounts?limit=4{filter}{cursor}");
            let page = client.get(&path).await.good();
            let items = page["items"].as_array().expect("items").clone();
            assert!(items.len() <= 4);
            names.extend(items.iter().map(|one| text(&one["name"])));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        names.sort();
        names
    };
    let everybody = all(national, "").await;
    assert_eq!(everybody.len(), 15, "{everybody:?}");
    let area = all(&Client::of(&story.server, "admin-33", PASSWORD), "").await;
    let wanted = [
        "admin-33",
        "county-1",
        "county-2",
        "other-county",
        "province-1",
        "province-2",
        "province-auditor",
        "school-1",
        "school-2",
    ];
    assert_eq!(
        area, wanted,
        "its own, those below, their schools, and nobody who belongs nowhere yet"
    );
    assert_eq!(all(national, "&q=county-").await, ["county-1", "county-2"]);
    assert!(
        all(national, "&q=%25").await.is_empty(),
        "a percent sign is itself"
    );
    // A trainee's account is nobody's to administer.
    for who in ["county-1", "auditor", "school-1"] {
        story
            .who(who)
            .get("/api/v1/accounts")
            .await
            .problem(403, "forbidden");
    }
    let manager = json!({
        "name": "manager", "person_name": "虚构负责人", "role": "institution_manager", "institution": story.institution,
        "password": PASSWORD,
    });
    national.post("/api/v1/accounts", &manager).await.good();
    let own = all(&Client::of(&story.server, "manager", PASSWORD), "").await;
    assert_eq!(own, ["school-1", "school-2"]);
    let row = national.get("/api/v1/accounts?q=county-1").await.good()["items"][0].clone();
    assert_eq!(row["posts"][0]["federation"], COUNTY);
    assert_eq!(
        (&row["state"], &row["second_factor"]),
        (&json!("active"), &json!(false))
    );
    let mut browser = Browser::new(&story.server);
    browser.sign_in("admin-33", PASSWORD).await;
    let page = browser.open("/admin/accounts?q=school").await.text();
    assert!(
        page.contains("school-2") && !page.contains("county-1"),
        "{page}"
    );
}
