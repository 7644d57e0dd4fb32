//! Lodging an appeal (申诉): in time, by the institution concerned, against an act on the list.

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::AdmissionId;
use domain::institution::appeal::{AppealState, appealable, hears, stays};
use domain::institution::{Cause, InstitutionTransition};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::cases::appeals::Appeal;
use store::cases::decisions::{self, Decision};
use store::cases::papers;
use utoipa::ToSchema;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::cases::{facts, locked, number, stays as staying};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::{KIND as ADMISSION, publish};
use crate::problem::{Code, Problem};

/// Kind of thing in timelines.
pub(crate) const KIND: &str = "appeal";

/// An appeal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LodgeAppealRequest {
    /// The act appealed against: `T05 T10 T11 T13 T15 T16 T20`; its newest decision is meant.
    #[schema(value_type = String, example = "T20")]
    pub against: InstitutionTransition,
    /// Points disputed, 5 to 4,000 characters; no names of trainees.
    pub points: String,
    /// What the institution wishes, 2 to 500 characters.
    pub wish: String,
}

/// An appeal after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AppealReceipt {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: String,
    /// State.
    pub state: String,
    /// Role that hears it.
    pub hearing_role: String,
    /// Whether it stays the decision now.
    pub stayed: bool,
    /// State of the admission, after an appeal against a decision on it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub admission_state: String,
    /// Until when the next act of the deciding body is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
    /// Outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Position of the decision in the public log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_index: Option<u64>,
    /// Give it as If-Match with the next act.
    pub revision: i32,
}

impl AppealReceipt {
    /// The receipt of an appeal as it stands.
    pub(crate) async fn of(
        act: &Act,
        appeal: &Appeal,
        admission_state: &str,
    ) -> Result<Self, Problem> {
        let terms = store::cases::terms::open_of(&act.tx, appeal.id.uuid()).await?;
        Ok(Self {
            id: appeal.id.to_string(),
            number: appeal.number.clone(),
            state: appeal.state.as_str().to_owned(),
            hearing_role: appeal.hearing_role.as_str().to_owned(),
            stayed: appeal.stayed,
            admission_state: admission_state.to_owned(),
            due_on: terms.first().map(|term| term.due_on.to_string()),
            outcome: appeal.outcome.map(|one| one.as_str().to_owned()),
            leaf_index: None,
            revision: appeal.revision,
        })
    }
}

/// Lodges an appeal.
pub async fn lodge(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &LodgeAppealRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/points", &request.points, 5, 4_000);
    faults.words("/wish", &request.wish, 2, 500);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "lodge_appeal", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut admission = locked(&act, id).await?;
    let decision = listed(&act, id, request.against).await?;
    let served = papers::served_on(&act.tx, decision.id).await?;
    // Before the service the term has not begun: an appeal that comes sooner is in time.
    let in_time = served.is_none_or(|day| act.today <= facts::appeal_until(&act, day));
    let case = store::cases::newest_of(&act.tx, id)
        .await?
        .filter(|_| request.against.belongs_to_case());
    let fraud = case
        .as_ref()
        .is_some_and(|case| case.cause.is_some_and(Cause::is_fraud));
    let mut appeal = Appeal {
        id: act.new_id(),
        number: number(&act, &admission.federation, true).await?,
        admission: id,
        case: case.map(|case| case.id),
        against: request.against.into(),
        object: id.uuid(),
        appellant: actor.role,
        person: None,
        decision: decision.id,
        hearing_role: hears(decision.role),
        deciders: decision.persons,
        points: request.points.trim().to_owned(),
        wish: request.wish.trim().to_owned(),
        state: AppealState::Lodged,
        in_time,
        stayed: false,
        stayed_state: None,
        stayed_grade: None,
        extended: false,
        outcome: None,
        text: None,
        redo: Vec::new(),
        document: None,
        lodged_by: actor.person,
        lodged_at: act.now,
        state_since: act.now,
        revision: 1,
    };
    // That an act is under appeal is public (workflow.md 6).
    let state = admission.state;
    let leaf = publish(&mut act, &admission, "appeal_lodged", state, state).await?;
    act.record(Entry {
        kind: ADMISSION,
        id: id.uuid(),
        act: "appeal_lodged",
        reason_code: Some(request.against.as_str()),
        evidence: &[format!("appeal:{}", appeal.number)],
        leaf: Some(leaf),
        ..Entry::default()
    })
    .await?;
    let free = if request.against == InstitutionTransition::T10 {
        !admission.grade_stayed
    } else {
        admission
            .stayed
            .is_none_or(|act| act == InstitutionTransition::T10)
    };
    if in_time && stays(request.against, fraud) && free {
        staying::begin(&mut act, &mut admission, &mut appeal).await?;
        admission.revision = store::institutions::update(&act.tx, &admission).await?;
    }
    insert(&act, &appeal).await?;
    let due = terms::working_days(&act, app.policy.workflow.appeal_accept_wd);
    let of = Of {
        admission: id,
        kind: KIND,
        id: appeal.id.uuid(),
    };
    terms::begin(
        &act,
        of,
        "appeal_accept",
        appeal.hearing_role,
        act.today,
        due,
    )
    .await?;
    act.record(Entry {
        kind: KIND,
        id: appeal.id.uuid(),
        act: "lodge",
        to: Some(appeal.state.as_str()),
        reason_code: Some(request.against.as_str()),
        ..Entry::default()
    })
    .await?;
    let mut receipt = AppealReceipt::of(&act, &appeal, admission.state.as_str()).await?;
    receipt.leaf_index = Some(leaf.0);
    act.finish(StatusCode::CREATED, &receipt, (KIND, appeal.id))
        .await
}

/// Writes an appeal; there is one by each side against a decision.
pub(crate) async fn insert(act: &Act, appeal: &Appeal) -> Result<(), Problem> {
    match store::cases::appeals::insert(&act.tx, appeal).await {
        Err(StoreError::Duplicate("appeal of the decision")) => Err(Problem::new(Code::Duplicate)
            .with_detail(
                "对这一决定已提出过申诉。",
                "An appeal against this decision was lodged before.",
            )),
        other => Ok(other?),
    }
}

/// The decision appealed against, if an appeal lies against it at all.
async fn listed(
    act: &Act,
    id: AdmissionId,
    against: InstitutionTransition,
) -> Result<Decision, Problem> {
    if !appealable(against) {
        return Err(Problem::field(
            "/against",
            "not-appealable",
            "只能对 T05、T10、T11、T13、T15、T16、T20 的决定提出申诉;公示期间可以提出异议。",
            "An appeal lies against T05, T10, T11, T13, T15, T16 and T20; while a notice runs, object instead.",
        ));
    }
    decisions::newest(&act.tx, id, against)
        .await?
        .ok_or_else(|| {
            Problem::new(Code::TransitionRefused).with_detail(
                format!("没有“{}”的决定可以申诉。", against.zh()),
                format!("There is no {} to appeal against.", against.en()),
            )
        })
}
