//! Verification over JSON, for anybody. What is sent in is neither kept nor written to a log.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use certs::verdict::State as VerdictState;
use domain::{CertificateNo, PersonName, PublicId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::VerificationBody;
use super::{MOST_QUESTIONS, Question, answer_within, by_id, past};
use crate::app::App;
use crate::border::Source;
use crate::extract::{Locale, Path, Query};
use crate::problem::{Code, Problem, ProblemBody, ProblemError};

/// Largest body: a thousand texts of the longest certificates.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_verification))
        .routes(routes!(verify_certificates))
}

/// Neither kept, nor found by search engines, nor told to the next site.
fn private() -> [(HeaderName, &'static str); 3] {
    [
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
        (header::REFERRER_POLICY, "no-referrer"),
    ]
}

/// For which day.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OnQuery {
    /// A past day in China, `YYYY-MM-DD`: the answer tells the state at its end too.
    on: Option<String>,
}

/// The verdict about the certificate with this id; 404 with a verdict `not_found` when there is none.
#[utoipa::path(get, path = "/api/v1/verifications/{id}", operation_id = "verify_certificate", tag = "verification",
    params(("id" = String, Path, description = "The id on the paper, 26 characters"), OnQuery),
    responses((status = 200, body = VerificationBody),
        (status = 404, description = "A verdict `not_found`, or a problem when the id has another form",
            content((VerificationBody = "application/json"), (ProblemBody = "application/problem+json"))),
        (status = 422, description = "`on` is no day, lies ahead, or is before the issue", body = ProblemBody, content_type = "application/problem+json")))]
async fn show_verification(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<OnQuery>,
) -> Result<Response, Problem> {
    let id: PublicId = id.parse().map_err(|_| Problem::not_found())?;
    let mut answer = by_id(&app, &id, None).await?;
    if let Some(on) = &query.on {
        past::add_to(&app, &mut answer, on).await?;
    }
    let status = match answer.state() {
        VerdictState::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    };
    Ok((status, private(), Json(VerificationBody::from(&answer))).into_response())
}

/// Certificates to verify.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationsRequest {
    /// 1 to 1,000 items.
    #[schema(value_type = Vec<VerificationItem>, min_items = 1, max_items = 1000)]
    items: Vec<Value>,
    /// A past day in China, `YYYY-MM-DD`: each answer tells the state at its end too.
    #[serde(default)]
    on: Option<String>,
}

/// One certificate: `qr`, or `number` with `name`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationItem {
    /// Text of the QR code.
    qr: Option<String>,
    /// Certificate number; needs `name`.
    number: Option<String>,
    /// Full name of the holder.
    name: Option<String>,
}

/// An item that could not be read as a question.
#[derive(Serialize, ToSchema)]
struct ItemProblem {
    /// Stable code.
    code: &'static str,
    /// What to do, in the language of `Accept-Language`.
    detail: String,
    /// The same in Chinese.
    detail_zh: String,
    /// The same in English.
    detail_en: String,
    /// Every fault, with its pointer into the request.
    errors: Vec<ProblemError>,
}

/// The answer to one item.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum VerificationRow {
    /// A verdict.
    Verified {
        /// Position in the request, from 0.
        index: usize,
        /// The verdict.
        #[serde(flatten)]
        verification: Box<VerificationBody>,
    },
    /// The item is not a question.
    Refused {
        /// Position in the request, from 0.
        index: usize,
        /// Why.
        problem: ItemProblem,
    },
}

/// Verdicts in the order asked.
#[derive(Serialize, ToSchema)]
struct VerificationsResponse {
    /// One row for each item.
    items: Vec<VerificationRow>,
}

/// Verify 1 to 1,000 certificates, each by its QR text or by number and full name.
#[utoipa::path(post, path = "/api/v1/verifications", tag = "verification", request_body = VerificationsRequest,
    responses((status = 200, body = VerificationsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn verify_certificates(
    State(app): State<App>,
    source: Source,
    locale: Locale,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let VerificationsRequest { items, on } = read(&headers, body).await?;
    let on = on.map(|on| past::day(&app, &on)).transpose()?;
    let mut rows: Vec<Result<(), Problem>> = Vec::with_capacity(items.len());
    let mut questions = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        rows.push(question(index, item).map(|question| questions.push(question)));
    }
    let mut answers = answer_within(&app, source, questions).await?;
    if let Some(on) = on {
        past::add(&app, &mut answers, on).await?;
    }
    let mut answers = answers.into_iter();
    let items = rows
        .into_iter()
        .enumerate()
        .map(|(index, row)| match row.map(|()| answers.next()) {
            Ok(Some(Ok(answer))) => Ok(VerificationRow::Verified {
                index,
                verification: Box::new(VerificationBody::from(&answer)),
            }),
            Ok(None) => Err(Problem::internal("an item was left without an answer")),
            Ok(Some(Err(problem))) | Err(problem) => Ok(VerificationRow::Refused {
                index,
                problem: ItemProblem::of(&problem, locale),
            }),
        })
        .collect::<Result<_, _>>()?;
    Ok((private(), Json(VerificationsResponse { items })).into_response())
}

/// Reads the list with a limit of its own: a thousand QR texts are larger than other requests, and one odd item spoils none
/// of the others.
async fn read(headers: &HeaderMap, body: Body) -> Result<VerificationsRequest, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let bytes = to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| Problem::new(Code::TooLarge))?;
    let request: VerificationsRequest = crate::extract::json_with_nul(&bytes)?;
    match request.items.len() {
        1..=MOST_QUESTIONS => Ok(request),
        _ => Err(Problem::field(
            "/items",
            "length",
            "一次请查验 1 至 1000 份。",
            "Verify 1 to 1,000 at a time.",
        )),
    }
}

fn question(index: usize, item: Value) -> Result<Question, Problem> {
    let at = format!("/items/{index}");
    let item: VerificationItem = serde_path_to_error::deserialize(item)
        .map_err(|error| crate::extract::wrong_value(&at, &error))?;
    match item {
        VerificationItem {
            qr: Some(text),
            number: None,
            name: None,
        } => Ok(Question::Text(text)),
        VerificationItem {
            qr: None,
            number: Some(number),
            name: Some(name),
        } => {
            let number = number.parse::<CertificateNo>();
            let name = name.parse::<PersonName>();
            match (number, name) {
                (Ok(number), Ok(name)) => Ok(Question::NumberAndName { number, name }),
                (number, name) => {
                    let mut problem = Problem::new(Code::InvalidRequest);
                    if let Err(bad) = number {
                        problem = problem.with_identifier(format!("{at}/number"), &bad);
                    }
                    if let Err(bad) = name {
                        problem = problem.with_identifier(format!("{at}/name"), &bad);
                    }
                    Err(problem)
                }
            }
        }
        VerificationItem {
            qr: None,
            number: Some(_),
            name: None,
        } => Err(Problem::field(
            format!("{at}/name"),
            "missing-field",
            "只凭编号不能查验,请同时填写持证人的完整姓名。",
            "A number alone answers nothing; give the holder's full name too.",
        )),
        _ => Err(Problem::field(
            at,
            "one-of",
            "请只给出 qr(二维码内容),或者同时给出 number 和 name。",
            "Give either qr (text of the QR code), or number and name.",
        )),
    }
}

impl ItemProblem {
    fn of(problem: &Problem, locale: Locale) -> Self {
        let detail = problem.detail();
        Self {
            code: problem.code().as_str(),
            detail: locale.pick(&detail.zh, &detail.en).to_owned(),
            detail_zh: detail.zh,
            detail_en: detail.en,
            errors: problem
                .errors()
                .iter()
                .map(|error| ProblemError {
                    pointer: error.pointer.clone(),
                    code: error.code.clone(),
                    detail: locale.pick(&error.detail.zh, &error.detail.en).to_owned(),
                    detail_zh: error.detail.zh.clone(),
                    detail_en: error.detail.en.clone(),
                })
                .collect(),
        }
    }
}
