//! Calls by a third party: a share of the answers is drawn, an accredited assessor calls and compares without seeing what
//! was answered; what is contradicted is flagged, and so many flags ask for a suspension (grading.md 5).

use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::assessment::lot;
use domain::ids::{AdmissionId, AssessorId, EnrolmentId};
use domain::survey::{CallOutcome, compare, reinterviews, suspends};
use serde::{Deserialize, Serialize};
use store::assessments::assessors;
use store::survey_calls::{self as rows, Call, Round};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::assessments::held::conflict_since;
use crate::assessments::sample::{self, Contact, ContactRequest};
use crate::cases::terms;
use crate::cases::{facts, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::KIND as ADMISSION;
use crate::problem::{Code, Problem};

/// A round of calls to draw.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawCallsRequest {
    /// The accreditation of whoever calls.
    #[schema(value_type = String, format = "uuid")]
    pub assessor: AssessorId,
}

/// A round of calls.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CallsReceipt {
    /// The draw.
    pub id: String,
    /// The admission.
    pub admission: String,
    /// How many answers given on the web are called about.
    pub web: u32,
    /// How many that somebody took.
    pub taken: u32,
    /// Until when.
    pub due_on: String,
}

/// Draws whom a third party calls: of the answers given on the web and of those that somebody took, 5 % each and at least
/// ten, by the newest checkpoint of the log.
pub async fn draw(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    admission: AdmissionId,
    request: &DrawCallsRequest,
) -> Result<Receipt, Problem> {
    let begun = app
        .begin(actor, key, "draw_survey_calls", &(admission, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = locked(&act, admission).await?;
    facts::not_interested(&act, &held).await?;
    third_party(&act, &held, request.assessor).await?;
    let (web, taken) = rows::uncalled(&act.tx, admission).await?;
    let newest = store::log::latest_checkpoint(&act.tx)
        .await?
        .ok_or_else(|| {
            Problem::new(Code::TransitionRefused).with_detail(
                "公开日志还没有检查点,不能抽取。",
                "The public log has no checkpoint yet; nothing is drawn.",
            )
        })?;
    let root: [u8; 32] = newest
        .root
        .try_into()
        .map_err(|_| Problem::internal("a root hash has another length"))?;
    let draw: Uuid = act.new_id();
    let numbers = &app.evidence.survey;
    let pick = |all: &[Uuid]| -> Result<Vec<Uuid>, Problem> {
        let count = u32::try_from(all.len()).map_err(Problem::internal)?;
        let mut order = lot::order(lot::Urn::Response, draw, &root, all);
        let most = usize::try_from(reinterviews(count, numbers)).map_err(Problem::internal)?;
        order.truncate(most);
        Ok(order)
    };
    let (web, taken) = (pick(&web)?, pick(&taken)?);
    if web.is_empty() && taken.is_empty() {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "没有尚未回访的有效答卷。",
            "No answer that counts is left to be called about.",
        ));
    }
    let due_on = terms::calendar_days(act.today, numbers.open_days);
    let round = Round {
        id: draw,
        admission,
        assessor: request.assessor,
        by: actor.person,
        on: act.today,
        due_on,
    };
    let calls: Vec<(Uuid, Uuid)> = web
        .iter()
        .chain(&taken)
        .map(|response| (act.new_id(), *response))
        .collect();
    rows::insert(&act.tx, round, &calls).await?;
    store::cases::terms::meet(&act.tx, admission.uuid(), &[DRAW], act.today).await?;
    act.record(Entry {
        kind: ADMISSION,
        id: admission.uuid(),
        act: "survey_calls",
        evidence: &[format!("draw:{draw}"), format!("drawn:{}", calls.len())],
        ..Entry::default()
    })
    .await?;
    let count = |all: &[Uuid]| u32::try_from(all.len()).unwrap_or(u32::MAX);
    let receipt = CallsReceipt {
        id: draw.to_string(),
        admission: admission.to_string(),
        web: count(&web),
        taken: count(&taken),
        due_on: due_on.to_string(),
    };
    act.finish(StatusCode::CREATED, &receipt, (ADMISSION, admission))
        .await
}

/// Whoever calls is accredited, has no interest in the institution, and took none of its answers.
async fn third_party(
    act: &Act,
    admission: &store::institutions::Admission,
    id: AssessorId,
) -> Result<(), Problem> {
    let unknown = || {
        Problem::field(
            "/assessor",
            "not-accredited",
            "没有这项有效的评估资格。",
            "There is no such accreditation that runs.",
        )
    };
    let assessor = assessors::find(&act.tx, id)
        .await?
        .filter(|one| one.runs(act.today))
        .filter(|one| {
            one.federation == admission.federation || one.federation == store::scope::NATIONAL
        })
        .ok_or_else(unknown)?;
    let institution = admission.institution.id.uuid();
    let since = conflict_since(&act.app);
    let tied = assessors::conflicted(&act.tx, &assessor, institution, since).await?;
    let takers = rows::takers(&act.tx, admission.id).await?;
    if tied || takers.contains(&assessor.person) {
        return Err(Problem::new(Code::ConflictOfInterest).with_error(
            "/assessor".to_owned(),
            "conflict-of-interest",
            "该评估人员与该机构有利害关系,或代收过该机构的答卷。",
            "This assessor has an interest in the institution, or took some of its answers.",
        ));
    }
    Ok(())
}

/// A call to make; the answer is not shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallItem {
    /// Its id.
    pub id: String,
    /// Name of the institution.
    pub institution: String,
    /// Masked name of the trainee.
    pub name: String,
    /// Last day to call.
    pub due_on: String,
}

/// The enrolment behind a call.
async fn behind(
    app: &App,
    db: &impl store::ConnectionTrait,
    call: &Call,
) -> Result<EnrolmentId, Problem> {
    let index = [call.enrolment_index.clone()];
    let vault = app.store.vault();
    let found = rows::behind(db, vault, call.admission_id.into(), &index).await?;
    found
        .into_iter()
        .flatten()
        .next()
        .ok_or_else(Problem::not_found)
}

/// Open calls of an assessor.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<CallItem>, Problem> {
    let reader = app.store.reader();
    let calls = rows::open_of(reader, actor.person, app.today()).await?;
    let mut items = Vec::with_capacity(calls.len());
    for call in calls {
        let enrolment = behind(app, reader, &call).await?;
        items.push(CallItem {
            name: sample::masked(app, enrolment).await?,
            id: call.id.to_string(),
            institution: call.institution,
            due_on: call.due_on,
        });
    }
    Ok(items)
}

/// A call that may still be made.
async fn callable(
    app: &App,
    db: &impl store::ConnectionTrait,
    actor: &Actor,
    id: Uuid,
) -> Result<Call, Problem> {
    rows::open_of(db, actor.person, app.today())
        .await?
        .into_iter()
        .find(|one| one.id == id)
        .ok_or_else(Problem::not_found)
}

/// Reads name and telephone of whom to call; the trainee sees it.
pub async fn contact(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: Uuid,
    request: &ContactRequest,
) -> Result<Contact, Problem> {
    sample::check_words(request)?;
    let begun = app
        .begin(actor, key, "read_survey_contact", &(id, request))
        .await?;
    let receipt = match begun {
        Begin::Again(receipt) => {
            let reader = app.store.reader();
            let call = callable(app, reader, actor, id).await?;
            let enrolment = behind(app, reader, &call).await?;
            let task = (id, request.words.as_str());
            sample::note_again(app, actor, "read_survey_contact", enrolment, task).await?;
            receipt
        }
        Begin::First(act) => {
            let call = callable(app, &act.tx, actor, id).await?;
            let enrolment = behind(app, &act.tx, &call).await?;
            sample::note_read(act, enrolment, id, &request.words).await?
        }
    };
    let reader = app.store.reader();
    // Judged again: a repeated key opens nothing once the call is over.
    let call = callable(app, reader, actor, id).await?;
    let enrolment = behind(app, reader, &call).await?;
    sample::opened(app, actor, &receipt, enrolment).await
}

/// What the trainee said on the telephone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallOutcomeRequest {
    /// Whether the trainee was reached.
    pub reached: bool,
    /// Whether they say that they answered the survey, or had somebody answer for them.
    #[serde(default)]
    pub answered: Option<bool>,
    /// How satisfied they are all in all, 1 to 5.
    #[serde(default)]
    pub overall: Option<u8>,
}

/// What a call found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CallReceipt {
    /// The call.
    pub id: String,
    /// `confirmed contradicted not_reached`.
    pub outcome: String,
}

/// Records a call: the registry compares, and the caller learns whether it agrees, not what was answered.
pub async fn record(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: Uuid,
    request: &CallOutcomeRequest,
) -> Result<Receipt, Problem> {
    let said = said(request)?;
    let begun = app
        .begin(actor, key, "record_survey_call", &(id, request))
        .await?;
    let act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let call = callable(app, &act.tx, actor, id).await?;
    let outcome = match said {
        None => CallOutcome::NotReached,
        Some((answered, says)) => {
            let overall = rows::overall(&act.tx, call.response_id).await?;
            compare(overall, answered, says)
        }
    };
    rows::called(&act.tx, &call, outcome, act.today).await?;
    let admission = call.admission_id.into();
    suspension_due(app, &act.tx, admission).await?;
    let receipt = CallReceipt {
        id: id.to_string(),
        outcome: outcome.as_str().to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, (ADMISSION, admission))
        .await
}

fn said(request: &CallOutcomeRequest) -> Result<Option<(bool, u8)>, Problem> {
    let mut faults = Faults::default();
    if request.reached {
        if request.answered.is_none() {
            faults.add(
                "/answered",
                "missing",
                "请填写学员是否填过问卷。",
                "Say whether the trainee answered the survey.",
            );
        }
        faults.between("/overall", request.overall.unwrap_or(0).into(), 1, 5);
    }
    faults.finish()?;
    Ok(match (request.reached, request.answered, request.overall) {
        (true, Some(answered), Some(says)) => Some((answered, says)),
        _ => None,
    })
}

/// The draw of whom a third party calls, which the province owes when a wave has closed.
const DRAW: &str = "survey_draw";

/// Begins what is owed for waves that have closed and for calls that nobody made in time, and ends it where no answer is
/// left to be called about.
pub(super) async fn owe_draws(app: &App, tx: &store::WriteTx) -> Result<(), Problem> {
    for admission in rows::lapse(tx, app.today()).await? {
        let open = store::cases::terms::open_of(tx, admission.uuid()).await?;
        if open.iter().all(|term| term.kind != DRAW) {
            owe(app, tx, admission, DRAW).await?;
        }
    }
    for admission in rows::nothing_to_draw(tx).await? {
        store::cases::terms::meet(tx, admission.uuid(), &[DRAW], app.today()).await?;
    }
    for admission in rows::undrawn(tx).await? {
        owe(app, tx, admission, DRAW).await?;
    }
    Ok(())
}

/// The province owes an act about an admission within the days of a decision (our choice).
async fn owe(
    app: &App,
    tx: &store::WriteTx,
    admission: AdmissionId,
    kind: &str,
) -> Result<(), Problem> {
    let today = app.today();
    let days = app.policy.workflow.province_decision_wd;
    let term = store::cases::terms::Term {
        id: app.random.id(app.now()),
        admission,
        object_kind: ADMISSION.to_owned(),
        object: admission.uuid(),
        kind: kind.to_owned(),
        holder: Role::ProvinceOfficer,
        starts_on: today,
        due_on: app.calendar.add_working_days(today, days),
        calendar: terms::calendar(),
        extension_reason: None,
        met_on: None,
    };
    Ok(store::cases::terms::begin(tx, &term).await?)
}

/// So many flags: the province is told to suspend the survey and to audit it; an officer does it, not this.
pub(super) async fn suspension_due(
    app: &App,
    tx: &store::WriteTx,
    admission: AdmissionId,
) -> Result<(), Problem> {
    let (all, flagged) = store::surveys::flagged(tx, admission).await?;
    if !suspends(flagged, all, &app.evidence.survey) {
        return Ok(());
    }
    let open = store::cases::terms::open_of(tx, admission.uuid()).await?;
    let suspended = store::surveys::suspended(tx).await?;
    if suspended.contains(&admission) || open.iter().any(|term| term.kind == "survey_suspend") {
        return Ok(());
    }
    owe(app, tx, admission, "survey_suspend").await
}
