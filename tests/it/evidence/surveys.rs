//! Whom the survey reaches, which answers want a look, and that identity goes by itself when it is over.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tests::answer::text;
use tests::{Client, Database, Story, TestServer, on_both};

use super::{contacts, file_of, frozen, roster, taught};
use crate::grades::{links, send_form};

on_both! {
    a_survey_goes_to_what_the_trainee_said_and_not_to_a_number_of_the_institution;
    too_many_answers_from_one_network_or_on_one_day_want_a_look;
    identity_leaves_an_answer_by_itself_when_the_survey_is_over;
    nobody_acts_where_they_declared_an_interest;
    who_withdrew_is_sent_nothing_and_the_number_goes;
    who_answers_was_reached_whatever_the_county_confirmed;
    a_consent_that_is_over_asks_nobody_and_the_number_goes;
    a_new_index_key_leaves_links_alive_and_a_file_known;
}

/// Gives a number to the county.
async fn said(story: &Story, who: &str, enrolment: &str, phone: &str) -> tests::Answer {
    let path = format!("/api/v1/enrolments/{enrolment}/verified-contact");
    let request = json!({ "phone": phone, "means": "counter" });
    story.who(who).post(&path, &request).await
}

/// The class of an enrolment, by the county.
pub(super) async fn cohort(story: &Story) -> String {
    let seen = story
        .who("county-1")
        .get("/api/v1/cohorts?limit=100")
        .await
        .good();
    text(&seen["items"][0]["id"])
}

/// An operator of the school who is reached by this number.
async fn operator_with_phone(story: &Story, phone: &str) {
    let request = json!({
        "name": "school-9", "person_name": "虚构第九人", "role": "institution_operator",
        "institution": story.institution, "contact": { "kind": "phone", "value": phone },
    });
    let path = "/api/v1/invitations";
    story.who("national-1").post(path, &request).await.good();
}

async fn a_survey_goes_to_what_the_trainee_said_and_not_to_a_number_of_the_institution(
    database: Database,
) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(651, 6, "330106")).await;
    let class = cohort(&story).await;
    for (who, status, code) in [
        ("school-1", 403, "forbidden"),
        ("province-1", 403, "forbidden"),
        ("other-county", 404, "not-found"),
    ] {
        let refused = said(&story, who, &members[0], "13700000001").await;
        refused.problem(status, code);
    }
    let wrong = said(&story, "county-1", &members[0], "137").await;
    wrong.problem(422, "invalid-request");
    let told = said(&story, "county-1", &members[0], "137 0000 0001")
        .await
        .good();
    assert_eq!(told["phone"], "137****0001", "{told}");
    // Two of one house share a telephone; one gave a number that turns out to be a teacher's.
    for (member, phone) in [(1, "13700000002"), (2, "13700000002"), (3, "13700000003")] {
        said(&story, "county-1", &members[member], phone)
            .await
            .good();
    }
    operator_with_phone(&story, "137-0000-0003").await;
    let refused = said(&story, "county-1", &members[4], "13700000003").await;
    assert_eq!(
        refused.faults(),
        [("/phone".to_owned(), "number-of-institution".to_owned())]
    );
    let path = format!("/api/v1/cohorts/{class}/survey");
    let sent = story.who("county-1").post(&path, &json!({})).await.good();
    let list = |of: &Value| {
        let mut ids: Vec<String> = of.as_array().into_iter().flatten().map(text).collect();
        ids.sort();
        ids
    };
    let mut pair = vec![members[1].clone(), members[2].clone()];
    pair.sort();
    assert_eq!(
        (
            &sent["invited"],
            &sent["at_counter"],
            list(&sent["shared"]),
            list(&sent["of_institution"])
        ),
        (&json!(6), &json!(3), pair, vec![members[3].clone()])
    );
    let mut to: Vec<String> = links(&story).into_iter().map(|(to, _)| to).collect();
    to.sort();
    let mut expected: Vec<String> = ["13700000001", "13700000002", "13700000002"]
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(members[3..].iter().cloned())
        .collect();
    expected.sort();
    assert_eq!(
        to, expected,
        "no number of the roster, which begins with 139"
    );

    // The number is the trainee's own: sealed, in their copy, and gone when they want it gone.
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let plain =
        |cell: &&store::dump::Cell| cell.bytes.windows(11).any(|part| part == b"13700000001");
    assert_eq!(
        cells.iter().find(plain).map(|cell| cell.table.clone()),
        None
    );
}

/// Values of a column of the answers.
async fn store_column(story: &Story, column: &str) -> Vec<Vec<u8>> {
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    cells
        .into_iter()
        .filter(|cell| cell.table == "survey_response" && cell.column == column)
        .map(|cell| cell.bytes)
        .collect()
}

/// A new key of the blind indexes, changed over to the end.
async fn rotated(story: &Story) -> api::privacy::rotation::Rotated {
    let kind = store::vault::KeyKind::BlindIndex;
    let pace = api::privacy::rotation::Pace::default();
    let done = api::privacy::rotation::rotate(&story.server.app, kind, pace);
    let done = done.await.expect("a new key");
    assert!(done.finished, "{done:?}");
    done
}

/// Links and codes that are out when the key changes open as long as they would have (trust.md PI-2).
async fn a_new_index_key_leaves_links_alive_and_a_file_known(database: Database) {
    let story = from_afar(database).await;
    let members = taught(&story, roster(671, 2, "330106")).await;
    let class = cohort(&story).await;
    contacts(&story, &members).await;
    let path = format!("/api/v1/cohorts/{class}/survey");
    story.who("county-1").post(&path, &json!({})).await.good();
    let slip = format!(
        "/api/v1/cohorts/{class}/enrolments/{}/sign-in-slip",
        members[0]
    );
    let slip = story.who("county-1").post(&slip, &json!({})).await.good();
    let today = story.server.today();
    let rows = [super::row(
        671,
        &super::employer(3),
        today - chrono::Days::new(2),
        None,
    )];
    let file = async |who: &'static str| super::imported(&story, who, today, &rows).await;
    file("county-1").await.good();
    rotated(&story).await;
    let (_, link) = &links(&story)[0];
    answered(&story, link, "203.0.113.7", "4").await;
    assert_eq!(store_column(&story, "blind_version").await, [b"2"]);
    let code = json!({ "code": slip["code"] });
    let anybody = story.who("anybody");
    anybody.post("/api/v1/sessions/code", &code).await.good();
    // The same file is the same file under either key; another county's is its own.
    file("county-2").await.problem(409, "duplicate");
}

/// A withdrawal holds for surveys as for follow-ups (trust.md PI-6).
async fn who_withdrew_is_sent_nothing_and_the_number_goes(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(661, 2, "330106")).await;
    contacts(&story, &members).await;
    let class = cohort(&story).await;
    let own = crate::grievances::trainee(&story, &class, &members[0]).await;
    let purpose = json!({ "purpose": "outcome_follow_up" });
    own.post("/api/v1/me/consents", &purpose).await.good();
    let path = "/api/v1/me/consents/withdraw";
    own.post(path, &purpose).await.good();
    // The withdrawal took the number; that a county writes it down once more asks nobody.
    assert_eq!(dump_of(&story, "verified_contact").await, 1);
    contacts(&story, &members[..1]).await;
    only_the_second_is_sent_one(&story, &class).await;
    story.server.days_pass(60);
    let run = async || {
        api::privacy::retention::run(&story.server.app, false)
            .await
            .expect("a run")
            .verified_contacts
    };
    assert_eq!(run().await, 1, "the class is over");
    assert_eq!(run().await, 0);
    let left = dump_of(&story, "verified_contact").await;
    assert_eq!(left, 1, "who did not withdraw is still reached");
}

/// Of two trainees the first is asked at the counter alone, the second by a message.
async fn only_the_second_is_sent_one(story: &Story, class: &str) {
    let path = format!("/api/v1/cohorts/{class}/survey");
    let sent = story.who("county-1").post(&path, &json!({})).await.good();
    assert_eq!(
        (&sent["invited"], &sent["at_counter"]),
        (&json!(2), &json!(1)),
        "{sent}"
    );
    let to: Vec<String> = links(story).into_iter().map(|(to, _)| to).collect();
    assert!(!to.contains(&"13700000000".to_owned()), "{to:?}");
    assert!(to.contains(&"13700000001".to_owned()), "{to:?}");
}

/// The last day of a consent ends it as a withdrawal does (field.md 15).
async fn a_consent_that_is_over_asks_nobody_and_the_number_goes(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(681, 2, "330106")).await;
    contacts(&story, &members).await;
    let class = cohort(&story).await;
    for (member, days) in [(0, 1), (1, 3)] {
        let own = crate::grievances::trainee(&story, &class, &members[member]).await;
        let until = story.server.today() + chrono::Days::new(days);
        let request = json!({ "purpose": "outcome_follow_up", "until": until });
        own.post("/api/v1/me/consents", &request).await.good();
    }
    // The one's last day was yesterday, the other's is tomorrow.
    story.server.days_pass(2);
    only_the_second_is_sent_one(&story, &class).await;
    story.server.days_pass(60);
    let run = api::privacy::retention::run(&story.server.app, false);
    let run = run.await.expect("a run");
    assert_eq!((run.verified_contacts, run.contacts_withdrawn), (2, 2));
}

/// Rows of a table.
async fn dump_of(story: &Story, table: &str) -> usize {
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    cells
        .iter()
        .filter(|cell| cell.table == table && cell.column == "person_id")
        .count()
}

/// A server that believes the proxy, so that trainees answer from elsewhere than the school.
pub(super) async fn from_afar(database: Database) -> Story {
    let server = TestServer::start_with(database, |settings| {
        Arc::make_mut(&mut settings.config.border).proxies =
            vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    Story::ready_on(server).await
}

/// Answers a survey from an address; answers in how many ways it was flagged in all.
pub(super) async fn answered(story: &Story, link: &str, from: &str, overall: &str) {
    let client = Client::anybody(&story.server);
    client.get(link).await;
    story.server.clock.advance_seconds(60);
    let request = client.ask(reqwest::Method::POST, link).await;
    let form = [
        ("step", "submit"),
        ("a1", "5"),
        ("a2", "4"),
        ("a3", "4"),
        ("a4", "3"),
        ("a5", overall),
    ];
    let done = client
        .send(
            request
                .header("Sec-Fetch-Site", "same-origin")
                .header("X-Forwarded-For", from)
                .header("User-Agent", format!("{link} of its own"))
                .form(&form),
        )
        .await;
    assert!(done.status.is_success(), "{}", done.text());
}

async fn too_many_answers_from_one_network_or_on_one_day_want_a_look(database: Database) {
    let story = from_afar(database).await;
    let numbers = story.server.app.evidence.survey;
    assert_eq!((numbers.network_most, numbers.day_most), (10, 60));
    let members = taught(&story, roster(661, 14, "330106")).await;
    let class = cohort(&story).await;
    contacts(&story, &members).await;
    let path = format!("/api/v1/cohorts/{class}/survey");
    story.who("county-1").post(&path, &json!({})).await.good();
    let links = links(&story);
    // Ten from one place are a village's office; the eleventh and twelfth want a look, and one from elsewhere does not.
    for (at, (_, link)) in links.iter().enumerate() {
        let from = if at < 12 {
            "203.0.113.7"
        } else {
            "198.51.100.9"
        };
        answered(&story, link, from, "4").await;
    }
    let path = format!("/api/v1/institutions/{}/survey-flags", story.admission);
    let flagged = story.who("province-1").get(&path).await.good();
    let flags: Vec<&Value> = flagged
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["flags"])
        .collect();
    assert_eq!(flags, [&json!(["same_network"]), &json!(["same_network"])]);
}

async fn identity_leaves_an_answer_by_itself_when_the_survey_is_over(database: Database) {
    let story = from_afar(database).await;
    let members = taught(&story, roster(681, 3, "330106")).await;
    let class = cohort(&story).await;
    contacts(&story, &members).await;
    let path = format!("/api/v1/cohorts/{class}/survey");
    story.who("county-1").post(&path, &json!({})).await.good();
    for (_, link) in &links(&story)[..2] {
        answered(&story, link, "203.0.113.7", "4").await;
    }
    let known = async || {
        let cells = store::dump::dump(story.server.app.store.reader())
            .await
            .expect("a dump");
        let with = |column: &str| {
            let of = |cell: &&store::dump::Cell| {
                cell.table == "survey_response" && cell.column == column && !cell.bytes.is_empty()
            };
            cells.iter().filter(of).count()
        };
        (
            with("enrolment_id"),
            with("network_index"),
            with("device_index"),
        )
    };
    assert_eq!(known().await, (2, 2, 2));
    story.server.days_pass(31);
    // What `serve` starts: its first look is at once.
    let worker = tokio::spawn(api::surveys::invite::work(story.server.app.clone()));
    let gone = async {
        while known().await != (0, 0, 0) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .expect("separated");
    worker.abort();
    // A new key of the indexes leaves no answer behind: the index of one that is separated is found again.
    let before = store_column(&story, "enrolment_index").await;
    assert_eq!(rotated(&story).await.kept, 1, "who answers for the school");
    assert_eq!(store_column(&story, "blind_version").await, [b"2", b"2"]);
    let after = store_column(&story, "enrolment_index").await;
    assert!(after.iter().all(|index| !before.contains(index)));
    let reader = story.server.app.store.reader();
    let admission = story.admission.parse().expect("an id");
    let vault = story.server.app.store.vault();
    let behind = store::survey_calls::behind(reader, vault, admission, &after).await;
    let behind: Vec<String> = behind
        .expect("asked")
        .into_iter()
        .map(|one| one.expect("an enrolment").to_string())
        .collect();
    assert!(behind.iter().all(|one| members.contains(one)) && behind[0] != behind[1]);
    let late = send_form(
        story.who("anybody"),
        &links(&story)[2].1,
        &[("step", "submit")],
    )
    .await;
    assert_eq!(late.status.as_u16(), 409, "an answer after closing");
}

async fn nobody_acts_where_they_declared_an_interest(database: Database) {
    let story = Story::ready(database).await;
    let members = taught(&story, roster(691, 2, "330106")).await;
    story.server.days_pass(30);
    let job = super::employer(3);
    let claimed = super::claim(&story, "school-1", &members[0], &job, 10, json!({}))
        .await
        .good();
    let path = format!("/api/v1/institutions/{}/interests", story.admission);
    let interest = json!({ "reason": "亲属在该校任职" });
    story.who("county-1").post(&path, &interest).await.good();
    let died = json!({ "code": "X1", "on": story.server.today(), "document": { "number": "证明1号", "issuer": "虚构医院", "made_on": story.server.today() } });
    let acts = |who: &'static str| {
        let (story, members, died, claimed) = (&story, &members, &died, &claimed);
        async move {
            let client = story.who(who);
            let suspend = format!("/api/v1/institutions/{}/survey-suspension", story.admission);
            let exclude = format!("/api/v1/enrolments/{}/exclusion", members[1]);
            let episode = format!("/api/v1/episodes/{}", text(&claimed["id"]));
            [
                client.post(&suspend, &json!({ "reason": "核查" })).await,
                client
                    .act(
                        &episode,
                        "acts",
                        &json!({ "act": "add_evidence", "source": "tax_wage" }),
                    )
                    .await,
                client.post(&exclude, died).await,
            ]
        }
    };
    for refused in acts("county-1").await {
        refused.problem(409, "transition-refused");
        assert_eq!(refused.faults()[0].1, "interest-declared");
    }
    for done in acts("county-2").await {
        done.good();
    }
}

async fn who_answers_was_reached_whatever_the_county_confirmed(database: Database) {
    let story = from_afar(database).await;
    let members = taught(&story, roster(691, 4, "330106")).await;
    let class = cohort(&story).await;
    contacts(&story, &members).await;
    let county = story.who("county-1");
    let path = format!("/api/v1/cohorts/{class}/survey");
    county.post(&path, &json!({})).await.good();
    let found = links(&story);
    let link = |at: usize| {
        let phone = format!("137{at:08}");
        let own = found.iter().find(|(to, _)| *to == phone);
        own.expect("a link").1.clone()
    };
    let unreached = async |at: usize| {
        let path = format!("/api/v1/enrolments/{}/not-contactable", members[at]);
        county.post(&path, &json!({})).await
    };
    // Who has answered was reached: the answer stays.
    answered(&story, &link(0), "203.0.113.7", "4").await;
    let refused = unreached(0).await.problem(409, "transition-refused");
    assert!(text(&refused["detail"]).contains("已经作答"), "{refused}");
    for at in 1..4 {
        unreached(at).await.good();
    }
    // One finds the link all the same, one comes to the counter; one stays out of reach.
    story.server.days_pass(10);
    answered(&story, &link(1), "203.0.113.8", "4").await;
    let path = format!("/api/v1/enrolments/{}/survey-answer", members[2]);
    let paper = json!({ "mode": "paper", "by": "self", "items": [4, 4, 3, 4, 5] });
    county.post(&path, &paper).await.good();
    story.server.days_pass(31);
    api::surveys::invite::close(&story.server.app)
        .await
        .expect("closed");
    let run = frozen(&story, "quarterly").await;
    let evidence = file_of(&story, &run, "evidence").await;
    let rows = |table: &str| evidence[table].as_array().cloned().expect("a table");
    let invited = rows("enrolments");
    let reached = invited.iter().filter(|one| one["contactable"] == true);
    assert_eq!((invited.len(), reached.count()), (4, 3), "{evidence}");
    assert_eq!(rows("surveys").len(), 3, "{evidence}");
}
