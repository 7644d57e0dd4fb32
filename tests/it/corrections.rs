//! A period that is published: corrected by a run that says so, replaced when two persons publish that, and left alone once
//! another year was decided (grading.md, introduction; design.md 21).

use chrono::{Months, NaiveDate};
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::{CREDIT_CODE, PROVINCE};
use tests::{Answer, Database, Story, on_both};

use crate::cases::{
    HASH, admission, appeal_act, by_two, codes, decided, document, file, lodge, serve, step, warn,
};
use crate::standing::{freeze, graded_twice, page, publish, ranking, refreeze, score, worked};

on_both! {
    a_published_period_is_not_published_again_by_a_run_that_corrects_nothing;
    a_correction_under_notice_stands_beside_what_is_published;
    what_a_correction_does_not_decide_keeps_the_grade_of_the_period;
    an_earlier_year_is_corrected_only_where_a_grade_was_set_aside_and_takes_no_later_grade;
    a_publication_decides_the_results_of_its_own_run;
    a_closed_period_keeps_its_ranks_and_tells_what_became_of_who_had_them;
    a_bulletin_is_told_from_no_run_that_was_replaced_or_only_computed_to_compare;
    a_grade_set_aside_on_appeal_is_given_anew_from_what_was_frozen_after_the_decision;
}

/// The evidence of a run.
async fn frozen(story: &Story, run: &str) -> Value {
    let runs = story.who("national-1").get("/api/v1/grading-runs").await;
    let runs = runs.good();
    let mut runs = runs.as_array().expect("a list").iter();
    runs.find(|one| one["id"] == run).expect("the run")["freeze"].clone()
}

/// Another run on the evidence of one.
async fn again(story: &Story, of: &str, corrects: Option<&str>) -> String {
    let request = json!({ "freeze": frozen(story, of).await, "corrects": corrects });
    let province = story.who("province-1");
    let run = province.post("/api/v1/grading-runs", &request).await;
    text(&run.good()["run"])
}

async fn open(story: &Story, run: &str) -> Answer {
    let path = format!("/api/v1/grading-runs/{run}/publications");
    story.who("province-1").post(&path, &json!({})).await
}

async fn act(story: &Story, opened: &Value, act: &str) -> Answer {
    let resource = format!("/api/v1/grade-publications/{}", text(&opened["id"]));
    let request = json!({ "act": act });
    story
        .who("province-1")
        .act(&resource, "acts", &request)
        .await
}

async fn of_period(story: &Story, period: NaiveDate, more: &str) -> Value {
    let path = format!("/api/v1/rankings?federation={PROVINCE}&period={period}{more}");
    story.who("anybody").get(&path).await.good()
}

async fn a_published_period_is_not_published_again_by_a_run_that_corrects_nothing(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (first, second, freeze_on, _) = graded_twice(&story).await;
    let before = ranking(&story).await;
    let bare = refreeze(&story, freeze_on, None).await;
    bare.problem(409, "transition-refused");
    assert_eq!(codes(&bare), ["period-published"]);
    let other = refreeze(&story, freeze_on, Some(&first)).await;
    other.problem(422, "invalid-request");
    assert_eq!(codes(&other), ["other-period"]);
    // The last day of March ends a quarter, too; that is no year.
    let quarter = json!({ "kind": "quarterly", "freeze_on": freeze_on, "corrects": second });
    let national = story.who("national-1");
    let quarter = national.post("/api/v1/grading-freezes", &quarter).await;
    quarter.problem(422, "invalid-request");
    assert_eq!(codes(&quarter), ["other-period"]);

    // A run to compare is computed, and not opened; an earlier year is over.
    let same = again(&story, &second, None).await;
    assert_eq!(codes(&open(&story, &same).await), ["period-published"]);
    let earlier = again(&story, &first, None).await;
    assert_eq!(codes(&open(&story, &earlier).await), ["period-published"]);
    let earlier = again(&story, &first, Some(&first)).await;
    let refused = open(&story, &earlier).await;
    assert_eq!(codes(&refused), ["later-period-published"]);
    assert_eq!(ranking(&story).await, before);

    // A correction is corrected in its turn, and goes no further itself.
    let correction = again(&story, &second, Some(&second)).await;
    let replaced = open(&story, &correction).await.good();
    let beside = again(&story, &second, Some(&second)).await;
    assert_eq!(codes(&open(&story, &beside).await), ["period-published"]);
    let better = again(&story, &second, Some(&correction)).await;
    let opened = open(&story, &better).await.good();
    story.server.days_pass(20);
    let refused = act(&story, &replaced, "open_notice").await;
    refused.problem(409, "transition-refused");
    assert_eq!(codes(&refused), ["superseded"]);
    act(&story, &opened, "open_notice").await.good();
}

async fn a_correction_under_notice_stands_beside_what_is_published(database: Database) {
    let story = Story::ready(database).await;
    let (_, second, freeze_on, contested) = graded_twice(&story).await;
    work_confirmed(&story, &contested).await;
    let fresh = refreeze(&story, freeze_on, Some(&second)).await.good();
    let run = text(&fresh["run"]);
    let opened = open(&story, &run).await.good();
    let before = ranking(&story).await;
    story.server.days_pass(20);
    act(&story, &opened, "open_notice").await.good();

    // One officer's notice changes nothing that is final.
    let mut now = ranking(&story).await;
    let proposed = now["proposed"].take();
    assert_eq!(proposed["run"], json!(run));
    assert!(proposed["notice_until"].is_string(), "{proposed}");
    now.as_object_mut().expect("a ranking").remove("proposed");
    assert_eq!(now, before);
    assert_eq!(
        (&now["standing"], &now["ranked"][0]["grade"]),
        (&json!("final"), &json!("C"))
    );
    let told = of_period(&story, freeze_on, "&proposed=true").await;
    assert_eq!(
        (&told["run"], &told["standing"], &told["ranked"][0]["grade"]),
        (&json!(run), &json!("provisional"), &json!("B"))
    );
    let newest = score(&story).await[0].clone();
    assert_eq!(
        (&newest["run"], &newest["standing"], &newest["grade"]),
        (&json!(second), &json!("final"), &json!("C"))
    );
    assert_eq!(newest["proposed"], proposed);
    let list = page(&story, "/rankings").await;
    assert!(
        list.contains("本期的更正结果正在公示") && list.contains("正式结果"),
        "{list}"
    );
    let english = page(&story, "/en/rankings").await;
    assert!(english.contains("A correction of this period is in its notice period"));
    let query = format!("?federation={PROVINCE}&period={freeze_on}&proposed=1");
    let list = page(&story, &format!("/rankings{query}")).await;
    assert!(
        list.contains("公示中,尚未定") && list.contains("B 级") && list.contains("现行结果"),
        "{list}"
    );
    let file = page(&story, &format!("/rankings.csv{query}")).await;
    assert!(
        file.contains("公示中,尚未定") && file.contains(&run),
        "{file}"
    );
    let wrong = story.who("anybody").get("/rankings.csv?proposed=x").await;
    assert_eq!(wrong.status, 422);
    let own = page(&story, &format!("/institutions/{CREDIT_CODE}/score")).await;
    let at = |words: &str| own.find(words).unwrap_or_else(|| panic!("{words}: {own}"));
    assert!(at("C 级") < at("公示中的更正结果:B 级"));

    story.server.days_pass(12);
    let waiting = act(&story, &opened, "publish").await.good();
    assert_eq!(ranking(&story).await["run"], json!(second));
    let done = story.approve("province-2", &waiting).await;
    assert_eq!(done["outcome"]["grades"], 1);
    let now = ranking(&story).await;
    assert_eq!(
        (&now["run"], &now["standing"], &now["ranked"][0]["grade"]),
        (&json!(run), &json!("final"), &json!("B"))
    );
    assert_eq!(now["proposed"], Value::Null);
}

/// The work that was contested is found to be real.
async fn work_confirmed(story: &Story, contested: &[String]) {
    let dismiss = json!({ "act": "dismiss", "reason": "经核实在岗。" });
    for episode in contested {
        let resource = format!("/api/v1/episodes/{episode}");
        let county = story.who("county-1");
        county.act(&resource, "acts", &dismiss).await.good();
    }
}

async fn what_a_correction_does_not_decide_keeps_the_grade_of_the_period(database: Database) {
    let story = Story::ready(database).await;
    let (_, second, freeze_on, contested) = graded_twice(&story).await;
    work_confirmed(&story, &contested).await;
    let fresh = refreeze(&story, freeze_on, Some(&second)).await.good();
    let run = text(&fresh["run"]);
    warn(&story, story.who("province-1")).await;
    let outcome = publish(&story, &run).await;
    assert_eq!(
        (&outcome["grades"], &outcome["held"][0]["code"]),
        (&json!(0), &json!("warned"))
    );
    let told = ranking(&story).await;
    assert_eq!(
        (
            &told["run"],
            &told["ranked"][0]["grade"],
            &told["ranked"][0]["grade_mark"]
        ),
        (&json!(run), &json!("C"), &json!("kept"))
    );
    let list = page(&story, "/rankings").await;
    assert!(list.contains("更正待定,沿用更正前的等级"), "{list}");

    // When the warning is over, the grade that waited is owed, until it is given.
    let province = story.who("province-1");
    let owed = async || {
        let all = province.get("/api/v1/alarms").await.good();
        let held = |one: &&Value| one["act"] == "held_grade";
        all.as_array().expect("a list").iter().filter(held).count()
    };
    serve(&story, province, "T11").await;
    let reply = json!({ "kind": "reply", "text": "通道已清理。" });
    file(&story, story.who("school-1"), reply).await.good();
    story.server.days_pass(40);
    assert_eq!(owed().await, 0, "it is still warned");
    let lift = json!({ "transition": "T12", "reason": "已整改。" });
    step(&story, province, lift).await.good();
    assert_eq!(owed().await, 1);
    by_two(&story, json!({ "transition": "T10" })).await;
    assert_eq!(owed().await, 0);
}

async fn an_earlier_year_is_corrected_only_where_a_grade_was_set_aside_and_takes_no_later_grade(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (_, second, freeze_on, contested) = graded_twice(&story).await;
    serve(&story, story.who("province-1"), "T10").await;
    let appeal = lodge(&story, "T10").await;
    decided(&story, &appeal, "upheld").await;
    story.server.days_pass(200);
    let third = text(&freeze(&story, story.server.annual_freeze()).await["run"]);
    assert_eq!(publish(&story, &third).await["grades"], 1);
    let now = admission(&story).await["grade"].clone();

    // The year before is corrected, as the appeal asks; the grade in force is that of the year after.
    work_confirmed(&story, &contested).await;
    let fresh = refreeze(&story, freeze_on, Some(&second)).await.good();
    let outcome = publish(&story, &text(&fresh["run"])).await;
    assert_eq!(
        (&outcome["grades"], &outcome["held"][0]["code"]),
        (&json!(0), &json!("later-grade-decided"))
    );
    assert_eq!(admission(&story).await["grade"], now);
    let told = of_period(&story, freeze_on, "").await;
    assert_eq!(told["run"], fresh["run"]);
    assert_eq!(told["unranked"][0]["reason"], "set_aside");
}

async fn a_publication_decides_the_results_of_its_own_run(database: Database) {
    let story = Story::ready(database).await;
    story.server.days_pass(165);
    worked(&story).await;
    story.server.days_pass(430);
    let first = text(&freeze(&story, story.server.annual_freeze()).await["run"]);
    let opened = open(&story, &first).await.good();
    story.server.days_pass(20);
    act(&story, &opened, "open_notice").await.good();
    story.server.days_pass(200);
    // The figures of the next year are out before the grades of this one.
    let second = text(&freeze(&story, story.server.annual_freeze()).await["run"]);
    open(&story, &second).await.good();
    let waiting = act(&story, &opened, "publish").await.good();
    let done = story.approve("province-2", &waiting).await;
    assert_eq!(done["outcome"]["grades"], 1, "{done}");
    assert_eq!(admission(&story).await["grade"], "B");
}

async fn a_closed_period_keeps_its_ranks_and_tells_what_became_of_who_had_them(database: Database) {
    let story = Story::ready(database).await;
    let (_, _, freeze_on, _) = graded_twice(&story).await;
    let earlier = freeze_on - Months::new(12);
    let before = of_period(&story, earlier, "").await;
    assert_eq!(before["ranked"][0]["rank"], 1);
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防隐患。" });
    step(&story, story.who("province-1"), stop).await.good();
    let newest = ranking(&story).await;
    assert_eq!(newest["unranked"][0]["reason"], "suspended");
    let mut after = of_period(&story, earlier, "").await;
    let row = after["ranked"][0].as_object_mut().expect("still ranked");
    assert_eq!(row.remove("state_now"), Some(json!("suspended")));
    assert_eq!(after, before);
    let query = format!("?federation={PROVINCE}&period={earlier}");
    let list = page(&story, &format!("/rankings{query}")).await;
    assert!(list.contains("现暂停中或退出公示中"), "{list}");
    let file = page(&story, &format!("/rankings.csv{query}")).await;
    assert!(
        file.contains("机构现状") && file.contains("suspended"),
        "{file}"
    );
}

/// A bulletin that was reviewed by two persons, and is not noticed yet.
async fn reviewed(story: &Story, kind: &str, run: &str) -> String {
    let (who, second) = drafters(kind);
    let request = json!({ "kind": kind, "run": run, "title": "培训情况通报" });
    let draft = story.who(who).post("/api/v1/bulletins", &request).await;
    let resource = format!("/api/v1/bulletins/{}", text(&draft.good()["id"]));
    let review = json!({ "act": "review" });
    let waiting = story.who(who).act(&resource, "acts", &review).await.good();
    story.approve(second, &waiting).await;
    resource
}

async fn notice(story: &Story, kind: &str, resource: &str) -> Answer {
    let open = json!({ "act": "open_notice" });
    let who = story.who(drafters(kind).0);
    who.act(resource, "acts", &open).await
}

fn drafters(kind: &str) -> (&'static str, &'static str) {
    if kind == "provinces" {
        ("national-1", "national-2")
    } else {
        ("province-1", "province-2")
    }
}

async fn a_bulletin_is_told_from_no_run_that_was_replaced_or_only_computed_to_compare(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (_, second, freeze_on, contested) = graded_twice(&story).await;
    // Drafted and reviewed while the run was the newest, and left lying until a correction was published.
    let mut drafts = Vec::new();
    for kind in ["ranking", "provinces"] {
        drafts.push((kind, reviewed(&story, kind, &second).await));
    }
    work_confirmed(&story, &contested).await;
    let fresh = refreeze(&story, freeze_on, Some(&second)).await.good();
    let correction = text(&fresh["run"]);
    assert_eq!(publish(&story, &correction).await["grades"], 1);
    // Drafted when it was replaced already.
    for kind in ["ranking", "provinces"] {
        drafts.push((kind, reviewed(&story, kind, &second).await));
    }

    // Computed to compare, and opened nowhere: the province has no results of it, and the nation tells nothing from it.
    let compared = again(&story, &correction, None).await;
    let request = json!({ "kind": "ranking", "run": compared, "title": "培训情况通报" });
    let province = story.who("province-1");
    let refused = province.post("/api/v1/bulletins", &request).await;
    refused.problem(422, "invalid-request");
    assert_eq!(codes(&refused), ["no-results"]);
    let draft = reviewed(&story, "provinces", &compared).await;
    drafts.push(("provinces", draft));

    for (kind, draft) in &drafts {
        let refused = notice(&story, kind, draft).await;
        refused.problem(409, "transition-refused");
        assert_eq!(codes(&refused), ["results-not-public"], "{kind}");
    }
    // The same from the correction is told.
    for kind in ["ranking", "provinces"] {
        let draft = reviewed(&story, kind, &correction).await;
        let told = notice(&story, kind, &draft).await.good();
        assert_eq!(told["state"], "notice", "{kind}");
    }
}

async fn a_grade_set_aside_on_appeal_is_given_anew_from_what_was_frozen_after_the_decision(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (_, second, freeze_on, contested) = graded_twice(&story).await;
    let province = story.who("province-1");
    serve(&story, province, "T10").await;
    let appeal = lodge(&story, "T10").await;
    // Another institution's appeal brings a correction of the whole period; of this one nothing was corrected yet.
    let early = refreeze(&story, freeze_on, Some(&second)).await.good();
    let early = text(&early["run"]);
    let outcome = publish(&story, &early).await;
    assert_eq!(
        (&outcome["grades"], &outcome["held"][0]["code"]),
        (&json!(0), &json!("appeal-pending"))
    );
    decided(&story, &appeal, "upheld").await;
    let before = admission(&story).await["grade"].clone();

    // What was frozen before the decision carries nothing out, gives no grade, and is owed none.
    let id = text(&appeal["id"]);
    let execute = async |run: &str| {
        let request = json!({ "act": "execute", "reason": "已按决定重新评级。", "run": run });
        appeal_act(province, &id, request).await
    };
    assert_eq!(codes(&execute(&early).await), ["correction-too-early"]);
    let grade = step(&story, province, json!({ "transition": "T10" })).await;
    grade.problem(409, "transition-refused");
    assert_eq!(codes(&grade), ["result-missing"]);
    // Nor does it give grounds for a warning.
    let suspended = "UPDATE grade_result SET sat_suspended = TRUE WHERE decided_on IS NULL";
    store::tampering::plainly(&story.server.app.store, suspended)
        .await
        .expect("written");
    let warning = json!({
        "transition": "T11", "cause": "sat_suspended", "reason": "满意度异常。", "findings": ["答卷异常"],
        "evidence_sha256": HASH, "document": document("预警〔2026〕2号"),
    });
    let warned = codes(&step(&story, province, warning).await);
    assert!(
        warned.contains(&"satisfaction-not-suspended".to_owned()),
        "{warned:?}"
    );
    story.server.days_pass(25);
    let alarms = province.get("/api/v1/alarms").await.good();
    let mut alarms = alarms.as_array().expect("a list").iter();
    assert!(alarms.all(|one| one["act"] != "held_grade"));

    // The run after it does.
    work_confirmed(&story, &contested).await;
    let fresh = refreeze(&story, freeze_on, Some(&early)).await.good();
    let fresh = text(&fresh["run"]);
    assert_eq!(publish(&story, &fresh).await["grades"], 1);
    assert_eq!(execute(&fresh).await.good()["state"], "executed");
    let now = admission(&story).await["grade"].clone();
    assert_eq!((before, now), (json!("B"), json!("B")));
    assert_eq!(ranking(&story).await["run"], json!(fresh));
}
