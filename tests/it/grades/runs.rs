//! A run: exported, computed again elsewhere, published by two.

use std::process::Command;

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PROVINCE;
use tests::{Database, Mingzheng, Story, on_both};

use super::{claim, class, work};

on_both! {
    a_run_exported_recomputes_to_the_same_bytes_and_is_published_by_two;
}

async fn a_run_exported_recomputes_to_the_same_bytes_and_is_published_by_two(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = class(&story, 1, 24).await;
    // Two in three find work that a register of wages shows.
    story.server.days_pass(20);
    for member in members.iter().enumerate().filter(|(at, _)| at % 3 != 0) {
        claim(
            &story,
            "county-1",
            &member.1["id"],
            &work(&story, 10, "tax_wage"),
        )
        .await
        .good();
    }
    story.server.days_pass(430);
    let freeze_on = story.server.annual_freeze();
    let national = story.who("national-1");
    let run = national
        .post(
            "/api/v1/grading-freezes",
            &json!({ "kind": "annual", "freeze_on": freeze_on }),
        )
        .await
        .good();
    let id = text(&run["run"]);
    assert_eq!(run["without_card"], 0, "{run}");

    // Whoever is accredited takes evidence and results; others do not.
    let at = |file: &str| format!("/api/v1/grading-runs/{id}/{file}");
    for (who, status) in [("anybody", 401), ("school-1", 403), ("province-1", 403)] {
        let answer = story.who(who).get(&at("evidence.json")).await;
        assert_eq!(answer.status.as_u16(), status, "{who}");
    }
    only_the_accredited(&story, &id).await;
    let auditor = story.who("auditor");
    let evidence = auditor.get(&at("evidence.json")).await;
    let results = auditor.get(&at("results.json")).await;
    assert!(evidence.status.is_success() && results.status.is_success());
    let e: Value = evidence.json();
    assert_eq!(e["enrolments"].as_array().map(Vec::len), Some(24));
    assert_eq!(e["episodes"].as_array().map(Vec::len), Some(16));
    for member in &members {
        assert!(
            !evidence.text().contains(&text(&member["id"])),
            "ids are pseudonyms"
        );
    }
    recomputed(&evidence.bytes, &results.bytes);
    for act in ["export_results", "export_evidence"] {
        let path = format!("/api/v1/audit?act={act}");
        let told = auditor.get(&path).await;
        assert!(told.text().contains(act), "{act}: {}", told.text());
    }
    let r: Value = results.json();
    assert_eq!(r["evidence_sha256"], run["evidence_sha256"]);
    let own = &r["institutions"][0];
    assert_eq!(own["indicators"]["EMP"]["n"], 24);
    assert_eq!(own["indicators"]["EMP"]["observed"], 16);
    assert_eq!(own["indicators"]["CMP"]["observed"], 24);
    assert_eq!(own["indicators"]["CRT"]["observed"], 24);

    // A second run on the same evidence is another run with the same results.
    let request = json!({ "freeze": run["freeze"] });
    let again = national.post("/api/v1/grading-runs", &request).await.good();
    assert_ne!(again["run"], run["run"]);
    assert_eq!(again["results_sha256"], run["results_sha256"]);

    published(&story, &id, &run).await;
}

/// The post of an assessor alone opens nothing: an accreditation that runs does, until it is withdrawn.
async fn only_the_accredited(story: &Story, run: &str) {
    let (client, account) = crate::assessments::assessor(story, "recomputer").await;
    let ask = async |status: u16| {
        for file in ["evidence.json", "results.json"] {
            let path = format!("/api/v1/grading-runs/{run}/{file}");
            let answer = client.get(&path).await;
            assert_eq!(answer.status.as_u16(), status, "{file}: {}", answer.text());
            if status == 403 {
                answer.problem(403, "forbidden");
            }
        }
    };
    ask(403).await;
    let organisation = crate::assessments::ORGANISATIONS[0];
    let mut request = crate::assessments::accreditation(story, &account, organisation);
    request["valid_from"] = json!(story.server.today() + chrono::Days::new(1));
    let province = story.who("province-1");
    let made = province.post("/api/v1/assessors", &request).await.good();
    ask(403).await;
    story.server.days_pass(1);
    ask(200).await;
    let path = format!("/api/v1/assessors/{}/withdrawal", text(&made["id"]));
    let reason = json!({ "reason": "依规办理,撤回资格。" });
    let withdrawn = province.post_seen(&path, &json!(1), &reason).await;
    withdrawn.good();
    ask(403).await;
}

/// Both implementations give these results from this evidence.
fn recomputed(evidence: &[u8], results: &[u8]) {
    let mingzheng = Mingzheng::new(env!("CARGO_BIN_EXE_tests"));
    let policy = tests::root().join("seed-data/policies/CN-BASE-2026.1.json");
    let policy = policy.to_str().expect("a path");
    let file = mingzheng.file("evidence.json", evidence);
    let out = mingzheng.path("ours.json");
    let arguments = |out: &std::path::Path| {
        ["--policy", policy, "--evidence"]
            .map(str::to_owned)
            .into_iter()
            .chain([
                file.display().to_string(),
                "--out".to_owned(),
                out.display().to_string(),
            ])
            .collect::<Vec<_>>()
    };
    let ours = arguments(&out);
    let mut all = vec!["grade", "run"];
    all.extend(ours.iter().map(String::as_str));
    mingzheng.json(&all).good();
    assert_eq!(
        std::fs::read(&out).expect("results"),
        results,
        "the command line"
    );
    let theirs = mingzheng.path("theirs.json");
    let done = Command::new("python3")
        .arg(tests::root().join("tests/grading/recompute.py"))
        .args(arguments(&theirs))
        .status()
        .expect("python3 is needed: the second implementation is compared with it");
    assert!(done.success());
    assert_eq!(std::fs::read(&theirs).expect("results"), results, "Python");
}

async fn published(story: &Story, run: &str, receipt: &Value) {
    let province = story.who("province-1");
    let school = story.who("school-1");
    let anybody = story.who("anybody");
    let own = format!("/api/v1/grading-runs/{run}/results");
    assert_eq!(
        school.get(&own).await.good(),
        json!([]),
        "figures are not told yet"
    );
    anybody
        .get(&format!("/api/v1/grading-runs/{run}/public.json"))
        .await
        .problem(404, "not-found");
    let opened = province
        .post(
            &format!("/api/v1/grading-runs/{run}/publications"),
            &json!({}),
        )
        .await
        .good();
    let figures = school.get(&own).await.good();
    assert_eq!(figures[0]["entry"]["indicators"]["EMP"]["observed"], 16);
    let resource = format!("/api/v1/grade-publications/{}", text(&opened["id"]));
    let act = async |who: &str, act: &str| {
        story
            .who(who)
            .act(&resource, "acts", &json!({ "act": act }))
            .await
    };
    act("province-1", "open_notice")
        .await
        .problem(409, "transition-refused");
    act("province-1", "publish")
        .await
        .problem(409, "transition-refused");
    story.server.days_pass(20);
    act("province-1", "open_notice").await.good();
    act("province-1", "publish")
        .await
        .problem(409, "transition-refused");
    story.server.days_pass(12);
    let leaves = story.server.leaves().await;
    let waiting = act("province-1", "publish").await.good();
    let proposal = format!(
        "/api/v1/proposals/{}/approve",
        text(&waiting["proposal_id"])
    );
    province
        .post(&proposal, &json!({}))
        .await
        .problem(409, "second-person-required");
    assert_eq!(
        story.server.leaves().await,
        leaves,
        "nothing stands before the second person"
    );
    let done = story.approve("province-2", &waiting).await;
    assert_eq!(done["outcome"]["grades"], 1);
    assert_eq!(
        story.server.leaves().await,
        leaves + 1,
        "the grade is a leaf of the log"
    );

    let admission = province
        .get(&format!("/api/v1/institutions/{}", story.admission))
        .await
        .good();
    assert_eq!(admission["state"], "graded", "{admission}");
    let grade = text(&admission["grade"]);
    let ranking = anybody
        .get(&format!("/api/v1/rankings?federation={PROVINCE}"))
        .await
        .good();
    assert_eq!(ranking["standing"], "final");
    assert_eq!(ranking["ranked"][0]["grade"], grade.as_str());
    assert_eq!(ranking["ranked"][0]["rank"], 1);
    let rate = &ranking["ranked"][0]["employment"];
    assert_eq!((&rate["observed"], &rate["n"]), (&json!(16), &json!(24)));
    assert!(rate["low_ppm"].as_u64() < rate["rate_ppm"].as_u64());
    let table = anybody
        .get(&format!("/api/v1/grading-runs/{run}/public.json"))
        .await
        .good();
    assert_eq!(table["evidence_sha256"], receipt["evidence_sha256"]);
    assert_eq!(
        table["institutions"][0]["indicators"]["EMP"]["shown"],
        "all"
    );
    let code = tests::story::CREDIT_CODE;
    for path in [
        "/rankings".to_owned(),
        format!("/institutions/{code}/score"),
        format!("/en/institutions/{code}/score"),
    ] {
        let page = anybody.get(&path).await;
        assert!(
            page.status.is_success() && page.text().contains("16/24"),
            "{path}: {}",
            page.text()
        );
    }
    bulletin(story, run).await;
}

async fn bulletin(story: &Story, run: &str) {
    let province = story.who("province-1");
    let anybody = story.who("anybody");
    let request = json!({ "kind": "ranking", "run": run, "title": "浙江省培训机构排名" });
    let draft = province.post("/api/v1/bulletins", &request).await.good();
    let resource = format!("/api/v1/bulletins/{}", text(&draft["id"]));
    let act = async |act: &str| {
        province
            .act(
                &resource,
                "acts",
                &json!({ "act": act, "reason": "依规办理" }),
            )
            .await
    };
    act("open_notice").await.problem(409, "transition-refused");
    let waiting = act("review").await.good();
    story.approve("province-2", &waiting).await;
    let noticed = act("open_notice").await.good();
    let number = text(&noticed["number"]);
    assert!(number.starts_with("B33-"), "{number}");
    act("publish").await.problem(409, "transition-refused");
    story.server.days_pass(12);
    let published = act("publish").await.good();
    assert_eq!(published["state"], "published");
    assert!(published["leaf_index"].is_number());
    let page = anybody.get(&format!("/bulletins/{number}")).await.text();
    assert!(
        page.contains("66.7%"),
        "figures are those of the run: {page}"
    );
    let feed = anybody.get("/bulletins.atom").await;
    assert!(
        feed.header("content-type")
            .starts_with("application/atom+xml")
    );
    assert!(feed.text().contains(&number));
    let withdrawal = act("withdraw").await.good();
    story.approve("province-2", &withdrawal).await;
    let page = anybody.get(&format!("/bulletins/{number}")).await.text();
    assert!(
        page.contains("已撤回") && page.contains("依规办理"),
        "number and reason stay"
    );
}
