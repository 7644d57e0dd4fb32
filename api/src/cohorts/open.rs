//! Opening a class on an open offer.

use axum::http::StatusCode;
use chrono::{Datelike, NaiveDate};
use domain::access::{Actor, Role};
use domain::cohort::{CohortState, Track, may_open};
use domain::ids::{CohortId, OfferId};
use domain::{CohortCode, OrganisationName, PersonName};
use serde::{Deserialize, Serialize};
use store::cohorts::{Cohort, OfferFacts};
use utoipa::ToSchema;

use super::{CohortReceipt, cannot_open, growth, rules};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Most places of one class.
const MOST_PLACES: u32 = 1_000;
/// Longest class in days.
const LONGEST_DAYS: i64 = 1_100;
/// Most hours that a day can hold.
const HOURS_A_DAY: u32 = 12;

/// A new class.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenCohortRequest {
    /// The open offer that it teaches.
    #[schema(value_type = String, format = "uuid")]
    pub offer: OfferId,
    /// Name of the class.
    pub name: String,
    /// `full` days or `short` village half-days.
    #[serde(default = "full")]
    #[schema(value_type = String, example = "full")]
    pub track: Track,
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day.
    pub end_on: NaiveDate,
    /// Planned hours, at least those of the program; the program's when absent.
    #[serde(default)]
    pub planned_hours: Option<u32>,
    /// Places, 1 to 1,000.
    pub places: u32,
    /// Price of a place in fen.
    #[serde(default)]
    pub price_fen: i64,
    /// Names of the teachers, as they will be published.
    pub teachers: Vec<String>,
}

const fn full() -> Track {
    Track::Full
}

/// Opens a class in state `planned`.
///
/// The offer must be open, the institution in good standing, and a provisional one below its caps; the admission is
/// locked meanwhile, so that two classes opened at once cannot pass a cap together.
pub async fn open_cohort(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &OpenCohortRequest,
) -> Result<Receipt, Problem> {
    check(request)?;
    let mut act = match app.begin(actor, key, "open_cohort", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let offer = store::cohorts::lock_offer(&act.tx, request.offer)
        .await?
        .filter(|offer| {
            actor.role == Role::InstitutionOperator && actor.institution == Some(offer.institution)
        })
        .ok_or_else(Problem::not_found)?;
    let (open_cohorts, open_places) = store::cohorts::open_load(&act.tx, offer.admission).await?;
    let days = (request.start_on, request.end_on);
    may_open(
        offer.standing,
        offer.offer_open,
        open_cohorts,
        open_places,
        request.places,
        growth::cap(&act, &offer, days, None).await?,
        &rules(app),
    )
    .map_err(|unmet| cannot_open(&unmet))?;
    let cohort = planned(&act, request, &offer).await?;
    store::cohorts::insert(&act.tx, &cohort).await?;
    act.record(Entry {
        kind: "cohort",
        id: cohort.id.uuid(),
        act: "open",
        to: Some(CohortState::Planned.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = CohortReceipt::of(&cohort, cohort.revision);
    act.finish(StatusCode::CREATED, &receipt, ("cohort", cohort.id))
        .await
}

async fn planned(
    act: &Act,
    request: &OpenCohortRequest,
    offer: &OfferFacts,
) -> Result<Cohort, Problem> {
    let planned_hours = request.planned_hours.unwrap_or(offer.hours);
    if planned_hours < offer.hours {
        return Err(Problem::field(
            "/planned_hours",
            "below-program",
            &format!("该项目要求{}学时,计划学时不能更少。", offer.hours),
            &format!(
                "The program asks for {} hours; plan at least as many.",
                offer.hours
            ),
        ));
    }
    let days = u32::try_from((request.end_on - request.start_on).num_days() + 1).unwrap_or(0);
    if planned_hours > days.saturating_mul(HOURS_A_DAY) {
        return Err(Problem::field(
            "/planned_hours",
            "beyond-days",
            &format!("{days}天内排不下{planned_hours}学时,请核对日期和学时。"),
            &format!("{planned_hours} hours do not fit into {days} days; check both."),
        ));
    }
    Ok(Cohort {
        id: act.new_id::<CohortId>(),
        code: free_code(act, request.start_on, &offer.site_region).await?,
        offer: offer.offer,
        admission: offer.admission,
        institution: offer.institution,
        program_version: offer.program_version,
        site_region: offer.site_region.clone(),
        name: request.name.clone(),
        track: request.track,
        state: CohortState::Planned,
        start_on: request.start_on,
        end_on: request.end_on,
        planned_hours,
        hours_taught: 0,
        places: request.places,
        price_fen: request.price_fen,
        teachers: request.teachers.clone(),
        confirmed_on: None,
        due_on: None,
        sent_back: 0,
        state_since: act.now,
        revision: 1,
    })
}

/// A code that no class has: province, year, six random digits, so that codes do not count classes.
async fn free_code(act: &Act, start_on: NaiveDate, site_region: &str) -> Result<String, Problem> {
    let federation = act
        .app
        .regions
        .federation(site_region)
        .unwrap_or(site_region);
    let province = federation.get(..2).unwrap_or("00");
    for _ in 0..20 {
        let serial = u32::from_be_bytes(act.app.random.bytes()) % 1_000_000;
        let code =
            CohortCode::mint(province, start_on.year(), serial).map_err(Problem::internal)?;
        if !store::cohorts::code_taken(&act.tx, code.as_str()).await? {
            return Ok(code.as_str().to_owned());
        }
    }
    Err(Problem::new(Code::Unavailable))
}

fn check(request: &OpenCohortRequest) -> Result<(), Problem> {
    let mut problem: Option<Problem> = None;
    let mut wrong = |pointer: &str, code: &str, zh: &str, en: &str| {
        let so_far = problem
            .take()
            .unwrap_or_else(|| Problem::new(Code::InvalidRequest));
        problem = Some(so_far.with_error(pointer, code, zh, en));
    };
    if let Err(bad) = request.name.parse::<OrganisationName>() {
        wrong("/name", bad.check.as_str(), &bad.zh(), &bad.en());
    }
    if request.teachers.is_empty() || request.teachers.len() > 50 {
        wrong(
            "/teachers",
            "teachers",
            "请填写1到50名教师。",
            "Name 1 to 50 teachers.",
        );
    }
    for (at, teacher) in request.teachers.iter().enumerate() {
        if let Err(bad) = teacher.parse::<PersonName>() {
            wrong(
                &format!("/teachers/{at}"),
                bad.check.as_str(),
                &bad.zh(),
                &bad.en(),
            );
        }
    }
    if request.places == 0 || request.places > MOST_PLACES {
        wrong(
            "/places",
            "places",
            "名额应为1到1000。",
            "A class has 1 to 1,000 places.",
        );
    }
    if request.price_fen < 0 || request.price_fen > 100_000_000 {
        wrong(
            "/price_fen",
            "price",
            "价格应为0到100万元,以分计。",
            "The price is 0 to one million yuan, in fen.",
        );
    }
    let days = (request.end_on - request.start_on).num_days();
    if !(0..=LONGEST_DAYS).contains(&days) || !(2000..=2200).contains(&request.start_on.year()) {
        wrong(
            "/end_on",
            "days",
            "结束日期应在开始日期当天或之后,且不超过三年。",
            "The last day is the first day or later, within three years.",
        );
    }
    if request
        .planned_hours
        .is_some_and(|hours| hours == 0 || hours > 10_000)
    {
        wrong(
            "/planned_hours",
            "hours",
            "计划学时应为1到10000。",
            "Planned hours are 1 to 10,000.",
        );
    }
    problem.map_or(Ok(()), Err)
}
