//! Work that is claimed, verified, contested and followed up, and registers.

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both, rosters};

use super::{claim, class, work};
use crate::evidence::employer;

on_both! {
    work_is_claimed_merged_verified_contested_and_followed_up;
    a_register_is_imported_whole_or_not_at_all;
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
    act("province-1", json!({ "act": "confirm" }))
        .await
        .problem(403, "forbidden");
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
    assert_eq!(seen[0]["employer"], employer(3).as_str(), "its own claim");

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
            employer(3)
        )
    };
    let bad = file(&[
        row(201, ""),
        format!("123,{},{start},", employer(3)),
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
