//! Offers over JSON, for staff.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::OfferId;
use serde::Serialize;
use store::offers::Offer;
use store::scope::Scope;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acts::{self, OfferActRequest, OfferReceipt, ProposeOfferRequest};
use crate::access::By;
use crate::access::permissions::{ActOnOffers, SeeRecords};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::fields::{PageQuery, page};
use crate::problem::{Problem, ProblemBody};
use crate::timeline::TimelineItem;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(propose_offer, list_offers))
        .routes(routes!(show_offer))
        .routes(routes!(act_on_offer))
        .routes(routes!(show_offer_timeline))
}

/// An offer.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfferResponse {
    /// Its id.
    id: String,
    /// State.
    state: &'static str,
    /// The admission under which it is made.
    institution: String,
    /// Name of the institution.
    institution_name: String,
    /// Its credit code.
    credit_code: String,
    /// Code of the program.
    program: String,
    /// Number of the version taught.
    version: u32,
    /// Name of the program.
    program_name: String,
    /// Hours.
    hours: u32,
    /// The site.
    site: String,
    /// Name of the site.
    site_name: String,
    /// Division of the site.
    site_region: String,
    /// Raised by each change; give it as If-Match.
    revision: i32,
}

impl From<Offer> for OfferResponse {
    fn from(row: Offer) -> Self {
        Self {
            id: row.id.to_string(),
            state: row.state.as_str(),
            institution: row.admission.to_string(),
            institution_name: row.institution_name,
            credit_code: row.credit_code,
            program: row.program_code,
            version: row.version,
            program_name: row.program_name,
            hours: row.hours,
            site: row.site.to_string(),
            site_name: row.site_name,
            site_region: row.site_region,
            revision: row.revision,
        }
    }
}

/// A page of offers.
#[derive(Serialize, ToSchema)]
struct OffersResponse {
    /// Rows.
    items: Vec<OfferResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Propose an offer.
#[utoipa::path(post, path = "/api/v1/offers", tag = "offers", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = ProposeOfferRequest,
    responses((status = 201, body = OfferReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn propose_offer(
    State(app): State<App>,
    by: By<ActOnOffers>,
    key: IdempotencyKey,
    Body(request): Body<ProposeOfferRequest>,
) -> Result<Receipt, Problem> {
    acts::propose(&app, &by.actor, &key, &request).await
}

/// Offers of one's scope, newest first.
#[utoipa::path(get, path = "/api/v1/offers", tag = "offers", security(("bearer" = [])), params(PageQuery),
    responses((status = 200, body = OffersResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_offers(
    State(app): State<App>,
    by: By<SeeRecords>,
    Query(query): Query<PageQuery>,
) -> Result<Json<OffersResponse>, Problem> {
    let limit = query.limit()?;
    let scope = Scope::of(&by.actor);
    let mut rows =
        store::offers::list(app.store.reader(), &scope, query.before()?, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    Ok(Json(OffersResponse {
        items: rows.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// One offer of one's scope.
#[utoipa::path(get, path = "/api/v1/offers/{id}", tag = "offers", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = OfferResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_offer(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<OfferId>,
) -> Result<Response, Problem> {
    let row = store::offers::find(app.store.reader(), &Scope::of(&by.actor), id, false)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok((etag(row.revision), Json(OfferResponse::from(row))).into_response())
}

/// Approve (province), open, pause or close an offer.
#[utoipa::path(post, path = "/api/v1/offers/{id}/acts", tag = "offers", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = OfferActRequest,
    responses((status = 200, body = OfferReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn act_on_offer(
    State(app): State<App>,
    by: By<ActOnOffers>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<OfferId>,
    Body(request): Body<OfferActRequest>,
) -> Result<Receipt, Problem> {
    acts::act_on(&app, &by.actor, &key, id, revision.0, &request).await
}

/// All acts on an offer, oldest first.
#[utoipa::path(get, path = "/api/v1/offers/{id}/timeline", tag = "offers", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<TimelineItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_offer_timeline(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path(id): Path<OfferId>,
) -> Result<Json<Vec<TimelineItem>>, Problem> {
    let reader = app.store.reader();
    store::offers::find(reader, &Scope::of(&by.actor), id, false)
        .await?
        .ok_or_else(Problem::not_found)?;
    let rows = store::journal::timeline(reader, id.uuid()).await?;
    Ok(Json(rows.iter().map(TimelineItem::from).collect()))
}
