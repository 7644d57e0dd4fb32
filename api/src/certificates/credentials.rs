//! A certificate in the formats of other software, made on request from the signed bytes and what the catalogue says.
//!
//! Under the key that signed the certificate itself, whose file is kept after it retires. A compromised key signs nothing
//! more: for a certificate that the log covers from before, the federation's key of today speaks, since other software
//! knows neither the log nor states of keys.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use certs::credential::{
    CertificateFacts, Disclosable, NeutralName, Occupation, Salts, badge_json, badge_jwt, present,
    sd_jwt,
};
use certs::keys::Signer;
use certs::qr::Host;
use serde::Deserialize;
use store::certificates::{Certificate, KeyRow};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::embedded;
use super::files::{Opened, file};
use crate::app::App;
use crate::extract::Query;
use crate::keyring::KeyRng;
use crate::problem::{Code, Problem, ProblemBody};
use crate::verify::covered_from_before;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(credential_jwt))
        .routes(routes!(credential_json))
        .routes(routes!(credential_sd_jwt))
}

/// What a credential states: the signed claims, and names that tell nothing about disability.
async fn facts(app: &App, certificate: &Certificate) -> Result<CertificateFacts, Problem> {
    let reader = app.store.reader();
    let cose = store::certificates::signed_bytes(reader, app.store.vault(), certificate.id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let decoded = certs::certificate::decode(&cose).map_err(Problem::internal)?;
    let claims = decoded.unverified_claims();
    let known = store::certificates::public_by_id(reader, &certificate.public_id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let host: Host = app.config.host.parse().map_err(Problem::internal)?;
    let neutral = |name: &str| name.parse::<NeutralName>().ok();
    Ok(CertificateFacts {
        host,
        public_id: claims.public_id,
        certificate_no: claims.certificate_no.clone(),
        holder: claims.holder.clone(),
        program: claims.program.clone(),
        program_name: neutral(&known.program_name),
        occupation: Some(Occupation {
            code: known.occupation_code.parse().map_err(Problem::internal)?,
            name: neutral(&known.occupation_name),
        }),
        level: claims.level,
        hours: u32::try_from(known.hours).map_err(Problem::internal)?,
        institution: claims.institution.clone(),
        institution_name: neutral(&known.institution_name),
        federation: known.federation.parse().map_err(Problem::internal)?,
        issued_at: claims.issued_at,
        valid_from: claims.issued_at,
        expires_at: claims.expires_at,
        status_list: claims.status_list,
        status_index: claims.status_index,
    })
}

/// What a credential states, and the key that speaks for it.
async fn spoken(
    app: &App,
    certificate: &Certificate,
) -> Result<(CertificateFacts, Arc<dyn Signer>), Problem> {
    let reader = app.store.reader();
    let facts = facts(app, certificate).await?;
    let own = store::certificates::key(reader, &certificate.kid)
        .await?
        .ok_or_else(|| Problem::internal("a certificate under a key that is not in the table"))?;
    let row = match own.state.as_str() {
        "active" | "retired" => own,
        "compromised" if covered_from_before(app, &certificate.public_id).await? => {
            let federation = facts.federation.as_str();
            store::certificates::active_issuer_key(reader, federation, app.now())
                .await?
                .ok_or_else(|| Problem::new(Code::KeyCompromised))?
        }
        _ => return Err(Problem::new(Code::KeyCompromised)),
    };
    // No key speaks of a time before its own.
    let facts = CertificateFacts {
        valid_from: facts.issued_at.max(row.not_before),
        ..facts
    };
    Ok((facts, signer(app, &row)?))
}

fn signer(app: &App, row: &KeyRow) -> Result<Arc<dyn Signer>, Problem> {
    let kid = row.kid.parse().map_err(Problem::internal)?;
    let signer = app.keyring.issuer(&kid).map_err(|error| {
        tracing::error!("issuer key {kid}: {error}");
        Problem::new(Code::KeyUnavailable)
    })?;
    if signer.public_key().as_bytes() == row.public_key {
        Ok(signer)
    } else {
        tracing::error!("issuer key {kid}: the file is not the key of the table");
        Err(Problem::new(Code::KeyUnavailable))
    }
}

/// Open Badges 3.0 as a VC-JWT.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/credential.jwt", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token")),
    responses((status = 200, content_type = "application/vc+jwt", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn credential_jwt(
    State(app): State<App>,
    Opened(certificate): Opened,
) -> Result<Response, Problem> {
    jwt_of(&app, &certificate).await
}

/// The certificate as a VC-JWT.
pub(crate) async fn jwt_of(app: &App, certificate: &Certificate) -> Result<Response, Problem> {
    let (facts, signer) = spoken(app, certificate).await?;
    let token = badge_jwt(&facts, signer.as_ref()).map_err(Problem::internal)?;
    Ok(file(
        "application/vc+jwt",
        &format!("{}.jwt", certificate.certificate_no),
        token,
    ))
}

/// Open Badges 3.0 as JSON with an embedded proof (eddsa-rdfc-2022).
#[utoipa::path(get, path = "/api/v1/certificates/{id}/credential.json", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token")),
    responses((status = 200, content_type = "application/vc", body = Object), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn credential_json(
    State(app): State<App>,
    Opened(certificate): Opened,
) -> Result<Response, Problem> {
    json_of(&app, &certificate).await
}

/// The certificate as JSON with an embedded proof.
pub(crate) async fn json_of(app: &App, certificate: &Certificate) -> Result<Response, Problem> {
    let (facts, signer) = spoken(app, certificate).await?;
    // Dated by the certificate or the key: the same bytes whenever it is asked for.
    let made = crate::cores::off_thread(move || {
        embedded::sign(
            &badge_json(&facts),
            &facts.host,
            facts.valid_from,
            signer.as_ref(),
        )
    });
    let text = made.await.map_err(Problem::internal)??;
    Ok(file(
        "application/vc",
        &format!("{}.json", certificate.certificate_no),
        text,
    ))
}

// A misspelt `show` would give all claims: it is said, not ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowQuery {
    show: Option<String>,
    /// Read by [`Opened`].
    #[serde(rename = "share")]
    _share: Option<String>,
}

/// SD-JWT VC. Whole, or with the claims that `show` names and no others.
#[utoipa::path(get, path = "/api/v1/certificates/{id}/credential.sdjwt", tag = "certificates", security((), ("bearer" = [])),
    params(("id" = String, Path, description = "Public id"), ("share" = Option<String>, Query, description = "Share token"),
        ("show" = Option<String>, Query, description = "Claims to show, with commas between; all when it is not given", example = "name,level")),
    responses((status = 200, content_type = "application/dc+sd-jwt", body = String), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn credential_sd_jwt(
    State(app): State<App>,
    Query(query): Query<ShowQuery>,
    Opened(certificate): Opened,
) -> Result<Response, Problem> {
    sd_jwt_of(&app, &certificate, query.show.as_deref()).await
}

/// The certificate as SD-JWT VC with the claims that `show` names; all of them without it.
pub(crate) async fn sd_jwt_of(
    app: &App,
    certificate: &Certificate,
    show: Option<&str>,
) -> Result<Response, Problem> {
    let chosen = show.map(claims_of).transpose()?;
    let (facts, signer) = spoken(app, certificate).await?;
    let salts = Salts::draw(&mut KeyRng(&app.random));
    let whole = sd_jwt(&facts, None, &salts, signer.as_ref()).map_err(Problem::internal)?;
    let text = match chosen {
        Some(chosen) => present(&whole, &chosen).map_err(Problem::internal)?,
        None => whole,
    };
    Ok(file(
        "application/dc+sd-jwt",
        &format!("{}.sdjwt", certificate.certificate_no),
        text,
    ))
}

fn claims_of(text: &str) -> Result<Vec<Disclosable>, Problem> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            Disclosable::parse(name).ok_or_else(|| {
                let all = Disclosable::ALL.map(Disclosable::as_str).join(", ");
                Problem::field(
                    "/show",
                    "unknown-value",
                    &format!("没有这一项;可选:{all}。"),
                    &format!("There is no such claim; choose from {all}."),
                )
            })
        })
        .collect()
}
