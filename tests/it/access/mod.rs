//! Who gets in, how long, and what ends it (trust.md AU-1 to AU-6, AZ-1, AZ-4; field.md 4, 5, 15).

mod codes;
mod scope;
mod second_factor;
mod sessions;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, TestServer};

const WRONG: &str = "a-wrong-password-of-tests";

async fn sign_in(server: &TestServer, name: &str, password: &str) -> Answer {
    post(
        server,
        "/api/v1/sessions",
        None,
        &json!({ "name": name, "password": password }),
    )
    .await
}

/// A request with a body, under a token, without any key.
async fn post(server: &TestServer, path: &str, token: Option<&str>, body: &Value) -> Answer {
    ask(server, Method::POST, path, token, Some(body)).await
}

async fn get(server: &TestServer, path: &str, token: &str) -> Answer {
    ask(server, Method::GET, path, Some(token), None).await
}

async fn ask(
    server: &TestServer,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Answer {
    let anybody = Client::anybody(server);
    let mut request = anybody.ask(method, path).await;
    request = request.header("Idempotency-Key", tests::client::fresh_key());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    anybody.send(request).await
}

/// Who did what to the accesses, with its outcome, oldest first.
async fn audited(server: &TestServer, act: &str) -> Vec<String> {
    store::audit::outcomes(server.app.store.reader(), act)
        .await
        .expect("the audit is read")
}
