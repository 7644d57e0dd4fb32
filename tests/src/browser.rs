//! A browser without a screen: cookies, and where its forms come from.

use reqwest::Method;

use crate::{Answer, Client, TestServer};

/// A browser: it keeps cookies and says where its forms come from.
#[derive(Debug)]
pub struct Browser {
    /// What speaks for it.
    pub client: Client,
    /// Its cookies.
    pub cookies: Vec<(String, String)>,
}

impl Browser {
    /// A browser that was never here.
    pub fn new(server: &TestServer) -> Self {
        Self {
            client: Client::anybody(server),
            cookies: Vec::new(),
        }
    }

    /// The line of all cookies.
    pub fn cookie(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().expect("text");
            for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
                assert!(line.contains(part), "{line}");
            }
            assert!(line.starts_with("__Host-"), "{line}");
            let (name, rest) = line.split_once('=').expect("a pair");
            let value = rest.split(';').next().unwrap_or("");
            self.cookies.retain(|(found, _)| found != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Opens a page.
    pub async fn open(&mut self, path: &str) -> Answer {
        let request = self.client.ask(Method::GET, path).await;
        let answer = self
            .client
            .send(request.header("Cookie", self.cookie()))
            .await;
        self.keep(&answer);
        answer
    }

    /// Sends a form with these headers.
    pub async fn send(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.client.ask(Method::POST, path).await;
        request = request.header("Cookie", self.cookie()).form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.client.send(request).await;
        self.keep(&answer);
        answer
    }

    /// Signs in by the form of the page.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        let own = [("Sec-Fetch-Site", "same-origin")];
        self.send(
            "/sign-in",
            &own,
            &[("name", name), ("password", password), ("to", "/desk")],
        )
        .await
    }
}
