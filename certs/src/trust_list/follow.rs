//! One list after another.

use super::{KeyPurpose, SignedTrustList, TrustList, TrustListFault, accept};

impl TrustList {
    /// Whether this list may follow `previous`: every key is still there and the same, no state went back, and
    /// the witnesses before are still told. Who keeps whole
    /// lists asks this too: a version number alone does not show a key that was quietly taken back into use.
    pub fn follows(&self, previous: &Self) -> Result<(), TrustListFault> {
        for (kid, before) in &previous.keys {
            let same = self.keys.get(kid).is_some_and(|now| {
                same_purpose(&now.purpose, &before.purpose)
                    && now.public_key == before.public_key
                    && (now.state == before.state || before.state.may_become(now.state))
            });
            if !same {
                return Err(TrustListFault::Regressed(kid.clone()));
            }
        }
        if !self.witnesses_follow(previous) {
            return Err(TrustListFault::WitnessesRegressed);
        }
        Ok(())
    }
}

/// A log may be renamed with the address of its registry; its key, which counts, is the same.
fn same_purpose(now: &KeyPurpose, before: &KeyPurpose) -> bool {
    now == before || matches!((now, before), (KeyPurpose::Log(_), KeyPurpose::Log(_)))
}

impl SignedTrustList {
    /// Accepts this list in place of `kept`, the newest whole list that was accepted before.
    pub fn replace(self, kept: &Self) -> Result<Self, TrustListFault> {
        accept(Some(&kept.seen()), &self)?;
        self.list.follows(&kept.list)?;
        Ok(self)
    }
}
