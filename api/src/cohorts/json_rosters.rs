//! Rosters over HTTP: the file is the body, so that a plain upload works; the answer tells every fault.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{CohortId, RosterId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use super::import::{self, Import, RosterFault, RosterReceipt, Upload};
use crate::access::By;
use crate::access::permissions::{RunCohorts, SeeRecords};
use crate::act::Receipt;
use crate::app::App;
use crate::exports::disposition;
use crate::extract::{IdempotencyKey, Path, Query};
use crate::problem::{Code, Problem, ProblemBody};
use crate::rosters;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload_roster))
        .routes(routes!(annotate_roster))
        .routes(routes!(show_roster))
}

/// Routes that anybody may use.
pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(roster_template))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// `none` checks only; `good` writes the rows without a fault; `all` writes all or nothing.
    #[param(value_type = Option<String>)]
    import: Option<Import>,
}

/// Header with the name of the file, UTF-8 percent-encoded: a name may hold the name of a person, and addresses are
/// written to logs (trust.md PI-7).
const FILE_NAME: &str = "x-file-name";

/// The name of the file, where one was told.
fn file_name(headers: &HeaderMap) -> Result<String, Problem> {
    let bad = || {
        Problem::field(
            "/X-File-Name",
            "file-name",
            "文件名请用 UTF-8 百分号编码放在 X-File-Name 请求头中,255 字以内。",
            "Give the name of the file percent-encoded (UTF-8) in the header X-File-Name, up to 255 characters.",
        )
    };
    let Some(value) = headers.get(FILE_NAME) else {
        return Ok(String::new());
    };
    let text = value.to_str().map_err(|_| bad())?.replace('+', "%2B");
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(&format!("name={text}")).map_err(|_| bad())?;
    match pairs.as_slice() {
        // An invalid sequence comes out as the replacement character.
        [(_, name)] if name.chars().count() <= 255 && !name.contains('\u{fffd}') => {
            Ok(name.clone())
        }
        _ => Err(bad()),
    }
}

/// Bytes with one of these types or none; a form is refused with a sentence.
fn upload(headers: &HeaderMap, bytes: Bytes) -> Result<Upload, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if kind.starts_with("multipart/") {
        return Err(Problem::new(Code::UnsupportedMediaType).with_detail(
            "请把文件本身作为请求正文上传,不要用表单。",
            "Send the file itself as the body, not a form.",
        ));
    }
    if bytes.is_empty() {
        return Err(
            Problem::new(Code::UploadUnreadable).with_detail("文件是空的。", "The file is empty.")
        );
    }
    if bytes.len() > import::UPLOAD_LIMIT {
        return Err(Problem::new(Code::TooLarge));
    }
    Ok(Upload {
        file_name: file_name(headers)?,
        bytes: bytes.into(),
    })
}

/// Check a roster (.xlsx or .csv as the body), and import as much of it as asked for.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/rosters", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), UploadQuery,
        ("X-File-Name" = Option<String>, Header, description = "Name of the file, UTF-8 percent-encoded; its ending helps to read it and is all that is kept")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = RosterReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn upload_roster(
    State(app): State<App>,
    by: By<RunCohorts>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Receipt, Problem> {
    let upload = upload(&headers, bytes)?;
    import::upload_roster(
        &app,
        &by.actor,
        &key,
        id,
        upload,
        query.import.unwrap_or(Import::None),
    )
    .await
}

/// The same table back, with the faults marked; nothing is written or kept.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/rosters/annotated", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn annotate_roster(
    State(app): State<App>,
    by: By<RunCohorts>,
    Path(id): Path<CohortId>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let upload = upload(&headers, bytes)?;
    let cohort = find(&app, &by.actor, id).await?;
    let table = import::annotated(&app, &cohort, upload).await?;
    Ok(sheet("名单-问题标注.xlsx", "roster-annotated.xlsx", table))
}

/// An uploaded roster.
#[derive(Serialize, ToSchema)]
struct RosterResponse {
    /// Its number.
    id: String,
    /// Ending of the file's name, `csv` or `xlsx`; the name itself may name a person and is not kept.
    file_type: String,
    /// What was asked for.
    import: String,
    /// Rows below the header.
    rows: u32,
    /// Rows without a fault.
    good: u32,
    /// Rows that added a trainee.
    added: u32,
    /// Rows that changed one.
    changed: u32,
    /// Rows that changed nothing.
    unchanged: u32,
    /// Rows with a fault.
    faulty: u32,
    /// Sample and empty rows.
    skipped: u32,
    /// Every fault.
    faults: Vec<RosterFault>,
    /// When it was uploaded.
    uploaded_at: String,
}

/// An uploaded roster with every fault; no value of a row is kept.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/rosters/{roster}", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("roster" = String, Path)),
    responses((status = 200, body = RosterResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_roster(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path((id, roster)): Path<(CohortId, RosterId)>,
) -> Result<Json<RosterResponse>, Problem> {
    find(&app, &by.actor, id).await?;
    let row = store::rosters::find(app.store.reader(), id, roster)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(Json(RosterResponse {
        id: row.id.to_string(),
        file_type: row.file_type,
        import: row.import,
        rows: row.rows,
        good: row.good,
        added: row.added,
        changed: row.changed,
        unchanged: row.unchanged,
        faulty: row.faulty,
        skipped: row.skipped,
        faults: serde_json::from_str(&row.faults).map_err(Problem::internal)?,
        uploaded_at: row
            .uploaded_at
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    }))
}

/// The empty form of a roster; public.
#[utoipa::path(get, path = "/api/v1/rosters/template.xlsx", tag = "cohorts",
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn roster_template() -> Response {
    sheet("学员名单.xlsx", "roster.xlsx", rosters::template())
}

fn sheet(name: &str, plain: &str, bytes: Vec<u8>) -> Response {
    (
        [
            (header::CONTENT_TYPE, HeaderValue::from_static(XLSX)),
            (header::CONTENT_DISPOSITION, disposition(name, plain)),
        ],
        bytes,
    )
        .into_response()
}
