//! Where a request comes from: address, device token, device in words.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::tokens::{Kind, Token};
use crate::border;

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Network of the asker, as the border counts it; none at the command line.
    network: Option<border::Source>,
    /// The device token that the asker showed.
    pub device: Option<Token>,
    /// The device in words.
    pub words: String,
}

impl Source {
    /// The command line: somebody at the machine itself.
    pub fn command_line() -> Self {
        Self {
            network: None,
            device: None,
            words: "mingzheng".to_owned(),
        }
    }

    /// No place in particular: what is counted so is counted wherever it comes from.
    pub fn anywhere() -> Self {
        Self {
            network: None,
            device: None,
            words: String::new(),
        }
    }

    /// The network that is counted as one source: an IPv4 address, or a /64 of IPv6.
    pub fn network(&self) -> String {
        self.network
            .map_or_else(|| self.words.clone(), border::Source::counted_as)
    }
}

impl Source {
    /// The networks around it that one customer may hold, with the bits of each.
    pub fn around(&self) -> Vec<(u8, String)> {
        self.network.map_or_else(Vec::new, border::Source::around)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let network = border::Source::from_request_parts(parts, state).await?;
        Ok(Self {
            network: Some(network),
            device: None,
            words: device_words(&parts.headers),
        })
    }
}

/// The device in words, from a closed list, so that nothing of the asker's own text is kept or shown.
fn device_words(headers: &HeaderMap) -> String {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let first = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, word)| *word)
    };
    let browser = first(&[
        ("MicroMessenger", "WeChat"),
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "API".to_owned(),
    }
}

/// A device token from a request body.
pub fn device(text: Option<&str>) -> Option<Token> {
    Token::parse(Kind::Device, text?)
}
