//! Rankings and comparisons as files: every line of the page with its raw numbers; method, period and standing are told on
//! the sheet of explanations (pages.md 1 and 3.7).

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;

use super::compare;
use super::pages::{Ranked, RankingForm, Rate, ranking, shown_federation, unranked_words};
use super::{provinces, runs};
use crate::app::App;
use crate::exports::{self, Cell, Column, Form, Table};
use crate::extract::Query;
use crate::frame::{Brand, Frame, Visit, both};
use crate::institutions::profile::federation_name;
use crate::problem::Problem;

pub(super) fn routes() -> Router<App> {
    let mut router = both(Router::new(), "/rankings.csv", get(ranked::<false>));
    router = both(router, "/rankings.xlsx", get(ranked::<true>));
    router = both(router, "/rankings/compare.csv", get(compared::<false>));
    router = both(router, "/rankings/compare.xlsx", get(compared::<true>));
    router = both(
        router,
        "/rankings/provinces.csv",
        get(of_provinces::<false>),
    );
    both(
        router,
        "/rankings/provinces.xlsx",
        get(of_provinces::<true>),
    )
}

const fn form(workbook: bool) -> Form {
    if workbook { Form::Xlsx } else { Form::Csv }
}

/// Successes, people, and the rate with its bounds in ppm; nothing where it is protected.
fn cells(rate: Option<Rate>) -> [Cell; 5] {
    match rate {
        None => [const { Cell::Empty }; 5],
        Some(one) => [one.observed, one.n, one.rate_ppm, one.low_ppm, one.high_ppm]
            .map(|number| Cell::Number(number.into())),
    }
}

/// What each of these files says of its period.
struct Of<'a> {
    federation: Option<&'a str>,
    period: &'a str,
    policy: &'a str,
    run: &'a str,
    provisional: bool,
}

fn notes(app: &App, f: &Frame, of: &Of<'_>) -> Vec<(&'static str, String)> {
    let t = |zh, en| f.lang().pick(zh, en);
    let mut notes = Vec::new();
    if let Some(code) = of.federation {
        notes.push((t("残联", "Federation"), federation_name(app, code)));
    }
    notes.extend([
        (t("数据截止日", "Data up to"), of.period.to_owned()),
        (t("评价方法(版本)", "Method (version)"), of.policy.to_owned()),
        (
            t("结果状态", "Standing"),
            if of.provisional {
                t("公示中,尚未定", "in its notice period, not final").to_owned()
            } else {
                t("正式结果", "final").to_owned()
            },
        ),
        (
            t("可复算的数据", "Data to compute it again"),
            format!(
                "{}/api/v1/grading-runs/{}/public.json",
                app.config.public_url, of.run
            ),
        ),
        (
            t("说明", "Notes"),
            t(
                "名次只在省内排列,按学员残疾类别和程度调整后的综合分;分数相同名次相同。比率未经调整,单位为百万分之一(ppm),区间为 95% 区间。空格表示样本不足,暂不公布。",
                "Ranks are within the province, by a composite adjusted for the trainees' kind and degree of disability; equal scores share a rank. Rates are raw, in parts per million, with 95% intervals. An empty cell is too few, not shown.",
            )
            .to_owned(),
        ),
    ]);
    notes
}

const RANKED: &[Column] = &[
    Column("rank", "名次"),
    Column("name", "机构名称"),
    Column("credit_code", "统一社会信用代码"),
    Column("grade", "等级"),
    Column("grade_mark", "等级说明"),
    Column("score_tenths", "综合分(0.1 分)"),
    Column("rank_before", "上期名次"),
    Column("employment_observed", "就业人数"),
    Column("employment_n", "就业统计人数"),
    Column("employment_ppm", "就业转化率(ppm)"),
    Column("employment_low_ppm", "就业转化率区间下限(ppm)"),
    Column("employment_high_ppm", "就业转化率区间上限(ppm)"),
    Column("stability_observed", "六个月稳定人数"),
    Column("stability_n", "六个月稳定统计人数"),
    Column("stability_ppm", "六个月稳定率(ppm)"),
    Column("stability_low_ppm", "六个月稳定率区间下限(ppm)"),
    Column("stability_high_ppm", "六个月稳定率区间上限(ppm)"),
    Column("satisfaction_milli", "满意度,调整后(0.001 分)"),
    Column("state_now", "机构现状"),
    Column("not_ranked", "未参加排名的原因"),
];

fn tenths(score: &str) -> Cell {
    let number = score.replace('.', "").parse();
    number.map_or(Cell::Empty, Cell::Number)
}

fn ranked_row(one: Ranked) -> Vec<Cell> {
    let mut row = vec![
        Cell::Number(one.rank.into()),
        one.name.into(),
        one.credit_code.into(),
        one.grade.into(),
        one.grade_mark.into(),
        tenths(&one.score),
        one.rank_before
            .map_or(Cell::Empty, |rank| Cell::Number(rank.into())),
    ];
    row.extend(cells(one.employment));
    row.extend(cells(one.stability));
    row.push(one.satisfaction_milli.map_or(Cell::Empty, Cell::Number));
    row.push(one.state_now.into());
    row.push(Cell::Empty);
    row
}

async fn ranked<const WORKBOOK: bool>(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<RankingForm>,
) -> Result<Response, Problem> {
    let f = Frame::new(&app, &visit, Brand::Registry, "");
    let period = asked.period()?;
    let proposed = asked.proposed()?;
    let (_, federation) = shown_federation(&app, asked.federation).await?;
    let found = ranking(&app, &federation, period, proposed)
        .await?
        .ok_or_else(Problem::not_found)?;
    let notes = notes(
        &app,
        &f,
        &Of {
            federation: Some(&federation),
            period: &found.period,
            policy: &found.policy,
            run: &found.run,
            provisional: found.standing == "provisional",
        },
    );
    let mut rows: Vec<Vec<Cell>> = found.ranked.into_iter().map(ranked_row).collect();
    for one in found.unranked {
        let mut row = vec![Cell::Empty; RANKED.len()];
        row[1] = one.name.into();
        row[2] = one.credit_code.into();
        row[3] = one.grade.into();
        row[RANKED.len() - 1] = unranked_words(&f, &one.reason).into();
        rows.push(row);
    }
    let table = Table {
        name: "rankings",
        title: f.lang().pick("机构排名", "Rankings"),
        columns: RANKED,
        rows,
        source: "/rankings".to_owned(),
        filter: format!("federation={federation}&period={}", found.period),
        personal: false,
        lang: visit.lang,
    };
    exports::answer_noted(&app, table, form(WORKBOOK), notes).await
}

const COMPARED: &[Column] = &[
    Column("name", "机构名称"),
    Column("credit_code", "统一社会信用代码"),
    Column("grade", "等级"),
    Column("grade_mark", "等级说明"),
    Column("composite_milli", "综合分(0.001 分)"),
    Column("employment_observed", "就业人数"),
    Column("employment_n", "就业统计人数"),
    Column("employment_ppm", "就业转化率(ppm)"),
    Column("employment_low_ppm", "就业转化率区间下限(ppm)"),
    Column("employment_high_ppm", "就业转化率区间上限(ppm)"),
    Column("stability_observed", "六个月稳定人数"),
    Column("stability_n", "六个月稳定统计人数"),
    Column("stability_ppm", "六个月稳定率(ppm)"),
    Column("stability_low_ppm", "六个月稳定率区间下限(ppm)"),
    Column("stability_high_ppm", "六个月稳定率区间上限(ppm)"),
    Column("completion_observed", "结业人数"),
    Column("completion_n", "结业统计人数"),
    Column("completion_ppm", "结业率(ppm)"),
    Column("completion_low_ppm", "结业率区间下限(ppm)"),
    Column("completion_high_ppm", "结业率区间上限(ppm)"),
    Column("conversion_against", "就业转化率与其他机构相比"),
];

async fn compared<const WORKBOOK: bool>(
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let f = Frame::new(&app, &visit, Brand::Registry, "");
    let found = compare::compare(&app, query.as_deref()).await?;
    let run = found.run.parse().map_err(Problem::internal)?;
    let (run, _) = runs::find(&app, run).await?;
    let notes = notes(
        &app,
        &f,
        &Of {
            federation: Some(&found.federation),
            period: &found.period,
            policy: &run.policy,
            run: &found.run,
            provisional: found.provisional,
        },
    );
    let name = |code: &str| {
        let mut all = found.institutions.iter();
        all.find(|one| one.credit_code == code)
            .map_or_else(String::new, |one| one.name.clone())
    };
    let against = |code: &str| {
        let pairs = found.pairs.iter().filter_map(|pair| {
            let other = match &pair.codes {
                [one, two] if one == code => two,
                [one, two] if two == code => one,
                _ => return None,
            };
            let words = compare::conversion_words(&f, pair.conversion);
            Some(format!("{}{}{words}", name(other), f.t(":", ": ")))
        });
        pairs.collect::<Vec<_>>().join(f.t(";", "; "))
    };
    let rows = found
        .institutions
        .iter()
        .map(|one| {
            let composite = one.composite_milli;
            let mut row = vec![
                one.name.clone().into(),
                one.credit_code.clone().into(),
                one.grade.clone().into(),
                one.grade_mark.clone().into(),
                composite.map_or(Cell::Empty, |milli| Cell::Number(milli.into())),
            ];
            row.extend(cells(one.employment));
            row.extend(cells(one.stability));
            row.extend(cells(one.completion));
            row.push(against(&one.credit_code).into());
            row
        })
        .collect();
    let codes: Vec<String> = found
        .institutions
        .iter()
        .map(|one| format!("code={}", one.credit_code))
        .collect();
    let filter = format!(
        "federation={}&period={}&{}",
        found.federation,
        found.period,
        codes.join("&")
    );
    let table = Table {
        name: "comparison",
        title: f.lang().pick("机构比较", "Comparison"),
        columns: COMPARED,
        rows,
        source: "/rankings/compare".to_owned(),
        filter,
        personal: false,
        lang: visit.lang,
    };
    exports::answer_noted(&app, table, form(WORKBOOK), notes).await
}

const PROVINCES: &[Column] = &[
    Column("federation", "残联代码"),
    Column("name", "残联"),
    Column("grades", "各等级机构数"),
    Column("employment_n", "就业统计人数"),
    Column("employment_ppm", "就业转化率(ppm)"),
    Column("employment_low_ppm", "就业转化率区间下限(ppm)"),
    Column("employment_high_ppm", "就业转化率区间上限(ppm)"),
];

async fn of_provinces<const WORKBOOK: bool>(
    State(app): State<App>,
    visit: Visit,
) -> Result<Response, Problem> {
    let f = Frame::new(&app, &visit, Brand::Registry, "");
    let found = provinces::newest(&app)
        .await?
        .ok_or_else(Problem::not_found)?;
    let mut notes = notes(
        &app,
        &f,
        &Of {
            federation: None,
            period: &found.period,
            policy: &found.policy,
            run: &found.run,
            provisional: found.standing == "provisional",
        },
    );
    notes.push((
        f.lang().pick("通报编号", "Bulletin"),
        found.bulletin.clone(),
    ));
    let number = |number: u32| Cell::Number(number.into());
    let rows = found
        .provinces
        .into_iter()
        .map(|one| {
            let mut row = vec![
                one.federation.into(),
                one.name.into(),
                one.grades.into(),
                one.people.map_or(Cell::Empty, number),
            ];
            row.extend(match one.employment_ppm {
                None => [const { Cell::Empty }; 3],
                Some(ppm) => ppm.map(number),
            });
            row
        })
        .collect();
    let table = Table {
        name: "provinces",
        title: f.lang().pick("各省比较", "Comparison of provinces"),
        columns: PROVINCES,
        rows,
        source: "/rankings/provinces".to_owned(),
        filter: format!("period={}", found.period),
        personal: false,
        lang: visit.lang,
    };
    exports::answer_noted(&app, table, form(WORKBOOK), notes).await
}
