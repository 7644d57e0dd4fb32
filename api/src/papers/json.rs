//! Certificates on paper by HTTP: of one certificate by the rule of its other files, of a batch for an officer in scope.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use domain::ids::BatchId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Archive, Form};
use crate::access::By;
use crate::access::permissions::PrintBatches;
use crate::app::App;
use crate::certificates::files::{Opened, file};
use crate::extract::{Path, Query};
use crate::problem::{Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(certificate_pdf))
        .routes(routes!(certificate_large))
        .routes(routes!(certificate_text))
        .routes(routes!(certificate_braille))
        .routes(routes!(batch_pdf))
        .routes(routes!(batch_zip))
}

async fn one(app: &App, opened: Opened, form: Form) -> Result<Response, Problem> {
    let certificate = opened.0;
    let bytes = super::one(app, &certificate, form).await?;
    let name = format!("{}{}", certificate.certificate_no, form.ending());
    Ok(file(form.media_type(), &name, bytes))
}

/// The certificate as PDF/UA-1 on A4.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/certificate.pdf", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token")),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn certificate_pdf(State(app): State<App>, opened: Opened) -> Result<Response, Problem> {
    one(&app, opened, Form::Pdf).await
}

/// The same content in large print.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/certificate-large.pdf", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token")),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn certificate_large(State(app): State<App>, opened: Opened) -> Result<Response, Problem> {
    one(&app, opened, Form::Large).await
}

/// The same content as plain text, for a screen reader.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/certificate.txt", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token")),
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn certificate_text(State(app): State<App>, opened: Opened) -> Result<Response, Problem> {
    one(&app, opened, Form::Text).await
}

/// The same content as Braille cells (BRF, 40 by 25) for an embosser or a Braille display.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/certificate.brf", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token")),
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn certificate_braille(State(app): State<App>, opened: Opened) -> Result<Response, Problem> {
    one(&app, opened, Form::Braille).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FormQuery {
    /// `pdf` (default), `large`, `txt`, `brf`; a single document is `pdf` or `large`.
    #[param(value_type = Option<String>)]
    form: Option<Form>,
}

/// All certificates of a batch as one document, a page or more for each.
#[utoipa::path(get, path = "/api/v1/certificate-batches/{id}/certificates.pdf", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), FormQuery),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn batch_pdf(
    State(app): State<App>,
    by: By<PrintBatches>,
    Path(id): Path<BatchId>,
    Query(query): Query<FormQuery>,
) -> Result<Response, Problem> {
    let form = query.form.unwrap_or(Form::Pdf);
    if !matches!(form, Form::Pdf | Form::Large) {
        return Err(Problem::field(
            "/form",
            "unknown",
            "一份文件只能是 pdf 或 large;其他形式请下载 certificates.zip。",
            "One document is pdf or large; take certificates.zip for the other forms.",
        ));
    }
    let printables = super::of_batch(&app, &by.actor, id).await?;
    let bytes = super::document(&app, printables, form).await?;
    Ok(file(form.media_type(), "certificates.pdf", bytes))
}

/// All certificates of a batch as an archive, a file for each, sent while it is made. `Mingzheng-Certificates` tells how
/// many will come.
#[utoipa::path(get, path = "/api/v1/certificate-batches/{id}/certificates.zip", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), FormQuery),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>, headers(("Mingzheng-Certificates" = u32))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn batch_zip(
    State(app): State<App>,
    by: By<PrintBatches>,
    Path(id): Path<BatchId>,
    Query(query): Query<FormQuery>,
) -> Result<Response, Problem> {
    let form = query.form.unwrap_or(Form::Pdf);
    let printables = super::of_batch(&app, &by.actor, id).await?;
    let paper = app.config.paper.clone();
    let place = crate::cores::PAPERS.place().await?;
    let printables = place
        .off_thread(move || super::ready(&paper, &printables, form).map(|()| printables))
        .await
        .map_err(Problem::internal)??;
    let count = printables.len();
    let body = Body::new(Archive::begin(&app, printables, form));
    let mut response = file("application/zip", "certificates.zip", body);
    response.headers_mut().insert(
        HeaderName::from_static("mingzheng-certificates"),
        HeaderValue::from(count),
    );
    Ok(response)
}
