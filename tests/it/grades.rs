//! Grading on a real server: evidence in, frozen, computed, exported and recomputed elsewhere, published by two.

use std::process::Command;

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PROVINCE;
use tests::{Answer, Client, Database, Mingzheng, Story, TestServer, on_both, rosters};

use crate::evidence::contacts;

on_both! {
    a_run_exported_recomputes_to_the_same_bytes_and_is_published_by_two;
    bad_policies_and_unfrozen_periods_are_refused_and_nothing_is_kept;
    work_is_claimed_merged_verified_contested_and_followed_up;
    a_register_is_imported_whole_or_not_at_all;
    a_survey_opens_once_and_its_answers_lose_their_identity;
}

/// Trainees with card numbers of every kind, and telephones.
fn roster(first: u32, count: u32) -> Vec<u8> {
    let mut text = "姓名,公民身份号码,残疾人证号,手机号,户籍地,同意书\n".to_owned();
    for number in first..first + count {
        let id = rosters::citizen_id(number);
        let kind = ["43", "12", "21", "52"][(number % 4) as usize];
        text.push_str(&format!(
            "虚构样{},{id},{id}{kind},139{number:08},330106,是 2026-02-20\n",
            rosters::chinese(number)
        ));
    }
    text.into_bytes()
}

/// An employer with a right credit code.
pub(crate) fn employer() -> String {
    // The codes of the invented country are right ones.
    let country: Value = serde_json::from_str(
        &std::fs::read_to_string(tests::root().join("seed-data/demo/country.json"))
            .expect("a file"),
    )
    .expect("JSON");
    text(&country["institutions"][3]["credit_code"])
}

/// An accepted class of so many trainees with cards; answers its id and its enrolments.
pub(crate) async fn class(story: &Story, first: u32, count: u32) -> (String, Vec<Value>) {
    let cohort = story.enrolling().await;
    story.import(&cohort, roster(first, count)).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    story.issue(&cohort).await;
    let members = story.enrolments(&cohort).await;
    (cohort, members)
}

async fn claim(story: &Story, who: &str, enrolment: &Value, request: &Value) -> Answer {
    let path = format!("/api/v1/enrolments/{}/episodes", text(enrolment));
    story.who(who).post(&path, request).await
}

fn work(story: &Story, days_ago: u64, source: &str) -> Value {
    let start = story.server.today() - chrono::Days::new(days_ago);
    json!({ "employer": employer(), "work_type": "contract", "start_on": start, "source": source })
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
    let freeze_on = story.server.today();
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
        .status();
    match done {
        Ok(status) => {
            assert!(status.success());
            assert_eq!(std::fs::read(&theirs).expect("results"), results, "Python");
        }
        Err(_) => assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "python3 is needed in CI"
        ),
    }
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

async fn bad_policies_and_unfrozen_periods_are_refused_and_nothing_is_kept(database: Database) {
    let story = Story::staffed(database).await;
    let national = story.who("national-1");
    let province = story.who("province-1");
    let today = story.server.today();
    let tomorrow = today + chrono::Days::new(1);
    let ahead = json!({ "kind": "annual", "freeze_on": tomorrow });
    let refused = national.post("/api/v1/grading-freezes", &ahead).await;
    refused.problem(422, "invalid-request");
    assert_eq!(
        refused.faults(),
        [("/freeze_on".to_owned(), "not-frozen-yet".to_owned())]
    );
    let unfrozen = json!({ "freeze": "0190a000-0000-7000-8000-000000000000" });
    national
        .post("/api/v1/grading-runs", &unfrozen)
        .await
        .problem(409, "period-not-frozen");

    let draft = async |who: &Client, file: &Value| {
        let request = json!({ "text": file.to_string(), "effective_on": tomorrow });
        who.post("/api/v1/grading-policies", &request).await
    };
    let base =
        std::fs::read_to_string(tests::root().join("seed-data/policies/CN-BASE-2026.1.json"))
            .expect("a file");
    let mut weights: Value = serde_json::from_str(&base).expect("JSON");
    weights["version"] = json!("2027.1");
    weights["indicators"]["EMP"]["weight"] = json!(351);
    let refused = draft(national, &weights).await;
    refused.problem(422, "invalid-request");
    assert!(
        refused
            .faults()
            .iter()
            .any(|(_, code)| code == "weights_sum"),
        "{:?}",
        refused.faults()
    );
    draft(province, &weights)
        .await
        .problem(422, "invalid-request");
    weights["indicators"]["EMP"]["weight"] = json!(350);
    draft(province, &weights).await.problem(403, "forbidden");
    let below = json!({ "base": "CN-BASE@2026.1", "policy_id": "ZJ", "version": "2026.1",
        "changes": { "grades": { "A": 79000 }, "indicators": { "EMP": { "weight": 420 }, "SAT": { "floor_milli": 2900 } } } });
    let refused = draft(province, &below).await;
    refused.problem(422, "invalid-request");
    let codes: Vec<String> = refused.faults().into_iter().map(|(_, code)| code).collect();
    for code in ["lowered", "weight_moved", "weights_sum"] {
        assert!(codes.iter().any(|found| found == code), "{code}: {codes:?}");
    }
    let unknown =
        json!({ "base": "CN-BASE@1999.1", "policy_id": "ZJ", "version": "2026.1", "changes": {} });
    draft(province, &unknown)
        .await
        .problem(422, "invalid-request");

    // A good one is published by two, is a leaf, and never changes.
    let good = json!({ "base": "CN-BASE@2026.1", "policy_id": "ZJ", "version": "2026.1", "changes": { "grades": { "A": 81000 } } });
    let made = draft(province, &good).await.good();
    draft(province, &good).await.problem(409, "duplicate");
    let leaves = story.server.leaves().await;
    let publish = format!("/api/v1/grading-policies/{}/publish", text(&made["id"]));
    let waiting = province.post(&publish, &json!({})).await.good();
    story
        .who("other-province")
        .post(&publish, &json!({}))
        .await
        .problem(404, "not-found");
    story.approve("province-2", &waiting).await;
    assert_eq!(story.server.leaves().await, leaves + 1);
    province
        .post(&publish, &json!({}))
        .await
        .problem(409, "transition-refused");
    let listed = story
        .who("anybody")
        .get("/api/v1/grading-policies")
        .await
        .good();
    let names: Vec<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["CN-BASE@2026.1", "ZJ@2026.1"]);

    // Monitoring never gives grades; a draft is tried without being kept.
    let frozen = json!({ "kind": "quarterly", "freeze_on": today, "policy": "ZJ@2026.1" });
    let run = national
        .post("/api/v1/grading-freezes", &frozen)
        .await
        .good();
    let id = text(&run["run"]);
    province
        .post(
            &format!("/api/v1/grading-runs/{id}/publications"),
            &json!({}),
        )
        .await
        .problem(409, "transition-refused");
    let tried = province
        .post(
            &format!("/api/v1/grading-runs/{id}/replay"),
            &json!({ "text": base }),
        )
        .await
        .good();
    assert_eq!(
        (&tried["before"], &tried["after"]),
        (&json!("ZJ@2026.1"), &json!("CN-BASE@2026.1"))
    );
    let workflow =
        json!({ "kind": "annual", "freeze_on": today, "policy": "CN-BASE-WORKFLOW@2026.1" });
    national
        .post("/api/v1/grading-freezes", &workflow)
        .await
        .problem(422, "invalid-request");
    assert_eq!(
        national
            .get("/api/v1/grading-runs")
            .await
            .good()
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

async fn work_is_claimed_merged_verified_contested_and_followed_up(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = class(&story, 101, 6).await;
    story.server.days_pass(40);
    let one = &members[0]["id"];
    // The institution's word alone is a claim; it cannot call it anything stronger.
    claim(&story, "school-1", one, &work(&story, 20, "tax_wage"))
        .await
        .problem(422, "invalid-request");
    let claimed = claim(&story, "school-1", one, &work(&story, 20, "institution"))
        .await
        .good();
    assert_eq!(
        (&claimed["state"], &claimed["merged"]),
        (&json!("claimed"), &json!(false))
    );
    // The same employer and overlapping days join it.
    let joined = claim(
        &story,
        "county-1",
        one,
        &work(&story, 18, "labour_contract"),
    )
    .await
    .good();
    assert_eq!(
        (&joined["id"], &joined["merged"], &joined["state"]),
        (&claimed["id"], &json!(true), &json!("corroborated"))
    );
    let resource = format!("/api/v1/episodes/{}", text(&claimed["id"]));
    let act =
        async |who: &str, request: Value| story.who(who).act(&resource, "acts", &request).await;
    act("county-1", json!({ "act": "confirm" }))
        .await
        .problem(409, "transition-refused");
    act("school-1", json!({ "act": "confirm" }))
        .await
        .problem(403, "forbidden");
    act(
        "county-1",
        json!({ "act": "add_evidence", "source": "bank_wages" }),
    )
    .await
    .good();
    let confirmed = act("county-1", json!({ "act": "confirm" })).await.good();
    assert_eq!(confirmed["state"], "verified");
    let monitored = story
        .who("county-1")
        .get(&format!(
            "/api/v1/institutions/{}/monitoring",
            story.admission
        ))
        .await
        .good();
    assert_eq!(monitored, json!([]), "nobody is in the window yet");

    // Contested, it counts for nothing until the level above decides.
    let contested = act(
        "school-1",
        json!({ "act": "contest", "reason": "学员说未到岗" }),
    )
    .await
    .good();
    assert_eq!(contested["state"], "contested");
    act(
        "county-1",
        json!({ "act": "dismiss", "reason": "经核实在岗" }),
    )
    .await
    .problem(403, "forbidden");
    let dismissed = act(
        "province-1",
        json!({ "act": "dismiss", "reason": "经核实在岗" }),
    )
    .await
    .good();
    assert_eq!(dismissed["state"], "verified");
    let seen = story
        .who("school-1")
        .get(&format!("/api/v1/enrolments/{}/episodes", text(one)))
        .await
        .good();
    assert_eq!(seen[0]["employer"], employer().as_str(), "its own claim");

    // A person of another province, or a day that cannot be.
    claim(&story, "other-county", one, &work(&story, 5, "tax_wage"))
        .await
        .problem(404, "not-found");
    let mut never = work(&story, 5, "institution");
    never["start_on"] = json!("1904-01-01");
    let refused = claim(&story, "school-1", &members[1]["id"], &never).await;
    refused.problem(422, "invalid-request");
    assert_eq!(
        refused.faults(),
        [("/start_on".to_owned(), "before-birth".to_owned())]
    );
    // Neither before birth nor after death.
    let died = story.server.today() - chrono::Days::new(10);
    let exclude = |enrolment: &Value| format!("/api/v1/enrolments/{}/exclusion", text(enrolment));
    let death = |on: chrono::NaiveDate| json!({ "code": "X1", "on": on, "document": { "number": "证明1号", "issuer": "虚构医院", "made_on": on } });
    let county = story.who("county-1");
    let gone = &members[2]["id"];
    county.post(&exclude(gone), &death(died)).await.good();
    let late = claim(&story, "school-1", gone, &work(&story, 5, "institution")).await;
    assert_eq!(
        late.faults(),
        [("/start_on".to_owned(), "after-death".to_owned())]
    );
    let working = county
        .post(&exclude(one), &death(died - chrono::Days::new(20)))
        .await;
    assert_eq!(working.faults()[0].0, "/on");
    let mut backwards = work(&story, 5, "institution");
    backwards["last_day"] = json!(story.server.today() - chrono::Days::new(9));
    claim(&story, "school-1", &members[1]["id"], &backwards)
        .await
        .problem(422, "invalid-request");
}

async fn a_register_is_imported_whole_or_not_at_all(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = class(&story, 201, 5).await;
    story.server.days_pass(60);
    let today = story.server.today();
    let start = today - chrono::Days::new(40);
    let path = format!("/api/v1/register-snapshots?source=social_insurance&as_of={today}");
    let county = story.who("county-1");
    let file = |rows: &[String]| {
        format!(
            "公民身份号码,统一社会信用代码,起始日期,截止日期\n{}\n",
            rows.join("\n")
        )
        .into_bytes()
    };
    let row = |number: u32, last: &str| {
        format!(
            "{},{},{start},{last}",
            rosters::citizen_id(number),
            employer()
        )
    };
    let bad = file(&[
        row(201, ""),
        format!("123,{},{start},", employer()),
        format!("{},XX,1800-13-01,", rosters::citizen_id(202)),
    ]);
    let refused = county.upload(&path, bad).await;
    refused.problem(422, "register-faults");
    let places: Vec<String> = refused
        .faults()
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(
        places,
        ["/rows/3/citizen_id", "/rows/4/employer", "/rows/4/start_on"]
    );
    let none = county
        .get(&format!(
            "/api/v1/enrolments/{}/episodes",
            text(&members[0]["id"])
        ))
        .await
        .good();
    assert_eq!(none, json!([]), "nothing of a faulty file is written");
    county
        .upload(&path, b"a,b\n1,2\n".to_vec())
        .await
        .problem(422, "roster-faults");

    let good = file(&[
        row(201, ""),
        row(202, &(today - chrono::Days::new(1)).to_string()),
        row(9_999, ""),
    ]);
    let done = county.upload(&path, good.clone()).await.good();
    assert_eq!(
        (&done["rows"], &done["known"]),
        (&json!(3), &json!(2)),
        "a stranger is nobody's business"
    );
    county.upload(&path, good).await.problem(409, "duplicate");
    let mut states = Vec::new();
    for member in &members {
        let seen = county
            .get(&format!(
                "/api/v1/enrolments/{}/episodes",
                text(&member["id"])
            ))
            .await
            .good();
        for one in seen.as_array().expect("a list") {
            states.push(text(&one["state"]));
            assert_eq!(one["sources"], json!(["social_insurance"]));
        }
    }
    states.sort();
    assert_eq!(states, ["ended", "verified"], "a register verifies at once");
    // The follow-up of thirty days is answered by the register; that of ninety days waits for its day.
    assert_eq!(county.get("/api/v1/follow-ups").await.good(), json!([]));
    story.server.days_pass(60);
    let due = county.get("/api/v1/follow-ups").await.good();
    assert_eq!(
        (&due[0]["after_days"], &due[0]["late"]),
        (&json!(90), &json!(true))
    );
    let answer = format!("/api/v1/follow-ups/{}", text(&due[0]["id"]));
    county
        .post(&answer, &json!({ "outcome": "left" }))
        .await
        .problem(422, "invalid-request");
    let kept = county
        .post(&answer, &json!({ "outcome": "no_answer" }))
        .await
        .good();
    assert_eq!(kept["state"], "verified", "no answer is no evidence");
    county
        .post(&answer, &json!({ "outcome": "still_there" }))
        .await
        .problem(409, "conflict");
}

/// The links that the registry sent, by telephone or enrolment.
pub(crate) fn links(story: &Story) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(story.server.data().join("outbox"))
        .expect("an outbox")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .filter_map(|file| {
            let message: Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
            let text = message["text"].as_str()?;
            let at = text.find("/s/")?;
            Some((
                message["to"].as_str()?.to_owned(),
                text[at..].trim().to_owned(),
            ))
        })
        .collect()
}

pub(crate) async fn send_form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let request = client.ask(reqwest::Method::POST, path).await;
    client
        .send(
            request
                .header("Sec-Fetch-Site", "same-origin")
                .header("X-Forwarded-For", "203.0.113.7")
                .form(fields),
        )
        .await
}

async fn a_survey_opens_once_and_its_answers_lose_their_identity(database: Database) {
    // Trainees answer from elsewhere than the school's own network.
    let server = TestServer::start_with(database, |settings| {
        std::sync::Arc::make_mut(&mut settings.config.border).proxies =
            vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let story = Story::ready_on(server).await;
    let (cohort, members) = class(&story, 301, 6).await;
    let county = story.who("county-1");
    let ids: Vec<String> = members.iter().map(|one| text(&one["id"])).collect();
    contacts(&story, &ids[..5]).await;
    let path = format!("/api/v1/cohorts/{cohort}/survey");
    story
        .who("school-1")
        .post(&path, &json!({}))
        .await
        .problem(403, "forbidden");
    let sent = county.post(&path, &json!({})).await.good();
    assert_eq!(
        (&sent["invited"], &sent["at_counter"]),
        (&json!(6), &json!(1))
    );
    let mut found = links(&story);
    // What the roster says is the institution's word: whoever gave the county no number is asked at the counter.
    found.sort_by_key(|(to, _)| !to.starts_with("137"));
    let to: Vec<&str> = found.iter().map(|(to, _)| to.as_str()).collect();
    assert!(
        to[..5].iter().all(|to| to.starts_with("137")) && to[5] == ids[5],
        "{to:?}"
    );
    let anybody = story.who("anybody");
    let (_, first) = &found[0];
    let begin = anybody.get(first).await;
    assert!(
        begin.status.is_success()
            && begin.text().contains("您的名字不会告诉培训机构")
            && !begin.text().contains("<script")
    );
    let question = send_form(anybody, first, &[("q", "0"), ("step", "next")]).await;
    assert!(
        question.text().contains("第 1 题,共 5 题"),
        "{}",
        question.text()
    );
    let easy = send_form(
        anybody,
        first,
        &[("q", "0"), ("step", "next"), ("easy", "1")],
    )
    .await
    .text();
    assert!(easy.contains("老师教得好吗?") && easy.contains("不好") && !easy.contains("很满意"));
    let few = send_form(
        anybody,
        first,
        &[("step", "submit"), ("a1", "5"), ("a2", "4")],
    )
    .await;
    assert_eq!(few.status.as_u16(), 422, "too few answers are asked about");
    story.server.clock.advance_seconds(120);
    let five = [
        ("step", "submit"),
        ("a1", "5"),
        ("a2", "4"),
        ("a3", "4"),
        ("a4", "3"),
        ("a5", "5"),
        ("by", "assisted"),
    ];
    let done = send_form(anybody, first, &five).await;
    assert!(
        done.status.is_success() && done.text().contains("谢谢"),
        "{}",
        done.text()
    );
    let twice = send_form(anybody, first, &five).await;
    assert_eq!(twice.status.as_u16(), 409, "used");
    assert!(anybody.get(first).await.text().contains("您已经填过了"));
    anybody
        .get("/s/mzo_nothing")
        .await
        .status
        .is_client_error()
        .then_some(())
        .expect("unknown");
    // Equal answers in a moment from one device are flagged, and nobody sees sums of so few.
    for (_, link) in &found[1..5] {
        anybody.get(link).await;
        let same = [
            ("step", "submit"),
            ("a1", "5"),
            ("a2", "5"),
            ("a3", "5"),
            ("a4", "5"),
            ("a5", "5"),
        ];
        assert!(send_form(anybody, link, &same).await.status.is_success());
    }
    let sums = format!("/api/v1/institutions/{}/survey", story.admission);
    let seen = county.get(&sums).await.good();
    assert_eq!(
        (
            &seen["responses"],
            &seen["flagged"],
            &seen["suspension_due"]
        ),
        (&json!(5), &json!(4), &json!(true))
    );
    assert_eq!(seen["counted"], Value::Null);
    assert_eq!(
        story.who("school-1").get(&sums).await.good()["responses"],
        Value::Null
    );

    // Late: the link is closed, and what was answered no longer tells who answered.
    story.server.days_pass(31);
    let late = anybody.get(&found[5].1).await;
    assert_eq!(late.status.as_u16(), 410);
    let refused = send_form(anybody, &found[5].1, &five).await;
    assert_eq!(refused.status.as_u16(), 409);
    let closed = api::surveys::invite::close(&story.server.app)
        .await
        .expect("closed");
    assert_eq!((closed.expired, closed.separated), (1, 5));
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let ids: Vec<&[u8]> = cells
        .iter()
        .filter(|cell| cell.table == "survey_response" && cell.column == "enrolment_id")
        .map(|cell| cell.bytes.as_slice())
        .filter(|bytes| !bytes.is_empty())
        .collect();
    assert!(ids.is_empty(), "{} of {}", ids.len(), members.len());
    // The run still counts them: it finds them by a key that a dump does not hold.
    let freeze_on = story.server.today();
    let run = story
        .who("national-1")
        .post(
            "/api/v1/grading-freezes",
            &json!({ "kind": "quarterly", "freeze_on": freeze_on }),
        )
        .await
        .good();
    let path = format!("/api/v1/grading-runs/{}/evidence.json", text(&run["run"]));
    let evidence = story.who("auditor").get(&path).await.good();
    let surveys = evidence["surveys"].as_array().expect("a table");
    assert_eq!(surveys.len(), 5);
    assert_eq!(
        surveys.iter().filter(|one| one["flagged"] == true).count(),
        4
    );
    assert!(
        surveys
            .iter()
            .any(|one| one["by"] == "assisted" && one["items"] == json!([5, 4, 4, 3, 5]))
    );
}
