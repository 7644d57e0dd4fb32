//! What a verifier remembers, so that nobody leads it backwards (trust.md KY-6).

use super::{Bundle, BundleFault};
use crate::trust_list::{self, TrustListFault};

/// The newest bundle and the newest trust list that were accepted.
///
/// Both count: who holds the key of bundles but not the root key could put an old trust list into a new bundle, in which a
/// stolen issuer key is still good. The list may be a newer one than that of the bundle: one that came by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Number of the bundle.
    pub number: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// The trust list.
    pub trust_list: trust_list::Seen,
}

impl Bundle {
    /// Accepts this bundle after what was accepted before, and answers what to remember. An older bundle is refused, another
    /// one of the same number, and one with an older trust list.
    pub fn accept(&self, seen: Option<&Seen>) -> Result<Seen, BundleFault> {
        let offered = self.content.number;
        match seen {
            Some(seen) if offered < seen.number => {
                return Err(BundleFault::Older {
                    seen: seen.number,
                    offered,
                });
            }
            Some(seen) if offered == seen.number && self.sha256 != seen.sha256 => {
                return Err(BundleFault::Forked(offered));
            }
            _ => {}
        }
        Ok(Seen {
            number: offered,
            sha256: self.sha256,
            trust_list: self.accept_list(seen.map(|seen| &seen.trust_list))?,
        })
    }

    /// The same for its trust list alone, after a list that was accepted by itself.
    pub fn accept_list(
        &self,
        seen: Option<&trust_list::Seen>,
    ) -> Result<trust_list::Seen, BundleFault> {
        trust_list::accept(seen, &self.trust_list).map_err(|fault| match fault {
            TrustListFault::Older { seen, found } => BundleFault::OlderList {
                seen,
                offered: found,
            },
            TrustListFault::Forked(version) => BundleFault::ForkedList(version),
            _ => BundleFault::TrustList,
        })
    }

    /// The trust list in it, as it was signed.
    pub fn signed_trust_list(&self) -> &trust_list::SignedTrustList {
        &self.trust_list
    }
}
