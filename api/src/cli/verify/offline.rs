//! Judging without a registry: by a file of public keys, or by a trust bundle.

use std::path::Path;

use certs::bundle::Bundle;
use certs::keys::{KeySet, PublicKeyFile};
use certs::log::parse_vkey;
use certs::trust_list::TrustList;
use certs::verdict::{Examination, Facts, LogFact, Presented, Verdict, examine};
use chrono::{DateTime, Utc};

use super::CommandError;
use super::proofs::Trusted;

/// What is at hand instead of a registry.
pub(super) enum Source {
    /// Public keys: signature and dates; with them the log's key where the file has it.
    Keys(PublicKeyFile),
    /// A signed trust list: the same, and logs and witnesses.
    TrustList {
        /// What it says.
        list: Box<TrustList>,
        /// Its issuer keys.
        issuers: KeySet,
    },
    /// A bundle: status, names and standing too.
    Bundle(Box<Bundle>),
}

impl Source {
    pub(super) fn examine(&self, text: &str) -> Examination {
        let issuers = match self {
            Self::Keys(file) => &file.keys,
            Self::TrustList { issuers, .. } => issuers,
            Self::Bundle(bundle) => bundle.issuers(),
        };
        examine(Presented::Text(text), issuers)
    }

    pub(super) fn judge(
        &self,
        examined: Examination,
        log: Option<LogFact>,
        now: DateTime<Utc>,
    ) -> Verdict {
        match self {
            Self::Bundle(bundle) => bundle.judge_with(examined, log, now),
            Self::Keys(_) | Self::TrustList { .. } => {
                let facts = Facts {
                    log,
                    ..Facts::default()
                };
                examined.judge(&facts, now)
            }
        }
    }

    /// What proofs of the log are checked with.
    pub(super) fn logs(&self) -> Trusted<'_> {
        match self {
            Self::Bundle(bundle) => Trusted::List(bundle.trust_list()),
            Self::TrustList { list, .. } => Trusted::List(list),
            Self::Keys(file) => file
                .log_vkey
                .as_deref()
                .and_then(|line| parse_vkey(line).ok())
                .map_or(Trusted::Nothing, |(origin, key)| {
                    Trusted::Line(origin, Box::new(key))
                }),
        }
    }

    pub(super) fn bundle(&self) -> Option<&Bundle> {
        match self {
            Self::Keys(_) | Self::TrustList { .. } => None,
            Self::Bundle(bundle) => Some(bundle),
        }
    }
}

pub(super) fn read_keys(file: &Path) -> Result<PublicKeyFile, CommandError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        CommandError::Usage(format!(
            "公钥文件无法读取 / the key file cannot be read: {error}"
        ))
    })?;
    PublicKeyFile::parse(&text).map_err(|fault| CommandError::Usage(fault.to_string()))
}
