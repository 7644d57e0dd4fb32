//! Bundles for everybody: the newest, one by its number, the way from one to another.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use certs::bundle::{Bundle, CONTENT_TYPE, DELTA_TYPE, delta};
use store::bundles::BundleRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::kept;
use crate::app::App;
use crate::cores::DELTAS;
use crate::etag;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};

/// Routes that anybody may use.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(newest_trust_bundle))
        .routes(routes!(trust_bundle))
        .routes(routes!(trust_bundle_delta))
}

/// What never changes under its address.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The newest may be asked for every few minutes.
const A_WHILE: &str = "public, max-age=300";

/// The newest trust bundle: certificates are checked with it without a network. `ETag` is its SHA-256.
#[utoipa::path(get, path = "/trust/bundle", tag = "keys",
    responses((status = 200, content_type = "application/vnd.mingzheng.trust-bundle+cbor", body = [u8]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn newest_trust_bundle(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let row = store::bundles::newest(app.store.public())
        .await?
        .ok_or_else(Problem::not_found)?;
    if etag::knows(&headers, &tag(&row.sha256)) {
        return answer(
            StatusCode::NOT_MODIFIED,
            Bytes::new(),
            CONTENT_TYPE,
            A_WHILE,
            &row,
        );
    }
    let bytes = whole(&app, &row).await?;
    answer(StatusCode::OK, bytes, CONTENT_TYPE, A_WHILE, &row)
}

/// A trust bundle by its number; older ones than the sixty newest are not kept.
#[utoipa::path(get, path = "/trust/bundle/{number}", tag = "keys", params(("number" = u64, Path, description = "Number of the bundle")),
    responses((status = 200, content_type = "application/vnd.mingzheng.trust-bundle+cbor", body = [u8]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn trust_bundle(
    State(app): State<App>,
    Path(number): Path<u64>,
) -> Result<Response, Problem> {
    let row = row(&app, number).await?;
    let bytes = whole(&app, &row).await?;
    answer(StatusCode::OK, bytes, CONTENT_TYPE, FOR_EVER, &row)
}

/// The way from an earlier trust bundle to this one: applied to that one it gives exactly the bytes of this one.
#[utoipa::path(get, path = "/trust/bundle/{number}/from/{from}", tag = "keys",
    params(("number" = u64, Path, description = "Number of the later bundle"), ("from" = u64, Path, description = "Number of the earlier bundle")),
    responses((status = 200, content_type = "application/vnd.mingzheng.trust-bundle-delta+cbor", body = [u8]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn trust_bundle_delta(
    State(app): State<App>,
    Path((number, from)): Path<(u64, u64)>,
) -> Result<Response, Problem> {
    if number <= from {
        return Err(Problem::not_found());
    }
    let (old, new) = (row(&app, from).await?, row(&app, number).await?);
    let name = (old.sha256, new.sha256);
    if let Some(bytes) = kept::find(&name) {
        return answer(StatusCode::OK, bytes, DELTA_TYPE, FOR_EVER, &new);
    }
    // Two bundles of a country are opened for it, by whoever asks: one at a time.
    let one = DELTAS.place().await?;
    if let Some(bytes) = kept::find(&name) {
        return answer(StatusCode::OK, bytes, DELTA_TYPE, FOR_EVER, &new);
    }
    let (before, after) = (whole(&app, &old).await?, whole(&app, &new).await?);
    let roots = crate::trust::list::roots(app.store.reader()).await?;
    let made = one.aside(move || {
        let from = Bundle::open(&before, &roots).map_err(Problem::internal)?;
        let to = Bundle::open(&after, &roots).map_err(Problem::internal)?;
        delta(&from, &to, &after).map_err(Problem::internal)
    });
    let bytes = made.await.map_err(Problem::internal)??;
    let bytes = Bytes::from(bytes);
    kept::keep(name, bytes.clone());
    answer(StatusCode::OK, bytes, DELTA_TYPE, FOR_EVER, &new)
}

async fn row(app: &App, number: u64) -> Result<BundleRow, Problem> {
    store::bundles::bundle(app.store.public(), number)
        .await?
        .ok_or_else(Problem::not_found)
}

async fn whole(app: &App, row: &BundleRow) -> Result<Bytes, Problem> {
    let name = ([0; 32], row.sha256);
    if let Some(bytes) = kept::find(&name) {
        return Ok(bytes);
    }
    let bytes = store::bundles::bytes(app.store.public(), row.number)
        .await?
        .map(Bytes::from)
        .ok_or_else(Problem::not_found)?;
    kept::keep(name, bytes.clone());
    Ok(bytes)
}

fn tag(sha256: &[u8; 32]) -> String {
    format!("\"{}\"", data_encoding::HEXLOWER.encode(sha256))
}

fn answer(
    status: StatusCode,
    bytes: Bytes,
    content_type: &'static str,
    caching: &'static str,
    row: &BundleRow,
) -> Result<Response, Problem> {
    let mut response = (status, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if content_type == CONTENT_TYPE {
        let tag = HeaderValue::try_from(tag(&row.sha256)).map_err(Problem::internal)?;
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}
