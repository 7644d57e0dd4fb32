//! The public keys that a verifier knows, each with its time and state (trust.md KY-2).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::FederationCode;

use super::{KeyId, PublicKey};

/// State of a signing key. It moves forward only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Made known, not yet in use.
    Pending,
    /// Signs.
    Active,
    /// Signs no more; what it signed while active stays good.
    Retired,
    /// Known to others since `at`: only what stood in the log before then stays good (trust.md KY-4).
    Compromised {
        /// Moment of the compromise.
        at: DateTime<Utc>,
    },
}

impl KeyState {
    /// Whether a key may go from here to `next`: forward only; a compromise is never taken back, only found to be older
    /// (trust.md KY-6).
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Compromised { at: known }, Self::Compromised { at: found }) => found < known,
            (Self::Pending, Self::Active | Self::Retired)
            | (Self::Active, Self::Retired)
            | (Self::Pending | Self::Active | Self::Retired, Self::Compromised { .. }) => true,
            _ => false,
        }
    }

    /// The state of a word, with the moment that a compromise, and only a compromise, has.
    pub fn from_word(word: &str, compromised_at: Option<DateTime<Utc>>) -> Option<Self> {
        match (word, compromised_at) {
            ("pending", None) => Some(Self::Pending),
            ("active", None) => Some(Self::Active),
            ("retired", None) => Some(Self::Retired),
            ("compromised", Some(at)) => Some(Self::Compromised { at }),
            _ => None,
        }
    }

    /// The word in the log and in the trust list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Compromised { .. } => "compromised",
        }
    }
}

/// What a verifier knows about one issuer key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key, with its algorithm.
    pub public_key: PublicKey,
    /// The issuing federation.
    pub federation: FederationCode,
    /// First moment of issue.
    pub not_before: DateTime<Utc>,
    /// End of issuing, exclusive.
    pub not_after: DateTime<Utc>,
    /// State as of the trust list.
    pub state: KeyState,
}

/// The issuer keys that a verifier trusts, by key id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(BTreeMap<KeyId, KeyRecord>);

impl KeySet {
    /// No keys: every certificate then has an unknown key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a key; gives back the record it replaced.
    pub fn insert(&mut self, id: KeyId, record: KeyRecord) -> Option<KeyRecord> {
        self.0.insert(id, record)
    }

    /// The record of a key.
    pub fn find(&self, id: &KeyId) -> Option<&KeyRecord> {
        self.0.get(id)
    }

    /// All keys in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyId, &KeyRecord)> {
        self.0.iter()
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(KeyId, KeyRecord)> for KeySet {
    fn from_iter<T: IntoIterator<Item = (KeyId, KeyRecord)>>(keys: T) -> Self {
        Self(keys.into_iter().collect())
    }
}
