//! Rankings, the score of an institution line by line, comparison: published results for anybody (pages.md 3.7).

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use chrono::NaiveDate;
use domain::grading::Indicator;
use domain::rdiv;
use domain::statistics::{Interval, wilson};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::grading::publications::{self, Publication, PublicationState};
use store::grading::{ResultRow, Whose};
use utoipa::ToSchema;

use super::periods::{Proposed, public_periods};
use super::score::score;
use super::standing::{self, Decided, Mark, Standing};
use super::{compare, provinces, public, runs};
use crate::app::App;
use crate::extract::Query;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::institutions::pages::grade_word;
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/rankings", get(rankings));
    let router = both(router, "/rankings/compare", get(compare::page_of));
    let router = both(router, "/rankings/provinces", get(provinces::page_of));
    both(router, "/institutions/{code}/score", get(score))
}

/// A raw rate with its Wilson 95 % interval.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Rate {
    /// Successes.
    pub observed: u32,
    /// People.
    pub n: u32,
    /// Raw rate in ppm.
    pub rate_ppm: u32,
    /// Lower bound in ppm.
    pub low_ppm: u32,
    /// Upper bound in ppm.
    pub high_ppm: u32,
}

impl Rate {
    pub(super) fn interval(self) -> Interval {
        Interval {
            rate_ppm: self.rate_ppm,
            low_ppm: self.low_ppm,
            high_ppm: self.high_ppm,
        }
    }
}

/// One ranked institution.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ranked {
    /// Rank; equal composites share one.
    pub rank: u32,
    /// Name.
    pub name: String,
    /// Credit code.
    pub credit_code: String,
    /// Grade that stands.
    pub grade: String,
    /// Why it is not simply the one of the run: `varied`, `held`, `kept`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade_mark: Option<String>,
    /// In a period after which another one was published: what has become of the institution since, `suspended` or
    /// `exited`. Its rank stays that of the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_now: Option<String>,
    /// Composite to one decimal.
    pub score: String,
    /// Rank one period before, where there was one.
    pub rank_before: Option<u32>,
    /// Employment conversion, raw; none where it is protected.
    pub employment: Option<Rate>,
    /// Stability at six months.
    pub stability: Option<Rate>,
    /// Adjusted satisfaction in thousandths of a point.
    pub satisfaction_milli: Option<u64>,
}

/// One institution without a rank.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Unranked {
    /// Name.
    pub name: String,
    /// Credit code.
    pub credit_code: String,
    /// `insufficient_sample`, `new_under_a_year`, `suspended`, `exited`, `under_appeal`, `set_aside`.
    pub reason: String,
    /// Grade that stands meanwhile, under an appeal or after a setting aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
}

/// The ranking of a federation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ranking {
    /// The federation.
    pub federation: String,
    /// Freeze date of the period.
    pub period: String,
    /// Other periods that are public.
    pub periods: Vec<String>,
    /// The policy, which is the version of the method.
    pub policy: String,
    /// The run.
    pub run: String,
    /// `provisional` during the notice, then `final`.
    pub standing: String,
    /// A correction under notice beside these results; `proposed=true` answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Proposed>,
    /// Those with a rank.
    pub ranked: Vec<Ranked>,
    /// Those without one, each with the reason.
    pub unranked: Vec<Unranked>,
}

/// Composite to one decimal, rounded half up.
pub(super) fn score_text(milli: u32) -> String {
    let tenths = rdiv(i128::from(milli), 100);
    format!("{}.{}", tenths / 10, tenths % 10)
}

pub(super) fn rate(entry: &Value, indicator: Indicator) -> Option<Rate> {
    let figures = &entry["indicators"][indicator.as_str()];
    let count = |name: &str| u32::try_from(figures[name].as_u64()?).ok();
    let (observed, n) = (count("observed")?, count("n")?);
    let interval = wilson(observed, n)?;
    Some(Rate {
        observed,
        n,
        rate_ppm: interval.rate_ppm,
        low_ppm: interval.low_ppm,
        high_ppm: interval.high_ppm,
    })
}

pub(super) fn percent(ppm: u32) -> String {
    let tenths = rdiv(i128::from(ppm), 1_000);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// The ranking of a federation, or nothing while none is public; `proposed` asks for the correction under notice.
pub(crate) async fn ranking(
    app: &App,
    federation: &str,
    period: Option<NaiveDate>,
    proposed: bool,
) -> Result<Option<Ranking>, Problem> {
    let reader = app.store.reader();
    let all = public_periods(reader, federation).await?;
    let at = match period {
        Some(period) => all.iter().position(|one| one.stands.freeze_on == period),
        None => (!all.is_empty()).then_some(0),
    };
    let Some(at) = at else { return Ok(None) };
    let publication = match &all[at].proposed {
        Some(correction) if proposed => correction,
        None if proposed => return Ok(None),
        _ => &all[at].stands,
    };
    let is_final = |one: &Publication| one.state == PublicationState::Published;
    // A period that another one followed is history: what became of an institution since moves nobody in it.
    let closed = is_final(publication) && all[..at].iter().any(|one| is_final(&one.stands));
    let (run, _) = runs::find(app, publication.run).await?;
    let rows = public::of_federation(reader, publication, &app.evidence).await?;
    let before: BTreeMap<_, _> = match all.get(at + 1) {
        Some(earlier) => store::grading::results(reader, earlier.stands.run, Some(federation))
            .await?
            .into_iter()
            .filter_map(|row| Some((row.admission, row.rank?)))
            .collect(),
        None => BTreeMap::new(),
    };
    let called: BTreeMap<_, _> = store::grading::called(reader, Whose::Federation(federation))
        .await?
        .into_iter()
        .map(|one| (one.admission_id, one))
        .collect();
    let decided = Decided::of(reader, publication).await?;
    let (mut ranked, mut unranked) = (Vec::new(), Vec::new());
    for (row, entry) in rows {
        let Some(one) = called.get(&row.admission.uuid()) else {
            continue;
        };
        let standing = decided.standing(publication, &row, one);
        let new = standing::first_year(one).is_some_and(|until| publication.freeze_on < until);
        let now = match one.state.as_str() {
            "suspended" | "exit_notice" => Some("suspended"),
            "exited" => Some("exited"),
            _ => None,
        };
        let reason = match standing.mark {
            _ if now.is_some() && !closed => now,
            Some(Mark::UnderAppeal) => Some("under_appeal"),
            Some(Mark::SetAside) => Some("set_aside"),
            _ if row.rank.is_none() && new => Some("new_under_a_year"),
            _ if row.rank.is_none() => Some("insufficient_sample"),
            _ => None,
        };
        if let Some(reason) = reason {
            unranked.push(Unranked {
                name: one.name.clone(),
                credit_code: one.credit_code.clone(),
                reason: reason.to_owned(),
                grade: standing
                    .mark
                    .is_some_and(|mark| matches!(mark, Mark::UnderAppeal | Mark::SetAside))
                    .then_some(standing.grade),
            });
            continue;
        }
        let before = before.get(&row.admission);
        let mut row = ranked_row(&row, &entry, one, standing, before);
        row.state_now = now.map(str::to_owned);
        ranked.push(row);
    }
    Ok(Some(Ranking {
        federation: federation.to_owned(),
        period: publication.freeze_on.to_string(),
        periods: all
            .iter()
            .map(|one| one.stands.freeze_on.to_string())
            .collect(),
        policy: run.policy,
        run: run.id.to_string(),
        standing: match publication.state {
            PublicationState::Published => "final".to_owned(),
            _ => "provisional".to_owned(),
        },
        proposed: match &all[at].proposed {
            Some(correction) if !proposed => Some(Proposed::of(correction)),
            _ => None,
        },
        ranked,
        unranked,
    }))
}

fn ranked_row(
    row: &ResultRow,
    entry: &Value,
    one: &store::grading::Called,
    standing: Standing,
    before: Option<&u32>,
) -> Ranked {
    let sat = &entry["indicators"]["SAT"];
    Ranked {
        rank: row.rank.unwrap_or(0),
        name: one.name.clone(),
        credit_code: one.credit_code.clone(),
        grade: standing.grade,
        grade_mark: standing.mark.map(|mark| mark.to_string()),
        state_now: None,
        score: row.composite_milli.map(score_text).unwrap_or_default(),
        rank_before: before.copied(),
        employment: rate(entry, Indicator::Emp),
        stability: rate(entry, Indicator::Stb6),
        satisfaction_milli: sat["adjusted_milli"]
            .as_u64()
            .or_else(|| sat["adjusted"].as_u64()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RankingForm {
    pub(super) federation: Option<String>,
    period: Option<String>,
    proposed: Option<String>,
}

impl RankingForm {
    /// Whether the correction under notice is asked for.
    pub(super) fn proposed(&self) -> Result<bool, Problem> {
        match self.proposed.as_deref() {
            None | Some("") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(_) => Err(Problem::field(
                "/proposed",
                "query",
                "查看公示中的更正结果请写 proposed=1,查看现行结果请不写。",
                "Write proposed=1 for the correction under notice, and nothing for what stands.",
            )),
        }
    }

    /// The period that is asked for; nothing for the newest.
    pub(super) fn period(&self) -> Result<Option<NaiveDate>, Problem> {
        match self.period.as_deref().filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                Problem::field(
                    "/period",
                    "date",
                    "评价周期请写冻结日,如 2026-03-31。",
                    "The period is a freeze date such as 2026-03-31.",
                )
            }),
        }
    }
}

/// The federations that have published results, and the one that is meant: the first of them when none is named.
pub(super) async fn shown_federation(
    app: &App,
    asked: Option<String>,
) -> Result<(Vec<String>, String), Problem> {
    let mut with_results: Vec<String> = publications::list(app.store.reader(), None, None)
        .await?
        .into_iter()
        .filter(|one| one.state != PublicationState::Figures)
        .map(|one| one.federation)
        .collect();
    with_results.sort();
    with_results.dedup();
    let federation = asked
        .filter(|code| !code.is_empty())
        .or_else(|| with_results.first().cloned())
        .unwrap_or_default();
    Ok((with_results, federation))
}

struct RankView {
    rank: u32,
    name: String,
    /// What has become of it since, in a period that is history.
    now: Option<&'static str>,
    address: String,
    code: String,
    grade: String,
    score: String,
    change: String,
    employment: String,
    stability: String,
    satisfaction: String,
}

#[derive(Template)]
#[template(path = "rankings.html")]
struct RankingsPage {
    f: Frame,
    federations: Vec<(String, String, bool)>,
    federation: String,
    federation_name: String,
    periods: Vec<String>,
    period: String,
    period_words: String,
    policy: String,
    provisional: bool,
    /// A correction under notice beside what is shown: until when.
    correction: Option<String>,
    /// What the address of this view has behind its period.
    view: &'static str,
    run: String,
    rows: Vec<RankView>,
    unranked: Vec<(String, String, String)>,
}

pub(super) fn interval_words(f: &Frame, rate: Option<Rate>) -> String {
    match rate {
        None => f.t("样本不足,暂不公布", "too few, not shown").to_owned(),
        Some(rate) => format!(
            "{} {}{}–{}{}{}/{}",
            percent(rate.rate_ppm),
            f.t("(95% 区间 ", "(95% interval "),
            percent(rate.low_ppm),
            percent(rate.high_ppm),
            f.t("),", "), "),
            rate.observed,
            rate.n
        ),
    }
}

fn change_words(f: &Frame, row: &Ranked) -> String {
    match row.rank_before {
        None => f.t("首次参评", "first time").to_owned(),
        Some(before) if before > row.rank => {
            format!(
                "{}{}{}",
                f.t("上升 ", "up "),
                before - row.rank,
                f.t(" 名", "")
            )
        }
        Some(before) if before < row.rank => {
            format!(
                "{}{}{}",
                f.t("下降 ", "down "),
                row.rank - before,
                f.t(" 名", "")
            )
        }
        Some(_) => f.t("持平", "same").to_owned(),
    }
}

pub(super) fn unranked_words(f: &Frame, reason: &str) -> &'static str {
    f.lang().pick(
        match reason {
            "suspended" => "暂停中或退出公示中",
            "exited" => "已退出",
            "under_appeal" => "申诉中",
            "set_aside" => "定级已撤销,待更正",
            "new_under_a_year" => "新设不满一年",
            _ => "样本不足",
        },
        match reason {
            "suspended" => "suspended or leaving",
            "exited" => "has left",
            "under_appeal" => "under appeal",
            "set_aside" => "grade set aside, to be corrected",
            "new_under_a_year" => "admitted less than a year before",
            _ => "too few trainees",
        },
    )
}

pub(super) fn thousandths(milli: Option<u64>) -> Option<String> {
    let hundredths = rdiv(i128::from(milli?), 10);
    Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

async fn rankings(
    State(app): State<App>,
    visit: Visit,
    Query(form): Query<RankingForm>,
) -> Result<Response, Problem> {
    let period = form.period()?;
    let proposed = form.proposed()?;
    let (with_results, federation) = shown_federation(&app, form.federation).await?;
    let name = |code: &str| crate::institutions::profile::federation_name(&app, code);
    let title = visit.lang.pick("排名", "Rankings");
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"));
    let found = if federation.is_empty() {
        None
    } else {
        ranking(&app, &federation, period, proposed).await?
    };
    let mut view = RankingsPage {
        federations: with_results
            .iter()
            .map(|code| (code.clone(), name(code), *code == federation))
            .collect(),
        federation_name: name(&federation),
        federation,
        periods: Vec::new(),
        period: String::new(),
        period_words: String::new(),
        policy: String::new(),
        provisional: false,
        correction: None,
        view: if proposed { "&proposed=1" } else { "" },
        run: String::new(),
        rows: Vec::new(),
        unranked: Vec::new(),
        f,
    };
    if let Some(found) = found {
        let f = &view.f;
        view.rows = found
            .ranked
            .iter()
            .map(|row| RankView {
                rank: row.rank,
                now: row.state_now.as_deref().map(|state| match state {
                    "exited" => f.t("现已退出", "has left since"),
                    _ => f.t("现暂停中或退出公示中", "now suspended or leaving"),
                }),
                address: format!(
                    "/institutions/{}/score?period={}",
                    row.credit_code, found.period
                ),
                grade: match row.grade_mark.as_deref().map(str::parse::<Mark>) {
                    Some(Ok(mark)) => Standing {
                        grade: row.grade.clone(),
                        mark: Some(mark),
                    }
                    .words(f),
                    _ => grade_word(f.lang(), &row.grade),
                },
                change: change_words(f, row),
                employment: interval_words(f, row.employment),
                stability: interval_words(f, row.stability),
                satisfaction: thousandths(row.satisfaction_milli)
                    .unwrap_or_else(|| f.t("样本不足", "too few").to_owned()),
                name: row.name.clone(),
                code: row.credit_code.clone(),
                score: row.score.clone(),
            })
            .collect();
        view.unranked = found
            .unranked
            .iter()
            .map(|one| {
                let address = format!("/institutions/{}", one.credit_code);
                let mut words = unranked_words(f, &one.reason).to_owned();
                if let Some(grade) = &one.grade {
                    let old = f.t(",现行等级 ", "; grade in force: ");
                    words.push_str(&format!("{old}{}", grade_word(f.lang(), grade)));
                }
                (one.name.clone(), address, words)
            })
            .collect();
        view.period_words = crate::institutions::pages::day(f, &found.period);
        view.periods = found.periods;
        view.period = found.period;
        view.policy = found.policy;
        view.provisional = found.standing == "provisional";
        view.correction = found.proposed.map(|one| {
            let until = one.notice_until.as_deref();
            until.map_or_else(String::new, |day| crate::institutions::pages::day(f, day))
        });
        view.run = found.run;
    }
    page(StatusCode::OK, &view, Caching::Minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_rounded_half_up_to_one_decimal() {
        assert_eq!(
            [83_951, 64_950, 64_949, 100_000, 0].map(score_text),
            ["84.0", "65.0", "64.9", "100.0", "0.0"]
        );
        assert_eq!(percent(577_778), "57.8%");
    }
}
