//! The body of a bulletin, made from a frozen run and from nothing else, so that its figures recompute.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::bulletin::BulletinKind;
use domain::policy::EvidencePolicy;
use domain::rdiv;
use domain::statistics::{Display, wilson};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::ConnectionTrait;
use store::grading::Whose;
use store::grading::publications::{self, Publication};
use store::grading::{Run, results};

use crate::app::App;
use crate::grades::public;
use crate::grades::standing::{Decided, Mark, Standing};
use crate::problem::Problem;

/// What a bulletin says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The run, whose public table holds the same figures.
    pub run: String,
    /// Policy.
    pub policy: String,
    /// SHA-256 of the evidence, hexadecimal.
    pub evidence_sha256: String,
    /// Freeze date.
    pub freeze_on: String,
    /// Rows.
    pub rows: Vec<BodyRow>,
}

/// One row: an institution, or a province.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyRow {
    /// Rank, where there is one.
    pub rank: Option<u32>,
    /// Name.
    pub name: String,
    /// Credit code of an institution, code of a federation.
    pub code: String,
    /// Grade of an institution; numbers of institutions by grade of a province.
    pub grade: String,
    /// Composite in milli-points of an institution.
    pub composite_milli: Option<u32>,
    /// Employment conversion in ppm with the bounds of its interval, where it may be shown.
    pub employment: Option<[u32; 3]>,
    /// People in its denominator.
    pub people: Option<u32>,
    /// Why the grade is not simply the one of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

/// Builds the body of a kind.
pub(super) async fn body(
    app: &App,
    db: &impl ConnectionTrait,
    kind: BulletinKind,
    federation: &str,
    run: &Run,
) -> Result<Body, Problem> {
    let freeze = store::grading::freeze(db, run.freeze)
        .await?
        .ok_or_else(|| Problem::internal("a run without evidence"))?;
    let rows = if kind == BulletinKind::Provinces {
        provinces(app, db, run, freeze.freeze_on).await?
    } else {
        let all = publications::list(db, Some(federation), None).await?;
        let publication = all
                .iter()
                .find(|one| one.run == run.id && one.federation == federation)
                .ok_or_else(|| {
                    Problem::field(
                        "/run",
                        "no-results",
                        "这次评级在本省的结果还没有交机构核对,不能起草通报。",
                        "The results of this run have not been told to the institutions of this federation yet.",
                    )
                })?;
        institutions(db, kind, publication, &app.evidence).await?
    };
    Ok(Body {
        run: run.id.to_string(),
        policy: run.policy.clone(),
        evidence_sha256: data_encoding::HEXLOWER.encode(&freeze.evidence_sha256),
        freeze_on: freeze.freeze_on.to_string(),
        rows,
    })
}

async fn institutions(
    db: &impl ConnectionTrait,
    kind: BulletinKind,
    publication: &Publication,
    policy: &EvidencePolicy,
) -> Result<Vec<BodyRow>, Problem> {
    let called = store::grading::called(db, Whose::Federation(&publication.federation)).await?;
    let decided = Decided::of(db, publication).await?;
    let mut rows = Vec::new();
    for (row, entry) in public::of_federation(db, publication, policy).await? {
        let Some(one) = called
            .iter()
            .find(|one| one.admission_id == row.admission.uuid())
        else {
            continue;
        };
        let standing = decided.standing(publication, &row, one);
        let unranked = matches!(standing.mark, Some(Mark::UnderAppeal | Mark::SetAside));
        if kind == BulletinKind::Ranking && (row.rank.is_none() || unranked) {
            continue;
        }
        let figures = &entry["indicators"]["EMP"];
        let number = |name: &str| u32::try_from(figures[name].as_u64()?).ok();
        let people = number("n");
        let interval = number("observed")
            .zip(people)
            .and_then(|(o, n)| wilson(o, n));
        rows.push(BodyRow {
            rank: row.rank,
            name: one.name.clone(),
            code: one.credit_code.clone(),
            grade: standing.grade,
            mark: standing.mark.map(|mark| mark.to_string()),
            composite_milli: row.composite_milli,
            employment: interval.map(|one| [one.rate_ppm, one.low_ppm, one.high_ppm]),
            people,
        });
    }
    Ok(rows)
}

/// Grades that do not stand as a bulletin told them any more, by credit code: an appeal came later.
pub(super) async fn changed(
    db: &impl ConnectionTrait,
    federation: &str,
    body: &Body,
) -> Result<BTreeMap<String, Standing>, Problem> {
    let mut changed = BTreeMap::new();
    let all = publications::list(db, Some(federation), None).await?;
    let found = all
        .iter()
        .find(|one| one.run.to_string() == body.run && one.federation == federation);
    let Some(publication) = found else {
        return Ok(changed);
    };
    let called = store::grading::called(db, Whose::Federation(federation)).await?;
    let decided = Decided::of(db, publication).await?;
    for row in results(db, publication.run, Some(federation)).await? {
        let Some(one) = called
            .iter()
            .find(|one| one.admission_id == row.admission.uuid())
        else {
            continue;
        };
        let now = decided.standing(publication, &row, one);
        let told = body.rows.iter().find(|row| row.code == one.credit_code);
        let differs = told.is_some_and(|told| {
            told.grade != now.grade || told.mark != now.mark.map(|mark| mark.to_string())
        });
        if differs {
            changed.insert(one.credit_code.clone(), now);
        }
    }
    Ok(changed)
}

#[derive(Default)]
struct Sum {
    grades: [u32; 5],
    observed: u32,
    n: u32,
    /// Entries of its institutions, by admission.
    rows: Vec<(uuid::Uuid, Value)>,
}

/// Provinces by raw conversion with intervals and by the grades of their institutions; in order of code, not ranked.
async fn provinces(
    app: &App,
    db: &impl ConnectionTrait,
    run: &Run,
    freeze_on: NaiveDate,
) -> Result<Vec<BodyRow>, Problem> {
    let display = app.evidence.display;
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for row in results(db, run.id, None).await? {
        let entry: Value = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
        let sum = sums.entry(row.federation).or_default();
        let at = ["A", "B", "C", "D", "P"]
            .iter()
            .position(|grade| *grade == row.grade)
            .unwrap_or(4);
        sum.grades[at] += 1;
        sum.observed = sum.observed.saturating_add(figure(&entry, "observed"));
        sum.n = sum.n.saturating_add(figure(&entry, "n"));
        sum.rows.push((row.admission.uuid(), entry));
    }
    let before = told_before(db, &freeze_on.to_string()).await?;
    let mut cells = Vec::with_capacity(sums.len());
    for (code, sum) in &sums {
        let earlier = shown_before(db, run, code, freeze_on).await?;
        let kept = keeps_its_institutions(&sum.rows, &earlier, display)
            && before.iter().all(|told| follows(told, code, sum, display));
        // A cell that must not be shown counts as a small one, so that another is hidden with it.
        cells.push(if kept { sum.n } else { sum.n.min(1) });
    }
    let shown = display.protect(&cells);
    Ok(sums
        .into_iter()
        .zip(shown)
        .map(|((code, sum), shown)| {
            let interval = wilson(sum.observed, sum.n).filter(|_| shown);
            let counts = ["A", "B", "C", "D", "P"].iter().zip(sum.grades);
            let words: Vec<String> = counts.map(|(grade, n)| format!("{grade} {n}")).collect();
            BodyRow {
                rank: None,
                name: crate::institutions::profile::federation_name(app, &code),
                code,
                grade: words.join(" · "),
                composite_milli: None,
                employment: interval.map(|one| [one.rate_ppm, one.low_ppm, one.high_ppm]),
                people: Some(sum.n).filter(|_| shown),
                mark: None,
            }
        })
        .collect())
}

pub(super) fn figure(entry: &Value, name: &str) -> u32 {
    let value = entry["indicators"]["EMP"][name].as_u64().unwrap_or(0);
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// What everybody could see of a federation's institutions before those of its results that a comparison rests on.
async fn shown_before(
    db: &impl ConnectionTrait,
    run: &Run,
    federation: &str,
    freeze_on: NaiveDate,
) -> Result<BTreeMap<uuid::Uuid, Vec<Value>>, Problem> {
    let all = publications::of_period(db, federation, freeze_on, false).await?;
    // A run that corrects another province has the newest results of this one as they were told.
    let own = all.iter().find(|one| one.run == run.id);
    match own.or_else(|| all.first()) {
        Some(publication) => public::entries(&public::earlier(db, publication).await?),
        None => Ok(BTreeMap::new()),
    }
}

/// Whether the sum of a province tells nothing about institutions whose own counts are not shown, being small, a neighbour's or
/// too close to what was shown before: none of them, or several that together are no small number.
fn keeps_its_institutions(
    rows: &[(uuid::Uuid, Value)],
    before: &BTreeMap<uuid::Uuid, Vec<Value>>,
    display: Display,
) -> bool {
    let hidden = public::hidden(rows, before, display);
    let kept_back: Vec<u32> = rows
        .iter()
        .map(|(id, entry)| (id, figure(entry, "n")))
        .filter(|(id, n)| {
            let not_small = hidden
                .get(*id)
                .is_some_and(|names| names.iter().any(|name| name == "EMP"));
            *n > 0 && (*n < display.provisional_n() || not_small)
        })
        .map(|(_, n)| n)
        .collect();
    kept_back.is_empty()
        || (kept_back.len() > 1 && kept_back.iter().sum::<u32>() >= display.provisional_n())
}

/// Bodies of the national bulletins on the same freeze date that anybody could read.
async fn told_before(db: &impl ConnectionTrait, freeze_on: &str) -> Result<Vec<Body>, Problem> {
    let mut bodies = Vec::new();
    for row in publications::public_of_kind(db, BulletinKind::Provinces).await? {
        let body: Body = serde_json::from_str(&row.body).map_err(Problem::internal)?;
        if body.freeze_on == freeze_on {
            bodies.push(body);
        }
    }
    Ok(bodies)
}

/// Whether the counts of a province may follow what an earlier bulletin told of it.
fn follows(told: &Body, code: &str, sum: &Sum, display: Display) -> bool {
    let found = told.rows.iter().find(|row| row.code == code);
    let Some((n, [rate, ..])) = found.and_then(|row| row.people.zip(row.employment)) else {
        return true;
    };
    let observed = rdiv(i128::from(n) * i128::from(rate), 1_000_000);
    let observed = u32::try_from(observed).unwrap_or(u32::MAX);
    display.may_follow(n, sum.n) && display.may_follow(observed, sum.observed)
}

/// A rate as people read it.
pub(super) fn percent(ppm: u32) -> String {
    let tenths = rdiv(i128::from(ppm), 1_000);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BASE: Display = Display::new(5, 10).expect("the numbers of grading.md");

    fn rows(counts: &[u32]) -> Vec<(uuid::Uuid, Value)> {
        let entry = |n: &u32| json!({ "indicators": { "EMP": { "n": n, "observed": n / 2 } } });
        let ids = (1..).map(uuid::Uuid::from_u128);
        ids.zip(counts.iter().map(entry)).collect()
    }

    #[test]
    fn a_province_is_not_shown_when_its_sum_gives_an_institution_away() {
        let keeps = |counts: &[u32]| keeps_its_institutions(&rows(counts), &BTreeMap::new(), BASE);
        assert!(!keeps(&[7]), "its only institution");
        assert!(!keeps(&[40, 7]), "what 40 leaves over");
        assert!(keeps(&[40, 7, 8]));
        assert!(keeps(&[40, 30]));
        assert!(keeps(&[0, 30]));
    }

    #[test]
    fn a_count_that_a_correction_hides_does_not_come_back_in_the_sum_of_the_province() {
        let before: BTreeMap<_, _> = rows(&[40, 60, 30])
            .into_iter()
            .map(|(id, entry)| (id, vec![entry]))
            .collect();
        let keeps = |counts: &[u32]| keeps_its_institutions(&rows(counts), &before, BASE);
        assert!(!keeps(&[42, 60, 30]), "132 less 60 and 30");
        assert!(keeps(&[42, 62, 30]), "two that moved hide each other");
        assert!(keeps(&[40, 60, 30]) && keeps(&[50, 60, 30]));
    }

    #[test]
    fn a_province_that_moved_by_a_few_people_is_kept_back() {
        let interval = wilson(20, 50).expect("an interval");
        let told = Body {
            run: String::new(),
            policy: String::new(),
            evidence_sha256: String::new(),
            freeze_on: String::new(),
            rows: vec![BodyRow {
                rank: None,
                name: String::new(),
                code: "330000".to_owned(),
                grade: String::new(),
                composite_milli: None,
                employment: Some([interval.rate_ppm, interval.low_ppm, interval.high_ppm]),
                people: Some(50),
                mark: None,
            }],
        };
        let sum = |observed, n| Sum {
            observed,
            n,
            ..Sum::default()
        };
        assert!(follows(&told, "330000", &sum(20, 50), BASE));
        assert!(!follows(&told, "330000", &sum(22, 50), BASE));
        assert!(!follows(&told, "330000", &sum(20, 52), BASE));
        assert!(follows(&told, "330000", &sum(26, 60), BASE));
        assert!(follows(&told, "370000", &sum(22, 50), BASE));
    }
}
