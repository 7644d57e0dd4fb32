//! Status lists as they are served: signed once, stored, and made anew when a bit changed or their validity nears the end.
//!
//! The bits are always those of the certificates themselves, read under the lock of the list's row, which every change of a
//! status takes too: two changes at once both stick, and a list never speaks of bits that were not committed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use certs::credential::{
    LIST_TTL, LIST_VALIDITY, StatusBitmap, StatusPurpose, status_list_json, status_list_jwt,
    token_status_list,
};
use certs::keys::{KeyId, Signer};
use certs::qr::Host;
use chrono::{DateTime, SubsecRound as _, Utc};
use domain::certificate::CertificateStatus;
use sha2::{Digest as _, Sha256};
use store::certificates::SignedStatusList;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{embedded, status_index};
use crate::app::App;
use crate::border::Negotiated;
use crate::etag;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};
use crate::trust::own_keys;

/// Routes that anybody may use.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(status_list))
}

/// A list in one of its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bits(StatusPurpose),
    Token,
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "token" => Some(Self::Token),
            text => text.parse().ok().map(Self::Bits),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Bits(purpose) => purpose.as_str(),
            Self::Token => "token",
        }
    }
}

/// How a list is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Jwt,
    Json,
}

impl Form {
    fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Json => "json",
        }
    }
}

/// A status list: a VC-JWT, JSON with an embedded proof where `Accept` asks for JSON, or a Token Status List at `/status/token`.
#[utoipa::path(get, path = "/status/{purpose}/{number}", tag = "certificates",
    params(("purpose" = String, Path, description = "revocation, suspension or token"), ("number" = u32, Path, description = "Number of the list")),
    responses((status = 200, content_type = "application/vc+jwt", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn status_list(
    State(app): State<App>,
    Path((purpose, number)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = Kind::parse(&purpose).ok_or_else(Problem::not_found)?;
    let (form, content_type) = negotiate(kind, &headers);
    let signed = current(&app, kind, form, number).await?;
    let digest: [u8; 32] = Sha256::digest(signed.body.as_bytes()).into();
    let tag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&digest[..16]));
    let mut response = if etag::knows(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type)], signed.body).into_response()
    };
    let cache = format!("public, max-age={}", LIST_TTL.num_seconds());
    for (name, value) in [
        (header::CACHE_CONTROL, cache),
        (header::ETAG, tag),
        (header::VARY, "Accept".to_owned()),
    ] {
        let value = HeaderValue::try_from(value).map_err(Problem::internal)?;
        response.headers_mut().insert(name, value);
    }
    response.extensions_mut().insert(Negotiated);
    Ok(response)
}

/// Digital Bazaar's clients ask for JSON by name; openbadgeslib takes only a JWT (interop.md).
fn negotiate(kind: Kind, headers: &HeaderMap) -> (Form, &'static str) {
    if kind == Kind::Token {
        return (Form::Jwt, "application/statuslist+jwt");
    }
    let accept: Vec<String> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(|range| range.trim().to_ascii_lowercase())
        .collect();
    let asks = |wanted: &str| accept.iter().any(|range| range == wanted);
    if asks("application/vc+jwt") {
        return (Form::Jwt, "application/vc+jwt");
    }
    ["application/vc", "application/ld+json", "application/json"]
        .into_iter()
        .find(|wanted| asks(wanted))
        .map_or((Form::Jwt, "application/vc+jwt"), |wanted| {
            (Form::Json, wanted)
        })
}

/// The list as it is good now.
async fn current(
    app: &App,
    kind: Kind,
    form: Form,
    number: u32,
) -> Result<SignedStatusList, Problem> {
    let reader = app.store.reader();
    let revision = store::certificates::status_list_revision(reader, number)
        .await?
        .ok_or_else(Problem::not_found)?;
    let kept =
        store::certificates::signed_status_list(reader, number, kind.as_str(), form.as_str())
            .await?;
    let now = app.now();
    let signer = own_keys::status_signer(app, reader).await?;
    if let Some(kept) = kept
        && is_good(signer.key_id(), &kept, revision, now)
    {
        return Ok(kept);
    }
    make(app, kind, form, number).await
}

/// Whether a stored list may still be given: with these bits, under today's key, and good for as long again as it is old.
fn is_good(kid: &KeyId, kept: &SignedStatusList, revision: i64, now: DateTime<Utc>) -> bool {
    kept.revision == revision
        && kept.kid == kid.as_str()
        && kept.at <= now
        && now < kept.at + LIST_VALIDITY / 2
}

async fn make(app: &App, kind: Kind, form: Form, number: u32) -> Result<SignedStatusList, Problem> {
    let tx = app.store.write().await?;
    let (list, revision) = store::certificates::lock_status_list(&tx, app.store.vault(), number)
        .await?
        .ok_or_else(Problem::not_found)?;
    // Somebody else may have made it meanwhile.
    let now = app.now();
    let signer = own_keys::status_signer(app, &tx).await?;
    let kept =
        store::certificates::signed_status_list(&tx, number, kind.as_str(), form.as_str()).await?;
    if let Some(kept) = kept
        && is_good(signer.key_id(), &kept, revision, now)
    {
        store::rollback(tx).await?;
        return Ok(kept);
    }
    let changed = store::certificates::changed_in_list(&tx, number).await?;
    let decoys = status_index::decoys(&list);
    let size = list.size as usize;
    let revoked = bits(size, &decoys.revoked, &changed, |status| {
        matches!(
            status,
            CertificateStatus::Revoked | CertificateStatus::Superseded
        )
    })?;
    let suspended = bits(size, &decoys.suspended, &changed, |status| {
        status == CertificateStatus::Suspended
    })?;
    let at = now.trunc_subsecs(0);
    let host: Host = app.config.host.parse().map_err(Problem::internal)?;
    let signing = Arc::clone(&signer);
    let body = crate::cores::off_thread(move || {
        sign(
            signing.as_ref(),
            &host,
            kind,
            form,
            number,
            (&revoked, &suspended),
            at,
        )
    })
    .await
    .map_err(Problem::internal)??;
    let signed = SignedStatusList {
        list: number,
        kind: kind.as_str().to_owned(),
        form: form.as_str().to_owned(),
        revision,
        at,
        kid: signer.key_id().as_str().to_owned(),
        body,
    };
    store::certificates::put_signed_status_list(&tx, &signed).await?;
    store::commit(tx).await?;
    Ok(signed)
}

fn bits(
    size: usize,
    decoys: &[u32],
    changed: &[(u32, CertificateStatus)],
    set: impl Fn(CertificateStatus) -> bool,
) -> Result<StatusBitmap, Problem> {
    let mut bits = StatusBitmap::new(size).map_err(Problem::internal)?;
    let real = changed
        .iter()
        .filter(|(_, status)| set(*status))
        .map(|(index, _)| index);
    for index in decoys.iter().chain(real) {
        bits.set(*index, true).map_err(Problem::internal)?;
    }
    Ok(bits)
}

fn sign(
    signer: &dyn Signer,
    host: &Host,
    kind: Kind,
    form: Form,
    number: u32,
    (revoked, suspended): (&StatusBitmap, &StatusBitmap),
    at: DateTime<Utc>,
) -> Result<String, Problem> {
    let of = |purpose| match purpose {
        StatusPurpose::Revocation => revoked,
        StatusPurpose::Suspension => suspended,
    };
    match (kind, form) {
        (Kind::Token, _) => token_status_list(host, number, revoked, suspended, at, signer)
            .map_err(Problem::internal),
        (Kind::Bits(purpose), Form::Jwt) => {
            status_list_jwt(host, purpose, number, of(purpose), at, signer)
                .map_err(Problem::internal)
        }
        (Kind::Bits(purpose), Form::Json) => {
            let list = status_list_json(host, purpose, number, of(purpose), at);
            embedded::sign(&list, host, at, signer)
        }
    }
}
