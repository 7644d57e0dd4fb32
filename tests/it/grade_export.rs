//! What `mingzheng grade export` writes is computed again by `mingzheng grade run`, without the registry, to the same bytes.

use std::fs;

use serde_json::json;
use tests::answer::text;
use tests::command::{Mingzheng, built};
use tests::{Database, Story};

use crate::evidence::employer;
use crate::grades::class;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_recomputes_to_the_same_bytes_also_under_a_provinces_policy() {
    let story = Story::ready(Database::Sqlite).await;
    let (_, members) = class(&story, 1, 24).await;
    story.server.days_pass(20);
    let start = story.server.today() - chrono::Days::new(10);
    let work = json!({ "employer": employer(3), "work_type": "contract", "start_on": start, "source": "tax_wage" });
    for member in members.iter().step_by(2) {
        let path = format!("/api/v1/enrolments/{}/episodes", text(&member["id"]));
        story.who("county-1").post(&path, &work).await.good();
    }
    story.server.days_pass(430);
    let freeze = json!({ "kind": "annual", "freeze_on": story.server.annual_freeze() });
    let frozen = story
        .who("national-1")
        .post("/api/v1/grading-freezes", &freeze)
        .await
        .good();
    // The same evidence under an override, whose base is exported with it.
    let own = json!({
        "base": "CN-BASE@2026.1", "policy_id": "ZJ", "version": "2026.1",
        "changes": { "indicators": { "EMP": { "weight": 340 }, "SAT": { "weight": 210 } }, "grades": { "A": 81_000 } },
    });
    let tomorrow = story.server.today() + chrono::Days::new(1);
    let draft = json!({ "text": own.to_string(), "effective_on": tomorrow });
    let province = story.who("province-1");
    let drafted = province
        .post("/api/v1/grading-policies", &draft)
        .await
        .good();
    let publish = format!("/api/v1/grading-policies/{}/publish", text(&drafted["id"]));
    let waiting = province.post(&publish, &json!({})).await.good();
    story.approve("province-2", &waiting).await;
    let again = json!({ "freeze": frozen["freeze"], "policy": "ZJ@2026.1" });
    let other = province.post("/api/v1/grading-runs", &again).await.good();

    let program = Mingzheng::new(built().to_str().expect("a path"))
        .with("MINGZHENG_DATA", story.server.data());
    let auditor = story.who("auditor");
    let mut results = Vec::new();
    for (name, run, own) in [
        ("baseline", &frozen["run"], false),
        ("own", &other["run"], true),
    ] {
        let (run, folder) = (text(run), program.path(name));
        let out = folder.display().to_string();
        let told = program
            .json(&["grade", "export", &run, "--out", &out])
            .good();
        let at = |file: &str| folder.join(file);
        let path = |file: &str| at(file).display().to_string();
        let (policy, evidence, recomputed) = (
            path("policy.json"),
            path("evidence.json"),
            path("again.json"),
        );
        let mut command = vec![
            "grade",
            "run",
            "--policy",
            &policy,
            "--evidence",
            &evidence,
            "--out",
            &recomputed,
        ];
        assert_eq!(at("base.json").exists(), own);
        let base = path("base.json");
        if own {
            command.extend(["--base", &base]);
        }
        // Without the registry: a program that knows no folder of data.
        let computed = Mingzheng::new(built().to_str().expect("a path"))
            .json(&command)
            .good();
        assert_eq!(computed["evidence_sha256"], told["evidence_sha256"]);
        let bytes = fs::read(at("results.json")).expect("results");
        assert_eq!(
            fs::read(at("again.json")).expect("results"),
            bytes,
            "{name}"
        );
        // The second implementation gives them, too, under the override as under the baseline.
        let theirs = path("theirs.json");
        let mut python = vec![
            "--policy",
            &policy,
            "--evidence",
            &evidence,
            "--out",
            &theirs,
        ];
        if own {
            python.extend(["--base", &base]);
        }
        let done = std::process::Command::new("python3")
            .arg(tests::root().join("tests/grading/recompute.py"))
            .args(python)
            .status()
            .expect("python3 is needed: the second implementation is compared with it");
        assert!(done.success(), "{name}");
        assert_eq!(
            fs::read(at("theirs.json")).expect("results"),
            bytes,
            "{name} in Python"
        );
        // They are the bytes that the service gives, too.
        for file in ["evidence.json", "results.json"] {
            let given = auditor
                .get(&format!("/api/v1/grading-runs/{run}/{file}"))
                .await;
            assert_eq!(
                given.bytes,
                fs::read(at(file)).expect("a file"),
                "{name} {file}"
            );
        }
        // A byte of the evidence changed is not the same result.
        let changed = fs::read_to_string(at("evidence.json")).expect("evidence");
        let changed = changed.replacen("\"tier\":\"A\"", "\"tier\":\"C\"", 1);
        fs::write(at("evidence.json"), changed).expect("written");
        Mingzheng::new(built().to_str().expect("a path"))
            .json(&command)
            .good();
        assert_ne!(
            fs::read(at("again.json")).expect("results"),
            bytes,
            "{name}"
        );
        results.push(bytes);
    }
    assert_ne!(results[0], results[1]);
}
