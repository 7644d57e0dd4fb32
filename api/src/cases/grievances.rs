//! Appeals against acts that concern a trainee (workflow.md 6): refusal of enrolment, result of an assessment, correction
//! of attendance, suspension or revocation of a certificate, an outcome declared void. They go the way of all appeals; an
//! upheld one opens the act that has to be done again to whoever does it, and is executed when it was done.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::PublicId;
use domain::access::{Actor, Role};
use domain::certificate::CertificateStatus;
use domain::ids::{AppealId, EnrolmentId, EpisodeId};
use domain::institution::appeal::{AppealAct, AppealFacts, AppealState, Outcome, decide};
use domain::institution::appealed::{Appealed, Grievance};
use serde::{Deserialize, Serialize};
use store::cases::appeals::{self, Appeal};
use store::cases::grievances::{self as rows, Decided, Ground};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::appeal_acts::{AppealActRequest, terms_after};
use crate::cases::appeals::{AppealReceipt, KIND, insert};
use crate::cases::number;
use crate::cases::terms::{self, Of, working_days};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// An appeal against an act that concerns a trainee.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LodgeGrievanceRequest {
    /// `enrolment_refusal assessment_result attendance_correction certificate_suspension certificate_revocation
    /// outcome_void`; the newest act of the kind is meant.
    #[schema(value_type = String, example = "assessment_result")]
    pub against: Grievance,
    /// What it concerned: the enrolment, the certificate (the id on the paper), or the episode of work.
    pub object: String,
    /// Points disputed, 5 to 4,000 characters.
    pub points: String,
    /// What is wished for, 2 to 500 characters.
    pub wish: String,
}

/// Shows against what it goes, not what it says.
impl std::fmt::Debug for LodgeGrievanceRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LodgeGrievanceRequest({})", self.against)
    }
}

/// Kind of the thing that an appeal's terms belong to. A late answer to a trainee is no inaction of a province towards the
/// institution (T19).
pub(crate) const fn object_kind(against: Appealed) -> &'static str {
    match against {
        Appealed::Transition(_) => KIND,
        Appealed::Grievance(_) => "grievance",
    }
}

/// Lodges an appeal: a trainee about the own record, an institution about its trainees.
pub async fn lodge(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &LodgeGrievanceRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/points", &request.points, 5, 4_000);
    faults.words("/wish", &request.wish, 2, 500);
    if !request.against.concerns(actor.role) {
        faults.add(
            "/against",
            "not-concerned",
            "这是本机构自己的决定,不能由本机构申诉;学员本人可以在“我的信息”中提出。",
            "This is the institution's own act; the trainee appeals against it, at the own record.",
        );
    }
    faults.finish()?;
    let begun = app.begin(actor, key, "lodge_grievance", request).await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let ground = ground(&act, request).await?;
    let admission = store::institutions::lock_any(&act.tx, ground.admission)
        .await?
        .ok_or_else(Problem::not_found)?;
    let decision = standing(&act, request.against, ground.object).await?;
    let local = store::cohorts::local_federation(&act.tx, &ground.site_region).await?;
    let local = local.map_or(Role::ProvinceOfficer, |local| local.role);
    let has_prefecture = store::institutions::has_prefecture(&act.tx, ground.admission).await?;
    let mut appeal = Appeal {
        id: act.new_id(),
        number: number(&act, &admission.federation, true).await?,
        admission: ground.admission,
        case: None,
        against: Appealed::Grievance(request.against),
        object: ground.object,
        appellant: actor.role,
        person: Some(ground.person),
        decision: decision.id,
        hearing_role: request
            .against
            .heard_by(decision.role, local, has_prefecture),
        deciders: decision.persons,
        points: request.points.trim().to_owned(),
        wish: request.wish.trim().to_owned(),
        state: AppealState::Lodged,
        in_time: act.today <= until(app, request.against, decision.on),
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
    insert(&act, &appeal).await?;
    let vault = app.store.vault();
    if actor.role == Role::Trainee && !rows::seal(&act.tx, vault, &mut appeal).await? {
        return Err(Problem::not_found());
    }
    let due = working_days(&act, app.policy.workflow.appeal_accept_wd);
    let of = Of {
        admission: appeal.admission,
        kind: object_kind(appeal.against),
        id: appeal.id.uuid(),
    };
    let holder = appeal.hearing_role;
    terms::begin(&act, of, "appeal_accept", holder, act.today, due).await?;
    told(&mut act, &appeal, "appeal_lodged").await?;
    act.record(Entry {
        kind: KIND,
        id: appeal.id.uuid(),
        act: "lodge",
        to: Some(appeal.state.as_str()),
        reason_code: Some(request.against.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = AppealReceipt::of(&act, &appeal, "").await?;
    act.finish(StatusCode::CREATED, &receipt, (KIND, appeal.id))
        .await
}

/// The last day of an appeal against an act of this day.
fn until(app: &App, against: Grievance, on: NaiveDate) -> NaiveDate {
    let numbers = &app.policy.workflow;
    let days = match against {
        Grievance::EnrolmentRefusal => numbers.enrolment_objection_wd,
        _ => numbers.appeal_lodge_wd,
    };
    app.calendar.add_working_days(on, days)
}

/// The thing that the act concerned, of one's own.
async fn ground(act: &Act, request: &LodgeGrievanceRequest) -> Result<Ground, Problem> {
    let text = request.object.trim();
    let found = match request.against.object_kind() {
        "enrolment" => match text.parse::<EnrolmentId>() {
            Ok(id) => rows::of_enrolment(&act.tx, id).await?.into_iter().collect(),
            Err(_) => Vec::new(),
        },
        "certificate" => match text.parse::<PublicId>() {
            Ok(id) => rows::of_certificate(&act.tx, &id)
                .await?
                .into_iter()
                .collect(),
            Err(_) => Vec::new(),
        },
        _ => match text.parse::<EpisodeId>() {
            Ok(id) => rows::of_episode(&act.tx, id).await?,
            Err(_) => Vec::new(),
        },
    };
    let own = |one: &Ground| match act.actor.role {
        Role::Trainee => act.actor.trainee == Some(one.person),
        _ => act.actor.institution == Some(one.institution),
    };
    found.into_iter().find(own).ok_or_else(Problem::not_found)
}

/// The act appealed against, where it stands.
async fn standing(act: &Act, against: Grievance, object: Uuid) -> Result<Decided, Problem> {
    let all: Vec<&str> = against
        .acts()
        .iter()
        .chain(against.remedies())
        .copied()
        .collect();
    let newest = rows::newest(&act.tx, object, &all).await?;
    newest
        .filter(|one| against.acts().contains(&one.act.as_str()))
        .ok_or_else(|| {
            Problem::new(Code::TransitionRefused).with_detail(
                format!("没有可以申诉的“{}”。", against.zh()),
                format!("There is no {} to appeal against.", against.en()),
            )
        })
}

/// Writes into the timeline of the thing that an appeal was lodged or decided.
async fn told(act: &mut Act, appeal: &Appeal, word: &str) -> Result<(), Problem> {
    let Appealed::Grievance(against) = appeal.against else {
        return Ok(());
    };
    act.record(Entry {
        kind: against.object_kind(),
        id: appeal.object,
        act: word,
        reason_code: Some(against.as_str()),
        document: appeal.document,
        evidence: &[format!("appeal:{}", appeal.number)],
        ..Entry::default()
    })
    .await
}

/// Writes the decision. Upheld, it lists what has to be redone; nothing is redone by itself.
pub(super) async fn decided(
    act: &mut Act,
    appeal: &mut Appeal,
    request: &AppealActRequest,
) -> Result<(), Problem> {
    let outcome = request.outcome.unwrap_or(Outcome::Dismissed);
    appeal.outcome = Some(outcome);
    appeal.text.clone_from(&request.reason);
    appeal.redo.clone_from(&request.redo);
    let against = appeal.against.grievance();
    if let Some(against) = against.filter(|_| outcome == Outcome::Upheld && request.redo.is_empty())
    {
        appeal.redo.push(against.redo().to_owned());
    }
    told(act, appeal, &format!("appeal_{}", outcome.as_str())).await
}

/// Whether the act was done again since the decision, or cannot be done any more: a revoked certificate whose end has come is
/// not replaced.
pub(super) async fn redone(
    act: &Act,
    appeal: &Appeal,
    against: Grievance,
) -> Result<bool, Problem> {
    let since = appeal.state_since;
    if rows::done_since(&act.tx, appeal.object, against.remedies(), since).await? {
        return Ok(true);
    }
    if against != Grievance::CertificateRevocation {
        return Ok(false);
    }
    let found = store::certificates::any(&act.tx, appeal.object.into()).await?;
    let ended = found
        .filter(|one| one.status == CertificateStatus::Revoked)
        .and_then(|one| one.expires_at);
    Ok(ended.is_some_and(|end| end <= act.now))
}

/// Whether an upheld appeal lets this act be done to a thing again.
pub(crate) async fn reopened(act: &Act, against: Grievance, object: Uuid) -> Result<bool, Problem> {
    let found = rows::upheld(&act.tx, against, &[object]).await?;
    Ok(found.contains(&object))
}

/// A trainee takes back the own appeal.
pub async fn withdraw(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AppealId,
    revision: i32,
) -> Result<Receipt, Problem> {
    let person = crate::privacy::trainee(actor)?;
    let begun = app.begin(actor, key, "withdraw_own_appeal", &id).await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut appeal = rows::of_appellant_one(&act.tx, person, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if appeal.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    let facts = AppealFacts {
        state: appeal.state,
        against: appeal.against,
        appellant: appeal.appellant,
        hearing_role: appeal.hearing_role,
        in_time: appeal.in_time,
        today: act.today,
        actor: actor.person,
        deciders: Vec::new(),
        interested: false,
        extended: appeal.extended,
        reason_given: false,
        document_given: false,
        outcome: None,
        variation_given: false,
        variation_fits: true,
        leaves_work: false,
        correction: None,
        redone: None,
    };
    let from = appeal.state;
    appeal.state = decide(&facts, AppealAct::Withdraw, actor.role)?;
    appeal.state_since = act.now;
    let request = AppealActRequest {
        act: AppealAct::Withdraw,
        reason: None,
        document: None,
        outcome: None,
        variation: None,
        redo: Vec::new(),
        run: None,
    };
    terms_after(&act, &appeal, &request).await?;
    appeal.revision = appeals::update(&act.tx, &appeal).await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: AppealAct::Withdraw.as_str(),
        from: Some(from.as_str()),
        to: Some(appeal.state.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = AppealReceipt::of(&act, &appeal, "").await?;
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// A trainee's own appeals, newest first.
pub async fn own(app: &App, actor: &Actor) -> Result<Vec<Appeal>, Problem> {
    let person = crate::privacy::trainee(actor)?;
    let reader = app.store.reader();
    let mut all = rows::of_appellant(reader, person).await?;
    rows::open(reader, app.store.vault(), &mut all).await?;
    Ok(all)
}

/// An act that a trainee may appeal against today.
#[derive(Clone, Debug)]
pub struct Possible {
    /// The act.
    pub against: Grievance,
    /// What it concerned, as a request names it.
    pub object: String,
    /// What the thing is called.
    pub label: String,
    /// The last day.
    pub until: NaiveDate,
}

/// What a trainee may appeal against today.
pub async fn possible(app: &App, actor: &Actor) -> Result<Vec<Possible>, Problem> {
    let person = crate::privacy::trainee(actor)?;
    let (reader, today) = (app.store.reader(), app.today());
    let mut found = Vec::new();
    for (kind, thing) in rows::things_of(reader, person).await? {
        let (object, label) = match kind {
            "certificate" => {
                let certificate = store::certificates::any(reader, thing.id.into()).await?;
                let Some(one) = certificate else { continue };
                (
                    one.public_id.to_string(),
                    one.certificate_no.as_str().to_owned(),
                )
            }
            _ => (thing.id.to_string(), thing.label),
        };
        for against in Grievance::ALL
            .iter()
            .filter(|one| one.object_kind() == kind)
        {
            let all: Vec<&str> = against
                .acts()
                .iter()
                .chain(against.remedies())
                .copied()
                .collect();
            let newest = rows::newest(reader, thing.id, &all).await?;
            let standing = newest.filter(|one| against.acts().contains(&one.act.as_str()));
            let Some(decision) = standing else { continue };
            let until = until(app, *against, decision.on);
            if today <= until && !rows::appealed_by_trainee(reader, decision.id).await? {
                found.push(Possible {
                    against: *against,
                    object: object.clone(),
                    label: label.clone(),
                    until,
                });
            }
        }
    }
    Ok(found)
}
