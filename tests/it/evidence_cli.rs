//! Evidence, surveys, gradings and bulletins at the command line: the operations of the API, with its permissions.

use serde_json::{Value, json};
use tests::answer::text;
use tests::command::{Mingzheng, Ran, built};
use tests::story::PASSWORD;
use tests::{Database, Story};

use crate::grades::class;

/// The registry of a story, as somebody at its machine sees it.
struct Desk {
    program: Mingzheng,
    password: String,
}

impl Desk {
    fn of(story: &Story) -> Self {
        let program = Mingzheng::new(built().to_str().expect("a path"))
            .with("MINGZHENG_DATA", story.server.data());
        let password = program.secret("password", PASSWORD).display().to_string();
        Self { program, password }
    }

    fn run(&self, who: &str, arguments: &[&str]) -> Ran {
        let mut all = arguments.to_vec();
        all.extend(["--as", who, "--password-file", &self.password]);
        self.program.json(&all)
    }

    fn file(&self, name: &str, request: &Value) -> String {
        let path = self.program.file(name, request.to_string());
        path.display().to_string()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_is_claimed_confirmed_and_seen_by_commands_with_the_permissions_of_the_api() {
    let story = Story::ready(Database::Sqlite).await;
    let (cohort, members) = class(&story, 301, 2).await;
    let desk = Desk::of(&story);
    let one = text(&members[0]["id"]);
    let start = story.server.today() + chrono::Days::new(7);
    let claim = desk.file(
        "claim.json",
        &json!({ "work_type": "flexible", "start_on": start, "source": "institution" }),
    );

    // Tried, it leaves nothing; done, the same key gives the same answer.
    let mut arguments = vec!["episode", "claim", &one, &claim, "--key", "claim-1"];
    arguments.push("--dry-run");
    desk.run("school-1", &arguments).good();
    assert_eq!(
        desk.run("school-1", &["episode", "list", &one]).good(),
        json!([])
    );
    arguments.pop();
    let claimed = desk.run("school-1", &arguments).good();
    assert_eq!(claimed["state"], "claimed");
    assert_eq!(desk.run("school-1", &arguments).good(), claimed);

    // The revision in force is taken by itself.
    let id = text(&claimed["id"]);
    let proof = desk.file(
        "proof.json",
        &json!({ "act": "add_evidence", "source": "bank_wages" }),
    );
    desk.run("county-1", &["episode", "act", &id, &proof])
        .good();
    let confirm = desk.file("confirm.json", &json!({ "act": "confirm" }));
    let refused = desk.run("school-1", &["episode", "act", &id, &confirm]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(refused.err.contains("forbidden"), "{}", refused.err);
    let shown = desk.run("county-1", &["episode", "show", &id]).good();
    assert_eq!(shown["id"], claimed["id"]);
    let alone = desk.run("county-1", &["conflict", "list"]).good();
    assert_eq!(alone, json!([]));

    // A survey, a period, a bulletin.
    let sent = desk.run("county-1", &["survey", "send", &cohort]);
    assert!(
        sent.code == 0 || sent.err.contains("survey"),
        "{}",
        sent.err
    );
    let freeze = desk.file(
        "freeze.json",
        &json!({ "kind": "annual", "freeze_on": story.server.last_annual_freeze() }),
    );
    let frozen = desk
        .run("national-1", &["grading", "freeze", &freeze])
        .good();
    let run = text(&frozen["run"]);
    let runs = desk.run("national-1", &["grading", "runs"]).good();
    assert!(runs.to_string().contains(&run), "{runs}");
    desk.run("province-1", &["grading", "results", &run]).good();
    assert_eq!(
        desk.run("province-1", &["bulletin", "list"]).good(),
        json!([])
    );
    let anybody = desk.program.json(&["bulletin", "published"]).good();
    assert_eq!(anybody, json!([]));
    desk.program.json(&["grading", "policies"]).good();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_as_the_api_tells_it() {
    let story = Story::staffed(Database::Sqlite).await;
    let desk = Desk::of(&story);
    let nothing = uuid::Uuid::nil().to_string();
    let body = desk.file("body.json", &json!({ "act": "confirm" }));
    for (arguments, code, word) in [
        (vec!["episode", "show", nothing.as_str()], 1, "not-found"),
        (vec!["episode", "show", "../accounts"], 1, "not-found"),
        (
            vec!["episode", "act", nothing.as_str(), body.as_str()],
            1,
            "not-found",
        ),
        (
            vec!["episode", "claim", nothing.as_str(), "no-such-file"],
            2,
            "No such file",
        ),
        (
            vec!["grading", "freeze", body.as_str()],
            2,
            "invalid-request",
        ),
        (vec!["episode"], 2, "Usage"),
        (vec!["episode", "forget"], 2, "forget"),
    ] {
        let who = if arguments[0] == "grading" {
            "national-1"
        } else {
            "county-1"
        };
        let ran = desk.run(who, &arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains(word), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    // Refused for the post, it stands in the audit.
    let refused = desk.run("school-1", &["grading", "freeze", &body]);
    assert_eq!(refused.code, 4, "{}", refused.err);
    let rows = story
        .who("auditor")
        .get("/api/v1/audit?act=command%20grading%20freeze")
        .await
        .good();
    assert_eq!(rows["items"].as_array().map(Vec::len), Some(1), "{rows}");
}
