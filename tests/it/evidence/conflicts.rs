//! What wants a look: each side learns that there is something, never whose.

use chrono::Days;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{claim, conflicts, employer, roster, taught};

on_both! {
    two_schools_of_two_provinces_each_see_their_side_of_a_person_and_not_the_other;
    what_one_school_claims_alone_is_looked_at_too;
}

/// Whatever somebody is shown of conflicts, as text.
async fn shown(story: &Story, who: &str) -> String {
    let seen = story.who(who).get("/api/v1/evidence-conflicts").await;
    seen.good();
    seen.text()
}

async fn two_schools_of_two_provinces_each_see_their_side_of_a_person_and_not_the_other(
    database: Database,
) {
    let mut story = Story::ready(database).await;
    let first = taught(&story, roster(801, 2, "330106")).await;
    let mut other = story.second_school().await;
    let second = taught(&story, roster(802, 2, "330106")).await;
    story.server.days_pass(30);
    // 802 was in both classes. Work at two employers in the same days, claimed by both; one contract for two people.
    let contract =
        json!({ "contract_text": "甲方虚构公司与乙方签订本合同,约定岗位为护理员,每月支付工资。" });
    let claimed = claim(&story, "school-1", &second[0], &employer(3), 20, json!({})).await;
    claimed.good();
    claim(
        &story,
        "school-1",
        &second[1],
        &employer(3),
        20,
        contract.clone(),
    )
    .await
    .good();
    story.swap(&mut other);
    let two = claim(&story, "school-1", &first[1], &employer(4), 15, json!({}))
        .await
        .good();
    let same = claim(&story, "school-1", &first[0], &employer(4), 15, contract)
        .await
        .good();
    assert_eq!(same["conflicts"], json!(1), "{same}");
    assert_eq!(two["conflicts"], json!(2), "{two}");

    let side = |kinds: &[&str], enrolments: [&String; 2]| {
        let mut all: Vec<(String, String)> = kinds
            .iter()
            .map(|kind| {
                (
                    (*kind).to_owned(),
                    enrolments[usize::from(*kind == "same_contract_text")].clone(),
                )
            })
            .collect();
        all.sort();
        all
    };
    let kinds = ["same_contract_text", "superseded", "two_claims"];
    let here = side(&kinds, [&first[1], &first[0]]);
    let there = side(&kinds, [&second[0], &second[1]]);
    for who in ["school-1", "county-1", "province-1"] {
        assert_eq!(conflicts(&story, who).await, here, "{who}");
    }
    for who in ["other-school", "second-county-1", "other-province"] {
        assert_eq!(conflicts(&story, who).await, there, "{who}");
    }
    assert_eq!(conflicts(&story, "other-county").await, []);
    assert_eq!(conflicts(&story, "national-1").await.len(), 6);

    // Neither side is told who the other is: no name, no id, no employer, no region.
    let ids = |text: &str, own: &[String], others: &[String]| {
        assert!(own.iter().any(|id| text.contains(id.as_str())));
        assert!(
            !others.iter().any(|id| text.contains(id.as_str())),
            "{text}"
        );
    };
    let (ours, theirs) = (
        shown(&story, "school-1").await,
        shown(&story, "other-school").await,
    );
    ids(&ours, &first, &second);
    ids(&theirs, &second, &first);
    let words = [
        other.admission.as_str(),
        other.institution.as_str(),
        "山东虚构职业培训学校",
        "370102",
    ];
    assert!(!words.iter().any(|word| ours.contains(word)), "{ours}");
    let words = [
        story.admission.as_str(),
        story.institution.as_str(),
        "浙江虚构职业培训学校",
        "330106",
    ];
    assert!(!words.iter().any(|word| theirs.contains(word)), "{theirs}");

    two_sides_are_one_decision(&story).await;
}

/// Between two provinces the nation decides, once and for both sides; each is told what, and not whose the other is.
async fn two_sides_are_one_decision(story: &Story) {
    let of_kind = async |who: &str, kind: &str| {
        let list = story.who(who).get("/api/v1/evidence-conflicts").await;
        let list = list.good();
        let mut all = list.as_array().expect("a list").iter();
        all.find(|one| one["kind"] == kind)
            .cloned()
            .expect("a side")
    };
    let close = |side: &serde_json::Value| {
        format!("/api/v1/evidence-conflicts/{}/close", text(&side["id"]))
    };
    let words = json!({ "words": "两段工作都属实,按先后计入后一培训。" });
    for kind in ["two_claims", "superseded"] {
        let side = of_kind("school-1", kind).await;
        let path = close(&side);
        let outside = story.who("second-county-1").post(&path, &words).await;
        outside.problem(404, "not-found");
        for who in ["county-1", "province-1"] {
            let told = story.who(who).post(&path, &words).await;
            let told = told.problem(403, "forbidden");
            assert!(text(&told["detail"]).contains("中国残联"), "{told}");
        }
        let naming = json!({ "words": "山东虚构职业培训学校的申报在后。" });
        let refused = story.who("national-1").post(&path, &naming).await;
        let refused = refused.problem(422, "invalid-request");
        assert_eq!(refused["errors"][0]["code"], "names-a-side");
        assert_eq!(of_kind("other-school", kind).await["state"], "open");
        story.who("national-1").post(&path, &words).await.good();
        for who in ["school-1", "other-school", "county-1", "second-county-1"] {
            let told = of_kind(who, kind).await;
            assert_eq!(told["state"], "closed", "{who}");
            assert_eq!(told["outcome"], words["words"], "{who}");
        }
        // The other side was decided with it.
        let other = close(&of_kind("other-school", kind).await);
        let again = story.who("national-1").post(&other, &words).await;
        again.problem(409, "transition-refused");
    }
    // What concerns one side alone is closed by its own county.
    let alone = close(&of_kind("county-1", "same_contract_text").await);
    story.who("county-1").post(&alone, &words).await.good();
    let theirs = of_kind("second-county-1", "same_contract_text").await;
    assert_eq!(theirs["state"], "open");
}

async fn what_one_school_claims_alone_is_looked_at_too(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(811, 3, "330106")).await;
    story.server.days_pass(30);
    let job = employer(3);
    // At work before the class began; at the school itself; a job that ends as soon as it was checked.
    let began = story.server.today() - Days::new(200);
    let before = json!({ "start_on": began });
    claim(&story, "school-1", &members[0], &job, 0, before)
        .await
        .good();
    let own = tests::story::CREDIT_CODE;
    claim(&story, "school-1", &members[1], own, 5, json!({}))
        .await
        .good();
    let proven = json!({ "source": "tax_wage" });
    let proven = claim(&story, "county-1", &members[2], &job, 25, proven)
        .await
        .good();
    assert_eq!(proven["state"], "verified");
    story.server.days_pass(6);
    let episode = format!("/api/v1/episodes/{}", text(&proven["id"]));
    let last = story.server.today() - Days::new(2);
    let end = json!({ "act": "end", "last_day": last });
    story
        .who("school-1")
        .act(&episode, "acts", &end)
        .await
        .good();
    let mut expected = [
        ("employed_before_training".to_owned(), members[0].clone()),
        ("related_employer".to_owned(), members[1].clone()),
        ("ended_after_check".to_owned(), members[2].clone()),
    ];
    expected.sort();
    for who in ["school-1", "county-1"] {
        assert_eq!(conflicts(&story, who).await, expected, "{who}");
    }
}
