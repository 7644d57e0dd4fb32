//! Certificates over JSON, for staff.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use domain::ids::{BatchId, CertificateId, CohortId};
use serde::{Deserialize, Serialize};
use store::certificates::Certificate;
use store::scope::Scope;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::batches::{self, DecidedBatch, ProposeBatchRequest, ProposedBatch, RefuseBatchRequest};
use super::change::{self, ChangeReceipt, ChangeRequest};
use super::hold::{self, ReviewBatchRequest, ReviewedBatch};
use super::issue::{self, IssuedBatch};
use super::keys::{self, KeyReceipt, NewKeyRequest};
use super::share::{self, OfficeShareRequest, ShareReceipt};
use crate::access::By;
use crate::access::permissions::{
    ChangeCertificates, IssueCertificates, ManageKeys, ProposeCertificates, ReviewBatches,
    SeeCertificates, ShareCertificates,
};
use crate::act::Receipt;
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path, Query, etag};
use crate::problem::{Problem, ProblemBody};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(propose_batch, list_batches))
        .routes(routes!(show_batch))
        .routes(routes!(approve_batch))
        .routes(routes!(refuse_batch))
        .routes(routes!(review_batch))
        .routes(routes!(list_certificates))
        .routes(routes!(show_certificate))
        .routes(routes!(show_history))
        .routes(routes!(change_certificate))
        .routes(routes!(share_certificate))
        .routes(routes!(create_key))
}

/// Routes that anybody may use.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_keys))
}

/// Propose a batch of certificates for an accepted cohort.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/certificate-batches", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ProposeBatchRequest,
    responses((status = 201, body = ProposedBatch), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn propose_batch(
    State(app): State<App>,
    by: By<ProposeCertificates>,
    key: IdempotencyKey,
    Path(id): Path<CohortId>,
    Body(request): Body<ProposeBatchRequest>,
) -> Result<Receipt, Problem> {
    batches::propose(&app, &by.actor, &key, id, &request).await
}

/// A batch in a list.
#[derive(Serialize, ToSchema)]
struct BatchResponse {
    /// Its id.
    id: String,
    /// Its cohort.
    cohort: String,
    /// `proposed`, `approved`, `refused`.
    state: String,
    /// When it was proposed.
    proposed_at: String,
    /// When it was decided.
    decided_at: Option<String>,
    /// Size of the log that covers it.
    tree_size: Option<u64>,
}

impl From<store::certificates::Batch> for BatchResponse {
    fn from(batch: store::certificates::Batch) -> Self {
        let stamp =
            |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        Self {
            id: batch.id.to_string(),
            cohort: batch.cohort.to_string(),
            state: batch.state,
            proposed_at: stamp(batch.proposed_at),
            decided_at: batch.decided_at.map(stamp),
            tree_size: batch.tree_size,
        }
    }
}

/// Batches of a cohort.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/certificate-batches", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<BatchResponse>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_batches(
    State(app): State<App>,
    by: By<SeeCertificates>,
    Path(id): Path<CohortId>,
) -> Result<Json<Vec<BatchResponse>>, Problem> {
    let reader = app.store.reader();
    store::certificates::cohort_scope(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let rows = store::certificates::batches_of_cohort(reader, id).await?;
    Ok(Json(rows.into_iter().map(BatchResponse::from).collect()))
}

/// One issued batch with proofs, as the approval answered it.
#[utoipa::path(get, path = "/api/v1/certificate-batches/{id}", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = IssuedBatch), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_batch(
    State(app): State<App>,
    by: By<SeeCertificates>,
    Path(id): Path<BatchId>,
) -> Result<Json<IssuedBatch>, Problem> {
    let reader = app.store.reader();
    let batch = store::certificates::batch(reader, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    store::certificates::cohort_scope(reader, &Scope::of(&by.actor), batch.cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    let size = batch.tree_size.ok_or_else(Problem::not_found)?;
    Ok(Json(issue::issued_batch(&app, id, size).await?))
}

/// Approve a batch: the registry signs and logs every certificate, or none.
#[utoipa::path(post, path = "/api/v1/certificate-batches/{id}/approve", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, body = IssuedBatch), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn approve_batch(
    State(app): State<App>,
    by: By<IssueCertificates>,
    key: IdempotencyKey,
    Path(id): Path<BatchId>,
) -> Result<Receipt, Problem> {
    issue::approve(&app, &by.actor, &key, id).await
}

/// Let a held batch through with a reason; another officer approves it.
#[utoipa::path(post, path = "/api/v1/certificate-batches/{id}/review", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = ReviewBatchRequest,
    responses((status = 200, body = ReviewedBatch), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn review_batch(
    State(app): State<App>,
    by: By<ReviewBatches>,
    key: IdempotencyKey,
    Path(id): Path<BatchId>,
    Body(request): Body<ReviewBatchRequest>,
) -> Result<Receipt, Problem> {
    hold::review(&app, &by.actor, &key, id, &request).await
}

/// Refuse a batch with a reason.
#[utoipa::path(post, path = "/api/v1/certificate-batches/{id}/refuse", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = RefuseBatchRequest,
    responses((status = 200, body = DecidedBatch), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn refuse_batch(
    State(app): State<App>,
    by: By<IssueCertificates>,
    key: IdempotencyKey,
    Path(id): Path<BatchId>,
    Body(request): Body<RefuseBatchRequest>,
) -> Result<Receipt, Problem> {
    batches::refuse(&app, &by.actor, &key, id, &request).await
}

/// A certificate as staff see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CertificateResponse {
    /// Id inside the registry; acts on the certificate name it.
    id: String,
    /// The random id on the paper.
    public_id: String,
    /// Number.
    certificate_no: String,
    /// Masked name of the holder.
    holder: String,
    /// Stored status.
    status: &'static str,
    /// Since when.
    status_since: String,
    /// Why, as a code.
    status_reason: Option<String>,
    /// End of a suspension.
    suspended_until: Option<String>,
    /// When it was issued.
    issued_at: String,
    /// When it ends.
    expires_at: Option<String>,
    /// Issuing federation.
    federation: String,
    /// Key that signed it.
    kid: String,
    /// Position in the public log.
    leaf_index: u64,
    /// Raised by each change; give it as If-Match.
    revision: i32,
}

impl From<Certificate> for CertificateResponse {
    fn from(row: Certificate) -> Self {
        let stamp =
            |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self {
            id: row.id.to_string(),
            public_id: row.public_id.to_string(),
            certificate_no: row.certificate_no.as_str().to_owned(),
            holder: row.holder_masked,
            status: row.status.as_str(),
            status_since: stamp(row.status_since),
            status_reason: row.status_reason,
            suspended_until: row.suspended_until.map(|day| day.to_string()),
            issued_at: stamp(row.issued_at),
            expires_at: row.expires_at.map(stamp),
            federation: row.federation,
            kid: row.kid,
            leaf_index: row.leaf_index.0,
            revision: row.revision,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CertificatesQuery {
    /// Batch.
    #[param(value_type = Option<String>)]
    batch: Option<BatchId>,
    /// Exact number.
    certificate_no: Option<String>,
    /// At most so many, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// Id after which to go on.
    #[param(value_type = Option<String>)]
    cursor: Option<CertificateId>,
}

/// A page of certificates.
#[derive(Serialize, ToSchema)]
struct CertificatesResponse {
    /// Rows.
    items: Vec<CertificateResponse>,
    /// Cursor of the next page.
    next: Option<String>,
}

/// Certificates of one's scope.
#[utoipa::path(get, path = "/api/v1/certificates", tag = "certificates", security(("bearer" = [])), params(CertificatesQuery),
    responses((status = 200, body = CertificatesResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_certificates(
    State(app): State<App>,
    by: By<SeeCertificates>,
    Query(query): Query<CertificatesQuery>,
) -> Result<Json<CertificatesResponse>, Problem> {
    let reader = app.store.reader();
    let scope = Scope::of(&by.actor);
    if let Some(number) = query.certificate_no {
        let number = number
            .parse()
            .map_err(|bad| Problem::identifier("/certificate_no", &bad))?;
        let found = store::certificates::find_by_number(reader, &scope, &number).await?;
        let items = found.into_iter().map(CertificateResponse::from).collect();
        return Ok(Json(CertificatesResponse { items, next: None }));
    }
    let limit = crate::fields::limit(query.limit, 50, 100)?;
    let mut rows =
        store::certificates::list(reader, &scope, query.batch, query.cursor, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(100));
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    Ok(Json(CertificatesResponse {
        items: rows.into_iter().map(CertificateResponse::from).collect(),
        next,
    }))
}

/// One certificate of one's scope.
#[utoipa::path(get, path = "/api/v1/certificates/{id}", tag = "certificates", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = CertificateResponse, headers(("ETag" = String))), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_certificate(
    State(app): State<App>,
    by: By<SeeCertificates>,
    Path(id): Path<CertificateId>,
) -> Result<Response, Problem> {
    let found = store::certificates::find(app.store.reader(), &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok((etag(found.revision), Json(CertificateResponse::from(found))).into_response())
}

/// All acts on a certificate, oldest first.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/timeline", tag = "certificates", security(("bearer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<crate::timeline::TimelineItem>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_history(
    State(app): State<App>,
    by: By<SeeCertificates>,
    Path(id): Path<CertificateId>,
) -> Result<Json<Vec<crate::timeline::TimelineItem>>, Problem> {
    let reader = app.store.reader();
    let found = store::certificates::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let mut items = vec![crate::timeline::TimelineItem::issued(&found)];
    items.extend(
        store::journal::timeline(reader, id.uuid())
            .await?
            .iter()
            .map(crate::timeline::TimelineItem::from),
    );
    Ok(Json(items))
}

/// Suspend, resume, revoke (two persons) or supersede a certificate.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/changes", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = ChangeRequest,
    responses((status = 200, body = ChangeReceipt), (status = 202, body = change::WaitingReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn change_certificate(
    State(app): State<App>,
    by: By<ChangeCertificates>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<CertificateId>,
    Body(request): Body<ChangeRequest>,
) -> Result<Receipt, Problem> {
    change::change_certificate(&app, &by.actor, &key, id, revision.0, &request).await
}

/// Make a share link for a certificate's files, for a holder who asked for it.
#[utoipa::path(post, path = "/api/v1/certificates/{id}/shares", tag = "certificates", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)), request_body = OfficeShareRequest,
    responses((status = 201, body = ShareReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn share_certificate(
    State(app): State<App>,
    by: By<ShareCertificates>,
    key: IdempotencyKey,
    Path(id): Path<CertificateId>,
    Body(request): Body<OfficeShareRequest>,
) -> Result<Receipt, Problem> {
    share::share(&app, &by.actor, &key, id, &request).await
}

/// Make the issuer key of a federation for a year.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = NewKeyRequest,
    responses((status = 201, body = KeyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn create_key(
    State(app): State<App>,
    by: By<ManageKeys>,
    key: IdempotencyKey,
    Body(request): Body<NewKeyRequest>,
) -> Result<Receipt, Problem> {
    keys::create_issuer_key(&app, &by.actor, &key, &request).await
}

/// Public halves of all issuer keys; public, because verifiers need them.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", responses((status = 200, body = Vec<KeyReceipt>)))]
async fn list_keys(State(app): State<App>) -> Result<Json<Vec<KeyReceipt>>, Problem> {
    let rows = store::certificates::all_keys(app.store.public()).await?;
    let issuers = rows.iter().filter(|row| row.purpose == "issuer");
    Ok(Json(issuers.map(keys::receipt).collect()))
}
