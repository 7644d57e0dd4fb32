//! Suspend, resume, revoke, supersede: with reason and history; the verdict follows at once.

use axum::http::StatusCode;
use certs::log::LeafEntry;
use domain::access::Actor;
use domain::certificate::{
    CertificateAct, CertificateReason, CertificateRefusal, CertificateStatus, change,
};
use domain::ids::CertificateId;
use serde::{Deserialize, Serialize};
use store::certificates::{Certificate, StatusChange};
use store::proposals::Proposal;
use store::scope::Scope;
use utoipa::ToSchema;

use super::{issue, revocation};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// What happens to a certificate.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// `suspend`, `resume`, `revoke`, `supersede`.
    #[schema(value_type = String, example = "suspend")]
    pub act: CertificateAct,
    /// Why, as a code: shown to others as a class.
    #[schema(value_type = String, example = "under_review")]
    pub reason_code: CertificateReason,
    /// Why, in words, up to 500 characters; stays inside.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A changed certificate.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeReceipt {
    /// The id on the paper.
    pub id: String,
    /// Status after the act.
    pub status: String,
    /// Since when.
    pub since: String,
    /// Revision after the act.
    pub revision: i32,
    /// Position of the change in the public log.
    pub leaf_index: u64,
    /// End of a suspension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_until: Option<String>,
    /// The new certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
}

/// An act that waits for its second person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WaitingReceipt {
    /// The proposal that another person approves.
    pub proposal_id: String,
    /// `waiting_for_second`.
    pub state: String,
    /// A revocation: its holder is told now, and it may be approved from this day on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
}

impl From<CertificateRefusal> for Problem {
    fn from(refusal: CertificateRefusal) -> Self {
        let code = match refusal {
            CertificateRefusal::Level { .. } => Code::Forbidden,
            CertificateRefusal::Transition { .. } => Code::TransitionRefused,
            CertificateRefusal::Reason { .. } => {
                return Self::field("/reason_code", "reason", &refusal.zh(), &refusal.en());
            }
        };
        Self::new(code).with_detail(refusal.zh(), refusal.en())
    }
}

/// Changes a certificate of the actor's scope; revoking waits for a second person.
pub async fn change_certificate(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CertificateId,
    revision: i32,
    request: &ChangeRequest,
) -> Result<Receipt, Problem> {
    if request
        .reason
        .as_ref()
        .is_some_and(|reason| reason.chars().count() > 500)
    {
        return Err(Problem::field(
            "/reason",
            "length",
            "理由请写在 500 字以内。",
            "Keep the reason within 500 characters.",
        ));
    }
    for _ in 1..issue::TRIES {
        match change_once(app, actor, key, id, revision, request).await {
            Err(problem) if issue::may_be_rotated(&problem) => {}
            other => return other,
        }
    }
    change_once(app, actor, key, id, revision, request).await
}

async fn change_once(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CertificateId,
    revision: i32,
    request: &ChangeRequest,
) -> Result<Receipt, Problem> {
    let signer = match request.act {
        CertificateAct::Supersede => {
            crate::papers::warm(app).await;
            signer_for(app, actor, id).await?
        }
        _ => None,
    };
    let mut act = match app
        .begin(actor, key, "change_certificate", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = store::certificates::find(&act.tx, &Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if found.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    not_interested_about(&act, id.uuid()).await?;
    let status = revocation::status_for(&act, &found, request.act).await?;
    change(status, request.act, request.reason_code, actor.role)?;
    if request.act.two_persons() {
        let proposal = act
            .propose(
                "certificate",
                id.uuid(),
                request.act.as_str(),
                request,
                found.revision,
                None,
            )
            .await?;
        act.record(Entry {
            kind: "certificate",
            id: id.uuid(),
            act: "propose_revoke",
            reason_code: Some(request.reason_code.as_str()),
            reason: request.reason.as_deref(),
            ..Entry::default()
        })
        .await?;
        let notice = revocation::notice(&act, &found, request.reason_code).await?;
        let receipt = WaitingReceipt {
            proposal_id: proposal.to_string(),
            state: "waiting_for_second".to_owned(),
            not_before: notice.as_ref().map(|one| one.not_before.to_string()),
        };
        let answer = act
            .finish(StatusCode::ACCEPTED, &receipt, ("certificate", id))
            .await?;
        if let Some(notice) = notice {
            revocation::tell(app, &notice).await;
        }
        return Ok(answer);
    }
    let receipt = if request.act == CertificateAct::Supersede {
        supersede(&mut act, &found, request, signer.as_ref()).await?
    } else {
        apply(&mut act, &found, request, None, None).await?
    };
    act.finish(StatusCode::OK, &receipt, ("certificate", id))
        .await
}

/// Runs a proposed revocation for its second person.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let request: ChangeRequest =
        serde_json::from_str(&proposal.request).map_err(Problem::internal)?;
    let scope = Scope::of(&act.actor);
    let found = store::certificates::find(&act.tx, &scope, proposal.object_id.into())
        .await?
        .ok_or_else(Problem::not_found)?;
    not_interested_about(act, found.id.uuid()).await?;
    change(
        found.status,
        request.act,
        request.reason_code,
        act.actor.role,
    )?;
    revocation::in_time(act, &found, request.reason_code, proposal).await?;
    let receipt = apply(act, &found, &request, None, Some(proposal)).await?;
    serde_json::to_value(receipt).map_err(Problem::internal)
}

async fn signer_for(
    app: &App,
    actor: &Actor,
    id: CertificateId,
) -> Result<Option<issue::SharedSigner>, Problem> {
    match store::certificates::find(app.store.reader(), &Scope::of(actor), id).await? {
        Some(found) => issue::signer_of(app, &found.federation).await,
        None => Ok(None),
    }
}

/// Issues the corrected certificate and marks the old one.
async fn supersede(
    act: &mut Act,
    old: &Certificate,
    request: &ChangeRequest,
    signer: Option<&issue::SharedSigner>,
) -> Result<ChangeReceipt, Problem> {
    let scope = Scope::of(&act.actor);
    let cohort_id = store::certificates::cohort_of_enrolment(&act.tx, old.enrolment)
        .await?
        .ok_or_else(|| Problem::internal("a certificate without its cohort"))?;
    let cohort = store::certificates::cohort_for_issue(&act.tx, &scope, cohort_id)
        .await?
        .ok_or_else(Problem::not_found)?;
    // As at an issue: whoever corrects the name waits, or was waited for.
    store::persons::lock(&act.tx, &[old.person]).await?;
    let candidate = store::certificates::candidate_of_enrolment(
        &act.tx,
        act.app.store.vault(),
        old.enrolment,
        act.today,
    )
    .await?
    .ok_or_else(|| Problem::internal("a certificate without its trainee"))?;
    let ends = [(old.enrolment, old.expires_at)].into();
    let issued = issue::sign_and_insert(
        act,
        &cohort,
        std::slice::from_ref(&candidate),
        issue::Occasion::Replacement(&ends),
        signer,
    )
    .await?;
    let new = store::certificates::by_leaf(&act.tx, issued.first)
        .await?
        .ok_or_else(|| Problem::internal("the new certificate is not there"))?;
    apply(act, old, request, Some(&new), None).await
}

/// Puts a certificate on hold until a day, because the class it comes from is concerned by a fraud of its institution.
pub(crate) async fn hold(
    act: &mut Act,
    found: &Certificate,
    until: chrono::NaiveDate,
) -> Result<(), Problem> {
    let request = ChangeRequest {
        act: CertificateAct::Suspend,
        reason_code: CertificateReason::UnderReview,
        reason: None,
    };
    applied(act, found, &request, None, None, Some(until))
        .await
        .map(|_| ())
}

async fn apply(
    act: &mut Act,
    found: &Certificate,
    request: &ChangeRequest,
    replacement: Option<&Certificate>,
    proposal: Option<&Proposal>,
) -> Result<ChangeReceipt, Problem> {
    applied(act, found, request, replacement, proposal, None).await
}

async fn applied(
    act: &mut Act,
    found: &Certificate,
    request: &ChangeRequest,
    replacement: Option<&Certificate>,
    proposal: Option<&Proposal>,
    until: Option<chrono::NaiveDate>,
) -> Result<ChangeReceipt, Problem> {
    let to = change(
        revocation::status_for(act, found, request.act).await?,
        request.act,
        request.reason_code,
        act.actor.role,
    )?;
    let suspended_until = (to == CertificateStatus::Suspended).then(|| {
        until.unwrap_or_else(|| {
            let days = act.app.policy.workflow.certificate_suspension_wd;
            act.app.calendar.add_working_days(act.today, days)
        })
    });
    let at = act.log_time().await?;
    let leaf = act
        .log(LeafEntry::CertificateStatus {
            at,
            certificate: found.cose_sha256,
            status: to,
            reason: request.reason_code,
        })
        .await?;
    let change = StatusChange {
        status: to,
        at,
        reason: request.reason_code.as_str(),
        suspended_until,
        superseded_by: replacement.map(|new| new.id),
    };
    store::certificates::change_status(&act.tx, found.id, found.revision, &change).await?;
    store::certificates::touch_status_list(&act.tx, found.status_list).await?;
    match suspended_until {
        // The review of a whole fraud has a term of its own.
        Some(day) if until.is_none() => {
            crate::cases::terms::of_suspension(act, found, day).await?;
        }
        Some(_) => {}
        None => {
            crate::cases::terms::end_suspension(act, found.id).await?;
            crate::cases::terms::of_review(act, found.id).await?;
        }
    }
    act.record(Entry {
        kind: "certificate",
        id: found.id.uuid(),
        act: request.act.as_str(),
        from: Some(found.status.as_str()),
        to: Some(to.as_str()),
        reason_code: Some(request.reason_code.as_str()),
        reason: request.reason.as_deref(),
        leaf: Some(leaf),
        proposer: proposal.map(|proposal| proposal.proposed_by),
        ..Entry::default()
    })
    .await?;
    Ok(ChangeReceipt {
        id: found.public_id.to_string(),
        status: to.as_str().to_owned(),
        since: at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        revision: found.revision + 1,
        leaf_index: leaf.0,
        suspended_until: suspended_until.map(|day| day.to_string()),
        superseded_by: replacement.map(|new| new.public_id.to_string()),
    })
}
