//! Share links and who may open a certificate's files: holder's link, or an officer in scope (design decision 12).

use axum::http::StatusCode;
use chrono::{Duration, SecondsFormat};
use data_encoding::BASE64URL_NOPAD;
use domain::PublicId;
use domain::access::Actor;
use domain::ids::CertificateId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::StoreError;
use store::certificates::{Certificate, ShareLink};
use store::scope::Scope;
use utoipa::ToSchema;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// For how long a link opens the files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    /// Days: 7, 30 or 90.
    pub days: u32,
}

/// A link that a federation makes for a holder who asks for it and cannot make it themselves.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeShareRequest {
    /// Days, 1 to 90.
    pub days: u32,
    /// How the holder asked for it, 5 to 200 characters: the full name is theirs to show (pages.md 3.5).
    pub reason: String,
}

/// Most days for which a link opens the files.
const MOST_DAYS: u32 = 90;

/// Label of a token that is kept for repetitions.
const TOKEN: &str = "share.token";

/// What is kept of the answer: the token is sealed, so that a dump of the database opens nothing.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    sealed: String,
    expires_at: String,
}

/// A share link.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ShareReceipt {
    /// Give it as `?share=`.
    pub token: String,
    /// When it ends.
    pub expires_at: String,
}

/// Makes a share link that a holder asked for. Of the token its hash is kept, and for a repeated request the token itself,
/// sealed. The holder sees the link on the page of the certificate, and takes it back there.
pub async fn share(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CertificateId,
    request: &OfficeShareRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 200);
    if !(1..=MOST_DAYS).contains(&request.days) {
        faults.add(
            "/days",
            "range",
            "天数应为 1 至 90。",
            "The days are 1 to 90.",
        );
    }
    faults.finish()?;
    let act = match app
        .begin(actor, key, "share_certificate", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return shown(app, id, &receipt),
    };
    let found = store::certificates::find(&act.tx, &Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let reason = Some(request.reason.as_str());
    let receipt = make(app, actor, act, found.id, (request.days, reason)).await?;
    shown(app, id, &receipt)
}

/// Writes the link and closes the act; the answer is kept with the token sealed.
pub(super) async fn make(
    app: &App,
    actor: &Actor,
    mut act: Box<Act>,
    id: CertificateId,
    (days, reason): (u32, Option<&str>),
) -> Result<Receipt, Problem> {
    let token = BASE64URL_NOPAD.encode(&app.random.bytes::<24>());
    let link = ShareLink {
        token_sha256: Sha256::digest(token.as_bytes()).into(),
        certificate: id,
        expires_at: act.now + Duration::days(i64::from(days)),
        revoked_at: None,
    };
    store::certificates::insert_share(&act.tx, &link, actor.account, act.now).await?;
    act.record(Entry {
        kind: "certificate",
        id: id.uuid(),
        act: "share",
        reason,
        ..Entry::default()
    })
    .await?;
    let sealed = app
        .store
        .vault()
        .seal_registry_secret(TOKEN, id.uuid(), token.as_bytes())?;
    let kept = Kept {
        sealed: BASE64URL_NOPAD.encode(&sealed),
        expires_at: link.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    };
    act.finish(StatusCode::CREATED, &kept, ("certificate", id))
        .await
}

/// The answer, with the token opened.
pub(super) fn shown(app: &App, id: CertificateId, receipt: &Receipt) -> Result<Receipt, Problem> {
    let kept: Kept = receipt.parse()?;
    let sealed = BASE64URL_NOPAD
        .decode(kept.sealed.as_bytes())
        .map_err(Problem::internal)?;
    let token = app
        .store
        .vault()
        .open_registry_secret(TOKEN, id.uuid(), &sealed)
        // Kept answers are not sealed anew when the master key changes: they live for repetitions, not for good.
        .map_err(|error| match error {
            StoreError::Sealed(_) => Problem::new(Code::AnswerGone),
            other => other.into(),
        })?;
    let shown = ShareReceipt {
        token: String::from_utf8(token).map_err(Problem::internal)?,
        expires_at: kept.expires_at,
    };
    Ok(Receipt {
        status: receipt.status,
        json: serde_json::to_string(&shown).map_err(Problem::internal)?,
    })
}

/// The certificate that a share token opens; the opening is kept with the name of the file.
pub async fn open_by_share(
    app: &App,
    id: &PublicId,
    token: &str,
    file: &str,
) -> Result<Certificate, Problem> {
    let token_sha256: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let reader = app.store.reader();
    let now = app.now();
    let link = store::certificates::share(reader, &token_sha256)
        .await?
        .filter(|link| link.revoked_at.is_none() && now < link.expires_at)
        .ok_or_else(Problem::not_found)?;
    let found = store::certificates::any(reader, link.certificate)
        .await?
        .filter(|found| found.public_id == *id)
        .ok_or_else(Problem::not_found)?;
    // What the public is shown no more is not handed out by a link either (workflow.md 3).
    let died = store::registers::died(reader, &[found.person]).await?;
    if !died.is_empty() {
        return Err(Problem::not_found());
    }
    let tx = app.store.write().await?;
    store::certificates::note_share_access(&tx, app.random.id(now), &token_sha256, file, now)
        .await?;
    store::commit(tx).await?;
    Ok(found)
}
