//! The choice between posts, where one person holds several (field.md 4, pages.md 2).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::PostId;
use serde::{Deserialize, Serialize};
use store::sessions::Session;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::permissions::ManageOwnAccess;
use super::{By, Presence};
use crate::app::App;
use crate::extract::Body;
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_posts, choose_post))
}

/// One of one's own posts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OwnPost {
    /// The post.
    pub post: String,
    /// Its role.
    pub role: &'static str,
    /// Its federation.
    pub federation: Option<String>,
    /// Its institution.
    pub institution: Option<String>,
    /// What the organisation is called.
    pub organisation: String,
    /// Whether this session acts from it: from all, until one is chosen.
    pub chosen: bool,
}

/// One's posts with the names of their organisations.
pub async fn own(app: &App, presence: &Presence) -> Result<Vec<OwnPost>, Problem> {
    let mut posts = Vec::with_capacity(presence.posts.len());
    for actor in &presence.posts {
        posts.push(OwnPost {
            post: actor.post.to_string(),
            role: actor.role.as_str(),
            federation: actor.federation.clone(),
            institution: actor.institution.map(|id| id.to_string()),
            organisation: organisation(app, actor).await?,
            chosen: presence.session.post == Some(actor.post),
        });
    }
    Ok(posts)
}

async fn organisation(app: &App, actor: &Actor) -> Result<String, Problem> {
    let reader = app.store.reader();
    let name = match (&actor.federation, actor.institution) {
        (Some(code), _) => store::reference::federation(reader, code)
            .await?
            .map(|federation| federation.name),
        (None, Some(institution)) => store::institutions::institution(reader, institution)
            .await?
            .map(|institution| institution.name),
        (None, None) => None,
    };
    Ok(name.unwrap_or_default())
}

/// Chooses the post from which a session acts from now on, or none.
pub async fn choose(app: &App, session: &Session, post: Option<PostId>) -> Result<(), Problem> {
    let live = store::accounts::live(app.store.reader(), session.account, app.today())
        .await?
        .ok_or_else(Problem::not_found)?;
    let actor = match post {
        Some(post) => live
            .actors
            .iter()
            .find(|actor| actor.post == post)
            .ok_or_else(Problem::not_found)?,
        None => &live.actor,
    };
    let tx = app.store.write().await?;
    store::sessions::choose_post(&tx, session.id, post).await?;
    super::sign_in::audit(app, &tx, Some(actor), "choose_post", actor.post, "done").await?;
    Ok(store::commit(tx).await?)
}

/// One's own posts.
#[utoipa::path(get, path = "/api/v1/self/posts", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = [OwnPost]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_posts(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
) -> Result<Json<Vec<OwnPost>>, Problem> {
    let live = store::accounts::live(app.store.reader(), by.session.account, app.today())
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(Json(own(&app, &Presence::new(live, by.session)).await?))
}

/// From which post to act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChoosePostRequest {
    /// One of one's own posts; without it whichever an act needs.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    post: Option<PostId>,
}

/// Choose the post from which this session acts.
#[utoipa::path(post, path = "/api/v1/self/posts", tag = "access", request_body = ChoosePostRequest, security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn choose_post(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
    Body(request): Body<ChoosePostRequest>,
) -> Result<StatusCode, Problem> {
    choose(&app, &by.session, request.post).await?;
    Ok(StatusCode::NO_CONTENT)
}
