//! Third-party assessment (第三方评估): assessors are accredited, drawn by lot, declare conflicts, see their sample for a time
//! and report; the institution replies; the final score goes into the next freeze (workflow.md 5, grading.md 3 TPA).

pub mod accreditation;
pub mod annulment;
pub mod commissioning;
pub mod declaring;
pub mod draws;
pub(crate) mod held;
pub mod json;
pub mod json_acts;
pub mod json_assessors;
pub mod pages;
pub mod publishing;
pub mod reporting;
pub mod sample;
pub mod supplements;
pub mod visits;

use domain::access::Role;
use domain::assessment::{AssessmentState, Standing};
use serde::{Deserialize, Serialize};
use store::assessments::Assessment;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::act::{Act, Entry};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::problem::Problem;

/// Kind of thing in timelines and proposals.
pub(crate) const KIND: &str = "assessment";

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
        .merge(json_acts::routes())
        .merge(supplements::routes())
        .merge(json_assessors::routes())
}

/// What anybody may ask.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    draws::public_routes().merge(publishing::public_routes())
}

/// An assessment after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AssessmentReceipt {
    /// Its id.
    pub id: String,
    /// `listed drawn accepted fieldwork reported replied final published annulled lapsed`.
    pub state: String,
    /// Last day of the next act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
    /// The accreditation that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessor: Option<String>,
    /// Score that stands: of the report, then the final one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// The proposal that waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
    /// Give it as If-Match with the next act.
    pub revision: i32,
}

impl AssessmentReceipt {
    /// Of an assessment.
    pub(crate) fn of(row: &Assessment) -> Self {
        let last = row.last.as_ref().map(|last| last.score);
        Self {
            id: row.id.to_string(),
            state: row.state.as_str().to_owned(),
            due_on: row.due_on.map(|day| day.to_string()),
            assessor: row.assessor.map(|one| one.to_string()),
            score: last.or(row.report.as_ref().map(|report| report.score)),
            proposal_id: None,
            revision: row.revision,
        }
    }
}

/// Writes the new state of an assessment with its entry in the timeline.
pub(crate) async fn keep(
    act: &mut Act,
    row: &mut Assessment,
    from: AssessmentState,
    entry: Entry<'_>,
) -> Result<(), Problem> {
    let anew = ["replace", "step_aside", supplements::SUPPLEMENT];
    if row.state != from || anew.contains(&entry.act) {
        row.state_since = act.now;
        store::cases::terms::meet(&act.tx, row.id.uuid(), TERMS, act.today).await?;
        due(act, row).await?;
    }
    row.revision = store::assessments::update(&act.tx, row).await?;
    act.record(Entry {
        kind: KIND,
        id: row.id.uuid(),
        from: Some(from.as_str()),
        to: Some(row.state.as_str()),
        ..entry
    })
    .await
}

/// Terms that end when an assessment moves on.
const TERMS: &[&str] = &[
    "assessment_draw",
    "assessment_accept",
    "assessment_open",
    "assessment_report",
    "assessment_reply",
    "assessment_final",
    "assessment_publish",
];

/// Begins the terms of the present state: whoever owes the next act is told when it is due and when it is over.
async fn due(act: &Act, row: &Assessment) -> Result<(), Problem> {
    use AssessmentState as S;
    let numbers = act.app.evidence.assessment;
    let of = Of {
        admission: row.admission,
        kind: KIND,
        id: row.id.uuid(),
    };
    let (kind, holder) = match row.state {
        S::Listed => ("assessment_draw", Role::ProvinceOfficer),
        S::Drawn => ("assessment_accept", Role::Assessor),
        S::Accepted => ("assessment_open", Role::Assessor),
        S::Fieldwork => ("assessment_report", Role::Assessor),
        S::Reported => ("assessment_reply", Role::InstitutionOperator),
        S::Replied => ("assessment_final", Role::Assessor),
        S::Final => ("assessment_publish", Role::ProvinceOfficer),
        S::Published | S::Annulled | S::Lapsed => return Ok(()),
    };
    let until = row
        .due_on
        .unwrap_or_else(|| terms::working_days(act, numbers.commissioner_wd));
    terms::begin(act, of, kind, holder, act.today, until).await?;
    if row.state == S::Reported {
        // Without a reply the final score is due after the institution's term.
        let last = act.app.calendar.add_working_days(until, numbers.final_wd);
        let assessor = Role::Assessor;
        terms::begin(act, of, "assessment_final", assessor, until, last).await?;
    }
    Ok(())
}

/// The next of the list takes the place of whoever left; nobody, and the assessment lapses.
pub(crate) async fn pass_on(
    act: &Act,
    row: &mut Assessment,
    left: Standing,
) -> Result<(), Problem> {
    if let Some(before) = row.assessor.take() {
        store::assessments::candidates::stand(&act.tx, row.id, before, left).await?;
    }
    row.accepted_size = None;
    row.sample = None;
    store::assessments::visits::forget_drafts(&act.tx, row.id).await?;
    visits::close(act, row.id).await?;
    let all = store::assessments::candidates::of(&act.tx, row.id).await?;
    let next = all
        .iter()
        .filter(|one| one.standing == Standing::Listed)
        .min_by_key(|one| one.place);
    let Some(next) = next else {
        row.state = AssessmentState::Lapsed;
        row.due_on = None;
        return Ok(());
    };
    store::assessments::candidates::stand(&act.tx, row.id, next.assessor, Standing::Drawn).await?;
    row.assessor = Some(next.assessor);
    row.state = AssessmentState::Drawn;
    let days = act.app.evidence.assessment.accept_wd;
    row.due_on = Some(crate::cases::terms::working_days(act, days));
    Ok(())
}
