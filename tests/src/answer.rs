//! What a server answered, and what a test expects of it.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(asked: String, response: reqwest::Response) -> Self {
        Self {
            asked,
            status: response.status(),
            headers: response.headers().clone(),
            bytes: response.bytes().await.expect("a whole body").to_vec(),
        }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("{}: no JSON: {}", self.asked, self.text()))
    }

    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The JSON of a good answer.
    #[track_caller]
    pub fn good(&self) -> Value {
        assert!(
            self.status.is_success(),
            "{}: {} {}",
            self.asked,
            self.status,
            self.text()
        );
        self.json()
    }

    /// The problem document of a refusal with this status and code: its form is checked whole.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}: {}",
            self.asked,
            self.text()
        );
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.asked
        );
        let body = self.json();
        assert_eq!(body["code"], code, "{}: {body}", self.asked);
        assert_eq!(body["status"], status, "{body}");
        for field in ["type", "title", "detail", "instance"] {
            let text = body[field].as_str().unwrap_or("");
            assert!(!text.is_empty(), "{}: no {field}: {body}", self.asked);
        }
        body
    }

    /// Codes of the single faults of a problem, with their pointers.
    #[track_caller]
    pub fn faults(&self) -> Vec<(String, String)> {
        let body = self.json();
        body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| (text(&error["pointer"]), text(&error["code"])))
            .collect()
    }
}

/// The text of a JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("a string, not {value}"))
        .to_owned()
}
