//! Where a request comes from (trust.md RL-1): the connection's other end, or what trusted proxies say about it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What counts as one source: an IPv4 address, or an IPv6 network of 64 bits, which is one household or one office.
///
/// An address can tell who somebody is: it is neither written to a log nor kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

/// Shows no address.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source(***)")
    }
}

impl Source {
    /// The source of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let mut segments = address.segments();
                segments[4..].fill(0);
                Self(IpAddr::V6(Ipv6Addr::from(segments)))
            }
            address @ IpAddr::V4(_) => Self(address),
        }
    }

    /// The address itself, or its network of 64 bits: for what keeps still less of it.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }

    /// What failed sign-ins are counted under.
    pub fn counted_as(self) -> String {
        self.0.to_string()
    }

    /// The networks around an IPv6 source that one customer may hold, with the bits of each: sources of one of them may be
    /// one asker. An IPv4 address has none.
    pub fn around(self) -> Vec<(u8, String)> {
        let IpAddr::V6(address) = self.0 else {
            return Vec::new();
        };
        [48, 32]
            .into_iter()
            .map(|bits: u8| {
                let mut segments = address.segments();
                segments[usize::from(bits / 16)..].fill(0);
                (bits, format!("{}/{bits}", Ipv6Addr::from(segments)))
            })
            .collect()
    }

    /// The source of a request. `X-Forwarded-For` is read from its end, and only as far as proxies are trusted: what a
    /// client wrote into it itself comes before that, and changes nothing.
    pub(super) fn of_request(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> Self {
        let trusted = |address: IpAddr| {
            let address = address.to_canonical();
            proxies.iter().any(|net| net.contains(&address))
        };
        let mut client = peer;
        let told: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .collect();
        for address in told.iter().rev() {
            if !trusted(client) {
                break;
            }
            match address_of(address) {
                Some(address) => client = address,
                None => break,
            }
        }
        Self::of(client)
    }
}

/// An address with or without a port.
fn address_of(text: &str) -> Option<IpAddr> {
    text.trim_matches(['[', ']'])
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|full| full.ip()))
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or(Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn source(peer: &str, forwarded: &[&str], proxies: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(
                "x-forwarded-for",
                HeaderValue::from_str(line).expect("a header"),
            );
        }
        let proxies: Vec<IpNet> = proxies
            .iter()
            .map(|net| net.parse().expect("a network"))
            .collect();
        Source::of_request(peer.parse().expect("an address"), &headers, &proxies).0
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let trusted = ["10.0.0.0/8"];
        assert_eq!(source("192.0.2.1", &["203.0.113.9"], &[]), ip("192.0.2.1"));
        assert_eq!(
            source("192.0.2.1", &["203.0.113.9"], &trusted),
            ip("192.0.2.1")
        );
        assert_eq!(
            source("10.0.0.1", &["203.0.113.9"], &trusted),
            ip("203.0.113.9")
        );
        // What the client put in front changes nothing.
        assert_eq!(
            source("10.0.0.1", &["198.51.100.7, 203.0.113.9"], &trusted),
            ip("203.0.113.9")
        );
        assert_eq!(
            source(
                "10.0.0.1",
                &["198.51.100.7", "203.0.113.9, 10.0.0.2"],
                &trusted
            ),
            ip("203.0.113.9")
        );
        assert_eq!(
            source("10.0.0.1", &["203.0.113.9:4711"], &trusted),
            ip("203.0.113.9")
        );
        // Nonsense from the proxy: its own address counts.
        assert_eq!(source("10.0.0.1", &["unknown"], &trusted), ip("10.0.0.1"));
        assert_eq!(
            source("::ffff:10.0.0.1", &["203.0.113.9"], &trusted),
            ip("203.0.113.9")
        );
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_source() {
        let one = source("2001:db8:1:2:3:4:5:6", &[], &[]);
        assert_eq!(one, source("2001:db8:1:2:ffff::1", &[], &[]));
        assert_ne!(one, source("2001:db8:1:3::1", &[], &[]));
    }
}
