//! What a request for a transition says, and whether it is well formed.

use chrono::NaiveDate;
use domain::Phone;
use domain::ids::{AssessmentId, CohortId, GradingRunId};
use domain::institution::{Cause, InstitutionTransition, Plan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fields::Faults;
use crate::problem::Problem;

/// The official document that a decision rests on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentRequest {
    /// Number (文号).
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// Date of making.
    pub made_on: NaiveDate,
    /// The document itself, uploaded before at `/api/v1/files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub file: Option<domain::ids::FileId>,
}

/// What becomes of a running class (T19).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrangementRequest {
    /// The class.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// `transfer`, `end_with_credit`, `teach_out`.
    #[schema(value_type = String, example = "teach_out")]
    pub plan: Plan,
    /// Who takes the trainees over: institution or class, up to 200 characters.
    #[serde(default)]
    pub receiving: Option<String>,
}

/// A transition asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransitionRequest {
    /// `T02` to `T22`, `T25`.
    #[schema(value_type = String, example = "T04")]
    pub transition: InstitutionTransition,
    /// Why, or the full list of what is missing (T02): up to 500 characters.
    #[serde(default)]
    pub reason: Option<String>,
    /// Document.
    #[serde(default)]
    pub document: Option<DocumentRequest>,
    /// T03: the new address.
    #[serde(default)]
    pub address: Option<String>,
    /// T03: the new telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// T11, T13, T15, T16, T19, T22, T25: the cause, a closed code (docs/institutions.md).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "grade_d")]
    pub cause: Option<Cause>,
    /// T11 (major finding), T19, T20: SHA-256 of the evidence, hexadecimal.
    #[serde(default)]
    pub evidence_sha256: Option<String>,
    /// T19, T20: minutes of the collective discussion (集体讨论).
    #[serde(default)]
    pub minutes: Option<DocumentRequest>,
    /// T11, T13, T17: what was found or must be put right, point by point.
    #[serde(default)]
    pub findings: Vec<String>,
    /// T13, T17: last day of the term.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// T11 (`data_late`): when the data was due.
    #[serde(default)]
    pub data_due_on: Option<NaiveDate>,
    /// T19: how and where the institution may ask for a hearing.
    #[serde(default)]
    pub hearing: Option<String>,
    /// T19: what becomes of each class that runs.
    #[serde(default)]
    pub arrangements: Vec<ArrangementRequest>,
    /// T19 for fraud: the classes concerned; their certificates are reviewed after the exit.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub fraud_cohorts: Vec<CohortId>,
    /// T25: the act whose newest decision is set aside.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "T11")]
    pub sets_aside: Option<InstitutionTransition>,
    /// T11 (major finding), T16: the third-party assessment that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub assessment: Option<AssessmentId>,
    /// T09, T10 when results are published: the run whose result is decided. Nobody asks for it.
    #[serde(skip)]
    pub run: Option<GradingRunId>,
}

impl TransitionRequest {
    /// The act alone, without anything else.
    pub const fn of(transition: InstitutionTransition) -> Self {
        Self {
            transition,
            reason: None,
            document: None,
            address: None,
            phone: None,
            cause: None,
            evidence_sha256: None,
            minutes: None,
            findings: Vec::new(),
            until: None,
            data_due_on: None,
            hearing: None,
            arrangements: Vec::new(),
            fraud_cohorts: Vec::new(),
            sets_aside: None,
            assessment: None,
            run: None,
        }
    }

    /// The bytes of the evidence's hash, once checked.
    pub(crate) fn evidence(&self) -> Option<Vec<u8>> {
        self.evidence_sha256.as_deref().and_then(sha256_of)
    }
}

/// A SHA-256 in hexadecimal.
pub(crate) fn sha256_of(text: &str) -> Option<Vec<u8>> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.trim().as_bytes())
        .ok()?;
    (bytes.len() == 32).then_some(bytes)
}

/// Checks a hash that was given.
pub(crate) fn check_sha256(faults: &mut Faults, pointer: &str, text: Option<&str>) {
    if text.is_some_and(|text| sha256_of(text).is_none()) {
        faults.add(
            pointer,
            "sha256",
            "请填写 64 位十六进制的 SHA-256。",
            "Give a SHA-256 of 64 hexadecimal digits.",
        );
    }
}

/// Checks a document that was named.
pub(crate) fn check_document(
    faults: &mut Faults,
    pointer: &str,
    document: Option<&DocumentRequest>,
) {
    if let Some(document) = document {
        faults.text(&format!("{pointer}/number"), &document.number, 1, 100);
        faults.text(&format!("{pointer}/issuer"), &document.issuer, 1, 100);
    }
}

/// Checks a list of points.
pub(crate) fn check_points(faults: &mut Faults, pointer: &str, points: &[String]) {
    if points.len() > 50 {
        faults.add(pointer, "too-many", "最多列 50 条。", "At most 50 points.");
    }
    for (at, point) in points.iter().enumerate() {
        faults.words(&format!("{pointer}/{at}"), point, 1, 500);
    }
}

pub(super) fn check(request: &TransitionRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.reason(request.reason.as_deref());
    check_document(&mut faults, "/document", request.document.as_ref());
    check_document(&mut faults, "/minutes", request.minutes.as_ref());
    check_sha256(
        &mut faults,
        "/evidence_sha256",
        request.evidence_sha256.as_deref(),
    );
    check_points(&mut faults, "/findings", &request.findings);
    if let Some(hearing) = &request.hearing {
        faults.words("/hearing", hearing, 5, 500);
    }
    if request.arrangements.len() > 500 || request.fraud_cohorts.len() > 5_000 {
        faults.add(
            "/arrangements",
            "too-many",
            "班期过多,请核对。",
            "Too many cohorts; check the list.",
        );
    }
    for (at, one) in request.arrangements.iter().enumerate() {
        if let Some(receiving) = &one.receiving {
            faults.words(&format!("/arrangements/{at}/receiving"), receiving, 1, 200);
        }
    }
    let completing = request.transition == InstitutionTransition::T03;
    if let Some(address) = &request.address {
        faults.text("/address", address, 2, 200);
    }
    if let Some(phone) = &request.phone {
        faults.took("/phone", Phone::parse_organisation(phone));
    }
    if !completing && (request.address.is_some() || request.phone.is_some()) {
        faults.add(
            "/address",
            "only-completion",
            "只有补正(T03)可以修改地址和电话。",
            "Address and telephone change with T03 only.",
        );
    }
    faults.finish()
}
