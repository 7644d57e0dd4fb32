//! What must not be told by how long an answer takes: AU-2 at the sign-in, EN-2 at questions by number and name.
//!
//! Pairs are asked in turns, so that whatever else the machine does slows both down; what is compared is a
//! quick one of each, which nothing else was in the way of. The bounds are wide, and a series that a busy machine disturbed
//! goes on: it shall not fail the test, twice the work shall.

use std::time::{Duration, Instant};

use domain::CertificateNo;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Client, Database, Story, on_both};

on_both! {
    an_unknown_name_a_wrong_password_and_a_disabled_account_take_as_long_as_each_other;
    an_unknown_number_and_a_wrong_name_get_one_answer_in_the_same_time;
}

/// How often each of a pair is asked, and how often again while the times are not alike.
const ROUNDS: u64 = 15;
const SERIES: u64 = 4;
/// Longer than a count of wrong passwords or of wrong names lasts.
const NEXT_DAY: i64 = 25 * 3600;

async fn timed(client: &Client, path: &str, body: &Value) -> (Answer, Duration) {
    let request = client.ask(Method::POST, path).await.json(body);
    let began = Instant::now();
    let answer = client.send(request).await;
    (answer, began.elapsed())
}

/// The time of one that little came in the way of: waiting only makes it longer.
fn undisturbed(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[1]
}

/// Prints the ratio of two such times and answers whether it keeps the bounds.
fn alike(what: &str, one: &[Duration], other: &[Duration]) -> bool {
    let (one, other) = (undisturbed(one), undisturbed(other));
    let ratio = one.as_secs_f64() / other.as_secs_f64();
    println!("{what}: {one:?} against {other:?}, ratio {ratio:.2}");
    (0.5..1.6).contains(&ratio)
}

async fn an_unknown_name_a_wrong_password_and_a_disabled_account_take_as_long_as_each_other(
    database: Database,
) {
    let story = Story::staffed(database).await;
    let national = story.who("national-1");
    let disabled = "other-county";
    let accounts = national.get("/api/v1/accounts").await.good();
    let account = accounts
        .as_array()
        .or_else(|| accounts["items"].as_array())
        .expect("accounts")
        .iter()
        .find(|one| one["name"] == disabled)
        .expect("the account");
    let path = format!("/api/v1/accounts/{}/disable", text(&account["account"]));
    national.post(&path, &json!({})).await.good();
    let anybody = story.who("anybody");
    let (mut wrong, mut unknown, mut off) = (Vec::new(), Vec::new(), Vec::new());
    let mut good = false;
    for round in 0..=SERIES * ROUNDS {
        let guess = |name: &str, password: &str| json!({ "name": name, "password": password });
        // Every round begins with another of them.
        let mut asked = [
            (&mut wrong, guess("county-1", "a-wrong-password-of-tests")),
            (&mut unknown, guess(&format!("nobody-{round}"), PASSWORD)),
            (&mut off, guess(disabled, PASSWORD)),
        ];
        asked.rotate_left(usize::try_from(round % 3).expect("small"));
        for (times, guess) in asked {
            let (answer, time) = timed(anybody, "/api/v1/sessions", &guess).await;
            answer.problem(401, "invalid-credentials");
            // The first of a process makes what the unknown are compared with.
            if round > 0 {
                times.push(time);
            }
        }
        story.server.clock.advance_seconds(NEXT_DAY);
        if round > 0 && round % ROUNDS == 0 {
            good = alike("unknown name, wrong password", &unknown, &wrong)
                && alike("disabled account, wrong password", &off, &wrong)
                && alike("unknown name, disabled account", &unknown, &off);
            if good {
                break;
            }
        }
    }
    assert!(good, "one of them takes another time than the others");
}

async fn an_unknown_number_and_a_wrong_name_get_one_answer_in_the_same_time(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let anybody = story.who("anybody");
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    let mut good = false;
    for round in 0..=SERIES * ROUNDS {
        let absent = CertificateNo::mint("33", 2026, &(round + 1).to_be_bytes()).expect("a number");
        let ask = |number: &str| json!({ "items": [{ "number": number, "name": "虚构样二" }] });
        let mut asked = [
            (&mut wrong, ask(&number)),
            (&mut unknown, ask(absent.as_str())),
        ];
        asked.rotate_left(usize::try_from(round % 2).expect("small"));
        let mut bodies = Vec::new();
        for (times, body) in asked {
            let (answer, time) = timed(anybody, "/api/v1/verifications", &body).await;
            let status = answer.status;
            let mut body = answer.good();
            assert_eq!(body["items"][0]["state"], "not_found", "{body}");
            if let Some(body) = body.as_object_mut() {
                body.remove("instance");
            }
            bodies.push((status, body));
            if round > 0 {
                times.push(time);
            }
        }
        assert_eq!(bodies[0], bodies[1], "one answer to both");
        story.server.clock.advance_seconds(NEXT_DAY);
        if round > 0 && round % ROUNDS == 0 {
            good = alike("unknown number, wrong name", &unknown, &wrong);
            if good {
                break;
            }
        }
    }
    assert!(good, "one of them takes another time than the other");
    // The pages lead a wrong name and an unknown number to the same words.
    let page = async |number: &str| {
        let fields = [("number", number), ("name", "虚构样二")];
        let request = anybody.ask(Method::POST, "/verify").await;
        let request = request
            .header("Origin", story.server.url(""))
            .header("Sec-Fetch-Site", "same-origin")
            .form(&fields);
        let answer = anybody.send(request).await;
        (answer.status, answer.text().replace(number, "NUMBER"))
    };
    let absent = CertificateNo::mint("33", 2026, &[9; 8]).expect("a number");
    let (known, unknown) = (page(&number).await, page(absent.as_str()).await);
    assert_eq!(known, unknown, "one page for both");
}
