//! Somebody who asks a server: signed in or not, always with a key of their own for an act.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use api::app::App;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{Answer, TestServer};

static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

/// A key for an act that nobody used before.
pub fn fresh_key() -> String {
    format!(
        "key-{}-{}",
        std::process::id(),
        NEXT_KEY.fetch_add(1, Ordering::Relaxed)
    )
}

/// Somebody who asks.
#[derive(Debug)]
pub struct Client {
    app: App,
    base: String,
    http: reqwest::Client,
    /// Name and password.
    account: Option<(String, String)>,
    /// A token and the moment at which it was given.
    token: Mutex<Option<(i64, String)>>,
}

impl Client {
    /// Anybody: not signed in.
    pub fn anybody(server: &TestServer) -> Self {
        Self {
            app: server.app.clone(),
            base: server.url(""),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()
                .expect("a client"),
            account: None,
            token: Mutex::new(None),
        }
    }

    /// A holder of an account.
    pub fn of(server: &TestServer, name: &str, password: &str) -> Self {
        Self {
            account: Some((name.to_owned(), password.to_owned())),
            ..Self::anybody(server)
        }
    }

    /// A holder of a token, however it was come by.
    pub fn bearing(server: &TestServer, token: String) -> Self {
        Self {
            token: Mutex::new(Some((i64::MAX, token))),
            ..Self::anybody(server)
        }
    }

    /// The same holder of an account at another server of the same registry.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self {
            app: self.app.clone(),
            base: base.to_owned(),
            http: self.http.clone(),
            account: self.account.clone(),
            token: Mutex::new(None),
        }
    }

    /// A token, fresh when the clock has moved past the life of the last one.
    pub async fn token(&self) -> Option<String> {
        let now = self.app.now().timestamp();
        let kept = self.token.lock().expect("no panic").clone();
        let Some((name, password)) = self.account.as_ref() else {
            return kept.map(|(_, token)| token);
        };
        if let Some((at, token)) = kept
            && now - at < 600
        {
            return Some(token);
        }
        let answer = self
            .send(
                self.http
                    .post(format!("{}/api/v1/sessions", self.base))
                    .json(&json!({ "name": name, "password": password })),
            )
            .await;
        let token = crate::answer::text(&answer.good()["access_token"]);
        *self.token.lock().expect("no panic") = Some((now, token.clone()));
        Some(token)
    }

    /// A request of this client, to be added to.
    pub async fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match self.token().await {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await;
        Answer::read(
            asked,
            response.unwrap_or_else(|error| panic!("no answer: {error}")),
        )
        .await
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        let request = self.ask(Method::GET, path).await;
        self.send(request).await
    }

    /// Acts.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with_key(path, &fresh_key(), body).await
    }

    /// Acts under a given key.
    pub async fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.ask(Method::POST, path).await;
        self.send(request.header("Idempotency-Key", key).json(body))
            .await
    }

    /// Acts on something that exists, at the revision seen.
    pub async fn post_seen(&self, path: &str, revision: &Value, body: &Value) -> Answer {
        let request = self.ask(Method::POST, path).await;
        let request = request
            .header("Idempotency-Key", fresh_key())
            .header("If-Match", format!("\"{revision}\""));
        self.send(request.json(body)).await
    }

    /// Acts on something at `resource`, at its revision now.
    pub async fn act(&self, resource: &str, acts: &str, body: &Value) -> Answer {
        let now = self.get(resource).await.good();
        self.post_seen(&format!("{resource}/{acts}"), &now["revision"], body)
            .await
    }

    /// Uploads a file as the body.
    pub async fn upload(&self, path: &str, bytes: Vec<u8>) -> Answer {
        let request = self.ask(Method::POST, path).await;
        let request = request
            .header("Idempotency-Key", fresh_key())
            .header("Content-Type", "application/octet-stream");
        self.send(request.body(bytes)).await
    }
}
