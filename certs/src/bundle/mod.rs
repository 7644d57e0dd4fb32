//! The trust bundle: one signed file with which certificates are checked without a network (`docs/formats.md` section 18).
//!
//! It holds the signed trust list, the status of every certificate as places of the status lists, names and standing of
//! institutions, names of programs and federations, and the newest checkpoint. Who has accepted a bundle takes no older one.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{CreditCode, FederationCode, ProgramCode};
use sha2::{Digest, Sha256};

use crate::keys::{KeyId, KeySet, KeyState, SignError, Signer};
use crate::log::Checkpoint;
use crate::sealed::{self, SealFault};
use crate::trust_list::{self, Roots, SignedTrustList, TrustList};
use crate::verdict::Standing;

mod delta;
mod facts;
mod fault;
mod places;
mod seen;
mod wire;

pub use delta::{BundleDelta, delta};
pub use fault::{BundleFault, DeltaFault};
pub use places::{MAX_PLACES, Places};
pub use seen::Seen;

/// Content type in the protected header, and media type of the file.
pub const CONTENT_TYPE: &str = "application/vnd.mingzheng.trust-bundle+cbor";

/// Media type of a delta.
pub const DELTA_TYPE: &str = "application/vnd.mingzheng.trust-bundle-delta+cbor";

/// Longest bundle, and longest delta, that is read.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// How far the clock of a verifier may lie behind the registry's.
pub(crate) const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Status of all certificates of one list. What stands in none of the three is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListStatus {
    /// Places of the list.
    pub size: u32,
    /// Revoked, for good.
    pub revoked: Places,
    /// Replaced by a new certificate, for good.
    pub superseded: Places,
    /// On hold.
    pub suspended: Places,
}

/// Standing of an institution from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingChange {
    /// From then on; whole seconds.
    pub since: DateTime<Utc>,
    /// What it is then.
    pub standing: Standing,
}

/// An institution: its name, and its standing with each federation that it had to do with, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleInstitution {
    /// Name when the bundle was made; empty where it would tell of a disability.
    pub name: String,
    /// Changes by federation.
    pub standing: BTreeMap<FederationCode, Vec<StandingChange>>,
}

/// What a bundle says. Instants are whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Number of the bundle, from 1.
    pub number: u64,
    /// The moment for which everything in it speaks.
    pub issued_at: DateTime<Utc>,
    /// End of its validity, exclusive.
    pub valid_until: DateTime<Utc>,
    /// The signed trust list.
    pub trust_list: Vec<u8>,
    /// The signed checkpoint; empty where the log is.
    pub checkpoint: String,
    /// Status of the certificates by list.
    pub lists: BTreeMap<u32, ListStatus>,
    /// Neutral names of federations: that of the area.
    pub federations: BTreeMap<FederationCode, String>,
    /// Names of programs, without those that would tell of a disability.
    pub programs: BTreeMap<ProgramCode, String>,
    /// Institutions.
    pub institutions: BTreeMap<CreditCode, BundleInstitution>,
}

/// Why a bundle was not signed.
#[derive(Debug, thiserror::Error)]
pub enum BundleSignFault {
    /// It would be refused by every reader.
    #[error(transparent)]
    Content(#[from] BundleFault),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Content {
    /// Signs it. The key must be one that [`Bundle::open`] finds in the trust list inside.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>, BundleSignFault> {
        self.check()?;
        let bytes = sealed::seal(CONTENT_TYPE, wire::encode(self), signer)?;
        if bytes.len() > MAX_BYTES {
            return Err(BundleFault::TooLarge.into());
        }
        Ok(bytes)
    }

    /// Length of the status part in bytes, as it stands in the file.
    pub fn status_bytes(&self) -> usize {
        wire::lists_bytes(&self.lists)
    }

    /// What holds for every bundle and its types do not tell.
    fn check(&self) -> Result<(), BundleFault> {
        if self.number == 0 {
            return Err(BundleFault::Field(1));
        }
        if self.valid_until <= self.issued_at {
            return Err(BundleFault::Field(3));
        }
        let good = |list: &ListStatus| {
            let sets = [&list.revoked, &list.superseded, &list.suspended];
            (1..=MAX_PLACES).contains(&list.size)
                && sets
                    .iter()
                    .all(|set| set.as_slice().last().is_none_or(|last| *last < list.size))
                && sets[0].disjoint(sets[1])
                && sets[0].disjoint(sets[2])
                && sets[1].disjoint(sets[2])
        };
        if !self.lists.values().all(good) {
            return Err(BundleFault::Field(6));
        }
        if self.federations.values().any(String::is_empty) {
            return Err(BundleFault::Field(7));
        }
        if self.programs.values().any(String::is_empty) {
            return Err(BundleFault::Field(8));
        }
        let good = |institution: &BundleInstitution| {
            institution.standing.values().all(|changes| {
                !changes.is_empty() && changes.is_sorted_by_key(|change| change.since)
            })
        };
        if !self.institutions.values().all(good) {
            return Err(BundleFault::Field(9));
        }
        Ok(())
    }
}

/// A bundle whose signature and trust list hold.
#[derive(Clone, Debug)]
pub struct Bundle {
    content: Content,
    trust_list: SignedTrustList,
    issuers: KeySet,
    key_id: KeyId,
    sha256: [u8; 32],
}

impl Bundle {
    /// Reads a bundle strictly. The trust list inside is checked with one of the roots, then the bundle with the key that the
    /// list names, then the checkpoint with the key of the log that the list names.
    pub fn open(bytes: &[u8], roots: &Roots) -> Result<Self, BundleFault> {
        if bytes.len() > MAX_BYTES {
            return Err(BundleFault::TooLarge);
        }
        let sealed = sealed::open(CONTENT_TYPE, bytes).map_err(|fault| match fault {
            SealFault::ContentType => BundleFault::Header,
            SealFault::Form | SealFault::Signature => BundleFault::Encoding,
        })?;
        // The list has to be read to know the key: it is its own signature that is believed, not the bundle's.
        let content = wire::decode(&sealed.payload)?;
        let trust_list = SignedTrustList::open(&content.trust_list, roots)
            .map_err(|_| BundleFault::TrustList)?;
        let list = trust_list.list();
        let key = signing_key(list, &sealed.key_id, content.issued_at).ok_or(BundleFault::Key)?;
        sealed.verify(key).map_err(|_| BundleFault::Signature)?;
        content.check()?;
        if !content.checkpoint.is_empty() && !is_of_a_log(&content.checkpoint, list) {
            return Err(BundleFault::Field(5));
        }
        Ok(Self {
            issuers: list.issuer_keys(),
            content,
            trust_list,
            key_id: sealed.key_id,
            sha256: Sha256::digest(bytes).into(),
        })
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The trust list in it.
    pub fn trust_list(&self) -> &TrustList {
        self.trust_list.list()
    }

    /// The issuer keys of that list.
    pub fn issuers(&self) -> &KeySet {
        &self.issuers
    }

    /// The key that signed it.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// SHA-256 of its bytes.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Whether what it says of the status may be relied on at `now`: neither bundle nor trust list has ended. A bundle from the
    /// future is as bad as an old one: one of both clocks is wrong.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now < self.content.valid_until
            && self.content.issued_at <= now + CLOCK_TOLERANCE
            && self.trust_list().is_fresh(now)
    }

    /// Name of a program.
    pub fn program(&self, code: &ProgramCode) -> Option<&str> {
        self.content.programs.get(code).map(String::as_str)
    }

    /// An institution.
    pub fn institution(&self, code: &CreditCode) -> Option<&BundleInstitution> {
        self.content.institutions.get(code)
    }

    /// Name of a federation.
    pub fn federation(&self, code: &FederationCode) -> Option<&str> {
        self.content.federations.get(code).map(String::as_str)
    }
}

/// The key for status lists signs bundles too: both say what became of certificates, and it is at hand where they are made.
fn signing_key<'l>(
    list: &'l TrustList,
    kid: &KeyId,
    at: DateTime<Utc>,
) -> Option<&'l crate::keys::PublicKey> {
    let key = list.keys.get(kid)?;
    let fits = key.purpose == trust_list::KeyPurpose::Status
        && key.state == KeyState::Active
        && key.not_before <= at
        && at < key.not_after;
    fits.then_some(&key.public_key)
}

fn is_of_a_log(note: &str, list: &TrustList) -> bool {
    // Where a log was succeeded, the newest that its witnesses have cosigned may still be of the old one.
    list.log_keys()
        .filter(|(_, key)| matches!(key.state, KeyState::Active | KeyState::Retired))
        .any(|(origin, key)| Checkpoint::verify(note, origin, &key.public_key).is_ok())
}
