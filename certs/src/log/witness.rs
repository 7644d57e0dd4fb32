//! What a witness decides (C2SP tlog-witness, `add-checkpoint`): pure, so that the server around it only stores and answers.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::checkpoint::{Checkpoint, CheckpointFault, Origin};
use super::{Hash, verify_consistency};
use crate::keys::PublicKey;

/// Most lines of a proof.
const MAX_PROOF: usize = 63;
/// Longest request: 63 hashes and a signed checkpoint.
pub const MAX_SUBMISSION: usize = 24 * 1024;

/// A submitted checkpoint with the proof that it continues what the witness has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Size of the tree that the witness is believed to have seen.
    pub old: u64,
    /// Consistency proof from there.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub note: String,
}

/// The largest tree of a log that a witness has cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenTree {
    /// Number of leaves; 0 when it has seen none.
    pub size: u64,
    /// Root; of no meaning when the size is 0.
    pub root: Hash,
}

/// Why a witness does not cosign. The numbers of HTTP are those of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessRefusal {
    /// Not a submission, or the old size is above the new one.
    #[error("提交格式不符 / not a submission")]
    Malformed,
    /// A log that it does not watch.
    #[error("不认识这个日志 / the log is not known here")]
    UnknownLog,
    /// Not signed by the log.
    #[error("检查点没有该日志的签名 / not signed by the key of the log")]
    Unsigned,
    /// The old size is not that of the last cosigned checkpoint; it is answered.
    #[error("见证方见过的大小是 {size} / the witness has seen size {size}")]
    Stale {
        /// Size of the last cosigned checkpoint.
        size: u64,
    },
    /// Two roots for one size: the log has told two histories.
    #[error("同一大小有两个根哈希:日志分叉 / two roots for one size: the log has forked")]
    Fork {
        /// Size of the last cosigned checkpoint.
        size: u64,
    },
    /// The new tree does not continue the one seen.
    #[error(
        "新检查点不是已见历史的延续 / the checkpoint does not continue the history that was seen"
    )]
    Inconsistent,
}

impl WitnessRefusal {
    /// Status code of the answer.
    pub fn http_status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unsigned => 403,
            Self::UnknownLog => 404,
            Self::Stale { .. } | Self::Fork { .. } => 409,
            Self::Inconsistent => 422,
        }
    }

    /// Whether the submission is evidence against the log: its own signature under a history that is not the one seen.
    pub fn is_evidence(self) -> bool {
        matches!(self, Self::Fork { .. } | Self::Inconsistent)
    }
}

impl Submission {
    /// Reads a request body.
    pub fn parse(text: &str) -> Result<Self, WitnessRefusal> {
        let bad = || WitnessRefusal::Malformed;
        if text.len() > MAX_SUBMISSION {
            return Err(bad());
        }
        let (head, note) = text.split_once("\n\n").ok_or_else(bad)?;
        let mut lines = head.split('\n');
        let number = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .ok_or_else(bad)?;
        let old: u64 = number.parse().map_err(|_| bad())?;
        if old.to_string() != number {
            return Err(bad());
        }
        let proof: Vec<Hash> = lines
            .map(|line| {
                let bytes = BASE64.decode(line.as_bytes()).ok()?;
                Hash::try_from(bytes.as_slice()).ok()
            })
            .collect::<Option<_>>()
            .ok_or_else(bad)?;
        if proof.len() > MAX_PROOF {
            return Err(bad());
        }
        Ok(Self {
            old,
            proof,
            note: note.to_owned(),
        })
    }

    /// The request body.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            writeln!(text, "{}", BASE64.encode(hash.as_bytes()))
                .expect("a string takes every write");
        }
        text + "\n" + &self.note
    }

    /// The origin that the checkpoint names, before anything is checked.
    pub fn origin(&self) -> Option<Origin> {
        self.note.lines().next()?.parse().ok()
    }

    /// Decides about a submission for a log of this origin and key, of which `seen` was cosigned last. A checkpoint that is
    /// given back has to be stored before the cosignature is answered.
    pub fn judge(
        &self,
        origin: &Origin,
        key: &PublicKey,
        seen: Option<SeenTree>,
    ) -> Result<Checkpoint, WitnessRefusal> {
        let signed = Checkpoint::verify(&self.note, origin, key).map_err(|fault| match fault {
            CheckpointFault::OtherLog => WitnessRefusal::UnknownLog,
            CheckpointFault::Unsigned | CheckpointFault::Signature => WitnessRefusal::Unsigned,
            _ => WitnessRefusal::Malformed,
        })?;
        let Checkpoint { size, root, .. } = signed.checkpoint;
        if self.old > size {
            return Err(WitnessRefusal::Malformed);
        }
        let seen_size = seen.map_or(0, |seen| seen.size);
        if self.old != seen_size {
            return Err(WitnessRefusal::Stale { size: seen_size });
        }
        match seen {
            Some(seen) if seen.size > 0 && seen.size == size => {
                if seen.root != root {
                    return Err(WitnessRefusal::Fork { size });
                }
                if !self.proof.is_empty() {
                    return Err(WitnessRefusal::Inconsistent);
                }
            }
            Some(seen) if seen.size > 0 => {
                verify_consistency(seen.size, &seen.root, size, &root, &self.proof)
                    .map_err(|_| WitnessRefusal::Inconsistent)?;
            }
            _ if self.proof.is_empty() => {}
            _ => return Err(WitnessRefusal::Inconsistent),
        }
        Ok(signed.checkpoint)
    }
}
