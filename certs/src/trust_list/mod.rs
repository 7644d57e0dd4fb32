//! The trust list: every key of the registry with its time and state, and the witnesses, signed by the root key
//! (trust.md KY-3, KY-6; `docs/formats.md` section 17).
//!
//! Each change makes a new version. Who has accepted a version takes none that is older, and no second one of the same number:
//! [`accept`] says what to remember.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::FederationCode;
use sha2::{Digest, Sha256};

use crate::keys::{KeyId, KeyRecord, KeySet, KeyState, PublicKey, Signer};
use crate::log::{Origin, WitnessPolicy, parse_vkey, vkey};
use crate::sealed::{self, SealFault};

mod fault;
mod follow;
mod wire;
mod witnesses;

pub use fault::TrustListFault;
pub use witnesses::EarlierWitnesses;

/// Content type in the protected header, and media type of the file.
pub const CONTENT_TYPE: &str = "application/vnd.mingzheng.trust-list+cbor";

/// Longest list that is read: some ten thousand keys.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What a key of the list may do. A key does one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Signs trust lists.
    Root,
    /// Signs certificates of this federation.
    Issuer(FederationCode),
    /// Signs checkpoints of the log of this name.
    Log(Origin),
    /// Signs status lists.
    Status,
}

impl KeyPurpose {
    /// The word in the list.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuer(_) => "issuer",
            Self::Log(_) => "log",
            Self::Status => "status",
        }
    }
}

/// A key of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// What it may do.
    pub purpose: KeyPurpose,
    /// The key, with its algorithm.
    pub public_key: PublicKey,
    /// First moment of its use.
    pub not_before: DateTime<Utc>,
    /// End of its use, exclusive.
    pub not_after: DateTime<Utc>,
    /// State when the list was signed.
    pub state: KeyState,
}

/// What a trust list says. Instants are whole milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustList {
    /// Number of the version, from 1; each list has a greater one than the list before.
    pub version: u64,
    /// When it was signed.
    pub issued_at: DateTime<Utc>,
    /// End of its validity, exclusive: a newer list has to be had then.
    pub valid_until: DateTime<Utc>,
    /// The keys by their ids.
    pub keys: BTreeMap<KeyId, TrustedKey>,
    /// Witnesses of the log and how many of them have to cosign.
    pub witnesses: WitnessPolicy,
    /// Those before them, oldest first.
    pub earlier_witnesses: Vec<EarlierWitnesses>,
}

/// A trust list with its signature, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedTrustList {
    list: TrustList,
    signed_by: KeyId,
    bytes: Vec<u8>,
}

/// The root keys that a verifier trusts, by the line that it was given ([`root_line`]), or by a list it accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots(BTreeMap<KeyId, PublicKey>);

/// What a verifier keeps of the newest list it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its version.
    pub version: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// The root key as a line to hand out: kid, four bytes of a digest against misreading, key (the form of a log's verifier key).
pub fn root_line(kid: &KeyId, key: &PublicKey) -> Option<String> {
    Some(vkey(&kid.as_str().parse().ok()?, key))
}

impl Roots {
    /// One root key.
    pub fn one(kid: KeyId, key: PublicKey) -> Self {
        Self([(kid, key)].into())
    }

    /// Reads lines as [`root_line`] writes them; empty lines and those that begin with `#` are passed over.
    pub fn parse(text: &str) -> Result<Self, TrustListFault> {
        let mut roots = BTreeMap::new();
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, key) = parse_vkey(line).map_err(|_| TrustListFault::RootLine)?;
            let kid = name
                .as_str()
                .parse()
                .map_err(|_| TrustListFault::RootLine)?;
            if roots.insert(kid, key).is_some() {
                return Err(TrustListFault::RootLine);
            }
        }
        if roots.is_empty() {
            return Err(TrustListFault::RootLine);
        }
        Ok(Self(roots))
    }

    /// The key of this id.
    pub fn find(&self, kid: &KeyId) -> Option<&PublicKey> {
        self.0.get(kid)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyId, &PublicKey)> {
        self.0.iter()
    }
}

impl FromIterator<(KeyId, PublicKey)> for Roots {
    fn from_iter<I: IntoIterator<Item = (KeyId, PublicKey)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl TrustList {
    /// Signs it; `signer` must be an active root key of the list itself.
    pub fn sign(self, signer: &dyn Signer) -> Result<SignedTrustList, TrustListFault> {
        self.check()?;
        self.check_signer(signer.key_id(), signer.public_key())?;
        let payload = wire::encode(&self);
        // Instants before 1970 or with parts of milliseconds would come back as something else.
        if wire::decode(&payload)? != self {
            return Err(TrustListFault::Fields);
        }
        let bytes = sealed::seal(CONTENT_TYPE, payload, signer).map_err(TrustListFault::Sign)?;
        if bytes.len() > MAX_BYTES {
            return Err(TrustListFault::TooLong);
        }
        Ok(SignedTrustList {
            list: self,
            signed_by: signer.key_id().clone(),
            bytes,
        })
    }

    /// The issuer keys as the verdict takes them.
    pub fn issuer_keys(&self) -> KeySet {
        let records = self.keys.iter().filter_map(|(kid, key)| {
            let KeyPurpose::Issuer(federation) = &key.purpose else {
                return None;
            };
            let record = KeyRecord {
                public_key: key.public_key.clone(),
                federation: federation.clone(),
                not_before: key.not_before,
                not_after: key.not_after,
                state: key.state,
            };
            Some((kid.clone(), record))
        });
        records.collect()
    }

    /// The keys of one purpose (word of [`KeyPurpose::as_str`]) that are active.
    pub fn active<'l>(
        &'l self,
        purpose: &'l str,
    ) -> impl Iterator<Item = (&'l KeyId, &'l TrustedKey)> {
        self.keys.iter().filter(move |(_, key)| {
            key.purpose.as_str() == purpose && key.state == KeyState::Active
        })
    }

    /// Name and key of each log that is in use.
    pub fn logs(&self) -> impl Iterator<Item = (&Origin, &PublicKey)> {
        self.active("log")
            .filter_map(|(_, key)| match &key.purpose {
                KeyPurpose::Log(origin) => Some((origin, &key.public_key)),
                _ => None,
            })
    }

    /// Every key of a log that was ever in use, with the name of its log: what it signed may have to be checked later.
    pub fn log_keys(&self) -> impl Iterator<Item = (&Origin, &TrustedKey)> {
        self.keys.values().filter_map(|key| match &key.purpose {
            KeyPurpose::Log(origin) if key.state != KeyState::Pending => Some((origin, key)),
            _ => None,
        })
    }

    /// The active root keys: who has accepted this list takes the next one from any of them.
    pub fn roots(&self) -> Roots {
        let keys = self.active("root");
        Roots(
            keys.map(|(kid, key)| (kid.clone(), key.public_key.clone()))
                .collect(),
        )
    }

    /// Whether it may be relied on at `now`. A list from the future is as bad as an old one: one of both clocks is wrong.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now < self.valid_until && self.issued_at <= now + CLOCK_TOLERANCE
    }

    fn check_signer(&self, kid: &KeyId, key: &PublicKey) -> Result<(), TrustListFault> {
        let own = self
            .active("root")
            .any(|(id, root)| id == kid && root.public_key == *key);
        if own {
            Ok(())
        } else {
            Err(TrustListFault::SignerNotRoot)
        }
    }

    /// What holds for every list, however it came.
    fn check(&self) -> Result<(), TrustListFault> {
        if self.version == 0 {
            return Err(TrustListFault::Version);
        }
        if self.valid_until <= self.issued_at {
            return Err(TrustListFault::Dates);
        }
        self.check_witnesses()?;
        let mut material: Vec<&PublicKey> = Vec::with_capacity(self.keys.len());
        for (kid, key) in &self.keys {
            let late = matches!(key.state, KeyState::Compromised { at } if at > self.issued_at);
            if key.not_after <= key.not_before || late {
                return Err(TrustListFault::Key(kid.clone()));
            }
            material.push(&key.public_key);
        }
        // One key under two names could do two things.
        material.sort_unstable_by_key(|key| key.as_bytes());
        if material.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(TrustListFault::SameKeyTwice);
        }
        Ok(())
    }
}

/// How far the clock of a verifier may lie behind the registry's.
const CLOCK_TOLERANCE: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

impl SignedTrustList {
    /// Reads a list strictly and checks its signature with one of the roots.
    pub fn open(bytes: &[u8], roots: &Roots) -> Result<Self, TrustListFault> {
        if bytes.len() > MAX_BYTES {
            return Err(TrustListFault::TooLong);
        }
        let sealed = sealed::open(CONTENT_TYPE, bytes).map_err(|fault| match fault {
            SealFault::ContentType => TrustListFault::ContentType,
            SealFault::Form | SealFault::Signature => TrustListFault::Form,
        })?;
        let root = roots
            .find(&sealed.key_id)
            .ok_or_else(|| TrustListFault::UnknownRoot(sealed.key_id.clone()))?;
        sealed.verify(root).map_err(|_| TrustListFault::Signature)?;
        // What nobody signed is not even parsed.
        let list = wire::decode(&sealed.payload)?;
        list.check()?;
        list.check_signer(&sealed.key_id, root)?;
        Ok(Self {
            list,
            signed_by: sealed.key_id,
            bytes: bytes.to_vec(),
        })
    }

    /// What it says.
    pub fn list(&self) -> &TrustList {
        &self.list
    }

    /// The root key that signed it.
    pub fn signed_by(&self) -> &KeyId {
        &self.signed_by
    }

    /// The tagged COSE_Sign1.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What to keep of it.
    pub fn seen(&self) -> Seen {
        Seen {
            version: self.list.version,
            sha256: Sha256::digest(&self.bytes).into(),
        }
    }
}

/// Accepts a list after what was accepted before, and answers what to keep: an older version is refused, and another list of
/// the same version (trust.md KY-6). Whether the list is still fresh is asked apart ([`TrustList::is_fresh`]).
pub fn accept(seen: Option<&Seen>, list: &SignedTrustList) -> Result<Seen, TrustListFault> {
    let new = list.seen();
    match seen {
        Some(seen) if new.version < seen.version => Err(TrustListFault::Older {
            seen: seen.version,
            found: new.version,
        }),
        Some(seen) if new.version == seen.version && new.sha256 != seen.sha256 => {
            Err(TrustListFault::Forked(new.version))
        }
        _ => Ok(new),
    }
}
