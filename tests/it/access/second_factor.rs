//! The second factor: each code opens once, and what needs one.

use serde_json::json;
use tests::answer::text;
use tests::story::{PASSWORD, PROVINCE};
use tests::{Database, Story, TestServer, on_both};

use super::{get, post, sign_in};

on_both! {
    each_code_of_the_authenticator_opens_once;
    a_recovery_code_opens_once;
    staff_without_a_second_factor_do_no_business;
    signing_and_revoking_need_a_proof_of_the_last_five_minutes;
}

/// Enrols an authenticator; answers its secret and the recovery codes.
pub(super) async fn enrol(server: &TestServer, token: &str) -> (totp::Generator, Vec<String>) {
    let begun = post(
        server,
        "/api/v1/self/second-factor",
        Some(token),
        &json!({}),
    )
    .await
    .good();
    let authenticator = totp::Generator::new(&text(&begun["secret"]));
    assert!(text(&begun["otpauth_uri"]).starts_with("otpauth://totp/"));
    let confirm = "/api/v1/self/second-factor/confirm";
    post(server, confirm, Some(token), &json!({ "code": "000000" }))
        .await
        .problem(422, "invalid-request");
    let code = authenticator.code(server);
    let confirmed = post(server, confirm, Some(token), &json!({ "code": code }))
        .await
        .good();
    let codes = confirmed["recovery_codes"].as_array().expect("codes");
    (authenticator, codes.iter().map(text).collect())
}

mod totp {
    //! An authenticator, as somebody has it on their telephone.

    use tests::TestServer;

    pub(crate) struct Generator(totp_rs::Totp);

    impl Generator {
        pub(crate) fn new(secret: &str) -> Self {
            let secret = totp_rs::Secret::try_from_base32(secret).expect("Base32");
            Self(
                totp_rs::Builder::new()
                    .with_secret(secret)
                    .with_account_name("a")
                    .build()
                    .expect("a secret"),
            )
        }

        pub(crate) fn code(&self, server: &TestServer) -> String {
            let now = server.app.now().timestamp();
            self.0.generate(now.cast_unsigned()).to_string()
        }
    }
}

const PROVE: &str = "/api/v1/sessions/current/second-factor";

async fn each_code_of_the_authenticator_opens_once(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let signed = sign_in(server, "county-1", PASSWORD).await.good();
    assert_eq!(signed["second_factor"], "not_enrolled");
    let other = sign_in(server, "county-1", PASSWORD).await.good();
    let token = text(&signed["access_token"]);
    let (authenticator, _) = enrol(server, &token).await;
    // Other sessions end, this one is proved.
    get(server, "/api/v1/self", &text(&other["access_token"]))
        .await
        .problem(401, "unauthenticated");
    get(server, "/api/v1/proposals", &token).await.good();
    post(
        server,
        "/api/v1/self/second-factor",
        Some(&token),
        &json!({}),
    )
    .await
    .problem(409, "already-enrolled");

    // The step of the confirmation was used; a password alone is half a sign-in.
    let half = sign_in(server, "county-1", PASSWORD).await.good();
    assert_eq!(half["second_factor"], "to_prove");
    let half = text(&half["access_token"]);
    get(server, "/api/v1/self", &half).await.good();
    get(server, "/api/v1/proposals", &half)
        .await
        .problem(403, "second-factor-required");
    let change = json!({ "old_password": PASSWORD, "new_password": "another-fine-password" });
    post(server, "/api/v1/self/password", Some(&half), &change)
        .await
        .problem(403, "second-factor-required");
    let used = json!({ "code": authenticator.code(server) });
    post(server, PROVE, Some(&half), &used)
        .await
        .problem(422, "invalid-request");
    server.clock.advance_seconds(30);
    let code = json!({ "code": authenticator.code(server) });
    let proved = post(server, PROVE, Some(&half), &code).await;
    assert_eq!(proved.status, 204, "{}", proved.text());
    get(server, "/api/v1/proposals", &half).await.good();
    post(server, PROVE, Some(&half), &code)
        .await
        .problem(422, "invalid-request");

    // With the password at once; a wrong code leaves no session behind.
    server.clock.advance_seconds(60);
    let with = |code: &str| json!({ "name": "county-1", "password": PASSWORD, "code": code });
    post(server, "/api/v1/sessions", None, &with("123"))
        .await
        .problem(422, "invalid-request");
    let code = authenticator.code(server);
    let whole = post(server, "/api/v1/sessions", None, &with(&code))
        .await
        .good();
    assert_eq!(whole["second_factor"], "proved");

    // Guesses wait, wherever they come from.
    let mut last = 0;
    for _ in 0..7 {
        last = post(server, PROVE, Some(&half), &json!({ "code": "000000" }))
            .await
            .status
            .as_u16();
    }
    assert_eq!(last, 429);
}

async fn a_recovery_code_opens_once(database: Database) {
    let story = Story::staffed(database).await;
    let server = &story.server;
    let token = text(&sign_in(server, "county-1", PASSWORD).await.good()["access_token"]);
    let (_, codes) = enrol(server, &token).await;
    assert_eq!(codes.len(), 10);
    let half = text(&sign_in(server, "county-1", PASSWORD).await.good()["access_token"]);
    // As people type it.
    let typed = codes[0].to_lowercase().replace('-', " ");
    let proved = post(server, PROVE, Some(&half), &json!({ "code": typed })).await;
    assert_eq!(proved.status, 204, "{}", proved.text());
    post(server, PROVE, Some(&half), &json!({ "code": codes[0] }))
        .await
        .problem(422, "invalid-request");
    // A code of another account opens nothing.
    let other = text(&sign_in(server, "county-2", PASSWORD).await.good()["access_token"]);
    post(server, PROVE, Some(&other), &json!({ "code": codes[1] }))
        .await
        .problem(422, "invalid-request");
    // A lost telephone: the administrator takes the factor away, and every session ends.
    let account = text(&get(server, "/api/v1/self", &half).await.good()["account"]);
    let path = format!("/api/v1/accounts/{account}/second-factor/remove");
    story.who("national-1").post(&path, &json!({})).await.good();
    get(server, "/api/v1/self", &half)
        .await
        .problem(401, "unauthenticated");
    let fresh = sign_in(server, "county-1", PASSWORD).await.good();
    assert_eq!(fresh["second_factor"], "not_enrolled");
}

async fn staff_without_a_second_factor_do_no_business(database: Database) {
    let mut story = Story::staffed(database).await;
    story.server = strict(story.server).await;
    let server = &story.server;
    for name in ["county-1", "school-1", "province-1", "national-1"] {
        let token = text(&sign_in(server, name, PASSWORD).await.good()["access_token"]);
        get(server, "/api/v1/self", &token).await.good();
        for path in ["/api/v1/cohorts", "/api/v1/certificates"] {
            get(server, path, &token)
                .await
                .problem(403, "second-factor-required");
        }
        let request = json!({ "federation": PROVINCE, "year": 2026 });
        if name == "national-1" {
            post(server, "/api/v1/keys", Some(&token), &request)
                .await
                .problem(403, "second-factor-required");
            post(server, "/api/v1/accounts", Some(&token), &json!({}))
                .await
                .problem(403, "second-factor-required");
        }
        enrol(server, &token).await;
        get(server, "/api/v1/cohorts", &token).await.good();
    }
}

/// The same registry on another socket, where the policy asks for a second factor.
async fn strict(server: TestServer) -> TestServer {
    server
        .again(|config| config.require_second_factor = true)
        .await
}

async fn signing_and_revoking_need_a_proof_of_the_last_five_minutes(database: Database) {
    let mut story = Story::ready(database).await;
    let cohort = story.accepted(1).await;
    let batch = story.propose(&cohort).await;
    story.server = strict(story.server).await;
    let server = &story.server;
    let token = text(&sign_in(server, "province-1", PASSWORD).await.good()["access_token"]);
    let (authenticator, _) = enrol(server, &token).await;
    server.clock.advance_seconds(5 * 60 + 1);
    get(server, "/api/v1/certificates", &token).await.good();
    let approve = format!("/api/v1/certificate-batches/{batch}/approve");
    post(server, &approve, Some(&token), &json!({}))
        .await
        .problem(403, "step-up-required");
    assert_eq!(
        get(server, "/api/v1/certificates", &token).await.good()["items"],
        json!([])
    );
    let proved = post(
        server,
        PROVE,
        Some(&token),
        &json!({ "code": authenticator.code(server) }),
    )
    .await;
    assert_eq!(proved.status, 204);
    let issued = post(server, &approve, Some(&token), &json!({}))
        .await
        .good();
    let id = text(&issued["certificates"][0]["id"]);
    server.clock.advance_seconds(5 * 60 + 1);
    for (path, body) in [
        (
            format!("/api/v1/certificates/{id}/changes"),
            json!({ "act": "suspend" }),
        ),
        (
            format!("/api/v1/proposals/{}/approve", uuid::Uuid::nil()),
            json!({}),
        ),
    ] {
        post(server, &path, Some(&token), &body)
            .await
            .problem(403, "step-up-required");
    }
}
