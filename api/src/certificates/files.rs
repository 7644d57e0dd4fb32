//! Files of a certificate: they carry the full name, so they need a share link or an officer in scope.

use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use certs::qr::Level;
use domain::PublicId;
use domain::access::Actor;
use domain::privacy::{PersonalField, ReadPurpose};
use serde::Deserialize;
use store::certificates::Certificate;
use store::scope::Scope;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::share;
use crate::access::By;
use crate::access::permissions::{OpenCertificateFiles, SeeOwnRecord};
use crate::app::App;
use crate::extract::{Path, Query};
use crate::privacy::reading;
use crate::problem::{Code, Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(qr_png))
        .routes(routes!(qr_svg))
        .routes(routes!(qr_text))
}

/// Routes that anybody may use.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(proof))
}

/// A certificate whose files the asker may open: by share link, or as an officer in scope.
pub(crate) struct Opened(pub(crate) Certificate);

#[derive(Deserialize)]
struct ShareQuery {
    share: Option<String>,
}

impl FromRequestParts<App> for Opened {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, app).await?;
        let id: PublicId = id.parse().map_err(|_| Problem::not_found())?;
        let Query(query) = Query::<ShareQuery>::from_request_parts(parts, app).await?;
        let file = parts.uri.path().rsplit('/').next().unwrap_or("").to_owned();
        if let Some(token) = query.share {
            return share::open_by_share(app, &id, &token, &file)
                .await
                .map(Self);
        }
        let by = match By::<OpenCertificateFiles>::from_request_parts(parts, app).await {
            // A trainee opens what is their own.
            Err(refused) if refused.code() == Code::Forbidden => {
                let Ok(by) = By::<SeeOwnRecord>::from_request_parts(parts, app).await else {
                    return Err(refused);
                };
                return own(app, &by.actor, &id).await.map(Self);
            }
            by => by?,
        };
        let scope = Scope::of(&by.actor);
        let found = store::certificates::find_by_public_id(app.store.reader(), &scope, &id)
            .await?
            .ok_or_else(Problem::not_found)?;
        // The file tells the full name: the holder sees who opened it.
        reading::note_read(
            app,
            &by.actor,
            found.person,
            ReadPurpose::CertificateFile,
            &[PersonalField::Name],
        )
        .await?;
        Ok(Self(found))
    }
}

/// A certificate of the signed-in trainee; another person's is not found.
pub(crate) async fn own(app: &App, actor: &Actor, id: &PublicId) -> Result<Certificate, Problem> {
    let person = crate::privacy::trainee(actor)?;
    let reader = app.store.reader();
    let known = store::certificates::public_by_id(reader, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    store::certificates::any(reader, known.id)
        .await?
        .filter(|found| found.person == person)
        .ok_or_else(Problem::not_found)
}

/// The text of a certificate's QR code.
pub async fn qr_text_of(app: &App, certificate: &Certificate) -> Result<String, Problem> {
    let cose =
        store::certificates::signed_bytes(app.store.reader(), app.store.vault(), certificate.id)
            .await?
            .ok_or_else(Problem::not_found)?;
    let host = app.config.host.parse().map_err(Problem::internal)?;
    Ok(certs::qr::qr_text(&host, &certificate.public_id, &cose))
}

/// A file that nobody keeps.
pub(crate) fn file(kind: &'static str, name: &str, bytes: impl IntoResponse) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    if let Ok(value) = format!("inline; filename=\"{name}\"").parse() {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// For what a QR code is drawn (interop.md).
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum CodeLevel {
    /// Error correction M, fewer and larger modules: for screens.
    M,
    /// Error correction Q: for print.
    #[default]
    Q,
}

impl From<CodeLevel> for Level {
    fn from(level: CodeLevel) -> Self {
        match level {
            CodeLevel::M => Self::M,
            CodeLevel::Q => Self::Q,
        }
    }
}

#[derive(Deserialize)]
struct LevelQuery {
    #[serde(default)]
    level: CodeLevel,
}

/// The QR code as PNG, error correction Q, or M with `level=m`.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/qr.png", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token"), ("level" = Option<CodeLevel>, Query, description = "`q` for print, `m` for screens")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn qr_png(
    State(app): State<App>,
    Query(query): Query<LevelQuery>,
    Opened(certificate): Opened,
) -> Result<Response, Problem> {
    let text = qr_text_of(&app, &certificate).await?;
    let level = query.level.into();
    let png = crate::cores::off_thread(move || certs::qr::png(&text, level, 6))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    Ok(file(
        "image/png",
        &format!("{}.png", certificate.certificate_no),
        png,
    ))
}

/// The QR code as SVG, error correction Q, or M with `level=m`.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/qr.svg", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token"), ("level" = Option<CodeLevel>, Query, description = "`q` for print, `m` for screens")),
    responses((status = 200, content_type = "image/svg+xml", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn qr_svg(
    State(app): State<App>,
    Query(query): Query<LevelQuery>,
    Opened(certificate): Opened,
) -> Result<Response, Problem> {
    let text = qr_text_of(&app, &certificate).await?;
    let svg = certs::qr::svg(&text, query.level.into()).map_err(Problem::internal)?;
    Ok(file(
        "image/svg+xml",
        &format!("{}.svg", certificate.certificate_no),
        svg,
    ))
}

/// The text inside the QR code.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/qr.txt", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token")),
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn qr_text(State(app): State<App>, Opened(certificate): Opened) -> Result<Response, Problem> {
    let text = qr_text_of(&app, &certificate).await?;
    Ok(file(
        "text/plain; charset=utf-8",
        &format!("{}.txt", certificate.certificate_no),
        text,
    ))
}

/// Proof of the certificate's place in the public log (C2SP tlog-proof); public by id.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/proof.tlog", tag = "certificates",
    params(("id" = String, Path, description = "Public id")),
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn proof(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: PublicId = id.parse().map_err(|_| Problem::not_found())?;
    let found = store::certificates::public_by_id(app.store.public(), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let proof = crate::log::proofs::tlog_proof(&app, found.leaf_index).await?;
    Ok(file("text/plain; charset=utf-8", "proof.tlog", proof))
}
