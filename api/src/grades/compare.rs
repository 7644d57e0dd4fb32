//! Institutions of one federation side by side, for anybody: a page and its JSON (pages.md 6.2).

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::grading::Indicator;
use domain::statistics::differ;
use serde::Serialize;
use store::grading::Whose;
use store::grading::publications::PublicationState;
use utoipa::ToSchema;

use super::pages::{Rate, interval_words, rate, score_text};
use super::periods::public_periods;
use super::public;
use super::standing::{Decided, Mark, Standing};
use crate::app::App;
use crate::frame::{Brand, Caching, Frame, Visit, page};
use crate::problem::Problem;

/// Fewest and most institutions side by side.
const SIDE_BY_SIDE: std::ops::RangeInclusive<usize> = 2..=6;

/// One institution of a comparison.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Column {
    /// Name.
    pub(crate) name: String,
    /// Credit code.
    pub(crate) credit_code: String,
    /// Grade that stands.
    pub(crate) grade: String,
    /// Why it is not simply the one of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grade_mark: Option<String>,
    /// Milli-points.
    pub(crate) composite_milli: Option<u32>,
    /// Employment conversion, raw; none where it is protected.
    pub(crate) employment: Option<Rate>,
    /// Stability at six months.
    pub(crate) stability: Option<Rate>,
    /// Completion.
    pub(crate) completion: Option<Rate>,
}

/// Two of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Pair {
    /// Credit codes.
    pub(crate) codes: [String; 2],
    /// `different`, `not_significant`, `too_few`: whether conversion differs at 95 %.
    pub(crate) conversion: &'static str,
}

/// A comparison.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// The federation.
    pub(crate) federation: String,
    /// Freeze date.
    pub(crate) period: String,
    /// The run.
    pub(crate) run: String,
    /// Whether the notice of the results still runs.
    #[serde(skip)]
    pub(crate) provisional: bool,
    /// The institutions, by credit code.
    pub(crate) institutions: Vec<Column>,
    /// Every two of them.
    pub(crate) pairs: Vec<Pair>,
}

/// Compares what a query asks for: `federation`, `period`, and `code` two to six times.
pub(crate) async fn compare(app: &App, query: Option<&str>) -> Result<Comparison, Problem> {
    let asked: Vec<(String, String)> =
        serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
    let get = |name: &str| {
        let found = asked.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let mut codes: Vec<&str> = asked
        .iter()
        .filter(|(key, _)| key == "code")
        .map(|(_, value)| value.as_str())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    if !SIDE_BY_SIDE.contains(&codes.len()) {
        return Err(Problem::field(
            "/code",
            "range",
            "请在同一省的排名中选 2 至 6 家机构比较。",
            "Choose 2 to 6 institutions of one province to compare.",
        ));
    }
    let federation = get("federation").unwrap_or_default();
    let period = get("period").and_then(|text| text.parse().ok());
    let reader = app.store.reader();
    let all = public_periods(reader, &federation).await?;
    let mut all = all.iter().map(|one| &one.stands);
    let publication = match period {
        Some(period) => all.find(|one| one.freeze_on == period),
        None => all.next(),
    };
    let publication = publication.ok_or_else(Problem::not_found)?;
    let rows = public::of_federation(reader, publication, &app.evidence).await?;
    let called = store::grading::called(reader, Whose::Federation(&federation)).await?;
    let decided = Decided::of(reader, publication).await?;
    let mut institutions = Vec::with_capacity(codes.len());
    for code in codes {
        let one = called
            .iter()
            .find(|one| one.credit_code == code)
            .ok_or_else(Problem::not_found)?;
        let (row, entry) = rows
            .iter()
            .find(|(row, _)| row.admission.uuid() == one.admission_id)
            .ok_or_else(Problem::not_found)?;
        let standing = decided.standing(publication, row, one);
        institutions.push(Column {
            name: one.name.clone(),
            credit_code: code.to_owned(),
            grade: standing.grade,
            grade_mark: standing.mark.map(|mark| mark.to_string()),
            composite_milli: row.composite_milli,
            employment: rate(entry, Indicator::Emp),
            stability: rate(entry, Indicator::Stb6),
            completion: rate(entry, Indicator::Cmp),
        });
    }
    let mut pairs = Vec::new();
    for (at, one) in institutions.iter().enumerate() {
        for two in &institutions[at + 1..] {
            pairs.push(Pair {
                codes: [one.credit_code.clone(), two.credit_code.clone()],
                conversion: match (one.employment, two.employment) {
                    (Some(one), Some(two)) if differ(&one.interval(), &two.interval()) => {
                        "different"
                    }
                    (Some(_), Some(_)) => "not_significant",
                    _ => "too_few",
                },
            });
        }
    }
    Ok(Comparison {
        period: publication.freeze_on.to_string(),
        run: publication.run.to_string(),
        provisional: publication.state != PublicationState::Published,
        federation,
        institutions,
        pairs,
    })
}

/// Whether conversion differs, in words.
pub(super) fn conversion_words(f: &Frame, conversion: &str) -> &'static str {
    let (zh, en) = match conversion {
        "different" => ("差异显著", "significantly different"),
        "not_significant" => ("差异不显著", "difference not significant"),
        _ => ("样本不足,不能比较", "too few to compare"),
    };
    f.lang().pick(zh, en)
}

struct Compared {
    name: String,
    address: String,
    grade: String,
    score: String,
    employment: String,
    stability: String,
    completion: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    f: Frame,
    period: String,
    columns: Vec<Compared>,
    pairs: Vec<(String, String, &'static str)>,
    json: String,
    /// The query again, for the files.
    query: String,
}

pub(super) async fn page_of(
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let found = compare(&app, query.as_deref()).await?;
    let title = visit.lang.pick("机构比较", "Comparison");
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/rankings", visit.lang.pick("排名", "Rankings"));
    let name = |code: &str| {
        let one = found
            .institutions
            .iter()
            .find(|one| one.credit_code == code);
        one.map_or_else(|| code.to_owned(), |one| one.name.clone())
    };
    let view = ComparePage {
        period: crate::institutions::pages::day(&f, &found.period),
        columns: found
            .institutions
            .iter()
            .map(|one| Compared {
                name: one.name.clone(),
                address: format!(
                    "/institutions/{}/score?period={}",
                    one.credit_code, found.period
                ),
                grade: Standing {
                    grade: one.grade.clone(),
                    mark: one
                        .grade_mark
                        .as_deref()
                        .and_then(|mark| mark.parse::<Mark>().ok()),
                }
                .words(&f),
                score: one
                    .composite_milli
                    .map_or_else(|| "-".to_owned(), score_text),
                employment: interval_words(&f, one.employment),
                stability: interval_words(&f, one.stability),
                completion: interval_words(&f, one.completion),
            })
            .collect(),
        pairs: found
            .pairs
            .iter()
            .map(|pair| {
                let words = conversion_words(&f, pair.conversion);
                (name(&pair.codes[0]), name(&pair.codes[1]), words)
            })
            .collect(),
        json: format!(
            "/api/v1/rankings/compare?{}",
            query.as_deref().unwrap_or_default()
        ),
        query: visit.query.clone(),
        f,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}
