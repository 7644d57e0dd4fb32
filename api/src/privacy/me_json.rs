//! A trainee's own record over JSON.

use axum::extract::State;
use axum::response::Response;
use domain::PublicId;
use domain::privacy::ConsentPurpose;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::consents::{self, ConsentReceipt, ConsentRequest};
use super::json::private;
use super::me::{self, OwnCertificate, OwnConsent, OwnRead, OwnRecord};
use super::requests::{self, NewPersonRequest, RequestReceipt};
use crate::access::By;
use crate::access::permissions::{ManageOwnConsent, SeeOwnRecord};
use crate::act::Receipt;
use crate::app::App;
use crate::certificates::own_shares::{
    self as links, OwnShare, WithdrawShareRequest, WithdrawnShare,
};
use crate::certificates::share::{ShareReceipt, ShareRequest};
use crate::extract::{Body, IdempotencyKey, Path, Query};
use crate::fields::{PageQuery, page};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(own_record))
        .routes(routes!(own_certificates))
        .routes(routes!(own_reads))
        .routes(routes!(own_consents, give_consent))
        .routes(routes!(withdraw_consent))
        .routes(routes!(make_request))
        .routes(routes!(own_shares, share_own_certificate))
        .routes(routes!(withdraw_own_share))
}

/// Everything that is held about oneself, machine-readable.
#[utoipa::path(get, path = "/api/v1/me/record", tag = "me", security(("bearer" = [])),
    responses((status = 200, body = OwnRecord), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn own_record(State(app): State<App>, by: By<SeeOwnRecord>) -> Result<Response, Problem> {
    Ok(private(me::record(&app, &by.actor).await?))
}

/// One's own certificates.
#[utoipa::path(get, path = "/api/v1/me/certificates", tag = "me", security(("bearer" = [])),
    responses((status = 200, body = [OwnCertificate]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn own_certificates(
    State(app): State<App>,
    by: By<SeeOwnRecord>,
) -> Result<Response, Problem> {
    Ok(private(me::record(&app, &by.actor).await?.certificates))
}

/// Who read one's values.
#[derive(Serialize, ToSchema)]
struct ReadsResponse {
    /// Reads, newest first.
    items: Vec<OwnRead>,
    /// Cursor of the next page.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReadsQuery {
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Who read one's values, when and for what.
#[utoipa::path(get, path = "/api/v1/me/reads", tag = "me", security(("bearer" = [])), params(ReadsQuery),
    responses((status = 200, body = ReadsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn own_reads(
    State(app): State<App>,
    by: By<SeeOwnRecord>,
    Query(query): Query<ReadsQuery>,
) -> Result<Response, Problem> {
    let pages = PageQuery {
        limit: query.limit,
        cursor: query.cursor,
    };
    let limit = pages.limit()?;
    let before: Option<Uuid> = pages.before()?;
    let mut rows = me::reads(&app, &by.actor, before, limit + 1).await?;
    let next = page(&mut rows, limit, |row| row.id.to_string());
    let items = rows.iter().map(OwnRead::from).collect();
    Ok(private(ReadsResponse { items, next }))
}

/// One purpose.
#[derive(Serialize, ToSchema)]
struct PurposeResponse {
    /// The purpose.
    #[schema(value_type = String)]
    purpose: ConsentPurpose,
    /// In words.
    words: &'static str,
    /// The same in English.
    words_en: &'static str,
    /// Who receives the data.
    receiver: &'static str,
    /// The same in English.
    receiver_en: &'static str,
    /// Whether there is consent today.
    given: bool,
    /// What follows from refusing or withdrawing.
    consequence: &'static str,
    /// The same in English.
    consequence_en: &'static str,
    /// Every consent there was.
    consents: Vec<OwnConsent>,
}

/// One's consents, by purpose; purposes never agreed to are there as well.
#[utoipa::path(get, path = "/api/v1/me/consents", tag = "me", security(("bearer" = [])),
    responses((status = 200, body = [PurposeResponse]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn own_consents(State(app): State<App>, by: By<SeeOwnRecord>) -> Result<Response, Problem> {
    let all: Vec<PurposeResponse> = consents::of_trainee(&app, &by.actor)
        .await?
        .into_iter()
        .map(|one| PurposeResponse {
            purpose: one.purpose,
            words: one.purpose.zh(),
            words_en: one.purpose.en(),
            receiver: one.purpose.receiver_zh(),
            receiver_en: one.purpose.receiver_en(),
            given: one.given,
            consequence: one.purpose.consequence_zh(),
            consequence_en: one.purpose.consequence_en(),
            consents: one.consents.iter().map(OwnConsent::from).collect(),
        })
        .collect();
    Ok(private(all))
}

/// Agree to a purpose.
#[utoipa::path(post, path = "/api/v1/me/consents", tag = "me", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = ConsentRequest,
    responses((status = 201, body = ConsentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn give_consent(
    State(app): State<App>,
    by: By<ManageOwnConsent>,
    key: IdempotencyKey,
    Body(request): Body<ConsentRequest>,
) -> Result<Receipt, Problem> {
    consents::give(&app, &by.actor, &key, &request).await
}

/// Withdraw from a purpose; it says what follows.
#[utoipa::path(post, path = "/api/v1/me/consents/withdraw", tag = "me", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = ConsentRequest,
    responses((status = 200, body = ConsentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn withdraw_consent(
    State(app): State<App>,
    by: By<ManageOwnConsent>,
    key: IdempotencyKey,
    Body(request): Body<ConsentRequest>,
) -> Result<Receipt, Problem> {
    consents::withdraw(&app, &by.actor, &key, &request).await
}

/// Ask for access, a copy, a correction or deletion; answered by the last day that the receipt tells.
#[utoipa::path(post, path = "/api/v1/me/requests", tag = "me", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = NewPersonRequest,
    responses((status = 201, body = RequestReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn make_request(
    State(app): State<App>,
    by: By<ManageOwnConsent>,
    key: IdempotencyKey,
    Body(request): Body<NewPersonRequest>,
) -> Result<Receipt, Problem> {
    requests::ask(&app, &by.actor, &key, &request).await
}

fn own_id(id: &str) -> Result<PublicId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Share links of one's own certificate, whoever made them: until when, how often they were opened.
#[utoipa::path(get, path = "/api/v1/me/certificates/{id}/shares", tag = "me", security(("bearer" = [])),
    params(("id" = String, Path, description = "Public id")),
    responses((status = 200, body = [OwnShare]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn own_shares(
    State(app): State<App>,
    by: By<SeeOwnRecord>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(private(links::list(&app, &by.actor, &own_id(&id)?).await?))
}

/// Make a share link for one's own certificate, for 7, 30 or 90 days.
#[utoipa::path(post, path = "/api/v1/me/certificates/{id}/shares", tag = "me", security(("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("Idempotency-Key" = String, Header)), request_body = ShareRequest,
    responses((status = 201, body = ShareReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn share_own_certificate(
    State(app): State<App>,
    by: By<ManageOwnConsent>,
    key: IdempotencyKey,
    Path(id): Path<String>,
    Body(request): Body<ShareRequest>,
) -> Result<Receipt, Problem> {
    links::share(&app, &by.actor, &key, &own_id(&id)?, &request).await
}

/// Take a share link of one's own certificate back, whoever made it.
#[utoipa::path(post, path = "/api/v1/me/certificates/{id}/shares/withdraw", tag = "me", security(("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("Idempotency-Key" = String, Header)), request_body = WithdrawShareRequest,
    responses((status = 200, body = WithdrawnShare), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn withdraw_own_share(
    State(app): State<App>,
    by: By<ManageOwnConsent>,
    key: IdempotencyKey,
    Path(id): Path<String>,
    Body(request): Body<WithdrawShareRequest>,
) -> Result<Receipt, Problem> {
    links::withdraw(&app, &by.actor, &key, &own_id(&id)?, &request).await
}
