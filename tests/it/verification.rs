//! An employer asks: by id, by QR text, by number and full name; on a page without script, and by the thousand.

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Database, Story, on_both};

on_both! {
    a_verdict_lists_every_check_with_its_reason;
    a_page_tells_the_verdict_first_and_nothing_of_disability;
    a_number_alone_answers_nothing_and_a_wrong_name_as_much;
    up_to_a_thousand_are_checked_at_once_and_none_is_dropped;
    a_certificate_of_an_institution_that_was_stopped_stays_valid;
    what_the_key_signed_but_nobody_logged_is_not_genuine;
}

async fn batch(story: &Story, items: Value) -> Answer {
    let anybody = story.who("anybody");
    let request = anybody.ask(Method::POST, "/api/v1/verifications").await;
    anybody.send(request.json(&json!({ "items": items }))).await
}

async fn a_verdict_lists_every_check_with_its_reason(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let anybody = story.who("anybody");
    let answer = anybody.get(&format!("/api/v1/verifications/{id}")).await;
    let verdict = answer.good();
    let checks: Vec<(&str, &str)> = verdict["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .map(|check| {
            (
                check["name"].as_str().unwrap_or(""),
                check["outcome"].as_str().unwrap_or(""),
            )
        })
        .collect();
    let names = [
        "format",
        "signature",
        "key",
        "log_inclusion",
        "status",
        "expiry",
        "institution",
    ];
    assert_eq!(checks, names.map(|name| (name, "passed")), "{verdict}");
    assert!(
        verdict["freshness"]["as_of"].is_string() && verdict["freshness"]["checked_at"].is_string()
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let holder = text(&verdict["certificate"]["holder"]);
    assert!(
        holder.contains('*'),
        "masked without the signed text: {holder}"
    );
    // Lower case or upper, the id is the same; one that nobody issued is not found, a wrong form neither.
    let lower = anybody
        .get(&format!("/api/v1/verifications/{}", id.to_lowercase()))
        .await
        .good();
    assert_eq!(lower["state"], "valid");
    let unknown = anybody
        .get("/api/v1/verifications/AAAAAAAAAAAAAAAAAAAAAAAAAA")
        .await;
    assert_eq!(
        (unknown.status.as_u16(), &unknown.json()["state"]),
        (404, &json!("not_found"))
    );
    anybody
        .get("/api/v1/verifications/short")
        .await
        .problem(404, "not-found");
    // Who presents the signed text gets the name that is in it.
    let qr = story.qr_text(&id).await;
    let row = batch(&story, json!([{ "qr": qr }])).await.good()["items"][0].clone();
    assert_eq!(
        (&row["state"], &row["certificate"]["holder_masked"]),
        (&json!("valid"), &json!(false)),
        "{row}"
    );
}

async fn a_page_tells_the_verdict_first_and_nothing_of_disability(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let anybody = story.who("anybody");
    for (path, title) in [
        (format!("/v/{id}"), "<title>证书有效"),
        (format!("/V/{}", id.to_lowercase()), "<title>证书有效"),
        (format!("/en/v/{id}"), "<title>Valid"),
        (
            "/v/AAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            "<title>没有查到",
        ),
    ] {
        let page = anybody.get(&path).await;
        let html = page.text();
        assert!(
            html.contains(title),
            "{path}: {}",
            html.lines().take(12).collect::<String>()
        );
        // One script, for what stands behind `#`, which no server sees; the answer is there without it.
        let script = r#"<script type="module" src="/verify/offline/fragment.js"></script>"#;
        assert!(html.contains(script), "{path}");
        // The script tells of another answer by giving its heading the focus.
        let heading = r#"<h1 id="verdict" tabindex="-1">"#;
        assert!(html.contains(heading), "{path}");
        assert_eq!(html.matches("<script").count(), 1, "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert!(html.contains(r#"name="robots" content="noindex"#), "{path}");
        let csp = page.header("content-security-policy");
        assert!(
            csp.contains("default-src 'none'") && !csp.contains("unsafe"),
            "{csp}"
        );
        let lower = html.to_lowercase();
        let about_this = lower.replace("不显示", "");
        assert!(
            !about_this.contains("残疾人证") && !lower.contains("disab"),
            "{path} tells about disability"
        );
        assert!(!html.contains("虚构样"), "{path}: the name is masked");
    }
}

async fn a_number_alone_answers_nothing_and_a_wrong_name_as_much(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let name = "虚构样一";
    let rows = batch(
        &story,
        json!([
            { "number": number, "name": name },
            { "number": number, "name": "虚构样二" },
            { "number": number },
            { "number": "MZ33-2026-000000000", "name": name },
        ]),
    )
    .await
    .good();
    let rows = rows["items"].as_array().expect("rows").clone();
    assert_eq!(rows[0]["state"], "valid", "{}", rows[0]);
    assert_eq!(rows[1]["state"], "not_found", "{}", rows[1]);
    assert!(
        rows[1]["certificate"].is_null(),
        "nothing is told: {}",
        rows[1]
    );
    assert_eq!(
        rows[2]["problem"]["errors"][0]["pointer"], "/items/2/name",
        "{}",
        rows[2]
    );
    assert!(rows[3]["problem"].is_object(), "{}", rows[3]);
    // The same by form: the answer is a page.
    let anybody = story.who("anybody");
    let ask = async |fields: &[(&str, &str)]| {
        let request = anybody.ask(Method::POST, "/verify").await;
        let origin = story.server.url("");
        anybody
            .send(
                request
                    .header("Origin", origin)
                    .header("Sec-Fetch-Site", "same-origin")
                    .form(fields),
            )
            .await
    };
    let page = ask(&[("number", &number), ("name", name)]).await;
    assert_eq!(page.status, 303, "{}", page.text());
    let found = anybody.get(page.header("location")).await;
    assert!(found.text().contains("证书有效"), "{}", found.text());
    let page = ask(&[("number", &number), ("name", "")]).await;
    assert_eq!(page.status, 422);
    assert!(
        page.text().contains("<title>错误") && page.text().contains(&number),
        "what was typed is still there"
    );
}

async fn up_to_a_thousand_are_checked_at_once_and_none_is_dropped(database: Database) {
    let (story, issued) = Story::with_certificates(database, 3).await;
    let mut items = Vec::new();
    for certificate in issued["certificates"].as_array().expect("certificates") {
        items.push(json!({ "qr": story.qr_text(&text(&certificate["id"])).await }));
    }
    let genuine = items[0].clone();
    let qr = text(&genuine["qr"]);
    // Each of these has its own reason and none is called valid.
    let (head, fragment) = qr.split_once('#').expect("a fragment");
    for odd in [
        String::new(),
        "x".to_owned(),
        format!("{head}#{}", &fragment[..fragment.len() / 2]),
        format!("{head}#{fragment}A"),
        format!("{head}#{}", "A".repeat(8_000)),
        qr.replace('#', ""),
        qr.replace("/V/", "/V/A"),
    ] {
        items.push(json!({ "qr": odd }));
    }
    items.push(json!(17));
    items.push(json!({ "qr": qr, "name": "虚构" }));
    items.push(json!({ "photo": "…" }));
    while items.len() < 1_000 {
        items.push(genuine.clone());
    }
    let answer = batch(&story, json!(items)).await.good();
    let rows = answer["items"].as_array().expect("rows");
    assert_eq!(rows.len(), 1_000);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row["index"], at);
        let valid = row["valid"] == true;
        assert_eq!(valid, !(3..13).contains(&at), "{at}: {row}");
    }
    batch(&story, json!([]))
        .await
        .problem(422, "invalid-request");
    batch(&story, json!(vec![genuine; 1_001]))
        .await
        .problem(422, "invalid-request");
}

async fn a_certificate_of_an_institution_that_was_stopped_stays_valid(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    story
        .transition_by_two("T16", "province-1", "province-2")
        .await;
    let verdict = story
        .who("anybody")
        .get(&format!("/api/v1/verifications/{id}"))
        .await
        .good();
    assert_eq!(verdict["state"], "valid", "{verdict}");
    assert_eq!(
        verdict["certificate"]["institution"]["standing"], "suspended",
        "{verdict}"
    );
    let page = story.who("anybody").get(&format!("/v/{id}")).await.text();
    assert!(page.contains("暂停"), "one line says so");
}

async fn what_the_key_signed_but_nobody_logged_is_not_genuine(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let qr = story.qr_text(&text(&issued["certificates"][0]["id"])).await;
    let cose = certs::qr::parse_qr_text(&qr)
        .expect("a QR text")
        .cose
        .expect("signed data");
    let decoded = certs::certificate::decode(&cose).expect("a certificate");
    let mut claims = decoded.unverified_claims().clone();
    claims.public_id = domain::PublicId::from_bytes([7; 16]);
    let keys = story.who("anybody").get("/api/v1/keys").await.good();
    let kid = text(&keys[0]["kid"]).parse().expect("a key id");
    let signer = story
        .server
        .app
        .keyring
        .issuer(&kid)
        .expect("the stolen key");
    let forged = certs::certificate::sign(&claims, signer.as_ref()).expect("signed");
    let host = story.server.app.config.host.parse().expect("a host");
    let forged = certs::qr::qr_text(&host, &claims.public_id, forged.as_bytes());
    let row = batch(&story, json!([{ "qr": forged }])).await.good()["items"][0].clone();
    assert_eq!(row["state"], "not_genuine", "{row}");
    let check = |name: &str| {
        row["checks"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["name"] == name).cloned())
            .expect("a check")
    };
    assert_eq!(check("signature")["outcome"], "passed");
    assert_eq!(check("log_inclusion")["outcome"], "failed", "{row}");
}
