//! Lists as files (trust.md UP-5), and the audit over HTTP.

use serde_json::Value;
use tests::story::PASSWORD;
use tests::{Browser, Database, Story, on_both, rosters};

on_both! {
    the_auditor_reads_and_nobody_else;
    an_audit_is_searched_page_by_page_and_checked_on_its_page;
    a_file_has_a_fixed_name_a_watermark_and_an_entry_in_the_audit;
    the_links_of_the_page_lead_to_files_of_its_filter;
    trainees_leave_masked_and_in_scope_only;
    public_lists_are_open_data;
}

async fn the_auditor_reads_and_nobody_else(database: Database) {
    let story = Story::applied(database).await;
    for path in ["/api/v1/audit", "/api/v1/audit/export/csv"] {
        for who in ["national-1", "province-1", "county-1", "school-1"] {
            assert_eq!(story.who(who).get(path).await.status, 403, "{who} {path}");
        }
        assert_eq!(story.who("anybody").get(path).await.status, 401, "{path}");
        assert_eq!(story.who("auditor").get(path).await.status, 200, "{path}");
    }
    // The page is for a browser: who is not signed in is led to the sign-in.
    let page = story.who("anybody").get("/admin/audit").await;
    assert_eq!(page.status, 303);
    assert_eq!(page.header("location"), "/sign-in?to=/admin/audit");
    for (who, status) in [("national-1", 403), ("auditor", 200)] {
        let mut browser = Browser::new(&story.server);
        browser.sign_in(who, PASSWORD).await;
        assert_eq!(browser.open("/admin/audit").await.status, status, "{who}");
    }
    let key = story
        .who("auditor")
        .post(
            "/api/v1/keys",
            &serde_json::json!({ "federation": "330000", "year": 2026 }),
        )
        .await;
    key.problem(403, "forbidden");
    // Each sees its own area: of the school's province, and not of another.
    let of = |who: &'static str| {
        let story = &story;
        async move {
            story
                .who(who)
                .get("/api/v1/audit?limit=100&act=create_account")
                .await
                .good()["items"]
                .as_array()
                .expect("rows")
                .len()
        }
    };
    assert!(of("auditor").await > 0);
    assert_eq!(
        of("province-auditor").await,
        0,
        "accounts were made nationally"
    );
    let site = story
        .who("province-auditor")
        .get("/api/v1/audit?limit=100")
        .await
        .good();
    assert!(
        site["items"]
            .as_array()
            .expect("rows")
            .iter()
            .any(|row| row["institution"] == story.institution.as_str()),
        "{site}"
    );
    let other = story
        .who("other-auditor")
        .get("/api/v1/audit?limit=100")
        .await
        .good();
    assert!(
        other["items"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|row| row["federation"] == "370000"),
        "{other}"
    );
}

async fn an_audit_is_searched_page_by_page_and_checked_on_its_page(database: Database) {
    let story = Story::staffed(database).await;
    let auditor = story.who("auditor");
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = auditor
            .get(&format!("/api/v1/audit?act=create_account&limit=3{cursor}"))
            .await
            .good();
        seen.extend(
            page["items"]
                .as_array()
                .expect("rows")
                .iter()
                .map(|row| row["seq"].as_i64().expect("a number")),
        );
        match page["next"].as_i64() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(
        seen.len() > 6 && seen.is_sorted_by(|a, b| a > b),
        "{seen:?}"
    );
    for (wrong, pointer) in [
        ("account=x", "/account"),
        ("from=yesterday", "/from"),
        ("until=2026-13-01", "/until"),
    ] {
        let answer = auditor.get(&format!("/api/v1/audit?{wrong}")).await;
        assert_eq!(answer.faults()[0].0, pointer);
    }
    let none = auditor.get("/api/v1/audit?until=2020-01-01").await.good();
    assert_eq!(none["items"], Value::Array(Vec::new()));
    let mut browser = Browser::new(&story.server);
    browser.sign_in("auditor", PASSWORD).await;
    for lang in ["", "/en"] {
        let page = browser
            .open(&format!("{lang}/admin/audit?act=create_account&verify=yes"))
            .await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(
            page.text().contains("create_account") && page.text().contains("badge good"),
            "{}",
            page.text()
        );
        assert_eq!(page.header("cache-control"), "no-store");
    }
    store::tampering::as_owner(
        &story.server.app.store,
        "UPDATE audit SET act = 'x' WHERE seq = 5",
    )
    .await
    .expect("the owner can");
    let page = browser.open("/admin/audit?verify=yes").await.text();
    assert!(
        page.contains("badge bad") && page.contains("row 5"),
        "{page}"
    );
}

async fn a_file_has_a_fixed_name_a_watermark_and_an_entry_in_the_audit(database: Database) {
    let story = Story::staffed(database).await;
    let auditor = story.who("auditor");
    let csv = auditor
        .get("/api/v1/audit/export/csv?act=create_account")
        .await;
    assert_eq!(csv.status, 200, "{}", csv.text());
    assert!(csv.bytes.starts_with(b"\xef\xbb\xbf"));
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"audit-20260302.csv\"; filename*=UTF-8''%E5%AE%A1%E8%AE%A1%E8%AE%B0%E5%BD%95-20260302.csv"
    );
    let text = csv.text();
    for mark in [
        "act=create_account",
        "2026-03-02 10:00:00",
        "https://mingzheng.example/api/v1/audit",
    ] {
        assert!(text.contains(mark), "{mark}: {text}");
    }
    let me = auditor.get("/api/v1/self").await.good();
    assert!(text.contains(me["account"].as_str().expect("an id")));
    assert!(
        auditor
            .get("/api/v1/audit/export/xlsx")
            .await
            .bytes
            .starts_with(b"PK")
    );
    assert_eq!(auditor.get("/api/v1/audit/export/exe").await.status, 404);
    let told = auditor.get("/api/v1/audit?act=export").await.good();
    let told: Vec<&str> = told["items"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["detail"].as_str())
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[1].starts_with("csv rows=") && told[1].ends_with("filter=act=create_account"),
        "{told:?}"
    );
}

async fn the_links_of_the_page_lead_to_files_of_its_filter(database: Database) {
    let story = Story::staffed(database).await;
    let mut auditor = Browser::new(&story.server);
    auditor.sign_in("auditor", PASSWORD).await;
    for (lang, heading) in [("", "序号"), ("/en", "seq")] {
        let page = auditor
            .open(&format!("{lang}/admin/audit?act=create_account"))
            .await
            .text();
        for (ending, begins) in [("csv", &b"\xef\xbb\xbf"[..]), ("xlsx", b"PK")] {
            let mark = format!("href=\"{lang}/admin/audit.{ending}?");
            let at = page.find(&mark).unwrap_or_else(|| panic!("{mark} {page}")) + 6;
            let link = page[at..].split('"').next().expect("an address");
            let link = link.replace("&#38;", "&").replace("&amp;", "&");
            let file = auditor.open(&link).await;
            assert_eq!(file.status, 200, "{link}: {}", file.text());
            assert!(file.bytes.starts_with(begins), "{link}");
            assert!(
                file.header("content-disposition").starts_with("attachment"),
                "{link}"
            );
            if ending == "csv" {
                let text = file.text();
                let rows = text.lines().filter(|line| line.contains("create_account,"));
                assert!(text.contains(heading) && rows.count() > 3, "{text}");
                assert!(!text.contains(",sign_in,"), "rows of the filter alone");
            }
        }
    }
    let told = story
        .who("auditor")
        .get("/api/v1/audit?act=export")
        .await
        .good();
    assert_eq!(told["items"].as_array().map(Vec::len), Some(4), "{told}");
    let mut officer = Browser::new(&story.server);
    assert_eq!(officer.open("/admin/audit.csv").await.status, 303);
    officer.sign_in("national-1", PASSWORD).await;
    assert_eq!(officer.open("/admin/audit.csv").await.status, 403);
}

async fn trainees_leave_masked_and_in_scope_only(database: Database) {
    let story = Story::ready(database).await;
    let cohort = story.enrolling().await;
    story.import(&cohort, rosters::csv(1, 3)).await;
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/export");
    let csv = story.who("school-1").get(&format!("{path}/csv")).await;
    assert_eq!(csv.status, 200, "{}", csv.text());
    for number in 1..=3 {
        assert!(!csv.text().contains(&rosters::citizen_id(number)), "masked");
    }
    assert!(
        csv.text().contains("****") && !csv.text().contains("虚构样"),
        "{}",
        csv.text()
    );
    let json = story
        .who("county-1")
        .get(&format!("{path}/json"))
        .await
        .good();
    assert_eq!(json["items"].as_array().map(Vec::len), Some(3));
    for outside in ["other-school", "other-province"] {
        story
            .who(outside)
            .get(&format!("{path}/csv"))
            .await
            .problem(404, "not-found");
    }
    let certificates = story
        .who("province-1")
        .get("/api/v1/certificates/export/csv")
        .await;
    assert_eq!(certificates.status, 200, "{}", certificates.text());
}

async fn public_lists_are_open_data(database: Database) {
    let story = Story::ready(database).await;
    let anybody = story.who("anybody");
    for list in ["institutions", "programs"] {
        for form in ["csv", "xlsx", "json"] {
            let file = anybody
                .get(&format!("/api/v1/catalogue/{list}/export/{form}"))
                .await;
            assert_eq!(file.status, 200, "{list} {form}: {}", file.text());
        }
        let none = anybody
            .get(&format!(
                "/api/v1/catalogue/{list}/export/json?q=nothing-of-this-name"
            ))
            .await
            .good();
        assert_eq!(
            none["items"],
            Value::Array(Vec::new()),
            "rows of the filter only"
        );
    }
    let some = anybody
        .get("/api/v1/catalogue/institutions/export/json")
        .await
        .good();
    assert_eq!(some["items"].as_array().map(Vec::len), Some(1), "{some}");
}
