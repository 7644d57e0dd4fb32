//! A certificate that is checked by telephone.

use certs::spoken::SpokenCheck;
use serde_json::{Value, json};
use tests::answer::text;
use tests::command::built;
use tests::story::PASSWORD;
use tests::{Database, Mingzheng, Story, on_both};

use super::{ask, id};

on_both! {
    a_caller_hears_the_first_part_and_says_the_second;
}

fn parts(qr: &str) -> SpokenCheck {
    let cose = certs::qr::parse_qr_text(qr).expect("a text").cose;
    SpokenCheck::of(&cose.expect("signed data"))
}

async fn a_caller_hears_the_first_part_and_says_the_second(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let own = parts(&story.qr_text(&id(&issued, 0)).await);
    let other = parts(&story.qr_text(&id(&issued, 1)).await);
    let path = "/api/v1/telephone-checks";
    let county = story.who("county-1");
    let body = county
        .post(path, &json!({ "certificate": number }))
        .await
        .good();
    assert_eq!(body["first"], own.first.to_string());
    assert_eq!(
        (&body["matches"], &body["state"]),
        (&Value::Null, &json!("valid"))
    );
    assert!(
        !body.to_string().contains(&own.second.to_string()),
        "never the second: {body}"
    );
    let second = own.second.to_string().replace(' ', "");
    let right = json!({ "certificate": id(&issued, 0), "second": second });
    let body = county.post(path, &right).await.good();
    assert_eq!(body["matches"], true, "{body}");
    let misheard = json!({ "certificate": number, "second": "123456" });
    let body = county
        .post(path, &misheard)
        .await
        .problem(422, "invalid-request");
    assert_eq!(body["errors"][0]["pointer"], "/second");
    // Not theirs to answer, or not there: the same.
    let outside = story.who("other-county").post(path, &right).await;
    outside.problem(404, "not-found");
    let school = story.who("school-1").post(path, &right).await;
    school.problem(403, "forbidden");
    // A wrong second part costs what a wrong name costs; a repeated request is the same question.
    let wrong = json!({ "certificate": number, "second": other.second.to_string() });
    let body = county.post_with_key(path, "call-1", &wrong).await.good();
    assert_eq!(body["matches"], false, "{body}");
    let mut refused = 0;
    for _ in 0..6 {
        let answer = county.post(path, &wrong).await;
        refused += u32::from(answer.status == 429);
    }
    assert!(refused > 0, "the number is spent for today");
    let lookup = json!({ "items": [{ "number": number, "name": "虚构样一" }] });
    let row = ask(&story, &lookup).await.good()["items"][0].clone();
    assert_eq!(
        row["problem"]["code"], "too-many-requests",
        "one budget: {row}"
    );
    let inner = text(&story.certificate(&id(&issued, 0)).await["id"]);
    let history = format!("/api/v1/certificates/{inner}/timeline");
    let history = story.who("province-1").get(&history).await.text();
    for word in ["telephone_check", "first_part", "no_match"] {
        assert!(history.contains(word), "{word}: {history}");
    }
    // At the desk, by a page.
    let mut browser = tests::Browser::new(&story.server);
    browser.sign_in("county-1", PASSWORD).await;
    let page = browser.open("/desk/telephone-check").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let second = id(&issued, 1);
    let form = [
        ("certificate", second.as_str()),
        ("second", &other.second.to_string()),
        ("key", "call-2"),
    ];
    let own = [("Sec-Fetch-Site", "same-origin")];
    let page = browser
        .send("/desk/telephone-check", &own, &form)
        .await
        .text();
    assert!(
        page.contains("第二段一致") && page.contains(&other.first.to_string()),
        "{page}"
    );
    // What is said of the certificate is what anybody is told who scans it.
    let ask = json!({ "certificate": id(&issued, 1) });
    let stolen = "UPDATE registry_key SET state = 'compromised', compromised_at = 0 WHERE purpose = 'issuer'";
    let store = &story.server.app.store;
    store::tampering::plainly(store, stolen).await.expect("set");
    let body = county.post(path, &ask).await.good();
    assert_eq!(body["state"], "not_genuine", "{body}");
    let back =
        "UPDATE registry_key SET state = 'active', compromised_at = NULL WHERE purpose = 'issuer'";
    store::tampering::plainly(store, back).await.expect("set");
    story.server.days_pass(1_200);
    let body = county.post(path, &ask).await.good();
    assert_eq!(body["state"], "expired", "{body}");
}

/// The command is the same use case; one database is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_checks_for_a_caller_too() {
    let (story, issued) = Story::with_certificates(Database::Sqlite, 1).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let own = parts(&story.qr_text(&id(&issued, 0)).await);
    let program = Mingzheng::new(built().to_str().expect("a path"))
        .with("MINGZHENG_DATA", story.server.data());
    let password = program.secret("password", PASSWORD).display().to_string();
    let run = |who: &str, second: &str| {
        program.json(&[
            "cert",
            "telephone",
            &number,
            "--second",
            second,
            "--as",
            who,
            "--password-file",
            &password,
        ])
    };
    let told = run("county-1", &own.second.to_string()).good();
    assert_eq!(told["matches"], true, "{told}");
    assert_eq!(told["first"], own.first.to_string());
    assert_eq!(run("school-1", "").code, 4, "not theirs to answer");
    // A wrong second part, and a certificate that is not in force, are negative answers.
    let other = own.first.to_string();
    let told = run("county-1", &other);
    assert_eq!((told.code, &told.json()["matches"]), (1, &json!(false)));
    story.suspend(&id(&issued, 0)).await;
    let told = run("county-1", &own.second.to_string());
    assert_eq!(
        (told.code, &told.json()["state"]),
        (1, &json!("suspended")),
        "{}",
        told.err
    );
}
