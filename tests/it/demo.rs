//! `mingzheng demo`: what a stranger sees first, driven as another program drives it.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::Mingzheng;
use tests::answer::text;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_shows_a_country_with_certificates_in_every_state() {
    let program = Mingzheng::new(env!("CARGO_BIN_EXE_tests"));
    let temporary = program.path("tmp");
    std::fs::create_dir(&temporary).expect("a folder");
    let program = program.with("TMPDIR", &temporary);
    let (mut running, line) = program.start(&["--json", "demo", "--listen", "127.0.0.1:0"]);
    let demo: Value = serde_json::from_str(&line).expect("the first line is one object");
    let address = text(&demo["address"]);
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let get = async |path: &str| {
        let answer = http
            .get(format!("{address}{path}"))
            .send()
            .await
            .expect("an answer");
        (
            answer.status().as_u16(),
            answer.bytes().await.expect("a body").to_vec(),
        )
    };
    let json =
        async |path: &str| -> Value { serde_json::from_slice(&get(path).await.1).expect("JSON") };

    // Every state has a certificate, and a check of it answers that state.
    let mut states: BTreeMap<String, u32> = BTreeMap::new();
    for certificate in demo["certificates"].as_array().expect("certificates") {
        let state = text(&certificate["state"]);
        *states.entry(state.clone()).or_default() += 1;
        let item = serde_json::json!({ "items": [{ "qr": certificate["qr_text"] }] });
        let answer = http
            .post(format!("{address}/api/v1/verifications"))
            .json(&item)
            .send()
            .await
            .expect("an answer");
        let row: Value = answer.json().await.expect("JSON");
        assert_eq!(row["items"][0]["state"], state.as_str(), "{certificate}");
        let picture = text(&certificate["qr_png"]);
        if let Some(read) = tests::interop::zbarimg(std::path::Path::new(&picture)) {
            assert_eq!(read, text(&certificate["qr_text"]));
        }
        if let Some(token) = certificate["share"].as_str() {
            let (status, _) = get(&format!(
                "/api/v1/certificates/{}/qr.png?share={token}",
                text(&certificate["id"])
            ))
            .await;
            assert_eq!(status, 200);
        }
    }
    for state in [
        "valid",
        "revoked",
        "expired",
        "suspended",
        "superseded",
        "not_genuine",
        "not_found",
        "indeterminate",
    ] {
        assert!(
            states.contains_key(state),
            "no certificate is {state}: {states:?}"
        );
    }

    offline_says_the_same(&program, &demo, &get("/trust/bundle").await.1);

    let keys = certs::keys::PublicKeyFile::parse(&demo["issuer_keys"].to_string());
    assert!(keys.is_ok_and(|file| file.keys.len() >= 4), "{demo}");

    // Every account signs in, and they sit in at least three provinces and the corps.
    let mut places: BTreeMap<String, u32> = BTreeMap::new();
    for account in demo["accounts"].as_array().expect("accounts") {
        if account["role"] == "province_officer" {
            *places.entry(text(&account["region"])).or_default() += 1;
        }
    }
    assert!(
        places.len() >= 4 && places.contains_key("660000"),
        "{places:?}"
    );
    let officer = demo["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .find(|one| one["role"] == "national_officer")
        .expect("one");
    let sign_in = serde_json::json!({ "name": officer["name"], "password": officer["password"] });
    let token: Value = http
        .post(format!("{address}/api/v1/sessions"))
        .json(&sign_in)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let token = text(&token["access_token"]);
    let count = async |path: &str| {
        let (mut rows, mut cursor) = (0, String::new());
        loop {
            let page = http
                .get(format!("{address}{path}?limit=100{cursor}"))
                .bearer_auth(&token)
                .send()
                .await
                .expect("an answer");
            let page: Value = page.json().await.expect("JSON");
            rows += page["items"].as_array().map_or(0, Vec::len);
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    };
    assert!(count("/api/v1/institutions").await >= 12);
    assert!(count("/api/v1/cohorts").await >= 40);
    let certificates = count("/api/v1/certificates").await;
    assert!(certificates >= 600, "{certificates} certificates");
    assert!(
        json("/api/v1/catalogue/institutions").await["items"]
            .as_array()
            .is_some_and(|all| all.len() >= 10)
    );

    three_years(&json, async |path: &str| {
        String::from_utf8_lossy(&get(path).await.1).into_owned()
    })
    .await;

    // The operator ends it, and nothing stays behind.
    assert_eq!(running.end(), Some(0));
    let left = std::fs::read_dir(&temporary).expect("the folder").count();
    assert_eq!(left, 0, "the data folder is removed");
}

/// Grades of three years with their trend, a comparison that says what is not significant, a bulletin; and a warning, a
/// rectification, an exit and its appeal among the public decisions.
async fn three_years(json: &impl AsyncFn(&str) -> Value, page: impl AsyncFn(&str) -> String) {
    let all = json("/api/v1/catalogue/institutions").await;
    let codes: Vec<String> = all["items"]
        .as_array()
        .expect("institutions")
        .iter()
        .map(|one| text(&one["credit_code"]))
        .collect();
    let mut three = Vec::new();
    let mut by_province: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for code in &codes {
        let periods = json(&format!("/api/v1/catalogue/institutions/{code}/score")).await;
        let periods = periods.as_array().expect("periods");
        let graded = |one: &&Value| matches!(one["grade"].as_str(), Some("A" | "B" | "C" | "D"));
        if periods.len() == 3 && periods.iter().filter(graded).count() == 3 {
            three.push(code.clone());
        }
        if let Some(newest) = periods.first().filter(|one| one["employment"].is_object()) {
            let federation = text(&newest["federation"]);
            by_province
                .entry(federation)
                .or_default()
                .push(code.clone());
        }
    }
    assert!(
        three.len() >= 3,
        "grades of three years: {three:?} of {codes:?}"
    );
    let score = page(&format!("/institutions/{}/score", three[0])).await;
    assert!(
        score.contains("历期趋势") && score.contains("与上期相比"),
        "{score}"
    );
    let (federation, codes) = by_province
        .iter()
        .find(|(_, codes)| codes.len() >= 2)
        .expect("two institutions of one province");
    let query = format!(
        "federation={federation}&code={}&code={}",
        codes[0], codes[1]
    );
    let compared = json(&format!("/api/v1/rankings/compare?{query}")).await;
    let verdict = text(&compared["pairs"][0]["conversion"]);
    let words = match verdict.as_str() {
        "not_significant" => "差异不显著",
        "different" => "差异显著",
        other => panic!("{other}: {compared}"),
    };
    assert!(
        page(&format!("/rankings/compare?{query}"))
            .await
            .contains(words)
    );
    // The same as a file, with its numbers, its method and what is not significant.
    let csv = page(&format!("/rankings/compare.csv?{query}")).await;
    for words in [&codes[0], &codes[1], words, "CN-BASE@2026.1", "正式结果"] {
        assert!(csv.contains(words), "{words}: {csv}");
    }
    let csv = page(&format!("/rankings.csv?federation={federation}")).await;
    assert!(
        csv.contains(&codes[0]) && csv.contains("百万分之一"),
        "{csv}"
    );
    let bulletins = json("/api/v1/catalogue/bulletins").await;
    assert!(bulletins.as_array().is_some_and(|all| !all.is_empty()));
    let notices = page("/notices").await;
    // One of them still runs, and takes objections.
    let (_, link) = notices
        .split_once("href=\"/notices/")
        .expect("an open notice");
    let link = link.split('"').next().unwrap_or("").replace("&amp;", "&");
    let form = page(&format!("/notices/{link}")).await;
    assert!(
        form.contains("name=\"text\"") && form.contains("提交异议"),
        "{form}"
    );
    for words in ["预警", "限期整改", "退出公示", "提出申诉", "维持原决定"] {
        assert!(notices.contains(words), "{words}: {notices}");
    }
}

#[test]
fn the_demo_refuses_a_folder_that_holds_a_registry_and_a_port_that_is_taken() {
    let program = Mingzheng::new(env!("CARGO_BIN_EXE_tests"));
    let data = program.path("registry").display().to_string();
    program.json(&["--data", &data, "migrate"]).good();
    let refused = program.run(&["--data", &data, "demo", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = program.run(&["demo", "--listen", &address]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains(&address), "{}", refused.err);
}

/// The command line with nothing but the bundle against what the registry itself answers.
fn offline_says_the_same(program: &Mingzheng, demo: &Value, bundle: &[u8]) {
    program.file("bundle", bundle);
    let certificates = demo["certificates"].as_array().expect("certificates");
    let texts: Vec<String> = certificates
        .iter()
        .map(|one| text(&one["qr_text"]))
        .collect();
    program.file("texts.txt", texts.join("\n"));
    let root = text(&demo["root_key"]);
    let given = [
        "cert",
        "verify",
        "--bundle",
        "bundle",
        "--root",
        &root,
        "texts.txt",
    ];
    let rows = program.json(&given).json();
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), certificates.len());
    let mut compared = 0;
    for (row, certificate) in rows.iter().zip(certificates) {
        let (online, offline) = (text(&certificate["state"]), text(&row["state"]));
        match online.as_str() {
            "valid" | "revoked" | "expired" | "suspended" | "superseded" | "indeterminate" => {
                assert_eq!(offline, online, "{row}");
                compared += 1;
            }
            // What the registry alone knows: no bundle tells that a true signature stands in no log.
            "not_genuine" | "not_found" => {
                let log = row["checks"]
                    .as_array()
                    .and_then(|all| all.iter().find(|one| one["name"] == "log_inclusion"));
                assert_eq!(log.expect("the check")["outcome"], "not_run", "{row}");
            }
            other => panic!("{other}"),
        }
        if offline == "valid" {
            assert!(
                row["named"]["institution"].is_string() && row["named"]["program"].is_string(),
                "{row}"
            );
        }
    }
    assert!(compared >= 6, "{compared}");
}
