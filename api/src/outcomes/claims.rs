//! Claiming work of a trainee: checked, then recorded; what the evidence then makes of an episode.

use axum::http::StatusCode;
use chrono::{Days, NaiveDate};
use domain::CreditCode;
use domain::access::Actor;
use domain::evidence::{EpisodeState, Proof, Source, proof, state_by_proof};
use domain::grading::{Tier, WorkType};
use domain::ids::{EnrolmentId, EpisodeId, FileId};
use serde::{Deserialize, Serialize};
use store::episodes::{self as rows, Episode, Place};
use store::registers;
use store::scope::Scope;
use utoipa::ToSchema;

use super::recording::{Known, record};
use super::terms;
use crate::act::{Act, Begin, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_in;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::grades::monitoring;
use crate::problem::Problem;

/// Kind of thing in timelines.
pub(crate) const KIND: &str = "episode";
/// Prefix of what stands for an employer where there is none.
const OWN: &str = "own:";

/// Work of a trainee.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// Credit code of the employer; left out for self-employment, flexible work and rural production.
    #[serde(default)]
    pub employer: Option<String>,
    /// Form of work.
    #[schema(value_type = String, example = "contract")]
    pub work_type: WorkType,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day worked; left out while it goes on.
    #[serde(default)]
    pub last_day: Option<NaiveDate>,
    /// Division in which the work is.
    #[serde(default)]
    pub work_region: Option<String>,
    /// Where the knowledge comes from. An institution names `institution`, `employer_letter` or `photo`.
    #[schema(value_type = String, example = "institution")]
    pub source: Source,
    /// Text of the contract: only a keyed digest is kept, to find the same text elsewhere.
    #[serde(default)]
    pub contract_text: Option<String>,
    /// The document, uploaded before.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub file: Option<FileId>,
    /// Whether the employer is the institution, was founded by it, or is run by the same people.
    #[serde(default)]
    pub related: bool,
}

/// An episode as its claimant is told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EpisodeReceipt {
    /// Its id.
    pub id: String,
    /// State.
    pub state: String,
    /// Whether it joined an episode that was known.
    pub merged: bool,
    /// Until when the county should verify.
    pub due_on: Option<String>,
    /// Whether something about it wants a look: never whose or which.
    pub conflicts: usize,
    /// Raised by every change.
    pub revision: i32,
}

fn check(app: &App, actor: &Actor, request: &ClaimRequest) -> Result<Known, Problem> {
    let mut faults = Faults::default();
    let alone = matches!(
        request.work_type,
        WorkType::SelfEmployment | WorkType::Flexible | WorkType::RuralProduction
    );
    let employer = match request.employer.as_deref() {
        Some(text) => faults
            .took(
                "/employer",
                CreditCode::parse_allowing_organisation_checksum(text),
            )
            .map(|code| code.as_str().to_owned()),
        None if alone => Some(format!("{OWN}{}", request.work_type)),
        None => {
            faults.add(
                "/employer",
                "missing-field",
                "请填写用人单位的统一社会信用代码。",
                "Give the credit code of the employer.",
            );
            None
        }
    };
    dates(app, request.start_on, request.last_day, &mut faults);
    if let Some(region) = &request.work_region
        && app.regions.find(region).is_none()
    {
        faults.add(
            "/work_region",
            "unknown-region",
            "没有这个行政区划代码。",
            "There is no such division.",
        );
    }
    if actor.role.is_institution() && request.source.tier() != Tier::C {
        faults.add(
            "/source",
            "not-by-institution",
            "培训机构只能以 institution、employer_letter 或 photo 申报;独立证据由残联登记。",
            "An institution claims by institution, employer_letter or photo; the federation records independent evidence.",
        );
    }
    if request.source.is_imported() {
        faults.add(
            "/source",
            "imported",
            "社会保险和按比例就业年审数据请以登记数据导入。",
            "Social insurance and the quota audit come by import of a register snapshot.",
        );
    }
    if let Some(text) = &request.contract_text {
        faults.text("/contract_text", text, 20, 20_000);
    }
    faults.finish()?;
    let vault = app.store.vault();
    Ok(Known {
        employer: employer.unwrap_or_default(),
        work_type: request.work_type,
        start_on: request.start_on,
        last_day: request.last_day,
        work_region: request.work_region.clone(),
        source: request.source,
        as_of: app.today(),
        snapshot: None,
        file: request.file,
        text_index: request
            .contract_text
            .as_deref()
            .map(|text| rows::text_index(vault, text))
            .unwrap_or_default(),
        related: request.related,
    })
}

/// Days of work that can be.
pub(crate) fn dates(
    app: &App,
    start_on: NaiveDate,
    last_day: Option<NaiveDate>,
    faults: &mut Faults,
) {
    if start_on > app.today() {
        faults.add(
            "/start_on",
            "in-future",
            "开始工作的日期不能晚于今天。",
            "The first day cannot lie ahead.",
        );
    }
    if last_day.is_some_and(|last| last < start_on) {
        faults.add(
            "/last_day",
            "impossible-date",
            "最后工作日不能早于第一天。",
            "The last day cannot be before the first.",
        );
    }
    if last_day.is_some_and(|last| last > app.today()) {
        faults.add(
            "/last_day",
            "in-future",
            "最后工作日不能晚于今天。",
            "The last day cannot lie ahead.",
        );
    }
}

/// Claims work for a trainee of one's scope.
pub async fn claim(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    enrolment: EnrolmentId,
    request: &ClaimRequest,
) -> Result<Receipt, Problem> {
    let known = check(app, actor, request)?;
    let mut act = match app
        .begin(actor, key, "claim_episode", &(enrolment, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let place = rows::place(&act.tx, &Scope::of(actor), enrolment)
        .await?
        .ok_or_else(Problem::not_found)?;
    not_interested_in(&act, place.institution).await?;
    if let Some(file) = request.file {
        crate::files::within(&act, "/file", file).await?;
    }
    store::persons::lock(&act.tx, &[place.person]).await?;
    after_birth(&act, &place, known.start_on).await?;
    let people = [place.person];
    let died = registers::died(&act.tx, &people).await?;
    if died.values().any(|died| known.start_on > *died) {
        return Err(Problem::field(
            "/start_on",
            "after-death",
            "登记的死亡日期早于开始工作的日期,请核对;登记有误的先更正登记。",
            "By the record the person had died before that day; put the record right first if it is wrong.",
        ));
    }
    let mut prior = registers::prior(&act.tx, &people)
        .await?
        .remove(&place.person)
        .unwrap_or_default();
    let (episode, receipt) = record(&mut act, &place, &known, &mut prior).await?;
    terms::keep_up(&act, &episode).await?;
    monitoring::update_in(app, &act.tx, &people).await?;
    act.finish(StatusCode::CREATED, &receipt, (KIND, &receipt.id))
        .await
}

/// Nobody works before being born.
async fn after_birth(act: &Act, place: &Place, start_on: NaiveDate) -> Result<(), Problem> {
    let vault = act.app.store.vault();
    let people = store::persons::open(&act.tx, vault, &[place.person], act.today).await?;
    let born = people
        .get(&place.person)
        .and_then(|one| one.citizen_id.as_deref())
        .and_then(|text| text.parse::<domain::CitizenId>().ok())
        .map(|id| id.birth_on());
    if born.is_some_and(|born| start_on <= born) {
        return Err(Problem::field(
            "/start_on",
            "before-birth",
            "开始工作的日期早于出生日期,请核对。",
            "The first day of work is before the person was born.",
        ));
    }
    Ok(())
}

/// State, day of decision and follow-ups as the evidence now says; a contest stays open whatever comes in.
pub(crate) async fn settle(
    act: &mut Act,
    episode: &mut Episode,
    sources: &[Source],
) -> Result<(), Problem> {
    if episode.state == EpisodeState::Void {
        // Evidence does not revive it; an appeal that was upheld does.
        episode.revision = rows::update(&act.tx, episode).await?;
        return Ok(());
    }
    let proof = proof(sources);
    let confirmed = episode.confirmed_on.is_some();
    if episode.state != EpisodeState::Contested {
        episode.state = state_by_proof(proof, confirmed, episode.last_day.is_some());
    }
    let decided = proof == Proof::Register || (proof == Proof::TwoSources && confirmed);
    if decided && episode.decided_on.is_none() {
        episode.decided_on = Some(act.today);
        episode.due_on = None;
    }
    episode.revision = rows::update(&act.tx, episode).await?;
    if episode.last_day.is_none() {
        let due: Vec<(u32, NaiveDate)> = act
            .app
            .evidence
            .evidence
            .follow_up_days
            .iter()
            .filter_map(|&after| {
                let on = episode
                    .start_on
                    .checked_add_days(Days::new(u64::from(after)))?;
                Some((after, on))
            })
            .collect();
        let new_id = || act.app.random.id(act.now);
        rows::schedule(&act.tx, episode.id, &due, new_id).await?;
    }
    Ok(())
}

/// An episode of the scope with its sources, locked; nobody acts on one of an institution in which they have an interest.
pub(crate) async fn locked(act: &Act, id: EpisodeId) -> Result<(Episode, Vec<Source>), Problem> {
    rows::lock(&act.tx, id).await?;
    let episode = rows::find(&act.tx, &Scope::of(&act.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    store::persons::lock(&act.tx, &[episode.person]).await?;
    for claim in rows::claims(&act.tx, &[id]).await? {
        not_interested_in(act, claim.institution).await?;
    }
    let evidence = rows::evidence(&act.tx, &[id]).await?;
    Ok((episode, evidence.iter().map(|one| one.source).collect()))
}
