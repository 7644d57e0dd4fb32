//! Commissioning an assessment: the list of candidates is fixed, the assessor drawn by lot, a silent one replaced.

use axum::http::StatusCode;
use certs::log::LeafEntry;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::assessment::{
    AssessmentAct, AssessmentState, Standing, decide, lot, third_time_running,
};
use domain::ids::{AdmissionId, AssessmentId, AssessorId};
use domain::institution::InstitutionState;
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::assessments::{Assessment, assessors, candidates};
use utoipa::ToSchema;
use uuid::Uuid;

use super::held::{Held, conflict_since, root_after};
use super::{AssessmentReceipt, KIND, keep, pass_on};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::{facts, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::KIND as ADMISSION;
use crate::problem::{Code, Problem};

/// An assessment to commission.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommissionRequest {
    /// Classes that ended from this day on
    pub period_from: NaiveDate,
    /// to this day are assessed; it lies before today.
    pub period_until: NaiveDate,
}

/// Commissions an assessment: fixes the list of candidates. The draw waits for a checkpoint that does not exist yet.
pub async fn commission(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &CommissionRequest,
) -> Result<Receipt, Problem> {
    let (from, until) = (request.period_from, request.period_until);
    if until < from || until >= app.today() {
        return Err(Problem::field(
            "/period_until",
            "period",
            "期间的最后一天不能早于第一天,且应当在今天之前。",
            "The period ends before it begins, or not before today.",
        ));
    }
    let mut act = match app
        .begin(actor, key, "commission_assessment", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    facts::not_interested(&act, &admission).await?;
    admitted(admission.state)?;
    let list = eligible(&act, &admission).await?;
    let ids: Vec<Uuid> = list.iter().map(|one| one.uuid()).collect();
    let new: AssessmentId = act.new_id();
    let list_sha256 = lot::list_digest(&ids);
    // The list is a leaf itself, and the draw waits for a later one: nobody can choose a list by its draw.
    let at = act.log_time().await?;
    let leaf = act
        .log(LeafEntry::LotList {
            at,
            lot: *new.uuid().as_bytes(),
            sha256: list_sha256,
            count: u32::try_from(ids.len()).map_err(Problem::internal)?,
        })
        .await?;
    let row = Assessment {
        id: new,
        admission: id,
        state: AssessmentState::Listed,
        state_since: act.now,
        due_on: None,
        period_from: from,
        period_until: until,
        listed_size: leaf.0 + 1,
        list_sha256,
        draw: None,
        assessor: None,
        accepted_size: None,
        sample: None,
        report: None,
        reply: None,
        last: None,
        published_on: None,
        consequence: None,
        annulled_reason: None,
        commissioned_by: actor.person,
        commissioned_at: act.now,
        revision: 1,
    };
    match store::assessments::insert(&act.tx, &row).await {
        Err(StoreError::Duplicate("open assessment of the institution")) => {
            return Err(Problem::new(Code::Duplicate).with_detail(
                "该机构有一项评估尚未完成。",
                "An assessment of this institution is open already.",
            ));
        }
        other => other?,
    }
    candidates::insert(&act.tx, row.id, &list).await?;
    act.record(Entry {
        kind: KIND,
        id: row.id.uuid(),
        act: "commission",
        to: Some(row.state.as_str()),
        evidence: &[format!(
            "list:{}",
            data_encoding::HEXLOWER.encode(&row.list_sha256)
        )],
        leaf: Some(leaf),
        ..Entry::default()
    })
    .await?;
    super::due(&act, &row).await?;
    on_admission(&mut act, &row, "assessment_commissioned").await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::CREATED, &receipt, (KIND, row.id))
        .await
}

/// Only who is in the catalogue, or was and may come back, is assessed.
fn admitted(state: InstitutionState) -> Result<(), Problem> {
    use InstitutionState as S;
    match state {
        S::Provisional | S::Graded | S::Warned | S::Rectifying | S::Suspended | S::ExitNotice => {
            Ok(())
        }
        S::Applied
        | S::Returned
        | S::UnderReview
        | S::Rejected
        | S::AdmissionNotice
        | S::Exited => Err(Problem::new(Code::InstitutionNotAdmitted).with_detail(
            format!("机构当前为“{}”,不能委托评估。", state.zh()),
            format!("The institution is {}; it is not assessed.", state.en()),
        )),
    }
}

/// Tells the timeline of the institution, too.
pub(crate) async fn on_admission(
    act: &mut Act,
    row: &Assessment,
    what: &str,
) -> Result<(), Problem> {
    act.record(Entry {
        kind: ADMISSION,
        id: row.admission.uuid(),
        act: what,
        evidence: &[format!("assessment:{}", row.id)],
        ..Entry::default()
    })
    .await
}

/// Whoever may be drawn: accredited, without a known conflict, not the third time running.
async fn eligible(
    act: &Act,
    admission: &store::institutions::Admission,
) -> Result<Vec<AssessorId>, Problem> {
    let numbers = act.app.evidence.assessment;
    let institution = admission.institution.id.uuid();
    let since = conflict_since(&act.app);
    let accredited = assessors::eligible(
        &act.tx,
        &admission.federation,
        institution,
        act.today,
        since,
    )
    .await?;
    let before =
        store::assessments::latest(&act.tx, institution, numbers.running_most.into()).await?;
    let list: Vec<AssessorId> = accredited
        .iter()
        .filter(|one| {
            let person = one.person.uuid();
            !third_time_running(&before, person, &one.credit_code, numbers.running_most)
        })
        .map(|one| one.id)
        .collect();
    if list.is_empty() {
        return Err(Problem::new(Code::TransitionRefused)
            .with_detail(
                "没有可供抽取的评估人员:须资格有效、与该机构无利害关系、未连续承担过两次。",
                "Nobody can be drawn: accredited, without a conflict, and not the third time running.",
            )
            .with_error(
                String::new(),
                "no-candidates",
                "请先认可评估人员。",
                "Accredit assessors first.",
            ));
    }
    Ok(list)
}

/// Draws the assessor from the first checkpoint after the list.
pub async fn draw(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "draw_assessor", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let root = root_after(&act.tx, held.row.listed_size).await?;
    let facts = held.facts(&act, root, false).await?;
    decide(&facts, AssessmentAct::Draw, actor.role)?;
    let mut row = held.row;
    let from = row.state;
    let Some(root) = root else {
        return Err(Problem::internal("a draw without a checkpoint"));
    };
    let list: Vec<Uuid> = held
        .candidates
        .iter()
        .map(|one| one.assessor.uuid())
        .collect();
    let order = lot::order(lot::Urn::Assessor, id.uuid(), &root.hash, &list);
    for (place, one) in (1_u32..).zip(order) {
        candidates::place(&act.tx, id, one.into(), place).await?;
    }
    row.draw = Some(root);
    pass_on(&act, &mut row, Standing::Listed).await?;
    let entry = Entry {
        act: "draw",
        evidence: &[format!("checkpoint:{}", root.size)],
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Why an assessor is replaced.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceAssessorRequest {
    /// Reason, 2 to 500 characters.
    pub reason: String,
}

/// Replaces an assessor whose term or accreditation is over, or of whom a conflict became known, by the next of the list.
pub async fn replace(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &ReplaceAssessorRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 2, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "replace_assessor", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    held.decide(&act, AssessmentAct::Replace).await?;
    let mut row = held.row;
    let from = row.state;
    pass_on(&act, &mut row, Standing::Replaced).await?;
    let entry = Entry {
        act: "replace",
        reason: Some(&request.reason),
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}
