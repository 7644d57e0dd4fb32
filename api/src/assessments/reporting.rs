//! Report, the institution's reply, and the final score.

use axum::http::StatusCode;
use chrono::Months;
use domain::access::Actor;
use domain::assessment::{AssessmentAct, Severity};
use domain::ids::{AssessmentId, EnrolmentId};
use serde::{Deserialize, Serialize};
use store::assessments::{FinalScore, Report, sample};
use utoipa::ToSchema;

use super::commissioning::on_admission;
use super::held::Held;
use super::{AssessmentReceipt, KIND, keep};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::Problem;

/// Most findings of a report.
const FINDINGS: usize = 100;

/// A finding.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingRequest {
    /// `minor major critical`.
    #[schema(value_type = String, example = "minor")]
    pub severity: Severity,
    /// In words, 5 to 1,000 characters; no names or numbers of persons.
    pub text: String,
    /// Trainees of the sample that it rests on; the institution does not see who they are.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub enrolments: Vec<EnrolmentId>,
}

/// A report.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Score, 0 to 100.
    pub score: u32,
    /// Summary, 10 to 8,000 characters; no names or numbers of persons.
    pub text: String,
    /// Findings.
    #[serde(default)]
    pub findings: Vec<FindingRequest>,
}

/// A score that was checked to lie between 0 and 100.
fn score(faults: &mut Faults, score: u32) -> u8 {
    faults.between("/score", score, 0, 100);
    u8::try_from(score.min(100)).unwrap_or(100)
}

/// Hands in the report; the institution's term to reply begins. The sample is closed from now on.
pub async fn report(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &ReportRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    let points = score(&mut faults, request.score);
    faults.words("/text", &request.text, 10, 8_000);
    if request.findings.len() > FINDINGS {
        faults.add(
            "/findings",
            "too-many",
            "最多列 100 项。",
            "At most 100 findings.",
        );
    }
    for (at, one) in request.findings.iter().enumerate().take(FINDINGS) {
        faults.words(&format!("/findings/{at}/text"), &one.text, 5, 1_000);
    }
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "report_assessment", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let to = held.decide(&act, AssessmentAct::Report).await?;
    in_sample(&act, &held, request).await?;
    let mut row = held.row;
    let from = row.state;
    row.state = to;
    row.report = Some(Report {
        score: points,
        text: request.text.trim().to_owned(),
        findings: serde_json::to_string(&request.findings).map_err(Problem::internal)?,
        on: act.today,
    });
    let due = terms::working_days(&act, act.app.evidence.assessment.reply_wd);
    row.due_on = Some(due);
    let worst = request.findings.iter().map(|one| one.severity).max();
    let entry = Entry {
        act: "report",
        reason_code: worst.map(Severity::as_str),
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    store::assessments::visits::forget_drafts(&act.tx, id).await?;
    super::visits::close(&act, id).await?;
    if worst == Some(Severity::Critical) {
        // An emergency stop may follow the same day (workflow.md 5).
        super::publishing::grave(&act, &row, Severity::Critical).await?;
    }
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// A finding rests on trainees that were drawn, and on nobody else.
async fn in_sample(act: &Act, held: &Held, request: &ReportRequest) -> Result<(), Problem> {
    let Some(assessor) = held.row.assessor else {
        return Err(Problem::not_found());
    };
    let drawn = sample::of(&act.tx, held.row.id, assessor).await?;
    let mut faults = Faults::default();
    for (at, finding) in request.findings.iter().enumerate() {
        for (number, one) in finding.enrolments.iter().enumerate() {
            if !drawn.iter().any(|row| row.enrolment() == *one) {
                faults.add(
                    &format!("/findings/{at}/enrolments/{number}"),
                    "outside-sample",
                    "该学员不在抽取的样本中。",
                    "This trainee is not in the sample.",
                );
            }
        }
    }
    faults.finish()
}

/// A reply.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyRequest {
    /// 2 to 4,000 characters; no names or numbers of persons.
    pub text: String,
}

/// The institution replies to the report, within its term.
pub async fn reply(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &ReplyRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/text", &request.text, 2, 4_000);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "reply_to_assessment", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let to = held.decide(&act, AssessmentAct::Reply).await?;
    let mut row = held.row;
    let from = row.state;
    row.state = to;
    row.reply = Some(request.text.trim().to_owned());
    row.due_on = Some(terms::working_days(
        &act,
        act.app.evidence.assessment.final_wd,
    ));
    let entry = Entry {
        act: "reply",
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// What the assessor stands by.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinalRequest {
    /// Final score, 0 to 100.
    pub score: u32,
    /// Answer to the reply, or to its absence, and why the score moved where it did; 2 to 4,000 characters.
    pub answer: String,
}

/// Makes the score final, after the reply or the end of its term: from now on it counts in freezes.
pub async fn finish(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &FinalRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    let points = score(&mut faults, request.score);
    faults.words("/answer", &request.answer, 2, 4_000);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "finish_assessment", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let to = held.decide(&act, AssessmentAct::Finish).await?;
    let mut row = held.row;
    let from = row.state;
    row.state = to;
    row.due_on = None;
    let months = Months::new(act.app.evidence.assessment.score_months);
    row.last = Some(FinalScore {
        score: points,
        answer: request.answer.trim().to_owned(),
        on: act.today,
        counts_until: act.today.checked_add_months(months).unwrap_or(act.today),
    });
    let entry = Entry {
        act: "finish",
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    if super::publishing::worst(&row)? == Some(Severity::Major) && row.consequence.is_none() {
        super::publishing::grave(&act, &row, Severity::Major).await?;
    }
    on_admission(&mut act, &row, "assessment_final").await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}
