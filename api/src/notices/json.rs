//! Objections over JSON, for anybody.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::objections::{self, FileObjectionRequest, FiledObjection};
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(file_objection))
        .routes(routes!(show_filed_objection))
}

/// Object to a notice that runs: a bulletin by its number, an admission or an exit by the credit code of the institution.
#[utoipa::path(post, path = "/api/v1/notices/{number}/objections", tag = "bulletins",
    params(("number" = String, Path), ("Idempotency-Key" = String, Header)), request_body = FileObjectionRequest,
    responses((status = 201, body = FiledObjection), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn file_objection(
    State(app): State<App>,
    key: IdempotencyKey,
    Path(number): Path<String>,
    Body(request): Body<FileObjectionRequest>,
) -> Result<(StatusCode, Json<FiledObjection>), Problem> {
    let filed = objections::file(&app, &key, &number, &request).await?;
    Ok((StatusCode::CREATED, Json(filed)))
}

/// What became of an objection, by its reference number.
#[utoipa::path(get, path = "/api/v1/notices/objections/{number}", tag = "bulletins",
    params(("number" = String, Path)),
    responses((status = 200, body = FiledObjection), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_filed_objection(
    State(app): State<App>,
    Path(number): Path<String>,
) -> Result<Json<FiledObjection>, Problem> {
    objections::answer(&app, &number).await.map(Json)
}
