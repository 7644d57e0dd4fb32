//! Who lives in an area and is trained elsewhere: the federation of the household has a list of its own people
//! (field.md 3).

use serde_json::Value;
use tests::answer::text;
use tests::story::{PASSWORD, SECOND_COUNTY};
use tests::{Browser, Client, Database, Story, on_both, rosters};

on_both! {
    a_federation_lists_its_people_who_are_trained_elsewhere;
    residents_are_listed_on_a_page_of_the_desk;
}

const LIST: &str = "/api/v1/residents";

/// The county of `other-county`, beside that of the school.
const BESIDE: &str = "330108";

/// A class of the county 330106 with people of these households.
async fn class_of(story: &Story, households: &[&str]) -> String {
    let mut roster = "姓名,公民身份号码,户籍地,同意书\n".to_owned();
    for (number, household) in (961..).zip(households) {
        roster.push_str(&format!(
            "虚构样{},{},{household},是 2026-02-20\n",
            rosters::chinese(number),
            rosters::citizen_id(number)
        ));
    }
    let cohort = story.enrolling().await;
    story.import(&cohort, roster.into_bytes()).await;
    cohort
}

async fn items(client: &Client, path: &str) -> Vec<Value> {
    let page = client.get(path).await.good();
    page["items"].as_array().expect("items").clone()
}

fn ids(items: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = items.iter().map(|one| text(&one["id"])).collect();
    ids.sort();
    ids
}

async fn a_federation_lists_its_people_who_are_trained_elsewhere(database: Database) {
    let mut story = Story::ready(database).await;
    for (name, role, federation) in [
        ("far-county", "county_officer", SECOND_COUNTY),
        ("third-county", "county_officer", "330109"),
        ("prefecture-1", "prefecture_officer", "330100"),
    ] {
        story.add_officer(name, role, federation).await;
    }
    let cohort = class_of(&story, &["330106", BESIDE, BESIDE, SECOND_COUNTY]).await;
    let of = |household: &str, members: &[Value]| {
        let there = members.iter();
        let there = there.filter(|one| one["hukou_region"] == household);
        ids(&there.cloned().collect::<Vec<_>>())
    };
    // The county of the class sees the households of all its members.
    let path = format!("/api/v1/cohorts/{cohort}/enrolments");
    let members = items(story.who("county-1"), &path).await;
    assert_eq!(members.len(), 4);

    let (beside, far) = (of(BESIDE, &members), of(SECOND_COUNTY, &members));
    assert_eq!((beside.len(), far.len()), (2, 1));
    let county = story.who("other-county");
    let listed = items(county, LIST).await;
    assert_eq!(ids(&listed), beside);
    for who in ["far-county", "other-province"] {
        assert_eq!(ids(&items(story.who(who), LIST).await), far, "{who}");
    }
    // The own class is no class elsewhere, neither for the county nor for those above who look after both places.
    for who in ["county-1", "third-county", "prefecture-1", "national-1"] {
        assert!(items(story.who(who), LIST).await.is_empty(), "{who}");
    }
    // The province of the class looks after the household beside, and not after the far one.
    assert!(items(story.who("province-1"), LIST).await.is_empty());
    let school = story.who("school-1");
    school.get(LIST).await.problem(403, "forbidden");

    let one = &listed[0];
    assert!(listed.iter().all(|one| one["name"] == "虚*****"), "{one}");
    for (field, value) in [
        ("state", "applied"),
        ("hukou_region", BESIDE),
        ("site_region", "330106"),
        ("cohort_name", "第一班"),
        ("program", story.program.as_str()),
        ("program_name", "养老护理基础"),
        ("institution", story.admission.as_str()),
        ("institution_name", "浙江虚构职业培训学校"),
    ] {
        assert_eq!(one[field], value, "{field}: {one}");
    }

    // Page by page, newest first, and of one state.
    let first = county.get(&format!("{LIST}?limit=1")).await.good();
    let next = text(&first["next"]);
    assert_eq!(
        (text(&first["items"][0]["id"]), &next),
        (beside[1].clone(), &beside[1])
    );
    let second = county
        .get(&format!("{LIST}?limit=1&cursor={next}"))
        .await
        .good();
    assert_eq!(
        ids(second["items"].as_array().expect("items")),
        [beside[0].clone()]
    );
    assert!(second["next"].is_null());
    let narrowed = async |state: &str| items(county, &format!("{LIST}?state={state}")).await.len();
    assert_eq!(
        (narrowed("applied").await, narrowed("completed").await),
        (2, 0)
    );
    let wrong = county.get(&format!("{LIST}?cursor=wrong")).await;
    wrong.problem(422, "invalid-request");
}

async fn residents_are_listed_on_a_page_of_the_desk(database: Database) {
    let story = Story::ready(database).await;
    class_of(&story, &["330106", BESIDE, BESIDE]).await;
    let mut desk = Browser::new(&story.server);
    desk.sign_in("other-county", PASSWORD).await;
    let home = desk.open("/desk").await.text();
    assert!(home.contains("href=\"/desk/residents\""), "{home}");
    let page = desk.open("/desk/residents").await.text();
    assert_eq!(page.matches(">虚*****</th>").count(), 2, "{page}");
    for words in ["第一班", "养老护理基础", "浙江虚构职业培训学校", "已报名"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(
        !page.contains("虚构样") && !page.contains("下一页"),
        "{page}"
    );
    // The link leads to the one that is left.
    let page = desk.open("/desk/residents?limit=1").await.text();
    assert!(page.contains("下一页"), "{page}");
    let at = page.find("/desk/residents?cursor=").expect("the next page");
    let next = page[at..].split('"').next().expect("an address");
    let page = desk.open(next).await.text();
    assert_eq!(page.matches(">虚*****</th>").count(), 1, "{page}");
    let page = desk.open("/en/desk/residents").await.text();
    assert!(
        page.contains("Residents trained elsewhere") && page.contains(">applied</td>"),
        "{page}"
    );

    let mut own = Browser::new(&story.server);
    own.sign_in("county-1", PASSWORD).await;
    let page = own.open("/desk/residents").await.text();
    assert!(page.contains("没有本地户籍的人在外地培训"), "{page}");
    let mut school = Browser::new(&story.server);
    school.sign_in("school-1", PASSWORD).await;
    let home = school.open("/desk").await.text();
    assert!(!home.contains("/desk/residents"), "{home}");
    assert_eq!(school.open("/desk/residents").await.status, 403);
}
