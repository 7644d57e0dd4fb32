//! The past periods of an institution (trend): the grade that stands of each, and the published rates with their intervals.

use domain::grading::Indicator;
use serde::Serialize;
use serde_json::Value;
use store::grading::Whose;
use store::grading::publications::PublicationState;
use utoipa::ToSchema;
use uuid::Uuid;

use super::pages::{Rate, interval_words, rate, score_text, thousandths};
use super::periods::{Proposed, public_periods};
use super::standing::{Decided, Mark, Standing};
use super::{public, runs};
use crate::app::App;
use crate::frame::Frame;
use crate::problem::Problem;

/// What is public about one period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Period {
    /// The federation.
    pub(crate) federation: String,
    /// Freeze date.
    pub(crate) period: String,
    /// `provisional` during the notice, then `final`.
    pub(crate) standing: &'static str,
    /// A correction under notice beside it; `GET /api/v1/rankings` with `proposed=true` has its results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proposed: Option<Proposed>,
    /// The run.
    pub(crate) run: String,
    /// The policy.
    pub(crate) policy: String,
    /// Grade that stands.
    pub(crate) grade: String,
    /// Why it is not simply the one of the run: `under_appeal`, `set_aside`, `varied`, `held`, `kept`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grade_mark: Option<String>,
    /// Grade that the run computed.
    pub(crate) computed_grade: String,
    /// Grade before.
    pub(crate) previous_grade: Option<String>,
    /// Milli-points.
    pub(crate) composite_milli: Option<u32>,
    /// Employment conversion, raw; none where it is protected.
    pub(crate) employment: Option<Rate>,
    /// Stability at six months.
    pub(crate) stability: Option<Rate>,
    /// Completion.
    pub(crate) completion: Option<Rate>,
    /// Adjusted satisfaction in thousandths of a point.
    pub(crate) satisfaction_milli: Option<u64>,
    /// The entry of R as the public sees it, with the counts of those left out.
    #[schema(value_type = Object)]
    pub(crate) entry: Value,
}

/// The periods of an institution that are public, of each federation the newest first.
pub(crate) async fn of(app: &App, institution: Uuid) -> Result<Vec<Period>, Problem> {
    let reader = app.store.reader();
    let mut periods = Vec::new();
    for one in store::grading::called(reader, Whose::Institution(institution)).await? {
        for shown in public_periods(reader, &one.federation).await? {
            let publication = shown.stands;
            let rows = public::of_federation(reader, &publication, &app.evidence).await?;
            let found = rows
                .into_iter()
                .find(|(row, _)| row.admission.uuid() == one.admission_id);
            let Some((row, entry)) = found else { continue };
            let decided = Decided::of(reader, &publication).await?;
            let standing = decided.standing(&publication, &row, &one);
            let (run, _) = runs::find(app, publication.run).await?;
            let sat = &entry["indicators"]["SAT"];
            periods.push(Period {
                federation: one.federation.clone(),
                period: publication.freeze_on.to_string(),
                standing: match publication.state {
                    PublicationState::Published => "final",
                    _ => "provisional",
                },
                proposed: shown.proposed.as_ref().map(Proposed::of),
                run: run.id.to_string(),
                policy: run.policy,
                grade: standing.grade,
                grade_mark: standing.mark.map(|mark| mark.to_string()),
                computed_grade: row.grade,
                previous_grade: row.previous_grade,
                composite_milli: row.composite_milli,
                employment: rate(&entry, Indicator::Emp),
                stability: rate(&entry, Indicator::Stb6),
                completion: rate(&entry, Indicator::Cmp),
                satisfaction_milli: sat["adjusted_milli"]
                    .as_u64()
                    .or_else(|| sat["adjusted"].as_u64()),
                entry,
            });
        }
    }
    Ok(periods)
}

/// A period in words.
pub(crate) struct TrendLine {
    pub(crate) period: String,
    pub(crate) grade: String,
    pub(crate) score: String,
    pub(crate) employment: String,
    pub(crate) stability: String,
    pub(crate) completion: String,
    pub(crate) satisfaction: String,
    /// What the whole list shows, in one sentence.
    pub(crate) finding: String,
}

/// The periods in words.
pub(crate) fn lines(app: &App, f: &Frame, periods: &[Period]) -> Vec<TrendLine> {
    let several = periods
        .iter()
        .any(|one| Some(&one.federation) != periods.first().map(|one| &one.federation));
    periods
        .iter()
        .map(|one| TrendLine {
            period: {
                let day = crate::institutions::pages::day(f, &one.period);
                if several {
                    let name = crate::institutions::profile::federation_name(app, &one.federation);
                    format!("{day} {name}")
                } else {
                    day
                }
            },
            grade: Standing {
                grade: one.grade.clone(),
                mark: one
                    .grade_mark
                    .as_deref()
                    .and_then(|mark| mark.parse::<Mark>().ok()),
            }
            .words(f),
            score: one
                .composite_milli
                .map_or_else(|| "-".to_owned(), score_text),
            employment: interval_words(f, one.employment),
            stability: interval_words(f, one.stability),
            completion: interval_words(f, one.completion),
            satisfaction: thousandths(one.satisfaction_milli)
                .unwrap_or_else(|| f.t("样本不足", "too few").to_owned()),
            finding: finding(f, periods),
        })
        .collect()
}

/// Whether conversion moved between the two newest periods by more than chance.
fn finding(f: &Frame, periods: &[Period]) -> String {
    let (Some(now), Some(before)) = (periods.first(), periods.get(1)) else {
        return f
            .t(
                "目前只有一期结果,还没有趋势。",
                "There is one period only and no trend yet.",
            )
            .to_owned();
    };
    if now.federation != before.federation {
        return f
            .t(
                "各省结果分别列出。",
                "Results of each province stand by themselves.",
            )
            .to_owned();
    }
    match (now.employment, before.employment) {
        (Some(now), Some(before)) => {
            let differs = domain::statistics::differ(&now.interval(), &before.interval());
            let words = match (differs, now.rate_ppm >= before.rate_ppm) {
                (false, _) => (
                    "与上期相比,就业转化率的变化不显著。",
                    "Conversion did not change significantly since the period before.",
                ),
                (true, true) => (
                    "与上期相比,就业转化率显著上升。",
                    "Conversion rose significantly since the period before.",
                ),
                (true, false) => (
                    "与上期相比,就业转化率显著下降。",
                    "Conversion fell significantly since the period before.",
                ),
            };
            f.t(words.0, words.1).to_owned()
        }
        _ => f
            .t(
                "样本不足,不能比较两期的就业转化率。",
                "Too few to compare the conversion of two periods.",
            )
            .to_owned(),
    }
}
