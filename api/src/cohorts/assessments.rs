//! Assessment results: entered by a marker, confirmed by another person where the program is certifiable.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::cohort::CohortState;
use domain::completion::{Adjustment, Assessment, AssessmentState, enter_result};
use domain::enrolment::EnrolmentState;
use domain::ids::{CohortId, EnrolmentId};
use domain::institution::appealed::Grievance;
use serde::{Deserialize, Serialize};
use store::cohorts::Cohort;
use store::results::NewResult;
use utoipa::ToSchema;

use super::{lock, reopened, rules};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Results of a class.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessmentsRequest {
    /// Results, trainee by trainee; those not named keep theirs.
    pub items: Vec<AssessmentItem>,
}

/// Result of one trainee.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessmentItem {
    /// The enrolment.
    #[schema(value_type = String, format = "uuid")]
    pub enrolment: EnrolmentId,
    /// Pass or fail overall.
    pub passed: bool,
    /// Score from 0 to 100 where the program has one.
    #[serde(default)]
    pub score: Option<u32>,
    /// Day it was held.
    pub held_on: NaiveDate,
    /// What was adjusted: `extra_time reader scribe interpreter large_print braille easy_read adapted_tools other`.
    /// Recorded, never printed.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub adjustments: Vec<Adjustment>,
}

/// What was entered or confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssessmentsReceipt {
    /// The cohort.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// Results that were entered or confirmed now.
    pub written: u32,
    /// Results that stood so already.
    pub unchanged: u32,
}

/// Enters results; after a confirmed failure the entry is a resit.
pub async fn enter_assessments(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    request: &AssessmentsRequest,
) -> Result<Receipt, Problem> {
    let mut act = match app
        .begin(actor, key, "enter_assessments", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let cohort = lock(&act, id).await?;
    let named: Vec<EnrolmentId> = request.items.iter().map(|item| item.enrolment).collect();
    let again = reopened::of(&act, Grievance::AssessmentResult, &named).await?;
    in_time(&cohort, &named, &again)?;
    let results = check(&act, &cohort, request, &again).await?;
    store::results::mark(&act.tx, &results, act.actor.person, act.now).await?;
    let entries = results.iter().map(|new| Entry {
        kind: "enrolment",
        id: new.enrolment.uuid(),
        act: if new.result.attempt > 1 {
            "enter_resit"
        } else {
            "enter_assessment"
        },
        to: Some(AssessmentState::Marked.as_str()),
        ..Entry::default()
    });
    act.record_all(entries).await?;
    act.record(Entry {
        kind: "cohort",
        id: id.uuid(),
        act: "enter_assessments",
        ..Entry::default()
    })
    .await?;
    let receipt = AssessmentsReceipt {
        cohort: id,
        written: count(results.len()),
        unchanged: count(request.items.len() - results.len()),
    };
    act.finish(StatusCode::OK, &receipt, ("cohort", id)).await
}

/// The results that change; every fault of every item otherwise.
async fn check(
    act: &Act,
    cohort: &Cohort,
    request: &AssessmentsRequest,
    again: &std::collections::HashSet<EnrolmentId>,
) -> Result<Vec<NewResult>, Problem> {
    let rules = rules(&act.app);
    let enrolled: std::collections::HashSet<EnrolmentId> =
        store::enrolments::of_cohort(&act.tx, cohort.id)
            .await?
            .into_iter()
            .filter(|member| member.state == EnrolmentState::Enrolled || again.contains(&member.id))
            .map(|member| member.id)
            .collect();
    let present = store::results::assessments(&act.tx, cohort.id).await?;
    let mut seen = std::collections::HashSet::new();
    let mut results = Vec::new();
    let mut problem: Option<Problem> = None;
    for (at, item) in request.items.iter().enumerate() {
        let mut wrong = |field: &str, code: &str, zh: &str, en: &str| {
            let so_far = problem
                .take()
                .unwrap_or_else(|| Problem::new(Code::InvalidRequest));
            problem = Some(so_far.with_error(format!("/items/{at}/{field}"), code, zh, en));
        };
        if !enrolled.contains(&item.enrolment) {
            wrong(
                "enrolment",
                "not-enrolled",
                "该学员不在本班在读名单中。",
                "This trainee is not enrolled in this class.",
            );
            continue;
        }
        if !seen.insert(item.enrolment) {
            wrong(
                "enrolment",
                "duplicate",
                "该学员重复列出。",
                "This trainee is listed twice.",
            );
            continue;
        }
        let mut adjustments: Vec<Adjustment> = item.adjustments.clone();
        adjustments.sort_unstable();
        adjustments.dedup();
        let adjustments: Vec<String> = adjustments.iter().map(ToString::to_string).collect();
        let before = present.get(&item.enrolment);
        // A result that an appeal set aside is marked again, as the same attempt.
        let stands = before.map(|marked| {
            let state = if again.contains(&item.enrolment) {
                AssessmentState::Marked
            } else {
                marked.result.state
            };
            Assessment {
                state,
                ..marked.result
            }
        });
        let same = before.is_some_and(|marked| {
            marked.result.passed == item.passed
                && marked.result.score.map(u32::from) == item.score
                && marked.result.held_on == item.held_on
                && marked.adjustments == adjustments
        });
        if same && !again.contains(&item.enrolment) {
            continue;
        }
        let attempt = enter_result(
            item.score,
            item.held_on,
            cohort.start_on,
            act.today,
            stands,
            &rules,
        );
        match attempt {
            Err(bad) => {
                let field = if bad == domain::completion::BadAssessment::Score {
                    "score"
                } else {
                    "held_on"
                };
                wrong(field, bad.code(), bad.zh(), bad.en());
            }
            Ok(attempt) => {
                let result = Assessment {
                    passed: item.passed,
                    score: item.score.and_then(|score| u8::try_from(score).ok()),
                    held_on: item.held_on,
                    attempt,
                    state: AssessmentState::Marked,
                };
                results.push(NewResult {
                    enrolment: item.enrolment,
                    result,
                    adjustments,
                });
            }
        }
    }
    problem.map_or(Ok(results), Err)
}

/// Which results to confirm.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequest {
    /// Enrolments whose results to confirm; all that are marked when absent.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub enrolments: Option<Vec<EnrolmentId>>,
}

/// Confirms results; for a certifiable program by another person than the marker.
pub async fn confirm_assessments(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    request: &ConfirmRequest,
) -> Result<Receipt, Problem> {
    let mut act = match app
        .begin(actor, key, "confirm_assessments", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let cohort = lock(&act, id).await?;
    let named = request.enrolments.clone().unwrap_or_default();
    let again = reopened::of(&act, Grievance::AssessmentResult, &named).await?;
    in_time(&cohort, &named, &again)?;
    let offer = store::cohorts::offer(&act.tx, cohort.offer)
        .await?
        .ok_or_else(|| Problem::internal("the offer of a cohort is gone"))?;
    let present = store::results::assessments(&act.tx, id).await?;
    let wanted: Option<std::collections::HashSet<EnrolmentId>> = request
        .enrolments
        .as_ref()
        .map(|list| list.iter().copied().collect());
    if let Some(at) = request
        .enrolments
        .iter()
        .flatten()
        .position(|id| !present.contains_key(id))
    {
        return Err(Problem::field(
            format!("/enrolments/{at}"),
            "assessment-missing",
            "该学员没有考核结果。",
            "This trainee has no assessment result.",
        ));
    }
    let marked: Vec<(EnrolmentId, domain::ids::StaffPersonId)> = present
        .iter()
        .filter(|(id, marked)| {
            marked.result.state == AssessmentState::Marked
                && wanted.as_ref().is_none_or(|wanted| wanted.contains(id))
        })
        .map(|(id, marked)| (*id, marked.marked_by))
        .collect();
    if offer.certificate_type.is_some() && marked.iter().any(|(_, by)| *by == act.actor.person) {
        return Err(Problem::new(Code::SecondPersonRequired).with_detail(
            "该项目颁发证书,考核结果须由录入人以外的另一人确认。",
            "The program leads to a certificate: another person than the marker must confirm the results.",
        ));
    }
    let mut ids: Vec<EnrolmentId> = marked.into_iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    store::results::confirm(&act.tx, &ids, act.actor.person, act.now).await?;
    let entries = ids.iter().map(|id| Entry {
        kind: "enrolment",
        id: id.uuid(),
        act: "confirm_assessment",
        from: Some(AssessmentState::Marked.as_str()),
        to: Some(AssessmentState::Confirmed.as_str()),
        ..Entry::default()
    });
    act.record_all(entries).await?;
    reopened::settle(&mut act, &cohort, &ids).await?;
    act.record(Entry {
        kind: "cohort",
        id: id.uuid(),
        act: "confirm_assessments",
        ..Entry::default()
    })
    .await?;
    let total = wanted.map_or(present.len(), |wanted| wanted.len());
    let receipt = AssessmentsReceipt {
        cohort: id,
        written: count(ids.len()),
        unchanged: count(total - ids.len()),
    };
    act.finish(StatusCode::OK, &receipt, ("cohort", id)).await
}

fn in_time(
    cohort: &Cohort,
    named: &[EnrolmentId],
    again: &std::collections::HashSet<EnrolmentId>,
) -> Result<(), Problem> {
    let reopened = !named.is_empty() && named.iter().all(|id| again.contains(id));
    if reopened || matches!(cohort.state, CohortState::Running | CohortState::Finished) {
        return Ok(());
    }
    Err(Problem::new(Code::TransitionRefused).with_detail(
        format!(
            "班期现为“{}”,只有在“培训中”或“已结束待验收”时才能办理考核。",
            cohort.state.zh()
        ),
        format!(
            "The cohort is {}; results are entered while it is running or finished.",
            cohort.state
        ),
    ))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
