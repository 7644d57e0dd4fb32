//! Divisions, federations and occupations over JSON; public.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::Query;
use crate::problem::{Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_regions))
        .routes(routes!(list_occupations))
        .routes(routes!(list_federations))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RegionsQuery {
    /// Code of the division above; provinces when absent.
    parent: Option<String>,
}

/// A division.
#[derive(Serialize, ToSchema)]
struct RegionResponse {
    /// Six digits.
    code: String,
    /// Name.
    name: String,
    /// Names from the province down.
    full_name: String,
    /// `province`, `prefecture`, `county`.
    level: String,
    /// Division above.
    parent: Option<String>,
    /// Province-level federation that looks after it.
    federation: Option<String>,
}

/// List divisions under a parent.
#[utoipa::path(get, path = "/api/v1/regions", tag = "reference", params(RegionsQuery),
    responses((status = 200, body = Vec<RegionResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_regions(
    State(app): State<App>,
    Query(query): Query<RegionsQuery>,
) -> Result<Json<Vec<RegionResponse>>, Problem> {
    let regions =
        store::reference::regions_under(app.store.public(), query.parent.as_deref()).await?;
    let rows = regions.into_iter().map(|region| RegionResponse {
        code: region.code,
        name: region.name,
        full_name: region.full_name,
        level: region.level,
        parent: region.parent,
        federation: region.federation,
    });
    Ok(Json(rows.collect()))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OccupationsQuery {
    /// Part of the name, or beginning of the code.
    q: Option<String>,
    /// At most so many, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// Code after which to go on.
    cursor: Option<String>,
}

/// An occupation of the 2022 classification.
#[derive(Serialize, ToSchema)]
struct OccupationResponse {
    /// `M-mm-ss-uu`.
    code: String,
    /// Edition.
    edition: String,
    /// Name.
    name: String,
    /// Marked digital (S).
    digital: bool,
    /// Marked green (L).
    green: bool,
}

/// A page of occupations.
#[derive(Serialize, ToSchema)]
struct OccupationsResponse {
    /// Rows.
    items: Vec<OccupationResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Find occupations.
#[utoipa::path(get, path = "/api/v1/occupations", tag = "reference", params(OccupationsQuery),
    responses((status = 200, body = OccupationsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_occupations(
    State(app): State<App>,
    Query(query): Query<OccupationsQuery>,
) -> Result<Json<OccupationsResponse>, Problem> {
    let limit = crate::fields::limit(query.limit, 50, 100)?;
    let text = query.q.as_deref().unwrap_or("").trim();
    let mut rows = store::reference::find_occupations(
        app.store.public(),
        text,
        query.cursor.as_deref(),
        limit + 1,
    )
    .await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(100));
    let next = rows.last().filter(|_| more).map(|row| row.code.clone());
    let items = rows
        .into_iter()
        .map(|row| OccupationResponse {
            code: row.code,
            edition: row.edition,
            name: row.name,
            digital: row.digital,
            green: row.green,
        })
        .collect();
    Ok(Json(OccupationsResponse { items, next }))
}

/// A federation.
#[derive(Serialize, ToSchema)]
struct FederationResponse {
    /// Six digits, `000000` national.
    code: String,
    /// Name.
    name: String,
    /// `national` or `province`.
    level: String,
    /// The one above.
    parent: Option<String>,
}

/// List the national and the province-level federations.
#[utoipa::path(get, path = "/api/v1/federations", tag = "reference",
    responses((status = 200, body = Vec<FederationResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_federations(
    State(app): State<App>,
) -> Result<Json<Vec<FederationResponse>>, Problem> {
    let rows = store::reference::federations(app.store.public(), &["national", "province"]).await?;
    let rows = rows.into_iter().map(|row| FederationResponse {
        code: row.code,
        name: row.name,
        level: row.level,
        parent: row.parent,
    });
    Ok(Json(rows.collect()))
}
