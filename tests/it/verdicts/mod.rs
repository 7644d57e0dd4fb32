//! What a verdict tells beside its state: no disability, the state on a past day, what was replaced, nothing of the dead;
//! and that the log is proven, not read.

mod days;
mod photographs;
mod proofs;
mod spoken;

use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Database, Story, on_both};

on_both! {
    no_answer_of_a_verdict_tells_a_disability;
    after_a_death_nothing_is_shown_to_the_public;
    a_certificate_names_the_one_that_it_replaces;
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
    let link = county
        .post(
            &share,
            &json!({ "days": 30, "reason": "持证人在窗口要求。" }),
        )
        .await
        .good();
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
