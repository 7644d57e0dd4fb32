//! From where a request came, and who was recognised in it.
//!
//! It stands in a variable of the task, so that use cases need no argument that only the audit reads. Whoever runs
//! outside a request (the command line, a worker) has an origin of its own kind.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Extensions;
use domain::access::{Actor, Role};
use domain::ids::AccountId;

use crate::border;

tokio::task_local! {
    static CURRENT: Current;
}

#[derive(Clone)]
struct Current {
    origin: Origin,
    who: Arc<Mutex<Recognised>>,
}

/// The network of a command.
pub const COMMAND_LINE: &str = "command-line";

/// Who was recognised in a request so far.
#[derive(Clone, Debug, Default)]
pub struct Recognised {
    /// The actor of a good token.
    pub actor: Option<Actor>,
    /// The account of a token that is no longer good.
    pub account: Option<AccountId>,
    /// Who is signed in at the page that is being made.
    pub page: Option<OnThisPage>,
}

/// What every page of a signed-in person shows: who they are here, and the way out.
#[derive(Clone, Debug)]
pub struct OnThisPage {
    /// Name of the human being; empty for a trainee, whose page says it itself.
    pub name: String,
    /// The role in which they act.
    pub role: Role,
    /// Whether they hold several posts and may choose.
    pub several: bool,
    /// The token of the form by which they sign out.
    pub form: String,
}

/// Number and network of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The reference number that the answer carries.
    pub request_id: String,
    /// The client's network, see [`network`]; a word for what came over no network.
    pub network: String,
}

impl Origin {
    /// The origin of this task.
    pub fn current() -> Self {
        CURRENT
            .try_with(|current| current.origin.clone())
            .unwrap_or_else(|_| Self {
                request_id: String::new(),
                network: "process".to_owned(),
            })
    }
}

/// Runs a request or command under an origin.
pub async fn scope<F: Future>(origin: Origin, inner: F) -> F::Output {
    let who = Arc::default();
    CURRENT.scope(Current { origin, who }, inner).await
}

/// Remembers who acts.
pub fn know(actor: &Actor) {
    change(|who| who.actor = Some(actor.clone()));
}

/// Remembers the account of a token that is not accepted any more.
pub fn know_account(account: AccountId) {
    change(|who| who.account = Some(account));
}

/// Remembers who is signed in at this page.
pub fn at_page(who: OnThisPage) {
    change(|known| known.page = Some(who));
}

fn change(how: impl FnOnce(&mut Recognised)) {
    let _ = CURRENT.try_with(|current| {
        how(&mut current.who.lock().unwrap_or_else(PoisonError::into_inner));
    });
}

/// Who was recognised so far.
pub fn recognised() -> Recognised {
    CURRENT
        .try_with(|current| {
            current
                .who
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        })
        .unwrap_or_default()
}

/// The client's address, as the border knows it.
pub(crate) fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions
        .get::<border::Source>()
        .map(|source| source.address())
}

/// The network of an address: /24 of IPv4, /48 of IPv6.
///
/// Not a keyed hash of the whole address: an auditor must be able to say "this is the county's own line" years later, also
/// when the key is gone; and a whole address would be a personal datum that outlives every retention date.
pub fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_its_network_only() {
        let of = |text: &str| network(Some(text.parse().expect("an address")));
        assert_eq!(of("203.0.113.77"), "203.0.113.0/24");
        assert_eq!(of("::ffff:203.0.113.77"), "203.0.113.0/24");
        assert_eq!(of("2001:db8:7:9::1"), "2001:db8:7::/48");
        assert_eq!(network(None), "unknown");
    }
}
