//! Certificate types: what kind of certificate a program leads to.

use axum::http::StatusCode;
use domain::OrganisationName;
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use store::programs::CertificateType;
use utoipa::ToSchema;

use crate::act::{Begin, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::Problem;

/// A new certificate type.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTypeRequest {
    /// Code: 2 to 20 of `A-Z 0-9 -`, beginning with a letter.
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// English name.
    pub name_en: String,
    /// What it certifies, up to 500 characters.
    pub description: String,
    /// How many months it is valid, 1 to 600; none for ever.
    #[serde(default)]
    pub validity_months: Option<u32>,
}

/// A certificate type that was made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TypeReceipt {
    /// Its code.
    pub code: String,
}

/// Makes a certificate type in the list of the actor's federation.
pub async fn create(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &CreateTypeRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    let code = request.code.as_str();
    let good = (2..=20).contains(&code.len())
        && code.starts_with(|first: char| first.is_ascii_uppercase())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
    if !good {
        faults.add(
            "/code",
            "format",
            "请用 2 至 20 个大写字母、数字或连字符,以字母开头。",
            "Use 2 to 20 capital letters, digits or hyphens, beginning with a letter.",
        );
    }
    faults.parse::<OrganisationName>("/name", &request.name);
    faults.parse::<OrganisationName>("/name_en", &request.name_en);
    faults.words("/description", &request.description, 0, 500);
    if let Some(months) = request.validity_months {
        faults.between("/validity_months", months, 1, 600);
    }
    faults.finish()?;
    let act = match app
        .begin(actor, key, "create_certificate_type", request)
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let federation = actor
        .federation
        .clone()
        .ok_or_else(|| Problem::internal("an officer without a federation"))?;
    let row = CertificateType {
        code: request.code.clone(),
        name: request.name.clone(),
        name_en: request.name_en.clone(),
        description: request.description.clone(),
        federation,
        validity_months: request.validity_months,
    };
    store::programs::insert_type(&act.tx, &row, act.now).await?;
    act.finish(
        StatusCode::CREATED,
        &TypeReceipt {
            code: row.code.clone(),
        },
        ("certificate_type", row.code),
    )
    .await
}
