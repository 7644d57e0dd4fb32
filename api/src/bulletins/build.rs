//! The body of a bulletin, made from a frozen run and from nothing else, so that its figures recompute.

use domain::bulletin::BulletinKind;
use domain::rdiv;
use domain::statistics::{protect, wilson};
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
    let rows = match kind {
        BulletinKind::Provinces => provinces(app, db, run).await?,
        BulletinKind::GradeResults | BulletinKind::Ranking => {
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
            institutions(db, kind, publication).await?
        }
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
) -> Result<Vec<BodyRow>, Problem> {
    let called = store::grading::called(db, Whose::Federation(&publication.federation)).await?;
    let decided = Decided::of(db, publication).await?;
    let mut rows = Vec::new();
    for (row, entry) in public::of_federation(db, publication).await? {
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
) -> Result<std::collections::BTreeMap<String, Standing>, Problem> {
    let mut changed = std::collections::BTreeMap::new();
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

/// Provinces by raw conversion with intervals and by the grades of their institutions; in order of code, not ranked.
async fn provinces(
    app: &App,
    db: &impl ConnectionTrait,
    run: &Run,
) -> Result<Vec<BodyRow>, Problem> {
    let mut sums: std::collections::BTreeMap<String, ([u32; 5], u32, u32)> =
        std::collections::BTreeMap::new();
    for row in results(db, run.id, None).await? {
        let entry: Value = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
        let emp = &entry["indicators"]["EMP"];
        let number =
            |name: &str| u32::try_from(emp[name].as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
        let sum = sums.entry(row.federation).or_default();
        let at = ["A", "B", "C", "D", "P"]
            .iter()
            .position(|grade| *grade == row.grade)
            .unwrap_or(4);
        sum.0[at] += 1;
        sum.1 = sum.1.saturating_add(number("observed"));
        sum.2 = sum.2.saturating_add(number("n"));
    }
    let people: Vec<u32> = sums.values().map(|sum| sum.2).collect();
    let shown = protect(&people);
    Ok(sums
        .into_iter()
        .zip(shown)
        .map(|((code, (grades, observed, n)), shown)| {
            let interval = wilson(observed, n).filter(|_| shown);
            BodyRow {
                rank: None,
                name: crate::institutions::profile::federation_name(app, &code),
                code,
                grade: format!(
                    "A {} · B {} · C {} · D {} · P {}",
                    grades[0], grades[1], grades[2], grades[3], grades[4]
                ),
                composite_milli: None,
                employment: interval.map(|one| [one.rate_ppm, one.low_ppm, one.high_ppm]),
                people: Some(n).filter(|_| shown),
                mark: None,
            }
        })
        .collect())
}

/// A rate as people read it.
pub(super) fn percent(ppm: u32) -> String {
    let tenths = rdiv(i128::from(ppm), 1_000);
    format!("{}.{}%", tenths / 10, tenths % 10)
}
