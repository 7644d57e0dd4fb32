//! What a verdict tells beside its state: no disability, the state on a past day, what was replaced, nothing of the dead;
//! and that the log is proven, not read.

use certs::log::LeafEntry;
use certs::spoken::SpokenCheck;
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::PublicId;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::answer::text;
use tests::command::built;
use tests::story::PASSWORD;
use tests::{Answer, Database, Mingzheng, Story, on_both};

on_both! {
    no_answer_of_a_verdict_tells_a_disability;
    a_suspension_that_nobody_ends_is_due_and_overdue;
    a_past_day_is_answered_with_the_state_then_and_now;
    after_a_death_nothing_is_shown_to_the_public;
    a_certificate_names_the_one_that_it_replaces;
    a_caller_hears_the_first_part_and_says_the_second;
    a_leaf_that_was_overwritten_proves_nothing;
    a_bundle_has_every_change_of_before_its_moment;
}

fn id(issued: &Value, at: usize) -> String {
    text(&issued["certificates"][at]["id"])
}

async fn verdict(story: &Story, id: &str) -> Value {
    let path = format!("/api/v1/verifications/{id}");
    story.who("anybody").get(&path).await.good()
}

async fn ask(story: &Story, request: &Value) -> Answer {
    let anybody = story.who("anybody");
    let sent = anybody.ask(Method::POST, "/api/v1/verifications").await;
    anybody.send(sent.json(request)).await
}

async fn form(story: &Story, form: Form) -> Answer {
    let anybody = story.who("anybody");
    let sent = anybody.ask(Method::POST, "/verify/batch").await;
    anybody.send(sent.multipart(form)).await
}

async fn tamper(story: &Story, sql: &str) {
    let store = &story.server.app.store;
    store::tampering::plainly(store, sql)
        .await
        .unwrap_or_else(|fault| panic!("{sql}: {fault}"));
}

async fn no_answer_of_a_verdict_tells_a_disability(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let (id, number) = (
        id(&issued, 0),
        text(&issued["certificates"][0]["certificate_no"]),
    );
    let qr = story.qr_text(&id).await;
    for (institution, program, kind, occupation) in [
        (
            "浙江示范乙盲人按摩培训中心",
            "盲人按摩",
            "聋哑人培训证书",
            "盲人保健按摩师",
        ),
        (
            "智力残疾人阳光之家",
            "肢体康复与技能",
            "精神康复证书",
            "Work of Disabled People",
        ),
        (
            "School for the Blind",
            "Deaf people's crafts",
            "残疾人培训证书",
            "智力运动裁判",
        ),
    ] {
        tamper(
            &story,
            &format!("UPDATE institution SET name = '{institution}'"),
        )
        .await;
        tamper(
            &story,
            &format!(
                "UPDATE program_version SET name = '{}'",
                program.replace('\'', "''")
            ),
        )
        .await;
        tamper(
            &story,
            &format!("UPDATE certificate_type SET name = '{kind}'"),
        )
        .await;
        tamper(
            &story,
            &format!("UPDATE occupation SET name = '{occupation}'"),
        )
        .await;
        let anybody = story.who("anybody");
        let mut told = Vec::new();
        for path in ["/v/", "/en/v/", "/api/v1/verifications/"] {
            let answer = anybody.get(&format!("{path}{id}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            told.push(answer.text());
        }
        let items = json!([{ "qr": qr }, { "number": number, "name": "虚构样一" }]);
        let many = ask(&story, &json!({ "items": items })).await;
        let body = many.good();
        let certificate = &body["items"][1]["certificate"];
        assert_eq!(
            certificate["program"], certificate["program_code"],
            "{body}"
        );
        assert_eq!(
            certificate["institution"]["name"],
            certificate["institution"]["credit_code"]
        );
        assert_eq!(certificate["certificate_type"], "职业培训证书");
        assert_eq!(certificate["issuing_area"], "浙江省");
        told.push(many.text());
        for kind in ["page", "xlsx"] {
            let lines = format!("{number} 虚构样一\n{qr}");
            let sent = Form::new().text("text", lines).text("as", kind);
            let answer = form(&story, sent).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            told.push(if kind == "page" {
                answer.text()
            } else {
                let limits = api::rosters::Limits::default();
                let rows = api::rosters::read_plain(&answer.bytes, &limits).expect("a workbook");
                rows.concat().join(" ")
            });
        }
        for text in told {
            let lower = text.to_lowercase();
            for word in [
                "盲", "聋", "哑", "残", "智力", "精神", "肢体", "disab", "blind", "deaf",
            ] {
                assert!(!lower.contains(word), "{word}: {text}");
            }
        }
    }
}

/// Due acts about certificates, as somebody sees them: kind, act and number.
async fn owed(story: &Story, who: &str) -> Vec<(String, String)> {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("a look");
    let all = story.who(who).get("/api/v1/alarms").await.good();
    all.as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["act"] == "certificate_suspension")
        .map(|one| (text(&one["kind"]), text(&one["certificate"])))
        .collect()
}

async fn a_suspension_that_nobody_ends_is_due_and_overdue(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let receipt = story.suspend(&id(&issued, 0)).await;
    let other = story.suspend(&id(&issued, 1)).await;
    assert!(owed(&story, "province-1").await.is_empty());
    let until: NaiveDate = text(&receipt["suspended_until"]).parse().expect("a day");
    assert_eq!(receipt["suspended_until"], other["suspended_until"]);
    story.resume(&id(&issued, 1)).await;
    let left = (until - story.server.today()).num_days();
    story.server.days_pass(left);
    let due = [("due".to_owned(), number.clone())];
    assert_eq!(owed(&story, "province-1").await, due);
    assert!(owed(&story, "national-1").await.is_empty());
    story.server.days_pass(1);
    let queue = story.who("province-1").get("/api/v1/alarms").await;
    assert!(queue.text().contains("certificate_suspension"));
    let late = [("overdue".to_owned(), number.clone()), due[0].clone()];
    assert_eq!(owed(&story, "province-1").await, late);
    assert_eq!(
        owed(&story, "national-1").await,
        late[..1],
        "the next level"
    );
    assert!(owed(&story, "other-province").await.is_empty());
    // It is not resumed nor revoked by itself, and the alarm ends with the act.
    assert_eq!(verdict(&story, &id(&issued, 0)).await["state"], "suspended");
    story.resume(&id(&issued, 0)).await;
    assert!(owed(&story, "province-1").await.is_empty());
    assert!(owed(&story, "national-1").await.is_empty());
}

async fn a_past_day_is_answered_with_the_state_then_and_now(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = id(&issued, 0);
    let issue = story.server.today();
    story.server.days_pass(10);
    story.suspend(&id).await;
    story.server.days_pass(10);
    story.resume(&id).await;
    story.server.days_pass(3);
    let anybody = story.who("anybody");
    let day = |days: u64| issue + Days::new(days);
    let on = async |day: &str| {
        let path = format!("/api/v1/verifications/{id}?on={day}");
        anybody.get(&path).await
    };
    for (after, state) in [
        (0, "valid"),
        (9, "valid"),
        (10, "suspended"),
        (15, "suspended"),
        (20, "valid"),
        (23, "valid"),
    ] {
        let body = on(&day(after).to_string()).await.good();
        assert_eq!(body["on_day"]["state"], state, "{after}: {body}");
        assert_eq!(
            (&body["state"], &body["valid"]),
            (&json!("valid"), &json!(true))
        );
        assert_eq!(body["on_day"]["on"], day(after).to_string());
    }
    assert!(verdict(&story, &id).await.get("on_day").is_none());
    for (asked, code) in [
        (day(24).to_string(), "in-future"),
        ((issue - Days::new(1)).to_string(), "before-issue"),
        ("2026-2-1".to_owned(), "date-form"),
        ("yesterday".to_owned(), "date-form"),
    ] {
        let body = on(&asked).await.problem(422, "invalid-request");
        assert_eq!(body["errors"][0]["pointer"], "/on", "{asked}");
        assert_eq!(body["errors"][0]["code"], code, "{asked}");
    }
    // The same for many: each row has its own day of issue, a bad day is the whole request's.
    let qr = story.qr_text(&id).await;
    let items = json!([{ "qr": qr }, { "qr": "x" }]);
    let between = ask(&story, &json!({ "items": items, "on": day(15) }))
        .await
        .good();
    assert_eq!(between["items"][0]["on_day"]["state"], "suspended");
    assert!(between["items"][1].get("on_day").is_none(), "{between}");
    let early = ask(
        &story,
        &json!({ "items": items, "on": issue - Days::new(1) }),
    )
    .await
    .good();
    assert_eq!(
        early["items"][0]["problem"]["errors"][0]["code"], "before-issue",
        "{early}"
    );
    ask(&story, &json!({ "items": items, "on": day(24) }))
        .await
        .problem(422, "invalid-request");
    // The page says both in words, and takes a day by a form without script.
    let page = anybody.get(&format!("/v/{id}?on={}", day(15))).await;
    let html = page.text();
    assert!(html.contains("当日:证书暂停使用;现在:证书有效。"), "{html}");
    assert!(html.contains("type=\"date\" id=\"on\""), "{html}");
    let english = anybody.get(&format!("/en/v/{id}?on={}", day(15))).await;
    assert!(english.text().contains(": On hold; now: Valid."));
    let wrong = anybody.get(&format!("/v/{id}?on={}", day(24))).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("<title>错误:") && wrong.text().contains("只能查今天或以前的日期")
    );
}

async fn after_a_death_nothing_is_shown_to_the_public(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(1).await;
    let issued = story.issue(&cohort).await;
    let (id, number) = (
        id(&issued, 0),
        text(&issued["certificates"][0]["certificate_no"]),
    );
    let qr = story.qr_text(&id).await;
    let inner = text(&story.certificate(&id).await["id"]);
    let share = format!("/api/v1/certificates/{inner}/shares");
    let county = story.who("county-1");
    let link = county.post(&share, &json!({ "days": 30 })).await.good();
    let shared = format!(
        "/api/v1/certificates/{id}/qr.txt?share={}",
        text(&link["token"])
    );
    assert!(story.who("anybody").get(&shared).await.status.is_success());
    assert!(verdict(&story, &id).await["certificate"]["holder"].is_string());
    let enrolment = text(&story.enrolments(&cohort).await[0]["id"]);
    let today = story.server.today();
    let died = json!({
        "code": "X1", "on": today,
        "document": { "number": "证明1号", "issuer": "虚构医院", "made_on": today },
    });
    let exclude = format!("/api/v1/enrolments/{enrolment}/exclusion");
    county.post(&exclude, &died).await.good();
    let anybody = story.who("anybody");
    let body = verdict(&story, &id).await;
    // The certificate stays what it is.
    assert_eq!(body["state"], "valid", "{body}");
    assert_eq!(
        (&body["certificate"], &body["withheld"]),
        (&Value::Null, &json!(true))
    );
    let items = json!([{ "qr": qr }, { "number": number, "name": "虚构样一" }]);
    let many = ask(&story, &json!({ "items": items })).await;
    // Nothing is shown, but the name was right: that uses up nobody's number.
    for _ in 0..12 {
        let items = json!([{ "number": number, "name": "虚构样一" }]);
        let right = ask(&story, &json!({ "items": items })).await.text();
        assert!(!right.contains("too-many-requests"), "{right}");
    }
    let page = anybody.get(&format!("/v/{id}")).await.text();
    let batch = form(
        &story,
        Form::new().text("text", format!("{number} 虚构样一")),
    )
    .await;
    for told in [body.to_string(), many.text(), page.clone()] {
        for word in ["虚*", "虚构", "合格证书", "养老护理", number.as_str()] {
            assert!(!told.contains(word), "{word}: {told}");
        }
    }
    assert!(!batch.text().contains("合格证书"), "{}", batch.text());
    assert!(
        page.contains("不再公开显示") && !page.contains("id=\"name-check\""),
        "{page}"
    );
    assert_eq!(anybody.get(&shared).await.status, 404, "nor by a link");
    // Staff still see it.
    assert_eq!(story.certificate(&id).await["certificate_no"], number);
    assert_eq!(story.qr_text(&id).await, qr);
}

async fn a_certificate_names_the_one_that_it_replaces(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let old = text(&issued["certificates"][0]["certificate_no"]);
    let inner = text(&story.certificate(&id(&issued, 0)).await["id"]);
    assert!(
        verdict(&story, &id(&issued, 0)).await["certificate"]
            .get("replaces")
            .is_none()
    );
    let request = json!({ "act": "supersede", "reason_code": "correction" });
    let path = format!("/api/v1/certificates/{inner}");
    let province = story.who("province-1");
    let receipt = province.act(&path, "changes", &request).await.good();
    let new = text(&receipt["superseded_by"]);
    let body = verdict(&story, &new).await;
    assert_eq!(body["certificate"]["replaces"], old.as_str(), "{body}");
    let page = story.who("anybody").get(&format!("/v/{new}")).await.text();
    assert!(page.contains(&old) && page.contains("代替证书"), "{page}");
    assert!(
        page.contains("签发地区") && page.contains("浙江省"),
        "{page}"
    );
    let paper = format!("/api/v1/certificates/{new}/certificate.txt");
    let paper = province.get(&paper).await.text();
    assert!(paper.contains("代替证书"), "{paper}");
    // The old one is replaced; the link to the new one is still its holder's to allow.
    let body = verdict(&story, &id(&issued, 0)).await;
    assert_eq!(body["state"], "superseded");
    assert!(!body.to_string().contains(&new), "{body}");
    // The holder is told which number the new one took the place of, by API and on the page; of the old one nothing.
    let enrolment = text(&issued["certificates"][0]["enrolment"]);
    let reader = story.server.app.store.reader();
    let class = enrolment.parse().expect("an id");
    let class = store::certificates::cohort_of_enrolment(reader, class).await;
    let class = class.expect("asked").expect("a class").to_string();
    let holder = crate::grievances::trainee(&story, &class, &enrolment).await;
    let own = holder.get("/api/v1/me/certificates").await.good();
    let of = |public_id: &str| {
        let mut all = own.as_array().expect("a list").iter();
        all.find(|one| one["id"] == public_id)
            .cloned()
            .expect("own")
    };
    assert_eq!(of(&new)["replaces"], old.as_str(), "{own}");
    assert!(of(&id(&issued, 0)).get("replaces").is_none(), "{own}");
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

/// Puts other bytes into the row of a leaf: the same certificate, at another time.
async fn overwrite(story: &Story, id: &str) {
    let app = &story.server.app;
    let id: PublicId = id.parse().expect("an id");
    let known = store::certificates::public_by_id(app.store.public(), &id)
        .await
        .expect("asked")
        .expect("a certificate");
    let Ok(LeafEntry::Issue { .. }) = LeafEntry::decode(&known.leaf_entry) else {
        panic!("no leaf of an issue");
    };
    let mut entry = LeafEntry::decode(&known.leaf_entry).expect("an entry");
    if let LeafEntry::Issue { at, .. } = &mut entry {
        *at -= chrono::Duration::days(1);
    }
    let hex = data_encoding::HEXLOWER.encode(&entry.encode());
    let index = known.leaf_index.0;
    let of =
        |bytes: &str| format!("UPDATE log_leaf SET entry = {bytes} WHERE leaf_index = {index}");
    let postgres = of(&format!("'\\x{hex}'"));
    if store::tampering::plainly(&app.store, &of(&format!("X'{hex}'")))
        .await
        .is_err()
    {
        tamper(story, &postgres).await;
    }
}

async fn a_leaf_that_was_overwritten_proves_nothing(database: Database) {
    let (story, issued) = Story::with_certificates(database, 3).await;
    // One that nobody has asked for as yet; the first to ask has a list.
    overwrite(&story, &id(&issued, 0)).await;
    let qr = story.qr_text(&id(&issued, 0)).await;
    let items: Vec<Value> = (0..20).map(|_| json!({ "qr": qr })).collect();
    let rows = ask(&story, &json!({ "items": items })).await.good();
    for row in rows["items"].as_array().expect("rows") {
        assert_eq!(row["state"], "not_genuine", "{row}");
    }
    let log = |body: &Value| {
        let checks = body["checks"].as_array().expect("checks").clone();
        let log = checks
            .into_iter()
            .find(|one| one["name"] == "log_inclusion");
        let log = log.expect("a check");
        (text(&log["outcome"]), text(&log["reason"]))
    };
    let unproven = ("failed".to_owned(), "log_unproven".to_owned());
    let body = verdict(&story, &id(&issued, 0)).await;
    assert_eq!(
        (log(&body), &body["state"]),
        (unproven.clone(), &json!("not_genuine")),
        "{body}"
    );
    let page = story
        .who("anybody")
        .get(&format!("/v/{}", id(&issued, 0)))
        .await;
    assert!(
        page.text().contains("<title>不是本平台的证书"),
        "{}",
        page.text()
    );
    // Its neighbours in the tree are what they were; once proven, a change is seen as well.
    for _ in 0..2 {
        let body = verdict(&story, &id(&issued, 1)).await;
        assert_eq!(
            (log(&body).0.as_str(), &body["state"]),
            ("passed", &json!("valid")),
            "{body}"
        );
    }
    overwrite(&story, &id(&issued, 1)).await;
    assert_eq!(log(&verdict(&story, &id(&issued, 1)).await), unproven);
    // Also among many.
    assert_eq!(verdict(&story, &id(&issued, 2)).await["state"], "valid");
    let qr = story.qr_text(&id(&issued, 1)).await;
    let items: Vec<Value> = (0..20).map(|_| json!({ "qr": qr })).collect();
    let rows = ask(&story, &json!({ "items": items })).await.good();
    assert_eq!(rows["items"][0]["state"], "not_genuine");
}

/// The log gives each leaf a later time than its head has: so nothing commits behind a bundle's back with an earlier one.
async fn a_bundle_has_every_change_of_before_its_moment(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let app = &story.server.app;
    story.server.days_pass(1);
    let before = store::log::head(app.store.reader()).await.expect("a head");
    let built = api::bundles::build(app).await.expect("a bundle");
    let after = store::log::head(app.store.reader()).await.expect("a head");
    assert_eq!((before.size, before.root), (after.size, after.root));
    assert!(before.at < built.issued_at && built.issued_at <= after.at);
    let receipt = story.suspend(&id(&issued, 0)).await;
    let since: DateTime<Utc> = text(&receipt["since"]).parse().expect("a moment");
    assert!(since > built.issued_at, "{since}");
}

/// A picture of a telephone: so many pixels, the code in its middle, and what cameras put behind the picture.
fn telephone(text: &str, bytes: usize) -> Vec<u8> {
    let code = certs::qr::png(text, certs::qr::Level::Q, 12).expect("a picture");
    let code = image::load_from_memory(&code)
        .expect("a picture")
        .to_luma8();
    let mut picture = image::GrayImage::from_fn(4000, 3000, |x, y| {
        image::Luma([u8::try_from(150 + (x / 100 + y / 100) % 80).unwrap_or(150)])
    });
    image::imageops::overlay(&mut picture, &code, 1400, 900);
    let mut jpeg = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut jpeg, image::ImageFormat::Jpeg)
        .expect("written");
    let mut jpeg = jpeg.into_inner();
    jpeg.resize(bytes.max(jpeg.len()), 0);
    jpeg
}

fn states(html: &str) -> Vec<&str> {
    html.split("data-state=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// Reading pictures is slow without optimisation, and asks no database: one is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photographs_of_a_telephone_are_read_as_they_come() {
    let (story, issued) = Story::with_certificates(Database::Sqlite, 1).await;
    let qr = story.qr_text(&id(&issued, 0)).await;
    let photo = |bytes: Vec<u8>, name: String| Part::bytes(bytes).file_name(name);
    // Eighty megabytes, and one that is longer than a photograph may be.
    let picture = telephone(&qr, 4 << 20);
    let mut many = Form::new();
    for at in 0..20 {
        many = many.part("photos", photo(picture.clone(), format!("{at}.jpg")));
    }
    many = many.part("photos", photo(vec![0xff; 13 << 20], "20.jpg".to_owned()));
    let answer = form(&story, many).await;
    let html = answer.text();
    assert_eq!(answer.status, 200, "{html}");
    let states = states(&html);
    assert_eq!(
        (states.len(), states[0], states[19], states[20]),
        (21, "valid", "valid", "unreadable")
    );
    assert!(html.contains("与第 1 行重复") && html.contains("20.jpg"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_small_photographs_are_answered_and_one_more_is_too_many() {
    let (story, issued) = Story::with_certificates(Database::Sqlite, 1).await;
    let qr = story.qr_text(&id(&issued, 0)).await;
    let small = certs::qr::png(&qr, certs::qr::Level::M, 2).expect("a picture");
    for (count, status) in [(1_000, 200), (1_001, 422)] {
        let mut many = Form::new();
        for at in 0..count {
            let part = Part::bytes(small.clone()).file_name(format!("{at}.png"));
            many = many.part("photos", part);
        }
        let answer = form(&story, many).await;
        let html = answer.text();
        assert_eq!(answer.status.as_u16(), status, "{html}");
        match status {
            200 => assert!(html.contains("已查验 1000 份:证书有效 1000"), "{html}"),
            _ => assert!(html.contains("1001"), "{html}"),
        }
    }
}
