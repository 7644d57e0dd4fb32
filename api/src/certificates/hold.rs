//! Checks against fraud before an issue: a batch with a reason to doubt waits until a second officer lets it through.

use axum::http::StatusCode;
use chrono::Duration;
use domain::access::Actor;
use domain::enrolment::Days;
use domain::ids::{BatchId, CohortId, PersonId};
use domain::issue_checks::{Hold, IssueFacts, holds};
use serde::{Deserialize, Serialize};
use store::cases::reviews::{self, Review};
use store::certificates::CandidateRow;
use store::scope::Scope;
use utoipa::ToSchema;

use super::issue;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, FieldError, Problem, Sentence};

/// A reason to hold a batch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldItem {
    /// Stable code.
    pub code: String,
    /// What was found, in Chinese.
    pub zh: String,
    /// What was found, in English.
    pub en: String,
}

impl From<Hold> for HoldItem {
    fn from(hold: Hold) -> Self {
        Self {
            code: hold.reason.as_str().to_owned(),
            zh: hold.zh,
            en: hold.en,
        }
    }
}

/// Everything that speaks for holding these candidates of a class, read under lock.
pub(super) async fn reasons(
    act: &Act,
    cohort: CohortId,
    planned_hours: u32,
    candidates: &[CandidateRow],
) -> Result<Vec<Hold>, Problem> {
    let numbers = &act.app.policy.workflow;
    let since = act.now - Duration::days(i64::from(numbers.issue_burst_days));
    let around = reviews::around(&act.tx, cohort, since).await?;
    let people: Vec<PersonId> = candidates.iter().map(|one| one.person).collect();
    let days = Days {
        start_on: around.start_on,
        end_on: around.end_on,
    };
    let overlapping = store::enrolments::overlapping(&act.tx, &people, cohort, days).await?;
    let members = store::enrolments::of_cohort(&act.tx, cohort).await?;
    let taking = members.iter().filter(|one| one.state.takes_time()).count();
    let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let assessments = || candidates.iter().filter_map(|one| one.assessment.as_ref());
    let facts = IssueFacts {
        today: act.today,
        start_on: around.start_on,
        end_on: around.end_on,
        planned_hours,
        hours_taught: around.hours_taught,
        most_minutes: candidates
            .iter()
            .filter_map(|one| one.attendance.map(|total| total.minutes))
            .max()
            .unwrap_or(0),
        trainees: small(taking),
        places: around.places,
        licensed_places: around.licensed_places,
        overlapping: small(overlapping.len()),
        teachers_elsewhere: around.teachers_elsewhere,
        teachers_at_others: around.teachers_at_others,
        issued_recently: around.issued_recently,
        asked: small(candidates.len()),
        scores: assessments().filter_map(|one| one.score).collect(),
        first_assessment_on: assessments().map(|one| one.held_on).min(),
    };
    Ok(holds(&facts, numbers))
}

/// Refuses what nobody has reviewed, and the reviewer who would approve what they let through.
pub(super) async fn must_be_reviewed(
    act: &Act,
    batch: BatchId,
    found: &[Hold],
) -> Result<(), Problem> {
    if found.is_empty() {
        return Ok(());
    }
    let reviews = reviews::of(&act.tx, batch).await?;
    let open: Vec<&Hold> = found
        .iter()
        .filter(|hold| !reviews.iter().any(|one| one.reasons.contains(&hold.reason)))
        .collect();
    if !open.is_empty() {
        let errors = open.into_iter().map(|hold| FieldError {
            pointer: String::new(),
            code: hold.reason.as_str().to_owned(),
            detail: Sentence::new(hold.zh.clone(), hold.en.clone()),
        });
        return Err(Problem::new(Code::BatchHeld).with_errors(errors));
    }
    if reviews.iter().any(|one| one.by == act.actor.person) {
        return Err(Problem::new(Code::SecondPersonRequired).with_detail(
            "复核人不能批准自己放行的批次,请由另一人批准。",
            "Whoever let the batch through does not approve it; somebody else must.",
        ));
    }
    Ok(())
}

/// Lets a held batch through.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBatchRequest {
    /// Why it may pass, 5 to 500 characters.
    pub reason: String,
}

/// A reviewed batch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewedBatch {
    /// The batch.
    pub batch: String,
    /// `reviewed`: another officer may approve it now.
    pub state: String,
    /// The reasons that were let pass.
    pub holds: Vec<HoldItem>,
}

/// Lets a held batch through, with a reason: exactly the reasons found now, no later ones.
pub async fn review(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: BatchId,
    request: &ReviewBatchRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "review_batch", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let batch = store::certificates::batch(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let cohort = store::certificates::cohort_for_issue(&act.tx, &Scope::of(actor), batch.cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    issue::must_be_proposed(&batch)?;
    if batch.proposed_by == actor.person {
        return Err(Problem::new(Code::SecondPersonRequired));
    }
    not_interested_about(&act, batch.cohort.uuid()).await?;
    let candidates =
        store::certificates::candidates(&act.tx, app.store.vault(), id, act.today).await?;
    let found = reasons(&act, cohort.id, cohort.planned_hours, &candidates).await?;
    if found.is_empty() {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "这一批没有需要复核的疑点,可以直接批准。",
            "Nothing about this batch needs a review; it may be approved.",
        ));
    }
    let review = Review {
        id: act.new_id(),
        batch: id,
        reasons: found.iter().map(|hold| hold.reason).collect(),
        reason: request.reason.trim().to_owned(),
        by: actor.person,
        at: act.now,
    };
    reviews::insert(&act.tx, &review).await?;
    let codes: Vec<String> = found
        .iter()
        .map(|hold| hold.reason.as_str().to_owned())
        .chain(std::iter::once(id.to_string()))
        .collect();
    act.record(Entry {
        kind: "cohort",
        id: batch.cohort.uuid(),
        act: "review_certificates",
        reason: Some(&review.reason),
        evidence: &codes,
        ..Entry::default()
    })
    .await?;
    let receipt = ReviewedBatch {
        batch: id.to_string(),
        state: "reviewed".to_owned(),
        holds: found.into_iter().map(Into::into).collect(),
    };
    act.finish(StatusCode::OK, &receipt, ("batch", id)).await
}
