//! The free re-issue after a compromise: whatever was in force and is not covered by the log is replaced under the new key.
//!
//! One step is one transaction of some hundred certificates: signed, logged, the old ones marked as replaced, or nothing of
//! it. A replaced certificate is not met again, so steps may be interrupted and repeated at any point.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::http::StatusCode;
use certs::keys::{KeyId, KeyState};
use certs::log::LeafEntry;
use domain::access::Actor;
use domain::certificate::{CertificateReason, CertificateStatus};
use domain::ids::{CertificateId, CohortId, EnrolmentId, LeafIndex, PersonId};
use serde::{Deserialize, Serialize};
use store::certificates::Superseded;
use store::scope::Scope;
use utoipa::ToSchema;

use super::affected::coverage;
use super::states::issuer_key;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::certificates::issue::{self, Occasion};
use crate::certificates::keys;
use crate::extract::IdempotencyKey;
use crate::papers;
use crate::problem::{Code, Problem};

/// Certificates of a step, at most and when nothing is said.
pub const MOST: u32 = 500;

/// One step of a re-issue.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReissueRequest {
    /// Certificates at most, 1 to 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the step before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub after: Option<CertificateId>,
}

/// What a step did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReissueReceipt {
    /// The compromised key.
    pub kid: String,
    /// Certificates that were replaced.
    pub reissued: u32,
    /// Certificates that could not be: the holder's data was erased, the class is not in the area any more, or no font has
    /// a character of the name.
    pub skipped: Vec<String>,
    /// Give it as `after` for the next step; nothing is left when there is none.
    pub next: Option<String>,
}

/// A step.
pub async fn reissue(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    kid: &KeyId,
    request: &ReissueRequest,
) -> Result<Receipt, Problem> {
    for _ in 1..issue::TRIES {
        match once(app, actor, key, kid, request).await {
            Err(problem) if issue::may_be_rotated(&problem) => {}
            other => return other,
        }
    }
    once(app, actor, key, kid, request).await
}

async fn once(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    kid: &KeyId,
    request: &ReissueRequest,
) -> Result<Receipt, Problem> {
    let limit = request.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::field(
            "/limit",
            "range",
            "每步 1 至 500 张。",
            "A step has 1 to 500 certificates.",
        ));
    }
    let row = issuer_key(app.store.reader(), kid).await?;
    let signer = match &row.federation {
        Some(federation) => issue::signer_of(app, federation).await?,
        None => None,
    };
    papers::warm(app).await;
    let asked = (kid.as_str(), request);
    let mut act = match app.begin(actor, key, "reissue_affected", &asked).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let (_, record) = keys::record(&issuer_key(&act.tx, kid).await?)?;
    let KeyState::Compromised { at: before } = record.state else {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "密钥没有登记为泄露,不能据此重发。",
            "The key is not marked as compromised; nothing is reissued for it.",
        ));
    };
    let found = store::certificates::to_reissue(
        &act.tx,
        &Scope::of(actor),
        kid.as_str(),
        coverage(app, before),
        act.now,
        request.after,
        u64::from(limit),
    )
    .await?;
    let replaced = replace(&mut act, &found, signer.as_ref()).await?;
    if !replaced.is_empty() {
        mark(&mut act, &replaced).await?;
    }
    let done: BTreeSet<CertificateId> = replaced.iter().map(|(old, _)| old.id).collect();
    let full = found.len() as u64 == u64::from(limit);
    let receipt = ReissueReceipt {
        kid: kid.to_string(),
        reissued: u32::try_from(replaced.len()).unwrap_or(u32::MAX),
        skipped: found
            .iter()
            .filter(|old| !done.contains(&old.id))
            .map(|old| old.id.to_string())
            .collect(),
        next: found.last().filter(|_| full).map(|old| old.id.to_string()),
    };
    act.detail = format!("reissued {}", receipt.reissued);
    act.finish(StatusCode::OK, &receipt, ("key", kid)).await
}

/// Issues the new certificates, class by class; answers each old one with the id of the new.
async fn replace<'f>(
    act: &mut Act,
    found: &'f [Superseded],
    signer: Option<&issue::SharedSigner>,
) -> Result<Vec<(&'f Superseded, CertificateId)>, Problem> {
    let mut classes: BTreeMap<CohortId, HashMap<EnrolmentId, &Superseded>> = BTreeMap::new();
    for old in found {
        let class = classes.entry(old.cohort).or_default();
        class.insert(old.enrolment, old);
    }
    let app = act.app.clone();
    let scope = Scope::of(&act.actor);
    let mut locked = Vec::with_capacity(classes.len());
    for (cohort, olds) in classes {
        let cohort = store::certificates::cohort_for_issue(&act.tx, &scope, cohort).await?;
        let printed = cohort.filter(|one| papers::missing_in_names(&app, one).is_none());
        locked.extend(printed.map(|cohort| (cohort, olds)));
    }
    // As at an issue, all classes before all persons: whoever corrects a name waits, or was waited for.
    let people = locked.iter().flat_map(|(_, olds)| olds.values());
    let people: Vec<PersonId> = people.map(|old| old.person).collect();
    store::persons::lock(&act.tx, &people).await?;
    let mut replaced = Vec::with_capacity(found.len());
    for (cohort, olds) in locked {
        let enrolments: Vec<EnrolmentId> = olds.keys().copied().collect();
        let mut candidates = store::certificates::candidates_of_enrolments(
            &act.tx,
            app.store.vault(),
            &enrolments,
            act.today,
        )
        .await?;
        candidates.retain(|one| papers::missing_glyph(&app, one.name.expose()).is_none());
        if candidates.is_empty() {
            continue;
        }
        let ends = olds
            .iter()
            .map(|(enrolment, old)| (*enrolment, old.expires_at))
            .collect();
        let issued = issue::sign_and_insert(
            act,
            &cohort,
            &candidates,
            Occasion::Replacement(&ends),
            signer,
        )
        .await?;
        for (candidate, new) in candidates.iter().zip(issued.ids) {
            if let Some(old) = olds.get(&candidate.enrolment) {
                replaced.push((*old, new));
            }
        }
    }
    Ok(replaced)
}

/// Marks the old certificates: leaf, row, status list, timeline.
async fn mark(act: &mut Act, replaced: &[(&Superseded, CertificateId)]) -> Result<(), Problem> {
    let at = act.log_time().await?;
    let reason = CertificateReason::KeyCompromise;
    let first = act
        .log_all(
            replaced
                .iter()
                .map(|(old, _)| LeafEntry::CertificateStatus {
                    at,
                    certificate: old.cose_sha256,
                    status: CertificateStatus::Superseded,
                    reason,
                }),
        )
        .await?;
    store::certificates::supersede_all(&act.tx, replaced, at, reason.as_str()).await?;
    let lists: BTreeSet<u32> = replaced.iter().map(|(old, _)| old.status_list).collect();
    for list in lists {
        store::certificates::touch_status_list(&act.tx, list).await?;
    }
    let entries = replaced
        .iter()
        .zip(first.0..)
        .map(|((old, _), leaf)| Entry {
            kind: "certificate",
            id: old.id.uuid(),
            act: "supersede",
            from: Some(CertificateStatus::Issued.as_str()),
            to: Some(CertificateStatus::Superseded.as_str()),
            reason_code: Some(reason.as_str()),
            leaf: Some(LeafIndex(leaf)),
            ..Entry::default()
        });
    act.record_all(entries).await
}
