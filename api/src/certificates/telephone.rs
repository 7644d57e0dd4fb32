//! The check by telephone (`docs/formats.md` 2.3): the help line reads out the first part, and compares the second that the
//! caller reads from the paper. A wrong one costs as much as a wrong name in a lookup (trust.md EN-3).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use certs::spoken::{Part, SpokenCheck, aloud};
use certs::verdict::Lang;
use domain::access::Actor;
use domain::ids::CertificateId;
use domain::{CertificateNo, PublicId};
use serde::{Deserialize, Serialize};
use store::certificates::Certificate;
use store::scope::Scope;
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::By;
use crate::access::permissions::CheckByTelephone;
use crate::act::{Begin, Entry};
use crate::app::App;
use crate::border::Source;
use crate::extract::{Body, IdempotencyKey};
use crate::problem::{Problem, ProblemBody};
use crate::verify::{by_id, within_budget};

/// Routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(check_by_telephone))
}

/// What a caller says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TelephoneCheckRequest {
    /// Number of the certificate, or the id on it.
    pub certificate: String,
    /// The second part as the caller reads it from the paper: six digits. Without it only the first part is answered.
    #[serde(default)]
    pub second: Option<String>,
}

/// What to say to the caller.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TelephoneCheckAnswer {
    /// The id on the paper.
    pub id: String,
    /// Number.
    pub certificate_no: String,
    /// State of the verdict, as anybody is told who checks the certificate: the parts are the same whatever became of it.
    pub state: String,
    /// The verdict in a sentence, with its dates.
    pub sentence_zh: String,
    /// The same in English.
    pub sentence_en: String,
    /// The first part, to be read out.
    pub first: String,
    /// The same as it is said in Chinese.
    pub first_aloud: String,
    /// Whether the second part is that of this certificate; null when none was given.
    pub matches: Option<bool>,
}

/// What is kept of the answer: the first part is made again from the signed bytes.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    certificate: CertificateId,
    matches: Option<bool>,
}

/// Finds the first part, and compares the second.
pub async fn check(
    app: &App,
    source: Source,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &TelephoneCheckRequest,
) -> Result<TelephoneCheckAnswer, Problem> {
    let typed = request.certificate.trim().to_uppercase();
    let second = request.second.as_deref().map(str::trim).unwrap_or_default();
    let second = match second {
        "" => None,
        text => Some(text.parse::<Part>().map_err(|bad| {
            let text = bad.to_string();
            let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
            Problem::field("/second", "check-digits", zh, en)
        })?),
    };
    let number = match (typed.parse::<CertificateNo>(), typed.parse::<PublicId>()) {
        (Ok(number), _) => number,
        // Nobody guesses an id of 128 random bits: one that is not there costs nothing.
        (Err(_), Ok(id)) => {
            let known = store::certificates::public_by_id(app.store.reader(), &id).await?;
            known.ok_or_else(Problem::not_found)?.certificate_no
        }
        (Err(bad), Err(_)) => return Err(Problem::identifier("/certificate", &bad)),
    };
    let asked = Box::pin(compared(app, actor, key, request, &number, second));
    within_budget(app, source, &number, asked, |answer| {
        answer.matches != Some(false)
    })
    .await
}

async fn compared(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &TelephoneCheckRequest,
    number: &CertificateNo,
    second: Option<Part>,
) -> Result<TelephoneCheckAnswer, Problem> {
    let mut act = match app.begin(actor, key, "check_by_telephone", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => {
            let kept: Kept = receipt.parse()?;
            let found = store::certificates::any(app.store.reader(), kept.certificate)
                .await?
                .ok_or_else(Problem::not_found)?;
            return answer(app, &found, kept.matches)
                .await
                .map(|(answer, _)| answer);
        }
    };
    let known =
        store::certificates::public_by_numbers(&act.tx, std::slice::from_ref(number)).await?;
    let id = known.first().ok_or_else(Problem::not_found)?.public_id;
    let found = store::certificates::find_by_public_id(&act.tx, &Scope::of(actor), &id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let (mut told, parts) = answer(app, &found, None).await?;
    told.matches = second.map(|second| {
        let (said, true_one) = (second.to_string(), parts.second.to_string());
        bool::from(said.as_bytes().ct_eq(true_one.as_bytes()))
    });
    let outcome = match told.matches {
        None => "first_part",
        Some(true) => "match",
        Some(false) => "no_match",
    };
    act.detail = outcome.to_owned();
    act.record(Entry {
        kind: "certificate",
        id: found.id.uuid(),
        act: "telephone_check",
        reason_code: Some(outcome),
        ..Entry::default()
    })
    .await?;
    let kept = Kept {
        certificate: found.id,
        matches: told.matches,
    };
    act.finish(StatusCode::OK, &kept, ("certificate", found.id))
        .await?;
    Ok(told)
}

/// The answer without a comparison, and both parts.
async fn answer(
    app: &App,
    found: &Certificate,
    matches: Option<bool>,
) -> Result<(TelephoneCheckAnswer, SpokenCheck), Problem> {
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let cose = store::certificates::signed_bytes(reader, vault, found.id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let parts = SpokenCheck::of(&cose);
    let first = parts.first.to_string();
    let told = by_id(app, &found.public_id, Some(&cose)).await?;
    let answer = TelephoneCheckAnswer {
        id: found.public_id.to_string(),
        certificate_no: found.certificate_no.as_str().to_owned(),
        state: told.state().code().to_owned(),
        sentence_zh: told.sentence(Lang::Zh),
        sentence_en: told.sentence(Lang::En),
        first_aloud: aloud(&first),
        first,
        matches,
    };
    Ok((answer, parts))
}

/// Check a certificate for a caller: the first part to read out, and whether the second that the caller reads fits.
#[utoipa::path(post, path = "/api/v1/telephone-checks", tag = "certificates", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 200 visible characters")), request_body = TelephoneCheckRequest,
    responses((status = 200, body = TelephoneCheckAnswer), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn check_by_telephone(
    State(app): State<App>,
    by: By<CheckByTelephone>,
    source: Source,
    key: IdempotencyKey,
    Body(request): Body<TelephoneCheckRequest>,
) -> Result<Response, Problem> {
    let answer = check(&app, source, &by.actor, &key, &request).await?;
    Ok(Json(answer).into_response())
}
