//! A trainee's own work over JSON.

use axum::Json;
use axum::extract::State;
use domain::ids::EpisodeId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::claims::EpisodeReceipt;
use super::own::{self, OwnAnswerRequest, OwnEpisode};
use crate::access::By;
use crate::access::permissions::{AnswerForOneself, SeeOwnRecord};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(own_episodes))
        .routes(routes!(answer_own_episode))
}

/// One's own work on record, oldest first.
#[utoipa::path(get, path = "/api/v1/me/episodes", tag = "me", security(("bearer" = [])),
    responses((status = 200, body = [OwnEpisode]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn own_episodes(
    State(app): State<App>,
    by: By<SeeOwnRecord>,
) -> Result<Json<Vec<OwnEpisode>>, Problem> {
    Ok(Json(own::list(&app, &by.actor).await?))
}

/// Say whether work on one's own record is so; what is not so becomes a contest.
#[utoipa::path(post, path = "/api/v1/me/episodes/{id}/answer", tag = "me", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = OwnAnswerRequest,
    responses((status = 200, body = EpisodeReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn answer_own_episode(
    State(app): State<App>,
    by: By<AnswerForOneself>,
    key: IdempotencyKey,
    Path(id): Path<EpisodeId>,
    Body(request): Body<OwnAnswerRequest>,
) -> Result<Receipt, Problem> {
    own::answer(&app, &by.actor, &key, id, &request).await
}
