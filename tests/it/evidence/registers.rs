//! Snapshots of registers: what a later one changes, whom they tell about, who may ask.

use chrono::Days;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tests::{Database, Story, on_both, rosters};

use super::{claim, conflicts, employer, episodes, imported, roster, row, taught};

on_both! {
    a_later_snapshot_ends_a_job_and_an_earlier_one_does_not_bring_it_back;
    a_register_tells_an_importer_only_of_people_who_are_trained_or_live_in_the_area;
    nobody_begins_work_after_death_in_a_register_either;
    the_quota_audit_comes_as_a_workbook_and_agrees_with_what_is_known;
    nobody_gives_another_last_day_to_work_that_a_register_shows_as_over;
    no_plain_digest_of_a_list_of_persons_is_kept;
}

/// Whoever knows the other rows of a list finds the number of a row from a plain digest of the whole (trust.md PI-2).
async fn no_plain_digest_of_a_list_of_persons_is_kept(database: Database) {
    let story = Story::ready(database).await;
    let list = roster(611, 2, "330106");
    taught(&story, list.clone()).await;
    story.server.days_pass(60);
    let today = story.server.today();
    let rows = [row(611, &employer(3), today - Days::new(40), None)];
    imported(&story, "county-1", today, &rows).await.good();
    let file = |rows: &[String]| {
        let head = "公民身份号码,统一社会信用代码,起始日期,截止日期";
        format!("{head}\n{}\n", rows.join("\n")).into_bytes()
    };
    let drafted = [row(612, &employer(3), today - Days::new(40), None)];
    let county = crate::evidence_desk::signed_in(&story, "county-1").await;
    let day = today.to_string();
    let fields = [
        ("key", "d-1"),
        ("source", "social_insurance"),
        ("as_of", day.as_str()),
    ];
    let path = "/admin/registers";
    let sent = crate::evidence_desk::upload(&county, path, &fields, &file(&drafted)).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    for bytes in [list, file(&rows), file(&drafted)] {
        let digest = Sha256::digest(&bytes).to_vec();
        let text = data_encoding::HEXLOWER.encode(&digest).into_bytes();
        for form in [digest, text] {
            let found = cells
                .iter()
                .find(|cell| cell.bytes.windows(form.len()).any(|part| part == form));
            assert!(found.is_none(), "{found:?}");
        }
    }
    // The same file is known all the same.
    let again = imported(&story, "county-1", today, &rows).await;
    again.problem(409, "duplicate");
}

async fn a_later_snapshot_ends_a_job_and_an_earlier_one_does_not_bring_it_back(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(601, 2, "330106")).await;
    story.server.days_pass(60);
    let (first, job) = (story.server.today(), employer(3));
    let start = first - Days::new(40);
    let ongoing = [row(601, &job, start, None), row(602, &job, start, None)];
    imported(&story, "county-1", first, &ongoing).await.good();
    let seen = episodes(&story, "county-1", &members[0]).await;
    assert_eq!(
        (&seen[0]["state"], &seen[0]["last_day"]),
        (&json!("verified"), &json!(null))
    );

    // A quarter later the register shows the end, soon after the job was checked, and a job at the same place later on.
    story.server.days_pass(90);
    let today = story.server.today();
    let last = first + Days::new(10);
    let ended = [
        row(601, &job, last + Days::new(40), None),
        row(601, &job, start, Some(last)),
        row(602, &job, start, Some(last)),
    ];
    imported(&story, "county-1", today, &ended).await.good();
    let states = async |member: &str| {
        let mut seen: Vec<_> = episodes(&story, "county-1", member)
            .await
            .into_iter()
            .map(|one| {
                (
                    one["state"].clone(),
                    one["start_on"].clone(),
                    one["last_day"].clone(),
                )
            })
            .collect();
        seen.sort_by_key(|one| one.1.to_string());
        seen
    };
    let over = (json!("ended"), json!(start), json!(last));
    assert_eq!(
        states(&members[0]).await,
        [
            over.clone(),
            (json!("verified"), json!(last + Days::new(40)), json!(null))
        ],
        "the order of the rows changes nothing"
    );
    assert_eq!(states(&members[1]).await, std::slice::from_ref(&over));
    let kinds = conflicts(&story, "county-1").await;
    let soon = |member: &String| ("ended_after_check".to_owned(), member.clone());
    assert!(
        kinds.contains(&soon(&members[0])) && kinds.contains(&soon(&members[1])),
        "{kinds:?}"
    );
    assert_eq!(
        conflicts(&story, "school-1").await,
        kinds,
        "the institution sees its own side"
    );

    // What the register said before that comes too late.
    let between = first + Days::new(5);
    let late = [row(602, &job, start, None)];
    imported(&story, "county-1", between, &late).await.good();
    assert_eq!(states(&members[1]).await, [over]);
}

async fn a_register_tells_an_importer_only_of_people_who_are_trained_or_live_in_the_area(
    database: Database,
) {
    let story = Story::ready(database).await;
    let mut people = String::from_utf8(roster(611, 1, "330106")).expect("text");
    // One of the class lives in the county next door.
    people.push_str(&format!(
        "虚构样某,{0},{0}43,13900000612,330108,是 2026-02-20\n",
        rosters::citizen_id(612)
    ));
    let members = taught(&story, people.into_bytes()).await;
    story.server.days_pass(60);
    let (today, job) = (story.server.today(), employer(3));
    let start = today - Days::new(40);
    let rows = [611, 612, 613].map(|number| row(number, &job, start, None));
    for (who, known) in [("other-province", 0), ("other-county", 1), ("county-1", 2)] {
        let told = imported(&story, who, today, &rows).await.good();
        assert_eq!(
            (&told["rows"], &told["known"], &told["written"]),
            (&json!(3), &json!(known), &json!(known)),
            "{who}"
        );
        let written = (
            episodes(&story, "county-1", &members[0]).await.len(),
            episodes(&story, "county-1", &members[1]).await.len(),
        );
        let expected = match who {
            "other-province" => (0, 0),
            "other-county" => (0, 1),
            _ => (1, 1),
        };
        assert_eq!(written, expected, "{who}");
    }
    // Another county's snapshot is evidence, and no claim of another institution.
    assert_eq!(conflicts(&story, "county-1").await, []);
}

async fn nobody_begins_work_after_death_in_a_register_either(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(621, 2, "330106")).await;
    story.server.days_pass(40);
    let (today, job) = (story.server.today(), employer(3));
    let died = today - Days::new(10);
    let death = json!({ "code": "X1", "on": died, "document": { "number": "证明1号", "issuer": "虚构医院", "made_on": died } });
    let path = format!("/api/v1/enrolments/{}/exclusion", members[0]);
    story.who("county-1").post(&path, &death).await.good();
    let rows = [
        row(622, &job, today - Days::new(20), None),
        row(621, &job, today - Days::new(5), None),
    ];
    let refused = imported(&story, "county-1", today, &rows).await;
    refused.problem(422, "register-faults");
    assert_eq!(
        refused.faults(),
        [("/rows/3/start_on".to_owned(), "after-death".to_owned())]
    );
    assert_eq!(
        episodes(&story, "county-1", &members[1]).await.len(),
        0,
        "nothing is written"
    );
    // To those for whom they are strangers the file tells nothing of it.
    let told = imported(&story, "other-province", today, &rows)
        .await
        .good();
    assert_eq!(told["known"], json!(0));
    let before = [row(621, &job, died - Days::new(5), None)];
    imported(&story, "county-1", today, &before).await.good();
    // A register that shows somebody at work after their death is contested, and a claim that joins it says nothing more.
    let more = json!({ "last_day": died });
    let joined = claim(&story, "school-1", &members[0], &job, 14, more)
        .await
        .good();
    assert_eq!(
        (&joined["merged"], &joined["state"]),
        (&json!(true), &json!("contested"))
    );
}

/// The same rows as a workbook that a program of an office wrote.
fn workbook(rows: &[[String; 4]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let head = [
        "公民身份号码",
        "用人单位统一社会信用代码",
        "入职日期",
        "离职日期",
    ];
    for (column, word) in (0..).zip(head) {
        sheet.write_string(0, column, word).expect("a cell");
    }
    for (line, row) in (1..).zip(rows) {
        for (column, text) in (0..).zip(row) {
            sheet.write_string(line, column, text).expect("a cell");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

async fn the_quota_audit_comes_as_a_workbook_and_agrees_with_what_is_known(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(641, 2, "330106")).await;
    story.server.days_pass(60);
    let (today, job) = (story.server.today(), employer(3));
    let start = today - Days::new(40);
    let claimed = claim(&story, "school-1", &members[0], &job, 38, json!({}))
        .await
        .good();
    let rows = [641, 642].map(|number| {
        let (id, start) = (rosters::citizen_id(number), start.to_string());
        [id, job.clone(), start, String::new()]
    });
    let path = format!("/api/v1/register-snapshots?source=quota_audit&as_of={today}");
    let county = story.who("county-1");
    let told = county.upload(&path, workbook(&rows)).await.good();
    assert_eq!((&told["rows"], &told["known"]), (&json!(2), &json!(2)));
    let seen = episodes(&story, "county-1", &members[0]).await;
    assert_eq!(
        (
            seen.len(),
            &seen[0]["id"],
            &seen[0]["state"],
            &seen[0]["start_on"],
            &seen[0]["sources"]
        ),
        (
            1,
            &claimed["id"],
            &json!("verified"),
            &json!(start),
            &json!(["institution", "quota_audit"])
        ),
        "the register's days stand in place of the claim's"
    );
    let mut bad = rows;
    bad[1][2] = "2026-02-30".to_owned();
    let refused = county.upload(&path, workbook(&bad)).await;
    refused.problem(422, "register-faults");
    assert_eq!(
        refused.faults(),
        [("/rows/3/start_on".to_owned(), "date".to_owned())]
    );
}

async fn nobody_gives_another_last_day_to_work_that_a_register_shows_as_over(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(651, 1, "330106")).await;
    story.server.days_pass(90);
    let today = story.server.today();
    let (start, last) = (today - Days::new(80), today - Days::new(65));
    let rows = [row(651, &employer(3), start, Some(last))];
    imported(&story, "county-1", today, &rows).await.good();
    let stands = async || episodes(&story, "county-1", &members[0]).await.remove(0);
    let before = stands().await;
    assert_eq!(
        (&before["state"], &before["last_day"]),
        (&json!("ended"), &json!(last))
    );
    let id = before["id"].as_str().expect("an id");
    let path = format!("/api/v1/episodes/{id}");
    let longer = json!({ "act": "end", "last_day": today - Days::new(5) });
    let refused = async |who: &str| {
        let answer = story.who(who).act(&path, "acts", &longer).await;
        answer.problem(409, "transition-refused");
        assert_eq!(
            answer.faults(),
            [(String::new(), "last-day-known".to_owned())],
            "{who}"
        );
    };
    // Whoever decides gives none either: the register tells it (workflow.md 4).
    refused("school-1").await;
    refused("county-1").await;
    assert_eq!(stands().await, before);

    // The form of the page is held to the same.
    let mut school = crate::evidence_desk::signed_in(&story, "school-1").await;
    let page = format!("/org/episodes/{id}");
    let html = school.open(&page).await.text();
    assert!(!html.contains("value=\"end\""), "{html}");
    let (revision, day) = (
        before["revision"].to_string(),
        (today - Days::new(5)).to_string(),
    );
    let fields = [
        ("key", "longer"),
        ("revision", revision.as_str()),
        ("act", "end"),
        ("last_day", day.as_str()),
    ];
    let sent = school
        .send(&page, &crate::evidence_desk::OWN, &fields)
        .await;
    assert_eq!(sent.status, 409, "{}", sent.text());

    // Nor is a contest the way round it.
    let contest = json!({ "act": "contest", "reason": "工作时间不实。" });
    let county = story.who("county-1");
    county.act(&path, "acts", &contest).await.good();
    refused("school-1").await;
    assert_eq!(stands().await["last_day"], json!(last));
}
