//! Timelines as the API shows them: who (by role and organisation), when, from, to, why, under which policy.

use chrono::SecondsFormat;
use serde::Serialize;
use store::certificates::Certificate;
use store::journal::TimelineEntry;
use utoipa::ToSchema;

/// One act.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineItem {
    /// When (RFC 3339, UTC).
    pub at: String,
    /// From which day it takes effect.
    pub effective_on: String,
    /// The act.
    pub act: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: Option<String>,
    /// Reason code.
    pub reason_code: Option<String>,
    /// Reason in words.
    pub reason: Option<String>,
    /// Number of the official document.
    pub document: Option<String>,
    /// Policy version.
    pub policy: String,
    /// Role of the actor.
    pub role: String,
    /// Federation code or institution of the actor.
    pub organisation: Option<String>,
    /// Whether two persons acted.
    pub two_persons: bool,
    /// Position in the public log.
    pub leaf_index: Option<u64>,
}

impl From<&TimelineEntry> for TimelineItem {
    fn from(entry: &TimelineEntry) -> Self {
        Self {
            at: entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            effective_on: entry.effective_on.to_string(),
            act: entry.act.clone(),
            from: entry.from.clone(),
            to: entry.to.clone(),
            reason_code: entry.reason_code.clone(),
            reason: entry.reason.clone(),
            document: entry.document_number.clone(),
            policy: entry.policy.clone(),
            role: entry.role.clone(),
            organisation: entry.organisation.clone(),
            two_persons: entry.second_person.is_some(),
            leaf_index: entry.leaf_index.map(|index| index.0),
        }
    }
}

impl TimelineItem {
    /// The beginning of every certificate: its issue stands in its own row and leaf.
    pub fn issued(certificate: &Certificate) -> Self {
        Self {
            at: certificate
                .issued_at
                .to_rfc3339_opts(SecondsFormat::Millis, true),
            effective_on: domain::calendar::today(certificate.issued_at).to_string(),
            act: "issue".to_owned(),
            from: None,
            to: Some("issued".to_owned()),
            reason_code: None,
            reason: None,
            document: None,
            policy: String::new(),
            role: domain::access::Role::ProvinceOfficer.as_str().to_owned(),
            organisation: Some(certificate.federation.clone()),
            two_persons: true,
            leaf_index: Some(certificate.leaf_index.0),
        }
    }
}
