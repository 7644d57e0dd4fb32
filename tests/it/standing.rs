//! The grade that stands: under an appeal, after it was upheld, varied, or when there is too little to go by; who keeps from
//! results; trend, counts and comparison as anybody sees them (grading.md 6 and 7, pages.md 3.7).

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{CREDIT_CODE, PROVINCE};
use tests::{Answer, Database, Story, on_both};

use crate::bulletins::published as bulletin;
use crate::cases::{
    admission, appeal_act, codes, decided, document, hire, lodge, serve, step, warn,
};
use crate::grades::class;

on_both! {
    a_stayed_grade_is_shown_as_the_old_one_and_an_upheld_one_is_corrected;
    a_varied_grade_is_shown_everywhere_and_other_decisions_go_on_meanwhile;
    an_annual_p_replaces_the_old_grade_and_whoever_has_an_interest_keeps_from_results;
    of_two_schools_in_one_run_each_starts_from_its_own_grade;
    a_bulletin_waits_for_the_results_that_it_tells;
}

/// A class of 24 of whom 16 have worked since; answers the episodes.
pub(crate) async fn worked(story: &Story) -> Vec<String> {
    let (_, members) = class(story, 1, 24).await;
    story.server.days_pass(20);
    let start = story.server.today() - chrono::Days::new(10);
    let mut episodes = Vec::new();
    for member in members.iter().enumerate().filter(|(at, _)| at % 3 != 0) {
        let request = json!({
            "employer": crate::evidence::employer(3), "work_type": "contract", "start_on": start, "source": "tax_wage",
        });
        let path = format!("/api/v1/enrolments/{}/episodes", text(&member.1["id"]));
        let claimed = story.who("county-1").post(&path, &request).await.good();
        episodes.push(text(&claimed["id"]));
    }
    episodes
}

pub(crate) async fn freeze(story: &Story, freeze_on: chrono::NaiveDate) -> Value {
    refreeze(story, freeze_on, None).await.good()
}

/// The same again, to correct a run.
pub(crate) async fn refreeze(
    story: &Story,
    freeze_on: chrono::NaiveDate,
    corrects: Option<&str>,
) -> Answer {
    let request = json!({ "kind": "annual", "freeze_on": freeze_on, "corrects": corrects });
    let national = story.who("national-1");
    national.post("/api/v1/grading-freezes", &request).await
}

/// Figures, notice, grades by two persons; answers what the second one was told.
pub(crate) async fn publish(story: &Story, run: &str) -> Value {
    let province = story.who("province-1");
    let path = format!("/api/v1/grading-runs/{run}/publications");
    let opened = province.post(&path, &json!({})).await.good();
    let resource = format!("/api/v1/grade-publications/{}", text(&opened["id"]));
    story.server.days_pass(20);
    let open = json!({ "act": "open_notice" });
    province.act(&resource, "acts", &open).await.good();
    story.server.days_pass(12);
    let waiting = province
        .act(&resource, "acts", &json!({ "act": "publish" }))
        .await
        .good();
    story.approve("province-2", &waiting).await["outcome"].clone()
}

pub(crate) async fn contest(story: &Story, episodes: &[String]) {
    for id in episodes {
        let request = json!({ "act": "contest", "reason": "学员称并未到岗。" });
        let resource = format!("/api/v1/episodes/{id}");
        let school = story.who("school-1");
        school.act(&resource, "acts", &request).await.good();
    }
}

/// A first grade of B, and a year later a C, since the work of ten is contested: the runs, the second freeze date, and the
/// episodes contested.
pub(crate) async fn graded_twice(
    story: &Story,
) -> (String, String, chrono::NaiveDate, Vec<String>) {
    // Taught after August: in the window of two annual runs, the first of which knows of the year after.
    story.server.days_pass(165);
    let episodes = worked(story).await;
    story.server.days_pass(430);
    let first = text(&freeze(story, story.server.annual_freeze()).await["run"]);
    assert_eq!(publish(story, &first).await["grades"], 1);
    assert_eq!(admission(story).await["grade"], "B");
    contest(story, &episodes[..10]).await;
    story.server.days_pass(200);
    let freeze_on = story.server.annual_freeze();
    let second = text(&freeze(story, freeze_on).await["run"]);
    assert_eq!(publish(story, &second).await["grades"], 1);
    assert_eq!(admission(story).await["grade"], "C");
    (first, second, freeze_on, episodes[..10].to_vec())
}

/// The newest grade that the log tells.
async fn told_grade(story: &Story) -> String {
    let leaves = store::log::leaves_of_kind(story.server.app.store.reader(), 8, None, 1_000).await;
    let last = leaves.expect("leaves").pop().expect("a grade");
    match certs::log::LeafEntry::decode(&last.entry).expect("a leaf") {
        certs::log::LeafEntry::Grade { grade, .. } => grade.to_string(),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn ranking(story: &Story) -> Value {
    let path = format!("/api/v1/rankings?federation={PROVINCE}");
    story.who("anybody").get(&path).await.good()
}

pub(crate) async fn score(story: &Story) -> Value {
    let path = format!("/api/v1/catalogue/institutions/{CREDIT_CODE}/score");
    story.who("anybody").get(&path).await.good()
}

pub(crate) async fn page(story: &Story, path: &str) -> String {
    story.who("anybody").get(path).await.text()
}

#[track_caller]
fn holds(page: &str, words: &[&str]) {
    for one in words {
        assert!(page.contains(one), "{one}: {page}");
    }
}

async fn a_stayed_grade_is_shown_as_the_old_one_and_an_upheld_one_is_corrected(database: Database) {
    let story = Story::ready(database).await;
    let (first, second, freeze_on, contested) = graded_twice(&story).await;
    let province = story.who("province-1");
    let request = json!({ "kind": "grade_results", "run": second, "title": "浙江省评级结果" });
    let told = bulletin(&story, &request).await;

    // Trend and counts: both periods, each with its grade and rates.
    let periods = score(&story).await;
    let grades: Vec<String> = periods
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| text(&one["grade"]))
        .collect();
    assert_eq!(grades, ["C", "B"]);
    assert_eq!(periods[0]["employment"]["observed"], 6);
    assert_eq!(periods[1]["employment"]["observed"], 16);
    assert_eq!(
        periods[1]["entry"]["counts"]["work"],
        json!({ "contract": 16 })
    );
    let score_path = format!("/institutions/{CREDIT_CODE}/score");
    holds(
        &page(&story, &score_path).await,
        &[
            "历期趋势",
            "就业转化率显著下降",
            "16/24",
            "6/24",
            "就业形式:合同就业",
        ],
    );
    holds(
        &page(&story, &format!("/en{score_path}")).await,
        &["Trend of past periods"],
    );

    provinces(&story, &second).await;

    // Under appeal the old grade stands, in every place.
    serve(&story, province, "T10").await;
    let leaves = story.server.leaves().await;
    let appeal = lodge(&story, "T10").await;
    assert_eq!(appeal["stayed"], true);
    assert_eq!(
        story.server.leaves().await,
        leaves + 3,
        "the appeal, its stay and the grade"
    );
    assert_eq!(told_grade(&story).await, "B");
    let list = ranking(&story).await;
    assert_eq!(list["ranked"], json!([]));
    assert_eq!(
        (
            &list["unranked"][0]["reason"],
            &list["unranked"][0]["grade"]
        ),
        (&json!("under_appeal"), &json!("B"))
    );
    let newest = score(&story).await[0].clone();
    assert_eq!(
        (
            &newest["grade"],
            &newest["grade_mark"],
            &newest["computed_grade"]
        ),
        (&json!("B"), &json!("under_appeal"), &json!("C"))
    );
    holds(&page(&story, "/rankings").await, &["申诉中", "B 级"]);
    holds(
        &page(&story, &score_path).await,
        &["B 级 良好(申诉中,沿用原等级)", "本期评价算出的等级:C 级"],
    );
    holds(
        &page(&story, &format!("/bulletins/{told}")).await,
        &["现为 B 级", "申诉中"],
    );
    // What follows from the grade waits, the next grade too.
    let again = step(&story, province, json!({ "transition": "T10" })).await;
    assert!(
        codes(&again).contains(&"appeal-pending".to_owned()),
        "{}",
        again.text()
    );

    // Upheld: set aside until it is computed anew with the right data, published, and its bulletin corrected.
    let leaves = story.server.leaves().await;
    let upheld = decided(&story, &appeal, "upheld").await;
    assert_eq!(upheld["state"], "decided", "something is left to do");
    let more = "the outcome, the end of the stay, the setting aside, the grade";
    assert_eq!(story.server.leaves().await, leaves + 4, "{more}");
    assert_eq!(told_grade(&story).await, "B");
    assert_eq!(admission(&story).await["grade"], "B");
    assert_eq!(ranking(&story).await["unranked"][0]["reason"], "set_aside");
    let id = text(&appeal["id"]);
    let mut execute = json!({ "act": "execute", "reason": "已按决定重新评级并更正通报。" });
    let bare = appeal_act(province, &id, execute.clone()).await;
    assert_eq!(
        codes(&bare),
        ["correction-missing", "bulletin-not-corrected"]
    );
    for episode in &contested {
        let dismiss = json!({ "act": "dismiss", "reason": "经核实在岗。" });
        let resource = format!("/api/v1/episodes/{episode}");
        story
            .who("county-1")
            .act(&resource, "acts", &dismiss)
            .await
            .good();
    }
    execute["run"] = json!(first);
    let other = appeal_act(province, &id, execute.clone()).await;
    assert!(
        codes(&other).contains(&"correction-missing".to_owned()),
        "it corrects nothing"
    );
    let run = refreeze(&story, freeze_on, Some(&second)).await.good();
    execute["run"] = run["run"].clone();
    let early = appeal_act(province, &id, execute.clone()).await;
    assert_eq!(
        codes(&early),
        ["correction-not-published", "bulletin-not-corrected"]
    );
    assert_eq!(publish(&story, &text(&run["run"])).await["grades"], 1);
    let bulletins = province.get("/api/v1/bulletins").await.good();
    let request = json!({
        "kind": "grade_results", "run": run["run"], "title": "浙江省评级结果(更正)", "corrects": bulletins[0]["id"],
    });
    let corrected = bulletin(&story, &request).await;
    holds(
        &page(&story, &format!("/bulletins/{corrected}")).await,
        &["更正", &told, "66.7%"],
    );
    holds(
        &page(&story, &format!("/bulletins/{told}")).await,
        &["已更正"],
    );
    let done = appeal_act(province, &id, execute).await.good();
    assert_eq!(done["state"], "executed");
    // The figures of the corrected bulletin are those of its run.
    let path = format!("/api/v1/grading-runs/{}/public.json", text(&run["run"]));
    let table = story.who("anybody").get(&path).await.good();
    let emp = &table["institutions"][0]["indicators"]["EMP"];
    let told = story
        .who("anybody")
        .get("/api/v1/catalogue/bulletins")
        .await
        .good();
    let row = &told[0]["body"]["rows"][0];
    assert_eq!(row["people"], emp["n"]);
    assert_eq!(row["employment"][0], emp["raw_ppm"]);
    assert_eq!(
        row["composite_milli"],
        table["institutions"][0]["composite_milli"]
    );
    let newest = ranking(&story).await;
    assert_eq!(
        (&newest["run"], &newest["ranked"][0]["grade"]),
        (&run["run"], &json!("B"))
    );
    assert_ne!(first, second);
}

/// The nation compares provinces in a bulletin, which page and JSON show as it is; an institution's officers do not.
/// Neither its notice nor its publication comes before those of the results.
async fn a_bulletin_waits_for_the_results_that_it_tells(database: Database) {
    let story = Story::ready(database).await;
    worked(&story).await;
    story.server.days_pass(430);
    let run = text(&freeze(&story, story.server.annual_freeze()).await["run"]);
    let (province, national) = (story.who("province-1"), story.who("national-1"));
    let path = format!("/api/v1/grading-runs/{run}/publications");
    let opened = province.post(&path, &json!({})).await.good();
    let results = format!("/api/v1/grade-publications/{}", text(&opened["id"]));
    let mut drafts = Vec::new();
    for (who, second, kind) in [
        ("province-1", "province-2", "ranking"),
        ("national-1", "national-2", "provinces"),
    ] {
        let request = json!({ "kind": kind, "run": run, "title": "培训情况通报" });
        let draft = story.who(who).post("/api/v1/bulletins", &request).await;
        let resource = format!("/api/v1/bulletins/{}", text(&draft.good()["id"]));
        let review = json!({ "act": "review" });
        let waiting = story.who(who).act(&resource, "acts", &review).await.good();
        story.approve(second, &waiting).await;
        drafts.push(resource);
    }
    let tell = async |what: &str| {
        let request = json!({ "act": what });
        let ranking = province.act(&drafts[0], "acts", &request).await;
        (ranking, national.act(&drafts[1], "acts", &request).await)
    };
    let waits = |(ranking, provinces): (Answer, Answer)| {
        assert_eq!(
            codes(&ranking),
            ["results-not-public"],
            "{}",
            ranking.text()
        );
        assert_eq!(codes(&provinces), ["results-not-public"]);
    };
    waits(tell("open_notice").await);
    story.server.days_pass(20);
    let open = json!({ "act": "open_notice" });
    province.act(&results, "acts", &open).await.good();
    let (ranking, provinces) = tell("open_notice").await;
    ranking.good();
    provinces.good();
    story.server.days_pass(12);
    waits(tell("publish").await);
    let publish = json!({ "act": "publish" });
    let waiting = province.act(&results, "acts", &publish).await.good();
    story.approve("province-2", &waiting).await;
    let (ranking, provinces) = tell("publish").await;
    assert_eq!(ranking.good()["state"], "published");
    assert_eq!(provinces.good()["state"], "published");

    // A quarter is for monitoring; no bulletin compares by it.
    let quarter = json!({ "kind": "quarterly", "freeze_on": story.server.quarter_end() });
    let run = national.post("/api/v1/grading-freezes", &quarter).await;
    let request = json!({ "kind": "provinces", "run": run.good()["run"], "title": "培训情况通报" });
    let draft = national.post("/api/v1/bulletins", &request).await.good();
    let resource = format!("/api/v1/bulletins/{}", text(&draft["id"]));
    let review = json!({ "act": "review" });
    let waiting = national.act(&resource, "acts", &review).await.good();
    story.approve("national-2", &waiting).await;
    let told = national
        .act(&resource, "acts", &json!({ "act": "open_notice" }))
        .await;
    assert_eq!(codes(&told), ["not-annual"]);
}

async fn provinces(story: &Story, run: &str) {
    let address = "/api/v1/rankings/provinces";
    let anybody = story.who("anybody");
    anybody.get(address).await.problem(404, "not-found");
    holds(
        &page(story, "/rankings/provinces").await,
        &["还没有公布各省比较"],
    );
    let request = json!({ "kind": "provinces", "run": run, "title": "各省培训效果比较" });
    story
        .who("province-1")
        .post("/api/v1/bulletins", &request)
        .await
        .problem(403, "forbidden");
    let national = story.who("national-1");
    let draft = national.post("/api/v1/bulletins", &request).await.good();
    let resource = format!("/api/v1/bulletins/{}", text(&draft["id"]));
    let act = async |act: &str| {
        let request = json!({ "act": act });
        national.act(&resource, "acts", &request).await.good()
    };
    let waiting = act("review").await;
    story.approve("national-2", &waiting).await;
    let number = text(&act("open_notice").await["number"]);
    assert_eq!(anybody.get(address).await.good()["standing"], "provisional");
    act("publish").await;
    let told = anybody.get(address).await.good();
    assert_eq!(
        (&told["bulletin"], &told["standing"]),
        (&json!(number), &json!("final"))
    );
    let own = &told["provinces"][0];
    assert_eq!(
        (&own["federation"], &own["people"]),
        (&json!(PROVINCE), &json!(24))
    );
    assert_eq!(own["employment_ppm"][0], 250_000);
    holds(
        &page(story, "/rankings/provinces").await,
        &["浙江省残疾人联合会", "C 1", "25.0%", &number],
    );
    holds(
        &page(story, &format!("/bulletins/{number}")).await,
        &["25.0%"],
    );
}

async fn a_varied_grade_is_shown_everywhere_and_other_decisions_go_on_meanwhile(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (_, second, freeze_on, _) = graded_twice(&story).await;
    // A correction of the same period starts from the grade that the period started from.
    let fresh = refreeze(&story, freeze_on, Some(&second)).await.good();
    let fresh = text(&fresh["run"]);
    let path = format!("/api/v1/grading-runs/{fresh}/evidence.json");
    let e: Value = story.who("auditor").get(&path).await.json();
    assert_eq!(e["institutions"][0]["previous_grade"], "B");
    let province = story.who("province-1");
    serve(&story, province, "T10").await;
    let appeal = lodge(&story, "T10").await;
    // A finding that has nothing to do with the grade is answered while the appeal runs.
    assert_eq!(warn(&story, province).await["state"], "warned");
    let judge = story.who("national-1");
    let id = text(&appeal["id"]);
    for act in ["accept", "hear"] {
        let request = json!({ "act": act, "reason": "书面审理。" });
        appeal_act(judge, &id, request).await.good();
    }
    let varied = json!({
        "act": "decide", "outcome": "varied", "reason": "部分学员应计入。", "document": document("申复〔2026〕7号"),
        "variation": { "new_grade": "B" },
    });
    let done = appeal_act(judge, &id, varied).await.good();
    assert_eq!(
        (&done["state"], &done["admission_state"]),
        (&json!("executed"), &json!("warned"))
    );
    assert_eq!(admission(&story).await["grade"], "B");
    assert_eq!(told_grade(&story).await, "B");
    let list = ranking(&story).await;
    assert_eq!(
        (
            &list["ranked"][0]["grade"],
            &list["ranked"][0]["grade_mark"]
        ),
        (&json!("B"), &json!("varied"))
    );
    holds(&page(&story, "/rankings").await, &["B 级 良好(经申诉变更)"]);
    holds(
        &page(&story, &format!("/institutions/{CREDIT_CODE}/score")).await,
        &["经申诉变更"],
    );
}

async fn an_annual_p_replaces_the_old_grade_and_whoever_has_an_interest_keeps_from_results(
    database: Database,
) {
    let story = Story::ready(database).await;
    story.server.days_pass(165);
    let episodes = worked(&story).await;
    story.server.days_pass(430);
    let first = text(&freeze(&story, story.server.annual_freeze()).await["run"]);
    // Who declared an interest in one of the institutions leaves the results to others.
    let third = hire(&story, "province-3", "province_officer", PROVINCE).await;
    let interests = format!("/api/v1/institutions/{}/interests", story.admission);
    let reason = json!({ "reason": "亲属任职" });
    third.post(&interests, &reason).await.good();
    let open = format!("/api/v1/grading-runs/{first}/publications");
    let refused = third.post(&open, &json!({})).await;
    refused.problem(409, "transition-refused");
    assert_eq!(codes(&refused), ["interest-declared"]);
    publish(&story, &first).await;
    let all = story.who("province-1").get(&open).await.good();
    let resource = format!("/api/v1/grade-publications/{}", text(&all[0]["id"]));
    let refused = third
        .act(&resource, "acts", &json!({ "act": "publish" }))
        .await;
    assert_eq!(codes(&refused), ["interest-declared"]);
    // A refused act names both states and who may do what.
    let refused = story
        .who("province-1")
        .act(&resource, "acts", &json!({ "act": "open_notice" }))
        .await;
    let detail = text(&refused.problem(409, "transition-refused")["detail"]);
    for words in ["已公布", "机构核对数据", "申诉"] {
        assert!(detail.contains(words), "{detail}");
    }

    // Nobody's work can be told any more: too little to go by, and the old grade does not stay.
    contest(&story, &episodes[..13]).await;
    story.server.days_pass(200);
    let second = text(&freeze(&story, story.server.annual_freeze()).await["run"]);
    let leaves = story.server.leaves().await;
    let outcome = publish(&story, &second).await;
    assert_eq!(outcome["grades"], 1);
    assert_eq!(story.server.leaves().await, leaves + 1, "P is a leaf, too");
    let now = admission(&story).await;
    assert_eq!(
        (&now["state"], &now["grade"]),
        (&json!("graded"), &json!("P"))
    );
    let list = ranking(&story).await;
    assert_eq!(list["unranked"][0]["reason"], "insufficient_sample");
    // The next run knows that there is no grade to start from.
    story.server.days_pass(30);
    let third = text(&freeze(&story, story.server.annual_freeze()).await["run"]);
    let path = format!("/api/v1/grading-runs/{third}/results.json");
    let r: Value = story.who("auditor").get(&path).await.json();
    assert_eq!(r["institutions"][0]["previous_grade"], "P");
}

/// A correction starts the school it corrects from the grade of before, and every other from the grade in force.
async fn of_two_schools_in_one_run_each_starts_from_its_own_grade(database: Database) {
    let mut story = Story::ready(database).await;
    let (_, second, freeze_on, _) = graded_twice(&story).await;
    let first = story.second_school().await;
    let grade = "UPDATE admission SET state = 'graded', grade = 'D' WHERE federation = '370000'";
    store::tampering::plainly(&story.server.app.store, grade)
        .await
        .expect("graded");
    let fresh = refreeze(&story, freeze_on, Some(&second)).await.good();
    let path = format!("/api/v1/grading-runs/{}/evidence.json", text(&fresh["run"]));
    let e: Value = story.who("auditor").get(&path).await.json();
    let before = |admission: &str| {
        let mut all = e["institutions"].as_array().expect("a table").iter();
        let one = all.find(|one| one["id"] == admission).expect("a school");
        one["previous_grade"].clone()
    };
    assert_eq!(before(&first.admission), "B", "decided anew: from before");
    assert_eq!(before(&story.admission), "D", "not decided: in force");
}
