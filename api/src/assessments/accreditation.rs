//! Accrediting assessors and withdrawing accreditations.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::{Actor, Role};
use domain::ids::{AccountId, AssessorId};
use domain::{CreditCode, OrganisationName};
use serde::{Deserialize, Serialize};
use store::assessments::assessors::{self, Assessor};
use utoipa::ToSchema;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::{self, DocumentRequest, check_document};
use crate::problem::{Code, Problem};

/// Kind of thing in timelines.
pub(crate) const KIND: &str = "assessor";

/// An accreditation to give.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccreditRequest {
    /// Account of the assessor; it holds an assessor's post.
    #[schema(value_type = String, format = "uuid")]
    pub account: AccountId,
    /// Name of their organisation.
    pub organisation: String,
    /// Its unified social credit code.
    pub credit_code: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_until: NaiveDate,
    /// The document of the accreditation.
    pub document: DocumentRequest,
}

/// An accreditation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AssessorReceipt {
    /// Its id.
    pub id: String,
    /// The organisation.
    pub organisation: String,
    /// Its credit code.
    pub credit_code: String,
    /// The federation that accredited: for its own institutions, `000000` for all.
    pub federation: String,
    /// First day.
    pub valid_from: String,
    /// Last day.
    pub valid_until: String,
    /// Since when it is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_on: Option<String>,
    /// Give it as If-Match with the next act.
    pub revision: i32,
}

impl From<Assessor> for AssessorReceipt {
    fn from(row: Assessor) -> Self {
        Self {
            id: row.id.to_string(),
            organisation: row.organisation,
            credit_code: row.credit_code,
            federation: row.federation,
            valid_from: row.valid_from.to_string(),
            valid_until: row.valid_until.to_string(),
            withdrawn_on: row.withdrawn_on.map(|day| day.to_string()),
            revision: row.revision,
        }
    }
}

/// Accredits an assessor for the institutions of the actor's federation, or of the whole country.
pub async fn accredit(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &AccreditRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    let organisation: Option<OrganisationName> =
        faults.parse("/organisation", &request.organisation);
    let credit_code: Option<CreditCode> = faults.parse("/credit_code", &request.credit_code);
    check_document(&mut faults, "/document", Some(&request.document));
    if request.valid_until < request.valid_from || request.valid_until < app.today() {
        faults.add(
            "/valid_until",
            "period",
            "有效期的最后一天不能早于第一天,也不能早于今天。",
            "The last day lies before the first one, or before today.",
        );
    }
    faults.finish()?;
    let (Some(organisation), Some(credit_code)) = (organisation, credit_code) else {
        return Err(Problem::internal("a fault was not told"));
    };
    let mut act = match app.begin(actor, key, "accredit_assessor", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let federation = actor.federation.clone().unwrap_or_default();
    let person = assessors::person_of(&act.tx, request.account, act.today)
        .await?
        .ok_or_else(|| {
            Problem::field(
                "/account",
                "not-an-assessor",
                "这个账号没有第三方评估人员的岗位。",
                "This account holds no post of an assessor.",
            )
        })?;
    let (from, until) = (request.valid_from, request.valid_until);
    if assessors::overlaps(&act.tx, person, &federation, from, until).await? {
        return Err(Problem::new(Code::Duplicate).with_detail(
            "该人员在这一期间已有本级的评估资格。",
            "This person is accredited by your federation in this period already.",
        ));
    }
    let document = admission::document(&mut act, Some(&request.document)).await?;
    let Some(document) = document else {
        return Err(Problem::internal("a document was not written"));
    };
    let assessor = Assessor {
        id: act.new_id(),
        person,
        organisation: organisation.as_str().to_owned(),
        credit_code: credit_code.as_str().to_owned(),
        federation,
        valid_from: from,
        valid_until: until,
        document,
        accredited_by: actor.person,
        accredited_at: act.now,
        withdrawn_on: None,
        revision: 1,
    };
    assessors::insert(&act.tx, &assessor).await?;
    act.record(Entry {
        kind: KIND,
        id: assessor.id.uuid(),
        act: "accredit",
        to: Some("accredited"),
        document: Some(document),
        effective_on: Some(from),
        ..Entry::default()
    })
    .await?;
    let id = assessor.id;
    let receipt = AssessorReceipt::from(assessor);
    act.finish(StatusCode::CREATED, &receipt, (KIND, id)).await
}

/// A withdrawal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawAccreditationRequest {
    /// Reason, 2 to 500 characters.
    pub reason: String,
}

/// Withdraws an accreditation from today on: its holder does no further act. The nation may withdraw every one.
pub async fn withdraw(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessorId,
    revision: i32,
    request: &WithdrawAccreditationRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 2, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "withdraw_accreditation", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut row = assessors::find(&act.tx, id)
        .await?
        .filter(|row| {
            actor.role == Role::NationalOfficer
                || Some(&row.federation) == actor.federation.as_ref()
        })
        .ok_or_else(Problem::not_found)?;
    if row.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    if row.withdrawn_on.is_some() {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "评估资格已撤回。",
            "The accreditation was withdrawn already.",
        ));
    }
    row.revision = assessors::withdraw(&act.tx, &row, act.today).await?;
    row.withdrawn_on = Some(act.today);
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: "withdraw",
        from: Some("accredited"),
        to: Some("withdrawn"),
        reason: Some(&request.reason),
        ..Entry::default()
    })
    .await?;
    let receipt = AssessorReceipt::from(row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}
