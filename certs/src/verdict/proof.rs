//! From a proof file to a fact about the log, by what a trust list says of logs and witnesses.

use crate::keys::KeyState;
use crate::log::{CheckpointFault, TlogProofFault, verify_tlog_proof};
use crate::trust_list::TrustList;

use super::LogFact;

/// Why a proof file proves nothing about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// It does not hold.
    #[error(transparent)]
    File(#[from] TlogProofFault),
    /// Its checkpoint was not signed by a log of the trust list.
    #[error(
        "检查点不是密钥清单中的日志签名的 / its checkpoint is not signed by a log of the trust list"
    )]
    UnknownLog,
    /// The key of that log was compromised, and no quorum of witnesses vouches for a time before.
    #[error(
        "日志密钥已泄露,且没有见证方在此之前联署 / the log's key was compromised, and no quorum of witnesses cosigned before that"
    )]
    LogCompromised,
    /// It proves that something else was logged.
    #[error("证明的不是证书的签发 / it does not prove the issue of a certificate")]
    NotAnIssue,
}

impl ProofFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::File(TlogProofFault::Format) => "proof_format",
            Self::File(TlogProofFault::Entry(_)) => "proof_entry",
            Self::File(TlogProofFault::Checkpoint(_)) => "proof_checkpoint",
            Self::File(TlogProofFault::Proof(_)) => "proof_path",
            Self::UnknownLog => "proof_unknown_log",
            Self::LogCompromised => "proof_log_compromised",
            Self::NotAnIssue => "proof_not_an_issue",
        }
    }
}

impl LogFact {
    /// Checks a proof file (C2SP tlog-proof) with the logs and witnesses of a trust list. The fact names the certificate that
    /// was logged: whoever uses it compares the hash.
    pub fn from_proof_file(text: &str, list: &TrustList) -> Result<Self, ProofFault> {
        let mut fault = ProofFault::UnknownLog;
        for (origin, key) in list.log_keys() {
            let logged = match verify_tlog_proof(text, origin, &key.public_key) {
                Ok(logged) => logged,
                // Of another log, or another key of this name: the next one may be it.
                Err(TlogProofFault::Checkpoint(
                    CheckpointFault::OtherLog | CheckpointFault::Unsigned,
                )) => continue,
                Err(other) => {
                    fault = other.into();
                    continue;
                }
            };
            let fact = list
                .proven(&logged)
                .map_err(TlogProofFault::Checkpoint)?
                .ok_or(ProofFault::NotAnIssue)?;
            return match (key.state, fact) {
                (
                    KeyState::Compromised { at },
                    Self::Included {
                        covered_at,
                        witnessed: true,
                        ..
                    },
                ) if covered_at < at => Ok(fact),
                (KeyState::Compromised { .. }, _) => Err(ProofFault::LogCompromised),
                _ => Ok(fact),
            };
        }
        Err(fault)
    }
}
