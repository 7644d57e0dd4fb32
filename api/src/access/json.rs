//! Sessions over JSON: sign in, renew, sign out, password, who am I.
//!
//! These need no `Idempotency-Key`: a repeated sign-in is another session, a repeated end finds it ended.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::SessionId;
use serde::{Deserialize, Serialize};
use store::sessions::{Session, SessionKind};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::permissions::{ChangeOwnPassword, ManageOwnAccess, SeeSelf};
use super::sign_in::{self, Credentials, Opened};
use super::source::{self, Source};
use super::trainee_codes::{self, AskCodeRequest, CodeTicket};
use super::{By, invitations, trainees};
use crate::app::App;
use crate::extract::{Body, Path};
use crate::problem::{Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, list_sessions))
        .routes(routes!(sign_in_with_code))
        .routes(routes!(ask_sign_in_code))
        .routes(routes!(refresh_session))
        .routes(routes!(sign_out))
        .routes(routes!(end_session))
        .routes(routes!(change_password))
        .routes(routes!(ask_password_reset))
        .routes(routes!(set_password))
        .routes(routes!(show_self))
        .merge(super::json_second_factor::routes())
        .merge(super::json_factors::routes())
        .merge(super::json_accounts::routes())
        .merge(super::account_list::routes())
        .merge(super::posts::routes())
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInRequest {
    /// Name of the account.
    name: String,
    /// Its password.
    password: String,
    /// Code of the second factor, six digits or a recovery code; it can be proved later too.
    #[serde(default)]
    code: Option<String>,
    /// Device token of an earlier sign-in from here: the owner's device does not wait for the failures of strangers.
    #[serde(default)]
    device_token: Option<String>,
    /// Whether to remember this device from now on.
    #[serde(default)]
    remember_device: bool,
}

/// A session.
#[derive(Serialize, ToSchema)]
struct SignInResponse {
    /// Give it as `Authorization: Bearer ...`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// When it ends (RFC 3339, UTC).
    expires_at: String,
    /// Opens once, at `/api/v1/sessions/refresh`: each use gives another one.
    refresh_token: String,
    /// When the session ends at the latest (RFC 3339, UTC).
    session_ends_at: String,
    /// The session.
    session: String,
    /// `proved`, `to_prove`, or `not_enrolled`.
    second_factor: &'static str,
    /// The remembered device, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<String>,
    /// Who signed in.
    me: SelfResponse,
}

/// The signed-in actor.
#[derive(Serialize, ToSchema)]
struct SelfResponse {
    /// Account.
    account: String,
    /// Role of the post.
    role: &'static str,
    /// Federation of the post.
    federation: Option<String>,
    /// Institution of the post.
    institution: Option<String>,
}

impl From<&domain::access::Actor> for SelfResponse {
    fn from(actor: &domain::access::Actor) -> Self {
        Self {
            account: actor.account.to_string(),
            role: actor.role.as_str(),
            federation: actor.federation.clone(),
            institution: actor.institution.map(|id| id.to_string()),
        }
    }
}

fn instant(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn second_factor(session: &Session) -> &'static str {
    match (session.enrolled, session.proved_at) {
        (_, Some(_)) => "proved",
        (true, None) => "to_prove",
        (false, None) => "not_enrolled",
    }
}

fn answer(app: &App, opened: &Opened) -> Result<Response, Problem> {
    let session = &opened.presence.session;
    let (token, until) = sign_in::access_token(app, session)?;
    let body = SignInResponse {
        access_token: token,
        token_type: "Bearer",
        expires_at: instant(until),
        refresh_token: opened.token.text().to_owned(),
        session_ends_at: instant(session.ends_at),
        session: session.id.to_string(),
        second_factor: second_factor(session),
        device_token: opened
            .device
            .as_ref()
            .map(|device| device.text().to_owned()),
        me: SelfResponse::from(&opened.presence.actors[0]),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Sign in.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "access", request_body = SignInRequest,
    responses((status = 200, body = SignInResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn sign_in(
    State(app): State<App>,
    mut source: Source,
    Body(request): Body<SignInRequest>,
) -> Result<Response, Problem> {
    source.device = source::device(request.device_token.as_deref());
    let given = Credentials {
        name: &request.name,
        password: &request.password,
        code: request.code.as_deref(),
    };
    let kind = SessionKind::Api;
    let opened = sign_in::open(&app, given, &source, kind, request.remember_device).await?;
    answer(&app, &opened)
}

/// A code that opens once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeRequest {
    /// The code, with or without its hyphens.
    code: String,
    /// The ticket that came when the code was asked for; a printed code has none.
    #[serde(default)]
    ticket: Option<String>,
}

/// Sign in as a trainee, by a code printed at the counter, or by one that was sent, together with its ticket.
#[utoipa::path(post, path = "/api/v1/sessions/code", tag = "access", request_body = CodeRequest,
    responses((status = 200, body = SignInResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn sign_in_with_code(
    State(app): State<App>,
    source: Source,
    Body(request): Body<CodeRequest>,
) -> Result<Response, Problem> {
    let (code, kind) = (&request.code, SessionKind::Api);
    let opened = match &request.ticket {
        Some(ticket) => trainee_codes::sign_in(&app, ticket, code, &source, kind).await?,
        None => trainees::sign_in(&app, code, &source, kind).await?,
    };
    answer(&app, &opened)
}

/// Ask for a sign-in code as a trainee: the answer is the same for everybody, the code goes to the number told to the county.
#[utoipa::path(post, path = "/api/v1/sessions/code-requests", tag = "access", request_body = AskCodeRequest,
    responses((status = 202, body = CodeTicket), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn ask_sign_in_code(
    State(app): State<App>,
    source: Source,
    Body(request): Body<AskCodeRequest>,
) -> Result<Response, Problem> {
    let ticket = trainee_codes::ask(&app, &request, &source).await?;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::ACCEPTED, headers, Json(ticket)).into_response())
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefreshRequest {
    /// The last refresh token of the session.
    refresh_token: String,
}

/// Renew a session: the old refresh token opens nothing any more.
#[utoipa::path(post, path = "/api/v1/sessions/refresh", tag = "access", request_body = RefreshRequest,
    responses((status = 200, body = SignInResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn refresh_session(
    State(app): State<App>,
    Body(request): Body<RefreshRequest>,
) -> Result<Response, Problem> {
    let opened = sign_in::refresh(&app, &request.refresh_token).await?;
    answer(&app, &opened)
}

/// One of one's own sessions.
#[derive(Serialize, ToSchema)]
struct SessionResponse {
    /// Its id.
    id: String,
    /// `api` or `browser`.
    kind: &'static str,
    /// The device in words.
    device: String,
    /// When it began (RFC 3339, UTC).
    created_at: String,
    /// When it was last renewed.
    last_used_at: String,
    /// When it ends at the latest.
    ends_at: String,
    /// Whether this request came in it.
    current: bool,
}

/// One's own sessions, newest first.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = Vec<SessionResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_sessions(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
) -> Result<Json<Vec<SessionResponse>>, Problem> {
    let own = &by.session;
    let reader = app.store.reader();
    let found = store::sessions::list(reader, own.account, own.token_epoch, app.now()).await?;
    let rows = found.into_iter().map(|session| SessionResponse {
        current: session.id == own.id,
        id: session.id.to_string(),
        kind: session.kind.as_str(),
        device: session.device,
        created_at: instant(session.created_at),
        last_used_at: instant(session.last_used_at),
        ends_at: instant(session.ends_at),
    });
    Ok(Json(rows.collect()))
}

/// Sign out: the session of this request ends.
#[utoipa::path(delete, path = "/api/v1/sessions/current", tag = "access", security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn sign_out(State(app): State<App>, by: By<ManageOwnAccess>) -> Result<StatusCode, Problem> {
    sign_in::sign_out(&app, &by.actor, by.session.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End another one of one's own sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "access", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn end_session(
    State(app): State<App>,
    by: By<ManageOwnAccess>,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    sign_in::sign_out(&app, &by.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new password for one's own account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePasswordRequest {
    /// The present password.
    old_password: String,
    /// The new one, 12 to 128 characters.
    new_password: String,
}

/// Change one's password; every session ends, this one included.
#[utoipa::path(post, path = "/api/v1/self/password", tag = "access", request_body = ChangePasswordRequest, security(("bearer" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn change_password(
    State(app): State<App>,
    by: By<ChangeOwnPassword>,
    source: Source,
    Body(request): Body<ChangePasswordRequest>,
) -> Result<StatusCode, Problem> {
    let (old, new) = (&request.old_password, &request.new_password);
    sign_in::change_password(&app, &by.actor, old, new, &source).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskResetRequest {
    /// Name of the account.
    name: String,
}

/// Ask for a new password: the answer is the same for every name.
#[utoipa::path(post, path = "/api/v1/password-resets", tag = "access", request_body = AskResetRequest,
    responses((status = 202), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn ask_password_reset(
    State(app): State<App>,
    source: Source,
    Body(request): Body<AskResetRequest>,
) -> Result<StatusCode, Problem> {
    invitations::ask_reset(&app, &request.name, &source).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A code and the password chosen with it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPasswordRequest {
    /// The code that was delivered.
    code: String,
    /// The new password, 12 to 128 characters.
    password: String,
}

/// Choose a password with the code of an invitation or a reset.
#[utoipa::path(post, path = "/api/v1/passwords", tag = "access", request_body = SetPasswordRequest,
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn set_password(
    State(app): State<App>,
    source: Source,
    Body(request): Body<SetPasswordRequest>,
) -> Result<StatusCode, Problem> {
    invitations::set_password(&app, &request.code, &request.password, &source).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who am I?
#[utoipa::path(get, path = "/api/v1/self", tag = "access", security(("bearer" = [])),
    responses((status = 200, body = SelfResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_self(by: By<SeeSelf>) -> Json<SelfResponse> {
    Json(SelfResponse::from(&by.actor))
}
