//! Whom a compromised key concerns: every certificate under it, and whether the log covers it from before (trust.md KY-4).

use certs::keys::{KeyId, KeyState};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::access::Actor;
use domain::ids::CertificateId;
use serde::{Deserialize, Serialize};
use store::certificates::{Affected, AffectedCounts, Coverage};
use store::scope::Scope;
use utoipa::ToSchema;

use super::states::issuer_key;
use crate::app::App;
use crate::certificates::keys;
use crate::problem::{Code, Problem};

/// How many certificates a compromise concerns, in the asker's area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// All under the key.
    pub total: u64,
    /// In the log from before: they stay valid.
    pub covered: u64,
    /// Not covered, replaced already.
    pub replaced: u64,
    /// Not covered, on hold: replaced once they are resumed.
    pub on_hold: u64,
    /// Not covered, ended or revoked: nothing to replace.
    pub over: u64,
    /// Not covered and in force: to be reissued, free of charge.
    pub to_reissue: u64,
}

impl From<AffectedCounts> for Counts {
    fn from(counts: AffectedCounts) -> Self {
        Self {
            total: counts.total,
            covered: counts.covered,
            replaced: counts.replaced,
            on_hold: counts.on_hold,
            over: counts.over,
            to_reissue: counts.to_reissue,
        }
    }
}

/// A certificate under the key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AffectedCertificate {
    /// Id inside the registry.
    pub id: String,
    /// The id on the paper.
    pub public_id: String,
    /// Number.
    pub certificate_no: String,
    /// Masked name of the holder.
    pub holder: String,
    /// Training institution.
    pub institution: String,
    /// Issuing federation.
    pub federation: String,
    /// Status.
    pub status: String,
    /// When it was issued.
    pub issued_at: String,
    /// Position in the public log.
    pub leaf_index: u64,
    /// Whether the log covers it from before the compromise: then it stays valid.
    pub covered: bool,
    /// The certificate that replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

impl From<Affected> for AffectedCertificate {
    fn from(row: Affected) -> Self {
        Self {
            id: row.id.to_string(),
            public_id: row.public_id.to_string(),
            certificate_no: row.certificate_no.as_str().to_owned(),
            holder: row.holder_masked,
            institution: row.institution,
            federation: row.federation,
            status: row.status.as_str().to_owned(),
            issued_at: row.issued_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            leaf_index: row.leaf_index.0,
            covered: row.covered,
            replaced_by: row.replaced_by.map(|id| id.to_string()),
        }
    }
}

/// A page of the list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AffectedList {
    /// The key.
    pub kid: String,
    /// Its state.
    pub state: String,
    /// The moment before which a certificate must have been covered.
    pub compromised_at: String,
    /// Whether the cosignatures of witnesses decide, or the registry's own commit stands in for them.
    pub witnessed: bool,
    /// How many there are.
    pub counts: Counts,
    /// The certificates, in order of their ids.
    pub items: Vec<AffectedCertificate>,
    /// Give it as `cursor` for the next page.
    pub next: Option<String>,
}

/// The rule of coverage as of a moment.
pub(crate) fn coverage(app: &App, before: DateTime<Utc>) -> Coverage {
    Coverage {
        before,
        witnessed: app.config.witnesses.policy.quorum() > 0,
    }
}

/// The list for a compromised key; for another one as it would be with the moment `at`.
pub async fn affected(
    app: &App,
    actor: &Actor,
    kid: &KeyId,
    at: Option<DateTime<Utc>>,
    after: Option<CertificateId>,
    limit: u64,
) -> Result<AffectedList, Problem> {
    let reader = app.store.reader();
    let row = issuer_key(reader, kid).await?;
    let (_, record) = keys::record(&row)?;
    let ((KeyState::Compromised { at: before }, None) | (_, Some(before))) = (record.state, at)
    else {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "密钥没有登记为泄露;要预先查看,请给出时间 at。",
            "The key is not marked as compromised; give a moment (at) to see what would be affected.",
        ));
    };
    let scope = Scope::of(actor);
    let coverage = coverage(app, before);
    let counts =
        store::certificates::affected_counts(reader, &scope, kid.as_str(), coverage, app.now())
            .await?;
    let mut rows =
        store::certificates::affected(reader, &scope, kid.as_str(), coverage, after, limit + 1)
            .await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(AffectedList {
        kid: kid.to_string(),
        state: row.state,
        compromised_at: before.to_rfc3339_opts(SecondsFormat::Millis, true),
        witnessed: coverage.witnessed,
        counts: counts.into(),
        next: rows.last().filter(|_| more).map(|row| row.id.to_string()),
        items: rows.into_iter().map(AffectedCertificate::from).collect(),
    })
}
