//! Before a revocation its holder is told, with the right to appeal, unless the key was compromised (workflow.md 3). An
//! appeal lodged in that time holds the revocation; one that is upheld afterwards lets a new certificate be issued.

use chrono::NaiveDate;
use domain::certificate::{CertificateAct, CertificateReason, CertificateStatus};
use domain::institution::appealed::Grievance;
use store::certificates::Certificate;
use store::one_time_tokens::Contact;
use store::proposals::Proposal;

use crate::access::delivery;
use crate::act::Act;
use crate::app::App;
use crate::cases::grievances::reopened;
use crate::problem::{Code, Problem};

/// What a holder is told.
pub(super) struct Notice {
    /// First day on which the certificate may be revoked.
    pub(super) not_before: NaiveDate,
    certificate: String,
    contact: Option<Contact>,
}

/// The first day on which a revocation announced on this day may be approved.
pub(crate) fn not_before(app: &App, announced: NaiveDate) -> NaiveDate {
    let days = app.policy.workflow.revocation_notice_wd;
    let last = app.calendar.add_working_days(announced, days);
    last.succ_opt().unwrap_or(last)
}

/// The notice of a revocation that was just proposed; none after a compromise of the key.
pub(super) async fn notice(
    act: &Act,
    found: &Certificate,
    reason: CertificateReason,
) -> Result<Option<Notice>, Problem> {
    if reason == CertificateReason::KeyCompromise {
        return Ok(None);
    }
    let ground = store::cases::grievances::of_certificate(&act.tx, &found.public_id)
        .await?
        .ok_or_else(|| Problem::internal("a certificate without its trainee"))?;
    let vault = act.app.store.vault();
    Ok(Some(Notice {
        not_before: not_before(&act.app, act.today),
        certificate: found.public_id.to_string(),
        contact: store::contacts::of_person(&act.tx, vault, ground.person).await?,
    }))
}

/// Tells the holder, after the commit; without a contact the message is for the counter. The own record tells it, too.
pub(super) async fn tell(app: &App, notice: &Notice) {
    let text = format!(
        "您的一份培训证书拟于 {day} 起撤销。如有异议,请登录后在“我的申诉”中提出: / One of your certificates is to be revoked from {day} on. You may appeal at your own record: {url}/me/appeals",
        day = notice.not_before,
        url = app.config.public_url,
    );
    let subject = "拟撤销证书的通知 / Notice of a revocation";
    // `delivery` has logged a failure; the own record tells it all the same.
    let contact = notice.contact.as_ref();
    let _ = delivery::send(app, contact, &notice.certificate, subject, &text).await;
}

/// Refuses to revoke before the holder had the time, or while an appeal against the announcement runs.
pub(super) async fn in_time(
    act: &Act,
    found: &Certificate,
    reason: CertificateReason,
    proposal: &Proposal,
) -> Result<(), Problem> {
    if reason == CertificateReason::KeyCompromise {
        return Ok(());
    }
    let from = not_before(&act.app, domain::calendar::today(proposal.proposed_at));
    if act.today < from {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!("已告知持证人,{from} 起才能批准撤销;期间可先暂停使用。"),
            format!("The holder was told; the revocation can be approved from {from} on. Suspend the certificate meanwhile if need be."),
        ));
    }
    let announced =
        store::cases::grievances::newest(&act.tx, found.id.uuid(), &["propose_revoke"]).await?;
    let held = match announced {
        Some(one) => store::cases::grievances::holds(&act.tx, one.id).await?,
        None => false,
    };
    if held {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "持证人对撤销提出了申诉:决定之前不能撤销,申诉成立的请驳回撤销提议。",
            "An appeal against this revocation runs or was upheld: wait for its decision; if it was upheld, refuse the proposal.",
        ));
    }
    Ok(())
}

/// The status from which an act starts: after an upheld appeal a revoked certificate is replaced like one in force.
pub(super) async fn status_for(
    act: &Act,
    found: &Certificate,
    with: CertificateAct,
) -> Result<CertificateStatus, Problem> {
    let again = with == CertificateAct::Supersede
        && found.status == CertificateStatus::Revoked
        && reopened(act, Grievance::CertificateRevocation, found.id.uuid()).await?;
    Ok(if again {
        CertificateStatus::Issued
    } else {
        found.status
    })
}
