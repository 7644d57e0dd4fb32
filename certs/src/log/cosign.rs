//! Cosignatures of witnesses (C2SP tlog-cosignature v1; `docs/formats.md` section 7.1).
//!
//! A witness states that, at its own time, the largest tree that it has seen of a log is the one of the checkpoint. A quorum of
//! witnesses of different owners makes a second history impossible to keep secret (trust.md LG-9, LG-10).

use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::{BASE64, HEXLOWER};

use super::checkpoint::{key_hash, note_lines, typed};
use super::{Checkpoint, CheckpointFault, Origin};
use crate::keys::{Algorithm, PublicKey, SignError, Signer};

/// Bytes of the time before the signature.
const TIME: usize = 8;

/// Name and key by which cosignatures of a witness are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    /// The name in its lines.
    pub name: Origin,
    /// Its key.
    pub key: PublicKey,
}

/// That a witness saw a checkpoint, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Which witness.
    pub witness: Origin,
    /// When, by its own clock; whole seconds.
    pub at: DateTime<Utc>,
    /// The line with its line feed.
    pub line: String,
}

/// The witnesses that are believed, and how many of them a checkpoint needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessPolicy {
    witnesses: Vec<WitnessKey>,
    quorum: usize,
}

/// Why witnesses and quorum do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuorum {
    /// Half of the witnesses could cosign one history and half another.
    #[error(
        "联署数应多于见证方的一半且不超过总数;没有见证方时为 0 / the quorum is more than half of the witnesses and at most all; 0 without any"
    )]
    Size,
    /// One witness counts once.
    #[error("见证方的名称或公钥重复 / two witnesses have one name or one key")]
    Twice,
}

impl WitnessPolicy {
    /// More than half of the witnesses; none at all with a quorum of 0.
    pub fn new(witnesses: Vec<WitnessKey>, quorum: usize) -> Result<Self, BadQuorum> {
        let fits = if witnesses.is_empty() {
            quorum == 0
        } else {
            quorum > witnesses.len() / 2 && quorum <= witnesses.len()
        };
        if !fits {
            return Err(BadQuorum::Size);
        }
        for (place, one) in witnesses.iter().enumerate() {
            let twin = |other: &WitnessKey| other.name == one.name || other.key == one.key;
            if witnesses[..place].iter().any(twin) {
                return Err(BadQuorum::Twice);
            }
        }
        Ok(Self { witnesses, quorum })
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[WitnessKey] {
        &self.witnesses
    }

    /// How many have to cosign; 0: the registry's own commit counts (design decision 14).
    pub fn quorum(&self) -> usize {
        self.quorum
    }

    /// When the quorum had cosigned this note, by the witnesses' own clocks; `None` when it has not, or is 0.
    pub fn reached(&self, note: &str) -> Result<Option<DateTime<Utc>>, CheckpointFault> {
        self.reached_within(note, None, None)
    }

    /// The same by those cosignatures alone that a witness dates from `since` on and before `until`.
    pub fn reached_within(
        &self,
        note: &str,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Option<DateTime<Utc>>, CheckpointFault> {
        let within = |at| since.is_none_or(|since| since <= at) && until.is_none_or(|end| at < end);
        let all = statements(note, &self.witnesses)?;
        let mut times: Vec<_> = first_of_each(all.into_iter().filter(|one| within(one.at)))
            .into_iter()
            .map(|cosignature| cosignature.at)
            .collect();
        times.sort_unstable();
        Ok(self
            .quorum
            .checked_sub(1)
            .and_then(|last| times.get(last).copied()))
    }
}

/// The verifier key line of a witness (signature type 4).
pub fn witness_vkey(name: &Origin, key: &PublicKey) -> String {
    let kind = key.algorithm().cosignature_type();
    let id = HEXLOWER.encode(&key_hash(name, kind, key));
    format!("{name}+{id}+{}", BASE64.encode(&typed(kind, key)))
}

/// Reads the verifier key line of a witness.
pub fn parse_witness_vkey(line: &str) -> Result<WitnessKey, CheckpointFault> {
    let bad = || CheckpointFault::VerifierKey;
    let mut parts = line.splitn(3, '+');
    let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad());
    };
    let name: Origin = name.parse()?;
    let key = BASE64.decode(key.as_bytes()).map_err(|_| bad())?;
    let (kind, bytes) = key.split_first().ok_or_else(bad)?;
    let algorithm = Algorithm::from_cosignature_type(*kind).ok_or_else(bad)?;
    let key = PublicKey::from_bytes(algorithm, bytes).map_err(|_| bad())?;
    if witness_vkey(&name, &key) == line {
        Ok(WitnessKey { name, key })
    } else {
        Err(bad())
    }
}

/// What a witness signs: two lines of its own before the text of the checkpoint.
fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// Cosigns a checkpoint; the answer is one line with its line feed.
pub fn cosign(
    checkpoint: &Checkpoint,
    witness: &Origin,
    at: DateTime<Utc>,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    let kind = signer.public_key().algorithm().cosignature_type();
    let mut bytes = key_hash(witness, kind, signer.public_key()).to_vec();
    bytes.extend(seconds.to_be_bytes());
    bytes.extend(signer.sign(message(&checkpoint.text(), seconds).as_bytes())?);
    Ok(format!("\u{2014} {witness} {}\n", BASE64.encode(&bytes)))
}

/// The cosignatures of known witnesses on a signed checkpoint. Lines of others are ignored, as the specification says; a line
/// under the name and key id of a known witness that does not hold is a fault.
pub fn cosignatures(
    note: &str,
    witnesses: &[WitnessKey],
) -> Result<Vec<Cosignature>, CheckpointFault> {
    Ok(first_of_each(statements(note, witnesses)?.into_iter()))
}

/// A witness counts once, with its first statement.
fn first_of_each(all: impl Iterator<Item = Cosignature>) -> Vec<Cosignature> {
    let mut found: Vec<Cosignature> = Vec::new();
    for one in all {
        match found.iter_mut().find(|seen| seen.witness == one.witness) {
            Some(seen) if seen.at <= one.at => {}
            Some(seen) => *seen = one,
            None => found.push(one),
        }
    }
    found
}

/// Every line of a known witness, checked.
fn statements(note: &str, witnesses: &[WitnessKey]) -> Result<Vec<Cosignature>, CheckpointFault> {
    let (text, lines) = note_lines(note)?;
    let mut found: Vec<Cosignature> = Vec::new();
    for line in lines {
        let known = witnesses.iter().find(|witness| {
            let kind = witness.key.algorithm().cosignature_type();
            line.name == witness.name.as_str()
                && line.key_id == key_hash(&witness.name, kind, &witness.key)
        });
        let Some(witness) = known else { continue };
        let (time, signature) = line
            .signature
            .split_first_chunk::<TIME>()
            .ok_or(CheckpointFault::Format)?;
        let seconds = u64::from_be_bytes(*time);
        let at = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or(CheckpointFault::Format)?;
        witness
            .key
            .verify(message(text, seconds).as_bytes(), signature)
            .map_err(|_| CheckpointFault::Cosignature)?;
        found.push(Cosignature {
            witness: witness.name.clone(),
            at,
            line: line.text.to_owned(),
        });
    }
    Ok(found)
}

/// The note with further lines at its end; those that it has are not added again.
pub fn with_lines<'l>(note: &str, lines: impl IntoIterator<Item = &'l str>) -> String {
    let mut text = note.to_owned();
    for line in lines {
        if !text.split_inclusive('\n').any(|known| known == line) {
            text.push_str(line);
        }
    }
    text
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&witness_vkey(&self.name, &self.key))
    }
}
