//! Where a request comes from: address, device token, device in words.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::tokens::{Kind, Token};
use crate::app::App;

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Address of the asker.
    pub address: IpAddr,
    /// The device token that the asker showed.
    pub device: Option<Token>,
    /// The device in words.
    pub words: String,
}

impl Source {
    /// The command line: somebody at the machine itself.
    pub fn command_line() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            device: None,
            words: "mingzheng".to_owned(),
        }
    }

    /// The network that is counted as one source: an IPv4 address, or a /64 of IPv6.
    pub fn network(&self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

impl FromRequestParts<App> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self {
            address: client_address(peer, &app.config.trusted_proxies, &parts.headers),
            device: None,
            words: device_words(&parts.headers),
        })
    }
}

/// The address of the asker: the last one in `X-Forwarded-For` that no trusted proxy wrote about itself, and only
/// when the peer is such a proxy; anybody else may write what they like there (trust.md RL-1).
fn client_address(peer: IpAddr, trusted: &[IpAddr], headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.contains(&peer) {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|part| {
            part.trim()
                .parse::<IpAddr>()
                .ok()
                .map(|one| one.to_canonical())
        })
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        // What does not parse ends the chain: nothing before it can be believed.
        .map_while(|one| one)
        .find(|one| !trusted.contains(one))
        .unwrap_or(peer)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-forwarded-for",
            "203.0.113.9, 198.51.100.7, 10.0.0.2"
                .parse()
                .expect("a value"),
        );
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        assert_eq!(
            client_address(ip("192.0.2.1"), &proxies, &headers),
            ip("192.0.2.1")
        );
        // The first of the list was written by the asker.
        assert_eq!(
            client_address(ip("10.0.0.1"), &proxies, &headers),
            ip("198.51.100.7")
        );
        assert_eq!(
            client_address(ip("10.0.0.1"), &[], &headers),
            ip("10.0.0.1")
        );
    }
}
