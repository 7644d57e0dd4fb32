//! What a verifier is told: one state of nine, and each check as passed, failed or not run (pages.md 3.5, design decisions 13, 25).
//!
//! [`examine`] needs only the presented bytes and the keys; [`Examination::judge`] adds what was looked up about the
//! certificate. The server, its pages and the command line without a network all come here, so they say the same.
//! A check that did not run never counts as passed.

use chrono::{DateTime, NaiveDate, Utc};
use domain::PublicId;
use domain::certificate::CertificateReason;

use crate::certificate::VerifiedClaims;
use crate::keys::KeyState;
use crate::log::{CheckpointFault, LeafEntry, LoggedEntry, WitnessPolicy};

mod examine;
mod judge;
mod proof;
mod reason;
mod words;

pub use examine::{Examination, Presented, examine};
pub use proof::ProofFault;
pub use reason::Reason;
pub use words::Lang;

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Issued by the registry, not revoked when checked.
    Valid,
    /// Issued once, revoked for good.
    Revoked,
    /// Genuine, past its end.
    Expired,
    /// On hold while it is reviewed.
    Suspended,
    /// Replaced by a new certificate.
    Superseded,
    /// Altered, invented, or signed by a stolen key.
    NotGenuine,
    /// The registry does not know it.
    NotFound,
    /// Neither true nor false can be said now.
    Indeterminate,
    /// Listed by its office as issued before this registry; not signed by it. Never shown as valid.
    Recorded,
}

/// A check, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The bytes are a certificate.
    Format,
    /// The signature fits the content.
    Signature,
    /// The key was the issuer's at the time.
    Key,
    /// The certificate stands in the public log.
    LogInclusion,
    /// It is not revoked, suspended or replaced.
    Status,
    /// It has not ended.
    Expiry,
    /// The institution was authorised when it was issued.
    Institution,
}

impl CheckName {
    /// All checks in order.
    pub const ALL: [Self; 7] = [
        Self::Format,
        Self::Signature,
        Self::Key,
        Self::LogInclusion,
        Self::Status,
        Self::Expiry,
        Self::Institution,
    ];
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran and holds.
    Passed,
    /// It ran and does not hold.
    Failed,
    /// It could not run; says nothing.
    NotRun,
}

/// One check with its outcome and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which check.
    pub name: CheckName,
    /// How it ended.
    pub outcome: Outcome,
    /// Why; [`Reason::code`] is stable.
    pub reason: Reason,
}

/// Status of a certificate as the registry, a status list or a trust bundle states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateState {
    /// In force.
    Issued,
    /// On hold.
    Suspended {
        /// Last civil day in China by which it is resumed or revoked.
        until: Option<NaiveDate>,
    },
    /// Revoked.
    Revoked {
        /// When, where the source tells it: a status list and a bundle hold places only.
        at: Option<DateTime<Utc>>,
        /// Why, as a class.
        reason: Option<CertificateReason>,
    },
    /// Replaced.
    Superseded {
        /// When.
        at: Option<DateTime<Utc>>,
    },
}

/// What was found when the certificate was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFact {
    /// The source knows it.
    Known {
        /// Its state.
        state: CertificateState,
        /// The hash of the certificate that the source has under this id, compared with the presented one: a thief of the key
        /// may reuse an id. `None` for a status list, which knows only indices.
        sha256: Option<[u8; 32]>,
        /// The moment for which the source speaks.
        as_of: DateTime<Utc>,
        /// End of the source's validity, exclusive; a later check calls it stale (trust.md KY-6).
        fresh_until: DateTime<Utc>,
    },
    /// The registry itself was asked and does not know it.
    NotFound {
        /// When it was asked.
        as_of: DateTime<Utc>,
    },
    /// Listed by its office as issued before this registry (field.md 12).
    Recorded {
        /// When it was asked.
        as_of: DateTime<Utc>,
    },
    /// The source is older than the certificate, or has no such list: it says nothing about it.
    NotCovered {
        /// The moment for which the source speaks.
        as_of: DateTime<Utc>,
    },
}

/// Whether the certificate stands in the public log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFact {
    /// Proven or read: its leaf is in the tree.
    Included {
        /// The certificate hash in the leaf, compared with the presented one.
        sha256: [u8; 32],
        /// Index of the leaf.
        index: u64,
        /// Size of the tree whose checkpoint covers it.
        tree_size: u64,
        /// When that checkpoint was committed, or cosigned where there are witnesses (design decision 14).
        covered_at: DateTime<Utc>,
        /// Whether a quorum of witnesses cosigned it, or the registry's own commit time stands in.
        witnessed: bool,
    },
    /// Appended, but the witnesses' quorum has not cosigned it yet.
    Pending,
    /// The log was searched and does not hold it.
    NotLogged,
    /// The registry's row of the leaf is not what the log's signed tree holds: somebody changed it.
    Unproven,
}

impl LogFact {
    /// The fact that a checked proof file gives where no witnesses are known; `None` when its entry is not an issue. The time
    /// of the log stands in for the time of the checkpoint: both were committed together.
    pub fn proven(logged: &LoggedEntry) -> Option<Self> {
        match &logged.entry {
            LeafEntry::Issue {
                at, certificate, ..
            } => Some(Self::Included {
                sha256: *certificate,
                index: logged.index,
                tree_size: logged.checkpoint.checkpoint.size,
                covered_at: *at,
                witnessed: false,
            }),
            _ => None,
        }
    }

    /// The same for who knows the witnesses, from a trust list: their quorum decides, and the time of the one that completed
    /// it. What the quorum has not cosigned waits; a cosignature of a known witness that does not hold is a fault.
    pub fn proven_by(
        logged: &LoggedEntry,
        witnesses: &WitnessPolicy,
    ) -> Result<Option<Self>, CheckpointFault> {
        Self::proven_within(logged, witnesses, None, None)
    }

    /// The same by cosignatures alone that are dated from `since` on and before `until`.
    pub(crate) fn proven_within(
        logged: &LoggedEntry,
        witnesses: &WitnessPolicy,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Option<Self>, CheckpointFault> {
        if witnesses.quorum() == 0 {
            return Ok(Self::proven(logged));
        }
        let reached = witnesses.reached_within(&logged.checkpoint.note, since, until)?;
        Ok(Self::proven(logged).map(|fact| match (fact, reached) {
            (
                Self::Included {
                    sha256,
                    index,
                    tree_size,
                    ..
                },
                Some(covered_at),
            ) => Self::Included {
                sha256,
                index,
                tree_size,
                covered_at,
                witnessed: true,
            },
            _ => Self::Pending,
        }))
    }
}

/// Standing of an institution with the federation that admitted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// May train.
    Authorised,
    /// On hold.
    Suspended,
    /// Has left or was removed.
    Exited,
    /// Was not admitted.
    NotAdmitted,
}

/// What is known of the training institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstitutionFact {
    /// When the certificate was issued.
    pub at_issue: Standing,
    /// Whether it needed no institution that may begin classes: it replaces another certificate, or its class was taught to
    /// its end after the institution had left (workflow.md 3). `None`: not known, as in a bundle.
    pub apart: Option<bool>,
    /// Today.
    pub today: Standing,
}

/// What was looked up besides the presented bytes. `None`: not looked up, so its check does not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Status of the certificate.
    pub status: Option<StatusFact>,
    /// Its place in the log.
    pub log: Option<LogFact>,
    /// Its institution.
    pub institution: Option<InstitutionFact>,
}

/// The answer to a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The state.
    pub state: State,
    /// All seven checks in order.
    pub checks: [Check; 7],
    /// What the certificate says; only with a signature that holds, whatever the state.
    pub claims: Option<VerifiedClaims>,
    /// Public id: verified where there are claims, otherwise the one in the text.
    pub public_id: Option<PublicId>,
    /// The moment for which the status speaks; `None` when no status was looked up.
    pub as_of: Option<DateTime<Utc>>,
    /// When the check was made.
    pub checked_at: DateTime<Utc>,
    /// Status behind the state, with its dates, where one was found.
    pub status: Option<CertificateState>,
    /// Institution today, where it was looked up: a line beside the verdict, no part of it.
    pub institution_today: Option<Standing>,
}

impl Verdict {
    /// One check.
    pub fn check(&self, name: CheckName) -> Check {
        self.checks[name as usize]
    }

    /// Whether the answer is "valid": the only one that a command line ends with code 0 for.
    pub fn is_valid(&self) -> bool {
        self.state == State::Valid
    }
}

/// [`examine`] and [`Examination::judge`] in one step, for a caller that has its facts beforehand.
pub fn judge(
    presented: Presented<'_>,
    keys: &crate::keys::KeySet,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Verdict {
    examine(presented, keys).judge(facts, now)
}

/// The key of an examined certificate as the verifier knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyStanding {
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    state: KeyState,
}
