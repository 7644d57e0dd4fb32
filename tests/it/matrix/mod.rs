//! The authorization matrix (trust.md AZ-3): every operation, every role, every relation of the object to who asks, asked
//! of a real server. What should be stands in `tests/data/matrix/rules.txt`; written out, cell by cell, in `expected.txt`
//! beside it.

mod forms;
mod pages;
mod probe;
mod rules;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use probe::Operation;
use rules::{Cell, Relation, Rule};
use serde_json::Value;
use tests::story::PASSWORD;
use tests::world::Case;
use tests::{Client, Database, World, on_both};

on_both! {
    every_cell_of_the_matrix_is_as_the_rules_say;
}

/// A column: who asks. Roles that sit at several levels are asked at several.
struct Column {
    role: char,
    name: &'static str,
    /// Federation, or the place of the school.
    code: Option<&'static str>,
    school: Option<char>,
    head: &'static str,
}

const fn federation(
    role: char,
    name: &'static str,
    code: &'static str,
    head: &'static str,
) -> Column {
    Column {
        role,
        name,
        code: Some(code),
        school: None,
        head,
    }
}

const fn alone(role: char, name: &'static str, head: &'static str) -> Column {
    Column {
        role,
        name,
        code: None,
        school: None,
        head,
    }
}

const COLUMNS: &[Column] = &[
    Column {
        role: 'I',
        name: "school-a-1",
        code: Some("330106"),
        school: Some('a'),
        head: "I",
    },
    Column {
        role: 'M',
        name: "manager-a",
        code: Some("330106"),
        school: Some('a'),
        head: "M",
    },
    federation('X', "county-330106-1", "330106", "X"),
    federation('C', "prefecture-330100", "330100", "C"),
    federation('P', "province-330000-1", "330000", "P"),
    federation('N', "national-2", "000000", "N"),
    federation('R', "reviewer-330100", "330100", "R"),
    alone('A', "assessor", "A"),
    federation('U', "auditor-330100", "330100", "U"),
    federation('D', "administrator-330100", "330100", "D"),
    alone('T', "trainee", "T"),
    alone('E', "employer", "E"),
    alone('-', "anybody", "-"),
    // Reviewers and administrators elsewhere; the corps, whose cities carry Xinjiang's prefix, and Xinjiang.
    federation('R', "reviewer-330106", "330106", "R-county"),
    federation('D', "administrator-330000", "330000", "D-prov"),
    federation('P', "province-660000-1", "660000", "P-corps"),
    federation('P', "province-650000-1", "650000", "P-xinj"),
];

fn operations() -> Vec<Operation> {
    let (_, document) = api::server::openapi::routes();
    let document: Value =
        serde_json::from_str(&api::server::openapi::text(&document)).expect("JSON");
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            all.push(Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                name: operation["operationId"]
                    .as_str()
                    .expect("a name")
                    .to_owned(),
            });
        }
    }
    all
}

/// The rules are those of the operations: none is missing, none is left over.
fn rules_of(operations: &[Operation]) -> BTreeMap<String, Rule> {
    let rules = rules::read("rules.txt");
    let named = |name: &str| operations.iter().any(|one| one.name == name);
    let missing: Vec<&str> = operations
        .iter()
        .map(|one| one.name.as_str())
        .filter(|name| !rules.contains_key(*name))
        .collect();
    assert!(
        missing.is_empty(),
        "say who may ask these, in tests/data/matrix/rules.txt: {missing:?}"
    );
    let over: Vec<&String> = rules.keys().filter(|name| !named(name)).collect();
    assert!(over.is_empty(), "no such operation: {over:?}");
    rules
}

/// One's own sessions and another's, by column.
async fn sessions(world: &World) -> BTreeMap<&'static str, Case> {
    let mut own = BTreeMap::new();
    for column in COLUMNS {
        let session = match column.role {
            '-' => continue,
            'T' => world.slip(0).await.1,
            _ => {
                let given = serde_json::json!({ "name": column.name, "password": PASSWORD });
                let signed = world
                    .who("anybody")
                    .post("/api/v1/sessions", &given)
                    .await
                    .good();
                tests::answer::text(&signed["session"])
            }
        };
        let mut case = Case {
            kinds: &["session"],
            fields: [("session", session)].into(),
            ..Case::default()
        };
        if "XCPN".contains(column.role) {
            let asked = serde_json::json!({ "list": "enrolments", "form": "csv", "reason": "核对年度名单" });
            let proposed = world.who(column.name).post("/api/v1/exports", &asked).await;
            let export = tests::answer::text(&proposed.good()["export"]);
            case.kinds = &["session", "export"];
            case.fields.insert("export", export);
        }
        own.insert(column.head, case);
    }
    own
}

/// What a column is asked about: for each relation its cases.
fn asked<'a>(
    column: &Column,
    rule: &Rule,
    cases: &'a [Case],
    sessions: &'a BTreeMap<&'static str, Case>,
) -> Vec<(Option<Relation>, &'a Case)> {
    match rule.object.as_deref() {
        None => vec![(
            None,
            cases
                .iter()
                .find(|one| one.kinds.contains(&"cohort"))
                .expect("a class"),
        )],
        Some(kind @ ("session" | "export")) => sessions
            .iter()
            .filter(|(head, case)| [column.head, "C"].contains(*head) && case.kinds.contains(&kind))
            .map(|(head, case)| {
                let own = *head == column.head;
                (
                    Some(if own { Relation::Own } else { Relation::Other }),
                    case,
                )
            })
            .collect(),
        Some(kind) => cases
            .iter()
            .filter(|one| one.kinds.contains(&kind))
            .map(|case| {
                let relation = match (column.role, rule.rule.as_str()) {
                    // The trainee of this world was taught by school `a`.
                    ('T', "holder") if case.school == Some('a') => Relation::Own,
                    // The assessor was drawn for the school `a`, too, whose trainees are all in the sample.
                    ('A', rule)
                        if case.school == Some('a')
                            && (rule == "sample" || ["assessment", "call"].contains(&kind)) =>
                    {
                        Relation::Own
                    }
                    _ => rules::relation(column.code, column.school, case),
                };
                (Some(relation), case)
            })
            .collect(),
    }
}

/// The whole table as it should be: for each operation and column a sign for each relation that exists.
fn expected(
    operations: &[Operation],
    rules: &BTreeMap<String, Rule>,
    world: &World,
    sessions: &BTreeMap<&'static str, Case>,
) -> String {
    let mut table = String::from(
        "# Made from rules.txt by tests/it/matrix; renewed with MINGZHENG_WRITE_OPENAPI=1. One line an operation, one column\n\
         # for each who asks, one sign for each relation of the object: own, child, sibling, parent, other, household in\n\
         # one's area, guest from another area. + allowed, 0 not found, x forbidden, ! not signed in, . no such object.\n",
    );
    let _ = write!(table, "{:<28}", "#");
    for column in COLUMNS {
        let _ = write!(table, " {:<8}", column.head);
    }
    table.truncate(table.trim_end_matches(' ').len());
    table.push('\n');
    for operation in operations {
        let rule = &rules[&operation.name];
        let _ = write!(table, "{:<28}", operation.name);
        for column in COLUMNS {
            let asked = asked(column, rule, &world.cases, sessions);
            let signs: String = if rule.object.is_none() {
                rule.expected(column.role, None).sign().into()
            } else {
                Relation::ALL
                    .iter()
                    .map(|relation| {
                        let there = asked.iter().any(|(found, _)| *found == Some(*relation));
                        if there {
                            rule.expected(column.role, Some(*relation)).sign()
                        } else {
                            '.'
                        }
                    })
                    .collect()
            };
            let _ = write!(table, " {signs:<8}");
        }
        table.truncate(table.trim_end_matches(' ').len());
        table.push('\n');
    }
    table
}

async fn every_cell_of_the_matrix_is_as_the_rules_say(database: Database) {
    let operations = operations();
    let rules = rules_of(&operations);
    let world = World::made(database).await;
    // Two, so that there is a way from one to the next.
    for _ in 0..2 {
        api::bundles::build(&world.server.app)
            .await
            .expect("a bundle");
    }
    let sessions = sessions(&world).await;
    let table = expected(&operations, &rules, &world, &sessions);
    let file = tests::root().join("tests/data/matrix/expected.txt");
    if std::env::var_os("MINGZHENG_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &table).expect("the table is written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == table,
        "tests/data/matrix/expected.txt is not what rules.txt says: look, then renew it"
    );

    let (mut cells, mut wrong) = (0, Vec::new());
    for column in COLUMNS {
        let client = world.who(column.name);
        for operation in &operations {
            let rule = &rules[&operation.name];
            let mut seen = Vec::new();
            for (relation, case) in asked(column, rule, &world.cases, &sessions) {
                let should = rule.expected(column.role, relation);
                // Who does not hold the function is asked once for each relation, who does for every object.
                let again = seen.contains(&relation);
                seen.push(relation);
                if again && matches!(should, Cell::Forbidden | Cell::Unknown) {
                    continue;
                }
                let throw_away;
                let client = if operation.name == "sign_out" {
                    throw_away = once_more(&world, column).await;
                    &throw_away
                } else {
                    client
                };
                let answer = probe::ask(client, operation, column.role, case).await;
                cells += 1;
                let got = probe::cell(operation, case, &answer);
                if got != Ok(should) {
                    let place = relation.map_or(String::new(), |_| format!(" {}", case.place));
                    wrong.push(format!(
                        "{} {} {relation:?}{place}: expected {}, got {} ({} {})",
                        operation.name,
                        column.head,
                        should.sign(),
                        got.as_ref().map_or('?', |cell| cell.sign()),
                        answer.status,
                        answer.text().chars().take(300).collect::<String>(),
                    ));
                }
            }
        }
    }
    assert!(cells > 9_500, "{cells}");
    println!("{cells} cells asked, {} wrong", wrong.len());
    assert!(
        wrong.is_empty(),
        "{} of {cells} cells are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The same somebody in a session of its own.
async fn once_more(world: &World, column: &Column) -> Client {
    match column.role {
        '-' => Client::anybody(&world.server),
        'T' => world.slip(0).await.0,
        _ => Client::of(&world.server, column.name, PASSWORD),
    }
}
