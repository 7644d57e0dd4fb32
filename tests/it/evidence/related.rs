//! Employers that belong to the institution, as the federation found.

use chrono::Days;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both};

use super::{claim, conflicts, employer, file_of, frozen, imported, roster, row, taught};

on_both! {
    work_for_a_related_party_is_marked_by_itself_in_claims_registers_and_what_was_on_record;
}

async fn work_for_a_related_party_is_marked_by_itself_in_claims_registers_and_what_was_on_record(
    database: Database,
) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(701, 5, "330106")).await;
    story.server.days_pass(80);
    let today = story.server.today();
    let (job, other) = (employer(3), employer(4));
    let start = today - Days::new(60);
    // On record before anybody knew: from a register, and another job that ended before the relation began.
    let ended = today - Days::new(45);
    let rows = [
        row(701, &job, start, None),
        row(702, &job, start, Some(ended)),
        row(703, &other, start, None),
    ];
    imported(&story, "county-1", today, &rows).await.good();
    assert_eq!(conflicts(&story, "county-1").await, []);

    let path = format!("/api/v1/institutions/{}/related-parties", story.admission);
    let request = json!({
        "employer": job, "relation": "founded", "from": ended + Days::new(5),
        "document": { "number": "虚市监〔2026〕1号", "issuer": "虚构市场监管局", "made_on": today },
    });
    for (who, status, code) in [
        ("school-1", 403, "forbidden"),
        ("other-county", 404, "not-found"),
        ("other-province", 404, "not-found"),
    ] {
        story
            .who(who)
            .post(&path, &request)
            .await
            .problem(status, code);
    }
    let recorded = story.who("county-1").post(&path, &request).await.good();
    assert_eq!(recorded["marked"], json!(1), "{recorded}");
    story
        .who("county-1")
        .post(&path, &request)
        .await
        .problem(409, "duplicate");
    let related = |member: usize| ("related_employer".to_owned(), members[member].clone());
    assert_eq!(conflicts(&story, "school-1").await, [related(0)]);

    // From now on whatever comes in, whoever says that it is not related.
    let later = [row(704, &job, today - Days::new(30), None)];
    imported(&story, "county-1", today, &later).await.good();
    let claimed = claim(
        &story,
        "school-1",
        &members[4],
        &job,
        20,
        json!({ "related": false }),
    )
    .await;
    assert_eq!(claimed.good()["conflicts"], json!(1));
    let mut expected = [related(0), related(3), related(4)];
    expected.sort();
    assert_eq!(conflicts(&story, "county-1").await, expected);

    // It ends, and a job that begins after is nobody's relation.
    let listed = story.who("school-1").get(&path).await.good();
    assert_eq!(
        (&listed[0]["employer"], &listed[0]["until"]),
        (&json!(job), &json!(null))
    );
    let end = format!("{path}/{}/end", text(&recorded["id"]));
    let until = today - Days::new(10);
    let county = story.who("county-1");
    let early = json!({ "until": start });
    county
        .post(&end, &early)
        .await
        .problem(422, "invalid-request");
    county.post(&end, &json!({ "until": until })).await.good();
    county
        .post(&end, &json!({ "until": until }))
        .await
        .problem(409, "transition-refused");
    let free = claim(&story, "school-1", &members[2], &job, 5, json!({})).await;
    assert_eq!(free.good()["conflicts"], json!(0));

    // The engine's rule works on it: related work of less than half a year, or without a register, is no conversion.
    story.server.days_pass(430);
    let run = frozen(&story, "quarterly").await;
    let evidence = file_of(&story, &run, "evidence").await;
    let marked = evidence["episodes"].as_array().into_iter().flatten();
    let marked = marked.filter(|one| one["related_to_institution"] == story.admission.as_str());
    let mut starts: Vec<&Value> = marked.map(|one| &one["start"]).collect();
    starts.sort_by_key(ToString::to_string);
    assert_eq!(
        starts,
        [
            &json!(start),
            &json!(today - Days::new(30)),
            &json!(today - Days::new(20))
        ]
    );
}
