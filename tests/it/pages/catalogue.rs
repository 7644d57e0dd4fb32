//! The catalogue: its filters, its lists as files, who stays findable.

use reqwest::StatusCode;
use tests::story::CREDIT_CODE;
use tests::{Database, Story, on_both};

use super::{open, title, whole};

on_both! {
    the_catalogue_is_narrowed_by_every_filter;
    a_wrong_filter_is_shown_and_not_ignored;
    a_suspended_institution_stays_findable;
    lists_are_files_with_their_filter_and_their_time;
}

async fn the_catalogue_is_narrowed_by_every_filter(database: Database) {
    let (story, _) = Story::with_certificates(database, 1).await;
    let cohort = story.enrolling().await;
    assert!(!cohort.is_empty());
    let found = [
        "",
        "?q=%E8%99%9A%E6%9E%84",
        "?q=%E6%B5%99%E6%B1%9F+%E5%AD%A6%E6%A0%A1",
        &format!("?q={CREDIT_CODE}"),
        "?region=330000",
        "?region=330106",
        "?state=provisional",
        "?provision=step_free_entrance",
        "?provision=step_free_entrance&provision=hearing_loop",
        "?form=sign_language",
        "?enrolling=1",
        "?q=&region=&state=&grade=&occupation=&starts_from=&sort=name",
        "?q=zhejiangxugou",
        "?q=ZJXG",
        "?grade=P",
        "?occupation=4-14",
        "?starts_from=2026-03-05",
        "?starts_from=2026-03-05&enrolling=1&free=1",
        "?sort=grade",
        "?sort=region",
    ];
    for query in found {
        let html = whole(
            &open(&story, &format!("/institutions{query}")).await,
            200,
            "zh-CN",
        );
        assert!(
            html.contains(&format!("/institutions/{CREDIT_CODE}\"")),
            "{query}: {html}"
        );
        assert!(html.contains("共 1 家"), "{query}");
    }
    let missed = [
        "?q=%25",
        "?q=_",
        "?region=370000",
        "?state=suspended",
        "?provision=lift",
        "?provision=hearing_loop&provision=lift",
        "?form=braille",
        "?q=zhejiangxugong",
        "?grade=A",
        "?occupation=6",
        "?starts_from=2027-01-01",
    ];
    for query in missed {
        let html = whole(
            &open(&story, &format!("/institutions{query}")).await,
            200,
            "zh-CN",
        );
        assert!(
            html.contains("共 0 家") && html.contains("没有同时符合"),
            "{query}: {html}"
        );
        assert!(html.contains(">清除条件</a>"), "{query}");
    }
    // The filter stands in the title, stays in the form, and a wider search that finds something is offered.
    let page = open(&story, "/institutions?q=%E8%99%9A%E6%9E%84&region=370000").await;
    let html = page.text();
    assert!(
        title(&page).starts_with("虚构、山东省 - 培训机构"),
        "{}",
        title(&page)
    );
    assert!(html.contains("<option value=\"370000\" selected>"));
    assert!(
        html.contains("/institutions?q=%E8%99%9A%E6%9E%84\""),
        "{html}"
    );
    // What sounds alike is offered: 浙将 for 浙江.
    let html = open(&story, "/institutions?q=%E6%B5%99%E5%B0%86")
        .await
        .text();
    assert!(html.contains("/institutions?q=zhejiang\""), "{html}");
    for query in [
        "?q=%E5%85%BB%E8%80%81",
        "?q=yanglao",
        "?occupation=4-14",
        "?starts_from=2026-03-05&free=1&sort=code",
        "?form=sign_language",
        "?region=330000",
        "?enrolling=1",
    ] {
        let html = whole(
            &open(&story, &format!("/programs{query}")).await,
            200,
            "zh-CN",
        );
        assert!(
            html.contains(&format!("/programs/{}\"", story.program)),
            "{query}: {html}"
        );
    }
    for query in ["?q=zzz", "?form=braille", "?region=370000"] {
        let html = whole(
            &open(&story, &format!("/programs{query}")).await,
            200,
            "zh-CN",
        );
        assert!(html.contains("共 0 个"), "{query}");
    }
}

async fn a_wrong_filter_is_shown_and_not_ignored(database: Database) {
    let story = Story::staffed(database).await;
    for query in [
        "?region=999999",
        "?state=applied",
        "?state=%3Cb%3E",
        "?provision=rocket",
        "?form=telepathy",
        "?page=0",
        "?page=abc",
        "?grade=E",
        "?occupation=nurse",
        "?starts_from=8.3.2026",
        "?sort=strokes",
        "?q=a&q=b",
        "?colour=red",
        "?q=%00",
    ] {
        for (prefix, error, language) in [("", "错误:", "zh-CN"), ("/en", "Error: ", "en")] {
            let page = open(&story, &format!("{prefix}/institutions{query}")).await;
            let html = whole(&page, 422, language);
            assert!(title(&page).starts_with(error), "{query}: {}", title(&page));
            assert!(
                html.contains("class=\"error-summary\" role=\"alert\""),
                "{query}"
            );
            assert!(!html.contains("<b>"), "{query}");
        }
    }
    assert_eq!(open(&story, "/programs?provision=lift").await.status, 422);
    assert_eq!(
        open(&story, "/institutions.csv?state=none").await.status,
        422
    );
}

async fn a_suspended_institution_stays_findable(database: Database) {
    let (story, _) = Story::with_certificates(database, 1).await;
    story.enrolling().await;
    let profile = format!("/institutions/{CREDIT_CODE}");
    let html = whole(&open(&story, &profile).await, 200, "zh-CN");
    assert!(
        html.contains("报名中") && html.contains("累计签发 1 张"),
        "{html}"
    );
    story
        .transition_by_two("T16", "province-1", "province-2")
        .await;
    let html = whole(&open(&story, "/institutions").await, 200, "zh-CN");
    assert!(html.contains("已暂停") && html.contains(&profile), "{html}");
    assert!(!html.contains("最近开班"), "not offered for enrolment");
    let html = whole(
        &open(&story, "/institutions?enrolling=1").await,
        200,
        "zh-CN",
    );
    assert!(html.contains("共 0 家"));
    let html = whole(&open(&story, &profile).await, 200, "zh-CN");
    let order = [
        "已暂停",
        "暂停期间不能招生",
        "受理残联",
        "场地与无障碍",
        "满意度",
        "开设的项目",
        "签发证书",
        "决定与经过",
        "公示中",
    ];
    let places: Vec<usize> = order
        .iter()
        .map(|word| {
            html.find(word)
                .unwrap_or_else(|| panic!("no {word}: {html}"))
        })
        .collect();
    assert!(places.is_sorted(), "{order:?} stand at {places:?}");
    assert!(html.contains("暂停招生"), "its classes take nobody");
    let html = whole(&open(&story, "/notices").await, 200, "zh-CN");
    assert!(html.contains("紧急暂停"), "{html}");
}

async fn lists_are_files_with_their_filter_and_their_time(database: Database) {
    let (story, _) = Story::with_certificates(database, 1).await;
    let file = open(&story, "/institutions.csv?region=330000").await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(
        file.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    assert!(file.bytes.starts_with("\u{feff}".as_bytes()));
    let text = file.text();
    for part in [
        "region=330000",
        "导出时间",
        "来源",
        CREDIT_CODE,
        "无障碍出入口、助听环路",
    ] {
        assert!(text.contains(part), "no {part}: {text}");
    }
    let file = open(&story, "/en/programs.csv").await;
    assert!(file.text().contains(&story.program) && file.text().contains("Source"));
    for path in ["/institutions.xlsx", "/programs.xlsx"] {
        let file = open(&story, path).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        assert!(file.bytes.starts_with(b"PK"), "{path}");
    }
    let picture = open(&story, &format!("/institutions/{CREDIT_CODE}/qr.svg")).await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert_eq!(
        open(&story, "/institutions/nobody/qr.svg").await.status,
        404
    );
}
