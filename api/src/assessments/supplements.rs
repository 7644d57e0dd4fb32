//! A report is handed in once; what the assessor adds later stands beside it, while the institution may still reply: its
//! term begins anew with each (pages.md 6.8).

use axum::extract::State;
use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::assessment::AssessmentAct;
use domain::ids::AssessmentId;
use serde::{Deserialize, Serialize};
use store::assessments::supplements::{self as rows, Supplement};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::held::Held;
use super::{AssessmentReceipt, KIND, keep};
use crate::access::By;
use crate::access::permissions::Assess;
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms;
use crate::extract::{Body, IdempotencyKey, IfMatch, Path};
use crate::fields::Faults;
use crate::problem::{Code, Problem, ProblemBody};

/// Most supplements of one report.
const MOST: usize = 20;

/// A supplement to add.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplementRequest {
    /// What is added, 10 to 4,000 characters; no names or numbers of persons.
    pub text: String,
}

/// A supplement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SupplementItem {
    /// What was added.
    pub(crate) text: String,
    /// Day.
    pub(crate) on: NaiveDate,
}

impl From<Supplement> for SupplementItem {
    fn from(row: Supplement) -> Self {
        Self {
            text: row.text,
            on: row.on,
        }
    }
}

/// Adds a supplement; the institution's term to reply begins anew.
pub async fn add(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &SupplementRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/text", &request.text, 10, 4_000);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "supplement_assessment", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let to = held.decide(&act, AssessmentAct::Supplement).await?;
    let mut row = held.row;
    let Some(assessor) = row.assessor else {
        return Err(Problem::not_found());
    };
    if rows::of(&act.tx, id).await?.len() >= MOST {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!("一份报告最多补充 {MOST} 次。"),
            format!("A report has at most {MOST} supplements."),
        ));
    }
    let supplement = Supplement {
        id: act.new_id(),
        assessment: id,
        assessor,
        text: request.text.trim().to_owned(),
        on: act.today,
        by: actor.person,
        at: act.now,
    };
    rows::insert(&act.tx, &supplement).await?;
    let from = row.state;
    row.state = to;
    row.due_on = Some(terms::working_days(
        &act,
        act.app.evidence.assessment.reply_wd,
    ));
    let entry = Entry {
        act: SUPPLEMENT,
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Word of the act in timelines.
pub(super) const SUPPLEMENT: &str = "supplement";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(supplement_assessment))
}

/// Add to a report that was handed in; the institution's term to reply begins anew.
#[utoipa::path(post, path = "/api/v1/assessments/{id}/supplements", tag = "assessments", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header), ("If-Match" = String, Header)), request_body = SupplementRequest,
    responses((status = 200, body = AssessmentReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn supplement_assessment(
    State(app): State<App>,
    by: By<Assess>,
    key: IdempotencyKey,
    revision: IfMatch,
    Path(id): Path<AssessmentId>,
    Body(request): Body<SupplementRequest>,
) -> Result<Receipt, Problem> {
    add(&app, &by.actor, &key, id, revision.0, &request).await
}
