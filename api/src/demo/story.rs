//! Institutions apply and are admitted; programs are published; offers open.

use domain::ids::{AdmissionId, InstitutionId, OfferId, SiteId};
use domain::institution::InstitutionTransition as T;
use domain::offer::OfferAct;
use domain::program::ProgramAct;
use serde::Deserialize;

use super::Script;
use super::cast::{Cast, key, second_operator};
use super::country::Country;
use super::people::citizen_id;
use crate::app::App;
use crate::institutions::admission::{self, DocumentRequest, TransitionRequest};
use crate::institutions::apply::{self, AdmissionReceipt, ApplyRequest};
use crate::institutions::sites::{self, AddSiteRequest, SiteReceipt};
use crate::offers::acts::{self as offers, OfferActRequest, OfferReceipt, ProposeOfferRequest};
use crate::problem::Problem;
use crate::programs::drafts::{self, VersionReceipt};
use crate::programs::types;
use crate::programs::versions::{self, VersionActRequest};
use crate::proposals;

/// How many of the institutions are admitted; the last stay on their way.
const ADMITTED: usize = 10;
/// First number of the legal representatives: beyond those of the trainees.
const LEGAL: usize = 900_000;

/// An admitted institution with its open offers.
#[derive(Debug)]
pub(super) struct School {
    /// Its number in the country, from 1: its accounts are `school-N-1` and `school-N-2`.
    pub(super) number: usize,
    pub(super) admission: AdmissionId,
    pub(super) federation: String,
    pub(super) region: String,
    /// Open offers with the hours of their programs.
    pub(super) offers: Vec<(OfferId, u32)>,
}

/// What stands when classes may begin.
pub(super) struct Stage {
    pub(super) schools: Vec<School>,
    /// One whose application nobody has looked at yet.
    pub(super) applicant: Option<School>,
}

/// Runs this part of the story; the cast grows by the second operators.
pub(super) async fn admit(
    app: &App,
    script: &Script,
    country: &Country,
    cast: &mut Cast,
) -> Result<Stage, Problem> {
    let mut schools = Vec::new();
    let mut sites = Vec::new();
    for (index, institution) in country.institutions.iter().enumerate() {
        let number = index + 1;
        let operator = cast.actor(app, &format!("school-{number}-1")).await?;
        let request = ApplyRequest {
            name: institution.name.clone(),
            credit_code: institution.credit_code.clone(),
            site_region: institution.site_region.clone(),
            address: institution.address.clone(),
            phone: institution.phone.clone(),
            legal_representative: citizen_id(&institution.site_region, LEGAL + number)?
                .expose()
                .to_owned(),
        };
        let applied: AdmissionReceipt = apply::apply(app, &operator, &key(app)?, &request)
            .await?
            .parse()?;
        let institution_id: InstitutionId =
            applied.institution.parse().map_err(Problem::internal)?;
        let operator = cast.actor(app, &format!("school-{number}-1")).await?;
        let request = AddSiteRequest {
            name: institution.site.clone(),
            region: institution.site_region.clone(),
            address: institution.address.clone(),
            provisions: institution.provisions.clone(),
        };
        let site: SiteReceipt = sites::add(app, &operator, &key(app)?, &request)
            .await?
            .parse()?;
        second_operator(app, cast, number, institution_id, &institution.site_region).await?;
        sites.push(site.id.parse::<SiteId>().map_err(Problem::internal)?);
        schools.push(School {
            number,
            admission: applied.id.parse().map_err(Problem::internal)?,
            federation: institution.federation.clone(),
            region: institution.site_region.clone(),
            offers: Vec::new(),
        });
        script.later();
    }
    let programs = publish(app, script, country, cast).await?;
    script.day(3);
    for school in schools.iter().take(ADMITTED + 1) {
        transition(
            app,
            cast,
            school,
            T::T04,
            &format!("county-{}-1", school.region),
        )
        .await?;
    }
    script.day(8);
    for school in schools.iter().take(ADMITTED + 1) {
        two_persons(app, cast, school, T::T06).await?;
    }
    // A notice of five working days ends within three weeks even over the longest holidays.
    script.day(29);
    for (code, _) in &programs {
        let national = cast.actor(app, "national-1").await?;
        let scope = store::scope::Scope::of(&national);
        let found = store::programs::find(app.store.reader(), &scope, code, 1, false)
            .await?
            .ok_or_else(Problem::not_found)?;
        let request = VersionActRequest {
            act: ProgramAct::Publish,
            reason: None,
            opinions: Vec::new(),
        };
        let waiting: VersionReceipt = versions::act_on(
            app,
            &national,
            &key(app)?,
            (code, 1),
            found.revision,
            &request,
        )
        .await?
        .parse()?;
        approve(app, cast, waiting.proposal_id.as_deref(), "national-2").await?;
    }
    let applicant = schools.pop();
    schools.truncate(ADMITTED);
    for school in &schools {
        two_persons(app, cast, school, T::T08).await?;
    }
    script.day(30);
    for (index, (school, site)) in schools.iter_mut().zip(sites).enumerate() {
        for step in 0..3 {
            let (code, hours) = &programs[(index + step * 3) % programs.len()];
            let offer = open_offer(app, cast, school, code, site).await?;
            school.offers.push((offer, *hours));
        }
    }
    Ok(Stage { schools, applicant })
}

/// The last applicant is looked at: its notice has begun and runs still when the story ends.
pub(super) async fn notice(
    app: &App,
    script: &Script,
    cast: &Cast,
    stage: &Stage,
    day: u64,
) -> Result<(), Problem> {
    let Some(school) = &stage.applicant else {
        return Ok(());
    };
    script.day(day);
    let county = format!("county-{}-1", school.region);
    transition(app, cast, school, T::T04, &county).await?;
    script.day(day + 4);
    two_persons(app, cast, school, T::T06).await
}

async fn transition(
    app: &App,
    cast: &Cast,
    school: &School,
    transition: T,
    by: &str,
) -> Result<AdmissionReceipt, Problem> {
    let actor = cast.actor(app, by).await?;
    let scope = store::scope::Scope::of(&actor);
    let found = store::institutions::find(app.store.reader(), &scope, school.admission)
        .await?
        .ok_or_else(Problem::not_found)?;
    let request = TransitionRequest {
        document: (transition == T::T08).then(|| DocumentRequest {
            file: None,
            number: format!(
                "演示残联发〔{}〕{}号",
                chrono::Datelike::year(&app.today()),
                school.number
            ),
            issuer: "演示省残疾人联合会".to_owned(),
            made_on: app.today(),
        }),
        ..TransitionRequest::of(transition)
    };
    admission::transition(
        app,
        &actor,
        &key(app)?,
        school.admission,
        found.revision,
        &request,
    )
    .await?
    .parse()
}

async fn two_persons(app: &App, cast: &Cast, school: &School, act: T) -> Result<(), Problem> {
    let waiting = transition(
        app,
        cast,
        school,
        act,
        &format!("province-{}-1", school.federation),
    )
    .await?;
    approve(
        app,
        cast,
        waiting.proposal_id.as_deref(),
        &format!("province-{}-2", school.federation),
    )
    .await
}

/// The second person approves.
pub(super) async fn approve(
    app: &App,
    cast: &Cast,
    proposal: Option<&str>,
    by: &str,
) -> Result<(), Problem> {
    let id = proposal
        .ok_or_else(|| Problem::internal("no proposal"))?
        .parse()
        .map_err(Problem::internal)?;
    let actor = cast.actor(app, by).await?;
    proposals::approve(app, &actor, &key(app)?, id)
        .await
        .map(|_| ())
}

/// Programs of the national list, with the hours of each.
async fn publish(
    app: &App,
    script: &Script,
    country: &Country,
    cast: &Cast,
) -> Result<Vec<(String, u32)>, Problem> {
    let national = cast.actor(app, "national-1").await?;
    for request in &country.certificate_types {
        types::create(app, &national, &key(app)?, request).await?;
    }
    let mut programs = Vec::new();
    for content in &country.programs {
        let draft: VersionReceipt = drafts::create(app, &national, &key(app)?, content)
            .await?
            .parse()?;
        let filed = version(app, cast, &draft, ProgramAct::File).await?;
        version(app, cast, &filed, ProgramAct::Review).await?;
        programs.push((draft.code, content.hours));
    }
    script.later();
    Ok(programs)
}

async fn version(
    app: &App,
    cast: &Cast,
    at: &VersionReceipt,
    act: ProgramAct,
) -> Result<VersionReceipt, Problem> {
    let national = cast.actor(app, "national-1").await?;
    let opinions = match act {
        ProgramAct::Review => vec![
            "内容完整,学时合理。".to_owned(),
            "市场有需求,建议发布。".to_owned(),
        ],
        _ => Vec::new(),
    };
    let request = VersionActRequest {
        act,
        reason: None,
        opinions,
    };
    versions::act_on(
        app,
        &national,
        &key(app)?,
        (&at.code, at.version),
        at.revision,
        &request,
    )
    .await?
    .parse()
}

async fn open_offer(
    app: &App,
    cast: &Cast,
    school: &School,
    program: &str,
    site: SiteId,
) -> Result<OfferId, Problem> {
    let operator = cast
        .actor(app, &format!("school-{}-1", school.number))
        .await?;
    let officer = cast
        .actor(app, &format!("province-{}-1", school.federation))
        .await?;
    let request = ProposeOfferRequest {
        institution: school.admission,
        program: program.to_owned(),
        site,
    };
    let proposed: OfferReceipt = offers::propose(app, &operator, &key(app)?, &request)
        .await?
        .parse()?;
    let id: OfferId = proposed.id.parse().map_err(Problem::internal)?;
    let act = |act| OfferActRequest { act, reason: None };
    let approved: OfferReceipt = offers::act_on(
        app,
        &officer,
        &key(app)?,
        id,
        proposed.revision,
        &act(OfferAct::Approve),
    )
    .await?
    .parse()?;
    offers::act_on(
        app,
        &operator,
        &key(app)?,
        id,
        approved.revision,
        &act(OfferAct::Open),
    )
    .await?;
    Ok(id)
}

/// Just the id of a receipt.
#[derive(Debug, Deserialize)]
pub(super) struct WithProposal {
    pub(super) proposal_id: Option<String>,
}
