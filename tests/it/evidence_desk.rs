//! Pages of work after training: what officers decide, what an institution sees of its own, a register that is looked at
//! before it is imported, a policy that is tried before it takes effect. All without a script.

use chrono::Days;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Browser, Database, Story, on_both};

use crate::cases::hidden;
use crate::evidence::{claim, employer, episodes, roster, row, taught};

on_both! {
    officers_decide_work_on_pages_and_no_school_learns_of_the_other_side;
    a_register_is_looked_at_before_it_is_imported_and_imported_once;
    a_policy_is_drafted_and_tried_on_a_page_before_it_is_proposed;
}

pub(crate) const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

pub(crate) async fn signed_in(story: &Story, name: &str) -> Browser {
    let mut browser = Browser::new(&story.server);
    let answer = browser.sign_in(name, PASSWORD).await;
    assert_eq!(answer.status, 303, "{name}");
    browser
}

/// Sends a form with a file.
pub(crate) async fn upload(
    browser: &Browser,
    path: &str,
    fields: &[(&str, &str)],
    file: &[u8],
) -> Answer {
    let mut form = Form::new().part("file", Part::bytes(file.to_vec()).file_name("a.csv"));
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    let request = browser.client.ask(Method::POST, path).await;
    let request = request
        .header("Cookie", browser.cookie())
        .header("Sec-Fetch-Site", "same-origin");
    browser.client.send(request.multipart(form)).await
}

/// Sends the form of a page that begins after some words, with these fields beside its hidden ones.
async fn send(browser: &mut Browser, page: &str, after: &str, more: &[(&str, &str)]) -> Answer {
    let html = browser.open(page).await.text();
    let action = {
        let rest = &html[html
            .find(after)
            .unwrap_or_else(|| panic!("no {after}: {html}"))..];
        let at = rest.find("action=\"").expect("a form") + 8;
        rest[at..].split('"').next().expect("an address").to_owned()
    };
    let key = hidden(&html, after, "key");
    let mut fields = vec![("key", key.as_str())];
    let revision = html
        .contains("name=\"revision\"")
        .then(|| hidden(&html, "", "revision"));
    fields.extend(revision.as_deref().map(|text| ("revision", text)));
    fields.extend(more);
    browser.send(&action, &OWN, &fields).await
}

async fn officers_decide_work_on_pages_and_no_school_learns_of_the_other_side(database: Database) {
    let mut story = Story::ready(database).await;
    let first = taught(&story, roster(901, 2, "330106")).await;
    let mut other = story.second_school().await;
    let second = taught(&story, roster(902, 1, "330106")).await;
    story.server.days_pass(40);
    claim(&story, "school-1", &second[0], &employer(3), 20, json!({}))
        .await
        .good();
    story.swap(&mut other);
    let claimed = claim(&story, "school-1", &first[1], &employer(4), 35, json!({})).await;
    let id = text(&claimed.good()["id"]);

    // The school sees its claim, that there is another side, and not which.
    let theirs = [
        other.admission.as_str(),
        other.institution.as_str(),
        "山东虚构职业培训学校",
        "370102",
        second[0].as_str(),
    ];
    let mut school = signed_in(&story, "school-1").await;
    assert!(
        school
            .open("/desk")
            .await
            .text()
            .contains("href=\"/org/episodes\"")
    );
    let mut seen = school.open("/org/episodes").await.text();
    assert!(
        seen.contains("共 1 条") && seen.contains("已申报"),
        "{seen}"
    );
    for page in [
        format!("/org/episodes/{id}"),
        "/org/follow-ups".to_owned(),
        "/org/conflicts?kind=two_claims".to_owned(),
        "/org/conflicts.csv?state=all".to_owned(),
        "/org/episodes.csv?state=all".to_owned(),
    ] {
        let answer = school.open(&page).await;
        assert_eq!(answer.status, 200, "{page}");
        seen.push_str(&answer.text());
    }
    let html = school.open("/org/conflicts").await.text();
    let at = html.find("/org/conflicts/").expect("a line");
    let conflict = html[at..].split('"').next().expect("an address").to_owned();
    seen.push_str(&school.open(&conflict).await.text());
    assert!(
        seen.contains("另有机构申报同一人") && seen.contains("X7"),
        "{seen}"
    );
    for words in theirs {
        assert!(!seen.contains(words), "{words}: {seen}");
    }
    // It records no follow-up and closes nothing.
    assert!(!seen.contains("登记回访结果") && !seen.contains("办结这条疑点"));
    let theirs = format!(
        "/org/episodes/{}",
        episodes(&story, "second-county-1", &second[0]).await[0]["id"]
            .as_str()
            .expect("an id")
    );
    assert_eq!(school.open(&theirs).await.status, 404);
    let close = conflict.replace("/org/", "/admin/");
    let by_school = school
        .send(&close, &OWN, &[("key", "a"), ("words", "属实")])
        .await;
    assert_eq!(by_school.status, 403);

    // The county sees its side and that the other lies beyond its area; the nation sees both.
    let mut county = signed_in(&story, "county-1").await;
    let html = county.open(&close).await.text();
    assert!(
        html.contains("另一方不在本辖区") && !html.contains("山东虚构职业培训学校"),
        "{html}"
    );
    let mut national = signed_in(&story, "national-1").await;
    let html = national.open(&close).await.text();
    assert!(
        html.contains("山东虚构职业培训学校") && html.contains("浙江虚构职业培训学校"),
        "{html}"
    );

    // One source is not enough: there is no button; with two the county confirms.
    let page = format!("/admin/episodes/{id}");
    let evidence = |source| [("act", "add_evidence"), ("source", source)];
    let done = send(&mut county, &page, "补充证据", &evidence("trainee")).await;
    assert_eq!(done.status, 303);
    assert!(!county.open(&page).await.text().contains("核实这条就业记录"));
    send(&mut county, &page, "补充证据", &evidence("bank_wages")).await;
    // Levels above the county see the evidence, and no button that would answer "not yours".
    for who in ["province-1", "national-1"] {
        let html = signed_in(&story, who).await.open(&page).await.text();
        assert!(
            html.contains("银行工资流水") && !html.contains("核实这条就业记录"),
            "{who}: {html}"
        );
    }
    let done = send(&mut county, &page, "<h2>核实", &[("act", "confirm")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let html = county.open(&page).await.text();
    assert!(
        html.contains("就业记录:已核实") && html.contains("银行工资流水"),
        "{html}"
    );
    // What was done by an older view of it is refused.
    let stale = [
        ("key", "stale"),
        ("revision", "1"),
        ("act", "contest"),
        ("reason", "不属实"),
    ];
    assert_eq!(county.send(&page, &OWN, &stale).await.status, 412);

    // A month after the first day of work it is asked about, on the same page.
    let due = county.open("/admin/follow-ups").await.text();
    assert!(
        due.contains("共 1 条") && due.contains(&format!("{page}#follow-ups")),
        "{due}"
    );
    assert!(
        county
            .open("/admin/follow-ups?days=90")
            .await
            .text()
            .contains("没有要回访的")
    );
    assert_eq!(county.open("/admin/follow-ups?days=31").await.status, 422);
    let still = [("outcome", "still_there")];
    let done = send(&mut county, &page, "<h2 id=\"follow-ups\"", &still).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(county.open(&page).await.text().contains("仍在职"));
    assert!(
        county
            .open("/admin/follow-ups")
            .await
            .text()
            .contains("没有要回访的")
    );

    // The school contests its own claim; as the county confirmed it, the level above decides.
    let own = format!("/org/episodes/{id}");
    let reason = [("act", "contest"), ("reason", "学员说已在别处工作")];
    assert_eq!(
        send(&mut school, &own, "<h2>提出争议", &reason)
            .await
            .status,
        303
    );
    assert!(
        !school
            .open(&own)
            .await
            .text()
            .contains("学员说已在别处工作"),
        "the history is the federations'"
    );
    let html = county.open(&page).await.text();
    assert!(
        html.contains("学员说已在别处工作") && html.contains("有争议"),
        "{html}"
    );
    let dismiss = [("act", "dismiss"), ("reason", "经核对属实")];
    assert!(!html.contains("<h2>裁定争议"), "{html}");
    let mut province = signed_in(&story, "province-1").await;
    assert_eq!(
        send(&mut province, &page, "<h2>裁定争议", &dismiss)
            .await
            .status,
        303
    );

    // The two sides lie in two provinces: the nation decides, for both; county and province are told who, and have no form.
    for browser in [&mut county, &mut province] {
        let html = browser.open(&close).await.text();
        assert!(
            html.contains("中国残联。") && !html.contains("办结这条疑点"),
            "{html}"
        );
    }
    let words = [("words", "两段工作时间不重叠,属实。")];
    assert_eq!(
        send(&mut national, &close, "<h2>办结", &words).await.status,
        303
    );
    let html = school.open(&conflict).await.text();
    assert!(
        html.contains("已办结")
            && html.contains("两段工作时间不重叠")
            && !html.contains("中国残联。"),
        "{html}"
    );
    files(&mut county, &mut school).await;
}

/// The lists as files: filter, time and source are in them, and no cell is a formula.
async fn files(county: &mut Browser, school: &mut Browser) {
    let csv = county.open("/admin/episodes.csv?state=all").await;
    let csv = csv.text();
    for words in [
        "记录编号",
        "已核实",
        "state=all",
        "/admin/episodes",
        "导出时间",
    ] {
        assert!(csv.contains(words), "{words}: {csv}");
    }
    assert!(!csv.contains("虚构样"), "names are masked: {csv}");
    let book = county.open("/admin/conflicts.xlsx?state=closed").await;
    assert!(book.bytes.starts_with(b"PK"), "{}", book.status);
    assert_eq!(
        county.open("/admin/conflicts.csv?state=new").await.status,
        422
    );
    // The same address under another desk shows what is one's own, and no more.
    let csv = school
        .open("/admin/follow-ups.csv?until=2099-01-01")
        .await
        .text();
    assert!(
        csv.contains("浙江虚构职业培训学校") && !csv.contains("山东"),
        "{csv}"
    );
}

async fn a_register_is_looked_at_before_it_is_imported_and_imported_once(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(911, 2, "330106")).await;
    story.server.days_pass(60);
    let (today, job) = (story.server.today(), employer(3));
    let start = today - Days::new(40);
    let head = "公民身份号码,统一社会信用代码,起始日期,截止日期";
    let file = |rows: &[String]| format!("{head}\n{}\n", rows.join("\n")).into_bytes();
    let rows = [911, 912, 913].map(|number| row(number, &job, start, None));
    let day = today.to_string();
    let mut county = signed_in(&story, "county-1").await;
    let list = "/admin/registers";
    let html = county.open(list).await.text();
    assert!(html.contains("还没有导入过") && html.contains("enctype=\"multipart/form-data\""));
    let fields = |key: &'static str| {
        [
            ("key", key),
            ("source", "social_insurance"),
            ("as_of", day.as_str()),
        ]
    };

    // Faults by row and column; nothing of the file is kept, and what was typed is still there.
    let wrong = [
        rows[0].clone(),
        row(912, "91330000", start, None),
        "4,,2026-02-30,".to_owned(),
    ];
    let refused = upload(&county, list, &fields("r-1"), &file(&wrong)).await;
    assert_eq!(refused.status, 422);
    let told = refused.text();
    for words in [
        "<title>错误:导入登记数据",
        "data-label=\"行号\">3</th><td role=\"cell\" data-label=\"列\">统一社会信用代码",
        "data-label=\"行号\">4</th><td role=\"cell\" data-label=\"列\">公民身份号码",
        "data-label=\"行号\">4</th><td role=\"cell\" data-label=\"列\">起始日期",
        &format!("value=\"{day}\""),
        "<option value=\"social_insurance\" selected>",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let id = tests::rosters::citizen_id(911);
    assert!(!told.contains(&id), "no number stands on the page");
    let missing = upload(
        &county,
        list,
        &[("key", "r-2"), ("source", ""), ("as_of", &day)],
        b"x",
    )
    .await;
    assert!(missing.status == 422 && missing.text().contains("请选择数据来源"));
    let other = upload(&county, list, &fields("r-3"), b"%PDF-1.7 x").await;
    assert_eq!(other.status, 422);
    assert!(
        other
            .text()
            .contains("表头应有:公民身份号码、统一社会信用代码、起始日期")
    );
    assert_eq!(
        county.open("/admin/registers/draft").await.status,
        303,
        "there is none"
    );

    // A form of another site, and one without its token.
    let form = || {
        Form::new()
            .text("key", "r-4")
            .part("file", Part::bytes(file(&rows)).file_name("a.csv"))
    };
    for site in [Some("cross-site"), None] {
        let mut request = county
            .client
            .ask(Method::POST, list)
            .await
            .header("Cookie", county.cookie());
        if let Some(site) = site {
            request = request.header("Sec-Fetch-Site", site);
        }
        let answer = county.client.send(request.multipart(form())).await;
        assert_eq!(answer.status, 403, "{site:?}: {}", answer.text());
    }

    // A good one is counted first, and written when that is confirmed.
    let good = upload(&county, list, &fields("r-5"), &file(&rows)).await;
    assert_eq!(
        (good.status.as_u16(), good.header("location")),
        (303, "/admin/registers/draft")
    );
    let html = county.open("/admin/registers/draft").await.text();
    assert!(
        html.contains("还没有写入") && html.contains("<dd>3</dd>") && html.contains("<dd>2</dd>"),
        "{html}"
    );
    assert!(county.open(list).await.text().contains("等待确认的文件"));
    assert!(episodes(&story, "county-1", &members[0]).await.is_empty());
    // It is nobody else's.
    let mut province = signed_in(&story, "province-1").await;
    assert_eq!(province.open("/admin/registers/draft").await.status, 303);
    let draft = hidden(&html, "核对后导入", "draft");
    let foreign = [("key", "p-1"), ("draft", draft.as_str())];
    assert_eq!(
        province
            .send("/admin/registers/draft", &OWN, &foreign)
            .await
            .status,
        409
    );
    let mut school = signed_in(&story, "school-1").await;
    assert_eq!(school.open(list).await.status, 403);

    let key = hidden(&html, "核对后导入", "key");
    let confirm = [("key", key.as_str()), ("draft", draft.as_str())];
    for _ in 0..2 {
        let done = county.send("/admin/registers/draft", &OWN, &confirm).await;
        assert_eq!(done.status, 303, "{}", done.text());
    }
    let html = county.open("/admin/registers/draft").await.text();
    assert!(
        html.contains("<h1>已导入") && !html.contains("确认导入"),
        "{html}"
    );
    assert_eq!(
        episodes(&story, "county-1", &members[0]).await[0]["state"],
        "verified"
    );
    let html = province.open(list).await.text();
    assert_eq!(
        html.matches("data-label=\"比中学员的行\">2<").count(),
        1,
        "{html}"
    );
    // The sealed file is gone; what was refused has left none.
    assert_eq!(files_under(&story.server.data().join("files")), 0);
    // A draft that nobody confirms is dropped in its time, and its file with it.
    let left = upload(&province, list, &fields("r-8"), &file(&rows[..1])).await;
    assert_eq!(left.status, 303, "{}", left.text());
    assert_eq!(files_under(&story.server.data().join("files")), 1);
    story.server.days_pass(400);
    let dropped = api::privacy::retention::run(&story.server.app, false).await;
    assert_eq!(dropped.expect("it runs").register_drafts, 1);
    assert_eq!(files_under(&story.server.data().join("files")), 0);
    let mut county = signed_in(&story, "county-1").await;
    // The same file again is known.
    let again = upload(&county, list, &fields("r-6"), &file(&rows)).await;
    assert_eq!(again.status, 303);
    let html = county.open("/admin/registers/draft").await.text();
    let again = [
        ("key", "r-7"),
        ("draft", &hidden(&html, "核对后导入", "draft")[..]),
    ];
    assert_eq!(
        county
            .send("/admin/registers/draft", &OWN, &again)
            .await
            .status,
        409
    );
}

async fn a_policy_is_drafted_and_tried_on_a_page_before_it_is_proposed(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(6).await;
    story.issue(&cohort).await;
    story.server.days_pass(300);
    let request = json!({ "kind": "annual", "freeze_on": story.server.annual_freeze() });
    let national = story.who("national-1");
    let frozen = national.post("/api/v1/grading-freezes", &request).await;
    let run = text(&frozen.good()["run"]);
    let mut province = signed_in(&story, "province-1").await;
    assert!(
        province
            .open("/desk")
            .await
            .text()
            .contains("href=\"/admin/policies\"")
    );
    let list = "/admin/policies";
    let tomorrow = (story.server.today() + Days::new(1)).to_string();
    let fields = |key: &'static str| [("key", key), ("effective_on", tomorrow.as_str())];
    let policy = |changes| json!({ "base": "CN-BASE@2026.1", "policy_id": "ZJ", "version": "2026.1", "changes": changes });

    // Every fault of the file is told with its place.
    let wrong = policy(json!({ "grades": { "A": 101_000, "E": 1 } })).to_string();
    let refused = upload(&province, list, &fields("d-1"), wrong.as_bytes()).await;
    assert_eq!(refused.status, 422);
    let told = refused.text();
    assert!(
        told.contains("需要修改的地方") && told.contains("/grades"),
        "{told}"
    );
    assert!(told.contains(&format!("value=\"{tomorrow}\"")), "{told}");
    assert_eq!(
        upload(&province, list, &fields("d-2"), b"\xff\xfe")
            .await
            .status,
        422
    );

    let changes = json!({ "indicators": { "EMP": { "weight": 340 }, "SAT": { "weight": 210 } } });
    let drafted = upload(
        &province,
        list,
        &fields("d-3"),
        policy(changes).to_string().as_bytes(),
    )
    .await;
    assert_eq!(drafted.status, 303, "{}", drafted.text());
    let page = drafted.header("location").to_owned();
    assert!(province.open(list).await.text().contains(&page));
    let html = province.open(&page).await.text();
    assert!(
        html.contains("ZJ@2026.1") && html.contains(&run) && !html.contains("谁会变动"),
        "{html}"
    );
    let tried = province.open(&format!("{page}?run={run}")).await.text();
    for words in ["谁会变动", "分省:机构数", "分学员类别", "肢体 重度", "浙江"]
    {
        assert!(tried.contains(words), "{words}: {tried}");
    }
    assert_eq!(province.open(&format!("{page}?run=x")).await.status, 422);
    // Other provinces have nothing to do with it.
    let mut elsewhere = signed_in(&story, "other-province").await;
    assert_eq!(elsewhere.open(&page).await.status, 404);
    let proposed = send(&mut province, &page, "<h2>提请发布", &[]).await;
    assert_eq!(proposed.status, 303, "{}", proposed.text());
    let waiting = story
        .who("province-2")
        .get("/api/v1/proposals")
        .await
        .good();
    assert_eq!(
        waiting["items"][0]["object_kind"], "policy_draft",
        "{waiting}"
    );
}

/// How many files lie in a folder and the folders below.
fn files_under(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| if path.is_dir() { files_under(&path) } else { 1 })
        .sum()
}
