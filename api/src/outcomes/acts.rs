//! Acts on episodes, follow-ups, exclusions, conflicts.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::{Actor, Role};
use domain::evidence::{
    EpisodeAct, EpisodeFacts, EpisodeState, FollowUpOutcome, Source, act as decide, last_day_told,
    proof,
};
use domain::grading::{Exclusion, OutageKind};
use domain::ids::{EnrolmentId, EpisodeId};
use domain::institution::appealed::Grievance;
use serde::{Deserialize, Serialize};
use store::ConnectionTrait;
use store::episodes::{self as rows, Episode, NewEvidence};
use store::scope::Scope;
use utoipa::ToSchema;
use uuid::Uuid;

use super::claims::{EpisodeReceipt, KIND, dates, locked, settle};
use super::{conflicts, contests, terms};
use crate::access::permissions::{DecideEpisodes, Permission as _};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_in;
use crate::cases::grievances::reopened;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::grades::monitoring;
use crate::institutions::admission::DocumentRequest;
use crate::problem::{Code, FieldError, Problem, Sentence};

/// Kind of a declared outage in timelines.
const OUTAGE: &str = "register_outage";

/// An act on an episode.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EpisodeActRequest {
    /// `add_evidence`, `confirm`, `contest`, `dismiss`, `uphold`, `end`.
    #[schema(value_type = String, example = "confirm")]
    pub act: EpisodeAct,
    /// Where new evidence comes from.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub source: Option<Source>,
    /// Why; for a contest and its decision.
    #[serde(default)]
    pub reason: Option<String>,
    /// The last day worked.
    #[serde(default)]
    pub last_day: Option<NaiveDate>,
}

/// Takes an act on an episode of one's scope.
pub async fn act_on(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: EpisodeId,
    revision: i32,
    request: &EpisodeActRequest,
) -> Result<Receipt, Problem> {
    use EpisodeAct as A;
    let mut faults = Faults::default();
    faults.reason(request.reason.as_deref());
    let missing = |faults: &mut Faults, at: &str, zh: &str, en: &str| {
        faults.add(at, "missing-field", zh, en);
    };
    match request.act {
        A::AddEvidence if request.source.is_none() => {
            missing(
                &mut faults,
                "/source",
                "请写明证据来源。",
                "Name the source of the evidence.",
            );
        }
        A::Contest | A::Dismiss | A::Uphold if request.reason.is_none() => {
            missing(&mut faults, "/reason", "请写明理由。", "Give the reason.");
        }
        A::End if request.last_day.is_none() => {
            missing(
                &mut faults,
                "/last_day",
                "请写明最后工作日。",
                "Give the last day worked.",
            );
        }
        _ => {}
    }
    if request.source.is_some_and(Source::is_imported) {
        faults.add(
            "/source",
            "imported",
            "社会保险和按比例就业年审数据请以登记数据导入。",
            "Social insurance and the quota audit come by import of a register snapshot.",
        );
    }
    faults.finish()?;
    let deciding = matches!(
        request.act,
        A::AddEvidence | A::Confirm | A::Dismiss | A::Uphold
    );
    if deciding && !DecideEpisodes::allows(actor.role) {
        return Err(Problem::new(Code::Forbidden).asking_for(DecideEpisodes::NAME));
    }
    let begun = app
        .begin(actor, key, "act_on_episode", &(id, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let (mut episode, mut sources) = locked(&act, id).await?;
    if episode.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    if matches!(request.act, A::Confirm | A::Dismiss | A::Uphold)
        && let Some(refusal) = of_level(&act.tx, actor.role, &episode, request.act).await?
    {
        return Err(refusal);
    }
    if request.act == A::End {
        let mut faults = Faults::default();
        dates(app, episode.start_on, request.last_day, &mut faults);
        faults.finish()?;
    }
    if let Some(source) = request.source {
        sources.push(source);
    }
    let before = episode.state;
    let facts = EpisodeFacts {
        state: before,
        proof: proof(&sources),
        confirmed: episode.confirmed_on.is_some(),
        ended: episode.last_day.is_some(),
        appeal_upheld: before == EpisodeState::Void
            && reopened(&act, Grievance::OutcomeVoid, id.uuid()).await?,
    };
    let (state, contest) = decide(facts, request.act).map_err(|unmet| {
        let errors = unmet.into_iter().map(|one| FieldError {
            pointer: String::new(),
            code: one.code.to_owned(),
            detail: Sentence::new(one.zh, one.en),
        });
        Problem::new(Code::TransitionRefused).with_errors(errors)
    })?;
    episode.state = state;
    if request.act == A::End {
        episode.last_day = request.last_day;
    }
    if let Some(contest) = contest {
        episode.contest = Some(contest);
        // Its days run from the contest: what is added meanwhile gives nobody more time.
        if (before, state) != (EpisodeState::Contested, EpisodeState::Contested) {
            let days = act.app.evidence.evidence.contest_wd;
            episode.contest_due_on = (state == EpisodeState::Contested)
                .then(|| act.app.calendar.add_working_days(act.today, days));
        }
    }
    if request.act == A::Confirm {
        episode.confirmed_on = Some(act.today);
    }
    if let Some(source) = request.source.filter(|_| request.act == A::AddEvidence) {
        let evidence = NewEvidence {
            id: act.new_id(),
            episode: id,
            source,
            snapshot: None,
            file: None,
            text_index: None,
            by: actor.person,
            at: act.now,
        };
        rows::add_evidence(&act.tx, &evidence).await?;
    }
    if state == EpisodeState::Void {
        episode.revision = rows::update(&act.tx, &episode).await?;
    } else {
        settle(&mut act, &mut episode, &sources).await?;
    }
    if request.act == A::End {
        conflicts::ended(&mut act, &episode).await?;
    }
    terms::keep_up(&act, &episode).await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: request.act.as_str(),
        from: Some(before.as_str()),
        to: Some(episode.state.as_str()),
        reason_code: request.source.map(Source::as_str),
        reason: request.reason.as_deref(),
        ..Entry::default()
    })
    .await?;
    monitoring::update_in(app, &act.tx, &[episode.person]).await?;
    let receipt = receipt(&episode);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// Why a role does not confirm or decide, if it does not: the county confirms, and decides a contest of what it did not
/// confirm; of what it did, a level above it decides (workflow.md 4). Where no county looks after the place its lowest
/// federation stands for it.
pub(super) async fn of_level(
    db: &impl ConnectionTrait,
    role: Role,
    episode: &Episode,
    asked: EpisodeAct,
) -> Result<Option<Problem>, Problem> {
    let place = rows::first_place(db, episode.id).await?;
    let local = store::cohorts::local_federation(db, &place)
        .await?
        .ok_or_else(|| Problem::internal("no federation looks after a site"))?;
    let above = asked != EpisodeAct::Confirm && episode.confirmed_on.is_some();
    let (zh, en) = match (above, role == local.role) {
        (true, true) => (
            "县级已核实过这条记录,争议由上一级残联裁定。",
            "The county confirmed this episode before; the level above decides the contest.",
        ),
        (false, false) => (
            "核实和未经核实记录的争议由机构所在地的县级残联办理。",
            "The county of the place confirms, and decides a contest of what was not confirmed before.",
        ),
        _ => return Ok(None),
    };
    Ok(Some(Problem::new(Code::Forbidden).with_detail(zh, en)))
}

fn receipt(episode: &Episode) -> EpisodeReceipt {
    EpisodeReceipt {
        id: episode.id.to_string(),
        state: episode.state.as_str().to_owned(),
        merged: false,
        due_on: episode
            .contest_due_on
            .or(episode.due_on)
            .map(|day| day.to_string()),
        conflicts: 0,
        revision: episode.revision,
    }
}

/// What a follow-up found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowUpRequest {
    /// `still_there`, `left`, `something_wrong`, `no_answer`.
    #[schema(value_type = String, example = "still_there")]
    pub outcome: FollowUpOutcome,
    /// The last day worked, when the trainee has left.
    #[serde(default)]
    pub last_day: Option<NaiveDate>,
}

/// Writes what the call to a trainee found. No answer is no evidence, and not a "no".
pub async fn follow_up(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: Uuid,
    request: &FollowUpRequest,
) -> Result<Receipt, Problem> {
    check_follow_up(request)?;
    if request.outcome == FollowUpOutcome::Register {
        return Err(Problem::field(
            "/outcome",
            "imported",
            "登记数据由导入自动比对,不能手工填写。",
            "Registers are matched by import, never by hand.",
        ));
    }
    let begun = app.begin(actor, key, "follow_up", &(id, request)).await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = rows::follow_up(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let (episode, sources) = locked(&act, found.episode).await?;
    let object = episode.id;
    let receipt = followed_up(&mut act, id, episode, sources, request).await?;
    act.finish(StatusCode::OK, &receipt, (KIND, object)).await
}

/// Refuses an answer whose last day is missing, or stands where it does not belong.
pub(super) fn check_follow_up(request: &FollowUpRequest) -> Result<(), Problem> {
    let left = request.outcome == FollowUpOutcome::Left;
    if left == request.last_day.is_some() {
        return Ok(());
    }
    Err(Problem::field(
        "/last_day",
        "last-day",
        "已离职时请写最后工作日,其他情况不写。",
        "Give the last day worked when the trainee has left, and only then.",
    ))
}

/// Writes what a follow-up found, whoever asked. The episode is locked.
pub(super) async fn followed_up(
    act: &mut Act,
    id: Uuid,
    mut episode: Episode,
    mut sources: Vec<Source>,
    request: &FollowUpRequest,
) -> Result<EpisodeReceipt, Problem> {
    let (app, by) = (act.app.clone(), act.actor.person);
    rows::follow_up_done(&act.tx, id, request.outcome, by, act.now).await?;
    let before = episode.state;
    match (request.outcome, before) {
        // What is void stays so, and what is contested already is not contested again: the answer is kept and no more.
        (_, EpisodeState::Void)
        | (FollowUpOutcome::SomethingWrong, EpisodeState::Contested)
        | (FollowUpOutcome::NoAnswer | FollowUpOutcome::Register, _) => {}
        (FollowUpOutcome::StillThere | FollowUpOutcome::Left, _) => {
            if let Some(last) = request.last_day {
                let mut faults = Faults::default();
                dates(&app, episode.start_on, Some(last), &mut faults);
                faults.finish()?;
                let told = last_day_told(episode.last_day, last, &sources);
                episode.last_day = Some(told);
            }
            let evidence = NewEvidence {
                id: act.new_id(),
                episode: episode.id,
                source: Source::Trainee,
                snapshot: None,
                file: None,
                text_index: None,
                by,
                at: act.now,
            };
            rows::add_evidence(&act.tx, &evidence).await?;
            sources.push(Source::Trainee);
            settle(act, &mut episode, &sources).await?;
            conflicts::ended(act, &episode).await?;
        }
        (FollowUpOutcome::SomethingWrong, _) => {
            episode.state = EpisodeState::Contested;
            episode.contest = Some(domain::grading::Contest::Open);
            let days = act.app.evidence.evidence.contest_wd;
            episode.contest_due_on = Some(act.app.calendar.add_working_days(act.today, days));
            episode.revision = rows::update(&act.tx, &episode).await?;
        }
    }
    terms::keep_up(act, &episode).await?;
    act.record(Entry {
        kind: KIND,
        id: episode.id.uuid(),
        act: "follow_up",
        from: Some(before.as_str()),
        to: Some(episode.state.as_str()),
        reason_code: Some(request.outcome.as_str()),
        ..Entry::default()
    })
    .await?;
    monitoring::update_in(&app, &act.tx, &[episode.person]).await?;
    Ok(receipt(&episode))
}

/// An approved exclusion.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionRequest {
    /// `X1` died, `X2` medically unable, `X3` education or military, `X4` custody, `X5` retirement age, `X6` at work before.
    #[schema(value_type = String, example = "X3")]
    pub code: Exclusion,
    /// Its date.
    pub on: NaiveDate,
    /// The document it rests on.
    pub document: DocumentRequest,
}

/// What was excluded.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExclusionReceipt {
    /// The enrolment.
    pub enrolment: String,
    /// The code.
    pub code: String,
    /// Its date.
    pub on: String,
}

/// Approves an exclusion from the employment denominator.
pub async fn exclude(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    enrolment: EnrolmentId,
    request: &ExclusionRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.text("/document/number", &request.document.number, 1, 100);
    faults.text("/document/issuer", &request.document.issuer, 1, 100);
    if request.code == Exclusion::X7 {
        faults.add(
            "/code",
            "computed",
            "X7 由程序计算,不能填写。",
            "X7 is computed, never given.",
        );
    }
    if request.on > app.today() {
        faults.add(
            "/on",
            "in-future",
            "日期不能晚于今天。",
            "The date cannot lie ahead.",
        );
    }
    faults.finish()?;
    let begun = app
        .begin(actor, key, "exclude_enrolment", &(enrolment, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let place = rows::place(&act.tx, &Scope::of(actor), enrolment)
        .await?
        .ok_or_else(Problem::not_found)?;
    not_interested_in(&act, place.institution).await?;
    if request.code == Exclusion::X1 && request.on < place.start_on {
        return Err(Problem::field(
            "/on",
            "impossible-date",
            "死亡日期早于开班日期,请核对。",
            "The date of death is before the class began.",
        ));
    }
    if request.code == Exclusion::X6 && request.on > place.start_on {
        return Err(Problem::field(
            "/on",
            "impossible-date",
            "报名时已就业的,就业日期不能晚于开班日期。",
            "Who was employed at enrolment was so by the first day of the class.",
        ));
    }
    // Whoever enters work of the person meanwhile waits, or is waited for.
    store::persons::lock(&act.tx, &[place.person]).await?;
    let later = rows::of_person(&act.tx, place.person).await?;
    let works_later = |one: &Episode| one.state != EpisodeState::Void && one.start_on > request.on;
    if request.code == Exclusion::X1 && later.iter().any(works_later) {
        return Err(Problem::field(
            "/on",
            "work-after-death",
            "该学员有在此日期之后开始的就业记录;请先对该记录提出异议,或核对日期。",
            "Work of this trainee begins after that day; contest it first, or check the date.",
        ));
    }
    let paper = &request.document;
    let document = act
        .document(&paper.number, &paper.issuer, paper.made_on)
        .await?;
    if let Some(file) = paper.file {
        crate::files::attach(&act, document, file).await?;
    }
    rows::exclude(
        &act.tx,
        enrolment,
        request.code,
        request.on,
        document,
        actor.person,
        act.now,
    )
    .await?;
    let mut prior = store::registers::prior(&act.tx, &[place.person]).await?;
    if let Some(of) = prior.get_mut(&place.person) {
        let today = act.today;
        contests::match_data(&mut act, of, &[(request.code, request.on)], today).await?;
    }
    act.record(Entry {
        kind: "enrolment",
        id: enrolment.uuid(),
        act: "exclude",
        reason_code: Some(request.code.as_str()),
        document: Some(document),
        effective_on: Some(request.on),
        ..Entry::default()
    })
    .await?;
    monitoring::update_in(app, &act.tx, &[place.person]).await?;
    let receipt = ExclusionReceipt {
        enrolment: enrolment.to_string(),
        code: request.code.as_str().to_owned(),
        on: request.on.to_string(),
    };
    act.finish(StatusCode::OK, &receipt, ("enrolment", enrolment))
        .await
}

/// A time in which a register did not answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutageRequest {
    /// Which register.
    #[schema(value_type = String, example = "social_insurance")]
    pub source: Source,
    /// `system` or `disaster`.
    #[schema(value_type = String, example = "system")]
    pub kind: OutageKind,
    /// First day.
    pub from: NaiveDate,
    /// The day on which it answered again.
    pub until: NaiveDate,
}

/// A declared outage.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OutageReceipt {
    /// Its id.
    pub id: String,
}

/// Declares that a register of one's province did not answer.
pub async fn declare_outage(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &OutageRequest,
) -> Result<Receipt, Problem> {
    if actor.role != Role::ProvinceOfficer {
        return Err(Problem::new(Code::Forbidden).with_detail(
            "数据来源中断由省级残联公布。",
            "The province declares that a source does not answer.",
        ));
    }
    if request.until <= request.from {
        return Err(Problem::field(
            "/until",
            "impossible-date",
            "恢复日期须晚于开始日期。",
            "The day on which it answered again is after the first day.",
        ));
    }
    let begun = app.begin(actor, key, "declare_outage", request).await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let id: Uuid = act.new_id();
    insert_outage(&act, id, request).await?;
    act.record(Entry {
        kind: OUTAGE,
        id,
        act: "declare",
        to: Some(request.kind.as_str()),
        reason_code: Some(request.source.as_str()),
        effective_on: Some(request.from),
        evidence: &[format!("until:{}", request.until)],
        ..Entry::default()
    })
    .await?;
    let receipt = OutageReceipt { id: id.to_string() };
    act.finish(StatusCode::CREATED, &receipt, (OUTAGE, id))
        .await
}

async fn insert_outage(act: &Act, id: Uuid, request: &OutageRequest) -> Result<(), Problem> {
    let federation = act.actor.federation.clone().unwrap_or_default();
    rows::insert_outage(
        &act.tx,
        id,
        &federation,
        request.source,
        request.kind,
        request.from,
        request.until,
        act.actor.person,
        act.now,
    )
    .await?;
    Ok(())
}
