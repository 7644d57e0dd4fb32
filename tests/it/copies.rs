//! Against sites that copy this one (trust.md EN-5): the code names the configured host whoever asks, every page of
//! verification names it too and asks for nothing that a thief would want, and who signed is told by the trust list.

use certs::verdict::{Presented, State};
use reqwest::Method;
use serde_json::json;
use tests::answer::text;
use tests::{Database, Story, on_both};

on_both! {
    pages_and_codes_name_the_one_genuine_host_and_ask_for_no_secret;
    a_code_that_leads_elsewhere_lends_its_host_no_credit;
}

/// Names and labels by which a page would ask for what is nobody's business here.
const SECRETS: &[&str] = &[
    "type=\"password\"",
    "type=\"tel\"",
    "cc-number",
    "one-time-code",
    "身份证号(",
    "公民身份号码",
    "银行卡",
    "验证码",
    "支付",
    "identity number (",
    "bank card",
    "card number",
];

async fn pages_and_codes_name_the_one_genuine_host_and_ask_for_no_secret(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let host = story.server.app.config.host.clone();
    let qr = story.qr_text(&id).await;
    let wanted = format!("HTTPS://{}/V/{id}#", host.to_ascii_uppercase());
    assert!(qr.starts_with(&wanted), "{qr}");
    let verdict = format!("/v/{id}");
    for lang in ["", "/en"] {
        for path in [
            verdict.as_str(),
            "/verify",
            "/verify/batch",
            "/verify/offline",
            "/v/AAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let path = format!("{lang}{path}");
            let anybody = story.who("anybody");
            // Under whatever name the page was reached, it names its own.
            let request = anybody.ask(Method::GET, &path).await;
            let answer = anybody
                .send(
                    request
                        .header("X-Forwarded-Host", "copy.example")
                        .header("Forwarded", "host=copy.example"),
                )
                .await;
            let page = answer.text();
            assert!(
                page.contains(&format!("<strong class=\"mono\">{host}</strong>")),
                "{path} names no host"
            );
            let promise = if lang.is_empty() {
                "从不索要身份证号、密码或付款"
            } else {
                "never asks for an identity number, a password"
            };
            assert!(page.contains(promise), "{path}");
            assert!(
                !page.contains("copy.example"),
                "{path} repeats what a request says"
            );
            let main = page
                .split("<main")
                .nth(1)
                .and_then(|rest| rest.split("</main>").next())
                .expect("a main part");
            for form in main.split("<form").skip(1) {
                let form = form.split("</form>").next().unwrap_or("");
                for secret in SECRETS {
                    assert!(!form.contains(secret), "{path} asks for {secret}");
                }
            }
            // Links lead to this site alone.
            for link in main.split("href=\"").skip(1) {
                let to = link.split('"').next().unwrap_or("");
                assert!(
                    to.starts_with('/') && !to.starts_with("//") || to.starts_with('#'),
                    "{path} leads to {to}"
                );
            }
        }
    }
}

async fn a_code_that_leads_elsewhere_lends_its_host_no_credit(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let host = story.server.app.config.host.to_ascii_uppercase();
    let copied = story.qr_text(&id).await.replace(&host, "COPY.EXAMPLE");
    // The signed data is genuine wherever the address leads; the answer does not repeat the address.
    let asked = json!({ "items": [{ "qr": copied }] });
    let answer = story
        .who("anybody")
        .post("/api/v1/verifications", &asked)
        .await;
    assert_eq!(answer.json()["items"][0]["state"], "valid");
    assert!(
        !answer.text().to_lowercase().contains("copy.example"),
        "{}",
        answer.text()
    );
    let app = &story.server.app;
    api::bundles::build(app).await.expect("a bundle");
    let bytes = story.who("anybody").get("/trust/bundle").await.bytes;
    let bundle = certs::bundle::Bundle::open(
        &bytes,
        &api::trust::list::roots(app.store.reader())
            .await
            .expect("the roots"),
    )
    .expect("it opens");
    let verdict = bundle.judge(Presented::Text(&copied), app.now());
    assert_eq!(verdict.state, State::Valid);
    // Who issued is told by the key's federation in the trust list, and its name by the bundle.
    let claims = verdict.claims.expect("claims");
    let federation = &bundle
        .issuers()
        .find(claims.key_id())
        .expect("the key")
        .federation;
    assert_eq!(federation.as_str(), tests::story::PROVINCE);
    assert_eq!(bundle.federation(federation), Some("浙江省"));
}
