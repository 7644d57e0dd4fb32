//! Evidence files over HTTP: the file is the body, the way back is an attachment.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::access::Actor;
use domain::ids::FileId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::FileReceipt;
use crate::access::By;
use crate::access::browser::OnPage;
use crate::access::permissions::KeepFiles;
use crate::act::Receipt;
use crate::app::App;
use crate::exports::disposition;
use crate::extract::{IdempotencyKey, Path};
use crate::frame::both;
use crate::problem::{Code, Problem, ProblemBody};

/// Nothing that such a file holds may act in the name of this site.
const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload_file))
        .routes(routes!(read_file))
}

/// Pages of this feature.
pub(crate) fn pages() -> Router<App> {
    both(Router::new(), "/desk/files/{id}", get(read_file_at_desk))
}

/// Upload an evidence file (PDF, JPEG or PNG as the body, up to 20 MiB).
#[utoipa::path(post, path = "/api/v1/files", tag = "files", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = FileReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn upload_file(
    State(app): State<App>,
    by: By<KeepFiles>,
    key: IdempotencyKey,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Receipt, Problem> {
    let form = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    if form {
        return Err(Problem::new(Code::UnsupportedMediaType).with_detail(
            "请把文件本身作为请求正文上传,不要用表单。",
            "Send the file itself as the body, not a form.",
        ));
    }
    super::upload(&app, &by.actor, &key, bytes).await
}

/// An evidence file of one's scope, as an attachment.
#[utoipa::path(get, path = "/api/v1/files/{id}", tag = "files", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn read_file(
    State(app): State<App>,
    by: By<KeepFiles>,
    Path(id): Path<FileId>,
) -> Result<Response, Problem> {
    attachment(&app, &by.actor, id).await
}

/// The same in a browser: pages that name a document lead here.
async fn read_file_at_desk(
    State(app): State<App>,
    by: OnPage<KeepFiles>,
    Path(id): Path<FileId>,
) -> Result<Response, Problem> {
    attachment(&app, &by.actor, id).await
}

/// Gives a file out and notes it for those whom it shows.
async fn attachment(app: &App, actor: &Actor, id: FileId) -> Result<Response, Problem> {
    let (file, bytes) = super::open(app, actor, id).await?;
    let (kind, ending) = match file.media_type.as_str() {
        "image/jpeg" => ("image/jpeg", "jpg"),
        "image/png" => ("image/png", "png"),
        _ => ("application/pdf", "pdf"),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CONTENT_DISPOSITION,
            disposition(
                &format!("附件-{id}.{ending}"),
                &format!("file-{id}.{ending}"),
            ),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(SANDBOX),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}
