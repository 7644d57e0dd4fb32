//! Employers that belong to institutions over JSON.

use axum::Json;
use axum::extract::State;
use domain::ids::AdmissionId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::related::{
    self, EndRelatedPartyRequest, RelatedPartyItem, RelatedPartyReceipt, RelatedPartyRequest,
};
use crate::access::By;
use crate::access::permissions::{DecideEpisodes, SeeEvidence};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(record_related_party, list_related_parties))
        .routes(routes!(end_related_party))
}

/// Record an employer that belongs to an institution; work for it is marked from then on, and so is what is on record.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/related-parties", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RelatedPartyRequest,
    responses((status = 201, body = RelatedPartyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn record_related_party(
    State(app): State<App>,
    by: By<DecideEpisodes>,
    key: IdempotencyKey,
    Path(id): Path<AdmissionId>,
    Body(request): Body<RelatedPartyRequest>,
) -> Result<Receipt, Problem> {
    related::record(&app, &by.actor, &key, id, &request).await
}

/// The employers that belong to an institution of one's scope.
#[utoipa::path(get, path = "/api/v1/institutions/{id}/related-parties", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<RelatedPartyItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_related_parties(
    State(app): State<App>,
    by: By<SeeEvidence>,
    Path(id): Path<AdmissionId>,
) -> Result<Json<Vec<RelatedPartyItem>>, Problem> {
    Ok(Json(related::list(&app, &by.actor, id).await?))
}

/// Give a relation its last day; work that began before stays marked.
#[utoipa::path(post, path = "/api/v1/institutions/{id}/related-parties/{party}/end", tag = "outcomes", security(("bearer" = [])),
    params(("id" = String, Path), ("party" = String, Path), ("Idempotency-Key" = String, Header)), request_body = EndRelatedPartyRequest,
    responses((status = 200, body = RelatedPartyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn end_related_party(
    State(app): State<App>,
    by: By<DecideEpisodes>,
    key: IdempotencyKey,
    Path(party): Path<(AdmissionId, Uuid)>,
    Body(request): Body<EndRelatedPartyRequest>,
) -> Result<Receipt, Problem> {
    related::end(&app, &by.actor, &key, party, &request).await
}
