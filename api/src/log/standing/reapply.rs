//! What recovered leaves tell: done again where a leaf holds all of it, listed where it does not.

use std::collections::BTreeMap;

use certs::keys::KeyState;
use certs::log::LeafEntry;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::certificate::{CertificateReason, CertificateStatus};
use domain::ids::{LeafIndex, TimelineId};
use serde::Serialize;
use store::certificates::StatusChange;
use store::journal::TimelineEntry;
use store::log::Leaf;
use store::recovery::Lost;

use crate::app::App;
use crate::certificates::status_index;
use crate::problem::Problem;

/// What became of the leaves.
#[derive(Debug, Default, Serialize)]
pub struct Applied {
    /// Changes of a certificate's status that were done again.
    pub statuses: u32,
    /// Changes of a key's state that were done again.
    pub keys: u32,
    /// What has to be entered again, in order.
    pub to_enter: Vec<ToEnter>,
}

/// A leaf whose facts are lost.
#[derive(Debug, Serialize)]
pub struct ToEnter {
    /// Its index.
    pub leaf_index: u64,
    /// When it was logged.
    pub at: String,
    /// `issue`, `certificate_status`, `key_state`, `institution_decision`, `policy`, `program_publication`, `audit_head`, `grade`, `bulletin`.
    pub kind: &'static str,
    /// What the leaf names: codes only.
    pub about: String,
}

/// A change of a certificate that the leaves tell; the last one of each counts.
struct Change {
    index: LeafIndex,
    at: DateTime<Utc>,
    status: CertificateStatus,
    reason: CertificateReason,
}

/// Does again what can be.
pub(super) async fn apply(
    tx: &store::WriteTx,
    app: &App,
    leaves: &[Leaf],
    now: DateTime<Utc>,
) -> Result<Applied, Problem> {
    let mut applied = Applied::default();
    let mut changes: BTreeMap<[u8; 32], Change> = BTreeMap::new();
    let mut lost = Vec::new();
    for leaf in leaves {
        let entry = LeafEntry::decode(&leaf.entry).map_err(Problem::internal)?;
        match entry {
            LeafEntry::CertificateStatus {
                at,
                certificate,
                status,
                reason,
            } => {
                let index = leaf.index;
                let change = Change {
                    index,
                    at,
                    status,
                    reason,
                };
                changes.insert(certificate, change);
            }
            LeafEntry::KeyState {
                at, key_id, state, ..
            } => {
                if key_state(tx, key_id.as_str(), state, at).await? {
                    applied.keys += 1;
                } else {
                    let about = format!("{key_id} {}", state.as_str());
                    applied.to_enter.push(to_enter(leaf, at, about));
                }
            }
            other => {
                let at = other.at();
                if let LeafEntry::Issue { certificate, .. } = &other {
                    lost.push(Lost {
                        sha256: *certificate,
                        leaf: leaf.index,
                        logged_at: at,
                    });
                }
                applied.to_enter.push(to_enter(leaf, at, about(&other)));
            }
        }
    }
    // Their places in the status lists are taken: the signed certificates are out there.
    let places = status_index::skip(tx, app, lost.len() as u64, now).await?;
    store::recovery::keep_lost(tx, &lost, &places).await?;
    let hashes: Vec<[u8; 32]> = changes.keys().copied().collect();
    let mut known = store::recovery::by_hashes(tx, &hashes).await?;
    for (certificate, change) in changes {
        let Some(found) = known.remove(&certificate) else {
            // Of a certificate that was itself lost: the lists tell it by its place, for good.
            let list = store::recovery::set_lost_status(tx, &certificate, change.status).await?;
            if let Some(list) = list {
                store::certificates::touch_status_list(tx, list).await?;
            }
            let about = format!(
                "{} {}",
                data_encoding::HEXLOWER.encode(&certificate[..8]),
                change.status.as_str()
            );
            applied.to_enter.push(ToEnter {
                leaf_index: change.index.0,
                at: change.at.to_rfc3339_opts(SecondsFormat::Millis, true),
                kind: "certificate_status",
                about,
            });
            continue;
        };
        status(tx, app, &found, &change, now).await?;
        applied.statuses += 1;
    }
    applied.to_enter.sort_by_key(|one| one.leaf_index);
    Ok(applied)
}

async fn status(
    tx: &store::WriteTx,
    app: &App,
    found: &store::recovery::ByHash,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let suspended_until = (change.status == CertificateStatus::Suspended).then(|| {
        let days = app.policy.workflow.certificate_suspension_wd;
        app.calendar
            .add_working_days(domain::calendar::today(change.at), days)
    });
    let new = StatusChange {
        status: change.status,
        at: change.at,
        reason: change.reason.as_str(),
        suspended_until,
        superseded_by: None,
    };
    store::certificates::change_status(tx, found.id, found.revision, &new).await?;
    store::certificates::touch_status_list(tx, found.status_list).await?;
    let row = TimelineEntry {
        id: TimelineId::from(app.random.id(now)),
        object_kind: "certificate".to_owned(),
        object_id: found.id.uuid(),
        // When it happened, as the log tells: who asks for a day before the recovery is answered by it.
        at: change.at,
        effective_on: domain::calendar::today(change.at),
        act: "recover".to_owned(),
        from: Some(found.status.as_str().to_owned()),
        to: Some(change.status.as_str().to_owned()),
        reason_code: Some(change.reason.as_str().to_owned()),
        reason: None,
        document: None,
        document_number: None,
        policy: app.policy.name(),
        evidence: "[]".to_owned(),
        role: "registry".to_owned(),
        organisation: None,
        actor: None,
        second_person: None,
        leaf_index: Some(change.index),
    };
    Ok(store::journal::record(tx, &row).await?)
}

/// Whether the key is known, and now in this state.
async fn key_state(
    tx: &store::WriteTx,
    kid: &str,
    state: KeyState,
    at: DateTime<Utc>,
) -> Result<bool, Problem> {
    let Some(row) = store::certificates::key(tx, kid).await? else {
        return Ok(false);
    };
    let compromised_at = match state {
        KeyState::Compromised { at } => Some(at),
        _ => None,
    };
    store::certificates::set_key_state(
        tx,
        kid,
        &row.state,
        state.as_str(),
        compromised_at,
        crate::certificates::keys::ends(&row, state, at),
    )
    .await?;
    Ok(true)
}

fn to_enter(leaf: &Leaf, at: DateTime<Utc>, about: String) -> ToEnter {
    ToEnter {
        leaf_index: leaf.index.0,
        at: at.to_rfc3339_opts(SecondsFormat::Millis, true),
        kind: kind(leaf.kind),
        about,
    }
}

/// Names of docs/formats.md, section 5.
const fn kind(kind: u8) -> &'static str {
    match kind {
        1 => "issue",
        2 => "certificate_status",
        3 => "institution_decision",
        4 => "key_state",
        5 => "policy",
        6 => "program_publication",
        7 => "audit_head",
        8 => "grade",
        9 => "bulletin",
        10 => "succession",
        11 => "lot_list",
        _ => "other",
    }
}

/// What a leaf names.
fn about(entry: &LeafEntry) -> String {
    match entry {
        LeafEntry::Issue {
            certificate,
            key_id,
            institution,
            program,
            ..
        } => format!(
            "{} {key_id} {} {}",
            data_encoding::HEXLOWER.encode(&certificate[..8]),
            institution.as_str(),
            program.as_str()
        ),
        LeafEntry::InstitutionDecision {
            institution,
            federation,
            transition,
            to,
            ..
        } => format!(
            "{} {} {} {}",
            institution.as_str(),
            federation.as_str(),
            transition.as_str(),
            to.as_str()
        ),
        LeafEntry::Policy { policy, .. } => policy.as_str().to_owned(),
        LeafEntry::ProgramPublication {
            program,
            version,
            to,
            ..
        } => format!("{} {version} {}", program.as_str(), to.as_str()),
        LeafEntry::Grade {
            institution, grade, ..
        } => format!("{} {}", institution.as_str(), grade.as_str()),
        LeafEntry::Bulletin { number, to, .. } => format!("{} {}", number.as_str(), to.as_str()),
        LeafEntry::Succession { last, .. } => last.lines().next().unwrap_or_default().to_owned(),
        LeafEntry::LotList { count, .. } => count.to_string(),
        LeafEntry::CertificateStatus { .. }
        | LeafEntry::KeyState { .. }
        | LeafEntry::AuditHead { .. } => String::new(),
    }
}
