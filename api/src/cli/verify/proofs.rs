//! Proof files of the log (C2SP tlog-proof): named on the command line, or found beside a certificate as `<its id>.tlog`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use certs::keys::PublicKey;
use certs::log::{Origin, verify_tlog_proof};
use certs::trust_list::TrustList;
use certs::verdict::{Examination, LogFact, ProofFault};

use super::files::{FileFault, both, fault};

/// End of the names of proof files.
pub(super) const ENDING: &str = "tlog";

/// What proofs are checked with.
pub(super) enum Trusted<'t> {
    /// Logs and witnesses of a trust list.
    List(&'t TrustList),
    /// The log's verifier key line of a key file.
    Line(Origin, Box<PublicKey>),
    /// Nothing is known of the log.
    Nothing,
}

impl Trusted<'_> {
    fn fact(&self, text: &str) -> Result<LogFact, ProofFault> {
        match self {
            Self::List(list) => LogFact::from_proof_file(text, list),
            Self::Line(origin, key) => {
                let logged = verify_tlog_proof(text, origin, key)?;
                LogFact::proven(&logged).ok_or(ProofFault::NotAnIssue)
            }
            Self::Nothing => Err(ProofFault::UnknownLog),
        }
    }

    fn read(&self, file: &Path) -> Result<LogFact, FileFault> {
        let bytes = super::files::read(file)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            fault(
                "proof_format",
                "不是日志证明文件",
                "not a proof file of the log",
            )
        })?;
        self.fact(&text)
            .map_err(|fault| both(fault.code(), &fault.to_string()))
    }
}

/// The proofs at hand.
pub(super) struct Proofs<'t> {
    trusted: Trusted<'t>,
    /// Those named, by the hash of the certificate, each with whether it was used.
    named: HashMap<[u8; 32], (PathBuf, LogFact, AtomicBool)>,
    /// Those named that prove nothing.
    refused: Vec<(PathBuf, FileFault)>,
}

impl<'t> Proofs<'t> {
    pub(super) fn read(trusted: Trusted<'t>, files: &[PathBuf]) -> Self {
        let (mut named, mut refused) = (HashMap::new(), Vec::new());
        for file in files {
            match trusted.read(file) {
                Ok(fact) => {
                    // What waits for its witnesses is known by its file only when it says whose it is.
                    let hash = match fact {
                        LogFact::Included { sha256, .. } => Some(sha256),
                        LogFact::Pending | LogFact::NotLogged | LogFact::Unproven => None,
                    };
                    match hash {
                        Some(hash) => {
                            named.insert(hash, (file.clone(), fact, AtomicBool::new(false)));
                        }
                        None => refused.push((file.clone(), pending())),
                    }
                }
                Err(fault) => refused.push((file.clone(), fault)),
            }
        }
        Self {
            trusted,
            named,
            refused,
        }
    }

    /// What is proven of a certificate; a file beside it that proves nothing is told.
    pub(super) fn of(
        &self,
        examined: &Examination,
        file: &Path,
    ) -> (Option<LogFact>, Option<(PathBuf, FileFault)>) {
        let Some(claims) = examined.claims() else {
            return (None, None);
        };
        if let Some((_, fact, used)) = self.named.get(claims.sha256()) {
            used.store(true, Ordering::Relaxed);
            return (Some(*fact), None);
        }
        if matches!(self.trusted, Trusted::Nothing) {
            return (None, None);
        }
        let name = format!("{}.{ENDING}", claims.public_id);
        let beside = file.parent().unwrap_or(Path::new("")).join(name);
        if !beside.is_file() {
            return (None, None);
        }
        match self.trusted.read(&beside) {
            Ok(LogFact::Included { sha256, .. }) if sha256 != *claims.sha256() => {
                (None, Some((beside, foreign())))
            }
            Ok(LogFact::Pending) => (None, Some((beside, pending()))),
            Ok(fact) => (Some(fact), None),
            Err(fault) => (None, Some((beside, fault))),
        }
    }

    /// Proofs that were named and helped nobody.
    pub(super) fn unused(self) -> Vec<(PathBuf, FileFault)> {
        let mut all = self.refused;
        let unused = self.named.into_values();
        all.extend(
            unused
                .filter(|(_, _, used)| !used.load(Ordering::Relaxed))
                .map(|(file, _, _)| (file, foreign())),
        );
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

fn foreign() -> FileFault {
    fault(
        "proof_foreign",
        "这是另一张证书的日志证明",
        "it is the proof of another certificate",
    )
}

fn pending() -> FileFault {
    fault(
        "proof_pending",
        "检查点还没有足够的见证方联署,请重新下载证明文件",
        "its checkpoint waits for the quorum of witnesses: download the proof again",
    )
}
