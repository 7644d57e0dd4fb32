//! One list after another.

use super::{SignedTrustList, TrustList, TrustListFault, accept};

impl TrustList {
    /// Whether this list may follow `previous`: every key is still there and the same, and no state went back. Who keeps whole
    /// lists asks this too: a version number alone does not show a key that was quietly taken back into use.
    pub fn follows(&self, previous: &Self) -> Result<(), TrustListFault> {
        for (kid, before) in &previous.keys {
            let same = self.keys.get(kid).is_some_and(|now| {
                now.purpose == before.purpose
                    && now.public_key == before.public_key
                    && (now.state == before.state || before.state.may_become(now.state))
            });
            if !same {
                return Err(TrustListFault::Regressed(kid.clone()));
            }
        }
        Ok(())
    }
}

impl SignedTrustList {
    /// Accepts this list in place of `kept`, the newest whole list that was accepted before.
    pub fn replace(self, kept: &Self) -> Result<Self, TrustListFault> {
        accept(Some(&kept.seen()), &self)?;
        self.list.follows(&kept.list)?;
        Ok(self)
    }
}
