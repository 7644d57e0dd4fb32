//! What was issued in the name of an institution or a region, and what became of it.

use std::collections::HashMap;

use certs::log::LeafEntry;
use chrono::SecondsFormat;
use domain::certificate::{CertificateReason, CertificateStatus};
use serde::Serialize;

use super::Entry;
use super::keep::Kept;

/// Which issuances to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Credit codes of institutions.
    pub institutions: Vec<String>,
    /// Division codes: that of the issuing federation, or of the office that registered the institution; `330000`, `3301` ...
    pub regions: Vec<String>,
    /// Everything, not only what is new since the last run.
    pub all: bool,
}

impl Filter {
    /// Whom it names, each by itself: what was listed of one says nothing of another.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let all = self.institutions.iter().chain(&self.regions);
        all.map(String::as_str)
    }
}

/// An issuance of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Index of its leaf.
    pub leaf_index: u64,
    /// When.
    pub at: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub certificate: String,
    /// Key that signed it.
    pub kid: String,
    /// Credit code of the institution.
    pub institution: String,
    /// Issuing federation.
    pub federation: String,
    /// Program.
    pub program: String,
    /// Status by the last change in the log; `issued` without one.
    pub status: &'static str,
    /// Class of the reason of that change.
    pub reason: Option<&'static str>,
}

/// Lists issuances by the filter; nothing when it names nobody.
pub(super) fn list(kept: &Kept, filter: &Filter) -> Vec<Issued> {
    if filter.institutions.is_empty() && filter.regions.is_empty() {
        return Vec::new();
    }
    let entries: Vec<Entry> = (0..)
        .zip(kept.entries())
        .filter_map(|(index, bytes)| Some((index, LeafEntry::decode(bytes).ok()?)))
        .collect();
    let mut changes: HashMap<[u8; 32], (CertificateStatus, CertificateReason)> = HashMap::new();
    for (_, entry) in &entries {
        if let LeafEntry::CertificateStatus {
            certificate,
            status,
            reason,
            ..
        } = entry
        {
            changes.insert(*certificate, (*status, *reason));
        }
    }
    let is_new = |name: &str, index: u64| filter.all || index >= kept.reported(name);
    let found = entries.iter().filter_map(|(index, entry)| {
        let LeafEntry::Issue {
            at,
            certificate,
            key_id,
            institution,
            federation,
            program,
        } = entry
        else {
            return None;
        };
        let wanted = filter
            .institutions
            .iter()
            .any(|code| code == institution.as_str() && is_new(code, *index))
            || filter.regions.iter().any(|region| {
                lies_in(region, institution.as_str(), federation.as_str()) && is_new(region, *index)
            });
        let change = changes.get(certificate);
        wanted.then(|| Issued {
            leaf_index: *index,
            at: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            certificate: data_encoding::HEXLOWER.encode(certificate),
            kid: key_id.to_string(),
            institution: institution.as_str().to_owned(),
            federation: federation.as_str().to_owned(),
            program: program.as_str().to_owned(),
            status: change
                .map_or(CertificateStatus::Issued, |(status, _)| *status)
                .as_str(),
            reason: change.map(|(_, reason)| reason.as_str()),
        })
    });
    found.collect()
}

/// Digits 3 to 8 of a credit code are the division of the office that registered it (GB 32100).
fn lies_in(region: &str, institution: &str, federation: &str) -> bool {
    let mut prefix = region;
    while let Some(shorter) = prefix.strip_suffix("00") {
        prefix = shorter;
    }
    !prefix.is_empty()
        && (federation.starts_with(prefix)
            || institution
                .get(2..8)
                .is_some_and(|division| division.starts_with(prefix)))
}
