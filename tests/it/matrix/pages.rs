//! The pages of the staff area that name something, asked like the operations: every page, every column, every relation.
//! What should be stands in `tests/data/matrix/pages.txt`.

use std::collections::{BTreeMap, BTreeSet};

use api::access::public;
use reqwest::Method;
use serde_json::json;
use tests::answer::text;
use tests::story::PASSWORD;
use tests::world::Case;
use tests::{Answer, Browser, Client, Database, World, on_both};

use super::rules::{self, Cell};
use super::{COLUMNS, Column, asked, forms};

on_both! {
    every_page_that_names_something_opens_in_the_own_area_alone;
}

/// Pages with a place in their address that are not public: those that answer GET, and with `POST:` before them those to
/// which a form is sent.
async fn pages(world: &World) -> BTreeSet<String> {
    let anybody = world.who("anybody");
    let mut found = BTreeSet::new();
    for path in crate::walk::page_paths() {
        let path = path.as_str();
        let public = public::PAGES.contains(&path) || public::FILES.contains(&path);
        // A witness is another service.
        if public || !path.contains('{') || path == "/checkpoint/{log}" {
            continue;
        }
        let filled = crate::walk::filled(path);
        if anybody.get(&filled).await.status != 405 {
            found.insert(path.to_owned());
        }
        let form = anybody.ask(Method::POST, &filled).await;
        if anybody.send(form).await.status != 405 {
            found.insert(format!("{}{path}", forms::POST));
        }
    }
    found
}

/// No class.
const NOWHERE: &str = "01980000-0000-7000-8000-000000000001";

/// A browser in which the holder of a column is signed in; one that was never here for nobody.
async fn signed_in(world: &World, column: &Column) -> Browser {
    let mut browser = Browser::new(&world.server);
    let answer = match column.role {
        '-' => return browser,
        'T' => {
            let cohort = &world.of_school('a').fields["cohort"];
            let path = format!("/api/v1/cohorts/{cohort}/enrolments");
            let page = world.who("school-a-1").get(&path).await.good();
            let slip = format!("{path}/{}/sign-in-slip", text(&page["items"][0]["id"]));
            let county = world.who("county-330106-1");
            let slip = county.post(&slip, &json!({})).await.good();
            let code = text(&slip["code"]);
            let own = [("Sec-Fetch-Site", "same-origin")];
            browser
                .send("/sign-in/code", &own, &[("code", &code)])
                .await
        }
        _ => browser.sign_in(column.name, PASSWORD).await,
    };
    assert_eq!(answer.status, 303, "{}: {}", column.name, answer.text());
    browser
}

/// The address of a page about a case; `numbers` are those of the cases by their ids.
fn address(page: &str, case: &Case, numbers: &BTreeMap<String, String>) -> String {
    let field = |name: &str| {
        case.fields
            .get(name)
            .unwrap_or_else(|| panic!("{page}: no {name} in {case:?}"))
            .as_str()
    };
    let (before, rest) = page.split_once('{').expect("a place");
    let value = match (before, rest.split('}').next().unwrap_or("")) {
        ("/admin/accounts/", _) => field("account"),
        ("/admin/assessments/" | "/org/assessments/" | "/assess/", _) => field("assessment"),
        ("/admin/cases/" | "/org/cases/" | "/cases/", _) => &numbers[field("case")],
        ("/admin/decisions/" | "/admin/survey-audits/", _) => field("admission"),
        ("/admin/conflicts/" | "/org/conflicts/", _) => field("conflict"),
        ("/admin/episodes/" | "/org/episodes/", _) => field("episode"),
        ("/admin/gradings/", _) => field("run"),
        ("/admin/keys/", _) => "k3326",
        ("/admin/policies/", _) => field("policy"),
        // Trainees from elsewhere bring no class of their own.
        ("/admin/surveys/", _) => case.fields.get("cohort").map_or(NOWHERE, String::as_str),
        ("/admin/bulletins/", _) => field("bulletin"),
        ("/admin/follow-ups/", _) => field("follow_up"),
        ("/admin/grade-publications/", _) => field("publication"),
        ("/admin/objections/", _) => field("objection"),
        ("/appeals/" | "/me/appeals/", _) => field("appeal"),
        ("/desk/exports/", _) => field("export"),
        ("/desk/files/", _) => field("file"),
        ("/desk/proposals/", _) => field("proposal"),
        ("/desk/requests/", _) => field("request"),
        ("/me/certificates/", "id") if rest.contains("{file}") => {
            return format!("{before}{}/qr.png", field("public_id"));
        }
        ("/me/certificates/", _) => field("public_id"),
        _ => panic!("what does {page} name?"),
    };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    format!("{before}{value}{after}")
}

fn cell(answer: &Answer) -> Result<Cell, String> {
    match answer.status.as_u16() {
        200 => Ok(Cell::Allowed),
        303 if answer.header("location").starts_with("/sign-in?to=") => Ok(Cell::Unknown),
        403 => Ok(Cell::Forbidden),
        404 => Ok(Cell::Hidden),
        _ => Err(answer.text().chars().take(300).collect()),
    }
}

/// Numbers of the cases, by which pages call them.
async fn numbers(national: &Client) -> BTreeMap<String, String> {
    let cases = national.get("/api/v1/cases?limit=100").await.good();
    let cases = cases.as_array().or_else(|| cases["items"].as_array());
    let cases = cases.expect("cases").iter();
    cases
        .map(|one| (text(&one["id"]), text(&one["number"])))
        .collect()
}

async fn every_page_that_names_something_opens_in_the_own_area_alone(database: Database) {
    let world = World::made(database).await;
    let rules = rules::read("pages.txt");
    let named: BTreeSet<String> = rules.keys().cloned().collect();
    assert_eq!(pages(&world).await, named, "tests/data/matrix/pages.txt");
    let numbers = numbers(world.who("national-2")).await;
    let sessions = super::sessions(&world).await;
    let (mut cells, mut wrong) = (0, Vec::new());
    let (mut sent, mut browsers) = (0, Vec::new());
    for column in COLUMNS {
        let mut browser = signed_in(&world, column).await;
        for (page, rule) in rules
            .iter()
            .filter(|(page, _)| !page.starts_with(forms::POST))
        {
            for (relation, case) in asked(column, rule, &world.cases, &BTreeMap::new()) {
                let mut should = rule.expected(column.role, relation);
                if rule.rule == "desks" && should == Cell::Allowed && column.school.is_some() {
                    should = Cell::Hidden;
                }
                let address = address(page, case, &numbers);
                let answer = browser
                    .client
                    .ask(Method::GET, &address)
                    .await
                    .header("Cookie", browser.cookie());
                let answer = browser.client.send(answer).await;
                cells += 1;
                let got = cell(&answer);
                if got != Ok(should) {
                    let place = relation.map_or(String::new(), |_| format!(" {}", case.place));
                    wrong.push(format!(
                        "{page} {} {relation:?}{place}: expected {}, got {} ({})",
                        column.head,
                        should.sign(),
                        got.map_or_else(|text| text, |cell| cell.sign().to_string()),
                        answer.status,
                    ));
                }
            }
        }
        // Signed in all the time: a lost cookie would make every cell right that should be closed.
        if column.role != '-' {
            let home = if column.role == 'T' { "/me" } else { "/desk" };
            assert_eq!(browser.open(home).await.status, 200, "{}", column.head);
        }
        browsers.push(browser);
    }
    // Forms after the pages: some of them change what the next one finds.
    for (column, browser) in COLUMNS.iter().zip(&mut browsers) {
        for (page, rule) in &rules {
            let Some(page) = page.strip_prefix(forms::POST) else {
                continue;
            };
            let mut seen = Vec::new();
            for (relation, case) in asked(column, rule, &world.cases, &sessions) {
                let should = rule.expected(column.role, relation);
                // Who does not hold the function is asked once for each relation, who does for every object.
                if seen.contains(&relation) && matches!(should, Cell::Forbidden | Cell::Unknown) {
                    continue;
                }
                seen.push(relation);
                let address = address(page, case, &numbers);
                let answer = forms::send(browser, page, &address, column.role, case).await;
                sent += 1;
                let got = forms::cell(&answer);
                if got != Ok(should) {
                    let place = relation.map_or(String::new(), |_| format!(" {}", case.place));
                    wrong.push(format!(
                        "POST {page} {} {relation:?}{place}: expected {}, got {} ({})",
                        column.head,
                        should.sign(),
                        got.map_or_else(|text| text, |cell| cell.sign().to_string()),
                        answer.status,
                    ));
                }
            }
        }
        if column.role != '-' {
            let home = if column.role == 'T' { "/me" } else { "/desk" };
            assert_eq!(browser.open(home).await.status, 200, "{}", column.head);
        }
    }
    println!(
        "{cells} cells of pages and {sent} of forms, {} lines, {} wrong",
        rules.len(),
        wrong.len()
    );
    assert!(cells > 600 && sent > 1_000, "{cells} {sent}");
    assert!(
        wrong.is_empty(),
        "{} of {} cells are wrong:\n{}",
        wrong.len(),
        cells + sent,
        wrong.join("\n")
    );
}
