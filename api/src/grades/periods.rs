//! One annual period of a federation: published once, corrected by runs that say so, each of which replaces the one before
//! when two persons have published it, and not earlier (design.md 21).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::ids::GradingRunId;
use serde::Serialize;
use store::ConnectionTrait;
use store::cases::results;
use store::grading::publications::{self as rows, Publication, PublicationState};
use store::grading::{Freeze, FreezeKind, Run};
use utoipa::ToSchema;

use super::policies;
use crate::act::Act;
use crate::problem::{Code, Problem};

fn refused(code: &'static str, zh: &str, en: &str) -> Problem {
    Problem::new(Code::TransitionRefused)
        .with_detail(zh, en)
        .with_error("", code, zh, en)
}

/// Whether a run's results may be opened in a federation: they are the first of their period, or correct the newest ones,
/// and no later period was decided since, unless a grade of this one was set aside.
pub(super) async fn may_open(
    act: &Act,
    federation: &str,
    run: &Run,
    on: NaiveDate,
) -> Result<(), Problem> {
    let before = rows::of_period(&act.tx, federation, on, true).await?;
    if let Some(newest) = before.first()
        && newest.run != run.id
        && run.corrects != Some(newest.run.uuid())
    {
        let newest = newest.run;
        return Err(refused(
            "period-published",
            &format!(
                "本省冻结日 {on} 的结果已由评级 {newest} 交核对、公示或公布,不能另行公布。需要更正的,请以 corrects 指明该评级重新计算。"
            ),
            &format!(
                "Results of the freeze date {on} are open or published in your federation by run {newest}, and another run does not replace them. Compute a correction that names this run in `corrects`."
            ),
        ));
    }
    not_overtaken(act, federation, on).await
}

/// A period after which another one was decided stays as it is, unless an appeal or T25 set a grade of it aside.
async fn not_overtaken(act: &Act, federation: &str, on: NaiveDate) -> Result<(), Problem> {
    if !rows::has_published_later(&act.tx, federation, on).await? {
        return Ok(());
    }
    let mut decided = BTreeMap::new();
    for one in results::of_period(&act.tx, federation, on).await? {
        if one.row.decided {
            decided.insert(one.admission.uuid(), one.row.grade);
        }
    }
    if decided.values().any(Option::is_none) {
        return Ok(());
    }
    Err(refused(
        "later-period-published",
        &format!(
            "冻结日 {on} 之后的年度等级已经公布,这一期不再变动;只有申诉成立或撤销(T25)的等级才可以更正。"
        ),
        &format!(
            "Grades of a later year than {on} are published, and this period does not change any more; a correction follows an upheld appeal or a setting aside (T25)."
        ),
    ))
}

/// What has to hold at every step on the way to the public: the policy is the one in force, nothing newer was opened for the
/// period, and no later one was decided.
pub(super) async fn still_stands(act: &Act, row: &Publication) -> Result<(), Problem> {
    let (federation, on) = (row.federation.as_str(), row.freeze_on);
    let run = store::grading::run(&act.tx, row.run)
        .await?
        .ok_or_else(|| Problem::internal("a publication without its run"))?;
    policies::must_be_in_force(&act.tx, federation, on, &run.policy).await?;
    let newest = rows::of_period(&act.tx, federation, on, false).await?;
    if let Some(newest) = newest.first().filter(|newest| newest.id != row.id) {
        let newest = newest.run;
        return Err(refused(
            "superseded",
            &format!("这批结果已由更正的评级 {newest} 取代,不再公示或公布;请继续办理更正的评级。"),
            &format!(
                "These results were replaced by the correcting run {newest} and go no further; go on with that one."
            ),
        ));
    }
    not_overtaken(act, federation, on).await
}

/// A second annual freeze of a date whose grades are published names the run that it corrects.
pub(super) async fn may_freeze(
    db: &impl ConnectionTrait,
    kind: FreezeKind,
    on: NaiveDate,
    corrects: Option<GradingRunId>,
) -> Result<(), Problem> {
    if let Some(corrects) = corrects {
        return same_period(db, kind, on, corrects).await;
    }
    if kind == FreezeKind::Annual && rows::has_published(db, on).await? {
        return Err(refused(
            "period-published",
            &format!(
                "冻结日 {on} 的年度等级已经公布,不能另行冻结;需要更正的,请以 corrects 指明被更正的评级。"
            ),
            &format!(
                "Annual grades of {on} are published, and the period is not frozen again, unless to correct a run that `corrects` names."
            ),
        ));
    }
    Ok(())
}

/// A correction has the kind and the freeze date of the run that it corrects.
pub(super) async fn same_period(
    db: &impl ConnectionTrait,
    kind: FreezeKind,
    on: NaiveDate,
    corrects: GradingRunId,
) -> Result<(), Problem> {
    let before = store::grading::run(db, corrects)
        .await?
        .ok_or_else(Problem::not_found)?;
    let freeze: Option<Freeze> = store::grading::freeze(db, before.freeze).await?;
    if freeze.is_some_and(|freeze| freeze.kind == kind && freeze.freeze_on == on) {
        return Ok(());
    }
    Err(Problem::field(
        "/corrects",
        "other-period",
        "更正的评级必须与原评级是同一种类、同一冻结日。",
        "A correction has the kind and the freeze date of the run that it corrects.",
    ))
}

/// A correction under notice: it replaces the published results when two persons publish it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Proposed {
    /// Its run.
    pub run: String,
    /// Last day of its notice.
    pub notice_until: Option<String>,
}

impl Proposed {
    /// Of its publication.
    pub(super) fn of(row: &Publication) -> Self {
        Self {
            run: row.run.to_string(),
            notice_until: row.notice_until.map(|day| day.to_string()),
        }
    }
}

/// A period as anybody sees it.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// What stands: the newest published results, or, before there are any, those under notice.
    pub(super) stands: Publication,
    /// A correction under notice beside published results.
    pub(super) proposed: Option<Publication>,
}

/// Periods of a federation that are public, newest first.
pub(super) async fn public_periods(
    db: &impl ConnectionTrait,
    federation: &str,
) -> Result<Vec<Shown>, Problem> {
    let mut all = rows::list(db, Some(federation), None).await?;
    all.retain(|one| one.state != PublicationState::Figures && one.federation == federation);
    Ok(by_period(all))
}

fn by_period(newest_first: Vec<Publication>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for one in newest_first {
        let Some(last) = shown
            .last_mut()
            .filter(|last| last.stands.freeze_on == one.freeze_on)
        else {
            shown.push(Shown {
                stands: one,
                proposed: None,
            });
            continue;
        };
        let is_final = |one: &Publication| one.state == PublicationState::Published;
        if !is_final(&last.stands) && is_final(&one) {
            last.proposed = Some(std::mem::replace(&mut last.stands, one));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_stands_until_its_correction_is_published_too() {
        use PublicationState::{Notice, Published};
        let one = |id: u128, year: i32, state| Publication {
            id: uuid::Uuid::from_u128(id),
            run: uuid::Uuid::from_u128(id).into(),
            federation: "330000".to_owned(),
            freeze_on: NaiveDate::from_ymd_opt(year, 3, 31).expect("a day"),
            state,
            figures_until: NaiveDate::from_ymd_opt(year, 4, 20).expect("a day"),
            notice_until: None,
            published_on: None,
            published_at: None,
            revision: 1,
        };
        let shown = by_period(vec![
            one(9, 2028, Notice),
            one(8, 2027, Notice),
            one(7, 2027, Notice),
            one(6, 2027, Published),
            one(5, 2026, Published),
            one(4, 2026, Notice),
            one(3, 2026, Published),
        ]);
        let ids: Vec<_> = shown
            .iter()
            .map(|one| {
                let proposed = one.proposed.as_ref().map(|one| one.id.as_u128());
                (one.stands.id.as_u128(), proposed)
            })
            .collect();
        assert_eq!(ids, [(9, None), (6, Some(8)), (5, None)]);
    }
}
