//! Bulletins over JSON.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::BulletinId;
use serde::Serialize;
use store::grading::publications::{self as rows, Bulletin};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acts::{self, BulletinActRequest, BulletinReceipt, WriteBulletinRequest};
use super::objections::{self, BulletinObjection};
use crate::access::By;
use crate::access::permissions::WriteBulletins;
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, etag};
use crate::problem::{Problem, ProblemBody};

/// How many bulletins a list shows.
pub(super) const MOST: u64 = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(write_bulletin, list_bulletins))
        .routes(routes!(show_bulletin))
        .routes(routes!(act_on_bulletin))
        .routes(routes!(list_bulletin_objections))
}

pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(public_bulletins))
}

/// A bulletin.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulletinResponse {
    /// Its id.
    id: String,
    /// Its number, from its notice on.
    number: Option<String>,
    /// `grade_results`, `ranking`, `provinces`; `warning`, `rectification`, `suspension`, `exit`, `admission_notice`,
    /// `commendation`.
    kind: String,
    /// Who speaks.
    federation: String,
    /// Title.
    title: String,
    /// State.
    state: String,
    /// Last day of its notice.
    notice_until: Option<String>,
    /// When it was published.
    published_on: Option<String>,
    /// Why it was withdrawn.
    reason: Option<String>,
    /// SHA-256 of its body, hexadecimal; it stands in the public log.
    sha256: String,
    /// Its body.
    #[schema(value_type = Object)]
    body: serde_json::Value,
    /// Raised by every change.
    revision: i32,
}

impl TryFrom<Bulletin> for BulletinResponse {
    type Error = Problem;

    fn try_from(row: Bulletin) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id.to_string(),
            kind: row.kind.to_string(),
            state: row.state.to_string(),
            notice_until: row.notice_until.map(|day| day.to_string()),
            published_on: row.published_on.map(|day| day.to_string()),
            sha256: data_encoding::HEXLOWER.encode(&row.sha256),
            body: serde_json::from_str(&row.body).map_err(Problem::internal)?,
            number: row.number,
            federation: row.federation,
            title: row.title,
            reason: row.reason,
            revision: row.revision,
        })
    }
}

/// Write a bulletin from a frozen run or a decision.
#[utoipa::path(post, path = "/api/v1/bulletins", tag = "bulletins", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = WriteBulletinRequest,
    responses((status = 201, body = BulletinReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn write_bulletin(
    State(app): State<App>,
    by: By<WriteBulletins>,
    key: IdempotencyKey,
    Body(request): Body<WriteBulletinRequest>,
) -> Result<Receipt, Problem> {
    acts::write(&app, &by.actor, &key, &request).await
}

/// Bulletins of one's federation in every state, newest first.
#[utoipa::path(get, path = "/api/v1/bulletins", tag = "bulletins", security(("bearer" = [])),
    responses((status = 200, body = Vec<BulletinResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_bulletins(
    State(app): State<App>,
    by: By<WriteBulletins>,
) -> Result<Json<Vec<BulletinResponse>>, Problem> {
    let own = by.actor.federation.as_deref();
    let found = rows::bulletins(app.store.reader(), own, false, MOST).await?;
    let shown: Result<Vec<_>, _> = found.into_iter().map(BulletinResponse::try_from).collect();
    Ok(Json(shown?))
}

/// A bulletin of one's federation.
#[utoipa::path(get, path = "/api/v1/bulletins/{id}", tag = "bulletins", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = BulletinResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_bulletin(
    State(app): State<App>,
    by: By<WriteBulletins>,
    Path(id): Path<BulletinId>,
) -> Result<Response, Problem> {
    let row = rows::bulletin(app.store.reader(), id)
        .await?
        .filter(|row| Some(&row.federation) == by.actor.federation.as_ref())
        .ok_or_else(Problem::not_found)?;
    let revision = row.revision;
    Ok((etag(revision), Json(BulletinResponse::try_from(row)?)).into_response())
}

/// Review (two persons), open the notice, publish, withdraw (two persons).
#[utoipa::path(post, path = "/api/v1/bulletins/{id}/acts", tag = "bulletins", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)),
    request_body = BulletinActRequest,
    responses((status = 200, body = BulletinReceipt), (status = 202, body = BulletinReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn act_on_bulletin(
    State(app): State<App>,
    by: By<WriteBulletins>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<BulletinId>,
    Body(request): Body<BulletinActRequest>,
) -> Result<Receipt, Problem> {
    acts::act_on(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Objections to a bulletin of one's federation, with who sent them; that they were read is in the audit.
#[utoipa::path(get, path = "/api/v1/bulletins/{id}/objections", tag = "bulletins", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<BulletinObjection>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_bulletin_objections(
    State(app): State<App>,
    by: By<WriteBulletins>,
    Path(id): Path<BulletinId>,
) -> Result<Json<Vec<BulletinObjection>>, Problem> {
    let row = rows::bulletin(app.store.reader(), id)
        .await?
        .filter(|row| Some(&row.federation) == by.actor.federation.as_ref())
        .ok_or_else(Problem::not_found)?;
    objections::of(&app, &by.actor, row.id).await.map(Json)
}

/// Bulletins that everybody may read, newest first.
#[utoipa::path(get, path = "/api/v1/catalogue/bulletins", tag = "bulletins",
    responses((status = 200, body = Vec<BulletinResponse>)))]
async fn public_bulletins(State(app): State<App>) -> Result<Json<Vec<BulletinResponse>>, Problem> {
    let found = rows::bulletins(app.store.reader(), None, true, MOST).await?;
    let shown: Result<Vec<_>, _> = found.into_iter().map(BulletinResponse::try_from).collect();
    Ok(Json(shown?))
}
