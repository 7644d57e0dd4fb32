//! Three past years: classes, the work that registers showed afterwards, surveys, frozen evidence, published grades.

use chrono::{Datelike as _, NaiveDate};
use domain::access::Role;
use domain::bulletin::{BulletinAct, BulletinKind};
use domain::evidence::Source;
use domain::grading::{SurveyBy, SurveyMode};
use domain::ids::{GradingRunId, SurveyId};
use serde::de::DeserializeOwned;
use store::grading::FreezeKind;
use store::surveys::NewResponse;

use super::Script;
use super::cast::{Cast, key};
use super::classes::Wave;
use super::country::Country;
use super::people::People;
use super::story::{Stage, approve};
use crate::app::App;
use crate::bulletins::acts::{
    self as bulletins, BulletinActRequest, BulletinReceipt, WriteBulletinRequest,
};
use crate::grades::freeze::{self, FreezeRequest, RunReceipt};
use crate::grades::publications::{
    self, PublicationAct, PublicationActRequest, PublicationReceipt,
};
use crate::outcomes::registers::{self, About};
use crate::problem::Problem;

/// Classes of a past year: two for each school.
const CLASSES: usize = 20;
/// Trainees of each.
const TRAINEES: u32 = 12;

/// A past year: its classes, then what registers and trainees said.
pub(super) async fn year(
    app: &App,
    script: &Script,
    (country, people): (&Country, &mut People<'_>),
    cast: &Cast,
    stage: &Stage,
    (start, shift): (u64, usize),
) -> Result<(), Problem> {
    let end = start + 36;
    let wave = Wave {
        app,
        script,
        cast,
        stage,
        start,
        end,
        trainees: TRAINEES,
    };
    let classes = wave.open(CLASSES, shift).await?;
    let rows = wave.enrol(&classes, people, CLASSES, CLASSES).await?;
    wave.teach(&classes).await?;
    wave.accept(&classes).await?;
    wave.certify(&classes).await?;
    script.day(end + 20);
    for class in &classes {
        survey(&wave, class.id).await?;
    }
    script.day(end + 60);
    let from = script.date(end + 25);
    for (at, (class, numbers)) in classes.iter().zip(&rows).enumerate() {
        let school = &stage.schools[class.school];
        let employer =
            &country.institutions[(class.school + 3) % country.institutions.len()].credit_code;
        let mut file = "公民身份号码,统一社会信用代码,起始日期,截止日期\n".to_owned();
        for (place, number) in numbers.iter().enumerate() {
            // Schools differ, and every year a little: between two and nine of ten find work.
            if (place * 7 + at + shift) % 10 < 2 + (class.school * 3 + shift) % 8 {
                file.push_str(&format!("{number},{employer},{from},\n"));
            }
        }
        let officer = cast
            .actor(app, &format!("county-{}-1", school.region))
            .await?;
        let about = About {
            source: Source::SocialInsurance,
            as_of: app.today(),
        };
        // A file without rows is none; two classes of one county have different files.
        if file.lines().count() > 1 {
            registers::import(app, &officer, &key(app)?, about, file.into_bytes()).await?;
        }
    }
    Ok(())
}

/// Two of three answer.
async fn survey(wave: &Wave<'_>, cohort: domain::ids::CohortId) -> Result<(), Problem> {
    let app = wave.app;
    let tx = app.store.write().await?;
    let members = store::enrolments::of_cohort(&tx, cohort).await?;
    let class = store::cohorts::find(
        &tx,
        &store::scope::Scope::Federation {
            code: store::scope::NATIONAL.to_owned(),
            capacity: domain::access::ScopeCapacity::Site,
        },
        cohort,
    )
    .await?
    .ok_or_else(Problem::not_found)?;
    let now = app.now();
    for (at, member) in members.iter().enumerate() {
        let id = SurveyId::new(app.random.id(now));
        let token = app.random.bytes::<32>();
        store::surveys::invite(
            &tx,
            id,
            member.id,
            &token,
            now,
            now + chrono::Duration::days(30),
        )
        .await?;
        if at % 3 == 2 {
            continue;
        }
        let good = 3 + u8::try_from((at + cohort.uuid().as_bytes()[15] as usize) % 3).unwrap_or(0);
        let response = NewResponse {
            id: app.random.id(now),
            invitation: id.uuid(),
            enrolment: member.id,
            admission: class.admission,
            items: [good, 4, good, 4, good],
            submitted_on: app.today(),
            mode: SurveyMode::Web,
            by: if at % 5 == 4 {
                SurveyBy::Assisted
            } else {
                SurveyBy::Own
            },
            seconds: 120,
            device: None,
            network: None,
            flags: Vec::new(),
            taken_by: None,
        };
        store::surveys::answer(&tx, app.store.vault(), &response).await?;
    }
    store::cases::terms::meet(&tx, cohort.uuid(), &["survey_send"], app.today()).await?;
    Ok(store::commit(tx).await?)
}

fn parsed<T: DeserializeOwned>(receipt: &crate::act::Receipt) -> Result<T, Problem> {
    receipt.parse()
}

/// The annual freeze dates of the story: the newest before a day of it, and the two before that one.
pub(super) fn freezes(app: &App, script: &Script, before: u64) -> [NaiveDate; 3] {
    let (month, day) = app.evidence.annual.freeze;
    let until = script.date(before);
    let on = |years: i32| {
        let of = |year| NaiveDate::from_ymd_opt(year, month, day).filter(|on| *on <= until);
        let newest = of(until.year()).map_or(until.year() - 1, |on| on.year());
        NaiveDate::from_ymd_opt(newest - years, month, day).unwrap_or(until)
    };
    [on(2), on(1), on(0)]
}

/// The freeze of a year, and six weeks later the grades of every province.
pub(super) async fn grades(
    app: &App,
    script: &Script,
    country: &Country,
    cast: &Cast,
    freeze_on: NaiveDate,
    earliest: u64,
) -> Result<(), Problem> {
    let day = earliest.max(script.number(freeze_on) + 1);
    let day = day.max(script.number(app.today()));
    script.day(day);
    let national = cast.actor(app, "national-1").await?;
    let request = FreezeRequest {
        kind: FreezeKind::Annual,
        freeze_on,
        policy: None,
        corrects: None,
    };
    let run: RunReceipt = parsed(&freeze::take(app, &national, &key(app)?, &request).await?)?;
    let run: GradingRunId = run.run.parse().map_err(Problem::internal)?;
    let mut opened = Vec::new();
    for code in country.federations() {
        let officer = cast.actor(app, &format!("province-{code}-1")).await?;
        match publications::open(app, &officer, &key(app)?, run).await {
            Ok(receipt) => {
                let receipt: PublicationReceipt = parsed(&receipt)?;
                opened.push((code, officer, receipt));
            }
            // A province without a graded class has nothing to publish.
            Err(problem) if problem.code() == crate::problem::Code::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    for (days, act) in [
        (24, PublicationAct::OpenNotice),
        (44, PublicationAct::Publish),
    ] {
        script.day(day + days);
        for (code, officer, receipt) in &mut opened {
            let id = receipt.id.parse().map_err(Problem::internal)?;
            let request = PublicationActRequest { act };
            let done =
                publications::act_on(app, officer, &key(app)?, id, receipt.revision, &request)
                    .await?;
            *receipt = parsed(&done)?;
            if act == PublicationAct::Publish {
                approve(
                    app,
                    cast,
                    receipt.proposal_id.as_deref(),
                    &format!("province-{code}-2"),
                )
                .await?;
            }
        }
    }
    if let Some((code, officer, _)) = opened.first() {
        debug_assert_eq!(officer.role, Role::ProvinceOfficer);
        bulletin(app, script, cast, run, (code, day + 45)).await?;
    }
    Ok(())
}

/// The ranking of one province as a bulletin.
async fn bulletin(
    app: &App,
    script: &Script,
    cast: &Cast,
    run: GradingRunId,
    (code, day): (&str, u64),
) -> Result<(), Problem> {
    let officer = cast.actor(app, &format!("province-{code}-1")).await?;
    let request = WriteBulletinRequest {
        kind: BulletinKind::Ranking,
        run: Some(run),
        decision: None,
        title: format!("演示省培训机构排名({})", app.today()),
        corrects: None,
    };
    let mut at: BulletinReceipt =
        parsed(&bulletins::write(app, &officer, &key(app)?, &request).await?)?;
    for (days, act) in [
        (0, BulletinAct::Review),
        (1, BulletinAct::OpenNotice),
        (20, BulletinAct::Publish),
    ] {
        script.day(day + days);
        let id = at.id.parse().map_err(Problem::internal)?;
        let request = BulletinActRequest { act, reason: None };
        let done = bulletins::act_on(app, &officer, &key(app)?, id, at.revision, &request).await?;
        at = parsed(&done)?;
        if act == BulletinAct::Review {
            approve(
                app,
                cast,
                at.proposal_id.as_deref(),
                &format!("province-{code}-2"),
            )
            .await?;
            at.revision += 1;
        }
    }
    Ok(())
}
