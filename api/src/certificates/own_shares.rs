//! A holder's own share links: made with an end, seen with their openings, taken back (pages.md 3.5, 4.2).
//!
//! What staff made for the certificate is listed as well, and is as much the holder's to take back.

use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use domain::PublicId;
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use store::certificates::SharedLink;
use utoipa::ToSchema;

use super::files::own;
use super::share::{ShareRequest, make, shown};
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::Problem;

/// Days for which a holder's link may open the files.
pub(crate) const DAYS: [u32; 3] = [7, 30, 90];

/// A share link of one's own certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnShare {
    /// Names the link; it opens nothing.
    pub(crate) link: String,
    /// Whether the holder made it; else an office or an institution did.
    pub(crate) by_me: bool,
    /// When it was made.
    pub(crate) created_at: String,
    /// When it ends.
    pub(crate) expires_at: String,
    /// When it was taken back.
    pub(crate) withdrawn_at: Option<String>,
    /// Whether it opens the files now.
    pub(crate) open: bool,
    /// How often a file was opened by it. Who opened it is not kept.
    pub(crate) openings: u64,
    /// The last day on which one was, in China.
    pub(crate) last_opened_on: Option<String>,
}

/// Takes a link back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WithdrawShareRequest {
    /// The link, as the list names it.
    pub(crate) link: String,
}

/// A link was taken back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct WithdrawnShare {
    /// The link.
    link: String,
    /// When.
    withdrawn_at: String,
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl OwnShare {
    fn of(actor: &Actor, link: &SharedLink, now: DateTime<Utc>) -> Self {
        Self {
            link: HEXLOWER.encode(&link.token_sha256),
            by_me: link.created_by == actor.account,
            created_at: instant(link.created_at),
            expires_at: instant(link.expires_at),
            withdrawn_at: link.revoked_at.map(instant),
            open: link.revoked_at.is_none() && now < link.expires_at,
            openings: link.openings,
            last_opened_on: link
                .last_opened_at
                .map(|at| domain::calendar::today(at).to_string()),
        }
    }
}

/// The share links of a certificate of the trainee.
pub(crate) async fn list(
    app: &App,
    actor: &Actor,
    id: &PublicId,
) -> Result<Vec<OwnShare>, Problem> {
    let found = own(app, actor, id).await?;
    let links = store::certificates::shares_of(app.store.reader(), found.id).await?;
    let now = app.now();
    Ok(links
        .iter()
        .map(|link| OwnShare::of(actor, link, now))
        .collect())
}

/// The holder makes a link.
pub(crate) async fn share(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: &PublicId,
    request: &ShareRequest,
) -> Result<Receipt, Problem> {
    let found = own(app, actor, id).await?;
    if !DAYS.contains(&request.days) {
        return Err(Problem::field(
            "/days",
            "range",
            "请选择 7、30 或 90 天。",
            "Choose 7, 30 or 90 days.",
        ));
    }
    let begun = app
        .begin(actor, key, "share_own_certificate", &(found.id, request))
        .await?;
    let receipt = match begun {
        Begin::First(act) => make(app, actor, act, found.id, (request.days, None)).await?,
        Begin::Again(receipt) => receipt,
    };
    shown(app, found.id, &receipt)
}

/// The holder takes a link back: from now on it opens nothing.
pub(crate) async fn withdraw(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: &PublicId,
    request: &WithdrawShareRequest,
) -> Result<Receipt, Problem> {
    let found = own(app, actor, id).await?;
    let unknown = || {
        Problem::field(
            "/link",
            "unknown-value",
            "没有这个有效的分享链接;它可能已经收回。请刷新页面。",
            "There is no such link in force; it may have been taken back. Load the page again.",
        )
    };
    let token: [u8; 32] = HEXLOWER
        .decode(request.link.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(unknown)?;
    let mut act = match app
        .begin(actor, key, "withdraw_own_share", &(found.id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    if !store::certificates::revoke_share(&act.tx, found.id, &token, act.now).await? {
        return Err(unknown());
    }
    act.record(Entry {
        kind: "certificate",
        id: found.id.uuid(),
        act: "withdraw_share",
        ..Entry::default()
    })
    .await?;
    let receipt = WithdrawnShare {
        link: request.link.clone(),
        withdrawn_at: instant(act.now),
    };
    act.finish(StatusCode::OK, &receipt, ("certificate", found.id))
        .await
}
