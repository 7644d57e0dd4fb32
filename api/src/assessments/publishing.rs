//! What a final score leads to: its publication, and what follows from a grave finding (workflow.md 5, grading.md 7 T11,
//! T16). Public are score, period, organisation and the number of findings; their words stay with those concerned, since
//! they may tell who a trainee is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::assessment::{AssessmentAct, AssessmentState, Severity};
use domain::ids::{AdmissionId, AssessmentId};
use domain::institution::{FindingFacts, InstitutionTransition};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::assessments::{Assessment, Published};
use store::cases::Case;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::commissioning::on_admission;
use super::held::Held;
use super::reporting::FindingRequest;
use super::{AssessmentReceipt, KIND, keep};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::extract::{IdempotencyKey, Path};
use crate::fields::Faults;
use crate::problem::{Problem, ProblemBody};

/// Terms of the answer to a grave finding.
const TERMS: &[&str] = &["finding_major", "finding_critical"];

/// The findings of an assessment.
pub(super) fn findings(row: &Assessment) -> Result<Vec<FindingRequest>, Problem> {
    match &row.report {
        None => Ok(Vec::new()),
        Some(report) => serde_json::from_str(&report.findings).map_err(Problem::internal),
    }
}

/// The gravest finding.
pub(super) fn worst(row: &Assessment) -> Result<Option<Severity>, Problem> {
    Ok(findings(row)?.iter().map(|one| one.severity).max())
}

/// The province owes an answer: to a critical finding the same day, to a major one within its term.
pub(super) async fn grave(act: &Act, row: &Assessment, severity: Severity) -> Result<(), Problem> {
    let of = Of {
        admission: row.admission,
        kind: "assessment_finding",
        id: row.id.uuid(),
    };
    let (kind, due) = match severity {
        Severity::Critical => (TERMS[1], act.today),
        Severity::Major | Severity::Minor => {
            let days = act.app.evidence.assessment.commissioner_wd;
            (TERMS[0], terms::working_days(act, days))
        }
    };
    terms::begin(act, of, kind, Role::ProvinceOfficer, act.today, due).await
}

/// Publishes the score.
pub async fn publish(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "publish_assessment", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let to = held.decide(&act, AssessmentAct::Publish).await?;
    let mut row = held.row;
    let from = row.state;
    row.state = to;
    row.published_on = Some(act.today);
    let entry = Entry {
        act: "publish",
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    on_admission(&mut act, &row, "assessment_published").await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Why a grave finding leads to nothing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissFindingRequest {
    /// Reason, 5 to 500 characters; no names or numbers of persons.
    pub reason: String,
}

/// Records that a grave finding leads to no warning and no stop: silence would leave it open.
pub async fn dismiss(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &DismissFindingRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "dismiss_finding", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    held.decide(&act, AssessmentAct::Dismiss).await?;
    let mut row = held.row;
    answered(&mut act, &mut row, "dismiss", Some(&request.reason)).await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Notes the answer to the gravest finding and ends its term.
async fn answered(
    act: &mut Act,
    row: &mut Assessment,
    what: &str,
    reason: Option<&str>,
) -> Result<(), Problem> {
    row.consequence = Some((what.to_owned(), act.today));
    store::cases::terms::meet(&act.tx, row.id.uuid(), TERMS, act.today).await?;
    let entry = Entry {
        act: what,
        reason,
        ..Entry::default()
    };
    let from = row.state;
    keep(act, row, from, entry).await
}

/// The assessment that a decision on an admission rests on, read under the lock of the admission.
async fn ground(
    act: &Act,
    admission: AdmissionId,
    id: AssessmentId,
) -> Result<Assessment, Problem> {
    let scope = store::scope::Scope::of(&act.actor);
    let sight = super::held::sight(&act.actor, &scope);
    store::assessments::find(&act.tx, &sight, id)
        .await?
        .filter(|row| row.admission == admission)
        .ok_or_else(|| {
            Problem::field(
                "/assessment",
                "unknown-assessment",
                "该机构没有这项评估。",
                "The institution has no such assessment.",
            )
        })
}

/// What the decision may rest on.
pub(crate) async fn finding_facts(
    act: &Act,
    admission: AdmissionId,
    id: AssessmentId,
) -> Result<FindingFacts, Problem> {
    use AssessmentState as S;
    let row = ground(act, admission, id).await?;
    let known = !matches!(row.state, S::Annulled | S::Lapsed);
    Ok(FindingFacts {
        worst: worst(&row)?.filter(|_| known),
        stands: matches!(row.state, S::Final | S::Published),
    })
}

/// Puts the findings into the case that they lead to, and the answer into the assessment.
pub(crate) async fn lead_to(
    act: &mut Act,
    case: &mut Case,
    transition: InstitutionTransition,
    id: AssessmentId,
) -> Result<(), Problem> {
    let mut row = ground(act, case.admission, id).await?;
    let grave = findings(&row)?;
    if case.findings.is_empty() {
        case.findings = grave
            .into_iter()
            .filter(|one| one.severity > Severity::Minor)
            .map(|one| one.text)
            .collect();
    }
    if case.evidence_sha256.is_none() {
        case.evidence_sha256 = row.report.as_ref().map(|report| {
            let mut hash = Sha256::new();
            hash.update(report.text.as_bytes());
            hash.update([0]);
            hash.update(report.findings.as_bytes());
            hash.finalize().to_vec()
        });
    }
    answered(act, &mut row, transition.as_str(), None).await
}

pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(catalogue_assessments))
}

/// How many findings of each kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct FindingCounts {
    /// Minor.
    pub(crate) minor: u32,
    /// Major.
    pub(crate) major: u32,
    /// Critical.
    pub(crate) critical: u32,
}

/// A published assessment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishedAssessment {
    /// Its id: how it was drawn stands at `/api/v1/lots/{id}`.
    pub(crate) id: String,
    /// The admitting federation.
    pub(crate) federation: String,
    /// The assessor's organisation.
    pub(crate) organisation: String,
    /// First day of the period.
    pub(crate) period_from: String,
    /// Its last day.
    pub(crate) period_until: String,
    /// Final score, 0 to 100.
    pub(crate) score: u8,
    /// When it became final.
    pub(crate) final_on: String,
    /// Last freeze date in which it counts.
    pub(crate) counts_until: String,
    /// When it was published.
    pub(crate) published_on: String,
    /// Findings.
    pub(crate) findings: FindingCounts,
}

impl TryFrom<Published> for PublishedAssessment {
    type Error = Problem;

    fn try_from(row: Published) -> Result<Self, Problem> {
        let mut counts = FindingCounts::default();
        for one in findings(&row.assessment)? {
            match one.severity {
                Severity::Minor => counts.minor += 1,
                Severity::Major => counts.major += 1,
                Severity::Critical => counts.critical += 1,
            }
        }
        let missing = || Problem::internal("a published assessment without a final score");
        let last = row.assessment.last.ok_or_else(missing)?;
        Ok(Self {
            id: row.assessment.id.to_string(),
            federation: row.federation,
            organisation: row.organisation,
            period_from: row.assessment.period_from.to_string(),
            period_until: row.assessment.period_until.to_string(),
            score: last.score,
            final_on: last.on.to_string(),
            counts_until: last.counts_until.to_string(),
            published_on: row.assessment.published_on.ok_or_else(missing)?.to_string(),
            findings: counts,
        })
    }
}

/// Published third-party assessments of an institution, newest first.
#[utoipa::path(get, path = "/api/v1/catalogue/institutions/{code}/assessments", tag = "assessments", params(("code" = String, Path)),
    responses((status = 200, body = Vec<PublishedAssessment>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn catalogue_assessments(
    State(app): State<App>,
    Path(code): Path<String>,
) -> Result<Json<Vec<PublishedAssessment>>, Problem> {
    of_institution(&app, &code).await.map(Json)
}

/// What is published about an institution, newest first.
pub(crate) async fn of_institution(
    app: &App,
    code: &str,
) -> Result<Vec<PublishedAssessment>, Problem> {
    let rows = store::assessments::published(app.store.public(), code).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
