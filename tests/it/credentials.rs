//! A certificate in the formats of other software, as a real server gives them: who may have them, what they say, and that
//! everything they point to is there (design decision 12, interop.md, trust.md PI-5).

use std::collections::BTreeSet;

use certs::credential::{verify_badge, verify_sd_jwt};
use certs::keys::KeySet;
use certs::qr::Host;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Client, Database, Story, on_both};

on_both! {
    every_format_carries_the_same_certificate_and_is_refused_when_altered;
    the_files_are_for_the_holder_an_officer_in_scope_and_who_has_a_link;
    everything_that_a_credential_points_to_is_there;
    a_compromised_key_makes_no_more_credentials;
}

async fn keys(story: &Story) -> (Host, KeySet) {
    let app = &story.server.app;
    let keys = api::certificates::keys::published_key_set(app.store.reader())
        .await
        .expect("keys");
    (app.config.host.parse().expect("a host"), keys)
}

async fn share(story: &Story, id: &str) -> String {
    let certificate = text(&story.certificate(id).await["id"]);
    let path = format!("/api/v1/certificates/{certificate}/shares");
    let link = story
        .who("county-1")
        .post(&path, &json!({ "days": 7, "reason": "持证人在窗口要求。" }))
        .await;
    text(&link.good()["token"])
}

async fn file(story: &Story, id: &str, name: &str, share: &str) -> Answer {
    let path = format!("/api/v1/certificates/{id}/{name}{share}");
    let answer = story.who("anybody").get(&path).await;
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store", "{name}");
    answer
}

async fn every_format_carries_the_same_certificate_and_is_refused_when_altered(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let number = text(&issued["certificates"][0]["certificate_no"]);
    let share = format!("?share={}", share(&story, &id).await);
    let (host, keys) = keys(&story).await;
    let now = story.server.app.now();

    let jwt = file(&story, &id, "credential.jwt", &share).await;
    assert_eq!(jwt.header("content-type"), "application/vc+jwt");
    let badge = verify_badge(&jwt.text(), &host, &keys, now).expect("a badge");
    assert_eq!(badge.facts().public_id.to_string(), id);
    assert_eq!(badge.facts().certificate_no.as_str(), number);
    let again = file(&story, &id, "credential.jwt", &share).await;
    assert_eq!(
        again.bytes, jwt.bytes,
        "the same text whenever it is asked for"
    );

    let json = file(&story, &id, "credential.json", &share).await;
    let embedded = certs_ld::verify(&json.text(), &host, &keys, now).expect("a proof");
    assert_eq!(
        embedded.document["credentialSubject"]["licenseNumber"],
        number
    );
    assert_eq!(embedded.key_id, *badge.key_id());
    let altered = json.text().replace(&number, "MZ33260000000000X");
    assert_ne!(altered, json.text());
    assert!(certs_ld::verify(&altered, &host, &keys, now).is_err());

    let whole = file(&story, &id, "credential.sdjwt", &share).await;
    assert_eq!(whole.header("content-type"), "application/dc+sd-jwt");
    let all = verify_sd_jwt(&whole.text(), &host, &keys, None, now).expect("an SD-JWT");
    assert_eq!(all.disclosed.name.as_ref(), Some(&badge.facts().holder));
    assert_eq!(all.disclosed.hours, Some(40));
    let shown = file(
        &story,
        &id,
        "credential.sdjwt",
        &format!("{share}&show=level,hours"),
    )
    .await;
    let some = verify_sd_jwt(&shown.text(), &host, &keys, None, now).expect("an SD-JWT");
    assert_eq!(some.disclosed.hours, Some(40));
    assert!(some.disclosed.level.is_some() && some.disclosed.name.is_none());
    let name = badge.facts().holder.expose();
    let decoded: String = shown
        .text()
        .split('~')
        .skip(1)
        .filter_map(|part| data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    assert!(!decoded.contains(name), "the name is kept back: {decoded}");
    story
        .who("anybody")
        .get(&format!(
            "/api/v1/certificates/{id}/credential.sdjwt{share}&show=name,shoe_size"
        ))
        .await
        .problem(422, "invalid-request");

    // Nothing in any of them tells a disability.
    for text in [jwt.text(), json.text(), whole.text()] {
        let plain: String = text
            .split(['.', '~'])
            .map(
                |part| match data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()) {
                    Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                    Err(_) => part.to_owned(),
                },
            )
            .collect();
        assert!(plain.contains("hours") || plain.contains("_sd"), "{plain}");
        for word in ["残", "disab", "盲", "聋"] {
            assert!(!plain.contains(word), "{word} in {plain}");
        }
    }
    for (what, bad) in [
        ("a bit of the signature", flipped(&jwt.text())),
        (
            "no signature",
            jwt.text()
                .rsplit_once('.')
                .map_or(String::new(), |(head, _)| format!("{head}.")),
        ),
        (
            "an SD-JWT as a badge",
            whole.text().split('~').next().unwrap_or("").to_owned(),
        ),
    ] {
        assert!(verify_badge(&bad, &host, &keys, now).is_err(), "{what}");
    }
}

fn flipped(token: &str) -> String {
    let (head, signature) = token.rsplit_once('.').expect("a token");
    let mut bytes = data_encoding::BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .expect("base64");
    bytes[0] ^= 1;
    format!("{head}.{}", data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

async fn the_files_are_for_the_holder_an_officer_in_scope_and_who_has_a_link(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(2).await;
    let issued = story.issue(&cohort).await;
    let certificates = issued["certificates"].as_array().expect("certificates");
    let id = text(&certificates[0]["id"]);
    let other = text(&certificates[1]["id"]);
    let path = format!("/api/v1/certificates/{id}");
    let formats = ["credential.jwt", "credential.json", "credential.sdjwt"];
    for name in formats {
        let at = format!("{path}/{name}");
        story
            .who("anybody")
            .get(&at)
            .await
            .problem(401, "unauthenticated");
        for outside in ["other-province", "other-school"] {
            story.who(outside).get(&at).await.problem(404, "not-found");
        }
        for inside in ["school-1", "county-1", "province-1"] {
            assert_eq!(
                story.who(inside).get(&at).await.status,
                200,
                "{inside}: {name}"
            );
        }
        for share in ["?share=", "?share=no-such-token"] {
            story
                .who("anybody")
                .get(&format!("{at}{share}"))
                .await
                .problem(404, "not-found");
        }
        // A link to one certificate opens no other.
        let link = share(&story, &other).await;
        story
            .who("anybody")
            .get(&format!("{at}?share={link}"))
            .await
            .problem(404, "not-found");
    }
    // The holder signs in with a slip from the counter.
    let enrolment = text(&certificates[0]["enrolment"]);
    let slip = format!("/api/v1/cohorts/{cohort}/enrolments/{enrolment}/sign-in-slip");
    let code = story.who("county-1").post(&slip, &json!({})).await.good();
    let anybody = story.who("anybody");
    let request = anybody.ask(Method::POST, "/api/v1/sessions/code").await;
    let signed = anybody
        .send(request.json(&json!({ "code": code["code"] })))
        .await
        .good();
    let holder = async |path: String| {
        let anybody = Client::anybody(&story.server);
        let request = anybody.ask(Method::GET, &path).await;
        anybody
            .send(request.bearer_auth(text(&signed["access_token"])))
            .await
    };
    for name in formats.into_iter().chain(["qr.png"]) {
        let answer = holder(format!("{path}/{name}")).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let strangers = holder(format!("/api/v1/certificates/{other}/{name}")).await;
        strangers.problem(404, "not-found");
    }
}

/// Every https address of this registry in a JSON document, without fragments.
fn addresses(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            if let Some(path) = text.strip_prefix("https://mingzheng.example") {
                found.insert(path.split('#').next().unwrap_or("").to_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| addresses(item, found)),
        Value::Object(members) => members.values().for_each(|member| addresses(member, found)),
        _ => {}
    }
}

async fn everything_that_a_credential_points_to_is_there(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let share = format!("?share={}", share(&story, &id).await);
    let mut found = BTreeSet::new();
    let json = file(&story, &id, "credential.json", &share).await.json();
    addresses(&json, &mut found);
    let sd_jwt = file(&story, &id, "credential.sdjwt", &share).await.text();
    let payload = sd_jwt.split('.').nth(1).expect("a payload");
    let payload = data_encoding::BASE64URL_NOPAD
        .decode(payload.as_bytes())
        .expect("base64");
    addresses(&serde_json::from_slice(&payload).expect("JSON"), &mut found);
    for wanted in [
        "/institutions/",
        "/programs/",
        "/v/",
        "/status/revocation/1",
        "/status/token/1",
        "/vct/",
    ] {
        assert!(
            found.iter().any(|path| path.starts_with(wanted)),
            "{wanted}: {found:?}"
        );
    }
    for path in &found {
        let answer = story.who("anybody").get(path).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    // The key that signs status lists stands first, and every key has both notations.
    let did = story.who("anybody").get("/.well-known/did.json").await;
    assert_eq!(did.header("access-control-allow-origin"), "*");
    let did = did.good();
    assert_eq!(did["id"], "did:web:mingzheng.example");
    assert_eq!(
        did["verificationMethod"][0]["id"],
        "did:web:mingzheng.example#status"
    );
    let jwks = story
        .who("anybody")
        .get("/.well-known/jwks.json")
        .await
        .good();
    let kids: Vec<String> = jwks["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|key| text(&key["kid"]))
        .collect();
    let methods: Vec<String> = did["assertionMethod"]
        .as_array()
        .expect("methods")
        .iter()
        .map(text)
        .collect();
    assert_eq!(kids, methods);
    assert_eq!(kids.len(), 2, "{kids:?}");
    let method = text(&json["proof"]["verificationMethod"]);
    assert!(kids.contains(&method), "{method}");
    let kinds = story
        .who("anybody")
        .get("/vct/training-certificate/1")
        .await
        .good();
    assert_eq!(
        kinds["vct"],
        "https://mingzheng.example/vct/training-certificate/1"
    );
}

async fn a_compromised_key_makes_no_more_credentials(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let share = share(&story, &id).await;
    let sql = "UPDATE registry_key SET state = 'compromised', compromised_at = 0 WHERE purpose = 'issuer'";
    store::tampering::plainly(&story.server.app.store, sql)
        .await
        .expect("the state is set");
    for name in ["credential.jwt", "credential.json", "credential.sdjwt"] {
        story
            .who("anybody")
            .get(&format!("/api/v1/certificates/{id}/{name}?share={share}"))
            .await
            .problem(409, "key-compromised");
    }
    let did = story
        .who("anybody")
        .get("/.well-known/did.json")
        .await
        .good();
    let methods = did["verificationMethod"].as_array().expect("methods");
    assert_eq!(
        methods.len(),
        1,
        "other software finds the key no more: {did}"
    );
}
