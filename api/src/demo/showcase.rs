//! Certificates in every state, and what is shown of them.

use std::path::Path;
use std::sync::Arc;

use certs::certificate::Claims;
use certs::keys::{Signer, SoftwareSigner};
use certs::qr::Level;
use domain::PublicId;
use domain::certificate::{CertificateAct as A, CertificateReason as R};
use domain::institution::InstitutionTransition;
use store::certificates::Certificate;
use zeroize::Zeroizing;

use super::cast::{Cast, key};
use super::classes::Issued;
use super::disputes::Dispute;
use super::story::{Stage, WithProposal, approve};
use super::{DemoCertificate, Script};
use crate::app::App;
use crate::certificates::change::{self, ChangeRequest};
use crate::certificates::files;
use crate::certificates::share::{self, OfficeShareRequest, ShareReceipt};
use crate::institutions::admission::{self, TransitionRequest};
use crate::problem::Problem;
use crate::verify;

/// How many certificates of each state are shown.
const SHOWN: usize = 3;
/// The school that is warned.
const WARNED: usize = 6;

/// Suspends, resumes, revokes and supersedes some; stops one institution.
pub(super) async fn change(
    app: &App,
    script: &Script,
    cast: &Cast,
    stage: &Stage,
    issued: &[Issued],
) -> Result<(), Problem> {
    script.day(super::PAST + 205);
    let mut announced = Vec::new();
    for batch in issued.iter().filter(|batch| !batch.expired).take(3) {
        let rows = store::certificates::of_batch(app.store.reader(), batch.batch).await?;
        let acts = [
            (A::Suspend, R::UnderReview),
            (A::Revoke, R::IssuedInError),
            (A::Supersede, R::Correction),
            (A::Suspend, R::UnderReview),
        ];
        for (row, (act, reason)) in rows.iter().zip(acts) {
            let waits = one(app, cast, &batch.federation, row, act, reason).await?;
            announced.extend(waits.map(|id| (batch.federation.clone(), id)));
        }
        // The last of them is cleared again.
        if let Some(row) = rows.get(3) {
            script.later();
            one(app, cast, &batch.federation, row, A::Resume, R::Cleared).await?;
        }
    }
    // Holders are told of a revocation before it.
    script.day(super::PAST + 226);
    for (federation, id) in announced {
        approve(app, cast, Some(&id), &format!("province-{federation}-2")).await?;
    }
    if let Some(school) = stage.schools.get(WARNED) {
        let dispute = Dispute {
            app,
            script,
            cast,
            school,
        };
        dispute.warn(super::PAST + 228).await?;
    }
    // The certificates of a suspended institution stay valid, and say so.
    if let Some(school) = stage.schools.last() {
        let officer = cast
            .actor(app, &format!("province-{}-1", school.federation))
            .await?;
        let scope = store::scope::Scope::of(&officer);
        let found = store::institutions::find(app.store.reader(), &scope, school.admission)
            .await?
            .ok_or_else(Problem::not_found)?;
        let request = TransitionRequest {
            reason: Some("演示:消防检查不合格,先行暂停。".to_owned()),
            cause: Some(domain::institution::Cause::Safety),
            ..TransitionRequest::of(InstitutionTransition::T16)
        };
        let stopped: WithProposal = admission::transition(
            app,
            &officer,
            &key(app)?,
            school.admission,
            found.revision,
            &request,
        )
        .await?
        .parse()?;
        let second = format!("province-{}-2", school.federation);
        approve(app, cast, stopped.proposal_id.as_deref(), &second).await?;
    }
    Ok(())
}

/// Changes a certificate; answers the proposal that waits for its second person.
async fn one(
    app: &App,
    cast: &Cast,
    federation: &str,
    row: &Certificate,
    act: A,
    reason: R,
) -> Result<Option<String>, Problem> {
    let officer = cast.actor(app, &format!("province-{federation}-1")).await?;
    let scope = store::scope::Scope::of(&officer);
    let found = store::certificates::find(app.store.reader(), &scope, row.id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let request = ChangeRequest {
        act,
        reason_code: reason,
        reason: Some("演示".to_owned()),
    };
    let done: WithProposal =
        change::change_certificate(app, &officer, &key(app)?, row.id, found.revision, &request)
            .await?
            .parse()?;
    Ok(done.proposal_id)
}

/// Some certificates of each state with their QR pictures and share links, and some that are none.
pub(super) async fn show(
    app: &App,
    cast: &Cast,
    issued: &[Issued],
    data: &Path,
) -> Result<Vec<DemoCertificate>, Problem> {
    let folder = data.join("qr");
    std::fs::create_dir_all(&folder).map_err(Problem::internal)?;
    let mut shown: Vec<DemoCertificate> = Vec::new();
    let mut sample = None;
    for batch in issued {
        let rows = store::certificates::of_batch(app.store.reader(), batch.batch).await?;
        let officer = cast
            .actor(app, &format!("province-{}-1", batch.federation))
            .await?;
        for row in rows {
            let text = files::qr_text_of(app, &row).await?;
            let state = verify::by_text(app, &text).await?.state().code();
            if shown.iter().filter(|one| one.state == state).count() >= SHOWN {
                continue;
            }
            let request = OfficeShareRequest {
                days: 30,
                reason: "持证人在窗口要求(演示)".to_owned(),
            };
            let link: ShareReceipt = share::share(app, &officer, &key(app)?, row.id, &request)
                .await?
                .parse()?;
            let cose = certs::qr::parse_qr_text(&text)
                .ok()
                .and_then(|parsed| parsed.cose)
                .unwrap_or_default();
            let claims = certs::certificate::decode(&cose)
                .map_err(Problem::internal)?
                .unverified_claims()
                .clone();
            sample.get_or_insert_with(|| claims.clone());
            shown.push(DemoCertificate {
                id: row.public_id.to_string(),
                number: row.certificate_no.as_str().to_owned(),
                holder: claims.holder.expose().to_owned(),
                state: state.to_owned(),
                qr_png: picture(&folder, &row.public_id.to_string(), &text)?,
                qr_text: text,
                share: Some(link.token),
            });
        }
    }
    let claims = sample.ok_or_else(|| Problem::internal("no certificate was issued"))?;
    for (number, (claims, text)) in strangers(app, &claims, &shown)?.into_iter().enumerate() {
        let state = verify::by_text(app, &text).await?.state().code();
        shown.push(DemoCertificate {
            id: claims.public_id.to_string(),
            number: claims.certificate_no.as_str().to_owned(),
            holder: claims.holder.expose().to_owned(),
            state: state.to_owned(),
            // A changed certificate bears the id of a genuine one, whose picture stays.
            qr_png: picture(&folder, &format!("stranger-{}", number + 1), &text)?,
            qr_text: text,
            share: None,
        });
    }
    Ok(shown)
}

fn picture(folder: &Path, name: &str, text: &str) -> Result<String, Problem> {
    let file = folder.join(format!("{name}.png"));
    let png = certs::qr::png(text, Level::Q, 6).map_err(Problem::internal)?;
    std::fs::write(&file, png).map_err(Problem::internal)?;
    Ok(file.display().to_string())
}

/// Texts that are no certificates: changed data, a stranger's key, an id that nobody issued.
fn strangers(
    app: &App,
    claims: &Claims,
    shown: &[DemoCertificate],
) -> Result<Vec<(Claims, String)>, Problem> {
    let host = app.config.host.parse().map_err(Problem::internal)?;
    let new_id = || PublicId::from_bytes(app.random.bytes());
    let mut list = Vec::new();
    let genuine = shown
        .iter()
        .find(|one| one.state == "valid")
        .ok_or_else(|| Problem::internal("nothing to change"))?;
    let parsed = certs::qr::parse_qr_text(&genuine.qr_text).map_err(Problem::internal)?;
    let mut changed = parsed.cose.unwrap_or_default();
    // A byte of the signature: the data still reads well.
    if let Some(byte) = changed.last_mut() {
        *byte ^= 1;
    }
    let id: PublicId = genuine.id.parse().map_err(Problem::internal)?;
    list.push((claims.clone(), certs::qr::qr_text(&host, &id, &changed)));
    let kid = "k9999".parse().map_err(Problem::internal)?;
    let stranger: Arc<dyn Signer> = Arc::new(SoftwareSigner::from_seed(
        kid,
        Zeroizing::new(app.random.bytes()),
    ));
    let mut unknown = claims.clone();
    unknown.public_id = new_id();
    let signed =
        certs::certificate::sign(&unknown, stranger.as_ref()).map_err(Problem::internal)?;
    let text = certs::qr::qr_text(&host, &unknown.public_id, signed.as_bytes());
    list.push((unknown, text));
    let mut nobody = claims.clone();
    nobody.public_id = new_id();
    let text = format!("{}/v/{}", app.config.public_url, nobody.public_id);
    list.push((nobody, text));
    Ok(list)
}
