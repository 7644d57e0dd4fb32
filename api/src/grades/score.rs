//! `/institutions/{code}/score`: the arithmetic of a grade, line by line.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::grading::Indicator;
use domain::rdiv;
use serde::Deserialize;
use serde_json::Value;
use store::grading::publications::{Publication, PublicationState};
use store::grading::{ResultRow, Whose};
use uuid::Uuid;

use super::pages::{percent, score_text, thousandths};
use super::periods::{Shown, public_periods};
use super::standing::Decided;
use super::trend::{self, TrendLine};
use super::{counts, public, runs};
use crate::app::App;
use crate::extract::{Path, Query};
use crate::frame::{Brand, Caching, Frame, Visit, page};
use crate::institutions::pages::grade_word;
use crate::problem::Problem;

/// A line of the arithmetic.
pub(crate) struct Line {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) raw: String,
    pub(crate) expected: String,
    pub(crate) adjusted: String,
    pub(crate) weight: u32,
    pub(crate) points: String,
    pub(crate) product: String,
}

/// What is public about one grade.
pub(crate) struct ScoreView {
    pub(crate) federation: String,
    pub(crate) period: String,
    pub(crate) policy: String,
    pub(crate) run: String,
    /// The grade that stands.
    pub(crate) grade: String,
    /// The grade that the run computed, where another one stands.
    pub(crate) computed: Option<String>,
    pub(crate) previous: String,
    pub(crate) composite: String,
    pub(crate) sum: String,
    /// Why figures of the survey are not told.
    pub(crate) withheld: Option<String>,
    pub(crate) lines: Vec<Line>,
    pub(crate) reasons: Vec<&'static str>,
    pub(crate) next: Option<String>,
    pub(crate) provisional: bool,
    /// It is a correction under notice beside what stands.
    pub(crate) correction: bool,
    /// Whom the run left out, and the kinds of work, as counts.
    pub(crate) counts: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "score.html")]
struct ScorePage {
    f: Frame,
    name: String,
    code: String,
    scores: Vec<ScoreView>,
    trend: Vec<TrendLine>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoreForm {
    period: Option<String>,
}

pub(super) async fn score(
    State(app): State<App>,
    visit: Visit,
    Path(code): Path<String>,
    Query(form): Query<ScoreForm>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let institution = store::institutions::by_credit_code(reader, &code)
        .await?
        .ok_or_else(Problem::not_found)?;
    let title = format!(
        "{}{}",
        visit.lang.pick("评分依据:", "How it was graded: "),
        institution.name
    );
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/rankings", visit.lang.pick("排名", "Rankings"));
    let scores = scores(&app, &f, institution.id.uuid(), form.period.as_deref()).await?;
    let past = trend::of(&app, institution.id.uuid()).await?;
    let view = ScorePage {
        trend: trend::lines(&app, &f, &past),
        name: institution.name,
        code: institution.credit_code,
        scores,
        f,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

/// The scores that are public about an institution: of a period, or the newest of each of its federations.
pub(crate) async fn scores(
    app: &App,
    f: &Frame,
    institution: Uuid,
    period: Option<&str>,
) -> Result<Vec<ScoreView>, Problem> {
    let reader = app.store.reader();
    let mut scores = Vec::new();
    for one in store::grading::called(reader, Whose::Institution(institution)).await? {
        let wanted = period.filter(|text| !text.is_empty());
        let periods = public_periods(reader, &one.federation).await?;
        let chosen = match wanted {
            None => periods.into_iter().next(),
            Some(period) => periods
                .into_iter()
                .find(|one| one.stands.freeze_on.to_string() == period),
        };
        // What stands, and a correction under notice beside it.
        let Some(Shown { stands, proposed }) = chosen else {
            continue;
        };
        for (publication, correction) in
            std::iter::once((stands, false)).chain(proposed.map(|correction| (correction, true)))
        {
            let rows = public::of_federation(reader, &publication, &app.evidence).await?;
            let found = rows
                .into_iter()
                .find(|(row, _)| row.admission.uuid() == one.admission_id);
            if let Some((row, entry)) = found {
                let mut view = score_view(app, f, &publication, &row, &entry).await?;
                let decided = Decided::of(reader, &publication).await?;
                let standing = decided.standing(&publication, &row, &one);
                if standing.mark.is_some() {
                    // What the run computed stays on the page: its arithmetic leads to that grade, not to the one in force.
                    view.computed = Some(view.grade);
                    view.grade = standing.words(f);
                    view.next = None;
                }
                view.correction = correction;
                scores.push(view);
            }
        }
    }
    Ok(scores)
}

/// The arithmetic of one result.
pub(super) async fn score_view(
    app: &App,
    f: &Frame,
    publication: &Publication,
    row: &ResultRow,
    entry: &Value,
) -> Result<ScoreView, Problem> {
    let (run, _) = runs::find(app, publication.run).await?;
    let policy = runs::policy_of(&run)?.policy;
    let mut lines = Vec::new();
    let mut sum = Vec::new();
    for &indicator in Indicator::ALL {
        let figures = &entry["indicators"][indicator.as_str()];
        let weight = policy.weight(indicator);
        let points = figures["points_milli"].as_i64();
        let available = figures["available"] != false && points.is_some();
        let few = f.t("样本不足,暂不公布", "too few, not shown").to_owned();
        let number = |name: &str| figures[name].as_i64();
        let unit = |value: i64| match indicator {
            Indicator::Sat => thousandths(u64::try_from(value).ok()).unwrap_or_default(),
            _ => u32::try_from(value).map(percent).unwrap_or_default(),
        };
        let raw = match (indicator, number("observed"), number("n")) {
            (Indicator::Tpa, _, _) => "-".to_owned(),
            (Indicator::Sat, _, Some(n)) => format!(
                "{} ({} {n}/{})",
                number("mean_milli").map(unit).unwrap_or_default(),
                f.t("答卷", "responses"),
                number("invited").unwrap_or(0)
            ),
            (_, Some(observed), Some(n)) => format!(
                "{observed}/{n} = {}",
                number("raw_ppm").map(unit).unwrap_or_default()
            ),
            _ => few.clone(),
        };
        let adjusted = number("adjusted_ppm")
            .or_else(|| number("adjusted_milli"))
            .or_else(|| figures["adjusted"].as_i64());
        if let Some(points) = points.filter(|_| available && weight > 0) {
            sum.push((weight, points));
        }
        lines.push(Line {
            code: indicator.as_str(),
            name: f.lang().pick(indicator.zh(), indicator.en()),
            raw,
            expected: number("expected_ppm_persons").map_or_else(|| "-".to_owned(), people),
            adjusted: match indicator {
                Indicator::Tpa => match points {
                    Some(points) => (points / 1_000).to_string(),
                    None => f.t("未评估", "not assessed").to_owned(),
                },
                _ => adjusted.map_or(few, unit),
            },
            weight,
            points: points.map_or_else(|| "-".to_owned(), |points| points.to_string()),
            product: points.filter(|_| available).map_or_else(
                || "-".to_owned(),
                |points| (i64::from(weight) * points).to_string(),
            ),
        });
    }
    let [a, b, c] = policy.thresholds();
    let next = match row.grade.as_str() {
        "B" => Some(a),
        "C" => Some(b),
        "D" => Some(c),
        _ => None,
    };
    let composite = row.composite_milli;
    let available = entry["weight_available"].as_i64().unwrap_or(0);
    let mut terms: Vec<String> = sum.iter().map(|(w, p)| format!("{w}×{p}")).collect();
    // Points that count and are not shown stay a term, or the sum would not be the composite.
    let weights: i64 = sum.iter().map(|(w, _)| i64::from(*w)).sum();
    if weights < available {
        let word = f.t("(不公布)", "(not shown)");
        terms.push(format!("{}×{word}", available - weights));
    }
    Ok(ScoreView {
        federation: crate::institutions::profile::federation_name(app, &publication.federation),
        period: f.date(publication.freeze_on),
        policy: run.policy,
        run: run.id.to_string(),
        grade: grade_word(f.lang(), &row.grade),
        computed: None,
        previous: row
            .previous_grade
            .as_deref()
            .map_or_else(|| "-".to_owned(), |grade| grade_word(f.lang(), grade)),
        composite: composite.map_or_else(|| "-".to_owned(), score_text),
        sum: composite.map_or_else(String::new, |milli| {
            format!("({}) ÷ {available} = {milli}", terms.join(" + "))
        }),
        withheld: entry["indicators"]["SAT"][f.lang().pick("detail_zh", "detail_en")]
            .as_str()
            .map(str::to_owned),
        reasons: entry["reasons"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|code| code.as_str()?.parse::<domain::grading::Reason>().ok())
            .map(|reason| f.lang().pick(reason.zh(), reason.en()))
            .collect(),
        next: next.zip(composite).map(|(limit, have)| {
            let missing = (limit + policy.hysteresis()).saturating_sub(have);
            format!(
                "{} {}",
                f.t("距离高一级还差", "missing to the next better grade:"),
                score_text(missing)
            )
        }),
        provisional: publication.state != PublicationState::Published,
        correction: false,
        counts: match entry.get("counts") {
            Some(shown) => {
                let shown = serde_json::from_value(shown.clone()).map_err(Problem::internal)?;
                counts::lines(f, &shown)
            }
            // An institution sees its own, small ones kept back like elsewhere.
            None => public::counts_of(row)?.map_or_else(Vec::new, |counts| {
                counts::lines(f, &counts.public(true, &[], app.evidence.display))
            }),
        },
        lines,
    })
}

/// Expected successes: ppm-persons as people to two decimals.
fn people(ppm_persons: i64) -> String {
    let hundredths = rdiv(i128::from(ppm_persons.max(0)), 10_000);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_people_have_two_decimals() {
        assert_eq!(people(14_400_000), "14.40");
        assert_eq!(people(-1), "0.00");
    }
}
